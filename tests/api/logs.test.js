// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand, GetLogEventsCommand, FilterLogEventsCommand,
        DescribeLogGroupsCommand, DescribeLogStreamsCommand, DeleteLogGroupCommand, DeleteLogStreamCommand, PutRetentionPolicyCommand,
        DeleteRetentionPolicyCommand, TagResourceCommand, UntagResourceCommand, ListTagsForResourceCommand, PutResourcePolicyCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { start, finish, refuses, until, run } = require("../lib/slipway");
const fs = require("node:fs");
const { spawn } = require("node:child_process");

let s, logs;
before(async () => { s = await start(null); logs = s.client(CloudWatchLogsClient); });
after(() => finish(s));

const put = (logGroupName, logStreamName, messages, at = Date.now()) => logs.send(new PutLogEventsCommand({ logGroupName, logStreamName,
    logEvents: messages.map((message, i) => ({ message, timestamp: at + i })) }));
async function group(logGroupName, streams) {
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    for (const logStreamName of streams) await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
}
const filter = async (logGroupName, q = {}) => (await logs.send(new FilterLogEventsCommand({ logGroupName, ...q }))).events.map((e) => e.message);

test("events are got forwards and backwards, and the end gives the same token again", async () => {
    await group("/get", ["s"]);
    await put("/get", "s", ["a", "b", "c", "d"]);
    const get = (q) => logs.send(new GetLogEventsCommand({ logGroupName: "/get", logStreamName: "s", ...q }));
    const first = await get({ startFromHead: true, limit: 3 });
    assert.deepStrictEqual(first.events.map((e) => e.message), ["a", "b", "c"]);
    const second = await get({ nextToken: first.nextForwardToken, startFromHead: true });
    assert.deepStrictEqual(second.events.map((e) => e.message), ["d"]);
    const end = await get({ nextToken: second.nextForwardToken, startFromHead: true });
    assert.deepStrictEqual([end.events, end.nextForwardToken], [[], second.nextForwardToken]);
    assert.deepStrictEqual((await get({ limit: 2 })).events.map((e) => e.message), ["c", "d"]);
    assert.deepStrictEqual((await get({ nextToken: second.nextBackwardToken })).events.map((e) => e.message), ["a", "b", "c"]);
});

test("events that are too old or too new are left out and reported", async () => {
    await group("/times", ["s"]);
    const now = Date.now(), day = 86400e3;
    const send = (...at) => logs.send(new PutLogEventsCommand({ logGroupName: "/times", logStreamName: "s", logEvents: at.map((timestamp) => ({ message: "m", timestamp })) }));
    assert.deepStrictEqual((await send(now - 15 * day)).rejectedLogEventsInfo, { tooOldLogEventEndIndex: 1 });
    assert.deepStrictEqual((await send(now, now + 3 * 3600e3)).rejectedLogEventsInfo, { tooNewLogEventStartIndex: 1 });
    await refuses(send(now, now - 1), "InvalidParameterException", /chronological order/);
    assert.strictEqual((await filter("/times")).length, 1);
});

test("events of all streams are filtered in order of time, by stream, prefix and time", async () => {
    await group("/filter", ["web/1", "web/2", "job"]);
    const at = Date.now() - 60000;
    await put("/filter", "web/1", ["one", "three"], at);
    await put("/filter", "web/2", ["two"], at + 1);
    await put("/filter", "job", ["four"], at + 2);
    const all = await logs.send(new FilterLogEventsCommand({ logGroupName: "/filter" }));
    assert.deepStrictEqual(all.events.map((e) => e.message), ["one", "three", "two", "four"]);
    assert.deepStrictEqual(all.events.map((e) => e.logStreamName), ["web/1", "web/1", "web/2", "job"]);
    assert.strictEqual(new Set(all.events.map((e) => e.eventId)).size, 4);
    assert.match(all.events[0].eventId, /^\d{56}$/);
    assert.deepStrictEqual(await filter("/filter", { logStreamNamePrefix: "web/" }), ["one", "three", "two"]);
    assert.deepStrictEqual(await filter("/filter", { logStreamNames: ["job", "web/2"] }), ["two", "four"]);
    assert.deepStrictEqual(await filter("/filter", { logStreamNamePrefix: "none" }), []);
    assert.deepStrictEqual(await filter("/filter", { startTime: at + 1, endTime: at + 1 }), ["three", "two"]);
    await refuses(filter("/filter", { logStreamNames: ["nobody"] }), "ResourceNotFoundException", /log stream does not exist/);
    await refuses(filter("/filter", { logStreamNames: ["job"], logStreamNamePrefix: "w" }), "InvalidParameterException");
    await refuses(filter("/nowhere"), "ResourceNotFoundException", /log group does not exist/);
});

test("filter patterns choose events, and a bad one is refused", async () => {
    await group("/pattern", ["s"]);
    await put("/pattern", "s", ["ERROR disk full", "INFO fine", '{"level":"ERROR","code":503}', "10.0.0.1 GET 404"]);
    assert.deepStrictEqual(await filter("/pattern", { filterPattern: "ERROR" }), ["ERROR disk full", '{"level":"ERROR","code":503}']);
    assert.deepStrictEqual(await filter("/pattern", { filterPattern: "ERROR -disk" }), ['{"level":"ERROR","code":503}']);
    assert.deepStrictEqual(await filter("/pattern", { filterPattern: '"disk full"' }), ["ERROR disk full"]);
    assert.deepStrictEqual(await filter("/pattern", { filterPattern: "?disk ?fine" }), ["ERROR disk full", "INFO fine"]);
    assert.deepStrictEqual(await filter("/pattern", { filterPattern: '{ $.level = "ERROR" && $.code >= 500 }' }), ['{"level":"ERROR","code":503}']);
    assert.deepStrictEqual(await filter("/pattern", { filterPattern: "[ip, verb, status = 4*]" }), ["10.0.0.1 GET 404"]);
    await refuses(filter("/pattern", { filterPattern: "{ $.level = " }), "InvalidParameterException", /Invalid filter pattern/);
});

test("filtered events come page by page, none twice and none left out", async () => {
    await group("/pages", ["a", "b"]);
    const at = Date.now() - 60000;
    await put("/pages", "a", Array.from({ length: 1500 }, (_, i) => `a ${i} ${i % 100 ? "dull" : "rare"}`), at);
    await put("/pages", "b", Array.from({ length: 1500 }, (_, i) => `b ${i}`), at);
    const seen = [];
    let nextToken;
    do {
        const page = await logs.send(new FilterLogEventsCommand({ logGroupName: "/pages", limit: 700, nextToken }));
        assert.ok(page.events.length <= 700);
        seen.push(...page.events.map((e) => e.message));
        nextToken = page.nextToken;
    } while (nextToken);
    assert.strictEqual(seen.length, 3000);
    assert.strictEqual(new Set(seen).size, 3000);
    assert.strictEqual((await filter("/pages", { filterPattern: "rare" })).length, 15);
    await refuses(filter("/pages", { nextToken: "mine" }), "InvalidParameterException");
});

// Only version 2 of the CLI has it: Debian's.
const CLI2 = "/usr/bin/aws";
test("aws logs tail shows what is there, and follows what comes", { skip: !fs.existsSync(CLI2) }, async () => {
    await group("/tail", ["s"]);
    await put("/tail", "s", ["hello tail"]);
    const tail = ["--endpoint-url", s.endpoint, "logs", "tail", "/tail"];
    assert.match((await run(CLI2, tail, { env: s.awsEnv() })).stdout, / s hello tail/);
    assert.strictEqual((await run(CLI2, [...tail, "--filter-pattern", "nobody"], { env: s.awsEnv() })).stdout, "");
    const child = spawn(CLI2, [...tail, "--follow"], { env: { ...s.awsEnv(), PYTHONUNBUFFERED: "1" }, stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (d) => { out += d; });
    try {
        await until("the first line", () => out.includes("hello tail"));
        await put("/tail", "s", ["a later line"]);
        await until("the later line", () => out.includes("a later line"));
    } finally {
        child.kill("SIGINT");
        await new Promise((resolve) => child.once("exit", resolve));
    }
    assert.strictEqual(out.match(/hello tail/g).length, 1);
});

test("streams are ordered by name or by their last event", async () => {
    await group("/order", ["a", "b", "c"]);
    const at = Date.now();
    await put("/order", "b", ["x"], at - 1000);
    await put("/order", "a", ["x"], at - 2000);
    const names = async (q) => (await logs.send(new DescribeLogStreamsCommand({ logGroupName: "/order", ...q }))).logStreams.map((x) => x.logStreamName);
    assert.deepStrictEqual(await names({}), ["a", "b", "c"]);
    assert.deepStrictEqual(await names({ descending: true, limit: 2 }), ["c", "b"]);
    assert.deepStrictEqual(await names({ orderBy: "LastEventTime", descending: true }), ["b", "a", "c"]);
    await logs.send(new DeleteLogStreamCommand({ logGroupName: "/order", logStreamName: "b" }));
    assert.deepStrictEqual(await names({}), ["a", "c"]);
    assert.deepStrictEqual(await filter("/order"), ["x"]);
});

test("a group has retention and tags, and is gone when deleted", async () => {
    await group("/life", []);
    const one = async () => (await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/life" }))).logGroups[0];
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: "/life", retentionInDays: 7 }));
    const g = await one();
    assert.deepStrictEqual([g.retentionInDays, g.arn, g.logGroupArn], [7, "arn:aws:logs:us-east-1:000000000000:log-group:/life:*", "arn:aws:logs:us-east-1:000000000000:log-group:/life"]);
    await refuses(logs.send(new PutRetentionPolicyCommand({ logGroupName: "/life", retentionInDays: 8 })), "InvalidParameterException", /retentionInDays/);
    await logs.send(new DeleteRetentionPolicyCommand({ logGroupName: "/life" }));
    assert.strictEqual((await one()).retentionInDays, undefined);
    await logs.send(new TagResourceCommand({ resourceArn: g.logGroupArn, tags: { a: "1", b: "2" } }));
    await logs.send(new UntagResourceCommand({ resourceArn: g.logGroupArn, tagKeys: ["a"] }));
    assert.deepStrictEqual((await logs.send(new ListTagsForResourceCommand({ resourceArn: g.logGroupArn }))).tags, { b: "2" });
    await refuses(logs.send(new CreateLogGroupCommand({ logGroupName: "/life" })), "ResourceAlreadyExistsException");
    await logs.send(new DeleteLogGroupCommand({ logGroupName: "/life" }));
    assert.strictEqual(await one(), undefined);
});

test("groups, streams and policies are shown as AWS shows them", async () => {
    await logs.send(new CreateLogGroupCommand({ logGroupName: "shown/group" }));
    await logs.send(new CreateLogStreamCommand({ logGroupName: "shown/group", logStreamName: "s" }));
    const shown = async (q) => (await logs.send(new DescribeLogGroupsCommand(q))).logGroups[0];
    assert.strictEqual((await shown({ logGroupNamePrefix: "shown/" })).deletionProtectionEnabled, false);
    assert.deepStrictEqual(Object.keys(await shown({ logGroupNamePattern: "shown" })).sort(), ["arn", "creationTime", "logGroupName"]);
    const stream = async () => (await logs.send(new DescribeLogStreamsCommand({ logGroupName: "shown/group" }))).logStreams[0];
    assert.strictEqual((await stream()).uploadSequenceToken, undefined);
    await logs.send(new PutLogEventsCommand({ logGroupName: "shown/group", logStreamName: "s", logEvents: [{ timestamp: Date.now(), message: "m" }] }));
    assert.match((await stream()).uploadSequenceToken, /^\d{56}$/);
    const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "es.amazonaws.com" }, Action: "logs:PutLogEvents", Resource: "log_arn" }] });
    const { resourcePolicy } = await logs.send(new PutResourcePolicyCommand({ policyName: "p", policyDocument }));
    assert.deepStrictEqual([resourcePolicy.policyScope, resourcePolicy.policyDocument], ["ACCOUNT", policyDocument]);
});

test("groups chosen by a pattern come in pages, and none is lost between them", async () => {
    for (const n of ["paged/a-x", "paged/b", "paged/c-x", "paged/d", "paged/e-x"]) await logs.send(new CreateLogGroupCommand({ logGroupName: n }));
    const seen = [];
    let nextToken;
    do {
        const r = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePattern: "-x", limit: 2, nextToken }));
        assert.ok(r.logGroups.length <= 2);
        seen.push(...r.logGroups.map((g) => g.logGroupName));
        nextToken = r.nextToken;
    } while (nextToken);
    assert.deepStrictEqual(seen, ["paged/a-x", "paged/c-x", "paged/e-x"]);
});
