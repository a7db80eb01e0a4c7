#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What must not grow with what is there: figures of bench/run, and alone: bench/growth.py PROGRAM [--services N] [--seconds N]."""
import argparse
import concurrent.futures
import http.client
import importlib.machinery
import importlib.util
import json
import os
import re
import statistics
import sys
import threading
import time
import urllib.parse
import urllib.request

from outcome import status

HERE = os.path.dirname(os.path.abspath(__file__))
ALARMS, POLLS, WIDTHS = 1000, 50, (10, 1000, 100000)
IDLE_TURNS_AT_MOST = 40         # a second
GROWTH_AT_MOST = 2              # with the most there is, of with the fewest; medians of some milliseconds, not of a mean


def bench():
    """bench/run as a module: its servers, its requests, its table."""
    if "bench_run" not in sys.modules:
        loader = importlib.machinery.SourceFileLoader("bench_run", os.path.join(HERE, "run"))
        spec = importlib.util.spec_from_loader("bench_run", loader)
        sys.modules["bench_run"] = importlib.util.module_from_spec(spec)
        loader.exec_module(sys.modules["bench_run"])
    return sys.modules["bench_run"]


class Client:
    """One connection, kept: what is measured is the server."""

    def __init__(self, b, port, service, prefix, version):
        self.b, self.service, self.prefix, self.version = b, service, prefix, version
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def __call__(self, operation, **members):
        b = self.b
        self.connection.request("POST", "/", json.dumps(members),
                                b.signed(self.service, b.target(self.prefix, operation, self.version)))
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise OSError(f"{operation}: {answer.status} {text[:300].decode(errors='replace')}")
        return json.loads(text or b"{}")


def metrics(url):
    return counters(urllib.request.urlopen(url + "/_slipway/metrics", timeout=30).read().decode())


def counters(text):
    return {m.group(1): float(m.group(2)) for m in re.finditer(r"^(\w+) ([\d.e+]+)$", text, re.M)}


# ---- queues -----------------------------------------------------------------------------------------------------------

def fill(b, port, url, n, fifo):
    local = threading.local()

    def batch(first):
        if not hasattr(local, "sqs"):
            local.sqs = Client(b, port, "sqs", "AmazonSQS", "1.0")
        extra = lambda i: {"MessageGroupId": "one", "MessageDeduplicationId": str(i)} if fifo else {}
        local.sqs("SendMessageBatch", QueueUrl=url, Entries=[
            dict({"Id": str(i), "MessageBody": "x" * 200}, **extra(i)) for i in range(first, min(first + 10, n))])
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(batch, range(0, n, 10)))


def median_ms(times, call):
    took = []
    for _ in range(times):
        began = time.monotonic()
        call()
        took.append(time.monotonic() - began)
    return statistics.median(took) * 1000


def queues(slipway, b, row):
    """A message is sent and received as fast however many lie in the queue."""
    sqs = Client(b, slipway.port, "sqs", "AmazonSQS", "1.0")
    first = {}
    for n in WIDTHS:
        url = sqs("CreateQueue", QueueName=f"growth-{n}", Attributes={"VisibilityTimeout": "43200"})["QueueUrl"]
        fill(b, slipway.port, url, n, fifo=False)
        figures = {
            "SendMessage": median_ms(200, lambda: sqs("SendMessage", QueueUrl=url, MessageBody="x" * 200)),
            "ReceiveMessage": median_ms(200, lambda: sqs("ReceiveMessage", QueueUrl=url)),
        }
        fifo = sqs("CreateQueue", QueueName=f"growth-{n}.fifo",
                   Attributes={"FifoQueue": "true", "VisibilityTimeout": "43200"})["QueueUrl"]
        fill(b, slipway.port, fifo, n, fifo=True)
        sqs("ReceiveMessage", QueueUrl=fifo)            # the only group waits for this one
        figures["ReceiveMessage, FIFO, group in flight"] = median_ms(50, lambda: sqs("ReceiveMessage", QueueUrl=fifo))
        for what, ms in figures.items():
            first.setdefault(what, ms)
            row(f"{what}, {n:,} messages", "ms", ms, first[what], lower=True, peer_name=f"{WIDTHS[0]} messages",
                least=1 / GROWTH_AT_MOST)


# ---- idle ----------------------------------------------------------------------------------------------------------------

def alarms(b, port, n):
    local = threading.local()

    def put(i):
        if not hasattr(local, "cloudwatch"):
            local.cloudwatch = Client(b, port, "monitoring", "GraniteServiceVersion20100801", "1.0")
        local.cloudwatch("PutMetricAlarm", AlarmName=f"growth-{i}", Namespace="Growth", MetricName=f"m{i % 100}", Period=60,
                         EvaluationPeriods=3, Threshold=1.0, Statistic="Average", ComparisonOperator="GreaterThanThreshold")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(n)))


def form(b, url, service, version, **members):
    return b.request(url, service, {"Content-Type": b.FORM}, urllib.parse.urlencode(dict(members, Version=version))).decode()


def services(slipway, b, n):
    """Behind one target group, each with a task that runs and is healthy. How many came to be steady."""
    url, ecs = slipway.url, Client(b, slipway.port, "ecs", "AmazonEC2ContainerServiceV20141113", "1.1")
    elb = lambda **members: form(b, url, "elasticloadbalancing", "2015-12-01", **members)
    ec2 = lambda **members: form(b, url, "ec2", "2016-11-15", **members)
    vpc = re.search(r"<vpcId>(vpc-\w+)", ec2(Action="DescribeVpcs")).group(1)
    subnets = re.findall(r"<subnetId>(subnet-\w+)", ec2(Action="DescribeSubnets"))[:2]
    arn = lambda text: re.search(r"<(?:TargetGroup|LoadBalancer)Arn>([^<]+)", text).group(1)
    group = arn(elb(Action="CreateTargetGroup", Name="growth", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip",
                    **{"Matcher.HttpCode": "200-499", "HealthCheckIntervalSeconds": 30, "HealthyThresholdCount": 2}))
    lb = arn(elb(Action="CreateLoadBalancer", Name="growth",
                 **{f"Subnets.member.{i + 1}": s for i, s in enumerate(subnets)}))
    elb(Action="CreateListener", LoadBalancerArn=lb, Protocol="HTTP", Port=80,
        **{"DefaultActions.member.1.Type": "forward", "DefaultActions.member.1.TargetGroupArn": group})
    b.push_image(url)
    ecs("CreateCluster", clusterName="growth")
    ecs("RegisterTaskDefinition", family="growth", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256",
        memory="512", containerDefinitions=[{"name": "main", "image": f"127.0.0.1:{slipway.port}/bench:v1",
                                             "command": ["/bin/busybox", "httpd", "-f", "-p", "0.0.0.0:8080"],
                                             "portMappings": [{"containerPort": 8080}]}])
    for i in range(n):
        ecs("CreateService", cluster="growth", serviceName=f"s{i}", taskDefinition="growth", desiredCount=1,
            launchType="FARGATE", networkConfiguration={"awsvpcConfiguration": {"subnets": subnets[:1]}},
            loadBalancers=[{"targetGroupArn": group, "containerName": "main", "containerPort": 8080}])
    until, steady = time.monotonic() + 60 + 4 * n, 0
    while steady < n and time.monotonic() < until:
        time.sleep(2)
        steady = 0
        for k in range(0, n, 10):
            asked = ecs("DescribeServices", cluster="growth", services=[f"s{i}" for i in range(k, min(k + 10, n))])["services"]
            steady += sum(s["deployments"][0]["rolloutState"] == "COMPLETED" and len(s["deployments"]) == 1 for s in asked)
    return steady


def poll(b, port, url, stop):
    """Ends before it is told to where the server fails it."""
    sqs = Client(b, port, "sqs", "AmazonSQS", "1.0")
    while not stop.is_set():
        sqs("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20)


def settled(slipway, b, n):
    """How many of n services are steady. Fewer than were asked for fail the whole: an idle system without them is another."""
    if not n:
        return 0
    lacking = b.lacking()
    steady = 0 if lacking else services(slipway, b, n)
    if steady < n:
        b.short.append(f"an idle system: {steady} of {n} services became steady " + (f"without {lacking}" if lacking else "in time"))
    return steady


def idle(slipway, b, row, n_services, seconds):
    """Turns of the one writer while nothing happens. Evaluations come once a minute, so it is measured over whole ones."""
    steady, polls = settled(slipway, b, n_services), []
    alarms(b, slipway.port, ALARMS)
    sqs, stop = Client(b, slipway.port, "sqs", "AmazonSQS", "1.0"), threading.Event()
    for i in range(POLLS):
        url = sqs("CreateQueue", QueueName=f"idle-{i}")["QueueUrl"]
        polls.append(threading.Thread(target=poll, args=(b, slipway.port, url, stop), daemon=True))
        polls[-1].start()
    time.sleep(15)                                      # what the making of all this caused has happened
    before, began = metrics(slipway.url), time.monotonic()
    cpu = lambda: sum(map(int, open(f"/proc/{slipway.child.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
    spent = cpu()
    time.sleep(seconds)
    after, took = metrics(slipway.url), time.monotonic() - began
    spent = (cpu() - spent) / os.sysconf("SC_CLK_TCK")
    if ended := sum(not p.is_alive() for p in polls):
        b.short.append(f"an idle system: {ended} of {POLLS} long polls ended")
    stop.set()
    what = f"idle: {steady} services, {ALARMS:,} alarms, {POLLS} long polls"
    for key, name in (("slipway_store_turns_total", "write turns"), ("slipway_store_commits_total", "commits"),
                      ("slipway_engine_steps_total", "steps")):
        limit = {"peer": IDLE_TURNS_AT_MOST, "least": 1} if name == "write turns" else {}
        row(f"{what}: {name}", "1/s", (after[key] - before[key]) / took, lower=True, peer_name="at most", **limit)
    row(f"{what}: CPU", "%", 100 * spent / took, lower=True)


def measure(program, b, n_services=100, seconds=120, only=None):
    """On a server of its own, since what is there slows the start and fills the memory. b: bench/run, as a module."""
    slipway = b.Slipway(program)
    slipway.start()
    try:
        if only != "queues":
            idle(slipway, b, b.row, n_services, seconds)
        if only != "idle":
            queues(slipway, b, b.row)
    finally:
        slipway.down()


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("program")
    p.add_argument("--services", type=int, default=100, help="0: without them, and without need of root and runc")
    p.add_argument("--seconds", type=int, default=120, help="how long an idle system is watched")
    p.add_argument("--only", choices=("idle", "queues"))
    o = p.parse_args()
    b = bench()
    measure(os.path.abspath(o.program), b, o.services, o.seconds, o.only)
    b.show()
    return status(b.short)


if __name__ == "__main__":
    sys.exit(main())
