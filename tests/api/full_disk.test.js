// SPDX-License-Identifier: Apache-2.0
// A disk that is full: writes are refused and lose nothing, deletes work, a start works or says what is full.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, DeleteObjectCommand } = require("@aws-sdk/client-s3");
const { SQSClient, CreateQueueCommand, DeleteQueueCommand, ListQueuesCommand } = require("@aws-sdk/client-sqs");
const { Slipway } = require("../lib/slipway");

const skip = process.getuid() !== 0 && "mounting a small file system needs root";
let root, data;
before(() => {
    if (skip) return;
    root = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", root]);
    data = path.join(root, "data");
});
after(() => {
    if (skip) return;
    execFileSync("umount", [root]);
    fs.rmSync(root, { recursive: true });
});

// Takes what is left, to the last block.
function fill(name) {
    const fd = fs.openSync(path.join(root, name), "w");
    try {
        for (let size = 1 << 20; size >= 1024; size >>= 1)
            for (;;)
                try {
                    if (fs.writeSync(fd, Buffer.alloc(size, 1)) < size) break;
                } catch (e) {
                    assert.strictEqual(e.code, "ENOSPC");
                    break;
                }
    } finally {
        fs.closeSync(fd);
    }
}

test("on a full disk writes fail, reads and deletes work, and a restart has all that was stored", { skip }, async () => {
    const s = new Slipway({ data, ephemeral: false });
    await s.start();
    try {
        const s3 = s.client(S3Client), sqs = s.client(SQSClient);
        await s3.send(new CreateBucketCommand({ Bucket: "bucket" }));
        for (let i = 0; i < 4; i++) await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: `k${i}`, Body: Buffer.alloc(100000, i) }));
        const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "kept" }));
        fill("filler");
        await assert.rejects(s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "large", Body: Buffer.alloc(8 << 20, 9) })),
            (e) => e.$metadata.httpStatusCode >= 500);
        const made = [];
        let refused;
        for (let i = 0; i < 20000 && !refused; i++)
            await sqs.send(new CreateQueueCommand({ QueueName: `q${i}`, tags: { t: "x".repeat(250) } })).then((r) => made.push(r.QueueUrl), (e) => { refused = e; });
        assert.ok(refused, "the log's file is used up at some time");
        assert.ok(refused.$metadata.httpStatusCode >= 500, String(refused));
        assert.match(s.log, /full|No space left/);
        const read = await s3.send(new GetObjectCommand({ Bucket: "bucket", Key: "k1" }));
        assert.deepStrictEqual(Buffer.from(await read.Body.transformToByteArray()), Buffer.alloc(100000, 1));
        await s3.send(new DeleteObjectCommand({ Bucket: "bucket", Key: "k0" }));
        for (const url of made.slice(0, 20)) await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
        await s.stop();
        await s.start();
        const left = [];
        for (let NextToken, page; (page = await s.client(SQSClient).send(new ListQueuesCommand({ MaxResults: 1000, NextToken }))); ) {
            left.push(...page.QueueUrls.map((u) => new URL(u).pathname));
            if (!(NextToken = page.NextToken)) break;
        }
        assert.deepStrictEqual(left.sort(), [QueueUrl, ...made.slice(20)].map((u) => new URL(u).pathname).sort());
        await assert.rejects(s.client(S3Client).send(new GetObjectCommand({ Bucket: "bucket", Key: "k0" })), { name: "NoSuchKey" });
    } finally {
        await s.stop();
    }
    assert.strictEqual((await s.ended).code, 0);
});

test("a start that has no room at all says which file system is full, and works when there is some", { skip }, async () => {
    fs.rmSync(path.join(data, "store/reserve"), { force: true });
    fill("filler2");
    const s = new Slipway({ data, ephemeral: false });
    await assert.rejects(s.start(), (e) => new RegExp(`The file system of ${data} is full: \\d+ KiB of 24 MiB are free`).test(e.message));
    fs.rmSync(path.join(root, "filler2"));
    fs.rmSync(path.join(root, "filler"));
    await s.start();
    const read = await s.client(S3Client).send(new GetObjectCommand({ Bucket: "bucket", Key: "k2" }));
    assert.strictEqual((await read.Body.transformToByteArray()).length, 100000);
    await s.stop();
});
