/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "api/operation.h"
#include "base/file.h"
#include "services/codecommit/codecommit.h"

static const SwCollection *const collections[] = {&codecommit_repositories, &codecommit_refs, NULL};
static const SwController *const controllers[] = {&codecommit_repair, NULL};

static SwStr resource(SwCtx *cx, const SwOperation *op, const void *in) {
    static const char *const names[] = {"repositoryName", "oldName", "resourceArn"};
    for (size_t i = 0; op->input && i < SW_N(names); i++) {
        const SwMember *m = sw_shape_member(op->input, sw_str(names[i]));
        const SwStr *v = m ? sw_member_at(m, in) : NULL;
        if (v && sw_str_is(*v))
            return i < 2 ? codecommit_arn(cx, *v) : *v;
    }
    return SW_NO_STR;
}

static SwStrList resources(SwCtx *cx, const SwOperation *op, const void *in) {
    SwStrList names = sw_operation_texts(op, in, "repositoryNames"), all = {0};
    for (size_t i = 0; i < names.n; i++)
        sw_str_list_add(cx->arena, &all, codecommit_arn(cx, names.v[i]));
    return all;
}

static int open_service(SwHost *h, SwError *err) {
    return sw_mkdirs(codecommit_folder(h, h->arena), 0700, err) < 0 ? -1 : codecommit_recover(h, err);
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
    .resource = resource,
    .resources = resources,
    .routes = codecommit_routes,
    .n_routes = SW_N(codecommit_routes),
    .controllers = controllers,
    .collections = collections,
    .actions = codecommit_actions,
    .n_actions = SW_N(codecommit_actions),
    .open = open_service,
    .reset = reset,
};
