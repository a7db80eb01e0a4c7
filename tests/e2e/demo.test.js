// SPDX-License-Identifier: Apache-2.0
// The demo as a person meets it: on a terminal, interrupted, and when something in it fails.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { run, folder, PROGRAM, clientEnv } = require("../lib/slipway");
const { onTerminal } = require("../lib/terminal");

const program = path.resolve(PROGRAM);
const example = path.join(__dirname, "../../examples/hello-web");

// Processes, mounts and interfaces that name this folder or the instance in it.
function remains(dir, instance) {
    const named = (text) => text.includes(dir) || (instance && text.includes(instance));
    const read = (file) => { try { return fs.readFileSync(file, "utf8"); } catch { return ""; } };
    const processes = fs.readdirSync("/proc").filter((p) => /^\d+$/.test(p) && Number(p) !== process.pid)
        .map((p) => read(`/proc/${p}/cmdline`).replaceAll("\0", " ")).filter(named);
    const mounts = read("/proc/self/mountinfo").split("\n").filter(named);
    const links = fs.readdirSync("/sys/class/net").filter(named);
    const netns = fs.existsSync("/run/netns") ? fs.readdirSync("/run/netns").filter(named) : [];
    return [...processes, ...mounts, ...links, ...netns];
}

const instanceIn = (dir) => fs.readFileSync(path.join(dir, fs.readdirSync(dir)[0], "data/instance"), "utf8").trim();

test("on a terminal a step shows what it does on a line written over, and Ctrl-C ends it and leaves nothing", async (t) => {
    const TMPDIR = folder(t);
    const p = onTerminal(`${program} demo --example ${example}`, { columns: 64, env: { ...clientEnv(), TMPDIR } });
    t.after(async () => { p.type("\x03"); await p.end; });
    const during = await p.sees(/^ +\d+ s  Source ok.*Build runs/m);
    assert.match(during, /^\[ 1\/13\] start Slipway in a temporary folder +ok +\d+\.\d s$/m, "what is done, with its time");
    assert.match(during, /^\[ 8\/13\] push v1/m, "what runs");
    assert.doesNotMatch(during, /aws iam/, "what was is written over");
    assert.ok(during.split("\n").every((line) => line.length < 64), `no line wraps:\n${during}`);
    const instance = instanceIn(TMPDIR);
    p.type("\x03");
    const { code, bytes, screen } = await p.end;
    const text = screen.join("\n");
    assert.strictEqual(code, 130, text);
    assert.match(bytes, /\x1b\[32mok/, "green");
    assert.match(text, /^\[ 8\/13\] push v1: .* ended /m);
    assert.match(text, /^Interrupted; everything is removed\.$/m);
    assert.deepStrictEqual(fs.readdirSync(TMPDIR), []);
    assert.deepStrictEqual(remains(TMPDIR, instance), []);
});

test("a release whose tests fail where they should not: which step, which action, what its log says, where it is", async (t) => {
    const TMPDIR = folder(t), broken = path.join(TMPDIR, "broken");
    fs.cpSync(example, broken, { recursive: true });
    fs.writeFileSync(path.join(broken, "buildspec-test.yml"), "version: 0.2\nphases:\n  build:\n    commands:\n      - echo the moon is in the wrong quarter\n      - exit 7\n");
    const e = await run(program, ["demo", "--example", broken], { env: { ...clientEnv(), TMPDIR } }).then(() => null, (x) => x);
    assert.ok(e, "it should have failed");
    assert.strictEqual(e.code, 1);
    assert.doesNotMatch(e.stdout, /\x1b/, "plain lines in a pipe");
    assert.match(e.stdout, /^\[ 8\/13\] push v1.*FAILED/m);
    assert.match(e.stderr, /failed in step 8, "push v1: tested, built, approved, live":/);
    assert.match(e.stderr, /the pipeline of v1 should have Succeeded and has Failed/);
    assert.match(e.stderr, /the action Test failed/);
    assert.match(e.stderr, /\| .*the moon is in the wrong quarter/);
    for (const [, file] of e.stderr.matchAll(/(?:answer|log): +(\/\S+)$/gm)) assert.ok(fs.statSync(file).size > 0, file);
    assert.match(e.stderr, /build\.log$/m);
    const work = e.stderr.match(/rm -r ([^\s`]+)/)[1];
    fs.rmSync(work, { recursive: true });
    assert.deepStrictEqual(remains(work), []);
});

test("a program that is missing is named with its package before anything is made", async (t) => {
    const TMPDIR = folder(t), bin = path.join(TMPDIR, "bin");
    fs.mkdirSync(bin);
    const e = await run(program, ["demo", "--example", example], { env: { PATH: bin, TMPDIR } }).catch((x) => x);
    assert.strictEqual(e.code, 1);
    assert.match(e.stderr, /aws is needed and not installed: apt-get install awscli/);
    assert.deepStrictEqual(fs.readdirSync(TMPDIR), ["bin"]);
});

test("a folder that is no example is said so", async () => {
    const e = await run(program, ["demo", "--example", "/nowhere"]).catch((x) => x);
    assert.strictEqual(e.code, 1);
    assert.match(e.stderr, /there is no example in \/nowhere: name its folder with --example/);
});
