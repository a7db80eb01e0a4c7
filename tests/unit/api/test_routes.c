/* SPDX-License-Identifier: Apache-2.0 */
/* Every route of every service declares who may call it, and docs/security.md says the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../arena.h"
#include "api/access.h"
#include "base/file.h"

static const char *const words[] = {
    [SW_ACCESS_UNDECLARED] = NULL, [SW_ACCESS_PUBLIC] = "everybody",     [SW_ACCESS_SIGNED] = "signed",
    [SW_ACCESS_OWN] = "own check", [SW_ACCESS_CONTAINER] = "containers",
};
_Static_assert(SW_N(words) == _SW_ACCESS_MAX, "a word for each");

#define EACH_ROUTE(r) \
    for (const SwService *const *s_ = sw_services; *s_; s_++) \
        for (const SwRoute *r = (*s_)->routes; r && r < (*s_)->routes + (*s_)->n_routes; r++)

static void every_route_has_a_rule_that_fits_it(void **state) {
    size_t n = 0;
    (void)state;
    EACH_ROUTE(r) {
        n++;
        if (r->access == SW_ACCESS_UNDECLARED)
            fail_msg("%s says not who may call it", r->path);
        assert_true((r->access == SW_ACCESS_SIGNED) == (r->action != NULL));
        assert_true((r->access == SW_ACCESS_CONTAINER) == (r->listener != NULL));
        if (r->begin) /* which runs before the body is there to be verified */
            assert_int_not_equal(r->access, SW_ACCESS_SIGNED);
    }
    assert_true(n >= 12);
}

static SwStr security_page(SwArena *a) {
    SwStr here = sw_str(__FILE__), folder = here, text;
    SwError err = sw_error(a);
    for (int up = 0; up < 4; up++) {
        size_t slash;
        assert_true(sw_str_rfind(folder, '/', &slash));
        folder.n = slash;
    }
    const char *path = sw_str_z(a, sw_strf(a, "%.*s/docs/security.md", SW_FMT(folder)));
    if (sw_file_read(a, path, SW_MIB, &text, &err) < 0)
        fail_msg("%s: %s", path, err.message);
    return text;
}

static size_t rows_of(SwStr page) {
    SwStr line;
    size_t n = 0;
    while (sw_str_next(&page, '\n', &line))
        n += sw_str_starts(line, SW_STR("| ")) && sw_str_contains(line, SW_STR(" | `/"));
    return n;
}

static void the_table_of_the_documentation_is_that_of_the_code(void **state) {
    SwArena *a = *state;
    SwStr page = security_page(a);
    size_t n = 0;
    EACH_ROUTE(r) {
        SwStr row = sw_strf(a, "\n| %s | `%s` | %s |%s%s |\n", r->method ? r->method : "any", r->path, words[r->access],
                            r->action ? " " : "", r->action ? r->action : "");
        n++;
        if (!sw_str_contains(page, row))
            fail_msg("docs/security.md lacks the row%.*s", SW_FMT(row));
    }
    assert_int_equal(rows_of(page), n);
}

/* What no service has: the front door's answer to a route that was forgotten. */
static void a_route_without_a_rule_lets_nobody_in(void **state) {
    SwArena *a = *state;
    static const SwRoute forgotten = {.path = "/x"};
    for (int strict = 0; strict < 2; strict++) {
        SwConfig config = {.strict = strict};
        SwHost host = {.config = &config};
        SwCtx cx = {.arena = a, .host = &host, .principal = {.kind = SW_PRINCIPAL_ROOT}};
        SwWireMessage m = {0};
        SwSignature none = {0};
        SwError err = sw_error(a);
        assert_int_equal(sw_access_route(&cx, &forgotten, &m, &none, SW_NO_STR, SW_STR(""), &err), -1);
        assert_ptr_equal(err.kind, &SW_ACCESS_DENIED);
    }
}

/* A container's listener puts its network into the context; nothing that a client sends does. */
static void a_container_route_is_for_requests_from_a_containers_network(void **state) {
    SwArena *a = *state;
    EACH_ROUTE(r) {
        if (r->access != SW_ACCESS_CONTAINER)
            continue;
        SwConfig config = {.strict = true};
        SwHost host = {.config = &config};
        SwCtx cx = {.arena = a, .host = &host, .principal = {.kind = SW_PRINCIPAL_ROOT}};
        SwWireMessage m = {0};
        SwSignature none = {0};
        SwError err = sw_error(a);
        assert_int_equal(sw_access_route(&cx, r, &m, &none, SW_NO_STR, SW_STR(""), &err), -1);
        cx.net_id = SW_STR("0123");
        assert_int_equal(sw_access_route(&cx, r, &m, &none, SW_NO_STR, SW_STR(""), &err), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(every_route_has_a_rule_that_fits_it),
        ARENA_TEST(the_table_of_the_documentation_is_that_of_the_code),
        ARENA_TEST(a_container_route_is_for_requests_from_a_containers_network),
        ARENA_TEST(a_route_without_a_rule_lets_nobody_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
