/* SPDX-License-Identifier: Apache-2.0 */
/* The default VPC and what belongs to it. */

#include "base/digest.h"
#include "services/ec2/ec2.h"

#define KIND(name, wire) static const SwErrorKind name = {.code = wire, .http = 400}
const SwErrorKind EC2_INVALID_VPC_ID_NOT_FOUND = {.code = "InvalidVpcID.NotFound", .http = 400};
const SwErrorKind EC2_INVALID_VPC_ID_MALFORMED = {.code = "InvalidVpcId.Malformed", .http = 400};
KIND(subnet_not_found, "InvalidSubnetID.NotFound");
KIND(subnet_malformed, "InvalidSubnetId.Malformed");
KIND(group_not_found, "InvalidGroup.NotFound");
KIND(group_malformed, "InvalidGroupId.Malformed");
KIND(route_table_not_found, "InvalidRouteTableID.NotFound");
KIND(gateway_not_found, "InvalidInternetGatewayID.NotFound");
KIND(acl_not_found, "InvalidNetworkAclID.NotFound");
KIND(interface_not_found, "InvalidNetworkInterfaceID.NotFound");
KIND(instance_not_found, "InvalidInstanceID.NotFound");
KIND(instance_malformed, "InvalidInstanceID.Malformed");

SwStr ec2_id(SwCtx *cx, const char *kind, int n) {
    SwStr seed = sw_strf(cx->arena, "%.*s/%.*s/%s/%d", SW_FMT(cx->account), SW_FMT(cx->region), kind, n);
    SwStr digest = sw_sha256_hex(cx->arena, seed);
    return sw_strf(cx->arena, "%s-0%.16s", kind, digest.p);
}

int ec2_describe_vpcs(SwCtx *cx, const Ec2DescribeVpcsRequest *in, Ec2DescribeVpcsResult *out, SwError *err) {
    static const Ec2FilterPath filters[] = {{"cidr", "CidrBlock"},
                                            {"cidr-block-association.cidr-block", "CidrBlockAssociationSet.CidrBlock"},
                                            {"cidr-block-association.association-id", "CidrBlockAssociationSet.AssociationId"},
                                            {"cidr-block-association.state", "CidrBlockAssociationSet.CidrBlockState.State"},
                                            {"dhcp-options-id", "DhcpOptionsId"},
                                            {"is-default", "IsDefault"},
                                            {"isDefault", "IsDefault"},
                                            {"owner-id", "OwnerId"},
                                            {"state", "State"},
                                            {"vpc-id", "VpcId"},
                                            {NULL, NULL}};
    static const Ec2Kind kind = {
        &ec2_shape_vpc, "VpcId", "vpc-", "vpc ID", &EC2_INVALID_VPC_ID_NOT_FOUND, &EC2_INVALID_VPC_ID_MALFORMED, filters};
    Ec2Vpc *v = sw_list_add(cx->arena, &out->vpcs);
    *v = (Ec2Vpc){.vpc_id = ec2_id(cx, "vpc", 0),
                  .owner_id = cx->account,
                  .cidr_block = SW_STR(EC2_VPC_CIDR),
                  .state = SW_STR("available"),
                  .instance_tenancy = SW_STR("default"),
                  .is_default = SW_SOME_BOOL(true),
                  .dhcp_options_id = ec2_id(cx, "dopt", 0)};
    Ec2VpcCidrBlockAssociation *c = sw_list_add(cx->arena, &v->cidr_block_association_set);
    c->association_id = ec2_id(cx, "vpc-cidr-assoc", 0);
    c->cidr_block = v->cidr_block;
    c->cidr_block_state = sw_new(cx->arena, Ec2VpcCidrBlockState);
    c->cidr_block_state->state = SW_STR("associated");
    Ec2Select s = {&in->vpc_ids, &in->filters, in->dry_run, in->max_results};
    return ec2_select(cx, &kind, &s, &out->vpcs, out, err);
}

int ec2_describe_subnets(SwCtx *cx, const Ec2DescribeSubnetsRequest *in, Ec2DescribeSubnetsResult *out, SwError *err) {
    static const Ec2FilterPath filters[] = {{"availability-zone", "AvailabilityZone"},
                                            {"availabilityZone", "AvailabilityZone"},
                                            {"availability-zone-id", "AvailabilityZoneId"},
                                            {"available-ip-address-count", "AvailableIpAddressCount"},
                                            {"cidr-block", "CidrBlock"},
                                            {"cidr", "CidrBlock"},
                                            {"default-for-az", "DefaultForAz"},
                                            {"defaultForAz", "DefaultForAz"},
                                            {"map-public-ip-on-launch", "MapPublicIpOnLaunch"},
                                            {"owner-id", "OwnerId"},
                                            {"state", "State"},
                                            {"subnet-arn", "SubnetArn"},
                                            {"subnet-id", "SubnetId"},
                                            {"vpc-id", "VpcId"},
                                            {NULL, NULL}};
    static const Ec2Kind kind = {&ec2_shape_subnet, "SubnetId",        "subnet-", "subnet ID",
                                 &subnet_not_found, &subnet_malformed, filters};
    for (int i = 0; i < EC2_SUBNETS; i++) {
        SwStr id = ec2_id(cx, "subnet", i);
        *sw_list_add(cx->arena, &out->subnets) = (Ec2Subnet){.subnet_id = id,
                                                             .subnet_arn = ec2_subnet_arn(cx, id),
                                                             .vpc_id = ec2_id(cx, "vpc", 0),
                                                             .owner_id = cx->account,
                                                             .state = SW_STR("available"),
                                                             .cidr_block = sw_strf(cx->arena, "172.31.%d.0/20", 16 * i),
                                                             .availability_zone = ec2_zone(cx, i),
                                                             .availability_zone_id = ec2_zone_id(cx->arena, cx->region, i),
                                                             .available_ip_address_count = SW_SOME_INT(4091),
                                                             .default_for_az = SW_SOME_BOOL(true),
                                                             .map_public_ip_on_launch = SW_SOME_BOOL(true),
                                                             .assign_ipv6_address_on_creation = SW_SOME_BOOL(false),
                                                             .ipv6_native = SW_SOME_BOOL(false),
                                                             .enable_dns64 = SW_SOME_BOOL(false)};
    }
    Ec2Select s = {&in->subnet_ids, &in->filters, in->dry_run, in->max_results};
    return ec2_select(cx, &kind, &s, &out->subnets, out, err);
}

static Ec2IpPermission *permit_all(SwCtx *cx, Ec2IpPermissionList *l) {
    Ec2IpPermission *p = sw_list_add(cx->arena, l);
    p->ip_protocol = SW_STR("-1");
    return p;
}

int ec2_describe_security_groups(SwCtx *cx, const Ec2DescribeSecurityGroupsRequest *in, Ec2DescribeSecurityGroupsResult *out,
                                 SwError *err) {
    static const Ec2FilterPath filters[] = {{"description", "Description"},
                                            {"group-id", "GroupId"},
                                            {"group-name", "GroupName"},
                                            {"owner-id", "OwnerId"},
                                            {"vpc-id", "VpcId"},
                                            {"ip-permission.protocol", "IpPermissions.IpProtocol"},
                                            {"ip-permission.group-id", "IpPermissions.UserIdGroupPairs.GroupId"},
                                            {"egress.ip-permission.cidr", "IpPermissionsEgress.IpRanges.CidrIp"},
                                            {NULL, NULL}};
    static const Ec2Kind kind = {&ec2_shape_security_group, "GroupId",        "sg-",  "security group",
                                 &group_not_found,          &group_malformed, filters};
    Ec2SecurityGroup *g = sw_list_add(cx->arena, &out->security_groups);
    SwStr id = ec2_id(cx, "sg", 0);
    *g = (Ec2SecurityGroup){.group_id = id,
                            .group_name = SW_STR("default"),
                            .description = SW_STR("default VPC security group"),
                            .vpc_id = ec2_id(cx, "vpc", 0),
                            .owner_id = cx->account,
                            .security_group_arn = ec2_security_group_arn(cx, id)};
    Ec2IpPermission *in_all = permit_all(cx, &g->ip_permissions), *out_all = permit_all(cx, &g->ip_permissions_egress);
    Ec2UserIdGroupPair *self = sw_list_add(cx->arena, &in_all->user_id_group_pairs);
    self->group_id = id;
    self->user_id = cx->account;
    Ec2IpRange *anywhere = sw_list_add(cx->arena, &out_all->ip_ranges);
    anywhere->cidr_ip = SW_STR("0.0.0.0/0");
    for (size_t i = 0; i < in->group_names.n; i++)
        if (!sw_str_eqz(in->group_names.v[i], "default"))
            return sw_fail(err, &group_not_found, "The security group '%.*s' does not exist in default VPC '%.*s'",
                           SW_FMT(in->group_names.v[i]), SW_FMT(g->vpc_id));
    Ec2Select s = {&in->group_ids, &in->filters, in->dry_run, in->max_results};
    return ec2_select(cx, &kind, &s, &out->security_groups, out, err);
}

int ec2_describe_route_tables(SwCtx *cx, const Ec2DescribeRouteTablesRequest *in, Ec2DescribeRouteTablesResult *out,
                              SwError *err) {
    static const Ec2FilterPath filters[] = {{"association.main", "Associations.Main"},
                                            {"association.route-table-association-id", "Associations.RouteTableAssociationId"},
                                            {"association.route-table-id", "Associations.RouteTableId"},
                                            {"association.subnet-id", "Associations.SubnetId"},
                                            {"owner-id", "OwnerId"},
                                            {"route-table-id", "RouteTableId"},
                                            {"route.destination-cidr-block", "Routes.DestinationCidrBlock"},
                                            {"route.gateway-id", "Routes.GatewayId"},
                                            {"route.state", "Routes.State"},
                                            {"vpc-id", "VpcId"},
                                            {NULL, NULL}};
    static const Ec2Kind kind = {&ec2_shape_route_table, "RouteTableId", "rtb-", "routeTable ID",
                                 &route_table_not_found, NULL,           filters};
    Ec2RouteTable *t = sw_list_add(cx->arena, &out->route_tables);
    *t = (Ec2RouteTable){.route_table_id = ec2_id(cx, "rtb", 0), .vpc_id = ec2_id(cx, "vpc", 0), .owner_id = cx->account};
    Ec2RouteTableAssociation *a = sw_list_add(cx->arena, &t->associations);
    a->main = SW_SOME_BOOL(true);
    a->route_table_id = t->route_table_id;
    a->route_table_association_id = ec2_id(cx, "rtbassoc", 0);
    a->association_state = sw_new(cx->arena, Ec2RouteTableAssociationState);
    a->association_state->state = SW_STR("associated");
    *sw_list_add(cx->arena, &t->routes) = (Ec2Route){.destination_cidr_block = SW_STR(EC2_VPC_CIDR),
                                                     .gateway_id = SW_STR("local"),
                                                     .origin = SW_STR("CreateRouteTable"),
                                                     .state = SW_STR("active")};
    *sw_list_add(cx->arena, &t->routes) = (Ec2Route){.destination_cidr_block = SW_STR("0.0.0.0/0"),
                                                     .gateway_id = ec2_id(cx, "igw", 0),
                                                     .origin = SW_STR("CreateRoute"),
                                                     .state = SW_STR("active")};
    Ec2Select s = {&in->route_table_ids, &in->filters, in->dry_run, in->max_results};
    return ec2_select(cx, &kind, &s, &out->route_tables, out, err);
}

int ec2_describe_internet_gateways(SwCtx *cx, const Ec2DescribeInternetGatewaysRequest *in,
                                   Ec2DescribeInternetGatewaysResult *out, SwError *err) {
    static const Ec2FilterPath filters[] = {{"attachment.state", "Attachments.State"},
                                            {"attachment.vpc-id", "Attachments.VpcId"},
                                            {"internet-gateway-id", "InternetGatewayId"},
                                            {"owner-id", "OwnerId"},
                                            {NULL, NULL}};
    static const Ec2Kind kind = {
        &ec2_shape_internet_gateway, "InternetGatewayId", "igw-", "internetGateway ID", &gateway_not_found, NULL, filters};
    Ec2InternetGateway *g = sw_list_add(cx->arena, &out->internet_gateways);
    g->internet_gateway_id = ec2_id(cx, "igw", 0);
    g->owner_id = cx->account;
    *sw_list_add(cx->arena, &g->attachments) =
        (Ec2InternetGatewayAttachment){.state = SW_STR("available"), .vpc_id = ec2_id(cx, "vpc", 0)};
    Ec2Select s = {&in->internet_gateway_ids, &in->filters, in->dry_run, in->max_results};
    return ec2_select(cx, &kind, &s, &out->internet_gateways, out, err);
}

int ec2_describe_network_acls(SwCtx *cx, const Ec2DescribeNetworkAclsRequest *in, Ec2DescribeNetworkAclsResult *out,
                              SwError *err) {
    static const Ec2FilterPath filters[] = {{"association.association-id", "Associations.NetworkAclAssociationId"},
                                            {"association.network-acl-id", "Associations.NetworkAclId"},
                                            {"association.subnet-id", "Associations.SubnetId"},
                                            {"default", "IsDefault"},
                                            {"entry.cidr", "Entries.CidrBlock"},
                                            {"entry.egress", "Entries.Egress"},
                                            {"entry.protocol", "Entries.Protocol"},
                                            {"entry.rule-action", "Entries.RuleAction"},
                                            {"entry.rule-number", "Entries.RuleNumber"},
                                            {"network-acl-id", "NetworkAclId"},
                                            {"owner-id", "OwnerId"},
                                            {"vpc-id", "VpcId"},
                                            {NULL, NULL}};
    static const Ec2Kind kind = {&ec2_shape_network_acl, "NetworkAclId", "acl-", "networkAcl ID",
                                 &acl_not_found,         NULL,           filters};
    Ec2NetworkAcl *l = sw_list_add(cx->arena, &out->network_acls);
    *l = (Ec2NetworkAcl){.network_acl_id = ec2_id(cx, "acl", 0),
                         .is_default = SW_SOME_BOOL(true),
                         .vpc_id = ec2_id(cx, "vpc", 0),
                         .owner_id = cx->account};
    for (int i = 0; i < EC2_SUBNETS; i++)
        *sw_list_add(cx->arena, &l->associations) =
            (Ec2NetworkAclAssociation){.network_acl_association_id = ec2_id(cx, "aclassoc", i),
                                       .network_acl_id = l->network_acl_id,
                                       .subnet_id = ec2_id(cx, "subnet", i)};
    for (int i = 0; i < 4; i++)
        *sw_list_add(cx->arena, &l->entries) = (Ec2NetworkAclEntry){.cidr_block = SW_STR("0.0.0.0/0"),
                                                                    .egress = SW_SOME_BOOL(i < 2),
                                                                    .protocol = SW_STR("-1"),
                                                                    .rule_action = i % 2 ? SW_STR("deny") : SW_STR("allow"),
                                                                    .rule_number = SW_SOME_INT(i % 2 ? 32767 : 100)};
    Ec2Select s = {&in->network_acl_ids, &in->filters, in->dry_run, in->max_results};
    return ec2_select(cx, &kind, &s, &out->network_acls, out, err);
}

int ec2_describe_vpc_attribute(SwCtx *cx, const Ec2DescribeVpcAttributeRequest *in, Ec2DescribeVpcAttributeResult *out,
                               SwError *err) {
    if (!sw_str_starts(in->vpc_id, SW_STR("vpc-")))
        return sw_fail(err, &EC2_INVALID_VPC_ID_MALFORMED, "Invalid id: \"%.*s\"", SW_FMT(in->vpc_id));
    if (!sw_str_eq(in->vpc_id, ec2_id(cx, "vpc", 0)))
        return sw_fail(err, &EC2_INVALID_VPC_ID_NOT_FOUND, "The vpc ID '%.*s' does not exist", SW_FMT(in->vpc_id));
    Ec2AttributeBooleanValue *v = sw_new(cx->arena, Ec2AttributeBooleanValue);
    out->vpc_id = in->vpc_id;
    v->value = SW_SOME_BOOL(!sw_str_eqz(in->attribute, "enableNetworkAddressUsageMetrics"));
    if (sw_str_eqz(in->attribute, "enableDnsSupport"))
        out->enable_dns_support = v;
    else if (sw_str_eqz(in->attribute, "enableDnsHostnames"))
        out->enable_dns_hostnames = v;
    else
        out->enable_network_address_usage_metrics = v;
    return ec2_dry_run(in->dry_run, err);
}

/* There are no instances and no interfaces of EC2's: tasks have theirs in containers' networks. */
int ec2_describe_network_interfaces(SwCtx *cx, const Ec2DescribeNetworkInterfacesRequest *in,
                                    Ec2DescribeNetworkInterfacesResult *out, SwError *err) {
    static const Ec2FilterPath filters[] = {{"availability-zone", "AvailabilityZone"},
                                            {"attachment.instance-id", "Attachment.InstanceId"},
                                            {"description", "Description"},
                                            {"group-id", "Groups.GroupId"},
                                            {"group-name", "Groups.GroupName"},
                                            {"interface-type", "InterfaceType"},
                                            {"network-interface-id", "NetworkInterfaceId"},
                                            {"owner-id", "OwnerId"},
                                            {"private-ip-address", "PrivateIpAddress"},
                                            {"addresses.private-ip-address", "PrivateIpAddresses.PrivateIpAddress"},
                                            {"requester-id", "RequesterId"},
                                            {"status", "Status"},
                                            {"subnet-id", "SubnetId"},
                                            {"vpc-id", "VpcId"},
                                            {NULL, NULL}};
    static const Ec2Kind kind = {
        &ec2_shape_network_interface, "NetworkInterfaceId", NULL, "networkInterface ID", &interface_not_found, NULL, filters};
    Ec2Select s = {&in->network_interface_ids, &in->filters, in->dry_run, in->max_results};
    return ec2_select(cx, &kind, &s, &out->network_interfaces, out, err);
}

int ec2_describe_instances(SwCtx *cx, const Ec2DescribeInstancesRequest *in, Ec2DescribeInstancesResult *out, SwError *err) {
    static const Ec2FilterPath filters[] = {{"availability-zone", "Placement.AvailabilityZone"},
                                            {"image-id", "ImageId"},
                                            {"instance-id", "InstanceId"},
                                            {"instance-state-name", "State.Name"},
                                            {"instance-type", "InstanceType"},
                                            {"private-ip-address", "PrivateIpAddress"},
                                            {"subnet-id", "SubnetId"},
                                            {"vpc-id", "VpcId"},
                                            {NULL, NULL}};
    static const Ec2Kind kind = {&ec2_shape_instance, "InstanceId",        "i-",   "instance ID",
                                 &instance_not_found, &instance_malformed, filters};
    Ec2InstanceList none = {0};
    Ec2Select s = {&in->instance_ids, &in->filters, in->dry_run, in->max_results};
    sw_list_present(cx->arena, &out->reservations);
    return ec2_select(cx, &kind, &s, &none, out, err);
}
