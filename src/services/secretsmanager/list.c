/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of secrets and of versions, and the filters of secrets.
 *
 * AWS     API Reference, "Filter": a value is a prefix, a leading '!' negates it. A secret passes a filter that has one of its
 *         plain values (or has none of these) and none of its negated ones, and all filters must be passed. */

#include "services/secretsmanager/secretsmanager.h"

#define PAGE_USUAL 100

typedef struct Texts {
    SwStrList l;
    bool any_case;
} Texts;

static Texts texts_of(SwCtx *cx, const Secret *s, SwStr key) {
    Texts t = {.any_case = sw_str_eqz(key, "description") || sw_str_eqz(key, "all")};
    bool all = sw_str_eqz(key, "all");
    if (all || sw_str_eqz(key, "name"))
        sw_str_list_add(cx->arena, &t.l, s->name);
    if ((all || sw_str_eqz(key, "description")) && s->description.p)
        sw_str_list_add(cx->arena, &t.l, s->description);
    if (all || sw_str_eqz(key, "primary-region"))
        sw_str_list_add(cx->arena, &t.l, cx->region);
    for (size_t i = 0; i < s->tags.n; i++) {
        if (all || sw_str_eqz(key, "tag-key"))
            sw_str_list_add(cx->arena, &t.l, s->tags.v[i].key);
        if (all || sw_str_eqz(key, "tag-value"))
            sw_str_list_add(cx->arena, &t.l, s->tags.v[i].value);
    }
    return t; /* owning-service: no secret is another service's */
}

static bool starts(SwStr text, SwStr prefix, bool any_case) {
    return text.n >= prefix.n && (any_case ? sw_str_ieq(sw_str_n(text.p, prefix.n), prefix) : sw_str_starts(text, prefix));
}

static bool starts_any(const Texts *t, SwStr prefix) {
    for (size_t i = 0; i < t->l.n; i++)
        if (starts(t->l.v[i], prefix, t->any_case))
            return true;
    return false;
}

#define LETTERS "a-zA-Z0-9"

/* A word of the value begins a word of an attribute. */
static bool has_word(const Texts *t, SwStr word) {
    for (size_t i = 0; i < t->l.n; i++) {
        SwStr rest = t->l.v[i];
        while (rest.n) {
            if (starts(rest, word, true))
                return true;
            size_t n = sw_str_span(rest, LETTERS);
            rest = sw_str_skip(rest, n ? n : 1);
        }
    }
    return false;
}

static bool has_words(const Texts *t, SwStr value) {
    SwStr word;
    while (sw_str_next(&value, ' ', &word))
        if (word.n && !has_word(t, word))
            return false;
    return true;
}

static bool passes(SwCtx *cx, const SecretsmanagerFilter *f, const Secret *s) {
    Texts t = texts_of(cx, s, f->key);
    bool all = sw_str_eqz(f->key, "all"), asked = false, found = false;
    for (size_t i = 0; i < f->values.n; i++) {
        SwStr value = f->values.v[i];
        bool not = sw_str_starts(value, SW_STR("!"));
        if (not )
            value = sw_str_skip(value, 1);
        bool is = all ? has_words(&t, value) : starts_any(&t, value);
        if (not &&is)
            return false;
        asked |= !not ;
        found |= !not &&is;
    }
    return found || !asked;
}

bool secretsmanager_matches(SwCtx *cx, const SecretsmanagerFilterList *filters, const Secret *s) {
    for (size_t i = 0; i < filters->n; i++)
        if (!passes(cx, &filters->v[i], s))
            return false;
    return true;
}

int secretsmanager_check_filters(const SecretsmanagerFilterList *filters, SwError *err) {
    for (size_t i = 0; i < filters->n; i++) {
        const SecretsmanagerFilter *f = &filters->v[i];
        if (!f->key.p || !f->values.n)
            return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION, "Invalid filter %s", f->key.p ? "values" : "key");
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(f->key, filters->v[k].key))
                return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION, "Duplicate filter key: %.*s", SW_FMT(f->key));
    }
    return 0;
}

/* --- secrets ---------------------------------------------------------------------------------------------------- */

static int is_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const SecretsmanagerListSecretsRequest *in = arg;
    const Secret *s = secretsmanager_secrets_row(row);
    *ret_wanted = (!s->deletion.set || in->include_planned_deletion.v) && secretsmanager_matches(cx, &in->filters, s);
    return 0;
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const Secret *s = secretsmanager_secrets_row(row);
    SecretsmanagerSecretListEntry *e = to;
    sw_shape_move(cx->arena, &secretsmanager_shape_secret_list_entry, e, &secretsmanager_shape_secret_record, s);
    e->tags = s->tags;
    e->deleted_date = s->deleted;
    e->secret_versions_to_stages = secretsmanager_stages_shown(cx, s);
    return 0;
}

static const char *index_of(SwStr by) {
    static const struct {
        const char *by, *index;
    } orders[] = {{"name", NULL}, {"last-changed-date", "by_changed"}, {"last-accessed-date", "by_accessed"}};
    for (size_t i = 0; i < SW_N(orders); i++)
        if (sw_str_eqz(by, orders[i].by))
            return orders[i].index;
    return "by_created";
}

int secretsmanager_list_secrets(SwCtx *cx, const SecretsmanagerListSecretsRequest *in, SecretsmanagerListSecretsResponse *out,
                                SwError *err) {
    if (secretsmanager_check_filters(&in->filters, err) < 0)
        return -1;
    return sw_page(cx,
                   &(SwPage){.of = &secretsmanager_secrets,
                             .q = {.index = index_of(in->sort_by), .descending = sw_str_eqz(in->sort_order, "desc")},
                             .want = is_wanted,
                             .show = show,
                             .arg = in,
                             .usual = PAGE_USUAL},
                   out, err);
}

/* --- versions --------------------------------------------------------------------------------------------------- */

typedef struct Versions {
    const Secret *s;
    bool all;
} Versions;

static int wants_version(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const Versions *l = arg;
    *ret_wanted = l->all || secretsmanager_stages_of(cx, l->s, secretsmanager_versions_row(row)->version_id).n;
    return 0;
}

static int show_version(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const Version *v = secretsmanager_versions_row(row);
    SecretsmanagerSecretVersionsListEntry *e = to;
    *e = (SecretsmanagerSecretVersionsListEntry){.version_id = v->version_id,
                                                 .version_stages =
                                                     secretsmanager_stages_of(cx, ((const Versions *)arg)->s, v->version_id),
                                                 .last_accessed_date = v->last_accessed_date,
                                                 .created_date = v->created_date};
    sw_str_list_add(cx->arena, &e->kms_key_ids, sw_str_or(v->kms_key_id, SW_STR("DefaultEncryptionKey")));
    return 0;
}

int secretsmanager_list_secret_version_ids(SwCtx *cx, const SecretsmanagerListSecretVersionIdsRequest *in,
                                           SecretsmanagerListSecretVersionIdsResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_get(cx, in->secret_id, &s, err) < 0)
        return -1;
    const Versions l = {s, in->include_deprecated.v};
    out->arn = s->arn;
    out->name = s->name;
    return sw_page(cx,
                   &(SwPage){.of = &secretsmanager_versions,
                             .q = secretsmanager_versions_query(cx, s),
                             .want = wants_version,
                             .show = show_version,
                             .arg = &l,
                             .usual = PAGE_USUAL},
                   out, err);
}
