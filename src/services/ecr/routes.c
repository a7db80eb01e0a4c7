/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's front: who calls (Basic, by a password of GetAuthorizationToken), what a path
 * means, and its error form.
 *
 * An image name carries no account and no region: both come from the password, else from a host
 * name in AWS's form (ACCOUNT.dkr.ecr.REGION. ...), else they are the server's own. */

#include "api/authenticate.h"
#include "base/digest.h"
#include "base/log.h"
#include "container/image.h"
#include "services/ecr/routes.h"

#define SMALL_BODY (64 * SW_KIB)

bool ecr_is_method(const SwCtx *cx, const char *method) {
    return sw_str_eqz(cx->http->m.method, method);
}

void ecr_reply_header(SwCtx *cx, const char *name, SwStr value) {
    sw_header_set(cx->arena, &cx->http->reply.headers, sw_str(name), value);
}

void ecr_reply(SwCtx *cx, uint16_t status) {
    cx->http->reply.status = status;
    ecr_reply_header(cx, "Docker-Distribution-Api-Version", SW_STR("registry/2.0"));
}

void ecr_reply_json(SwCtx *cx, const char *type, SwStr body) {
    ecr_reply_header(cx, "Content-Type", sw_str(type));
    cx->http->reply.body = body;
}

void ecr_reply_error(SwCtx *cx, uint16_t status, const char *code, SwStr message) {
    SwBuf b = sw_buf(cx->arena, 64 * SW_KIB);
    cx->http->reply = (SwWireMessage){0};
    ecr_reply(cx, status);
    sw_buf_addf(&b, "{\"errors\":[{\"code\":\"%s\",\"message\":", code);
    sw_json_write_string(&b, message);
    sw_buf_addz(&b, "}]}\n");
    ecr_reply_json(cx, "application/json; charset=utf-8", sw_buf_str(&b));
}

void ecr_reply_failure(SwCtx *cx, const SwError *e) {
    static const struct {
        const SwErrorKind *kind;
        uint16_t status;
        const char *code;
    } table[] = {
        {&ECR_REPOSITORY_NOT_FOUND_EXCEPTION, 404, "NAME_UNKNOWN"},
        {&ECR_IMAGE_TAG_ALREADY_EXISTS_EXCEPTION, 400, "TAG_INVALID"},
        {&ECR_LAYERS_NOT_FOUND_EXCEPTION, 400, "MANIFEST_BLOB_UNKNOWN"},
        {&ECR_REFERENCED_IMAGES_NOT_FOUND_EXCEPTION, 400, "MANIFEST_BLOB_UNKNOWN"},
        {&ECR_INVALID_PARAMETER_EXCEPTION, 400, "MANIFEST_INVALID"},
        {&SW_ACCESS_DENIED, 403, "DENIED"},
        {&SW_ACCESS_DENIED_EXCEPTION, 403, "DENIED"},
        {&SW_REQUEST_ENTITY_TOO_LARGE, 413, "SIZE_INVALID"},
    };
    for (size_t i = 0; i < SW_N(table); i++)
        if (sw_error_is(e, table[i].kind)) {
            ecr_reply_error(cx, table[i].status, table[i].code, sw_str(e->message));
            return;
        }
    sw_log(SW_ERROR, "registry request failed", SW_F("path", cx->http->m.path), SW_F("message", e->message),
           SW_F("cause", e->cause));
    ecr_reply_error(cx, 500, "UNKNOWN", sw_str(e->message));
}

SwStr ecr_query(SwCtx *cx, const char *name) {
    SwStr rest = cx->http->m.query, part, key, value;
    while (sw_str_next(&rest, '&', &part)) {
        if (!sw_str_cut(&part, '=', &key)) {
            key = part;
            part = SW_STR("");
        }
        if (sw_str_eqz(key, name) && sw_percent_decode(cx->arena, part, false, &value))
            return value;
    }
    return SW_NO_STR;
}

/* ---- who ---- */

static const char *action_of(const SwCtx *cx, const EcrPath *p) {
    bool get = ecr_is_method(cx, "GET"), head = ecr_is_method(cx, "HEAD");
    switch (p->kind) {
    case ECR_PATH_MANIFEST:
        return get || head ? "ecr:BatchGetImage" : ecr_is_method(cx, "PUT") ? "ecr:PutImage" : "ecr:BatchDeleteImage";
    case ECR_PATH_BLOB: return head ? "ecr:BatchCheckLayerAvailability" : "ecr:GetDownloadUrlForLayer";
    case ECR_PATH_UPLOADS: return "ecr:InitiateLayerUpload";
    case ECR_PATH_UPLOAD: return ecr_is_method(cx, "PUT") ? "ecr:CompleteLayerUpload" : "ecr:UploadLayerPart";
    case ECR_PATH_TAGS: return "ecr:ListImages";
    case ECR_PATH_REFERRERS: return "ecr:ListImageReferrers";
    default: return NULL;
    }
}

static void from_host_name(SwCtx *cx) {
    SwStr account, region, domain;
    if (!sw_ecr_host_parse(sw_header_find(&cx->http->m.headers, "host"), &account, &region, &domain))
        return;
    cx->account = account;
    cx->region = region;
}

static bool challenge(SwCtx *cx, const char *why) {
    ecr_reply_error(cx, 401, "UNAUTHORIZED", sw_str(why));
    ecr_reply_header(cx, "WWW-Authenticate",
                     sw_strf(cx->arena, "Basic realm=\"http://%.*s/\",service=\"ecr.amazonaws.com\"",
                             SW_FMT(cx->host->registry)));
    return false;
}

/* A download URL of GetDownloadUrlForLayer carries its own password, good for one layer. */
static bool by_url(const EcrVisit *v, const EcrTokenRecord *t) {
    SwCtx *cx = v->cx;
    return v->path.kind == ECR_PATH_BLOB && (ecr_is_method(cx, "GET") || ecr_is_method(cx, "HEAD")) &&
           sw_str_eq(t->layer, ecr_key(cx->arena, v->path.name, '@', v->path.reference));
}

/* With a read transaction open. False when it has answered. */
static bool known_caller(EcrVisit *v, SwError *err) {
    SwCtx *cx = v->cx;
    SwStr user, password = ecr_query(cx, "token");
    EcrTokenRecord *t = NULL;
    bool expired = false, url = sw_str_is(password);
    if (!url && !sw_basic_credentials(cx->arena, &cx->http->m, &user, &password))
        return challenge(cx, "Not Authorized");
    if (ecr_token_find(cx, password, &t, &expired, err) < 0) {
        ecr_reply_failure(cx, err);
        return false;
    }
    if (expired)
        return challenge(cx, "Your authorization token has expired. Reauthenticate and try again.");
    if (t && (sw_str_is(t->layer) ? url && by_url(v, t) : !url)) {
        ecr_token_apply(cx, t);
        return true;
    }
    if (url || cx->host->config->strict)
        return challenge(cx, "Your Authorization Token is invalid or has expired. Reauthenticate and try again.");
    from_host_name(cx);
    return true;
}

bool ecr_may(SwCtx *cx, const char *action, SwStr repository, SwError *err) {
    if (!cx->host->config->strict || cx->principal.kind == SW_PRINCIPAL_SERVICE)
        return true;
    return cx->host->auth.authorise && cx->host->auth.authorise(cx, action, ecr_repository_arn(cx, repository), err) == 0;
}

static bool allowed(EcrVisit *v, SwError *err) {
    SwCtx *cx = v->cx;
    const char *action = action_of(cx, &v->path);
    if (!action || ecr_may(cx, action, v->path.name, err))
        return true;
    ecr_reply_error(cx, 403, "DENIED", sw_str(err->kind ? err->message : "Access is denied"));
    return false;
}

static bool admitted(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    EcrRepositoryRecord *r;
    if (sw_ctx_begin(cx, SW_READ, &err) < 0) {
        ecr_reply_failure(cx, &err);
        return false;
    }
    bool ok = known_caller(v, &err);
    if (ok) { /* a token may have brought another account: the scope follows */
        sw_tx_scope(cx->tx, cx->account, cx->region);
        ok = allowed(v, &err);
    }
    if (ok && v->path.kind > ECR_PATH_CATALOG) {
        if (!ecr_is_repository_name(v->path.name)) {
            ecr_reply_error(cx, 400, "NAME_INVALID", SW_STR("invalid repository name"));
            ok = false;
        } else if (ecr_repository_get(cx, v->path.name, &r, &err) < 0) {
            ecr_reply_failure(cx, &err);
            ok = false;
        }
    }
    sw_ctx_rollback(cx);
    return ok;
}

/* ---- what ---- */

static bool method_fits(const EcrVisit *v) {
    static const struct {
        EcrPathKind kind;
        const char *methods;
    } table[] = {
        {ECR_PATH_ROOT, "GET HEAD"},      {ECR_PATH_MANIFEST, "GET HEAD PUT DELETE"}, {ECR_PATH_BLOB, "GET HEAD"},
        {ECR_PATH_UPLOADS, "POST"},       {ECR_PATH_UPLOAD, "GET PATCH PUT DELETE"},  {ECR_PATH_TAGS, "GET HEAD"},
        {ECR_PATH_REFERRERS, "GET HEAD"},
    };
    for (size_t i = 0; i < SW_N(table); i++) {
        SwStr rest = sw_str(table[i].methods), method;
        while (table[i].kind == v->path.kind && sw_str_next(&rest, ' ', &method))
            if (sw_str_eq(method, v->cx->http->m.method))
                return true;
    }
    return false;
}

static bool begin(SwCtx *cx, SwError *err) {
    EcrVisit *v = sw_new(cx->arena, EcrVisit);
    SwStr path;
    v->cx = cx;
    cx->http->sink_arg = v;
    cx->http->body_max = SMALL_BODY;
    if (!sw_percent_decode(cx->arena, cx->http->m.path, false, &path)) {
        ecr_reply_error(cx, 400, "NAME_INVALID", SW_STR("the path is not percent-encoded as it should be"));
        return false;
    }
    v->path = ecr_path_parse(path);
    if (v->path.kind == ECR_PATH_NONE) {
        ecr_reply_error(cx, 404, "UNSUPPORTED", SW_STR("there is no such path in the registry's API"));
        return false;
    }
    if (!admitted(v))
        return false;
    if (!method_fits(v)) {
        ecr_reply_error(cx, 405, "UNSUPPORTED", SW_STR("The operation is unsupported."));
        return false;
    }
    if (v->path.kind == ECR_PATH_UPLOADS)
        return ecr_uploads_begin(v);
    if (v->path.kind == ECR_PATH_UPLOAD && (ecr_is_method(cx, "PATCH") || ecr_is_method(cx, "PUT")))
        return ecr_upload_begin_body(v);
    if (v->path.kind == ECR_PATH_MANIFEST && ecr_is_method(cx, "PUT"))
        ecr_manifest_begin(v);
    return true;
}

static void handle(SwCtx *cx) {
    EcrVisit *v = cx->http->sink_arg;
    switch (v->path.kind) {
    case ECR_PATH_ROOT:
        ecr_reply(cx, 200);
        ecr_reply_json(cx, "application/json; charset=utf-8", SW_STR("{}"));
        return;
    case ECR_PATH_MANIFEST: ecr_manifest_handle(v); return;
    case ECR_PATH_BLOB: ecr_blob_handle(v); return;
    case ECR_PATH_UPLOADS: ecr_uploads_handle(v); return;
    case ECR_PATH_UPLOAD: ecr_upload_handle(v); return;
    case ECR_PATH_TAGS: ecr_tags_handle(v); return;
    case ECR_PATH_REFERRERS: ecr_referrers_handle(v); return;
    default: ecr_reply_error(cx, 404, "UNSUPPORTED", SW_STR("The operation is unsupported.")); return;
    }
}

const SwRoute ecr_routes[2] = {
    {.path = "/v2", .access = SW_ACCESS_OWN, .begin = begin, .handle = handle},
    {.path = "/v2/", .access = SW_ACCESS_OWN, .begin = begin, .handle = handle},
};
