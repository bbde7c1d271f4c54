#!/usr/bin/env bash
# Prepares a machine for `make test`. Idempotent; quick and silent if everything is installed.
#
# Installs Debian packages if that needs no password (root, or sudo without a password) and PORTA_NO_INSTALL is not set.
# Otherwise, if one is missing, the script fails and prints the command that installs it.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
cd -- "$(repo_root)"

CARGO_DENY_MIN=0.18
CARGO_DENY_VERSION=0.20.2
INSTALL=
if [ -z "${PORTA_NO_INSTALL:-}" ] && can_install; then INSTALL=--install; fi

# --- Rust -------------------------------------------------------------------------------------------------------
command -v cargo >/dev/null 2>&1 || die "missing: cargo; install Rust from https://rustup.rs (rust-toolchain.toml names the version)"
wanted=$(sed -nE 's/^rust-version *= *"([0-9.]+)".*/\1/p' Cargo.toml)
have=$(rustc --version | sed -E 's/^rustc ([0-9]+\.[0-9]+).*/\1/')
[ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n 1)" = "$wanted" ] ||
  die "rustc is $have, the workspace needs $wanted: run  rustup update"
for component in fmt clippy; do
  cargo "$component" --version >/dev/null 2>&1 || die "missing: cargo $component; run  rustup component add rustfmt clippy"
done

# --- a C toolchain (the cryptography library and SQLite are compiled) --------------------------------------------
missing=
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
command -v make >/dev/null 2>&1 || missing="$missing make"
if [ -n "$missing" ]; then
  # shellcheck disable=SC2086
  if [ -n "$INSTALL" ]; then apt_install $missing; else die "missing:$missing; run  sudo apt-get install$missing"; fi
fi

# --- PostgreSQL, Redis, Chromium, Node, tools for faults ----------------------------------------------------------
scripts/services.sh check $INSTALL

# --- proxies, bubblewrap, and the tools that check their files ----------------------------------------------------
missing=
for pair in nginx:nginx-light apache2:apache2 caddy:caddy bwrap:bubblewrap busybox:busybox-static tini:tini \
  systemd-analyze:systemd strip:binutils setpriv:util-linux python3:python3; do
  PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
# Either one can resolve the compose files, without a container engine.
command -v docker-compose >/dev/null 2>&1 || docker compose version >/dev/null 2>&1 || missing="$missing docker-compose"
if [ -n "$missing" ]; then
  [ -n "$INSTALL" ] || die "missing:$missing; run  sudo apt-get install$missing  (and disable the services if you do not use them)"
  # shellcheck disable=SC2086
  apt_install $missing || die "could not be installed:$missing"
fi

# --- promtool, for the alert rules: extracted from the package of Prometheus, whose service is not needed ----------
fetch_promtool() (
  mkdir -p .test/promtool
  cd .test/promtool
  apt-get download -qq -o APT::Sandbox::User=root prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb
)
if ! command -v promtool >/dev/null 2>&1 && [ ! -x .test/promtool/usr/bin/promtool ]; then
  # Needs root only if the package lists have not been downloaded yet.
  if [ -n "${PORTA_NO_INSTALL:-}" ] || ! command -v apt-get >/dev/null 2>&1; then
    die "missing: promtool; install Prometheus, or put this program of it on PATH"
  fi
  say "fetching promtool into .test/promtool"
  fetch_promtool || { [ -n "$INSTALL" ] && as_admin apt-get update -qq && fetch_promtool; } ||
    die "promtool could not be fetched: run  sudo apt-get update"
fi

# --- cargo-deny --------------------------------------------------------------------------------------------------
deny_version() { cargo deny --version 2>/dev/null | sed -nE 's/^cargo-deny ([0-9]+\.[0-9]+).*/\1/p'; }
have=$(deny_version || true)
if [ -z "$have" ] || [ "$(printf '%s\n' "$CARGO_DENY_MIN" "$have" | sort -V | head -n 1)" != "$CARGO_DENY_MIN" ]; then
  # Its release profile optimises across all crates, which takes longer than it saves in the seconds that it runs.
  say "installing cargo-deny $CARGO_DENY_VERSION (compiled once, about a minute)"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    cargo install cargo-deny --locked --version "$CARGO_DENY_VERSION" ||
    die "cargo-deny could not be built; see https://github.com/EmbarkStudios/cargo-deny for a prebuilt one"
  [ -n "$(deny_version || true)" ] || die "cargo-deny was installed but is not on PATH: add $(dirname "$(command -v cargo)")"
fi

# --- Python packages, each set in its own virtual environment: SMTP server of the tests, linters, an example, schemathesis
has_venv() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }
# python_packages DIRECTORY REQUIREMENTS WHAT
python_packages() {
  local stamp=$1/.installed-from lock
  # A virtual environment contains its absolute path, so a moved checkout needs a new one.
  lock="$(sha256sum "$2" | cut -d' ' -f1) $PWD"
  [ "$(cat "$stamp" 2>/dev/null || true)" != "$lock" ] || return 0
  if ! has_venv && [ -n "$INSTALL" ]; then apt_install python3-venv; fi
  has_venv || die "missing: python3-venv (for $3); run  sudo apt-get install python3-venv"
  say "installing $3 into $1"
  python3 -m venv --clear "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$2"
  printf '%s\n' "$lock" >"$stamp"
}
python_packages .test/python crates/testkit/relay/requirements.txt "an SMTP server for the tests"
python_packages .test/lint scripts/lint/requirements.txt "linters"
python_packages .test/python-examples examples/requirements.txt "the packages of the Python example"
python_packages .test/schemathesis e2e/schemathesis/requirements.txt "schemathesis"

# --- Node packages: the end-to-end suite, a linter, the examples, a client ---------------------------------------
for place in e2e scripts/lint examples clients/typescript; do
  stamp=$place/node_modules/.installed-from
  lock=$(sha256sum "$place/package-lock.json" | cut -d' ' -f1)
  if [ "$(cat "$stamp" 2>/dev/null || true)" != "$lock" ]; then
    say "installing the packages of $place/"
    (cd "$place" && npm ci --no-fund --no-audit --loglevel=error)
    printf '%s\n' "$lock" >"$stamp"
  fi
done
