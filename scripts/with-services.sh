#!/usr/bin/env bash
# Runs a command with a temporary PostgreSQL and Redis, and stops exactly those two when the command ends.
#
#   scripts/with-services.sh CMD [ARG…]
#
# The command gets TEST_DATABASE_URL (a role that may CREATE DATABASE), TEST_REDIS_URL (at least 16 databases),
# TEST_REDIS_TLS_URL, TEST_CA_FILE (the authority of both services' certificate, which is for localhost), and
# TEST_PG_STOP, TEST_PG_START, TEST_REDIS_STOP, TEST_REDIS_START: programs without arguments that stop a service and
# start it again on the same port.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
[ $# -gt 0 ] || die "usage: scripts/with-services.sh CMD [ARG…]"

ROOT=$(repo_root)
mkdir -p "$ROOT/.test"

# Cleans up after earlier runs that were killed: their directories, and their services if they still run.
for left in "$ROOT"/.test/run.*/; do
  [ -f "$left/owner" ] || continue
  is_our_process "$(cat "$left/owner")" with-services.sh || "$ROOT/scripts/services.sh" stop "$left"
done

RUN=$(mktemp -d "$ROOT/.test/run.XXXXXX")
echo $$ >"$RUN/owner"
CHILD=

# shellcheck disable=SC2329 # the traps call it
cleanup() {
  trap - EXIT INT TERM HUP
  if [ -n "$CHILD" ] && kill -0 "$CHILD" 2>/dev/null; then
    kill -TERM -- "-$CHILD" 2>/dev/null || true
    wait "$CHILD" 2>/dev/null || true
  fi
  "$ROOT/scripts/services.sh" stop "$RUN"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

"$ROOT/scripts/services.sh" start "$RUN"
set -a
# shellcheck source=/dev/null
. "$RUN/env"
set +a

# CMD runs in the background, so that the trap handles a signal at once, and in its own process group, so that the trap
# can signal all of its children.
set -m
"$@" &
CHILD=$!
set +m
status=0
wait "$CHILD" || status=$?
exit "$status"
