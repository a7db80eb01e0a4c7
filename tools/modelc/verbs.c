/* SPDX-License-Identifier: Apache-2.0 */
/* "operations" of a resource: which of the service's make, show, list, change and end it, and which work with it. Each that is
 * about one of them says which one; and every operation of the service is somebody's. */

#include "resources.h"

const char *const verb_names[] = {"make", "put", "show", "list", "change", "end", "use"};
_Static_assert(SW_N(verb_names) == VERB_MAX, "a verb has a name");

static bool has(const OperationList *l, const Operation *op) {
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i] == op)
            return true;
    return false;
}

bool resource_does(const Resource *r, const Operation *op) {
    for (size_t i = 0; i < VERB_MAX; i++)
        if (has(&r->verb[i], op))
            return true;
    return false;
}

Operation *resource_first(const Resource *r, Verb verb) {
    return r->verb[verb].n ? r->verb[verb].v[0] : NULL;
}

/* What lists them may show each of them, too. */
static bool stands_twice(const Resource *r, Verb verb, const Operation *op) {
    for (size_t i = 0; i <= (size_t)verb; i++)
        if (has(&r->verb[i], op) && (i == (size_t)verb || (i != VERB_LIST && verb != VERB_LIST)))
            return true;
    return false;
}

static void read_verb(Declarations *d, Resource *r, Verb verb, const SwValue *at) {
    SwStr rest = at->s, word;
    if (at->kind != SW_VSTRING || !at->s.n)
        file_error(d->api, d->file, at, "no names of operations");
    while (at->kind == SW_VSTRING && sw_str_next(&rest, ' ', &word)) {
        const SwValue name = {.kind = SW_VSTRING, .s = word, .line = at->line};
        Operation *op = resource_operation(d, &name);
        if (op && stands_twice(r, verb, op))
            file_error(d->api, d->file, at, "'%.*s' stands twice", SW_FMT(word));
        else if (op)
            *sw_list_add(d->api->arena, &r->verb[verb]) = op;
    }
}

bool resource_named_at(const Resource *r, const Operation *op, Path *ret) {
    for (size_t i = 0; i < r->named.n; i++)
        if (r->named.v[i].op == op) {
            *ret = r->named.v[i].at;
            return true;
        }
    for (size_t i = 0; r->names && op->input && i < r->names->n; i++)
        if (resource_path(op->input, r->names->keys[i], ret))
            return true;
    return false;
}

/* The service may name what it makes; what lists all shows one among them. */
static void check_named(Declarations *d, const Resource *r, const SwValue *json) {
    for (size_t verb = VERB_PUT; verb < VERB_MAX; verb++)
        for (size_t i = 0; verb != VERB_LIST && i < r->verb[verb].n; i++) {
            const Operation *op = r->verb[verb].v[i];
            Path p;
            if (!resource_named_at(r, op, &p) && !has(&r->verb[VERB_LIST], op))
                file_error(d->api, d->file, sw_value_getz(json, verb_names[verb]),
                           "'%.*s' does not name '%.*s': no member of \"named\" or \"names\"", SW_FMT(op->name),
                           SW_FMT(r->name));
        }
}

/* Each of `names` is told to some operation; a text over the parts, "{arn}" or "{record.member}". */
static void check_names(Declarations *d, Resource *r) {
    for (size_t i = 0; r->names && i < r->names->n; i++) {
        bool taken = false;
        Path p;
        for (size_t k = 0; k < d->api->n_op && !taken; k++)
            taken = d->api->op[k].input && resource_path(d->api->op[k].input, r->names->keys[i], &p) && p.n == 1;
        if (!taken)
            file_error(d->api, d->file, &r->names->v[i], "no operation takes '%.*s'", SW_FMT(r->names->keys[i]));
        resource_told(d, r, &r->names->v[i]);
    }
}

void resource_verbs(Declarations *d, Resource *r, const SwValue *json) {
    static const char *const words[] = {"make", "put", "show", "list", "change", "end", "use", "without", NULL};
    const SwValue *said = sw_value_getz(json, "operations"), *without = sw_value_getz(said, "without");
    r->names = sw_value_getz(json, "names");
    check_names(d, r);
    if (sw_value_getz(sw_value_getz(json, "cfn"), "kept")) {
        if (said)
            file_error(d->api, d->file, said, "'%.*s' is CloudFormation's alone: no operation is about it", SW_FMT(r->name));
        return;
    }
    resource_words(d, said, words, "operations");
    for (size_t i = 0; i < VERB_MAX; i++)
        if (sw_value_getz(said, verb_names[i]))
            read_verb(d, r, (Verb)i, sw_value_getz(said, verb_names[i]));
    check_named(d, r, said);
    bool whole = (r->verb[VERB_MAKE].n || r->verb[VERB_PUT].n) && r->verb[VERB_SHOW].n && r->verb[VERB_END].n;
    if (whole && without)
        file_error(d->api, d->file, without, "'%.*s' is made, shown and ended: \"without\" tells why not", SW_FMT(r->name));
    if (!whole && !sw_value_str(without).n)
        file_error(d->api, d->file, said ? said : json,
                   "'%.*s' needs operations that make (or put), show and end it, or \"without\": why there are none",
                   SW_FMT(r->name));
}

/* --- of the service ----------------------------------------------------------------------------------------------- */

static bool is_somebodys(const Declarations *d, const Operation *op) {
    for (size_t i = 0; i < d->resources.n; i++)
        if (resource_does(&d->resources.v[i], op))
            return true;
    for (size_t i = 0; i < d->tag_operations.n; i++)
        if (d->tag_operations.v[i].op == op)
            return true;
    return false;
}

/* {"A B": why these are about no resource} */
static OperationList read_of_none(Declarations *d, const SwValue *json) {
    OperationList l = {0};
    for (size_t i = 0; json && i < json->n; i++) {
        SwStr rest = json->keys[i], word;
        if (!sw_value_str(&json->v[i]).n)
            file_error(d->api, d->file, &json->v[i], "\"of_none\" tells why");
        while (sw_str_next(&rest, ' ', &word)) {
            const SwValue name = {.kind = SW_VSTRING, .s = word, .line = json->v[i].line};
            Operation *op = resource_operation(d, &name);
            if (op && (is_somebodys(d, op) || has(&l, op)))
                file_error(d->api, d->file, &json->v[i], "'%.*s' is a resource's, or stands twice", SW_FMT(word));
            else if (op)
                *sw_list_add(d->api->arena, &l) = op;
        }
    }
    return l;
}

void resource_verbs_check(Declarations *d, const SwValue *json) {
    OperationList none = read_of_none(d, sw_value_getz(json, "of_none"));
    for (size_t i = 0; i < d->api->n_op; i++) {
        Operation *op = &d->api->op[i];
        if (op->handler_flags.p && !is_somebodys(d, op) && !has(&none, op))
            file_error(d->api, d->file, json, "'%.*s' is no resource's, no tag operation and not \"of_none\"",
                       SW_FMT(op->name));
    }
}
