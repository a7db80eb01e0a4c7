// SPDX-License-Identifier: Apache-2.0
// The main job, from git push to production, through stock clients: the demo runs it and tells what it saw.
// AWS=/usr/bin/aws chooses another AWS CLI than the first in PATH.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { before, test } = require("node:test");
const { clientEnv, run, PROGRAM } = require("../lib/slipway");

const example = path.join(__dirname, "../../examples/hello-web");
let seen, of;

before(async () => {
    const { stdout } = await run(PROGRAM, ["demo", "--json", "--example", example], { env: clientEnv(), maxBuffer: 64 << 20 }).catch((e) => {
        const log = (() => { try { return fs.readFileSync(JSON.parse(e.stdout).log, "utf8").slice(-6000); } catch { return ""; } })();
        throw new Error(`${e.stderr}\n${e.stdout}\n${log}`);
    });
    seen = JSON.parse(stdout);
    of = Object.fromEntries(seen.releases.map((r) => [r.version, r]));
}, { timeout: 900000 });

test("v1 is tested, built, approved and live after a git push", () => {
    assert.strictEqual(of.v1.outcome, "Succeeded");
    for (const s of ["testSeconds", "buildSeconds", "approveSeconds", "deploySeconds"]) assert.ok(of.v1[s] >= 0, s);
});

test("v2 goes live under load without one failed request", () => {
    assert.strictEqual(of.v2.outcome, "Succeeded");
    assert.ok(of.v2.pushToLiveSeconds > 0);
    assert.ok(of.v2.requests > 100, `${of.v2.requests} requests`);
    assert.strictEqual(of.v2.failedRequests, 0);
});

test("v3, whose unit tests fail, is neither approved nor deployed", () => {
    assert.strictEqual(of.v3.outcome, "Failed");
    assert.strictEqual(of.v3.approveSeconds, undefined);
    assert.strictEqual(of.v3.deploySeconds, undefined);
});

test("v4, which is never healthy, is rolled back without one failed request", () => {
    assert.strictEqual(of.v4.outcome, "Failed");
    assert.ok(of.v4.deploySeconds > 0);
    assert.strictEqual(of.v4.pushToLiveSeconds, undefined, "no request saw v4");
    assert.ok(of.v4.requests > 100);
    assert.strictEqual(of.v4.failedRequests, 0);
});

test("a deployment survives kill -9 of the server, and traffic never stops", () => {
    assert.ok(seen.recoveredSeconds > 0);
    assert.strictEqual(of.v5.outcome, "Succeeded");
    assert.ok(of.v5.pushToLiveSeconds > 0);
    assert.strictEqual(of.v5.failedRequests, 0);
});

test("DORA's numbers are those of what happened", () => {
    const m = seen.dora.metrics[0];
    assert.strictEqual(m.service, "hello-web");
    assert.strictEqual(m.environment, "production");
    assert.strictEqual(m.deployments, 4);
    assert.strictEqual(m.changeFailRate.value, 0.25);
    assert.strictEqual(m.reworkRate.value, 0.25);
    assert.strictEqual(m.changeLeadTime.deploymentIds.length, 3);
    const commits = ["v1", "v2", "v3", "v4", "v5"].map((v) => of[v].commitId).sort();
    assert.deepStrictEqual([...m.changeLeadTime.commitIds].sort(), commits);
    assert.strictEqual(m.failedDeploymentRecoveryTime.deploymentIds.length, 1);
});

test("nothing is left behind", () => {
    assert.ok(seen.succeeded);
    assert.strictEqual(seen.log, undefined);
});
