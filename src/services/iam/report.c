/* SPDX-License-Identifier: Apache-2.0 */
/* The credential report: a line a user, in the columns of the IAM User Guide ("Getting credential reports"). It is made at
 * once, kept for four hours, and told as AWS tells it: started by the first call, complete by the next. */

#include "services/iam/iam.h"

#define LIFE (4 * SW_HOUR)

static const char HEAD[] =
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,"
    "access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,"
    "access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,"
    "cert_2_last_rotated";

/* RFC 4180: what has a comma or a quote of its own, as names may, stands in quotes. */
static void cell(SwBuf *b, SwStr s) {
    size_t at;
    if (!sw_str_find(s, ',', &at) && !sw_str_find(s, '"', &at)) {
        sw_buf_adds(b, s);
        return;
    }
    sw_buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            sw_buf_addc(b, '"');
        sw_buf_addc(b, s.p[i]);
    }
    sw_buf_addc(b, '"');
}

static void field(SwBuf *b, SwStr s) {
    sw_buf_addc(b, ',');
    cell(b, s);
}

static void flag(SwBuf *b, bool yes) {
    field(b, yes ? SW_STR("true") : SW_STR("false"));
}

static void when(SwCtx *cx, SwBuf *b, SwOptTime t) {
    if (!t.set) {
        field(b, SW_STR("N/A"));
        return;
    }
    field(b, sw_str_drop(sw_time_iso8601(cx->arena, t.v / SW_S * SW_S), 1)); /* its Z is written as an offset */
    sw_buf_addz(b, "+00:00");
}

static void key(SwCtx *cx, SwBuf *b, const IamKeyRecord *r) {
    flag(b, r && sw_str_eq(r->key->status, IAM_STATUS_TYPE_ACTIVE));
    when(cx, b, r ? r->key->create_date : (SwOptTime){0});
    when(cx, b, r ? r->last_used : (SwOptTime){0});
    field(b, r && r->last_used.set ? r->last_region : SW_STR("N/A"));
    field(b, r && r->last_used.set ? r->last_service : SW_STR("N/A"));
}

static void certificate(SwCtx *cx, SwBuf *b, const IamSigningCertificate *c) {
    flag(b, c && sw_str_eq(c->status, IAM_STATUS_TYPE_ACTIVE));
    when(cx, b, c ? c->upload_date : (SwOptTime){0});
}

static void password(SwCtx *cx, SwBuf *b, const IamLoginRecord *login, const IamPasswordPolicy *rules) {
    SwOptTime next = {0};
    flag(b, login != NULL);
    field(b, login ? SW_STR("no_information") : SW_STR("N/A")); /* nobody logs in with it */
    when(cx, b, login ? login->changed : (SwOptTime){0});
    if (login && rules && rules->max_password_age.set)
        next = SW_SOME_TIME(SW_OR(login->changed, 0) + rules->max_password_age.v * SW_DAY);
    when(cx, b, next);
}

static int user_line(SwCtx *cx, SwBuf *b, const IamUser *u, const IamPasswordPolicy *rules, SwError *err) {
    IamLoginRecord *login;
    IamKeyRecords keys;
    IamSigningCertificateRecords certificates;
    if (iam_login_find(cx, u->user_name, &login, err) < 0 ||
        iam_keys_list(cx->tx, &(SwDocQuery){.index = "by_user", .equals = {cx->account, u->user_name}}, &keys, err) < 0 ||
        iam_signing_certificates_list(cx->tx, &(SwDocQuery){.index = "by_user", .equals = {u->user_name}}, &certificates, err) <
            0)
        return -1;
    sw_buf_addc(b, '\n');
    cell(b, u->user_name);
    field(b, u->arn);
    when(cx, b, u->create_date);
    password(cx, b, login, rules);
    flag(b, false);
    for (size_t i = 0; i < 2; i++) {
        if (i < keys.n)
            iam_key_use_of(cx, keys.v[i].id, keys.v[i].record);
        key(cx, b, i < keys.n ? keys.v[i].record : NULL);
    }
    for (size_t i = 0; i < 2; i++)
        certificate(cx, b, i < certificates.n ? certificates.v[i].record->certificate : NULL);
    return 0;
}

static int root_line(SwCtx *cx, SwBuf *b, SwError *err) {
    SwStr id = SW_NO_STR, secret;
    bool strict = cx->host->config->strict && sw_str_eq(cx->account, cx->host->config->account);
    if (strict && iam_root_credentials(cx->host, cx->arena, false, &id, &secret, err) < 0)
        return -1;
    sw_buf_addz(b, "\n<root_account>");
    field(b, sw_root_arn(cx->arena, cx->account));
    when(cx, b, SW_SOME_TIME(0));
    sw_buf_addz(b, ",not_supported,no_information,not_supported,not_supported,false");
    sw_buf_addz(b, sw_str_is(id) ? ",true" : ",false");
    sw_buf_addz(b, ",N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A");
    return 0;
}

int iam_generate_credential_report(SwCtx *cx, const void *in, IamGenerateCredentialReportResponse *out, SwError *err) {
    IamAccountRecord *r;
    IamUserRecords users;
    SwBuf b = sw_buf(cx->arena, 16 * SW_MIB);
    if (iam_account_record(cx, &r, err) < 0)
        return -1;
    out->state = IAM_REPORT_STATE_TYPE_COMPLETE;
    if (r->reported.set && sw_now(cx) < r->reported.v + LIFE)
        return 0;
    out->state = IAM_REPORT_STATE_TYPE_STARTED;
    out->description = SW_STR("No report exists. Starting a new report generation task");
    sw_buf_addz(&b, HEAD);
    if (root_line(cx, &b, err) < 0 || iam_users_list(cx->tx, &(SwDocQuery){0}, &users, err) < 0)
        return -1;
    for (size_t i = 0; i < users.n; i++)
        if (user_line(cx, &b, users.v[i].record->user, r->password_policy, err) < 0)
            return -1;
    if (b.full)
        return sw_fail(err, &IAM_LIMIT_EXCEEDED_EXCEPTION, "The credential report is too large.");
    r->report = sw_buf_str(&b);
    r->reported = SW_SOME_TIME(sw_now(cx));
    return iam_account_record_put(cx, r, err);
}

int iam_get_credential_report(SwCtx *cx, const void *in, IamGetCredentialReportResponse *out, SwError *err) {
    IamAccountRecord *r;
    if (iam_account_record(cx, &r, err) < 0)
        return -1;
    if (!r->reported.set)
        return sw_fail(err, &IAM_CREDENTIAL_REPORT_NOT_PRESENT_EXCEPTION, "No report exists. Generate a new report first.");
    if (sw_now(cx) >= r->reported.v + LIFE)
        return sw_fail(err, &IAM_CREDENTIAL_REPORT_EXPIRED_EXCEPTION, "The report has expired. Generate a new report.");
    out->content = r->report;
    out->report_format = IAM_REPORT_FORMAT_TYPE_TEXT_CSV;
    out->generated_time = r->reported;
    return 0;
}
