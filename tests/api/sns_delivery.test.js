// SPDX-License-Identifier: Apache-2.0
// Topics: FIFO, delivery policies, permissions, and whose links may be followed.
"use strict";
const assert = require("node:assert");
const http = require("node:http");
const { test } = require("node:test");
const {
    SNSClient, CreateTopicCommand, SubscribeCommand, PublishCommand, PublishBatchCommand, ConfirmSubscriptionCommand, ListSubscriptionsByTopicCommand,
    GetSubscriptionAttributesCommand, SetSubscriptionAttributesCommand, GetTopicAttributesCommand, SetTopicAttributesCommand,
    AddPermissionCommand, RemovePermissionCommand, ListSubscriptionsCommand,
} = require("@aws-sdk/client-sns");
const { SQSClient } = require("@aws-sdk/client-sqs");
const { serve, later } = require("../lib/file");
const { queues, topics, endpoint } = require("../lib/queues");
const { refuses, until } = require("../lib/slipway");

const s = serve(), sns = later(s, SNSClient), sqs = later(s, SQSClient);
const { queue, receive } = queues(sqs), { topic } = topics(sns);

async function subscribed(TopicArn, hook, Attributes) {
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: hook.url, Attributes }));
    await until("the confirmation arrives", () => hook.got.length === 1);
    return (await sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: JSON.parse(hook.got[0].body).Token }))).SubscriptionArn;
}
const retries = (healthyRetryPolicy, more = {}) => JSON.stringify({ healthyRetryPolicy, ...more });

test("a subscription's delivery policy says how often and when an endpoint is tried again", async (t) => {
    const TopicArn = await topic("retried"), hook = await endpoint(t, (n) => (n === 1 ? 200 : 503));
    const policy = { minDelayTarget: 5, maxDelayTarget: 60, numRetries: 3, numNoDelayRetries: 1, numMinDelayRetries: 1, numMaxDelayRetries: 1 };
    const SubscriptionArn = await subscribed(TopicArn, hook, { DeliveryPolicy: retries(policy, { requestPolicy: { headerContentType: "application/json" } }) });
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    assert.strictEqual(JSON.parse(Attributes.EffectiveDeliveryPolicy).healthyRetryPolicy.numRetries, 3);
    await sns.send(new PublishCommand({ TopicArn, Message: "m" }));
    await until("the message and the retry without delay", () => hook.got.length === 3);
    assert.strictEqual(hook.got[1].headers["content-type"], "application/json");
    await s.advance(4);
    assert.strictEqual(hook.got.length, 3, "the next waits five seconds");
    await s.advance(2);
    await until("the retry after the least delay", () => hook.got.length === 4);
    await s.advance(50);
    assert.strictEqual(hook.got.length, 4, "the last waits a minute");
    await s.advance(11);
    await until("the last retry", () => hook.got.length === 5);
    await s.advance(600);
    assert.strictEqual(hook.got.length, 5);
});

test("a topic's delivery policy is the subscriptions' unless they have one, and may forbid theirs", async (t) => {
    const policy = (more) => JSON.stringify({ http: { defaultHealthyRetryPolicy: { minDelayTarget: 1, maxDelayTarget: 2, numRetries: 7 }, ...more } });
    const TopicArn = await topic("policies", { DeliveryPolicy: policy() }), hook = await endpoint(t);
    const SubscriptionArn = await subscribed(TopicArn, hook);
    const effective = async () => JSON.parse((await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).Attributes.EffectiveDeliveryPolicy).healthyRetryPolicy.numRetries;
    assert.strictEqual(await effective(), 7);
    await sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName: "DeliveryPolicy", AttributeValue: retries({ numRetries: 9 }) }));
    assert.strictEqual(await effective(), 9);
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "DeliveryPolicy", AttributeValue: policy({ disableSubscriptionOverrides: true }) }));
    assert.strictEqual(await effective(), 7);
    assert.strictEqual(JSON.parse((await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes.EffectiveDeliveryPolicy).http.defaultHealthyRetryPolicy.numRetries, 7);
    const bad = (AttributeValue, message) => refuses(sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName: "DeliveryPolicy", AttributeValue })), "InvalidParameterException", message);
    await bad(retries({ numRetries: 101 }), /numRetries/);
    await bad(retries({ minDelayTarget: 30, maxDelayTarget: 20 }), /minDelayTarget/);
    await bad(retries({ numRetries: 1, numNoDelayRetries: 2 }), /numRetries/);
    await bad(retries({ backoffFunction: "random" }), /backoffFunction/);
    await bad(JSON.stringify({ throttlePolicy: { maxReceivesPerSecond: 1 } }), /throttlePolicy/);
    await bad(JSON.stringify({ odd: 1 }), /odd/);
    await bad("{", /JSON/);
});

test("a FIFO topic orders and deduplicates what its FIFO queues get", async () => {
    const TopicArn = await topic("orders.fifo", { FifoTopic: "true" }), q = await queue("orders.fifo", { FifoQueue: "true" }), standard = await queue("orders");
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: q.arn }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: standard.arn, Attributes: { RawMessageDelivery: "true" } }));
    const publish = (Message, MessageGroupId, MessageDeduplicationId) => sns.send(new PublishCommand({ TopicArn, Message, MessageGroupId, MessageDeduplicationId }));
    const first = await publish("one", "g", "1"), again = await publish("one again", "g", "1");
    assert.deepStrictEqual([again.MessageId, again.SequenceNumber], [first.MessageId, first.SequenceNumber]);
    const r = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [
        { Id: "a", Message: "two", MessageGroupId: "g", MessageDeduplicationId: "2" }, { Id: "b", Message: "x", MessageStructure: "json", MessageGroupId: "g", MessageDeduplicationId: "3" }] }));
    assert.deepStrictEqual([r.Successful.map((e) => e.Id), r.Failed.map((e) => e.Id)], [["a"], ["b"]]);
    await refuses(sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [
        { Id: "a", Message: "whole", MessageGroupId: "g", MessageDeduplicationId: "4" }, { Id: "b", Message: "no group" }] })), "InvalidParameterException", /MessageGroupId/);
    assert.ok(r.Successful[0].SequenceNumber > first.SequenceNumber);
    const got = await receive(q);
    assert.deepStrictEqual(got.map((m) => JSON.parse(m.Body).Message), ["one", "two"]);
    assert.deepStrictEqual(got.map((m) => [m.Attributes.MessageGroupId, m.Attributes.MessageDeduplicationId]), [["g", "1"], ["g", "2"]]);
    assert.strictEqual(JSON.parse(got[0].Body).SequenceNumber, first.SequenceNumber);
    assert.deepStrictEqual(Object.keys(JSON.parse(got[0].Body)), ["Type", "Message", "MessageId", "SequenceNumber", "Timestamp", "TopicArn", "UnsubscribeURL"]);
    assert.deepStrictEqual((await receive(standard)).map((m) => m.Body), ["one", "two"]);
    await s.advance(301);
    assert.notStrictEqual((await publish("one", "g", "1")).MessageId, first.MessageId);
    await refuses(publish("x"), "InvalidParameterException", /MessageGroupId/);
    await refuses(publish("x", "g"), "InvalidParameterException", /ContentBasedDeduplication/);
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "ContentBasedDeduplication", AttributeValue: "true" }));
    await publish("x", "g");
    const plain = await topic("plain");
    await refuses(sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: "http://127.0.0.1:1/" })), "InvalidParameterException", /FIFO SQS queue/);
    await refuses(sns.send(new SubscribeCommand({ TopicArn: plain, Protocol: "sqs", Endpoint: q.arn })), "InvalidParameterException", /FIFO SQS Queues/);
    await refuses(sns.send(new PublishCommand({ TopicArn: plain, Message: "x", MessageGroupId: "g g" })), "InvalidParameterException", /MessageGroupId/);
    await refuses(topic("orders2.fifo"), "InvalidParameterException", /Topic Name/);
    await refuses(topic("orders2", { FifoTopic: "true" }), "InvalidParameterException", /\.fifo/);
});

test("permissions are statements of the topic's policy", async () => {
    const TopicArn = await topic("permitted");
    await sns.send(new AddPermissionCommand({ TopicArn, Label: "them", AWSAccountId: ["111122223333"], ActionName: ["Publish"] }));
    const policy = async () => JSON.parse((await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes.Policy).Statement.map((x) => x.Sid);
    assert.deepStrictEqual(await policy(), ["__default_statement_ID", "them"]);
    await refuses(sns.send(new AddPermissionCommand({ TopicArn, Label: "them", AWSAccountId: ["111122223333"], ActionName: ["Publish"] })), "InvalidParameterException", /Already exists/);
    await sns.send(new RemovePermissionCommand({ TopicArn, Label: "them" }));
    assert.deepStrictEqual(await policy(), ["__default_statement_ID"]);
    await refuses(sns.send(new RemovePermissionCommand({ TopicArn, Label: "them" })), "InvalidParameterException", /Label/);
});

test("the links in a message work without credentials, whichever account and region the topic is in", async (t) => {
    const theirs = s.client(SNSClient, { region: "eu-west-1", credentials: { accessKeyId: "111122223333", secretAccessKey: "x" } });
    const { TopicArn } = await theirs.send(new CreateTopicCommand({ Name: "theirs" })), hook = await endpoint(t);
    await theirs.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: hook.url }));
    await until("the confirmation arrives", () => hook.got.length === 1);
    assert.strictEqual((await fetch(JSON.parse(hook.got[0].body).SubscribeURL)).status, 200);
    await theirs.send(new PublishCommand({ TopicArn, Message: "hello" }));
    await until("the notification arrives", () => hook.got.length === 2);
    assert.strictEqual((await fetch(JSON.parse(hook.got[1].body).UnsubscribeURL)).status, 200);
    assert.deepStrictEqual((await theirs.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions, []);
});

test("what cannot be published is refused", async () => {
    const TopicArn = await topic("checked");
    const bad = (more, name, message) => refuses(sns.send(new PublishCommand({ TopicArn, Message: "m", ...more })), name, message);
    await bad({ Message: "" }, "InvalidParameterException", /Empty message/);
    await bad({ Message: "x".repeat(262145) }, "InvalidParameterException", /too long/);
    await bad({ Subject: "two\nlines" }, "InvalidParameterException", /Subject/);
    await bad({ MessageStructure: "xml" }, "InvalidParameterException", /MessageStructure/);
    await bad({ MessageStructure: "json", Message: "{" }, "InvalidParameterException", /parse/);
    await bad({ TargetArn: TopicArn }, "InvalidParameterException", /TargetArn/);
    const attribute = (a, message) => bad({ MessageAttributes: { a } }, "InvalidParameterValueException", message);
    await attribute({ DataType: "Number", StringValue: "x" }, /number/);
    await attribute({ DataType: "Odd", StringValue: "x" }, /Odd|supported type/);
    await attribute({ DataType: "String" }, /non-empty/);
    await attribute({ DataType: "String.Array", StringValue: "x" }, /array/);
    await refuses(sns.send(new PublishCommand({ PhoneNumber: "+491", Message: "m" })), "InvalidParameterException", /PhoneNumber/);
    const batch = (PublishBatchRequestEntries) => sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    await refuses(batch([]), "EmptyBatchRequestException");
    await refuses(batch([{ Id: "a b", Message: "m" }]), "InvalidBatchEntryIdException");
    await refuses(batch([{ Id: "a", Message: "m" }, { Id: "a", Message: "m" }]), "BatchEntryIdsNotDistinctException");
    await refuses(batch([1, 2].map((n) => ({ Id: `e${n}`, Message: "x".repeat(200000) }))), "BatchRequestTooLongException");
});

test("subscriptions come in pages", async () => {
    const TopicArn = await topic("many");
    for (let i = 0; i < 101; i++) await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: `arn:aws:sqs:us-east-1:000000000000:many-${i}` }));
    const first = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    const second = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken: first.NextToken }));
    assert.deepStrictEqual([first.Subscriptions.length, second.Subscriptions.length, second.NextToken], [100, 1, undefined]);
    await refuses(sns.send(new ListSubscriptionsCommand({ NextToken: "mine" })), "InvalidParameterException", /NextToken/);
});
