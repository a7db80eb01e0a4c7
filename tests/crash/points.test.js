// SPDX-License-Identifier: Apache-2.0
// Each named instant of the sources has a test that kills there: one that goes through `points(/pattern/)`, or a list of a
// unit test's own.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { POINTS } = require("../lib/crash");

const TESTS = path.join(__dirname, "..");
const texts = (folder, pattern) => fs.readdirSync(path.join(TESTS, folder)).filter((f) => pattern.test(f))
    .map((f) => fs.readFileSync(path.join(TESTS, folder, f), "utf8"));

test("every crash point is reached by a test", () => {
    const patterns = [...texts("crash", /\.test\.js$/), ...texts("api", /crash.*\.test\.js$/)]
        .flatMap((x) => [...x.matchAll(/\bpoints\(\/(.+)\/\)/g)].map((m) => new RegExp(m[1])));
    const lists = [...texts("crash", /\.c$/), ...texts("unit/container", /^test_crash\.c$/)].join("\n");
    assert.ok(patterns.length > 4 && POINTS.length > 40);
    assert.deepStrictEqual(POINTS.filter((p) => !patterns.some((x) => x.test(p)) && !lists.includes(`"${p}"`)), []);
});
