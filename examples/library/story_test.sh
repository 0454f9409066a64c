#!/usr/bin/env bash
# Runs the story on a new helpdesk; live must have what the sandbox made, and history who made it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$build/helpdesk_generate" --tickets 20 | sqlite3 -bail helpdesk.db
"$build/library_story" home helpdesk.db "$here/../helpdesk/manifest.yaml" | tee story
grep -qF "promotion 1, 2 rows" story
names="SELECT name FROM queues WHERE name IN ('Repairs', 'Partners') ORDER BY 1"
[[ $(sqlite3 helpdesk.db "$names") == $'Partners\nRepairs' ]]
DOPPEL_HOME=home "$build/doppel" history acme | grep -F " library "
