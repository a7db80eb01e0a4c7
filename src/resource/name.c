/* SPDX-License-Identifier: Apache-2.0 */
/* Ids, ARNs and references as texts over a resource's parts, written and read back. */

#include "resource/internal.h"

/* One "{name}", "{name*}", "{name:path}", "{name:lower}" or "{name:folder}" of a template. */
typedef struct Field {
    SwStr name;
    bool any, path, lower, folder;
} Field;

/* *t stands behind the '{'; afterwards behind the '}'. */
static Field next_field(const char **t) {
    const char *end = strchr(*t, '}');
    Field f = {.name = sw_str_n(*t, (size_t)(end - *t))};
    *t = end + 1;
    f.any = sw_str_ends(f.name, SW_STR("*"));
    f.lower = sw_str_ends(f.name, SW_STR(":lower"));
    f.path = sw_str_ends(f.name, SW_STR(":path"));
    f.folder = sw_str_ends(f.name, SW_STR(":folder"));
    f.name = sw_str_drop(f.name, f.any ? 1 : f.lower ? 6 : f.path ? 5 : f.folder ? 7 : 0);
    return f;
}

static SwStr *slot(const SwResource *r, SwStr name, SwParts *p) {
    if (sw_str_eqz(name, "account"))
        return &p->account;
    if (sw_str_eqz(name, "region"))
        return &p->region;
    for (size_t i = 0; i < r->n_part; i++)
        if (sw_str_eqz(name, r->part[i].name))
            return &p->v[i];
    return NULL;
}

static size_t span(SwStr s, bool path) {
    size_t n = 0;
    while (n < s.n && (path || s.p[n] != '/') && s.p[n] != ':')
        n++;
    return n;
}

/* May the first n bytes stand for this field? A folder begins and ends with '/'. */
static bool may_be(Field f, SwStr s, size_t n) {
    return !f.folder || (s.p[0] == '/' && s.p[n - 1] == '/');
}

/* Tries the longest text for each field first, so that a path takes all but the name. At most one field of a template
 * holds any text, so this is quadratic at worst. */
static bool fits(const SwResource *r, const char *t, SwStr s, SwParts *p) {
    while (*t && *t != '{') {
        if (!s.n || *s.p != *t)
            return false;
        s = sw_str_skip(s, 1);
        t++;
    }
    if (!*t)
        return s.n == 0;
    t++;
    Field f = next_field(&t);
    SwStr nothing, *to = f.name.n ? slot(r, f.name, p) : &nothing;
    if (!to)
        return false;
    for (size_t n = f.any || f.folder ? s.n : span(s, f.path); n > 0; n--) {
        if (f.any && *t == '{' && s.p[n - 1] != '/' && s.p[n - 1] != ':') /* nothing else says where it ends */
            continue;
        *to = sw_str_n(s.p, n);
        if (may_be(f, s, n) && fits(r, t, sw_str_skip(s, n), p))
            return true;
    }
    *to = SW_NO_STR;
    return false;
}

bool sw_resource_read(const SwResource *r, const char *templ, SwStr text, SwParts *ret_parts) {
    *ret_parts = (SwParts){0};
    return templ && text.p && fits(r, templ, text, ret_parts);
}

/* A part, or what a request means that leaves it out. */
static SwStr said_or_meant(const SwResource *r, const SwParts *p, const SwStr *v) {
    for (size_t i = 0; v && !v->p && i < r->n_part; i++)
        if (v == &p->v[i] && r->part[i].otherwise)
            return sw_str(r->part[i].otherwise);
    return v ? *v : SW_NO_STR;
}

SwStr sw_resource_write(SwCtx *cx, const SwResource *r, const char *templ, const SwParts *parts) {
    if (!templ)
        return SW_NO_STR;
    SwBuf b = sw_buf(cx->arena, 64 * SW_KIB);
    SwParts p = *parts;
    p.account = sw_str_or(p.account, cx->account);
    p.region = sw_str_or(p.region, cx->region);
    for (const char *t = templ; *t;) {
        if (*t != '{') {
            sw_buf_addc(&b, *t++);
            continue;
        }
        t++;
        Field f = next_field(&t);
        SwStr text = said_or_meant(r, &p, slot(r, f.name, &p));
        if (!text.p)
            text = SW_STR("*");
        sw_buf_adds(&b, f.lower ? sw_str_lower(cx->arena, text) : text);
    }
    return b.full ? SW_NO_STR : sw_buf_str(&b); /* half a name would be another's */
}

/* Whether a template has the part in it. */
static bool says(const SwResource *r, const char *templ, unsigned part) {
    for (const char *t = strchr(templ, '{'); t; t = strchr(t, '{')) {
        t++;
        if (sw_str_eqz(next_field(&t).name, r->part[part].name))
            return true;
    }
    return false;
}

SwStr sw_resource_write_arn(SwCtx *cx, const SwResource *r, const SwParts *parts) {
    if (r->hooks && r->hooks->arn)
        return r->hooks->arn(cx, sw_resource_write(cx, r, r->id, parts));
    for (const char *const *t = r->arn; *t; t++) {
        bool all = true;
        for (unsigned i = 0; i < r->n_part; i++) {
            SwStr v = parts->v[i];
            bool otherwise = !v.p || (r->part[i].otherwise && sw_str_eqz(v, r->part[i].otherwise));
            all &= otherwise || says(r, *t, i);
        }
        if (all)
            return sw_resource_write(cx, r, *t, parts);
    }
    return sw_resource_write(cx, r, r->arn[0], parts);
}

/* No second name for one thing: what the first text leaves out another does not say, or a Deny of the one would be passed by
 * the other. */
static bool is_its_own(const SwResource *r, const char *templ, const SwParts *parts) {
    for (unsigned i = 0; i < r->n_part; i++)
        if (r->part[i].otherwise && sw_str_eqz(parts->v[i], r->part[i].otherwise) && says(r, templ, i) &&
            !says(r, r->arn[0], i))
            return false;
    return true;
}

bool sw_resource_read_any_arn(const SwResource *r, SwStr arn, SwParts *ret_parts) {
    for (const char *const *t = r->arn; *t; t++)
        if (sw_resource_read(r, *t, arn, ret_parts) && is_its_own(r, *t, ret_parts))
            return true;
    return false;
}

static bool is_here(SwCtx *cx, const SwParts *p) {
    return (!p->account.p || sw_str_eq(p->account, cx->account)) && (!p->region.p || sw_str_eq(p->region, cx->region));
}

bool sw_resource_read_arn(SwCtx *cx, const SwResource *r, SwStr arn, SwParts *ret_parts) {
    return sw_resource_read_any_arn(r, arn, ret_parts) && is_here(cx, ret_parts);
}

SwStr sw_resource_arn(SwCtx *cx, const SwResource *r, SwStr id, const void *record) {
    SwParts p;
    SwStr own = record ? sw_path_text(r->in->shape, record, &r->arn_at) : SW_NO_STR;
    if (own.p)
        return own;
    if (r->hooks && r->hooks->arn)
        return r->hooks->arn(cx, id);
    return sw_resource_read(r, r->id, id, &p) ? sw_resource_write_arn(cx, r, &p) : SW_NO_STR;
}

bool sw_resource_may_be_left_out(const SwResource *r) {
    for (size_t i = 0; i < r->n_part; i++)
        if (!r->part[i].otherwise)
            return false;
    return r->n_part > 0;
}

SwStr sw_resource_id(SwCtx *cx, const SwResource *r, SwStr reference) {
    SwParts p = {0};
    if (!sw_str_is(reference))
        return sw_resource_may_be_left_out(r) ? sw_resource_write(cx, r, r->id, &p) : SW_NO_STR;
    if (r->arn[0] && sw_str_starts(reference, SW_STR("arn:")))
        return sw_resource_read_arn(cx, r, reference, &p) ? sw_resource_write(cx, r, r->id, &p) : SW_NO_STR;
    for (size_t i = 0; r->reference[i]; i++)
        if (sw_resource_read(r, r->reference[i], reference, &p))
            return is_here(cx, &p) ? sw_resource_write(cx, r, r->id, &p) : SW_NO_STR;
    return SW_NO_STR;
}

/* The last text of an ARN or reference, for errors about what was not found. */
static SwParts parts_said(SwCtx *cx, const SwResource *r, SwStr ref) {
    SwParts p;
    if (sw_resource_read_any_arn(r, ref, &p))
        return p;
    for (size_t i = 0; r->reference[i]; i++)
        if (sw_resource_read(r, r->reference[i], ref, &p))
            return p;
    if (!sw_resource_read(r, r->id, ref, &p))
        p = (SwParts){.v = {[0] = ref}};
    return p;
}

int sw_resource_fail_parts(SwCtx *cx, const SwResource *r, const SwText *text, const SwParts *parts, SwStr reference,
                           SwError *err) {
    if (text == &r->missing && r->hooks && r->hooks->missing)
        return r->hooks->missing(cx, reference, err);
    SwParts p = *parts;
    SwBuf b = sw_buf(cx->arena, 16 * SW_KIB);
    for (const char *t = text->text; *t;) {
        const char *open = strchr(t, '{');
        sw_buf_adds(&b, open ? sw_str_n(t, (size_t)(open - t)) : sw_str(t));
        if (!open)
            break;
        t = open + 1;
        Field f = next_field(&t);
        SwStr *v = slot(r, f.name, &p);
        if (sw_str_eqz(f.name, "ref"))
            sw_buf_adds(&b, reference);
        else if (sw_str_eqz(f.name, "arn"))
            sw_buf_adds(&b, sw_str_starts(reference, SW_STR("arn:")) ? reference : sw_resource_write_arn(cx, r, &p));
        else if (v == &p.account)
            sw_buf_adds(&b, sw_str_or(p.account, cx->account));
        else if (v == &p.region)
            sw_buf_adds(&b, sw_str_or(p.region, cx->region));
        else
            sw_buf_adds(&b, said_or_meant(r, &p, v));
    }
    SwStr said = sw_buf_str(&b);
    sw_fail(err, text->kind, "%.*s", SW_FMT(said));
    return text->fact ? sw_fail_fact(err, text->fact, reference) : -1;
}

int sw_resource_fail(SwCtx *cx, const SwResource *r, const SwText *text, SwStr reference, SwError *err) {
    SwParts p = parts_said(cx, r, reference);
    return sw_resource_fail_parts(cx, r, text, &p, reference, err);
}

static bool ends(SwStr s, const char *end) {
    return sw_str_ends(s, sw_str(end));
}

/* By its id, and what that leaves out by its ARN; `lower`: by the ARN, which has the capitals. */
static bool read_whole(SwCtx *cx, const SwFound *f, SwStr arn, bool lower, SwParts *ret) {
    SwParts said;
    if (lower)
        return sw_resource_read_arn(cx, f->r, arn, ret);
    if (!sw_resource_read(f->r, f->r->id, f->id, ret))
        return false;
    for (size_t i = 0; sw_resource_read_arn(cx, f->r, arn, &said) && i < f->r->n_part; i++)
        ret->v[i] = ret->v[i].p ? ret->v[i] : said.v[i];
    return true;
}

SwStr sw_resource_reference(SwCtx *cx, const SwFound *f, const SwShape *s, const SwPath *at) {
    SwStr member = sw_path_last(s, at), arn = sw_resource_arn(cx, f->r, f->id, f->record);
    SwParts p;
    /* Lambda says only "Resource" */
    bool by_arn =
        ends(member, "Resource") || ends(member, "Arn") || ends(member, "Arns") || ends(member, "ARN") || !f->r->reference[0];
    return by_arn || !read_whole(cx, f, arn, false, &p) ? arn : sw_resource_write(cx, f->r, f->r->reference[0], &p);
}

SwStr sw_resource_name(SwCtx *cx, const SwFound *f, SwStr arn) {
    const char *reference = f->r->reference ? f->r->reference[0] : NULL;
    SwParts p;
    if (!read_whole(cx, f, arn, strstr(f->r->id, ":lower}") != NULL, &p))
        return f->id;
    return reference ? sw_resource_write(cx, f->r, reference, &p) : p.v[f->r->n_part - 1];
}
