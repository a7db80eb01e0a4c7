/* SPDX-License-Identifier: Apache-2.0 */
/* User metadata: x-amz-meta-*. A value beyond ASCII travels in the words of RFC 2047 ("=?UTF-8?B?w7w=?="), which S3 takes
 * apart when it stores and makes again when it tells.
 *
 * AWS     S3 User Guide, "Working with object metadata". */

#include "base/digest.h"
#include "services/s3/s3.h"

#define METADATA_MAX 2048

static const SwErrorKind METADATA_TOO_LARGE = {.code = "MetadataTooLarge", .http = 400};

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2047, 4.2: '_' is a space, "=XX" a byte. */
static bool from_q(SwArena *a, SwStr text, SwStr *ret_s) {
    SwBuf b = sw_buf(a, text.n + 1);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i] == '_' ? ' ' : text.p[i];
        if (c == '=') {
            int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1, low = i + 2 < text.n ? hex_digit(text.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        sw_buf_addc(&b, c);
    }
    *ret_s = sw_buf_str(&b);
    return true;
}

static SwStr from_latin1(SwArena *a, SwStr s) {
    SwBuf b = sw_buf(a, 2 * s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c >= 0x80)
            sw_buf_addc(&b, (char)(0xc0 | c >> 6));
        sw_buf_addc(&b, c >= 0x80 ? (char)(0x80 | (c & 0x3f)) : (char)c);
    }
    return sw_buf_str(&b);
}

/* One "=?charset?encoding?text?=" at the beginning of *rest. */
static bool next_word(SwArena *a, SwStr *rest, SwStr *ret_s) {
    SwStr left = sw_str_skip(*rest, 2), charset, encoding, text;
    if (!sw_str_starts(*rest, SW_STR("=?")) || !sw_str_cut(&left, '?', &charset) || !sw_str_cut(&left, '?', &encoding) ||
        !sw_str_cut(&left, '?', &text) || !sw_str_starts(left, SW_STR("=")))
        return false;
    bool utf8 = sw_str_ieq(charset, SW_STR("UTF-8")) || sw_str_ieq(charset, SW_STR("US-ASCII")),
         latin1 = sw_str_ieq(charset, SW_STR("ISO-8859-1"));
    bool b64 = sw_str_ieq(encoding, SW_STR("B")), q = sw_str_ieq(encoding, SW_STR("Q"));
    if ((!utf8 && !latin1) || (b64 ? !sw_unbase64(a, text, ret_s) : !q || !from_q(a, text, ret_s)))
        return false;
    if (latin1)
        *ret_s = from_latin1(a, *ret_s);
    *rest = sw_str_skip(left, 1);
    return true;
}

/* What is no such word stays as it is; white space between two words is theirs (RFC 2047, 6.2). */
static SwStr decoded(SwArena *a, SwStr text) {
    SwBuf b = sw_buf(a, 3 * text.n + 1);
    SwStr rest = text, word;
    bool after_word = false;
    while (rest.n > 0) {
        SwStr ahead = sw_str_trim(rest);
        if (after_word && ahead.n < rest.n && next_word(a, &ahead, &word)) {
            sw_buf_adds(&b, word);
            rest = ahead;
        } else if (next_word(a, &rest, &word)) {
            sw_buf_adds(&b, word);
            after_word = true;
        } else {
            sw_buf_addc(&b, rest.p[0]);
            rest = sw_str_skip(rest, 1);
            after_word = false;
        }
    }
    SwStr all = sw_buf_str(&b);
    return sw_str_is_utf8(all) ? all : text;
}

int s3_take_metadata(SwArena *a, const SwStrMap *given, SwStrMap *ret_m, SwError *err) {
    size_t total = 0;
    *ret_m = (SwStrMap){0};
    for (size_t i = 0; i < given->n; i++) {
        SwStr value = sw_str_contains(given->v[i].value, SW_STR("=?")) ? decoded(a, given->v[i].value) : given->v[i].value;
        total += given->v[i].key.n + value.n;
        __typeof__(given->v) e = sw_list_add(a, ret_m);
        e->key = given->v[i].key;
        e->value = value;
    }
    return total <= METADATA_MAX
               ? 0
               : s3_fail_size(err, &METADATA_TOO_LARGE, "Your metadata headers exceed the maximum allowed metadata size",
                              (int64_t)total, "MaxSizeAllowed", METADATA_MAX);
}

static bool is_ascii(SwStr s) {
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] >= 0x80 || (uint8_t)s.p[i] < 0x20)
            return false;
    return true;
}

SwStrMap s3_shown_metadata(SwArena *a, const SwStrMap *kept) {
    SwStrMap shown = {0};
    for (size_t i = 0; i < kept->n; i++) {
        SwStr value = kept->v[i].value;
        __typeof__(kept->v) e = sw_list_add(a, &shown);
        e->key = kept->v[i].key;
        e->value = is_ascii(value) ? value : sw_cat(a, SW_STR("=?UTF-8?B?"), sw_base64(a, value), SW_STR("?="));
    }
    return shown;
}
