// SPDX-License-Identifier: Apache-2.0
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const {
    EventBridgeClient, PutRuleCommand, DescribeRuleCommand, ListRulesCommand, DeleteRuleCommand, EnableRuleCommand, DisableRuleCommand,
    PutTargetsCommand, ListTargetsByRuleCommand, RemoveTargetsCommand, ListRuleNamesByTargetCommand, PutEventsCommand,
    TestEventPatternCommand, CreateEventBusCommand, DescribeEventBusCommand, ListEventBusesCommand, DeleteEventBusCommand,
    TagResourceCommand, UntagResourceCommand, ListTagsForResourceCommand, CreateArchiveCommand,
} = require("@aws-sdk/client-eventbridge");
const { SQSClient, DeleteQueueCommand, DeleteMessageCommand } = require("@aws-sdk/client-sqs");
const { SSMClient, PutParameterCommand } = require("@aws-sdk/client-ssm");
const { SNSClient, CreateTopicCommand, SubscribeCommand } = require("@aws-sdk/client-sns");
const { serve, later } = require("../lib/file");
const { queues } = require("../lib/queues");
const { start, refuses, until } = require("../lib/slipway");

const s = serve(), eb = later(s, EventBridgeClient), sqs = later(s, SQSClient), sns = later(s, SNSClient);
const { queue } = queues(sqs);

async function take(q, from = sqs) {
    const messages = await queues(from).receive(q);
    for (const m of messages) await from.send(new DeleteMessageCommand({ QueueUrl: q.url, ReceiptHandle: m.ReceiptHandle }));
    return messages;
}
// Waits for so many messages, and gives their bodies.
async function bodies(q, n, from) {
    const got = [];
    await until(`${n} messages`, async () => { got.push(...(await take(q, from)).map((m) => m.Body)); return got.length >= n; });
    assert.strictEqual(got.length, n);
    return got;
}
async function rule(Name, pattern, targets, more = {}) {
    const { RuleArn } = await eb.send(new PutRuleCommand({ Name, ...(pattern && { EventPattern: JSON.stringify(pattern) }), ...more }));
    if (targets) await eb.send(new PutTargetsCommand({ Rule: Name, EventBusName: more.EventBusName, Targets: targets }));
    return RuleArn;
}
const put = (Source, DetailType, detail, more = {}) =>
    eb.send(new PutEventsCommand({ Entries: [{ Source, DetailType, Detail: JSON.stringify(detail), ...more }] }));

test("an event that matches a rule's pattern reaches its queue as AWS writes it; others do not", async () => {
    const q = await queue("pattern");
    await rule("pattern", { source: ["shop"], detail: { price: [{ numeric: [">", 10] }], state: [{ "anything-but": "void" }] } }, [{ Id: "q", Arn: q.arn }]);
    await put("shop", "Order", { price: 5, state: "new" });
    await put("other", "Order", { price: 50, state: "new" });
    await put("shop", "Order", { price: 50, state: "void" });
    const r = await put("shop", "Order", { price: 50, state: "new" }, { Resources: ["arn:aws:x:::y"], Time: new Date("2026-01-02T03:04:05Z") });
    const [body] = await bodies(q, 1);
    assert.deepStrictEqual(JSON.parse(body), { version: "0", id: r.Entries[0].EventId, "detail-type": "Order", source: "shop", account: "000000000000",
        time: "2026-01-02T03:04:05Z", region: "us-east-1", resources: ["arn:aws:x:::y"], detail: { price: 50, state: "new" } });
});

test("Input, InputPath and InputTransformer decide what a target gets", async () => {
    const q = await queue("inputs");
    const arn = await rule("inputs", { source: ["inputs"] }, [
        { Id: "constant", Arn: q.arn, Input: "{\"fixed\":true}" },
        { Id: "path", Arn: q.arn, InputPath: "$.detail.list[1]" },
        { Id: "object", Arn: q.arn, InputTransformer: { InputPathsMap: { name: "$.detail.name", n: "$.detail.n", none: "$.detail.none" },
            InputTemplate: "{\"text\":\"<name> has <n><none>\",\"n\":<n>,\"name\":<name>,\"rule\":\"<aws.events.rule-name>\",\"arn\":<aws.events.rule-arn>}" } },
        { Id: "text", Arn: q.arn, InputTransformer: { InputPathsMap: { name: "$.detail.name" }, InputTemplate: "\"Hello <name>\"" } }]);
    await put("inputs", "x", { name: "a \"quoted\" name", n: 3, list: [1, { deep: "yes" }] });
    assert.deepStrictEqual((await bodies(q, 4)).map((b) => JSON.stringify(JSON.parse(b))).sort(), [
        { fixed: true }, { deep: "yes" }, "Hello a \"quoted\" name",
        { text: "a \"quoted\" name has 3", n: 3, name: "a \"quoted\" name", rule: "inputs", arn }].map((v) => JSON.stringify(v)).sort());
    const bad = (target, message) => refuses(eb.send(new PutTargetsCommand({ Rule: "inputs", Targets: [{ Id: "b", Arn: q.arn, ...target }] })), "ValidationException", message);
    await bad({ Input: "{" }, /JSON syntax error in input for target b/);
    await bad({ InputPath: "detail" }, /InputPath/);
    await bad({ Input: "{}", InputPath: "$.detail" }, /Only one of/);
    await bad({ InputTransformer: { InputTemplate: "\"<nobody>\"" } }, /^InputTemplate for target b contains invalid placeholder nobody\.$/);
});

test("rate(5 minutes) fires each five minutes of the clock, with the documented event", async () => {
    const q = await queue("rate");
    const arn = await rule("rate", null, [{ Id: "q", Arn: q.arn }], { ScheduleExpression: "rate(5 minutes)" });
    await s.advance(290);
    assert.deepStrictEqual(await take(q), []);
    await s.advance(15);
    const e = JSON.parse((await bodies(q, 1))[0]);
    assert.deepStrictEqual({ ...e, id: 0, time: 0 }, { version: "0", id: 0, "detail-type": "Scheduled Event", source: "aws.events", account: "000000000000",
        time: 0, region: "us-east-1", resources: [arn], detail: {} });
    await s.advance(900);
    const times = (await bodies(q, 3)).map((b) => Date.parse(JSON.parse(b).time)).sort();
    assert.deepStrictEqual(times.map((t) => t - Date.parse(e.time)), [300000, 600000, 900000]);
    await eb.send(new DisableRuleCommand({ Name: "rate" }));
    await s.advance(600);
    await eb.send(new EnableRuleCommand({ Name: "rate" }));
    await s.advance(301);
    await bodies(q, 1);
    await eb.send(new DisableRuleCommand({ Name: "rate" }));
});

test("a cron expression fires at its minute; a wrong one is refused", async () => {
    const q = await queue("cron");
    await rule("cron", null, [{ Id: "q", Arn: q.arn }], { ScheduleExpression: "cron(30 * ? * * *)" });
    await s.advance(3600);
    const [e] = await bodies(q, 1);
    assert.match(JSON.parse(e).time, /:30:00Z$/);
    await eb.send(new DisableRuleCommand({ Name: "cron" }));
    for (const ScheduleExpression of ["cron(0 10 * * *)", "cron(0 10 * * * *)", "cron(61 10 * * ? *)", "rate(1 minutes)", "rate(0 minutes)", "at(2026-01-01T00:00:00)"])
        await refuses(eb.send(new PutRuleCommand({ Name: "bad", ScheduleExpression })), "ValidationException", /Parameter ScheduleExpression is not valid/);
});

test("a custom event reaches a topic and its subscriber", async () => {
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "deploys" })), q = await queue("deploys");
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: q.arn, Attributes: { RawMessageDelivery: "true" } }));
    await rule("deploys", { source: ["my.ecs"], "detail-type": ["ECS Task State Change"], detail: { lastStatus: ["STOPPED"] } }, [{ Id: "t", Arn: TopicArn }]);
    await put("my.ecs", "ECS Task State Change", { lastStatus: "RUNNING" });
    await put("my.ecs", "ECS Task State Change", { lastStatus: "STOPPED" });
    assert.strictEqual(JSON.parse((await bodies(q, 1))[0]).detail.lastStatus, "STOPPED");
});

test("what a target refuses goes to its dead-letter queue at once, with AWS's attributes", async () => {
    const gone = await queue("gone"), dead = await queue("dead"), good = await queue("good");
    const arn = await rule("dead", { source: ["dead"] }, [
        { Id: "gone", Arn: gone.arn, DeadLetterConfig: { Arn: dead.arn } }, { Id: "good", Arn: good.arn },
        { Id: "role", Arn: good.arn, RoleArn: "arn:aws:iam::000000000000:role/nobody", DeadLetterConfig: { Arn: dead.arn } }]);
    await sqs.send(new DeleteQueueCommand({ QueueUrl: gone.url }));
    await put("dead", "x", { n: 1 });
    await bodies(good, 1);
    const got = [];
    await until("two dead letters", async () => { got.push(...await take(dead)); return got.length === 2; });
    const by = (code) => got.find((m) => m.MessageAttributes.ERROR_CODE.StringValue === code);
    const a = by("NO_RESOURCE");
    assert.strictEqual(JSON.parse(a.Body).detail.n, 1);
    assert.strictEqual(a.MessageAttributes.RULE_ARN.StringValue, arn);
    assert.strictEqual(a.MessageAttributes.TARGET_ARN.StringValue, gone.arn);
    assert.match(a.MessageAttributes.ERROR_MESSAGE.StringValue, /queue/i);
    assert.strictEqual(by("NO_PERMISSIONS").MessageAttributes.TARGET_ARN.StringValue, good.arn);
});

// The forms in which a rule says what it demands: each is found by an event that it matches, and once.
test("rules are found by whatever they say of sources and detail-types", async () => {
    const q = await queue("demands");
    const many = Array.from({ length: 40 }, (_, i) => `s${i}`);
    const patterns = {
        both: { source: ["demand", "elsewhere"], "detail-type": ["Order", "Order", "Bill"] },
        source: { source: ["demand"], detail: { n: [{ exists: true }] } },
        type: { "detail-type": ["Order"] },
        neither: { detail: { n: [1] } },
        prefix: { source: [{ prefix: "dem" }], "detail-type": ["Order"] },
        mixed: { source: ["x", { suffix: "and" }], "detail-type": [{ "anything-but": "Bill" }] },
        or: { $or: [{ source: ["demand"] }, { source: ["elsewhere"] }], "detail-type": ["Order"] },
        many: { source: [...many, "demand"], "detail-type": [...many, "Order"] },
        "many-of-both": { source: [...many.slice(0, 9), "demand"], "detail-type": [...many.slice(0, 9), "Order"] },
        "other-source": { source: ["elsewhere"], "detail-type": ["Order"] },
        "other-type": { source: ["demand"], "detail-type": ["Bill"] },
    };
    for (const [name, pattern] of Object.entries(patterns)) await rule(`demand-${name}`, pattern, [{ Id: "q", Arn: q.arn, Input: `"${name}"` }]);
    await put("demand", "Order", { n: 1 });
    const matching = Object.keys(patterns).filter((n) => !n.startsWith("other-"));
    assert.deepStrictEqual((await bodies(q, matching.length)).map((b) => JSON.parse(b)).sort(), matching.sort());
    await eb.send(new PutRuleCommand({ Name: "demand-type", EventPattern: JSON.stringify({ "detail-type": ["Bill"] }) }));
    await eb.send(new DisableRuleCommand({ Name: "demand-neither" }));
    await put("demand", "Order", { n: 1 });
    const left = matching.filter((n) => n !== "type" && n !== "neither");
    assert.deepStrictEqual((await bodies(q, left.length)).map((b) => JSON.parse(b)).sort(), left);
    for (const name of Object.keys(patterns)) await eb.send(new DisableRuleCommand({ Name: `demand-${name}` }));
});


test("a change that no rule waits for is one write transaction; what many cause is delivered in rounds", async () => {
    const ssm = s.client(SSMClient), q = await queue("rounds");
    const put = async (n) => {
        const before = [await s.metric("slipway_store_turns_total"), await s.metric("slipway_engine_event_rounds_total"), await s.metric("slipway_engine_events_total")];
        await Promise.all(Array.from({ length: n }, (_, i) => ssm.send(new PutParameterCommand({ Name: `/rounds/${i}`, Type: "String", Value: "x", Overwrite: true }))));
        await until("nothing is due", async () => await s.metric("slipway_engine_events_due") + await s.metric("slipway_engine_items_due") === 0);
        return [await s.metric("slipway_store_turns_total") - before[0], await s.metric("slipway_engine_event_rounds_total") - before[1], await s.metric("slipway_engine_events_total") - before[2]];
    };
    const [quiet, ...none] = await put(40);
    assert.ok(quiet < 50, `${quiet} turns`);
    assert.deepStrictEqual(none, [0, 0]);
    await rule("rounds", { source: ["aws.ssm"] }, [{ Id: "q", Arn: q.arn }]);
    const [turns, rounds, events] = await put(40);
    assert.strictEqual(events, 40);
    assert.ok(rounds < 40, `${rounds} rounds`);
    assert.ok(turns < 40 + 2 * 40, `${turns} turns`);
    let got = 0;
    await until("all are told", async () => { got += (await take(q)).length; return got === 40; });
    await eb.send(new DisableRuleCommand({ Name: "rounds" }));
});

test("a rule's pattern is parsed for its first event, and for no other", async () => {
    const q = await queue("parsed");
    for (let i = 0; i < 20; i++) await rule(`parsed-${i}`, { source: ["parsed"], detail: { n: [i] } }, i ? undefined : [{ Id: "q", Arn: q.arn }]);
    await put("parsed", "Order", { n: 0 });
    await bodies(q, 1);
    const before = [await s.metric("slipway_parsed_texts_total"), await s.metric("slipway_parsed_found_total")];
    await put("parsed", "Order", { n: 0 });
    await bodies(q, 1);
    assert.strictEqual(await s.metric("slipway_parsed_texts_total"), before[0]);
    assert.ok(await s.metric("slipway_parsed_found_total") >= before[1] + 20);
});

test("a disabled rule is silent until it is enabled", async () => {
    const q = await queue("disabled"), witness = await queue("witness");
    await rule("witness", { source: ["quiet"] }, [{ Id: "q", Arn: witness.arn }]);
    await rule("disabled", { source: ["quiet"] }, [{ Id: "q", Arn: q.arn }], { State: "DISABLED" });
    await put("quiet", "x", { n: 1 });
    await bodies(witness, 1);
    await eb.send(new EnableRuleCommand({ Name: "disabled" }));
    assert.strictEqual((await eb.send(new DescribeRuleCommand({ Name: "disabled" }))).State, "ENABLED");
    await put("quiet", "x", { n: 2 });
    assert.deepStrictEqual((await bodies(q, 1)).map((b) => JSON.parse(b).detail), [{ n: 2 }]);
});

test("a custom bus has rules and events of its own", async () => {
    const q = await queue("bus");
    const { EventBusArn } = await eb.send(new CreateEventBusCommand({ Name: "orders", Description: "of orders", Tags: [{ Key: "a", Value: "1" }] }));
    assert.strictEqual(EventBusArn, "arn:aws:events:us-east-1:000000000000:event-bus/orders");
    await refuses(eb.send(new CreateEventBusCommand({ Name: "orders" })), "ResourceAlreadyExistsException", /orders/);
    await refuses(eb.send(new CreateEventBusCommand({ Name: "keys", KmsKeyIdentifier: "k" })), "ValidationException", /KmsKeyIdentifier/);
    const arn = await rule("on-bus", { source: ["bus"] }, [{ Id: "q", Arn: q.arn }], { EventBusName: "orders" });
    assert.strictEqual(arn, "arn:aws:events:us-east-1:000000000000:rule/orders/on-bus");
    await put("bus", "x", { at: "default" });
    await put("bus", "x", { at: "orders" }, { EventBusName: EventBusArn });
    assert.deepStrictEqual((await bodies(q, 1)).map((b) => JSON.parse(b).detail), [{ at: "orders" }]);
    assert.deepStrictEqual((await eb.send(new ListEventBusesCommand({}))).EventBuses.map((b) => b.Name), ["default", "orders"]);
    assert.strictEqual((await eb.send(new DescribeEventBusCommand({ Name: "orders" }))).Description, "of orders");
    assert.strictEqual((await eb.send(new DescribeEventBusCommand({}))).Name, "default");
    await refuses(eb.send(new PutRuleCommand({ Name: "x", EventBusName: "orders", ScheduleExpression: "rate(1 hour)" })), "ValidationException", /default event bus/);
    await refuses(eb.send(new PutRuleCommand({ Name: "x", EventBusName: "nobody", EventPattern: "{\"source\":[\"x\"]}" })), "ResourceNotFoundException", /nobody/);
    await refuses(eb.send(new DeleteEventBusCommand({ Name: "orders" })), "ValidationException", /rules/);
    await eb.send(new RemoveTargetsCommand({ Rule: "on-bus", EventBusName: "orders", Ids: ["q"] }));
    await eb.send(new DeleteRuleCommand({ Name: "on-bus", EventBusName: "orders" }));
    await eb.send(new DeleteEventBusCommand({ Name: "orders" }));
    await refuses(eb.send(new DescribeEventBusCommand({ Name: "orders" })), "ResourceNotFoundException");
    await refuses(eb.send(new DeleteEventBusCommand({ Name: "default" })), "ValidationException", /default/);
});

test("a template writes lists and objects, what is missing, and the event itself as AWS does", async () => {
    const q = await queue("templates");
    const InputPathsMap = { o: "$.detail.o", l: "$.detail.l", none: "$.detail.none" };
    await rule("templates", { source: ["templates"] }, [
        { Id: "text", Arn: q.arn, InputTransformer: { InputPathsMap, InputTemplate: "\"<o> <l> [<none>]\"" } },
        { Id: "json", Arn: q.arn, InputTransformer: { InputPathsMap, InputTemplate: "{\"o\":<o>,\"none\":<none>}" } },
        { Id: "event", Arn: q.arn, InputTransformer: { InputTemplate: "{\"e\":<aws.events.event>}" } }]);
    await put("templates", "kind", { o: { acc: "0a" }, l: ["x", 1] });
    const got = (await bodies(q, 3)).map((b) => JSON.parse(b)), event = got.find((b) => b.e).e;
    assert.ok(got.includes("{acc:0a} [x,1] []"), JSON.stringify(got));
    assert.deepStrictEqual(got.find((b) => b.o), { o: { acc: "0a" }, none: "" });
    assert.deepStrictEqual([event.detailType, event.source, event.detail, event["detail-type"]], ["kind", "templates", undefined, undefined]);
});

test("the default bus has a time, and a bus that is not there is told by its name", async () => {
    const described = await eb.send(new DescribeEventBusCommand({})), listed = (await eb.send(new ListEventBusesCommand({ NamePrefix: "default" }))).EventBuses[0];
    assert.ok(Math.abs(Date.now() - described.CreationTime) < 600000 && described.LastModifiedTime >= described.CreationTime);
    assert.deepStrictEqual([listed.CreationTime, listed.LastModifiedTime], [described.CreationTime, described.LastModifiedTime]);
    const ResourceARN = "arn:aws:events:us-east-1:000000000000:event-bus/nobody";
    await refuses(eb.send(new ListTagsForResourceCommand({ ResourceARN })), "ResourceNotFoundException", /^Event bus nobody does not exist\.$/);
});

test("PutEvents answers entry by entry", async () => {
    const entry = { Source: "s", DetailType: "t", Detail: "{}" };
    const r = await eb.send(new PutEventsCommand({ Entries: [entry, { ...entry, Source: "aws.ecs" }, { ...entry, Detail: "[" }, { ...entry, DetailType: undefined }, { ...entry, EventBusName: "nobody" }] }));
    assert.strictEqual(r.FailedEntryCount, 3);
    assert.match(r.Entries[0].EventId, /^[0-9a-f-]{36}$/);
    assert.deepStrictEqual(r.Entries.slice(1).map((e) => e.ErrorCode), ["NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument", undefined]);
    assert.match(r.Entries[3].ErrorMessage, /DetailType/);
    assert.match(r.Entries[4].EventId, /^[0-9a-f-]{36}$/, "a bus that is not there takes events, too");
    await refuses(eb.send(new PutEventsCommand({ Entries: Array(11).fill(entry) })), "ValidationException");
    await refuses(eb.send(new PutEventsCommand({ Entries: [{ ...entry, Detail: JSON.stringify({ x: "x".repeat(262144) }) }] })), "ValidationException", /size/);
    await refuses(eb.send(new PutEventsCommand({ Entries: [{ ...entry, TraceHeader: "Root=1" }] })), "ValidationException", /TraceHeader/);
});

test("a pattern can be tried, and a wrong one is refused", async () => {
    const event = { id: "1", account: "1", source: "s", time: "2026-01-01T00:00:00Z", region: "r", resources: [], "detail-type": "t", detail: { a: "abc" } };
    const tried = async (pattern) => (await eb.send(new TestEventPatternCommand({ EventPattern: JSON.stringify(pattern), Event: JSON.stringify(event) }))).Result;
    assert.strictEqual(await tried({ detail: { a: [{ prefix: "ab" }] } }), true);
    assert.strictEqual(await tried({ detail: { a: [{ suffix: "ab" }] } }), false);
    delete event.resources;             // which an event need not have
    assert.strictEqual(await tried({ "detail.a": ["abc"], resources: [{ exists: false }] }), true);
    for (const needed of ["id", "detail-type", "source", "account", "time", "region"]) {
        const less = { ...event };
        delete less[needed];
        await refuses(eb.send(new TestEventPatternCommand({ EventPattern: "{\"source\":[\"s\"]}", Event: JSON.stringify(less) })), "ValidationException", new RegExp(needed));
    }
    await refuses(tried({ detail: { a: [{ nonsense: 1 }] } }), "InvalidEventPatternException",
        /^Event pattern is not valid\. Reason: Unrecognized match type nonsense\n at \[Source: \(String\)"\{"detail":\{"a":\[\{"nonsense":1\}\]\}\}"; line: 1, column: 30\]$/);
    for (const operand of [5, null, true, [], {}])
        for (const condition of ["cidr", "wildcard", "equals-ignore-case", "prefix", "suffix", "exists", "numeric", "anything-but"])
            if (!(condition === "exists" && operand === true) && !(condition === "anything-but" && operand === 5))
                await refuses(tried({ detail: { ip: [{ [condition]: operand }] } }), "InvalidEventPatternException");
    await refuses(eb.send(new PutRuleCommand({ Name: "x", EventPattern: "{\"source\":\"s\"}" })), "InvalidEventPatternException", /source/);
    await refuses(eb.send(new PutRuleCommand({ Name: "x" })), "ValidationException", /EventPattern or ScheduleExpression/);
});

test("rules and targets are listed in pages, changed, found by target, tagged and deleted", async () => {
    const q = await queue("listed");
    for (const n of [1, 2, 3]) await rule(`listed-${n}`, { source: ["l"] }, [{ Id: "a", Arn: q.arn }, { Id: "b", Arn: q.arn }]);
    const first = await eb.send(new ListRulesCommand({ NamePrefix: "listed-", Limit: 2 }));
    const second = await eb.send(new ListRulesCommand({ NamePrefix: "listed-", Limit: 2, NextToken: first.NextToken }));
    assert.deepStrictEqual([...first.Rules, ...second.Rules].map((r) => r.Name), ["listed-1", "listed-2", "listed-3"]);
    assert.strictEqual(second.NextToken, undefined);
    const names = await eb.send(new ListRuleNamesByTargetCommand({ TargetArn: q.arn, Limit: 2 }));
    const rest = await eb.send(new ListRuleNamesByTargetCommand({ TargetArn: q.arn, Limit: 2, NextToken: names.NextToken }));
    assert.deepStrictEqual([names.RuleNames, rest.RuleNames], [["listed-1", "listed-2"], ["listed-3"]]);
    const one = await eb.send(new ListTargetsByRuleCommand({ Rule: "listed-1", Limit: 1 }));
    const two = await eb.send(new ListTargetsByRuleCommand({ Rule: "listed-1", Limit: 1, NextToken: one.NextToken }));
    assert.deepStrictEqual([one.Targets, two.Targets, two.NextToken], [[{ Id: "a", Arn: q.arn }], [{ Id: "b", Arn: q.arn }], undefined]);
    const arn = await rule("listed-1", { source: ["m"] }, null, { Description: "changed" });
    assert.strictEqual((await eb.send(new ListTargetsByRuleCommand({ Rule: "listed-1" }))).Targets.length, 2);
    await eb.send(new TagResourceCommand({ ResourceARN: arn, Tags: [{ Key: "a", Value: "1" }, { Key: "b", Value: "2" }] }));
    await eb.send(new UntagResourceCommand({ ResourceARN: arn, TagKeys: ["a"] }));
    assert.deepStrictEqual((await eb.send(new ListTagsForResourceCommand({ ResourceARN: arn }))).Tags, [{ Key: "b", Value: "2" }]);
    const other = arn.replace("rule/", "rule/default/"); // a rule has one ARN: IAM would be asked about another thing
    await refuses(eb.send(new TagResourceCommand({ ResourceARN: other, Tags: [{ Key: "c", Value: "3" }] })), "ResourceNotFoundException");
    await refuses(eb.send(new ListTagsForResourceCommand({ ResourceARN: other })), "ResourceNotFoundException");
    await refuses(eb.send(new DeleteRuleCommand({ Name: "listed-1" })), "ValidationException", /Rule can't be deleted since it has targets/);
    const removed = await eb.send(new RemoveTargetsCommand({ Rule: "listed-1", Ids: ["a", "b", "c"] }));
    assert.deepStrictEqual([removed.FailedEntryCount, removed.FailedEntries[0].TargetId], [1, "c"]);
    await eb.send(new DeleteRuleCommand({ Name: "listed-1" }));
    await refuses(eb.send(new DescribeRuleCommand({ Name: "listed-1" })), "ResourceNotFoundException", /Rule listed-1 does not exist on EventBus default/);
});

test("what cannot be done is refused by name", async () => {
    const q = await queue("refused");
    await rule("refused", { source: ["r"] });
    const bad = (target, message) => refuses(eb.send(new PutTargetsCommand({ Rule: "refused", Targets: [{ Id: "b", Arn: q.arn, ...target }] })), "ValidationException", message);
    await bad({ SqsParameters: { MessageGroupId: "g" } }, /SqsParameters\.MessageGroupId: is for FIFO queues/);
    await bad({ KinesisParameters: { PartitionKeyPath: "$.x" } }, /KinesisParameters/);
    await bad({ EcsParameters: { TaskDefinitionArn: "arn:aws:ecs:us-east-1:000000000000:task-definition/x" } }, /EcsParameters/);
    await bad({ HttpParameters: { PathParameterValues: ["x"] } }, /HttpParameters/);
    await bad({ BatchParameters: { JobDefinition: "d", JobName: "n" } }, /BatchParameters/);
    await bad({ RunCommandParameters: { RunCommandTargets: [{ Key: "k", Values: ["v"] }] } }, /RunCommandParameters/);
    await bad({ Arn: "arn:aws:lambda:us-east-1:000000000000:function:f" }, /Arn/);
    await bad({ Arn: "nonsense" }, /Provided Arn is not in correct format/);
    await bad({ Arn: "arn:aws:sqs:eu-west-1:000000000000:q" }, /region/);
    await bad({ DeadLetterConfig: { Arn: "arn:aws:sns:us-east-1:000000000000:t" } }, /DeadLetterConfig/);
    await refuses(eb.send(new PutTargetsCommand({ Rule: "refused", Targets: [1, 2, 3, 4, 5, 6].map((n) => ({ Id: String(n), Arn: q.arn })) })), "LimitExceededException");
    await refuses(eb.send(new PutRuleCommand({ Name: "x", EventPattern: "{\"source\":[\"x\"]}", State: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" })), "ValidationException", /State/);
    await assert.rejects(eb.send(new CreateArchiveCommand({ ArchiveName: "a", EventSourceArn: "arn:aws:events:us-east-1:000000000000:event-bus/default" })));
});

test("rules, their targets and their next time survive a restart", async (t) => {
    const own = await start(t, { ephemeral: false });
    const client = own.client(EventBridgeClient), from = own.client(SQSClient), q = await queues(from).queue("kept");
    await client.send(new PutRuleCommand({ Name: "kept", ScheduleExpression: "rate(1 hour)", EventPattern: JSON.stringify({ source: ["kept"] }) }));
    await client.send(new PutTargetsCommand({ Rule: "kept", Targets: [{ Id: "q", Arn: q.arn }] }));
    await own.advance(1800);
    await own.restart();
    const again = own.client(EventBridgeClient);
    await again.send(new PutEventsCommand({ Entries: [{ Source: "kept", DetailType: "x", Detail: "{}" }] }));
    assert.strictEqual(JSON.parse((await bodies(q, 1, from))[0]).source, "kept");
    await own.advance(1810);
    assert.strictEqual(JSON.parse((await bodies(q, 1, from))[0]).source, "aws.events");
});

test("the AWS CLI puts a rule, a target and an event", async () => {
    const q = await queue("cli");
    await s.aws("events", "put-rule", "--name", "cli", "--event-pattern", "{\"source\":[\"cli\"]}");
    const r = await s.aws("events", "put-targets", "--rule", "cli", "--targets", `Id=q,Arn=${q.arn}`);
    assert.deepStrictEqual(r, { FailedEntryCount: 0, FailedEntries: [] });
    await s.aws("events", "put-events", "--entries", "[{\"Source\":\"cli\",\"DetailType\":\"t\",\"Detail\":\"{\\\"a\\\":1}\"}]");
    assert.deepStrictEqual(JSON.parse((await bodies(q, 1))[0]).detail, { a: 1 });
});
