#!/usr/bin/env python3
"""How fast the desk is over HTTP: desk_bench.py DOPPEL [--cases N] [--seconds N] [--database D]

On the demo: read one case, list 50 filtered by queue and status, create a case, each in live and in
a sandbox, with wrk on the same machine; then what an admin does by hand, timed one by one. Each
answer is looked at before its speed is measured. Columns: requests per second, p50 and p99 in
milliseconds, processor time of the server (and of PostgreSQL) per request.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "served"))
from stand import SANDBOX, Browser, Stand, equal  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
# What wrk sends, and what it says at the end in a line of its own.
SCRIPT = """
wrk.method, wrk.body, wrk.headers = %s, %s, %s
done = function(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read
  io.write(string.format("MEASURED %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed))
end
"""


def processor_seconds(pids):
    """Of these processes and what they have started and ended."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def children_of(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text().split()]
    return found


def processes(stand):
    pids = [server.process.pid for server in stand.servers]
    if stand.cluster:
        pids += [stand.cluster.server.pid, *children_of(stand.cluster.server.pid)]
    return pids


def lua(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{lua(k)}] = {lua(v)}" for k, v in value.items()) + "}"
    return "nil" if value is None else json.dumps(value)


def load(stand, browser, method, path, body, seconds):
    """Requests per second, p50 and p99 in ms, processor ms per request."""
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
               "X-CSRF-Token": browser.token, "Content-Type": "application/json"}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % (lua(method), lua(body and json.dumps(body)), lua(headers)))
        script.flush()
        before = processor_seconds(processes(stand))
        done = subprocess.run(
            ["wrk", "-t1", "-c4", f"-d{seconds}s", "-s", script.name,
             f"http://127.0.0.1:{browser.server.port}{path}"],
            text=True, capture_output=True, check=True)
        used = processor_seconds(processes(stand)) - before
    requests, duration, p50, p99, failed = map(
        int, re.search(r"^MEASURED (.*)$", done.stdout, re.M).group(1).split())
    equal(failed, 0, f"requests that failed: {method} {path}")
    return requests / duration * 1e6, p50 / 1000, p99 / 1000, used / requests * 1000


def measure(stand, seconds):
    live, inside = Browser(stand.servers[0]), Browser(stand.servers[0])
    inside.enter()
    case = live.get("/api/v1/cases?limit=1&sort=-number")["items"][0]
    wanted = f"/api/v1/cases?limit=50&queue_id={case['queue_id']}&status_id={case['status_id']}"
    made = {"account_id": case["account_id"], "subject": "How fast is this?"}
    operations = [("read one case", "GET", f"/api/v1/cases/{case['id']}", None),
                  ("list 50 by queue and status", "GET", wanted, None),
                  ("create a case", "POST", "/api/v1/cases", made)]
    for browser in (live, inside):
        equal(browser.get(operations[0][2])["id"], case["id"])
        equal(all(item["queue_id"] == case["queue_id"]
                  for item in browser.get(wanted)["items"]), True)
        equal(browser.post("/api/v1/cases", made, status=201)["subject"], made["subject"])
    print(f"{'':34}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'cpu ms':>9}")
    for name, method, path, body in operations:
        figures = {}
        # In turn, so that what else the machine does meets both.
        for mode, browser in [("live", live), ("sandbox", inside)] * 2:
            figures.setdefault(mode, []).append(load(stand, browser, method, path, body, seconds))
        means = {mode: [statistics.mean(column) for column in zip(*rows)]
                 for mode, rows in figures.items()}
        for mode, (rate, p50, p99, cpu) in means.items():
            print(f"{name + ', ' + mode:34}{rate:9.0f}{p50:9.2f}{p99:9.2f}{cpu:9.3f}", flush=True)
        ratio = means["sandbox"][3] / means["live"][3]
        print(f"{'  sandbox beside live, cpu':34}{ratio:9.2f} x   (target 1.10)")


def milliseconds(work):
    began = time.perf_counter()
    answer = work()
    return (time.perf_counter() - began) * 1000, answer


def rename_all(browser, collection, word, count):
    """Changes so many rows of a collection, one by one."""
    items = browser.get(f"/api/v1/{collection}?limit=500&fields=id,name")["items"][:count]
    for item in items:
        browser.patch(f"/api/v1/{collection}/{item['id']}", {"name": f"{item['name']} {word}"})
    return len(items)


def by_hand(stand):
    """Create, diff and promote of 100 changes, through HTTP."""
    ada = Browser(stand.servers[0])
    create, diff, promote = [], [], []
    for lap in range(5):
        if ada.get(SANDBOX)["sandbox"]:
            ada.ask("DELETE", SANDBOX, status=204)
        took, answer = milliseconds(lambda: ada.post(SANDBOX, status=201))
        create.append(took)
        rows = sum(answer["tables"].values())
        ada.post(SANDBOX + "/toggle", {"enable": True})
        changes = 0
        for collection in ("custom_fields", "routing_rules", "products", "case_categories"):
            if changes < 100:
                changes += rename_all(ada, collection, str(lap), 100 - changes)
        took, answer = milliseconds(lambda: ada.get(SANDBOX + "/diff"))
        diff.append(took)
        equal(answer["total"]["changed"], changes)
        took, answer = milliseconds(lambda: ada.post(SANDBOX + "/promote"))
        promote.append(took)
        equal(answer["rows"], changes)
    print(f"\nof {rows} rows of config, {changes} changes; median of 5, with commits' flushes; "
          "target 40 ms")
    for name, laps in (("create", create), ("diff", diff), ("promote", promote)):
        print(f"  {name:10}{statistics.median(laps):9.1f} ms   {min(laps):.1f}..{max(laps):.1f}")


def start_and_memory(stand):
    server = stand.servers[0]
    server.stop()
    took, _ = milliseconds(server.start)
    resident = int(re.search(r"VmRSS:\s+(\d+)", Path(
        f"/proc/{server.process.pid}/status").read_text()).group(1)) / 1024
    print(f"\nready after {took:.0f} ms (target 300), idle with {resident:.0f} MiB (target 60)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("doppel")
    parser.add_argument("--cases", type=int, default=100000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    chosen = parser.parse_args()
    for database in chosen.database or ["sqlite", "postgresql"]:
        print(f"\n== {database}, {chosen.cases} cases", flush=True)
        with Stand(chosen.doppel, database, demo=chosen.cases) as stand:
            measure(stand, chosen.seconds)
            by_hand(stand)
            start_and_memory(stand)


if __name__ == "__main__":
    main()
