/* SPDX-License-Identifier: Apache-2.0 */

/* Configuration texts against golden files beside this one. SLIPWAY_GOLDEN=write writes them anew.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <libgen.h>
#include <stdlib.h>

#include "base/file.h"
#include "proxy/proxy.h"

/* Without the lines that depend on who runs the test. */
static SwStr portable(SwArena *a, SwStr text) {
    SwStr line, out = SW_STR("");

    while (sw_str_next(&text, '\n', &line))
        if (!sw_str_eqz(line, "    user haproxy") && !sw_str_eqz(line, "    group haproxy"))
            out = sw_strf(a, "%.*s%.*s\n", SW_FMT(out), SW_FMT(line));
    return out;
}

static void check_golden(SwArena *a, const SwProxyConfig *c, const char *name) {
    SwError err = sw_error(a);
    SwProxyFiles files;
    SwStr text, want;
    char *file = memcpy(sw_arena_alloc(a, sizeof(__FILE__)), __FILE__, sizeof(__FILE__));
    const char *here = dirname(file), *mode = getenv("SLIPWAY_GOLDEN");
    const char *path = sw_str_z(a, sw_strf(a, "%s/golden/%s", here, name));

    assert_int_equal(sw_proxy_render(a, c, &text, &files, &err), 0);
    text = portable(a, text);
    for (size_t i = 0; i < files.n; i++)
        text = sw_strf(a, "%.*s\n== %.*s\n%.*s", SW_FMT(text), SW_FMT(files.v[i].name), SW_FMT(files.v[i].text));
    if (mode && strcmp(mode, "write") == 0)
        assert_int_equal(sw_file_write(path, text, 0644, &err), 0);
    assert_int_equal(sw_file_read(a, path, SW_MIB, &want, &err), 0);
    assert_string_equal(text.p, want.p);
}

static SwProxyRule forward(SwArena *a, const char *id, const char *const *group, const int64_t *weight, size_t n) {
    SwProxyRule r = {.id = sw_str(id), .action = {.kind = SW_ACT_FORWARD}};

    for (size_t i = 0; i < n; i++) {
        __typeof__(r.action.forward.v) f = sw_list_add(a, &r.action.forward);
        f->group = sw_str(group[i]);
        f->weight = weight[i];
    }
    return r;
}

static void add_values(SwArena *a, SwProxyRule *r, SwProxyField field, const char *header, const char *const *value) {
    SwProxyCondition *c = sw_list_add(a, &r->conditions);

    c->field = field;
    c->header = sw_str(header);
    for (; *value; value++)
        sw_str_list_add(a, &c->values, sw_str(*value));
}

static void an_application_load_balancer(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwProxyTarget t[] = {{SW_STR("10.0.0.1"), 80, 0, SW_TARGET_HEALTHY}, {SW_STR("10.0.0.2"), 80, 50, SW_TARGET_DRAINING}};
    SwProxyTargetGroup g[] = {{.id = SW_STR("green"),
                               .algorithm = SW_PROXY_LEAST_OUTSTANDING,
                               .stickiness = SW_STICKY_LB_COOKIE,
                               .stickiness_seconds = 60},
                              {.id = SW_STR("blue"), .targets = {t, 2}}};
    SwProxyRule r[4] = {
        forward(a, "r1", (const char *[]){"blue", "green"}, (int64_t[]){90, 10}, 2),
        {.id = SW_STR("r2"),
         .action = {.kind = SW_ACT_REDIRECT, .status = 302, .host = SW_STR("new.#{host}"), .query = SW_STR("")}},
        {.id = SW_STR("r3"),
         .action = {.kind = SW_ACT_FIXED, .status = 403, .body = SW_STR("no"), .content_type = SW_STR("text/plain")}},
        forward(a, "r4", (const char *[]){"blue"}, (int64_t[]){1}, 1)};
    SwProxyListener li = {.id = SW_STR("li"), .port = 80, .rules = {r, 4}};
    SwProxyLoadBalancer lb = {.id = SW_STR("lb"), .listeners = {&li, 1}};

    r[0].action.group_sticky = true;
    r[0].action.group_sticky_seconds = 600;
    add_values(a, &r[0], SW_MATCH_HOST, NULL, (const char *[]){"*.example.com", "x?.org", NULL});
    add_values(a, &r[0], SW_MATCH_PATH, NULL, (const char *[]){"/a/*", "/q'\"$(x){}%", NULL});
    add_values(a, &r[1], SW_MATCH_HEADER, "X-Old", (const char *[]){"*", NULL});
    add_values(a, &r[2], SW_MATCH_METHOD, NULL, (const char *[]){"DELETE", "PUT", NULL});
    add_values(a, &r[2], SW_MATCH_SOURCE_IP, NULL, (const char *[]){"10.0.0.0/8", "2001:db8::/32", NULL});
    sw_str_list_add(a, &lb.hosts, SW_STR("web-1.eu-west-1.elb.localhost"));
    check_golden(a, &(SwProxyConfig){.lbs = {&lb, 1}, .groups = {g, 2}}, "application.cfg");
}

static void two_load_balancers_and_a_network_one(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwProxyTarget t[] = {{SW_STR("::1"), 80, 0, SW_TARGET_UNHEALTHY}};
    SwProxyTargetGroup g[] = {{.id = SW_STR("web"), .protocol = SW_PROXY_HTTPS, .http2 = true, .targets = {t, 1}},
                              {.id = SW_STR("db"), .protocol = SW_PROXY_TCP, .proxy_protocol_v2 = true},
                              {.id = SW_STR("unused")}};
    SwProxyRule r[3] = {forward(a, "r1", (const char *[]){"web"}, (int64_t[]){1}, 1),
                        forward(a, "r2", (const char *[]){"web"}, (int64_t[]){1}, 1),
                        forward(a, "r3", (const char *[]){"db"}, (int64_t[]){1}, 1)};
    SwProxyListener li[] = {{.id = SW_STR("l1"), .port = 80, .rules = {&r[0], 1}},
                            {.id = SW_STR("l2"), .port = 80, .rules = {&r[1], 1}},
                            {.id = SW_STR("l3"), .port = 5432, .protocol = SW_PROXY_TCP, .rules = {&r[2], 1}}};
    SwProxyLoadBalancer lb[] = {
        {.id = SW_STR("z"), .idle_timeout_seconds = 120, .listeners = {&li[0], 1}},
        {.id = SW_STR("a"), .xff = SW_XFF_REMOVE, .drop_invalid_headers = true, .listeners = {&li[1], 1}},
        {.id = SW_STR("n"), .listeners = {&li[2], 1}}};
    SwProxyConfig c = {.lbs = {lb, 3}, .groups = {g, 3}};

    sw_str_list_add(a, &c.bind, SW_STR("127.0.0.1"));
    sw_str_list_add(a, &c.bind, SW_STR("172.30.0.1"));
    sw_str_list_add(a, &lb[0].hosts, SW_STR("Z-1.eu-west-1.elb.localhost"));
    sw_str_list_add(a, &lb[1].hosts, SW_STR("a-2.eu-west-1.elb.localhost"));
    check_golden(a, &c, "shared.cfg");
}

static void unsound_models_are_refused_by_name(void **state) {
    static const struct {
        const char *id, *host, *path, *group, *says;
    } cases[] = {
        {"lb 1", "h", "/", "tg", "'lb 1'"},
        {"lb", "a b", "/", "tg", "'a b'"},
        {"lb", "h", "/\n", "tg", "Condition value"},
        {"lb", "h", "/", "other", "'other'"},
        {"lb\n server", "h", "/", "tg", "load balancer id"},
    };

    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        SwProxyTargetGroup g = {.id = SW_STR("tg")};
        SwProxyRule r = forward(a, "r", &cases[i].group, (int64_t[]){1}, 1);
        SwProxyListener li = {.id = SW_STR("li"), .port = 80, .rules = {&r, 1}};
        SwProxyLoadBalancer lb = {.id = sw_str(cases[i].id), .listeners = {&li, 1}};
        SwProxyFiles files;
        SwStr text;
        sw_str_list_add(a, &lb.hosts, sw_str(cases[i].host));
        add_values(a, &r, SW_MATCH_PATH, NULL, (const char *[]){cases[i].path, NULL});
        assert_int_equal(sw_proxy_render(a, &(SwProxyConfig){.lbs = {&lb, 1}, .groups = {&g, 1}}, &text, &files, &err), -1);
        assert_true(sw_error_is(&err, &SW_PROXY_INVALID));
        assert_non_null(strstr(err.message, cases[i].says));
    }
}

static void two_protocols_cannot_share_a_port(void **state) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwProxyTargetGroup g[] = {{.id = SW_STR("web")}, {.id = SW_STR("db"), .protocol = SW_PROXY_TCP}};
    SwProxyRule r[] = {forward(a, "r1", (const char *[]){"web"}, (int64_t[]){1}, 1),
                       forward(a, "r2", (const char *[]){"db"}, (int64_t[]){1}, 1)};
    SwProxyListener li[] = {{.id = SW_STR("l1"), .port = 80, .rules = {&r[0], 1}},
                            {.id = SW_STR("l2"), .port = 80, .protocol = SW_PROXY_TCP, .rules = {&r[1], 1}}};
    SwProxyLoadBalancer lb[] = {{.id = SW_STR("a"), .listeners = {&li[0], 1}}, {.id = SW_STR("b"), .listeners = {&li[1], 1}}};
    SwProxyFiles files;
    SwStr text;

    assert_int_equal(sw_proxy_render(a, &(SwProxyConfig){.lbs = {lb, 2}, .groups = {g, 2}}, &text, &files, &err), -1);
    assert_true(sw_error_is(&err, &SW_PROXY_PORT_CONFLICT));
    assert_non_null(strstr(err.message, "Port 80"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_application_load_balancer),
        cmocka_unit_test(two_load_balancers_and_a_network_one),
        cmocka_unit_test(unsound_models_are_refused_by_name),
        cmocka_unit_test(two_protocols_cannot_share_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
