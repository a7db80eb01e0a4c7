/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters that nobody puts: AWS's public ones, /aws/service/.., read only, from a small table and from what this server
 * knows of Regions and services; and secrets of Secrets Manager by /aws/reference/secretsmanager/NAME.
 *
 * Image ids are this server's own: they are the same in every Region, and mean no image of AWS. */

#include "services/ssm/ssm.h"

#include "models/ec2.gen.h"
#include "models/secretsmanager.gen.h"

#define PUBLIC    "/aws/service/"
#define REGIONS   PUBLIC "global-infrastructure/regions/"
#define SERVICES  PUBLIC "global-infrastructure/services/"
#define REFERENCE "/aws/reference/secretsmanager/"

static const struct {
    const char *name, *value;
} table[] = {
#define LINUX PUBLIC "ami-amazon-linux-latest/"
    {LINUX "al2023-ami-kernel-6.1-arm64", "ami-0a100000000000001"},
    {LINUX "al2023-ami-kernel-6.1-x86_64", "ami-0a100000000000002"},
    {LINUX "al2023-ami-kernel-default-arm64", "ami-0a100000000000001"},
    {LINUX "al2023-ami-kernel-default-x86_64", "ami-0a100000000000002"},
    {LINUX "al2023-ami-minimal-kernel-6.1-arm64", "ami-0a100000000000003"},
    {LINUX "al2023-ami-minimal-kernel-6.1-x86_64", "ami-0a100000000000004"},
    {LINUX "al2023-ami-minimal-kernel-default-arm64", "ami-0a100000000000003"},
    {LINUX "al2023-ami-minimal-kernel-default-x86_64", "ami-0a100000000000004"},
    {LINUX "amzn2-ami-hvm-arm64-gp2", "ami-0a100000000000005"},
    {LINUX "amzn2-ami-hvm-x86_64-gp2", "ami-0a100000000000006"},
    {LINUX "amzn2-ami-kernel-5.10-hvm-arm64-gp2", "ami-0a100000000000005"},
    {LINUX "amzn2-ami-kernel-5.10-hvm-x86_64-gp2", "ami-0a100000000000006"},
#define ECS(os, id, title) \
    {PUBLIC "ecs/optimized-ami/" os "/recommended", \
     "{\"ecs_agent_version\":\"1.99.0\",\"ecs_runtime_version\":\"Docker version 25.0.8\",\"image_id\":\"" id \
     "\",\"image_name\":\"" title "\",\"image_version\":\"1.0.0\",\"os\":\"" os \
     "\",\"schema_version\":1,\"source_image_name\":\"" title "\"}"}, \
        {PUBLIC "ecs/optimized-ami/" os "/recommended/image_id", id}, { \
        PUBLIC "ecs/optimized-ami/" os "/recommended/image_name", title \
    }
    ECS("amazon-linux-2", "ami-0a100000000000007", "amzn2-ami-ecs-hvm-x86_64-ebs"),
    ECS("amazon-linux-2/arm64", "ami-0a100000000000008", "amzn2-ami-ecs-hvm-arm64-ebs"),
    ECS("amazon-linux-2023", "ami-0a100000000000009", "al2023-ami-ecs-hvm-kernel-6.1-x86_64"),
    ECS("amazon-linux-2023/arm64", "ami-0a10000000000000a", "al2023-ami-ecs-hvm-kernel-6.1-arm64"),
};

bool ssm_is_public(SwStr name) {
    return sw_str_starts(name, SW_STR(PUBLIC));
}

bool ssm_is_reference(SwStr name) {
    return sw_str_starts(name, SW_STR(REFERENCE));
}

bool ssm_is_image(SwStr value) {
    for (size_t i = 0; i < SW_N(table); i++)
        if (sw_str_eqz(value, table[i].value) && sw_str_starts(value, SW_STR("ami-")))
            return true;
    return false;
}

SwStr ssm_public_arn(SwCtx *cx, SwStr name) {
    SwCtx nobody = *cx;
    nobody.account = SW_STR("");
    return sw_arn(&nobody, "ssm", "parameter%.*s", SW_FMT(name));
}

static void add(SwCtx *cx, SwPageItems *all, SwStr name, SwStr value) {
    SsmParameter *p = sw_new(cx->arena, SsmParameter);
    *p = (SsmParameter){.name = name,
                        .type = SSM_PARAMETER_TYPE_STRING,
                        .value = value,
                        .version = SW_SOME_INT(1),
                        .last_modified_date = SW_SOME_TIME(0),
                        .arn = ssm_public_arn(cx, name),
                        .data_type = sw_str_starts(value, SW_STR("ami-")) ? SW_STR("aws:ec2:image") : SW_STR("text")};
    *sw_list_add(cx->arena, all) = (SwPageItem){name, p};
}

static int add_regions(SwCtx *cx, SwPageItems *all, SwError *err) {
    Ec2DescribeRegionsRequest in = {.all_regions = SW_SOME_BOOL(true)};
    Ec2DescribeRegionsResult *out;
    if (ec2_call_describe_regions(sw_ctx_as_service(cx, "ssm"), &in, &out, err) < 0)
        return -1;
    for (size_t i = 0; i < out->regions.n; i++)
        add(cx, all, sw_cat(cx->arena, SW_STR(REGIONS), out->regions.v[i].region_name), out->regions.v[i].region_name);
    return 0;
}

/* Those that this server has. */
static void add_services(SwCtx *cx, SwPageItems *all) {
    for (const SwService *const *s = cx->host->config->services; *s; s++) {
        SwStr name = (*s)->api ? sw_str((*s)->api->name) : SW_NO_STR;
        if (name.p && !sw_str_eqz(name, "slipway"))
            add(cx, all, sw_cat(cx->arena, SW_STR(SERVICES), name), name);
    }
}

int ssm_public(SwCtx *cx, SwPageItems *ret, SwError *err) {
    *ret = (SwPageItems){0};
    for (size_t i = 0; i < SW_N(table); i++)
        add(cx, ret, sw_str(table[i].name), sw_str(table[i].value));
    add_services(cx, ret);
    return add_regions(cx, ret, err);
}

int ssm_public_find(SwCtx *cx, SwStr name, const SsmParameter **ret, SwError *err) {
    SwPageItems all;
    *ret = NULL;
    if (ssm_public(cx, &all, err) < 0)
        return -1;
    for (size_t i = 0; i < all.n && !*ret; i++)
        if (sw_str_eq(all.v[i].key, name))
            *ret = all.v[i].v;
    return 0;
}

/* --- secrets ---------------------------------------------------------------------------------------------------- */

/* As AWS shows it: what GetSecretValue answered. */
static SwStr source_of(SwCtx *cx, const SecretsmanagerGetSecretValueResponse *v) {
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    sw_shape_to_json(&b, &secretsmanager_shape_get_secret_value_response, v);
    return sw_buf_str(&b);
}

int ssm_reference(SwCtx *cx, const SsmName *n, bool decrypt, SsmParameter *ret, SwError *err) {
    SwStr id = sw_str_skip(n->name, sizeof(REFERENCE) - 1);
    bool by_version = n->selector.n >= 32; /* a version's id is that long, and no stage of AWS's */
    SecretsmanagerGetSecretValueRequest in = {.secret_id = id,
                                              .version_id = by_version ? n->selector : SW_NO_STR,
                                              .version_stage = by_version ? SW_NO_STR : n->selector};
    SecretsmanagerGetSecretValueResponse *out;
    if (!decrypt)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "WithDecryption flag must be True for retrieving a Secret Manager secret.");
    if (secretsmanager_call_get_secret_value(cx, &in, &out, err) < 0) {
        if (sw_error_is(err, &SECRETSMANAGER_RESOURCE_NOT_FOUND_EXCEPTION))
            return sw_fail_as(err, &SSM_PARAMETER_NOT_FOUND,
                              "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret %.*s not found.",
                              SW_FMT(n->name));
        return -1;
    }
    if (!out->secret_string.p)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "The secret %.*s has a binary value, and a text is wanted.", SW_FMT(id));
    *ret = (SsmParameter){.name = n->name,
                          .type = SSM_PARAMETER_TYPE_SECURE_STRING,
                          .value = out->secret_string,
                          .version = SW_SOME_INT(0),
                          .source_result = source_of(cx, out),
                          .last_modified_date = out->created_date,
                          .arn = ssm_arn(cx, n->name),
                          .data_type = SW_STR("text")};
    return 0;
}
