/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around every handler, from outside and in process: limits, refusals, and the check of replies. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../arena.h"
#include "api/operation.h"

typedef struct Thing {
    SwStr name, colour;
} Thing;

static const SwShape text = {.name = "Text", .kind = SW_STRING, .size = sizeof(SwStr), .flags = SW_HAS_MAX, .max = 5};
static const SwMember members[] = {
    {.name = "Name", .shape = &text, .offset = offsetof(Thing, name), .flags = SW_REQUIRED},
    {.name = "Colour", .shape = &text, .offset = offsetof(Thing, colour), .refused = &(const SwRefused){.why = "all is grey"}},
};
static const SwShape thing = {
    .name = "Thing", .kind = SW_STRUCTURE, .size = sizeof(Thing), .flags = SW_REFUSES, .member = members, .n_member = 2};
static const SwOperation operation = {.name = "Echo", .input = &thing, .output = &thing, .iam_action = "test:Echo"};
static const SwErrorKind invalid = {.code = "Invalid", .http = 400}, unsupported = {.code = "Unsupported", .http = 400};
static const SwService service = {.name = "test", .invalid = &invalid, .unsupported = &unsupported};
static int runs;

static int echo(SwCtx *cx, const Thing *in, Thing *out, SwError *err) {
    (void)cx;
    (void)err;
    runs++;
    out->name = sw_str_eqz(in->name, "long") ? SW_STR("too long") : in->name;
    return 0;
}

static int run(SwArena *a, const Thing *in, SwError *err) {
    static const SwHandler handler = {.fn = SW_HANDLER(echo)};
    SwConfig config = {.strict = false};
    SwHost host = {.config = &config};
    SwCtx cx = {.arena = a, .host = &host};
    void *out;
    *err = sw_error(a);
    return sw_operation_run(&cx, &service, &operation, &handler, in, &out, err);
}

static void limits_come_before_refusals_and_both_before_the_handler(void **state) {
    SwError err;
    runs = 0;
    assert_int_equal(run(*state, &(Thing){.colour = SW_STR("green")}, &err), -1);
    assert_ptr_equal(err.kind, &invalid);
    assert_int_equal(run(*state, &(Thing){.name = SW_STR("x"), .colour = SW_STR("green")}, &err), -1);
    assert_ptr_equal(err.kind, &unsupported);
    assert_string_equal(err.message, "Colour is not supported: all is grey.");
    assert_int_equal(runs, 0);
    assert_int_equal(run(*state, &(Thing){.name = SW_STR("x")}, &err), 0);
    assert_int_equal(runs, 1);
}

/* How a process ends that runs the operation under SLIPWAY_REPLIES=abort. */
static int status_of(SwArena *a, SwStr name) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        SwError err;
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        setenv("SLIPWAY_REPLIES", "abort", 1);
        _exit(run(a, &(Thing){.name = name}, &err) < 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_reply_that_breaks_its_model_ends_a_server_under_test(void **state) {
    assert_int_equal(status_of(*state, SW_STR("fits")), 0);
    int status = status_of(*state, SW_STR("long"));
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ARENA_TEST(limits_come_before_refusals_and_both_before_the_handler),
        ARENA_TEST(a_reply_that_breaks_its_model_ends_a_server_under_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
