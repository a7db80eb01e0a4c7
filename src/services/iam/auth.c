/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds a key: users' keys, temporary credentials, the root's, and passwords. Read outside any request's
 * transaction, in a snapshot of its own. */

#include "base/digest.h"
#include "base/file.h"
#include "base/id.h"
#include "services/iam/iam.h"

static const SwErrorKind EXPIRED = {.code = "ExpiredToken", .http = 403};

/* <data>/root-credentials: two lines, as a shell reads them. Made once; what resets the store leaves them. */
int iam_root_credentials(SwHost *h, SwArena *a, bool make, SwStr *ret_key, SwStr *ret_secret, SwError *err) {
    const char *path = sw_path(a, h->config->data, "root-credentials");
    *ret_key = *ret_secret = SW_NO_STR;
    if (sw_exists(path)) {
        SwStr text, line;
        if (sw_file_read(a, path, 4096, &text, err) < 0)
            return -1;
        while (sw_str_next(&text, '\n', &line)) {
            SwStr value = line, name;
            if (sw_str_cut(&value, '=', &name))
                *(sw_str_eqz(name, "AWS_ACCESS_KEY_ID") ? ret_key : ret_secret) = value;
        }
        return 0;
    }
    if (!make)
        return 0;
    *ret_key = sw_cat(a, SW_STR("AKIA"), sw_id_base32(a, 16));
    *ret_secret = sw_id_base62(a, 40);
    SwStr text = sw_strf(a, "AWS_ACCESS_KEY_ID=%.*s\nAWS_SECRET_ACCESS_KEY=%.*s\n", SW_FMT(*ret_key), SW_FMT(*ret_secret));
    return sw_file_write_durable(path, text, 0600, err);
}

static int begin(SwHost *h, SwArena *a, SwTx **ret_tx, SwError *err) {
    return sw_tx_begin(h->store, a, SW_READ, h->config->account, h->config->region, ret_tx, err);
}

static int user_principal(SwTx *tx, SwArena *a, SwStr account, SwStr name, SwPrincipal *ret_p, bool *ret_found, SwError *err) {
    IamUserRecord *record;
    sw_tx_scope(tx, account, sw_tx_region(tx));
    if (iam_users_find(tx, sw_str_lower(a, name), &record, err) < 0)
        return -1;
    *ret_found = record != NULL;
    if (!record)
        return 0;
    const IamUser *u = record->user;
    *ret_p = (SwPrincipal){.kind = SW_PRINCIPAL_USER, .arn = u->arn, .id = u->user_id, .name = u->user_name};
    return 0;
}

static int find_user_key(SwTx *tx, SwArena *a, SwStr access_key, SwStr *ret_secret, SwStr *ret_account, SwPrincipal *ret_p,
                         bool *ret_found, SwError *err) {
    IamKeyRecord *r;
    if (iam_keys_find(tx, access_key, &r, err) < 0)
        return -1;
    if (!r || !sw_str_eq(r->key->status, IAM_STATUS_TYPE_ACTIVE))
        return 0;
    *ret_secret = r->key->secret_access_key;
    *ret_account = r->account;
    return user_principal(tx, a, r->account, r->user_name, ret_p, ret_found, err);
}

/* Whose a session is, is its unique id: a role that was deleted and made anew is another. */
static int still_there(SwHost *h, SwTx *tx, const IamSessionRecord *r, SwPrincipalKind kind, bool *ret_yes, SwError *err) {
    SwCtx cx = {.arena = err->arena,
                .host = h,
                .account = r->account,
                .tx = tx,
                .principal = {.kind = kind, .name = r->name, .id = sw_str_or(r->owner_id, r->principal_id)}};
    IamIdentity i;
    *ret_yes = true;
    if (!h->config->strict || kind == SW_PRINCIPAL_ROOT || !sw_str_is(r->name)) /* a root's federated user has none */
        return 0;
    sw_tx_scope(tx, r->account, sw_tx_region(tx));
    if (iam_caller(&cx, &i, err) < 0)
        return -1;
    *ret_yes = i.found;
    return 0;
}

static int find_session(SwHost *h, SwTx *tx, SwStr access_key, SwStr *ret_secret, SwStr *ret_token, SwStr *ret_account,
                        SwPrincipal *ret_p, bool *ret_found, SwError *err) {
    IamSessionRecord *r;
    if (iam_sessions_find(tx, access_key, &r, err) < 0)
        return -1;
    if (!r)
        return 0;
    if (r->expires.v <= sw_clock_now(h->clock))
        return sw_fail(err, &EXPIRED, "The security token included in the request is expired");
    *ret_secret = r->secret;
    *ret_token = r->token;
    *ret_account = r->account;
    *ret_p = (SwPrincipal){.arn = r->arn, .id = r->principal_id, .name = r->name, .session = r->session};
    ret_p->kind = r->role.v                                       ? SW_PRINCIPAL_ROLE
                  : sw_str_is(r->name) || sw_str_is(r->federated) ? SW_PRINCIPAL_USER
                                                                  : SW_PRINCIPAL_ROOT;
    return still_there(h, tx, r, ret_p->kind, ret_found, err);
}

int iam_auth_key(SwHost *h, SwArena *a, SwStr access_key, SwStr *ret_secret, SwStr *ret_token, SwStr *ret_account,
                 SwPrincipal *ret_p, bool *ret_found, SwError *err) {
    *ret_found = false;
    if (!sw_str_starts(access_key, SW_STR("A")))
        return 0;
    if (h->config->strict) {
        SwStr key, secret;
        if (iam_root_credentials(h, a, false, &key, &secret, err) < 0)
            return -1;
        if (sw_str_is(key) && sw_str_eq(key, access_key)) {
            *ret_secret = secret;
            *ret_account = h->config->account;
            *ret_p =
                (SwPrincipal){.kind = SW_PRINCIPAL_ROOT, .id = h->config->account, .arn = sw_root_arn(a, h->config->account)};
            *ret_found = true;
            return 0;
        }
    }
    _sw_tx_ SwTx *tx = NULL;
    if (begin(h, a, &tx, err) < 0)
        return -1;
    if (sw_str_starts(access_key, SW_STR("ASIA")))
        return find_session(h, tx, access_key, ret_secret, ret_token, ret_account, ret_p, ret_found, err);
    return find_user_key(tx, a, access_key, ret_secret, ret_account, ret_p, ret_found, err);
}

int iam_auth_password(SwHost *h, SwArena *a, const char *service, SwStr user, SwStr password, SwStr *ret_account,
                      SwPrincipal *ret_p, bool *ret_found, SwError *err) {
    *ret_found = false;
    _sw_tx_ SwTx *tx = NULL;
    IamCredentialRecords rows;
    if (begin(h, a, &tx, err) < 0 ||
        iam_credentials_list(tx, &(SwDocQuery){.index = "by_name", .equals = {user}}, &rows, err) < 0)
        return -1;
    if (rows.n == 0)
        return 0;
    const IamCredentialRecord *r = rows.v[0].record;
    if (!sw_equal_constant_time(r->password_hash, sw_sha256_hex(a, password)) ||
        !sw_str_eqz(r->credential->service_name, service) || !sw_str_eq(r->credential->status, IAM_STATUS_TYPE_ACTIVE))
        return 0;
    *ret_account = r->account;
    return user_principal(tx, a, r->account, r->user_name, ret_p, ret_found, err);
}
