#!/usr/bin/env bash
# Starts the image's file tree without a container engine: scripts/image-tree.sh [BINARY]
#
# docker/assemble.sh lays out the tree, as in docker/Dockerfile. Debian's static busybox, tini and certificate bundle
# replace Alpine's; for a BINARY that is not static, its C library is copied. bubblewrap starts docker/entrypoint.sh in
# the tree as UID 1000 with a read-only root, no capabilities and the environment of docker/make-env.sh, with PostgreSQL
# and Redis; then the HEALTHCHECK command of the Dockerfile is run.
#
# Starts itself under scripts/with-services.sh if needed. A static BINARY must fit the size limit of the image; the size
# of the other files is limited for every BINARY.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
ROOT=$(repo_root)
[ -n "${TEST_DATABASE_URL:-}" ] || exec "$ROOT/scripts/with-services.sh" "${BASH_SOURCE[0]}" "$@"

# 40 MB for the whole image. Alpine states 5 MB for its base, which is the compressed size. The unpacked size is not
# measured here; 10 MB are reserved for the base with tini.
LIMIT=$((40 * 1000 * 1000))
BASE=$((10 * 1000 * 1000))
# For the files besides the program: start script, licence and any added later. Checked for every BINARY.
BESIDE=$((100 * 1000))
UID_IMAGE=1000

binary=${1:-${PORTA_BIN:-${CARGO_TARGET_DIR:-$ROOT/target}/debug/porta}}
[ -x "$binary" ] || die "no program at $binary: cargo build -p porta, or make image"
for tool in bwrap tini strip readelf ldd; do command -v "$tool" >/dev/null || die "missing: $tool; run scripts/setup.sh"; done
busybox=$(command -v busybox) || die "missing: busybox-static; run scripts/setup.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/porta-image.XXXXXX")
server=
cleanup() {
  if [ -n "$server" ]; then kill -TERM "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf -- "$work"
}
trap cleanup EXIT
chmod 755 "$work"

# --- the tree ---------------------------------------------------------------------------------------------------
strip -o "$work/porta" "$binary"
"$ROOT/docker/assemble.sh" "$work/tree" "$work/porta"
size=$(find "$work/tree" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
say "tree: $size bytes ($(awk "BEGIN { printf \"%.1f\", $size / 1e6 }") MB); $((BASE / 1000000)) MB are set aside for the base"
[ $((size - $(stat -c %s "$work/porta"))) -le "$BESIDE" ] || die "more than $BESIDE bytes lie beside the program"
grep -qF -- "-le $LIMIT ]" "$ROOT/.github/workflows/build-and-test.yml" || die "the workflow has another limit than $LIMIT bytes"
"$ROOT/docker/assemble.sh" "$work/again" "$work/porta"
listing() { (cd "$1" && find . -printf '%p %m %U %T@ %s\n' | sort && find . -type f -exec sha256sum {} + | sort); }
[ "$(listing "$work/tree")" = "$(listing "$work/again")" ] || die "two trees of one program differ"
is_dynamic() { readelf -l "$1" | grep -q INTERP; }
if is_dynamic "$work/porta"; then
  say "this program is not static: its size says nothing of the image's, and its libraries come along"
else
  [ $((size + BASE)) -le "$LIMIT" ] || die "tree and base are over the limit of $LIMIT bytes"
fi

# --- the root file system ---------------------------------------------------------------------------------------
cp -a "$work/tree" "$work/root"
mkdir -p "$work/root"/{bin,sbin,etc/ssl/certs,proc,dev,tmp}
cp "$busybox" "$work/root/bin/busybox"
for applet in sh wget id touch ls; do ln -s busybox "$work/root/bin/$applet"; done
cp "$(command -v tini)" "$work/root/sbin/tini"
cp /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/"
sed -n "s/.*echo '\(porta:x:1000:.*\)' >> .etc.passwd.*/\1/p" "$ROOT/docker/Dockerfile" >"$work/root/etc/passwd"
[ -s "$work/root/etc/passwd" ] || die "docker/Dockerfile makes no account"
for program in "$work/root/usr/local/bin/porta" "$work/root/sbin/tini"; do
  is_dynamic "$program" || continue
  ldd "$program" | grep -oE '/[^ ]+' | while read -r library; do
    mkdir -p "$work/root$(dirname "$library")"
    cp -L "$library" "$work/root$library"
  done
done
mkdir "$work/data"
if [ "$(id -u)" -eq 0 ]; then chown "$UID_IMAGE:$UID_IMAGE" "$work/data"; fi

# --- the environment: the Dockerfile's, the generated one, and what compose sets ---------------------------------
"$ROOT/docker/make-env.sh" "$work/env" >/dev/null
[ "$(stat -c %a "$work/env")" = 600 ] || die "the generated environment is readable by others"
database=porta_image_$(random_hex 4)
psql "$TEST_DATABASE_URL" -qc "CREATE DATABASE $database"
port=$(free_port)
add() { environment+=(--setenv "${1%%=*}" "${1#*=}"); }
# environment_of FILE: sets `environment` to what the server gets when FILE is its env file.
environment_of() {
  environment=(--clearenv --setenv PATH /usr/local/bin:/usr/bin:/bin:/sbin)
  while read -r pair; do add "$pair"; done < <(sed -n '/^ENV /,/[^\\]$/p' "$ROOT/docker/Dockerfile" | sed -E 's/^ENV //; s/ *\\$//; s/^ +//')
  while read -r line; do case "$line" in ''|'#'*|*=) ;; *) add "$line" ;; esac; done <"$1"
  add "DATABASE_URL=${TEST_DATABASE_URL%/*}/$database"
  add "REDIS_URL=$TEST_REDIS_URL/11"
  add "HOST=127.0.0.1"
  add "PORT=$port"
}
environment_of "$work/env"

as_user=()
[ "$(id -u)" -ne 0 ] || as_user=(setpriv --reuid "$UID_IMAGE" --regid "$UID_IMAGE" --clear-groups)
# inside [--setenv NAME VALUE…] -- CMD…
inside() {
  "${as_user[@]}" bwrap --unshare-user --unshare-pid --unshare-ipc --unshare-uts --uid "$UID_IMAGE" --gid "$UID_IMAGE" \
    --ro-bind "$work/root" / --proc /proc --dev /dev --tmpfs /tmp --bind "$work/data" /var/lib/porta --chdir /app \
    --cap-drop ALL --new-session --die-with-parent --as-pid-1 "${environment[@]}" "$@"
}
refuses() {
  local what=$1 text=$2
  shift 2
  local status=0
  inside "$@" >"$work/refused" 2>&1 || status=$?
  [ "$status" -eq 1 ] || { cat "$work/refused" >&2; die "ended $status instead of 1: $what"; }
  grep -qi -- "$text" "$work/refused" || { cat "$work/refused" >&2; die "refused, but not for its reason: $what"; }
}

# The command of HEALTHCHECK, and the one of ENTRYPOINT with CMD, from the Dockerfile.
probe=$(sed -n '/^HEALTHCHECK/,/CMD/s/.* CMD //p' "$ROOT/docker/Dockerfile")
[ -n "$probe" ] || die "docker/Dockerfile has no HEALTHCHECK"
command=$(sed -nE 's/^(ENTRYPOINT|CMD) \[(.*)\]/\2/p' "$ROOT/docker/Dockerfile" | tr -d '",' | tr '\n' ' ')
read -ra command <<<"$command"
healthy() { inside "$@" -- /bin/sh -c "$probe" >/dev/null 2>&1; }

# --- refusals ---------------------------------------------------------------------------------------------------
refuses "writing into the image" "read-only" -- /bin/sh -c 'touch /app/file'
refuses "writing beside the program" "read-only" -- /bin/sh -c 'touch /usr/local/bin/file'
refuses "the admin console" "not in this build" --setenv PORTA_SERVICE admin -- "${command[@]}"
refuses "an unknown service" "PORTA_SERVICE" --setenv PORTA_SERVICE everything -- "${command[@]}"
refuses "keys that are the same" "SIGNING_KEY_ENCRYPTION_KEY" \
  --setenv TWO_FACTOR_ENCRYPTION_KEY "$(sed -n 's/^SIGNING_KEY_ENCRYPTION_KEY=//p' "$work/env")" -- "${command[@]}"
refuses "no Redis" "Redis" --setenv REDIS_URL redis://127.0.0.1:1/0 --setenv PORTA_WAIT_TIMEOUT 2 -- "${command[@]}"
refuses "no database" "PostgreSQL" --setenv DATABASE_URL "postgres://porta:x@127.0.0.1:1/porta" --setenv PORTA_WAIT_TIMEOUT 2 -- "${command[@]}"
environment_of "$ROOT/docker/.env.example"
refuses "the example without secrets" "COOKIE_KEYS" -- "${command[@]}"
environment_of "$work/env"
if healthy; then die "the probe passes although nothing runs"; fi
[ "$(inside -- /bin/sh -c 'id -u')" = "$UID_IMAGE" ] || die "not UID $UID_IMAGE"

# --- start and stop ---------------------------------------------------------------------------------------------
start() {
  began=$(date +%s%N)
  inside -- "${command[@]}" >"$work/log" 2>&1 &
  server=$!
  until healthy; do
    kill -0 "$server" 2>/dev/null || { tail -n 20 "$work/log" >&2; die "the entrypoint ended"; }
    [ $(($(date +%s%N) - began)) -lt 60000000000 ] || { tail -n 20 "$work/log" >&2; die "not healthy within 60 s"; }
    sleep 0.1
  done
  say "$1: healthy after $((($(date +%s%N) - began) / 1000000)) ms, migrations included"
}

# bwrap does not forward signals, so SIGTERM goes to tini, PID 1 inside.
stop() {
  local pid=$server status=0
  while [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != tini ]; do pid=$(ps -o pid= --ppid "$pid" | head -n 1 | tr -d ' '); done
  [ -n "$pid" ] || die "PID 1 is not tini"
  began=$(date +%s%N)
  kill -TERM "$pid"
  wait "$server" || status=$?
  server=
  [ "$status" -eq 0 ] || { tail -n 20 "$work/log" >&2; die "ended $status after SIGTERM"; }
  say "stopped with 0 after $((($(date +%s%N) - began) / 1000000)) ms"
}

start "production, by docker/make-env.sh"
ready=$(inside -- /bin/sh -c "wget -q -O - http://127.0.0.1:$port/ready")
for part in '"status":"ready"' '"db":{"ok":true}' '"redis":{"ok":true}'; do
  [[ $ready == *"$part"* ]] || die "/ready says $ready"
done
healthy --setenv PORTA_SERVICE admin --setenv PORTA_ADMIN_PORT "$port" || die "the probe of the admin console ignores its port"
if healthy --setenv PORTA_SERVICE admin; then die "the probe of the admin console looks at the server's port"; fi
if healthy --setenv PORT 1; then die "the probe ignores PORT"; fi
inside -- /usr/local/bin/porta migrate status >/dev/null || die "the program on PATH does not work"
written=$(find "$work/data" -type f -printf '%P ')
say "written to the data directory: ${written:-nothing}"

stop

environment_of "$ROOT/docker/.env.development.example"
start "development, as shipped"
stop
