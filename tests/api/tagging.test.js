// SPDX-License-Identifier: Apache-2.0
// The Resource Groups Tagging API over resources of several services, and `slipway resources`. That every taggable kind is
// reached is in tags.test.js.
"use strict";
const assert = require("node:assert");
const { test, before, after } = require("node:test");
const T = require("@aws-sdk/client-resource-groups-tagging-api");
const { ECRClient, CreateRepositoryCommand, DeleteRepositoryCommand, ListTagsForResourceCommand } = require("@aws-sdk/client-ecr");
const L = require("@aws-sdk/client-elastic-load-balancing-v2");
const LOGS = require("@aws-sdk/client-cloudwatch-logs");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const { SQSClient, CreateQueueCommand } = require("@aws-sdk/client-sqs");
const { SNSClient, CreateTopicCommand } = require("@aws-sdk/client-sns");
const { start, finish, refuses, run, outcome, PROGRAM } = require("../lib/slipway");
const { allow, deny, strict } = require("../lib/strict");

const REPOSITORY = "arn:aws:ecr:us-east-1:000000000000:repository/", QUEUE = "arn:aws:sqs:us-east-1:000000000000:", TOPIC = "arn:aws:sns:us-east-1:000000000000:";
const arns = (out) => out.ResourceTagMappingList.map((m) => m.ResourceARN);
const list = (tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
let s, tagging, ecr;
const ask = (operation, input) => tagging.send(new T[`${operation}Command`](input));
const get = async (input = {}) => arns(await ask("GetResources", input));
const repository = (client, repositoryName, tags) => client.send(new CreateRepositoryCommand({ repositoryName, tags: list(tags) }));
const cli = (...args) => outcome(PROGRAM, ["resources", ...args], { env: { ...process.env, SLIPWAY_ENDPOINT: s.endpoint, AWS_ENDPOINT_URL: "" } });

before(async () => {
    s = await start(null);
    tagging = s.client(T.ResourceGroupsTaggingAPIClient);
    ecr = s.client(ECRClient);
    await repository(ecr, "red", { team: "red", stage: "test" });
    await repository(ecr, "blue", { team: "blue", stage: "test" });
    await repository(ecr, "bare", {});
    await s.client(SQSClient).send(new CreateQueueCommand({ QueueName: "jobs", tags: { team: "red", stage: "live" } }));
    await s.client(SNSClient).send(new CreateTopicCommand({ Name: "news", Tags: list({ owner: "red" }) }));
    await repository(s.client(ECRClient, { region: "eu-west-1" }), "far", { team: "red" });
    await repository(s.client(ECRClient, { credentials: { accessKeyId: "123456789012", secretAccessKey: "x" } }), "theirs", { team: "red" });
});
after(() => finish(s));

test("what has tags is found, in its own account and region, with all its tags", async () => {
    assert.deepStrictEqual(await get(), [`${REPOSITORY}blue`, `${REPOSITORY}red`, `${TOPIC}news`, `${QUEUE}jobs`]);
    const out = await ask("GetResources", { TagFilters: [{ Key: "team", Values: ["blue"] }] });
    assert.deepStrictEqual(out.ResourceTagMappingList, [{ ResourceARN: `${REPOSITORY}blue`, Tags: list({ team: "blue", stage: "test" }) }]);
    assert.strictEqual(out.PaginationToken, "");
    const far = s.client(T.ResourceGroupsTaggingAPIClient, { region: "eu-west-1" });
    assert.deepStrictEqual(arns(await far.send(new T.GetResourcesCommand({}))), ["arn:aws:ecr:eu-west-1:000000000000:repository/far"]);
});

test("filters: every key, any of its values; types by service or name; ARNs by themselves", async () => {
    const by = (...filters) => get({ TagFilters: filters });
    assert.deepStrictEqual(await by({ Key: "team", Values: ["red", "blue"] }), [`${REPOSITORY}blue`, `${REPOSITORY}red`, `${QUEUE}jobs`]);
    assert.deepStrictEqual(await by({ Key: "team", Values: ["red"] }, { Key: "stage", Values: ["test"] }), [`${REPOSITORY}red`]);
    assert.deepStrictEqual(await by({ Key: "owner" }), [`${TOPIC}news`]);
    assert.deepStrictEqual(await by({ Key: "owner", Values: [] }), [`${TOPIC}news`]);
    assert.deepStrictEqual(await by({ Key: "team", Values: ["RED"] }), []);
    for (const type of ["ecr", "ecr:repository"]) assert.deepStrictEqual(await get({ ResourceTypeFilters: [type] }), [`${REPOSITORY}blue`, `${REPOSITORY}red`]);
    assert.deepStrictEqual(await get({ ResourceTypeFilters: ["sns", "sqs"] }), [`${TOPIC}news`, `${QUEUE}jobs`]);
    assert.deepStrictEqual(await get({ ResourceTypeFilters: ["ecr:nothing", "nothing"] }), []);
    assert.deepStrictEqual(await get({ ResourceARNList: [`${QUEUE}jobs`, `${REPOSITORY}bare`, `${REPOSITORY}absent`, "arn:aws:ecr:eu-west-1:000000000000:repository/far"] }), [`${QUEUE}jobs`]);
});

test("a type may say the kind of load balancer", async () => {
    const elb = s.client(L.ElasticLoadBalancingV2Client), { Subnets } = await s.client(EC2Client).send(new DescribeSubnetsCommand({}));
    const out = await elb.send(new L.CreateLoadBalancerCommand({ Name: "kind", Subnets: Subnets.slice(0, 2).map((x) => x.SubnetId), Tags: list({ lb: "x" }) }));
    const arn = out.LoadBalancers[0].LoadBalancerArn, by = (type) => get({ ResourceTypeFilters: [`elasticloadbalancing${type}`] });
    for (const type of ["", ":loadbalancer", ":loadbalancer/app"]) assert.deepStrictEqual(await by(type), [arn], type);
    for (const type of [":loadbalancer/net", ":loadbalancer/ap", ":targetgroup"]) assert.deepStrictEqual(await by(type), [], type);
    await elb.send(new L.DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
});

test("what cannot be asked together, or is out of bounds, is refused", async () => {
    const bad = (input, why) => refuses(ask("GetResources", input), "InvalidParameterException", why);
    await bad({ ResourceARNList: [`${QUEUE}jobs`], TagFilters: [{ Key: "team" }] }, /ResourceARNList/);
    for (const n of [0, 101]) await bad({ ResourcesPerPage: n }, /ResourcesPerPage/);
    for (const n of [0, 50, 150, 600]) await bad({ TagsPerPage: n }, /TagsPerPage/);
    await bad({ TagFilters: [{ Values: ["x"] }] }, /Key/);
    await bad({ IncludeComplianceDetails: true }, /IncludeComplianceDetails/);
    const { PaginationToken } = await ask("GetResources", { ResourcesPerPage: 1 });
    for (const input of [{ PaginationToken: "nonsense" }, { PaginationToken, TagFilters: [{ Key: "team" }] }])
        await refuses(ask("GetResources", input), "PaginationTokenExpiredException", /token/);
    await refuses(ask("GetTagKeys", { PaginationToken }), "PaginationTokenExpiredException", /token/);
});

test("pages: each resource once, and what goes between two pages hides no other", async (t) => {
    const { server, as } = await strict(t);
    const own = as(ECRClient), client = as(T.ResourceGroupsTaggingAPIClient);
    const names = Array.from({ length: 300 }, (_, i) => `repo${String(i).padStart(3, "0")}`);
    for (const n of names) await repository(own, n, { name: n, page: "yes" });
    const all = [];
    let pages = 0, PaginationToken;
    do {
        const out = await client.send(new T.GetResourcesCommand({ ResourcesPerPage: 100, PaginationToken }));
        if (++pages === 1) for (const n of ["repo050", "repo150"]) await own.send(new DeleteRepositoryCommand({ repositoryName: n }));
        assert.ok(out.ResourceTagMappingList.length <= 100);
        all.push(...arns(out).map((a) => a.split("/")[1]));
        PaginationToken = out.PaginationToken;
    } while (PaginationToken);
    assert.deepStrictEqual([pages, all], [3, names.filter((n) => n !== "repo150")]);
    const first = await client.send(new T.GetResourcesCommand({ TagsPerPage: 100, ResourcesPerPage: 100 }));
    assert.strictEqual(first.ResourceTagMappingList.length, 50); // two tags each
    assert.strictEqual((await client.send(new T.GetTagValuesCommand({ Key: "name" }))).TagValues.length, 298);
    assert.ok(server);
});

test("keys and values are those in use, each once, in order", async () => {
    assert.deepStrictEqual((await ask("GetTagKeys", {})).TagKeys, ["owner", "stage", "team"]);
    assert.deepStrictEqual((await ask("GetTagValues", { Key: "stage" })).TagValues, ["live", "test"]);
    assert.deepStrictEqual((await ask("GetTagValues", { Key: "absent" })).TagValues, []);
});

test("more keys than a page has come in pages", async (t) => {
    const { as } = await strict(t);
    const own = as(ECRClient), client = as(T.ResourceGroupsTaggingAPIClient), want = [];
    for (let i = 0; i < 25; i++) {
        const tags = Object.fromEntries(Array.from({ length: 50 }, (_, k) => [`k${String(24 - i).padStart(2, "0")}-${String(k).padStart(2, "0")}`, "v"]));
        want.unshift(...Object.keys(tags));
        await repository(own, `repo${i}`, tags);
    }
    const one = await client.send(new T.GetTagKeysCommand({})), two = await client.send(new T.GetTagKeysCommand({ PaginationToken: one.PaginationToken }));
    assert.deepStrictEqual([one.TagKeys.length, two.PaginationToken], [1000, ""]);
    assert.deepStrictEqual([...one.TagKeys, ...two.TagKeys], want.sort());
});

test("what one of them refuses is told of its ARN alone; the others are tagged", async () => {
    const full = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, "v"]));
    await repository(ecr, "full", full);
    const ResourceARNList = [`${REPOSITORY}red`, `${REPOSITORY}full`, `${REPOSITORY}absent`, `${QUEUE}absent`, "arn:aws:nothing:us-east-1:000000000000:x", "no arn"];
    const { FailedResourcesMap: failed } = await ask("TagResources", { ResourceARNList, Tags: { one: "more" } });
    const code = (arn) => [failed[arn].ErrorCode, failed[arn].StatusCode];
    assert.deepStrictEqual(Object.keys(failed), ResourceARNList.slice(1));
    assert.deepStrictEqual(code(ResourceARNList[1]), ["TooManyTagsException", 400]);
    assert.deepStrictEqual(code(ResourceARNList[2]), ["RepositoryNotFoundException", 400]);
    assert.deepStrictEqual(code(ResourceARNList[3]), ["QueueDoesNotExist", 400]);
    for (const arn of ResourceARNList.slice(4)) assert.deepStrictEqual(code(arn), ["InvalidParameterException", 400]);
    const { tags } = await ecr.send(new ListTagsForResourceCommand({ resourceArn: ResourceARNList[0] }));
    assert.deepStrictEqual(tags, list({ team: "red", stage: "test", one: "more" }));
    for (const [operation, more] of [["TagResources", { Tags: { "aws:x": "v" } }], ["UntagResources", { TagKeys: ["aws:x"] }]]) {
        const out = await ask(operation, { ResourceARNList: [`${REPOSITORY}red`], ...more });
        assert.strictEqual(out.FailedResourcesMap[`${REPOSITORY}red`].ErrorCode, "InvalidTagParameterException");
    }
    await ask("UntagResources", { ResourceARNList: [`${REPOSITORY}red`], TagKeys: ["one"] });
});

test("strict: it takes the permission of this API and of the resource's own service", async (t) => {
    const { as, user } = await strict(t);
    await repository(as(ECRClient), "red", { team: "red" });
    await repository(as(ECRClient), "blue", { team: "blue" });
    const who = async (name, ...statements) => as(T.ResourceGroupsTaggingAPIClient, await user(name, ...statements));
    const both = (client) => client.send(new T.TagResourcesCommand({ ResourceARNList: [`${REPOSITORY}red`, `${REPOSITORY}blue`], Tags: { more: "x" } }));
    const ann = await who("ann", allow(["tag:TagResources", "tag:GetResources", "ecr:TagResource"]), deny("ecr:TagResource", `${REPOSITORY}blue`));
    const { FailedResourcesMap } = await both(ann);
    assert.deepStrictEqual(Object.keys(FailedResourcesMap), [`${REPOSITORY}blue`]);
    assert.match(FailedResourcesMap[`${REPOSITORY}blue`].ErrorCode, /AccessDenied/);
    assert.strictEqual((await ann.send(new T.GetResourcesCommand({ TagFilters: [{ Key: "more" }] }))).ResourceTagMappingList.length, 1);
    await assert.rejects(both(await who("bob", allow("ecr:*"))), /tag:TagResources/);
    await assert.rejects((await who("eve", allow("tag:TagResources"))).send(new T.GetResourcesCommand({})), /tag:GetResources/);
});

test("the AWS CLI lists by tag", async () => {
    const out = await s.aws("resourcegroupstaggingapi", "get-resources", "--tag-filters", "Key=owner,Values=red");
    assert.deepStrictEqual(arns(out), [`${TOPIC}news`]);
});

test("slipway resources: type, name, state, age and ARN of all there is, tagged or not", async () => {
    await s.client(LOGS.CloudWatchLogsClient).send(new LOGS.CreateLogGroupCommand({ logGroupName: "/app" }));
    await s.aws("iam", "create-user", "--user-name", "Ann", "--path", "/team/");
    await s.advance(3600);
    const { stdout } = await cli();
    const rows = stdout.trimEnd().split("\n").map((l) => l.split("\t"));
    const bare = rows.find((r) => r[1] === "bare");
    assert.deepStrictEqual([bare[0], bare[4]], ["ecr:repository", `${REPOSITORY}bare`]);
    assert.match(bare[3], /^(1 h|60 min)/);
    const [group, user] = ["logs:log-group", "iam:user"].map((type) => rows.find((r) => r[0] === type));
    assert.deepStrictEqual([group[1], user[1]], ["/app", "Ann"]);
    assert.match(group[3], /^(1 h|60 min)/); // logs keep milliseconds
    assert.ok(rows.some((r) => r[0] === "sqs:queue" && r[1] === "jobs"));
    assert.ok(!stdout.includes("far") && !stdout.includes("theirs"));
    const names = async (...args) => (await cli(...args)).stdout.trimEnd().split("\n").map((l) => l.split("\t")[1]);
    assert.deepStrictEqual(await names("--type", "repository"), ["bare", "blue", "full", "red"]);
    assert.deepStrictEqual(await names("--type", "ecr:repository", "--tag", "team"), ["blue", "red"]);
    assert.deepStrictEqual(await names("--service", "ecr", "--tag", "team=red"), ["red"]);
    assert.deepStrictEqual(await names("--service", "ecr", "--region", "eu-west-1"), ["far"]);
    const json = JSON.parse((await cli("--json", "--type", "sns:topic")).stdout);
    assert.deepStrictEqual(json.resources.map((r) => [r.type, r.name, r.arn]), [["sns:topic", "news", `${TOPIC}news`]]);
    assert.strictEqual((await cli("extra")).code, 2);
});

test("slipway resources: a name moves no cursor and makes no row", async (t) => {
    const own = await start(t);
    const logs = own.client(LOGS.CloudWatchLogsClient), logStreamName = "\x1b[31mred\r\u009bfake\trow";
    await logs.send(new LOGS.CreateLogGroupCommand({ logGroupName: "g" }));
    await logs.send(new LOGS.CreateLogStreamCommand({ logGroupName: "g", logStreamName }));
    const { stdout } = await run(PROGRAM, ["resources", "--type", "logs:log-stream", "--endpoint", own.endpoint], { env: own.awsEnv() });
    assert.strictEqual(stdout.split("\n").length, 2);
    assert.match(stdout, /^logs:log-stream\t\?\[31mred\?\?\?fake\?row\t/);
});

test("slipway resources: several tags are all asked for; types and services are refused when there are none such", async () => {
    const names = async (...args) => (await cli(...args)).stdout.trimEnd().split("\n").map((l) => l.split("\t")[1]).sort();
    assert.deepStrictEqual(await names("--tag", "team=red", "--tag", "stage=test"), ["red"]);
    assert.deepStrictEqual(await names("--tag", "stage=live", "--tag", "team"), ["jobs"]);
    assert.strictEqual((await cli("--tag", "team=red", "--tag", "owner=red")).stdout, "");
    for (const type of ["queue", "Queue", "queues", "sqs:queue", "AWS::SQS::Queue"]) assert.deepStrictEqual(await names("--type", type), ["jobs"], type);
    assert.deepStrictEqual(await names("--service", "SQS"), ["jobs"]);
    for (const [args, why] of [[["--service", "elbv3"], /service: there is no 'elbv3'; there are cloudwatch, .*, sqs, ssm$/m], [["--type", "nope"], /type: there is no 'nope'; there are .*ecr:repository,/],
                               [["--type", "sqs:"], /there is no 'sqs:'/], [["--service", "sqs", "--type", "topic"], /type: sqs has no 'topic'; there are sqs:queue$/m], [["--type", "AWS::SQS::Nothing"], /no 'AWS::SQS::Nothing'/]]) {
        const r = await cli(...args);
        assert.strictEqual(r.code, 1, args.join(" "));
        assert.match(r.stderr, why);
    }
});

test("slipway status counts what people name, not what comes with it", async () => {
    await s.aws("logs", "create-log-group", "--log-group-name", "/named");
    await s.aws("logs", "create-log-stream", "--log-group-name", "/named", "--log-stream-name", "of-it");
    const { types } = await (await fetch(`${s.endpoint}/_slipway/resource-types`)).json();
    assert.ok(types.some((t) => t.type === "logs:log-group") && types.some((t) => t.type === "sns:topic") && types.some((t) => t.type === "sqs:queue"));
    for (const part of ["logs:log-stream", "ecs:service-revision", "elasticloadbalancing:listener-rule", "sns:subscription"]) assert.ok(!types.some((t) => t.type === part), part);
    assert.match((await cli("--type", "log-stream")).stdout, /of-it/);
});

test("slipway resources calls things as their services' inputs do", async () => {
    await s.aws("iam", "create-role", "--role-name", "Deployer", "--path", "/ops/", "--assume-role-policy-document", '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}');
    await s.aws("ssm", "put-parameter", "--name", "/app/colour", "--value", "red", "--type", "String");
    await s.aws("ssm", "put-parameter", "--name", "bare", "--value", "red", "--type", "String");
    await s.aws("ecs", "register-task-definition", "--family", "web", "--container-definitions", '[{"name":"c","image":"i","memory":64}]');
    const { resources } = JSON.parse((await cli("--json")).stdout);
    const names = (type) => resources.filter((r) => r.type === type).map((r) => r.name);
    assert.deepStrictEqual(names("iam:role"), ["Deployer"]);
    assert.deepStrictEqual(names("ssm:parameter"), ["/app/colour", "bare"]);
    assert.deepStrictEqual(names("ecs:task-definition"), ["web:1"]);
    const { types } = await (await fetch(`${s.endpoint}/_slipway/resource-types?names=1`)).json();
    const repositories = types.find((t) => t.type === "ecr:repository");
    assert.deepStrictEqual(repositories, { service: "ecr", type: "ecr:repository", what: "repositories", operation: "DescribeRepositories", count: 4, names: ["bare"] });
});

test("strict: without the permission of ListResources one sees the kinds that one may list", async (t) => {
    const { as, user, server } = await strict(t);
    await repository(as(ECRClient), "red", {});
    await as(SQSClient).send(new CreateQueueCommand({ QueueName: "jobs" }));
    const look = async (command, name, ...statements) => {
        const keys = await user(name, ...statements);
        return run(PROGRAM, [command, "--json"], { env: { ...process.env, SLIPWAY_ENDPOINT: server.endpoint, AWS_ENDPOINT_URL: "", AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey } });
    };
    const types = async (...who) => [...new Set(JSON.parse((await look("resources", ...who)).stdout).resources.map((r) => r.type))];
    const made = async (...who) => JSON.parse((await look("status", ...who)).stdout).resources.map((r) => r.what);
    assert.deepStrictEqual(await types("all", allow("slipway:ListResources")), ["ecr:repository", "iam:user", "sqs:queue"]);
    assert.deepStrictEqual(await types("some", allow(["sqs:ListQueues"])), ["sqs:queue"]);
    await assert.rejects(look("resources", "none", allow("sqs:CreateQueue")), /slipway:ListResources/);
    assert.deepStrictEqual(await made("status", allow(["sqs:ListQueues", "slipway:GetHealth"])), ["queues"]);
    await as(SQSClient).send(new CreateQueueCommand({ QueueName: "secret" }));
    const named = async (...who) => JSON.parse((await look("resources", ...who)).stdout).resources.map((r) => r.name);
    assert.deepStrictEqual(await named("denied", allow("sqs:ListQueues"), deny("sqs:ListQueues", `${QUEUE}secret`)), ["jobs"]);
    assert.deepStrictEqual(await made("nothing", allow("slipway:GetHealth")), []);
});
