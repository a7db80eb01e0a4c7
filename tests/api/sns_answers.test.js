// SPDX-License-Identifier: Apache-2.0
// SNS as its recorded answers have it: what is refused and in which words, what is the same again, whom a filter lets through.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const {
    SNSClient, SubscribeCommand, PublishCommand, PublishBatchCommand, ConfirmSubscriptionCommand, ListSubscriptionsByTopicCommand,
    GetSubscriptionAttributesCommand, SetSubscriptionAttributesCommand, GetTopicAttributesCommand, SetTopicAttributesCommand, DeleteTopicCommand,
    TagResourceCommand, ListTagsForResourceCommand, UnsubscribeCommand,
} = require("@aws-sdk/client-sns");
const { SQSClient } = require("@aws-sdk/client-sqs");
const { serve, later } = require("../lib/file");
const { queues, topics, endpoint } = require("../lib/queues");
const { refuses } = require("../lib/slipway");

const s = serve(), sns = later(s, SNSClient), sqs = later(s, SQSClient);
const { queue, receive } = queues(sqs), { topic } = topics(sns);
const subscribe = async (TopicArn, Endpoint, Attributes) => (await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint, Attributes }))).SubscriptionArn;
const set = (SubscriptionArn, AttributeName, AttributeValue) => sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
const invalid = (promise, message) => refuses(promise, "InvalidParameterException").then((e) => assert.strictEqual(e.message, `Invalid parameter: ${message}`));

test("a filter on the body takes a dot for a step down, in the policy and in the body, and looks into lists in lists", async () => {
    const TopicArn = await topic("dotted"), q = await queue("dotted");
    const arn = await subscribe(TopicArn, q.arn, { RawMessageDelivery: "true", FilterPolicyScope: "MessageBody", FilterPolicy: JSON.stringify({ "object.nested": ["yes"] }) });
    const delivers = async (policy, body, want) => {
        await set(arn, "FilterPolicy", JSON.stringify(policy));
        const Message = JSON.stringify(body);
        await sns.send(new PublishCommand({ TopicArn, Message }));
        assert.deepStrictEqual((await receive(q)).map((m) => m.Body), want ? [Message] : [], `${JSON.stringify(policy)} on ${Message}`);
    };
    for (const [policy, body, want] of [
        [{ "object.nested": ["yes"] }, { object: { nested: "yes" } }, true],
        [{ "object.nested": ["yes"] }, { object: { nested: "no" } }, false],
        [{ object: { nested: ["yes"] } }, { "object.nested": "yes" }, true],
        [{ "object.nested": ["yes"] }, { "object.nested": "yes" }, true],
        [{ "a.b": ["1"], "a.c": ["2"] }, { a: { b: "1", c: "2" } }, true],
        [{ "a.b": ["1"], "a.c": ["2"] }, { a: { b: "1", c: "3" } }, false],
        [{ records: { tags: ["x"] } }, { records: [{ tags: ["y", "x"] }, { tags: "z" }] }, true],
        [{ records: { tags: ["x"] } }, { records: [{ tags: [["y"], ["x"]] }] }, true],
        [{ records: { tags: ["x"] } }, { records: [[{ tags: "y" }], [{ tags: "x" }]] }, true],
        [{ records: { tags: ["x"] } }, { records: [[{ tags: "y" }]] }, false],
        [{ $or: [{ "a.b": ["1"] }, { c: [{ prefix: "x.y" }] }] }, { c: "x.y.z" }, true],
    ]) await delivers(policy, body, want);
});

test("a filter on attributes: null is no attribute that is absent, and dots are part of names", async () => {
    const TopicArn = await topic("by-attribute"), q = await queue("by-attribute");
    const arn = await subscribe(TopicArn, q.arn, { RawMessageDelivery: "true", FilterPolicy: JSON.stringify({ attr1: [null, { "anything-but": "x" }] }) });
    const publish = (Message, attributes = {}) => sns.send(new PublishCommand({ TopicArn, Message,
        MessageAttributes: Object.fromEntries(Object.entries(attributes).map(([k, StringValue]) => [k, { DataType: "String", StringValue }])) }));
    await publish("absent");
    await publish("x", { attr1: "x" });
    await publish("y", { attr1: "y" });
    assert.deepStrictEqual((await receive(q)).map((m) => m.Body), ["y"]);
    await set(arn, "FilterPolicy", JSON.stringify({ "a.b": ["1"] }));
    await publish("dotted", { "a.b": "1" });
    assert.deepStrictEqual((await receive(q)).map((m) => m.Body), ["dotted"]);
    await set(arn, "FilterPolicy", "");
    await publish("all");
    assert.deepStrictEqual((await receive(q)).map((m) => m.Body), ["all"]);
});

test("filter policies and redrive policies are refused in AWS's words", async () => {
    const TopicArn = await topic("bad-filters"), q = await queue("bad-filters"), arn = await subscribe(TopicArn, q.arn);
    const five = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, ["v"]]));
    const many = (n) => Array.from({ length: n }, (_, i) => `v${i}`);
    for (const [policy, scope, message] of [
        ["{", "MessageAttributes", /^FilterPolicy: failed to parse JSON\./],
        [{ key: "value" }, "MessageAttributes", /^FilterPolicy: "key" must be an object or an array/],
        [{ key: [{ "wrong-operator": true }] }, "MessageAttributes", /^FilterPolicy: Unrecognized match type wrong-operator/],
        [{ key: [{ suffix: 100 }] }, "MessageAttributes", /^FilterPolicy: suffix match pattern must be a string/],
        [five(6), "MessageAttributes", /^FilterPolicy: Filter policy can not have more than 5 keys$/],
        [{ a: many(151) }, "MessageAttributes", /^FilterPolicy: Filter policy is too complex$/],
        [{ a: many(15), b: many(11) }, "MessageAttributes", /^FilterPolicy: Filter policy is too complex$/],
        [{ a: { b: { c: many(4) } }, d: { e: many(3) }, f: many(3) }, "MessageBody", /^FilterPolicy: Filter policy is too complex$/],
        [{ a: { b: ["x"] } }, "MessageAttributes", /^Filter policy scope MessageAttributes does not support nested filter policy$/],
    ]) {
        await set(arn, "FilterPolicyScope", scope);
        const FilterPolicy = typeof policy === "string" ? policy : JSON.stringify(policy);
        const e = await refuses(set(arn, "FilterPolicy", FilterPolicy), "InvalidParameterException");
        assert.match(e.message.replace(/^Invalid parameter: /, ""), message);
        const other = await refuses(subscribe(TopicArn, `${q.arn}-new`, { FilterPolicy, FilterPolicyScope: scope }), "InvalidParameterException");
        assert.match(other.message.replace(/^Invalid parameter: (Attributes Reason: )?/, ""), message);
    }
    await set(arn, "FilterPolicyScope", "MessageAttributes");
    await set(arn, "FilterPolicy", JSON.stringify({ a: many(150) }));
    await invalid(set(arn, "FilterPolicyScope", "RandomValue"), "FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes");
    await invalid(set(arn, "RawMessageDelivery", "maybe"), "RawMessageDelivery: Invalid value [maybe]. Must be true or false.");
    await invalid(subscribe(TopicArn, `${q.arn}-new`, { RawMessageDelivery: "maybe" }), "Attributes Reason: RawMessageDelivery: Invalid value [maybe]. Must be true or false.");
    await invalid(set(arn, "RedrivePolicy", "{invalidjson}"), "RedrivePolicy: failed to parse JSON.");
    await invalid(set(arn, "RedrivePolicy", JSON.stringify({ deadLetterTargetArn: "queue" })), "RedrivePolicy: deadLetterTargetArn is an invalid arn");
    const ordered = await topic("bad-filters.fifo", { FifoTopic: "true" }), f = await queue("bad-filters.fifo", { FifoQueue: "true" }), sub = await subscribe(ordered, f.arn);
    await invalid(set(sub, "RedrivePolicy", JSON.stringify({ deadLetterTargetArn: q.arn })), "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.");
    await set(sub, "RedrivePolicy", JSON.stringify({ deadLetterTargetArn: `${q.arn}-dead.fifo` }));
});

test("the same again, or with the defaults, is the same topic and the same subscription", async () => {
    const TopicArn = await topic("again"), q = await queue("again");
    assert.strictEqual(await topic("again", { FifoTopic: "false" }), TopicArn);
    assert.strictEqual(await topic("again", { FifoTopic: "False", DisplayName: "", SQSSuccessFeedbackSampleRate: "0" }), TopicArn);
    const ordered = await topic("again.fifo", { FifoTopic: "True", ContentBasedDeduplication: "False" });
    assert.strictEqual(await topic("again.fifo", { FifoTopic: "true", ContentBasedDeduplication: "false" }), ordered);
    await invalid(topic("again.fifo", { FifoTopic: "true", ContentBasedDeduplication: "true" }), "Attributes Reason: Topic already exists with different attributes");
    const arn = await subscribe(TopicArn, q.arn, { RawMessageDelivery: "true" });
    assert.strictEqual(await subscribe(TopicArn, q.arn, { RawMessageDelivery: "True" }), arn);
    assert.strictEqual(await subscribe(TopicArn, q.arn, { FilterPolicyScope: "MessageAttributes" }), arn);
    assert.strictEqual(await subscribe(TopicArn, q.arn), arn);
    await invalid(subscribe(TopicArn, q.arn, { RawMessageDelivery: "false" }), "Attributes Reason: Subscription already exists with different attributes");
    const attributes = async () => (await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }))).Attributes;
    assert.deepStrictEqual([(await attributes()).RawMessageDelivery, (await attributes()).FilterPolicyScope], ["true", undefined]);
    await set(arn, "FilterPolicy", "{\"a\":[\"b\"]}");
    assert.strictEqual((await attributes()).FilterPolicyScope, "MessageAttributes", "the scope is shown with a policy");
    assert.strictEqual(await subscribe(TopicArn, q.arn, { FilterPolicy: "{ \"a\": [\"b\"] }" }), arn);
    const first = (await sns.send(new GetTopicAttributesCommand({ TopicArn: ordered }))).Attributes;
    assert.deepStrictEqual([first.FifoTopic, first.ContentBasedDeduplication, first.FifoThroughputScope], ["true", "false", undefined]);
});

test("delivery feedback of none is taken for every kind of endpoint, any other is refused by name", async () => {
    const TopicArn = await topic("feedback"), change = (AttributeName, AttributeValue) => sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));
    for (const kind of ["HTTP", "Lambda", "SQS", "Firehose", "Application"]) {
        await change(`${kind}SuccessFeedbackSampleRate`, "0");
        await change(`${kind}SuccessFeedbackRoleArn`, "");
        await invalid(change(`${kind}SuccessFeedbackSampleRate`, "10"), `Attributes Reason: ${kind}SuccessFeedbackSampleRate is not available`);
        await invalid(change(`${kind}FailureFeedbackRoleArn`, "arn:aws:iam::000000000000:role/r"), `Attributes Reason: ${kind}FailureFeedbackRoleArn is not available`);
        await refuses(change(`${kind}SuccessFeedbackSampleRate`, "101"), "InvalidParameterException", /Invalid value \[101\]/);
        assert.strictEqual((await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes[`${kind}SuccessFeedbackSampleRate`], "0");
    }
    await refuses(change("OddSuccessFeedbackSampleRate", "0"), "InvalidParameterException", /Unknown attribute/);
});

test("an ARN that is malformed or of another region is refused, whatever is done with it", async () => {
    const TopicArn = await topic("arns"), elsewhere = TopicArn.replace("us-east-1", "eu-west-1"), q = await queue("arns");
    const operations = [
        (arn) => new PublishCommand({ TopicArn: arn, Message: "m" }), (arn) => new PublishCommand({ TargetArn: arn, Message: "m" }),
        (arn) => new PublishBatchCommand({ TopicArn: arn, PublishBatchRequestEntries: [{ Id: "a", Message: "m" }] }),
        (arn) => new SubscribeCommand({ TopicArn: arn, Protocol: "sqs", Endpoint: q.arn }), (arn) => new GetTopicAttributesCommand({ TopicArn: arn }),
        (arn) => new SetTopicAttributesCommand({ TopicArn: arn, AttributeName: "DisplayName", AttributeValue: "x" }),
        (arn) => new ListSubscriptionsByTopicCommand({ TopicArn: arn }), (arn) => new DeleteTopicCommand({ TopicArn: arn }),
    ];
    for (const make of operations) {
        await invalid(sns.send(make(elsewhere)), "TopicArn");
        await invalid(sns.send(make("arn")), "TopicArn Reason: An ARN must have at least 6 elements, not 1");
        await invalid(sns.send(make("arn:aws")), "TopicArn Reason: An ARN must have at least 6 elements, not 2");
    }
    const foreign = TopicArn.replace("000000000000", "111122223333");
    for (const make of operations) await refuses(sns.send(make(foreign)), "NotFoundException");
    await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    await invalid(sns.send(new PublishCommand({ Message: "m" })), "TopicArn or TargetArn Reason: no value for required parameter");
    await invalid(sns.send(new UnsubscribeCommand({ SubscriptionArn: "arn:aws:sns:us-east-1:111111111111:random" })), "SubscriptionId");
    for (const make of [(SubscriptionArn) => new UnsubscribeCommand({ SubscriptionArn }), (SubscriptionArn) => new GetSubscriptionAttributesCommand({ SubscriptionArn })]) {
        await invalid(sns.send(make("random")), "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1");
        await invalid(sns.send(make("arn:random")), "SubscriptionArn Reason: An ARN must have at least 6 elements, not 2");
    }
    const gone = `${TopicArn}:11111111-2222-3333-4444-555555555555`;
    await sns.send(new UnsubscribeCommand({ SubscriptionArn: gone }));
    await refuses(sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: gone })), "NotFoundException");
    await invalid(sns.send(new ConfirmSubscriptionCommand({ TopicArn: `${TopicArn}-nobody`, Token: "x" })), "Token");
    await invalid(sns.send(new ConfirmSubscriptionCommand({ TopicArn, Token: "x" })), "Token");
    const add = (ResourceArn, ...keys) => sns.send(new TagResourceCommand({ ResourceArn, Tags: keys.map((Key) => ({ Key, Value: "v" })) }));
    await invalid(add(TopicArn, "k", "k"), "Duplicated keys are not allowed.");
    await invalid(topic("arns-tags", {}, [{ Key: "k", Value: "1" }, { Key: "k", Value: "2" }]), "Duplicated keys are not allowed.");
    await add(TopicArn, "k", "l");
    assert.strictEqual((await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags.length, 2);
    await refuses(add(`${TopicArn}-nobody`, "k"), "ResourceNotFoundException", /Resource does not exist/);
    await invalid(sns.send(new SubscribeCommand({ TopicArn, Protocol: "carrier-pigeon", Endpoint: "x" })), "Amazon SNS does not support this protocol string: carrier-pigeon");
});

test("a batch of which an entry is malformed is refused whole", async () => {
    const TopicArn = await topic("batches.fifo", { FifoTopic: "true" }), q = await queue("batches.fifo", { FifoQueue: "true" });
    await subscribe(TopicArn, q.arn);
    const good = { Id: "good", Message: "m", MessageGroupId: "g", MessageDeduplicationId: "1" };
    const batch = (...more) => sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [good, ...more] }));
    const other = { ...good, Id: "other", MessageDeduplicationId: "2" };
    await invalid(batch({ ...other, MessageGroupId: undefined }), "The MessageGroupId parameter is required for FIFO topics");
    await refuses(batch({ ...other, MessageDeduplicationId: undefined }), "InvalidParameterException", /ContentBasedDeduplication/);
    await refuses(batch({ ...other, MessageAttributes: { a: { DataType: "String", StringValue: "" } } }), "InvalidParameterValueException", /non-empty/);
    await refuses(batch({ ...other, MessageAttributes: { a: { DataType: "String.", StringValue: "x" } } }), "InvalidParameterValueException", /invalid message attribute type/);
    await refuses(batch({ ...other, Id: "x".repeat(81) }), "InvalidBatchEntryIdException", /^The Id of a batch entry in the batch request is too long: x{81}$/);
    await refuses(batch({ ...other, Id: "a b" }), "InvalidBatchEntryIdException", /doesn't abide by the specification\.$/);
    const big = { a: { DataType: "String", StringValue: "x".repeat(262000) } };
    await refuses(batch({ ...other, MessageAttributes: big }, { ...other, Id: "third", MessageAttributes: big }), "BatchRequestTooLongException");
    assert.deepStrictEqual(await receive(q), [], "nothing of them was published");
    await batch(other);
    const envelope = JSON.parse((await receive(q))[0].Body);
    assert.deepStrictEqual(["Signature", "SignatureVersion", "SigningCertURL"].filter((k) => k in envelope), [], "a FIFO topic's messages are not signed");
});

test("a standard topic hands groups and traces on to its queues; the certificate has a name of its own", async () => {
    const TopicArn = await topic("handed"), q = await queue("handed"), trace = "Root=1-5759e988-bd862e3fe1be46a994272793";
    await subscribe(TopicArn, q.arn);
    const r = await fetch(s.endpoint, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", "x-amzn-trace-id": trace },
        body: new URLSearchParams({ Action: "Publish", Version: "2010-03-31", TopicArn, Message: "m", MessageGroupId: "tenant-1" }) });
    assert.strictEqual(r.status, 200);
    const [m] = await receive(q);
    assert.deepStrictEqual([m.Attributes.MessageGroupId, m.Attributes.AWSTraceHeader], ["tenant-1", trace]);
    const { SigningCertURL } = JSON.parse(m.Body);
    assert.match(SigningCertURL, /\/SimpleNotificationService-[0-9a-f]{32}\.pem$/);
    assert.strictEqual((await fetch(SigningCertURL)).status, 200);
    assert.strictEqual((await fetch(SigningCertURL.replace(/-[0-9a-f]{4}/, "-0000"))).status, 404);
});
