// SPDX-License-Identifier: Apache-2.0
// The simulators answer as requests are decided.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const I = require("@aws-sdk/client-iam");
const { SQSClient, CreateQueueCommand, DeleteQueueCommand, GetQueueUrlCommand, TagQueueCommand } = require("@aws-sdk/client-sqs");
const { start, finish, refuses } = require("../lib/slipway");
const { document, allow, deny, strict, TASKS } = require("../lib/strict");

let s, iam;
before(async () => { s = await start(null); iam = s.client(I.IAMClient); });
after(() => finish(s));

const custom = async (PolicyInputList, ActionNames, more) => (await iam.send(new I.SimulateCustomPolicyCommand({ PolicyInputList, ActionNames, ...more }))).EvaluationResults;
const decisions = (results) => results.map((r) => [r.EvalActionName, r.EvalResourceName, r.EvalDecision]);
const QUEUE = "arn:aws:sqs:us-east-1:000000000000:q";

test("each action is decided about each resource, with the statements that decided", async () => {
    const policy = `{\n  "Version": "2012-10-17",\n  "Statement": [\n    {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::box/*"},\n    {"Effect": "Deny",\n     "Action": "s3:GetObject", "Resource": "arn:aws:s3:::box/{secret}"}\n  ]\n}`;
    const ResourceArns = ["arn:aws:s3:::box/a", "arn:aws:s3:::box/{secret}", "arn:aws:s3:::other/a"];
    const results = await custom([policy], ["s3:GetObject", "s3:PutObject"], { ResourceArns });
    assert.deepStrictEqual(decisions(results).map((d) => d[2]), ["allowed", "explicitDeny", "implicitDeny", "implicitDeny", "implicitDeny", "implicitDeny"]);
    const at = (r) => r.MatchedStatements.map((m) => [m.SourcePolicyId, m.StartPosition.Line, m.StartPosition.Column, m.EndPosition.Line, m.EndPosition.Column]);
    assert.deepStrictEqual(at(results[0]), [["PolicyInputList.1", 4, 5, 4, 79]]);
    assert.deepStrictEqual(at(results[1]), [["PolicyInputList.1", 5, 5, 6, 72]]);
    assert.deepStrictEqual([at(results[2]), results[0].ResourceSpecificResults[0].EvalResourceDecision], [[], "allowed"]);
    const one = await custom([document(allow("sqs:*"))], ["sqs:SendMessage"]);
    assert.deepStrictEqual(decisions(one), [["sqs:SendMessage", "*", "allowed"]]);
    const pages = [];
    let Marker;
    do {
        const page = await iam.send(new I.SimulateCustomPolicyCommand({ PolicyInputList: [policy], ActionNames: ["s3:GetObject", "s3:PutObject"], ResourceArns, MaxItems: 4, Marker }));
        pages.push(page.EvaluationResults.length);
        Marker = page.Marker;
    } while (Marker);
    assert.deepStrictEqual(pages, [4, 2]);
});

test("context is what the caller says, and what lacks is named", async () => {
    const policy = document(allow("sqs:*", `arn:aws:sqs:*:*:\${aws:username}-*`, { Condition: { StringEquals: { "aws:RequestedRegion": ["us-east-1"] }, Bool: { "aws:SecureTransport": "true" } } }));
    const entry = (ContextKeyName, ContextKeyType, ...ContextKeyValues) => ({ ContextKeyName, ContextKeyType, ContextKeyValues });
    const [without] = await custom([policy], ["sqs:SendMessage"], { ResourceArns: ["arn:aws:sqs:us-east-1:1:ann-q"] });
    assert.deepStrictEqual([without.EvalDecision, without.MissingContextValues.sort()], ["implicitDeny", ["aws:RequestedRegion", "aws:SecureTransport", "aws:username"]]);
    const [full] = await custom([policy], ["sqs:SendMessage"], { ResourceArns: ["arn:aws:sqs:us-east-1:1:ann-q"],
        ContextEntries: [entry("aws:username", "string", "ann"), entry("aws:RequestedRegion", "string", "us-east-1"), entry("aws:securetransport", "boolean", "true")] });
    assert.deepStrictEqual([full.EvalDecision, full.MissingContextValues], ["allowed", []]);
    const keys = await iam.send(new I.GetContextKeysForCustomPolicyCommand({ PolicyInputList: [policy, document(deny("s3:*", "*", { Condition: { StringLike: { "AWS:username": "x" } } }))] }));
    assert.deepStrictEqual(keys.ContextKeyNames.sort(), ["aws:RequestedRegion", "aws:SecureTransport", "aws:username"]);
});

test("a principal's are its own policies, its groups' and its boundary's", async () => {
    await iam.send(new I.CreateGroupCommand({ GroupName: "g" }));
    await iam.send(new I.PutGroupPolicyCommand({ GroupName: "g", PolicyName: "in", PolicyDocument: document(allow("sqs:*")) }));
    const { Policy } = await iam.send(new I.CreatePolicyCommand({ PolicyName: "bound", PolicyDocument: document(allow("sqs:Send*"), deny("sqs:SendMessageBatch")) }));
    const { User } = await iam.send(new I.CreateUserCommand({ UserName: "ann", PermissionsBoundary: Policy.Arn }));
    await iam.send(new I.AddUserToGroupCommand({ UserName: "ann", GroupName: "g" }));
    const simulate = (more) => iam.send(new I.SimulatePrincipalPolicyCommand({ PolicySourceArn: User.Arn, ActionNames: ["sqs:SendMessage", "sqs:SendMessageBatch", "sqs:DeleteQueue", "s3:GetObject"], ...more }));
    const { EvaluationResults: r } = await simulate();
    assert.deepStrictEqual(r.map((x) => [x.EvalDecision, x.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary]),
        [["allowed", true], ["explicitDeny", false], ["implicitDeny", false], ["implicitDeny", true]]);
    assert.deepStrictEqual(r[0].MatchedStatements.map((m) => [m.SourcePolicyId, m.SourcePolicyType]), [["group_g_in", "group"]]);
    const given = (await simulate({ PermissionsBoundaryPolicyInputList: [document(allow("sqs:*"))], PolicyInputList: [document(allow("s3:*"))] })).EvaluationResults;
    assert.deepStrictEqual(given.map((x) => x.EvalDecision), ["allowed", "allowed", "allowed", "implicitDeny"]);
    const { Role } = await iam.send(new I.CreateRoleCommand({ RoleName: "r", AssumeRolePolicyDocument: TASKS }));
    await iam.send(new I.AttachRolePolicyCommand({ RoleName: "r", PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }));
    const [role] = (await simulate({ PolicySourceArn: Role.Arn })).EvaluationResults;
    assert.deepStrictEqual([role.EvalDecision, role.MatchedStatements[0].SourcePolicyType, "PermissionsBoundaryDecisionDetail" in role], ["allowed", "aws-managed", false]);
    assert.deepStrictEqual((await iam.send(new I.GetContextKeysForPrincipalPolicyCommand({ PolicySourceArn: Role.Arn }))).ContextKeyNames, []);
    await refuses(simulate({ PolicySourceArn: User.Arn.replace("ann", "bob") }), "NoSuchEntityException");
    await refuses(simulate({ PolicySourceArn: QUEUE }), "InvalidInputException", /PolicySourceArn/);
});

test("a resource's policy has its say, for the caller that is named", async () => {
    const ResourcePolicy = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:user/ann" }, Action: "sqs:SendMessage", Resource: QUEUE }] });
    const CallerArn = "arn:aws:iam::000000000000:user/ann", ResourceArns = [QUEUE];
    const [ann] = await custom([document(allow("s3:*"))], ["sqs:SendMessage"], { ResourceArns, ResourcePolicy, CallerArn });
    assert.deepStrictEqual([ann.EvalDecision, ann.MatchedStatements[0].SourcePolicyType], ["allowed", "resource"]);
    const [bob] = await custom([document(allow("s3:*"))], ["sqs:SendMessage"], { ResourceArns, ResourcePolicy, CallerArn: CallerArn.replace("ann", "bob") });
    assert.strictEqual(bob.EvalDecision, "implicitDeny");
    const bad = [[{ ResourcePolicy }, /CallerArn/], [{ CallerArn: "arn:aws:iam::000000000000:role/r" }, /CallerArn/], [{ ResourceArns: ["queue"] }, /ResourceArns/],
        [{ CallerArn, ResourceOwner: "arn:aws:iam::111111111111:root" }, /ResourceOwner/], [{ ResourcePolicy: "{}", CallerArn }, /ResourcePolicy is not valid/],
        [{ ContextEntries: [{ ContextKeyName: "aws:username", ContextKeyType: "string", ContextKeyValues: ["a", "b"] }] }, /ContextEntries/]];
    for (const [more, why] of bad) await refuses(custom([document(allow("s3:*"))], ["s3:GetObject"], more), "InvalidInputException", why);
    await refuses(custom(["{}"], ["s3:GetObject"]), "InvalidInputException", /PolicyInputList\.1 is not valid/);
    await refuses(custom([document(allow("s3:*"))], ["s3:*"]), "InvalidInputException", /ActionNames/);
    await refuses(custom([document(allow("s3:*"))], ["s3:GetObject"], { ResourceHandlingOption: "EC2-VPC-InstanceStore" }), "ValidationError", /ResourceHandlingOption is not supported/);
});

test("strict: what is simulated is what happens", async (t) => {
    const { as, iam: admin, user } = await strict(t);
    await as(SQSClient).send(new CreateQueueCommand({ QueueName: "q" }));
    const key = await user("ann", allow(["sqs:GetQueueUrl", "sqs:TagQueue"], QUEUE), deny("sqs:TagQueue", "*", { Condition: { StringEquals: { "aws:RequestTag/a": "no" } } }), allow("iam:SimulatePrincipalPolicy", "arn:aws:iam::000000000000:user/ann"));
    const ann = as(SQSClient, key), QueueUrl = (await ann.send(new GetQueueUrlCommand({ QueueName: "q" }))).QueueUrl, me = as(I.IAMClient, key);
    const cases = [["sqs:GetQueueUrl", () => new GetQueueUrlCommand({ QueueName: "q" })], ["sqs:DeleteQueue", () => new DeleteQueueCommand({ QueueUrl })],
        ["sqs:TagQueue", () => new TagQueueCommand({ QueueUrl, Tags: { a: "no" } })], ["sqs:TagQueue", () => new TagQueueCommand({ QueueUrl, Tags: { a: "yes" } })]];
    for (const [action, command] of cases) {
        const value = command().input.Tags?.a;
        const ContextEntries = value ? [{ ContextKeyName: "aws:RequestTag/a", ContextKeyType: "string", ContextKeyValues: [value] }] : [];
        const [r] = (await me.send(new I.SimulatePrincipalPolicyCommand({ PolicySourceArn: "arn:aws:iam::000000000000:user/ann", ActionNames: [action], ResourceArns: [QUEUE], ContextEntries }))).EvaluationResults;
        const done = await ann.send(command()).then(() => true, (e) => { assert.match(e.name, /AccessDenied/); return false; });
        assert.strictEqual(done, r.EvalDecision === "allowed", `${action} ${value}`);
    }
    await admin.send(new I.CreateUserCommand({ UserName: "bob" }));
    await refuses(me.send(new I.SimulatePrincipalPolicyCommand({ PolicySourceArn: "arn:aws:iam::000000000000:user/bob", ActionNames: ["s3:GetObject"] })), "AccessDenied", /on resource: arn:aws:iam::000000000000:user\/bob/);
});
