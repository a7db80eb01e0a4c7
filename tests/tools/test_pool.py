# SPDX-License-Identifier: Apache-2.0
"""What tests/pool.py runs beside what, and what tests/results.py reads in the output of tests."""
import contextlib
import io
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
import pool  # noqa: E402
from results import Results  # noqa: E402

BROKEN = """TAP version 13
# Subtest: good
ok 1 - good
  ---
  duration_ms: 0.6
  ...
# Subtest: bad
not ok 2 - bad
  ---
  error: 'x'
  ...
server's log: slipway-test-1 level=warn msg="lost # 5"
1..2
"""


def job(name, waits=False, seconds=0, argv=("true",)):
    return pool.Job("s", name, list(argv), 60, None, waits=waits, seconds=seconds)


def begins(p):
    """The jobs that begin now, without being run."""
    before = list(p.running)
    p.thread = lambda fn: None
    p.start()
    return [j.name for j in p.running if j not in before]


class Pool(unittest.TestCase):
    def test_the_longest_files_begin_and_a_program_beside_them(self):
        p = pool.Pool(2)
        p.add([job(f"file{i}", True, i) for i in range(5)])
        p.add([job(f"program{i}", seconds=i) for i in range(3)])
        self.assertEqual(begins(p), ["file4", "file3", "file2", "program2"])
        p.running.remove(next(j for j in p.running if j.name == "file4"))
        self.assertEqual(begins(p), ["file1"])

    def test_programs_have_all_cores_once_no_file_is_left(self):
        p = pool.Pool(2)
        p.add([job("file", True), *(job(f"program{i}", seconds=-i) for i in range(4))])
        self.assertEqual(begins(p), ["file", "program0"])
        p.running = [j for j in p.running if not j.waits]
        self.assertEqual(begins(p), ["program1"])

    def test_a_job_s_output_and_what_it_leaves_are_told(self):
        p = pool.Pool(2)
        p.add([job("a", argv=["sh", "-c", "echo said; mkdir $TMPDIR/left; exit 3"])])
        [(j, r, _, left)] = list(p.ended())
        self.assertEqual((j.name, r.stdout, r.returncode, left), ("a", "said\n", 3, ["left"]))

    def test_the_jobs_of_a_build_come_after_it(self):
        p, seen = pool.Pool(2), []
        p.add([job("now")])
        p.add_built("later", lambda: subprocess.CompletedProcess([], 0, ""), lambda: [job("then")])
        self.assertTrue(p.open("later"))
        for event in p.ended():
            if not event[0]:
                p.add(event[3]())
            seen.append(event[0].name if event[0] else event[1])
        self.assertEqual(sorted(seen), ["later", "now", "then"])
        self.assertLess(seen.index("later"), seen.index("then"))
        self.assertFalse(p.open("later"))


class OfTests(unittest.TestCase):
    def heard(self, output, status):
        results, out = Results("api"), io.StringIO()
        with contextlib.redirect_stdout(out):
            results.node("x.test.js", output, status)
        return results, out.getvalue()

    def test_a_failed_test_is_told_with_its_servers_warnings(self):
        results, text = self.heard(BROKEN, 1)
        self.assertEqual((results.passed, results.failed), (1, ["x.test.js: bad"]))
        self.assertIn("error: 'x'", text)
        self.assertIn('    slipway-test-1 level=warn msg="lost # 5"', text)
        self.assertNotIn("duration_ms", text)

    def test_what_is_skipped_has_not_passed(self):
        results, out = Results("unit"), io.StringIO()
        with contextlib.redirect_stdout(out):
            results.tap("x", "ok 1 - good\nok 2 - walk # SKIP needs root\n", 0)
        self.assertEqual((results.passed, results.failed, out.getvalue()), (1, [], "skipped x: walk # SKIP needs root\n"))

    def test_a_file_that_ends_badly_or_runs_nothing_has_failed(self):
        self.assertEqual(self.heard("ok 1 - good\n", 7)[0].failed, ["x.test.js: ended with status 7"])
        self.assertEqual(self.heard("", 0)[0].failed, ["x.test.js: ended with status 0"])


if __name__ == "__main__":
    unittest.main()
