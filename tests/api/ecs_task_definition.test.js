// SPDX-License-Identifier: Apache-2.0
// Task definitions of ECS: revisions, and what they may say.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { refuses } = require("../lib/slipway");
const { Ecs, FARGATE } = require("../lib/ecs");

const e = new Ecs();
const ROLE = "arn:aws:iam::000000000000:role/any";

before(() => e.open());
after(() => e.close());

test("each registration is a new revision with AWS's defaults filled in", async () => {
    const a = await e.register("defs", [{ name: "a", portMappings: [{ containerPort: 80 }] }], { tags: [{ key: "k", value: "v" }] });
    const b = await e.register("defs", [{ name: "a" }]);
    assert.strictEqual(a.revision, 1);
    assert.strictEqual(b.revision, 2);
    assert.strictEqual(a.networkMode, "bridge");
    assert.strictEqual(a.containerDefinitions[0].essential, true);
    assert.deepStrictEqual(a.containerDefinitions[0].portMappings, [{ containerPort: 80, hostPort: 0, protocol: "tcp" }]);
    assert.deepStrictEqual(a.compatibilities, ["EC2"]);
    const describe = (taskDefinition, include) => e.send("DescribeTaskDefinition", { taskDefinition, include });
    assert.strictEqual((await describe("defs")).taskDefinition.revision, 2);
    assert.deepStrictEqual((await describe("defs:1", ["TAGS"])).tags, [{ key: "k", value: "v" }]);
    const l = await e.send("ListTaskDefinitions", { familyPrefix: "defs", sort: "DESC" });
    assert.deepStrictEqual(l.taskDefinitionArns.map((x) => x.split(":").pop()), ["2", "1"]);
    assert.deepStrictEqual((await e.send("ListTaskDefinitionFamilies", { familyPrefix: "def" })).families, ["defs"]);
    await refuses(describe("none"), "ClientException", /Unable to describe task definition/);
    await refuses(e.send("ListTaskDefinitions", { nextToken: "x" }), "InvalidParameterException", /Invalid token/);
    await refuses(e.send("ListTaskDefinitionFamilies", { maxResults: 0 }), "InvalidParameterException", /maxResults/);
});

test("a revision is deregistered, then deleted, and its number never comes back", async () => {
    for (let i = 0; i < 2; i++) await e.register("gone", [{ name: "a" }]);
    const remove = (taskDefinitions) => e.send("DeleteTaskDefinitions", { taskDefinitions });
    assert.match((await remove(["gone:2"])).failures[0].reason, /still in ACTIVE status/);
    const d = (await e.send("DeregisterTaskDefinition", { taskDefinition: "gone:2" })).taskDefinition;
    assert.strictEqual(d.status, "INACTIVE");
    assert.ok(d.deregisteredAt instanceof Date);
    assert.strictEqual((await e.send("DescribeTaskDefinition", { taskDefinition: "gone" })).taskDefinition.revision, 1);
    await refuses(e.send("RunTask", { cluster: "main", taskDefinition: "gone:2" }), "ClientException", /inactive/);
    assert.strictEqual((await remove(["gone:2"])).taskDefinitions[0].status, "DELETE_IN_PROGRESS");
    assert.match((await remove(["gone:9"])).failures[0].reason, /does not exist/);
    assert.strictEqual((await e.register("gone", [{ name: "a" }])).revision, 3);
    await refuses(e.send("DeregisterTaskDefinition", { taskDefinition: "gone" }), "ClientException", /Revision is missing/);
    await refuses(remove(Array.from({ length: 11 }, (_, i) => `gone:${i}`)), "InvalidParameterException", /at most 10/);
});

test("Fargate's combinations of cpu and memory are checked", async () => {
    const d = await e.register("fargate", [{ name: "a" }], { ...FARGATE, cpu: ".25 vCPU", memory: "0.5 GB" });
    assert.deepStrictEqual(d.compatibilities, ["EC2", "FARGATE"]);
    assert.deepStrictEqual([d.cpu, d.memory], ["256", "512"]);
    await refuses(e.register("fargate", [{ name: "a" }], { ...FARGATE, memory: "3072" }), "ClientException", /No Fargate configuration exists/);
    await refuses(e.register("fargate", [{ name: "a" }], { ...FARGATE, networkMode: "bridge" }), "ClientException", /awsvpc/);
});

for (const [field, container, rest] of [
    ["links", { links: ["b"] }], ["firelensConfiguration", { firelensConfiguration: { type: "fluentd" } }],
    ["resourceRequirements", { resourceRequirements: [{ type: "GPU", value: "1" }] }],
    ["maxSwap", { linuxParameters: { maxSwap: 1 } }], ["swappiness", { linuxParameters: { swappiness: 1 } }],
    ["devices", { linuxParameters: { devices: [{ hostPath: "/dev/null" }] } }],
    ["restartPolicy", { restartPolicy: { enabled: true } }], ["volumesFrom", { volumesFrom: [{ sourceContainer: "b" }] }],
    ["repositoryCredentials", { repositoryCredentials: { credentialsParameter: "p" } }],
    ["dockerSecurityOptions", { dockerSecurityOptions: ["no-new-privileges"] }], ["credentialSpecs", { credentialSpecs: ["x"] }],
    ["interactive", { interactive: true }], ["containerPortRange", { portMappings: [{ containerPortRange: "1-2" }] }],
    ["versionConsistency", { versionConsistency: "disabled" }],
    ["logDriver", { logConfiguration: { logDriver: "splunk" } }],
    ["secrets.valueFrom", { secrets: [{ name: "A", valueFrom: "arn:aws:secretsmanager:us-east-1:000000000000:secret:a" }] }, { executionRoleArn: ROLE }],
    ["efsVolumeConfiguration", {}, { volumes: [{ name: "v", efsVolumeConfiguration: { fileSystemId: "fs-1" } }] }],
    ["configuredAtLaunch", {}, { volumes: [{ name: "v", configuredAtLaunch: true }] }],
    ["dockerVolumeConfiguration", {}, { volumes: [{ name: "v", dockerVolumeConfiguration: { scope: "task" } }] }],
    ["proxyConfiguration", {}, { proxyConfiguration: { containerName: "a" } }], ["pidMode", {}, { pidMode: "host" }],
    ["ipcMode", {}, { ipcMode: "host" }], ["ephemeralStorage", {}, { ephemeralStorage: { sizeInGiB: 21 } }],
    ["enableFaultInjection", {}, { enableFaultInjection: true }],
    ["inferenceAccelerators", {}, { inferenceAccelerators: [{ deviceName: "d", deviceType: "t" }] }],
    ["placementConstraints", {}, { placementConstraints: [{ type: "memberOf", expression: "x" }] }],
    ["requiresCompatibilities", {}, { requiresCompatibilities: ["EXTERNAL"] }],
    ["cpuArchitecture", {}, { runtimePlatform: { cpuArchitecture: "ARM64" } }],
    ["operatingSystemFamily", {}, { runtimePlatform: { operatingSystemFamily: "WINDOWS_SERVER_2019_CORE" } }],
])
    test(`what cannot be done is refused by name: ${field}`, async () => {
        const kind = ["logDriver", "secrets.valueFrom", "requiresCompatibilities"].includes(field) ? "ClientException" : "InvalidParameterException";
        await refuses(e.register("no", [{ name: "a", ...container }], rest), kind, new RegExp(field));
    });

test("an essential container, known volumes and a way out of the dependencies are needed", async () => {
    const after = (...names) => ({ dependsOn: names.map((containerName) => ({ containerName, condition: "START" })) });
    const no = (containers, message) => refuses(e.register("no", containers), "ClientException", message);
    await no([{ name: "a", essential: false }], /essential/);
    await no([{ name: "a", mountPoints: [{ sourceVolume: "x", containerPath: "/x" }] }], /Unknown volume/);
    await no([{ name: "a", ...after("b") }, { name: "b", ...after("a") }], /circle/);
    await no([{ name: "a", ...after("b") }], /does not exist/);
    await no([{ name: "a" }, { name: "a" }], /unique/);
    await no([{ name: "a", dependsOn: [{ containerName: "b", condition: "HEALTHY" }] }, { name: "b", healthCheck: { command: ["NONE"] } }], /no health check/);
    const many = Array.from({ length: 9 }, (_, i) => ({ name: `c${i}`, ...after(...Array(100).fill(`c${i + 1}`)) }));
    await e.register("deep", [...many, { name: "c9" }]);
    await no([...many, { name: "c9", ...after("c0") }], /circle/);
});

test("environment files need an execution role, an object's ARN and the extension .env", async () => {
    const no = (value, rest, message) => refuses(e.register("no", [{ name: "a", environmentFiles: [{ type: "s3", value }] }], rest), "ClientException", message);
    await no("arn:aws:s3:::b/x.env", {}, /executionRoleArn/);
    await no("s3://b/x.env", { executionRoleArn: ROLE }, /environmentFiles.value/);
    await no("arn:aws:s3:::b/x.txt", { executionRoleArn: ROLE }, /\.env/);
});

test("the options of awslogs are checked", async () => {
    const options = { "awslogs-group": "g", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p" };
    const no = (more, message) => refuses(e.register("no", [{ name: "a", logConfiguration: { logDriver: "awslogs", options: { ...options, ...more } } }]), "ClientException", message);
    await no({ mode: "sometimes" }, /mode/);
    await no({ "awslogs-create-group": "yes" }, /awslogs-create-group/);
    await no({ "awslogs-region": "eu-west-1" }, /awslogs-region/);
    await no({ "awslogs-multiline-pattern": "x" }, /awslogs-multiline-pattern/);
    await no({ "awslogs-group": "" }, /awslogs-group/);
});
