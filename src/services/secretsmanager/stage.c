/* SPDX-License-Identifier: Apache-2.0 */
/* Staging labels. Each is on one version at a time; who moves one is secretsmanager_stage_move, and a version without any is
 * deprecated: it is not listed unless asked for, and goes when there are more than a hundred.
 *
 *   new version --AWSCURRENT--> current --a newer one gets AWSCURRENT--> AWSPREVIOUS --the same again--> deprecated */

#include "services/secretsmanager/secretsmanager.h"

#define STAGES_MAX 20

SwStr secretsmanager_stage_at(const Secret *s, SwStr stage) {
    for (size_t i = 0; i < s->stages.n; i++)
        if (sw_str_eq(s->stages.v[i].stage, stage))
            return s->stages.v[i].version;
    return SW_NO_STR;
}

SwStrList secretsmanager_stages_of(SwCtx *cx, const Secret *s, SwStr version) {
    SwStrList l = {0};
    for (size_t i = 0; i < s->stages.n; i++)
        if (sw_str_eq(s->stages.v[i].version, version))
            sw_str_list_add(cx->arena, &l, s->stages.v[i].stage);
    return l;
}

static void attach(SwCtx *cx, Secret *s, SwStr stage, SwStr version) {
    for (size_t i = 0; i < s->stages.n; i++)
        if (sw_str_eq(s->stages.v[i].stage, stage)) {
            s->stages.v[i].version = version;
            return;
        }
    *sw_list_add(cx->arena, &s->stages) = (SecretsmanagerStage){stage, version};
}

static void detach(Secret *s, SwStr stage) {
    size_t kept = 0;
    for (size_t i = 0; i < s->stages.n; i++)
        if (!sw_str_eq(s->stages.v[i].stage, stage))
            s->stages.v[kept++] = s->stages.v[i];
    sw_list_cut(&s->stages, kept);
}

int secretsmanager_stage_move(SwCtx *cx, Secret *s, SwStr stage, SwStr version, SwError *err) {
    SwStr was = secretsmanager_stage_at(s, stage);
    attach(cx, s, stage, version);
    if (sw_str_eq(stage, SECRETS_CURRENT) && was.p && !sw_str_eq(was, version))
        attach(cx, s, SECRETS_PREVIOUS, was);
    return s->stages.n <= STAGES_MAX
               ? 0
               : sw_fail(err, &SECRETSMANAGER_LIMIT_EXCEEDED_EXCEPTION,
                         "You can't have more than %d staging labels on the versions of a secret.", STAGES_MAX);
}

SecretsmanagerStrListMap secretsmanager_stages_shown(SwCtx *cx, const Secret *s) {
    SecretsmanagerStrListMap m = {0};
    for (size_t i = 0; i < s->stages.n; i++) {
        SwStr version = s->stages.v[i].version;
        bool shown = false;
        for (size_t k = 0; k < m.n; k++)
            shown |= sw_str_eq(m.v[k].key, version);
        if (shown)
            continue;
        SecretsmanagerStrListMapEntry *e = sw_list_add(cx->arena, &m);
        e->key = version;
        e->value = secretsmanager_stages_of(cx, s, version);
    }
    return m;
}

/* --- UpdateSecretVersionStage ----------------------------------------------------------------------------------- */

static int check_from(const SecretsmanagerUpdateSecretVersionStageRequest *in, SwStr at, SwError *err) {
    const SwErrorKind *kind = &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION;
    SwStr from = in->remove_from_version_id, to = in->move_to_version_id;
    if (!from.p && !to.p)
        return sw_fail(err, kind, "You must provide at least one of MoveToVersionId and RemoveFromVersionId.");
    if (from.p && !sw_str_eq(from, at))
        return at.p ? sw_fail(err, kind,
                              "The staging label %.*s is currently attached to version %.*s, so you must explicitly reference "
                              "that version in RemoveFromVersionId.",
                              SW_FMT(in->version_stage), SW_FMT(at))
                    : sw_fail(err, kind, "The staging label %.*s is not attached to version %.*s.", SW_FMT(in->version_stage),
                              SW_FMT(from));
    if (!from.p && at.p && !sw_str_eq(at, to))
        return sw_fail(err, kind,
                       "The parameter RemoveFromVersionId can't be empty. Staging label %.*s is currently attached to version "
                       "%.*s, so you must explicitly reference that version in RemoveFromVersionId.",
                       SW_FMT(in->version_stage), SW_FMT(at));
    if (!to.p && sw_str_eq(in->version_stage, SECRETS_CURRENT))
        return sw_fail(err, kind,
                       "You can only move staging label AWSCURRENT to a different secret version. It can't be completely "
                       "removed.");
    return 0;
}

static int check_to(SwCtx *cx, const Secret *s, SwStr to, SwError *err) {
    Version *v;
    if (secretsmanager_version_find(cx, s, to, &v, err) < 0)
        return -1;
    return v ? 0
             : sw_fail(err, &SECRETSMANAGER_RESOURCE_NOT_FOUND_EXCEPTION,
                       "Secrets Manager can't find the specified secret version: %.*s.", SW_FMT(to));
}

int secretsmanager_update_secret_version_stage(SwCtx *cx, const SecretsmanagerUpdateSecretVersionStageRequest *in,
                                               SecretsmanagerUpdateSecretVersionStageResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0 ||
        check_from(in, secretsmanager_stage_at(s, in->version_stage), err) < 0)
        return -1;
    if (!in->move_to_version_id.p)
        detach(s, in->version_stage);
    else if (check_to(cx, s, in->move_to_version_id, err) < 0 ||
             secretsmanager_stage_move(cx, s, in->version_stage, in->move_to_version_id, err) < 0)
        return -1;
    out->arn = s->arn;
    out->name = s->name;
    return secretsmanager_put(cx, s, true, err);
}
