// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const I = require("@aws-sdk/client-iam");
const { STSClient, GetCallerIdentityCommand, AssumeRoleCommand } = require("@aws-sdk/client-sts");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, DeleteObjectCommand, ListObjectsV2Command,
        PutBucketPolicyCommand, ListBucketsCommand } = require("@aws-sdk/client-s3");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const { SSMClient, PutParameterCommand } = require("@aws-sdk/client-ssm");
const { start, finish, refuses } = require("../lib/slipway");

const document = (...statements) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (Action, Resource = "*", more = {}) => ({ Effect: "Allow", Action, Resource, ...more });
const trust = (Principal, more = {}) => document({ Effect: "Allow", Principal, Action: "sts:AssumeRole", ...more });
const TASKS = trust({ Service: "ecs-tasks.amazonaws.com" });
const keys = (k) => ({ accessKeyId: k.AccessKeyId, secretAccessKey: k.SecretAccessKey, sessionToken: k.SessionToken });

let s, iam;
before(async () => { s = await start(null); iam = s.client(I.IAMClient); });
after(() => finish(s));

test("a role keeps its document, tags, duration and path, and reads back encoded", async () => {
    const { Role } = await iam.send(new I.CreateRoleCommand({ RoleName: "App", Path: "/team/", AssumeRolePolicyDocument: TASKS,
        Description: "runs it", MaxSessionDuration: 7200, Tags: [{ Key: "env", Value: "prod" }] }));
    assert.strictEqual(Role.Arn, "arn:aws:iam::000000000000:role/team/App");
    assert.match(Role.RoleId, /^AROA[A-Z2-7]{17}$/);
    const got = (await iam.send(new I.GetRoleCommand({ RoleName: "app" }))).Role;
    assert.match(got.AssumeRolePolicyDocument, /^%7B%22Version%22%3A/);
    assert.strictEqual(decodeURIComponent(got.AssumeRolePolicyDocument), TASKS);
    assert.deepStrictEqual([got.Description, got.MaxSessionDuration, got.Tags], ["runs it", 7200, [{ Key: "env", Value: "prod" }]]);
    await refuses(iam.send(new I.CreateRoleCommand({ RoleName: "APP", AssumeRolePolicyDocument: TASKS })), "EntityAlreadyExistsException", /Role with name APP already exists/);
    await refuses(iam.send(new I.GetRoleCommand({ RoleName: "none" })), "NoSuchEntityException", /The role with name none cannot be found/);
    await iam.send(new I.UpdateRoleCommand({ RoleName: "App", Description: "new", MaxSessionDuration: 3600 }));
    await iam.send(new I.UpdateAssumeRolePolicyCommand({ RoleName: "App", PolicyDocument: trust({ AWS: "000000000000" }) }));
    await iam.send(new I.TagRoleCommand({ RoleName: "App", Tags: [{ Key: "ENV", Value: "dev" }, { Key: "a", Value: "b" }] }));
    await iam.send(new I.UntagRoleCommand({ RoleName: "App", TagKeys: ["a"] }));
    assert.deepStrictEqual((await iam.send(new I.ListRoleTagsCommand({ RoleName: "App" }))).Tags, [{ Key: "ENV", Value: "dev" }]);
});

test("roles are listed in pages, by path", async () => {
    for (const n of ["p1", "p2", "p3"]) await iam.send(new I.CreateRoleCommand({ RoleName: n, Path: "/paged/", AssumeRolePolicyDocument: TASKS }));
    const names = [];
    let Marker;
    do {
        const page = await iam.send(new I.ListRolesCommand({ PathPrefix: "/paged/", MaxItems: 2, Marker }));
        names.push(...page.Roles.map((r) => r.RoleName));
        Marker = page.Marker;
        assert.strictEqual(page.IsTruncated, Marker !== undefined);
    } while (Marker);
    assert.deepStrictEqual(names, ["p1", "p2", "p3"]);
    await refuses(iam.send(new I.ListRolesCommand({ Marker: "made-up" })), "ValidationError", /Marker/);
});

test("inline and attached policies hold a role until they are gone", async () => {
    await iam.send(new I.CreateRoleCommand({ RoleName: "held", AssumeRolePolicyDocument: TASKS }));
    await iam.send(new I.PutRolePolicyCommand({ RoleName: "held", PolicyName: "in", PolicyDocument: document(allow("s3:*")) }));
    const got = await iam.send(new I.GetRolePolicyCommand({ RoleName: "held", PolicyName: "in" }));
    assert.strictEqual(decodeURIComponent(got.PolicyDocument), document(allow("s3:*")));
    await iam.send(new I.AttachRolePolicyCommand({ RoleName: "held", PolicyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy" }));
    assert.deepStrictEqual((await iam.send(new I.ListAttachedRolePoliciesCommand({ RoleName: "held" }))).AttachedPolicies,
        [{ PolicyName: "AmazonECSTaskExecutionRolePolicy", PolicyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy" }]);
    await refuses(iam.send(new I.AttachRolePolicyCommand({ RoleName: "held", PolicyArn: "arn:aws:iam::aws:policy/MadeUp" })), "NoSuchEntityException", /does not exist or is not attachable/);
    await refuses(iam.send(new I.DeleteRoleCommand({ RoleName: "held" })), "DeleteConflictException", /detach all policies first/);
    await iam.send(new I.DetachRolePolicyCommand({ RoleName: "held", PolicyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy" }));
    await refuses(iam.send(new I.DeleteRoleCommand({ RoleName: "held" })), "DeleteConflictException", /delete policies first/);
    await iam.send(new I.DeleteRolePolicyCommand({ RoleName: "held", PolicyName: "in" }));
    await iam.send(new I.DeleteRoleCommand({ RoleName: "held" }));
    await refuses(iam.send(new I.DeleteRolePolicyCommand({ RoleName: "App", PolicyName: "none" })), "NoSuchEntityException", /The role policy with name none cannot be found/);
});

test("malformed policies are refused with IAM's words", async () => {
    const put = (PolicyDocument) => iam.send(new I.PutRolePolicyCommand({ RoleName: "App", PolicyName: "x", PolicyDocument }));
    await refuses(put("{}"), "MalformedPolicyDocumentException", /^Syntax errors in policy\.$/);
    await refuses(put(document({ Effect: "Allow", Resource: "*" })), "MalformedPolicyDocumentException", /must contain actions/);
    await refuses(put(document(allow("GetObject"))), "MalformedPolicyDocumentException", /prefaced by a vendor/);
    await refuses(put(document(allow("s3:*", "bucket"))), "MalformedPolicyDocumentException", /must be in ARN format/);
    await refuses(iam.send(new I.CreateRoleCommand({ RoleName: "bad", AssumeRolePolicyDocument: document(allow("sts:AssumeRole")) })), "MalformedPolicyDocumentException");
    await refuses(put(document(allow("s3:*", "arn:aws:s3:::" + "b".repeat(11000)))), "LimitExceededException", /10240/);
});

test("managed policies have versions, counts and entities", async () => {
    const { Policy } = await iam.send(new I.CreatePolicyCommand({ PolicyName: "Mine", PolicyDocument: document(allow("s3:Get*")), Description: "d" }));
    await iam.send(new I.AttachRolePolicyCommand({ RoleName: "App", PolicyArn: Policy.Arn }));
    assert.strictEqual((await iam.send(new I.GetPolicyCommand({ PolicyArn: Policy.Arn }))).Policy.AttachmentCount, 1);
    assert.deepStrictEqual((await iam.send(new I.ListEntitiesForPolicyCommand({ PolicyArn: Policy.Arn }))).PolicyRoles.map((r) => r.RoleName), ["App"]);
    for (let v = 2; v <= 5; v++) await iam.send(new I.CreatePolicyVersionCommand({ PolicyArn: Policy.Arn, PolicyDocument: document(allow(`s3:Get${v}*`)), SetAsDefault: v === 2 }));
    await refuses(iam.send(new I.CreatePolicyVersionCommand({ PolicyArn: Policy.Arn, PolicyDocument: document(allow("s3:*")) })), "LimitExceededException", /up to 5 versions/);
    await refuses(iam.send(new I.DeletePolicyVersionCommand({ PolicyArn: Policy.Arn, VersionId: "v2" })), "DeleteConflictException", /default version/);
    await iam.send(new I.DeletePolicyVersionCommand({ PolicyArn: Policy.Arn, VersionId: "v1" }));
    const { PolicyVersion } = await iam.send(new I.CreatePolicyVersionCommand({ PolicyArn: Policy.Arn, PolicyDocument: document(allow("s3:*")) }));
    assert.strictEqual(PolicyVersion.VersionId, "v6");
    assert.deepStrictEqual((await iam.send(new I.ListPolicyVersionsCommand({ PolicyArn: Policy.Arn }))).Versions.map((v) => [v.VersionId, v.IsDefaultVersion]),
        [["v6", false], ["v5", false], ["v4", false], ["v3", false], ["v2", true]]);
    await refuses(iam.send(new I.DeletePolicyCommand({ PolicyArn: Policy.Arn })), "DeleteConflictException", /attached to entities/);
    await refuses(iam.send(new I.CreatePolicyCommand({ PolicyName: "Mine", PolicyDocument: document(allow("s3:Get*")) })), "EntityAlreadyExistsException");
    const local = (await iam.send(new I.ListPoliciesCommand({ Scope: "Local" }))).Policies.map((p) => p.PolicyName);
    assert.deepStrictEqual(local, ["Mine"]);
    const admin = await iam.send(new I.GetPolicyVersionCommand({ PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess", VersionId: "v1" }));
    assert.deepStrictEqual(JSON.parse(decodeURIComponent(admin.PolicyVersion.Document)).Statement, [{ Effect: "Allow", Action: "*", Resource: "*" }]);
});

test("users have two keys at most, groups, and passwords for CodeCommit", async () => {
    const { User } = await iam.send(new I.CreateUserCommand({ UserName: "bob", Tags: [{ Key: "k", Value: "v" }] }));
    assert.match(User.UserId, /^AIDA/);
    const { AccessKey } = await iam.send(new I.CreateAccessKeyCommand({ UserName: "bob" }));
    assert.match(AccessKey.AccessKeyId, /^AKIA[A-Z2-7]{16}$/);
    await iam.send(new I.CreateAccessKeyCommand({ UserName: "bob" }));
    await refuses(iam.send(new I.CreateAccessKeyCommand({ UserName: "bob" })), "LimitExceededException", /AccessKeysPerUser: 2/);
    const me = s.client(STSClient, { credentials: keys(AccessKey) });
    assert.strictEqual((await me.send(new GetCallerIdentityCommand({}))).Arn, "arn:aws:iam::000000000000:user/bob");
    const self = s.client(I.IAMClient, { credentials: keys(AccessKey) });
    assert.strictEqual((await self.send(new I.GetUserCommand({}))).User.UserName, "bob");
    await iam.send(new I.CreateGroupCommand({ GroupName: "devs" }));
    await iam.send(new I.AddUserToGroupCommand({ GroupName: "devs", UserName: "bob" }));
    assert.deepStrictEqual((await iam.send(new I.GetGroupCommand({ GroupName: "devs" }))).Users.map((u) => u.UserName), ["bob"]);
    assert.deepStrictEqual((await iam.send(new I.ListGroupsForUserCommand({ UserName: "bob" }))).Groups.map((g) => g.GroupName), ["devs"]);
    await refuses(iam.send(new I.DeleteGroupCommand({ GroupName: "devs" })), "DeleteConflictException");
    const { ServiceSpecificCredential: c } = await iam.send(new I.CreateServiceSpecificCredentialCommand({ UserName: "bob", ServiceName: "codecommit.amazonaws.com" }));
    assert.strictEqual(c.ServiceUserName, "bob-at-000000000000");
    assert.ok(c.ServicePassword.length >= 40);
    const listed = (await iam.send(new I.ListServiceSpecificCredentialsCommand({ UserName: "bob" }))).ServiceSpecificCredentials;
    assert.deepStrictEqual(listed.map((l) => [l.ServiceUserName, l.Status, "ServicePassword" in l]), [["bob-at-000000000000", "Active", false]]);
    await refuses(iam.send(new I.DeleteUserCommand({ UserName: "bob" })), "DeleteConflictException", /access keys first/);
});

test("instance profiles carry one role, service-linked roles belong to their service", async () => {
    await iam.send(new I.CreateInstanceProfileCommand({ InstanceProfileName: "ip" }));
    await iam.send(new I.AddRoleToInstanceProfileCommand({ InstanceProfileName: "ip", RoleName: "App" }));
    await refuses(iam.send(new I.AddRoleToInstanceProfileCommand({ InstanceProfileName: "ip", RoleName: "p1" })), "LimitExceededException");
    assert.deepStrictEqual((await iam.send(new I.ListInstanceProfilesForRoleCommand({ RoleName: "App" }))).InstanceProfiles.map((p) => p.InstanceProfileName), ["ip"]);
    const { Role } = await iam.send(new I.CreateServiceLinkedRoleCommand({ AWSServiceName: "ecs.amazonaws.com" }));
    assert.strictEqual(Role.Arn, "arn:aws:iam::000000000000:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
    await refuses(iam.send(new I.DeleteRoleCommand({ RoleName: "AWSServiceRoleForECS" })), "UnmodifiableEntityException");
    await refuses(iam.send(new I.CreateServiceLinkedRoleCommand({ AWSServiceName: "ecs.amazonaws.com" })), "InvalidInputException", /has been taken/);
    const { DeletionTaskId } = await iam.send(new I.DeleteServiceLinkedRoleCommand({ RoleName: "AWSServiceRoleForECS" }));
    assert.strictEqual((await iam.send(new I.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }))).Status, "SUCCEEDED");
});

test("identities are there again after a restart, and belong to their account", async (t) => {
    const kept = await start(t, { ephemeral: false });
    await kept.client(I.IAMClient).send(new I.CreateRoleCommand({ RoleName: "stays", AssumeRolePolicyDocument: TASKS }));
    await kept.restart();
    await kept.client(I.IAMClient).send(new I.GetRoleCommand({ RoleName: "stays" }));
    const other = kept.client(I.IAMClient, { credentials: { accessKeyId: "111111111111", secretAccessKey: "x" } });
    await refuses(other.send(new I.GetRoleCommand({ RoleName: "stays" })), "NoSuchEntityException");
});

// --auth strict: signatures verified, policies evaluated.

async function strict(t) {
    const server = await start(t, { args: ["--auth", "strict"] });
    const file = path.join(server.data, "root-credentials");
    assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600);
    const text = fs.readFileSync(file, "utf8");
    const root = { accessKeyId: text.match(/^AWS_ACCESS_KEY_ID=(.*)$/m)[1], secretAccessKey: text.match(/^AWS_SECRET_ACCESS_KEY=(.*)$/m)[1] };
    const as = (Client, credentials = root) => server.client(Client, { credentials });
    const user = async (UserName, ...statements) => {
        await as(I.IAMClient).send(new I.CreateUserCommand({ UserName }));
        if (statements.length) await as(I.IAMClient).send(new I.PutUserPolicyCommand({ UserName, PolicyName: "p", PolicyDocument: document(...statements) }));
        return keys((await as(I.IAMClient).send(new I.CreateAccessKeyCommand({ UserName }))).AccessKey);
    };
    return { server, root, as, user };
}

test("strict: an unknown key, a wrong secret and a missing token are refused", async (t) => {
    const { as, root, user } = await strict(t);
    assert.strictEqual((await as(STSClient).send(new GetCallerIdentityCommand({}))).Arn, "arn:aws:iam::000000000000:root");
    await refuses(as(STSClient, { accessKeyId: "test", secretAccessKey: "test" }).send(new GetCallerIdentityCommand({})), "InvalidClientTokenId");
    await refuses(as(SSMClient, { accessKeyId: "test", secretAccessKey: "test" }).send(new PutParameterCommand({ Name: "a", Value: "b", Type: "String" })),
        "UnrecognizedClientException");
    await refuses(as(STSClient, { ...root, secretAccessKey: "wrong" }).send(new GetCallerIdentityCommand({})), "SignatureDoesNotMatch");
    await refuses(as(S3Client, { ...root, secretAccessKey: "wrong" }).send(new ListBucketsCommand({})), "SignatureDoesNotMatch");
    const ann = await user("ann");
    await as(I.IAMClient).send(new I.UpdateAccessKeyCommand({ UserName: "ann", AccessKeyId: ann.accessKeyId, Status: "Inactive" }));
    await refuses(as(STSClient, ann).send(new GetCallerIdentityCommand({})), "InvalidClientTokenId");
});

test("strict: a user may do what its policies allow and nothing else", async (t) => {
    const { as, user } = await strict(t);
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "box" }));
    await as(S3Client).send(new PutObjectCommand({ Bucket: "box", Key: "in/a", Body: "hello" }));
    const ann = await user("ann", allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::box/${aws:username}/*"), allow("s3:GetObject", "arn:aws:s3:::box/in/*"),
        allow("s3:ListBucket", "arn:aws:s3:::box", { Condition: { StringLike: { "s3:prefix": "in/*" } } }),
        { Effect: "Deny", Action: "s3:*", Resource: "arn:aws:s3:::box/in/secret" });
    const s3 = as(S3Client, ann);
    assert.strictEqual(await (await s3.send(new GetObjectCommand({ Bucket: "box", Key: "in/a" }))).Body.transformToString(), "hello");
    await s3.send(new PutObjectCommand({ Bucket: "box", Key: "ann/own", Body: "mine" }));
    await refuses(s3.send(new PutObjectCommand({ Bucket: "box", Key: "in/b", Body: "x" })), "AccessDenied",
        /^User: arn:aws:iam::000000000000:user\/ann is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::box\/in\/b because no identity-based policy allows the s3:PutObject action$/);
    await refuses(s3.send(new GetObjectCommand({ Bucket: "box", Key: "in/secret" })), "AccessDenied", /with an explicit deny in an identity-based policy/);
    await s3.send(new ListObjectsV2Command({ Bucket: "box", Prefix: "in/" }));
    await refuses(s3.send(new ListObjectsV2Command({ Bucket: "box" })), "AccessDenied", /s3:ListBucket/);
    await refuses(as(SSMClient, ann).send(new PutParameterCommand({ Name: "/x", Value: "y", Type: "String" })), "AccessDeniedException", /ssm:PutParameter/);
    assert.strictEqual((await as(STSClient, ann).send(new GetCallerIdentityCommand({}))).Arn, "arn:aws:iam::000000000000:user/ann");
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket: "box", Key: "in/a" }), { expiresIn: 60 });
    assert.strictEqual(await (await fetch(url)).text(), "hello");
    assert.strictEqual((await fetch(url.replace("in/a", "ann/own"))).status, 403);
    const group = await user("carl");
    await as(I.IAMClient).send(new I.CreateGroupCommand({ GroupName: "readers" }));
    await as(I.IAMClient).send(new I.AttachGroupPolicyCommand({ GroupName: "readers", PolicyArn: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" }));
    await refuses(as(S3Client, group).send(new GetObjectCommand({ Bucket: "box", Key: "in/a" })), "AccessDenied");
    await as(I.IAMClient).send(new I.AddUserToGroupCommand({ GroupName: "readers", UserName: "carl" }));
    await as(S3Client, group).send(new GetObjectCommand({ Bucket: "box", Key: "in/a" }));
});

test("strict: a permissions boundary limits, a bucket's policy grants and denies", async (t) => {
    const { as, user, server } = await strict(t);
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "box" }));
    await as(S3Client).send(new PutObjectCommand({ Bucket: "box", Key: "k", Body: "x" }));
    const ann = await user("ann", allow("*"));
    await as(I.IAMClient).send(new I.PutUserPermissionsBoundaryCommand({ UserName: "ann", PermissionsBoundary: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" }));
    await as(S3Client, ann).send(new GetObjectCommand({ Bucket: "box", Key: "k" }));
    await refuses(as(S3Client, ann).send(new DeleteObjectCommand({ Bucket: "box", Key: "k" })), "AccessDenied", /because no permissions boundary allows the s3:DeleteObject action/);
    const bob = await user("bob");
    await refuses(as(S3Client, bob).send(new GetObjectCommand({ Bucket: "box", Key: "k" })), "AccessDenied");
    await as(S3Client).send(new PutBucketPolicyCommand({ Bucket: "box", Policy: document(
        { Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:user/bob" }, Action: "s3:GetObject", Resource: "arn:aws:s3:::box/*" },
        { Effect: "Deny", Principal: { AWS: "arn:aws:iam::000000000000:user/ann" }, Action: "s3:GetObject", Resource: "arn:aws:s3:::box/*" }) }));
    await as(S3Client, bob).send(new GetObjectCommand({ Bucket: "box", Key: "k" }));
    await refuses(as(S3Client, ann).send(new GetObjectCommand({ Bucket: "box", Key: "k" })), "AccessDenied", /explicit deny in a resource-based policy/);
    assert.strictEqual((await fetch(`${server.endpoint}/box/k`)).status, 403);
});

test("strict: a role is assumed by whom it trusts, and its session is limited by its own policy", async (t) => {
    const { as, user, root } = await strict(t);
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "box" }));
    const role = async (RoleName, AssumeRolePolicyDocument) => (await as(I.IAMClient).send(new I.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }))).Role.Arn;
    const ann = await user("ann"), bob = await user("bob", allow("sts:AssumeRole"));
    const direct = await role("direct", trust({ AWS: "arn:aws:iam::000000000000:user/ann" }));
    const account = await role("account", trust({ AWS: "000000000000" }, { Condition: { StringEquals: { "sts:ExternalId": "x1" } } }));
    const tasks = await role("tasks", TASKS);
    const assume = (who, RoleArn, more = {}) => as(STSClient, who).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "run", ...more }));
    await assume(ann, direct);
    await refuses(assume(ann, account, { ExternalId: "x1" }), "AccessDenied", /sts:AssumeRole/);
    await refuses(assume(bob, account), "AccessDenied");
    await refuses(assume(bob, tasks), "AccessDenied");
    await refuses(assume(root, account, { ExternalId: "x1" }), "AccessDenied", /root accounts/);
    await as(I.IAMClient).send(new I.AttachRolePolicyCommand({ RoleName: "account", PolicyArn: "arn:aws:iam::aws:policy/AmazonS3FullAccess" }));
    const full = keys((await assume(bob, account, { ExternalId: "x1" })).Credentials);
    await as(S3Client, full).send(new PutObjectCommand({ Bucket: "box", Key: "k", Body: "x" }));
    const limited = keys((await assume(bob, account, { ExternalId: "x1", Policy: document(allow("s3:GetObject")) })).Credentials);
    await as(S3Client, limited).send(new GetObjectCommand({ Bucket: "box", Key: "k" }));
    await refuses(as(S3Client, limited).send(new PutObjectCommand({ Bucket: "box", Key: "k", Body: "x" })), "AccessDenied",
        /assumed-role\/account\/run is not authorized .* because no session policy allows the s3:PutObject action/);
    await refuses(as(S3Client, { ...full, sessionToken: "stolen" }).send(new ListBucketsCommand({})), "InvalidClientTokenId");
});
