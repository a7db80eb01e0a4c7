/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal, base64 (RFC 4648) and percent-encoding (RFC 3986). Decoders refuse what the encoders would not write. */

#include "base/digest.h"

SwStr sw_hex(SwArena *a, const void *p, size_t n) {
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = p;
    char *out = sw_arena_alloc(a, n * 2 + 1);
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[at[i] >> 4];
        out[2 * i + 1] = digits[at[i] & 15];
    }
    return (SwStr){out, n * 2};
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool sw_unhex(SwArena *a, SwStr hex, SwStr *ret_bytes) {
    if (hex.n % 2)
        return false;
    char *out = sw_arena_alloc(a, hex.n / 2 + 1);
    for (size_t i = 0; i < hex.n; i += 2) {
        int high = hex_digit(hex.p[i]), low = hex_digit(hex.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i / 2] = (char)(high << 4 | low);
    }
    *ret_bytes = (SwStr){out, hex.n / 2};
    return true;
}

#define COMMON "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const char standard[] = COMMON "+/", url_safe[] = COMMON "-_";

static SwStr encode64(SwArena *a, SwStr s, const char *alphabet, bool pad) {
    char *out = sw_arena_alloc(a, (s.n + 2) / 3 * 4 + 1), *to = out;
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.n; i += 3) {
        size_t left = s.n - i;
        unsigned v = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        if (left > 1 || pad)
            *to++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
        if (left > 2 || pad)
            *to++ = left > 2 ? alphabet[v & 63] : '=';
    }
    return (SwStr){out, (size_t)(to - out)};
}

static bool decode64(SwArena *a, SwStr s, const char *alphabet, SwStr *ret) {
    char *out = sw_arena_alloc(a, s.n / 4 * 3 + 4), *to = out;
    unsigned v = 0, bits = 0;
    if (s.n % 4 == 1)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(alphabet, s.p[i]) : NULL;
        if (!at)
            return false;
        v = v << 6 | (unsigned)(at - alphabet);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *to++ = (char)(v >> bits);
            v &= (1u << bits) - 1;
        }
    }
    if (v) /* bits that no byte holds */
        return false;
    *ret = (SwStr){out, (size_t)(to - out)};
    return true;
}

SwStr sw_base64(SwArena *a, SwStr bytes) {
    return encode64(a, bytes, standard, true);
}

bool sw_unbase64(SwArena *a, SwStr text, SwStr *ret_bytes) {
    if (text.n % 4)
        return false;
    for (int i = 0; i < 2 && sw_str_ends(text, SW_STR("=")); i++)
        text.n--;
    return decode64(a, text, standard, ret_bytes);
}

SwStr sw_base64url(SwArena *a, SwStr bytes) {
    return encode64(a, bytes, url_safe, false);
}

bool sw_unbase64url(SwArena *a, SwStr text, SwStr *ret_bytes) {
    return decode64(a, text, url_safe, ret_bytes);
}

static bool unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

SwStr sw_percent_encode(SwArena *a, SwStr s, bool keep_slash) {
    static const char digits[] = "0123456789ABCDEF";
    char *out = sw_arena_alloc(a, s.n * 3 + 1), *to = out;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (unreserved((char)c) || (keep_slash && c == '/')) {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = digits[c >> 4];
            *to++ = digits[c & 15];
        }
    }
    return (SwStr){out, (size_t)(to - out)};
}

bool sw_percent_decode(SwArena *a, SwStr s, bool plus_is_space, SwStr *ret_s) {
    char *out = sw_arena_alloc(a, s.n + 1), *to = out;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%') {
            int high = s.n - i > 2 ? hex_digit(s.p[i + 1]) : -1, low = s.n - i > 2 ? hex_digit(s.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            *to++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *to++ = s.p[i] == '+' && plus_is_space ? ' ' : s.p[i];
        }
    }
    *ret_s = (SwStr){out, (size_t)(to - out)};
    return true;
}

bool sw_equal_constant_time(SwStr a, SwStr b) {
    unsigned char differ = a.n != b.n;
    for (size_t i = 0; i < SW_MIN(a.n, b.n); i++)
        differ |= (unsigned char)(a.p[i] ^ b.p[i]);
    return !differ;
}
