// SPDX-License-Identifier: Apache-2.0
// Queues with a key of KMS: what lies in them is sealed, and opens no longer than the key does.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const K = require("@aws-sdk/client-kms");
const Q = require("@aws-sdk/client-sqs");
const { start, refuses, run, PROGRAM } = require("../lib/slipway");
const { strict, allow } = require("../lib/strict");

const of = (client, lib) => (operation, input = {}) => client.send(new lib[`${operation}Command`](input));
const world = (s) => ({ kms: of(s.client(K.KMSClient), K), sqs: of(s.client(Q.SQSClient), Q) });
const attributes = async (sqs, QueueUrl) => (await sqs("GetQueueAttributes", { QueueUrl, AttributeNames: ["All"] })).Attributes;

test("a body is sealed at rest, and unreadable without its key", async (t) => {
    const s = await start(t, { ephemeral: false }), { kms, sqs } = world(s);
    const { KeyId, Arn } = (await kms("CreateKey")).KeyMetadata;
    await kms("CreateAlias", { AliasName: "alias/queue", TargetKeyId: KeyId });
    const { QueueUrl } = await sqs("CreateQueue", { QueueName: "q", Attributes: { KmsMasterKeyId: "alias/queue", VisibilityTimeout: "0" } });
    const a = await attributes(sqs, QueueUrl);
    assert.deepStrictEqual([a.KmsMasterKeyId, a.KmsDataKeyReusePeriodSeconds, a.SqsManagedSseEnabled], ["alias/queue", "300", "false"]);
    const sent = await sqs("SendMessage", { QueueUrl, MessageBody: "a body in plain words" });
    const receive = async () => (await sqs("ReceiveMessage", { QueueUrl })).Messages?.[0];
    const m = await receive();
    assert.deepStrictEqual([m.Body, m.MD5OfBody], ["a body in plain words", sent.MD5OfMessageBody]);
    for (const f of fs.readdirSync(path.join(s.data, "store")))
        assert.ok(!fs.readFileSync(path.join(s.data, "store", f)).includes("in plain words"), f);

    await kms("DisableKey", { KeyId });
    await refuses(receive(), "KmsDisabled", /is disabled/);
    await refuses(sqs("SendMessage", { QueueUrl, MessageBody: "x" }), "KmsDisabled");
    await kms("EnableKey", { KeyId });
    await kms("ScheduleKeyDeletion", { KeyId });
    await refuses(receive(), "KmsInvalidState");
    await kms("CancelKeyDeletion", { KeyId });
    await kms("EnableKey", { KeyId });
    await kms("RotateKeyOnDemand", { KeyId });
    await s.restart();
    assert.strictEqual((await receive()).Body, "a body in plain words");

    // Another key, or none: what lies there opens as before.
    await sqs("SetQueueAttributes", { QueueUrl, Attributes: { KmsMasterKeyId: "alias/aws/sqs", KmsDataKeyReusePeriodSeconds: "60" } });
    await sqs("SendMessage", { QueueUrl, MessageBody: "second" });
    assert.strictEqual((await kms("DescribeKey", { KeyId: "alias/aws/sqs" })).KeyMetadata.KeyManager, "AWS");
    await sqs("SetQueueAttributes", { QueueUrl, Attributes: { KmsMasterKeyId: "" } });
    const b = await attributes(sqs, QueueUrl);
    assert.deepStrictEqual([b.KmsMasterKeyId, b.KmsDataKeyReusePeriodSeconds, b.SqsManagedSseEnabled], [undefined, undefined, "true"]);
    const all = (await sqs("ReceiveMessage", { QueueUrl, MaxNumberOfMessages: 10 })).Messages.map((x) => x.Body);
    assert.deepStrictEqual(all.sort(), ["a body in plain words", "second"]);

    await sqs("SetQueueAttributes", { QueueUrl, Attributes: { KmsMasterKeyId: Arn } });
    await sqs("SetQueueAttributes", { QueueUrl, Attributes: { SqsManagedSseEnabled: "true" } });
    assert.strictEqual((await attributes(sqs, QueueUrl)).KmsMasterKeyId, undefined);
    await refuses(sqs("SetQueueAttributes", { QueueUrl, Attributes: { SqsManagedSseEnabled: "true", KmsMasterKeyId: Arn } }), "InvalidAttributeValue", /one type of server-side encryption/);
    await refuses(sqs("SetQueueAttributes", { QueueUrl, Attributes: { KmsDataKeyReusePeriodSeconds: "59" } }), "InvalidAttributeValue");
    await sqs("SetQueueAttributes", { QueueUrl, Attributes: { KmsMasterKeyId: "alias/never" } });
    await refuses(sqs("SendMessage", { QueueUrl, MessageBody: "x" }), "KmsNotFound");
});

test("what was sealed in one queue opens in its dead-letter queue", async (t) => {
    const { kms, sqs } = world(await start(t)), { KeyId } = (await kms("CreateKey")).KeyMetadata;
    const dead = (await sqs("CreateQueue", { QueueName: "dead" })).QueueUrl;
    const { QueueUrl } = await sqs("CreateQueue", { QueueName: "q", Attributes: { KmsMasterKeyId: KeyId, VisibilityTimeout: "0",
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn: "arn:aws:sqs:us-east-1:000000000000:dead", maxReceiveCount: 1 }) } });
    await sqs("SendMessage", { QueueUrl, MessageBody: "x" });
    await sqs("ReceiveMessage", { QueueUrl });
    assert.strictEqual((await sqs("ReceiveMessage", { QueueUrl })).Messages, undefined);
    assert.strictEqual((await sqs("ReceiveMessage", { QueueUrl: dead })).Messages[0].Body, "x");
});

test("strict, the sender needs the key and who receives does, as the data key is new or is not", async (t) => {
    const { as, user, server, root: keys } = await strict(t);
    const clock = (...args) => run(PROGRAM, ["clock", ...args, "--endpoint", server.endpoint], { env: server.awsEnv({ AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey }) });
    await clock("set", "stepped");
    const root = { kms: of(as(K.KMSClient), K), sqs: of(as(Q.SQSClient), Q) }, { KeyId } = (await root.kms("CreateKey")).KeyMetadata;
    const { QueueUrl } = await root.sqs("CreateQueue", { QueueName: "q", Attributes: { KmsMasterKeyId: KeyId, KmsDataKeyReusePeriodSeconds: "60" } });
    const via = { Condition: { StringEquals: { "kms:ViaService": "sqs.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:sqs:arn": "arn:aws:sqs:us-east-1:000000000000:q" } } };
    const who = async (name, ...actions) => of(as(Q.SQSClient, await user(name, allow("sqs:*"), ...actions.map((a) => allow(a, "*", via)))), Q);
    const none = await who("none"), opens = await who("opens", "kms:Decrypt"), full = await who("full", "kms:Decrypt", "kms:GenerateDataKey");
    const send = (one) => one("SendMessage", { QueueUrl, MessageBody: "x" });
    await refuses(send(none), "KmsAccessDenied", /kms:GenerateDataKey/);
    await refuses(send(opens), "KmsAccessDenied", /kms:GenerateDataKey/);
    await send(full);
    await send(opens);                               // the data key is there for a minute
    await refuses(none("ReceiveMessage", { QueueUrl }), "KmsAccessDenied", /kms:Decrypt/);
    assert.strictEqual((await opens("ReceiveMessage", { QueueUrl })).Messages.length, 1);
    await clock("advance", "61s");
    await refuses(send(opens), "KmsAccessDenied", /kms:GenerateDataKey/);
    await refuses(of(as(K.KMSClient, await user("direct", allow("kms:*", "*", via))), K)("Encrypt", { KeyId, Plaintext: Buffer.from("x") }), "AccessDeniedException");

    // AWS's own key is for whoever may use the queue.
    const own = (await root.sqs("CreateQueue", { QueueName: "own", Attributes: { KmsMasterKeyId: "alias/aws/sqs" } })).QueueUrl;
    await none("SendMessage", { QueueUrl: own, MessageBody: "y" });
    assert.strictEqual((await none("ReceiveMessage", { QueueUrl: own })).Messages[0].Body, "y");
});
