/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, the registry's paths, names. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "services/ecr/manifest.h"

#define HEX  "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX2 "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static int parse(SwArena *a, const char *text, const char *type, EcrManifest *m) {
    SwError err = sw_error(a);
    return ecr_manifest_parse(a, sw_str(text), sw_str(type), m, &err);
}

static void an_image_names_its_config_and_layers(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    EcrManifest m;
    assert_int_equal(parse(a,
                           "{\"schemaVersion\":2,\"mediaType\":\"" ECR_TYPE_DOCKER "\",\"config\":{\"digest\":\"" HEX
                           "\",\"size\":10},"
                           "\"layers\":[{\"digest\":\"" HEX2 "\",\"size\":5},{\"digest\":\"" HEX2 "\",\"size\":5}]}",
                           NULL, &m),
                     0);
    assert_false(m.index);
    assert_int_equal(m.blobs.n, 2);
    assert_int_equal(m.size, 20);
    assert_true(sw_str_eqz(m.media_type, ECR_TYPE_DOCKER));
}

static void an_index_names_images_and_may_be_told_by_its_members(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    EcrManifest m;
    assert_int_equal(parse(a, "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"" HEX "\",\"size\":10}]}", NULL, &m), 0);
    assert_true(m.index);
    assert_int_equal(m.children.n, 1);
    assert_true(sw_str_eqz(m.media_type, ECR_TYPE_OCI_INDEX));
}

static void a_subject_and_an_artifact_type_are_read(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    EcrManifest m;
    assert_int_equal(parse(a,
                           "{\"schemaVersion\":2,\"artifactType\":\"x/y\",\"config\":{\"digest\":\"" HEX
                           "\",\"size\":2},\"layers\":[],"
                           "\"subject\":{\"digest\":\"" HEX2 "\",\"size\":2},\"annotations\":{\"k\":\"v\"}}",
                           ECR_TYPE_OCI, &m),
                     0);
    assert_true(sw_str_eqz(m.subject, HEX2));
    assert_true(sw_str_eqz(m.artifact_type, "x/y"));
    assert_true(sw_str_eqz(sw_str_map_find(&m.annotations, SW_STR("k")), "v"));
}

static void what_is_no_manifest_is_refused(void **state) {
    static const struct {
        const char *text, *type;
    } bad[] = {
        {"", NULL},
        {"[]", NULL},
        {"{}", NULL},
        {"{\"schemaVersion\":1}", NULL},
        {"{\"schemaVersion\":2,\"config\":{\"digest\":\"md5:a\",\"size\":1},\"layers\":[]}", NULL},
        {"{\"schemaVersion\":2,\"config\":{\"digest\":\"" HEX "\",\"size\":-1},\"layers\":[]}", NULL},
        {"{\"schemaVersion\":2,\"config\":{\"digest\":\"" HEX "\",\"size\":1}}", NULL},
        {"{\"schemaVersion\":2,\"mediaType\":\"application/json\",\"layers\":[]}", NULL},
        {"{\"schemaVersion\":2,\"mediaType\":\"" ECR_TYPE_OCI "\",\"config\":{\"digest\":\"" HEX
         "\",\"size\":1},\"layers\":[]}",
         ECR_TYPE_DOCKER},
        {"{\"schemaVersion\":2,\"config\":{\"digest\":\"" HEX "\",\"size\":9223372036854775807},\"layers\":[{\"digest\":\"" HEX
         "\",\"size\":1}]}",
         NULL},
    };
    _sw_arena_ SwArena *a = sw_arena_new(0);
    EcrManifest m;
    for (size_t i = 0; i < SW_N(bad); i++)
        assert_int_equal(parse(a, bad[i].text, bad[i].type, &m), -1);
}

static void paths_name_repositories_that_may_look_like_words_of_the_protocol(void **state) {
    static const struct {
        const char *path;
        EcrPathKind kind;
        const char *name, *reference;
    } t[] = {
        {"/v2", ECR_PATH_ROOT, "", ""},
        {"/v2/", ECR_PATH_ROOT, "", ""},
        {"/v2/_catalog", ECR_PATH_CATALOG, "", ""},
        {"/v2/a/manifests/latest", ECR_PATH_MANIFEST, "a", "latest"},
        {"/v2/a/b/manifests/" HEX, ECR_PATH_MANIFEST, "a/b", HEX},
        {"/v2/manifests/manifests/x", ECR_PATH_MANIFEST, "manifests", "x"},
        {"/v2/a/blobs/" HEX, ECR_PATH_BLOB, "a", HEX},
        {"/v2/a/blobs/uploads/", ECR_PATH_UPLOADS, "a", ""},
        {"/v2/a/blobs/uploads", ECR_PATH_UPLOADS, "a", ""},
        {"/v2/a/blobs/uploads/1-2", ECR_PATH_UPLOAD, "a", "1-2"},
        {"/v2/a/tags/list", ECR_PATH_TAGS, "a", ""},
        {"/v2/a/referrers/" HEX, ECR_PATH_REFERRERS, "a", HEX},
        {"/v2/a", ECR_PATH_NONE, "", ""},
        {"/v2/a/manifests/", ECR_PATH_NONE, "", ""},
        {"/v2/manifests/x", ECR_PATH_NONE, "", "x"},
    };
    for (size_t i = 0; i < SW_N(t); i++) {
        EcrPath p = ecr_path_parse(sw_str(t[i].path));
        assert_int_equal(p.kind, t[i].kind);
        if (p.kind == ECR_PATH_NONE)
            continue;
        assert_true(sw_str_eqz(p.name, t[i].name));
        assert_true(sw_str_eqz(p.reference, t[i].reference));
    }
}

static void names_tags_and_digests_are_checked_as_ECR_does(void **state) {
    assert_true(ecr_is_repository_name(SW_STR("team-a/web_app.x")));
    assert_false(ecr_is_repository_name(SW_STR("A/b")));
    assert_false(ecr_is_repository_name(SW_STR("a//b")));
    assert_false(ecr_is_repository_name(SW_STR("a/../b")));
    assert_true(ecr_is_tag(SW_STR("v1.0-rc_1")));
    assert_false(ecr_is_tag(SW_STR(".x")));
    assert_false(ecr_is_tag(SW_STR("")));
    assert_true(ecr_is_digest(SW_STR(HEX)));
    assert_false(ecr_is_digest(SW_STR("sha256:AAAA")));
}

static void every_accept_line_counts(void **state) {
    const SwStr lines[] = {SW_STR_C("application/json"), SW_STR_C("text/plain, " ECR_TYPE_OCI ";q=0.5")};
    assert_true(ecr_accepts(lines, 2, SW_STR(ECR_TYPE_OCI)));
    assert_false(ecr_accepts(lines, 2, SW_STR(ECR_TYPE_DOCKER)));
    assert_true(ecr_accepts(lines, 0, SW_STR(ECR_TYPE_DOCKER)));
    assert_true(ecr_accepts(&SW_STR("*/*"), 1, SW_STR(ECR_TYPE_DOCKER)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_names_its_config_and_layers),
        cmocka_unit_test(an_index_names_images_and_may_be_told_by_its_members),
        cmocka_unit_test(a_subject_and_an_artifact_type_are_read),
        cmocka_unit_test(what_is_no_manifest_is_refused),
        cmocka_unit_test(paths_name_repositories_that_may_look_like_words_of_the_protocol),
        cmocka_unit_test(names_tags_and_digests_are_checked_as_ECR_does),
        cmocka_unit_test(every_accept_line_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
