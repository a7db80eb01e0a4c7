// SPDX-License-Identifier: Apache-2.0
// --auth strict: an identity is its unique id, and no Deny is lost on the way to it.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const I = require("@aws-sdk/client-iam");
const Q = require("@aws-sdk/client-sqs");
const R = require("@aws-sdk/client-ecr");
const { S3Client, CreateBucketCommand, PutBucketPolicyCommand, ListObjectsV2Command } = require("@aws-sdk/client-s3");
const { STSClient, AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand } = require("@aws-sdk/client-sts");
const { refuses } = require("../lib/slipway");
const { document, allow, deny, trust, keys, strict } = require("../lib/strict");

const remake = async (iam, RoleName, AssumeRolePolicyDocument, ...statements) => {
    for (const PolicyName of (await iam.send(new I.ListRolePoliciesCommand({ RoleName }))).PolicyNames) await iam.send(new I.DeleteRolePolicyCommand({ RoleName, PolicyName }));
    await iam.send(new I.DeleteRoleCommand({ RoleName }));
    await iam.send(new I.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    if (statements.length) await iam.send(new I.PutRolePolicyCommand({ RoleName, PolicyName: "p", PolicyDocument: document(...statements) }));
};

test("a session of a role that was deleted is not one of the role made anew, nor is a password of the registry", async (t) => {
    const { as, server, iam, user, role } = await strict(t);
    const ann = await user("ann", allow("sts:AssumeRole")), may = trust({ AWS: "000000000000" }), full = allow(["s3:*", "ecr:*"]);
    const RoleArn = await role("worker", may, full);
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "box" }));
    await as(R.ECRClient).send(new R.CreateRepositoryCommand({ repositoryName: "app" }));
    const assume = async () => keys((await as(STSClient, ann).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "session" }))).Credentials);
    const old = await assume();
    await as(S3Client, old).send(new ListObjectsV2Command({ Bucket: "box" }));
    const { authorizationData: [d] } = await as(R.ECRClient, old).send(new R.GetAuthorizationTokenCommand({}));
    const tagsOf = async () => (await fetch(`${server.endpoint}/v2/app/tags/list`, { headers: { authorization: `Basic ${d.authorizationToken}` } })).status;
    assert.strictEqual(await tagsOf(), 200);
    await remake(iam, "worker", may, full);
    await as(S3Client).send(new PutBucketPolicyCommand({ Bucket: "box", Policy: document({ Effect: "Allow", Principal: { AWS: RoleArn }, Action: "s3:*", Resource: "arn:aws:s3:::box" }) }));
    await refuses(as(S3Client, old).send(new ListObjectsV2Command({ Bucket: "box" })), "InvalidClientTokenId");
    await refuses(as(STSClient, old).send(new GetCallerIdentityCommand({})), "InvalidClientTokenId");
    assert.strictEqual(await tagsOf(), 403);
    await as(S3Client, await assume()).send(new ListObjectsV2Command({ Bucket: "box" }));
});

test("every key may ask who it is and have a session of its own, whatever the policies say; nobody else may", async (t) => {
    const { as, user, server } = await strict(t);
    const ann = await user("ann", deny("sts:*", "*")), bob = await user("bob", allow("sqs:*"));
    for (const key of [ann, bob]) {
        await as(STSClient, key).send(new GetCallerIdentityCommand({}));
        const session = keys((await as(STSClient, key).send(new GetSessionTokenCommand({}))).Credentials);
        assert.match((await as(STSClient, session).send(new GetCallerIdentityCommand({}))).Arn, /:user\/(ann|bob)$/);
    }
    for (const action of ["GetCallerIdentity", "GetSessionToken"]) {
        const r = await fetch(`${server.endpoint}/?Action=${action}&Version=2011-06-15`);
        assert.deepStrictEqual([r.status, (await r.text()).match(/<Code>([^<]*)/)?.[1]], [403, "AccessDenied"], action);
    }
});

test("a user's own session ends with the user", async (t) => {
    const { as, iam, user } = await strict(t);
    const ann = await user("ann", allow("*"));
    const session = keys((await as(STSClient, ann).send(new GetSessionTokenCommand({}))).Credentials);
    await as(S3Client, session).send(new CreateBucketCommand({ Bucket: "box" }));
    await iam.send(new I.DeleteAccessKeyCommand({ UserName: "ann", AccessKeyId: ann.accessKeyId }));
    await iam.send(new I.DeleteUserPolicyCommand({ UserName: "ann", PolicyName: "p" }));
    await iam.send(new I.DeleteUserCommand({ UserName: "ann" }));
    await user("ann", allow("*"));
    await refuses(as(S3Client, session).send(new ListObjectsV2Command({ Bucket: "box" })), "InvalidClientTokenId");
});

test("a role trusts whom its policy named when it was stored, not who took the name", async (t) => {
    const { as, iam, user, role } = await strict(t);
    const first = await user("ann"), RoleArn = await role("held", trust({ AWS: "arn:aws:iam::000000000000:user/ann" }));
    const assume = (who) => as(STSClient, who).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "session" }));
    await assume(first);
    await iam.send(new I.DeleteAccessKeyCommand({ UserName: "ann", AccessKeyId: first.accessKeyId }));
    await iam.send(new I.DeleteUserCommand({ UserName: "ann" }));
    const second = await user("ann");
    await refuses(assume(second), "AccessDenied");
    await iam.send(new I.UpdateAssumeRolePolicyCommand({ RoleName: "held", PolicyDocument: trust({ AWS: "arn:aws:iam::000000000000:user/ann" }) }));
    await assume(second);
});

test("a Deny on tags holds for the last of very many, and for keys that differ in case alone", async (t) => {
    const { as, user } = await strict(t);
    const ann = as(Q.SQSClient, await user("ann", allow("*"), deny("sqs:TagQueue", "*", { Condition: { "ForAnyValue:StringEquals": { "aws:TagKeys": "forbidden" } } }),
        deny("sqs:TagQueue", "*", { Condition: { StringEquals: { "aws:RequestTag/env": "prod" } } })));
    const { QueueUrl } = await ann.send(new Q.CreateQueueCommand({ QueueName: "q" }));
    const tag = (Tags) => ann.send(new Q.TagQueueCommand({ QueueUrl, Tags }));
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, "v"]));
    await tag({ free: "1" });
    for (const Tags of [{ forbidden: "1" }, { ...many, forbidden: "1" }, { ...many, env: "prod" }, { ENV: "dev", env: "prod" }, { env: "prod", ENV: "dev" }])
        await refuses(tag(Tags), "AccessDenied", /explicit deny/);
});
