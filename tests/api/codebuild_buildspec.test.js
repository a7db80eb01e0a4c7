// SPDX-License-Identifier: Apache-2.0
// What a buildspec says is done: environment, phases, artifacts, sources. Real builds, each in a container of its own, on
// this host's tools.
"use strict";
const { SecretsManagerClient, CreateSecretCommand } = require("@aws-sdk/client-secrets-manager");
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { PutObjectCommand } = require("@aws-sdk/client-s3");
const { SSMClient, PutParameterCommand } = require("@aws-sdk/client-ssm");
const { ECRClient, CreateRepositoryCommand, DescribeImagesCommand } = require("@aws-sdk/client-ecr");
const { CodeCommitClient, CreateRepositoryCommand: CreateGit, PutFileCommand } = require("@aws-sdk/client-codecommit");
const { IAMClient, PutRolePolicyCommand } = require("@aws-sdk/client-iam");
const { start, finish, run, folder } = require("../lib/slipway");
const { builds, phase } = require("../lib/build");
const { unzip } = require("../lib/zip");

let s, w;
before(async () => {
    s = await start(null);
    w = await builds(s);
});
after(() => finish(s));

async function repository(name, files, branchName = "main", on = s.client(CodeCommitClient)) {
    const { repositoryMetadata } = await on.send(new CreateGit({ repositoryName: name }));
    let parentCommitId;
    for (const [filePath, text] of Object.entries(files))
        parentCommitId = (await on.send(new PutFileCommand({ repositoryName: name, branchName, filePath, fileContent: Buffer.from(text), parentCommitId }))).commitId;
    return { url: repositoryMetadata.cloneUrlHttp, head: parentCommitId };
}

test("a build runs its phases in one shell, with CodeBuild's variables, and exports variables", async () => {
    await s.client(SSMClient).send(new PutParameterCommand({ Name: "/build/word", Value: "from-ssm", Type: "String" }));
    const b = await w.build(`
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
    const text = await w.logs(b);
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
    const b = await w.build(`
version: 0.2
phases:
  build:
    commands: ["exit_with() { return $1; }", "exit_with 2", "echo not reached"]
    finally: [echo finally runs]
  post_build: {commands: ['echo "post ok=$CODEBUILD_BUILD_SUCCEEDING"', "exit 0", "echo behind exit 0"]}
`);
    const text = await w.logs(b);
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
    const b = await w.build("version: 0.2\nphases:\n  install: {commands: [exit 3]}\n  build: {commands: [echo never]}\n");
    assert.strictEqual(phase(b, "INSTALL").contexts[0].message, "Error while executing command: exit 3. Reason: exit status 3");
    assert.strictEqual(phase(b, "BUILD"), undefined);
    const bad = await w.build("version: 0.2\nphases:\n  build:\n    commands:\n      - a: b\n");
    assert.strictEqual(bad.buildStatus, "FAILED");
    assert.strictEqual(phase(bad, "DOWNLOAD_SOURCE").contexts[0].statusCode, "YAML_FILE_ERROR");
    assert.match(phase(bad, "DOWNLOAD_SOURCE").contexts[0].message, /Expected Commands\[0\] to be of string type/);
});

test("a ZIP source is unpacked and artifacts are packed as the buildspec says", async (t) => {
    const dir = folder(t);
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
    await w.s3.send(new PutObjectCommand({ Bucket: "artifacts", Key: "in/source.zip", Body: zip }));
    const b = await w.build(undefined, { name: "zipper", source: { type: "S3", location: "artifacts/in/source.zip" },
        artifacts: { type: "S3", location: "artifacts", path: "out", name: "result.zip", packaging: "ZIP", namespaceType: "BUILD_ID" } });
    assert.strictEqual(b.buildStatus, "SUCCEEDED", await w.logs(b));
    const key = `out/${b.id.split(":")[1]}/result.zip`;
    assert.strictEqual(b.artifacts.location, `arn:aws:s3:::artifacts/${key}`);
    assert.deepStrictEqual(unzip(await w.object(key)), { "deep/two.txt": "two\n", "one.txt": "one\n" });
});

test("a CodeCommit source is cloned with its history at the branch asked for", async () => {
    const c = s.client(CodeCommitClient);
    const { repositoryMetadata } = await c.send(new CreateGit({ repositoryName: "code" }));
    const { commitId } = await c.send(new PutFileCommand({ repositoryName: "code", branchName: "work", filePath: "buildspec.yml",
        fileContent: Buffer.from("version: 0.2\nphases: {build: {commands: ['git log --format=%H', 'echo $CODEBUILD_SRC_DIR']}}\n") }));
    const b = await w.build(undefined, { name: "cloner", sourceVersion: "work", source: { type: "CODECOMMIT", location: repositoryMetadata.cloneUrlHttp } });
    const text = await w.logs(b);
    assert.strictEqual(b.buildStatus, "SUCCEEDED", JSON.stringify(b.phases) + text);
    assert.strictEqual(b.resolvedSourceVersion, commitId);
    assert.match(text, new RegExp(`^${commitId}$`, "m"));
    assert.match(text, /git-codecommit\.us-east-1\.amazonaws\.com\/v1\/repos\/code$/m);
});

test("docker builds, runs and pushes in a privileged build", { skip: !fs.existsSync("/usr/sbin/dockerd") }, async () => {
    await s.client(ECRClient).send(new CreateRepositoryCommand({ repositoryName: "app" }));
    const b = await w.build(`
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
    const text = await w.logs(b);
    assert.strictEqual(b.buildStatus, "SUCCEEDED", text);
    assert.match(text, /^inside$/m);
    const { imageDetails } = await s.client(ECRClient).send(new DescribeImagesCommand({ repositoryName: "app" }));
    assert.deepStrictEqual(imageDetails[0].imageTags, ["1"]);
});


test("a build sees the variables that AWS documents, and the request's win over the project's and the buildspec's", async () => {
    const { url, head } = await repository("documented", { "x": "x" });
    const side = await repository("side", { "side.txt": "from the side\n" }, "release");
    const more = { source: { type: "CODECOMMIT", location: url, buildspec: "version: 0.2\nenv: {variables: {A: spec, B: spec, C: spec}}\nphases: {build: {commands: ['env | sort', 'cat $CODEBUILD_SRC_DIR_side/side.txt', 'ls -d $CODEBUILD_SRC_DIR/x']}}\n" },
        sourceVersion: "main", secondarySources: [{ type: "CODECOMMIT", location: side.url, sourceIdentifier: "side" }],
        secondarySourceVersions: [{ sourceIdentifier: "side", sourceVersion: "release" }],
        environment: { environmentVariables: [{ name: "B", value: "project" }, { name: "C", value: "project" }] } };
    const b = await w.build(undefined, more, { environmentVariablesOverride: [{ name: "C", value: "request" }] });
    const text = await w.logs(b), env = {};
    assert.strictEqual(b.buildStatus, "SUCCEEDED", text);
    for (const [, k, v] of text.matchAll(/^([A-Z_a-z0-9]+)=(.*)$/gm)) env[k] = v;
    assert.deepStrictEqual([env.A, env.B, env.C], ["spec", "project", "request"]);
    const want = {
        CODEBUILD_BUILD_ARN: b.arn, CODEBUILD_BUILD_ID: b.id, CODEBUILD_BUILD_IMAGE: "aws/codebuild/standard:7.0", CODEBUILD_BUILD_NUMBER: "1",
        CODEBUILD_BUILD_SUCCEEDING: "1", CODEBUILD_CI: "true", CODEBUILD_INITIATOR: "root", CODEBUILD_KMS_KEY_ID: "arn:aws:kms:us-east-1:000000000000:alias/aws/s3",
        CODEBUILD_LOG_PATH: b.logs.streamName, CODEBUILD_RESOLVED_SOURCE_VERSION: head, CODEBUILD_SOURCE_REPO_URL: url, CODEBUILD_SOURCE_VERSION: "main",
        CODEBUILD_SOURCE_VERSION_side: "release", CODEBUILD_START_TIME: String(b.startTime.getTime()), AWS_REGION: "us-east-1", AWS_DEFAULT_REGION: "us-east-1", HOME: "/root" };
    for (const [k, v] of Object.entries(want)) assert.strictEqual(env[k], v, k);
    assert.match(env.CODEBUILD_SRC_DIR, /^\/codebuild\/output\/src\d+\/src\/git-codecommit\.us-east-1\.amazonaws\.com\/v1\/repos\/documented$/);
    assert.match(text, /^from the side$/m);
});

test("variables come out of Secrets Manager, by the buildspec and by the project", async () => {
    const { ARN } = await s.client(SecretsManagerClient).send(new CreateSecretCommand({ Name: "build/key", SecretString: '{"token":"t0ken","n":7}' }));
    const b = await w.build(`
version: 0.2
env:
  secrets-manager: {TOKEN: "build/key:token", WHOLE: build/key}
phases: {build: {commands: ['echo "got $TOKEN $WHOLE $N"']}}
`, { environment: { environmentVariables: [{ name: "N", value: `${ARN}:n:AWSCURRENT`, type: "SECRETS_MANAGER" }] } });
    assert.match(await w.logs(b), /got t0ken \{"token":"t0ken","n":7\} 7/);
    for (const [reference, why] of [["none", /^Secrets Manager Error Message: Secrets Manager can't find the specified secret\.$/], ["build/key:none", /did not contain json key none/]]) {
        const failed = await w.build(`version: 0.2\nenv: {secrets-manager: {P: "${reference}"}}\nphases: {build: {commands: [true]}}\n`);
        assert.match(phase(failed, "DOWNLOAD_SOURCE").contexts[0].message, why);
    }
});

test("a parameter that is not there fails DOWNLOAD_SOURCE by its name", async () => {
    const b = await w.build("version: 0.2\nenv: {parameter-store: {P: /not/there}}\nphases: {build: {commands: [true]}}\n");
    assert.strictEqual(b.buildStatus, "FAILED");
    assert.match(phase(b, "DOWNLOAD_SOURCE").contexts[0].message, /Parameter store error: .*\/not\/there/);
});

test("on-failure decides how a build goes on; finally always runs", async () => {
    const b = await w.build(`
version: 0.2
phases:
  install: {on-failure: CONTINUE, commands: [exit 2], finally: [echo install finally]}
  pre_build: {commands: [echo pre runs]}
  build: {on-failure: ABORT, commands: [exit 3], finally: [echo build finally]}
  post_build: {commands: [echo post runs]}
`);
    const text = await w.logs(b);
    assert.deepStrictEqual([b.buildStatus, phase(b, "INSTALL").phaseStatus, phase(b, "PRE_BUILD").phaseStatus, phase(b, "BUILD").phaseStatus], ["FAILED", "FAILED", "SUCCEEDED", "FAILED"]);
    for (const line of ["install finally", "pre runs", "build finally"]) assert.match(text, new RegExp(`^${line}$`, "m"));
    assert.doesNotMatch(text, /^post runs$/m);
    assert.strictEqual(phase(b, "POST_BUILD"), undefined);
});

test("bash is the shell where env/shell says so", async () => {
    const b = await w.build("version: 0.2\nenv: {shell: bash}\nphases: {build: {commands: ['a=(x y z)', 'echo \"bash ${a[1]}\"']}}\n");
    assert.match(await w.logs(b), /^bash y$/m);
});

const ARTIFACTS = { type: "S3", location: "artifacts", path: "set", packaging: "NONE", overrideArtifactName: true };
const MAKE = "phases: {build: {commands: ['mkdir -p out/deep && echo 1 > out/one.txt && echo 2 > out/deep/two.txt && ln -s one.txt out/link && echo x > out/x.tmp', 'VERSION=7']}}\n";

test("artifacts keep or lose their folders, leave out what is excluded, and have a name that the shell makes", async () => {
    const b = await w.build(`version: 0.2\n${MAKE}artifacts:\n  base-directory: out\n  files: ['**/*']\n  exclude-paths: ['**/*.tmp', link]\n  name: app-$VERSION-$(date +%Y)\n`, { artifacts: ARTIFACTS });
    assert.strictEqual(b.buildStatus, "SUCCEEDED", JSON.stringify(b.phases));
    const name = `app-7-${new Date().getUTCFullYear()}`;
    assert.strictEqual(b.artifacts.location, `arn:aws:s3:::artifacts/set/${name}`);
    assert.deepStrictEqual(await w.keys(`set/${name}/`), [`set/${name}/deep/two.txt`, `set/${name}/one.txt`]);
    await w.build(`version: 0.2\n${MAKE}artifacts: {files: ['out/**/*.txt'], discard-paths: yes, name: flat}\n`, { artifacts: ARTIFACTS });
    assert.deepStrictEqual(await w.keys("set/flat/"), ["set/flat/one.txt", "set/flat/two.txt"]);
    assert.strictEqual((await w.object("set/flat/two.txt")).toString(), "2\n");
});

test("secondary artifacts go where the project says, each under its own name", async () => {
    const b = await w.build(`version: 0.2\n${MAKE}artifacts:\n  secondary-artifacts:\n    a: {files: [out/one.txt], discard-paths: yes}\n    b: {files: ['**/*'], base-directory: out/deep, name: b-$VERSION}\n`, {
        artifacts: { type: "NO_ARTIFACTS" }, secondaryArtifacts: [
            { type: "S3", location: "artifacts", path: "more", name: "a.zip", packaging: "ZIP", artifactIdentifier: "a" },
            { type: "S3", location: "artifacts", path: "more", name: "unused", packaging: "ZIP", artifactIdentifier: "b", overrideArtifactName: true }] });
    assert.strictEqual(b.buildStatus, "SUCCEEDED", JSON.stringify(b.phases));
    assert.deepStrictEqual(b.secondaryArtifacts.map((a) => [a.artifactIdentifier, a.location]),
        [["a", "arn:aws:s3:::artifacts/more/a.zip"], ["b", "arn:aws:s3:::artifacts/more/b-7"]]);
    assert.deepStrictEqual([unzip(await w.object("more/a.zip")), unzip(await w.object("more/b-7"))], [{ "one.txt": "1\n" }, { "two.txt": "2\n" }]);
});

test("an artifact's name that the shell cannot read fails the upload, not the build's commands", async () => {
    const b = await w.build(`version: 0.2\n${MAKE}artifacts: {files: ['out/one.txt'], name: 'broken-$(date'}\n`, { artifacts: ARTIFACTS });
    assert.deepStrictEqual([b.buildStatus, phase(b, "BUILD").phaseStatus, phase(b, "UPLOAD_ARTIFACTS").phaseStatus], ["FAILED", "SUCCEEDED", "FAILED"]);
    assert.deepStrictEqual(phase(b, "UPLOAD_ARTIFACTS").contexts[0], { statusCode: "CLIENT_ERROR", message: "the artifact's name broken-$(date cannot be evaluated by the build's shell" });
});

test("files that are not there, or no bucket, fail UPLOAD_ARTIFACTS", async () => {
    const none = await w.build("version: 0.2\nphases: {build: {commands: [true]}}\nartifacts: {files: [gone.txt]}\n", { artifacts: ARTIFACTS });
    assert.deepStrictEqual(phase(none, "UPLOAD_ARTIFACTS").contexts[0], { statusCode: "CLIENT_ERROR", message: "no matching artifact paths found" });
    const base = await w.build("version: 0.2\nphases: {build: {commands: [true]}}\nartifacts: {files: ['*'], base-directory: gone}\n", { artifacts: ARTIFACTS });
    assert.match(phase(base, "UPLOAD_ARTIFACTS").contexts[0].message, /^no matching base directory path found for gone/);
    const bucket = await w.build(`version: 0.2\n${MAKE}artifacts: {files: ['out/one.txt']}\n`, { artifacts: { ...ARTIFACTS, location: "nobodys-bucket" } });
    assert.match(phase(bucket, "UPLOAD_ARTIFACTS").contexts[0].message, /NoSuchBucket/);
});

// Keys of buildspecs that are real in AWS and not here: DOWNLOAD_SOURCE fails at once, naming the key.
for (const [what, extra, message] of [
    ["reports", "reports: {r: {files: [a]}}", /the key reports is not available/],
    ["batch", "batch: {fast-fail: true}", /the key batch is not available/],
    ["proxy", "proxy: {upload-artifacts: yes}", /the key proxy is not available/],
    ["run-as", "run-as: nobody", /run-as: only root is available/],
])
    test(`a buildspec with ${what} is refused by that name`, async () => {
        const b = await w.build(`version: 0.2\nphases: {build: {commands: [echo never]}}\n${extra}\n`);
        assert.strictEqual(b.buildStatus, "FAILED");
        assert.strictEqual(phase(b, "DOWNLOAD_SOURCE").contexts[0].statusCode, "YAML_FILE_ERROR");
        assert.match(phase(b, "DOWNLOAD_SOURCE").contexts[0].message, message);
        assert.strictEqual(phase(b, "BUILD"), undefined);
    });

test("strict, a source is cloned under the build's role, and git-credential-helper gives its git the same", async (t) => {
    const strict = await start(t, { args: ["--auth", "strict"] }), credentials = strict.root;
    const v = await builds(strict, { credentials });
    const { url } = await repository("guarded", { "secret.txt": "for the role\n" }, "main", strict.client(CodeCommitClient, { credentials }));
    const more = { source: { type: "CODECOMMIT", location: url, buildspec: `version: 0.2\nenv: {git-credential-helper: yes}\nphases: {build: {commands: ['git clone -q ${url} /tmp/again && cat /tmp/again/secret.txt']}}\n` } };
    const name = await v.project(undefined, more);
    const allow = (...Action) => strict.client(IAMClient, { credentials }).send(new PutRolePolicyCommand({ RoleName: "builder", PolicyName: "p",
        PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] }) }));
    await allow("logs:*");
    const denied = await v.ended((await v.start(name)).id);
    assert.strictEqual(denied.buildStatus, "FAILED");
    assert.match(phase(denied, "DOWNLOAD_SOURCE").contexts[0].message, /AccessDenied/);
    await allow("logs:*", "codecommit:GetRepository", "codecommit:GitPull");
    const b = await v.ended((await v.start(name)).id);
    assert.strictEqual(b.buildStatus, "SUCCEEDED", JSON.stringify(b.phases));
    assert.match(await v.logs(b), /^for the role$/m);
});

test("a buildspec's cache is of no consequence to a project without one, and all faults are told at once", async () => {
    const good = await w.build("version: 0.2\nphases: {build: {commands: [echo hello]}}\ncache:\n  paths: ['/root/.m2/**/*']\n");
    assert.strictEqual(good.buildStatus, "SUCCEEDED");
    const bad = await w.build("version: 0.2\nphases:\n  build:\n    commands:\n      - a: b\n  test: {}\nreports: {}\n");
    const { message } = phase(bad, "DOWNLOAD_SOURCE").contexts[0];
    for (const why of [/Commands\[0\] .* at line 5/, /the key test is not available at line 6/, /the key reports is not available at line 7/]) assert.match(message, why);
});

test("no text of the driver's own shows in a log: a runtime that is missing, a name that the shell cannot make", async () => {
    const b = await w.build(`
version: 0.2
phases:
  install: {runtime-versions: {dotnet: 8}, on-failure: CONTINUE}
  build: {commands: [echo built]}
artifacts: {files: ['*'], name: 'app-\${NOT_THERE:?no name}'}
`, { artifacts: { type: "S3", location: "artifacts", name: "plain" } });
    const text = await w.logs(b);
    if (!/dotnet/.test(phase(b, "INSTALL").contexts?.[0]?.message || "")) assert.match(text, /The runtime dotnet is not installed in this environment/);
    assert.doesNotMatch(text, /slipway_|\(exit 1\)|name\.0|NOT_THERE|no name/);
});

test("the log of a build with artifacts is in order: nothing comes behind the end of its last phase", async () => {
    for (let i = 0; i < 3; i++) {
        const b = await w.build("version: 0.2\nphases: {post_build: {commands: ['seq 1 2000']}}\nartifacts: {files: ['*'], base-directory: /etc/default}\n",
            { artifacts: { type: "S3", location: "artifacts", name: `order${i}` } });
        const lines = (await w.logs(b)).split("\n").map((l) => l.replace(/^\[Container\] \S+ \S+ /, ""));
        const at = lines.indexOf("Phase complete: POST_BUILD State: SUCCEEDED");
        assert.strictEqual(lines[at - 1], "2000");
        assert.deepStrictEqual(lines.slice(at), ["Phase complete: POST_BUILD State: SUCCEEDED", "Phase context status code:  Message: ",
            "Expanding base directory path: /etc/default", "Assembling file list", "Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED", "Phase context status code:  Message: ", ""]);
    }
});

test("git's credential helper of the AWS CLI works as AWS documents it, and with the option", async (t) => {
    for (const option of ["", " --ignore-host-check"]) {
        const b = await w.build(`
version: 0.2
phases:
  build:
    commands:
      - git config --global credential.helper '!aws codecommit credential-helper${option} $@'
      - git config --global credential.UseHttpPath true
      - printf 'protocol=http\\nhost=127.0.0.1\\npath=v1/repos/x\\n\\n' >/tmp/asked
      - git credential fill </tmp/asked >/tmp/told
      - grep -c '^username=' /tmp/told; grep -c '^password=2' /tmp/told
      - git credential approve </tmp/told; echo "stored $?"
      - git credential reject </tmp/told; echo "erased $?"
`);
        const text = await w.logs(b);
        assert.match(text, /^1\n1$/m, text);
        assert.match(text, /^stored 0$/m);
        assert.match(text, /^erased 0$/m);
        assert.doesNotMatch(text, /Unknown options/);
    }
});
