#!/usr/bin/env bash
# Creates a certificate for the development proxy (profile tls) from an authority that only this machine trusts.
#
#   docker/setup-certs.sh [--force]   --force: replace an existing certificate
#
# Needs mkcert: https://github.com/FiloSottile/mkcert
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

die() { printf 'error: %s\n' "$*" >&2; exit 1; }
force=
case "${1:-}" in
  '') ;;
  --force) force=1 ;;
  *) die "unknown argument: $1 (only --force)" ;;
esac
command -v mkcert >/dev/null 2>&1 || die "missing: mkcert; see https://github.com/FiloSottile/mkcert#installation"

mkdir -p certs
if [ -z "$force" ] && [ -s certs/porta.pem ] && [ -s certs/porta-key.pem ]; then
  echo "docker/certs has a certificate already; --force makes a new one"
else
  mkcert -install
  (umask 077 && mkcert -cert-file certs/porta.pem -key-file certs/porta-key.pem porta.local localhost 127.0.0.1 ::1)
fi

hosts=${HOSTS_FILE:-/etc/hosts}
if ! grep -qE '^[^#]*[[:space:]]porta\.local([[:space:]]|$)' "$hosts"; then
  if [ -w "$hosts" ]; then
    printf '127.0.0.1 porta.local\n' >>"$hosts"
  else
    echo "adding porta.local to $hosts"
    printf '127.0.0.1 porta.local\n' | sudo tee -a "$hosts" >/dev/null
  fi
fi
echo "https://porta.local:${HTTPS_PORT:-3443} once the stack runs with --profile tls"
