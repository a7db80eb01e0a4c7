/* SPDX-License-Identifier: Apache-2.0 */
/* From names to records. */

#include "resource/internal.h"

#include "api/service.h"

bool sw_resource_is_here(SwCtx *cx, const SwResource *r, const void *record) {
    SwStr account = sw_path_text(r->in->shape, record, &r->account_at),
          region = sw_path_text(r->in->shape, record, &r->region_at);
    return (!account.p || sw_str_eq(account, cx->account)) && (!region.p || sw_str_eq(region, cx->region)) &&
           (!r->hooks || !r->hooks->exists || r->hooks->exists(cx, record));
}

static void *implied(SwCtx *cx, const SwResource *r, SwStr id) {
    return r->hooks && r->hooks->implied ? r->hooks->implied(cx, id) : NULL;
}

/* Under its id, or the other one. */
static int stored(SwCtx *cx, SwFound *f, SwError *err) {
    const SwResourceHooks *h = f->r->hooks;
    if (sw_doc_find(cx->tx, f->r->in, f->id, &f->record, err) < 0)
        return -1;
    SwStr other = !f->record && h && h->other_id ? h->other_id(cx, f->id) : SW_NO_STR;
    if (other.p && sw_doc_find(cx->tx, f->r->in, other, &f->record, err) < 0)
        return -1;
    if (other.p && f->record)
        f->id = other;
    return 0;
}

int sw_resource_find(SwCtx *cx, const SwResource *r, SwStr id, SwFound *ret, SwError *err) {
    *ret = (SwFound){.r = r, .id = id};
    if (!sw_str_is(id) || !r->in)
        return 0;
    if (stored(cx, ret, err) < 0)
        return -1;
    if (ret->record && !sw_resource_is_here(cx, r, ret->record))
        ret->record = NULL;
    else if (!ret->record)
        ret->record = implied(cx, r, id);
    return 0;
}

int sw_resource_get(SwCtx *cx, const SwResource *r, SwStr id, SwFound *ret, SwError *err) {
    if (sw_resource_find(cx, r, id, ret, err) < 0)
        return -1;
    return ret->record ? 0 : sw_resource_fail(cx, r, &r->missing, id, err);
}

/* Where ARNs do not say the id, an index does. */
static int find_indexed(SwCtx *cx, const SwResource *r, SwStr arn, SwFound *ret, SwError *err) {
    SwDocList l;
    SwDocQuery q = {.index = r->arn_index, .equals = {arn}, .limit = 1};
    if (sw_doc_list(cx->tx, r->in, &q, &l, err) < 0)
        return -1;
    *ret = (SwFound){.r = r};
    if (l.n && sw_resource_is_here(cx, r, l.v[0].record))
        *ret = (SwFound){.r = r, .id = l.v[0].id, .record = l.v[0].record};
    return 0;
}

static bool is_arn(SwStr s) {
    return sw_str_starts(s, SW_STR("arn:"));
}

/* 1 where the text can name such a resource; *ret then has its record, or none. */
static int try_one(SwCtx *cx, const SwResource *r, SwStr ref, SwFound *ret, SwError *err) {
    SwParts p;
    if (is_arn(ref) && r->arn_index && sw_resource_read_arn(cx, r, ref, &p))
        return find_indexed(cx, r, ref, ret, err) < 0 ? -1 : 1;
    SwStr id = sw_resource_id(cx, r, ref);
    if (!id.p)
        return 0;
    if (sw_resource_find(cx, r, id, ret, err) < 0)
        return -1;
    /* Its own ARN may say more than the id does: a path, a random end. */
    SwStr own = ret->record && is_arn(ref) ? sw_path_text(r->in->shape, ret->record, &r->arn_at) : SW_NO_STR;
    if (own.p && !r->arn[1] && !sw_str_eq(own, ref))
        ret->record = NULL;
    return 1;
}

/* An ARN or reference of this kind, but of another account or region: there is none here. */
static bool is_foreign(const SwResource *r, SwStr ref, SwParts *ret_p) {
    for (const char *const *t = is_arn(ref) ? r->arn : r->reference; *t; t++)
        if (sw_resource_read(r, *t, ref, ret_p))
            return true;
    return false;
}

static int fail_unfound(SwCtx *cx, const SwResource *r, SwStr ref, SwError *err) {
    SwParts p;
    bool elsewhere = r->elsewhere.kind && is_foreign(r, ref, &p) && p.region.p && !sw_str_eq(p.region, cx->region);
    return sw_resource_fail(cx, r, elsewhere ? &r->elsewhere : &r->missing, ref, err);
}

int sw_resource_among(SwCtx *cx, const SwResource *const *among, const SwText *bad_arn, SwStr reference, SwFound *ret,
                      SwError *err) {
    const SwResource *meant = NULL;
    for (size_t i = 0; among[i]; i++) {
        SwParts p;
        int is = try_one(cx, among[i], reference, ret, err);
        if (is < 0)
            return -1;
        if (is && ret->record)
            return 0;
        if (!meant && (is || is_foreign(among[i], reference, &p)))
            meant = among[i];
    }
    *ret = (SwFound){0};
    if (!meant && bad_arn->kind)
        return sw_resource_fail(cx, among[0], bad_arn, reference, err);
    ret->r = meant ? meant : among[0];
    return fail_unfound(cx, ret->r, reference, err);
}

int sw_resource_by_reference(SwCtx *cx, const SwResource *const *among, SwStr reference, SwFound *ret, SwError *err) {
    return sw_resource_among(cx, among, &among[0]->bad_arn, reference, ret, err);
}

int sw_resource_find_reference(SwCtx *cx, const SwResource *r, SwStr reference, SwFound *ret, SwError *err) {
    *ret = (SwFound){.r = r};
    return try_one(cx, r, reference, ret, err) < 0 ? -1 : 0;
}

/* Here or elsewhere. */
static bool is_one_of(const SwResource *const *among, SwStr arn) {
    SwParts p;
    for (size_t i = 0; among[i]; i++)
        if (is_arn(arn) && is_foreign(among[i], arn, &p))
            return true;
    return false;
}

int sw_resource_check_among(SwCtx *cx, const SwResource *const *among, const SwText *bad_arn, SwStrList refs, SwError *err) {
    for (size_t i = 0; bad_arn->kind && i < refs.n; i++)
        if (!is_one_of(among, refs.v[i]))
            return sw_resource_fail(cx, among[0], bad_arn, refs.v[i], err);
    return 0;
}

int sw_resource_check_arns(SwCtx *cx, const SwResource *const *among, SwStrList refs, SwError *err) {
    return sw_resource_check_among(cx, among, &among[0]->bad_arn, refs, err);
}

int sw_resource_by_arn(SwCtx *cx, SwStr arn, SwFound *ret, SwError *err) {
    SwArn parsed;
    *ret = (SwFound){0};
    if (!sw_arn_parse(arn, &parsed))
        return 0;
    for (const SwResource *const *r = sw_resource_all(cx->host); *r; r++) {
        SwFound f;
        int is = sw_str_eqz(parsed.service, (*r)->service) ? try_one(cx, *r, arn, &f, err) : 0;
        if (is < 0)
            return -1;
        if (is && f.record) {
            *ret = f;
            return 0;
        }
    }
    return 0;
}

int sw_resource_put(SwCtx *cx, const SwFound *f, SwError *err) {
    return sw_doc_put(cx->tx, f->r->in, f->id, f->record, err);
}

int sw_resource_find_parts(SwCtx *cx, const SwResource *r, const SwParts *p, void **ret_record, SwError *err) {
    SwFound f;
    if (sw_resource_find(cx, r, sw_resource_write(cx, r, r->id, p), &f, err) < 0)
        return -1;
    *ret_record = f.record;
    return 0;
}

int sw_resource_get_parts(SwCtx *cx, const SwResource *r, const SwParts *p, void **ret_record, SwError *err) {
    if (sw_resource_find_parts(cx, r, p, ret_record, err) < 0)
        return -1;
    return *ret_record ? 0 : sw_resource_fail_parts(cx, r, &r->missing, p, sw_resource_write(cx, r, r->id, p), err);
}

int sw_resource_put_parts(SwCtx *cx, const SwResource *r, const SwParts *p, const void *record, SwError *err) {
    return sw_doc_put(cx->tx, r->in, sw_resource_write(cx, r, r->id, p), record, err);
}

int sw_resource_insert_parts(SwCtx *cx, const SwResource *r, const SwParts *p, const void *record, SwError *err) {
    SwStr id = sw_resource_write(cx, r, r->id, p);
    bool inserted = false;
    if (!implied(cx, r, id) && sw_doc_insert(cx->tx, r->in, id, record, &inserted, err) < 0)
        return -1;
    return inserted ? 0 : sw_resource_fail_parts(cx, r, &r->exists, p, id, err);
}

int sw_resource_delete_parts(SwCtx *cx, const SwResource *r, const SwParts *p, SwError *err) {
    return sw_doc_delete(cx->tx, r->in, sw_resource_write(cx, r, r->id, p), NULL, err);
}

static int own_id(SwCtx *cx, const SwResource *r, const void *record, SwStr *ret, SwError *err) {
    SwParts p;
    if (!sw_resource_read_any_arn(r, sw_path_text(r->in->shape, record, &r->arn_at), &p))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "A record of %s:%s has no ARN of its own", r->service, r->name);
    *ret = sw_resource_write(cx, r, r->id, &p);
    return 0;
}

int sw_resource_save(SwCtx *cx, const SwResource *r, const void *record, SwError *err) {
    SwStr id;
    return own_id(cx, r, record, &id, err) < 0 ? -1 : sw_doc_put(cx->tx, r->in, id, record, err);
}

int sw_resource_drop(SwCtx *cx, const SwResource *r, const void *record, SwError *err) {
    SwStr id;
    return own_id(cx, r, record, &id, err) < 0 ? -1 : sw_doc_delete(cx->tx, r->in, id, NULL, err);
}
