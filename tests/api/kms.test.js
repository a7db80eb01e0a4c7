// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const K = require("@aws-sdk/client-kms");
const lib = require("../lib/slipway");
const { start, finish } = lib;

// AWS's words: all of them where they are a text.
const whole = (t) => typeof t === "string" ? new RegExp(`^${t.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`) : t;
const refuses = (promise, code, words) => lib.refuses(promise, code, whole(words));

let s, kms;
before(async () => { s = await start(null); kms = s.client(K.KMSClient); });
after(() => finish(s));

const ask = (operation, input = {}) => kms.send(new K[`${operation}Command`](input));
const make = async (input = {}) => (await ask("CreateKey", input)).KeyMetadata;
const text = (bytes) => Buffer.from(bytes).toString();
const NEVER = "1234abcd-12ab-34cd-56ef-1234567890ab";

test("a key is made, named in four ways, described, listed and described anew", async () => {
    const k = await make({ Description: "mine", Tags: [{ TagKey: "a", TagValue: "b" }] });
    assert.match(k.KeyId, /^[0-9a-f-]{36}$/);
    assert.strictEqual(k.Arn, `arn:aws:kms:us-east-1:000000000000:key/${k.KeyId}`);
    assert.deepStrictEqual([k.KeyState, k.Enabled, k.KeySpec, k.CustomerMasterKeySpec, k.KeyUsage, k.Origin, k.KeyManager, k.MultiRegion, k.EncryptionAlgorithms],
        ["Enabled", true, "SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS", "CUSTOMER", false, ["SYMMETRIC_DEFAULT"]]);
    await ask("CreateAlias", { AliasName: "alias/four/ways", TargetKeyId: k.KeyId });
    for (const KeyId of [k.KeyId, k.Arn, "alias/four/ways", "arn:aws:kms:us-east-1:000000000000:alias/four/ways"])
        assert.strictEqual((await ask("DescribeKey", { KeyId })).KeyMetadata.KeyId, k.KeyId);
    await ask("UpdateKeyDescription", { KeyId: k.Arn, Description: "yours" });
    assert.strictEqual((await ask("DescribeKey", { KeyId: k.KeyId })).KeyMetadata.Description, "yours");
    assert.ok((await ask("ListKeys")).Keys.some((x) => x.KeyArn === k.Arn));
});

test("what is not there, and what is no name of a key, is said in AWS's words", async () => {
    await refuses(ask("DescribeKey", { KeyId: NEVER }), "NotFoundException", `Key 'arn:aws:kms:us-east-1:000000000000:key/${NEVER}' does not exist`);
    await refuses(ask("DescribeKey", { KeyId: "alias/never" }), "NotFoundException", "Alias arn:aws:kms:us-east-1:000000000000:alias/never is not found.");
    await refuses(ask("DescribeKey", { KeyId: "what" }), "NotFoundException", "Invalid keyId 'what'");
    await refuses(ask("DescribeKey", { KeyId: "arn:aws:s3:::bucket" }), "InvalidArnException");
    await refuses(ask("DescribeKey", { KeyId: `arn:aws:kms:eu-west-1:000000000000:key/${NEVER}` }), "NotFoundException", "Invalid arn eu-west-1");
    await refuses(ask("CreateKey", { KeySpec: "RSA_2048" }), "ValidationException", /must specify a KeyUsage/);
    await refuses(ask("CreateKey", { KeySpec: "ECC_NIST_P256", KeyUsage: "ENCRYPT_DECRYPT" }), "ValidationException", /not compatible/);
    for (const more of [{ KeySpec: "SM2", KeyUsage: "SIGN_VERIFY" }, { KeySpec: "ML_DSA_44", KeyUsage: "SIGN_VERIFY" }, { MultiRegion: true }, { CustomKeyStoreId: "cks-1" }])
        await refuses(ask("CreateKey", more), "UnsupportedOperationException", /is not supported/);
});

test("what a key encrypts opens with its encryption context alone", async () => {
    const { KeyId, Arn } = await make(), { KeyId: other } = await make(), EncryptionContext = { app: "a", user: "u" };
    const e = await ask("Encrypt", { KeyId, Plaintext: Buffer.from("secret"), EncryptionContext });
    assert.deepStrictEqual([e.KeyId, e.EncryptionAlgorithm], [Arn, "SYMMETRIC_DEFAULT"]);
    const d = await ask("Decrypt", { CiphertextBlob: e.CiphertextBlob, EncryptionContext: { user: "u", app: "a" } });
    assert.deepStrictEqual([text(d.Plaintext), d.KeyId], ["secret", Arn]);
    await refuses(ask("Decrypt", { CiphertextBlob: e.CiphertextBlob }), "InvalidCiphertextException");
    await refuses(ask("Decrypt", { CiphertextBlob: e.CiphertextBlob, EncryptionContext: { app: "auseru", user: "" } }), "InvalidCiphertextException");
    await refuses(ask("Decrypt", { CiphertextBlob: e.CiphertextBlob, EncryptionContext, KeyId: other }), "IncorrectKeyException");
    await refuses(ask("Decrypt", { CiphertextBlob: Buffer.from("nonsense") }), "InvalidCiphertextException");
    for (const at of [1, 20, 60, e.CiphertextBlob.length - 1]) {
        const bad = Buffer.from(e.CiphertextBlob);
        bad[at] ^= 1;
        await refuses(ask("Decrypt", { CiphertextBlob: bad, EncryptionContext }), at === 1 ? "AccessDeniedException" : "InvalidCiphertextException");
    }
    await refuses(ask("Encrypt", { KeyId, Plaintext: Buffer.alloc(4097) }), "ValidationException");
    const r = await ask("ReEncrypt", { CiphertextBlob: e.CiphertextBlob, SourceEncryptionContext: EncryptionContext, DestinationKeyId: other, DestinationEncryptionContext: { b: "c" } });
    assert.ok(r.SourceKeyId === Arn && r.KeyId.endsWith(other));
    assert.strictEqual(text((await ask("Decrypt", { CiphertextBlob: r.CiphertextBlob, EncryptionContext: { b: "c" } })).Plaintext), "secret");
    await refuses(ask("Encrypt", { KeyId, Plaintext: Buffer.from("x"), DryRun: true }), "DryRunOperationException");
});

test("data keys are told and encrypted, of the size that is asked for", async () => {
    const { KeyId } = await make();
    for (const [how, n] of [[{ KeySpec: "AES_256" }, 32], [{ KeySpec: "AES_128" }, 16], [{ NumberOfBytes: 77 }, 77]]) {
        const g = await ask("GenerateDataKey", { KeyId, ...how, EncryptionContext: { a: "b" } });
        assert.strictEqual(g.Plaintext.length, n);
        assert.deepStrictEqual((await ask("Decrypt", { CiphertextBlob: g.CiphertextBlob, EncryptionContext: { a: "b" } })).Plaintext, g.Plaintext);
        const w = await ask("GenerateDataKeyWithoutPlaintext", { KeyId, ...how });
        assert.strictEqual(w.Plaintext, undefined);
        assert.strictEqual((await ask("Decrypt", { CiphertextBlob: w.CiphertextBlob })).Plaintext.length, n);
    }
    await refuses(ask("GenerateDataKey", { KeyId }), "ValidationException", /either number of bytes or key spec/);
    await refuses(ask("GenerateDataKey", { KeyId, KeySpec: "AES_256", NumberOfBytes: 1 }), "ValidationException");
    for (const KeyPairSpec of ["RSA_2048", "ECC_NIST_P384"]) {
        const p = await ask("GenerateDataKeyPair", { KeyId, KeyPairSpec });
        const priv = crypto.createPrivateKey({ key: Buffer.from(p.PrivateKeyPlaintext), format: "der", type: "pkcs8" });
        assert.deepStrictEqual(crypto.createPublicKey(priv).export({ format: "der", type: "spki" }), Buffer.from(p.PublicKey));
        assert.deepStrictEqual((await ask("Decrypt", { CiphertextBlob: p.PrivateKeyCiphertextBlob })).Plaintext, p.PrivateKeyPlaintext);
        const w = await ask("GenerateDataKeyPairWithoutPlaintext", { KeyId, KeyPairSpec });
        assert.ok(w.PrivateKeyCiphertextBlob && !w.PrivateKeyPlaintext && w.PublicKey);
    }
    assert.strictEqual((await ask("GenerateRandom", { NumberOfBytes: 24 })).Plaintext.length, 24);
    await refuses(ask("GenerateDataKey", { KeyId: (await make({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" })).KeyId, KeySpec: "AES_256" }), "InvalidKeyUsageException");
});

const RSA_SIGNS = ["PSS", "PKCS1_V1_5"].flatMap((how) => [256, 384, 512].map((n) => `RSASSA_${how}_SHA_${n}`));
const PSS = { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST };
const publicKey = async (KeyId) => crypto.createPublicKey({ key: Buffer.from((await ask("GetPublicKey", { KeyId })).PublicKey), format: "der", type: "spki" });

test("another program verifies what each kind of key signs, raw and as a digest", async () => {
    for (const [KeySpec, algorithms, tried = algorithms] of [
        ["RSA_2048", RSA_SIGNS], ["RSA_3072", RSA_SIGNS, ["RSASSA_PSS_SHA_256"]],
        ["ECC_NIST_P256", ["ECDSA_SHA_256"]], ["ECC_NIST_P384", ["ECDSA_SHA_384"]], ["ECC_NIST_P521", ["ECDSA_SHA_512"]], ["ECC_SECG_P256K1", ["ECDSA_SHA_256"]]]) {
        const k = await make({ KeySpec, KeyUsage: "SIGN_VERIFY" }), KeyId = k.KeyId, Message = Buffer.from("to be signed"), key = await publicKey(KeyId);
        assert.deepStrictEqual([...k.SigningAlgorithms].sort(), [...algorithms].sort());
        for (const SigningAlgorithm of tried) {
            const hash = `sha${SigningAlgorithm.slice(-3)}`, digest = crypto.createHash(hash).update(Message).digest();
            const options = SigningAlgorithm.includes("PSS") ? { key, ...PSS } : key;
            const raw = await ask("Sign", { KeyId, Message, SigningAlgorithm });
            const signed = await ask("Sign", { KeyId, Message: digest, MessageType: "DIGEST", SigningAlgorithm });
            for (const { Signature } of [raw, signed]) {
                assert.ok(crypto.verify(hash, Message, options, Signature), SigningAlgorithm);
                assert.strictEqual((await ask("Verify", { KeyId, Message, Signature, SigningAlgorithm })).SignatureValid, true);
                await refuses(ask("Verify", { KeyId, Message: Buffer.from("another"), Signature, SigningAlgorithm }), "KMSInvalidSignatureException");
            }
            await refuses(ask("Sign", { KeyId, Message: digest.subarray(1), MessageType: "DIGEST", SigningAlgorithm }), "ValidationException", /Digest is invalid length/);
        }
        await refuses(ask("Sign", { KeyId, Message, SigningAlgorithm: KeySpec.startsWith("RSA") ? "ECDSA_SHA_256" : "RSASSA_PSS_SHA_256" }), "InvalidKeyUsageException", /not compatible/);
        await refuses(ask("Encrypt", { KeyId, Plaintext: Message }), "InvalidKeyUsageException", /key usage is SIGN_VERIFY which is not valid for Encrypt/);
    }
});

test("RSA encrypts by OAEP what its public key does, too, up to its size", async () => {
    const k = await make({ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" }), KeyId = k.KeyId, key = await publicKey(KeyId);
    for (const [EncryptionAlgorithm, oaepHash, most] of [["RSAES_OAEP_SHA_1", "sha1", 214], ["RSAES_OAEP_SHA_256", "sha256", 190]]) {
        const outside = crypto.publicEncrypt({ key, oaepHash, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING }, Buffer.from("from outside"));
        assert.strictEqual(text((await ask("Decrypt", { KeyId, CiphertextBlob: outside, EncryptionAlgorithm })).Plaintext), "from outside");
        const inside = await ask("Encrypt", { KeyId, Plaintext: Buffer.alloc(most, 7), EncryptionAlgorithm });
        assert.strictEqual((await ask("Decrypt", { KeyId, CiphertextBlob: inside.CiphertextBlob, EncryptionAlgorithm })).Plaintext.length, most);
        await refuses(ask("Encrypt", { KeyId, Plaintext: Buffer.alloc(most + 1), EncryptionAlgorithm }), "ValidationException", new RegExp(`larger than ${most} bytes`));
        await refuses(ask("Decrypt", { CiphertextBlob: outside, EncryptionAlgorithm }), "ValidationException", /KeyId/);
        await refuses(ask("Decrypt", { KeyId, CiphertextBlob: outside.subarray(1), EncryptionAlgorithm }), "InvalidCiphertextException");
    }
    await refuses(ask("Encrypt", { KeyId, Plaintext: Buffer.from("x") }), "InvalidKeyUsageException");
    const SourceEncryptionAlgorithm = "RSAES_OAEP_SHA_256", { KeyId: DestinationKeyId } = await make();
    const inside = await ask("Encrypt", { KeyId, Plaintext: Buffer.from("moves"), EncryptionAlgorithm: SourceEncryptionAlgorithm });
    const moved = await ask("ReEncrypt", { SourceKeyId: KeyId, SourceEncryptionAlgorithm, CiphertextBlob: inside.CiphertextBlob, DestinationKeyId });
    assert.strictEqual(text((await ask("Decrypt", { CiphertextBlob: moved.CiphertextBlob })).Plaintext), "moves");
    for (const CiphertextBlob of [Buffer.alloc(256, 1), Buffer.alloc(256, 2)]) // ciphertext of RSA names no key, whatever it begins with
        await refuses(ask("ReEncrypt", { SourceEncryptionAlgorithm, CiphertextBlob, DestinationKeyId }), "ValidationException", /KeyId/);
});

test("MACs are HMAC's, and a shared secret is ECDH's", async () => {
    for (const n of ["224", "256", "384", "512"]) {
        const { KeyId } = await make({ KeySpec: `HMAC_${n}`, KeyUsage: "GENERATE_VERIFY_MAC" }), MacAlgorithm = `HMAC_SHA_${n}`, Message = Buffer.from("m");
        const { Mac } = await ask("GenerateMac", { KeyId, Message, MacAlgorithm });
        assert.strictEqual(Mac.length, Number(n) / 8);
        assert.strictEqual((await ask("VerifyMac", { KeyId, Message, MacAlgorithm, Mac })).MacValid, true);
        await refuses(ask("VerifyMac", { KeyId, Message: Buffer.from("n"), MacAlgorithm, Mac }), "KMSInvalidMacException");
    }
    for (const [KeySpec, curve] of [["ECC_NIST_P256", "prime256v1"], ["ECC_NIST_P521", "secp521r1"]]) {
        const k = await make({ KeySpec, KeyUsage: "KEY_AGREEMENT" }), mine = crypto.generateKeyPairSync("ec", { namedCurve: curve });
        const PublicKey = mine.publicKey.export({ format: "der", type: "spki" });
        const d = await ask("DeriveSharedSecret", { KeyId: k.KeyId, KeyAgreementAlgorithm: "ECDH", PublicKey });
        assert.deepStrictEqual(Buffer.from(d.SharedSecret), crypto.diffieHellman({ privateKey: mine.privateKey, publicKey: await publicKey(k.KeyId) }));
        await refuses(ask("DeriveSharedSecret", { KeyId: k.KeyId, KeyAgreementAlgorithm: "ECDH", PublicKey: PublicKey.subarray(1) }), "ValidationException");
    }
});

test("a key that is disabled or about to be deleted works for nobody, and comes back", async () => {
    const { KeyId, Arn } = await make(), Plaintext = Buffer.from("x"), { CiphertextBlob } = await ask("Encrypt", { KeyId, Plaintext });
    await ask("DisableKey", { KeyId });
    await refuses(ask("Decrypt", { CiphertextBlob }), "DisabledException", `${Arn} is disabled.`);
    assert.strictEqual((await ask("DescribeKey", { KeyId })).KeyMetadata.KeyState, "Disabled");
    await ask("EnableKey", { KeyId });
    await ask("Decrypt", { CiphertextBlob });
    await refuses(ask("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 6 }), "ValidationException");
    await refuses(ask("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 31 }), "ValidationException");
    await refuses(ask("CancelKeyDeletion", { KeyId }), "KMSInvalidStateException", `${Arn} is not pending deletion.`);
    const d = await ask("ScheduleKeyDeletion", { KeyId });
    assert.deepStrictEqual([d.KeyId, d.KeyState, d.PendingWindowInDays], [Arn, "PendingDeletion", 30]);
    for (const [operation, input] of [["Decrypt", { CiphertextBlob }], ["EnableKey", { KeyId }], ["ScheduleKeyDeletion", { KeyId }], ["TagResource", { KeyId, Tags: [{ TagKey: "a", TagValue: "b" }] }]])
        await refuses(ask(operation, input), "KMSInvalidStateException", `${Arn} is pending deletion.`);
    assert.deepStrictEqual((await ask("DescribeKey", { KeyId })).KeyMetadata.DeletionDate, d.DeletionDate);
    await ask("CancelKeyDeletion", { KeyId });
    await refuses(ask("Decrypt", { CiphertextBlob }), "DisabledException");
    await ask("EnableKey", { KeyId });
    assert.strictEqual(text((await ask("Decrypt", { CiphertextBlob })).Plaintext), "x");
});

test("aliases move between keys of a kind; AWS's own are AWS's", async () => {
    const a = await make(), b = await make(), mac = await make({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
    await ask("CreateAlias", { AliasName: "alias/moves", TargetKeyId: a.Arn });
    await refuses(ask("CreateAlias", { AliasName: "alias/moves", TargetKeyId: b.KeyId }), "AlreadyExistsException", "An alias with the name arn:aws:kms:us-east-1:000000000000:alias/moves already exists");
    await ask("UpdateAlias", { AliasName: "alias/moves", TargetKeyId: b.KeyId });
    assert.strictEqual((await ask("DescribeKey", { KeyId: "alias/moves" })).KeyMetadata.KeyId, b.KeyId);
    assert.deepStrictEqual((await ask("ListAliases", { KeyId: b.Arn })).Aliases.map((x) => [x.AliasName, x.TargetKeyId]), [["alias/moves", b.KeyId]]);
    await refuses(ask("UpdateAlias", { AliasName: "alias/moves", TargetKeyId: mac.KeyId }), "ValidationException");
    await refuses(ask("CreateAlias", { AliasName: "moves", TargetKeyId: a.KeyId }), "ValidationException", /must start with the prefix/);
    await refuses(ask("CreateAlias", { AliasName: "alias/aws/x", TargetKeyId: a.KeyId }), "NotAuthorizedException");
    await refuses(ask("CreateAlias", { AliasName: "alias/a:b", TargetKeyId: a.KeyId }), "InvalidAliasNameException");
    await ask("DeleteAlias", { AliasName: "alias/moves" });
    await refuses(ask("DeleteAlias", { AliasName: "alias/moves" }), "NotFoundException", /alias\/moves is not found/);
    const own = (await ask("DescribeKey", { KeyId: "alias/aws/sqs" })).KeyMetadata;
    assert.strictEqual(own.KeyManager, "AWS");
    assert.strictEqual((await ask("DescribeKey", { KeyId: "alias/aws/sqs" })).KeyMetadata.KeyId, own.KeyId);
    for (const [operation, input] of [["ScheduleKeyDeletion", {}], ["DisableKey", {}], ["Encrypt", { Plaintext: Buffer.from("x") }], ["PutKeyPolicy", { Policy: "{}" }]])
        await refuses(ask(operation, { KeyId: own.KeyId, ...input }), "AccessDeniedException", /no resource-based policy allows/);
    await refuses(ask("DescribeKey", { KeyId: "alias/aws/never" }), "NotFoundException");
});

test("a key policy is read and written, and nobody locks himself out by mistake", async () => {
    const { KeyId } = await make(), { Policy } = await ask("GetKeyPolicy", { KeyId });
    assert.deepStrictEqual(JSON.parse(Policy).Statement[0].Principal, { AWS: "arn:aws:iam::000000000000:root" });
    const of = (Principal, Action = "kms:*") => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal, Action, Resource: "*" }] });
    await ask("PutKeyPolicy", { KeyId, PolicyName: "default", Policy: of({ AWS: "*" }) });
    assert.strictEqual((await ask("GetKeyPolicy", { KeyId, PolicyName: "default" })).Policy, of({ AWS: "*" }));
    await refuses(ask("PutKeyPolicy", { KeyId, Policy: of({ AWS: "*" }, "kms:Encrypt") }), "MalformedPolicyDocumentException", /will not allow you to update/);
    await refuses(ask("PutKeyPolicy", { KeyId, Policy: "{" }), "MalformedPolicyDocumentException");
    await ask("PutKeyPolicy", { KeyId, Policy: of({ AWS: "*" }, "kms:Encrypt"), BypassPolicyLockoutSafetyCheck: true });
    assert.deepStrictEqual((await ask("ListKeyPolicies", { KeyId })).PolicyNames, ["default"]);
    await refuses(ask("GetKeyPolicy", { KeyId, PolicyName: "other" }), "NotFoundException", "No such policy exists");
    await refuses(make({ Policy: of({ AWS: "arn:aws:iam::111122223333:root" }) }), "MalformedPolicyDocumentException");
});

const WHO = "arn:aws:iam::000000000000:user/who";

test("grants are made once by name, listed, retired and revoked", async () => {
    const { KeyId, Arn } = await make(), grant = (more) => ask("CreateGrant", { KeyId, GranteePrincipal: WHO, Operations: ["Encrypt", "Decrypt"], ...more });
    const a = await grant({ Name: "a", RetiringPrincipal: `${WHO}2`, Constraints: { EncryptionContextSubset: { a: "b" } } });
    assert.deepStrictEqual(await grant({ Name: "a", RetiringPrincipal: `${WHO}2`, Constraints: { EncryptionContextSubset: { a: "b" } } }).then((x) => x.GrantId), a.GrantId);
    const b = await grant({ Name: "a" });
    assert.notStrictEqual(b.GrantId, a.GrantId);
    const { Grants } = await ask("ListGrants", { KeyId, GrantId: a.GrantId });
    assert.deepStrictEqual(Grants.map((g) => [g.KeyId, g.Name, g.GranteePrincipal, g.RetiringPrincipal, g.IssuingAccount, g.Constraints]),
        [[Arn, "a", WHO, `${WHO}2`, "arn:aws:iam::000000000000:root", { EncryptionContextSubset: { a: "b" } }]]);
    assert.deepStrictEqual((await ask("ListRetirableGrants", { RetiringPrincipal: `${WHO}2` })).Grants.map((g) => g.GrantId), [a.GrantId]);
    await ask("Encrypt", { KeyId, Plaintext: Buffer.from("x"), GrantTokens: [a.GrantToken] });
    await refuses(ask("Encrypt", { KeyId, Plaintext: Buffer.from("x"), GrantTokens: ["never"] }), "InvalidGrantTokenException");
    await refuses(ask("RevokeGrant", { KeyId, GrantId: a.GrantId, DryRun: true }), "DryRunOperationException");
    await ask("RetireGrant", { GrantToken: a.GrantToken });
    await ask("RevokeGrant", { KeyId, GrantId: b.GrantId });
    assert.deepStrictEqual((await ask("ListGrants", { KeyId })).Grants, []);
    await refuses(ask("RevokeGrant", { KeyId, GrantId: b.GrantId }), "NotFoundException");
    await refuses(ask("RetireGrant", { KeyId }), "ValidationException");
    await refuses(grant({ GranteePrincipal: "who" }), "InvalidArnException");
    await refuses(grant({ Operations: ["Sign"] }), "ValidationException");
});

test("tags, and pages of what there are many of", async () => {
    const { KeyId } = await make({ Tags: [1, 2, 3].map((n) => ({ TagKey: `t${n}`, TagValue: "" })) });
    await ask("TagResource", { KeyId, Tags: [{ TagKey: "t2", TagValue: "two" }, { TagKey: "t4", TagValue: "four" }] });
    await ask("UntagResource", { KeyId, TagKeys: ["t1"] });
    const first = await ask("ListResourceTags", { KeyId, Limit: 2 });
    assert.deepStrictEqual([first.Truncated, first.Tags.length], [true, 2]);
    const rest = await ask("ListResourceTags", { KeyId, Limit: 2, Marker: first.NextMarker });
    assert.deepStrictEqual([rest.Truncated, [...first.Tags, ...rest.Tags].map((t) => `${t.TagKey}=${t.TagValue}`)], [false, ["t2=two", "t3=", "t4=four"]]);
    await refuses(ask("TagResource", { KeyId, Tags: [{ TagKey: "aws:x", TagValue: "" }] }), "TagException");
    await refuses(ask("ListKeys", { Marker: "nonsense" }), "InvalidMarkerException");
    let n = 0, Marker;
    do {
        const page = await ask("ListKeys", { Limit: 3, Marker });
        n += page.Keys.length;
        Marker = page.NextMarker;
    } while (Marker);
    assert.strictEqual(n, (await ask("ListKeys", { Limit: 1000 })).Keys.length);
});

/* --- imported material ------------------------------------------------------------------------------------------- */

const wrap = (PublicKey, oaepHash, data) => crypto.publicEncrypt({ key: crypto.createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" }), oaepHash, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING }, data);

// AES key wrap with padding (RFC 5649).
function wrapPadded(key, data) {
    const iv = Buffer.alloc(4);
    iv.writeUInt32BE(data.length);
    const c = crypto.createCipheriv("id-aes256-wrap-pad", key, Buffer.from("a65959a6", "hex"));
    return Buffer.concat([c.update(data), c.final()]);
}

async function importInto(KeyId, material, WrappingAlgorithm, more = {}, spec = "RSA_2048", tell = ask) {
    const p = await tell("GetParametersForImport", { KeyId, WrappingAlgorithm, WrappingKeySpec: spec });
    const hash = WrappingAlgorithm.endsWith("SHA_1") ? "sha1" : "sha256", aes = crypto.randomBytes(32);
    const EncryptedKeyMaterial = WrappingAlgorithm.startsWith("RSA_AES") ? Buffer.concat([wrap(p.PublicKey, hash, aes), wrapPadded(aes, material)]) : wrap(p.PublicKey, hash, material);
    return tell("ImportKeyMaterial", { KeyId, ImportToken: p.ImportToken, EncryptedKeyMaterial, ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE", ...more });
}

test("material is imported under each wrapping, lost, and taken back if it is the same", async () => {
    const material = crypto.randomBytes(32), { KeyId, Arn, KeyState } = await make({ Origin: "EXTERNAL" });
    assert.strictEqual(KeyState, "PendingImport");
    await refuses(ask("Encrypt", { KeyId, Plaintext: Buffer.from("x") }), "KMSInvalidStateException", `${Arn} is pending import.`);
    for (const how of ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"])
        await importInto(KeyId, material, how, {}, how.endsWith("1") ? "RSA_2048" : "RSA_3072");
    const { CiphertextBlob } = await ask("Encrypt", { KeyId, Plaintext: Buffer.from("x") });
    await refuses(importInto(KeyId, crypto.randomBytes(32), "RSAES_OAEP_SHA_256"), "IncorrectKeyMaterialException");
    await refuses(importInto(KeyId, crypto.randomBytes(16), "RSAES_OAEP_SHA_256"), "IncorrectKeyMaterialException");
    await ask("DeleteImportedKeyMaterial", { KeyId });
    await refuses(ask("Decrypt", { CiphertextBlob }), "KMSInvalidStateException");
    await importInto(KeyId, material, "RSAES_OAEP_SHA_256", { ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo: new Date(Date.now() + 3600e3) });
    assert.strictEqual(text((await ask("Decrypt", { CiphertextBlob })).Plaintext), "x");
    assert.strictEqual((await ask("DescribeKey", { KeyId })).KeyMetadata.ExpirationModel, "KEY_MATERIAL_EXPIRES");
    await refuses(ask("GetParametersForImport", { KeyId: (await make()).KeyId, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" }), "UnsupportedOperationException", /origin is AWS_KMS/);
    const p = await ask("GetParametersForImport", { KeyId, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" });
    const EncryptedKeyMaterial = wrap(p.PublicKey, "sha256", material), ExpirationModel = "KEY_MATERIAL_DOES_NOT_EXPIRE";
    await refuses(ask("ImportKeyMaterial", { KeyId, ImportToken: Buffer.from("nonsense"), EncryptedKeyMaterial, ExpirationModel }), "InvalidImportTokenException");
    await refuses(ask("ImportKeyMaterial", { KeyId: (await make({ Origin: "EXTERNAL" })).KeyId, ImportToken: p.ImportToken, EncryptedKeyMaterial, ExpirationModel }), "InvalidImportTokenException");
    await refuses(ask("ImportKeyMaterial", { KeyId, ImportToken: p.ImportToken, EncryptedKeyMaterial }), "ValidationException", /validTo/);
    await refuses(ask("ImportKeyMaterial", { KeyId, ImportToken: p.ImportToken, EncryptedKeyMaterial: Buffer.alloc(256, 1), ExpirationModel }), "InvalidCiphertextException");
});

test("a pair that was made elsewhere is imported, and a key of imported material is rotated on demand", async () => {
    for (const [KeySpec, pair] of [["RSA_2048", crypto.generateKeyPairSync("rsa", { modulusLength: 2048 })], ["ECC_NIST_P256", crypto.generateKeyPairSync("ec", { namedCurve: "prime256v1" })]]) {
        const { KeyId } = await make({ KeySpec, KeyUsage: "SIGN_VERIFY", Origin: "EXTERNAL" }), SigningAlgorithm = KeySpec.startsWith("RSA") ? "RSASSA_PKCS1_V1_5_SHA_256" : "ECDSA_SHA_256";
        await importInto(KeyId, pair.privateKey.export({ format: "der", type: "pkcs8" }), "RSA_AES_KEY_WRAP_SHA_256");
        const { Signature } = await ask("Sign", { KeyId, Message: Buffer.from("m"), SigningAlgorithm });
        assert.ok(crypto.verify("sha256", Buffer.from("m"), pair.publicKey, Signature));
        await refuses(importInto(KeyId, Buffer.from("no key at all"), "RSA_AES_KEY_WRAP_SHA_256"), "IncorrectKeyMaterialException");
    }
    const { KeyId } = await make({ Origin: "EXTERNAL" });
    await importInto(KeyId, crypto.randomBytes(32), "RSAES_OAEP_SHA_256");
    const { CiphertextBlob } = await ask("Encrypt", { KeyId, Plaintext: Buffer.from("old") });
    await refuses(ask("RotateKeyOnDemand", { KeyId }), "KMSInvalidStateException");
    await refuses(ask("EnableKeyRotation", { KeyId }), "UnsupportedOperationException");
    await importInto(KeyId, crypto.randomBytes(32), "RSAES_OAEP_SHA_256", { ImportType: "NEW_KEY_MATERIAL", KeyMaterialDescription: "second" });
    await ask("RotateKeyOnDemand", { KeyId });
    assert.deepStrictEqual((await ask("ListKeyRotations", { KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" })).Rotations.map((r) => [r.KeyMaterialState, r.ImportState, r.RotationType, r.KeyMaterialDescription]),
        [["NON_CURRENT", "IMPORTED", undefined, undefined], ["CURRENT", "IMPORTED", "ON_DEMAND", "second"]]);
    assert.strictEqual(text((await ask("Decrypt", { CiphertextBlob })).Plaintext), "old");
});

/* --- the clock and the disk -------------------------------------------------------------------------------------- */

const DAY = 86400;

test("by the clock keys rotate, and what was to be deleted is gone", async (t) => {
    const c = await start(t, { ephemeral: false, args: ["--settle"] }), at = c.client(K.KMSClient), ask = (o, input) => at.send(new K[`${o}Command`](input));
    await c.clock("PUT", "", { mode: "stepped" });
    const { KeyId } = (await ask("CreateKey", {})).KeyMetadata, doomed = (await ask("CreateKey", {})).KeyMetadata.KeyId;
    await ask("CreateAlias", { AliasName: "alias/doomed", TargetKeyId: doomed });
    await refuses(ask("EnableKeyRotation", { KeyId, RotationPeriodInDays: 89 }), "ValidationException");
    await ask("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    const status = await ask("GetKeyRotationStatus", { KeyId });
    assert.deepStrictEqual([status.KeyRotationEnabled, status.RotationPeriodInDays], [true, 90]);
    const old = await ask("Encrypt", { KeyId, Plaintext: Buffer.from("old") }), lost = await ask("Encrypt", { KeyId: doomed, Plaintext: Buffer.from("x") });
    const before = (await ask("DescribeKey", { KeyId })).KeyMetadata.CurrentKeyMaterialId;
    await ask("ScheduleKeyDeletion", { KeyId: doomed, PendingWindowInDays: 7 });
    await c.advance(7 * DAY - 1);
    assert.strictEqual((await ask("DescribeKey", { KeyId: doomed })).KeyMetadata.KeyState, "PendingDeletion");
    await c.advance(2);
    await refuses(ask("DescribeKey", { KeyId: doomed }), "NotFoundException");
    await refuses(ask("DescribeKey", { KeyId: "alias/doomed" }), "NotFoundException");
    await refuses(ask("Decrypt", { CiphertextBlob: lost.CiphertextBlob }), "AccessDeniedException", /does not exist/);
    await c.restart();
    await c.clock("PUT", "", { mode: "stepped" });
    await c.advance(90 * DAY);
    const again = c.client(K.KMSClient), tell = (o, input) => again.send(new K[`${o}Command`](input));
    assert.notStrictEqual((await tell("DescribeKey", { KeyId })).KeyMetadata.CurrentKeyMaterialId, before);
    assert.deepStrictEqual((await tell("ListKeyRotations", { KeyId })).Rotations.map((r) => r.RotationType), ["AUTOMATIC"]);
    assert.strictEqual(text((await tell("Decrypt", { CiphertextBlob: old.CiphertextBlob })).Plaintext), "old");
    await tell("RotateKeyOnDemand", { KeyId });
    assert.deepStrictEqual((await tell("ListKeyRotations", { KeyId })).Rotations.map((r) => r.RotationType), ["AUTOMATIC", "ON_DEMAND"]);
    await tell("DisableKeyRotation", { KeyId });
    assert.strictEqual((await tell("GetKeyRotationStatus", { KeyId })).KeyRotationEnabled, false);
});

test("a rotation that is overdue keeps no key from its end, and is made up for when the key is enabled", async (t) => {
    const c = await start(t, { args: ["--settle"] }), at = c.client(K.KMSClient), ask = (o, input) => at.send(new K[`${o}Command`](input));
    await c.clock("PUT", "", { mode: "stepped" });
    const doomed = (await ask("CreateKey", {})).KeyMetadata.KeyId, off = (await ask("CreateKey", {})).KeyMetadata;
    for (const KeyId of [doomed, off.KeyId]) await ask("EnableKeyRotation", { KeyId, RotationPeriodInDays: 90 });
    await c.advance(85 * DAY);
    await ask("ScheduleKeyDeletion", { KeyId: doomed, PendingWindowInDays: 7 });
    await ask("DisableKey", { KeyId: off.KeyId });
    await c.advance(6 * DAY);
    assert.strictEqual((await ask("DescribeKey", { KeyId: doomed })).KeyMetadata.KeyState, "PendingDeletion");
    assert.deepStrictEqual((await ask("ListKeyRotations", { KeyId: off.KeyId })).Rotations ?? [], []);
    await c.advance(2 * DAY);
    await refuses(ask("DescribeKey", { KeyId: doomed }), "NotFoundException");
    await ask("EnableKey", { KeyId: off.KeyId });
    await c.advance(1);
    assert.deepStrictEqual((await ask("ListKeyRotations", { KeyId: off.KeyId })).Rotations.map((r) => r.RotationType), ["AUTOMATIC"]);
    await ask("ScheduleKeyDeletion", { KeyId: off.KeyId, PendingWindowInDays: 7 });
    await c.advance(7 * DAY + 1);
    await refuses(ask("DescribeKey", { KeyId: off.KeyId }), "NotFoundException");
});

test("imported material expires by the clock, and the key waits for it", async (t) => {
    const c = await start(t, { args: ["--settle"] }), at = c.client(K.KMSClient), ask = (o, input) => at.send(new K[`${o}Command`](input));
    await c.clock("PUT", "", { mode: "stepped" });
    const ValidTo = new Date((await c.clock()).getTime() + DAY * 1000);
    const { KeyId, Arn } = (await ask("CreateKey", { Origin: "EXTERNAL" })).KeyMetadata, material = crypto.randomBytes(32);
    await importInto(KeyId, material, "RSAES_OAEP_SHA_256", { ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo }, "RSA_2048", ask);
    const { CiphertextBlob } = await ask("Encrypt", { KeyId, Plaintext: Buffer.from("x") });
    await c.advance(DAY - 60);
    assert.strictEqual((await ask("DescribeKey", { KeyId })).KeyMetadata.KeyState, "Enabled");
    await c.advance(61);
    const { KeyState, ValidTo: until } = (await ask("DescribeKey", { KeyId })).KeyMetadata;
    assert.deepStrictEqual([KeyState, until], ["PendingImport", undefined]);
    for (const [operation, input] of [["Encrypt", { KeyId, Plaintext: Buffer.from("x") }], ["Decrypt", { CiphertextBlob }]])
        await refuses(ask(operation, input), "KMSInvalidStateException", `${Arn} is pending import.`);
    await importInto(KeyId, material, "RSAES_OAEP_SHA_256", {}, "RSA_2048", ask);
    assert.strictEqual(text((await ask("Decrypt", { CiphertextBlob })).Plaintext), "x");
});
