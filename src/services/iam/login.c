/* SPDX-License-Identifier: Apache-2.0 */
/* Login profiles and the account's rules for passwords. There is no console to log into: a password is kept as AWS keeps it,
 * salted and hashed, checked against the rules and the passwords before it, and shown to nobody. */

#include "base/digest.h"
#include "base/id.h"
#include "base/lazy_crypto.h"
#include "services/iam/iam.h"

#define ROUNDS      100000 /* of PBKDF2 with HMAC-SHA-256 */
#define ROUNDS_ONCE 10000  /* of hashes that do not say how many */
#define SALT_SIZE   16
#define HISTORY_MAX 24 /* passwords: the most that PasswordReusePrevention can ask for */

static SwStr hash_of(SwArena *a, const IamPasswordHash *h, SwStr password) {
    unsigned char out[32];
    int rounds = (int)SW_OR(h->rounds, ROUNDS_ONCE);
    if (PKCS5_PBKDF2_HMAC(password.p, (int)password.n, (const unsigned char *)h->salt.p, (int)h->salt.n, rounds, EVP_sha256(),
                          sizeof out, out) != 1)
        return SW_NO_STR;
    return sw_hex(a, out, sizeof out);
}

static bool is_password(SwArena *a, const IamPasswordHash *h, SwStr password) {
    return sw_equal_constant_time(hash_of(a, h, password), h->hash);
}

/* The rules. */

int iam_account_record(SwCtx *cx, IamAccountRecord **ret_r, SwError *err) {
    if (iam_accounts_find(cx->tx, SW_STR("account"), ret_r, err) < 0)
        return -1;
    if (!*ret_r)
        *ret_r = sw_new(cx->arena, IamAccountRecord);
    return 0;
}

int iam_account_record_put(SwCtx *cx, const IamAccountRecord *r, SwError *err) {
    return iam_accounts_put(cx->tx, SW_STR("account"), r, err);
}

static int violation(SwError *err, const char *what) {
    return sw_fail(err, &IAM_PASSWORD_POLICY_VIOLATION_EXCEPTION, "Password should have %s", what);
}

typedef struct Kinds {
    bool upper, lower, digit, symbol;
} Kinds;

static Kinds kinds_of(SwStr password) {
    Kinds k = {0};
    for (size_t i = 0; i < password.n; i++) {
        SwStr c = sw_str_n(password.p + i, 1);
        k.upper |= sw_str_all(c, "A-Z");
        k.lower |= sw_str_all(c, "a-z");
        k.digit |= sw_str_all(c, "0-9");
        k.symbol |= sw_str_all(c, "!@#$%^&*()_+=[]{}|'-");
    }
    return k;
}

/* IAM User Guide, "Default password policy": what holds where the account has no rules of its own. */
static int check_default(SwStr password, SwError *err) {
    Kinds k = kinds_of(password);
    if (password.n < 8)
        return violation(err, "a minimum length of 8");
    if (k.upper + k.lower + k.digit + k.symbol < 3)
        return violation(err, "at least three of: uppercase letters, lowercase letters, numbers, symbols");
    return 0;
}

static int check_own(const IamPasswordPolicy *p, SwStr password, SwError *err) {
    Kinds k = kinds_of(password);
    if ((int64_t)password.n < SW_OR(p->minimum_password_length, 6))
        return sw_fail(err, &IAM_PASSWORD_POLICY_VIOLATION_EXCEPTION, "Password should have a minimum length of %lld",
                       (long long)SW_OR(p->minimum_password_length, 6));
    if (SW_OR(p->require_uppercase_characters, false) && !k.upper)
        return violation(err, "at least one uppercase letter");
    if (SW_OR(p->require_lowercase_characters, false) && !k.lower)
        return violation(err, "at least one lowercase letter");
    if (SW_OR(p->require_numbers, false) && !k.digit)
        return violation(err, "at least one number");
    if (SW_OR(p->require_symbols, false) && !k.symbol)
        return violation(err, "at least one symbol");
    return 0;
}

int iam_get_account_password_policy(SwCtx *cx, const void *in, IamGetAccountPasswordPolicyResponse *out, SwError *err) {
    IamAccountRecord *r;
    if (iam_account_record(cx, &r, err) < 0)
        return -1;
    out->password_policy = r->password_policy;
    return out->password_policy ? 0
                                : sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION,
                                          "The Password Policy with domain name %.*s cannot be found.", SW_FMT(cx->account));
}

static SwOptBool or_false(SwOptBool b) {
    return SW_SOME_BOOL(SW_OR(b, false));
}

int iam_update_account_password_policy(SwCtx *cx, const IamUpdateAccountPasswordPolicyRequest *in, void *out, SwError *err) {
    IamAccountRecord *r;
    if (iam_account_record(cx, &r, err) < 0)
        return -1;
    IamPasswordPolicy *p = r->password_policy = sw_new(cx->arena, IamPasswordPolicy); /* what is left out is as at first */
    p->minimum_password_length = SW_SOME_INT(SW_OR(in->minimum_password_length, 6));
    p->require_symbols = or_false(in->require_symbols);
    p->require_numbers = or_false(in->require_numbers);
    p->require_uppercase_characters = or_false(in->require_uppercase_characters);
    p->require_lowercase_characters = or_false(in->require_lowercase_characters);
    p->allow_users_to_change_password = or_false(in->allow_users_to_change_password);
    p->expire_passwords = SW_SOME_BOOL(in->max_password_age.set);
    p->max_password_age = in->max_password_age;
    p->password_reuse_prevention = in->password_reuse_prevention;
    p->hard_expiry = in->hard_expiry;
    return iam_account_record_put(cx, r, err);
}

int iam_delete_account_password_policy(SwCtx *cx, const void *in, void *out, SwError *err) {
    IamAccountRecord *r;
    if (iam_account_record(cx, &r, err) < 0)
        return -1;
    if (!r->password_policy)
        return sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "The account policy with name PasswordPolicy cannot be found.");
    r->password_policy = NULL;
    return iam_account_record_put(cx, r, err);
}

/* Login profiles. */

static SwStr id_of(SwCtx *cx, SwStr user) {
    return sw_str_lower(cx->arena, user);
}

int iam_login_find(SwCtx *cx, SwStr user, IamLoginRecord **ret_r, SwError *err) {
    return iam_logins_find(cx->tx, id_of(cx, user), ret_r, err);
}

static int find(SwCtx *cx, SwStr given, IamIdentity *ret_u, IamLoginRecord **ret_r, SwError *err) {
    return iam_user_of(cx, given, ret_u, err) < 0 ? -1 : iam_login_find(cx, ret_u->name, ret_r, err);
}

static int get(SwCtx *cx, SwStr given, IamLoginRecord **ret_r, SwError *err) {
    IamIdentity u;
    if (find(cx, given, &u, ret_r, err) < 0)
        return -1;
    return *ret_r ? 0
                  : sw_fail(err, &IAM_NO_SUCH_ENTITY_EXCEPTION, "Login Profile for User %.*s cannot be found.", SW_FMT(u.name));
}

static int put(SwCtx *cx, const IamLoginRecord *r, SwError *err) {
    return iam_logins_put(cx->tx, id_of(cx, r->user_name), r, err);
}

static int check_reuse(SwCtx *cx, const IamPasswordPolicy *p, const IamLoginRecord *r, SwStr password, SwError *err) {
    size_t n = p ? (size_t)SW_OR(p->password_reuse_prevention, 0) : 0;
    for (size_t i = 0; i < n && i < r->passwords.n; i++)
        if (is_password(cx->arena, &r->passwords.v[i], password))
            return sw_fail(err, &IAM_PASSWORD_POLICY_VIOLATION_EXCEPTION, "Password has been used recently");
    return 0;
}

/* The newest stands first; as many are kept as rules can ask about. */
static int set_password(SwCtx *cx, IamLoginRecord *r, SwStr password, SwError *err) {
    IamAccountRecord *account;
    if (iam_account_record(cx, &account, err) < 0)
        return -1;
    const IamPasswordPolicy *p = account->password_policy;
    if ((p ? check_own(p, password, err) : check_default(password, err)) < 0 || check_reuse(cx, p, r, password, err) < 0)
        return -1;
    IamPasswordHashList l = {0};
    IamPasswordHash *h = sw_list_add(cx->arena, &l);
    h->salt = sw_id_base62(cx->arena, SALT_SIZE);
    h->rounds = SW_SOME_INT(ROUNDS);
    h->hash = hash_of(cx->arena, h, password);
    if (!h->hash.p)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "A password cannot be hashed");
    for (size_t i = 0; i < r->passwords.n && i + 1 < HISTORY_MAX; i++)
        *sw_list_add(cx->arena, &l) = r->passwords.v[i];
    r->passwords = l;
    r->changed = SW_SOME_TIME(sw_now(cx));
    return 0;
}

static IamLoginProfile *shown(SwCtx *cx, const IamLoginRecord *r) {
    IamLoginProfile *p = sw_new(cx->arena, IamLoginProfile);
    p->user_name = r->user_name;
    p->create_date = r->created;
    p->password_reset_required = SW_SOME_BOOL(SW_OR(r->reset_required, false));
    return p;
}

int iam_create_login_profile(SwCtx *cx, const IamCreateLoginProfileRequest *in, IamCreateLoginProfileResponse *out,
                             SwError *err) {
    IamIdentity u;
    IamLoginRecord *old, r = {.created = SW_SOME_TIME(sw_now(cx)), .reset_required = in->password_reset_required};
    if (find(cx, in->user_name, &u, &old, err) < 0)
        return -1;
    if (old)
        return sw_fail(err, &IAM_ENTITY_ALREADY_EXISTS_EXCEPTION, "Login Profile for user %.*s already exists.",
                       SW_FMT(u.name));
    if (!in->password.p)
        return sw_fail(err, &SW_VALIDATION_ERROR, "Password must be specified");
    r.user_name = u.name;
    if (set_password(cx, &r, in->password, err) < 0)
        return -1;
    out->login_profile = shown(cx, &r);
    return put(cx, &r, err);
}

int iam_get_login_profile(SwCtx *cx, const IamGetLoginProfileRequest *in, IamGetLoginProfileResponse *out, SwError *err) {
    IamLoginRecord *r;
    if (get(cx, in->user_name, &r, err) < 0)
        return -1;
    out->login_profile = shown(cx, r);
    return 0;
}

int iam_update_login_profile(SwCtx *cx, const IamUpdateLoginProfileRequest *in, void *out, SwError *err) {
    IamLoginRecord *r;
    if (get(cx, in->user_name, &r, err) < 0 || (in->password.p && set_password(cx, r, in->password, err) < 0))
        return -1;
    if (in->password_reset_required.set)
        r->reset_required = in->password_reset_required;
    return put(cx, r, err);
}

int iam_delete_login_profile(SwCtx *cx, const IamDeleteLoginProfileRequest *in, void *out, SwError *err) {
    IamLoginRecord *r;
    return get(cx, in->user_name, &r, err) < 0 ? -1 : iam_logins_delete(cx->tx, id_of(cx, r->user_name), NULL, err);
}

int iam_change_password(SwCtx *cx, const IamChangePasswordRequest *in, void *out, SwError *err) {
    IamLoginRecord *r;
    if (cx->principal.kind != SW_PRINCIPAL_USER)
        return sw_fail(err, &IAM_INVALID_USER_TYPE_EXCEPTION, "Only IAM Users can change their own password");
    if (get(cx, cx->principal.name, &r, err) < 0)
        return -1;
    if (!is_password(cx->arena, &r->passwords.v[0], in->old_password))
        return sw_fail(err, &SW_ACCESS_DENIED, "The old password was incorrect.");
    if (set_password(cx, r, in->new_password, err) < 0)
        return -1;
    r->reset_required = SW_SOME_BOOL(false);
    return put(cx, r, err);
}
