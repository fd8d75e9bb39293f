#!/bin/sh
# Shows berth at work on component/example with a registry on this machine; --stay leaves it running.
# For Debian 12 and 13, as root (for the system packages).
set -eu
cd "$(dirname "$0")/.."
scripts/setup-debian.sh
exec node_modules/.bin/node scripts/example.ts "$@"
