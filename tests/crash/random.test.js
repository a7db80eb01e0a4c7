// SPDX-License-Identifier: Apache-2.0
// kill -9 at random instants, several times in each release: commit -> pipeline -> build -> deployment behind a load
// balancer. The instants come of a seed: SLIPWAY_SEED=n repeats a run, SLIPWAY_ROUNDS=n makes it longer.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const { ListTaskDefinitionsCommand } = require("@aws-sdk/client-ecs");
const CB = require("@aws-sdk/client-codebuild");
const { start, until } = require("../lib/slipway");
const { alive, fsck, idle, leavesNothing } = require("../lib/crash");
const { delivery } = require("../lib/delivery");

const SEED = Number(process.env.SLIPWAY_SEED || 20261121), ROUNDS = Number(process.env.SLIPWAY_ROUNDS || 3), KILLS = 3;

// Numerical Recipes' linear congruential generator: 0 <= x < 1.
function random(seed) {
    let x = seed >>> 0;
    return () => (x = (Math.imul(x, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

async function project(d) {
    await d.s.client(CB.CodeBuildClient).send(new CB.CreateProjectCommand({ name: "web", serviceRole: await d.role("builder", "codebuild.amazonaws.com"),
        source: { type: "CODEPIPELINE", buildspec: "version: 0.2\nphases: {build: {commands: [cat imagedefinitions.json]}}\nartifacts: {files: [imagedefinitions.json]}\n" },
        artifacts: { type: "CODEPIPELINE" }, environment: { type: "LINUX_CONTAINER", image: "aws/codebuild/standard:7.0", computeType: "BUILD_GENERAL1_SMALL" } }));
}
const BUILD = ["Build", "Build", "CodeBuild", { ProjectName: "web" }, { inputArtifacts: [{ name: "code" }], outputArtifacts: [{ name: "built" }] }];

// Kills the server after `ms`, unless `work` ends before (true); then starts it again.
async function dies(s, ms, work) {
    const callOff = s.kill9After(ms);
    await work().catch((e) => { if (!s.child.killed) throw e; });
    callOff();
    if (!s.child.killed) return true;
    assert.strictEqual((await s.ended).signal, "SIGKILL");
    await fsck(s);
    await s.start();
    return false;
}

test(`releases that are killed at random instants all go live, and no request is lost (seed ${SEED})`, async (t) => {
    const next = random(SEED);
    const s = await start(t, { ephemeral: false });
    const d = await delivery(s, { balanced: true, prepare: project, between: [BUILD], artifact: "built" });
    await until("v1 serves", async () => await d.isStable() && await d.ask() === "200 v1");
    const load = d.load();
    let kills = 0;
    t.after(() => load.stop());
    for (let round = 1; round <= ROUNDS; round++) {
        const tag = round % 2 ? "v2" : "v1";
        const steps = [
            () => d.commit(tag, `round ${round}`),
            () => d.start(`round-${round}`),
            () => alive(s, `release ${round} has ended`, async () => (await d.executions()).length === round + 1 && (await d.executions())[0].status !== "InProgress"),
            () => alive(s, `release ${round} is stable`, async () => await d.isStable() && (await d.tasks()).length === 1 && (await d.targets()).join() === "healthy"),
        ];
        const work = async () => { while (steps.length) { await steps[0](); steps.shift(); } };
        for (let kill = 0; kill < KILLS && steps.length; kill++)
            kills += await dies(s, next() * 800, work) ? 0 : 1;
        await work();
        const [e] = await d.executions();
        assert.strictEqual(e.status, "Succeeded");
        assert.deepStrictEqual((await d.actions(e.pipelineExecutionId)).map((a) => `${a.actionName} ${a.status}`).sort(),
            ["Build Succeeded", "Deploy Succeeded", "Source Succeeded"]);
        assert.strictEqual(await d.ask(), `200 ${tag}`);
    }
    t.diagnostic(`${kills} kills in ${ROUNDS} releases`);
    assert.ok(kills > 0, "releases were faster than every kill");
    await idle(s);
    const seen = await load.stop();
    assert.deepStrictEqual(Object.keys(seen).sort(), ["200 v1", "200 v2"], JSON.stringify(seen));
    assert.strictEqual((await d.executions()).length, ROUNDS + 1, "one execution a release, and that of the empty repository");
    assert.strictEqual((await s.client(CB.CodeBuildClient).send(new CB.ListBuildsForProjectCommand({ projectName: "web" }))).ids.length, ROUNDS);
    assert.strictEqual((await d.ecs.send(new ListTaskDefinitionsCommand({}))).taskDefinitionArns.length, ROUNDS + 1);
    const { deployments } = await (await fetch(`${s.endpoint}/_slipway/dora/deployments`)).json();
    assert.deepStrictEqual(deployments.map((x) => `${x.status} ${x.commits.length}`), Array(ROUNDS).fill("SUCCEEDED 1"));
    await leavesNothing(s);
});
