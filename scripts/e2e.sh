#!/usr/bin/env bash
# The end-to-end suite against the built binary.
#
#   scripts/e2e.sh [embedded] [postgres] [-- FILE…]
#
# Without a store, both are tested. PORTA_BIN names a binary to test instead of building one. Files are relative to
# e2e/.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
ROOT=$(repo_root)

stores=()
while [ $# -gt 0 ]; do
  case "$1" in
    embedded|postgres) stores+=("$1"); shift ;;
    --) shift; break ;;
    *) die "unknown store: $1 (embedded or postgres)" ;;
  esac
done
[ ${#stores[@]} -gt 0 ] || stores=(embedded postgres)

if [ -z "${PORTA_BIN:-}" ]; then
  # The example is built along, so that cargo picks the same features as for `cargo test` and compiles nothing twice.
  (cd "$ROOT" && cargo build --locked --workspace --bin porta --example gallery)
  target=${CARGO_TARGET_DIR:-target}
  case "$target" in /*) ;; *) target=$ROOT/$target ;; esac
  export PORTA_BIN=$target/debug/porta
fi
[ -x "$PORTA_BIN" ] || die "no binary at $PORTA_BIN"

run() { (cd "$ROOT/e2e" && STORE=$1 node run.mjs "${@:2}"); }

for store in "${stores[@]}"; do
  if [ "$store" = postgres ] && [ -z "${TEST_DATABASE_URL:-}" ]; then
    "$ROOT/scripts/with-services.sh" "${BASH_SOURCE[0]}" postgres -- "$@"
  else
    say "== end to end, $store store"
    run "$store" "$@"
  fi
done
