// SPDX-License-Identifier: Apache-2.0
// kill -9 at each named instant of a task's and a service's life: the next start carries on, nothing is lost, doubled
// or left behind. The instants are those of the sources, so that a new one is tested without being listed here.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const {
    ECSClient, CreateClusterCommand, RegisterTaskDefinitionCommand, CreateServiceCommand, UpdateServiceCommand,
    DeleteServiceCommand, DescribeServicesCommand, ListTasksCommand, DescribeTasksCommand,
} = require("@aws-sdk/client-ecs");
const { CloudWatchLogsClient, CreateLogGroupCommand, GetLogEventsCommand, DescribeLogStreamsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const { start } = require("../lib/slipway");
const { points, alive, lives, idle, leavesNothing } = require("../lib/crash");
const { push } = require("../lib/image");

const LINES = 40;

async function setUp(s) {
    const ecs = s.client(ECSClient);
    await push(s, "app:v1", { cmd: ["sh", "-c", `for i in $(seq 1 ${LINES}); do echo line $i; done; trap 'exit 0' TERM; while :; do sleep 0.1; done`] });
    await ecs.send(new CreateClusterCommand({ clusterName: "main" }));
    await s.client(CloudWatchLogsClient).send(new CreateLogGroupCommand({ logGroupName: "/crash" }));
    const definition = () => ecs.send(new RegisterTaskDefinitionCommand({
        family: "app", networkMode: "awsvpc", cpu: "256", memory: "512", containerDefinitions: [{
            name: "app", image: `127.0.0.1:${s.port}/app:v1`, stopTimeout: 5,
            logConfiguration: { logDriver: "awslogs", options: {
                "awslogs-group": "/crash", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p" } } }] }));
    await definition();
    await definition();
}

const look = async (s) => (await s.client(ECSClient).send(new DescribeServicesCommand({ cluster: "main", services: ["app"] }))).services[0];
const complete = (s, revision) => alive(s, `revision ${revision} is complete`, async () => {
    const v = await look(s);
    return v && v.deployments.length === 1 && v.deployments[0].rolloutState === "COMPLETED" && v.taskDefinition.endsWith(`:${revision}`) && v;
});

const STEPS = () => [
    async (s) => {
        const { Subnets } = await s.client(EC2Client).send(new DescribeSubnetsCommand({}));
        return s.client(ECSClient).send(new CreateServiceCommand({
            cluster: "main", serviceName: "app", taskDefinition: "app:1", desiredCount: 1, clientToken: "once",
            networkConfiguration: { awsvpcConfiguration: { subnets: [Subnets[0].SubnetId] } } }));
    },
    (s) => complete(s, 1),
    (s) => s.client(ECSClient).send(new UpdateServiceCommand({ cluster: "main", service: "app", taskDefinition: "app:2" })),
    (s) => complete(s, 2),
    async (s) => {
        const arns = (await s.client(ECSClient).send(new ListTasksCommand({ cluster: "main" }))).taskArns;
        assert.strictEqual(arns.length, 1);
        s.tasks = (await s.client(ECSClient).send(new DescribeTasksCommand({ cluster: "main", tasks: arns }))).tasks;
        assert.match(s.tasks[0].taskDefinitionArn, /:2$/);
    },
    (s) => s.client(ECSClient).send(new DeleteServiceCommand({ cluster: "main", service: "app", force: true })),
    (s) => alive(s, "the service is INACTIVE", async () => (await look(s)).status === "INACTIVE"),
];

async function checkLogs(s) {
    const logs = s.client(CloudWatchLogsClient);
    const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: "/crash" }));
    assert.ok(logStreams.length >= 2);
    for (const { logStreamName } of logStreams) {
        const r = await logs.send(new GetLogEventsCommand({ logGroupName: "/crash", logStreamName, startFromHead: true }));
        assert.deepStrictEqual(r.events.map((e) => e.message), Array.from({ length: LINES }, (_, i) => `line ${i + 1}`), logStreamName);
    }
}

for (const point of points(/^ecs\.(task|service|log)\./))
    test(`a service that is killed at ${point} carries on`, async (t) => {
        const s = await start(t, { ephemeral: false });
        await setUp(s);
        await lives(s, point, STEPS());
        await checkLogs(s);
        await idle(s);
        await leavesNothing(s);
    });
