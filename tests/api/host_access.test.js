// SPDX-License-Identifier: Apache-2.0
// What a task or a build can reach of the machine it runs on, and who may let it: docs/security.md.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const E = require("@aws-sdk/client-ecs");
const B = require("@aws-sdk/client-codebuild");
const { refuses, until } = require("../lib/slipway");
const { allow, trust, strict } = require("../lib/strict");
const { Ecs } = require("../lib/ecs");

const usable = process.getuid() === 0 ? {} : { skip: "containers need root" };
const container = (more = {}) => ({ name: "main", image: "127.0.0.1:1/app:v1", memory: 64, ...more });
const TASK = { family: "t", containerDefinitions: [container()] };
const mount = { mountPoints: [{ sourceVolume: "v", containerPath: "/v" }] };

/* What gives access to the host: each needs the right. */
const REACHES = [
    ["the host's network", { ...TASK, networkMode: "host" }, /networkMode host/],
    ["a folder of the host", { ...TASK, volumes: [{ name: "v", host: { sourcePath: "/srv" } }] }, /host\.sourcePath of volume 'v'/],
    ["the Docker socket", { ...TASK, volumes: [{ name: "v", host: { sourcePath: "/var/run/docker.sock" } }] }, /host\.sourcePath of volume 'v'/],
    ["a privileged container", { ...TASK, containerDefinitions: [container({ privileged: true })] }, /privileged of container 'main'/],
    ["SYS_ADMIN", { ...TASK, containerDefinitions: [container({ linuxParameters: { capabilities: { add: ["SYS_ADMIN"] } } })] }, /capability SYS_ADMIN of container 'main'/],
    ["NET_ADMIN", { ...TASK, containerDefinitions: [container({ linuxParameters: { capabilities: { add: ["CHOWN", "NET_ADMIN"] } } })] }, /capability NET_ADMIN/],
    ["every capability", { ...TASK, containerDefinitions: [container({ linuxParameters: { capabilities: { add: ["ALL"] } } })] }, /capability ALL/],
];

test("strict: a task that reaches the host needs slipway:HostAccess, when it is registered and when it is run", async (t) => {
    const { as, user } = await strict(t), root = as(E.ECSClient);
    const ann = as(E.ECSClient, await user("ann", allow(["ecs:*", "iam:PassRole"])));
    const ops = as(E.ECSClient, await user("ops", allow("ecs:*"), allow("slipway:HostAccess", "arn:aws:ecs:*:*:task-definition/monitor:*")));
    await root.send(new E.CreateClusterCommand({ clusterName: "main" }));
    await ann.send(new E.RegisterTaskDefinitionCommand({ ...TASK, containerDefinitions: [container({ linuxParameters: { capabilities: { add: ["CHOWN"], drop: ["ALL"] } } })] }));
    for (const [, definition, why] of REACHES) {
        await refuses(ann.send(new E.RegisterTaskDefinitionCommand(definition)), "AccessDeniedException", /slipway:HostAccess/);
        await refuses(ann.send(new E.RegisterTaskDefinitionCommand(definition)), "AccessDeniedException", why);
        await refuses(ops.send(new E.RegisterTaskDefinitionCommand(definition)), "AccessDeniedException", why);
        await ops.send(new E.RegisterTaskDefinitionCommand({ ...definition, family: "monitor" }));
        const { taskDefinition: { taskDefinitionArn: taskDefinition } } = await root.send(new E.RegisterTaskDefinitionCommand({ ...definition, family: "other" }));
        await refuses(ann.send(new E.RunTaskCommand({ cluster: "main", taskDefinition })), "AccessDeniedException", why);
        await refuses(ann.send(new E.StartTaskCommand({ cluster: "main", taskDefinition, containerInstances: ["x"] })), "AccessDeniedException", why);
        await refuses(ann.send(new E.CreateServiceCommand({ cluster: "main", serviceName: "s", taskDefinition, desiredCount: 0 })), "AccessDeniedException", why);
    }
    await ann.send(new E.CreateServiceCommand({ cluster: "main", serviceName: "s", taskDefinition: "t", desiredCount: 0 }));
    await refuses(ann.send(new E.UpdateServiceCommand({ cluster: "main", service: "s", taskDefinition: "other" })), "AccessDeniedException", /slipway:HostAccess/);
});

test("strict: a privileged build needs slipway:HostAccess, in the project and at its start", async (t) => {
    const { as, user, role } = await strict(t), root = as(B.CodeBuildClient);
    const serviceRole = await role("build", trust({ Service: "codebuild.amazonaws.com" }), allow("logs:*"));
    const project = (name, privilegedMode) => ({ name, serviceRole, artifacts: { type: "NO_ARTIFACTS" },
        source: { type: "NO_SOURCE", buildspec: "version: 0.2\nphases:\n  build:\n    commands: [\"true\"]\n" },
        environment: { type: "LINUX_CONTAINER", image: "aws/codebuild/standard:7.0", computeType: "BUILD_GENERAL1_SMALL", privilegedMode } });
    const ann = as(B.CodeBuildClient, await user("ann", allow(["codebuild:*", "iam:PassRole"])));
    const ops = as(B.CodeBuildClient, await user("ops", allow(["codebuild:*", "iam:PassRole"]), allow("slipway:HostAccess", "arn:aws:codebuild:*:*:project/images")));
    const denied = (p) => refuses(p, "AccessDeniedException", /slipway:HostAccess.*privilegedMode/);
    await denied(ann.send(new B.CreateProjectCommand(project("images", true))));
    await ops.send(new B.CreateProjectCommand(project("images", true)));
    await denied(ann.send(new B.StartBuildCommand({ projectName: "images" })));
    await ann.send(new B.CreateProjectCommand(project("plain", false)));
    await denied(ann.send(new B.UpdateProjectCommand({ name: "plain", environment: project("plain", true).environment })));
    await denied(ann.send(new B.StartBuildCommand({ projectName: "plain", privilegedModeOverride: true })));
    await denied(ops.send(new B.StartBuildCommand({ projectName: "plain", privilegedModeOverride: true })));
    assert.deepStrictEqual((await root.send(new B.ListBuildsCommand({}))).ids, []);
});

const e = new Ecs();
before(() => process.getuid() === 0 && e.open());
after(() => process.getuid() === 0 && e.close());

/* A folder of its own for a test, gone with it, and what was mounted there. */
function folder(t) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-host-"));
    t.after(() => {
        try { execFileSync("umount", [path.join(dir, "m")], { stdio: "ignore" }); } catch { /* none */ }
        fs.rmSync(dir, { recursive: true, force: true });
    });
    return dir;
}

test("no volume shows the data folder, by whatever name it is called", usable, async (t) => {
    const data = e.s.data, dir = folder(t), secret = path.join(data, "ecs");
    fs.symlinkSync(data, path.join(dir, "link"));
    fs.mkdirSync(path.join(dir, "m"));
    execFileSync("mount", ["--bind", data, path.join(dir, "m")]);
    const { pid } = e.s.child;
    const names = [data, `${data}/`, secret, path.join(dir, "link"), path.join(dir, "link", "new", "folder"), `${dir}/../${path.basename(data)}`,
        path.join(dir, "m"), path.join(dir, "m", "containers"), `/proc/1/root${data}`, `/proc/${pid}/root${data}`, `/proc/${pid}/cwd/../../../..${data}`, "/run/slipway"];
    for (const sourcePath of names)
        await refuses(e.register("steal", [{ name: "a", ...mount }], { volumes: [{ name: "v", host: { sourcePath } }] }),
            "ClientException", /volumes\.host\.sourcePath: mount source \S+ (cannot be mounted|does not exist)/);
    for (const more of [{ privileged: true }, { linuxParameters: { capabilities: { add: ["SYS_ADMIN"] } } }])
        await refuses(e.register("steal", [{ name: "a", ...mount, ...more }], { volumes: [{ name: "v", host: { sourcePath: "/" } }] }), "ClientException", /could uncover/);
});

test("a folder that holds the data folder is shown without it, also through a bind mount of it", usable, async (t) => {
    const data = e.s.data, dir = folder(t);
    fs.writeFileSync(path.join(dir, "seen"), "yes");
    fs.mkdirSync(path.join(dir, "m"));
    execFileSync("mount", ["--bind", data, path.join(dir, "m")]);
    const r = await e.shell(`cat /v${dir}/seen; echo; ls -A /v${data} /v${dir}/m | grep -v :; ls -d /v/etc`, mount, { volumes: [{ name: "v", host: { sourcePath: "/" } }] });
    assert.deepStrictEqual(r.lines.filter(Boolean), ["yes", "/v/etc"], r.task.stoppedReason);
    /* Root of a user namespace of its own may unmount, but not what it was given. */
    const own = await e.shell(`unshare -U -r -m sh -c 'umount /v${data}; mount --bind /v /mnt; ls -A /v${data} /mnt${data}; echo tried'`, mount, { volumes: [{ name: "v", host: { sourcePath: "/" } }] });
    assert.ok(!own.lines.some((l) => /^(containers|store\.db|layers|blobs|ecs)$/.test(l)), own.lines.join("\n"));
});

test("what a name means when the container starts counts, not what it meant before", usable, async (t) => {
    const dir = folder(t), link = path.join(dir, "link");
    fs.mkdirSync(path.join(dir, "harmless"));
    fs.symlinkSync(path.join(dir, "harmless"), link);
    const d = await e.register("swap", [{ name: "a", ...mount }], { volumes: [{ name: "v", host: { sourcePath: link } }] });
    fs.unlinkSync(link);
    fs.symlinkSync(e.s.data, link);
    const task = await e.stopped(await e.run(d));
    assert.match(task.containers[0].reason, /^CannotCreateContainerError: .*cannot be mounted: it is in Slipway's own data folder/);
});

test("the credentials of a task are for itself alone", usable, async () => {
    const role = await e.role("own", "ecs-tasks.amazonaws.com"), net = { networkConfiguration: e.network };
    const log = { logDriver: "awslogs", options: { "awslogs-group": "/ecs/test", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "c" } };
    const d = await e.register("owner", [{ name: "main", command: ["sh", "-c", "echo $AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; sleep 1000"], logConfiguration: log }], { networkMode: "awsvpc", taskRoleArn: role });
    const owner = await e.running(await e.run(d, net));
    const uri = await until("the task tells its address", async () => (await e.lines(`c/main/${owner.taskArn.split("/").pop()}`).catch(() => []))[0]);
    assert.match(uri, /^\/v2\/credentials\//);
    const r = await e.shell(`wget -q -O - http://169.254.170.2${uri} || echo none; wget -q -O /tmp/own http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI && grep -c SecretAccessKey /tmp/own`,
        {}, { networkMode: "awsvpc", taskRoleArn: role }, net);
    assert.deepStrictEqual(r.lines.filter((l) => !/wget/.test(l)), ["none", "1"]);
    await e.stop(owner.taskArn);
});

test("a volume's folder, a file and a socket of the host are mounted as they are", usable, async (t) => {
    const dir = folder(t);
    fs.writeFileSync(path.join(dir, "file"), "text\n");
    const r = await e.shell("cat /f; echo made >/v/sub; ls /v", { mountPoints: [{ sourceVolume: "f", containerPath: "/f", readOnly: true }, { sourceVolume: "v", containerPath: "/v" }] },
        { volumes: [{ name: "f", host: { sourcePath: path.join(dir, "file") } }, { name: "v", host: { sourcePath: path.join(dir, "not", "yet") } }] });
    assert.deepStrictEqual(r.lines, ["text", "sub"], r.task.stoppedReason);
    assert.strictEqual(fs.readFileSync(path.join(dir, "not", "yet", "sub"), "utf8"), "made\n");
});

test("the host's metadata address is out of reach, its loopback too, and Slipway's own address is not", usable, async (t) => {
    try { execFileSync("ip", ["addr", "add", "169.254.169.254/32", "dev", "lo"], { stdio: "ignore" }); } catch { /* there already */ }
    t.after(() => execFileSync("ip", ["addr", "del", "169.254.169.254/32", "dev", "lo"]));
    const server = http.createServer((_, res) => res.end("credentials"));
    await new Promise((resolve) => server.listen(0, "0.0.0.0", resolve));
    t.after(() => server.close());
    const { port } = server.address();
    assert.strictEqual(await (await fetch(`http://169.254.169.254:${port}/`)).text(), "credentials", "from the host it answers");
    const get = (url) => `timeout 3 wget -q -O - ${url} || echo none`;
    const r = await e.shell([get(`http://169.254.169.254:${port}/`), get(`http://127.0.0.1:${port}/`), get("$ECS_CONTAINER_METADATA_URI_V4 >/tmp/own && echo own"),
        "cat /proc/net/if_inet6 | grep -v lo | wc -l"].join("\n"), {}, { networkMode: "awsvpc" }, { networkConfiguration: e.network });
    assert.deepStrictEqual(r.lines.filter((l) => !/wget|Terminated/.test(l)).map((l) => l.trim()), ["none", "none", "own", "0"]);
});
