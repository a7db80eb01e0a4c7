// SPDX-License-Identifier: Apache-2.0
// Every declared CloudFormation type by Cloud Control: made, read back as it was set, patched, listed, deleted; and each property
// that the schemas have, which is kept or refused by name.
"use strict";
const assert = require("node:assert");
const { test, before, after } = require("node:test");
const fs = require("node:fs");
const path = require("node:path");
const C = require("@aws-sdk/client-cloudcontrol");
const { EC2Client, DescribeSubnetsCommand, DescribeSecurityGroupsCommand } = require("@aws-sdk/client-ec2");
const { ECSClient, DescribeServicesCommand } = require("@aws-sdk/client-ecs");
const { IAMClient, CreateGroupCommand, CreateRoleCommand, CreateUserCommand } = require("@aws-sdk/client-iam");
const { SNSClient, CreateTopicCommand } = require("@aws-sdk/client-sns");
const { SQSClient, CreateQueueCommand } = require("@aws-sdk/client-sqs");
const { CERTIFICATE, KEY } = require("../lib/certificate");
const { samlMetadata } = require("../lib/saml");
const { start, finish, refuses, freePort } = require("../lib/slipway");
const { declarations, schemaOf } = require("../lib/models");

let s, cc, subnets, vpc, group;
const ask = (operation, input) => cc.send(new C[`${operation}Command`](input));
const event = async (operation, input) => (await ask(operation, input)).ProgressEvent;
const create = (TypeName, state) => event("CreateResource", { TypeName, DesiredState: JSON.stringify(state) });
const patch = (TypeName, Identifier, ...operations) => event("UpdateResource", { TypeName, Identifier, PatchDocument: JSON.stringify(operations) });
const read = async (TypeName, Identifier) => JSON.parse((await ask("GetResource", { TypeName, Identifier })).ResourceDescription.Properties);
const permits = (Action, Resource) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action, Resource }] });
const OWNER = (Action) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:root" }, Action, Resource: "*" }] });
const arn = (service, name) => `arn:aws:${service}:us-east-1:000000000000:${name}`;
const REPOSITORY = "AWS::ECR::Repository", TEAM = [{ Key: "team", Value: "red" }];

before(async () => {
    s = await start(null);
    cc = s.client(C.CloudControlClient);
    const ec2 = s.client(EC2Client), iam = s.client(IAMClient);
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
    subnets = Subnets.slice(0, 2).map((x) => x.SubnetId).sort();
    vpc = Subnets[0].VpcId;
    group = (await ec2.send(new DescribeSecurityGroupsCommand({}))).SecurityGroups[0].GroupId;
    await s.client(SQSClient).send(new CreateQueueCommand({ QueueName: "dead", Attributes: { Policy: JSON.stringify(permits("sqs:SendMessage", "*")) } }));
    await iam.send(new CreateRoleCommand({ RoleName: "build", AssumeRolePolicyDocument: JSON.stringify(TRUSTS("codebuild.amazonaws.com")) }));
    await iam.send(new CreateRoleCommand({ RoleName: "run", AssumeRolePolicyDocument: JSON.stringify(TRUSTS("ecs-tasks.amazonaws.com")) }));
    await iam.send(new CreateUserCommand({ UserName: "Bob" }));
    await iam.send(new CreateGroupCommand({ GroupName: "Crew" }));
    await s.client(SNSClient).send(new CreateTopicCommand({ Name: "told" }));
});
after(() => finish(s));

const environment = (more) => ({ Type: "LINUX_CONTAINER", Image: "alpine:3", ComputeType: "BUILD_GENERAL1_SMALL", ImagePullCredentialsType: "CODEBUILD", PrivilegedMode: false, ...more });
const TYPES_DECLARED = declarations().flatMap(({ service, resources }) => Object.values(resources).filter((r) => r.cfn).map(({ cfn }) => ({ service, cfn, type: cfn.type })));
const SAYS = (StatusCode) => [{ Type: "fixed-response", FixedResponseConfig: { ContentType: "text/plain", MessageBody: "hi", StatusCode } }];
const WRITES = (Resource) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "events.amazonaws.com" }, Action: "logs:PutLogEvents", Resource }] });
const CONTAINER = { Name: "web", Image: "web:1", Cpu: 0, Essential: true, Command: ["serve"], PortMappings: [{ ContainerPort: 80, HostPort: 80, Protocol: "tcp" }], Environment: [{ Name: "A", Value: "1" }] };
const MAY = (Action) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
const TRUSTS = (Service) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }] });

// What several tests put their policies on.
const some = async (type, state) => { const e = await create(type, state); return e.Identifier || e.StatusMessage.match(/identifier '(.*)' already exists/)[1]; };
const OWNED = (Action) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:root" }, Action, Resource: "*" }] });
const spare = {};       // a key that another's alias is given to

// type: what is set (of those before it), a patch, and what it then says
const TYPES = {
    [REPOSITORY]: [() => ({ RepositoryName: "team/web", ImageTagMutability: "IMMUTABLE", Tags: TEAM,
        LifecyclePolicy: { LifecyclePolicyText: JSON.stringify({ rules: [{ rulePriority: 1, selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 1 }, action: { type: "expire" } }] }) } }),
    [{ op: "replace", path: "/ImageTagMutability", value: "MUTABLE" }, { op: "add", path: "/Tags/-", value: { Key: "a/b~c", Value: "x" } }, { op: "remove", path: "/LifecyclePolicy" }],
    { ImageTagMutability: "MUTABLE", LifecyclePolicy: undefined, Tags: [...TEAM, { Key: "a/b~c", Value: "x" }] }],
    "AWS::CodeBuild::Project": [() => ({ Name: "web", ServiceRole: "arn:aws:iam::000000000000:role/build", Artifacts: { Type: "NO_ARTIFACTS" }, Tags: TEAM,
        Source: { Type: "NO_SOURCE", BuildSpec: "version: 0.2\nphases: {build: {commands: [true]}}" }, TimeoutInMinutes: 10,
        Environment: environment({ EnvironmentVariables: [{ Name: "A", Value: "1", Type: "PLAINTEXT" }] }) }),
    [{ op: "replace", path: "/TimeoutInMinutes", value: 20 }, { op: "replace", path: "/Environment/EnvironmentVariables/0/Value", value: "2" }],
    { TimeoutInMinutes: 20, Environment: environment({ EnvironmentVariables: [{ Name: "A", Value: "2", Type: "PLAINTEXT" }] }) }],
    "AWS::ElasticLoadBalancingV2::LoadBalancer": [() => ({ Name: "front", Subnets: subnets, Tags: TEAM }), [{ op: "add", path: "/Tags/0", value: { Key: "more", Value: "x" } }], { Tags: [...TEAM, { Key: "more", Value: "x" }] }],
    "AWS::ElasticLoadBalancingV2::TargetGroup": [() => ({ Name: "web", Port: 8000, Protocol: "HTTP", TargetType: "ip", VpcId: vpc, HealthCheckPath: "/up", Tags: TEAM }),
        [{ op: "replace", path: "/HealthCheckPath", value: "/health" }], { HealthCheckPath: "/health" }],
    "AWS::ElasticLoadBalancingV2::Listener": [async (ids) => ({ LoadBalancerArn: ids["AWS::ElasticLoadBalancingV2::LoadBalancer"], Port: await freePort(), Protocol: "HTTP", DefaultActions: SAYS("200") }),
        [{ op: "replace", path: "/DefaultActions", value: SAYS("404") }], { DefaultActions: SAYS("404") }],
    "AWS::ElasticLoadBalancingV2::ListenerRule": [(ids) => ({ ListenerArn: ids["AWS::ElasticLoadBalancingV2::Listener"], Priority: 5, Actions: SAYS("200"), Conditions: [{ Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x-a", Values: ["b"] } }] }),
        [{ op: "replace", path: "/Priority", value: 7 }], { Priority: 7 }],
    "AWS::CloudWatch::Alarm": [() => ({ AlarmName: "errors", MetricName: "Errors", Namespace: "web", Statistic: "Sum", Period: 60, EvaluationPeriods: 3, DatapointsToAlarm: 2, Threshold: 1.5,
        ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "notBreaching", Dimensions: [{ Name: "stage", Value: "prod" }], AlarmDescription: "too many", Tags: TEAM }),
        [{ op: "replace", path: "/Threshold", value: 2 }, { op: "remove", path: "/AlarmDescription" }, { op: "replace", path: "/ActionsEnabled", value: false }], { Threshold: 2, AlarmDescription: undefined, ActionsEnabled: false, Period: 60, Tags: TEAM }],
    "AWS::ECS::Cluster": [() => ({ ClusterName: "prod", CapacityProviders: ["FARGATE"], ClusterSettings: [{ Name: "containerInsights", Value: "disabled" }], Tags: TEAM }),
        [{ op: "replace", path: "/CapacityProviders", value: ["FARGATE", "FARGATE_SPOT"] }], { CapacityProviders: ["FARGATE", "FARGATE_SPOT"] }],
    "AWS::ECS::ClusterCapacityProviderAssociations": [async () => ({ Cluster: await some("AWS::ECS::Cluster", { ClusterName: "spare" }), CapacityProviders: ["FARGATE"], DefaultCapacityProviderStrategy: [{ CapacityProvider: "FARGATE", Weight: 1 }] }),
        [{ op: "replace", path: "/CapacityProviders", value: ["FARGATE", "FARGATE_SPOT"] }], { CapacityProviders: ["FARGATE", "FARGATE_SPOT"], DefaultCapacityProviderStrategy: [{ CapacityProvider: "FARGATE", Weight: 1 }] }],
    "AWS::ECS::TaskDefinition": [() => ({ Family: "web", NetworkMode: "awsvpc", Cpu: "256", Memory: "512", RequiresCompatibilities: ["FARGATE"], ContainerDefinitions: [CONTAINER], Tags: TEAM }),
        [{ op: "replace", path: "/Tags/0/Value", value: "blue" }], { Tags: [{ Key: "team", Value: "blue" }] }],
    "AWS::ECS::Service": [(ids) => ({ ServiceName: "web", Cluster: ids["AWS::ECS::Cluster"], TaskDefinition: ids["AWS::ECS::TaskDefinition"], DesiredCount: 0, LaunchType: "FARGATE", Tags: TEAM,
        NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: "DISABLED", Subnets: subnets } } }),
        [{ op: "replace", path: "/DeploymentConfiguration/MaximumPercent", value: 150 }, { op: "add", path: "/ForceNewDeployment", value: { EnableForceNewDeployment: true } }], { DeploymentConfiguration: { BakeTimeInMinutes: 0, DeploymentCircuitBreaker: { Enable: false, Rollback: false }, MaximumPercent: 150, MinimumHealthyPercent: 100, Strategy: "ROLLING" }, DesiredCount: 0, ForceNewDeployment: undefined }],
    "AWS::IAM::ManagedPolicy": [() => ({ ManagedPolicyName: "read", Path: "/team/", Description: "reads", PolicyDocument: MAY("s3:GetObject") }),
        [{ op: "replace", path: "/PolicyDocument", value: MAY("s3:ListBucket") }], { PolicyDocument: MAY("s3:ListBucket"), DefaultVersionId: "v2" }],
    "AWS::IAM::Group": [(ids) => ({ GroupName: "Team", Path: "/team/", ManagedPolicyArns: [ids["AWS::IAM::ManagedPolicy"]], Policies: [{ PolicyName: "in", PolicyDocument: MAY("sqs:*") }] }),
        [{ op: "remove", path: "/Policies" }], { Policies: undefined }],
    "AWS::IAM::User": [(ids) => ({ UserName: "Ann", Path: "/team/", Groups: [ids["AWS::IAM::Group"]], PermissionsBoundary: ids["AWS::IAM::ManagedPolicy"], Policies: [{ PolicyName: "in", PolicyDocument: MAY("sqs:*") }], Tags: TEAM }),
        [{ op: "remove", path: "/PermissionsBoundary" }, { op: "replace", path: "/Policies/0/PolicyDocument", value: MAY("sns:*") }], { PermissionsBoundary: undefined, Policies: [{ PolicyName: "in", PolicyDocument: MAY("sns:*") }] }],
    "AWS::IAM::Role": [(ids) => ({ RoleName: "Task", AssumeRolePolicyDocument: TRUSTS("ecs-tasks.amazonaws.com"), Description: "runs", MaxSessionDuration: 7200, ManagedPolicyArns: [ids["AWS::IAM::ManagedPolicy"]], Policies: [{ PolicyName: "in", PolicyDocument: MAY("sqs:*") }], Tags: TEAM }),
        [{ op: "replace", path: "/AssumeRolePolicyDocument", value: TRUSTS("ec2.amazonaws.com") }, { op: "remove", path: "/ManagedPolicyArns" }, { op: "remove", path: "/MaxSessionDuration" }],
        { AssumeRolePolicyDocument: TRUSTS("ec2.amazonaws.com"), ManagedPolicyArns: undefined, MaxSessionDuration: 3600, Description: "runs" }],
    "AWS::IAM::ServiceLinkedRole": [() => ({ AWSServiceName: "ecs.amazonaws.com", Description: "runs" }), [{ op: "replace", path: "/Description", value: "walks" }], { AWSServiceName: "ecs.amazonaws.com", Description: "walks", RoleName: "AWSServiceRoleForECS" }],
    "AWS::IAM::OIDCProvider": [() => ({ Url: "https://idp.example.com/walks", ClientIdList: ["one"], ThumbprintList: ["a".repeat(40)], Tags: TEAM }),
        [{ op: "replace", path: "/ClientIdList", value: ["one", "two"] }, { op: "replace", path: "/ThumbprintList", value: ["b".repeat(40)] }], { Url: "https://idp.example.com/walks", ClientIdList: ["one", "two"], ThumbprintList: ["b".repeat(40)] }],
    "AWS::IAM::ServerCertificate": [() => ({ ServerCertificateName: "walks", Path: "/", CertificateBody: CERTIFICATE, CertificateChain: CERTIFICATE, PrivateKey: KEY, Tags: TEAM }),
        [{ op: "replace", path: "/Path", value: "/cloudfront/" }], { Path: "/cloudfront/", CertificateBody: CERTIFICATE }],
    "AWS::IAM::SAMLProvider": [() => ({ Name: "walks", SamlMetadataDocument: samlMetadata("https://one"), Tags: TEAM }), [{ op: "replace", path: "/SamlMetadataDocument", value: samlMetadata("https://two") }], { Name: "walks", SamlMetadataDocument: samlMetadata("https://two") }],
    "AWS::IAM::InstanceProfile": [(ids) => ({ InstanceProfileName: "Machine", Path: "/", Roles: [ids["AWS::IAM::Role"]] }), [{ op: "replace", path: "/Roles", value: ["build"] }], { Roles: ["build"] }],
    ...Object.fromEntries(["Role", "User", "Group"].map((kind) => [`AWS::IAM::${kind}Policy`, [(ids) => ({ [`${kind}Name`]: ids[`AWS::IAM::${kind}`], PolicyName: "more", PolicyDocument: MAY("sns:Publish") }),
        [{ op: "replace", path: "/PolicyDocument", value: MAY("sns:*") }], { PolicyDocument: MAY("sns:*") }]])),
    "AWS::IAM::Policy": [(ids) => ({ PolicyName: "shared", PolicyDocument: MAY("ecr:*"), Roles: [ids["AWS::IAM::Role"]], Users: [ids["AWS::IAM::User"]], Groups: [ids["AWS::IAM::Group"]] }),
        [{ op: "replace", path: "/PolicyDocument", value: MAY("ecs:*") }, { op: "remove", path: "/Users" }], { PolicyDocument: MAY("ecs:*"), Users: undefined }],
    "AWS::IAM::UserToGroupAddition": [(ids) => ({ GroupName: ids["AWS::IAM::Group"], Users: [ids["AWS::IAM::User"]] }), [{ op: "test", path: "/Users/0", value: "Ann" }, { op: "add", path: "/Users/-", value: "Bob" }], { Users: ["Ann", "Bob"] }],
    "AWS::IAM::AccessKey": [(ids) => ({ UserName: ids["AWS::IAM::User"], Status: "Active" }), [{ op: "replace", path: "/Status", value: "Inactive" }], { Status: "Inactive" }],
    "AWS::KMS::Key": [() => ({ Description: "mine", EnableKeyRotation: true, RotationPeriodInDays: 100, Enabled: true, KeySpec: "SYMMETRIC_DEFAULT", KeyUsage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", MultiRegion: false,
        KeyPolicy: OWNED("kms:*"), Tags: TEAM }),
        [{ op: "replace", path: "/Description", value: "yours" }, { op: "replace", path: "/RotationPeriodInDays", value: 200 }, { op: "replace", path: "/KeyPolicy", value: OWNED(["kms:*"]) }],
        { Description: "yours", RotationPeriodInDays: 200, EnableKeyRotation: true, KeySpec: "SYMMETRIC_DEFAULT", KeyPolicy: OWNED(["kms:*"]), Tags: TEAM }],
    "AWS::KMS::Alias": [async (ids) => { spare.key = (await create("AWS::KMS::Key", {})).Identifier; return { AliasName: "alias/team/key", TargetKeyId: ids["AWS::KMS::Key"] }; },
        [{ op: "replace", path: "/TargetKeyId", get value() { return spare.key; } }], { get TargetKeyId() { return spare.key; } }],
    "AWS::Logs::LogGroup": [() => ({ LogGroupName: "/app/web", RetentionInDays: 7, LogGroupClass: "STANDARD", Tags: TEAM }), [{ op: "replace", path: "/RetentionInDays", value: 14 }, { op: "remove", path: "/Tags" }], { RetentionInDays: 14, Tags: undefined }],
    "AWS::Logs::LogStream": [(ids) => ({ LogGroupName: ids["AWS::Logs::LogGroup"], LogStreamName: "one" }), [{ op: "test", path: "/LogStreamName", value: "one" }], {}],
    "AWS::Logs::ResourcePolicy": [() => ({ PolicyName: "events", PolicyDocument: WRITES("*") }), [{ op: "replace", path: "/PolicyDocument", value: WRITES("arn:aws:logs:*:*:*") }], { PolicyDocument: WRITES("arn:aws:logs:*:*:*") }],
    "AWS::SQS::Queue": [() => ({ QueueName: "jobs", VisibilityTimeout: 60, DelaySeconds: 5, SqsManagedSseEnabled: false, RedrivePolicy: { deadLetterTargetArn: arn("sqs", "dead"), maxReceiveCount: 3 }, Tags: TEAM }),
        [{ op: "replace", path: "/VisibilityTimeout", value: 90 }, { op: "remove", path: "/RedrivePolicy" }, { op: "remove", path: "/SqsManagedSseEnabled" }],
        { VisibilityTimeout: 90, DelaySeconds: 5, RedrivePolicy: undefined, SqsManagedSseEnabled: true, Arn: arn("sqs", "jobs") }],
    "AWS::SQS::QueuePolicy": [(ids) => ({ Queues: [ids["AWS::SQS::Queue"]], PolicyDocument: permits("sqs:SendMessage", "*") }),
        [{ op: "replace", path: "/PolicyDocument/Statement/0/Action", value: "sqs:ReceiveMessage" }], { PolicyDocument: permits("sqs:ReceiveMessage", "*") }],
    "AWS::SQS::QueueInlinePolicy": [async () => ({ Queue: await some("AWS::SQS::Queue", { QueueName: "inline" }), PolicyDocument: permits("sqs:SendMessage", "*") }),
        [{ op: "replace", path: "/PolicyDocument/Statement/0/Action", value: "sqs:ReceiveMessage" }], { PolicyDocument: permits("sqs:ReceiveMessage", "*") }],
    "AWS::SecretsManager::Secret": [() => ({ Name: "db", Description: "d", SecretString: "one", Tags: TEAM }),
        [{ op: "replace", path: "/SecretString", value: "two" }, { op: "remove", path: "/Description" }, { op: "remove", path: "/Tags" }], { SecretString: "two", Description: undefined, Tags: undefined, Name: "db" }],
    "AWS::SecretsManager::ResourcePolicy": [(ids) => ({ SecretId: ids["AWS::SecretsManager::Secret"], ResourcePolicy: OWNER("secretsmanager:GetSecretValue"), BlockPublicPolicy: true }),
        [{ op: "replace", path: "/ResourcePolicy/Statement/0/Action", value: "secretsmanager:DescribeSecret" }, { op: "remove", path: "/BlockPublicPolicy" }],
        { ResourcePolicy: OWNER("secretsmanager:DescribeSecret"), BlockPublicPolicy: false }],
    "AWS::SNS::Topic": [(ids) => ({ TopicName: "news", DisplayName: "News", SignatureVersion: "2", Tags: TEAM, Subscription: [{ Endpoint: arn("sqs", "dead"), Protocol: "sqs" }] }),
        [{ op: "replace", path: "/DisplayName", value: "Old news" }, { op: "remove", path: "/Subscription" }, { op: "remove", path: "/SignatureVersion" }],
        { DisplayName: "Old news", Subscription: undefined, SignatureVersion: "1", TopicArn: arn("sns", "news") }],
    "AWS::SNS::Subscription": [() => ({ TopicArn: arn("sns", "news"), Protocol: "sqs", Endpoint: arn("sqs", "jobs"), RawMessageDelivery: true, FilterPolicy: { colour: ["red"] } }),
        [{ op: "add", path: "/FilterPolicyScope", value: "MessageBody" }, { op: "replace", path: "/FilterPolicy", value: { paint: { colour: ["red"] } } }, { op: "remove", path: "/RawMessageDelivery" }],
        { FilterPolicyScope: "MessageBody", FilterPolicy: { paint: { colour: ["red"] } }, RawMessageDelivery: false }],
    "AWS::SNS::TopicPolicy": [(ids) => ({ Topics: [ids["AWS::SNS::Topic"]], PolicyDocument: permits("sns:Publish", arn("sns", "news")) }),
        [{ op: "replace", path: "/PolicyDocument/Statement/0/Action", value: "sns:Subscribe" }], { PolicyDocument: permits("sns:Subscribe", arn("sns", "news")) }],
    "AWS::SNS::TopicInlinePolicy": [async () => ({ TopicArn: await some("AWS::SNS::Topic", { TopicName: "inline" }), PolicyDocument: permits("sns:Publish", arn("sns", "inline")) }),
        [{ op: "replace", path: "/PolicyDocument/Statement/0/Action", value: "sns:Subscribe" }], { PolicyDocument: permits("sns:Subscribe", arn("sns", "inline")) }],
    "AWS::S3::Bucket": [() => ({ BucketName: "files", Tags: TEAM, VersioningConfiguration: { Status: "Enabled" }, OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: true }] },
        CorsConfiguration: { CorsRules: [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"], ExposedHeaders: ["ETag"], Id: "all", MaxAge: 60 }] },
        NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true }, QueueConfigurations: [{ Event: "s3:ObjectCreated:*", Filter: { S3Key: { Rules: [{ Name: "prefix", Value: "in/" }] } }, Queue: arn("sqs", "dead") }] },
        PublicAccessBlockConfiguration: { BlockPublicAcls: false, BlockPublicPolicy: false, IgnorePublicAcls: true, RestrictPublicBuckets: false } }),
        [{ op: "replace", path: "/VersioningConfiguration/Status", value: "Suspended" }, { op: "remove", path: "/CorsConfiguration" }, { op: "replace", path: "/NotificationConfiguration/EventBridgeConfiguration/EventBridgeEnabled", value: false },
         { op: "remove", path: "/NotificationConfiguration/QueueConfigurations" }, { op: "add", path: "/Tags/-", value: { Key: "more", Value: "x" } }],
        { VersioningConfiguration: { Status: "Suspended" }, CorsConfiguration: undefined, NotificationConfiguration: undefined, Tags: [...TEAM, { Key: "more", Value: "x" }],
            Arn: "arn:aws:s3:::files", RegionalDomainName: "files.s3.us-east-1.amazonaws.com" }],
    "AWS::S3::BucketPolicy": [() => ({ Bucket: "files", PolicyDocument: permits("s3:GetObject", "arn:aws:s3:::files/*") }),
        [{ op: "replace", path: "/PolicyDocument/Statement/0/Action", value: "s3:PutObject" }], { PolicyDocument: permits("s3:PutObject", "arn:aws:s3:::files/*") }],
};

// Types that cannot be listed, and why; the README says the same.
const OWN = "its service lists those of one role, user or group alone", KEPT = "CloudFormation alone counts it as a resource: no operation of its service knows it";
const UNLISTED = {
    "AWS::IAM::RolePolicy": OWN, "AWS::IAM::UserPolicy": OWN, "AWS::IAM::GroupPolicy": OWN,
    "AWS::IAM::Policy": KEPT, "AWS::IAM::UserToGroupAddition": KEPT, "AWS::SNS::TopicPolicy": KEPT, "AWS::SQS::QueuePolicy": KEPT,
    "AWS::SNS::TopicInlinePolicy": "it is an attribute of its topic, which its list handler at AWS refuses to list",
};
// Types that no patch changes.
const CHANGELESS = { "AWS::Logs::LogStream": "all its properties are its name" };
// Properties that are taken and shown by nothing.
const UNSHOWN = {
    "AWS::ECR::Repository EmptyOnDelete": "it says how a template's deletion goes, and is told to that alone",
    "AWS::ECS::Service ForceNewDeployment": "it is asked for, not kept: a test below sees the deployment",
    "AWS::KMS::Key PendingWindowInDays": "it says how long a template's deletion waits, and is told to that alone",
    "AWS::ElasticLoadBalancingV2::LoadBalancer SubnetMappings": "its subnets are shown as Subnets, however they were said",
    "AWS::IAM::ServerCertificate PrivateKey": "it is kept for those who serve with it, and shown to nobody",
    "AWS::IAM::AccessKey Serial": "a template counts it up to have another key",
};

// Of attributes all are shown, those too that were not set.
const shown = (name, got, want) => name.endsWith("Attributes") && Array.isArray(want) ? got.filter((a) => want.some((w) => w.Key === a.Key)) : got;
function has(got, want, type) {
    const seen = Object.entries(want).filter(([name]) => `${type} ${name}` !== "AWS::IAM::ServerCertificate PrivateKey");
    for (const [name, v] of seen) assert.deepStrictEqual(shown(name, got[name], v), v, `${type}: ${name}`);
}
const done = (e) => assert.strictEqual(e.OperationStatus, "SUCCESS", `${e.TypeName}: ${e.StatusMessage}`);
const kept = new Set(), unshown = new Set();
const note = (type, properties) => { for (const [k, v] of Object.entries(properties)) (v === undefined ? unshown : kept).add(`${type} ${k}`); };

// Each patched property is named in `then`, and is not what it was.
function changes(type, operations, was, is, then) {
    has(is, then, type);
    const patched = new Set(operations.filter((o) => o.op !== "test").map((o) => o.path.split("/")[1]));
    assert.strictEqual(patched.size === 0, type in CHANGELESS, `${type}: what its patch changes`);
    for (const name of patched) {
        assert.ok(name in then, `${type}: what becomes of ${name}`);
        assert.strictEqual(JSON.stringify(is[name]) === JSON.stringify(was[name]), `${type} ${name}` in UNSHOWN, `${type}: ${name} is as it was`);
    }
}

test("every declared type is made, read back, patched, listed and deleted", async () => {
    const ids = {};
    for (const [type, [want, operations, then]] of Object.entries(TYPES)) {
        const state = await want(ids), made = await create(type, state);
        done(made);
        ids[type] = made.Identifier;
        assert.ok(!Number.isNaN(Date.parse(made.EventTime)) && made.Operation === "CREATE" && made.TypeName === type);
        const got = await read(type, made.Identifier);
        const hidden = Object.keys(state).filter((name) => `${type} ${name}` in UNSHOWN); // a private key
        for (const name of hidden) { assert.ok(!(name in got), `${type} ${name}`); state[name] = undefined; }
        has(got, state, type);
        const { SecretAccessKey: secret, ...model } = JSON.parse(made.ResourceModel);
        assert.deepStrictEqual(model, got);
        assert.strictEqual(secret?.length, type === "AWS::IAM::AccessKey" ? 40 : undefined, "what only create says, it says once");
        done(await patch(type, made.Identifier, ...operations));
        changes(type, operations, got, await read(type, made.Identifier), then);
        note(type, state);
        note(type, Object.fromEntries(Object.entries(then).filter(([, v]) => v !== undefined)));
        if (type in UNLISTED) {
            await refuses(ask("ListResources", { TypeName: type }), "UnsupportedActionException", /does not support LIST action/);
            continue;
        }
        const { ResourceDescriptions } = await ask("ListResources", { TypeName: type, ResourceModel: type.endsWith("Listener") ? JSON.stringify({ LoadBalancerArn: state.LoadBalancerArn }) : undefined });
        assert.ok(ResourceDescriptions.some((d) => d.Identifier === made.Identifier && JSON.parse(d.Properties)), type);
    }
    for (const [type, Identifier] of Object.entries(ids).reverse()) {
        done(await event("DeleteResource", { TypeName: type, Identifier }));
        await refuses(ask("GetResource", { TypeName: type, Identifier }), "ResourceNotFoundException", /was not found/);
    }
});

test("every type that is declared is in the test above", async () => {
    const declared = TYPES_DECLARED.map(({ type }) => type).sort();
    assert.deepStrictEqual(declared, Object.keys(TYPES).sort());
    const readme = fs.readFileSync(path.join(__dirname, "../../src/services/cloudcontrol/README.md"), "utf8");
    const names = (mark) => [...readme.match(new RegExp(`<!-- ${mark} -->([^]*)<!-- end of ${mark} -->`))[1].matchAll(/`(AWS::[^`]+)`/g)].map((m) => m[1]).sort();
    assert.deepStrictEqual(names("types"), declared, "the README's list");
    assert.deepStrictEqual(names("unlisted"), Object.keys(UNLISTED).sort(), "the README's types that are not listed");
    assert.deepStrictEqual(TYPES_DECLARED.filter(({ cfn }) => cfn.list === null || cfn.kept).map(({ type }) => type).sort(), Object.keys(UNLISTED).sort());
});

// Types of which each create makes one more, and those that have no name by which one could be there already.
const ANOTHER = { "AWS::ECS::TaskDefinition": "a revision each", "AWS::IAM::AccessKey": "a key each", "AWS::KMS::Key": "a key each", "AWS::IAM::Policy": "it has a name of CloudFormation's own",
    "AWS::IAM::UserToGroupAddition": "it has no name", "AWS::SNS::TopicPolicy": "it has no name", "AWS::SQS::QueuePolicy": "it has no name" };

test("what is there already is not made again, whatever its service says to that, and stays as it was", async () => {
    const ids = {}, order = [];
    for (const [type, [want]] of Object.entries(TYPES)) {
        const state = await want(ids), made = await create(type, state);
        done(made);
        ids[type] = made.Identifier;
        order.unshift([type, made.Identifier]);
        if (type in ANOTHER) continue;
        const was = await read(type, made.Identifier);
        const { Tags, ...rest } = state;
        for (const again of [state, rest, ...(Tags ? [{ ...state, Tags: [{ Key: "other", Value: "x" }] }] : [])]) {
            const e = await create(type, again);
            assert.deepStrictEqual([e.OperationStatus, e.ErrorCode], ["FAILED", "AlreadyExists"], `${type}: ${e.StatusMessage}`);
        }
        assert.deepStrictEqual(await read(type, made.Identifier), was, type);
    }
    const say = async (type, state) => { const e = await create(type, state); return [e.ErrorCode, e.StatusMessage]; };
    const there = (type) => ["AlreadyExists", `Resource of type '${type}' with identifier '${ids[type]}' already exists.`];
    const group = "AWS::ElasticLoadBalancingV2::TargetGroup", balancer = "AWS::ElasticLoadBalancingV2::LoadBalancer", subscription = "AWS::SNS::Subscription", service = "AWS::ECS::Service";
    assert.deepStrictEqual(await say(group, { Name: "web", Port: 9, Protocol: "TCP", TargetType: "ip", VpcId: vpc }), there(group));
    assert.deepStrictEqual(await say(balancer, { Name: "front", Subnets: subnets, Scheme: "internal" }), there(balancer));
    assert.deepStrictEqual(await say(subscription, { TopicArn: arn("sns", "news"), Protocol: "sqs", Endpoint: arn("sqs", "jobs"), RawMessageDelivery: false }), there(subscription));
    for (const Cluster of ["prod", arn("ecs", "cluster/prod")])
        assert.deepStrictEqual(await say(service, { ServiceName: "web", Cluster, TaskDefinition: "web", DesiredCount: 3, LaunchType: "FARGATE" }), there(service));
    assert.deepStrictEqual(await say("AWS::S3::Bucket", { BucketName: "files" }), there("AWS::S3::Bucket"));
    for (const [TypeName, Identifier] of order) done(await event("DeleteResource", { TypeName, Identifier }));
    const queue = await create("AWS::SQS::Queue", { QueueName: "jobs" });
    done(queue);
    done(await event("DeleteResource", { TypeName: "AWS::SQS::Queue", Identifier: queue.Identifier }));
});

// Values of refused properties that ask for what is so anyway.
const SO = {
    "AWS::S3::Bucket": { AccessControl: "Private", ObjectLockEnabled: false, LifecycleConfiguration: { Rules: [] }, IntelligentTieringConfigurations: [], AbacStatus: "Disabled",
        AccelerateConfiguration: { AccelerationStatus: "Suspended" } },
    "AWS::CodeBuild::Project": { Visibility: "PRIVATE", Triggers: { Webhook: false }, FileSystemLocations: [], AutoRetryLimit: 0 },
    "AWS::SNS::Topic": { DeliveryStatusLogging: [] },
    "AWS::SNS::Subscription": { Region: "us-east-1" },
    "AWS::Logs::LogGroup": { FieldIndexPolicies: [], BearerTokenAuthenticationEnabled: false },
    "AWS::ElasticLoadBalancingV2::Listener": { MutualAuthentication: { Mode: "off" } },
    "AWS::ECS::Service": { ServiceConnectConfiguration: { Enabled: false } },
    [REPOSITORY]: { LifecyclePolicy: { RegistryId: "000000000000" } },
};
const FULL = { [REPOSITORY]: { LifecyclePolicy: { RegistryId: "111111111111" } }, "AWS::S3::Bucket": { LifecycleConfiguration: { Rules: [{ Status: "Enabled" }] }, AccessControl: "PublicRead" },
    "AWS::SNS::Subscription": { Region: "eu-west-1" }, "AWS::CodeBuild::Project": { Triggers: { Webhook: true } } };

test("what asks for what is so anyway is taken, and leaves what there is as it is", async () => {
    const ids = {}, order = [];
    for (const [type, [want]] of Object.entries(TYPES)) {
        const state = await want(ids), LifecyclePolicy = { ...state.LifecyclePolicy, ...SO[type]?.LifecyclePolicy };
        const whole = { ...state, ...SO[type], ...(state.LifecyclePolicy ? { LifecyclePolicy } : {}) }, made = await create(type, whole);
        done(made);
        ids[type] = made.Identifier;
        order.unshift([type, made.Identifier]);
        const got = await read(type, made.Identifier);
        has(got, state, type);
        for (const [name, value] of Object.entries(SO[type] || {})) {
            assert.strictEqual(name in got, name in state, `${type} ${name}`);
            if (!(name in state)) done(await patch(type, made.Identifier, { op: "add", path: `/${name}`, value }));
        }
        assert.deepStrictEqual(await read(type, made.Identifier), got, type);
        for (const [name, value] of Object.entries(FULL[type] || {})) assert.match(await refusal(type, { ...state, [name]: value }), new RegExp(`${name}.* is not supported`), `${type} ${name}`);
    }
    for (const [TypeName, Identifier] of order) done(await event("DeleteResource", { TypeName, Identifier }));
    const unless = TYPES_DECLARED.flatMap(({ type, cfn }) => Object.entries(cfn.bind || {}).filter(([, b]) => b.unless).map(([name]) => `${type} ${name.split(".")[0]}`));
    assert.deepStrictEqual(unless.filter((it) => !SO[it.split(" ")[0]]?.[it.split(" ")[1]] && SO[it.split(" ")[0]]?.[it.split(" ")[1]] !== false && SO[it.split(" ")[0]]?.[it.split(" ")[1]] !== 0), [], "each that is declared is asked");
});

test("an empty list or map is the same as none, made and patched, for every property of every type", async () => {
    const ids = {}, order = [];
    for (const [type, [want]] of Object.entries(TYPES)) {
        const { service } = TYPES_DECLARED.find((d) => d.type === type), schema = schemaOf(service, type), state = await want(ids);
        const empty = Object.fromEntries(Object.entries(schema.properties).filter(([name, kind]) => (Array.isArray(kind) || kind["*"]) && !(schema.required || []).includes(name) && !(name in state && name !== "Tags"))
            .map(([name, kind]) => [name, Array.isArray(kind) ? [] : {}]));
        const made = await create(type, { ...state, ...empty });
        done(made);
        ids[type] = made.Identifier;
        order.unshift([type, made.Identifier]);
        const got = await read(type, made.Identifier);
        assert.strictEqual(got.Tags, undefined, type);
        for (const [name, value] of Object.entries(empty)) {
            if (!(schema.createOnly || []).includes(name)) done(await patch(type, made.Identifier, { op: "add", path: `/${name}`, value }));
        }
        if (schema.properties.Tags) {
            done(await patch(type, made.Identifier, { op: "add", path: "/Tags", value: TEAM }));
            assert.deepStrictEqual((await read(type, made.Identifier)).Tags, TEAM);
            done(await patch(type, made.Identifier, { op: "replace", path: "/Tags", value: [] }));
        }
        assert.strictEqual((await read(type, made.Identifier)).Tags, undefined, type);
    }
    for (const [TypeName, Identifier] of order) done(await event("DeleteResource", { TypeName, Identifier }));
});

/* --- every property --- */

const ROLE = (name) => `arn:aws:iam::000000000000:role/${name}`;
const DEAD = { deadLetterTargetArn: arn("sqs", "dead") };
// As a listener shows it: both forms say the same.
const FORWARDS = (TargetGroupArn) => [{ Type: "forward", TargetGroupArn, ForwardConfig: { TargetGroups: [{ TargetGroupArn, Weight: 1 }], TargetGroupStickinessConfig: { Enabled: false } } }];

// More states of types, for properties that those above have not: what is set (of those before it), and what reads otherwise.
const STATES = [
    ["AWS::CloudWatch::Alarm", () => ({ AlarmName: "slow", MetricName: "Latency", Namespace: "web", ExtendedStatistic: "p90", Unit: "Seconds", Period: 60, EvaluationPeriods: 1, Threshold: 1,
        ComparisonOperator: "GreaterThanThreshold", EvaluateLowSampleCountPercentile: "evaluate", AlarmActions: [arn("sns", "told")], OKActions: [arn("sns", "told")], InsufficientDataActions: [arn("sns", "told")] })],
    ["AWS::CloudWatch::Alarm", () => ({ AlarmName: "sum", EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: "GreaterThanThreshold",
        Metrics: [{ Id: "e1", Expression: "m1 * 2", ReturnData: true }, { Id: "m1", MetricStat: { Metric: { MetricName: "m", Namespace: "n" }, Period: 60, Stat: "Sum" }, ReturnData: false }] })],
    ["AWS::CodeBuild::Project", () => ({ Name: "more", ServiceRole: ROLE("build"), Artifacts: { Type: "NO_ARTIFACTS" }, Environment: environment(), Source: { Type: "NO_SOURCE", BuildSpec: "version: 0.2" },
        Description: "builds", EncryptionKey: "alias/aws/s3", Cache: { Type: "NO_CACHE" }, LogsConfig: { CloudWatchLogs: { Status: "ENABLED", GroupName: "builds" } }, QueuedTimeoutInMinutes: 60,
        ConcurrentBuildLimit: 2, SecondarySources: [{ Type: "S3", Location: "files/source.zip", SourceIdentifier: "lib" }], SecondarySourceVersions: [{ SourceIdentifier: "lib", SourceVersion: "1" }],
        SecondaryArtifacts: [{ Type: "S3", Location: "files", ArtifactIdentifier: "out", Name: "out.zip", Packaging: "ZIP" }] })],
    ["AWS::CodeBuild::Project", () => ({ Name: "versioned", ServiceRole: ROLE("build"), Artifacts: { Type: "NO_ARTIFACTS" }, Environment: environment(), Source: { Type: "S3", Location: "files/source.zip" }, SourceVersion: "1", BadgeEnabled: false })],
    [REPOSITORY, () => ({ RepositoryName: "more", EmptyOnDelete: true, EncryptionConfiguration: { EncryptionType: "AES256" }, ImageScanningConfiguration: { ScanOnPush: false }, ImageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        ImageTagMutabilityExclusionFilters: [{ ImageTagMutabilityExclusionFilterType: "WILDCARD", ImageTagMutabilityExclusionFilterValue: "dev-*" }],
        RepositoryPolicyText: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage" }] } }), () => ({ EmptyOnDelete: undefined })],
    ["AWS::ECS::Cluster", () => ({ ClusterName: "more", CapacityProviders: ["FARGATE"], DefaultCapacityProviderStrategy: [{ CapacityProvider: "FARGATE", Base: 1, Weight: 1 }] })],
    ["AWS::ECS::TaskDefinition", () => ({ Family: "more", NetworkMode: "awsvpc", Cpu: "256", Memory: "512", RequiresCompatibilities: ["FARGATE"], ContainerDefinitions: [{ ...CONTAINER, MountPoints: [{ SourceVolume: "data", ContainerPath: "/data" }] }],
        ExecutionRoleArn: ROLE("run"), TaskRoleArn: ROLE("run"), RuntimePlatform: { CpuArchitecture: "X86_64", OperatingSystemFamily: "LINUX" }, Volumes: [{ Name: "data" }] })],
    ["AWS::ElasticLoadBalancingV2::LoadBalancer", () => ({ Name: "net", Type: "network", SubnetMappings: subnets.map((SubnetId) => ({ SubnetId })) }), () => ({ SubnetMappings: undefined, Subnets: subnets })],
    ["AWS::ElasticLoadBalancingV2::TargetGroup", () => ({ Name: "net", Port: 80, Protocol: "TCP", TargetType: "ip", VpcId: vpc })],
    ["AWS::ElasticLoadBalancingV2::Listener", async (id) => ({ LoadBalancerArn: id["AWS::ElasticLoadBalancingV2::LoadBalancer"], Port: await freePort(), Protocol: "TCP",
        DefaultActions: FORWARDS(id["AWS::ElasticLoadBalancingV2::TargetGroup"]), ListenerAttributes: [{ Key: "tcp.idle_timeout.seconds", Value: "350" }] })],
    ["AWS::ElasticLoadBalancingV2::LoadBalancer", () => ({ Name: "more", Scheme: "internal", Type: "application", IpAddressType: "ipv4", Subnets: subnets, SecurityGroups: [group],
        LoadBalancerAttributes: [{ Key: "idle_timeout.timeout_seconds", Value: "30" }] })],
    ["AWS::ElasticLoadBalancingV2::TargetGroup", () => ({ Name: "more", Port: 80, Protocol: "HTTP", ProtocolVersion: "HTTP1", TargetType: "ip", VpcId: vpc, IpAddressType: "ipv4", HealthCheckEnabled: true, HealthCheckIntervalSeconds: 20, HealthCheckPort: "8080",
        HealthCheckProtocol: "HTTP", HealthCheckTimeoutSeconds: 4, HealthyThresholdCount: 3, UnhealthyThresholdCount: 3, Matcher: { HttpCode: "200-299" }, Targets: [{ Id: "127.0.0.1", Port: 9 }],
        TargetGroupAttributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "5" }] })],
    ["AWS::ElasticLoadBalancingV2::Listener", async (id) => ({ LoadBalancerArn: id["AWS::ElasticLoadBalancingV2::LoadBalancer"], Port: await freePort(), Protocol: "HTTP", Tags: TEAM,
        DefaultActions: FORWARDS(id["AWS::ElasticLoadBalancingV2::TargetGroup"]), })],
    ["AWS::ElasticLoadBalancingV2::ListenerRule", (id) => ({ ListenerArn: id["AWS::ElasticLoadBalancingV2::Listener"], Priority: 5, Actions: SAYS("200"),
        Conditions: [{ Field: "http-header", HttpHeaderConfig: { HttpHeaderName: "x-a", Values: ["b"] } }], Tags: TEAM })],
    ["AWS::ECS::Service", (id) => ({ ServiceName: "more", Cluster: id["AWS::ECS::Cluster"], TaskDefinition: id["AWS::ECS::TaskDefinition"], DesiredCount: 0, SchedulingStrategy: "REPLICA", PropagateTags: "SERVICE",
        CapacityProviderStrategy: [{ CapacityProvider: "FARGATE", Base: 0, Weight: 1 }], DeploymentController: { Type: "ECS" }, PlatformVersion: "1.4.0", EnableECSManagedTags: true, AvailabilityZoneRebalancing: "ENABLED",
        HealthCheckGracePeriodSeconds: 30, LoadBalancers: [{ ContainerName: "web", ContainerPort: 80, TargetGroupArn: id["AWS::ElasticLoadBalancingV2::TargetGroup"] }],
        ForceNewDeployment: { EnableForceNewDeployment: true }, NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: "DISABLED", Subnets: subnets } } }), () => ({ ForceNewDeployment: undefined })],
    ["AWS::IAM::AccessKey", () => ({ UserName: "Bob", Serial: 1 }), () => ({ Serial: undefined })],
    ["AWS::IAM::ManagedPolicy", () => ({ ManagedPolicyName: "attached", PolicyDocument: MAY("s3:GetObject"), Groups: ["Crew"], Roles: ["build"], Users: ["Bob"] })],
    ["AWS::IAM::Role", (id) => ({ RoleName: "More", Path: "/team/", AssumeRolePolicyDocument: TRUSTS("ec2.amazonaws.com"), PermissionsBoundary: id["AWS::IAM::ManagedPolicy"] })],
    ["AWS::IAM::User", (id) => ({ UserName: "More", ManagedPolicyArns: [id["AWS::IAM::ManagedPolicy"]] })],
    ["AWS::KMS::Key", () => ({ Description: "off", Enabled: false, PendingWindowInDays: 7 }), () => ({ PendingWindowInDays: undefined })],
    ["AWS::SNS::Topic", () => ({ TopicName: "more.fifo", KmsMasterKeyId: "alias/aws/sns", FifoTopic: true, ContentBasedDeduplication: true, FifoThroughputScope: "MessageGroup", TracingConfig: "PassThrough" })],
    ["AWS::SecretsManager::Secret", (id) => ({ Name: "keyed", KmsKeyId: id["AWS::KMS::Key"] })],
    ["AWS::SecretsManager::Secret", () => ({ Name: "more", GenerateSecretString: { PasswordLength: 20, ExcludePunctuation: true, SecretStringTemplate: '{"user":"ann"}', GenerateStringKey: "password" } })],
    ["AWS::SNS::Subscription", () => ({ TopicArn: arn("sns", "told"), Protocol: "sqs", Endpoint: arn("sqs", "dead"), RedrivePolicy: DEAD })],
    ["AWS::SNS::Subscription", () => ({ TopicArn: arn("sns", "told"), Protocol: "http", Endpoint: "http://127.0.0.1:9/", DeliveryPolicy: { healthyRetryPolicy: { numRetries: 0 } } })],
    ["AWS::SQS::Queue", () => ({ QueueName: "more.fifo", KmsMasterKeyId: "alias/aws/sqs", KmsDataKeyReusePeriodSeconds: 600, FifoQueue: true, ContentBasedDeduplication: true, DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId", MaximumMessageSize: 2048,
        MessageRetentionPeriod: 3600, ReceiveMessageWaitTimeSeconds: 5, RedriveAllowPolicy: { redrivePermission: "denyAll" } })],
];

// Properties that the service itself refuses, by their name or by their member's: what is set besides, and they.
const SERVICE = { ServiceName: "no", Cluster: "default", TaskDefinition: "none" }, TASK = { Family: "no", ContainerDefinitions: [{ ...CONTAINER, Memory: 8 }] };
const REFUSED = {
    "AWS::CloudWatch::Alarm": [{ AlarmName: "no", EvaluationPeriods: 1, ComparisonOperator: "GreaterThanThreshold" }, { EvaluationCriteria: { PromQLCriteria: { Query: "up" } }, EvaluationInterval: 60, ThresholdMetricId: "m1" }],
    "AWS::ECS::Cluster": [{}, { Configuration: { ExecuteCommandConfiguration: { Logging: "DEFAULT" } }, ServiceConnectDefaults: { Namespace: "n" } }],
    "AWS::ECS::Service": [SERVICE, { EnableExecuteCommand: true, PlacementConstraints: [{ Type: "distinctInstance" }], Role: ROLE("run"),
        ServiceRegistries: [{ RegistryArn: arn("servicediscovery", "service/x") }], VolumeConfigurations: [{ Name: "v" }], VpcLatticeConfigurations: [{ PortName: "p", RoleArn: ROLE("run"), TargetGroupArn: "t" }] }],
    "AWS::ECS::TaskDefinition": [TASK, { EnableFaultInjection: true, EphemeralStorage: { SizeInGiB: 30 }, InferenceAccelerators: [{ DeviceName: "a", DeviceType: "b" }], IpcMode: "task", PidMode: "task",
        PlacementConstraints: [{ Type: "memberOf", Expression: "x" }], ProxyConfiguration: { ContainerName: "web" } }],
    "AWS::ElasticLoadBalancingV2::LoadBalancer": [{ Name: "no" }, { EnableCapacityReservationProvisionStabilize: true, EnablePrefixForIpv6SourceNat: "on", MinimumLoadBalancerCapacity: { CapacityUnits: 1 } }],
    "AWS::ElasticLoadBalancingV2::Listener": [{ LoadBalancerArn: arn("elasticloadbalancing", "loadbalancer/app/x/0123456789abcdef"), Port: 80, Protocol: "HTTP", DefaultActions: SAYS("200") },
        { AlpnPolicy: ["None"], Certificates: [{ CertificateArn: "c" }], SslPolicy: "p" }],
    "AWS::ElasticLoadBalancingV2::ListenerRule": [{ ListenerArn: arn("elasticloadbalancing", "listener/app/x/0123456789abcdef/0123456789abcdef"), Priority: 1, Actions: SAYS("200"), Conditions: [{ Field: "path-pattern", Values: ["/"] }] },
        { Transforms: [{ Type: "url-rewrite" }] }],
    "AWS::IAM::ServiceLinkedRole": [{ AWSServiceName: "ecs.amazonaws.com" }, { CustomSuffix: "x" }],
    "AWS::Logs::LogGroup": [{ LogGroupName: "no" }, { DeletionProtectionEnabled: true, KmsKeyId: arn("kms", "key/x") }],
    "AWS::S3::Bucket": [{ BucketName: "none" }, { BucketNamespace: "global" }],
};

test("every other property is made and read back as it was set", async () => {
    const brings = (type, state) => Object.keys(state).some((name) => !kept.has(`${type} ${name}`));
    const ids = {}, used = new Set(), all = [], idle = [];
    for (const [type, want, otherwise] of STATES) {
        const state = await want(new Proxy(ids, { get: (of, name) => (used.add(of[name]), of[name]) })), e = await create(type, state);
        done(e);
        ids[type] = e.Identifier;
        all.unshift({ TypeName: type, Identifier: e.Identifier });
        if (!brings(type, state)) idle.push(e.Identifier);
        const expected = { ...state, ...otherwise?.() };
        has(await read(type, e.Identifier), expected, type);
        note(type, expected);
    }
    assert.deepStrictEqual(idle.filter((id) => !used.has(id)), [], "states without a property of their own");
    for (const one of all) done(await event("DeleteResource", one));
});

test("a new deployment is begun for who asks for one, by a change alone", async () => {
    const Cluster = (await create("AWS::ECS::Cluster", { ClusterName: "again" })).Identifier;
    const TaskDefinition = (await create("AWS::ECS::TaskDefinition", { Family: "again", ContainerDefinitions: [{ Name: "a", Image: "b", Memory: 8 }] })).Identifier;
    const { Identifier } = await create("AWS::ECS::Service", { ServiceName: "again", Cluster, TaskDefinition, DesiredCount: 0 });
    const primary = async () => (await s.client(ECSClient).send(new DescribeServicesCommand({ cluster: Cluster, services: ["again"] }))).services[0].deployments.find((d) => d.status === "PRIMARY").id;
    const first = await primary();
    done(await patch("AWS::ECS::Service", Identifier, { op: "add", path: "/DesiredCount", value: 0 }));
    assert.strictEqual(await primary(), first);
    done(await patch("AWS::ECS::Service", Identifier, { op: "add", path: "/ForceNewDeployment", value: { EnableForceNewDeployment: true } }));
    assert.notStrictEqual(await primary(), first);
});

// What a request says that is refused: at once, or by the service.
async function refusal(type, state) {
    const e = await create(type, state).catch((error) => error);
    assert.notStrictEqual(e.OperationStatus, "SUCCESS", `${type} takes ${JSON.stringify(state)}`);
    return e.StatusMessage || e.message;
}

test("what a service refuses is named", async () => {
    for (const [type, [base, properties]] of Object.entries(REFUSED))
        for (const [name, value] of Object.entries(properties)) {
            const why = await refusal(type, { ...base, [name]: value });
            assert.ok(why.replaceAll(" ", "").toLowerCase().includes(name.toLowerCase()), `${type} ${name}: ${why}`);
        }
});

// Any value of what the schema says it is.
function sample(schema, kind) {
    if (Array.isArray(kind)) return [sample(schema, kind[0])];
    const plain = { string: "x", integer: 1, number: 1, boolean: true, json: { x: "y" } };
    if (kind in plain) return plain[kind];
    const { properties, required = [] } = schema.definitions[kind] || { properties: {} };
    const named = required.length ? required : Object.keys(properties).slice(0, 1);
    return Object.fromEntries(named.map((name) => [name, sample(schema, properties[name])]));
}

test("what a declaration refuses is named, with its reason", async () => {
    for (const { service, type, cfn } of TYPES_DECLARED) {
        const schema = schemaOf(service, type), { properties, required = [], definitions } = schema;
        const base = Object.fromEntries(required.map((name) => [name, sample(schema, properties[name])]));
        for (const [name, { refused }] of Object.entries(cfn.bind || {}).filter(([, b]) => b.refused)) {
            const [top, below] = name.split(".");
            const value = below ? { [below]: sample(schema, definitions[properties[top]].properties[below]) } : sample(schema, properties[top]);
            const why = await refusal(type, { ...base, [top]: value });
            assert.ok(why.includes(`${name} is not supported: ${refused}`), `${type} ${name}: ${why}`);
        }
    }
});

test("every property is read back or refused by name, but for a few", () => {
    const left = [], doubly = [], known = new Set();
    for (const { service, type, cfn } of TYPES_DECLARED)
        for (const name of Object.keys(schemaOf(service, type).properties)) {
            const it = `${type} ${name}`, ways = [Boolean(cfn.bind?.[name]?.refused), name in (REFUSED[type]?.[1] || {}), kept.has(it), it in UNSHOWN].filter(Boolean).length;
            known.add(it);
            if (ways === 0) left.push(it);
            if (ways > 1) doubly.push(it);
        }
    assert.deepStrictEqual(left, [], "neither read back nor refused");
    assert.deepStrictEqual(doubly, [], "rows that nothing needs");
    const rows = [...Object.keys(UNSHOWN), ...Object.entries(REFUSED).flatMap(([type, [, properties]]) => Object.keys(properties).map((name) => `${type} ${name}`))];
    assert.deepStrictEqual(rows.filter((it) => !known.has(it)), [], "rows of no property");
    assert.deepStrictEqual(Object.keys(UNSHOWN).filter((it) => !unshown.has(it)), [], "rows that no state takes");
    assert.deepStrictEqual(Object.keys(CHANGELESS).filter((type) => !(type in TYPES)), []);
});
