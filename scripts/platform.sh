#!/bin/sh
# Builds GitLab Runner (test/platform/runner) into the user's cache folder and prints its folder there.
set -eu
programs=platform
cd "$(dirname "$0")/../test/platform/runner"
. ../../../scripts/go.sh

whole() { [ -x "$1/gitlab-runner" ]; }

build() { # build FOLDER
  version=gitlab.com/gitlab-org/gitlab-runner/common.VERSION=19.4.0
  CGO_ENABLED=0 run_go build -buildvcs=false -ldflags "-w -s -X $version" -o "$1/gitlab-runner" .
}

built ../../../scripts/platform.sh
