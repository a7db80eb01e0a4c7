/* SPDX-License-Identifier: Apache-2.0 */
/* Signature Version 4 against the test vectors that AWS's own SDKs use (awslabs/aws-c-auth): sigv4_vectors.json, beside
 * this file. The signed request is read as from a client, and must give canonical request, string to sign, signature. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "api/sigv4.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"

static SwValue load(SwArena *a) {
    SwStr folder = sw_str(__FILE__), text;
    size_t slash;
    SwError err = sw_error(a);
    SwValue v;
    assert_true(sw_str_rfind(folder, '/', &slash));
    folder.n = slash;
    SwStr path = sw_strf(a, "%.*s/sigv4_vectors.json", SW_FMT(folder));
    assert_int_equal(sw_file_read(a, sw_strf(a, "%.*s%c", SW_FMT(path), 0).p, SW_MIB, &text, &err), 0);
    assert_int_equal(sw_json_parse(a, text, &v, &err), 0);
    return v;
}

/* "GET /a b?q HTTP/1.1\nName:value\n folded\n\nbody": spaces may stand in the path. */
static SwWireMessage read_message(SwArena *a, SwStr text) {
    SwWireMessage m = {0};
    SwStr line;
    size_t at;
    assert_true(sw_str_cut(&text, '\n', &line));
    assert_true(sw_str_cut(&line, ' ', &m.method));
    assert_true(sw_str_rfind(line, ' ', &at));
    line.n = at;
    m.query = line;
    if (!sw_str_cut(&m.query, '?', &m.path)) {
        m.path = line;
        m.query = SW_NO_STR;
    }
    while (sw_str_cut(&text, '\n', &line) && line.n) {
        SwStr name;
        if (line.p[0] == ' ') {
            SwHeader *last = &m.headers.v[m.headers.n - 1];
            last->value = sw_strf(a, "%.*s %.*s", SW_FMT(last->value), SW_FMT(sw_str_trim(line)));
            continue;
        }
        assert_true(sw_str_cut(&line, ':', &name));
        sw_header_add(a, &m.headers, name, line);
    }
    m.body = text;
    return m;
}

static void same(const char *what, SwStr name, SwStr mode, SwStr came, SwStr wanted) {
    if (!sw_str_eq(came, wanted))
        fail_msg("%.*s (%.*s): %s\n--- came\n%.*s\n--- wanted\n%.*s", SW_FMT(name), SW_FMT(mode), what, SW_FMT(came),
                 SW_FMT(wanted));
}

static void check_vector(SwArena *a, const SwValue *v) {
    SwStr name = sw_value_str(sw_value_getz(v, "name")), mode = sw_value_str(sw_value_getz(v, "mode"));
    const SwValue *context = sw_value_getz(v, "context");
    SwStr token = sw_value_str(sw_value_path(context, "credentials.token"));
    bool omit = sw_value_is_true(sw_value_getz(context, "omit_session_token"));
    unsigned flags =
        (sw_value_is_true(sw_value_getz(context, "normalize")) ? 0 : SW_SIG_NO_NORMALIZE) | (omit ? SW_SIG_OMIT_TOKEN : 0);
    SwWireMessage m = read_message(a, sw_value_str(sw_value_getz(v, "signed_request")));
    SwSignature s;
    SwError err = sw_error(a);
    if (sw_sigv4_parse(a, &m, &s, &err) < 0)
        fail_msg("%.*s (%.*s): %s", SW_FMT(name), SW_FMT(mode), err.message);
    bool query = sw_str_eqz(mode, "query");
    assert_int_equal(s.kind, query ? SW_SIG_V4_QUERY : SW_SIG_V4_HEADER);
    same("access key", name, mode, s.access_key, sw_value_str(sw_value_path(context, "credentials.access_key_id")));
    same("region", name, mode, s.region, sw_value_str(sw_value_getz(context, "region")));
    same("service", name, mode, s.service, sw_value_str(sw_value_getz(context, "service")));
    same("time", name, mode, sw_time_iso8601(a, s.at), sw_value_str(sw_value_getz(context, "timestamp")));
    if (sw_str_is(token))
        same("token", name, mode, s.token, token);
    int64_t expires = 0;
    assert_true(sw_value_i64(sw_value_getz(context, "expiration_in_seconds"), &expires));
    if (query)
        assert_int_equal(s.expires_s, expires);

    SwStr signature = sw_value_str(sw_value_getz(v, "signature"));
    same("signature as sent", name, mode, s.signature, signature);
    /* Vectors that do not sign the body have it empty in the hash, whatever is sent. */
    SwStr body = sw_value_is_true(sw_value_getz(context, "sign_body")) ? m.body : SW_STR("");
    SwStr canonical = sw_sigv4_canonical(a, &m, &s, sw_sha256_hex(a, body), flags);
    same("canonical request", name, mode, canonical, sw_value_str(sw_value_getz(v, "canonical_request")));
    SwStr to_sign = sw_sigv4_string_to_sign(a, &s, canonical);
    same("string to sign", name, mode, to_sign, sw_value_str(sw_value_getz(v, "string_to_sign")));
    SwStr secret = sw_value_str(sw_value_path(context, "credentials.secret_access_key"));
    same("signature", name, mode, sw_sigv4_sign(a, &s, secret, to_sign), signature);
}

static void every_vector_of_aws_is_signed_alike(void **state) {
    (void)state;
    SwArena *a = sw_arena_new(0);
    SwValue all = load(a);
    size_t n = 0;
    for (char at[16];; n++) {
        snprintf(at, sizeof at, "%zu", n);
        const SwValue *v = sw_value_path(&all, at);
        if (!v)
            break;
        check_vector(a, v);
    }
    assert_int_equal(n, 76);
    sw_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_vector_of_aws_is_signed_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
