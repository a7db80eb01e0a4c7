/* SPDX-License-Identifier: Apache-2.0 */
/* Which names of images are this server's, and what they say. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "container/image.h"

#define AWS "123456789012.dkr.ecr.eu-west-1."

/* repository NULL: another registry's, or no name. */
static const struct {
    const char *name, *repository, *tag, *digest, *account, *region;
} names[] = {
    {"127.0.0.1:4566/team/app:v1", "team/app", "v1"},
    {"localhost:4566/app", "app", "latest"},
    {"localhost:4566/app@sha256:abc", "app", NULL, "sha256:abc"},
    {"localhost:4566/app:v1@sha256:abc", "app", "v1", "sha256:abc"},
    {AWS "amazonaws.com/app@sha256:abc", "app", NULL, "sha256:abc", "123456789012", "eu-west-1"},
    {AWS "amazonaws.com/team/app", "team/app", "latest", NULL, "123456789012", "eu-west-1"},
    {AWS "localhost:4566/app:1", "app", "1", NULL, "123456789012", "eu-west-1"},
    {AWS "localhost.localstack.cloud:4566/app:1", "app", "1", NULL, "123456789012", "eu-west-1"},
    {AWS "example.org/app:1", NULL},
    {AWS "amazonaws.com.example.org/app:1", NULL},
    {"12345678901.dkr.ecr.eu-west-1.amazonaws.com/app", NULL},
    {"12345678901x.dkr.ecr.eu-west-1.amazonaws.com/app", NULL},
    {"123456789012.dkr.ecr..amazonaws.com/app", NULL},
    {"123456789012.dkr.ecr.eu-west-1/app", NULL},
    {"nginx:latest", NULL},
    {"docker.io/library/nginx", NULL},
    {"public.ecr.aws/nginx/nginx:1", NULL},
    {"127.0.0.1:5000/app:v1", NULL},
    {"127.0.0.1:4566/", NULL},
    {"127.0.0.1:4566/:v1", NULL},
    {"", NULL},
};

static bool same(SwStr s, const char *z) {
    return z ? sw_str_eqz(s, z) : !s.p;
}

static void names_say_whose_they_are(void **state) {
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < SW_N(names); i++) {
        SwImageName n = {0};
        bool ours = sw_image_name_parse(sw_str(names[i].name), SW_STR("127.0.0.1:4566"), &n);
        if (ours == (names[i].repository != NULL) &&
            (!ours ||
             (same(n.repository, names[i].repository) && same(n.tag, names[i].tag) && same(n.digest, names[i].digest) &&
              same(n.account, names[i].account) && same(n.region, names[i].region))))
            continue;
        print_error("%s\n", names[i].name);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_say_whose_they_are)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
