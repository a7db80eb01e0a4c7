/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, tags and referrers of the registry protocol. */

#include "api/meter.h"
#include "base/digest.h"
#include "services/ecr/routes.h"

#define TAGS_PAGE 1000

static void reply_unknown(EcrVisit *v, const char *why) {
    ecr_reply_error(v->cx, 404, "MANIFEST_UNKNOWN",
                    sw_strf(v->cx->arena, "Requested image not found: %.*s in repository %.*s%s", SW_FMT(v->path.reference),
                            SW_FMT(v->path.name), why));
}

/* All Accept lines: Docker sends one a type. */
static bool accepted(const SwCtx *cx, SwStr media_type) {
    const SwHeaderList *h = &cx->http->m.headers;
    SwStrList lines = {0};
    for (size_t i = 0; i < h->n; i++)
        if (sw_str_ieq(h->v[i].name, SW_STR("accept")))
            sw_str_list_add(cx->arena, &lines, h->v[i].value);
    return ecr_accepts(lines.v, lines.n, media_type);
}

static int find(EcrVisit *v, EcrImageRecord **ret, SwError *err) {
    SwCtx *cx = v->cx;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = ecr_image_find(cx, v->path.name, v->path.reference, ret, err);
    sw_ctx_rollback(cx);
    return r;
}

/* AWS/ECR: every manifest that was got. */
static void count_pull(EcrVisit *v) {
    static const SwMetric pulls = {"AWS/ECR", "RepositoryPullCount", "Count"};
    sw_meter(v->cx, &pulls, 1, &(SwDimension){"RepositoryName", v->path.name}, 1);
}

/* Not worth failing a pull for. */
static void note_pull(EcrVisit *v, const EcrImageRecord *i) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    if (sw_now(cx) - SW_OR(i->pulled_at, 0) < SW_DAY || sw_ctx_begin(cx, SW_WRITE, &err) < 0)
        return;
    if (ecr_image_pulled(cx, v->path.name, i->digest, &err) == 0)
        (void)!sw_ctx_commit(cx, &err);
    sw_ctx_rollback(cx);
}

static void get_manifest(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    EcrImageRecord *i;
    SwStr text;
    if (find(v, &i, &err) < 0) {
        ecr_reply_failure(cx, &err);
        return;
    }
    if (!i) {
        reply_unknown(v, "");
        return;
    }
    if (!accepted(cx, i->media_type)) {
        reply_unknown(v, ": none of the accepted media types is the image's");
        return;
    }
    ecr_reply(cx, 200);
    ecr_reply_header(cx, "Content-Type", i->media_type);
    ecr_reply_header(cx, "Docker-Content-Digest", i->digest);
    ecr_reply_header(cx, "ETag", sw_strf(cx->arena, "\"%.*s\"", SW_FMT(i->digest)));
    if (ecr_is_method(cx, "HEAD")) {
        ecr_reply_header(cx, "Content-Length", sw_strf(cx->arena, "%lld", (long long)i->manifest_size.v));
        return;
    }
    if (ecr_image_manifest(cx, i, &text, &err) < 0) {
        ecr_reply_failure(cx, &err);
        return;
    }
    cx->http->reply.body = text;
    count_pull(v);
    note_pull(v, i);
}

/* ---- push ---- */

/* A sink of our own, so that a manifest that is too large is refused in the protocol's form. */
static int take_bytes(void *arg, const void *p, size_t n, SwError *err) {
    EcrVisit *v = arg;
    if (n > ECR_MANIFEST_MAX - v->manifest.n)
        return sw_fail(err, &SW_REQUEST_ENTITY_TOO_LARGE, "The manifest is larger than %d bytes", (int)ECR_MANIFEST_MAX);
    sw_buf_add(&v->manifest, p, n);
    return 0;
}

void ecr_manifest_begin(EcrVisit *v) {
    v->manifest = sw_buf(v->cx->arena, ECR_MANIFEST_MAX + 1);
    v->cx->http->sink = take_bytes;
}

static int put_in_tx(EcrVisit *v, EcrPut *p, EcrImageRecord **ret, SwError *err) {
    SwCtx *cx = v->cx;
    EcrRepositoryRecord *r;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (ecr_repository_get(cx, v->path.name, &r, err) < 0)
        goto fail;
    p->repository = r;
    if (ecr_image_put(cx, p, ret, err) < 0)
        goto fail;
    return sw_ctx_commit(cx, err);
fail:
    sw_ctx_rollback(cx);
    return -1;
}

static SwStr content_type(const SwCtx *cx) {
    SwStr type = sw_header_find(&cx->http->m.headers, "content-type"), word;
    if (sw_str_cut(&type, ';', &word))
        type = word;
    return sw_str_trim(type);
}

static void put_manifest(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    SwBlobInfo info;
    EcrImageRecord *image;
    SwStr body = sw_str_or(sw_buf_str(&v->manifest), SW_STR(""));
    bool by_digest = ecr_is_digest(v->path.reference);
    if (cx->http->sink_error.kind) {
        ecr_reply_failure(cx, &cx->http->sink_error);
        return;
    }
    if (!by_digest && !ecr_is_tag(v->path.reference)) {
        ecr_reply_error(cx, 400, "TAG_INVALID", SW_STR("manifest tag did not match URI"));
        return;
    }
    if (sw_blob_put(cx->host->blobs, cx->arena, body, &info, &err) < 0) {
        ecr_reply_failure(cx, &err);
        return;
    }
    EcrPut p = {
        .manifest = body,
        .digest = sw_strf(cx->arena, "sha256:%.*s", SW_FMT(info.digest)),
        .declared_type = content_type(cx),
        .tag = by_digest ? SW_NO_STR : v->path.reference,
        .again_is_fine = true,
    };
    if (by_digest && !sw_str_eq(p.digest, v->path.reference)) {
        ecr_reply_error(cx, 400, "DIGEST_INVALID", SW_STR("provided digest did not match uploaded content"));
        return;
    }
    if (put_in_tx(v, &p, &image, &err) < 0) {
        ecr_reply_failure(cx, &err);
        return;
    }
    ecr_reply(cx, 201);
    ecr_reply_header(cx, "Location", sw_strf(cx->arena, "/v2/%.*s/manifests/%.*s", SW_FMT(v->path.name), SW_FMT(p.digest)));
    ecr_reply_header(cx, "Docker-Content-Digest", p.digest);
    if (sw_str_is(image->subject))
        ecr_reply_header(cx, "OCI-Subject", image->subject);
}

static int delete_in_tx(EcrVisit *v, const EcrImageRecord *i, bool *ret_held, SwError *err) {
    SwCtx *cx = v->cx;
    SwStrList tags;
    if (ecr_image_tags(cx, v->path.name, i->digest, &tags, err) < 0)
        return -1;
    if (!ecr_is_digest(v->path.reference) && tags.n > 1)
        return ecr_untag(cx, v->path.name, v->path.reference, err);
    return ecr_image_delete(cx, i, false, ret_held, err);
}

static void delete_manifest(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    EcrImageRecord *i = NULL;
    bool held = false;
    int r = sw_ctx_begin(cx, SW_WRITE, &err);
    if (r == 0)
        r = ecr_image_find(cx, v->path.name, v->path.reference, &i, &err);
    if (r == 0 && i)
        r = delete_in_tx(v, i, &held, &err);
    if (r == 0 && i && !held)
        r = sw_ctx_commit(cx, &err);
    sw_ctx_rollback(cx);
    if (r < 0)
        ecr_reply_failure(cx, &err);
    else if (!i)
        reply_unknown(v, "");
    else if (held)
        ecr_reply_error(cx, 400, "DENIED", SW_STR("Requested image referenced by manifest list"));
    else
        ecr_reply(cx, 202);
}

void ecr_manifest_handle(EcrVisit *v) {
    if (ecr_is_method(v->cx, "PUT"))
        put_manifest(v);
    else if (ecr_is_method(v->cx, "DELETE"))
        delete_manifest(v);
    else
        get_manifest(v);
}

/* ---- lists ---- */

static int list_tags(EcrVisit *v, int64_t max, EcrTagRecords *ret, SwError *err) {
    SwCtx *cx = v->cx;
    SwStr last = ecr_query(cx, "last");
    /* Ids are NAME:TAG, so a page begins behind "NAME:LAST". */
    SwStr prefix = ecr_key(cx->arena, v->path.name, ':', SW_STR(""));
    SwDocQuery q = {.prefix = prefix, .limit = (size_t)max + 1};
    if (sw_str_is(last)) { /* the least text behind it */
        char *next = sw_arena_alloc(cx->arena, prefix.n + last.n + 1);
        memcpy(next, prefix.p, prefix.n);
        memcpy(next + prefix.n, last.p, last.n);
        q.from = sw_str_n(next, prefix.n + last.n + 1);
    }
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = ecr_tags_list(cx->tx, &q, ret, err);
    sw_ctx_rollback(cx);
    return r;
}

void ecr_tags_handle(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    EcrTagRecords l = {0};
    int64_t max = TAGS_PAGE;
    SwStr n = ecr_query(cx, "n");
    if (sw_str_is(n) && (!sw_str_to_i64(n, &max) || max < 0)) {
        ecr_reply_error(cx, 400, "PAGINATION_NUMBER_INVALID", SW_STR("the parameter n is not a number"));
        return;
    }
    max = SW_MIN(max, (int64_t)TAGS_PAGE);
    if (max > 0 && list_tags(v, max, &l, &err) < 0) {
        ecr_reply_failure(cx, &err);
        return;
    }
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    SwStr tag = SW_NO_STR;
    sw_buf_addf(&b, "{\"name\":\"%.*s\",\"tags\":[", SW_FMT(v->path.name));
    for (size_t i = 0; i < SW_MIN(l.n, (size_t)max); i++) {
        tag = l.v[i].record->tag;
        sw_buf_addf(&b, "%s\"%.*s\"", i ? "," : "", SW_FMT(tag));
    }
    sw_buf_addz(&b, "]}\n");
    ecr_reply(cx, 200);
    ecr_reply_json(cx, "application/json; charset=utf-8", sw_buf_str(&b));
    if (l.n > (size_t)max)
        ecr_reply_header(cx, "Link",
                         sw_strf(cx->arena, "</v2/%.*s/tags/list?last=%.*s&n=%lld>; rel=\"next\"", SW_FMT(v->path.name),
                                 SW_FMT(tag), (long long)max));
}

static void add_referrer(SwBuf *b, const EcrImageRecord *i, bool first) {
    sw_buf_addf(b, "%s{\"mediaType\":\"%.*s\",\"digest\":\"%.*s\",\"size\":%lld", first ? "" : ",", SW_FMT(i->media_type),
                SW_FMT(i->digest), (long long)i->manifest_size.v);
    if (sw_str_is(i->artifact_type)) {
        sw_buf_addz(b, ",\"artifactType\":");
        sw_json_write_string(b, i->artifact_type);
    }
    for (size_t n = 0; n < i->annotations.n; n++) {
        sw_buf_addz(b, n ? "," : ",\"annotations\":{");
        sw_json_write_string(b, i->annotations.v[n].key);
        sw_buf_addc(b, ':');
        sw_json_write_string(b, i->annotations.v[n].value);
    }
    sw_buf_addz(b, i->annotations.n ? "}}" : "}");
}

void ecr_referrers_handle(EcrVisit *v) {
    SwCtx *cx = v->cx;
    SwError err = sw_error(cx->arena);
    EcrImageRecords l = {0};
    SwStr type = ecr_query(cx, "artifactType");
    SwDocQuery q = {.index = "by_subject", .equals = {v->path.name, v->path.reference}};
    if (!ecr_is_digest(v->path.reference)) {
        ecr_reply_error(cx, 400, "DIGEST_INVALID", SW_STR("the digest is not sha256:HEX"));
        return;
    }
    int r = sw_ctx_begin(cx, SW_READ, &err);
    if (r == 0)
        r = ecr_images_list(cx->tx, &q, &l, &err);
    sw_ctx_rollback(cx);
    if (r < 0) {
        ecr_reply_failure(cx, &err);
        return;
    }
    SwBuf b = sw_buf(cx->arena, ECR_MANIFEST_MAX);
    bool first = true;
    sw_buf_addz(&b, "{\"schemaVersion\":2,\"mediaType\":\"" ECR_TYPE_OCI_INDEX "\",\"manifests\":[");
    for (size_t i = 0; i < l.n; i++) {
        const EcrImageRecord *image = l.v[i].record;
        if (sw_str_is(type) && !sw_str_eq(type, image->artifact_type))
            continue;
        add_referrer(&b, image, first);
        first = false;
    }
    sw_buf_addz(&b, "]}\n");
    if (b.full) {
        ecr_reply_error(cx, 500, "UNKNOWN", SW_STR("there are too many referrers for one answer"));
        return;
    }
    ecr_reply(cx, 200);
    ecr_reply_json(cx, ECR_TYPE_OCI_INDEX, sw_buf_str(&b));
    if (sw_str_is(type))
        ecr_reply_header(cx, "OCI-Filters-Applied", SW_STR("artifactType"));
}
