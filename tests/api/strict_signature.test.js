// SPDX-License-Identifier: Apache-2.0
// What a signature must cover, and how long it lasts: forms that no SDK sends, because whoever passes a signed request on could.
"use strict";
const assert = require("node:assert");
const { test, before, after } = require("node:test");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, HeadObjectCommand } = require("@aws-sdk/client-s3");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const { sign, presign, presign2, send, sha256 } = require("../lib/sigv4");
const { start, finish, refuses } = require("../lib/slipway");
const { strict } = require("../lib/strict");

let server, root, s3, relaxed;
const ends = [];
before(async () => {
    ({ server, root, as: s3 } = await strict({ after: (f) => ends.push(f) }));
    s3 = s3(S3Client);
    relaxed = await start(null);
    for (const Bucket of ["box", "other"]) await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket: "other", Key: "secret", Body: "secret" }));
    await s3.send(new PutObjectCommand({ Bucket: "box", Key: "k", Body: "hello" }));
});
after(async () => {
    for (const end of ends) await end();
    await finish(relaxed);
});

const element = (text, name) => text.match(new RegExp(`<${name}>([^<]*)</${name}>`))?.[1];
const code = (r) => element(r.text, "Code") ?? JSON.parse(r.text).__type?.replace(/^.*#/, "");
const absent = (Key) => refuses(s3.send(new GetObjectCommand({ Bucket: "box", Key })), "NoSuchKey");

test("a presigned PUT takes no header that was not signed", async () => {
    const extra = { "x-amz-copy-source": "/other/secret", "x-amz-meta-a": "b", "x-amz-tagging": "a=b", "x-amz-website-redirect-location": "/x",
                    "x-amz-acl": "private", "x-amz-storage-class": "STANDARD", "x-amz-checksum-crc32": "AAAAAA==", "X-Amz-Security-Token": "t" };
    for (const [name, value] of Object.entries(extra)) {
        const r = presign(root, { method: "PUT", path: "/box/stolen" });
        r.headers[name] = value;
        const got = await send(server, r);
        assert.deepStrictEqual([got.status, code(got), element(got.text, "Message"), element(got.text, "HeadersNotSigned")],
            [403, "AccessDenied", "There were headers present in the request which were not signed", name.toLowerCase()], name);
        await absent("stolen");
    }
    const two = presign(root, { method: "PUT", path: "/box/stolen" });
    Object.assign(two.headers, { "x-amz-meta-a": "1", "x-amz-acl": "private" });
    assert.strictEqual(element((await send(server, two)).text, "HeadersNotSigned"), "x-amz-meta-a, x-amz-acl");
    const hostless = presign(root, { path: "/box/k", signed: ["x"] });
    assert.strictEqual(element((await send(server, hostless)).text, "HeadersNotSigned"), "host");
});

test("what a presigned URL was signed with is obeyed, and browsers' own headers do no harm", async () => {
    const meta = presign(root, { method: "PUT", path: "/box/signed", headers: { "x-amz-meta-a": "b" } });
    assert.strictEqual((await send(server, { ...meta, body: "1" })).status, 200);
    const plain = presign(root, { method: "PUT", path: "/box/plain" });
    Object.assign(plain.headers, { "content-type": "text/plain", "user-agent": "curl", "x-amzn-trace-id": "Root=1", "x-amz-content-sha256": sha256("2") });
    assert.strictEqual((await send(server, { ...plain, body: "2" })).status, 200);
    assert.deepStrictEqual((await s3.send(new HeadObjectCommand({ Bucket: "box", Key: "signed" }))).Metadata, { a: "b" });
    for (const command of [new PutObjectCommand({ Bucket: "box", Key: "sdk", Metadata: { x: "y" }, Tagging: "a=b" }),
                           new PutObjectCommand({ Bucket: "box", Key: "sdk", ChecksumAlgorithm: "SHA256" })]) {
        const r = await fetch(await getSignedUrl(s3, command, { expiresIn: 60 }), { method: "PUT", body: "body" });
        assert.strictEqual(r.status, 200, await r.text());
    }
});

const SQS = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.ListQueues" };
const HOST = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
const cases = [
    ["good", { service: "sqs", headers: SQS, body: "{}" }, 200],
    ["the target unsigned", { service: "sqs", headers: SQS, body: "{}", signed: ["host", "x-amz-date"] }, 403, "InvalidSignatureException",
     /^'x-amz-target' must be a 'SignedHeader'/],
    ["the host unsigned", { service: "sqs", headers: SQS, body: "{}", signed: ["x-amz-date", "x-amz-target"] }, 403, "InvalidSignatureException", HOST],
    ["another day in the scope", { service: "sqs", headers: SQS, body: "{}", day: "20200101" }, 403, "InvalidSignatureException",
     /^Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20200101' != '\d{8}', from '\d{8}T\d{6}Z'\.$/],
    ["an unsigned payload outside of S3", { service: "sqs", headers: SQS, body: "{}", hash: "UNSIGNED-PAYLOAD" }, 403, "InvalidSignatureException"],
    ["an hour ago", { service: "sqs", headers: SQS, body: "{}", at: new Date(Date.now() - 3600e3) }, 403, "InvalidSignatureException",
     /^Signature expired: \w+ is now earlier than \w+ \(\w+ - 15 min\.\)$/],
    ["in an hour", { service: "sqs", headers: SQS, body: "{}", at: new Date(Date.now() + 3600e3) }, 403, "InvalidSignatureException",
     /^Signature not yet current: \w+ is still later than \w+ \(\w+ \+ 15 min\.\)$/],
    ["Query, the host unsigned", { service: "sts", headers: { "content-type": "application/x-www-form-urlencoded" },
                                   body: "Action=GetCallerIdentity&Version=2011-06-15", signed: ["x-amz-date"] }, 403, "SignatureDoesNotMatch", HOST],
    ["S3, good", { service: "s3", method: "GET", path: "/box/k" }, 200],
    ["S3, unsigned payload", { service: "s3", method: "PUT", path: "/box/u", body: "x", hash: "UNSIGNED-PAYLOAD" }, 200],
    ["S3, another day", { service: "s3", method: "GET", path: "/box/k", day: "20200101" }, 400, "AuthorizationHeaderMalformed",
     /^The authorization header is malformed; Invalid credential date "20200101"\. This date is not the same as X-Amz-Date: "\d{8}"\.$/],
    ["S3, an hour ago", { service: "s3", method: "GET", path: "/box/k", at: new Date(Date.now() - 3600e3) }, 403, "RequestTimeTooSkewed"],
    ["S3, the host unsigned", { service: "s3", method: "GET", path: "/box/k", signed: ["x-amz-date", "x-amz-content-sha256"] }, 403, "AccessDenied"],
    ["S3, a copy source unsigned", { service: "s3", method: "PUT", path: "/box/stolen", headers: { "x-amz-copy-source": "/other/secret" },
                                     signed: ["host", "x-amz-date", "x-amz-content-sha256"] }, 403, "AccessDenied", /^There were headers present/],
    ["S3, a word for a hash", { service: "s3", method: "PUT", path: "/box/stolen", body: "x", hash: "whatever" }, 400, "InvalidArgument",
     /^x-amz-content-sha256 must be UNSIGNED-PAYLOAD, .* or a valid sha256 value\.$/],
    ["S3, another body's hash", { service: "s3", method: "PUT", path: "/box/stolen", body: "x", hash: sha256("y") }, 400, "XAmzContentSHA256Mismatch"],
    ["S3, another body's hash, in memory", { service: "s3", method: "PUT", path: "/box?versioning", body: "x", hash: sha256("y") }, 400,
     "XAmzContentSHA256Mismatch"],
];

test("a signature in the header covers what AWS wants covered", async () => {
    for (const [label, request, status, name, message] of cases) {
        const r = await send(server, sign(root, request));
        assert.strictEqual(r.status, status, `${label}: ${r.text}`);
        if (name) assert.strictEqual(code(r), name, label);
        const said = element(r.text, "Message")?.replaceAll("&quot;", '"').replaceAll("&apos;", "'").replaceAll("&#39;", "'") ?? (name && JSON.parse(r.text).message);
        if (message instanceof RegExp) assert.match(said, message, label);
        else if (message) assert.strictEqual(said, message, label);
    }
    await absent("stolen");
});

test("S3 wants the hash of the body named, in a header", async () => {
    const r = sign(root, { service: "s3", method: "GET", path: "/box/k" });
    const without = sign(root, { service: "s3", method: "GET", path: "/box/k", signed: ["host", "x-amz-date"] });
    delete without.headers["x-amz-content-sha256"];
    assert.strictEqual((await send(server, r)).status, 200);
    const got = await send(server, without);
    assert.deepStrictEqual([got.status, code(got), element(got.text, "Message")],
        [400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"]);
});

test("Signature Version 2 covers the bucket of the host and every x-amz- parameter", async () => {
    const host = (b) => `${b}.s3.localhost:${server.port}`;
    assert.strictEqual((await send(server, presign2(root, { path: "/box/k" }))).text, "hello");
    assert.strictEqual((await send(server, presign2(root, { path: "/k", resource: "/box/k", host: host("box") }))).text, "hello");
    const moved = presign2(root, { path: "/secret", resource: "/box/secret", host: host("box") });
    assert.strictEqual((await send(server, { ...moved, headers: { host: host("other") } })).status, 403);
    assert.strictEqual((await send(server, presign2(root, { path: "/secret", resource: "/secret", host: host("other") }))).status, 403);
    const put = presign2(root, { method: "PUT", path: "/box/stolen" });
    assert.strictEqual((await send(server, { ...put, path: `${put.path}&x-amz-copy-source=%2Fother%2Fsecret` })).status, 403);
    assert.strictEqual((await send(server, { ...put, headers: { ...put.headers, "x-amz-copy-source": "/other/secret" } })).status, 403);
    await absent("stolen");
    const meta = presign2(root, { method: "PUT", path: "/box/v2", query: { "x-amz-meta-a": "b", "content-type": "text/x" } });
    assert.strictEqual((await send(server, { ...meta, body: "1" })).status, 200);
    assert.deepStrictEqual((await s3.send(new HeadObjectCommand({ Bucket: "box", Key: "v2" }))).Metadata, { a: "b" });
});

test("Signature Version 2 takes no parameter that it does not sign", async () => {
    const url = presign2(root, { path: "/box/k" }), bucket = presign2(root, { method: "PUT", path: "/box" });
    for (const more of ["attributes", "%61cl", "%74agging", "Action=CreateUser&Version=2010-05-08"])
        assert.strictEqual((await send(server, { ...url, path: `${url.path}&${more}` })).status, 403, more);
    for (const more of ["publicAccessBlock", "encryption", "ownershipControls", "%70olicy"]) {
        const r = await send(server, { ...bucket, path: `${bucket.path}&${more}`, body: "<PublicAccessBlockConfiguration/>" });
        assert.deepStrictEqual([r.status, code(r), element(r.text, "ParametersNotSigned")], [403, "AccessDenied", more], more);
    }
    const list = presign2(root, { path: "/box" });
    assert.strictEqual((await send(server, { ...list, path: `${list.path}&list-type=2&prefix=k&encoding-type=url` })).status, 200);
    assert.strictEqual((await send(server, { ...url, path: `${url.path}&x-id=GetObject` })).text, "hello");
});

test("Signature Version 2 signs a bucket alone with a slash after it, and has no place in a header", async () => {
    for (const resource of ["/box", "/box/"]) {
        const got = await send(server, presign2(root, { path: "/box", resource }));
        assert.deepStrictEqual([got.status, element(got.text, "Name")], [200, "box"], resource);
    }
    for (const resource of ["/other/", "/box//", "/"]) assert.strictEqual((await send(server, presign2(root, { path: "/box", resource }))).status, 403, resource);
    assert.strictEqual((await send(server, presign2(root, { path: "/box/k", resource: "/box/k/" }))).status, 403);
    const old = await send(server, { method: "GET", path: "/box/k", headers: { host: "127.0.0.1", authorization: `AWS ${root.accessKeyId}:c2lnbmF0dXJl` } });
    assert.deepStrictEqual([old.status, code(old), element(old.text, "Message")],
        [400, "InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."]);
});

test("a presigned URL ends when it says, in both modes and both versions", async () => {
    await relaxed.client(S3Client).send(new CreateBucketCommand({ Bucket: "box" }));
    await relaxed.client(S3Client).send(new PutObjectCommand({ Bucket: "box", Key: "k", Body: "hello" }));
    for (const [s, key] of [[relaxed, { accessKeyId: "test", secretAccessKey: "x" }], [server, root]]) {
        assert.strictEqual((await send(s, presign(key, { path: "/box/k", expires: 60 }))).text, "hello");
        const at = new Date(Date.now() - 120e3), old = await send(s, presign(key, { path: "/box/k", at, expires: 60 }));
        assert.deepStrictEqual([old.status, code(old), element(old.text, "Message"), element(old.text, "X-Amz-Expires"), element(old.text, "Expires")],
            [403, "AccessDenied", "Request has expired", "60", `${new Date(at.getTime() + 60e3).toISOString().slice(0, 19)}Z`]);
        assert.match(element(old.text, "ServerTime"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        const expires = Math.floor(Date.now() / 1000) - 5, v2 = await send(s, presign2(key, { path: "/box/k", expires }));
        assert.deepStrictEqual([v2.status, code(v2), element(v2.text, "Message"), element(v2.text, "Expires")],
            [403, "AccessDenied", "Request has expired", `${new Date(expires * 1000).toISOString().slice(0, 19)}Z`]);
        assert.strictEqual((await send(s, presign2(key, { path: "/box/k" }))).text, "hello");
    }
});
