#!/bin/sh
# The two compile steps of docker/Dockerfile, run in the source directory.
#
#   docker/build.sh dependencies   compiles the dependencies, with empty crates in place of ours, for a cacheable layer
#   docker/build.sh program DEST   compiles the executable
#
# CARGO_BUILD is the build command (cargo auditable build). The target is the compiler's default, which on Alpine is
# musl and links statically.
set -eu
CARGO_BUILD=${CARGO_BUILD:-cargo auditable build}

# Makes the paths in the executable independent of the build directory.
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
    # Cargo compares file times, and the sources may be older than the empty crates of the first step.
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
