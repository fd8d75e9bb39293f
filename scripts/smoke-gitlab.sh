#!/bin/sh
# Tries berth's component on a real GitLab: two projects and a fork in a group, pipelines, a table of pass and fail.
# Needs Node 24, git and the packages of package-lock.json (npm ci); node scripts/smoke-gitlab.ts --help tells the rest.
set -eu
cd "$(dirname "$0")/.."
exec node scripts/smoke-gitlab.ts "$@"
