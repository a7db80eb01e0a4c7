/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions. One comparison of a context value with a policy value per operator; around it the rules that all share:
 * negation, IfExists, ForAnyValue and ForAllValues, keys that are absent.
 *
 * AWS     "IAM JSON policy elements: Condition operators", "Single-valued vs. multivalued context keys". */

#include "policy/internal.h"

#include <arpa/inet.h>

typedef bool Compare(SwArena *a, SwStr have, SwStr want);

static bool string_equals(SwArena *a, SwStr have, SwStr want) {
    return sw_str_eq(have, policy_literal(a, want));
}

static bool string_equals_folded(SwArena *a, SwStr have, SwStr want) {
    return sw_str_ieq(have, policy_literal(a, want));
}

static bool string_like(SwArena *a, SwStr have, SwStr want) {
    (void)a;
    return policy_glob(want, have, false);
}

static bool arn_like(SwArena *a, SwStr have, SwStr want) {
    (void)a;
    return policy_arn_glob(want, have);
}

static bool bool_equals(SwArena *a, SwStr have, SwStr want) {
    (void)a;
    return sw_str_ieq(have, want);
}

/* -1, 0, 1; 2: not comparable, which no operator accepts. */
static int numbers(SwStr have, SwStr want) {
    double x, y;
    if (!sw_str_to_double(have, &x) || !sw_str_to_double(want, &y))
        return 2;
    return x < y ? -1 : x > y ? 1 : 0;
}

static int dates(SwStr have, SwStr want) {
    SwTime x, y;
    if (!sw_time_parse(have, &x) || !sw_time_parse(want, &y))
        return 2;
    return x < y ? -1 : x > y ? 1 : 0;
}

static bool numeric_equals(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    return numbers(h, w) == 0;
}
static bool numeric_less(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    return numbers(h, w) == -1;
}
static bool numeric_less_equals(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    return numbers(h, w) <= 0;
}
static bool numeric_greater(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    return numbers(h, w) == 1;
}
static bool numeric_greater_equals(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    int c = numbers(h, w);
    return c == 0 || c == 1;
}
static bool date_equals(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    return dates(h, w) == 0;
}
static bool date_less(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    return dates(h, w) == -1;
}
static bool date_less_equals(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    return dates(h, w) <= 0;
}
static bool date_greater(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    return dates(h, w) == 1;
}
static bool date_greater_equals(SwArena *a, SwStr h, SwStr w) {
    (void)a;
    int c = dates(h, w);
    return c == 0 || c == 1;
}

typedef struct Address {
    uint8_t bytes[16];
    size_t n;
} Address;

static bool address_parse(SwArena *a, SwStr s, Address *ret) {
    const char *z = sw_str_z(a, s);
    if (inet_pton(AF_INET, z, ret->bytes) == 1)
        ret->n = 4;
    else if (inet_pton(AF_INET6, z, ret->bytes) == 1)
        ret->n = 16;
    else
        return false;
    return true;
}

static bool ip_in_range(SwArena *a, SwStr have, SwStr want) {
    SwStr host = want, bits_text = want;
    bool has_bits = sw_str_cut(&bits_text, '/', &host);
    Address x, y;
    if (!address_parse(a, have, &x) || !address_parse(a, has_bits ? host : want, &y) || x.n != y.n)
        return false;
    int64_t bits = (int64_t)x.n * 8;
    if (has_bits && (!sw_str_to_i64(bits_text, &bits) || bits < 0 || bits > (int64_t)x.n * 8))
        return false;
    for (int64_t i = 0; i < bits; i++)
        if (((x.bytes[i / 8] ^ y.bytes[i / 8]) >> (7 - i % 8)) & 1)
            return false;
    return true;
}

static const struct {
    const char *name;
    PolicyOperator op;
    bool negated;
} operators[] = {
    {"StringEquals", OP_STRING_EQUALS, false},
    {"StringNotEquals", OP_STRING_EQUALS, true},
    {"StringEqualsIgnoreCase", OP_STRING_EQUALS_FOLDED, false},
    {"StringNotEqualsIgnoreCase", OP_STRING_EQUALS_FOLDED, true},
    {"StringLike", OP_STRING_LIKE, false},
    {"StringNotLike", OP_STRING_LIKE, true},
    {"NumericEquals", OP_NUMERIC_EQUALS, false},
    {"NumericNotEquals", OP_NUMERIC_EQUALS, true},
    {"NumericLessThan", OP_NUMERIC_LESS, false},
    {"NumericLessThanEquals", OP_NUMERIC_LESS_EQUALS, false},
    {"NumericGreaterThan", OP_NUMERIC_GREATER, false},
    {"NumericGreaterThanEquals", OP_NUMERIC_GREATER_EQUALS, false},
    {"DateEquals", OP_DATE_EQUALS, false},
    {"DateNotEquals", OP_DATE_EQUALS, true},
    {"DateLessThan", OP_DATE_LESS, false},
    {"DateLessThanEquals", OP_DATE_LESS_EQUALS, false},
    {"DateGreaterThan", OP_DATE_GREATER, false},
    {"DateGreaterThanEquals", OP_DATE_GREATER_EQUALS, false},
    {"Bool", OP_BOOL, false},
    {"BinaryEquals", OP_BINARY_EQUALS, false},
    {"IpAddress", OP_IP_ADDRESS, false},
    {"NotIpAddress", OP_IP_ADDRESS, true},
    {"ArnEquals", OP_ARN_LIKE, false},
    {"ArnLike", OP_ARN_LIKE, false},
    {"ArnNotEquals", OP_ARN_LIKE, true},
    {"ArnNotLike", OP_ARN_LIKE, true},
    {"Null", OP_NULL, false},
};

static Compare *const compare[] = {
    [OP_STRING_EQUALS] = string_equals,
    [OP_STRING_EQUALS_FOLDED] = string_equals_folded,
    [OP_STRING_LIKE] = string_like,
    [OP_NUMERIC_EQUALS] = numeric_equals,
    [OP_NUMERIC_LESS] = numeric_less,
    [OP_NUMERIC_LESS_EQUALS] = numeric_less_equals,
    [OP_NUMERIC_GREATER] = numeric_greater,
    [OP_NUMERIC_GREATER_EQUALS] = numeric_greater_equals,
    [OP_DATE_EQUALS] = date_equals,
    [OP_DATE_LESS] = date_less,
    [OP_DATE_LESS_EQUALS] = date_less_equals,
    [OP_DATE_GREATER] = date_greater,
    [OP_DATE_GREATER_EQUALS] = date_greater_equals,
    [OP_BOOL] = bool_equals,
    [OP_BINARY_EQUALS] = string_equals,
    [OP_IP_ADDRESS] = ip_in_range,
    [OP_ARN_LIKE] = arn_like,
    [OP_NULL] = NULL,
};

bool policy_operator_parse(SwStr name, PolicyCondition *ret_c) {
    SwStr any = SW_STR("ForAnyValue:"), all = SW_STR("ForAllValues:"), if_exists = SW_STR("IfExists");
    ret_c->each = sw_str_starts(name, any) ? EACH_ANY_VALUE : sw_str_starts(name, all) ? EACH_ALL_VALUES : EACH_SINGLE;
    name = sw_str_skip(name, ret_c->each == EACH_ANY_VALUE ? any.n : ret_c->each == EACH_ALL_VALUES ? all.n : 0);
    ret_c->if_exists = sw_str_ends(name, if_exists);
    if (ret_c->if_exists)
        name = sw_str_drop(name, if_exists.n);
    for (size_t i = 0; i < SW_N(operators); i++)
        if (sw_str_ieq(name, sw_str(operators[i].name))) {
            ret_c->op = operators[i].op;
            ret_c->negated = operators[i].negated;
            return !(ret_c->op == OP_NULL && ret_c->if_exists);
        }
    return false;
}

const SwPolicyKey *policy_key(const SwPolicyQuery *q, SwStr name) {
    for (size_t i = 0; i < q->n_key; i++)
        if (q->key[i].n > 0 && sw_str_ieq(q->key[i].name, name))
            return &q->key[i];
    return NULL;
}

/* One value of the context against all of the policy's: any may match; negated, none may. */
static bool value_passes(const SwPolicy *p, const PolicyCondition *c, const SwPolicyQuery *q, SwStr have) {
    bool matches = false;
    for (size_t i = 0; i < c->values.n && !matches; i++) {
        SwStr want;
        matches = policy_expand(p, q, c->values.v[i], &want) && compare[c->op](q->arena, have, want);
    }
    return matches != c->negated;
}

static bool holds_of(const SwPolicy *p, const PolicyCondition *c, const SwPolicyQuery *q, const SwPolicyKey *k) {
    if (c->op == OP_NULL) {
        for (size_t i = 0; i < c->values.n; i++)
            if (sw_str_ieq(c->values.v[i], SW_STR("true")) == (k == NULL))
                return true;
        return false;
    }
    if (!k) /* an absent key fails, except where its absence is what is asked for */
        return c->if_exists || c->each == EACH_ALL_VALUES || (c->negated && c->each == EACH_SINGLE);
    for (size_t i = 0; i < k->n; i++) {
        bool passes = value_passes(p, c, q, k->v[i]);
        if (c->each == EACH_ANY_VALUE && passes)
            return true;
        if (c->each != EACH_ANY_VALUE && !passes)
            return false;
    }
    return c->each != EACH_ANY_VALUE;
}

/* Names of keys have no case, tags' may: two tags that differ in case alone are the same key twice. Then a Deny holds if it
 * does of either, and an Allow only if it does of both. */
bool policy_condition_holds(const SwPolicy *p, const PolicyCondition *c, const SwPolicyQuery *q, bool deny) {
    bool found = false;
    for (size_t i = 0; i < q->n_key; i++) {
        if (q->key[i].n == 0 || !sw_str_ieq(q->key[i].name, c->key))
            continue;
        found = true;
        if (holds_of(p, c, q, &q->key[i]) == deny)
            return deny;
    }
    return found ? !deny : holds_of(p, c, q, NULL);
}
