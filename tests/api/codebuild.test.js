// SPDX-License-Identifier: Apache-2.0
// Projects and builds as resources: their life, limits, history, logs and events. What a buildspec does is in
// codebuild_buildspec.test.js.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const cb = require("@aws-sdk/client-codebuild");
const { CodeCommitClient, CreateBranchCommand, CreateRepositoryCommand, PutFileCommand } = require("@aws-sdk/client-codecommit");
const { hears } = require("../lib/events");
const { start, finish, until, refuses } = require("../lib/slipway");
const { builds, phase, ROLE } = require("../lib/build");

let s, w;
before(async () => {
    s = await start(null);
    w = await builds(s);
});
after(() => finish(s));

const GOOD = "version: 0.2\nphases: {build: {commands: [true]}}\n";
const SLEEP = "version: 0.2\nphases: {build: {commands: [sleep 600]}}\n";

test("projects are created, read, listed, updated and deleted", async () => {
    const name = await w.project(GOOD, { name: "life", description: "first", tags: [{ key: "k", value: "v" }] });
    const { projects: [p], projectsNotFound } = await w.send(cb.BatchGetProjectsCommand, { names: [name, "nobody"] });
    assert.strictEqual(p.arn, "arn:aws:codebuild:us-east-1:000000000000:project/life");
    assert.deepStrictEqual([p.timeoutInMinutes, p.queuedTimeoutInMinutes, p.cache.type, p.badge.badgeEnabled, p.environment.privilegedMode, p.serviceRole, p.description, p.tags],
        [60, 480, "NO_CACHE", false, false, ROLE, "first", [{ key: "k", value: "v" }]]);
    assert.deepStrictEqual(projectsNotFound, ["nobody"]);
    const { project } = await w.send(cb.UpdateProjectCommand, { name, description: "new", timeoutInMinutes: 5 });
    assert.deepStrictEqual([project.description, project.timeoutInMinutes, project.tags, project.source.buildspec], ["new", 5, [{ key: "k", value: "v" }], GOOD]);
    const [again] = (await w.send(cb.BatchGetProjectsCommand, { names: [p.arn] })).projects;
    assert.strictEqual(again.description, "new");
    assert.ok((await w.send(cb.ListProjectsCommand)).projects.includes(name));
    await refuses(w.project("x", { name }), "ResourceAlreadyExistsException", /^Project already exists: arn:aws:codebuild:us-east-1:000000000000:project\/life$/);
    await w.send(cb.DeleteProjectCommand, { name });
    await refuses(w.start(name), "ResourceNotFoundException", /^Project cannot be found: arn:aws:codebuild:us-east-1:000000000000:project\/life$/);
    await refuses(w.send(cb.UpdateProjectCommand, { name, description: "x" }), "ResourceNotFoundException");
});

test("projects are listed by name and by time, both ways", async () => {
    for (const name of ["list-b", "list-a", "list-c"]) await w.project(GOOD, { name });
    await w.send(cb.UpdateProjectCommand, { name: "list-a", description: "later" });
    const listed = async (sortBy, sortOrder) => (await w.send(cb.ListProjectsCommand, { sortBy, sortOrder })).projects.filter((n) => n.startsWith("list-"));
    assert.deepStrictEqual(await listed("NAME", "ASCENDING"), ["list-a", "list-b", "list-c"]);
    assert.deepStrictEqual(await listed("NAME", "DESCENDING"), ["list-c", "list-b", "list-a"]);
    assert.deepStrictEqual(await listed("CREATED_TIME", "ASCENDING"), ["list-b", "list-a", "list-c"]);
    assert.deepStrictEqual(await listed("LAST_MODIFIED_TIME", "DESCENDING"), ["list-a", "list-c", "list-b"]);
});

// What is real in AWS and not here, or nowhere: refused by its name.
for (const [what, more, message] of [
    ["a source outside AWS", { source: { type: "GITHUB", location: "https://github.com/a/b" } }, /^source\.type: /],
    ["a source's credentials", { source: { type: "NO_SOURCE", buildspec: GOOD, auth: { type: "OAUTH" } } }, /^source\.auth is not supported: /],
    ["no buildspec for NO_SOURCE", { source: { type: "NO_SOURCE" } }, /^Invalid project source: buildspec must be specified/],
    ["submodules", { source: { type: "CODECOMMIT", location: "http://x/v1/repos/a", gitSubmodulesConfig: { fetchSubmodules: true } } }, /^source\.gitSubmodulesConfig\.fetchSubmodules is not supported: /],
    ["another region's repository", { source: { type: "CODECOMMIT", location: "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/a" } }, /^source\.location: /],
    ["a pipeline's source alone", { source: { type: "CODEPIPELINE" } }, /^Invalid project source: when source or artifacts is of type CODEPIPELINE, both must be/],
    ["a cache", { cache: { type: "S3", location: "b/c" } }, /^cache\.type is not supported: /],
    ["a VPC", { vpcConfig: { securityGroupIds: ["sg-1"] } }, /^vpcConfig\.securityGroupIds is not supported: /],
    ["batch builds", { buildBatchConfig: { timeoutInMins: 10 } }, /^buildBatchConfig\.timeoutInMins is not supported: /],
    ["file systems", { fileSystemLocations: [{ type: "EFS", location: "x", mountPoint: "/x", identifier: "x" }] }, /^fileSystemLocations is not supported: /],
    ["retries", { autoRetryLimit: 2 }, /^autoRetryLimit is not supported: /],
    ["logs in S3", { logsConfig: { s3Logs: { status: "ENABLED", location: "a/b" } } }, /^logsConfig\.s3Logs\.status is not supported: /],
    ["a key of one's own", { encryptionKey: "arn:aws:kms:us-east-1:000000000000:key/1" }, /^encryptionKey: /],
    ["Windows", { environment: { type: "WINDOWS_SERVER_2019_CONTAINER" } }, /^environment\.type: /],
    ["a fleet", { environment: { fleet: { fleetArn: "arn:aws:codebuild:us-east-1:000000000000:fleet/f" } } }, /^environment\.fleet is not supported: /],
    ["a registry's password", { environment: { registryCredential: { credential: "c", credentialProvider: "SECRETS_MANAGER" } } }, /^environment\.registryCredential is not supported: /],
    ["a reserved variable", { environment: { environmentVariables: [{ name: "CODEBUILD_X", value: "b" }] } }, /CODEBUILD_/],
    ["artifacts without a bucket", { artifacts: { type: "S3" } }, /^Invalid artifacts: location must be specified/],
    ["a limit of no builds", { concurrentBuildLimit: 0 }, /concurrent build limit|concurrentBuildLimit/],
    ["a secondary source without a name", { secondarySources: [{ type: "S3", location: "a/b.zip" }] }, /^secondarySources: /],
    ["a version of an unknown source", { secondarySourceVersions: [{ sourceIdentifier: "x", sourceVersion: "y" }] }, /^Invalid secondarySourceVersions/],
])
    test(`a project with ${what} is refused`, () => refuses(w.project(GOOD, { name: "refused", ...more }), "InvalidInputException", message));

test("a badge shows how the branch's latest build went, to whoever has its address", async () => {
    const cc = s.client(CodeCommitClient);
    const { repositoryMetadata } = await cc.send(new CreateRepositoryCommand({ repositoryName: "badge" }));
    const put = async (branchName, text, parentCommitId) => (await cc.send(new PutFileCommand({ repositoryName: "badge", branchName, parentCommitId,
        filePath: "buildspec.yml", fileContent: Buffer.from(text) }))).commitId;
    const commitId = await put("main", GOOD);
    await cc.send(new CreateBranchCommand({ repositoryName: "badge", branchName: "bad", commitId }));
    await put("bad", GOOD.replace("true", "false"), commitId);
    const name = await w.project(undefined, { badgeEnabled: true, source: { type: "CODECOMMIT", location: repositoryMetadata.cloneUrlHttp } });
    const { projects: [{ badge }] } = await w.send(cb.BatchGetProjectsCommand, { names: [name] });
    const word = async (url) => {
        const r = await fetch(url);
        return r.status === 200 ? (await r.text()).match(/aria-label="build: ([^"]+)"/)[1] : r.status;
    };
    const url = new URL(badge.badgeRequestUrl), of = (branch) => { url.searchParams.set("branch", branch); return word(url); };
    assert.strictEqual(await of("main"), "unknown");
    for (const sourceVersion of ["main", "bad"]) await w.ended((await w.start(name, { sourceVersion })).id);
    assert.deepStrictEqual([await of("main"), await of("bad"), await of("other")], ["passing", "failing", "unknown"]);
    assert.strictEqual(await word(badge.badgeRequestUrl.replace(/uuid=./, "uuid=-")), 404);
    const { project } = await w.send(cb.UpdateProjectCommand, { name, badgeEnabled: false });
    assert.deepStrictEqual([project.badge, await of("main")], [{ badgeEnabled: false }, 404]);
    await refuses(w.project(GOOD, { badgeEnabled: true }), "InvalidInputException", /^Build badges are not supported for source type NO_SOURCE$/);
});

test("what no handler serves is refused at once: batches, webhooks, report groups, fleets", async () => {
    await refuses(w.send(cb.StartBuildBatchCommand, { projectName: "p" }), "NotImplemented", /StartBuildBatch/);
    await refuses(w.send(cb.CreateWebhookCommand, { projectName: "p" }), "NotImplemented", /CreateWebhook/);
    await refuses(w.send(cb.ListReportGroupsCommand), "NotImplemented", /ListReportGroups/);
    await refuses(w.send(cb.ListFleetsCommand), "NotImplemented", /ListFleets/);
});

test("a token starts one build, overrides change only that build, and a build can be retried", async () => {
    const projectName = await w.project("version: 0.2\nphases: {build: {commands: ['echo word=$WORD']}}\n");
    const in_ = { projectName, idempotencyToken: "once", environmentVariablesOverride: [{ name: "WORD", value: "w" }] };
    const { build: one } = await w.send(cb.StartBuildCommand, in_);
    const { build: two } = await w.send(cb.StartBuildCommand, in_);
    assert.strictEqual(one.id, two.id);
    await refuses(w.send(cb.StartBuildCommand, { ...in_, sourceVersion: "x" }), "InvalidInputException", /idempotency token/);
    await w.ended(one.id);
    const { build: again } = await w.send(cb.RetryBuildCommand, { id: one.id });
    assert.notStrictEqual(again.id, one.id);
    assert.strictEqual(again.buildNumber, 2);
    assert.match(await w.logs(await w.ended(again.id)), /^word=w$/m);
    assert.match(await w.logs(await w.ended((await w.start(projectName)).id)), /^word=$/m);
    await refuses(w.send(cb.RetryBuildCommand, { id: `${projectName}:11111111-1111-1111-1111-111111111111` }), "ResourceNotFoundException");
});

test("a request may override buildspec, image, logs, time limits and artifacts; what is not here it may not", async () => {
    const projectName = await w.project(GOOD);
    const b = await w.ended((await w.start(projectName, { buildspecOverride: "version: 0.2\nphases: {build: {commands: [echo other > o.txt]}}\nartifacts: {files: [o.txt]}\n",
        imageOverride: "aws/codebuild/standard:6.0", timeoutInMinutesOverride: 7, queuedTimeoutInMinutesOverride: 9, computeTypeOverride: "BUILD_GENERAL1_MEDIUM",
        artifactsOverride: { type: "S3", location: "artifacts", path: "override", name: "a", packaging: "NONE" },
        logsConfigOverride: { cloudWatchLogs: { status: "ENABLED", groupName: "mine", streamName: "own" } } })).id);
    assert.strictEqual(b.buildStatus, "SUCCEEDED", JSON.stringify(b.phases));
    assert.deepStrictEqual([b.environment.image, b.environment.computeType, b.timeoutInMinutes, b.queuedTimeoutInMinutes], ["aws/codebuild/standard:6.0", "BUILD_GENERAL1_MEDIUM", 7, 9]);
    assert.strictEqual((await w.object("override/a/o.txt")).toString(), "other\n");
    assert.deepStrictEqual([b.logs.groupName, b.logs.streamName], ["mine", `own/${b.id.split(":")[1]}`]);
    assert.match(await w.logs(b), /Running command echo other/);
    for (const over of [{ debugSessionEnabled: true }, { autoRetryLimitOverride: 1 }, { certificateOverride: "b/c" }, { sourceTypeOverride: "GITHUB", sourceLocationOverride: "https://github.com/a/b" },
        { fleetOverride: { fleetArn: "arn:aws:codebuild:us-east-1:000000000000:fleet/f" } }, { cacheOverride: { type: "LOCAL", modes: ["LOCAL_SOURCE_CACHE"] } }])
        await refuses(w.start(projectName, over), "InvalidInputException", new RegExp(Object.keys(over)[0].startsWith("source") ? "source.type" : Object.keys(over)[0]));
});

test("logs are switched off where the project says so", async () => {
    const b = await w.build(GOOD, { logsConfig: { cloudWatchLogs: { status: "DISABLED" } } });
    assert.deepStrictEqual([b.buildStatus, b.logs.cloudWatchLogs.status, b.logs.groupName], ["SUCCEEDED", "DISABLED", undefined]);
});

test("builds are listed, of all projects and of one, newest or oldest first, and deleted", async () => {
    const projectName = await w.project(GOOD);
    const ids = [];
    for (let i = 0; i < 3; i++) ids.unshift((await w.ended((await w.start(projectName)).id)).id);
    const of = async (sortOrder) => (await w.send(cb.ListBuildsForProjectCommand, { projectName, sortOrder })).ids;
    assert.deepStrictEqual([await of(), await of("ASCENDING")], [ids, [...ids].reverse()]);
    assert.deepStrictEqual((await w.send(cb.ListBuildsCommand)).ids.slice(0, 3), ids);
    await refuses(w.send(cb.ListBuildsForProjectCommand, { projectName: "nobody" }), "ResourceNotFoundException");
    const { buildsDeleted, buildsNotDeleted } = await w.send(cb.BatchDeleteBuildsCommand, { ids: [ids[0], `${projectName}:none`] });
    assert.deepStrictEqual([buildsDeleted, buildsNotDeleted], [[`arn:aws:codebuild:us-east-1:000000000000:build/${ids[0]}`],
        [{ id: `arn:aws:codebuild:us-east-1:000000000000:build/${projectName}:none`, statusCode: "BUILD_NOT_FOUND" }]]);
    const { builds: left, buildsNotFound } = await w.send(cb.BatchGetBuildsCommand, { ids });
    assert.deepStrictEqual([left.map((b) => b.id), buildsNotFound], [ids.slice(1), [ids[0]]]);
    assert.deepStrictEqual(left.map((b) => b.buildNumber), [2, 1]);
});

test("lines of a running build are in its log, and StopBuild ends it", async () => {
    const { id } = await w.start(await w.project("version: 0.2\nphases: {build: {commands: [echo early line, sleep 600]}}\n"));
    await until("the line is in the log", async () => /^early line$/m.test(await w.logs(await w.get(id)).catch(() => "")));
    await until("the phase, which is not written by who writes the log", async () => (await w.get(id)).currentPhase === "BUILD");
    await refuses(w.send(cb.RetryBuildCommand, { id }), "InvalidInputException", /in progress/);
    const before = Date.now();
    await w.send(cb.StopBuildCommand, { id });
    const e = await w.ended(id);
    assert.ok(Date.now() - before < 10000);
    assert.strictEqual(e.buildStatus, "STOPPED");
    assert.strictEqual(phase(e, "BUILD").phaseStatus, "STOPPED");
    assert.strictEqual((await w.send(cb.StopBuildCommand, { id })).build.buildStatus, "STOPPED");
    await refuses(w.send(cb.StopBuildCommand, { id: "nobody:11111111-1111-1111-1111-111111111111" }), "ResourceNotFoundException");
});

test("a build's phases follow each other without a gap, and say how long they took", async () => {
    const b = await w.build("version: 0.2\nphases: {build: {commands: [sleep 2]}}\n");
    for (let i = 0; i + 1 < b.phases.length; i++) {
        const p = b.phases[i], next = b.phases[i + 1];
        assert.strictEqual(p.durationInSeconds, Math.floor((p.endTime - p.startTime) / 1000), p.phaseType);
        assert.ok(next.startTime >= p.endTime, `${next.phaseType} begins before ${p.phaseType} ends`);
    }
    assert.ok(phase(b, "BUILD").durationInSeconds >= 2);
    assert.deepStrictEqual([phase(b, "COMPLETED").endTime, b.currentPhase, b.startTime <= b.endTime], [undefined, "COMPLETED", true]);
    assert.deepStrictEqual(phase(b, "BUILD").contexts, [{ statusCode: "", message: "" }]);
});

test("a project's concurrentBuildLimit refuses the build too many, and -1 takes it away", async () => {
    const projectName = await w.project(SLEEP, { concurrentBuildLimit: 1 });
    const { id } = await w.start(projectName);
    await refuses(w.start(projectName), "AccountLimitExceededException", /^Cannot have more than 1 builds in queue for the project$/);
    await w.send(cb.UpdateProjectCommand, { name: projectName, concurrentBuildLimit: -1 });
    const { id: second } = await w.start(projectName);
    for (const x of [id, second]) {
        await w.send(cb.StopBuildCommand, { id: x });
        await w.ended(x);
    }
});

test("by the clock: a build times out while it runs, and one that waits for its turn while it is queued", async (t) => {
    const own = await start(t), v = await builds(own);
    const long = await v.project(SLEEP, { timeoutInMinutes: 30 }), name = await v.project(SLEEP, { queuedTimeoutInMinutes: 10 });
    const running = [];
    for (let i = 0; i < 4; i++) running.push((await v.start(long)).id);
    await until("four run", async () => (await Promise.all(running.map((id) => v.get(id)))).every((b) => b.currentPhase === "BUILD"));
    const { id: queued } = await v.start(name), { id: other } = await v.start(name);
    assert.strictEqual((await v.get(queued)).currentPhase, "QUEUED");
    await v.send(cb.StopBuildCommand, { id: other });
    assert.strictEqual(phase(await v.ended(other), "QUEUED").phaseStatus, "STOPPED");
    await own.advance(11 * 60);
    const late = await v.ended(queued);
    assert.deepStrictEqual([late.buildStatus, phase(late, "QUEUED").phaseStatus, phase(late, "QUEUED").contexts[0].statusCode], ["TIMED_OUT", "TIMED_OUT", "BUILD_TIMED_OUT"]);
    const { id: waits } = await v.start(name);
    await v.send(cb.StopBuildCommand, { id: running[0] });
    await until("the waiting one takes the free place", async () => (await v.get(waits)).currentPhase === "BUILD");
    await own.advance(20 * 60);
    for (const id of running.slice(1)) {
        const b = await v.ended(id);
        assert.deepStrictEqual([b.buildStatus, phase(b, "BUILD").contexts[0].statusCode], ["TIMED_OUT", "BUILD_TIMED_OUT"]);
    }
    await v.send(cb.StopBuildCommand, { id: waits });
    await v.ended(waits);
});

test("EventBridge hears of a build's beginning, its phases and its end", async () => {
    const told = await hears(s, "builds", { source: ["aws.codebuild"], detail: { "project-name": ["told"] } }), { got } = told;
    const b = await w.build("version: 0.2\nphases: {build: {commands: [exit 4]}}\n", { name: "told" });
    const states = () => got.filter((e) => e["detail-type"] === "CodeBuild Build State Change");
    await told.until("its end is told", () => states().length === 2 && got.length >= 10);
    assert.deepStrictEqual(states().map((e) => e.detail["build-status"]).sort(), ["FAILED", "IN_PROGRESS"]);
    const end = states().find((e) => e.detail["build-status"] === "FAILED");
    assert.deepStrictEqual([end.resources, end.detail["build-id"], end.detail["current-phase"]], [[b.arn], b.arn, "COMPLETED"]);
    assert.strictEqual(end.detail["additional-information"].logs["group-name"], "/aws/codebuild/told");
    assert.strictEqual(end.detail["additional-information"]["build-complete"], true);
    const failed = got.find((e) => e["detail-type"] === "CodeBuild Build Phase Change" && e.detail["completed-phase"] === "BUILD").detail;
    assert.deepStrictEqual([failed["completed-phase-status"], failed["completed-phase-context"]],
        ["FAILED", "[COMMAND_EXECUTION_ERROR: Error while executing command: exit 4. Reason: exit status 4]"]);
});

test("a build outlives kill -9 of the server, and its log is complete, each line once", async (t) => {
    const own = await start(t, { ephemeral: false });
    const v = await builds(own);
    const { id } = await v.start(await v.project("version: 0.2\nphases: {build: {commands: ['i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.1; done']}}\n"));
    await until("it writes", async () => /^line 10$/m.test(await v.logs(await v.get(id)).catch(() => "")));
    await own.kill9();
    await own.start();
    const e = await v.ended(id);
    assert.strictEqual(e.buildStatus, "SUCCEEDED");
    const lines = (await v.logs(e)).split("\n").filter((l) => /^line \d+$/.test(l));
    assert.deepStrictEqual(lines, Array.from({ length: 60 }, (_, i) => `line ${i}`));
});

test("ARNs and ids: another region's or account's project and build are none of ours, and what is no id is refused", async () => {
    const name = await w.project(GOOD), b = await w.ended((await w.start(name)).id);
    for (const from of ["arn:aws:codebuild:eu-west-1:000000000000", "arn:aws:codebuild:us-east-1:111111111111"]) {
        assert.deepStrictEqual((await w.send(cb.BatchGetProjectsCommand, { names: [`${from}:project/${name}`] })).projectsNotFound, [`${from}:project/${name}`]);
        assert.deepStrictEqual((await w.send(cb.BatchGetBuildsCommand, { ids: [`${from}:build/${b.id}`] })).buildsNotFound, [`${from}:build/${b.id}`]);
        await refuses(w.send(cb.RetryBuildCommand, { id: `${from}:build/${b.id}` }), "ResourceNotFoundException");
        await refuses(w.send(cb.StopBuildCommand, { id: `${from}:build/${b.id}` }), "ResourceNotFoundException");
    }
    assert.strictEqual((await w.send(cb.BatchGetBuildsCommand, { ids: [b.arn] })).builds[0].id, b.id);
    for (const Command of [cb.BatchGetBuildsCommand, cb.BatchDeleteBuildsCommand])
        for (const id of [name, `${name}:`, ":x", "arn:aws:codebuild:us-east-1:000000000000:project/x"])
            await refuses(w.send(Command, { ids: [b.id, id] }), "InvalidInputException", /^Invalid build ID provided$/);
    assert.deepStrictEqual((await w.send(cb.BatchDeleteBuildsCommand, { ids: [b.id] })).buildsDeleted, [b.arn]);
});

test("what AWS documents as ignored is ignored: locations that the type of source or artifacts does not use", async () => {
    const CODEPIPELINE = { type: "CODEPIPELINE", location: "ignored", name: "x", path: "y", namespaceType: "BUILD_ID" };
    await w.project(undefined, { source: { type: "CODEPIPELINE", location: "https://example.com/ignored" }, artifacts: CODEPIPELINE });
    const b = await w.build(GOOD, { artifacts: { type: "NO_ARTIFACTS", location: "nobody", path: "y" } });
    assert.strictEqual(b.buildStatus, "SUCCEEDED");
});
