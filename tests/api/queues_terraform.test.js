// SPDX-License-Identifier: Apache-2.0
// Queues, topics and subscriptions as Terraform makes them, finds them unchanged and removes them.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const { SQSClient, ListQueuesCommand } = require("@aws-sdk/client-sqs");
const { SNSClient, ListTopicsCommand, PublishCommand } = require("@aws-sdk/client-sns");
const { start } = require("../lib/slipway");
const { terraform, unavailable } = require("../lib/terraform");

// The provider waits half a minute for each queue: those that can come at the same time do.
const wanted = `
resource "aws_sqs_queue" "dead" {
    name = "dead"
    redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = ["arn:aws:sqs:us-east-1:000000000000:work"] })
}
resource "aws_sqs_queue" "work" {
    name = "work"
    visibility_timeout_seconds = 45
    redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 3 })
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "sns.amazonaws.com" },
        Action = "sqs:SendMessage", Resource = "arn:aws:sqs:us-east-1:000000000000:work", Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.plain.arn } } }] })
    tags = { team = "queues" }
}
resource "aws_sqs_queue" "ordered" {
    name = "ordered.fifo"
    fifo_queue = true
    content_based_deduplication = true
    deduplication_scope = "messageGroup"
    fifo_throughput_limit = "perMessageGroupId"
}
resource "aws_sns_topic" "plain" {
    name = "plain"
    display_name = "Plain"
    tags = { team = "queues" }
}
resource "aws_sns_topic" "ordered" {
    name = "ordered.fifo"
    fifo_topic = true
    content_based_deduplication = true
}
resource "aws_sns_topic_policy" "plain" {
    arn = aws_sns_topic.plain.arn
    policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "s3.amazonaws.com" },
        Action = "sns:Publish", Resource = aws_sns_topic.plain.arn }] })
}
resource "aws_sns_topic_subscription" "work" {
    topic_arn = aws_sns_topic.plain.arn
    protocol = "sqs"
    endpoint = aws_sqs_queue.work.arn
    raw_message_delivery = true
    filter_policy = jsonencode({ kind = ["order"] })
    redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn })
}
resource "aws_sns_topic_subscription" "ordered" {
    topic_arn = aws_sns_topic.ordered.arn
    protocol = "sqs"
    endpoint = aws_sqs_queue.ordered.arn
}
`;

test("Terraform makes queues, topics and subscriptions, finds them unchanged and destroys them", { skip: unavailable() }, async (t) => {
    const s = await start(t), sqs = s.client(SQSClient), sns = s.client(SNSClient);
    const tf = await terraform(t, s, wanted);
    await tf.settles();
    const TopicArn = (await sns.send(new ListTopicsCommand({}))).Topics.map((x) => x.TopicArn).find((a) => a.endsWith(":plain"));
    assert.ok((await sns.send(new PublishCommand({ TopicArn, Message: "m" }))).MessageId);
    await tf.destroy();
    assert.strictEqual((await sqs.send(new ListQueuesCommand({}))).QueueUrls, undefined);
    assert.deepStrictEqual((await sns.send(new ListTopicsCommand({}))).Topics ?? [], []);
});

test("what `slipway env` exports is all that Terraform's provider needs", { skip: unavailable() }, async (t) => {
    const s = await start(t);
    const tf = await terraform(t, s, 'resource "aws_sns_topic" "news" { name = "news" }', { configured: 'provider "aws" {}\n', env: await s.cli("env") });
    await tf.settles();
    assert.strictEqual((await s.client(SNSClient).send(new ListTopicsCommand({}))).Topics.length, 1);
    await tf.destroy();
});
