/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/lambda/pool.h"

static const SwController *const controllers[] = {&lambda_code_controller, &lambda_code_remover, &lambda_sandbox_controller,
                                                  NULL};

#define RUNTIME "169.254.170.2"
static const SwRoute routes[] = {
    {.method = "GET",
     .path = "/2018-06-01/runtime/invocation/next",
     .listener = RUNTIME,
     .access = SW_ACCESS_CONTAINER,
     .handle = lambda_runtime_next},
    {.method = "POST",
     .path = "/2018-06-01/runtime/invocation/",
     .listener = RUNTIME,
     .access = SW_ACCESS_CONTAINER,
     .handle = lambda_runtime_answer},
    {.method = "POST",
     .path = "/2018-06-01/runtime/init/error",
     .listener = RUNTIME,
     .access = SW_ACCESS_CONTAINER,
     .handle = lambda_runtime_init_error},
    {.method = "GET", .path = LAMBDA_CODE_PATH, .access = SW_ACCESS_OWN, .handle = lambda_code_download},
};

static int open(SwHost *h, SwError *err) {
    lambda_code_tidy(h);
    return lambda_pool_open(h, err);
}

/* What another process left running ends. */
static int resume(SwCtx *cx, SwError *err) {
    SwStrList ids = {0};
    if (cx->host->runtime && sw_runtime_adopt(cx->host->runtime, cx->arena, &ids, err) < 0)
        return -1;
    for (size_t i = 0; i < ids.n; i++)
        if (lambda_sandbox_owner(ids.v[i], &cx->account, &cx->region) &&
            sw_wake(cx, &lambda_sandbox_controller, ids.v[i], 0, err) < 0)
            return -1;
    return 0;
}

static int reset(SwHost *h, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    lambda_pool_clear(h);
    if (sw_rm_tree(lambda_folder(h, a, "code"), err) < 0)
        return -1;
    return sw_rm_tree(lambda_folder(h, a, "sandboxes"), err);
}

/* From the container runtime's thread. */
static void on_container(SwHost *h, SwStr id, int event) {
    if (sw_str_starts(id, SW_STR("fn.")) && event != SW_CONTAINER_EVENT_OUTPUT)
        lambda_pool_tell(h, id, event == SW_CONTAINER_EVENT_OOM);
}

const SwService sw_service_lambda = {
    .name = "lambda",
    .api = &lambda_api,
    .handlers = lambda_handlers,
    .unsupported = &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
    .bad_token = {&LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION, "Invalid pagination token"},
    .body_max = 70167211,
    .declares = &lambda_declarations,
    .routes = routes,
    .n_routes = SW_N(routes),
    .controllers = controllers,
    .collections = lambda_collections,
    .open = open,
    .close = lambda_pool_close,
    .resume = resume,
    .reset = reset,
    .on_container = on_container,
};
