// SPDX-License-Identifier: Apache-2.0
// Cross-origin sharing: a bucket's rules, preflights, and what replies to requests of another origin carry.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const S = require("@aws-sdk/client-s3");
const { refuses } = require("../lib/slipway");
const { s3File } = require("../lib/s3");

const f = s3File(), { send, bucket, put } = f;
const VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
const rules = (Bucket, ...CORSRules) => send(S.PutBucketCorsCommand, { Bucket, CORSConfiguration: { CORSRules } });
const anybody = { AllowedMethods: ["GET"], AllowedOrigins: ["*"] };
const preflight = (path, origin, method, headers) => f.http("OPTIONS", path, { headers: {
    ...(origin && { origin }), ...(method && { "access-control-request-method": method }), ...(headers && { "access-control-request-headers": headers }) } });

test("rules are kept, told and deleted", async () => {
    const Bucket = await bucket();
    const CORSRules = [{ ID: "one", AllowedHeaders: ["x-*", "authorization"], AllowedMethods: ["PUT", "POST"], AllowedOrigins: ["https://*.example.com"], ExposeHeaders: ["ETag"], MaxAgeSeconds: 0 }, anybody];
    await rules(Bucket, ...CORSRules);
    assert.deepStrictEqual((await send(S.GetBucketCorsCommand, { Bucket })).CORSRules, CORSRules);
    assert.strictEqual((await f.http("DELETE", `/${Bucket}?cors`)).status, 204);
    await refuses(send(S.GetBucketCorsCommand, { Bucket }), "NoSuchCORSConfiguration");
});

test("rules that AWS refuses are refused in its words", async () => {
    const Bucket = await bucket();
    const cases = [
        [[{ ...anybody, AllowedMethods: ["PATCH"] }], "InvalidRequest", /Found unsupported HTTP method in CORS config\. Unsupported method is PATCH/],
        [[{ ...anybody, AllowedMethods: ["get"] }], "InvalidRequest", /Unsupported method is get/],
        [[{ ...anybody, AllowedOrigins: ["http://*.a.*"] }], "InvalidRequest", /AllowedOrigin "http:\/\/\*\.a\.\*" can not have more than one wildcard\./],
        [[{ ...anybody, AllowedHeaders: ["*-*"] }], "InvalidRequest", /AllowedHeader "\*-\*" can not have more than one wildcard\./],
        [[{ ...anybody, ExposeHeaders: ["x-*"] }], "InvalidRequest", /ExposeHeader "x-\*" contains wildcard/],
        [[{ ...anybody, ID: "i".repeat(256) }], "InvalidArgument", /255/],
        [[{ ...anybody, MaxAgeSeconds: -1 }], "MalformedXML"],
        [[], "MalformedXML"],
        [[{ AllowedMethods: ["GET"] }], "MalformedXML"],
        [[{ AllowedOrigins: ["*"] }], "MalformedXML"],
        [Array.from({ length: 101 }, () => anybody), "MalformedXML"],
    ];
    for (const [given, code, message] of cases) await refuses(rules(Bucket, ...given), code, message);
    await rules(Bucket, ...Array.from({ length: 100 }, () => anybody));
    assert.strictEqual((await send(S.GetBucketCorsCommand, { Bucket })).CORSRules.length, 100);
});

test("a preflight is answered by the first rule that fits", async () => {
    const Bucket = await bucket();
    await rules(Bucket,
        { AllowedMethods: ["PUT", "POST"], AllowedOrigins: ["https://*.example.com", "http://localhost:3000"], AllowedHeaders: ["content-type", "X-Amz-*"], ExposeHeaders: ["ETag", "x-amz-version-id"], MaxAgeSeconds: 300 },
        { AllowedMethods: ["GET", "HEAD"], AllowedOrigins: ["*"] });
    const r = await preflight(`/${Bucket}/k`, "https://app.example.com", "PUT", "Content-Type, x-amz-meta-A");
    assert.deepStrictEqual([r.status, r.body], [200, ""]);
    for (const [name, value] of [["origin", "https://app.example.com"], ["methods", "PUT, POST"], ["headers", "content-type, x-amz-meta-a"], ["credentials", "true"]])
        assert.strictEqual(r.headers[`access-control-allow-${name}`], value, name);
    assert.deepStrictEqual([r.headers["access-control-expose-headers"], r.headers["access-control-max-age"], r.headers.vary], ["ETag, x-amz-version-id", "300", VARY]);
    assert.ok(r.headers["x-amz-request-id"] && r.headers["x-amz-id-2"]);
    const any = await preflight(`/${Bucket}/not/there`, "http://anything", "GET");
    assert.deepStrictEqual([any.status, any.headers["access-control-allow-origin"], any.headers["access-control-allow-credentials"], any.headers["access-control-max-age"]], [200, "*", undefined, undefined]);
    const own = await f.http("OPTIONS", "/k", { headers: { host: `${Bucket}.s3.localhost`, origin: "http://localhost:3000", "access-control-request-method": "POST" } });
    assert.deepStrictEqual([own.status, own.headers["access-control-allow-origin"]], [200, "http://localhost:3000"]);
});

test("a preflight that no rule allows is forbidden, with what was asked", async () => {
    const Bucket = await bucket(), none = await bucket();
    await rules(Bucket, { AllowedMethods: ["PUT"], AllowedOrigins: ["https://*.example.com"], AllowedHeaders: ["x-a"] });
    const not = /^CORSResponse: This CORS request is not allowed\. This is usually because the evalution of Origin/;
    const cases = [
        [`/${Bucket}/k`, "https://app.example.org", "PUT", undefined, "OBJECT", not],
        [`/${Bucket}/k`, "http://app.example.com", "PUT", undefined, "OBJECT", not],
        [`/${Bucket}/k`, "https://a.example.com", "GET", undefined, "OBJECT", not],
        [`/${Bucket}/k`, "https://a.example.com", "PUT", "x-a, x-b", "OBJECT", not],
        [`/${Bucket}`, "https://a.example.com", "DELETE", undefined, "BUCKET", not],
        [`/${none}/k`, "https://a.example.com", "PUT", undefined, "BUCKET", /^CORSResponse: CORS is not enabled for this bucket\.$/],
        ["/no-such-bucket/k", "https://a.example.com", "PUT", undefined, "BUCKET", /^CORSResponse: Bucket not found$/],
    ];
    for (const [path, origin, method, headers, type, message] of cases) {
        const r = await preflight(path, origin, method, headers);
        assert.deepStrictEqual([r.status, r.code, r.one("Method"), r.one("ResourceType")], [403, "AccessForbidden", method, type], r.body);
        assert.match(r.one("Message"), message);
        assert.strictEqual(r.headers["access-control-allow-origin"], undefined);
    }
    const without = await preflight(`/${Bucket}/k`, undefined, "PUT");
    assert.deepStrictEqual([without.status, without.code, without.one("Message")], [400, "BadRequest", "Insufficient information. Origin request header needed."]);
    const method = await preflight(`/${Bucket}/k`, "https://a.example.com");
    assert.deepStrictEqual([method.status, method.code, method.one("Message")], [400, "BadRequest", "Invalid Access-Control-Request-Method: null"]);
});

test("replies to another origin say what its scripts may read, errors too", async () => {
    const Bucket = await bucket(), origin = "https://app.example.com";
    await put(Bucket, "k");
    await rules(Bucket, { AllowedMethods: ["GET", "PUT"], AllowedOrigins: [origin], ExposeHeaders: ["ETag"], MaxAgeSeconds: 60 });
    for (const [method, path, status] of [["GET", `/${Bucket}/k`, 200], ["GET", `/${Bucket}/none`, 404], ["GET", `/${Bucket}`, 200], ["PUT", `/${Bucket}/new`, 200], ["PUT", `/${Bucket}/new?partNumber=1&uploadId=none`, 404]]) {
        const r = await f.http(method, path, { headers: { origin }, body: method === "PUT" ? "x" : undefined });
        assert.deepStrictEqual([r.status, r.headers["access-control-allow-origin"], r.headers["access-control-allow-methods"], r.headers["access-control-expose-headers"], r.headers.vary],
            [status, origin, "GET, PUT", "ETag", VARY], path);
    }
    for (const [method, headers] of [["GET", {}], ["GET", { origin: "https://evil.example.com" }], ["HEAD", { origin }]])
        assert.strictEqual((await f.http(method, `/${Bucket}/k`, { headers })).headers["access-control-allow-origin"], undefined);
});
