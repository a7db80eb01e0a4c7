/* SPDX-License-Identifier: Apache-2.0 */

/* A real HAProxy before real backends. */

#include "fleet.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../folder.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/time.h"
#include "proxy/proxy.h"

typedef struct World {
    SwArena *a;
    SwProxy *p;
    char folder[TEST_FOLDER], dir[512];
    uint16_t port;
    Backend one, two;
    SwProxyTarget target[2];
    SwProxyTargetGroup group[2];
    SwProxyRule rule[2];
    SwProxyListener listener;
    SwProxyLoadBalancer lb;
    SwProxyConfig config;
    SwError err;
    __typeof__(*((SwProxyAction *)0)->forward.v) forward[2];
} World;

/* One load balancer, one listener, two groups with a target each behind a weighted rule. */
static int setup(void **state) {
    World *w = calloc(1, sizeof(*w));
    static const char deep[] = "/a-folder-whose-path-is-longer-than-the-path-of-a-unix-socket-may-"
                               "be/because-data-folders-can-be-anywhere";

    w->a = sw_arena_new(0);
    w->err = sw_error(w->a);
    assert_non_null(test_folder(w->folder));
    snprintf(w->dir, sizeof(w->dir), "%s%s", w->folder, deep);
    assert_int_equal(sw_proxy_open(&(SwProxyOpts){.dir = w->dir}, &w->p, &w->err), 0);
    backend_start(&w->one, "one");
    backend_start(&w->two, "two");
    w->port = free_port();
    w->target[0] = (SwProxyTarget){SW_STR("127.0.0.1"), w->one.port, 1, SW_TARGET_HEALTHY};
    w->target[1] = (SwProxyTarget){SW_STR("127.0.0.1"), w->two.port, 1, SW_TARGET_HEALTHY};
    w->group[0] = (SwProxyTargetGroup){.id = SW_STR("blue"), .targets = {&w->target[0], 1}};
    w->group[1] = (SwProxyTargetGroup){.id = SW_STR("green"), .targets = {&w->target[1], 1}};
    w->forward[0].group = SW_STR("blue");
    w->forward[0].weight = 100;
    w->forward[1].group = SW_STR("green");
    w->rule[0] = (SwProxyRule){.id = SW_STR("rule-1"), .action = {.kind = SW_ACT_FORWARD}};
    w->rule[0].action.forward.v = (void *)w->forward;
    w->rule[0].action.forward.n = 2;
    w->listener = (SwProxyListener){.id = SW_STR("li-1"), .port = w->port, .rules = {w->rule, 1}};
    w->lb = (SwProxyLoadBalancer){.id = SW_STR("lb-1"), .listeners = {&w->listener, 1}};
    sw_str_list_add(w->a, &w->lb.hosts, SW_STR("web-1.eu-west-1.elb.localhost"));
    w->config = (SwProxyConfig){.lbs = {&w->lb, 1}, .groups = {w->group, 2}};
    *state = w;
    return 0;
}

static int teardown(void **state) {
    World *w = *state;

    atomic_store(&w->one.hold, false);
    atomic_store(&w->two.hold, false);
    assert_int_equal(sw_proxy_stop(w->p, &w->err), 0);
    assert_int_equal(sw_proxy_pid(w->p), 0);
    sw_proxy_close(w->p);
    backend_stop(&w->one);
    backend_stop(&w->two);
    assert_int_equal(sw_rm_tree(w->folder, &w->err), 0);
    sw_arena_free(w->a);
    free(w);
    return 0;
}

static void apply(World *w) {
    int r = sw_proxy_apply(w->p, &w->config, &w->err);
    if (r < 0)
        print_error("%s: %s\n", w->err.message, w->err.cause ? w->err.cause : "");
    assert_int_equal(r, 0);
}

/* ---- clients under way while something changes ---- */

typedef struct Load {
    uint16_t port;
    bool keep_alive;
    atomic_bool stop;
    atomic_int good, bad;
    pthread_t thread;
} Load;

static void *load_run(void *arg) {
    Load *l = arg;
    CURL *h = curl_easy_init();

    curl_easy_setopt(h, CURLOPT_FORBID_REUSE, l->keep_alive ? 0L : 1L);
    while (!atomic_load(&l->stop)) {
        Reply r;
        if (get_with(h, l->port, "/load", NULL, NULL, &r) == 200)
            atomic_fetch_add(&l->good, 1);
        else
            atomic_fetch_add(&l->bad, 1);
    }
    curl_easy_cleanup(h);
    return NULL;
}

static void load_start(Load *l, size_t n, uint16_t port) {
    for (size_t i = 0; i < n; i++) {
        memset(&l[i], 0, sizeof(l[i]));
        l[i].port = port;
        l[i].keep_alive = i % 2;
        pthread_create(&l[i].thread, NULL, load_run, &l[i]);
    }
}

static void load_wait(Load *l, size_t n, int more) {
    for (size_t i = 0; i < n; i++) {
        int from = atomic_load(&l[i].good);
        while (atomic_load(&l[i].good) < from + more && atomic_load(&l[i].bad) == 0)
            usleep(1000);
    }
}

static void load_end(Load *l, size_t n) {
    for (size_t i = 0; i < n; i++) {
        atomic_store(&l[i].stop, true);
        pthread_join(l[i].thread, NULL);
        assert_int_equal(l[i].bad, 0);
        assert_true(l[i].good > 0);
    }
}

/* Send bytes, wait until the other side closes. */
static void send_raw(uint16_t port, const char *bytes) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char buf[4096];

    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    while (read(fd, buf, sizeof(buf)) > 0)
        ;
    close(fd);
}

/* ---- tests ---- */

static void weights_change_at_run_time_without_reload(void **state) {
    World *w = *state;
    Reply r;
    uint64_t reloads;

    apply(w);
    reloads = sw_proxy_reloads(w->p);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
        assert_memory_equal(r.body, "one", 3);
    }
    w->forward[0].weight = 90;
    w->forward[1].weight = 10;
    apply(w);
    for (int i = 0; i < 400; i++)
        assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
    assert_in_range(w->two.served, 12, 90);
    assert_int_equal(w->one.served + w->two.served, 420);
    assert_int_equal(sw_proxy_reloads(w->p), reloads);
}

static void drained_target_finishes_its_request_and_gets_no_more(void **state) {
    World *w = *state;
    Load held[1];
    Reply r;
    SwProxyTarget both[2] = {w->target[0], w->target[1]};
    SwProxyStatList stats;
    bool seen = false;

    w->group[0].targets.v = both;
    w->group[0].targets.n = 2;
    apply(w);
    atomic_store(&w->one.hold, true);
    both[1].state = SW_TARGET_INITIAL;
    apply(w);
    load_start(held, 1, w->port);
    while (atomic_load(&w->one.holding) == 0)
        usleep(1000);
    both[0].state = SW_TARGET_DRAINING;
    both[1].state = SW_TARGET_HEALTHY;
    apply(w);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
        assert_memory_equal(r.body, "two", 3);
    }
    assert_int_equal(sw_proxy_stats(w->p, w->a, &stats, &w->err), 0);
    for (size_t i = 0; i < stats.n; i++)
        if (sw_str_eqz(stats.v[i].group, "blue") && sw_str_eq(stats.v[i].target, sw_strf(w->a, "127.0.0.1:%u", w->one.port))) {
            assert_int_equal(stats.v[i].active, 1);
            assert_false(stats.v[i].ready);
            seen = true;
        }
    assert_true(seen);
    for (size_t i = 0; i < stats.n; i++)
        if (sw_str_eqz(stats.v[i].group, "blue") && sw_str_eq(stats.v[i].target, sw_strf(w->a, "127.0.0.1:%u", w->two.port)))
            assert_true(stats.v[i].ready && stats.v[i].requests == 20);
    w->group[0].targets.v = &both[1]; /* deregistered while its request is still under way */
    w->group[0].targets.n = 1;
    apply(w);
    atomic_store(&w->one.hold, false);
    load_wait(held, 1, 1);
    load_end(held, 1);
    assert_int_equal(w->one.served, 1);
}

static void reloads_and_target_changes_under_load_lose_no_request(void **state) {
    World *w = *state;
    SwProxyTarget t[2] = {w->target[0], w->target[1]};
    Load load[4];

    apply(w);
    load_start(load, 4, w->port);
    for (int round = 0; round < 4; round++) {
        w->rule[1] = w->rule[0]; /* another rule: another structure */
        w->rule[1].id = SW_STR("rule-2");
        w->listener.rules.n = round % 2 ? 1 : 2;
        apply(w);
        load_wait(load, 4, 5);
        w->group[0].targets.v = t; /* replace the target: the new one comes, the old one drains, and goes */
        w->group[0].targets.n = 2;
        apply(w);
        t[round % 2].state = SW_TARGET_DRAINING;
        apply(w);
        load_wait(load, 4, 5);
        w->group[0].targets.v = &t[!(round % 2)];
        w->group[0].targets.n = 1;
        apply(w);
        load_wait(load, 4, 5);
        t[round % 2].state = SW_TARGET_HEALTHY;
    }
    assert_true(sw_proxy_reloads(w->p) >= 4);
    load_end(load, 4);
    assert_true(w->one.served > 0 && w->two.served > 0);
}

static void target_that_vanishes_fails_no_idempotent_request(void **state) {
    World *w = *state;
    SwProxyTarget t[2] = {w->target[0], w->target[1]};
    Backend gone;
    Load load[2];

    backend_start(&gone, "gone");
    t[0].port = gone.port;
    w->group[0].targets.v = t;
    w->group[0].targets.n = 2;
    apply(w);
    load_start(load, 2, w->port);
    load_wait(load, 2, 10);
    backend_stop(&gone);
    load_wait(load, 2, 10);
    load_end(load, 2);
}

static void load_balancers_share_a_port_by_host(void **state) {
    World *w = *state;
    SwProxyLoadBalancer lbs[2] = {w->lb, {.id = SW_STR("lb-2")}};
    SwProxyRule fixed = {.id = SW_STR("rule-9"),
                         .action = {.kind = SW_ACT_FIXED,
                                    .status = 418,
                                    .content_type = SW_STR("text/html"),
                                    .body = SW_STR("it's <100%> \"tea\"\n")}};
    SwProxyListener li = {.id = SW_STR("li-2"), .port = w->port, .rules = {&fixed, 1}};
    Reply r;

    apply(w);
    assert_int_equal(get(w->port, "/", "anything.example", NULL, &r), 200);
    lbs[1].listeners.v = &li;
    lbs[1].listeners.n = 1;
    sw_str_list_add(w->a, &lbs[1].hosts, SW_STR("Other-2.eu-west-1.elb.localhost"));
    w->config.lbs.v = lbs;
    w->config.lbs.n = 2;
    apply(w);
    assert_int_equal(get(w->port, "/", "web-1.eu-west-1.elb.localhost", NULL, &r), 200);
    assert_int_equal(get(w->port, "/", "other-2.eu-west-1.elb.localhost:8080", NULL, &r), 418);
    assert_string_equal(r.body, "it's <100%> \"tea\"\n");
    assert_int_equal(get(w->port, "/", "anything.example", NULL, &r), 404);
}

static void adopted_after_a_restart_and_not_started_again(void **state) {
    World *w = *state;
    int64_t pid;
    Load load[2];

    apply(w);
    pid = sw_proxy_pid(w->p);
    assert_true(pid > 0);
    load_start(load, 2, w->port);
    sw_proxy_close(w->p);
    assert_int_equal(sw_proxy_open(&(SwProxyOpts){.dir = w->dir}, &w->p, &w->err), 0);
    assert_int_equal(sw_proxy_pid(w->p), pid);
    apply(w);
    assert_int_equal(sw_proxy_reloads(w->p), 0);
    w->forward[0].weight = 0;
    w->forward[1].weight = 1;
    apply(w);
    load_wait(load, 2, 10);
    assert_int_equal(sw_proxy_reloads(w->p), 0);
    assert_int_equal(sw_proxy_pid(w->p), pid);
    assert_true(w->two.served > 0);
    load_end(load, 2);
}

static void serves_on_after_its_starter_was_killed(void **state) {
    World *w = *state;
    pid_t child = fork();
    int status;
    Reply r;

    if (child == 0) {
        if (sw_proxy_apply(w->p, &w->config, &w->err) < 0)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
    int64_t pid = sw_proxy_pid(w->p);
    assert_true(pid > 0);
    apply(w);
    assert_int_equal(sw_proxy_pid(w->p), pid);
    assert_int_equal(sw_proxy_reloads(w->p), 0);
}

static void a_haproxy_that_died_is_started_again(void **state) {
    World *w = *state;
    int64_t pid;
    Reply r;

    apply(w);
    pid = sw_proxy_pid(w->p);
    kill((pid_t)pid, SIGKILL);
    while (get(w->port, "/", NULL, NULL, &r) == 200)
        usleep(1000);
    apply(w);
    assert_int_not_equal(sw_proxy_pid(w->p), pid);
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
}

/* The master's socket has ten seats. Whatever holds them all, changes go on. */
static void a_master_without_a_free_seat_is_reloaded(void **state) {
    World *w = *state;
    int64_t pid;
    int seat[10], dir;
    char at[64];
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    Reply r;

    apply(w);
    pid = sw_proxy_pid(w->p);
    dir = open(w->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    snprintf(at, sizeof(at), "/proc/self/fd/%d/master.sock", dir);
    memcpy(un.sun_path, at, sizeof(at));
    for (size_t i = 0; i < SW_N(seat); i++) {
        seat[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(seat[i], (struct sockaddr *)&un, sizeof(un)), 0);
    }
    w->forward[0].weight = 0;
    w->forward[1].weight = 1;
    apply(w);
    assert_int_equal(sw_proxy_pid(w->p), pid);
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
    assert_true(w->two.served == 1);
    for (size_t i = 0; i < SW_N(seat); i++)
        close(seat[i]);
    close(dir);
}

static void port_in_use_is_named_and_what_runs_goes_on(void **state) {
    World *w = *state;
    uint16_t taken;
    int fd = listen_any(&taken);
    SwProxyListener li[2] = {w->listener, {.id = SW_STR("li-2"), .port = taken, .rules = {w->rule, 1}}};
    char want[64];
    Reply r;

    apply(w);
    w->lb.listeners.v = li;
    w->lb.listeners.n = 2;
    assert_int_equal(sw_proxy_apply(w->p, &w->config, &w->err), -1);
    assert_true(sw_error_is(&w->err, &SW_PROXY_PORT_IN_USE));
    snprintf(want, sizeof(want), "Port %u on 127.0.0.1", taken);
    assert_non_null(strstr(w->err.message, want));
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
    close(fd);
    sw_error_reset(&w->err);
    apply(w);
    assert_int_equal(get(taken, "/", NULL, NULL, &r), 200);
}

static void refused_configuration_leaves_the_working_one(void **state) {
    World *w = *state;
    SwProxyListener li[2] = {w->listener,
                             {.id = SW_STR("li-2"), .port = free_port(), .protocol = SW_PROXY_HTTPS, .rules = {w->rule, 1}}};
    const char *pem = sw_path(w->a, w->dir, "broken.pem");
    Reply r;

    apply(w);
    assert_int_equal(sw_file_write(pem, SW_STR("no certificate\n"), 0600, &w->err), 0);
    sw_str_list_add(w->a, &li[1].certs, sw_str(pem));
    w->lb.listeners.v = li;
    w->lb.listeners.n = 2;
    assert_int_equal(sw_proxy_apply(w->p, &w->config, &w->err), -1);
    assert_true(sw_error_is(&w->err, &SW_PROXY_INVALID));
    sw_error_reset(&w->err);
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
    w->lb.listeners.n = 1;
    apply(w);
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
}

static void statuses_are_those_of_a_load_balancer(void **state) {
    World *w = *state;
    Reply r;

    w->target[0].state = SW_TARGET_INITIAL;
    apply(w);
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 503);
    w->target[0].state = SW_TARGET_UNHEALTHY; /* fails open */
    apply(w);
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
    w->target[0].port = free_port();
    apply(w);
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 502);
}

static void a_trace_has_one_root_and_one_self(void **state) {
    World *w = *state;
    Reply r;

    apply(w);
    assert_int_equal(get(w->port, "/", NULL, "X-Amzn-Trace-Id: Self=1-0-0;Root=1-2-3;From=a", &r), 200);
    assert_null(strstr(r.body, "Self=1-0-0"));
    assert_non_null(strstr(r.body, "trace=Self=1-"));
    assert_non_null(strstr(r.body, ";Root=1-2-3;From=a"));
    assert_int_equal(get(w->port, "/", NULL, "X-Amzn-Trace-Id: From=a", &r), 200);
    assert_non_null(strstr(r.body, "trace=Root=1-"));
    assert_non_null(strstr(r.body, ";From=a"));
    assert_int_equal(get(w->port, "/", NULL, "X-Amzn-Trace-Id: Self=1-0-0", &r), 200);
    assert_non_null(strstr(r.body, "trace=Root=1-"));
    assert_null(strstr(r.body, "Self="));
}

static void every_request_is_one_record(void **state) {
    World *w = *state;
    SwProxyRecordList l;
    int64_t at = 0, next;
    Reply r;

    apply(w);
    send_raw(w->port, "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n");
    assert_int_equal(get(w->port, "/a?b=c%20d", "web.example", "X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678", &r),
                     200);
    assert_non_null(strstr(r.body, "trace=Self=1-"));
    assert_non_null(strstr(r.body, ";Root=1-67891233-abcdef012345678912345678"));
    assert_non_null(strstr(r.body, "xff=127.0.0.1"));
    atomic_store(&w->one.status, 500);
    assert_int_equal(get(w->port, "/fail", NULL, NULL, &r), 500);
    assert_non_null(strstr(r.body, "trace=Root=1-"));
    w->target[0].state = SW_TARGET_INITIAL;
    apply(w);
    assert_int_equal(get(w->port, "/none", NULL, NULL, &r), 503);
    SwProxyRecord v[8];
    for (size_t n = 0; n < 4;) {
        assert_true(sw_proxy_wait_record(w->p, at, 5000));
        assert_int_equal(sw_proxy_records(w->p, w->a, at, 2, &l, &next, &w->err), 0);
        for (size_t i = 0; i < l.n; i++)
            v[n++] = l.v[i];
        at = next;
    }
    assert_int_equal(v[0].status, 400);
    assert_int_equal(v[0].target_status, 0);
    assert_int_equal(v[1].status, 200);
    assert_int_equal(v[1].target_status, 200);
    assert_true(sw_str_eqz(v[1].lb, "lb-1") && sw_str_eqz(v[1].listener, "li-1") && sw_str_eqz(v[1].rule, "rule-1"));
    assert_true(sw_str_eqz(v[1].group, "blue"));
    assert_true(sw_str_eq(v[1].target, sw_strf(w->a, "127.0.0.1:%u", w->one.port)));
    assert_true(sw_str_eqz(v[1].uri, "/a?b=c%20d"));
    assert_true(sw_str_eqz(v[1].host, "web.example"));
    assert_true(sw_str_starts(v[1].trace_id, SW_STR("Self=1-")));
    assert_true(sw_str_ends(v[1].trace_id, SW_STR(";Root=1-67891233-abcdef012345678912345678")));
    assert_in_range(v[1].target_us, 0, 5000000);
    assert_true(v[1].ended > 1700000000 * SW_S);
    assert_int_equal(v[2].status, 500);
    assert_int_equal(v[2].target_status, 500);
    assert_int_equal(v[3].status, 503);
    assert_int_equal(v[3].target_status, 0);
    assert_true(sw_str_eqz(v[3].group, "blue"));
    assert_false(sw_proxy_wait_record(w->p, at, 10));
    assert_int_equal(sw_proxy_forget(w->p, at, &w->err), 0);
    assert_int_equal(sw_proxy_records(w->p, w->a, at, 10, &l, &next, &w->err), 0);
    assert_int_equal(l.n, 0);
}

static void rules_choose_by_path_header_method_and_query(void **state) {
    World *w = *state;
    static const struct {
        const char *path, *header;
        long status;
    } cases[] = {
        {"/img/a.png", NULL, 211},  {"/img/", NULL, 211},   {"/IMG/a.png", NULL, 200},     {"/x?v=10", NULL, 212},
        {"/x?a=b&V=1z", NULL, 212}, {"/x?v=20", NULL, 200}, {"/", "X-Canary: Yes-1", 213}, {"/", "X-Canary: no", 200},
        {"/old/x?q=1", NULL, 301},  {"/net", NULL, 214},
    };
    SwProxyRule rules[6] = {0};
    SwProxyCondition c[6] = {
        {.field = SW_MATCH_PATH}, {.field = SW_MATCH_QUERY},     {.field = SW_MATCH_HEADER, .header = SW_STR("x-canary")},
        {.field = SW_MATCH_PATH}, {.field = SW_MATCH_SOURCE_IP}, {.field = SW_MATCH_PATH}};
    __typeof__(*c[0].query.v) q = {SW_STR("v"), SW_STR("1*")};
    Reply r;

    sw_str_list_add(w->a, &c[0].values, SW_STR("/img/*"));
    c[1].query.v = (void *)&q;
    c[1].query.n = 1;
    sw_str_list_add(w->a, &c[2].values, SW_STR("yes-?"));
    sw_str_list_add(w->a, &c[3].values, SW_STR("/old/*"));
    sw_str_list_add(w->a, &c[4].values, SW_STR("127.0.0.0/8"));
    sw_str_list_add(w->a, &c[5].values, SW_STR("/net"));
    for (int i = 0; i < 6; i++)
        rules[i] = (SwProxyRule){.id = sw_strf(w->a, "r%d", i),
                                 .conditions = {&c[i], 1},
                                 .action = {.kind = SW_ACT_FIXED, .status = 211 + i}};
    rules[3].action = (SwProxyAction){.kind = SW_ACT_REDIRECT,
                                      .status = 301,
                                      .protocol = SW_STR("HTTPS"),
                                      .port = SW_STR("443"),
                                      .path = SW_STR("/new/#{path}")};
    rules[4].conditions.v = &c[4];
    rules[4].conditions.n = 2; /* source IP and path, both */
    rules[4].action.status = 214;
    rules[5] = w->rule[0];
    w->listener.rules.v = rules;
    w->listener.rules.n = 6;
    apply(w);
    for (size_t i = 0; i < SW_N(cases); i++) {
        long status = get(w->port, cases[i].path, "h.example", cases[i].header, &r);
        if (status != cases[i].status)
            print_error("case %zu %s: %ld\n", i, cases[i].path, status);
        assert_int_equal(status, cases[i].status);
        if (status == 301)
            assert_non_null(strcasestr(r.head, "location: https://h.example:443/new/old/x?q=1\r\n"));
    }
}

static void sticky_client_stays_until_its_target_drains(void **state) {
    World *w = *state;
    SwProxyTarget t[2] = {w->target[0], w->target[1]};
    CURL *h = curl_easy_init();
    Reply r;
    char first[4] = "";

    w->group[0].targets.v = t;
    w->group[0].targets.n = 2;
    w->group[0].stickiness = SW_STICKY_LB_COOKIE;
    w->group[0].stickiness_seconds = 3600;
    w->listener.rules.v[0].action.forward.n = 1;
    apply(w);
    curl_easy_setopt(h, CURLOPT_COOKIEFILE, "");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(get_with(h, w->port, "/", NULL, NULL, &r), 200);
        if (!*first)
            memcpy(first, r.body, 3);
        assert_memory_equal(r.body, first, 3);
    }
    assert_non_null(strcasestr(r.head, "set-cookie: AWSALB="));
    t[first[0] == 't'].state = SW_TARGET_DRAINING;
    apply(w);
    assert_int_equal(get_with(h, w->port, "/", NULL, NULL, &r), 200);
    assert_memory_not_equal(r.body, first, 3);
    curl_easy_cleanup(h);
}

static void tcp_listener_passes_bytes(void **state) {
    World *w = *state;
    Reply r;
    SwProxyRecordList l;
    int64_t next;

    w->listener.protocol = SW_PROXY_TCP;
    w->group[0].protocol = SW_PROXY_TCP;
    w->rule[0].action.forward.n = 1;
    apply(w);
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
    assert_true(sw_proxy_wait_record(w->p, 0, 5000));
    assert_int_equal(sw_proxy_records(w->p, w->a, 0, 10, &l, &next, &w->err), 0);
    assert_int_equal(l.n, 1);
    assert_true(sw_str_eqz(l.v[0].lb, "lb-1") && sw_str_eqz(l.v[0].group, "blue"));
    assert_true(l.v[0].sent > 0);
}

static void slow_target_is_504_after_the_idle_timeout(void **state) {
    World *w = *state;
    SwProxyRecordList l;
    int64_t next;
    Reply r;

    w->lb.idle_timeout_seconds = 1;
    apply(w);
    atomic_store(&w->one.hold, true);
    assert_int_equal(get(w->port, "/slow", NULL, NULL, &r), 504);
    assert_true(sw_proxy_wait_record(w->p, 0, 5000));
    assert_int_equal(sw_proxy_records(w->p, w->a, 0, 10, &l, &next, &w->err), 0);
    assert_true(l.n == 1 && l.v[0].status == 504 && l.v[0].target_status == 0 && l.v[0].total_us >= 900000);
}

static void https_listener_serves_its_certificate(void **state) {
    World *w = *state;
    const char *pem = sw_path(w->a, w->dir, "cert.pem"), *key = sw_path(w->a, w->dir, "key.pem");
    const char *make[] = {"openssl",
                          "req",
                          "-x509",
                          "-newkey",
                          "ec",
                          "-pkeyopt",
                          "ec_paramgen_curve:prime256v1",
                          "-nodes",
                          "-days",
                          "1",
                          "-subj",
                          "/CN=web.example",
                          "-keyout",
                          key,
                          "-out",
                          pem,
                          NULL};
    SwStr cert_text, key_text;
    CURL *h = curl_easy_init();
    char url[64];
    long status = 0, version = 0;
    Reply r = {0};

    assert_int_equal(sw_proc_must(w->a, make, &w->err), 0);
    assert_int_equal(sw_file_read(w->a, pem, SW_MIB, &cert_text, &w->err), 0);
    assert_int_equal(sw_file_read(w->a, key, SW_MIB, &key_text, &w->err), 0);
    assert_int_equal(sw_file_write(pem, sw_strf(w->a, "%.*s%.*s", SW_FMT(cert_text), SW_FMT(key_text)), 0600, &w->err), 0);
    w->listener.protocol = SW_PROXY_HTTPS;
    sw_str_list_add(w->a, &w->listener.certs, sw_str(pem));
    apply(w);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/", w->port);
    curl_easy_setopt(h, CURLOPT_URL, url);
    curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(h, CURLOPT_CAINFO, pem);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, (void *)r.body);
    assert_int_equal(curl_easy_perform(h), CURLE_OK);
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(h, CURLINFO_HTTP_VERSION, &version);
    assert_int_equal(status, 200);
    assert_int_equal(version, CURL_HTTP_VERSION_2_0);
    curl_easy_cleanup(h);
}

/* A crash before `applied` is written must not leave the next start believing in an old structure.
 */
static void structure_that_was_not_noted_is_loaded_again(void **state) {
    World *w = *state;
    Reply r;

    apply(w);
    assert_int_equal(unlink(sw_path(w->a, w->dir, "applied")), 0);
    apply(w);
    assert_int_equal(sw_proxy_reloads(w->p), 2);
    apply(w);
    assert_int_equal(sw_proxy_reloads(w->p), 2);
    assert_int_equal(get(w->port, "/", NULL, NULL, &r), 200);
}

static void no_listeners_means_no_process(void **state) {
    World *w = *state;

    apply(w);
    assert_true(sw_proxy_pid(w->p) > 0);
    w->config.lbs.n = 0;
    apply(w);
    assert_int_equal(sw_proxy_pid(w->p), 0);
    apply(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(weights_change_at_run_time_without_reload),
        TEST(drained_target_finishes_its_request_and_gets_no_more),
        TEST(reloads_and_target_changes_under_load_lose_no_request),
        TEST(target_that_vanishes_fails_no_idempotent_request),
        TEST(load_balancers_share_a_port_by_host),
        TEST(adopted_after_a_restart_and_not_started_again),
        TEST(serves_on_after_its_starter_was_killed),
        TEST(a_haproxy_that_died_is_started_again),
        TEST(a_master_without_a_free_seat_is_reloaded),
        TEST(port_in_use_is_named_and_what_runs_goes_on),
        TEST(refused_configuration_leaves_the_working_one),
        TEST(statuses_are_those_of_a_load_balancer),
        TEST(a_trace_has_one_root_and_one_self),
        TEST(every_request_is_one_record),
        TEST(rules_choose_by_path_header_method_and_query),
        TEST(sticky_client_stays_until_its_target_drains),
        TEST(tcp_listener_passes_bytes),
        TEST(no_listeners_means_no_process),
        TEST(slow_target_is_504_after_the_idle_timeout),
        TEST(https_listener_serves_its_certificate),
        TEST(structure_that_was_not_noted_is_loaded_again),
    };
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_ALL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
