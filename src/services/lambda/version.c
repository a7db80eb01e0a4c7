/* SPDX-License-Identifier: Apache-2.0 */
/* Published versions: $LATEST as it was. They never change, but for the policy that lies on them. */

#include "base/id.h"
#include "services/lambda/lambda.h"

static int last_of(SwCtx *cx, const LambdaFunctionRecord *f, LambdaVersionRecord **ret, SwError *err) {
    *ret = NULL;
    if (!SW_OR(f->last_version, 0))
        return 0;
    return lambda_version_find(cx, f->function_name, sw_strf(cx->arena, "%lld", (long long)f->last_version.v), ret, err);
}

/* Nothing is published twice. */
static bool same(const LambdaFunctionRecord *f, const LambdaVersionRecord *last, SwStr description) {
    return last && sw_str_eq(last->digest, f->digest) && SW_OR(last->generation, 0) == SW_OR(f->generation, 0) &&
           (!sw_str_is(description) || sw_str_eq(description, last->configuration->description));
}

int lambda_publish(SwCtx *cx, LambdaFunctionRecord *f, SwStr description, LambdaFunctionConfiguration *out, SwError *err) {
    SwArena *a = cx->arena;
    LambdaVersionRecord *last;
    if (last_of(cx, f, &last, err) < 0)
        return -1;
    if (same(f, last, description)) {
        *out = *last->configuration;
        return 0;
    }
    f->last_version = SW_SOME_INT(SW_OR(f->last_version, 0) + 1);
    LambdaVersionRecord v = {.function_name = f->function_name,
                             .number = f->last_version,
                             .generation = f->generation,
                             .configuration = sw_new(a, LambdaFunctionConfiguration),
                             .digest = f->digest};
    LambdaFunctionConfiguration *c = v.configuration;
    *c = *f->configuration;
    c->version = sw_strf(a, "%lld", (long long)f->last_version.v);
    c->function_arn = lambda_arn(cx, f->function_name, c->version);
    c->description = sw_str_or(description, c->description);
    c->revision_id = sw_id_uuid(a);
    *out = *c;
    if (lambda_versions_put(cx->tx, sw_strf(a, "%.*s:%.*s", SW_FMT(f->function_name), SW_FMT(c->version)), &v, err) < 0 ||
        sw_blob_ref(cx->tx, f->digest, lambda_code_owner(a, f->function_name, c->version), err) < 0)
        return -1;
    return 0;
}

int lambda_publish_version(SwCtx *cx, const LambdaPublishVersionRequest *in, LambdaFunctionConfiguration *out, SwError *err) {
    LambdaFunctionRecord *f;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0 || lambda_check_ready(f, err) < 0 ||
        lambda_check_revision(in->revision_id, f->configuration->revision_id, err) < 0)
        return -1;
    if (sw_str_is(in->code_sha256) && !sw_str_eq(in->code_sha256, f->configuration->code_sha256))
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "CodeSHA256 (%.*s) is different from current CodeSHA256 in $LATEST (%.*s). Please try again with the "
                       "CodeSHA256 in $LATEST.",
                       SW_FMT(in->code_sha256), SW_FMT(f->configuration->code_sha256));
    return lambda_publish(cx, f, in->description, out, err) < 0 ? -1 : lambda_function_put(cx, f->function_name, f, err);
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const LambdaFunctionConfiguration *c = row->record;
    LambdaFunctionConfiguration *shown = to;
    lambda_list_entry(c, shown);
    shown->function_arn = lambda_arn(cx, c->function_name, c->version);
    return 0;
}

int lambda_list_versions_by_function(SwCtx *cx, const LambdaListVersionsByFunctionRequest *in,
                                     LambdaListVersionsByFunctionResponse *out, SwError *err) {
    LambdaFunctionRecord *f;
    LambdaVersionRecords l;
    SwPageItems items = {0};
    if (lambda_function_named(cx, in->function_name, &f, err) < 0 ||
        lambda_versions_list(cx->tx, &(SwDocQuery){.index = "by_function", .equals = {f->function_name}}, &l, err) < 0)
        return -1;
    *sw_list_add(cx->arena, &items) = (SwPageItem){sw_index_number(cx->arena, 0), f->configuration};
    for (size_t i = 0; i < l.n; i++)
        *sw_list_add(cx->arena, &items) =
            (SwPageItem){sw_index_number(cx->arena, l.v[i].record->number.v), l.v[i].record->configuration};
    return sw_page(cx, &(SwPage){.items = items, .show = show, .usual = 50, .most = 50}, out, err);
}
