// SPDX-License-Identifier: Apache-2.0
// kill -9 at the named instants beside a pipeline's own: an image's layer on its way in, an alarm being evaluated, an event
// on its way to a rule's target, and a deployment that a pipeline makes behind a load balancer, whose traffic never stops.
// After the next start nothing is lost, doubled or stuck.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const CW = require("@aws-sdk/client-cloudwatch");
const EB = require("@aws-sdk/client-eventbridge");
const SNS = require("@aws-sdk/client-sns");
const { ECRClient, DescribeImagesCommand, BatchGetImageCommand } = require("@aws-sdk/client-ecr");
const { SQSClient } = require("@aws-sdk/client-sqs");
const { ListTaskDefinitionsCommand } = require("@aws-sdk/client-ecs");
const { CreateRuleCommand, DescribeRulesCommand } = require("@aws-sdk/client-elastic-load-balancing-v2");
const { start, until } = require("../lib/slipway");
const { points, live, lives, alive, idle, leavesNothing } = require("../lib/crash");
const { delivery } = require("../lib/delivery");
const { push } = require("../lib/image");
const { queues } = require("../lib/queues");
const { execFileSync } = require("node:child_process");

async function queue(s, name) {
    const q = queues(s.client(SQSClient)), { url, arn } = await q.queue(name);
    return { arn, count: async () => Number((await q.attributes(url)).ApproximateNumberOfMessages) };
}

const blobs = (s) => execFileSync("find", [`${s.data}/blobs/sha256`, "-type", "f"]).toString().trim().split("\n").length;

for (const point of points(/^ecr\./))
    test(`an image whose push is killed at ${point} is there once when it is pushed again`, async (t) => {
        const s = await start(t, { ephemeral: false });
        const ecr = s.client(ECRClient);
        let pushed;
        await lives(s, point, [async () => { pushed = await push(s, "app:v1", { cmd: ["true"], files: { "www/x": "x".repeat(100000) } }); }]);
        const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName: "app" }));
        assert.deepStrictEqual(imageDetails.map((i) => [i.imageDigest, i.imageTags]), [[pushed.digest, ["v1"]]]);
        const { images: [image] } = await ecr.send(new BatchGetImageCommand({ repositoryName: "app", imageIds: [{ imageTag: "v1" }] }));
        const manifest = JSON.parse(image.imageManifest);
        for (const { digest, size } of [manifest.config, ...manifest.layers]) {
            const r = await fetch(`${s.endpoint}/v2/app/blobs/${digest}`, { headers: { Authorization: `Basic ${btoa("AWS:any")}` } });
            assert.strictEqual((await r.arrayBuffer()).byteLength, size);
        }
        assert.strictEqual(blobs(s), 3, "layer, configuration and manifest, each once");
        await idle(s);
        await leavesNothing(s);
    });

for (const point of points(/^cloudwatch\.alarm\./))
    test(`an alarm whose evaluation is killed at ${point} tells its topic once`, async (t) => {
        const s = await start(t, { ephemeral: false });
        const cw = s.client(CW.CloudWatchClient), sns = s.client(SNS.SNSClient);
        const q = await queue(s, "alarms");
        const { TopicArn } = await sns.send(new SNS.CreateTopicCommand({ Name: "alarms" }));
        await sns.send(new SNS.SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: q.arn }));
        const at = new Date(Math.ceil(Date.now() / 60000) * 60000 + 60000);
        const clock = async (time) => (await fetch(`${s.endpoint}/_slipway/clock`, { method: "PUT", headers: { "content-type": "application/json" },
            body: JSON.stringify({ mode: "stepped", time: time.getTime() / 1000 }) })).json();
        await clock(at);
        await cw.send(new CW.PutMetricAlarmCommand({ AlarmName: "errors", Namespace: "App", MetricName: "Errors", Statistic: "Sum", Period: 60,
            EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: "GreaterThanOrEqualToThreshold", TreatMissingData: "ignore", AlarmActions: [TopicArn] }));
        await cw.send(new CW.PutMetricDataCommand({ Namespace: "App", MetricData: [{ MetricName: "Errors", Value: 5, Timestamp: at }] }));
        await idle(s);
        const alarm = async () => (await cw.send(new CW.DescribeAlarmsCommand({ AlarmNames: ["errors"] }))).MetricAlarms[0];
        await lives(s, point, [
            () => clock(new Date(at.getTime() + 120000)),
            () => alive(s, "the alarm is in ALARM", async () => (await alarm()).StateValue === "ALARM"),
            () => alive(s, "the topic's message is there", async () => await q.count() > 0),
        ]);
        await idle(s);
        assert.strictEqual(await q.count(), 1);
        const { AlarmHistoryItems } = await cw.send(new CW.DescribeAlarmHistoryCommand({ AlarmName: "errors", HistoryItemType: "StateUpdate" }));
        assert.strictEqual(AlarmHistoryItems.length, 1);
        await leavesNothing(s);
    });

for (const point of points(/^events\./))
    test(`an event whose delivery is killed at ${point} reaches its queue once`, async (t) => {
        const s = await start(t, { ephemeral: false });
        const eb = s.client(EB.EventBridgeClient);
        const q = await queue(s, "orders");
        await eb.send(new EB.PutRuleCommand({ Name: "orders", EventPattern: JSON.stringify({ source: ["shop"] }) }));
        await eb.send(new EB.PutTargetsCommand({ Rule: "orders", Targets: [{ Id: "q", Arn: q.arn }] }));
        const put = () => eb.send(new EB.PutEventsCommand({ Entries: [1, 2, 3].map((n) => ({ Source: "shop", DetailType: "Order", Detail: JSON.stringify({ n }) })) }));
        await lives(s, point, [
            /* Its answer may be cut off; that it comes to the kill shows that it was stored. */
            () => put().catch(() => {}),
            () => alive(s, "the messages are there", async () => await q.count() >= 3),
        ]);
        await idle(s);
        assert.strictEqual(await q.count(), 3);
        await leavesNothing(s);
    });

const known = (name) => (e) => { if (e.name !== name) throw e; };

// A rule that changes the load balancer's structure, then a release: taken again from where they were cut short.
const RELEASE = (d) => [
    () => d.elb.send(new CreateRuleCommand({ ListenerArn: d.listener, Priority: 1, Conditions: [{ Field: "path-pattern", PathPatternConfig: { Values: ["/ping"] } }],
        Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200", ContentType: "text/plain", MessageBody: "pong" } }] }))
        .catch(known("PriorityInUseException")),
    (s) => alive(s, "the rule serves", async () => await d.ask("/ping") === "200 pong"),
    () => d.commit("v2"),
    () => d.start("once"),
    (s) => alive(s, "the release has succeeded", async () => {
        const e = (await d.executions())[0];
        assert.notStrictEqual(e.status, "Failed", JSON.stringify(e));
        return e.status === "Succeeded";
    }),
    (s) => alive(s, "the service is stable and the old tasks are gone", async () =>
        await d.isStable() && (await d.tasks()).length === 2 && (await d.targets()).join() === "healthy,healthy"),
];

async function checkRelease(s, d) {
    const [last, ...before] = await d.executions();
    assert.deepStrictEqual([last.status, before.length], ["Succeeded", 1]);
    assert.deepStrictEqual((await d.actions(last.pipelineExecutionId)).map((a) => `${a.actionName} ${a.status}`).sort(), ["Deploy Succeeded", "Source Succeeded"]);
    assert.strictEqual((await d.ecs.send(new ListTaskDefinitionsCommand({}))).taskDefinitionArns.length, 2);
    assert.strictEqual((await d.elb.send(new DescribeRulesCommand({ ListenerArn: d.listener }))).Rules.length, 2);
    assert.strictEqual(await d.ask(), "200 v2");
    const { deployments } = await (await fetch(`${s.endpoint}/_slipway/dora/deployments`)).json();
    assert.deepStrictEqual(deployments.map((x) => x.status), ["SUCCEEDED"]);
}

/* The load balancer's step passes its point at each look: the fourth is in the middle. */
const WHEN = { "elbv2.proxy_applied_not_noted": ":4" };

for (const point of points(/^(ecs\.action|elbv2|proxy)\./))
    test(`a release that is killed at ${point} goes live, and no request is lost`, async (t) => {
        const s = await start(t, { ephemeral: false });
        const d = await delivery(s, { balanced: true, desiredCount: 2 });
        await until("v1 serves", async () => await d.isStable() && await d.ask() === "200 v1");
        const load = d.load();
        t.after(() => load.stop());
        await lives(s, point + (WHEN[point] || ""), RELEASE(d));
        await until("the new version is asked", () => load.seen["200 v2"] > 10);
        await idle(s);
        const seen = await load.stop();
        assert.deepStrictEqual(Object.keys(seen).sort(), ["200 v1", "200 v2"], JSON.stringify(seen));
        await checkRelease(s, d);
        await leavesNothing(s);
    });
