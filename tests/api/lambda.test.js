// SPDX-License-Identifier: Apache-2.0
// Functions as they are stored: made, shown, changed, published, listed and deleted; aliases, permissions, concurrency; code that
// is none.
"use strict";
const assert = require("node:assert");
const crypto = require("node:crypto");
const { test, before, after } = require("node:test");
const { CloudWatchClient, GetMetricStatisticsCommand } = require("@aws-sdk/client-cloudwatch");
const { S3Client, CreateBucketCommand, PutObjectCommand } = require("@aws-sdk/client-s3");
const L = require("@aws-sdk/client-lambda");
const { Functions, NODE } = require("../lib/lambda");
const { role } = require("../lib/role");
const { finish, refuses, start, until } = require("../lib/slipway");
const { allow, strict } = require("../lib/strict");
const { zip } = require("../lib/zip");

const OWN = "provided.al2023", FILES = [{ name: "bootstrap", data: "x", mode: 0o100755 }], ARN = "arn:aws:lambda:us-east-1:000000000000:function:";
const node = { skip: NODE ? false : "there is no node in /usr/local/bin or /usr/bin" };

let s, f;
before(async () => { s = await start(null); f = new Functions(s); });
after(() => finish(s));
const make = (name, more = {}) => f.make(name, FILES, { Runtime: OWN, ...more });

test("a function is made, shown with all that is meant, and found by every form of its name", async () => {
    const made = await make("shown", { Tags: { a: "b" }, Description: "d" });
    assert.deepStrictEqual([made.State, made.StateReasonCode, made.Version, made.FunctionArn, made.Timeout, made.MemorySize, made.EphemeralStorage.Size, made.PackageType, made.Architectures.length],
        ["Pending", "Creating", "$LATEST", `${ARN}shown`, 3, 128, 512, "Zip", 1]);
    assert.strictEqual(made.CodeSha256, crypto.createHash("sha256").update(zip(FILES)).digest("base64"));
    for (const FunctionName of ["shown", `${ARN}shown`, "000000000000:function:shown", "function:shown", "shown:$LATEST", `${ARN}shown:$LATEST`]) {
        const { Configuration, Tags, Code } = await f.send(L.GetFunctionCommand, { FunctionName });
        assert.deepStrictEqual([Configuration.FunctionName, Configuration.State, Configuration.LastUpdateStatus, Tags, Code.RepositoryType], ["shown", "Active", "Successful", { a: "b" }, "S3"]);
        assert.deepStrictEqual(Buffer.from(await (await fetch(Code.Location)).arrayBuffer()), zip(FILES));
        assert.strictEqual((await fetch(`${Code.Location}x`)).status, 403);
    }
    await refuses(make("shown"), "ResourceConflictException", /Function already exist: shown/);
    await refuses(f.send(L.GetFunctionCommand, { FunctionName: "arn:aws:lambda:eu-west-1:000000000000:function:shown" }), "ResourceNotFoundException", /not reachable in this region/);
    await refuses(f.send(L.GetFunctionCommand, { FunctionName: "shown:7", Qualifier: "8" }), "InvalidParameterValueException", /derived qualifier/);
    assert.ok((await f.send(L.ListFunctionsCommand, {})).Functions.some((x) => x.FunctionName === "shown" && x.State === undefined));
    await f.send(L.DeleteFunctionCommand, { FunctionName: "shown" });
    await refuses(f.send(L.GetFunctionCommand, { FunctionName: "shown" }), "ResourceNotFoundException", /Function not found: .*function:shown$/);
});

test("what a function may not be is refused in Lambda's words", async () => {
    const Role = f.role, at = { FunctionName: "refused", Role, Runtime: OWN, Handler: "h", Code: { ZipFile: zip(FILES) } };
    for (const [more, message] of [[{ Timeout: 901 }, /'Timeout' value .* less than or equal to 900/], [{ MemorySize: 10241 }, /'MemorySize' value .* 10240/],
        [{ Runtime: "ruby3.3" }, /ruby3.3 is not available on this machine/], [{ Runtime: "python3.6" }, /install `python3.6`/], [{ Handler: undefined }, /Runtime and Handler are mandatory/],
        [{ Role: "arn:aws:iam::000000000000:role/none" }, /cannot be assumed by Lambda/], [{ Code: {} }, /provide a source/], [{ Code: { S3Bucket: "none", S3Key: "k" } }, /NoSuchBucket/],
        [{ Environment: { Variables: { AWS_REGION: "x" } } }, /reserved keys.*AWS_REGION/], [{ Environment: { Variables: { BIG: "x".repeat(4096) } } }, /exceeded the 4KB limit/],
        [{ Layers: [`${ARN.replace("function", "layer")}l:1`] }, /Layers/], [{ VpcConfig: { SubnetIds: ["subnet-1"] } }, /VPC/], [{ Architectures: [process.arch === "x64" ? "arm64" : "x86_64"] }, /Architectures/],
        [{ TracingConfig: { Mode: "Active" } }, /TracingConfig/], [{ DeadLetterConfig: { TargetArn: "arn:aws:sqs:us-east-1:000000000000:q" } }, /DeadLetterConfig/],
        [{ PackageType: "Image" }, /PackageType/], [{ LoggingConfig: { LogFormat: "JSON" } }, /LogFormat/]])
        await refuses(f.send(L.CreateFunctionCommand, { ...at, ...more }), "InvalidParameterValueException", message);
    await refuses(f.send(L.CreateFunctionCommand, { ...at, FunctionName: "x".repeat(65) }), "ValidationException", /64/);
    await refuses(f.send(L.CreateFunctionCommand, { ...at, EphemeralStorage: { Size: 10241 } }), "ValidationException", /10240/);
});

test("archives that are none, lead out of their folder, or are too large are refused", async () => {
    const refused = (ZipFile, message = /Could not unzip uploaded file/) => refuses(f.send(L.CreateFunctionCommand,
        { FunctionName: "zipped", Role: f.role, Runtime: OWN, Handler: "h", Code: { ZipFile } }), "InvalidParameterValueException", message);
    await refused(Buffer.from("PK, but no archive"));
    await refused(zip(FILES).subarray(0, 60));
    for (const name of ["../x", "a/../../x", "/etc/x", "..\\x", ""]) await refused(zip([{ name, data: "x" }]));
    await refused(zip([{ name: "link", data: "/etc/passwd", mode: 0o120777 }]));
    await refused(zip([{ name: "device", data: "", mode: 0o020666 }]));
    const bomb = Buffer.alloc(263 << 20);
    await refused(zip([{ name: "zeros", data: bomb }]), /Unzipped size must be smaller than 262144000 bytes/);
    await f.send(L.CreateFunctionCommand, { FunctionName: "liar", Role: f.role, Runtime: OWN, Handler: "h", Code: { ZipFile: zip([{ name: "zeros", data: bomb, size: 10 }]) } });
    const liar = await f.active("liar");
    assert.deepStrictEqual([liar.State, liar.StateReasonCode], ["Failed", "InvalidZipFileException"]);
    await refuses(f.invoke("liar"), "ResourceConflictException", /state: Failed/);
});

test("code comes from S3, changes, and is as large as it may be", async () => {
    const s3 = s.client(S3Client), Body = zip([...FILES, { name: "more", data: crypto.randomBytes(20 << 20) }]);
    await s3.send(new CreateBucketCommand({ Bucket: "code" }));
    await s3.send(new PutObjectCommand({ Bucket: "code", Key: "f.zip", Body }));
    await make("stored", { Code: { S3Bucket: "code", S3Key: "f.zip" } });
    assert.strictEqual((await f.send(L.GetFunctionConfigurationCommand, { FunctionName: "stored" })).CodeSize, Body.length);
    const { RevisionId } = await f.send(L.UpdateFunctionCodeCommand, { FunctionName: "stored", ZipFile: Body });      /* 28 MB of JSON */
    await f.active("stored");
    await refuses(f.send(L.UpdateFunctionCodeCommand, { FunctionName: "stored", ZipFile: zip(FILES), RevisionId: "old" }), "PreconditionFailedException");
    const dry = await f.send(L.UpdateFunctionCodeCommand, { FunctionName: "stored", ZipFile: zip(FILES), RevisionId, DryRun: true });
    assert.strictEqual(dry.CodeSize, zip(FILES).length);
    assert.strictEqual((await f.send(L.GetFunctionConfigurationCommand, { FunctionName: "stored" })).CodeSize, Body.length);
});

test("versions stay what they were; an alias leads to one of two by weight", node, async () => {
    const says = (x) => `exports.handler = async () => "${x}";`, FunctionName = "versions";
    await f.make(FunctionName, says("one"), { Publish: true });
    assert.strictEqual((await f.send(L.PublishVersionCommand, { FunctionName })).Version, "1");      /* nothing has changed */
    await f.send(L.UpdateFunctionCodeCommand, { FunctionName, ZipFile: zip([{ name: "index.js", data: says("two") }]) });
    await f.active(FunctionName);
    const two = await f.send(L.PublishVersionCommand, { FunctionName, Description: "second" });
    assert.deepStrictEqual([two.Version, two.Description, two.FunctionArn], ["2", "second", `${ARN}versions:2`]);
    assert.deepStrictEqual((await f.send(L.ListVersionsByFunctionCommand, { FunctionName })).Versions.map((v) => v.Version), ["$LATEST", "1", "2"]);
    assert.deepStrictEqual([(await f.invoke(FunctionName, {}, { Qualifier: "1" })).result, (await f.invoke(`${FunctionName}:2`)).result], ["one", "two"]);
    const alias = await f.send(L.CreateAliasCommand, { FunctionName, Name: "live", FunctionVersion: "1" });
    assert.strictEqual(alias.AliasArn, `${ARN}versions:live`);
    assert.deepStrictEqual([(await f.invoke(`${FunctionName}:live`)).version], ["1"]);
    const route = (weights) => f.send(L.UpdateAliasCommand, { FunctionName, Name: "live", RoutingConfig: { AdditionalVersionWeights: weights } });
    await route({ 2: 1 });
    assert.strictEqual((await f.invoke(`${FunctionName}:live`)).version, "2");
    assert.strictEqual((await f.send(L.GetFunctionConfigurationCommand, { FunctionName, Qualifier: "live" })).Version, "1"); /* its own, whatever the weights */
    for (const FunctionVersion of ["1", "2"])
        assert.deepStrictEqual((await f.send(L.ListAliasesCommand, { FunctionName, FunctionVersion })).Aliases.map((a) => a.Name), ["live"]);
    await route({ 2: 0.5 });
    const seen = new Set();
    for (let i = 0; i < 64 && seen.size < 2; i++) seen.add((await f.invoke(`${FunctionName}:live`)).version);
    assert.deepStrictEqual([...seen].sort(), ["1", "2"]);
    await refuses(route({ 1: 0.5 }), "InvalidParameterValueException");
    await refuses(route({ 9: 0.5 }), "ResourceNotFoundException");
    await refuses(f.send(L.DeleteFunctionCommand, { FunctionName, Qualifier: "2" }), "ResourceConflictException", /in use by an alias: \[live\]/);
    await route({});
    await f.send(L.DeleteFunctionCommand, { FunctionName, Qualifier: "2" });
    assert.deepStrictEqual((await f.send(L.ListAliasesCommand, { FunctionName, FunctionVersion: "1" })).Aliases.map((a) => a.Name), ["live"]);
    await f.send(L.DeleteAliasCommand, { FunctionName, Name: "live" });
    await refuses(f.send(L.GetAliasCommand, { FunctionName, Name: "live" }), "ResourceNotFoundException");
});

test("permissions lie on a function and on an alias, each its own", async () => {
    await make("shared");
    const add = (more) => f.send(L.AddPermissionCommand, { FunctionName: "shared", StatementId: "s", Action: "lambda:InvokeFunction", Principal: "sns.amazonaws.com", ...more });
    const { Statement } = await add({ SourceArn: "arn:aws:sns:us-east-1:000000000000:t", SourceAccount: "000000000000" });
    assert.deepStrictEqual(JSON.parse(Statement), { Sid: "s", Effect: "Allow", Principal: { Service: "sns.amazonaws.com" }, Action: "lambda:InvokeFunction", Resource: `${ARN}shared`,
        Condition: { StringEquals: { "AWS:SourceAccount": "000000000000" }, ArnLike: { "AWS:SourceArn": "arn:aws:sns:us-east-1:000000000000:t" } } });
    await refuses(add(), "ResourceConflictException", /\(s\) provided already exists/);
    await f.send(L.CreateAliasCommand, { FunctionName: "shared", Name: "live", FunctionVersion: "$LATEST" });
    await refuses(f.send(L.GetPolicyCommand, { FunctionName: "shared", Qualifier: "live" }), "ResourceNotFoundException");
    await add({ Qualifier: "live", Principal: "111122223333" });
    const { Policy } = await f.send(L.GetPolicyCommand, { FunctionName: "shared:live" });
    assert.deepStrictEqual(JSON.parse(Policy).Statement.map((x) => [x.Principal.AWS, x.Resource]), [["arn:aws:iam::111122223333:root", `${ARN}shared:live`]]);
    await f.send(L.RemovePermissionCommand, { FunctionName: "shared", StatementId: "s" });
    await refuses(f.send(L.RemovePermissionCommand, { FunctionName: "shared", StatementId: "s" }), "ResourceNotFoundException");
});

test("what is reserved counts for the account", async () => {
    await make("reserving");
    await f.send(L.PutFunctionConcurrencyCommand, { FunctionName: "reserving", ReservedConcurrentExecutions: 5 });
    assert.strictEqual((await f.send(L.GetFunctionConcurrencyCommand, { FunctionName: "reserving" })).ReservedConcurrentExecutions, 5);
    assert.strictEqual((await f.send(L.GetAccountSettingsCommand, {})).AccountLimit.UnreservedConcurrentExecutions, 995);
    await refuses(f.send(L.PutFunctionConcurrencyCommand, { FunctionName: "reserving", ReservedConcurrentExecutions: 901 }), "InvalidParameterValueException", /minimum value of \[100\]/);
    await f.send(L.DeleteFunctionConcurrencyCommand, { FunctionName: "reserving" });
    assert.strictEqual((await f.send(L.GetFunctionCommand, { FunctionName: "reserving" })).Concurrency, undefined);
});

test("invocations and errors are counted", node, async () => {
    await f.make("counted", "exports.handler = async (e) => { if (e) throw new Error(); };");
    await f.invoke("counted", null);
    await f.invoke("counted", 1);
    const now = await s.nextMinute(), cw = s.client(CloudWatchClient);
    const sum = async (MetricName) => (await cw.send(new GetMetricStatisticsCommand({ Namespace: "AWS/Lambda", MetricName, Dimensions: [{ Name: "FunctionName", Value: "counted" }],
        StartTime: new Date(now - 3600e3), EndTime: new Date(now.getTime() + 3600e3), Period: 7200, Statistics: ["Sum"] }))).Datapoints[0]?.Sum;
    await until("they are published", async () => await sum("Invocations") === 2);
    assert.strictEqual(await sum("Errors"), 1);
});

test("where the server is strict, who invokes needs a policy, and who makes passes a role", async (t) => {
    const { server, user, as } = await strict(t), root = new Functions(server, { credentials: server.root });
    const Role = await role(server, "function", "lambda.amazonaws.com", { options: { credentials: server.root } });
    root.role = Role;
    await root.make("guarded", FILES, { Runtime: OWN });
    const one = as(L.LambdaClient, await user("one", allow(["lambda:*"]))), other = as(L.LambdaClient, await user("other", allow(["lambda:InvokeFunction"], `${ARN}another`)));
    const dry = (c) => c.send(new L.InvokeCommand({ FunctionName: "guarded", InvocationType: "DryRun" }));
    assert.strictEqual((await dry(one)).StatusCode, 204);
    await refuses(dry(other), "AccessDeniedException", /lambda:InvokeFunction on resource: .*function:guarded/);
    await refuses(one.send(new L.CreateFunctionCommand({ FunctionName: "mine", Role, Runtime: OWN, Handler: "h", Code: { ZipFile: zip(FILES) } })), "AccessDeniedException", /iam:PassRole/);
    await root.send(L.AddPermissionCommand, { FunctionName: "guarded", StatementId: "s", Action: "lambda:InvokeFunction", Principal: "arn:aws:iam::000000000000:user/other" });
    assert.strictEqual((await dry(other)).StatusCode, 204);
});

test("functions are kept over a restart", async (t) => {
    const k = await start(t, { ephemeral: false }), g = new Functions(k);
    await g.make("kept", FILES, { Runtime: OWN, Publish: true });
    await k.restart();
    assert.deepStrictEqual((await new Functions(k).send(L.ListFunctionsCommand, { FunctionVersion: "ALL" })).Functions.map((x) => x.FunctionArn), [`${ARN}kept:$LATEST`, `${ARN}kept:1`]);
});
