// SPDX-License-Identifier: Apache-2.0
// CodeCommit by the stock git client: transport, credentials, what is told of a push.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { CodeCommitClient, CreateRepositoryCommand, GetRepositoryCommand, GetBranchCommand, ListBranchesCommand, PutFileCommand, DeleteBranchCommand,
        CreateBranchCommand } = require("@aws-sdk/client-codecommit");
const { IAMClient, CreateUserCommand, CreateAccessKeyCommand, PutUserPolicyCommand, CreateServiceSpecificCredentialCommand,
        UpdateServiceSpecificCredentialCommand, DeleteAccessKeyCommand } = require("@aws-sdk/client-iam");
const { hears } = require("../lib/events");
const { start } = require("../lib/slipway");
const { gitFile, HELPER } = require("../lib/git");

const { s, g, send } = gitFile();
const create = (repositoryName) => send(CreateRepositoryCommand, { repositoryName });
const tip = async (repositoryName, branchName) => (await send(GetBranchCommand, { repositoryName, branchName })).branch.commitId;
const branches = async (repositoryName) => (await send(ListBranchesCommand, { repositoryName })).branches;

test("git pushes, clones, fetches and deletes; HEAD is the first branch pushed", async () => {
    await create("flow");
    const w = await g.work("flow");
    const first = await g.commit(w, { "README": "hello\n", "src/a.txt": "a\n" }, "first");
    await g.git(w, "push", "-q", "origin", "main:trunk");
    assert.strictEqual((await send(GetRepositoryCommand, { repositoryName: "flow" })).repositoryMetadata.defaultBranch, "trunk");
    const clone = path.join(g.tmp, "flow-clone");
    await g.git(g.tmp, "clone", "-q", g.url("flow"), clone);
    assert.strictEqual(await g.git(clone, "rev-parse", "HEAD"), first);
    assert.strictEqual(await g.git(clone, "branch", "--show-current"), "trunk");
    const second = await g.commit(w, { "src/a.txt": "b\n" }, "second");
    await g.git(w, "tag", "v1");
    await g.git(w, "push", "-q", "origin", "main:trunk", "main:dev", "v1");
    await g.git(clone, "pull", "-q");
    assert.strictEqual(await g.git(clone, "rev-parse", "HEAD"), second);
    assert.deepStrictEqual((await send(ListBranchesCommand, { repositoryName: "flow" })).branches, ["dev", "trunk"]);
    await g.git(w, "push", "-q", "origin", ":dev");
    assert.deepStrictEqual((await send(ListBranchesCommand, { repositoryName: "flow" })).branches, ["trunk"]);
    await assert.rejects(g.git(clone, "push", "-q", "origin", `${first}:refs/heads/trunk`), /non-fast-forward|rejected/);
});

test("a push larger than a megabyte and a shallow clone work", async () => {
    await create("large");
    const w = await g.work("large"), data = crypto.randomBytes(5 << 20);
    await g.commit(w, { "big": data }, "one");
    await g.commit(w, { "small": "x" }, "two");
    await g.git(w, "push", "-q", "origin", "main");
    const clone = path.join(g.tmp, "large-clone");
    await g.git(g.tmp, "clone", "-q", "--depth", "1", g.url("large"), clone);
    assert.strictEqual(await g.git(clone, "rev-list", "--count", "HEAD"), "1");
    assert.ok(fs.readFileSync(path.join(clone, "big")).equals(data));
    await g.git(clone, "fetch", "-q", "--unshallow");
    assert.strictEqual(await g.git(clone, "rev-list", "--count", "HEAD"), "2");
});

test("git asks for credentials, and the AWS CLI's helper gives them", async () => {
    await create("helper");
    const asked = await fetch(`${s.endpoint}/v1/repos/helper/info/refs?service=git-upload-pack`);
    assert.strictEqual(asked.status, 401);
    assert.match(asked.headers.get("www-authenticate"), /^Basic realm=/);
    const w = await g.work("helper");
    await g.commit(w, { "a": "b" });
    await g.git(w, "remote", "set-url", "origin", `${s.endpoint}/v1/repos/helper`);
    await g.git(w, ...HELPER, "push", "-q", "origin", "main");
    assert.strictEqual((await send(ListBranchesCommand, { repositoryName: "helper" })).branches[0], "main");
    await assert.rejects(g.git(g.tmp, "clone", "-q", g.url("nope"), path.join(g.tmp, "nope")), /not found/);
});

test("strict, git takes the helper's signature and an IAM user's password, and nothing else", async (t) => {
    const strict = await start(t, { args: ["--auth", "strict"] });
    const { root } = strict;
    const iam = strict.client(IAMClient, { credentials: root }), client = strict.client(CodeCommitClient, { credentials: root });
    await client.send(new CreateRepositoryCommand({ repositoryName: "guarded" }));
    await iam.send(new CreateUserCommand({ UserName: "dev" }));
    const { AccessKey: k } = await iam.send(new CreateAccessKeyCommand({ UserName: "dev" }));
    const { ServiceSpecificCredential: c } = await iam.send(new CreateServiceSpecificCredentialCommand({ UserName: "dev", ServiceName: "codecommit.amazonaws.com" }));
    const w = await g.work("x");
    await g.commit(w, { "a": "b" });
    const plain = `${strict.endpoint}/v1/repos/guarded`, env = { AWS_ACCESS_KEY_ID: k.AccessKeyId, AWS_SECRET_ACCESS_KEY: k.SecretAccessKey };
    await assert.rejects(g.git(w, ...HELPER, "push", "-q", plain, "main", { env }), /403/);
    await iam.send(new PutUserPolicyCommand({ UserName: "dev", PolicyName: "git", PolicyDocument: JSON.stringify({ Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: ["codecommit:GitPull", "codecommit:GitPush"], Resource: "arn:aws:codecommit:us-east-1:000000000000:guarded" }] }) }));
    await g.git(w, ...HELPER, "push", "-q", plain, "main", { env });
    await assert.rejects(g.git(w, ...HELPER, "push", "-q", plain, "main:x", { env: { ...env, AWS_SECRET_ACCESS_KEY: "wrong" } }), /Authentication failed|401/);
    const credentials = `${encodeURIComponent(c.ServiceUserName)}:${encodeURIComponent(c.ServicePassword)}`;
    await g.git(g.tmp, "clone", "-q", plain.replace("//", `//${credentials}@`), path.join(g.tmp, "guarded"));
    await assert.rejects(g.git(g.tmp, "clone", "-q", plain.replace("//", "//a:b@"), path.join(g.tmp, "guarded2")), /Authentication failed|401/);
});


for (const version of ["0", "1", "2"])
    test(`protocol version ${version} clones, fetches and pushes`, async () => {
        const name = `protocol-${version}`, v = ["-c", `protocol.version=${version}`];
        await create(name);
        const w = await g.work(name);
        const id = await g.commit(w, { "a": "1" });
        await g.git(w, ...v, "push", "-q", "origin", "main");
        const c = path.join(g.tmp, name);
        await g.git(g.tmp, ...v, "clone", "-q", g.url(name), c);
        assert.strictEqual(await g.git(c, "rev-parse", "HEAD"), id);
        const next = await g.commit(w, { "a": "2" });
        await g.git(w, ...v, "push", "-q", "origin", "main");
        await g.git(c, ...v, "fetch", "-q");
        assert.strictEqual(await g.git(c, "rev-parse", "origin/main"), next);
    });

test("only version 2 is answered by capabilities, and only to who asks for it", async () => {
    await create("advertised");
    const ask = async (headers) => (await fetch(`${s.endpoint}/v1/repos/advertised/info/refs?service=git-upload-pack`,
        { headers: { authorization: "Basic " + Buffer.from("a:b").toString("base64"), ...headers } })).text();
    assert.match(await ask({ "git-protocol": "version=2" }), /version 2/);
    assert.doesNotMatch(await ask({}), /version 2/);
});

test("shallow clones deepen; single branches and partial clones work", async () => {
    await create("shallow");
    const w = await g.work("shallow");
    for (let i = 0; i < 5; i++) await g.commit(w, { "a": `${i}`, "big": crypto.randomBytes(64 << 10) }, `number ${i}`);
    await g.git(w, "push", "-q", "origin", "main", "main:other");
    const c = await g.clone("shallow", "--depth", "2", "--branch", "main");
    const count = () => g.git(c, "rev-list", "--count", "HEAD");
    assert.strictEqual(await count(), "2");
    await g.git(c, "fetch", "-q", "--deepen", "1");
    assert.strictEqual(await count(), "3");
    await g.git(c, "fetch", "-q", "--unshallow");
    assert.strictEqual(await count(), "5");
    assert.doesNotMatch(await g.git(c, "branch", "-r"), /other/);
    const partial = await g.clone("shallow", "--filter=blob:none", "--no-checkout");
    assert.strictEqual((await g.git(partial, "rev-list", "--objects", "--missing=print", "--all")).split("\n").filter((l) => l.startsWith("?")).length, 10);
    await g.git(partial, "checkout", "-q", "main");
    assert.strictEqual(fs.readFileSync(path.join(partial, "a"), "utf8"), "4");
});

test("tags, light and annotated, are pushed, fetched, moved by force and deleted", async () => {
    await create("tags");
    const w = await g.work("tags");
    const one = await g.commit(w, { "a": "1" });
    await g.git(w, "tag", "light");
    await g.git(w, "tag", "-a", "heavy", "-m", "release notes");
    await g.git(w, "push", "-q", "origin", "main", "--tags");
    const c = await g.clone("tags");
    assert.deepStrictEqual((await g.git(c, "tag")).split("\n"), ["heavy", "light"]);
    assert.strictEqual(await g.git(c, "cat-file", "-t", "heavy"), "tag");
    assert.match(await g.git(c, "cat-file", "-p", "heavy"), /release notes/);
    assert.strictEqual(await g.git(c, "rev-parse", "heavy^{commit}"), one);
    const two = await g.commit(w, { "a": "2" });
    await g.git(w, "tag", "-f", "light");
    await assert.rejects(g.git(w, "push", "-q", "origin", "light"), /already exists|rejected/);
    await g.git(w, "push", "-q", "--force", "origin", "light");
    await g.git(w, "push", "-q", "origin", ":heavy");
    const left = await g.git(w, "ls-remote", "origin", "refs/tags/*");
    assert.strictEqual(left, `${two}\trefs/tags/light`);
});

test("a forced push replaces history, a lease protects it, and the default branch cannot be deleted", async () => {
    await create("force");
    const w = await g.work("force");
    await g.commit(w, { "a": "1" });
    await g.git(w, "push", "-q", "origin", "main");
    const c = await g.clone("force");
    await g.git(w, "commit", "-q", "--amend", "-m", "rewritten");
    await assert.rejects(g.git(w, "push", "-q", "origin", "main"), /rejected/);
    await g.git(w, "push", "-q", "--force", "origin", "main");
    assert.strictEqual(await tip("force", "main"), await g.git(w, "rev-parse", "HEAD"));
    await g.git(c, "commit", "-q", "--amend", "-m", "mine");
    await assert.rejects(g.git(c, "push", "-q", "--force-with-lease", "origin", "main"), /stale info/);
    await assert.rejects(g.git(w, "push", "-q", "origin", ":main"), /deletion of the current branch prohibited|remote rejected/);
    assert.deepStrictEqual(await branches("force"), ["main"]);
});

test("an atomic push moves all of its branches or none", async () => {
    await create("atomic");
    const w = await g.work("atomic");
    const one = await g.commit(w, { "a": "1" });
    await g.git(w, "push", "-q", "origin", "main", "main:x");
    const other = await g.clone("atomic");
    await g.commit(other, { "b": "1" });
    await g.git(other, "push", "-q", "origin", "main:x");
    await g.commit(w, { "c": "1" });
    await assert.rejects(g.git(w, "push", "-q", "--atomic", "origin", "main", "main:x"), /rejected/);
    assert.strictEqual(await tip("atomic", "main"), one);
});

test("a pack of many objects and 60 MB goes up and down unharmed", async () => {
    await create("pack");
    const w = await g.work("pack"), files = {};
    for (let i = 0; i < 2000; i++) files[`d${i % 40}/f${i}`] = `${i}\n`;
    for (let i = 0; i < 3; i++) files[`big${i}`] = crypto.randomBytes(20 << 20);
    const id = await g.commit(w, files);
    await g.git(w, "push", "-q", "origin", "main");
    const c = await g.clone("pack");
    assert.strictEqual(await g.git(c, "rev-parse", "HEAD"), id);
    assert.strictEqual(await g.git(c, "status", "--porcelain"), "");
    await g.git(c, "fsck", "--strict");
});

test("concurrent pushes: to different branches all arrive, to one branch one wins", async () => {
    await create("busy");
    const w = await g.work("busy");
    await g.commit(w, { "a": "0" });
    await g.git(w, "push", "-q", "origin", "main");
    const clones = await Promise.all(Array.from({ length: 6 }, () => g.clone("busy")));
    const ids = await Promise.all(clones.map((c, i) => g.commit(c, { [`f${i}`]: `${i}` })));
    await Promise.all(clones.map((c, i) => g.git(c, "push", "-q", "origin", `HEAD:b${i}`)));
    assert.deepStrictEqual(await Promise.all(ids.map((_, i) => tip("busy", `b${i}`))), ids);
    const won = await Promise.allSettled(clones.map((c) => g.git(c, "push", "-q", "origin", "HEAD:main")));
    const winners = won.flatMap((r, i) => (r.status === "fulfilled" ? [ids[i]] : []));
    assert.strictEqual(winners.length, 1);
    assert.strictEqual(await tip("busy", "main"), winners[0]);
    await g.git(await g.clone("busy"), "fsck", "--strict");
});

test("a push, and the deletion of the fetched branch, do not disturb a fetch under way", async () => {
    await create("under-way");
    const w = await g.work("under-way");
    await g.commit(w, { "start": "x" });
    await g.git(w, "push", "-q", "origin", "main");
    await g.git(w, "checkout", "-q", "-b", "side");
    const id = await g.commit(w, { "big": crypto.randomBytes(30 << 20) });
    await g.git(w, "push", "-q", "origin", "side");
    const body = `0032want ${id}\n00000009done\n`;
    const reply = await new Promise((resolve, reject) => {
        const rq = http.request(`${s.endpoint}/v1/repos/under-way/git-upload-pack`, { method: "POST",
            headers: { authorization: "Basic " + Buffer.from("a:b").toString("base64"), "content-type": "application/x-git-upload-pack-request" } }, resolve);
        rq.on("error", reject);
        rq.end(body);
    });
    const parts = [await new Promise((resolve) => reply.once("data", (d) => { reply.pause(); resolve(d); }))];
    await g.git(w, "checkout", "-q", "main");
    await g.commit(w, { "start": "y" });
    await g.git(w, "push", "-q", "origin", "main", ":side");
    assert.deepStrictEqual(await branches("under-way"), ["main"]);
    for await (const d of reply) parts.push(d);
    const all = Buffer.concat(parts), empty = path.join(g.tmp, "received");
    assert.strictEqual(all.toString("latin1", 0, 8), "0008NAK\n");
    await g.git(g.tmp, "init", "-q", "--bare", empty);
    execFileSync("git", ["index-pack", "--stdin", "--strict"], { cwd: empty, input: all.subarray(8) });
    assert.strictEqual(await g.git(empty, "cat-file", "-t", id), "commit");
});

test("what is no git protocol, or no repository, is refused", async () => {
    await create("strange");
    const auth = { authorization: "Basic " + Buffer.from("a:b").toString("base64") };
    const status = async (p, init = {}) => (await fetch(s.endpoint + p, { ...init, headers: { ...auth, ...init.headers } })).status;
    assert.strictEqual(await status("/v1/repos/strange/info/refs"), 403);
    assert.strictEqual(await status("/v1/repos/strange/info/refs?service=git-shell"), 403);
    assert.strictEqual(await status("/v1/repos/strange/HEAD"), 404);
    assert.strictEqual(await status("/v1/repos/nobody/info/refs?service=git-upload-pack"), 404);
    assert.strictEqual(await status("/v1/repos/strange/git-receive-pack", { method: "POST", body: "no packets" }), 400);
    assert.strictEqual(await status("/v1/repos/..%2f..%2fetc/info/refs?service=git-upload-pack"), 404);
});

// As git-remote-codecommit and the AWS CLI's helper make it (CodeCommit's own scheme, a signature over path and host).
function password(secret, { host, region = "us-east-1", path: at, time = new Date() }) {
    const stamp = time.toISOString().replace(/[-:]/g, "").slice(0, 15), date = stamp.slice(0, 8);
    const canonical = `GIT\n${at}\n\nhost:${host}\n\nhost\n`;
    const text = `AWS4-HMAC-SHA256\n${stamp}\n${date}/${region}/codecommit/aws4_request\n${crypto.createHash("sha256").update(canonical).digest("hex")}`;
    const hmac = (key, data, how) => crypto.createHmac("sha256", key).update(data).digest(how);
    const key = [date, region, "codecommit", "aws4_request"].reduce((k, part) => hmac(k, part), `AWS4${secret}`);
    return `${stamp}Z${hmac(key, text, "hex")}`;
}

test("strict, a signature is good for its path, host, region and quarter of an hour, and for no other", async (t) => {
    const strict = await start(t, { args: ["--auth", "strict"] }), { root } = strict;
    const client = strict.client(CodeCommitClient, { credentials: root });
    for (const repositoryName of ["signed", "other"]) await client.send(new CreateRepositoryCommand({ repositoryName }));
    const host = `127.0.0.1:${strict.port}`, at = "/v1/repos/signed";
    const status = async (user, pass, p = at) => (await fetch(`${strict.endpoint}${p}/info/refs?service=git-upload-pack`,
        { headers: { authorization: "Basic " + Buffer.from(`${user}:${pass}`).toString("base64") } })).status;
    const signed = (more = {}) => password(root.secretAccessKey, { host, path: at, ...more });
    const minutes = (n) => new Date(Date.now() + n * 60e3);
    assert.strictEqual(await status(root.accessKeyId, signed()), 200);                              /* git-remote-codecommit: with its port */
    assert.strictEqual(await status(root.accessKeyId, signed({ host: "127.0.0.1" })), 200);         /* the AWS CLI's helper: without */
    assert.strictEqual(await status(root.accessKeyId, signed({ path: at + "/" })), 200);
    assert.strictEqual(await status(root.accessKeyId, password(root.secretAccessKey, { host, path: at + ".git" }), at + ".git"), 200);
    assert.strictEqual(await status(root.accessKeyId, signed({ time: minutes(-14) })), 200);
    for (const [what, pass, p] of [
        ["too old", signed({ time: minutes(-16) })], ["from the future", signed({ time: minutes(16) })], ["of another host", signed({ host: "git-codecommit.us-east-1.amazonaws.com" })],
        ["of another region", signed({ region: "eu-west-1" })], ["of another path", signed(), "/v1/repos/other"], ["by another key", password("wrong", { host, path: at })],
        ["the secret itself", root.secretAccessKey], ["nothing", ""],
    ]) assert.strictEqual(await status(root.accessKeyId, pass, p), 401, what);
    assert.strictEqual(await status("AKIAIOSFODNN7NOBODYS", signed()), 401);
});

test("strict, a push is refused to who may only pull, and credentials end when they are taken away", async (t) => {
    const strict = await start(t, { args: ["--auth", "strict"] });
    const iam = strict.client(IAMClient, { credentials: strict.root }), client = strict.client(CodeCommitClient, { credentials: strict.root });
    await client.send(new CreateRepositoryCommand({ repositoryName: "guarded" }));
    await client.send(new PutFileCommand({ repositoryName: "guarded", branchName: "main", filePath: "a", fileContent: Buffer.from("a") }));
    await iam.send(new CreateUserCommand({ UserName: "reader" }));
    await iam.send(new PutUserPolicyCommand({ UserName: "reader", PolicyName: "git", PolicyDocument: JSON.stringify({ Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "codecommit:GitPull", Resource: "*" }] }) }));
    const { ServiceSpecificCredential: c } = await iam.send(new CreateServiceSpecificCredentialCommand({ UserName: "reader", ServiceName: "codecommit.amazonaws.com" }));
    const { AccessKey: k } = await iam.send(new CreateAccessKeyCommand({ UserName: "reader" }));
    const url = `${strict.endpoint}/v1/repos/guarded`, env = { AWS_ACCESS_KEY_ID: k.AccessKeyId, AWS_SECRET_ACCESS_KEY: k.SecretAccessKey };
    const withPassword = url.replace("//", `//${encodeURIComponent(c.ServiceUserName)}:${encodeURIComponent(c.ServicePassword)}@`);
    const w = path.join(g.tmp, "reader");
    await g.git(g.tmp, "clone", "-q", withPassword, w);
    await g.commit(w, { "b": "b" });
    await assert.rejects(g.git(w, "push", "-q", withPassword, "HEAD:main"), /403/);
    await assert.rejects(g.git(w, ...HELPER, "push", "-q", url, "HEAD:main", { env }), /403/);
    await g.git(w, ...HELPER, "fetch", "-q", url, { env });
    await iam.send(new UpdateServiceSpecificCredentialCommand({ UserName: "reader", ServiceSpecificCredentialId: c.ServiceSpecificCredentialId, Status: "Inactive" }));
    await assert.rejects(g.git(w, "fetch", "-q", withPassword), /Authentication failed|401/);
    await iam.send(new DeleteAccessKeyCommand({ UserName: "reader", AccessKeyId: k.AccessKeyId }));
    await assert.rejects(g.git(w, ...HELPER, "fetch", "-q", url, { env }), /Authentication failed|401/);
    assert.strictEqual((await client.send(new ListBranchesCommand({ repositoryName: "guarded" }))).branches.length, 1);
});

test("EventBridge hears of each branch and tag that was made, moved or deleted, by push and by API, once", async () => {
    const told = await hears(s, "git", { source: ["aws.codecommit"], detail: { repositoryName: ["told"] } }), { got } = told;
    const { repositoryMetadata: m } = await create("told");
    const w = await g.work("told");
    const one = await g.commit(w, { "a": "1" });
    await g.git(w, "tag", "v1");
    await g.git(w, "push", "-q", "origin", "main", "v1");
    await send(CreateBranchCommand, { repositoryName: "told", branchName: "dev", commitId: one });
    const { commitId: two } = await send(PutFileCommand, { repositoryName: "told", branchName: "main", filePath: "b", fileContent: Buffer.from("b"), parentCommitId: one });
    await send(DeleteBranchCommand, { repositoryName: "told", branchName: "dev" });
    await told.until("five events", () => got.length >= 5);
    const line = ({ event, referenceType, referenceName, commitId, oldCommitId }) => [event, referenceType, referenceName, commitId || "-", oldCommitId || "-"].join(" ");
    assert.deepStrictEqual(got.map((e) => line(e.detail)).sort(), [
        `referenceCreated branch dev ${one} -`, `referenceCreated branch main ${one} -`, `referenceCreated tag v1 ${one} -`,
        `referenceDeleted branch dev - ${one}`, `referenceUpdated branch main ${two} ${one}`]);
    const updated = got.find((e) => e.detail.event === "referenceUpdated");
    assert.strictEqual(updated["detail-type"], "CodeCommit Repository State Change");
    assert.deepStrictEqual(updated.resources, [m.Arn]);
    assert.deepStrictEqual(updated.detail, { callerUserArn: "arn:aws:iam::000000000000:root", commitId: two, event: "referenceUpdated", oldCommitId: one,
        referenceFullName: "refs/heads/main", referenceName: "main", referenceType: "branch", repositoryId: m.repositoryId, repositoryName: "told" });
});
