/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of Fargate tasks, environment files and their ARNs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "services/ecs/ecs.h"

#define assert_str(s, z) assert_true(sw_str_eqz((s), (z)))

static void fargate_sizes_are_those_of_the_guide(void **state) {
    (void)state;
    assert_true(ecs_fargate_size(256, 512));
    assert_true(ecs_fargate_size(256, 2048));
    assert_false(ecs_fargate_size(256, 3072));
    assert_true(ecs_fargate_size(512, 4096));
    assert_false(ecs_fargate_size(512, 1500));
    assert_true(ecs_fargate_size(4096, 30720));
    assert_true(ecs_fargate_size(8192, 20480));
    assert_false(ecs_fargate_size(8192, 17408));
    assert_true(ecs_fargate_size(16384, 122880));
    assert_false(ecs_fargate_size(300, 512));
}

static void sizes_are_read_in_units_and_in_words(void **state) {
    (void)state;
    int64_t v;
    assert_true(ecs_cpu_parse(SW_STR("256"), &v));
    assert_int_equal(v, 256);
    assert_true(ecs_cpu_parse(SW_STR(".5 vCPU"), &v));
    assert_int_equal(v, 512);
    assert_true(ecs_memory_parse(SW_STR("1GB"), &v));
    assert_int_equal(v, 1024);
    assert_false(ecs_memory_parse(SW_STR("much"), &v));
    assert_false(ecs_cpu_parse(SW_STR("-1"), &v));
    assert_false(ecs_cpu_parse(SW_NO_STR, &v));
}

static void an_environment_file_keeps_values_as_they_are_written(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStrMap env = {0};
    ecs_environment_parse(a, SW_STR("# no\nA=1\r\nB= \"x = y\" \n=none\nnothing\nC=\nA=2"), &env);
    assert_int_equal(env.n, 3);
    assert_str(sw_str_map_find(&env, SW_STR("A")), "2");
    assert_str(sw_str_map_find(&env, SW_STR("B")), " \"x = y\" ");
    assert_str(sw_str_map_find(&env, SW_STR("C")), "");
}

static void the_arn_of_an_object_has_bucket_and_key(void **state) {
    (void)state;
    SwStr bucket, key;
    assert_true(ecs_file_arn_parse(SW_STR("arn:aws:s3:::b/k/x.env"), &bucket, &key));
    assert_str(bucket, "b");
    assert_str(key, "k/x.env");
    assert_false(ecs_file_arn_parse(SW_STR("arn:aws:s3:::b"), &bucket, &key));
    assert_false(ecs_file_arn_parse(SW_STR("arn:aws:s3:::b/"), &bucket, &key));
    assert_false(ecs_file_arn_parse(SW_STR("arn:aws:ec2:::b/k"), &bucket, &key));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fargate_sizes_are_those_of_the_guide),
        cmocka_unit_test(sizes_are_read_in_units_and_in_words),
        cmocka_unit_test(an_environment_file_keeps_values_as_they_are_written),
        cmocka_unit_test(the_arn_of_an_object_has_bucket_and_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
