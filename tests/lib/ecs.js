// SPDX-License-Identifier: Apache-2.0
// What tests of ECS share: a server with images of busybox in its registry, a cluster "main" and a log group "/ecs/test".
//
//     const e = new Ecs();
//     before(() => e.open());                             // open({ web: true }): web:v1, web:v2 and web:bad as well
//     after(() => e.close());
//     const arn = await e.run(await e.register("family", [{ name: "a" }]));
//     const { code, lines } = await e.shell("echo hello");
"use strict";
const assert = require("node:assert");
const E = require("@aws-sdk/client-ecs");
const { CloudWatchLogsClient, CreateLogGroupCommand, GetLogEventsCommand } = require("@aws-sdk/client-cloudwatch-logs");
const { EC2Client, DescribeSubnetsCommand } = require("@aws-sdk/client-ec2");
const { role } = require("./role");
const { start, finish, until } = require("./slipway");
const { push } = require("./image");

const FARGATE = { networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"], cpu: "256", memory: "512" };
const PORTS = [{ containerPort: 8080 }];
const short = (arn) => arn.split("/").pop();

class Ecs {
    async open({ web = false, ...options } = {}) {
        this.s = await start(null, options);
        await this.connect();
        await push(this.s, "app:v1", { cmd: ["sleep", "1000"] });
        for (const v of web ? ["v1", "v2"] : [])
            await push(this.s, `web:${v}`, { cmd: ["httpd", "-f", "-p", "8080", "-h", "/www"], files: { "www/index.html": v } });
        if (web) await push(this.s, "web:bad", { cmd: ["sh", "-c", "echo no; exit 7"] });
        await this.send("CreateCluster", { clusterName: "main" });
        await this.logs.send(new CreateLogGroupCommand({ logGroupName: "/ecs/test" }));
    }

    // Also after the server came up again.
    async connect() {
        this.ecs = this.s.client(E.ECSClient);
        this.logs = this.s.client(CloudWatchLogsClient);
        this.subnets = (await this.s.client(EC2Client).send(new DescribeSubnetsCommand({}))).Subnets;
        this.network = { awsvpcConfiguration: { subnets: this.subnets.slice(0, 2).map((x) => x.SubnetId) } };
        this.fargate = { launchType: "FARGATE", networkConfiguration: this.network };
    }

    close() { return finish(this.s); }

    send(operation, input = {}) { return this.ecs.send(new E[`${operation}Command`](input)); }

    image(name) { return `127.0.0.1:${this.s.port}/${name}`; }

    // ---- task definitions and tasks ----

    async register(family, containers, rest = {}) {
        const containerDefinitions = containers.map((c) => ({ image: this.image("app:v1"), memory: 64, stopTimeout: 2, ...c }));
        return (await this.send("RegisterTaskDefinition", { family, containerDefinitions, ...rest })).taskDefinition;
    }

    async run(definition, rest = {}) {
        const r = await this.send("RunTask", { cluster: "main", taskDefinition: definition.taskDefinitionArn, ...rest });
        return r.tasks[0].taskArn;
    }

    async task(arn) {
        return (await this.send("DescribeTasks", { cluster: "main", tasks: [arn] })).tasks[0];
    }

    running(arn) {
        return until("the task is RUNNING", async () => {
            const t = await this.task(arn);
            assert.notStrictEqual(t.lastStatus, "STOPPED", t.stoppedReason);
            return t.lastStatus === "RUNNING" && t;
        });
    }

    stopped(arn) {
        return until("the task is STOPPED", async () => {
            const t = await this.task(arn);
            return t.lastStatus === "STOPPED" && t;
        });
    }

    async stop(arn) {
        await this.send("StopTask", { cluster: "main", task: arn });
        return this.stopped(arn);
    }

    async tasks(input = {}) {
        return (await this.send("ListTasks", { cluster: "main", ...input })).taskArns;
    }

    // Exit code and log lines of a shell text in a container.
    async shell(text, container = {}, rest = {}, runRest = {}) {
        const definition = await this.register("shell" + Math.random().toString(16).slice(2), [{
            name: "main", command: ["sh", "-c", text], ...container,
            logConfiguration: { logDriver: "awslogs", options: {
                "awslogs-group": "/ecs/test", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p" } },
        }], rest);
        const task = await this.stopped(await this.run(definition, runRest));
        return { task, code: task.containers[0].exitCode, lines: await this.lines(`p/main/${short(task.taskArn)}`) };
    }

    async lines(logStreamName) {
        const all = [];
        for (let nextToken, last; ;) {
            const page = await this.logs.send(new GetLogEventsCommand({ logGroupName: "/ecs/test", logStreamName, startFromHead: true, nextToken }));
            all.push(...page.events.map((x) => x.message));
            last = nextToken;
            nextToken = page.nextForwardToken;
            if (nextToken === last) return all;
        }
    }

    // ---- services ----

    web(family, tag, rest = {}) {
        return this.register(family, [{ name: "web", image: this.image(`web:${tag}`), portMappings: PORTS, ...rest }], FARGATE);
    }

    async create(serviceName, definition, rest = {}) {
        return (await this.send("CreateService", { cluster: "main", serviceName, taskDefinition: definition.taskDefinitionArn,
            desiredCount: 2, ...this.fargate, ...rest })).service;
    }

    async update(service, input) {
        return (await this.send("UpdateService", { cluster: "main", service, ...input })).service;
    }

    async service(name) {
        return (await this.send("DescribeServices", { cluster: "main", services: [name] })).services[0];
    }

    stable(name, seconds = 60) {
        return until(`${name} is stable`, async () => {
            const v = await this.service(name);
            return v.deployments.length === 1 && v.deployments[0].rolloutState === "COMPLETED" && v.runningCount === v.desiredCount && v;
        }, { seconds });
    }

    async remove(name) {
        await this.send("DeleteService", { cluster: "main", service: name, force: true });
        await until("the service is INACTIVE", async () => (await this.service(name)).status === "INACTIVE");
    }

    // ---- roles ----

    // One that may do everything, for this service.
    role(name, service) { return role(this.s, name, service, { may: "*" }); }
}

const texts = (service) => service.events.map((x) => x.message);

module.exports = { Ecs, FARGATE, PORTS, short, texts };
