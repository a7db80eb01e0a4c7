// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const S = require("@aws-sdk/client-s3");
const { SQSClient, CreateQueueCommand, ReceiveMessageCommand } = require("@aws-sdk/client-sqs");
const { start, refuses, run } = require("../lib/slipway");
const { s3File } = require("../lib/s3");

const f = s3File(), { send, bucket, put } = f;

test("buckets are made, found, listed and deleted when empty", async () => {
    await refuses(send(S.HeadBucketCommand, { Bucket: "nothing-here" }), "NotFound");
    const Bucket = await bucket();
    assert.strictEqual((await send(S.HeadBucketCommand, { Bucket })).BucketRegion, "us-east-1");
    assert.strictEqual((await send(S.GetBucketLocationCommand, { Bucket })).LocationConstraint, undefined);
    assert.ok((await send(S.ListBucketsCommand, {})).Buckets.some((b) => b.Name === Bucket && b.CreationDate instanceof Date));
    await refuses(send(S.CreateBucketCommand, { Bucket: "Bad_Name" }), "InvalidBucketName");
    const eu = f.s.client(S.S3Client, { region: "eu-west-1" });
    await refuses(eu.send(new S.CreateBucketCommand({ Bucket: "eu-bucket", CreateBucketConfiguration: { LocationConstraint: "eu-central-1" } })), "IllegalLocationConstraintException");
    await eu.send(new S.CreateBucketCommand({ Bucket: "eu-bucket" }));
    await refuses(eu.send(new S.CreateBucketCommand({ Bucket: "eu-bucket", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } })), "BucketAlreadyOwnedByYou");
    assert.strictEqual((await send(S.GetBucketLocationCommand, { Bucket: "eu-bucket" })).LocationConstraint, "eu-west-1");
    const other = f.s.client(S.S3Client, { credentials: { accessKeyId: "111111111111", secretAccessKey: "x" } });
    await refuses(other.send(new S.CreateBucketCommand({ Bucket })), "BucketAlreadyExists");
    await refuses(other.send(new S.ListObjectsV2Command({ Bucket })), "AccessDenied");
    await put(Bucket, "k");
    await refuses(send(S.DeleteBucketCommand, { Bucket }), "BucketNotEmpty");
    await send(S.DeleteObjectCommand, { Bucket, Key: "k" });
    await send(S.DeleteBucketCommand, { Bucket });
    await refuses(send(S.ListObjectsV2Command, { Bucket }), "NoSuchBucket", /The specified bucket does not exist/);
});

test("the service's own names under localhost are no bucket's", async () => {
    const Bucket = await bucket();
    await put(Bucket, "k");
    for (const host of ["s3.localhost", "s3.us-east-1.localhost", "s3.eu-central-1.localhost:4566"]) {
        const authorization = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        const list = (at, host) => f.http("GET", at, { headers: { host, authorization, "x-amz-date": "20260101T000000Z" } });
        const all = await list("/", host), one = await list(`/${Bucket}`, host);
        assert.ok(all.status === 200 && all.all("Name").includes(Bucket), `${host}: ${all.body}`);
        assert.deepStrictEqual(one.all("Key"), ["k"], host);
        assert.deepStrictEqual((await list("/", `${Bucket}.${host}`)).all("Key"), ["k"], host);
    }
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
    await refuses(send(S.PutBucketAccelerateConfigurationCommand, { Bucket, AccelerateConfiguration: { Status: "Enabled" } }), "NotImplemented", /PutBucketAccelerateConfiguration/);
    await refuses(put(Bucket, "k".repeat(1025)), "KeyTooLongError");
});

test("aws s3 cp, sync, mv and rm work, with parts and without", async () => {
    const Bucket = await bucket(), from = path.join(f.tmp, "from"), back = path.join(f.tmp, "back");
    fs.mkdirSync(path.join(from, "sub"), { recursive: true });
    fs.writeFileSync(path.join(from, "small.txt"), "small");
    fs.writeFileSync(path.join(from, "sub", "big"), crypto.randomBytes(20 << 20));
    /* S3 keeps whole seconds: a file made in this very second would look newer than its object. */
    for (const f of ["small.txt", "sub/big"]) fs.utimesSync(path.join(from, f), 1e9, 1e9);
    await f.s.aws("s3", "sync", from, `s3://${Bucket}/tree`, "--no-progress");
    await f.s.aws("s3", "sync", `s3://${Bucket}/tree`, back, "--no-progress");
    await run("diff", ["-r", from, back]);
    assert.strictEqual(await f.s.aws("s3", "sync", from, `s3://${Bucket}/tree`, "--no-progress"), "");
    await f.s.aws("s3", "cp", `s3://${Bucket}/tree/sub/big`, `s3://${Bucket}/copy`, "--no-progress");
    await f.s.aws("s3", "mv", `s3://${Bucket}/copy`, `s3://${Bucket}/moved`, "--no-progress");
    assert.match(await f.s.aws("s3", "ls", `s3://${Bucket}`), /PRE tree\/\n.*20971520 moved/);
    await f.s.aws("s3", "rm", `s3://${Bucket}`, "--recursive");
    await f.s.aws("s3", "rb", `s3://${Bucket}`);
});

test("a queue hears of objects that come and go, once it is shown to be there", async () => {
    const Bucket = await bucket(), sqs = f.s.client(SQSClient);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "news" }));
    const receive = async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MaxNumberOfMessages: 10 }))).Messages.map((m) => JSON.parse(m.Body));
    const configure = (QueueArn, more = {}) => send(S.PutBucketNotificationConfigurationCommand, { Bucket, ...more, NotificationConfiguration: { QueueConfigurations: [{
        QueueArn, Events: ["s3:ObjectCreated:*"], Filter: { Key: { FilterRules: [{ Name: "prefix", Value: "in/" }] } } }] } });
    await refuses(configure("arn:aws:sqs:us-east-1:000000000000:none"), "InvalidArgument", /Unable to validate the following destination configurations/);
    await refuses(configure("arn:aws:sns:us-east-1:000000000000:news"), "InvalidArgument", /ARN/);
    assert.strictEqual((await send(S.GetBucketNotificationConfigurationCommand, { Bucket })).QueueConfigurations, undefined);
    await configure("arn:aws:sqs:us-east-1:000000000000:none", { SkipDestinationValidation: true });
    await configure("arn:aws:sqs:us-east-1:000000000000:news");
    const [proof] = await receive();
    assert.deepStrictEqual([proof.Service, proof.Event, proof.Bucket], ["Amazon S3", "s3:TestEvent", Bucket]);
    await put(Bucket, "out/x");
    const { ETag } = await put(Bucket, "in/a b");
    const news = (await receive()).filter((m) => m.Records);
    assert.strictEqual(news.length, 1);
    const [event] = news[0].Records;
    assert.deepStrictEqual([event.eventName, event.s3.bucket.name, event.s3.object.key, event.s3.object.size, event.s3.object.eTag],
        ["ObjectCreated:Put", Bucket, "in/a+b", 6, ETag.replaceAll('"', "")]);
    assert.deepStrictEqual(Object.keys(event.responseElements), ["x-amz-request-id", "x-amz-id-2"]);
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
