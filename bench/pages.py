#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/pages.py BENCH_PAGES: a page with 100, 10,000 and 100,000 of what is listed. Fails where it grows by more than half."""
import json
import subprocess
import sys

FLAT = 1.5


def measure(program):
    """Rows (figure, us) and what is not flat."""
    made = json.loads(subprocess.run([program], check=True, text=True, capture_output=True).stdout)
    small = {m["list"]: m["first_us"] for m in made if m["of"] == 100}
    rows = [(f"a page of {m['list']} of {m['of']:,}", max(m["first_us"], m["later_us"]), small[m["list"]]) for m in made]
    return rows, [what for what, us, least in rows if us > FLAT * least]


def main():
    rows, grown = measure(sys.argv[1])
    for what, us, least in rows:
        print(f"{what:55} {us:8.0f} us  {us / least:5.2f}x")
    if grown:
        sys.exit("not flat: " + "; ".join(grown))


if __name__ == "__main__":
    main()
