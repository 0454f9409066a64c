#!/usr/bin/env bash
# Serves the desk with an example in it, and says how to sign in. What is done there is kept in
# build/desk (on PostgreSQL build/desk-postgresql), or in DESK_FOLDER: delete it to begin anew.
#
#   examples/desk/run.sh [--database sqlite|postgresql|DSN] [--port N] [ARGUMENT OF doppel serve...]
#
# `postgresql` starts a server of its own, which ends with the desk; a DSN (postgresql://...) names
# an empty database whose role may make roles and schemas (CREATEROLE, CREATE on the database).
set -euo pipefail

database=sqlite
if [[ ${1:-} == --database ]]; then
  database=${2:-}
  shift 2 || { printf 'run: --database wants sqlite, postgresql or a DSN\n' >&2; exit 2; }
fi
root=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
case $database in
  sqlite) kept=$root/build/desk ;;
  postgresql) kept=$root/build/desk-postgresql ;;
  postgresql://*) kept=$root/build/desk-$(printf '%s' "$database" | sha256sum | cut -c1-12) ;;
  *)
    printf "run: no database '%s': sqlite, postgresql or postgresql://...\n" "$database" >&2
    exit 2
    ;;
esac
kept=${DESK_FOLDER:-$kept}
mkdir -p "$kept"
export DOPPEL_HOME=$kept/home
arguments=(--demo 1000)

server=''
if [[ $database == postgresql ]]; then
  data=$kept/data bin=/usr/lib/postgresql/15/bin
  socket=$(mktemp -d "${TMPDIR:-/tmp}/doppel-desk.XXXXXX")
  # A server doesn't run as root.
  as=()
  if ((EUID == 0)); then
    as=(setpriv --reuid=postgres --regid=postgres --init-groups)
    chown postgres "$socket"
    mkdir -p "$data"
    chown postgres "$data"
  fi
  clear_up() {
    if [[ -n $server ]]; then
      kill -INT "$server" 2>/dev/null || true
      wait "$server" 2>/dev/null || true
    fi
    rm -rf "$socket"
  }
  trap clear_up EXIT
  if [[ ! -f $data/PG_VERSION ]]; then
    (cd / && "${as[@]}" "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 \
      --locale=C.UTF-8) >/dev/null
  fi
  (cd / && exec "${as[@]}" "$bin/postgres" -D "$data" -k "$socket" -c listen_addresses= \
    -c log_min_messages=warning) 2>>"$kept/postgresql.log" &
  server=$!
  for _ in $(seq 100); do
    "$bin/pg_isready" -q -h "$socket" && break
    kill -0 "$server" 2>/dev/null || { cat "$kept/postgresql.log" >&2; exit 1; }
    sleep 0.1
  done
  psql=("$bin/psql" -qXAt -h "$socket" -U postgres)
  roles=$("${psql[@]}" -c "SELECT count(*) FROM pg_roles WHERE rolname = 'desk'" postgres)
  if [[ $roles == 0 ]]; then
    "${psql[@]}" -c 'CREATE ROLE desk LOGIN CREATEROLE' \
      -c 'CREATE DATABASE desk OWNER desk' postgres
  fi
  # The socket's folder is another one each time, and a tenant keeps its DSN: so it is named by the
  # environment.
  export PGHOST=$socket
  arguments+=(--database "postgresql://desk@/desk")
elif [[ $database != sqlite ]]; then
  arguments+=(--database "$database")
fi

printf 'What you do here is kept in %s. docs/guide/first-sandbox.md goes on from here.\n' "$kept"
"$root/build/release/doppel" serve "${arguments[@]}" "$@" 2>>"$kept/requests.log" &
desk=$!
stop() {
  kill -TERM "$desk" 2>/dev/null || true
  wait "$desk" 2>/dev/null || true
  if [[ -n $server ]]; then clear_up; fi
}
trap stop EXIT
trap 'exit 130' INT TERM
wait "$desk" || { status=$?; tail -n 3 "$kept/requests.log" >&2; exit "$status"; }
