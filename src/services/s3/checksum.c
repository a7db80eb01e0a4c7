/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of uploads in parts. Composite: the digest of the parts' digests, "-N". Of the full object: the parts' CRCs
 * combined as zlib does, by linear algebra over GF(2), so that no byte is read again. All three CRCs are reflected, with
 * ones at both ends, which cancel. */

#include "base/digest.h"
#include "services/s3/s3.h"

static const struct {
    const char *name, *member;
    SwDigestKind kind;
    int bits;
    uint64_t polynomial;
} algorithms[S3_ALGORITHMS] = {
    [S3_CRC32] = {"CRC32", "ChecksumCRC32", SW_CRC32, 32, 0xEDB88320u},
    [S3_CRC32C] = {"CRC32C", "ChecksumCRC32C", SW_CRC32C, 32, 0x82F63B78u},
    [S3_CRC64NVME] = {"CRC64NVME", "ChecksumCRC64NVME", SW_CRC64NVME, 64, 0x9A6C9329AC4BC9B5u},
    [S3_SHA1] = {"SHA1", "ChecksumSHA1", SW_SHA1, 0, 0},
    [S3_SHA256] = {"SHA256", "ChecksumSHA256", SW_SHA256, 0, 0},
};

int s3_algorithm(SwStr name) {
    for (int i = 0; i < S3_ALGORITHMS; i++)
        if (sw_str_ieq(name, sw_str(algorithms[i].name)))
            return i;
    return -1;
}

const char *s3_algorithm_name(int algorithm) {
    return algorithms[algorithm].name;
}

const char *s3_algorithm_lower(int algorithm) {
    static const char *const names[] = {"crc32", "crc32c", "crc64nvme", "sha1", "sha256"};
    return algorithm < 0 ? "null" : names[algorithm];
}

SwDigestKind s3_digest_kind(int algorithm) {
    return algorithms[algorithm].kind;
}

SwStr *s3_sum(const SwShape *shape, void *v, int algorithm) {
    const SwMember *m = sw_shape_member(shape, sw_str(algorithms[algorithm].member));
    return (SwStr *)(void *)((char *)v + m->offset);
}

int s3_sum_kind(const SwShape *shape, const void *v) {
    for (int i = 0; i < S3_ALGORITHMS; i++) {
        const SwMember *m = sw_shape_member(shape, sw_str(algorithms[i].member));
        if (sw_member_is_set(m, v) && sw_str_is(*(const SwStr *)sw_member_at(m, v)))
            return i;
    }
    return -1;
}

static uint64_t times(const uint64_t *matrix, uint64_t vector) {
    uint64_t sum = 0;
    for (; vector; vector >>= 1, matrix++)
        if (vector & 1)
            sum ^= *matrix;
    return sum;
}

static void square(uint64_t *result, const uint64_t *matrix, int bits) {
    for (int i = 0; i < bits; i++)
        result[i] = times(matrix, matrix[i]);
}

/* CRC of what `crc` is of, followed by `n` zero bytes. */
static uint64_t shift(uint64_t crc, int64_t n, int bits, uint64_t polynomial) {
    uint64_t even[64], odd[64];
    odd[0] = polynomial;
    for (int i = 1; i < bits; i++)
        odd[i] = (uint64_t)1 << (i - 1);
    square(even, odd, bits); /* two zero bits */
    square(odd, even, bits); /* four */
    while (n > 0) {
        square(even, odd, bits);
        if (n & 1)
            crc = times(even, crc);
        n >>= 1;
        if (n == 0)
            break;
        square(odd, even, bits);
        if (n & 1)
            crc = times(odd, crc);
        n >>= 1;
    }
    return crc;
}

static uint64_t from_bytes(SwStr s) {
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        v = v << 8 | (uint8_t)s.p[i];
    return v;
}

static SwStr to_base64(SwArena *a, uint64_t v, int bits) {
    char bytes[8];
    for (int i = 0; i < bits / 8; i++)
        bytes[i] = (char)(v >> (bits - 8 - 8 * i));
    return sw_base64(a, sw_str_n(bytes, (size_t)bits / 8));
}

int s3_join_checksums(SwArena *a, int algorithm, bool whole, const SwStr *parts, const int64_t *sizes, size_t n, SwStr *ret_sum,
                      SwError *err) {
    int bits = algorithms[algorithm].bits;
    if (SW_NEVER(whole && bits == 0))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "We encountered an internal error. Please try again.");
    SwDigest *d = sw_digest_new(a, algorithms[algorithm].kind);
    uint64_t crc = 0;
    for (size_t i = 0; i < n; i++) {
        SwStr raw;
        if (!sw_unbase64(a, parts[i], &raw))
            return sw_fail(err, &SW_INTERNAL_FAILURE, "We encountered an internal error. Please try again.");
        sw_digest_add(d, raw.p, raw.n);
        if (whole)
            crc = i == 0 ? from_bytes(raw) : shift(crc, sizes[i], bits, algorithms[algorithm].polynomial) ^ from_bytes(raw);
    }
    uint8_t bytes[SW_DIGEST_BYTES_MAX];
    size_t length = sw_digest_end(d, bytes);
    if (whole)
        *ret_sum = to_base64(a, crc, bits);
    else
        *ret_sum = sw_cat(a, sw_base64(a, sw_str_n((const char *)bytes, length)), sw_strf(a, "-%zu", n));
    return 0;
}
