#!/bin/sh
# Installs what is missing and runs all checks and tests.
set -eu
cd "$(dirname "$0")/.."
scripts/setup-debian.sh
scripts/oracle.sh >/dev/null
scripts/platform.sh >/dev/null
scripts/registry.sh >/dev/null
exec npm run --silent check
