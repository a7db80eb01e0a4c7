// SPDX-License-Identifier: Apache-2.0
// CodeCommit by its API; the stock git client is in codecommit_git.test.js.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { CreateRepositoryCommand, GetRepositoryCommand, BatchGetRepositoriesCommand, ListRepositoriesCommand,
        UpdateRepositoryNameCommand, UpdateRepositoryDescriptionCommand, DeleteRepositoryCommand, CreateBranchCommand,
        GetBranchCommand, DeleteBranchCommand, UpdateDefaultBranchCommand, PutFileCommand, GetFileCommand,
        GetFolderCommand, DeleteFileCommand, GetBlobCommand, CreateCommitCommand, GetCommitCommand, BatchGetCommitsCommand,
        GetDifferencesCommand, MergeBranchesByFastForwardCommand, MergeBranchesBySquashCommand, MergeBranchesByThreeWayCommand,
        TagResourceCommand, UntagResourceCommand, ListTagsForResourceCommand,
        PutRepositoryTriggersCommand, CreatePullRequestCommand, PostCommentForComparedCommitCommand } = require("@aws-sdk/client-codecommit");
const { S3Client, CreateBucketCommand, ListObjectsV2Command, GetObjectCommand } = require("@aws-sdk/client-s3");
const { CodePipelineClient, CreatePipelineCommand, GetPipelineStateCommand, ListActionExecutionsCommand, ListPipelineExecutionsCommand } = require("@aws-sdk/client-codepipeline");
const { gitFile } = require("../lib/git");
const { stage, action, approval } = require("../lib/pipeline");
const { role } = require("../lib/role");
const { refuses, until } = require("../lib/slipway");
const { unzip } = require("../lib/zip");

const { s, g, send } = gitFile();
const create = async (repositoryName, more = {}) => (await send(CreateRepositoryCommand, { repositoryName, ...more })).repositoryMetadata;
const text = (b) => Buffer.from(b).toString();

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
    const w = await g.work("stay");
    await g.commit(w, { "a": "b" });
    await g.git(w, "push", "-q", "origin", "main");
    await s.kill9();
    await s.start();
    const head = await g.git(w, "rev-parse", "HEAD");
    assert.strictEqual((await send(GetBranchCommand, { repositoryName: "stay", branchName: "main" })).branch.commitId, head);
    await g.git(g.tmp, "clone", "-q", g.url("stay"), path.join(g.tmp, "stay"));
});

test("CodePipeline's source action stores a push's commit as a zip and tells what it is", async () => {
    const s3 = s.client(S3Client), cp = s.client(CodePipelineClient);
    await create("source");
    await s3.send(new CreateBucketCommand({ Bucket: "artifacts" }));
    const roleArn = await role(s, "pipeline", "codepipeline.amazonaws.com");
    const pipeline = (configuration) => ({
        name: "p", roleArn, artifactStore: { type: "S3", location: "artifacts" },
        stages: [stage("Source", action("Source", "Source", "CodeCommit", { RepositoryName: "source", BranchName: "main", ...configuration }, { outputArtifacts: [{ name: "code" }], namespace: "Src" })),
                 stage("Hold", approval("Hold", {}, { CustomData: "#{Src.CommitId} #{Src.RepositoryName} #{Src.BranchName} #{Src.CommitMessage}" }))],
    });
    await cp.send(new CreatePipelineCommand({ pipeline: pipeline({}) }));
    const w = await g.work("source");
    const id = await g.commit(w, { "buildspec.yml": "version: 0.2\n", "run.sh": "#!/bin/sh\n" }, "deploy this");
    await g.git(w, "push", "-q", "origin", "main");
    const held = await until("the source succeeds", async () => {
        const { stageStates } = await cp.send(new GetPipelineStateCommand({ name: "p" }));
        const a = stageStates[0].actionStates[0];
        return stageStates[1].actionStates[0].latestExecution && a.currentRevision && a.currentRevision.revisionId === id && a;
    });
    assert.strictEqual(held.latestExecution.status, "Succeeded");
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: "artifacts" }));
    assert.strictEqual(Contents.length, 1);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: "artifacts", Key: Contents[0].Key }));
    assert.deepStrictEqual(unzip(Buffer.from(await Body.transformToByteArray())), { "buildspec.yml": "version: 0.2\n", "run.sh": "#!/bin/sh\n" });
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
    const clone = path.join(g.tmp, "crash");
    await g.git(g.tmp, "clone", "-q", g.url("source"), clone);
    const id = await g.commit(clone, { "late.txt": "x" }, "late");
    await assert.rejects(g.git(clone, "push", "-q", "origin", "main"));
    assert.strictEqual((await s.ended).signal, "SIGKILL");
    await s.start();
    const executions = async () => (await s.client(CodePipelineClient).send(new ListPipelineExecutionsCommand({ pipelineName: "p" }))).pipelineExecutionSummaries;
    await until("the pipeline starts, and has its source", async () => (await executions()).length > before && (await executions())[0].sourceRevisions[0]);
    await s.restart();
    const all = await executions();
    assert.strictEqual(all.length, before + 1);
    assert.strictEqual(all[0].sourceRevisions[0].revisionId, id);
});

test("the AWS CLI makes a repository, writes, compares, merges and reads", async () => {
    const cli = (operation, ...args) => s.aws("codecommit", operation, "--repository-name", "cli", ...args);
    await cli("create-repository");
    const file = path.join(g.tmp, "cli.txt");
    fs.writeFileSync(file, "by the CLI\n");
    const { commitId: one } = await cli("put-file", "--branch-name", "main", "--file-content", `fileb://${file}`, "--file-path", "cli.txt");
    await cli("create-branch", "--branch-name", "dev", "--commit-id", one);
    const { commitId: two } = await cli("create-commit", "--branch-name", "dev", "--parent-commit-id", one, "--author-name", "Ann", "--email", "ann@example.com",
        "--commit-message", "more", "--put-files", JSON.stringify([{ filePath: "more.txt", fileContent: Buffer.from("more").toString("base64") }]));
    assert.deepStrictEqual((await cli("list-branches")).branches, ["dev", "main"]);
    const { differences } = await cli("get-differences", "--before-commit-specifier", "main", "--after-commit-specifier", "dev");
    assert.deepStrictEqual(differences.map((d) => [d.changeType, d.afterBlob.path]), [["A", "more.txt"]]);
    assert.strictEqual((await cli("merge-branches-by-fast-forward", "--source-commit-specifier", "dev", "--destination-commit-specifier", "main")).commitId, two);
    assert.strictEqual(Buffer.from((await cli("get-file", "--file-path", "cli.txt")).fileContent, "base64").toString(), "by the CLI\n");
    assert.strictEqual((await cli("get-commit", "--commit-id", two)).commit.author.name, "Ann");
    assert.deepStrictEqual((await cli("get-folder", "--folder-path", "/")).files.map((f) => f.relativePath), ["cli.txt", "more.txt"]);
    assert.strictEqual((await cli("delete-branch", "--branch-name", "dev")).deletedBranch.commitId, two);
    await assert.rejects(cli("get-branch", "--branch-name", "dev"), /BranchDoesNotExistException/);
});

test("what no handler serves is refused at once: triggers, pull requests, comments", async () => {
    await create("refused");
    await refuses(send(PutRepositoryTriggersCommand, { repositoryName: "refused", triggers: [{ name: "t", destinationArn: "arn:aws:sns:us-east-1:000000000000:t", events: ["all"] }] }),
        "NotImplemented", /PutRepositoryTriggers/);
    await refuses(send(CreatePullRequestCommand, { title: "t", targets: [{ repositoryName: "refused", sourceReference: "dev" }] }), "NotImplemented", /CreatePullRequest/);
    await refuses(send(PostCommentForComparedCommitCommand, { repositoryName: "refused", afterCommitId: "HEAD", content: "c" }), "NotImplemented", /PostCommentForComparedCommit/);
});
