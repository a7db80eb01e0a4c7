// SPDX-License-Identifier: Apache-2.0
// Roles, policies, profiles, providers and the account's settings as Terraform makes them, finds them unchanged, sees them changed
// by hand and removes them.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const I = require("@aws-sdk/client-iam");
const { start } = require("../lib/slipway");
const { terraform, unavailable } = require("../lib/terraform");

const wanted = `
resource "aws_iam_openid_connect_provider" "ci" {
    url = "https://token.example.com"
    client_id_list = ["sts.amazonaws.com"]
    thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
    tags = { team = "build" }
}
resource "aws_iam_role" "app" {
    name = "app"
    path = "/team/"
    max_session_duration = 7200
    assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [
        { Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" },
        { Effect = "Allow", Principal = { Federated = aws_iam_openid_connect_provider.ci.arn }, Action = "sts:AssumeRoleWithWebIdentity",
          Condition = { StringEquals = { "token.example.com:aud" = "sts.amazonaws.com" } } }] })
    tags = { team = "build" }
}
resource "aws_iam_policy" "read" {
    name = "read"
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:Get*", Resource = "*" }] })
}
resource "aws_iam_role_policy_attachment" "read" {
    role = aws_iam_role.app.name
    policy_arn = aws_iam_policy.read.arn
}
resource "aws_iam_instance_profile" "app" {
    name = "app"
    role = aws_iam_role.app.name
}
resource "aws_iam_service_linked_role" "scaling" {
    aws_service_name = "autoscaling.amazonaws.com"
    custom_suffix = "team"
}
resource "aws_iam_account_alias" "name" { account_alias = "example" }
resource "aws_iam_account_password_policy" "strong" {
    minimum_password_length = 12
    require_numbers = true
    require_symbols = true
    allow_users_to_change_password = true
    max_password_age = 90
    password_reuse_prevention = 3
}
resource "aws_iam_user" "ann" {
    name = "ann"
    force_destroy = true
}
`;

test("Terraform makes identities, providers and the account's settings, and keeps them", { skip: unavailable() }, async (t) => {
    const s = await start(t), iam = s.client(I.IAMClient);
    const tf = await terraform(t, s, wanted);
    await tf.settles();
    assert.deepStrictEqual((await iam.send(new I.ListAccountAliasesCommand({}))).AccountAliases, ["example"]);
    const { OpenIDConnectProviderList: [{ Arn }] } = await iam.send(new I.ListOpenIDConnectProvidersCommand({}));
    await iam.send(new I.AddClientIDToOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: Arn, ClientID: "by-hand" }));
    await iam.send(new I.UpdateRoleCommand({ RoleName: "app", MaxSessionDuration: 3600 }));
    await tf.settles();
    assert.deepStrictEqual((await iam.send(new I.GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: Arn }))).ClientIDList, ["sts.amazonaws.com"]);
    assert.strictEqual((await iam.send(new I.GetRoleCommand({ RoleName: "app" }))).Role.MaxSessionDuration, 7200);
    await tf.destroy();
    assert.deepStrictEqual((await iam.send(new I.ListRolesCommand({}))).Roles, []);
});
