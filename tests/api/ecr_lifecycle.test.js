// SPDX-License-Identifier: Apache-2.0
// Lifecycle policies: what goes, when, and what a preview says.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { ECRClient, CreateRepositoryCommand, DeleteLifecyclePolicyCommand, GetLifecyclePolicyCommand,
        ListImagesCommand, PutLifecyclePolicyCommand } = require("@aws-sdk/client-ecr");
const { start, finish, refuses, until } = require("../lib/slipway");
const { Registry } = require("../lib/registry");

let s, ecr, registry;
before(async () => {
    s = await start(null);
    ecr = s.client(ECRClient);
    registry = await Registry.of(s, ecr);
});
after(() => finish(s));
const send = (Command, input = {}) => ecr.send(new Command(input));
const create = async (name, more = {}) => (await send(CreateRepositoryCommand, { repositoryName: name, ...more })).repository;

test("a lifecycle policy keeps the newest images of a prefix", async () => {
    await create("life");
    const repositoryName = "life";
    for (const t of ["prod-1", "prod-2", "prod-3", "other"]) await registry.pushImage("life", t);
    const lifecyclePolicyText = JSON.stringify({ rules: [{ rulePriority: 1, description: "keep one", selection: { tagStatus: "tagged", tagPrefixList: ["prod"], countType: "imageCountMoreThan", countNumber: 1 }, action: { type: "expire" } }] });
    await refuses(send(PutLifecyclePolicyCommand, { repositoryName, lifecyclePolicyText: lifecyclePolicyText.replace('"expire"', '"archive"') }), "InvalidParameterException", /action.type/);
    await send(PutLifecyclePolicyCommand, { repositoryName, lifecyclePolicyText });
    const tags = async () => (await send(ListImagesCommand, { repositoryName })).imageIds.map((i) => i.imageTag).sort();
    await until("the older ones expire", async () => (await tags()).length === 2);
    assert.deepStrictEqual(await tags(), ["other", "prod-3"]);
    await registry.pushImage("life", "prod-4");
    await until("a push evaluates it again", async () => !(await tags()).includes("prod-3"));
    assert.ok((await send(GetLifecyclePolicyCommand, { repositoryName })).lastEvaluatedAt);
    await send(DeleteLifecyclePolicyCommand, { repositoryName });
    await refuses(send(GetLifecyclePolicyCommand, { repositoryName }), "LifecyclePolicyNotFoundException");
});

test("an untagged image goes when the clock reaches its age", async () => {
    await create("aged");
    const repositoryName = "aged", old = await registry.pushImage("aged", null);
    await registry.pushImage("aged", "kept");
    const lifecyclePolicyText = JSON.stringify({ rules: [{ rulePriority: 1, description: "by age", selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 }, action: { type: "expire" } }] });
    await send(PutLifecyclePolicyCommand, { repositoryName, lifecyclePolicyText });
    const digests = async () => (await send(ListImagesCommand, { repositoryName })).imageIds.map((i) => i.imageDigest);
    const advance = async (days) => assert.ok((await fetch(`${s.endpoint}/_slipway/clock/advance`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ seconds: days * 86400 }) })).ok);
    await until("it is evaluated", async () => (await send(GetLifecyclePolicyCommand, { repositoryName })).lastEvaluatedAt);
    await advance(13);
    assert.strictEqual((await digests()).length, 2);
    await advance(2);
    await until("the image expires", async () => !(await digests()).includes(old.digest));
    assert.strictEqual((await digests()).length, 1);
    assert.strictEqual((await registry.raw("GET", "/v2/")).status, 200, "relaxed, any password does");
});
