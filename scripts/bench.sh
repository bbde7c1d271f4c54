#!/usr/bin/env bash
# Measures the release build and writes docs/performance.md.
#
#   scripts/bench.sh [admin] [embedded] [postgres]
#
# `admin` measures the Admin API instead, with 10,000 people in one organization and with a million. Without a store both
# are measured. The server runs on core 0; PostgreSQL, Redis and the load generator on core 1.
#
#   BENCH_SECONDS=5     measured seconds per scenario and concurrency
#   BENCH_SCENARIOS=…   only these scenarios, for example "refresh flood timing"; then no report is written
#   BENCH_REPORT=…      write into this document instead, which must have the two markers
#   BENCH_USERS=1000000 people of the larger measurement of the Admin API
#   BENCH_SERVER_LOG=…  write the server's log there (discarded by default, so that no disk is measured)
#   PORTA_BIN=…         measure this executable instead of the one built here
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
ROOT=$(repo_root)
cd "$ROOT"

SERVER_CORE=0
LOAD_CORE=1
what='run'
if [ "${1:-}" = admin ]; then
  what='admin'
  shift
fi
stores=()
for store in "${@:-embedded}"; do
  case "$store" in
    embedded|postgres) stores+=(--store "$store") ;;
    *) die "unknown store: $store (embedded or postgres)" ;;
  esac
done
[ $# -gt 0 ] || stores+=(--store postgres)

command -v taskset >/dev/null 2>&1 || die "missing: taskset (util-linux)"
[ "$(nproc --all)" -ge 2 ] || die "two cores are needed: one for the server, one for everything else"

# One build for both: separate builds would rebuild the shared crates with different features.
cargo build --release --locked -p porta-bench -p porta
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/bench"
if [ "$what" = admin ]; then
  arguments=(
    admin "${stores[@]}"
    --porta "${PORTA_BIN:-$target/release/porta}"
    --server-core "$SERVER_CORE"
    --seconds "${BENCH_SECONDS:-5}"
    --many "${BENCH_USERS:-1000000}"
    --revision "$(git describe --always --dirty 2>/dev/null || echo unknown)"
    --command "BENCH_SECONDS=${BENCH_SECONDS:-5} make bench-admin"
    --json "$target/bench/admin.json"
    --report "${BENCH_REPORT:-docs/performance.md}"
  )
  exec taskset -c "$LOAD_CORE" scripts/with-services.sh "$target/release/porta-bench" "${arguments[@]}"
fi
arguments=(
  run "${stores[@]}"
  --porta "${PORTA_BIN:-$target/release/porta}"
  --server-core "$SERVER_CORE"
  --seconds "${BENCH_SECONDS:-5}"
  --revision "$(git describe --always --dirty 2>/dev/null || echo unknown)"
  --command "BENCH_SECONDS=${BENCH_SECONDS:-5} make bench"
  --json "$target/bench/results.json"
)
report=${BENCH_REPORT:-docs/performance.md}
[ -z "${BENCH_SCENARIOS:-}" ] || report=${BENCH_REPORT:-}
[ -z "$report" ] || arguments+=(--report "$report")
for scenario in ${BENCH_SCENARIOS:-}; do arguments+=(--scenario "$scenario"); done
[ -z "${BENCH_SERVER_LOG:-}" ] || arguments+=(--server-log "$BENCH_SERVER_LOG")

# Everything started below inherits this core; the load generator moves only the server to the other one.
exec taskset -c "$LOAD_CORE" scripts/with-services.sh "$target/release/porta-bench" "${arguments[@]}"
