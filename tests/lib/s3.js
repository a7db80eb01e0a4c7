// SPDX-License-Identifier: Apache-2.0
// What the tests of S3 share: a server for the file, a client, and short words for the operations that every test needs.
//
//     const f = s3File(), { send, bucket, put, text } = f;         // f.s, f.s3, f.tmp: once the tests run
"use strict";
const { before, after } = require("node:test");
const crypto = require("node:crypto");
const http = require("node:http");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const S = require("@aws-sdk/client-s3");
const { start, finish } = require("./slipway");

function s3File(options = {}) {
    const f = {};
    let count = 0;
    before(async () => {
        f.s = await start(null, options);
        f.s3 = f.s.client(S.S3Client);
        f.tmp = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-s3-"));
    });
    after(async () => { fs.rmSync(f.tmp, { recursive: true, force: true }); await finish(f.s); });
    f.send = (C, input) => f.s3.send(new C(input));
    f.bucket = async () => { const Bucket = `test-bucket-${++count}`; await f.send(S.CreateBucketCommand, { Bucket }); return Bucket; };
    f.put = (Bucket, Key, Body = Key, more = {}) => f.send(S.PutObjectCommand, { Bucket, Key, Body, ...more });
    f.get = async (Bucket, Key, more = {}) => Buffer.from(await (await f.send(S.GetObjectCommand, { Bucket, Key, ...more })).Body.transformToByteArray());
    f.text = async (Bucket, Key, more = {}) => (await f.get(Bucket, Key, more)).toString();
    // A request as it is, without a client's help: { status, headers, body, one(element), all(element) }.
    f.http = async (method, path, { headers = {}, body } = {}) => {
        const r = await new Promise((resolve, reject) => {
            const rq = http.request({ port: f.s.port, host: "127.0.0.1", method, path, headers }, resolve);
            rq.once("error", reject);
            rq.end(body);
        });
        const chunks = [];
        for await (const c of r) chunks.push(c);
        const text = Buffer.concat(chunks).toString();
        const all = (name) => [...text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map((m) => m[1]);
        return { status: r.statusCode, headers: r.headers, body: text, all, one: (name) => all(name)[0], code: all("Code")[0] };
    };
    return f;
}

const md5 = (b) => crypto.createHash("md5").update(b).digest("hex");
const sha256 = (b) => crypto.createHash("sha256").update(b).digest("base64");

module.exports = { s3File, md5, sha256 };
