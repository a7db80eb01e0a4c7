/* SPDX-License-Identifier: Apache-2.0 */

/* The `host` build environment: the host's programs, writes discarded, secrets masked, Docker
 * inside. */

#include "fixture.h"

#define NEED() \
    if (!fixture_can()) \
        skip(); \
    Fixture *F = fixture_new()

static SwContainerInfo build(Fixture *F, const char *id, const char *script, bool privileged) {
    SwNetSpec spec = {.id = sw_str(id)};
    SwNet n;
    SwContainerInfo i = {0};
    SwContainerSpec s = {.id = sw_str(id),
                         .args = words(F->a, "/bin/sh", "-ec", script, NULL),
                         .env = words(F->a, "HOME=/root", NULL),
                         .net_mode = SW_NET_JOIN,
                         .net_id = sw_str(id),
                         .privileged = privileged};

    OK(sw_net_create(F->rt, F->a, &spec, &n, &F->err));
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    if (!sw_container_wait(F->rt, F->a, s.id, 50000, &i))
        fail_msg("build did not end: %s", fixture_log(F, id).p);
    return i;
}

static void the_hosts_programs_run_and_writes_are_discarded(void **state) {
    NEED();
    const char *secret = sw_strf(F->a, "%s/secret", F->data).p, *mark = "/usr/local/slipway-test-mark";
    OK(sw_file_write(secret, SW_STR("hidden"), 0600, &F->err));
    SwStr script = sw_strf(F->a,
                           "echo 'int main(void){return 0;}' > /tmp/x.c; gcc -o /tmp/x /tmp/x.c; "
                           "/tmp/x; echo compiled; git --version;"
                           " touch %s; ls %s/ || true; ls -A /home; test ! -e %s; echo x > "
                           "/root/.netrc || echo masked; cat /proc/1/comm; ls /run | wc -l",
                           mark, F->data, secret);
    SwContainerInfo i = build(F, "b", script.p, false);
    SwStr log = fixture_log(F, "b");
    if (i.exit_code != 0 || !sw_str_contains(log, SW_STR("compiled")) || !sw_str_contains(log, SW_STR("git version")))
        fail_msg("%d: %s", i.exit_code, log.p);
    assert_false(sw_str_contains(log, SW_STR("layers")));
    assert_false(sw_exists(mark));
    fixture_free(F);
}

static void docker_builds_and_runs_inside_a_privileged_build(void **state) {
    NEED();
    if (!sw_exists("/usr/sbin/dockerd")) {
        print_message("skipped: dockerd is not installed\n");
        fixture_free(F);
        skip();
    }
    SwStr script = sw_strf(F->a,
                           "%smkdir /tmp/i; cp /bin/busybox /tmp/i/; cd /tmp/i\n"
                           "printf 'FROM scratch\\nCOPY busybox /bin/busybox\\nRUN "
                           "[\"/bin/busybox\",\"touch\",\"/made\"]\\nCMD "
                           "[\"/bin/busybox\",\"ls\",\"/made\"]\\n' > Dockerfile\n"
                           "DOCKER_BUILDKIT=0 docker build -t t:1 . && docker run --rm t:1\ndocker "
                           "info 2>/dev/null | grep -i 'storage driver'\n",
                           sw_container_docker_script());
    SwContainerInfo i = build(F, "d", script.p, true);
    SwStr log = fixture_log(F, "d");
    if (i.exit_code != 0 || !sw_str_contains(log, SW_STR("\n/made\n")) || !sw_str_contains(log, SW_STR("overlay2")))
        fail_msg("%d: %s", i.exit_code, log.p);
    fixture_free(F);
}

int main(void) {
    const struct CMUnitTest t[] = {
        RUNTIME_TEST(the_hosts_programs_run_and_writes_are_discarded),
        RUNTIME_TEST(docker_builds_and_runs_inside_a_privileged_build),
    };
    return cmocka_run_group_tests(t, NULL, NULL);
}
