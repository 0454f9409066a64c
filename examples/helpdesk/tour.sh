#!/usr/bin/env bash
# The tour: one story on the example helpdesk, every command shown with what it answers. Nothing is
# left behind: database and control store stand in a folder of their own, which DOPPEL_KEEP=1 keeps.
#
#   examples/helpdesk/tour.sh [--database sqlite|postgresql|DSN] [BUILD]
#
# BUILD is the folder of the binaries (build/release). `postgresql` starts a server of its own and
# stops it; a DSN (postgresql://...) names an empty database whose role is the application's owner
# and may make roles and schemas (CREATEROLE, CREATE on the database). What the tour makes there
# stays. A password in the DSN goes into PGPASSWORD, since doppel keeps none.
#
# Each step says what must come of it; the first that comes out otherwise ends the tour with 1.
set -euo pipefail

database=sqlite
if [[ ${1:-} == --database ]]; then
  database=${2:-}
  shift 2 || { printf 'tour: --database wants sqlite, postgresql or a DSN\n' >&2; exit 2; }
fi
case $database in
  sqlite | postgresql | postgresql://*) ;;
  *)
    printf "tour: no database '%s': sqlite, postgresql or postgresql://...\n" "$database" >&2
    exit 2
    ;;
esac
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${1:-$here/../../build/release}")
manifest=$here/manifest.yaml
for tool in "$build/doppel" "$build/helpdesk_generate"; do
  [[ -x $tool ]] || {
    printf 'tour: %s is missing: build it with ./dev build\n' "$tool" >&2
    exit 1
  }
done
shell=psql package=postgresql-client
[[ $database == sqlite ]] && shell=sqlite3 package=sqlite3
command -v $shell >/dev/null || {
  printf 'tour: the shell %s is missing: it plays the application (apt install %s)\n' \
    $shell $package >&2
  exit 1
}

folder=$(mktemp -d "${TMPDIR:-/tmp}/doppel-tour.XXXXXX")
# The server of the tour ends before its files go.
server=''
clear_up() {
  if [[ -n $server ]]; then
    kill -QUIT "$server" 2>/dev/null || true
    while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
  fi
  if [[ -z ${DOPPEL_KEEP:-} ]]; then rm -rf "$folder"; fi
}
trap clear_up EXIT
cd "$folder"
cp "$manifest" helpdesk.yaml
export PATH=$build:$PATH DOPPEL_HOME=$folder/home DOPPEL_USER=ada
output=$folder/output
bold='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' plain=$'\e[0m'; fi

# Live's database: LIVE for the application, HELPDESK for doppel.
start_server() {
  local cluster=$folder/server
  chmod 711 "$folder" # Root's server runs as somebody else.
  exec 9>>"$cluster.users"
  flock -s 9
  "$here/../../tests/support/postgres_cluster.py" "$cluster" >/dev/null
  server=$(head -n 1 "$cluster/data/postmaster.pid")
  psql -qX -h "$cluster" -U postgres -c 'CREATE DATABASE helpdesk OWNER doppel_owner' postgres
  export LIVE="postgresql://doppel_owner@/helpdesk?host=$cluster"
  export HELPDESK="postgresql://doppel_admin@/helpdesk?host=$cluster"
}
# The DSN of one's own, without its password.
use_dsn() {
  local dsn=$database
  if [[ $dsn =~ ^(postgresql://[^/:@?]*):([^/@]*)@(.*)$ ]]; then
    dsn=${BASH_REMATCH[1]}@${BASH_REMATCH[3]}
    PGPASSWORD=$(printf '%b' "${BASH_REMATCH[2]//%/\\x}")
    export PGPASSWORD
  fi
  export LIVE=$dsn HELPDESK=$dsn
  local tables
  tables=$(psql -qXtA "$LIVE" -c "SELECT count(*) FROM pg_class WHERE relnamespace IN (SELECT oid
    FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)')") || exit 1
  [[ $tables == 0 ]] || {
    printf 'tour: the database is not empty: name another one\n' >&2
    exit 1
  }
}
case $database in
  sqlite) export HELPDESK=sqlite:helpdesk.db ;;
  postgresql) start_server ;;
  *) use_dsn ;;
esac

fail() {
  printf '\ntour: %s\n' "$*" >&2
  exit 1
}
chapter() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
tell() {
  printf '\n'
  printf '%s\n' "$@"
}

# Shows a command as it is typed, runs it, shows what it answers; it must end with STATUS.
run_to() { # STATUS COMMAND
  printf '\n%s$ %s%s\n' "$bold" "$2" "$plain"
  local status=0
  eval "$2" >"$output" 2>&1 || status=$?
  cat "$output"
  ((status == $1)) || fail "the command ended with $status instead of $1"
}
run() { run_to 0 "$1"; }
# As the application does it in live, with a table where there is something to see.
live() { # SQL
  if [[ $database == sqlite ]]; then
    run "sqlite3 -box helpdesk.db \"$1\""
  else
    run "psql -qX \"\$LIVE\" <<<\"$1\""
  fi
}
# What stands in live: one value, not shown.
value_in_live() { # SQL
  if [[ $database == sqlite ]]; then sqlite3 helpdesk.db "$1"; else psql -qXtA "$LIVE" -c "$1"; fi
}
# The last command must have answered this; and not this.
expect() { grep -qF -- "$1" "$output" || fail "the answer lacks: $1"; }
expect_no() { ! grep -qF -- "$1" "$output" || fail "the answer must not hold: $1"; }

chapter "1. A helpdesk is in production"
tell "A database of an application, made with 1,500 tickets. Its manifest says which tables are" \
  "configuration and which are data, people, secrets, logs."
if [[ $database == sqlite ]]; then
  run 'helpdesk_generate --tickets 1500 | sqlite3 -bail helpdesk.db'
else
  tell "(LIVE is the DSN of its owner, HELPDESK that of a role for doppel; they may be one.)"
  run 'helpdesk_generate --tickets 1500 --database postgresql |
    psql -qX -v ON_ERROR_STOP=1 "$LIVE"'
fi
run 'doppel manifest check helpdesk.yaml "$HELPDESK"'
expect "fits"
run 'doppel init acme "$HELPDESK" --manifest helpdesk.yaml'
expect "acme is attached"

chapter "2. Two sandboxes"
tell "Ada prepares a new process for repairs; her colleagues want a desk to train on."
run 'doppel sandbox create acme/qa --purpose "Repairs"'
expect "queues 6"
run 'doppel sandbox create acme/training --purpose "New colleagues"'
run 'doppel sandbox list acme'
expect "acme/training"

chapter "3. Work in the sandboxes"
tell "In qa a queue and a routing rule change. Live sees nothing of it."
run "doppel sql acme/qa \"UPDATE queues SET name = 'Repairs', max_open = 120 WHERE id = 4\""
expect "1 row changed"
run "doppel sql acme/qa \"UPDATE routing_rules SET assign_to = 9 WHERE name = 'Repairs'\""
tell "The status 'On hold' goes. As in production, its tickets must go somewhere else first."
run_to 3 "doppel sql acme/qa \"DELETE FROM ticket_statuses WHERE name = 'On hold'\""
expect "FOREIGN KEY constraint failed"
run "doppel sql acme/qa \"UPDATE tickets SET status_id = 2 WHERE status_id = 4;
    DELETE FROM ticket_statuses WHERE name = 'On hold'\""
tell "The application itself may work there, too: to it a sandbox is a database like any other." \
  "Here the shell $shell plays the application."
run 'doppel env acme/qa'
open="sqlite3 \"\${DATABASE_URL#sqlite:}\""
if [[ $database != sqlite ]]; then open="psql -qX \"\$DATABASE_URL\" -c"; fi
run "( eval \"\$(doppel env acme/qa)\" && $open \"
    INSERT INTO custom_fields (name, kind, position) VALUES ('Serial number', 'text', 6)\" )"
tell "In training a queue is added and a custom field renamed."
run "doppel sql acme/training \"INSERT INTO queues (name) VALUES ('Practice');
    UPDATE custom_fields SET name = 'Region of delivery' WHERE id = 3\""

chapter "4. Meanwhile in live"
tell "Nobody waited: Bruno renames the same queue, adds another one, and demands order numbers."
live "UPDATE queues SET name = 'Returns and repairs' WHERE id = 4;
    INSERT INTO queues (name) VALUES ('Partners');
    UPDATE custom_fields SET required = 1 WHERE name = 'Order number';"

chapter "5. What is different"
tell "Three states side by side: what it was, what the sandbox made of it, what live has by now."
run 'doppel diff acme/qa'
expect "name: 'Returns' -> 'Repairs', in live 'Returns and repairs' by now"
expect "+ Serial number"
expect "- On hold"
expect_no "Partners"
run 'doppel sandbox show acme/qa'
expect "live since then: 3 rows of config changed"

chapter "6. A plan, its questions, its answers"
tell "The plan says what a promotion would do to live as it is now, and asks what it can't know:" \
  "which name of the queue is right, and where live's tickets on hold go. It ends with 1."
run_to 1 'doppel plan acme/qa'
expect "c_eedb0b916a"
expect "keep_live (default), take_sandbox, edit"
expect "--map 'ticket_statuses:On hold=ROW'"
tell "A hurried promotion is refused."
run_to 1 'doppel promote acme/qa --plan "$(doppel plan acme/qa --quiet)"'
run_to 1 'doppel resolve acme/qa c_eedb0b916a take_sandbox'
expect "answered: take_sandbox"
run "doppel plan acme/qa --map 'ticket_statuses:On hold=Open'"
expect "which go to 'Open'"
expect "nothing was lost"
expect "put it live: doppel promote acme/qa --plan"

chapter "7. Live, in one transaction"
run "plan=\$(doppel plan acme/qa --map 'ticket_statuses:On hold=Open' --quiet) &&
    doppel promote acme/qa --plan \$plan"
expect "Promotion 1 is live"
live "SELECT id, name, max_open FROM queues ORDER BY id;
    SELECT id, name, required FROM custom_fields ORDER BY id;"
expect "Repairs"
expect "Partners"
expect "Serial number"
live "SELECT count(*) AS tickets_on_hold FROM tickets WHERE status_id = 4;"
[[ $(value_in_live 'SELECT count(*) FROM tickets WHERE status_id = 4') == 0 ]] ||
  fail "tickets are left on hold"
tell "The sandbox was promoted in full, and so it has ended."
run 'doppel sandbox list acme'
expect_no "acme/qa"
run 'doppel history acme'
expect "acme/qa"

chapter "8. The other sandbox moves on"
tell "A refresh stands training on live as it is now; its own work stays."
practice=9
if [[ $database == sqlite ]]; then
  tell "Its queue had taken the key that Bruno's has in live: it gets another one."
else
  practice=8
fi
run 'doppel sandbox refresh acme/training'
expect "2 own changes kept"
run 'doppel diff acme/training'
expect "+ Practice (key $practice)  added by ada"
expect "~ Region of delivery"
tell "A checkpoint before the lesson, and after it everything is as it was."
run 'doppel sandbox checkpoint acme/training before-lesson'
run 'doppel sql acme/training "DELETE FROM routing_rules; DELETE FROM macros"'
run 'doppel sandbox reset acme/training before-lesson'
run 'doppel diff acme/training'
expect_no "routing_rules"
expect "+ Practice"

chapter "9. Back again"
tell "The new process doesn't work out. Live was edited since, which a rollback won't lose:"
live "UPDATE sla_targets SET minutes = 45
    WHERE policy_id = 1 AND priority = 'urgent' AND metric = 'first_response';"
run_to 3 'doppel rollback acme'
expect "sla_targets '1 / urgent / first_response' was changed"
run 'doppel rollback acme --keep-edits'
expect "Rollback 2 is live"
live "SELECT id, name, max_open FROM queues WHERE id = 4;
    SELECT count(*) AS tickets_on_hold FROM tickets WHERE status_id = 4;
    SELECT minutes FROM sla_targets
    WHERE policy_id = 1 AND priority = 'urgent' AND metric = 'first_response';"
expect "Returns and repairs"
expect "45"
run 'doppel history acme'
expect "rollback"
run 'doppel snapshot list acme'

chapter "10. The end"
run 'doppel sandbox discard acme/training'
expect "is discarded"
run 'doppel sandbox list acme'
expect "There are no sandboxes of acme."

printf '\nThe tour ended well. %s\n' \
  "README.md has it in short, to be pasted; docs/guide goes on from here."
