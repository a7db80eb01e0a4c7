// SPDX-License-Identifier: Apache-2.0
// Load balancers, listeners, target groups: made, described, changed, refused, deleted.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { until } = require("../lib/slipway");
const { Balancing, refuses, to, says, freePort, get, served, unique } = require("../lib/elbv2");

const lbs = new Balancing();

before(() => lbs.open());
after(() => lbs.close());

test("a load balancer becomes active, serves its targets, and is gone when deleted", async () => {
    const b = await lbs.backend("one"), g = await lbs.group(), port = await freePort();
    const lb = await lbs.balancer("first");
    assert.match(lb.LoadBalancerArn, /^arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer\/app\/first\/[0-9a-f]{16}$/);
    assert.match(lb.DNSName, /^first-[0-9a-f]{16}\.us-east-1\.elb\.localhost$/);
    assert.strictEqual(lb.VpcId, lbs.vpc);
    await until("active", async () => (await lbs.send("DescribeLoadBalancers", { Names: ["first"] })).LoadBalancers[0].State.Code === "active");
    assert.strictEqual((await lbs.register(g, b)).$metadata.httpStatusCode, 200);
    assert.deepStrictEqual(await lbs.health(g, b), { State: "unused", Reason: "Target.NotInUse",
        Description: "Target group is not configured to receive traffic from the load balancer" });
    const l = await lbs.listener(lb, port, to([g, 1]));
    await lbs.becomes(g, b, "healthy");
    await served(port, "one", { host: lb.DNSName });
    const r = await get(port, "/", { host: lb.DNSName });
    assert.strictEqual(r.status, 200);
    assert.strictEqual(b.last["x-forwarded-for"], "127.0.0.1");
    await refuses(lbs.send("DeleteTargetGroup", { TargetGroupArn: g }), "ResourceInUse");
    await lbs.send("DeleteLoadBalancer", { LoadBalancerArn: lb.LoadBalancerArn });
    await refuses(lbs.send("DescribeLoadBalancers", { Names: ["first"] }), "LoadBalancerNotFound");
    await refuses(lbs.send("DescribeListeners", { ListenerArns: [l] }), "ListenerNotFound");
    await until("port closed", () => get(port).then(() => false, () => true));
    assert.strictEqual((await lbs.health(g, b)).State, "unused");
    await lbs.send("DeleteTargetGroup", { TargetGroupArn: g });
    await refuses(lbs.send("DescribeTargetGroups", { TargetGroupArns: [g] }), "TargetGroupNotFound");
});

test("creating the same again succeeds, with other settings it is refused", async () => {
    const name = unique("same"), port = await freePort();
    const a = await lbs.balancer(name), b = await lbs.balancer(name);
    assert.strictEqual(a.LoadBalancerArn, b.LoadBalancerArn);
    await refuses(lbs.balancer(name, { Scheme: "internal" }), "DuplicateLoadBalancerName");
    const g = await lbs.group(name);
    assert.strictEqual(await lbs.group(name), g);
    await refuses(lbs.group(name, { Port: 81 }), "DuplicateTargetGroupName");
    const l = await lbs.listener(a, port, says("x"));
    assert.strictEqual(await lbs.listener(a, port, says("x")), l);
    await refuses(lbs.listener(a, port, says("y")), "DuplicateListener");
});

test("what cannot be done is refused by name", async () => {
    const lb = await lbs.balancer(), g = await lbs.group(), port = await freePort();
    const invalid = "InvalidConfigurationRequest";
    await refuses(lbs.balancer("gw", { Type: "gateway" }), invalid, /^Type:/);
    await refuses(lbs.balancer("v6", { IpAddressType: "dualstack" }), invalid, /^IpAddressType:/);
    await refuses(lbs.balancer("net", { Subnets: ["subnet-0123456789abcdef0", lbs.subnets[0]] }), "SubnetNotFound");
    await refuses(lbs.balancer("one", { Subnets: [lbs.subnets[0]] }), "ValidationError", /two subnets/);
    await refuses(lbs.balancer("bad_name"), "ValidationError", /alphanumeric/);
    await refuses(lbs.listener(lb, port, says("x"), "HTTPS"), invalid, /^Certificates:/);
    await refuses(lbs.listener(lb, lbs.s.port, says("x")), invalid, /^Port:/);
    await refuses(lbs.listener(lb, port, [{ Type: "authenticate-oidc", Order: 1, AuthenticateOidcConfig: { Issuer: "i", AuthorizationEndpoint: "a",
        TokenEndpoint: "t", UserInfoEndpoint: "u", ClientId: "c", ClientSecret: "s" } }, { ...says("x")[0], Order: 2 }]), invalid, /AuthenticateOidcConfig/);
    await refuses(lbs.group("l", { TargetType: "lambda" }), invalid, /^TargetType:/);
    await refuses(lbs.group("p", { ProtocolVersion: "GRPC" }), invalid, /^ProtocolVersion:/);
    await refuses(lbs.group("t", { HealthCheckTimeoutSeconds: 5 }), "ValidationError", /timeout/);
    await refuses(lbs.send("RegisterTargets", { TargetGroupArn: g, Targets: [{ Id: "8.8.8.8" }] }), "InvalidTarget");
    const attributes = (Key, Value) => lbs.send("ModifyTargetGroupAttributes", { TargetGroupArn: g, Attributes: [{ Key, Value }] });
    await refuses(attributes("slow_start.duration_seconds", "30"), invalid, /^slow_start/);
    await refuses(attributes("colour", "red"), "ValidationError", /colour/);
    const logs = [{ Key: "access_logs.s3.enabled", Value: "true" }];
    await refuses(lbs.send("ModifyLoadBalancerAttributes", { LoadBalancerArn: lb.LoadBalancerArn, Attributes: logs }), invalid, /^access_logs/);
    await refuses(lbs.send("DescribeTargetHealth", { TargetGroupArn: g.replace("0000", "1111") }), "TargetGroupNotFound");
    await refuses(lbs.send("DescribeListeners", { LoadBalancerArn: lb.LoadBalancerArn.replace(/.$/, "x") }), "LoadBalancerNotFound");
});

test("attributes are kept, and deletion protection protects", async () => {
    const lb = await lbs.balancer(), arn = { LoadBalancerArn: lb.LoadBalancerArn };
    const set = (Key, Value) => lbs.send("ModifyLoadBalancerAttributes", { ...arn, Attributes: [{ Key, Value }] });
    await set("deletion_protection.enabled", "true");
    await set("idle_timeout.timeout_seconds", "30");
    const { Attributes } = await lbs.send("DescribeLoadBalancerAttributes", arn);
    assert.strictEqual(Attributes.find((a) => a.Key === "idle_timeout.timeout_seconds").Value, "30");
    await refuses(set("idle_timeout.timeout_seconds", "0"), "ValidationError");
    await refuses(lbs.send("DeleteLoadBalancer", arn), "OperationNotPermitted");
    await set("deletion_protection.enabled", "false");
    await lbs.send("DeleteLoadBalancer", arn);
});

test("tags are added, shown and removed", async () => {
    const lb = await lbs.balancer(unique("tagged"), { Tags: [{ Key: "a", Value: "1" }] }), g = await lbs.group();
    await lbs.send("AddTags", { ResourceArns: [lb.LoadBalancerArn, g], Tags: [{ Key: "b", Value: "2" }] });
    await lbs.send("RemoveTags", { ResourceArns: [lb.LoadBalancerArn], TagKeys: ["a"] });
    const { TagDescriptions } = await lbs.send("DescribeTags", { ResourceArns: [lb.LoadBalancerArn, g] });
    assert.deepStrictEqual(TagDescriptions.map((d) => d.Tags), [[{ Key: "b", Value: "2" }], [{ Key: "b", Value: "2" }]]);
});

test("the AWS CLI creates, waits and describes", async () => {
    const name = unique("cli");
    await lbs.s.aws("elbv2", "create-load-balancer", "--name", name, "--subnets", lbs.subnets[0], lbs.subnets[1]);
    await until("active", async () => (await lbs.s.aws("elbv2", "describe-load-balancers", "--names", name)).LoadBalancers[0].State.Code === "active");
    await lbs.s.aws("elbv2", "wait", "load-balancer-available", "--names", name);
});

test("what an operation can say and nobody can do is refused by name", async () => {
    const lb = await lbs.balancer(), g = await lbs.group(), port = await freePort(), invalid = "InvalidConfigurationRequest";
    const l = await lbs.listener(lb, port, says("x"));
    const more = (name, input, field) => refuses(lbs.send(name, input), invalid, new RegExp(field));
    const listener = { LoadBalancerArn: lb.LoadBalancerArn, Port: port + 1, Protocol: "HTTP", DefaultActions: says("x") };
    for (const [field, value] of [["Certificates", [{ CertificateArn: "arn" }]], ["SslPolicy", "p"], ["AlpnPolicy", ["HTTP2Only"]],
        ["MutualAuthentication", { Mode: "verify", TrustStoreArn: "arn" }]]) {
        await more("CreateListener", { ...listener, [field]: value }, field);
        await more("ModifyListener", { ListenerArn: l, [field]: value }, field);
    }
    await more("CreateLoadBalancer", { Name: "pools", Subnets: lbs.subnets, IpamPools: { Ipv4IpamPoolId: "ipam-pool-1" } }, "IpamPools");
    await more("SetIpAddressType", { LoadBalancerArn: lb.LoadBalancerArn, IpAddressType: "dualstack" }, "IpAddressType");
    await more("DescribeTargetHealth", { TargetGroupArn: g, Include: ["AnomalyDetection"] }, "Include");
    const action = { ...says("x")[0], RedirectConfig: { StatusCode: "HTTP_301" } };
    await refuses(lbs.send("CreateListener", { ...listener, DefaultActions: [action] }), "InvalidLoadBalancerAction", /RedirectConfig/);
    await refuses(lbs.send("CreateListener", { ...listener, DefaultActions: [{ ...says("x")[0], TargetGroupArn: g }] }), "InvalidLoadBalancerAction", /TargetGroupArn/);
});

test("target groups, subnets and security groups are changed, and only to what is there", async () => {
    const lb = await lbs.balancer(), g = await lbs.group(unique("changed")), arn = { LoadBalancerArn: lb.LoadBalancerArn };
    const { TargetGroups: [changed] } = await lbs.send("ModifyTargetGroup", { TargetGroupArn: g, HealthCheckPath: "/other", HealthCheckIntervalSeconds: 7,
        HealthCheckTimeoutSeconds: 3, HealthyThresholdCount: 4, UnhealthyThresholdCount: 5, Matcher: { HttpCode: "200-204,301" } });
    assert.deepStrictEqual([changed.HealthCheckPath, changed.HealthCheckIntervalSeconds, changed.HealthyThresholdCount, changed.Matcher.HttpCode], ["/other", 7, 4, "200-204,301"]);
    await refuses(lbs.send("ModifyTargetGroup", { TargetGroupArn: g, Matcher: { HttpCode: "9" } }), "ValidationError");
    await refuses(lbs.send("ModifyTargetGroup", { TargetGroupArn: g, HealthCheckPath: "no" }), "ValidationError", /path/);
    assert.ok((await lbs.send("DescribeTargetGroupAttributes", { TargetGroupArn: g })).Attributes.find((a) => a.Key === "deregistration_delay.timeout_seconds").Value === "300");
    const { AvailabilityZones } = await lbs.send("SetSubnets", { ...arn, Subnets: lbs.subnets.slice(1, 3) });
    assert.deepStrictEqual(AvailabilityZones.map((z) => z.SubnetId).sort(), lbs.subnets.slice(1, 3).sort());
    await refuses(lbs.send("SetSubnets", { ...arn, Subnets: [lbs.subnets[0]] }), "ValidationError", /two subnets/);
    assert.deepStrictEqual((await lbs.send("SetSecurityGroups", { ...arn, SecurityGroups: lb.SecurityGroups })).SecurityGroupIds, lb.SecurityGroups);
    await refuses(lbs.send("SetSecurityGroups", { ...arn, SecurityGroups: ["sg-0123456789abcdef0"] }), "InvalidSecurityGroup");
    assert.strictEqual((await lbs.send("SetIpAddressType", { ...arn, IpAddressType: "ipv4" })).IpAddressType, "ipv4");
    assert.deepStrictEqual((await lbs.send("DescribeCapacityReservation", arn)).CapacityReservationState, []);
    const l = await lbs.listener(lb, await freePort(), says("x"));
    await lbs.send("DeleteListener", { ListenerArn: l });
    await refuses(lbs.send("DeleteListener", { ListenerArn: l }), "ListenerNotFound");
    await refuses(lbs.send("DeregisterTargets", { TargetGroupArn: g.replace(/.$/, g.endsWith("0") ? "1" : "0"), Targets: [{ Id: "127.0.0.1" }] }), "TargetGroupNotFound");
});
