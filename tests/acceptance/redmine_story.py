#!/usr/bin/env python3
"""The whole story on Redmine's database, with the real binary: two sandboxes, edits in both and in
live, diff, conflict, mapping, promotion, refresh, rollback; every row that matters is looked at.

    redmine_story.py DOPPEL MANIFEST DATABASE [CARRIER]

A DATABASE that ends with .sql is a dump of PostgreSQL: the story then happens on a private cluster.
It differs in one thing: PostgreSQL's sandboxes share live's sequences: no key is taken twice.
"""

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path


class Desk:
    """A copy of the database, attached as tenant `redmine`."""

    # The keys that the two new fields have in live at the end: qa's takes another one.
    qa_field, live_field = 5, 4

    def __init__(self, folder, doppel, manifest, database):
        self.doppel, self.folder = doppel, Path(folder)
        self.env = {**os.environ, "DOPPEL_HOME": str(Path(folder) / "home"), "DOPPEL_USER": "ada"}
        self.run("init", "redmine", self.make(database), "--manifest", manifest)

    def run(self, *words, status=0):
        """The JSON that a command answers; it must end with `status`."""
        done = subprocess.run([self.doppel, *words, "--json"], env=self.env, text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != status:
            raise AssertionError(f"doppel {' '.join(words)} ended with {done.returncode}, not "
                                 f"{status}:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout or done.stderr)

    def rows(self, query, environment="redmine"):
        return self.run("sql", environment, query)["rows"]


class SqliteDesk(Desk):
    def make(self, database):
        self.file = self.folder / "redmine.sqlite3"
        shutil.copyfile(database, self.file)
        self.file.chmod(0o644)
        return f"sqlite:{self.file}"

    def live(self, script):
        """Live changes by the application's own connection."""
        connection = sqlite3.connect(self.file)
        connection.executescript(script)
        connection.close()

    def end(self):
        pass


class PostgresqlDesk(Desk):
    # Each has the key that it got when it was made.
    qa_field, live_field = 4, 5

    def make(self, database):
        cluster = f"/tmp/doppel_story_{os.getpid()}"
        # The cluster ends by itself when nobody holds this lock.
        self.users = open(f"{cluster}.users", "a", encoding="utf-8")  # noqa: SIM115
        fcntl.flock(self.users, fcntl.LOCK_SH)
        script = Path(__file__).parent.parent / "support" / "postgres_cluster.py"
        subprocess.run([sys.executable, script, cluster], check=True, stdout=subprocess.DEVNULL)
        self.cluster = cluster
        self.psql("postgres", "postgres", "GRANT doppel_owner TO doppel_admin")
        self.psql("postgres", "postgres",
                  "CREATE DATABASE redmine OWNER doppel_owner TEMPLATE template0")
        self.psql("postgres", "postgres", "GRANT CREATE ON DATABASE redmine TO doppel_admin")
        self.psql("doppel_owner", "redmine", Path(database).read_text(encoding="utf-8"))
        return f"postgresql://doppel_admin@/redmine?host={cluster}"

    def psql(self, role, database, script):
        done = subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", self.cluster,
                               "-U", role, database], input=script, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise AssertionError(f"psql as {role}:\n{done.stdout}")

    def live(self, script):
        self.psql("doppel_owner", "redmine", script)

    def end(self):
        self.psql("postgres", "postgres", "DROP DATABASE redmine WITH (FORCE)")
        self.users.close()


def equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}:\n  found  {found}\n  wanted {wanted}")
    print(f"ok: {what}")


FIELD = """
  INSERT INTO custom_fields
    (type, name, field_format, possible_values, is_for_all, is_filter, position)
  VALUES ('IssueCustomField', '{name}', 'list', '---\n- EU\n- US', FALSE, TRUE, 4);
"""
QUERY = """
  INSERT INTO queries (name, filters, user_id, column_names, type, visibility)
  VALUES ('Out of region', '---\ncf_4:\n  :operator: "="\n  :values:\n  - EU\n', 0,
    '---\n- :id\n- :cf_4\n', 'IssueQuery', 2);
"""


def what_is_known_before(desk, carrier):
    """Redmine has all indexes that a promotion needs; without one of them it is told."""
    found = desk.run("check", "redmine", *carrier)
    equal((found["refused"], found["findings"]), (False, []), "nothing stands in a sandbox's way")
    desk.live("DROP INDEX index_issues_on_status_id")
    found = desk.run("check", "redmine", *carrier)["findings"]
    equal([(finding["kind"], finding["place"]) for finding in found],
          [("slow_lookup", "issues.status_id")], "a reference without an index is found")
    desk.live("CREATE INDEX index_issues_on_status_id ON issues (status_id)")


def work_in_sandboxes(desk):
    """qa: a new field with its joins, a query on it, a status renamed, one deleted, workflows."""
    desk.run("sql", "redmine/qa", FIELD.format(name="Region") + QUERY + """
      INSERT INTO custom_fields_trackers VALUES (4, 1), (4, 2);
      INSERT INTO custom_fields_projects VALUES (4, 1), (4, 3);
      UPDATE issue_statuses SET name = 'Needs feedback' WHERE id = 4;
      UPDATE roles SET name = 'Engineer' WHERE id = 4;
      UPDATE custom_fields SET possible_values = possible_values || '- Platinum\n'
      WHERE id = 1;
      DELETE FROM workflows WHERE old_status_id = 6 OR new_status_id = 6;
      DELETE FROM issue_statuses WHERE id = 6;
      INSERT INTO workflows (tracker_id, old_status_id, new_status_id, role_id, type)
      VALUES (1, 5, 2, 5, 'WorkflowTransition');
      DELETE FROM workflows
      WHERE tracker_id = 3 AND role_id = 5 AND old_status_id = 1 AND new_status_id = 5""")
    desk.run("sql", "redmine/training", """
      UPDATE trackers SET name = 'Defect' WHERE id = 1;
      INSERT INTO roles (name, position, permissions)
      VALUES ('Trainee', 4, '---\n- :view_issues');
      UPDATE enumerations SET name = 'Whenever' WHERE type = 'IssuePriority' AND position = 1""")


def work_in_live(desk):
    """Live takes the key of qa's field, renames the same status, and changes other things."""
    desk.live(FIELD.format(name="Contract") + f"""
      INSERT INTO custom_fields_trackers VALUES ({desk.live_field}, 3);
      UPDATE issue_statuses SET name = 'Waiting' WHERE id = 4;
      UPDATE trackers SET description = 'What does not work' WHERE id = 1;
      UPDATE custom_fields SET is_required = TRUE WHERE id = 1;
      INSERT INTO workflows (tracker_id, old_status_id, new_status_id, role_id, type)
      VALUES (2, 5, 2, 5, 'WorkflowTransition');""")


def look_at_diff(desk):
    diff = desk.run("diff", "redmine/qa")
    kinds = sorted({(row["table"], row["kind"]) for row in diff["changes"]})
    equal(kinds, [("custom_fields", "added"), ("custom_fields", "changed"),
                  ("custom_fields_projects", "added"), ("custom_fields_trackers", "added"),
                  ("issue_statuses", "removed"), ("issue_statuses", "renamed"),
                  ("queries", "added"), ("roles", "renamed"), ("workflows", "added"),
                  ("workflows", "removed")],
          "the diff of qa has what was done there and nothing else")
    status = next(row for row in diff["changes"]
                  if row["table"] == "issue_statuses" and row["kind"] == "renamed")
    equal(status["fields"], [{"column": "name", "base": "Feedback", "live": "Waiting",
                              "sandbox": "Needs feedback", "parts": []}],
          "three states side by side")


def plan_and_promote(desk):
    plan = desk.run("plan", "redmine/qa", status=1)
    open_ones = [conflict for conflict in plan["conflicts"] if not conflict["answered"]]
    equal([(c["kind"], c["table"], c["columns"]) for c in open_ones],
          [("both_changed", "issue_statuses", ["name"])], "one thing was changed on both sides")
    equal([(row["table"], row["key"], row["to"]) for row in plan["rekeyed"]
           if row["table"] == "custom_fields"],
          [("custom_fields", {"id": 4}, {"id": 5})] if desk.qa_field != 4 else [],
          "live has taken the new field's key, where keys aren't shared")
    needs = [(i["referrer"], i["column"], i["rows"]) for i in plan["impact"] if i["needs_mapping"]]
    equal(needs, [("issues", "status_id", 80)], "live's rejected issues need another status")
    desk.run("resolve", "redmine/qa", open_ones[0]["id"], "take_sandbox", status=1)
    plan = desk.run("plan", "redmine/qa", "--map", "issue_statuses:Rejected=Closed")
    equal((plan["data_rows"], plan["rehearsal"]["restored"]), (80, True), "the plan is rehearsed")
    done = desk.run("promote", "redmine/qa", "--plan", plan["hash"])
    equal((done["promotion"]["number"], done["data_rows"]), (1, 80), "it is live")


def look_at_live(desk):
    equal(desk.rows("SELECT id, name FROM custom_fields WHERE id > 3 ORDER BY id"),
          sorted([[desk.live_field, "Contract"], [desk.qa_field, "Region"]]),
          "both new fields stand side by side")
    equal(desk.rows("SELECT * FROM custom_fields_trackers WHERE custom_field_id > 3 ORDER BY 1, 2"),
          sorted([[desk.live_field, 3], [desk.qa_field, 1], [desk.qa_field, 2]]),
          "the joins to trackers followed the new key")
    equal(desk.rows("SELECT * FROM custom_fields_projects ORDER BY 1, 2"),
          [[desk.qa_field, 1], [desk.qa_field, 3]], "and those to projects")
    texts = desk.rows("SELECT filters, column_names FROM queries WHERE name = 'Out of region'")[0]
    equal([(text.count(f"cf_{desk.qa_field}"), text.count(f"cf_{desk.live_field}"))
           for text in texts], [(1, 0), (1, 0)], "and so did the ids inside the saved query")
    equal(desk.rows("SELECT id, name FROM issue_statuses ORDER BY id"),
          [[1, "New"], [2, "In Progress"], [3, "Resolved"], [4, "Needs feedback"], [5, "Closed"]],
          "statuses: renamed as answered, deleted")
    equal(desk.rows("SELECT status_id, count(*) FROM issues WHERE status_id > 4 GROUP BY 1"),
          [[5, 153]], "the deleted status's issues are closed")
    equal(desk.rows("SELECT is_required, possible_values LIKE '%- Bronze%- Platinum%'"
                    " FROM custom_fields WHERE id = 1"), [[1, 1]], "one row, merged per field")
    equal(desk.rows("SELECT tracker_id FROM workflows WHERE old_status_id = 5"
                    " AND new_status_id = 2 AND role_id = 5 ORDER BY 1"),
          [[1], [2]], "transitions of both sides")
    equal(desk.rows("SELECT count(*) FROM workflows WHERE 6 IN (old_status_id, new_status_id)"),
          [[0]], "none is left of the deleted status")


def refresh_and_roll_back(desk, before):
    desk.run("sandbox", "refresh", "redmine/training")
    equal(desk.rows("SELECT name, description FROM trackers WHERE id = 1", "redmine/training"),
          [["Defect", "What does not work"]], "a refreshed row has both sides' work")
    equal(desk.rows(f"SELECT name FROM custom_fields WHERE id = {desk.qa_field}",
                    "redmine/training"),
          [["Region"]], "what was promoted has come to the other sandbox")
    equal([row["label"] for row in desk.run("diff", "redmine/training")["changes"]],
          ["Whenever", "Trainee", "Defect"], "and its own work stays")

    desk.live("UPDATE roles SET assignable = FALSE WHERE id = 4; UPDATE issues SET status_id = 2"
              " WHERE id = (SELECT min(id) FROM issues WHERE status_id = 5)")
    refused = desk.run("rollback", "redmine", status=3)["error"]
    equal("Engineer" in refused["message"], True, "live was edited since: a rollback asks first")
    plan = desk.run("rollback", "redmine", "1")
    desk.run("rollback", "redmine", "1", "--plan", plan["hash"])
    equal(desk.rows("SELECT name, assignable FROM roles WHERE id = 4"), [["Developer", 0]],
          "taken back, the later edit kept")
    equal(desk.rows("SELECT id, name FROM issue_statuses ORDER BY id"), before["statuses"],
          "all statuses are as they were")
    equal(desk.rows("SELECT * FROM workflows ORDER BY id"), before["workflows"],
          "and all workflows")
    equal(desk.rows("SELECT id, name FROM custom_fields ORDER BY id"), before["fields"],
          "live's own field stays, the promoted one is gone")
    equal(desk.rows("SELECT count(*) FROM queries WHERE name = 'Out of region'"), [[0]],
          "so is the query")
    equal(desk.rows("SELECT count(*) FROM issues WHERE status_id = 6")[0][0] >= 79, True,
          "the issues are rejected again, but for the one that was edited")
    promotions = desk.run("history", "redmine")["promotions"]
    equal([(p["number"], p["kind"], p["reverts"]) for p in promotions],
          [(1, "promotion", None), (2, "rollback", 1)], "history has both")


def tell(desk, carrier):
    what_is_known_before(desk, carrier)
    for sandbox in ("redmine/qa", "redmine/training"):
        desk.run("sandbox", "create", sandbox, *carrier)
    equal(desk.run("sandbox", "show", "redmine/qa")["live_moved"], 0, "a new sandbox is up to date")
    work_in_sandboxes(desk)
    work_in_live(desk)
    before = {"statuses": desk.rows("SELECT id, name FROM issue_statuses ORDER BY id"),
              "workflows": desk.rows("SELECT * FROM workflows ORDER BY id"),
              "fields": desk.rows("SELECT id, name FROM custom_fields ORDER BY id")}
    look_at_diff(desk)
    plan_and_promote(desk)
    look_at_live(desk)
    refresh_and_roll_back(desk, before)
    desk.run("sandbox", "discard", "redmine/training")
    equal(desk.run("sandbox", "list", "redmine")["sandboxes"], [], "no sandbox is left")


def main(doppel, manifest, database, *carrier):
    kind = PostgresqlDesk if database.endswith(".sql") else SqliteDesk
    with tempfile.TemporaryDirectory(prefix="doppel-redmine.") as folder:
        desk = kind(folder, doppel, manifest, database)
        try:
            tell(desk, [word for name in carrier for word in ("--carrier", name)])
        finally:
            desk.end()
    print("the whole story on Redmine went as told")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
