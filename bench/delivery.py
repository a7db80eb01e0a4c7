#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the time of a delivery goes, from git push to the last action's end: bench/delivery.py PROGRAM [--releases N] [--json].

The demo's pipeline: commit, tests and build side by side, image into ECR, approval, rolling deployment behind a load balancer.
The time line is read from the records of each part, and every stretch of it belongs to one of three: what the configuration
makes wait, what the user's own commands take, and the platform's share. A person approves at once."""
import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from growth import bench
from outcome import status

INTERVAL, THRESHOLD = 5, 2                              # of the target group's health checks
OWN = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
PLATFORM_MOST = 2.0      # seconds
PLATFORM, COMMANDS, CONFIGURATION, PERSON = "platform", "commands", "configuration", "person"
DEADLINE_S = 300


class Team:
    """What a team sets up once, by plain API calls."""

    def __init__(self, b, slipway):
        self.b, self.slipway, self.url = b, slipway, slipway.url
        self.work = tempfile.mkdtemp(prefix="slipway-delivery-", dir="/var/tmp")
        self.repo = self.work + "/hello-web"
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.web = s.getsockname()[1]

    def git(self, *args):
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        env.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        out = subprocess.run(["git", "-c", "user.name=Bench", "-c", "user.email=bench@example.com", "-c", "init.defaultBranch=main",
                              "-c", "http.extraHeader=Authorization: Basic YmVuY2g6YmVuY2g=", *args], cwd=self.repo, env=env,
                             text=True, capture_output=True, check=True)
        return out.stdout.strip()

    def json(self, service, prefix, operation, members):
        return json.loads(self.b.request(self.url, service, self.b.target(prefix, operation), json.dumps(members)) or b"{}")

    def codecommit(self, operation, **m):
        return self.json("codecommit", "CodeCommit_20150413", operation, m)

    def codebuild(self, operation, **m):
        return self.json("codebuild", "CodeBuild_20161006", operation, m)

    def pipeline(self, operation, **m):
        return self.json("codepipeline", "CodePipeline_20150709", operation, m)

    def ecs(self, operation, **m):
        return self.json("ecs", "AmazonEC2ContainerServiceV20141113", operation, m)

    def query(self, service, version, action, **m):
        """A query protocol's answer: the texts of its elements are found by name."""
        body = "&".join([f"Action={action}", f"Version={version}"] + [f"{k}={urllib.request.quote(str(v))}" for k, v in m.items()])
        return self.b.request(self.url, service, {"Content-Type": self.b.FORM}, body).decode()

    def elb(self, action, **m):
        return self.query("elasticloadbalancing", "2015-12-01", action, **m)

    def set_up(self, example):
        clone = self.codecommit("CreateRepository", repositoryName="hello-web")["repositoryMetadata"]["cloneUrlHttp"]
        uri = self.b.ask(self.url, "ecr", "AmazonEC2ContainerRegistry_V20150921", "CreateRepository",
                         repositoryName="hello-web")["repository"]["repositoryUri"]
        urllib.request.urlopen(urllib.request.Request(self.url + "/hello-artifacts", method="PUT",
                                                      headers=self.b.signed("s3", {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})))
        self.roles()
        self.balancer()
        self.service(uri)
        self.projects(uri)
        shutil.copytree(example, self.repo)
        self.git("init", "--quiet")
        self.git("remote", "add", "origin", clone)

    def roles(self):
        self.role = {}
        for name, service in (("build", "codebuild"), ("pipeline", "codepipeline"), ("task", "ecs-tasks")):
            trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                             "Principal": {"Service": service + ".amazonaws.com"}}]}
            all_ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
            text = self.query("iam", "2010-05-08", "CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
            self.query("iam", "2010-05-08", "PutRolePolicy", RoleName=name, PolicyName="all", PolicyDocument=json.dumps(all_))
            self.role[name] = element(text, "Arn")

    def balancer(self):
        ec2 = lambda action: self.query("ec2", "2016-11-15", action)
        self.subnets = [part.split("<")[0] for part in ec2("DescribeSubnets").split("<subnetId>")[1:3]]
        group = self.elb("CreateTargetGroup", Name="hello-web", Protocol="HTTP", Port=8080, TargetType="ip",
                         VpcId=element(ec2("DescribeVpcs"), "vpcId"), HealthCheckPath="/health",
                         HealthCheckIntervalSeconds=INTERVAL, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=THRESHOLD,
                         UnhealthyThresholdCount=2)
        self.group = element(group, "TargetGroupArn")
        self.elb("ModifyTargetGroupAttributes", **{"TargetGroupArn": self.group, "Attributes.member.1.Value": 5,
                                                   "Attributes.member.1.Key": "deregistration_delay.timeout_seconds"})
        balancer = self.elb("CreateLoadBalancer", **{"Name": "hello-web", "Subnets.member.1": self.subnets[0],
                                                     "Subnets.member.2": self.subnets[1]})
        self.elb("CreateListener", **{"LoadBalancerArn": element(balancer, "LoadBalancerArn"), "Protocol": "HTTP",
                                      "Port": self.web, "DefaultActions.member.1.Type": "forward",
                                      "DefaultActions.member.1.TargetGroupArn": self.group})

    def service(self, uri):
        self.ecs("CreateCluster", clusterName="production")
        self.ecs("RegisterTaskDefinition", family="hello-web", networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
                 cpu="256", memory="512", executionRoleArn=self.role["task"], containerDefinitions=[
                     {"name": "web", "image": uri + ":first", "essential": True, "portMappings": [{"containerPort": 8080}]}])
        self.ecs("CreateService", cluster="production", serviceName="hello-web", taskDefinition="hello-web", desiredCount=0,
                 launchType="FARGATE", healthCheckGracePeriodSeconds=10,
                 deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200},
                 networkConfiguration={"awsvpcConfiguration": {"subnets": self.subnets, "assignPublicIp": "ENABLED"}},
                 loadBalancers=[{"targetGroupArn": self.group, "containerName": "web", "containerPort": 8080}])

    def projects(self, uri):
        for name, spec, privileged in (("hello-test", "buildspec-test.yml", False), ("hello-build", "buildspec.yml", True)):
            self.codebuild("CreateProject", name=name, source={"type": "CODEPIPELINE", "buildspec": spec},
                           artifacts={"type": "CODEPIPELINE"}, serviceRole=self.role["build"], environment={
                               "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
                               "computeType": "BUILD_GENERAL1_SMALL", "privilegedMode": privileged,
                               "environmentVariables": [{"name": "REPOSITORY_URI", "value": uri}]})

        def action(name, category, provider, inputs="", outputs="", **configuration):
            return {"name": name, "runOrder": 1, "configuration": configuration,
                    "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
                    "inputArtifacts": [{"name": n} for n in inputs.split()], "outputArtifacts": [{"name": n} for n in outputs.split()]}
        stages = {
            "Source": [action("Source", "Source", "CodeCommit", outputs="source", RepositoryName="hello-web", BranchName="main",
                              PollForSourceChanges="true")],
            "Build": [action("Test", "Test", "CodeBuild", "source", ProjectName="hello-test"),
                      action("Build", "Build", "CodeBuild", "source", "image", ProjectName="hello-build")],
            "Approve": [action("Approve", "Approval", "Manual")],
            "Deploy": [action("Deploy", "Deploy", "ECS", "image", ClusterName="production", ServiceName="hello-web",
                              FileName="imagedefinitions.json")],
        }
        self.pipeline("CreatePipeline", pipeline={
            "name": "hello-web", "version": 1, "roleArn": self.role["pipeline"],
            "artifactStore": {"type": "S3", "location": "hello-artifacts"},
            "stages": [{"name": n, "actions": a} for n, a in stages.items()]})

    # ---- a release ----

    def push(self, version):
        with open(self.repo + "/config.h", "w") as f:
            f.write(f'#pragma once\n#define VERSION "{version}"\n#define GREETING "hello"\n#define HEALTH_STATUS 200\n#define WARM_UP_S 0\n')
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", version)
        began = time.time()
        self.git("push", "--quiet", "origin", "HEAD:main")
        return began, time.time(), self.git("rev-parse", "HEAD")

    def page(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.web}/", timeout=2).read().decode()
        except OSError:
            return ""

    def follow(self, commit):
        """Approves as soon as it is asked, until the execution's end: its id."""
        execution, approved = None, False
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            time.sleep(0.05)
            if not execution:
                for e in self.pipeline("ListPipelineExecutions", pipelineName="hello-web")["pipelineExecutionSummaries"]:
                    if e.get("sourceRevisions") and e["sourceRevisions"][0]["revisionId"] == commit:
                        execution = e["pipelineExecutionId"]
                continue
            state = self.pipeline("GetPipelineExecution", pipelineName="hello-web", pipelineExecutionId=execution)
            if state["pipelineExecution"]["status"] != "InProgress":
                if state["pipelineExecution"]["status"] != "Succeeded":
                    raise SystemExit(f"delivery: the pipeline failed: {self.pipeline('ListActionExecutions', pipelineName='hello-web')}")
                return execution
            if not approved:
                approved = self.approve(execution)
        raise SystemExit("delivery: the pipeline has not ended in time")

    def approve(self, execution):
        stage = self.pipeline("GetPipelineState", name="hello-web")["stageStates"][2]
        token = stage["actionStates"][0].get("latestExecution", {}).get("token")
        if not token or stage.get("latestExecution", {}).get("pipelineExecutionId") != execution:
            return False
        self.pipeline("PutApprovalResult", pipelineName="hello-web", stageName="Approve", actionName="Approve", token=token,
                      result={"summary": "yes", "status": "Approved"})
        return True

    def steady(self):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            s = self.ecs("DescribeServices", cluster="production", services=["hello-web"])["services"][0]
            if len(s["deployments"]) == 1 and s["runningCount"] == s["desiredCount"] and \
                    s["deployments"][0]["rolloutState"] == "COMPLETED":
                return
            time.sleep(0.1)
        raise SystemExit("delivery: the service has not become steady")


def element(text, name):
    return text.split(f"<{name}>", 1)[1].split("<", 1)[0]


class Watch(threading.Thread):
    """When each target was first seen healthy, and the page first of this version: what no record tells."""

    def __init__(self, team, version):
        super().__init__(daemon=True)
        self.team, self.version, self.healthy, self.live, self.stop = team, version, {}, None, threading.Event()

    def run(self):
        while not self.stop.wait(0.02):
            text = self.team.elb("DescribeTargetHealth", TargetGroupArn=self.team.group)
            now = {element(part, "Id") for part in text.split("<member>")[1:] if "<State>healthy<" in part}
            since = {a: t for a, t in self.healthy.items() if a in now}     # an address may have been another task's
            self.healthy = since | {a: time.time() for a in now if a not in since}
            if not self.live and f"from {self.version}" in self.team.page():
                self.live = time.time()


def stretches(team, pushed, pushed_end, execution, watch):
    """[(what, whose, from, to)], without a gap from the push to the end of the last action. Seconds since the epoch."""
    actions = {a["actionName"]: a for a in team.pipeline("ListActionExecutions", pipelineName="hello-web", filter={
        "pipelineExecutionId": execution})["actionExecutionDetails"]}
    begin, end = (lambda n: actions[n]["startTime"]), (lambda n: actions[n]["lastUpdateTime"])
    last = max(("Test", "Build"), key=end)              # the slower of the two, which run side by side
    build = team.codebuild("BatchGetBuilds", ids=[actions[last]["output"]["executionResult"]["externalExecutionId"]])["builds"][0]
    phase = {p["phaseType"]: p for p in build["phases"]}
    out = [("git push itself", PLATFORM, pushed, pushed_end), ("push to the Source action", PLATFORM, pushed_end, begin("Source")),
           ("Source action", PLATFORM, begin("Source"), end("Source")), ("Source to Build", PLATFORM, end("Source"), begin(last))]
    at = begin(last)
    for name, parts, whose in (("Build: queued, provisioning, source", ("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"), PLATFORM),
                               ("Build: to the first command (container, dockerd)", (), PLATFORM), ("Build: commands", OWN, COMMANDS),
                               ("Build: artifacts, finalizing", ("UPLOAD_ARTIFACTS", "FINALIZING"), PLATFORM)):
        to = max(phase[p]["endTime"] for p in parts if p in phase) if parts else phase["INSTALL"]["startTime"]
        out.append((name, whose, at, to))
        at = to
    out += [("Build: build's end to action's", PLATFORM, at, end(last)), ("Build to Approve", PLATFORM, end(last), begin("Approve")),
            ("approval", PERSON, begin("Approve"), end("Approve")), ("Approve to Deploy", PLATFORM, end("Approve"), begin("Deploy"))]
    return out + deployment(team, begin("Deploy"), end("Deploy"), watch)


def deployment(team, began, ended, watch):
    service = team.ecs("DescribeServices", cluster="production", services=["hello-web"])["services"][0]
    arns = team.ecs("ListTasks", cluster="production", serviceName="hello-web")["taskArns"]
    tasks = [t for t in team.ecs("DescribeTasks", cluster="production", tasks=arns)["tasks"]
             if t["startedBy"] == service["deployments"][0]["id"]]
    created, started = max(t["createdAt"] for t in tasks), max(t["startedAt"] for t in tasks)
    addresses = [d["value"] for t in tasks for a in t["attachments"] for d in a["details"] if d["name"] == "privateIPv4Address"]
    healthy = max(watch.healthy[a] for a in addresses)
    waits = min(started + (THRESHOLD - 1) * INTERVAL, healthy)
    return [("Deploy: to the tasks' records", PLATFORM, began, created), ("Deploy: network, image, containers", PLATFORM, created, started),
            ("Deploy: health checks' interval", CONFIGURATION, started, waits),
            ("Deploy: health seen late", PLATFORM, waits, healthy), ("Deploy: healthy to deployment's and action's end", PLATFORM, healthy, ended)]


def measure(program, b, releases=3, cold=False):
    """[{what: (whose, seconds)}], one a release; the first release, which fills caches, is not among them. cold: no build
    environment is kept ready."""
    slipway = b.Slipway(program, *(("--warm-builds", "0") if cold else ()))
    slipway.start()
    team, all_ = Team(b, slipway), []
    try:
        team.set_up(os.path.join(b.ROOT, "examples/hello-web"))
        team.follow(team.push("v0")[2])
        team.ecs("UpdateService", cluster="production", service="hello-web", desiredCount=2)
        team.steady()
        for i in range(1, releases + 1):
            time.sleep(10)                              # a team does not push at the second of the last release's end
            watch = Watch(team, f"v{i}")
            watch.start()
            began, pushed, commit = team.push(f"v{i}")
            execution = team.follow(commit)
            team.steady()
            watch.stop.set()
            watch.join()
            found = stretches(team, began, pushed, execution, watch)
            all_.append({what: (whose, to - frm) for what, whose, frm, to in found})
    finally:
        slipway.down()
        shutil.rmtree(team.work, ignore_errors=True)
    return all_


def summary(all_):
    """(table of medians, sums by whose)."""
    names = list(dict.fromkeys(n for r in all_ for n in r))
    table = [(n, next(r[n][0] for r in all_ if n in r), statistics.median(r[n][1] for r in all_ if n in r)) for n in names]
    sums = {w: statistics.median(sum(s for who, s in r.values() if who == w) for r in all_)
            for w in (PLATFORM, COMMANDS, CONFIGURATION, PERSON)}
    return table, sums


def short_of(sums):
    """What is above its limit. sums: by kind (cold, warm); only what is kept ready is held to it."""
    took = sums["warm"][PLATFORM]
    return [f"the platform's share is {took:.2f} s, at most {PLATFORM_MOST} are wanted"] if took > PLATFORM_MOST else []


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("--releases", type=int, default=3)
    p.add_argument("--cold", action="store_true", help="beside it, in the same run, without a build environment that is kept ready")
    p.add_argument("--json", action="store_true")
    o = p.parse_args()
    kinds = {"cold": True, "warm": False}
    found = {kind: measure(os.path.abspath(o.program), bench(), o.releases, cold) for kind, cold in kinds.items() if cold <= o.cold}
    shown = {kind: summary(all_) for kind, all_ in found.items()}
    if o.json:
        json.dump({kind: {"releases": all_, "sums": shown[kind][1]} for kind, all_ in found.items()}, sys.stdout, indent=1)
        print()
    else:
        show(o.releases, shown)
    return status(short_of({kind: sums for kind, (_, sums) in shown.items()}))


def show(releases, shown):
    print(f"{'median of ' + str(releases) + ' releases, s':60}{'':15}" + "".join(f"{kind:>9}" for kind in shown))
    for i, (name, whose, _) in enumerate(shown["warm"][0]):
        print(f"{name:60}{whose:15}" + "".join(f"{table[i][2]:9.3f}" for table, _ in shown.values()))
    for whose in shown["warm"][1]:
        print(f"{'sum':60}{whose:15}" + "".join(f"{sums[whose]:9.3f}" for _, sums in shown.values()))


if __name__ == "__main__":
    sys.exit(main())
