// SPDX-License-Identifier: Apache-2.0
// Runs handlers of Node.js on the Runtime API: functions of CommonJS and ES modules that return a promise or take a callback.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const API = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, name, body, headers = {}) {
    return new Promise((resolve, reject) => {
        const options = { host: API[0], port: API[1] || 80, method, path: `/2018-06-01/runtime/${name}`, agent, headers };
        const request = http.request(options, (reply) => {
            const parts = [];
            reply.on("data", (part) => parts.push(part));
            reply.on("end", () => resolve({ status: reply.statusCode, headers: reply.headers, body: Buffer.concat(parts).toString() }));
            reply.on("error", reject);
        });
        request.on("error", reject);
        request.end(body);
    });
}

function described(error) {
    if (!(error instanceof Error) && !(error && error.name && error.message && error.stack))
        return { errorType: typeof error, errorMessage: String(error), trace: [] };
    return { errorType: error.name, errorMessage: error.message, trace: String(error.stack || "").split("\n") };
}

function headersOf(error) {
    return { "Content-Type": "application/json", "Lambda-Runtime-Function-Error-Type": encodeURIComponent(error.errorType) };
}

function printed(id, error) {
    const about = error instanceof Error ? { ...described(error), ...error, stack: described(error).trace } : described(error);
    delete about.trace;
    console.error("Invoke Error", JSON.stringify(about));
}

class RuntimeError extends Error {
    constructor(name, message) {
        super(message);
        this.name = name;
    }
}

async function loaded(file) {
    const require = createRequire(path.join(process.env.LAMBDA_TASK_ROOT, "noop.js"));
    for (const end of [".js", ".mjs", ".cjs"]) {
        if (!fs.existsSync(file + end)) continue;
        if (end === ".cjs" || (end === ".js" && !isModule(file))) return require(file + end);
        return import(pathToFileURL(file + end).href);
    }
    const name = path.basename(file);
    throw new RuntimeError("Runtime.ImportModuleError", `Error: Cannot find module '${name}'\nRequire stack:\n- /var/runtime/bootstrap.mjs`);
}

function isModule(file) {
    for (let at = path.dirname(file); ; at = path.dirname(at)) {
        const manifest = path.join(at, "package.json");
        if (fs.existsSync(manifest)) return JSON.parse(fs.readFileSync(manifest, "utf8")).type === "module";
        if (at === "/" || at === process.env.LAMBDA_TASK_ROOT) return false;
    }
}

async function handlerNamed(name) {
    const base = path.basename(name), at = base.indexOf(".");
    if (name.includes("..") || at <= 0)
        throw new RuntimeError("Runtime.MalformedHandlerName", `'${name}' is not a valid handler name. Use file.function`);
    let found = await loaded(path.resolve(process.env.LAMBDA_TASK_ROOT, path.dirname(name), base.slice(0, at)));
    const way = base.slice(at + 1).split(".");
    found = way.reduce((o, key) => o && o[key], found) || way.reduce((o, key) => o && o[key], found.default);
    if (typeof found !== "function")
        throw new RuntimeError(found === undefined ? "Runtime.HandlerNotFound" : "Runtime.HandlerNotFunction", `${name} is undefined or not exported`);
    return found;
}

function contextOf(headers, finish) {
    const env = process.env, deadline = Number(headers["lambda-runtime-deadline-ms"]);
    const context = {
        callbackWaitsForEmptyEventLoop: true,
        functionName: env.AWS_LAMBDA_FUNCTION_NAME,
        functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
        memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
        logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
        logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
        awsRequestId: headers["lambda-runtime-aws-request-id"],
        invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
        getRemainingTimeInMillis: () => deadline - Date.now(),
        done: (error, result) => finish(error, result),
        fail: (error) => finish(error),
        succeed: (result) => finish(null, result),
    };
    if (headers["lambda-runtime-client-context"]) context.clientContext = JSON.parse(headers["lambda-runtime-client-context"]);
    return context;
}

// A callback's answer waits for what is still to happen, unless it is told not to.
function handled(handler, event, headers) {
    return new Promise((resolve, reject) => {
        let said = false;
        const finish = (error, result) => {
            if (said) return;
            said = true;
            const end = () => error !== undefined && error !== null ? reject(error) : resolve(result);
            if (context.callbackWaitsForEmptyEventLoop && error === null) process.once("beforeExit", end);
            else setImmediate(end);
        };
        const context = contextOf(headers, finish);
        const result = handler(event, context, finish);
        if (result && typeof result.then === "function") result.then(resolve, reject);
        else if (handler.length < 3 && !said && result !== undefined) resolve(result);
        else if (handler.length < 3) process.once("beforeExit", () => resolve(null));
        else process.once("beforeExit", () => said || resolve(null));
    });
}

async function one(handler) {
    const work = await call("GET", "invocation/next");
    if (work.status !== 200) process.exit(0);
    const id = work.headers["lambda-runtime-aws-request-id"], trace = work.headers["lambda-runtime-trace-id"];
    if (trace) process.env._X_AMZN_TRACE_ID = trace;
    current = id;
    try {
        const result = await handled(handler, JSON.parse(work.body), work.headers);
        const body = JSON.stringify(result === undefined ? null : result);
        await call("POST", `invocation/${id}/response`, body, { "Content-Type": "application/json" });
    } catch (error) {
        await failed(id, error);
    }
    current = null;
}

async function failed(id, error) {
    printed(id, error);
    const about = described(error);
    await call("POST", `invocation/${id}/error`, JSON.stringify(about), headersOf(about));
}

let current = null;

async function fatal(type, error) {
    const about = { ...described(error), errorType: type, errorMessage: described(error).errorMessage };
    if (type === "Runtime.UnhandledPromiseRejection") about.reason = described(error);
    if (error instanceof Error) about.errorMessage = `${error.name}: ${error.message}`;
    console.error(type === "Runtime.UnhandledPromiseRejection" ? "Unhandled Promise Rejection" : "Uncaught Exception", JSON.stringify(about));
    if (current) await call("POST", `invocation/${current}/error`, JSON.stringify(about), headersOf(about));
    process.exit(128 + 1);
}

let handler;
try {
    handler = await handlerNamed(process.env._HANDLER);
} catch (error) {
    const about = described(error);
    if (error instanceof SyntaxError) about.errorType = "Runtime.UserCodeSyntaxError";
    if (error.code === "MODULE_NOT_FOUND" || error.code === "ERR_MODULE_NOT_FOUND") about.errorType = "Runtime.ImportModuleError";
    if (about.errorType !== error.name) about.errorMessage = `${error.name}: ${error.message}`;
    console.error("Uncaught Exception", JSON.stringify(about));
    await call("POST", "init/error", JSON.stringify(about), headersOf(about));
    process.exit(1);
}
process.on("uncaughtException", (error) => fatal(error.name || "UncaughtException", error));
process.on("unhandledRejection", (error) => fatal("Runtime.UnhandledPromiseRejection", error));
const next = () => one(handler).then(() => setImmediate(next));
next();
