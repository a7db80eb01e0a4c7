// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const C = require("@aws-sdk/client-cloudcontrol");
const I = require("@aws-sdk/client-iam");
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const { ElasticLoadBalancingV2Client, CreateLoadBalancerCommand, DeleteLoadBalancerCommand } = require("@aws-sdk/client-elastic-load-balancing-v2");
const { start, finish, refuses } = require("../lib/slipway");
const { document, allow, trust, TASKS, keys } = require("../lib/strict");

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
    await refuses(iam.send(new I.CreateServiceSpecificCredentialCommand({ UserName: "nobody", ServiceName: "no-such" })), "NoSuchEntityException",
        /^The user with name nobody cannot be found\.$/);
    await refuses(iam.send(new I.CreateServiceSpecificCredentialCommand({ UserName: "bob", ServiceName: "no-such" })), "NoSuchEntityException",
        /^No such service no-such is supported for Service Specific Credentials$/);
    const { ServiceSpecificCredential: c } = await iam.send(new I.CreateServiceSpecificCredentialCommand({ UserName: "bob", ServiceName: "codecommit.amazonaws.com" }));
    assert.strictEqual(c.ServiceUserName, "bob-at-000000000000");
    assert.ok(c.ServicePassword.length >= 40);
    const listed = (await iam.send(new I.ListServiceSpecificCredentialsCommand({ UserName: "bob" }))).ServiceSpecificCredentials;
    assert.deepStrictEqual(listed.map((l) => [l.ServiceUserName, l.Status, "ServicePassword" in l]), [["bob-at-000000000000", "Active", false]]);
    await refuses(iam.send(new I.DeleteUserCommand({ UserName: "bob" })), "DeleteConflictException", /access keys first/);
});

test("answers have what AWS's have and no more", async () => {
    const { Role } = await iam.send(new I.CreateRoleCommand({ RoleName: "lean", AssumeRolePolicyDocument: TASKS, MaxSessionDuration: 7200 }));
    assert.ok(!("MaxSessionDuration" in Role));
    assert.strictEqual((await iam.send(new I.GetRoleCommand({ RoleName: "lean" }))).Role.MaxSessionDuration, 7200);
    const { Policy } = await iam.send(new I.CreatePolicyCommand({ PolicyName: "lean", PolicyDocument: document(allow("s3:Get*")), Description: "d" }));
    assert.ok(!("Description" in Policy));
    const get = await iam.send(new I.GetPolicyCommand({ PolicyArn: Policy.Arn }));
    assert.deepStrictEqual([get.Policy.Description, get.Policy.Tags], ["d", []]);
    assert.deepStrictEqual((await iam.send(new I.GetPolicyCommand({ PolicyArn: "arn:aws:iam::aws:policy/AmazonS3FullAccess" }))).Policy.Tags, []);
    await iam.send(new I.CreateUserCommand({ UserName: "lean" }));
    assert.ok(!("IsTruncated" in await iam.send(new I.ListServiceSpecificCredentialsCommand({ UserName: "lean" }))));
    await iam.send(new I.CreateServiceSpecificCredentialCommand({ UserName: "lean", ServiceName: "codecommit.amazonaws.com" }));
    await refuses(iam.send(new I.DeleteUserCommand({ UserName: "lean" })), "DeleteConflictException", /^Cannot delete entity, must remove referenced objects first\.$/);
    for (const Command of [I.DeleteServiceSpecificCredentialCommand, I.ResetServiceSpecificCredentialCommand])
        await refuses(iam.send(new Command({ UserName: "none", ServiceSpecificCredentialId: "ACCA12345678901234567" })), "NoSuchEntityException", /^The user with name none cannot be found\.$/);
});

test("what is no ARN of a policy is refused as such by every operation that takes one", async () => {
    const PolicyArn = "not-an-arn-of-a-policy-at-all", PermissionsBoundary = PolicyArn;
    await iam.send(new I.CreateRoleCommand({ RoleName: "arnless", AssumeRolePolicyDocument: TASKS }));
    const RoleName = "arnless", UserName = "lean", all = [
        new I.AttachRolePolicyCommand({ RoleName, PolicyArn }), new I.AttachUserPolicyCommand({ UserName, PolicyArn }), new I.DetachRolePolicyCommand({ RoleName, PolicyArn }),
        new I.PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }), new I.GetPolicyCommand({ PolicyArn }), new I.DeletePolicyCommand({ PolicyArn }),
        new I.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: document(allow("s3:*")) }), new I.ListPolicyVersionsCommand({ PolicyArn }), new I.ListEntitiesForPolicyCommand({ PolicyArn }),
        new I.SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v1" }), new I.TagPolicyCommand({ PolicyArn, Tags: [] }), new I.ListPolicyTagsCommand({ PolicyArn }),
    ];
    for (const command of all) await refuses(iam.send(command), "ValidationError", /^Invalid ARN: {2}Could not be parsed!$/);
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

test("service-linked roles have their services' names, endings where AWS has them, and go when nothing needs them", async () => {
    const make = (AWSServiceName, CustomSuffix) => iam.send(new I.CreateServiceLinkedRoleCommand({ AWSServiceName, CustomSuffix }));
    const { Role } = await make("autoscaling.amazonaws.com", "team");
    assert.strictEqual(Role.Arn, "arn:aws:iam::000000000000:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_team");
    assert.strictEqual((await make("autoscaling.amazonaws.com")).Role.RoleName, "AWSServiceRoleForAutoScaling");
    assert.strictEqual((await make("rds.amazonaws.com")).Role.RoleName, "AWSServiceRoleForRDS");
    await refuses(make("rds.amazonaws.com", "x"), "InvalidInputException", /Custom suffix is not allowed for rds/);
    await refuses(make("no-such.amazonaws.com"), "InvalidInputException");
    const RoleName = (await make("elasticloadbalancing.amazonaws.com")).Role.RoleName;
    const elb = s.client(ElasticLoadBalancingV2Client), Subnets = (await s.client(EC2Client).send(new DescribeSubnetsCommand({}))).Subnets.slice(0, 2).map((x) => x.SubnetId);
    const { LoadBalancers } = await elb.send(new CreateLoadBalancerCommand({ Name: "uses", Subnets }));
    const end = async () => (await iam.send(new I.DeleteServiceLinkedRoleCommand({ RoleName }))).DeletionTaskId;
    const ended = (DeletionTaskId) => iam.send(new I.GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }));
    const first = await end(), failed = async () => {
        const { Status, Reason } = await ended(first);
        assert.deepStrictEqual([Status, Reason.RoleUsageList], ["FAILED", [{ Region: "us-east-1", Resources: [LoadBalancers[0].LoadBalancerArn] }]]);
    };
    await failed();
    const { ProgressEvent } = await s.client(C.CloudControlClient).send(new C.DeleteResourceCommand({ TypeName: "AWS::IAM::ServiceLinkedRole", Identifier: RoleName }));
    assert.strictEqual(ProgressEvent.OperationStatus, "FAILED");
    assert.match(ProgressEvent.StatusMessage, /The role is in use by resources of its service: arn:aws:elasticloadbalancing:/);
    await elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: LoadBalancers[0].LoadBalancerArn }));
    await failed();
    const second = await end();
    assert.strictEqual((await ended(second)).Status, "SUCCEEDED");
    await failed();
    for (const invented of [second.replace(/.$/, (c) => (c === "0" ? "1" : "0")), second.replace(RoleName, "AWSServiceRoleForRDS"), "task/aws-service-role/x", "another"])
        await refuses(ended(invented), "NoSuchEntityException", /The deletion task .* cannot be found/);
    await refuses(iam.send(new I.GetRoleCommand({ RoleName })), "NoSuchEntityException");
});

test("a trust policy cannot name a user or role of the account that is not there", async () => {
    const AssumeRolePolicyDocument = trust({ AWS: "arn:aws:iam::000000000000:user/nobody" });
    await refuses(iam.send(new I.CreateRoleCommand({ RoleName: "lonely", AssumeRolePolicyDocument })), "MalformedPolicyDocumentException", /^Invalid principal in policy: "AWS":"arn:aws:iam::000000000000:user\/nobody"$/);
    await iam.send(new I.CreateRoleCommand({ RoleName: "lonely", AssumeRolePolicyDocument: trust({ AWS: ["arn:aws:iam::111111111111:user/far", "000000000000"] }) }));
    await refuses(iam.send(new I.UpdateAssumeRolePolicyCommand({ RoleName: "lonely", PolicyDocument: AssumeRolePolicyDocument })), "MalformedPolicyDocumentException", /Invalid principal/);
});
