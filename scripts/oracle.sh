#!/bin/sh
# Builds the programs of test/oracle into the user's cache folder and prints their folder there.
set -eu
programs=oracle
cd "$(dirname "$0")/../test/oracle"
. ../../scripts/go.sh

# The sources of the modules go when the user clears Go's cache.
whole() { [ -d "$1/buildkit-source/" ] && [ -d "$1/imagebuilder-source/" ]; }

build() { # build FOLDER
  run_go build -buildvcs=false -o "$1/" ./buildkit ./imagebuilder
  run_go build -buildvcs=false -modfile=older.mod -o "$1/imagebuilder-older" ./imagebuilder
  for module in moby/buildkit openshift/imagebuilder; do
    ln -s "$(run_go list -m -f '{{.Dir}}' "github.com/$module")" "$1/$(basename "$module")-source"
  done
}

built ../../scripts/oracle.sh
