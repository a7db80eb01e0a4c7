/* SPDX-License-Identifier: Apache-2.0 */
/* Filter policies (SNS Developer Guide, "Filter policy constraints"): whether one can be used, and whether a subscription
 * wants a message. The language is that of api/match.h. On a message's body SNS takes a dot in a name for a step down,
 * in the policy as in the body, and a list inside a list for one list: both are brought into that form first. */

#include "api/match.h"
#include "services/sns/sns.h"

#define COMBINATIONS_MAX 150
#define STEPS_MAX 100                   /* of a dotted name; what is behind them is one name */

static SwValue plain(SwArena *a, const SwValue *v);

/* Under a dotted name, beside what is there: {"a.b": x} is {"a": {"b": x}}. */
static void put(SwArena *a, SwValue *object, SwStr name, SwValue v, int steps) {
    SwStr rest = name, head;
    if (steps == 0 || !sw_str_cut(&rest, '.', &head)) {
        sw_value_set(a, object, name, v);
        return;
    }
    const SwValue *known = sw_value_get(object, head);
    SwValue inner = known && known->kind == SW_VOBJECT ? *known : sw_value_object();
    put(a, &inner, rest, v, steps - 1);
    sw_value_set(a, object, head, inner);
}

static SwValue plain_list(SwArena *a, const SwValue *v) {
    SwValue list = sw_value_array();
    for (size_t i = 0; i < v->n; i++) {
        SwValue one = plain(a, &v->v[i]);
        for (size_t k = 0; one.kind == SW_VARRAY && k < one.n; k++)
            sw_value_add(a, &list, one.v[k]);
        if (one.kind != SW_VARRAY)
            sw_value_add(a, &list, one);
    }
    return list;
}

static SwValue plain(SwArena *a, const SwValue *v) {
    SwValue object = sw_value_object();
    if (v->kind == SW_VARRAY)
        return plain_list(a, v);
    if (v->kind != SW_VOBJECT)
        return *v;
    for (size_t i = 0; i < v->n; i++)
        put(a, &object, v->keys[i], plain(a, &v->v[i]), STEPS_MAX);
    return object;
}

/* Attributes as a document that filter policies look at: String.Array is a list, Binary is not seen. */
static SwValue attribute_document(SwArena *a, const SnsMessageAttributeValueMap *m, SwError *err) {
    SwValue doc = sw_value_object();
    for (size_t i = 0; m && i < m->n; i++) {
        const SnsMessageAttributeValue *v = &m->v[i].value;
        SwValue list;
        double d;
        if (sw_str_eqz(v->data_type, "String.Array") && sw_json_parse(a, v->string_value, &list, err) == 0)
            sw_value_set(a, &doc, m->v[i].key, list);
        else if (sw_str_starts(v->data_type, SW_STR("Number")) && sw_str_to_double(v->string_value, &d))
            sw_value_set(a, &doc, m->v[i].key, sw_value_num(a, d));
        else if (sw_str_starts(v->data_type, SW_STR("String")))
            sw_value_set(a, &doc, m->v[i].key, sw_value_string(v->string_value));
        sw_error_reset(err);
    }
    return doc;
}

static bool on_body(const SnsSubscriptionRecord *s) {
    return sw_str_eqz(sw_str_map_get(&s->attributes, SW_STR("FilterPolicyScope")), "MessageBody");
}

static SnsFiltered why_not(const SnsSubscriptionRecord *s, const SnsMessage *m) {
    if (on_body(s))
        return SNS_FILTERED_BODY;
    return m->attributes && m->attributes->n ? SNS_FILTERED_ATTRIBUTES : SNS_FILTERED_NO_ATTRIBUTES;
}

bool sns_filter_wants(SwCtx *cx, const SnsSubscriptionRecord *s, const SnsMessage *m, SnsFiltered *ret_why) {
    SwStr text = sw_str_map_get(&s->attributes, SW_STR("FilterPolicy"));
    SwError ignored = sw_error(cx->arena);
    SwValue policy, document;
    *ret_why = why_not(s, m);
    if (!sw_str_is(text) || sw_json_parse(cx->arena, text, &policy, &ignored) < 0)
        return true;
    if (!on_body(s)) {
        document = attribute_document(cx->arena, m->attributes, &ignored);
        return sw_match(&policy, &document);
    }
    if (sw_json_parse(cx->arena, m->message, &document, &ignored) < 0) {
        *ret_why = SNS_FILTERED_INVALID_BODY;       /* no JSON: nothing in it can match */
        return false;
    }
    policy = plain(cx->arena, &policy);
    document = plain(cx->arena, &document);
    return sw_match(&policy, &document);
}

/* --- checks ------------------------------------------------------------------------------------------------------------------------ */

#define FILTER_KEYS_MAX 5

/* Names that a filter policy looks at, "$or" counted by what is in it. */
static size_t count_keys(const SwValue *policy) {
    size_t n = 0;
    for (size_t i = 0; i < policy->n; i++) {
        const SwValue *v = &policy->v[i];
        if (sw_str_eqz(policy->keys[i], "$or")) {
            for (size_t k = 0; k < v->n; k++)
                n += count_keys(&v->v[k]);
        } else {
            n += v->kind == SW_VOBJECT ? count_keys(v) : 1;
        }
    }
    return n;
}

static bool nested(const SwValue *policy) {
    for (size_t i = 0; i < policy->n; i++)
        if (policy->v[i].kind == SW_VOBJECT)
            return true;
    return false;
}

/* Combinations of values that a policy stands for, on a body each times its depth; "$or" is as much as its parts. */
static double combinations(const SwValue *policy, bool body, double depth) {
    double n = 1;
    for (size_t i = 0; i < policy->n; i++) {
        const SwValue *v = &policy->v[i];
        double sum = 0;
        for (size_t k = 0; sw_str_eqz(policy->keys[i], "$or") && k < v->n; k++)
            sum += combinations(&v->v[k], body, depth);
        n *= sum > 0 ? sum : v->kind == SW_VOBJECT ? combinations(v, body, depth + 1) : (double)v->n * (body ? depth : 1);
    }
    return n;
}

int sns_filter_check(SwCtx *cx, const SnsSubscriptionRecord *s, const char *where, SwError *err) {
    SwStr text = sw_str_map_get(&s->attributes, SW_STR("FilterPolicy"));
    SwValue v;
    if (!sw_str_is(text))
        return 0;
    if (sw_json_parse(cx->arena, text, &v, err) < 0)
        return sw_fail(err, &sns_invalid, "Invalid parameter: %sFilterPolicy: failed to parse JSON.", where);
    const char *before = sw_str_z(cx->arena, sw_strf(cx->arena, "Invalid parameter: %sFilterPolicy: ", where));
    if ((v.kind != SW_VOBJECT || v.n) && sw_match_check(&v, text, before, &sns_invalid, err) < 0)
        return -1;                      /* an empty policy lets everything pass */
    if (count_keys(&v) > FILTER_KEYS_MAX)
        return sw_fail(err, &sns_invalid, "Invalid parameter: %sFilterPolicy: Filter policy can not have more than %d keys", where, FILTER_KEYS_MAX);
    if (combinations(&v, on_body(s), 1) > COMBINATIONS_MAX)
        return sw_fail(err, &sns_invalid, "Invalid parameter: %sFilterPolicy: Filter policy is too complex", where);
    if (!on_body(s) && nested(&v))
        return sw_fail(err, &sns_invalid, "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy");
    return 0;
}
