// SPDX-License-Identifier: Apache-2.0
// The account: alias, password rules, summary, reports, last use; what users have beside keys; server certificates.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const I = require("@aws-sdk/client-iam");
const { STSClient, GetCallerIdentityCommand } = require("@aws-sdk/client-sts");
const { start, finish, refuses, folder } = require("../lib/slipway");
const { document, allow, keys, strict, TASKS } = require("../lib/strict");

let s, iam;
before(async () => { s = await start(null, { ephemeral: false }); iam = s.client(I.IAMClient); });
after(() => finish(s));

const send = (name, input = {}) => iam.send(new I[`${name}Command`](input));

// All that the store's files hold, as text.
const stored = () => fs.readdirSync(path.join(s.data, "store")).map((f) => fs.readFileSync(path.join(s.data, "store", f), "latin1")).join("");

test("an account has one alias, which no other account can have", async () => {
    await send("CreateAccountAlias", { AccountAlias: "first" });
    await send("CreateAccountAlias", { AccountAlias: "second" });
    assert.deepStrictEqual((await send("ListAccountAliases")).AccountAliases, ["second"]);
    const other = s.client(I.IAMClient, { credentials: { accessKeyId: "123456789012", secretAccessKey: "x" } });
    await refuses(other.send(new I.CreateAccountAliasCommand({ AccountAlias: "second" })), "EntityAlreadyExistsException", /The account alias second already exists/);
    await refuses(other.send(new I.DeleteAccountAliasCommand({ AccountAlias: "second" })), "NoSuchEntityException");
    await refuses(send("CreateAccountAlias", { AccountAlias: "Upper" }), "ValidationError");
    await send("DeleteAccountAlias", { AccountAlias: "second" });
    assert.deepStrictEqual((await send("ListAccountAliases")).AccountAliases, []);
    await refuses(send("DeleteAccountAlias", { AccountAlias: "second" }), "NoSuchEntityException", /cannot be found/);
});

test("passwords follow the account's rules, and are kept as hashes", async () => {
    await refuses(send("GetAccountPasswordPolicy"), "NoSuchEntityException", /Password Policy with domain name 000000000000 cannot be found/);
    await send("CreateUser", { UserName: "pat" });
    await refuses(send("CreateLoginProfile", { UserName: "pat", Password: "short" }), "PasswordPolicyViolationException", /minimum length of 8/);
    await refuses(send("CreateLoginProfile", { UserName: "pat", Password: "alllowercase" }), "PasswordPolicyViolationException", /three of/);
    await send("UpdateAccountPasswordPolicy", { MinimumPasswordLength: 10, RequireNumbers: true, RequireSymbols: true, RequireUppercaseCharacters: true, RequireLowercaseCharacters: true, MaxPasswordAge: 90, PasswordReusePrevention: 2 });
    const { PasswordPolicy: p } = await send("GetAccountPasswordPolicy");
    assert.deepStrictEqual([p.MinimumPasswordLength, p.RequireNumbers, p.AllowUsersToChangePassword, p.ExpirePasswords, p.MaxPasswordAge, p.PasswordReusePrevention], [10, true, false, true, 90, 2]);
    const bad = [["Ab1!", /length of 10/], ["abcdefgh1!", /uppercase/], ["ABCDEFGH1!", /lowercase/], ["ABCDefgh!!", /number/], ["ABCDefgh11", /symbol/]];
    for (const [Password, why] of bad) await refuses(send("CreateLoginProfile", { UserName: "pat", Password }), "PasswordPolicyViolationException", why);
    const { LoginProfile } = await send("CreateLoginProfile", { UserName: "pat", Password: "First-pass1", PasswordResetRequired: true });
    assert.deepStrictEqual([LoginProfile.UserName, LoginProfile.PasswordResetRequired], ["pat", true]);
    await refuses(send("CreateLoginProfile", { UserName: "pat", Password: "First-pass1" }), "EntityAlreadyExistsException", /Login Profile for user pat already exists/);
    await refuses(send("UpdateLoginProfile", { UserName: "pat", Password: "First-pass1" }), "PasswordPolicyViolationException", /recently/);
    await send("UpdateLoginProfile", { UserName: "pat", PasswordResetRequired: false });
    const key = (await send("CreateAccessKey", { UserName: "pat" })).AccessKey, me = s.client(I.IAMClient, { credentials: keys(key) });
    const change = (OldPassword, NewPassword) => me.send(new I.ChangePasswordCommand({ OldPassword, NewPassword }));
    await refuses(change("wrong-pass1", "Second-pass1"), "AccessDenied", /old password was incorrect/);
    await change("First-pass1", "Second-pass1");
    await change("Second-pass1", "Third-pass1");
    await change("Third-pass1", "First-pass1");
    await refuses(send("ChangePassword", { OldPassword: "x", NewPassword: "y" }), "InvalidUserTypeException");
    await s.restart();
    assert.strictEqual((await send("GetLoginProfile", { UserName: "pat" })).LoginProfile.PasswordResetRequired, false);
    const text = stored();
    assert.ok(text.includes(key.AccessKeyId) && text.includes('"resetRequired"'), "records are read here");
    for (const password of ["First-pass1", "Second-pass1", "Third-pass1"]) assert.ok(!text.includes(password), password);
    await send("DeleteAccessKey", { UserName: "pat", AccessKeyId: key.AccessKeyId });
    await refuses(send("DeleteUser", { UserName: "pat" }), "DeleteConflictException", /must delete login profile first/);
    await send("DeleteLoginProfile", { UserName: "pat" });
    await refuses(send("GetLoginProfile", { UserName: "pat" }), "NoSuchEntityException", /Login Profile for User pat cannot be found/);
    await send("DeleteAccountPasswordPolicy");
    await refuses(send("DeleteAccountPasswordPolicy"), "NoSuchEntityException");
});

// The record of pat's password as it is, and in its place the one that is given.
const EDIT = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("SELECT body FROM document WHERE collection = 'iam/login-profile' AND id = 'pat'").fetchone()[0])
if len(sys.argv) > 2: db.execute("UPDATE document SET body = ? WHERE collection = 'iam/login-profile' AND id = 'pat'", sys.argv[2:])
db.commit()`;

test("a hash says its rounds; one that does not is of 10,000, and counts", async (t) => {
    const own = await start(t, { ephemeral: false }), its = own.client(I.IAMClient);
    const record = (...text) => JSON.parse(execFileSync("python3", ["-c", EDIT, path.join(own.data, "store/store.db"), ...text], { encoding: "utf8" }));
    const hash = (password, salt, rounds) => crypto.pbkdf2Sync(password, salt, rounds, 32, "sha256").toString("hex");
    await its.send(new I.CreateUserCommand({ UserName: "pat" }));
    await its.send(new I.CreateLoginProfileCommand({ UserName: "pat", Password: "First-pass1" }));
    const { AccessKey } = await its.send(new I.CreateAccessKeyCommand({ UserName: "pat" }));
    await own.stop();
    const now = record(), [p] = now.passwords, { salt } = p;
    assert.deepStrictEqual(p, { salt, hash: hash("First-pass1", salt, 100000), rounds: 100000 });
    record(JSON.stringify({ ...now, passwords: [{ salt, hash: hash("Older-pass1", salt, 10000) }] }));
    await own.restart();
    const change = (OldPassword, NewPassword) => own.client(I.IAMClient, { credentials: keys(AccessKey) }).send(new I.ChangePasswordCommand({ OldPassword, NewPassword }));
    await refuses(change("First-pass1", "Second-pass1"), "AccessDenied", /old password was incorrect/);
    await change("Older-pass1", "Second-pass1");
    await change("Second-pass1", "Third-pass1");
    await own.stop();
    assert.deepStrictEqual(record().passwords.map((x) => x.rounds), [100000, 100000, undefined]);
    await own.restart();
});

test("a key's last use is told, and kept", async () => {
    await send("CreateUser", { UserName: "uma" });
    const { AccessKey } = await send("CreateAccessKey", { UserName: "uma" });
    const last = () => send("GetAccessKeyLastUsed", { AccessKeyId: AccessKey.AccessKeyId });
    assert.deepStrictEqual([(await last()).UserName, (await last()).AccessKeyLastUsed], ["uma", { ServiceName: "N/A", Region: "N/A" }]);
    await s.client(STSClient, { credentials: keys(AccessKey), region: "eu-west-1" }).send(new GetCallerIdentityCommand({}));
    const used = (await last()).AccessKeyLastUsed;
    assert.deepStrictEqual([used.ServiceName, used.Region], ["sts", "eu-west-1"]);
    assert.ok(Math.abs(used.LastUsedDate - Date.now()) < 600000);
    await s.restart();
    assert.strictEqual((await last()).AccessKeyLastUsed.ServiceName, "sts");
    await refuses(send("GetAccessKeyLastUsed", { AccessKeyId: "AKIAAAAAAAAAAAAAAAAA" }), "NoSuchEntityException");
});

test("the summary counts what there is, beside AWS's quotas", async () => {
    const summary = async () => (await send("GetAccountSummary")).SummaryMap;
    const before = await summary();
    await send("CreateGroup", { GroupName: "counted" });
    await send("CreateRole", { RoleName: "counted", AssumeRolePolicyDocument: TASKS });
    await send("CreatePolicy", { PolicyName: "counted", PolicyDocument: document(allow("s3:*")) });
    await send("CreateOpenIDConnectProvider", { Url: "https://counted.example.com" });
    const then = await summary();
    for (const name of ["Groups", "Roles", "Policies", "Providers", "PolicyVersionsInUse"]) assert.strictEqual(then[name], before[name] + 1, name);
    assert.deepStrictEqual([then.UsersQuota, then.RolesQuota, then.AccessKeysPerUserQuota, then.AccountMFAEnabled], [5000, 1000, 2, 0]);
    assert.strictEqual(Object.keys(then).length, 34);
});

test("all that decides is listed, by kind and in pages", async () => {
    await send("CreateUser", { UserName: "ann", Path: "/team/", Tags: [{ Key: "k", Value: "v" }] });
    await send("AddUserToGroup", { UserName: "ann", GroupName: "counted" });
    await send("PutUserPolicy", { UserName: "ann", PolicyName: "in", PolicyDocument: document(allow("s3:*")) });
    await send("AttachRolePolicy", { RoleName: "counted", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
    await send("CreateInstanceProfile", { InstanceProfileName: "counted" });
    await send("AddRoleToInstanceProfile", { InstanceProfileName: "counted", RoleName: "counted" });
    const all = await send("GetAccountAuthorizationDetails");
    const ann = all.UserDetailList.find((u) => u.UserName === "ann");
    assert.deepStrictEqual([ann.GroupList, ann.Tags, decodeURIComponent(ann.UserPolicyList[0].PolicyDocument)], [["counted"], [{ Key: "k", Value: "v" }], document(allow("s3:*"))]);
    const role = all.RoleDetailList.find((r) => r.RoleName === "counted");
    assert.deepStrictEqual([role.AttachedManagedPolicies[0].PolicyName, role.InstanceProfileList[0].InstanceProfileName], ["ReadOnlyAccess", "counted"]);
    assert.deepStrictEqual(all.Policies.map((p) => p.PolicyName).sort(), ["ReadOnlyAccess", "counted"]);
    assert.strictEqual(all.Policies.find((p) => p.PolicyName === "counted").PolicyVersionList.length, 1);
    const groups = await send("GetAccountAuthorizationDetails", { Filter: ["Group"] });
    assert.deepStrictEqual([groups.GroupDetailList.length, groups.UserDetailList, groups.RoleDetailList, groups.Policies], [1, [], [], []]);
    const seen = [];
    let Marker;
    do {
        const page = await send("GetAccountAuthorizationDetails", { MaxItems: 2, Marker });
        seen.push(...page.UserDetailList.map((u) => u.UserName), ...page.GroupDetailList.map((g) => g.GroupName), ...page.RoleDetailList.map((r) => r.RoleName), ...page.Policies.map((p) => p.PolicyName));
        Marker = page.Marker;
    } while (Marker);
    assert.strictEqual(seen.length, all.UserDetailList.length + all.GroupDetailList.length + all.RoleDetailList.length + all.Policies.length);
});

// RFC 4180: a cell with a comma stands in quotes.
const cells = (line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map((m) => m[2] ?? m[1].replaceAll('""', '"'));

test("the credential report has AWS's columns, and lives four hours", async () => {
    await refuses(send("GetCredentialReport"), "CredentialReportNotPresentException");
    await send("CreateUser", { UserName: "a,b" });
    assert.strictEqual((await send("GenerateCredentialReport")).State, "STARTED");
    assert.strictEqual((await send("GenerateCredentialReport")).State, "COMPLETE");
    const report = await send("GetCredentialReport");
    assert.strictEqual(report.ReportFormat, "text/csv");
    const [head, root, ...users] = Buffer.from(report.Content).toString().split("\n").map(cells);
    assert.strictEqual(head.length, 22);
    assert.ok([root, ...users].every((l) => l.length === 22));
    assert.strictEqual(root[0], "<root_account>");
    assert.deepStrictEqual(users.find((l) => l[0] === "a,b").slice(0, 2), ["a,b", "arn:aws:iam::000000000000:user/a,b"]);
    const uma = users.find((l) => l[0] === "uma"), at = (name) => uma[head.indexOf(name)];
    assert.deepStrictEqual([at("password_enabled"), at("access_key_1_active"), at("access_key_1_last_used_service"), at("access_key_2_active"), at("cert_1_active")], ["false", "true", "sts", "false", "false"]);
    assert.match(at("user_creation_time"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/);
    await s.advance(4 * 3600 + 1);
    await refuses(send("GetCredentialReport"), "CredentialReportExpiredException");
});

test("users and groups get new names and paths with all that they have", async () => {
    await send("CreateUser", { UserName: "old" });
    await send("AttachUserPolicy", { UserName: "old", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
    await send("AddUserToGroup", { UserName: "old", GroupName: "counted" });
    const { AccessKey } = await send("CreateAccessKey", { UserName: "old" });
    await refuses(send("UpdateUser", { UserName: "old", NewUserName: "ann" }), "EntityAlreadyExistsException");
    await send("UpdateUser", { UserName: "old", NewUserName: "new", NewPath: "/moved/" });
    const me = await s.client(STSClient, { credentials: keys(AccessKey) }).send(new GetCallerIdentityCommand({}));
    assert.strictEqual(me.Arn, "arn:aws:iam::000000000000:user/moved/new");
    await refuses(send("GetUser", { UserName: "old" }), "NoSuchEntityException");
    const having = (await send("ListEntitiesForPolicy", { PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess", EntityFilter: "User" })).PolicyUsers.map((u) => u.UserName);
    assert.deepStrictEqual(having, ["new"]);
    await send("UpdateGroup", { GroupName: "counted", NewGroupName: "renamed", NewPath: "/g/" });
    assert.deepStrictEqual((await send("GetGroup", { GroupName: "renamed" })).Users.map((u) => u.UserName).sort(), ["ann", "new"]);
    assert.strictEqual((await send("ListGroupsForUser", { UserName: "new" })).Groups[0].Arn, "arn:aws:iam::000000000000:group/g/renamed");
    await refuses(send("UpdateGroup", { GroupName: "none", NewGroupName: "x" }), "NoSuchEntityException");
});

// Certificates by OpenSSL's own program: an authority's, one that it signed, and a stranger's.
function certificates(t) {
    const dir = folder(t), file = (name) => path.join(dir, name), openssl = (...args) => execFileSync("openssl", args, { stdio: "pipe" });
    for (const name of ["ca", "other"]) openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}`, "-days", "30", "-keyout", file(`${name}.key`), "-out", file(`${name}.pem`));
    openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=leaf.example.com", "-keyout", file("leaf.key"), "-out", file("leaf.csr"));
    openssl("x509", "-req", "-in", file("leaf.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial", "-days", "10", "-out", file("leaf.pem"));
    const read = (name) => fs.readFileSync(file(name), "utf8");
    return { ca: read("ca.pem"), other: read("other.pem"), otherKey: read("other.key"), leaf: read("leaf.pem"), leafKey: read("leaf.key"), caKey: read("ca.key") };
}

test("server certificates are checked with key and chain, and shown without their keys", async (t) => {
    const c = certificates(t);
    const upload = (ServerCertificateName, more) => send("UploadServerCertificate", { ServerCertificateName, CertificateBody: c.leaf, PrivateKey: c.leafKey, ...more });
    const { ServerCertificateMetadata: m } = await upload("web", { Path: "/cloudfront/", CertificateChain: c.ca, Tags: [{ Key: "a", Value: "b" }] });
    assert.strictEqual(m.Arn, "arn:aws:iam::000000000000:server-certificate/cloudfront/web");
    assert.strictEqual(m.Expiration.getTime(), new Date(new crypto.X509Certificate(c.leaf).validTo).getTime());
    const { ServerCertificate: got } = await send("GetServerCertificate", { ServerCertificateName: "web" });
    assert.deepStrictEqual([got.CertificateBody.trim(), got.CertificateChain.trim(), got.Tags], [c.leaf.trim(), c.ca.trim(), [{ Key: "a", Value: "b" }]]);
    assert.ok(!JSON.stringify(got).includes("PRIVATE KEY"));
    await refuses(upload("web"), "EntityAlreadyExistsException", /The Server Certificate with name web already exists/);
    await refuses(upload("x", { PrivateKey: c.otherKey }), "KeyPairMismatchException");
    await refuses(upload("x", { CertificateBody: "no certificate" }), "MalformedCertificateException", /PEM format/);
    await refuses(upload("x", { PrivateKey: "no key" }), "MalformedCertificateException");
    await refuses(upload("x", { CertificateChain: c.other }), "MalformedCertificateException", /chain/);
    const locked = crypto.createPrivateKey(c.leafKey).export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "p" });
    await refuses(upload("x", { PrivateKey: locked }), "MalformedCertificateException");
    await upload("plain");
    await s.restart();
    const line = (pem) => pem.split("\n")[2], text = stored();
    assert.ok(text.includes(line(c.leaf)), "certificates are read here");
    assert.ok(!text.includes(line(c.leafKey)), "their keys are not kept");
    assert.deepStrictEqual((await send("ListServerCertificates", { PathPrefix: "/cloudfront/" })).ServerCertificateMetadataList.map((x) => x.ServerCertificateName), ["web"]);
    await send("UpdateServerCertificate", { ServerCertificateName: "web", NewServerCertificateName: "site", NewPath: "/" });
    await refuses(send("UpdateServerCertificate", { ServerCertificateName: "site", NewServerCertificateName: "plain" }), "EntityAlreadyExistsException");
    await send("TagServerCertificate", { ServerCertificateName: "site", Tags: [{ Key: "c", Value: "d" }] });
    await send("UntagServerCertificate", { ServerCertificateName: "site", TagKeys: ["a"] });
    assert.deepStrictEqual((await send("ListServerCertificateTags", { ServerCertificateName: "site" })).Tags, [{ Key: "c", Value: "d" }]);
    await send("DeleteServerCertificate", { ServerCertificateName: "site" });
    await refuses(send("GetServerCertificate", { ServerCertificateName: "web" }), "NoSuchEntityException", /The Server Certificate with name web cannot be found/);
});

test("SSH keys have their fingerprints, and both forms", async () => {
    const { publicKey } = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
    const part = (b) => Buffer.concat([Buffer.from([0, 0, b.length >> 8, b.length & 255]), b]);
    const { n, e } = publicKey.export({ format: "jwk" }), number = (x) => { const b = Buffer.from(x, "base64url"); return b[0] & 128 ? Buffer.concat([Buffer.from([0]), b]) : b; };
    const blob = Buffer.concat([part(Buffer.from("ssh-rsa")), part(number(e)), part(number(n))]), ssh = `ssh-rsa ${blob.toString("base64")}`;
    await send("CreateUser", { UserName: "sam" });
    const UserName = "sam", { SSHPublicKey: k } = await send("UploadSSHPublicKey", { UserName, SSHPublicKeyBody: `${ssh} sam@home` });
    assert.match(k.SSHPublicKeyId, /^APKA/);
    assert.strictEqual(k.Fingerprint, crypto.createHash("md5").update(blob).digest("hex").match(/../g).join(":"));
    const SSHPublicKeyId = k.SSHPublicKeyId, get = (Encoding) => send("GetSSHPublicKey", { UserName, SSHPublicKeyId, Encoding });
    assert.strictEqual((await get("SSH")).SSHPublicKey.SSHPublicKeyBody, ssh);
    const pem = publicKey.export({ type: "spki", format: "pem" });
    assert.strictEqual((await get("PEM")).SSHPublicKey.SSHPublicKeyBody.trim(), pem.trim());
    await refuses(send("UploadSSHPublicKey", { UserName, SSHPublicKeyBody: pem }), "DuplicateSSHPublicKeyException");
    for (const SSHPublicKeyBody of ["ssh-ed25519 AAAA", "ssh-rsa AAAA", `ssh-rsa ${blob.subarray(0, 100).toString("base64")}`])
        await refuses(send("UploadSSHPublicKey", { UserName, SSHPublicKeyBody }), "InvalidPublicKeyException");
    await send("UpdateSSHPublicKey", { UserName, SSHPublicKeyId, Status: "Inactive" });
    assert.deepStrictEqual((await send("ListSSHPublicKeys", { UserName })).SSHPublicKeys.map((x) => [x.SSHPublicKeyId, x.Status]), [[SSHPublicKeyId, "Inactive"]]);
    await refuses(send("DeleteUser", { UserName }), "DeleteConflictException");
    await send("DeleteSSHPublicKey", { UserName, SSHPublicKeyId });
    await refuses(get("SSH"), "NoSuchEntityException");
});

test("signing certificates are two a user; MFA devices there are none", async (t) => {
    const c = certificates(t), UserName = "sam";
    const { Certificate } = await send("UploadSigningCertificate", { UserName, CertificateBody: c.ca });
    await refuses(send("UploadSigningCertificate", { UserName, CertificateBody: c.ca }), "DuplicateCertificateException");
    await refuses(send("UploadSigningCertificate", { UserName, CertificateBody: "none" }), "MalformedCertificateException");
    await send("UploadSigningCertificate", { UserName, CertificateBody: c.leaf });
    await refuses(send("UploadSigningCertificate", { UserName, CertificateBody: c.other }), "LimitExceededException");
    const CertificateId = Certificate.CertificateId;
    await send("UpdateSigningCertificate", { UserName, CertificateId, Status: "Inactive" });
    assert.strictEqual((await send("ListSigningCertificates", { UserName })).Certificates.find((x) => x.CertificateId === CertificateId).Status, "Inactive");
    await refuses(send("DeleteUser", { UserName }), "DeleteConflictException", /signing certificates/);
    await send("DeleteSigningCertificate", { UserName, CertificateId });
    await refuses(send("DeleteSigningCertificate", { UserName, CertificateId }), "NoSuchEntityException");
    assert.deepStrictEqual((await send("ListMFADevices", { UserName })).MFADevices, []);
    assert.deepStrictEqual((await send("ListVirtualMFADevices")).VirtualMFADevices, []);
    for (const [name, input] of [["CreateVirtualMFADevice", { VirtualMFADeviceName: "m" }], ["GenerateServiceLastAccessedDetails", { Arn: "arn:aws:iam::000000000000:user/sam" }]])
        await refuses(send(name, input), "NotImplemented", new RegExp(name));
});

test("strict: each is asked about what it names", async (t) => {
    const { as, iam: admin, user } = await strict(t);
    await admin.send(new I.CreateUserCommand({ UserName: "other" }));
    const me = as(I.IAMClient, await user("me", allow(["iam:*LoginProfile", "iam:ChangePassword"], "arn:aws:iam::000000000000:user/me"), allow("iam:GetAccountSummary")));
    await me.send(new I.CreateLoginProfileCommand({ UserName: "me", Password: "First-pass1" }));
    await me.send(new I.GetAccountSummaryCommand({}));
    await refuses(me.send(new I.CreateLoginProfileCommand({ UserName: "other", Password: "First-pass1" })), "AccessDenied", /iam:CreateLoginProfile on resource: arn:aws:iam::000000000000:user\/other/);
    await refuses(me.send(new I.GenerateCredentialReportCommand({})), "AccessDenied", /iam:GenerateCredentialReport on resource: \*/);
    await refuses(me.send(new I.DeleteServerCertificateCommand({ ServerCertificateName: "web" })), "AccessDenied", /server-certificate\/web/);
    assert.strictEqual((await admin.send(new I.GetAccountSummaryCommand({}))).SummaryMap.AccountAccessKeysPresent, 1);
});
