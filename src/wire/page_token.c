/* SPDX-License-Identifier: Apache-2.0 */

/* Tokens for paging carry their whole state, so a restart does not end a listing: base64url of a
 * check and the state. The check binds a token to its operation and tells a changed one; it keeps
 * honest clients from mistakes and is no secret, as a token holds nothing that its bearer could not
 * ask for. */

#include "base/digest.h"
#include "wire/wire.h"

#define CHECK_BYTES 12

static void check(SwArena *a, const char *operation, SwStr state, uint8_t out[static 32]) {
    SwBuf b = sw_buf(a, strlen(operation) + 1 + state.n + 1);
    sw_buf_add(&b, operation, strlen(operation) + 1);
    if (state.n)
        sw_buf_adds(&b, state);
    sw_hmac_sha256(SW_STR("slipway.page-token.1"), sw_buf_str(&b), out);
}

SwStr sw_page_token(SwArena *a, const char *operation, SwStr state) {
    uint8_t mac[32];
    check(a, operation, state, mac);
    SwBuf b = sw_buf(a, CHECK_BYTES + state.n + 1);
    sw_buf_add(&b, mac, CHECK_BYTES);
    if (state.n)
        sw_buf_adds(&b, state);
    return sw_base64url(a, sw_buf_str(&b));
}

bool sw_page_token_read(SwArena *a, const char *operation, SwStr token, SwStr *ret_state) {
    SwStr bytes;
    uint8_t mac[32];
    if (!token.p || !sw_unbase64url(a, token, &bytes) || bytes.n < CHECK_BYTES)
        return false;
    SwStr state = sw_str_skip(bytes, CHECK_BYTES);
    check(a, operation, state, mac);
    if (!sw_equal_constant_time(sw_str_n(bytes.p, CHECK_BYTES), sw_str_n((const char *)mac, CHECK_BYTES)))
        return false;
    *ret_state = state;
    return true;
}
