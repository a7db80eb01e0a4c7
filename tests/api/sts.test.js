// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { STSClient, GetCallerIdentityCommand, AssumeRoleCommand, GetSessionTokenCommand, GetAccessKeyInfoCommand,
        AssumeRoleWithWebIdentityCommand } = require("@aws-sdk/client-sts");
const { IAMClient, CreateRoleCommand, CreateUserCommand, CreateAccessKeyCommand, GetRoleCommand } = require("@aws-sdk/client-iam");
const { start, finish, refuses } = require("../lib/slipway");

const trust = (principal) => JSON.stringify({ Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" }] });
const keys = (c) => ({ accessKeyId: c.AccessKeyId, secretAccessKey: c.SecretAccessKey, sessionToken: c.SessionToken });

let s, sts, iam;
before(async () => { s = await start(null); sts = s.client(STSClient); iam = s.client(IAMClient); });
after(() => finish(s));

test("any credentials are the root of the default account, twelve digits are an account of their own", async () => {
    const me = await sts.send(new GetCallerIdentityCommand({}));
    assert.deepStrictEqual([me.Account, me.Arn, me.UserId], ["000000000000", "arn:aws:iam::000000000000:root", "000000000000"]);
    const other = s.client(STSClient, { credentials: { accessKeyId: "123456789012", secretAccessKey: "x" } });
    assert.strictEqual((await other.send(new GetCallerIdentityCommand({}))).Arn, "arn:aws:iam::123456789012:root");
    assert.strictEqual((await s.aws("sts", "get-caller-identity")).Account, "000000000000");
});

test("a role's session has its own identity, expiry and credentials that work", async () => {
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "deployer", Path: "/ci/", AssumeRolePolicyDocument: trust({ AWS: "*" }) }));
    const from = Date.now();
    const out = await sts.send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "run-1", DurationSeconds: 900 }));
    assert.match(out.Credentials.AccessKeyId, /^ASIA[A-Z2-7]{16}$/);
    assert.strictEqual(out.AssumedRoleUser.Arn, "arn:aws:sts::000000000000:assumed-role/deployer/run-1");
    assert.strictEqual(out.AssumedRoleUser.AssumedRoleId, `${Role.RoleId}:run-1`);
    assert.ok(out.Credentials.Expiration - 900e3 > from - 1000 && out.Credentials.Expiration - 900e3 < Date.now() + 1000);
    const as = s.client(STSClient, { credentials: keys(out.Credentials) });
    const me = await as.send(new GetCallerIdentityCommand({}));
    assert.strictEqual(me.Arn, out.AssumedRoleUser.Arn);
    assert.strictEqual(me.UserId, `${Role.RoleId}:run-1`);
    const used = (await iam.send(new GetRoleCommand({ RoleName: "deployer" }))).Role.RoleLastUsed;
    assert.strictEqual(used.Region, "us-east-1");
});

test("a session ends when the clock says so", async () => {
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "short", AssumeRolePolicyDocument: trust({ AWS: "*" }) }));
    const out = await sts.send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "xx", DurationSeconds: 900 }));
    const as = s.client(STSClient, { credentials: keys(out.Credentials) });
    await as.send(new GetCallerIdentityCommand({}));
    await s.advance(960);
    await refuses(as.send(new GetCallerIdentityCommand({})), "ExpiredToken", /expired/);
});

test("what cannot be assumed is refused", async () => {
    const absent = "arn:aws:iam::000000000000:role/absent";
    await refuses(sts.send(new AssumeRoleCommand({ RoleArn: absent, RoleSessionName: "xx" })), "AccessDenied",
        /^User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role\/absent$/);
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "hour", AssumeRolePolicyDocument: trust({ AWS: "*" }) }));
    await refuses(sts.send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "xx", DurationSeconds: 7200 })), "ValidationError",
        /exceeds the MaxSessionDuration/);
    await refuses(sts.send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "no spaces" })), "ValidationError", /roleSessionName/);
    await refuses(sts.send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "xx", SerialNumber: "arn:aws:iam::000000000000:mfa/a", TokenCode: "123456" })),
        "ValidationError", /SerialNumber/);
    await refuses(sts.send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "xx", Policy: "{" })), "MalformedPolicyDocumentException");
    const anonymous = new AssumeRoleWithWebIdentityCommand({ RoleArn: Role.Arn, RoleSessionName: "xx", WebIdentityToken: "abcd" });
    await refuses(sts.send(anonymous), "InvalidIdentityTokenException", /not a valid JWT/);
});

test("a user's session token stands for the user, and a key tells its account", async () => {
    await iam.send(new CreateUserCommand({ UserName: "ann" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "ann" }));
    const ann = s.client(STSClient, { credentials: { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey } });
    const { Credentials } = await ann.send(new GetSessionTokenCommand({ DurationSeconds: 3600 }));
    const session = s.client(STSClient, { credentials: keys(Credentials) });
    assert.strictEqual((await session.send(new GetCallerIdentityCommand({}))).Arn, "arn:aws:iam::000000000000:user/ann");
    await refuses(session.send(new GetSessionTokenCommand({})), "AccessDenied", /Cannot call GetSessionToken with session credentials/);
    assert.strictEqual((await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: AccessKey.AccessKeyId }))).Account, "000000000000");
});

test("a federated user is who the caller says, and may what both allow", async (t) => {
    const { GetFederationTokenCommand } = require("@aws-sdk/client-sts");
    const { SQSClient, CreateQueueCommand, GetQueueUrlCommand } = require("@aws-sdk/client-sqs");
    const { strict, allow, document } = require("../lib/strict");
    const { as, user, root } = await strict(t);
    await as(SQSClient).send(new CreateQueueCommand({ QueueName: "q" }));
    const ann = await user("ann", allow("sts:GetFederationToken", "arn:aws:sts::000000000000:federated-user/fed"), allow("sqs:*"));
    const federate = async (key, more) => (await as(STSClient, key).send(new GetFederationTokenCommand({ Name: "fed", ...more })));
    const got = await federate(ann, { Policy: document(allow("sqs:GetQueueUrl"), allow("s3:*")) });
    assert.deepStrictEqual([got.FederatedUser.Arn, got.FederatedUser.FederatedUserId], ["arn:aws:sts::000000000000:federated-user/fed", "000000000000:fed"]);
    const fed = keys(got.Credentials), ask = (k) => as(SQSClient, k).send(new GetQueueUrlCommand({ QueueName: "q" }));
    assert.strictEqual((await as(STSClient, fed).send(new GetCallerIdentityCommand({}))).Arn, got.FederatedUser.Arn);
    assert.ok((await ask(fed)).QueueUrl);
    await refuses(as(SQSClient, fed).send(new CreateQueueCommand({ QueueName: "x" })), "AccessDenied", /no session policy allows/);
    await refuses(as(IAMClient, fed).send(new GetRoleCommand({ RoleName: "x" })), "InvalidClientTokenId");
    await refuses(ask(keys((await federate(ann)).Credentials)), "AccessDenied", /no session policy/);
    assert.ok((await ask(keys((await federate(root, { Policy: document(allow("sqs:*")) })).Credentials))).QueueUrl);
    await refuses(as(STSClient, ann).send(new GetFederationTokenCommand({ Name: "other" })), "AccessDenied", /federated-user\/other/);
    await refuses(federate(fed), "InvalidClientTokenId");
    const bob = await user("bob", allow(["sts:GetFederationToken", "sts:TagSession"]), allow("sqs:*", "*", { Condition: { StringEquals: { "aws:PrincipalTag/team": "a", "aws:PrincipalType": "FederatedUser" } } }));
    assert.ok((await ask(keys((await federate(bob, { Policy: document(allow("sqs:*")), Tags: [{ Key: "team", Value: "a" }] })).Credentials))).QueueUrl);
});
