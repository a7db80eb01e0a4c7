// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const C = require("@aws-sdk/client-cloudcontrol");
const M = require("@aws-sdk/client-secrets-manager");
const { start, finish, refuses, until } = require("../lib/slipway");

let s, sm;
before(async () => { s = await start(null, { args: ["--settle"] }); sm = s.client(M.SecretsManagerClient); });
after(() => finish(s));

const ask = (operation, input = {}, client = sm) => client.send(new M[`${operation}Command`](input));
const create = (Name, SecretString, more = {}) => ask("CreateSecret", { Name, SecretString, ...more });
const get = (SecretId, more = {}) => ask("GetSecretValue", { SecretId, ...more });
const describe = (SecretId) => ask("DescribeSecret", { SecretId });
const token = (c) => c.repeat(32);
const names = (list) => list.map((x) => x.Name);
const stages = async (id) => (await describe(id)).VersionIdsToStages;
const MARKED = /^You can't perform this operation on the secret because it was marked for deletion\.$/;

test("a secret is made, read by its name, ARN and partial ARN, changed and described", async () => {
    const made = await create("app/db", '{"user":"ann"}', { Description: "the database", Tags: [{ Key: "team", Value: "red" }] });
    assert.match(made.ARN, /^arn:aws:secretsmanager:us-east-1:000000000000:secret:app\/db-[A-Za-z0-9]{6}$/);
    for (const id of ["app/db", made.ARN, made.ARN.slice(0, -7)]) {
        const v = await get(id);
        assert.deepStrictEqual([v.ARN, v.Name, v.SecretString, v.VersionId, v.VersionStages], [made.ARN, "app/db", '{"user":"ann"}', made.VersionId, ["AWSCURRENT"]]);
    }
    for (const id of ["app", made.ARN.slice(0, -1), `${made.ARN.slice(0, -6)}aaaaaa`, made.ARN.replace("us-east-1", "eu-west-1"), made.ARN.replace("000000000000", "111111111111")])
        await refuses(get(id), "ResourceNotFoundException", /^Secrets Manager can't find the specified secret\.$/);
    const d = await describe("app/db");
    assert.deepStrictEqual([d.Description, d.Tags, d.VersionIdsToStages, d.KmsKeyId, d.RotationEnabled, d.DeletedDate],
        ["the database", [{ Key: "team", Value: "red" }], { [made.VersionId]: ["AWSCURRENT"] }, undefined, undefined, undefined]);
    const changed = await ask("UpdateSecret", { SecretId: "app/db", Description: "", SecretString: "two" });
    assert.deepStrictEqual(await stages("app/db"), { [changed.VersionId]: ["AWSCURRENT"], [made.VersionId]: ["AWSPREVIOUS"] });
    assert.deepStrictEqual([(await get("app/db")).SecretString, (await get("app/db", { VersionStage: "AWSPREVIOUS" })).SecretString, (await get("app/db", { VersionId: made.VersionId })).SecretString],
        ["two", '{"user":"ann"}', '{"user":"ann"}']);
    assert.strictEqual((await ask("UpdateSecret", { SecretId: "app/db", Description: "d" })).VersionId, undefined);
    assert.strictEqual((await describe("app/db")).Description, "d");
    await refuses(get("app/db", { VersionId: made.VersionId, VersionStage: "AWSCURRENT" }), "InvalidRequestException", /^You provided a VersionStage that is not associated to the provided VersionId\.$/);
    await refuses(get("app/db", { VersionStage: "AWSPENDING" }), "ResourceNotFoundException", /specified secret value for staging label: AWSPENDING$/);
    await refuses(get("app/db", { VersionId: token("f") }), "ResourceNotFoundException", /specified secret value for VersionId: f{32}$/);
    await refuses(create("bad name", "x"), "ValidationException", /^Invalid name\. Must be a valid name/);
    await refuses(ask("CreateSecret", { Name: "both", SecretString: "x", SecretBinary: Buffer.from("y") }), "InvalidParameterException", /both a binary secret value and a string/);
});

test("a secret may be made without a value, and bytes stay bytes", async () => {
    const made = await ask("CreateSecret", { Name: "later" });
    assert.strictEqual(made.VersionId, undefined);
    await refuses(get("later"), "ResourceNotFoundException", /staging label: AWSCURRENT$/);
    await refuses(ask("PutSecretValue", { SecretId: "later" }), "InvalidRequestException", /You must provide either SecretString or SecretBinary/);
    const bytes = Buffer.from([0, 255, 10, 0]);
    const put = await ask("PutSecretValue", { SecretId: "later", SecretBinary: bytes, VersionStages: ["mine"] });
    assert.deepStrictEqual(put.VersionStages.sort(), ["AWSCURRENT", "mine"], "a first value is the current one");
    const v = await get("later");
    assert.deepStrictEqual([Buffer.from(v.SecretBinary), v.SecretString], [bytes, undefined]);
});

test("the same token with the same value is one call, with another value a mistake", async () => {
    const first = await create("once", "v", { ClientRequestToken: token("a") });
    assert.strictEqual(first.VersionId, token("a"));
    assert.deepStrictEqual((await create("once", "v", { ClientRequestToken: token("a") })).ARN, first.ARN);
    const used = /^You can't use ClientRequestToken a{32} because that value is already in use for a version of secret arn:/;
    await refuses(create("once", "w", { ClientRequestToken: token("a") }), "ResourceExistsException", used);
    await refuses(create("once", "v"), "ResourceExistsException", /^The operation failed because the secret once already exists\.$/);
    await ask("PutSecretValue", { SecretId: "once", SecretString: "2", ClientRequestToken: token("b") });
    const again = await ask("PutSecretValue", { SecretId: "once", SecretString: "v", ClientRequestToken: token("a") });
    assert.deepStrictEqual([again.VersionId, again.VersionStages], [token("a"), ["AWSPREVIOUS"]], "it moves no label");
    await refuses(ask("PutSecretValue", { SecretId: "once", SecretBinary: Buffer.from("v"), ClientRequestToken: token("a") }), "ResourceExistsException", used);
    assert.strictEqual((await ask("UpdateSecret", { SecretId: "once", SecretString: "2", ClientRequestToken: token("b") })).VersionId, token("b"));
    await refuses(ask("UpdateSecret", { SecretId: "once", SecretString: "3", ClientRequestToken: token("b") }), "ResourceExistsException");
});

test("labels are moved as rotation moves them", async () => {
    await create("staged", "1", { ClientRequestToken: token("1") });
    await ask("PutSecretValue", { SecretId: "staged", SecretString: "2", ClientRequestToken: token("2"), VersionStages: ["AWSPENDING", "own"] });
    assert.deepStrictEqual(await stages("staged"), { [token("1")]: ["AWSCURRENT"], [token("2")]: ["AWSPENDING", "own"] });
    const move = (VersionStage, more) => ask("UpdateSecretVersionStage", { SecretId: "staged", VersionStage, ...more });
    await refuses(move("AWSCURRENT", { MoveToVersionId: token("2") }), "InvalidParameterException", /^The parameter RemoveFromVersionId can't be empty\. Staging label AWSCURRENT is currently attached to version 1{32}/);
    await refuses(move("AWSCURRENT", { MoveToVersionId: token("2"), RemoveFromVersionId: token("2") }), "InvalidParameterException", /currently attached to version 1{32}/);
    await refuses(move("AWSCURRENT", { RemoveFromVersionId: token("1") }), "InvalidParameterException", /can't be completely removed/);
    await refuses(move("new", { MoveToVersionId: token("9") }), "ResourceNotFoundException");
    await refuses(move("none", { RemoveFromVersionId: token("1") }), "InvalidParameterException");
    await move("AWSCURRENT", { MoveToVersionId: token("2"), RemoveFromVersionId: token("1") });
    await move("AWSPENDING", { RemoveFromVersionId: token("2") });
    assert.deepStrictEqual(await stages("staged"), { [token("2")]: ["AWSCURRENT", "own"], [token("1")]: ["AWSPREVIOUS"] });
    await move("AWSCURRENT", { MoveToVersionId: token("1"), RemoveFromVersionId: token("2") });      // and back
    assert.deepStrictEqual(await stages("staged"), { [token("1")]: ["AWSCURRENT"], [token("2")]: ["own", "AWSPREVIOUS"] });
    for (let i = 0; i < 17; i++) await move(`more${i}`, { MoveToVersionId: token("1") });
    await refuses(move("one-too-many", { MoveToVersionId: token("1") }), "LimitExceededException");
    const { Versions, ARN } = await ask("ListSecretVersionIds", { SecretId: "staged" });
    assert.deepStrictEqual([Versions.map((v) => v.VersionId), Versions[0].KmsKeyIds, ARN], [[token("1"), token("2")], ["DefaultEncryptionKey"], (await describe("staged")).ARN]);
});

test("versions without labels are listed when they are asked for, and go when there are more than a hundred that are a day old", async (t) => {
    const own = await start(t, { args: ["--settle"] });
    const c = own.client(M.SecretsManagerClient), put = (SecretString) => ask("PutSecretValue", { SecretId: "many", SecretString }, c);
    await ask("CreateSecret", { Name: "many", SecretString: "0" }, c);
    for (let i = 1; i <= 101; i++) await put(String(i));
    const list = async (IncludeDeprecated) => {
        const all = [];
        let NextToken;
        do {
            const page = await ask("ListSecretVersionIds", { SecretId: "many", MaxResults: 40, IncludeDeprecated, NextToken }, c);
            all.push(...page.Versions);
            ({ NextToken } = page);
        } while (NextToken);
        return all;
    };
    assert.deepStrictEqual([(await list(false)).length, (await list(true)).length], [2, 102]);
    const oldest = (await list(true)).sort((a, b) => a.CreatedDate - b.CreatedDate)[0].VersionId;
    await own.clock("POST", "/advance", { seconds: 86401 });
    await put("last");
    const left = await list(true);
    assert.deepStrictEqual([left.length, left.some((v) => v.VersionId === oldest)], [102, false]);
});

test("a deleted secret can be restored until its window ends by the clock", async (t) => {
    const own = await start(t, { ephemeral: false, args: ["--settle"] });
    const c = () => own.client(M.SecretsManagerClient);
    const { ARN } = await ask("CreateSecret", { Name: "gone", SecretString: "x" }, c());
    await refuses(ask("DeleteSecret", { SecretId: "gone", RecoveryWindowInDays: 6 }, c()), "InvalidParameterException", /between 7 and 30 days \(inclusive\)/);
    await refuses(ask("DeleteSecret", { SecretId: "gone", RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true }, c()), "InvalidParameterException", /in conjunction with/);
    const asked = await ask("DeleteSecret", { SecretId: "gone", RecoveryWindowInDays: 7 }, c());
    const now = new Date((await own.clock()).time ?? Date.now());
    assert.ok(Math.abs(asked.DeletionDate - now - 7 * 86400e3) < 60e3);
    for (const operation of ["GetSecretValue", "DeleteSecret", "GetResourcePolicy", "RotateSecret", "CancelRotateSecret"])
        await refuses(ask(operation, { SecretId: "gone" }, c()), "InvalidRequestException", MARKED);
    await refuses(ask("PutSecretValue", { SecretId: ARN, SecretString: "y" }, c()), "InvalidRequestException", MARKED);
    await refuses(ask("TagResource", { SecretId: ARN, Tags: [] }, c()), "InvalidRequestException", MARKED);
    await refuses(ask("CreateSecret", { Name: "gone", SecretString: "y" }, c()), "InvalidRequestException", /^You can't create this secret because a secret with this name is already scheduled for deletion\.$/);
    assert.deepStrictEqual((await ask("DescribeSecret", { SecretId: "gone" }, c())).DeletedDate, asked.DeletionDate);
    assert.deepStrictEqual([names((await ask("ListSecrets", {}, c())).SecretList), names((await ask("ListSecrets", { IncludePlannedDeletion: true }, c())).SecretList)], [[], ["gone"]]);
    await ask("RestoreSecret", { SecretId: "gone" }, c());
    assert.strictEqual((await ask("GetSecretValue", { SecretId: "gone" }, c())).SecretString, "x");
    await own.clock("POST", "/advance", { seconds: 8 * 86400 });
    assert.strictEqual((await ask("GetSecretValue", { SecretId: ARN }, c())).SecretString, "x", "a restored one stays");
    await ask("DeleteSecret", { SecretId: "gone" }, c());
    await own.restart();
    await own.clock("POST", "/advance", { seconds: 29 * 86400 });
    assert.ok((await ask("DescribeSecret", { SecretId: ARN }, c())).DeletedDate);
    await own.clock("POST", "/advance", { seconds: 86400 });
    await refuses(ask("DescribeSecret", { SecretId: ARN }, c()), "ResourceNotFoundException");
    const other = await ask("CreateSecret", { Name: "gone" }, c());
    assert.notStrictEqual(other.ARN, ARN);
    assert.deepStrictEqual((await ask("ListSecretVersionIds", { SecretId: "gone", IncludeDeprecated: true }, c())).Versions, []);
    await refuses(ask("DescribeSecret", { SecretId: ARN }, c()), "ResourceNotFoundException");
});

test("a secret that is given a value has none generated besides", async () => {
    const cc = s.client(C.CloudControlClient), DesiredState = JSON.stringify({ Name: "both", SecretString: "mine", GenerateSecretString: {} });
    const { ProgressEvent } = await cc.send(new C.CreateResourceCommand({ TypeName: "AWS::SecretsManager::Secret", DesiredState }));
    assert.strictEqual(ProgressEvent.OperationStatus, "FAILED");
    assert.match(ProgressEvent.StatusMessage, /GenerateSecretString/);
    await refuses(describe("both"), "ResourceNotFoundException");
});

test("a secret is deleted at once by force, also when it is marked or not there", async () => {
    const { ARN } = await create("now", "x");
    const shown = () => s.client(C.CloudControlClient).send(new C.GetResourceCommand({ TypeName: "AWS::SecretsManager::Secret", Identifier: ARN }));
    assert.strictEqual(JSON.parse((await shown()).ResourceDescription.Properties).SecretString, "x");
    await ask("DeleteSecret", { SecretId: "now" });
    await refuses(shown(), "ResourceNotFoundException");
    assert.strictEqual((await ask("DeleteSecret", { SecretId: "now", ForceDeleteWithoutRecovery: true })).ARN, ARN);
    await refuses(describe("now"), "ResourceNotFoundException");
    assert.strictEqual((await ask("DeleteSecret", { SecretId: "now", ForceDeleteWithoutRecovery: true })).Name, "now");
    await refuses(ask("DeleteSecret", { SecretId: "now" }), "ResourceNotFoundException");
});

test("secrets are listed by filters, in the order that is asked for, in pages", async (t) => {
    const own = await start(t, { args: ["--settle"] });
    const c = own.client(M.SecretsManagerClient), list = async (input) => names((await ask("ListSecrets", input, c)).SecretList);
    for (const [Name, Description, Key, Value] of [["prod/web", "Web password", "team", "red"], ["prod/db", "the Database", "Team", "blue"], ["test/db", "web too", "env", "red-ish"]]) {
        await ask("CreateSecret", { Name, Description, SecretString: "x", Tags: [{ Key, Value }] }, c);
        await own.clock("POST", "/advance", { seconds: 60 });
    }
    const by = (Key, ...Values) => list({ Filters: [{ Key, Values }] });
    assert.deepStrictEqual(await by("name", "prod"), ["prod/web", "prod/db"]);
    assert.deepStrictEqual(await by("name", "Prod"), []);
    assert.deepStrictEqual(await by("name", "db"), [], "a prefix, not a part");
    assert.deepStrictEqual(await by("name", "!prod"), ["test/db"]);
    assert.deepStrictEqual(await by("name", "prod", "test", "!test/db"), ["prod/web", "prod/db"]);
    assert.deepStrictEqual(await by("description", "WEB"), ["prod/web", "test/db"]);
    assert.deepStrictEqual(await by("tag-key", "team"), ["prod/web"]);
    assert.deepStrictEqual(await by("tag-value", "red"), ["prod/web", "test/db"]);
    assert.deepStrictEqual(await by("primary-region", "us-east"), ["prod/web", "prod/db", "test/db"]);
    assert.deepStrictEqual(await by("primary-region", "!us-east-1"), []);
    assert.deepStrictEqual([await by("owning-service", "rds"), (await by("owning-service", "!rds")).length], [[], 3]);
    assert.deepStrictEqual(await by("all", "database blue"), ["prod/db"]);
    assert.deepStrictEqual(await by("all", "DB"), ["prod/db", "test/db"], "a word of a name");
    assert.deepStrictEqual(await list({ Filters: [{ Key: "name", Values: ["prod"] }, { Key: "tag-value", Values: ["blue"] }] }), ["prod/db"]);
    await refuses(by("colour", "x"), "ValidationException");
    await refuses(by("name", "a*"), "ValidationException");
    assert.deepStrictEqual(await list({ SortOrder: "desc" }), ["test/db", "prod/db", "prod/web"]);
    assert.deepStrictEqual(await list({ SortBy: "name" }), ["prod/db", "prod/web", "test/db"]);
    await ask("UpdateSecret", { SecretId: "prod/web", Description: "new" }, c);
    assert.deepStrictEqual(await list({ SortBy: "last-changed-date", SortOrder: "desc" }), ["prod/web", "test/db", "prod/db"]);
    await ask("GetSecretValue", { SecretId: "prod/db" }, c);
    const day = async (id) => (await ask("DescribeSecret", { SecretId: id }, c)).LastAccessedDate;
    await until("the day is noted", () => day("prod/db"));
    assert.deepStrictEqual([(await day("prod/db")).getTime() % 86400e3, await day("prod/web")], [0, undefined]);
    assert.strictEqual((await list({ SortBy: "last-accessed-date", SortOrder: "desc" }))[0], "prod/db");
    const first = await ask("ListSecrets", { MaxResults: 2, SortBy: "name" }, c);
    assert.deepStrictEqual(names(first.SecretList), ["prod/db", "prod/web"]);
    assert.deepStrictEqual(names((await ask("ListSecrets", { MaxResults: 2, SortBy: "name", NextToken: first.NextToken }, c)).SecretList), ["test/db"]);
    await refuses(ask("ListSecrets", { NextToken: "x" }, c), "InvalidNextTokenException");

    const batch = await ask("BatchGetSecretValue", { Filters: [{ Key: "name", Values: ["prod"] }], MaxResults: 1 }, c);
    assert.deepStrictEqual([names(batch.SecretValues), batch.Errors], [["prod/web"], []]);
    const rest = await ask("BatchGetSecretValue", { Filters: [{ Key: "name", Values: ["prod"] }], MaxResults: 1, NextToken: batch.NextToken }, c);
    assert.deepStrictEqual([names(rest.SecretValues), rest.SecretValues[0].SecretString, rest.NextToken], [["prod/db"], "x", undefined]);
});

test("several values are read at once, and each that cannot be is named", async () => {
    await create("many/a", "1");
    await create("many/b", "2");
    await ask("CreateSecret", { Name: "many/none" });
    await ask("DeleteSecret", { SecretId: "many/b" });
    const out = await ask("BatchGetSecretValue", { SecretIdList: ["many/a", "many/b", "many/c", "many/none"] });
    assert.deepStrictEqual(out.SecretValues.map((v) => [v.Name, v.SecretString, v.VersionStages]), [["many/a", "1", ["AWSCURRENT"]]]);
    assert.deepStrictEqual(out.Errors.map((e) => [e.SecretId, e.ErrorCode]),
        [["many/b", "InvalidRequestException"], ["many/c", "ResourceNotFoundException"], ["many/none", "ResourceNotFoundException"]]);
    const either = /^Either 'SecretIdList' or 'Filters' must be provided, but not both\.$/;
    await refuses(ask("BatchGetSecretValue", {}), "InvalidParameterException", either);
    await refuses(ask("BatchGetSecretValue", { SecretIdList: ["a"], Filters: [{ Key: "name", Values: ["a"] }] }), "InvalidParameterException", either);
    await refuses(ask("BatchGetSecretValue", { SecretIdList: ["a"], MaxResults: 1 }), "InvalidParameterException", /'Filters' must also be specified when 'MaxResults'/);
});

test("random passwords are made of what is asked for", async () => {
    const password = async (input) => (await ask("GetRandomPassword", input)).RandomPassword;
    const kinds = [/[A-Z]/, /[a-z]/, /[0-9]/, /[!-/:-@[-`{-~]/];
    assert.strictEqual((await password({})).length, 32);
    for (let i = 0; i < 20; i++) {
        const four = await password({ PasswordLength: 4 });
        assert.ok(kinds.every((k) => k.test(four)), four);
        const five = await password({ PasswordLength: 5, IncludeSpace: true });
        assert.ok(kinds.every((k) => k.test(five)) && five.includes(" "), five);
    }
    assert.match(await password({ PasswordLength: 200, ExcludePunctuation: true, ExcludeLowercase: true, ExcludeUppercase: true }), /^[0-9]{200}$/);
    assert.match(await password({ PasswordLength: 200, ExcludeNumbers: true, ExcludePunctuation: true, ExcludeCharacters: "abcXYZ" }), /^[d-zA-W]{200}$/);
    assert.match(await password({ PasswordLength: 4, ExcludePunctuation: true, ExcludeLowercase: true, ExcludeNumbers: true, RequireEachIncludedType: false }), /^[A-Z]{4}$/);
    assert.strictEqual(new Set(await password({ PasswordLength: 4096, IncludeSpace: true })).size, 95, "each character is drawn");
    assert.notStrictEqual(await password({}), await password({}));
    await refuses(password({ PasswordLength: 3 }), "InvalidParameterException", /^Password length is too short based on the required types\.$/);
    await refuses(password({ PasswordLength: 4097 }), "ValidationException");
    await refuses(password({ ExcludeNumbers: true, ExcludePunctuation: true, ExcludeLowercase: true, ExcludeUppercase: true }), "InvalidParameterException");
});

test("policies are put, shown, validated and taken away", async () => {
    await create("policed", "x");
    const policy = (Principal, more = {}) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal, Action: "secretsmanager:GetSecretValue", Resource: "*", ...more }] });
    const root = policy({ AWS: "arn:aws:iam::000000000000:root" });
    assert.strictEqual((await ask("GetResourcePolicy", { SecretId: "policed" })).ResourcePolicy, undefined);
    await ask("PutResourcePolicy", { SecretId: "policed", ResourcePolicy: root, BlockPublicPolicy: true });
    assert.strictEqual((await ask("GetResourcePolicy", { SecretId: "policed" })).ResourcePolicy, root);
    await refuses(ask("PutResourcePolicy", { SecretId: "policed", ResourcePolicy: policy("*"), BlockPublicPolicy: true }), "PublicPolicyException");
    await ask("PutResourcePolicy", { SecretId: "policed", BlockPublicPolicy: true, ResourcePolicy: policy("*", { Condition: { StringEquals: { "aws:PrincipalAccount": "000000000000" } } }) });
    await ask("PutResourcePolicy", { SecretId: "policed", ResourcePolicy: policy("*") });
    await refuses(ask("PutResourcePolicy", { SecretId: "policed", ResourcePolicy: "{" }), "MalformedPolicyDocumentException", /^This resource policy contains invalid Json/);
    await refuses(ask("PutResourcePolicy", { SecretId: "policed", ResourcePolicy: "{}" }), "MalformedPolicyDocumentException", /syntax error/);
    const validate = async (ResourcePolicy) => {
        const v = await ask("ValidateResourcePolicy", { SecretId: "policed", ResourcePolicy });
        return [v.PolicyValidationPassed, v.ValidationErrors.map((e) => e.CheckName)];
    };
    assert.deepStrictEqual([await validate(root), await validate(policy("*")), await validate("{}")], [[true, []], [false, ["Broad access"]], [false, ["Policy syntax"]]]);
    await ask("DeleteResourcePolicy", { SecretId: "policed" });
    assert.strictEqual((await ask("GetResourcePolicy", { SecretId: "policed" })).ResourcePolicy, undefined);
});

test("what is not served is refused by name", async () => {
    await create("plain", "x");
    const refused = async (operation, input, member) => refuses(ask(operation, input), "InvalidParameterException", new RegExp(`^${member}.* not supported`));
    await refused("CreateSecret", { Name: "r", AddReplicaRegions: [{ Region: "eu-west-1" }] }, "AddReplicaRegions");
    await refused("ReplicateSecretToRegions", { SecretId: "plain", AddReplicaRegions: [{ Region: "eu-west-1" }] }, "AddReplicaRegions");
    await refused("RotateSecret", { SecretId: "plain", RotationLambdaARN: "arn:aws:lambda:us-east-1:000000000000:function:f" }, "RotationLambdaARN");
    await refuses(ask("RotateSecret", { SecretId: "plain" }), "InvalidRequestException", /^No Lambda rotation function ARN is associated with this secret\.$/);
    await refuses(ask("CancelRotateSecret", { SecretId: "plain" }), "InvalidRequestException");
    await refuses(ask("RemoveRegionsFromReplication", { SecretId: "plain", RemoveReplicaRegions: ["eu-west-1"] }), "InvalidRequestException", /eu-west-1/);
    await refuses(ask("StopReplicationToReplica", { SecretId: "plain" }), "InvalidRequestException");
});

test("values outlive a restart and do not stand in the store", async (t) => {
    const own = await start(t, { ephemeral: false });
    const value = "correct horse battery staple";
    const { ARN } = await ask("CreateSecret", { Name: "kept", SecretString: value }, own.client(M.SecretsManagerClient));
    await own.restart();
    assert.strictEqual((await ask("GetSecretValue", { SecretId: ARN }, own.client(M.SecretsManagerClient))).SecretString, value);
    await own.stop();
    for (const f of fs.readdirSync(path.join(own.data, "store")))
        assert.ok(!fs.readFileSync(path.join(own.data, "store", f)).includes(value), f);
});
