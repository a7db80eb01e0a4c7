// SPDX-License-Identifier: Apache-2.0
// Secrets and parameters as Terraform makes them, finds them unchanged, finds what was changed by hand, and removes them.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const M = require("@aws-sdk/client-secrets-manager");
const P = require("@aws-sdk/client-ssm");
const { start } = require("../lib/slipway");
const { terraform, unavailable } = require("../lib/terraform");

const wanted = `
resource "aws_secretsmanager_secret" "db" {
    name = "app/db"
    description = "the database"
    recovery_window_in_days = 7
    tags = { team = "red" }
}
resource "aws_secretsmanager_secret_version" "db" {
    secret_id = aws_secretsmanager_secret.db.id
    secret_string = jsonencode({ user = "ann" })
}
resource "aws_secretsmanager_secret_policy" "db" {
    secret_arn = aws_secretsmanager_secret.db.arn
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::000000000000:root" },
        Action = "secretsmanager:GetSecretValue", Resource = "*" }] })
}
resource "aws_secretsmanager_secret" "gone" {
    name = "gone"
    recovery_window_in_days = 0
}
resource "aws_ssm_parameter" "plain" {
    name = "/app/colour"
    type = "String"
    value = "red"
    description = "a colour"
    allowed_pattern = "^[a-z]+$"
    tags = { team = "red" }
}
resource "aws_ssm_parameter" "closed" {
    name = "/app/password"
    type = "SecureString"
    value = "s3cret"
    tier = "Advanced"
}
data "aws_ssm_parameter" "image" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }
resource "aws_ssm_parameter" "image" {
    name = "/app/image"
    type = "String"
    data_type = "aws:ec2:image"
    value = data.aws_ssm_parameter.image.insecure_value
}
`;

test("Terraform makes secrets and parameters, finds them unchanged or changed by hand, and destroys them", { skip: unavailable() }, async (t) => {
    const s = await start(t), sm = s.client(M.SecretsManagerClient), ssm = s.client(P.SSMClient);
    const tf = await terraform(t, s, wanted);
    await tf.settles();
    const value = async () => (await sm.send(new M.GetSecretValueCommand({ SecretId: "app/db" }))).SecretString;
    assert.strictEqual(await value(), '{"user":"ann"}');
    await sm.send(new M.PutSecretValueCommand({ SecretId: "app/db", SecretString: "by hand" }));
    await sm.send(new M.UpdateSecretCommand({ SecretId: "app/db", Description: "by hand" }));
    await ssm.send(new P.PutParameterCommand({ Name: "/app/colour", Value: "blue", Overwrite: true }));
    const plan = await tf.run("plan", "-detailed-exitcode", "-input=false", "-no-color");
    assert.strictEqual(plan.code, 2, plan.out);
    for (const changed of ["aws_secretsmanager_secret.db", "aws_ssm_parameter.plain"])
        assert.ok(plan.out.includes(`# ${changed} `), plan.out);
    await tf.settles();
    assert.deepStrictEqual([(await sm.send(new M.DescribeSecretCommand({ SecretId: "app/db" }))).Description, (await ssm.send(new P.GetParameterCommand({ Name: "/app/colour" }))).Parameter.Value], ["the database", "red"]);
    await tf.destroy();
    const { SecretList } = await sm.send(new M.ListSecretsCommand({ IncludePlannedDeletion: true }));
    assert.deepStrictEqual(SecretList.map((x) => [x.Name, x.DeletedDate !== undefined]), [["app/db", true]], "one can be restored for a week");
    assert.deepStrictEqual((await ssm.send(new P.DescribeParametersCommand({}))).Parameters, []);
});
