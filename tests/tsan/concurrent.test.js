// SPDX-License-Identifier: Apache-2.0
// Many clients at once against a server built with ThreadSanitizer: a data race ends it (halt_on_error), and the test
// with it. Each loop uses what threads share: store and group commit, engine, event bus, long polls, blobs, metrics,
// settings of the clock, and reset while others are at work.
"use strict";
const assert = require("node:assert");
const test = require("node:test");
const { start } = require("../lib/slipway");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, ListObjectsV2Command } = require("@aws-sdk/client-s3");
const { SSMClient, PutParameterCommand, GetParameterCommand, DescribeParametersCommand } = require("@aws-sdk/client-ssm");
const { SQSClient, CreateQueueCommand, SendMessageCommand, ReceiveMessageCommand, DeleteMessageCommand } = require("@aws-sdk/client-sqs");
const { SNSClient, CreateTopicCommand, SubscribeCommand, PublishCommand } = require("@aws-sdk/client-sns");
const { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand, FilterLogEventsCommand } =
    require("@aws-sdk/client-cloudwatch-logs");
const { CloudWatchClient, PutMetricDataCommand, GetMetricStatisticsCommand, PutMetricAlarmCommand, DescribeAlarmsCommand } =
    require("@aws-sdk/client-cloudwatch");
const { ECSClient, CreateClusterCommand, DescribeClustersCommand, DeleteClusterCommand } = require("@aws-sdk/client-ecs");
const { IAMClient, CreateUserCommand, CreateAccessKeyCommand, ListUsersCommand } = require("@aws-sdk/client-iam");

const ROUNDS = 12;

async function rounds(f) {
    for (let i = 0; i < ROUNDS; i++) await f(i);
}

const work = {
    async objects(s, who) {
        const s3 = s.client(S3Client);
        await s3.send(new CreateBucketCommand({ Bucket: `b-${who}` }));
        await rounds(async (i) => {
            const body = Buffer.alloc(1 + i * 40000, who);
            await s3.send(new PutObjectCommand({ Bucket: `b-${who}`, Key: `k${i}`, Body: body }));
            const got = await s3.send(new GetObjectCommand({ Bucket: `b-${who}`, Key: `k${i}` }));
            assert.strictEqual((await got.Body.transformToByteArray()).length, body.length);
            await s3.send(new ListObjectsV2Command({ Bucket: `b-${who}` }));
        });
    },
    async parameters(s, who) {
        const ssm = s.client(SSMClient);
        await rounds(async (i) => {
            await ssm.send(new PutParameterCommand({ Name: `/${who}`, Value: String(i), Type: "SecureString", Overwrite: i > 0 }));
            const got = await ssm.send(new GetParameterCommand({ Name: `/${who}`, WithDecryption: true }));
            assert.strictEqual(got.Parameter.Value, String(i));
            await ssm.send(new DescribeParametersCommand({}));
        });
    },
    async messages(s, who) {
        const sqs = s.client(SQSClient), sns = s.client(SNSClient);
        const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `q-${who}` }));
        const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `t-${who}` }));
        await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: `arn:aws:sqs:us-east-1:000000000000:q-${who}` }));
        await rounds(async (i) => {
            const received = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
            await (i % 2 ? sns.send(new PublishCommand({ TopicArn, Message: String(i) }))
                         : sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: String(i) })));
            const { Messages } = await received;
            assert.strictEqual(Messages.length, 1);
            await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle }));
        });
    },
    async observations(s, who) {
        const logs = s.client(CloudWatchLogsClient), cw = s.client(CloudWatchClient);
        const names = { logGroupName: `/g/${who}`, logStreamName: "s" };
        await logs.send(new CreateLogGroupCommand({ logGroupName: names.logGroupName }));
        await logs.send(new CreateLogStreamCommand(names));
        const metric = { Namespace: "T", MetricName: who };
        await cw.send(new PutMetricAlarmCommand({ ...metric, AlarmName: who, Statistic: "Sum", Period: 60, EvaluationPeriods: 1,
                                                  Threshold: 1, ComparisonOperator: "GreaterThanThreshold" }));
        await rounds(async (i) => {
            await logs.send(new PutLogEventsCommand({ ...names, logEvents: [{ timestamp: Date.now(), message: `m${i}` }] }));
            await logs.send(new FilterLogEventsCommand({ logGroupName: names.logGroupName, filterPattern: "m" }));
            await cw.send(new PutMetricDataCommand({ Namespace: "T", MetricData: [{ MetricName: who, Value: i }] }));
            await cw.send(new GetMetricStatisticsCommand({ ...metric, Period: 60, Statistics: ["Sum"],
                                                           StartTime: new Date(Date.now() - 3600e3), EndTime: new Date() }));
            await cw.send(new DescribeAlarmsCommand({}));
        });
    },
    async clusters(s, who) {
        const ecs = s.client(ECSClient), iam = s.client(IAMClient);
        await rounds(async (i) => {
            const name = `${who}-${i}`;
            await ecs.send(new CreateClusterCommand({ clusterName: name }));
            await ecs.send(new DescribeClustersCommand({ clusters: [name] }));
            await ecs.send(new DeleteClusterCommand({ cluster: name }));
            await iam.send(new CreateUserCommand({ UserName: name }));
            await iam.send(new CreateAccessKeyCommand({ UserName: name }));
            await iam.send(new ListUsersCommand({}));
        });
    },
    async pages(s) {
        await rounds(async () => {
            for (const path of ["/_slipway/health", "/_slipway/metrics", "/_localstack/health"])
                assert.strictEqual((await fetch(s.endpoint + path)).status, 200);
            await s.cli("status");
        });
    },
};

test("clients of all services at once meet no data race", async (t) => {
    const s = await start(t);
    const all = [];
    for (const [name, f] of Object.entries(work))
        for (const who of ["x", "y"]) all.push(f(s, `${name}-${who}`));
    await Promise.all(all);
});

test("a reset and an end while clients are at work meet no data race", async (t) => {
    const s = await start(t);
    const sent = [];
    for (let i = 0; i < 4; i++) {
        for (const f of [work.objects, work.parameters, work.clusters]) sent.push(f(s, `w${i}`).catch(() => "reset"));
        assert.strictEqual((await fetch(`${s.endpoint}/_slipway/reset`, { method: "POST" })).status, 200);
    }
    const end = s.stop();
    await Promise.all(sent);
    assert.strictEqual((await end).code, 0, s.log.slice(-8000));
});
