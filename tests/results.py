# SPDX-License-Identifier: Apache-2.0
"""What tests said: their streams of TAP read, each result counted for its suite, each failure printed with its output."""
import re


def say(text):
    print(text, flush=True)


class Results:
    """Of one suite."""

    def __init__(self, suite):
        self.suite, self.passed, self.failed, self.seconds, self.longest = suite, 0, [], 0.0, []

    def took(self, name, seconds):
        self.seconds += seconds
        self.longest.append((seconds, f"{self.suite} {name}"))

    def count(self, name, ok, output=""):
        if ok:
            self.passed += 1
            return
        self.failed.append(name)
        say(f"FAILED {name}")
        say("\n".join("    " + line for line in output.strip().splitlines()[-60:]))

    def tap(self, name, output, status):
        """The tests of a TAP stream; a program that ends badly without saying so is a failed test itself."""
        bad = good = 0
        for line in output.splitlines():
            m = re.match(r"\s*(not )?ok \d+(?: - (.*?))?(\s+# SKIP.*)?$", line)
            if not m or line.startswith("        "):
                continue
            if m.group(3):
                good += 1
                say(f"skipped {name}: {m.group(2)}{m.group(3)}")
            elif m.group(1):
                bad += 1
                self.count(f"{name}: {m.group(2)}", False, output if bad == 1 else "")
            else:
                good += 1
                self.count(f"{name}: {m.group(2)}", True)
        if status != 0 and bad == 0:
            self.count(f"{name}: ended with status {status}", False, output)
        elif good + bad == 0:
            self.count(f"{name}: ran no test", False, output)

    def node(self, name, output, status):
        """Leaf tests of node's nested TAP: a parent's line repeats its children's result."""
        leaves, lines, before = [], output.splitlines(), len(self.failed)
        for at, line in enumerate(lines):
            m = re.match(r"( *)(not )?ok \d+ - (.*?)(\s+# (?:SKIP|TODO).*)?$", line)
            if m:
                leaves.append((len(m.group(1)) // 4, m.group(3), not m.group(2), m.group(4) or "", at))
        n = 0
        for i, (depth, title, ok, note, at) in enumerate(leaves):
            if i and leaves[i - 1][0] > depth and ok:
                continue                            # a parent that passed
            if title.endswith(".test.js") and ok:
                continue
            if "test name does not match pattern" in note:
                continue
            n += 1
            if "SKIP" in note:
                say(f"skipped {name}: {title}{note}")
                continue
            self.count(f"{name}: {title}", ok, "" if ok else diagnosis(lines, at))
        if n == 0 or (status != 0 and all(leaf[2] for leaf in leaves)):
            self.count(f"{name}: ended with status {status}", status == 0 and n > 0, output)
        warned = [line.partition(": ")[2] for line in lines if line.startswith("server's log: ")]
        if len(self.failed) > before and warned:
            say(f"the last warnings of the servers of {name}:")
            say("\n".join("    " + line for line in warned))

    def line(self):
        return f"{self.suite}: {self.passed} passed, {len(self.failed)} failed in {self.seconds:.0f} s"


def diagnosis(lines, at):
    """The failed test's own lines: from its `not ok` to the end of the YAML block below."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    end = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == "..." and
                len(lines[i]) - len(lines[i].lstrip()) == indent + 2), len(lines) - 1)
    return "\n".join(lines[at:end + 1])
