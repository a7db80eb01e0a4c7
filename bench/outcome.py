# SPDX-License-Identifier: Apache-2.0
"""How a script of bench ends. A figure that is short of its limit fails it, and so does one that could not be had: a table that
is empty for want of a program would else look like one in which all is well. The status is the same whatever was printed."""
import sys


class Unmeasured(Exception):
    """Why there is no figure."""


def status(short):
    """The exit status, after all was measured and shown. short: what is short of what is wanted, or missing."""
    if short:
        print("short of what is wanted: " + "; ".join(short), file=sys.stderr)
    return 1 if short else 0
