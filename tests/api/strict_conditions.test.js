// SPDX-License-Identifier: Apache-2.0
// --auth strict: condition keys that come of what is asked for: the tags of the resource, members below other members.
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const E = require("@aws-sdk/client-ecs");
const R = require("@aws-sdk/client-ecr");
const S = require("@aws-sdk/client-s3");
const { allow, deny, strict } = require("../lib/strict");

const denied = (promise, why) => assert.rejects(promise, (e) => /AccessDenied/.test(e.name) && why.test(e.message));

test("aws:ResourceTag is the tags of the repository that a request names: an Allow and a Deny by tag count", async (t) => {
    const { as, user } = await strict(t);
    const root = as(R.ECRClient), tags = (Value) => [{ Key: "team", Value }];
    await root.send(new R.CreateRepositoryCommand({ repositoryName: "red", tags: tags("red") }));
    await root.send(new R.CreateRepositoryCommand({ repositoryName: "blue", tags: tags("blue") }));
    await root.send(new R.CreateRepositoryCommand({ repositoryName: "bare" }));
    const when = (key) => ({ Condition: { StringEquals: { [key]: "red" } } });
    const ann = as(R.ECRClient, await user("ann", allow("ecr:*", "*", when("aws:ResourceTag/team"))));
    const bob = as(R.ECRClient, await user("bob", allow("ecr:*"), deny("ecr:*", "*", when("aws:ResourceTag/team"))));
    const eve = as(R.ECRClient, await user("eve", allow("ecr:*", "*", when("ecr:ResourceTag/team"))));
    const list = (who, repositoryName) => who.send(new R.ListImagesCommand({ repositoryName }));
    await list(ann, "red");
    await list(eve, "red");
    for (const name of ["blue", "bare", "absent"]) await denied(list(ann, name), /no identity-based policy/);
    await denied(list(bob, "red"), /explicit deny/);
    await list(bob, "blue");
    await root.send(new R.TagResourceCommand({ resourceArn: "arn:aws:ecr:us-east-1:000000000000:repository/blue", tags: tags("red") }));
    await list(ann, "blue");
    await denied(list(bob, "blue"), /explicit deny/);
});

test("s3:LocationConstraint is where CreateBucket says a bucket is to be", async (t) => {
    const { as, user } = await strict(t);
    const ann = as(S.S3Client, await user("ann", allow("s3:*"), deny("s3:CreateBucket", "*", { Condition: { StringEquals: { "s3:LocationConstraint": "eu-west-1" } } })));
    const make = (Bucket, LocationConstraint) => ann.send(new S.CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint } }));
    await assert.rejects(make("far", "eu-west-1"), /explicit deny/);
    await ann.send(new S.CreateBucketCommand({ Bucket: "near" }));
});

test("ecs:cluster is the cluster of the services and tasks that a request names, by name, by ARN or left out", async (t) => {
    const { as, user } = await strict(t), root = as(E.ECSClient), arn = (name) => `arn:aws:ecs:us-east-1:000000000000:cluster/${name}`;
    for (const clusterName of ["default", "mine", "theirs"]) await root.send(new E.CreateClusterCommand({ clusterName }));
    const when = (...names) => ({ Condition: { ArnEquals: { "ecs:cluster": names.map(arn) } } });
    const ann = as(E.ECSClient, await user("ann", allow("ecs:*", "*", when("mine"))));
    const bob = as(E.ECSClient, await user("bob", allow("ecs:*"), deny("ecs:*", "*", when("theirs"))));
    const eve = as(E.ECSClient, await user("eve", allow("ecs:*", "*", when("default"))));
    const list = (who, cluster) => who.send(new E.ListTasksCommand({ cluster }));
    for (const cluster of ["mine", arn("mine")]) {
        await list(ann, cluster);
        await list(bob, cluster);
        await denied(list(eve, cluster), /no identity-based policy/);
    }
    for (const cluster of ["theirs", arn("theirs")]) {
        await denied(list(ann, cluster), /no identity-based policy/);
        await denied(list(bob, cluster), /explicit deny/);
        await denied(bob.send(new E.DescribeServicesCommand({ cluster, services: ["s"] })), /explicit deny/);
        await denied(bob.send(new E.StopTaskCommand({ cluster, task: "t" })), /explicit deny/);
    }
    await list(eve);
    await denied(list(ann), /no identity-based policy/);
});
