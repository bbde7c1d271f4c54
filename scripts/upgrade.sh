#!/usr/bin/env bash
# Upgrade drill: builds an earlier version from the history of this repository, and runs it and the current version
# under load on the same PostgreSQL and Redis while the schema is migrated.
#
#   scripts/upgrade.sh [REVISION]
#
# REVISION defaults to the first version that had a schema. PORTA_OLD_BIN names an executable instead of building one.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
ROOT=$(repo_root)
REVISION=${1:-b57acc8e}

if [ -z "${PORTA_OLD_BIN:-}" ]; then
  git -C "$ROOT" cat-file -e "$REVISION^{commit}" 2>/dev/null ||
    die "revision $REVISION is not in this clone: fetch the whole history (git fetch --unshallow)"
  tree=$ROOT/.test/upgrade-from-$REVISION
  [ -d "$tree" ] || git -C "$ROOT" worktree add --quiet --detach "$tree" "$REVISION"
  (cd "$tree" && CARGO_TARGET_DIR=$ROOT/.test/upgrade-target cargo build --locked -p porta)
  export PORTA_OLD_BIN=$ROOT/.test/upgrade-target/debug/porta
fi
[ -x "$PORTA_OLD_BIN" ] || die "no executable at $PORTA_OLD_BIN"
exec "$ROOT/scripts/e2e.sh" postgres -- drills/upgrade.test.mjs
