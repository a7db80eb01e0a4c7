# SPDX-License-Identifier: Apache-2.0
"""Jobs of all suites, side by side on the cores of this machine. A job is one program: a test file's, a unit test's.

Most files wait: two thirds of their time are for containers, clocks and disks. Of them half as many again as there are cores
run at once, those first that take longest. What they leave of the cores goes to the jobs that compute, one
for two cores and behind the files (nice); once no file is left, these have all cores.

Builds that a suite needs of its own are made one after another by what all others leave (SCHED_IDLE); its jobs come then.

A job has a TMPDIR of its own: what it leaves there is a failure of its own.
"""
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parent.parent
BEHIND = ["nice", "-n", "5"]
YIELDING = ["chrt", "--idle", "0"]


def run(argv, timeout, cwd=ROOT, **kw):
    try:
        return subprocess.run(argv, cwd=cwd, text=True, errors="replace", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout, **kw)
    except subprocess.TimeoutExpired as e:
        out = e.stdout or ""
        out = out.decode(errors="replace") if isinstance(out, bytes) else out
        return subprocess.CompletedProcess(argv, 124, out + f"\nended after {timeout} s")


@dataclass
class Job:
    suite: str
    name: str
    argv: list
    timeout: int
    told: Callable          # of its results and what the program said
    waits: bool = False     # it does not compute most of its time
    seconds: float = 0      # about how long it takes: the longest begin first
    cwd: Path = ROOT
    env: dict = None

    def run(self):
        """How the program ended, how long it took, and what it left in its TMPDIR."""
        tmp = tempfile.mkdtemp(prefix="sw-")     # short: podman takes no folder of more than 50 characters
        at = time.monotonic()
        r = run([*([] if self.waits else BEHIND), *self.argv], self.timeout, cwd=self.cwd,
                env=dict(os.environ, **(self.env or {}), TMPDIR=tmp))
        took, left = time.monotonic() - at, sorted(os.listdir(tmp))
        shutil.rmtree(tmp, ignore_errors=True)
        return r, took, left


class Pool:
    def __init__(self, cores):
        self.cores, self.todo, self.running, self.builds = cores, [], [], []
        self.events = queue.SimpleQueue()

    def add(self, jobs):
        self.todo = sorted([*self.todo, *jobs], key=lambda j: -j.seconds)

    def add_built(self, suite, build, jobs):
        """jobs: asked for once `build` has ended well; both are given back as an event."""
        self.builds.append((suite, build, jobs))

    def may_start(self, job):
        files = [j for j in self.running if j.waits]
        programs = len(self.running) - len(files)
        if job.waits:
            return len(files) < self.cores + self.cores // 2
        alone = not files and not any(j.waits for j in self.todo)
        return programs < (self.cores if alone else max(1, self.cores // 2))

    def start(self):
        for job in list(self.todo):
            if self.may_start(job):
                self.todo.remove(job)
                self.running.append(job)
                self.thread(lambda job=job: (job, *job.run()))

    def thread(self, fn):
        def work():
            try:
                self.events.put(fn())
            except BaseException as e:      # told by who waits
                self.events.put(e)
        threading.Thread(target=work, daemon=True).start()

    def build(self):
        if self.builds:
            suite, build, jobs = self.builds[0]
            self.thread(lambda: (None, suite, build(), jobs))

    def ended(self):
        """Each job as it ends, (job, how, seconds, left), and each build, (None, suite, how, jobs)."""
        self.build()
        while True:
            self.start()
            if not self.running and not self.builds:
                return
            event = self.events.get()
            if isinstance(event, BaseException):
                raise event
            if event[0]:
                self.running.remove(event[0])
            else:
                self.builds.pop(0)
                self.build()
            yield event

    def open(self, suite):
        """Has it something to do yet?"""
        return any(j.suite == suite for j in [*self.todo, *self.running]) or any(b[0] == suite for b in self.builds)
