// SPDX-License-Identifier: Apache-2.0
// Secrets and parameters under a key of KMS: sealed with it, and unreadable without it.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const K = require("@aws-sdk/client-kms");
const M = require("@aws-sdk/client-secrets-manager");
const P = require("@aws-sdk/client-ssm");
const { allow, strict } = require("../lib/strict");
const { start, refuses } = require("../lib/slipway");

test("a secret is sealed with its key, and opens no more where that is disabled", async (t) => {
    const s = await start(t, { ephemeral: false });
    const sm = (operation, input) => s.client(M.SecretsManagerClient).send(new M[`${operation}Command`](input));
    const kms = (operation, input = {}) => s.client(K.KMSClient).send(new K[`${operation}Command`](input));
    const KmsKeyId = (await kms("CreateKey")).KeyMetadata.Arn, other = (await kms("CreateKey")).KeyMetadata.KeyId;
    await sm("CreateSecret", { Name: "a", SecretString: "one", KmsKeyId });
    assert.strictEqual((await sm("DescribeSecret", { SecretId: "a" })).KmsKeyId, KmsKeyId);
    assert.deepStrictEqual((await sm("ListSecretVersionIds", { SecretId: "a" })).Versions.map((v) => v.KmsKeyIds), [[KmsKeyId]]);
    await s.restart();
    const value = async (more = {}) => (await sm("GetSecretValue", { SecretId: "a", ...more })).SecretString;
    assert.strictEqual(await value(), "one");
    await sm("PutSecretValue", { SecretId: "a", SecretString: "two" });
    await kms("DisableKey", { KeyId: KmsKeyId });
    await refuses(value(), "DecryptionFailure");
    await refuses(sm("PutSecretValue", { SecretId: "a", SecretString: "three" }), "EncryptionFailure");
    await refuses(sm("UpdateSecret", { SecretId: "a", KmsKeyId: other }), "DecryptionFailure");
    assert.deepStrictEqual((await sm("BatchGetSecretValue", { SecretIdList: ["a"] })).Errors.map((e) => e.ErrorCode), ["DecryptionFailure"]);
    await kms("EnableKey", { KeyId: KmsKeyId });
    await sm("UpdateSecret", { SecretId: "a", KmsKeyId: other });
    await kms("DisableKey", { KeyId: KmsKeyId });
    assert.deepStrictEqual([await value(), await value({ VersionStage: "AWSPREVIOUS" })], ["two", "one"], "both are sealed anew");
    await sm("UpdateSecret", { SecretId: "a", KmsKeyId: "" });
    await kms("DisableKey", { KeyId: other });
    assert.deepStrictEqual([await value(), (await sm("DescribeSecret", { SecretId: "a" })).KmsKeyId], ["two", undefined]);
    await refuses(sm("CreateSecret", { Name: "b", SecretString: "x", KmsKeyId: "alias/none" }), "EncryptionFailure", /alias\/none/);
});

test("a secure string is sealed with its key", async (t) => {
    const s = await start(t), ssm = (operation, input) => s.client(P.SSMClient).send(new P[`${operation}Command`](input));
    const kms = (operation, input = {}) => s.client(K.KMSClient).send(new K[`${operation}Command`](input));
    const { KeyId } = (await kms("CreateKey")).KeyMetadata;
    await kms("CreateAlias", { AliasName: "alias/mine", TargetKeyId: KeyId });
    const put = (more) => ssm("PutParameter", { Name: "/p", Value: "v", Type: "SecureString", Overwrite: true, ...more });
    const get = async () => (await ssm("GetParameter", { Name: "/p", WithDecryption: true })).Parameter.Value;
    await put({ KeyId: "alias/mine" });
    assert.strictEqual(await get(), "v");
    assert.deepStrictEqual((await ssm("DescribeParameters", { ParameterFilters: [{ Key: "KeyId", Values: ["alias/mine"] }] })).Parameters.map((p) => [p.Name, p.KeyId]), [["/p", "alias/mine"]]);
    await kms("DisableKey", { KeyId });
    await refuses(get(), "InvalidKeyId");
    await refuses(put({ KeyId: "alias/mine" }), "InvalidKeyId");
    await refuses(put({ KeyId: "alias/none" }), "InvalidKeyId");
    await put({ Value: "w" });
    assert.strictEqual(await get(), "w", "without a key it is AWS's own");
});

test("where the server is strict, who reads a secret needs its key", async (t) => {
    const { as, user } = await strict(t);
    const { Arn } = (await as(K.KMSClient).send(new K.CreateKeyCommand({}))).KeyMetadata;
    await as(M.SecretsManagerClient).send(new M.CreateSecretCommand({ Name: "a", SecretString: "x", KmsKeyId: Arn }));
    const read = (who) => as(M.SecretsManagerClient, who).send(new M.GetSecretValueCommand({ SecretId: "a" }));
    await refuses(read(await user("ann", allow("secretsmanager:*"))), "AccessDeniedException", /kms:Decrypt/);
    const bob = await user("bob", allow("secretsmanager:*"), allow("kms:Decrypt", Arn, { Condition: { StringEquals: { "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com" } } }));
    assert.strictEqual((await read(bob)).SecretString, "x");
});
