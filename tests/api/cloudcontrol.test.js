// SPDX-License-Identifier: Apache-2.0
// Cloud Control's requests: what becomes of each, what is none, who may make them, and how lists and identifiers are read. The
// types are in cloudcontrol_types.test.js.
"use strict";
const assert = require("node:assert");
const { test, before, after } = require("node:test");
const C = require("@aws-sdk/client-cloudcontrol");
const { ECRClient, DescribeRepositoriesCommand } = require("@aws-sdk/client-ecr");
const { SQSClient, CreateQueueCommand } = require("@aws-sdk/client-sqs");
const { start, finish, refuses } = require("../lib/slipway");
const { allow, deny, strict } = require("../lib/strict");

let s, cc;
const ask = (operation, input, client = cc) => client.send(new C[`${operation}Command`](input));
const event = async (operation, input, client) => (await ask(operation, input, client)).ProgressEvent;
const create = (TypeName, state, more) => event("CreateResource", { TypeName, DesiredState: JSON.stringify(state), ...more });
const patch = (TypeName, Identifier, ...operations) => event("UpdateResource", { TypeName, Identifier, PatchDocument: JSON.stringify(operations) });
const read = async (TypeName, Identifier) => JSON.parse((await ask("GetResource", { TypeName, Identifier })).ResourceDescription.Properties);
const permits = (Action, Resource) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action, Resource }] });
const arn = (service, name) => `arn:aws:${service}:us-east-1:000000000000:${name}`;
const REPOSITORY = "AWS::ECR::Repository", TEAM = [{ Key: "team", Value: "red" }];

before(async () => {
    s = await start(null);
    cc = s.client(C.CloudControlClient);
});
after(() => finish(s));

test("a key that is among the tags twice is refused, for every type that has tags", async () => {
    const Tags = [{ Key: "a", Value: "1" }, { Key: "a", Value: "2" }];
    for (const [type, state] of [["AWS::SQS::Queue", { QueueName: "twice" }], ["AWS::Logs::LogGroup", { LogGroupName: "twice" }],
        ["AWS::S3::Bucket", { BucketName: "twice" }], ["AWS::SNS::Topic", { TopicName: "twice" }]])
        await refuses(create(type, { ...state, Tags }), "InvalidRequestException", /Tags: the key 'a' is there twice/);
});

test("strict: a denial is one, whatever the service calls it, and hides from a list what it names", async (t) => {
    const { as, user } = await strict(t);
    const admin = as(C.CloudControlClient);
    for (const QueueName of ["open", "secret"])
        await event("CreateResource", { TypeName: "AWS::SQS::Queue", DesiredState: JSON.stringify({ QueueName }) }, admin);
    const ann = as(C.CloudControlClient, await user("ann", allow("cloudformation:*"), allow("sqs:*"), deny("sqs:*", arn("sqs", "secret"))));
    const { ResourceDescriptions } = await ask("ListResources", { TypeName: "AWS::SQS::Queue" }, ann);
    assert.deepStrictEqual(ResourceDescriptions.map((d) => d.Identifier.replace(/.*\//, "")), ["open"]);
    const topic = await event("CreateResource", { TypeName: "AWS::SNS::Topic", DesiredState: JSON.stringify({ TopicName: "x" }) }, ann);
    assert.deepStrictEqual([topic.OperationStatus, topic.ErrorCode], ["FAILED", "AccessDenied"], topic.StatusMessage);
    await refuses(ask("ListResources", { TypeName: "AWS::SNS::Topic" }, ann), "AccessDeniedException", /sns:ListTopics/);
    await event("CreateResource", { TypeName: "AWS::SNS::Topic", DesiredState: JSON.stringify({ TopicName: "there" }) }, admin);
    await refuses(ask("GetResource", { TypeName: "AWS::SNS::Topic", Identifier: arn("sns", "there") }, ann), "AccessDeniedException", /sns:GetTopicAttributes/);
});

test("a document that is no object, and one that is nested into itself, are refused at once", async () => {
    for (const DesiredState of ["[1]", "[]", "5", "\"x\"", "true", "null"])
        await refuses(ask("CreateResource", { TypeName: "AWS::SQS::Queue", DesiredState }), "InvalidRequestException", /expected type: JSONObject/);
    const { Identifier } = await create("AWS::SQS::Queue", { QueueName: "nested" });
    const deep = JSON.parse("[".repeat(60) + "]".repeat(60));
    await refuses(patch("AWS::SQS::Queue", Identifier, { op: "add", path: "/Tags", value: deep }), "InvalidRequestException");
    await refuses(patch("AWS::SQS::Queue", Identifier, { op: "replace", path: "", value: [1] }), "InvalidRequestException", /expected type: JSONObject/);
});

test("identifiers: each part counts, and the last may hold the sign that parts them", async () => {
    await create("AWS::ECS::Cluster", { ClusterName: "one" });
    const { TaskDefinitionArn } = JSON.parse((await create("AWS::ECS::TaskDefinition", { Family: "idle",
        ContainerDefinitions: [{ Name: "a", Image: "b", Memory: 8 }] })).ResourceModel);
    const made = await create("AWS::ECS::Service", { ServiceName: "s", Cluster: "one", TaskDefinition: TaskDefinitionArn, DesiredCount: 0 });
    const [serviceArn, cluster] = made.Identifier.split("|");
    for (const other of ["two", arn("ecs", "cluster/two"), ""]) {
        await refuses(ask("GetResource", { TypeName: "AWS::ECS::Service", Identifier: `${serviceArn}|${other}` }), "ResourceNotFoundException");
        const e = await event("DeleteResource", { TypeName: "AWS::ECS::Service", Identifier: `${serviceArn}|${other}` });
        assert.deepStrictEqual([e.OperationStatus, e.ErrorCode], ["FAILED", "NotFound"]);
    }
    await read("AWS::ECS::Service", `${serviceArn}|${cluster.replace(/.*\//, "")}`);
    await create("AWS::Logs::LogGroup", { LogGroupName: "pipes" });
    const stream = await create("AWS::Logs::LogStream", { LogGroupName: "pipes", LogStreamName: "a|b" });
    assert.deepStrictEqual([stream.OperationStatus, stream.Identifier], ["SUCCESS", "pipes|a|b"], stream.StatusMessage);
    assert.strictEqual((await read("AWS::Logs::LogStream", "pipes|a|b")).LogStreamName, "a|b");
});

test("what would lie on nothing is refused", async () => {
    const PolicyDocument = permits("sqs:SendMessage", "*");
    await refuses(create("AWS::SQS::QueuePolicy", { PolicyDocument, Queues: [] }), "InvalidRequestException", /Queues/);
    await refuses(create("AWS::SNS::TopicPolicy", { PolicyDocument, Topics: [] }), "InvalidRequestException", /Topics/);
    await refuses(create("AWS::IAM::Policy", { PolicyName: "p", PolicyDocument }), "InvalidRequestException", /at least one/);
});

test("strict: conditions on what is made are asked of what Cloud Control makes", async (t) => {
    const { as, user } = await strict(t);
    const dan = as(C.CloudControlClient, await user("dan", allow("cloudformation:*"), allow(["sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:TagQueue"]),
        allow("sqs:CreateQueue", "*", { Condition: { StringEquals: { "aws:RequestTag/team": "red" } } })));
    const make = (QueueName, Tags) => event("CreateResource", { TypeName: "AWS::SQS::Queue", DesiredState: JSON.stringify({ QueueName, Tags }) }, dan);
    const made = await make("red", TEAM);
    assert.strictEqual(made.OperationStatus, "SUCCESS", made.StatusMessage);
    assert.strictEqual((await make("blue", [{ Key: "team", Value: "blue" }])).ErrorCode, "AccessDenied");
});

test("strict: what may not be read is not told by Cloud Control either: tags, whether it is there, old models", async (t) => {
    const { as, user } = await strict(t);
    const admin = as(C.CloudControlClient);
    const make = (QueueName) => event("CreateResource", { TypeName: "AWS::SQS::Queue", DesiredState: JSON.stringify({ QueueName, Tags: TEAM }) }, admin);
    const { Identifier, RequestToken } = await make("there");
    const bob = as(C.CloudControlClient, await user("bob", allow("*"), deny(["sqs:ListQueueTags"])));
    await refuses(ask("GetResource", { TypeName: "AWS::SQS::Queue", Identifier }, bob), "AccessDeniedException", /sqs:ListQueueTags/);
    const carl = as(C.CloudControlClient, await user("carl", allow("cloudformation:*")));
    for (const name of [Identifier, Identifier.replace("there", "absent")]) {
        await refuses(ask("GetResource", { TypeName: "AWS::SQS::Queue", Identifier: name }, carl), "AccessDeniedException");
        const gone = await event("DeleteResource", { TypeName: "AWS::SQS::Queue", Identifier: name }, carl);
        assert.strictEqual(gone.ErrorCode, "AccessDenied");
        const made = await event("CreateResource", { TypeName: "AWS::SQS::Queue", DesiredState: JSON.stringify({ QueueName: name.replace(/.*\//, "") }) }, carl);
        assert.strictEqual(made.ErrorCode, "AccessDenied");
    }
    const old = async (client) => [(await ask("GetResourceRequestStatus", { RequestToken }, client)).ProgressEvent,
        ...(await ask("ListResourceRequests", {}, client)).ResourceRequestStatusSummaries.filter((e) => e.RequestToken === RequestToken)].map((e) => typeof e.ResourceModel);
    assert.deepStrictEqual(await old(admin), ["string", "string"]);
    assert.deepStrictEqual(await old(carl), ["undefined", "undefined"]);
});

test("what a service refuses is a request that failed, with its words, and leaves nothing", async () => {
    const failed = async (promise, code, why) => {
        const e = await promise;
        assert.deepStrictEqual([e.OperationStatus, e.ErrorCode], ["FAILED", code], e.StatusMessage);
        assert.match(e.StatusMessage, why);
    };
    await create(REPOSITORY, { RepositoryName: "here" });
    await failed(create(REPOSITORY, { RepositoryName: "here" }), "AlreadyExists", /already exists/);
    await failed(create(REPOSITORY, { RepositoryName: "not/A/name" }), "InvalidRequest", /repositoryName|name/i);
    await failed(patch(REPOSITORY, "absent", { op: "add", path: "/Tags", value: [] }), "NotFound", /'absent' was not found/);
    await failed(event("DeleteResource", { TypeName: REPOSITORY, Identifier: "absent" }), "NotFound", /was not found/);
    await failed(patch(REPOSITORY, "here", { op: "replace", path: "/RepositoryName", value: "there" }), "NotUpdatable", /^createOnlyProperties \[\/properties\/RepositoryName\] cannot be updated$/);
    /* the name is taken, then the policy is no policy: the repository is not left behind */
    await failed(create(REPOSITORY, { RepositoryName: "half", LifecyclePolicy: { LifecyclePolicyText: "{}" } }), "InvalidRequest", /policy/i);
    /* ECS has one word for a definition that is wrong and for one that is not there */
    await failed(create("AWS::ECS::TaskDefinition", { Family: "f", ContainerDefinitions: [{ Name: "c", Image: "i" }] }), "InvalidRequest", /memory/i);
    await failed(create("AWS::S3::BucketPolicy", { Bucket: "there-is-none", PolicyDocument: permits("s3:GetObject", "arn:aws:s3:::there-is-none/*") }), "NotFound", /bucket/i);
    await failed(create(REPOSITORY, { RepositoryName: "€".repeat(1500) }), "InvalidRequest", /^[^\ufffd]+$/);
    const { repositories } = await s.client(ECRClient).send(new DescribeRepositoriesCommand({}));
    assert.deepStrictEqual(repositories.map((r) => r.repositoryName), ["here"]);
});

test("what is no request is refused at once", async () => {
    const bad = (promise, why) => refuses(promise, "InvalidRequestException", why);
    await refuses(create("AWS::Nothing::Here", {}), "TypeNotFoundException", /AWS::Nothing::Here.*`slipway coverage --types`/);
    await bad(ask("CreateResource", { TypeName: REPOSITORY, DesiredState: "{" }), /DesiredState/);
    await bad(create(REPOSITORY, { Colour: "red" }), /Colour/);
    await bad(create(REPOSITORY, {}, { RoleArn: "arn:aws:iam::000000000000:role/build" }), /RoleArn/);
    await create(REPOSITORY, { RepositoryName: "patched" });
    for (const [operation, why] of [[{ op: "fly", path: "/Tags" }, /RFC 6902/], [{ op: "remove", path: "/Tags/7" }, /Tags/], [{ op: "test", path: "/RepositoryName", value: "x" }, /test failed/],
                                    [{ op: "add", path: "Tags", value: [] }, /begins with/], [{ op: "replace", path: "/Nothing", value: 1 }, /no such path/]])
        await bad(patch(REPOSITORY, "patched", operation), why);
    await refuses(ask("GetResourceRequestStatus", { RequestToken: "absent" }), "RequestTokenNotFoundException");
});

test("a patch moves, copies and tests; what it leaves as it was changes nothing", async () => {
    await create(REPOSITORY, { RepositoryName: "moves", Tags: [{ Key: "a", Value: "1" }, { Key: "b", Value: "2" }] });
    const e = await patch(REPOSITORY, "moves", { op: "test", path: "/Tags/0", value: { Value: "1", Key: "a" } }, { op: "move", from: "/Tags/0", path: "/Tags/1" },
        { op: "copy", from: "/Tags/0", path: "/Tags/-" }, { op: "replace", path: "/Tags/2/Key", value: "c" });
    assert.strictEqual(e.OperationStatus, "SUCCESS", e.StatusMessage);
    assert.deepStrictEqual(new Set((await read(REPOSITORY, "moves")).Tags.map((t) => t.Key + t.Value)), new Set(["a1", "b2", "c2"]));
    assert.strictEqual((await patch(REPOSITORY, "moves", { op: "test", path: "/RepositoryName", value: "moves" })).OperationStatus, "SUCCESS");
});

test("a client token lives for 36 hours, whatever became of what it made", async () => {
    const once = () => create(REPOSITORY, { RepositoryName: "lived" }, { ClientToken: "life" });
    const first = await once();
    await ask("DeleteResource", { TypeName: REPOSITORY, Identifier: "lived" });
    await s.advance(35 * 3600);
    assert.deepStrictEqual(await once(), first);
    await refuses(read(REPOSITORY, "lived"), "ResourceNotFoundException");
    await s.advance(3600);
    assert.notStrictEqual((await once()).RequestToken, first.RequestToken);
    assert.strictEqual((await read(REPOSITORY, "lived")).RepositoryName, "lived");
});

test("a client token makes one request; requests are kept for seven days", async () => {
    const first = await create(REPOSITORY, { RepositoryName: "once" }, { ClientToken: "token" });
    assert.deepStrictEqual(await create(REPOSITORY, { RepositoryName: "once" }, { ClientToken: "token" }), first);
    await refuses(create(REPOSITORY, { RepositoryName: "twice" }, { ClientToken: "token" }), "ClientTokenConflictException");
    const status = (RequestToken) => event("GetResourceRequestStatus", { RequestToken });
    assert.deepStrictEqual(await status(first.RequestToken), first);
    await refuses(ask("CancelResourceRequest", { RequestToken: first.RequestToken }), "ConcurrentModificationException", /SUCCESS/);
    const list = async (ResourceRequestStatusFilter) => (await ask("ListResourceRequests", { ResourceRequestStatusFilter })).ResourceRequestStatusSummaries;
    assert.ok((await list({ Operations: ["CREATE"], OperationStatuses: ["SUCCESS"] })).some((e) => e.RequestToken === first.RequestToken));
    assert.ok((await list({ OperationStatuses: ["FAILED"] })).every((e) => e.OperationStatus === "FAILED"));
    const tokens = async (MaxResults) => {
        const all = new Set();
        let NextToken;
        do { /* a token may hold what the model allows alone: one of many would have another character */
            const page = await ask("ListResourceRequests", { MaxResults, NextToken });
            for (const e of page.ResourceRequestStatusSummaries) all.add(e.RequestToken);
            NextToken = page.NextToken;
            assert.match(NextToken || "=", /^[-A-Za-z0-9+/=]+$/);
        } while (NextToken);
        return [...all];
    };
    assert.deepStrictEqual(await tokens(1), await tokens(100));
    assert.ok((await tokens(100)).includes(first.RequestToken));
    await s.advance(8 * 86400);
    const last = await create(REPOSITORY, { RepositoryName: "later" });
    await refuses(status(first.RequestToken), "RequestTokenNotFoundException");
    assert.deepStrictEqual(await status(last.RequestToken), last);
    assert.deepStrictEqual(await tokens(100), [last.RequestToken]); // of more than one new request removes
});

test("lists come in pages", async () => {
    const all = [];
    let NextToken;
    for (let i = 0; i < 5; i++) await create(REPOSITORY, { RepositoryName: `page${i}`, Tags: [{ Key: "page", Value: "yes" }] });
    do {
        const out = await ask("ListResources", { TypeName: REPOSITORY, MaxResults: 2, NextToken });
        assert.ok(out.ResourceDescriptions.length <= 2);
        all.push(...out.ResourceDescriptions.map((d) => d.Identifier));
        NextToken = out.NextToken;
    } while (NextToken);
    assert.deepStrictEqual(all.filter((n) => n.startsWith("page")), ["page0", "page1", "page2", "page3", "page4"]);
    assert.deepStrictEqual([...new Set(all)], all);
});

test("a document's kinds are the schema's: what is wrong is named with its place", async () => {
    const bad = (type, state, where) => assert.rejects(create(type, state), (e) => e.name === "InvalidRequestException" && e.message === `Model validation failed (#${where})`);
    const task = (...ContainerDefinitions) => ({ Family: "f", ContainerDefinitions });
    await bad("AWS::S3::Bucket", { BucketName: 12345 }, "/BucketName: expected type: String, found: Integer");
    await bad("AWS::SQS::Queue", { QueueName: 777 }, "/QueueName: expected type: String, found: Integer");
    await bad("AWS::SQS::Queue", { QueueName: true }, "/QueueName: expected type: String, found: Boolean");
    await bad("AWS::SQS::Queue", { DelaySeconds: "5" }, "/DelaySeconds: expected type: Integer, found: String");
    await bad("AWS::SQS::Queue", { DelaySeconds: 1.5 }, "/DelaySeconds: expected type: Integer, found: Double");
    await bad("AWS::SQS::Queue", { FifoQueue: "true" }, "/FifoQueue: expected type: Boolean, found: String");
    await bad("AWS::SQS::Queue", { QueueName: null }, "/QueueName: expected type: String, found: Null");
    await bad("AWS::SQS::Queue", { Tags: {} }, "/Tags: expected type: JSONArray, found: JSONObject");
    await bad("AWS::ECS::TaskDefinition", task({ Name: "a", Image: "b", Memory: "many" }), "/ContainerDefinitions/0/Memory: expected type: Integer, found: String");
    await bad("AWS::ECS::TaskDefinition", task({ Name: "a", Image: "b" }, { Name: "web" }), "/ContainerDefinitions/1: required key [Image] not found");
    await bad("AWS::ECS::TaskDefinition", task({ Name: "a", Image: "b", DockerLabels: { "x/y": 1 } }), "/ContainerDefinitions/0/DockerLabels/x~1y: expected type: String, found: Integer");
    await bad("AWS::ECS::TaskDefinition", task({ Name: "a", Image: "b", Colour: 1 }), "/ContainerDefinitions/0: extraneous key [Colour] is not permitted");
    await create("AWS::SQS::Queue", { QueueName: "kinds" });
    await refuses(patch("AWS::SQS::Queue", (await create("AWS::SQS::Queue", { QueueName: "kind" })).Identifier, { op: "add", path: "/DelaySeconds", value: "5" }),
        "InvalidRequestException", /#\/DelaySeconds: expected type: Integer, found: String/);
});

test("what is read only is seen by a patch, and not changed", async () => {
    await create(REPOSITORY, { RepositoryName: "shown" });
    const Arn = arn("ecr", "repository/shown"), is = await read(REPOSITORY, "shown");
    const ok = async (...operations) => { const e = await patch(REPOSITORY, "shown", ...operations); assert.strictEqual(e.OperationStatus, "SUCCESS", e.StatusMessage); };
    await ok({ op: "test", path: "/Arn", value: Arn });
    await refuses(patch(REPOSITORY, "shown", { op: "test", path: "/Arn", value: "x" }), "InvalidRequestException", /the test failed: \/Arn/);
    for (const operation of [{ op: "replace", path: "/Arn", value: Arn }, { op: "add", path: "/Arn", value: "x" }, { op: "remove", path: "/Arn" }, { op: "add", path: "/Arn/x", value: 1 },
                             { op: "move", from: "/Arn", path: "/RepositoryName" }, { op: "copy", from: "/RepositoryName", path: "/Arn" }])
        await refuses(patch(REPOSITORY, "shown", operation), "InvalidRequestException", /Arn: it is read only/);
    await ok({ op: "replace", path: "", value: is });
    await refuses(patch(REPOSITORY, "shown", { op: "replace", path: "", value: { ...is, Arn: "x" } }), "InvalidRequestException", /Arn: it is read only/);
    assert.deepStrictEqual(await read(REPOSITORY, "shown"), is);
});

test("members of objects may stand in any order", async () => {
    const create_only = { EncryptionType: "AES256" };
    await create(REPOSITORY, { RepositoryName: "order", EncryptionConfiguration: create_only, Tags: [{ Value: "1", Key: "a" }] });
    const e = await patch(REPOSITORY, "order", { op: "replace", path: "/Tags/0", value: { Value: "1", Key: "a" } }, { op: "replace", path: "/EncryptionConfiguration", value: create_only });
    assert.strictEqual(e.OperationStatus, "SUCCESS", e.StatusMessage);
    const found = await ask("ListResources", { TypeName: REPOSITORY, ResourceModel: JSON.stringify({ Tags: [{ Value: "1", Key: "a" }] }) });
    assert.deepStrictEqual(found.ResourceDescriptions.map((d) => d.Identifier), ["order"]);
});

test("strict: it takes the permission of this API and of the resource's own service", async (t) => {
    const { as, user } = await strict(t);
    const who = async (name, ...statements) => as(C.CloudControlClient, await user(name, ...statements));
    const make = (client, RepositoryName) => event("CreateResource", { TypeName: REPOSITORY, DesiredState: JSON.stringify({ RepositoryName }) }, client);
    const ann = await who("ann", allow(["cloudformation:CreateResource", "ecr:*"]), deny("ecr:CreateRepository", "arn:aws:ecr:*:*:repository/no"));
    assert.strictEqual((await make(ann, "yes")).OperationStatus, "SUCCESS");
    const no = await make(ann, "no");
    assert.deepStrictEqual([no.OperationStatus, no.ErrorCode], ["FAILED", "AccessDenied"]);
    await assert.rejects(make(await who("bob", allow("ecr:*")), "bobs"), /cloudformation:CreateResource/);
});

test("strict: what is kept for CloudFormation is read by nobody who may not put it where it lies", async (t) => {
    const { as, user } = await strict(t);
    const sqs = as(SQSClient), Queues = [(await sqs.send(new CreateQueueCommand({ QueueName: "jobs" }))).QueueUrl];
    const PolicyDocument = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: "*" }] };
    const made = await event("CreateResource", { TypeName: "AWS::SQS::QueuePolicy", DesiredState: JSON.stringify({ Queues, PolicyDocument }) }, as(C.CloudControlClient));
    const look = async (name, ...statements) => as(C.CloudControlClient, await user(name, ...statements))
        .send(new C.GetResourceCommand({ TypeName: "AWS::SQS::QueuePolicy", Identifier: made.Identifier }));
    assert.match((await look("ann", allow(["cloudformation:GetResource", "sqs:SetQueueAttributes"]))).ResourceDescription.Properties, /sqs:SendMessage/);
    await assert.rejects(look("bob", allow("cloudformation:GetResource")), /sqs:SetQueueAttributes/);
});

test("the AWS CLI makes and reads a resource", async () => {
    const { ProgressEvent } = await s.aws("cloudcontrol", "create-resource", "--type-name", REPOSITORY, "--desired-state", '{"RepositoryName":"by-cli"}');
    assert.strictEqual(ProgressEvent.OperationStatus, "SUCCESS");
    const out = await s.aws("cloudcontrol", "get-resource", "--type-name", REPOSITORY, "--identifier", "by-cli");
    assert.strictEqual(JSON.parse(out.ResourceDescription.Properties).RepositoryName, "by-cli");
});
