// SPDX-License-Identifier: Apache-2.0
// What services publish about themselves in CloudWatch: an alarm on a metric of each namespace fires, and the numbers are
// those of what was done. The clock is stepped; each alarm is made late, for a jump of the clock makes it up for every minute.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { CloudWatchClient, DescribeAlarmsCommand, GetMetricStatisticsCommand, ListMetricsCommand, PutMetricAlarmCommand } = require("@aws-sdk/client-cloudwatch");
const { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const cb = require("@aws-sdk/client-codebuild");
const { ECRClient, CreateRepositoryCommand } = require("@aws-sdk/client-ecr");
const { EventBridgeClient, CreateEventBusCommand, PutEventsCommand, PutRuleCommand, PutTargetsCommand } = require("@aws-sdk/client-eventbridge");
const { S3Client, CreateBucketCommand, PutObjectCommand } = require("@aws-sdk/client-s3");
const { SNSClient, CreateTopicCommand, PublishCommand, SubscribeCommand } = require("@aws-sdk/client-sns");
const { SQSClient, CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } = require("@aws-sdk/client-sqs");
const { start, finish, until } = require("../lib/slipway");
const { builds } = require("../lib/build");
const { world, stage, broken } = require("../lib/pipeline");
const { Registry, TYPES } = require("../lib/registry");

let s, cw, sqs;
before(async () => {
    s = await start(null, { args: ["--settle"] });      // an answer waits until all has been done that is due
    cw = s.client(CloudWatchClient);
    sqs = s.client(SQSClient);
});
after(() => finish(s));

const clock = (method, path, body, server = s) => server.clock(method, path, body);
const advance = (seconds) => s.advance(seconds);
// The clock stands at the beginning of a minute from here on.
async function stepped(server = s) {
    const now = await clock("PUT", "", { mode: "stepped" }, server);
    return clock("POST", "/advance", { seconds: 60 - (now.getTime() % 60000) / 1000 + 0.5 }, server);
}
const dimensions = (d) => Object.entries(d).map(([Name, Value]) => ({ Name, Value }));
// [sum, count of samples, unit] of the minutes around `at`, or null.
async function values(Namespace, MetricName, d, at, Period = 60) {
    const floor = new Date(Math.floor(at.getTime() / (Period * 1000)) * Period * 1000);
    const r = await cw.send(new GetMetricStatisticsCommand({ Namespace, MetricName, Dimensions: dimensions(d), Period, Statistics: ["Sum", "SampleCount"],
        StartTime: floor, EndTime: new Date(floor.getTime() + Period * 1000) }));
    return r.Datapoints.length ? [r.Datapoints[0].Sum, r.Datapoints[0].SampleCount, r.Datapoints[0].Unit] : null;
}
async function queue(QueueName) {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
    return { QueueUrl, arn: `arn:aws:sqs:us-east-1:000000000000:${QueueName}`, name: QueueName };
}
const alarm = (Namespace, MetricName, d, more = {}) => cw.send(new PutMetricAlarmCommand({ AlarmName: `${Namespace} ${MetricName}`, Namespace, MetricName,
    Dimensions: dimensions(d), Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 0, ComparisonOperator: "GreaterThanThreshold", ...more }));
const fires = (Namespace, MetricName) => until(`the alarm on ${Namespace} ${MetricName}`, async () => {
    const [a] = (await cw.send(new DescribeAlarmsCommand({ AlarmNames: [`${Namespace} ${MetricName}`] }))).MetricAlarms;
    return a.StateValue === "ALARM";
}, { seconds: 20 });

test("what lies in a queue is published each minute while the queue is active, over a jump of the clock too", async () => {
    const at = await stepped(), q = await queue("gauged"), QueueUrl = q.QueueUrl, d = { QueueName: "gauged" };
    const alarmed = ["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed", "ApproximateAgeOfOldestMessage"];
    for (const name of alarmed) await alarm("AWS/SQS", name, d, { Statistic: "Maximum", EvaluationPeriods: 3 });
    for (let i = 0; i < 3; i++) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x", DelaySeconds: 200 }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 400 }));
    await advance(300);
    const minute = async (i, name) => (await values("AWS/SQS", name, d, new Date(at.getTime() + i * 60000)) || [null])[0];
    const at3 = [], at5 = [];
    for (const name of alarmed.slice(0, 3)) { at3.push(await minute(3, name)); at5.push(await minute(5, name)); }
    assert.deepStrictEqual([at3, at5], [[2, 1, 1], [3, 1, 0]], "visible, in flight, delayed after three and five minutes");
    assert.deepStrictEqual([await minute(1, "ApproximateAgeOfOldestMessage"), await minute(5, "ApproximateAgeOfOldestMessage")], [59, 299]);
    for (const name of [alarmed[0], alarmed[1], alarmed[3]]) await fires("AWS/SQS", name);
    const used = await queue("used");
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: used.QueueUrl }));
    const active = await advance(120), idle = new Date((await advance(7 * 3600)).getTime());
    await advance(120);
    const visible = (when) => values("AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName: "used" }, when);
    assert.deepStrictEqual([(await visible(active))[0], await visible(idle)], [0, null], "an empty queue is active for six hours after it was used");
});

test("storage of a bucket is published once a day, at midnight", async () => {
    const s3 = s.client(S3Client), Bucket = "counted-bucket";
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "12345" }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "b", Body: "123", StorageClass: "STANDARD_IA" }));
    const space = "AWS/S3", d = (StorageType) => ({ BucketName: Bucket, StorageType });
    await alarm(space, "NumberOfObjects", d("AllStorageTypes"), { Statistic: "Average", Period: 86400 });
    await alarm(space, "BucketSizeBytes", d("StandardStorage"), { Statistic: "Average", Period: 86400 });
    const now = await advance(1), midnight = new Date(Math.ceil(now.getTime() / 86400000) * 86400000);
    assert.strictEqual(await values(space, "NumberOfObjects", d("AllStorageTypes"), midnight, 86400), null);
    await advance((midnight - now) / 1000 + 10);
    assert.deepStrictEqual(await values(space, "NumberOfObjects", d("AllStorageTypes"), midnight), [2, 1, "Count"]);
    assert.deepStrictEqual(await values(space, "BucketSizeBytes", d("StandardStorage"), midnight), [5, 1, "Bytes"]);
    assert.deepStrictEqual(await values(space, "BucketSizeBytes", d("StandardIAStorage"), midnight), [3, 1, "Bytes"]);
    await advance(86400);
    for (const name of ["NumberOfObjects", "BucketSizeBytes"]) await fires(space, name);
});

// What each namespace needs to have something to tell; each gives rows: metric, dimensions, sum, samples, unit.
const acts = {
    "AWS/SQS": async () => {
        const q = await queue("counted"), QueueUrl = q.QueueUrl, d = { QueueName: "counted" };
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "12345" }));
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "123", MessageAttributes: { ab: { DataType: "String", StringValue: "x" } } }));
        const { Messages: [m] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: m.ReceiptHandle }));
        await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
        await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "late", DelaySeconds: 600 }));
        await assert.rejects(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x", DelaySeconds: 1000 })));       // counts nothing
        return [["NumberOfMessagesSent", d, 3, 3, "Count"], ["SentMessageSize", d, 5 + 3 + 9 + 4, 3, "Bytes"], ["NumberOfMessagesReceived", d, 2, 2, "Count"],
            ["NumberOfMessagesDeleted", d, 1, 1, "Count"], ["NumberOfEmptyReceives", d, 1, 1, "Count"]];
    },
    "AWS/SNS": async () => {
        const sns = s.client(SNSClient), q = await queue("topical"), d = { TopicName: "counted" };
        const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "counted" }));
        const subscribe = (Endpoint, Attributes = {}) => sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint, Attributes }));
        await subscribe(q.arn);
        await subscribe((await queue("picky")).arn, { FilterPolicy: "{\"colour\":[\"red\"]}" });
        await subscribe("arn:aws:sqs:us-east-1:000000000000:nowhere", { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: q.arn }) });
        await sns.send(new PublishCommand({ TopicArn, Message: "1234" }));
        await sns.send(new PublishCommand({ TopicArn, Message: "12", MessageAttributes: { colour: { DataType: "String", StringValue: "blue" } } }));
        const n = (name) => `NumberOfNotifications${name}`;
        return [["NumberOfMessagesPublished", d, 2, 2, "Count"], ["PublishSize", d, 4 + 2 + 16, 2, "Bytes"], [n("Delivered"), d, 2, 2, "Count"], [n("Failed"), d, 2, 2, "Count"],
            [n("RedrivenToDlq"), d, 2, 2, "Count"], [n("FilteredOut"), d, 2, 2, "Count"], [n("FilteredOut-NoMessageAttributes"), d, 1, 1, "Count"],
            [n("FilteredOut-MessageAttributes"), d, 1, 1, "Count"]];
    },
    "AWS/Events": async () => {
        const eb = s.client(EventBridgeClient), q = await queue("eventful"), rule = { RuleName: "counted" }, dead = { RuleName: "dead" };
        const put = (Name, source, target, EventBusName) => eb.send(new PutRuleCommand({ Name, EventBusName, EventPattern: JSON.stringify({ source: [source] }) }))
            .then(() => eb.send(new PutTargetsCommand({ Rule: Name, EventBusName, Targets: [{ Id: "t", Arn: q.arn, ...target }] })));
        await eb.send(new CreateEventBusCommand({ Name: "side" }));
        await put("counted", "one");
        await put("dead", "two", { Arn: "arn:aws:sqs:us-east-1:000000000000:nowhere", DeadLetterConfig: { Arn: q.arn } });
        await put("beside", "three", {}, "side");
        const entry = (Source, EventBusName) => ({ Source, DetailType: "t", Detail: "{}", EventBusName });
        await eb.send(new PutEventsCommand({ Entries: [entry("one"), entry("one"), entry("two"), entry("three", "side"), entry("four")] }));
        const beside = { EventBusName: "side", RuleName: "beside" };
        return [["MatchedEvents", rule, 2, 2, "Count"], ["TriggeredRules", rule, 2, 2, "Count"], ["TriggeredRules", beside, 1, 1, "Count"], ["MatchedEvents", { EventBusName: "side" }, 1, 1, "Count"],
            ["Invocations", rule, 2, 2, "Count"], ["InvocationAttempts", rule, 2, 2, "Count"], ["SuccessfulInvocationAttempts", rule, 2, 2, "Count"],
            ["Invocations", dead, 1, 1, "Count"], ["FailedInvocations", dead, 1, 1, "Count"], ["InvocationsSentToDlq", dead, 1, 1, "Count"], ["Invocations", {}, 4, 4, "Count"],
            ["IngestionToInvocationStartLatency", rule, 0, 2, "Milliseconds"], ["PutEventsApproximateCallCount", {}, 1, 1, "Count"], ["PutEventsEntriesCount", {}, 5, 1, "Count"]];
    },
    "AWS/Logs": async () => {
        const logs = s.client(CloudWatchLogsClient), at = await advance(0.001), logGroupName = "counted";
        await logs.send(new CreateLogGroupCommand({ logGroupName }));
        await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "s" }));
        await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName: "s", logEvents: ["abc", "defgh"].map((message) => ({ timestamp: at.getTime(), message })) }));
        const d = { LogGroupName: "counted" };
        return [["IncomingLogEvents", d, 2, 1, "Count"], ["IncomingBytes", d, 8 + 2 * 26, 1, "Bytes"]];
    },
    "AWS/ECR": async () => {
        const ecr = s.client(ECRClient), registry = await Registry.of(s, ecr);
        await ecr.send(new CreateRepositoryCommand({ repositoryName: "counted" }));
        await registry.pushImage("counted", "v1");
        for (let i = 0; i < 2; i++) assert.strictEqual((await registry.raw("GET", "/v2/counted/manifests/v1", { headers: { Accept: TYPES.image } })).status, 200);
        assert.strictEqual((await registry.raw("HEAD", "/v2/counted/manifests/v1", { headers: { Accept: TYPES.image } })).status, 200);        // no pull
        return [["RepositoryPullCount", { RepositoryName: "counted" }, 2, 2, "Count"]];
    },
    "AWS/CodePipeline": async () => {
        const w = await world(s);
        await w.create("counted", [w.source(), stage("Fail", broken("Fail"))]);
        await w.reaches("counted", "Failed");
        return [["FailedPipelineExecutions", { PipelineName: "counted" }, 1, 1, "Count"], ["PipelineDuration", { PipelineName: "counted" }, 0, 1, "Seconds"],
            ["FailedPipelineExecutions", {}, 1, 1, "Count"]];
    },
    "AWS/CodeBuild": async () => {
        const w = await builds(s), d = { ProjectName: "counted" };
        await w.project("version: 0.2\nphases: {build: {commands: [false]}}\n", { name: "counted" });
        await w.ended((await w.start("counted")).id);
        return [["Builds", d, 1, 1, "Count"], ["FailedBuilds", d, 1, 1, "Count"], ["Duration", d, 0, 1, "Seconds"], ["BuildDuration", d, 0, 1, "Seconds"],
            ["QueuedDuration", d, 0, 1, "Seconds"], ["Builds", {}, 1, 1, "Count"]];
    },
};

test("an alarm on a metric of each namespace fires, and the numbers are those of what was done", async () => {
    const at = await stepped(), rows = [];
    for (const [space, act] of Object.entries(acts)) for (const row of await act()) rows.push([space, ...row]);
    for (const [space, name, d, sum] of rows) if (sum > 0) await alarm(space, name, d);
    await advance(63);                                  // the minute is over, and alarms look at it
    for (const [space, name, d, ...want] of rows) assert.deepStrictEqual(await values(space, name, d, at), want, `${space} ${name} ${JSON.stringify(d)}`);
    for (const [space, name, , sum] of rows) if (sum > 0) await fires(space, name);
});

test("a server that stops publishes what it counted, and one that is reset forgets it", async (t) => {
    const own = await start(t, { ephemeral: false, args: ["--settle"] }), at = await stepped(own), client = () => own.client(CloudWatchClient);
    const names = async () => (await client().send(new ListMetricsCommand({ Namespace: "AWS/SQS" }))).Metrics.map((m) => m.MetricName);
    const send = async () => {
        const { QueueUrl } = await own.client(SQSClient).send(new CreateQueueCommand({ QueueName: "q" }));
        await own.client(SQSClient).send(new SendMessageCommand({ QueueUrl, MessageBody: "x" }));
    };
    await send();
    assert.deepStrictEqual(await names(), [], "the minute is not over");
    await own.stop();
    await own.start();
    assert.ok((await names()).includes("NumberOfMessagesSent"), `counted at ${at.toISOString()}`);
    await send();
    assert.strictEqual((await fetch(`${own.endpoint}/moto-api/reset`, { method: "POST" })).status, 200);
    await stepped(own);
    assert.deepStrictEqual(await names(), []);
    await send();                                       // and counts again
    await clock("POST", "/advance", { seconds: 61 }, own);
    await until("metrics after the reset", async () => (await names()).includes("NumberOfMessagesSent"), { seconds: 10 });
});
