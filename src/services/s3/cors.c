/* SPDX-License-Identifier: Apache-2.0 */
/* Cross-origin sharing: a bucket's rules, what a preflight is answered with, and what replies to another origin's
 * requests carry. The first rule that fits decides. Rules only tell browsers: who may do what is the policies' business.
 *
 * AWS     S3 User Guide, "Using cross-origin resource sharing (CORS)"; S3 API "PutBucketCors". */

#include "services/s3/s3.h"

#define RULES_MAX    100
#define DOCUMENT_MAX (64 * SW_KIB)
#define ID_MAX       255

static const SwErrorKind FORBIDDEN = {.code = "AccessForbidden", .http = 403};
static const SwErrorKind BAD_REQUEST = {.code = "BadRequest", .http = 400};
#define VARY "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"

static size_t stars(SwStr s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '*';
    return n;
}

static int check_one_star(const SwStrList *l, const char *what, SwError *err) {
    for (size_t i = 0; i < l->n; i++)
        if (stars(l->v[i]) > 1)
            return sw_fail(err, &S3_INVALID_REQUEST, "%s \"%.*s\" can not have more than one wildcard.", what, SW_FMT(l->v[i]));
    return 0;
}

static int check_rule(const S3CORSRule *r, SwError *err) {
    static const char *const methods[] = {"GET", "PUT", "HEAD", "POST", "DELETE"};
    if (r->allowed_methods.n == 0 || r->allowed_origins.n == 0 || (r->max_age_seconds.set && r->max_age_seconds.v < 0))
        return s3_fail_schema(err);
    if (r->id.n > ID_MAX)
        return s3_fail_argument(err, "ID", r->id, "ID length should not exceed allowed limit of 255");
    for (size_t i = 0; i < r->allowed_methods.n; i++) {
        bool known = false;
        for (size_t k = 0; k < SW_N(methods); k++)
            known = known || sw_str_eqz(r->allowed_methods.v[i], methods[k]);
        if (!known)
            return sw_fail(err, &S3_INVALID_REQUEST, "Found unsupported HTTP method in CORS config. Unsupported method is %.*s",
                           SW_FMT(r->allowed_methods.v[i]));
    }
    for (size_t i = 0; i < r->expose_headers.n; i++)
        if (stars(r->expose_headers.v[i]) > 0)
            return sw_fail(err, &S3_INVALID_REQUEST,
                           "ExposeHeader \"%.*s\" contains wildcard. We currently do not support wildcard for ExposeHeader.",
                           SW_FMT(r->expose_headers.v[i]));
    return check_one_star(&r->allowed_origins, "AllowedOrigin", err) < 0
               ? -1
               : check_one_star(&r->allowed_headers, "AllowedHeader", err);
}

static int check_cors(SwCtx *cx, const SwFound *f, const void *input, SwError *err) {
    const S3PutBucketCorsRequest *in = input;
    const S3CORSRuleList *rules = &in->cors_configuration->cors_rules;
    if (rules->n == 0 || rules->n > RULES_MAX || (cx->http && cx->http->m.body.n > DOCUMENT_MAX))
        return s3_fail_schema(err);
    for (size_t i = 0; i < rules->n; i++)
        if (check_rule(&rules->v[i], err) < 0)
            return -1;
    return 0;
}

const SwSettingHooks s3_bucket_cors_setting = {.check = check_cors};

/* Matching. */

/* One '*' at most, which stands for anything; the case of origins and methods counts, that of headers does not. */
static bool fits(SwStr pattern, SwStr s, bool any_case) {
    SwStr head, tail = pattern;
    bool (*same)(SwStr, SwStr) = any_case ? sw_str_ieq : sw_str_eq;
    if (!sw_str_cut(&tail, '*', &head))
        return same(pattern, s);
    return s.n >= head.n + tail.n && same(head, sw_str_n(s.p, head.n)) && same(tail, sw_str_skip(s, s.n - tail.n));
}

static bool any_fits(const SwStrList *patterns, SwStr s, bool any_case) {
    for (size_t i = 0; i < patterns->n; i++)
        if (fits(patterns->v[i], s, any_case))
            return true;
    return false;
}

typedef struct Question { /* what a browser asks, or does */
    SwStr origin, method, headers;
} Question;

static Question question(const SwHttpRequest *rq) {
    const SwHeaderList *h = &rq->m.headers;
    return (Question){.origin = sw_header_find(h, "origin"),
                      .headers = sw_header_find(h, "access-control-request-headers"),
                      .method = sw_str_or(sw_header_find(h, "access-control-request-method"), rq->m.method)};
}

static bool allows(const S3CORSRule *r, const Question *q) {
    SwStr rest = q->headers, name;
    if (!any_fits(&r->allowed_origins, q->origin, false) || !sw_str_list_has(&r->allowed_methods, q->method))
        return false;
    while (sw_str_next(&rest, ',', &name))
        if (sw_str_is(sw_str_trim(name)) && !any_fits(&r->allowed_headers, sw_str_trim(name), true))
            return false;
    return true;
}

static const S3CORSRule *rule_for(const S3CORSConfiguration *c, const Question *q) {
    for (size_t i = 0; c && i < c->cors_rules.n; i++)
        if (allows(&c->cors_rules.v[i], q))
            return &c->cors_rules.v[i];
    return NULL;
}

static void tell(SwCtx *cx, const S3CORSRule *r, const Question *q) {
    SwArena *a = cx->arena;
    SwHeaderList *h = &cx->http->reply.headers;
    bool anybody = sw_str_list_has(&r->allowed_origins, SW_STR("*"));
    sw_header_set(a, h, SW_STR("Access-Control-Allow-Origin"), anybody ? SW_STR("*") : q->origin);
    if (!anybody)
        sw_header_set(a, h, SW_STR("Access-Control-Allow-Credentials"), SW_STR("true"));
    sw_header_set(a, h, SW_STR("Access-Control-Allow-Methods"),
                  sw_str_join(a, r->allowed_methods.v, r->allowed_methods.n, SW_STR(", ")));
    if (sw_str_is(q->headers)) {
        SwStrList names = {0};
        SwStr rest = q->headers, name;
        while (sw_str_next(&rest, ',', &name))
            sw_str_list_add(a, &names, sw_str_lower(a, sw_str_trim(name)));
        sw_header_set(a, h, SW_STR("Access-Control-Allow-Headers"), sw_str_join(a, names.v, names.n, SW_STR(", ")));
    }
    if (r->expose_headers.n > 0)
        sw_header_set(a, h, SW_STR("Access-Control-Expose-Headers"),
                      sw_str_join(a, r->expose_headers.v, r->expose_headers.n, SW_STR(", ")));
    if (r->max_age_seconds.set)
        sw_header_set(a, h, SW_STR("Access-Control-Max-Age"), sw_strf(a, "%lld", (long long)r->max_age_seconds.v));
    sw_header_set(a, h, SW_STR("Vary"), SW_STR(VARY));
}

SwStr s3_bucket_of_path(SwStr path, SwStr *ret_key) {
    SwStr rest = sw_str_skip(path, sw_str_starts(path, SW_STR("/"))), bucket = rest;
    if (!sw_str_cut(&rest, '/', &bucket))
        rest = SW_STR("");
    *ret_key = rest;
    return bucket;
}

static int look_up(SwCtx *cx, SwStr bucket, S3BucketRecord **ret_b, SwError *err) {
    *ret_b = NULL;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = s3_buckets_find(cx->tx, bucket, ret_b, err);
    sw_ctx_rollback(cx);
    return r;
}

void s3_finish(SwCtx *cx, const SwWireMessage *m) {
    SwError ignored = sw_error(cx->arena);
    S3BucketRecord *b;
    SwStr key, bucket = s3_bucket_of_path(m->path, &key);
    Question q = question(cx->http);
    if (!sw_str_is(q.origin) || !sw_str_is(bucket) || cx->tx || sw_str_eqz(m->method, "OPTIONS") ||
        look_up(cx, bucket, &b, &ignored) < 0)
        return;
    const S3CORSRule *r = b ? rule_for(b->cors, &q) : NULL;
    if (r)
        tell(cx, r, &q);
}

/* The preflight. */

static int forbid(SwError *err, const Question *q, const char *type, const char *message) {
    sw_fail(err, &FORBIDDEN, "CORSResponse: %s", message);
    sw_fail_fact(err, "Method", q->method);
    return sw_fail_fact(err, "ResourceType", sw_str(type));
}

static int preflight(SwCtx *cx, SwError *err) {
    S3BucketRecord *b = NULL;
    Question q = question(cx->http);
    SwStr key, bucket = s3_bucket_of_path(cx->http->m.path, &key);
    if (!sw_str_is(q.origin))
        return sw_fail(err, &BAD_REQUEST, "Insufficient information. Origin request header needed.");
    if (sw_str_eqz(q.method, "OPTIONS"))
        return sw_fail(err, &BAD_REQUEST, "Invalid Access-Control-Request-Method: null");
    if (sw_str_is(bucket) && look_up(cx, bucket, &b, err) < 0)
        return -1;
    if (!b || !b->cors)
        return forbid(err, &q, "BUCKET", b ? "CORS is not enabled for this bucket." : "Bucket not found");
    const S3CORSRule *r = rule_for(b->cors, &q);
    if (!r) /* AWS's spelling */
        return forbid(err, &q, sw_str_is(key) ? "OBJECT" : "BUCKET",
                      "This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
                      "Access-Control-Request-Method "
                      "or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.");
    tell(cx, r, &q);
    return 0;
}

void s3_answer(SwCtx *cx, const SwError *e) {
    SwHttpRequest *rq = cx->http;
    SwHeaderList *h = &rq->reply.headers;
    if (e) {
        rq->reply = (SwWireMessage){.method = rq->m.method};
        sw_wire_encode_error(cx->arena, &s3_api, NULL, SW_REST_XML, e, cx->request_id, &rq->reply);
        return;
    }
    sw_header_set(cx->arena, h, SW_STR("x-amz-request-id"), cx->request_id);
    sw_header_set(cx->arena, h, SW_STR("x-amz-id-2"), cx->request_id);
}

void s3_preflight(SwCtx *cx) {
    SwError err = sw_error(cx->arena);
    cx->http->reply = (SwWireMessage){.status = 200, .body = SW_STR("")};
    s3_answer(cx, preflight(cx, &err) < 0 ? &err : NULL);
}
