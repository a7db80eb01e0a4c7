/* SPDX-License-Identifier: Apache-2.0 */

/* S3's dialect of REST-XML, which with SQS's Query (sqs.c) is all that this room knows of a service: its model does not say
 * what its replies' root elements are called, nor that one of them has no inside. SDKs skip the
 * root; other clients look at it. */

#include "wire/codec.h"

bool wire_is_s3(const SwApi *api) {
    return api && (strcmp(api->name, "s3") == 0 || strcmp(api->name, "s3control") == 0);
}

static const struct {
    const char *output, *root;
} roots[] = {
    {"ListBucketsOutput", "ListAllMyBucketsResult"},
    {"ListDirectoryBucketsOutput", "ListAllMyDirectoryBucketsResult"},
    {"ListObjectsOutput", "ListBucketResult"},
    {"ListObjectsV2Output", "ListBucketResult"},
    {"ListObjectVersionsOutput", "ListVersionsResult"},
    {"CreateMultipartUploadOutput", "InitiateMultipartUploadResult"},
    {"DeleteObjectsOutput", "DeleteResult"},
    {"GetBucketAccelerateConfigurationOutput", "AccelerateConfiguration"},
    {"GetBucketAclOutput", "AccessControlPolicy"},
    {"GetObjectAclOutput", "AccessControlPolicy"},
    {"GetBucketCorsOutput", "CORSConfiguration"},
    {"GetBucketLifecycleConfigurationOutput", "LifecycleConfiguration"},
    {"GetBucketLocationOutput", "LocationConstraint"},
    {"GetBucketLoggingOutput", "BucketLoggingStatus"},
    {"NotificationConfiguration", "NotificationConfiguration"},
    {"GetBucketRequestPaymentOutput", "RequestPaymentConfiguration"},
    {"GetBucketTaggingOutput", "Tagging"},
    {"GetObjectTaggingOutput", "Tagging"},
    {"GetBucketVersioningOutput", "VersioningConfiguration"},
    {"GetBucketWebsiteOutput", "WebsiteConfiguration"},
    {"GetObjectAttributesOutput", "GetObjectAttributesResponse"},
};

const char *wire_s3_root(const SwOperation *op) {
    for (size_t i = 0; op->output && i < SW_N(roots); i++)
        if (strcmp(op->output->name, roots[i].output) == 0)
            return roots[i].root;
    return NULL;
}

const SwMember *wire_s3_unwrapped(const Wire *w, const SwShape *s) {
    bool alone = wire_is_s3(w->api) && s->n_member == 1 && strcmp(s->name, "GetBucketLocationOutput") == 0;
    return alone ? &s->member[0] : NULL;
}

static const struct {
    const char *output, *first[11];
} orders[] = {
    {"ListBucketsOutput", {"Owner"}},
    {"ListObjectsOutput", {"Name", "Prefix", "Marker", "NextMarker", "MaxKeys", "Delimiter", "EncodingType", "IsTruncated"}},
    {"ListObjectsV2Output",
     {"Name", "Prefix", "StartAfter", "ContinuationToken", "NextContinuationToken", "KeyCount", "MaxKeys", "Delimiter",
      "EncodingType", "IsTruncated"}},
    {"ListObjectVersionsOutput",
     {"Name", "Prefix", "KeyMarker", "VersionIdMarker", "NextKeyMarker", "NextVersionIdMarker", "MaxKeys", "Delimiter",
      "EncodingType", "IsTruncated"}},
};

const SwShape *wire_s3_ordered(Wire *w, const SwShape *s) {
    for (size_t i = 0; wire_is_s3(w->api) && i < SW_N(orders); i++) {
        if (strcmp(s->name, orders[i].output) != 0)
            continue;
        SwShape *ordered = sw_new(w->a, SwShape);
        SwMember *to = sw_new_n(w->a, SwMember, s->n_member);
        *ordered = *s;
        ordered->member = to;
        for (size_t k = 0; k < SW_N(orders[i].first) && orders[i].first[k]; k++)
            *to++ = *wire_member(s, orders[i].first[k]);
        for (uint32_t m = 0; m < s->n_member; m++) {
            bool taken = false;
            for (size_t k = 0; k < SW_N(orders[i].first) && orders[i].first[k]; k++)
                taken = taken || strcmp(s->member[m].name, orders[i].first[k]) == 0;
            if (!taken)
                *to++ = s->member[m];
        }
        return ordered;
    }
    return s;
}

SwStr wire_s3_time(SwArena *a, SwTime t) {
    SwStr whole = sw_time_iso8601(a, t - ((t % SW_S) + SW_S) % SW_S);
    return sw_strf(a, "%.*s.000Z", SW_FMT(sw_str_drop(whole, 1)));
}

void wire_s3_finish(Wire *w, const SwOperation *op, SwWireMessage *m) {
    if (wire_is_s3(w->api) && strcmp(op->name, "HeadBucket") == 0)
        sw_header_set(w->a, &m->headers, SW_STR("Content-Type"), sw_str(wire_content_type(w->protocol)));
}
