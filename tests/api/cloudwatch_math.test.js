// SPDX-License-Identifier: Apache-2.0
// Metric math: in GetMetricData and in alarms.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const { CloudWatchClient, PutMetricDataCommand, GetMetricDataCommand, PutMetricAlarmCommand, DescribeAlarmsCommand } = require("@aws-sdk/client-cloudwatch");
const { serve, later } = require("../lib/file");
const { until, refuses } = require("../lib/slipway");

const s = serve({ stepped: true }), cw = later(s, CloudWatchClient);

const put = (...MetricData) => cw.send(new PutMetricDataCommand({ Namespace: "M", MetricData }));
const stat = (MetricName, Period = 60) => ({ Metric: { Namespace: "M", MetricName }, Period, Stat: "Sum" });
const requests = { Id: "requests", MetricStat: stat("Requests"), ReturnData: false }, errors = { Id: "errors", MetricStat: stat("Errors"), ReturnData: false };

// Requests 10 20 - 40 and Errors 1 - 3 4 in the last four minutes.
let at;
async function data() {
    if (at) return;
    at = await s.nextMinute();
    const put4 = (MetricName, values) => Promise.all(values.map((Value, i) => Value !== null &&
        put({ MetricName, Value, Timestamp: new Date(at.getTime() - (4 - i) * 60000) })));
    await put4("Requests", [10, 20, null, 40]);
    await put4("Errors", [1, null, 3, 4]);
}
async function compute(Expression, more = {}) {
    await data();
    const r = await cw.send(new GetMetricDataCommand({ StartTime: new Date(at.getTime() - 240000), EndTime: at, ScanBy: "TimestampAscending",
        MetricDataQueries: [requests, errors, { Id: "e", Expression, ...more }] }));
    return r.MetricDataResults;
}
const points = async (Expression) => {
    const [r] = await compute(Expression);
    return r.Timestamps.map((t, i) => [4 - (at - t) / 60000, r.Values[i]]);
};

test("expressions compute where there is something on both sides", async () => {
    assert.deepStrictEqual(await points("errors / requests * 100"), [[0, 10], [3, 10]]);
    assert.deepStrictEqual(await points("requests - 1"), [[0, 9], [1, 19], [3, 39]]);
    assert.deepStrictEqual(await points("-requests + 2 ^ 3"), [[0, -2], [1, -12], [3, -32]]);
    assert.deepStrictEqual(await points("requests >= 20 && requests < 40"), [[0, 0], [1, 1], [3, 0]]);
    assert.deepStrictEqual(await points("requests / 0"), []);
});

test("functions are those of the guide", async () => {
    assert.deepStrictEqual(await points("SUM([requests, errors])"), [[0, 11], [1, 20], [2, 3], [3, 44]]);
    assert.deepStrictEqual(await points("SUM(METRICS())"), [[0, 11], [1, 20], [2, 3], [3, 44]]);
    assert.deepStrictEqual(await points("AVG(METRICS('err'))"), [[0, 1], [2, 3], [3, 4]]);
    assert.deepStrictEqual(await points("MAX(METRICS()) - MIN(METRICS())"), [[0, 9], [1, 0], [2, 0], [3, 36]]);
    assert.deepStrictEqual(await points("errors + SUM(errors) * 0 + METRIC_COUNT(METRICS())"), [[0, 3], [2, 5], [3, 6]]);
    assert.deepStrictEqual(await points("FILL(errors, 0)"), [[0, 1], [1, 0], [2, 3], [3, 4]]);
    assert.deepStrictEqual(await points("FILL(errors, REPEAT)"), [[0, 1], [1, 1], [2, 3], [3, 4]]);
    assert.deepStrictEqual(await points("FILL(requests, LINEAR)"), [[0, 10], [1, 20], [2, 30], [3, 40]]);
    assert.deepStrictEqual(await points("IF(requests > 10, requests, 0)"), [[0, 0], [1, 20], [3, 40]]);
    assert.deepStrictEqual(await points("IF(requests > 10, requests)"), [[1, 20], [3, 40]]);
    assert.deepStrictEqual(await points("RATE(requests)"), [[1, 10 / 60], [3, 20 / 120]]);
    assert.deepStrictEqual(await points("DIFF(errors)"), [[2, 2], [3, 1]]);
    assert.deepStrictEqual(await points("RUNNING_SUM(errors)"), [[0, 1], [2, 4], [3, 8]]);
    assert.deepStrictEqual(await points("TIME_SERIES(LAST(requests) - FIRST(requests) + PERIOD(requests))"), [[0, 90], [1, 90], [2, 90], [3, 90]]);
    assert.deepStrictEqual(await points("ABS(1 - CEIL(errors / 2)) + FLOOR(LOG10(errors * 100))"), [[0, 2], [2, 3], [3, 3]]);
});

test("a list gives a result for each of its metrics; expressions may use expressions", async () => {
    const both = await compute("METRICS() * 2", { Label: undefined });
    assert.deepStrictEqual(both.map((r) => [r.Id, r.Label, r.Values]), [["e", "Requests", [20, 40, 80]], ["e", "Errors", [2, 6, 8]]]);
    const r = await cw.send(new GetMetricDataCommand({ StartTime: new Date(at.getTime() - 240000), EndTime: at, MetricDataQueries: [
        { Id: "twice", Expression: "once * 2", Label: "Twice" }, { Id: "once", Expression: "requests + 0", ReturnData: false }, requests] }));
    assert.deepStrictEqual(r.MetricDataResults.map((x) => [x.Label, x.Values]), [["Twice", [80, 40, 20]]]);
});

test("pages go over expressions too", async () => {
    await data();
    const seen = [];
    let NextToken;
    do {
        const r = await cw.send(new GetMetricDataCommand({ StartTime: new Date(at.getTime() - 240000), EndTime: at, MaxDatapoints: 2, NextToken, ScanBy: "TimestampAscending",
            MetricDataQueries: [requests, { Id: "e", Expression: "requests * 1" }] }));
        seen.push(...r.MetricDataResults[0].Values);
        NextToken = r.NextToken;
    } while (NextToken);
    assert.deepStrictEqual(seen, [10, 20, 40]);
});

test("an expression that cannot be computed is refused, saying why", async () => {
    const bad = (Expression, message, more) => refuses(compute(Expression, more), "ValidationError", message);
    await bad("requests +", /something is missing/);
    await bad("requests requests", /invalid syntax/);
    await bad("(requests", /'\)' expected/);
    await bad("nobody * 2", /No query has the id nobody/);
    await bad("e + 1", /refers to itself/);
    await bad("SEARCH('{M} x', 'Sum')", /SEARCH is not available/);
    await bad("ANOMALY_DETECTION_BAND(requests)", /ANOMALY_DETECTION_BAND is not available/);
    await bad("SUM(requests)", /no time series/);
    await bad("SUM(1)", /needs a metric/);
    await bad("FILL(requests, 'x')", /FILL/);
    await bad("IF(requests)", /other arguments/);
    await bad("requests", /MetricStat or an Expression/, { MetricStat: stat("Requests") });
    await bad("requests", /Period/, { Period: 300 });
    await bad("(".repeat(200) + "1" + ")".repeat(200), /too deeply nested/);
    await refuses(cw.send(new GetMetricDataCommand({ StartTime: new Date(at.getTime() - 240000), EndTime: at,
        MetricDataQueries: [requests, { Id: "slow", MetricStat: stat("Errors", 300) }, { Id: "e", Expression: "requests" }] })), "ValidationError", /one period/);
});

test("an alarm on an expression is evaluated on the clock, and shows its queries", async () => {
    await s.nextMinute();
    const Metrics = [{ Id: "rate", Expression: "failed / all * 100", Label: "Error rate", ReturnData: true },
        { Id: "failed", MetricStat: stat("Failed"), ReturnData: false }, { Id: "all", MetricStat: stat("All"), ReturnData: false }];
    const base = { AlarmName: "rate", EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "notBreaching" };
    await cw.send(new PutMetricAlarmCommand({ ...base, Metrics }));
    const look = async () => (await cw.send(new DescribeAlarmsCommand({ AlarmNames: ["rate"] }))).MetricAlarms[0];
    const becomes = (state) => until(state, async () => { const a = await look(); return a.StateValue === state && a; }, { seconds: 10 });
    await becomes("OK");
    await s.advance(1);
    await put({ MetricName: "All", Value: 50 }, { MetricName: "Failed", Value: 5 });
    await s.advance(63);
    const a = await becomes("ALARM");
    assert.match(a.StateReason, /^Threshold Crossed: 1 datapoint \[10\.0 \(.*\)\] was greater than the threshold \(5\.0\)\.$/);
    assert.deepStrictEqual(a.Metrics.map((q) => [q.Id, q.ReturnData]), [["rate", true], ["failed", false], ["all", false]]);
    assert.strictEqual(a.MetricName, undefined);
    await s.advance(300);
    await becomes("OK");
    const bad = (more, message) => refuses(cw.send(new PutMetricAlarmCommand({ ...base, AlarmName: "bad", Metrics, ...more })), "ValidationError", message);
    await bad({ MetricName: "x" }, /MetricName cannot be used with Metrics/);
    await bad({ Metrics: Metrics.slice(1) }, /Exactly one element/);
    await bad({ Metrics: [Metrics[0], { Id: "failed", MetricStat: stat("Failed") }, Metrics[2]] }, /Exactly one element/); // it returns data unless it says otherwise
    const { ReturnData, ...unsaid } = Metrics[0];
    await cw.send(new PutMetricAlarmCommand({ ...base, AlarmName: "unsaid", Metrics: [unsaid, ...Metrics.slice(1)] }));
    await bad({ Metrics: [{ ...Metrics[0], Expression: "METRICS()" }, ...Metrics.slice(1)] }, /one time series/);
    await bad({ Metrics: [{ ...Metrics[0], Expression: "nobody" }, ...Metrics.slice(1)] }, /nobody/);
});
