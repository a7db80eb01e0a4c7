/* SPDX-License-Identifier: Apache-2.0 */

/* Query and EC2 Query requests: `A.member.1.B=x` forms.
 *
 * The form is first built into a tree by the dots of its names, so that decoding takes one pass
 * however often a name is repeated; a node with many children gets a hash table. The shape then
 * walks down the tree. Clients differ in small ways that are all understood: `Tags=` is an empty
 * list, a flattened list may be sent with its wrapper. */

#include <stdlib.h>

#include "base/digest.h"
#include "base/map.h"
#include "wire/codec.h"

#define MANY 8 /* children from which on a node is hashed */

typedef struct Node Node;
struct Node {
    SwStr key, value; /* value absent: only children */
    Node *first, *last, *next;
    size_t n;
    SwMap *by_key;
};

static const SwErrorKind malformed_query_string = {.code = "MalformedQueryString", .http = 400};

bool wire_pair_next(SwStr *rest, WirePair *ret_raw) {
    SwStr part;
    while (sw_str_next(rest, '&', &part)) {
        if (part.n == 0)
            continue;
        SwStr name;
        *ret_raw = (WirePair){.name = part, .value = SW_STR("")};
        if (sw_str_cut(&part, '=', &name))
            *ret_raw = (WirePair){.name = name, .value = part, .has_value = true};
        return true;
    }
    return false;
}

static Node *find(const Node *n, SwStr key) {
    if (n->by_key)
        return sw_map_find(n->by_key, key);
    for (Node *c = n->first; c; c = c->next)
        if (sw_str_eq(c->key, key))
            return c;
    return NULL;
}

static Node *find_or_add(SwArena *a, Node *n, SwStr key) {
    Node *c = find(n, key);
    if (c)
        return c;
    c = sw_new(a, Node);
    c->key = key;
    if (n->last)
        n->last->next = c;
    else
        n->first = c;
    n->last = c;
    if (++n->n == MANY) {
        n->by_key = sw_new(a, SwMap);
        *n->by_key = sw_map(a);
        for (Node *k = n->first; k; k = k->next)
            sw_map_put(n->by_key, k->key, k);
    } else if (n->by_key) {
        sw_map_put(n->by_key, key, c);
    }
    return c;
}

static int add_form(Wire *w, Node *root, SwStr form) {
    WirePair raw;
    while (wire_pair_next(&form, &raw)) {
        SwStr name, value, part;
        Node *n = root;
        unsigned depth = 0;
        if (!sw_percent_decode(w->a, raw.name, true, &name) || !sw_percent_decode(w->a, raw.value, true, &value) ||
            !sw_str_is_utf8(name) || !sw_str_is_utf8(value))
            return sw_fail(w->err, &malformed_query_string, "The request's parameters are not well encoded");
        while (sw_str_next(&name, '.', &part)) {
            if (++depth > 2 * WIRE_DEPTH_MAX) /* a list takes two parts: member.1 */
                return sw_fail(w->err, &malformed_query_string, "A parameter's name has too many parts");
            n = find_or_add(w->a, n, part);
        }
        n->value = sw_str_n(value.p ? value.p : "", value.n);
    }
    return 0;
}

SwStr wire_form_action(SwArena *a, const SwWireMessage *m) {
    SwStr both[2] = {m->query, m->body};
    WirePair raw;
    SwStr value;
    for (size_t i = 0; i < 2; i++)
        while (wire_pair_next(&both[i], &raw))
            if (sw_str_eqz(raw.name, "Action") && sw_percent_decode(a, raw.value, true, &value))
                return value;
    return SW_NO_STR;
}

/* The name that a member is sent under; EC2 writes it with a capital. */
static SwStr query_name(const Wire *w, const SwMember *m) {
    if (w->protocol == SW_EC2_QUERY && m->query)
        return sw_str(m->query);
    SwStr name = sw_str(m->wire ? m->wire : m->name);
    if (w->protocol != SW_EC2_QUERY || !m->wire || name.n == 0)
        return name;
    char *capital = sw_arena_alloc(w->a, name.n + 1);
    memcpy(capital, name.p, name.n);
    if (capital[0] >= 'a' && capital[0] <= 'z')
        capital[0] -= 'a' - 'A';
    return sw_str_n(capital, name.n);
}

static const char *part_name(const SwMember *m, const char *otherwise) {
    return m->wire ? m->wire : otherwise;
}

typedef struct Numbered {
    uint64_t i;
    const Node *n;
} Numbered;

static int by_number(const void *x, const void *y) {
    uint64_t a = ((const Numbered *)x)->i, b = ((const Numbered *)y)->i;
    return a < b ? -1 : a > b;
}

/* The children whose names are numbers, in their order; gaps are closed. */
static size_t numbered(Wire *w, const Node *n, Numbered **ret) {
    size_t count = 0;
    bool sorted = true;
    *ret = sw_new_n(w->a, Numbered, n->n + 1);
    for (const Node *c = n->first; c; c = c->next) {
        uint64_t i;
        if (!sw_str_to_u64(c->key, &i))
            continue;
        sorted = sorted && (count == 0 || (*ret)[count - 1].i < i);
        (*ret)[count++] = (Numbered){i, c};
    }
    if (!sorted)
        qsort(*ret, count, sizeof(**ret), by_number);
    return count;
}

static int get_value(Wire *w, const SwMember *m, const Node *n, void *v) sw_must_check;

/* A scalar needs a value of its own: `Name.x=1` says nothing about Name. */
static bool holds(const SwShape *s, const Node *n) {
    return s->kind == SW_LIST || s->kind == SW_MAP || s->kind == SW_STRUCTURE || s->kind == SW_UNION || n->value.p;
}

static int get_list(Wire *w, const SwMember *m, const Node *n, void *v) {
    const SwMember *e = &m->shape->member[0];
    const Node *inner = w->protocol == SW_EC2_QUERY ? NULL : find(n, sw_str(part_name(e, "member")));
    if (!inner && e->wire && w->protocol == SW_QUERY)
        inner = find(n, SW_STR("member"));
    Numbered *items;
    size_t count = numbered(w, inner ? inner : n, &items);
    for (size_t i = 0; i < count; i++)
        if (holds(e->shape, items[i].n) && get_value(w, e, items[i].n, sw_list_push(w->a, m->shape, v)) < 0)
            return -1;
    return 0;
}

static int get_map(Wire *w, const SwMember *m, const Node *n, void *v) {
    const SwMember *km = &m->shape->member[0], *vm = &m->shape->member[1];
    const Node *inner = find(n, SW_STR("entry"));
    Numbered *items;
    size_t count = numbered(w, inner ? inner : n, &items);
    for (size_t i = 0; i < count; i++) {
        const Node *key = find(items[i].n, sw_str(part_name(km, "key")));
        const Node *value = find(items[i].n, sw_str(part_name(vm, "value")));
        if (!key || !key->value.p || !value || !holds(vm->shape, value))
            return wire_malformed(w, "An entry of '%s' lacks its key or value", m->name);
        if (get_value(w, vm, value, wire_map_add(w, m->shape, v, key->value)) < 0)
            return -1;
    }
    if (count > 1)
        wire_map_unique(w, m->shape, v);
    return 0;
}

/* A flattened list whose elements have a name of their own is sent under that name. */
static const Node *member_node(const Wire *w, const Node *n, const SwMember *m) {
    const Node *found = find(n, query_name(w, m));
    if (found || w->protocol == SW_EC2_QUERY || m->shape->kind != SW_LIST || !wire_is_flat(m))
        return found;
    const char *element = m->shape->member[0].wire;
    return element ? find(n, sw_str(element)) : NULL;
}

static int get_structure(Wire *w, const SwShape *s, const Node *n, void *v) {
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const Node *c = member_node(w, n, m);
        bool is_structure = m->shape->kind == SW_STRUCTURE || m->shape->kind == SW_UNION;
        if (!c || (is_structure && !c->first) || !holds(m->shape, c))
            continue;
        if (get_value(w, m, c, sw_member_make(w->a, m, v)) < 0)
            return -1;
    }
    return wire_union_check(w, s, v);
}

static int get_value(Wire *w, const SwMember *m, const Node *n, void *v) {
    int r = 0;
    if (wire_enter(w) < 0)
        return -1;
    wire_begin(w, m->shape, v);
    if (m->shape->kind == SW_LIST)
        r = get_list(w, m, n, v);
    else if (m->shape->kind == SW_MAP)
        r = get_map(w, m, n, v);
    else if (m->shape->kind == SW_STRUCTURE || m->shape->kind == SW_UNION)
        r = get_structure(w, m->shape, n, v);
    else if (n->value.p)
        r = wire_from_text(w, m, n->value, v);
    wire_leave(w);
    return r;
}

int wire_query_get(Wire *w, const SwShape *s, const SwWireMessage *m, void *v) {
    Node root = {0};
    if (add_form(w, &root, m->query) < 0 || add_form(w, &root, m->body) < 0)
        return -1;
    return get_structure(w, s, &root, v);
}

/* The client's side. `prefix` grows and shrinks in place as the walk goes. */
typedef struct Form {
    Wire *w;
    SwBuf *out;
    SwBuf prefix;
} Form;

static void put_value(Form *f, const SwMember *m, const void *v);

static size_t push(Form *f, SwStr part) {
    size_t mark = f->prefix.n;
    if (mark)
        sw_buf_addc(&f->prefix, '.');
    sw_buf_adds(&f->prefix, part);
    return mark;
}

static void pop(Form *f, size_t mark) {
    f->prefix.n = mark;
    if (f->prefix.p)
        f->prefix.p[mark] = '\0';
}

static void put_pair(Form *f, SwStr value) {
    sw_buf_addc(f->out, '&');
    sw_buf_adds(f->out, sw_percent_encode(f->w->a, sw_buf_str(&f->prefix), false));
    sw_buf_addc(f->out, '=');
    sw_buf_adds(f->out, sw_percent_encode(f->w->a, value, false));
}

/* An element must show even when it holds nothing; but "" is no number. */
static void put_element(Form *f, const SwMember *m, const void *v) {
    size_t before = f->out->n;
    SwKind kind = m->shape->kind;
    put_value(f, m, v);
    if (f->out->n == before && (kind == SW_STRING || kind == SW_STRUCTURE || kind == SW_UNION))
        put_pair(f, SW_STR(""));
}

static size_t push_index(Form *f, size_t i) {
    return push(f, sw_strf(f->w->a, "%zu", i + 1));
}

static void put_list(Form *f, const SwMember *m, const void *v) {
    const SwMember *e = &m->shape->member[0];
    bool bare = f->w->protocol == SW_EC2_QUERY || wire_is_flat(m);
    size_t mark = bare ? f->prefix.n : push(f, sw_str(part_name(e, "member")));
    for (size_t i = 0; i < sw_list_count(v); i++) {
        size_t inner = push_index(f, i);
        put_element(f, e, sw_list_at(m->shape, v, i));
        pop(f, inner);
    }
    pop(f, mark);
}

static void put_map(Form *f, const SwMember *m, const void *v) {
    const SwMember *km = &m->shape->member[0], *vm = &m->shape->member[1];
    size_t mark = wire_is_flat(m) ? f->prefix.n : push(f, SW_STR("entry"));
    for (size_t i = 0; i < sw_list_count(v); i++) {
        size_t index = push_index(f, i);
        size_t part = push(f, sw_str(part_name(km, "key")));
        put_pair(f, *sw_map_key_at(m->shape, v, i));
        pop(f, part);
        push(f, sw_str(part_name(vm, "value")));
        put_element(f, vm, sw_map_value_at(m->shape, v, i));
        pop(f, index);
    }
    pop(f, mark);
}

static void put_structure(Form *f, const SwShape *s, const void *v) {
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *value = sw_member_at(m, v);
        if (!value)
            continue;
        SwStr name = query_name(f->w, m);
        if (f->w->protocol == SW_QUERY && m->shape->kind == SW_LIST && wire_is_flat(m) && m->shape->member[0].wire)
            name = sw_str(m->shape->member[0].wire);
        size_t mark = push(f, name);
        put_value(f, m, value);
        pop(f, mark);
    }
}

static void put_value(Form *f, const SwMember *m, const void *v) {
    SwKind kind = m->shape->kind;
    if (kind == SW_STRUCTURE || kind == SW_UNION)
        put_structure(f, m->shape, v);
    else if ((kind == SW_LIST || kind == SW_MAP) && sw_list_count(v) == 0)
        put_pair(f, SW_STR(""));
    else if (kind == SW_LIST)
        put_list(f, m, v);
    else if (kind == SW_MAP)
        put_map(f, m, v);
    else if (sw_value_is_set(m->shape, v))
        put_pair(f, wire_text(f->w, m, SW_TS_ISO8601, v));
}

void wire_query_put(Wire *w, SwBuf *b, const SwShape *s, const void *v) {
    Form f = {.w = w, .out = b, .prefix = wire_buf(w)};
    put_structure(&f, s, v);
}
