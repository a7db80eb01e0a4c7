/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle rules: the examples of ECR's user guide, and what is refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "services/ecr/ecr.h"

#define NOW (1000 * SW_DAY)
#define RULE(priority, selection) \
    "{\"rulePriority\":" #priority ",\"selection\":{" selection "},\"action\":{\"type\":\"expire\"}}"

/* "A:prod,x:10" is image A with tags prod and x, pushed 10 days ago. Returns what goes, as "A1 C2":
 * image and rule. */
static SwStr apply(SwArena *a, const char *policy, const char *const *images, SwTime *ret_next) {
    EcrRules *rules;
    EcrAgedList l = {0};
    SwError err = sw_error(a);
    SwBuf b = sw_buf(a, 4096);
    assert_int_equal(ecr_rules_parse(a, sw_str(policy), &rules, &err), 0);
    for (; *images; images++) {
        EcrAged *i = sw_list_add(a, &l);
        SwStr rest = sw_str(*images), tags, tag;
        int64_t days;
        assert_true(sw_str_cut(&rest, ':', &i->digest) && sw_str_cut(&rest, ':', &tags) && sw_str_to_i64(rest, &days));
        while (sw_str_next(&tags, ',', &tag))
            sw_str_list_add(a, &i->tags, tag);
        i->pushed = NOW - days * SW_DAY;
    }
    ecr_rules_apply(a, rules, &l, NOW, ret_next);
    for (size_t i = 0; i < l.n; i++)
        if (l.v[i].rule)
            sw_buf_addf(&b, "%.*s%lld ", SW_FMT(l.v[i].digest), (long long)l.v[i].rule);
    return sw_str_trim(sw_buf_str(&b));
}

#define EXPECT(want, policy, ...) \
    assert_string_equal(sw_str_z(a, apply(a, policy, (const char *const[]){__VA_ARGS__, NULL}, &next)), want)

static void images_of_a_prefix_beyond_a_count_go_oldest_first(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwTime next;
    EXPECT("B1 A1",
           "{\"rules\":[" RULE(1, "\"tagStatus\":\"tagged\",\"tagPrefixList\":[\"prod\"],"
                                  "\"countType\":\"imageCountMoreThan\",\"countNumber\":1") "]}",
           "A:prod1:30", "B:prod2:20", "C:prod3:10", "D:beta:40");
    assert_true(next == INT64_MAX);
}

static void untagged_images_go_by_age_and_the_next_time_is_known(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwTime next;
    EXPECT("A1",
           "{\"rules\":[" RULE(1, "\"tagStatus\":\"untagged\",\"countType\":\"sinceImagePushed\","
                                  "\"countUnit\":\"days\",\"countNumber\":14") "]}",
           "A::14", "B::13", "C:x:100");
    assert_true(next == NOW + SW_DAY);
}

static void an_image_of_a_rule_is_never_expired_by_a_later_one(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwTime next;
    /* Rule 1 keeps A and C although rule 2 counts them. */
    EXPECT(
        "B2",
        "{\"rules\":[" RULE(
            1,
            "\"tagStatus\":\"tagged\",\"tagPrefixList\":[\"prod\"],"
            "\"countType\":\"imageCountMoreThan\",\"countNumber\":5") "," RULE(2,
                                                                               "\"tagStatus\":\"any\",\"countType\":"
                                                                               "\"imageCountMoreThan\",\"countNumber\":1") "]}",
        "A:prod1:30", "B:beta:20", "C:prod2:10");
}

static void all_prefixes_and_patterns_must_match(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwTime next;
    EXPECT("A1",
           "{\"rules\":[" RULE(1, "\"tagStatus\":\"tagged\",\"tagPrefixList\":[\"alpha\",\"beta\"],\"countType\":"
                                  "\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":5") "]}",
           "A:alpha1,beta1:10", "B:alpha2:10");
    EXPECT("B1",
           "{\"rules\":[" RULE(1, "\"tagStatus\":\"tagged\",\"tagPatternList\":[\"*-rc\"],\"countType\":"
                                  "\"sinceImagePushed\",\"countUnit\":\"days\",\"countNumber\":5") "]}",
           "A:v1:10", "B:v1-rc:10");
}

static void policies_that_say_too_little_or_too_much_are_refused(void **state) {
    static const char *const bad[] = {
        "",
        "{}",
        "{\"rules\":[]}",
        "{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"any\",\"countType\":"
        "\"imageCountMoreThan\",\"countNumber\":1},\"action\":{\"type\":\"transition\"}}]}",
        "{\"rules\":[" RULE(0, "\"tagStatus\":\"any\",\"countType\":\"imageCountMoreThan\",\"countNumber\":1") "]}",
        "{\"rules\":[" RULE(1, "\"tagStatus\":\"tagged\",\"countType\":\"imageCountMoreThan\",\"countNumber\":1") "]}",
        "{\"rules\":[" RULE(1, "\"tagStatus\":\"any\",\"tagPrefixList\":[\"a\"],\"countType\":"
                               "\"imageCountMoreThan\",\"countNumber\":1") "]}",
        "{\"rules\":[" RULE(1, "\"tagStatus\":\"any\",\"countType\":\"sinceImagePulled\","
                               "\"countUnit\":\"days\",\"countNumber\":1") "]}",
        "{\"rules\":[" RULE(1, "\"tagStatus\":\"any\",\"countType\":\"sinceImagePushed\",\"countNumber\":1") "]}",
        "{\"rules\":[" RULE(1, "\"tagStatus\":\"any\",\"countType\":\"imageCountMoreThan\","
                               "\"countNumber\":1") "," RULE(2, "\"tagStatus\":\"untagged\","
                                                                "\"countType\":\"imageCountMoreThan\","
                                                                "\"countNumber\":1") "]}",
        "{\"rules\":[" RULE(
            2,
            "\"tagStatus\":\"untagged\",\"countType\":\"imageCountMoreThan\","
            "\"countNumber\":1") "," RULE(2,
                                          "\"tagStatus\":\"any\",\"countType\":\"imageCountMoreThan\",\"countNumber\":1") "]}",
    };
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (size_t i = 0; i < SW_N(bad); i++) {
        EcrRules *rules;
        SwError err = sw_error(a);
        assert_int_equal(ecr_rules_parse(a, sw_str(bad[i]), &rules, &err), -1);
        assert_true(sw_error_is(&err, &ECR_INVALID_PARAMETER_EXCEPTION));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_of_a_prefix_beyond_a_count_go_oldest_first),
        cmocka_unit_test(untagged_images_go_by_age_and_the_next_time_is_known),
        cmocka_unit_test(an_image_of_a_rule_is_never_expired_by_a_later_one),
        cmocka_unit_test(all_prefixes_and_patterns_must_match),
        cmocka_unit_test(policies_that_say_too_little_or_too_much_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
