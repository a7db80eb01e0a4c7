# SPDX-License-Identifier: Apache-2.0
"""What a change can touch: `choose` says which suites and files `tests/run --changed` runs, and what it leaves out.

A change of a service asks its unit tests and the API tests that use its client; a room of the floors below asks the
unit tests of its own and higher floors and, where requests pass through it, all API tests. What is not known here
(main.c, build files, the model compiler) asks everything.
"""
import re
from pathlib import PurePosixPath

SUITES = ["check", "members", "unit", "api", "e2e", "crash", "vm", "plain", "tsan", "fuzz"]
LONG = ["fuzz", "e2e", "crash", "vm", "plain"]          # only when their own files change
THREADS = {"base", "store", "engine", "http", "container", "api"}       # as suite_tsan has them
# room: the unit tests' rooms that stand on it, and the API tests; None: all of them
ALL = None
ROOMS = {
    "base": (ALL, ALL), "shape": (ALL, ALL), "wire": (["wire", "api"], ALL), "store": (ALL, ALL), "api": (ALL, ALL),
    "engine": (["engine", "codepipeline", "events"], ALL), "http": (["http", "api", "proxy"], ALL), "resource": (["resource"], ALL),
    "policy": (["policy", "iam", "api"], ["iam", "strict", "sts", "s3", "sqs", "sns", "ecr"]),
    "proxy": (["proxy"], ["elbv2", "ecs"]), "container": (["container"], ["containers", "ecs", "codebuild", "ecr", "leftovers", "host_access"]),
    "git": (["git", "codecommit"], ["codecommit", "codepipeline", "codebuild"]), "cli": (["cli"], ["cli", "slipway", "readme", "dora"]),
    "console": ([], ["slipway"]),
}
# service: its client's package, where that is not client-<service>
PACKAGES = {"logs": "cloudwatch-logs", "events": "eventbridge", "elbv2": "elastic-load-balancing-v2"}
WALKERS = ["tags", "foreign_arn", "twice", "limits"]    # these ask every operation of every service


class Choice:
    def __init__(self):
        self.suites, self.rooms, self.files, self.everything = {"check"}, set(), set(), False

    def unit(self, rooms):
        self.suites.add("unit")
        self.rooms |= {"*"} if rooms is ALL else set(rooms)

    def api(self, files):
        self.suites.add("api")
        self.files |= set(files)

    def takes_unit(self, name):
        """name: a unit test's, <room>_<file> or <room>."""
        return self.everything or "*" in self.rooms or name.split("_")[0] in self.rooms


def uses(text, service):
    package = PACKAGES.get(service, service)
    return re.search(rf'client-{package}["\']|\baws\w*\(?.{{0,40}}\b{service}\b', text) is not None


def with_lib(path, texts):
    """A file's text and the clients of what it requires of lib/, which uses them in its place."""
    libs = [texts.get(f"tests/lib/{lib}.js", "") for lib in re.findall(r'lib/(\w+)"', texts[path])]
    return "\n".join([texts[path], *re.findall(r'client-[\w-]+"', "".join(libs))])


def users_of_lib(lib, texts):
    """Test files that require it, also by way of another file of lib/."""
    known, grown = {lib}, True
    while grown:
        more = {PurePosixPath(p).stem for p, t in texts.items() if p.startswith("tests/lib/")
                and any(f'/{k}"' in t for k in known)}
        grown = not more <= known
        known |= more
    return {p for p, t in texts.items() if not p.startswith("tests/lib/") and any(f'lib/{k}"' in t for k in known)}


def of_service(c, service, texts):
    c.suites.add("members")
    c.unit([service])
    c.api(p for p in texts if p.startswith("tests/api/") and
          (uses(with_lib(p, texts), service) or PurePosixPath(p).name.startswith((service, *WALKERS))))


def of_room(c, room, texts):
    rooms, prefixes = ROOMS[room]
    c.unit(rooms)
    c.api(p for p in texts if p.startswith("tests/api/") and (prefixes is ALL or PurePosixPath(p).name.startswith(tuple(prefixes))))
    if room in THREADS:
        c.suites.add("tsan")
    if room == "container":
        c.suites.add("vm")


def of_tests(c, path, texts):
    folder = path.parts[1] if len(path.parts) > 2 else ""
    if folder == "api":
        c.api([p for p in texts if p == str(path)] or [p for p in texts if p.startswith("tests/api/")])     # its data: all
    elif folder == "unit" and len(path.parts) > 3:
        c.unit([path.parts[2]])
    elif folder == "lib":
        for p in users_of_lib(path.stem, texts):
            (c.api([p]) if p.startswith("tests/api/") else c.suites.add(p.split("/")[1]))
    elif folder in SUITES:
        c.suites.add(folder)
    elif folder != "tools":
        c.everything = True


def of_model(c, path, texts):
    if path.name in ("manifest.json", "meson.build") or path.suffix != ".json":
        c.everything = True
    else:
        of_service(c, path.stem, texts)


def choose(paths, texts):
    """paths: what changed, from the root; texts: every *.js file below tests/ by its path."""
    c = Choice()
    for path in map(PurePosixPath, paths):
        top = path.parts[0]
        if path.suffix == ".md":
            if path.name == "README.md" and len(path.parts) == 1 or top == "docs":
                c.api(p for p in texts if p.endswith("/readme.test.js"))
        elif top == "src" and len(path.parts) > 3 and path.parts[1] == "services":
            of_service(c, path.parts[2], texts)
        elif top == "src" and len(path.parts) > 2 and path.parts[1] in ROOMS:
            of_room(c, path.parts[1], texts)
        elif top == "tests":
            of_tests(c, path, texts)
        elif top == "models":
            of_model(c, path, texts)
        elif path.parts[:2] not in (("tools", "check"), ("tools", "strip-models")) and top not in ("bench", "web", "examples") \
                and path.name not in (".gitignore", ".clang-format", ".git-blame-ignore-revs"):
            c.everything = True
    if c.everything:
        c.suites |= {"members", "unit", "tsan", "api"}
        c.rooms.add("*")
        c.files |= {p for p in texts if p.startswith("tests/api/")}
    return c
