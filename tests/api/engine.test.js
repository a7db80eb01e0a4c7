// SPDX-License-Identifier: Apache-2.0
// What store and engine promise to every service: all is there again after a stop and after kill -9, none of it with
// --ephemeral; and time, however it is set, goes on from where it was.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const { CloudControlClient, CreateResourceCommand, ListResourceRequestsCommand } = require("@aws-sdk/client-cloudcontrol");
const { CloudWatchClient, PutMetricAlarmCommand, DescribeAlarmsCommand, PutMetricDataCommand, GetMetricStatisticsCommand } = require("@aws-sdk/client-cloudwatch");
const { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand, FilterLogEventsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { CodeBuildClient, CreateProjectCommand, BatchGetProjectsCommand } = require("@aws-sdk/client-codebuild");
const { CodeCommitClient, CreateRepositoryCommand, PutFileCommand, GetFileCommand } = require("@aws-sdk/client-codecommit");
const { CodePipelineClient, CreatePipelineCommand, GetPipelineCommand } = require("@aws-sdk/client-codepipeline");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const { ECRClient, DescribeImagesCommand } = require("@aws-sdk/client-ecr");
const { ECSClient, CreateClusterCommand, RegisterTaskDefinitionCommand, DescribeTaskDefinitionCommand, DescribeClustersCommand } = require("@aws-sdk/client-ecs");
const { ElasticLoadBalancingV2Client, CreateTargetGroupCommand, DescribeTargetGroupsCommand } = require("@aws-sdk/client-elastic-load-balancing-v2");
const { EventBridgeClient, PutRuleCommand, PutTargetsCommand, DescribeRuleCommand, ListTargetsByRuleCommand } = require("@aws-sdk/client-eventbridge");
const { IAMClient, CreateRoleCommand, GetRoleCommand, CreateUserCommand, CreateAccessKeyCommand, ListAccessKeysCommand } = require("@aws-sdk/client-iam");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, ListObjectsV2Command } = require("@aws-sdk/client-s3");
const { SNSClient, CreateTopicCommand, SubscribeCommand, ListSubscriptionsByTopicCommand } = require("@aws-sdk/client-sns");
const { KMSClient, CreateKeyCommand, CreateAliasCommand, DecryptCommand, DescribeKeyCommand, EncryptCommand } = require("@aws-sdk/client-kms");
const { LambdaClient, GetFunctionConfigurationCommand } = require("@aws-sdk/client-lambda");
const { SecretsManagerClient, CreateSecretCommand, GetSecretValueCommand } = require("@aws-sdk/client-secrets-manager");
const { SQSClient, CreateQueueCommand, SendMessageCommand, GetQueueAttributesCommand } = require("@aws-sdk/client-sqs");
const { SSMClient, PutParameterCommand, GetParameterCommand } = require("@aws-sdk/client-ssm");
const { start, until } = require("../lib/slipway");
const { fsck } = require("../lib/crash");
const { push } = require("../lib/image");
const { Functions } = require("../lib/lambda");

const trust = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "codepipeline.amazonaws.com" }, Action: "sts:AssumeRole" }] });
const at = new Date(Math.floor(Date.now() / 60000) * 60000);

// One thing of each service: how it is made, and how it is looked at.
let sealed;         // by KMS, for as long as there is its key
const THINGS = (s) => {
    const of = (Client) => { const c = s.client(Client); return (command) => c.send(command); };
    const cw = of(CloudWatchClient), logs = of(CloudWatchLogsClient), cb = of(CodeBuildClient), cc = of(CodeCommitClient), cp = of(CodePipelineClient);
    const ecs = of(ECSClient), elb = of(ElasticLoadBalancingV2Client), eb = of(EventBridgeClient), iam = of(IAMClient), s3 = of(S3Client);
    const sns = of(SNSClient), sqs = of(SQSClient), ssm = of(SSMClient), control = of(CloudControlClient), kms = of(KMSClient);
    const url = `${s.endpoint}/000000000000/q`, queue = "arn:aws:sqs:us-east-1:000000000000:q", topic = "arn:aws:sns:us-east-1:000000000000:t";
    const role = "arn:aws:iam::000000000000:role/r";
    const act = (name, category, provider, configuration, more) => ({ name, actions: [{ name, actionTypeId: { category, owner: "AWS", provider, version: "1" }, configuration, ...more }] });
    return {
        iam: [async () => { await iam(new CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument: trust })); await iam(new CreateUserCommand({ UserName: "u" })); await iam(new CreateAccessKeyCommand({ UserName: "u" })); },
            async () => [(await iam(new GetRoleCommand({ RoleName: "r" }))).Role, (await iam(new ListAccessKeysCommand({ UserName: "u" }))).AccessKeyMetadata]],
        s3: [async () => { await s3(new CreateBucketCommand({ Bucket: "bucket" })); await s3(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: "body" })); },
            async () => [await (await s3(new GetObjectCommand({ Bucket: "bucket", Key: "k" }))).Body.transformToString(), (await s3(new ListObjectsV2Command({ Bucket: "bucket" }))).Contents]],
        ssm: [() => ssm(new PutParameterCommand({ Name: "/p", Value: "v", Type: "SecureString" })), async () => (await ssm(new GetParameterCommand({ Name: "/p", WithDecryption: true }))).Parameter],
        sqs: [async () => { await sqs(new CreateQueueCommand({ QueueName: "q" })); await sqs(new SendMessageCommand({ QueueUrl: url, MessageBody: "m" })); },
            async () => (await sqs(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }))).Attributes],
        cloudcontrol: [() => control(new CreateResourceCommand({ TypeName: "AWS::ECR::Repository", DesiredState: '{"RepositoryName":"made"}' })),
            async () => (await control(new ListResourceRequestsCommand({}))).ResourceRequestStatusSummaries],
        sns: [async () => { await sns(new CreateTopicCommand({ Name: "t" })); await sns(new SubscribeCommand({ TopicArn: topic, Protocol: "sqs", Endpoint: queue })); },
            async () => (await sns(new ListSubscriptionsByTopicCommand({ TopicArn: topic }))).Subscriptions],
        events: [async () => { await eb(new PutRuleCommand({ Name: "r", EventPattern: "{\"source\":[\"x\"]}" })); await eb(new PutTargetsCommand({ Rule: "r", Targets: [{ Id: "q", Arn: queue }] })); },
            async () => [(await eb(new DescribeRuleCommand({ Name: "r" }))).EventPattern, (await eb(new ListTargetsByRuleCommand({ Rule: "r" }))).Targets]],
        logs: [async () => { await logs(new CreateLogGroupCommand({ logGroupName: "g" })); await logs(new CreateLogStreamCommand({ logGroupName: "g", logStreamName: "s" }));
            await logs(new PutLogEventsCommand({ logGroupName: "g", logStreamName: "s", logEvents: [{ timestamp: at.getTime(), message: "line" }] })); },
            async () => (await logs(new FilterLogEventsCommand({ logGroupName: "g" }))).events],
        cloudwatch: [async () => { await cw(new PutMetricDataCommand({ Namespace: "N", MetricData: [{ MetricName: "M", Value: 3, Timestamp: at }] }));
            await cw(new PutMetricAlarmCommand({ AlarmName: "a", Namespace: "N", MetricName: "M", Statistic: "Sum", Period: 86400, EvaluationPeriods: 1, Threshold: 9, ComparisonOperator: "GreaterThanThreshold", ActionsEnabled: false })); },
            async () => [(await cw(new DescribeAlarmsCommand({ AlarmNames: ["a"] }))).MetricAlarms.map((a) => [a.AlarmArn, a.Threshold]),
                (await cw(new GetMetricStatisticsCommand({ Namespace: "N", MetricName: "M", StartTime: at, EndTime: new Date(at.getTime() + 60000), Period: 60, Statistics: ["Sum"] }))).Datapoints]],
        codecommit: [async () => { await cc(new CreateRepositoryCommand({ repositoryName: "c" })); await cc(new PutFileCommand({ repositoryName: "c", branchName: "main", filePath: "f", fileContent: Buffer.from("text") })); },
            async () => { const f = await cc(new GetFileCommand({ repositoryName: "c", filePath: "f" })); return [f.commitId, Buffer.from(f.fileContent).toString()]; }],
        codebuild: [() => cb(new CreateProjectCommand({ name: "project", serviceRole: role, source: { type: "NO_SOURCE", buildspec: "version: 0.2" }, artifacts: { type: "NO_ARTIFACTS" },
            environment: { type: "LINUX_CONTAINER", image: "aws/codebuild/standard:7.0", computeType: "BUILD_GENERAL1_SMALL" } })), async () => (await cb(new BatchGetProjectsCommand({ names: ["project"] }))).projects],
        codepipeline: [() => cp(new CreatePipelineCommand({ pipeline: { name: "p", roleArn: role, artifactStore: { type: "S3", location: "bucket" }, stages: [
            act("Source", "Source", "CodeCommit", { RepositoryName: "c", BranchName: "none", PollForSourceChanges: "false" }, { outputArtifacts: [{ name: "code" }] }), act("Hold", "Approval", "Manual")] } })),
            async () => (await cp(new GetPipelineCommand({ name: "p" }))).pipeline],
        kms: [async () => { const { KeyId } = (await kms(new CreateKeyCommand({}))).KeyMetadata; await kms(new CreateAliasCommand({ AliasName: "alias/k", TargetKeyId: KeyId }));
            sealed = (await kms(new EncryptCommand({ KeyId, Plaintext: Buffer.from("plain") }))).CiphertextBlob; },
            async () => [Buffer.from((await kms(new DecryptCommand({ CiphertextBlob: sealed }))).Plaintext).toString(), (await kms(new DescribeKeyCommand({ KeyId: "alias/k" }))).KeyMetadata]],
        lambda: [() => new Functions(s).make("f", [{ name: "bootstrap", data: "#!/bin/sh\n", mode: 0o755 }], { Runtime: "provided.al2023" }),
            async () => { const { CodeSha256, State, RevisionId } = await of(LambdaClient)(new GetFunctionConfigurationCommand({ FunctionName: "f" })); return [CodeSha256, State, RevisionId]; }],
        secretsmanager: [() => of(SecretsManagerClient)(new CreateSecretCommand({ Name: "s", SecretString: "told" })),
            async () => { const { ARN, VersionId, SecretString } = await of(SecretsManagerClient)(new GetSecretValueCommand({ SecretId: "s" })); return [ARN, VersionId, SecretString]; }],
        ecr: [() => push(s, "app:v1", { cmd: ["true"] }), async () => (await s.client(ECRClient).send(new DescribeImagesCommand({ repositoryName: "app" }))).imageDetails.map((i) => i.imageDigest)],
        ecs: [async () => { await ecs(new CreateClusterCommand({ clusterName: "m" })); await ecs(new RegisterTaskDefinitionCommand({ family: "f", containerDefinitions: [{ name: "a", image: "app:v1", memory: 64 }] })); },
            async () => [(await ecs(new DescribeTaskDefinitionCommand({ taskDefinition: "f" }))).taskDefinition, (await ecs(new DescribeClustersCommand({ clusters: ["m"] }))).clusters]],
        elbv2: [async () => { const { Subnets } = await s.client(EC2Client).send(new DescribeSubnetsCommand({})); await elb(new CreateTargetGroupCommand({ Name: "g", Protocol: "HTTP", Port: 80, VpcId: Subnets[0].VpcId, TargetType: "ip" })); },
            async () => (await elb(new DescribeTargetGroupsCommand({}))).TargetGroups],
    };
};

async function look(s) {
    const seen = {};
    for (const [name, [, see]] of Object.entries(THINGS(s))) seen[name] = await see();
    return seen;
}

test("what every service was told is there again after a stop and after kill -9", async (t) => {
    const s = await start(t, { ephemeral: false });
    const things = THINGS(s);
    const { services } = await s.cli("coverage");
    const without = ["slipway", "sts", "ec2", "tagging"];      /* keep nothing of their own that a client made */
    assert.deepStrictEqual(Object.keys(things).sort(), services.filter((x) => x.implemented.length).map((x) => x.service).filter((x) => !without.includes(x)).sort());
    for (const [make] of Object.values(things)) await make();
    const before = await look(s);
    await s.restart();
    assert.deepStrictEqual(await look(s), before);
    await s.kill9();
    await fsck(s);
    await s.start();
    assert.deepStrictEqual(await look(s), before);
});

test("with --ephemeral none of it is, and no file either", async (t) => {
    const s = await start(t);
    const s3 = s.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: "bucket" }));
    await s3.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: "body" }));
    await s.restart();
    assert.deepStrictEqual((await s.aws("s3api", "list-buckets")).Buckets, []);
    assert.ok(!fs.existsSync(`${s.data}/store`));
});

async function clock(s, body) {
    const r = await fetch(`${s.endpoint}/_slipway/clock`, body && { method: "PUT", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
    assert.strictEqual(r.status, 200);
    return r.json();
}

for (const [how, again] of [["a stop", (s) => s.restart()], ["kill -9", (s) => s.kill9().then(() => s.start())]])
    test(`a clock that stands still stands where it stood after ${how}; one that runs has gone on at its pace`, async (t) => {
        const s = await start(t, { ephemeral: false });
        const ahead = Math.ceil(Date.now() / 1000) + 86400;
        await clock(s, { mode: "stepped", time: ahead });
        await again(s);
        const stood = await clock(s);
        assert.deepStrictEqual([stood.mode, stood.time], ["stepped", ahead]);
        const asked = Date.now();
        await clock(s, { mode: "scaled", scale: 600 });
        const set = Date.now();                             // it has run since some instant between the two
        await until("an hour has passed", async () => (await clock(s)).time > ahead + 3600);
        const before = (await clock(s)).time;
        await again(s);
        const looked = Date.now(), after = await clock(s), answered = Date.now();
        assert.deepStrictEqual([after.mode, after.scale], ["scaled", 600]);
        assert.ok(after.time >= before, `${after.time} is before ${before}`);
        const least = ahead + 0.6 * (looked - set), most = ahead + 0.6 * (answered - asked);
        assert.ok(after.time > least - 60 && after.time < most + 60, `${after.time}, not from ${least} to ${most}`);
        await fetch(`${s.endpoint}/_slipway/reset`, { method: "POST" });
        await again(s);
        const from = Date.now(), reset = await clock(s), to = Date.now();
        assert.strictEqual(reset.mode, "real", "a reset sets the clock too");
        assert.ok(reset.time * 1000 > from - 1000 && reset.time * 1000 < to + 1000);
    });
