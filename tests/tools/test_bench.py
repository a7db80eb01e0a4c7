# SPDX-License-Identifier: Apache-2.0
"""How bench's scripts end: a figure that is short of its limit fails them and one that is missing does too, in a table and in JSON."""
import contextlib
import io
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
import contention  # noqa: E402
import delivery  # noqa: E402
import growth  # noqa: E402
import outcome  # noqa: E402
import pages  # noqa: E402
import request_cost  # noqa: E402
import rules  # noqa: E402

bench = growth.bench()


def ends(main, *argv):
    """(exit status, what it said) of a script's main."""
    out, err = io.StringIO(), io.StringIO()
    with mock.patch.object(sys, "argv", ["x", *argv]), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main()
    return status, out.getvalue() + err.getvalue()


class Fresh(unittest.TestCase):
    def setUp(self):
        for told in (bench.rows, bench.notes, bench.short):
            told.clear()


class Rows(Fresh):
    def test_a_figure_below_its_least_ratio_is_short(self):
        bench.row("a", "ms", 10.0, 20.0, lower=True, least=1)
        self.assertEqual(bench.short, [])
        bench.row("a", "ms", 30.0, 20.0, lower=True, least=1)
        self.assertEqual(len(bench.short), 1)

    def test_a_figure_that_is_missing_is_short_and_says_why(self):
        bench.row("  a", "1/s", None, why="wrk is absent")
        self.assertEqual(bench.short, ["a: not measured: wrk is absent"])

    def test_a_limit_with_nothing_to_compare_with_is_short(self):
        bench.row("a", "ms", 1.0, None, least=0.5)
        self.assertEqual(bench.short, ["a: not measured"])

    def test_none_at_all_is_a_figure(self):
        bench.row("turns", "1/s", 0.0, 40, lower=True, least=1)
        self.assertEqual(bench.short, [])

    def test_a_peer_that_is_absent_fails_nothing(self):
        with mock.patch.object(bench.shutil, "which", lambda name: None):
            self.assertIsNone(bench.Moto.find())
        bench.row("a", "1/s", 5.0, None)
        self.assertEqual(bench.short, [])
        self.assertIn("fails nothing", bench.notes[0])


class Run(Fresh):
    def test_answers_that_are_refused_are_no_figure(self):
        self.assertEqual(bench.wrk_rate("Requests/sec:  12.5\n"), 12.5)
        for out in ("Requests/sec: 12.5\n  Non-2xx or 3xx responses: 3\n", "  Socket errors: connect 1\nRequests/sec: 1\n", "", "Requests/sec: 0.00\n"):
            with self.assertRaises(outcome.Unmeasured):
                bench.wrk_rate(out)

    def throughput(self, wrk, which="/usr/bin/wrk", moto=None, now=lambda: 0):
        at = lambda url: mock.Mock(url=url)
        with mock.patch.object(bench, "loads", lambda url: [(what,) for what in bench.LOADS]), \
                mock.patch.object(bench, "wrk", wrk), mock.patch.object(bench.shutil, "which", lambda name: which), \
                mock.patch.object(bench.time, "monotonic", now):
            bench.throughput(at("mine"), moto and at(moto), 1, 2)

    def test_requests_a_second_that_could_not_be_had_are_short(self):
        def fails(url, *_):
            if url == "mine":
                raise outcome.Unmeasured("Non-2xx or 3xx responses: 3")
            return 5.0
        self.throughput(fails, moto="theirs")
        self.assertIn("Non-2xx or 3xx responses: 3", bench.short)
        self.assertEqual(len([s for s in bench.short if "not measured" in s]), 12)

    def test_a_round_that_failed_is_short_though_others_did_not(self):
        answers = iter([outcome.Unmeasured("one"), 7.0] + [7.0] * 99)

        def wrk(*_):
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer
        self.throughput(wrk)
        self.assertEqual(bench.short, ["one"])
        self.assertEqual({r["slipway"] for r in bench.rows}, {7.0})

    def test_the_peer_s_faults_are_notes(self):
        def fails(url, *_):
            if url == "theirs":
                raise outcome.Unmeasured("of the peer")
            return 5.0
        self.throughput(fails, moto="theirs")
        self.assertEqual((bench.short, bench.notes), ([], ["of the peer"]))

    def test_without_wrk_each_figure_is_short(self):
        self.throughput(None, which=None)
        self.assertEqual(len(bench.short), 12)
        self.assertTrue(all("wrk is absent" in s for s in bench.short))

    def test_out_of_time_each_figure_that_is_left_out_is_short(self):
        now = iter([0] + [1] * 3 + [1e9] * 99)
        self.throughput(lambda *_: 5.0, now=lambda: next(now))
        self.assertEqual([s.split(":")[-1] for s in bench.short], [" out of time"] * 9)

    def test_a_task_s_start_that_cannot_be_is_short(self):
        with mock.patch.object(bench, "lacking", lambda: "root, runc"):
            bench.task_start(None)
        self.assertTrue(bench.short[0].endswith("without root, runc"), bench.short)

    def test_a_task_s_start_that_fails_is_short(self):
        fail = mock.Mock(side_effect=OSError("503"))
        with mock.patch.object(bench, "lacking", lambda: ""), mock.patch.object(bench, "task_starts", fail):
            bench.task_start(None)
        self.assertTrue(bench.short[0].endswith(": 503"), bench.short)

    def test_functions_that_cannot_be_or_fail_are_short(self):
        with mock.patch.object(bench, "lacking", lambda: "root"):
            bench.functions(None)
        fail = mock.Mock(side_effect=OSError("503"))
        with mock.patch.object(bench, "lacking", lambda: ""), mock.patch.object(bench, "function_times", fail), \
                mock.patch.object(bench.os.path, "exists", lambda path: True):
            bench.functions(mock.Mock())
        self.assertEqual([s.split(": ")[-1] for s in bench.short], ["without root"] * 2 + ["503"] * 2)

    def test_functions_beyond_their_limit_are_short(self):
        with mock.patch.object(bench, "lacking", lambda: ""), mock.patch.object(bench, "function_times", lambda url: (2.9, 251.0)), \
                mock.patch.object(bench.os.path, "exists", lambda path: True):
            bench.functions(mock.Mock())
        self.assertEqual(len(bench.short), 1)
        self.assertIn("cold start", bench.short[0])

    def test_a_demo_that_fails_is_short(self):
        failed = subprocess.CompletedProcess([], 1, "", "it\nbroke")
        with mock.patch.object(bench.subprocess, "run", lambda *a, **k: failed):
            bench.push_to_live("slipway", None)
        self.assertEqual(len(bench.short), 3)
        self.assertTrue(bench.short[0].endswith("the demo failed: it broke"))

    def main(self, *argv, lacking=""):
        server = mock.Mock(start=lambda: 0.01)
        with mock.patch.multiple(bench, Slipway=lambda *_: server, request=mock.Mock(), memory_mib=lambda pid: 1.0, reset=mock.Mock(),
                                 lacking=lambda: lacking, Moto=mock.Mock(find=lambda: None)):
            return ends(bench.main, "slipway", "--no-growth", "--no-demo", "--no-load", *argv)

    def test_what_an_option_leaves_out_fails_nothing(self):
        self.assertEqual(self.main("--no-tasks", lacking="runc")[0], 0)

    def test_json_ends_as_the_table_does(self):
        self.assertEqual([self.main(*more, lacking="runc")[0] for more in ([], ["--json"])], [1, 1])
        self.assertIn("without runc", self.main("--json", lacking="runc")[1])


class Idle(Fresh):
    def test_services_that_cannot_be_are_short(self):
        with mock.patch.object(bench, "lacking", lambda: "runc"):
            self.assertEqual(growth.settled(None, bench, 100), 0)
        self.assertEqual(bench.short, ["an idle system: 0 of 100 services became steady without runc"])

    def test_services_that_do_not_become_steady_are_short(self):
        with mock.patch.object(bench, "lacking", lambda: ""), mock.patch.object(growth, "services", lambda *_: 99):
            self.assertEqual(growth.settled(None, bench, 100), 99)
        self.assertEqual(bench.short, ["an idle system: 99 of 100 services became steady in time"])

    def test_no_services_need_nothing(self):
        with mock.patch.object(bench, "lacking", lambda: "root"):
            growth.settled(None, bench, 0)
        self.assertEqual(bench.short, [])


class RequestCost(unittest.TestCase):
    GOOD = ("ssm PutParameter", 0.6, 1.0, 1.0, 1, 1.1, 0.1)

    def test_goals(self):
        self.assertEqual(request_cost.short_of([self.GOOD], [], [("idle memory", "MiB", 16, 16)]), [])
        self.assertEqual(len(request_cost.short_of([("w", 0.59, 1, 1, 1, 1.2, 0)], [("r", 0.49, 1, 1, 1, 0, 0)],
                                                   [("first start", "ms", 61, 60)])), 4)

    def test_no_load_at_all_is_short(self):
        self.assertEqual(request_cost.short_of([], [], []), ["no load was measured"])

    def main(self, found, *argv):
        with mock.patch.object(request_cost, "throughput", found), mock.patch.object(request_cost, "bench", mock.Mock()):
            return ends(request_cost.main, "build", "--only", "ssm", *argv)

    def test_json_ends_as_the_table_does(self):
        for row, status in ((self.GOOD, 0), (("ssm PutParameter", 0.1, *self.GOOD[2:]), 1)):
            for argv in ([], ["--json"]):
                self.assertEqual(self.main(lambda *_, row=row: ([row], []), *argv)[0], status)

    def test_a_load_that_was_refused_fails(self):
        self.assertEqual(self.main(mock.Mock(side_effect=outcome.Unmeasured("Non-2xx")))[0], 1)


class Delivery(unittest.TestCase):
    def test_json_ends_as_the_table_does(self):
        for seconds, status in ((1.9, 0), (2.1, 1)):
            found = [{"push": (delivery.PLATFORM, seconds)}]
            with mock.patch.object(delivery, "measure", lambda *_, found=found: found), mock.patch.object(delivery, "bench", lambda: None):
                for argv in ([], ["--json"]):
                    self.assertEqual(ends(delivery.main, "slipway", *argv)[0], status)


class Contention(unittest.TestCase):
    def test_as_many_clone_at_once_as_the_product_lets(self):
        text = (ROOT / "src/services/codebuild/codebuild.h").read_text()
        self.assertEqual(contention.AT_ONCE, int(re.search(r"#define CODEBUILD_AT_ONCE (\d+)", text).group(1)))
        self.assertGreater(contention.BUILDS, contention.AT_ONCE)

    def test_all_of_them_are_waited_for(self):
        phases = dict(enumerate(["DOWNLOAD_SOURCE"] * 3 + ["PROVISIONING"] + ["QUEUED"] * 3))
        self.assertIsNone(contention.all_clone(phases))
        self.assertEqual(contention.all_clone(phases | {3: "DOWNLOAD_SOURCE"}), {0, 1, 2, 3})

    def test_clones_that_were_never_at_once_end_it(self):
        with self.assertRaises(SystemExit):
            contention.all_clone(dict(enumerate(["COMPLETED"] * 4 + ["DOWNLOAD_SOURCE"] * 3)))

    def test_limits(self):
        self.assertEqual(contention.short_of(2.0, 2.4, 4), [])
        self.assertEqual(len(contention.short_of(2.0, 2.5, 4)), 1)
        self.assertEqual(len(contention.short_of(2.0, 2.0, 3)), 1)


class Pages(unittest.TestCase):
    MADE = [{"list": list_, "of": of, "first_us": 100, "later_us": 150} for list_ in pages.LISTS for of in pages.SIZES]

    def test_flat(self):
        self.assertEqual(pages.judge(self.MADE)[1], [])
        self.assertEqual(len(pages.judge([dict(m, later_us=151) for m in self.MADE])[1]), 9)

    def test_a_list_or_size_that_is_missing_is_short(self):
        self.assertEqual(len(pages.judge([])[1]), 9)
        self.assertEqual(pages.judge(self.MADE[:-1])[1], ["a page of cloudwatch DescribeAlarms of 100,000: not measured"])

    def test_the_lists_are_those_of_the_program(self):
        text = (ROOT / "bench/pages.c").read_text()
        self.assertEqual(tuple(re.findall(r'^    \{"(\w+ \w+)", put_', text, re.M)), pages.LISTS)
        self.assertEqual(tuple(json.loads("[" + re.search(r"sizes\[\] = \{([^}]+)\}", text).group(1) + "]")), pages.SIZES)


class Rules(unittest.TestCase):
    def test_a_figure_above_its_limit_is_told(self):
        figure = rules.Figures(mock.Mock())
        figure("a", "us", 1.0, 1.0)
        figure("  parsed again", "", 1.0, 0)
        self.assertEqual(figure.grown, ["parsed again: 1.0 , at most 0.0"])

    def test_a_ratio_is_the_median_of_the_rounds_own(self):
        costs = iter([10, 80, 20, 180, 1, 50])
        with mock.patch.object(rules, "round_us", lambda *_: next(costs)):
            self.assertEqual(rules.times_us(None, (None, None), rounds=3), (10, 9.0))


if __name__ == "__main__":
    unittest.main()
