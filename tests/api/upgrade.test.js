// SPDX-License-Identifier: Apache-2.0
// A data folder of an older version is brought up to date and has everything. data/store-of-schema-1.db.gz is the store.db
// that a program of the first schema left when it was stopped: one of most things, among them an object whose body is "x".
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const zlib = require("node:zlib");
const { CloudWatchClient, DescribeAlarmsCommand } = require("@aws-sdk/client-cloudwatch");
const { CloudWatchLogsClient, DescribeLogStreamsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { CodeBuildClient, BatchGetProjectsCommand } = require("@aws-sdk/client-codebuild");
const { ECRClient, DescribeRepositoriesCommand } = require("@aws-sdk/client-ecr");
const { ECSClient, DescribeServicesCommand, DescribeTaskDefinitionCommand } = require("@aws-sdk/client-ecs");
const { ElasticLoadBalancingV2Client, DescribeLoadBalancersCommand } = require("@aws-sdk/client-elastic-load-balancing-v2");
const { EventBridgeClient, ListTargetsByRuleCommand, ListEventBusesCommand } = require("@aws-sdk/client-eventbridge");
const { IAMClient, GetRoleCommand, GetUserCommand } = require("@aws-sdk/client-iam");
const { S3Client, GetObjectCommand } = require("@aws-sdk/client-s3");
const { SNSClient, ListSubscriptionsCommand } = require("@aws-sdk/client-sns");
const { SQSClient, CreateQueueCommand, GetQueueUrlCommand, GetQueueAttributesCommand, SendMessageCommand, ReceiveMessageCommand } = require("@aws-sdk/client-sqs");
const { SSMClient, GetParameterCommand } = require("@aws-sdk/client-ssm");
const { Slipway, until } = require("../lib/slipway");
const { World, world, stage, approval } = require("../lib/pipeline");

function folder() {
    const data = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-upgrade-")), digest = createHash("sha256").update("x").digest("hex");
    fs.mkdirSync(path.join(data, "store"));
    fs.writeFileSync(path.join(data, "store/store.db"), zlib.gunzipSync(fs.readFileSync(path.join(__dirname, "data/store-of-schema-1.db.gz"))));
    fs.mkdirSync(path.join(data, "blobs/sha256", digest.slice(0, 2)), { recursive: true });
    fs.writeFileSync(path.join(data, "blobs/sha256", digest.slice(0, 2), digest), "x");
    return data;
}

async function everything(s) {
    const ask = async (client, command) => s.client(client).send(command);
    assert.strictEqual(await (await ask(S3Client, new GetObjectCommand({ Bucket: "plain", Key: "small" }))).Body.transformToString(), "x");
    assert.strictEqual((await ask(IAMClient, new GetRoleCommand({ RoleName: "r" }))).Role.RoleName, "r");
    assert.strictEqual((await ask(IAMClient, new GetUserCommand({ UserName: "u" }))).User.UserName, "u");
    assert.deepStrictEqual((await ask(CloudWatchLogsClient, new DescribeLogStreamsCommand({ logGroupName: "g" }))).logStreams.map((x) => x.logStreamName), ["s"]);
    for (const Name of ["/p/q", "arn:aws:ssm:us-east-1:000000000000:parameter/p/q"])
        assert.strictEqual((await ask(SSMClient, new GetParameterCommand({ Name }))).Parameter.Value, "v");
    assert.strictEqual((await ask(SNSClient, new ListSubscriptionsCommand({}))).Subscriptions[0].Endpoint, "arn:aws:sqs:us-east-1:000000000000:dead");
    assert.deepStrictEqual((await ask(EventBridgeClient, new ListTargetsByRuleCommand({ Rule: "rule" }))).Targets.map((x) => x.Id), ["1"]);
    assert.deepStrictEqual((await ask(EventBridgeClient, new ListEventBusesCommand({}))).EventBuses.map((x) => x.Name), ["default", "b"]);
    assert.deepStrictEqual((await ask(CloudWatchClient, new DescribeAlarmsCommand({}))).MetricAlarms.map((x) => x.AlarmName), ["a"]);
    const { services } = await ask(ECSClient, new DescribeServicesCommand({ cluster: "c", services: ["svc"] }));
    assert.deepStrictEqual(services.map((x) => [x.status, x.deployments.length]), [["ACTIVE", 1]]);
    assert.strictEqual((await ask(ECSClient, new DescribeTaskDefinitionCommand({ taskDefinition: "fam" }))).taskDefinition.containerDefinitions[0].memory, 16);
    assert.strictEqual((await ask(ECRClient, new DescribeRepositoriesCommand({}))).repositories[0].repositoryName, "img");
    assert.deepStrictEqual((await ask(CodeBuildClient, new BatchGetProjectsCommand({ names: ["proj"] }))).projects.map((x) => x.name), ["proj"]);
    assert.strictEqual((await ask(ElasticLoadBalancingV2Client, new DescribeLoadBalancersCommand({ Names: ["lb"] }))).LoadBalancers[0].State.Code, "active");
    const { QueueUrl } = await ask(SQSClient, new GetQueueUrlCommand({ QueueName: "f.fifo" }));
    assert.strictEqual((await ask(SQSClient, new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes.VisibilityTimeout, "600");
    return QueueUrl;
}

test("a data folder of the first schema is brought up to date, with everything in it, and can be used", { timeout: 60000 }, async (t) => {
    const s = new Slipway({ data: folder(), ephemeral: false });
    t.after(() => fs.rmSync(s.data, { recursive: true, force: true }));
    await s.start();
    try {
        const QueueUrl = await everything(s), sqs = s.client(SQSClient);
        await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "new", MessageGroupId: "g" }));
        const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
        assert.deepStrictEqual(Messages.map((m) => m.Body), ["new"]);
        await s.stop();
        await s.start();
        await everything(s);
    } finally {
        await s.stop();
    }
});

// What migrations 4 to 6 add is taken out of a store of today, and what says how far it is: it is one of schema 3 again.
const BACK_TO_3 = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE document SET body=json_remove(body,'$.repositories') WHERE collection='codepipeline/pipeline'")
db.execute("UPDATE document SET body=json_remove(body,'$.headKey') WHERE collection='sqs/message'")
left = db.execute("SELECT count(*) FROM document WHERE json_extract(body,'$.headKey') IS NOT NULL OR json_extract(body,'$.repositories') IS NOT NULL").fetchone()[0]
for table, column in (("document_index", "collection"), ("collection", "name")):
    db.execute(f"DELETE FROM {table} WHERE {column} IN ('codepipeline/pipeline', 'sqs/message')")
db.execute("DROP TABLE event_due")
db.execute("CREATE TABLE listener(name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID")
db.execute("PRAGMA user_version=3")
db.commit()
print(left, db.execute("SELECT count(*) FROM document WHERE collection='sqs/message'").fetchone()[0])
`;

test("FIFO groups and pipelines that an older program stored are found by what newer schemas index", { timeout: 120000 }, async (t) => {
    const s = new Slipway({ data: fs.mkdtempSync(path.join(os.tmpdir(), "slipway-upgrade-")), ephemeral: false });
    t.after(() => fs.rmSync(s.data, { recursive: true, force: true }));
    await s.start();
    try {
        const w = await world(s), sqs = s.client(SQSClient);
        const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "old.fifo", Attributes: { FifoQueue: "true", ContentBasedDeduplication: "true" } }));
        for (const [MessageGroupId, MessageBody] of [["a", "a1"], ["a", "a2"], ["b", "b1"]]) await sqs.send(new SendMessageCommand({ QueueUrl, MessageGroupId, MessageBody }));
        await w.create("old", [w.source({ PollForSourceChanges: "true" }), stage("Hold", approval("Hold"))]);
        await w.asked("old", "Hold");
        await s.stop();
        assert.strictEqual(execFileSync("python3", ["-c", BACK_TO_3, path.join(s.data, "store/store.db")], { encoding: "utf8" }), "0 3\n");
        await s.start();
        const receive = async () => (await s.client(SQSClient).send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1 }))).Messages.map((m) => m.Body)[0];
        assert.deepStrictEqual([await receive(), await receive()], ["a1", "b1"]);
        const again = new World(s);
        await again.put("app", "new.txt", "x");
        await until("the push starts the pipeline", async () => (await again.executions("old")).length === 2);
    } finally {
        await s.stop();
    }
});
