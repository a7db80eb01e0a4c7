/* SPDX-License-Identifier: Apache-2.0 */
/* Values, one at a time and several. */

#include "services/secretsmanager/secretsmanager.h"

#define BATCH_MAX 20

static int no_value(SwStr version, SwStr stage, SwError *err) {
    const SwErrorKind *kind = &SECRETSMANAGER_RESOURCE_NOT_FOUND_EXCEPTION;
    if (version.p)
        return sw_fail(err, kind, "Secrets Manager can't find the specified secret value for VersionId: %.*s", SW_FMT(version));
    return sw_fail(err, kind, "Secrets Manager can't find the specified secret value for staging label: %.*s", SW_FMT(stage));
}

/* By id, by label, or by both, which must mean the same. */
static int choose(SwCtx *cx, const Secret *s, SwStr version, SwStr stage, Version **ret, SwError *err) {
    SwStr label = version.p ? stage : sw_str_or(stage, SECRETS_CURRENT), at = secretsmanager_stage_at(s, label);
    *ret = NULL;
    if ((version.p || at.p) && secretsmanager_version_find(cx, s, version.p ? version : at, ret, err) < 0)
        return -1;
    if (!*ret)
        return no_value(version, label, err);
    if (version.p && stage.p && !sw_str_eq(at, version))
        return sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION,
                       "You provided a VersionStage that is not associated to the provided VersionId.");
    return 0;
}

static int show(SwCtx *cx, const Secret *s, SwStr version, SwStr stage, SecretReads *reads, SecretsmanagerSecretValueEntry *ret,
                SwError *err) {
    Version *v;
    SecretValue value;
    if (choose(cx, s, version, stage, &v, err) < 0 || secretsmanager_version_open(cx, s, v, &value, err) < 0)
        return -1;
    secretsmanager_read(cx, reads, s, v);
    *ret = (SecretsmanagerSecretValueEntry){.arn = s->arn,
                                            .name = s->name,
                                            .version_id = v->version_id,
                                            .secret_string = value.text,
                                            .secret_binary = value.binary,
                                            .version_stages = secretsmanager_stages_of(cx, s, v->version_id),
                                            .created_date = v->created_date};
    return 0;
}

int secretsmanager_get_secret_value(SwCtx *cx, const SecretsmanagerGetSecretValueRequest *in,
                                    SecretsmanagerGetSecretValueResponse *out, SwError *err) {
    Secret *s;
    SecretReads reads = {0};
    SecretsmanagerSecretValueEntry e;
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0 ||
        show(cx, s, in->version_id, in->version_stage, &reads, &e, err) < 0 || secretsmanager_note_reads(cx, &reads, err) < 0)
        return -1;
    sw_shape_move(cx->arena, &secretsmanager_shape_get_secret_value_response, out, &secretsmanager_shape_secret_value_entry,
                  &e);
    return 0;
}

/* --- several ---------------------------------------------------------------------------------------------------- */

typedef struct Batch {
    const SecretsmanagerFilterList *filters;
    SecretsmanagerBatchGetSecretValueResponse *out;
    SecretReads *reads;
} Batch;

/* What fails is told beside what does not. */
static int tell(SwCtx *cx, const Batch *b, SwStr id, const SwError *one, SwError *err) {
    if (one->kind->http >= 500) {
        *err = *one;
        return -1;
    }
    *sw_list_add(cx->arena, &b->out->errors) =
        (SecretsmanagerAPIErrorType){.secret_id = id, .error_code = sw_str(one->kind->code), .message = sw_str(one->message)};
    return 0;
}

/* Whoever may read many may still not read this one: it is asked about as GetSecretValue would. */
static int show_one(SwCtx *cx, const Batch *b, SwStr id, const Secret *s, SwError *err) {
    SecretsmanagerSecretValueEntry e;
    SwError one = sw_error(cx->arena);
    if (sw_authorise(cx, "secretsmanager:GetSecretValue", s->arn, &one) < 0 ||
        show(cx, s, SW_NO_STR, SW_NO_STR, b->reads, &e, &one) < 0)
        return tell(cx, b, id, &one, err);
    *sw_list_add(cx->arena, &b->out->secret_values) = e;
    return 0;
}

static int show_named(SwCtx *cx, const Batch *b, SwStr id, SwError *err) {
    Secret *s;
    SwError one = sw_error(cx->arena);
    return secretsmanager_live(cx, id, &s, &one) < 0 ? tell(cx, b, id, &one, err) : show_one(cx, b, id, s, err);
}

static int is_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const Secret *s = secretsmanager_secrets_row(row);
    *ret_wanted = !s->deletion.set && secretsmanager_matches(cx, ((const Batch *)arg)->filters, s);
    return 0;
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const Secret *s = secretsmanager_secrets_row(row);
    return show_one(cx, arg, s->arn, s, err);
}

static int check_batch(const SecretsmanagerBatchGetSecretValueRequest *in, SwError *err) {
    if ((in->secret_id_list.n > 0) == (in->filters.n > 0))
        return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION,
                       "Either 'SecretIdList' or 'Filters' must be provided, but not both.");
    if (!in->filters.n && (in->max_results.set || in->next_token.p))
        return sw_fail(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION,
                       "'Filters' not specified. 'Filters' must also be specified when '%s' is provided.",
                       in->max_results.set ? "MaxResults" : "NextToken");
    return secretsmanager_check_filters(&in->filters, err);
}

int secretsmanager_batch_get_secret_value(SwCtx *cx, const SecretsmanagerBatchGetSecretValueRequest *in,
                                          SecretsmanagerBatchGetSecretValueResponse *out, SwError *err) {
    SecretReads reads = {0};
    const Batch b = {&in->filters, out, &reads};
    const SwPage page = {.of = &secretsmanager_secrets,
                         .q = {.index = "by_created"},
                         .want = is_wanted,
                         .show = show_row,
                         .arg = &b,
                         .usual = BATCH_MAX,
                         .scattered = true};
    if (check_batch(in, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->secret_values);
    sw_list_present(cx->arena, &out->errors);
    for (size_t i = 0; i < in->secret_id_list.n; i++)
        if (show_named(cx, &b, in->secret_id_list.v[i], err) < 0)
            return -1;
    if (in->filters.n &&
        (sw_authorise(cx, "secretsmanager:ListSecrets", SW_STR("*"), err) < 0 || sw_page(cx, &page, out, err) < 0))
        return -1;
    return secretsmanager_note_reads(cx, &reads, err);
}
