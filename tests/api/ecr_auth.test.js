// SPDX-License-Identifier: Apache-2.0
// Who may do what in the registry: passwords, their life and region, repository policies.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { IAMClient, CreateUserCommand, CreateAccessKeyCommand, PutUserPolicyCommand } = require("@aws-sdk/client-iam");
const { ECRClient, CreateRepositoryCommand, GetAuthorizationTokenCommand } = require("@aws-sdk/client-ecr");
const { start, finish } = require("../lib/slipway");
const { Registry } = require("../lib/registry");

let s, ecr, registry;
before(async () => {
    s = await start(null);
    ecr = s.client(ECRClient);
    registry = await Registry.of(s, ecr);
});
after(() => finish(s));
const send = (Command, input = {}) => ecr.send(new Command(input));
const create = async (name, more = {}) => (await send(CreateRepositoryCommand, { repositoryName: name, ...more })).repository;

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

test("strict, only a password of this server opens the registry, for what its owner may do", async (t) => {
    const accessKeyId = "AKIAIOSFODNN7EXAMPLE", secretAccessKey = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
    const strict = await start(t, { args: ["--auth", "strict"], env: { SLIPWAY_ROOT_ACCESS_KEY_ID: accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: secretAccessKey } });
    const file = path.join(strict.data, "root-credentials"), text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
    const credentials = text ? { accessKeyId: text.match(/AKIA\w+/)[0], secretAccessKey: text.match(/secret\S*\s*[=:]\s*(\S+)/i)[1] } : { accessKeyId, secretAccessKey };
    const root = strict.client(ECRClient, { credentials }), iam = strict.client(IAMClient, { credentials });
    await root.send(new CreateRepositoryCommand({ repositoryName: "guarded" }));
    await iam.send(new CreateUserCommand({ UserName: "puller" }));
    const { AccessKey: k } = await iam.send(new CreateAccessKeyCommand({ UserName: "puller" }));
    const allow = (Action) => iam.send(new PutUserPolicyCommand({ UserName: "puller", PolicyName: "p", PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] }) }));
    await allow(["ecr:GetAuthorizationToken"]);
    const user = strict.client(ECRClient, { credentials: { accessKeyId: k.AccessKeyId, secretAccessKey: k.SecretAccessKey } });
    const { authorizationData: [d] } = await user.send(new GetAuthorizationTokenCommand({}));
    const look = async (auth, target = "/v2/guarded/tags/list", method = "GET") => (await fetch(strict.endpoint + target, { method, headers: { Authorization: "Basic " + auth } })).status;
    assert.strictEqual(await look(Buffer.from("AWS:guess").toString("base64")), 401);
    assert.strictEqual(await look(d.authorizationToken, "/v2/"), 200);
    assert.strictEqual(await look(d.authorizationToken), 403);
    await allow(["ecr:GetAuthorizationToken", "ecr:ListImages"]);
    assert.strictEqual(await look(d.authorizationToken), 200);
    assert.strictEqual(await look(d.authorizationToken, "/v2/guarded/blobs/uploads/", "POST"), 403);
});
