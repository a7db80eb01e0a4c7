// SPDX-License-Identifier: Apache-2.0
// Functions that run: their answers, errors, logs and environment; what is hostile stays in its sandbox.
"use strict";
const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { test, before, after } = require("node:test");
const { CloudWatchLogsClient, FilterLogEventsCommand, DescribeLogStreamsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const L = require("@aws-sdk/client-lambda");
const { Functions, NODE, PYTHON } = require("../lib/lambda");
const { folder, finish, refuses, start, until } = require("../lib/slipway");

const node = { skip: NODE ? false : "there is no node in /usr/local/bin or /usr/bin" };
const python = { skip: PYTHON ? false : "there is no python3.N in /usr/local/bin or /usr/bin" };

let s, f;
before(async () => { s = await start(null); f = new Functions(s); });
after(() => finish(s));

test("a handler is given its event and its context, and answers", node, async () => {
    await f.make("echo", `exports.handler = async (event, c) => {
        console.log("here", c.awsRequestId);
        return { event, left: c.getRemainingTimeInMillis(), name: c.functionName, version: c.functionVersion, mb: c.memoryLimitInMB,
                 arn: c.invokedFunctionArn, group: c.logGroupName, custom: c.clientContext && c.clientContext.custom };
    };`, { MemorySize: 256, Timeout: 20 });
    const r = await f.invoke("echo", { a: [1, "ü"] }, { ClientContext: Buffer.from('{"custom": {"x": 1}}').toString("base64") });
    assert.deepStrictEqual([r.status, r.error, r.version], [200, undefined, "$LATEST"]);
    const { left, ...rest } = r.result;
    assert.ok(left > 0 && left <= 20000, String(left));
    assert.deepStrictEqual(rest, { event: { a: [1, "ü"] }, name: "echo", version: "$LATEST", mb: "256", group: "/aws/lambda/echo",
                                   arn: "arn:aws:lambda:us-east-1:000000000000:function:echo", custom: { x: 1 } });
    const id = r.log.match(/^START RequestId: (\S+) Version: \$LATEST\n/)[1];
    assert.match(r.log, new RegExp(`\nhere ${id}\nEND RequestId: ${id}\nREPORT RequestId: ${id}\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\t` +
                                   "Memory Size: 256 MB\tMax Memory Used: \\d+ MB\tInit Duration: [\\d.]+ ms\t\n$"));
    const again = await f.invoke("echo", null);      /* the same sandbox: nothing begins anew */
    assert.ok(!again.log.includes("Init Duration"));
    assert.strictEqual(again.result.event, null);
    const logs = s.client(CloudWatchLogsClient), logGroupName = "/aws/lambda/echo";
    const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
    assert.strictEqual(logStreams.length, 1);
    assert.match(logStreams[0].logStreamName, /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
    const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
    assert.deepStrictEqual(events.map((e) => e.message.split(" ")[0]), ["START", "here", "END", "REPORT", "START", "here", "END", "REPORT"]);
});

test("handlers of ES modules, with callbacks, and of files in folders", node, async () => {
    await f.make("esm", [{ name: "src/app.mjs", data: "export const run = async (e) => e.n * 2;" }], { Handler: "src/app.run" });
    assert.strictEqual((await f.invoke("esm", { n: 21 })).result, 42);
    await f.make("callback", `exports.handler = (event, context, callback) => {
        context.callbackWaitsForEmptyEventLoop = event.wait;
        setImmediate(() => console.log("later"));
        callback(event.fail ? new TypeError("no") : null, "said");
    };`);
    const waited = await f.invoke("callback", { wait: true });
    assert.deepStrictEqual([waited.result, waited.log.includes("later")], ["said", true]);
    assert.strictEqual((await f.invoke("callback", { wait: false })).result, "said");
    const failed = await f.invoke("callback", { fail: true });
    assert.deepStrictEqual([failed.error, failed.result.errorType, failed.result.errorMessage], ["Unhandled", "TypeError", "no"]);
    assert.match(failed.result.trace[0], /TypeError: no/);
});

test("what goes wrong is told as Lambda tells it", node, async () => {
    await f.make("wrong", `exports.handler = async (e) => {
        if (e.exit !== undefined) process.exit(e.exit);
        if (e.hang) for (;;);
        if (e.kill) process.kill(process.pid, "SIGKILL");
        if (e.big) return "x".repeat(7e6);
        throw Object.assign(new RangeError("too far"), { code: 7 });
    };`, { Timeout: 1 });
    const thrown = await f.invoke("wrong");
    assert.deepStrictEqual([thrown.status, thrown.error, thrown.result.errorType, thrown.result.errorMessage], [200, "Unhandled", "RangeError", "too far"]);
    assert.match(thrown.log, /Invoke Error.*too far/);
    const id = (r) => r.log.match(/START RequestId: (\S+)/)[1];
    for (const [event, type, text] of [[{ exit: 3 }, "Runtime.ExitError", "Runtime exited with error: exit status 3"],
                                       [{ exit: 0 }, "Runtime.ExitError", "Runtime exited without providing a reason"],
                                       [{ kill: true }, "Runtime.ExitError", "Runtime exited with error: signal: killed"],
                                       [{ hang: true }, "Sandbox.Timedout", "Task timed out after 1.00 seconds"]]) {
        const r = await f.invoke("wrong", event);
        assert.deepStrictEqual([r.error, r.result], ["Unhandled", { errorType: type, errorMessage: `RequestId: ${id(r)} Error: ${text}` }], r.log);
        assert.match(r.log, /END RequestId[^]*REPORT RequestId/);
        assert.match((await f.invoke("wrong")).log, /Init Duration/);      /* another sandbox */
    }
    const big = await f.invoke("wrong", { big: true });
    assert.deepStrictEqual([big.error, big.result.errorType], ["Unhandled", "Function.ResponseSizeTooLarge"]);
});

test("a function that cannot begin says why", node, async () => {
    for (const [name, text, type, more] of [["absent", "", "Runtime.ImportModuleError", { Handler: "gone.handler" }], ["unnamed", "exports.x = 1;", "Runtime.HandlerNotFound", {}],
                                            ["syntax", "exports.handler = (", "Runtime.UserCodeSyntaxError", {}]]) {
        await f.make(name, text, more);
        const r = await f.invoke(name);
        assert.deepStrictEqual([r.error, r.result.errorType], ["Unhandled", type], JSON.stringify(r));
    }
    await f.make("leaves", "process.exit(9);");
    assert.match((await f.invoke("leaves")).result.errorMessage, /exit status 9$/);
    await f.make("never", "for (;;);", { Timeout: 1 });
    assert.strictEqual((await f.invoke("never")).result.errorType, "Sandbox.Timedout");
    await f.make("none", [{ name: "readme", data: "x" }], { Runtime: "provided.al2023" });
    assert.strictEqual((await f.invoke("none")).result.errorType, "Runtime.InvalidEntrypoint");
});

test("functions of Python", python, async () => {
    await f.make("py", `
import os, sys
count = 0
def handler(event, context):
    global count
    count += 1
    print("out", count)
    sys.stderr.write("err\\n")
    if event.get("bad"): raise ValueError("bad thing")
    if event.get("odd"): return {1, 2}
    return {"event": event, "count": count, "left": context.get_remaining_time_in_millis() > 0, "id": context.aws_request_id,
            "cwd": os.getcwd(), "token": bool(os.environ["AWS_SESSION_TOKEN"])}
`, { Runtime: PYTHON });
    const a = await f.invoke("py", { x: 1 }), b = await f.invoke("py", { x: 2 });
    assert.deepStrictEqual([a.result.event, a.result.count, b.result.count, b.result.left, b.result.cwd, b.result.token], [{ x: 1 }, 1, 2, true, "/var/task", true]);
    assert.match(b.log, /out 2\nerr\n/);
    const bad = await f.invoke("py", { bad: 1 });
    assert.deepStrictEqual([bad.error, bad.result.errorType, bad.result.errorMessage], ["Unhandled", "ValueError", "bad thing"]);
    assert.match(bad.result.stackTrace[0], /File "\/var\/task\/index.py", line 9, in handler\n/);
    assert.match(bad.log, /\[ERROR\] ValueError: bad thing/);
    assert.strictEqual((await f.invoke("py", { odd: 1 })).result.errorType, "Runtime.MarshalError");
    await f.make("pyless", "import nothing_of_that_name", { Runtime: PYTHON });
    const less = await f.invoke("pyless");
    assert.deepStrictEqual([less.result.errorType, less.result.errorMessage], ["Runtime.ImportModuleError", "Unable to import module 'index': No module named 'nothing_of_that_name'"]);
});

test("a runtime of the function's own", async (t) => {
    const dir = folder(t), program = path.join(dir, "bootstrap");
    execFileSync("cc", ["-static", "-O1", "-w", "-o", program, path.join(__dirname, "data/bootstrap.c")]);
    await f.make("own", [{ name: "bootstrap", data: fs.readFileSync(program), mode: 0o100755 }], { Runtime: "provided.al2023", Handler: "any.thing" });
    for (const event of [{ n: 1 }, { n: 2 }]) {
        const r = await f.invoke("own", event);
        assert.deepStrictEqual(r.result, event);
        assert.match(r.log, /own runtime, uid 993, handler any\.thing\n/);
    }
});

test("the environment is the function's, and its credentials are its role's", node, async () => {
    await f.make("env", "exports.handler = async () => process.env;", { Environment: { Variables: { COLOUR: "red", TZ: "Europe/Berlin" } } });
    const { result } = await f.invoke("env");
    const want = { COLOUR: "red", TZ: "Europe/Berlin", _HANDLER: "index.handler", AWS_REGION: "us-east-1", AWS_LAMBDA_FUNCTION_NAME: "env",
                   AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128", AWS_LAMBDA_FUNCTION_VERSION: "$LATEST", LAMBDA_TASK_ROOT: "/var/task",
                   AWS_EXECUTION_ENV: `AWS_Lambda_${NODE}`, AWS_ENDPOINT_URL: `http://127.0.0.1:${s.port}` };
    assert.deepStrictEqual(Object.fromEntries(Object.keys(want).map((k) => [k, result[k]])), want);
    assert.match(result.AWS_ACCESS_KEY_ID, /^ASIA/);
    assert.match(result._X_AMZN_TRACE_ID, /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/);
});

test("hostile functions stay within their bounds", python, async () => {
    await f.make("hostile", `
import os
def handler(event, context):
    if event["do"] == "memory":
        held = []
        while True: held.append(bytearray(os.urandom(1 << 20)))
    if event["do"] == "disk":
        try:
            with open("/tmp/full", "wb") as out:
                while True: out.write(b"x" * (1 << 20))
        except OSError as error:
            size = os.path.getsize("/tmp/full")
            os.unlink("/tmp/full")
            return [error.strerror, size]
    if event["do"] == "fork":
        import time
        n = 0
        try:
            while True:
                if os.fork() == 0: time.sleep(600)
                n += 1
        except OSError as error:
            return [error.strerror, n]
    refused = []
    for path in ["/var/task/x", "/etc/x", "/opt/x", "/var/slipway/x"]:
        try: open(path, "w")
        except OSError: refused.append(path)
    return refused
`, { Runtime: PYTHON, MemorySize: 1024, Timeout: 60, EphemeralStorage: { Size: 512 } });
    const disk = await f.invoke("hostile", { do: "disk" });
    assert.strictEqual(disk.result[0], "No space left on device");
    assert.ok(disk.result[1] > 500 << 20 && disk.result[1] <= 512 << 20);
    assert.deepStrictEqual((await f.invoke("hostile", { do: "write" })).result, ["/var/task/x", "/etc/x", "/opt/x", "/var/slipway/x"]);
    const [why, n] = (await f.invoke("hostile", { do: "fork" })).result;
    assert.strictEqual(why, "Resource temporarily unavailable");
    assert.ok(n > 500 && n < 1024, String(n));
    await f.send(L.UpdateFunctionConfigurationCommand, { FunctionName: "hostile", MemorySize: 128 });
    await f.active("hostile");
    const memory = await f.invoke("hostile", { do: "memory" });
    assert.deepStrictEqual([memory.error, memory.result.errorType], ["Unhandled", "Runtime.OutOfMemory"], JSON.stringify(memory));
    assert.match(memory.result.errorMessage, /signal: killed$/);
    assert.strictEqual((await f.invoke("hostile", { do: "write" })).error, undefined);
});

test("new code and settings are what runs next", node, async () => {
    await f.make("changing", "exports.handler = async () => process.env.VALUE + 1;", { Environment: { Variables: { VALUE: "a" } } });
    assert.strictEqual((await f.invoke("changing")).result, "a1");
    await f.send(L.UpdateFunctionConfigurationCommand, { FunctionName: "changing", Environment: { Variables: { VALUE: "b" } } });
    await f.active("changing");
    assert.strictEqual((await f.invoke("changing")).result, "b1");
    assert.strictEqual((await f.invoke("changing")).result, "b1");
});

test("invocations at once have sandboxes of their own, up to what is reserved", node, async () => {
    await f.make("slow", "exports.handler = async (e) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, e.ms);", { Timeout: 30 });
    await f.send(L.PutFunctionConcurrencyCommand, { FunctionName: "slow", ReservedConcurrentExecutions: 2 });
    // The one that asks may be there before the second of these, which comes again then.
    const held = () => f.invoke("slow", { ms: 3000 }).catch((e) => e.name === "TooManyRequestsException" ? held() : Promise.reject(e));
    const [a, b] = [held(), held()];
    let third;
    await until("both run", async () => {
        third = await f.send(L.InvokeCommand, { FunctionName: "slow", Payload: '{"ms": 0}' }).catch((e) => e);
        return third instanceof Error;
    });
    assert.deepStrictEqual([third.name, third.$metadata.httpStatusCode, third.Reason], ["TooManyRequestsException", 429, "ReservedFunctionConcurrentInvocationLimitExceeded"]);
    assert.ok((await Promise.all([a, b])).every((r) => r.error === undefined));
    await f.send(L.PutFunctionConcurrencyCommand, { FunctionName: "slow", ReservedConcurrentExecutions: 0 });
    await refuses(f.invoke("slow", { ms: 0 }), "TooManyRequestsException");
});

test("what cannot be an invocation is refused", node, async () => {
    await f.make("asked", "exports.handler = async (e) => e;");
    await refuses(f.send(L.InvokeCommand, { FunctionName: "asked", Payload: "{" }), "InvalidRequestContentException", /Could not parse request body into json/);
    await refuses(f.send(L.InvokeCommand, { FunctionName: "asked", Payload: "1".repeat(6291457) }), "RequestTooLargeException", /6291456/);
    await refuses(f.send(L.InvokeCommand, { FunctionName: "asked", ClientContext: "?" }), "InvalidRequestContentException", /Client context/);
    await refuses(f.send(L.InvokeCommand, { FunctionName: "asked", InvocationType: "Event" }), "InvalidParameterValueException", /InvocationType/);
    await refuses(f.send(L.InvokeCommand, { FunctionName: "asked", Qualifier: "9" }), "ResourceNotFoundException", /function:asked:9/);
    await refuses(f.send(L.InvokeCommand, { FunctionName: "never_made" }), "ResourceNotFoundException", /Function not found/);
    assert.strictEqual((await f.send(L.InvokeCommand, { FunctionName: "asked", InvocationType: "DryRun" })).StatusCode, 204);
    assert.strictEqual((await f.invoke("asked", "x".repeat(5e6))).result.length, 5e6);
});

test("an idle sandbox ends by the clock, and one that is left over with the next start", node, async (t) => {
    const k = await start(t, { ephemeral: false }), g = new Functions(k), ids = () => fs.readdirSync(path.join(k.data, "containers"));
    await g.make("kept", "exports.handler = async () => 1;");
    await g.invoke("kept");
    assert.strictEqual(ids().length, 1);
    await k.advance(660);
    await until("it ended", () => ids().length === 0);
    await g.invoke("kept");
    assert.strictEqual(ids().length, 1);
    await k.kill9();
    await k.start();
    await until("it ended", () => ids().length === 0);
    assert.strictEqual((await new Functions(k).invoke("kept")).result, 1);
    await g.send(L.DeleteFunctionCommand, { FunctionName: "kept" }).catch(() => new Functions(k).send(L.DeleteFunctionCommand, { FunctionName: "kept" }));
    await until("all is gone", () => ids().length === 0 && fs.readdirSync(path.join(k.data, "lambda/code")).length === 0);
});
