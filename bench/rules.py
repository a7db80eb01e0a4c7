#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/rules.py PROGRAM: what rules that do not concern an event, and policies that do not concern a request, may cost. Fails where it is more.

What is told is the server's own CPU time a request, deliveries and all, so that what else the machine does hardly matters."""
import argparse
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import json
import os
import statistics
import sys
import time
import urllib.parse

import growth
from outcome import status

RULES, POLICIES, CONNECTIONS = 300, 100, 64
# Ten runs beside other work said 7.4 to 9.0. Half as much again for each policy is 12. That they are parsed once is no matter of
# this ratio, which hardly knows it (9 to 13 without), and is counted.
POLICIES_AT_MOST = 11


# ---- signed requests -------------------------------------------------------------------------------------------------

class Caller:
    """One connection, kept, with a true signature."""

    def __init__(self, port, key):
        self.host, (self.id, self.secret) = f"127.0.0.1:{port}", key
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def headers(self, service, body, headers, method, path):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{now[:8]}/us-east-1/{service}/aws4_request"
        signed = {"host": self.host, "x-amz-date": now, **{k.lower(): v for k, v in headers.items()}}
        names = ";".join(sorted(signed))
        canonical = "\n".join([method, path, "", *(f"{k}:{signed[k]}" for k in sorted(signed)), "", names,
                               hashlib.sha256(body).hexdigest()])
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret).encode()
        for part in scope.split("/"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return dict(headers, **{"X-Amz-Date": now, "Authorization": f"AWS4-HMAC-SHA256 Credential={self.id}/{scope}, "
                                f"SignedHeaders={names}, Signature={signature}"})

    def send(self, service, body, headers, method="POST", path="/"):
        self.connection.request(method, path, body, self.headers(service, body, headers, method, path))
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise OSError(f"{service}: {answer.status} {text[:300].decode(errors='replace')}")
        return text

    def json(self, service, target, version="1.1", **members):
        return json.loads(self.send(service, json.dumps(members).encode(),
                                    {"X-Amz-Target": target, "Content-Type": f"application/x-amz-json-{version}"}) or b"{}")

    def iam(self, action, **members):
        body = urllib.parse.urlencode(dict(members, Action=action, Version="2010-05-08")).encode()
        return self.send("iam", body, {"Content-Type": "application/x-www-form-urlencoded"}).decode()

    def metrics(self):
        """A strict server tells them to whom it knows."""
        return growth.counters(self.send("slipway", b"", {}, "GET", "/_slipway/metrics").decode())


# ---- figures ---------------------------------------------------------------------------------------------------------

def cpu_us(child):
    """To the nanosecond, of all its threads."""
    spent = 0
    for task in os.listdir(f"/proc/{child.pid}/task"):
        try:
            with open(f"/proc/{child.pid}/task/{task}/schedstat") as f:
                spent += int(f.read().split()[0])
        except OSError:
            continue
    return spent / 1000


def quiet(url):
    while any(growth.metrics(url)[key] for key in ("slipway_engine_events_due", "slipway_engine_items_due")):
        time.sleep(0.05)


def round_us(slipway, call, times, causes):
    """CPU of one call and, where asked for, all that it causes."""
    before = cpu_us(slipway.child)
    for _ in range(times):
        call()
    if causes:
        quiet(slipway.url)
    return (cpu_us(slipway.child) - before) / times


def cost_us(slipway, call, times, rounds=5):
    """With all that it causes: the least of some rounds, but for the first."""
    return min([round_us(slipway, call, times, True) for _ in range(rounds + 1)][1:])


def times_us(slipway, calls, times=100, rounds=11):
    """(CPU of the first of two calls, how many times that the second takes). They take turns, and the ratio is the median of the
    rounds' own: what else the machine does meets both sides of each."""
    pairs = [[round_us(slipway, call, times, False) for call in calls] for _ in range(rounds)]
    return statistics.median(one for one, _ in pairs), statistics.median(other / one for one, other in pairs)


class Figures:
    def __init__(self, row):
        self.row, self.grown = row, []

    def __call__(self, what, unit, value, limit):
        """limit: what it must not be above."""
        self.row(what, unit, value, limit, lower=True, peer_name="at most")
        if value > limit:
            self.grown.append(f"{what.strip()}: {value:.1f} {unit}, at most {limit:.1f}")


def rules(slipway, b, figure):
    events = growth.Client(b, slipway.port, "events", "AWSEvents", "1.1")
    sqs = growth.Client(b, slipway.port, "sqs", "AmazonSQS", "1.0")
    arn = sqs("GetQueueAttributes", QueueUrl=sqs("CreateQueue", QueueName="rules")["QueueUrl"],
              AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    put = lambda source: events("PutEvents", Entries=[{"Source": source, "DetailType": "Order", "Detail": '{"state": "new", "n": 5}'}])

    def rule(name, pattern, target=False):
        events("PutRule", Name=name, EventPattern=json.dumps(pattern))
        if target:
            events("PutTargets", Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    none = cost_us(slipway, lambda: put("shop"), 200)
    rule("one", {"source": ["shop"], "detail": {"state": ["new"]}}, target=True)
    one = cost_us(slipway, lambda: put("shop"), 100)
    other = cost_us(slipway, lambda: put("other"), 200)
    for i in range(RULES):
        rule(f"other-{i}", {"source": [f"source-{i}"], "detail": {"state": ["new"]}})
    many_others, one_of_many = cost_us(slipway, lambda: put("other"), 200), cost_us(slipway, lambda: put("shop"), 100)
    for i in range(RULES):
        rule(f"near-{i}", {"source": ["shop"], "detail": {"state": ["new"], "n": [{"numeric": [">", 1000 + i]}]}})
    parsed = growth.metrics(slipway.url)["slipway_parsed_texts_total"]
    near = cost_us(slipway, lambda: put("shop"), 100)
    parsed = growth.metrics(slipway.url)["slipway_parsed_texts_total"] - parsed
    figure("PutEvents, 1 rule, of another source: CPU", "us", other, 1.5 * none)
    figure(f"PutEvents, {RULES} rules, of other sources", "us", many_others, 1.5 * other)
    figure("PutEvents, 1 rule that matches", "us", one, 10 * none)
    figure(f"PutEvents, {RULES} rules of other sources, 1 that matches", "us", one_of_many, 1.5 * one)
    figure(f"PutEvents, {RULES} rules of its source, each", "us", (near - one) / RULES, 0.05 * one)
    figure("  patterns parsed in 600 of these", "", parsed, RULES)
    for i in range(RULES):
        events("DeleteRule", Name=f"near-{i}")
    events("PutRule", Name="one", EventPattern=json.dumps({"source": ["aws.ssm"]}), State="DISABLED")
    return events


def writes(slipway, b, figure, events):
    """Turns of the writer for parameters that are put over many connections at once."""
    clients = [growth.Client(b, slipway.port, "ssm", "AmazonSSM", "1.1") for _ in range(CONNECTIONS)]

    def turns(each=30):
        def work(i):
            for _ in range(each):
                clients[i]("PutParameter", Name=f"/rules/{i}", Value="w", Type="String", Overwrite=True)
        quiet(slipway.url)
        before = growth.metrics(slipway.url)["slipway_store_turns_total"]
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(work, range(CONNECTIONS)))
        quiet(slipway.url)
        return (growth.metrics(slipway.url)["slipway_store_turns_total"] - before) / (each * CONNECTIONS)
    figure(f"PutParameter, {CONNECTIONS} connections: write turns each", "", turns(), 1.05)
    events("EnableRule", Name="one")
    figure("  with a rule that sends each change to a queue", "", turns(), 1.6)


def document(i):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
         "Resource": [f"arn:aws:s3:::bucket-{i}", f"arn:aws:s3:::bucket-{i}/*"]},
        {"Effect": "Allow", "Action": "dynamodb:*", "Resource": f"arn:aws:dynamodb:*:*:table/t-{i}",
         "Condition": {"StringEquals": {"aws:PrincipalTag/team": f"team-{i}"}}}]})


def users(slipway, root):
    """Who may read parameters by a policy of their own, and the second is in ten groups of ten policies each besides."""
    allow = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}})

    def user(name):
        root.iam("CreateUser", UserName=name)
        root.iam("PutUserPolicy", UserName=name, PolicyName="own", PolicyDocument=allow)
        text = root.iam("CreateAccessKey", UserName=name)
        part = lambda tag: text.split(f"<{tag}>")[1].split("<")[0]
        return Caller(slipway.port, (part("AccessKeyId"), part("SecretAccessKey")))
    one, many = user("one"), user("many")
    for g in range(10):
        root.iam("CreateGroup", GroupName=f"g{g}")
        root.iam("AddUserToGroup", GroupName=f"g{g}", UserName="many")
        for i in range(g * POLICIES // 10, (g + 1) * POLICIES // 10):
            root.iam("CreatePolicy", PolicyName=f"p{i}", PolicyDocument=document(i))
            root.iam("AttachGroupPolicy", GroupName=f"g{g}", PolicyArn=f"arn:aws:iam::000000000000:policy/p{i}")
    return one, many


def policies(program, b, figure):
    slipway = b.Slipway(program, "--auth", "strict")
    slipway.start()
    try:
        with open(os.path.join(slipway.data, "root-credentials")) as f:
            lines = dict(line.strip().split("=", 1) for line in f if "=" in line)
        root = Caller(slipway.port, (lines["AWS_ACCESS_KEY_ID"], lines["AWS_SECRET_ACCESS_KEY"]))
        parsed = lambda: root.metrics()["slipway_parsed_texts_total"]
        root.json("ssm", "AmazonSSM.PutParameter", Name="/rules", Value="v", Type="String")
        before = parsed()
        reads = [lambda c=c: c.json("ssm", "AmazonSSM.GetParameter", Name="/rules") for c in users(slipway, root)]
        for read in reads:
            read()
        once = parsed()
        if once - before < POLICIES:        # else that none is parsed again would say nothing
            b.short.append(f"{POLICIES} policies were read, and {once - before:.0f} texts parsed: the counter does not count them")
        single, ratio = times_us(slipway, reads)
        figure("strict GetParameter, a user with 1 policy: CPU", "us", single, 1000)
        figure(f"  with {POLICIES} more: times that", "", ratio, POLICIES_AT_MOST)
        figure("  policies parsed again by these reads", "", parsed() - once, 0)
    finally:
        slipway.down()


def measure(program, b):
    """What costs more than it may, or was not measured."""
    figure, slipway = Figures(b.row), b.Slipway(program)
    slipway.start()
    try:
        writes(slipway, b, figure, rules(slipway, b, figure))
    finally:
        slipway.down()
    policies(program, b, figure)
    return b.short + figure.grown


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("program")
    b = growth.bench()
    short = measure(os.path.abspath(p.parse_args().program), b)
    b.show()
    return status(short)


if __name__ == "__main__":
    sys.exit(main())
