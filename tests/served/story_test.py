#!/usr/bin/env python3
"""From create to rollback over HTTP, seen by two sessions: story_test.py DOPPEL [TEST...]"""

import sys

from stand import SANDBOX, Browser, Stand, equal, run_tests


def stages(browser, pipeline):
    items = browser.get(f"/api/v1/pipeline_stages?pipeline_id={pipeline}&sort=position,name")
    return [stage["name"] for stage in items["items"]]


def story(stand):
    """`ada` works in a sandbox at the first server, `bob` in live at the last."""
    ada, bob = Browser(stand.servers[0]), Browser(stand.servers[-1])
    pipeline = ada.only("pipelines?name=New%20business")["id"]
    usual = ["Qualified", "Proposal", "Negotiation", "Won", "Lost"]
    equal(stages(ada, pipeline), usual)

    ada.enter()
    added = ada.post("/api/v1/pipeline_stages",
                     {"pipeline_id": pipeline, "name": "Review", "position": 4}, status=201)
    stage = ada.only("pipeline_stages?name=Qualified")
    ada.patch(f"/api/v1/pipeline_stages/{stage['id']}", {"name": "Vetted"})
    policy = ada.only("sla_policies?name=Standard")["id"]
    target = ada.only(f"sla_targets?policy_id={policy}&priority=urgent&metric=first_reply")
    ada.patch(f"/api/v1/sla_targets/{target['id']}", {"minutes": 30})
    mine = ["Vetted", "Proposal", "Negotiation", "Review", "Won", "Lost"]
    equal(stages(ada, pipeline), mine)
    equal(stages(bob, pipeline), usual)
    equal(bob.get(f"/api/v1/sla_targets/{target['id']}")["minutes"], 60)
    bob.get(f"/api/v1/pipeline_stages/{added['id']}", status=404)

    # Leaving and coming back loses nothing; the same person's other session is in live.
    ada.post(SANDBOX + "/toggle", {"enable": False})
    equal(stages(ada, pipeline), usual)
    equal(stages(Browser(stand.servers[0]), pipeline), usual)
    ada.post(SANDBOX + "/toggle", {"enable": True})
    equal(stages(ada, pipeline), mine)

    # Data is shared, and can't refer to what only the sandbox has.
    account = ada.get("/api/v1/accounts?limit=1")["items"][0]["id"]
    seats = {"account_id": account, "name": "Seats", "pipeline_id": pipeline}
    deal = ada.post("/api/v1/opportunities", {**seats, "stage_id": stage["id"]}, status=201)
    equal(bob.get(f"/api/v1/opportunities/{deal['id']}")["name"], "Seats")
    refused = ada.post("/api/v1/opportunities", {**seats, "stage_id": added["id"]}, status=409)
    equal(refused["code"], "sandbox_only")

    equal(ada.get(SANDBOX + "/diff")["total"], {"added": 1, "removed": 0, "changed": 2})
    bob.patch(f"/api/v1/pipeline_stages/{stage['id']}", {"name": "Checked"})
    equal(ada.get(SANDBOX)["sandbox"]["collisions"], 1)
    refused = ada.post(SANDBOX + "/promote", status=409)
    conflict = refused["plan"]["conflicts"][0]["id"]
    own = "/api/v1/environments/" + ada.get(SANDBOX)["sandbox"]["name"]
    plan = ada.post(f"{own}/conflicts/{conflict}", {"answer": "take_sandbox"})
    equal(ada.post(f"{own}/promote", {"plan": plan["hash"]})["rows"], 3)
    equal(stages(bob, pipeline), mine)
    equal(stages(ada, pipeline), mine)

    equal(bob.post(SANDBOX + "/rollback")["rows"], 3)
    for browser in (ada, bob):
        equal(stages(browser, pipeline), ["Checked", "Proposal", "Negotiation", "Won", "Lost"])
    equal(ada.get(SANDBOX)["sandbox"], None)


def on_sqlite(doppel):
    with Stand(doppel, "sqlite") as stand:
        story(stand)
        equal(stand.servers[0].stop(), 0)


def on_postgresql_with_two_servers(doppel):
    with Stand(doppel, "postgresql", servers=2) as stand:
        story(stand)
        equal([server.stop() for server in stand.servers], [0, 0])


def main(doppel, *only):
    tests = [on_sqlite, on_postgresql_with_two_servers]
    return run_tests([(test.__name__, lambda test=test: test(doppel)) for test in tests], only)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
