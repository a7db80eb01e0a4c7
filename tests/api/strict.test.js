// SPDX-License-Identifier: Apache-2.0
// --auth strict: signatures are verified, policies evaluated.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const I = require("@aws-sdk/client-iam");
const T = require("@aws-sdk/client-sts");
const { STSClient, GetCallerIdentityCommand, AssumeRoleCommand } = T;
const S = require("@aws-sdk/client-s3");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, DeleteObjectCommand, ListObjectsV2Command,
        PutBucketPolicyCommand, ListBucketsCommand } = S;
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const P = require("@aws-sdk/client-ssm");
const { SSMClient, PutParameterCommand } = P;
const { ECSClient, RegisterTaskDefinitionCommand } = require("@aws-sdk/client-ecs");
const { refuses, run, PROGRAM } = require("../lib/slipway");
const { document, allow, deny, trust, TASKS, keys, strict } = require("../lib/strict");

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
        /^User: arn:aws:iam::000000000000:user\/ann is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::box\/in\/b" because no identity-based policy allows the s3:PutObject action$/);
    await refuses(s3.send(new GetObjectCommand({ Bucket: "box", Key: "in/secret" })), "AccessDenied", /with an explicit deny in an identity-based policy/);
    await refuses(s3.send(new PutObjectCommand({ Bucket: "box", Key: "arn:aws:s3:::box/ann/own", Body: "x" })), "AccessDenied",
        /"arn:aws:s3:::box\/arn:aws:s3:::box\/ann\/own"/); // a key that looks like an ARN names the object under it
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
    const { as, user, root, role } = await strict(t);
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "box" }));
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

test("strict: each key of a DeleteObjects, each name of a GetParameters needs its own permission", async (t) => {
    const { as, user } = await strict(t);
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "box" }));
    for (const Key of ["mine/a", "yours/b"]) await as(S3Client).send(new PutObjectCommand({ Bucket: "box", Key, Body: "x" }));
    for (const Name of ["/mine/a", "/yours/b"]) await as(SSMClient).send(new PutParameterCommand({ Name, Value: "v", Type: "String" }));
    const ann = await user("ann", allow("s3:DeleteObject", "arn:aws:s3:::box/mine/*"), allow(["ssm:GetParameters", "ssm:DeleteParameters"], "arn:aws:ssm:*:*:parameter/mine/*"));
    const out = await as(S3Client, ann).send(new S.DeleteObjectsCommand({ Bucket: "box", Delete: { Objects: [{ Key: "mine/a" }, { Key: "yours/b" }] } }));
    assert.deepStrictEqual([out.Deleted.map((d) => d.Key), out.Errors.map((e) => [e.Key, e.Code])], [["mine/a"], [["yours/b", "AccessDenied"]]]);
    const ssm = as(SSMClient, ann);
    assert.strictEqual((await ssm.send(new P.GetParametersCommand({ Names: ["/mine/a"] }))).Parameters[0].Value, "v");
    await refuses(ssm.send(new P.GetParametersCommand({ Names: ["/mine/a", "/yours/b"] })), "AccessDeniedException", /ssm:GetParameters on resource: arn:aws:ssm:us-east-1:000000000000:parameter\/yours\/b/);
    await refuses(ssm.send(new P.DeleteParametersCommand({ Names: ["/mine/a", "/yours/b"] })), "AccessDeniedException", /ssm:DeleteParameters/);
    assert.strictEqual((await as(SSMClient).send(new P.GetParametersCommand({ Names: ["/mine/a", "/yours/b"] }))).Parameters.length, 2);
});

test("strict: versions, tags and missing keys of a bucket ask for permissions of their own", async (t) => {
    const { as, user, iam } = await strict(t), s3 = as(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: "box" }));
    await s3.send(new S.PutBucketVersioningCommand({ Bucket: "box", VersioningConfiguration: { Status: "Enabled" } }));
    const { VersionId } = await s3.send(new PutObjectCommand({ Bucket: "box", Key: "k", Body: "1" }));
    const ann = as(S3Client, await user("ann", allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "arn:aws:s3:::box/*")));
    await ann.send(new GetObjectCommand({ Bucket: "box", Key: "k" }));
    await refuses(ann.send(new GetObjectCommand({ Bucket: "box", Key: "k", VersionId })), "AccessDenied", /s3:GetObjectVersion/);
    await refuses(ann.send(new DeleteObjectCommand({ Bucket: "box", Key: "k", VersionId })), "AccessDenied", /s3:DeleteObjectVersion/);
    await refuses(ann.send(new PutObjectCommand({ Bucket: "box", Key: "k", Body: "2", Tagging: "a=b" })), "AccessDenied", /s3:PutObjectTagging/);
    /* Who may not list does not learn what is not there. */
    await refuses(ann.send(new GetObjectCommand({ Bucket: "box", Key: "none" })), "AccessDenied", /s3:ListBucket on resource: "arn:aws:s3:::box"/);
    await iam.send(new I.PutUserPolicyCommand({ UserName: "ann", PolicyName: "more", PolicyDocument: document(allow("s3:ListBucket", "arn:aws:s3:::box"), allow("s3:PutObjectTagging")) }));
    await refuses(ann.send(new GetObjectCommand({ Bucket: "box", Key: "none" })), "NoSuchKey");
    await ann.send(new PutObjectCommand({ Bucket: "box", Key: "k", Body: "2", Tagging: "a=b" }));
    await s3.send(new CreateBucketCommand({ Bucket: "other" }));
    await s3.send(new PutObjectCommand({ Bucket: "other", Key: "secret", Body: "x" }));
    await refuses(ann.send(new S.CopyObjectCommand({ Bucket: "box", Key: "stolen", CopySource: "other/secret" })), "AccessDenied", /s3:GetObject on resource: "arn:aws:s3:::other\/secret"/);
});

test("strict: a bucket is open to everybody only where its policy says so and nothing blocks it", async (t) => {
    const { as, server } = await strict(t), s3 = as(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket: "site" }));
    await s3.send(new PutObjectCommand({ Bucket: "site", Key: "index.html", Body: "hello" }));
    const url = `${server.endpoint}/site/index.html`, open = document({ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::site/*" });
    assert.strictEqual((await fetch(url)).status, 403);
    await refuses(s3.send(new PutBucketPolicyCommand({ Bucket: "site", Policy: open })), "AccessDenied", /BlockPublicPolicy/);
    const block = (RestrictPublicBuckets) => s3.send(new S.PutPublicAccessBlockCommand({ Bucket: "site", PublicAccessBlockConfiguration: { BlockPublicPolicy: false, RestrictPublicBuckets } }));
    await block(false);
    await s3.send(new PutBucketPolicyCommand({ Bucket: "site", Policy: open }));
    assert.strictEqual(await (await fetch(url)).text(), "hello");
    assert.strictEqual((await fetch(`${url}?response-content-type=text/x`)).status, 400);
    assert.strictEqual((await fetch(url, { method: "PUT", body: "x" })).status, 403);
    assert.strictEqual((await fetch(`${server.endpoint}/site`)).status, 403);
    await block(true);
    assert.strictEqual((await fetch(url)).status, 403);
    await s3.send(new GetObjectCommand({ Bucket: "site", Key: "index.html" }));
    const local = document({ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::site/*", Condition: { IpAddress: { "aws:SourceIp": "127.0.0.0/8" } } });
    await s3.send(new PutBucketPolicyCommand({ Bucket: "site", Policy: local }));
    assert.strictEqual((await s3.send(new S.GetBucketPolicyStatusCommand({ Bucket: "site" }))).PolicyStatus.IsPublic, false);
    assert.strictEqual(await (await fetch(url)).text(), "hello");
});

test("strict: presigned URLs end, and cannot be changed", async (t) => {
    const { as, user, server } = await strict(t);
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "box" }));
    const ann = as(S3Client, await user("ann", allow("s3:*")));
    const put = await getSignedUrl(ann, new PutObjectCommand({ Bucket: "box", Key: "k", Metadata: { who: "ann" } }), { expiresIn: 60 });
    assert.strictEqual((await fetch(put, { method: "PUT", body: "x" })).status, 200);
    assert.strictEqual((await as(S3Client).send(new S.HeadObjectCommand({ Bucket: "box", Key: "k" }))).Metadata.who, "ann");
    const refused = async (url, code, message, more) => {
        const r = await fetch(url, more), text = await r.text();
        assert.strictEqual(r.status, 403);
        assert.match(text, new RegExp(`<Code>${code}</Code><Message>${message}`));
    };
    await refused(put.replace("ann", "eve"), "SignatureDoesNotMatch", "The request signature we calculated", { method: "PUT", body: "x" });
    const signingDate = new Date(Date.now() - 120e3);
    await refused(await getSignedUrl(ann, new GetObjectCommand({ Bucket: "box", Key: "k" }), { expiresIn: 60, signingDate }), "AccessDenied", "Request has expired");
    assert.strictEqual(await (await fetch(await getSignedUrl(ann, new GetObjectCommand({ Bucket: "box", Key: "k" }), { expiresIn: 180, signingDate }))).text(), "x");
    const cli = await server.aws("s3", "presign", "s3://box/k", { env: { AWS_ACCESS_KEY_ID: (await user("bob")).accessKeyId } });
    assert.strictEqual((await fetch(cli.trim())).status, 403);
});

// A body in chunks that are each signed, as SDKs for Java and minio's clients send it.
function signedChunks(credentials, server, where, chunks, spoil = () => {}) {
    const hmac = (k, v) => crypto.createHmac("sha256", k).update(v).digest(), hex = (v) => crypto.createHash("sha256").update(v).digest("hex");
    const at = new Date().toISOString().replace(/[-:]|\.\d+/g, ""), date = at.slice(0, 8), scope = `${date}/us-east-1/s3/aws4_request`;
    const key = ["us-east-1", "s3", "aws4_request"].reduce(hmac, hmac(`AWS4${credentials.secretAccessKey}`, date));
    const sign = (text) => hmac(key, text).toString("hex"), payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    const headers = { host: new URL(server.endpoint).host, "x-amz-content-sha256": payload, "x-amz-date": at, "x-amz-decoded-content-length": String(chunks.join("").length) };
    const names = Object.keys(headers).sort();
    const canonical = ["PUT", where, "", ...names.map((n) => `${n}:${headers[n]}`), "", names.join(";"), payload].join("\n");
    let previous = sign(["AWS4-HMAC-SHA256", at, scope, hex(canonical)].join("\n"));
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},SignedHeaders=${names.join(";")},Signature=${previous}`;
    headers["content-encoding"] = "aws-chunked";
    const signed = [...chunks, ""].map((data) => {
        previous = sign(["AWS4-HMAC-SHA256-PAYLOAD", at, scope, previous, hex(""), hex(data)].join("\n"));
        return { data, signature: previous };
    });
    spoil(signed);
    const body = signed.map((c) => `${c.data.length.toString(16)};chunk-signature=${c.signature}\r\n${c.data}\r\n`).join("");
    return fetch(server.endpoint + where, { method: "PUT", headers, body });
}

test("strict: every chunk of a signed stream is held to its signature", async (t) => {
    const { as, root, server } = await strict(t);
    await as(S3Client).send(new CreateBucketCommand({ Bucket: "box" }));
    const chunks = ["a".repeat(70000), "b".repeat(70000), "end"];
    assert.strictEqual((await signedChunks(root, server, "/box/k", chunks)).status, 200);
    assert.strictEqual(await (await as(S3Client).send(new GetObjectCommand({ Bucket: "box", Key: "k" }))).Body.transformToString(), chunks.join(""));
    const spoils = [(c) => { c[1].data = "c".repeat(70000); }, (c) => c.splice(1, 0, ...c.splice(0, 1)), (c) => { c[3].signature = ""; }];
    for (const spoil of spoils) {
        const r = await signedChunks(root, server, "/box/bad", chunks, spoil);
        assert.deepStrictEqual([r.status, /<Code>SignatureDoesNotMatch</.test(await r.text())], [403, true]);
    }
    await refuses(as(S3Client).send(new GetObjectCommand({ Bucket: "box", Key: "bad" })), "NoSuchKey");
});

test("strict: a service gets only a role that its caller may pass", async (t) => {
    const { as, user, role } = await strict(t);
    const app = await role("app", TASKS), admin = await role("admin", TASKS);
    const ann = as(ECSClient, await user("ann", allow("ecs:*"), allow("iam:PassRole", app, { Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } } })));
    const register = (taskRoleArn) => ann.send(new RegisterTaskDefinitionCommand({ family: "f", taskRoleArn, containerDefinitions: [{ name: "c", image: "i", memory: 64 }] }));
    assert.strictEqual((await register(app)).taskDefinition.revision, 1);
    assert.strictEqual((await register("app")).taskDefinition.revision, 2);
    await refuses(register(admin), "AccessDeniedException",
        /^User: arn:aws:iam::000000000000:user\/ann is not authorized to perform: iam:PassRole on resource: arn:aws:iam::000000000000:role\/admin because no identity-based policy allows the iam:PassRole action$/);
    await as(ECSClient).send(new RegisterTaskDefinitionCommand({ family: "f", taskRoleArn: admin, containerDefinitions: [{ name: "c", image: "i", memory: 64 }] }));
});

test("strict: tags of a request and of a session decide, and go on only where they may", async (t) => {
    const { as, user, role, iam } = await strict(t);
    const bob = await user("bob", allow(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]), allow("iam:TagRole", "*", { Condition: { StringEquals: { "aws:RequestTag/team": "x" }, "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } } }));
    await role("plain", trust({ AWS: "000000000000" }));
    const tagRole = (...Tags) => as(I.IAMClient, bob).send(new I.TagRoleCommand({ RoleName: "plain", Tags }));
    await tagRole({ Key: "team", Value: "x" });
    await refuses(tagRole({ Key: "team", Value: "y" }), "AccessDenied", /iam:TagRole/);
    await refuses(tagRole({ Key: "team", Value: "x" }, { Key: "more", Value: "x" }), "AccessDenied");
    const arn = "arn:aws:iam::000000000000:role/plain", Tags = [{ Key: "team", Value: "x" }];
    const assume = (who, RoleArn, more = {}) => as(STSClient, who).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "run", ...more }));
    await assume(bob, arn);
    await refuses(assume(bob, arn, { Tags }), "AccessDenied", /sts:TagSession/);
    await refuses(assume(bob, arn, { SourceIdentity: "bob" }), "AccessDenied", /sts:SetSourceIdentity/);
    await refuses(assume(bob, arn, { Tags, TransitiveTagKeys: ["other"] }), "InvalidParameterValue", /transitive tag key/);
    const open = document({ Effect: "Allow", Principal: { AWS: "000000000000" }, Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"] });
    const teams = allow("s3:CreateBucket", "arn:aws:s3:::${aws:PrincipalTag/team}-*");
    const first = await role("first", open, allow(["sts:AssumeRole", "sts:TagSession"]), teams), second = await role("second", open, teams);
    const one = keys((await assume(bob, first, { Tags, TransitiveTagKeys: ["team"], SourceIdentity: "bob" })).Credentials);
    await as(S3Client, one).send(new CreateBucketCommand({ Bucket: "x-one" }));
    await refuses(as(S3Client, one).send(new CreateBucketCommand({ Bucket: "y-one" })), "AccessDenied");
    const two = keys((await assume(one, second)).Credentials);
    await as(S3Client, two).send(new CreateBucketCommand({ Bucket: "x-two" }));
    await refuses(assume(one, second, { Tags: [{ Key: "team", Value: "y" }] }), "InvalidParameterValue", /conflicts with a transitive tag key/);
    await refuses(assume(one, second, { DurationSeconds: 7200 }), "ValidationError", /exceeds/);
    await iam.send(new I.DeleteRolePolicyCommand({ RoleName: "second", PolicyName: "p" }));
    await refuses(as(S3Client, two).send(new CreateBucketCommand({ Bucket: "x-three" })), "AccessDenied");
});

test("strict: a session ends with the clock, and a user's own session does not administer", async (t) => {
    const { as, user, server } = await strict(t);
    const ann = await user("ann", allow("*"), deny("s3:CreateBucket", "*", { Condition: { NumericLessThan: { "aws:EpochTime": "1" } } }));
    const token = keys((await as(STSClient, ann).send(new T.GetSessionTokenCommand({ DurationSeconds: 900 }))).Credentials);
    await as(S3Client, token).send(new CreateBucketCommand({ Bucket: "box" }));
    await refuses(as(I.IAMClient, token).send(new I.ListUsersCommand({})), "InvalidClientTokenId", /security token included in the request is invalid/);
    await refuses(as(STSClient, token).send(new T.GetSessionTokenCommand({})), "AccessDenied", /Cannot call GetSessionToken/);
    const env = { AWS_ACCESS_KEY_ID: ann.accessKeyId, AWS_SECRET_ACCESS_KEY: ann.secretAccessKey };
    assert.strictEqual((await server.aws("sts", "get-caller-identity", { env })).Arn, "arn:aws:iam::000000000000:user/ann");
    await run(PROGRAM, ["clock", "advance", "16m", "--endpoint", server.endpoint], { env: server.awsEnv(env) });
    await refuses(as(S3Client, token).send(new ListBucketsCommand({})), "ExpiredToken", /expired/);
    await as(S3Client, ann).send(new ListBucketsCommand({}));
});
