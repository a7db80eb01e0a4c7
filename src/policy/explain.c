/* SPDX-License-Identifier: Apache-2.0 */
/* What policies ask about, and where their statements stand: for simulators. */

#include "policy/internal.h"

static void add_key(SwArena *a, SwStrList *keys, SwStr name) {
    for (size_t i = 0; i < keys->n; i++)
        if (sw_str_ieq(keys->v[i], name))
            return;
    sw_str_list_add(a, keys, name);
}

/* ${aws:username}, ${aws:username, 'nobody'}; not ${*}, ${?} and ${$}, which are characters. */
static void add_variables(SwArena *a, SwStrList *keys, SwStr text) {
    SwStr rest = text, ignored, name;
    while (sw_str_cut(&rest, '$', &ignored)) {
        SwStr inside = rest;
        size_t colon;
        if (!sw_str_starts(rest, SW_STR("{")) || !sw_str_cut(&inside, '}', &name))
            continue;
        name = sw_str_skip(name, 1);
        SwStr head = name;
        if (sw_str_cut(&head, ',', &ignored))
            name = ignored;
        name = sw_str_trim(name);
        if (sw_str_find(name, ':', &colon))
            add_key(a, keys, name);
    }
}

void sw_policy_context_keys(SwArena *a, const SwPolicy *p, SwStrList *keys) {
    for (size_t i = 0; i < p->n; i++) {
        const PolicyStatement *s = &p->statement[i];
        for (size_t k = 0; k < s->n_condition; k++) {
            add_key(a, keys, s->condition[k].key);
            for (size_t v = 0; p->variables && v < s->condition[k].values.n; v++)
                add_variables(a, keys, s->condition[k].values.v[v]);
        }
        for (size_t k = 0; p->variables && k < s->resources.n; k++)
            add_variables(a, keys, s->resources.v[k]);
    }
}

bool sw_policy_has_key(const SwPolicyQuery *q, SwStr name) {
    return policy_key(q, name) != NULL;
}

/* --- places. The text is JSON, as it was parsed --- */

/* Behind the string that begins at `at`. */
static size_t behind_string(SwStr s, size_t at) {
    for (at++; at < s.n && s.p[at] != '"'; at++)
        if (s.p[at] == '\\')
            at++;
    return at + 1;
}

static size_t behind_space(SwStr s, size_t at) {
    return at + sw_str_span(sw_str_skip(s, at), " \t\r\n");
}

/* Where the value of "Statement" begins, one level down; s.n: nowhere. */
static size_t statements_at(SwStr s) {
    unsigned depth = 0;
    size_t found = s.n;
    for (size_t at = 0; at < s.n;) {
        char c = s.p[at];
        if (c == '"') {
            size_t end = behind_string(s, at), colon = behind_space(s, end);
            bool is_name = depth == 1 && colon < s.n && s.p[colon] == ':';
            if (is_name && sw_str_eqz(sw_str_n(s.p + at, end - at), "\"Statement\""))
                found = behind_space(s, colon + 1);
            at = end;
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at++;
    }
    return found;
}

/* Behind the object that begins at `at`. */
static size_t behind_object(SwStr s, size_t at) {
    unsigned depth = 0;
    while (at < s.n) {
        char c = s.p[at];
        if (c == '"') {
            at = behind_string(s, at);
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at++;
        if (depth == 0)
            break;
    }
    return at;
}

static void place_of(SwStr s, size_t at, int64_t *ret_line, int64_t *ret_column) {
    *ret_line = *ret_column = 1;
    for (size_t i = 0; i < at && i < s.n; i++) {
        bool ends = s.p[i] == '\n';
        *ret_line += ends;
        *ret_column = ends ? 1 : *ret_column + 1;
    }
}

bool sw_policy_place(SwStr s, size_t i, SwPolicyPlace *ret) {
    size_t at = statements_at(s);
    if (at < s.n && s.p[at] == '[')
        at = behind_space(s, at + 1);
    for (; i > 0 && at < s.n; i--) {
        at = behind_space(s, behind_object(s, at));
        at = at < s.n && s.p[at] == ',' ? behind_space(s, at + 1) : s.n;
    }
    if (at >= s.n || s.p[at] != '{')
        return false;
    place_of(s, at, &ret->line, &ret->column);
    place_of(s, behind_object(s, at), &ret->end_line, &ret->end_column);
    return true;
}
