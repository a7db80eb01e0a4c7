// SPDX-License-Identifier: Apache-2.0
// Answers of S3 as AWS gives them, where the model leaves room: status, form, order, and what is asked twice.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const S = require("@aws-sdk/client-s3");
const { hears } = require("../lib/events");
const { refuses } = require("../lib/slipway");
const { s3File } = require("../lib/s3");

const f = s3File(), { send, bucket, put, text } = f;
const tagging = (inside = "") => `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</Tagging>`;
const versioned = async (Status = "Enabled") => {
    const Bucket = await bucket();
    await send(S.PutBucketVersioningCommand, { Bucket, VersioningConfiguration: { Status } });
    return Bucket;
};

test("the oldest region's address makes buckets in any other", async () => {
    for (const [place, region] of [["us-east-2", "us-east-2"], ["us-west-2", "us-west-2"], ["eu-central-1", "eu-central-1"], ["EU", "eu-west-1"]]) {
        const Bucket = `placed-${place.toLowerCase()}`;
        await send(S.CreateBucketCommand, { Bucket, CreateBucketConfiguration: { LocationConstraint: place } });
        assert.strictEqual((await send(S.GetBucketLocationCommand, { Bucket })).LocationConstraint, place);
        assert.strictEqual((await send(S.HeadBucketCommand, { Bucket })).BucketRegion, region);
        await refuses(send(S.CreateBucketCommand, { Bucket, CreateBucketConfiguration: { LocationConstraint: place } }), "BucketAlreadyOwnedByYou");
    }
    const Bucket = await bucket();
    await send(S.CreateBucketCommand, { Bucket });
});

test("settings answer with AWS's status, and an empty tag set is one", async () => {
    const b = await bucket(), policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "000000000000" }, Action: "s3:GetObject", Resource: `arn:aws:s3:::${b}/*` }] });
    await put(b, "k");
    for (const [path, body, status] of [[`/${b}?tagging`, tagging("<TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>"), 204], [`/${b}?policy`, policy, 204],
        [`/${b}?tagging`, tagging(), 204], [`/${b}/k?tagging`, tagging("<TagSet/>"), 200], [`/${b}/k?tagging`, tagging(), 200]])
        assert.strictEqual((await f.http("PUT", path, { body })).status, status, path + body);
    await refuses(send(S.GetBucketTaggingCommand, { Bucket: b }), "NoSuchTagSet");
    assert.deepStrictEqual((await send(S.GetObjectTaggingCommand, { Bucket: b, Key: "k" })).TagSet, []);
});

test("documents have AWS's order and whole seconds with a fraction", async () => {
    const b = await bucket();
    await put(b, "k");
    const list = await f.http("GET", "/");
    assert.match(list.body, /<ListAllMyBucketsResult[^>]*><Owner>.*<\/Owner><Buckets>/);
    for (const at of list.all("CreationDate")) assert.match(at, /:\d\d\.000Z$/);
    for (const path of [`/${b}`, `/${b}?list-type=2`, `/${b}?versions`]) {
        const r = await f.http("GET", path);
        assert.match(r.body, /<Name>.*<Prefix>.*<MaxKeys>1000<\/MaxKeys><IsTruncated>false<\/IsTruncated><(Contents|Version)>/, path);
        assert.match(r.one("LastModified"), /:\d\d\.000Z$/, path);
    }
    assert.match((await f.http("GET", `/${b}?location`)).body, /<LocationConstraint xmlns="http:\/\/s3\.amazonaws\.com\/doc\/2006-03-01\/"\/>$/);
    assert.strictEqual((await f.http("HEAD", `/${b}`)).headers["content-type"], "application/xml");
});

test("parameters that are empty are as if they were not there", async () => {
    const b = await bucket();
    await put(b, "k");
    for (const path of [`/${b}?delimiter=`, `/${b}?list-type=2&delimiter=&continuation-token=&start-after=`, `/${b}?versions&delimiter=`, `/${b}?uploads&delimiter=&prefix=`]) {
        const r = await f.http("GET", path);
        assert.strictEqual(r.status, 200, r.body);
        assert.doesNotMatch(r.body, /<Delimiter|<StartAfter/, path);
    }
});

test("a page of uploads says where it ended, and has no prefix that was not asked for", async () => {
    const b = await bucket(), empty = await f.http("GET", `/${b}?uploads`);
    assert.deepStrictEqual([empty.one("NextKeyMarker"), empty.one("NextUploadIdMarker")], ["", ""]);
    const { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket: b, Key: "k" });
    const r = await f.http("GET", `/${b}?uploads`);
    assert.deepStrictEqual([r.one("NextKeyMarker"), r.one("NextUploadIdMarker"), r.one("IsTruncated")], ["k", UploadId, "false"]);
    assert.doesNotMatch(r.body, /<Prefix/);
});

test("a copy onto itself needs a change, a version or a bucket's encryption", async () => {
    const plain = await bucket(), b = await versioned();
    for (const Bucket of [plain, b]) {
        await put(Bucket, "k", "1");
        await refuses(send(S.CopyObjectCommand, { Bucket, Key: "k", CopySource: `${Bucket}/k` }), "InvalidRequest", /This copy request is illegal/);
    }
    const { Versions: [{ VersionId }] } = await send(S.ListObjectVersionsCommand, { Bucket: b });
    await send(S.CopyObjectCommand, { Bucket: b, Key: "k", CopySource: `${b}/k?versionId=${VersionId}` });
    await send(S.PutBucketEncryptionCommand, { Bucket: plain, ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }] } });
    await send(S.CopyObjectCommand, { Bucket: plain, Key: "k", CopySource: `${plain}/k` });
});

test("a copy's source is encoded in any way that clients have", async () => {
    const Bucket = await bucket();
    await put(Bucket, "a/test key.txt", "here");
    for (const CopySource of [`${Bucket}%2Fa%2Ftest%20key.txt`, `/${Bucket}/a/test+key.txt`, `${Bucket}/a/test%20key.txt`, `%2F${Bucket}%2Fa/test+key.txt`]) {
        await send(S.CopyObjectCommand, { Bucket, Key: "copy", CopySource });
        assert.strictEqual(await text(Bucket, "copy"), "here");
        await send(S.DeleteObjectCommand, { Bucket, Key: "copy" });
    }
});

test("a list of deletions tells of versions that are not there", async () => {
    for (const Bucket of [await bucket(), await versioned()]) {
        await put(Bucket, "k");
        const { Deleted, Errors } = await send(S.DeleteObjectsCommand, { Bucket, Delete: { Objects: [{ Key: "k", VersionId: "bogus" }, { Key: "none" }] } });
        assert.deepStrictEqual(Errors.map((e) => [e.Key, e.VersionId, e.Code]), [["k", "bogus", "NoSuchVersion"]]);
        assert.deepStrictEqual(Deleted.map((d) => d.Key), ["none"]);
        assert.strictEqual(await text(Bucket, "k"), "k");
    }
});

test("a write shows its version where versioning is on, not where it is suspended", async () => {
    for (const [Bucket, shown] of [[await versioned(), true], [await versioned("Suspended"), false]]) {
        assert.strictEqual((await put(Bucket, "k")).VersionId !== undefined, shown);
        assert.strictEqual((await send(S.CopyObjectCommand, { Bucket, Key: "l", CopySource: `${Bucket}/k` })).VersionId !== undefined, shown);
        assert.strictEqual((await send(S.HeadObjectCommand, { Bucket, Key: "k" })).VersionId === "null", !shown);
    }
});

test("conditions and modes are read as RFC 9110 and AWS do", async () => {
    const b = await bucket(), { ETag } = await put(b, "k");
    for (const tag of [`W/${ETag}`, `"x", W/${ETag}`, ETag]) assert.strictEqual((await f.http("GET", `/${b}/k`, { headers: { "if-none-match": tag } })).status, 304, tag);
    assert.strictEqual((await f.http("GET", `/${b}/k`, { headers: { "if-match": `W/${ETag}` } })).status, 412);
    for (const mode of ["ENABLED", "enabled"]) assert.ok((await f.http("HEAD", `/${b}/k`, { headers: { "x-amz-checksum-mode": mode } })).headers["x-amz-checksum-crc32"], mode);
});

test("metadata in words of RFC 2047 is kept decoded, and told encoded where it must be", async () => {
    const b = await bucket();
    const cases = [["=?UTF-8?B?YWJj?=", "abc"], ["=?utf-8?q?a=62_c?=", "ab c"], ["x =?UTF-8?B?YQ==?= =?UTF-8?B?Yg==?= y", "x ab y"], ["=?UTF-8?B?w7w=?=", "=?UTF-8?B?w7w=?="],
        ["=?ISO-8859-1?Q?=FC?=", "=?UTF-8?B?w7w=?="], ["=?KOI8-R?B?YWJj?=", "=?KOI8-R?B?YWJj?="], ["=?UTF-8?B?YWJj", "=?UTF-8?B?YWJj"], ["=?UTF-8?Q?=F?=", "=?UTF-8?Q?=F?="]];
    for (const [given, told] of cases) {
        assert.strictEqual((await f.http("PUT", `/${b}/k`, { headers: { "x-amz-meta-a": given }, body: "x" })).status, 200, given);
        assert.strictEqual((await f.http("HEAD", `/${b}/k`)).headers["x-amz-meta-a"], told, given);
    }
    await send(S.CopyObjectCommand, { Bucket: b, Key: "c", CopySource: `${b}/k`, MetadataDirective: "REPLACE", Metadata: { a: "=?UTF-8?B?YWJj?=" } });
    assert.strictEqual((await send(S.HeadObjectCommand, { Bucket: b, Key: "c" })).Metadata.a, "abc");
});

async function upload(Bucket, Key) {
    const { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket, Key });
    const { ETag } = await send(S.UploadPartCommand, { Bucket, Key, UploadId, PartNumber: 1, Body: "part" });
    return (more = {}, tag = ETag) => send(S.CompleteMultipartUploadCommand, { Bucket, Key, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag: tag }] }, ...more });
}

test("completing an upload again is answered again, for a day", async () => {
    const Bucket = await versioned(), complete = await upload(Bucket, "k");
    const first = await complete(), again = await complete();
    assert.deepStrictEqual([again.ETag, again.VersionId, again.Location, again.ChecksumCRC64NVME], [first.ETag, first.VersionId, first.Location, first.ChecksumCRC64NVME]);
    assert.strictEqual((await send(S.ListObjectVersionsCommand, { Bucket })).Versions.length, 1);
    await refuses(complete({}, '"0"'), "NoSuchUpload");
    await f.s.cli("clock", "advance", "25h");
    await refuses(complete(), "NoSuchUpload");
});

test("a conditional completion fails when its key was changed since the upload began", async () => {
    const Bucket = await bucket();
    const { ETag } = await put(Bucket, "gone", "1");
    const gone = await upload(Bucket, "gone");
    await send(S.DeleteObjectCommand, { Bucket, Key: "gone" });
    const e = await refuses(gone({ IfNoneMatch: "*" }), "ConditionalRequestConflict");
    assert.deepStrictEqual([e.$metadata.httpStatusCode, e.Condition, e.Key], [409, "If-None-Match", "gone"]);
    await refuses(gone({ IfMatch: ETag }), "NoSuchKey");
    await put(Bucket, "again", "1");
    const again = await upload(Bucket, "again");
    await put(Bucket, "again", "1");
    assert.strictEqual((await refuses(again({ IfMatch: ETag }), "ConditionalRequestConflict")).Condition, "If-Match");
    await refuses(again({ IfMatch: '"0"' }), "PreconditionFailed");
    await refuses(again({ IfNoneMatch: "*" }), "PreconditionFailed");
    await (await upload(Bucket, "again"))({ IfMatch: ETag });
    await (await upload(Bucket, "fresh"))({ IfNoneMatch: "*" });
});

test("EventBridge hears where a request came from", async () => {
    const Bucket = await bucket();
    const told = await hears(f.s, "objects", { source: ["aws.s3"], detail: { bucket: { name: [Bucket] } } });
    await send(S.PutBucketNotificationConfigurationCommand, { Bucket, NotificationConfiguration: { EventBridgeConfiguration: {} } });
    await put(Bucket, "k");
    const [event] = await told.until("the event", (got) => got.length && got);
    assert.strictEqual(event.detail["source-ip-address"], "127.0.0.1");
});
