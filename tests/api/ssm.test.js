// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const P = require("@aws-sdk/client-ssm");
const { start, finish, refuses } = require("../lib/slipway");

let s, ssm;
before(async () => { s = await start(null); ssm = s.client(P.SSMClient); });
after(() => finish(s));

const send = (C, input) => ssm.send(new C(input));
const put = (Name, Value, more = {}) => send(P.PutParameterCommand, { Name, Value, Type: "String", ...more });
const get = async (Name, more = {}) => (await send(P.GetParameterCommand, { Name, ...more })).Parameter;

test("a parameter is put, read by name and by ARN, overwritten and deleted", async () => {
    assert.deepStrictEqual([(await put("/app/one", "1")).Version, (await put("/app/one", "2", { Overwrite: true })).Version], [1, 2]);
    const p = await get("/app/one");
    assert.deepStrictEqual([p.Value, p.Version, p.Type, p.DataType, p.ARN], ["2", 2, "String", "text", "arn:aws:ssm:us-east-1:000000000000:parameter/app/one"]);
    assert.strictEqual((await get(p.ARN)).Value, "2");
    await put("plain", "x");
    assert.strictEqual((await get("arn:aws:ssm:us-east-1:000000000000:parameter/plain")).Value, "x");
    await refuses(put("/app/one", "3"), "ParameterAlreadyExists", /To overwrite this value/);
    await refuses(put("/app/one", "a,b", { Type: "StringList", Overwrite: true }), "HierarchyTypeMismatchException");
    await send(P.DeleteParameterCommand, { Name: "/app/one" });
    await refuses(get("/app/one"), "ParameterNotFound");
    await refuses(send(P.DeleteParameterCommand, { Name: "/app/one" }), "ParameterNotFound");
    const many = await send(P.DeleteParametersCommand, { Names: ["plain", "none"] });
    assert.deepStrictEqual([many.DeletedParameters, many.InvalidParameters], [["plain"], ["none"]]);
});

test("a secure string is shown only when decryption is asked for, and is not in the store", async (t) => {
    const kept = await start(t, { ephemeral: false });
    const c = kept.client(P.SSMClient);
    await c.send(new P.PutParameterCommand({ Name: "/db/password", Value: "correct horse battery", Type: "SecureString" }));
    const closed = (await c.send(new P.GetParameterCommand({ Name: "/db/password" }))).Parameter;
    assert.notStrictEqual(closed.Value, "correct horse battery");
    await kept.restart();
    const open = (await kept.client(P.SSMClient).send(new P.GetParameterCommand({ Name: "/db/password", WithDecryption: true }))).Parameter;
    assert.deepStrictEqual([open.Value, open.Type], ["correct horse battery", "SecureString"]);
    assert.strictEqual(fs.statSync(path.join(kept.data, "seal-key")).mode & 0o777, 0o600);
    await kept.stop();
    fs.renameSync(path.join(kept.data, "seal-key"), path.join(kept.data, "ssm-key")); // as it was called once
    await kept.restart();
    assert.strictEqual((await kept.client(P.SSMClient).send(new P.GetParameterCommand({ Name: "/db/password", WithDecryption: true }))).Parameter.Value, "correct horse battery");
    assert.ok(!fs.existsSync(path.join(kept.data, "ssm-key")));
    for (const f of fs.readdirSync(path.join(kept.data, "store")))
        assert.ok(!fs.readFileSync(path.join(kept.data, "store", f)).includes("correct horse battery"), f);
    await refuses(put("/k", "v", { Type: "SecureString", KeyId: "alias/mine" }), "InvalidKeyId", /alias\/mine/);
});

test("versions and labels select what is read", async () => {
    for (const v of ["a", "b", "c"]) await put("/v", v, { Overwrite: true });
    assert.deepStrictEqual((await send(P.LabelParameterVersionCommand, { Name: "/v", ParameterVersion: 2, Labels: ["prod", "1bad"] })).InvalidLabels, ["1bad"]);
    assert.deepStrictEqual([(await get("/v:1")).Value, (await get("/v:prod")).Value, (await get("/v:prod")).Selector], ["a", "b", ":prod"]);
    await send(P.LabelParameterVersionCommand, { Name: "/v", Labels: ["prod"] });
    assert.strictEqual((await get("/v:prod")).Value, "c");
    const { Parameters } = await send(P.GetParameterHistoryCommand, { Name: "/v" });
    assert.deepStrictEqual(Parameters.map((h) => [h.Version, h.Value, h.Labels]), [[1, "a", []], [2, "b", []], [3, "c", ["prod"]]]);
    await refuses(get("/v:9"), "ParameterVersionNotFound");
    const un = await send(P.UnlabelParameterVersionCommand, { Name: "/v", ParameterVersion: 3, Labels: ["prod", "none"] });
    assert.deepStrictEqual([un.RemovedLabels, un.InvalidLabels], [["prod"], ["none"]]);
    const some = await send(P.GetParametersCommand, { Names: ["/v:1", "/none", "/v:none"] });
    assert.deepStrictEqual([some.Parameters.map((p) => p.Value), some.InvalidParameters], [["a"], ["/none", "/v:none"]]);
});

test("the oldest of a hundred versions goes, unless it has a label", async () => {
    for (let i = 1; i <= 101; i++) await put("/many", String(i), { Overwrite: true });
    const versions = [];
    let NextToken;
    do {
        const h = await send(P.GetParameterHistoryCommand, { Name: "/many", MaxResults: 40, NextToken });
        versions.push(...h.Parameters.map((p) => p.Version));
        ({ NextToken } = h);
    } while (NextToken);
    assert.deepStrictEqual([versions.length, versions[0], versions[99]], [100, 2, 101]);
    await send(P.LabelParameterVersionCommand, { Name: "/many", ParameterVersion: 2, Labels: ["keep"] });
    await refuses(put("/many", "x", { Overwrite: true }), "ParameterMaxVersionLimitExceeded", /has a label/);
});

test("at the root a name is one with and without its slash", async () => {
    const shown = async (Name) => { const p = await get(Name); return [p.Name, p.Value, p.Version]; };
    await put("bare", "1");
    await put("/slashed", "2");
    assert.deepStrictEqual([await shown("/bare"), await shown("bare"), await shown("slashed"), await shown("/slashed")], [["bare", "1", 1], ["bare", "1", 1], ["/slashed", "2", 1], ["/slashed", "2", 1]]);
    await refuses(put("/bare", "x"), "ParameterAlreadyExists");
    assert.strictEqual((await put("/bare", "3", { Overwrite: true })).Version, 2);
    assert.deepStrictEqual([await shown("bare"), await shown("/bare:1")], [["bare", "3", 2], ["bare", "1", 1]]);
    const { Parameters } = await ssm.send(new P.GetParametersByPathCommand({ Path: "/" }));
    assert.deepStrictEqual(Parameters.map((p) => p.Name).filter((n) => /bare|slashed/.test(n)).sort(), ["/slashed", "bare"]);
    await ssm.send(new P.DeleteParameterCommand({ Name: "/bare" }));
    await refuses(get("bare"), "ParameterNotFound");
    assert.deepStrictEqual((await ssm.send(new P.DeleteParametersCommand({ Names: ["slashed", "slashed"] }))).DeletedParameters, ["slashed"]);
});

test("a name that cannot be is refused, and one that is asked for twice is answered once", async () => {
    for (const Name of ["/a//b", "a/b/c"]) {
        await refuses(ssm.send(new P.GetParameterCommand({ Name })), "ValidationException", /sub-paths divided by slash/);
        await refuses(ssm.send(new P.GetParametersCommand({ Names: [Name] })), "ValidationException");
        await refuses(ssm.send(new P.DeleteParameterCommand({ Name })), "ValidationException");
    }
    await ssm.send(new P.PutParameterCommand({ Name: "twice", Value: "1", Type: "String" }));
    const r = await ssm.send(new P.GetParametersCommand({ Names: ["twice", "twice", "gone", "gone"] }));
    assert.deepStrictEqual([r.Parameters.map((p) => p.Name), r.InvalidParameters], [["twice"], ["gone"]]);
});

test("a path lists what is below it, one level or all, in pages", async () => {
    for (const n of ["/p/a", "/p/b", "/p/c/d", "/pq", "/p/c/e/f"]) await put(n, n);
    const names = async (input) => {
        const all = [];
        let NextToken;
        do {
            const page = await send(P.GetParametersByPathCommand, { MaxResults: 2, ...input, NextToken });
            all.push(...page.Parameters.map((p) => p.Name));
            ({ NextToken } = page);
        } while (NextToken);
        return all;
    };
    assert.deepStrictEqual(await names({ Path: "/p" }), ["/p/a", "/p/b"]);
    assert.deepStrictEqual(await names({ Path: "/p/", Recursive: true }), ["/p/a", "/p/b", "/p/c/d", "/p/c/e/f"]);
    await put("/p/s", "x", { Type: "SecureString" });
    assert.deepStrictEqual(await names({ Path: "/p", ParameterFilters: [{ Key: "Type", Option: "Equals", Values: ["SecureString"] }] }), ["/p/s"]);
    await refuses(send(P.GetParametersByPathCommand, { Path: "/p", NextToken: "made-up" }), "InvalidNextToken");
    await refuses(send(P.GetParametersByPathCommand, { Path: "/p", ParameterFilters: [{ Key: "Name", Values: ["x"] }] }), "InvalidFilterKey");
});

test("parameters are described by filters and carry tags", async () => {
    await put("/d/one", "1", { Description: "first", AllowedPattern: "^\\d+$", Tags: [{ Key: "env", Value: "prod" }] });
    await put("/d/two", "2");
    const described = async (...ParameterFilters) => (await send(P.DescribeParametersCommand, { ParameterFilters })).Parameters;
    const [one, ...rest] = await described({ Key: "Name", Option: "Equals", Values: ["/d/one"] });
    assert.strictEqual(rest.length, 0);
    assert.deepStrictEqual([one.Description, one.AllowedPattern, one.Version, one.Tier, one.LastModifiedUser], ["first", "^\\d+$", 1, "Standard", "arn:aws:iam::000000000000:root"]);
    assert.deepStrictEqual((await described({ Key: "tag:env", Values: ["prod"] })).map((p) => p.Name), ["/d/one"]);
    assert.deepStrictEqual((await described({ Key: "Path", Option: "Recursive", Values: ["/d"] })).map((p) => p.Name), ["/d/one", "/d/two"]);
    assert.deepStrictEqual((await described({ Key: "Name", Option: "Contains", Values: ["d/t"] })).map((p) => p.Name), ["/d/two"]);
    await send(P.AddTagsToResourceCommand, { ResourceType: "Parameter", ResourceId: "/d/one", Tags: [{ Key: "team", Value: "x" }] });
    await send(P.RemoveTagsFromResourceCommand, { ResourceType: "Parameter", ResourceId: "/d/one", TagKeys: ["env"] });
    assert.deepStrictEqual((await send(P.ListTagsForResourceCommand, { ResourceType: "Parameter", ResourceId: "/d/one" })).TagList, [{ Key: "team", Value: "x" }]);
    await refuses(send(P.ListTagsForResourceCommand, { ResourceType: "Parameter", ResourceId: "/none" }), "InvalidResourceId");
});

test("names, values and fields that cannot be are refused", async () => {
    await refuses(put("/d/one", "abc", { Overwrite: true, AllowedPattern: "^\\d+$" }), "ParameterPatternMismatchException", /allowedPattern/);
    await refuses(put("ssm-x", "1"), "ValidationException", /can't be prefixed/);
    await refuses(put("/odd", "1", { Type: "Odd" }), "ValidationException", /at 'type' failed to satisfy constraint: Member must satisfy enum value set: \[SecureString, StringList, String\]$/);
    await refuses(put("/aws/x", "1"), "AccessDeniedException", /reserved parameter name/);
    await refuses(put("a/b", "1"), "ValidationException", /fully qualified/);
    await refuses(put("/" + Array(17).fill("l").join("/"), "1"), "HierarchyLevelLimitExceededException");
    await refuses(put("/big", "x".repeat(4097)), "ValidationException", /4096/);
    assert.strictEqual((await put("/big", "x".repeat(4097), { Tier: "Intelligent-Tiering" })).Tier, "Advanced");
    await refuses(send(P.PutParameterCommand, { Name: "/t", Value: "1" }), "ValidationException", /type is required/);
    await refuses(put("/t", "1", { Overwrite: true, Tags: [{ Key: "a", Value: "b" }] }), "ValidationException", /tags and overwrite/);
    await refuses(send(P.SendCommandCommand, { DocumentName: "AWS-RunShellScript" }), "NotImplemented", /SendCommand/);
});

test("the AWS CLI reads and writes parameters", async () => {
    await s.aws("ssm", "put-parameter", "--name", "/cli/x", "--value", "from cli", "--type", "String");
    assert.strictEqual((await s.aws("ssm", "get-parameter", "--name", "/cli/x")).Parameter.Value, "from cli");
    const other = s.client(P.SSMClient, { region: "eu-west-1" });
    await refuses(other.send(new P.GetParameterCommand({ Name: "/cli/x" })), "ParameterNotFound");
});
