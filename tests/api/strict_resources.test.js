// SPDX-License-Identifier: Apache-2.0
// --auth strict: each operation that names resources asks about their ARNs, about every one, so that an Allow or a Deny that
// names an ARN counts.
"use strict";
const assert = require("node:assert");
const { test, before, after } = require("node:test");
const B = require("@aws-sdk/client-codebuild");
const C = require("@aws-sdk/client-codepipeline");
const CC = require("@aws-sdk/client-codecommit");
const CW = require("@aws-sdk/client-cloudwatch");
const E = require("@aws-sdk/client-ecs");
const L = require("@aws-sdk/client-cloudwatch-logs");
const EB = require("@aws-sdk/client-eventbridge");
const EL = require("@aws-sdk/client-elastic-load-balancing-v2");
const I = require("@aws-sdk/client-iam");
const N = require("@aws-sdk/client-sns");
const Q = require("@aws-sdk/client-sqs");
const R = require("@aws-sdk/client-ecr");
const { allow, deny, strict } = require("../lib/strict");

const arn = (service, rest) => `arn:aws:${service}:us-east-1:000000000000:${rest}`;
const iam = (rest) => `arn:aws:iam::000000000000:${rest}`;
const ecs = (rest) => arn("ecs", rest), stage = (n) => ({ pipelineName: n, stageName: "s" });
const tags = [{ key: "a", value: "b" }];
const url = (n) => `http://localhost/000000000000/${n}`;
const handle = (n) => Buffer.from(JSON.stringify({ taskId: "t", sourceArn: arn("sqs", n) })).toString("base64");
const pipeline = (name) => ({ name, roleArn: "arn:aws:iam::000000000000:role/r", artifactStore: { type: "S3", location: "bucket" },
    stages: [{ name: "Source", actions: [{ name: "a", actionTypeId: { category: "Source", owner: "AWS", provider: "S3", version: "1" } }] },
             { name: "Go", actions: [{ name: "a", actionTypeId: { category: "Approval", owner: "AWS", provider: "Manual", version: "1" } }] }] });

// [module, client, operation, input for a name, ARN for that name, the action that is asked of it where that is not the operation]
const rows = [
    [L, "CloudWatchLogs", "CreateLogGroup", (n) => ({ logGroupName: n }), (n) => arn("logs", `log-group:${n}:log-stream:`)],
    [L, "CloudWatchLogs", "CreateLogStream", (n) => ({ logGroupName: `/a/${n}`, logStreamName: "s/1" }), (n) => arn("logs", `log-group:/a/${n}:log-stream:s/1`)],
    [L, "CloudWatchLogs", "GetLogEvents", (n) => ({ logGroupIdentifier: n, logStreamName: "s" }), (n) => arn("logs", `log-group:${n}:log-stream:s`)],
    [L, "CloudWatchLogs", "GetLogEvents", (n) => ({ logGroupIdentifier: arn("logs", `log-group:${n}`), logStreamName: "s" }), (n) => arn("logs", `log-group:${n}:log-stream:s`)],
    [L, "CloudWatchLogs", "DescribeLogStreams", (n) => ({ logGroupIdentifier: arn("logs", `log-group:${n}`) }), (n) => arn("logs", `log-group:${n}:log-stream:`)],
    [L, "CloudWatchLogs", "DescribeLogGroups", (n) => ({ logGroupIdentifiers: ["mine", n] }), (n) => arn("logs", `log-group:${n}:log-stream:`)],
    [L, "CloudWatchLogs", "DescribeLogGroups", (n) => ({ logGroupIdentifiers: [arn("logs", "log-group:mine"), arn("logs", `log-group:${n}`)] }), (n) => arn("logs", `log-group:${n}:log-stream:`)],
    [L, "CloudWatchLogs", "FilterLogEvents", (n) => ({ logGroupName: n }), (n) => arn("logs", `log-group:${n}:log-stream:`)],
    [L, "CloudWatchLogs", "DeleteLogGroup", (n) => ({ logGroupName: n }), (n) => arn("logs", `log-group:${n}:log-stream:`)],
    [L, "CloudWatchLogs", "TagResource", (n) => ({ resourceArn: arn("logs", `log-group:${n}`), tags: { a: "b" } }), (n) => arn("logs", `log-group:${n}`)],
    [E, "ECS", "CreateCluster", (n) => ({ clusterName: n }), (n) => ecs(`cluster/${n}`)],
    [E, "ECS", "DescribeClusters", (n) => ({ clusters: [n] }), (n) => ecs(`cluster/${n}`)],
    [E, "ECS", "DescribeClusters", (n) => ({ clusters: ["mine", n] }), (n) => ecs(`cluster/${n}`)],
    [E, "ECS", "UpdateClusterSettings", (n) => ({ cluster: ecs(`cluster/${n}`), settings: [] }), (n) => ecs(`cluster/${n}`)],
    [E, "ECS", "PutClusterCapacityProviders", (n) => ({ cluster: n, capacityProviders: [], defaultCapacityProviderStrategy: [] }), (n) => ecs(`cluster/${n}`)],
    [E, "ECS", "DeleteCluster", (n) => ({ cluster: n }), (n) => ecs(`cluster/${n}`)],
    [E, "ECS", "RegisterTaskDefinition", (n) => ({ family: n, containerDefinitions: [{ name: "a", image: "b", memory: 8 }] }), (n) => ecs(`task-definition/${n}:*`)],
    [E, "ECS", "RunTask", (n) => ({ taskDefinition: `${n}:1` }), (n) => ecs(`task-definition/${n}:1`)],
    [E, "ECS", "RunTask", (n) => ({ taskDefinition: ecs(`task-definition/${n}:7`) }), (n) => ecs(`task-definition/${n}:7`)],
    [E, "ECS", "RunTask", (n) => ({ taskDefinition: n }), (n) => ecs(`task-definition/${n}:*`)],
    [E, "ECS", "DeleteTaskDefinitions", (n) => ({ taskDefinitions: ["mine:1", `${n}:1`] }), (n) => ecs(`task-definition/${n}:1`)],
    [E, "ECS", "StopTask", (n) => ({ cluster: "c", task: n }), (n) => ecs(`task/c/${n}`)],
    [E, "ECS", "StopTask", (n) => ({ task: ecs(`task/default/${n}`) }), (n) => ecs(`task/default/${n}`)],
    [E, "ECS", "DescribeTasks", (n) => ({ tasks: ["mine", n] }), (n) => ecs(`task/default/${n}`)],
    [E, "ECS", "ExecuteCommand", (n) => ({ task: n, command: "ls", interactive: true }), (n) => ecs(`task/default/${n}`)],
    [E, "ECS", "CreateService", (n) => ({ serviceName: n, taskDefinition: "x" }), (n) => ecs(`service/default/${n}`)],
    [E, "ECS", "UpdateService", (n) => ({ cluster: "c", service: n }), (n) => ecs(`service/c/${n}`)],
    [E, "ECS", "DeleteService", (n) => ({ service: ecs(`service/default/${n}`) }), (n) => ecs(`service/default/${n}`)],
    [E, "ECS", "DescribeServices", (n) => ({ services: ["mine", n] }), (n) => ecs(`service/default/${n}`)],
    [E, "ECS", "ListServiceDeployments", (n) => ({ service: n }), (n) => ecs(`service/default/${n}`)],
    [E, "ECS", "DescribeServiceDeployments", (n) => ({ serviceDeploymentArns: [ecs(`service-deployment/c/${n}/1`)] }), (n) => ecs(`service-deployment/c/${n}/1`)],
    [E, "ECS", "DescribeCapacityProviders", (n) => ({ capacityProviders: [n] }), (n) => ecs(`capacity-provider/${n}`)],
    [E, "ECS", "ListTasks", (n) => ({ cluster: "c", containerInstance: n }), (n) => ecs(`container-instance/c/${n}`)],
    [E, "ECS", "UpdateService", (n) => ({ cluster: ecs("cluster/c"), service: n }), (n) => ecs(`service/c/${n}`)],
    [E, "ECS", "StartTask", (n) => ({ taskDefinition: ecs(`task-definition/${n}`), containerInstances: ["i"] }), (n) => ecs(`task-definition/${n}:*`)],
    [E, "ECS", "DescribeServiceRevisions", (n) => ({ serviceRevisionArns: [ecs(`service-revision/c/${n}/1`)] }), (n) => ecs(`service-revision/c/${n}/1`)],
    [E, "ECS", "TagResource", (n) => ({ resourceArn: ecs(`cluster/${n}`), tags }), (n) => ecs(`cluster/${n}`)],
    [E, "ECS", "UntagResource", (n) => ({ resourceArn: ecs(`cluster/${n}`), tagKeys: ["a"] }), (n) => ecs(`cluster/${n}`)],
    [E, "ECS", "ListTagsForResource", (n) => ({ resourceArn: ecs(`cluster/${n}`) }), (n) => ecs(`cluster/${n}`)],
    [C, "CodePipeline", "CreatePipeline", (n) => ({ pipeline: pipeline(n) }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "UpdatePipeline", (n) => ({ pipeline: pipeline(n) }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "GetPipeline", (n) => ({ name: n }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "GetPipelineState", (n) => ({ name: n }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "DeletePipeline", (n) => ({ name: n }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "StartPipelineExecution", (n) => ({ name: n }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "StopPipelineExecution", (n) => ({ pipelineName: n, pipelineExecutionId: "12345678-1234-1234-1234-123456789012" }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "ListPipelineExecutions", (n) => ({ pipelineName: n }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "ListActionExecutions", (n) => ({ pipelineName: n }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "DisableStageTransition", (n) => ({ ...stage(n), transitionType: "Inbound", reason: "r" }), (n) => arn("codepipeline", `${n}/s`)],
    [C, "CodePipeline", "EnableStageTransition", (n) => ({ ...stage(n), transitionType: "Inbound" }), (n) => arn("codepipeline", `${n}/s`)],
    [C, "CodePipeline", "PutApprovalResult", (n) => ({ ...stage(n), actionName: "a", token: "12345678-1234-1234-1234-123456789012", result: { status: "Approved", summary: "" } }),
     (n) => arn("codepipeline", `${n}/s/a`)],
    [C, "CodePipeline", "TagResource", (n) => ({ resourceArn: arn("codepipeline", n), tags }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "GetPipelineExecution", (n) => ({ pipelineName: n, pipelineExecutionId: "12345678-1234-1234-1234-123456789012" }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "RetryStageExecution", (n) => ({ ...stage(n), pipelineExecutionId: "12345678-1234-1234-1234-123456789012", retryMode: "FAILED_ACTIONS" }), (n) => arn("codepipeline", `${n}/s`)],
    [C, "CodePipeline", "UntagResource", (n) => ({ resourceArn: arn("codepipeline", n), tagKeys: ["a"] }), (n) => arn("codepipeline", n)],
    [C, "CodePipeline", "ListTagsForResource", (n) => ({ resourceArn: arn("codepipeline", n) }), (n) => arn("codepipeline", n)],
    [B, "CodeBuild", "BatchGetProjects", (n) => ({ names: ["mine", n] }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "BatchGetBuilds", (n) => ({ ids: [`mine:1`, `${n}:1`] }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "BatchDeleteBuilds", (n) => ({ ids: [`${n}:1`] }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "StopBuild", (n) => ({ id: `${n}:1` }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "RetryBuild", (n) => ({ id: `${n}:1` }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "StartBuild", (n) => ({ projectName: n }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "ListBuildsForProject", (n) => ({ projectName: n }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "DeleteProject", (n) => ({ name: n }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "CreateProject", (n) => ({ name: n, serviceRole: "arn:aws:iam::000000000000:role/r", source: { type: "NO_SOURCE", buildspec: "b" }, artifacts: { type: "NO_ARTIFACTS" },
        environment: { type: "LINUX_CONTAINER", image: "x", computeType: "BUILD_GENERAL1_SMALL" } }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "UpdateProject", (n) => ({ name: arn("codebuild", `project/${n}`) }), (n) => arn("codebuild", `project/${n}`)],
    [B, "CodeBuild", "StopBuild", (n) => ({ id: arn("codebuild", `build/${n}:1`) }), (n) => arn("codebuild", `project/${n}`)],
    [CW, "CloudWatch", "DeleteAlarms", (n) => ({ AlarmNames: ["mine", n] }), (n) => arn("cloudwatch", `alarm:${n}`)],
    [CW, "CloudWatch", "DisableAlarmActions", (n) => ({ AlarmNames: ["mine", n] }), (n) => arn("cloudwatch", `alarm:${n}`)],
    [EB, "EventBridge", "PutEvents", (n) => ({ Entries: ["mine", n].map((b) => ({ EventBusName: b, Source: "s", DetailType: "t", Detail: "{}" })) }),
     (n) => arn("events", `event-bus/${n}`)],
    [EB, "EventBridge", "PutPermission", (n) => ({ EventBusName: n }), (n) => arn("events", `event-bus/${n}`)],
    [EB, "EventBridge", "PutRule", (n) => ({ Name: "r", EventBusName: arn("events", `event-bus/${n}`), EventPattern: "{}" }), (n) => arn("events", `rule/${n}/r`)],
    [EB, "EventBridge", "PutTargets", (n) => ({ Rule: n, EventBusName: "default", Targets: [{ Id: "1", Arn: arn("sqs", "q") }] }), (n) => arn("events", `rule/${n}`)],
    [R, "ECR", "DescribeRepositories", (n) => ({ repositoryNames: ["mine", n] }), (n) => arn("ecr", `repository/${n}`)],
    [CC, "CodeCommit", "UpdateRepositoryName", (n) => ({ oldName: n, newName: "mine" }), (n) => arn("codecommit", n)],
    [CC, "CodeCommit", "UpdateRepositoryName", (n) => ({ oldName: "mine", newName: n }), (n) => arn("codecommit", n)],
    [CC, "CodeCommit", "ListBranches", (n) => ({ repositoryName: n }), (n) => arn("codecommit", n)],
    [CC, "CodeCommit", "TagResource", (n) => ({ resourceArn: arn("codecommit", n), tags: { a: "b" } }), (n) => arn("codecommit", n)],
    [CC, "CodeCommit", "BatchGetRepositories", (n) => ({ repositoryNames: ["mine", n] }), (n) => arn("codecommit", n)],
    [EL, "ElasticLoadBalancingV2", "AddTags", (n) => ({ ResourceArns: [arn("elasticloadbalancing", `loadbalancer/app/mine/1`), arn("elasticloadbalancing", `loadbalancer/app/${n}/1`)],
     Tags: [{ Key: "a", Value: "b" }] }), (n) => arn("elasticloadbalancing", `loadbalancer/app/${n}/1`)],
    [EL, "ElasticLoadBalancingV2", "SetRulePriorities", (n) => ({ RulePriorities: [{ RuleArn: arn("elasticloadbalancing", `listener-rule/app/${n}/1/2/3`), Priority: 1 }] }),
     (n) => arn("elasticloadbalancing", `listener-rule/app/${n}/1/2/3`)],
    [Q, "SQS", "CreateQueue", (n) => ({ QueueName: n }), (n) => arn("sqs", n)],
    [Q, "SQS", "GetQueueUrl", (n) => ({ QueueName: n }), (n) => arn("sqs", n)],
    [Q, "SQS", "SendMessage", (n) => ({ QueueUrl: url(n), MessageBody: "b" }), (n) => arn("sqs", n)],
    [Q, "SQS", "ReceiveMessage", (n) => ({ QueueUrl: `https://sqs.us-east-1.amazonaws.com/000000000000/${n}` }), (n) => arn("sqs", n)],
    [Q, "SQS", "DeleteQueue", (n) => ({ QueueUrl: n }), (n) => arn("sqs", n)],
    [Q, "SQS", "TagQueue", (n) => ({ QueueUrl: url(n), Tags: { a: "b" } }), (n) => arn("sqs", n)],
    [Q, "SQS", "StartMessageMoveTask", (n) => ({ SourceArn: arn("sqs", n) }), (n) => arn("sqs", n)],
    [Q, "SQS", "StartMessageMoveTask", (n) => ({ SourceArn: arn("sqs", "mine"), DestinationArn: arn("sqs", n) }), (n) => arn("sqs", n), "SendMessage"],
    [Q, "SQS", "CancelMessageMoveTask", (n) => ({ TaskHandle: handle(n) }), (n) => arn("sqs", n)],
    [N, "SNS", "CreateTopic", (n) => ({ Name: n }), (n) => arn("sns", n)],
    [N, "SNS", "Publish", (n) => ({ TargetArn: arn("sns", n), Message: "m" }), (n) => arn("sns", n)],
    [N, "SNS", "Subscribe", (n) => ({ TopicArn: arn("sns", n), Protocol: "sqs", Endpoint: arn("sqs", "q") }), (n) => arn("sns", n)],
    [N, "SNS", "SetSubscriptionAttributes", (n) => ({ SubscriptionArn: arn("sns", `${n}:12345678-1234-1234-1234-123456789012`), AttributeName: "RawMessageDelivery" }), (n) => arn("sns", n)],
    [N, "SNS", "TagResource", (n) => ({ ResourceArn: arn("sns", n), Tags: [{ Key: "a", Value: "b" }] }), (n) => arn("sns", n)],
    [I, "IAM", "GetRole", (n) => ({ RoleName: n }), (n) => iam(`role/${n}`)],
    [I, "IAM", "CreateUser", (n) => ({ UserName: n, Path: "/team/" }), (n) => iam(`user/team/${n}`)],
    [I, "IAM", "UpdateUser", (n) => ({ UserName: "mine-too", NewUserName: n }), (n) => iam(`user/${n}`)],
    [I, "IAM", "UpdateUser", (n) => ({ UserName: "mine-too", NewUserName: n, NewPath: "/team/" }), (n) => iam(`user/team/${n}`)],
    [I, "IAM", "AttachRolePolicy", (n) => ({ RoleName: n, PolicyArn: iam("policy/p") }), (n) => iam(`role/${n}`)],
    [I, "IAM", "CreatePolicy", (n) => ({ PolicyName: n, Path: "/team/", PolicyDocument: "{}" }), (n) => iam(`policy/team/${n}`)],
    [I, "IAM", "AddUserToGroup", (n) => ({ GroupName: n, UserName: "u" }), (n) => iam(`group/${n}`)],
    [I, "IAM", "AddRoleToInstanceProfile", (n) => ({ InstanceProfileName: n, RoleName: "r" }), (n) => iam(`instance-profile/${n}`)],
    [I, "IAM", "CreateServiceLinkedRole", (n) => ({ AWSServiceName: "autoscaling.amazonaws.com", CustomSuffix: n }),
     (n) => iam(`role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling_${n}`)],
    [I, "IAM", "GetServiceLinkedRoleDeletionStatus", (n) => ({ DeletionTaskId: `task/aws-service-role/ecs.amazonaws.com/${n}/x` }),
     (n) => iam(`role/aws-service-role/ecs.amazonaws.com/${n}`)],
];

let as, user, ann, bob, clean;
before(async () => {
    ({ as, user } = await strict({ after: (f) => { clean = f; } }));
    ann = await user("ann", allow("*"), deny("*", "arn:aws:*:*:*:*theirs*"));
    bob = await user("bob", allow("*", "arn:aws:*:*:*:*mine*"));
});
after(() => clean());

async function fault(who, [module, client, op], input) {
    try {
        await as(module[`${client}Client`], who).send(new module[`${op}Command`](input));
        return "";
    } catch (e) {
        return /is not authorized to perform/.test(e.message) ? e.message : "";
    }
}

for (const row of rows)
    test(`${row[1]} ${row[2]} asks about ${row[4]("NAME")}${JSON.stringify(row[3]("NAME")).includes('"mine') ? ", the last of several" : ""}`, async () => {
        const [, , op, input, arnOf, action = op] = row, theirs = arnOf("theirs");
        const denied = await fault(ann, row, input("theirs"));
        assert.ok(denied.includes(`:${action} on resource: ${theirs} with an explicit deny`), `ann: ${denied || "let in"}`);
        const unnamed = await fault(bob, row, input("theirs"));
        assert.ok(unnamed.includes(`on resource: ${theirs} because no identity-based policy`), `bob: ${unnamed || "let in"}`);
        assert.doesNotMatch(await fault(bob, row, input("mine")), new RegExp(`:${action} on resource`));
    });

test("who moves messages may send where they go, also where they came from", async () => {
    const sqs = as(Q.SQSClient), create = (QueueName, Attributes) => sqs.send(new Q.CreateQueueCommand({ QueueName, Attributes }));
    const SourceArn = arn("sqs", "dead"), to = arn("sqs", "other");
    await create("dead");
    await create("other");
    await create("work", { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 }) });
    const move = async (who, more) => as(Q.SQSClient, who).send(new Q.StartMessageMoveTaskCommand({ SourceArn, ...more }));
    const least = ["sqs:StartMessageMoveTask", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"].map((a) => allow(a, SourceArn));
    const taker = await user("taker", ...least), mover = await user("mover", ...least, allow("sqs:SendMessage", arn("sqs", "work")));
    const careless = await user("careless", allow("sqs:*"), deny("sqs:*", arn("sqs", "work")));
    await assert.rejects(move(taker), /sqs:SendMessage on resource: .*:work because/);
    await assert.rejects(move(taker, { DestinationArn: to }), /sqs:SendMessage on resource: .*:other because/);
    await assert.rejects(move(careless), /sqs:SendMessage on resource: .*:work with an explicit deny/);
    for (const without of least)
        await assert.rejects(move(await user(`no-${without.Action.slice(4)}`, ...least.filter((x) => x !== without), allow("sqs:SendMessage"))),
            (e) => e.message.includes(`${without.Action} on resource: ${SourceArn} because`));
    assert.ok((await move(mover)).TaskHandle);
});

test("every operation of IAM that may leave its user out is about the caller's own", async () => {
    const iam = as(I.IAMClient), own = "arn:aws:iam::000000000000:user/team/carl";
    await iam.send(new I.CreateUserCommand({ UserName: "carl", Path: "/team/" }));
    await iam.send(new I.PutUserPolicyCommand({ UserName: "carl", PolicyName: "p", PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [allow("iam:*", own)] }) }));
    const { AccessKey: k } = await iam.send(new I.CreateAccessKeyCommand({ UserName: "carl" }));
    const carl = as(I.IAMClient, { accessKeyId: k.AccessKeyId, secretAccessKey: k.SecretAccessKey });
    const { AccessKey: second } = await carl.send(new I.CreateAccessKeyCommand({}));
    assert.strictEqual((await carl.send(new I.ListAccessKeysCommand({}))).AccessKeyMetadata.length, 2);
    await carl.send(new I.UpdateAccessKeyCommand({ AccessKeyId: second.AccessKeyId, Status: "Inactive" }));
    await carl.send(new I.DeleteAccessKeyCommand({ AccessKeyId: second.AccessKeyId }));
    assert.strictEqual((await carl.send(new I.GetUserCommand({}))).User.UserName, "carl");
    await carl.send(new I.CreateServiceSpecificCredentialCommand({ UserName: "carl", ServiceName: "codecommit.amazonaws.com" }));
    const { ServiceSpecificCredentials: [c] } = await carl.send(new I.ListServiceSpecificCredentialsCommand({}));
    const id = { ServiceSpecificCredentialId: c.ServiceSpecificCredentialId };
    await carl.send(new I.UpdateServiceSpecificCredentialCommand({ ...id, Status: "Inactive" }));
    await carl.send(new I.ResetServiceSpecificCredentialCommand(id));
    await carl.send(new I.DeleteServiceSpecificCredentialCommand(id));
    await assert.rejects(carl.send(new I.ListAccessKeysCommand({ UserName: "ann" })), /on resource: .*user\/ann /);
    await assert.rejects(carl.send(new I.ListServiceSpecificCredentialsCommand({ AllUsers: true })), /not authorized/);
});
