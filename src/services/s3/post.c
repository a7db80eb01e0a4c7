/* SPDX-License-Identifier: Apache-2.0 */
/* POST Object: a browser's form. The fields before the file say what it is to be and who signed for it; they are judged
 * when the file begins, before a byte of it is kept. The file is then received like any streamed body, and the form
 * becomes a PutObject, so that limits, permissions and events are those of one.
 *
 * AWS     S3 API Reference, "POST Object", "Authenticating Requests in Browser-Based Uploads Using POST". */

#include <time.h>

#include "api/authenticate.h"
#include "api/body.h"
#include "api/operation.h"
#include "base/digest.h"
#include "base/lazy_crypto.h"
#include "http/multipart.h"
#include "services/s3/post.h"

#define FIELDS_MAX (20 * SW_KIB) /* "up to 20 KB", without the file */

static const SwErrorKind FIELDS_TOO_LONG = {.code = "MaxPostPreDataLengthExceeded", .http = 400};
static const char NO_FIELD[] =
    "Bucket POST must contain a field named '%s'.  If it is specified, please check the order of the fields.";

typedef struct Form {
    SwCtx *cx;
    SwMultipart *parser;
    SwStr bucket, name; /* name: of the field that is being read; absent: it does not count */
    SwBuf value;
    SwHeaderList fields;
    size_t taken; /* bytes of fields */
    int files;
    bool in_file;
    int64_t size; /* of the file so far */
    S3PostRange range;
    SwHttpRequest inner; /* the file, as the request that could have brought it */
    SwBody *body;
} Form;

static int fail_field(SwError *err, const char *name) {
    return s3_fail_argument(err, name, SW_STR(""), sw_strf(err->arena, NO_FIELD, name).p);
}

static SwTime wall_clock(void) { /* signers have no other */
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * SW_S + t.tv_nsec;
}

/* --- who signed --------------------------------------------------------------------------------------------------- */

static SwStr v2_signature(SwArena *a, SwStr secret, SwStr policy) {
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    HMAC(EVP_sha1(), secret.p ? secret.p : "", (int)secret.n, (const uint8_t *)policy.p, policy.n, mac, &n);
    return sw_base64(a, sw_str_n((const char *)mac, n));
}

/* The signature's fields as the query of a presigned URL, whose rules on keys and tokens are the same. */
static int signature_query(const Form *f, bool v4, SwStr *ret_query, SwError *err) {
    static const struct {
        const char *field, *parameter;
        bool v4, needed;
    } parts[] = {
        {"X-Amz-Algorithm", "X-Amz-Algorithm", true, true},
        {"X-Amz-Credential", "X-Amz-Credential", true, true},
        {"X-Amz-Date", "X-Amz-Date", true, true},
        {"X-Amz-Signature", "X-Amz-Signature", true, true},
        {"X-Amz-Security-Token", "X-Amz-Security-Token", true, false},
        {"AWSAccessKeyId", "AWSAccessKeyId", false, true},
        {"Signature", "Signature", false, true},
        {"x-amz-security-token", "x-amz-security-token", false, false},
    };
    SwBuf q = sw_buf(err->arena, 4 * FIELDS_MAX);
    sw_buf_addz(&q, v4 ? "X-Amz-SignedHeaders=host&X-Amz-Expires=604800" : "Expires=2147483647");
    for (size_t i = 0; i < SW_N(parts); i++) {
        SwStr value = sw_header_find(&f->fields, parts[i].field);
        if (parts[i].v4 != v4)
            continue;
        if (!sw_str_is(value) && parts[i].needed)
            return fail_field(err, parts[i].field);
        value = sw_percent_encode(err->arena, value, false);
        if (sw_str_is(value))
            sw_buf_addf(&q, "&%s=%.*s", parts[i].parameter, SW_FMT(value));
    }
    *ret_query = sw_buf_str(&q);
    return 0;
}

/* Headers of the request itself say nothing here: whoever signed the policy acts, or nobody. */
static int authenticate(const Form *f, SwStr policy, SwError *err) {
    SwCtx *cx = f->cx;
    bool v4 = sw_header_find(&f->fields, "x-amz-signature").p || sw_header_find(&f->fields, "x-amz-credential").p;
    bool v2 = sw_header_find(&f->fields, "signature").p || sw_header_find(&f->fields, "awsaccesskeyid").p;
    SwWireMessage m = {.method = SW_STR("POST"), .path = SW_STR("/")};
    SwSignature s;
    SwStr secret = SW_NO_STR;
    if ((v4 || v2) && !policy.p)
        return fail_field(err, "policy");
    if (policy.p && !v4 && !v2)
        return sw_fail(err, &SW_ACCESS_DENIED, "Access Denied");
    if ((v4 || v2) && signature_query(f, v4, &m.query, err) < 0)
        return -1;
    if (sw_authenticate_begin(cx, &m, &s, &secret, err) < 0)
        return -1;
    if (!policy.p || !cx->host->config->strict)
        return 0;
    SwStr want = v4 ? sw_sigv4_sign(cx->arena, &s, secret, policy) : v2_signature(cx->arena, secret, policy);
    bool scope = !v4 || (sw_str_eqz(s.service, "s3") && sw_str_starts(s.timestamp, s.date));
    if (scope && sw_equal_constant_time(want, s.signature)) {
        cx->principal.verified = true;
        return 0;
    }
    sw_fail(
        err, &SW_SIGNATURE_DOES_NOT_MATCH,
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.");
    sw_fail_fact(err, "AWSAccessKeyId", s.access_key);
    sw_fail_fact(err, "StringToSign", policy);
    return sw_fail_fact(err, "SignatureProvided", s.signature);
}

/* --- what the fields say ------------------------------------------------------------------------------------------ */

/* Browsers send a path at times; S3 takes what is behind its last slash. */
static SwStr file_name(SwStr path) {
    size_t at;
    if (sw_str_rfind(path, '/', &at))
        path = sw_str_skip(path, at + 1);
    return sw_str_rfind(path, '\\', &at) ? sw_str_skip(path, at + 1) : path;
}

static SwStr expanded(SwArena *a, SwStr text, SwStr filename) {
    SwStr word = SW_STR("${filename}");
    SwBuf b = sw_buf(a, FIELDS_MAX + 64 * SW_KIB);
    while (text.n > 0) {
        bool here = sw_str_starts(text, word);
        sw_buf_adds(&b, here ? filename : sw_str_n(text.p, 1));
        text = sw_str_skip(text, here ? word.n : 1);
    }
    return sw_buf_str(&b);
}

static bool is_signature(SwStr name) {
    static const char *const names[] = {"policy",           "signature",       "awsaccesskeyid", "x-amz-signature",
                                        "x-amz-credential", "x-amz-algorithm", "x-amz-date",     "x-amz-security-token"};
    for (size_t i = 0; i < SW_N(names); i++)
        if (sw_str_ieq(name, sw_str(names[i])))
            return true;
    return false;
}

/* `<Tagging>..` as the header that PutObject has for it. */
static int tagging_header(const Form *f, SwStr xml, SwHeaderList *h, SwError *err) {
    SwArena *a = f->cx->arena;
    const SwOperation *op = &s3_api.op[S3_PUT_OBJECT_TAGGING];
    SwWireMessage m = {.method = SW_STR("PUT"), .path = SW_STR("/b/k"), .query = SW_STR("tagging"), .body = xml};
    void *decoded;
    if (sw_wire_decode_request(a, &s3_api, op, SW_REST_XML, &m, &decoded, err) < 0)
        return -1;
    const S3PutObjectTaggingRequest *in = decoded;
    SwBuf b = sw_buf(a, 4 * FIELDS_MAX);
    for (size_t i = 0; in->tagging && i < in->tagging->tag_set.n; i++) {
        const S3Tag *t = &in->tagging->tag_set.v[i];
        SwStr key = sw_percent_encode(a, t->key, false), value = sw_percent_encode(a, t->value, false);
        sw_buf_addf(&b, "%s%.*s=%.*s", i ? "&" : "", SW_FMT(key), SW_FMT(value));
    }
    sw_header_add(a, h, SW_STR("x-amz-tagging"), sw_buf_str(&b));
    return 0;
}

/* The fields that describe the object, as headers of a PutObject. Others were for the policy alone. */
static int object_headers(const Form *f, SwHeaderList *h, SwError *err) {
    static const char *const plain[] = {"content-type",     "cache-control",    "content-disposition",
                                        "content-encoding", "content-language", "content-md5",
                                        "expires"};
    SwArena *a = f->cx->arena;
    for (size_t i = 0; i < f->fields.n; i++) {
        SwStr name = sw_str_lower(a, f->fields.v[i].name), value = f->fields.v[i].value;
        bool keep = sw_str_starts(name, SW_STR("x-amz-")) && !is_signature(name) && !sw_str_eqz(name, "x-amz-content-sha256");
        for (size_t k = 0; k < SW_N(plain) && !keep; k++)
            keep = sw_str_eqz(name, plain[k]);
        if (sw_str_eqz(name, "acl"))
            sw_header_add(a, h, SW_STR("x-amz-acl"), value);
        else if (sw_str_eqz(name, "tagging") && tagging_header(f, value, h, err) < 0)
            return -1;
        else if (keep)
            sw_header_add(a, h, name, value);
    }
    return 0;
}

static int begin_file(Form *f, SwStr filename, SwError *err) {
    SwArena *a = f->cx->arena;
    for (size_t i = 0; i < f->fields.n; i++)
        if (!is_signature(f->fields.v[i].name) && sw_str_contains(f->fields.v[i].value, SW_STR("${filename}")))
            f->fields.v[i].value = expanded(a, f->fields.v[i].value, file_name(filename));
    SwStr policy = sw_header_find(&f->fields, "policy");
    if (!sw_str_is(sw_header_find(&f->fields, "key")))
        return fail_field(err, "key");
    f->range = (S3PostRange){.min = 0, .max = INT64_MAX};
    if (authenticate(f, policy, err) < 0 ||
        (policy.p && s3_post_policy_check(policy, &f->fields, f->bucket, wall_clock(), &f->range, err) < 0))
        return -1;
    f->inner = (SwHttpRequest){.arena = a};
    if (object_headers(f, &f->inner.m.headers, err) < 0)
        return -1;
    return sw_body_begin(f->cx, &f->inner, NULL, NULL, &f->body, err);
}

/* --- the stream --------------------------------------------------------------------------------------------------- */

static int end_field(Form *f, SwError *err) {
    if (!f->name.p)
        return 0;
    if (sw_header_find(&f->fields, sw_str_z(f->cx->arena, f->name)).p)
        return s3_fail_argument(err, sw_str_z(err->arena, f->name), sw_buf_str(&f->value),
                                "A field of a form may be given once.");
    sw_header_add(f->cx->arena, &f->fields, f->name, sw_str_dup(f->cx->arena, sw_buf_str(&f->value)));
    sw_buf_reset(&f->value);
    f->name = SW_NO_STR;
    return 0;
}

static int take(Form *f, size_t n, SwError *err) {
    f->taken += n;
    return f->taken <= FIELDS_MAX
               ? 0
               : s3_fail_size(err, &FIELDS_TOO_LONG, "Your POST request fields preceding the upload file were too large.", -1,
                              "MaxPostPreDataLengthBytes", FIELDS_MAX);
}

static int on_part(void *arg, const SwMultipartPart *p, SwError *err) {
    Form *f = arg;
    f->in_file = false;
    if (end_field(f, err) < 0)
        return -1;
    if (sw_str_ieq(p->name, SW_STR("file"))) {
        if (++f->files > 1)
            return s3_fail_argument(err, "file", SW_STR("2"), "POST requires exactly one file upload per request.");
        f->in_file = true;
        return begin_file(f, sw_str_or(p->filename, SW_STR("")), err);
    }
    if (!sw_str_is(p->name) || !sw_str_is_utf8(p->name))
        return sw_fail(err, &SW_MULTIPART_MALFORMED, "The body of your POST request is not well-formed multipart/form-data.");
    if (f->files == 0) /* behind the file nothing counts */
        f->name = p->name;
    return f->files == 0 ? take(f, p->name.n, err) : 0;
}

static int on_data(void *arg, const void *p, size_t n, SwError *err) {
    Form *f = arg;
    if (!f->in_file) {
        if (!f->name.p)
            return 0;
        sw_buf_add(&f->value, p, n);
        return take(f, n, err);
    }
    f->size += (int64_t)n;
    if (f->size > f->range.max)
        return s3_fail_size(err, &S3_ENTITY_TOO_LARGE, "Your proposed upload exceeds the maximum allowed size", f->size,
                            "MaxSizeAllowed", f->range.max);
    return f->inner.sink(f->inner.sink_arg, p, n, err);
}

static int push(void *arg, const void *p, size_t n, SwError *err) {
    return sw_multipart_push(((Form *)arg)->parser, p, n, err);
}

bool s3_post_begin(SwCtx *cx, SwError *err) {
    SwStr boundary, key;
    Form *f = sw_new(cx->arena, Form);
    if (!sw_multipart_boundary(cx->arena, sw_header_find(&cx->http->m.headers, "content-type"), &boundary)) {
        s3_fail_condition(err, "Bucket POST must be of the enclosure-type multipart/form-data");
        return false;
    }
    f->cx = cx;
    f->bucket = s3_bucket_of_path(cx->http->m.path, &key);
    f->value = sw_buf(cx->arena, FIELDS_MAX + 1);
    f->parser = sw_multipart_new(cx->arena, boundary, &(SwMultipartEvents){f, on_part, on_data});
    cx->http->sink = push;
    cx->http->sink_arg = f;
    return true;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void add_element(SwBuf *b, const char *name, SwStr text) {
    sw_buf_addf(b, "<%s>", name);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '&' || c == '<' || c == '>' || (uint8_t)c < 0x20)
            sw_buf_addf(b, "&#x%X;", (unsigned)(uint8_t)c);
        else
            sw_buf_addc(b, c);
    }
    sw_buf_addf(b, "</%s>", name);
}

static SwStr location(const Form *f, SwStr key) {
    SwArena *a = f->cx->arena;
    SwStr host = sw_str_or(sw_header_find(&f->cx->http->m.headers, "host"), SW_STR("s3.amazonaws.com")),
          path = sw_percent_encode(a, key, true);
    bool own_host = sw_str_starts(host, sw_strf(a, "%.*s.", SW_FMT(f->bucket)));
    const char *scheme = f->cx->http->tls ? "https" : "http";
    return own_host ? sw_strf(a, "%s://%.*s/%.*s", scheme, SW_FMT(host), SW_FMT(path))
                    : sw_strf(a, "%s://%.*s/%.*s/%.*s", scheme, SW_FMT(host), SW_FMT(f->bucket), SW_FMT(path));
}

/* Where the browser goes next; absent: nowhere that S3 could make sense of. */
static SwStr redirect(const Form *f, SwStr key, SwStr etag) {
    SwArena *a = f->cx->arena;
    SwStr to = sw_str_or(sw_header_find(&f->fields, "success_action_redirect"), sw_header_find(&f->fields, "redirect"));
    if (!sw_str_starts(to, SW_STR("http://")) && !sw_str_starts(to, SW_STR("https://")))
        return SW_NO_STR;
    for (size_t i = 0; i < to.n; i++)
        if ((uint8_t)to.p[i] <= 0x20 || to.p[i] == 0x7f)
            return SW_NO_STR;
    return sw_cat(a, to, sw_str_contains(to, SW_STR("?")) ? SW_STR("&bucket=") : SW_STR("?bucket="), f->bucket, SW_STR("&key="),
                  sw_percent_encode(a, key, false), SW_STR("&etag="), sw_percent_encode(a, etag, false));
}

static void answer(const Form *f, SwStr key, const S3PutObjectOutput *out) {
    SwArena *a = f->cx->arena;
    SwWireMessage *m = &f->cx->http->reply;
    SwStr status = sw_header_find(&f->fields, "success_action_status"), there = location(f, key),
          next = redirect(f, key, out->e_tag);
    sw_header_set(a, &m->headers, SW_STR("Location"), sw_str_or(next, there));
    m->status = next.p ? 303 : sw_str_eqz(status, "200") ? 200 : sw_str_eqz(status, "201") ? 201 : 204;
    m->body = SW_STR("");
    if (m->status != 201)
        return;
    SwBuf b = sw_buf(a, SW_MIB);
    sw_buf_addz(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>");
    add_element(&b, "Location", there);
    add_element(&b, "Bucket", f->bucket);
    add_element(&b, "Key", key);
    add_element(&b, "ETag", out->e_tag);
    sw_buf_addz(&b, "</PostResponse>");
    m->body = sw_buf_str(&b);
    sw_header_set(a, &m->headers, SW_STR("Content-Type"), SW_STR("application/xml"));
}

static int put(Form *f, SwError *err) {
    SwCtx *cx = f->cx;
    const SwService *s = sw_registry_by_api(cx->host, &s3_api);
    const SwOperation *op = &s3_api.op[S3_PUT_OBJECT];
    SwStr hash, key = sw_header_find(&f->fields, "key");
    SwWireMessage m = {.method = SW_STR("PUT"), .path = SW_STR("/b/k")};
    void *decoded, *out;
    if (sw_body_end(f->body, &f->inner, &m.stream, &hash, err) < 0)
        return -1;
    m.headers = f->inner.m.headers;
    if (sw_wire_decode_request(cx->arena, &s3_api, op, SW_REST_XML, &m, &decoded, err) < 0)
        return -1;
    S3PutObjectRequest *in = decoded;
    in->bucket = f->bucket;
    in->key = key;
    cx->api = &s3_api;
    cx->op = op;
    if (sw_operation_run_alone(cx, s, op, sw_registry_handler(s, op), in, &out, err) < 0 ||
        sw_wire_encode_response(cx->arena, &s3_api, op, SW_REST_XML, out, cx->request_id, &cx->http->reply, err) < 0)
        return -1;
    answer(f, key, out);
    return 0;
}

static int complete(Form *f, SwError *err) {
    const SwHttpRequest *rq = f->cx->http;
    if (rq->sink_error.kind) {
        *err = rq->sink_error;
        return -1;
    }
    if (sw_multipart_end(f->parser, err) < 0 || end_field(f, err) < 0)
        return -1;
    if (f->files != 1)
        return s3_fail_argument(err, "file", SW_STR("0"), "POST requires exactly one file upload per request.");
    if (f->size < f->range.min)
        return s3_fail_size(err, &S3_ENTITY_TOO_SMALL, "Your proposed upload is smaller than the minimum allowed size", f->size,
                            "MinSizeAllowed", f->range.min);
    return put(f, err);
}

void s3_post(SwCtx *cx) {
    SwError err = sw_error(cx->arena);
    if (complete(cx->http->sink_arg, &err) == 0)
        return;
    sw_ctx_rollback(cx);
    s3_answer(cx, &err);
}
