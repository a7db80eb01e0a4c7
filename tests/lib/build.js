// SPDX-License-Identifier: Apache-2.0
// Builds under test: projects with a role and a bucket, builds run to their end, and their logs.
//
//     const w = await builds(s);                       // role "builder", bucket "artifacts"
//     const b = await w.build("version: 0.2\n...");    // a project of its own, its build, ended
//     await w.logs(b);
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const cb = require("@aws-sdk/client-codebuild");
const { CloudWatchLogsClient, GetLogEventsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { S3Client, CreateBucketCommand, GetObjectCommand, ListObjectsV2Command } = require("@aws-sdk/client-s3");
const { until } = require("./slipway");
const { role } = require("./role");

const ROLE = "arn:aws:iam::000000000000:role/builder";

class Builds {
    constructor(s, options = {}) {
        this.s = s;
        this.options = options;
        this.client = s.client(cb.CodeBuildClient, options);
        this.s3 = s.client(S3Client, options);
        this.count = 0;
    }

    send(Command, input = {}) { return this.client.send(new Command(input)); }

    // A project; its name. NO_SOURCE with this buildspec unless `more` says otherwise.
    async project(buildspec, more = {}) {
        const name = more.name || `p${++this.count}`;
        await this.send(cb.CreateProjectCommand, {
            name, serviceRole: ROLE, source: { type: "NO_SOURCE", buildspec }, artifacts: { type: "NO_ARTIFACTS" }, ...more,
            environment: { type: "LINUX_CONTAINER", image: "aws/codebuild/standard:7.0", computeType: "BUILD_GENERAL1_SMALL", ...more.environment } });
        return name;
    }

    async start(projectName, over = {}) { return (await this.send(cb.StartBuildCommand, { projectName, ...over })).build; }
    async get(id) { return (await this.send(cb.BatchGetBuildsCommand, { ids: [id] })).builds[0]; }

    ended(id) {
        return until(`build ${id} ends`, async () => {
            const b = await this.get(id);
            return b.buildComplete && b;
        }, { seconds: 120 });
    }

    async build(buildspec, more = {}, over = {}) {
        return this.ended((await this.start(await this.project(buildspec, more), over)).id);
    }

    async logs(b) {
        const client = this.s.client(CloudWatchLogsClient, this.options);
        const out = [];
        let nextToken;
        for (;;) {
            const r = await client.send(new GetLogEventsCommand({ logGroupName: b.logs.groupName, logStreamName: b.logs.streamName, startFromHead: true, nextToken }));
            if (r.events.length === 0) return out.join("");
            out.push(...r.events.map((e) => e.message));
            nextToken = r.nextForwardToken;
        }
    }

    async object(Key) {
        return Buffer.from(await (await this.s3.send(new GetObjectCommand({ Bucket: "artifacts", Key }))).Body.transformToByteArray());
    }

    async keys(Prefix) {
        return ((await this.s3.send(new ListObjectsV2Command({ Bucket: "artifacts", Prefix }))).Contents || []).map((o) => o.Key);
    }
}

async function builds(s, options = {}) {
    const w = new Builds(s, options);
    await role(s, "builder", "codebuild.amazonaws.com", { options });
    await w.s3.send(new CreateBucketCommand({ Bucket: "artifacts" }));
    return w;
}

// Names of the folders that builds have in a server's data, and of those that wait for one.
const folders = (s) => { try { return fs.readdirSync(path.join(s.data, "codebuild")).sort(); } catch { return []; } };
const kept = (s) => folders(s).filter((u) => fs.existsSync(path.join(s.data, "codebuild", u, "control/ready")));

const phase = (b, name) => b.phases.find((p) => p.phaseType === name);

module.exports = { builds, phase, folders, kept, ROLE };
