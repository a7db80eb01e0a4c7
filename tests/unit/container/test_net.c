/* SPDX-License-Identifier: Apache-2.0 */

/* Networks for real: namespaces, bridge, port mappings, listeners inside, names, and what a
 * restart finds again. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include "fixture.h"

#define NEED() \
    if (!fixture_can()) \
        skip(); \
    Fixture *F = net_fixture()

typedef struct Served {
    int fd, count;
    char net[65];
} Served;
static Served served;

static void serve(void *arg, SwStr net_id, const SwNetServe *at, int fd) {
    if (served.count > 0 && served.fd >= 0)
        close(served.fd);
    served.fd = fd;
    served.count++;
    snprintf(served.net, sizeof(served.net), "%.*s", SW_FMT(net_id));
}

static void unserve(void *arg, SwStr net_id) {
    if (served.fd >= 0)
        close(served.fd);
    served.fd = -1;
}

static int resolve(void *arg, SwStr net_id, SwStr name, uint32_t *ret_ip) {
    if (sw_str_eqz(name, "db.local") && sw_str_eqz(net_id, "n1")) {
        ret_ip[0] = 0x0a0b0c0d;
        return 1;
    }
    return sw_str_ends(name, SW_STR(".local")) ? 0 : -1;
}

static Fixture *net_fixture(void) {
    static const SwNetServe at[] = {{"127.0.0.1", 4566}};
    Fixture *F = fixture_new();

    served = (Served){.fd = -1};
    F->o.serve_at = at;
    F->o.n_serve_at = 1;
    F->o.serve = serve;
    F->o.unserve = unserve;
    F->o.resolve = resolve;
    F->o.outbound = true;
    fixture_reopen(F);
    return F;
}

/* A server in a container that answers `text` to each connection on port 80. */
static void run_server(Fixture *F, const char *id, const char *net, const char *text) {
    SwContainerSpec s = {.id = sw_str(id), .image = &F->busybox, .net_mode = SW_NET_JOIN, .net_id = sw_str(net)};

    s.args = words(F->a, "/bin/busybox", "nc", "-ll", "-p", "80", "-e", "/bin/busybox", "echo", text, NULL);
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
}

/* What a server answers; "" when none could be reached within ten seconds. */
static const char *fetch(Fixture *F, const char *addr, uint16_t port) {
    int64_t until = sw_monotonic_ns() + 10 * SW_S;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    char *text = sw_arena_alloc(F->a, 256);

    inet_pton(AF_INET, addr, &to.sin_addr);
    while (sw_monotonic_ns() < until) {
        _sw_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct timeval t = {.tv_sec = 2};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && read(fd, text, 255) > 0)
            return text;
    }
    return "";
}

static const char *shell(Fixture *F, const char *id, const char *net, const char *script) {
    SwContainerSpec s = {.id = sw_str(id),
                         .image = &F->busybox,
                         .net_mode = SW_NET_JOIN,
                         .net_id = sw_str(net),
                         .args = words(F->a, "/bin/sh", "-c", script, NULL)};
    SwContainerInfo i;

    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    assert_true(sw_container_wait(F->rt, F->a, s.id, 20000, &i));
    const char *text = fixture_log(F, id).p;
    OK(sw_container_delete(F->rt, s.id, &F->err));
    return text;
}

static void a_task_is_reached_by_address_and_by_host_port(void **state) {
    NEED();
    SwPortMapping ports[] = {{.container_port = 80}};
    SwNetSpec spec = {.id = SW_STR("n1"), .ports = ports, .n_ports = 1};
    SwNet n, again;
    OK(sw_net_create(F->rt, F->a, &spec, &n, &F->err));
    OK(sw_net_create(F->rt, F->a, &spec, &again, &F->err));
    assert_true(sw_str_eq(n.address, again.address) && n.ports[0].host_port == again.ports[0].host_port);
    assert_true(n.ports[0].host_port >= 49153);
    run_server(F, "web", "n1", "hello");
    assert_string_equal(fetch(F, n.address.p, 80), "hello\n");
    assert_string_equal(fetch(F, "127.0.0.1", n.ports[0].host_port), "hello\n");
    assert_false(sw_net_host_port_free(F->rt, n.ports[0].host_port));
    SwPortMapping same[] = {{.container_port = 81, .host_port = n.ports[0].host_port}};
    SwNetSpec clash = {.id = SW_STR("n2"), .ports = same, .n_ports = 1};
    assert_int_equal(sw_net_create(F->rt, F->a, &clash, &again, &F->err), -1);
    assert_true(sw_error_is(&F->err, &SW_CONTAINER_PORT_IN_USE));
    sw_error_reset(&F->err);
    SwContainerStats st;
    OK(sw_container_stats(F->rt, SW_STR("web"), &st, &F->err));
    assert_true(st.net_rx > 0 && st.net_tx > 0);
    fixture_free(F);
}

/* It would take the lowest address of its ports, and change with them. */
static void the_bridge_keeps_its_hardware_address(void **state) {
    NEED();
    SwStr before = SW_NO_STR, after;
    const char *file = sw_strf(F->a, "/sys/class/net/swb-%s/address", F->instance).p;
    for (char id[2] = "a"; *id < 'i'; id[0]++) {
        SwNet n;
        OK(sw_net_create(F->rt, F->a, &(SwNetSpec){.id = sw_str(id)}, &n, &F->err));
        OK(sw_file_read(F->a, file, 64, &after, &F->err));
        before = sw_str_or(before, after);
        assert_true(sw_str_eq(before, after));
    }
    assert_true(sw_str_starts(before, SW_STR("02:42:0a:")));
    fixture_free(F);
}

static void containers_of_one_network_share_it_and_reach_others(void **state) {
    NEED();
    SwPortMapping ports[] = {{.container_port = 80}};
    SwNetSpec n1 = {.id = SW_STR("n1"), .ports = ports, .n_ports = 1}, n2 = {.id = SW_STR("n2")};
    SwNet a, b;
    OK(sw_net_create(F->rt, F->a, &n1, &a, &F->err));
    OK(sw_net_create(F->rt, F->a, &n2, &b, &F->err));
    run_server(F, "web", "n1", "hello");
    assert_string_equal(fetch(F, a.address.p, 80), "hello\n");
    assert_string_equal(shell(F, "s1", "n1", "busybox nc 127.0.0.1 80 </dev/null"), "hello\n");
    assert_string_equal(shell(F, "s2", "n2", sw_strf(F->a, "busybox nc %.*s 80 </dev/null", SW_FMT(a.address)).p), "hello\n");
    /* through the bridge's address and the host port, as a task reaches another's mapping */
    assert_string_equal(shell(F, "s3", "n2",
                              sw_strf(F->a, "busybox nc %.*s %u </dev/null", SW_FMT(b.gateway), a.ports[0].host_port).p),
                        "hello\n");
    fixture_free(F);
}

static void slipway_listens_inside_and_knows_the_caller(void **state) {
    NEED();
    SwNetSpec n1 = {.id = SW_STR("n1")};
    SwNet n;
    OK(sw_net_create(F->rt, F->a, &n1, &n, &F->err));
    assert_int_equal(served.count, 1);
    assert_string_equal(served.net, "n1");
    int meta = sw_netns_listen(n.netns, "169.254.170.2", 80, SOCK_STREAM, &F->err);
    OK(meta);
    SwContainerSpec s = {.id = SW_STR("c"),
                         .image = &F->busybox,
                         .net_mode = SW_NET_JOIN,
                         .net_id = SW_STR("n1"),
                         .args = words(F->a, "/bin/sh", "-c",
                                       "busybox nc 127.0.0.1 4566 </dev/null; busybox nc 169.254.170.2 80 </dev/null", NULL)};
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    int fds[] = {served.fd, meta};
    for (size_t i = 0; i < 2; i++) {
        struct pollfd p = {.fd = fds[i], .events = POLLIN};
        assert_int_equal(poll(&p, 1, 10000), 1);
        int c = accept4(fds[i], NULL, NULL, SOCK_CLOEXEC);
        assert_true(c >= 0);
        dprintf(c, "answer %zu\n", i);
        close(c);
    }
    SwContainerInfo info;
    assert_true(sw_container_wait(F->rt, F->a, s.id, 20000, &info));
    assert_string_equal(fixture_log(F, "c").p, "answer 0\nanswer 1\n");
    close(meta);
    fixture_free(F);
}

static void names_resolve_inside(void **state) {
    NEED();
    SwNetSpec n1 = {.id = SW_STR("n1")}, n2 = {.id = SW_STR("n2")};
    SwNet n;
    OK(sw_net_create(F->rt, F->a, &n1, &n, &F->err));
    OK(sw_net_create(F->rt, F->a, &n2, &n, &F->err));
    assert_non_null(strstr(shell(F, "c", "n1", "busybox nslookup -type=a DB.local 2>&1"), "10.11.12.13"));
    assert_null(strstr(shell(F, "d", "n2", "busybox nslookup -type=a db.local 2>&1"), "10.11.12.13"));
    assert_non_null(strstr(shell(F, "e", "n1", "busybox cat /etc/resolv.conf"), "127.0.0.11"));
    fixture_free(F);
}

static void networks_survive_a_restart(void **state) {
    NEED();
    SwPortMapping ports[] = {{.container_port = 80}};
    SwNetSpec spec = {.id = SW_STR("n1"), .ports = ports, .n_ports = 1};
    SwNet n, after;
    OK(sw_net_create(F->rt, F->a, &spec, &n, &F->err));
    run_server(F, "web", "n1", "still here");
    assert_string_equal(fetch(F, "127.0.0.1", n.ports[0].host_port), "still here\n");
    sw_runtime_close(F->rt);
    assert_string_equal(fetch(F, "127.0.0.1", n.ports[0].host_port), "still here\n"); /* with no Slipway at all */
    OK(sw_runtime_open(&F->o, &F->rt, &F->err));
    assert_int_equal(served.count, 2);
    assert_true(sw_net_find(F->rt, F->a, SW_STR("n1"), &after));
    assert_true(sw_str_eq(n.address, after.address) && n.ports[0].host_port == after.ports[0].host_port);
    assert_string_equal(fetch(F, "127.0.0.1", n.ports[0].host_port), "still here\n");
    OK(sw_container_delete(F->rt, SW_STR("web"), &F->err));
    OK(sw_net_delete(F->rt, SW_STR("n1"), &F->err));
    assert_false(sw_net_find(F->rt, F->a, SW_STR("n1"), &after));
    fixture_free(F);
}

static void purging_without_a_runtime_leaves_nothing(void **state) {
    NEED();
    SwPortMapping ports[] = {{.container_port = 80}};
    SwNetSpec spec = {.id = SW_STR("n1"), .ports = ports, .n_ports = 1};
    SwNet n;
    SwStrList left;
    OK(sw_net_create(F->rt, F->a, &spec, &n, &F->err));
    run_server(F, "web", "n1", "hello");
    OK(sw_runtime_leftovers(F->data, F->instance, F->a, &left, &F->err));
    assert_true(left.n >= 5); /* the check does see: netns, links, rules, process, cgroup, run */
    sw_runtime_close(F->rt);
    OK(sw_runtime_purge_at(F->data, F->instance, &F->err));
    OK(sw_runtime_leftovers(F->data, F->instance, F->a, &left, &F->err));
    assert_int_equal(left.n, 0);
    OK(sw_runtime_open(&F->o, &F->rt, &F->err));
    fixture_free(F);
}

int main(void) {
    const struct CMUnitTest t[] = {
        RUNTIME_TEST(a_task_is_reached_by_address_and_by_host_port),
        RUNTIME_TEST(the_bridge_keeps_its_hardware_address),
        RUNTIME_TEST(containers_of_one_network_share_it_and_reach_others),
        RUNTIME_TEST(slipway_listens_inside_and_knows_the_caller),
        RUNTIME_TEST(names_resolve_inside),
        RUNTIME_TEST(networks_survive_a_restart),
        RUNTIME_TEST(purging_without_a_runtime_leaves_nothing),
    };
    return cmocka_run_group_tests(t, NULL, NULL);
}
