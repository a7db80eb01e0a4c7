// SPDX-License-Identifier: Apache-2.0
// OpenID Connect and SAML providers, and AssumeRoleWithWebIdentity by their tokens.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const I = require("@aws-sdk/client-iam");
const { STSClient, AssumeRoleWithWebIdentityCommand, AssumeRoleWithSAMLCommand, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
const { SQSClient, CreateQueueCommand, GetQueueUrlCommand } = require("@aws-sdk/client-sqs");
const { fromTokenFile } = require("@aws-sdk/credential-provider-web-identity");
const { start, finish, refuses, until } = require("../lib/slipway");
const { document, allow, keys, strict } = require("../lib/strict");
const { key, give, provider } = require("../lib/oidc");
const { samlMetadata } = require("../lib/saml");

let s, iam, sts;
before(async () => { s = await start(null, { ephemeral: false }); iam = s.client(I.IAMClient); sts = s.client(STSClient); });
after(() => finish(s));

const HOST = "token.example.com/tenant";
const ARN = `arn:aws:iam::000000000000:oidc-provider/${HOST}`;
const now = () => Math.floor(Date.now() / 1000);
const claims = (more) => ({ iss: `https://${HOST}`, sub: "repo:team/app", aud: "sts.amazonaws.com", iat: now(), exp: now() + 600, ...more });
const federated = (Condition, Action = "sts:AssumeRoleWithWebIdentity", Federated = ARN) =>
    document({ Effect: "Allow", Principal: { Federated }, Action, ...(Condition && { Condition }) });
const role = async (RoleName, AssumeRolePolicyDocument, client = iam) => (await client.send(new I.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }))).Role.Arn;
const assume = (RoleArn, WebIdentityToken, more) => sts.send(new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: "build-1", WebIdentityToken, ...more }));

const signer = key("RS256");

test("an OpenID Connect provider is made, shown, changed, tagged and deleted", async () => {
    const ThumbprintList = ["6938fd4d98bab03faadb97b34396831e3780aea1"];
    const made = await iam.send(new I.CreateOpenIDConnectProviderCommand({ Url: `https://${HOST}`, ClientIDList: ["sts.amazonaws.com", "one"], ThumbprintList, Tags: [{ Key: "a", Value: "b" }] }));
    assert.strictEqual(made.OpenIDConnectProviderArn, ARN);
    assert.deepStrictEqual(made.Tags, [{ Key: "a", Value: "b" }]);
    const OpenIDConnectProviderArn = ARN, get = () => iam.send(new I.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
    const got = await get();
    assert.deepStrictEqual([got.Url, got.ClientIDList, got.ThumbprintList, got.Tags], [HOST, ["sts.amazonaws.com", "one"], ThumbprintList, made.Tags]);
    assert.deepStrictEqual((await iam.send(new I.ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList, [{ Arn: ARN }]);
    await iam.send(new I.AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID: "two" }));
    await iam.send(new I.AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID: "two" }));
    await iam.send(new I.RemoveClientIDFromOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ClientID: "one" }));
    await iam.send(new I.UpdateOpenIDConnectProviderThumbprintCommand({ OpenIDConnectProviderArn, ThumbprintList: ["a".repeat(40)] }));
    await iam.send(new I.TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, Tags: [{ Key: "c", Value: "d" }] }));
    await iam.send(new I.UntagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, TagKeys: ["a"] }));
    await s.restart();
    const then = await get();
    assert.deepStrictEqual([then.ClientIDList, then.ThumbprintList, then.Tags], [["sts.amazonaws.com", "two"], ["a".repeat(40)], [{ Key: "c", Value: "d" }]]);
    assert.deepStrictEqual((await iam.send(new I.ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn }))).Tags, then.Tags);
    const make = (Url, more) => iam.send(new I.CreateOpenIDConnectProviderCommand({ Url, ...more }));
    await refuses(make(`https://${HOST}`), "EntityAlreadyExistsException", /Provider with url https:\/\/token\.example\.com\/tenant already exists/);
    for (const Url of ["http://a.example.com", "https://", "https://a.example.com?x=1", "https:///a"])
        await refuses(make(Url), "InvalidInputException", /Invalid Open ID Connect Provider URL/);
    await refuses(make("https://b.example.com", { ThumbprintList: Array(6).fill("a".repeat(40)) }), "InvalidInputException", /Thumbprint list/);
    await refuses(make("https://b.example.com", { ThumbprintList: ["z".repeat(40)] }), "InvalidInputException", /thumbprint/);
    const none = "arn:aws:iam::000000000000:oidc-provider/none.example.com";
    await refuses(iam.send(new I.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: none })), "NoSuchEntityException", /OpenIDConnect Provider not found for arn arn:.*none/);
    await refuses(iam.send(new I.DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: "not-an-arn-of-any-kind" })), "InvalidInputException");
});

test("a token is verified by the keys that the administrator gave, and names its session", async () => {
    give(s, `https://${HOST}`, signer);
    const arn = await role("deploy", federated({ StringEquals: { [`${HOST}:aud`]: "sts.amazonaws.com" }, StringLike: { [`${HOST}:sub`]: "repo:team/*" } }));
    const got = await assume(arn, signer.sign(claims()));
    assert.deepStrictEqual([got.Provider, got.Audience, got.SubjectFromWebIdentityToken], [ARN, "sts.amazonaws.com", "repo:team/app"]);
    assert.strictEqual(got.AssumedRoleUser.Arn, "arn:aws:sts::000000000000:assumed-role/deploy/build-1");
    const me = await s.client(STSClient, { credentials: keys(got.Credentials) }).send(new GetCallerIdentityCommand({}));
    assert.strictEqual(me.Arn, got.AssumedRoleUser.Arn);
    const denied = [arn, signer.sign(claims({ sub: "repo:other/app" }))];
    await refuses(assume(...denied), "AccessDenied", /^Not authorized to perform sts:AssumeRoleWithWebIdentity$/);
    await refuses(assume("arn:aws:iam::000000000000:role/none", signer.sign(claims())), "AccessDenied", /^Not authorized to perform/);
    const plain = await role("plain", document({ Effect: "Allow", Principal: { AWS: "000000000000" }, Action: ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"] }));
    await refuses(assume(plain, signer.sign(claims())), "AccessDenied", /^Not authorized/);
    await refuses(assume(arn, signer.sign(claims()), { DurationSeconds: 7200 }), "ValidationError", /MaxSessionDuration/);
    await refuses(assume(arn, signer.sign(claims()), { ProviderId: "www.amazon.com" }), "ValidationError", /ProviderId is not supported/);
});

test("every algorithm is taken that AWS takes, and no other", async () => {
    const arn = await role("algorithms", federated());
    for (const alg of ["RS256", "RS384", "RS512", "ES256", "ES384"]) {
        const k = key(alg);
        give(s, `https://${HOST}`, k, signer);
        assert.ok((await assume(arn, k.sign(claims()))).Credentials, alg);
        await refuses(assume(arn, `${k.sign(claims()).slice(0, -8)}AAAAAAAA`), "InvalidIdentityTokenException", /signature could not be verified/);
    }
    await refuses(assume(arn, signer.sign(claims(), { alg: "none" })), "InvalidIdentityTokenException", /not a valid JWT/);
    await refuses(assume(arn, signer.sign(claims(), { alg: "HS256" })), "InvalidIdentityTokenException", /not a valid JWT/);
    await refuses(assume(arn, "not.a.token"), "InvalidIdentityTokenException", /not a valid JWT/);
});

test("claims are checked in AWS's words", async () => {
    const arn = await role("claims", federated({ "ForAnyValue:StringEquals": { [`${HOST}:amr`]: ["pwd"] } }));
    const token = (more) => signer.sign(claims({ amr: ["mfa", "pwd"], ...more }));
    assert.ok((await assume(arn, token({}))).Credentials);
    assert.strictEqual((await assume(arn, token({ aud: ["x", "two"], azp: "two" }))).Audience, "two");
    assert.strictEqual((await assume(arn, token({ aud: ["x", "two"] }))).Audience, "two");
    await refuses(assume(arn, token({ amr: ["otp"] })), "AccessDenied");
    await refuses(assume(arn, token({ aud: "other" })), "InvalidIdentityTokenException", /^Incorrect token audience$/);
    await refuses(assume(arn, token({ azp: "other" })), "InvalidIdentityTokenException", /^Incorrect token audience$/);
    await refuses(assume(arn, token({ iss: "https://stranger.example.com" })), "InvalidIdentityTokenException", /No OpenIDConnect provider found in your account for https:\/\/stranger/);
    await refuses(assume(arn, token({ exp: now() - 301 })), "ExpiredTokenException", /Token expired: current date\/time \d+ must be before/);
    assert.ok((await assume(arn, token({ exp: now() - 60 }))).Credentials, "within the skew of five minutes");
    await refuses(assume(arn, token({ nbf: now() + 600 })), "IDPRejectedClaimException", /not valid yet/);
    await refuses(assume(arn, token({ iat: now() + 600 })), "IDPRejectedClaimException");
    for (const name of ["iss", "sub", "aud", "exp", "iat"])
        await refuses(assume(arn, token({ [name]: undefined })), "InvalidIdentityTokenException", new RegExp(`Missing a required claim: ${name}`));
    for (const wrong of [{ sub: "" }, { sub: "x".repeat(256) }, { exp: "soon" }, { aud: [] }, { nbf: -1 }])
        await refuses(assume(arn, token(wrong)), "InvalidIdentityTokenException", /not a valid JWT/);
});

test("tags and a source identity come with the token where the trust allows them", async () => {
    const tags = { principal_tags: { team: ["build"] }, transitive_tag_keys: ["team"] };
    const token = signer.sign(claims({ "https://aws.amazon.com/tags": tags, "https://aws.amazon.com/source_identity": "ann" }));
    await refuses(assume(await role("untagged", federated()), token), "AccessDenied");
    const arn = await role("tagged", federated({ StringEquals: { "aws:RequestTag/team": "build" } }, ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"]));
    const got = await assume(arn, token);
    assert.ok(got.PackedPolicySize > 0);
    assert.strictEqual(got.SourceIdentity, "ann");
    await refuses(assume(arn, signer.sign(claims({ "https://aws.amazon.com/tags/principal_tags/team": "other" }))), "AccessDenied");
    await refuses(assume(arn, signer.sign(claims({ "https://aws.amazon.com/tags": { principal_tags: { a: ["1"] }, transitive_tag_keys: ["b"] } }))), "InvalidParameterValue", /transitive tag key/);
});

const DISCOVERY = "/.well-known/openid-configuration";

test("what a provider answers is not followed elsewhere, to http or to Slipway itself, and is to be about itself", async (t) => {
    const k = key("ES256"), other = await provider(t, s, k);
    const plain = http.createServer((request, reply) => { plain.asked = true; reply.end(JSON.stringify({ keys: [k.jwk] })); });
    await new Promise((done) => plain.listen(0, "127.0.0.1", done));
    t.after(() => plain.close());
    // A provider that is changed so; what its token is answered when it was asked, and what the log says of why.
    const outcome = async (change) => {
        const idp = await provider(t, s, k), { port } = new URL(idp.url);
        Object.assign(idp, change(idp));
        const { OpenIDConnectProviderArn } = await iam.send(new I.CreateOpenIDConnectProviderCommand({ Url: idp.url, ClientIDList: ["me"] }));
        const arn = await role(`p${port}`, federated(undefined, undefined, OpenIDConnectProviderArn)), token = k.sign(claims({ iss: idp.url, aud: "me" }));
        const answer = await until("the provider was asked", () => assume(arn, token).then(() => "taken", (e) => e.name !== "IDPCommunicationErrorException" && e.name));
        return [answer, s.log.split("\n").find((line) => line.includes("identity provider cannot be had") && line.includes(`localhost:${port}`)) || ""];
    };
    assert.deepStrictEqual(await outcome(() => ({})), ["taken", ""]);
    const refused = async (change, why) => {
        const [answer, line] = await outcome(change);
        assert.strictEqual(answer, "InvalidIdentityTokenException");
        assert.match(line, why);
    };
    await refused(() => ({ moved: { [DISCOVERY]: `${other.url}${DISCOVERY}` } }), /answers 302/);
    await refused((idp) => ({ moved: { "/keys": `${other.url}/keys` } }), /answers 302/);
    assert.deepStrictEqual(other.paths, []);
    await refused(() => ({ about: { jwks_uri: `http://127.0.0.1:${plain.address().port}/keys` } }), /is not an address of https/);
    assert.ok(!plain.asked);
    await refused(() => ({ about: { jwks_uri: `${s.endpoint.replace("http:", "https:")}/keys` } }), /does not connect to for others/);
    await refused((idp) => ({ about: { issuer: `${idp.url}/other` } }), /says that it is the issuer/);
    await refused(() => ({ about: { issuer: undefined } }), /says that it is the issuer/);
});

test("keys are fetched from the provider, again when a token names another, and SDKs wait for them", async (t) => {
    const first = key("ES256", "first"), second = key("RS256", "second");
    const idp = await provider(t, s, first);
    const Url = idp.url, host = Url.replace("https://", "");
    const { OpenIDConnectProviderArn } = await iam.send(new I.CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ["me"] }));
    const arn = await role("fetched", federated(undefined, undefined, OpenIDConnectProviderArn));
    const token = (k) => k.sign(claims({ iss: Url, aud: "me" }));
    await until("the first key is known", () => assume(arn, token(first)).then(() => true, (e) => { assert.strictEqual(e.name, "IDPCommunicationErrorException", e.message); return false; }));
    assert.strictEqual((await assume(arn, token(first))).Provider, `arn:aws:iam::000000000000:oidc-provider/${host}`);
    idp.keys = [second];
    await refuses(assume(arn, token(second)), "InvalidIdentityTokenException", /Couldn't retrieve verification key/);
    await s.advance(11);
    await until("the second key is known", () => assume(arn, token(second)).then(() => true, (e) => { assert.ok(["IDPCommunicationErrorException", "InvalidIdentityTokenException"].includes(e.name), e.message); return false; }));
    await refuses(assume(arn, token(key("RS256", "third"))), "InvalidIdentityTokenException", /Couldn't retrieve verification key/);
    const gone = await iam.send(new I.CreateOpenIDConnectProviderCommand({ Url: "https://127.0.0.1:1", ClientIDList: ["me"] }));
    const other = await role("unreached", federated(undefined, undefined, gone.OpenIDConnectProviderArn));
    await until("the provider was asked in vain", () => assume(other, first.sign(claims({ iss: "https://127.0.0.1:1", aud: "me" }))).then(() => false, (e) => e.name === "InvalidIdentityTokenException"));
});

test("keys are kept, and asked for again when they are an hour old", async (t) => {
    const own = await start(t, { args: ["--settle"] }), k = key("ES256"), idp = await provider(t, own, k);
    const its = own.client(I.IAMClient), { OpenIDConnectProviderArn } = await its.send(new I.CreateOpenIDConnectProviderCommand({ Url: idp.url, ClientIDList: ["me"] }));
    const arn = await role("keeps", federated(undefined, undefined, OpenIDConnectProviderArn), its);
    const asked = async (seconds) => { // an answer waits until nothing is left to do, a fetch that it began too
        const iat = Math.floor((await own.advance(seconds)).getTime() / 1000);
        await own.client(STSClient).send(new AssumeRoleWithWebIdentityCommand({ RoleArn: arn, RoleSessionName: "s-1", WebIdentityToken: k.sign(claims({ iss: idp.url, aud: "me", iat, exp: iat + 60 })) }));
        return idp.paths.splice(0);
    };
    assert.deepStrictEqual(await asked(0.001), [DISCOVERY, "/keys"]);
    assert.deepStrictEqual(await asked(0.001), []);
    assert.deepStrictEqual(await asked(3000), []);
    assert.deepStrictEqual(await asked(700), [DISCOVERY, "/keys"]);
    assert.deepStrictEqual(await asked(0.001), []);
});

test("strict: the session may what its role may, and who it is stays known", async (t) => {
    const { server, as, iam: admin } = await strict(t);
    const idp = "idp.example.com", k = key("RS256");
    give(server, `https://${idp}`, k);
    const { OpenIDConnectProviderArn } = await admin.send(new I.CreateOpenIDConnectProviderCommand({ Url: `https://${idp}`, ClientIDList: ["me"] }));
    const { Role } = await admin.send(new I.CreateRoleCommand({ RoleName: "web", AssumeRolePolicyDocument: federated(undefined, undefined, OpenIDConnectProviderArn) }));
    await admin.send(new I.PutRolePolicyCommand({ RoleName: "web", PolicyName: "p", PolicyDocument: document(
        allow("sqs:*", "*", { Condition: { StringEquals: { [`${idp}:sub`]: "alice", "aws:FederatedProvider": OpenIDConnectProviderArn } } })) }));
    await as(SQSClient).send(new CreateQueueCommand({ QueueName: "q" }));
    const file = path.join(server.data, "token");
    const session = async (sub) => {
        fs.writeFileSync(file, k.sign({ iss: `https://${idp}`, sub, aud: "me", iat: now(), exp: now() + 60 }));
        const c = (await as(STSClient).send(new AssumeRoleWithWebIdentityCommand({ RoleArn: Role.Arn, RoleSessionName: "s-1", WebIdentityToken: fs.readFileSync(file, "utf8"),
            Policy: document(allow("sqs:GetQueueUrl")) }))).Credentials;
        return as(SQSClient, keys(c));
    };
    const alice = await session("alice");
    assert.ok((await alice.send(new GetQueueUrlCommand({ QueueName: "q" }))).QueueUrl);
    await refuses(alice.send(new CreateQueueCommand({ QueueName: "more" })), "AccessDenied", /no session policy allows/);
    await refuses((await session("mallory")).send(new GetQueueUrlCommand({ QueueName: "q" })), "AccessDenied");
    // AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, as SDKs read them.
    fs.writeFileSync(file, k.sign({ iss: `https://${idp}`, sub: "alice", aud: "me", iat: now(), exp: now() + 60 }));
    process.env.AWS_ENDPOINT_URL = server.endpoint;
    t.after(() => { delete process.env.AWS_ENDPOINT_URL; });
    const credentials = fromTokenFile({ webIdentityTokenFile: file, roleArn: Role.Arn, roleSessionName: "sdk", clientConfig: { region: "us-east-1" } });
    assert.match((await as(STSClient, credentials).send(new GetCallerIdentityCommand({}))).Arn, /assumed-role\/web\/sdk$/);
    const denied = await strictUser(admin, as, "limited", allow("iam:GetOpenIDConnectProvider", "arn:aws:iam::000000000000:oidc-provider/other.example.com"));
    await refuses(denied.send(new I.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn })), "AccessDenied", /iam:GetOpenIDConnectProvider on resource: arn:aws:iam::000000000000:oidc-provider\/idp\.example\.com/);
    await refuses(denied.send(new I.CreateOpenIDConnectProviderCommand({ Url: "https://new.example.com" })), "AccessDenied", /oidc-provider\/new\.example\.com/);
});

async function strictUser(admin, as, UserName, ...statements) {
    await admin.send(new I.CreateUserCommand({ UserName }));
    await admin.send(new I.PutUserPolicyCommand({ UserName, PolicyName: "p", PolicyDocument: document(...statements) }));
    return as(I.IAMClient, keys((await admin.send(new I.CreateAccessKeyCommand({ UserName }))).AccessKey));
}

test("a SAML provider is kept with its metadata, which is checked", async () => {
    const make = (Name, SAMLMetadataDocument, more) => iam.send(new I.CreateSAMLProviderCommand({ Name, SAMLMetadataDocument, ...more }));
    const { SAMLProviderArn } = await make("corp", samlMetadata(undefined, 'validUntil="2099-01-01T00:00:00Z"'), { Tags: [{ Key: "a", Value: "b" }] });
    assert.strictEqual(SAMLProviderArn, "arn:aws:iam::000000000000:saml-provider/corp");
    const got = await iam.send(new I.GetSAMLProviderCommand({ SAMLProviderArn }));
    assert.deepStrictEqual([got.SAMLMetadataDocument, got.ValidUntil.toISOString(), got.Tags], [samlMetadata(undefined, 'validUntil="2099-01-01T00:00:00Z"'), "2099-01-01T00:00:00.000Z", [{ Key: "a", Value: "b" }]]);
    await iam.send(new I.UpdateSAMLProviderCommand({ SAMLProviderArn, SAMLMetadataDocument: samlMetadata("https://other") }));
    await iam.send(new I.TagSAMLProviderCommand({ SAMLProviderArn, Tags: [{ Key: "c", Value: "d" }] }));
    await iam.send(new I.UntagSAMLProviderCommand({ SAMLProviderArn, TagKeys: ["a"] }));
    assert.match((await iam.send(new I.GetSAMLProviderCommand({ SAMLProviderArn }))).SAMLMetadataDocument, /https:\/\/other/);
    assert.deepStrictEqual((await iam.send(new I.ListSAMLProviderTagsCommand({ SAMLProviderArn }))).Tags, [{ Key: "c", Value: "d" }]);
    assert.deepStrictEqual((await iam.send(new I.ListSAMLProvidersCommand({}))).SAMLProviderList.map((p) => p.Arn), [SAMLProviderArn]);
    await refuses(make("corp", samlMetadata()), "EntityAlreadyExistsException");
    const wrong = [["x".repeat(1000), /not well-formed/], [samlMetadata("", ""), /entityID/], [samlMetadata(undefined, 'validUntil="2001-01-01T00:00:00Z"'), /has passed/],
        [samlMetadata(undefined, "", "<x/>"), /SingleSignOnService/], [samlMetadata().replace('use="signing"', 'use="encryption"'), /certificate for signing/],
        [samlMetadata().replace("<?xml version=\"1.0\"?>", '<!DOCTYPE x [<!ENTITY a "b">]>'), /not well-formed/]];
    for (const [text, why] of wrong) await refuses(make("wrong", text), "InvalidInputException", why);
    await refuses(make("encrypted", samlMetadata(), { AssertionEncryptionMode: "Required" }), "ValidationError", /AssertionEncryptionMode is not supported/);
    await iam.send(new I.DeleteSAMLProviderCommand({ SAMLProviderArn }));
    await refuses(iam.send(new I.GetSAMLProviderCommand({ SAMLProviderArn })), "NoSuchEntityException");
    await refuses(sts.send(new AssumeRoleWithSAMLCommand({ RoleArn: "arn:aws:iam::000000000000:role/deploy", PrincipalArn: SAMLProviderArn, SAMLAssertion: "PHNhbWw+" })), "NotImplemented");
});
