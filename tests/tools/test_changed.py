# SPDX-License-Identifier: Apache-2.0
"""What `tests/run --changed` chooses, on changes as they come, and that no room or service of the source is forgotten."""
import re
import sys
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import changed  # noqa: E402

TEXTS = {p.relative_to(ROOT).as_posix(): p.read_text() for p in (ROOT / "tests").glob("*/*.js")}


def choose(*paths):
    return changed.choose(paths, TEXTS)


class Changed(unittest.TestCase):
    def test_the_house_rules_are_always_asked(self):
        self.assertEqual(choose().suites, {"check"})
        self.assertEqual(choose("docs/style.md").files, {"tests/api/readme.test.js"})

    def test_a_service_asks_its_unit_tests_and_who_uses_its_client(self):
        c = choose("src/services/ssm/name.c")
        self.assertEqual(c.suites, {"check", "members", "unit", "api"})
        self.assertTrue(c.takes_unit("ssm_name"))
        self.assertFalse(c.takes_unit("store_tx"))
        self.assertIn("tests/api/ssm.test.js", c.files)
        self.assertIn("tests/api/tags.test.js", c.files)
        self.assertNotIn("tests/api/s3_cors.test.js", c.files)
        self.assertIn("tests/api/codebuild.test.js", choose("src/services/events/rule.c").files)    # by way of lib/events.js
        self.assertIn("tests/api/elbv2_life.test.js", choose("src/services/elbv2/rule.c").files)
        self.assertEqual(choose("models/members/ssm.json").files, c.files)

    def test_what_all_stand_on_asks_all(self):
        for path in ["src/base/str.c", "src/store/tx.c", "src/main.c", "tools/modelc/main.c", "models/manifest.json", "meson.build"]:
            c = choose(path)
            self.assertEqual(c.files, {p for p in TEXTS if p.startswith("tests/api/")}, path)
            self.assertTrue(c.takes_unit("wire_cbor"), path)
            self.assertIn("tsan", c.suites, path)

    def test_a_test_asks_itself_and_a_library_its_users(self):
        self.assertEqual(choose("tests/api/ssm.test.js").files, {"tests/api/ssm.test.js"})
        c = choose("tests/lib/delivery.js")
        self.assertTrue(c.files)
        self.assertIn("crash", c.suites)
        self.assertIn("fuzz", choose("tests/fuzz/fuzz_xml.c").suites)

    def test_every_room_and_service_is_known(self):
        for room in (p for p in (ROOT / "src").iterdir() if p.is_dir() and p.name != "services"):
            self.assertIn(room.name, changed.ROOMS)
        for service in (p for p in (ROOT / "src/services").iterdir() if p.is_dir()):
            of = [p for p in choose(f"src/services/{service.name}/x.c").files if not Path(p).name.startswith(tuple(changed.WALKERS))]
            self.assertTrue(of, f"no API test uses {service.name}")

    def test_every_suite_is_in_both_lists(self):
        self.assertIn(f"SUITES = {changed.SUITES}".replace("'", '"'), (ROOT / "tests/run").read_text())

    def test_the_budgets_that_are_told_are_those_that_count(self):
        run = SourceFileLoader("run", str(ROOT / "tests/run")).load_module()
        told = dict(re.findall(r"^\| (\w+) \| [\d-]+ \| (\d+) \|$", (ROOT / "docs/testing.md").read_text(), re.M))
        self.assertEqual({s: int(n) for s, n in told.items()}, {s: n for s, n in run.BUDGET.items() if s != "all"})
        self.assertEqual(set(run.BUDGET), {*run.SUITES, "build", "all"})


if __name__ == "__main__":
    unittest.main()
