// SPDX-License-Identifier: Apache-2.0
// CodeCommit by its API and by the stock git client.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { CodeCommitClient, CreateRepositoryCommand, GetRepositoryCommand, BatchGetRepositoriesCommand, ListRepositoriesCommand,
        UpdateRepositoryNameCommand, UpdateRepositoryDescriptionCommand, DeleteRepositoryCommand, CreateBranchCommand,
        GetBranchCommand, ListBranchesCommand, DeleteBranchCommand, UpdateDefaultBranchCommand, PutFileCommand, GetFileCommand,
        GetFolderCommand, DeleteFileCommand, GetBlobCommand, CreateCommitCommand, GetCommitCommand, BatchGetCommitsCommand,
        GetDifferencesCommand, MergeBranchesByFastForwardCommand, MergeBranchesBySquashCommand, MergeBranchesByThreeWayCommand,
        TagResourceCommand, UntagResourceCommand, ListTagsForResourceCommand } = require("@aws-sdk/client-codecommit");
const { S3Client, CreateBucketCommand, ListObjectsV2Command, GetObjectCommand } = require("@aws-sdk/client-s3");
const { CodePipelineClient, CreatePipelineCommand, GetPipelineStateCommand, ListActionExecutionsCommand, ListPipelineExecutionsCommand } = require("@aws-sdk/client-codepipeline");
const { IAMClient, CreateRoleCommand, CreateUserCommand, CreateAccessKeyCommand, PutUserPolicyCommand, CreateServiceSpecificCredentialCommand } = require("@aws-sdk/client-iam");
const { start, finish, refuses, until, run } = require("../lib/slipway");

let s, cc, tmp;
before(async () => {
    tmp = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-codecommit-"));
    s = await start(null, { ephemeral: false });
    cc = s.client(CodeCommitClient);
});
after(async () => { fs.rmSync(tmp, { recursive: true, force: true }); await finish(s); });

const send = (Command, input = {}) => cc.send(new Command(input));
const create = async (repositoryName, more = {}) => (await send(CreateRepositoryCommand, { repositoryName, ...more })).repositoryMetadata;
const url = (name, user = "test:test") => s.endpoint.replace("//", `//${user}@`) + `/v1/repos/${name}`;
const text = (b) => Buffer.from(b).toString();

// git without any configuration of the machine.
async function git(cwd, ...args) {
    const config = typeof args[args.length - 1] === "object" ? args.pop() : {};
    const env = { ...process.env, HOME: tmp, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0", GIT_AUTHOR_NAME: "Ann", GIT_AUTHOR_EMAIL: "ann@example.com",
                  GIT_COMMITTER_NAME: "Bob", GIT_COMMITTER_EMAIL: "bob@example.com", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test",
                  AWS_DEFAULT_REGION: "us-east-1", PYENV_ROOT: process.env.PYENV_ROOT || "/root/.pyenv", ...config.env };
    return (await run("git", args, { cwd, env, maxBuffer: 64 << 20 })).stdout.trim();
}
async function work(name) {
    const dir = fs.mkdtempSync(path.join(tmp, "work-"));
    await git(dir, "init", "-q", "-b", "main");
    await git(dir, "remote", "add", "origin", url(name));
    return dir;
}
async function commit(dir, files, message = "a commit") {
    for (const [name, data] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
        fs.writeFileSync(path.join(dir, name), data);
    }
    await git(dir, "add", "-A");
    await git(dir, "commit", "-q", "-m", message);
    return git(dir, "rev-parse", "HEAD");
}
const helper = ["-c", "credential.UseHttpPath=true", "-c", "credential.helper=", "-c", "credential.helper=!aws codecommit credential-helper --ignore-host-check $@"];

test("a repository is created, described, renamed and deleted", async () => {
    const r = await create("first", { repositoryDescription: "A first one", tags: { team: "a" } });
    assert.match(r.repositoryId, /^[0-9a-f-]{36}$/);
    assert.strictEqual(r.Arn, "arn:aws:codecommit:us-east-1:000000000000:first");
    assert.strictEqual(r.cloneUrlHttp, `${s.endpoint}/v1/repos/first`);
    assert.strictEqual(r.cloneUrlSsh, "ssh://git-codecommit.us-east-1.amazonaws.com/v1/repos/first");
    assert.strictEqual(r.defaultBranch, undefined);
    await refuses(create("first"), "RepositoryNameExistsException");
    await refuses(create("first.git"), "InvalidRepositoryNameException");
    await refuses(create("kms", { kmsKeyId: "alias/x" }), "EncryptionKeyInvalidIdException", /kmsKeyId/);
    await send(UpdateRepositoryDescriptionCommand, { repositoryName: "first", repositoryDescription: "Another" });
    await send(UpdateRepositoryNameCommand, { oldName: "first", newName: "second" });
    await refuses(send(GetRepositoryCommand, { repositoryName: "first" }), "RepositoryDoesNotExistException");
    const m = (await send(GetRepositoryCommand, { repositoryName: "second" })).repositoryMetadata;
    assert.deepStrictEqual([m.repositoryId, m.repositoryDescription], [r.repositoryId, "Another"]);
    assert.strictEqual((await send(DeleteRepositoryCommand, { repositoryName: "second" })).repositoryId, r.repositoryId);
    assert.strictEqual((await send(DeleteRepositoryCommand, { repositoryName: "second" })).repositoryId, undefined);
    assert.ok(!fs.existsSync(path.join(s.data, "git", r.repositoryId)));
});

test("repositories are listed by name and by time, and got many at once", async () => {
    for (const n of ["list-b", "list-a", "list-c"]) await create(n);
    const names = async (input) => (await send(ListRepositoriesCommand, input)).repositories.map((r) => r.repositoryName).filter((n) => n.startsWith("list-"));
    assert.deepStrictEqual(await names({}), ["list-a", "list-b", "list-c"]);
    assert.deepStrictEqual(await names({ sortBy: "lastModifiedDate", order: "descending" }), ["list-c", "list-a", "list-b"]);
    const got = await send(BatchGetRepositoriesCommand, { repositoryNames: ["list-a", "nope"] });
    assert.deepStrictEqual(got.repositories.map((r) => r.repositoryName), ["list-a"]);
    assert.deepStrictEqual(got.repositoriesNotFound, ["nope"]);
});

test("tags of a repository are added, listed and removed", async () => {
    const { Arn: resourceArn } = await create("tagged", { tags: { a: "1" } });
    await send(TagResourceCommand, { resourceArn, tags: { b: "2", a: "3" } });
    await send(UntagResourceCommand, { resourceArn, tagKeys: ["b"] });
    assert.deepStrictEqual((await send(ListTagsForResourceCommand, { resourceArn })).tags, { a: "3" });
});

test("git pushes, clones, fetches and deletes; HEAD is the first branch pushed", async () => {
    await create("flow");
    const w = await work("flow");
    const first = await commit(w, { "README": "hello\n", "src/a.txt": "a\n" }, "first");
    await git(w, "push", "-q", "origin", "main:trunk");
    assert.strictEqual((await send(GetRepositoryCommand, { repositoryName: "flow" })).repositoryMetadata.defaultBranch, "trunk");
    const clone = path.join(tmp, "flow-clone");
    await git(tmp, "clone", "-q", url("flow"), clone);
    assert.strictEqual(await git(clone, "rev-parse", "HEAD"), first);
    assert.strictEqual(await git(clone, "branch", "--show-current"), "trunk");
    const second = await commit(w, { "src/a.txt": "b\n" }, "second");
    await git(w, "tag", "v1");
    await git(w, "push", "-q", "origin", "main:trunk", "main:dev", "v1");
    await git(clone, "pull", "-q");
    assert.strictEqual(await git(clone, "rev-parse", "HEAD"), second);
    assert.deepStrictEqual((await send(ListBranchesCommand, { repositoryName: "flow" })).branches, ["dev", "trunk"]);
    await git(w, "push", "-q", "origin", ":dev");
    assert.deepStrictEqual((await send(ListBranchesCommand, { repositoryName: "flow" })).branches, ["trunk"]);
    await assert.rejects(git(clone, "push", "-q", "origin", `${first}:refs/heads/trunk`), /non-fast-forward|rejected/);
});

test("a push larger than a megabyte and a shallow clone work", async () => {
    await create("large");
    const w = await work("large"), data = crypto.randomBytes(5 << 20);
    await commit(w, { "big": data }, "one");
    await commit(w, { "small": "x" }, "two");
    await git(w, "push", "-q", "origin", "main");
    const clone = path.join(tmp, "large-clone");
    await git(tmp, "clone", "-q", "--depth", "1", url("large"), clone);
    assert.strictEqual(await git(clone, "rev-list", "--count", "HEAD"), "1");
    assert.ok(fs.readFileSync(path.join(clone, "big")).equals(data));
    await git(clone, "fetch", "-q", "--unshallow");
    assert.strictEqual(await git(clone, "rev-list", "--count", "HEAD"), "2");
});

test("git asks for credentials, and the AWS CLI's helper gives them", async () => {
    await create("helper");
    const asked = await fetch(`${s.endpoint}/v1/repos/helper/info/refs?service=git-upload-pack`);
    assert.strictEqual(asked.status, 401);
    assert.match(asked.headers.get("www-authenticate"), /^Basic realm=/);
    const w = await work("helper");
    await commit(w, { "a": "b" });
    await git(w, "remote", "set-url", "origin", `${s.endpoint}/v1/repos/helper`);
    await git(w, ...helper, "push", "-q", "origin", "main");
    assert.strictEqual((await send(ListBranchesCommand, { repositoryName: "helper" })).branches[0], "main");
    await assert.rejects(git(tmp, "clone", "-q", url("nope"), path.join(tmp, "nope")), /not found/);
});

test("strict, git takes the helper's signature and an IAM user's password, and nothing else", async (t) => {
    const strict = await start(t, { args: ["--auth", "strict"] });
    const { root } = strict;
    const iam = strict.client(IAMClient, { credentials: root }), client = strict.client(CodeCommitClient, { credentials: root });
    await client.send(new CreateRepositoryCommand({ repositoryName: "guarded" }));
    await iam.send(new CreateUserCommand({ UserName: "dev" }));
    const { AccessKey: k } = await iam.send(new CreateAccessKeyCommand({ UserName: "dev" }));
    const { ServiceSpecificCredential: c } = await iam.send(new CreateServiceSpecificCredentialCommand({ UserName: "dev", ServiceName: "codecommit.amazonaws.com" }));
    const w = await work("x");
    await commit(w, { "a": "b" });
    const plain = `${strict.endpoint}/v1/repos/guarded`, env = { AWS_ACCESS_KEY_ID: k.AccessKeyId, AWS_SECRET_ACCESS_KEY: k.SecretAccessKey };
    await assert.rejects(git(w, ...helper, "push", "-q", plain, "main", { env }), /403/);
    await iam.send(new PutUserPolicyCommand({ UserName: "dev", PolicyName: "git", PolicyDocument: JSON.stringify({ Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: ["codecommit:GitPull", "codecommit:GitPush"], Resource: "arn:aws:codecommit:us-east-1:000000000000:guarded" }] }) }));
    await git(w, ...helper, "push", "-q", plain, "main", { env });
    await assert.rejects(git(w, ...helper, "push", "-q", plain, "main:x", { env: { ...env, AWS_SECRET_ACCESS_KEY: "wrong" } }), /Authentication failed|401/);
    const credentials = `${encodeURIComponent(c.ServiceUserName)}:${encodeURIComponent(c.ServicePassword)}`;
    await git(tmp, "clone", "-q", plain.replace("//", `//${credentials}@`), path.join(tmp, "guarded"));
    await assert.rejects(git(tmp, "clone", "-q", plain.replace("//", "//a:b@"), path.join(tmp, "guarded2")), /Authentication failed|401/);
});

test("branches are created, deleted and chosen as the default", async () => {
    await create("branches");
    const repositoryName = "branches", fileContent = Buffer.from("x");
    const { commitId } = await send(PutFileCommand, { repositoryName, branchName: "main", filePath: "a", fileContent });
    await send(CreateBranchCommand, { repositoryName, branchName: "dev", commitId });
    await refuses(send(CreateBranchCommand, { repositoryName, branchName: "dev", commitId }), "BranchNameExistsException");
    await refuses(send(CreateBranchCommand, { repositoryName, branchName: "x", commitId: "1".repeat(40) }), "CommitDoesNotExistException");
    await refuses(send(CreateBranchCommand, { repositoryName, branchName: "a..b", commitId }), "InvalidBranchNameException");
    assert.deepStrictEqual((await send(GetBranchCommand, { repositoryName, branchName: "dev" })).branch, { branchName: "dev", commitId });
    await refuses(send(GetBranchCommand, { repositoryName, branchName: "nope" }), "BranchDoesNotExistException");
    await refuses(send(DeleteBranchCommand, { repositoryName, branchName: "main" }), "DefaultBranchCannotBeDeletedException");
    await send(UpdateDefaultBranchCommand, { repositoryName, defaultBranchName: "dev" });
    await refuses(send(UpdateDefaultBranchCommand, { repositoryName, defaultBranchName: "nope" }), "BranchDoesNotExistException");
    assert.deepStrictEqual((await send(DeleteBranchCommand, { repositoryName, branchName: "main" })).deletedBranch, { branchName: "main", commitId });
    assert.deepStrictEqual((await send(DeleteBranchCommand, { repositoryName, branchName: "main" })).deletedBranch, undefined);
});

test("files are put, got, listed and deleted", async () => {
    await create("files");
    const repositoryName = "files", branchName = "main";
    const put = (filePath, content, parentCommitId, more = {}) => send(PutFileCommand, { repositoryName, branchName, filePath, fileContent: Buffer.from(content), parentCommitId, ...more });
    const one = await put("docs/a.txt", "one");
    await refuses(put("docs/b.txt", "two"), "ParentCommitIdRequiredException");
    await refuses(put("docs/a.txt", "one", one.commitId), "SameFileContentException");
    const two = await put("run.sh", "#!/bin/sh\n", one.commitId, { fileMode: "EXECUTABLE", name: "Ann", email: "ann@example.com", commitMessage: "add run" });
    await refuses(put("x", "y", one.commitId), "ParentCommitIdOutdatedException");
    await refuses(put("docs", "y", two.commitId), "FileNameConflictsWithDirectoryNameException");
    await refuses(put("../x", "y", two.commitId), "InvalidPathException");
    const got = await send(GetFileCommand, { repositoryName, filePath: "run.sh" });
    assert.deepStrictEqual([got.commitId, got.blobId, got.fileMode, got.fileSize, text(got.fileContent)], [two.commitId, two.blobId, "EXECUTABLE", 10, "#!/bin/sh\n"]);
    await refuses(send(GetFileCommand, { repositoryName, filePath: "nope" }), "FileDoesNotExistException");
    await refuses(send(GetFileCommand, { repositoryName, filePath: "run.sh", commitSpecifier: "nope" }), "CommitDoesNotExistException");
    const folder = await send(GetFolderCommand, { repositoryName, folderPath: "/" });
    assert.deepStrictEqual(folder.subFolders.map((f) => f.absolutePath), ["docs"]);
    assert.deepStrictEqual(folder.files.map((f) => [f.absolutePath, f.fileMode]), [["run.sh", "EXECUTABLE"]]);
    assert.strictEqual(text((await send(GetBlobCommand, { repositoryName, blobId: one.blobId })).content), "one");
    await refuses(send(GetBlobCommand, { repositoryName, blobId: "1".repeat(40) }), "BlobIdDoesNotExistException");
    const three = await send(DeleteFileCommand, { repositoryName, branchName, filePath: "run.sh", parentCommitId: two.commitId });
    assert.strictEqual(three.blobId, two.blobId);
    await refuses(send(DeleteFileCommand, { repositoryName, branchName, filePath: "run.sh", parentCommitId: three.commitId }), "FileDoesNotExistException");
    const { commit: c } = await send(GetCommitCommand, { repositoryName, commitId: two.commitId });
    assert.deepStrictEqual([c.author.name, c.author.email, c.message.trim(), c.parents], ["Ann", "ann@example.com", "add run", [one.commitId]]);
    assert.match(c.author.date, /^\d+ \+0000$/);
    await refuses(send(GetCommitCommand, { repositoryName, commitId: "1".repeat(40) }), "CommitIdDoesNotExistException");
    await refuses(send(GetCommitCommand, { repositoryName, commitId: "zz" }), "InvalidCommitIdException");
    const batch = await send(BatchGetCommitsCommand, { repositoryName, commitIds: [one.commitId, "1".repeat(40)] });
    assert.deepStrictEqual(batch.commits.map((x) => x.commitId), [one.commitId]);
    assert.strictEqual(batch.errors[0].errorCode, "CommitIdDoesNotExistException");
});

test("one commit puts, moves, deletes and changes modes; differences show it", async () => {
    await create("commit");
    const repositoryName = "commit", branchName = "main";
    const file = (filePath, content) => ({ filePath, fileContent: Buffer.from(content) });
    const one = await send(CreateCommitCommand, { repositoryName, branchName, putFiles: [file("a", "1"), file("b", "2"), file("c", "3"), file("run", "x")] });
    assert.deepStrictEqual(one.filesAdded.map((f) => f.absolutePath), ["a", "b", "c", "run"]);
    await refuses(send(CreateCommitCommand, { repositoryName, branchName, parentCommitId: one.commitId }), "FileEntryRequiredException");
    await refuses(send(CreateCommitCommand, { repositoryName, branchName, parentCommitId: one.commitId, putFiles: [{ filePath: "z" }] }), "SourceFileOrContentRequiredException");
    await refuses(send(CreateCommitCommand, { repositoryName, branchName, parentCommitId: one.commitId, putFiles: [file("a", "1")] }), "NoChangeException");
    await refuses(send(CreateCommitCommand, { repositoryName, branchName: "other", parentCommitId: one.commitId, putFiles: [file("a", "2")] }), "BranchDoesNotExistException");
    const two = await send(CreateCommitCommand, {
        repositoryName, branchName, parentCommitId: one.commitId, authorName: "Ann", commitMessage: "all",
        putFiles: [file("a", "changed"), { filePath: "moved", sourceFile: { filePath: "b", isMove: true } }],
        deleteFiles: [{ filePath: "c" }], setFileModes: [{ filePath: "run", fileMode: "EXECUTABLE" }],
    });
    assert.deepStrictEqual(two.filesAdded.map((f) => f.absolutePath), ["moved"]);
    assert.deepStrictEqual(two.filesUpdated.map((f) => [f.absolutePath, f.fileMode]), [["a", "NORMAL"], ["run", "EXECUTABLE"]]);
    assert.deepStrictEqual(two.filesDeleted.map((f) => f.absolutePath), ["b", "c"]);
    const all = [];
    for (let NextToken; ;) {
        const p = await send(GetDifferencesCommand, { repositoryName, beforeCommitSpecifier: one.commitId, afterCommitSpecifier: "main", MaxResults: 2, NextToken });
        assert.ok(p.differences.length <= 2);
        all.push(...p.differences.map((d) => d.changeType + (d.afterBlob || d.beforeBlob).path));
        if (!(NextToken = p.NextToken)) break;
    }
    assert.deepStrictEqual(all.sort(), ["Amoved", "Db", "Dc", "Ma", "Mrun"]);
    assert.strictEqual((await send(GetDifferencesCommand, { repositoryName, afterCommitSpecifier: two.commitId })).differences.length, 3);
});

test("branches are merged; files that both changed need a human", async () => {
    await create("merge");
    const repositoryName = "merge", file = (filePath, content) => ({ filePath, fileContent: Buffer.from(content) });
    const put = (branchName, parentCommitId, ...putFiles) => send(CreateCommitCommand, { repositoryName, branchName, parentCommitId, putFiles });
    const base = await put("main", undefined, file("a", "1\n2\n3\n4\n5\n6\n7\n8\n"), file("b", "b"));
    for (const branchName of ["dev", "same", "clash"]) await send(CreateBranchCommand, { repositoryName, branchName, commitId: base.commitId });
    const dev = await put("dev", base.commitId, file("c", "c"));
    const merge = (Command, source, more = {}) => send(Command, { repositoryName, sourceCommitSpecifier: source, destinationCommitSpecifier: "main", ...more });
    assert.strictEqual((await merge(MergeBranchesByFastForwardCommand, "dev")).commitId, dev.commitId);
    await put("main", dev.commitId, file("a", "first\n2\n3\n4\n5\n6\n7\n8\n"));
    await put("same", base.commitId, file("a", "1\n2\n3\n4\n5\n6\n7\nlast\n"));
    await put("clash", base.commitId, file("a", "other\n2\n3\n4\n5\n6\n7\n8\n"));
    await refuses(merge(MergeBranchesByFastForwardCommand, "same"), "ManualMergeRequiredException");
    await refuses(merge(MergeBranchesByThreeWayCommand, "same"), "ManualMergeRequiredException");
    await refuses(merge(MergeBranchesByThreeWayCommand, "same", { conflictResolutionStrategy: "AUTOMERGE" }), "InvalidConflictResolutionStrategyException");
    const three = await merge(MergeBranchesByThreeWayCommand, "same", { conflictDetailLevel: "LINE_LEVEL", authorName: "Ann", commitMessage: "merged" });
    assert.strictEqual((await send(GetCommitCommand, { repositoryName, commitId: three.commitId })).commit.parents.length, 2);
    assert.strictEqual(text((await send(GetFileCommand, { repositoryName, filePath: "a" })).fileContent), "first\n2\n3\n4\n5\n6\n7\nlast\n");
    await refuses(merge(MergeBranchesBySquashCommand, "clash", { conflictDetailLevel: "LINE_LEVEL" }), "ManualMergeRequiredException");
});

test("everything is there after a restart, and kill -9 after a push loses nothing", async () => {
    await create("stay");
    const w = await work("stay");
    await commit(w, { "a": "b" });
    await git(w, "push", "-q", "origin", "main");
    await s.kill9();
    await s.start();
    cc = s.client(CodeCommitClient);
    const head = await git(w, "rev-parse", "HEAD");
    assert.strictEqual((await send(GetBranchCommand, { repositoryName: "stay", branchName: "main" })).branch.commitId, head);
    await git(tmp, "clone", "-q", url("stay"), path.join(tmp, "stay"));
});

test("CodePipeline's source action stores a push's commit as a zip and tells what it is", async () => {
    const iam = s.client(IAMClient), s3 = s.client(S3Client), cp = s.client(CodePipelineClient);
    await create("source");
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "pipeline", AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: "codepipeline.amazonaws.com" }, Action: "sts:AssumeRole" }] }) }));
    await s3.send(new CreateBucketCommand({ Bucket: "artifacts" }));
    const action = (name, category, provider, configuration, more = {}) => ({ name, actionTypeId: { category, owner: "AWS", provider, version: "1" }, configuration, ...more });
    const pipeline = (configuration) => ({
        name: "p", roleArn: Role.Arn, artifactStore: { type: "S3", location: "artifacts" },
        stages: [{ name: "Source", actions: [action("Source", "Source", "CodeCommit", { RepositoryName: "source", BranchName: "main", ...configuration }, { outputArtifacts: [{ name: "code" }], namespace: "Src" })] },
                 { name: "Hold", actions: [action("Hold", "Approval", "Manual", { CustomData: "#{Src.CommitId} #{Src.RepositoryName} #{Src.BranchName} #{Src.CommitMessage}" })] }],
    });
    await cp.send(new CreatePipelineCommand({ pipeline: pipeline({}) }));
    const w = await work("source");
    const id = await commit(w, { "buildspec.yml": "version: 0.2\n", "run.sh": "#!/bin/sh\n" }, "deploy this");
    await git(w, "push", "-q", "origin", "main");
    const held = await until("the source succeeds", async () => {
        const { stageStates } = await cp.send(new GetPipelineStateCommand({ name: "p" }));
        const a = stageStates[0].actionStates[0];
        return stageStates[1].actionStates[0].latestExecution && a.currentRevision && a.currentRevision.revisionId === id && a;
    });
    assert.strictEqual(held.latestExecution.status, "Succeeded");
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: "artifacts" }));
    assert.strictEqual(Contents.length, 1);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: "artifacts", Key: Contents[0].Key }));
    fs.writeFileSync(path.join(tmp, "code.zip"), await Body.transformToByteArray());
    const { stdout } = await run("python3", ["-m", "zipfile", "-l", path.join(tmp, "code.zip")]);
    assert.match(stdout, /buildspec\.yml/);
    assert.match(stdout, /run\.sh/);
    const { actionExecutionDetails } = await cp.send(new ListActionExecutionsCommand({ pipelineName: "p" }));
    const source = actionExecutionDetails.find((a) => a.actionName === "Source");
    assert.deepStrictEqual([source.output.outputVariables.CommitId, source.output.outputVariables.BranchName, source.output.outputVariables.RepositoryName, source.output.outputVariables.CommitMessage.trim()],
                           [id, "main", "source", "deploy this"]);
    assert.match(source.output.outputVariables.AuthorDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

test("a push whose server died before it told of it is told at the next start, once", async () => {
    const cp = s.client(CodePipelineClient);
    const before = (await cp.send(new ListPipelineExecutionsCommand({ pipelineName: "p" }))).pipelineExecutionSummaries.length;
    await s.restart({ env: { SLIPWAY_CRASH_AT: "codecommit.push.received_not_told" } });
    const clone = path.join(tmp, "crash");
    await git(tmp, "clone", "-q", url("source"), clone);
    const id = await commit(clone, { "late.txt": "x" }, "late");
    await assert.rejects(git(clone, "push", "-q", "origin", "main"));
    assert.strictEqual((await s.ended).signal, "SIGKILL");
    await s.start();
    const executions = async () => (await s.client(CodePipelineClient).send(new ListPipelineExecutionsCommand({ pipelineName: "p" }))).pipelineExecutionSummaries;
    await until("the pipeline starts", async () => (await executions()).length > before);
    await s.restart();
    const all = await executions();
    assert.strictEqual(all.length, before + 1);
    assert.strictEqual(all[0].sourceRevisions[0].revisionId, id);
});
