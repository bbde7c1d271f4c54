#!/usr/bin/env bash
# Builds a static release executable, as in the image; scripts/image-tree.sh puts it into the image's tree, measures the
# tree and starts it. Needs the musl target of rustup and a C compiler for it.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$(repo_root)"

target=$(uname -m)-unknown-linux-musl
rustup target list --installed | grep -qx "$target" || die "missing: the target $target; run  rustup target add $target"
command -v musl-gcc >/dev/null || die "missing: musl-gcc; run  sudo apt-get install musl-tools"
cargo build --release --locked --target "$target" -p porta
exec scripts/image-tree.sh "${CARGO_TARGET_DIR:-target}/$target/release/porta"
