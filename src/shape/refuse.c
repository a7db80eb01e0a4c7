/* SPDX-License-Identifier: Apache-2.0 */
/* Real or refuse: members that Slipway does not support, as models/members says, fail the request that asks for them.
 * Only structures with SW_REFUSES are entered, so that a request without such members costs a look at a flag. */

#include "shape/text.h"

typedef struct Path { /* a linked list on the stack, innermost first */
    const struct Path *up;
    const char *name; /* of a member, or NULL */
    SwStr key;        /* of a map's entry, or absent: then an element of a list */
    size_t index;
} Path;

static void add_path(SwBuf *b, const Path *p) {
    if (p->up)
        add_path(b, p->up);
    if (p->name)
        sw_buf_addf(b, "%s%s", b->n ? "." : "", p->name);
    else if (p->key.p)
        sw_buf_addf(b, "[%.*s]", SW_FMT(p->key));
    else
        sw_buf_addf(b, "[%zu]", p->index);
}

/* Whether a value asks for anything: SDKs and consoles send false, 0 and empty texts for what a user left alone. */
static bool asks(SwArena *a, const SwMember *m, const void *v) {
    const SwShape *s = m->shape;
    if (m->refused->unless) {
        SwStr text = shape_scalar_text(a, s, v);
        for (const char *const *u = m->refused->unless; *u; u++)
            if (sw_str_eqz(text, *u))
                return false;
        return true;
    }
    switch (s->kind) {
    case SW_STRING:
    case SW_BLOB: return ((const SwStr *)v)->n > 0;
    case SW_BOOLEAN: return ((const SwOptBool *)v)->v;
    case SW_INTEGER:
    case SW_LONG: return ((const SwOptInt *)v)->v != 0;
    case SW_FLOAT:
    case SW_DOUBLE: return ((const SwOptDouble *)v)->v != 0;
    case SW_LIST:
    case SW_MAP: return sw_list_count(v) > 0;
    default: return true;
    }
}

typedef struct Refusal {
    SwArena *arena;
    const SwErrorKind *kind;
    SwError *err;
} Refusal;

static int look(const Refusal *r, const Path *path, const SwShape *s, const void *v);

static int look_inside(const Refusal *r, const Path *path, const SwShape *s, const void *v) {
    bool map = s->kind == SW_MAP;
    for (size_t i = 0; i < sw_list_count(v); i++) {
        Path at = {.up = path, .index = i, .key = map ? *sw_map_key_at(s, v, i) : SW_NO_STR};
        if (look(r, &at, s->member[map].shape, map ? sw_map_value_at(s, v, i) : sw_list_at(s, v, i)) < 0)
            return -1;
    }
    return 0;
}

static int look(const Refusal *r, const Path *path, const SwShape *s, const void *v) {
    if (!(s->flags & SW_REFUSES))
        return 0;
    if (s->kind == SW_LIST || s->kind == SW_MAP)
        return look_inside(r, path, s, v);
    for (size_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *e = sw_member_at(m, v);
        if (!e)
            continue;
        Path at = {.up = path, .name = m->name};
        if (m->refused && asks(r->arena, m, e)) {
            SwBuf b = sw_buf(r->arena, 4 * SW_KIB);
            add_path(&b, &at);
            SwStr where = sw_buf_str(&b);
            return sw_fail(r->err, r->kind, "%.*s is not supported: %s.", SW_FMT(where), m->refused->why);
        }
        if (!m->refused && look(r, &at, m->shape, e) < 0)
            return -1;
    }
    return 0;
}

int sw_refuse_unsupported(const SwShape *s, const void *v, const SwErrorKind *kind, SwError *err) {
    Refusal r = {.arena = err->arena, .kind = kind, .err = err};
    return v ? look(&r, NULL, s, v) : 0;
}
