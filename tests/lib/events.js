// SPDX-License-Identifier: Apache-2.0
// What EventBridge tells, caught in a queue.
//
//     const told = await hears(s, "builds", { source: ["aws.codebuild"] });
//     await told.until("two events", (got) => got.length === 2);
"use strict";
const { EventBridgeClient, PutRuleCommand, PutTargetsCommand } = require("@aws-sdk/client-eventbridge");
const { SQSClient } = require("@aws-sdk/client-sqs");
const { queues } = require("./queues");
const { until } = require("./slipway");

// What is told of this pattern from now on, by a rule and a queue of this name. `got` are the events that came, in the order
// of their coming; until() looks for more until they are enough.
async function hears(s, name, pattern) {
    const eb = s.client(EventBridgeClient), { queue, receive } = queues(s.client(SQSClient));
    const q = await queue(name), got = [];
    await eb.send(new PutRuleCommand({ Name: name, EventPattern: JSON.stringify(pattern) }));
    await eb.send(new PutTargetsCommand({ Rule: name, Targets: [{ Id: "q", Arn: q.arn }] }));
    return { got, until: (what, enough) => until(what, async () => {
        got.push(...(await receive(q)).map((m) => JSON.parse(m.Body)));
        return enough(got);
    }) };
}

module.exports = { hears };
