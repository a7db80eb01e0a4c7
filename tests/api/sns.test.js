// SPDX-License-Identifier: Apache-2.0
"use strict";
const assert = require("node:assert");
const crypto = require("node:crypto");
const http = require("node:http");
const { test } = require("node:test");
const {
    SNSClient, SubscribeCommand, PublishCommand, ConfirmSubscriptionCommand, ListSubscriptionsByTopicCommand,
    GetSubscriptionAttributesCommand, GetTopicAttributesCommand, SetTopicAttributesCommand, DeleteTopicCommand, PublishBatchCommand,
    ListTopicsCommand, TagResourceCommand, ListTagsForResourceCommand, UnsubscribeCommand,
} = require("@aws-sdk/client-sns");
const { SQSClient } = require("@aws-sdk/client-sqs");
const { serve, later } = require("../lib/file");
const { queues, topics, endpoint } = require("../lib/queues");
const { refuses, until } = require("../lib/slipway");

const s = serve(), sns = later(s, SNSClient), sqs = later(s, SQSClient);
const { queue, receive } = queues(sqs), { topic } = topics(sns);

// The text that SNS signs, from the message's own members.
function signedText(m) {
    const names = m.Type === "Notification" ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
    return names.filter((n) => m[n] !== undefined).map((n) => `${n}\n${m[n]}\n`).join("");
}
async function verify(m) {
    const pem = await (await fetch(m.SigningCertURL)).text();
    const algorithm = m.SignatureVersion === "2" ? "RSA-SHA256" : "RSA-SHA1";
    return crypto.createVerify(algorithm).update(signedText(m)).verify(new crypto.X509Certificate(pem).publicKey, m.Signature, "base64");
}

test("a queue gets the envelope, or the raw message with its attributes", async () => {
    const TopicArn = await topic("to-queues"), plain = await queue("plain"), raw = await queue("raw");
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: plain.arn }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: raw.arn, Attributes: { RawMessageDelivery: "true" } }));
    const MessageAttributes = { kind: { DataType: "String", StringValue: "order" } };
    const { MessageId } = await sns.send(new PublishCommand({ TopicArn, Message: "hello", Subject: "greeting", MessageAttributes }));
    const envelope = JSON.parse((await receive(plain))[0].Body);
    assert.strictEqual(envelope.Message, "hello");
    assert.strictEqual(envelope.Subject, "greeting");
    assert.strictEqual(envelope.MessageId, MessageId);
    assert.deepStrictEqual(envelope.MessageAttributes, { kind: { Type: "String", Value: "order" } });
    assert.ok(await verify(envelope), "the signature does not fit the certificate");
    const [m] = await receive(raw);
    assert.strictEqual(m.Body, "hello");
    assert.strictEqual(m.MessageAttributes.kind.StringValue, "order");
});

test("filter policies choose by attributes or by the body", async () => {
    const TopicArn = await topic("filtered"), byAttribute = await queue("by-attribute"), byBody = await queue("by-body");
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: byAttribute.arn, Attributes: { RawMessageDelivery: "true",
        FilterPolicy: JSON.stringify({ price: [{ numeric: [">", 10] }], store: [{ "anything-but": ["closed"] }] }) } }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: byBody.arn, Attributes: { RawMessageDelivery: "true",
        FilterPolicyScope: "MessageBody", FilterPolicy: JSON.stringify({ detail: { state: [{ prefix: "FAIL" }] } }) } }));
    const attributes = (price, store) => ({ price: { DataType: "Number", StringValue: String(price) }, store: { DataType: "String", StringValue: store } });
    await sns.send(new PublishCommand({ TopicArn, Message: "cheap", MessageAttributes: attributes(5, "open") }));
    await sns.send(new PublishCommand({ TopicArn, Message: "dear", MessageAttributes: attributes(50, "open") }));
    await sns.send(new PublishCommand({ TopicArn, Message: "shut", MessageAttributes: attributes(50, "closed") }));
    await sns.send(new PublishCommand({ TopicArn, Message: JSON.stringify({ detail: { state: "FAILED" } }) }));
    assert.deepStrictEqual((await receive(byAttribute)).map((m) => m.Body), ["dear"]);
    assert.deepStrictEqual((await receive(byBody)).map((m) => m.Body), [JSON.stringify({ detail: { state: "FAILED" } })]);
    await refuses(sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: byBody.arn, Attributes: { FilterPolicy: "{\"a\":1}" } })), "InvalidParameterException", /different attributes/);
    const other = await queue("other-filter");
    const bad = (attributes, message) => refuses(sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: other.arn, Attributes: attributes })), "InvalidParameterException", message);
    await bad({ FilterPolicy: "{\"a\":1}" }, /FilterPolicy/);
    await bad({ FilterPolicy: JSON.stringify({ a: { b: ["x"] } }) }, /nested/);
    await bad({ FilterPolicy: JSON.stringify(Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`k${n}`, ["x"]]))) }, /more than 5 keys/);
    await bad({ FilterPolicyScope: "Elsewhere" }, /FilterPolicyScope/);
    await bad({ RawMessageDelivery: "maybe" }, /RawMessageDelivery/);
    await bad({ DeliveryPolicy: "{}" }, /HTTP endpoints/);
    await bad({ ReplayPolicy: "{}" }, /ReplayPolicy/);
});

test("an HTTP endpoint confirms its subscription and then gets signed messages", async (t) => {
    const TopicArn = await topic("to-http", { SignatureVersion: "2" }), hook = await endpoint(t);
    const { SubscriptionArn } = await sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: hook.url }));
    assert.strictEqual(SubscriptionArn, "pending confirmation");
    await until("the confirmation arrives", () => hook.got.length === 1);
    const ask = JSON.parse(hook.got[0].body);
    assert.strictEqual(hook.got[0].type, "SubscriptionConfirmation");
    assert.strictEqual(hook.got[0].headers["x-amz-sns-subscription-arn"], undefined);       // there is none before it is confirmed
    assert.ok(await verify(ask));
    await sns.send(new PublishCommand({ TopicArn, Message: "too early" }));
    assert.strictEqual((await fetch(ask.SubscribeURL)).status, 200);
    await sns.send(new PublishCommand({ TopicArn, Message: "now" }));
    await until("the notification arrives", () => hook.got.length === 2);
    const m = JSON.parse(hook.got[1].body);
    assert.strictEqual(m.Message, "now");
    assert.ok(await verify(m));
    const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: Subscriptions[0].SubscriptionArn }));
    assert.strictEqual(Attributes.PendingConfirmation, "false");
    assert.strictEqual(hook.got[1].headers["x-amz-sns-subscription-arn"], Subscriptions[0].SubscriptionArn);
    await refuses(sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: "wrong" })), "InvalidParameterException", /Token/);
});

test("a failing endpoint is tried again on the clock, then its message goes to the dead-letter queue", async (t) => {
    const TopicArn = await topic("fails"), dead = await queue("sns-dead");
    const hook = await endpoint(t, (n) => (n === 1 ? 200 : 500));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: hook.url, Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }) } }));
    await until("the confirmation arrives", () => hook.got.length === 1);
    await sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: JSON.parse(hook.got[0].body).Token }));
    await sns.send(new PublishCommand({ TopicArn, Message: "lost" }));
    for (let tries = 2; tries <= 5; tries++) {
        await until(`try ${tries - 1} arrives`, () => hook.got.length === tries);
        if (tries < 5) await until("the retry is due", async () => { await s.advance(5); return hook.got.length === tries + 1; });
    }
    const m = await until("the dead letter", async () => (await receive(dead))[0]);
    assert.strictEqual(JSON.parse(m.Body).Message, "lost");
    assert.strictEqual(hook.got.length, 5);
});

test("a batch answers entry by entry; JSON structure gives each protocol its text", async () => {
    const TopicArn = await topic("batch"), q = await queue("batch-queue");
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: q.arn, Attributes: { RawMessageDelivery: "true" } }));
    const r = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [
        { Id: "a", Message: JSON.stringify({ default: "d", sqs: "for queues" }), MessageStructure: "json" },
        { Id: "b", Message: "no default", MessageStructure: "json" }] }));
    assert.deepStrictEqual([r.Successful.map((e) => e.Id), r.Failed.map((e) => e.Id)], [["a"], ["b"]]);
    assert.deepStrictEqual((await receive(q)).map((m) => m.Body), ["for queues"]);
});

test("topics keep attributes and tags; creating one twice is one; what cannot be done is refused by name", async () => {
    const TopicArn = await topic("kept", { DisplayName: "Kept" });
    assert.strictEqual(await topic("kept"), TopicArn);
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "DisplayName", AttributeValue: "New" }));
    assert.strictEqual((await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes.DisplayName, "New");
    await sns.send(new TagResourceCommand({ ResourceArn: TopicArn, Tags: [{ Key: "a", Value: "1" }] }));
    assert.deepStrictEqual((await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags, [{ Key: "a", Value: "1" }]);
    assert.ok((await sns.send(new ListTopicsCommand({}))).Topics.some((x) => x.TopicArn === TopicArn));
    await refuses(topic("kept", { DisplayName: "Other" }), "InvalidParameterException", /different attributes/);
    await refuses(topic("trace", { TracingConfig: "Active" }), "InvalidParameterException", /TracingConfig/);
    await refuses(topic("feedback", { HTTPSuccessFeedbackRoleArn: "arn:aws:iam::000000000000:role/r" }), "InvalidParameterException", /HTTPSuccessFeedbackRoleArn/);
    await refuses(topic("odd", { Odd: "1" }), "InvalidParameterException", /Unknown attribute: Odd/);
    await refuses(topic("policy", { Policy: "{}" }), "InvalidParameterException", /Policy/);
    await refuses(sns.send(new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "a@b.c" })), "InvalidParameterException", /email/);
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    await refuses(sns.send(new PublishCommand({ TopicArn, Message: "x" })), "NotFoundException", /Topic does not exist/);
    await refuses(sns.send(new UnsubscribeCommand({ SubscriptionArn: "nonsense" })), "InvalidParameterException");
});

test("the AWS CLI publishes", async () => {
    const { TopicArn } = await s.aws("sns", "create-topic", "--name", "cli");
    const { MessageId } = await s.aws("sns", "publish", "--topic-arn", TopicArn, "--message", "from the cli");
    assert.match(MessageId, /^[0-9a-f-]{36}$/);
});
