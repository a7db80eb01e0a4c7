// SPDX-License-Identifier: Apache-2.0
// What a server holds outside its data folder, looked at from the machine's side: mounts, network namespaces, links,
// packet rules, cgroups, processes. `slipway down` leaves none of it, whether the server ended well or was killed.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { ECSClient, CreateClusterCommand, RegisterTaskDefinitionCommand, RunTaskCommand, DescribeTasksCommand,
        StopTaskCommand } = require("@aws-sdk/client-ecs");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const { ElasticLoadBalancingV2Client, CreateLoadBalancerCommand, CreateListenerCommand } = require("@aws-sdk/client-elastic-load-balancing-v2");
const { start, until, run, PROGRAM } = require("../lib/slipway");
const { push } = require("../lib/image");

const list = (dir) => { try { return fs.readdirSync(dir); } catch { return []; } };
const read = (file) => { try { return fs.readFileSync(file, "utf8"); } catch { return ""; } };
const link = (file) => { try { return fs.readlinkSync(file); } catch { return ""; } };
const instanceOf = (data) => read(path.join(data, "instance")).trim();

// { kind: [names] } of what is there for this data folder. `links`: names seen earlier, a veth's says nothing of its owner.
async function held(data, instance, links = []) {
    const ours = (text) => text.includes(`${data}/`) || text.includes(`/run/slipway/${instance}`);
    const ended = (pid) => /^State:\s+Z/m.test(read(`/proc/${pid}/status`));   // not yet reaped by init, which is not ours
    const mine = (pid) => !ended(pid) && (ours(link(`/proc/${pid}/cwd`) + "/") || ours(read(`/proc/${pid}/cmdline`).replaceAll("\0", " ")) || read(`/proc/${pid}/cgroup`).includes(`/slipway-${instance}`));
    const trees = fs.existsSync("/sys/fs/cgroup/cgroup.controllers") ? ["/sys/fs/cgroup"] : list("/sys/fs/cgroup").map((c) => `/sys/fs/cgroup/${c}`);
    const bridge = `swb-${instance}`;
    return {
        mount: read("/proc/self/mountinfo").split("\n").filter(ours).filter((l) => !l.includes(" nsfs ")),
        netns: list(`/run/slipway/${instance}/netns`),
        link: [...new Set([bridge, ...links, ...list(`/sys/class/net/${bridge}/brif`)])].filter((l) => fs.existsSync(`/sys/class/net/${l}`)),
        rule: (await run("nft", ["list", "tables"])).stdout.split("\n").filter((l) => l.includes(`slipway_${instance}`)),
        cgroup: trees.map((t) => `${t}/slipway-${instance}`).filter((g) => fs.existsSync(g)),
        process: list("/proc").filter((p) => /^\d+$/.test(p) && Number(p) !== process.pid && mine(p)).map((p) => `${p} ${read(`/proc/${p}/cmdline`).split("\0").slice(0, 3).join(" ")}`),
        run: [`/run/slipway/${instance}`].filter((f) => fs.existsSync(f)),
    };
}

async function nothingIsLeft(data, instance, before) {
    const now = await held(data, instance, before.link);
    assert.deepStrictEqual(now, { mount: [], netns: [], link: [], rule: [], cgroup: [], process: [], run: [] });
}

// A task with a network of its own and one with a mapped port, and a load balancer: something of every kind.
async function fill(s) {
    const ecs = s.client(ECSClient), elb = s.client(ElasticLoadBalancingV2Client);
    const subnets = (await s.client(EC2Client).send(new DescribeSubnetsCommand({}))).Subnets.map((n) => n.SubnetId);
    const { image } = await push(s, "app:v1", { cmd: ["sleep", "3600"] });
    await ecs.send(new CreateClusterCommand({ clusterName: "main" }));
    const task = async (family, settings, more) => {
        await ecs.send(new RegisterTaskDefinitionCommand({ family, ...settings, containerDefinitions: [{ name: "main", image, memory: 64, stopTimeout: 2, portMappings: [{ containerPort: 80 }] }] }));
        return (await ecs.send(new RunTaskCommand({ cluster: "main", taskDefinition: family, ...more }))).tasks[0].taskArn;
    };
    const tasks = [await task("bridged", { networkMode: "bridge" }),
                   await task("own", { networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"], cpu: "256", memory: "512" },
                              { launchType: "FARGATE", networkConfiguration: { awsvpcConfiguration: { subnets: subnets.slice(0, 1) } } })];
    const { LoadBalancers: [lb] } = await elb.send(new CreateLoadBalancerCommand({ Name: "web", Subnets: subnets.slice(0, 2) }));
    await elb.send(new CreateListenerCommand({ LoadBalancerArn: lb.LoadBalancerArn, Port: 20000 + Math.floor(Math.random() * 10000), Protocol: "HTTP", DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200" } }] }));
    const states = async () => (await ecs.send(new DescribeTasksCommand({ cluster: "main", tasks }))).tasks.map((t) => t.lastStatus).join();
    await until("the tasks run", async () => (await states()) === "RUNNING,RUNNING");
    const instance = instanceOf(s.data);
    const there = await until("the load balancer runs", async () => {
        const h = await held(s.data, instance);
        return h.process.some((p) => p.includes("haproxy")) && h;
    });
    for (const kind of ["netns", "link", "rule", "cgroup", "process", "run"]) assert.ok(there[kind].length > 0, `the look does see: ${kind}`);
    assert.deepStrictEqual(there.mount, [], "no mount of a container is seen on the host");
    return { ecs, tasks, instance, there, states };
}

// A server that is taken off the machine however the test ends.
async function startAndClear(t, options) {
    const s = await start(null, options);
    t.after(async () => {
        await s.kill9();
        await run(PROGRAM, ["down", "--data", s.data]);
        fs.rmSync(s.data, { recursive: true, force: true });
    });
    return s;
}

const usable = process.getuid() === 0 ? {} : { skip: "containers need root" };

test("down ends a running server and leaves nothing of it", usable, async (t) => {
    const s = await startAndClear(t, { ephemeral: false });
    const { instance, there } = await fill(s);
    await run(PROGRAM, ["down", "--data", s.data]);
    assert.strictEqual((await s.ended).code, 0, s.log);
    await nothingIsLeft(s.data, instance, there);
});

test("a killed server's containers go on and are taken over; down after another kill leaves nothing", usable, async (t) => {
    const s = await startAndClear(t, { ephemeral: false });
    const { ecs, tasks, instance, there, states } = await fill(s);
    await s.kill9();
    const alone = await held(s.data, instance, there.link);
    assert.deepStrictEqual([alone.netns, alone.link.sort(), alone.rule], [there.netns, there.link.sort(), there.rule]);
    await s.start();
    assert.strictEqual(await states(), "RUNNING,RUNNING");
    const conmons = (h) => h.process.filter((p) => p.includes("conmon")).sort();
    assert.deepStrictEqual(conmons(await held(s.data, instance)), conmons(there), "the same containers as before");
    await ecs.send(new StopTaskCommand({ cluster: "main", task: tasks[1] }));
    await until("a stopped task's network and supervisor are gone", async () => {
        const h = await held(s.data, instance);
        return h.netns.length === there.netns.length - 1 && conmons(h).length === conmons(there).length - 1;
    });
    await s.kill9();
    await run(PROGRAM, ["down", "--data", s.data]);
    await nothingIsLeft(s.data, instance, there);
});

test("an ephemeral server that was killed leaves nothing once the next has started and ended", usable, async (t) => {
    const data = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-left-"));
    const s = await startAndClear(t, { data });
    const { instance, there } = await fill(s);
    await s.kill9();
    const next = await startAndClear(t, { data });
    const h = await held(data, instance);
    assert.deepStrictEqual(h.netns, []);
    assert.deepStrictEqual(h.process.filter((p) => /conmon|haproxy/.test(p)), []);
    assert.strictEqual((await next.stop()).code, 0);
    await nothingIsLeft(data, instance, there);
});
