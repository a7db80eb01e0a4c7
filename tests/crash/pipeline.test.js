// SPDX-License-Identifier: Apache-2.0
// kill -9 at each named instant that a pipeline's life reaches: git push -> Source -> Approval (told by SNS) -> Build. The
// next start carries on: the execution succeeds, every action ran once, nothing is left behind. The instants are those of
// the sources; one that no test reaches must be named below, with the reason.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { execFileSync } = require("node:child_process");
const cc = require("@aws-sdk/client-codecommit");
const cp = require("@aws-sdk/client-codepipeline");
const cb = require("@aws-sdk/client-codebuild");
const { IAMClient, CreateRoleCommand } = require("@aws-sdk/client-iam");
const { S3Client, CreateBucketCommand } = require("@aws-sdk/client-s3");
const { SNSClient, CreateTopicCommand, SubscribeCommand, ListSubscriptionsByTopicCommand } = require("@aws-sdk/client-sns");
const { start, until, run } = require("../lib/slipway");

const ROOT = path.join(__dirname, "../..");
const SOURCES = path.join(ROOT, "src");
const read = (f) => fs.readFileSync(path.join(ROOT, f), "utf8");
const POINTS = [...new Set(fs.readdirSync(SOURCES, { recursive: true }).filter((f) => f.endsWith(".c")).sort()
    .flatMap((f) => [...fs.readFileSync(path.join(SOURCES, f), "utf8").matchAll(/SW_CRASH_POINT\("([^"]+)"\)/g)].map((m) => m[1])))];
const HERE = POINTS.filter((p) => /^(codepipeline|codebuild|codecommit|git|sns|engine)\./.test(p));

// Reached by no crash test, and why.
const PROXY = "needs a load balancer; the mark of what is applied is taken away first and written last";
const NOT_REACHED = {
    "cloudwatch.alarm.evaluated_not_committed": "an alarm is evaluated in one transaction",
    "ecr.layer.written_not_committed": "needs an image push, which the client does again",
    "ecs.action.before_commit": "needs an ECS service behind the pipeline",
    "ecs.action.after_commit": "needs an ECS service behind the pipeline",
    "elbv2.proxy_applied_not_noted": "needs a load balancer; the step reads everything and applies it anew",
    "events.delivery.delivered_not_committed": "needs a rule; delivery and its record are one transaction",
    "proxy.config_written_not_loaded": PROXY,
    "proxy.loaded_not_noted": PROXY,
};

test("every crash point is reached by a test, or is said not to be", () => {
    const elsewhere = read("tests/unit/container/test_crash.c") + read("tests/crash/test_store.c");
    const covered = (p) => HERE.includes(p) || /^ecs\.(task|service|log)\./.test(p) || elsewhere.includes(`"${p}"`);
    assert.deepStrictEqual(POINTS.filter((p) => !covered(p) && !NOT_REACHED[p]), []);
    assert.deepStrictEqual(Object.keys(NOT_REACHED).filter((p) => !POINTS.includes(p) || covered(p)), []);
});

const trust = (service) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }] });
const action = (name, category, provider, configuration, more = {}) => ({ name, actionTypeId: { category, owner: "AWS", provider, version: "1" }, configuration, ...more });
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
    const iam = s.client(IAMClient), sns = s.client(SNSClient);
    const roleArn = async (n, service) => (await iam.send(new CreateRoleCommand({ RoleName: n, AssumeRolePolicyDocument: trust(service) }))).Role.Arn;
    await s.client(S3Client).send(new CreateBucketCommand({ Bucket: "artifacts" }));
    await s.client(cc.CodeCommitClient).send(new cc.CreateRepositoryCommand({ repositoryName: "app" }));
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "approvals" }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "http", Endpoint: await endpoint(t) }));
    await until("the subscription is confirmed", async () => (await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn })))
        .Subscriptions.some((x) => x.SubscriptionArn.startsWith("arn:")));
    await s.client(cb.CodeBuildClient).send(new cb.CreateProjectCommand({
        name: "app", serviceRole: await roleArn("builder", "codebuild.amazonaws.com"), source: { type: "CODEPIPELINE" }, artifacts: { type: "CODEPIPELINE" },
        environment: { type: "LINUX_CONTAINER", image: "aws/codebuild/standard:7.0", computeType: "BUILD_GENERAL1_SMALL" } }));
    await s.client(cp.CodePipelineClient).send(new cp.CreatePipelineCommand({ pipeline: {
        name: "p", roleArn: await roleArn("pipeline", "codepipeline.amazonaws.com"), artifactStore: { type: "S3", location: "artifacts" },
        stages: [
            { name: "Source", actions: [action("Source", "Source", "CodeCommit", { RepositoryName: "app", BranchName: "main" }, { outputArtifacts: [{ name: "code" }] })] },
            { name: "Approve", actions: [action("Approve", "Approval", "Manual", { NotificationArn: TopicArn })] },
            { name: "Build", actions: [action("Build", "Build", "CodeBuild", { ProjectName: "app" }, { inputArtifacts: [{ name: "code" }], outputArtifacts: [{ name: "built" }] })] },
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
const dead = (s) => s.child.exitCode !== null || s.child.signalCode !== null;
const alive = (s, what, condition) => until(what, () => {
    if (dead(s)) throw new Error("the server ended");
    return condition();
}, { seconds: 40 });

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

async function live(s, steps) {
    while (steps.length) {
        await steps[0](s);
        steps.shift();
    }
}

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
        await s.restart({ env: { SLIPWAY_CRASH_AT: point } }).catch(() => {});
        const steps = STEPS();
        await live(s, steps).catch((e) => { s.why = e; });
        await until(`it comes to ${point}`, () => dead(s), { seconds: 10 }).catch((e) => { throw s.why || e; });
        assert.strictEqual((await s.ended).signal, "SIGKILL");
        await s.start();
        await live(s, steps);
        await check(s);
        const instance = fs.readFileSync(path.join(s.data, "instance"), "utf8").trim();
        await s.stop();
        await run(process.env.SLIPWAY || path.join(ROOT, "build/slipway"), ["down", "--data", s.data]);
        const containers = path.join(s.data, "containers");
        assert.deepStrictEqual(fs.existsSync(containers) ? fs.readdirSync(containers) : [], []);
        assert.ok(!execFileSync("ip", ["netns", "list"]).toString().includes(instance));
    });
