// SPDX-License-Identifier: Apache-2.0
// FIFO queues, message move tasks, permissions and what messages may carry.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const {
    SQSClient, SendMessageCommand, SendMessageBatchCommand, ReceiveMessageCommand, DeleteMessageCommand,
    SetQueueAttributesCommand, ChangeMessageVisibilityBatchCommand, DeleteMessageBatchCommand, StartMessageMoveTaskCommand, ListMessageMoveTasksCommand,
    CancelMessageMoveTaskCommand, AddPermissionCommand, RemovePermissionCommand,
} = require("@aws-sdk/client-sqs");
const { serve, later } = require("../lib/file");
const { queues, bodies } = require("../lib/queues");
const { refuses, until } = require("../lib/slipway");

const s = serve(), sqs = later(s, SQSClient);
const { create, fifo, attributes } = queues(sqs);
const send = (QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId, more) =>
    sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId, ...more }));
const receive = async (QueueUrl, max = 10) =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: max, MessageSystemAttributeNames: ["All"] }))).Messages || [];
const remove = (QueueUrl, m) => sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: m.ReceiptHandle }));
const arn = async (QueueUrl) => (await attributes(QueueUrl)).QueueArn;

test("a FIFO queue gives each group's messages in order, and holds back a group while one of its messages is out", async () => {
    const q = await fifo("order");
    for (const [body, group] of [["a1", "a"], ["b1", "b"], ["a2", "a"], ["b2", "b"], ["a3", "a"]]) await send(q, body, group, body);
    const [a1] = await receive(q, 1);
    assert.strictEqual(a1.Body, "a1");
    assert.deepStrictEqual([a1.Attributes.MessageGroupId, a1.Attributes.MessageDeduplicationId], ["a", "a1"]);
    assert.match(a1.Attributes.SequenceNumber, /^\d{20}$/);
    const b = await receive(q);
    assert.deepStrictEqual(bodies(b), ["b1", "b2"], "a's later messages wait for a1");
    assert.deepStrictEqual(await receive(q), []);
    await remove(q, a1);
    assert.deepStrictEqual(bodies(await receive(q)), ["a2", "a3"]);
    await s.advance(31);
    assert.deepStrictEqual(bodies(await receive(q)), ["b1", "b2", "a2", "a3"], "all of one group come, then those of the next; first the group whose message is the oldest");
});

const turns = () => s.metric("slipway_store_turns_total");
const poll = (QueueUrl, WaitTimeSeconds = 20) => sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 }));

test("a group goes on when its first message is deleted, expires, or goes to the dead letters", async () => {
    const q = await fifo("heads", { MessageRetentionPeriod: "60", VisibilityTimeout: "10" });
    await send(q, "a1", "a", "a1");
    await s.advance(50);
    for (const body of ["a2", "a3"]) await send(q, body, "a", body);
    await s.advance(20);
    assert.deepStrictEqual(bodies(await receive(q, 1)), ["a2"], "a1 is too old, and does not stand in the way");
    await s.advance(3700); // the hourly step has removed all
    await send(q, "a4", "a", "a4");
    assert.deepStrictEqual(bodies(await receive(q)), ["a4"]);
    const dead = await fifo("heads-dead");
    const once = await fifo("heads-once", { VisibilityTimeout: "1", RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await arn(dead), maxReceiveCount: 1 }) });
    for (const body of ["b1", "b2"]) await send(once, body, "b", body);
    assert.deepStrictEqual(bodies(await receive(once, 1)), ["b1"]);
    await s.advance(2);
    assert.deepStrictEqual(bodies(await receive(once, 1)), ["b2"], "b1 went to the dead letters, and b2 is the group's first");
    assert.deepStrictEqual(bodies(await receive(dead)), ["b1"]);
});

test("a long poll hears of what becomes visible without being sent, and costs no write turn while it waits", async () => {
    const q = await fifo("bell", { VisibilityTimeout: "1000" }), back = await create("bell-back"), delayed = await create("bell-delayed");
    for (const body of ["a1", "a2"]) await send(q, body, "a", body);
    const [a1] = await receive(q, 1);
    // The answer, which comes before the poll's own 20 s are over.
    const heard = async (asked) => { const began = Date.now(), { Messages } = await asked; assert.ok(Date.now() - began < 15000); return bodies(Messages); };
    const waits = heard(poll(q));
    for (let i = 0; i < 20; i++) assert.deepStrictEqual(await receive(back), []); // meanwhile the poll has begun to wait
    await remove(q, a1);
    assert.deepStrictEqual(await waits, ["a2"], "the group is free");
    await send(back, "back");
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: back, VisibilityTimeout: 2 }));
    assert.deepStrictEqual(await heard(poll(back)), ["back"], "its visibility timeout is over");
    await send(delayed, "delayed", undefined, undefined, { DelaySeconds: 2 });
    assert.deepStrictEqual(await heard(poll(delayed)), ["delayed"], "its delay is over");
    const many = await Promise.all(Array.from({ length: 20 }, (_, i) => create(`bell-${i}`)));
    const before = await turns();
    for (const answer of await Promise.all(many.map((url) => poll(url, 3)))) assert.deepStrictEqual(answer.Messages || [], []);
    const taken = await turns() - before;
    assert.ok(taken < 10, `20 polls of 3 s took ${taken} write turns`);
});

test("what a FIFO queue was sent is not sent again within five minutes", async () => {
    const q = await fifo("once"), content = await fifo("content", { ContentBasedDeduplication: "true" });
    const first = await send(q, "one", "g", "id"), again = await send(q, "other", "g", "id");
    assert.deepStrictEqual([again.MessageId, again.SequenceNumber], [first.MessageId, first.SequenceNumber]);
    const [m] = await receive(q);
    assert.strictEqual(m.Body, "one");
    await remove(q, m);
    await send(q, "deleted meanwhile", "g", "id");
    assert.deepStrictEqual(await receive(q), []);
    await s.advance(301);
    await send(q, "later", "g", "id");
    assert.deepStrictEqual(bodies(await receive(q)), ["later"]);
    await send(content, "same", "g");
    await send(content, "same", "h");
    await send(content, "else", "g");
    assert.deepStrictEqual(bodies(await receive(content)), ["same", "else"]);
    const perGroup = await fifo("per-group", { ContentBasedDeduplication: "true", DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" });
    await send(perGroup, "same", "g");
    await send(perGroup, "same", "h");
    assert.strictEqual((await receive(perGroup)).length, 2);
});

test("a FIFO queue's rules are kept, and a standard queue's", async () => {
    const q = await fifo("rules"), standard = await create("standard");
    await refuses(send(q, "x"), "MissingParameter", /MessageGroupId/);
    await refuses(send(q, "x", "g"), "InvalidParameterValue", /ContentBasedDeduplication enabled or MessageDeduplicationId/);
    await refuses(send(q, "x", "g", "d", { DelaySeconds: 1 }), "InvalidParameterValue", /DelaySeconds/);
    await refuses(send(q, "x", "g g", "d"), "InvalidParameterValue", /MessageGroupId/);
    await refuses(send(standard, "x", undefined, "d"), "InvalidParameterValue", /MessageDeduplicationId/);
    await refuses(send(standard, "x", "g g"), "InvalidParameterValue", /MessageGroupId/);
    await refuses(create("plain.fifo"), "InvalidParameterValue", /FifoQueue/);
    await refuses(create("plain", { FifoQueue: "true" }), "InvalidParameterValue", /must end with .fifo/);
    await refuses(create("plain", { ContentBasedDeduplication: "true" }), "InvalidAttributeName", /ContentBasedDeduplication/);
    await refuses(fifo("limit", { FifoThroughputLimit: "perMessageGroupId" }), "InvalidParameterValue", /DeduplicationScope/);
    await refuses(sqs.send(new SetQueueAttributesCommand({ QueueUrl: q, Attributes: { FifoQueue: "true" } })), "InvalidAttributeValue", /FifoQueue/);
    await refuses(sqs.send(new ReceiveMessageCommand({ QueueUrl: q, ReceiveRequestAttemptId: "a" })), "InvalidParameterValue", /ReceiveRequestAttemptId/);
    const a = await attributes(q);
    assert.deepStrictEqual([a.FifoQueue, a.ContentBasedDeduplication, a.DeduplicationScope, a.FifoThroughputLimit], ["true", "false", "queue", "perQueue"]);
    assert.strictEqual((await attributes(standard)).FifoQueue, undefined);
    assert.strictEqual(await fifo("rules"), q, "creating it again is the same queue");
});

test("a move task returns dead letters to where they came from, and is listed", async () => {
    const dead = await create("moved-dead"), SourceArn = await arn(dead);
    await refuses(sqs.send(new StartMessageMoveTaskCommand({ SourceArn })), "InvalidParameterValue", /Dead Letter Queue/);
    const source = await create("moved-source", { VisibilityTimeout: "0", RedrivePolicy: JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 }) });
    for (const b of ["x", "y", "z"]) await send(source, b);
    await receive(source);
    assert.deepStrictEqual(await receive(source), []);
    assert.strictEqual((await attributes(dead)).ApproximateNumberOfMessages, "3");
    const { TaskHandle } = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn }));
    const list = async () => (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 10 }))).Results;
    const [done] = await until("the task ends", async () => (await list())[0].Status === "COMPLETED" && list());
    assert.deepStrictEqual([done.ApproximateNumberOfMessagesMoved, done.ApproximateNumberOfMessagesToMove, done.SourceArn, done.TaskHandle], [3, 3, SourceArn, undefined]);
    const back = await receive(source);
    assert.deepStrictEqual(bodies(back), ["x", "y", "z"]);
    assert.strictEqual(back[0].Attributes.ApproximateReceiveCount, "1");
    await refuses(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })), "UnsupportedOperation", /Only active tasks/);
    await refuses(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: "nonsense" })), "InvalidParameterValue", /TaskHandle/);
});

test("a move task goes as fast as it was told, one at a time, and can be cancelled", async () => {
    const dead = await create("slow-dead"), target = await create("slow-target"), SourceArn = await arn(dead), DestinationArn = await arn(target);
    await create("slow-source", { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 }) });
    for (const b of ["1", "2", "3", "4"]) await send(dead, b);
    const { TaskHandle } = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: 1 }));
    await refuses(sqs.send(new StartMessageMoveTaskCommand({ SourceArn })), "InvalidParameterValue", /already a task running/);
    const moved = async () => (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn }))).Results[0].ApproximateNumberOfMessagesMoved;
    await until("the first is moved", async () => (await moved()) >= 1);
    assert.ok(await moved() < 4, "a second apart");
    const r = await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    assert.ok(r.ApproximateNumberOfMessagesMoved >= 1);
    const [entry] = (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn }))).Results;
    assert.deepStrictEqual([entry.Status, entry.DestinationArn, entry.MaxNumberOfMessagesPerSecond], ["CANCELLED", DestinationArn, 1]);
    await refuses(sqs.send(new StartMessageMoveTaskCommand({ SourceArn, MaxNumberOfMessagesPerSecond: 501 })), "InvalidParameterValue", /MaxNumberOfMessagesPerSecond/);
    await refuses(sqs.send(new StartMessageMoveTaskCommand({ SourceArn: SourceArn + "x" })), "ResourceNotFoundException", /SourceArn/);
    await refuses(sqs.send(new ListMessageMoveTasksCommand({ SourceArn: SourceArn + "x" })), "ResourceNotFoundException", /SourceArn/);
});

test("redrive policies need a queue of the same kind that allows it", async () => {
    const policy = (deadLetterTargetArn, more) => ({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3, ...more }) });
    const open = await create("open"), closed = await create("closed", { RedriveAllowPolicy: JSON.stringify({ redrivePermission: "denyAll" }) });
    const one = await create("one", { RedriveAllowPolicy: JSON.stringify({ redrivePermission: "byQueue", sourceQueueArns: ["arn:aws:sqs:us-east-1:000000000000:chosen"] }) });
    await create("allowed", policy(await arn(open)));
    await create("chosen", policy(await arn(one)));
    await refuses(create("other", policy(await arn(one))), "InvalidParameterValue", /RedriveAllowPolicy/);
    await refuses(create("denied", policy(await arn(closed))), "InvalidParameterValue", /RedriveAllowPolicy/);
    await refuses(create("nowhere", policy("arn:aws:sqs:us-east-1:000000000000:nobody")), "InvalidParameterValue", /Dead letter target does not exist/);
    await refuses(fifo("mixed", policy(await arn(open))), "InvalidParameterValue", /same type/);
    await refuses(create("extra", policy(await arn(open), { other: 1 })), "InvalidParameterValue", /Only following attributes/);
    await refuses(create("count", policy(await arn(open), { maxReceiveCount: 1001 })), "InvalidParameterValue", /maxReceiveCount/);
    await refuses(create("allow", { RedriveAllowPolicy: JSON.stringify({ redrivePermission: "byQueue" }) }), "InvalidParameterValue", /sourceQueueArns/);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: await create("allowed", {}), Attributes: { RedrivePolicy: "" } }));
    assert.strictEqual((await attributes(await create("allowed", {}))).RedrivePolicy, undefined);
});

test("permissions are statements of the queue's policy", async () => {
    const QueueUrl = await create("permitted");
    await sqs.send(new AddPermissionCommand({ QueueUrl, Label: "them", AWSAccountIds: ["111122223333"], Actions: ["SendMessage", "ReceiveMessage"] }));
    const policy = JSON.parse((await attributes(QueueUrl)).Policy);
    assert.deepStrictEqual(policy.Statement, [{ Sid: "them", Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" },
        Action: ["SQS:SendMessage", "SQS:ReceiveMessage"], Resource: "arn:aws:sqs:us-east-1:000000000000:permitted" }]);
    await refuses(sqs.send(new AddPermissionCommand({ QueueUrl, Label: "them", AWSAccountIds: ["111122223333"], Actions: ["*"] })), "InvalidParameterValue", /Already exists/);
    await sqs.send(new RemovePermissionCommand({ QueueUrl, Label: "them" }));
    assert.strictEqual((await attributes(QueueUrl)).Policy, undefined);
    await refuses(sqs.send(new RemovePermissionCommand({ QueueUrl, Label: "them" })), "InvalidParameterValue", /find label/);
    await refuses(create("bad-policy", { Policy: "{}" }), "InvalidAttributeValue", /Policy/);
});

test("a message's attributes are checked, and the trace header goes through", async () => {
    const q = await create("attributes"), v = (x) => ({ MessageAttributes: { a: x } });
    const with_ = (more) => send(q, "m", undefined, undefined, more);
    await refuses(with_(v({ DataType: "Number", StringValue: "many" })), "InvalidParameterValue", /to a number/);
    await refuses(with_(v({ DataType: "Odd", StringValue: "x" })), "InvalidParameterValue", /Binary, Number, and String/);
    await refuses(with_(v({ DataType: "String" })), "InvalidParameterValue", /non-empty/);
    await refuses(with_(v({ DataType: "String", StringValue: "x", StringListValues: ["y"] })), "UnsupportedOperation", /list values/);
    await refuses(with_({ MessageAttributes: { "AWS.x": { DataType: "String", StringValue: "x" } } }), "InvalidParameterValue", /AWS\.x/);
    await refuses(with_({ MessageSystemAttributes: { AWSTraceHeader: { DataType: "Number", StringValue: "1" } } }), "InvalidParameterValue", /AWSTraceHeader/);
    const r = await with_({ MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: "Root=1" } }, MessageAttributes: { n: { DataType: "Number.int", StringValue: "7" } } });
    assert.match(r.MD5OfMessageSystemAttributes, /^[0-9a-f]{32}$/);
    assert.strictEqual((await receive(q))[0].Attributes.AWSTraceHeader, "Root=1");
});

test("batches answer entry by entry", async () => {
    const QueueUrl = await create("entries");
    const sent = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: "good", MessageBody: "x" }, { Id: "late", MessageBody: "x", DelaySeconds: 901 }] }));
    assert.deepStrictEqual([sent.Successful.map((e) => e.Id), sent.Failed.map((e) => [e.Id, e.Code, e.SenderFault])], [["good"], [["late", "InvalidParameterValue", true]]]);
    const [m] = await receive(QueueUrl);
    const change = (Entries) => sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
    const r = await change([{ Id: "a", ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0 }, { Id: "b", ReceiptHandle: "nonsense!", VisibilityTimeout: 0 }]);
    assert.deepStrictEqual([r.Successful.map((e) => e.Id), r.Failed.map((e) => [e.Id, e.Code])], [["a"], [["b", "ReceiptHandleIsInvalid"]]]);
    assert.strictEqual((await receive(QueueUrl)).length, 1);
    await refuses(change([]), "EmptyBatchRequest");
    await refuses(change([{ Id: "a b", ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 0 }]), "InvalidBatchEntryId");
    await refuses(change(Array.from({ length: 11 }, (_, i) => ({ Id: `i${i}`, ReceiptHandle: "x", VisibilityTimeout: 0 }))), "TooManyEntriesInBatchRequest");
    const gone = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: [{ Id: "x", ReceiptHandle: "nonsense!" }] }));
    assert.deepStrictEqual([gone.Successful, gone.Failed.length], [[], 1]);
});
