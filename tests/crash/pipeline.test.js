// SPDX-License-Identifier: Apache-2.0
// kill -9 at each named instant that a pipeline's life reaches: git push -> Source -> Approval (told by SNS) -> Build. The
// next start carries on: the execution succeeds, every action ran once, nothing is left behind.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const cc = require("@aws-sdk/client-codecommit");
const cp = require("@aws-sdk/client-codepipeline");
const cb = require("@aws-sdk/client-codebuild");
const { S3Client, CreateBucketCommand } = require("@aws-sdk/client-s3");
const { SNSClient, CreateTopicCommand, SubscribeCommand, ListSubscriptionsByTopicCommand } = require("@aws-sdk/client-sns");
const { stage, action, approval } = require("../lib/pipeline");
const { role } = require("../lib/role");
const { start, until, run } = require("../lib/slipway");
const { points, alive, lives, idle, leavesNothing } = require("../lib/crash");

const HERE = points(/^(codepipeline|codebuild(?!\.environment_)|codecommit|git|sns|engine)\./);

const git = (cwd, ...args) => run("git", ["-c", "user.name=T", "-c", "user.email=t@example.com", ...args], { cwd, env: { ...process.env, GIT_TERMINAL_PROMPT: "0" } });

// An HTTP endpoint that confirms its subscription.
async function endpoint(t) {
    const server = http.createServer((rq, reply) => {
        let text = "";
        rq.on("data", (d) => { text += d; });
        rq.on("end", () => {
            reply.end();
            const m = JSON.parse(text);
            if (m.SubscribeURL) http.get(m.SubscribeURL, (r) => r.resume()).on("error", () => {});
        });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    return `http://127.0.0.1:${server.address().port}/`;
}

async function setUp(t, s) {
    const sns = s.client(SNSClient);
    await s.client(S3Client).send(new CreateBucketCommand({ Bucket: "artifacts" }));
    await s.client(cc.CodeCommitClient).send(new cc.CreateRepositoryCommand({ repositoryName: "app" }));
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "approvals" }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: await endpoint(t) }));
    await until("the subscription is confirmed", async () => (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn })))
        .Subscriptions.some((x) => x.SubscriptionArn.startsWith("arn:")));
    await s.client(cb.CodeBuildClient).send(new cb.CreateProjectCommand({
        name: "app", serviceRole: await role(s, "builder", "codebuild.amazonaws.com"), source: { type: "CODEPIPELINE" }, artifacts: { type: "CODEPIPELINE" },
        environment: { type: "LINUX_CONTAINER", image: "aws/codebuild/standard:7.0", computeType: "BUILD_GENERAL1_SMALL" } }));
    await s.client(cp.CodePipelineClient).send(new cp.CreatePipelineCommand({ pipeline: {
        name: "p", roleArn: await role(s, "pipeline", "codepipeline.amazonaws.com"), artifactStore: { type: "S3", location: "artifacts" },
        stages: [
            stage("Source", action("Source", "Source", "CodeCommit", { RepositoryName: "app", BranchName: "main" }, { outputArtifacts: [{ name: "code" }] })),
            stage("Approve", approval("Approve", {}, { NotificationArn: TopicArn })),
            stage("Build", action("Build", "Build", "CodeBuild", { ProjectName: "app" }, { inputArtifacts: [{ name: "code" }], outputArtifacts: [{ name: "built" }] })),
        ] } }));
    /* Made on an empty repository, it starts and fails: out of the way before the crash. */
    await until("the first execution has ended", async () => (await executions(s)).every((e) => e.status !== "InProgress"));
    const work = fs.mkdtempSync(path.join(s.data, "../slipway-work-"));
    t.after(() => fs.rmSync(work, { recursive: true, force: true }));
    await git(work, "init", "-q", "-b", "main");
    fs.writeFileSync(path.join(work, "buildspec.yml"), "version: 0.2\nphases: {build: {commands: [echo built > out.txt]}}\nartifacts: {files: [out.txt]}\n");
    await git(work, "add", ".");
    await git(work, "commit", "-q", "-m", "first");
    s.work = work;
    s.head = (await git(work, "rev-parse", "HEAD")).stdout.trim();
}

const executions = async (s) => (await s.client(cp.CodePipelineClient).send(new cp.ListPipelineExecutionsCommand({ pipelineName: "p" }))).pipelineExecutionSummaries;
const ours = async (s) => (await executions(s)).filter((e) => (e.sourceRevisions || []).some((r) => r.revisionId === s.head));
async function approve(s) {
    const client = s.client(cp.CodePipelineClient);
    const look = async () => (await client.send(new cp.GetPipelineStateCommand({ name: "p" }))).stageStates[1].actionStates[0].latestExecution;
    const asked = await alive(s, "the approval is asked for", async () => {
        const e = await look();
        return e && (e.token || e.status === "Succeeded") && e;
    });
    if (asked.status !== "Succeeded")
        await client.send(new cp.PutApprovalResultCommand({ pipelineName: "p", stageName: "Approve", actionName: "Approve",
            token: asked.token, result: { status: "Approved", summary: "yes" } }));
}

// Each step may be cut short by the crash, and is done anew on the next start.
const known = (name) => (e) => { if (e.name !== name) throw e; };
const STEPS = () => [
    (s) => s.client(cc.CodeCommitClient).send(new cc.CreateRepositoryCommand({ repositoryName: "other" })).catch(known("RepositoryNameExistsException")),
    (s) => s.client(cc.CodeCommitClient).send(new cc.PutFileCommand({ repositoryName: "other", branchName: "main", filePath: "a", fileContent: Buffer.from("a") }))
        .catch(known("ParentCommitIdRequiredException")),
    (s) => git(s.work, "push", "-q", s.endpoint.replace("//", "//test:test@") + "/v1/repos/app", "main"),
    approve,
    (s) => alive(s, "the execution succeeds", async () => (await ours(s)).some((e) => e.status === "Succeeded")),
];

async function check(s) {
    const all = await ours(s);
    assert.strictEqual(all.length, 1);
    const { actionExecutionDetails } = await s.client(cp.CodePipelineClient).send(new cp.ListActionExecutionsCommand({
        pipelineName: "p", filter: { pipelineExecutionId: all[0].pipelineExecutionId } }));
    assert.deepStrictEqual(actionExecutionDetails.map((a) => `${a.actionName} ${a.status}`).sort(), ["Approve Succeeded", "Build Succeeded", "Source Succeeded"]);
    assert.strictEqual((await s.client(cb.CodeBuildClient).send(new cb.ListBuildsForProjectCommand({ projectName: "app" }))).ids.length, 1);
    assert.ok((await executions(s)).every((e) => e.status !== "InProgress"));
}

for (const point of HERE)
    test(`a pipeline whose server is killed at ${point} carries on`, async (t) => {
        const s = await start(t, { ephemeral: false });
        await setUp(t, s);
        await lives(s, point, STEPS());
        await check(s);
        await idle(s);
        await leavesNothing(s);
    });
