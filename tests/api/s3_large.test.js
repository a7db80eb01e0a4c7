// SPDX-License-Identifier: Apache-2.0
// An object larger than a signed 32-bit number of bytes, there and back, through the whole server.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const { once } = require("node:events");
const { s3File } = require("../lib/s3");

const f = s3File({ ephemeral: false }), { send, bucket } = f;
const S = require("@aws-sdk/client-s3");

const MIB = 2 ** 20, SIZE = 2.125 * 2 ** 30;
const GROWTH_MAX = 96 * MIB;            /* more than buffers and a sanitizer's shadow of them; far less than the body */

// Peak memory of the server while fn runs, beyond what it had before.
async function growth(fn) {
    const figure = (name) => Number(fs.readFileSync(`/proc/${f.s.child.pid}/status`, "utf8").match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))[1]) * 1024;
    fs.writeFileSync(`/proc/${f.s.child.pid}/clear_refs`, "5");
    const before = figure("VmRSS");
    await fn();
    return figure("VmHWM") - before;
}

// Sends SIZE bytes of which every MiB differs; resolves with the reply and the MD5 of what went out.
async function upload(where) {
    const rq = http.request(f.s.endpoint + where, { method: "PUT", headers: { "content-length": SIZE } });
    const answered = once(rq, "response"), md5 = crypto.createHash("md5"), chunk = Buffer.alloc(MIB);
    for (let i = 0; i < SIZE / MIB; i++) {
        chunk.writeUInt32BE(i, 0);
        md5.update(chunk);
        if (!rq.write(Buffer.from(chunk))) await once(rq, "drain");
    }
    rq.end();
    const [rs] = await answered;
    rs.resume();
    await once(rs, "end");
    return { status: rs.statusCode, etag: rs.headers.etag, md5: md5.digest("hex") };
}

async function download(where) {
    const [rs] = await once(http.get(f.s.endpoint + where), "response");
    const md5 = crypto.createHash("md5");
    let n = 0;
    for await (const d of rs) { md5.update(d); n += d.length; }
    return { n, md5: md5.digest("hex") };
}

test("an object of gigabytes goes in and out in constant memory", { timeout: 300e3 }, async () => {
    const Bucket = await bucket();
    let up, down;
    const growthIn = await growth(async () => { up = await upload(`/${Bucket}/big`); });
    assert.deepStrictEqual([up.status, up.etag], [200, `"${up.md5}"`]);
    assert.ok(growthIn < GROWTH_MAX, `memory grew by ${growthIn} bytes on the way in`);
    const growthOut = await growth(async () => { down = await download(`/${Bucket}/big`); });
    assert.deepStrictEqual(down, { n: SIZE, md5: up.md5 });
    assert.ok(growthOut < GROWTH_MAX, `memory grew by ${growthOut} bytes on the way out`);
    const far = await send(S.GetObjectCommand, { Bucket, Key: "big", Range: `bytes=${SIZE - MIB}-${SIZE - MIB + 3}` });
    assert.strictEqual(Buffer.from(await far.Body.transformToByteArray()).readUInt32BE(0), SIZE / MIB - 1);
});
