#!/usr/bin/env bash
# Installs Porta with Docker Compose: curl -fsSL …/install.sh | bash -s -- [OPTION…]
#
# Questions are asked on /dev/tty, so standard input may be this script. Without a terminal, or with --non-interactive,
# a missing answer is an error that names its option.
set -Eeuo pipefail

usage() {
  cat <<'TEXT'
install.sh [OPTION…]

  -d, --dir DIR               where to install (./porta)
  -p, --port PORT             port of this machine (the first free one from 3000)
      --bind ADDRESS          interface of this machine (127.0.0.1)
  -u, --issuer-url URL        public address, https unless the host is localhost or --allow-http
      --no-proxy              nothing stands in front: forwarded headers are not believed
      --trust-proxy-hops N    proxies in front (1)
      --subnet NETWORK        of the containers (172.16.77.0/24)
      --smtp-host HOST        relay for mail
      --smtp-port PORT        (587)
      --smtp-user USER        no login without it
      --smtp-pass PASSWORD
      --smtp-from ADDRESS     (noreply@ the host of the issuer)
      --skip-smtp             MailHog instead of a relay; for evaluation
      --postgres-password PW  (made up)
      --image IMAGE           (blendsdk/porta:latest)
      --admin-email ADDRESS   first person and administrator; needs --admin-password
      --admin-given-name, --admin-family-name NAME   (Admin, User)
      --admin-password PASSWORD
      --no-start              write the files and stop
      --force                 replace the files of an installation; its answers, secrets and other settings are kept
      --fresh                 with --force: forget them
      --allow-http            evaluation: an http address, development checks, no proxy
      --non-interactive       never ask
  -h, --help
TEXT
}

# --- input and output -------------------------------------------------------------------------------------------
if [ -t 1 ]; then BOLD=$'\e[1m' PLAIN=$'\e[0m'; else BOLD='' PLAIN=''; fi
say() { printf '%s\n' "$*"; }
STEP=Preparation
step() { STEP=$*; printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN"; }
die() { printf 'error: %s\n' "$*" >&2; trap - ERR; exit 1; }
trap 'printf "error: %s: line %s failed: %s\n" "$STEP" "$LINENO" "$BASH_COMMAND" >&2' ERR
hex() { od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

can_ask() { [ -z "$NON_INTERACTIVE" ] && (: </dev/tty) 2>/dev/null; }

# ask NAME OPTION QUESTION [DEFAULT]: sets NAME unless it is set. HOW=secret hides the input; HOW=optional allows an
# empty answer.
ask() {
  local name=$1 option=$2 question=$3 default=${4:-} answer=''
  [ -z "${!name}" ] || return 0
  if ! can_ask; then
    [ -n "$default" ] || [ "${HOW:-}" = optional ] || die "$option is needed"
    printf -v "$name" %s "$default"
    return 0
  fi
  # Echo is switched off before the question is shown, and restored even if the script fails.
  if [ "${HOW:-}" = secret ]; then trap 'stty echo </dev/tty' EXIT; stty -echo </dev/tty; fi
  printf '%s%s: ' "$question" "${default:+ [$default]}" >/dev/tty
  IFS= read -r answer </dev/tty || true
  if [ "${HOW:-}" = secret ]; then stty echo </dev/tty; trap - EXIT; printf '\n' >/dev/tty; fi
  printf -v "$name" %s "${answer:-$default}"
  [ -n "${!name}" ] || [ "${HOW:-}" = optional ] || die "$option is needed"
}

# --- options ----------------------------------------------------------------------------------------------------
DIR=porta PORT='' BIND='' ISSUER='' PROXY='' HOPS='' CIDRS='' SUBNET='' IMAGE='' PG_PASSWORD=''
SMTP_HOST='' SMTP_PORT='' SMTP_TLS='' SMTP_USER='' SMTP_PASS='' SMTP_FROM='' SKIP_SMTP=''
ADMIN_EMAIL='' ADMIN_GIVEN='' ADMIN_FAMILY='' ADMIN_PASSWORD=''
NO_START='' FORCE='' FRESH='' ALLOW_HTTP='' NON_INTERACTIVE=''

options() {
  while [ $# -gt 0 ]; do
    local target=''
    case "$1" in
      -d | --dir) target=DIR ;;
      -p | --port) target=PORT ;;
      --bind) target=BIND ;;
      -u | --issuer-url) target=ISSUER ;;
      --trust-proxy-hops) target=HOPS ;;
      --subnet) target=SUBNET ;;
      --smtp-host) target=SMTP_HOST ;;
      --smtp-port) target=SMTP_PORT ;;
      --smtp-user) target=SMTP_USER ;;
      --smtp-pass) target=SMTP_PASS ;;
      --smtp-from) target=SMTP_FROM ;;
      --postgres-password) target=PG_PASSWORD ;;
      --image) target=IMAGE ;;
      --admin-email) target=ADMIN_EMAIL ;;
      --admin-given-name) target=ADMIN_GIVEN ;;
      --admin-family-name) target=ADMIN_FAMILY ;;
      --admin-password) target=ADMIN_PASSWORD ;;
      --no-proxy) PROXY=false ;;
      --skip-smtp) SKIP_SMTP=1 ;;
      --no-start) NO_START=1 ;;
      --force) FORCE=1 ;;
      --fresh) FRESH=1 ;;
      --allow-http) ALLOW_HTTP=1 ;;
      --non-interactive) NON_INTERACTIVE=1 ;;
      -h | --help) usage; exit 0 ;;
      *) die "unknown option: $1 (--help lists them)" ;;
    esac
    if [ -n "$target" ]; then
      [ $# -ge 2 ] && [ -n "$2" ] || die "$1 needs a value"
      printf -v "$target" %s "$2"
      shift
    fi
    shift
  done
  [ -z "$PROXY" ] || [ -z "$HOPS" ] || die "--no-proxy and --trust-proxy-hops exclude each other"
  [ -z "$SKIP_SMTP" ] || [ -z "$SMTP_HOST" ] || die "--skip-smtp and --smtp-host exclude each other"
  [ -z "$FRESH" ] || [ -n "$FORCE" ] || [ ! -e "$DIR/.env" ] || die "--fresh needs --force: it gives up the secrets in $DIR/.env"
}

# --- answers of the previous installation -----------------------------------------------------------------------
saved() {
  local value
  [ -z "$FRESH" ] && [ -f "$DIR/.env" ] || return 0
  value=$(sed -n "s/^$1=//p" "$DIR/.env" | tail -n 1)
  value=${value#\'}
  printf %s "${value%\'}"
}
recall() { [ -n "${!1}" ] || printf -v "$1" %s "$(saved "$2")"; }

# Recalls only values that somebody chose. Values derived from other answers or from evaluation mode are derived again.
recall_all() {
  local was_mailhog='' sender believed
  [[ ,$(saved COMPOSE_PROFILES), != *,dev,* ]] || was_mailhog=1
  recall PORT PORT; recall BIND BIND; recall ISSUER ISSUER_BASE_URL; recall IMAGE PORTA_IMAGE
  recall PG_PASSWORD POSTGRES_PASSWORD
  believed=$(saved TRUST_PROXY_CIDRS)
  [ "$believed" = "$(proxies_here "$(saved PORTA_SUBNET)" "$(saved BIND)")" ] || CIDRS=$believed
  recall SUBNET PORTA_SUBNET
  if [ -z "$HOPS$PROXY" ]; then
    if [[ $(saved NODE_ENV) = production && $(saved ISSUER_BASE_URL) = https://* ]]; then recall PROXY TRUST_PROXY; fi
    recall HOPS TRUST_PROXY_HOPS
  fi
  if [ -z "$SMTP_HOST" ] && [ -n "$was_mailhog" ]; then SKIP_SMTP=1; fi
  sender=$(saved SMTP_FROM)
  [ "$sender" = "noreply@$(host_of "$(saved ISSUER_BASE_URL)")" ] || SMTP_FROM=${SMTP_FROM:-$sender}
  if [ -n "$SKIP_SMTP$was_mailhog" ]; then return; fi
  recall SMTP_HOST SMTP_HOST; recall SMTP_PORT SMTP_PORT; recall SMTP_TLS SMTP_TLS
  recall SMTP_USER SMTP_USER; recall SMTP_PASS SMTP_PASS
}

# --- checks -----------------------------------------------------------------------------------------------------
is_port() { [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && [ "$1" -le 65535 ]; }
host_of() { sed -E 's,^https?://,,; s,[:/][^]]*$,,' <<<"$1"; }
# proxies_here SUBNET BIND: the addresses from which a proxy on this machine connects. Through a port on 127.0.0.1 that
# is the gateway of the containers' network, its first address; through a port on another address, it is that address.
proxies_here() {
  local network=${1%/*}
  [ -n "$network" ] || return 0
  printf '%s.%s/32' "${network%.*}" "$((${network##*.} + 1))"
  case "$2" in
    0.0.0.0 | 127.* | '['*) ;;
    *) printf ',%s/32' "$2" ;;
  esac
}
is_local() { [[ $1 =~ ^(localhost|127\.0\.0\.1|\[::1\])$ ]]; }

check_issuer() {
  ISSUER=${ISSUER%/}
  [[ $ISSUER =~ ^(https?)://([A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$ ]] ||
    die "--issuer-url is not an address without path, like https://id.example.com"
  local scheme=${BASH_REMATCH[1]}
  ISSUER_HOST=${BASH_REMATCH[2]}
  [ "$scheme" = https ] || [ -n "$ALLOW_HTTP" ] || is_local "$ISSUER_HOST" ||
    die "--issuer-url must be https; --allow-http is for evaluation"
  MODE=production
  [ -z "$ALLOW_HTTP" ] || MODE=development
  if [ -n "$SKIP_SMTP" ]; then
    [ -n "$ALLOW_HTTP" ] || is_local "$ISSUER_HOST" ||
      die "--skip-smtp is for evaluation: use it with --allow-http or an issuer on localhost"
    MODE=development
  fi
}

check_smtp() {
  if [ -n "$SKIP_SMTP" ]; then
    SMTP_HOST=mailhog SMTP_PORT=1025 SMTP_TLS=none SMTP_FROM=${SMTP_FROM:-noreply@$ISSUER_HOST}
    return
  fi
  ask SMTP_HOST --smtp-host "Mail relay"
  [[ $SMTP_HOST =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]] || die "--smtp-host is not a host name"
  [[ $MODE = development || ! $SMTP_HOST =~ ^(localhost|127\..*)$ ]] ||
    die "--smtp-host: inside the container, $SMTP_HOST is the container"
  ask SMTP_PORT --smtp-port "Port of the relay" 587
  is_port "$SMTP_PORT" || die "--smtp-port is not a port"
  HOW=optional ask SMTP_USER --smtp-user "User at the relay, empty for none"
  if [ -n "$SMTP_USER" ]; then HOW=secret ask SMTP_PASS --smtp-pass "Password at the relay"; fi
  [ -n "$SMTP_USER" ] || [ -z "$SMTP_PASS" ] || die "--smtp-pass needs --smtp-user"
  ask SMTP_FROM --smtp-from "Sender of mail" "noreply@$ISSUER_HOST"
  [[ $SMTP_FROM =~ ^[^[:space:]@]+@[^[:space:]@]+$ ]] || die "--smtp-from is not a mail address"
}

check_rest() {
  [ -n "$PORT" ] || PORT=$(free_port)
  is_port "$PORT" || die "--port is not a port"
  BIND=${BIND:-127.0.0.1}
  [[ $BIND =~ ^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9a-fA-F:]+\])$ ]] || die "--bind is not an address (IPv6 in brackets)"
  HOPS=${HOPS:-1}
  [[ $HOPS =~ ^([1-9]|1[0-6])$ ]] || die "--trust-proxy-hops is not a number from 1 to 16"
  # With http there is no proxy that terminates TLS, so any client could forge the forwarded headers.
  [[ $ISSUER = https://* ]] && [ -z "$ALLOW_HTTP" ] || PROXY=false
  PROXY=${PROXY:-true}
  SUBNET=${SUBNET:-172.16.77.0/24}
  [[ $SUBNET =~ ^[0-9]{1,3}(\.[0-9]{1,3}){3}/(1[6-9]|2[0-9])$ ]] || die "--subnet is not a network, like 172.16.77.0/24"
  if [ "$PROXY" = true ]; then CIDRS=${CIDRS:-$(proxies_here "$SUBNET" "$BIND")}; fi
  IMAGE=${IMAGE:-blendsdk/porta:latest}
  [[ $IMAGE =~ ^[a-z0-9][A-Za-z0-9._/:@-]*$ ]] || die "--image is not the name of an image"
  PG_PASSWORD=${PG_PASSWORD:-$(hex 24)}
  [[ $PG_PASSWORD =~ ^[A-Za-z0-9._~-]{12,}$ ]] ||
    die "--postgres-password becomes part of a URL: 12 or more letters, digits, . _ ~ -"
}

check_admin() {
  if [ -z "$ADMIN_EMAIL" ]; then
    [ -z "$ADMIN_PASSWORD" ] || die "--admin-password needs --admin-email"
    [ -z "$NO_START" ] && can_ask || return 0
    HOW=optional ask ADMIN_EMAIL --admin-email "Mail address of the first person, empty for none"
    [ -n "$ADMIN_EMAIL" ] || return 0
    ask ADMIN_GIVEN --admin-given-name "Given name" Admin
    ask ADMIN_FAMILY --admin-family-name "Family name" User
  fi
  [[ $ADMIN_EMAIL =~ ^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$ ]] || die "--admin-email is not a mail address"
  HOW=secret ask ADMIN_PASSWORD --admin-password "Password"
  ADMIN_GIVEN=${ADMIN_GIVEN:-Admin} ADMIN_FAMILY=${ADMIN_FAMILY:-User}
  # They are inserted between quotes into a YAML file.
  [[ $ADMIN_GIVEN$ADMIN_FAMILY != *[\"\\$'\n']* ]] || die "--admin-given-name, --admin-family-name: no quotes or backslashes"
}

# The first port from 3000 that no container publishes and nothing on this machine listens on.
free_port() {
  local port taken=''
  if command -v docker >/dev/null 2>&1; then taken=$(docker ps --format '{{.Ports}}' 2>/dev/null || true); fi
  for ((port = 3000; port < 3200; port++)); do
    [[ $taken =~ :$port- ]] && continue
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
    printf %s "$port"
    return
  done
  die "no free port from 3000 to 3199; choose one with --port"
}

# --- files ------------------------------------------------------------------------------------------------------
key() { local value; value=$(saved "$1"); printf %s "${value:-$(hex 32)}"; }

setting() {
  [[ $2 != *[\'$'\n']* ]] || die "$1: a value with a quote or a line break cannot be written to .env"
  if [[ $2 =~ ^[A-Za-z0-9.,:/@_~+-]*$ ]]; then printf '%s=%s\n' "$1" "$2"; else printf "%s='%s'\n" "$1" "$2"; fi
}

# Variables that write_env sets; any other line of .env is the operator's and is kept.
WRITTEN=(ISSUER_BASE_URL BIND PORT NODE_ENV TRUST_PROXY TRUST_PROXY_HOPS TRUST_PROXY_CIDRS PORTA_SUBNET SMTP_HOST SMTP_PORT
  SMTP_FROM SMTP_TLS SMTP_USER SMTP_PASS COMPOSE_PROFILES PORTA_IMAGE PORTA_AUTO_MIGRATE POSTGRES_PASSWORD COOKIE_KEYS
  SIGNING_KEY_ENCRYPTION_KEY TWO_FACTOR_ENCRYPTION_KEY ADMIN_CLIENT_ID ADMIN_CLIENT_SECRET ADMIN_SESSION_SECRET)

operators_lines() {
  [ -z "$FRESH" ] && [ -f "$DIR/.env" ] || return 0
  (IFS='|'; sed -E "/^(${WRITTEN[*]})=/d; /^\$/d" "$DIR/.env")
}

profiles() {
  local kept
  kept=$(saved COMPOSE_PROFILES | tr , '\n' | grep -vx dev | paste -sd , -) || true
  if [ -n "$SKIP_SMTP" ]; then printf %s "${kept:+$kept,}dev"; else printf %s "$kept"; fi
}

write_env() {
  local profiles migrates
  profiles=$(profiles)
  migrates=$(saved PORTA_AUTO_MIGRATE)
  setting ISSUER_BASE_URL "$ISSUER"
  setting BIND "$BIND"
  setting PORT "$PORT"
  setting NODE_ENV "$MODE"
  setting TRUST_PROXY "$PROXY"
  if [ "$PROXY" = true ]; then setting TRUST_PROXY_HOPS "$HOPS"; fi
  if [ -n "$CIDRS" ]; then setting TRUST_PROXY_CIDRS "$CIDRS"; fi
  setting PORTA_SUBNET "$SUBNET"
  setting SMTP_HOST "$SMTP_HOST"
  setting SMTP_PORT "$SMTP_PORT"
  setting SMTP_FROM "$SMTP_FROM"
  if [ -n "$SMTP_TLS" ]; then setting SMTP_TLS "$SMTP_TLS"; fi
  if [ -n "$profiles" ]; then setting COMPOSE_PROFILES "$profiles"; fi
  if [ -n "$SMTP_USER" ]; then setting SMTP_USER "$SMTP_USER"; setting SMTP_PASS "$SMTP_PASS"; fi
  setting PORTA_IMAGE "$IMAGE"
  # This script runs the migrations; for an upgrade: docker compose run --rm porta porta migrate up
  setting PORTA_AUTO_MIGRATE "${migrates:-false}"
  setting POSTGRES_PASSWORD "$PG_PASSWORD"
  setting COOKIE_KEYS "$(key COOKIE_KEYS)"
  setting SIGNING_KEY_ENCRYPTION_KEY "$(key SIGNING_KEY_ENCRYPTION_KEY)"
  setting TWO_FACTOR_ENCRYPTION_KEY "$(key TWO_FACTOR_ENCRYPTION_KEY)"
  # For the admin console, which is not in this build. `porta init` creates its client; see administration below.
  setting ADMIN_CLIENT_ID "$(saved ADMIN_CLIENT_ID)"
  setting ADMIN_CLIENT_SECRET "$(saved ADMIN_CLIENT_SECRET)"
  setting ADMIN_SESSION_SECRET "$(key ADMIN_SESSION_SECRET)"
  operators_lines
}

write_files() {
  local draft backup
  mkdir -p "$DIR"
  draft=$(umask 077 && mktemp "$DIR/.env.XXXXXX")
  write_env >"$draft" || { rm -f "$draft"; exit 1; }
  if [ -f "$DIR/.env" ] && ! cmp -s "$draft" "$DIR/.env"; then
    backup=$(umask 077 && mktemp "$DIR/.env.$(date +%Y%m%d).XXXXXX")
    cat "$DIR/.env" >"$backup"
    say "What .env was before is in $backup"
  fi
  mv -f "$draft" "$DIR/.env"
  compose_file >"$DIR/docker-compose.yml"
  # The containers' accounts must be able to read these two, whatever the umask is.
  [ -d "$DIR/templates" ] || mkdir -m 755 "$DIR/templates"
  printf 'CREATE DATABASE porta_test OWNER porta;\n' >"$DIR/init-test-db.sql"
  chmod 644 "$DIR/init-test-db.sql"
}

# docker/docker-compose.prod.yml without its comments; the tests compare the two.
compose_file() {
  cat <<'COMPOSE'
name: porta

x-hardening: &hardening
  restart: unless-stopped
  read_only: true
  tmpfs:
    - /tmp:size=64m,mode=1777
  cap_drop: [ALL]
  security_opt:
    - no-new-privileges:true
  networks: [porta-network]

services:
  porta:
    <<: *hardening
    image: ${PORTA_IMAGE:-blendsdk/porta:latest}
    container_name: porta
    env_file: [.env]
    environment:
      HOST: 0.0.0.0
      PORT: '3000'
      PORTA_SERVICE: server
      DATABASE_URL: postgres://porta:${POSTGRES_PASSWORD:?run docker/make-env.sh}@postgres:5432/porta
      REDIS_URL: redis://redis:6379/0
      ADMIN_CLIENT_SECRET: ''
      ADMIN_SESSION_SECRET: ''
    ports:
      - '${BIND:-127.0.0.1}:${PORT:-3000}:3000'
    volumes:
      - ${TEMPLATES:-./templates}:/app/templates:ro
    depends_on:
      postgres:
        condition: service_healthy
      redis:
        condition: service_healthy
    stop_grace_period: 30s
    mem_limit: 1g
    pids_limit: 256
    healthcheck:
      test: ['CMD-SHELL', 'wget --spider --quiet http://127.0.0.1:3000/health || exit 1']
      interval: 30s
      timeout: 5s
      start_period: 10s
      retries: 3

  admin-gui:
    <<: *hardening
    image: ${PORTA_IMAGE:-blendsdk/porta:latest}
    profiles: [admin]
    restart: 'no'
    environment:
      NODE_ENV: production
      PORTA_SERVICE: admin
      PORTA_ADMIN_PORT: '4002'
      PORTA_ADMIN_PORTA_URL: http://porta:3000
      PORTA_ADMIN_PUBLIC_URL: ${ADMIN_PUBLIC_URL:-http://localhost:4002}
      PORTA_ADMIN_CLIENT_ID: ${ADMIN_CLIENT_ID:-}
      PORTA_ADMIN_CLIENT_SECRET: ${ADMIN_CLIENT_SECRET:-}
      PORTA_ADMIN_SESSION_SECRET: ${ADMIN_SESSION_SECRET:-}
      REDIS_URL: redis://redis:6379/1
    ports:
      - '127.0.0.1:4002:4002'
    depends_on:
      porta:
        condition: service_healthy
      redis:
        condition: service_healthy
    stop_grace_period: 30s
    mem_limit: 512m
    pids_limit: 128
    healthcheck:
      test: ['CMD-SHELL', 'wget --spider --quiet http://127.0.0.1:4002/health || exit 1']
      interval: 30s
      timeout: 10s
      start_period: 15s
      retries: 3

  postgres:
    <<: *hardening
    image: postgres:16-alpine
    environment:
      POSTGRES_USER: porta
      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?run docker/make-env.sh}
      POSTGRES_DB: porta
    tmpfs:
      - /tmp:size=64m,mode=1777
      - /var/run/postgresql:mode=1777
    cap_add: [CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID]
    shm_size: 256m
    volumes:
      - porta_postgres_data:/var/lib/postgresql/data
      - ./init-test-db.sql:/docker-entrypoint-initdb.d/init-test-db.sql:ro
    stop_grace_period: 60s
    mem_limit: 2g
    pids_limit: 512
    healthcheck:
      test: ['CMD', 'pg_isready', '-h', '127.0.0.1', '-U', 'porta', '-d', 'porta']
      interval: 5s
      timeout: 5s
      start_period: 60s
      retries: 5

  redis:
    <<: *hardening
    image: redis:7-alpine
    command: ['redis-server', '--appendonly', 'no', '--save', '', '--maxmemory', '512mb', '--maxmemory-policy', 'noeviction']
    user: redis:redis
    tmpfs:
      - /tmp:size=16m,mode=1777
      - /data:size=16m,mode=1777
    stop_grace_period: 10s
    mem_limit: 768m
    pids_limit: 64
    healthcheck:
      test: ['CMD', 'redis-cli', 'ping']
      interval: 5s
      timeout: 5s
      retries: 5

  mailhog:
    image: mailhog/mailhog:v1.0.1
    profiles: [dev]
    networks: [porta-network]
    ports:
      - '127.0.0.1:${MAILHOG_UI_PORT:-8025}:8025'

volumes:
  porta_postgres_data:
    name: porta_postgres_data

networks:
  porta-network:
    name: porta-network
    ipam:
      config:
        - subnet: ${PORTA_SUBNET:-172.16.77.0/24}
COMPOSE
}

# --- start ------------------------------------------------------------------------------------------------------
compose() { docker compose --project-directory "$DIR" -f "$DIR/docker-compose.yml" "$@"; }

check_docker() {
  command -v docker >/dev/null 2>&1 || die "missing: docker; see https://docs.docker.com/engine/install/"
  docker info >/dev/null 2>&1 || die "docker does not answer: is it running, and may this user talk to it?"
  docker compose version >/dev/null 2>&1 || die "missing: docker compose, version 2; see https://docs.docker.com/compose/install/"
  # The volume's data can only be used with the password and keys it was created with, so new ones must not be
  # generated.
  if [ -z "$KEPT" ] && docker volume inspect porta_postgres_data >/dev/null 2>&1; then
    die "the volume porta_postgres_data is there, but not the .env it was made with; bring that back, or give the data up with: docker volume rm porta_postgres_data"
  fi
}

# The address under which this machine itself reaches the port.
reached_at() {
  case "$BIND" in
    0.0.0.0) printf 127.0.0.1 ;;
    '[::]') printf '[::1]' ;;
    *) printf %s "$BIND" ;;
  esac
}

is_healthy() {
  local host answer=''
  host=$(reached_at)
  host=${host#[} host=${host%]}
  # Uses /dev/tcp, because curl may be missing.
  exec 4<>"/dev/tcp/$host/$PORT" || return 1
  printf 'GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n' >&4
  IFS= read -r -t 5 answer <&4 || true
  exec 4>&-
  [[ $answer == *' 200 '* ]]
}

bootstrap() {
  [ -n "$ADMIN_EMAIL" ] || return 0
  step "First person"
  # Creates an organization to sign in to. The password is passed in the environment and the file over standard input, so
  # neither is visible in a process list.
  PORTA_FIRST_PASSWORD=$ADMIN_PASSWORD compose run --rm -T -e PORTA_FIRST_PASSWORD porta porta provision -f - --direct <<YAML
version: "1.0"
allow_passwords: true
organizations:
  - name: Main
    slug: main
    users:
      - email: "$ADMIN_EMAIL"
        given_name: "$ADMIN_GIVEN"
        family_name: "$ADMIN_FAMILY"
        email_verified: true
        password: "\${PORTA_FIRST_PASSWORD}"
YAML
}

# The value of a text in the output of `porta … --json`; nothing if it is null.
json_text() { sed -nE "s/^ *\"$1\": \"([A-Za-z0-9_-]+)\",?\$/\\1/p"; }

# Replaces a line of .env, which write_env has written.
set_again() {
  local draft
  draft=$(umask 077 && mktemp "$DIR/.env.XXXXXX")
  sed "s/^$1=.*/$1=$2/" "$DIR/.env" >"$draft" && mv -f "$draft" "$DIR/.env"
}

administration() {
  [ -n "$ADMIN_EMAIL" ] || return 0
  step "Administration"
  # With --force it completes an installation that has an administrator, and leaves secrets as they are.
  local made id secret url
  url=$(FRESH='' saved ADMIN_PUBLIC_URL)
  made=$(compose run --rm -T porta porta init --force --json --email "$ADMIN_EMAIL" --given-name "$ADMIN_GIVEN" \
    --family-name "$ADMIN_FAMILY" --password-stdin ${url:+--admin-gui-url "$url"} <<<"$ADMIN_PASSWORD")
  id=$(json_text guiClientId <<<"$made")
  secret=$(json_text guiClientSecret <<<"$made")
  [ -n "$id" ] || die "porta init names no client of the admin console"
  set_again ADMIN_CLIENT_ID "$id"
  if [ -n "$secret" ]; then set_again ADMIN_CLIENT_SECRET "$secret"; fi
}

start() {
  step "PostgreSQL and Redis"
  compose up -d --wait --wait-timeout 120 postgres redis
  step "Migrations"
  compose run --rm -T porta porta migrate up
  step "Porta"
  compose up -d
  local end=$((SECONDS + ${PORTA_INSTALL_WAIT:-120}))
  until (is_healthy) 2>/dev/null; do
    [ "$SECONDS" -lt "$end" ] || { compose logs --tail 20 porta >&2 || true; die "Porta does not answer on port $PORT"; }
    sleep 1
  done
  bootstrap
  administration
}

summary() {
  say ""
  step "Done"
  say "Address     $ISSUER"
  if [ -n "$SKIP_SMTP" ]; then say "Mail        http://localhost:8025"; fi
  if [ -n "$ADMIN_EMAIL" ]; then
    say "Issuer      $ISSUER/main, with $ADMIN_EMAIL"
    say "Administer  $ISSUER/porta-admin, with $ADMIN_EMAIL"
  else
    say "Administer  docker exec -it porta porta init (makes the first administrator)"
  fi
  say "Files       $DIR (keep a copy of .env apart from the database's backup)"
  say "Start       docker compose --project-directory '$DIR' up -d"
  say "Logs        docker compose --project-directory '$DIR' logs -f porta"
  say "Commands    docker exec -it porta porta --help"
  say "The admin console is not in this build."
  [ "$PROXY" = true ] || return 0
  say ""
  say "Forwarded headers are believed from $CIDRS: a proxy on this machine. For one elsewhere, set TRUST_PROXY_CIDRS in"
  say ".env to the address it comes from."
  if [ "$BIND" = 0.0.0.0 ] || [ "$BIND" = '[::]' ]; then
    say "Port $PORT is open on every interface: let nothing but the proxy reach it."
  fi
  cat <<NGINX

For nginx, as a file in /etc/nginx/conf.d; certificate and name are yours:

  # What is logged: no query, and of links that work once only what they are for.
  map \$request_uri \$porta_logged {
      ~^(?<porta_l1>/[^/?]+/auth/(?:reset-password|accept-invite|verify-email)/)[^/?]+  \$porta_l1*;
      ~^(?<porta_l2>/[^/?]+/interaction/)[^/?]+(?<porta_l3>/magic-link/)[^/?]+          \$porta_l2*\$porta_l3*;
      ~^(?<porta_l4>/[^/?]+/interaction/)[^/?]+(?<porta_l5>[^?]*)                       \$porta_l4*\$porta_l5;
      ~^(?<porta_l6>/[^/?]+/auth/)[^/?]+                                                \$porta_l6*;
      ~^(?<porta_l7>[^?]*)                                                              \$porta_l7;
  }
  log_format porta '\$remote_addr [\$time_local] "\$request_method \$porta_logged" \$status \$body_bytes_sent \$request_time '
                   '\$request_id \$upstream_addr \$upstream_status "\$http_user_agent"';
  limit_conn_zone \$binary_remote_addr zone=porta_caller:10m;
  server {
      listen 443 ssl;
      server_name $ISSUER_HOST;
      server_tokens off;
      access_log /var/log/nginx/porta.log porta;
      error_log  /var/log/nginx/porta-error.log crit;
      client_max_body_size 56k;
      limit_conn        porta_caller 100;
      limit_conn_status 429;
      client_header_timeout 10s;
      client_body_timeout   15s;
      ssl_certificate     /etc/ssl/porta/fullchain.pem;
      ssl_certificate_key /etc/ssl/porta/privkey.pem;
      location ~ ^/(metrics|ready)\$ { return 404; }
      location / {
          proxy_pass http://$(reached_at):$PORT;
          proxy_buffer_size 16k;
          proxy_buffers 8 16k;
          proxy_http_version 1.1;
          proxy_set_header Connection close;
          proxy_set_header Host \$http_host;
          proxy_set_header X-Real-IP \$remote_addr;
          proxy_set_header X-Forwarded-For \$remote_addr;
          proxy_set_header X-Forwarded-Proto \$scheme;
          proxy_set_header X-Forwarded-Host \$http_host;
          proxy_set_header X-Request-Id \$request_id;
          proxy_set_header Forwarded "";
          proxy_set_header traceparent "";
          proxy_set_header tracestate "";
      }
  }
NGINX
}

main() {
  options "$@"
  [ ! -e "$DIR" ] || [ -d "$DIR" ] || die "--dir: $DIR is not a directory"
  if [ -z "$FORCE" ]; then
    for file in .env docker-compose.yml; do
      [ ! -e "$DIR/$file" ] || die "$DIR/$file exists; --force replaces it and keeps its answers and secrets"
    done
  fi
  recall_all
  KEPT=$(saved POSTGRES_PASSWORD)
  ask ISSUER --issuer-url "Public address, like https://id.example.com"
  check_issuer
  check_smtp
  check_rest
  check_admin
  if [ -z "$NO_START" ]; then check_docker; fi
  write_files
  DIR=$(cd -- "$DIR" && pwd)
  say "Wrote $DIR/docker-compose.yml and $DIR/.env"
  if [ -z "$NO_START" ]; then start; fi
  summary
}

# Called last, so that a partly downloaded script runs nothing.
main "$@" </dev/null
