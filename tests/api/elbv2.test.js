// SPDX-License-Identifier: Apache-2.0
// Load balancers in front of real HTTP servers of this test.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const http = require("node:http");
const net = require("node:net");
const L = require("@aws-sdk/client-elastic-load-balancing-v2");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const { CloudWatchClient, GetMetricStatisticsCommand } = require("@aws-sdk/client-cloudwatch");
const lib = require("../lib/slipway");
const { start, finish, until } = lib;

let s, elb, subnets, vpc, n = 0;
const open = [];

before(async () => { s = await start(null); await connect(s); });
after(async () => { await finish(s); for (const b of open) { b.closeAllConnections(); b.close(); } });

async function connect(server) {
    elb = server.client(L.ElasticLoadBalancingV2Client);
    const { Subnets } = await server.client(EC2Client).send(new DescribeSubnetsCommand({}));
    subnets = Subnets.map((x) => x.SubnetId);
    vpc = Subnets[0].VpcId;
}

// The SDK's names of modelled errors end in Exception.
const refuses = (promise, name, message) => lib.refuses(promise, name === "ValidationError" ? name : `${name}Exception`, message);
const send = (name, input = {}) => elb.send(new L[`${name}Command`](input));
const unique = (what) => `${what}-${++n}`;

function freePort() {
    return new Promise((resolve, reject) => {
        const p = net.createServer().listen(0, "127.0.0.1", () => { const { port } = p.address(); p.close(() => resolve(port)); });
        p.on("error", reject);
    });
}

// A server that answers with its name; `health` is the status of /health, `hold` delays answers, `seen` counts.
async function backend(name) {
    const b = http.createServer(async (req, res) => {
        if (req.url.startsWith("/health")) { res.statusCode = b.health; return res.end(); }
        b.seen++;
        if (b.hold) await b.hold;
        res.setHeader("x-xff", req.headers["x-forwarded-for"] || "");
        res.statusCode = Number(req.headers["x-status"] || 200);
        res.end(name);
    });
    Object.assign(b, { health: 200, hold: null, seen: 0 });
    await new Promise((resolve) => b.listen(0, "127.0.0.1", resolve));
    b.port = b.address().port;
    open.push(b);
    return b;
}

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

async function group(name = unique("tg"), more = {}) {
    const { TargetGroups: [g] } = await send("CreateTargetGroup", {
        Name: name, Protocol: "HTTP", Port: 80, VpcId: vpc, TargetType: "ip", HealthCheckPath: "/health",
        HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2, HealthyThresholdCount: 2, UnhealthyThresholdCount: 2, ...more });
    return g.TargetGroupArn;
}

const target = (b) => ({ Id: "127.0.0.1", Port: b.port });
const register = (TargetGroupArn, ...bs) => send("RegisterTargets", { TargetGroupArn, Targets: bs.map(target) });
const deregister = (TargetGroupArn, ...bs) => send("DeregisterTargets", { TargetGroupArn, Targets: bs.map(target) });

async function health(TargetGroupArn, b) {
    const { TargetHealthDescriptions: [d] } = await send("DescribeTargetHealth", { TargetGroupArn, Targets: [target(b)] });
    return d.TargetHealth;
}
const becomes = (g, b, state, seconds = 30) => until(`${b.port} ${state}`, async () => (await health(g, b)).State === state, { seconds });

async function balancer(name = unique("lb"), more = {}) {
    const { LoadBalancers: [lb] } = await send("CreateLoadBalancer", { Name: name, Subnets: subnets.slice(0, 2), ...more });
    return lb;
}

const to = (...groups) => [{ Type: "forward", ForwardConfig: { TargetGroups: groups.map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })) } }];
const says = (text, status = "200") => [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: status, ContentType: "text/plain", MessageBody: text } }];

async function listener(lb, Port, DefaultActions, Protocol = "HTTP") {
    const { Listeners: [l] } = await send("CreateListener", { LoadBalancerArn: lb.LoadBalancerArn, Port, Protocol, DefaultActions });
    return l.ListenerArn;
}
async function rule(ListenerArn, Priority, Conditions, Actions) {
    const { Rules: [r] } = await send("CreateRule", { ListenerArn, Priority, Conditions, Actions });
    return r.RuleArn;
}
const served = (port, what, ask = {}) => until(`${what} on ${port}`, async () => {
    try { return (await get(port, ask.path, ask)).body === what; } catch { return false; }
});

test("a load balancer becomes active, serves its targets, and is gone when deleted", async () => {
    const b = await backend("one"), g = await group(), port = await freePort();
    const lb = await balancer("first");
    assert.match(lb.LoadBalancerArn, /^arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer\/app\/first\/[0-9a-f]{16}$/);
    assert.match(lb.DNSName, /^first-[0-9a-f]{16}\.us-east-1\.elb\.localhost$/);
    assert.strictEqual(lb.VpcId, vpc);
    await until("active", async () => (await send("DescribeLoadBalancers", { Names: ["first"] })).LoadBalancers[0].State.Code === "active");
    assert.strictEqual((await register(g, b)).$metadata.httpStatusCode, 200);
    assert.deepStrictEqual(await health(g, b), { State: "unused", Reason: "Target.NotInUse",
        Description: "Target group is not configured to receive traffic from the load balancer" });
    const l = await listener(lb, port, to([g, 1]));
    await becomes(g, b, "healthy");
    await served(port, "one", { host: lb.DNSName });
    const r = await get(port, "/", { host: lb.DNSName });
    assert.strictEqual(r.headers["x-xff"], "127.0.0.1");
    await refuses(send("DeleteTargetGroup", { TargetGroupArn: g }), "ResourceInUse");
    await send("DeleteLoadBalancer", { LoadBalancerArn: lb.LoadBalancerArn });
    await refuses(send("DescribeLoadBalancers", { Names: ["first"] }), "LoadBalancerNotFound");
    await refuses(send("DescribeListeners", { ListenerArns: [l] }), "ListenerNotFound");
    await until("port closed", () => get(port).then(() => false, () => true));
    assert.strictEqual((await health(g, b)).State, "unused");
    await send("DeleteTargetGroup", { TargetGroupArn: g });
    await refuses(send("DescribeTargetGroups", { TargetGroupArns: [g] }), "TargetGroupNotFound");
});

test("rules choose by host, path, header, query, method and source address, in order of priority", async () => {
    const lb = await balancer(), port = await freePort(), l = await listener(lb, port, says("default"));
    await rule(l, 10, [{ Field: "path-pattern", Values: ["/api/*"] }], says("path"));
    await rule(l, 20, [{ Field: "host-header", HostHeaderConfig: { Values: ["*.example.com"] } }], says("host"));
    await rule(l, 30, [{ Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "X-Kind", Values: ["a*", "b?"] } }], says("header"));
    await rule(l, 40, [{ Field: "query-string", QueryStringConfig: { Values: [{ Key: "v", Value: "2" }] } }], says("query"));
    await rule(l, 50, [{ Field: "http-request-method", HttpRequestMethodConfig: { Values: ["PUT"] } }], says("method"));
    await rule(l, 60, [{ Field: "source-ip", SourceIpConfig: { Values: ["127.0.0.0/8"] } }, { Field: "path-pattern", Values: ["/near"] }], says("source"));
    await served(port, "source", { path: "/near" });
    const body = async (...a) => (await get(port, ...a)).body;
    assert.strictEqual(await body("/"), "default");
    assert.strictEqual(await body("/api/x"), "path");
    assert.strictEqual(await body("/", { host: "www.example.com" }), "host");
    assert.strictEqual(await body("/api/x", { host: "www.example.com" }), "path");
    assert.strictEqual(await body("/", { headers: { "x-kind": "bz" } }), "header");
    assert.strictEqual(await body("/?v=2"), "query");
    assert.strictEqual(await body("/", { method: "PUT" }), "method");
    const { Rules } = await send("DescribeRules", { ListenerArn: l });
    assert.deepStrictEqual(Rules.map((r) => r.Priority), ["10", "20", "30", "40", "50", "60", "default"]);
    await refuses(rule(l, 10, [{ Field: "path-pattern", Values: ["/x"] }], says("x")), "PriorityInUse");
    await send("SetRulePriorities", { RulePriorities: [{ RuleArn: Rules[1].RuleArn, Priority: 1 }] });
    await served(port, "host", { path: "/api/x", host: "www.example.com" });
    await send("ModifyRule", { RuleArn: Rules[0].RuleArn, Actions: says("changed") });
    await served(port, "changed", { path: "/api/y" });
    await send("DeleteRule", { RuleArn: Rules[0].RuleArn });
    await served(port, "default", { path: "/api/y" });
    await refuses(send("DeleteRule", { RuleArn: Rules[6].RuleArn }), "OperationNotPermitted");
    const paged = await send("DescribeRules", { ListenerArn: l, PageSize: 2 });
    assert.strictEqual(paged.Rules.length, 2);
    assert.strictEqual((await send("DescribeRules", { ListenerArn: l, PageSize: 4, Marker: paged.NextMarker })).Rules.length, 4);
});

test("redirects and fixed responses are the load balancer's own", async () => {
    const lb = await balancer(), port = await freePort(), l = await listener(lb, port, says("{}", "404"));
    await rule(l, 1, [{ Field: "path-pattern", Values: ["/old/*"] }],
        [{ Type: "redirect", RedirectConfig: { Host: "new.example.com", Port: "8443", Protocol: "HTTPS", Path: "/new#{path}", StatusCode: "HTTP_301" } }]);
    await until("redirect", async () => (await get(port, "/old/a?b=c").catch(() => ({}))).status === 301);
    const r = await get(port, "/old/a?b=c");
    assert.match(r.headers.location, /^https:\/\/new\.example\.com:8443\/new\/?old\/a\?b=c$/);
    const f = await get(port, "/x");
    assert.strictEqual(f.status, 404);
    assert.strictEqual(f.headers["content-type"], "text/plain");
    await refuses(rule(l, 2, [{ Field: "path-pattern", Values: ["/x"] }], [{ Type: "redirect", RedirectConfig: { StatusCode: "HTTP_302" } }]),
        "InvalidLoadBalancerAction", /loop/);
    await refuses(rule(l, 2, [{ Field: "path-pattern", Values: ["/x"] }], [{ Type: "redirect", RedirectConfig: { StatusCode: "HTTP_302", Path: "/a b" } }]),
        "ValidationError", /Path/);
});

test("weights are changed at run time without a failed request", async () => {
    const a = await backend("blue"), b = await backend("green"), ga = await group(), gb = await group(), port = await freePort();
    const lb = await balancer(), l = await listener(lb, port, to([ga, 100], [gb, 0]));
    await register(ga, a);
    await register(gb, b);
    await becomes(ga, a, "healthy");
    await becomes(gb, b, "healthy");
    await served(port, "blue");
    const count = async () => {
        const c = { blue: 0, green: 0 };
        for (let i = 0; i < 40; i++) c[(await get(port)).body]++;
        return c;
    };
    assert.deepStrictEqual(await count(), { blue: 40, green: 0 });
    let running = true, failed = 0, done = 0;
    const load = (async () => { while (running) { const r = await get(port).catch(() => ({})); done++; if (r.status !== 200) failed++; } })();
    await send("ModifyListener", { ListenerArn: l, DefaultActions: to([ga, 50], [gb, 50]) });
    await until("both", async () => { const c = await count(); return c.blue > 5 && c.green > 5; });
    await send("ModifyListener", { ListenerArn: l, DefaultActions: to([ga, 0], [gb, 100]) });
    await until("green alone", async () => (await count()).blue === 0);
    running = false;
    await load;
    assert.strictEqual(failed, 0, `${failed} of ${done} failed`);
    const { Listeners: [d] } = await send("DescribeListeners", { ListenerArns: [l] });
    assert.deepStrictEqual(d.DefaultActions[0].ForwardConfig.TargetGroups.map((g) => g.Weight), [0, 100]);
});

test("a deregistered target ends its requests in flight and fails none under load", async () => {
    const a = await backend("a"), b = await backend("b"), g = await group(), port = await freePort();
    const lb = await balancer();
    await listener(lb, port, to([g, 1]));
    await register(g, a, b);
    await becomes(g, a, "healthy");
    await becomes(g, b, "healthy");
    await until("both", async () => { await get(port).catch(() => {}); return a.seen && b.seen; });
    let release;
    a.hold = new Promise((resolve) => { release = resolve; });
    const before = a.seen;
    const held = [];
    await until("one waits at a", async () => { held.push(get(port)); return a.seen > before; });
    await deregister(g, a);
    await until("a gets no more", async () => {
        const waiting = a.seen;
        let answered = false;
        held.push(get(port).then((r) => { answered = true; return r; }));
        await until("someone has it", () => answered || a.seen > waiting);
        return a.seen === waiting;
    });
    assert.deepStrictEqual((await health(g, a)), { State: "draining", Reason: "Target.DeregistrationInProgress", Description: "Target deregistration is in progress" });
    const r = await Promise.all(Array.from({ length: 50 }, () => get(port)));
    assert.ok(r.every((x) => x.status === 200 && x.body === "b"));
    assert.strictEqual((await health(g, a)).State, "draining");
    release();
    for (const x of await Promise.all(held)) assert.strictEqual(x.status, 200);
    await becomes(g, a, "unused");
    assert.strictEqual((await health(g, a)).Reason, "Target.NotRegistered");
});

test("an unhealthy target is left out and taken back", async () => {
    const a = await backend("a"), b = await backend("b"), g = await group(), port = await freePort();
    const lb = await balancer();
    await listener(lb, port, to([g, 1]));
    await register(g, a, b);
    await becomes(g, a, "healthy");
    await becomes(g, b, "healthy");
    a.health = 500;
    await becomes(g, a, "unhealthy");
    assert.deepStrictEqual(await health(g, a), { State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [500]" });
    await until("only b", async () => { const seen = a.seen; for (let i = 0; i < 6; i++) await get(port); return a.seen === seen; });
    a.health = 200;
    await becomes(g, a, "healthy");
    await until("both", async () => { const seen = a.seen; await get(port); return a.seen > seen; });
});

test("a load balancer without a target answers 503, and one whose target refuses 502", async () => {
    const g = await group(), port = await freePort(), lb = await balancer();
    await listener(lb, port, to([g, 1]));
    await until("503", async () => (await get(port).catch(() => ({}))).status === 503);
    const gone = { port: await freePort() };
    await register(g, gone);
    await becomes(g, gone, "unhealthy");
    assert.strictEqual((await health(g, gone)).Reason, "Target.FailedHealthChecks");
    await until("502", async () => (await get(port)).status === 502);
});

test("several load balancers share a port and are told apart by name", async () => {
    const port = await freePort(), x = await balancer("shared-x"), y = await balancer("shared-y");
    await listener(x, port, says("x"));
    await listener(y, port, says("y"));
    await served(port, "x", { host: x.DNSName });
    await served(port, "y", { host: `${y.DNSName}:${port}` });
});

test("a sticky client stays with its target", async () => {
    const a = await backend("a"), b = await backend("b"), g = await group(), port = await freePort(), lb = await balancer();
    await send("ModifyTargetGroupAttributes", { TargetGroupArn: g, Attributes: [
        { Key: "stickiness.enabled", Value: "true" }, { Key: "stickiness.lb_cookie.duration_seconds", Value: "60" }] });
    await listener(lb, port, to([g, 1]));
    await register(g, a, b);
    await becomes(g, a, "healthy");
    await becomes(g, b, "healthy");
    await until("200", async () => (await get(port).catch(() => ({}))).status === 200);
    const first = await get(port);
    const cookie = first.headers["set-cookie"].find((c) => c.startsWith("AWSALB=")).split(";")[0];
    for (let i = 0; i < 8; i++) assert.strictEqual((await get(port, "/", { headers: { cookie } })).body, first.body);
});

test("a network load balancer passes connections through", async () => {
    const b = await backend("tcp"), port = await freePort();
    const g = await group(unique("tcp"), { Protocol: "TCP", HealthCheckProtocol: "TCP", HealthCheckPath: undefined });
    const lb = await balancer(unique("nlb"), { Type: "network" });
    assert.match(lb.LoadBalancerArn, /loadbalancer\/net\//);
    await listener(lb, port, to([g, 1]), "TCP");
    await register(g, b);
    await becomes(g, b, "healthy");
    await served(port, "tcp");
    await refuses(listener(await balancer(), port, says("x")), "InvalidConfigurationRequest", /Port/);
    const { Listeners: [{ ListenerArn }] } = await send("DescribeListeners", { LoadBalancerArn: lb.LoadBalancerArn });
    assert.deepStrictEqual((await send("DescribeListenerAttributes", { ListenerArn })).Attributes, [{ Key: "tcp.idle_timeout.seconds", Value: "350" }]);
    await refuses(send("ModifyListenerAttributes", { ListenerArn, Attributes: [{ Key: "tcp.idle_timeout.seconds", Value: "60" }] }), "InvalidConfigurationRequest", /idle_timeout/);
});

test("creating the same again succeeds, with other settings it is refused", async () => {
    const name = unique("same"), port = await freePort();
    const a = await balancer(name), b = await balancer(name);
    assert.strictEqual(a.LoadBalancerArn, b.LoadBalancerArn);
    await refuses(balancer(name, { Scheme: "internal" }), "DuplicateLoadBalancerName");
    const g = await group(name);
    assert.strictEqual(await group(name), g);
    await refuses(group(name, { Port: 81 }), "DuplicateTargetGroupName");
    const l = await listener(a, port, says("x"));
    assert.strictEqual(await listener(a, port, says("x")), l);
    await refuses(listener(a, port, says("y")), "DuplicateListener");
});

test("what cannot be done is refused by name", async () => {
    const lb = await balancer(), g = await group(), port = await freePort();
    const invalid = "InvalidConfigurationRequest";
    await refuses(balancer("gw", { Type: "gateway" }), invalid, /^Type:/);
    await refuses(balancer("v6", { IpAddressType: "dualstack" }), invalid, /^IpAddressType:/);
    await refuses(balancer("net", { Subnets: ["subnet-0123456789abcdef0", subnets[0]] }), "SubnetNotFound");
    await refuses(balancer("one", { Subnets: [subnets[0]] }), "ValidationError", /two subnets/);
    await refuses(balancer("bad_name"), "ValidationError", /alphanumeric/);
    await refuses(listener(lb, port, says("x"), "HTTPS"), invalid, /^Certificates:/);
    await refuses(listener(lb, s.port, says("x")), invalid, /^Port:/);
    await refuses(listener(lb, port, [{ Type: "authenticate-oidc", Order: 1, AuthenticateOidcConfig: { Issuer: "i", AuthorizationEndpoint: "a",
        TokenEndpoint: "t", UserInfoEndpoint: "u", ClientId: "c", ClientSecret: "s" } }, { ...says("x")[0], Order: 2 }]), invalid, /authenticate-oidc/);
    await refuses(group("l", { TargetType: "lambda" }), invalid, /^TargetType:/);
    await refuses(group("p", { ProtocolVersion: "GRPC" }), invalid, /^ProtocolVersion:/);
    await refuses(group("t", { HealthCheckTimeoutSeconds: 5 }), "ValidationError", /timeout/);
    await refuses(send("RegisterTargets", { TargetGroupArn: g, Targets: [{ Id: "8.8.8.8" }] }), "InvalidTarget");
    const attributes = (Key, Value) => send("ModifyTargetGroupAttributes", { TargetGroupArn: g, Attributes: [{ Key, Value }] });
    await refuses(attributes("slow_start.duration_seconds", "30"), invalid, /^slow_start/);
    await refuses(attributes("colour", "red"), "ValidationError", /colour/);
    const logs = [{ Key: "access_logs.s3.enabled", Value: "true" }];
    await refuses(send("ModifyLoadBalancerAttributes", { LoadBalancerArn: lb.LoadBalancerArn, Attributes: logs }), invalid, /^access_logs/);
    await refuses(send("DescribeTargetHealth", { TargetGroupArn: g.replace("0000", "1111") }), "TargetGroupNotFound");
    await refuses(send("DescribeListeners", { LoadBalancerArn: lb.LoadBalancerArn.replace(/.$/, "x") }), "LoadBalancerNotFound");
});

test("attributes are kept, and deletion protection protects", async () => {
    const lb = await balancer(), arn = { LoadBalancerArn: lb.LoadBalancerArn };
    const set = (Key, Value) => send("ModifyLoadBalancerAttributes", { ...arn, Attributes: [{ Key, Value }] });
    await set("deletion_protection.enabled", "true");
    await set("idle_timeout.timeout_seconds", "30");
    const { Attributes } = await send("DescribeLoadBalancerAttributes", arn);
    assert.strictEqual(Attributes.find((a) => a.Key === "idle_timeout.timeout_seconds").Value, "30");
    await refuses(set("idle_timeout.timeout_seconds", "0"), "ValidationError");
    await refuses(send("DeleteLoadBalancer", arn), "OperationNotPermitted");
    await set("deletion_protection.enabled", "false");
    await send("DeleteLoadBalancer", arn);
});

test("tags are added, shown and removed", async () => {
    const lb = await balancer(unique("tagged"), { Tags: [{ Key: "a", Value: "1" }] }), g = await group();
    await send("AddTags", { ResourceArns: [lb.LoadBalancerArn, g], Tags: [{ Key: "b", Value: "2" }] });
    await send("RemoveTags", { ResourceArns: [lb.LoadBalancerArn], TagKeys: ["a"] });
    const { TagDescriptions } = await send("DescribeTags", { ResourceArns: [lb.LoadBalancerArn, g] });
    assert.deepStrictEqual(TagDescriptions.map((d) => d.Tags), [[{ Key: "b", Value: "2" }], [{ Key: "b", Value: "2" }]]);
});

test("the AWS CLI creates, waits and describes", async () => {
    const name = unique("cli");
    await s.aws("elbv2", "create-load-balancer", "--name", name, "--subnets", subnets[0], subnets[1]);
    await until("active", async () => (await s.aws("elbv2", "describe-load-balancers", "--names", name)).LoadBalancers[0].State.Code === "active");
    await s.aws("elbv2", "wait", "load-balancer-available", "--names", name);
});

test("load balancers serve on while Slipway restarts, and are known afterwards", async (t) => {
    const x = await start(null, { ephemeral: false });
    await connect(x);
    t.after(() => connect(s));
    try {
        const b = await backend("kept"), g = await group(), port = await freePort(), lb = await balancer();
        await listener(lb, port, to([g, 1]));
        await register(g, b);
        await becomes(g, b, "healthy");
        await served(port, "kept");
        let running = true, failed = 0, done = 0;
        const load = (async () => { while (running) { const r = await get(port).catch(() => ({})); done++; if (r.status !== 200) failed++; } })();
        await x.restart();
        await x.kill9();
        await x.start();
        await connect(x);
        assert.strictEqual((await health(g, b)).State, "healthy");
        const more = done;
        await until("more requests", () => done > more + 20);
        running = false;
        await load;
        assert.strictEqual(failed, 0, `${failed} of ${done} failed`);
        await send("DeleteLoadBalancer", { LoadBalancerArn: lb.LoadBalancerArn });
        await until("port closed", () => get(port).then(() => false, () => true));
    } finally {
        await finish(x);
    }
});

test("requests are counted in CloudWatch, once, over a restart", async (t) => {
    const x = await start(null, { ephemeral: false });
    await connect(x);
    t.after(() => connect(s));
    try {
        const b = await backend("counted"), g = await group(), port = await freePort(), lb = await balancer();
        const l = await listener(lb, port, to([g, 1]));
        await rule(l, 1, [{ Field: "path-pattern", Values: ["/fixed"] }], says("no", "404"));
        await register(g, b);
        await becomes(g, b, "healthy");
        await until("ready", async () => (await get(port, "/fixed").catch(() => ({}))).status === 404);
        await until("target ready", async () => (await get(port)).status === 200);
        const ask = async (MetricName, Statistics, more = {}, dimensions = ["LoadBalancer", "TargetGroup"]) => {
            const value = { LoadBalancer: lb.LoadBalancerArn.split("loadbalancer/")[1], TargetGroup: g.split(":").pop() };
            const { Datapoints } = await x.client(CloudWatchClient).send(new GetMetricStatisticsCommand({
                Namespace: "AWS/ApplicationELB", MetricName, ...Statistics, Period: 86400,
                StartTime: new Date(Date.now() - 3600e3), EndTime: new Date(Date.now() + 3600e3),
                Dimensions: dimensions.map((Name) => ({ Name, Value: value[Name] })), ...more }));
            return Datapoints;
        };
        const sum = async (...a) => (await ask(a[0], { Statistics: ["Sum"] }, {}, a[1])).reduce((n, d) => n + d.Sum, 0);
        for (let i = 0; i < 8; i++) await get(port);
        for (let i = 0; i < 3; i++) await get(port, "/", { headers: { "x-status": "500" } });
        const asked = b.seen;
        await until("all counted", async () => await sum("RequestCount") === asked);
        await x.restart();
        await connect(x);
        await get(port);
        await until("one more", async () => await sum("RequestCount") === asked + 1);
        assert.strictEqual(await sum("RequestCount", ["LoadBalancer"]), asked + 1);
        assert.strictEqual(await sum("HTTPCode_Target_5XX_Count"), 3);
        assert.strictEqual(await sum("HTTPCode_Target_2XX_Count"), asked - 2);
        assert.ok(await sum("HTTPCode_ELB_4XX_Count", ["LoadBalancer"]) >= 1);
        const [time] = await ask("TargetResponseTime", { ExtendedStatistics: ["p99"], Statistics: ["SampleCount"] });
        assert.strictEqual(time.SampleCount, asked + 1);
        assert.ok(time.ExtendedStatistics.p99 >= 0 && time.ExtendedStatistics.p99 < 5);
        const hosts = await until("hosts", async () => (await ask("HealthyHostCount", { Statistics: ["Maximum"] }))[0]);
        assert.strictEqual(hosts.Maximum, 1);
    } finally {
        await finish(x);
    }
});

test("a reset removes everything", async () => {
    const port = await freePort(), lb = await balancer();
    await listener(lb, port, says("x"));
    await served(port, "x");
    assert.strictEqual((await fetch(`${s.endpoint}/moto-api/reset`, { method: "POST" })).status, 200);
    await until("port closed", () => get(port).then(() => false, () => true));
    assert.deepStrictEqual((await send("DescribeLoadBalancers")).LoadBalancers, []);
    assert.deepStrictEqual((await send("DescribeTargetGroups")).TargetGroups, []);
    await connect(s);
    await listener(await balancer(), port, says("again"));
    await served(port, "again");
});
