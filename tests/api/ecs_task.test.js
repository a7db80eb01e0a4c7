// SPDX-License-Identifier: Apache-2.0
// Tasks of ECS with real containers: every image is busybox FROM scratch, pushed to this server's registry.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { until, refuses } = require("../lib/slipway");
const { Ecs, FARGATE, short } = require("../lib/ecs");

const e = new Ecs();
const invalid = "InvalidParameterException";

before(() => e.open({ web: true }));
after(() => e.close());

test("a task runs to its end and tells exit code, reason, times and log", async () => {
    const r = await e.shell("echo hello; echo bad >&2; exit 3");
    assert.strictEqual(r.code, 3);
    assert.strictEqual(r.task.stopCode, "EssentialContainerExited");
    assert.strictEqual(r.task.stoppedReason, "Essential container in task exited");
    assert.deepStrictEqual(r.lines, ["hello", "bad"]);
    for (const t of ["createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppingAt", "executionStoppedAt", "stoppedAt"])
        assert.ok(r.task[t] instanceof Date, t);
    assert.match(r.task.containers[0].imageDigest, /^sha256:[0-9a-f]{64}$/);
});

test("a long log arrives in order and whole", async () => {
    const r = await e.shell("for i in $(seq 1 3000); do echo line $i; done");
    assert.deepStrictEqual(r.lines, Array.from({ length: 3000 }, (_, i) => `line ${i + 1}`));
});

test("an image that is not there stops the task before it starts", async () => {
    const t = await e.stopped(await e.run(await e.register("missing", [{ name: "a", image: e.image("app:none") }], FARGATE),
                                      e.fargate));
    assert.strictEqual(t.stopCode, "TaskFailedToStart");
    assert.match(t.stoppedReason, /^CannotPullContainerError: .*app:none: not found/);
    assert.strictEqual(t.containers[0].exitCode, undefined);
});

test("an image of another registry is refused by name", async () => {
    const t = await e.stopped(await e.run(await e.register("nginx", [{ name: "a", image: "nginx:latest" }])));
    assert.match(t.containers[0].reason, /CannotPullContainerError: .*nginx:latest.*no other registry/);
});

test("the name that AWS gives a repository means the same image", async () => {
    const r = await e.shell("echo aws", { image: "000000000000.dkr.ecr.us-east-1.amazonaws.com/app:v1" });
    assert.deepStrictEqual(r.lines, ["aws"]);
});

test("a command that cannot be run stops the task with the runtime's words", async () => {
    const t = await e.stopped(await e.run(await e.register("nocmd", [{ name: "a", command: ["/does/not/exist"] }])));
    assert.strictEqual(t.stopCode, "TaskFailedToStart");
    assert.match(t.containers[0].reason, /Cannot(Start|Create)ContainerError/);
});

test("StopTask sends SIGTERM, waits stopTimeout, and says who stopped it", async () => {
    const polite = await e.register("polite", [{ name: "a", stopTimeout: 20, command: ["sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.1; done"] }]);
    const arn = await e.run(polite);
    await e.running(arn);
    const r = await e.send("StopTask", { cluster: "main", task: arn, reason: "enough" });
    assert.strictEqual(r.task.desiredStatus, "STOPPED");
    const t = await e.stopped(arn);
    assert.strictEqual(t.stopCode, "UserInitiated");
    assert.strictEqual(t.stoppedReason, "enough");
    assert.strictEqual(t.containers[0].exitCode, 5);
    await refuses(e.send("StopTask", { cluster: "main", task: "0".repeat(32) }), invalid, /not found/);
});

test("a task in awsvpc mode has an address of its own that answers", async () => {
    const d = await e.register("vpc", [{ name: "web", image: e.image("web:v1"), portMappings: [{ containerPort: 8080 }] }], FARGATE);
    await refuses(e.run(d), invalid, /Network Configuration must be provided/);
    const arn = await e.run(d, e.fargate);
    const t = await e.running(arn);
    assert.strictEqual(t.attachments[0].status, "ATTACHED");
    assert.deepStrictEqual([t.connectivity, t.healthStatus, t.availabilityZone], ["CONNECTED", "UNKNOWN", e.subnets[0].AvailabilityZone]);
    assert.strictEqual(t.attachments[0].details.find((x) => x.name === "subnetId").value, e.subnets[0].SubnetId);
    const address = t.attachments[0].details.find((x) => x.name === "privateIPv4Address").value;
    assert.strictEqual(t.containers[0].networkInterfaces[0].privateIpv4Address, address);
    const body = await until("it answers", () => fetch(`http://${address}:8080/`).then((r) => r.text(), () => null));
    assert.strictEqual(body, "v1");
    await e.send("StopTask", { cluster: "main", task: arn });
    await e.stopped(arn);
});

test("bridge mode maps ports of the host", async () => {
    const arn = await e.run(await e.register("bridge", [{ name: "web", image: e.image("web:v1"), portMappings: [{ containerPort: 8080 }] }]));
    const t = await e.running(arn);
    const b = t.containers[0].networkBindings[0];
    assert.strictEqual(b.containerPort, 8080);
    const body = await until("it answers", () => fetch(`http://127.0.0.1:${b.hostPort}/`).then((r) => r.text(), () => null));
    assert.strictEqual(body, "v1");
    await e.send("StopTask", { cluster: "main", task: arn });
    await e.stopped(arn);
});

test("a task that joins no network is PENDING from the beginning, and connected where it runs", async () => {
    for (const [networkMode, first, more] of [["host", "PENDING"], ["none", "PENDING"], ["bridge", "PROVISIONING"], ["awsvpc", "PROVISIONING", e.fargate]]) {
        const d = await e.register(`first-${networkMode}`, [{ name: "a", command: ["sleep", "600"] }], more ? FARGATE : { networkMode });
        const { tasks: [t] } = await e.send("RunTask", { cluster: "main", taskDefinition: d.taskDefinitionArn, ...more });
        assert.strictEqual(t.lastStatus, first, networkMode);
        assert.strictEqual((await e.running(t.taskArn)).connectivity, "CONNECTED", networkMode);
        await e.stop(t.taskArn);
    }
});

test("containers wait for those they depend on, share volumes and localhost, and health checks are run", async () => {
    const d = await e.register("order", [
        { name: "init", essential: false, command: ["sh", "-c", "echo ready > /data/x"], mountPoints: [{ sourceVolume: "data", containerPath: "/data" }] },
        { name: "web", image: e.image("web:v1"), healthCheck: { command: ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:8080/"], interval: 5 } },
        { name: "main", command: ["sh", "-c", "test $(cat /data/x) = ready && test $(wget -q -O - http://127.0.0.1:8080/) = v1 && exit 9"],
          mountPoints: [{ sourceVolume: "data", containerPath: "/data", readOnly: true }],
          dependsOn: [{ containerName: "init", condition: "SUCCESS" }, { containerName: "web", condition: "HEALTHY" }] },
    ], { volumes: [{ name: "data" }] });
    const t = await e.stopped(await e.run(d));
    const by = Object.fromEntries(t.containers.map((c) => [c.name, c]));
    assert.strictEqual(by.init.exitCode, 0);
    assert.strictEqual(by.web.healthStatus, "HEALTHY");
    assert.strictEqual(by.main.exitCode, 9);
});

test("a dependency that fails stops the task", async () => {
    const d = await e.register("dep", [
        { name: "init", essential: false, command: ["false"] },
        { name: "main", dependsOn: [{ containerName: "init", condition: "SUCCESS" }] }]);
    const t = await e.stopped(await e.run(d));
    assert.strictEqual(t.stopCode, "TaskFailedToStart");
});

test("the same client token starts a task once", async () => {
    const d = await e.register("once", [{ name: "a" }]);
    const rest = { clientToken: "t-1", startedBy: "me" };
    const a = await e.run(d, rest), b = await e.run(d, rest);
    assert.strictEqual(a, b);
    assert.strictEqual(await e.run(d, { ...rest, cluster: "arn:aws:ecs:us-east-1:000000000000:cluster/main" }), a, "by its ARN it is the same cluster");
    await refuses(e.run(d, { ...rest, startedBy: "other" }), "ConflictException");
    assert.deepStrictEqual((await e.send("ListTasks", { cluster: "main", startedBy: "me" })).taskArns, [a]);
    await e.send("StopTask", { cluster: "main", task: a });
    await e.stopped(a);
});

test("tags are kept and ECS Exec is refused", async () => {
    const arn = await e.run(await e.register("tags", [{ name: "a" }]), { tags: [{ key: "k", value: "v" }] });
    await e.send("TagResource", { resourceArn: arn, tags: [{ key: "k2", value: "v2" }] });
    assert.strictEqual((await e.send("ListTagsForResource", { resourceArn: arn })).tags.length, 2);
    await refuses(e.send("ExecuteCommand", { cluster: "main", task: "0".repeat(32), interactive: true, command: "sh" }), invalid, /task was not found/);
    await refuses(e.send("ExecuteCommand", { cluster: "main", task: arn, interactive: true, command: "sh" }), invalid, /ECS Exec/);
    await e.send("StopTask", { cluster: "main", task: arn });
    await e.stopped(arn);
});

test("tasks are described, listed by what they are, and in pages", async () => {
    const d = await e.register("listed", [{ name: "a" }]);
    const { tasks } = await e.send("RunTask", { cluster: "main", taskDefinition: "listed", count: 3, startedBy: "lister", group: "g",
        tags: [{ key: "k", value: "v" }], propagateTags: "TASK_DEFINITION", enableECSManagedTags: true });
    const arns = tasks.map((t) => t.taskArn).sort();
    assert.deepStrictEqual(tasks[0].tags, [{ key: "k", value: "v" }, { key: "aws:ecs:clusterName", value: "main" }]);
    assert.strictEqual(tasks[0].group, "g");
    for (const by of [{ family: "listed" }, { startedBy: "lister" }, { family: "listed", launchType: "EC2" }])
        assert.deepStrictEqual((await e.tasks(by)).sort(), arns);
    for (const by of [{ family: "list" }, { startedBy: "other" }, { family: "listed", launchType: "FARGATE" }, { family: "listed", desiredStatus: "STOPPED" }])
        assert.deepStrictEqual(await e.tasks(by), []);
    const first = await e.send("ListTasks", { cluster: "main", family: "listed", maxResults: 2 });
    const rest = await e.send("ListTasks", { cluster: "main", family: "listed", maxResults: 2, nextToken: first.nextToken });
    assert.deepStrictEqual([...first.taskArns, ...rest.taskArns].sort(), arns);
    assert.strictEqual(rest.nextToken, undefined);
    const { failures } = await e.send("DescribeTasks", { cluster: "main", tasks: ["0".repeat(32)] });
    assert.strictEqual(failures[0].reason, "MISSING");
    await refuses(e.send("ListTasks", { cluster: "main", serviceName: "none" }), "ServiceNotFoundException");
    await refuses(e.send("ListTasks", { cluster: "main", containerInstance: "i" }), invalid, /containerInstance/);
    await refuses(e.send("ListTasks", { cluster: "none" }), "ClusterNotFoundException");
    await refuses(e.send("DescribeTasks", { cluster: "main", tasks: [] }), invalid, /Tasks cannot be empty/);
    for (const arn of arns) await e.stop(arn);
    assert.deepStrictEqual((await e.tasks({ family: "listed", desiredStatus: "STOPPED" })).sort(), arns);
    assert.strictEqual(d.revision, 1);
});

for (const [field, rest, message] of [
    ["enableExecuteCommand", { enableExecuteCommand: true }], ["placementStrategy", { placementStrategy: [{ type: "random" }] }],
    ["placementConstraints", { placementConstraints: [{ type: "distinctInstance" }] }], ["referenceId", { referenceId: "r" }],
    ["volumeConfigurations", { volumeConfigurations: [{ name: "v" }] }], ["launchType", { launchType: "EXTERNAL" }],
    ["inferenceAcceleratorOverrides", { overrides: { inferenceAcceleratorOverrides: [{ deviceName: "d" }] } }],
    ["ephemeralStorage", { overrides: { ephemeralStorage: { sizeInGiB: 30 } } }],
    ["resourceRequirements", { overrides: { containerOverrides: [{ name: "a", resourceRequirements: [{ type: "GPU", value: "1" }] }] } }],
    ["count", { count: 11 }], ["propagateTags", { propagateTags: "SERVICE" }], ["startedBy", { startedBy: "x".repeat(129) }],
    ["platformVersion", { platformVersion: "1.4.0" }, /platform version must be null/],
    ["networkConfiguration", { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } } }, /not valid for the given networkMode/],
])
    test(`what RunTask cannot do is refused by name: ${field}`, async () => {
        const d = await e.register("norun", [{ name: "a" }]);
        await refuses(e.run(d, rest), invalid, message || new RegExp(field));
    });

test("subnets, security groups and sizes of Fargate tasks are checked before a task is made", async () => {
    const d = await e.register("checked", [{ name: "a" }], FARGATE);
    const vpc = (awsvpcConfiguration) => e.run(d, { launchType: "FARGATE", networkConfiguration: { awsvpcConfiguration } });
    const subnets = [e.subnets[0].SubnetId];
    await refuses(vpc({ subnets: ["subnet-0123456789abcdef0"] }), invalid, /subnet information for \[subnet-0123456789abcdef0\].*InvalidSubnetID\.NotFound/);
    await refuses(vpc({ subnets, securityGroups: ["sg-0123456789abcdef0"] }), invalid, /security group information.*InvalidGroup\.NotFound/);
    await refuses(vpc({ subnets: [] }), invalid, /subnets can not be empty/);
    await refuses(e.run(d, { ...e.fargate, overrides: { cpu: "256", memory: "9999" } }), invalid, /No Fargate configuration/);
    await refuses(e.run(d, { ...e.fargate, platformVersion: "9.9" }), "PlatformUnknownException");
});

test("a cluster without container instances starts no task on one", async () => {
    await e.register("placed", [{ name: "a" }]);
    const r = await e.send("StartTask", { cluster: "main", taskDefinition: "placed", containerInstances: ["i-1"] });
    assert.deepStrictEqual(r.failures, [{ arn: "i-1", reason: "MISSING" }]);
    await refuses(e.send("StartTask", { cluster: "main", taskDefinition: "none", containerInstances: ["i-1"] }), "ClientException", /TaskDefinition not found/);
});
