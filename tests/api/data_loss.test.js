// SPDX-License-Identifier: Apache-2.0
// A data folder that was in use does not start as an empty one: whatever is lost of it is said, with what to do.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand } = require("@aws-sdk/client-s3");
const { Slipway } = require("../lib/slipway");

let root, serial = 0;
const copy = (from) => {
    const to = path.join(root, `copy${serial++}`);
    fs.cpSync(from, to, { recursive: true });
    return to;
};
const remove = (dir, ...names) => names.forEach((n) => fs.rmSync(path.join(dir, n), { recursive: true, force: true }));

async function run(data, args, use, end = "stop") {
    const s = new Slipway({ data, ephemeral: false, args });
    await s.start();
    try {
        await use(s.client(S3Client));
    } finally {
        await s[end]();
    }
}
const put = (key) => (s3) => s3.send(new PutObjectCommand({ Bucket: "bucket", Key: key, Body: `body of ${key}` }));
const make = async (s3) => { await s3.send(new CreateBucketCommand({ Bucket: "bucket" })); await put("k")(s3); };
const has = (key) => async (s3) => {
    const out = await s3.send(new GetObjectCommand({ Bucket: "bucket", Key: key }));
    assert.strictEqual(await out.Body.transformToString(), `body of ${key}`);
};

let first, clean, killed, other;
before(async () => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-loss-"));
    first = path.join(root, "first");
    await run(first, [], make);
    clean = copy(first);
    await run(clean, [], put("second"));
    killed = copy(clean);
    await run(killed, [], put("third"), "kill9");
    other = path.join(root, "other");
    await run(other, [], make);
});
after(() => fs.rmSync(root, { recursive: true, force: true }));

const losses = [
    ["the database is gone", () => clean, (d) => remove(d, "store/store.db", "store/store.db-wal", "store/store.db-shm"), /store\.db is missing/],
    ["the store is gone", () => clean, (d) => remove(d, "store"), /store\.db is missing/],
    ["the database is gone after a crash", () => killed, (d) => remove(d, "store/store.db"), /store\.db is missing/],
    ["the log is gone after a crash", () => killed, (d) => remove(d, "store/store.db-wal"), /store\.db-wal.* is missing/],
    ["the database is empty", () => clean, (d) => { remove(d, "store/store.db-wal"); fs.truncateSync(path.join(d, "store/store.db"), 0); }, /store\.db is empty/],
    ["the store is another folder's", () => clean, (d) => { remove(d, "store"); fs.cpSync(path.join(other, "store"), path.join(d, "store"), { recursive: true }); },
        /another folder's/],
    ["the store is an older copy", () => clean, (d) => { remove(d, "store"); fs.cpSync(path.join(first, "store"), path.join(d, "store"), { recursive: true }); },
        /an older copy/],
    ["the blobs are gone", () => clean, (d) => remove(d, "blobs"), /blobs are not all there: of 2 .* 2 are missing/],
    ["some of the blobs are gone", () => clean, (d) => remove(d, path.join("blobs/sha256", fs.readdirSync(path.join(d, "blobs/sha256"))[0])),
        /blobs are not all there: of 2 .* 1 are missing/],
];
for (const [label, of, lose, says] of losses) {
    test(`a start is refused and changes nothing when ${label}`, async () => {
        const data = copy(of());
        lose(data);
        const listing = () => fs.readdirSync(data, { recursive: true }).filter((n) => /^(store|blobs)/.test(n) && !/lock$|-shm$/.test(n)).sort();
        const was = listing();
        const s = new Slipway({ data, ephemeral: false });
        await assert.rejects(s.start(), (e) => {
            assert.match(e.message, says);
            assert.match(e.message, /Put back what is missing/);
            assert.match(e.message, /--accept-data-loss/);
            assert.doesNotMatch(e.message, /Ready/);
            return true;
        });
        assert.strictEqual((await s.ended).code, 1);
        assert.deepStrictEqual(listing().filter((n) => n !== "store"), was.filter((n) => n !== "store"));
    });
}

test("with --accept-data-loss a folder without its store starts empty, and then without the option", async () => {
    const data = copy(clean);
    remove(data, "store");
    await run(data, ["--accept-data-loss"], make);
    await run(data, [], has("k"));
});

test("with --accept-data-loss a folder without its blobs starts with what is there", async () => {
    const data = copy(clean);
    remove(data, "blobs");
    await run(data, ["--accept-data-loss"], put("fresh"));
    await run(data, ["--accept-data-loss"], has("fresh"));
});

const wholes = [
    ["a copy of a stopped server's folder", () => copy(clean), "second"],
    ["a copy of a killed server's folder", () => copy(killed), "third"],
    ["an older copy of the whole folder", () => copy(first), "k"],
    ["a folder that ended well, without its empty log", () => { const d = copy(clean); remove(d, "store/store.db-wal", "store/store.db-shm"); return d; }, "second"],
    ["a folder from before there was a store.id", () => { const d = copy(clean); remove(d, "store.id"); return d; }, "second"],
];
for (const [label, folder, key] of wholes)
    test(`${label} starts with all that it holds`, () => run(folder(), [], has(key)));
