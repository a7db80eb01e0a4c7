/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: what a key's owner lets somebody do, beside the key policy. They hold from the moment they are made, so a grant token
 * adds nothing to what its grant allows; one that is no grant's is refused, as on AWS. */

#include "base/id.h"
#include "services/kms/kms.h"

#define GRANTS_OF_A_KEY 50000

static SwStr id_of(SwCtx *cx, SwStr key, SwStr grant) {
    return sw_cat(cx->arena, key, SW_STR("/"), grant);
}

int kms_grants_end(SwCtx *cx, const KmsKeyRecord *k, SwError *err) {
    return kms_grants_delete_all(cx->tx, &(SwDocQuery){.prefix = id_of(cx, k->key_id, SW_STR(""))}, err);
}

static int by_token(SwCtx *cx, SwStr token, KmsGrantRecord **ret_g, SwError *err) {
    KmsGrantRecords rows;
    SwDocQuery q = {.index = "by_token", .equals = {token}, .limit = 1};
    if (kms_grants_list(cx->tx, &q, &rows, err) < 0)
        return -1;
    *ret_g = rows.n ? rows.v[0].record : NULL;
    return 0;
}

int kms_grant_tokens(SwCtx *cx, const KmsKeyRecord *k, const SwStrList *tokens, SwError *err) {
    for (size_t i = 0; tokens && i < tokens->n; i++) {
        KmsGrantRecord *g;
        if (by_token(cx, tokens->v[i], &g, err) < 0)
            return -1;
        if (!g || !sw_str_eq(g->key, k->key_id))
            return sw_fail(err, &KMS_INVALID_GRANT_TOKEN_EXCEPTION, "The grant token is not valid");
    }
    return 0;
}

/* --- what they allow ---------------------------------------------------------------------------------------------- */

/* A session is its role, too. */
static bool is_caller(SwCtx *cx, SwStr principal) {
    const SwPrincipal *who = &cx->principal;
    size_t slash;
    if (sw_str_eq(principal, who->arn))
        return true;
    if (who->kind != SW_PRINCIPAL_ROLE || !sw_str_contains(principal, SW_STR(":role/")) ||
        !sw_str_rfind(principal, '/', &slash))
        return false;
    SwArn arn;
    return sw_arn_parse(principal, &arn) && sw_str_eq(arn.account, cx->account) &&
           sw_str_eq(sw_str_skip(principal, slash + 1), who->name);
}

static bool has_all(const SwStrMap *of, const SwStrMap *in) {
    for (size_t i = 0; i < of->n; i++) {
        SwStr v = sw_str_map_find(in, of->v[i].key);
        if (!v.p || !sw_str_eq(v, of->v[i].value))
            return false;
    }
    return true;
}

static bool context_fits(const KmsGrantConstraints *c, const SwStrMap *context) {
    if (c && c->encryption_context_equals.n)
        return context->n == c->encryption_context_equals.n && has_all(&c->encryption_context_equals, context);
    return !c || !c->encryption_context_subset.n || has_all(&c->encryption_context_subset, context);
}

/* Of the operation that is asked about: its input's encryption context. */
static const SwStrMap *context_of(const SwCtx *cx) {
    static const SwStrMap none;
    const SwMember *m = cx->op->input ? sw_shape_member(cx->op->input, SW_STR("EncryptionContext")) : NULL;
    return m && cx->in && sw_member_is_set(m, cx->in) ? sw_member_at(m, cx->in) : &none;
}

static bool constrains(SwStr operation) {
    static const char *const by_context[] = {"Encrypt",
                                             "Decrypt",
                                             "GenerateDataKey",
                                             "GenerateDataKeyWithoutPlaintext",
                                             "GenerateDataKeyPair",
                                             "GenerateDataKeyPairWithoutPlaintext",
                                             "ReEncryptFrom",
                                             "ReEncryptTo"};
    return sw_str_among(operation, by_context, SW_N(by_context));
}

/* Who may hand on what it was granted hands on no more of it. */
static bool hands_on_no_more(const KmsGrantListEntry *g, const KmsCreateGrantRequest *in) {
    for (size_t i = 0; i < in->operations.n; i++)
        if (!sw_str_list_has(&g->operations, in->operations.v[i]))
            return false;
    if (!g->constraints)
        return true;
    const KmsGrantConstraints *c = in->constraints;
    return c && context_fits(g->constraints,
                             c->encryption_context_equals.n ? &c->encryption_context_equals : &c->encryption_context_subset);
}

static bool allows(SwCtx *cx, const KmsGrantListEntry *g, SwStr operation) {
    if (!is_caller(cx, g->grantee_principal) || !sw_str_list_has(&g->operations, operation))
        return false;
    if (sw_str_eqz(operation, "CreateGrant"))
        return hands_on_no_more(g, cx->in);
    return !constrains(operation) || context_fits(g->constraints, context_of(cx));
}

int kms_granted(SwCtx *cx, const SwFound *f, const char *action, bool *ret, SwError *err) {
    SwStr operation = sw_str_skip(sw_str(action), sizeof "kms:" - 1);
    KmsGrantRecords rows;
    if (!cx->op || kms_grants_list(cx->tx, &(SwDocQuery){.prefix = id_of(cx, f->id, SW_STR(""))}, &rows, err) < 0)
        return cx->op ? -1 : 0;
    for (size_t i = 0; i < rows.n && !*ret; i++)
        *ret = allows(cx, rows.v[i].record->grant, operation);
    return 0;
}

/* --- their life --------------------------------------------------------------------------------------------------- */

/* "arn:aws:iam::111122223333:user/x" and its like; a service is none. */
static int check_principal(SwStr who, SwError *err) {
    SwArn arn;
    bool good =
        !sw_str_is(who) || (sw_arn_parse(who, &arn) && (sw_str_eqz(arn.service, "iam") || sw_str_eqz(arn.service, "sts")) &&
                            arn.account.n == 12 && sw_str_is(arn.resource));
    return good ? 0 : sw_fail(err, &KMS_INVALID_ARN_EXCEPTION, "ARN does not refer to a valid principal: %.*s", SW_FMT(who));
}

/* What the key is not for is not granted. */
static bool suits(const KmsKeyRecord *k, SwStr operation) {
    static const char *const any[] = {"CreateGrant", "RetireGrant", "DescribeKey"};
    static const struct {
        const char *usage, *operation;
    } of[] = {{"SIGN_VERIFY", "Sign"},
              {"SIGN_VERIFY", "Verify"},
              {"GENERATE_VERIFY_MAC", "GenerateMac"},
              {"GENERATE_VERIFY_MAC", "VerifyMac"},
              {"KEY_AGREEMENT", "DeriveSharedSecret"},
              {"ENCRYPT_DECRYPT", "Encrypt"},
              {"ENCRYPT_DECRYPT", "Decrypt"},
              {"ENCRYPT_DECRYPT", "ReEncryptFrom"},
              {"ENCRYPT_DECRYPT", "ReEncryptTo"}};
    const KmsSpec *s = kms_spec(k->spec);
    if (sw_str_among(operation, any, SW_N(any)))
        return true;
    for (size_t i = 0; i < SW_N(of); i++)
        if (sw_str_eqz(operation, of[i].operation))
            return sw_str_eqz(k->usage, of[i].usage);
    if (sw_str_eqz(operation, "GetPublicKey"))
        return s && (s->kind == KMS_RSA || s->kind == KMS_ECC);
    return kms_key_is_symmetric(k); /* data keys */
}

static int check_grant(const KmsKeyRecord *k, const KmsCreateGrantRequest *in, SwError *err) {
    const KmsGrantConstraints *c = in->constraints;
    if (check_principal(in->grantee_principal, err) < 0 || check_principal(in->retiring_principal, err) < 0)
        return -1;
    for (size_t i = 0; i < in->operations.n; i++)
        if (!suits(k, in->operations.v[i]))
            return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                           "Operation %.*s is not supported for keys of usage %.*s and spec %.*s", SW_FMT(in->operations.v[i]),
                           SW_FMT(k->usage), SW_FMT(k->spec));
    if (!in->operations.n)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Operations must not be empty");
    if (c && c->encryption_context_equals.n && c->encryption_context_subset.n)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "EncryptionContextEquals and EncryptionContextSubset cannot be specified together");
    if (c && !kms_key_is_symmetric(k))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Grant constraints are for symmetric encryption keys only");
    return 0;
}

static bool same_maps(const SwStrMap *a, const SwStrMap *b) {
    return a->n == b->n && has_all(a, b);
}

static bool same_constraints(const KmsGrantConstraints *a, const KmsGrantConstraints *b) {
    static const KmsGrantConstraints none;
    a = a ? a : &none;
    b = b ? b : &none;
    return same_maps(&a->encryption_context_equals, &b->encryption_context_equals) &&
           same_maps(&a->encryption_context_subset, &b->encryption_context_subset);
}

static bool same_operations(const SwStrList *a, const SwStrList *b) {
    for (size_t i = 0; i < a->n; i++)
        if (!sw_str_list_has(b, a->v[i]))
            return false;
    return a->n == b->n;
}

/* "With a name, CreateGrant with identical parameters is retried": the grant that is there is the answer. */
static const KmsGrantRecord *same_as(const KmsGrantRecords *rows, const KmsCreateGrantRequest *in) {
    for (size_t i = 0; i < rows->n && sw_str_is(in->name); i++) {
        const KmsGrantListEntry *g = rows->v[i].record->grant;
        if (sw_str_eq(g->name, in->name) && sw_str_eq(g->grantee_principal, in->grantee_principal) &&
            sw_str_eq(g->retiring_principal, in->retiring_principal) && same_operations(&g->operations, &in->operations) &&
            same_constraints(g->constraints, in->constraints))
            return rows->v[i].record;
    }
    return NULL;
}

int kms_create_grant(SwCtx *cx, const KmsCreateGrantRequest *in, KmsCreateGrantResponse *out, SwError *err) {
    KmsKeyRecord *k;
    KmsGrantRecords rows;
    if (kms_key_of(cx, in->key_id, &k, err) < 0 || kms_check_via(cx, k, err) < 0 ||
        kms_grant_tokens(cx, k, &in->grant_tokens, err) < 0 || check_grant(k, in, err) < 0 ||
        kms_check_not_pending(cx, k, err) < 0 || (KMS_IS(k, "Disabled") && kms_check_enabled(cx, k, err) < 0) ||
        kms_dry_run(in->dry_run, err) < 0 ||
        kms_grants_list(cx->tx, &(SwDocQuery){.prefix = id_of(cx, k->key_id, SW_STR(""))}, &rows, err) < 0)
        return -1;
    const KmsGrantRecord *there = same_as(&rows, in);
    if (there) {
        *out = (KmsCreateGrantResponse){.grant_id = there->grant->grant_id, .grant_token = there->token};
        return 0;
    }
    if (rows.n >= GRANTS_OF_A_KEY)
        return sw_fail(err, &KMS_LIMIT_EXCEEDED_EXCEPTION, "A key can have at most %d grants.", GRANTS_OF_A_KEY);
    KmsGrantListEntry g = {.key_id = kms_arn(cx, k),
                           .grant_id = sw_id_hex(cx->arena, 64),
                           .name = in->name,
                           .creation_date = SW_SOME_TIME(sw_now(cx)),
                           .grantee_principal = in->grantee_principal,
                           .retiring_principal = in->retiring_principal,
                           .issuing_account = sw_root_arn(cx->arena, cx->account),
                           .operations = in->operations,
                           .constraints = in->constraints};
    KmsGrantRecord r = {.key = k->key_id, .token = sw_id_base62(cx->arena, 200), .grant = &g};
    *out = (KmsCreateGrantResponse){.grant_id = g.grant_id, .grant_token = r.token};
    return kms_grants_put(cx->tx, id_of(cx, k->key_id, g.grant_id), &r, err);
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

static int want(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret, SwError *err) {
    const KmsListGrantsRequest *in = arg;
    const KmsGrantListEntry *g = kms_grants_row(row)->grant;
    *ret = (!sw_str_is(in->grant_id) || sw_str_eq(in->grant_id, g->grant_id)) &&
           (!sw_str_is(in->grantee_principal) || sw_str_eq(in->grantee_principal, g->grantee_principal));
    return 0;
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    KmsGrantListEntry *g = to;
    *g = *kms_grants_row(row)->grant;
    if (!sw_str_is(g->name)) /* empty in older stores */
        g->name = SW_NO_STR;
    return 0;
}

int kms_list_grants(SwCtx *cx, const KmsListGrantsRequest *in, KmsListGrantsResponse *out, SwError *err) {
    KmsKeyRecord *k;
    if (kms_key_of(cx, in->key_id, &k, err) < 0 || kms_check_not_pending(cx, k, err) < 0)
        return -1;
    SwPage p = {.of = &kms_grants,
                .q = {.prefix = id_of(cx, k->key_id, SW_STR(""))},
                .want = want,
                .show = show,
                .arg = in,
                .usual = 50,
                .most = 100};
    return sw_page(cx, &p, out, err);
}

int kms_list_retirable_grants(SwCtx *cx, const KmsListRetirableGrantsRequest *in, KmsListGrantsResponse *out, SwError *err) {
    if (check_principal(in->retiring_principal, err) < 0)
        return -1;
    SwPage p = {.of = &kms_grants,
                .q = {.index = "by_retiring", .equals = {in->retiring_principal}},
                .show = show,
                .usual = 50,
                .most = 100};
    return sw_page(cx, &p, out, err);
}

/* --- their end ---------------------------------------------------------------------------------------------------- */

static int end(SwCtx *cx, const KmsGrantRecord *g, SwOptBool dry, SwError *err) {
    if (kms_dry_run(dry, err) < 0)
        return -1;
    return kms_grants_delete(cx->tx, id_of(cx, g->key, g->grant->grant_id), NULL, err);
}

static int grant_of(SwCtx *cx, const KmsKeyRecord *k, SwStr id, KmsGrantRecord **ret_g, SwError *err) {
    if (kms_grants_find(cx->tx, id_of(cx, k->key_id, id), ret_g, err) < 0)
        return -1;
    return *ret_g ? 0 : sw_fail(err, &KMS_NOT_FOUND_EXCEPTION, "Grant ID %.*s not found", SW_FMT(id));
}

int kms_revoke_grant(SwCtx *cx, const KmsRevokeGrantRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k;
    KmsGrantRecord *g;
    if (kms_key_of(cx, in->key_id, &k, err) < 0 || kms_check_not_pending(cx, k, err) < 0 ||
        grant_of(cx, k, in->grant_id, &g, err) < 0)
        return -1;
    return end(cx, g, in->dry_run, err);
}

/* The retiring principal, the grantee if it was granted so, or whom policies let. */
static int may_retire(SwCtx *cx, const KmsGrantRecord *g, SwError *err) {
    const KmsGrantListEntry *e = g->grant;
    if (is_caller(cx, e->retiring_principal) ||
        (is_caller(cx, e->grantee_principal) && sw_str_list_has(&e->operations, SW_STR("RetireGrant"))))
        return 0;
    return sw_authorise(cx, "kms:RetireGrant", kms_key_arn(cx, g->key), err);
}

int kms_retire_grant(SwCtx *cx, const KmsRetireGrantRequest *in, void *out, SwError *err) {
    KmsKeyRecord *k = NULL;
    KmsGrantRecord *g = NULL;
    bool by_id = sw_str_is(in->key_id) && sw_str_is(in->grant_id);
    if (sw_str_is(in->key_id) && kms_key_of(cx, in->key_id, &k, err) < 0)
        return -1;
    if (sw_str_is(in->grant_token) == by_id || (!by_id && (sw_str_is(in->key_id) || sw_str_is(in->grant_id))))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Specify either GrantToken, or KeyId and GrantId");
    if (by_id ? grant_of(cx, k, in->grant_id, &g, err) < 0 : by_token(cx, in->grant_token, &g, err) < 0)
        return -1;
    if (!g)
        return sw_fail(err, &KMS_INVALID_GRANT_TOKEN_EXCEPTION, "The grant token is not valid");
    return may_retire(cx, g, err) < 0 ? -1 : end(cx, g, in->dry_run, err);
}
