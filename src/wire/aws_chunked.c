/* SPDX-License-Identifier: Apache-2.0 */

/* aws-chunked, the framing that SDKs wrap streams in:
 *
 *     HEX[;chunk-signature=SIG]\r\n  data  \r\n  ...  0[;chunk-signature=SIG]\r\n
 * [name:value\r\n]...  \r\n
 *
 * MinIO's client for Go ends a trailer with a line feed alone and all of them with one more CRLF, before the
 * signature: `name:value\n\r\nx-amz-trailer-signature:SIG\r\n\r\n`. S3 takes that too.
 *
 * Bytes are pushed as they come, in pieces of any size; data goes on to the sink at once, so memory
 * does not grow with the body. Where a check is set, each chunk is hashed on its way and handed to
 * it with its signature when it ends; the trailers are checked last, as `name:value\n` each, which
 * is what is signed. */

#include "base/digest.h"
#include "wire/wire.h"

#define LINE_MAX_BYTES 4096
#define TRAILERS_MAX   16

typedef enum State { SIZE, DATA, DATA_END, TRAILER, FINISHED, _STATE_MAX } State;

struct SwAwsChunked {
    SwArena *a;
    SwSink *sink;
    SwChunkCheck *check;
    void *arg, *check_arg;
    int64_t expected, decoded;
    State state;
    uint64_t left;                 /* of the chunk */
    bool last;                     /* the chunk of size 0 has come */
    bool lf_alone, after_lf_alone; /* how this line ended, and the trailer before it */
    SwStr signature;
    SwArena *chunk; /* emptied with each one, so that memory stays constant */
    SwDigest *digest;
    SwHeaderList trailers;
    SwStr trailer_signature;
    size_t n_line;
    char line[LINE_MAX_BYTES];
    char signature_text[128];
};

static const SwErrorKind invalid_chunk = {.code = "InvalidChunkSizeError", .http = 400};
static const SwErrorKind incomplete_body = {.code = "IncompleteBody", .http = 400};
static const SwErrorKind malformed_trailer = {.code = "MalformedTrailerError", .http = 400};

SwAwsChunked *sw_aws_chunked_new(SwArena *a, int64_t decoded_length, SwSink *sink, void *arg) {
    SwAwsChunked *c = sw_new(a, SwAwsChunked);
    c->a = a;
    c->sink = sink;
    c->arg = arg;
    c->expected = decoded_length;
    return c;
}

static void free_chunk(void *arena) {
    sw_arena_free(arena);
}

void sw_aws_chunked_check(SwAwsChunked *c, SwChunkCheck *check, void *arg) {
    c->check = check;
    c->check_arg = arg;
    c->chunk = sw_arena_new(0);
    sw_arena_defer(c->a, free_chunk, c->chunk);
}

/* Collects a line into c->line; true when it is whole (then without its end). */
static int take_line(SwAwsChunked *c, const char **p, const char *end, bool *ret_whole, SwError *err) {
    *ret_whole = false;
    while (*p < end) {
        char ch = *(*p)++;
        if (ch == '\n') {
            c->lf_alone = c->n_line == 0 || c->line[c->n_line - 1] != '\r';
            if (c->lf_alone && (c->state != TRAILER || c->n_line == 0))
                return sw_fail(err, &invalid_chunk, "A line of the chunked body does not end with CRLF");
            c->n_line -= !c->lf_alone;
            *ret_whole = true;
            return 0;
        }
        if (c->n_line == LINE_MAX_BYTES)
            return sw_fail(err, &invalid_chunk, "A line of the chunked body is too long");
        c->line[c->n_line++] = ch;
    }
    return 0;
}

static bool parse_size(SwStr s, uint64_t *ret) {
    *ret = 0;
    if (s.n == 0 || s.n > 15)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        int digit = ch >= '0' && ch <= '9'   ? ch - '0'
                    : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
                    : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
                                             : -1;
        if (digit < 0)
            return false;
        *ret = *ret << 4 | (uint64_t)digit;
    }
    return true;
}

static int begin_chunk(SwAwsChunked *c, SwError *err) {
    SwStr rest = sw_str_n(c->line, c->n_line), size, part;
    c->n_line = 0;
    if (!sw_str_next(&rest, ';', &size) || !parse_size(sw_str_trim(size), &c->left))
        return sw_fail(err, &invalid_chunk, "A chunk's size is not valid");
    c->signature = SW_NO_STR;
    while (sw_str_next(&rest, ';', &part)) {
        SwStr name;
        if (!sw_str_cut(&part, '=', &name) || !sw_str_eqz(name, "chunk-signature") || part.n > sizeof c->signature_text)
            continue;
        memcpy(c->signature_text, part.p, part.n); /* the line's room is used again */
        c->signature = sw_str_n(c->signature_text, part.n);
    }
    if (c->expected >= 0 && c->left > (uint64_t)(c->expected - c->decoded))
        return sw_fail(err, &incomplete_body, "The request body is longer than x-amz-decoded-content-length says");
    if (c->check) {
        sw_arena_reset(c->chunk);
        c->digest = sw_digest_new(c->chunk, SW_SHA256);
    }
    c->last = c->left == 0;
    c->state = c->last ? TRAILER : DATA;
    return 0;
}

static int end_chunk(SwAwsChunked *c, SwError *err) {
    uint8_t hash[SW_DIGEST_BYTES_MAX];
    if (!c->check)
        return 0;
    sw_digest_end(c->digest, hash);
    return c->check(c->check_arg, /* trailer= */ false, c->signature, hash, err);
}

static int take_data(SwAwsChunked *c, const char **p, const char *end, SwError *err) {
    size_t n = SW_MIN((uint64_t)(end - *p), c->left);
    const char *data = *p;
    *p += n;
    c->left -= n;
    c->decoded += (int64_t)n;
    if (c->check)
        sw_digest_add(c->digest, data, n);
    if (n && c->sink(c->arg, data, n, err) < 0)
        return -1;
    if (c->left == 0)
        c->state = DATA_END;
    return 0;
}

static int end_body(SwAwsChunked *c, SwError *err) {
    uint8_t hash[32];
    SwBuf b = sw_buf(c->a, 2 * TRAILERS_MAX * LINE_MAX_BYTES);
    c->state = FINISHED;
    if (!c->check || !c->trailers.n)
        return 0;
    for (size_t i = 0; i < c->trailers.n; i++) {
        sw_buf_adds(&b, c->trailers.v[i].name);
        sw_buf_addc(&b, ':');
        sw_buf_adds(&b, c->trailers.v[i].value);
        sw_buf_addc(&b, '\n');
    }
    sw_sha256(sw_buf_str(&b), hash);
    return c->check(c->check_arg, /* trailer= */ true, c->trailer_signature, hash, err);
}

static int take_trailer(SwAwsChunked *c, SwError *err) {
    SwStr line = sw_str_n(c->line, c->n_line), name;
    bool separator = line.n == 0 && c->after_lf_alone;
    c->n_line = 0;
    c->after_lf_alone = c->lf_alone;
    if (separator)
        return 0;
    if (line.n == 0)
        return end_body(c, err);
    if (!sw_str_cut(&line, ':', &name) || name.n == 0 || c->trailers.n == TRAILERS_MAX)
        return sw_fail(err, &malformed_trailer, "The request contained trailing data that was not well-formed");
    SwStr lower = sw_str_lower(c->a, sw_str_trim(name)), value = sw_str_dup(c->a, sw_str_trim(line));
    if (sw_str_eqz(lower, "x-amz-trailer-signature"))
        c->trailer_signature = value;
    else
        sw_header_add(c->a, &c->trailers, lower, value);
    return 0;
}

static int take_whole_line(SwAwsChunked *c, SwError *err) {
    switch (c->state) {
    case SIZE:
        if (begin_chunk(c, err) < 0)
            return -1;
        return c->last ? end_chunk(c, err) : 0;
    case DATA_END:
        if (c->n_line)
            return sw_fail(err, &invalid_chunk, "A chunk is longer than its size says");
        c->state = SIZE;
        return end_chunk(c, err);
    case TRAILER: return take_trailer(c, err);
    case DATA:
    case FINISHED:
    case _STATE_MAX: break;
    }
    return 0;
}

int sw_aws_chunked_push(SwAwsChunked *c, const void *bytes, size_t n, SwError *err) {
    const char *p = bytes, *end = p + n;
    while (p < end) {
        bool whole;
        if (c->state == FINISHED)
            return sw_fail(err, &invalid_chunk, "Bytes follow the end of the chunked body");
        if (c->state == DATA) {
            if (take_data(c, &p, end, err) < 0)
                return -1;
            continue;
        }
        if (take_line(c, &p, end, &whole, err) < 0 || (whole && take_whole_line(c, err) < 0))
            return -1;
    }
    return 0;
}

int sw_aws_chunked_end(SwAwsChunked *c, SwHeaderList *ret_trailers, SwError *err) {
    bool bare_end = c->state == TRAILER && c->n_line == 0 && c->trailers.n == 0;
    if (bare_end && end_body(c, err) < 0) /* some clients leave out the last empty line */
        return -1;
    if (c->state != FINISHED || (c->expected >= 0 && c->decoded != c->expected))
        return sw_fail(err, &incomplete_body,
                       "You did not provide the number of bytes specified by the Content-Length HTTP header");
    *ret_trailers = c->trailers;
    return 0;
}
