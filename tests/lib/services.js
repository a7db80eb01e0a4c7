// SPDX-License-Identifier: Apache-2.0
// All services by name, for files that walk over whatever operations there are.
//
//     const { send, asked } = services(s);             // s: a server that may be started later
//     await send("sqs", "CreateQueue", { QueueName: "q" });    // asked has "sqs CreateQueue"
"use strict";

const SDK = {
    cloudcontrol: require("@aws-sdk/client-cloudcontrol"), cloudwatch: require("@aws-sdk/client-cloudwatch"), codebuild: require("@aws-sdk/client-codebuild"),
    codecommit: require("@aws-sdk/client-codecommit"), codepipeline: require("@aws-sdk/client-codepipeline"), ec2: require("@aws-sdk/client-ec2"),
    ecr: require("@aws-sdk/client-ecr"), ecs: require("@aws-sdk/client-ecs"), elbv2: require("@aws-sdk/client-elastic-load-balancing-v2"),
    events: require("@aws-sdk/client-eventbridge"), iam: require("@aws-sdk/client-iam"), kms: require("@aws-sdk/client-kms"), lambda: require("@aws-sdk/client-lambda"), logs: require("@aws-sdk/client-cloudwatch-logs"),
    s3: require("@aws-sdk/client-s3"), secretsmanager: require("@aws-sdk/client-secrets-manager"), sns: require("@aws-sdk/client-sns"), sqs: require("@aws-sdk/client-sqs"), ssm: require("@aws-sdk/client-ssm"),
    sts: require("@aws-sdk/client-sts"), tagging: require("@aws-sdk/client-resource-groups-tagging-api"),
};

// options: { service: what its client is made with }
function services(s, options = {}) {
    const clients = {}, asked = new Set();
    const client = (service) => clients[service] ??=
        s.client(Object.values(SDK[service]).find((x) => typeof x === "function" && /.Client$/.test(x.name)), options[service]);
    const send = async (service, operation, input) => {
        asked.add(`${service} ${operation}`);
        return client(service).send(new SDK[service][`${operation}Command`](input));
    };
    return { send, client, asked };
}

// A policy that is one.
const POLICY = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] });

// A load balancer over the first two subnets with a listener that answers 200: { subnets, vpc, lb, listener }, the ARNs of the last two.
const SAYS = [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200" } }];
async function balancer(send, Name, Port) {
    const { Subnets } = await send("ec2", "DescribeSubnets", {}), subnets = Subnets.slice(0, 2).map((x) => x.SubnetId);
    const lb = (await send("elbv2", "CreateLoadBalancer", { Name, Subnets: subnets })).LoadBalancers[0].LoadBalancerArn;
    const listener = (await send("elbv2", "CreateListener", { LoadBalancerArn: lb, Port, Protocol: "HTTP", DefaultActions: SAYS })).Listeners[0].ListenerArn;
    return { subnets, vpc: Subnets[0].VpcId, lb, listener };
}

module.exports = { SDK, services, balancer, SAYS, POLICY };
