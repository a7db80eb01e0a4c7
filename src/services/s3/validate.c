/* SPDX-License-Identifier: Apache-2.0 */
/* What S3 answers to an input outside its model, which is not what the other services say: a document that does not fit
 * is MalformedXML without a word on where, a header or parameter is an InvalidArgument that names it and its value. */

#include "services/s3/s3.h"

static const SwErrorKind INVALID_OWNER = {.code = "InvalidBucketOwnerAWSAccountID", .http = 400};
static const SwErrorKind NO_BODY = {.code = "MissingRequestBodyError", .http = 400};
static const SwErrorKind INVALID_STORAGE_CLASS = {.code = "InvalidStorageClass", .http = 400};

/* Words of their own for some arguments; the rest say that they are not valid. */
static const struct {
    const char *member, *message;
} arguments[] = {
    {"MetadataDirective", "Unknown metadata directive."},
    {"TaggingDirective", "Unknown tagging directive."},
    {"EncodingType", "Invalid Encoding Method specified in Request"},
    {"ObjectAttributes", "Invalid attribute name specified."},
    {"MaxBuckets", "The max-buckets must be between 1 and 10000."},
};

static bool in_enum(const SwShape *s, SwStr v) {
    for (size_t i = 0; s->enum_values[i]; i++)
        if (sw_str_eqz(v, s->enum_values[i]))
            return true;
    return false;
}

/* Bodies. */

/* Text that the handlers judge, each with an error of its own. */
static bool judged_later(const SwMember *m) {
    static const char *const shapes[] = {"BucketLocationConstraint", "Event", "FilterRuleName"};
    for (size_t i = 0; i < SW_N(shapes); i++)
        if (strcmp(m->shape->name, shapes[i]) == 0)
            return true;
    return false;
}

/* `<Tagging/>` is a document without tags; a policy that is empty is judged as one. */
static bool may_lack(const SwMember *m) {
    return strcmp(m->name, "TagSet") == 0 || strcmp(m->name, "Policy") == 0;
}

static bool fits(const SwMember *m, const void *v);

static bool members_fit(const SwShape *s, const void *v) {
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *e = sw_member_at(m, v);
        if (e ? !fits(m, e) : (m->flags & SW_REQUIRED) && !may_lack(m))
            return false;
    }
    return true;
}

static bool fits(const SwMember *m, const void *v) {
    const SwShape *s = m->shape;
    if (s->kind == SW_STRING)
        return !s->enum_values || judged_later(m) || in_enum(s, *(const SwStr *)v);
    if (s->kind == SW_STRUCTURE || s->kind == SW_UNION)
        return members_fit(s, v);
    for (size_t i = 0; s->kind == SW_LIST && i < sw_list_count(v); i++)
        if (!fits(&s->member[0], sw_list_at(s, v, i)))
            return false;
    return true;
}

/* Headers and parameters. */

static int invalid(SwError *err, const SwMember *m, SwStr value) {
    const char *message = sw_strf(err->arena, "The value of the argument %s is not valid", m->wire ? m->wire : m->name).p;
    for (size_t i = 0; i < SW_N(arguments); i++)
        if (strcmp(m->name, arguments[i].member) == 0)
            message = arguments[i].message;
    return s3_fail_argument(err, m->wire ? m->wire : m->name, value, message);
}

static int check_word(const SwMember *m, SwStr v, SwError *err) {
    bool any_case = strcmp(m->name, "ChecksumMode") == 0;
    if (v.n == 0 || in_enum(m->shape, v) || (any_case && in_enum(m->shape, sw_str_upper(err->arena, v))))
        return 0;
    if (strcmp(m->name, "StorageClass") == 0) {
        sw_fail(err, &INVALID_STORAGE_CLASS, "The storage class you specified is not valid");
        return sw_fail_fact(err, "StorageClassRequested", v);
    }
    if (strstr(m->name, "ChecksumAlgorithm"))
        return sw_fail(err, &S3_INVALID_REQUEST,
                       "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
                       "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]");
    if (strcmp(m->name, "ChecksumType") == 0)
        return sw_fail(err, &S3_INVALID_REQUEST, "Value for x-amz-checksum-type header is invalid.");
    return invalid(err, m, v);
}

static int check_owner(SwStr v, SwError *err) {
    bool digits = v.n == 12;
    for (size_t i = 0; digits && i < v.n; i++)
        digits = v.p[i] >= '0' && v.p[i] <= '9';
    return digits || v.n == 0
               ? 0
               : sw_fail(err, &INVALID_OWNER,
                         "The value of the expected bucket owner parameter must be an AWS Account ID... [%.*s]", SW_FMT(v));
}

static int check_argument(const SwMember *m, const void *v, SwError *err) {
    const SwShape *s = m->shape;
    if (s->kind == SW_STRING &&
        (strcmp(m->name, "ExpectedBucketOwner") == 0 || strcmp(m->name, "ExpectedSourceBucketOwner") == 0))
        return check_owner(*(const SwStr *)v, err);
    if (s->kind == SW_STRING && s->enum_values)
        return check_word(m, *(const SwStr *)v, err);
    if (s->kind == SW_INTEGER && s->flags & (SW_HAS_MIN | SW_HAS_MAX)) {
        int64_t i = ((const SwOptInt *)v)->v;
        if (((s->flags & SW_HAS_MIN) && i < s->min) || ((s->flags & SW_HAS_MAX) && i > s->max))
            return invalid(err, m, sw_strf(err->arena, "%lld", (long long)i));
    }
    for (size_t i = 0; s->kind == SW_LIST && s->member[0].shape->enum_values && i < sw_list_count(v); i++)
        if (!in_enum(s->member[0].shape, *(const SwStr *)sw_list_at(s, v, i)))
            return invalid(err, m, *(const SwStr *)sw_list_at(s, v, i));
    return 0;
}

int s3_validate(SwCtx *cx, const SwOperation *op, const void *in, SwError *err) {
    const SwShape *s = op->input;
    (void)cx;
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *v = sw_member_at(m, in);
        bool body = m->location == SW_IN_BODY || m->location == SW_IN_PAYLOAD;
        if (!v && (m->flags & SW_REQUIRED) && !may_lack(m))
            return body ? sw_fail(err, &NO_BODY, "Request Body is empty") : invalid(err, m, SW_STR("null"));
        if (v && body && !fits(m, v))
            return s3_fail_schema(err);
        if (v && !body && check_argument(m, v, err) < 0)
            return -1;
    }
    return 0;
}
