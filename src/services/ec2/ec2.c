/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/ec2/ec2.h"

static const SwHandler handlers[] = {
    {EC2_DESCRIBE_ACCOUNT_ATTRIBUTES, SW_HANDLER(ec2_describe_account_attributes), 0},
    {EC2_DESCRIBE_AVAILABILITY_ZONES, SW_HANDLER(ec2_describe_availability_zones), 0},
    {EC2_DESCRIBE_INSTANCES, SW_HANDLER(ec2_describe_instances), 0},
    {EC2_DESCRIBE_INTERNET_GATEWAYS, SW_HANDLER(ec2_describe_internet_gateways), 0},
    {EC2_DESCRIBE_NETWORK_ACLS, SW_HANDLER(ec2_describe_network_acls), 0},
    {EC2_DESCRIBE_NETWORK_INTERFACES, SW_HANDLER(ec2_describe_network_interfaces), 0},
    {EC2_DESCRIBE_REGIONS, SW_HANDLER(ec2_describe_regions), 0},
    {EC2_DESCRIBE_ROUTE_TABLES, SW_HANDLER(ec2_describe_route_tables), 0},
    {EC2_DESCRIBE_SECURITY_GROUPS, SW_HANDLER(ec2_describe_security_groups), 0},
    {EC2_DESCRIBE_SUBNETS, SW_HANDLER(ec2_describe_subnets), 0},
    {EC2_DESCRIBE_VPC_ATTRIBUTE, SW_HANDLER(ec2_describe_vpc_attribute), 0},
    {EC2_DESCRIBE_VPCS, SW_HANDLER(ec2_describe_vpcs), 0},
};

const SwService sw_service_ec2 = {
    .name = "ec2",
    .api = &ec2_api,
    .handlers = handlers,
    .n_handlers = SW_N(handlers),
    .bad_token = {&EC2_INVALID_TOKEN, "The token '{token}' is invalid"},
    .invalid = &EC2_INVALID_PARAMETER_VALUE,
};
