// SPDX-License-Identifier: Apache-2.0
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const { EC2Client, DescribeVpcsCommand, DescribeSubnetsCommand, DescribeSecurityGroupsCommand, DescribeRouteTablesCommand,
        DescribeNetworkAclsCommand, DescribeInternetGatewaysCommand, DescribeRegionsCommand, DescribeAvailabilityZonesCommand,
        DescribeVpcAttributeCommand, DescribeAccountAttributesCommand, DescribeInstancesCommand, DescribeNetworkInterfacesCommand,
        RunInstancesCommand } = require("@aws-sdk/client-ec2");
const { start, finish, refuses } = require("../lib/slipway");

let s, ec2;
before(async () => { s = await start(null); ec2 = s.client(EC2Client); });
after(() => finish(s));

test("an account has a default VPC with a subnet in each of three zones", async () => {
    const { Vpcs: [vpc, ...more] } = await ec2.send(new DescribeVpcsCommand({}));
    assert.strictEqual(more.length, 0);
    assert.match(vpc.VpcId, /^vpc-[0-9a-f]{17}$/);
    assert.strictEqual(vpc.CidrBlock, "172.31.0.0/16");
    assert.strictEqual(vpc.IsDefault, true);
    const { Subnets } = await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: "vpc-id", Values: [vpc.VpcId] }] }));
    assert.deepStrictEqual(Subnets.map((n) => [n.AvailabilityZone, n.CidrBlock, n.AvailabilityZoneId]), [
        ["us-east-1a", "172.31.0.0/20", "use1-az1"], ["us-east-1b", "172.31.16.0/20", "use1-az2"],
        ["us-east-1c", "172.31.32.0/20", "use1-az3"]]);
});

test("ids stay the same over a restart and differ between regions", async () => {
    const ids = async (region) => {
        const c = s.client(EC2Client, { region });
        return (await c.send(new DescribeSubnetsCommand({}))).Subnets.map((n) => n.SubnetId);
    };
    const one = await ids("us-east-1"), other = await ids("eu-west-1");
    assert.strictEqual(new Set([...one, ...other]).size, 6);
    await s.restart();
    assert.deepStrictEqual(await ids("us-east-1"), one);
});

test("filters select by value and by wildcard", async () => {
    const zones = async (...Filters) => (await ec2.send(new DescribeSubnetsCommand({ Filters }))).Subnets.map((n) => n.AvailabilityZone);
    assert.deepStrictEqual(await zones({ Name: "availability-zone", Values: ["us-east-1b", "us-east-1c"] }), ["us-east-1b", "us-east-1c"]);
    assert.deepStrictEqual(await zones({ Name: "cidr-block", Values: ["172.31.1*"] }), ["us-east-1b"]);
    assert.deepStrictEqual(await zones({ Name: "default-for-az", Values: ["false"] }), []);
    assert.deepStrictEqual(await zones({ Name: "tag:Name", Values: ["*"] }), []);
    await refuses(zones({ Name: "colour", Values: ["red"] }), "InvalidParameterValue", /The filter 'colour' is invalid/);
});

test("a page's token is checked", async () => {
    const r = await ec2.send(new DescribeSubnetsCommand({ MaxResults: 5 }));
    assert.strictEqual(r.Subnets.length, 3);
    assert.strictEqual(r.NextToken, undefined);
    await refuses(ec2.send(new DescribeSubnetsCommand({ NextToken: "x" })), "InvalidNextToken");
});

test("unknown ids are refused with their own codes", async () => {
    const id = (p) => `${p}-0123456789abcdef0`;
    await refuses(ec2.send(new DescribeVpcsCommand({ VpcIds: [id("vpc")] })), "InvalidVpcID.NotFound", /The vpc ID 'vpc-0123456789abcdef0' does not exist/);
    await refuses(ec2.send(new DescribeSubnetsCommand({ SubnetIds: [id("subnet")] })), "InvalidSubnetID.NotFound");
    await refuses(ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [id("sg")] })), "InvalidGroup.NotFound");
    await refuses(ec2.send(new DescribeInstancesCommand({ InstanceIds: [id("i")] })), "InvalidInstanceID.NotFound");
    await refuses(ec2.send(new DescribeVpcsCommand({ VpcIds: ["nonsense"] })), "InvalidVpcId.Malformed");
    await refuses(ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id("eni")] })), "InvalidNetworkInterfaceID.NotFound");
});

test("the VPC has a security group, route table, gateway, ACL and attributes", async () => {
    const { Vpcs: [{ VpcId }] } = await ec2.send(new DescribeVpcsCommand({}));
    const { SecurityGroups: [sg] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-name", Values: ["default"] }] }));
    assert.strictEqual(sg.VpcId, VpcId);
    assert.strictEqual(sg.IpPermissions[0].UserIdGroupPairs[0].GroupId, sg.GroupId);
    const { InternetGateways: [igw] } = await ec2.send(new DescribeInternetGatewaysCommand({}));
    const { RouteTables: [rtb] } = await ec2.send(new DescribeRouteTablesCommand({ Filters: [{ Name: "association.main", Values: ["true"] }] }));
    assert.ok(rtb.Routes.some((r) => r.GatewayId === igw.InternetGatewayId));
    const { NetworkAcls: [acl] } = await ec2.send(new DescribeNetworkAclsCommand({}));
    assert.strictEqual(acl.Associations.length, 3);
    const a = await ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsSupport" }));
    assert.strictEqual(a.EnableDnsSupport.Value, true);
    const { AccountAttributes: [d] } = await ec2.send(new DescribeAccountAttributesCommand({ AttributeNames: ["default-vpc"] }));
    assert.strictEqual(d.AttributeValues[0].AttributeValue, VpcId);
});

test("regions and zones are listed", async () => {
    const { Regions } = await ec2.send(new DescribeRegionsCommand({ RegionNames: ["eu-west-1"] }));
    assert.deepStrictEqual(Regions.map((r) => [r.RegionName, r.OptInStatus]), [["eu-west-1", "opt-in-not-required"]]);
    const { AvailabilityZones } = await ec2.send(new DescribeAvailabilityZonesCommand({ ZoneNames: ["us-east-1c"] }));
    assert.deepStrictEqual(AvailabilityZones.map((z) => z.ZoneId), ["use1-az3"]);
    await refuses(ec2.send(new DescribeAvailabilityZonesCommand({ ZoneNames: ["us-east-1z"] })), "InvalidParameterValue");
});

test("what cannot be done is not implemented, and a dry run says so", async () => {
    await refuses(ec2.send(new RunInstancesCommand({ MinCount: 1, MaxCount: 1, ImageId: "ami-1" })), "NotImplemented", /RunInstances of EC2/);
    await refuses(ec2.send(new DescribeVpcsCommand({ DryRun: true })), "DryRunOperation");
    assert.deepStrictEqual((await ec2.send(new DescribeInstancesCommand({}))).Reservations ?? [], []);
});

test("the AWS CLI describes subnets", async () => {
    const { Subnets } = await s.aws("ec2", "describe-subnets");
    assert.strictEqual(Subnets.length, 3);
});
