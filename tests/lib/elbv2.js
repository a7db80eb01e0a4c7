// SPDX-License-Identifier: Apache-2.0
// What tests of load balancers share: HTTP servers of the test as targets, and the calls that put load balancers in front.
//
//     const b = new Balancing();
//     before(() => b.open());
//     after(() => b.close());
//     const one = await b.backend("one"), g = await b.group(), port = await b.freePort();
//     await b.listener(await b.balancer(), port, to([g, 1]));
"use strict";
const assert = require("node:assert");
const http = require("node:http");
const L = require("@aws-sdk/client-elastic-load-balancing-v2");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const lib = require("./slipway");
const { start, finish, until, freePort } = lib;

// The SDK's names of modelled errors end in Exception.
const refuses = (promise, name, message) => lib.refuses(promise, name === "ValidationError" ? name : `${name}Exception`, message);
const target = (b) => ({ Id: "127.0.0.1", Port: b.port });
const to = (...groups) => [{ Type: "forward", ForwardConfig: { TargetGroups: groups.map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })) } }];
const says = (text, status = "200") => [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: status, ContentType: "text/plain", MessageBody: text } }];

// One request on a connection of its own (or of `agent`).
function get(port, path = "/", { host = "localhost", headers = {}, method = "GET", agent } = {}) {
    return new Promise((resolve, reject) => {
        const r = http.request({ port, host: "127.0.0.1", path, method, agent: agent || false, headers: { host, ...headers } }, (res) => {
            let body = "";
            res.on("data", (d) => { body += d; });
            res.on("end", () => resolve({ status: res.statusCode, body, headers: res.headers }));
            res.on("error", reject);
        });
        r.on("error", reject);
        r.end();
    });
}

const served = (port, what, ask = {}) => until(`${what} on ${port}`, async () => {
    try { return (await get(port, ask.path, ask)).body === what; } catch { return false; }
});

// A request to a load balancer { port, host }: "200 v1", or what went wrong.
function ask({ port, host }, path, agent = false) {
    return new Promise((resolve) => {
        http.get({ host: "127.0.0.1", port, path, headers: { host }, agent }, (r) => {
            let text = "";
            r.on("data", (d) => { text += d; });
            r.on("end", () => resolve(r.complete ? `${r.statusCode} ${text.trim()}` : "cut"));
            r.on("error", (e) => resolve(e.code));
        }).on("error", (e) => resolve(e.code));
    });
}

// One request after the other, until stop(), which fails if one of them was not answered by 200.
function load(port) {
    const seen = { done: 0, failed: 0 };
    let on = true;
    const ended = (async () => {
        for (; on; seen.done++)
            if ((await get(port).catch(() => ({}))).status !== 200) seen.failed++;
    })();
    return { seen, stop: async () => {
        on = false;
        await ended;
        assert.strictEqual(seen.failed, 0, `${seen.failed} of ${seen.done} failed`);
    } };
}

// A load balancer of this name with one listener, and a target group that is looked at often: { group, listener, port, host }.
async function frontOf(s, Name, delay) {
    const elb = s.client(L.ElasticLoadBalancingV2Client), send = (name, input) => elb.send(new L[`${name}Command`](input));
    const { Subnets } = await s.client(EC2Client).send(new DescribeSubnetsCommand({}));
    const group = (await send("CreateTargetGroup", { Name, Protocol: "HTTP", Port: 8080, TargetType: "ip", VpcId: Subnets[0].VpcId,
        HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2, HealthyThresholdCount: 2, UnhealthyThresholdCount: 2,
        HealthCheckPath: "/index.html" })).TargetGroups[0].TargetGroupArn;
    await send("ModifyTargetGroupAttributes", { TargetGroupArn: group, Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: String(delay) }] });
    const lb = (await send("CreateLoadBalancer", { Name, Subnets: Subnets.slice(0, 2).map((x) => x.SubnetId) })).LoadBalancers[0];
    const port = await freePort();
    const listener = (await send("CreateListener", { LoadBalancerArn: lb.LoadBalancerArn, Protocol: "HTTP", Port: port,
        DefaultActions: [{ Type: "forward", TargetGroupArn: group }] })).Listeners[0].ListenerArn;
    return { group, listener, port, host: lb.DNSName };
}

let n = 0;
const unique = (what) => `${what}-${++n}`;

class Balancing {
    async open(options) {
        this.servers = [];
        this.s = await start(null, options);
        await this.connect(this.s);
    }

    // To this server, from now on.
    async connect(server) {
        this.elb = server.client(L.ElasticLoadBalancingV2Client);
        const { Subnets } = await server.client(EC2Client).send(new DescribeSubnetsCommand({}));
        this.subnets = Subnets.map((x) => x.SubnetId);
        this.vpc = Subnets[0].VpcId;
    }

    async close() {
        await finish(this.s);
        for (const b of this.servers) { b.closeAllConnections(); b.close(); }
    }

    send(name, input = {}) { return this.elb.send(new L[`${name}Command`](input)); }

    // A server that answers with its name; `health` is the status of /health, `hold` delays answers, `seen` counts,
    // `last` are the headers that came last.
    async backend(name) {
        const b = http.createServer(async (req, res) => {
            if (req.url.startsWith("/health")) { res.statusCode = b.health; return res.end(); }
            b.seen++;
            b.last = req.headers;
            if (b.hold) await b.hold;
            if (b.cookie) res.setHeader("Set-Cookie", b.cookie);
            res.statusCode = Number(req.headers["x-status"] || 200);
            res.end(name);
        });
        Object.assign(b, { health: 200, hold: null, seen: 0 });
        await new Promise((resolve) => b.listen(0, "127.0.0.1", resolve));
        b.port = b.address().port;
        this.servers.push(b);
        return b;
    }

    async group(name = unique("tg"), more = {}) {
        const { TargetGroups: [g] } = await this.send("CreateTargetGroup", {
            Name: name, Protocol: "HTTP", Port: 80, VpcId: this.vpc, TargetType: "ip", HealthCheckPath: "/health",
            HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2, HealthyThresholdCount: 2, UnhealthyThresholdCount: 2, ...more });
        return g.TargetGroupArn;
    }

    register(TargetGroupArn, ...bs) { return this.send("RegisterTargets", { TargetGroupArn, Targets: bs.map(target) }); }

    deregister(TargetGroupArn, ...bs) { return this.send("DeregisterTargets", { TargetGroupArn, Targets: bs.map(target) }); }

    async health(TargetGroupArn, b) {
        const { TargetHealthDescriptions: [d] } = await this.send("DescribeTargetHealth", { TargetGroupArn, Targets: [target(b)] });
        return d.TargetHealth;
    }

    becomes(g, b, state, seconds = 30) {
        return until(`${b.port} ${state}`, async () => (await this.health(g, b)).State === state, { seconds });
    }

    async balancer(name = unique("lb"), more = {}) {
        const { LoadBalancers: [lb] } = await this.send("CreateLoadBalancer", { Name: name, Subnets: this.subnets.slice(0, 2), ...more });
        return lb;
    }

    async listener(lb, Port, DefaultActions, Protocol = "HTTP") {
        const { Listeners: [l] } = await this.send("CreateListener", { LoadBalancerArn: lb.LoadBalancerArn, Port, Protocol, DefaultActions });
        return l.ListenerArn;
    }

    async rule(ListenerArn, Priority, Conditions, Actions) {
        const { Rules: [r] } = await this.send("CreateRule", { ListenerArn, Priority, Conditions, Actions });
        return r.RuleArn;
    }

    // A load balancer in front of healthy targets, served.
    async front(g, ...bs) {
        const port = await freePort(), lb = await this.balancer();
        await this.listener(lb, port, to([g, 1]));
        await this.register(g, ...bs);
        for (const b of bs) await this.becomes(g, b, "healthy");
        await until("200", async () => (await get(port).catch(() => ({}))).status === 200);
        return { port, lb };
    }
}

module.exports = { Balancing, refuses, to, says, freePort, get, ask, load, served, frontOf, unique };
