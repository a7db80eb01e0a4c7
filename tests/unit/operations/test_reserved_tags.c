/* SPDX-License-Identifier: Apache-2.0 */
/* "aws:" keys are reserved everywhere, and writable by Slipway's own services: of every resource that can have tags, and of
 * every operation that takes some. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../wire/generate.h"
#include "../world.h"
#include "api/operation.h"
#include "models/s3_resources.gen.h"

#define KEY SW_STR("aws:cloudformation:stack-name")

static const SwPrincipal ann = {.kind = SW_PRINCIPAL_USER,
                                .arn = SW_STR("arn:aws:iam::000000000000:user/ann"),
                                .id = SW_STR("AIDA")};

static unsigned faults;

static void wrong(const char *what, const char *name, const char *why) {
    faults++;
    print_error("%s %s: %s\n", what, name, why);
}

static World *open_world(void) {
    World *w = world_open(sw_services);
    if (!w)
        skip();
    sw_engine_stop(w->host->engine);
    faults = 0;
    return w;
}

static void close_world(World *w) {
    world_end(w);
    assert_int_equal(faults, 0);
}

/* --- resources ---------------------------------------------------------------------------------------------------------- */

static SwStrMap one(SwArena *a) {
    SwStrMap m = {0};
    sw_str_map_set(a, &m, KEY, SW_STR("stack"));
    return m;
}

static bool has(const SwStrMap *tags) {
    return sw_str_map_find(tags, KEY).p != NULL;
}

static void check_record(SwCtx *cx, const SwResource *r) {
    SwError err = sw_error(cx->arena);
    const SwPrincipal own = cx->principal;
    const SwFound f = {r, SW_STR("x"), sw_arena_alloc(cx->arena, r->in->shape->size)};
    const SwStrMap given = one(cx->arena), none = {0};
    SwStrMap *tags = sw_resource_tags(cx, &f);
    cx->principal = ann;
    if (sw_resource_set_tags(cx, &f, &given, &err) == 0)
        wrong(r->service, r->name, "anybody sets them");
    cx->principal = own;
    if (sw_resource_set_tags(cx, &f, &given, &err) < 0 || !has(tags))
        wrong(r->service, r->name, "Slipway itself does not set them");
    cx->principal = ann;
    if (sw_resource_replace_tags(cx, r->tag_rules, f.id, tags, &none, &err) < 0 || !has(tags))
        wrong(r->service, r->name, "anybody takes them away");
    cx->principal = own;
    if (sw_resource_replace_tags(cx, r->tag_rules, f.id, tags, &none, &err) < 0 || has(tags))
        wrong(r->service, r->name, "Slipway itself does not take them away");
}

/* The Tagging API changes them by this. */
static bool has_operation(const SwDeclarations *d, const SwResource *r) {
    for (size_t i = 0; i < d->n_tagging; i++)
        if (d->tagging[i].verb == SW_TAG_SET && (!d->tagging[i].only || d->tagging[i].only == r))
            return true;
    return false;
}

static void reserved_keys_of_a_resource_are_slipways_own(void **state) {
    (void)state;
    World *w = open_world();
    unsigned n = 0;
    for (const SwService *const *s = sw_services; *s; s++)
        for (const SwResource *const *r = (*s)->declares ? (*s)->declares->resource : NULL; r && *r; r++) {
            if (!(*r)->tag_rules)
                continue;
            n++;
            check_record(w->cx, *r);
            if (!has_operation((*s)->declares, *r))
                wrong((*r)->service, (*r)->name, "no operation sets its tags");
        }
    assert_true(n > 15);
    close_world(w);
}

/* --- operations --------------------------------------------------------------------------------------------------------- */

static bool is_tags(const SwMember *m) {
    static const char *const names[] = {"tags", "Tags", "TagSet"};
    const SwShape *s = m->shape, *e = s->kind == SW_LIST ? s->member[0].shape : NULL;
    bool named = false;
    for (size_t i = 0; i < SW_N(names); i++)
        named |= strcmp(m->name, names[i]) == 0;
    bool pairs = e && e->kind == SW_STRUCTURE && e->n_member == 2;
    return named && (pairs || (s->kind == SW_MAP && s->member[1].shape->kind == SW_STRING));
}

static bool find_tags(const SwShape *s, unsigned depth, SwPath *p) {
    for (uint16_t i = 0; s && s->kind == SW_STRUCTURE && depth < 3 && i < s->n_member; i++) {
        p->at[depth] = i;
        p->n = (uint8_t)(depth + 1);
        if (is_tags(&s->member[i]) || find_tags(s->member[i].shape, depth + 1, p))
            return true;
    }
    return false;
}

/* The rules of the service, by which the operation may refuse it. */
static bool says_reserved(const SwService *s, const SwError *err) {
    for (const SwResource *const *r = s->declares->resource; *r; r++) {
        const SwTagFault *f = (*r)->tag_rules ? &(*r)->tag_rules->reserved : NULL;
        if (f && err->kind == f->kind && strncmp(err->message, f->text, strcspn(f->text, "{")) == 0)
            return true;
    }
    return false;
}

static int run(World *w, SwArena *a, const SwService *s, const SwOperation *op, const SwPath *tags, bool as_ann, SwError *err) {
    Generator g = {.a = a, .protocol = s->api->protocol};
    void *in = generate(&g, op->input), *out;
    SwCtx *cx = sw_ctx_new(w->host, a, SW_NO_STR, SW_NO_STR, "test");
    SwHandler handler = *sw_registry_handler(s, op);
    if (as_ann)
        cx->principal = ann;
    cx->api = s->api;
    cx->op = op;
    *(SwStrMap *)sw_path_make(a, op->input, in, tags) = one(a);
    return sw_operation_run_alone(cx, s, op, &handler, in, &out, err);
}

static void reserved_keys_are_taken_from_slipway_alone(void **state) {
    (void)state;
    World *w = open_world();
    unsigned n = 0, refused = 0;
    for (const SwService *const *s = sw_services; *s; s++)
        for (size_t i = 0; (*s)->api && (*s)->declares && i < (*s)->api->n_op; i++) {
            _sw_arena_ SwArena *a = sw_arena_new(0);
            const SwOperation *op = &(*s)->api->op[i];
            SwPath tags;
            SwError err = sw_error(a), own = sw_error(a);
            if (!sw_registry_handler(*s, op) || !find_tags(op->input, 0, &tags))
                continue;
            n++;
            if (run(w, a, *s, op, &tags, true, &err) == 0)
                wrong((*s)->name, op->name, "anybody sets them");
            else
                refused += says_reserved(*s, &err);
            if (run(w, a, *s, op, &tags, false, &own) < 0 && says_reserved(*s, &own))
                wrong((*s)->name, op->name, own.message);
        }
    print_message("# %u operations take tags, %u refuse these before all else\n", n, refused);
    assert_true(n > 30 && refused > 15);
    close_world(w);
}

static void reserved_keys_of_an_object_are_slipways_own(void **state) {
    (void)state;
    World *w = open_world();
    const SwTagRules *rules = &s3_object_tag_rules;
    SwStrMap tags = one(w->arena), none = {0}, given = one(w->arena);
    assert_int_equal(sw_resource_check_tags(w->cx, rules, &given, &w->err), 0);
    w->cx->principal = ann;
    assert_int_equal(sw_resource_check_tags(w->cx, rules, &given, &w->err), -1);
    assert_int_equal(sw_resource_replace_tags(w->cx, rules, SW_STR("k"), &tags, &none, &w->err), 0);
    assert_true(has(&tags));
    close_world(w);
}

static bool bucket_has(World *w) {
    void *b;
    OK(sw_doc_find(w->cx->tx, &s3_buckets, SW_STR("files"), &b, &w->err));
    return has(SW_TAGS(&((S3BucketRecord *)b)->tags));
}

static void what_takes_a_buckets_tags_away_leaves_slipways_own(void **state) {
    (void)state;
    World *w = open_world();
    const SwPrincipal own = w->cx->principal;
    void *out;
    S3BucketRecord b = {.name = SW_STR("files"), .account = SW_STR("000000000000"), .region = SW_STR("us-east-1")};
    *SW_TAGS(&b.tags) = one(w->arena);
    OK(sw_ctx_begin(w->cx, SW_WRITE, &w->err));
    OK(sw_doc_put(w->cx->tx, &s3_buckets, b.name, &b, &w->err));
    w->cx->principal = ann;
    OK(sw_call(w->cx, &s3_api, S3_DELETE_BUCKET_TAGGING, &(S3DeleteBucketTaggingRequest){.bucket = b.name}, &out, &w->err));
    assert_true(bucket_has(w));
    w->cx->principal = own;
    OK(sw_call(w->cx, &s3_api, S3_DELETE_BUCKET_TAGGING, &(S3DeleteBucketTaggingRequest){.bucket = b.name}, &out, &w->err));
    assert_false(bucket_has(w));
    sw_ctx_rollback(w->cx);
    close_world(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_keys_of_a_resource_are_slipways_own),
        cmocka_unit_test(reserved_keys_are_taken_from_slipway_alone),
        cmocka_unit_test(what_takes_a_buckets_tags_away_leaves_slipways_own),
        cmocka_unit_test(reserved_keys_of_an_object_are_slipways_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
