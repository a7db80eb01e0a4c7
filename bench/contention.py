#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A deployment while seven builds clone a large repository, beside one without: bench/contention.py PROGRAM [--pairs N] [--mib N].

The service has two tasks, a load balancer's target group is not asked, so that what is measured is the platform's own work:
from UpdateService to the deployment's COMPLETED. A task without any health check must run for two seconds before it counts,
with clones and without. Builds and deployments take turns; the medians are compared, and more than 1.2 times fails."""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time

from delivery import Team
from growth import bench

BUILDS, MOST, DEADLINE_S = 7, 1.2, 600


def wait(what, condition):
    end = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        if time.monotonic() > end:
            raise SystemExit(f"contention: not in time: {what}")
        time.sleep(0.02)
    return found


class Rivals(Team):
    def prepare(self, mib):
        self.repo = self.work + "/large"
        os.makedirs(self.repo)
        clone = self.codecommit("CreateRepository", repositoryName="large")["repositoryMetadata"]["cloneUrlHttp"]
        self.git("init", "--quiet")
        for i in range(mib * 4):                        # many files that cannot be compressed, and as many that can
            folder = f"{self.repo}/{i % 64}"
            os.makedirs(folder, exist_ok=True)
            with open(f"{folder}/{i}", "wb") as f:
                f.write(os.urandom(128 << 10) if i % 2 else b"line\n" * (384 << 10 >> 2))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "large")
        self.git("remote", "add", "origin", clone)
        self.git("push", "--quiet", "origin", "HEAD:main")
        self.roles()
        self.codebuild("CreateProject", name="clone", serviceRole=self.role["build"], artifacts={"type": "NO_ARTIFACTS"},
                       source={"type": "CODECOMMIT", "location": clone, "buildspec": "version: 0.2\nphases: {build: {commands: [true]}}\n"},
                       environment={"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"})
        self.b.push_image(self.url)
        self.ecs("CreateCluster", clusterName="bench")
        self.ecs("RegisterTaskDefinition", family="bench", networkMode="awsvpc", containerDefinitions=[
            {"name": "main", "image": f"127.0.0.1:{self.slipway.port}/bench:v1", "memory": 32, "stopTimeout": 2,
             "command": ["/bin/busybox", "sh", "-c", "trap 'exit 0' TERM; while :; do /bin/busybox sleep 1 & wait; done"]}])
        subnet = self.query("ec2", "2016-11-15", "DescribeSubnets").split("<subnetId>")[1].split("<")[0]
        self.ecs("CreateService", cluster="bench", serviceName="bench", taskDefinition="bench", desiredCount=2,
                 networkConfiguration={"awsvpcConfiguration": {"subnets": [subnet]}})
        wait("the service's first deployment", self.completed)

    def completed(self):
        d = self.ecs("DescribeServices", cluster="bench", services=["bench"])["services"][0]["deployments"]
        return len(d) == 1 and d[0]["rolloutState"] == "COMPLETED"

    def deploy(self):
        began = time.monotonic()
        self.ecs("UpdateService", cluster="bench", service="bench", forceNewDeployment=True)
        wait("a deployment", self.completed)
        return time.monotonic() - began

    def phases(self, ids):
        return [b["currentPhase"] for b in self.codebuild("BatchGetBuilds", ids=ids)["builds"]]

    def deploy_beside(self):
        """(seconds, clones that went on at the deployment's end)."""
        ids = [self.codebuild("StartBuild", projectName="clone")["build"]["id"] for _ in range(BUILDS)]
        wait("a clone", lambda: self.phases(ids).count("DOWNLOAD_SOURCE") >= 2)
        took = self.deploy()
        left = self.phases(ids).count("DOWNLOAD_SOURCE")
        wait("the builds' end", lambda: set(self.phases(ids)) == {"COMPLETED"})
        return took, left


def measure(program, b, pairs=3, mib=256):
    """(seconds alone, seconds beside clones, least number of clones that went on at a deployment's end): medians."""
    slipway = b.Slipway(program)
    slipway.start()
    team, alone, beside, left = Rivals(b, slipway), [], [], []
    try:
        team.prepare(mib)
        team.deploy()
        for _ in range(pairs):
            alone.append(team.deploy())
            took, n = team.deploy_beside()
            beside.append(took)
            left.append(n)
    finally:
        slipway.down()
        shutil.rmtree(team.work, ignore_errors=True)
    return statistics.median(alone), statistics.median(beside), min(left)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("--pairs", type=int, default=3)
    p.add_argument("--mib", type=int, default=256, help="size of the repository")
    o = p.parse_args()
    alone, beside, left = measure(os.path.abspath(o.program), bench(), o.pairs, o.mib)
    print(f"a deployment of two tasks alone: {alone:.2f} s; while {BUILDS} builds clone {o.mib} MiB: {beside:.2f} s; "
          f"{beside / alone:.2f} times; at its end at least {left} clones went on")
    return 1 if beside / alone > MOST or not left else 0


if __name__ == "__main__":
    sys.exit(main())
