// SPDX-License-Identifier: Apache-2.0
// What S3's errors say beside code and message: each with the elements that AWS's has.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const S = require("@aws-sdk/client-s3");
const { s3File } = require("../lib/s3");

const f = s3File(), { send, bucket, put } = f;
const md5 = "1B2M2Y8AsgTpgAmY7PhCfg==";                     // of nothing
const xml = (root, inside = "") => `<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</${root}>`;

async function walk(cases) {
    for (const [what, method, path, options, status, code, details] of cases) {
        const r = await f.http(method, path, options);
        assert.deepStrictEqual([r.status, r.code], [status, code], `${what}: ${r.body}`);
        for (const [name, value] of Object.entries(details)) assert.strictEqual(r.one(name), value, `${what}, ${name}: ${r.body}`);
        assert.strictEqual(r.headers["x-amz-request-id"], r.one("RequestId"), what);
        assert.ok(r.one("HostId"), what);
    }
}

test("errors of buckets name the bucket", async () => {
    const b = await bucket(), at = { BucketName: b };
    const other = f.s.client(S.S3Client, { credentials: { accessKeyId: "111111111111", secretAccessKey: "x" } });
    await other.send(new S.CreateBucketCommand({ Bucket: "somebody-elses" }));
    await walk([
        ["no bucket", "GET", "/no-such-bucket", {}, 404, "NoSuchBucket", { BucketName: "no-such-bucket" }],
        ["no bucket for a key", "PUT", "/no-such-bucket/k", { body: "x" }, 404, "NoSuchBucket", { BucketName: "no-such-bucket" }],
        ["no policy", "GET", `/${b}?policy`, {}, 404, "NoSuchBucketPolicy", at],
        ["no policy's status", "GET", `/${b}?policyStatus`, {}, 404, "NoSuchBucketPolicy", at],
        ["no tags", "GET", `/${b}?tagging`, {}, 404, "NoSuchTagSet", at],
        ["no CORS", "GET", `/${b}?cors`, {}, 404, "NoSuchCORSConfiguration", at],
        ["no website", "GET", `/${b}?website`, {}, 404, "NoSuchWebsiteConfiguration", at],
        ["no life cycle", "GET", `/${b}?lifecycle`, {}, 404, "NoSuchLifecycleConfiguration", at],
        ["no replication", "GET", `/${b}?replication`, {}, 404, "ReplicationConfigurationNotFoundError", at],
        ["no object lock", "GET", `/${b}?object-lock`, {}, 404, "ObjectLockConfigurationNotFoundError", at],
        ["no name", "PUT", "/No_Name", {}, 400, "InvalidBucketName", { BucketName: "No_Name" }],
        ["another's", "PUT", "/somebody-elses", {}, 409, "BucketAlreadyExists", { BucketName: "somebody-elses" }],
        ["mine, with tags", "PUT", `/${b}`, { body: xml("CreateBucketConfiguration", "<Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags>") }, 409, "BucketAlreadyOwnedByYou", at],
        ["a place that is none", "PUT", "/elsewhere", { body: xml("CreateBucketConfiguration", "<LocationConstraint>foo</LocationConstraint>") }, 400, "InvalidLocationConstraint", { LocationConstraint: "foo" }],
        ["the first region has no name", "PUT", "/elsewhere", { body: xml("CreateBucketConfiguration", "<LocationConstraint>us-east-1</LocationConstraint>") }, 400, "InvalidLocationConstraint", { LocationConstraint: "us-east-1" }],
    ]);
    await send(S.DeletePublicAccessBlockCommand, { Bucket: b });
    await send(S.DeleteBucketOwnershipControlsCommand, { Bucket: b });
    await put(b, "k");
    await walk([
        ["no access block", "GET", `/${b}?publicAccessBlock`, {}, 404, "NoSuchPublicAccessBlockConfiguration", at],
        ["no ownership", "GET", `/${b}?ownershipControls`, {}, 404, "OwnershipControlsNotFoundError", at],
        ["not empty", "DELETE", `/${b}`, {}, 409, "BucketNotEmpty", at],
    ]);
});

test("errors of objects name key, version, condition, range and part", async () => {
    const b = await bucket(), none = "A".repeat(32);
    await put(b, "k", "0123456789");
    await walk([
        ["no key", "GET", `/${b}/none`, {}, 404, "NoSuchKey", { Key: "none" }],
        ["no version of any", "GET", `/${b}/k?versionId=bogus`, {}, 400, "InvalidArgument", { ArgumentName: "versionId", ArgumentValue: "bogus" }],
        ["no version to delete", "DELETE", `/${b}/k?versionId=bogus`, {}, 400, "InvalidArgument", { ArgumentName: "versionId", ArgumentValue: "bogus" }],
        ["If-Match", "GET", `/${b}/k`, { headers: { "if-match": '"x"' } }, 412, "PreconditionFailed", { Condition: "If-Match" }],
        ["If-Unmodified-Since", "GET", `/${b}/k`, { headers: { "if-unmodified-since": "Mon, 01 Jan 2001 00:00:00 GMT" } }, 412, "PreconditionFailed", { Condition: "If-Unmodified-Since" }],
        ["If-None-Match of a write", "PUT", `/${b}/k`, { headers: { "if-none-match": "*" }, body: "x" }, 412, "PreconditionFailed", { Condition: "If-None-Match" }],
        ["If-Match of a write", "PUT", `/${b}/k`, { headers: { "if-match": '"x"' }, body: "x" }, 412, "PreconditionFailed", { Condition: "If-Match" }],
        ["If-Match * of a write", "PUT", `/${b}/k`, { headers: { "if-match": "*" }, body: "x" }, 400, "NotImplemented", { Header: "If-Match" }],
        ["both of a write", "PUT", `/${b}/k`, { headers: { "if-match": '"x"', "if-none-match": "*" }, body: "x" }, 400, "NotImplemented", { Header: "If-Match,If-None-Match" }],
        ["If-Match of nothing", "PUT", `/${b}/none`, { headers: { "if-match": '"x"' }, body: "x" }, 404, "NoSuchKey", { Key: "none" }],
        ["If-Match of a delete", "DELETE", `/${b}/k`, { headers: { "if-match": '"x"' } }, 412, "PreconditionFailed", { Condition: "If-Match" }],
        ["of a copy", "PUT", `/${b}/l`, { headers: { "x-amz-copy-source": `${b}/k`, "x-amz-copy-source-if-match": '"x"' } }, 412, "PreconditionFailed", { Condition: "x-amz-copy-source-If-Match" }],
        ["of a copy, inverse", "PUT", `/${b}/l`, { headers: { "x-amz-copy-source": `${b}/k`, "x-amz-copy-source-if-none-match": "*" } }, 412, "PreconditionFailed", { Condition: "x-amz-copy-source-If-None-Match" }],
        ["a copy of nothing", "PUT", `/${b}/l`, { headers: { "x-amz-copy-source": `${b}/none` } }, 404, "NoSuchKey", { Key: "none" }],
        ["a copy from nowhere", "PUT", `/${b}/l`, { headers: { "x-amz-copy-source": "nowhere-at-all/k" } }, 404, "NoSuchBucket", { BucketName: "nowhere-at-all" }],
        ["a copy of a bucket", "PUT", `/${b}/l`, { headers: { "x-amz-copy-source": b } }, 400, "InvalidArgument", { ArgumentName: "x-amz-copy-source", ArgumentValue: b }],
        ["range", "GET", `/${b}/k`, { headers: { range: "bytes=10-12" } }, 416, "InvalidRange", { RangeRequested: "bytes=10-12", ActualObjectSize: "10" }],
        ["part", "GET", `/${b}/k?partNumber=2`, {}, 416, "InvalidPartNumber", { PartNumberRequested: "2", ActualPartCount: "1" }],
        ["part that can be none", "GET", `/${b}/k?partNumber=0`, {}, 400, "InvalidArgument", { ArgumentName: "partNumber", ArgumentValue: "0" }],
        ["a long key", "PUT", `/${b}/${"k".repeat(1025)}`, { body: "x" }, 400, "KeyTooLongError", { Size: "1025", MaxSizeAllowed: "1024" }],
        ["much metadata", "PUT", `/${b}/k`, { headers: { "x-amz-meta-a": "x".repeat(2048) }, body: "x" }, 400, "MetadataTooLarge", { Size: "2049", MaxSizeAllowed: "2048" }],
        ["storage class", "PUT", `/${b}/k`, { headers: { "x-amz-storage-class": "COLD" }, body: "x" }, 400, "InvalidStorageClass", { StorageClassRequested: "COLD" }],
        ["storage class that is not here", "PUT", `/${b}/k`, { headers: { "x-amz-storage-class": "GLACIER" }, body: "x" }, 400, "InvalidStorageClass", { StorageClassRequested: "GLACIER" }],
        ["tags", "PUT", `/${b}/k`, { headers: { "x-amz-tagging": "aws:a=1" }, body: "x" }, 400, "InvalidTag", { TagKey: "aws:a" }],
        ["directive", "PUT", `/${b}/l`, { headers: { "x-amz-copy-source": `${b}/k`, "x-amz-metadata-directive": "SWAP" } }, 400, "InvalidArgument",
            { ArgumentName: "x-amz-metadata-directive", ArgumentValue: "SWAP", Message: "Unknown metadata directive." }],
    ]);
    await send(S.PutBucketVersioningCommand, { Bucket: b, VersioningConfiguration: { Status: "Enabled" } });
    await walk([["no version", "GET", `/${b}/k?versionId=${none}`, {}, 404, "NoSuchVersion", { Key: "k", VersionId: none }]]);
    assert.strictEqual((await f.http("DELETE", `/${b}/k?versionId=${none}`)).status, 204);
});

test("a delete marker that is asked for says that it can be deleted", async () => {
    const b = await bucket();
    await send(S.PutBucketVersioningCommand, { Bucket: b, VersioningConfiguration: { Status: "Enabled" } });
    await put(b, "k");
    const { VersionId } = await send(S.DeleteObjectCommand, { Bucket: b, Key: "k" });
    for (const [method, query] of [["GET", ""], ["HEAD", ""], ["GET", "&tagging"], ["DELETE", "&tagging"]]) {
        const r = await f.http(method, `/${b}/k?versionId=${VersionId}${query}`);
        assert.deepStrictEqual([r.status, r.headers.allow, r.headers["x-amz-delete-marker"]], [405, "DELETE", "true"], method);
        if (method !== "HEAD") assert.deepStrictEqual([r.code, r.one("Method"), r.one("ResourceType")], ["MethodNotAllowed", method, "DeleteMarker"]);
    }
    assert.strictEqual((await f.http("GET", `/${b}/k`)).one("Key"), "k");
    assert.strictEqual((await f.http("DELETE", `/${b}/k?versionId=${VersionId}`)).status, 204);
});

test("errors of a body name what was announced and what came", async () => {
    const b = await bucket(), sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    await walk([
        ["MD5 that is none", "PUT", `/${b}/k`, { headers: { "content-md5": "abc" }, body: "x" }, 400, "InvalidDigest", { "Content-MD5": "abc" }],
        ["MD5 of another", "PUT", `/${b}/k`, { headers: { "content-md5": md5 }, body: "x" }, 400, "BadDigest", { ExpectedDigest: md5, CalculatedDigest: "ndTkYSaMgDT1yFZOFVxnpg==" }],
        ["SHA-256 of another", "PUT", `/${b}/k`, { headers: { "x-amz-content-sha256": sha }, body: "x" }, 400, "XAmzContentSHA256Mismatch",
            { ClientComputedContentSHA256: sha, S3ComputedContentSHA256: "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" }],
        ["too large", "PUT", `/${b}/k`, { headers: { "x-amz-decoded-content-length": "5368709121", "content-encoding": "aws-chunked" }, body: "0\r\n\r\n" }, 400, "EntityTooLarge",
            { ProposedSize: "5368709121", MaxSizeAllowed: "5368709120" }],
    ]);
});

test("errors of uploads in parts name the upload, the part and its bounds", async () => {
    const b = await bucket(), { UploadId } = await send(S.CreateMultipartUploadCommand, { Bucket: b, Key: "k" });
    const tags = [], bare = (tag) => tag.replaceAll('"', "");
    for (const PartNumber of [1, 2]) tags.push((await send(S.UploadPartCommand, { Bucket: b, Key: "k", UploadId, PartNumber, Body: "tiny" })).ETag);
    const complete = (...parts) => ({ body: xml("CompleteMultipartUpload", parts.map(([n, tag]) => `<Part><PartNumber>${n}</PartNumber><ETag>${tag}</ETag></Part>`).join("")) });
    const path = `/${b}/k?uploadId=${UploadId}`;
    await walk([
        ["no upload", "GET", `/${b}/k?uploadId=none`, {}, 404, "NoSuchUpload", { UploadId: "none" }],
        ["small", "POST", path, complete([1, tags[0]], [2, tags[1]]), 400, "EntityTooSmall", { ProposedSize: "4", MinSizeAllowed: "5242880", PartNumber: "1", ETag: bare(tags[0]) }],
        ["no part", "POST", path, complete([3, tags[0]]), 400, "InvalidPart", { UploadId, PartNumber: "3", ETag: bare(tags[0]) }],
        ["order", "POST", path, complete([2, tags[1]], [1, tags[0]]), 400, "InvalidPartOrder", { UploadId }],
        ["no parts", "POST", path, complete(), 400, "InvalidRequest", { Message: "You must specify at least one part" }],
        ["parts without a number", "POST", path, { body: xml("CompleteMultipartUpload", `<Part><ETag>${tags[0]}</ETag></Part>`) }, 400, "MalformedXML", {}],
        ["number", "PUT", `${path}&partNumber=10001`, { body: "x" }, 400, "InvalidArgument", { ArgumentName: "partNumber", ArgumentValue: "10001" }],
        ["marker", "GET", `${path}&part-number-marker=-42`, {}, 400, "InvalidArgument",
            { ArgumentName: "part-number-marker", ArgumentValue: "-42", Message: "Argument part-number-marker must be an integer between 0 and 2147483647" }],
        ["range of a copied part", "PUT", `${path}&partNumber=1`, { headers: { "x-amz-copy-source": `${b}/k`, "x-amz-copy-source-range": "bytes=x" } }, 404, "NoSuchKey", { Key: "k" }],
    ]);
    await put(b, "k", "abc");
    await walk([["range of a copied part", "PUT", `${path}&partNumber=1`, { headers: { "x-amz-copy-source": `${b}/k`, "x-amz-copy-source-range": "bytes=1-9" } }, 400, "InvalidArgument",
        { ArgumentName: "x-amz-copy-source-range", ArgumentValue: "bytes=1-9" }]]);
});

test("arguments and documents outside the model are refused in S3's words", async () => {
    const b = await bucket(), schema = { Message: "The XML you provided was not well-formed or did not validate against our published schema" };
    const owner = (id) => ({ headers: { "x-amz-expected-bucket-owner": id } });
    const filter = (inside) => ({ body: xml("NotificationConfiguration", `<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:000000000000:q</Queue><Event>s3:ObjectCreated:*</Event>` +
        `<Filter><S3Key><FilterRule>${inside}</FilterRule></S3Key></Filter></QueueConfiguration>`) });
    await walk([
        ["encoding", "GET", `/${b}?encoding-type=x`, {}, 400, "InvalidArgument", { ArgumentName: "encoding-type", ArgumentValue: "x", Message: "Invalid Encoding Method specified in Request" }],
        ["count", "GET", `/${b}?max-keys=-1`, {}, 400, "InvalidArgument", { ArgumentName: "maxKeys", ArgumentValue: "-1" }],
        ["no number", "GET", `/${b}?max-keys=many`, {}, 400, "InvalidArgument", { ArgumentName: "max-keys", ArgumentValue: "many" }],
        ["token", "GET", `/${b}?list-type=2&continuation-token=x`, {}, 400, "InvalidArgument", { ArgumentName: "continuation-token", ArgumentValue: "x" }],
        ["version marker", "GET", `/${b}?versions&version-id-marker=x`, {}, 400, "InvalidArgument", { ArgumentName: "version-id-marker", ArgumentValue: "x" }],
        ["owner, short", "GET", `/${b}`, owner("0000"), 400, "InvalidBucketOwnerAWSAccountID", { Message: "The value of the expected bucket owner parameter must be an AWS Account ID... [0000]" }],
        ["owner, letters", "GET", `/${b}`, owner("abcdefghijkl"), 400, "InvalidBucketOwnerAWSAccountID", {}],
        ["owner, another", "GET", `/${b}`, owner("111111111111"), 403, "AccessDenied", {}],
        ["versioning", "PUT", `/${b}?versioning`, { body: xml("VersioningConfiguration", "<Status>On</Status>") }, 400, "MalformedXML", schema],
        ["tag without key", "PUT", `/${b}?tagging`, { body: xml("Tagging", "<TagSet><Tag><Value>x</Value></Tag></TagSet>") }, 400, "MalformedXML", schema],
        ["no document", "PUT", `/${b}?tagging`, {}, 400, "MissingRequestBodyError", {}],
        ["event", "PUT", `/${b}?notification`, { body: xml("NotificationConfiguration", "<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:000000000000:q</Queue><Event>s3:Never</Event></QueueConfiguration>") },
            400, "InvalidArgument", { ArgumentName: "Event", ArgumentValue: "s3:Never" }],
        ["rule without value", "PUT", `/${b}?notification`, filter("<Name>prefix</Name>"), 400, "MalformedXML", schema],
        ["rule without name", "PUT", `/${b}?notification`, filter("<Value>a</Value>"), 400, "MalformedXML", schema],
        ["rule of another name", "PUT", `/${b}?notification`, filter("<Name>infix</Name><Value>a</Value>"), 400, "InvalidArgument",
            { ArgumentName: "FilterRule.Name", ArgumentValue: "infix", Message: "filter rule name must be either prefix or suffix" }],
        ["no policy", "PUT", `/${b}?policy`, { body: "" }, 400, "MalformedPolicy", { Message: "Policies must be valid JSON and the first byte must be '{'" }],
        ["no JSON", "PUT", `/${b}?policy`, { body: "[]" }, 400, "MalformedPolicy", { Message: "Policies must be valid JSON and the first byte must be '{'" }],
        ["no statement", "PUT", `/${b}?policy`, { body: "{}" }, 400, "MalformedPolicy", { Message: "Missing required field Statement" }],
    ]);
    const other = f.s.client(S.S3Client, { region: "eu-west-1" });
    await assert.rejects(other.send(new S.CreateBucketCommand({ Bucket: "elsewhere", CreateBucketConfiguration: { LocationConstraint: "foo" } })), { name: "IllegalLocationConstraintException" });
});
