// SPDX-License-Identifier: Apache-2.0
// Pipelines as resources: their life, what a declaration must be, tags, transitions. What they do when they run is in
// codepipeline_execution.test.js and codepipeline_action.test.js.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const cp = require("@aws-sdk/client-codepipeline");
const { start, refuses } = require("../lib/slipway");
const { world, worldFile, hold, stage, action, approval, broken } = require("../lib/pipeline");

const ROLE = "arn:aws:iam::000000000000:role/pipeline";
const { s, w } = worldFile();

test("a pipeline is created, read in each of its versions, updated, listed and deleted", async () => {
    const { pipeline, tags } = await w.send(cp.CreatePipelineCommand, { pipeline: w.declaration("life", [w.source(), hold()]), tags: [{ key: "team", value: "a" }] });
    assert.deepStrictEqual([pipeline.version, pipeline.pipelineType, pipeline.executionMode], [1, "V1", "SUPERSEDED"]);
    assert.strictEqual(pipeline.stages[0].actions[0].runOrder, 1);
    assert.deepStrictEqual(tags, [{ key: "team", value: "a" }]);
    const first = await w.send(cp.GetPipelineCommand, { name: "life" });
    assert.deepStrictEqual(first.pipeline, pipeline);
    assert.strictEqual(first.metadata.pipelineArn, "arn:aws:codepipeline:us-east-1:000000000000:life");
    assert.ok(first.metadata.created instanceof Date && first.metadata.updated instanceof Date);
    const changed = await w.send(cp.UpdatePipelineCommand, { pipeline: { ...w.declaration("life", [w.source(), stage("Other", approval("Hold"))]), version: 77 } });
    assert.strictEqual(changed.pipeline.version, 2);
    assert.strictEqual((await w.send(cp.GetPipelineCommand, { name: "life" })).pipeline.stages[1].name, "Other");
    assert.strictEqual((await w.send(cp.GetPipelineCommand, { name: "life", version: 1 })).pipeline.stages[1].name, "Hold");
    await refuses(w.send(cp.GetPipelineCommand, { name: "life", version: 3 }), "PipelineVersionNotFoundException");
    const { pipelines } = await w.send(cp.ListPipelinesCommand);
    const listed = pipelines.find((p) => p.name === "life");
    assert.deepStrictEqual([listed.version, listed.pipelineType, listed.executionMode], [2, "V1", "SUPERSEDED"]);
    await w.send(cp.DeletePipelineCommand, { name: "life" });
    await w.send(cp.DeletePipelineCommand, { name: "life" });
    await refuses(w.send(cp.GetPipelineCommand, { name: "life" }), "PipelineNotFoundException", /^Account '000000000000' does not have a pipeline with name 'life'$/);
    await refuses(w.send(cp.UpdatePipelineCommand, { pipeline: w.declaration("life", [w.source(), hold()]) }), "PipelineNotFoundException");
    await refuses(w.send(cp.ListPipelineExecutionsCommand, { pipelineName: "life" }), "PipelineNotFoundException");
});

test("a name is taken once, and an account's or region's pipelines are its own", async () => {
    await w.create("once", [w.source(), hold()]);
    await refuses(w.create("once", [w.source(), hold()]), "PipelineNameInUseException", /^A pipeline with the name 'once' already exists in account '000000000000'$/);
    const elsewhere = s.client(cp.CodePipelineClient, { region: "eu-west-1" });
    assert.deepStrictEqual((await elsewhere.send(new cp.ListPipelinesCommand({}))).pipelines, []);
    const other = s.client(cp.CodePipelineClient, { credentials: { accessKeyId: "111111111111", secretAccessKey: "x" } });
    assert.deepStrictEqual((await other.send(new cp.ListPipelinesCommand({}))).pipelines, []);
});

test("pipelines are listed by name, page by page", async () => {
    for (const n of ["page-c", "page-a", "page-b"]) await w.create(n, [w.source(), hold()]);
    const names = [];
    let nextToken;
    do {
        const r = await w.send(cp.ListPipelinesCommand, { maxResults: 2, nextToken });
        assert.ok(r.pipelines.length <= 2);
        names.push(...r.pipelines.map((p) => p.name));
        nextToken = r.nextToken;
    } while (nextToken);
    assert.deepStrictEqual(names, [...names].sort());
    assert.deepStrictEqual(names.filter((n) => n.startsWith("page-")), ["page-a", "page-b", "page-c"]);
    await refuses(w.send(cp.ListPipelinesCommand, { nextToken: "nonsense" }), "InvalidNextTokenException");
});

// What is broken in the declaration, and what AWS says of it.
const build = (more) => action("Build", "Build", "CodeBuild", { ProjectName: "x" }, { inputArtifacts: [{ name: "code" }], ...more });
const FAULTS = [
    ["one stage", (d) => { d.stages.pop(); }, "InvalidStructureException", /^Pipeline has only 1 stage\(s\)\. There should be a minimum of 2 stages in a pipeline$/],
    ["a first stage without a source", (d) => { d.stages.reverse(); }, "InvalidStructureException", /^Pipeline should start with a stage that only contains source actions$/],
    ["a source in a later stage", (d) => { d.stages.push({ ...w.source(), name: "Late" }); }, "InvalidStructureException", /only allowed in the first stage/],
    ["two stages of one name", (d) => { d.stages.push(hold()); }, "InvalidStageDeclarationException", /^Stage name must be unique within a pipeline\. 'Hold' has been used more than once\.$/],
    ["a stage without actions", (d) => { d.stages[1].actions = []; }, "InvalidStageDeclarationException", /'Hold' has no actions/],
    ["two actions of one name", (d) => { d.stages[1].actions.push(approval("Hold")); }, "InvalidActionDeclarationException", /^Action name must be unique within a stage\. 'Hold' has been used/],
    ["an unknown action type", (d) => { d.stages[1].actions[0].actionTypeId.version = "9"; }, "InvalidActionDeclarationException",
        /^ActionType \(Category: 'Approval', Provider: 'Manual', Owner: 'AWS', Version: '9'\) in action 'Hold' is not available in region us-east-1$/],
    ["no configuration where it is needed", (d) => { delete d.stages[0].actions[0].configuration.BranchName; }, "InvalidActionDeclarationException",
        /^Action configuration for action 'Source' is missing required configuration 'BranchName'$/],
    ["an unknown configuration", (d) => { d.stages[0].actions[0].configuration.Colour = "red"; }, "InvalidActionDeclarationException",
        /^Action configuration for action 'Source' contains unknown configuration 'Colour'$/],
    ["an input that nobody makes", (d) => { d.stages[1].actions = [build({ inputArtifacts: [{ name: "other" }] })]; }, "InvalidActionDeclarationException", /'other' in action 'Build'/],
    ["an input that is made at the same time", (d) => { d.stages[1].actions = [build({ outputArtifacts: [{ name: "out" }] }), { ...build({ inputArtifacts: [{ name: "out" }] }), name: "Use" }]; },
        "InvalidActionDeclarationException", /'out' in action 'Use'/],
    ["one output twice", (d) => { d.stages[1].actions = [build({ outputArtifacts: [{ name: "code" }] })]; }, "InvalidActionDeclarationException",
        /^Output Artifact Bundle name must be unique within the pipeline\. 'code' has been used more than once\.$/],
    ["too few outputs", (d) => { d.stages[0].actions[0].outputArtifacts = []; }, "InvalidActionDeclarationException", /^Action 'Source' has 0 output artifacts which is fewer than the minimum 1$/],
    ["too many inputs", (d) => { d.stages[1].actions[0].inputArtifacts = [{ name: "code" }]; }, "InvalidActionDeclarationException", /^Action 'Hold' has 1 input artifacts which is more than the maximum 0$/],
    ["no artifact store", (d) => { delete d.artifactStore; }, "InvalidStructureException", /exactly one of artifactStore and artifactStores/],
    ["variables in a V1 pipeline", (d) => { d.variables = [{ name: "a" }]; }, "InvalidStructureException", /V2/],
    ["a mode that V1 lacks", (d) => { d.executionMode = "QUEUED"; }, "InvalidStructureException", /QUEUED needs pipelineType V2/],
    ["a role that is not there", (d) => { d.roleArn = ROLE + "s"; }, "InvalidStructureException", /^CodePipeline is not authorized to perform AssumeRole on role arn:aws:iam::000000000000:role\/pipelines$/],
    ["a reference to a namespace that is not there", (d) => { d.stages[1].actions[0].configuration = { CustomData: "see #{nope.X}" }; }, "InvalidActionDeclarationException",
        /^Valid format for a pipeline execution variable reference is a namespace and a key separated by a period .* StageName=\[Hold\], ActionName=\[Hold\], ActionConfigurationKey=\[CustomData\], VariableReferenceText=\[nope\.X\]$/],
    ["a reference to an action that runs at the same time", (d) => { d.stages[1].actions = [approval("Hold", { namespace: "Own" }, { CustomData: "#{Own.X}" })]; }, "InvalidActionDeclarationException", /VariableReferenceText=\[Own\.X\]/],
    ["a reference to a variable that is not declared", (d) => { d.stages[1].actions[0].configuration = { CustomData: "#{variables.X}" }; }, "InvalidActionDeclarationException", /VariableReferenceText=\[variables\.X\]/],
    ["a namespace twice", (d) => { d.stages[0].actions[0].namespace = d.stages[1].actions[0].namespace = "Twice"; }, "InvalidActionDeclarationException", /^Namespace must be unique within a pipeline\. 'Twice' has been used more than once\.$/],
    ["a reserved namespace", (d) => { d.stages[0].actions[0].namespace = "codepipeline"; }, "InvalidActionDeclarationException", /'codepipeline' of action 'Source' is reserved/],
    ["EnvironmentVariables that are no JSON", (d) => { d.stages[1].actions = [build()]; d.stages[1].actions[0].configuration.EnvironmentVariables = "A=b"; }, "InvalidActionDeclarationException",
        /^Action configuration for action 'Build' is not valid: EnvironmentVariables must be a JSON array/],
    ["EnvironmentVariables without a value", (d) => { d.stages[1].actions = [build()]; d.stages[1].actions[0].configuration.EnvironmentVariables = '[{"name":"A"}]'; }, "InvalidActionDeclarationException", /each must have a name and a value/],
    ["two inputs without PrimarySource", (d) => { d.stages[0].actions.push({ ...structuredClone(d.stages[0].actions[0]), name: "More", outputArtifacts: [{ name: "more" }] }); d.stages[1].actions = [build({ inputArtifacts: [{ name: "code" }, { name: "more" }] })]; },
        "InvalidActionDeclarationException", /PrimarySource must be specified/],
    ["a PrimarySource that is no input", (d) => { d.stages[1].actions = [build()]; d.stages[1].actions[0].configuration.PrimarySource = "other"; }, "InvalidActionDeclarationException", /PrimarySource: 'other' is not an input artifact/],
    ["PollForSourceChanges maybe", (d) => { d.stages[0].actions[0].configuration.PollForSourceChanges = "maybe"; }, "InvalidActionDeclarationException", /PollForSourceChanges must be true or false, not 'maybe'/],
    ["BatchEnabled", (d) => { d.stages[1].actions = [build()]; d.stages[1].actions[0].configuration.BatchEnabled = "true"; }, "InvalidActionDeclarationException", /BatchEnabled: batch builds are not available/],
    ["a deployment's time that is none", (d) => { d.stages[1].actions = [action("Deploy", "Deploy", "ECS", { ClusterName: "c", ServiceName: "s", DeploymentTimeout: "99" }, { inputArtifacts: [{ name: "code" }] })]; },
        "InvalidActionDeclarationException", /DeploymentTimeout must be a number of minutes between 1 and 60/],
    /* What is real in AWS and not here: refused by its name. */
    ["triggers", (d) => { Object.assign(d, { pipelineType: "V2", triggers: [{ providerType: "CodeStarSourceConnection", gitConfiguration: { sourceActionName: "Source" } }] }); }, "InvalidStructureException", /^pipeline\.triggers is not supported: /],
    ["onFailure", (d) => { d.stages[1].onFailure = { result: "ROLLBACK" }; }, "InvalidStructureException", /^pipeline\.stages\[1\]\.onFailure is not supported: /],
    ["onSuccess", (d) => { d.stages[1].onSuccess = { conditions: [{}] }; }, "InvalidStructureException", /^pipeline\.stages\[1\]\.onSuccess is not supported: /],
    ["beforeEntry", (d) => { d.stages[1].beforeEntry = { conditions: [{}] }; }, "InvalidStructureException", /^pipeline\.stages\[1\]\.beforeEntry is not supported: /],
    ["blockers", (d) => { d.stages[1].blockers = [{ name: "b", type: "Schedule" }]; }, "InvalidStructureException", /^pipeline\.stages\[1\]\.blockers is not supported: /],
    ["an encryption key", (d) => { d.artifactStore.encryptionKey = { id: "k", type: "KMS" }; }, "InvalidStructureException", /^pipeline\.artifactStore\.encryptionKey is not supported: /],
    ["commands", (d) => { d.stages[1].actions[0].commands = ["true"]; }, "InvalidStructureException", /^pipeline\.stages\[1\]\.actions\[0\]\.commands is not supported: /],
    ["another region", (d) => { d.stages[1].actions[0].region = "eu-west-1"; }, "InvalidActionDeclarationException", /^region of action 'Hold'/],
];
for (const [what, breakIt, name, message] of FAULTS)
    test(`a declaration with ${what} is refused, at creation and at update`, async () => {
        const d = structuredClone(w.declaration("faulty", [w.source(), hold()]));
        breakIt(d);
        await refuses(w.send(cp.CreatePipelineCommand, { pipeline: d }), name, message);
        await refuses(w.send(cp.GetPipelineCommand, { name: "faulty" }), "PipelineNotFoundException");
        await w.create("sound", [w.source(), hold()]).catch((e) => assert.strictEqual(e.name, "PipelineNameInUseException"));
        await refuses(w.send(cp.UpdatePipelineCommand, { pipeline: { ...d, name: "sound" } }), name, message);
        assert.strictEqual((await w.send(cp.GetPipelineCommand, { name: "sound" })).pipeline.version, 1);
    });

test("a broken limit of the model is told in AWS's words", async () => {
    await refuses(w.create("has space", [w.source(), hold()]), "ValidationException",
        /1 validation error detected: Value 'has space' at 'pipeline\.name' failed to satisfy constraint: Member must satisfy regular expression pattern/);
    await refuses(w.create("order", [w.source(), stage("Hold", approval("Hold", { runOrder: 1000 }))]), "ValidationException", /at 'pipeline\.stages\.2\.member\.actions\.1\.member\.runOrder'/);
});

test("tags are added, replaced, listed and removed, of existing pipelines", async () => {
    await w.create("tagged", [w.source(), hold()]);
    const resourceArn = "arn:aws:codepipeline:us-east-1:000000000000:tagged";
    await w.send(cp.TagResourceCommand, { resourceArn, tags: [{ key: "a", value: "1" }, { key: "b", value: "2" }] });
    await w.send(cp.TagResourceCommand, { resourceArn, tags: [{ key: "a", value: "3" }] });
    await w.send(cp.UntagResourceCommand, { resourceArn, tagKeys: ["b"] });
    assert.deepStrictEqual((await w.send(cp.ListTagsForResourceCommand, { resourceArn })).tags, [{ key: "a", value: "3" }]);
    await w.send(cp.TagResourceCommand, { resourceArn, tags: [{ key: "c", value: "4" }] });
    const page = await w.send(cp.ListTagsForResourceCommand, { resourceArn, maxResults: 1 });
    const rest = await w.send(cp.ListTagsForResourceCommand, { resourceArn, maxResults: 1, nextToken: page.nextToken });
    assert.deepStrictEqual([page.tags, rest.tags, rest.nextToken], [[{ key: "a", value: "3" }], [{ key: "c", value: "4" }], undefined]);
    await refuses(w.send(cp.ListTagsForResourceCommand, { resourceArn, nextToken: "x" }), "InvalidNextTokenException");
    await refuses(w.send(cp.ListTagsForResourceCommand, { resourceArn: resourceArn + "x" }), "ResourceNotFoundException");
    await refuses(w.send(cp.TagResourceCommand, { resourceArn, tags: Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: "" })) }), "TooManyTagsException");
});

test("action types are listed, by owner", async () => {
    const { actionTypes } = await w.send(cp.ListActionTypesCommand, { actionOwnerFilter: "AWS" });
    assert.deepStrictEqual(actionTypes.map((a) => `${a.id.category}/${a.id.provider}`).sort(),
        ["Approval/Manual", "Build/CodeBuild", "Deploy/ECS", "Source/CodeCommit", "Test/CodeBuild"]);
    assert.ok(actionTypes.find((a) => a.id.provider === "CodeCommit").actionConfigurationProperties.find((p) => p.name === "BranchName").required);
    assert.deepStrictEqual((await w.send(cp.ListActionTypesCommand, { actionOwnerFilter: "Custom" })).actionTypes, []);
    await refuses(w.send(cp.ListActionTypesCommand, { regionFilter: "eu-west-1" }), "ValidationException", /regionFilter/);
});

test("what no handler serves is refused at once: webhooks, custom actions and their jobs, rollback", async () => {
    await refuses(w.send(cp.PutWebhookCommand, { webhook: { name: "w", targetPipeline: "p", targetAction: "a", filters: [{ jsonPath: "$.ref" }], authentication: "UNAUTHENTICATED",
        authenticationConfiguration: {} } }), "NotImplemented", /PutWebhook/);
    await refuses(w.send(cp.ListWebhooksCommand), "NotImplemented", /ListWebhooks/);
    await refuses(w.send(cp.PollForJobsCommand, { actionTypeId: { category: "Build", owner: "Custom", provider: "x", version: "1" } }), "NotImplemented", /PollForJobs/);
    await refuses(w.send(cp.RollbackStageCommand, { pipelineName: "p", stageName: "s", targetPipelineExecutionId: "11111111-1111-1111-1111-111111111111" }), "NotImplemented", /RollbackStage/);
});

test("a stage's transition is disabled with a reason, and enabled again", async () => {
    await w.create("doors", [w.source(), hold()]);
    const of = async () => (await w.state("doors", "Hold")).inboundTransitionState;
    assert.strictEqual((await of()).enabled, true);
    await w.send(cp.DisableStageTransitionCommand, { pipelineName: "doors", stageName: "Hold", transitionType: "Inbound", reason: "release freeze" });
    const closed = await of();
    assert.deepStrictEqual([closed.enabled, closed.disabledReason, closed.lastChangedBy], [false, "release freeze", "arn:aws:iam::000000000000:root"]);
    await w.send(cp.EnableStageTransitionCommand, { pipelineName: "doors", stageName: "Hold", transitionType: "Inbound" });
    assert.deepStrictEqual([(await of()).enabled, (await of()).disabledReason], [true, undefined]);
    await refuses(w.send(cp.EnableStageTransitionCommand, { pipelineName: "doors", stageName: "Nowhere", transitionType: "Inbound" }), "StageNotFoundException",
        /^Pipeline 'doors' does not have a stage with name 'Nowhere'$/);
    await refuses(w.send(cp.DisableStageTransitionCommand, { pipelineName: "doors", stageName: "Hold", transitionType: "Outbound", reason: "x" }), "ValidationException", /transitionType/);
    assert.strictEqual((await w.state("doors", "Source")).inboundTransitionState, undefined);
});

test("a pipeline, its versions, history and transitions are there after a restart", async (t) => {
    const own = await start(t, { ephemeral: false });
    const v = await world(own);
    await v.create("kept", [v.source(), stage("Fail", broken("Fail"))]);
    await v.reaches("kept", "Failed");
    await v.send(cp.DisableStageTransitionCommand, { pipelineName: "kept", stageName: "Fail", transitionType: "Inbound", reason: "why" });
    const before_ = [await v.executions("kept"), await v.actions("kept"), (await v.send(cp.GetPipelineCommand, { name: "kept" })).pipeline];
    await own.restart();
    assert.deepStrictEqual([await v.executions("kept"), await v.actions("kept"), (await v.send(cp.GetPipelineCommand, { name: "kept" })).pipeline], before_);
    assert.strictEqual((await v.state("kept", "Fail")).inboundTransitionState.enabled, false);
});

test("a V2 pipeline may have a variable without default: it starts when its value is given, and not by itself", async () => {
    const variables = [{ name: "Image" }, { name: "Stage", defaultValue: "test" }];
    await w.create("asks", [w.source({ PollForSourceChanges: "true" }), stage("Hold", approval("Hold", {}, { CustomData: "#{variables.Image} to #{variables.Stage}" }))], { pipelineType: "V2", variables });
    assert.deepStrictEqual(await w.executions("asks"), []);
    await w.create("told", [w.source({ PollForSourceChanges: "true" }), hold()]);
    await w.put("app", "more.txt", "more\n");
    await w.asked("told", "Hold");      /* the push has been told */
    assert.deepStrictEqual(await w.executions("asks"), []);
    await refuses(w.start("asks"), "ValidationException", /'Image' needs a value/);
    await w.start("asks", { variables: [{ name: "Image", value: "app:1" }] });
    await w.asked("asks", "Hold");
});

test("an ARN of another region or account names no pipeline of ours", async () => {
    await w.create("far", [w.source(), hold()]);
    for (const from of ["eu-west-1:000000000000", "us-east-1:111111111111"]) {
        const resourceArn = `arn:aws:codepipeline:${from}:far`;
        await refuses(w.send(cp.ListTagsForResourceCommand, { resourceArn }), "ResourceNotFoundException");
        await refuses(w.send(cp.TagResourceCommand, { resourceArn, tags: [{ key: "a", value: "b" }] }), "ResourceNotFoundException");
    }
    assert.deepStrictEqual((await w.send(cp.ListTagsForResourceCommand, { resourceArn: "arn:aws:codepipeline:us-east-1:000000000000:far" })).tags, []);
});
