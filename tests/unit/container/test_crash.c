/* SPDX-License-Identifier: Apache-2.0 */

/* SIGKILL at each named point of a container's life, in a process of its own; then the same life
 * again in this one must come to the same end: the program ran once, nothing is stuck, nothing
 * is left. */

#include <sys/wait.h>

#include "fixture.h"

static void life(Fixture *F, SwStr manifest) {
    SwImageSource src = fixture_source(F, manifest);
    SwPortMapping ports[] = {{.container_port = 80}};
    SwNetSpec net = {.id = SW_STR("n"), .ports = ports, .n_ports = 1};
    SwNet n;
    SwImage image;
    SwContainerInfo info;
    SwMount m = {.source = sw_str(sw_path(F->a, F->data, "vol")), .target = SW_STR("/vol")};
    SwContainerSpec once = {.id = SW_STR("once"),
                            .net_mode = SW_NET_JOIN,
                            .net_id = SW_STR("n"),
                            .mounts = &m,
                            .n_mounts = 1,
                            .args = words(F->a, "/bin/sh", "-c", "echo ran >> /vol/count; exit 6", NULL)};
    SwContainerSpec on = {.id = SW_STR("on"), .args = words(F->a, "/bin/sh", "-c", "while :; do busybox sleep 1; done", NULL)};

    OK(sw_image_unpack(F->rt, F->a, &src, &image, &F->err));
    once.image = on.image = &image;
    OK(sw_net_create(F->rt, F->a, &net, &n, &F->err));
    OK(sw_container_create(F->rt, &once, &F->err));
    OK(sw_container_start(F->rt, once.id, &F->err));
    if (!sw_container_wait(F->rt, F->a, once.id, 20000, &info) || info.exit_code != 6)
        fail_msg("exit code %d, state %d", info.exit_code, (int)info.state);
    OK(sw_container_create(F->rt, &on, &F->err));
    OK(sw_container_start(F->rt, on.id, &F->err));
    OK(sw_container_stop(F->rt, on.id, 100, &F->err));
    if (!sw_container_wait(F->rt, F->a, on.id, 20000, &info))
        fail_msg("it was not stopped");
    OK(sw_container_delete(F->rt, on.id, &F->err));
    OK(sw_container_delete(F->rt, once.id, &F->err));
    OK(sw_net_delete(F->rt, net.id, &F->err));
}

/* The process that dies: test_crash life DATA INSTANCE. */
static int child(const char *data, const char *instance) {
    Fixture *F = fixture_attach(data, instance);
    SwStr manifest;

    OK(sw_file_read(F->a, sw_path(F->a, data, "manifest"), SW_MIB, &manifest, &F->err));
    OK(sw_runtime_open(&F->o, &F->rt, &F->err));
    life(F, manifest);
    return 0;
}

static void crash_at(const char *point, const char *count) {
    Fixture *F = fixture_new();
    pid_t pid;
    int status = 0;
    SwStr text;

    OK(sw_file_write(sw_path(F->a, F->data, "manifest"), F->busybox_manifest, 0600, &F->err));
    OK(sw_mkdirs(sw_path(F->a, F->data, "vol"), 0755, &F->err));
    sw_runtime_close(F->rt);
    OK(sw_rm_tree(sw_path(F->a, F->data, "layers"), &F->err));
    SwProcOpts o = {.argv = (const char *const[]){"/proc/self/exe", "life", F->data, F->instance, NULL},
                    .in = -1,
                    .out = -1,
                    .err = 2,
                    .env = (const char *const[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                                 sw_strf(F->a, "SLIPWAY_CRASH_AT=%s", point).p, NULL}};
    OK(sw_proc_spawn(&o, &pid, &F->err));
    OK(sw_proc_wait(pid, 50000, &status, &F->err));
    OK(sw_runtime_open(&F->o, &F->rt, &F->err));
    if (status != 137)
        fail_msg("%s: passed by, status %d", point, status);
    life(F, F->busybox_manifest);
    OK(sw_file_read(F->a, sw_path(F->a, F->data, "vol/count"), SW_MIB, &text, &F->err));
    if (!sw_str_eqz(text, count))
        fail_msg("%s: ran %.*s", point, SW_FMT(text));
    fixture_free(F);
}

static void a_crash_anywhere_is_made_good(void **state) {
    static const struct {
        const char *point, *count;
    } cases[] = {
        {"container.layer_unpacked", "ran\n"}, {"container.net_recorded", "ran\n"},    {"container.net_linked", "ran\n"},
        {"container.net_created", "ran\n"},    {"container.creating", "ran\n"},        {"container.created", "ran\n"},
        {"container.spawned", "ran\n"},        {"container.launched", "ran\n"},        {"container.recorded", "ran\n"},
        {"container.released", "ran\n"},       {"container.released:2", "ran\n"}, /* of the one that runs on */
        {"container.started", "ran\n"},        {"container.ended", "ran\n"},           {"container.stopping", "ran\n"},
        {"container.deleting", "ran\n"},       {"container.deleting:2", "ran\nran\n"}, /* it was deleted, so the second life
                                                                                          begins with a new one */
    };
    if (!fixture_can())
        skip();
    for (size_t i = 0; i < SW_N(cases); i++)
        crash_at(cases[i].point, cases[i].count);
}

int main(int argc, char **argv) {
    const struct CMUnitTest t[] = {RUNTIME_TEST(a_crash_anywhere_is_made_good)};

    if (argc == 4 && strcmp(argv[1], "life") == 0)
        return child(argv[2], argv[3]);
    return cmocka_run_group_tests(t, NULL, NULL);
}
