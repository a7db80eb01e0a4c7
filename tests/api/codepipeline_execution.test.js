// SPDX-License-Identifier: Apache-2.0
// What executions do: how they start, in which order actions run, what stops, repeats, holds and supersedes them, and what
// is told of them afterwards.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const cp = require("@aws-sdk/client-codepipeline");
const { CreateBranchCommand } = require("@aws-sdk/client-codecommit");
const { EventBridgeClient, PutRuleCommand, PutTargetsCommand } = require("@aws-sdk/client-eventbridge");
const { hears } = require("../lib/events");
const { start, refuses, until } = require("../lib/slipway");
const { worldFile, hold, stage, approval, broken } = require("../lib/pipeline");

const { s, w } = worldFile();

const names = (list) => list.map((a) => a.actionName);
const V2 = (executionMode) => ({ pipelineType: "V2", executionMode });

test("a pipeline starts when it is made, by a push, and by StartPipelineExecution, and says which", async () => {
    await w.repository("pushed");
    await w.create("starts", [w.source({ RepositoryName: "pushed", PollForSourceChanges: "true" }), stage("Fail", broken("Fail"))]);
    await w.reaches("starts", "Failed");
    const head = await w.put("pushed", "a.txt", "1");
    await until("the push started it", async () => (await w.executions("starts")).length === 2);
    await w.reaches("starts", "Failed");
    const id = await w.start("starts");
    await w.reaches("starts", "Failed", id);
    const [third, second, first] = await w.executions("starts");
    assert.deepStrictEqual([third, second, first].map((e) => e.trigger.triggerType), ["StartPipelineExecution", "PollForSourceChanges", "CreatePipeline"]);
    assert.strictEqual(third.trigger.triggerDetail, "arn:aws:iam::000000000000:root");
    assert.strictEqual(third.pipelineExecutionId, id);
    assert.deepStrictEqual(second.sourceRevisions.map((r) => [r.actionName, r.revisionId, r.revisionSummary]), [["Source", head, "put a.txt"]]);
    const e = await w.execution("starts", second.pipelineExecutionId);
    assert.deepStrictEqual([e.pipelineVersion, e.executionMode, e.executionType, e.artifactRevisions[0].name, e.artifactRevisions[0].revisionId], [1, "SUPERSEDED", "STANDARD", "code", head]);
});

test("PollForSourceChanges false, another branch or another repository: a push starts nothing", async () => {
    await w.repository("quiet");
    await w.create("no-poll", [w.source({ RepositoryName: "quiet" }), hold()]);
    await w.create("branch", [w.source({ RepositoryName: "quiet", BranchName: "main", PollForSourceChanges: "true" }), hold()]);
    for (const p of ["no-poll", "branch"]) await w.asked(p, "Hold");
    await w.put("app", "other.txt", "x");
    await w.cc.send(new CreateBranchCommand({ repositoryName: "quiet", branchName: "dev", commitId: w.head }));
    await w.put("quiet", "main.txt", "x");
    await until("the watching one starts", async () => (await w.executions("branch")).length === 2);
    assert.strictEqual((await w.executions("no-poll")).length, 1);
});

test("a start may name a commit, and the same token starts one execution", async () => {
    await w.repository("revisions");
    const old = await w.put("revisions", "f", "old");
    await w.put("revisions", "f", "new");
    await w.create("revision", [w.source({ RepositoryName: "revisions" }), hold()]);
    const sourceRevisions = [{ actionName: "Source", revisionType: "COMMIT_ID", revisionValue: old }];
    const id = await w.start("revision", { sourceRevisions, clientRequestToken: "once" });
    assert.strictEqual(await w.start("revision", { sourceRevisions, clientRequestToken: "once" }), id);
    await w.asked("revision", "Hold");
    await until("it has its source", async () => (await w.execution("revision", id)).artifactRevisions.length === 1);
    assert.strictEqual((await w.execution("revision", id)).artifactRevisions[0].revisionId, old);
    await refuses(w.send(cp.StartPipelineExecutionCommand, { name: "revision", sourceRevisions: [{ ...sourceRevisions[0], actionName: "Nobody" }] }), "ValidationException", /'Nobody'/);
    await refuses(w.send(cp.StartPipelineExecutionCommand, { name: "revision", sourceRevisions: [{ ...sourceRevisions[0], revisionType: "IMAGE_DIGEST" }] }), "ValidationException", /revisionType/);
    await refuses(w.send(cp.StartPipelineExecutionCommand, { name: "nobody" }), "PipelineNotFoundException");
});

test("a source whose branch is not there fails in AWS's words", async () => {
    await w.create("branchless", [w.source({ BranchName: "gone" }), hold()]);
    await w.reaches("branchless", "Failed");
    const { latestExecution } = (await w.state("branchless", "Source")).actionStates[0];
    assert.strictEqual(latestExecution.errorDetails.code, "ConfigurationError");
    assert.match(latestExecution.errorDetails.message, /^The action failed because no branch named gone was found in the selected AWS CodeCommit repository app\. Make sure/);
});

test("actions of one runOrder run side by side, the next order waits for all of them", async () => {
    await w.create("orders", [w.source(), stage("Work", approval("A1", { runOrder: 1 }), approval("A2", { runOrder: 1 }), approval("B", { runOrder: 2 }))]);
    await w.asked("orders", "Work", "A1");
    await w.asked("orders", "Work", "A2");
    await w.approve("orders", "Work", "A1");
    await until("A1 has ended", async () => (await w.state("orders", "Work")).actionStates[0].latestExecution.status === "Succeeded");
    assert.strictEqual((await w.state("orders", "Work")).actionStates[2].latestExecution, undefined);
    await w.approve("orders", "Work", "A2");
    await w.approve("orders", "Work", "B");
    const e = await w.reaches("orders", "Succeeded");
    const done = await w.actions("orders", e.pipelineExecutionId);
    assert.deepStrictEqual(names(done).reverse().map((n) => n.replace(/\d/, "")), ["Source", "A", "A", "B"]);
    const at = (n, k) => done.find((a) => a.actionName === n)[k].getTime();
    assert.ok(at("B", "startTime") >= Math.max(at("A1", "lastUpdateTime"), at("A2", "lastUpdateTime")));
});

test("one of two parallel actions fails: the other may end, then the stage has failed", async () => {
    await w.create("half", [w.source(), stage("Work", broken("Bad"), approval("Slow")), hold()]);
    await until("Bad has failed", async () => ((await w.state("half", "Work")).actionStates[0].latestExecution || {}).status === "Failed");
    assert.strictEqual((await w.state("half", "Work")).latestExecution.status, "InProgress");
    await w.approve("half", "Work", "Slow");
    await w.reaches("half", "Failed");
    assert.strictEqual((await w.state("half", "Work")).latestExecution.status, "Failed");
    assert.strictEqual((await w.state("half", "Hold")).latestExecution, undefined);
});

test("variables: the pipeline's, the execution's, and those of a namespace, resolved where they are used", async () => {
    const text = "v=#{variables.Level} d=#{variables.Default} x=#{codepipeline.PipelineExecutionId} c=#{Src.CommitId} b=#{Src.BranchName} r=#{Src.RepositoryName}";
    await w.create("vars", [w.source({}, { namespace: "Src" }), stage("Hold", approval("Hold", {}, { CustomData: text }))],
        { pipelineType: "V2", variables: [{ name: "Level", defaultValue: "low" }, { name: "Default", defaultValue: "d" }] });
    const id = await w.start("vars", { variables: [{ name: "Level", value: "high" }] });
    await w.asked("vars", "Hold");
    await w.approve("vars", "Hold");
    const hold = await until("the second is held", async () => (await w.actions("vars", id)).find((a) => a.actionName === "Hold" && a.input.resolvedConfiguration));
    const head = (await w.execution("vars", id)).artifactRevisions[0].revisionId;
    assert.strictEqual(hold.input.resolvedConfiguration.CustomData, `v=high d=d x=${id} c=${head} b=main r=app`);
    assert.strictEqual(hold.input.configuration.CustomData, text);
    assert.deepStrictEqual((await w.execution("vars", id)).variables, [{ name: "Level", resolvedValue: "high" }, { name: "Default", resolvedValue: "d" }]);
    await refuses(w.send(cp.StartPipelineExecutionCommand, { name: "vars", variables: [{ name: "Other", value: "x" }] }), "ValidationException", /'Other'/);
});

test("a variable that nothing made fails the action that uses it", async () => {
    await w.create("unmade", [w.source({}, { namespace: "Src" }), stage("Hold", approval("Hold", {}, { CustomData: "#{Src.Colour}" }))]);
    await w.reaches("unmade", "Failed");
    assert.match((await w.state("unmade", "Hold")).actionStates[0].latestExecution.errorDetails.message, /variable 'Src\.Colour'/);
});

test("stop and wait lets what runs end; the execution is Stopped with its reason", async () => {
    await w.create("waits", [w.source(), hold(), stage("After", approval("After"))]);
    const { token } = await w.asked("waits", "Hold");
    const [{ pipelineExecutionId }] = await w.executions("waits");
    await w.send(cp.StopPipelineExecutionCommand, { pipelineName: "waits", pipelineExecutionId, reason: "wrong commit" });
    assert.strictEqual((await w.execution("waits", pipelineExecutionId)).status, "Stopping");
    await refuses(w.send(cp.StopPipelineExecutionCommand, { pipelineName: "waits", pipelineExecutionId }), "DuplicatedStopRequestException");
    await w.answer("waits", "Hold", token, "Approved");
    await w.reaches("waits", "Stopped", pipelineExecutionId);
    assert.strictEqual((await w.state("waits", "Hold")).actionStates[0].latestExecution.status, "Succeeded");
    assert.strictEqual((await w.state("waits", "After")).latestExecution, undefined);
    const [summary] = await w.executions("waits");
    assert.deepStrictEqual([summary.status, summary.stopTrigger.reason], ["Stopped", "wrong commit"]);
    await refuses(w.send(cp.StopPipelineExecutionCommand, { pipelineName: "waits", pipelineExecutionId }), "PipelineExecutionNotStoppableException");
});

test("stop and abandon waits for nothing, also after a stop that waits", async () => {
    await w.create("abandons", [w.source(), hold()]);
    const { token } = await w.asked("abandons", "Hold");
    const [{ pipelineExecutionId }] = await w.executions("abandons");
    const stop = (abandon) => w.send(cp.StopPipelineExecutionCommand, { pipelineName: "abandons", pipelineExecutionId, abandon });
    await stop(false);
    await stop(true);
    await w.reaches("abandons", "Stopped", pipelineExecutionId);
    assert.strictEqual((await w.state("abandons", "Hold")).actionStates[0].latestExecution.status, "Abandoned");
    await refuses(w.answer("abandons", "Hold", token, "Approved"), "ApprovalAlreadyCompletedException");
    await refuses(w.send(cp.StopPipelineExecutionCommand, { pipelineName: "abandons", pipelineExecutionId: "11111111-1111-1111-1111-111111111111" }), "PipelineExecutionNotFoundException");
});

test("a failed stage is retried: its failed actions, or all of them", async () => {
    await w.create("retries", [w.source(), stage("Work", approval("Good"), approval("Bad"))]);
    const [{ pipelineExecutionId }] = await w.executions("retries");
    const fail = async () => {
        const { token } = await w.asked("retries", "Work", "Bad");
        await w.answer("retries", "Work", token, "Rejected", "no", "Bad");
        await w.reaches("retries", "Failed", pipelineExecutionId);
    };
    const retry = (retryMode, more = {}) => w.send(cp.RetryStageExecutionCommand, { pipelineName: "retries", stageName: "Work", pipelineExecutionId, retryMode, ...more });
    await w.asked("retries", "Work", "Bad");
    await refuses(retry("FAILED_ACTIONS"), "StageNotRetryableException");
    await w.approve("retries", "Work", "Good");
    await fail();
    await refuses(retry("FAILED_ACTIONS", { stageName: "Source" }), "StageNotRetryableException");
    assert.strictEqual((await retry("FAILED_ACTIONS")).pipelineExecutionId, pipelineExecutionId);
    const runs = async (name) => (await w.actions("retries", pipelineExecutionId)).filter((a) => a.actionName === name).length;
    await fail();
    assert.deepStrictEqual([await runs("Good"), await runs("Bad"), await runs("Source")], [1, 2, 1]);
    await retry("ALL_ACTIONS");
    await w.approve("retries", "Work", "Good");
    await w.approve("retries", "Work", "Bad");
    await w.reaches("retries", "Succeeded", pipelineExecutionId);
    assert.deepStrictEqual([await runs("Good"), await runs("Bad"), await runs("Source")], [2, 3, 1]);
    /* The latest of each action, and all of them. */
    const listed = async (startTimeRange) => (await w.send(cp.ListActionExecutionsCommand, { pipelineName: "retries",
        filter: { latestInPipelineExecution: { pipelineExecutionId, startTimeRange } } })).actionExecutionDetails;
    assert.deepStrictEqual(names(await listed("Latest")).sort(), ["Bad", "Good", "Source"]);
    assert.strictEqual((await listed("All")).length, 6);
    await refuses(retry("FAILED_ACTIONS"), "StageNotRetryableException");
});

test("a disabled transition holds an execution at the door until it is enabled", async () => {
    await w.create("gate", [w.source(), hold()]);
    await w.approve("gate", "Hold");
    await w.reaches("gate", "Succeeded");
    const transition = { pipelineName: "gate", stageName: "Hold", transitionType: "Inbound" };
    await w.send(cp.DisableStageTransitionCommand, { ...transition, reason: "freeze" });
    const id = await w.start("gate");
    await until("it stands at the door", async () => ((await w.state("gate", "Hold")).inboundExecution || {}).pipelineExecutionId === id);
    assert.strictEqual((await w.execution("gate", id)).status, "InProgress");
    assert.ok(!names(await w.actions("gate", id)).includes("Hold"));
    await w.send(cp.EnableStageTransitionCommand, transition);
    await w.approve("gate", "Hold", "Hold", id);
    await w.reaches("gate", "Succeeded", id);
});

test("SUPERSEDED: of those that wait for a stage the newest goes on, the others end", async () => {
    await w.create("super", [w.source(), hold()]);
    const [{ pipelineExecutionId: first }] = await w.executions("super");
    await w.asked("super", "Hold");
    const second = await w.start("super"), third = await w.start("super");
    const e = await w.reaches("super", "Superseded", second);
    assert.match(e.statusSummary, new RegExp(third));
    assert.strictEqual((await w.state("super", "Hold")).inboundExecution.pipelineExecutionId, third);
    await w.approve("super", "Hold", "Hold", first);
    await w.approve("super", "Hold", "Hold", third);
    await w.reaches("super", "Succeeded", third);
    await w.reaches("super", "Succeeded", first);
});

test("QUEUED: they enter a stage in the order of their starts, none is lost", async () => {
    await w.create("queue", [w.source(), hold()], V2("QUEUED"));
    const ids = [(await w.executions("queue"))[0].pipelineExecutionId, await w.start("queue"), await w.start("queue")];
    for (const id of ids) {
        await w.approve("queue", "Hold", "Hold", id);
        await w.reaches("queue", "Succeeded", id);
    }
});

test("PARALLEL: they run side by side", async () => {
    await w.create("parallel", [w.source(), hold()], V2("PARALLEL"));
    const ids = [(await w.executions("parallel"))[0].pipelineExecutionId, await w.start("parallel"), await w.start("parallel")];
    await until("all three hold", async () => (await Promise.all(ids.map((id) => w.actions("parallel", id)))).every((l) => names(l).includes("Hold")));
    for (const id of ids) assert.strictEqual((await w.execution("parallel", id)).status, "InProgress");
});

test("the history is filtered and paged: executions, their actions, those that succeeded in a stage", async () => {
    await w.create("history", [w.source(), stage("Fail", broken("Fail"))]);
    await w.reaches("history", "Failed");
    for (let i = 0; i < 3; i++) await w.reaches("history", "Failed", await w.start("history"));
    const all = await w.executions("history");
    assert.strictEqual(all.length, 4);
    const paged = async (Command, input, pick) => {
        const out = [];
        let nextToken;
        do {
            const r = await w.send(Command, { ...input, maxResults: 1, nextToken });
            assert.ok(pick(r).length <= 1);
            out.push(...pick(r));
            nextToken = r.nextToken;
        } while (nextToken);
        return out;
    };
    assert.deepStrictEqual(await paged(cp.ListPipelineExecutionsCommand, { pipelineName: "history" }, (r) => r.pipelineExecutionSummaries), all);
    assert.deepStrictEqual(await paged(cp.ListActionExecutionsCommand, { pipelineName: "history" }, (r) => r.actionExecutionDetails), await w.actions("history"));
    assert.strictEqual((await w.actions("history")).length, 8);
    const one = await w.actions("history", all[2].pipelineExecutionId);
    assert.deepStrictEqual(names(one), ["Fail", "Source"]);
    const filter = (stageName) => ({ filter: { succeededInStage: { stageName } } });
    assert.strictEqual((await w.executions("history", filter("Source"))).length, 4);
    assert.strictEqual((await paged(cp.ListPipelineExecutionsCommand, { pipelineName: "history", ...filter("Source") }, (r) => r.pipelineExecutionSummaries)).length, 4);
    assert.deepStrictEqual(await w.executions("history", filter("Fail")), []);
    await w.send(cp.UpdatePipelineCommand, { pipeline: w.declaration("history", [w.source(), hold()]) });
    assert.deepStrictEqual(await w.executions("history", filter("Source")), []);       /* of the current version alone */
    await refuses(w.send(cp.ListPipelineExecutionsCommand, { pipelineName: "history", nextToken: "x" }), "InvalidNextTokenException");
    await refuses(w.send(cp.ListActionExecutionsCommand, { pipelineName: "history", filter: { pipelineExecutionId: "11111111-1111-1111-1111-111111111111" } }), "PipelineExecutionNotFoundException");
});

test("what failed is told: the action's error, and the build's service's words", async () => {
    await w.create("told", [w.source(), stage("Fail", broken("Fail"))]);
    const e = await w.reaches("told", "Failed");
    const [failed] = await w.actions("told", e.pipelineExecutionId);
    assert.strictEqual(failed.status, "Failed");
    const { errorDetails } = failed.output.executionResult;
    assert.deepStrictEqual([errorDetails.code, errorDetails.message], ["ResourceNotFoundException",
        "Error calling startBuild: Project cannot be found: arn:aws:codebuild:us-east-1:000000000000:project/nowhere (Service: AWSCodeBuild; Status Code: 400; Error Code: ResourceNotFoundException)"]);
    assert.strictEqual(failed.input.inputArtifacts[0].name, "code");
    assert.deepStrictEqual(failed.input.actionTypeId, { category: "Build", owner: "AWS", provider: "CodeBuild", version: "1" });
});

test("EventBridge hears of each execution, stage and action, in AWS's form; a retry counts its attempt", async () => {
    const heard = await hears(s, "told", { source: ["aws.codepipeline"], detail: { pipeline: ["events"] } }), { got } = heard;
    const receive = (n) => heard.until(`${n} events`, () => got.length >= n);
    await w.create("events", [w.source(), stage("Fail", broken("Fail"))]);
    const { pipelineExecutionId } = await w.reaches("events", "Failed");
    await receive(10);
    const told = (kind) => got.filter((e) => e["detail-type"] === `CodePipeline ${kind} Execution State Change`);
    assert.deepStrictEqual(told("Pipeline").map((e) => e.detail.state).sort(), ["FAILED", "STARTED"]);
    assert.deepStrictEqual(told("Stage").map((e) => `${e.detail.stage} ${e.detail.state}`).sort(), ["Fail FAILED", "Fail STARTED", "Source STARTED", "Source SUCCEEDED"]);
    assert.deepStrictEqual(told("Action").map((e) => `${e.detail.action} ${e.detail.state}`).sort(), ["Fail FAILED", "Fail STARTED", "Source STARTED", "Source SUCCEEDED"]);
    const started = told("Pipeline").find((e) => e.detail.state === "STARTED");
    assert.deepStrictEqual(started.resources, ["arn:aws:codepipeline:us-east-1:000000000000:events"]);
    assert.deepStrictEqual([started.detail["execution-id"], started.detail.version, started.detail["pipeline-execution-attempt"], started.detail["execution-trigger"]],
        [pipelineExecutionId, 1, "1.0", { "trigger-type": "CreatePipeline", "trigger-detail": "arn:aws:iam::000000000000:root" }]);
    const source = told("Action").find((e) => e.detail.action === "Source" && e.detail.state === "SUCCEEDED").detail;
    assert.deepStrictEqual(source.type, { owner: "AWS", provider: "CodeCommit", category: "Source", version: "1" });
    assert.strictEqual(source["output-artifacts"][0].s3location.bucket, "artifacts");
    await w.send(cp.RetryStageExecutionCommand, { pipelineName: "events", stageName: "Fail", pipelineExecutionId, retryMode: "FAILED_ACTIONS" });
    await receive(16);
    assert.deepStrictEqual(told("Pipeline").map((e) => e.detail["pipeline-execution-attempt"]).sort(), ["1.0", "1.0", "2.0", "2.0"]);
});

test("a rule of EventBridge starts a pipeline, once for each event", async () => {
    const eb = s.client(EventBridgeClient);
    await w.repository("ruled");
    await w.create("ruled", [w.source({ RepositoryName: "ruled" }), stage("Fail", broken("Fail"))]);
    await eb.send(new PutRuleCommand({ Name: "ruled", EventPattern: JSON.stringify({ source: ["aws.codecommit"], detail: { repositoryName: ["ruled"], referenceName: ["main"] } }) }));
    await eb.send(new PutTargetsCommand({ Rule: "ruled", Targets: [{ Id: "p", Arn: "arn:aws:codepipeline:us-east-1:000000000000:ruled", RoleArn: await w.role("starter", "events.amazonaws.com") }] }));
    await w.put("ruled", "f", "1");
    await until("the rule started it", async () => (await w.executions("ruled")).length === 2);
    await w.reaches("ruled", "Failed");
    const [e] = await w.executions("ruled");
    assert.strictEqual(e.trigger.triggerType, "CloudWatchEvent");
});
