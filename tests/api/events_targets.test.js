// SPDX-License-Identifier: Apache-2.0
// What a rule can do beside queues and topics: log groups, builds, tasks, FIFO queues, other buses; who may put events.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const {
    EventBridgeClient, PutRuleCommand, PutTargetsCommand, PutEventsCommand, CreateEventBusCommand, DescribeEventBusCommand, UpdateEventBusCommand,
    PutPermissionCommand, RemovePermissionCommand, ListTargetsByRuleCommand,
} = require("@aws-sdk/client-eventbridge");
const { SQSClient } = require("@aws-sdk/client-sqs");
const { CloudWatchLogsClient, CreateLogGroupCommand, FilterLogEventsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { CodeBuildClient, CreateProjectCommand, ListBuildsForProjectCommand, BatchGetBuildsCommand } = require("@aws-sdk/client-codebuild");
const { ECSClient, CreateClusterCommand, RegisterTaskDefinitionCommand, ListTasksCommand, DescribeTasksCommand } = require("@aws-sdk/client-ecs");
const { serve, later } = require("../lib/file");
const { queues } = require("../lib/queues");
const lib = require("../lib/role");
const { refuses, until } = require("../lib/slipway");

const s = serve(), eb = later(s, EventBridgeClient), sqs = later(s, SQSClient), { queue, receive } = queues(sqs);

const put = (source, detail = {}, more = {}) => eb.send(new PutEventsCommand({ Entries: [{ Source: source, DetailType: "t", Detail: JSON.stringify(detail), ...more }] }));
async function rule(Name, source, target, more = {}) {
    await eb.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: [source] }), ...more }));
    return eb.send(new PutTargetsCommand({ Rule: Name, EventBusName: more.EventBusName, Targets: [{ Id: "t", ...target }] }));
}
const role = (name, may, service = "events.amazonaws.com") => lib.role(s, name, service, { may });

test("an event is written to a log group, in a stream of the rule's day", async () => {
    const logs = s.client(CloudWatchLogsClient);
    await logs.send(new CreateLogGroupCommand({ logGroupName: "/aws/events/all" }));
    await rule("to-logs", "logged", { Arn: "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/all:*" });
    await put("logged", { n: 1 });
    const events = await until("the log event", async () => {
        const r = await logs.send(new FilterLogEventsCommand({ logGroupName: "/aws/events/all" }));
        return r.events.length && r.events;
    });
    assert.deepStrictEqual(JSON.parse(events[0].message).detail, { n: 1 });
    assert.match(events[0].logStreamName, /^to-logs\/\d{4}\/\d\d\/\d\d$/);
});

test("an event starts a build, whose input may override what StartBuild may", async () => {
    const cb = s.client(CodeBuildClient), RoleArn = await role("starts-builds", "codebuild:StartBuild");
    await cb.send(new CreateProjectCommand({ name: "by-event", serviceRole: await role("builds", "*", "codebuild.amazonaws.com"), artifacts: { type: "NO_ARTIFACTS" },
        source: { type: "NO_SOURCE", buildspec: "version: 0.2\nphases:\n  build:\n    commands:\n      - 'true'\n" },
        environment: { type: "LINUX_CONTAINER", image: "aws/codebuild/standard:7.0", computeType: "BUILD_GENERAL1_SMALL" } }));
    const Arn = "arn:aws:codebuild:us-east-1:000000000000:project/by-event";
    await assert.rejects(rule("to-build", "built", { Arn }), /RoleArn is required for target/);
    await rule("to-build", "built", { Arn, RoleArn, Input: JSON.stringify({ environmentVariablesOverride: [{ name: "WHO", value: "rule" }] }) });
    await put("built");
    const [id] = await until("the build", async () => {
        const { ids } = await cb.send(new ListBuildsForProjectCommand({ projectName: "by-event" }));
        return ids.length && ids;
    });
    const { builds: [b] } = await cb.send(new BatchGetBuildsCommand({ ids: [id] }));
    assert.deepStrictEqual(b.environment.environmentVariables.map((v) => [v.name, v.value]), [["WHO", "rule"]]);
});

test("an event runs tasks as EcsParameters say, with the overrides of its input", async () => {
    const ecs = s.client(ECSClient), RoleArn = await role("runs-tasks", "ecs:RunTask");
    const { cluster } = await ecs.send(new CreateClusterCommand({ clusterName: "by-event" }));
    const { taskDefinition } = await ecs.send(new RegisterTaskDefinitionCommand({ family: "by-event", containerDefinitions: [{ name: "c", image: "nowhere/none:1", memory: 32 }] }));
    const EcsParameters = { TaskDefinitionArn: taskDefinition.taskDefinitionArn, TaskCount: 2, Group: "of-rule", Tags: [{ Key: "a", Value: "1" }], LaunchType: "EC2" };
    await assert.rejects(rule("to-ecs", "ran", { Arn: cluster.clusterArn, RoleArn }), /EcsParameters must be specified/);
    await assert.rejects(rule("to-ecs", "ran", { Arn: cluster.clusterArn, EcsParameters }), /RoleArn is required/);
    await rule("to-ecs", "ran", { Arn: cluster.clusterArn, RoleArn, EcsParameters, Input: JSON.stringify({ containerOverrides: [{ name: "c", command: ["echo", "x"] }] }) });
    assert.deepStrictEqual((await eb.send(new ListTargetsByRuleCommand({ Rule: "to-ecs" }))).Targets[0].EcsParameters, EcsParameters);
    await put("ran");
    const taskArns = await until("two tasks", async () => {
        const both = await Promise.all(["RUNNING", "STOPPED"].map((desiredStatus) => ecs.send(new ListTasksCommand({ cluster: "by-event", desiredStatus }))));
        const all = both.flatMap((r) => r.taskArns);
        return all.length === 2 && all;
    });
    const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: "by-event", tasks: taskArns, include: ["TAGS"] }));
    for (const t of tasks) {
        assert.deepStrictEqual([t.startedBy, t.group, t.overrides.containerOverrides[0].command], ["events-rule/to-ecs", "of-rule", ["echo", "x"]]);
        assert.ok(t.tags.some((x) => x.key === "a" && x.value === "1"));
    }
});

test("a FIFO queue gets events in the group that SqsParameters name", async () => {
    const q = await queue("events.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true" });
    await assert.rejects(rule("to-fifo", "ordered", { Arn: q.arn }), /SqsParameters must be specified/);
    await rule("to-fifo", "ordered", { Arn: q.arn, SqsParameters: { MessageGroupId: "g" } });
    await put("ordered", { n: 1 });
    const [m] = await until("the message", async () => { const l = await receive(q); return l.length && l; });
    assert.strictEqual(m.Attributes.MessageGroupId, "g");
});

test("a rule passes events on to another bus, and no further from there", async () => {
    const first = await eb.send(new CreateEventBusCommand({ Name: "first" })), second = await eb.send(new CreateEventBusCommand({ Name: "second" }));
    const q = await queue("passed-on"), beyond = await queue("beyond");
    await rule("pass", "passing", { Arn: first.EventBusArn });
    await rule("arrives", "passing", { Arn: q.arn }, { EventBusName: "first" });
    await rule("again", "passing", { Arn: second.EventBusArn }, { EventBusName: "first" });
    await rule("end", "passing", { Arn: beyond.arn }, { EventBusName: "second" });
    const { Entries } = await put("passing", { n: 1 });
    const [m] = await until("the message", async () => { const l = await receive(q); return l.length && l; });
    assert.strictEqual(JSON.parse(m.Body).id, Entries[0].EventId, "it is the same event");
    await put("passing", { n: 2 }, { EventBusName: "second" });
    const [direct] = await until("what was put there", async () => { const l = await receive(beyond); return l.length && l; });
    assert.deepStrictEqual(JSON.parse(direct.Body).detail, { n: 2 });
    const refused = (more, message) => refuses(eb.send(new PutTargetsCommand({ Rule: "again", EventBusName: "first", Targets: [{ Id: "x", ...more }] })), "ValidationException", message);
    await refused({ Arn: first.EventBusArn }, /own bus/);
    await refused({ Arn: second.EventBusArn, Input: "{}" }, /as it is/);
    await refuses(eb.send(new PutTargetsCommand({ Rule: "pass", Targets: [{ Id: "x", Arn: second.EventBusArn + "x" }] })), "ResourceNotFoundException", /secondx/);
});

test("a bus keeps its description and its policy", async () => {
    await eb.send(new CreateEventBusCommand({ Name: "ruled" }));
    await eb.send(new UpdateEventBusCommand({ Name: "ruled", Description: "new" }));
    await eb.send(new PutPermissionCommand({ EventBusName: "ruled", StatementId: "them", Action: "events:PutEvents", Principal: "111122223333" }));
    await eb.send(new PutPermissionCommand({ EventBusName: "ruled", StatementId: "all", Action: "events:PutEvents", Principal: "*" }));
    const look = async (Name) => eb.send(new DescribeEventBusCommand({ Name }));
    const bus = await look("ruled");
    assert.strictEqual(bus.Description, "new");
    assert.deepStrictEqual(JSON.parse(bus.Policy).Statement.map((x) => [x.Sid, x.Principal, x.Action, x.Resource]),
        [["them", { AWS: "arn:aws:iam::111122223333:root" }, "events:PutEvents", bus.Arn], ["all", "*", "events:PutEvents", bus.Arn]]);
    await eb.send(new RemovePermissionCommand({ EventBusName: "ruled", StatementId: "them" }));
    assert.strictEqual(JSON.parse((await look("ruled")).Policy).Statement.length, 1);
    await refuses(eb.send(new RemovePermissionCommand({ EventBusName: "ruled", StatementId: "them" })), "ResourceNotFoundException");
    await eb.send(new RemovePermissionCommand({ EventBusName: "ruled", RemoveAllPermissions: true }));
    assert.strictEqual((await look("ruled")).Policy, undefined);
    await refuses(eb.send(new PutPermissionCommand({ StatementId: "x", Action: "events:DeleteRule", Principal: "*" })), "ValidationException", /action/);
    await refuses(eb.send(new PutPermissionCommand({ Policy: "{}" })), "ValidationException", /Policy/);
    await refuses(eb.send(new UpdateEventBusCommand({ Name: "nobody" })), "ResourceNotFoundException");
});
