#!/bin/sh
# Builds Distribution's registry (test/platform/registry) into the user's cache folder and prints its folder there.
set -eu
programs=registry
cd "$(dirname "$0")/../test/platform/registry"
. ../../../scripts/go.sh

whole() { [ -x "$1/registry" ]; }

build() { # build FOLDER
  CGO_ENABLED=0 run_go build -buildvcs=false -ldflags "-w -s" -o "$1/registry" .
}

built ../../../scripts/registry.sh
