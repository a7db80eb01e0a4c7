// SPDX-License-Identifier: Apache-2.0
// CodePipeline's action Deploy/AWS/ECS/1.
"use strict";
const { test, before, after, describe } = require("node:test");
const assert = require("node:assert");
const { S3Client, CreateBucketCommand } = require("@aws-sdk/client-s3");
const { CodeCommitClient, CreateRepositoryCommand, PutFileCommand } = require("@aws-sdk/client-codecommit");
const { CodePipelineClient, CreatePipelineCommand, StartPipelineExecutionCommand, GetPipelineExecutionCommand,
        ListActionExecutionsCommand } = require("@aws-sdk/client-codepipeline");
const { until } = require("../lib/slipway");
const { Ecs, FARGATE } = require("../lib/ecs");

const e = new Ecs();

before(() => e.open({ web: true }));
after(() => e.close());

describe("the pipeline's action Deploy ECS", () => {
    const pipeline = () => e.s.client(CodePipelineClient);
    const execute = async (name) => {
        const { pipelineExecutionId } = await pipeline().send(new StartPipelineExecutionCommand({ name }));
        return until("the execution ends", async () => {
            const r = (await pipeline().send(new GetPipelineExecutionCommand({ pipelineName: name, pipelineExecutionId }))).pipelineExecution;
            return !["InProgress", "Stopping"].includes(r.status) && r;
        });
    };
    const put = async (images, parentCommitId) => (await e.s.client(CodeCommitClient).send(new PutFileCommand({
        repositoryName: "deploy", branchName: "main", filePath: "imagedefinitions.json", parentCommitId,
        fileContent: Buffer.from(JSON.stringify(images)) }))).commitId;
    let parent;

    before(async () => {
        const arn = await e.role("pipeline", "codepipeline.amazonaws.com");
        await e.s.client(S3Client).send(new CreateBucketCommand({ Bucket: "artifacts" }));
        await e.s.client(CodeCommitClient).send(new CreateRepositoryCommand({ repositoryName: "deploy" }));
        const d = await e.register("piped", [{ name: "web", image: e.image("web:v1"), portMappings: [{ containerPort: 8080 }] }], FARGATE);
        await e.send("CreateService", { cluster: "main", serviceName: "piped", taskDefinition: d.taskDefinitionArn, desiredCount: 1,
            launchType: "FARGATE", networkConfiguration: e.network,
            deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } } });
        await e.stable("piped");
        parent = await put([{ name: "web", imageUri: e.image("web:v2") }]);
        await pipeline().send(new CreatePipelineCommand({ pipeline: {
            name: "deploy", roleArn: arn, artifactStore: { type: "S3", location: "artifacts" }, stages: [
                { name: "Source", actions: [{ name: "Source", actionTypeId: { category: "Source", owner: "AWS", provider: "CodeCommit", version: "1" },
                    configuration: { RepositoryName: "deploy", BranchName: "main", PollForSourceChanges: "false" }, outputArtifacts: [{ name: "src" }] }] },
                { name: "Deploy", actions: [{ name: "Deploy", actionTypeId: { category: "Deploy", owner: "AWS", provider: "ECS", version: "1" },
                    configuration: { ClusterName: "main", ServiceName: "piped" }, inputArtifacts: [{ name: "src" }] }] },
            ] } }));
    });

    test("registers a revision with the images of imagedefinitions.json and succeeds with its deployment", async () => {
        const r = await execute("deploy");
        assert.strictEqual(r.status, "Succeeded");
        const v = await e.service("piped");
        const d = (await e.send("DescribeTaskDefinition", { taskDefinition: v.taskDefinition })).taskDefinition;
        assert.strictEqual(d.containerDefinitions[0].image, e.image("web:v2"));
        assert.strictEqual(v.deployments[0].rolloutState, "COMPLETED");
    });

    test("fails with the deployment's reason when it is rolled back", async () => {
        parent = await put([{ name: "web", imageUri: e.image("web:bad") }], parent);
        const r = await execute("deploy");
        assert.strictEqual(r.status, "Failed");
        const { actionExecutionDetails } = await pipeline().send(new ListActionExecutionsCommand({ pipelineName: "deploy", filter: { pipelineExecutionId: r.pipelineExecutionId } }));
        const deploy = actionExecutionDetails.find((a) => a.actionName === "Deploy");
        assert.match(deploy.output.executionResult.errorDetails.message, /circuit breaker/);
        await e.stable("piped");
    });

    test("fails when a container is not in the task definition", async () => {
        parent = await put([{ name: "nobody", imageUri: e.image("web:v2") }], parent);
        assert.strictEqual((await execute("deploy")).status, "Failed");
    });
});
