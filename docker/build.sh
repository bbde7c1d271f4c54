#!/bin/sh
# The two compiling steps of docker/Dockerfile, run in the directory of the sources.
#
#   docker/build.sh dependencies   every crate from elsewhere, with empty crates of ours: a layer that lasts
#   docker/build.sh program DEST   the executable
#
# CARGO_BUILD is the command that builds (cargo auditable build); the target is the compiler's own, which on Alpine is
# musl and links statically.
set -eu
CARGO_BUILD=${CARGO_BUILD:-cargo auditable build}

# The same paths in the executable wherever it is built.
export RUSTFLAGS="--remap-path-prefix=$PWD=/porta --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"

case "${1:-}" in
  dependencies)
    for manifest in bench/Cargo.toml crates/*/Cargo.toml; do
      sources=${manifest%/Cargo.toml}/src
      mkdir -p "$sources"
      : >"$sources/lib.rs"
      echo 'fn main() {}' >"$sources/main.rs"
    done
    # shellcheck disable=SC2086 # a command and its words
    $CARGO_BUILD --release --locked -p porta
    rm -rf bench/src crates/*/src
    ;;
  program)
    # Sources may be older than the empty crates compiled before them, and cargo goes by time.
    find bench crates -name '*.rs' -exec touch {} +
    # shellcheck disable=SC2086
    $CARGO_BUILD --release --locked -p porta
    cp "${CARGO_TARGET_DIR:-target}/${CARGO_BUILD_TARGET:-}${CARGO_BUILD_TARGET:+/}release/porta" "$2"
    ;;
  *)
    echo "usage: docker/build.sh dependencies | program DEST" >&2
    exit 2
    ;;
esac
