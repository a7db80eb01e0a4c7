/* SPDX-License-Identifier: Apache-2.0 */
/* Filter policies (SNS Developer Guide, "Filter policy constraints"): whether one can be used, and whether a subscription
 * wants a message. The language is that of api/match.h. On a message's body SNS takes a dot in a name for a step down,
 * in the policy as in the body, and a list inside a list for one list: both are brought into that form first. */

#include "api/match.h"
#include "base/map.h"
#include "base/parsed.h"
#include "services/sns/sns.h"

#define COMBINATIONS_MAX 150
#define STEPS_MAX        100 /* that dots make on one way down; what is behind them is one name */
_Static_assert(STEPS_MAX <= SW_MATCH_STEPS_MAX, "");
#define FEW 8 /* names that are looked through faster than a map of them is made */

/* --- one form --------------------------------------------------------------------------------------------------------------
 */

typedef struct Entry {
    SwStr name; /* what is left of it */
    const SwValue *v;
    int steps; /* that its dots may still make */
} Entry;

typedef struct EntryList {
    Entry *v;
    size_t n;
} EntryList;

/* All that lies under one name: a value, or an object of what came beneath it. */
typedef struct Group {
    SwStr name;
    Entry value; /* v NULL: an object */
    EntryList inside;
} Group;

typedef struct GroupList {
    Group **v;
    size_t n;
} GroupList;

static SwValue plain_entry(SwArena *a, const Entry *e);

static void add_entries(SwArena *a, EntryList *to, const Entry *of) {
    for (size_t i = 0; i < of->v->n; i++)
        *sw_list_add(a, to) = (Entry){of->v->keys[i], &of->v->v[i], of->steps};
}

/* Under a dotted name, beside what is there: {"a.b": x} is {"a": {"b": x}}. A name in full takes the place of what was. */
static void put(SwArena *a, Group *g, Entry e, bool dotted) {
    if (dotted) {
        g->value.v = NULL;
        *sw_list_add(a, &g->inside) = e;
        return;
    }
    bool object = e.v->kind == SW_VOBJECT;
    g->value = object ? (Entry){0} : e;
    g->inside = (EntryList){0};
    if (object)
        add_entries(a, &g->inside, &e);
}

static bool is_dotted(const Entry *e) {
    size_t at;
    return e->steps > 0 && sw_str_find(e->name, '.', &at);
}

static SwValue plain_object(SwArena *a, const EntryList *l);

/* Most objects: no name has a dot in it, or there is but one. */
static SwValue plain_simple(SwArena *a, const EntryList *l) {
    SwValue object = sw_value_object();
    object.keys = sw_new_n(a, SwStr, l->n);
    object.v = sw_new_n(a, SwValue, l->n);
    object.n = l->n;
    for (size_t i = 0; i < l->n; i++) {
        const Entry *e = &l->v[i];
        SwStr rest = e->name;
        object.keys[i] = e->name;
        if (is_dotted(e) && sw_str_cut(&rest, '.', &object.keys[i]))
            object.v[i] = plain_object(a, &(EntryList){&(Entry){rest, e->v, e->steps - 1}, 1});
        else
            object.v[i] = plain_entry(a, e);
    }
    return object;
}

static Group *group_of(SwArena *a, GroupList *l, SwMap *by_name, SwStr name) {
    Group *g = NULL;
    if (l->n > FEW)
        g = sw_map_find(by_name, name);
    for (size_t i = 0; l->n <= FEW && i < l->n && !g; i++)
        g = sw_str_eq(l->v[i]->name, name) ? l->v[i] : NULL;
    if (g)
        return g;
    g = sw_new(a, Group);
    g->name = name;
    *sw_list_add(a, l) = g;
    for (size_t i = l->n == FEW + 1 ? 0 : l->n - 1; l->n > FEW && i < l->n; i++)
        sw_map_put(by_name, l->v[i]->name, l->v[i]);
    return g;
}

static SwValue plain_object(SwArena *a, const EntryList *l) {
    SwMap by_name = sw_map(a);
    GroupList groups = {0};
    SwValue object = sw_value_object();
    SwStrList names = {0};
    bool simple = true;
    for (size_t i = 0; l->n > 1 && i < l->n && simple; i++)
        simple = !is_dotted(&l->v[i]);
    if (simple)
        return plain_simple(a, l);
    for (size_t i = 0; i < l->n; i++) {
        Entry e = l->v[i];
        SwStr head = e.name;
        bool dotted = is_dotted(&e) && sw_str_cut(&e.name, '.', &head);
        e.steps -= dotted;
        put(a, group_of(a, &groups, &by_name, head), e, dotted);
    }
    for (size_t i = 0; i < groups.n; i++) {
        const Group *g = groups.v[i];
        sw_str_list_add(a, &names, g->name);
        sw_value_add(a, &object, g->value.v ? plain_entry(a, &g->value) : plain_object(a, &g->inside));
    }
    object.keys = names.v;
    return object;
}

/* A list inside a list is one list. */
static void flatten(SwArena *a, const SwValue *list, int steps, SwValue *to) {
    for (size_t i = 0; i < list->n; i++) {
        if (list->v[i].kind == SW_VARRAY)
            flatten(a, &list->v[i], steps, to);
        else
            sw_value_add(a, to, plain_entry(a, &(Entry){.v = &list->v[i], .steps = steps}));
    }
}

static SwValue plain_entry(SwArena *a, const Entry *e) {
    SwValue list = sw_value_array();
    EntryList inside = {0};
    if (e->v->kind == SW_VOBJECT) {
        add_entries(a, &inside, e);
        return plain_object(a, &inside);
    }
    if (e->v->kind != SW_VARRAY)
        return *e->v;
    flatten(a, e->v, e->steps, &list);
    return list;
}

SwValue sns_filter_plain(SwArena *a, const SwValue *v) {
    return plain_entry(a, &(Entry){.v = v, .steps = STEPS_MAX});
}

/* --- matching --------------------------------------------------------------------------------------------------------------
 */

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
    return sw_str_eqz(sw_str_map_find(&s->attributes, SW_STR("FilterPolicyScope")), "MessageBody");
}

static SnsFiltered why_not(const SnsSubscriptionRecord *s, const SnsMessage *m) {
    if (on_body(s))
        return SNS_FILTERED_BODY;
    return m->attributes && m->attributes->n ? SNS_FILTERED_ATTRIBUTES : SNS_FILTERED_NO_ATTRIBUTES;
}

/* The message as JSON, in that form: the same for each subscription, and large. */
static const SwValue *document_of(SwCtx *cx, SnsMessage *m) {
    SwError ignored = sw_error(cx->arena);
    if (m->document)
        return m->document;
    SwValue v, *document = sw_new(cx->arena, SwValue);
    m->not_json = sw_json_parse(cx->arena, m->message, &v, &ignored) < 0;
    *document = m->not_json ? (SwValue){.kind = SW_VNULL} : sns_filter_plain(cx->arena, &v);
    return m->document = document;
}

static int parse_plain(SwArena *a, SwStr text, const void **ret_form, SwError *err) {
    SwValue v, *plain = sw_new(a, SwValue);
    if (sw_json_parse(a, text, &v, err) < 0)
        return -1;
    *plain = sns_filter_plain(a, &v);
    *ret_form = plain;
    return 0;
}

/* A filter policy for the body, in the form that it is looked at in. */
static const SwParser plain_parser = {parse_plain};

bool sns_filter_wants(SwCtx *cx, const SnsSubscriptionRecord *s, SnsMessage *m, SnsFiltered *ret_why) {
    SwStr text = sw_str_map_find(&s->attributes, SW_STR("FilterPolicy"));
    SwError ignored = sw_error(cx->arena);
    SwValue document;
    const void *policy;
    *ret_why = why_not(s, m);
    if (!sw_str_is(text) || sw_parsed(cx->arena, on_body(s) ? &plain_parser : &sw_parser_json, text, &policy, &ignored) < 0)
        return true;
    if (!on_body(s)) {
        document = attribute_document(cx->arena, m->attributes, &ignored);
        return sw_match(policy, &document);
    }
    const SwValue *body = document_of(cx, m);
    if (m->not_json) { /* nothing in it can match */
        *ret_why = SNS_FILTERED_INVALID_BODY;
        return false;
    }
    return sw_match(policy, body);
}

/* --- checks
 * ------------------------------------------------------------------------------------------------------------------------ */

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
    SwStr text = sw_str_map_find(&s->attributes, SW_STR("FilterPolicy"));
    SwValue v;
    if (!sw_str_is(text))
        return 0;
    if (sw_json_parse(cx->arena, text, &v, err) < 0)
        return sw_fail(err, &sns_invalid, "Invalid parameter: %sFilterPolicy: failed to parse JSON.", where);
    const char *before = sw_str_z(cx->arena, sw_strf(cx->arena, "Invalid parameter: %sFilterPolicy: ", where));
    if ((v.kind != SW_VOBJECT || v.n) && sw_match_check(&v, text, before, &sns_invalid, err) < 0)
        return -1; /* an empty policy lets everything pass */
    if (count_keys(&v) > FILTER_KEYS_MAX)
        return sw_fail(err, &sns_invalid, "Invalid parameter: %sFilterPolicy: Filter policy can not have more than %d keys",
                       where, FILTER_KEYS_MAX);
    if (combinations(&v, on_body(s), 1) > COMBINATIONS_MAX)
        return sw_fail(err, &sns_invalid, "Invalid parameter: %sFilterPolicy: Filter policy is too complex", where);
    if (!on_body(s) && nested(&v))
        return sw_fail(err, &sns_invalid,
                       "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy");
    return 0;
}
