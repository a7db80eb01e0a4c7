/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "base/file.h"
#include "services/codecommit/codecommit.h"

static const SwController *const controllers[] = {&codecommit_repair, NULL};

static int open_service(SwHost *h, SwError *err) {
    return sw_mkdirs(codecommit_folder(h, h->arena), 0700, err);
}

static int reset(SwHost *h, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const char *folder = codecommit_folder(h, a);
    return sw_rm_tree(folder, err) < 0 ? -1 : sw_mkdirs(folder, 0700, err);
}

const SwService sw_service_codecommit = {
    .name = "codecommit",
    .api = &codecommit_api,
    .declares = &codecommit_declarations,
    .handlers = codecommit_handlers,
    .bad_token = {&CODECOMMIT_INVALID_CONTINUATION_TOKEN_EXCEPTION, "The continuation token is not valid"},
    .bad_limit = {&CODECOMMIT_INVALID_MAX_RESULTS_EXCEPTION, "The number of results must be greater than zero"},
    .routes = codecommit_routes,
    .n_routes = SW_N(codecommit_routes),
    .controllers = controllers,
    .collections = codecommit_collections,
    .actions = codecommit_actions,
    .n_actions = SW_N(codecommit_actions),
    .open = open_service,
    .resume = codecommit_resume,
    .reset = reset,
};
