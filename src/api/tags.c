/* SPDX-License-Identifier: Apache-2.0 */
/* Merging, checking and removing tags. */

#include "api/tags.h"

#define KEY_MAX   128
#define VALUE_MAX 256

static size_t characters(SwStr s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += (s.p[i] & 0xc0) != 0x80;
    return n;
}

bool sw_tag_is_reserved(SwStr key) {
    return key.n >= 4 && sw_str_ieq(sw_str_n(key.p, 4), SW_STR("aws:"));
}

static bool same(const SwTagRules *r, SwStr a, SwStr b) {
    return r->any_case ? sw_str_ieq(a, b) : sw_str_eq(a, b);
}

/* The index of a key among the first n; n: it is not there. */
static size_t find(const SwTagRules *r, const SwStrMap *tags, size_t n, SwStr key) {
    size_t i = 0;
    while (i < n && !same(r, tags->v[i].key, key))
        i++;
    return i;
}

/* bad: the key or value that is at fault, absent where it is their number. */
static int refuse(const SwTagFault *f, SwStr bad, SwStr resource, SwError *err) {
    SwBuf b = sw_buf(err->arena, 4096);
    for (SwStr rest = sw_str(f->text); rest.n;) {
        bool of_key = sw_str_starts(rest, SW_STR("{key}")), of_resource = sw_str_starts(rest, SW_STR("{resource}"));
        if (of_key || of_resource)
            sw_buf_adds(&b, of_key ? bad : resource);
        else
            sw_buf_addc(&b, *rest.p);
        rest = sw_str_skip(rest, of_key ? 5 : of_resource ? 10 : 1);
    }
    SwStr text = sw_buf_str(&b);
    sw_fail(err, f->kind, "%.*s", SW_FMT(text));
    return f->fact ? sw_fail_fact(err, f->fact, bad) : -1;
}

/* No tag of AWS's has one, and XML has no way to say it. */
static bool has_control(SwStr s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

static int refuse_control(const SwTagRules *r, bool in_key, SwStr key, SwStr resource, SwError *err) {
    const SwTagFault *f = in_key ? &r->bad_key : &r->bad_value;
    if (f->kind)
        return refuse(f, key, resource, err);
    return sw_fail(err, r->reserved.kind ? r->reserved.kind : &SW_VALIDATION_EXCEPTION,
                   "Tags: a %s has a control character, which no tag may have", in_key ? "key" : "value");
}

int sw_tags_check_keys(const SwTagRules *r, SwStr resource, const SwStrList *keys, SwError *err) {
    for (size_t i = 0; r->reserved.kind && i < keys->n; i++)
        if (sw_tag_is_reserved(keys->v[i]))
            return refuse(&r->reserved, keys->v[i], resource, err);
    return 0;
}

int sw_tags_check(const SwTagRules *r, SwStr resource, const SwStrMap *given, SwError *err) {
    if (given->n > r->max)
        return refuse(&r->too_many, SW_NO_STR, resource, err);
    for (size_t i = 0; i < given->n; i++) {
        SwStr key = given->v[i].key;
        if (r->reserved.kind && sw_tag_is_reserved(key))
            return refuse(&r->reserved, key, resource, err);
        if (r->bad_key.kind && (!key.n || characters(key) > KEY_MAX))
            return refuse(&r->bad_key, key, resource, err);
        if (r->bad_value.kind && characters(given->v[i].value) > VALUE_MAX)
            return refuse(&r->bad_value, given->v[i].value, resource, err);
        if (has_control(key) || has_control(given->v[i].value))
            return refuse_control(r, has_control(key), key, resource, err);
        if (r->duplicate.kind && find(r, given, i, key) < i)
            return refuse(&r->duplicate, key, resource, err);
    }
    return 0;
}

int sw_tags_merge(SwArena *a, const SwTagRules *r, SwStr resource, SwStrMap *tags, const SwStrMap *given, SwError *err) {
    SwStrMap all = {0};
    size_t counted = 0;
    if (sw_tags_check(r, resource, given, err) < 0)
        return -1;
    for (size_t i = 0; i < tags->n; i++)
        *sw_list_add(a, &all) = tags->v[i];
    for (size_t i = 0; i < given->n; i++) {
        size_t at = find(r, &all, all.n, given->v[i].key);
        *(at < all.n ? &all.v[at] : sw_list_add(a, &all)) = given->v[i];
    }
    for (size_t i = 0; i < all.n; i++)
        counted += !sw_tag_is_reserved(all.v[i].key);
    if (counted > r->max)
        return refuse(&r->too_many, SW_NO_STR, resource, err);
    *tags = all;
    return 0;
}

void sw_tags_remove(SwArena *a, const SwTagRules *r, SwStrMap *tags, const SwStrList *keys) {
    SwStrMap kept = {0};
    for (size_t i = 0; i < tags->n; i++) {
        bool gone = false;
        for (size_t k = 0; k < keys->n && !gone; k++)
            gone = same(r, tags->v[i].key, keys->v[k]);
        if (!gone)
            *sw_list_add(a, &kept) = tags->v[i];
    }
    *tags = kept;
}
