/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns. Text that a variable brought in must not act as a wildcard, so a '*' in it (and `${*}`) travels through the
 * expanded pattern as the byte LITERAL_STAR, which no request can contain where it matters. */

#include "policy/internal.h"

#include <ctype.h>

#define LITERAL_STAR     '\x01'
#define LITERAL_QUESTION '\x02'
#define EXPANDED_MAX     SW_GIB /* the memory of the request ends before: it is refused then, no statement is passed over */

static char plain(char c) {
    return c == LITERAL_STAR ? '*' : c == LITERAL_QUESTION ? '?' : c;
}

static bool same(char pattern, char c) {
    return plain(pattern) == c;
}

static bool same_folded(char pattern, char c) {
    return tolower((unsigned char)plain(pattern)) == tolower((unsigned char)c);
}

bool policy_glob(SwStr pattern, SwStr s, bool fold) {
    return sw_str_glob_by(pattern, s, fold ? same_folded : same);
}

bool policy_arn_glob(SwStr pattern, SwStr arn) {
    for (int part = 0; part < 5; part++) {
        SwStr a, b;
        bool more_a = sw_str_cut(&pattern, ':', &a), more_b = sw_str_cut(&arn, ':', &b);
        if (!more_a) /* "*", or an ARN whose last wildcard stands for the rest */
            return pattern.n > 0 && pattern.p[pattern.n - 1] == '*' && policy_glob(pattern, arn, false);
        if (!more_b || !policy_glob(a, b, false))
            return false;
    }
    return policy_glob(pattern, arn, false);
}

SwStr policy_literal(SwArena *a, SwStr pattern) {
    SwStr s = sw_str_dup(a, pattern);
    char *p = sw_arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = plain(s.p[i]);
    return sw_str_n(p, s.n);
}

static void add_literal(SwBuf *b, SwStr s) {
    for (size_t i = 0; i < s.n; i++)
        sw_buf_addc(b, s.p[i] == '*' ? LITERAL_STAR : s.p[i] == '?' ? LITERAL_QUESTION : s.p[i]);
}

/* `name` or `name, 'default'`. */
static bool add_variable(const SwPolicyQuery *q, SwBuf *b, SwStr inside) {
    SwStr name, rest = inside;
    bool has_default = sw_str_cut(&rest, ',', &name);
    name = sw_str_trim(has_default ? name : inside);
    if (sw_str_eqz(name, "*") || sw_str_eqz(name, "?") || sw_str_eqz(name, "$")) {
        add_literal(b, name);
        return true;
    }
    const SwPolicyKey *k = policy_key(q, name);
    if (k && k->n == 1) {
        add_literal(b, k->v[0]);
        return true;
    }
    rest = sw_str_trim(rest);
    if (!has_default || rest.n < 2 || rest.p[0] != '\'' || rest.p[rest.n - 1] != '\'')
        return false;
    add_literal(b, sw_str_n(rest.p + 1, rest.n - 2));
    return true;
}

bool policy_expand(const SwPolicy *p, const SwPolicyQuery *q, SwStr text, SwStr *ret_pattern) {
    *ret_pattern = text;
    size_t at;
    if (!p->variables || !sw_str_find(text, '$', &at))
        return true;
    SwBuf b = sw_buf(q->arena, EXPANDED_MAX);
    while (text.n > 0) {
        size_t end;
        if (text.n > 2 && text.p[0] == '$' && text.p[1] == '{' && sw_str_find(text, '}', &end)) {
            if (!add_variable(q, &b, sw_str_n(text.p + 2, end - 2)))
                return false;
            text = sw_str_skip(text, end + 1);
        } else {
            sw_buf_addc(&b, text.p[0]);
            text = sw_str_skip(text, 1);
        }
    }
    *ret_pattern = sw_buf_str(&b);
    return !b.full;
}
