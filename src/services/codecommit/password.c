/* SPDX-License-Identifier: Apache-2.0 */
/* Pure: passwords of the AWS CLI's credential helper, and paths of git's requests. See
 * codecommit.h. */

#include "base/digest.h"
#include "services/codecommit/codecommit.h"

#define STAMP 15 /* 20261121T051900 */

bool codecommit_password_is_signature(SwStr password, SwTime *ret_at) {
    if (password.n != STAMP + 1 + 64 || password.p[8] != 'T' || password.p[STAMP] != 'Z')
        return false;
    char iso[20];
    for (size_t i = 0, n = 0; i < STAMP; i++) {
        char c = password.p[i];
        if (i != 8 && (c < '0' || c > '9'))
            return false;
        if (i == 4 || i == 6)
            iso[n++] = '-';
        if (i == 11 || i == 13)
            iso[n++] = ':';
        iso[n++] = c;
    }
    iso[19] = 'Z';
    return sw_time_parse(sw_str_n(iso, 20), ret_at);
}

static SwStr hmac(SwArena *a, SwStr key, SwStr data) {
    uint8_t out[32];
    sw_hmac_sha256(key, data, out);
    return sw_str_dup(a, sw_str_n((const char *)out, 32));
}

bool codecommit_password_matches(SwArena *a, SwStr password, SwStr secret, SwStr region, SwStr path, SwStr host) {
    SwTime at;
    if (!codecommit_password_is_signature(password, &at))
        return false;
    SwStr stamp = sw_str_n(password.p, STAMP), date = sw_str_n(password.p, 8);
    SwStr canonical = sw_strf(a, "GIT\n%.*s\n\nhost:%.*s\n\nhost\n", SW_FMT(path), SW_FMT(host));
    SwStr scope = sw_strf(a, "%.*s/%.*s/codecommit/aws4_request", SW_FMT(date), SW_FMT(region));
    SwStr digest = sw_sha256_hex(a, canonical);
    SwStr text = sw_strf(a, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%.*s", SW_FMT(stamp), SW_FMT(scope), SW_FMT(digest));
    SwStr key = hmac(a, sw_strf(a, "AWS4%.*s", SW_FMT(secret)), date);
    key = hmac(a, hmac(a, hmac(a, key, region), SW_STR("codecommit")), SW_STR("aws4_request"));
    SwStr want = hmac(a, key, text);
    return sw_equal_constant_time(sw_hex(a, want.p, want.n), sw_str_skip(password, STAMP + 1));
}

bool codecommit_path_parse(SwStr path, SwStr *ret_name, SwStr *ret_signed, SwStr *ret_rest) {
    SwStr prefix = SW_STR("/v1/repos/"), rest;
    size_t slash;
    if (!sw_str_starts(path, prefix))
        return false;
    rest = sw_str_skip(path, prefix.n);
    if (!sw_str_find(rest, '/', &slash))
        return false;
    SwStr name = sw_str_n(rest.p, slash);
    *ret_signed = sw_str_n(path.p, prefix.n + slash);
    *ret_rest = sw_str_skip(rest, slash + 1);
    *ret_name = sw_str_ends(name, SW_STR(".git")) ? sw_str_drop(name, 4) : name;
    return ret_name->n > 0 && ret_name->n <= 100;
}
