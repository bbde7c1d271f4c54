#!/bin/sh
# Lays out the files that the image adds to its base: docker/assemble.sh DEST BINARY
#
# Used by the Dockerfile and by the test that starts the tree without a container engine (scripts/image-tree.sh), so
# there is only one list of files. If run as root, the data directory belongs to the account of the image.
set -eu
[ $# -eq 2 ] || { echo "usage: docker/assemble.sh DEST BINARY" >&2; exit 2; }
dest=$1
binary=$2
here=$(cd -- "$(dirname -- "$0")" && pwd)
[ -f "$binary" ] && [ -x "$binary" ] || { echo "not a program: $binary" >&2; exit 1; }
[ ! -e "$dest" ] || { echo "exists already: $dest" >&2; exit 1; }
license=$here/LICENSE
[ -f "$license" ] || license=$here/../LICENSE

umask 022
mkdir -p "$dest/app/templates" "$dest/usr/local/bin" "$dest/var/lib/porta"
install -m 755 "$binary" "$dest/usr/local/bin/porta"
install -m 755 "$here/entrypoint.sh" "$dest/app/entrypoint.sh"
install -m 644 "$license" "$dest/app/LICENSE"
# Custom templates are mounted over /app/templates or a directory in it; Porta's own are in the program.
chmod 700 "$dest/var/lib/porta"
if [ "$(id -u)" -eq 0 ]; then chown 1000:1000 "$dest/var/lib/porta"; fi

# Two builds of one commit give identical trees, including file times.
find "$dest" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
