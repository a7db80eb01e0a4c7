// SPDX-License-Identifier: Apache-2.0
// Strict: who may use a key is decided by its policy, its grants, and IAM where the policy lets IAM.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const K = require("@aws-sdk/client-kms");
const S = require("@aws-sdk/client-sts");
const { refuses } = require("../lib/slipway");
const { strict, allow, deny, document, trust } = require("../lib/strict");

const x = Buffer.from("x");
const asker = (client) => (operation, input = {}) => client.send(new K[`${operation}Command`](input));
const say = (effect, AWS, Action, more = {}) => ({ Effect: effect, Principal: { AWS }, Action, Resource: "*", ...more });
const arn = (name) => `arn:aws:iam::000000000000:user/${name}`, ROOT = "arn:aws:iam::000000000000:root";
const no = (promise, why) => refuses(promise, "AccessDeniedException", why);

test("a key's policy must allow, or let IAM; a deny is never outvoted", async (t) => {
    const { as, user } = await strict(t), root = asker(as(K.KMSClient));
    const ann = asker(as(K.KMSClient, await user("ann", allow("kms:*")))), bob = asker(as(K.KMSClient, await user("bob")));
    const { KeyId, Arn } = (await root("CreateKey")).KeyMetadata;
    await ann("Encrypt", { KeyId, Plaintext: x });
    await no(bob("Encrypt", { KeyId, Plaintext: x }), /bob is not authorized to perform: kms:Encrypt on resource: .*key.* because no identity-based policy allows/);

    // Without the account's root, IAM has no say.
    const put = (...statements) => root("PutKeyPolicy", { KeyId, Policy: document(...statements), BypassPolicyLockoutSafetyCheck: true });
    const keep = say("Allow", ROOT, ["kms:PutKeyPolicy", "kms:CreateGrant", "kms:CreateAlias", "kms:GetKeyPolicy"]);
    await put(keep, say("Allow", arn("bob"), "kms:Encrypt"));
    await no(ann("Encrypt", { KeyId, Plaintext: x }), /because no resource-based policy allows the kms:Encrypt action/);
    await no(root("Encrypt", { KeyId, Plaintext: x }), /no resource-based policy/);
    const e = await bob("Encrypt", { KeyId, Plaintext: x });
    await no(bob("Decrypt", { CiphertextBlob: e.CiphertextBlob }), new RegExp(`kms:Decrypt on resource: ${Arn}`));
    await no(ann("ScheduleKeyDeletion", { KeyId }));

    // Conditions: encryption context, the alias that the request says.
    await root("CreateAlias", { AliasName: "alias/kept", TargetKeyId: KeyId });
    await put(keep, say("Allow", arn("bob"), ["kms:Encrypt", "kms:Decrypt"], { Condition: { StringEquals: { "kms:EncryptionContext:team": "red" }, "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["team"] } } }),
        say("Allow", arn("ann"), "kms:Encrypt", { Condition: { StringEquals: { "kms:RequestAlias": "alias/kept", "kms:CallerAccount": "000000000000" } } }));
    const red = await bob("Encrypt", { KeyId, Plaintext: x, EncryptionContext: { team: "red" } });
    await bob("Decrypt", { CiphertextBlob: red.CiphertextBlob, EncryptionContext: { team: "red" } });
    for (const EncryptionContext of [undefined, { team: "blue" }, { team: "red", more: "x" }]) await no(bob("Encrypt", { KeyId, Plaintext: x, EncryptionContext }));
    await ann("Encrypt", { KeyId: "alias/kept", Plaintext: x });
    await no(ann("Encrypt", { KeyId, Plaintext: x }));

    await put(keep, say("Allow", "*", "kms:*"), say("Deny", arn("ann"), "kms:Encrypt"));
    await no(ann("Encrypt", { KeyId, Plaintext: x }), /explicit deny in a resource-based policy/);
    await bob("Encrypt", { KeyId, Plaintext: x });
});

test("a grant allows its grantee what it says, by its encryption context, until it is retired", async (t) => {
    const { as, user, role } = await strict(t), root = asker(as(K.KMSClient));
    const bob = asker(as(K.KMSClient, await user("bob"))), eve = asker(as(K.KMSClient, await user("eve", deny("kms:Decrypt"))));
    const { KeyId } = (await root("CreateKey")).KeyMetadata;
    const grant = (who, Operations, more = {}) => root("CreateGrant", { KeyId, GranteePrincipal: who, Operations, ...more });
    await no(bob("Encrypt", { KeyId, Plaintext: x }));
    const g = await grant(arn("bob"), ["Encrypt", "Decrypt", "RetireGrant"], { Constraints: { EncryptionContextSubset: { a: "b" } } });
    const e = await bob("Encrypt", { KeyId, Plaintext: x, EncryptionContext: { a: "b", c: "d" }, GrantTokens: [g.GrantToken] });
    await bob("Decrypt", { CiphertextBlob: e.CiphertextBlob, EncryptionContext: { a: "b", c: "d" } });
    await no(bob("Encrypt", { KeyId, Plaintext: x }));
    await no(bob("GenerateDataKey", { KeyId, KeySpec: "AES_256", EncryptionContext: { a: "b" } }));
    await grant(arn("eve"), ["Decrypt"]);
    await no(eve("Decrypt", { CiphertextBlob: e.CiphertextBlob, EncryptionContext: { a: "b", c: "d" } }), /explicit deny in an identity-based policy/);

    // ReEncrypt is two questions, each about its own key and context.
    const other = (await root("CreateKey")).KeyMetadata.KeyId, move = (more = {}) => bob("ReEncrypt", { CiphertextBlob: e.CiphertextBlob, SourceEncryptionContext: { a: "b", c: "d" }, DestinationKeyId: other, ...more });
    await grant(arn("bob"), ["ReEncryptFrom"], { Constraints: { EncryptionContextEquals: { a: "b", c: "d" } } });
    await no(move(), /kms:ReEncryptTo/);
    await root("CreateGrant", { KeyId: other, GranteePrincipal: arn("bob"), Operations: ["ReEncryptTo"], Constraints: { EncryptionContextEquals: { to: "other" } } });
    await no(move(), /kms:ReEncryptTo/);
    await move({ DestinationEncryptionContext: { to: "other" } });

    // A session has what its role was granted; who may hand on hands on no more.
    const boss = await role("boss", trust({ AWS: ROOT }), allow("sts:*"));
    const sue = await user("sue", allow("sts:AssumeRole")), sts = as(S.STSClient, sue);
    const c = (await sts.send(new S.AssumeRoleCommand({ RoleArn: boss, RoleSessionName: "ses" }))).Credentials;
    const session = asker(as(K.KMSClient, { accessKeyId: c.AccessKeyId, secretAccessKey: c.SecretAccessKey, sessionToken: c.SessionToken }));
    await no(session("Encrypt", { KeyId, Plaintext: x }));
    await grant(boss, ["Encrypt", "CreateGrant"]);
    await session("Encrypt", { KeyId, Plaintext: x });
    await no(session("CreateGrant", { KeyId, GranteePrincipal: arn("eve"), Operations: ["Encrypt", "Decrypt"] }));
    await session("CreateGrant", { KeyId, GranteePrincipal: arn("eve"), Operations: ["Encrypt"] });
    await eve("Encrypt", { KeyId, Plaintext: x });

    await no(eve("RetireGrant", { KeyId, GrantId: g.GrantId }), /kms:RetireGrant/);
    await bob("RetireGrant", { KeyId, GrantId: g.GrantId });
    await no(bob("Encrypt", { KeyId, Plaintext: x, EncryptionContext: { a: "b" } }));
});

test("AWS's own key is used by services alone, for callers of its account", async (t) => {
    const { as, user } = await strict(t), root = asker(as(K.KMSClient)), ann = asker(as(K.KMSClient, await user("ann", allow("kms:*"))));
    const { KeyId } = (await root("DescribeKey", { KeyId: "alias/aws/sqs" })).KeyMetadata;
    await ann("DescribeKey", { KeyId });
    for (const one of [root, ann]) await no(one("Encrypt", { KeyId, Plaintext: x }), /no resource-based policy allows/);
});
