#!/usr/bin/env bash
# Temporary PostgreSQL and Redis for one test run: on loopback only, stopped by process id.
#
#   scripts/services.sh check [--install]   checks for PostgreSQL, Redis, Chromium, Node etc. (--install: apt-get)
#   scripts/services.sh start DIR           starts both; DIR/env then has the variables for the tests
#   scripts/services.sh stop DIR            stops what `start DIR` started and removes DIR
#   scripts/services.sh pg-start|pg-stop|redis-start|redis-stop DIR
#                                           one of them, for tests that stop and restart a service
#
# `scripts/services.sh --install` is short for `check --install`. Most callers want scripts/with-services.sh.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

PG_MIN=15
NODE_MIN=20
SELF="$(repo_root)/scripts/services.sh"

missing_packages() {
  local bin
  if ! bin=$(postgres_bin) || [ "$(major "$("$bin/initdb" --version)")" -lt "$PG_MIN" ]; then echo postgresql; fi
  command -v redis-server >/dev/null 2>&1 || echo redis-server
  # The headless shell takes half the processor time of the full browser.
  command -v "${CHROMIUM:-chromium-headless-shell}" >/dev/null 2>&1 || echo chromium-headless-shell
  if ! command -v node >/dev/null 2>&1 || [ "$(major "$(node --version)")" -lt "$NODE_MIN" ]; then echo nodejs; fi
  command -v npm >/dev/null 2>&1 || echo npm
  command -v openssl >/dev/null 2>&1 || echo openssl
  # A connection pooler between Porta and PostgreSQL, as many deployments have.
  PATH=$PATH:/usr/sbin command -v pgbouncer >/dev/null 2>&1 || echo pgbouncer
  # For fault tests: a proxy in front of several instances, access to SQLite from outside, mount namespaces, and a clock
  # that jumps.
  PATH=$PATH:/usr/sbin command -v nginx >/dev/null 2>&1 || echo nginx-light
  command -v sqlite3 >/dev/null 2>&1 || echo sqlite3
  command -v unshare >/dev/null 2>&1 || echo util-linux
  compgen -G '/usr/lib/*-linux-gnu/faketime/libfaketimeMT.so.1' >/dev/null || echo libfaketime
}

check() {
  local missing
  missing=$(missing_packages | tr '\n' ' ')
  missing=${missing% }
  [ -z "$missing" ] && return 0
  if [ "${1:-}" = --install ]; then
    can_install || die "missing: $missing; run as root (or with sudo): apt-get install $missing"
    # shellcheck disable=SC2086
    apt_install $missing
    missing=$(missing_packages | tr '\n' ' ')
    missing=${missing% }
    [ -z "$missing" ] && return 0
    die "still missing or too old after installing: $missing (need PostgreSQL >= $PG_MIN, Node >= $NODE_MIN)"
  fi
  say "missing or too old: $missing (need PostgreSQL >= $PG_MIN, Redis, Chromium, Node >= $NODE_MIN)"
  die "install them:  sudo apt-get install $missing   or run:  scripts/services.sh --install"
}

# --- TLS: a private certificate authority, and one certificate for both services -------------------------------------

certificates() (
  local key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  mkdir -p "$1/tls"
  cd "$1/tls"
  printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >names
  # shellcheck disable=SC2086
  openssl req -x509 $key -days 7 -subj /CN=porta-test-services -keyout ca.key -out ca.pem
  # shellcheck disable=SC2086
  openssl req $key -subj /CN=localhost -keyout server.key -out server.csr
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 7 -extfile names -out server.pem
)

# --- PostgreSQL -------------------------------------------------------------------------------------------------

# PostgreSQL refuses to run as root; if we are root, an unprivileged user owns and runs the cluster.
pg_user() {
  if [ "$(id -u)" -ne 0 ]; then id -un; elif id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}
as_pg() { if [ "$(id -u)" -eq 0 ]; then runuser -u "$(pg_user)" -- "$@"; else "$@"; fi }

# Tests create and drop thousands of databases with three hundred files each. On a disk that took twice the processor
# time of everything else PostgreSQL did, so the cluster is kept in memory if there is room.
memory_has_room() {
  [ -w /dev/shm ] && [ "$(stat -f -c %T /dev/shm)" = tmpfs ] &&
    [ "$(df --output=avail -k /dev/shm | tail -n 1)" -ge $((3 << 20)) ] &&
    [ "$(sed -nE 's/^MemAvailable: +([0-9]+) kB$/\1/p' /proc/meminfo)" -ge $((8 << 20)) ]
}

pg_create() {
  local dir=$1 bin home
  bin=$(postgres_bin)
  home=$dir/pg
  mkdir -p "$home"
  if [ "${PORTA_TEST_FSYNC:-off}" = off ] && memory_has_room; then
    rmdir "$home"
    home=$(mktemp -d /dev/shm/porta-test-pg.XXXXXX)
    if [ "$(id -u)" -eq 0 ]; then chown "$(pg_user)" "$home"; fi
  elif [ "$(id -u)" -eq 0 ]; then
    chown "$(pg_user)" "$home"
    # If that user cannot reach the repository, the cluster is in the temporary directory.
    if ! as_pg test -w "$home"; then
      rmdir "$home"
      home=$(mktemp -d "${TMPDIR:-/tmp}/porta-test-pg.XXXXXX")
      chown "$(pg_user)" "$home"
    fi
  fi
  printf '%s\n' "$home" >"$dir/pg.home"
  random_hex 16 >"$dir/pg.password"
  node "$(repo_root)/scripts/scram.mjs" <"$dir/pg.password" >"$home/password"
  [ "$(id -u)" -eq 0 ] && chown "$(pg_user)" "$home/password"
  (cd / && as_pg "$bin/initdb" -D "$home/data" -U porta --auth=scram-sha-256 --pwfile="$home/password" \
    --encoding=UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1) || { cat "$dir/initdb.log" >&2; die "initdb failed"; }
  rm -f "$home/password"
  # PostgreSQL's default file names. It refuses a key file that others can read.
  cp "$dir/tls/server.pem" "$home/data/server.crt"
  cp "$dir/tls/server.key" "$home/data/server.key"
  chmod 600 "$home/data/server.key"
  if [ "$(id -u)" -eq 0 ]; then chown "$(pg_user)" "$home/data/server.crt" "$home/data/server.key"; fi
}

pg_start() {
  local dir=$1 home bin port durable
  home=$(cat "$dir/pg.home")
  bin=$(postgres_bin)
  port=$(cat "$dir/pg.port")
  # Tests kill processes, never the operating system, and a killed process loses nothing in the page cache, so waiting
  # for the disk would prove nothing. Drills about durability set PORTA_TEST_FSYNC=on.
  durable=${PORTA_TEST_FSYNC:-off}
  case "$durable" in on|off) ;; *) die "PORTA_TEST_FSYNC is on or off, not '$durable'" ;; esac
  (cd / && as_pg "$bin/pg_ctl" -D "$home/data" -l "$home/log" -w -t 60 -o \
    "-p $port -c listen_addresses=127.0.0.1,::1 -c unix_socket_directories='' -c max_connections=200 -c ssl=on \
     -c fsync=$durable -c synchronous_commit=$durable -c full_page_writes=$durable -c max_wal_size=256MB" \
    start >/dev/null 2>&1)
}

pg_stop() {
  local dir=$1 home bin
  [ -f "$dir/pg.home" ] || return 0
  home=$(cat "$dir/pg.home")
  bin=$(postgres_bin)
  # pg_ctl signals only the process in this cluster's own postmaster.pid.
  if as_pg test -f "$home/data/postmaster.pid"; then
    (cd / && as_pg "$bin/pg_ctl" -D "$home/data" -w -t 60 -m fast stop >/dev/null 2>&1) || true
  fi
}

# --- Redis ------------------------------------------------------------------------------------------------------

redis_start() {
  local dir=$1 port
  port=$(cat "$dir/redis.port")
  redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --databases 1024 \
    --tls-port "$(cat "$dir/redis.tls-port")" --tls-auth-clients no --tls-ca-cert-file "$dir/tls/ca.pem" \
    --tls-cert-file "$dir/tls/server.pem" --tls-key-file "$dir/tls/server.key" \
    --maxmemory-policy noeviction --dir "$dir" --pidfile "$dir/redis.pid" --logfile "$dir/redis.log" \
    --daemonize yes >/dev/null
  for _ in $(seq 1 100); do
    [ "$(redis-cli -h 127.0.0.1 -p "$port" ping 2>/dev/null || true)" = PONG ] && return 0
    sleep 0.1
  done
  return 1
}

redis_stop() {
  local dir=$1 pid
  pid=$(cat "$dir/redis.pid" 2>/dev/null || true)
  is_our_process "$pid" "redis-server 127.0.0.1:$(cat "$dir/redis.port")" || return 0
  kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 1 100); do [ -d "/proc/$pid" ] || return 0; sleep 0.1; done
  kill -KILL "$pid" 2>/dev/null || true
}

# --- both -------------------------------------------------------------------------------------------------------

# Starts on a free port; tries another if the port was taken in the meantime.
start_on_free_port() {
  local dir=$1 name=$2
  for _ in 1 2 3 4 5; do
    free_port >"$dir/$name.port"
    # Only Redis uses this one: PostgreSQL serves TLS on its only port.
    free_port >"$dir/$name.tls-port"
    "${name}_start" "$dir" && return 0
  done
  tail -n 20 "$dir/$name.log" "$(cat "$dir/pg.home" 2>/dev/null)/log" >&2 2>/dev/null || true
  die "$name did not start"
}

control_script() {
  local dir=$1 what=$2
  printf '#!/bin/sh\nexec %q %s %q\n' "$SELF" "$what" "$dir" >"$dir/$what"
  chmod +x "$dir/$what"
}

start() {
  local dir=$1 what
  check
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  chmod 711 "$dir"
  certificates "$dir" >"$dir/openssl.log" 2>&1 || { cat "$dir/openssl.log" >&2; die "openssl made no certificates"; }
  pg_create "$dir"
  start_on_free_port "$dir" pg
  start_on_free_port "$dir" redis
  for what in pg-start pg-stop redis-start redis-stop; do control_script "$dir" "$what"; done
  {
    # Without TLS, because a handshake for each of a few thousand connections would prove nothing. Tests of TLS connect
    # to localhost, the name in the certificate.
    printf 'TEST_DATABASE_URL=%q\n' \
      "postgres://porta:$(cat "$dir/pg.password")@127.0.0.1:$(cat "$dir/pg.port")/postgres?sslmode=disable"
    printf 'TEST_REDIS_URL=%q\n' "redis://127.0.0.1:$(cat "$dir/redis.port")"
    printf 'TEST_REDIS_TLS_URL=%q\n' "rediss://localhost:$(cat "$dir/redis.tls-port")"
    printf 'TEST_CA_FILE=%q\n' "$dir/tls/ca.pem"
    printf 'TEST_PG_START=%q\nTEST_PG_STOP=%q\n' "$dir/pg-start" "$dir/pg-stop"
    printf 'TEST_REDIS_START=%q\nTEST_REDIS_STOP=%q\n' "$dir/redis-start" "$dir/redis-stop"
  } >"$dir/env"
}

stop() {
  local dir=$1 home
  [ -d "$dir" ] || return 0
  dir=$(cd "$dir" && pwd)
  redis_stop "$dir"
  pg_stop "$dir"
  home=$(cat "$dir/pg.home" 2>/dev/null || true)
  case "$home" in "$dir"/*|'') ;; */porta-test-pg.*) rm -rf -- "$home" ;; esac
  rm -rf -- "$dir"
}

need_dir() { [ -n "${1:-}" ] || die "a directory is needed; see the head of $SELF"; }

case "${1:-}" in
  check) check "${2:-}" ;;
  --install) check --install ;;
  start) need_dir "${2:-}"; start "$2" ;;
  stop) need_dir "${2:-}"; stop "$2" ;;
  pg-start|pg-stop|redis-start|redis-stop) need_dir "${2:-}"; "${1/-/_}" "$2" ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$SELF"; exit 2 ;;
esac
