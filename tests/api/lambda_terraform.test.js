// SPDX-License-Identifier: Apache-2.0
// A function, an alias and a permission as Terraform makes them, finds them unchanged, finds what was changed by hand, and
// destroys them.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const L = require("@aws-sdk/client-lambda");
const { NODE } = require("../lib/lambda");
const { folder, start } = require("../lib/slipway");
const { terraform, unavailable } = require("../lib/terraform");
const { zip } = require("../lib/zip");

const wanted = (file) => `
resource "aws_iam_role" "f" {
    name = "f"
    assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}
resource "aws_lambda_function" "f" {
    function_name = "f"
    role = aws_iam_role.f.arn
    runtime = "${NODE}"
    handler = "index.handler"
    filename = "${file}"
    source_code_hash = filebase64sha256("${file}")
    publish = true
    timeout = 7
    environment { variables = { COLOUR = "red" } }
    tags = { team = "functions" }
}
resource "aws_lambda_alias" "live" {
    name = "live"
    function_name = aws_lambda_function.f.function_name
    function_version = aws_lambda_function.f.version
}
resource "aws_lambda_permission" "topic" {
    statement_id = "topic"
    action = "lambda:InvokeFunction"
    function_name = aws_lambda_function.f.function_name
    qualifier = aws_lambda_alias.live.name
    principal = "sns.amazonaws.com"
    source_arn = "arn:aws:sns:us-east-1:000000000000:t"
}
`;

test("Terraform makes a function, its alias and a permission, and destroys them", { skip: unavailable() || !NODE && "there is no node in /usr/bin" }, async (t) => {
    const s = await start(t), lambda = s.client(L.LambdaClient), file = path.join(folder(t), "f.zip");
    fs.writeFileSync(file, zip([{ name: "index.js", data: "exports.handler = async () => process.env.COLOUR;" }]));
    const tf = await terraform(t, s, wanted(file));
    await tf.settles();
    const invoke = async () => JSON.parse(Buffer.from((await lambda.send(new L.InvokeCommand({ FunctionName: "f", Qualifier: "live" }))).Payload));
    assert.strictEqual(await invoke(), "red");
    await lambda.send(new L.UpdateFunctionConfigurationCommand({ FunctionName: "f", Timeout: 9 }));
    await tf.settles();
    assert.strictEqual((await lambda.send(new L.GetFunctionConfigurationCommand({ FunctionName: "f" }))).Timeout, 7);
    await tf.destroy();
    assert.deepStrictEqual((await lambda.send(new L.ListFunctionsCommand({}))).Functions, []);
});
