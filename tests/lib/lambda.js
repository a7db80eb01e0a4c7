// SPDX-License-Identifier: Apache-2.0
// Functions of Lambda for tests: what can run on this machine, made and invoked.
"use strict";
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const L = require("@aws-sdk/client-lambda");
const { role } = require("./role");
const { until } = require("./slipway");
const { zip } = require("./zip");

const here = (program) => ["/usr/local/bin", "/usr/bin"].map((d) => `${d}/${program}`).find((p) => fs.existsSync(p));
const major = here("node") && execFileSync(here("node"), ["--version"]).toString().match(/^v(\d+)/)[1];
// The runtimes whose interpreters are here; null: none.
const NODE = [18, 20, 22, 24].includes(Number(major)) ? `nodejs${major}.x` : null;
const PYTHON = [9, 10, 11, 12, 13, 14].map((n) => `python3.${n}`).find(here) || null;

class Functions {
    constructor(s, options = {}) {
        this.s = s;
        this.lambda = s.client(L.LambdaClient, { maxAttempts: 1, ...options });
    }

    send(C, input) { return this.lambda.send(new C(input)); }

    // Made and active. files: [{ name, data }], or the text of the one file that the handler names.
    async make(FunctionName, files, more = {}) {
        const Runtime = more.Runtime || NODE, name = Runtime.startsWith("python") ? "index.py" : "index.js";
        this.role ||= await role(this.s, "function", "lambda.amazonaws.com", { may: "*" });
        const out = await this.send(L.CreateFunctionCommand, {
            FunctionName, Runtime, Role: this.role, Handler: "index.handler",
            Code: { ZipFile: zip(typeof files === "string" ? [{ name, data: files }] : files) }, ...more,
        });
        await this.active(FunctionName);
        return out;
    }

    active(FunctionName) {
        return until(`${FunctionName} is made`, async () => {
            const c = await this.send(L.GetFunctionConfigurationCommand, { FunctionName });
            return c.State !== "Pending" && c.LastUpdateStatus !== "InProgress" && c;
        });
    }

    // { status, error, result, log, version }
    async invoke(FunctionName, event = {}, more = {}) {
        const out = await this.send(L.InvokeCommand, { FunctionName, Payload: JSON.stringify(event), LogType: "Tail", ...more });
        return { status: out.StatusCode, error: out.FunctionError, result: out.Payload?.length ? JSON.parse(Buffer.from(out.Payload)) : undefined,
                 log: Buffer.from(out.LogResult || "", "base64").toString(), version: out.ExecutedVersion };
    }
}

module.exports = { Functions, NODE, PYTHON };
