// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const http = require("node:http");
const { Readable } = require("node:stream");
const S = require("@aws-sdk/client-s3");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const { refuses } = require("../lib/slipway");
const { s3File, md5, sha256 } = require("../lib/s3");

const f = s3File(), { send, bucket, put, text } = f;

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
    const url = `${f.s.endpoint}/${Bucket}/k`;
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

test("presigned URLs read and write without a header", async () => {
    const Bucket = await bucket();
    const to = await getSignedUrl(f.s3, new S.PutObjectCommand({ Bucket, Key: "k" }), { expiresIn: 60 });
    assert.strictEqual((await fetch(to, { method: "PUT", body: "from outside" })).status, 200);
    const from = await getSignedUrl(f.s3, new S.GetObjectCommand({ Bucket, Key: "k" }), { expiresIn: 60 });
    assert.strictEqual(await (await fetch(from)).text(), "from outside");
    const cli = (await f.s.aws("s3", "presign", `s3://${Bucket}/k`)).trim();
    assert.strictEqual(await (await fetch(cli)).text(), "from outside");
});

test("a presigned URL carries metadata in its query, and the SDK's checksum of nothing is not held against the body", async () => {
    const Bucket = await bucket();
    const to = await getSignedUrl(f.s3, new S.PutObjectCommand({ Bucket, Key: "k", Metadata: { who: "me too" }, Tagging: "a=1", StorageClass: "STANDARD_IA" }), { expiresIn: 60 });
    assert.match(to, /x-amz-checksum-crc32=AAAAAA/);
    assert.strictEqual((await fetch(to, { method: "PUT", body: "from outside", headers: { "content-type": "text/plain" } })).status, 200);
    const got = await send(S.GetObjectCommand, { Bucket, Key: "k", ChecksumMode: "ENABLED" });
    assert.strictEqual(await got.Body.transformToString(), "from outside");
    assert.deepStrictEqual([got.Metadata, got.TagCount, got.StorageClass, got.ContentType, got.ChecksumCRC32], [{ who: "me too" }, 1, "STANDARD_IA", "text/plain", undefined]);
});

test("an object whose client sends no checksum gets a CRC64NVME", async () => {
    const Bucket = await bucket(), plain = f.s.client(S.S3Client, { requestChecksumCalculation: "WHEN_REQUIRED" });
    const out = await plain.send(new S.PutObjectCommand({ Bucket, Key: "k", Body: "123456789" }));
    const head = await send(S.HeadObjectCommand, { Bucket, Key: "k", ChecksumMode: "ENABLED" });
    for (const o of [out, head]) assert.deepStrictEqual([o.ChecksumCRC64NVME, o.ChecksumCRC32, o.ChecksumType], ["rosUhgp5mIg=", undefined, "FULL_OBJECT"]);
    const crc32c = await send(S.CopyObjectCommand, { Bucket, Key: "copy", CopySource: `${Bucket}/k`, ChecksumAlgorithm: "CRC32C" });
    assert.deepStrictEqual([crc32c.CopyObjectResult.ChecksumCRC32C, crc32c.CopyObjectResult.ChecksumType], ["4waSgw==", "FULL_OBJECT"]);
    const listed = (await send(S.ListObjectsV2Command, { Bucket })).Contents;
    assert.deepStrictEqual(listed.map((o) => [o.ChecksumAlgorithm, o.ChecksumType]), [[["CRC32C"], "FULL_OBJECT"], [["CRC64NVME"], "FULL_OBJECT"]]);
});

// A request as no SDK would send it; resolves with status, headers and body.
function raw(method, where, headers = {}, body = null) {
    return new Promise((resolve, reject) => {
        const rq = http.request(f.s.endpoint + where, { method, headers }, (rs) => {
            let text = "";
            rs.on("data", (d) => { text += d; });
            rs.on("end", () => { resolve({ status: rs.statusCode, headers: rs.headers, text, code: (text.match(/<Code>(.*?)</) || [])[1], message: (text.match(/<Message>(.*?)</) || [])[1] }); rq.destroy(); });
        });
        rq.on("error", reject);
        if (body === null && headers.expect) rq.flushHeaders();
        else rq.end(body);
    });
}

test("what headers claim of a body is checked, in S3's words", async () => {
    const Bucket = await bucket(), crc32 = "NjowIA==", wrong = "AAAAAA==";
    const refused = async (headers, code, message, where = `/${Bucket}/k`, body = "hello\n", method = "PUT") => {
        const r = await raw(method, where, headers, body);
        assert.deepStrictEqual([r.status, r.code], [400, code], r.text);
        assert.match(r.message, message);
    };
    assert.strictEqual((await raw("PUT", `/${Bucket}/good`, { "x-amz-checksum-crc32": crc32, "x-amz-sdk-checksum-algorithm": "CRC32" }, "hello\n")).status, 200);
    await refused({ "x-amz-checksum-crc32": wrong }, "BadDigest", /^The CRC32 you specified did not match the calculated checksum\.$/);
    await refused({ "x-amz-checksum-crc32": "AAAA" }, "InvalidRequest", /^Value for x-amz-checksum-crc32 header is invalid\.$/);
    await refused({ "content-md5": "AAAA" }, "InvalidDigest", /^The Content-MD5 you specified was invalid\.$/);
    await refused({ "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==" }, "BadDigest", /^The Content-MD5 you specified did not match what we received\.$/);
    await refused({ "x-amz-checksum-crc32": crc32, "x-amz-checksum-sha1": crc32 }, "InvalidRequest", /Multiple checksum Types are not allowed/);
    await refused({ "x-amz-sdk-checksum-algorithm": "CRC32" }, "InvalidRequest", /no corresponding x-amz-checksum-\* or x-amz-trailer headers were found/);
    await refused({ "x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-crc32": crc32 }, "InvalidRequest", /x-amz-sdk-checksum-algorithm/);
    const chunked = { "content-encoding": "aws-chunked", "x-amz-decoded-content-length": "6", "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-trailer": "x-amz-checksum-crc32" };
    const trailing = (t) => `6\r\nhello\n\r\n0\r\n${t}\r\n`;
    assert.strictEqual((await raw("PUT", `/${Bucket}/trailer`, chunked, trailing(`x-amz-checksum-crc32:${crc32}\r\n`))).status, 200);
    assert.strictEqual((await send(S.HeadObjectCommand, { Bucket, Key: "trailer", ChecksumMode: "ENABLED" })).ChecksumCRC32, crc32);
    await refused(chunked, "BadDigest", /CRC32/, undefined, trailing(`x-amz-checksum-crc32:${wrong}\r\n`));
    await refused(chunked, "MalformedTrailerError", /trailing data/, undefined, trailing(""));
    await refused({ ...chunked, "x-amz-trailer": "x-amz-checksum-crc16" }, "InvalidRequest", /x-amz-trailer/, undefined, trailing(""));
    const tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    await refused({ "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==" }, "BadDigest", /Content-MD5/, `/${Bucket}?tagging`, tags);
    await refused({ "x-amz-checksum-sha256": sha256("other") }, "BadDigest", /SHA256/, `/${Bucket}?tagging`, tags);
    await refused({}, "InvalidRequest", /Missing required header for this request: Content-MD5 OR x-amz-checksum-\*/, `/${Bucket}?delete`, "<Delete><Object><Key>good</Key></Object></Delete>", "POST");
    await refuses(send(S.GetBucketTaggingCommand, { Bucket }), "NoSuchTagSet");
    assert.deepStrictEqual((await send(S.ListObjectsV2Command, { Bucket })).Contents.map((o) => o.Key), ["good", "trailer"]);
});

test("a body of more than 5 GiB is refused before it is sent, and so is too much metadata", async () => {
    const Bucket = await bucket();
    const r = await raw("PUT", `/${Bucket}/k`, { "content-length": String(5 * 2 ** 30 + 1), expect: "100-continue" });
    assert.deepStrictEqual([r.status, r.code, r.message], [400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"]);
    await put(Bucket, "fits", "x", { Metadata: { m: "v".repeat(2047) } });
    await refuses(put(Bucket, "k", "x", { Metadata: { m: "v".repeat(2048) } }), "MetadataTooLarge");
});

test("a delete marker says its name in the headers of what it hides", async () => {
    const Bucket = await bucket();
    await send(S.PutBucketVersioningCommand, { Bucket, VersioningConfiguration: { Status: "Enabled" } });
    const { VersionId } = await put(Bucket, "k");
    const marker = (await send(S.DeleteObjectCommand, { Bucket, Key: "k" })).VersionId;
    for (const [where, status, code] of [["k", 404, "NoSuchKey"], [`k?versionId=${marker}`, 405, "MethodNotAllowed"]])
        for (const method of ["GET", "HEAD"]) {
            const r = await raw(method, `/${Bucket}/${where}`);
            assert.deepStrictEqual([r.status, r.headers["x-amz-delete-marker"], r.headers["x-amz-version-id"], r.code], [status, "true", marker, method === "GET" ? code : undefined]);
        }
    assert.strictEqual((await raw("GET", `/${Bucket}/k?versionId=${VersionId}`)).status, 200);
    assert.strictEqual((await raw("GET", `/${Bucket}/none`)).headers["x-amz-delete-marker"], undefined);
});

test("conditions guard a write and a delete", async () => {
    const Bucket = await bucket(), { ETag } = await put(Bucket, "k");
    await refuses(put(Bucket, "none", "x", { IfMatch: ETag }), "NoSuchKey");
    assert.strictEqual((await refuses(put(Bucket, "k", "x", { IfNoneMatch: ETag }), "NotImplemented", /implies functionality/)).Header, "If-None-Match");
    const copy = { "x-amz-copy-source": `${Bucket}/k`, "x-amz-metadata-directive": "REPLACE", "if-none-match": "*" };
    assert.strictEqual((await raw("PUT", `/${Bucket}/k`, copy)).code, "PreconditionFailed");
    assert.strictEqual((await raw("PUT", `/${Bucket}/copy`, copy)).status, 200);
    await refuses(send(S.DeleteObjectCommand, { Bucket, Key: "k", IfMatch: '"other"' }), "PreconditionFailed");
    await refuses(send(S.CopyObjectCommand, { Bucket, Key: "l", CopySource: `${Bucket}/k`, ExpectedSourceBucketOwner: "111111111111" }), "AccessDenied");
    await refuses(send(S.GetObjectCommand, { Bucket, Key: "k", ExpectedBucketOwner: "111111111111" }), "AccessDenied");
    await send(S.GetObjectCommand, { Bucket, Key: "k", ExpectedBucketOwner: "000000000000" });
    await send(S.DeleteObjectCommand, { Bucket, Key: "k", IfMatch: ETag });
    await refuses(text(Bucket, "k"), "NoSuchKey");
});

test("tags of an object and its versions are put, read and removed", async () => {
    const Bucket = await bucket();
    await send(S.PutBucketVersioningCommand, { Bucket, VersioningConfiguration: { Status: "Enabled" } });
    const { VersionId } = await put(Bucket, "k", "1", { Tagging: "old=1" });
    await put(Bucket, "k", "2");
    const TagSet = [{ Key: "a", Value: "b" }];
    await send(S.PutObjectTaggingCommand, { Bucket, Key: "k", Tagging: { TagSet } });
    assert.deepStrictEqual((await send(S.GetObjectTaggingCommand, { Bucket, Key: "k" })).TagSet, TagSet);
    assert.deepStrictEqual((await send(S.GetObjectTaggingCommand, { Bucket, Key: "k", VersionId })).TagSet, [{ Key: "old", Value: "1" }]);
    await send(S.DeleteObjectTaggingCommand, { Bucket, Key: "k", VersionId });
    assert.deepStrictEqual((await send(S.GetObjectTaggingCommand, { Bucket, Key: "k", VersionId })).TagSet, []);
    const many = Array.from({ length: 11 }, (_, i) => ({ Key: `k${i}`, Value: "" }));
    await refuses(send(S.PutObjectTaggingCommand, { Bucket, Key: "k", Tagging: { TagSet: many } }), "BadRequest", /greater than 10/);
    await refuses(send(S.PutObjectTaggingCommand, { Bucket, Key: "k", Tagging: { TagSet: [TagSet[0], TagSet[0]] } }), "InvalidTag", /same key/);
    await refuses(send(S.GetObjectTaggingCommand, { Bucket, Key: "none" }), "NoSuchKey");
    await refuses(send(S.DeleteObjectTaggingCommand, { Bucket, Key: "none" }), "NoSuchKey");
});
