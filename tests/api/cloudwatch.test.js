// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const { CloudWatchClient, PutMetricDataCommand, GetMetricStatisticsCommand, ListMetricsCommand, PutMetricAlarmCommand, GetMetricDataCommand, TagResourceCommand, UntagResourceCommand,
        ListTagsForResourceCommand,
        DescribeAlarmsCommand, DescribeAlarmsForMetricCommand, DescribeAlarmHistoryCommand, DeleteAlarmsCommand, SetAlarmStateCommand,
        DisableAlarmActionsCommand, EnableAlarmActionsCommand } = require("@aws-sdk/client-cloudwatch");
const { SNSClient, CreateTopicCommand, SubscribeCommand } = require("@aws-sdk/client-sns");
const { SQSClient, CreateQueueCommand, ReceiveMessageCommand } = require("@aws-sdk/client-sqs");
const { serve, later } = require("../lib/file");
const { start, until, refuses, run } = require("../lib/slipway");

const s = serve({ stepped: true }), cw = later(s, CloudWatchClient);

const put = (Namespace, ...MetricData) => cw.send(new PutMetricDataCommand({ Namespace, MetricData }));
const alarm = async (name) => (await cw.send(new DescribeAlarmsCommand({ AlarmNames: [name] }))).MetricAlarms[0];
const becomes = (name, state) => until(`${name} ${state}`, async () => { const a = await alarm(name); return a.StateValue === state && a; }, { seconds: 10 });
const errors = { Namespace: "App", MetricName: "Errors", Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 1,
                 ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "notBreaching" };

test("an alarm's history begins with its creation, however soon it is first looked at", async (t) => {
    await s.clock("PUT", "", { mode: "real" });           // a stepped one stands still in between
    t.after(() => s.clock("PUT", "", { mode: "stepped" }));
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "early", ...errors, TreatMissingData: "notBreaching" }));
    await becomes("early", "OK");
    const { AlarmHistoryItems } = await cw.send(new DescribeAlarmHistoryCommand({ AlarmName: "early", ScanBy: "TimestampAscending" }));
    assert.deepStrictEqual(AlarmHistoryItems.map((i) => i.HistoryItemType), ["ConfigurationUpdate", "StateUpdate"]);
    await cw.send(new DeleteAlarmsCommand({ AlarmNames: ["early"] }));
});

test("names hold no control characters, dimensions ASCII alone", async () => {
    const invalid = (promise, why) => refuses(promise, "InvalidParameterValueException", why), wrong = (promise, why) => refuses(promise, "ValidationError", why);
    const set = (more) => cw.send(new PutMetricAlarmCommand({ AlarmName: "text", ...errors, ...more }));
    const one = (Dimensions) => [{ Id: "m", MetricStat: { Metric: { Namespace: "n", MetricName: "m", Dimensions }, Period: 60, Stat: "Sum" } }];
    for (const c of ["\n", "\t", "\x01", "\x7f"]) {
        await wrong(set({ AlarmName: `a${c}b` }), /AlarmName must not contain ASCII control characters/);
        if (c === "\n") continue; // a line's end does not match the model's pattern
        await wrong(set({ Namespace: `a${c}b` }), /Namespace must not contain ASCII control characters/);
        await invalid(put(`a${c}b`, { MetricName: "m", Value: 1 }), /Namespace must not contain ASCII control characters/);
    }
    const dimensions = [[{ Name: "a\nb", Value: "x" }, /Dimensions\.member\.1\.Name must not contain ASCII control/], [{ Name: "a", Value: "x\x7f" }, /member\.1\.Value must not contain ASCII control/],
        [{ Name: "a", Value: "é" }, /Value must contain only ASCII/], [{ Name: " ", Value: "x" }, /Name must contain at least one non-whitespace/], [{ Name: ":a", Value: "x" }, /Name must not begin with a colon/]];
    const { Namespace, MetricName, Statistic, Period, ...rest } = errors;
    for (const [d, why] of dimensions) {
        await wrong(set({ Dimensions: [d] }), why);
        await wrong(cw.send(new PutMetricAlarmCommand({ AlarmName: "text", ...rest, Metrics: one([d]) })), why);
        await invalid(put("App", { MetricName: "m", Value: 1, Dimensions: [d] }), why);
    }
    await set({ AlarmName: "grün" });
    assert.strictEqual((await alarm("grün")).AlarmName, "grün");
    await cw.send(new DeleteAlarmsCommand({ AlarmNames: ["grün"] }));
});

test("statistics of a minute come from values, counts and statistic sets", async () => {
    const at = await s.nextMinute();
    const d = { MetricName: "Latency", Timestamp: at, Unit: "Milliseconds", Dimensions: [{ Name: "b", Value: "2" }, { Name: "a", Value: "1" }] };
    await put("Stats", { ...d, Value: 1 }, { ...d, Values: [2, 10], Counts: [3, 1] });
    const ask = (extra) => cw.send(new GetMetricStatisticsCommand({ Namespace: "Stats", MetricName: "Latency", StartTime: at, EndTime: new Date(at.getTime() + 300000),
        Period: 60, Dimensions: [{ Name: "a", Value: "1" }, { Name: "b", Value: "2" }], ...extra }));
    const all = await ask({ Statistics: ["Sum", "Average", "Minimum", "Maximum", "SampleCount"] });
    assert.strictEqual(all.Label, "Latency");
    assert.deepStrictEqual(all.Datapoints, [{ Timestamp: at, Sum: 17, Average: 3.4, Minimum: 1, Maximum: 10, SampleCount: 5, Unit: "Milliseconds" }]);
    const [p] = (await ask({ ExtendedStatistics: ["p50", "p99.9"] })).Datapoints;
    assert.deepStrictEqual(p.ExtendedStatistics, { p50: 2, "p99.9": 10 });
    await put("Stats", { ...d, StatisticValues: { SampleCount: 2, Sum: 30, Minimum: 10, Maximum: 20 } });
    const [more] = (await ask({ Statistics: ["Sum", "Maximum", "SampleCount"] })).Datapoints;
    assert.deepStrictEqual([more.Sum, more.Maximum, more.SampleCount], [47, 20, 7]);
    assert.deepStrictEqual((await ask({ Statistics: ["Sum"], Unit: "Seconds" })).Datapoints, []);
});

test("periods longer than a minute join minutes from the start that was asked for", async () => {
    const at = await s.nextMinute();
    for (let i = 0; i < 4; i++) await put("Long", { MetricName: "N", Value: i + 1, Timestamp: new Date(at.getTime() - i * 60000) });
    const { Datapoints } = await cw.send(new GetMetricStatisticsCommand({ Namespace: "Long", MetricName: "N", Period: 120, Statistics: ["Sum"],
        StartTime: new Date(at.getTime() - 180000), EndTime: new Date(at.getTime() + 60000) }));
    assert.deepStrictEqual(Datapoints.map((d) => [d.Timestamp.getTime() - at.getTime(), d.Sum]), [[-180000, 7], [-60000, 3]]);
});

test("high resolution keeps seconds", async () => {
    const at = await s.nextMinute();
    for (const i of [0, 1, 5]) await put("Fast", { MetricName: "N", Value: 1, StorageResolution: 1, Timestamp: new Date(at.getTime() + i * 1000) });
    const ask = async (Period) => (await cw.send(new GetMetricStatisticsCommand({ Namespace: "Fast", MetricName: "N", Period, Statistics: ["Sum"],
        StartTime: at, EndTime: new Date(at.getTime() + 60000) }))).Datapoints.map((d) => d.Sum);
    assert.deepStrictEqual(await ask(1), [1, 1, 1]);
    assert.deepStrictEqual(await ask(5), [2, 1]);
    assert.deepStrictEqual(await ask(60), [3]);
});

test("many metrics are read at once, in either order and page by page", async () => {
    const at = await s.nextMinute();
    for (let i = 1; i <= 3; i++) await put("Data", { MetricName: "A", Value: i, Timestamp: new Date(at.getTime() - i * 60000) },
        { MetricName: "B", Values: [1, 9], Timestamp: new Date(at.getTime() - i * 60000) });
    const stat = (MetricName, Stat) => ({ Metric: { Namespace: "Data", MetricName }, Period: 60, Stat });
    const MetricDataQueries = [{ Id: "a", MetricStat: stat("A", "Sum") }, { Id: "b", Label: "ninth", MetricStat: stat("B", "p90") },
        { Id: "hidden", MetricStat: stat("A", "Maximum"), ReturnData: false }, { Id: "none", MetricStat: stat("C", "Sum") }];
    const get = (q) => cw.send(new GetMetricDataCommand({ StartTime: new Date(at.getTime() - 600000), EndTime: at, MetricDataQueries, ...q }));
    const all = (await get({ ScanBy: "TimestampAscending" })).MetricDataResults;
    assert.deepStrictEqual(all.map((r) => [r.Id, r.Label, r.Values, r.StatusCode]), [["a", "A Sum", [3, 2, 1], "Complete"], ["b", "ninth", [9, 9, 9], "Complete"], ["none", "C", [], "Complete"]]);
    assert.deepStrictEqual((await get({})).MetricDataResults[0].Timestamps.map((t) => (at - t) / 60000), [1, 2, 3]);
    const seen = [];
    let NextToken, pages = 0;
    do {
        const page = await get({ MaxDatapoints: 4, NextToken });
        seen.push(...page.MetricDataResults.flatMap((r) => r.Values.map((v) => `${r.Id}${v}`)));
        NextToken = page.NextToken;
        pages++;
    } while (NextToken);
    assert.deepStrictEqual([pages, seen], [2, ["a1", "a2", "a3", "b9", "b9", "b9"]]);
    await refuses(get({ MetricDataQueries: [{ Id: "e", Expression: "a*2" }] }), "ValidationError", /No query has the id a/);
    await refuses(get({ MetricDataQueries: [{ Id: "Upper", MetricStat: stat("A", "Sum") }] }), "ValidationError", /lower-case/);
    await refuses(get({ MetricDataQueries: [MetricDataQueries[0], MetricDataQueries[0]] }), "ValidationError", /not unique/);
    await refuses(get({ MetricDataQueries: [{ Id: "a", MetricStat: stat("A", "tm90") }] }), "ValidationError", /Stat/);
});

test("a label without a name of its own tells queries of one metric apart", async () => {
    const at = await s.nextMinute();
    await put("Labels", { MetricName: "M", Value: 1, Timestamp: at }, { MetricName: "N", Value: 1, Timestamp: at });
    const labels = async (...of) => (await cw.send(new GetMetricDataCommand({ StartTime: at, EndTime: new Date(at.getTime() + 3600000),
        MetricDataQueries: of.map(([MetricName, Stat, Period, Label], i) => ({ Id: `q${i}`, Label, MetricStat: { Metric: { Namespace: "Labels", MetricName }, Stat, Period } })) })))
        .MetricDataResults.map((r) => r.Label);
    assert.deepStrictEqual(await labels(["M", "Sum", 60], ["N", "Sum", 60]), ["M", "N"]);
    assert.deepStrictEqual(await labels(["M", "Sum", 60], ["M", "Average", 60], ["N", "Sum", 60]), ["M Sum", "M Average", "N"]);
    assert.deepStrictEqual(await labels(["M", "Sum", 60], ["M", "Sum", 120], ["M", "Average", 60, "own"]), ["M Sum 60", "M Sum 120", "own"]);
    await refuses(cw.send(new GetMetricDataCommand({ StartTime: at, EndTime: new Date(at.getTime() + 60000), MetricDataQueries: [{ Id: "q", Expression: "SELECT AVG(M) FROM Labels", Period: 60 }] })),
        "ValidationError", /^Expression: Metrics Insights/);
});

test("values and a statistic set of one datum both count", async () => {
    const at = await s.nextMinute();
    await put("Both", { MetricName: "M", Timestamp: at, Values: [1, 2], StatisticValues: { SampleCount: 2, Sum: 30, Minimum: 10, Maximum: 20 } });
    const ask = (EndTime) => cw.send(new GetMetricStatisticsCommand({ Namespace: "Both", MetricName: "M", StartTime: at, EndTime, Period: 60, Statistics: ["Sum", "SampleCount", "Minimum", "Maximum"] }));
    const [{ Sum, SampleCount, Minimum, Maximum }] = (await ask(new Date(at.getTime() + 60000))).Datapoints;
    assert.deepStrictEqual([Sum, SampleCount, Minimum, Maximum], [33, 4, 1, 20]);
    await refuses(ask(at), "InvalidParameterValueException", /StartTime must be less than/);
});

test("the data of a reason has every datapoint that was judged, also those that were missing", async () => {
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "judged", ...errors, MetricName: "Judged", TreatMissingData: "breaching", EvaluationPeriods: 2 }));
    const at = await s.nextMinute();
    await s.advance(10);
    const a = await becomes("judged", "ALARM"), { evaluatedDatapoints, recentDatapoints, startDate } = JSON.parse(a.StateReasonData);
    assert.deepStrictEqual([recentDatapoints, startDate, evaluatedDatapoints.map((d) => Object.keys(d))], [[], undefined, [["timestamp"], ["timestamp"]]]);
    assert.ok(new Date(evaluatedDatapoints[0].timestamp) - new Date(evaluatedDatapoints[1].timestamp) === 60000 && new Date(evaluatedDatapoints[0].timestamp) < at);
});

test("metrics are listed by namespace, name and dimensions", async () => {
    await put("List/A", { MetricName: "One", Value: 1, Dimensions: [{ Name: "Host", Value: "x" }] }, { MetricName: "One", Value: 1, Dimensions: [{ Name: "Host", Value: "y" }] },
        { MetricName: "Two", Value: 1 });
    const list = async (q) => (await cw.send(new ListMetricsCommand({ Namespace: "List/A", ...q }))).Metrics.map((m) => [m.MetricName, ...m.Dimensions.map((d) => d.Value)].join(" ")).sort();
    assert.deepStrictEqual(await list({}), ["One x", "One y", "Two"]);
    assert.deepStrictEqual(await list({ MetricName: "One" }), ["One x", "One y"]);
    assert.deepStrictEqual(await list({ Dimensions: [{ Name: "Host" }] }), ["One x", "One y"]);
    assert.deepStrictEqual(await list({ Dimensions: [{ Name: "Host", Value: "y" }] }), ["One y"]);
    await s.advance(4 * 3600);
    assert.deepStrictEqual(await list({ RecentlyActive: "PT3H" }), []);
    assert.strictEqual((await list({})).length, 3);
});

test("values that AWS refuses are refused in its words", async () => {
    const now = await s.advance(1);
    await refuses(put("AWS/ECS", { MetricName: "x", Value: 1 }), "InvalidParameterValueException", /The value AWS\/ for parameter Namespace is invalid/);
    await refuses(put("V", { MetricName: "x" }), "MissingRequiredParameterException", /MetricData.member.1.Value is required/);
    await refuses(put("V", { MetricName: "x", Value: 1, Values: [1] }), "InvalidParameterCombinationException", /mutually exclusive/);
    await refuses(put("V", { MetricName: "x", Value: 1, Timestamp: new Date(now.getTime() - 15 * 86400e3) }), "InvalidParameterValueException", /two weeks in the past/);
    await refuses(put("V", { MetricName: "x", Value: 1, Timestamp: new Date(now.getTime() + 3 * 3600e3) }), "InvalidParameterValueException", /two hours in the future/);
    await refuses(put("V", { MetricName: "x", Value: 1, StorageResolution: 7 }), "InvalidParameterValueException");
    await refuses(cw.send(new GetMetricStatisticsCommand({ Namespace: "V", MetricName: "x", Period: 60, Statistics: ["Sum"], StartTime: new Date(0), EndTime: now })),
        "InvalidParameterCombinationException", /exceeds the limit of 1,?440/);
});

test("an alarm goes to ALARM by its metric and back to OK, with AWS's reason, history and event data", async () => {
    await s.nextMinute();
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "errors", ...errors }));
    assert.strictEqual((await alarm("errors")).AlarmArn, "arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors");
    await becomes("errors", "OK");
    const at = await s.advance(1);
    await put("App", { MetricName: "Errors", Value: 5 });
    await s.advance(63);
    const a = await becomes("errors", "ALARM");
    const start = new Date(Math.floor(at.getTime() / 60000) * 60000).toISOString();
    const [y, mo, d] = start.slice(2, 10).split("-");
    assert.strictEqual(a.StateReason, `Threshold Crossed: 1 datapoint [5.0 (${d}/${mo}/${y} ${start.slice(11, 19)})] was greater than the threshold (1.0).`);
    const data = JSON.parse(a.StateReasonData);
    assert.deepStrictEqual([data.version, data.statistic, data.period, data.recentDatapoints, data.threshold], ["1.0", "Sum", 60, [5], 1]);
    await s.advance(300);
    await becomes("errors", "OK");
    const items = async (q) => (await cw.send(new DescribeAlarmHistoryCommand({ AlarmName: "errors", ScanBy: "TimestampAscending", ...q }))).AlarmHistoryItems;
    assert.deepStrictEqual((await items({})).map((i) => i.HistorySummary), ['Alarm "errors" created', "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM", "Alarm updated from ALARM to OK"]);
    const [first] = await items({ HistoryItemType: "StateUpdate", MaxRecords: 1 });
    assert.strictEqual(JSON.parse(first.HistoryData).newState.stateValue, "OK");
});

test("a jump of the clock makes up every evaluation that fell into it", async () => {
    await s.nextMinute();
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "jump", ...errors, MetricName: "Jump" }));
    await becomes("jump", "OK");
    const now = await s.advance(1);
    await put("App", { MetricName: "Jump", Value: 9, Timestamp: new Date(now.getTime() + 30 * 60000) });
    await s.advance(2 * 3600);
    const items = await until("history", async () => {
        const { AlarmHistoryItems } = await cw.send(new DescribeAlarmHistoryCommand({ AlarmName: "jump", HistoryItemType: "StateUpdate" }));
        return AlarmHistoryItems.length === 3 && AlarmHistoryItems;
    }, { seconds: 10 });
    const [ok, alarmed] = items;
    assert.strictEqual(ok.HistorySummary, "Alarm updated from ALARM to OK");
    assert.ok(Math.abs(alarmed.Timestamp - now - 31 * 60000) < 65000, "in the minute after the datapoint");
});

test("M out of N datapoints decide", async () => {
    await s.nextMinute();
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "mn", ...errors, MetricName: "MN", EvaluationPeriods: 3, DatapointsToAlarm: 2, TreatMissingData: "missing" }));
    const at = await s.advance(180.5);
    /* in one request: an alarm is looked at at any time, and would see some of them */
    await put("App", ...[[3, 5], [2, 0], [1, 7]].map(([i, Value]) => ({ MetricName: "MN", Value, Timestamp: new Date(at.getTime() - i * 60000) })));
    await s.advance(3);
    const a = await becomes("mn", "ALARM");
    assert.match(a.StateReason, /^Threshold Crossed: 2 out of the last 3 datapoints \[7\.0 \(.*\), 0\.0 \(.*\), 5\.0 \(.*\)\] were greater than the threshold \(1\.0\) \(minimum 2 datapoints for OK -> ALARM transition\)\.$/);
    await s.advance(900);
    assert.match((await becomes("mn", "INSUFFICIENT_DATA")).StateReason, /^Insufficient Data: 3 datapoints were unknown\.$/);
});

test("an alarm's state can be set, and its actions switched", async () => {
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "set", ...errors, MetricName: "Set", TreatMissingData: "ignore" }));
    await cw.send(new SetAlarmStateCommand({ AlarmName: "set", StateValue: "ALARM", StateReason: "by hand" }));
    assert.strictEqual((await becomes("set", "ALARM")).StateReason, "by hand");
    await cw.send(new DisableAlarmActionsCommand({ AlarmNames: ["set"] }));
    assert.strictEqual((await alarm("set")).ActionsEnabled, false);
    await cw.send(new EnableAlarmActionsCommand({ AlarmNames: ["set"] }));
    assert.strictEqual((await alarm("set")).ActionsEnabled, true);
    await refuses(cw.send(new SetAlarmStateCommand({ AlarmName: "none", StateValue: "OK", StateReason: "x" })), "ResourceNotFound");
    await refuses(cw.send(new SetAlarmStateCommand({ AlarmName: "set", StateValue: "ODD", StateReason: "x" })), "ValidationError",
        /^1 validation error detected: Value 'ODD' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: \[INSUFFICIENT_DATA, ALARM, OK\]$/);
});

test("alarms are found by name, prefix, state and metric, page by page, and deleted", async () => {
    for (const n of [1, 2, 3]) await cw.send(new PutMetricAlarmCommand({ AlarmName: `page-${n}`, ...errors, MetricName: "Page", TreatMissingData: "ignore" }));
    const names = [];
    let NextToken;
    do {
        const page = await cw.send(new DescribeAlarmsCommand({ AlarmNamePrefix: "page-", MaxRecords: 2, NextToken }));
        names.push(...page.MetricAlarms.map((a) => a.AlarmName));
        NextToken = page.NextToken;
    } while (NextToken);
    assert.deepStrictEqual(names, ["page-1", "page-2", "page-3"]);
    const of = await cw.send(new DescribeAlarmsForMetricCommand({ Namespace: "App", MetricName: "Page" }));
    assert.strictEqual(of.MetricAlarms.length, 3);
    await cw.send(new DeleteAlarmsCommand({ AlarmNames: names }));
    assert.deepStrictEqual((await cw.send(new DescribeAlarmsCommand({ AlarmNamePrefix: "page-" }))).MetricAlarms, []);
    await cw.send(new DeleteAlarmsCommand({ AlarmNames: ["page-1"] }));        // once more: as if it were there
    const set = cw.send(new SetAlarmStateCommand({ AlarmName: "page-1", StateValue: "OK", StateReason: "r" }));
    await refuses(set, "ResourceNotFound", /^UnknownError$/);                  // the SDK's word for no message
});

test("an alarm has tags", async () => {
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "tagged", ...errors, TreatMissingData: "ignore", Tags: [{ Key: "a", Value: "1" }, { Key: "b", Value: "2" }] }));
    const ResourceARN = (await alarm("tagged")).AlarmArn;
    await cw.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: "b", Value: "3" }, { Key: "c", Value: "4" }] }));
    await cw.send(new UntagResourceCommand({ ResourceARN, TagKeys: ["a"] }));
    const { Tags } = await cw.send(new ListTagsForResourceCommand({ ResourceARN }));
    assert.deepStrictEqual(Tags, [{ Key: "b", Value: "3" }, { Key: "c", Value: "4" }]);
    assert.deepStrictEqual((await cw.send(new ListTagsForResourceCommand({ ResourceARN: ResourceARN + "x" }))).Tags, []);
    await refuses(cw.send(new TagResourceCommand({ ResourceARN: ResourceARN + "x", Tags: [{ Key: "a", Value: "1" }] })), "ResourceNotFoundException");
});

test("an alarm that cannot be evaluated or acted upon is refused", async () => {
    const bad = (x, message) => refuses(cw.send(new PutMetricAlarmCommand({ AlarmName: "bad", ...errors, ...x })), "ValidationError", message);
    await bad({ Period: 45 }, /Period must be 10, 20, 30 or a multiple of 60/);
    await bad({ DatapointsToAlarm: 2 }, /DatapointsToAlarm must be less than or equal/);
    await bad({ ExtendedStatistic: "p99" }, /Exactly one of Statistic and ExtendedStatistic/);
    await bad({ TreatMissingData: "guess" }, /TreatMissingData/);
    await bad({ AlarmActions: ["nonsense"] }, /Invalid arn syntax/);
    await bad({ AlarmActions: ["arn:aws:codepipeline:us-east-1:000000000000:p"] }, /nothing here can receive/);
    await bad({ ThresholdMetricId: "m1" }, /ThresholdMetricId/);
});

test("an alarm tells a topic, in the form that AWS documents", async () => {
    const { TopicArn } = await s.client(SNSClient).send(new CreateTopicCommand({ Name: "alarms" }));
    const sqs = s.client(SQSClient);
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "alarms" }));
    await s.client(SNSClient).send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: "arn:aws:sqs:us-east-1:000000000000:alarms" }));
    await cw.send(new PutMetricAlarmCommand({ AlarmName: "told", AlarmDescription: "d", ...errors, MetricName: "Told", TreatMissingData: "ignore", AlarmActions: [TopicArn],
        Dimensions: [{ Name: "Service", Value: "web" }] }));
    await cw.send(new SetAlarmStateCommand({ AlarmName: "told", StateValue: "ALARM", StateReason: "by hand" }));
    const [m] = await until("a message", async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages, { seconds: 10 });
    const envelope = JSON.parse(m.Body), message = JSON.parse(envelope.Message);
    assert.strictEqual(envelope.Subject, 'ALARM: "told" in US East (N. Virginia)');
    const { AlarmConfigurationUpdatedTimestamp, StateChangeTime, ...rest } = message;
    assert.match(StateChangeTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    assert.match(AlarmConfigurationUpdatedTimestamp, /\+0000$/);
    assert.deepStrictEqual(rest, { AlarmName: "told", AlarmDescription: "d", AWSAccountId: "000000000000", NewStateValue: "ALARM", NewStateReason: "by hand",
        Region: "US East (N. Virginia)", AlarmArn: "arn:aws:cloudwatch:us-east-1:000000000000:alarm:told", OldStateValue: "INSUFFICIENT_DATA",
        ActionExecutedAfterMuteWindow: false, OKActions: [], AlarmActions: [TopicArn], InsufficientDataActions: [],
        Trigger: { MetricName: "Told", Namespace: "App", StatisticType: "Statistic", Statistic: "SUM", Unit: null, Dimensions: [{ value: "web", name: "Service" }],
            Period: 60, EvaluationPeriods: 1, ComparisonOperator: "GreaterThanThreshold", Threshold: 1, TreatMissingData: "ignore", EvaluateLowSampleCountPercentile: "" } });
    const { AlarmHistoryItems } = await cw.send(new DescribeAlarmHistoryCommand({ AlarmName: "told", HistoryItemType: "Action" }));
    assert.deepStrictEqual(AlarmHistoryItems.map((i) => i.HistorySummary), [`Successfully executed action ${TopicArn}`]);
});

test("both AWS CLIs and raw CBOR speak to it", async () => {
    await s.aws("cloudwatch", "put-metric-data", "--namespace", "Cli", "--metric-name", "N", "--value", "3", "--unit", "Count");
    const debian = "/usr/bin/aws";
    if (require("node:fs").existsSync(debian))
        await run(debian, ["--endpoint-url", s.endpoint, "cloudwatch", "put-metric-data", "--namespace", "Cli", "--metric-name", "N", "--value", "4", "--unit", "Count"], { env: s.awsEnv() });
    /* {"Namespace": "Cli", "MetricData": [{"MetricName": "N", "Value": 5.0, "Unit": "Count"}]} */
    const text = (x) => Buffer.concat([Buffer.from([0x60 + x.length]), Buffer.from(x)]);
    const five = Buffer.from([0xfb, 0x40, 0x14, 0, 0, 0, 0, 0, 0]);
    const body = Buffer.concat([Buffer.from([0xa2]), text("Namespace"), text("Cli"), text("MetricData"), Buffer.from([0x81, 0xa3]), text("MetricName"), text("N"),
        text("Value"), five, text("Unit"), text("Count")]);
    const r = await fetch(`${s.endpoint}/service/GraniteServiceVersion20100801/operation/PutMetricData`, { method: "POST", body, headers: {
        "smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor", "x-amz-date": "20261121T000000Z", authorization: "AWS4-HMAC-SHA256 Credential=test/20261121/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0" } });
    assert.strictEqual(r.status, 200, await r.text());
    const now = await s.advance(0.001);
    const { Datapoints } = await s.aws("cloudwatch", "get-metric-statistics", "--namespace", "Cli", "--metric-name", "N", "--period", "3600", "--statistics", "Sum",
        "--start-time", new Date(now.getTime() - 600000).toISOString(), "--end-time", new Date(now.getTime() + 600000).toISOString());
    assert.strictEqual(Datapoints.reduce((sum, d) => sum + d.Sum, 0), require("node:fs").existsSync(debian) ? 12 : 8);
});

test("alarms and their state outlive a restart", async (t) => {
    const own = await start(t, { ephemeral: false });
    const c = own.client(CloudWatchClient);
    await c.send(new PutMetricAlarmCommand({ AlarmName: "kept", ...errors, TreatMissingData: "ignore" }));
    await c.send(new SetAlarmStateCommand({ AlarmName: "kept", StateValue: "ALARM", StateReason: "by hand" }));
    await own.restart();
    const { MetricAlarms } = await own.client(CloudWatchClient).send(new DescribeAlarmsCommand({}));
    assert.deepStrictEqual(MetricAlarms.map((a) => [a.AlarmName, a.StateValue]), [["kept", "ALARM"]]);
});
