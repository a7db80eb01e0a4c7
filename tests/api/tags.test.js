// SPDX-License-Identifier: Apache-2.0
// Tags by AWS's common limits, in every service that has them: 50 a resource on creation and after a merge, keys unlike
// each other, `aws:` in any case reserved, order kept. The last test compares what was asked with what the models have.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const { CERTIFICATE, KEY } = require("../lib/certificate");
const { samlMetadata } = require("../lib/saml");
const { serve } = require("../lib/file");
const { coverage, declarations, modelOf } = require("../lib/models");
const { freePort, refuses } = require("../lib/slipway");
const { world, trust, approval, stage } = require("../lib/pipeline");
const { SDK, services, balancer, SAYS, POLICY } = require("../lib/services");
const { zip } = require("../lib/zip");

const ROLE = "arn:aws:iam::000000000000:role/builder";
const TRUST = trust(["codebuild.amazonaws.com", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]);

const s = serve({ ready: make }), { send, client, asked } = services(s);
let w, subnets, vpc, lb, listener;

// With tags, which this SDK does not know yet.
async function createBucket(Bucket, tags) {
    const command = new SDK.s3.CreateBucketCommand({ Bucket });
    const xml = tags.map(([k, v]) => `<Tag><Key>${k}</Key><Value>${v}</Value></Tag>`).join("");
    command.middlewareStack.add((next) => (args) => {
        if (tags.length) args.request.body = `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Tags>${xml}</Tags></CreateBucketConfiguration>`;
        return next(args);
    }, { step: "build", priority: "high" });
    await client("s3").send(command);
    return Bucket;
}

async function make() {
    w = await world(s);
    await send("iam", "CreateRole", { RoleName: "builder", AssumeRolePolicyDocument: TRUST });
    await send("s3", "CreateBucket", { Bucket: "objects" });
    await send("ecs", "CreateCluster", {});
    await send("ecs", "RegisterTaskDefinition", { family: "idle", containerDefinitions: [{ name: "a", image: "x", memory: 8 }] });
    ({ subnets, vpc, lb, listener } = await balancer(send, "for-listeners", await freePort()));
}

const arn = (service, resource) => `arn:aws:${service}:us-east-1:000000000000:${resource}`;
const Upper = (pairs) => pairs.map(([Key, Value]) => ({ Key, Value }));
const named = (pairs) => pairs.map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
const lower = (pairs) => pairs.map(([key, value]) => ({ key, value }));
const map = (pairs) => Object.fromEntries(pairs);
const fromUpper = (l) => (l || []).map((t) => [t.Key, t.Value]);
const fromLower = (l) => (l || []).map((t) => [t.key, t.value]);
const query = (pairs) => pairs.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join("&");
const project = (name, tags) => ({ name, serviceRole: ROLE, source: { type: "NO_SOURCE", buildspec: "version: 0.2\nphases: {build: {commands: [true]}}" }, artifacts: { type: "NO_ARTIFACTS" },
    environment: { type: "LINUX_CONTAINER", image: "x", computeType: "BUILD_GENERAL1_SMALL" }, tags: lower(tags) });
const alarm = (AlarmName, tags) => ({ AlarmName, MetricName: "m", Namespace: "n", Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 1,
    ComparisonOperator: "GreaterThanThreshold", Tags: Upper(tags) });
const elb = (op, input, list, id) => ({ max: 50, many: "TooManyTagsException", reserved: "ValidationError", duplicate: "DuplicateTagKeysException",
    make: async (n, tags) => (await send("elbv2", op, { ...await input(n), Tags: tags.length ? Upper(tags) : undefined }))[list][0][id],
    tag: (r, tags) => send("elbv2", "AddTags", { ResourceArns: [r], Tags: Upper(tags) }),
    untag: (r, TagKeys) => send("elbv2", "RemoveTags", { ResourceArns: [r], TagKeys }),
    list: async (r) => fromUpper((await send("elbv2", "DescribeTags", { ResourceArns: [r] })).TagDescriptions[0].Tags) });
// IAM's lists are sorted by key, as its documentation says.
const iam = (create, what, input, key, id = key) => ({ sorted: true, max: 50, many: "LimitExceededException", atOnce: "ValidationError", reserved: "InvalidInputException", duplicate: "InvalidInputException",
    make: async (n, tags) => (await send("iam", create, { ...input(n), Tags: Upper(tags) }))[what][id],
    tag: (r, tags) => send("iam", `Tag${what}`, { [key]: r, Tags: Upper(tags) }),
    untag: (r, TagKeys) => send("iam", `Untag${what}`, { [key]: r, TagKeys }),
    list: async (r) => fromUpper((await send("iam", `List${what}Tags`, { [key]: r })).Tags) });
const standard = (service, many, reserved, duplicate, make, { form = Upper, from = fromUpper, arnKey = "ResourceArn", tags = "Tags", keys = "TagKeys", ...more } = {}) => ({
    max: 50, many, reserved, duplicate, make, byArn: true, ...more,
    tag: (r, pairs) => send(service, "TagResource", { [arnKey]: r, [tags]: form(pairs) }),
    untag: (r, names) => send(service, "UntagResource", { [arnKey]: r, [keys]: names }),
    list: async (r) => from((await send(service, "ListTagsForResource", { [arnKey]: r }))[tags]) });
const LOWER = { form: lower, from: fromLower, arnKey: "resourceArn", tags: "tags", keys: "tagKeys" };
const MAP = { ...LOWER, form: map, from: (m) => Object.entries(m || {}), unordered: true };

// duplicate: undefined where a map has no room for one. atOnce: the error for 51 in one request, where it is the model's.
const KINDS = {
    "cloudwatch alarm": standard("cloudwatch", "InvalidParameterValueException", "InvalidParameterValueException", "InvalidParameterValueException",
        async (n, tags) => { await send("cloudwatch", "PutMetricAlarm", alarm(n, tags)); return arn("cloudwatch", `alarm:${n}`); }, { arnKey: "ResourceARN" }),
    "codebuild project": { max: 50, reserved: "InvalidInputException", duplicate: "InvalidInputException", atOnce: "InvalidInputException",
        make: async (n, tags) => { await send("codebuild", "CreateProject", project(n, tags)); return n; },
        set: (n, tags) => send("codebuild", "UpdateProject", { name: n, tags: lower(tags) }),
        list: async (n) => fromLower((await send("codebuild", "BatchGetProjects", { names: [n] })).projects[0].tags) },
    "codecommit repository": standard("codecommit", "TooManyTagsException", "InvalidSystemTagUsageException", undefined,
        async (n, tags) => (await send("codecommit", "CreateRepository", { repositoryName: n, tags: map(tags) })).repositoryMetadata.Arn, MAP),
    "codepipeline pipeline": standard("codepipeline", "TooManyTagsException", "InvalidTagsException", "InvalidTagsException",
        async (n, tags) => { await send("codepipeline", "CreatePipeline", { pipeline: w.declaration(n, [w.source(), stage("Hold", approval("Hold"))]), tags: lower(tags) }); return arn("codepipeline", n); }, LOWER),
    "ecr repository": standard("ecr", "TooManyTagsException", "InvalidTagParameterException", "InvalidTagParameterException",
        async (n, tags) => (await send("ecr", "CreateRepository", { repositoryName: n, tags: Upper(tags) })).repository.repositoryArn,
        { arnKey: "resourceArn", tags: "tags", keys: "tagKeys" }),
    "ecs cluster": standard("ecs", "InvalidParameterException", "InvalidParameterException", "InvalidParameterException",
        async (n, tags) => (await send("ecs", "CreateCluster", { clusterName: n, tags: lower(tags) })).cluster.clusterArn, LOWER),
    "ecs task definition": standard("ecs", "InvalidParameterException", "InvalidParameterException", "InvalidParameterException",
        async (n, tags) => (await send("ecs", "RegisterTaskDefinition", { family: n, tags: lower(tags), cpu: "256", memory: "512", networkMode: "awsvpc",
            requiresCompatibilities: ["FARGATE"], containerDefinitions: [{ name: "a", image: "x" }] })).taskDefinition.taskDefinitionArn, LOWER),
    "ecs service": standard("ecs", "InvalidParameterException", "InvalidParameterException", "InvalidParameterException",
        async (n, tags) => (await send("ecs", "CreateService", { serviceName: n, taskDefinition: "idle", desiredCount: 0, tags: lower(tags) })).service.serviceArn, LOWER),
    "ecs task": standard("ecs", "InvalidParameterException", "InvalidParameterException", "InvalidParameterException",
        async (n, tags) => (await send("ecs", "RunTask", { taskDefinition: "idle", tags: lower(tags) })).tasks[0].taskArn, LOWER),
    "elbv2 load balancer": elb("CreateLoadBalancer", (Name) => ({ Name, Subnets: subnets }), "LoadBalancers", "LoadBalancerArn"),
    "elbv2 target group": elb("CreateTargetGroup", (Name) => ({ Name, Protocol: "HTTP", Port: 80, VpcId: vpc, TargetType: "ip" }), "TargetGroups", "TargetGroupArn"),
    "elbv2 listener": elb("CreateListener", async () => ({ LoadBalancerArn: lb, Port: await freePort(), Protocol: "HTTP", DefaultActions: SAYS }), "Listeners", "ListenerArn"),
    "elbv2 rule": elb("CreateRule", (n) => ({ ListenerArn: listener, Priority: 1 + Object.keys(SDK).length + n.length * 7 + count, Conditions: [{ Field: "path-pattern", Values: [`/${n}`] }], Actions: SAYS }), "Rules", "RuleArn"),
    "lambda function": { max: 50, many: "InvalidParameterValueException", reserved: "InvalidParameterValueException", byArn: true, unordered: true,
        make: async (n, tags) => (await send("lambda", "CreateFunction", { FunctionName: n.replace(/[^\w-]/g, "-"), Role: ROLE, Runtime: "provided.al2023", Handler: "h",
            Code: { ZipFile: zip([{ name: "bootstrap", data: "x" }]) }, Tags: map(tags) })).FunctionArn,
        tag: (r, tags) => send("lambda", "TagResource", { Resource: r, Tags: map(tags) }),
        untag: (r, TagKeys) => send("lambda", "UntagResource", { Resource: r, TagKeys }),
        list: async (r) => Object.entries((await send("lambda", "ListTags", { Resource: r })).Tags || {}) },
    "events rule": standard("events", "ValidationException", "ValidationException", "ValidationException",
        async (n, tags) => (await send("events", "PutRule", { Name: n, EventPattern: '{"source":["x"]}', Tags: Upper(tags) })).RuleArn, { arnKey: "ResourceARN" }),
    "events event bus": standard("events", "ValidationException", "ValidationException", "ValidationException",
        async (n, tags) => (await send("events", "CreateEventBus", { Name: n, Tags: Upper(tags) })).EventBusArn, { arnKey: "ResourceARN" }),
    "iam role": iam("CreateRole", "Role", (RoleName) => ({ RoleName, AssumeRolePolicyDocument: TRUST }), "RoleName"),
    "iam user": iam("CreateUser", "User", (UserName) => ({ UserName }), "UserName"),
    "iam instance profile": iam("CreateInstanceProfile", "InstanceProfile", (InstanceProfileName) => ({ InstanceProfileName }), "InstanceProfileName"),
    "iam open i d connect provider": { ...iam("CreateOpenIDConnectProvider", "OpenIDConnectProvider", (n) => ({ Url: `https://${n}.example.com` }), "OpenIDConnectProviderArn"),
        make: async (n, tags) => (await send("iam", "CreateOpenIDConnectProvider", { Url: `https://${n}.example.com`, Tags: Upper(tags) })).OpenIDConnectProviderArn },
    "iam s a m l provider": { ...iam("CreateSAMLProvider", "SAMLProvider", (Name) => ({ Name }), "SAMLProviderArn"),
        make: async (Name, tags) => (await send("iam", "CreateSAMLProvider", { Name, SAMLMetadataDocument: samlMetadata(), Tags: Upper(tags) })).SAMLProviderArn },
    "iam server certificate": { ...iam("UploadServerCertificate", "ServerCertificate", (n) => ({ ServerCertificateName: n }), "ServerCertificateName"),
        make: async (n, tags) => (await send("iam", "UploadServerCertificate", { ServerCertificateName: n, CertificateBody: CERTIFICATE, PrivateKey: KEY, Tags: Upper(tags) })).ServerCertificateMetadata.ServerCertificateName },
    "iam policy": iam("CreatePolicy", "Policy", (PolicyName) => ({ PolicyName, PolicyDocument: POLICY }), "PolicyArn", "Arn"),
    "kms key": { sorted: true, max: 50, many: "LimitExceededException", reserved: "TagException", duplicate: "TagException",
        make: async (n, tags) => (await send("kms", "CreateKey", { Description: n, Tags: named(tags) })).KeyMetadata.KeyId,
        tag: (KeyId, tags) => send("kms", "TagResource", { KeyId, Tags: named(tags) }),
        untag: (KeyId, TagKeys) => send("kms", "UntagResource", { KeyId, TagKeys }),
        list: async (KeyId) => (await send("kms", "ListResourceTags", { KeyId })).Tags.map((x) => [x.TagKey, x.TagValue]) },
    "logs log group": standard("logs", "TooManyTagsException", "InvalidParameterException", undefined,
        async (n, tags) => { await send("logs", "CreateLogGroup", { logGroupName: n, tags: tags.length ? map(tags) : undefined }); return arn("logs", `log-group:${n}`); },
        { ...MAP, atOnce: "InvalidParameterException", byArn: false }),
    "logs log group, the old way": { max: 50, many: "TooManyTagsException", atOnce: "InvalidParameterException", reserved: "InvalidParameterException", unordered: true,
        make: async (n, tags) => { await send("logs", "CreateLogGroup", { logGroupName: n, tags: tags.length ? map(tags) : undefined }); return n; },
        tag: (logGroupName, tags) => send("logs", "TagLogGroup", { logGroupName, tags: map(tags) }),
        untag: (logGroupName, tags) => send("logs", "UntagLogGroup", { logGroupName, tags }),
        list: async (logGroupName) => Object.entries((await send("logs", "ListTagsLogGroup", { logGroupName })).tags) },
    "s3 bucket": { max: 50, atOnce: "BadRequest", reserved: "InvalidTag", duplicate: "InvalidTag",
        make: createBucket,
        set: (Bucket, tags) => send("s3", "PutBucketTagging", { Bucket, Tagging: { TagSet: Upper(tags) } }),
        list: async (Bucket) => fromUpper((await send("s3", "GetBucketTagging", { Bucket })).TagSet) },
    "s3 object": { max: 10, atOnce: "BadRequest", reserved: "InvalidTag", duplicate: "InvalidTag",
        make: async (Key, tags) => { await send("s3", "PutObject", { Bucket: "objects", Key, Body: "x", Tagging: query(tags) }); return Key; },
        set: (Key, tags) => send("s3", "PutObjectTagging", { Bucket: "objects", Key, Tagging: { TagSet: Upper(tags) } }),
        list: async (Key) => fromUpper((await send("s3", "GetObjectTagging", { Bucket: "objects", Key })).TagSet) },
    "secretsmanager secret": { max: 50, many: "InvalidParameterException", reserved: "InvalidParameterException", duplicate: "InvalidParameterException",
        make: async (Name, tags) => (await send("secretsmanager", "CreateSecret", { Name, Tags: Upper(tags) })).ARN,
        tag: (SecretId, tags) => send("secretsmanager", "TagResource", { SecretId, Tags: Upper(tags) }),
        untag: (SecretId, TagKeys) => send("secretsmanager", "UntagResource", { SecretId, TagKeys }),
        list: async (SecretId) => fromUpper((await send("secretsmanager", "DescribeSecret", { SecretId })).Tags) },
    "sns topic": standard("sns", "TagLimitExceededException", "InvalidParameterException", "InvalidParameterException",
        async (Name, tags) => (await send("sns", "CreateTopic", { Name, Tags: Upper(tags) })).TopicArn),
    "sqs queue": { max: 50, many: "InvalidParameterValue", reserved: "InvalidParameterValue", unordered: true,
        make: async (QueueName, tags) => (await send("sqs", "CreateQueue", { QueueName, tags: map(tags) })).QueueUrl,
        tag: (QueueUrl, tags) => send("sqs", "TagQueue", { QueueUrl, Tags: map(tags) }),
        untag: (QueueUrl, TagKeys) => send("sqs", "UntagQueue", { QueueUrl, TagKeys }),
        list: async (QueueUrl) => Object.entries((await send("sqs", "ListQueueTags", { QueueUrl })).Tags) },
    "ssm parameter": { max: 50, many: "TooManyTagsError", reserved: "ValidationException", duplicate: "ValidationException",
        make: async (Name, tags) => { await send("ssm", "PutParameter", { Name, Type: "String", Value: "x", Tags: Upper(tags) }); return Name; },
        tag: (ResourceId, tags) => send("ssm", "AddTagsToResource", { ResourceType: "Parameter", ResourceId, Tags: Upper(tags) }),
        untag: (ResourceId, TagKeys) => send("ssm", "RemoveTagsFromResource", { ResourceType: "Parameter", ResourceId, TagKeys }),
        list: async (ResourceId) => fromUpper((await send("ssm", "ListTagsForResource", { ResourceType: "Parameter", ResourceId })).TagList) },
};
// Operations whose resource is not worth making: they refuse in the same words.
const ALSO = {
    "ecs CreateService": [(tags) => send("ecs", "CreateService", { serviceName: "x", taskDefinition: "x", tags: lower(tags) }), "InvalidParameterException"],
    "ecs RunTask": [(tags) => send("ecs", "RunTask", { taskDefinition: "x", tags: lower(tags) }), "InvalidParameterException"],
    "elbv2 CreateListener": [(tags) => send("elbv2", "CreateListener", { LoadBalancerArn: arn("elasticloadbalancing", "loadbalancer/app/x/0123456789abcdef"), Port: 80, Protocol: "HTTP",
        DefaultActions: SAYS, Tags: Upper(tags) }), "TooManyTagsException"],
    "ecs StartTask": [(tags) => send("ecs", "StartTask", { taskDefinition: "x", containerInstances: ["x"], tags: lower(tags) }), "InvalidParameterException"],
    "iam CreateInstanceProfile": [(tags) => send("iam", "CreateInstanceProfile", { InstanceProfileName: "x", Tags: Upper(tags) }), "ValidationError"],
    "s3 CreateMultipartUpload": [(tags) => send("s3", "CreateMultipartUpload", { Bucket: "objects", Key: "k", Tagging: query(tags) }), "BadRequest"],
    "s3 CopyObject": [async (tags) => {
        await send("s3", "PutObject", { Bucket: "objects", Key: "from", Body: "x" });
        return send("s3", "CopyObject", { Bucket: "objects", Key: "to", CopySource: "objects/from", TaggingDirective: "REPLACE", Tagging: query(tags) });
    }, "BadRequest"],
    "sts AssumeRole": [(tags) => send("sts", "AssumeRole", { RoleArn: ROLE, RoleSessionName: "xx", Tags: Upper(tags) }), "ValidationError"],
};

// What the Resource Groups Tagging API does not reach: objects of S3, as with AWS.
const BEYOND = new Set(["s3 object"]);

let count = 0;
const fresh = () => `tagged-${++count}`;
const pairs = (n) => Array.from({ length: n }, (_, i) => [`k${i}`, `v${i}`]);
const same = (k, got, want) => assert.deepStrictEqual(k.unordered ? [...got].sort() : got, k.unordered || k.sorted ? [...want].sort() : want);

for (const [name, k] of Object.entries(KINDS)) {
    const full = pairs(k.max), over = pairs(k.max + 1);
    const add = k.tag || k.set, atOnce = k.atOnce || k.many;

    test(`${name}: ${k.max} tags are kept in their order, one more is refused`, async () => {
        const r = await k.make(fresh(), full);
        same(k, await k.list(r), full);
        await refuses(k.make(fresh(), over), atOnce);
        const plain = await k.make(fresh(), []);
        await refuses(add(plain, over), atOnce);
        await add(plain, full);
        same(k, await k.list(plain), full);
    });

    test(`${name}: reserved keys, keys that are too long and control characters are refused, on creation and later`, async () => {
        const r = await k.make(fresh(), pairs(1));
        for (const key of ["aws:x", "AWS:x", "Aws:x"]) {
            await refuses(k.make(fresh(), [[key, "v"]]), k.reserved);
            await refuses(add(r, [["fine", "v"], [key, "v"]]), k.reserved);
        }
        for (const pair of [["k".repeat(129), "v"], ["k", "v".repeat(257)], ["k\u0001", "v"], ["k", "v\u0000"]]) {
            await assert.rejects(k.make(fresh(), [pair]), (e) => e.$metadata.httpStatusCode === 400);
            await assert.rejects(add(r, [pair]), (e) => e.$metadata.httpStatusCode === 400);
        }
        same(k, await k.list(r), pairs(1));
    });

    if (k.duplicate)
        test(`${name}: a key given twice is refused`, async () => {
            const twice = [["k", "1"], ["other", "2"], ["k", "3"]], r = await k.make(fresh(), pairs(1));
            await refuses(k.make(fresh(), twice), k.duplicate);
            await refuses(add(r, twice), k.duplicate);
            same(k, await k.list(r), pairs(1));
        });

    if (k.byArn)
        test(`${name}: a name in place of the ARN is refused`, async () => {
            const r = await k.make(fresh(), pairs(1)), bare = r.split(/[:/]/).pop();
            for (const ask of [() => k.tag(bare, [["other", "v"]]), () => k.untag(bare, ["k0"]), () => k.list(bare)])
                await assert.rejects(ask, (e) => e.$metadata?.httpStatusCode < 500);
            same(k, await k.list(r), pairs(1));
        });

    if (!BEYOND.has(name))
        test(`${name}: the Tagging API finds it by its tags, adds to them and takes away`, async () => {
            const value = fresh(), r = await k.make(value, [["team", value], ["stays", "v"]]);
            const found = async () => (await send("tagging", "GetResources", { TagFilters: [{ Key: "team", Values: [value] }] })).ResourceTagMappingList;
            const [one, ...others] = await found();
            assert.deepStrictEqual([others, fromUpper(one.Tags).sort()], [[], [["stays", "v"], ["team", value]]]);
            const ResourceARNList = [one.ResourceARN];
            assert.deepStrictEqual((await send("tagging", "TagResources", { ResourceARNList, Tags: { more: "x", stays: "new" } })).FailedResourcesMap, {});
            assert.deepStrictEqual([...await k.list(r)].sort(), [["more", "x"], ["stays", "new"], ["team", value]]);
            assert.deepStrictEqual((await send("tagging", "UntagResources", { ResourceARNList, TagKeys: ["team", "never-there"] })).FailedResourcesMap, {});
            assert.deepStrictEqual([...await k.list(r)].sort(), [["more", "x"], ["stays", "new"]]);
            assert.deepStrictEqual(await found(), []);
            assert.deepStrictEqual((await send("tagging", "UntagResources", { ResourceARNList, TagKeys: ["more", "stays"] })).FailedResourcesMap, {});
            assert.deepStrictEqual((await send("tagging", "GetResources", { ResourceARNList })).ResourceTagMappingList, []);
        });

    if (k.tag)
        test(`${name}: what is merged is counted together, a new value takes the old one's place`, async () => {
            const r = await k.make(fresh(), full);
            await refuses(k.tag(r, [["one-more", "v"]]), k.many);
            same(k, await k.list(r), full);
            await k.tag(r, [["k3", "new"]]);
            same(k, await k.list(r), full.map(([key, v]) => [key, key === "k3" ? "new" : v]));
            await k.untag(r, ["k0", "never-there"]);
            await k.tag(r, [["one-more", "v"]]);
            same(k, await k.list(r), [...full.slice(1).map(([key, v]) => [key, key === "k3" ? "new" : v]), ["one-more", "v"]]);
        });
}

for (const [name, [ask, many]] of Object.entries(ALSO))
    test(`${name} refuses more than its tags`, () => refuses(ask(pairs(51)), many));

test("every resource that is declared with tags is among these kinds", () => {
    const declared = [];
    for (const { service, resources } of declarations())
        for (const [name, r] of Object.entries(resources))
            if (r.tags && r.arn?.length !== 0) declared.push(`${service} ${name.replace(/(?<=.)[A-Z]/g, " $&").toLowerCase()}`);
    const kinds = Object.keys(KINDS).map((name) => name.replace(/,.*/, ""));
    assert.deepStrictEqual(declared.sort(), [...new Set(kinds)].sort());
});

test("every operation that takes tags was asked", async () => {
    const missed = [];
    for (const { service, implemented } of await coverage(s)) {
        const { shapes, operations } = modelOf(service);
        for (const op of implemented) {
            const members = Object.keys(shapes[operations[op].input?.shape]?.members || {});
            const takes = members.some((m) => /^(tags|tagging|tag)$/i.test(m)) && !/^(Untag|List|Describe|Get)/.test(op);
            if (takes && !asked.has(`${service} ${op}`)) missed.push(`${service} ${op}`);
        }
    }
    assert.deepStrictEqual(missed, []);
});
