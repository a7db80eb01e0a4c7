#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/pages.py BENCH_PAGES: a page with 100, 10,000 and 100,000 of what is listed. Fails where it grows by more than half."""
import json
import subprocess
import sys

from outcome import status

FLAT = 1.5
LISTS, SIZES = ("ecs ListTaskDefinitions", "iam ListRoles", "cloudwatch DescribeAlarms"), (100, 10000, 100000)


def judge(made):
    """Rows (figure, us, us with the fewest), and what is not flat or is missing."""
    us = {(m["list"], m["of"]): max(m["first_us"], m["later_us"]) for m in made}
    small = {m["list"]: m["first_us"] for m in made if m["of"] == SIZES[0]}
    all_ = [(list_, of) for list_ in LISTS for of in SIZES]
    name = lambda list_, of: f"a page of {list_} of {of:,}"
    rows = [(name(*key), us[key], small[key[0]]) for key in all_ if key in us and key[0] in small]
    return rows, [f"{what}: not flat" for what, us, least in rows if us > FLAT * least] + \
        [f"{name(*key)}: not measured" for key in all_ if key not in us or key[0] not in small]


def main():
    rows, short = judge(json.loads(subprocess.run([sys.argv[1]], check=True, text=True, capture_output=True).stdout))
    for what, us, least in rows:
        print(f"{what:55} {us:8.0f} us  {us / least:5.2f}x")
    return status(short)


if __name__ == "__main__":
    sys.exit(main())
