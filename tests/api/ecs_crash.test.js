// SPDX-License-Identifier: Apache-2.0
// kill -9 at each named instant of a task's and a service's life: the next start carries on, nothing is lost, doubled
// or left behind. The instants are those of the sources, so that a new one is tested without being listed here.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { execFileSync } = require("node:child_process");
const {
    ECSClient, CreateClusterCommand, RegisterTaskDefinitionCommand, CreateServiceCommand, UpdateServiceCommand,
    DeleteServiceCommand, DescribeServicesCommand, ListTasksCommand, DescribeTasksCommand,
} = require("@aws-sdk/client-ecs");
const { CloudWatchLogsClient, CreateLogGroupCommand, GetLogEventsCommand, DescribeLogStreamsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { start, until } = require("../lib/slipway");
const { push } = require("../lib/image");

const FOLDER = path.join(__dirname, "../../src/services/ecs");
const POINTS = [...new Set(fs.readdirSync(FOLDER).filter((f) => f.endsWith(".c"))
    .flatMap((f) => [...fs.readFileSync(path.join(FOLDER, f), "utf8").matchAll(/SW_CRASH_POINT\("(ecs\.(?:task|service|log)\.[^"]+)"\)/g)].map((m) => m[1])))];
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
const complete = (s, revision) => until(`revision ${revision} is complete`, async () => {
    const v = await look(s).catch((e) => { if (s.child.exitCode !== null || s.child.signalCode) throw e; });
    return v && v.deployments.length === 1 && v.deployments[0].rolloutState === "COMPLETED" && v.taskDefinition.endsWith(`:${revision}`) && v;
});

// Each step may be cut short by the crash; `again` does it anew on the next start.
async function live(s, steps) {
    while (steps.length) {
        await steps[0](s);
        steps.shift();
    }
}

const STEPS = () => [
    (s) => s.client(ECSClient).send(new CreateServiceCommand({
        cluster: "main", serviceName: "app", taskDefinition: "app:1", desiredCount: 1, clientToken: "once",
        networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } } })),
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
    (s) => until("the service is INACTIVE", async () => (await look(s)).status === "INACTIVE"),
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

for (const point of POINTS)
    test(`a service that is killed at ${point} carries on`, async (t) => {
        const s = await start(t, { ephemeral: false });
        await setUp(s);
        await s.restart({ env: { SLIPWAY_CRASH_AT: point } });
        const steps = STEPS();
        await live(s, steps).catch(() => {});
        const end = await s.ended;
        assert.strictEqual(end.signal, "SIGKILL", `it never came to ${point}`);
        await s.start();
        await live(s, steps);
        await checkLogs(s);
        const instance = fs.readFileSync(path.join(s.data, "instance"), "utf8").trim();
        assert.deepStrictEqual(fs.readdirSync(path.join(s.data, "containers")), []);
        assert.ok(!execFileSync("ip", ["netns", "list"]).toString().includes(instance));
    });
