// SPDX-License-Identifier: Apache-2.0
// Lifecycle policies: what goes, when, and what a preview says.
"use strict";
const { test, beforeEach } = require("node:test");
const assert = require("node:assert");
const { DeleteLifecyclePolicyCommand, GetLifecyclePolicyCommand, GetLifecyclePolicyPreviewCommand,
        ListImagesCommand, PutLifecyclePolicyCommand, StartLifecyclePolicyPreviewCommand } = require("@aws-sdk/client-ecr");
const { refuses, until } = require("../lib/slipway");
const { registryFile } = require("../lib/registry");

const { s, ecr, registry, send, create } = registryFile();
beforeEach(() => registry.login(ecr));     // a password ends when the clock goes on

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
    const advance = (days) => s.cli("clock", "advance", `${days * 24}h`);
    await until("it is evaluated", async () => (await send(GetLifecyclePolicyCommand, { repositoryName })).lastEvaluatedAt);
    await advance(13);
    assert.strictEqual((await digests()).length, 2);
    await advance(2);
    await until("the image expires", async () => !(await digests()).includes(old.digest));
    assert.strictEqual((await digests()).length, 1);
});

const rule = (rulePriority, selection) => ({ rulePriority, selection, action: { type: "expire" } });
const text = (...rules) => JSON.stringify({ rules });

test("a preview says what would go by which rule, and nothing goes", async () => {
    await create("preview");
    const repositoryName = "preview", pushed = {};
    for (const t of ["dev-1", "dev-2", "dev-3", "rel-1", "rel-2"]) pushed[t] = await registry.pushImage("preview", t);
    const bare = await registry.pushImage("preview", null);
    const get = (more) => send(GetLifecyclePolicyPreviewCommand, { repositoryName, ...more });
    await refuses(get(), "LifecyclePolicyPreviewNotFoundException");
    await refuses(send(StartLifecyclePolicyPreviewCommand, { repositoryName }), "LifecyclePolicyNotFoundException");
    await refuses(send(StartLifecyclePolicyPreviewCommand, { repositoryName, lifecyclePolicyText: "{\"rules\":[{\"rulePriority\":0}]}".padEnd(120) }), "InvalidParameterException", /rulePriority/);
    const lifecyclePolicyText = text(rule(1, { tagStatus: "tagged", tagPatternList: ["dev-*"], countType: "imageCountMoreThan", countNumber: 1 }),
                                     rule(9, { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 4 }));
    await send(StartLifecyclePolicyPreviewCommand, { repositoryName, lifecyclePolicyText });
    const all = await get();
    assert.deepStrictEqual([all.status, all.lifecyclePolicyText, all.summary.expiringImageTotalCount], ["COMPLETE", lifecyclePolicyText, 2]);
    assert.deepStrictEqual(all.previewResults.map((r) => [r.imageTags[0], r.imageDigest, r.action.type, r.appliedRulePriority]),
                           [["dev-2", pushed["dev-2"].digest, "EXPIRE", 1], ["dev-1", pushed["dev-1"].digest, "EXPIRE", 1]]);
    assert.ok(all.previewResults[0].imagePushedAt instanceof Date);
    const first = await get({ maxResults: 1 }), second = await get({ maxResults: 1, nextToken: first.nextToken });
    assert.deepStrictEqual([...first.previewResults, ...second.previewResults], all.previewResults);
    assert.strictEqual(second.nextToken, undefined);
    assert.deepStrictEqual((await get({ filter: { tagStatus: "UNTAGGED" } })).previewResults, []);
    assert.deepStrictEqual((await get({ imageIds: [{ imageTag: "dev-1" }, { imageTag: "rel-1" }] })).previewResults.map((r) => r.imageTags[0]), ["dev-1"]);
    await refuses(get({ imageIds: [{ imageTag: "dev-1" }], maxResults: 1 }), "InvalidParameterException");
    await send(PutLifecyclePolicyCommand, { repositoryName, lifecyclePolicyText: text(rule(1, { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 1 })) });
    await send(StartLifecyclePolicyPreviewCommand, { repositoryName });
    assert.deepStrictEqual((await get()).previewResults, [], "nothing is a day old");
    await s.cli("clock", "advance", "11h");
    await registry.pushImage("preview", "late");
    await send(StartLifecyclePolicyPreviewCommand, { repositoryName });
    assert.strictEqual((await send(ListImagesCommand, { repositoryName })).imageIds.length, 7, "a preview takes nothing away");
    assert.ok((await registry.raw("GET", `/v2/preview/manifests/${bare.digest}`)).status, 200);
});

test("several prefixes select images that have them all; an earlier rule holds what it selects", async () => {
    await create("both");
    const repositoryName = "both", tag = (name, i) => registry.putManifest("both", name, i.text);
    const one = await registry.pushImage("both", "app-1"), two = await registry.pushImage("both", "app-2");
    await tag("prod-1", one);
    const preview = async (...rules) => {
        await send(StartLifecyclePolicyPreviewCommand, { repositoryName, lifecyclePolicyText: text(...rules) });
        return (await send(GetLifecyclePolicyPreviewCommand, { repositoryName })).previewResults.map((r) => r.imageDigest);
    };
    const newest = (more) => ({ tagStatus: "tagged", countType: "imageCountMoreThan", countNumber: 1, ...more });
    const old = (countNumber, more) => ({ countType: "sinceImagePushed", countUnit: "days", countNumber, ...more });
    await s.cli("clock", "advance", "48h");
    assert.deepStrictEqual(await preview(rule(1, old(1, { tagStatus: "tagged", tagPrefixList: ["app", "prod"] }))), [one.digest]);
    assert.deepStrictEqual(await preview(rule(1, old(1, { tagStatus: "tagged", tagPatternList: ["app-*"] }))), [two.digest, one.digest]);
    assert.deepStrictEqual(await preview(rule(1, newest({ tagPrefixList: ["app"] }))), [one.digest], "the newest stays");
    assert.deepStrictEqual(await preview(rule(1, old(7, { tagStatus: "tagged", tagPrefixList: ["prod"] })), rule(2, newest({ tagPrefixList: ["app"] }))), [],
                           "rule 1 holds the older one, and rule 2 counts it all the same");
});
