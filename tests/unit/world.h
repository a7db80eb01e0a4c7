/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A whole host in memory with a few services, for tests that call operations in process. It needs root: a host has networks
 * of its own. Include after cmocka.h. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "api/host.h"
#include "base/file.h"

typedef struct World {
    SwArena *arena;
    SwConfig config;
    SwHost *host;
    SwCtx *cx; /* Slipway's own: "test" */
    SwError err;
    char dir[TEST_FOLDER];
} World;

#define OK(call) \
    do { \
        if ((call) < 0) \
            fail_msg("%s: %s", w->err.kind->code, w->err.message); \
    } while (0)

/* NULL: who runs the tests is not root. */
static inline World *world_open(const SwService *const *services) {
    if (getuid() != 0)
        return NULL;
    SwArena *a = sw_arena_new(0);
    World *w = sw_new(a, World);
    w->arena = a;
    w->err = sw_error(a);
    assert_non_null(test_folder(w->dir));
    w->config = (SwConfig){.data = w->dir,
                           .address = "127.0.0.1",
                           .account = SW_STR("000000000000"),
                           .region = SW_STR("us-east-1"),
                           .ephemeral = true,
                           .services = services};
    if (sw_host_open(&w->config, &w->host, &w->err) < 0)
        fail_msg("%s: %s", w->err.message, w->err.cause ? w->err.cause : "");
    w->cx = sw_ctx_new(w->host, a, SW_NO_STR, SW_NO_STR, "test");
    return w;
}

/* As cmocka's set-up: *state is the list of services, then the world or NULL. */
static inline int world_set_up(void **state) {
    *state = world_open((const SwService *const *)*state);
    return 0;
}

/* As cmocka's teardown; accepts NULL. */
static inline int world_close(void **state) {
    World *w = *state;
    if (!w)
        return 0;
    SwError err = sw_error(w->arena);
    sw_ctx_rollback(w->cx);
    assert_int_equal(sw_host_down(w->host, &err), 0);
    assert_int_equal(sw_rm_tree(w->dir, &err), 0);
    sw_arena_free(w->arena);
    return 0;
}

static inline void world_end(World *w) {
    void *state = w;
    world_close(&state);
}

/* Until nothing is due. */
static inline void world_settle(World *w) {
    assert_true(sw_engine_settle(w->host->engine, 20000));
}

static inline void world_advance(World *w, SwTime by) {
    sw_clock_advance(w->host->clock, by);
    world_settle(w);
}

/* A test of a world of its own with these services; it skips where that is NULL. */
#define WORLD_TEST(t, services) \
    cmocka_unit_test_prestate_setup_teardown(t, world_set_up, world_close, (void *)(uintptr_t)(services))
