// SPDX-License-Identifier: Apache-2.0
// The environment that is kept ready for the next build of a kind: who takes it, what of it is seen, how it ends. One that
// waits shows in the data folder: codebuild/UUID/control/ready, with the UUID of the build that will be in it.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const cb = require("@aws-sdk/client-codebuild");
const { start, until, run, PROGRAM } = require("../lib/slipway");
const { builds, phase, folders, kept } = require("../lib/build");
const { push } = require("../lib/image");

const GOOD = "version: 0.2\nphases: {build: {commands: [true]}}\n";
const list = (dir) => { try { return fs.readdirSync(dir); } catch { return []; } };
const uuid = (b) => b.id.split(":")[1];
const succeeded = async (w, b) => assert.strictEqual(b.buildStatus, "SUCCEEDED", `${await w.logs(b)}\n${JSON.stringify(b.phases)}`);
// Processes in this server's cgroups that have not ended: init, which is not ours, may be late to reap.
const inside = (instance) => list("/proc").filter((p) => {
    try {
        return fs.readFileSync(`/proc/${p}/cgroup`, "utf8").includes(`/slipway-${instance}/`) && !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${p}/status`, "utf8"));
    } catch { return false; }
});

// As the store has it, not the folder: it can be taken.
const ready = (s, n = 1) => until(`${n} environments are kept`, async () => {
    const due = await s.metric("slipway_engine_items_due");
    return kept(s).length === n && folders(s).length === n && due === 0 && kept(s);
});

async function setUp(t, options) {
    const s = await start(t, options);
    return { s, w: await builds(s) };
}

test("the next build of the same kind is in the environment that was kept, and another is kept for the one after it", async (t) => {
    const { s, w } = await setUp(t);
    assert.deepStrictEqual(folders(s), [], "where nothing was built, nothing is kept");
    const first = await w.build(GOOD);
    const [one] = await ready(s);
    assert.notStrictEqual(one, uuid(first));
    const second = await w.build("version: 0.2\nphases: {build: {commands: [echo second]}}\n");
    assert.strictEqual(uuid(second), one);
    await succeeded(w, second);
    assert.match(await w.logs(second), /^second$/m);
    assert.doesNotMatch(await w.logs(second), /environment is ready/);
    const [two] = await ready(s);
    assert.notStrictEqual(two, one);
});

// The same commands in a build that made its container itself and in one that took another's.
const LOOK = `version: 0.2
env: {variables: {SPEC: "it's\\n$two \\"lines\\""}}
phases:
  build:
    commands:
      - env | sort | sed 's/^/E /'; pwd; umask; ulimit -a | sed 's/^/E /'; id; cat /proc/1/comm; ls -A /codebuild /codebuild/control | sed 's/^/E /'
      - ls -la /proc/self/fd | sed 's/.* -> /E /' | grep -v /proc/; hostname; cat /etc/hosts | grep -c $(hostname)
      - printf 'E %s\\n' "$(tr '\\0' '\\n' </proc/$PPID/environ | sort)"; tr '\\0' ' ' </proc/$PPID/cmdline; echo out >out.txt
artifacts: {files: ['**/*']}
`;
test("a build sees the same in an environment that was kept as in one that was made for it", async (t) => {
    const { s, w } = await setUp(t);
    const more = { artifacts: { type: "S3", location: "artifacts", packaging: "ZIP" },
                   environment: { environmentVariables: [{ name: "OWN", value: "a 'b' \\ c" }, { name: "PWD_LIKE", value: "" }] } };
    const seen = async (b) => {
        await succeeded(w, b);
        const hex = uuid(b).replaceAll("-", "");
        return (await w.logs(b)).replaceAll(uuid(b), "UUID").replaceAll(hex, "HEX").replaceAll(hex.slice(0, 12), "HOST").replace(/src\d+/g, "srcN")
            .replace(/10\.\d+\.\d+\.\d+/g, "IP").replace(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/g, "TIME").replaceAll(/=\d{13}$/gm, "=MS").replaceAll(/BUILD_NUMBER=\d+/g, "NUMBER")
            .replaceAll(/pipe:\[\d+\]/g, "pipe").replaceAll(/PPID=\d+/g, "PPID");
    };
    const project = await w.project(LOOK, more);
    const fresh = await seen(await w.ended((await w.start(project)).id));
    const [waits] = await ready(s);
    const b = await w.ended((await w.start(project)).id);
    assert.strictEqual(uuid(b), waits);
    assert.match(fresh, /^E OWN=a 'b' \\ c$/m);
    assert.strictEqual(await seen(b), fresh);
});

const MARK = `version: 0.2
phases:
  build:
    commands:
      - for d in /tmp /root /etc /usr/local/bin /var/log /codebuild/output /codebuild/control /dev/shm /run; do echo secret >$d/slipway-mark; done
      - (sleep 3000 &) ; export LEAK=1; ip link add slipway0 type dummy || true; hostname
`;
const FIND = `version: 0.2
phases:
  build:
    commands:
      - for d in /tmp /root /etc /usr/local/bin /var/log /codebuild/output /codebuild/control /dev/shm /run; do [ ! -e $d/slipway-mark ] || echo "found $d"; done
      - test -z "$LEAK" || echo found LEAK
      - for p in /proc/[0-9]*; do ! tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^sleep 3000' || echo found process; done
      - test ! -e /sys/class/net/slipway0 || echo found link
      - echo looked
`;
test("nothing of one build is there in the next", async (t) => {
    const { s, w } = await setUp(t);
    await succeeded(w, await w.build(GOOD));
    for (const look of ["warm", "warm again"]) {
        const [one] = await ready(s);
        const left = await w.build(MARK);
        assert.strictEqual(uuid(left), one, look);
        const [two] = await ready(s);
        const found = await w.build(FIND);
        assert.strictEqual(uuid(found), two, look);
        const text = await w.logs(found);
        assert.match(text, /^looked$/m);
        assert.doesNotMatch(text, /^found/m);
    }
});

test("builds at the same time have one environment each", async (t) => {
    const { s, w } = await setUp(t);
    await succeeded(w, await w.build(GOOD));
    const [one] = await ready(s);
    const project = await w.project("version: 0.2\nphases: {build: {commands: ['hostname']}}\n");
    const started = await Promise.all([1, 2, 3].map(() => w.start(project)));
    assert.strictEqual(started.filter((b) => uuid(b) === one).length, 1);
    const ended = await Promise.all(started.map((b) => w.ended(b.id)));
    for (const b of ended) await succeeded(w, b);
    await ready(s);
});

test("another image, size, region or privilege does not take it", async (t) => {
    const { s, w } = await setUp(t);
    await succeeded(w, await w.build(GOOD));
    const [one] = await ready(s);
    const { image } = await push(s, "tools:v1", { cmd: ["true"] });
    const other = async (environment, client = w) => {
        const b = await client.start(await client.project(GOOD, { environment }));
        assert.notStrictEqual(uuid(b), one, JSON.stringify(environment));
        await client.ended(b.id);
    };
    await other({ image: "aws/codebuild/standard:6.0" });
    await other({ image });
    await other({ computeType: "BUILD_GENERAL1_MEDIUM" });
    const far = await builds(s, { region: "eu-west-1" }).catch(() => null);
    if (far) await other({}, far);
    await until("at most two are there", () => folders(s).length <= 2);
});

test("none is kept of an image of the registry: its shell is somebody's, and sources are fetched beside it", async (t) => {
    const { s, w } = await setUp(t);
    const { image } = await push(s, "tools:v1", { env: ["WHICH=mine"] });
    const project = await w.project("version: 0.2\nphases: {build: {commands: ['echo which $WHICH']}}\n", { environment: { image } });
    for (let i = 0; i < 2; i++) {
        const b = await w.ended((await w.start(project)).id);
        assert.match(await w.logs(b), /^which mine$/m);
        await until("nothing is there", () => folders(s).length === 0);
    }
});

const DOCKER = { environment: { privilegedMode: true } };
const BUILDX = `version: 0.2
phases:
  build:
    commands:
      - echo "images:$(docker images -q | wc -l) containers:$(docker ps -aq | wc -l) proxy:$(docker info -f '{{.HTTPProxy}}')"
      - mkdir i && cp $(command -v busybox) i/ && printf 'FROM scratch\\nCOPY busybox /bin/busybox\\n' >i/Dockerfile && docker build -q -t left i
`;
test("dockerd runs already in a privileged build that takes one, and has nothing of the build before", { skip: !fs.existsSync("/usr/sbin/dockerd") }, async (t) => {
    const { s, w } = await setUp(t);
    const project = await w.project(BUILDX, DOCKER);
    const go = async (more) => w.ended((await w.start(project, more)).id);
    await succeeded(w, await go());
    for (let i = 0; i < 2; i++) {
        const [one] = await ready(s);
        const b = await go();
        assert.strictEqual(uuid(b), one);
        await succeeded(w, b);
        assert.match(await w.logs(b), /^images:0 containers:0 proxy:$/m);
    }
    await ready(s);
    const b = await go({ environmentVariablesOverride: [{ name: "HTTP_PROXY", value: "http://127.0.0.1:9" }] });
    assert.match(await w.logs(b), /^images:0 containers:0 proxy:http:\/\/127.0.0.1:9$/m, "a dockerd that reads the build's variables");
});

test("it ends when it was kept for 15 minutes, and is kept longer when its kind is built again", async (t) => {
    const { s, w } = await setUp(t);
    await succeeded(w, await w.build(GOOD));
    await ready(s);
    await s.advance(14 * 60);
    await succeeded(w, await w.build(GOOD));
    await ready(s);
    await s.advance(14 * 60);
    assert.strictEqual((await ready(s)).length, 1);
    await s.advance(61);
    await until("it is gone", () => folders(s).length === 0);
    await succeeded(w, await w.build(GOOD));
});

test("--warm-builds says how long, 0 that none is kept", async (t) => {
    const long = await setUp(t, { args: ["--warm-builds", "2h"] });
    await succeeded(long.w, await long.w.build(GOOD));
    await ready(long.s);
    await long.s.advance(119 * 60);
    assert.strictEqual((await ready(long.s)).length, 1);
    const none = await setUp(t, { args: ["--warm-builds", "0"] });
    await succeeded(none.w, await none.w.build(GOOD));
    await ready(none.s, 0);
    await assert.rejects(run(PROGRAM, ["up", "--warm-builds", "long"]), (e) => e.code === 2 && /--warm-builds takes a duration/.test(e.stderr));
});

test("one that is kept when the server is killed is the next build's after the restart", async (t) => {
    const { s, w } = await setUp(t, { ephemeral: false });
    await succeeded(w, await w.build(GOOD));
    const [one] = await ready(s);
    await s.kill9();
    await s.start();
    w.client = s.client(cb.CodeBuildClient);
    const b = await w.build("version: 0.2\nphases: {build: {commands: [echo still]}}\n");
    assert.strictEqual(uuid(b), one);
    assert.match(await w.logs(b), /^still$/m);
});

test("one whose container ended is not handed out", async (t) => {
    const { s, w } = await setUp(t, { ephemeral: false });
    await succeeded(w, await w.build(GOOD));
    const [one] = await ready(s);
    const instance = fs.readFileSync(path.join(s.data, "instance"), "utf8").trim();
    assert.ok(inside(instance).length > 0);
    for (const p of inside(instance)) try { process.kill(Number(p), "SIGKILL"); } catch { /* with its parent */ }
    await until("it is gone", () => !folders(s).includes(one));
    const b = await w.build(GOOD);
    assert.notStrictEqual(uuid(b), one);
    await succeeded(w, b);
    await ready(s);                                                         // and one that ended while no server ran
    await s.kill9();
    for (const p of inside(instance)) try { process.kill(Number(p), "SIGKILL"); } catch { /* with its parent */ }
    await s.start();
    w.client = s.client(cb.CodeBuildClient);
    await ready(s);
    await succeeded(w, await w.build(GOOD));
});

for (const how of ["down after kill -9", "reset"])
    test(`nothing of one that is kept is left by ${how}`, async (t) => {
        const { s, w } = await setUp(t, { ephemeral: false });
        await succeeded(w, await w.build(GOOD, DOCKER));
        await ready(s);
        const instance = fs.readFileSync(path.join(s.data, "instance"), "utf8").trim();
        assert.ok(inside(instance).length > 1);
        if (how === "reset") {
            assert.strictEqual((await fetch(`${s.endpoint}/_slipway/reset`, { method: "POST" })).status, 200);
        } else {
            await s.kill9();
            await run(PROGRAM, ["down", "--data", s.data]);
        }
        assert.deepStrictEqual(inside(instance), []);
        assert.deepStrictEqual(list(`/run/slipway/${instance}/netns`), []);
        if (how === "reset") return assert.deepStrictEqual(folders(s), []);
        await s.start();
        await ready(s);                                                     // the kind that was kept is made ready anew
    });

test("DOWNLOAD_SOURCE and later phases are timed as in a build that made its own", async (t) => {
    const { s, w } = await setUp(t);
    await w.build(GOOD);
    await ready(s);
    const b = await w.build(GOOD);
    assert.deepStrictEqual(b.phases.map((p) => p.phaseType), ["SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"]);
    assert.ok(phase(b, "INSTALL").startTime >= phase(b, "DOWNLOAD_SOURCE").endTime);
});
