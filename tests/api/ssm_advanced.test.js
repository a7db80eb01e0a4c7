// SPDX-License-Identifier: Apache-2.0
// Parameter Store beyond names and values: tiers, policies, data types, what AWS itself publishes, secrets by reference, resource
// policies, and who may do what.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const E = require("@aws-sdk/client-eventbridge");
const M = require("@aws-sdk/client-secrets-manager");
const P = require("@aws-sdk/client-ssm");
const Q = require("@aws-sdk/client-sqs");
const { allow, deny, strict } = require("../lib/strict");
const { start, finish, refuses } = require("../lib/slipway");

let s, ssm;
before(async () => { s = await start(null, { args: ["--settle"] }); ssm = s.client(P.SSMClient); });
after(() => finish(s));

const ask = (operation, input = {}, client = ssm) => client.send(new P[`${operation}Command`](input));
const put = (Name, Value, more = {}, client = ssm) => ask("PutParameter", { Name, Value, Type: "String", ...more }, client);
const get = async (Name, more = {}) => (await ask("GetParameter", { Name, ...more })).Parameter;
const metadata = async (Name, client) => (await ask("DescribeParameters", { ParameterFilters: [{ Key: "Name", Values: [Name] }] }, client)).Parameters[0];
const names = (list) => list.map((p) => p.Name);
const Expiration = (t) => ({ Type: "Expiration", Version: "1.0", Attributes: { Timestamp: t.toISOString() } });
const Before = (Before, Unit) => ({ Type: "ExpirationNotification", Version: "1.0", Attributes: { Before, Unit } });
const After = (After, Unit) => ({ Type: "NoChangeNotification", Version: "1.0", Attributes: { After, Unit } });
const text = (...policies) => JSON.stringify(policies);

// A queue that is told of all events of SSM.
async function told(server) {
    const sqs = server.client(Q.SQSClient), events = server.client(E.EventBridgeClient);
    const { QueueUrl } = await sqs.send(new Q.CreateQueueCommand({ QueueName: "told" }));
    await events.send(new E.PutRuleCommand({ Name: "ssm", EventPattern: '{"source":["aws.ssm"]}' }));
    await events.send(new E.PutTargetsCommand({ Rule: "ssm", Targets: [{ Id: "1", Arn: "arn:aws:sqs:us-east-1:000000000000:told" }] }));
    return async () => {
        const all = [];
        for (;;) {
            const { Messages } = await sqs.send(new Q.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
            if (!Messages) return all;
            for (const m of Messages) {
                all.push(JSON.parse(m.Body));
                await sqs.send(new Q.DeleteMessageCommand({ QueueUrl, ReceiptHandle: m.ReceiptHandle }));
            }
        }
    };
}

test("policies end a parameter and tell of it, by the clock", async (t) => {
    const own = await start(t, { ephemeral: false, args: ["--settle"] });
    const c = () => own.client(P.SSMClient);
    let heard = await told(own);
    const now = await own.advance(1), day = (n) => new Date(now.getTime() + n * 86400e3);
    const policies = text(Expiration(day(30)), Before("15", "Days"), After("20", "Days"));
    assert.strictEqual((await put("/p/ends", "1", { Tier: "Advanced", Policies: policies }, c())).Tier, "Advanced");
    const shown = (await metadata("/p/ends", c())).Policies;
    assert.deepStrictEqual(shown.map((p) => [p.PolicyType, p.PolicyStatus, JSON.parse(p.PolicyText).Type]),
        ["Expiration", "ExpirationNotification", "NoChangeNotification"].map((type) => [type, "Pending", type]));
    await heard();
    await own.advance(14.9 * 86400);
    assert.deepStrictEqual(await heard(), []);
    await own.advance(0.2 * 86400);
    const [before] = await heard();
    assert.deepStrictEqual([before["detail-type"], before.resources, before.detail["policy-type"], before.detail["parameter-name"], before.detail["parameter-type"], before.detail["action-status"]],
        ["Parameter Store Policy Action", ["arn:aws:ssm:us-east-1:000000000000:parameter/p/ends"], "ExpirationNotification", "/p/ends", "String", "Success"]);
    assert.deepStrictEqual((await metadata("/p/ends", c())).Policies.map((p) => p.PolicyStatus), ["Pending", "Finished", "Pending"]);
    await put("/p/ends", "2", { Overwrite: true }, c());        // a change, which keeps the policies, and begins the twenty days anew
    assert.deepStrictEqual((await heard()).map((e) => e.detail.operation), ["Update"]);
    await own.restart();
    await own.advance(5 * 86400);
    heard = await told(own);
    assert.deepStrictEqual(await heard(), [], "it would have been told of without the change");
    await own.advance(9.8 * 86400);
    assert.strictEqual((await ask("GetParameter", { Name: "/p/ends" }, c())).Parameter.Value, "2");
    await own.advance(0.2 * 86400);
    await refuses(ask("GetParameter", { Name: "/p/ends" }, c()), "ParameterNotFound");
});

test("one that was not changed is told of once, and again after a change", async (t) => {
    const own = await start(t, { args: ["--settle"] });
    const c = own.client(P.SSMClient), heard = await told(own);
    await put("/still", "1", { Tier: "Advanced", Policies: text(After("3", "Hours")) }, c);
    await heard();
    const types = async () => (await heard()).map((e) => e.detail["policy-type"] ?? e.detail.operation);
    await own.advance(3 * 3600);
    assert.deepStrictEqual(await types(), ["NoChangeNotification"]);
    await own.advance(9 * 3600);
    assert.deepStrictEqual(await types(), []);
    await put("/still", "2", { Overwrite: true }, c);
    await own.advance(3 * 3600);
    assert.deepStrictEqual(await types(), ["Update", "NoChangeNotification"]);
    await put("/still", "3", { Overwrite: true, Policies: "[{}]" }, c);
    assert.deepStrictEqual((await metadata("/still", c)).Policies, []);
    await own.advance(9 * 3600);
    assert.deepStrictEqual(await types(), ["Update"]);
    await put("/ends", "1", { Tier: "Advanced", Policies: text(Expiration(new Date((await own.clock()).getTime() + 3600e3))) }, c);
    await heard();
    await own.advance(3601);
    assert.deepStrictEqual(await types(), ["Expiration", "Delete"]);
});

test("policies that cannot be are refused", async () => {
    const later = new Date(Date.now() + 864e5 * 365);
    const refused = (Policies, name, why, more = { Tier: "Advanced" }) => refuses(put("/refused", "1", { Policies, ...more }), name, why);
    await refused(text(Expiration(later)), "ValidationException", /advanced-parameter tier/, {});
    await refused("{", "InvalidPolicyAttributeException");
    await refused(text(Expiration(new Date(0))), "InvalidPolicyAttributeException", /in the past/);
    await refused(text({ Type: "Expiration", Version: "1.0", Attributes: { Timestamp: "soon" } }), "InvalidPolicyAttributeException", /ISO 8601/);
    await refused(text({ Type: "Expiration", Attributes: {} }), "InvalidPolicyAttributeException", /Version 1\.0/);
    await refused(text({ Type: "Never", Version: "1.0", Attributes: {} }), "InvalidPolicyTypeException", /Never/);
    await refused(text(Before("15", "Days")), "IncompatiblePolicyException");
    await refused(text(Expiration(later), Expiration(later)), "IncompatiblePolicyException");
    for (const [n, unit] of [["0", "Days"], ["x", "Days"], ["1", "Weeks"]]) await refused(text(After(n, unit)), "InvalidPolicyAttributeException", /NoChangeNotification/);
    await refused(text(...Array(11).fill(After("1", "Days"))), "PoliciesLimitExceededException");
    assert.strictEqual((await put("/smart", "1", { Tier: "Intelligent-Tiering", Policies: text(Expiration(later)) })).Tier, "Advanced");
    assert.strictEqual((await put("/smart2", "1", { Tier: "Intelligent-Tiering" })).Tier, "Standard");
    assert.strictEqual((await put("/smart2", "x".repeat(8192), { Tier: "Advanced", Overwrite: true })).Tier, "Advanced");
    await refuses(put("/smart2", "1", { Tier: "Standard", Overwrite: true }), "ValidationException", /can't downgrade/);
    await refuses(put("/smart3", "x".repeat(8193), { Tier: "Advanced" }), "ValidationException", /8192/);
});

test("data types say what a value is", async () => {
    const Value = (await get("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")).Value;
    await put("/image", Value, { DataType: "aws:ec2:image" });
    assert.strictEqual((await get("/image")).DataType, "aws:ec2:image");
    assert.strictEqual((await put("/image2", "ami-0123456789abcdef0", { DataType: "aws:ec2:image" })).Version, 1, "what is no image is answered all the same");
    await refuses(get("/image2"), "ParameterNotFound");
    await refuses(put("/image3", Value, { DataType: "aws:ec2:image", Type: "StringList" }), "ValidationException");
    await refuses(put("/image3", "x", { DataType: "AWS:EC2:IMAGE" }), "ValidationException", /data type is not supported/);
    await refuses(put("/hook", "x", { DataType: "aws:ssm:integration", Type: "SecureString" }), "ValidationException", /integrations\/webhook\//);
    await put("/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/a", "x", { DataType: "aws:ssm:integration", Type: "SecureString" });
    await refuses(put("/nest", "{{ssm:/image}}"), "ValidationException", /can't nest another parameter/);
});

test("AWS's public parameters are read, listed and not written", async () => {
    const p = await get("/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2");
    assert.match(p.Value, /^ami-[0-9a-f]{17}$/);
    assert.deepStrictEqual([p.ARN, p.Type, p.Version, p.DataType], ["arn:aws:ssm:us-east-1::parameter/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2", "String", 1, "aws:ec2:image"]);
    assert.strictEqual((await get(p.ARN)).Value, p.Value);
    const ecs = JSON.parse((await get("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended")).Value);
    assert.strictEqual(ecs.image_id, (await get("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id")).Value);
    assert.strictEqual((await get("/aws/service/global-infrastructure/regions/eu-west-1")).Value, "eu-west-1");
    assert.strictEqual((await get("/aws/service/global-infrastructure/services/ssm")).Value, "ssm");
    const all = [];
    let NextToken;
    do {
        const page = await ask("GetParametersByPath", { Path: "/aws/service/ami-amazon-linux-latest", NextToken });
        all.push(...page.Parameters);
        ({ NextToken } = page);
    } while (NextToken);
    assert.ok(all.length === 12 && all.every((x) => /^ami-/.test(x.Value)) && names(all).join() === names(all).sort().join());
    assert.deepStrictEqual((await ask("GetParametersByPath", { Path: "/aws/service/ecs/optimized-ami/amazon-linux-2" })).Parameters.map((x) => x.Name.split("/").pop()), ["recommended"]);
    assert.deepStrictEqual((await ask("GetParametersByPath", { Path: "/aws/service/none" })).Parameters, []);
    await refuses(get("/aws/service/none"), "ParameterNotFound");
    await refuses(get(`${p.Name}:2`), "ParameterVersionNotFound");
    await refuses(put("/aws/service/mine", "x"), "AccessDeniedException", /reserved parameter name/);
    await refuses(ask("DeleteParameter", { Name: p.Name }), "ParameterNotFound");
});

test("a secret of Secrets Manager is read by reference", async () => {
    const sm = s.client(M.SecretsManagerClient);
    const { ARN, VersionId } = await sm.send(new M.CreateSecretCommand({ Name: "app/db", SecretString: "one" }));
    await sm.send(new M.PutSecretValueCommand({ SecretId: ARN, SecretString: "two" }));
    const Name = "/aws/reference/secretsmanager/app/db";
    const p = await get(Name, { WithDecryption: true });
    assert.deepStrictEqual([p.Name, p.Value, p.Type, p.ARN], [Name, "two", "SecureString", `arn:aws:ssm:us-east-1:000000000000:parameter${Name}`]);
    const source = JSON.parse(p.SourceResult);
    assert.deepStrictEqual([source.ARN, source.Name, source.SecretString, source.VersionStages], [ARN, "app/db", "two", ["AWSCURRENT"]]);
    for (const selector of [VersionId, "AWSPREVIOUS"])
        assert.strictEqual((await get(`${Name}:${selector}`, { WithDecryption: true })).Value, "one");
    assert.deepStrictEqual((await ask("GetParameters", { Names: [Name], WithDecryption: true })).Parameters.map((x) => x.Value), ["two"]);
    await refuses(get(Name), "ValidationException", /WithDecryption flag must be True/);
    await refuses(get("/aws/reference/secretsmanager/none", { WithDecryption: true }), "ParameterNotFound", /when referencing Secrets Manager/);
    await sm.send(new M.CreateSecretCommand({ Name: "bytes", SecretBinary: Buffer.from([0, 255]) }));
    await refuses(get("/aws/reference/secretsmanager/bytes", { WithDecryption: true }), "ValidationException", /binary value/);
});

test("filters and their options are checked by their keys", async () => {
    await put("/f/a", "1", { Type: "StringList" });
    const describe = (...ParameterFilters) => ask("DescribeParameters", { ParameterFilters });
    assert.deepStrictEqual(names((await describe({ Key: "Path", Values: ["/f"] }, { Key: "Type", Values: ["StringList"] })).Parameters), ["/f/a"]);
    assert.deepStrictEqual(names((await describe({ Key: "Type", Option: "BeginsWith", Values: ["StringL"] }, { Key: "Tier", Values: ["Standard"] })).Parameters), ["/f/a"]);
    await refuses(describe({ Key: "Type", Option: "Contains", Values: ["S"] }), "InvalidFilterOption", /BeginsWith, Equals/);
    await refuses(describe({ Key: "Path", Option: "Equals", Values: ["/f"] }), "InvalidFilterOption", /Recursive, OneLevel/);
    await refuses(describe({ Key: "Label", Values: ["x"] }), "InvalidFilterKey");
    await refuses(describe({ Key: "Name", Values: ["a"] }, { Key: "Name", Values: ["b"] }), "InvalidFilterKey", /duplicated/);
    await refuses(describe({ Key: "Path", Values: ["f"] }), "ValidationException", /begin with a forward slash/);
    await refuses(describe({ Key: "Path", Values: ["/aws/service"] }), "ValidationException", /can't be prefixed/);
    await refuses(describe({ Key: "Name" }), "InvalidFilterValue");
    const by = (...ParameterFilters) => ask("GetParametersByPath", { Path: "/f", ParameterFilters });
    await refuses(by({ Key: "Label", Option: "BeginsWith", Values: ["x"] }), "InvalidFilterOption", /Equals/);
    for (const Key of ["tag:a", "DataType", "Name", "Path", "Tier"]) await refuses(by({ Key, Values: ["x"] }), "InvalidFilterKey");
});

test("a resource policy is put, shown, changed by who knows it, and taken away", async () => {
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "111111111111" }, Action: ["ssm:GetParameter"], Resource: "*" }] });
    await put("/shared", "1", { Tier: "Advanced" });
    await put("/plain", "1");
    const ResourceArn = "arn:aws:ssm:us-east-1:000000000000:parameter/shared";
    const first = await ask("PutResourcePolicy", { ResourceArn, Policy });
    assert.deepStrictEqual((await ask("GetResourcePolicies", { ResourceArn })).Policies, [{ PolicyId: first.PolicyId, PolicyHash: first.PolicyHash, Policy }]);
    await refuses(ask("PutResourcePolicy", { ResourceArn, Policy }), "ResourcePolicyLimitExceededException");
    await refuses(ask("PutResourcePolicy", { ResourceArn, Policy, PolicyId: first.PolicyId, PolicyHash: "x" }), "ResourcePolicyConflictException");
    await refuses(ask("PutResourcePolicy", { ResourceArn, Policy, PolicyId: "x", PolicyHash: first.PolicyHash }), "ResourcePolicyNotFoundException");
    const second = await ask("PutResourcePolicy", { ResourceArn, Policy: Policy.replace("1111", "2222"), ...first, $metadata: undefined });
    assert.deepStrictEqual([second.PolicyId === first.PolicyId, second.PolicyHash === first.PolicyHash], [true, false]);
    await put("/shared", "2", { Overwrite: true });
    assert.strictEqual((await ask("GetResourcePolicies", { ResourceArn })).Policies.length, 1, "a new value keeps it");
    await refuses(ask("DeleteResourcePolicy", { ResourceArn, PolicyId: first.PolicyId, PolicyHash: first.PolicyHash }), "ResourcePolicyConflictException");
    await ask("DeleteResourcePolicy", { ResourceArn, PolicyId: second.PolicyId, PolicyHash: second.PolicyHash });
    assert.deepStrictEqual((await ask("GetResourcePolicies", { ResourceArn })).Policies, []);
    await refuses(ask("PutResourcePolicy", { ResourceArn: ResourceArn.replace("shared", "plain"), Policy }), "ResourcePolicyInvalidParameterException", /advanced parameter tier/);
    await refuses(ask("PutResourcePolicy", { ResourceArn: ResourceArn.replace("shared", "none"), Policy }), "ResourceNotFoundException");
    await refuses(ask("PutResourcePolicy", { ResourceArn, Policy: "{}" }), "MalformedResourcePolicyDocumentException");
    await refuses(ask("PutResourcePolicy", { ResourceArn, Policy: Policy.padEnd(1025) }), "ResourcePolicyLimitExceededException");
    await refuses(ask("PutResourcePolicy", { ResourceArn: "arn:aws:ssm:us-east-1:000000000000:opsitemgroup/default", Policy }), "ResourcePolicyInvalidParameterException", /OpsItems/);
});

test("where the server is strict, policies of users and of secrets and parameters have their say", async (t) => {
    const { as, user } = await strict(t);
    const root = as(M.SecretsManagerClient), send = (operation, input, client = root) => client.send(new M[`${operation}Command`](input));
    const { ARN } = await send("CreateSecret", { Name: "mine", SecretString: "x" });
    const other = (await send("CreateSecret", { Name: "other", SecretString: "y" })).ARN;
    const partial = "arn:aws:secretsmanager:us-east-1:000000000000:secret:";
    const ann = as(M.SecretsManagerClient, await user("ann", allow("secretsmanager:*", `${partial}mine-??????`), allow(["secretsmanager:BatchGetSecretValue", "secretsmanager:ListSecrets"])));
    for (const SecretId of ["mine", ARN, ARN.slice(0, -7)]) assert.strictEqual((await send("GetSecretValue", { SecretId }, ann)).SecretString, "x");
    for (const SecretId of ["other", other, other.slice(0, -7), "none"]) await refuses(send("GetSecretValue", { SecretId }, ann), "AccessDeniedException", /secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager/);
    await refuses(send("CreateSecret", { Name: "new" }, ann), "AccessDeniedException", /secretsmanager:CreateSecret/);
    const batch = await send("BatchGetSecretValue", { SecretIdList: ["mine", "other"] }, ann);
    assert.deepStrictEqual([names(batch.SecretValues), batch.Errors.map((e) => [e.SecretId, e.ErrorCode])], [["mine"], [["other", "AccessDeniedException"]]]);
    const some = await send("BatchGetSecretValue", { Filters: [{ Key: "name", Values: ["!none"] }] }, ann);
    assert.deepStrictEqual([names(some.SecretValues), some.Errors.map((e) => e.SecretId)], [["mine"], [other]]);
    const bob = as(M.SecretsManagerClient, await user("bob"));
    const policy = (Effect, Principal, Action) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect, Principal, Action, Resource: "*" }] });
    await refuses(send("GetSecretValue", { SecretId: "other" }, bob), "AccessDeniedException");
    await send("PutResourcePolicy", { SecretId: "other", ResourcePolicy: policy("Allow", { AWS: "arn:aws:iam::000000000000:user/bob" }, "secretsmanager:GetSecretValue") });
    assert.strictEqual((await send("GetSecretValue", { SecretId: "other" }, bob)).SecretString, "y");
    await send("PutResourcePolicy", { SecretId: "mine", ResourcePolicy: policy("Deny", { AWS: "arn:aws:iam::000000000000:user/ann" }, "secretsmanager:GetSecretValue") });
    await refuses(send("GetSecretValue", { SecretId: "mine" }, ann), "AccessDeniedException", /explicit deny in a resource-based policy/);
    const lockout = policy("Deny", "*", "secretsmanager:PutResourcePolicy");
    const checked = await send("ValidateResourcePolicy", { SecretId: "mine", ResourcePolicy: lockout }, ann);
    assert.deepStrictEqual([checked.PolicyValidationPassed, checked.ValidationErrors.map((e) => e.CheckName)], [false, ["Lockout"]]);
    assert.doesNotMatch((await send("GetResourcePolicy", { SecretId: "mine" })).ResourcePolicy, /PutResourcePolicy/, "nothing stays of it");
    const carl = await user("carl", allow("ssm:GetParameter*"), deny("ssm:GetParameter", "arn:aws:ssm:us-east-1::parameter/aws/service/ecs/*"), allow("secretsmanager:GetSecretValue", `${partial}other-*`),
        allow("secretsmanager:GetSecretValue", "*", { Condition: { StringEquals: { "secretsmanager:VersionStage": "AWSPREVIOUS" } } }));
    const c = as(P.SSMClient, carl), reference = (n) => ask("GetParameter", { Name: `/aws/reference/secretsmanager/${n}`, WithDecryption: true }, c);
    assert.strictEqual((await reference("other")).Parameter.Value, "y");
    await refuses(reference("mine"), "AccessDeniedException", /secretsmanager:GetSecretValue/);
    await send("PutSecretValue", { SecretId: "mine", SecretString: "z" });
    assert.strictEqual((await send("GetSecretValue", { SecretId: "mine", VersionStage: "AWSPREVIOUS" }, as(M.SecretsManagerClient, carl))).SecretString, "x");
    await ask("GetParameter", { Name: "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2" }, c);
    await refuses(ask("GetParameter", { Name: "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended" }, c), "AccessDeniedException");
});
