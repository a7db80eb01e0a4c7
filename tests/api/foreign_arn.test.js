// SPDX-License-Identifier: Apache-2.0
// An ARN names a region and an account: one of another place never finds what is here under the same name, nor acts upon
// it. Every operation that is served and has a member for an ARN is asked four times a place: what is here and what is
// nowhere, here and as of the other place. Of the other place both answers must be alike; here they must differ, or
// nothing was shown.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const { samlMetadata } = require("../lib/saml");
const { serve } = require("../lib/file");
const { coverage, modelOf } = require("../lib/models");
const { world, approval, stage } = require("../lib/pipeline");
const { freePort } = require("../lib/slipway");
const { SDK, services, SAYS, POLICY } = require("../lib/services");

// What they name belongs to other services; a bucket has no region in its name.
const UNASKED = new Set(["cloudcontrol", "s3", "tagging"]);
const GLOBAL = new Set(["iam", "sts"]);
const TRUST = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "*", Service: ["codebuild.amazonaws.com", "ecs-tasks.amazonaws.com"] }, Action: "sts:AssumeRole" }] });
const PLACES = { "another region": (arn) => arn.replace(":us-east-1:", ":eu-west-1:"), "another account": (arn) => arn.replace("000000000000", "111111111111") };

// Members that hold an ARN, and of what. What is not here must stand under NOT_ASKED.
const OF = {
    cloudwatch: { ResourceARN: "alarm" },
    codebuild: { names: "project", projectName: "project" },
    codecommit: { resourceArn: "repository" },
    codepipeline: { resourceArn: "pipeline" },
    ecr: { resourceArn: "registry" },
    ecs: { cluster: "cluster", clusters: "cluster", service: "service", services: "service", tasks: "task", task: "task", taskDefinition: "definition", taskDefinitions: "definition",
           resourceArn: "cluster", serviceName: "service", serviceDeploymentArns: "deployment", serviceRevisionArns: "revision" },
    elbv2: { LoadBalancerArn: "balancer", LoadBalancerArns: "balancer", ListenerArn: "listener", ListenerArns: "listener", RuleArn: "rule", RuleArns: "rule",
             TargetGroupArn: "group", TargetGroupArns: "group", ResourceArns: "balancer" },
    events: { ResourceARN: "bus", EventBusName: "bus", Name: "bus" },
    iam: { PolicyArn: "policy", PermissionsBoundary: "policy", PolicySourceArn: "user", OpenIDConnectProviderArn: "oidc", SAMLProviderArn: "saml" },
    logs: { resourceArn: "logs", logGroupIdentifier: "logs", logGroupIdentifiers: "logs" },
    secretsmanager: { SecretId: "secret", SecretIdList: "secret" },
    sns: { TopicArn: "topic", TargetArn: "topic", ResourceArn: "topic", SubscriptionArn: "subscription" },
    sqs: { SourceArn: "queue", QueueUrl: "url" },
    ssm: { Name: "parameter", Names: "parameter", ResourceArn: "parameter" },
    sts: { RoleArn: "role" },
};
const NAMES = { "events PutPermission": 1, "events RemovePermission": 1, "events UpdateEventBus": 1, "ssm DeleteParameter": 1, "ssm DeleteParameters": 1,
    "ssm LabelParameterVersion": 1, "ssm UnlabelParameterVersion": 1, "ecs CreateService serviceName": 1, "events PutRule Name": 1, "events DeleteRule Name": 1, "events DescribeRule Name": 1, "events DisableRule Name": 1,
    "events EnableRule Name": 1, "events CreateEventBus Name": 1, "ssm PutParameter Name": 1 };      // plain names of what is made or found otherwise
const NOT_ASKED = {
    "ecs ListAccountSettings principalArn": "filters settings, of which a principal has none",
    "ecs RegisterTaskDefinition taskRoleArn": "is a role that tasks will ask for", "ecs RegisterTaskDefinition executionRoleArn": "the same",
    "ecs StartTask cluster": "there are no container instances", "ecs StartTask taskDefinition": "the same",
    "events ListRuleNamesByTarget TargetArn": "is compared with what targets say", "events PutRule RoleArn": "is a role that deliveries will take",
    "lambda AddPermission SourceArn": "is whatever the statement is about",
    "lambda CreateFunction KMSKeyArn": "is refused", "lambda CreateFunction CodeSigningConfigArn": "is refused",
    "lambda UpdateFunctionConfiguration KMSKeyArn": "is refused", "lambda UpdateFunctionCode SourceKMSKeyArn": "is refused",
    "logs DescribeResourcePolicies resourceArn": "is compared with what policies say", "logs PutResourcePolicy resourceArn": "is refused", "logs DeleteResourcePolicy resourceArn": "is refused",
    "sts AssumeRoleWithWebIdentity PolicyArns": "are session policies", "sts AssumeRoleWithWebIdentity RoleArn": "a token comes first", "sts GetFederationToken PolicyArns": "are session policies",
    "iam CreateUser PermissionsBoundary": "makes a user", "iam CreateRole PermissionsBoundary": "makes a role",
    "iam SimulateCustomPolicy ResourceArns": "need not exist", "iam SimulateCustomPolicy CallerArn": "need not exist",
    "iam SimulatePrincipalPolicy ResourceArns": "need not exist", "iam SimulatePrincipalPolicy CallerArn": "need not exist",
    "secretsmanager RotateSecret ExternalSecretRotationRoleArn": "is refused", "secretsmanager RotateSecret RotationLambdaARN": "is refused", "secretsmanager ReplicateSecretToRegions SecretId": "is refused for its regions",
    "sqs StartMessageMoveTask DestinationArn": "is asked by its source",
    "sts AssumeRole PolicyArns": "are session policies", "sns ConfirmSubscription TopicArn": "needs a token that was sent",
    "ssm GetParameterHistory Name": "is asked by name alone here",
};
// What an operation needs beside the ARN.
const KEY = { tags: [{ key: "a", value: "b" }] }, UPPER = { Tags: [{ Key: "a", Value: "b" }] };
const MORE = {
    "cloudwatch TagResource": UPPER, "cloudwatch UntagResource": { TagKeys: ["a"] }, "codecommit TagResource": { tags: { a: "b" } }, "codecommit UntagResource": { tagKeys: ["a"] },
    "codepipeline TagResource": KEY, "codepipeline UntagResource": { tagKeys: ["a"] }, "ecr TagResource": { tags: [{ Key: "a", Value: "b" }] }, "ecr UntagResource": { tagKeys: ["a"] },
    "ecs TagResource": KEY, "ecs UntagResource": { tagKeys: ["a"] }, "ecs CreateService": (m) => ({ serviceName: `new${++made}`, taskDefinition: "here", desiredCount: 0, ...(m === "cluster" ? {} : { cluster: "here" }) }),
    "ecs RunTask": (m) => ({ cluster: "here", taskDefinition: "here", count: 1, launchType: "EC2" }), "ecs DescribeServices": () => ({ cluster: "here", services: ["here"] }),
    "ecs DeleteService": () => ({ cluster: "here", service: "here" }), "ecs UpdateService": () => ({ cluster: "here", service: "here", desiredCount: 0 }),
    "ecs ListServiceDeployments": () => ({ cluster: "here", service: "here" }), "ecs DescribeTasks": () => ({ cluster: "here", tasks: [at.task.here] }),
    "ecs StopTask": () => ({ cluster: "here", task: at.task.here }), "ecs ExecuteCommand": () => ({ cluster: "here", task: at.task.here, command: "x", interactive: true }),
    "ecs ListTasks": () => ({ cluster: "here" }), "ecs PutClusterCapacityProviders": { capacityProviders: [], defaultCapacityProviderStrategy: [] },
    "ecs UpdateClusterSettings": { settings: [{ name: "containerInsights", value: "disabled" }] },
    "secretsmanager PutResourcePolicy": { ResourcePolicy: POLICY.replace('"Action"', '"Principal":"*","Action"') }, "secretsmanager PutSecretValue": { SecretString: "y" }, "secretsmanager TagResource": UPPER,
    "secretsmanager UntagResource": { TagKeys: ["a"] }, "secretsmanager UpdateSecretVersionStage": { VersionStage: "AWSCURRENT", RemoveFromVersionId: "0".repeat(32) },
    "secretsmanager ValidateResourcePolicy": { ResourcePolicy: POLICY }, "secretsmanager RemoveRegionsFromReplication": { RemoveReplicaRegions: ["eu-west-1"] },
    "ssm PutResourcePolicy": { Policy: POLICY.replace('"Action"', '"Principal":"*","Action"') }, "ssm DeleteResourcePolicy": { PolicyId: "x", PolicyHash: "x" },
    "elbv2 AddTags": UPPER, "elbv2 RemoveTags": { TagKeys: ["a"] }, "elbv2 CreateListener": { Port: 18099, Protocol: "HTTP", DefaultActions: SAYS },
    "elbv2 CreateRule": { Priority: 99, Conditions: [{ Field: "path-pattern", Values: ["/x"] }], Actions: SAYS }, "elbv2 ModifyListener": { DefaultActions: SAYS },
    "elbv2 ModifyRule": { Actions: SAYS }, "elbv2 ModifyTargetGroup": { HealthCheckPath: "/y" }, "elbv2 RegisterTargets": { Targets: [{ Id: "127.0.0.1", Port: 1 }] },
    "elbv2 DeregisterTargets": { Targets: [{ Id: "127.0.0.1", Port: 1 }] }, "elbv2 ModifyLoadBalancerAttributes": { Attributes: [{ Key: "idle_timeout.timeout_seconds", Value: "61" }] },
    "elbv2 ModifyTargetGroupAttributes": { Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "1" }] }, "elbv2 SetSubnets": () => ({ Subnets: at.subnets }),
    "elbv2 ModifyListenerAttributes": { Attributes: [{ Key: "routing.http.response.server.enabled", Value: "true" }] }, "elbv2 SetIpAddressType": { IpAddressType: "ipv4" },
    "elbv2 SetSecurityGroups": () => ({ SecurityGroups: [at.sg] }), "elbv2 AddListenerCertificates": { Certificates: [{ CertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/x" }] },
    "elbv2 RemoveListenerCertificates": { Certificates: [{ CertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/x" }] },
    "events TagResource": UPPER, "events UntagResource": { TagKeys: ["a"] }, "events DeleteRule": { Name: "ruled" }, "events DescribeRule": { Name: "ruled" }, "events DisableRule": { Name: "ruled" },
    "events EnableRule": { Name: "ruled" }, "events PutRule": { Name: "ruled", EventPattern: '{"source":["x"]}' }, "events ListTargetsByRule": { Rule: "ruled" },
    "events PutTargets": () => ({ Rule: "ruled", Targets: [{ Id: "1", Arn: at.queue.here }] }), "events RemoveTargets": { Rule: "ruled", Ids: ["1"] },
    "events ListRuleNamesByTarget": () => ({ TargetArn: at.queue.here }),
    "iam AttachRolePolicy": { RoleName: "here" }, "iam DetachRolePolicy": { RoleName: "here" }, "iam AttachUserPolicy": { UserName: "here" }, "iam DetachUserPolicy": { UserName: "here" },
    "iam AttachGroupPolicy": { GroupName: "here" }, "iam DetachGroupPolicy": { GroupName: "here" },
    "iam CreatePolicyVersion": { PolicyDocument: POLICY }, "iam DeletePolicyVersion": { VersionId: "v1" }, "iam GetPolicyVersion": { VersionId: "v1" }, "iam SetDefaultPolicyVersion": { VersionId: "v1" },
    "iam TagPolicy": UPPER, "iam UntagPolicy": { TagKeys: ["a"] }, "iam PutRolePermissionsBoundary": { RoleName: "here" }, "iam PutUserPermissionsBoundary": { UserName: "here" },
    "iam AddClientIDToOpenIDConnectProvider": { ClientID: "c" }, "iam RemoveClientIDFromOpenIDConnectProvider": { ClientID: "c" },
    "iam UpdateOpenIDConnectProviderThumbprint": { ThumbprintList: ["a".repeat(40)] }, "iam UpdateSAMLProvider": { SAMLMetadataDocument: samlMetadata() },
    "iam TagOpenIDConnectProvider": UPPER, "iam UntagOpenIDConnectProvider": { TagKeys: ["a"] }, "iam TagSAMLProvider": UPPER, "iam UntagSAMLProvider": { TagKeys: ["a"] },
    "iam SimulatePrincipalPolicy": { ActionNames: ["s3:GetObject"] },
    "logs TagResource": { tags: { a: "b" } }, "logs UntagResource": { tagKeys: ["a"] }, "logs GetLogEvents": { logStreamName: "s" },
    "sns AddPermission": { Label: "x", AWSAccountId: ["000000000000"], ActionName: ["Publish"] }, "sns RemovePermission": { Label: "x" }, "sns Publish": { Message: "m" },
    "sns PublishBatch": { PublishBatchRequestEntries: [{ Id: "1", Message: "m" }] }, "sns SetTopicAttributes": { AttributeName: "DisplayName", AttributeValue: "d" },
    "sns SetSubscriptionAttributes": { AttributeName: "RawMessageDelivery", AttributeValue: "true" }, "sns Subscribe": () => ({ Protocol: "sqs", Endpoint: at.queue.here }),
    "sns TagResource": UPPER, "sns UntagResource": { TagKeys: ["a"] },
    "sqs AddPermission": { Label: "x", AWSAccountIds: ["000000000000"], Actions: ["SendMessage"] }, "sqs RemovePermission": { Label: "x" }, "sqs ChangeMessageVisibility": { ReceiptHandle: "x", VisibilityTimeout: 1 },
    "sqs ChangeMessageVisibilityBatch": { Entries: [{ Id: "1", ReceiptHandle: "x", VisibilityTimeout: 1 }] }, "sqs DeleteMessage": { ReceiptHandle: "x" },
    "sqs DeleteMessageBatch": { Entries: [{ Id: "1", ReceiptHandle: "x" }] }, "sqs SendMessage": { MessageBody: "m" }, "sqs SendMessageBatch": { Entries: [{ Id: "1", MessageBody: "m" }] },
    "sqs SetQueueAttributes": { Attributes: { VisibilityTimeout: "31" } }, "sqs TagQueue": { Tags: { a: "b" } }, "sqs UntagQueue": { TagKeys: ["a"] },
    "sts AssumeRole": { RoleSessionName: "session" },
};
// Alike here too, whether it is there or not.
const IDEMPOTENT = new Set(["sns DeleteTopic TopicArn", "sns Unsubscribe SubscriptionArn", "events DeleteEventBus Name", "elbv2 DeleteLoadBalancer LoadBalancerArn", "elbv2 DeleteTargetGroup TargetGroupArn"]);

const at = {}, s = serve({ args: ["--settle"], ready: make }), { send } = services(s, { sqs: { useQueueUrlAsEndpoint: false } });
let made = 0, w;
// What is here, and what would be it under another name of equal form: [here, gone].
const both = (arn, from = "here", to = "gone") => ({ here: arn, gone: arn.replace(new RegExp(`${from}(?!.*${from})`), to) });
const byId = (arn) => { const id = arn.split("/").pop(); return both(arn, id, id.replace(/[0-9a-f]/g, (c) => (c === "0" ? "1" : "0"))); };

async function make() {
    w = await world(s);
    await send("cloudwatch", "PutMetricAlarm", { AlarmName: "here", MetricName: "m", Namespace: "n", Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: "GreaterThanThreshold", ...UPPER });
    at.alarm = both("arn:aws:cloudwatch:us-east-1:000000000000:alarm:here");
    at.role = both((await send("iam", "CreateRole", { RoleName: "here", AssumeRolePolicyDocument: TRUST })).Role.Arn);
    at.user = both((await send("iam", "CreateUser", { UserName: "here" })).User.Arn);
    at.oidc = both((await send("iam", "CreateOpenIDConnectProvider", { Url: "https://here" })).OpenIDConnectProviderArn);
    at.saml = both((await send("iam", "CreateSAMLProvider", { Name: "here", SAMLMetadataDocument: samlMetadata() })).SAMLProviderArn);
    await send("iam", "CreateGroup", { GroupName: "here" });
    at.policy = both((await send("iam", "CreatePolicy", { PolicyName: "here", PolicyDocument: POLICY })).Policy.Arn);
    at.project = both((await send("codebuild", "CreateProject", { name: "here", serviceRole: at.role.here, source: { type: "NO_SOURCE", buildspec: "version: 0.2\nphases: {build: {commands: [\"true\"]}}" },
        artifacts: { type: "NO_ARTIFACTS" }, environment: { type: "LINUX_CONTAINER", image: "x", computeType: "BUILD_GENERAL1_SMALL" } })).project.arn);
    at.repository = both((await send("codecommit", "CreateRepository", { repositoryName: "here" })).repositoryMetadata.Arn);
    await w.create("here", [w.source(), stage("Hold", approval("Hold"))]);
    at.pipeline = both("arn:aws:codepipeline:us-east-1:000000000000:here");
    at.registry = both((await send("ecr", "CreateRepository", { repositoryName: "here" })).repository.repositoryArn);
    at.bus = both((await send("events", "CreateEventBus", { Name: "here" })).EventBusArn);
    await send("events", "PutRule", { Name: "ruled", EventBusName: "here", EventPattern: '{"source":["x"]}' });
    await send("logs", "CreateLogGroup", { logGroupName: "here" });
    await send("logs", "CreateLogStream", { logGroupName: "here", logStreamName: "s" });
    at.logs = both("arn:aws:logs:us-east-1:000000000000:log-group:here");
    at.url = both((await send("sqs", "CreateQueue", { QueueName: "here" })).QueueUrl);
    at.queue = both("arn:aws:sqs:us-east-1:000000000000:here");
    await send("sqs", "CreateQueue", { QueueName: "source", Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: at.queue.here, maxReceiveCount: 3 }) } });
    at.secret = both((await send("secretsmanager", "CreateSecret", { Name: "here", SecretString: "x" })).ARN);
    at.topic = both((await send("sns", "CreateTopic", { Name: "here" })).TopicArn);
    at.subscription = both((await send("sns", "Subscribe", { TopicArn: at.topic.here, Protocol: "sqs", Endpoint: at.queue.here })).SubscriptionArn);
    await send("ssm", "PutParameter", { Name: "here", Type: "String", Value: "x" });
    at.parameter = both("arn:aws:ssm:us-east-1:000000000000:parameter/here");
    await balancing();
    await containers();
}

async function balancing() {
    const { Subnets } = await send("ec2", "DescribeSubnets", {});
    at.subnets = Subnets.slice(0, 2).map((x) => x.SubnetId);
    at.sg = (await send("ec2", "DescribeSecurityGroups", {})).SecurityGroups[0].GroupId;
    at.balancer = byId((await send("elbv2", "CreateLoadBalancer", { Name: "here", Subnets: at.subnets })).LoadBalancers[0].LoadBalancerArn);
    at.listener = byId((await send("elbv2", "CreateListener", { LoadBalancerArn: at.balancer.here, Port: await freePort(), Protocol: "HTTP", DefaultActions: SAYS })).Listeners[0].ListenerArn);
    at.rule = byId((await send("elbv2", "CreateRule", { ListenerArn: at.listener.here, Priority: 1, Conditions: [{ Field: "path-pattern", Values: ["/"] }], Actions: SAYS })).Rules[0].RuleArn);
    at.group = byId((await send("elbv2", "CreateTargetGroup", { Name: "here", Protocol: "HTTP", Port: 80, VpcId: Subnets[0].VpcId, TargetType: "ip" })).TargetGroups[0].TargetGroupArn);
}

async function containers() {
    at.cluster = both((await send("ecs", "CreateCluster", { clusterName: "here" })).cluster.clusterArn);
    at.definition = both((await send("ecs", "RegisterTaskDefinition", { family: "here", networkMode: "bridge", containerDefinitions: [{ name: "a", image: "127.0.0.1:1/none", memory: 16 }] })).taskDefinition.taskDefinitionArn);
    at.service = both((await send("ecs", "CreateService", { cluster: "here", serviceName: "here", taskDefinition: "here", desiredCount: 0 })).service.serviceArn);
    at.task = byId((await send("ecs", "RunTask", { cluster: "here", taskDefinition: "here" })).tasks[0].taskArn);
    const { serviceDeployments: [d] } = await send("ecs", "ListServiceDeployments", { cluster: "here", service: "here" });
    at.deployment = byId(d.serviceDeploymentArn);
    at.revision = byId(d.targetServiceRevisionArn);
}

// The answer without what differs each time, and without the name.
async function outcome(service, operation, input, { here, gone }) {
    let got;
    try { got = await send(service, operation, input); } catch (e) { got = { error: e.name, message: e.message }; }
    const { $metadata, ...rest } = got;
    let text = JSON.stringify(rest);
    const tails = [here, gone].flatMap((x) => [x, x.split(/[:/]/).pop(), x.split("/").slice(-2).join("/")]).sort((a, b) => b.length - a.length);
    for (const t of tails) text = text.replaceAll(t, "NAME");
    return text.replaceAll(/arn:aws:[a-z]*:(us-east-1|eu-west-1)?:(0|1){12}/g, "PLACE").replaceAll(/[01]{12}|eu-west-1|us-east-1/g, "PLACE").replaceAll(/\b(here|gone)\b/g, "NAME")
        .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID").replaceAll(/"[^"]*(Token|MessageId)":"[^"]*"/g, "");
}

function* asked(all) {
    for (const { service, implemented } of all) {
        if (!SDK[service] || UNASKED.has(service)) continue;
        const { shapes, operations } = modelOf(service);
        for (const operation of implemented)
            for (const [member, { shape }] of Object.entries(shapes[operations[operation].input?.shape]?.members || {})) {
                const name = `${service} ${operation} ${member}`, of = OF[service]?.[member];
                if (NOT_ASKED[name] || NAMES[name] || NAMES[`${service} ${operation}`] || shapes[shape].type === "boolean") continue;
                if (!of) { assert.doesNotMatch(member, /Arns?$/, `${name} is neither asked nor said why not`); continue; }
                const list = shapes[shape].type === "list";
                if (service === "events" && member === "Name" && !/EventBus/.test(operation)) continue;
                yield { name, service, operation, of, input: (arn) => {
                    const more = MORE[`${service} ${operation}`];
                    return { ...(typeof more === "function" ? more(member) : more), [member]: list ? [arn] : arn };
                } };
            }
    }
}
const ends = (q) => /^(Delete|Deregister(?!Targets)|Unsubscribe)/.test(q.operation);
const reads = (q) => /^(Get|Describe|List|BatchGet)/.test(q.operation);

test("an ARN of another region or account finds nothing here, in any operation", { timeout: 300000 }, async () => {
    const all = [...asked(await coverage(s))], faults = [], vacuous = [], look = {}, ended = new Set();
    const ask = (q, arn) => outcome(q.service, q.operation, q.input(arn), at[q.of]);
    const isHere = async (q) => !look[q.of] || (await ask(look[q.of], at[q.of].here)) !== (await ask(look[q.of], at[q.of].gone));
    const asOfAnotherPlace = async (q) => {
        for (const [place, move] of Object.entries(PLACES)) {
            const { here, gone } = at[q.of];
            if (move(here) === here) continue;
            if ((await ask(q, move(here))) !== (await ask(q, move(gone)))) faults.push(`${q.name} ${place}`);
            else if (ends(q) && !ended.has(q.of) && !(await isHere(q))) faults.push(`${q.name} ${place}`);
            if (ends(q) && !(await isHere(q))) ended.add(q.of);
        }
    };
    const asOfHere = async (q) => {
        if ((await ask(q, at[q.of].gone)) === (await ask(q, at[q.of].here))) vacuous.push(q.name);
        else if (reads(q)) look[q.of] ??= q;
    };
    assert.ok(all.length > 130, `${all.length} questions`);
    for (const q of all.filter((x) => !ends(x))) {
        await asOfAnotherPlace(q);
        await asOfHere(q);
    }
    for (const q of all.filter(ends)) {
        assert.ok(look[q.of], `nothing shows whether ${q.name} has ended something`);
        await asOfAnotherPlace(q);
    }
    const spoilt = (q) => faults.some((f) => f.startsWith(`${q.service} ${q.operation} `));    // it has ended what it should not have found
    const part = (q) => ["rule", "service"].indexOf(q.of);         // goes before what it is part of
    for (const q of all.filter(ends).sort((a, b) => part(b) - part(a)).filter((x) => !IDEMPOTENT.has(x.name) && !ended.has(x.of) && !spoilt(x))) {
        await asOfHere(q);
        if (!(await isHere(q))) ended.add(q.of);
    }
    assert.deepStrictEqual(vacuous, [], "questions that show nothing: what is here is not found either");
    assert.deepStrictEqual(faults, [], "ARNs of another place that found what is here");
});
