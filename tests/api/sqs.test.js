// SPDX-License-Identifier: Apache-2.0
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const {
    SQSClient, CreateQueueCommand, SendMessageCommand, SendMessageBatchCommand, ReceiveMessageCommand, DeleteMessageCommand,
    GetQueueAttributesCommand, SetQueueAttributesCommand, ListQueuesCommand, DeleteQueueCommand, PurgeQueueCommand,
    ChangeMessageVisibilityCommand, GetQueueUrlCommand, TagQueueCommand, UntagQueueCommand, ListQueueTagsCommand,
    ListDeadLetterSourceQueuesCommand, DeleteMessageBatchCommand,
} = require("@aws-sdk/client-sqs");
const { serve, later } = require("../lib/file");
const { queues } = require("../lib/queues");
const { start, refuses } = require("../lib/slipway");

const s = serve(), sqs = later(s, SQSClient);
const { create } = queues(sqs);
const receive = async (QueueUrl, more) => (await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...more }))).Messages || [];

test("a message is received with the digests that the SDK checks, then deleted", async () => {
    const QueueUrl = await create("digests");
    const MessageAttributes = { b: { DataType: "Binary", BinaryValue: new Uint8Array([1, 2]) }, a: { DataType: "String", StringValue: "x" } };
    const sent = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "hello", MessageAttributes }));
    const [m] = await receive(QueueUrl, { MessageAttributeNames: ["All"], AttributeNames: ["All"] });
    assert.strictEqual(m.Body, "hello");
    assert.strictEqual(m.MessageId, sent.MessageId);
    assert.strictEqual(m.Attributes.ApproximateReceiveCount, "1");
    assert.deepStrictEqual(Object.keys(m.MessageAttributes).sort(), ["a", "b"]);
    assert.strictEqual(m.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: m.ReceiptHandle }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
    assert.strictEqual(Attributes.ApproximateNumberOfMessages, "0");
    assert.strictEqual(Attributes.ApproximateNumberOfMessagesNotVisible, "0");
});

test("a received message hides for its visibility timeout and comes back after it", async (t) => {
    await s.clock("PUT", "", { mode: "stepped" });
    t.after(() => s.clock("PUT", "", { mode: "real" }));
    const QueueUrl = await create("hides", { VisibilityTimeout: "60" });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
    const [first] = await receive(QueueUrl);
    assert.strictEqual((await receive(QueueUrl)).length, 0);
    await s.advance(59);
    assert.strictEqual((await receive(QueueUrl)).length, 0);
    await s.advance(2);
    const [again] = await receive(QueueUrl, { AttributeNames: ["ApproximateReceiveCount"] });
    assert.strictEqual(again.MessageId, first.MessageId);
    assert.strictEqual(again.Attributes.ApproximateReceiveCount, "2");
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: again.ReceiptHandle, VisibilityTimeout: 0 }));
    assert.strictEqual((await receive(QueueUrl)).length, 1);
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: 0 }));
    const [third] = await receive(QueueUrl);
    assert.strictEqual(third.MessageId, first.MessageId, "an older handle is good for its visibility");
    await s.advance(61);
    await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: third.ReceiptHandle, VisibilityTimeout: 60 }));
    const [fourth] = await receive(QueueUrl);
    assert.strictEqual(fourth.MessageId, first.MessageId, "nothing changes for one that is not in flight any more");
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: fourth.ReceiptHandle }));
    await refuses(sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: fourth.ReceiptHandle, VisibilityTimeout: 1 })),
        "InvalidParameterValue", /Message does not exist or is not available/);
});

test("a delayed message is not seen before its time, and counts as delayed", async () => {
    const QueueUrl = await create("delays", { DelaySeconds: "30" });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "later" }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "now", DelaySeconds: 0 }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
    assert.strictEqual(Attributes.ApproximateNumberOfMessagesDelayed, "1");
    assert.deepStrictEqual((await receive(QueueUrl, { MaxNumberOfMessages: 10 })).map((m) => m.Body), ["now"]);
    await s.advance(31);
    assert.ok((await receive(QueueUrl, { MaxNumberOfMessages: 10 })).some((m) => m.Body === "later"));
});

test("messages of one sender keep their order, ten at a time", async () => {
    const QueueUrl = await create("order");
    for (let k = 0; k < 3; k++) {
        const Entries = [...Array(10).keys()].map((i) => ({ Id: `i${i}`, MessageBody: String(k * 10 + i) }));
        const r = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
        assert.strictEqual(r.Successful.length, 10);
    }
    const got = [];
    for (let k = 0; k < 3; k++) {
        const l = await receive(QueueUrl, { MaxNumberOfMessages: 10 });
        got.push(...l.map((m) => Number(m.Body)));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: l.map((m, i) => ({ Id: `d${i}`, ReceiptHandle: m.ReceiptHandle })) }));
    }
    assert.deepStrictEqual(got, [...Array(30).keys()]);
});

test("a long poll is answered as soon as a message is sent", async () => {
    const QueueUrl = await create("polls");
    const begun = Date.now();
    const waiting = receive(QueueUrl, { WaitTimeSeconds: 20 });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "wake" }));
    const [m] = await waiting;
    assert.strictEqual(m.Body, "wake");
    assert.ok(Date.now() - begun < 15000, "it waited on although a message was there");
});

test("a message received too often goes on in the dead-letter queue, and says where it came from", async () => {
    const dead = await create("dead");
    const arn = (await sqs.send(new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ["QueueArn"] }))).Attributes.QueueArn;
    const QueueUrl = await create("source", { VisibilityTimeout: "0", RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 2 }) });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "poison" }));
    assert.strictEqual((await receive(QueueUrl)).length, 1);
    assert.strictEqual((await receive(QueueUrl)).length, 1);
    assert.strictEqual((await receive(QueueUrl)).length, 0);
    const [m] = await receive(dead, { AttributeNames: ["All"] });
    assert.strictEqual(m.Body, "poison");
    assert.match(m.Attributes.DeadLetterQueueSourceArn, /:source$/);
    assert.deepStrictEqual((await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }))).queueUrls, [QueueUrl]);
});

test("what cannot be done is refused by name", async () => {
    for (const n of [1, 2]) assert.match(await create("no-key", { KmsMasterKeyId: "" }), /no-key$/, `made ${n} times`);
    assert.strictEqual((await sqs.send(new GetQueueAttributesCommand({ QueueUrl: await create("no-key"), AttributeNames: ["All"] }))).Attributes.KmsMasterKeyId, undefined);
    await refuses(create("odd", { Odd: "1" }), "InvalidAttributeName", /Odd/);
    await refuses(create("out", { DelaySeconds: "901" }), "InvalidAttributeValue", /DelaySeconds/);
    await refuses(sqs.send(new GetQueueUrlCommand({ QueueName: "nobody" })), "QueueDoesNotExist", /does not exist/);
    const QueueUrl = await create("limits", { MaximumMessageSize: "1024" });
    await refuses(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x".repeat(1025) })), "InvalidParameterValue", /1024/);
    await refuses(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: "a", MessageBody: "1" }, { Id: "a", MessageBody: "2" }] })), "BatchEntryIdsNotDistinct");
    await refuses(sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: "nonsense!" })), "ReceiptHandleIsInvalid");
    await refuses(sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Odd"] })), "InvalidAttributeName", /Odd/);
});

test("creating a queue twice is one queue with equal attributes and an error with others", async () => {
    const a = await create("twice", { DelaySeconds: "5" });
    assert.strictEqual(await create("twice", { DelaySeconds: "5" }), a);
    assert.strictEqual(await create("twice"), a);
    await refuses(create("twice", { DelaySeconds: "6" }), "QueueNameExists");
});

test("attributes and tags are set, listed and removed; lists have pages", async () => {
    const QueueUrl = await create("paged-0");
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: "77" } }));
    assert.strictEqual((await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["VisibilityTimeout"] }))).Attributes.VisibilityTimeout, "77");
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { a: "1", b: "2" } }));
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["a"] }));
    assert.deepStrictEqual((await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags, { b: "2" });
    for (let i = 1; i < 5; i++) await create(`paged-${i}`);
    const seen = [];
    let NextToken;
    do {
        const r = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "paged-", MaxResults: 2, NextToken }));
        seen.push(...r.QueueUrls);
        NextToken = r.NextToken;
    } while (NextToken);
    assert.strictEqual(seen.length, 5);
});

test("messages older than the retention are gone; a purge empties, once a minute", async () => {
    const QueueUrl = await create("old", { MessageRetentionPeriod: "60" });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "m" }));
    await s.advance(61);
    assert.strictEqual((await receive(QueueUrl)).length, 0);
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    await refuses(sqs.send(new PurgeQueueCommand({ QueueUrl })), "PurgeQueueInProgress");
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    await refuses(receive(QueueUrl), "QueueDoesNotExist");
});

test("the AWS CLI works, and accounts and regions do not see each other's queues", async () => {
    const { QueueUrl } = await s.aws("sqs", "create-queue", "--queue-name", "cli");
    await s.aws("sqs", "send-message", "--queue-url", QueueUrl, "--message-body", "from the cli");
    const r = await s.aws("sqs", "receive-message", "--queue-url", QueueUrl);
    assert.strictEqual(r.Messages[0].Body, "from the cli");
    const other = await s.aws("sqs", "list-queues", { env: { AWS_DEFAULT_REGION: "eu-west-1", AWS_REGION: "eu-west-1" } });
    assert.ok(!other || !other.QueueUrls);
    const account = await s.aws("sqs", "list-queues", { env: { AWS_ACCESS_KEY_ID: "111122223333" } });
    assert.ok(!account || !account.QueueUrls);
});

test("queues and messages are there again after a restart", async (t) => {
    const other = await start(t, { ephemeral: false });
    const c = other.client(SQSClient);
    const { QueueUrl } = await c.send(new CreateQueueCommand({ QueueName: "kept" }));
    await c.send(new SendMessageCommand({ QueueUrl, MessageBody: "kept" }));
    await other.kill9();
    await other.start();
    const { Messages } = await other.client(SQSClient).send(new ReceiveMessageCommand({ QueueUrl }));
    assert.strictEqual(Messages[0].Body, "kept");
});
