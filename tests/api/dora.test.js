// SPDX-License-Identifier: Apache-2.0
// DORA's numbers from real releases: commits, a pipeline, deployments that succeed, fail and are rolled back, on a clock
// that stands still but for the test. What is expected is computed here from git's and ECS's own times.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { CloudWatchClient, GetMetricStatisticsCommand, ListMetricsCommand } = require("@aws-sdk/client-cloudwatch");
const { GetCommitCommand } = require("@aws-sdk/client-codecommit");
const { UpdateServiceCommand, DescribeServiceDeploymentsCommand, ListServiceDeploymentsCommand } = require("@aws-sdk/client-ecs");
const { start, finish, until, run, PROGRAM } = require("../lib/slipway");
const { delivery } = require("../lib/delivery");

let s, d, begun;

async function page(path, options) {
    const r = await fetch(`${s.endpoint}/_slipway/${path}`, options);
    return { status: r.status, ...await r.json() };
}
const json = (method, body) => ({ method, body: JSON.stringify(body), headers: { "content-type": "application/json" } });
const advance = (seconds) => page("clock/advance", json("POST", { seconds }));
const now = async () => (await page("clock")).time;
const dora = async (query = "") => (await page(`dora${query}`)).metrics;
const mine = async (query) => (await dora(query)).find((m) => m.service === "web");
const deployments = async () => (await page("dora/deployments")).deployments;
const median = (v) => { const x = [...v].sort((a, b) => a - b), n = x.length; return n % 2 ? x[(n - 1) / 2] : (x[n / 2 - 1] + x[n / 2]) / 2; };
const near = (a, b, what, by = 1e-9) => assert.ok(Math.abs(a - b) <= by, `${what}: ${a}, not ${b}`);
// Answers show times to the millisecond, the numbers are made of whole ones.
const seconds = (a, b, what) => near(a, b, what, 0.05);

// The clock goes on, a second at a time, until it is so.
const passes = (what, condition) => until(what, async () => {
    const v = await condition();
    if (!v) await advance(1);
    return v;
}, { seconds: 90 });

// Releases what is in the repository; its deployment once it has ended (and, when it failed, has been recovered from).
async function release(status, { recovered = status === "FAILED" } = {}) {
    const known = (await deployments()).length;
    await d.start();
    return passes(`a deployment ${status}`, async () => {
        const l = await deployments();
        if (l.length === known) return false;
        assert.ok(["IN_PROGRESS", status].includes(l[0].status), JSON.stringify(l[0]));
        return l[0].status === status && (!recovered || l[0].recoveredAt) && await d.isStable() && l[0];
    });
}
const committed = async (commitId) => Number((await d.cc.send(new GetCommitCommand({ repositoryName: "web", commitId }))).commit.committer.date.split(" ")[0]);

before(async () => {
    s = await start(null, { ephemeral: false });
    await page("clock", json("PUT", { mode: "stepped" }));
    d = await delivery(s, { versions: ["v1", "v2"], tags: [{ key: "slipway:environment", value: "production" }] });
    await d.push("bad", { cmd: ["false"] });
    await passes("v1 runs", () => d.isStable());
    begun = await now();
});
after(() => finish(s));

test("before the first release there is no data: setting a service up does not count", async () => {
    assert.deepStrictEqual(await dora(), []);
    assert.deepStrictEqual(await deployments(), []);
    assert.deepStrictEqual((await s.cli("dora")).metrics, []);
});

let first, second, failed, rework;

test("a successful release has its execution, its commit and its lead time", async () => {
    await d.commit("v1", "before the first release, and not counted");
    const commit = await d.commit("v2", "first");
    await advance(90);
    first = await release("SUCCEEDED");
    assert.strictEqual(first.service, "web");
    assert.strictEqual(first.environment, "production");
    assert.strictEqual(first.pipelineName, "web");
    assert.strictEqual(first.pipelineExecutionId, (await d.executions())[0].pipelineExecutionId);
    assert.strictEqual(first.commitId, commit);
    assert.deepStrictEqual(first.commits.map((c) => [c.commitId, c.committedAt]), [[commit, await committed(commit)]]);
    assert.strictEqual(first.rework, false);
    const m = await mine();
    assert.strictEqual(m.deployments, 1);
    seconds(m.changeLeadTime.value, first.endedAt - await committed(commit), "lead time");
    assert.ok(m.changeLeadTime.value >= 90);
    assert.deepStrictEqual(m.changeLeadTime.deploymentIds, [first.deploymentId]);
    assert.deepStrictEqual(m.changeLeadTime.commitIds, [commit]);
    assert.strictEqual(m.changeFailRate.value, 0);
    assert.strictEqual(m.reworkRate.value, 0);
    assert.strictEqual(m.failedDeploymentRecoveryTime.value, undefined, "no data, not zero");
    near(m.deploymentFrequency.value, 1 / 30, "one in the last thirty days");
});

test("ECS tells the same deployment with the same times", async () => {
    const { serviceDeployments: [x] } = await d.ecs.send(new ListServiceDeploymentsCommand({ cluster: "main", service: "web" }));
    const { serviceDeployments: [y] } = await d.ecs.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [x.serviceDeploymentArn] }));
    assert.strictEqual(y.status, "SUCCESSFUL");
    seconds(y.finishedAt.getTime() / 1000, first.endedAt, "its end");
});

test("the lead time is the median over all commits that releases brought", async () => {
    const commits = [];
    for (const [n, wait] of [["a", 600], ["b", 300], ["c", 60]]) {
        commits.push(await d.commit("v1", n));
        await advance(wait);
    }
    second = await release("SUCCEEDED");
    assert.deepStrictEqual(second.commits.map((c) => c.commitId).sort(), [...commits].sort());
    const times = [first.endedAt - await committed(first.commitId)];
    for (const c of commits) times.push(second.endedAt - await committed(c));
    const m = await mine();
    seconds(m.changeLeadTime.value, median(times), "median of four");
    assert.deepStrictEqual([...m.changeLeadTime.commitIds].sort(), [first.commitId, ...commits].sort());
    assert.deepStrictEqual([...m.deploymentFrequency.deploymentIds].sort(), [first.deploymentId, second.deploymentId].sort());
});

test("a release that fails is rolled back: failed, recovered, and none of its commits delivered", async () => {
    await d.commit("bad");
    failed = await release("FAILED");
    assert.match(failed.reason, /circuit breaker/i);
    assert.ok(failed.recoveredAt >= failed.endedAt);
    assert.notStrictEqual(failed.recoveredBy, failed.deploymentId);
    assert.match((await d.look()).taskDefinition, new RegExp(`${second.taskDefinition.split("/")[1]}$`));
    const m = await mine();
    assert.deepStrictEqual([m.deployments, m.failedDeployments], [3, 1], "the rollback is not a deployment");
    near(m.changeFailRate.value, 1 / 3, "fail rate");
    assert.deepStrictEqual(m.changeFailRate.deploymentIds, [failed.deploymentId]);
    seconds(m.failedDeploymentRecoveryTime.value, failed.recoveredAt - failed.endedAt, "recovery");
    assert.deepStrictEqual(m.failedDeploymentRecoveryTime.deploymentIds, [failed.deploymentId]);
    assert.ok(!m.changeLeadTime.commitIds.includes(failed.commitId));
});

test("the release after a failed one is rework, and brings the failed one's commit too", async () => {
    const commit = await d.commit("v2", "fixed");
    rework = await release("SUCCEEDED");
    assert.strictEqual(rework.rework, true);
    assert.deepStrictEqual(rework.commits.map((c) => c.commitId).sort(), [failed.commitId, commit].sort());
    const m = await mine();
    near(m.reworkRate.value, 1 / 4, "rework rate");
    assert.deepStrictEqual(m.reworkRate.deploymentIds, [rework.deploymentId]);
    near(m.changeFailRate.value, 1 / 4, "fail rate");
});

test("without a rollback the next success is the recovery", async () => {
    await d.ecs.send(new UpdateServiceCommand({ cluster: "main", service: "web",
        deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } } }));
    await d.commit("bad", "again");
    const known = (await deployments()).length;
    await d.start();
    const broken = await passes("it has failed", async () => {
        const [x] = await deployments();
        return (await deployments()).length > known && x.status === "FAILED" && x;
    });
    assert.strictEqual(broken.recoveredAt, undefined);
    const { value, deploymentIds } = (await mine()).failedDeploymentRecoveryTime;
    assert.deepStrictEqual(deploymentIds, [failed.deploymentId], "what is not recovered has no recovery time yet");
    seconds(value, failed.recoveredAt - failed.endedAt, "recovery");
    await advance(1800);
    await d.commit("v1", "works again");
    const good = await release("SUCCEEDED");
    const now = (await deployments()).find((x) => x.deploymentId === broken.deploymentId);
    assert.strictEqual(now.recoveredBy, good.deploymentId);
    assert.strictEqual(now.recoveredAt, good.endedAt);
    assert.ok(now.recoveredAt - now.endedAt >= 1800);
    seconds((await mine()).failedDeploymentRecoveryTime.value, median([failed.recoveredAt - failed.endedAt, now.recoveredAt - now.endedAt]), "median of two");
});

test("a deployment without a pipeline counts, and has no commits", async () => {
    const { taskDefinition } = await d.look();
    const known = (await deployments()).length;
    await d.ecs.send(new UpdateServiceCommand({ cluster: "main", service: "web", taskDefinition, forceNewDeployment: true }));
    const x = await passes("it has ended", async () => { const l = await deployments(); return l.length > known && l[0].status === "SUCCEEDED" && l[0]; });
    assert.deepStrictEqual([x.pipelineName, x.commitId, x.commits], [undefined, undefined, undefined]);
});

test("CloudWatch has each deployment's numbers by service and environment", async () => {
    const cw = s.client(CloudWatchClient);
    const all = await deployments(), ended = all.filter((x) => x.endedAt);
    const Dimensions = [{ Name: "Service", Value: "web" }, { Name: "Environment", Value: "production" }];
    const { Metrics } = await cw.send(new ListMetricsCommand({ Namespace: "Slipway/DORA" }));
    assert.deepStrictEqual(Metrics.map((m) => m.MetricName).sort(),
        ["ChangeLeadTime", "Deployments", "FailedDeploymentRecoveryTime", "FailedDeployments", "ReworkDeployments"]);
    for (const m of Metrics) assert.deepStrictEqual(m.Dimensions.map((x) => x.Name).sort(), ["Environment", "Service"]);
    const end = Math.ceil((await now() + 1) / 60) * 60;
    const total = async (MetricName, Unit) => {
        const { Datapoints } = await cw.send(new GetMetricStatisticsCommand({ Namespace: "Slipway/DORA", MetricName, Dimensions, Unit, Period: 60,
            StartTime: new Date((Math.floor(begun / 60) * 60) * 1000), EndTime: new Date(end * 1000), Statistics: ["Sum", "SampleCount"] }));
        const add = (k) => Datapoints.reduce((n, x) => n + x[k], 0);
        return [add("Sum"), add("SampleCount")];
    };
    const failures = ended.filter((x) => x.status === "FAILED"), successes = ended.filter((x) => x.status === "SUCCEEDED");
    assert.deepStrictEqual(await total("Deployments", "Count"), [ended.length, ended.length]);
    assert.deepStrictEqual(await total("FailedDeployments", "Count"), [failures.length, ended.length]);
    assert.deepStrictEqual(await total("ReworkDeployments", "Count"), [ended.filter((x) => x.rework).length, ended.length]);
    const leads = successes.flatMap((x) => (x.commits || []).map((c) => x.endedAt - c.committedAt));
    const [sum, count] = await total("ChangeLeadTime", "Seconds");
    assert.strictEqual(count, leads.length);
    seconds(sum, leads.reduce((a, b) => a + b, 0), "lead times");
    const [recovery, recovered] = await total("FailedDeploymentRecoveryTime", "Seconds");
    assert.strictEqual(recovered, failures.length);
    seconds(recovery, failures.reduce((a, x) => a + x.recoveredAt - x.endedAt, 0), "recovery times");
});

test("a window counts the deployments that ended in it; what is outside has no data", async () => {
    const at = (from, to) => mine(`?from=${new Date(from * 1000).toISOString()}&to=${new Date(to * 1000).toISOString()}`);
    const m = await at(first.endedAt, second.endedAt);
    assert.deepStrictEqual(m.deploymentFrequency.deploymentIds, [first.deploymentId], "the end is not in it");
    near(m.deploymentFrequency.value, 86400 / (second.endedAt - first.endedAt), "a day", 1e-3);
    const empty = await at(begun - 7200, begun - 3600);
    assert.strictEqual(empty.deployments, 0);
    for (const k of ["changeLeadTime", "deploymentFrequency", "changeFailRate", "failedDeploymentRecoveryTime", "reworkRate"]) {
        assert.strictEqual(empty[k].value, undefined, k);
        assert.deepStrictEqual(empty[k].deploymentIds, [], k);
    }
    const wrong = await page(`dora?from=${new Date(begun * 1000).toISOString()}&to=${new Date(begun * 1000).toISOString()}`);
    assert.strictEqual(wrong.status, 400);
    assert.match(wrong.message, /^from: /);
    assert.deepStrictEqual(await dora("?service=other"), []);
    assert.deepStrictEqual(await dora("?environment=staging"), []);
    assert.strictEqual((await dora("?service=web&environment=production")).length, 1);
});

test("deployments are listed in pages, newest first, and shown one by one", async () => {
    const all = await deployments();
    const seen = [];
    let token = "";
    do {
        const r = await page(`dora/deployments?maxResults=2${token && `&nextToken=${encodeURIComponent(token)}`}`);
        assert.ok(r.deployments.length <= 2);
        seen.push(...r.deployments);
        token = r.nextToken;
    } while (token);
    assert.deepStrictEqual(seen, all);
    assert.deepStrictEqual(all.map((x) => x.startedAt), all.map((x) => x.startedAt).sort((a, b) => b - a));
    assert.deepStrictEqual((await page(`dora/deployments/${first.deploymentId}`)).deployment, first);
    const none = await page("dora/deployments/123");
    assert.strictEqual(none.status, 404);
    assert.match(none.message, /no deployment 123/);
    assert.strictEqual((await page("dora/deployments?nextToken=x")).status, 400);
});

test("`slipway dora` says the same, and `no data` where there is none", async () => {
    assert.deepStrictEqual((await s.cli("dora")).metrics, await dora());
    const { stdout } = await run(PROGRAM, ["dora", "--endpoint", s.endpoint, "--from", "2001-01-01T00:00:00Z", "--to", "2001-01-02T00:00:00Z"]);
    assert.strictEqual(stdout.split("\n").filter((l) => /no data/.test(l)).length, 5, stdout);
});

test("all of it is there after a restart", async () => {
    const had = [await deployments(), await dora()];
    await s.restart();
    assert.deepStrictEqual(await deployments(), had[0]);
    const [m] = await dora();
    assert.deepStrictEqual([m.deployments, m.failedDeployments, m.changeLeadTime], [had[1][0].deployments, had[1][0].failedDeployments, had[1][0].changeLeadTime]);
});
