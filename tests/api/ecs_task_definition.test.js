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
    ["secrets.valueFrom", { secrets: [{ name: "A", valueFrom: "arn:aws:secretsmanager:us-east-1:000000000000:secret:a-AbCdEf:k:s:v:more" }] }, { executionRoleArn: ROLE }],
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

// What the API's text demands and its model does not.
const one = (container = {}, rest = {}) => [[{ name: "a", ...container }], rest];
const named = (family) => [[{ name: "a" }], {}, family];
const fargate = (container) => one(container, FARGATE);
const linux = (linuxParameters) => ({ linuxParameters });
const twice = (name) => [{ name, value: "1" }, { name: "B", value: "2" }, { name, value: "3" }];
for (const [what, [containers, rest, family = "no"], message] of [
    ["a family with a space", named("a b"), /^Family contains invalid characters\.$/],
    ["a family with a colon", named("a:b"), /^Family contains invalid characters\.$/],
    ["a family that is too long", named("f".repeat(256)), /^Family is too long/],
    ["a container's name with a space", one({ name: "a b" }), /^Container\.name contains invalid characters\.$/],
    ["an image with a space", one({ image: "a b:1" }), /^Container\.image contains invalid characters\.$/],
    ["an image that is a placeholder", one({ image: "<IMAGE1_NAME>" }), /^Container\.image contains invalid characters\.$/],
    ["a volume's name with a space", one({}, { volumes: [{ name: "a b" }] }), /^Volume\.name contains invalid characters\.$/],
    ["a volume's name that leads out of its folder", one({}, { volumes: [{ name: "../x" }] }), /^Volume\.name contains invalid characters\.$/],
    ["a volume twice", one({}, { volumes: [{ name: "v" }, { name: "w" }, { name: "v" }] }), /^Duplicate volume name 'v'\.$/],
    ["an environment variable twice", one({ environment: twice("A") }), /^Duplicate environment variable 'A' in container 'a'\.$/],
    ["a secret under a variable's name", one({ environment: [{ name: "A", value: "1" }], secrets: [{ name: "A", valueFrom: "/a" }] }, { executionRoleArn: ROLE }),
        /^The secret name must be unique and not shared .* such as 'A'\.$/],
    ["a negative cpu", one({ cpu: -5 }), /^Invalid setting for container 'a'\. The 'cpu' must not be negative\.$/],
    ["a soft limit over the hard one", one({ ulimits: [{ name: "nofile", softLimit: 10, hardLimit: 5 }] }), /soft limit of ulimit 'nofile' must not exceed its hard limit/],
    ["an unlimited soft limit under a hard one", one({ ulimits: [{ name: "core", softLimit: -1, hardLimit: 5 }] }), /soft limit of ulimit 'core'/],
    ["a ulimit twice", one({ ulimits: [{ name: "core", softLimit: 1, hardLimit: 1 }, { name: "core", softLimit: 2, hardLimit: 2 }] }), /^Duplicate ulimit name 'core'/],
    ["more files than the machine can open", one({ ulimits: [{ name: "nofile", softLimit: 1024, hardLimit: 2147483647 }] }),
        /^Container 'a': ulimit nofile of 2147483647 is beyond what this machine can give: \d+ \((fs\.nr_open|the hard limit that Slipway runs under)\)$/],
    ["files without limit", one({ ulimits: [{ name: "nofile", softLimit: -1, hardLimit: -1 }] }), /ulimit nofile of unlimited is beyond what this machine can give/],
    ["an unknown capability", one(linux({ capabilities: { add: ["FLY"] } })), /^Invalid Linux capability: FLY$/],
    ["an unknown capability to drop", one(linux({ capabilities: { drop: ["FLY"] } })), /^Invalid Linux capability: FLY$/],
    ["a task role that is another ARN", one({}, { taskRoleArn: "arn:aws:s3:::bucket" }), /^Role is not valid$/],
    ["an execution role that is no name", one({}, { executionRoleArn: "not a role!" }), /^Role is not valid$/],
    ["a kernel parameter of the machine", one({ systemControls: [{ namespace: "kernel.core_pattern", value: "x" }] }), /^systemControls\.namespace: kernel\.core_pattern/],
    ["a network parameter of the machine", one({ systemControls: [{ namespace: "net.ipv4.ip_forward", value: "1" }] }, { networkMode: "host" }), /^systemControls\.namespace: net\.ipv4\.ip_forward/],
    ["a tmpfs that is a bind mount", one(linux({ tmpfs: [{ containerPath: "/t", size: 1, mountOptions: ["rbind"] }] })), /^tmpfs\.mountOptions: rbind is not supported/],
    ["sharedMemorySize on Fargate", fargate(linux({ sharedMemorySize: 8 })), /^Fargate compatible task definitions do not support sharedMemorySize/],
    ["tmpfs on Fargate", fargate(linux({ tmpfs: [{ containerPath: "/t", size: 1 }] })), /^Fargate compatible task definitions do not support tmpfs/],
    ["nproc on Fargate", fargate({ ulimits: [{ name: "nproc", softLimit: 1, hardLimit: 2 }] }), /^Fargate compatible task definitions do not support ulimit 'nproc'/],
    ["SYS_ADMIN on Fargate", fargate(linux({ capabilities: { add: ["SYS_ADMIN"] } })), /^Fargate compatible task definitions do not support adding the Linux capability SYS_ADMIN/],
])
    test(`what AWS refuses is refused in its words: ${what}`, () => refuses(e.register(family, containers, rest), "ClientException", message));

test("names, roles and limits that AWS takes are taken", async () => {
    await e.register("Family_1-x", [{ name: "A_b-1", image: "000000000000.dkr.ecr.us-east-1.amazonaws.com/a/b@sha256:" + "0".repeat(64),
        ulimits: [{ name: "nofile", softLimit: 1024, hardLimit: 4096 }, { name: "core", softLimit: -1, hardLimit: -1 }],
        linuxParameters: { capabilities: { add: ["NET_BIND_SERVICE", "SYS_PTRACE"], drop: ["ALL"] }, tmpfs: [{ containerPath: "/t", size: 1, mountOptions: ["noexec", "mode=1777"] }] },
        systemControls: [{ namespace: "net.core.somaxconn", value: "77" }, { namespace: "kernel.msgmax", value: "65536" }] }],
        { taskRoleArn: "plain-name", executionRoleArn: "arn:aws:iam::000000000000:role/path/of/role", volumes: [{ name: "v_1-x" }] });
    await e.register("pt", [{ name: "a", ulimits: [{ name: "nofile", softLimit: 1, hardLimit: 2 }], linuxParameters: { capabilities: { add: ["SYS_PTRACE"] } } }], FARGATE);
});

test("an ARN of another region, account or service names nothing here, whatever its last part", async () => {
    const d = await e.register("foreign", [{ name: "a" }]);
    for (const from of ["arn:aws:ecs:eu-west-1:000000000000", "arn:aws:ecs:us-east-1:111111111111", "arn:aws:s3:us-east-1:000000000000"]) {
        const definition = `${from}:task-definition/foreign:${d.revision}`, cluster = `${from}:cluster/main`, service = `${from}:service/main/s`, task = `${from}:task/main/${"0".repeat(32)}`;
        await refuses(e.send("DescribeTaskDefinition", { taskDefinition: definition }), "ClientException", /Unable to describe task definition/);
        await refuses(e.send("DescribeTaskDefinition", { taskDefinition: `${from}:task-definition/foreign` }), "ClientException", /Unable to describe task definition/);
        await refuses(e.send("DeregisterTaskDefinition", { taskDefinition: definition }), "ClientException", /does not exist/);
        assert.deepStrictEqual((await e.send("DeleteTaskDefinitions", { taskDefinitions: [definition] })).failures.map((f) => f.arn), [definition]);
        await refuses(e.send("RunTask", { cluster: "main", taskDefinition: definition }), "ClientException", /TaskDefinition not found/);
        await refuses(e.send("RunTask", { cluster, taskDefinition: "foreign" }), "ClusterNotFoundException");
        const failed = (r) => r.failures.map((f) => [f.arn, f.reason]);
        assert.deepStrictEqual(failed(await e.send("DescribeClusters", { clusters: [cluster] })), [[cluster, "MISSING"]]);
        assert.deepStrictEqual(failed(await e.send("DescribeServices", { cluster: "main", services: [service] })), [[service, "MISSING"]]);
        assert.deepStrictEqual(failed(await e.send("DescribeTasks", { cluster: "main", tasks: [task] })), [[task, "MISSING"]]);
        assert.deepStrictEqual(failed(await e.send("DescribeCapacityProviders", { capacityProviders: [`${from}:capacity-provider/FARGATE`] })), [[`${from}:capacity-provider/FARGATE`, "MISSING"]]);
        for (const [op, input] of [["ListTasks", {}], ["ListServices", {}], ["DeleteCluster", {}], ["UpdateCluster", {}], ["DescribeServices", { services: ["s"] }], ["StopTask", { task: "x" }]])
            await refuses(e.send(op, { cluster, ...input }), "ClusterNotFoundException");
    }
    const own = d.taskDefinitionArn, [c] = (await e.send("DescribeClusters", { clusters: ["main"] })).clusters;
    assert.strictEqual((await e.send("DescribeTaskDefinition", { taskDefinition: own })).taskDefinition.family, "foreign");
    assert.strictEqual((await e.send("DescribeClusters", { clusters: [c.clusterArn] })).clusters[0].clusterName, "main");
});

test("a service whose tasks ask for more than the machine has says so at once", async () => {
    const d = await e.register("big", [{ name: "a", cpu: 1024 * 512, memory: 1024 * 1024 * 64 }]);
    await e.send("CreateService", { cluster: "main", serviceName: "big", taskDefinition: d.taskDefinitionArn, desiredCount: 0 });
    const texts = (await e.service("big")).events.map((x) => x.message);
    assert.ok(texts.some((x) => /^\(service big\) asks for 524288 CPU units a task\. This machine has \d+: /.test(x)), texts.join("\n"));
    assert.ok(texts.some((x) => /^\(service big\) asks for 67108864 MiB of memory a task\. This machine has \d+: /.test(x)), texts.join("\n"));
});
