#!/bin/sh
# helper-root.sh FOLDER RUNNER: makes the root file system of the runner's helper image of this machine's own programs.
set -eu
root=$1
mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/usr/lib64" "$root/etc/ssl/certs" "$root/tmp" "$root/root" "$root/usr/share/git-core/templates"
for name in bin lib lib64; do ln -s "usr/$name" "$root/$name"; done
chmod 1777 "$root/tmp"
for applet in $(busybox --list); do ln -s busybox "$root/usr/bin/$applet"; done

bring() { # bring FILE: with the libraries that it needs
  for file in "$1" $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
    mkdir -p "$root$(dirname "$file")"
    cp -L --remove-destination "$file" "$root$file"
  done
}
bring "$(command -v busybox)"
bring /usr/bin/bash
bring /usr/bin/git
bring /usr/lib/git-core/git-remote-http
ln -s git-remote-http "$root/usr/lib/git-core/git-remote-https"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
cp "$2" "$root/usr/bin/gitlab-runner-helper"
printf '#!/bin/sh\numask 0000\nexec /usr/bin/bash\n' >"$root/usr/bin/gitlab-runner-build"
chmod 755 "$root/usr/bin/gitlab-runner-build"
