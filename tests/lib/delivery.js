// SPDX-License-Identifier: Apache-2.0
// The way to production in short: a CodeCommit repository whose commits say which image to run, a pipeline that takes them
// from there, an ECS service, with or without a load balancer in front.
//
//     const d = await delivery(s, { balanced: true });    // cluster "main", service "web" runs web:v1, pipeline "web"
//     const commit = await d.commit("v2");
//     await d.ended(await d.start(), "Succeeded");
//     await d.stable();
"use strict";
const ECS = require("@aws-sdk/client-ecs");
const CC = require("@aws-sdk/client-codecommit");
const CP = require("@aws-sdk/client-codepipeline");
const L = require("@aws-sdk/client-elastic-load-balancing-v2");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const { S3Client, CreateBucketCommand } = require("@aws-sdk/client-s3");
const { ask, frontOf } = require("./elbv2");
const { push } = require("./image");
const { action, stage } = require("./pipeline");
const { role } = require("./role");
const { until } = require("./slipway");

// A stage of one action of its name.
const alone = (name, ...rest) => stage(name, action(name, ...rest));

class Delivery {
    constructor(s) {
        this.s = s;
        this.ecs = s.client(ECS.ECSClient);
        this.cc = s.client(CC.CodeCommitClient);
        this.cp = s.client(CP.CodePipelineClient);
        this.elb = s.client(L.ElasticLoadBalancingV2Client);
    }

    role(name, service) { return role(this.s, name, service, { may: "*" }); }

    image(tag) { return `127.0.0.1:${this.s.port}/web:${tag}`; }

    // An image that answers with its tag, and ends at once when it is told to: who still sends requests to it loses them.
    push(tag, more = {}) {
        return push(this.s, `web:${tag}`, { cmd: ["sh", "-c", "trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"], files: { "www/index.html": tag }, ...more });
    }

    async balancer() { Object.assign(this, await frontOf(this.s, "web", 1)); }

    async service({ desiredCount = 1, tags, breaker = true } = {}) {
        await this.ecs.send(new ECS.CreateClusterCommand({ clusterName: "main" }));
        await this.ecs.send(new ECS.RegisterTaskDefinitionCommand({ family: "web", networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"],
            cpu: "256", memory: "512", containerDefinitions: [{ name: "web", image: this.image("v1"), stopTimeout: 2, portMappings: [{ containerPort: 8080 }] }] }));
        const { Subnets } = await this.s.client(EC2Client).send(new DescribeSubnetsCommand({}));
        const deploymentCircuitBreaker = { enable: breaker, rollback: breaker };
        await this.ecs.send(new ECS.CreateServiceCommand({ cluster: "main", serviceName: "web", taskDefinition: "web", desiredCount, launchType: "FARGATE", tags,
            networkConfiguration: { awsvpcConfiguration: { subnets: [Subnets[0].SubnetId] } }, deploymentConfiguration: { deploymentCircuitBreaker },
            ...(this.group && { loadBalancers: [{ targetGroupArn: this.group, containerName: "web", containerPort: 8080 }] }) }));
    }

    async pipeline(between = [], artifact = "code") {
        const roleArn = await this.role("pipeline", "codepipeline.amazonaws.com");
        await this.s.client(S3Client).send(new CreateBucketCommand({ Bucket: "artifacts" }));
        await this.cp.send(new CP.CreatePipelineCommand({ pipeline: { name: "web", roleArn, artifactStore: { type: "S3", location: "artifacts" }, stages: [
            alone("Source", "Source", "CodeCommit", { RepositoryName: "web", BranchName: "main", PollForSourceChanges: "false" }, { outputArtifacts: [{ name: "code" }] }),
            ...between.map((x) => alone(...x)),
            alone("Deploy", "Deploy", "ECS", { ClusterName: "main", ServiceName: "web" }, { inputArtifacts: [{ name: artifact }] })] } }));
    }

    // Made again where it is cut short: the same text again is the commit that is there.
    async commit(tag, more = "") {
        const branch = async () => (await this.cc.send(new CC.GetBranchCommand({ repositoryName: "web", branchName: "main" }))).branch.commitId;
        const files = { "imagedefinitions.json": JSON.stringify([{ name: "web", imageUri: this.image(tag) }]), note: `${tag} ${more}` };
        const parentCommitId = await branch().catch((e) => { if (e.name !== "BranchDoesNotExistException") throw e; });
        const r = await this.cc.send(new CC.CreateCommitCommand({ repositoryName: "web", branchName: "main", parentCommitId, commitMessage: `${tag} ${more}`,
            putFiles: Object.entries(files).map(([filePath, text]) => ({ filePath, fileContent: Buffer.from(text) })) }))
            .catch(async (e) => { if (e.name !== "NoChangeException") throw e; return { commitId: await branch() }; });
        return r.commitId;
    }

    async start(clientRequestToken) {
        return (await this.cp.send(new CP.StartPipelineExecutionCommand({ name: "web", clientRequestToken }))).pipelineExecutionId;
    }

    async execution(pipelineExecutionId) {
        return (await this.cp.send(new CP.GetPipelineExecutionCommand({ pipelineName: "web", pipelineExecutionId }))).pipelineExecution;
    }

    async executions() {
        return (await this.cp.send(new CP.ListPipelineExecutionsCommand({ pipelineName: "web" }))).pipelineExecutionSummaries;
    }

    async actions(pipelineExecutionId) {
        return (await this.cp.send(new CP.ListActionExecutionsCommand({ pipelineName: "web", filter: { pipelineExecutionId } }))).actionExecutionDetails;
    }

    async look() {
        return (await this.ecs.send(new ECS.DescribeServicesCommand({ cluster: "main", services: ["web"] }))).services[0];
    }

    async tasks() {
        return (await this.ecs.send(new ECS.ListTasksCommand({ cluster: "main", serviceName: "web" }))).taskArns;
    }

    async targets() {
        const { TargetHealthDescriptions } = await this.elb.send(new L.DescribeTargetHealthCommand({ TargetGroupArn: this.group }));
        return TargetHealthDescriptions.map((x) => x.TargetHealth.State);
    }

    async isStable() {
        const v = await this.look();
        return v.deployments.length === 1 && v.deployments[0].rolloutState === "COMPLETED" && v.runningCount === v.desiredCount &&
            v.pendingCount === 0 && v;
    }

    // One request through the load balancer: "200 v1", or what went wrong.
    ask(path = "/index.html") { return ask(this, path); }

    // One request after the other until stop(), which gives how often each answer came.
    load() {
        const seen = {};
        let on = true;
        const worker = async () => {
            while (on) {
                const k = await this.ask();
                seen[k] = (seen[k] || 0) + 1;
            }
        };
        const ended = worker();
        return { seen, stop: async () => { on = false; await ended; return seen; } };
    }
}

async function delivery(s, { balanced = false, versions = ["v1", "v2"], between, artifact, prepare, ...service } = {}) {
    const d = new Delivery(s);
    for (const v of versions) await d.push(v);
    if (balanced) await d.balancer();
    await d.service(service);
    await d.cc.send(new CC.CreateRepositoryCommand({ repositoryName: "web" }));
    if (prepare) await prepare(d);
    await d.pipeline(between, artifact);
    /* Made on an empty repository, it starts and fails: out of the way. */
    await until("the first execution has ended", async () => (await d.executions()).every((e) => e.status !== "InProgress"));
    return d;
}

module.exports = { delivery, Delivery };
