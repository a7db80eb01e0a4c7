// SPDX-License-Identifier: Apache-2.0
// What load balancers do with requests: real HTTP servers of this test are the targets.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { until } = require("../lib/slipway");
const { Balancing, refuses, to, says, freePort, get, load, served, unique } = require("../lib/elbv2");

const lbs = new Balancing();

before(() => lbs.open());
after(() => lbs.close());

test("rules choose by host, path, header, query, method and source address, in order of priority", async () => {
    const lb = await lbs.balancer(), port = await freePort(), l = await lbs.listener(lb, port, says("default"));
    await lbs.rule(l, 10, [{ Field: "path-pattern", Values: ["/api/*"] }], says("path"));
    await lbs.rule(l, 20, [{ Field: "host-header", HostHeaderConfig: { Values: ["*.example.com"] } }], says("host"));
    await lbs.rule(l, 30, [{ Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "X-Kind", Values: ["a*", "b?"] } }], says("header"));
    await lbs.rule(l, 40, [{ Field: "query-string", QueryStringConfig: { Values: [{ Key: "v", Value: "2" }] } }], says("query"));
    await lbs.rule(l, 50, [{ Field: "http-request-method", HttpRequestMethodConfig: { Values: ["PUT"] } }], says("method"));
    await lbs.rule(l, 60, [{ Field: "source-ip", SourceIpConfig: { Values: ["127.0.0.0/8"] } }, { Field: "path-pattern", Values: ["/near"] }], says("source"));
    await served(port, "source", { path: "/near" });
    const body = async (...a) => (await get(port, ...a)).body;
    assert.strictEqual(await body("/"), "default");
    assert.strictEqual(await body("/api/x"), "path");
    assert.strictEqual(await body("/", { host: "www.example.com" }), "host");
    assert.strictEqual(await body("/api/x", { host: "www.example.com" }), "path");
    assert.strictEqual(await body("/", { headers: { "x-kind": "bz" } }), "header");
    assert.strictEqual(await body("/?v=2"), "query");
    assert.strictEqual(await body("/", { method: "PUT" }), "method");
    const { Rules } = await lbs.send("DescribeRules", { ListenerArn: l });
    assert.deepStrictEqual(Rules.map((r) => r.Priority), ["10", "20", "30", "40", "50", "60", "default"]);
    await refuses(lbs.rule(l, 10, [{ Field: "path-pattern", Values: ["/x"] }], says("x")), "PriorityInUse");
    await lbs.send("SetRulePriorities", { RulePriorities: [{ RuleArn: Rules[1].RuleArn, Priority: 1 }] });
    await served(port, "host", { path: "/api/x", host: "www.example.com" });
    await lbs.send("ModifyRule", { RuleArn: Rules[0].RuleArn, Actions: says("changed") });
    await served(port, "changed", { path: "/api/y" });
    await lbs.send("DeleteRule", { RuleArn: Rules[0].RuleArn });
    await served(port, "default", { path: "/api/y" });
    await refuses(lbs.send("DeleteRule", { RuleArn: Rules[6].RuleArn }), "OperationNotPermitted");
    const paged = await lbs.send("DescribeRules", { ListenerArn: l, PageSize: 2 });
    assert.strictEqual(paged.Rules.length, 2);
    assert.strictEqual((await lbs.send("DescribeRules", { ListenerArn: l, PageSize: 4, Marker: paged.NextMarker })).Rules.length, 4);
});

test("redirects and fixed responses are the load balancer's own", async () => {
    const lb = await lbs.balancer(), port = await freePort(), l = await lbs.listener(lb, port, says("{}", "404"));
    await lbs.rule(l, 1, [{ Field: "path-pattern", Values: ["/old/*"] }],
        [{ Type: "redirect", RedirectConfig: { Host: "new.example.com", Port: "8443", Protocol: "HTTPS", Path: "/new#{path}", StatusCode: "HTTP_301" } }]);
    await until("redirect", async () => (await get(port, "/old/a?b=c").catch(() => ({}))).status === 301);
    const r = await get(port, "/old/a?b=c");
    assert.match(r.headers.location, /^https:\/\/new\.example\.com:8443\/new\/?old\/a\?b=c$/);
    const f = await get(port, "/x");
    assert.strictEqual(f.status, 404);
    assert.strictEqual(f.headers["content-type"], "text/plain");
    await refuses(lbs.rule(l, 2, [{ Field: "path-pattern", Values: ["/x"] }], [{ Type: "redirect", RedirectConfig: { StatusCode: "HTTP_302" } }]),
        "InvalidLoadBalancerAction", /loop/);
    await refuses(lbs.rule(l, 2, [{ Field: "path-pattern", Values: ["/x"] }], [{ Type: "redirect", RedirectConfig: { StatusCode: "HTTP_302", Path: "/a b" } }]),
        "ValidationError", /Path/);
});

test("weights are changed at run time without a failed request", async () => {
    const a = await lbs.backend("blue"), b = await lbs.backend("green"), ga = await lbs.group(), gb = await lbs.group(), port = await freePort();
    const listener = await lbs.listener(await lbs.balancer(), port, to([ga, 100], [gb, 0]));
    await lbs.register(ga, a);
    await lbs.register(gb, b);
    await lbs.becomes(ga, a, "healthy");
    await lbs.becomes(gb, b, "healthy");
    await served(port, "blue");
    const count = async () => {
        const c = { blue: 0, green: 0 };
        for (let i = 0; i < 40; i++) c[(await get(port)).body]++;
        return c;
    };
    assert.deepStrictEqual(await count(), { blue: 40, green: 0 });
    const l = load(port);
    await lbs.send("ModifyListener", { ListenerArn: listener, DefaultActions: to([ga, 50], [gb, 50]) });
    await until("both", async () => { const c = await count(); return c.blue > 5 && c.green > 5; });
    await lbs.send("ModifyListener", { ListenerArn: listener, DefaultActions: to([ga, 0], [gb, 100]) });
    await until("green alone", async () => (await count()).blue === 0);
    await l.stop();
    const { Listeners: [d] } = await lbs.send("DescribeListeners", { ListenerArns: [listener] });
    assert.deepStrictEqual(d.DefaultActions[0].ForwardConfig.TargetGroups.map((g) => g.Weight), [0, 100]);
});

test("a deregistered target ends its requests in flight and fails none under load", async () => {
    const a = await lbs.backend("a"), b = await lbs.backend("b"), g = await lbs.group(), { port } = await lbs.front(g, a, b);
    await until("both", async () => { await get(port).catch(() => {}); return a.seen && b.seen; });
    let release;
    a.hold = new Promise((resolve) => { release = resolve; });
    const before = a.seen;
    const held = [];
    await until("one waits at a", async () => { held.push(get(port)); return a.seen > before; });
    await lbs.deregister(g, a);
    await until("a gets no more", async () => {
        const waiting = a.seen;
        let answered = false;
        held.push(get(port).then((r) => { answered = true; return r; }));
        await until("someone has it", () => answered || a.seen > waiting);
        return a.seen === waiting;
    });
    assert.deepStrictEqual((await lbs.health(g, a)), { State: "draining", Reason: "Target.DeregistrationInProgress", Description: "Target deregistration is in progress" });
    const r = await Promise.all(Array.from({ length: 50 }, () => get(port)));
    assert.ok(r.every((x) => x.status === 200 && x.body === "b"));
    assert.strictEqual((await lbs.health(g, a)).State, "draining");
    release();
    for (const x of await Promise.all(held)) assert.strictEqual(x.status, 200);
    await lbs.becomes(g, a, "unused");
    assert.strictEqual((await lbs.health(g, a)).Reason, "Target.NotRegistered");
});

test("an unhealthy target is left out and taken back", async () => {
    const a = await lbs.backend("a"), b = await lbs.backend("b"), g = await lbs.group(), { port } = await lbs.front(g, a, b);
    a.health = 500;
    await lbs.becomes(g, a, "unhealthy");
    assert.deepStrictEqual(await lbs.health(g, a), { State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [500]" });
    await until("only b", async () => { const seen = a.seen; for (let i = 0; i < 6; i++) await get(port); return a.seen === seen; });
    a.health = 200;
    await lbs.becomes(g, a, "healthy");
    await until("both", async () => { const seen = a.seen; await get(port); return a.seen > seen; });
});

test("no health check reaches Slipway itself, however it is a target; a user's own server beside it is reached", async () => {
    const self = { port: lbs.s.port }, own = await lbs.backend("own"), g = await lbs.group(undefined, { HealthCheckPath: "/_slipway/health?by=check" }), port = await freePort();
    own.on("request", (req) => { own.asked ||= req.url.includes("by=check"); });
    await lbs.listener(await lbs.balancer(), port, to([g, 1]));
    await lbs.register(g, self, own);
    await lbs.becomes(g, self, "unhealthy");
    assert.strictEqual((await lbs.health(g, self)).Reason, "Target.FailedHealthChecks");
    await lbs.becomes(g, own, "healthy");
    assert.strictEqual(own.asked, true);
    assert.doesNotMatch(fs.readFileSync(path.join(lbs.s.data, "access.log"), "utf8"), /by=check/);
});

test("a load balancer without a target answers 503, and one whose target refuses 502", async () => {
    const g = await lbs.group(), port = await freePort(), lb = await lbs.balancer();
    await lbs.listener(lb, port, to([g, 1]));
    await until("503", async () => (await get(port).catch(() => ({}))).status === 503);
    const gone = { port: await freePort() };
    await lbs.register(g, gone);
    await lbs.becomes(g, gone, "unhealthy");
    assert.strictEqual((await lbs.health(g, gone)).Reason, "Target.FailedHealthChecks");
    await until("502", async () => (await get(port)).status === 502);
});

test("several load balancers share a port and are told apart by name", async () => {
    const port = await freePort(), x = await lbs.balancer("shared-x"), y = await lbs.balancer("shared-y");
    await lbs.listener(x, port, says("x"));
    await lbs.listener(y, port, says("y"));
    await served(port, "x", { host: x.DNSName });
    await served(port, "y", { host: `${y.DNSName}:${port}` });
});

test("a sticky client stays with its target", async () => {
    const a = await lbs.backend("a"), b = await lbs.backend("b"), g = await lbs.group();
    await lbs.send("ModifyTargetGroupAttributes", { TargetGroupArn: g, Attributes: [
        { Key: "stickiness.enabled", Value: "true" }, { Key: "stickiness.lb_cookie.duration_seconds", Value: "60" }] });
    const { port } = await lbs.front(g, a, b);
    const first = await get(port);
    const cookie = first.headers["set-cookie"].find((c) => c.startsWith("AWSALB=")).split(";")[0];
    for (let i = 0; i < 8; i++) assert.strictEqual((await get(port, "/", { headers: { cookie } })).body, first.body);
});

test("a network load balancer passes connections through", async () => {
    const b = await lbs.backend("tcp"), port = await freePort();
    const g = await lbs.group(unique("tcp"), { Protocol: "TCP", HealthCheckProtocol: "TCP", HealthCheckPath: undefined });
    const lb = await lbs.balancer(unique("nlb"), { Type: "network" });
    assert.match(lb.LoadBalancerArn, /loadbalancer\/net\//);
    await lbs.listener(lb, port, to([g, 1]), "TCP");
    await lbs.register(g, b);
    await lbs.becomes(g, b, "healthy");
    await served(port, "tcp");
    await refuses(lbs.listener(await lbs.balancer(), port, says("x")), "InvalidConfigurationRequest", /Port/);
    const { Listeners: [{ ListenerArn }] } = await lbs.send("DescribeListeners", { LoadBalancerArn: lb.LoadBalancerArn });
    assert.deepStrictEqual((await lbs.send("DescribeListenerAttributes", { ListenerArn })).Attributes, [{ Key: "tcp.idle_timeout.seconds", Value: "350" }]);
    await refuses(lbs.send("ModifyListenerAttributes", { ListenerArn, Attributes: [{ Key: "tcp.idle_timeout.seconds", Value: "60" }] }), "InvalidConfigurationRequest", /idle_timeout/);
});

test("targets learn the client, the port and the trace; which, the load balancer's attributes say", async () => {
    const b = await lbs.backend("seen"), g = await lbs.group(), { port, lb } = await lbs.front(g, b);
    const set = (Key, Value) => lbs.send("ModifyLoadBalancerAttributes", { LoadBalancerArn: lb.LoadBalancerArn, Attributes: [{ Key, Value }] });
    const ask = async (headers = {}) => { await get(port, "/", { headers }); return b.last; };
    const becomes = (what, headers, wanted) => until(what, async () => wanted(await ask(headers)));
    let h = await ask({ "x-forwarded-for": "9.9.9.9", bad_name: "1" });
    assert.strictEqual(h["x-forwarded-for"], "9.9.9.9, 127.0.0.1");
    assert.deepStrictEqual([h["x-forwarded-proto"], h["x-forwarded-port"], h.bad_name], ["http", String(port), "1"]);
    assert.match(h["x-amzn-trace-id"], /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    h = await ask({ "x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678;From=me" });
    assert.match(h["x-amzn-trace-id"], /^Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678;From=me$/);
    await set("routing.http.xff_client_port.enabled", "true");
    await becomes("with its port", {}, (x) => /^127\.0\.0\.1:\d+$/.test(x["x-forwarded-for"]));
    await set("routing.http.xff_header_processing.mode", "preserve");
    await becomes("as the client said", { "x-forwarded-for": "9.9.9.9" }, (x) => x["x-forwarded-for"] === "9.9.9.9");
    await set("routing.http.xff_header_processing.mode", "remove");
    await becomes("without", { "x-forwarded-for": "9.9.9.9" }, (x) => x["x-forwarded-for"] === undefined);
    await set("routing.http.drop_invalid_header_fields.enabled", "true");
    await becomes("no bad name", { bad_name: "1" }, (x) => x.bad_name === undefined);
    await refuses(set("routing.http.xff_header_processing.mode", "invent"), "ValidationError", /xff_header_processing/);
});

test("with an application's cookie a client stays as long as the application wants", async () => {
    const a = await lbs.backend("a"), b = await lbs.backend("b"), g = await lbs.group();
    const set = (...l) => lbs.send("ModifyTargetGroupAttributes", { TargetGroupArn: g, Attributes: l.map(([Key, Value]) => ({ Key, Value })) });
    await refuses(set(["stickiness.enabled", "true"], ["stickiness.type", "app_cookie"]), "InvalidConfigurationRequest", /cookie name/);
    await set(["stickiness.enabled", "true"], ["stickiness.type", "app_cookie"], ["stickiness.app_cookie.cookie_name", "session"]);
    const { port } = await lbs.front(g, a, b);
    assert.strictEqual((await get(port)).headers["set-cookie"], undefined);
    a.cookie = b.cookie = "session=1";
    const first = await get(port);
    const cookie = first.headers["set-cookie"].map((c) => c.split(";")[0]).join("; ");
    assert.match(cookie, /AWSALBAPP-0=/);
    for (let i = 0; i < 8; i++) assert.strictEqual((await get(port, "/", { headers: { cookie } })).body, first.body);
});

test("a target that does not answer in the idle timeout gives 504", async () => {
    const b = await lbs.backend("silent"), g = await lbs.group(), { port, lb } = await lbs.front(g, b);
    await lbs.send("ModifyLoadBalancerAttributes", { LoadBalancerArn: lb.LoadBalancerArn, Attributes: [{ Key: "idle_timeout.timeout_seconds", Value: "1" }] });
    let release;
    b.hold = new Promise((resolve) => { release = resolve; });
    assert.strictEqual((await get(port)).status, 504);
    release();
});
