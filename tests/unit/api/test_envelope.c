/* SPDX-License-Identifier: Apache-2.0 */
/* What services keep sealed, with a key and without. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../world.h"
#include "api/envelope.h"
#include "api/seal.h"
#include "base/digest.h"
#include "models/kms.gen.h"

extern const SwService sw_service_kms, sw_service_iam;
static const SwService *const services[] = {&sw_service_iam, &sw_service_kms, NULL};

static const SwErrorKind gone = {.code = "Gone", .http = 400}, off = {.code = "Off", .http = 400},
                         ending = {.code = "Ending", .http = 400}, other = {.code = "Other", .http = 400};
static const SwEnvelopeFaults faults = {.not_found = &gone, .disabled = &off, .state = &ending, .usage = &other};

static SwStrMap context(World *w, const char *value) {
    SwStrMap m = {0};
    sw_str_map_set(w->arena, &m, SW_STR("of"), sw_str(value));
    return m;
}

static SwStr key_of(World *w, const char *spec, const char *usage) {
    KmsCreateKeyResponse *out;
    OK(kms_call_create_key(w->cx, &(KmsCreateKeyRequest){.key_spec = sw_str(spec), .key_usage = sw_str(usage)}, &out, &w->err));
    return out->key_metadata->key_id;
}

static void without_a_key_it_is_the_data_folders_seal(void **state) {
    World *w = *state;
    SwStr text, plain;
    if (!w)
        skip();
    const SwEnvelope e = {.service = "ssm", .about = SW_STR("arn:x")}, another = {.service = "ssm", .about = SW_STR("arn:y")};
    OK(sw_envelope_seal(w->cx, &e, SW_STR("secret"), &text, &w->err));
    assert_false(sw_str_contains(text, SW_STR("secret")) || sw_str_contains(text, SW_STR(":")));
    OK(sw_envelope_open(w->cx, &e, text, &plain, &w->err));
    assert_true(sw_str_eqz(plain, "secret"));
    assert_int_equal(sw_envelope_open(w->cx, &another, text, &plain, &w->err), -1);
}

static const char *seal_key(World *w) {
    return sw_path(w->arena, w->dir, "seal-key");
}

static void nothing_opens_without_the_seal_key_and_none_is_made_for_it(void **state) {
    World *w = *state;
    SwStr sealed, plain;
    if (!w)
        skip();
    OK(sw_seal(w->cx, SW_STR("arn:x"), SW_STR("secret"), &sealed, &w->err));
    assert_int_equal(unlink(seal_key(w)), 0);
    assert_int_equal(sw_unseal(w->cx, SW_STR("arn:x"), sealed, &plain, &w->err), -1);
    assert_string_equal(w->err.message, "The data folder's seal-key is missing");
    assert_false(sw_exists(seal_key(w)));
    sw_error_reset(&w->err);
}

typedef struct Sealer {
    World *w;
    pthread_barrier_t *start;
    SwArena *arena;
    SwStr sealed;
    int r;
} Sealer;

static void *seal_at_once(void *arg) {
    Sealer *s = arg;
    SwError err = sw_error(s->arena);
    SwCtx *cx = sw_ctx_new(s->w->host, s->arena, SW_NO_STR, SW_NO_STR, "test");
    pthread_barrier_wait(s->start);
    s->r = sw_seal(cx, SW_STR("arn:x"), SW_STR("secret"), &s->sealed, &err);
    return NULL;
}

static void threads_that_seal_first_at_once_make_one_key(void **state) {
    World *w = *state;
    pthread_barrier_t start;
    pthread_t t[4];
    SwStr plain;
    if (!w)
        skip();
    for (int round = 0; round < 20; round++) {
        Sealer s[SW_N(t)];
        unlink(seal_key(w));
        assert_int_equal(pthread_barrier_init(&start, NULL, SW_N(t)), 0);
        for (size_t i = 0; i < SW_N(t); i++) {
            s[i] = (Sealer){.w = w, .start = &start, .arena = sw_arena_new(0)};
            assert_int_equal(pthread_create(&t[i], NULL, seal_at_once, &s[i]), 0);
        }
        for (size_t i = 0; i < SW_N(t); i++)
            pthread_join(t[i], NULL);
        for (size_t i = 0; i < SW_N(t); i++) {
            assert_int_equal(s[i].r, 0);
            OK(sw_unseal(w->cx, SW_STR("arn:x"), s[i].sealed, &plain, &w->err));
            sw_arena_free(s[i].arena);
        }
        pthread_barrier_destroy(&start);
    }
}

static void a_key_seals_with_context_and_owner(void **state) {
    World *w = *state;
    SwStr text, plain;
    if (!w)
        skip();
    const SwStrMap right = context(w, "a"), wrong = context(w, "b");
    SwEnvelope e = {.service = "ssm",
                    .key = key_of(w, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
                    .about = SW_STR("arn:x"),
                    .context = &right};
    OK(sw_envelope_seal(w->cx, &e, SW_STR("secret"), &text, &w->err));
    OK(sw_envelope_open(w->cx, &e, text, &plain, &w->err));
    assert_true(sw_str_eqz(plain, "secret"));
    e.context = &wrong;
    assert_int_equal(sw_envelope_open(w->cx, &e, text, &plain, &w->err), -1);
    e.context = &right;
    e.about = SW_STR("arn:y");
    assert_int_equal(sw_envelope_open(w->cx, &e, text, &plain, &w->err), -1);
    for (size_t n = 0; n < text.n; n += 7) { /* what was cut opens nothing */
        sw_error_reset(&w->err);
        e.about = SW_STR("arn:x");
        assert_int_equal(sw_envelope_open(w->cx, &e, sw_str_n(text.p, n), &plain, &w->err), -1);
    }
}

static SwStr arn_of(World *w, SwStr key) {
    KmsDescribeKeyResponse *out;
    OK(kms_call_describe_key(w->cx, &(KmsDescribeKeyRequest){.key_id = key}, &out, &w->err));
    return out->key_metadata->arn;
}

static void aws_s_own_key_is_made_with_the_first_use(void **state) {
    World *w = *state;
    SwStr text, plain, arn, again;
    if (!w)
        skip();
    const SwEnvelope e = {.service = "sqs", .key = SW_STR("alias/aws/sqs"), .about = SW_STR("arn:x")};
    OK(sw_ctx_begin(w->cx, SW_WRITE, &w->err));
    OK(sw_envelope_seal(w->cx, &e, SW_STR("one"), &text, &w->err));
    arn = arn_of(w, e.key);
    OK(sw_envelope_seal(w->cx, &e, SW_STR("two"), &text, &w->err));
    again = arn_of(w, e.key);
    OK(sw_ctx_commit(w->cx, &w->err));
    assert_true(sw_str_eq(arn, again));
    OK(sw_ctx_begin(w->cx, SW_READ, &w->err));
    OK(sw_envelope_open(w->cx, &e, text, &plain, &w->err));
    sw_ctx_rollback(w->cx);
    assert_true(sw_str_eqz(plain, "two"));
    assert_null(w->cx->via); /* what follows is the caller's own again */
}

static void expect(World *w, const SwEnvelope *e, SwStr text, const SwErrorKind *kind) {
    SwStr plain;
    sw_error_reset(&w->err);
    assert_int_equal(sw_envelope_open(w->cx, e, text, &plain, &w->err), -1);
    assert_string_equal(w->err.kind->code, kind->code);
    sw_error_reset(&w->err);
    assert_int_equal(sw_envelope_seal(w->cx, e, SW_STR("x"), &text, &w->err), -1);
    assert_string_equal(w->err.kind->code, kind->code);
    sw_error_reset(&w->err);
}

static void keys_that_do_not_work_fail_in_the_services_words(void **state) {
    World *w = *state;
    SwStr text;
    void *none;
    KmsScheduleKeyDeletionResponse *end;
    if (!w)
        skip();
    SwStr key = key_of(w, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    SwEnvelope e = {.service = "sqs", .key = key, .about = SW_STR("arn:x"), .faults = &faults};
    OK(sw_envelope_seal(w->cx, &e, SW_STR("secret"), &text, &w->err));
    OK(kms_call_disable_key(w->cx, &(KmsDisableKeyRequest){.key_id = key}, &none, &w->err));
    expect(w, &e, text, &off);
    OK(kms_call_schedule_key_deletion(w->cx, &(KmsScheduleKeyDeletionRequest){.key_id = key}, &end, &w->err));
    expect(w, &e, text, &ending);
    e.key = SW_STR("alias/never");
    assert_int_equal(sw_envelope_seal(w->cx, &e, SW_STR("x"), &text, &w->err), -1);
    assert_string_equal(w->err.kind->code, "Gone");
    sw_error_reset(&w->err);
    e.key = key_of(w, "HMAC_256", "GENERATE_VERIFY_MAC");
    assert_int_equal(sw_envelope_seal(w->cx, &e, SW_STR("x"), &text, &w->err), -1);
    assert_string_equal(w->err.kind->code, "Other");
}

static void one_data_key_seals_much(void **state) {
    World *w = *state;
    SwDataKey k;
    SwStr a, b, plain;
    if (!w)
        skip();
    const SwEnvelope e = {.service = "sqs", .key = key_of(w, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), .about = SW_STR("arn:x")};
    OK(sw_data_key_new(w->cx, &e, &k, &w->err));
    OK(sw_data_key_seal(w->cx, &e, &k, SW_STR("one"), &a, &w->err));
    OK(sw_data_key_seal(w->cx, &e, &k, SW_STR("one"), &b, &w->err));
    assert_false(sw_str_eq(a, b));
    OK(sw_envelope_open(w->cx, &e, b, &plain, &w->err));
    assert_true(sw_str_eqz(plain, "one"));
}

int main(void) {
#define T(t) WORLD_TEST(t, services)
    const struct CMUnitTest tests[] = {
        T(without_a_key_it_is_the_data_folders_seal),
        T(nothing_opens_without_the_seal_key_and_none_is_made_for_it),
        T(threads_that_seal_first_at_once_make_one_key),
        T(a_key_seals_with_context_and_owner),
        T(aws_s_own_key_is_made_with_the_first_use),
        T(keys_that_do_not_work_fail_in_the_services_words),
        T(one_data_key_seals_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
