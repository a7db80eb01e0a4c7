// SPDX-License-Identifier: Apache-2.0
// The same call twice: what is made again with equal input, and what is deleted again, answers as AWS documents it: the
// same resource, a new one, or the error that names it. The last test finds operations that no row asks.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const { samlMetadata } = require("../lib/saml");
const { serve } = require("../lib/file");
const { coverage } = require("../lib/models");
const { refuses } = require("../lib/slipway");
const { world, trust, approval, stage } = require("../lib/pipeline");
const { zip } = require("../lib/zip");
const { services, balancer, SAYS, POLICY } = require("../lib/services");

const TRUST = trust(["codebuild.amazonaws.com", "lambda.amazonaws.com"]);

const at = {}, s = serve({ ready: make }), { send, asked } = services(s);
let w;
async function make() {
    at.key = (await send("kms", "CreateKey", {})).KeyMetadata.KeyId;
    w = await world(s);
    Object.assign(at, await balancer(send, "base", 18090));
    at.role = (await send("iam", "CreateRole", { RoleName: "base", AssumeRolePolicyDocument: TRUST })).Role.Arn;
    await send("lambda", "CreateFunction", { ...FUNCTION, FunctionName: "base", Role: at.role });
    await send("iam", "CreateUser", { UserName: "base" });
    await send("iam", "CreateInstanceProfile", { InstanceProfileName: "base" });
    at.policy = (await send("iam", "CreatePolicy", { PolicyName: "base", PolicyDocument: POLICY })).Policy.Arn;
    await send("logs", "CreateLogGroup", { logGroupName: "base" });
    await send("ecs", "CreateCluster", { clusterName: "base" });
    await send("ecs", "RegisterTaskDefinition", TASK);
    at.queue = (await send("sqs", "CreateQueue", { QueueName: "base" })).QueueUrl;
    at.topic = (await send("sns", "CreateTopic", { Name: "base" })).TopicArn;
    await send("s3", "CreateBucket", { Bucket: "base" });
    await send("secretsmanager", "CreateSecret", { Name: "base", SecretString: "x" });
    await send("events", "PutRule", { Name: "base", EventPattern: '{"source":["x"]}' });
    await w.repository("base");
}

const FUNCTION = { Runtime: "provided.al2023", Handler: "h", Code: { ZipFile: zip([{ name: "bootstrap", data: "x" }]) } };
const TASK = { family: "base", containerDefinitions: [{ name: "a", image: "x", memory: 16 }] };
const QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:base";
const SAME = "the same", ANOTHER = "another";

// service, operation, input, what the second call answers: SAME or ANOTHER of this member, nothing (done again), or an error.
const MADE = [
    ["s3", "CreateBucket", { Bucket: "made" }, SAME, "Location"],
    ["s3", "CreateMultipartUpload", { Bucket: "base", Key: "k" }, ANOTHER, "UploadId"],
    ["sqs", "CreateQueue", { QueueName: "made", Attributes: { DelaySeconds: "1" } }, SAME, "QueueUrl"],
    ["sqs", "AddPermission", () => ({ QueueUrl: at.queue, Label: "l", AWSAccountIds: ["000000000000"], Actions: ["SendMessage"] }), "InvalidParameterValue"],
    ["sns", "CreateTopic", { Name: "made", Attributes: { DisplayName: "d" } }, SAME, "TopicArn"],
    ["sns", "Subscribe", () => ({ TopicArn: at.topic, Protocol: "sqs", Endpoint: QUEUE_ARN, ReturnSubscriptionArn: true }), SAME, "SubscriptionArn"],
    ["sns", "AddPermission", () => ({ TopicArn: at.topic, Label: "l", AWSAccountId: ["000000000000"], ActionName: ["Publish"] }), "InvalidParameterException"],
    ["ssm", "PutParameter", { Name: "made", Type: "String", Value: "x" }, "ParameterAlreadyExists"],
    ["secretsmanager", "CreateSecret", { Name: "made", SecretString: "x" }, "ResourceExistsException"],
    ["secretsmanager", "CreateSecret", { Name: "token", SecretString: "x", ClientRequestToken: "t".repeat(32) }, SAME, "ARN"],
    ["events", "PutRule", { Name: "made", EventPattern: '{"source":["x"]}' }, SAME, "RuleArn"],
    ["events", "PutTargets", { Rule: "base", Targets: [{ Id: "1", Arn: QUEUE_ARN }] }, SAME, "FailedEntryCount"],
    ["events", "CreateEventBus", { Name: "made" }, "ResourceAlreadyExistsException"],
    ["kms", "CreateKey", {}, ANOTHER, "KeyMetadata.KeyId"],
    ["kms", "CreateAlias", () => ({ AliasName: "alias/made", TargetKeyId: at.key }), "AlreadyExistsException"],
    ["kms", "CreateGrant", () => ({ KeyId: at.key, GranteePrincipal: "arn:aws:iam::000000000000:user/u", Operations: ["Encrypt"] }), ANOTHER, "GrantId"],
    ["logs", "CreateLogGroup", { logGroupName: "made" }, "ResourceAlreadyExistsException"],
    ["logs", "CreateLogStream", { logGroupName: "base", logStreamName: "made" }, "ResourceAlreadyExistsException"],
    ["cloudwatch", "PutMetricAlarm", { AlarmName: "made", MetricName: "m", Namespace: "n", Statistic: "Sum", Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: "GreaterThanThreshold" }],
    ["iam", "CreateRole", { RoleName: "made", AssumeRolePolicyDocument: TRUST }, "EntityAlreadyExistsException"],
    ["iam", "CreateServiceLinkedRole", { AWSServiceName: "ecs.amazonaws.com" }, "InvalidInputException"],
    ["iam", "CreateUser", { UserName: "made" }, "EntityAlreadyExistsException"],
    ["iam", "CreatePolicy", { PolicyName: "made", PolicyDocument: POLICY }, "EntityAlreadyExistsException"],
    ["iam", "CreatePolicyVersion", () => ({ PolicyArn: at.policy, PolicyDocument: POLICY }), ANOTHER, "PolicyVersion.VersionId"],
    ["iam", "CreateGroup", { GroupName: "made" }, "EntityAlreadyExistsException"],
    ["iam", "CreateInstanceProfile", { InstanceProfileName: "made" }, "EntityAlreadyExistsException"],
    ["iam", "CreateOpenIDConnectProvider", { Url: "https://made.example.com" }, "EntityAlreadyExistsException"],
    ["iam", "CreateSAMLProvider", { Name: "made", SAMLMetadataDocument: samlMetadata() }, "EntityAlreadyExistsException"],
    ["iam", "CreateLoginProfile", { UserName: "base", Password: "First-pass1" }, "EntityAlreadyExistsException"],
    ["iam", "CreateAccountAlias", { AccountAlias: "made" }, "EntityAlreadyExistsException"],
    ["iam", "CreateAccessKey", { UserName: "base" }, ANOTHER, "AccessKey.AccessKeyId"],
    ["iam", "CreateServiceSpecificCredential", { UserName: "base", ServiceName: "codecommit.amazonaws.com" }, ANOTHER, "ServiceSpecificCredential.ServiceSpecificCredentialId"],
    ["iam", "AttachRolePolicy", () => ({ RoleName: "base", PolicyArn: at.policy })],
    ["iam", "PutRolePolicy", { RoleName: "base", PolicyName: "p", PolicyDocument: POLICY }],
    ["iam", "AddRoleToInstanceProfile", { InstanceProfileName: "base", RoleName: "base" }, "LimitExceededException"],
    ["lambda", "CreateFunction", () => ({ ...FUNCTION, FunctionName: "made", Role: at.role }), "ResourceConflictException"],
    ["lambda", "CreateAlias", { FunctionName: "base", Name: "made", FunctionVersion: "$LATEST" }, "ResourceConflictException"],
    ["lambda", "AddPermission", { FunctionName: "base", StatementId: "made", Action: "lambda:InvokeFunction", Principal: "sns.amazonaws.com" }, "ResourceConflictException"],
    ["codecommit", "CreateRepository", { repositoryName: "made" }, "RepositoryNameExistsException"],
    ["codecommit", "CreateBranch", () => ({ repositoryName: "base", branchName: "made", commitId: w.head }), "BranchNameExistsException"],
    ["codecommit", "CreateCommit", () => ({ repositoryName: "base", branchName: "main", parentCommitId: w.head, putFiles: [{ filePath: "new", fileContent: Buffer.from("x") }] }), "ParentCommitIdOutdatedException"],
    ["codebuild", "CreateProject", () => ({ name: "made", serviceRole: at.role, source: { type: "NO_SOURCE", buildspec: "version: 0.2\nphases: {build: {commands: [\"true\"]}}" },
        artifacts: { type: "NO_ARTIFACTS" }, environment: { type: "LINUX_CONTAINER", image: "x", computeType: "BUILD_GENERAL1_SMALL" } }), "ResourceAlreadyExistsException"],
    ["codepipeline", "CreatePipeline", () => ({ pipeline: w.declaration("made", [w.source(), stage("Hold", approval("Hold"))]) }), "PipelineNameInUseException"],
    ["ecr", "CreateRepository", { repositoryName: "made" }, "RepositoryAlreadyExistsException"],
    ["ecs", "CreateCluster", { clusterName: "made" }, SAME, "cluster.clusterArn"],
    ["ecs", "RegisterTaskDefinition", TASK, ANOTHER, "taskDefinition.taskDefinitionArn"],
    ["ecs", "CreateService", { cluster: "base", serviceName: "made", taskDefinition: "base", desiredCount: 0 }, "InvalidParameterException"],
    ["cloudcontrol", "CreateResource", { TypeName: "AWS::ECR::Repository", DesiredState: '{"RepositoryName":"controlled"}', ClientToken: "t" }, SAME, "ProgressEvent.RequestToken"],
    ["ecs", "CreateService", { cluster: "base", serviceName: "token", taskDefinition: "base", desiredCount: 0, clientToken: "t" }, SAME, "service.serviceArn"],
    ["elbv2", "CreateLoadBalancer", () => ({ Name: "made", Subnets: at.subnets }), SAME, "LoadBalancers.0.LoadBalancerArn"],
    ["elbv2", "CreateTargetGroup", () => ({ Name: "made", Protocol: "HTTP", Port: 80, VpcId: at.vpc, TargetType: "ip" }), SAME, "TargetGroups.0.TargetGroupArn"],
    ["elbv2", "CreateListener", () => ({ LoadBalancerArn: at.lb, Port: 18091, Protocol: "HTTP", DefaultActions: SAYS }), SAME, "Listeners.0.ListenerArn"],
    ["elbv2", "CreateRule", () => ({ ListenerArn: at.listener, Priority: 5, Conditions: [{ Field: "path-pattern", Values: ["/"] }], Actions: SAYS }), "PriorityInUseException"],
];

const of = (v, dotted) => dotted.split(".").reduce((x, k) => x?.[k], v);
for (const [service, operation, input, then, member] of MADE)
    test(`${service} ${operation} again: ${then || "done again"}`, async () => {
        const given = typeof input === "function" ? input() : input;
        const first = await send(service, operation, given);
        if (then && then !== SAME && then !== ANOTHER) return refuses(send(service, operation, given), then);
        const second = await send(service, operation, given);
        if (!then) return undefined;
        assert.notStrictEqual(of(first, member), undefined);
        return (then === SAME ? assert.strictEqual : assert.notStrictEqual)(of(second, member), of(first, member));
    });

// What is deleted twice: done again (null) or this error.
const DELETED = [
    ["kms", "DeleteAlias", { AliasName: "alias/made" }, "NotFoundException"],
    ["s3", "DeleteObject", { Bucket: "base", Key: "never" }, null],
    ["s3", "DeleteBucket", { Bucket: "made" }, "NoSuchBucket"],
    ["sqs", "DeleteQueue", () => ({ QueueUrl: at.queue.replace(/base$/, "made") }), "QueueDoesNotExist"],
    ["sns", "DeleteTopic", { TopicArn: "arn:aws:sns:us-east-1:000000000000:made" }, null],
    ["secretsmanager", "DeleteSecret", { SecretId: "made" }, "InvalidRequestException"],
    ["secretsmanager", "DeleteSecret", { SecretId: "token", ForceDeleteWithoutRecovery: true }, null],
    ["secretsmanager", "DeleteResourcePolicy", { SecretId: "base" }, null],
    ["ssm", "DeleteParameter", { Name: "made" }, "ParameterNotFound"],
    ["events", "DeleteRule", { Name: "made" }, null],
    ["events", "DeleteEventBus", { Name: "made" }, null],
    ["logs", "DeleteLogStream", { logGroupName: "base", logStreamName: "made" }, "ResourceNotFoundException"],
    ["logs", "DeleteLogGroup", { logGroupName: "made" }, "ResourceNotFoundException"],
    ["iam", "DeleteUser", { UserName: "made" }, "NoSuchEntityException"],
    ["iam", "DeleteRole", { RoleName: "made" }, "NoSuchEntityException"],
    ["iam", "DeletePolicy", () => ({ PolicyArn: at.policy.replace(/base$/, "made") }), "NoSuchEntityException"],
    ["iam", "DeleteGroup", { GroupName: "made" }, "NoSuchEntityException"],
    ["iam", "DeleteInstanceProfile", { InstanceProfileName: "made" }, "NoSuchEntityException"],
    ["lambda", "DeleteAlias", { FunctionName: "base", Name: "made" }, null],
    ["lambda", "RemovePermission", { FunctionName: "base", StatementId: "made" }, "ResourceNotFoundException"],
    ["lambda", "DeleteFunction", { FunctionName: "made" }, "ResourceNotFoundException"],
    ["codecommit", "DeleteBranch", { repositoryName: "base", branchName: "made" }, null],
    ["codecommit", "DeleteRepository", { repositoryName: "made" }, null],
    ["codebuild", "DeleteProject", { name: "made" }, null],
    ["codepipeline", "DeletePipeline", { name: "made" }, null],
    ["ecr", "DeleteRepository", { repositoryName: "made" }, "RepositoryNotFoundException"],
    ["elbv2", "DeleteRule", async () => ({ RuleArn: (await send("elbv2", "DescribeRules", { ListenerArn: at.listener })).Rules[0].RuleArn }), "RuleNotFoundException"],
    ["elbv2", "DeleteListener", async () => ({ ListenerArn: (await send("elbv2", "DescribeListeners", { LoadBalancerArn: at.lb })).Listeners.find((l) => l.Port === 18091).ListenerArn }), "ListenerNotFoundException"],
    ["elbv2", "DeleteLoadBalancer", async () => ({ LoadBalancerArn: (await send("elbv2", "DescribeLoadBalancers", { Names: ["made"] })).LoadBalancers[0].LoadBalancerArn }), null],
    ["elbv2", "DeleteTargetGroup", async () => ({ TargetGroupArn: (await send("elbv2", "DescribeTargetGroups", { Names: ["made"] })).TargetGroups[0].TargetGroupArn }), null],
];
for (const [service, operation, input, error] of DELETED)
    test(`${service} ${operation} again: ${error || "done again"}`, async () => {
        const given = typeof input === "function" ? await input() : input;
        await send(service, operation, given);
        await (error ? refuses(send(service, operation, given), error) : send(service, operation, given));
    });

test("every operation that creates was asked twice", async () => {
    const missed = (await coverage(s)).flatMap(({ service, implemented }) => implemented.filter((op) => /^Create/.test(op)).map((op) => `${service} ${op}`))
        .filter((name) => !MADE.some(([service, operation]) => `${service} ${operation}` === name));
    assert.deepStrictEqual(missed, []);
});
