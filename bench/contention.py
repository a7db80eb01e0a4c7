#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A deployment while four builds clone a large repository and three wait, beside one without: bench/contention.py PROGRAM [--pairs N]
[--mib N]. At most four builds run at once on a machine (src/services/codebuild/README.md); the three are QUEUED until one ends.

The service has two tasks, a load balancer's target group is not asked, so that what is measured is the platform's own work:
from UpdateService to the deployment's COMPLETED. A task without any health check must run for two seconds before it counts,
with clones and without. It is begun when all four clone, and all four must still do so at its end, else the repository is too small
to say anything. Builds and deployments take turns; the medians are compared, and more than 1.2 times fails."""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time

from delivery import Team
from growth import bench
from outcome import status

BUILDS, AT_ONCE = 7, 4          # CODEBUILD_AT_ONCE: those that run
MOST, DEADLINE_S = 1.2, 600


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

    def builds(self, ids, member="currentPhase"):
        return {b["id"]: b[member] for b in self.codebuild("BatchGetBuilds", ids=ids)["builds"]}

    def deploy_beside(self):
        """(seconds, how many of the builds that cloned at the deployment's beginning did at its end)."""
        ids = [self.codebuild("StartBuild", projectName="clone")["build"]["id"] for _ in range(BUILDS)]
        begun = wait("as many clones as may run", lambda: all_clone(self.builds(ids)))
        took = self.deploy()
        left = len(begun & cloning(self.builds(ids)))
        wait("the builds' end", lambda: set(self.builds(ids).values()) == {"COMPLETED"})
        if set(self.builds(ids, "buildStatus").values()) != {"SUCCEEDED"}:
            raise SystemExit(f"contention: a build failed: {self.builds(ids, 'buildStatus')}")
        return took, left


def cloning(phases):
    """Of {build: phase} those builds that clone."""
    return {id_ for id_, phase in phases.items() if phase == "DOWNLOAD_SOURCE"}


def all_clone(phases):
    """Those that clone, once they are as many as may run; else none. Waiting is no use when all have ended."""
    if "QUEUED" not in phases.values() and len(cloning(phases)) < AT_ONCE and "SUBMITTED" not in phases.values():
        raise SystemExit(f"contention: {AT_ONCE} builds never cloned at once: the repository is too small (--mib)")
    return cloning(phases) if len(cloning(phases)) == AT_ONCE else None


def short_of(alone, beside, left):
    """What is short. left: how many clones went on to a deployment's end, the least."""
    short = [f"{beside / alone:.2f} times, at most {MOST} are wanted"] if beside / alone > MOST else []
    return short + [f"only {left} of {AT_ONCE} clones went on to a deployment's end: not measured (--mib)"] * (left < AT_ONCE)


def measure(program, b, pairs=3, mib=384):
    """(seconds alone, seconds beside clones: medians; the least number of clones that went on from a deployment's beginning to its end)."""
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
    p.add_argument("--mib", type=int, default=384, help="size of the repository")
    o = p.parse_args()
    alone, beside, left = measure(os.path.abspath(o.program), bench(), o.pairs, o.mib)
    print(f"a deployment of two tasks alone: {alone:.2f} s; while {AT_ONCE} builds clone {o.mib} MiB and {BUILDS - AT_ONCE} "
          f"wait: {beside:.2f} s; {beside / alone:.2f} times; of the {AT_ONCE} clones at least {left} went on to its end")
    return status(short_of(alone, beside, left))


if __name__ == "__main__":
    sys.exit(main())
