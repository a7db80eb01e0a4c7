/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold for the tables of every API in models/. */

#include "shape_test.h"

#include "base/map.h"
#include "base/pattern.h"
#include "models/apis.h"

/* Shapes whose patterns PCRE2 does not take: a range that ends in a class, repetitions beyond 65535. Their other rules
 * still hold. */
static const char *const uncompilable[] = {
    "ResourceType",
    "InstancePropertyFilterValue",
    "InstancePropertyStringFilterKey",
    NULL,
};

typedef void Visit(const SwApi *api, const SwShape *s);

static void walk(const SwApi *api, SwMap *seen, const SwShape *s, Visit *visit) {
    SwStr key = sw_str_n((const char *)sw_arena_alloc(seen->arena, sizeof(s)), sizeof(s));
    if (!s)
        return;
    memcpy((char *)(uintptr_t)key.p, &s, sizeof(s));
    if (sw_map_find(seen, key))
        return;
    sw_map_put(seen, key, seen);
    visit(api, s);
    for (size_t i = 0; i < s->n_member; i++)
        walk(api, seen, s->member[i].shape, visit);
}

static void walk_all(SwArena *a, Visit *visit) {
    SwMap seen = sw_map(a);
    for (size_t i = 0; sw_apis[i]; i++) {
        for (size_t j = 0; j < sw_apis[i]->n_op; j++) {
            walk(sw_apis[i], &seen, sw_apis[i]->op[j].input, visit);
            walk(sw_apis[i], &seen, sw_apis[i]->op[j].output, visit);
        }
        for (size_t j = 0; sw_apis[i]->error[j]; j++)
            walk(sw_apis[i], &seen, sw_apis[i]->error[j]->shape, visit);
    }
}

static void check_pattern(const SwApi *api, const SwShape *s) {
    if (s->pattern && !s->pattern_slot)
        fail_msg("%s %s: a pattern without a slot", api->name, s->name);
    if (!s->pattern || sw_pattern_kept(s->pattern_slot, s->pattern))
        return;
    for (size_t i = 0; uncompilable[i]; i++)
        if (strcmp(uncompilable[i], s->name) == 0)
            return;
    fail_msg("%s %s: %s", api->name, s->name, s->pattern);
}

static void patterns_compile(void **state) {
    walk_all(*state, check_pattern);
}

static void javas_escapes_are_understood(void **state) {
    const SwPattern *p = sw_pattern_compile("[\\u0041-\\u0043\\u00e9]+");
    assert_true(sw_pattern_matches(p, SW_STR("ABC\xc3\xa9")));
    assert_false(sw_pattern_matches(p, SW_STR("D")));
    assert_true(sw_pattern_matches(sw_pattern_compile("\\\\u0041"), SW_STR("\\u0041")));
}

static size_t value_size(const SwShape *s) {
    return s->kind == SW_STRUCTURE || s->kind == SW_UNION ? sizeof(void *) : s->size;
}

static void check_layout(const SwApi *api, const SwShape *s) {
    uint32_t end = 0;
    assert_int_equal(s->kind == SW_LIST, s->n_member == 1 && strcmp(s->member[0].name, "member") == 0 && s->kind == SW_LIST);
    assert_true(s->size > 0);
    if (s->kind == SW_MAP) {
        assert_int_equal(s->member[0].shape->kind, SW_STRING);
        assert_true(s->value_offset >= sizeof(SwStr));
        assert_int_equal(s->entry_size % sizeof(void *), 0);
        assert_true(s->entry_size >= s->value_offset + s->member[1].shape->size);
    }
    for (size_t i = 0; (s->kind == SW_STRUCTURE || s->kind == SW_UNION) && i < s->n_member; i++) {
        assert_true(s->member[i].offset >= end);
        end = s->member[i].offset + (uint32_t)value_size(s->member[i].shape);
        assert_true(end <= s->size);
    }
}

static void members_lie_in_their_structures_one_after_another(void **state) {
    walk_all(*state, check_layout);
}

static void operations_are_sorted_and_complete(void **state) {
    for (size_t i = 0; sw_apis[i]; i++) {
        const SwApi *api = sw_apis[i];
        assert_non_null(api->sign_name);
        assert_true(api->protocol && (api->protocols & api->protocol) == api->protocol);
        for (size_t j = 0; j < api->n_op; j++) {
            assert_int_equal(api->op[j].index, j);
            assert_non_null(strchr(api->op[j].iam_action, ':'));
            assert_true(j == 0 || strcmp(api->op[j - 1].name, api->op[j].name) < 0);
            for (size_t k = 0; api->op[j].error[k]; k++)
                assert_in_range(api->op[j].error[k]->http, 300, 599);
        }
    }
}

static void facts_that_the_manifest_adds_are_there(void **state) {
    static const struct {
        const char *api, *op, *action;
        bool read;
    } cases[] = {
        {"s3", "ListObjectsV2", "s3:ListBucket", true},
        {"s3", "UploadPart", "s3:PutObject", false},
        {"elbv2", "DescribeRules", "elasticloadbalancing:DescribeRules", true},
        {"cloudwatch", "PutMetricData", "cloudwatch:PutMetricData", false},
        {"sts", "GetSessionToken", "sts:GetSessionToken", false},
        {"ecr", "GetAuthorizationToken", "ecr:GetAuthorizationToken", false},
        {"ecr", "BatchCheckLayerAvailability", "ecr:BatchCheckLayerAvailability", true},
        {"sqs", "ReceiveMessage", "sqs:ReceiveMessage", false},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        const SwOperation *op = NULL;
        for (size_t j = 0; sw_apis[j] && !op; j++)
            if (strcmp(sw_apis[j]->name, cases[i].api) == 0)
                op = sw_api_operation(sw_apis[j], sw_str(cases[i].op));
        assert_non_null(op);
        assert_string_equal(op->iam_action, cases[i].action);
        assert_int_equal((op->flags & SW_OP_READ) != 0, cases[i].read);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(patterns_compile),
        TEST(javas_escapes_are_understood),
        TEST(members_lie_in_their_structures_one_after_another),
        TEST(operations_are_sorted_and_complete),
        TEST(facts_that_the_manifest_adds_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
