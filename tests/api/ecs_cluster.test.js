// SPDX-License-Identifier: Apache-2.0
// Clusters, capacity providers, tags and account settings of ECS.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { refuses, until } = require("../lib/slipway");
const { Ecs } = require("../lib/ecs");

const e = new Ecs();
const invalid = "InvalidParameterException";

before(() => e.open());
after(() => e.close());

test("a cluster is created once, described, listed and deleted", async () => {
    const a = await e.send("CreateCluster", { clusterName: "c1", tags: [{ key: "a", value: "b" }] });
    assert.strictEqual(a.cluster.status, "ACTIVE");
    assert.match(a.cluster.clusterArn, /^arn:aws:ecs:us-east-1:000000000000:cluster\/c1$/);
    const again = await e.send("CreateCluster", { clusterName: "c1" });
    assert.strictEqual(again.cluster.clusterArn, a.cluster.clusterArn);
    const d = await e.send("DescribeClusters", { clusters: ["c1", "none"], include: ["TAGS", "SETTINGS", "STATISTICS"] });
    assert.deepStrictEqual(d.clusters[0].tags, [{ key: "a", value: "b" }]);
    assert.deepStrictEqual(d.clusters[0].settings, [{ name: "containerInsights", value: "disabled" }]);
    assert.ok(d.clusters[0].statistics.length);
    assert.deepStrictEqual(d.failures, [{ arn: a.cluster.clusterArn.replace("c1", "none"), reason: "MISSING" }]);
    assert.deepStrictEqual((await e.send("DescribeClusters", { clusters: ["c1"] })).clusters[0].tags, []);
    assert.ok((await e.send("ListClusters")).clusterArns.includes(a.cluster.clusterArn));
    assert.strictEqual((await e.send("DeleteCluster", { cluster: "c1" })).cluster.status, "INACTIVE");
    await refuses(e.send("DeleteCluster", { cluster: "c1" }), "ClusterNotFoundException", /Cluster not found/);
});

test("without a name the cluster default is meant", async () => {
    assert.strictEqual((await e.send("CreateCluster")).cluster.clusterName, "default");
    assert.strictEqual((await e.send("DescribeClusters")).clusters[0].clusterName, "default");
    assert.deepStrictEqual((await e.send("ListTasks")).taskArns, []);
    await refuses(e.send("CreateCluster", { clusterName: "a b" }), invalid, /cluster name/);
});

test("clusters are listed in pages", async () => {
    for (const n of ["p1", "p2", "p3"]) await e.send("CreateCluster", { clusterName: n });
    const seen = [];
    let nextToken;
    do {
        const r = await e.send("ListClusters", { maxResults: 2, nextToken });
        assert.ok(r.clusterArns.length <= 2);
        seen.push(...r.clusterArns);
        nextToken = r.nextToken;
    } while (nextToken);
    assert.strictEqual(new Set(seen).size, seen.length);
    assert.ok(seen.length >= 4);
    await refuses(e.send("ListClusters", { nextToken: "x" }), invalid, /Invalid token/);
    await refuses(e.send("ListClusters", { maxResults: 101 }), invalid, /maxResults/);
});

test("a cluster with tasks or services cannot be deleted", async () => {
    await e.send("CreateCluster", { clusterName: "busy" });
    const d = await e.register("busy", [{ name: "a" }]);
    await e.send("CreateService", { cluster: "busy", serviceName: "s", taskDefinition: "busy", desiredCount: 0 });
    await refuses(e.send("DeleteCluster", { cluster: "busy" }), "ClusterContainsServicesException", /Services are active/);
    await e.send("DeleteService", { cluster: "busy", service: "s" });
    await until("the service is gone", async () => (await e.send("DescribeServices", { cluster: "busy", services: ["s"] })).services[0].status === "INACTIVE");
    const { tasks } = await e.send("RunTask", { cluster: "busy", taskDefinition: d.taskDefinitionArn });
    await refuses(e.send("DeleteCluster", { cluster: "busy" }), "ClusterContainsTasksException", /Tasks are active/);
    await e.send("StopTask", { cluster: "busy", task: tasks[0].taskArn });
});

test("settings and configuration are changed, or refused by name", async () => {
    const settings = [{ name: "containerInsights", value: "disabled" }];
    assert.deepStrictEqual((await e.send("UpdateCluster", { cluster: "main", settings })).cluster.settings, settings);
    assert.deepStrictEqual((await e.send("UpdateClusterSettings", { cluster: "main", settings })).cluster.settings, settings);
    await refuses(e.send("UpdateClusterSettings", { cluster: "main", settings: [{ name: "containerInsights", value: "enabled" }] }), invalid, /containerInsights/);
    await refuses(e.send("UpdateClusterSettings", { cluster: "none", settings }), "ClusterNotFoundException");
    for (const [field, input] of [
        ["serviceConnectDefaults", { serviceConnectDefaults: { namespace: "n" } }],
        ["executeCommandConfiguration", { configuration: { executeCommandConfiguration: { logging: "NONE" } } }],
        ["managedStorageConfiguration", { configuration: { managedStorageConfiguration: { kmsKeyId: "k" } } }],
    ]) {
        await refuses(e.send("CreateCluster", { clusterName: "no", ...input }), invalid, new RegExp(field));
        await refuses(e.send("UpdateCluster", { cluster: "main", ...input }), invalid, new RegExp(field));
    }
});

test("only Fargate's capacity providers are known", async () => {
    const put = (capacityProviders, defaultCapacityProviderStrategy = [], cluster = "main") =>
        e.send("PutClusterCapacityProviders", { cluster, capacityProviders, defaultCapacityProviderStrategy });
    assert.deepStrictEqual((await put(["FARGATE", "FARGATE_SPOT"])).cluster.capacityProviders, ["FARGATE", "FARGATE_SPOT"]);
    await refuses(put(["mine"]), invalid, /mine/);
    await refuses(put(["FARGATE"], [{ capacityProvider: "FARGATE_SPOT", weight: 1 }]), invalid, /not associated/);
    await refuses(put(["FARGATE", "FARGATE_SPOT"], [{ capacityProvider: "FARGATE", base: 1 }, { capacityProvider: "FARGATE_SPOT", base: 1 }]), invalid, /base/);
    await refuses(put(["FARGATE", "FARGATE_SPOT"], [{ capacityProvider: "FARGATE" }, { capacityProvider: "FARGATE_SPOT" }]), invalid, /weight/);
    await refuses(put([], [], "none"), "ClusterNotFoundException");
    const { capacityProviders, failures } = await e.send("DescribeCapacityProviders", { capacityProviders: ["FARGATE", "mine"], include: ["TAGS"] });
    assert.deepStrictEqual(capacityProviders.map((p) => [p.name, p.status, p.tags]), [["FARGATE", "ACTIVE", []]]);
    assert.strictEqual(failures[0].reason, "MISSING");
});

test("tasks are spread over a strategy's providers by base and weight", async () => {
    await e.send("PutClusterCapacityProviders", { cluster: "main", capacityProviders: ["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy: [] });
    const d = await e.register("spread", [{ name: "a" }], { networkMode: "awsvpc", cpu: "256", memory: "512" });
    const { tasks } = await e.send("RunTask", { cluster: "main", taskDefinition: d.taskDefinitionArn, count: 7, networkConfiguration: e.network,
        capacityProviderStrategy: [{ capacityProvider: "FARGATE", base: 1, weight: 1 }, { capacityProvider: "FARGATE_SPOT", weight: 2 }] });
    const count = (list) => list.reduce((n, x) => ({ ...n, [x]: (n[x] || 0) + 1 }), {});
    assert.deepStrictEqual(count(tasks.map((t) => t.capacityProviderName)), { FARGATE: 3, FARGATE_SPOT: 4 });
    const zones = e.subnets.slice(0, 2).map((x) => x.AvailabilityZone);
    assert.deepStrictEqual(count(tasks.map((t) => t.availabilityZone)), { [zones[0]]: 4, [zones[1]]: 3 });
    for (const t of tasks) await e.send("StopTask", { cluster: "main", task: t.taskArn });
    for (const t of tasks) await e.stopped(t.taskArn);
});

test("every resource has tags", async () => {
    const tags = [{ key: "k", value: "v" }];
    const d = await e.register("tagged", [{ name: "a" }]);
    const { service } = await e.send("CreateService", { cluster: "main", serviceName: "tagged", taskDefinition: "tagged", desiredCount: 0 });
    const task = await e.run(d);
    const { clusters } = await e.send("DescribeClusters", { clusters: ["main"] });
    for (const resourceArn of [d.taskDefinitionArn, service.serviceArn, task, clusters[0].clusterArn]) {
        await e.send("TagResource", { resourceArn, tags: [...tags, { key: "gone", value: "" }] });
        await e.send("UntagResource", { resourceArn, tagKeys: ["gone"] });
        assert.deepStrictEqual((await e.send("ListTagsForResource", { resourceArn })).tags, tags);
    }
    await refuses(e.send("TagResource", { resourceArn: task, tags: [{ key: "aws:x", value: "" }] }), invalid, /aws:/);
    await refuses(e.send("UntagResource", { resourceArn: task.replace(/.{32}$/, "0".repeat(32)), tagKeys: ["a"] }), invalid, /not found/);
    await refuses(e.send("ListTagsForResource", { resourceArn: "nonsense" }), invalid, /arn/);
    await e.send("DeleteService", { cluster: "main", service: "tagged" });
    await e.stop(task);
});

test("account settings are those that nobody has changed", async () => {
    assert.deepStrictEqual((await e.send("ListAccountSettings")).settings, []);
    const { settings } = await e.send("ListAccountSettings", { effectiveSettings: true, name: "taskLongArnFormat" });
    assert.deepStrictEqual(settings.map((x) => [x.name, x.value]), [["taskLongArnFormat", "enabled"]]);
    await refuses(e.send("ListAccountSettings", { nextToken: "x" }), invalid, /Invalid token/);
});
