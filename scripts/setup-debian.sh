#!/bin/sh
# Installs what the tests and the demo need from Debian's packages (12 and 13), only what is missing,
# and the project's npm packages. Safe to run again; quick when everything is there.
set -eu

cd "$(dirname "$0")/.."
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH

missing=''
want() { # want PACKAGE: remembers it unless it is on the list already
  case " $missing " in
  *" $1 "*) ;;
  *) missing="$missing $1" ;;
  esac
}
program() { # program NAME PACKAGE
  command -v "$1" >/dev/null 2>&1 || want "$2"
}
package() { # package NAME: for what a program's presence does not show
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' || want "$1"
}
offered() { apt-cache show "$1" >/dev/null 2>&1; }

package ca-certificates
package busybox-static # a busybox without libraries, to make images from
program docker-registry docker-registry
program htpasswd apache2-utils
program chromium chromium # the report's page is tested in it
program git git
program openssl openssl
program mmdebstrap mmdebstrap
program mount mount
program nginx nginx
program qemu-aarch64-static qemu-user-static # images for another platform are built by emulation
program skopeo skopeo
program buildah buildah
[ -x /usr/lib/podman/netavark ] || [ -x /usr/libexec/podman/netavark ] || want netavark
program dockerd docker.io
program npm npm
command -v go >/dev/null 2>&1 || program pip3 python3-pip # scripts/go.sh has Go from it

# Debian 12 has the client in docker.io; from 13 on it and BuildKit's client are packages of their own.
[ -x /usr/bin/docker ] || want docker.io
needs_client() { offered docker-cli && { [ ! -x /usr/bin/docker ] || ! /usr/bin/docker buildx version; }; }

run_apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }

# Keeps the packages' services from starting: the tests start their own.
no_services() {
  guard=/usr/sbin/policy-rc.d
  [ ! -e "$guard" ] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$guard"
  chmod 755 "$guard"
  trap 'rm -f "$guard"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

install() {
  if [ "$(id -u)" != 0 ]; then
    echo "setup: missing:$missing" >&2
    echo "setup: run as root: apt-get update && apt-get install --no-install-recommends$missing" >&2
    exit 64
  fi
  no_services
  # shellcheck disable=SC2086 # package names, one word each
  run_apt install --no-install-recommends $missing 2>/dev/null || {
    run_apt update
    run_apt install --no-install-recommends $missing
  }
  missing=''
}

[ -z "$missing" ] || install
if needs_client >/dev/null 2>&1; then
  want docker-cli
  want docker-buildx
  install
fi

# npm notes in this file what it has installed.
if [ node_modules/.package-lock.json -ot package-lock.json ] || [ ! -e node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund
fi
