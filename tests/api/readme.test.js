// SPDX-License-Identifier: Apache-2.0
// The project's README says what is true: its table is what the server answers, its first session runs.
//     UPDATE=1 node --test tests/api/readme.test.js        write the table again
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { serve } = require("../lib/file");
const { coverage } = require("../lib/models");
const { start, run, PROGRAM } = require("../lib/slipway");

const FILE = path.join(__dirname, "../../README.md");
const WHAT = {
    cloudwatch: "metrics, alarms, alarm actions", codebuild: "projects and builds in containers, live logs",
    codecommit: "repositories, git over HTTP", codepipeline: "stages, actions, approvals",
    ec2: "the default VPC, read only", ecr: "repositories, registry for docker push and pull",
    ecs: "clusters, tasks, services, rolling deployments", elbv2: "load balancers, target groups, health checks",
    events: "rules and targets", iam: "users, roles, policies",
    lambda: "functions of Node.js, Python and own runtimes in sandboxes; versions, aliases", logs: "groups, streams, filter patterns",
    secretsmanager: "secrets, versions and labels, random passwords",
    s3: "buckets, objects, versions, multipart uploads", slipway: "the server itself: clock, coverage, DORA",
    kms: "keys, aliases, grants, signatures, imported material, rotation",
    sns: "standard and FIFO topics, subscriptions of queues and HTTP endpoints", sqs: "standard and FIFO queues, dead letters and their way back", ssm: "Parameter Store", sts: "temporary credentials",
    cloudcontrol: "CloudFormation types one by one", tagging: "tags of all services' resources", xray: "traces",
};

const s = serve();

const part = (text, name) => text.match(new RegExp(`(<!-- ${name}:[^\n]*-->\n)([^]*?)(<!-- end of ${name} -->)`));

test("the table of what is real is what the server says", async () => {
    const rows = (await coverage(s)).filter((x) => x.implemented.length > 0).sort((a, b) => (a.service < b.service ? -1 : 1))
        .map((x) => `| ${x.service} | ${x.implemented.length} of ${x.implemented.length + x.absent.length} | ${WHAT[x.service] || ""} |\n`);
    const table = `| service | operations | what |\n|---|---|---|\n${rows.join("")}`;
    const text = fs.readFileSync(FILE, "utf8");
    if (process.env.UPDATE)
        fs.writeFileSync(FILE, text.replace(part(text, "coverage")[2], () => table));
    assert.strictEqual(part(fs.readFileSync(FILE, "utf8"), "coverage")[2], table,
        "write it again with UPDATE=1 node --test tests/api/readme.test.js");
});

// Debian's AWS CLI, which does not read AWS_ENDPOINT_URL, and the first in PATH, which may be newer.
const inPath = process.env.PATH.split(":").map((d) => path.join(d, "aws")).find((f) => fs.existsSync(f));
for (const aws of new Set([inPath, "/usr/bin/aws"].filter((f) => f && fs.existsSync(f))))
    test(`the first session runs as it is written, with ${aws}`, async (t) => {
        const own = await start(t), bin = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-test-bin-"));
        t.after(() => fs.rmSync(bin, { recursive: true }));
        fs.symlinkSync(aws, path.join(bin, "aws"));
        fs.symlinkSync(path.resolve(PROGRAM), path.join(bin, "slipway"));
        const lines = part(fs.readFileSync(FILE, "utf8"), "session")[2].replace(/^```.*\n/gm, "");
        const env = { PATH: `${bin}:${process.env.PATH}`, HOME: bin, SLIPWAY_ENDPOINT: own.endpoint };
        const { stdout } = await run("bash", ["-e", "-O", "expand_aliases", "-c", lines], { env });
        assert.match(stdout, /greeting\.txt/);
        assert.match(stdout, /^green$/m);
        assert.match(stdout, /"cloneUrlHttp"/);
        assert.match(stdout, /"repositoryUri"/);
        assert.match(stdout, /"clusterName": "production"/);
        assert.match(stdout, /"QueueUrl": "http:/);
        for (const made of ["s3\tbuckets\t1\tfirst", "ssm\tparameters\t1\t/app/colour", "sqs\tqueues\t1\tjobs", "sns\ttopics\t1\tnews",
            "codecommit\trepositories\t1\tweb", "ecr\trepositories\t1\tweb", "ecs\tclusters\t1\tproduction"])
            assert.ok(stdout.includes(`\n${made}\n`), `${made} in what status says:\n${stdout}`);
    });

test("each make command that the README names is there", () => {
    const [, block] = fs.readFileSync(FILE, "utf8").match(/^## Three commands\n([^]*?)^## /m);
    const named = [...block.matchAll(/^ {4}make (\w+)/gm)].map((m) => m[1]);
    assert.deepStrictEqual(named, ["up", "demo", "test"]);
    const make = fs.readFileSync(path.join(__dirname, "../../Makefile"), "utf8");
    for (const target of named) assert.match(make, new RegExp(`^${target}:`, "m"));
});

test("every file that the README points to is there", () => {
    for (const [, to] of fs.readFileSync(FILE, "utf8").matchAll(/\]\(([^)]+)\)/g))
        assert.ok(fs.existsSync(path.join(path.dirname(FILE), to)), to);
});
