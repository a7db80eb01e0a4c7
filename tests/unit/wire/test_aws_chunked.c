/* SPDX-License-Identifier: Apache-2.0 */

#include "wire_test.h"

#include "base/digest.h"

typedef struct Got {
    SwBuf data;
    SwBuf checks; /* "c:SIG:HASH8 " a chunk, "t:.." the trailers */
    SwArena *a;
    bool refuse;
} Got;

static int sink(void *arg, const void *p, size_t n, SwError *err) {
    Got *g = arg;
    (void)err;
    sw_buf_add(&g->data, p, n);
    return 0;
}

static int check(void *arg, bool trailer, SwStr signature, const uint8_t sha256[static 32], SwError *err) {
    Got *g = arg;
    SwStr hash = sw_hex(g->a, sha256, 4);
    sw_buf_addf(&g->checks, "%c:%.*s:%.*s ", trailer ? 't' : 'c', SW_FMT(signature), SW_FMT(hash));
    return g->refuse ? sw_fail(err, &SW_SIGNATURE_DOES_NOT_MATCH, "no") : 0;
}

/* Pushes in pieces of `step`; the outcome as text: data|name=value,.. or !Code. */
static SwStr run(SwArena *a, const char *body, int64_t length, size_t step, Got *g, bool with_check) {
    SwError err = sw_error(a);
    SwHeaderList trailers = {0};
    *g = (Got){.data = sw_buf(a, SW_MIB), .checks = sw_buf(a, SW_MIB), .a = a, .refuse = g->refuse};
    SwAwsChunked *c = sw_aws_chunked_new(a, length, sink, g);
    if (with_check)
        sw_aws_chunked_check(c, check, g);
    size_t n = strlen(body);
    for (size_t i = 0; i < n; i += step)
        if (sw_aws_chunked_push(c, body + i, SW_MIN(step, n - i), &err) < 0)
            return sw_strf(a, "!%s", err.kind->code);
    if (sw_aws_chunked_end(c, &trailers, &err) < 0)
        return sw_strf(a, "!%s", err.kind->code);
    SwBuf b = sw_buf(a, SW_MIB);
    sw_buf_adds(&b, sw_buf_str(&g->data));
    sw_buf_addc(&b, '|');
    for (size_t i = 0; i < trailers.n; i++)
        sw_buf_addf(&b, "%.*s=%.*s,", SW_FMT(trailers.v[i].name), SW_FMT(trailers.v[i].value));
    return sw_buf_str(&b);
}

static void a_body_in_pieces_of_any_size_is_the_same(void **state) {
    static const char body[] = "5\r\nhello\r\nB\r\n, wide wor\n\r\n2\r\nld\r\n0\r\nx-amz-checksum-crc32:sOO8/Q==\r\n\r\n";
    Got g = {0};
    for (size_t step = 1; step <= sizeof body; step++)
        assert_str(run(*state, body, 18, step, &g, false), "hello, wide wor\nld|x-amz-checksum-crc32=sOO8/Q==,");
    assert_str(run(*state, body, -1, 7, &g, false), "hello, wide wor\nld|x-amz-checksum-crc32=sOO8/Q==,");
}

static void chunks_and_trailers_are_handed_to_the_check(void **state) {
    static const char body[] = "3;chunk-signature=aa\r\nabc\r\n0;chunk-signature=bb\r\nX-Amz-Checksum-Crc32: "
                               "NSRBwg==\r\nx-amz-trailer-signature:cc\r\n\r\n";
    Got g = {0};
    for (size_t step = 1; step < 40; step++) {
        assert_str(run(*state, body, 3, step, &g, true), "abc|x-amz-checksum-crc32=NSRBwg==,");
        SwStr trailers = sw_str_n(sw_sha256_hex(*state, SW_STR("x-amz-checksum-crc32:NSRBwg==\n")).p, 8);
        assert_str(sw_buf_str(&g.checks), sw_strf(*state, "c:aa:ba7816bf c:bb:e3b0c442 t:cc:%.*s ", SW_FMT(trailers)).p);
    }
    g.refuse = true;
    assert_str(run(*state, body, 3, 100, &g, true), "!SignatureDoesNotMatch");
}

static void trailers_of_minios_client_end_with_a_line_feed(void **state) {
    static const char body[] = "3;chunk-signature=aa\r\nabc\r\n0;chunk-signature=bb\r\nx-amz-checksum-crc32:NSRBwg==\n\r\nx-"
                               "amz-trailer-signature:cc\r\n\r\n";
    Got g = {0};
    for (size_t step = 1; step < 40; step++) {
        assert_str(run(*state, body, 3, step, &g, true), "abc|x-amz-checksum-crc32=NSRBwg==,");
        SwStr trailers = sw_str_n(sw_sha256_hex(*state, SW_STR("x-amz-checksum-crc32:NSRBwg==\n")).p, 8);
        assert_str(sw_buf_str(&g.checks), sw_strf(*state, "c:aa:ba7816bf c:bb:e3b0c442 t:cc:%.*s ", SW_FMT(trailers)).p);
        assert_str(run(*state, "3\r\nabc\r\n0\r\na:1\nb:2\n\r\n\r\n", 3, step, &g, false), "abc|a=1,b=2,");
        assert_str(run(*state, "3\r\nabc\r\n0\r\na:1\n\n\r\n", 3, step, &g, false), "!InvalidChunkSizeError");
        assert_str(run(*state, "3\r\nabc\r\n0\r\na:1\n\r\n", 3, step, &g, false), "!IncompleteBody");
    }
}

static void an_empty_body_and_a_missing_last_line_are_understood(void **state) {
    Got g = {0};
    assert_str(run(*state, "0\r\n\r\n", 0, 3, &g, false), "|");
    assert_str(run(*state, "1\r\na\r\n0\r\n", 1, 3, &g, false), "a|");
}

static void what_is_cut_short_or_malformed_is_refused(void **state) {
    static const struct {
        const char *body, *want;
        int64_t length;
    } cases[] = {
        {"5\r\nhel", "!IncompleteBody", 5},
        {"5\r\nhello\r\n", "!IncompleteBody", 5},
        {"5\r\nhello\r\n0\r\n\r\n", "!IncompleteBody", 6},
        {"5\r\nhello\r\n0\r\n\r\n", "!IncompleteBody", 4},
        {"5\r\nhello!\r\n0\r\n\r\n", "!InvalidChunkSizeError", 5},
        {"5\nhello\r\n0\r\n\r\n", "!InvalidChunkSizeError", 5},
        {"\r\n", "!InvalidChunkSizeError", 5},
        {"g\r\n", "!InvalidChunkSizeError", 5},
        {"-1\r\n", "!InvalidChunkSizeError", 5},
        {"ffffffffffffffff\r\n", "!InvalidChunkSizeError", -1},
        {"0\r\nno colon\r\n\r\n", "!MalformedTrailerError", 0},
        {"0\r\n\r\nmore", "!InvalidChunkSizeError", 0},
        {"0\r\na:b\r\n", "!IncompleteBody", 0},
    };
    Got g = {0};
    for (size_t i = 0; i < SW_N(cases); i++)
        for (size_t step = 1; step < 9; step++)
            assert_str(run(*state, cases[i].body, cases[i].length, step, &g, false), cases[i].want);
}

static void memory_stays_constant_however_many_chunks_come(void **state) {
    Got g = {.data = sw_buf(*state, 16), .checks = sw_buf(*state, 16), .a = sw_arena_new(0)};
    SwError err = sw_error(*state);
    SwAwsChunked *c = sw_aws_chunked_new(*state, -1, sink, &g);
    sw_aws_chunked_check(c, check, &g);
    size_t before = 0;
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(sw_aws_chunked_push(c, "4;chunk-signature=aa\r\nabcd\r\n", 28, &err), 0);
        sw_arena_reset(g.a);
        if (i == 10)
            before = sw_arena_used(*state);
    }
    assert_int_equal(sw_arena_used(*state), before);
    sw_arena_free(g.a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        wire_unit_test(a_body_in_pieces_of_any_size_is_the_same),
        wire_unit_test(chunks_and_trailers_are_handed_to_the_check),
        wire_unit_test(trailers_of_minios_client_end_with_a_line_feed),
        wire_unit_test(an_empty_body_and_a_missing_last_line_are_understood),
        wire_unit_test(what_is_cut_short_or_malformed_is_refused),
        wire_unit_test(memory_stays_constant_however_many_chunks_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
