# SPDX-License-Identifier: Apache-2.0
"""Each rule of tools/check on a tree that breaks it and one that does not, and the subtle ones on many texts more."""
import contextlib
import io
import os
import shutil
import subprocess
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
check = SourceFileLoader("check", str(ROOT / "tools/check")).load_module()


def faults(rule, *args):
    check.found.clear()
    rule(Path("x.c"), *args)
    return [f.split(": ")[1] for f in check.found]


class Fmt(unittest.TestCase):
    """SW_FMT(x) stands for `(int)(x).n, (x).p`."""

    def test_a_call_is_found(self):
        for arg in ["sw_id_base32(a, 16)", "sw_str_or(f(x), y)", "*(const SwStr *)at(m, in)", "added(c)->v[k]", "l.v[i++]",
                    "x = y", "sw_arn(cx, \" \", SW_FMT(name))", "sw_buf_str(\n    &b)"]:
            self.assertEqual(faults(check.check_fmt, f"f(SW_FMT({arg}));")[:1], ["fmt"], arg)

    def test_a_place_is_not(self):
        for arg in ["x", "p->v[i + 1].name", "*ret", "((Answer *)answer)->text", "a.n == 0 ? a : b",
                    "sw_str_or(x, SW_STR(\" \"))", "sw_str_skip(name, at + 1)"]:
            self.assertEqual(faults(check.check_fmt, f"f(SW_FMT({arg}), g(x));"), [], arg)


class Typed(unittest.TestCase):
    """A service's records have their types."""

    def test_a_void_record_is_found(self):
        for line in ["    void *record;", "    void *r = NULL;", "    if (sw_doc_find(tx, &ssm_parameters, id, &r, err) < 0)",
                     "    x = ((const SsmParameterRecord *)row->record)->name;", "    x = ((KeyRecord *)l.v[i].record)->key;",
                     "    const SnsTopicRecord *t = f->record;"]:
            self.assertEqual(faults(check.check_typed, [line]), ["typed"], line)
        self.assertEqual(faults(check.check_typed, ["static int show(const SwDocRow *row) {",
                                                    "    const KeyRecord *k = row->record;"]), ["typed"])

    def test_a_typed_one_is_not(self):
        for line in ["static bool has_policy(SwCtx *cx, const void *record) {", "    const KeyRecord *k = l.v[i].record;",
                     "    return sw_doc_count(cx->tx, c, &q, ret_n, err);", "    KeyRecord *k = iam_keys_row(row);"]:
            self.assertEqual(faults(check.check_typed, [line]), [], line)
        self.assertEqual(faults(check.check_typed, ["static int draw(const KeyRecordRow *row) {",
                                                    "    const KeyRecord *k = row->record;"]), [])


LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */\n"
PROMISES = "| promise | test | name |\n|---|---|---|\n"
C, H, SSM, UNIT = "src/base/x.c", "src/base/x.h", "src/services/ssm/x.c", "tests/unit/x.c"
HEAD = LICENCE + "#pragma once\n\n"

# What is added to a tree without faults: by rule, what it must find and what it must not.
TREES = {
    "licence": ({C: "int x;\n"}, {C: LICENCE + "int x;\n"}),
    "comment": ({C: LICENCE + "int x; // a number\n"}, {C: LICENCE + 'const char *x = "http://x"; /* // */\n'}),
    "floor": ({C: LICENCE + '#include "store/store.h"\n'}, {"src/store/x.c": LICENCE + '#include "base/x.h"\n'}),
    "service": ({SSM: LICENCE + '#include "services/sqs/sqs.h"\n'}, {SSM: LICENCE + '#include "services/ssm/ssm.h"\n'}),
    "banned": ({C: LICENCE + "void *x(void) {\n    return malloc(1);\n}\n"},
               {C: LICENCE + "void *x(void) {\n    return malloc(1); /* library: it frees this */\n}\n",
                "src/base/arena.c": LICENCE + "void *x(void) {\n    return malloc(1);\n}\n",
                UNIT: LICENCE + "void *x(Pool *p) {\n    return malloc(1) ? p->malloc(1) : sw_malloc(1);\n}\n"}),
    "length": ({C: LICENCE + "int x;\n" * 900},
               {C: LICENCE + "int x;\n" * 899,
                "src/base/table.c": LICENCE + "/* A table, long for that reason. */\n" + "int x;\n" * 900}),
    "layout": ({C: LICENCE + "int x( void );\n"}, {C: LICENCE + "int x(void);\n"}),
    "fmt": ({C: LICENCE + "int x = f(SW_FMT(g()));\n"}, {C: LICENCE + "int x = f(SW_FMT(g));\n"}),
    "arn": ({SSM: LICENCE + 'const char *x = "arn:aws:ssm:%s";\n'},
            {SSM: LICENCE + 'const char *x = "arn:aws:iam::aws:policy/All";\n', C: LICENCE + 'const char *x = "arn:aws:ssm:%s";\n',
             "src/services/ssm/README.md": "x", "src/services/iam/README.md": "x",
             "src/services/iam/session.c": LICENCE + 'const char *x = "arn:aws:sts::%s";\n'}),
    "get": ({C: LICENCE + "int sw_box_get(int id);\n"},
            {C: LICENCE + "int sw_box_get(int id, SwError *err);\nint sw_box_find(int id);\nint sw_value_getz(int id);\n"
                          "int x(int id) {\n    return sw_other_get(id);\n}\n"}),
    "typed": ({SSM: LICENCE + "int x(void) {\n    void *record;\n}\n"},
              {SSM: LICENCE + "int x(void) {\n    SsmParameterRecord *record;\n}\n",
               "src/store/x.c": LICENCE + "int x(void) {\n    void *record;\n}\n"}),
    "unfinished": ({C: LICENCE + "int x; /* TO" + "DO */\n"}, {C: LICENCE + "int x; /* TODOS is a name */\n"}),
    "readme": ({"src/wire/x.c": LICENCE + "int x;\n"}, {"src/wire/x.c": LICENCE + "int x;\n", "src/wire/README.md": "x"}),
    "alone": ({H: HEAD + "int sw_x(SwStr s);\n"}, {H: HEAD + "int sw_x(int n);\n"}),
    "doc": ({"docs/x.md": "See `sw_never_heard_of(x)` and `SwNothing`.\n"},
            {"docs/x.md": "See `sw_known(x)`, `SwKnown` and sw_never_heard_of.\n",
             H: HEAD + "typedef int SwKnown;\nint sw_known(int n);\n"}),
    "promise": ({"docs/promises.md": PROMISES + "| It works | tests/unit/x.c | it_fails |\n", UNIT: LICENCE + "int it_works;\n"},
                {"docs/promises.md": PROMISES + "| It works | tests/unit/x.c | it_works |\n", UNIT: LICENCE + "int it_works;\n"}),
    "sleep": ({UNIT: LICENCE + "void x(void) {\n    usleep(5);\n}\n"},
              {UNIT: LICENCE + "void x(void) {\n    while (y())\n        usleep(5);\n}\n",
               C: LICENCE + "void x(void) {\n    usleep(5);\n}\n", "tests/lib/slipway.js": "setTimeout(f, 5);\n"}),
}
# The same rule where it looks elsewhere.
MORE = {
    "promise": {"docs/promises.md": PROMISES + "| It works | tests/unit/gone.c | it_works |\n"},
    "sleep": {"tests/api/x.test.js": "setTimeout(f, 5);\n"},
    "layout": {"docs/style.md": "4 spaces, 80 columns\n"},
    "alone": {H: HEAD + '#include "base/gone.h"\n'},
}
BASE = {"docs/style.md": "4 spaces, 128 columns\n", "docs/promises.md": PROMISES, "src/base/README.md": "x",
        "src/store/README.md": "x", "src/services/README.md": "x", "src/services/ssm/README.md": "x"}


class Trees(unittest.TestCase):
    """The whole of tools/check, where it finds the files itself."""

    def look(self, files):
        with tempfile.TemporaryDirectory() as tmp:
            shutil.copy(ROOT / ".clang-format", tmp)
            for name, text in {**BASE, **files}.items():
                path = Path(tmp) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            subprocess.run(["git", "init", "-q", tmp], check=True)
            was, here = check.ROOT, os.getcwd()
            check.ROOT = Path(tmp)
            check.found.clear()
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    status = check.main()
            finally:
                check.ROOT = was
                os.chdir(here)
            self.assertEqual(status, 1 if check.found else 0)
            return [str(f) for f in check.found]

    def rules(self, files):
        return {f.split(": ")[1] for f in self.look(files)}

    def test_each_rule_finds_what_breaks_it_and_nothing_else(self):
        for rule, (bad, _) in TREES.items():
            self.assertEqual(self.rules(bad), {rule}, rule)
        for rule, bad in MORE.items():
            self.assertEqual(self.rules(bad), {rule}, rule)

    def test_each_rule_lets_what_is_right_pass(self):
        self.assertEqual(self.look({}), [])
        for rule, (_, good) in TREES.items():
            self.assertEqual(self.look(good), [], rule)

    def test_no_rule_is_without_a_tree(self):
        self.assertEqual(set(TREES), set(check.RULES))


if __name__ == "__main__":
    unittest.main()
