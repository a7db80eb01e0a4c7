/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "base/log.h"
#include "services/codebuild/codebuild.h"

/* Containers went on without us: look at each unfinished build, and at what its container wrote meanwhile. */
static int resume(SwCtx *cx, SwError *err) {
    static const SwStr kinds[] = {SW_STR_C("QUEUED"), SW_STR_C("RUNNING")};
    for (size_t k = 0; k < SW_N(kinds); k++) {
        CodebuildBuildRecords l;
        SwDocQuery q = {.index = "by_active", .equals = {kinds[k]}, .any_scope = true};
        if (codebuild_builds_list(cx->tx, &q, &l, err) < 0)
            return -1;
        for (size_t i = 0; i < l.n; i++) {
            cx->account = l.v[i].account;
            cx->region = l.v[i].region;
            sw_tx_scope(cx->tx, cx->account, cx->region);
            if (sw_wake(cx, &codebuild_build_controller, l.v[i].id, 0, err) < 0 ||
                sw_wake(cx, &codebuild_log_controller, l.v[i].id, 0, err) < 0)
                return -1;
        }
    }
    return codebuild_environment_resume(cx, err);
}

static int reset(SwHost *h, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    return sw_rm_tree(sw_path(a, h->config->data, "codebuild"), err);
}

/* Output wakes the log, which looks for markers too; an end wakes the build. Both wake the environment where no build has
 * it yet. */
static void on_container(SwHost *h, SwStr id, int event) {
    SwStr account, region, uuid;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    if (!codebuild_container_owner(a, id, &account, &region, &uuid))
        return;
    const SwController *c = event == SW_CONTAINER_EVENT_OUTPUT ? &codebuild_log_controller : &codebuild_build_controller;
    if (sw_engine_wake(h->engine, c, account, region, uuid, &err) < 0)
        sw_log(SW_WARN, "build not woken", SW_F("container", id), SW_F("cause", err.cause));
}

static const SwController *const controllers[] = {&codebuild_build_controller, &codebuild_log_controller,
                                                  &codebuild_environment_controller, NULL};
static const SwRoute routes[] = {
    {.method = "GET", .path = CODEBUILD_BADGES, .access = SW_ACCESS_OWN, .handle = codebuild_badge},
    {.method = "GET",
     .path = "/v2/codebuild-credentials/",
     .listener = "169.254.170.2",
     .access = SW_ACCESS_CONTAINER,
     .handle = codebuild_credentials},
};

static const SwTarget targets[] = {{"codebuild", "project/", codebuild_deliver, NULL}};

const SwService sw_service_codebuild = {
    .name = "codebuild",
    .api = &codebuild_api,
    .declares = &codebuild_declarations,
    .handlers = codebuild_handlers,
    .bad_token = {&CODEBUILD_INVALID_INPUT_EXCEPTION, "Invalid next token"},
    .invalid = &CODEBUILD_INVALID_INPUT_EXCEPTION,
    .routes = routes,
    .n_routes = SW_N(routes),
    .collections = codebuild_collections,
    .controllers = controllers,
    .actions = codebuild_actions,
    .n_actions = 2,
    .targets = targets,
    .n_targets = SW_N(targets),
    .resume = resume,
    .reset = reset,
    .on_container = on_container,
};
