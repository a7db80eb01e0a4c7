// SPDX-License-Identifier: Apache-2.0
// Policies in few words, and a strict server with its root and its users.
//
//     const { server, root, as, user, role } = await strict(t);
//     const ann = await user("ann", allow("s3:GetObject", "arn:aws:s3:::box/*"));      // her key
//     await as(S3Client, ann).send(..);
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const I = require("@aws-sdk/client-iam");
const { start } = require("./slipway");

const document = (...statements) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (Action, Resource = "*", more = {}) => ({ Effect: "Allow", Action, Resource, ...more });
const deny = (Action, Resource = "*", more = {}) => ({ Effect: "Deny", Action, Resource, ...more });
const trust = (Principal, more = {}) => document({ Effect: "Allow", Principal, Action: "sts:AssumeRole", ...more });
const TASKS = trust({ Service: "ecs-tasks.amazonaws.com" });
const keys = (k) => ({ accessKeyId: k.AccessKeyId, secretAccessKey: k.SecretAccessKey, sessionToken: k.SessionToken });

async function strict(t) {
    const server = await start(t, { args: ["--auth", "strict"] });
    const file = path.join(server.data, "root-credentials");
    assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600);
    const text = fs.readFileSync(file, "utf8");
    const root = { accessKeyId: text.match(/^AWS_ACCESS_KEY_ID=(.*)$/m)[1], secretAccessKey: text.match(/^AWS_SECRET_ACCESS_KEY=(.*)$/m)[1] };
    const as = (Client, credentials = root, more = {}) => server.client(Client, { credentials, ...more });
    const iam = as(I.IAMClient);
    const user = async (UserName, ...statements) => {
        await iam.send(new I.CreateUserCommand({ UserName }));
        if (statements.length) await iam.send(new I.PutUserPolicyCommand({ UserName, PolicyName: "p", PolicyDocument: document(...statements) }));
        return keys((await iam.send(new I.CreateAccessKeyCommand({ UserName }))).AccessKey);
    };
    const role = async (RoleName, AssumeRolePolicyDocument, ...statements) => {
        const { Role } = await iam.send(new I.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
        if (statements.length) await iam.send(new I.PutRolePolicyCommand({ RoleName, PolicyName: "p", PolicyDocument: document(...statements) }));
        return Role.Arn;
    };
    return { server, root, as, iam, user, role };
}

module.exports = { document, allow, deny, trust, TASKS, keys, strict };
