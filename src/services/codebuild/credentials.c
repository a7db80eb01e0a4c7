/* SPDX-License-Identifier: Apache-2.0 */
/* The service role's credentials at 169.254.170.2, for the build that asks and for no other: who asks is told by the
 * network the call came from. */

#include "services/codebuild/codebuild.h"

#define LIFE SW_HOUR

static int find(SwCtx *cx, CodebuildBuildRecord **ret, SwError *err) {
    SwStr account, region, uuid, path = cx->http->m.path;
    *ret = NULL;
    if (!codebuild_container_owner(cx->arena, cx->net_id, &account, &region, &uuid) || !sw_str_ends(path, uuid))
        return 0;
    cx->account = account;
    cx->region = region;
    if (codebuild_load(cx, uuid, ret, err) < 0)
        return -1;
    if (*ret && SW_OR((*ret)->build->build_complete, false))
        *ret = NULL;
    return 0;
}

static void answer(SwCtx *cx, uint16_t status, const SwValue *v) {
    SwWireMessage *m = &cx->http->reply;
    m->status = status;
    sw_header_set(cx->arena, &m->headers, SW_STR("Content-Type"), SW_STR("application/json"));
    m->body = sw_json_text(cx->arena, v);
}

static void refuse(SwCtx *cx, uint16_t status, const char *code, const char *message) {
    SwValue v = sw_value_object();
    sw_value_sets(cx->arena, &v, "code", sw_str(code));
    sw_value_sets(cx->arena, &v, "message", sw_str(message));
    answer(cx, status, &v);
}

void codebuild_credentials(SwCtx *cx) {
    SwArena *a = cx->arena;
    SwError err = sw_error(a);
    CodebuildBuildRecord *r;
    SwStr key, secret, token;
    SwTime expires;
    if (find(cx, &r, &err) < 0) {
        refuse(cx, 500, "InternalServerError", err.message);
        return;
    }
    if (!r) {
        refuse(cx, 404, "NotFound", "No build of this network has these credentials");
        return;
    }
    SwStr session = sw_cat(a, SW_STR("AWSCodeBuild-"), codebuild_uuid(r->build->id));
    SwCtx *own = sw_ctx_new(cx->host, a, cx->account, cx->region, "codebuild");
    if (cx->host->auth.credentials(own, r->build->service_role, session, LIFE, &key, &secret, &token, &expires, &err) < 0) {
        refuse(cx, 400, "AccessDenied", err.message);
        return;
    }
    SwValue v = sw_value_object();
    sw_value_sets(a, &v, "RoleArn", r->build->service_role);
    sw_value_sets(a, &v, "AccessKeyId", key);
    sw_value_sets(a, &v, "SecretAccessKey", secret);
    sw_value_sets(a, &v, "Token", token);
    sw_value_sets(a, &v, "Expiration", sw_time_iso8601(a, expires));
    answer(cx, 200, &v);
}
