// SPDX-License-Identifier: Apache-2.0
// Services behind a load balancer under constant load: deployments, rollbacks, scaling, kill -9. Clients keep their
// connections, and some of their requests take longer than a whole deployment's steps: not one may fail.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const http = require("node:http");
const L = require("@aws-sdk/client-elastic-load-balancing-v2");
const { ask, frontOf } = require("../lib/elbv2");
const { until, refuses } = require("../lib/slipway");
const { push } = require("../lib/image");
const { Ecs, PORTS, texts } = require("../lib/ecs");

const e = new Ecs();
const DELAY = 8;                    // seconds of deregistration delay; /cgi-bin/slow takes 4
const CGI = (seconds, text) => `#!/bin/sh\n${seconds ? `sleep ${seconds}\n` : ""}echo Content-Type: text/plain\necho\necho ${text}\n`;
const BREAKER = { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } };

const elb = (name, input) => e.s.client(L.ElasticLoadBalancingV2Client).send(new L[`${name}Command`](input));
const targets = async (TargetGroupArn) => (await elb("DescribeTargetHealth", { TargetGroupArn })).TargetHealthDescriptions;
const behind = (group) => ({ targetGroupArn: group, containerName: "web", containerPort: 8080 });

const balancer = (name, delay = DELAY) => frontOf(e.s, name, delay);

// Until stop(): quick requests one after the other, on connections that are kept and on new ones, and slow ones all the
// time. stop() gives how often each answer came.
function load(b) {
    const seen = {}, agents = [];
    let on = true;
    const worker = async (path, keep) => {
        const agent = keep && new http.Agent({ keepAlive: true, maxSockets: 1 });
        if (agent) agents.push(agent);
        while (on) {
            const k = await ask(b, path, agent);
            seen[k] = (seen[k] || 0) + 1;
        }
    };
    const all = [worker("/index.html", true), worker("/index.html", false), ...Array.from({ length: 4 }, () => worker("/cgi-bin/slow", true))];
    return { seen, stop: async () => {
        on = false;
        await Promise.all(all);
        for (const a of agents) a.destroy();
        return seen;
    } };
}

const answering = (b, answer) => until(`the load balancer says "${answer}"`, async () => (await ask(b, "/index.html", false)) === answer);
const answers = (seen) => Object.keys(seen).sort();
const served = (l, answer, n = 20) => until(`"${answer}" comes`, () => (l.seen[answer] || 0) >= n);

before(async () => {
    await e.open({ ephemeral: false });
    for (const v of ["v1", "v2"])
        await push(e.s, `web:${v}`, { cmd: ["httpd", "-f", "-p", "8080", "-h", "/www"],
            files: { "www/index.html": v, "www/cgi-bin/slow": CGI(4, `slow ${v}`), "www/cgi-bin/stuck": CGI(60, "never") } });
    await push(e.s, "web:sick", { cmd: ["httpd", "-f", "-p", "8080", "-h", "/tmp"] });       // runs, but has no page
    for (const v of ["v1", "v2", "sick"]) await e.web("lb", v, { stopTimeout: 2 });
});
after(() => e.close());

test("a target group must exist, have a load balancer and fit the network mode", async () => {
    const b = await balancer("checked");
    const no = (group, more, message) => refuses(e.create("bad", { taskDefinitionArn: "lb:1" },
        { loadBalancers: [{ ...behind(group), ...more }] }), "InvalidParameterException", message);
    await no(b.group.replace(/.{16}$/, "0".repeat(16)), {}, /target group does not exist/);
    await no(b.group, { containerName: "none" }, /container none/);
    await no(b.group, { containerPort: 1 }, /container port 1/);
    const vpc = { Protocol: "HTTP", Port: 80, VpcId: e.subnets[0].VpcId };
    const idle = (await elb("CreateTargetGroup", { Name: "idle", TargetType: "ip", ...vpc })).TargetGroups[0].TargetGroupArn;
    await no(idle, {}, /does not have an associated load balancer/);
    await e.register("bridge", [{ name: "web", portMappings: PORTS }]);
    await refuses(e.create("bad", { taskDefinitionArn: "bridge" }, { launchType: "EC2", networkConfiguration: undefined, loadBalancers: [behind(b.group)] }),
        "InvalidParameterException", /target type ip, which is incompatible with the bridge network mode/);
});

test("deployments, rollback and scaling in lose no request, slow ones and kept connections included", async () => {
    const b = await balancer("steady");
    const made = await e.create("steady", { taskDefinitionArn: "lb:1" }, { loadBalancers: [behind(b.group)], ...BREAKER });
    assert.strictEqual(made.healthCheckGracePeriodSeconds, 0);
    const v = await e.stable("steady");
    assert.ok(texts(v).some((t) => /registered 1 targets in \(target-group arn/.test(t)));
    await answering(b, "200 v1");
    const l = load(b);
    await served(l, "200 v1");
    await e.update("steady", { taskDefinition: "lb:2" });
    await e.stable("steady");
    await served(l, "200 v2");
    await until("the old tasks have ended", async () => (await e.tasks({ serviceName: "steady" })).length === 2);
    assert.ok(texts(await e.service("steady")).some((t) => /has begun draining connections on 1 tasks\.$/.test(t)));
    const before = l.seen["200 v1"];

    await e.update("steady", { taskDefinition: "lb:3" });
    const back = await until("it is rolled back", async () => {
        const x = await e.service("steady");
        return /lb:2$/.test(x.taskDefinition) && x.deployments.length === 1 && x.deployments[0].rolloutState === "COMPLETED" && x;
    }, { seconds: 120 });
    assert.ok(texts(back).some((t) => /is unhealthy in \(target-group .*\) due to \(reason Health checks failed with these codes: \[404\]\)$/.test(t)));

    await e.update("steady", { desiredCount: 1 });
    await until("one is left", async () => (await targets(b.group)).length === 1 && (await e.tasks({ serviceName: "steady" })).length === 1);
    await e.update("steady", { desiredCount: 3 });
    await until("three serve", async () => (await targets(b.group)).filter((t) => t.TargetHealth.State === "healthy").length === 3);
    const seen = await l.stop();
    assert.deepStrictEqual(answers(seen), ["200 slow v1", "200 slow v2", "200 v1", "200 v2"], JSON.stringify(seen));
    assert.strictEqual(seen["200 v1"], before, "no old task answers after the deployment");
    await e.remove("steady");
    assert.deepStrictEqual(await targets(b.group), [], "with the service its targets go");
});

test("a request that outlasts the deregistration delay is cut then, not before", async () => {
    const b = await balancer("stuck", 3);
    await e.create("stuck", { taskDefinitionArn: "lb:1" }, { desiredCount: 1, loadBalancers: [behind(b.group)] });
    await e.stable("stuck");
    await answering(b, "200 v1");
    let ended = 0;
    const request = ask(b, "/cgi-bin/stuck", false).then((r) => { ended = Date.now(); return r; });
    const [arn] = await e.tasks({ serviceName: "stuck" });
    const [container] = (await e.task(arn)).containers;
    assert.strictEqual(container.lastStatus, "RUNNING");
    await answering(b, "200 v1");
    const began = Date.now();
    await e.update("stuck", { desiredCount: 0 });
    const draining = await until("its task drains", async () => {
        const t = await e.task(arn);
        return t.lastStatus === "DEACTIVATING" && t;
    });
    assert.strictEqual(draining.containers[0].lastStatus, "RUNNING");
    assert.match(await request, /^(cut|502.*|504.*|ECONNRESET)/s);
    assert.ok(ended - began >= 3000, `cut after ${ended - began} ms`);
    await e.stopped(arn);
    await e.remove("stuck");
});

test("when a service moves to another target group, the old tasks serve until the new ones do", async () => {
    const a = await balancer("moves-a", 2), b = await balancer("moves-b", 2);
    await e.create("moves", { taskDefinitionArn: "lb:1" }, { loadBalancers: [behind(a.group)] });
    await e.stable("moves");
    await e.update("moves", { taskDefinition: "lb:2", loadBalancers: [behind(b.group)] });
    await until("the deployment completes", async () => {
        const healthy = (list) => list.filter((t) => t.TargetHealth.State === "healthy").length;
        const old = healthy(await targets(a.group)), fresh = healthy(await targets(b.group)), v = await e.service("moves");
        assert.ok(old + fresh >= 2, `${old} old and ${fresh} new targets are healthy`);
        return v.deployments.length === 1 && v.deployments[0].rolloutState === "COMPLETED";
    });
    assert.strictEqual((await targets(b.group)).length, 2);
    await answering(b, "200 v2");
    await e.remove("moves");
});

test("a deployment that kill -9 interrupts completes after the next start, and no request fails", async () => {
    const b = await balancer("killed");
    await e.create("killed", { taskDefinitionArn: "lb:1" }, { loadBalancers: [behind(b.group)], ...BREAKER });
    await e.stable("killed");
    await answering(b, "200 v1");
    const l = load(b);
    await served(l, "200 v1");
    await e.update("killed", { taskDefinition: "lb:2" });
    await until("new tasks are on their way", async () => (await e.tasks({ serviceName: "killed" })).length > 2);
    await e.s.kill9();
    const before = l.seen["200 v1"] + (l.seen["200 v2"] || 0);
    await until("requests are served without Slipway", () => l.seen["200 v1"] + (l.seen["200 v2"] || 0) > before + 20);
    await e.s.start();
    await e.connect();
    await e.stable("killed");
    await served(l, "200 v2");
    await until("the old tasks have ended", async () => (await e.tasks({ serviceName: "killed" })).length === 2);
    const seen = await l.stop();
    assert.deepStrictEqual(answers(seen).filter((k) => !/^200 (slow )?v[12]$/.test(k)), [], JSON.stringify(seen));
    await e.remove("killed");
});
