#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/request_cost.py BUILD [--rounds N] [--seconds N] [--only WORD] [--json]: what a write, a read, a start and being idle cost.

Writes beside what the store alone does (bench_store) and reads beside an HTTP layer that answers nothing (bench_http), all
in turns within one run; see README.md."""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from growth import bench, metrics
from outcome import Unmeasured, status

CONNECTIONS = 64
WRITE_AT_LEAST, READ_AT_LEAST = 0.6, 0.5        # of the store alone; of the empty answer
TURNS_AT_MOST = 1.1             # of the writer, a request with all that it causes; PutEvents has no rule that wants its events
FIRST_START_MS, START_MS, IDLE_MIB = 60, 25, 16


class Load:
    def __init__(self, what, service, headers, body, method="POST", path="/"):
        self.what, self.service, self.headers, self.body, self.method, self.path = what, service, headers, body, method, path


def loads(b, url):
    queue = b.ask(url, "sqs", "AmazonSQS", "CreateQueue", "1.0", QueueName="bench")["QueueUrl"]
    b.ask(url, "ssm", "AmazonSSM", "PutParameter", Name="/bench", Value="v", Type="String", Overwrite=True)
    put(b, url, "/bench")
    event = {"Source": "bench", "DetailType": "made", "Detail": json.dumps({"number": 1, "text": "x" * 100})}
    writes = [
        Load("sqs SendMessage", "sqs", b.target("AmazonSQS", "SendMessage", "1.0"),
             json.dumps({"QueueUrl": queue, "MessageBody": "x" * 200})),
        Load("ssm PutParameter", "ssm", b.target("AmazonSSM", "PutParameter"),
             json.dumps({"Name": "/bench", "Value": "w", "Type": "String", "Overwrite": True})),
        Load("s3 PutObject of 1 KB", "s3", {"Content-Type": "text/plain", "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, "x" * 1024,
             "PUT", "/bench/object"),
        Load("events PutEvents", "events", b.target("AWSEvents", "PutEvents"), json.dumps({"Entries": [event]})),
    ]
    reads = [
        Load("sts GetCallerIdentity", "sts", {"Content-Type": b.FORM}, "Action=GetCallerIdentity&Version=2011-06-15"),
        Load("ssm GetParameter", "ssm", b.target("AmazonSSM", "GetParameter"), json.dumps({"Name": "/bench"})),
    ]
    return writes, reads


def put(b, url, path):
    import urllib.request
    r = urllib.request.Request(url + path, b"", b.signed("s3", {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}), method="PUT")
    urllib.request.urlopen(r, timeout=30).read()


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def press(b, url, load, seconds, pid):
    """Requests a second, and microseconds of the server's processor time for each."""
    spent, began = cpu_s(pid), time.monotonic()
    rate = b.wrk(url, (load.what, load.service, load.headers, load.body, load.method, load.path), CONNECTIONS, seconds)
    return rate, (cpu_s(pid) - spent) * 1e6 / (rate * seconds)


class Rounds:
    """The median over rounds of each ratio to what was measured just before."""

    def __init__(self):
        self.seen = {}

    def add(self, what, rate, peer, cpu=0, turns=0, commits=0):
        self.seen.setdefault(what, []).append((rate / peer, rate, peer, cpu, turns, commits))

    def rows(self):
        return [(what, *(statistics.median(column) for column in zip(*tries))) for what, tries in self.seen.items()]


def store_alone(build):
    return json.loads(subprocess.run([os.path.join(build, "bench/bench_store"), "--writes"], check=True, text=True,
                                     capture_output=True, env=dict(os.environ, TMPDIR="/var/tmp")).stdout)["writes_per_s_64"]


def throughput(b, build, slipway, o):
    writes, reads = loads(b, slipway.url)
    wanted = lambda load: not o.only or o.only in load.what
    made, read = Rounds(), Rounds()
    http = subprocess.Popen([os.path.join(build, "bench/bench_http")], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    empty_url = f"http://127.0.0.1:{http.stdout.readline().strip()}"
    for _ in range(o.rounds):
        for load in filter(wanted, writes):
            peer, before = store_alone(build), metrics(slipway.url)
            rate, cpu = press(b, slipway.url, load, o.seconds, slipway.child.pid)
            after, n = metrics(slipway.url), rate * o.seconds
            made.add(load.what, rate, peer, cpu, *((after[k] - before[k]) / n
                                                  for k in ("slipway_store_turns_total", "slipway_store_commits_total")))
        for load in filter(wanted, reads):
            peer, _ = press(b, empty_url, load, o.seconds, http.pid)
            read.add(load.what, *[(rate, peer, cpu) for rate, cpu in [press(b, slipway.url, load, o.seconds, slipway.child.pid)]][0])
    http.stdin.close()
    http.wait(30)
    return made.rows(), read.rows()


def starts(b, program):
    first, again, idle = [], [], []
    for _ in range(5):
        s = b.Slipway(program)
        try:
            first.append(s.start() * 1000)
            s.stop()
            again.append(s.start() * 1000)
            b.request(s.url, "sts", {"Content-Type": b.FORM}, "Action=GetCallerIdentity&Version=2011-06-15")
            idle.append(b.memory_mib(s.child.pid))
        finally:
            s.down()
    return [("first start", "ms", statistics.median(first), FIRST_START_MS), ("start on existing data", "ms", statistics.median(again), START_MS),
            ("idle memory", "MiB", statistics.median(idle), IDLE_MIB)]


def short_of(made, read, begun):
    """Rows of what was measured: what is short of its goal. Nothing at all is short too."""
    short = [f"{what} {ratio:.2f}" for what, ratio, *_ in made if ratio < WRITE_AT_LEAST]
    short += [f"{what} {ratio:.2f}" for what, ratio, *_ in read if ratio < READ_AT_LEAST]
    short += [f"{what}: {turns:.2f} write turns each" for what, _, _, _, _, turns, _ in made if turns > TURNS_AT_MOST]
    short += [f"{what} {value:.0f} {unit}" for what, unit, value, most in begun if value > most]
    return short if made or read else short + ["no load was measured"]


def show(made, read, begun):
    print(f"{CONNECTIONS} connections                    1/s    alone   ratio  CPU us  turns  commits")
    for what, ratio, rate, peer, cpu, turns, commits in made + read:
        print(f"{what:28} {rate:9.0f} {peer:8.0f} {ratio:7.2f} {cpu:7.0f} {turns:6.2f} {commits:8.3f}")
    for what, unit, value, most in begun:
        print(f"{what:28} {value:9.1f} {unit} (at most {most})")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("build")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=int, default=2)
    p.add_argument("--only", help="loads with this in their name alone, and no starts")
    p.add_argument("--json", action="store_true")
    o = p.parse_args()
    b, build = bench(), os.path.abspath(o.build)
    program = os.path.join(build, "slipway")
    begun = [] if o.only else starts(b, program)
    slipway = b.Slipway(program)
    try:
        slipway.start()
        made, read = throughput(b, build, slipway, o)
    except Unmeasured as e:             # a ratio needs both of its sides, so that the rest says nothing
        return status([str(e)])
    finally:
        slipway.down()
    short = short_of(made, read, begun)
    if o.json:
        json.dump({"writes": made, "reads": read, "starts": begun, "short": short}, sys.stdout, indent=1)
        print()
    else:
        show(made, read, begun)
    return status(short)


if __name__ == "__main__":
    sys.exit(main())
