/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of CloudFormation's types share. Include after cmocka.h. */

#include "../world.h"
#include "resource/cfn.h"

static inline SwValue *parse(World *w, const char *json) {
    SwValue *v = sw_new(w->arena, SwValue);
    assert_int_equal(sw_json_parse(w->arena, sw_str(json), v, &w->err), 0);
    return v;
}

/* As a walker would: in a transaction, which is undone where it fails. "" or the error's code. */
static inline const char *apply(World *w, const SwResource *r, const char *identifier, const SwValue *was, const SwValue *want,
                                SwApplied *ret) {
    w->err = sw_error(w->arena);
    assert_int_equal(sw_ctx_begin(w->cx, SW_WRITE, &w->err), 0);
    if (sw_resource_apply(w->cx, r, sw_str(identifier), was, want, ret, &w->err) < 0) {
        sw_ctx_rollback(w->cx);
        return w->err.kind->code;
    }
    assert_int_equal(sw_ctx_commit(w->cx, &w->err), 0);
    return "";
}

static inline SwValue read_back(World *w, const SwResource *r, const char *identifier) {
    SwValue v = sw_value_object();
    w->err = sw_error(w->arena);
    assert_int_equal(sw_ctx_begin(w->cx, SW_READ, &w->err), 0);
    if (sw_resource_model(w->cx, r, sw_str(identifier), &v, &w->err) < 0)
        v = (SwValue){0};
    sw_ctx_rollback(w->cx);
    return v;
}

/* Their ARNs, in order. */
static inline int note_arn(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    sw_str_list_add(cx->arena, arg, arn);
    return 0;
}

static inline SwStrList list_all(World *w, const SwResource *r) {
    SwStrList all = {0};
    assert_int_equal(sw_ctx_begin(w->cx, SW_READ, &w->err), 0);
    assert_int_equal(sw_resource_walk(w->cx, r, SW_NO_STR, note_arn, &all, &w->err), 0);
    sw_ctx_rollback(w->cx);
    return all;
}

/* All that was set is read again, as it was set. */
static inline void assert_has(World *w, const SwValue *got, const SwValue *set) {
    for (size_t i = 0; i < set->n; i++) {
        const SwValue *v = sw_value_get(got, set->keys[i]);
        SwStr want = sw_json_text(w->arena, &set->v[i]), have = v ? sw_json_text(w->arena, v) : SW_STR("nothing");
        assert_string_equal(sw_str_z(w->arena, have), sw_str_z(w->arena, want));
    }
}

/* Made of these properties: its identifier. */
static inline const char *make_of(World *w, const SwResource *r, const SwValue *want) {
    SwApplied done;
    const char *code = apply(w, r, "", NULL, want, &done);
    if (*code)
        fail_msg("%s: %s", code, w->err.message);
    return sw_str_z(w->arena, done.identifier);
}

static inline const char *make_one(World *w, const SwResource *r, const char *json) {
    return make_of(w, r, parse(w, json));
}

/* It is not here; reading it fails with this code, where one is given. */
static inline void assert_gone(World *w, const SwResource *r, const char *identifier, const char *code) {
    SwValue got = read_back(w, r, identifier);
    assert_int_equal(got.kind, SW_VNULL);
    if (code)
        assert_string_equal(w->err.kind->code, code);
}

static inline void assert_reads_as(World *w, const SwResource *r, const char *identifier, const SwValue *want) {
    SwValue got = read_back(w, r, identifier);
    assert_has(w, &got, want);
}

#define assert_lacks(v, ...) assert_lacks_(v, (const char *const[]){__VA_ARGS__, NULL})
static inline void assert_lacks_(const SwValue *v, const char *const *properties) {
    for (; *properties; properties++)
        if (sw_value_getz(v, *properties))
            fail_msg("%s is still there", *properties);
}

/* Changed in place, and then it says all that is wanted. What it says. */
static inline SwValue change_one(World *w, const SwResource *r, const char *identifier, const SwValue *was,
                                 const SwValue *want) {
    SwApplied done;
    const char *code = apply(w, r, identifier, was, want, &done);
    if (*code)
        fail_msg("%s: %s", code, w->err.message);
    assert_false(done.replace);
    SwValue got = read_back(w, r, identifier);
    assert_has(w, &got, want);
    return got;
}

/* Ended, and gone then: assert_gone. */
static inline void end_one(World *w, const SwResource *r, const char *identifier, const SwValue *was, const char *code) {
    SwApplied done;
    const char *failed = apply(w, r, identifier, was, NULL, &done);
    if (*failed)
        fail_msg("%s: %s", failed, w->err.message);
    assert_gone(w, r, identifier, code);
}

/* A property as JSON, or "nothing". */
static inline const char *property(World *w, const SwResource *r, const char *identifier, const char *name) {
    SwValue got = read_back(w, r, identifier);
    const SwValue *v = sw_value_getz(&got, name);
    return v ? sw_str_z(w->arena, sw_json_text(w->arena, v)) : "nothing";
}

/* It is made once, read back, changed, listed and ended. Its identifier. */
static inline const char *assert_life(World *w, const SwResource *r, const char *was, const char *want) {
    SwApplied done;
    const char *id = make_one(w, r, was);
    assert_reads_as(w, r, id, parse(w, was));
    assert_string_not_equal(apply(w, r, "", NULL, parse(w, was), &done), "");
    assert_int_equal(list_all(w, r).n, 1);
    (void)change_one(w, r, id, parse(w, was), parse(w, want));
    end_one(w, r, id, parse(w, want), NULL);
    assert_int_equal(list_all(w, r).n, 0);
    return id;
}

/* It cannot be made, and the message says so. */
static inline void assert_refuses(World *w, const SwResource *r, const char *json, const char *why) {
    SwApplied done;
    assert_string_not_equal(apply(w, r, "", NULL, parse(w, json), &done), "");
    if (!strstr(w->err.message, why))
        fail_msg("%s: %s", json, w->err.message);
}

typedef struct Refusal {
    const SwResource *type;
    const char *json, *why;
} Refusal;

static inline void assert_refuses_each(World *w, const Refusal *bad, size_t n) {
    for (size_t i = 0; i < n; i++)
        assert_refuses(w, bad[i].type, bad[i].json, bad[i].why);
}

/* A policy by which anybody may do this. */
#define ANYBODY_MAY(action) \
    "{\"Statement\":[{\"Action\":\"" action "\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Resource\":\"*\"}]," \
    "\"Version\":\"2012-10-17\"}"
