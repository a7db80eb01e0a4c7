// SPDX-License-Identifier: Apache-2.0
// kill -9 at each named instant in the life of a function: its code unpacked, its sandbox made, its sandbox ended. It runs
// afterwards, and nothing is left behind.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const L = require("@aws-sdk/client-lambda");
const { Functions, NODE } = require("../lib/lambda");
const { role } = require("../lib/role");
const { start } = require("../lib/slipway");
const { points, alive, lives, idle, leavesNothing } = require("../lib/crash");
const { zip } = require("../lib/zip");

const left = (s) => ["containers", "lambda/sandboxes", "lambda/code"].flatMap((d) => fs.existsSync(path.join(s.data, d)) ? fs.readdirSync(path.join(s.data, d)) : []);

const STEPS = (Role) => [
    async (s) => {
        const Code = { ZipFile: zip([{ name: "index.js", data: "exports.handler = async () => 1;" }]) };
        await new Functions(s).send(L.CreateFunctionCommand, { FunctionName: "f", Role, Runtime: NODE, Handler: "index.handler", Code })
            .catch((e) => { if (e.name !== "ResourceConflictException") throw e; });
    },
    async (s) => { await new Functions(s).active("f"); },
    async (s) => { assert.strictEqual((await new Functions(s).invoke("f")).result, 1); },
    async (s) => { await s.advance(11 * 60); },
    (s) => alive(s, "its sandbox is gone", async () => !left(s).some((n) => n.startsWith("fn."))),
    async (s) => { await new Functions(s).send(L.DeleteFunctionCommand, { FunctionName: "f" }); },
    (s) => alive(s, "its code is gone", async () => left(s).length === 0),
];

for (const point of points(/^lambda\./))
    test(`a server that is killed at ${point} goes on with the function`, { skip: NODE ? false : "there is no node in /usr/bin" }, async (t) => {
        const s = await start(t, { ephemeral: false });
        const Role = await role(s, "function", "lambda.amazonaws.com");
        await lives(s, point, STEPS(Role));
        await idle(s);
        await leavesNothing(s);
    });
