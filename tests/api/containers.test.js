// SPDX-License-Identifier: Apache-2.0
// What a task's limits do to it, seen through ECS.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const { ECSClient, CreateClusterCommand, RegisterTaskDefinitionCommand, RunTaskCommand, DescribeTasksCommand } = require("@aws-sdk/client-ecs");
const { start, until } = require("../lib/slipway");
const { push } = require("../lib/image");

const usable = process.getuid() === 0 ? {} : { skip: "containers need root" };

test("a container that needs more memory than its limit is killed, and the task says so as AWS does", usable, async (t) => {
    const s = await start(t), ecs = s.client(ECSClient);
    const { image } = await push(s, "app:v1");
    await ecs.send(new CreateClusterCommand({ clusterName: "main" }));
    const grow = "x=a; i=0; while [ $i -lt 28 ]; do x=$x$x; i=$((i+1)); done; echo ${#x}";
    await ecs.send(new RegisterTaskDefinitionCommand({ family: "greedy", containerDefinitions: [
        { name: "main", image, memory: 16, command: ["sh", "-c", grow] }] }));
    const { tasks: [{ taskArn }] } = await ecs.send(new RunTaskCommand({ cluster: "main", taskDefinition: "greedy" }));
    const task = await until("the task is STOPPED", async () => {
        const { tasks: [x] } = await ecs.send(new DescribeTasksCommand({ cluster: "main", tasks: [taskArn] }));
        return x.lastStatus === "STOPPED" && x;
    });
    const [c] = task.containers;
    assert.deepStrictEqual([c.exitCode, c.reason], [137, "OutOfMemoryError: Container killed due to memory usage"]);
    assert.deepStrictEqual([task.stopCode, task.stoppedReason], ["EssentialContainerExited", "Essential container in task exited"]);
});
