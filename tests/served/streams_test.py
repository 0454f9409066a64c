#!/usr/bin/env python3
"""Events, exports, keys and files over a socket: streams_test.py DOPPEL [TEST...]"""

import csv
import http.client
import io
import json
import sys

from stand import SANDBOX, Browser, Stand, equal, run_tests


class Watch:
    """An event stream that is read event by event."""

    def __init__(self, browser, last=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", browser.server.port, timeout=60)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items())}
        if last:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", "/api/v1/events", headers=headers)
        self.answer = self.connection.getresponse()
        equal(self.answer.status, 200)
        equal(self.answer.getheader("Content-Type"), "text/event-stream")

    def next(self):
        """(id, type, data) of the next event; comments are passed over."""
        fields = {}
        while True:
            line = self.answer.readline().decode("utf-8").rstrip("\n")
            if not line and "data" in fields:
                return fields.get("id"), fields.get("event"), json.loads(fields["data"])
            name, colon, value = line.partition(":")
            if name and colon:
                fields[name] = value.lstrip()

    def close(self):
        self.connection.close()


def events_reach_who_may_have_them(stand):
    """`ada` is in a sandbox at the first server, `bob` in live at the last."""
    ada, bob = Browser(stand.servers[0]), Browser(stand.servers[-1])
    ada.enter()
    hers, his = Watch(ada), Watch(bob)
    ada.post("/api/v1/teams", {"name": "Hers"}, status=201)
    account = ada.post("/api/v1/accounts", {"name": "North"}, status=201)["id"]
    # His comes after hers, so that a sandbox's event in live would come before it.
    _, kind, data = his.next()
    equal((kind, data["collection"], data["id"]), ("record", "accounts", account))
    equal(sorted([hers.next()[2]["collection"], hers.next()[2]["collection"]]),
          ["accounts", "teams"])
    ada.post(SANDBOX + "/promote")
    last, kind, data = his.next()
    equal((kind, data["verb"]), ("promotion", "promotion"))
    his.close()
    ada.patch(f"/api/v1/accounts/{account}", {"name": "South"})
    again = Watch(bob, last)
    equal(again.next()[2]["verb"], "change")
    again.close()
    hers.close()


def exports_are_whole(stand):
    ada = Browser(stand.servers[0])
    for start in range(0, 1200, 400):
        writes = [{"verb": "create", "collection": "contacts",
                   "values": {"family_name": f"Lind, {number}", "job_title": "exported"}}
                  for number in range(start, start + 400)]
        ada.post("/api/v1/bulk", {"writes": writes})
    text = ada.get("/api/v1/exports/contacts?job_title=exported")
    rows = list(csv.DictReader(io.StringIO(text)))
    equal(len({row["id"] for row in rows}), 1200)
    equal({row["family_name"] for row in rows}, {f"Lind, {number}" for number in range(1200)})
    equal(ada.headers.get("Transfer-Encoding"), "chunked", "it is a stream")


def a_key_outlives_its_server(stand):
    ada = Browser(stand.servers[0])
    sent = {"headers": {"Idempotency-Key": "north-1"}, "status": 201}
    first = ada.post("/api/v1/accounts", {"name": "Once"}, **sent)
    stand.servers[0].kill()
    stand.servers[0].start()
    again = ada.post("/api/v1/accounts", {"name": "Once"}, **sent)
    equal(again, first)
    equal(ada.headers.get("Idempotency-Replayed"), "true")
    ada.only("accounts?name=Once")


def files_are_bytes(stand):
    ada = Browser(stand.servers[0])
    message = ada.get("/api/v1/case_messages?limit=1")["items"][0]["id"]
    path = f"/api/v1/case_messages/{message}/attachments?file_name=a.txt"
    headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in ada.cookies.items()),
               "X-CSRF-Token": ada.token, "Content-Type": "text/plain"}
    content = "x" * 3_000_000  # More than other calls take.
    status, answer, _ = ada.server.ask("POST", path, content, headers)
    equal((status, answer["size"]), (201, len(content)))
    equal(ada.get(f"/api/v1/attachments/{answer['id']}/content"), content)
    # Refused by its head, before anybody sends so much.
    connection = http.client.HTTPConnection("127.0.0.1", ada.server.port, timeout=60)
    connection.request("POST", path, headers={**headers, "Content-Length": "20000001"})
    equal(connection.getresponse().status, 413)
    connection.close()


def everything(stand):
    events_reach_who_may_have_them(stand)
    exports_are_whole(stand)
    a_key_outlives_its_server(stand)
    files_are_bytes(stand)


def on_sqlite(doppel):
    with Stand(doppel, "sqlite") as stand:
        everything(stand)


def on_postgresql_with_two_servers(doppel):
    with Stand(doppel, "postgresql", servers=2) as stand:
        everything(stand)


def main(doppel, *only):
    tests = [on_sqlite, on_postgresql_with_two_servers]
    return run_tests([(test.__name__, lambda test=test: test(doppel)) for test in tests], only)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
