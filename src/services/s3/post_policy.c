/* SPDX-License-Identifier: Apache-2.0 */
/* The policy of a form: what its signer lets a stranger upload. Every condition must hold and every field be covered by
 * one, whether or not the signature can be verified.
 *
 * AWS     S3 API Reference, "Creating a POST policy" (sigv4-HTTPPOSTConstructPolicy). */

#include "base/digest.h"
#include "services/s3/post.h"

static const SwErrorKind INVALID_POLICY = {.code = "InvalidPolicyDocument", .http = 400};

static int invalid(SwError *err, const char *why) {
    return sw_fail(err, &INVALID_POLICY, "Invalid Policy: %s", why);
}

static int failed(SwError *err, const char *op, SwStr name, SwStr value) {
    SwBuf b = sw_buf(err->arena, 64 * SW_KIB);
    sw_buf_addf(&b, "[\"%s\", ", op);
    sw_json_write_string(&b, sw_strf(err->arena, "$%.*s", SW_FMT(name)));
    sw_buf_addz(&b, ", ");
    sw_json_write_string(&b, value);
    sw_buf_addc(&b, ']');
    SwStr condition = sw_buf_str(&b);
    return sw_fail(err, &SW_ACCESS_DENIED, "Invalid according to Policy: Policy Condition failed: %.*s", SW_FMT(condition));
}

typedef struct Check {
    const SwHeaderList *fields;
    SwStr bucket;
    SwStrList covered;
    S3PostRange *range;
    SwError *err;
} Check;

/* Of a list of types each must begin so; all other fields are one value. */
static bool starts(SwStr name, SwStr have, SwStr want) {
    SwStr part;
    if (!sw_str_ieq(name, SW_STR("Content-Type")))
        return sw_str_starts(have, want);
    if (have.n == 0)
        return want.n == 0;
    while (sw_str_next(&have, ',', &part))
        if (!sw_str_starts(sw_str_trim(part), want))
            return false;
    return true;
}

static int check_match(Check *c, bool prefix, SwStr name, SwStr want) {
    bool bucket = sw_str_ieq(name, SW_STR("bucket"));
    SwStr have = bucket ? c->bucket : sw_str_or(sw_header_find(c->fields, sw_str_z(c->err->arena, name)), SW_STR(""));
    sw_str_list_add(c->err->arena, &c->covered, name);
    bool holds = prefix ? starts(name, have, want) : sw_str_eq(have, want);
    return holds ? 0 : failed(c->err, prefix ? "starts-with" : "eq", name, want);
}

static bool count_of(const SwValue *v, int64_t *ret_n) {
    return (v->kind == SW_VNUMBER || v->kind == SW_VSTRING) && sw_str_to_i64(v->s, ret_n) && *ret_n >= 0;
}

/* Several ranges: all of them hold. */
static int check_range(Check *c, const SwValue *v) {
    int64_t min, max;
    if (!count_of(&v->v[1], &min) || !count_of(&v->v[2], &max) || min > max)
        return invalid(c->err, "Invalid content-length-range: it must be two whole numbers, the smaller one first.");
    c->range->min = SW_MAX(c->range->min, min);
    c->range->max = SW_MIN(c->range->max, max);
    return 0;
}

static int check_condition(Check *c, const SwValue *v) {
    if (v->kind == SW_VOBJECT) {
        if (v->n != 1)
            return invalid(c->err, "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
        if (v->v[0].kind != SW_VSTRING)
            return invalid(c->err, "Invalid Simple-Condition: value must be a string.");
        return check_match(c, false, v->keys[0], v->v[0].s);
    }
    if (v->kind != SW_VARRAY || v->n != 3 || v->v[0].kind != SW_VSTRING)
        return invalid(c->err, "Invalid Condition: a condition is an object or a list of operation, field and value.");
    SwStr op = v->v[0].s, name = sw_value_str(&v->v[1]), want = sw_value_str(&v->v[2]);
    if (sw_str_ieq(op, SW_STR("content-length-range")))
        return check_range(c, v);
    bool prefix = sw_str_ieq(op, SW_STR("starts-with"));
    if (!prefix && !sw_str_ieq(op, SW_STR("eq")))
        return invalid(c->err, "Invalid Condition: the operation must be eq, starts-with or content-length-range.");
    if (name.n < 2 || name.p[0] != '$' || !want.p)
        return invalid(c->err, "Invalid Condition: the field must begin with $ and the value be a string.");
    return check_match(c, prefix, sw_str_skip(name, 1), want);
}

/* What needs no condition: the signature itself, and what its name says is not looked at. */
static bool is_exempt(SwArena *a, SwStr name) {
    static const char *const names[] = {"policy", "signature", "x-amz-signature", "awsaccesskeyid", "file"};
    SwStr lower = sw_str_lower(a, name);
    for (size_t i = 0; i < SW_N(names); i++)
        if (sw_str_eqz(lower, names[i]))
            return true;
    return sw_str_starts(lower, SW_STR("x-ignore-"));
}

static int check_coverage(const Check *c) {
    SwStrList extra = {0};
    SwArena *a = c->err->arena;
    for (size_t i = 0; i < c->fields->n; i++) {
        SwStr name = c->fields->v[i].name;
        bool covered = is_exempt(a, name);
        for (size_t k = 0; k < c->covered.n && !covered; k++)
            covered = sw_str_ieq(c->covered.v[k], name);
        if (!covered)
            sw_str_list_add(a, &extra, name);
    }
    if (extra.n == 0)
        return 0;
    SwStr all = sw_str_join(a, extra.v, extra.n, SW_STR(", "));
    return sw_fail(c->err, &SW_ACCESS_DENIED, "Invalid according to Policy: Extra input fields: %.*s", SW_FMT(all));
}

int s3_post_policy_check(SwStr policy, const SwHeaderList *fields, SwStr bucket, SwTime now, S3PostRange *ret_range,
                         SwError *err) {
    Check c = {.fields = fields, .bucket = bucket, .range = ret_range, .err = err};
    SwError broken = sw_error(err->arena);
    SwValue v;
    SwStr text;
    SwTime end;
    *ret_range = (S3PostRange){.min = 0, .max = INT64_MAX};
    if (!sw_unbase64(err->arena, policy, &text) || !sw_str_is_utf8(text) || sw_json_parse(err->arena, text, &v, &broken) < 0 ||
        v.kind != SW_VOBJECT)
        return invalid(err, "Invalid JSON.");
    SwStr expiration = sw_value_str(sw_value_getz(&v, "expiration"));
    const SwValue *conditions = sw_value_getz(&v, "conditions");
    if (!expiration.p)
        return invalid(err, "Policy missing expiration.");
    if (!sw_str_contains(expiration, SW_STR("T")) || !sw_time_parse(expiration, &end))
        return invalid(err, sw_strf(err->arena, "Invalid 'expiration' value: '%.*s'", SW_FMT(expiration)).p);
    if (!conditions || conditions->kind != SW_VARRAY)
        return invalid(err, "Policy missing conditions.");
    if (now >= end)
        return sw_fail(err, &SW_ACCESS_DENIED, "Invalid according to Policy: Policy expired.");
    for (size_t i = 0; i < conditions->n; i++)
        if (check_condition(&c, &conditions->v[i]) < 0)
            return -1;
    return check_coverage(&c);
}
