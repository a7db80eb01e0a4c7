// SPDX-License-Identifier: Apache-2.0
// What a container of a task gets: environment, files, limits, metadata, credentials.
"use strict";
const { SecretsManagerClient, CreateSecretCommand, PutSecretValueCommand } = require("@aws-sdk/client-secrets-manager");
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { SSMClient, PutParameterCommand } = require("@aws-sdk/client-ssm");
const { S3Client, CreateBucketCommand, PutObjectCommand } = require("@aws-sdk/client-s3");
const { refuses } = require("../lib/slipway");
const { Ecs, FARGATE } = require("../lib/ecs");

const e = new Ecs();
const VPC = { networkMode: "awsvpc" };
let execution, taskRole;

before(async () => {
    await e.open();
    execution = await e.role("execution", "ecs-tasks.amazonaws.com");
    taskRole = await e.role("task", "ecs-tasks.amazonaws.com");
});
after(() => e.close());

test("environment, command, user, working directory and ulimits reach the process, and overrides win", async () => {
    const r = await e.shell("echo $A $B; id -u; pwd; ulimit -n; exit 0", {
        environment: [{ name: "A", value: "1" }, { name: "B", value: "2" }], user: "app", workingDirectory: "/tmp",
        ulimits: [{ name: "nofile", softLimit: 123, hardLimit: 456 }],
    }, {}, { overrides: { containerOverrides: [{ name: "main", environment: [{ name: "B", value: "over" }] }] } });
    assert.deepStrictEqual(r.lines, ["1 over", "1000", "/tmp", "123"]);
    await refuses(e.shell("true", {}, {}, { overrides: { containerOverrides: [{ name: "none" }] } }), "InvalidParameterException", /none/);
});

test("a root file system can be read-only, with tmpfs and a volume beside it", async () => {
    const r = await e.shell("touch /x || echo ro; touch /scratch/y && echo tmpfs; touch /data/z && echo volume", {
        readonlyRootFilesystem: true, mountPoints: [{ sourceVolume: "data", containerPath: "/data" }],
        linuxParameters: { tmpfs: [{ containerPath: "/scratch", size: 1 }] },
    }, { volumes: [{ name: "data" }] });
    assert.deepStrictEqual(r.lines.filter((l) => !/touch/.test(l)), ["ro", "tmpfs", "volume"]);
});

test("a task asks its metadata and the API from inside", async () => {
    const r = await e.shell("until wget -q -O - $ECS_CONTAINER_METADATA_URI_V4 | grep -q '\"KnownStatus\":\"RUNNING\"'; do sleep 0.1; done; " +
                          "wget -q -O - $ECS_CONTAINER_METADATA_URI_V4; echo; wget -q -O - $ECS_CONTAINER_METADATA_URI_V4/task; echo; wget -q -O - $ECS_CONTAINER_METADATA_URI_V4/stats; echo; wget -q -O - $ECS_CONTAINER_METADATA_URI_V4/task/stats; echo; wget -q -O - $AWS_ENDPOINT_URL/_slipway/health >/dev/null && echo api",
                          { dockerLabels: { x: "y" } }, { networkMode: "awsvpc" },
                          { networkConfiguration: e.network });
    const container = JSON.parse(r.lines[0]), task = JSON.parse(r.lines[1]);
    assert.strictEqual(container.Name, "main");
    assert.strictEqual(container.Labels.x, "y");
    assert.strictEqual(container.KnownStatus, "RUNNING");
    assert.strictEqual(task.TaskARN, r.task.taskArn);
    assert.strictEqual(task.Containers.length, 1);
    assert.strictEqual(task.Family, container.Labels["com.amazonaws.ecs.task-definition-family"]);
    assert.deepStrictEqual([task.DesiredStatus, task.LaunchType, task.AvailabilityZone], ["RUNNING", "EC2", e.subnets[0].AvailabilityZone]);
    assert.strictEqual(container.Networks[0].NetworkMode, "awsvpc");
    const stats = JSON.parse(r.lines[2]), all = JSON.parse(r.lines[3]);
    assert.ok(stats.memory_stats.usage > 0 && stats.cpu_stats.cpu_usage.total_usage > 0 && stats.read, r.lines[2]);
    assert.deepStrictEqual(Object.keys(all), [container.DockerId]);
    assert.strictEqual(r.lines[4], "api");
});

test("secrets come from parameters under the execution role, credentials of the task's role from its endpoint", async () => {
    await e.s.client(SSMClient).send(new PutParameterCommand({ Name: "/app/password", Value: "s3cret", Type: "SecureString" }));
    await e.s.client(SSMClient, { region: "eu-west-1" }).send(new PutParameterCommand({ Name: "/app/password", Value: "abroad", Type: "String" }));
    const r = await e.shell("echo $PASSWORD $BY_ARN $ABROAD; wget -q -O - http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; echo",
        { secrets: [{ name: "PASSWORD", valueFrom: "/app/password" },
                    { name: "BY_ARN", valueFrom: "arn:aws:ssm:us-east-1:000000000000:parameter/app/password" },
                    { name: "ABROAD", valueFrom: "arn:aws:ssm:eu-west-1:000000000000:parameter/app/password" }] },
        { networkMode: "awsvpc", executionRoleArn: execution, taskRoleArn: taskRole }, { networkConfiguration: e.network });
    assert.strictEqual(r.lines[0], "s3cret s3cret abroad", "an ARN names a parameter of its region");
    const c = JSON.parse(r.lines[1]);
    assert.strictEqual(c.RoleArn, taskRole);
    assert.match(c.AccessKeyId, /^ASIA/);
    assert.ok(c.SecretAccessKey && c.Token && Date.parse(c.Expiration) > Date.now());
});

test("secrets of Secrets Manager come under the execution role, whole or a key of them", async () => {
    const sm = e.s.client(SecretsManagerClient);
    const { ARN } = await sm.send(new CreateSecretCommand({ Name: "app/db", SecretString: '{"user":"ann","port":5432}' }));
    await sm.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: '{"user":"bob"}', VersionStages: ["AWSPENDING"] }));
    const abroad = (await e.s.client(SecretsManagerClient, { region: "eu-west-1" }).send(new CreateSecretCommand({ Name: "app/db", SecretString: "abroad" }))).ARN;
    const from = (name, valueFrom) => ({ name, valueFrom });
    const r = await e.shell("echo $WHOLE $USER_ $PORT $NEXT $ABROAD $BY_SSM", { secrets: [from("WHOLE", ARN), from("USER_", `${ARN}:user::`), from("PORT", `${ARN.slice(0, -7)}:port`),
        from("NEXT", `${ARN}:user:AWSPENDING:`), from("ABROAD", abroad), from("BY_SSM", "/aws/reference/secretsmanager/app/db")] }, { networkMode: "awsvpc", executionRoleArn: execution }, { networkConfiguration: e.network });
    assert.strictEqual(r.lines[0], '{"user":"ann","port":5432} ann 5432 bob abroad {"user":"ann","port":5432}');
    for (const [reference, why] of [[`${ARN}:none::`, /did not contain json key none/], [`${ARN.slice(0, -6)}aaaaaa`, /ResourceNotFoundException: Secrets Manager can't find the specified secret/]]) {
        const d = await e.register("noasm", [{ name: "a", secrets: [from("A", reference)] }], { ...FARGATE, executionRoleArn: execution });
        const t = await e.stopped(await e.run(d, e.fargate));
        assert.match(t.stoppedReason, /^ResourceInitializationError: unable to pull secrets or registry auth: .* unable to retrieve secret from asm: /);
        assert.match(t.stoppedReason, why);
    }
});

test("a secret that is missing and a role that cannot be assumed stop the task before it starts", async () => {
    const d = await e.register("nosecret", [{ name: "a", secrets: [{ name: "A", valueFrom: "/none" }] }], { ...FARGATE, executionRoleArn: execution });
    const t = await e.stopped(await e.run(d, e.fargate));
    assert.strictEqual(t.stopCode, "TaskFailedToStart");
    assert.match(t.stoppedReason, /^ResourceInitializationError: unable to pull secrets .*\/none/);
    const n = await e.register("norole", [{ name: "a" }], { ...FARGATE, executionRoleArn: "arn:aws:iam::000000000000:role/nobody" });
    assert.match((await e.stopped(await e.run(n, e.fargate))).stoppedReason,
                 /unable to assume the role .*role\/nobody/);
});

test("environment files in S3 come before the definition's own variables, and the first file wins", async () => {
    const s3 = e.s.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: "files" }));
    const put = (Key, Body) => s3.send(new PutObjectCommand({ Bucket: "files", Key, Body }));
    await put("a.env", "# a comment\nA=first file\nQUOTED=\"q\"\nB=file\nnonsense\n");
    await put("b.env", "A=second\r\nC=x=y\r\n");
    await put("empty.env", "");
    const files = (...keys) => ({ environmentFiles: keys.map((k) => ({ type: "s3", value: `arn:aws:s3:::files/${k}` })) });
    const say = (keys, run = {}) => e.shell("echo \"$A|$QUOTED|$B|$C\"",
        { ...files(...keys), environment: [{ name: "B", value: "own" }] }, { executionRoleArn: execution }, run);
    assert.deepStrictEqual((await say(["a.env", "b.env", "empty.env"])).lines, ['first file|"q"|own|x=y']);
    const over = { overrides: { containerOverrides: [{ name: "main", ...files("b.env") }] } };
    assert.deepStrictEqual((await say(["a.env"], over)).lines, ["second||own|x=y"]);
    const d = await e.register("nofile", [{ name: "a", ...files("none.env") }], { ...FARGATE, executionRoleArn: execution });
    assert.match((await e.stopped(await e.run(d, e.fargate))).stoppedReason, /^ResourceInitializationError: failed to download env files: .*NoSuchKey.*none\.env/);
    const bad = { overrides: { containerOverrides: [{ name: "a", ...files("x.txt") }] } };
    await refuses(e.run(d, { ...e.fargate, ...bad }), "InvalidParameterException", /\.env/);
});

test("linux parameters, host names and kernel parameters reach the container", async () => {
    const r = await e.shell("echo pid $$; ls /dev/shm -d; grep -c CapEff:.*0000000000000000 /proc/self/status; cat /etc/hosts; id; cat /proc/sys/net/core/somaxconn", {
        linuxParameters: { initProcessEnabled: true, sharedMemorySize: 8, capabilities: { drop: ["ALL"] } },
        extraHosts: [{ hostname: "db.local", ipAddress: "10.9.8.7" }], hostname: "box",
        systemControls: [{ namespace: "net.core.somaxconn", value: "77" }],
    });
    const text = r.lines.join("\n");
    assert.doesNotMatch(text, /^pid 1$/m);
    assert.match(text, /^1$/m, "no capability is left");
    assert.match(text, /10\.9\.8\.7\s+db\.local/);
    assert.strictEqual(r.lines[r.lines.length - 1], "77");
});

test("memory is limited: a container that takes too much is killed and says why", async () => {
    const r = await e.shell("touch /m/x; dd=; while :; do dd=$dd$dd$(cat /bin/busybox | seq 1 20000); done", { memory: 16,
        linuxParameters: { tmpfs: [{ containerPath: "/m", size: 1 }] } });
    assert.strictEqual(r.code, 137);
    assert.match(r.task.containers[0].reason, /^OutOfMemoryError/);
});
