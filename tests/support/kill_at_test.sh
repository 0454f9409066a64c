#!/usr/bin/env bash
# kill_at against a program whose promise is known: SQLite's shell, killed at each of its file
# operations, must leave a database that is whole and holds the transaction or doesn't.
set -euo pipefail
library=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export DOPPEL_TEST_KILL_UNDER="$folder/"

fail() {
  printf 'kill_at_test: %s\n' "$*" >&2
  exit 1
}

fresh() { # JOURNAL MODE
  rm -f "$folder"/x*
  env -u DOPPEL_TEST_KILL_UNDER sqlite3 "$folder/x" "PRAGMA journal_mode=$1;
    CREATE TABLE stage(id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO stage(name) VALUES ('New'), ('Won');" >"$folder/out"
}

change() { # VARIABLE=VALUE...: the change under kill_at; its exit code
  env LD_PRELOAD="$library" "$@" sqlite3 "$folder/x" \
    "BEGIN; INSERT INTO stage(name) VALUES ('Lost'); DELETE FROM stage WHERE id = 1; COMMIT;
     UPDATE stage SET name = 'Gone' WHERE name = 'Lost';"
}

for mode in delete wal; do
  fresh "$mode"
  change DOPPEL_TEST_COUNT_FILE="$folder/count"
  total=$(<"$folder/count")
  ((total >= 5)) || fail "$mode: only $total operations were counted"

  declare -A seen=()
  for ((at = 1; at <= total; ++at)); do
    fresh "$mode"
    # The shell's word on a killed child is no news here.
    status=$({ change DOPPEL_TEST_KILL_AT="$at" && echo 0 || echo $?; } 2>/dev/null)
    [[ $status == 137 ]] || fail "$mode: not killed at operation $at of $total, exit code $status"
    whole=$(sqlite3 "$folder/x" 'PRAGMA integrity_check')
    [[ $whole == ok ]] || fail "$mode: damaged by a kill at operation $at: $whole"
    names=$(sqlite3 "$folder/x" 'SELECT name FROM stage ORDER BY id' | paste -sd,)
    [[ $names =~ ^(New,Won|Won,Lost|Won,Gone)$ ]] || fail "$mode: half a change at $at: $names"
    seen[$names]=1
  done
  # Kills on both sides of a commit, else the library doesn't kill where it says.
  ((${#seen[@]} >= 2)) || fail "$mode: all kills left the same state: ${!seen[*]}"

  fresh "$mode"
  change DOPPEL_TEST_KILL_AT=$((total + 1)) || fail "$mode: killed after the last operation"
  DOPPEL_TEST_KILL_UNDER="$folder/elsewhere" change DOPPEL_TEST_KILL_AT=1 ||
    fail "$mode: killed at a file that is outside of the prefix"
  printf '%s: %d operations\n' "$mode" "$total"
done
