#!/usr/bin/env bash
# The abuse drill against the release build: a minute of each attack on each store while honest people sign in.
#
#   scripts/abuse.sh [embedded] [postgres]
#
#   ABUSE_SECONDS=60    for each attack
#   ABUSE_ATTACKS=…     some attacks only, for example "links guesses"
#   PORTA_BIN=…         that executable instead of the one built here
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$(repo_root)"

[ $# -gt 0 ] || set -- embedded postgres
if [ -z "${PORTA_BIN:-}" ]; then
  # With the benchmark, as it is built with Porta: built one after the other, each would rebuild what they share.
  cargo build --release --locked -p porta-bench -p porta
  target=${CARGO_TARGET_DIR:-target}
  case "$target" in /*) ;; *) target=$PWD/$target ;; esac
  export PORTA_BIN=$target/release/porta
fi

export ABUSE_SECONDS=${ABUSE_SECONDS:-60}
status=0
for store in "$@"; do
  rm -f "e2e/test-results/$store/abuse.txt"
  scripts/e2e.sh "$store" -- abuse/abuse.test.mjs || status=1
  cat "e2e/test-results/$store/abuse.txt" || true
done
exit "$status"
