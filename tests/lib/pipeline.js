// SPDX-License-Identifier: Apache-2.0
// Pipelines under test: their roles, bucket and repository, their declarations, and what has become of them.
//
//     const w = await world(s);                        // role "pipeline", bucket "artifacts", repository "app" with a commit
//     await w.create("p", [w.source(), stage("Hold", approval("Hold"))]);
//     const e = await w.ended("p");
"use strict";
const cp = require("@aws-sdk/client-codepipeline");
const { CodeCommitClient, CreateRepositoryCommand, PutFileCommand, GetBranchCommand } = require("@aws-sdk/client-codecommit");
const { S3Client, CreateBucketCommand } = require("@aws-sdk/client-s3");
const { serve, later } = require("./file");
const { role, trust } = require("./role");
const { until } = require("./slipway");

const stage = (name, ...actions) => ({ name, actions });
const action = (name, category, provider, configuration, more = {}) =>
    ({ name, actionTypeId: { category, owner: "AWS", provider, version: "1" }, configuration, ...more });
const approval = (name, more = {}, configuration = {}) => action(name, "Approval", "Manual", configuration, more);
// A stage that waits for its approval.
const hold = () => stage("Hold", approval("Hold"));
// A build whose project does not exist: it fails at once.
const broken = (name, more = {}) => action(name, "Build", "CodeBuild", { ProjectName: "nowhere" }, { inputArtifacts: [{ name: "code" }], ...more });

class World {
    constructor(s) {
        this.s = s;
        this.cp = later(s, cp.CodePipelineClient);
        this.cc = later(s, CodeCommitClient);
    }

    send(Command, input = {}) { return this.cp.send(new Command(input)); }

    role(name, service) { return role(this.s, name, service); }

    async repository(name, files = { "README.md": "hello\n" }) {
        await this.cc.send(new CreateRepositoryCommand({ repositoryName: name }));
        for (const [path, text] of Object.entries(files)) this.head = await this.put(name, path, text);
        return this.head;
    }

    // A commit of one file on main; its id.
    async put(repositoryName, filePath, text, branchName = "main") {
        const tip = await this.cc.send(new GetBranchCommand({ repositoryName, branchName })).catch(() => null);
        const r = await this.cc.send(new PutFileCommand({ repositoryName, branchName, filePath, fileContent: Buffer.from(text),
            commitMessage: `put ${filePath}`, parentCommitId: tip ? tip.branch.commitId : undefined }));
        return r.commitId;
    }

    source(configuration = {}, more = {}) {
        return stage("Source", action("Source", "Source", "CodeCommit",
            { RepositoryName: "app", BranchName: "main", PollForSourceChanges: "false", ...configuration },
            { outputArtifacts: [{ name: "code" }], ...more }));
    }

    declaration(name, stages, more = {}) {
        return { name, roleArn: this.roleArn, artifactStore: { type: "S3", location: "artifacts" }, stages, ...more };
    }

    async create(name, stages, more = {}) {
        return this.send(cp.CreatePipelineCommand, { pipeline: this.declaration(name, stages, more) });
    }

    async start(name, more = {}) {
        return (await this.send(cp.StartPipelineExecutionCommand, { name, ...more })).pipelineExecutionId;
    }

    // Newest first.
    async executions(pipelineName, more = {}) {
        return (await this.send(cp.ListPipelineExecutionsCommand, { pipelineName, ...more })).pipelineExecutionSummaries;
    }

    async actions(pipelineName, pipelineExecutionId) {
        return (await this.send(cp.ListActionExecutionsCommand, { pipelineName, filter: pipelineExecutionId && { pipelineExecutionId } })).actionExecutionDetails;
    }

    async execution(pipelineName, pipelineExecutionId) {
        return (await this.send(cp.GetPipelineExecutionCommand, { pipelineName, pipelineExecutionId })).pipelineExecution;
    }

    async state(name, stageName) {
        return (await this.send(cp.GetPipelineStateCommand, { name })).stageStates.find((x) => x.stageName === stageName);
    }

    // The execution (absent: the newest) once it has the status.
    async reaches(name, status, id) {
        const at = id || (await this.executions(name))[0].pipelineExecutionId;
        let now;
        return until(`execution ${at} of ${name} is ${status}`, async () => {
            now = await this.execution(name, at);
            return now.status === status && now;
        }, { seconds: 60 }).catch((e) => { throw new Error(`${e.message}: it is ${JSON.stringify(now)}`); });
    }

    // The approval action's latest execution, once it asks.
    async asked(name, stageName, actionName = stageName, executionId) {
        return until(`${stageName} of ${name} asks for approval`, async () => {
            const x = await this.state(name, stageName);
            const a = x.actionStates.find((y) => y.actionName === actionName).latestExecution;
            return a && a.token && (!executionId || x.latestExecution.pipelineExecutionId === executionId) && a;
        });
    }

    answer(pipelineName, stageName, token, status, summary = "", actionName = stageName) {
        return this.send(cp.PutApprovalResultCommand, { pipelineName, stageName, actionName, token, result: { status, summary } });
    }

    async approve(name, stageName, actionName = stageName, executionId) {
        const { token } = await this.asked(name, stageName, actionName, executionId);
        return this.answer(name, stageName, token, "Approved", "yes", actionName);
    }
}

async function furnish(w) {
    w.roleArn = await w.role("pipeline", "codepipeline.amazonaws.com");
    await w.s.client(S3Client).send(new CreateBucketCommand({ Bucket: "artifacts" }));
    await w.repository("app");
    return w;
}
const world = (s) => furnish(new World(s));

// A file's own server, and such a world in it.
function worldFile() {
    const s = serve({ ready: () => furnish(w) }), w = new World(s);
    return { s, w };
}

module.exports = { World, world, worldFile, trust, stage, action, approval, broken, hold };
