#!/usr/bin/env bash
# Builds the documentation site into docs/.vitepress/dist. Of what the tests need, it needs only Node.js.
#
# DOCS_BASE is the URL path of the site (default /).
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$(repo_root)"
command -v npm >/dev/null 2>&1 || die "missing: npm; run  sudo apt-get install nodejs npm"

stamp=docs/node_modules/.installed-from
lock=$(sha256sum docs/package-lock.json | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$lock" ]; then
  say "installing the packages of docs/"
  (cd docs && npm ci --no-fund --no-audit --loglevel=error)
  printf '%s\n' "$lock" >"$stamp"
fi

node scripts/traceability.mjs
cd docs && npm run --silent build
