/* SPDX-License-Identifier: Apache-2.0 */
/* GetRandomPassword. Every character is drawn evenly from those that are allowed; where one of each kind is required, one is
 * drawn from each and the whole is shuffled. */

#include "services/secretsmanager/secretsmanager.h"

#include "base/id.h"

#define USUAL_LENGTH 32

static const char *const kinds[] = {"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789",
                                    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " "};
#define KINDS SW_N(kinds)
#define CHARS 96

typedef struct Set {
    char v[CHARS];
    size_t n;
} Set;

/* Evenly below n: what would favour the first few is drawn again. */
static size_t below(size_t n) {
    uint64_t most = UINT64_MAX - UINT64_MAX % n, v;
    do
        v = sw_id_u64();
    while (v >= most);
    return (size_t)(v % n);
}

static void add(Set *s, const char *from, SwStr without) {
    for (size_t at; *from; from++)
        if (!sw_str_find(without, *from, &at))
            s->v[s->n++] = *from;
}

static int too_short(SwError *err) {
    return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION,
                   "Password length is too short based on the required types.");
}

int secretsmanager_get_random_password(SwCtx *cx, const SecretsmanagerGetRandomPasswordRequest *in,
                                       SecretsmanagerGetRandomPasswordResponse *out, SwError *err) {
    const bool left_out[KINDS] = {in->exclude_uppercase.v, in->exclude_lowercase.v, in->exclude_numbers.v,
                                  in->exclude_punctuation.v, !in->include_space.v};
    bool each = SW_OR(in->require_each_included_type, true);
    size_t length = (size_t)SW_OR(in->password_length, USUAL_LENGTH), n = 0;
    char *text = sw_arena_alloc(cx->arena, length + 1);
    Set all = {.n = 0};
    for (size_t i = 0; i < KINDS; i++) {
        Set one = {.n = 0};
        if (left_out[i])
            continue;
        add(&one, kinds[i], in->exclude_characters);
        add(&all, kinds[i], in->exclude_characters);
        if (!each || !one.n)
            continue;
        if (n == length)
            return too_short(err);
        text[n++] = one.v[below(one.n)];
    }
    if (!all.n)
        return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION,
                       "The password can't be generated because all characters are excluded.");
    while (n < length)
        text[n++] = all.v[below(all.n)];
    for (size_t i = length; i > 1; i--) {
        size_t k = below(i);
        char c = text[i - 1];
        text[i - 1] = text[k];
        text[k] = c;
    }
    out->random_password = sw_str_n(text, length);
    return 0;
}
