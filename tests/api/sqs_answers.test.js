// SPDX-License-Identifier: Apache-2.0
// SQS as its recorded answers have it: errors in both protocols, a queue's URL as an endpoint, what is taken and what is not.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const {
    SQSClient, SendMessageCommand, SendMessageBatchCommand, ReceiveMessageCommand, DeleteMessageCommand, DeleteMessageBatchCommand,
    SetQueueAttributesCommand, ChangeMessageVisibilityBatchCommand, PurgeQueueCommand, StartMessageMoveTaskCommand,
    CancelMessageMoveTaskCommand, AddPermissionCommand, GetQueueUrlCommand,
} = require("@aws-sdk/client-sqs");
const { serve, later } = require("../lib/file");
const { queues, bodies } = require("../lib/queues");
const { refuses } = require("../lib/slipway");

const s = serve(), sqs = later(s, SQSClient);
const { create, fifo, attributes } = queues(sqs);
const send = (QueueUrl, MessageBody, more) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
const receive = async (QueueUrl, more) => (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ["All"], ...more }))).Messages || [];

async function json(operation, input, headers = {}) {
    const r = await fetch(s.endpoint, { method: "POST", body: JSON.stringify(input),
        headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${operation}`, ...headers } });
    const body = await r.json();
    return [r.status, body.__type, r.headers.get("x-amzn-query-error"), body.message];
}
const form = (o) => new URLSearchParams({ Version: "2012-11-05", ...o }).toString();
async function query(input, { url = s.endpoint, method = "POST" } = {}) {
    const r = method === "POST"
        ? await fetch(url, { method, body: form(input), headers: { "content-type": "application/x-www-form-urlencoded" } })
        : await fetch(`${url}?${form(input)}`);
    return { status: r.status, text: await r.text() };
}

test("an error has its own name in each protocol, with Query's name in JSON's header", async () => {
    const q = await create("errors"), f = await fifo("errors"), none = q.replace(/errors$/, "nobody");
    const cases = [
        ["GetQueueUrl", { QueueName: "nobody" }, 400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."],
        ["ReceiveMessage", { QueueUrl: q, MaxNumberOfMessages: 11 }, 400, "InvalidParameterValueException", "InvalidParameterValue",
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."],
        ["SendMessage", { QueueUrl: f, MessageBody: "m" }, 400, "MissingRequiredParameterException", "MissingParameter", "The request must contain the parameter MessageGroupId."],
        ["CreateQueue", { QueueName: "errors", Attributes: { DelaySeconds: "7" } }, 400, "QueueNameExists", "QueueAlreadyExists",
            "A queue already exists with the same name and a different value for attribute DelaySeconds"],
        ["DeleteMessageBatch", { QueueUrl: q, Entries: [] }, 400, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one DeleteMessageBatchRequestEntry in the request."],
        ["SendMessageBatch", { QueueUrl: q, Entries: [] }, 400, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request."],
        ["SetQueueAttributes", { QueueUrl: q, Attributes: { Odd: "1" } }, 400, "InvalidAttributeName", "InvalidAttributeName", "Unknown Attribute Odd."],
    ];
    for (const [operation, input, status, type, code, message] of cases)
        assert.deepStrictEqual(await json(operation, input), [status, `com.amazonaws.sqs#${type}`, `${code};Sender`, message], operation);
    const missing = await query({ Action: "PurgeQueue", QueueUrl: none });
    assert.strictEqual(missing.status, 400);
    assert.match(missing.text, /<Error><Type>Sender<\/Type><Code>AWS\.SimpleQueueService\.NonExistentQueue<\/Code><Message>The specified queue does not exist for this wsdl version\.<\/Message><Detail\/><\/Error>/);
    const empty = await query({ Action: "SendMessageBatch", QueueUrl: q });
    assert.match(empty.text, /<Code>AWS\.SimpleQueueService\.EmptyBatchRequest<\/Code><Message>There should be at least one SendMessageBatchRequestEntry in the request\./);
    const odd = await query({ Action: "FooBar" }, { url: q });
    assert.match(odd.text, /<Code>InvalidAction<\/Code><Message>The action FooBar is not valid for this endpoint\./);
    await sqs.send(new PurgeQueueCommand({ QueueUrl: q }));
    assert.deepStrictEqual((await json("PurgeQueue", { QueueUrl: q })).slice(0, 3), [403, "com.amazonaws.sqs#PurgeQueueInProgress", "AWS.SimpleQueueService.PurgeQueueInProgress;Sender"]);
});

test("a queue's URL is an endpoint: Query by GET and POST, with and without a slash, needs no QueueUrl", async () => {
    const q = await create("endpoint"), other = await create("endpoint-other");
    for (const url of [q, `${q}/`]) for (const method of ["GET", "POST"]) {
        const { status, text } = await query({ Action: "GetQueueAttributes", "AttributeName.1": "QueueArn" }, { url, method });
        assert.strictEqual(status, 200, `${method} ${url}: ${text}`);
        assert.match(text, /<Value>arn:aws:sqs:us-east-1:000000000000:endpoint<\/Value>/);
        assert.strictEqual((await query({ Action: "SendMessage", MessageBody: `${method} m` }, { url, method })).status, 200);
    }
    assert.deepStrictEqual(bodies(await receive(q)).sort(), ["GET m", "GET m", "POST m", "POST m"]);
    const named = await query({ Action: "GetQueueAttributes", "AttributeName.1": "QueueArn", QueueUrl: other }, { url: q });
    assert.match(named.text, /:endpoint-other</, "a QueueUrl of the request goes before its path");
    assert.match((await query({ Action: "ListQueues" }, { url: q })).text, /The action ListQueues is not valid for this endpoint\./);
    const permitted = await fetch(`${q}?Action=AddPermission&Label=l&AWSAccountId.1=111122223333&ActionName.1=SendMessage`);
    assert.strictEqual(permitted.status, 200, "an action that SNS has too is this queue's");
    assert.strictEqual(JSON.parse((await attributes(q)).Policy).Version, "2008-10-17");
    assert.match((await query({ Action: "PurgeQueue" }, { url: q.replace("endpoint", "nobody") })).text, /NonExistentQueue/);
    await refuses(sqs.send(new PurgeQueueCommand({ QueueUrl: "https://sqs.eu-west-1.amazonaws.com/000000000000/endpoint" })), "InvalidAddress", /is not valid for this endpoint/);
    await refuses(sqs.send(new PurgeQueueCommand({ QueueUrl: "https://eu-west-1.queue.amazonaws.com/000000000000/endpoint" })), "InvalidAddress");
    await sqs.send(new PurgeQueueCommand({ QueueUrl: "https://sqs.us-east-1.amazonaws.com/000000000000/endpoint" }));
    await refuses(sqs.send(new PurgeQueueCommand({ QueueUrl: q.replace("000000000000", "111122223333") })), "QueueDoesNotExist");
    await refuses(sqs.send(new GetQueueUrlCommand({ QueueName: "endpoint", QueueOwnerAWSAccountId: "111122223333" })), "QueueDoesNotExist");
});

test("attributes are taken in AWS's forms; creating again with what is so, or with the defaults, is the same queue", async () => {
    const f = await fifo("forms", { FifoQueue: "True", ContentBasedDeduplication: "TRUE" });
    const a = await attributes(f);
    assert.deepStrictEqual([a.FifoQueue, a.ContentBasedDeduplication, a.SqsManagedSseEnabled], ["true", "true", "true"]);
    assert.strictEqual(await fifo("forms", { ContentBasedDeduplication: "true", DeduplicationScope: "queue", FifoThroughputLimit: "perQueue", VisibilityTimeout: "30", SqsManagedSseEnabled: "True" }), f);
    await refuses(fifo("forms", { ContentBasedDeduplication: "false" }), "QueueNameExists", /a different value for attribute ContentBasedDeduplication$/);
    await refuses(fifo("forms", { DeduplicationScope: "messageGroup" }), "QueueNameExists", /DeduplicationScope$/);
    const arn = (await attributes(await create("forms-dead"))).QueueArn;
    const q = await create("forms", { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 3 }) });
    assert.strictEqual(await create("forms", { RedrivePolicy: `{ "deadLetterTargetArn": "${arn}", "maxReceiveCount": 3 }`, Policy: "" }), q);
    await refuses(create("forms", { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 4 }) }), "QueueNameExists", /RedrivePolicy$/);
    for (const name of ["FifoThroughputLimit", "DeduplicationScope"])
        await refuses(create("forms-plain", { [name]: "perQueue" }), "InvalidAttributeName", new RegExp(`You can specify the ${name} only when FifoQueue is set to true\\.`));
    await refuses(create("forms-plain", { FifoQueue: "false" }), "InvalidAttributeName", /Unknown Attribute FifoQueue\./);
    await refuses(create("forms-plain", { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: "dummy", maxReceiveCount: 42 }) }), "InvalidParameterValue", /Reason: Invalid value for deadLetterTargetArn\.$/);
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: "$sqs_queue_arn" } });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: q, Attributes: { Policy } }));
    assert.strictEqual((await attributes(q)).Policy, Policy);
    await refuses(sqs.send(new SetQueueAttributesCommand({ QueueUrl: q, Attributes: { Policy: Policy.replace("Allow", "Perhaps") } })), "InvalidAttributeValue", /Policy/);
});

test("a FIFO queue gives as many of one group as it has, and refuses a handle whose time is up", async () => {
    const q = await fifo("grouped", { ContentBasedDeduplication: "true" });
    for (const [body, MessageGroupId] of [["g1-m1", "1"], ["g2-m1", "2"], ["g1-m2", "1"], ["g3-m1", "3"], ["g2-m2", "2"]]) await send(q, body, { MessageGroupId, DelaySeconds: 0 });
    await refuses(send(q, "late", { MessageGroupId: "1", DelaySeconds: 2 }), "InvalidParameterValue", /Value 2 for parameter DelaySeconds is invalid/);
    const first = await receive(q, { MaxNumberOfMessages: 4 });
    assert.deepStrictEqual(bodies(first), ["g1-m1", "g1-m2", "g2-m1", "g2-m2"]);
    assert.deepStrictEqual(bodies(await receive(q)), ["g3-m1"]);
    const remove = (m) => sqs.send(new DeleteMessageCommand({ QueueUrl: q, ReceiptHandle: m.ReceiptHandle }));
    await remove(first[0]);
    await remove(first[0]);
    await s.advance(31);
    const e = await refuses(remove(first[1]), "InvalidParameterValue", /The receipt handle has expired\.$/);
    assert.ok(e.message.startsWith(`Value ${first[1].ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: `));
    const batch = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: q, Entries: [{ Id: "a", ReceiptHandle: first[1].ReceiptHandle }] }));
    assert.deepStrictEqual(batch.Failed.map((x) => x.Code), ["InvalidParameterValue"]);
    const again = await receive(q);
    assert.deepStrictEqual(bodies(again), ["g2-m1", "g2-m2", "g1-m2", "g3-m1"], "the oldest message is now of the second group");
    await refuses(remove(first[1]), "InvalidParameterValue", /expired/);
    for (const m of again) await remove(m);
    assert.deepStrictEqual(await receive(q), []);
    const entries = (Entries) => sqs.send(new SendMessageBatchCommand({ QueueUrl: q, Entries }));
    await refuses(entries([{ Id: "a", MessageBody: "whole", MessageGroupId: "1" }, { Id: "b", MessageBody: "x" }]), "InvalidParameterValue", /must contain the parameter MessageGroupId\.$/);
    const strict = await fifo("grouped-strict");
    await refuses(sqs.send(new SendMessageBatchCommand({ QueueUrl: strict, Entries: [{ Id: "a", MessageBody: "x", MessageGroupId: "1" }] })), "InvalidParameterValue", /ContentBasedDeduplication enabled/);
    assert.deepStrictEqual(await receive(q), [], "nothing of a batch that failed was sent");
});

test("a standard queue takes groups: one that sent many does not make the others wait", async () => {
    const q = await create("fair");
    for (const part of [0, 1, 2])
        await sqs.send(new SendMessageBatchCommand({ QueueUrl: q, Entries: Array.from({ length: 10 }, (_, i) => ({ Id: `e${i}`, MessageBody: `noisy-${part}${i}`, MessageGroupId: "noisy" })) }));
    await send(q, "quiet", { MessageGroupId: "quiet" });
    await send(q, "alone");
    const got = await receive(q, { MaxNumberOfMessages: 4 });
    assert.deepStrictEqual(bodies(got), ["noisy-00", "quiet", "alone", "noisy-01"]);
    assert.deepStrictEqual(got.map((m) => [m.Attributes.MessageGroupId, m.Attributes.SequenceNumber]),
        [["noisy", undefined], ["quiet", undefined], [undefined, undefined], ["noisy", undefined]]);
    const seen = new Set(bodies(got));
    for (;;) {
        const more = await receive(q);
        if (!more.length) break;
        for (const b of bodies(more)) { assert.ok(!seen.has(b), `${b} twice`); seen.add(b); }
    }
    assert.strictEqual(seen.size, 32);
});

test("message attributes: names asked for, letters of any alphabet, and what no message may hold", async () => {
    const q = await create("named", { VisibilityTimeout: "0" }), v = (StringValue) => ({ DataType: "String", StringValue });
    await send(q, "m", { MessageAttributes: { Hello: v("There"), "Help.Me": v("Me"), General: v("Kenobi"), "attr.1øßä": v("x") } });
    const cases = [[["All"], 4], [[".*"], 4], [["*"], 4], [["Hel.*"], 2], [["Help.*"], 1], [["Hello", "Nobody"], 1], [["Nobody"], 0], [["attr.1øßä"], 1], [[".."], undefined], [undefined, undefined]];
    for (const [MessageAttributeNames, n] of cases) {
        const [m] = await receive(q, { MessageAttributeNames });
        assert.strictEqual(m.MessageAttributes && Object.keys(m.MessageAttributes).length, n, String(MessageAttributeNames));
    }
    for (const name of ["a b", "?x", "a..b", "AWS.x", "a\u00b7"])
        await refuses(send(q, "m", { MessageAttributes: { [name]: v("x") } }), "InvalidParameterValue", /Message \(user\) attribute name/);
    await refuses(send(q, "m", { MessageAttributes: { a: v("\u0001") } }), "InvalidParameterValue", /Invalid characters found/);
    await refuses(send(q, "\u0001"), "InvalidMessageContents");
    await refuses(send(q, "\uffff"), "InvalidMessageContents");
    await refuses(send(q, "m", { MessageAttributes: { a: v("") } }), "InvalidParameterValue", /Message \(user\) attribute 'a' must contain a non-empty value of type 'String'\./);
    const big = { DataType: "String", StringValue: "x".repeat(600000) };
    await refuses(sqs.send(new SendMessageBatchCommand({ QueueUrl: q, Entries: [1, 2].map((n) => ({ Id: `e${n}`, MessageBody: "m", MessageAttributes: { a: big } })) })), "BatchRequestTooLong");
});

test("the trace of a request goes with its messages", async () => {
    const q = await create("traced"), trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    await json("SendMessage", { QueueUrl: q, MessageBody: "by header" }, { "x-amzn-trace-id": trace });
    await json("SendMessageBatch", { QueueUrl: q, Entries: [{ Id: "a", MessageBody: "in a batch" }] }, { "x-amzn-trace-id": trace });
    await json("SendMessage", { QueueUrl: q, MessageBody: "own", MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: "Root=2" } } }, { "x-amzn-trace-id": trace });
    await send(q, "none");
    assert.deepStrictEqual((await receive(q)).map((m) => [m.Body, m.Attributes.AWSTraceHeader]), [["by header", trace], ["in a batch", trace], ["own", "Root=2"], ["none", undefined]]);
});

test("what is not there is 404 for move tasks; a batch names what failed by Query's codes", async () => {
    const q = await create("codes"), arn = (await attributes(q)).QueueArn;
    await create("codes-source", { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 1 }) });
    const gone = Buffer.from(JSON.stringify({ taskId: "1b2f0d8c-0000-0000-0000-000000000000", sourceArn: arn })).toString("base64");
    const status = (e) => e.$metadata.httpStatusCode;
    assert.strictEqual(status(await refuses(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: gone })), "ResourceNotFoundException", /Task does not exist/)), 404);
    const lost = Buffer.from(JSON.stringify({ taskId: "x", sourceArn: `${arn}-nobody` })).toString("base64");
    assert.strictEqual(status(await refuses(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: lost })), "ResourceNotFoundException", /SourceArn parameter doesn't exist/)), 404);
    const { TaskHandle } = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn }));
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(TaskHandle, "base64")), sourceArn: `${arn}-source` })).toString("base64");
    await refuses(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle: forged })), "ResourceNotFoundException", /Task does not exist/);
    assert.strictEqual(status(await refuses(sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn, DestinationArn: `${arn}-nobody` })), "ResourceNotFoundException")), 404);
    await refuses(sqs.send(new StartMessageMoveTaskCommand({ SourceArn: arn.replace("us-east-1", "eu-west-1") })), "ResourceNotFoundException");
    await send(q, "m");
    const [m] = await receive(q);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: q, ReceiptHandle: m.ReceiptHandle }));
    const r = await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: q, Entries: [{ Id: "a", ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 1 }] }));
    assert.deepStrictEqual(r.Failed.map((e) => e.Code), ["InvalidParameterValue"]);
    await sqs.send(new AddPermissionCommand({ QueueUrl: q, Label: "l", AWSAccountIds: ["111122223333"], Actions: ["SendMessage"] }));
    assert.strictEqual(JSON.parse((await attributes(q)).Policy).Version, "2008-10-17");
});
