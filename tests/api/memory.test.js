// SPDX-License-Identifier: Apache-2.0
// Memory ends a request or a step, never the server: each decoder's largest input, in a request and in the engine; what
// all requests together may hold; a limit of the operating system.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { spawn } = require("node:child_process");
const { test, before, after } = require("node:test");
const { ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand, DescribeTasksCommand, CreateClusterCommand } = require("@aws-sdk/client-ecs");
const { EventBridgeClient, PutRuleCommand, PutTargetsCommand, PutEventsCommand } = require("@aws-sdk/client-eventbridge");
const { SQSClient, CreateQueueCommand, GetQueueAttributesCommand, ListQueuesCommand } = require("@aws-sdk/client-sqs");
const { push } = require("../lib/image");
const { start, finish, until, PROGRAM } = require("../lib/slipway");

const MIB = 1 << 20;
const LARGEST = 16 * MIB;               // of a body that is kept in memory
const JSON_0 = "application/x-amz-json-1.0", JSON_1 = "application/x-amz-json-1.1", FORM = "application/x-www-form-urlencoded";

let s;
before(async () => { s = await start(null, { args: ["--memory", "512M"] }); });
after(() => finish(s));

const signed = (service, more = {}) => ({
    authorization: `AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`,
    "x-amz-date": "20261121T000000Z", ...more });

function send(server, method, at, headers, body) {
    return new Promise((resolve, reject) => {
        const rq = http.request(server.endpoint + at, { method, headers: { ...headers, "content-length": Buffer.byteLength(body) } }, (r) => {
            const parts = [];
            r.on("data", (d) => parts.push(d));
            r.on("end", () => resolve({ status: r.statusCode, text: Buffer.concat(parts).toString("latin1"), headers: r.headers }));
        });
        rq.on("error", reject);
        rq.end(body);
    });
}

// begin, then as many units as fit, then end: `size` bytes at most.
function filled(begin, unit, end, size = LARGEST, between = "") {
    const n = Math.floor((size - begin.length - end.length - unit.length) / (unit.length + between.length));
    return begin + unit + (between + unit).repeat(n) + end;
}
function numbered(begin, unit, size = LARGEST) {
    const parts = [begin];
    for (let n = begin.length, i = 1; ; i++) {
        const part = unit(i);
        n += part.length;
        if (n > size) return parts.join("");
        parts.push(part);
    }
}

const target = (service, name, type = JSON_1) => (more) => ({ service, headers: { "content-type": type, "x-amz-target": name }, ...more });
const form = (service) => (more) => ({ service, headers: { "content-type": FORM }, ...more });
const sqs = target("sqs", "AmazonSQS.SendMessage", JSON_0), events = (op) => target("events", `AWSEvents.${op}`);
const ecs = target("ecs", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition"), text = JSON.stringify;
const cbor = { "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" };
const str = (z) => Buffer.concat([Buffer.from([0x60 + z.length]), Buffer.from(z)]);

const inputs = {
    "JSON 1.0: 200,000 attributes": sqs({ body: `{"QueueUrl":"q","MessageBody":"m","MessageAttributes":{${
        Array.from({ length: 200000 }, (_, i) => `"a${i}":{"DataType":"x"}`).join(",")}}}`, refused: true }),
    "JSON 1.0: numbers": sqs({ body: filled('{"x":[', "1", "]}", LARGEST, ","), refused: true }),
    "JSON 1.0: empty objects": sqs({ body: filled('{"MessageAttributes":[', "{}", "]}", LARGEST, ","), refused: true }),
    "JSON 1.0: as many values as may be": sqs({ body: filled('{"x":[', "1", "]}", 1199990, ",") }),
    "JSON 1.1: containers": ecs({ body: filled('{"family":"f","containerDefinitions":[', "{}", "]}", LARGEST, ","), refused: true }),
    "JSON 1.1: one string of escapes": ecs({ body: filled('{"family":"', "\\u0041", '"}'), refused: true }),
    "Query: members": form("iam")({ body: numbered("Action=CreateUser&Version=2010-05-08&UserName=u", (i) => `&Tags.member.${i}.Key=k`), refused: true }),
    "Query: parameters without a meaning": form("sns")({ body: numbered("Action=ListTopics&Version=2010-03-31", (i) => `&${i}=`) }),
    "EC2 query: tags": form("ec2")({ body: numbered("Action=CreateTags&Version=2016-11-15&ResourceId.1=i", (i) => `&Tag.${i}.Key=`), refused: true }),
    "REST-XML: tags": { service: "s3", method: "PUT", at: "/bucket?tagging", headers: {}, refused: true,
        body: filled("<Tagging><TagSet>", "<Tag/>", "</TagSet></Tagging>") },
    "REST-XML: objects": { service: "s3", at: "/bucket?delete", headers: {}, refused: true, body: filled("<Delete>", "<Object><Key>k</Key></Object>", "</Delete>") },
    "CBOR: data": { service: "monitoring", at: "/service/GraniteServiceVersion20100801/operation/PutMetricData", headers: cbor, refused: true,
        body: Buffer.concat([Buffer.from([0xa2]), str("Namespace"), str("N"), str("MetricData"), Buffer.from([0x9f]), Buffer.alloc(LARGEST - 100, 0xa0), Buffer.from([0xff])]) },
    "a manifest": { service: null, method: "PUT", at: "/v2/app/manifests/v1", headers: { authorization: "Basic QVdTOng=", "content-type": "application/vnd.oci.image.manifest.v1+json" },
        body: filled("[", "1", "]", 4 * MIB, ","), refused: true },
    "a policy document": form("iam")({ refused: true,
        body: `Action=CreatePolicy&Version=2010-05-08&PolicyName=p&PolicyDocument=${filled('{"Statement":[', "{}", "]}", 8 * MIB, ",")}` }),
    "a bucket's policy": { service: "s3", method: "PUT", at: "/bucket?policy", headers: {}, refused: true, body: filled('{"Statement":[', "{}", "]}", LARGEST, ",") },
    "an event pattern": events("TestEventPattern")({ refused: true,
        body: text({ EventPattern: filled('{"source":[', "1", "]}", 8 * MIB, ","), Event: "{}" }) }),
    "an event's detail": events("PutEvents")({ body: text({ Entries: [{ Source: "a", DetailType: "T", Detail: filled('{"x":[', "1", "]}", 8 * MIB, ",") }] }) }),
    "a buildspec": target("codebuild", "CodeBuild_20161006.StartBuild")({ refused: true,
        body: text({ projectName: "none", buildspecOverride: filled("x: [", "1", "]", 8 * MIB, ",") }) }),
    "log events": target("logs", "Logs_20140328.PutLogEvents")({ refused: true,
        body: filled('{"logGroupName":"g","logStreamName":"s","logEvents":[', "{}", "]}", LARGEST, ",") }),
    "git": { service: null, at: "/v1/repos/none/git-upload-pack", headers: { "content-type": "application/x-git-upload-pack-request" },
        body: filled("", "0032want 0123456789012345678901234567890123456789\n", "0000"), refused: true },
};

test("each decoder's largest input is answered, and the server lives", async (t) => {
    for (const [name, x] of Object.entries(inputs))
        await t.test(name, async () => {
            const headers = x.service ? signed(x.service, x.headers) : x.headers;
            const r = await send(s, x.method || "POST", x.at || "/", headers, x.body);
            assert.ok(r.status >= 200 && r.status < 600, `${r.status}`);
            if (x.refused) assert.ok(r.status >= 400, `${r.status} ${r.text.slice(0, 300)}`);
            const own = await s.client(SQSClient).send(new ListQueuesCommand({}));
            assert.strictEqual(own.$metadata.httpStatusCode, 200);
        });
});

test("too many values are refused in the protocol's own form", async () => {
    const json = await send(s, "POST", "/", signed("sqs", inputs["JSON 1.0: numbers"].headers), inputs["JSON 1.0: numbers"].body);
    assert.strictEqual(json.status, 400);
    assert.match(json.text, /SerializationException/);
    assert.match(json.text, /more than 600000 values/);
});

test("an image's configuration of too many values stops its task, before and after a restart", async () => {
    const own = await start(null, { ephemeral: false });
    try {
        const client = () => own.client(ECSClient);
        const { image } = await push(own, "app:v1", { settings: Buffer.from(filled("[", "1", "]", 4 * MIB, ",")) });
        await client().send(new CreateClusterCommand({}));
        await client().send(new RegisterTaskDefinitionCommand({ family: "f", containerDefinitions: [{ name: "c", image, memory: 64 }] }));
        for (let i = 0; i < 2; i++) {
            const { tasks: [{ taskArn }] } = await client().send(new RunTaskCommand({ taskDefinition: "f" }));
            const stopped = await until("the task stops", async () => {
                const { tasks: [task] } = await client().send(new DescribeTasksCommand({ tasks: [taskArn] }));
                return task.lastStatus === "STOPPED" && task;
            });
            assert.strictEqual(stopped.stopCode, "TaskFailedToStart");
            assert.match(stopped.containers[0].reason || stopped.stoppedReason, /CannotPullContainerError|configuration/);
            await own.restart();
        }
    } finally {
        await finish(own);
    }
});

test("the largest events that the engine is given are delivered, and it goes on", async () => {
    const bus = s.client(EventBridgeClient), queue = s.client(SQSClient);
    const { QueueUrl } = await queue.send(new CreateQueueCommand({ QueueName: "delivered" }));
    const { Attributes: { QueueArn } } = await queue.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
    await bus.send(new PutRuleCommand({ Name: "all", EventPattern: text({ source: ["big"] }) }));
    await bus.send(new PutTargetsCommand({ Rule: "all", Targets: [{ Id: "1", Arn: QueueArn }] }));
    for (const size of [250 * 1024, 250 * 1024, 10])
        await bus.send(new PutEventsCommand({ Entries: [{ Source: "big", DetailType: "T", Detail: filled('{"x":[', "1", "]}", size, ",") }] }));
    await until("they are delivered", async () => {
        const { Attributes: a } = await queue.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] }));
        return a.ApproximateNumberOfMessages === "3";
    });
});

// --- all requests together --------------------------------------------------------------------------------------------

const used = (server, pool) => server.metric(`slipway_memory_bytes{pool="${pool}"}`);

// A request whose body stays one byte short. `answer`: what came, once the connection has ended or `done` was called.
function halfSent(port, size) {
    const socket = net.connect(port, "127.0.0.1");
    const r = { socket, answer: "" };
    r.ended = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => {});
    socket.on("data", (d) => { r.answer += d.toString("latin1"); });
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${JSON_0}\r\nX-Amz-Target: AmazonSQS.ListQueues\r\nContent-Length: ${size}\r\n\r\n`);
    socket.write(Buffer.alloc(size - 1, 0x20));
    return r;
}

test("half-sent bodies hold no more than their share; others are served, and the memory comes back", async (t) => {
    const own = await start(t, { args: ["--memory", "64M"] });
    const before = await used(own, "bodies");
    const held = Array.from({ length: 12 }, () => halfSent(own.port, 8 * MIB));
    const answered = () => held.filter((h) => h.answer.length);
    await until("some are refused", async () => answered().length >= 5);
    assert.ok(await used(own, "bodies") <= 32 * MIB);
    for (const h of answered()) {
        assert.match(h.answer, /^HTTP\/1\.1 503 /);
        assert.match(h.answer, /SlowDown/);
        assert.match(h.answer, /x-amz-json-1\.0/i);
    }
    const small = await send(own, "POST", "/", signed("sqs", { "content-type": JSON_0, "x-amz-target": "AmazonSQS.ListQueues" }), "{}");
    assert.strictEqual(small.status, 200);
    for (const h of held) h.socket.destroy();
    await Promise.all(held.map((h) => h.ended));
    await until("the memory is given back", async () => await used(own, "bodies") === before);
    const large = await send(own, "POST", "/", signed("sqs", { "content-type": JSON_0, "x-amz-target": "AmazonSQS.ListQueues" }), "{}".padEnd(8 * MIB));
    assert.strictEqual(large.status, 200);
});

const sanitized = () => fs.readFileSync(PROGRAM).includes("__asan_init");
const resident = (pid) => Number(fs.readFileSync(`/proc/${pid}/status`, "utf8").match(/^VmRSS:\s+(\d+)/m)[1]) * 1024;

test("what requests held goes back to the system", async (t) => {
    if (sanitized()) return t.skip("the address sanitizer keeps what is freed");
    const own = await start(t, { args: ["--memory", "1G"] });
    const before = resident(own.child.pid);
    const held = Array.from({ length: 25 }, () => halfSent(own.port, 15 * MIB));
    await until("the bodies are there", async () => await used(own, "bodies") > 300 * MIB);
    for (const h of held) h.socket.destroy();
    await until("they are gone", async () => await used(own, "bodies") === 0);
    await until("the process is small again", async () => resident(own.child.pid) < before + 60 * MIB);
});

for (const mib of [250, 400, 800, 2000])
    test(`with ${mib} MiB of address space the server refuses and lives`, async (t) => {
        if (sanitized()) return t.skip("the address sanitizer needs more address space than there is");
        const data = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-test-"));
        const child = spawn("sh", ["-c", `ulimit -v ${mib * 1024}; exec "$0" up --port 0 --ephemeral --data "$1"`, PROGRAM, data]);
        let out = "", errors = "";
        child.stdout.on("data", (d) => { out += d; });
        child.stderr.on("data", (d) => { errors += d; });
        const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
        let over = null;
        ended.then((e) => { over = e; });
        t.after(() => { child.kill("SIGKILL"); fs.rmSync(data, { recursive: true, force: true }); });
        await until("it is ready, or says that it cannot be", async () => over || /^Ready\.$/m.test(out));
        if (over) {                     // too little to begin with
            assert.deepStrictEqual(over, { code: 1, signal: null }, errors);
            assert.match(errors, /memory|thread/);
            return;
        }
        const own = { port: Number(out.match(/:(\d+),/)[1]), endpoint: `http://127.0.0.1:${out.match(/:(\d+),/)[1]}` };
        const held = Array.from({ length: 60 }, () => halfSent(own.port, 8 * MIB));
        const asks = Array.from({ length: 20 }, () => send(own, "POST", "/", signed("sqs", inputs["JSON 1.0: 200,000 attributes"].headers),
                                                           inputs["JSON 1.0: 200,000 attributes"].body).catch((e) => e));
        await Promise.all(asks);
        for (const h of held) h.socket.destroy();
        await Promise.all(held.map((h) => h.ended));
        await until("it serves again", async () => over || (await send(own, "POST", "/", signed("sqs", { "content-type": JSON_0,
            "x-amz-target": "AmazonSQS.ListQueues" }), "{}").catch(() => ({}))).status === 200);
        assert.strictEqual(over, null, errors);
        child.kill("SIGTERM");
        assert.deepStrictEqual(await ended, { code: 0, signal: null }, errors);
    });
