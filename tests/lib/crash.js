// SPDX-License-Identifier: Apache-2.0
// Lives and deaths of a server: steps that are taken again from where a kill cut them short, and what must be true after.
//
//     await lives(t, s, "sns.delivery.posted_not_written", steps);   // killed there, started again, steps carried on
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { execFileSync } = require("node:child_process");
const { until, run, PROGRAM } = require("./slipway");

const ROOT = path.join(__dirname, "../..");
const SOURCES = path.join(ROOT, "src");

// The named instants in the sources: a new one is tested, or missed, without being listed anywhere.
const POINTS = [...new Set(fs.readdirSync(SOURCES, { recursive: true }).filter((f) => f.endsWith(".c")).sort()
    .flatMap((f) => [...fs.readFileSync(path.join(SOURCES, f), "utf8").matchAll(/SW_CRASH_POINT\("([^"]+)"\)/g)].map((m) => m[1])))];
const points = (pattern) => POINTS.filter((p) => pattern.test(p));

const dead = (s) => s.child.exitCode !== null || s.child.signalCode !== null;

// `until`, given up at once when the server ends meanwhile.
const alive = (s, what, condition) => until(what, () => {
    if (dead(s)) throw new Error("the server ended");
    return condition();
}, { seconds: 60 });

// Takes each step once; one that fails stays the first, to be taken again.
async function live(s, steps) {
    while (steps.length) {
        await steps[0](s);
        steps.shift();
    }
}

// What a server that is not running left in its data folder agrees with itself.
async function fsck(s) {
    const { stdout } = await run(path.join(path.dirname(PROGRAM), "tests/crash/fsck"), [s.data]).catch((e) => e);
    assert.strictEqual(stdout, "", "the store does not agree with itself");
}

// Restarted with the kill armed, it dies there while the steps are taken; then it is started again and ends them.
async function lives(s, point, steps) {
    await s.restart({ env: { SLIPWAY_CRASH_AT: point } }).catch(() => {});
    let why;
    await live(s, steps).catch((e) => { why = e; });
    await until(`it comes to ${point}`, () => dead(s), { seconds: 10 }).catch((e) => { throw why || e; });
    assert.strictEqual((await s.ended).signal, "SIGKILL", s.log.slice(-4000));
    await fsck(s);
    await s.start();
    await live(s, steps);
}

// No work is due that nobody does: steps that fail for ever would be.
const idle = (s) => alive(s, "nothing is left to do", async () => await s.metric("slipway_engine_items_due") === 0);

// Stops the server for good; its store agrees with itself, and nothing of it is outside of the data folder.
async function leavesNothing(s) {
    const instance = fs.readFileSync(path.join(s.data, "instance"), "utf8").trim();
    await s.stop();
    await fsck(s);
    await run(PROGRAM, ["down", "--data", s.data]);
    const containers = path.join(s.data, "containers");
    assert.deepStrictEqual(fs.existsSync(containers) ? fs.readdirSync(containers) : [], []);
    assert.ok(!execFileSync("ip", ["netns", "list"]).toString().includes(instance), "a network namespace is left");
    assert.ok(!fs.readFileSync("/proc/self/mounts", "utf8").includes(s.data), "a mount is left");
}

module.exports = { ROOT, POINTS, points, dead, alive, live, lives, fsck, idle, leavesNothing };
