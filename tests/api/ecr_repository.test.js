// SPDX-License-Identifier: Apache-2.0
// Repositories of ECR: their settings, policies, tags.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const { DeleteRepositoryCommand, DeleteRepositoryPolicyCommand,
        DescribeRegistryCommand, DescribeRepositoriesCommand, GetRepositoryPolicyCommand, ListTagsForResourceCommand,
        PutImageScanningConfigurationCommand, SetRepositoryPolicyCommand, TagResourceCommand, UntagResourceCommand } = require("@aws-sdk/client-ecr");
const { refuses } = require("../lib/slipway");
const { registryFile } = require("../lib/registry");

const { registry, send, create } = registryFile();

test("a repository is created, described and deleted", async () => {
    const r = await create("first/app", { tags: [{ Key: "team", Value: "a" }] });
    assert.strictEqual(r.repositoryArn, "arn:aws:ecr:us-east-1:000000000000:repository/first/app");
    assert.strictEqual(r.repositoryUri, `${registry.host}/first/app`);
    assert.strictEqual(r.imageTagMutability, "MUTABLE");
    assert.deepStrictEqual(r.imageScanningConfiguration, { scanOnPush: false });
    assert.deepStrictEqual(r.encryptionConfiguration, { encryptionType: "AES256" });
    await refuses(create("first/app"), "RepositoryAlreadyExistsException", /^The repository with name 'first\/app' already exists in the registry with id '000000000000'$/);
    const { repositories } = await send(DescribeRepositoriesCommand, { repositoryNames: ["first/app"] });
    assert.deepStrictEqual(repositories.map((x) => x.repositoryName), ["first/app"]);
    assert.strictEqual((await send(DeleteRepositoryCommand, { repositoryName: "first/app" })).repository.repositoryName, "first/app");
    await refuses(send(DescribeRepositoriesCommand, { repositoryNames: ["first/app"] }), "RepositoryNotFoundException",
                  /^The repository with name 'first\/app' does not exist in the registry with id '000000000000'$/);
});

test("what cannot be done is refused by name", async () => {
    await refuses(create("Upper"), "InvalidParameterException", /repositoryName/);
    await refuses(create("x/scan", { imageScanningConfiguration: { scanOnPush: true } }), "InvalidParameterException", /scanOnPush/);
    await refuses(create("x/kms", { encryptionConfiguration: { encryptionType: "KMS" } }), "InvalidParameterException", /encryptionType/);
    await refuses(create("x/filters", { imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "a*" }] }), "InvalidParameterException", /Exclusion/i);
});

test("repositories are listed in pages", async () => {
    for (let i = 0; i < 5; i++) await create(`page/r${i}`);
    const names = [];
    for (let nextToken; ;) {
        const p = await send(DescribeRepositoriesCommand, { maxResults: 2, nextToken });
        assert.ok(p.repositories.length <= 2);
        names.push(...p.repositories.map((r) => r.repositoryName));
        if (!(nextToken = p.nextToken)) break;
    }
    assert.deepStrictEqual(names.filter((n) => n.startsWith("page/")), [0, 1, 2, 3, 4].map((i) => `page/r${i}`));
    await refuses(send(DescribeRepositoriesCommand, { nextToken: "nonsense" }), "InvalidParameterException");
});

test("tags of a repository are added, listed and removed", async () => {
    const { repositoryArn: resourceArn } = await create("tagged");
    await send(TagResourceCommand, { resourceArn, tags: [{ Key: "a", Value: "1" }, { Key: "b", Value: "2" }] });
    await send(TagResourceCommand, { resourceArn, tags: [{ Key: "a", Value: "3" }] });
    await send(UntagResourceCommand, { resourceArn, tagKeys: ["b"] });
    assert.deepStrictEqual((await send(ListTagsForResourceCommand, { resourceArn })).tags, [{ Key: "a", Value: "3" }]);
    /* of another region or account: not this one, whatever its last part */
    await refuses(send(ListTagsForResourceCommand, { resourceArn: resourceArn.replace("us-east-1", "eu-west-1") }), "InvalidParameterException", /'Invalid ARN'/);
    await refuses(send(ListTagsForResourceCommand, { resourceArn: resourceArn.replace("000000000000", "111111111111") }), "RepositoryNotFoundException");
});

test("policies of a repository are kept", async () => {
    await create("policy");
    const repositoryName = "policy", policyText = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage" }] });
    await refuses(send(GetRepositoryPolicyCommand, { repositoryName }), "RepositoryPolicyNotFoundException");
    await refuses(send(SetRepositoryPolicyCommand, { repositoryName, policyText: "nonsense" }), "InvalidParameterException");
    await send(SetRepositoryPolicyCommand, { repositoryName, policyText });
    assert.strictEqual((await send(GetRepositoryPolicyCommand, { repositoryName })).policyText, policyText);
    await send(DeleteRepositoryPolicyCommand, { repositoryName });
    await refuses(send(PutImageScanningConfigurationCommand, { repositoryName, imageScanningConfiguration: { scanOnPush: true } }), "InvalidParameterException", /scanOnPush/);
    const { registryId, replicationConfiguration } = await send(DescribeRegistryCommand);
    assert.deepStrictEqual([registryId, replicationConfiguration], ["000000000000", { rules: [] }]);
});
