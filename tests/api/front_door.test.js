// SPDX-License-Identifier: Apache-2.0
// What every service has in common: connections, bodies, TLS, who asks and from where, the forms of refusals, the log.
"use strict";
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");
const https = require("node:https");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const zlib = require("node:zlib");
const { test, before, after } = require("node:test");
const { ECSClient, CreateClusterCommand, RegisterTaskDefinitionCommand, RunTaskCommand, DescribeTasksCommand } = require("@aws-sdk/client-ecs");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, ListBucketsCommand } = require("@aws-sdk/client-s3");
const { SQSClient, CreateQueueCommand, ListQueuesCommand, ReceiveMessageCommand, SendMessageCommand } = require("@aws-sdk/client-sqs");
const { SSMClient, PutParameterCommand, GetParametersByPathCommand } = require("@aws-sdk/client-ssm");
const { push } = require("../lib/image");
const { start, finish, run, until } = require("../lib/slipway");

let s;
before(async () => { s = await start(null, { ephemeral: false }); });
after(() => finish(s));

const JSON_1_0 = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.ListQueues" };
const ask = (headers, body, at = "/") => fetch(s.endpoint + at, { method: "POST", headers, body });

// Text sent over one connection; `replies` whole replies with a Content-Length are read.
function exchange(port, parts, replies) {
    return new Promise((resolve, reject) => {
        const socket = net.connect(port, "127.0.0.1");
        let text = "";
        const whole = () => {
            let rest = text, n = 0;
            for (;;) {
                const end = rest.indexOf("\r\n\r\n");
                if (end < 0) return n;
                const length = Number(rest.slice(0, end).match(/^content-length: (\d+)/im)?.[1] ?? 0);
                if (rest.length < end + 4 + length) return n;
                rest = rest.slice(end + 4 + length);
                n++;
            }
        };
        let sent = 0;
        const next = () => { if (sent < parts.length) socket.write(parts[sent++]); };
        socket.once("connect", next);
        socket.on("data", (d) => {
            text += d.toString("latin1");
            if (whole() >= replies) { socket.destroy(); resolve(text); } else next();
        });
        socket.once("error", reject);
        socket.once("close", () => resolve(text));
    });
}

const head = (body, more = "") => `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n${more}Content-Length: ${body.length}\r\n\r\n`;

test("one connection carries request after request", async () => {
    const text = await exchange(s.port, [head("{}") + "{}" + head("{}") + "{}" + head("{}") + "{}"], 3);
    assert.strictEqual(text.match(/HTTP\/1\.1 200 OK/g).length, 3);
});

test("a client that expects 100 Continue is told before it sends its body", async () => {
    const text = await exchange(s.port, [head("{}", "Expect: 100-continue\r\n"), "{}"], 2);
    assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
});

test("a gzip body is read; one that unpacks to more than a request may have is refused in little memory", async () => {
    const rss = () => Number(fs.readFileSync(`/proc/${s.child.pid}/status`, "utf8").match(/VmRSS:\s+(\d+)/)[1]) / 1024;
    const ok = await ask({ ...JSON_1_0, "content-encoding": "gzip" }, zlib.gzipSync("{}"));
    assert.strictEqual(ok.status, 200);
    const before_ = rss(), bomb = zlib.gzipSync(Buffer.alloc(512 << 20));
    const refused = await ask({ ...JSON_1_0, "content-encoding": "gzip" }, bomb);
    assert.strictEqual(refused.status, 413);
    assert.ok(rss() < before_ + 100, `${before_} MiB before, ${rss()} after`);
    assert.strictEqual((await ask({ ...JSON_1_0, "content-encoding": "gzip" }, "no gzip")).status, 400);
});

test("a request in flight ends when the server stops, a new one is refused", async (t) => {
    const own = await start(t);
    const sqs = own.client(SQSClient);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "slow" }));
    const polled = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    await until("the poll is open", async () => /connections_open [2-9]/.test(await (await fetch(`${own.endpoint}/_slipway/metrics`)).text()));
    const ended = own.stop();
    assert.strictEqual((await polled).$metadata.httpStatusCode, 200, "it is answered");
    assert.strictEqual((await ended).code, 0);
    await assert.rejects(fetch(`${own.endpoint}/_slipway/health`), /fetch failed/);
});

test("HTTP and HTTPS share the port; Node and curl trust the authority that `slipway ca` prints, and no other does", async (t) => {
    const { certificate } = await s.cli("ca");
    const file = path.join(s.data, "trusted.pem");
    fs.writeFileSync(file, certificate);
    const { stdout } = await run("curl", ["--silent", "--show-error", "--fail", "--cacert", file, `https://localhost:${s.port}/_slipway/health`]);
    assert.strictEqual(JSON.parse(stdout).status, "running");
    const { stdout: plain } = await run("curl", ["--silent", "--fail", `http://localhost:${s.port}/_slipway/health`]);
    if (Object.values(os.networkInterfaces()).flat().some((x) => x.address === "::1")) // what Node 18 takes localhost for
        assert.strictEqual((await run("curl", ["--silent", "--fail", "-o", "/dev/null", "-w", "%{http_code}", `http://[::1]:${s.port}/_slipway/health`])).stdout, "200");
    assert.strictEqual(JSON.parse(plain).status, "running");
    await assert.rejects(run("curl", ["--silent", "--fail", `https://localhost:${s.port}/_slipway/health`]), (e) => e.code === 60);
    const { NodeHttpHandler } = require("@smithy/node-http-handler");
    const s3 = s.client(S3Client, { endpoint: `https://localhost:${s.port}`, requestHandler: new NodeHttpHandler({ httpsAgent: new https.Agent({ ca: certificate }) }) });
    assert.ok((await s3.send(new ListBucketsCommand({}))).Buckets);
});

const fingerprint = (port, ca) => new Promise((resolve, reject) => {
    const request = https.get({ host: "localhost", port, path: "/_slipway/health", ca, agent: false }, (r) => {
        const { fingerprint256 } = r.socket.getPeerCertificate();
        r.resume().once("end", () => resolve(fingerprint256));
    }).once("error", reject);
    request.end();
});

test("a certificate that is near its end, or gone, is renewed while the server runs", async () => {
    const { certificate } = await s.cli("ca");
    const first = await fingerprint(s.port, certificate);
    for (const f of ["server.pem", "server.key"]) fs.rmSync(path.join(s.data, "tls", f));
    await s.cli("clock", "advance", "61m");
    const second = await until("another certificate is served", async () => {
        const now = await fingerprint(s.port, certificate);
        return now !== first && now;
    });
    const onDisk = new crypto.X509Certificate(fs.readFileSync(path.join(s.data, "tls/server.pem")));
    assert.strictEqual(second, onDisk.fingerprint256);
    assert.ok(new Date(onDisk.validFrom) < new Date(), "good now, by the system's time and not by a clock that was advanced");
    await s.cli("clock", "set", "real");
});

test("accounts and regions see nothing of each other; --account names the default one", async (t) => {
    const own = await start(t, { args: ["--account", "222222222222"] });
    const of = (accessKeyId, region) => own.client(SQSClient, { region, credentials: { accessKeyId, secretAccessKey: "x" } });
    const { QueueUrl } = await of("test", "us-east-1").send(new CreateQueueCommand({ QueueName: "mine" }));
    assert.match(QueueUrl, /\/222222222222\/mine$/);
    const list = async (...who) => (await of(...who).send(new ListQueuesCommand({}))).QueueUrls;
    assert.strictEqual((await list("test", "us-east-1")).length, 1);
    assert.strictEqual((await list("222222222222", "us-east-1")).length, 1, "twelve digits are that account");
    assert.strictEqual(await list("333333333333", "us-east-1"), undefined);
    assert.strictEqual(await list("test", "eu-west-1"), undefined);
});

test("what no handler serves is refused with 400 in each protocol's form, naming service and operation", async () => {
    const scope = (service) => ({ authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`, "x-amz-date": "20260101T000000Z" });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const asked = [
        ["monitoring", "json 1.0", { ...JSON_1_0, "x-amz-target": "GraniteServiceVersion20100801.ListManagedInsightRules" }, "{}", /"__type":"[^"]*NotImplemented/, "ListManagedInsightRules"],
        ["ssm", "json 1.1", { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.CreateDocument" }, "{}", /"__type":"[^"]*NotImplemented/, "CreateDocument"],
        ["sns", "query", form, "Action=CreatePlatformApplication&Version=2010-03-31&Name=x&Platform=GCM&Attributes.entry.1.key=a&Attributes.entry.1.value=b", /<Code>NotImplemented<\/Code>/, "CreatePlatformApplication"],
        ["logs", "json 1.1", { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Logs_20140328.StartLiveTail" }, '{"logGroupIdentifiers":["arn:aws:logs:us-east-1:000000000000:log-group:g"]}', /"__type":"[^"]*NotImplemented/, "StartLiveTail"],
        ["s3", "rest-xml", {}, "<x/>", /<Error>[^]*<Code>NotImplemented<\/Code>/, "PutBucketAccelerateConfiguration", "/b?accelerate", "PUT"],
        ["xray", "rest-json", { "content-type": "application/json" }, "{}", /NotImplemented/, null, "/TraceSummaries"],
        ["monitoring", "cbor", { "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" }, Buffer.from([0xa0]), /NotImplemented/, "ListManagedInsightRules", "/service/GraniteServiceVersion20100801/operation/ListManagedInsightRules"],
    ];
    for (const [service, protocol, headers, body, form_, operation, at = "/", method = "POST"] of asked) {
        const r = await fetch(s.endpoint + at, { method, headers: { ...headers, ...scope(service) }, body });
        const text = Buffer.from(await r.arrayBuffer()).toString("latin1");
        assert.strictEqual(r.status, 400, `${protocol}: ${r.status} ${text}`);
        assert.match(text + (r.headers.get("x-amzn-errortype") ?? ""), form_, `${protocol}: ${text}`);
        if (operation) assert.match(text, new RegExp(operation), `${protocol} names the operation: ${text}`);
    }
});

test("a service that is not here is refused in its own protocol, signed or not", async () => {
    const scope = (service) => ({ authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`, "x-amz-date": "20260101T000000Z" });
    const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    const queryError = /^<\?xml[^]*<ErrorResponse[^]*<Error><Type>Sender<\/Type><Code>NotImplemented<\/Code><Message>[^<]+<\/Message>[^]*<RequestId>/;
    const jsonError = /^\{"__type":"NotImplemented","message":"/;
    const asked = [
        ["cloudformation", form, "Action=ListStacks&Version=2010-05-15", "text/xml", queryError],
        ["autoscaling", form, "Action=DescribeAutoScalingGroups&Version=2011-01-01", "text/xml", queryError],
        ["rds", form, "Action=DescribeDBInstances&Version=2014-10-31", "text/xml", queryError],
        ["elasticloadbalancing", form, "Action=DescribeLoadBalancers&Version=2012-06-01", "text/xml", queryError],
        ["elasticloadbalancing", {}, undefined, "text/xml", queryError, "/?Action=DescribeLoadBalancers&Version=2012-06-01", "GET"],
        ["sdb", {}, undefined, "text/xml", queryError, "/?Action=ListDomains&Version=2009-04-15", "GET"],
        ["cloudfront", {}, undefined, "xml", queryError, "/2020-05-31/distribution", "GET"],
        ["route53", {}, undefined, "xml", queryError, "/2013-04-01/hostedzone", "GET"],
        ["dynamodb", { "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.ListTables" }, "{}", "application/x-amz-json-1.0", jsonError],
        ["kinesis", { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.ListStreams" }, "{}", "application/x-amz-json-1.1", jsonError],
        ["eks", {}, undefined, "application/json", jsonError, "/clusters", "GET"],
        ["apigateway", { "content-type": "application/json" }, "{}", "application/json", jsonError, "/restapis"],
        ["arc-region-switch", { "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" }, Buffer.from([0xa0]), "application/cbor", /__type.NotImplemented/, "/service/ArcRegionSwitch/operation/ListPlans"],
    ];
    for (const [service, headers, body, type, says, at = "/", method = "POST"] of asked) {
        const r = await fetch(s.endpoint + at, { method, headers: { ...headers, ...scope(service) }, body });
        const text = Buffer.from(await r.arrayBuffer()).toString("latin1");
        assert.strictEqual(r.status, 400, `${service}: ${r.status} ${text}`);
        assert.ok(r.headers.get("content-type").includes(type), `${service}: ${r.headers.get("content-type")}`);
        assert.match(text, says, service);
        assert.match(text, new RegExp(service), `${service} is named: ${text}`);
    }
});

test("a signature that cannot be read is refused in the protocol of the service that it names", async () => {
    const said = async (service, rest) => {
        const r = await fetch(`${s.endpoint}/`, { headers: { authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request${rest}` } });
        return [r.status, (await r.text()).replace(/^<\?xml[^>]*>\s*/, "")];
    };
    const undated = ", SignedHeaders=host, Signature=0", unsigned = ", SignedHeaders=host";
    const forms = { s3: /^<Error><Code>IncompleteSignature<.*<HostId>/, sns: /^<ErrorResponse[^]*<Code>IncompleteSignature</, ec2: /^<Response><Errors><Error><Code>IncompleteSignature</,
                    ssm: /^\{"__type":"IncompleteSignature"/ };
    for (const [service, form] of Object.entries(forms))
        for (const rest of [undated, unsigned]) {
            const [status, text] = await said(service, rest);
            assert.strictEqual(status, 400, service);
            assert.match(text, form);
        }
});

test("what stock clients make of a service that is not here is its refusal", async () => {
    for (const command of [["cloudformation", "list-stacks"], ["elb", "describe-load-balancers"], ["autoscaling", "describe-auto-scaling-groups"],
        ["route53", "list-hosted-zones"], ["dynamodb", "list-tables"], ["eks", "list-clusters"]])
        await assert.rejects(s.aws(...command), (e) => /\(NotImplemented\)/.test(e.stderr ?? e.message), command.join(" "));
});

test("an unknown action is refused in the words of its service", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const scope = (service) => ({ authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`, "x-amz-date": "20260101T000000Z" });
    for (const [service, version, says] of [
        ["sqs", "2012-11-05", /The action FooBar is not valid for this endpoint\./],
        ["ec2", "2016-11-15", /The action FooBar is not valid for this web service\./],
        ["iam", "2010-05-08", /Could not find operation FooBar for version 2010-05-08/],
        ["elasticloadbalancing", "2015-12-01", /Could not find operation FooBar for version 2015-12-01/],
    ]) {
        const r = await fetch(s.endpoint, { method: "POST", headers: { ...form, ...scope(service) }, body: `Action=FooBar&Version=${version}` });
        const text = await r.text();
        assert.strictEqual(r.status, 400);
        assert.match(text, /<Code>InvalidAction<\/Code>/, service);
        assert.match(text, says, service);
    }
});

test("every reply names its request, in the header that its protocol has", async () => {
    const uuid = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
    assert.match((await ask(JSON_1_0, "{}")).headers.get("x-amzn-requestid"), uuid);
    const query = await ask({ "content-type": "application/x-www-form-urlencoded" }, "Action=GetCallerIdentity&Version=2011-06-15");
    assert.match(query.headers.get("x-amzn-requestid"), uuid);
    assert.match(await query.text(), new RegExp(`<RequestId>${query.headers.get("x-amzn-requestid")}</RequestId>`));
    const s3 = await fetch(`${s.endpoint}/no-such-bucket`);
    assert.ok(s3.headers.get("x-amz-request-id"));
    assert.match(await s3.text(), new RegExp(`<RequestId>${s3.headers.get("x-amz-request-id")}</RequestId>`));
});

test("a page's token goes on where it was after a restart, and is refused where it does not belong", async (t) => {
    const own = await start(t, { ephemeral: false });
    for (const n of [1, 2, 3]) await own.client(SSMClient).send(new PutParameterCommand({ Name: `/page/${n}`, Value: "v", Type: "String" }));
    const first = await own.client(SSMClient).send(new GetParametersByPathCommand({ Path: "/page", MaxResults: 2 }));
    await own.restart();
    const second = await own.client(SSMClient).send(new GetParametersByPathCommand({ Path: "/page", MaxResults: 2, NextToken: first.NextToken }));
    assert.deepStrictEqual([...first.Parameters, ...second.Parameters].map((p) => p.Name), ["/page/1", "/page/2", "/page/3"]);
    assert.strictEqual(second.NextToken, undefined);
    await assert.rejects(own.client(SSMClient).send(new GetParametersByPathCommand({ Path: "/page", NextToken: first.NextToken.slice(1) })));
});

test("each request is a line of the access log: who, what, how it ended, how long; never a signature", async () => {
    const agent = `test-${crypto.randomUUID()}`;
    await ask({ ...JSON_1_0, "user-agent": agent, "x-amz-target": "AmazonSQS.GetQueueUrl" }, '{"QueueName":"absent"}', "/?token=secret");
    const line = await until("the line is there", () => fs.readFileSync(path.join(s.data, "access.log"), "utf8").split("\n").find((l) => l.includes(agent)));
    const e = JSON.parse(line);
    for (const [name, value] of Object.entries({ method: "POST", path: "/", service: "sqs", operation: "GetQueueUrl", account: "000000000000", region: "us-east-1", status: 400, bytesIn: 22 }))
        assert.strictEqual(e[name], value, name);
    assert.match(e.time, /^\d{4}-\d\d-\d\dT/);
    assert.match(e.error, /QueueDoesNotExist|NonExistentQueue/);
    assert.ok(e.requestId && e.peer.startsWith("127.0.0.1:") && e.durationMicros > 0 && e.bytesOut > 0);
    assert.doesNotMatch(line, /secret/);
});

test("a long access log makes room for a new one, also while 64 requests are under way", async (t) => {
    const own = await start(t, { ephemeral: false });
    await own.stop();
    const log = path.join(own.data, "access.log"), lines = (file) => fs.readFileSync(file, "utf8").split("\n").filter((l) => l.includes('"SendMessage"'));
    fs.truncateSync(log, 64 * 1024 * 1024 + 1);
    fs.appendFileSync(log, "\n");
    await own.restart();
    const sqs = own.client(SQSClient), { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "logged" }));
    await Promise.all(Array.from({ length: 64 }, (_, i) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `${i}` }))));
    assert.ok(fs.statSync(`${log}.1`).size > 64 * 1024 * 1024);
    await until("each is logged once, whole", () => [`${log}.1`, log].flatMap(lines).map((l) => JSON.parse(l.slice(l.indexOf("{")))).length === 64);
    assert.ok(fs.statSync(log).size < 1024 * 1024);
});

// The text format 0.0.4, strictly: what a scraper refuses, this refuses.
function parseMetrics(text) {
    const families = new Map();
    assert.ok(text.endsWith("\n"));
    for (const line of text.slice(0, -1).split("\n")) {
        const help = line.match(/^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \S.*$/), type = line.match(/^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/);
        const sample = line.match(/^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/);
        assert.ok(help || type || sample, `not a line of the format: ${line}`);
        if (help) { assert.ok(!families.has(help[1]), `${help[1]} twice`); families.set(help[1], { samples: new Map() }); }
        if (type) families.get(type[1]).type = type[2];
        if (!sample) continue;
        const family = families.get(sample[1]);
        assert.ok(family?.type, `${sample[1]} has no TYPE before it`);
        assert.ok(!family.samples.has(sample[2] ?? ""), `${line} twice`);
        family.samples.set(sample[2] ?? "", Number(sample[3]));
    }
    return families;
}

test("metrics are what a Prometheus scraper reads, counters end in _total and only grow", async () => {
    const scrape = async () => {
        const r = await fetch(`${s.endpoint}/_slipway/metrics`);
        assert.match(r.headers.get("content-type"), /^text\/plain; version=0\.0\.4/);
        return parseMetrics(await r.text());
    };
    const first = await scrape();
    await ask(JSON_1_0, "{}");
    const second = await scrape();
    for (const [name, { type, samples }] of second) {
        assert.strictEqual(type === "counter", name.endsWith("_total"), name);
        for (const [labels, v] of samples) assert.ok(type !== "counter" || v >= first.get(name).samples.get(labels), name);
    }
    assert.ok(second.get("slipway_http_requests_total").samples.get('{status="2xx"}') > first.get("slipway_http_requests_total").samples.get('{status="2xx"}'));
});

test("what fails inside says nothing of this machine to a client", async (t) => {
    const own = await start(t, { ephemeral: false });
    const s3 = own.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: "bucket" }));
    await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: crypto.randomBytes(1 << 20) }));
    for (const dir of fs.readdirSync(path.join(own.data, "blobs"))) fs.rmSync(path.join(own.data, "blobs", dir), { recursive: true });
    for (const command of [new GetObjectCommand({ Bucket: "bucket", Key: "k" }), new PutObjectCommand({ Bucket: "bucket", Key: "l", Body: crypto.randomBytes(1 << 20) })]) {
        const e = await s3.send(command).then(() => null, (x) => x);
        if (!e) continue;
        assert.strictEqual(e.$metadata.httpStatusCode, 500, e.message);
        assert.ok(!`${e.name} ${e.message} ${e.stack}`.includes(own.data), e.message);
        assert.match(e.message, /internal error/i);
    }
});

test("a reset takes everything in milliseconds, running containers and their mounts too", async (t) => {
    const own = await start(t);
    const ecs = own.client(ECSClient);
    await push(own, "web:v1", { cmd: ["sleep", "600"] });
    await ecs.send(new CreateClusterCommand({ clusterName: "c" }));
    await ecs.send(new RegisterTaskDefinitionCommand({ family: "f", networkMode: "host", containerDefinitions: [{ name: "web", image: `127.0.0.1:${own.port}/web:v1`, memory: 32 }] }));
    const { tasks } = await ecs.send(new RunTaskCommand({ cluster: "c", taskDefinition: "f" }));
    await until("the task runs", async () => (await ecs.send(new DescribeTasksCommand({ cluster: "c", tasks: [tasks[0].taskArn] }))).tasks[0].lastStatus === "RUNNING");
    const { instance } = (await own.cli("status")).server;
    const processes = () => fs.readdirSync("/proc").filter((p) => /^\d+$/.test(p));
    const read = (file) => { try { return fs.readFileSync(file, "utf8"); } catch { return ""; } };
    /* A container's mounts lie in a namespace of its own. */
    const mounts = () => processes().filter((p) => read(`/proc/${p}/mountinfo`).includes(own.data));
    assert.ok(mounts().length > 0, "a container has mounts");
    assert.strictEqual((await fetch(`${own.endpoint}/_slipway/reset`, { method: "POST" })).status, 200);
    assert.deepStrictEqual(mounts(), [], "no mount is left");
    assert.deepStrictEqual(processes().filter((p) => read(`/proc/${p}/cmdline`).includes(instance)), [], "no process is left");
    /* Milliseconds, because it takes a few write turns, whatever there was; bench/run measures them. */
    for (const n of [1, 40]) {
        for (let i = 0; i < n; i++) await own.client(SQSClient).send(new CreateQueueCommand({ QueueName: `q${i}` }));
        const before = await own.metric("slipway_store_turns_total");
        assert.strictEqual((await fetch(`${own.endpoint}/moto-api/reset`, { method: "POST" })).status, 200);
        const turns = await own.metric("slipway_store_turns_total") - before;
        assert.strictEqual((await own.client(SQSClient).send(new ListQueuesCommand({}))).QueueUrls, undefined);
        assert.ok(turns < 10, `${turns} write turns for a reset of ${n} queues`);
    }
});
