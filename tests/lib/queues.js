// SPDX-License-Identifier: Apache-2.0
// Queues, topics and what arrives in them, in few words.
//
//     const { create, queue, receive } = queues(sqs), { topic } = topics(sns);
//     const q = await queue("jobs");                   // { url, arn }
"use strict";
const http = require("node:http");
const { CreateTopicCommand } = require("@aws-sdk/client-sns");
const { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand } = require("@aws-sdk/client-sqs");

const bodies = (messages) => messages.map((m) => m.Body);

function queues(sqs) {
    const create = async (QueueName, Attributes) => (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl;
    const attributes = async (QueueUrl) => (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes;
    return {
        create, attributes,
        fifo: (name, more) => create(`${name}.fifo`, { FifoQueue: "true", ...more }),
        queue: async (name, Attributes) => {
            const url = await create(name, Attributes);
            return { url, arn: (await attributes(url)).QueueArn };
        },
        // Ten at the most, with all that can be said of them.
        receive: async ({ url }) => (await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10,
            MessageSystemAttributeNames: ["All"], MessageAttributeNames: ["All"] }))).Messages || [],
    };
}

const topics = (sns) => ({
    topic: async (Name, Attributes, Tags) => (await sns.send(new CreateTopicCommand({ Name, Attributes, Tags }))).TopicArn,
});

// An HTTP endpoint of test `t` that keeps what it gets; `answer` decides the status, by how many came.
async function endpoint(t, answer = () => 200) {
    const got = [];
    const server = http.createServer((req, res) => {
        let body = "";
        req.on("data", (d) => { body += d; });
        req.on("end", () => {
            got.push({ type: req.headers["x-amz-sns-message-type"], headers: req.headers, body });
            res.statusCode = answer(got.length, req);
            res.end();
        });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => { server.closeAllConnections(); server.close(); });
    return { url: `http://127.0.0.1:${server.address().port}/hook`, got };
}

module.exports = { queues, topics, bodies, endpoint };
