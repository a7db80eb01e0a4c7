// SPDX-License-Identifier: Apache-2.0
// Topics with a key of KMS: what waits for an endpoint is sealed, and the key is asked with each publication.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const K = require("@aws-sdk/client-kms");
const N = require("@aws-sdk/client-sns");
const Q = require("@aws-sdk/client-sqs");
const { endpoint } = require("../lib/queues");
const { start, refuses, until } = require("../lib/slipway");

test("a message waits sealed, is delivered, and is not published without its key", async (t) => {
    const s = await start(t, { ephemeral: false }), hook = await endpoint(t, (n) => (n === 1 ? 200 : n < 4 ? 503 : 200));
    await s.clock("PUT", "", { mode: "stepped" });
    const of = (client, lib) => (operation, input = {}) => client.send(new lib[`${operation}Command`](input));
    const kms = of(s.client(K.KMSClient), K), sns = of(s.client(N.SNSClient), N), sqs = of(s.client(Q.SQSClient), Q);
    const { KeyId } = (await kms("CreateKey")).KeyMetadata;
    const { TopicArn } = await sns("CreateTopic", { Name: "t", Attributes: { KmsMasterKeyId: KeyId } });
    assert.strictEqual((await sns("GetTopicAttributes", { TopicArn })).Attributes.KmsMasterKeyId, KeyId);
    await sns("Subscribe", { TopicArn, Protocol: "http", Endpoint: hook.url });
    await until("the confirmation", () => hook.got.length === 1);
    await sns("ConfirmSubscription", { TopicArn, Token: JSON.parse(hook.got[0].body).Token });

    await sns("Publish", { TopicArn, Message: "a message in plain words" });
    await until("the first try", () => hook.got.length === 2);
    for (const f of fs.readdirSync(path.join(s.data, "store")))
        assert.ok(!fs.readFileSync(path.join(s.data, "store", f)).includes("in plain words"), f);
    await s.restart();
    await s.clock("PUT", "", { mode: "stepped" });
    await s.advance(60);
    await until("a further try", () => hook.got.length >= 3);
    assert.strictEqual(JSON.parse(hook.got[2].body).Message, "a message in plain words");

    await kms("DisableKey", { KeyId });
    await refuses(sns("Publish", { TopicArn, Message: "x" }), "KMSDisabledException");
    await kms("ScheduleKeyDeletion", { KeyId });
    await refuses(sns("Publish", { TopicArn, Message: "x" }), "KMSInvalidStateException");
    await sns("SetTopicAttributes", { TopicArn, AttributeName: "KmsMasterKeyId", AttributeValue: "alias/never" });
    await refuses(sns("Publish", { TopicArn, Message: "x" }), "KMSNotFoundException");
    await sns("SetTopicAttributes", { TopicArn, AttributeName: "KmsMasterKeyId", AttributeValue: "alias/aws/sns" });

    // Into a queue that has a key, too.
    const { QueueUrl } = await sqs("CreateQueue", { QueueName: "q", Attributes: { KmsMasterKeyId: "alias/aws/sqs" } });
    await sns("Subscribe", { TopicArn, Protocol: "sqs", Endpoint: "arn:aws:sqs:us-east-1:000000000000:q", Attributes: { RawMessageDelivery: "true" } });
    await sqs("SetQueueAttributes", { QueueUrl, Attributes: { Policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: "*" }] }) } });
    await sns("Publish", { TopicArn, Message: "both" });
    assert.strictEqual((await sqs("ReceiveMessage", { QueueUrl, WaitTimeSeconds: 1 })).Messages[0].Body, "both");
});
