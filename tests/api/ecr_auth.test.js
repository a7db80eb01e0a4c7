// SPDX-License-Identifier: Apache-2.0
// Who may do what in the registry: passwords, their life and region; policies of identities, sessions and repositories.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { ECRClient, CreateRepositoryCommand, GetAuthorizationTokenCommand, GetDownloadUrlForLayerCommand,
        PutImageCommand, SetRepositoryPolicyCommand, DeleteRepositoryPolicyCommand } = require("@aws-sdk/client-ecr");
const { IAMClient, CreateUserCommand, CreateAccessKeyCommand, CreateRoleCommand, PutRolePolicyCommand,
        PutUserPolicyCommand } = require("@aws-sdk/client-iam");
const { STSClient, AssumeRoleCommand } = require("@aws-sdk/client-sts");
const { start, refuses, run, PROGRAM } = require("../lib/slipway");
const { Registry, registryFile } = require("../lib/registry");

const { s, ecr, registry, send } = registryFile({ ephemeral: false });
const policy = (...Statement) => JSON.stringify({ Version: "2012-10-17", Statement });
const allow = (...Action) => policy({ Effect: "Allow", Action, Resource: "*" });

test("a token lasts twelve hours and its endpoint asks for it", async () => {
    const { authorizationData: [d] } = await send(GetAuthorizationTokenCommand);
    assert.ok(Math.abs(d.expiresAt - Date.now() - 12 * 3600e3) < 60e3);
    const asked = await registry.raw("GET", "/v2/", { auth: null });
    assert.strictEqual(asked.status, 401);
    assert.match(asked.headers["www-authenticate"], /^Basic realm=".*",service="ecr.amazonaws.com"$/);
    assert.strictEqual(asked.headers["docker-distribution-api-version"], "registry/2.0");
    assert.strictEqual((await registry.raw("GET", "/v2/")).status, 200);
});

test("a region's repositories are reached with a password of that region", async () => {
    const other = s.client(ECRClient, { region: "eu-west-1" });
    await other.send(new CreateRepositoryCommand({ repositoryName: "only/west" }));
    const { authorizationData: [d] } = await other.send(new GetAuthorizationTokenCommand({}));
    const auth = Buffer.from(d.authorizationToken, "base64").toString();
    assert.strictEqual((await registry.raw("GET", "/v2/only/west/tags/list", { auth })).status, 200);
    assert.strictEqual((await registry.raw("GET", "/v2/only/west/tags/list")).status, 404);
});

test("a password ends after twelve hours of the clock, and a download address after one", async () => {
    await send(CreateRepositoryCommand, { repositoryName: "aging" });
    const other = await Registry.of(s, ecr), { digest } = await other.pushBlob("aging", Buffer.from("layer"));
    const { downloadUrl } = await send(GetDownloadUrlForLayerCommand, { repositoryName: "aging", layerDigest: digest });
    const advance = (minutes) => s.cli("clock", "advance", `${minutes}m`);
    assert.strictEqual((await fetch(downloadUrl)).status, 200);
    await advance(120);
    assert.strictEqual((await fetch(downloadUrl)).status, 401);
    await advance(595);
    assert.strictEqual((await other.raw("GET", "/v2/aging/tags/list")).status, 200);
    await advance(10);
    for (const restarted of [false, true]) {
        if (restarted) await s.restart();
        const x = await other.refused(401, "UNAUTHORIZED", "GET", "/v2/aging/tags/list");
        assert.strictEqual(x.json.errors[0].message, "Your authorization token has expired. Reauthenticate and try again.");
    }
    await registry.login(ecr);
    assert.strictEqual((await registry.raw("GET", "/v2/aging/tags/list")).status, 200);
});

// A strict server with a repository "guarded", and its users.
async function strict(t) {
    const server = await start(t, { args: ["--auth", "strict"] });
    const text = fs.readFileSync(path.join(server.data, "root-credentials"), "utf8");
    const rootEnv = Object.fromEntries([...text.matchAll(/^(AWS_\w+)=(.*)$/mg)].map(([, k, v]) => [k, v]));
    const rootKeys = { accessKeyId: rootEnv.AWS_ACCESS_KEY_ID, secretAccessKey: rootEnv.AWS_SECRET_ACCESS_KEY };
    const as = (Client, credentials = rootKeys) => server.client(Client, { credentials });
    const root = as(ECRClient), iam = as(IAMClient);
    await root.send(new CreateRepositoryCommand({ repositoryName: "guarded" }));
    const may = (UserName, PolicyDocument) => iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "p", PolicyDocument }));
    const user = async (UserName, PolicyDocument) => {
        await iam.send(new CreateUserCommand({ UserName }));
        await may(UserName, PolicyDocument);
        const { AccessKey: k } = await iam.send(new CreateAccessKeyCommand({ UserName }));
        return { accessKeyId: k.AccessKeyId, secretAccessKey: k.SecretAccessKey };
    };
    const guard = (policyText, who = root, more = {}) => who.send(new SetRepositoryPolicyCommand({ repositoryName: "guarded", policyText, ...more }));
    return { server, rootEnv, as, root, iam, user, may, guard, owner: await Registry.of(server, root), of: (c) => Registry.of(server, as(ECRClient, c)) };
}

test("strict, only a password of this server opens the registry, for what its owner may do", async (t) => {
    const { server, user, may, of } = await strict(t);
    const r = await of(await user("puller", allow("ecr:GetAuthorizationToken")));
    const status = async (method, target, auth) => (await r.raw(method, target, { auth })).status;
    const guess = await r.refused(401, "UNAUTHORIZED", "GET", "/v2/", { auth: "AWS:guess" });
    assert.strictEqual(guess.json.errors[0].message, "Your Authorization Token is invalid or has expired. Reauthenticate and try again.");
    const podman = run("podman", ["login", "--tls-verify=false", "--authfile", path.join(server.data, "auth.json"), "--username", "AWS", "--password", "guess", r.host]);
    await assert.rejects(podman, /invalid username\/password/);
    assert.strictEqual(await status("GET", "/v2/"), 200);
    await r.refused(403, "DENIED", "GET", "/v2/guarded/tags/list");
    await r.refused(403, "DENIED", "GET", "/v2/no/such/repository/tags/list");
    await may("puller", allow("ecr:GetAuthorizationToken", "ecr:ListImages"));
    assert.strictEqual(await status("GET", "/v2/guarded/tags/list"), 200);
    await r.refused(403, "DENIED", "POST", "/v2/guarded/blobs/uploads/");
});

test("strict, a repository's policy lets in whom it names and keeps out whom it denies", async (t) => {
    const { as, user, guard, owner, of, root } = await strict(t);
    const image = await owner.pushImage("guarded", "v1"), arn = "arn:aws:iam::000000000000:user/";
    const guest = await of(await user("guest", allow("ecr:GetAuthorizationToken")));
    const key = await user("member", allow("ecr:*")), member = await of(key);
    await guest.refused(403, "DENIED", "GET", "/v2/guarded/manifests/v1");
    await guard(policy({ Sid: "new statement", Effect: "Allow", Principal: { AWS: arn + "guest" }, Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] },
                       { Effect: "Deny", Principal: "*", Action: "ecr:PutImage", Condition: { ArnLike: { "aws:PrincipalArn": arn + "mem*" } } }));
    assert.strictEqual((await guest.raw("GET", "/v2/guarded/manifests/v1")).status, 200);
    assert.strictEqual((await guest.raw("GET", `/v2/guarded/blobs/${image.layer.digest}`)).status, 200);
    await guest.refused(403, "DENIED", "POST", "/v2/guarded/blobs/uploads/");
    assert.strictEqual((await member.raw("GET", "/v2/guarded/manifests/v1")).status, 200);
    const x = await member.refused(403, "DENIED", "PUT", "/v2/guarded/manifests/v2", { body: image.text });
    assert.strictEqual(x.json.errors[0].message, `User: ${arn}member is not authorized to perform: ecr:PutImage on resource: arn:aws:ecr:us-east-1:000000000000:repository/guarded with an explicit deny in a resource-based policy`);
    await refuses(as(ECRClient, key).send(new PutImageCommand({ repositoryName: "guarded", imageManifest: image.text, imageTag: "v2" })), "AccessDeniedException", /explicit deny in a resource-based policy$/);
    await root.send(new DeleteRepositoryPolicyCommand({ repositoryName: "guarded" }));
    assert.strictEqual((await member.putManifest("guarded", "v2", image.text)).status, 201);
    await guest.refused(403, "DENIED", "GET", "/v2/guarded/manifests/v1");
});

test("strict, nobody locks himself out by a policy without force", async (t) => {
    const { as, user, guard } = await strict(t);
    const member = as(ECRClient, await user("member", allow("ecr:*")));
    const denies = policy({ Effect: "Deny", Principal: "*", Action: "ecr:SetRepositoryPolicy" });
    await refuses(guard(denies, member), "InvalidParameterException", /policyText.*force/);
    await guard(policy({ Effect: "Allow", Principal: "*", Action: "ecr:ListImages" }), member);
    await guard(denies, member, { force: true });
    await refuses(guard(denies, member, { force: true }), "AccessDeniedException", /explicit deny/);
});

test("strict, a session's own policy binds the password that was made in it, even past the session's end", async (t) => {
    const { as, iam, user, owner, of, server, rootEnv } = await strict(t);
    await owner.pushImage("guarded", "v1");
    const trust = policy({ Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:root" }, Action: "sts:AssumeRole" });
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "builder", AssumeRolePolicyDocument: trust }));
    await iam.send(new PutRolePolicyCommand({ RoleName: "builder", PolicyName: "p", PolicyDocument: allow("ecr:*") }));
    const me = as(STSClient, await user("me", allow("sts:*")));
    const session = async (Policy) => {
        const { Credentials: c } = await me.send(new AssumeRoleCommand({ RoleArn: Role.Arn, RoleSessionName: "session", Policy, DurationSeconds: 900 }));
        return { accessKeyId: c.AccessKeyId, secretAccessKey: c.SecretAccessKey, sessionToken: c.SessionToken };
    };
    const bound = await of(await session(allow("ecr:GetAuthorizationToken", "ecr:ListImages"))), free = await of(await session());
    const check = async () => {
        assert.strictEqual((await bound.raw("GET", "/v2/guarded/tags/list")).status, 200);
        await bound.refused(403, "DENIED", "GET", "/v2/guarded/manifests/v1");
        assert.strictEqual((await free.raw("GET", "/v2/guarded/manifests/v1")).status, 200);
    };
    await check();
    await run(PROGRAM, ["clock", "advance", "2h", "--endpoint", server.endpoint], { env: server.awsEnv(rootEnv) });
    await session();                                                    // expired sessions are swept when one is made
    await check();
});
