/* SPDX-License-Identifier: Apache-2.0 */
/* Load balancers. State: provisioning until the data plane serves it, then active
 * (proxy_controller.c). */

#include "base/id.h"
#include "models/ec2.gen.h"
#include "services/elbv2/elbv2.h"

#define NAME_MAX_LENGTH 32

static int check_name(SwStr name, SwError *err) {
    if (name.n < 1 || name.n > NAME_MAX_LENGTH)
        return sw_fail(err, &SW_VALIDATION_ERROR, "The load balancer name '%.*s' cannot be longer than '32' characters",
                       SW_FMT(name));
    for (size_t i = 0; i < name.n; i++)
        if (!strchr("-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", name.p[i]))
            return sw_fail(err, &SW_VALIDATION_ERROR,
                           "The load balancer name '%.*s' can only contain characters that are "
                           "alphanumeric characters and hyphens(-)",
                           SW_FMT(name));
    if (name.p[0] == '-' || name.p[name.n - 1] == '-')
        return sw_fail(err, &SW_VALIDATION_ERROR, "The load balancer name '%.*s' cannot begin or end with a hyphen",
                       SW_FMT(name));
    if (sw_str_starts(name, SW_STR("internal-")))
        return sw_fail(err, &SW_VALIDATION_ERROR, "The load balancer name '%.*s' cannot begin with 'internal-'", SW_FMT(name));
    return 0;
}

static int refuse(const char *field, const char *why, SwError *err) {
    return sw_refuse_field(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, field, why);
}

static int check_ip_type(SwStr type, SwError *err) {
    if (sw_str_is(type) && !elbv2_is(type, "ipv4"))
        return refuse("IpAddressType", "only ipv4 is supported", err);
    return 0;
}

static int mapped_subnets(SwCtx *cx, const SwStrList *subnets, const Elbv2SubnetMappingList *mappings, SwStrList *ret_l,
                          SwError *err) {
    *ret_l = (SwStrList){0};
    if (subnets->n && mappings->n)
        return sw_fail(err, &SW_VALIDATION_ERROR, "You must specify either subnets or subnet mappings, but not both");
    for (size_t i = 0; i < subnets->n; i++)
        sw_str_list_add(cx->arena, ret_l, subnets->v[i]);
    for (size_t i = 0; i < mappings->n; i++) {
        const Elbv2SubnetMapping *m = &mappings->v[i];
        if (sw_str_is(m->allocation_id) || sw_str_is(m->private_ipv4_address))
            return refuse(sw_str_is(m->allocation_id) ? "SubnetMappings.AllocationId" : "SubnetMappings.PrivateIPv4Address",
                          "addresses cannot be chosen", err);
        if (sw_str_is(m->ipv6_address) || sw_str_is(m->source_nat_ipv6_prefix))
            return refuse(sw_str_is(m->ipv6_address) ? "SubnetMappings.IPv6Address" : "SubnetMappings.SourceNatIpv6Prefix",
                          "IPv6 is not supported", err);
        sw_str_list_add(cx->arena, ret_l, m->subnet_id);
    }
    return 0;
}

/* Subnets must exist, each in a zone of its own; an application load balancer needs two. */
static int place(SwCtx *cx, Elbv2LoadBalancer *lb, const SwStrList *subnets, const Elbv2SubnetMappingList *mappings,
                 SwError *err) {
    Ec2DescribeSubnetsRequest in = {0};
    Ec2DescribeSubnetsResult *out;
    if (mapped_subnets(cx, subnets, mappings, &in.subnet_ids, err) < 0)
        return -1;
    if (in.subnet_ids.n < (elbv2_is(lb->type, "network") ? 1 : 2))
        return sw_fail(err, &SW_VALIDATION_ERROR,
                       in.subnet_ids.n ? "At least two subnets in two different Availability Zones must be specified"
                                       : "At least one subnet must be specified");
    if (ec2_call_describe_subnets(cx, &in, &out, err) < 0) {
        bool missing = !strncmp(err->kind->code, "InvalidSubnet", 13);
        return sw_refuse_as(err, missing ? &ELBV2_SUBNET_NOT_FOUND_EXCEPTION : &ELBV2_INVALID_SUBNET_EXCEPTION, "%s",
                            err->message);
    }
    lb->availability_zones = (Elbv2AvailabilityZoneList){0};
    for (size_t i = 0; i < out->subnets.n; i++) {
        const Ec2Subnet *s = &out->subnets.v[i];
        for (size_t k = 0; k < lb->availability_zones.n; k++)
            if (sw_str_eq(lb->availability_zones.v[k].zone_name, s->availability_zone))
                return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
                               "A load balancer cannot be attached to multiple subnets in the same "
                               "Availability Zone");
        Elbv2AvailabilityZone *z = sw_list_add(cx->arena, &lb->availability_zones);
        *z = (Elbv2AvailabilityZone){.zone_name = s->availability_zone, .subnet_id = s->subnet_id};
        sw_list_present(cx->arena, &z->load_balancer_addresses);
        lb->vpc_id = s->vpc_id;
    }
    if (in.subnet_ids.n != out->subnets.n)
        return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION, "A subnet is specified twice");
    return 0;
}

static int secure(SwCtx *cx, Elbv2LoadBalancer *lb, const SwStrList *groups, SwError *err) {
    Ec2DescribeSecurityGroupsRequest in = {.group_ids = *groups};
    Ec2DescribeSecurityGroupsResult *out;
    if (!groups->n) {
        if (elbv2_is(lb->type, "network"))
            return 0;
        Ec2Filter *f = sw_list_add(cx->arena, &in.filters);
        f->name = SW_STR("group-name");
        sw_str_list_add(cx->arena, &f->values, SW_STR("default"));
    }
    if (ec2_call_describe_security_groups(cx, &in, &out, err) < 0)
        return sw_refuse_as(err, &ELBV2_INVALID_SECURITY_GROUP_EXCEPTION, "%s", err->message);
    lb->security_groups = (SwStrList){0};
    for (size_t i = 0; i < out->security_groups.n; i++)
        sw_str_list_add(cx->arena, &lb->security_groups, out->security_groups.v[i].group_id);
    return 0;
}

static int check_create(SwCtx *cx, const Elbv2CreateLoadBalancerInput *in, Elbv2LoadBalancerRecord *r, SwError *err) {
    if (elbv2_is(in->type, "gateway"))
        return refuse("Type", "gateway load balancers are not supported", err);
    if (sw_str_is(in->customer_owned_ipv4_pool))
        return refuse("CustomerOwnedIpv4Pool", "there are no Outposts", err);
    if (elbv2_is(in->enable_prefix_for_ipv6_source_nat, "on"))
        return refuse("EnablePrefixForIpv6SourceNat", "IPv6 is not supported", err);
    if (check_name(in->name, err) < 0 || check_ip_type(in->ip_address_type, err) < 0)
        return -1;
    return elbv2_load_balancer_set_tags(cx, in->name, r, SW_GIVEN_TAGS(&in->tags), err);
}

static int make(SwCtx *cx, const Elbv2CreateLoadBalancerInput *in, Elbv2LoadBalancerRecord *r, SwError *err) {
    Elbv2LoadBalancer *lb = r->load_balancer = sw_new(cx->arena, Elbv2LoadBalancer);
    lb->type = sw_str_or(in->type, SW_STR("application"));
    lb->load_balancer_name = in->name;
    lb->scheme = sw_str_or(in->scheme, SW_STR("internet-facing"));
    lb->ip_address_type = SW_STR("ipv4");
    if (place(cx, lb, &in->subnets, &in->subnet_mappings, err) < 0 || secure(cx, lb, &in->security_groups, err) < 0)
        return -1;
    r->hex = sw_id_hex(cx->arena, 16);
    lb->load_balancer_arn = elbv2_load_balancer_arn(cx, elbv2_kind(lb->type), in->name, r->hex);
    lb->dns_name = sw_str_lower(cx->arena, sw_strf(cx->arena, "%.*s-%.*s.%.*s.elb.localhost", SW_FMT(in->name), SW_FMT(r->hex),
                                                   SW_FMT(cx->region)));
    lb->canonical_hosted_zone_id = SW_STR("Z35SXDOTRQ7X7K");
    lb->created_time = SW_SOME_TIME(sw_now(cx));
    lb->state = sw_new(cx->arena, Elbv2LoadBalancerState);
    lb->state->code = SW_STR("provisioning");
    return 0;
}

/* The same request again gets what is there. */
static int same_again(const Elbv2LoadBalancerRecord *old, Elbv2LoadBalancerRecord *r, SwError *err) {
    const Elbv2LoadBalancer *was = old->load_balancer;
    Elbv2LoadBalancer *lb = r->load_balancer;
    lb->load_balancer_arn = was->load_balancer_arn;
    lb->dns_name = was->dns_name;
    lb->created_time = was->created_time;
    lb->state = was->state;
    bool same = sw_shape_equal(&elbv2_shape_load_balancer, was, lb) && old->tags.n == r->tags.n;
    for (size_t i = 0; same && i < r->tags.n; i++)
        same = sw_shape_equal(&elbv2_shape_tag, &old->tags.v[i], &r->tags.v[i]);
    return same ? 0
                : sw_fail(err, &ELBV2_DUPLICATE_LOAD_BALANCER_NAME_EXCEPTION,
                          "A load balancer with the same name '%.*s' exists, but with different "
                          "settings",
                          SW_FMT(was->load_balancer_name));
}

int elbv2_create_load_balancer(SwCtx *cx, const Elbv2CreateLoadBalancerInput *in, Elbv2CreateLoadBalancerOutput *out,
                               SwError *err) {
    Elbv2LoadBalancerRecord r = {0};
    Elbv2LoadBalancerRecord *old;
    if (check_create(cx, in, &r, err) < 0 || make(cx, in, &r, err) < 0 || elbv2_load_balancer_find(cx, in->name, &old, err) < 0)
        return -1;
    *sw_list_add(cx->arena, &out->load_balancers) = *r.load_balancer;
    if (old) {
        if (same_again(old, &r, err) < 0)
            return -1;
        out->load_balancers.v[0] = *old->load_balancer;
        return 0;
    }
    if (elbv2_load_balancer_save(cx, &r, err) < 0 || elbv2_wake_proxy(cx, err) < 0)
        return -1;
    return elbv2_wake_metrics(cx, err);
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(Elbv2LoadBalancer *)to = *elbv2_load_balancers_row(row)->load_balancer;
    return 0;
}

int elbv2_describe_load_balancers(SwCtx *cx, const Elbv2DescribeLoadBalancersInput *in, Elbv2DescribeLoadBalancersOutput *out,
                                  SwError *err) {
    sw_list_present(cx->arena, &out->load_balancers);
    for (size_t i = 0; i < in->load_balancer_arns.n; i++) {
        Elbv2LoadBalancerRecord *r;
        if (elbv2_load_balancer_by_arn(cx, in->load_balancer_arns.v[i], &r, err) < 0)
            return -1;
        *sw_list_add(cx->arena, &out->load_balancers) = *r->load_balancer;
    }
    for (size_t i = 0; i < in->names.n; i++) {
        Elbv2LoadBalancerRecord *r;
        if (elbv2_load_balancer_find(cx, in->names.v[i], &r, err) < 0)
            return -1;
        if (!r)
            return sw_fail(err, &ELBV2_LOAD_BALANCER_NOT_FOUND_EXCEPTION, "Load balancers '[%.*s]' not found",
                           SW_FMT(in->names.v[i]));
        *sw_list_add(cx->arena, &out->load_balancers) = *r->load_balancer;
    }
    if (in->load_balancer_arns.n || in->names.n)
        return 0;
    return sw_page(cx, &(SwPage){.of = &elbv2_load_balancers, .show = show_row, .usual = ELBV2_PAGE}, out, err);
}

int elbv2_delete_load_balancer(SwCtx *cx, const Elbv2DeleteLoadBalancerInput *in, Elbv2DeleteLoadBalancerOutput *out,
                               SwError *err) {
    Elbv2LoadBalancerRecord *r;
    Elbv2ListenerRecords l;
    if (elbv2_load_balancer_by_arn(cx, in->load_balancer_arn, &r, err) < 0) {
        if (!sw_error_is(err, &ELBV2_LOAD_BALANCER_NOT_FOUND_EXCEPTION))
            return -1;
        sw_error_reset(err); /* as AWS: deleting what is gone succeeds */
        return 0;
    }
    if (elbv2_is(elbv2_attribute(elbv2_application_attributes, &r->attributes, "deletion_protection.enabled"), "true"))
        return sw_fail(err, &ELBV2_OPERATION_NOT_PERMITTED_EXCEPTION,
                       "Load balancer '%.*s' cannot be deleted because deletion protection is enabled",
                       SW_FMT(in->load_balancer_arn));
    if (elbv2_listeners_of(cx, in->load_balancer_arn, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++)
        if (elbv2_listener_end(cx, l.v[i].record, err) < 0)
            return -1;
    if (elbv2_load_balancer_drop(cx, r, err) < 0)
        return -1;
    return elbv2_wake_proxy(cx, err);
}

int elbv2_set_security_groups(SwCtx *cx, const Elbv2SetSecurityGroupsInput *in, Elbv2SetSecurityGroupsOutput *out,
                              SwError *err) {
    Elbv2LoadBalancerRecord *r;
    if (sw_str_is(in->enforce_security_group_inbound_rules_on_private_link_traffic))
        return refuse("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "there is no PrivateLink", err);
    if (elbv2_load_balancer_by_arn(cx, in->load_balancer_arn, &r, err) < 0)
        return -1;
    if (elbv2_is(r->load_balancer->type, "network") && !r->load_balancer->security_groups.n)
        return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
                       "The specified Network Load Balancer was created without security groups; "
                       "they cannot be set later");
    if (elbv2_is(r->load_balancer->type, "network") && !in->security_groups.n)
        return sw_fail(err, &ELBV2_INVALID_CONFIGURATION_REQUEST_EXCEPTION,
                       "A Network Load Balancer that has security groups needs at least one");
    if (secure(cx, r->load_balancer, &in->security_groups, err) < 0)
        return -1;
    out->security_group_ids = r->load_balancer->security_groups;
    return elbv2_load_balancer_save(cx, r, err);
}

int elbv2_set_subnets(SwCtx *cx, const Elbv2SetSubnetsInput *in, Elbv2SetSubnetsOutput *out, SwError *err) {
    Elbv2LoadBalancerRecord *r;
    if (elbv2_is(in->enable_prefix_for_ipv6_source_nat, "on"))
        return refuse("EnablePrefixForIpv6SourceNat", "IPv6 is not supported", err);
    if (check_ip_type(in->ip_address_type, err) < 0 || elbv2_load_balancer_by_arn(cx, in->load_balancer_arn, &r, err) < 0 ||
        place(cx, r->load_balancer, &in->subnets, &in->subnet_mappings, err) < 0)
        return -1;
    out->availability_zones = r->load_balancer->availability_zones;
    out->ip_address_type = r->load_balancer->ip_address_type;
    return elbv2_load_balancer_save(cx, r, err);
}

int elbv2_set_ip_address_type(SwCtx *cx, const Elbv2SetIpAddressTypeInput *in, Elbv2SetIpAddressTypeOutput *out, SwError *err) {
    Elbv2LoadBalancerRecord *r;
    out->ip_address_type = in->ip_address_type;
    return check_ip_type(in->ip_address_type, err) < 0 ? -1 : elbv2_load_balancer_by_arn(cx, in->load_balancer_arn, &r, err);
}

/* None can be reserved, so there is none to show. */
int elbv2_describe_capacity_reservation(SwCtx *cx, const Elbv2DescribeCapacityReservationInput *in,
                                        Elbv2DescribeCapacityReservationOutput *out, SwError *err) {
    Elbv2LoadBalancerRecord *r;
    sw_list_present(cx->arena, &out->capacity_reservation_state);
    return elbv2_load_balancer_by_arn(cx, in->load_balancer_arn, &r, err);
}
