# SPDX-License-Identifier: Apache-2.0
"""What the compiler's tests print: TAP, a line a check."""
import sys

count = failed = 0


def check(name, problem):
    global count, failed
    count += 1
    failed += bool(problem)
    print(f'{"not ok" if problem else "ok"} {count} - {name}')
    for line in (problem or '').splitlines():
        print(f'# {line}')


def finish():
    print(f'1..{count}')
    sys.exit(failed > 0)
