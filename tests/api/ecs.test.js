// SPDX-License-Identifier: Apache-2.0
// ECS with real containers: every image is busybox FROM scratch, pushed to this server's registry.
"use strict";
const { test, before, after, describe } = require("node:test");
const assert = require("node:assert");
const {
    ECSClient, CreateClusterCommand, DescribeClustersCommand, ListClustersCommand, DeleteClusterCommand,
    PutClusterCapacityProvidersCommand, RegisterTaskDefinitionCommand, DescribeTaskDefinitionCommand,
    ListTaskDefinitionsCommand, ListTaskDefinitionFamiliesCommand, DeregisterTaskDefinitionCommand, RunTaskCommand,
    StopTaskCommand, DescribeTasksCommand, ListTasksCommand, CreateServiceCommand, UpdateServiceCommand,
    DeleteServiceCommand, DescribeServicesCommand, ListServicesCommand, ListServiceDeploymentsCommand,
    DescribeServiceDeploymentsCommand, DescribeServiceRevisionsCommand, TagResourceCommand, ListTagsForResourceCommand,
    ExecuteCommandCommand,
} = require("@aws-sdk/client-ecs");
const { CloudWatchLogsClient, CreateLogGroupCommand, GetLogEventsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } = require("@aws-sdk/client-cloudwatch");
const { IAMClient, CreateRoleCommand, PutRolePolicyCommand } = require("@aws-sdk/client-iam");
const { SSMClient, PutParameterCommand } = require("@aws-sdk/client-ssm");
const { S3Client, CreateBucketCommand } = require("@aws-sdk/client-s3");
const { CodeCommitClient, CreateRepositoryCommand, PutFileCommand } = require("@aws-sdk/client-codecommit");
const { CodePipelineClient, CreatePipelineCommand, StartPipelineExecutionCommand, GetPipelineExecutionCommand,
        ListActionExecutionsCommand } = require("@aws-sdk/client-codepipeline");
const {
    ElasticLoadBalancingV2Client, CreateLoadBalancerCommand, CreateTargetGroupCommand, CreateListenerCommand,
    ModifyTargetGroupAttributesCommand, DescribeTargetHealthCommand,
} = require("@aws-sdk/client-elastic-load-balancing-v2");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const http = require("node:http");
const { start, finish, until, refuses } = require("../lib/slipway");
const { push } = require("../lib/image");

let s, ecs, logs;

const send = (command) => ecs.send(command);
const one = async (arn, cluster = "main") => (await send(new DescribeTasksCommand({ cluster, tasks: [arn] }))).tasks[0];
const service = async (name) => (await send(new DescribeServicesCommand({ cluster: "main", services: [name] }))).services[0];
const stopped = (arn) => until("the task is STOPPED", async () => {
    const t = await one(arn);
    return t.lastStatus === "STOPPED" && t;
});
const running = (arn) => until("the task is RUNNING", async () => {
    const t = await one(arn);
    assert.notStrictEqual(t.lastStatus, "STOPPED", t.stoppedReason);
    return t.lastStatus === "RUNNING" && t;
});
const stable = (name, seconds = 60) => until(`${name} is stable`, async () => {
    const v = await service(name);
    return v.deployments.length === 1 && v.deployments[0].rolloutState === "COMPLETED" && v.runningCount === v.desiredCount && v;
}, { seconds });
const image = (name) => `127.0.0.1:${s.port}/${name}`;

async function register(family, containers, rest = {}) {
    const definitions = containers.map((c) => ({ image: image("app:v1"), memory: 64, stopTimeout: 2, ...c }));
    const r = await send(new RegisterTaskDefinitionCommand({ family, containerDefinitions: definitions, ...rest }));
    return r.taskDefinition;
}

const FARGATE = { networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"], cpu: "256", memory: "512" };
const NETWORK = { awsvpcConfiguration: { subnets: ["subnet-1"] } };

async function run(definition, rest = {}) {
    const r = await send(new RunTaskCommand({ cluster: "main", taskDefinition: definition.taskDefinitionArn, ...rest }));
    return r.tasks[0].taskArn;
}

// Exit code and log lines of a shell text in a container.
async function shell(text, container = {}, rest = {}, runRest = {}) {
    const family = "shell" + Math.random().toString(16).slice(2);
    const definition = await register(family, [{
        name: "main", command: ["sh", "-c", text], ...container,
        logConfiguration: { logDriver: "awslogs", options: {
            "awslogs-group": "/ecs/test", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p" } },
    }], rest);
    const arn = await run(definition, runRest);
    const task = await stopped(arn);
    const out = await logs.send(new GetLogEventsCommand({
        logGroupName: "/ecs/test", logStreamName: `p/main/${arn.split("/").pop()}`, startFromHead: true }));
    return { task, code: task.containers[0].exitCode, lines: out.events.map((e) => e.message) };
}

before(async () => {
    s = await start(null);
    ecs = s.client(ECSClient);
    logs = s.client(CloudWatchLogsClient);
    await push(s, "app:v1", { cmd: ["sleep", "1000"] });
    for (const v of ["v1", "v2"])
        await push(s, `web:${v}`, { cmd: ["httpd", "-f", "-p", "8080", "-h", "/www"], files: { "www/index.html": v } });
    await push(s, "web:bad", { cmd: ["sh", "-c", "echo no; exit 7"] });
    await send(new CreateClusterCommand({ clusterName: "main" }));
    await logs.send(new CreateLogGroupCommand({ logGroupName: "/ecs/test" }));
});
after(() => finish(s));

describe("clusters", () => {
    test("a cluster is created once, described, listed and deleted", async () => {
        const a = await send(new CreateClusterCommand({ clusterName: "c1", tags: [{ key: "a", value: "b" }] }));
        assert.strictEqual(a.cluster.status, "ACTIVE");
        assert.match(a.cluster.clusterArn, /^arn:aws:ecs:us-east-1:000000000000:cluster\/c1$/);
        const again = await send(new CreateClusterCommand({ clusterName: "c1" }));
        assert.strictEqual(again.cluster.clusterArn, a.cluster.clusterArn);
        const d = await send(new DescribeClustersCommand({ clusters: ["c1", "none"], include: ["TAGS"] }));
        assert.deepStrictEqual(d.clusters[0].tags, [{ key: "a", value: "b" }]);
        assert.strictEqual(d.failures[0].reason, "MISSING");
        assert.ok((await send(new ListClustersCommand({}))).clusterArns.includes(a.cluster.clusterArn));
        const gone = await send(new DeleteClusterCommand({ cluster: "c1" }));
        assert.strictEqual(gone.cluster.status, "INACTIVE");
        await refuses(send(new DeleteClusterCommand({ cluster: "c1" })), "ClusterNotFoundException", /Cluster not found/);
    });

    test("clusters are listed in pages", async () => {
        for (const n of ["p1", "p2", "p3"]) await send(new CreateClusterCommand({ clusterName: n }));
        const seen = [];
        let nextToken;
        do {
            const r = await send(new ListClustersCommand({ maxResults: 2, nextToken }));
            assert.ok(r.clusterArns.length <= 2);
            seen.push(...r.clusterArns);
            nextToken = r.nextToken;
        } while (nextToken);
        assert.strictEqual(new Set(seen).size, seen.length);
        assert.ok(seen.length >= 4);
        await refuses(send(new ListClustersCommand({ nextToken: "x" })), "InvalidParameterException");
    });

    test("only Fargate's capacity providers are known", async () => {
        const r = await send(new PutClusterCapacityProvidersCommand({
            cluster: "main", capacityProviders: ["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy: [] }));
        assert.deepStrictEqual(r.cluster.capacityProviders, ["FARGATE", "FARGATE_SPOT"]);
        await refuses(send(new PutClusterCapacityProvidersCommand({
            cluster: "main", capacityProviders: ["mine"], defaultCapacityProviderStrategy: [] })), "InvalidParameterException", /mine/);
    });
});

describe("task definitions", () => {
    test("each registration is a new revision with AWS's defaults filled in", async () => {
        const a = await register("defs", [{ name: "a", portMappings: [{ containerPort: 80 }] }]);
        const b = await register("defs", [{ name: "a" }]);
        assert.strictEqual(a.revision, 1);
        assert.strictEqual(b.revision, 2);
        assert.strictEqual(a.networkMode, "bridge");
        assert.strictEqual(a.containerDefinitions[0].essential, true);
        assert.deepStrictEqual(a.containerDefinitions[0].portMappings, [{ containerPort: 80, hostPort: 0, protocol: "tcp" }]);
        assert.deepStrictEqual(a.compatibilities, ["EC2"]);
        const d = await send(new DescribeTaskDefinitionCommand({ taskDefinition: "defs" }));
        assert.strictEqual(d.taskDefinition.revision, 2);
        const l = await send(new ListTaskDefinitionsCommand({ familyPrefix: "defs", sort: "DESC" }));
        assert.deepStrictEqual(l.taskDefinitionArns.map((x) => x.split(":").pop()), ["2", "1"]);
        assert.deepStrictEqual((await send(new ListTaskDefinitionFamiliesCommand({ familyPrefix: "def" }))).families, ["defs"]);
        const gone = await send(new DeregisterTaskDefinitionCommand({ taskDefinition: "defs:2" }));
        assert.strictEqual(gone.taskDefinition.status, "INACTIVE");
        assert.strictEqual((await send(new DescribeTaskDefinitionCommand({ taskDefinition: "defs" }))).taskDefinition.revision, 1);
        await refuses(send(new DescribeTaskDefinitionCommand({ taskDefinition: "none" })), "ClientException", /Unable to describe task definition/);
        await refuses(send(new RunTaskCommand({ cluster: "main", taskDefinition: "defs:2" })), "ClientException", /inactive/);
    });

    test("Fargate's combinations of cpu and memory are checked", async () => {
        const d = await register("fargate", [{ name: "a" }], FARGATE);
        assert.deepStrictEqual(d.compatibilities, ["EC2", "FARGATE"]);
        await refuses(register("fargate", [{ name: "a" }], { ...FARGATE, memory: "3072" }), "ClientException", /No Fargate configuration exists/);
        await refuses(register("fargate", [{ name: "a" }], { ...FARGATE, networkMode: "bridge" }), "ClientException", /awsvpc/);
    });

    for (const [field, container, rest] of [
        ["links", { links: ["b"] }], ["environmentFiles", { environmentFiles: [{ type: "s3", value: "arn:aws:s3:::b/k" }] }],
        ["firelensConfiguration", { firelensConfiguration: { type: "fluentd" } }],
        ["resourceRequirements", { resourceRequirements: [{ type: "GPU", value: "1" }] }],
        ["maxSwap", { linuxParameters: { maxSwap: 1 } }], ["restartPolicy", { restartPolicy: { enabled: true } }],
        ["efsVolumeConfiguration", {}, { volumes: [{ name: "v", efsVolumeConfiguration: { fileSystemId: "fs-1" } }] }],
        ["proxyConfiguration", {}, { proxyConfiguration: { containerName: "a" } }], ["pidMode", {}, { pidMode: "host" }],
        ["logDriver", { logConfiguration: { logDriver: "splunk" } }],
    ])
        test(`what cannot be done is refused by name: ${field}`, async () => {
            await refuses(register("no", [{ name: "a", ...container }], rest), "ClientException", new RegExp(field));
        });

    test("an essential container, known volumes and a way out of the dependencies are needed", async () => {
        await refuses(register("no", [{ name: "a", essential: false }]), "ClientException", /essential/);
        await refuses(register("no", [{ name: "a", mountPoints: [{ sourceVolume: "x", containerPath: "/x" }] }]), "ClientException", /Unknown volume/);
        await refuses(register("no", [{ name: "a", dependsOn: [{ containerName: "b", condition: "START" }] },
                                      { name: "b", dependsOn: [{ containerName: "a", condition: "START" }] }]), "ClientException", /circle/);
    });
});

describe("tasks", () => {
    test("a task runs to its end and tells exit code, reason, times and log", async () => {
        const r = await shell("echo hello; echo bad >&2; exit 3");
        assert.strictEqual(r.code, 3);
        assert.strictEqual(r.task.stopCode, "EssentialContainerExited");
        assert.strictEqual(r.task.stoppedReason, "Essential container in task exited");
        assert.deepStrictEqual(r.lines, ["hello", "bad"]);
        for (const t of ["createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppingAt", "executionStoppedAt", "stoppedAt"])
            assert.ok(r.task[t] instanceof Date, t);
        assert.match(r.task.containers[0].imageDigest, /^sha256:[0-9a-f]{64}$/);
    });

    test("a long log arrives in order and whole", async () => {
        const r = await shell("for i in $(seq 1 3000); do echo line $i; done");
        const arn = r.task.taskArn;
        const all = [];
        for (let token, last; ;) {
            const page = await logs.send(new GetLogEventsCommand({ logGroupName: "/ecs/test",
                logStreamName: `p/main/${arn.split("/").pop()}`, startFromHead: true, nextToken: token }));
            all.push(...page.events.map((e) => e.message));
            last = token;
            token = page.nextForwardToken;
            if (token === last) break;
        }
        assert.deepStrictEqual(all, Array.from({ length: 3000 }, (_, i) => `line ${i + 1}`));
    });

    test("environment, command, user, working directory and ulimits reach the process, and overrides win", async () => {
        const r = await shell("echo $A $B; id -u; pwd; ulimit -n; exit 0", {
            environment: [{ name: "A", value: "1" }, { name: "B", value: "2" }], user: "app", workingDirectory: "/tmp",
            ulimits: [{ name: "nofile", softLimit: 123, hardLimit: 456 }],
        }, {}, { overrides: { containerOverrides: [{ name: "main", environment: [{ name: "B", value: "over" }] }] } });
        assert.deepStrictEqual(r.lines, ["1 over", "1000", "/tmp", "123"]);
        await refuses(shell("true", {}, {}, { overrides: { containerOverrides: [{ name: "none" }] } }), "InvalidParameterException", /none/);
    });

    test("a root file system can be read-only, with tmpfs and a volume beside it", async () => {
        const r = await shell("touch /x || echo ro; touch /scratch/y && echo tmpfs; touch /data/z && echo volume", {
            readonlyRootFilesystem: true, mountPoints: [{ sourceVolume: "data", containerPath: "/data" }],
            linuxParameters: { tmpfs: [{ containerPath: "/scratch", size: 1 }] },
        }, { volumes: [{ name: "data" }] });
        assert.deepStrictEqual(r.lines.filter((l) => !/touch/.test(l)), ["ro", "tmpfs", "volume"]);
    });

    test("a task asks its metadata and the API from inside", async () => {
        const r = await shell("until wget -q -O - $ECS_CONTAINER_METADATA_URI_V4 | grep -q '\"KnownStatus\":\"RUNNING\"'; do sleep 0.1; done; " +
                              "wget -q -O - $ECS_CONTAINER_METADATA_URI_V4; echo; wget -q -O - $ECS_CONTAINER_METADATA_URI_V4/task; echo; wget -q -O - $AWS_ENDPOINT_URL/_slipway/health >/dev/null && echo api",
                              { dockerLabels: { x: "y" } }, { networkMode: "awsvpc" },
                              { networkConfiguration: NETWORK });
        const container = JSON.parse(r.lines[0]), task = JSON.parse(r.lines[1]);
        assert.strictEqual(container.Name, "main");
        assert.strictEqual(container.Labels.x, "y");
        assert.strictEqual(container.KnownStatus, "RUNNING");
        assert.strictEqual(task.TaskARN, r.task.taskArn);
        assert.strictEqual(task.Containers.length, 1);
        assert.strictEqual(r.lines[2], "api");
    });

    test("an image that is not there stops the task before it starts", async () => {
        const t = await stopped(await run(await register("missing", [{ name: "a", image: image("app:none") }], FARGATE),
                                          { launchType: "FARGATE", networkConfiguration: NETWORK }));
        assert.strictEqual(t.stopCode, "TaskFailedToStart");
        assert.match(t.stoppedReason, /^CannotPullContainerError: .*app:none: not found/);
        assert.strictEqual(t.containers[0].exitCode, undefined);
    });

    test("an image of another registry is refused by name", async () => {
        const t = await stopped(await run(await register("nginx", [{ name: "a", image: "nginx:latest" }])));
        assert.match(t.containers[0].reason, /CannotPullContainerError: .*nginx:latest.*no other registry/);
    });

    test("the name that AWS gives a repository means the same image", async () => {
        const r = await shell("echo aws", { image: "000000000000.dkr.ecr.us-east-1.amazonaws.com/app:v1" });
        assert.deepStrictEqual(r.lines, ["aws"]);
    });

    test("a command that cannot be run stops the task with the runtime's words", async () => {
        const t = await stopped(await run(await register("nocmd", [{ name: "a", command: ["/does/not/exist"] }])));
        assert.strictEqual(t.stopCode, "TaskFailedToStart");
        assert.match(t.containers[0].reason, /Cannot(Start|Create)ContainerError/);
    });

    test("StopTask sends SIGTERM, waits stopTimeout, and says who stopped it", async () => {
        const polite = await register("polite", [{ name: "a", stopTimeout: 20, command: ["sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.1; done"] }]);
        const arn = await run(polite);
        await running(arn);
        const r = await send(new StopTaskCommand({ cluster: "main", task: arn, reason: "enough" }));
        assert.strictEqual(r.task.desiredStatus, "STOPPED");
        const t = await stopped(arn);
        assert.strictEqual(t.stopCode, "UserInitiated");
        assert.strictEqual(t.stoppedReason, "enough");
        assert.strictEqual(t.containers[0].exitCode, 5);
        await refuses(send(new StopTaskCommand({ cluster: "main", task: "0".repeat(32) })), "InvalidParameterException", /not found/);
    });

    test("a task in awsvpc mode has an address of its own that answers", async () => {
        const d = await register("vpc", [{ name: "web", image: image("web:v1"), portMappings: [{ containerPort: 8080 }] }], FARGATE);
        await refuses(run(d), "InvalidParameterException", /Network Configuration must be provided/);
        const arn = await run(d, { launchType: "FARGATE", networkConfiguration: NETWORK });
        const t = await running(arn);
        assert.strictEqual(t.attachments[0].status, "ATTACHED");
        const address = t.attachments[0].details.find((x) => x.name === "privateIPv4Address").value;
        assert.strictEqual(t.containers[0].networkInterfaces[0].privateIpv4Address, address);
        const body = await until("it answers", () => fetch(`http://${address}:8080/`).then((r) => r.text(), () => null));
        assert.strictEqual(body, "v1");
        await send(new StopTaskCommand({ cluster: "main", task: arn }));
        await stopped(arn);
    });

    test("bridge mode maps ports of the host", async () => {
        const arn = await run(await register("bridge", [{ name: "web", image: image("web:v1"), portMappings: [{ containerPort: 8080 }] }]));
        const t = await running(arn);
        const b = t.containers[0].networkBindings[0];
        assert.strictEqual(b.containerPort, 8080);
        const body = await until("it answers", () => fetch(`http://127.0.0.1:${b.hostPort}/`).then((r) => r.text(), () => null));
        assert.strictEqual(body, "v1");
        await send(new StopTaskCommand({ cluster: "main", task: arn }));
        await stopped(arn);
    });

    test("containers wait for those they depend on, share volumes and localhost, and health checks are run", async () => {
        const d = await register("order", [
            { name: "init", essential: false, command: ["sh", "-c", "echo ready > /data/x"], mountPoints: [{ sourceVolume: "data", containerPath: "/data" }] },
            { name: "web", image: image("web:v1"), healthCheck: { command: ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:8080/"], interval: 5 } },
            { name: "main", command: ["sh", "-c", "test $(cat /data/x) = ready && test $(wget -q -O - http://127.0.0.1:8080/) = v1 && exit 9"],
              mountPoints: [{ sourceVolume: "data", containerPath: "/data", readOnly: true }],
              dependsOn: [{ containerName: "init", condition: "SUCCESS" }, { containerName: "web", condition: "HEALTHY" }] },
        ], { volumes: [{ name: "data" }] });
        const t = await stopped(await run(d));
        const by = Object.fromEntries(t.containers.map((c) => [c.name, c]));
        assert.strictEqual(by.init.exitCode, 0);
        assert.strictEqual(by.web.healthStatus, "HEALTHY");
        assert.strictEqual(by.main.exitCode, 9);
    });

    test("a dependency that fails stops the task", async () => {
        const d = await register("dep", [
            { name: "init", essential: false, command: ["false"] },
            { name: "main", dependsOn: [{ containerName: "init", condition: "SUCCESS" }] }]);
        const t = await stopped(await run(d));
        assert.strictEqual(t.stopCode, "TaskFailedToStart");
    });

    test("the same client token starts a task once", async () => {
        const d = await register("once", [{ name: "a" }]);
        const rest = { clientToken: "t-1", startedBy: "me" };
        const a = await run(d, rest), b = await run(d, rest);
        assert.strictEqual(a, b);
        await refuses(run(d, { ...rest, startedBy: "other" }), "ConflictException");
        assert.deepStrictEqual((await send(new ListTasksCommand({ cluster: "main", startedBy: "me" }))).taskArns, [a]);
        await send(new StopTaskCommand({ cluster: "main", task: a }));
        await stopped(a);
    });

    test("tags are kept and ECS Exec is refused", async () => {
        const arn = await run(await register("tags", [{ name: "a" }]), { tags: [{ key: "k", value: "v" }] });
        await send(new TagResourceCommand({ resourceArn: arn, tags: [{ key: "k2", value: "v2" }] }));
        assert.strictEqual((await send(new ListTagsForResourceCommand({ resourceArn: arn }))).tags.length, 2);
        await refuses(send(new ExecuteCommandCommand({ cluster: "main", task: arn, interactive: true, command: "sh" })), "InvalidParameterException", /ECS Exec/);
        await send(new StopTaskCommand({ cluster: "main", task: arn }));
        await stopped(arn);
    });
});

describe("services", () => {
    const web = (family, tag, rest = {}) =>
        register(family, [{ name: "web", image: image(`web:${tag}`), portMappings: [{ containerPort: 8080 }], ...rest }], FARGATE);
    const create = async (name, definition, rest = {}) => (await send(new CreateServiceCommand({
        cluster: "main", serviceName: name, taskDefinition: definition.taskDefinitionArn, desiredCount: 2, launchType: "FARGATE",
        networkConfiguration: NETWORK, ...rest }))).service;
    const remove = async (name) => {
        await send(new DeleteServiceCommand({ cluster: "main", service: name, force: true }));
        await until("the service is INACTIVE", async () => (await service(name)).status === "INACTIVE");
    };
    const texts = (v) => v.events.map((e) => e.message);

    test("a service reaches its count, keeps it, scales, and ends", async () => {
        const v1 = await web("svc", "v1");
        const made = await create("svc", v1);
        assert.strictEqual(made.deployments[0].rolloutState, "IN_PROGRESS");
        await refuses(create("svc", v1), "InvalidParameterException", /not idempotent/);
        const v = await stable("svc");
        assert.ok(texts(v).includes("(service svc) has reached a steady state."));
        assert.ok(texts(v).some((t) => /^\(service svc\) has started 2 tasks: \(task [0-9a-f]{32}\) \(task [0-9a-f]{32}\)\.$/.test(t)));
        const { taskArns } = await send(new ListTasksCommand({ cluster: "main", serviceName: "svc" }));
        assert.strictEqual(taskArns.length, 2);
        await send(new StopTaskCommand({ cluster: "main", task: taskArns[0] }));
        await until("it is replaced", async () => {
            const now = (await send(new ListTasksCommand({ cluster: "main", serviceName: "svc" }))).taskArns;
            return now.length === 2 && !now.includes(taskArns[0]);
        });
        await send(new UpdateServiceCommand({ cluster: "main", service: "svc", desiredCount: 1 }));
        await until("it is smaller", async () => (await service("svc")).runningCount === 1);
        await refuses(send(new DeleteServiceCommand({ cluster: "main", service: "svc" })), "InvalidParameterException", /scaled above 0/);
        assert.ok((await send(new ListServicesCommand({ cluster: "main" }))).serviceArns.some((a) => a.endsWith("/svc")));
        await remove("svc");
        assert.strictEqual((await send(new ListTasksCommand({ cluster: "main", serviceName: "svc" }))).taskArns.length, 0);
    });

    test("a new task definition rolls out without going below the healthy minimum", async () => {
        await create("roll", await web("roll", "v1"));
        await stable("roll");
        const v2 = await web("roll", "v2");
        await send(new UpdateServiceCommand({ cluster: "main", service: "roll", taskDefinition: "roll" }));
        const v = await until("the deployment completes", async () => {
            const x = await service("roll");
            assert.ok(x.runningCount >= 2, `only ${x.runningCount} running`);
            return x.deployments.length === 1 && x.deployments[0].rolloutState === "COMPLETED" && x;
        });
        assert.strictEqual(v.taskDefinition, v2.taskDefinitionArn);
        assert.match(v.deployments[0].rolloutStateReason, /^ECS deployment ecs-svc\/\d{19} completed\.$/);
        const list = await send(new ListServiceDeploymentsCommand({ cluster: "main", service: "roll" }));
        assert.deepStrictEqual(list.serviceDeployments.map((d) => d.status), ["SUCCESSFUL", "SUCCESSFUL"]);
        const d = await send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [list.serviceDeployments[0].serviceDeploymentArn] }));
        const r = await send(new DescribeServiceRevisionsCommand({ serviceRevisionArns: [d.serviceDeployments[0].targetServiceRevision.arn] }));
        assert.strictEqual(r.serviceRevisions[0].taskDefinition, v2.taskDefinitionArn);
        await remove("roll");
    });

    test("the circuit breaker rolls a bad deployment back, and the good tasks never stop", async () => {
        const v1 = await web("breaker", "v1");
        await create("breaker", v1, { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } });
        await stable("breaker");
        const good = (await send(new ListTasksCommand({ cluster: "main", serviceName: "breaker" }))).taskArns.sort();
        await web("breaker", "bad");
        await send(new UpdateServiceCommand({ cluster: "main", service: "breaker", taskDefinition: "breaker:2" }));
        const v = await until("it is rolled back", async () => {
            const x = await service("breaker");
            return x.taskDefinition === v1.taskDefinitionArn && x.deployments.length === 1 && x.deployments[0].rolloutState === "COMPLETED" && x;
        });
        assert.ok(texts(v).some((t) => /deployment failed: tasks failed to start\.$/.test(t)), texts(v).join("\n"));
        assert.ok(texts(v).some((t) => /rolling back to \(deployment ecs-svc\/\d+\)\.$/.test(t)));
        assert.deepStrictEqual((await send(new ListTasksCommand({ cluster: "main", serviceName: "breaker" }))).taskArns.sort(), good);
        const list = await send(new ListServiceDeploymentsCommand({ cluster: "main", service: "breaker" }));
        assert.strictEqual(list.serviceDeployments[0].status, "ROLLBACK_SUCCESSFUL");
        await remove("breaker");
    });

    test("without rollback a failed deployment stands still and says so", async () => {
        await create("still", await web("still", "none"), { desiredCount: 1, deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } } });
        const v = await until("it has failed", async () => {
            const x = await service("still");
            return x.deployments[0].rolloutState === "FAILED" && x;
        });
        assert.strictEqual(v.deployments[0].failedTasks, 3);
        assert.strictEqual(v.deployments[0].rolloutStateReason, "ECS deployment circuit breaker: tasks failed to start.");
        await remove("still");
    });

    test("an alarm that sounds during a deployment rolls it back", async () => {
        const watch = s.client(CloudWatchClient);
        await watch.send(new PutMetricAlarmCommand({ AlarmName: "errors", Namespace: "Test", MetricName: "Errors", Period: 60, EvaluationPeriods: 1,
            Statistic: "Sum", Threshold: 1, ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "ignore" }));
        const deploymentConfiguration = { alarms: { alarmNames: ["errors"], enable: true, rollback: true }, bakeTimeInMinutes: 0 };
        const v1 = await web("alarmed", "v1");
        await create("alarmed", v1, { desiredCount: 1, deploymentConfiguration });
        await stable("alarmed");
        await web("alarmed", "v2");
        await send(new UpdateServiceCommand({ cluster: "main", service: "alarmed", taskDefinition: "alarmed:2",
            deploymentConfiguration: { bakeTimeInMinutes: 5 } }));
        await until("only the new tasks are left, and bake", async () => {
            const x = await service("alarmed");
            return x.deployments.length === 1 && x.deployments[0].rolloutState === "IN_PROGRESS" && x.runningCount === 1;
        });
        await watch.send(new SetAlarmStateCommand({ AlarmName: "errors", StateValue: "ALARM", StateReason: "test" }));
        const v = await until("it is rolled back", async () => {
            const x = await service("alarmed");
            return x.taskDefinition === v1.taskDefinitionArn && x;
        });
        assert.match(v.deployments[0].rolloutStateReason, /^ECS deployment failed: rolling back to deploymentId ecs-svc\/\d+$/);
        assert.ok(texts(v).some((t) => /deployment failed: alarm detected\.$/.test(t)));
        await remove("alarmed");
    });

    for (const [field, rest] of [
        ["serviceRegistries", { serviceRegistries: [{ registryArn: "x" }] }],
        ["deploymentController", { deploymentController: { type: "CODE_DEPLOY" } }],
        ["schedulingStrategy", { schedulingStrategy: "DAEMON" }],
        ["serviceConnectConfiguration", { serviceConnectConfiguration: { enabled: true } }],
        ["enableExecuteCommand", { enableExecuteCommand: true }],
        ["strategy", { deploymentConfiguration: { strategy: "BLUE_GREEN" } }],
    ])
        test(`what a service cannot do is refused by name: ${field}`, async () => {
            await refuses(create("no", await web("no", "v1"), rest), "InvalidParameterException", new RegExp(field));
        });

    test("a service that is not there is a failure to describe and an error to update", async () => {
        const r = await send(new DescribeServicesCommand({ cluster: "main", services: ["nobody"] }));
        assert.strictEqual(r.failures[0].reason, "MISSING");
        await refuses(send(new UpdateServiceCommand({ cluster: "main", service: "nobody", desiredCount: 1 })), "ServiceNotFoundException", /Service not found/);
    });
});

// A load balancer of its own with one listener on a free port, and a target group that is looked at often.
async function balancer(server, name) {
    const elb = server.client(ElasticLoadBalancingV2Client);
    const { Subnets } = await server.client(EC2Client).send(new DescribeSubnetsCommand({}));
    const group = (await elb.send(new CreateTargetGroupCommand({
        Name: name, Protocol: "HTTP", Port: 8080, TargetType: "ip", VpcId: Subnets[0].VpcId, HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2, HealthyThresholdCount: 2, UnhealthyThresholdCount: 2, HealthCheckPath: "/index.html" }))).TargetGroups[0];
    await elb.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: group.TargetGroupArn,
        Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "2" }] }));
    const lb = (await elb.send(new CreateLoadBalancerCommand({ Name: name, Subnets: Subnets.slice(0, 2).map((x) => x.SubnetId) }))).LoadBalancers[0];
    const probe = http.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.once("listening", resolve));
    const port = probe.address().port;
    await new Promise((resolve) => probe.close(resolve));
    await elb.send(new CreateListenerCommand({ LoadBalancerArn: lb.LoadBalancerArn, Protocol: "HTTP", Port: port,
        DefaultActions: [{ Type: "forward", TargetGroupArn: group.TargetGroupArn }] }));
    return { elb, group: group.TargetGroupArn, port, host: lb.DNSName };
}

// One request after the other until stop(); every answer's status and text is counted.
function load(b) {
    const seen = {};
    let on = true;
    const ask = () => new Promise((resolve) => {
        http.get({ host: "127.0.0.1", port: b.port, path: "/index.html", headers: { host: b.host }, agent: false }, (r) => {
            let text = "";
            r.on("data", (d) => { text += d; });
            r.on("end", () => resolve(`${r.statusCode} ${text}`));
            r.on("error", (e) => resolve(e.code));
        }).on("error", (e) => resolve(e.code));
    });
    const worker = async () => {
        while (on) {
            const k = await ask();
            seen[k] = (seen[k] || 0) + 1;
        }
    };
    const all = [worker(), worker()];
    return { seen, ask, stop: async () => { on = false; await Promise.all(all); return seen; } };
}

describe("services behind a load balancer", () => {
    let b;
    const web = (tag) => register("lb", [{ name: "web", image: image(`web:${tag}`), portMappings: [{ containerPort: 8080 }] }], FARGATE);
    const update = (revision) => send(new UpdateServiceCommand({ cluster: "main", service: "lb", taskDefinition: `lb:${revision}` }));

    before(async () => {
        b = await balancer(s, "lb");
        await push(s, "web:sick", { cmd: ["httpd", "-f", "-p", "8080", "-h", "/tmp"] });     // runs, but has no page
        await web("v1");
        await web("v2");
        await web("sick");
    });

    test("a target group must exist, have a load balancer and fit the network mode", async () => {
        const create = (loadBalancers, taskDefinition = "lb:1") => send(new CreateServiceCommand({ cluster: "main", serviceName: "bad", taskDefinition,
            desiredCount: 1, launchType: "FARGATE", networkConfiguration: NETWORK, loadBalancers }));
        const arn = b.group.replace(/.{16}$/, "0".repeat(16));
        await refuses(create([{ targetGroupArn: arn, containerName: "web", containerPort: 8080 }]), "InvalidParameterException", /target group does not exist/);
        await refuses(create([{ targetGroupArn: b.group, containerName: "none", containerPort: 8080 }]), "InvalidParameterException", /container none/);
        await refuses(create([{ targetGroupArn: b.group, containerName: "web", containerPort: 1 }]), "InvalidParameterException", /container port 1/);
    });

    test("its tasks are registered, and a deployment under load loses no request", async () => {
        await send(new CreateServiceCommand({ cluster: "main", serviceName: "lb", taskDefinition: "lb:1", desiredCount: 2, launchType: "FARGATE",
            networkConfiguration: NETWORK, loadBalancers: [{ targetGroupArn: b.group, containerName: "web", containerPort: 8080 }],
            deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } }));
        const v = await stable("lb");
        assert.ok(v.events.some((e) => /registered 1 targets in \(target-group arn/.test(e.message)));
        const l = load(b);
        await until("requests arrive", () => l.seen["200 v1"] > 20);
        await update(2);
        await stable("lb");
        await until("the new version answers", () => l.seen["200 v2"] > 20);
        await until("the old targets are gone", async () => (await b.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: b.group }))).TargetHealthDescriptions.length === 2);
        await until("the old tasks have ended", async () => (await send(new ListTasksCommand({ cluster: "main", serviceName: "lb" }))).taskArns.length === 2);
        const seen = await l.stop();
        assert.deepStrictEqual(Object.keys(seen).sort(), ["200 v1", "200 v2"], JSON.stringify(seen));
    });

    test("a version that fails its health check is rolled back, and no request is lost", async () => {
        const l = load(b);
        await update(3);
        const v = await until("it is rolled back", async () => {
            const x = await service("lb");
            return /lb:2$/.test(x.taskDefinition) && x.deployments.length === 1 && x.deployments[0].rolloutState === "COMPLETED" && x;
        }, { seconds: 120 });
        assert.ok(v.events.some((e) => /is unhealthy in \(target-group .*\) due to \(reason /.test(e.message)));
        const seen = await l.stop();
        assert.deepStrictEqual(Object.keys(seen), ["200 v2"], JSON.stringify(seen));
    });

    test("with the service its targets go", async () => {
        await send(new DeleteServiceCommand({ cluster: "main", service: "lb", force: true }));
        await until("the service is INACTIVE", async () => (await service("lb")).status === "INACTIVE");
        const left = (await b.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: b.group }))).TargetHealthDescriptions;
        assert.deepStrictEqual(left, []);
    });
});

async function role(name, service) {
    const iam = s.client(IAMClient);
    const r = await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }] }) }));
    await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: "all", PolicyDocument: JSON.stringify({
        Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] }) }));
    return r.Role.Arn;
}

describe("roles", () => {
    test("secrets come from parameters under the execution role, credentials of the task's role from its endpoint", async () => {
        const execution = await role("execution", "ecs-tasks.amazonaws.com"), task = await role("task", "ecs-tasks.amazonaws.com");
        await s.client(SSMClient).send(new PutParameterCommand({ Name: "/app/password", Value: "s3cret", Type: "SecureString" }));
        const r = await shell("echo $PASSWORD $BY_ARN; wget -q -O - http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; echo",
            { secrets: [{ name: "PASSWORD", valueFrom: "/app/password" },
                        { name: "BY_ARN", valueFrom: "arn:aws:ssm:us-east-1:000000000000:parameter/app/password" }] },
            { networkMode: "awsvpc", executionRoleArn: execution, taskRoleArn: task }, { networkConfiguration: NETWORK });
        assert.strictEqual(r.lines[0], "s3cret s3cret");
        const c = JSON.parse(r.lines[1]);
        assert.strictEqual(c.RoleArn, task);
        assert.match(c.AccessKeyId, /^ASIA/);
        assert.ok(c.SecretAccessKey && c.Token && Date.parse(c.Expiration) > Date.now());
    });

    test("a secret that is missing and a role that cannot be assumed stop the task before it starts", async () => {
        const execution = "arn:aws:iam::000000000000:role/execution";
        const d = await register("nosecret", [{ name: "a", secrets: [{ name: "A", valueFrom: "/none" }] }], { ...FARGATE, executionRoleArn: execution });
        const t = await stopped(await run(d, { launchType: "FARGATE", networkConfiguration: NETWORK }));
        assert.strictEqual(t.stopCode, "TaskFailedToStart");
        assert.match(t.stoppedReason, /^ResourceInitializationError: unable to pull secrets .*\/none/);
        const n = await register("norole", [{ name: "a" }], { ...FARGATE, executionRoleArn: "arn:aws:iam::000000000000:role/nobody" });
        assert.match((await stopped(await run(n, { launchType: "FARGATE", networkConfiguration: NETWORK }))).stoppedReason,
                     /unable to assume the role .*role\/nobody/);
    });
});

describe("the pipeline's action Deploy ECS", () => {
    const pipeline = () => s.client(CodePipelineClient);
    const execute = async (name) => {
        const { pipelineExecutionId } = await pipeline().send(new StartPipelineExecutionCommand({ name }));
        return until("the execution ends", async () => {
            const r = (await pipeline().send(new GetPipelineExecutionCommand({ pipelineName: name, pipelineExecutionId }))).pipelineExecution;
            return !["InProgress", "Stopping"].includes(r.status) && r;
        });
    };
    const put = async (images, parentCommitId) => (await s.client(CodeCommitClient).send(new PutFileCommand({
        repositoryName: "deploy", branchName: "main", filePath: "imagedefinitions.json", parentCommitId,
        fileContent: Buffer.from(JSON.stringify(images)) }))).commitId;
    let parent;

    before(async () => {
        const arn = await role("pipeline", "codepipeline.amazonaws.com");
        await s.client(S3Client).send(new CreateBucketCommand({ Bucket: "artifacts" }));
        await s.client(CodeCommitClient).send(new CreateRepositoryCommand({ repositoryName: "deploy" }));
        const d = await register("piped", [{ name: "web", image: image("web:v1"), portMappings: [{ containerPort: 8080 }] }], FARGATE);
        await send(new CreateServiceCommand({ cluster: "main", serviceName: "piped", taskDefinition: d.taskDefinitionArn, desiredCount: 1,
            launchType: "FARGATE", networkConfiguration: NETWORK,
            deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } }));
        await stable("piped");
        parent = await put([{ name: "web", imageUri: image("web:v2") }]);
        await pipeline().send(new CreatePipelineCommand({ pipeline: {
            name: "deploy", roleArn: arn, artifactStore: { type: "S3", location: "artifacts" }, stages: [
                { name: "Source", actions: [{ name: "Source", actionTypeId: { category: "Source", owner: "AWS", provider: "CodeCommit", version: "1" },
                    configuration: { RepositoryName: "deploy", BranchName: "main", PollForSourceChanges: "false" }, outputArtifacts: [{ name: "src" }] }] },
                { name: "Deploy", actions: [{ name: "Deploy", actionTypeId: { category: "Deploy", owner: "AWS", provider: "ECS", version: "1" },
                    configuration: { ClusterName: "main", ServiceName: "piped" }, inputArtifacts: [{ name: "src" }] }] },
            ] } }));
    });

    test("registers a revision with the images of imagedefinitions.json and succeeds with its deployment", async () => {
        const r = await execute("deploy");
        assert.strictEqual(r.status, "Succeeded");
        const v = await service("piped");
        const d = (await send(new DescribeTaskDefinitionCommand({ taskDefinition: v.taskDefinition }))).taskDefinition;
        assert.strictEqual(d.containerDefinitions[0].image, image("web:v2"));
        assert.strictEqual(v.deployments[0].rolloutState, "COMPLETED");
    });

    test("fails with the deployment's reason when it is rolled back", async () => {
        parent = await put([{ name: "web", imageUri: image("web:bad") }], parent);
        const r = await execute("deploy");
        assert.strictEqual(r.status, "Failed");
        const { actionExecutionDetails } = await pipeline().send(new ListActionExecutionsCommand({ pipelineName: "deploy", filter: { pipelineExecutionId: r.pipelineExecutionId } }));
        const deploy = actionExecutionDetails.find((a) => a.actionName === "Deploy");
        assert.match(deploy.output.executionResult.errorDetails.message, /circuit breaker/);
        await stable("piped");
    });

    test("fails when a container is not in the task definition", async () => {
        parent = await put([{ name: "nobody", imageUri: image("web:v2") }], parent);
        assert.strictEqual((await execute("deploy")).status, "Failed");
    });
});

test("a deployment that kill -9 interrupted completes after the next start, and its tasks never stopped", async (t) => {
    const own = await start(t, { ephemeral: false });
    const client = own.client(ECSClient, { maxAttempts: 3 });
    for (const v of ["v1", "v2"])
        await push(own, `web:${v}`, { cmd: ["httpd", "-f", "-p", "8080", "-h", "/www"], files: { "www/index.html": v } });
    await client.send(new CreateClusterCommand({ clusterName: "main" }));
    const definition = (v) => client.send(new RegisterTaskDefinitionCommand({ family: "web", ...FARGATE, containerDefinitions: [
        { name: "web", image: `127.0.0.1:${own.port}/web:${v}`, portMappings: [{ containerPort: 8080 }], stopTimeout: 2 }] }));
    const look = async () => (await client.send(new DescribeServicesCommand({ cluster: "main", services: ["web"] }))).services[0];
    const done = () => until("the deployment completes", async () => {
        const v = await look();
        return v.deployments.length === 1 && v.deployments[0].rolloutState === "COMPLETED" && v;
    });
    await definition("v1");
    await client.send(new CreateServiceCommand({ cluster: "main", serviceName: "web", taskDefinition: "web", desiredCount: 2,
        launchType: "FARGATE", networkConfiguration: NETWORK }));
    await done();
    const before = (await client.send(new ListTasksCommand({ cluster: "main" }))).taskArns;
    const address = (await client.send(new DescribeTasksCommand({ cluster: "main", tasks: before }))).tasks[0]
        .attachments[0].details.find((x) => x.name === "privateIPv4Address").value;
    await definition("v2");
    await client.send(new UpdateServiceCommand({ cluster: "main", service: "web", taskDefinition: "web" }));
    await own.kill9();
    assert.strictEqual(await fetch(`http://${address}:8080/`).then((r) => r.text()), "v1");
    await own.start();
    const v = await done();
    assert.match(v.taskDefinition, /web:2$/);
    assert.strictEqual((await client.send(new ListTasksCommand({ cluster: "main" }))).taskArns.length, 2);
});
