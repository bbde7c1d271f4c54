#!/bin/sh
# Runs Porta's command line inside its container: docker/porta.sh ARG…
#
# PORTA_CONTAINER_NAME names the container (default: porta). A file of this machine, given with -f or --file, is passed
# over standard input, and the variables that its secrets refer to are passed on, as are the contents of files of this
# machine (file:PATH, without blanks); other paths are of the container. The file that init gets with --env-file is made from
# standard output, for its owner only.
#
# The first administrator: docker/porta.sh init
# Without questions, and with the variables of the admin console in a file:
#   docker/porta.sh init --email ADDRESS --given-name NAME --family-name NAME --password-stdin --env-file FILE <password.txt
set -eu
container=${PORTA_CONTAINER_NAME:-porta}

fail() { echo "error: $*" >&2; exit 1; }
command -v docker >/dev/null 2>&1 || fail "docker is not on PATH"
running=$(docker inspect --format '{{.State.Running}}' "$container" 2>/dev/null || true)
[ "$running" = true ] || fail "the container $container is not running; start it with: docker compose up -d"

# Each argument is taken from the front and appended at the end, which keeps it unchanged.
file=
env_file=
input=
is_init=
for argument in "$@"; do
  [ "$argument" = init ] && is_init=yes
done
left=$#
while [ "$left" -gt 0 ]; do
  argument=$1
  shift
  left=$((left - 1))
  case "$argument" in
    -f | --file)
      [ "$left" -gt 0 ] || fail "$argument needs a file"
      file=$1
      shift
      left=$((left - 1))
      ;;
    --file=*) file=${argument#--file=} ;;
    --env-file | --env-file=*)
      [ -n "$is_init" ] || fail "the container has the environment of its server: leave out --env-file"
      if [ "$argument" != --env-file ]; then
        env_file=${argument#--env-file=}
        set -- "$@" --env-file -
        continue
      fi
      [ "$left" -gt 0 ] || fail "$argument needs a file"
      env_file=$1
      shift
      left=$((left - 1))
      set -- "$@" --env-file -
      continue
      ;;
    --password-stdin)
      input=yes
      set -- "$@" "$argument"
      continue
      ;;
    *)
      set -- "$@" "$argument"
      continue
      ;;
  esac
  # Without a file name the program cannot tell JSON from YAML, but "-" is read as YAML, which includes JSON.
  set -- "$@" --file -
done

if [ -n "$env_file" ] && [ "$env_file" != - ]; then
  # The run may know no secret, and the one on file would be lost.
  [ ! -e "$env_file" ] || fail "$env_file exists and is left as it is"
  # Without a terminal, which would mix questions into the output. Nothing stays of a run that fails.
  umask 077
  draft=$(mktemp "$env_file.XXXXXX") || fail "cannot write $env_file"
  trap 'rm -f "$draft"' EXIT
  docker exec -i "$container" porta "$@" >"$draft"
  mv -f "$draft" "$env_file"
elif [ -n "$file" ] && [ "$file" != - ]; then
  [ -r "$file" ] || fail "cannot read $file"
  # ${NAME} and env:NAME. Only names are on the command line; docker takes the values from this environment.
  names=$(grep -oE '[$][{][A-Za-z_][A-Za-z0-9_]*[}]|env:[A-Za-z_][A-Za-z0-9_]*' "$file" | sed 's/^env://; s/[${}]//g' | sort -u)
  # A file: reference becomes an env: reference to its content.
  token="file:[^]\"', }$(printf '\t')]+"
  secrets=
  count=0
  set -f
  # shellcheck disable=SC2013 # no path has blanks
  for path in $(grep -oE "$token" "$file" | sed 's/^file://' | sort -u); do
    [ -f "$path" ] && [ -r "$path" ] || continue
    count=$((count + 1))
    content=$(cat -- "$path")
    export "PORTA_FILE_$count=$content"
    names="$names PORTA_FILE_$count"
    secrets="$secrets$path
"
  done
  set -- "$container" porta "$@"
  for name in $names; do
    set -- -e "$name" "$@"
  done
  [ -n "$secrets" ] || exec docker exec -i "$@" <"$file"
  export PORTA_SECRETS="$secrets" PORTA_TOKEN="$token"
  # Only where a value begins: other texts stay as they are.
  awk '
    BEGIN { n = split(ENVIRON["PORTA_SECRETS"], paths, "\n"); for (i = 1; i < n; i++) names[paths[i]] = "env:PORTA_FILE_" i }
    {
      text = ""
      rest = $0
      while (match(rest, ENVIRON["PORTA_TOKEN"])) {
        before = substr(rest, 1, RSTART - 1)
        found = substr(rest, RSTART, RLENGTH)
        path = substr(found, 6)
        if ((path in names) && (text before) ~ /(: *|["\047])$/) found = names[path]
        text = text before found
        rest = substr(rest, RSTART + RLENGTH)
      }
      print text rest
    }' "$file" | docker exec -i "$@"
elif [ -n "$file$env_file$input" ]; then
  exec docker exec -i "$container" porta "$@"
elif [ -t 0 ]; then
  exec docker exec -it "$container" porta "$@"
else
  exec docker exec "$container" porta "$@"
fi
