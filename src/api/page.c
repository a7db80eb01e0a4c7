/* SPDX-License-Identifier: Apache-2.0 */
/* The one pager. A filtered list is read in portions until its page is full and one more wanted row was seen: so a page's
 * token says that there is more, and where its last element stood. */

#include "api/page.h"

#include <stdlib.h>

#include "api/registry.h"
#include "base/digest.h"
#include "wire/wire.h"

#define PORTION_LEAST 32
#define PORTION_MOST  512
#define LOOK_AT_MOST  10000 /* rows for one page, however few are wanted */
#define ASKED_BYTES   8     /* as many as "anything" has */
#define ASKED_MAX     SW_MIB

static const SwService *service(const SwCtx *cx) {
    return cx->api ? sw_registry_by_api(cx->host, cx->api) : NULL;
}

/* What was asked, but for token and limit. */
static SwStr asked(SwCtx *cx) {
    const SwOperation *op = cx->op;
    const SwService *s = service(cx);
    char *in = sw_arena_alloc(cx->arena, op->input->size);
    SwBuf b = sw_buf(cx->arena, ASKED_MAX);
    uint8_t *digest = sw_arena_alloc(cx->arena, 32);
    if (s && s->loose_tokens)
        return SW_STR("anything");
    memcpy(in, cx->in, op->input->size);
    *(SwStr *)(void *)(in + op->page->token->offset) = SW_NO_STR;
    if (op->page->limit)
        *(SwOptInt *)(void *)(in + op->page->limit->offset) = (SwOptInt){0};
    sw_shape_to_json(&b, op->input, in);
    sw_sha256(sw_buf_str(&b), digest);
    return sw_str_n((const char *)digest, ASKED_BYTES);
}

static SwStr token_of(const SwCtx *cx) {
    return *(const SwStr *)(const void *)((const char *)cx->in + cx->op->page->token->offset);
}

static int fault(SwCtx *cx, const SwPageFault *f, const char *otherwise, SwError *err) {
    SwStr rest = sw_str(f && f->text ? f->text : otherwise), part;
    const SwService *s = service(cx);
    SwBuf b = sw_buf(cx->arena, 16 * SW_KIB);
    while (sw_str_cut(&rest, '{', &part)) {
        SwStr name;
        sw_buf_adds(&b, part);
        if (sw_str_cut(&rest, '}', &name))
            sw_buf_adds(&b, sw_str_eqz(name, "token") ? token_of(cx) : sw_str(cx->op->name));
    }
    sw_buf_adds(&b, rest);
    SwStr text = sw_buf_str(&b);
    return sw_fail(err, f && f->kind ? f->kind : s ? sw_registry_invalid(s) : &SW_VALIDATION_EXCEPTION, "%.*s", SW_FMT(text));
}

int sw_page_bad_token(SwCtx *cx, const SwPageFault *bad_token, SwError *err) {
    const SwService *s = service(cx);
    const SwPageFault *f = bad_token ? bad_token : s ? &s->bad_token : NULL;
    return f && f->fail ? f->fail(cx, token_of(cx), err) : fault(cx, f, "The next token is not valid.", err);
}

static SwStr swapped(SwArena *a, SwStr s, char from, char to) {
    SwStr made = sw_str_dup(a, s);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == from)
            ((char *)(uintptr_t)made.p)[i] = to;
    return made;
}

/* Some models' tokens are plain base64 (CloudControl's "[-A-Za-z0-9+/=]+"), where ours have '_'. */
static bool is_plain_base64(const SwShape *s) {
    return s->pattern && strstr(s->pattern, "+/=") && !strchr(s->pattern, '_');
}

int sw_page_place(SwCtx *cx, const SwPageFault *bad_token, SwStr *ret_place, SwError *err) {
    SwStr token = token_of(cx), state;
    *ret_place = SW_NO_STR;
    cx->paged = true;
    if (!sw_str_is(token))
        return 0;
    token = swapped(cx->arena, token, '+', '_');
    if (!sw_page_token_read(cx->arena, cx->op->name, token, &state) || state.n < ASKED_BYTES ||
        !sw_str_eq(sw_str_n(state.p, ASKED_BYTES), asked(cx)))
        return sw_page_bad_token(cx, bad_token, err);
    *ret_place = sw_str_skip(state, ASKED_BYTES);
    return 0;
}

int sw_page_limit(SwCtx *cx, size_t usual, size_t most, size_t *ret_limit, SwError *err) {
    const SwMember *m = cx->op->page->limit;
    const SwService *s = service(cx);
    *ret_limit = usual ? usual : most ? most : SW_PAGE_MOST;
    if (!m || !sw_member_is_set(m, cx->in))
        return 0;
    int64_t limit = ((const SwOptInt *)(const void *)((const char *)cx->in + m->offset))->v;
    if ((limit < 1 || (most && limit > (int64_t)most)) && s && s->bad_limit.text)
        return fault(cx, &s->bad_limit, "", err);
    *ret_limit = (size_t)SW_MIN(SW_MAX(limit, (int64_t)1), (int64_t)(most ? most : SW_PAGE_MOST));
    return 0;
}

void sw_page_next(SwCtx *cx, void *out, SwStr place) {
    const SwPaging *g = cx->op->page;
    if (g->more)
        *(SwOptBool *)sw_member_make(cx->arena, g->more, out) = SW_SOME_BOOL(place.p != NULL);
    if (!place.p)
        return;
    SwStr bound = asked(cx);
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    sw_buf_adds(&b, bound);
    sw_buf_adds(&b, place);
    SwStr token = sw_page_token(cx->arena, cx->op->name, sw_buf_str(&b));
    *(SwStr *)sw_member_make(cx->arena, g->next, out) =
        is_plain_base64(g->next->shape) ? swapped(cx->arena, token, '_', '+') : token;
}

typedef struct Walk {
    SwCtx *cx;
    const SwPage *p;
    void *out;
    size_t limit, shown;
    char part, last_part; /* 'r' rows, 'i' items: what is walked over, where the last one shown stands */
    SwStr last;           /* its cursor there */
    bool full;            /* and another one waits */
} Walk;

static int show(Walk *w, const SwDocRow *row, SwError *err) {
    const SwMember *m = w->cx->op->page->result[0];
    void *to = NULL;
    if (!w->p->scattered)
        to = sw_list_push(w->cx->arena, m->shape, sw_member_make(w->cx->arena, m, w->out));
    if (w->p->show)
        return w->p->show(w->cx, w->p->arg, row, to, err);
    const SwShape *element = m->shape->member[0].shape;
    if (m->shape->kind == SW_MAP)
        memcpy(to, row->record, m->shape->entry_size);
    else if (element->kind == SW_STRING)
        *(SwStr *)to = row->id;
    else if (w->p->of)
        sw_shape_move(w->cx->arena, element, to, w->p->of->shape, row->record);
    else
        memcpy(to, row->record, element->size);
    return 0;
}

static int visit(Walk *w, const SwDocRow *row, SwError *err) {
    bool wanted = true;
    if (w->p->want && w->p->want(w->cx, w->p->arg, row, &wanted, err) < 0)
        return -1;
    if (!wanted)
        return 0;
    if (w->shown == w->limit) {
        w->full = true;
        return 0;
    }
    w->shown++;
    w->last = row->cursor;
    w->last_part = w->part;
    return show(w, row, err);
}

/* *ret_rest: where this part goes on, when it was left before its end; absent as well when the page is full. */
static int walk_rows(Walk *w, SwStr from, SwStr *ret_rest, SwError *err) {
    SwDocQuery q = w->p->q;
    SwDocList l = {0};
    size_t looked = 0;
    q.after = from;
    q.cursors = w->p->want || w->p->items.n;
    q.limit = q.cursors ? SW_MIN(SW_MAX(w->limit + 1, (size_t)PORTION_LEAST), (size_t)PORTION_MOST) : w->limit;
    do {
        if (sw_doc_list(w->cx->tx, w->p->of, &q, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n && !w->full; i++)
            if (visit(w, &l.v[i], err) < 0)
                return -1;
        looked += l.n;
        q.after = l.next;
        q.limit = SW_MIN(2 * q.limit, (size_t)PORTION_MOST);
    } while (q.cursors && !w->full && l.next.p && looked < LOOK_AT_MOST);
    *ret_rest = w->full ? SW_NO_STR : l.next;
    return 0;
}

static int by_key(const void *a, const void *b) {
    return sw_str_cmp(((const SwPageItem *)a)->key, ((const SwPageItem *)b)->key);
}

static int walk_items(Walk *w, SwStr from, SwError *err) {
    SwPageItems all = w->p->items;
    bool down = w->p->q.descending;
    if (all.n)
        qsort(all.v, all.n, sizeof(*all.v), by_key);
    for (size_t i = 0; i < all.n && !w->full; i++) {
        const SwPageItem *e = &all.v[down ? all.n - 1 - i : i];
        int behind = from.p ? sw_str_cmp(e->key, from) : 0;
        SwDocRow row = {.id = e->key, .cursor = e->key, .record = (void *)(uintptr_t)e->v};
        if (from.p && (down ? behind >= 0 : behind <= 0))
            continue;
        if (visit(w, &row, err) < 0)
            return -1;
    }
    return 0;
}

/* *ret_place: of the next page, "r" or "i" and the cursor; absent when this is the last. */
static int walk(Walk *w, SwStr from, SwStr *ret_place, SwError *err) {
    const char *part = w->p->items_first ? "ir" : "ri";
    SwStr rest = SW_NO_STR;
    *ret_place = SW_NO_STR;
    if (from.p && from.n && *from.p == part[1])
        part++;
    for (; *part && !w->full && !rest.p; part++) {
        SwStr start = from.n && *from.p == *part ? sw_str_skip(from, 1) : SW_NO_STR;
        w->part = *part;
        if (*part == 'i' ? walk_items(w, start, err) < 0 : w->p->of && walk_rows(w, start, &rest, err) < 0)
            return -1;
    }
    if (w->full)
        *ret_place = sw_strf(w->cx->arena, "%c%.*s", w->last_part, SW_FMT(w->last));
    else if (rest.p)
        *ret_place = sw_strf(w->cx->arena, "%c%.*s", w->part, SW_FMT(rest));
    return 0;
}

int sw_page(SwCtx *cx, const SwPage *p, void *out, SwError *err) {
    Walk w = {.cx = cx, .p = p, .out = out};
    SwStr from, next;
    if (sw_page_limit(cx, p->usual, p->most, &w.limit, err) < 0 || sw_page_place(cx, p->bad_token, &from, err) < 0 ||
        walk(&w, from, &next, err) < 0)
        return -1;
    if (!p->omit_empty && !p->scattered)
        (void)sw_member_make(cx->arena, cx->op->page->result[0], out);
    sw_page_next(cx, out, next);
    return 0;
}
