// SPDX-License-Identifier: Apache-2.0
// Services of ECS: counts, rolling deployments, circuit breaker, alarms.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } = require("@aws-sdk/client-cloudwatch");
const B = require("@aws-sdk/client-eventbridge");
const Q = require("@aws-sdk/client-sqs");
const { until, refuses } = require("../lib/slipway");
const { push } = require("../lib/image");
const { Ecs, texts } = require("../lib/ecs");

const e = new Ecs();
const invalid = "InvalidParameterException";

before(() => e.open({ web: true }));
after(() => e.close());

test("a service reaches its count, keeps it, scales, and ends", async () => {
    const v1 = await e.web("svc", "v1");
    const made = await e.create("svc", v1);
    assert.strictEqual(made.deployments[0].rolloutState, "IN_PROGRESS");
    await refuses(e.create("svc", v1), invalid, /not idempotent/);
    const v = await e.stable("svc");
    assert.ok(texts(v).includes("(service svc) has reached a steady state."));
    assert.ok(texts(v).some((t) => /^\(service svc\) has started 2 tasks: \(task [0-9a-f]{32}\) \(task [0-9a-f]{32}\)\.$/.test(t)));
    const { taskArns } = await e.send("ListTasks", { cluster: "main", serviceName: "svc" });
    assert.strictEqual(taskArns.length, 2);
    await e.send("StopTask", { cluster: "main", task: taskArns[0] });
    await until("it is replaced", async () => {
        const now = (await e.tasks({ serviceName: "svc" }));
        return now.length === 2 && !now.includes(taskArns[0]);
    });
    await e.send("UpdateService", { cluster: "main", service: "svc", desiredCount: 1 });
    await until("it is smaller", async () => (await e.service("svc")).runningCount === 1);
    await refuses(e.send("DeleteService", { cluster: "main", service: "svc" }), invalid, /scaled above 0/);
    assert.ok((await e.send("ListServices", { cluster: "main" })).serviceArns.some((a) => a.endsWith("/svc")));
    await e.remove("svc");
    assert.strictEqual((await e.tasks({ serviceName: "svc" })).length, 0);
});

test("a new task definition rolls out without going below the healthy minimum", async () => {
    await e.create("roll", await e.web("roll", "v1"));
    await e.stable("roll");
    const v2 = await e.web("roll", "v2");
    await e.send("UpdateService", { cluster: "main", service: "roll", taskDefinition: "roll" });
    const v = await until("the deployment completes", async () => {
        const x = await e.service("roll");
        assert.ok(x.runningCount >= 2, `only ${x.runningCount} running`);
        return x.deployments.length === 1 && x.deployments[0].rolloutState === "COMPLETED" && x;
    });
    assert.strictEqual(v.taskDefinition, v2.taskDefinitionArn);
    assert.match(v.deployments[0].rolloutStateReason, /^ECS deployment ecs-svc\/\d{19} completed\.$/);
    const list = await e.send("ListServiceDeployments", { cluster: "main", service: "roll" });
    assert.deepStrictEqual(list.serviceDeployments.map((d) => d.status), ["SUCCESSFUL", "SUCCESSFUL"]);
    const d = await e.send("DescribeServiceDeployments", { serviceDeploymentArns: [list.serviceDeployments[0].serviceDeploymentArn] });
    const r = await e.send("DescribeServiceRevisions", { serviceRevisionArns: [d.serviceDeployments[0].targetServiceRevision.arn] });
    assert.strictEqual(r.serviceRevisions[0].taskDefinition, v2.taskDefinitionArn);
    await e.remove("roll");
});

test("the circuit breaker rolls a bad deployment back, and the good tasks never stop", async () => {
    const v1 = await e.web("breaker", "v1");
    await e.create("breaker", v1, { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } });
    await e.stable("breaker");
    const good = (await e.send("ListTasks", { cluster: "main", serviceName: "breaker" })).taskArns.sort();
    await e.web("breaker", "bad");
    await e.send("UpdateService", { cluster: "main", service: "breaker", taskDefinition: "breaker:2" });
    const v = await until("it is rolled back", async () => {
        const x = await e.service("breaker");
        return x.taskDefinition === v1.taskDefinitionArn && x.deployments.length === 1 && x.deployments[0].rolloutState === "COMPLETED" && x;
    });
    assert.ok(texts(v).some((t) => /deployment failed: tasks failed to start\.$/.test(t)), texts(v).join("\n"));
    assert.ok(texts(v).some((t) => /rolling back to \(deployment ecs-svc\/\d+\)\.$/.test(t)));
    assert.deepStrictEqual((await e.send("ListTasks", { cluster: "main", serviceName: "breaker" })).taskArns.sort(), good);
    const list = await e.send("ListServiceDeployments", { cluster: "main", service: "breaker" });
    assert.strictEqual(list.serviceDeployments[0].status, "ROLLBACK_SUCCESSFUL");
    await e.remove("breaker");
});

test("without rollback a failed deployment stands still and says so", async () => {
    await e.create("still", await e.web("still", "none"), { desiredCount: 1, deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } } });
    const v = await until("it has failed", async () => {
        const x = await e.service("still");
        return x.deployments[0].rolloutState === "FAILED" && x;
    });
    assert.strictEqual(v.deployments[0].failedTasks, 3);
    assert.strictEqual(v.deployments[0].rolloutStateReason, "ECS deployment circuit breaker: tasks failed to start.");
    await e.remove("still");
});

test("an alarm that sounds during a deployment rolls it back", async () => {
    const watch = e.s.client(CloudWatchClient);
    await watch.send(new PutMetricAlarmCommand({ AlarmName: "errors", Namespace: "Test", MetricName: "Errors", Period: 60, EvaluationPeriods: 1,
        Statistic: "Sum", Threshold: 1, ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "ignore" }));
    const deploymentConfiguration = { alarms: { alarmNames: ["errors"], enable: true, rollback: true }, bakeTimeInMinutes: 0 };
    const v1 = await e.web("alarmed", "v1");
    await e.create("alarmed", v1, { desiredCount: 1, deploymentConfiguration });
    await e.stable("alarmed");
    await e.web("alarmed", "v2");
    await e.send("UpdateService", { cluster: "main", service: "alarmed", taskDefinition: "alarmed:2",
        deploymentConfiguration: { bakeTimeInMinutes: 5 } });
    await until("only the new tasks are left, and bake", async () => {
        const x = await e.service("alarmed");
        return x.deployments.length === 1 && x.deployments[0].rolloutState === "IN_PROGRESS" && x.runningCount === 1;
    });
    await watch.send(new SetAlarmStateCommand({ AlarmName: "errors", StateValue: "ALARM", StateReason: "test" }));
    const v = await until("it is rolled back", async () => {
        const x = await e.service("alarmed");
        return x.taskDefinition === v1.taskDefinitionArn && x;
    });
    assert.match(v.deployments[0].rolloutStateReason, /^ECS deployment failed: rolling back to deploymentId ecs-svc\/\d+$/);
    assert.ok(texts(v).some((t) => /deployment failed: alarm detected\.$/.test(t)));
    await e.remove("alarmed");
});

test("the minimum and the maximum of a rollout are kept exactly", async () => {
    const bounds = (minimumHealthyPercent, maximumPercent) => ({ deploymentConfiguration: { minimumHealthyPercent, maximumPercent } });
    await e.create("bounds", await e.web("bounds", "v1"), { desiredCount: 3, ...bounds(50, 100) });
    await e.stable("bounds");
    for (const [revision, [min, max], least, most] of [[2, [50, 100], 2, 3], [3, [100, 150], 3, 4]]) {
        await e.web("bounds", "v2");
        await e.update("bounds", { taskDefinition: `bounds:${revision}`, ...bounds(min, max) });
        await until(`${min} to ${max} percent`, async () => {
            const v = await e.service("bounds"), alive = (await e.tasks({ serviceName: "bounds" })).length;
            assert.ok(v.runningCount >= least, `${v.runningCount} run, at least ${least} must`);
            assert.ok(alive <= most, `${alive} live, at most ${most} may`);
            return v.deployments.length === 1 && v.deployments[0].rolloutState === "COMPLETED";
        });
    }
    await refuses(e.update("bounds", bounds(100, 100)), invalid, /block deployments/);
    await refuses(e.update("bounds", bounds(101, 200)), invalid, /minimumHealthyPercent/);
    await refuses(e.update("bounds", bounds(0, 50)), invalid, /maximumPercent/);
    await e.remove("bounds");
});

test("a forced deployment replaces every task, and a desired count of 0 stops them all", async () => {
    const first = await e.create("forced", await e.web("forced", "v1"), { desiredCount: 1, clientToken: "t" });
    assert.strictEqual((await e.create("forced", { taskDefinitionArn: "forced" }, { desiredCount: 1, clientToken: "t" })).serviceArn, first.serviceArn);
    await e.stable("forced");
    const [before] = await e.tasks({ serviceName: "forced" });
    const d = (await e.update("forced", { forceNewDeployment: true })).deployments;
    assert.deepStrictEqual(d.map((x) => x.status), ["PRIMARY", "ACTIVE"]);
    await e.stable("forced");
    const after = await e.tasks({ serviceName: "forced" });
    assert.ok(after.length === 1 && after[0] !== before);
    assert.match((await e.stopped(before)).stoppedReason, /^Scaling activity initiated by \(deployment ecs-svc\/\d{19}\)$/);
    const id = (await e.service("forced")).deployments[0].id;
    await e.update("forced", { desiredCount: 0 });
    const v = await until("none is left", async () => {
        const x = await e.service("forced");
        return !x.runningCount && !x.pendingCount && x;
    });
    assert.deepStrictEqual(v.deployments.map((x) => [x.id, x.desiredCount]), [[id, 0]], "scaling is no deployment");
    assert.strictEqual((await e.stopped(after[0])).stoppedReason, `Scaling activity initiated by (deployment ${id})`);
    await e.update("forced", { desiredCount: 2 });
    await e.stable("forced");
    await e.remove("forced");
});

test("a task whose health check fails is replaced, one with the check NONE counts as it runs", async () => {
    await push(e.s, "web:flag", { cmd: ["sh", "-c", "touch /tmp/ok; exec httpd -f -p 8080 -h /tmp"] });
    const check = (command) => ({ healthCheck: { command, interval: 5, retries: 1, timeout: 2 } });
    await e.create("checked", await e.web("checked", "flag", check(["CMD-SHELL", "test -e /tmp/ok"])), { desiredCount: 1 });
    await e.stable("checked");
    const [arn] = await e.tasks({ serviceName: "checked" });
    assert.strictEqual((await e.task(arn)).healthStatus, "HEALTHY");
    await e.web("checked", "v1", check(["NONE"]));
    await e.update("checked", { taskDefinition: "checked" });
    await e.stable("checked");
    await e.web("checked", "v1", check(["CMD", "false"]));
    await e.update("checked", { taskDefinition: "checked", deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } });
    const v = await until("rolled back", async () => {
        const x = await e.service("checked");
        return /checked:2$/.test(x.taskDefinition) && x;
    });
    assert.ok(texts(v).some((t) => /failed container health checks\.$/.test(t)), texts(v).join("\n"));
    await e.remove("checked");
});

test("capacity providers take a service's tasks by weight, and its tasks are spread over the subnets", async () => {
    await e.send("PutClusterCapacityProviders", { cluster: "main", capacityProviders: ["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy: [] });
    const strategy = [{ capacityProvider: "FARGATE", weight: 1, base: 0 }, { capacityProvider: "FARGATE_SPOT", weight: 1, base: 0 }];
    const v = await e.create("spread", await e.web("spread", "v1"), { desiredCount: 4, launchType: undefined, capacityProviderStrategy: strategy });
    assert.strictEqual(v.launchType, undefined);
    assert.deepStrictEqual(v.deployments[0].capacityProviderStrategy, strategy);
    await e.stable("spread");
    const { tasks } = await e.send("DescribeTasks", { cluster: "main", tasks: await e.tasks({ serviceName: "spread" }) });
    assert.deepStrictEqual(tasks.map((t) => t.capacityProviderName).sort(), ["FARGATE", "FARGATE", "FARGATE_SPOT", "FARGATE_SPOT"]);
    assert.strictEqual(new Set(tasks.map((t) => t.availabilityZone)).size, 2);
    await refuses(e.update("spread", { capacityProviderStrategy: [{ capacityProvider: "mine", weight: 1 }] }), invalid, /not associated/);
    await e.remove("spread");
});

test("what happens to tasks and deployments is on the event bus", async () => {
    const sqs = e.s.client(Q.SQSClient), events = e.s.client(B.EventBridgeClient);
    const { QueueUrl } = await sqs.send(new Q.CreateQueueCommand({ QueueName: "events" }));
    const pattern = { source: ["aws.ecs"], "detail-type": ["ECS Task State Change", "ECS Deployment State Change", "ECS Service Action"] };
    const { RuleArn } = await events.send(new B.PutRuleCommand({ Name: "ecs", EventPattern: JSON.stringify(pattern) }));
    const Arn = "arn:aws:sqs:us-east-1:000000000000:events";
    await sqs.send(new Q.SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow",
        Principal: { Service: "events.amazonaws.com" }, Action: "sqs:SendMessage", Resource: Arn, Condition: { ArnEquals: { "aws:SourceArn": RuleArn } } }] }) } }));
    await events.send(new B.PutTargetsCommand({ Rule: "ecs", Targets: [{ Id: "q", Arn }] }));
    await e.create("told", await e.web("told", "v1"), { desiredCount: 1 });
    await e.stable("told");
    const seen = [];
    await until("the service's steady state is told", async () => {
        const { Messages = [] } = await sqs.send(new Q.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }));
        seen.push(...Messages.map((m) => JSON.parse(m.Body)));
        return seen.some((x) => x.detail.eventName === "SERVICE_STEADY_STATE");
    });
    const names = seen.filter((x) => x["detail-type"] === "ECS Deployment State Change").map((x) => x.detail.eventName);
    assert.deepStrictEqual(names, ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]);
    const tasks = seen.filter((x) => x["detail-type"] === "ECS Task State Change");
    for (const state of ["PROVISIONING", "PENDING", "RUNNING"])
        assert.ok(tasks.some((x) => x.detail.lastStatus === state), state);
    const { detail, resources } = tasks[tasks.length - 1];
    assert.deepStrictEqual(resources, [detail.taskArn]);
    assert.match(detail.createdAt, /^\d{4}-\d\d-\d\dT/);
    assert.strictEqual(detail.group, "service:told");
    assert.ok(detail.version >= 3 && detail.containers[0].name === "web" && detail.clusterArn.endsWith("cluster/main"));
    await e.remove("told");
});

for (const [field, rest] of [
    ["serviceRegistries", { serviceRegistries: [{ registryArn: "x" }] }],
    ["volumeConfigurations", { volumeConfigurations: [{ name: "v" }] }],
    ["vpcLatticeConfigurations", { vpcLatticeConfigurations: [{ roleArn: "r", targetGroupArn: "t", portName: "p" }] }],
    ["enableExecuteCommand", { enableExecuteCommand: true }],
    ["placementConstraints", { placementConstraints: [{ type: "distinctInstance" }] }],
    ["placementStrategy", { placementStrategy: [{ type: "random" }] }],
    ["serviceConnectConfiguration", { serviceConnectConfiguration: { enabled: true } }],
    ["strategy", { deploymentConfiguration: { strategy: "BLUE_GREEN" } }],
    ["lifecycleHooks", { deploymentConfiguration: { lifecycleHooks: [{ hookTargetArn: "h" }] } }],
    ["canaryConfiguration", { deploymentConfiguration: { canaryConfiguration: { canaryPercent: 1 } } }],
    ["linearConfiguration", { deploymentConfiguration: { linearConfiguration: { stepPercent: 10 } } }],
    ["bakeTimeInMinutes", { deploymentConfiguration: { bakeTimeInMinutes: 1441 } }],
    ["alarms", { deploymentConfiguration: { alarms: { alarmNames: [], enable: true, rollback: true } } }],
    ["loadBalancerName", { loadBalancers: [{ loadBalancerName: "classic", containerName: "web", containerPort: 8080 }] }],
    ["advancedConfiguration", { loadBalancers: [{ targetGroupArn: "t", advancedConfiguration: { alternateTargetGroupArn: "a" } }] }],
    ["desiredCount", { desiredCount: -1 }],
])
    test(`what a service cannot do is refused by name: ${field}`, async () => {
        const d = await e.web("no", "v1");
        await refuses(e.create("no", d, rest), invalid, new RegExp(field));
        await e.create("yes", d, { desiredCount: 0 });
        await refuses(e.update("yes", rest), invalid, new RegExp(field));
        await e.remove("yes");
    });

for (const [field, rest] of [
    ["deploymentController", { deploymentController: { type: "CODE_DEPLOY" } }], ["schedulingStrategy", { schedulingStrategy: "DAEMON" }],
    ["role", { role: "r" }], ["grace period", { healthCheckGracePeriodSeconds: 1 }], ["service name", { serviceName: "a/b" }],
])
    test(`what a service cannot be created with is refused by name: ${field}`, async () => {
        await refuses(e.create("no", await e.web("no", "v1"), rest), invalid, new RegExp(field));
    });

test("a service that is not there is a failure to describe and an error to update", async () => {
    const r = await e.send("DescribeServices", { cluster: "main", services: ["nobody"] });
    assert.strictEqual(r.failures[0].reason, "MISSING");
    await refuses(e.send("UpdateService", { cluster: "main", service: "nobody", desiredCount: 1 }), "ServiceNotFoundException", /Service not found/);
    await refuses(e.send("DeleteService", { cluster: "main", service: "nobody" }), "ServiceNotFoundException");
    await refuses(e.send("ListServiceDeployments", { cluster: "main", service: "nobody" }), "ServiceNotFoundException");
    await refuses(e.send("DescribeServices", { cluster: "main", services: [] }), invalid, /cannot be empty/);
    await refuses(e.send("ListServices", { cluster: "none" }), "ClusterNotFoundException");
    const arn = "arn:aws:ecs:us-east-1:000000000000:service-deployment/main/none/x";
    assert.strictEqual((await e.send("DescribeServiceDeployments", { serviceDeploymentArns: [arn] })).failures[0].reason, "MISSING");
    assert.strictEqual((await e.send("DescribeServiceRevisions", { serviceRevisionArns: [arn] })).failures[0].reason, "MISSING");
});
