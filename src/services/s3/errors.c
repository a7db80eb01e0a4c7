/* SPDX-License-Identifier: Apache-2.0 */
/* S3's errors that say more than a message: which bucket, key or argument, as elements of their own. One function for
 * each that is met in more than one place, so that it always says the same.
 *
 * AWS     S3 API Reference, "Error responses"; the elements as its answers have them. */

#include "services/s3/s3.h"

int s3_fail_bucket(SwError *err, const SwErrorKind *kind, SwStr bucket, const char *message) {
    sw_fail(err, kind, "%s", message);
    return sw_fail_fact(err, "BucketName", bucket);
}

int s3_fail_no_key(SwError *err, SwStr key) {
    sw_fail(err, &S3_NO_SUCH_KEY, "The specified key does not exist.");
    return sw_fail_fact(err, "Key", key);
}

int s3_fail_no_version(SwError *err, SwStr key, SwStr version) {
    sw_fail(err, &S3_NO_SUCH_VERSION, "The specified version does not exist.");
    sw_fail_fact(err, "Key", key);
    return sw_fail_fact(err, "VersionId", version);
}

int s3_fail_condition(SwError *err, const char *condition) {
    sw_fail(err, &S3_PRECONDITION_FAILED, "At least one of the pre-conditions you specified did not hold");
    return sw_fail_fact(err, "Condition", sw_str(condition));
}

int s3_fail_argument(SwError *err, const char *name, SwStr value, const char *message) {
    sw_fail(err, &S3_INVALID_ARGUMENT, "%s", message);
    sw_fail_fact(err, "ArgumentName", sw_str(name));
    return sw_fail_fact(err, "ArgumentValue", value);
}

int s3_fail_schema(SwError *err) {
    return sw_fail(err, &S3_MALFORMED_XML,
                   "The XML you provided was not well-formed or did not validate against our published schema");
}

int s3_fail_size(SwError *err, const SwErrorKind *kind, const char *message, int64_t size, const char *bound_name,
                 int64_t bound) {
    sw_fail(err, kind, "%s", message);
    if (size >= 0)
        sw_fail_fact(err, kind == &S3_ENTITY_TOO_LARGE || kind == &S3_ENTITY_TOO_SMALL ? "ProposedSize" : "Size",
                     sw_strf(err->arena, "%lld", (long long)size));
    return sw_fail_fact(err, bound_name, sw_strf(err->arena, "%lld", (long long)bound));
}

int s3_fail_part_number(SwError *err, int64_t number) {
    return s3_fail_argument(err, "partNumber", sw_strf(err->arena, "%lld", (long long)number),
                            "Part number must be an integer between 1 and 10000, inclusive");
}

int s3_fail_not_accepted(SwError *err, const char *header) {
    sw_fail(err, &SW_NOT_IMPLEMENTED, "A header you provided implies functionality that is not implemented");
    sw_fail_fact(err, "Header", sw_str(header));
    return sw_fail_fact(err, "additionalMessage",
                        sw_strf(err->arena, "We don't accept the provided value of %s header for this API", header));
}
