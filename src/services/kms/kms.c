/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table, and what its conditions ask beside what inputs say. */

#include "api/operation.h"
#include "services/kms/kms.h"

static SwStr via_service(SwCtx *cx) {
    return cx->via ? sw_strf(cx->arena, "%s.%.*s.amazonaws.com", cx->via, SW_FMT(cx->region)) : SW_NO_STR;
}

static SwStr caller_account(SwCtx *cx) {
    return cx->account;
}

/* Of CreateGrant alone. */
static SwStr for_resource(SwCtx *cx) {
    if (cx->op->index != KMS_CREATE_GRANT)
        return SW_NO_STR;
    return cx->via ? SW_STR("true") : SW_STR("false");
}

/* The name by which the request calls its key, if that is an alias. */
static SwStr request_alias(SwCtx *cx) {
    SwStr name = kms_alias_of(cx, sw_operation_text(cx->op, cx->in, "KeyId"));
    return name.p ? sw_cat(cx->arena, SW_STR("alias/"), name) : SW_NO_STR;
}

static const SwContextKey context_keys[] = {
    {"kms:ViaService", via_service},
    {"kms:CallerAccount", caller_account},
    {"kms:GrantIsForAWSResource", for_resource},
    {"kms:RequestAlias", request_alias},
};

static const SwController *const controllers[] = {&kms_clock, NULL};

const SwService sw_service_kms = {
    .name = "kms",
    .api = &kms_api,
    .declares = &kms_declarations,
    .handlers = kms_handlers,
    .unsupported = &KMS_UNSUPPORTED_OPERATION_EXCEPTION,
    .bad_token = {&KMS_INVALID_MARKER_EXCEPTION, "Invalid marker"},
    .context_keys = context_keys,
    .n_context_keys = SW_N(context_keys),
    .collections = kms_collections,
    .controllers = controllers,
};
