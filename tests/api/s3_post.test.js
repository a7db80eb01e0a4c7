// SPDX-License-Identifier: Apache-2.0
// POST Object: forms of browsers, with policies signed by either version of the signature.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const S = require("@aws-sdk/client-s3");
const { SQSClient, CreateQueueCommand, ReceiveMessageCommand } = require("@aws-sdk/client-sqs");
const { start, finish } = require("../lib/slipway");
const { s3File } = require("../lib/s3");

const f = s3File(), { send, bucket, text } = f;
const hmac = (key, data, out) => crypto.createHmac("sha256", key).update(data).digest(out);
const soon = () => new Date(Date.now() + 600000).toISOString();
let strict;
before(async () => { strict = await start(null, { args: ["--auth", "strict"] }); });
after(() => finish(strict));

// A form's bytes: fields in their order, then the file.
function form(fields, file, { boundary = "----bound-ary", filename = "photo.jpg", type = "image/jpeg", after = [] } = {}) {
    const part = (name, value, more = "") => Buffer.concat([Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`), Buffer.from(value), Buffer.from("\r\n")]);
    const parts = Object.entries(fields).map(([n, v]) => part(n, v));
    if (file !== undefined) parts.push(part("file", file, `; filename="${filename}"\r\nContent-Type: ${type}`));
    return { headers: { "content-type": `multipart/form-data; boundary=${boundary}` }, body: Buffer.concat([...parts, ...after.map(([n, v]) => part(n, v)), Buffer.from(`--${boundary}--\r\n`)]) };
}

// Fields with a policy over them, signed as an SDK does (version 4).
function signed(Bucket, fields, { conditions, expiration = soon(), key = "test", secret = "test", more = [] } = {}) {
    const at = new Date().toISOString().replace(/[-:]|\.\d+/g, ""), scope = `${at.slice(0, 8)}/us-east-1/s3/aws4_request`;
    const all = { ...fields, "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": `${key}/${scope}`, "X-Amz-Date": at };
    const list = conditions || [{ bucket: Bucket }, ...Object.entries(all).map(([n, v]) => ({ [n]: v })), ...more];
    const Policy = Buffer.from(JSON.stringify({ expiration, conditions: list })).toString("base64");
    const signing = scope.split("/").reduce((k, p) => hmac(k, p), `AWS4${secret}`);
    return { ...all, Policy, "X-Amz-Signature": hmac(signing, Policy, "hex") };
}

function signedV2(Bucket, fields, { key, secret }) {
    const policy = Buffer.from(JSON.stringify({ expiration: soon(), conditions: [{ bucket: Bucket }, ...Object.entries(fields).map(([n, v]) => ({ [n]: v }))] })).toString("base64");
    return { ...fields, AWSAccessKeyId: key, policy, signature: crypto.createHmac("sha1", secret).update(policy).digest("base64") };
}

const post = (Bucket, fields, file, options) => f.http("POST", `/${Bucket}`, form(fields, file, options));

test("a form becomes an object with what its fields say", async () => {
    const b = await bucket(), body = crypto.randomBytes(300000);
    const fields = { key: "up/${filename}", "Content-Type": "image/png", "Cache-Control": "no-store", "x-amz-meta-who": "me", "x-amz-storage-class": "STANDARD_IA", acl: "private",
        tagging: "<Tagging><TagSet><Tag><Key>a b</Key><Value>c&amp;d</Value></Tag></TagSet></Tagging>" };
    const r = await post(b, fields, body, { filename: "C:\\pictures\\me and you.png", after: [["key", "other"]] });
    assert.deepStrictEqual([r.status, r.body], [204, ""]);
    const o = await send(S.HeadObjectCommand, { Bucket: b, Key: "up/me and you.png" });
    assert.deepStrictEqual([o.ContentType, o.CacheControl, o.Metadata, o.StorageClass, o.ContentLength, r.headers.etag], ["image/png", "no-store", { who: "me" }, "STANDARD_IA", body.length, o.ETag]);
    assert.strictEqual(r.headers.location, `http://localhost/${b}/up/me%20and%20you.png`.replace("localhost", `127.0.0.1:${f.s.port}`));
    assert.deepStrictEqual((await send(S.GetObjectTaggingCommand, { Bucket: b, Key: "up/me and you.png" })).TagSet, [{ Key: "a b", Value: "c&d" }]);
    assert.ok(body.equals(await f.get(b, "up/me and you.png")));
    const own = await f.http("POST", "/", { ...form({ key: "own" }, "x"), headers: { ...form({}).headers, host: `${b}.s3.localhost` } });
    assert.deepStrictEqual([own.status, own.headers.location], [204, `http://${b}.s3.localhost/own`]);
    assert.strictEqual(await text(b, "own"), "x");
});

test("the answer is as the form asks: a status, a document, or another page", async () => {
    const b = await bucket();
    for (const [asked, status] of [["200", 200], ["201", 201], ["204", 204], ["418", 204]]) assert.strictEqual((await post(b, { key: "k", success_action_status: asked }, "x")).status, status, asked);
    const made = await post(b, { key: "a&b", success_action_status: "201" }, "x");
    assert.deepStrictEqual([made.headers["content-type"], made.one("Bucket"), made.one("Key"), made.one("Location")], ["application/xml", b, "a&#x26;b", `http://127.0.0.1:${f.s.port}/${b}/a%26b`]);
    const to = await post(b, { key: "k", success_action_redirect: "http://example.com/done?x=1" }, "x");
    assert.strictEqual(to.status, 303);
    assert.strictEqual(to.headers.location, `http://example.com/done?x=1&bucket=${b}&key=k&etag=%22${crypto.createHash("md5").update("x").digest("hex")}%22`);
    for (const bad of ["nowhere", "http://a/\r\nSet-Cookie: x=1"]) assert.strictEqual((await post(b, { key: "k", redirect: bad }, "x")).status, 204);
});

test("a policy's conditions hold, in every form that they have", async () => {
    const b = await bucket(), key = { key: "user/a.txt" }, always = (...more) => [{ bucket: b }, ["starts-with", "$x-amz-algorithm", ""], ["starts-with", "$x-amz-credential", ""], ["starts-with", "$x-amz-date", ""], ...more];
    const denied = (what) => new RegExp(`^Invalid according to Policy: ${what}`);
    const cases = [
        [key, [["eq", "$key", "user/a.txt"]], 204],
        [key, [["EQ", "$Key", "user/a.txt"]], 204],
        [key, [{ key: "user/a.txt" }], 204],
        [key, [["starts-with", "$key", "user/"]], 204],
        [key, [["starts-with", "$key", ""]], 204],
        [key, [["eq", "$key", "user/b.txt"]], 403, "AccessDenied", denied('Policy Condition failed: \\["eq", "\\$key", "user/b.txt"\\]')],
        [key, [{ key: "x" }], 403, "AccessDenied", denied('Policy Condition failed: \\["eq", "\\$key", "x"\\]')],
        [key, [["starts-with", "$key", "admin/"]], 403, "AccessDenied", denied('Policy Condition failed: \\["starts-with", "\\$key", "admin/"\\]')],
        [key, [["starts-with", "$key", ""], { bucket: "other" }], 403, "AccessDenied", denied("Policy Condition failed")],
        [key, [["starts-with", "$key", ""], { acl: "private" }], 403, "AccessDenied", denied("Policy Condition failed")],
        [key, [], 403, "AccessDenied", denied("Extra input fields: key")],
        [{ ...key, "x-amz-meta-a": "1" }, [["starts-with", "$key", ""]], 403, "AccessDenied", denied("Extra input fields: x-amz-meta-a")],
        [{ ...key, "x-amz-meta-a": "1" }, [["starts-with", "$key", ""], { "x-amz-meta-a": "1" }], 204],
        [{ ...key, "x-ignore-me": "1" }, [["starts-with", "$key", ""]], 204],
        [{ ...key, success_action_status: "201" }, [["starts-with", "$key", ""]], 403, "AccessDenied", denied("Extra input fields: success_action_status")],
        [{ ...key, "Content-Type": "image/png, image/gif" }, [["starts-with", "$key", ""], ["starts-with", "$Content-Type", "image/"]], 204],
        [{ ...key, "Content-Type": "image/png,text/html" }, [["starts-with", "$key", ""], ["starts-with", "$Content-Type", "image/"]], 403, "AccessDenied", denied("Policy Condition failed")],
        [{ key: "user/${filename}" }, [["eq", "$key", "user/photo.jpg"]], 204],
        [key, [["starts-with", "$key", ""], ["content-length-range", 4, 4]], 204],
        [key, [["starts-with", "$key", ""], ["content-length-range", "0", "3"]], 400, "EntityTooLarge", /./, { ProposedSize: "4", MaxSizeAllowed: "3" }],
        [key, [["starts-with", "$key", ""], ["content-length-range", 5, 9]], 400, "EntityTooSmall", /./, { ProposedSize: "4", MinSizeAllowed: "5" }],
        [key, [["starts-with", "$key", ""], ["content-length-range", "a", 9]], 400, "InvalidPolicyDocument", /./],
        [key, [["like", "$key", ""]], 400, "InvalidPolicyDocument", /^Invalid Policy: /],
        [key, [["eq", "key", "user/a.txt"]], 400, "InvalidPolicyDocument", /^Invalid Policy: /],
        [key, [{ key: "user/a.txt", acl: "private" }], 400, "InvalidPolicyDocument", /exactly one property/],
        [key, ["key"], 400, "InvalidPolicyDocument", /^Invalid Policy: /],
    ];
    for (const [fields, more, status, code, message, details = {}] of cases) {
        const r = await post(b, signed(b, fields, { conditions: always(...more) }), "four");
        assert.deepStrictEqual([r.status, r.code], [status, code], `${JSON.stringify(more)}: ${r.body}`);
        if (message) assert.match(r.one("Message").replaceAll("&quot;", '"'), message);
        for (const [name, value] of Object.entries(details)) assert.strictEqual(r.one(name), value);
    }
});

test("a policy that has expired, or is none, lets nothing in", async () => {
    const b = await bucket(), key = { key: "k" };
    const old = await post(b, signed(b, key, { expiration: "2020-01-01T00:00:00Z" }), "x");
    assert.deepStrictEqual([old.status, old.code, old.one("Message")], [403, "AccessDenied", "Invalid according to Policy: Policy expired."]);
    for (const text of ["{", "[]", "{}", '{"expiration":"soon","conditions":[]}', `{"expiration":"${soon()}"}`]) {
        const r = await post(b, { ...signed(b, key), Policy: Buffer.from(text).toString("base64") }, "x");
        assert.deepStrictEqual([r.status, r.code], [400, "InvalidPolicyDocument"], text);
    }
    for (const [without, named] of [["Policy", "policy"], ["X-Amz-Date", "X-Amz-Date"], ["X-Amz-Credential", "X-Amz-Credential"]]) {
        const fields = signed(b, key);
        delete fields[without];
        const r = await post(b, fields, "x");
        assert.deepStrictEqual([r.status, r.code, r.one("ArgumentName")], [400, "InvalidArgument", named], without);
    }
    assert.deepStrictEqual((await send(S.ListObjectsV2Command, { Bucket: b })).KeyCount, 0);
});

test("a form that is not whole is refused, and nothing of it is kept", async () => {
    const b = await bucket();
    const cases = [
        [{ headers: { "content-type": "text/plain" }, body: "x" }, 412, "PreconditionFailed", { Condition: "Bucket POST must be of the enclosure-type multipart/form-data" }],
        [{ headers: { "content-type": "multipart/form-data" }, body: "x" }, 412, "PreconditionFailed", {}],
        [form({ acl: "private" }, "x"), 400, "InvalidArgument", { ArgumentName: "key" }],
        [form({ key: "k" }), 400, "InvalidArgument", { ArgumentName: "file", ArgumentValue: "0" }],
        [form({ key: "k" }, "x", { after: [["file", "y"]] }), 400, "InvalidArgument", { ArgumentName: "file" }],
        [form({ key: "k", "x-amz-meta-a": "1", "X-Amz-Meta-A": "2" }, "x"), 400, "InvalidArgument", { ArgumentName: "X-Amz-Meta-A" }],
        [form({ key: "k", "x-ignore-a": "x".repeat(21000) }, "x"), 400, "MaxPostPreDataLengthExceeded", { MaxPostPreDataLengthBytes: "20480" }],
        [{ ...form({ key: "k" }, "x"), body: form({ key: "k" }, "x").body.subarray(0, -6) }, 400, "MalformedPOSTRequest", {}],
        [{ ...form({}), body: "no boundary at all" }, 400, "MalformedPOSTRequest", {}],
        [form({ key: "k" }, "x", { filename: "f".repeat(9000) }), 400, "MalformedPOSTRequest", {}],
        [form({ key: "k", "x-amz-checksum-crc32": "AAAAAA==" }, "x"), 400, "BadDigest", {}],
        [form({ key: "k", acl: "public-read" }, "x"), 400, "AccessControlListNotSupported", {}],
        [form({ key: "k".repeat(1025) }, "x"), 400, "KeyTooLongError", {}],
    ];
    for (const [request, status, code, details] of cases) {
        const r = await f.http("POST", `/${b}`, request);
        assert.deepStrictEqual([r.status, r.code], [status, code], r.body);
        for (const [name, value] of Object.entries(details)) assert.strictEqual(r.one(name), value, r.body);
    }
    assert.strictEqual((await f.http("POST", "/no-such-bucket", form({ key: "k" }, "x"))).code, "NoSuchBucket");
    assert.strictEqual((await send(S.ListObjectsV2Command, { Bucket: b })).KeyCount, 0);
});

test("a file with anything in it that looks like a boundary arrives as it is", async () => {
    const b = await bucket(), boundary = "x";
    const file = Buffer.from("\r\n--\r\n-x\r\n\r\r\n--y\r\n--\r\r\n-\r\n--X\r");
    assert.strictEqual((await post(b, { key: "k" }, file, { boundary })).status, 204);
    assert.ok(file.equals(await f.get(b, "k")));
    assert.strictEqual((await post(b, { key: "empty" }, "")).status, 204);
    assert.strictEqual(await text(b, "empty"), "");
});

test("a form is news of its own kind", async () => {
    const Bucket = await bucket(), sqs = f.s.client(SQSClient);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "forms" }));
    await send(S.PutBucketNotificationConfigurationCommand, { Bucket, NotificationConfiguration: { QueueConfigurations: [{ QueueArn: "arn:aws:sqs:us-east-1:000000000000:forms", Events: ["s3:ObjectCreated:Post"] }] } });
    await f.put(Bucket, "not-a-form");
    await post(Bucket, { key: "k" }, "x");
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MaxNumberOfMessages: 10 }));
    const records = Messages.map((m) => JSON.parse(m.Body)).flatMap((m) => m.Records || []);
    assert.deepStrictEqual(records.map((r) => [r.eventName, r.s3.object.key]), [["ObjectCreated:Post", "k"]]);
});

test("in strict mode a form needs a signature of either version, by somebody who may put", async () => {
    const { accessKeyId: key, secretAccessKey: secret } = strict.root, b = "strict-forms";
    const s3 = strict.client(S.S3Client, { credentials: strict.root });
    await s3.send(new S.CreateBucketCommand({ Bucket: b }));
    const send = async (fields, headers = {}) => {
        const request = form(fields, "x");
        const r = await fetch(`${strict.endpoint}/${b}`, { method: "POST", headers: { ...request.headers, ...headers }, body: request.body });
        return [r.status, (await r.text()).match(/<Code>([^<]*)/)?.[1]];
    };
    assert.deepStrictEqual(await send(signed(b, { key: "v4" }, { key, secret })), [204, undefined]);
    assert.deepStrictEqual(await send(signedV2(b, { key: "v2" }, { key, secret })), [204, undefined]);
    assert.deepStrictEqual(await send(signed(b, { key: "k" }, { key, secret: "wrong" })), [403, "SignatureDoesNotMatch"]);
    assert.deepStrictEqual(await send(signedV2(b, { key: "k" }, { key, secret: "wrong" })), [403, "SignatureDoesNotMatch"]);
    assert.deepStrictEqual(await send({ ...signed(b, { key: "k" }, { key, secret }), key: "other" }), [403, "AccessDenied"]);
    assert.strictEqual((await send(signed(b, { key: "k" }, { key: "AKIAUNKNOWN", secret })))[0], 403);
    const borrowed = { authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`, "x-amz-date": "20260101T000000Z" };
    for (const headers of [{}, borrowed]) assert.deepStrictEqual(await send({ key: "k" }, headers), [403, "AccessDenied"]);
    const { Contents } = await s3.send(new S.ListObjectsV2Command({ Bucket: b }));
    assert.deepStrictEqual(Contents.map((o) => o.Key), ["v2", "v4"]);
});
