/* SPDX-License-Identifier: Apache-2.0 */
/* Ids, ARNs and references as texts over a resource's parts: written, and read back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/ecr_resources.gen.h"

static const SwErrorKind MISSING = {.code = "Missing", .http = 404};
static const SwResource service = {
    .name = "service",
    .service = "ecs",
    .part = {{"cluster", "default"}, {"name"}},
    .n_part = 2,
    .id = "{cluster}/{name:lower}",
    .arn = (const char *const[]){"arn:aws:ecs:{region}:{account}:service/{cluster}/{name}", NULL},
    .reference = (const char *const[]){"{name}", NULL},
    .missing = {&MISSING, "no '{name}' of {cluster} ({ref}) in {account}"},
};
static const SwResource role = {
    .name = "role",
    .service = "iam",
    .part = {{"path", "/"}, {"name"}},
    .n_part = 2,
    .id = "{name}",
    .arn = (const char *const[]){"arn:aws:iam::{account}:role{path:folder}{name}", NULL},
    .reference = (const char *const[]){"{name}", NULL},
};

static const SwResource stream = {
    .name = "stream",
    .service = "logs",
    .part = {{"group"}, {"stream", ""}},
    .n_part = 2,
    .id = "{group:path}",
    .arn = (const char *const[]){"arn:aws:logs:{region}:{account}:group:{group:path}:stream:{stream:path}", NULL},
    .reference = (const char *const[]){"{*}://{region}.logs/{account}/{group}", "{*}/{account}/{group}", "/{group:path}", NULL},
};

static const SwResource build = {
    .name = "build",
    .service = "codebuild",
    .part = {{"project"}, {"uuid"}},
    .n_part = 2,
    .id = "{uuid}",
    .arn = (const char *const[]){"arn:aws:codebuild:{region}:{account}:build/{project}:{uuid}", NULL},
    .reference = (const char *const[]){"{project}:{uuid}", NULL},
};

typedef struct World {
    SwArena *a;
    SwCtx cx;
} World;

static int setup(void **state) {
    SwArena *a = sw_arena_new(0);
    World *w = sw_new(a, World);
    *w = (World){.a = a, .cx = {.arena = a, .account = SW_STR("1"), .region = SW_STR("eu")}};
    *state = w;
    return 0;
}

static int teardown(void **state) {
    sw_arena_free(((World *)*state)->a);
    return 0;
}

static void assert_text(World *w, SwStr got, const char *want) {
    assert_string_equal(sw_str_z(w->a, got), want);
}

static void parts_are_written_and_what_is_left_out_has_its_default(void **state) {
    World *w = *state;
    SwParts p = {.v = {SW_NO_STR, SW_STR("Web")}};
    assert_text(w, sw_resource_write(&w->cx, &service, service.id, &p), "default/web");
    assert_text(w, sw_resource_write(&w->cx, &service, service.arn[0], &p), "arn:aws:ecs:eu:1:service/default/Web");
    assert_text(w, sw_resource_write(&w->cx, &service, service.arn[0], &(SwParts){0}), "arn:aws:ecs:eu:1:service/default/*");
    assert_text(w, ecr_repository_arn(&w->cx, SW_STR("a/b")), "arn:aws:ecr:eu:1:repository/a/b");
}

static void a_name_says_also_what_the_id_leaves_out(void **state) {
    World *w = *state;
    const SwFound of_build = {.r = &build, .id = SW_STR("12ab")}, of_service = {.r = &service, .id = SW_STR("default/web")};
    assert_text(w, sw_resource_name(&w->cx, &of_build, SW_STR("arn:aws:codebuild:eu:1:build/cc:12ab")), "cc:12ab");
    assert_text(w, sw_resource_name(&w->cx, &of_service, SW_STR("arn:aws:ecs:eu:1:service/default/Web")), "Web");
}

static SwStr with_slash(SwCtx *cx, SwStr id) {
    return sw_strf(cx->arena, "arn:of/%.*s", SW_FMT(id));
}

/* A rule of the default bus has its name in no ARN; a parameter's has a '/' that its name has not. */
static void an_arn_is_written_by_the_first_text_that_says_enough(void **state) {
    World *w = *state;
    SwResource rule = service;
    rule.arn = (const char *const[]){"arn:rule/{name}", "arn:rule/{cluster}/{name}", NULL};
    SwParts p = {.v = {SW_STR("default"), SW_STR("r")}}, bare = {.v = {SW_NO_STR, SW_STR("r")}},
            other = {.v = {SW_STR("c"), SW_STR("r")}};
    assert_text(w, sw_resource_write_arn(&w->cx, &rule, &p), "arn:rule/r");
    assert_text(w, sw_resource_write_arn(&w->cx, &rule, &bare), "arn:rule/r");
    assert_text(w, sw_resource_write_arn(&w->cx, &rule, &other), "arn:rule/c/r");
    assert_text(w, sw_resource_arn(&w->cx, &rule, SW_STR("c/r"), NULL), "arn:rule/c/r");
    assert_text(w, sw_resource_arn(&w->cx, &rule, SW_STR("default/r"), NULL), "arn:rule/r");
    assert_false(sw_resource_read_arn(&w->cx, &rule, SW_STR("arn:rule/default/r"), &p));
    assert_true(sw_resource_read_arn(&w->cx, &rule, SW_STR("arn:rule/c/r"), &p));
    assert_text(w, p.v[0], "c");
    rule.hooks = &(SwResourceHooks){.arn = with_slash};
    assert_text(w, sw_resource_write_arn(&w->cx, &rule, &other), "arn:of/c/r");
    rule.hooks = NULL;
    rule.arn = (const char *const[]){NULL};
    assert_null(sw_resource_write_arn(&w->cx, &rule, &other).p);
}

static void arns_are_read_back_into_parts(void **state) {
    World *w = *state;
    SwParts p;
    assert_true(sw_resource_read_arn(&w->cx, &service, SW_STR("arn:aws:ecs:eu:1:service/c/web"), &p));
    assert_text(w, p.v[0], "c");
    assert_text(w, p.v[1], "web");
    assert_true(sw_resource_read_arn(&w->cx, &role, SW_STR("arn:aws:iam::1:role/team/a/ann"), &p));
    assert_text(w, p.v[0], "/team/a/");
    assert_text(w, p.v[1], "ann");
    assert_text(w, sw_resource_id(&w->cx, &service, SW_STR("arn:aws:ecs:eu:1:service/c/Web")), "c/web");
    assert_text(w, sw_resource_id(&w->cx, &service, SW_STR("Web")), "default/web");
}

/* None of these is a service's ARN here: another region's, account's, kind's; too few or too many parts; empty ones. */
static void what_is_no_arn_of_it_is_not_read(void **state) {
    World *w = *state;
    static const char *const texts[] = {"arn:aws:ecs:us:1:service/c/web",
                                        "arn:aws:ecs:eu:2:service/c/web",
                                        "arn:aws:ecs:eu:1:cluster/c/web",
                                        "arn:aws:ecs:eu:1:service/web",
                                        "arn:aws:ecs:eu:1:service/c/web/x",
                                        "arn:aws:ecs:eu:1:service//web",
                                        "arn:aws:ecs:eu:1:service/c/",
                                        "arn:aws:ecs:eu:1:service/c/web:x",
                                        "arn:",
                                        ""};
    SwParts p;
    for (size_t i = 0; i < SW_N(texts); i++) {
        assert_false(sw_resource_read_arn(&w->cx, &service, sw_str(texts[i]), &p));
        if (sw_str_starts(sw_str(texts[i]), SW_STR("arn:")))
            assert_null(sw_resource_id(&w->cx, &service, sw_str(texts[i])).p);
    }
    assert_null(sw_resource_id(&w->cx, &service, SW_NO_STR).p);
}

/* A path holds slashes but no colon, so that what is behind it is seen; "{*}" is read and forgotten. */
static void paths_end_at_a_colon_and_some_text_tells_nothing(void **state) {
    World *w = *state;
    SwParts p;
    assert_true(sw_resource_read_arn(&w->cx, &stream, SW_STR("arn:aws:logs:eu:1:group:/a/b:stream:c/d"), &p));
    assert_text(w, p.v[0], "/a/b");
    assert_text(w, p.v[1], "c/d");
    assert_false(sw_resource_read_arn(&w->cx, &stream, SW_STR("arn:aws:logs:eu:1:group:a:b:stream:c"), &p));
    assert_text(w, sw_resource_id(&w->cx, &stream, SW_STR("http://host:80/1/web")), "web");
    assert_text(w, sw_resource_id(&w->cx, &stream, SW_STR("https://eu.logs/1/web")), "web");
    assert_text(w, sw_resource_id(&w->cx, &stream, SW_STR("/web/x")), "web/x");
}

/* "/" or text between two slashes, and nothing else: "role" and a path is no name. */
static void folders_begin_and_end_with_a_slash(void **state) {
    World *w = *state;
    SwParts p;
    assert_true(sw_resource_read_arn(&w->cx, &role, SW_STR("arn:aws:iam::1:role/ann"), &p));
    assert_text(w, p.v[0], "/");
    assert_false(sw_resource_read_arn(&w->cx, &role, SW_STR("arn:aws:iam::1:roleann"), &p));
    assert_false(sw_resource_read_arn(&w->cx, &role, SW_STR("arn:aws:iam::1:roles/ann"), &p));
    assert_false(sw_resource_read_arn(&w->cx, &role, SW_STR("arn:aws:iam::1:role/ann/"), &p));
    assert_text(w, sw_resource_write(&w->cx, &role, role.arn[0], &(SwParts){.v = {[1] = SW_STR("ann")}}),
                "arn:aws:iam::1:role/ann");
}

/* The first reference that fits decides: one of another account or region means nothing here. */
static void references_of_elsewhere_mean_nothing(void **state) {
    World *w = *state;
    assert_null(sw_resource_id(&w->cx, &stream, SW_STR("http://host:80/2/web")).p);
    assert_null(sw_resource_id(&w->cx, &stream, SW_STR("https://us.logs/1/web")).p);
}

/* A text of only separators tries each end of the one field that holds any text, once. */
static void a_long_hostile_text_is_read_in_bounded_time(void **state) {
    World *w = *state;
    char *text = sw_arena_alloc(w->a, 64 * SW_KIB);
    memset(text, '/', 64 * SW_KIB);
    memcpy(text, "arn:aws:iam::1:role", 19);
    SwParts p;
    assert_false(sw_resource_read_arn(&w->cx, &role, sw_str_n(text, 64 * SW_KIB), &p));
}

static void errors_say_what_was_asked_for(void **state) {
    World *w = *state;
    SwError err = sw_error(w->a);
    assert_int_equal(sw_resource_fail(&w->cx, &service, &service.missing, SW_STR("arn:aws:ecs:eu:2:service/c/web"), &err), -1);
    assert_string_equal(err.message, "no 'web' of c (arn:aws:ecs:eu:2:service/c/web) in 2");
    sw_error_reset(&err);
    assert_int_equal(sw_resource_fail(&w->cx, &service, &service.missing, SW_STR("c/web"), &err), -1);
    assert_string_equal(err.message, "no 'web' of c (c/web) in 1");
}

/* By its parts it is asked for as it was written, and with what was left out; its id is in lower case. */
static void errors_by_parts_say_what_was_asked_for(void **state) {
    World *w = *state;
    const SwResource gone = {.part = {{"cluster", "default"}, {"name"}},
                             .n_part = 2,
                             .id = "{name:lower}",
                             .arn = service.arn,
                             .reference = service.reference,
                             .missing = service.missing};
    SwError err = sw_error(w->a);
    void *record;
    SwParts p = {.v = {SW_NO_STR, SW_STR("Web")}};
    assert_int_equal(sw_resource_get_parts(&w->cx, &gone, &p, &record, &err), -1);
    assert_string_equal(err.message, "no 'Web' of default (web) in 1");
}

/* An element of a list that names nothing is there all the same: it may mean a default. */
static void elements_without_a_text_are_absent(void **state) {
    World *w = *state;
    const SwOperation *op = &ecr_api.op[ECR_BATCH_GET_IMAGE];
    EcrBatchGetImageRequest in = {0};
    size_t ids, digest;
    for (ids = 0; strcmp(op->input->member[ids].name, "imageIds") != 0; ids++)
        ;
    const SwShape *id = op->input->member[ids].shape->member[0].shape;
    for (digest = 0; strcmp(id->member[digest].name, "imageDigest") != 0; digest++)
        ;
    sw_list_add(w->a, &in.image_ids)->image_tag = SW_STR("latest");
    sw_list_add(w->a, &in.image_ids)->image_digest = SW_STR("sha256:1");
    SwPath way = {.n = 2, .at = {(uint16_t)ids, (uint16_t)digest}};
    SwStrList all = sw_path_texts(w->a, op->input, &in, &way);
    assert_int_equal(all.n, 2);
    assert_null(all.v[0].p);
    assert_text(w, all.v[1], "sha256:1");
}

static void texts_are_written_where_a_declaration_points(void **state) {
    World *w = *state;
    const SwOperation *op = &ecr_api.op[ECR_DESCRIBE_REPOSITORIES];
    EcrDescribeRepositoriesRequest in = {0};
    for (size_t i = 0; i < ecr_repository_resource.n_named; i++) {
        const SwNamed *n = &ecr_repository_resource.named[i];
        if (n->op != op->index)
            continue;
        sw_path_write(w->a, op->input, &in, &n->at, SW_STR("one"));
        sw_path_write(w->a, op->input, &in, &n->at, SW_STR("two"));
        SwStrList names = sw_path_texts(w->a, op->input, &in, &n->at);
        assert_int_equal(names.n, 2);
        assert_text(w, names.v[1], "two");
        assert_text(w, sw_path_last(op->input, &n->at), "repositoryNames");
    }
    assert_int_equal(in.repository_names.n, 2);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(parts_are_written_and_what_is_left_out_has_its_default),
        T(a_name_says_also_what_the_id_leaves_out),
        T(an_arn_is_written_by_the_first_text_that_says_enough),
        T(arns_are_read_back_into_parts),
        T(what_is_no_arn_of_it_is_not_read),
        T(paths_end_at_a_colon_and_some_text_tells_nothing),
        T(folders_begin_and_end_with_a_slash),
        T(references_of_elsewhere_mean_nothing),
        T(a_long_hostile_text_is_read_in_bounded_time),
        T(errors_say_what_was_asked_for),
        T(errors_by_parts_say_what_was_asked_for),
        T(elements_without_a_text_are_absent),
        T(texts_are_written_where_a_declaration_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
