// SPDX-License-Identifier: Apache-2.0
// A real server for a test: started in a data folder of its own on a free port, stopped with the test, and checked to
// have ended well.
//
//     const { start } = require("../lib/slipway");
//     const s = await start(t);                        // t: the test's context; start(t, { args: ["--settle"] })
//     const sqs = s.client(SQSClient);                 // an SDK client for this server
//     const out = await s.aws("sqs", "list-queues");   // the AWS CLI; parsed JSON
"use strict";
const assert = require("node:assert");
const { spawn, execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const net = require("node:net");
const path = require("node:path");
const { promisify } = require("node:util");
const run = promisify(execFile);

// The environment with AWS=/usr/bin/aws's program as `aws`: to run a test with another version of the CLI.
function clientEnv(extra = {}) {
    const env = { ...process.env, ...extra };
    if (!process.env.AWS) return env;
    const bin = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-test-bin-"));
    process.once("exit", () => fs.rmSync(bin, { recursive: true, force: true }));
    fs.symlinkSync(process.env.AWS, path.join(bin, "aws"));
    return { ...env, PATH: `${bin}:${env.PATH}` };
}

// { code, stdout, stderr } of a program, however it ends.
const outcome = (program, args, options) => run(program, args, options)
    .then((r) => ({ code: 0, ...r }), (e) => ({ code: e.code, stdout: e.stdout, stderr: e.stderr }));

// A folder of test `t`, removed with it.
function folder(t) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-test-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    return dir;
}

// What a server does not live through in tests: a belief that failed, a reply that breaks its model, a list that is grown by
// somebody who may not (docs/testing.md).
const STRICT = { SLIPWAY_NEVER: "abort", SLIPWAY_REPLIES: "abort", SLIPWAY_LISTS: "abort" };
const PROGRAM = process.env.SLIPWAY || path.join(__dirname, "../../build/slipway");

// What servers warned of, when a test of this file has failed: the last lines of all of them, for tests/run to show.
const servers = [];
const LINES = 40;

function warnings(s) {
    const name = path.basename(s.data);
    let time = "";          // what is no line of the log, as a sanitizer's report, belongs to the line before
    return s.log.split("\n").filter((line) => line).map((line) => {
        time = line.match(/^time=(\S+)/)?.[1] || time;
        return { time, level: line.match(/^time=\S+ level=(\w+)/)?.[1], text: `${name} ${line.slice(0, 600)}` };
    }).filter((l) => l.level !== "info" && l.level !== "debug");
}

process.once("exit", () => {
    if (!process.exitCode) return;
    const lines = servers.flatMap(warnings).sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : 0).slice(-LINES);
    fs.writeSync(2, lines.map((l) => `server's log: ${l.text}\n`).join(""));
});

class Slipway {
    constructor(options) {
        servers.push(this);
        this.args = options.args || [];
        this.env = options.env || {};
        this.ephemeral = options.ephemeral !== false;
        this.data = options.data || fs.mkdtempSync(path.join(os.tmpdir(), "slipway-test-"));
        this.ownData = !options.data;
        this.port = 0;
        this.log = "";
    }

    // Resolves when the server says Ready.; rejects with its output when it ends before.
    start(extra = {}) {
        const argv = ["up", "--port", String(this.port), "--data", this.data, ...this.args];
        if (this.ephemeral) argv.push("--ephemeral");
        this.child = spawn(PROGRAM, argv, {
            stdio: ["ignore", "pipe", "pipe"],
            // a reply that breaks its model ends the server: such a test fails
            env: { ...STRICT, ...process.env, ...this.env, ...extra.env },
        });
        this.ended = new Promise((resolve) => this.child.once("exit", (code, signal) => resolve({ code, signal })));
        this.child.stderr.on("data", (d) => { this.log += d; });
        return new Promise((resolve, reject) => {
            let out = "";
            this.child.stdout.on("data", (d) => {
                out += d;
                const m = out.match(/http:\/\/[^:]+:(\d+)/);
                if (!/^Ready\.$/m.test(out) || !m) return;
                this.port = Number(m[1]);
                this.endpoint = `http://127.0.0.1:${this.port}`;
                resolve(this);
            });
            this.ended.then((e) => reject(new Error(`slipway ended (${JSON.stringify(e)}) before it was ready:\n${out}${this.log}`)));
            this.child.once("error", reject);
        });
    }

    async stop() {
        if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill("SIGTERM");
        return this.ended;
    }

    async kill9() {
        this.child.kill("SIGKILL");
        return this.ended;
    }

    // kill -9 after so many milliseconds; what it returns calls it off.
    kill9After(ms) {
        const { child } = this;
        const timer = setTimeout(() => child.kill("SIGKILL"), ms);
        return () => clearTimeout(timer);
    }

    async restart(extra) {
        const e = await this.stop();
        assert.strictEqual(e.code, 0, `slipway ended with ${JSON.stringify(e)}:\n${this.log}`);
        return this.start(extra);
    }

    // Everything that this data folder's server runs or holds outside of it goes too.
    async down() {
        await this.stop();
        await run(PROGRAM, ["down", "--data", this.data], { env: { ...process.env, ...this.env } });
        if (this.ownData) fs.rmSync(this.data, { recursive: true, force: true });
    }

    get credentials() {
        return { accessKeyId: "test", secretAccessKey: "test" };
    }

    // A figure of its own metrics, by name and labels: metric('slipway_memory_bytes{pool="all"}').
    async metric(name) {
        const text = await (await fetch(`${this.endpoint}/_slipway/metrics`)).text();
        return Number(text.split("\n").find((line) => line.startsWith(`${name} `)).slice(name.length + 1));
    }

    // Asks the injected clock, with a body sets it; the time that it shows then.
    async clock(method = "GET", at = "", body = undefined) {
        const r = await fetch(`${this.endpoint}/_slipway/clock${at}`,
            { method, body: body && JSON.stringify(body), headers: { "content-type": "application/json" } });
        assert.strictEqual(r.status, 200, await r.clone().text());
        return new Date((await r.json()).time * 1000);
    }
    advance(seconds) { return this.clock("POST", "/advance", { seconds }); }
    // To the beginning of the next minute.
    async nextMinute() {
        const now = await this.advance(0.001);
        return this.advance((60000 - (now.getTime() % 60000)) / 1000);
    }

    client(Client, options = {}) {
        return new Client({ endpoint: this.endpoint, region: "us-east-1", credentials: this.credentials,
                            forcePathStyle: true, maxAttempts: 1, ...options });
    }

    // Of a server that was started strict: the root's keys, as it wrote them down.
    get root() {
        const text = fs.readFileSync(path.join(this.data, "root-credentials"), "utf8");
        const of = (name) => text.match(new RegExp(`^${name}=(.*)$`, "m"))[1];
        return { accessKeyId: of("AWS_ACCESS_KEY_ID"), secretAccessKey: of("AWS_SECRET_ACCESS_KEY") };
    }

    awsEnv(extra = {}) {
        return { ...process.env, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1",
                 AWS_PAGER: "", AWS_EC2_METADATA_DISABLED: "true", AWS_ENDPOINT_URL: this.endpoint, ...extra };
    }

    // The AWS CLI; parsed JSON, or text where it is none. Rejects with its standard error.
    // A last argument { env, cwd } is for the process.
    async aws(...args) {
        const options = typeof args[args.length - 1] === "object" ? args.pop() : {};
        const argv = ["--endpoint-url", this.endpoint, "--output", "json", ...args];
        const { stdout } = await run("aws", argv, { env: this.awsEnv(options.env), cwd: options.cwd, maxBuffer: 64 << 20 });
        try { return JSON.parse(stdout); } catch { return stdout; }
    }

    // slipway SUBCOMMAND --json
    async cli(...args) {
        const { stdout } = await run(PROGRAM, [...args, "--endpoint", this.endpoint, "--json"], { env: this.awsEnv() });
        return JSON.parse(stdout);
    }
}

// Starts a server for test `t`, or for a whole file: `before(async () => { s = await start(null); })` with
// `after(() => finish(s))`.
async function start(t, options = {}) {
    const s = new Slipway(options);
    await s.start();
    if (t && t.after) t.after(() => finish(s));
    return s;
}

async function finish(s) {
    const e = await s.stop();
    if (!s.ephemeral) await s.down();
    else if (s.ownData) fs.rmSync(s.data, { recursive: true, force: true });
    assert.strictEqual(e.code, 0, `slipway ended with ${JSON.stringify(e)}:\n${s.log.slice(-8000)}`);
}

// Looks again until a condition holds that an outside process brings about (never the passing of time); bounded.
async function until(what, condition, { seconds = 60 } = {}) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const v = await condition();
        if (v) return v;
        if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

// Fails unless `promise` is refused with this error name (the modelled one, or the wire's code).
async function refuses(promise, name, message) {
    let e;
    try { await promise; } catch (x) { e = x; }
    assert.ok(e, `should have been refused with ${name}`);
    assert.ok(e.name === name || e.Code === name, `${e.name} (${e.message}) instead of ${name}`);
    if (message) assert.match(e.message, message);
    return e;
}

// A port of 127.0.0.1 on which nobody listens at this moment.
// Below the ports that the kernel gives out by itself: until its user binds it, no connection of another test takes it.
async function freePort() {
    for (;;) {
        const port = 20000 + Math.floor(Math.random() * 12000);
        const free = await new Promise((resolve) => {
            const server = net.createServer().once("error", () => resolve(false));
            server.listen(port, () => server.close(() => resolve(true)));
        });
        if (free) return port;
    }
}

module.exports = { clientEnv, Slipway, start, finish, until, refuses, freePort, run, outcome, folder, PROGRAM };
