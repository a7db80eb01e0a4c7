// SPDX-License-Identifier: Apache-2.0
// --auth strict: what one service sends to another's resource is allowed by that resource's policy, or by the role that the
// sender was given.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const { EventBridgeClient, PutRuleCommand, PutTargetsCommand, PutEventsCommand } = require("@aws-sdk/client-eventbridge");
const { SQSClient, SendMessageCommand, SetQueueAttributesCommand } = require("@aws-sdk/client-sqs");
const { SNSClient, CreateTopicCommand, SubscribeCommand, PublishCommand, SetTopicAttributesCommand } = require("@aws-sdk/client-sns");
const { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand, DescribeAlarmHistoryCommand } = require("@aws-sdk/client-cloudwatch");
const { CloudWatchLogsClient, CreateLogGroupCommand, PutResourcePolicyCommand, DescribeResourcePoliciesCommand, DeleteResourcePolicyCommand,
        FilterLogEventsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { IAMClient, CreateRoleCommand, PutRolePolicyCommand, CreateUserCommand, CreateAccessKeyCommand, PutUserPolicyCommand } = require("@aws-sdk/client-iam");
const { serve, later } = require("../lib/file");
const { queues } = require("../lib/queues");
const { refuses, until } = require("../lib/slipway");
const { document } = require("../lib/strict");

const root = (server) => ({ credentials: server.root });
const s = serve({ args: ["--auth", "strict"] });
const [eb, sqs, sns] = [EventBridgeClient, SQSClient, SNSClient].map((C) => later(s, C, root));
const { queue: made, receive } = queues(sqs);

const service = (name, Action, Resource, Condition) => ({ Effect: "Allow", Principal: { Service: `${name}.amazonaws.com` }, Action, Resource, Condition });
const queue = (name, ...statements) => made(name, statements.length ?
    { Policy: document(...statements.map((f) => f(`arn:aws:sqs:us-east-1:000000000000:${name}`))) } : {});
const lets = (name, source) => (arn) => service(name, "sqs:SendMessage", arn, source && { ArnEquals: { "aws:SourceArn": source } });
const arrives = (q) => until("a message", async () => { const l = await receive(q); return l.length && l; });
async function rule(Name, Targets) {
    await eb.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: [Name] }) }));
    await eb.send(new PutTargetsCommand({ Rule: Name, Targets }));
}
const put = (Source) => eb.send(new PutEventsCommand({ Entries: [{ Source, DetailType: "t", Detail: "{}" }] }));
const ruleArn = (name) => `arn:aws:events:us-east-1:000000000000:rule/${name}`;

test("a queue takes events only of the rule that its policy names; others go to the dead-letter queue", async () => {
    const open = await queue("open", lets("events", ruleArn("open"))), closed = await queue("closed"), other = await queue("other", lets("events", ruleArn("elsewhere")));
    const dead = await queue("dead", lets("events"));
    const DeadLetterConfig = { Arn: dead.arn };
    await rule("open", [{ Id: "open", Arn: open.arn }, { Id: "closed", Arn: closed.arn, DeadLetterConfig }, { Id: "other", Arn: other.arn, DeadLetterConfig }]);
    await put("open");
    await arrives(open);
    const letters = [];
    await until("two dead letters", async () => { letters.push(...await receive(dead)); return letters.length === 2; });
    assert.deepStrictEqual(letters.map((m) => m.MessageAttributes.ERROR_CODE.StringValue), ["NO_PERMISSIONS", "NO_PERMISSIONS"]);
    assert.match(letters[0].MessageAttributes.ERROR_MESSAGE.StringValue, /events\.amazonaws\.com is not authorized to perform: sqs:SendMessage/);
    assert.deepStrictEqual([...await receive(closed), ...await receive(other)], []);
});

test("a target's role delivers what its policies allow", async () => {
    const iam = s.client(IAMClient, root(s)), mine = await queue("mine"), yours = await queue("yours"), dead = await queue("role-dead", lets("events"));
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "sender", AssumeRolePolicyDocument: document({ Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "sts:AssumeRole" }) }));
    await iam.send(new PutRolePolicyCommand({ RoleName: "sender", PolicyName: "p", PolicyDocument: document({ Effect: "Allow", Action: "sqs:SendMessage", Resource: mine.arn }) }));
    await rule("by-role", [mine, yours].map((q, i) => ({ Id: String(i), Arn: q.arn, RoleArn: Role.Arn, DeadLetterConfig: { Arn: dead.arn } })));
    await put("by-role");
    await arrives(mine);
    const [letter] = await arrives(dead);
    assert.strictEqual(letter.MessageAttributes.TARGET_ARN.StringValue, yours.arn);
});

test("a topic's messages reach queues that let the topic in", async () => {
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "news" }));
    const open = await queue("news-open", lets("sns", TopicArn)), closed = await queue("news-closed"), dead = await queue("news-dead", lets("sns"));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: open.arn }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: closed.arn, Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn }) } }));
    await sns.send(new PublishCommand({ TopicArn, Message: "hello" }));
    assert.strictEqual(JSON.parse((await arrives(open))[0].Body).Message, "hello");
    assert.strictEqual(JSON.parse((await arrives(dead))[0].Body).Message, "hello");
    assert.deepStrictEqual(await receive(closed), []);
});

test("a topic's default policy lets alarms in and rules not; its own policy says otherwise", async () => {
    const cw = s.client(CloudWatchClient, root(s));
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "alarms" }));
    const q = await queue("alarms", lets("sns")), dead = await queue("alarms-dead", lets("events"));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: q.arn, Attributes: { RawMessageDelivery: "true" } }));
    const alarm = (StateValue) => cw.send(new SetAlarmStateCommand({ AlarmName: "a", StateValue, StateReason: "by hand" }));
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "a", Namespace: "N", MetricName: "M", Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 1,
        ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "ignore", AlarmActions: [TopicArn], OKActions: [TopicArn] }));
    await alarm("ALARM");
    assert.strictEqual(JSON.parse((await arrives(q))[0].Body).AlarmName, "a");
    await rule("to-topic", [{ Id: "t", Arn: TopicArn, DeadLetterConfig: { Arn: dead.arn } }]);
    await put("to-topic");
    assert.strictEqual((await arrives(dead))[0].MessageAttributes.ERROR_CODE.StringValue, "NO_PERMISSIONS");
    await sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: "Policy", AttributeValue: document(service("events", "sns:Publish", TopicArn)) }));
    await put("to-topic");
    await arrives(q);
    await alarm("OK");
    const { AlarmHistoryItems } = await cw.send(new DescribeAlarmHistoryCommand({ AlarmName: "a", HistoryItemType: "Action" }));
    assert.match(AlarmHistoryItems[0].HistorySummary, /^Failed to execute action .*cloudwatch\.amazonaws\.com is not authorized to perform: sns:Publish/);
});

test("a log group takes events when a resource policy lets them in", async () => {
    const logs = s.client(CloudWatchLogsClient, root(s)), group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/strict";
    const dead = await queue("logs-dead", lets("events"));
    await logs.send(new CreateLogGroupCommand({ logGroupName: "/aws/events/strict" }));
    await rule("to-logs", [{ Id: "l", Arn: group, DeadLetterConfig: { Arn: dead.arn } }]);
    await put("to-logs");
    assert.strictEqual((await arrives(dead))[0].MessageAttributes.ERROR_CODE.StringValue, "NO_PERMISSIONS");
    await logs.send(new PutResourcePolicyCommand({ policyName: "events", policyDocument: document(service("events", ["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/*:*")) }));
    assert.deepStrictEqual((await logs.send(new DescribeResourcePoliciesCommand({}))).resourcePolicies.map((p) => p.policyName), ["events"]);
    await put("to-logs");
    await until("a log event", async () => (await logs.send(new FilterLogEventsCommand({ logGroupName: "/aws/events/strict" }))).events.length);
    await refuses(logs.send(new PutResourcePolicyCommand({ policyName: "bad", policyDocument: "{}" })), "InvalidParameterException", /policy document/);
    await logs.send(new DeleteResourcePolicyCommand({ policyName: "events" }));
    await refuses(logs.send(new DeleteResourcePolicyCommand({ policyName: "events" })), "ResourceNotFoundException");
});

test("a user's policies name queues, topics, rules, log groups and alarms; a resource's policy may let it in", async () => {
    const iam = s.client(IAMClient, root(s)), q = await queue("named"), closed = await queue("not-named");
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "named" }));
    await iam.send(new CreateUserCommand({ UserName: "ann" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "ann" }));
    const ann = { credentials: { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey } };
    const allow = (Action, Resource) => ({ Effect: "Allow", Action, Resource });
    await iam.send(new PutUserPolicyCommand({ UserName: "ann", PolicyName: "p", PolicyDocument: document(allow("sqs:*", q.arn), allow("sns:Publish", TopicArn),
        allow("events:*", ruleArn("ann-*")), allow("events:PutEvents", "arn:aws:events:us-east-1:000000000000:event-bus/default"),
        allow("logs:*", "arn:aws:logs:us-east-1:000000000000:log-group:/ann/*"), allow("cloudwatch:*", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:ann-*")) }));
    const as = (C) => s.client(C, ann);
    await as(SQSClient).send(new SendMessageCommand({ QueueUrl: q.url, MessageBody: "m" }));
    await refuses(as(SQSClient).send(new SendMessageCommand({ QueueUrl: closed.url, MessageBody: "m" })), "AccessDenied", /sqs:SendMessage on resource: .*:not-named/);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: closed.url, Attributes: { Policy: document({ Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:user/ann" }, Action: "sqs:SendMessage", Resource: closed.arn }) } }));
    await as(SQSClient).send(new SendMessageCommand({ QueueUrl: closed.url, MessageBody: "m" }));
    await as(SNSClient).send(new PublishCommand({ TopicArn, Message: "m" }));
    await refuses(as(SNSClient).send(new CreateTopicCommand({ Name: "hers" })), "AuthorizationErrorException", /SNS:CreateTopic|sns:CreateTopic/);
    await as(EventBridgeClient).send(new PutRuleCommand({ Name: "ann-1", EventPattern: "{\"source\":[\"x\"]}" }));
    await refuses(as(EventBridgeClient).send(new PutRuleCommand({ Name: "bob-1", EventPattern: "{\"source\":[\"x\"]}" })), "AccessDeniedException", /rule\/bob-1/);
    await as(EventBridgeClient).send(new PutEventsCommand({ Entries: [{ Source: "s", DetailType: "t", Detail: "{}" }] }));
    await as(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: "/ann/x" }));
    await refuses(as(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: "/bob/x" })), "AccessDeniedException", /log-group:\/bob\/x/);
    await refuses(as(CloudWatchClient).send(new SetAlarmStateCommand({ AlarmName: "bob", StateValue: "OK", StateReason: "x" })), "AccessDeniedException", /alarm:bob/);
});
