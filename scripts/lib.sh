# Functions for the scripts in this directory; to be sourced.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# The root directory of the repository, independent of the working directory.
repo_root() { cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd; }

# Runs a command as root: directly if we are root, otherwise with sudo.
as_admin() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Can packages be installed without a password prompt?
can_install() {
  command -v apt-get >/dev/null 2>&1 || return 1
  [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

# Installs packages without starting their services: the tests start their own servers on free ports. The function body
# is a subshell, so that its traps stay local.
apt_install() (
  local policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
  say "installing with apt-get: $*"
  if [ ! -e "$policy" ]; then
    trap 'as_admin rm -f "$policy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | as_admin tee "$policy" >/dev/null
    as_admin chmod 755 "$policy"
  fi
  as_admin env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_admin env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
)

# The directory with initdb, pg_ctl and postgres of the newest installed PostgreSQL.
postgres_bin() {
  local dir
  for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/local/pgsql/bin | sort -t/ -k5 -rn); do
    [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] && { printf '%s\n' "$dir"; return 0; }
  done
  if command -v initdb >/dev/null 2>&1 && command -v pg_ctl >/dev/null 2>&1; then
    dirname -- "$(command -v initdb)"
    return 0
  fi
  return 1
}

# The first number in a version string: "initdb (PostgreSQL) 15.2" -> 15.
major() { sed -E 's/^[^0-9]*([0-9]+).*/\1/' <<<"$1"; }

# A TCP port that is free at the moment.
free_port() {
  local port
  for _ in $(seq 1 200); do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { printf '%s\n' "$port"; return 0; }
  done
  return 1
}

# A secret for the temporary services: hexadecimal, so that it needs no quoting in a URL.
random_hex() { od -An -N"${1:-16}" -tx1 /dev/urandom | tr -d ' \n'; }

# Is process $1 running with text $2 in its command line?
is_our_process() {
  [ -n "$1" ] && [ -r "/proc/$1/cmdline" ] && tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF -- "$2"
}
