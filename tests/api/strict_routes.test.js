// SPDX-License-Identifier: Apache-2.0
// Who may call what stands beside the API, route by route as docs/security.md lists them; and that nothing which Slipway
// delivers for others comes back to it.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const { test } = require("node:test");
const { S3Client, CreateBucketCommand, HeadBucketCommand } = require("@aws-sdk/client-s3");
const { SNSClient, CreateTopicCommand, SubscribeCommand } = require("@aws-sdk/client-sns");
const { sign, send } = require("../lib/sigv4");
const { start, until } = require("../lib/slipway");
const { allow, strict } = require("../lib/strict");

const PAGE = path.join(__dirname, "../../docs/security.md");
const ROUTES = fs.readFileSync(PAGE, "utf8").split("\n").map((l) => l.match(/^\| (\w+) \| `(\/[^`]*)` \| ([^|]+) \| ?(\S*) ?\|$/)).filter(Boolean)
    .map(([, method, at, who, action]) => ({ method: method === "any" ? "GET" : method, path: at, who, action }));

// What a stranger is told where a route looks for itself: [path to ask for, status].
const OWN = { "/v1/repos/": ["/v1/repos/app/info/refs?service=git-upload-pack", 401], "/v2": ["/v2", 401], "/v2/": ["/v2/app/tags/list", 401],
              "/_slipway/badges": ["/_slipway/badges?uuid=none", 404], "/_slipway/lambda/code/": ["/_slipway/lambda/code/none", 403] };
// The certificate's name has its digest (tests/api/sns_delivery.test.js reads it): another's is not there, to everybody.
const EVERYBODY = { "/SimpleNotificationService-*": ["/SimpleNotificationService-none.pem", 404] };

test("every route lets in whom its rule names and nobody else", async (t) => {
    const { server, root, user, as } = await strict(t);
    const nobody = await user("nobody"), ops = await user("ops", allow(["slipway:Reset", "slipway:GetMetrics"]));
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "kept" }));
    const status = async (route, key, at = route.path) => {
        const plain = { method: route.method, path: at, headers: { host: "127.0.0.1" } };
        return (await send(server, key ? sign(key, { ...plain, service: "slipway" }) : plain)).status;
    };
    const basic = async (route, user, password) => (await send(server, { method: route.method, path: route.path,
        headers: { host: "x", authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` } })).status;
    assert.ok(ROUTES.length >= 12);
    const last = [];
    for (const r of ROUTES) {
        const said = `${r.method} ${r.path}`;
        if (r.who === "everybody") {
            const [at, expected] = EVERYBODY[r.path] || [r.path, 200];
            assert.strictEqual(await status(r, null, at), expected, said);
        } else if (r.who === "own check") {
            assert.strictEqual(await status(r, null, OWN[r.path][0]), OWN[r.path][1], said);
            if (OWN[r.path][1] === 401) assert.strictEqual(await basic({ ...r, path: OWN[r.path][0] }, root.accessKeyId, "wrong"), 401, said);
        } else if (r.who === "containers") {
            assert.strictEqual(await status(r), r.path.startsWith("/v2/") ? 404 : r.method === "POST" ? 400 : 403, said);     /* the registry's, a bucket's form, a bucket's */
        } else {
            assert.strictEqual(r.who, "signed", said);
            assert.strictEqual(await status(r), 403, said);
            assert.strictEqual(await status(r, { accessKeyId: "AKIAUNKNOWN", secretAccessKey: "x" }), 400, said);
            assert.strictEqual(await status(r, { ...root, secretAccessKey: "wrong" }), 403, said);
            assert.strictEqual(await status(r, nobody), 403, said);
            assert.strictEqual(await basic(r, root.accessKeyId, "wrong"), 403, said);
            assert.strictEqual(await basic(r, nobody.accessKeyId, nobody.secretAccessKey), 403, said);
            last.push(r);
        }
    }
    await as(S3Client).send(new HeadBucketCommand({ Bucket: "kept" }));
    for (const r of last.sort((a, b) => (a.path < b.path ? -1 : 1))) {
        assert.strictEqual(await basic(r, root.accessKeyId, root.secretAccessKey), 200, `${r.path}, root by password`);
        if (r.action === "slipway:GetMetrics") assert.strictEqual(await status(r, ops), 200, `${r.path}, a user who may`);
        assert.strictEqual(await status(r, root), 200, `${r.path}, root`);
    }
    await assert.rejects(as(S3Client).send(new HeadBucketCommand({ Bucket: "kept" })));    /* reset, at last, by root */
});

test("a bucket's path is no route to who signs for S3", async (t) => {
    const { server, root, as } = await strict(t);
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "kept" }));
    assert.strictEqual((await send(server, sign(root, { service: "s3", path: "/moto-api/reset" }))).status >= 400, true);
    await as(S3Client).send(new HeadBucketCommand({ Bucket: "kept" }));
});

// This machine's port in every way to write it.
function waysTo(port) {
    const mine = Object.values(os.networkInterfaces()).flat().filter((i) => i.family === "IPv4" && !i.internal).map((i) => i.address);
    return ["127.0.0.1", "localhost", "127.1.2.3", "0.0.0.0", "0", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
            "LOCALHOST", "a.localhost", "user@127.0.0.1", ...mine].map((h) => `http://${h}:${port}/moto-api/reset`);
}

test("no subscription reaches Slipway itself, however its address is written; a user's own server on loopback is reached", async (t) => {
    const s = await start(t);
    const seen = [];
    const own = http.createServer((q, r) => {
        seen.push(q.headers["x-amz-sns-message-type"]);
        r.writeHead(302, { location: `${s.endpoint}/moto-api/reset` });
        r.end();
    });
    await new Promise((resolve) => own.listen(0, "127.0.0.1", resolve));
    t.after(() => own.close());
    await s.client(S3Client).send(new CreateBucketCommand({ Bucket: "kept" }));
    const sns = s.client(SNSClient), { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "t" }));
    for (const Endpoint of [...waysTo(s.port), `http://127.0.0.1:${own.address().port}/hook`]) {
        try {
            await sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint }));
        } catch (e) {
            assert.strictEqual(e.name, "InvalidParameterException", `${Endpoint}: ${e.message}`);   /* refused at once is as good */
        }
    }
    await until("the user's server is asked", async () => seen.length > 0);
    assert.strictEqual(seen[0], "SubscriptionConfirmation");
    await until("nothing is due", async () => await s.metric("slipway_engine_items_due") === 0);
    await s.client(S3Client).send(new HeadBucketCommand({ Bucket: "kept" }));
    assert.doesNotMatch(fs.readFileSync(path.join(s.data, "access.log"), "utf8"), /moto-api/);
    const back = await fetch(`${s.endpoint}/moto-api/reset`, { method: "POST", headers: { "x-amz-sns-message-type": "Notification" } });
    assert.strictEqual(back.status, 403);
    await s.client(S3Client).send(new HeadBucketCommand({ Bucket: "kept" }));
});
