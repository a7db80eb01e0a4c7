// SPDX-License-Identifier: Apache-2.0
// Real builds: each runs in a container of its own, on this host's tools.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const cb = require("@aws-sdk/client-codebuild");
const { IAMClient, CreateRoleCommand } = require("@aws-sdk/client-iam");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, ListObjectsV2Command } = require("@aws-sdk/client-s3");
const { CloudWatchLogsClient, GetLogEventsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { SSMClient, PutParameterCommand } = require("@aws-sdk/client-ssm");
const { ECRClient, CreateRepositoryCommand, DescribeImagesCommand } = require("@aws-sdk/client-ecr");
const { CodeCommitClient, CreateRepositoryCommand: CreateGit, PutFileCommand } = require("@aws-sdk/client-codecommit");
const { start, finish, until, refuses, run } = require("../lib/slipway");

const ROLE = "arn:aws:iam::000000000000:role/builder";
const TRUST = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "codebuild.amazonaws.com" }, Action: "sts:AssumeRole" }] });
let s, client;

async function prepare(server) {
    await server.client(IAMClient).send(new CreateRoleCommand({ RoleName: "builder", AssumeRolePolicyDocument: TRUST }));
    await server.client(S3Client).send(new CreateBucketCommand({ Bucket: "artifacts" }));
}

before(async () => {
    s = await start(null);
    client = s.client(cb.CodeBuildClient);
    await prepare(s);
});
after(() => finish(s));

let count = 0;
async function project(buildspec, more = {}, on = client) {
    const name = more.name || `p${++count}`;
    await on.send(new cb.CreateProjectCommand({
        name, serviceRole: ROLE, source: { type: "NO_SOURCE", buildspec }, artifacts: { type: "NO_ARTIFACTS" }, ...more,
        environment: { type: "LINUX_CONTAINER", image: "aws/codebuild/standard:7.0", computeType: "BUILD_GENERAL1_SMALL", ...more.environment },
    }));
    return name;
}

async function get(id, on = client) {
    return (await on.send(new cb.BatchGetBuildsCommand({ ids: [id] }))).builds[0];
}

const ended = (id, on = client) => until(`build ${id} ends`, async () => {
    const b = await get(id, on);
    return b.buildComplete && b;
}, { seconds: 120 });

async function build(buildspec, more = {}, over = {}) {
    const projectName = await project(buildspec, more);
    const { build: b } = await client.send(new cb.StartBuildCommand({ projectName, ...over }));
    return ended(b.id);
}

async function logs(b, server = s) {
    const c = server.client(CloudWatchLogsClient);
    let out = [], nextToken;
    for (;;) {
        const r = await c.send(new GetLogEventsCommand({ logGroupName: b.logs.groupName, logStreamName: b.logs.streamName, startFromHead: true, nextToken }));
        if (r.events.length === 0) return out.join("");
        out = out.concat(r.events.map((e) => e.message));
        nextToken = r.nextForwardToken;
    }
}

const phase = (b, name) => b.phases.find((p) => p.phaseType === name);

test("a build runs its phases in one shell, with CodeBuild's variables, and exports variables", async () => {
    await s.client(SSMClient).send(new PutParameterCommand({ Name: "/build/word", Value: "from-ssm", Type: "String" }));
    const b = await build(`
version: 0.2
env:
  variables: {A: spec, B: spec}
  parameter-store: {W: /build/word}
  exported-variables: [RESULT]
phases:
  install: {commands: ["mkdir sub && cd sub", "export KEPT=kept"]}
  build:
    commands:
      - echo "A=$A B=$B W=$W KEPT=$KEPT in $(basename $PWD)"
      - echo "id=$CODEBUILD_BUILD_ID number=$CODEBUILD_BUILD_NUMBER ok=$CODEBUILD_BUILD_SUCCEEDING region=$AWS_REGION"
      - RESULT=$((6 * 7))
      - aws sts get-caller-identity --query Arn --output text
`, { environment: { environmentVariables: [{ name: "A", value: "project" }] } });
    const text = await logs(b);
    assert.strictEqual(b.buildStatus, "SUCCEEDED", text);
    assert.match(text, /A=project B=spec W=from-ssm KEPT=kept in sub/);
    assert.match(text, new RegExp(`id=${b.id} number=1 ok=1 region=us-east-1`));
    assert.match(text, /arn:aws:sts::000000000000:assumed-role\/builder\/AWSCodeBuild-/);
    assert.deepStrictEqual(b.exportedEnvironmentVariables, [{ name: "RESULT", value: "42" }]);
    assert.deepStrictEqual(b.phases.map((p) => p.phaseType), ["SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL",
        "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"]);
    for (const p of b.phases.slice(0, -1)) assert.strictEqual(p.phaseStatus, "SUCCEEDED", p.phaseType);
});

test("a command that fails is named in its phase's context, and post_build runs after it", async () => {
    const b = await build(`
version: 0.2
phases:
  build:
    commands: ["exit_with() { return $1; }", "exit_with 2", "echo not reached"]
    finally: [echo finally runs]
  post_build: {commands: ['echo "post ok=$CODEBUILD_BUILD_SUCCEEDING"', "exit 0", "echo behind exit 0"]}
`);
    const text = await logs(b);
    assert.strictEqual(b.buildStatus, "FAILED");
    assert.strictEqual(phase(b, "BUILD").phaseStatus, "FAILED");
    assert.deepStrictEqual(phase(b, "BUILD").contexts, [{ statusCode: "COMMAND_EXECUTION_ERROR",
        message: "Error while executing command: exit_with 2. Reason: exit status 2" }]);
    assert.match(text, /^finally runs$/m);
    assert.match(text, /^post ok=0$/m);
    assert.match(text, /^behind exit 0$/m);
    assert.doesNotMatch(text, /^not reached$/m);
    assert.strictEqual(phase(b, "POST_BUILD").phaseStatus, "SUCCEEDED");
});

test("a failing install ends the build, and a broken buildspec fails DOWNLOAD_SOURCE", async () => {
    const b = await build("version: 0.2\nphases:\n  install: {commands: [exit 3]}\n  build: {commands: [echo never]}\n");
    assert.strictEqual(phase(b, "INSTALL").contexts[0].message, "Error while executing command: exit 3. Reason: exit status 3");
    assert.strictEqual(phase(b, "BUILD"), undefined);
    const bad = await build("version: 0.2\nphases:\n  build:\n    commands:\n      - a: b\n");
    assert.strictEqual(bad.buildStatus, "FAILED");
    assert.strictEqual(phase(bad, "DOWNLOAD_SOURCE").contexts[0].statusCode, "YAML_FILE_ERROR");
    assert.match(phase(bad, "DOWNLOAD_SOURCE").contexts[0].message, /Expected Commands\[0\] to be of string type/);
});

test("a ZIP source is unpacked and artifacts are packed as the buildspec says", async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "codebuild-zip-"));
    t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
    fs.writeFileSync(path.join(dir, "buildspec.yml"), `
version: 0.2
phases: {build: {commands: ["sh make.sh"]}}
artifacts:
  base-directory: out
  files: ["**/*"]
  exclude-paths: ["**/*.tmp"]
`);
    fs.writeFileSync(path.join(dir, "make.sh"), "mkdir -p out/deep && echo one >out/one.txt && echo two >out/deep/two.txt && echo x >out/x.tmp\n");
    await run("python3", ["-c", "import shutil,sys; shutil.make_archive(sys.argv[1],'zip',sys.argv[2])", dir + "/../" + path.basename(dir), dir]);
    const zip = fs.readFileSync(dir + ".zip");
    fs.unlinkSync(dir + ".zip");
    const s3 = s.client(S3Client);
    await s3.send(new PutObjectCommand({ Bucket: "artifacts", Key: "in/source.zip", Body: zip }));
    const b = await build(undefined, { name: "zipper", source: { type: "S3", location: "artifacts/in/source.zip" },
        artifacts: { type: "S3", location: "artifacts", path: "out", name: "result.zip", packaging: "ZIP", namespaceType: "BUILD_ID" } });
    assert.strictEqual(b.buildStatus, "SUCCEEDED", await logs(b));
    const key = `out/${b.id.split(":")[1]}/result.zip`;
    assert.strictEqual(b.artifacts.location, `arn:aws:s3:::artifacts/${key}`);
    const got = await (await s3.send(new GetObjectCommand({ Bucket: "artifacts", Key: key }))).Body.transformToByteArray();
    fs.writeFileSync(path.join(dir, "got.zip"), got);
    const { stdout } = await run("python3", ["-c", "import zipfile,sys\nz=zipfile.ZipFile(sys.argv[1])\nprint({n: z.read(n).decode() for n in sorted(z.namelist())})", path.join(dir, "got.zip")]);
    assert.strictEqual(stdout.trim(), "{'deep/two.txt': 'two\\n', 'one.txt': 'one\\n'}");
});

test("a CodeCommit source is cloned with its history at the branch asked for", async () => {
    const c = s.client(CodeCommitClient);
    const { repositoryMetadata } = await c.send(new CreateGit({ repositoryName: "code" }));
    const { commitId } = await c.send(new PutFileCommand({ repositoryName: "code", branchName: "work", filePath: "buildspec.yml",
        fileContent: Buffer.from("version: 0.2\nphases: {build: {commands: ['git log --format=%H', 'echo $CODEBUILD_SRC_DIR']}}\n") }));
    const b = await build(undefined, { name: "cloner", sourceVersion: "work", source: { type: "CODECOMMIT", location: repositoryMetadata.cloneUrlHttp } });
    const text = await logs(b);
    assert.strictEqual(b.buildStatus, "SUCCEEDED", JSON.stringify(b.phases) + text);
    assert.strictEqual(b.resolvedSourceVersion, commitId);
    assert.match(text, new RegExp(`^${commitId}$`, "m"));
    assert.match(text, /git-codecommit\.us-east-1\.amazonaws\.com\/v1\/repos\/code$/m);
});

test("lines of a running build are in its log, and StopBuild ends it", async () => {
    const projectName = await project("version: 0.2\nphases: {build: {commands: [echo early line, sleep 600]}}\n");
    const { build: b } = await client.send(new cb.StartBuildCommand({ projectName }));
    await until("the line is in the log", async () => /^early line$/m.test(await logs(b).catch(() => "")));
    assert.strictEqual((await get(b.id)).currentPhase, "BUILD");
    const before = Date.now();
    await client.send(new cb.StopBuildCommand({ id: b.id }));
    const e = await ended(b.id);
    assert.ok(Date.now() - before < 10000);
    assert.strictEqual(e.buildStatus, "STOPPED");
    assert.strictEqual(phase(e, "BUILD").phaseStatus, "STOPPED");
});

test("a build's time is over by the clock", async () => {
    const projectName = await project("version: 0.2\nphases: {build: {commands: [sleep 600]}}\n", { timeoutInMinutes: 5 });
    const { build: b } = await client.send(new cb.StartBuildCommand({ projectName }));
    await until("it runs", async () => (await get(b.id)).currentPhase === "BUILD");
    await fetch(`${s.endpoint}/_slipway/clock/advance`, { method: "POST", body: JSON.stringify({ seconds: 360 }), headers: { "content-type": "application/json" } });
    const e = await ended(b.id);
    assert.strictEqual(e.buildStatus, "TIMED_OUT");
    assert.strictEqual(phase(e, "BUILD").contexts[0].statusCode, "BUILD_TIMED_OUT");
});

test("a build outlives kill -9 of the server, and its log is complete, each line once", async (t) => {
    const own = await start(t, { ephemeral: false });
    await prepare(own);
    const c = own.client(cb.CodeBuildClient);
    const projectName = await project("version: 0.2\nphases: {build: {commands: ['i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.1; done']}}\n", { name: "long" }, c);
    const { build: b } = await c.send(new cb.StartBuildCommand({ projectName }));
    await until("it writes", async () => /^line 10$/m.test(await logs(b, own).catch(() => "")));
    await own.kill9();
    await own.start();
    const e = await ended(b.id, c);
    assert.strictEqual(e.buildStatus, "SUCCEEDED");
    const lines = (await logs(e, own)).split("\n").filter((l) => /^line \d+$/.test(l));
    assert.deepStrictEqual(lines, Array.from({ length: 60 }, (_, i) => `line ${i}`));
});

test("docker builds, runs and pushes in a privileged build", { skip: !fs.existsSync("/usr/sbin/dockerd") }, async () => {
    await s.client(ECRClient).send(new CreateRepositoryCommand({ repositoryName: "app" }));
    const b = await build(`
version: 0.2
phases:
  pre_build:
    commands:
      - aws ecr get-login-password | docker login --username AWS --password-stdin $REGISTRY
  build:
    commands:
      - mkdir image && cp /bin/busybox image/ 2>/dev/null || cp $(command -v busybox) image/
      - printf 'FROM scratch\\nCOPY busybox /bin/busybox\\nCMD ["/bin/busybox","echo","inside"]\\n' > image/Dockerfile
      - docker build -t $REGISTRY/app:1 image
      - docker run --rm $REGISTRY/app:1
      - /usr/bin/docker push $REGISTRY/app:1
`, { environment: { privilegedMode: true, environmentVariables: [{ name: "REGISTRY", value: `127.0.0.1:${s.port}` }] } });
    const text = await logs(b);
    assert.strictEqual(b.buildStatus, "SUCCEEDED", text);
    assert.match(text, /^inside$/m);
    const { imageDetails } = await s.client(ECRClient).send(new DescribeImagesCommand({ repositoryName: "app" }));
    assert.deepStrictEqual(imageDetails[0].imageTags, ["1"]);
});

test("projects are created, read, listed, updated and deleted", async () => {
    const name = await project("version: 0.2\nphases: {build: {commands: [true]}}\n", { name: "life", tags: [{ key: "k", value: "v" }] });
    const { projects: [p], projectsNotFound } = await client.send(new cb.BatchGetProjectsCommand({ names: [name, "nobody"] }));
    assert.strictEqual(p.arn, "arn:aws:codebuild:us-east-1:000000000000:project/life");
    assert.strictEqual(p.timeoutInMinutes, 60);
    assert.deepStrictEqual(projectsNotFound, ["nobody"]);
    await client.send(new cb.UpdateProjectCommand({ name, description: "new" }));
    assert.strictEqual((await client.send(new cb.BatchGetProjectsCommand({ names: [name] }))).projects[0].description, "new");
    assert.ok((await client.send(new cb.ListProjectsCommand({}))).projects.includes(name));
    await refuses(project("x", { name }), "ResourceAlreadyExistsException", /Project already exists/);
    await client.send(new cb.DeleteProjectCommand({ name }));
    await refuses(client.send(new cb.StartBuildCommand({ projectName: name })), "ResourceNotFoundException", /Project cannot be found/);
});

test("what cannot be done is refused by its name", async () => {
    await refuses(project(undefined, { source: { type: "GITHUB", location: "https://github.com/a/b" } }), "InvalidInputException", /source\.type/);
    await refuses(project("v", { cache: { type: "S3", location: "b/c" } }), "InvalidInputException", /cache\.type/);
    await refuses(project("v", { badgeEnabled: true }), "InvalidInputException", /badgeEnabled/);
    await refuses(project("v", { logsConfig: { s3Logs: { status: "ENABLED", location: "a/b" } } }), "InvalidInputException", /s3Logs/);
    await refuses(project("v", { environment: { environmentVariables: [{ name: "A", value: "b", type: "SECRETS_MANAGER" }] } }), "InvalidInputException", /SECRETS_MANAGER/);
});

test("a token starts one build, overrides change only that build, and a build can be retried", async () => {
    const projectName = await project("version: 0.2\nphases: {build: {commands: ['echo word=$WORD']}}\n");
    const in_ = { projectName, idempotencyToken: "once", environmentVariablesOverride: [{ name: "WORD", value: "w" }] };
    const { build: one } = await client.send(new cb.StartBuildCommand(in_));
    const { build: two } = await client.send(new cb.StartBuildCommand(in_));
    assert.strictEqual(one.id, two.id);
    await refuses(client.send(new cb.StartBuildCommand({ ...in_, sourceVersion: "x" })), "InvalidInputException", /idempotency token/);
    await ended(one.id);
    const { build: again } = await client.send(new cb.RetryBuildCommand({ id: one.id }));
    assert.notStrictEqual(again.id, one.id);
    assert.strictEqual(again.buildNumber, 2);
    assert.match(await logs(await ended(again.id)), /^word=w$/m);
    assert.deepStrictEqual((await client.send(new cb.ListBuildsForProjectCommand({ projectName }))).ids, [again.id, one.id]);
});
