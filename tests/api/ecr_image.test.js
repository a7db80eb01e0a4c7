// SPDX-License-Identifier: Apache-2.0
// Images and layers by ECR's own operations.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const { BatchCheckLayerAvailabilityCommand, BatchDeleteImageCommand, BatchGetImageCommand,
        CompleteLayerUploadCommand, DeleteRepositoryCommand, DescribeImagesCommand,
        GetDownloadUrlForLayerCommand, InitiateLayerUploadCommand, ListImagesCommand, PutImageCommand,
        PutImageTagMutabilityCommand, UploadLayerPartCommand } = require("@aws-sdk/client-ecr");
const { refuses } = require("../lib/slipway");
const { registryFile, TYPES, sha256 } = require("../lib/registry");

const { s, ecr, registry, send, create } = registryFile();

test("an immutable tag cannot be moved, one that is excluded can", async () => {
    await create("frozen", { imageTagMutability: "IMMUTABLE" });
    const one = await registry.pushImage("frozen", "v1"), two = await registry.makeImage("frozen");
    const put = (tag) => registry.raw("PUT", `/v2/frozen/manifests/${tag}`, { headers: { "Content-Type": TYPES.image }, body: two.text });
    const r = await put("v1");
    assert.strictEqual(r.status, 400);
    assert.strictEqual(r.json.errors[0].code, "TAG_INVALID");
    await refuses(send(PutImageCommand, { repositoryName: "frozen", imageManifest: two.text, imageTag: "v1" }), "ImageTagAlreadyExistsException",
                  /^The image tag 'v1' already exists in the 'frozen' repository and cannot be overwritten because the tag is immutable\.$/);
    await refuses(send(PutImageCommand, { repositoryName: "frozen", imageManifest: one.text, imageTag: "v1" }), "ImageAlreadyExistsException");
    await send(PutImageTagMutabilityCommand, { repositoryName: "frozen", imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
                                               imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "dev*" }] });
    await registry.raw("PUT", "/v2/frozen/manifests/dev-1", { headers: { "Content-Type": TYPES.image }, body: one.text });
    assert.strictEqual((await put("dev-1")).status, 201);
    assert.strictEqual((await put("v1")).status, 400);
});

test("layers are uploaded by the API's own operations", async () => {
    await create("parts");
    const repositoryName = "parts", bytes = crypto.randomBytes(20000);
    const { uploadId, partSize } = await send(InitiateLayerUploadCommand, { repositoryName });
    assert.strictEqual(partSize, 10485760);
    const part = (from, to) => send(UploadLayerPartCommand, { repositoryName, uploadId, partFirstByte: from, partLastByte: to, layerPartBlob: bytes.subarray(from, to + 1) });
    assert.strictEqual((await part(0, 9999)).lastByteReceived, 9999);
    const e = await refuses(part(0, 9999), "InvalidLayerPartException");
    assert.strictEqual(e.lastValidByteReceived, 9999);
    await part(10000, 19999);
    await send(CompleteLayerUploadCommand, { repositoryName, uploadId, layerDigests: [sha256(bytes)] });
    const { layers, failures } = await send(BatchCheckLayerAvailabilityCommand, { repositoryName, layerDigests: [sha256(bytes), sha256("none"), "nonsense"] });
    assert.deepStrictEqual(layers.map((l) => l.layerAvailability), ["AVAILABLE", "UNAVAILABLE"]);
    assert.strictEqual(failures[0].failureCode, "InvalidLayerDigest");
    const { downloadUrl } = await send(GetDownloadUrlForLayerCommand, { repositoryName, layerDigest: sha256(bytes) });
    const got = await fetch(downloadUrl);
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(bytes));
    assert.strictEqual((await fetch(downloadUrl.replace(/token=.*/, "token=wrong"))).status, 401);
    await refuses(part(0, 1), "UploadNotFoundException");
});

test("images are got, described and deleted by tag and digest", async () => {
    await create("images");
    const repositoryName = "images";
    const one = await registry.makeImage("images"), two = await registry.pushImage("images", "two");
    const put = await send(PutImageCommand, { repositoryName, imageManifest: one.text, imageTag: "one" });
    assert.deepStrictEqual(put.image.imageId, { imageDigest: one.digest, imageTag: "one" });
    await send(PutImageCommand, { repositoryName, imageManifest: one.text, imageTag: "also" });
    await refuses(send(PutImageCommand, { repositoryName, imageManifest: one.text, imageTag: "x", imageDigest: two.digest }), "ImageDigestDoesNotMatchException");
    const got = await send(BatchGetImageCommand, { repositoryName, imageIds: [{ imageTag: "one" }, { imageDigest: two.digest }, { imageTag: "three" }, {}] });
    assert.deepStrictEqual(got.images.map((i) => i.imageManifest), [one.text, two.text]);
    assert.deepStrictEqual(got.failures.map((f) => f.failureCode), ["ImageNotFound", "MissingDigestAndTag"]);
    const all = (await send(DescribeImagesCommand, { repositoryName })).imageDetails;
    assert.deepStrictEqual(all.find((i) => i.imageDigest === one.digest).imageTags.sort(), ["also", "one"]);
    assert.strictEqual(all.find((i) => i.imageDigest === one.digest).imageSizeInBytes, one.size);
    await refuses(send(DescribeImagesCommand, { repositoryName, imageIds: [{ imageTag: "three" }] }), "ImageNotFoundException",
                  /^The image with imageId \{imageDigest:'null', imageTag:'three'\} does not exist within the repository with name 'images' in the registry with id '000000000000'$/);
    await send(BatchDeleteImageCommand, { repositoryName, imageIds: [{ imageTag: "also" }] });
    assert.deepStrictEqual((await send(ListImagesCommand, { repositoryName, filter: { tagStatus: "TAGGED" } })).imageIds.map((i) => i.imageTag).sort(), ["one", "two"]);
    await refuses(send(DeleteRepositoryCommand, { repositoryName }), "RepositoryNotEmptyException");
    const gone = await send(BatchDeleteImageCommand, { repositoryName, imageIds: [{ imageTag: "one" }] });
    assert.deepStrictEqual(gone.imageIds, [{ imageDigest: one.digest, imageTag: "one" }]);
    assert.strictEqual((await registry.raw("HEAD", `/v2/images/blobs/${one.layer.digest}`)).status, 404, "its layer went with it");
    assert.strictEqual((await registry.raw("HEAD", `/v2/images/blobs/${two.layer.digest}`)).status, 200);
    await send(DeleteRepositoryCommand, { repositoryName, force: true });
});

test("identifiers are listed in pages as long as was asked, tag by tag", async () => {
    await create("paged");
    const repositoryName = "paged", all = [];
    for (const tags of [["a1", "a2", "a3"], ["b1"], [null], ["c1", "c2"]]) {
        const i = await registry.pushImage("paged", tags[0]);
        for (const t of tags.slice(1)) await registry.putManifest("paged", t, i.text);
        all.push(...tags.map((t) => `${t} ${i.digest}`));
    }
    const list = async (maxResults, filter) => {
        const ids = [];
        for (let nextToken; ;) {
            const p = await send(ListImagesCommand, { repositoryName, maxResults, nextToken, filter });
            assert.ok(p.imageIds.length <= maxResults);
            ids.push(...p.imageIds.map((i) => `${i.imageTag ?? null} ${i.imageDigest}`));
            if (!(nextToken = p.nextToken)) return ids.sort();
        }
    };
    for (const n of [1, 2, 3, 100]) assert.deepStrictEqual(await list(n), all.slice().sort(), `pages of ${n}`);
    assert.deepStrictEqual(await list(1, { tagStatus: "UNTAGGED" }), all.filter((x) => x.startsWith("null")));
    assert.deepStrictEqual(await list(2, { tagStatus: "TAGGED" }), all.filter((x) => !x.startsWith("null")).sort());
    assert.deepStrictEqual(await list(2, { imageStatus: "ARCHIVED" }), []);
    const described = [];
    for (let nextToken; ;) {
        const p = await send(DescribeImagesCommand, { repositoryName, maxResults: 3, nextToken });
        described.push(...p.imageDetails.map((d) => d.imageDigest));
        if (!(nextToken = p.nextToken)) break;
    }
    assert.deepStrictEqual(described.sort(), [...new Set(all.map((x) => x.split(" ")[1]))].sort());
    await refuses(send(ListImagesCommand, { repositoryName, nextToken: "nonsense" }), "InvalidParameterException", /nextToken/);
});
