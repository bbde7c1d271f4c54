#!/usr/bin/env bash
# The abuse drill against the release build: each attack runs for a minute on each store while honest people sign in.
#
#   scripts/abuse.sh [embedded] [postgres]
#
#   ABUSE_SECONDS=60    duration of each attack
#   ABUSE_ATTACKS=…     only these attacks, for example "links guesses"
#   PORTA_BIN=…         use this executable instead of building one
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$(repo_root)"

[ $# -gt 0 ] || set -- embedded postgres
if [ -z "${PORTA_BIN:-}" ]; then
  # Built together with the benchmark, as bench.sh does: separate builds would rebuild the shared crates each time.
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
