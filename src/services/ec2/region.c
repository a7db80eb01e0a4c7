/* SPDX-License-Identifier: Apache-2.0 */
/* Regions, their zones, and the account's attributes. */

#include "services/ec2/ec2.h"

static const SwErrorKind no_zone = {.code = "InvalidParameterValue", .http = 400};

/* Those that every account has, then those that it must opt in to, which no account here does. */
static const char *const regions[] = {"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1",
                                      "ap-southeast-2", "ca-central-1",   "eu-central-1",   "eu-north-1", "eu-west-1",
                                      "eu-west-2",      "eu-west-3",      "sa-east-1",      "us-east-1",  "us-east-2",
                                      "us-west-1",      "us-west-2"};
static const char *const opt_in[] = {"af-south-1",     "ap-east-1",    "ap-south-2",   "ap-southeast-3",
                                     "ap-southeast-4", "ca-west-1",    "eu-central-2", "eu-south-1",
                                     "eu-south-2",     "il-central-1", "me-central-1", "me-south-1"};

SwStr ec2_zone(SwCtx *cx, int n) {
    return sw_strf(cx->arena, "%.*s%c", SW_FMT(cx->region), 'a' + n);
}

/* "ap-northeast-1" -> "apne1-az1": the first word, the initials of the compass words, the number. */
SwStr ec2_zone_id(SwArena *a, SwStr region, int n) {
    static const struct {
        const char *word, *letters;
    } words[] = {{"northeast", "ne"}, {"northwest", "nw"}, {"southeast", "se"}, {"southwest", "sw"}, {"north", "n"},
                 {"south", "s"},      {"east", "e"},       {"west", "w"},       {"central", "c"},    {"gov", "g"}};
    SwBuf b = sw_buf(a, 256);
    SwStr part;
    for (bool first = true; sw_str_next(&region, '-', &part); first = false) {
        const char *letters = NULL;
        for (size_t i = 0; i < SW_N(words) && !first && !letters; i++)
            letters = sw_str_eqz(part, words[i].word) ? words[i].letters : NULL;
        sw_buf_adds(&b, letters ? sw_str(letters) : part);
    }
    sw_buf_addf(&b, "-az%d", n + 1);
    return sw_buf_str(&b);
}

int ec2_describe_availability_zones(SwCtx *cx, const Ec2DescribeAvailabilityZonesRequest *in,
                                    Ec2DescribeAvailabilityZonesResult *out, SwError *err) {
    static const Ec2FilterPath filters[] = {{"group-name", "GroupName"},   {"opt-in-status", "OptInStatus"},
                                            {"region-name", "RegionName"}, {"state", "State"},
                                            {"zone-id", "ZoneId"},         {"zone-name", "ZoneName"},
                                            {"zone-type", "ZoneType"},     {NULL, NULL}};
    static const Ec2Kind by_name = {
        &ec2_shape_availability_zone, "ZoneName", NULL, "availability zone", &no_zone, NULL, filters};
    static const Ec2Kind by_id = {
        &ec2_shape_availability_zone, "ZoneId", NULL, "availability zone ID", &no_zone, NULL, filters};
    for (int i = 0; i < EC2_SUBNETS; i++)
        *sw_list_add(cx->arena, &out->availability_zones) =
            (Ec2AvailabilityZone){.state = SW_STR("available"),
                                  .opt_in_status = SW_STR("opt-in-not-required"),
                                  .region_name = cx->region,
                                  .zone_name = ec2_zone(cx, i),
                                  .zone_id = ec2_zone_id(cx->arena, cx->region, i),
                                  .zone_type = SW_STR("availability-zone"),
                                  .group_name = sw_strf(cx->arena, "%.*s-zg-1", SW_FMT(cx->region)),
                                  .network_border_group = cx->region};
    Ec2Select names = {.ids = &in->zone_names, .filters = &in->filters},
              ids = {.ids = &in->zone_ids, .filters = &in->filters, .dry_run = in->dry_run};
    if (ec2_select(cx, &by_name, &names, &out->availability_zones, NULL, err) < 0)
        return -1;
    return ec2_select(cx, &by_id, &ids, &out->availability_zones, NULL, err);
}

static void add_region(SwCtx *cx, Ec2RegionList *l, SwStr name, bool opted_in) {
    for (size_t i = 0; i < l->n; i++)
        if (sw_str_eq(l->v[i].region_name, name))
            return;
    *sw_list_add(cx->arena, l) =
        (Ec2Region){.region_name = name,
                    .endpoint = sw_strf(cx->arena, "ec2.%.*s.amazonaws.com", SW_FMT(name)),
                    .opt_in_status = opted_in ? SW_STR("opt-in-not-required") : SW_STR("not-opted-in")};
}

int ec2_describe_regions(SwCtx *cx, const Ec2DescribeRegionsRequest *in, Ec2DescribeRegionsResult *out, SwError *err) {
    static const Ec2FilterPath filters[] = {{"endpoint", "Endpoint"},
                                            {"opt-in-status", "OptInStatus"},
                                            {"region-name", "RegionName"},
                                            {NULL, NULL}};
    static const Ec2Kind kind = {&ec2_shape_region, "RegionName", NULL, "region", &no_zone, NULL, filters};
    for (size_t i = 0; i < SW_N(regions); i++)
        add_region(cx, &out->regions, sw_str(regions[i]), true);
    for (size_t i = 0; i < SW_N(opt_in) && SW_OR(in->all_regions, in->region_names.n > 0); i++)
        add_region(cx, &out->regions, sw_str(opt_in[i]), false);
    add_region(cx, &out->regions, cx->region, true);
    Ec2Select s = {.ids = &in->region_names, .filters = &in->filters, .dry_run = in->dry_run};
    return ec2_select(cx, &kind, &s, &out->regions, NULL, err);
}

int ec2_describe_account_attributes(SwCtx *cx, const Ec2DescribeAccountAttributesRequest *in,
                                    Ec2DescribeAccountAttributesResult *out, SwError *err) {
    /* No instance and no elastic address can be had here. */
    const struct {
        const char *name;
        SwStr value;
    } known[] = {{"supported-platforms", SW_STR("VPC")}, {"vpc-max-security-groups-per-interface", SW_STR("5")},
                 {"max-instances", SW_STR("0")},         {"max-elastic-ips", SW_STR("0")},
                 {"vpc-max-elastic-ips", SW_STR("0")},   {"default-vpc", ec2_id(cx, "vpc", 0)}};
    for (size_t i = 0; i < SW_N(known); i++) {
        if (in->attribute_names.n && !sw_str_list_has(&in->attribute_names, sw_str(known[i].name)))
            continue;
        Ec2AccountAttribute *a = sw_list_add(cx->arena, &out->account_attributes);
        a->attribute_name = sw_str(known[i].name);
        Ec2AccountAttributeValue *value = sw_list_add(cx->arena, &a->attribute_values);
        value->attribute_value = known[i].value;
    }
    sw_list_present(cx->arena, &out->account_attributes);
    return ec2_dry_run(in->dry_run, err);
}
