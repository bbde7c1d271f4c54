#!/usr/bin/env bash
# Runs the long drills one after the other: scripts/drills.sh [NAME…]. A failure does not stop the others; the exit
# status is 0 only if all passed. They take about six hours on two cores.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$(repo_root)"

ALL=(faults habits fuzz copy planted abuse chaos upgrade soak bench)
# Runs every journey and the account pages with every habit of e2e/lib/habits.mjs, and the tests that send forms many
# times at once to two instances.
habits() {
  local habit failed=
  while read -r habit; do
    E2E_HABITS="[$habit]" scripts/e2e.sh embedded postgres -- journeys.test.mjs account.test.mjs </dev/null || failed=1
  done < <(node e2e/lib/habits.mjs)
  PORTA_REPEATED_ROUNDS=500 scripts/with-services.sh cargo test --locked --workspace --test it repeated_forms || failed=1
  [ -z "$failed" ]
}

drill() {
  case "$1" in
    faults) PORTA_DRILLS=1 scripts/e2e.sh embedded postgres ;;
    habits) habits ;;
    fuzz) PORTA_FUZZ_REQUESTS=100000 scripts/with-services.sh cargo test --locked --workspace --test it fuzz ;;
    copy) PORTA_COPY_USERS=100000 scripts/with-services.sh cargo test --locked --workspace --test it many_people_go -- --nocapture ;;
    planted) scripts/mutants.mjs ;;
    abuse|chaos|upgrade|soak|bench) make "$1" ;;
    *) die "unknown drill: $1 (${ALL[*]})" ;;
  esac
}

[ $# -gt 0 ] || set -- "${ALL[@]}"
scripts/setup.sh
# Some drills check durability, so PostgreSQL syncs to disk as in production.
export PORTA_TEST_FSYNC=on
failed=
for name in "$@"; do
  say "== $name"
  if drill "$name"; then say "== $name passed"; else failed="$failed $name"; say "== $name FAILED"; fi
done
[ -z "$failed" ] || die "failed:$failed"
