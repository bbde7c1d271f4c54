#!/usr/bin/env bash
# Writes docker/.env from docker/.env.example with fresh secrets: docker/make-env.sh [FILE]
#
# Variables of .env.example that are set in the environment keep their value:
#   ISSUER_BASE_URL=https://id.acme.example SMTP_HOST=smtp.acme.example docker/make-env.sh
# An existing file is not changed: its secrets decrypt the data in the database.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
target=${1:-$here/.env}

die() { printf 'error: %s\n' "$*" >&2; exit 1; }
hex() { od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
[ $# -le 1 ] || die "usage: docker/make-env.sh [FILE]"
[ ! -e "$target" ] || die "$target exists and is left as it is"

umask 077
draft=$(mktemp "$target.XXXXXX")
trap 'rm -f "$draft"' EXIT
while IFS= read -r line; do
  name=${line%%=*}
  case "$line" in
    '' | '#'*) printf '%s\n' "$line"; continue ;;
  esac
  value=${!name-${line#*=}}
  case "$name" in
    ISSUER_BASE_URL) host=$(sed -E 's,^[a-z]+://,,; s,[:/][^]]*$,,' <<<"$value") ;;
    SMTP_FROM) value=${SMTP_FROM-noreply@$host} ;;
    # The gateway has the first address of the network.
    PORTA_SUBNET) network=${value%/*} gateway=${network%.*}.$((${network##*.} + 1)) ;;
    TRUST_PROXY_CIDRS) value=${TRUST_PROXY_CIDRS-$gateway/32} ;;
  esac
  # Compose and the server parse quotes, spaces and dollar signs differently.
  case "$value" in
    *[\'\"\$\`\\\#\ ]* | *$'\n'*) die "$name has a character that .env cannot carry unquoted" ;;
  esac
  if [ -z "$value" ]; then
    case "$name" in
      POSTGRES_PASSWORD) value=$(hex 24) ;;
      COOKIE_KEYS | SIGNING_KEY_ENCRYPTION_KEY | TWO_FACTOR_ENCRYPTION_KEY | ADMIN_SESSION_SECRET) value=$(hex 32) ;;
    esac
  fi
  if [ "$name" = POSTGRES_PASSWORD ]; then
    case "$value" in *[!A-Za-z0-9._~-]*) die "POSTGRES_PASSWORD becomes part of a URL: letters, digits, . _ ~ - only" ;; esac
  fi
  printf '%s=%s\n' "$name" "$value"
done <"$here/.env.example" >"$draft"
# Without -f, so that a file created in the meantime is not replaced.
ln "$draft" "$target" || die "$target exists and is left as it is"
echo "$target is ready; set ISSUER_BASE_URL and the relay in it, then: docker compose -f docker/docker-compose.prod.yml up -d"
