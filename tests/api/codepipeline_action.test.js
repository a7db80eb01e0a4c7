// SPDX-License-Identifier: Apache-2.0
// Actions of pipelines: manual approval, artifacts and builds, the roles that they act under. Deploy ECS is in ecs.test.js.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const cp = require("@aws-sdk/client-codepipeline");
const { CodeBuildClient, CreateProjectCommand, BatchGetBuildsCommand, StartBuildCommand } = require("@aws-sdk/client-codebuild");
const { IAMClient, CreateRoleCommand, PutRolePolicyCommand, DeleteRoleCommand } = require("@aws-sdk/client-iam");
const { S3Client, GetObjectCommand, CreateBucketCommand } = require("@aws-sdk/client-s3");
const { SNSClient, CreateTopicCommand, SubscribeCommand } = require("@aws-sdk/client-sns");
const { SQSClient, CreateQueueCommand, ReceiveMessageCommand } = require("@aws-sdk/client-sqs");
const { start, refuses, until } = require("../lib/slipway");
const { world, worldFile, trust, stage, action, approval, broken, World } = require("../lib/pipeline");
const { unzip } = require("../lib/zip");

const { s, w } = worldFile();

const latest = async (name, stageName, k = 0, on = w) => (await on.state(name, stageName)).actionStates[k].latestExecution;

test("an approval is told by SNS, answered once with its token, and shows by whom and why", async () => {
    const sns = s.client(SNSClient), sqs = s.client(SQSClient);
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: "approvals" }));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "approvals" }));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint: "arn:aws:sqs:us-east-1:000000000000:approvals" }));
    await w.create("approve", [w.source(), stage("Hold", approval("Ask", {}, { NotificationArn: TopicArn, CustomData: "look twice", ExternalEntityLink: "http://example.com/review" }))]);
    const { token } = await w.asked("approve", "Hold", "Ask");
    const { Messages: [m] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 10 }));
    const told = JSON.parse(m.Body), { approval: a, region } = JSON.parse(told.Message);
    assert.strictEqual(told.Subject, "APPROVAL NEEDED: AWS CodePipeline approve for action Ask");
    assert.deepStrictEqual([region, a.pipelineName, a.stageName, a.actionName, a.token, a.customData, a.externalEntityLink],
        ["us-east-1", "approve", "Hold", "Ask", token, "look twice", "http://example.com/review"]);
    assert.ok(Math.abs(new Date(a.expires) - Date.now() - 7 * 86400e3) < 60e3);

    const answer = (more, result = { status: "Approved", summary: "fine" }) =>
        w.send(cp.PutApprovalResultCommand, { pipelineName: "approve", stageName: "Hold", actionName: "Ask", token, result, ...more });
    await refuses(answer({ token: "11111111-1111-1111-1111-111111111111" }), "InvalidApprovalTokenException");
    await refuses(answer({ stageName: "Nowhere" }), "StageNotFoundException");
    await refuses(answer({ actionName: "Other" }), "InvalidApprovalTokenException");
    await refuses(answer({ pipelineName: "nobody" }), "PipelineNotFoundException");
    assert.strictEqual((await latest("approve", "Hold")).status, "InProgress");
    const { approvedAt } = await answer({});
    assert.ok(Math.abs(approvedAt - Date.now()) < 60e3);
    await w.reaches("approve", "Succeeded");
    const done = await latest("approve", "Hold");
    assert.deepStrictEqual([done.status, done.summary, done.lastUpdatedBy, done.token], ["Succeeded", "fine", "arn:aws:iam::000000000000:root", undefined]);
    await refuses(answer({}), "ApprovalAlreadyCompletedException");
});

test("a rejection fails the action, the stage and the execution, with the reviewer's words", async () => {
    await w.create("reject", [w.source(), stage("Hold", approval("Hold"))]);
    const { token } = await w.asked("reject", "Hold");
    await w.answer("reject", "Hold", token, "Rejected", "not on a Friday");
    await w.reaches("reject", "Failed");
    const done = await latest("reject", "Hold");
    assert.deepStrictEqual([done.status, done.summary], ["Failed", "not on a Friday"]);
    assert.match(done.errorDetails.message, /not on a Friday/);
});

test("nobody answers: after seven days, or the action's own timeout, the approval has failed", async (t) => {
    const own = await start(t), v = await world(own);
    await v.create("late", [v.source(), stage("Hold", approval("Hold"))]);
    await v.create("soon", [v.source(), stage("Hold", approval("Hold", { timeoutInMinutes: 10 }))]);
    const { token } = await v.asked("late", "Hold");
    await v.asked("soon", "Hold");
    await own.advance(11 * 60);
    await v.reaches("soon", "Failed");
    assert.strictEqual((await latest("late", "Hold", 0, v)).status, "InProgress");
    await own.advance(7 * 86400);
    await v.reaches("late", "Failed");
    await refuses(v.answer("late", "Hold", token, "Approved"), "ApprovalAlreadyCompletedException");
});

test("a topic that is not there fails the approval at once", async () => {
    await w.create("topicless", [w.source(), stage("Hold", approval("Hold", {}, { NotificationArn: "arn:aws:sns:us-east-1:000000000000:gone" }))]);
    await w.reaches("topicless", "Failed");
    assert.match((await latest("topicless", "Hold")).errorDetails.message, /[Tt]opic/);
});

async function project(name, buildspec, more = {}) {
    await s.client(CodeBuildClient).send(new CreateProjectCommand({
        name, serviceRole: w.builder || (w.builder = await w.role("builder", "codebuild.amazonaws.com")), source: { type: "CODEPIPELINE", buildspec },
        artifacts: { type: "CODEPIPELINE" }, environment: { type: "LINUX_CONTAINER", image: "aws/codebuild/standard:7.0", computeType: "BUILD_GENERAL1_SMALL" }, ...more }));
}
const build = (name, configuration, inputs, outputs, more = {}) => action(name, "Build", "CodeBuild", configuration,
    { inputArtifacts: inputs.map((n) => ({ name: n })), outputArtifacts: outputs.map((n) => ({ name: n })), ...more });
const zipOf = async ({ bucket, key }) => unzip(Buffer.from(await (await s.client(S3Client).send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body.transformToByteArray()));

test("artifacts are zips in the bucket: the commit's files, then what the builds made of them", async () => {
    const head = await w.repository("built", { "word.txt": "from git\n", "deep/er.txt": "x" });
    await project("first", `
version: 0.2
env: {exported-variables: [NUMBER]}
phases:
  build:
    commands:
      - NUMBER=42
      - cp word.txt out.txt && echo "$COLOUR $CODEBUILD_RESOLVED_SOURCE_VERSION $CODEBUILD_INITIATOR" >> out.txt && echo two > second.txt
artifacts:
  secondary-artifacts:
    main: {files: [out.txt]}
    side: {files: [second.txt]}
`);
    await project("second", `
version: 0.2
phases: {build: {commands: ['cat out.txt $CODEBUILD_SRC_DIR_side/second.txt > all.txt', 'echo "$FROM" >> all.txt']}}
artifacts: {files: [all.txt]}
`);
    await w.create("artifacts", [
        w.source({ RepositoryName: "built" }, { namespace: "Src" }),
        stage("Build",
            build("First", { ProjectName: "first", EnvironmentVariables: JSON.stringify([{ name: "COLOUR", value: "#{Src.BranchName}", type: "PLAINTEXT" }]) }, ["code"], ["main", "side"], { namespace: "First" }),
            build("Second", { ProjectName: "second", PrimarySource: "main", EnvironmentVariables: JSON.stringify([{ name: "FROM", value: "#{First.NUMBER}" }]) }, ["main", "side"], ["all"], { runOrder: 2 })),
    ]);
    const e = await w.reaches("artifacts", "Succeeded");
    const [second, first, source] = await w.actions("artifacts", e.pipelineExecutionId);
    const where = (a, name) => a.output.outputArtifacts.find((x) => x.name === name).s3location;
    assert.match(where(source, "code").key, /^artifacts\/code\/\w{7}$/);
    assert.strictEqual(where(source, "code").bucket, "artifacts");
    assert.deepStrictEqual(await zipOf(where(source, "code")), { "word.txt": "from git\n", "deep/er.txt": "x" });
    assert.deepStrictEqual(await zipOf(where(first, "main")), { "out.txt": `from git\nmain ${head} codepipeline/artifacts\n` });
    assert.deepStrictEqual(await zipOf(where(second, "all")), { "all.txt": `from git\nmain ${head} codepipeline/artifacts\ntwo\n42\n` });
    assert.deepStrictEqual(second.input.inputArtifacts.map((a) => a.s3location), [where(first, "main"), where(first, "side")]);
    assert.deepStrictEqual(first.output.outputVariables, { NUMBER: "42" });
    const { builds: [b] } = await s.client(CodeBuildClient).send(new BatchGetBuildsCommand({ ids: [first.output.executionResult.externalExecutionId] }));
    assert.deepStrictEqual([b.initiator, b.source.type, b.sourceVersion, b.resolvedSourceVersion], ["codepipeline/artifacts", "CODEPIPELINE", head, head]);
    assert.strictEqual(first.output.executionResult.externalExecutionUrl, undefined);
    await refuses(s.client(CodeBuildClient).send(new StartBuildCommand({ projectName: "first" })), "InvalidInputException", /CODEPIPELINE/);
});

test("a failing build fails its action with the phase's words; abandoning an execution stops its build", async () => {
    await project("fails", "version: 0.2\nphases: {build: {commands: [exit 3]}}\n");
    await project("sleeps", "version: 0.2\nphases: {build: {commands: [sleep 600]}}\n");
    await w.create("fails", [w.source(), stage("Build", build("Build", { ProjectName: "fails" }, ["code"], []))]);
    await w.create("sleeps", [w.source(), stage("Build", build("Build", { ProjectName: "sleeps" }, ["code"], []))]);
    await w.reaches("fails", "Failed");
    const { errorDetails } = await latest("fails", "Build");
    assert.strictEqual(errorDetails.code, "JobFailed");
    assert.match(errorDetails.message, /^Build terminated with state: FAILED\. .*exit 3.* exit status 3/);
    const id = await until("the build is there", async () => ((await latest("sleeps", "Build")) || {}).externalExecutionId);
    await w.send(cp.StopPipelineExecutionCommand, { pipelineName: "sleeps", pipelineExecutionId: (await w.executions("sleeps"))[0].pipelineExecutionId, abandon: true });
    await w.reaches("sleeps", "Stopped");
    await until("the build is stopped", async () =>
        (await s.client(CodeBuildClient).send(new BatchGetBuildsCommand({ ids: [id] }))).builds[0].buildStatus === "STOPPED");
});

test("an action whose role is gone or does not trust CodePipeline fails with a permission error", async () => {
    const roleArn = await w.role("stranger", "ec2.amazonaws.com");
    await w.create("untrusted", [w.source(), stage("Fail", broken("Fail", { roleArn }))]);
    await w.reaches("untrusted", "Failed");
    assert.deepStrictEqual((await latest("untrusted", "Fail")).errorDetails, { code: "PermissionError", message: `CodePipeline is not authorized to perform AssumeRole on role ${roleArn}` });
    const own = await w.role("gone", "codepipeline.amazonaws.com");
    await w.create("orphan", [w.source(), stage("Hold", approval("Hold"))], { roleArn: own });
    await w.approve("orphan", "Hold");
    await w.reaches("orphan", "Succeeded");
    await s.client(IAMClient).send(new DeleteRoleCommand({ RoleName: "gone" }));
    await w.reaches("orphan", "Failed", await w.start("orphan"));
    assert.strictEqual((await latest("orphan", "Source")).errorDetails.code, "PermissionError");
});

test("strict, a pipeline may do what its role may, and AWS's message says what it may not", async (t) => {
    const strict = await start(t, { args: ["--auth", "strict"] }), credentials = strict.root;
    const v = new World({ client: (Client) => strict.client(Client, { credentials }) });
    const iam = strict.client(IAMClient, { credentials });
    v.roleArn = (await iam.send(new CreateRoleCommand({ RoleName: "limited", AssumeRolePolicyDocument: trust("codepipeline.amazonaws.com") }))).Role.Arn;
    await strict.client(S3Client, { credentials }).send(new CreateBucketCommand({ Bucket: "artifacts" }));
    await v.repository("app");
    const allow = (...Action) => iam.send(new PutRolePolicyCommand({ RoleName: "limited", PolicyName: "p",
        PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] }) }));
    const fails = async (stageName) => {
        await v.reaches("limited", "Failed", await v.start("limited"));
        return (await latest("limited", stageName, 0, v)).errorDetails;
    };
    await v.create("limited", [v.source(), stage("Build", broken("Build"))]);
    await v.reaches("limited", "Failed");
    let e = await fails("Source");
    assert.strictEqual(e.code, "PermissionError");
    assert.match(e.message, /^The service role or action role doesn't have the permissions required to access the AWS CodeCommit repository named app\. Update the IAM role permissions/);
    assert.match(e.message, /User: arn:aws:sts::000000000000:assumed-role\/limited\/\S+ is not authorized to perform: codecommit:GetBranch on resource: arn:aws:codecommit:us-east-1:000000000000:app/);
    await allow("codecommit:*");
    e = await fails("Source");
    assert.strictEqual(e.code, "PermissionError");
    assert.match(e.message, /access the Amazon S3 bucket named artifacts\. Update the IAM role permissions, and then try again\. Error: Amazon S3:AccessDenied:/);
    await allow("codecommit:*", "s3:*");
    e = await fails("Build");
    assert.strictEqual(e.code, "PermissionError");
    assert.match(e.message, /^Error calling startBuild: User: arn:aws:sts::000000000000:assumed-role\/limited\/\S+ is not authorized to perform: codebuild:StartBuild on resource: arn:aws:codebuild:us-east-1:000000000000:project\/nowhere/);
    await allow("codecommit:*", "s3:*", "codebuild:*");
    assert.strictEqual((await fails("Build")).code, "ResourceNotFoundException");
});
