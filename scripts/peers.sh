#!/bin/sh
# Builds crane and regctl (bench/peers), which the benchmark runs beside berth, into the user's cache folder and prints
# their folder there.
set -eu
programs=peers
cd "$(dirname "$0")/../bench/peers"
. ../../scripts/go.sh

whole() { [ -x "$1/crane" ] && [ -x "$1/regctl" ]; }

build() { # build FOLDER
  for tool in github.com/google/go-containerregistry/cmd/crane github.com/regclient/regclient/cmd/regctl; do
    CGO_ENABLED=0 run_go build -buildvcs=false -ldflags "-w -s" -o "$1/" "$tool"
  done
}

built ../../scripts/peers.sh
