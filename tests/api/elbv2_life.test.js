// SPDX-License-Identifier: Apache-2.0
// Load balancers over restarts and resets, and their metrics.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { CloudWatchClient, GetMetricStatisticsCommand } = require("@aws-sdk/client-cloudwatch");
const { start, finish, until } = require("../lib/slipway");
const { Balancing, to, says, freePort, get, load, served } = require("../lib/elbv2");

const lbs = new Balancing();

before(() => lbs.open());
after(() => lbs.close());

test("load balancers serve on while Slipway restarts, and are known afterwards", async (t) => {
    const own = await start(null, { ephemeral: false });
    await lbs.connect(own);
    t.after(() => lbs.connect(lbs.s));
    try {
        const b = await lbs.backend("kept"), g = await lbs.group(), { port, lb } = await lbs.front(g, b);
        await served(port, "kept");
        const l = load(port);
        await own.restart();
        await own.kill9();
        await own.start();
        await lbs.connect(own);
        assert.strictEqual((await lbs.health(g, b)).State, "healthy");
        const more = l.seen.done;
        await until("more requests", () => l.seen.done > more + 20);
        await l.stop();
        await lbs.send("DeleteLoadBalancer", { LoadBalancerArn: lb.LoadBalancerArn });
        await until("port closed", () => get(port).then(() => false, () => true));
    } finally {
        await finish(own);
    }
});

test("requests are counted in CloudWatch, once, over a restart", async (t) => {
    const own = await start(null, { ephemeral: false });
    await lbs.connect(own);
    t.after(() => lbs.connect(lbs.s));
    try {
        const b = await lbs.backend("counted"), g = await lbs.group(), port = await freePort(), lb = await lbs.balancer();
        const l = await lbs.listener(lb, port, to([g, 1]));
        await lbs.rule(l, 1, [{ Field: "path-pattern", Values: ["/fixed"] }], says("no", "404"));
        await lbs.register(g, b);
        await lbs.becomes(g, b, "healthy");
        await until("ready", async () => (await get(port, "/fixed").catch(() => ({}))).status === 404);
        await until("target ready", async () => (await get(port)).status === 200);
        const ask = async (MetricName, Statistics, more = {}, dimensions = ["LoadBalancer", "TargetGroup"]) => {
            const value = { LoadBalancer: lb.LoadBalancerArn.split("loadbalancer/")[1], TargetGroup: g.split(":").pop() };
            const { Datapoints } = await own.client(CloudWatchClient).send(new GetMetricStatisticsCommand({
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
        await own.restart();
        await lbs.connect(own);
        await get(port);
        await until("one more", async () => await sum("RequestCount") === asked + 1);
        assert.strictEqual(await sum("RequestCount", ["LoadBalancer"]), asked + 1);
        for (const dimensions of [["TargetGroup"], ["LoadBalancer", "TargetGroup"]])
            assert.strictEqual(await sum("RequestCountPerTarget", dimensions), asked + 1);
        assert.strictEqual(await sum("HTTPCode_Target_5XX_Count"), 3);
        assert.strictEqual(await sum("HTTPCode_Target_2XX_Count"), asked - 2);
        assert.ok(await sum("HTTPCode_ELB_4XX_Count", ["LoadBalancer"]) >= 1);
        const [time] = await ask("TargetResponseTime", { ExtendedStatistics: ["p99"], Statistics: ["SampleCount"] });
        assert.strictEqual(time.SampleCount, asked + 1);
        assert.ok(time.ExtendedStatistics.p99 >= 0 && time.ExtendedStatistics.p99 < 5);
        const hosts = await until("hosts", async () => (await ask("HealthyHostCount", { Statistics: ["Maximum"] }))[0]);
        assert.strictEqual(hosts.Maximum, 1);
        const second = await lbs.backend("second");
        await lbs.register(g, second);
        await lbs.becomes(g, second, "healthy");
        await until("both are asked", async () => { await get(port); return second.seen > 0; });
        for (let i = 0; i < 6; i++) await get(port);
        const more = b.seen + second.seen - asked - 1;
        await until("a request of two targets is half of one's", async () => Math.abs(await sum("RequestCountPerTarget", ["TargetGroup"]) - (asked + 1 + more / 2)) < 1e-6);
    } finally {
        await finish(own);
    }
});

test("a reset removes everything", async () => {
    const port = await freePort(), lb = await lbs.balancer();
    await lbs.listener(lb, port, says("x"));
    await served(port, "x");
    assert.strictEqual((await fetch(`${lbs.s.endpoint}/moto-api/reset`, { method: "POST" })).status, 200);
    await until("port closed", () => get(port).then(() => false, () => true));
    assert.deepStrictEqual((await lbs.send("DescribeLoadBalancers")).LoadBalancers, []);
    assert.deepStrictEqual((await lbs.send("DescribeTargetGroups")).TargetGroups, []);
    await lbs.connect(lbs.s);
    await lbs.listener(await lbs.balancer(), port, says("again"));
    await served(port, "again");
});
