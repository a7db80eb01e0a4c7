// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const net = require("node:net");
const S = require("@aws-sdk/client-s3");
const { refuses } = require("../lib/slipway");
const { s3File, md5, sha256 } = require("../lib/s3");

const f = s3File(), { send, bucket, put, get, text } = f;

test("parts become one object, whatever order they came in", async () => {
    const Bucket = await bucket(), Key = "big";
    const parts = [crypto.randomBytes(5 << 20), crypto.randomBytes(5 << 20), crypto.randomBytes(1000)], whole = Buffer.concat(parts);
    const { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket, Key, ContentType: "x/y", Metadata: { m: "1" }, ChecksumAlgorithm: "CRC32" });
    assert.deepStrictEqual((await send(S.ListMultipartUploadsCommand, { Bucket })).Uploads.map((u) => u.UploadId), [UploadId]);
    const done = [];
    for (const n of [3, 1, 2]) {
        const p = await send(S.UploadPartCommand, { Bucket, Key, UploadId, PartNumber: n, Body: parts[n - 1], ChecksumAlgorithm: "CRC32" });
        done[n - 1] = { PartNumber: n, ETag: p.ETag, ChecksumCRC32: p.ChecksumCRC32 };
    }
    assert.deepStrictEqual((await send(S.ListPartsCommand, { Bucket, Key, UploadId })).Parts.map((p) => [p.PartNumber, p.Size]), [[1, 5 << 20], [2, 5 << 20], [3, 1000]]);
    const complete = (Parts) => send(S.CompleteMultipartUploadCommand, { Bucket, Key, UploadId, MultipartUpload: { Parts } });
    await refuses(text(Bucket, Key), "NoSuchKey");
    await refuses(complete([done[1], done[0]]), "InvalidPartOrder");
    await refuses(complete([{ PartNumber: 1, ETag: '"0"' }]), "InvalidPart");
    await refuses(complete([done[0], { ...done[2] }, { PartNumber: 9, ETag: done[0].ETag }]), "EntityTooSmall");
    const out = await complete(done);
    assert.strictEqual(out.ETag, `"${md5(Buffer.concat(parts.map((p) => crypto.createHash("md5").update(p).digest())))}-3"`);
    assert.match(out.ChecksumCRC32, /^[A-Za-z0-9+/]{6}==-3$/);
    const got = await send(S.GetObjectCommand, { Bucket, Key });
    assert.deepStrictEqual([got.ContentLength, got.ContentType, got.Metadata], [whole.length, "x/y", { m: "1" }]);
    assert.strictEqual(md5(Buffer.from(await got.Body.transformToByteArray())), md5(whole));
    const middle = await send(S.GetObjectCommand, { Bucket, Key, Range: `bytes=${(5 << 20) - 10}-${(5 << 20) + 9}` });
    assert.deepStrictEqual(Buffer.from(await middle.Body.transformToByteArray()), whole.subarray((5 << 20) - 10, (5 << 20) + 10));
    const part = await send(S.HeadObjectCommand, { Bucket, Key, PartNumber: 3 });
    assert.deepStrictEqual([part.ContentLength, part.PartsCount], [1000, 3]);
    assert.deepStrictEqual([(await complete(done)).ETag, (await complete(done)).ChecksumCRC32], [out.ETag, out.ChecksumCRC32]);
    await refuses(complete(done.slice(0, 2)), "NoSuchUpload");
});

test("the checksum of a full object is made from those of its parts", async () => {
    const Bucket = await bucket(), Key = "full";
    const parts = [crypto.randomBytes(5 << 20), crypto.randomBytes(777)];
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME"]) {
        const { UploadId, ChecksumType } = await send(S.CreateMultipartUploadCommand, { Bucket, Key, ChecksumAlgorithm, ChecksumType: "FULL_OBJECT" });
        assert.strictEqual(ChecksumType, "FULL_OBJECT");
        const Parts = [], plain = f.s.client(S.S3Client, { requestChecksumCalculation: "WHEN_REQUIRED" });      /* parts need none of their own */
        for (const [i, Body] of parts.entries())
            Parts.push({ PartNumber: i + 1, ETag: (await plain.send(new S.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, Body }))).ETag });
        const joined = (await send(S.CompleteMultipartUploadCommand, { Bucket, Key, UploadId, MultipartUpload: { Parts } }))[`Checksum${ChecksumAlgorithm}`];
        /* The server's own answer over all bytes at once. */
        const copy = await send(S.CopyObjectCommand, { Bucket, Key: "copy", CopySource: `${Bucket}/${Key}`, ChecksumAlgorithm });
        assert.strictEqual(copy.CopyObjectResult[`Checksum${ChecksumAlgorithm}`], joined, ChecksumAlgorithm);
    }
});

test("a part can be copied from an object, and an upload can be given up", async () => {
    const Bucket = await bucket(), source = crypto.randomBytes(6 << 20);
    await put(Bucket, "src", source);
    const { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket, Key: "k" });
    const one = await send(S.UploadPartCopyCommand, { Bucket, Key: "k", UploadId, PartNumber: 1, CopySource: `${Bucket}/src`, CopySourceRange: `bytes=100-${(5 << 20) + 99}` });
    const two = await send(S.UploadPartCommand, { Bucket, Key: "k", UploadId, PartNumber: 2, Body: "end" });
    assert.strictEqual(one.CopyPartResult.ETag, `"${md5(source.subarray(100, (5 << 20) + 100))}"`);
    await send(S.CompleteMultipartUploadCommand, { Bucket, Key: "k", UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag: one.CopyPartResult.ETag }, { PartNumber: 2, ETag: two.ETag }] } });
    await send(S.DeleteObjectCommand, { Bucket, Key: "src" });
    const got = Buffer.from(await (await send(S.GetObjectCommand, { Bucket, Key: "k" })).Body.transformToByteArray());
    assert.strictEqual(md5(got), md5(Buffer.concat([source.subarray(100, (5 << 20) + 100), Buffer.from("end")])));
    const upload = await send(S.CreateMultipartUploadCommand, { Bucket, Key: "k2" });
    await send(S.UploadPartCommand, { Bucket, Key: "k2", UploadId: upload.UploadId, PartNumber: 1, Body: "x" });
    await send(S.AbortMultipartUploadCommand, { Bucket, Key: "k2", UploadId: upload.UploadId });
    await refuses(send(S.ListPartsCommand, { Bucket, Key: "k2", UploadId: upload.UploadId }), "NoSuchUpload");
});

const MIB5 = crypto.randomBytes(5 << 20);

// Uploads MIB5 and "end" as two parts; `more` for each request.
async function upload(Bucket, Key, { create = {}, part = {}, complete = {}, sums = true } = {}) {
    const { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket, Key, ...create });
    const Parts = [];
    for (const [i, Body] of [MIB5, "end"].entries()) {
        const { ETag, ChecksumSHA256 } = await send(S.UploadPartCommand, { Bucket, Key, UploadId, PartNumber: i + 1, Body, ...part });
        Parts.push({ PartNumber: i + 1, ETag, ...(sums ? { ChecksumSHA256 } : {}) });
    }
    return send(S.CompleteMultipartUploadCommand, { Bucket, Key, UploadId, MultipartUpload: { Parts }, ...complete });
}

test("the parts of a composite upload keep their checksums", async () => {
    const Bucket = await bucket(), SHA256 = { ChecksumAlgorithm: "SHA256" };
    const each = [sha256(MIB5), sha256("end")];
    const whole = sha256(Buffer.concat(each.map((e) => Buffer.from(e, "base64"))));
    const out = await upload(Bucket, "k", { create: SHA256, part: SHA256, complete: { ChecksumSHA256: `${whole}-2`, ChecksumType: "COMPOSITE", MpuObjectSize: MIB5.length + 3 } });
    assert.deepStrictEqual([out.ChecksumSHA256, out.ChecksumType], [`${whole}-2`, "COMPOSITE"]);
    const a = await send(S.GetObjectAttributesCommand, { Bucket, Key: "k", ObjectAttributes: ["Checksum", "ObjectParts", "ETag"] });
    assert.deepStrictEqual([a.Checksum.ChecksumSHA256, a.ETag], [whole, out.ETag.replaceAll('"', "")]);
    assert.deepStrictEqual(a.ObjectParts.Parts.map((p) => [p.PartNumber, p.Size, p.ChecksumSHA256]), [[1, MIB5.length, each[0]], [2, 3, each[1]]]);
    const page = (await send(S.GetObjectAttributesCommand, { Bucket, Key: "k", ObjectAttributes: ["ObjectParts"], MaxParts: 1, PartNumberMarker: "1" })).ObjectParts;
    assert.deepStrictEqual([page.Parts.map((p) => p.PartNumber), page.IsTruncated, page.TotalPartsCount], [[2], false, 2]);
    const part = await send(S.GetObjectCommand, { Bucket, Key: "k", PartNumber: 2, ChecksumMode: "ENABLED" });
    assert.deepStrictEqual([await part.Body.transformToString(), part.ChecksumSHA256, part.ContentRange], ["end", each[1], `bytes ${MIB5.length}-${MIB5.length + 2}/${MIB5.length + 3}`]);
    await refuses(send(S.GetObjectCommand, { Bucket, Key: "k", PartNumber: 3 }), "InvalidPartNumber", /not satisfiable/);
});

test("an upload's checksum is kept to by its parts and by its end", async () => {
    const Bucket = await bucket(), SHA256 = { ChecksumAlgorithm: "SHA256" };
    await refuses(upload(Bucket, "k", { create: SHA256 }), "InvalidRequest", /^Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32$/);
    const plain = f.s.client(S.S3Client, { requestChecksumCalculation: "WHEN_REQUIRED" });
    const { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket, Key: "k", ...SHA256 });
    await refuses(plain.send(new S.UploadPartCommand({ Bucket, Key: "k", UploadId, PartNumber: 1, Body: "x" })), "InvalidRequest", /actual checksum Type: null/);
    await refuses(send(S.UploadPartCommand, { Bucket, Key: "k", UploadId, PartNumber: 10001, Body: "x", ...SHA256 }), "InvalidArgument", /between 1 and 10000/);
    await refuses(upload(Bucket, "k", { create: SHA256, part: SHA256, sums: false }), "InvalidRequest", /must include the checksum for each part\. It was missing for part 1/);
    await refuses(upload(Bucket, "k", { create: SHA256, part: SHA256, complete: { ChecksumSHA256: `${sha256("x")}-2` } }), "BadDigest", /sha256/);
    await refuses(upload(Bucket, "k", { create: SHA256, part: SHA256, complete: { ChecksumType: "FULL_OBJECT" } }), "InvalidRequest", /COMPOSITE checksum mode/);
    await refuses(upload(Bucket, "k", { sums: false, complete: { MpuObjectSize: 7 } }), "InvalidRequest", /x-amz-mp-object-size/);
    await refuses(send(S.CreateMultipartUploadCommand, { Bucket, Key: "k", ...SHA256, ChecksumType: "FULL_OBJECT" }), "InvalidRequest", /FULL_OBJECT checksum type cannot be used with the sha256/);
    await refuses(send(S.CreateMultipartUploadCommand, { Bucket, Key: "k", ChecksumType: "FULL_OBJECT" }), "InvalidRequest", /x-amz-checksum-algorithm/);
    await refuses(text(Bucket, "k"), "NoSuchKey");
});

test("an upload without a checksum gets a CRC64NVME of the whole, and its copy is one part", async () => {
    const Bucket = await bucket(), out = await upload(Bucket, "k", { sums: false });
    assert.strictEqual(out.ChecksumType, "FULL_OBJECT");
    const attributes = await send(S.GetObjectAttributesCommand, { Bucket, Key: "k", ObjectAttributes: ["ObjectParts", "Checksum"] });
    assert.deepStrictEqual([attributes.ObjectParts.TotalPartsCount, attributes.ObjectParts.Parts, attributes.Checksum.ChecksumCRC64NVME], [2, undefined, out.ChecksumCRC64NVME]);
    assert.strictEqual((await send(S.HeadObjectCommand, { Bucket, Key: "k", PartNumber: 2, ChecksumMode: "ENABLED" })).ChecksumCRC64NVME, undefined);
    const whole = await put(Bucket, "whole", Buffer.concat([MIB5, Buffer.from("end")]));
    const { CopyObjectResult: copy } = await send(S.CopyObjectCommand, { Bucket, Key: "copy", CopySource: `${Bucket}/k` });
    assert.deepStrictEqual([copy.ETag, copy.ChecksumCRC64NVME, copy.ChecksumType], [whole.ETag, out.ChecksumCRC64NVME, "FULL_OBJECT"]);
    await refuses(send(S.GetObjectCommand, { Bucket, Key: "copy", PartNumber: 2 }), "InvalidPartNumber");
});

test("a copy whose client has left is given up", async () => {
    const Bucket = await bucket(), Key = "large", part = Buffer.alloc(24 << 20, "x");
    const { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket, Key });
    const Parts = [];
    for (const PartNumber of [1, 2])
        Parts.push({ PartNumber, ETag: (await send(S.UploadPartCommand, { Bucket, Key, UploadId, PartNumber, Body: part })).ETag });
    await send(S.CompleteMultipartUploadCommand, { Bucket, Key, UploadId, MultipartUpload: { Parts } });
    const ask = (end) => new Promise((resolve, reject) => {
        const socket = net.connect(f.s.port, "127.0.0.1");
        let said = "";
        socket.on("data", (d) => { said += d; if (!end && said.includes("</CopyObjectResult>")) socket.end(); }).on("end", () => resolve(said)).on("error", reject);
        socket.write(`PUT /${Bucket}/copy${end} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nx-amz-copy-source: ${Bucket}/${Key}\r\n\r\n`);
        if (end) socket.end();
    });
    assert.match(await ask(true), /^HTTP\/1\.1 503 [^]*<Code>ServiceUnavailable</);
    await refuses(text(Bucket, "copytrue"), "NoSuchKey");
    assert.match(await ask(false), /^HTTP\/1\.1 200 /, "what is read for a client that waits is copied");
});

test("a range of a copied part lies inside its source", async () => {
    const Bucket = await bucket();
    await put(Bucket, "src", "0123456789");
    const { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket, Key: "k" });
    const copy = (CopySourceRange, more = {}) => send(S.UploadPartCopyCommand, { Bucket, Key: "k", UploadId, PartNumber: 1, CopySource: `${Bucket}/src`, CopySourceRange, ...more });
    for (const range of ["bytes=5-", "bytes=-5", "5-6", "bytes=6-5"]) await refuses(copy(range), "InvalidArgument", /must be of the form bytes=first-last/);
    await refuses(copy("bytes=5-10"), "InvalidArgument", /Range specified is not valid for source object of size: 10/);
    await refuses(copy("bytes=0-9", { ExpectedSourceBucketOwner: "111111111111" }), "AccessDenied");
    await refuses(copy("bytes=0-9", { CopySourceIfNoneMatch: "*" }), "PreconditionFailed");
    await refuses(copy("bytes=0-9", { UploadId: "none" }), "NoSuchUpload");
    const { CopyPartResult } = await copy("bytes=9-9");
    assert.strictEqual(CopyPartResult.ETag, `"${md5("9")}"`);
});
