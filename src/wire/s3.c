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
    bool alone =
        wire_is_s3(w->api) && s->n_member == 1 && strcmp(s->name, "GetBucketLocationOutput") == 0;
    return alone ? &s->member[0] : NULL;
}
