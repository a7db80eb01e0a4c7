# SPDX-License-Identifier: Apache-2.0
"""The rules of tools/check that are more than a list of words, each on a text that breaks it and one that does not."""
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


if __name__ == "__main__":
    unittest.main()
