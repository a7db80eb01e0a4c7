// SPDX-License-Identifier: Apache-2.0
// Roles that a service takes on: `await role(s, "builder", "codebuild.amazonaws.com", { may: "s3:*" })` is the ARN.
"use strict";
const { IAMClient, CreateRoleCommand, PutRolePolicyCommand } = require("@aws-sdk/client-iam");

const document = (statement) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
// The trust policy of a role that this service may assume.
const trust = (service) => document({ Principal: { Service: service }, Action: "sts:AssumeRole" });

// may: the actions that its one inline policy allows, on everything; without it the role may nothing.
async function role(s, RoleName, service, { may, options } = {}) {
    const iam = s.client(IAMClient, options);
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust(service) }));
    if (may) await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "p", PolicyDocument: document({ Action: may, Resource: "*" }) }));
    return Role.Arn;
}

module.exports = { role, trust };
