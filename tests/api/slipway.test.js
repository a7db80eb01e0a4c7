// SPDX-License-Identifier: Apache-2.0
// The server about itself, and the command line: pages, clock, reset, coverage, certificates, exit statuses.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const net = require("node:net");
const path = require("node:path");
const { test } = require("node:test");
const { SQSClient, CreateQueueCommand, ListQueuesCommand, SendMessageCommand } = require("@aws-sdk/client-sqs");
const { SNSClient, CreateTopicCommand } = require("@aws-sdk/client-sns");
const { serve } = require("../lib/file");
const { start, run, outcome, until, PROGRAM } = require("../lib/slipway");

const s = serve();

const page = async (path, options) => { const r = await fetch(s.endpoint + path, options); return { status: r.status, text: await r.text() }; };
const cli = (...args) => outcome(PROGRAM, args, { env: { ...process.env, SLIPWAY_ENDPOINT: s.endpoint, AWS_ENDPOINT_URL: "" } });

test("wrappers of other emulators find the pages they wait for", async () => {
    const health = JSON.parse((await page("/_localstack/health")).text);
    assert.strictEqual(health.services.s3, "running");
    assert.ok(JSON.parse((await page("/_localstack/info")).text).version);
    const own = JSON.parse((await page("/_slipway/health")).text);
    assert.strictEqual(own.status, "running");
    assert.strictEqual(own.services.ecs, "running");
});

test("metrics are Prometheus text and count requests", async () => {
    const count = async () => Number((await page("/_slipway/metrics")).text.match(/^slipway_http_requests_total\{status="2xx"\} (\d+)$/m)[1]);
    const first = await count();
    await page("/_slipway/health");
    assert.ok(await count() > first);
});

test("a reset by either path leaves nothing, and the server goes on", async () => {
    const sqs = s.client(SQSClient);
    for (const path of ["/_slipway/reset", "/moto-api/reset"]) {
        await sqs.send(new CreateQueueCommand({ QueueName: "gone" }));
        assert.strictEqual((await page(path, { method: "POST" })).status, 200);
        assert.strictEqual((await sqs.send(new ListQueuesCommand({}))).QueueUrls, undefined);
    }
});

test("HTTPS on the same port is verified by the authority that `slipway ca` prints", async () => {
    const { stdout: ca } = await cli("ca");
    assert.match(ca, /BEGIN CERTIFICATE/);
    const body = await new Promise((resolve, reject) => {
        https.get({ host: "127.0.0.1", port: s.port, path: "/_slipway/health", ca }, (r) => {
            let text = "";
            r.on("data", (d) => { text += d; });
            r.on("end", () => resolve(text));
        }).on("error", reject);
    });
    assert.strictEqual(JSON.parse(body).status, "running");
});

test("the clock is shown, advanced and never set back", async () => {
    const now = async () => JSON.parse((await page("/_slipway/clock")).text).time;
    const before_ = await now();
    assert.strictEqual((await cli("clock", "advance", "2h")).code, 0);
    assert.ok(await now() >= before_ + 7200);
    const back = await page("/_slipway/clock", { method: "PUT", body: JSON.stringify({ mode: "real", time: before_ - 10 }), headers: { "content-type": "application/json" } });
    assert.strictEqual(back.status, 400);
    assert.match(back.text, /does not run backwards/);
});

test("coverage names what is done and what is not, and the rest is refused with 400 by name", async () => {
    const c = JSON.parse((await cli("coverage", "ssm", "--json")).stdout).services[0];
    assert.ok(c.implemented.includes("PutParameter"));
    assert.ok(c.absent.includes("CreateDocument"));
    const r = await page("/", { method: "POST", body: "{}", headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.CreateDocument" } });
    assert.strictEqual(r.status, 400);
    assert.match(r.text, /NotImplemented/);
    assert.match(r.text, /CreateDocument/);
});

test("env prints what a shell needs, status a table without colours in a pipe", async () => {
    const env = (await cli("env")).stdout;
    assert.match(env, new RegExp(`AWS_ENDPOINT_URL=.*${s.port}`));
    const status = await cli("status");
    assert.strictEqual(status.code, 0);
    assert.doesNotMatch(status.stdout, /\x1b\[/);
});

test("help is enough to begin, and wrong calls say what to do with status 2", async () => {
    assert.match((await cli("--help")).stdout, /slipway up/);
    assert.match((await cli("help", "up")).stdout, /--auth/);
    assert.match((await cli("version")).stdout, /^slipway \d/);
    const wrong = await cli("frobnicate");
    assert.strictEqual(wrong.code, 2);
    assert.match(wrong.stderr, /slipway help/);
    assert.strictEqual((await cli("status", "--nonsense")).code, 2);
});

test("a server that is not there is said so, with what to do next", async () => {
    const r = await run(PROGRAM, ["status", "--endpoint", "http://127.0.0.1:1"]).catch((e) => e);
    assert.strictEqual(r.code, 1);
    assert.match(r.stderr, /slipway up/);
});

test("another address than loopback is refused without strict authentication", async () => {
    const r = await run(PROGRAM, ["up", "--address", "0.0.0.0", "--port", "0", "--ephemeral"]).catch((e) => e);
    assert.strictEqual(r.code, 1);
    assert.match(r.stderr, /--auth strict/);
});

test("a data folder belongs to one server; down leaves no process behind", async (t) => {
    const own = await start(t, { ephemeral: false });
    const r = await run(PROGRAM, ["up", "--port", "0", "--data", own.data]).catch((e) => e);
    assert.strictEqual(r.code, 1);
    assert.match(r.stderr, /slipway down/);
    await run(PROGRAM, ["down", "--data", own.data]);
    assert.strictEqual((await own.ended).code, 0);
    assert.ok(fs.existsSync(own.data), "down keeps the data");
});

test("in settled mode nothing is waited for when the client has left", async (t) => {
    const own = await start(t, { args: ["--settle"] });
    const held = http.createServer();                   // it takes requests and answers none: the delivery to it is work that is left
    await new Promise((resolve) => held.listen(0, "127.0.0.1", resolve));
    t.after(() => { held.closeAllConnections(); held.close(); });
    const reached = new Promise((resolve) => held.once("request", resolve));
    const leave = (body) => {
        const text = new URLSearchParams({ Version: "2010-03-31", ...body }).toString(), socket = net.connect(own.port, "127.0.0.1");
        socket.write(`POST / HTTP/1.1\r\nhost: sns.us-east-1.amazonaws.com\r\nuser-agent: leaves\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
        return socket;
    };
    const { TopicArn } = await own.client(SNSClient).send(new CreateTopicCommand({ Name: "t" }));
    const socket = leave({ Action: "Subscribe", TopicArn, Protocol: "http", Endpoint: `http://127.0.0.1:${held.address().port}/` });
    const line = () => fs.readFileSync(path.join(own.data, "access.log"), "utf8").split("\n").find((l) => l.includes('"leaves"'));
    await reached;
    assert.strictEqual(line(), undefined, "the answer waits for the delivery");
    socket.destroy();
    await until("the request is over", line, { seconds: 5 });
    assert.match(await (await fetch(`${own.endpoint}/_slipway/metrics`)).text(), /^slipway_engine_items_due [1-9]/m);
});

test("in settled mode an answer waits until nothing is left to do", async (t) => {
    const own = await start(t, { args: ["--settle"] });
    const sqs = own.client(SQSClient);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "settled" }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
    const metrics = await (await fetch(`${own.endpoint}/_slipway/metrics`)).text();
    assert.match(metrics, /^slipway_engine_items_due 0$/m);
});
