// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { Readable } = require("node:stream");
const S = require("@aws-sdk/client-s3");
const { SQSClient, CreateQueueCommand, ReceiveMessageCommand } = require("@aws-sdk/client-sqs");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const { start, finish, refuses, run } = require("../lib/slipway");

let s, s3, tmp, count = 0;
before(async () => { s = await start(null); s3 = s.client(S.S3Client); tmp = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-s3-")); });
after(async () => { fs.rmSync(tmp, { recursive: true, force: true }); await finish(s); });

const send = (C, input) => s3.send(new C(input));
const bucket = async () => { const Bucket = `test-bucket-${++count}`; await send(S.CreateBucketCommand, { Bucket }); return Bucket; };
const put = (Bucket, Key, Body = Key, more = {}) => send(S.PutObjectCommand, { Bucket, Key, Body, ...more });
const text = async (Bucket, Key, more = {}) => (await send(S.GetObjectCommand, { Bucket, Key, ...more })).Body.transformToString();
const md5 = (b) => crypto.createHash("md5").update(b).digest("hex");

test("buckets are made, found, listed and deleted when empty", async () => {
    await refuses(send(S.HeadBucketCommand, { Bucket: "nothing-here" }), "NotFound");
    const Bucket = await bucket();
    assert.strictEqual((await send(S.HeadBucketCommand, { Bucket })).BucketRegion, "us-east-1");
    assert.strictEqual((await send(S.GetBucketLocationCommand, { Bucket })).LocationConstraint, undefined);
    assert.ok((await send(S.ListBucketsCommand, {})).Buckets.some((b) => b.Name === Bucket && b.CreationDate instanceof Date));
    await refuses(send(S.CreateBucketCommand, { Bucket: "Bad_Name" }), "InvalidBucketName");
    const eu = s.client(S.S3Client, { region: "eu-west-1" });
    await refuses(eu.send(new S.CreateBucketCommand({ Bucket: "eu-bucket", CreateBucketConfiguration: { LocationConstraint: "eu-central-1" } })), "IllegalLocationConstraintException");
    await eu.send(new S.CreateBucketCommand({ Bucket: "eu-bucket" }));
    await refuses(eu.send(new S.CreateBucketCommand({ Bucket: "eu-bucket", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } })), "BucketAlreadyOwnedByYou");
    assert.strictEqual((await send(S.GetBucketLocationCommand, { Bucket: "eu-bucket" })).LocationConstraint, "eu-west-1");
    const other = s.client(S.S3Client, { credentials: { accessKeyId: "111111111111", secretAccessKey: "x" } });
    await refuses(other.send(new S.CreateBucketCommand({ Bucket })), "BucketAlreadyExists");
    await refuses(other.send(new S.ListObjectsV2Command({ Bucket })), "AccessDenied");
    await put(Bucket, "k");
    await refuses(send(S.DeleteBucketCommand, { Bucket }), "BucketNotEmpty");
    await send(S.DeleteObjectCommand, { Bucket, Key: "k" });
    await send(S.DeleteBucketCommand, { Bucket });
    await refuses(send(S.ListObjectsV2Command, { Bucket }), "NoSuchBucket", /The specified bucket does not exist/);
});

test("an object comes back with its bytes, headers, metadata, tags and checksum", async () => {
    const Bucket = await bucket();
    const out = await put(Bucket, "dir/a b+ü.txt", "hello", { ContentType: "text/plain", CacheControl: "no-cache", ContentEncoding: "identity",
        ContentDisposition: "inline", ContentLanguage: "en", Metadata: { "my-key": "v 1" }, Tagging: "a=1&b=x%20y", ChecksumAlgorithm: "SHA256" });
    assert.strictEqual(out.ETag, `"${md5("hello")}"`);
    assert.strictEqual(out.ChecksumSHA256, crypto.createHash("sha256").update("hello").digest("base64"));
    const got = await send(S.GetObjectCommand, { Bucket, Key: "dir/a b+ü.txt", ChecksumMode: "ENABLED" });
    assert.strictEqual(await got.Body.transformToString(), "hello");
    assert.deepStrictEqual([got.ContentType, got.CacheControl, got.ContentEncoding, got.ContentDisposition, got.ContentLanguage, got.ContentLength, got.TagCount, got.AcceptRanges],
        ["text/plain", "no-cache", "identity", "inline", "en", 5, 2, "bytes"]);
    assert.deepStrictEqual(got.Metadata, { "my-key": "v 1" });
    assert.strictEqual(got.ChecksumSHA256, out.ChecksumSHA256);
    const head = await send(S.HeadObjectCommand, { Bucket, Key: "dir/a b+ü.txt" });
    assert.deepStrictEqual([head.ContentLength, head.ETag, head.ChecksumSHA256, head.ServerSideEncryption], [5, out.ETag, undefined, "AES256"]);
    assert.deepStrictEqual((await send(S.GetObjectTaggingCommand, { Bucket, Key: "dir/a b+ü.txt" })).TagSet, [{ Key: "a", Value: "1" }, { Key: "b", Value: "x y" }]);
    const asked = await send(S.GetObjectCommand, { Bucket, Key: "dir/a b+ü.txt", ResponseContentType: "x/y", ResponseCacheControl: "private" });
    assert.deepStrictEqual([asked.ContentType, asked.CacheControl], ["x/y", "private"]);
    await refuses(text(Bucket, "none"), "NoSuchKey", /The specified key does not exist/);
    await refuses(send(S.HeadObjectCommand, { Bucket, Key: "none" }), "NotFound");
    const attributes = await send(S.GetObjectAttributesCommand, { Bucket, Key: "dir/a b+ü.txt", ObjectAttributes: ["ETag", "ObjectSize", "Checksum", "StorageClass"] });
    assert.deepStrictEqual([attributes.ETag, attributes.ObjectSize, attributes.Checksum.ChecksumSHA256, attributes.StorageClass], [md5("hello"), 5, out.ChecksumSHA256, "STANDARD"]);
});

test("a streamed body in chunks is stored without its framing", async () => {
    const Bucket = await bucket();
    const data = crypto.randomBytes(300000);
    await send(S.PutObjectCommand, { Bucket, Key: "s", Body: Readable.from([data.subarray(0, 100000), data.subarray(100000)]), ContentLength: data.length });
    const got = await send(S.GetObjectCommand, { Bucket, Key: "s" });
    assert.strictEqual(md5(Buffer.from(await got.Body.transformToByteArray())), md5(data));
    assert.strictEqual(got.ContentEncoding, undefined);
});

test("a wrong digest is refused and nothing is stored", async () => {
    const Bucket = await bucket();
    await refuses(put(Bucket, "k", "hello", { ContentMD5: crypto.createHash("md5").update("other").digest("base64") }), "BadDigest");
    await refuses(put(Bucket, "k", "hello", { ChecksumSHA256: crypto.createHash("sha256").update("other").digest("base64") }), "BadDigest");
    await refuses(text(Bucket, "k"), "NoSuchKey");
});

test("ranges and conditions are honoured", async () => {
    const Bucket = await bucket();
    const { ETag } = await put(Bucket, "k", "0123456789");
    for (const [Range, want, shown] of [["bytes=2-4", "234", "bytes 2-4/10"], ["bytes=7-", "789", "bytes 7-9/10"], ["bytes=-3", "789", "bytes 7-9/10"], ["bytes=8-99", "89", "bytes 8-9/10"]]) {
        const got = await send(S.GetObjectCommand, { Bucket, Key: "k", Range });
        assert.deepStrictEqual([await got.Body.transformToString(), got.ContentRange, got.$metadata.httpStatusCode, got.ContentLength], [want, shown, 206, want.length]);
    }
    await refuses(text(Bucket, "k", { Range: "bytes=10-" }), "InvalidRange", /not satisfiable/);
    assert.strictEqual(await text(Bucket, "k", { Range: "lines=1-2" }), "0123456789");
    assert.strictEqual(await text(Bucket, "k", { IfMatch: ETag }), "0123456789");
    await refuses(text(Bucket, "k", { IfMatch: '"other"' }), "PreconditionFailed");
    const url = `${s.endpoint}/${Bucket}/k`;
    const not = await fetch(url, { headers: { "if-none-match": ETag } });
    assert.deepStrictEqual([not.status, await not.text(), not.headers.get("etag")], [304, "", ETag]);
    assert.strictEqual((await fetch(url, { headers: { "if-modified-since": new Date(Date.now() + 1e6).toUTCString() } })).status, 304);
    await refuses(text(Bucket, "k", { IfUnmodifiedSince: new Date(0) }), "PreconditionFailed");
    await refuses(put(Bucket, "k", "x", { IfNoneMatch: "*" }), "PreconditionFailed", /pre-conditions/);
    await put(Bucket, "new", "x", { IfNoneMatch: "*" });
    await refuses(put(Bucket, "k", "x", { IfMatch: '"other"' }), "PreconditionFailed");
    await put(Bucket, "k", "y", { IfMatch: ETag });
    assert.strictEqual(await text(Bucket, "k"), "y");
});

test("listings have prefixes, delimiters and pages, in bytewise order", async () => {
    const Bucket = await bucket();
    for (const k of ["a/1", "a/2", "a/b/3", "b", "c/4", "é", "Z"]) await put(Bucket, k);
    const all = await send(S.ListObjectsV2Command, { Bucket });
    assert.deepStrictEqual(all.Contents.map((o) => o.Key), ["Z", "a/1", "a/2", "a/b/3", "b", "c/4", "é"]);
    assert.deepStrictEqual([all.KeyCount, all.IsTruncated, all.MaxKeys], [7, false, 1000]);
    const top = await send(S.ListObjectsV2Command, { Bucket, Delimiter: "/" });
    assert.deepStrictEqual([top.Contents.map((o) => o.Key), top.CommonPrefixes.map((p) => p.Prefix)], [["Z", "b", "é"], ["a/", "c/"]]);
    const inner = await send(S.ListObjectsV2Command, { Bucket, Delimiter: "/", Prefix: "a/" });
    assert.deepStrictEqual([inner.Contents.map((o) => o.Key), inner.CommonPrefixes.map((p) => p.Prefix)], [["a/1", "a/2"], ["a/b/"]]);
    const pages = async (more) => {
        const seen = [];
        let ContinuationToken;
        do {
            const p = await send(S.ListObjectsV2Command, { Bucket, MaxKeys: 2, ContinuationToken, ...more });
            seen.push([...(p.Contents || []).map((o) => o.Key), ...(p.CommonPrefixes || []).map((c) => c.Prefix)].sort());
            ContinuationToken = p.NextContinuationToken;
        } while (ContinuationToken);
        return seen;
    };
    assert.deepStrictEqual(await pages({}), [["Z", "a/1"], ["a/2", "a/b/3"], ["b", "c/4"], ["é"]]);
    assert.deepStrictEqual(await pages({ Delimiter: "/" }), [["Z", "a/"], ["b", "c/"], ["é"]]);
    assert.deepStrictEqual((await send(S.ListObjectsV2Command, { Bucket, StartAfter: "b" })).Contents.map((o) => o.Key), ["c/4", "é"]);
    const v1 = await send(S.ListObjectsCommand, { Bucket, MaxKeys: 2, Delimiter: "/" });
    assert.deepStrictEqual([v1.NextMarker, v1.IsTruncated], ["a/", true]);
    assert.deepStrictEqual((await send(S.ListObjectsCommand, { Bucket, Marker: "a/", Delimiter: "/" })).Contents.map((o) => o.Key), ["b", "é"]);
    const url = await send(S.ListObjectsV2Command, { Bucket, EncodingType: "url", Prefix: "é" });
    assert.strictEqual(url.Contents[0].Key, "%C3%A9");
    await refuses(send(S.ListObjectsV2Command, { Bucket, ContinuationToken: "made-up" }), "InvalidArgument");
    assert.strictEqual((await send(S.ListObjectsV2Command, { Bucket, Prefix: "none" })).KeyCount, 0);
});

test("many keys in one folder count as one step of a listing", async () => {
    const Bucket = await bucket();
    await Promise.all(Array.from({ length: 16 }, async (_, w) => { for (let i = w; i < 1200; i += 16) await put(Bucket, `big/${String(i).padStart(4, "0")}`, "x"); }));
    await put(Bucket, "z");
    const top = await send(S.ListObjectsV2Command, { Bucket, Delimiter: "/" });
    assert.deepStrictEqual([top.CommonPrefixes.map((p) => p.Prefix), top.Contents.map((o) => o.Key), top.IsTruncated], [["big/"], ["z"], false]);
    const first = await send(S.ListObjectsV2Command, { Bucket });
    assert.deepStrictEqual([first.KeyCount, first.IsTruncated], [1000, true]);
    const rest = await send(S.ListObjectsV2Command, { Bucket, ContinuationToken: first.NextContinuationToken });
    assert.strictEqual(rest.KeyCount, 201);
});

test("versions are kept, listed, read and deleted; a delete marker hides them", async () => {
    const Bucket = await bucket();
    await put(Bucket, "k", "zero");
    assert.strictEqual((await send(S.GetBucketVersioningCommand, { Bucket })).Status, undefined);
    await send(S.PutBucketVersioningCommand, { Bucket, VersioningConfiguration: { Status: "Enabled" } });
    const one = (await put(Bucket, "k", "one")).VersionId, two = (await put(Bucket, "k", "two")).VersionId;
    await put(Bucket, "l", "other");
    assert.notStrictEqual(one, two);
    assert.strictEqual(await text(Bucket, "k"), "two");
    assert.strictEqual(await text(Bucket, "k", { VersionId: one }), "one");
    assert.strictEqual(await text(Bucket, "k", { VersionId: "null" }), "zero");
    const gone = await send(S.DeleteObjectCommand, { Bucket, Key: "k" });
    assert.strictEqual(gone.DeleteMarker, true);
    await refuses(text(Bucket, "k"), "NoSuchKey");
    await refuses(text(Bucket, "k", { VersionId: gone.VersionId }), "MethodNotAllowed");
    assert.deepStrictEqual((await send(S.ListObjectsV2Command, { Bucket })).Contents.map((o) => o.Key), ["l"]);
    const all = await send(S.ListObjectVersionsCommand, { Bucket, Prefix: "k" });
    assert.deepStrictEqual(all.Versions.map((v) => [v.VersionId, v.IsLatest]), [[two, false], [one, false], ["null", false]]);
    assert.deepStrictEqual(all.DeleteMarkers.map((v) => [v.VersionId, v.IsLatest]), [[gone.VersionId, true]]);
    const seen = [];
    let at = {};
    do {
        const p = await send(S.ListObjectVersionsCommand, { Bucket, MaxKeys: 2, ...at });
        seen.push(...(p.DeleteMarkers || []).map((v) => v.VersionId), ...(p.Versions || []).map((v) => v.VersionId));
        at = p.IsTruncated ? { KeyMarker: p.NextKeyMarker, VersionIdMarker: p.NextVersionIdMarker } : null;
    } while (at);
    assert.strictEqual(seen.length, 5);
    assert.strictEqual(new Set(seen).size, 5);
    await send(S.DeleteObjectCommand, { Bucket, Key: "k", VersionId: gone.VersionId });
    assert.strictEqual(await text(Bucket, "k"), "two");
    await send(S.DeleteObjectCommand, { Bucket, Key: "k", VersionId: two });
    assert.strictEqual(await text(Bucket, "k"), "one");
    await refuses(text(Bucket, "k", { VersionId: two }), "NoSuchVersion");
    await send(S.PutBucketVersioningCommand, { Bucket, VersioningConfiguration: { Status: "Suspended" } });
    assert.strictEqual((await put(Bucket, "k", "null again")).VersionId, "null");
    assert.deepStrictEqual((await send(S.ListObjectVersionsCommand, { Bucket, Prefix: "k" })).Versions.map((v) => v.VersionId), ["null", one]);
    await refuses(send(S.DeleteBucketCommand, { Bucket }), "BucketNotEmpty", /all versions/);
});

test("many objects go in one request, and each answer says what became of it", async () => {
    const Bucket = await bucket();
    for (const k of ["a", "b", "c"]) await put(Bucket, k);
    const out = await send(S.DeleteObjectsCommand, { Bucket, Delete: { Objects: [{ Key: "a" }, { Key: "b" }, { Key: "none" }, { Key: "c", ETag: '"other"' }] } });
    assert.deepStrictEqual(out.Deleted.map((d) => d.Key), ["a", "b", "none"]);
    assert.deepStrictEqual(out.Errors.map((e) => [e.Key, e.Code]), [["c", "PreconditionFailed"]]);
    assert.strictEqual((await send(S.DeleteObjectsCommand, { Bucket, Delete: { Quiet: true, Objects: [{ Key: "c" }] } })).Deleted, undefined);
    assert.strictEqual((await send(S.ListObjectsV2Command, { Bucket })).KeyCount, 0);
});

test("a copy has the bytes, and the metadata that its directive says", async () => {
    const Bucket = await bucket(), to = await bucket();
    const { ETag } = await put(Bucket, "src ü", "hello", { ContentType: "text/plain", Metadata: { a: "1" }, Tagging: "t=1" });
    const source = `/${Bucket}/${encodeURIComponent("src ü")}`;
    const out = await send(S.CopyObjectCommand, { Bucket: to, Key: "copy", CopySource: source });
    assert.strictEqual(out.CopyObjectResult.ETag, ETag);
    const kept = await send(S.HeadObjectCommand, { Bucket: to, Key: "copy" });
    assert.deepStrictEqual([kept.ContentType, kept.Metadata, kept.TagCount], ["text/plain", { a: "1" }, 1]);
    await send(S.CopyObjectCommand, { Bucket: to, Key: "copy", CopySource: source, MetadataDirective: "REPLACE", Metadata: { b: "2" }, ContentType: "x/y" });
    const replaced = await send(S.HeadObjectCommand, { Bucket: to, Key: "copy" });
    assert.deepStrictEqual([replaced.ContentType, replaced.Metadata], ["x/y", { b: "2" }]);
    await refuses(send(S.CopyObjectCommand, { Bucket, Key: "src ü", CopySource: source }), "InvalidRequest", /copy an object to itself/);
    await refuses(send(S.CopyObjectCommand, { Bucket: to, Key: "x", CopySource: source, CopySourceIfMatch: '"other"' }), "PreconditionFailed");
    await refuses(send(S.CopyObjectCommand, { Bucket: to, Key: "x", CopySource: `${Bucket}/none` }), "NoSuchKey");
    await send(S.DeleteObjectCommand, { Bucket, Key: "src ü" });
    assert.strictEqual(await text(to, "copy"), "hello");
});

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
    await refuses(complete(done), "NoSuchUpload");
});

test("the checksum of a full object is made from those of its parts", async () => {
    const Bucket = await bucket(), Key = "full";
    const parts = [crypto.randomBytes(5 << 20), crypto.randomBytes(777)];
    for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME"]) {
        const { UploadId, ChecksumType } = await send(S.CreateMultipartUploadCommand, { Bucket, Key, ChecksumAlgorithm, ChecksumType: "FULL_OBJECT" });
        assert.strictEqual(ChecksumType, "FULL_OBJECT");
        const Parts = [];
        for (const [i, Body] of parts.entries()) Parts.push({ PartNumber: i + 1, ETag: (await send(S.UploadPartCommand, { Bucket, Key, UploadId, PartNumber: i + 1, Body })).ETag });
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

test("settings that were never made answer with S3's own codes", async () => {
    const Bucket = await bucket();
    const absent = [[S.GetBucketPolicyCommand, "NoSuchBucketPolicy"], [S.GetBucketCorsCommand, "NoSuchCORSConfiguration"],
        [S.GetBucketWebsiteCommand, "NoSuchWebsiteConfiguration"], [S.GetBucketLifecycleConfigurationCommand, "NoSuchLifecycleConfiguration"],
        [S.GetBucketReplicationCommand, "ReplicationConfigurationNotFoundError"], [S.GetObjectLockConfigurationCommand, "ObjectLockConfigurationNotFoundError"],
        [S.GetBucketTaggingCommand, "NoSuchTagSet"]];
    for (const [C, code] of absent) await refuses(send(C, { Bucket }), code);
    assert.strictEqual((await send(S.GetBucketAclCommand, { Bucket })).Grants[0].Permission, "FULL_CONTROL");
    assert.strictEqual((await send(S.GetBucketRequestPaymentCommand, { Bucket })).Payer, "BucketOwner");
    assert.strictEqual((await send(S.GetBucketEncryptionCommand, { Bucket })).ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm, "AES256");
    await send(S.GetBucketLoggingCommand, { Bucket });
    await send(S.GetBucketAccelerateConfigurationCommand, { Bucket });
});

test("tags, policy, public access block and ownership are kept", async () => {
    const Bucket = await bucket();
    await send(S.PutBucketTaggingCommand, { Bucket, Tagging: { TagSet: [{ Key: "a", Value: "b" }] } });
    assert.deepStrictEqual((await send(S.GetBucketTaggingCommand, { Bucket })).TagSet, [{ Key: "a", Value: "b" }]);
    const policy = (Principal, Resource = `arn:aws:s3:::${Bucket}/*`) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal, Action: "s3:GetObject", Resource }] });
    const mine = policy({ AWS: "000000000000" });
    await send(S.PutBucketPolicyCommand, { Bucket, Policy: mine });
    assert.strictEqual((await send(S.GetBucketPolicyCommand, { Bucket })).Policy, mine);
    await refuses(send(S.PutBucketPolicyCommand, { Bucket, Policy: "{" }), "MalformedPolicy");
    await refuses(send(S.PutBucketPolicyCommand, { Bucket, Policy: policy({ AWS: "000000000000" }, "arn:aws:s3:::other/*") }), "MalformedPolicy", /invalid resource/);
    await refuses(send(S.PutBucketPolicyCommand, { Bucket, Policy: policy("*") }), "AccessDenied", /BlockPublicPolicy/);
    assert.strictEqual((await send(S.GetPublicAccessBlockCommand, { Bucket })).PublicAccessBlockConfiguration.BlockPublicPolicy, true);
    await send(S.DeletePublicAccessBlockCommand, { Bucket });
    await refuses(send(S.GetPublicAccessBlockCommand, { Bucket }), "NoSuchPublicAccessBlockConfiguration");
    await send(S.PutBucketPolicyCommand, { Bucket, Policy: policy("*") });
    assert.strictEqual((await send(S.GetBucketPolicyStatusCommand, { Bucket })).PolicyStatus.IsPublic, true);
    await send(S.DeleteBucketPolicyCommand, { Bucket });
    assert.strictEqual((await send(S.GetBucketOwnershipControlsCommand, { Bucket })).OwnershipControls.Rules[0].ObjectOwnership, "BucketOwnerEnforced");
});

test("what cannot be honoured is refused by name", async () => {
    const Bucket = await bucket();
    await refuses(put(Bucket, "k", "x", { ACL: "public-read" }), "AccessControlListNotSupported");
    await refuses(put(Bucket, "k", "x", { ServerSideEncryption: "aws:kms" }), "NotImplemented", /ServerSideEncryption/);
    await refuses(put(Bucket, "k", "x", { StorageClass: "GLACIER" }), "InvalidStorageClass");
    await refuses(put(Bucket, "k", "x", { ObjectLockLegalHoldStatus: "ON" }), "NotImplemented", /ObjectLockLegalHoldStatus/);
    await refuses(send(S.PutBucketCorsCommand, { Bucket, CORSConfiguration: { CORSRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }] } }), "NotImplemented", /PutBucketCors/);
    await refuses(put(Bucket, "k".repeat(1025)), "KeyTooLongError");
});

test("presigned URLs read and write without a header", async () => {
    const Bucket = await bucket();
    const to = await getSignedUrl(s3, new S.PutObjectCommand({ Bucket, Key: "k" }), { expiresIn: 60 });
    assert.strictEqual((await fetch(to, { method: "PUT", body: "from outside" })).status, 200);
    const from = await getSignedUrl(s3, new S.GetObjectCommand({ Bucket, Key: "k" }), { expiresIn: 60 });
    assert.strictEqual(await (await fetch(from)).text(), "from outside");
    const cli = (await s.aws("s3", "presign", `s3://${Bucket}/k`)).trim();
    assert.strictEqual(await (await fetch(cli)).text(), "from outside");
});

test("aws s3 cp, sync, mv and rm work, with parts and without", async () => {
    const Bucket = await bucket(), from = path.join(tmp, "from"), back = path.join(tmp, "back");
    fs.mkdirSync(path.join(from, "sub"), { recursive: true });
    fs.writeFileSync(path.join(from, "small.txt"), "small");
    fs.writeFileSync(path.join(from, "sub", "big"), crypto.randomBytes(20 << 20));
    /* S3 keeps whole seconds: a file made in this very second would look newer than its object. */
    for (const f of ["small.txt", "sub/big"]) fs.utimesSync(path.join(from, f), 1e9, 1e9);
    await s.aws("s3", "sync", from, `s3://${Bucket}/tree`, "--no-progress");
    await s.aws("s3", "sync", `s3://${Bucket}/tree`, back, "--no-progress");
    await run("diff", ["-r", from, back]);
    assert.strictEqual(await s.aws("s3", "sync", from, `s3://${Bucket}/tree`, "--no-progress"), "");
    await s.aws("s3", "cp", `s3://${Bucket}/tree/sub/big`, `s3://${Bucket}/copy`, "--no-progress");
    await s.aws("s3", "mv", `s3://${Bucket}/copy`, `s3://${Bucket}/moved`, "--no-progress");
    assert.match(await s.aws("s3", "ls", `s3://${Bucket}`), /PRE tree\/\n.*20971520 moved/);
    await s.aws("s3", "rm", `s3://${Bucket}`, "--recursive");
    await s.aws("s3", "rb", `s3://${Bucket}`);
});

test("a queue hears of objects that come and go", async (t) => {
    const Bucket = await bucket();
    const sqs = s.client(SQSClient);
    let QueueUrl;
    try { ({ QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "news" }))); } catch (e) {
        if (/NotImplemented|UnknownOperation/.test(e.name + e.message)) return t.skip("this server has no SQS");
        throw e;
    }
    await send(S.PutBucketNotificationConfigurationCommand, { Bucket, NotificationConfiguration: { QueueConfigurations: [{
        QueueArn: "arn:aws:sqs:us-east-1:000000000000:news", Events: ["s3:ObjectCreated:*"], Filter: { Key: { FilterRules: [{ Name: "prefix", Value: "in/" }] } } }] } });
    await put(Bucket, "out/x");
    const { ETag } = await put(Bucket, "in/a b");
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MaxNumberOfMessages: 10 }));
    assert.strictEqual(Messages.length, 1);
    const [event] = JSON.parse(Messages[0].Body).Records;
    assert.deepStrictEqual([event.eventName, event.s3.bucket.name, event.s3.object.key, event.s3.object.size, event.s3.object.eTag],
        ["ObjectCreated:Put", Bucket, "in/a%20b", 6, ETag.replaceAll('"', "")]);
});

test("objects and uploads are there again after a restart", async (t) => {
    const kept = await start(t, { ephemeral: false });
    let c = kept.client(S.S3Client);
    await c.send(new S.CreateBucketCommand({ Bucket: "kept" }));
    await c.send(new S.PutObjectCommand({ Bucket: "kept", Key: "k", Body: "still here" }));
    const { UploadId } = await c.send(new S.CreateMultipartUploadCommand({ Bucket: "kept", Key: "u" }));
    const { ETag } = await c.send(new S.UploadPartCommand({ Bucket: "kept", Key: "u", UploadId, PartNumber: 1, Body: "part" }));
    await kept.kill9();
    await kept.start();
    c = kept.client(S.S3Client);
    assert.strictEqual(await (await c.send(new S.GetObjectCommand({ Bucket: "kept", Key: "k" }))).Body.transformToString(), "still here");
    await c.send(new S.CompleteMultipartUploadCommand({ Bucket: "kept", Key: "u", UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }));
    assert.strictEqual(await (await c.send(new S.GetObjectCommand({ Bucket: "kept", Key: "u" }))).Body.transformToString(), "part");
});
