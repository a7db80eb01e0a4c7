// SPDX-License-Identifier: Apache-2.0
// kill -9 at each named instant in the life of a build environment that is kept ready: made, ready, taken by a build, ended.
// The build that takes it runs once and succeeds, and nothing is left behind.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const cb = require("@aws-sdk/client-codebuild");
const { start, until } = require("../lib/slipway");
const { builds, folders, kept } = require("../lib/build");
const { points, alive, lives, idle, leavesNothing } = require("../lib/crash");

const STEPS = (project) => [
    async (s) => {
        const client = s.client(cb.CodeBuildClient);
        const { build } = await client.send(new cb.StartBuildCommand({ projectName: project, idempotencyToken: "t".repeat(32) }));
        await alive(s, "the build ends", async () => (await client.send(new cb.BatchGetBuildsCommand({ ids: [build.id] }))).builds[0].buildComplete);
        s.built = build.id;
    },
    (s) => alive(s, "another is kept", () => kept(s).length === 1),
    async (s) => { await s.advance(16 * 60); },
    (s) => alive(s, "it is gone", async () => folders(s).length === 0),
];

for (const point of points(/^codebuild\.environment_/))
    test(`a server that is killed at ${point} goes on with the environment, or without it`, async (t) => {
        const s = await start(t, { ephemeral: false });
        let w = await builds(s);
        const project = await w.project("version: 0.2\nphases: {build: {commands: ['echo it ran']}}\n");
        await w.ended((await w.start(project)).id);
        const one = await until("one is kept", () => kept(s)[0]);
        await idle(s);
        await lives(s, point, STEPS(project));
        w = Object.assign(w, { client: s.client(cb.CodeBuildClient) });
        const b = await w.get(s.built);
        assert.strictEqual(b.buildStatus, "SUCCEEDED");
        assert.strictEqual((await w.logs(b)).match(/^it ran$/gm).length, 1);
        if (point === "codebuild.environment_taken") assert.strictEqual(b.id.split(":")[1], one);
        await idle(s);
        await leavesNothing(s);
    });
