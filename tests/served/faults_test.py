#!/usr/bin/env python3
"""Servers that are killed and databases that go away, over HTTP: faults_test.py DOPPEL [TEST...]"""

import sys
import threading

from stand import SANDBOX, Browser, Stand, equal, run_tests, wait_until

STAGE = "pipeline_stages?name=Qualified"


def a_killed_server_forgets_nothing(stand):
    """Sessions, sandboxes and who is in which are there again after the next start."""
    server = stand.servers[0]
    ada, bob = Browser(server), Browser(server)
    ada.enter()
    stage = f"/api/v1/pipeline_stages/{ada.only(STAGE)['id']}"
    ada.patch(stage, {"name": "Vetted"})
    server.kill()
    server.start()
    equal(server.link, None, "who can sign in needs no link")
    equal(ada.get(stage)["name"], "Vetted")
    equal(bob.get(stage)["name"], "Qualified")
    ada.post(SANDBOX + "/promote")
    server.kill()
    server.start()
    equal(bob.get(stage)["name"], "Vetted")


def writes_of_a_killed_server_are_whole(stand):
    """Killed at any time, a record is there with all that belongs to it, or not at all."""
    server = stand.servers[0]
    ada = Browser(server)
    account = ada.get("/api/v1/accounts?limit=1")["items"][0]["id"]
    for attempt in range(5):
        answered = []

        def write(attempt=attempt, answered=answered):
            for number in range(1000):
                subject = f"round {attempt}, case {number}"
                try:
                    answer = ada.post("/api/v1/cases", {"account_id": account, "subject": subject},
                                      status=None)
                except (OSError, ValueError):
                    return
                answered.append((answer["id"], subject))
        writer = threading.Thread(target=write)
        writer.start()
        wait_until(lambda done=answered: len(done) > 3 * attempt, "some are written")
        server.kill()
        writer.join()
        server.start()
        for key, subject in answered:
            case = ada.get(f"/api/v1/cases/{key}")
            equal(case["subject"], subject)
            # Whoever sees a case sees where it went: both are written together.
            equal(bool(case["queue_id"]), True, subject)
        numbers = [case["number"] for case in ada.get("/api/v1/cases?limit=500")["items"]]
        equal(len(numbers), len(set(numbers)), "no number twice")


def a_database_that_goes_away(stand):
    """503 with Retry-After while it is away, and well again without a restart."""
    server = stand.servers[0]
    ada = Browser(server)
    ada.enter()
    stage = f"/api/v1/pipeline_stages/{ada.only(STAGE)['id']}"
    ada.patch(stage, {"name": "Vetted"})
    stand.cluster.stop()
    for _ in range(6):
        for path in (stage, SANDBOX, "/api/v1/cases", "/api/v1/session"):
            answer = ada.get(path, status=503)
            equal(ada.headers["Retry-After"], "1", path)
            equal(answer["code"], "io", path)
    equal(server.ask("GET", "/healthz")[0], 503)
    stand.cluster.launch()
    wait_until(lambda: server.ask("GET", "/healthz")[0] == 200, "well again")
    equal(ada.get(stage)["name"], "Vetted")
    ada.patch(stage, {"name": "Checked"})
    stand.cluster.restart()
    wait_until(lambda: ada.get(stage, status=None).get("name") == "Checked", "it is back")
    ada.post(SANDBOX + "/promote")


def one_promotion_at_a_time(stand):
    """Of promotions at the same time each is done or refused with the remedy, none half."""
    server = stand.servers[0]
    browsers = [Browser(server) for _ in range(4)]
    ids = [stage["id"] for stage in browsers[0].get("/api/v1/pipeline_stages?limit=4")["items"]]
    plans = []
    for number, browser in enumerate(browsers):
        path = f"/api/v1/environments/s{number}"
        browser.post("/api/v1/environments", {"name": f"s{number}"}, status=201)
        browser.post(path + "/enter")
        browser.patch(f"/api/v1/pipeline_stages/{ids[number]}", {"name": f"by {number}"})
        plans.append((browser, path, browser.post(path + "/plan")["hash"]))
    answers = {}

    def promote(browser, path, plan):
        # A plan is refused where live moved in what it touches; here nothing meets.
        while True:
            answer = browser.post(path + "/promote", {"plan": plan}, status=None)
            if "code" not in answer:
                answers[path] = answer["rows"]
                return
            if answer["code"] not in ("busy", "locked"):
                answers[path] = answer
                return
    threads = [threading.Thread(target=promote, args=plan) for plan in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(answers, {path: 1 for _, path, _ in plans})
    names = {stage["id"]: stage["name"]
             for stage in browsers[0].get("/api/v1/pipeline_stages")["items"]}
    equal([names[key] for key in ids], [f"by {number}" for number in range(4)])


TESTS = [(a_killed_server_forgets_nothing, "sqlite"),
         (a_killed_server_forgets_nothing, "postgresql"),
         (writes_of_a_killed_server_are_whole, "sqlite"),
         (writes_of_a_killed_server_are_whole, "postgresql"),
         (a_database_that_goes_away, "postgresql"),
         (one_promotion_at_a_time, "sqlite"),
         (one_promotion_at_a_time, "postgresql")]


def main(doppel, *only):
    def on(test, database):
        with Stand(doppel, database) as stand:
            test(stand)
    return run_tests([(f"{test.__name__}, {database}",
                       lambda test=test, database=database: on(test, database))
                      for test, database in TESTS if not only or test.__name__ in only])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
