/* SPDX-License-Identifier: Apache-2.0 */
/* The account's limits, and what of them is set aside for one function. */

#include "services/lambda/lambda.h"

#define STORAGE_MAX 80530636800 /* bytes of code (Lambda quotas) */

typedef struct Sum {
    int64_t reserved, size, functions;
} Sum;

static int sum(SwCtx *cx, SwStr but, Sum *ret, SwError *err) {
    LambdaFunctionRecords f;
    LambdaVersionRecords v;
    *ret = (Sum){0};
    if (lambda_functions_list(cx->tx, &(SwDocQuery){0}, &f, err) < 0 ||
        lambda_versions_list(cx->tx, &(SwDocQuery){0}, &v, err) < 0)
        return -1;
    ret->functions = (int64_t)f.n;
    for (size_t i = 0; i < f.n; i++) {
        ret->size += SW_OR(f.v[i].record->configuration->code_size, 0);
        if (!sw_str_eq(f.v[i].id, but))
            ret->reserved += SW_OR(f.v[i].record->reserved, 0);
    }
    for (size_t i = 0; i < v.n; i++)
        ret->size += SW_OR(v.v[i].record->configuration->code_size, 0);
    return 0;
}

int lambda_get_account_settings(SwCtx *cx, const LambdaGetAccountSettingsRequest *in, LambdaGetAccountSettingsResponse *out,
                                SwError *err) {
    Sum s;
    if (sum(cx, SW_NO_STR, &s, err) < 0)
        return -1;
    out->account_limit = sw_new(cx->arena, LambdaAccountLimit);
    *out->account_limit = (LambdaAccountLimit){
        .total_code_size = SW_SOME_INT(STORAGE_MAX),
        .code_size_unzipped = SW_SOME_INT(LAMBDA_UNZIPPED_MAX),
        .code_size_zipped = SW_SOME_INT(LAMBDA_CODE_MAX),
        .concurrent_executions = SW_SOME_INT(LAMBDA_CONCURRENCY),
        .unreserved_concurrent_executions = SW_SOME_INT(LAMBDA_CONCURRENCY - s.reserved),
    };
    out->account_usage = sw_new(cx->arena, LambdaAccountUsage);
    out->account_usage->total_code_size = SW_SOME_INT(s.size);
    out->account_usage->function_count = SW_SOME_INT(s.functions);
    return 0;
}

int lambda_put_function_concurrency(SwCtx *cx, const LambdaPutFunctionConcurrencyRequest *in, LambdaConcurrency *out,
                                    SwError *err) {
    LambdaFunctionRecord *f;
    Sum s;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0 || sum(cx, f->function_name, &s, err) < 0)
        return -1;
    int64_t wanted = in->reserved_concurrent_executions.v;
    if (s.reserved + wanted > LAMBDA_CONCURRENCY - LAMBDA_UNRESERVED)
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                       "below its minimum value of [%d].",
                       LAMBDA_UNRESERVED);
    f->reserved = SW_SOME_INT(wanted);
    out->reserved_concurrent_executions = SW_SOME_INT(wanted);
    return lambda_function_put(cx, f->function_name, f, err);
}

int lambda_get_function_concurrency(SwCtx *cx, const LambdaGetFunctionConcurrencyRequest *in,
                                    LambdaGetFunctionConcurrencyResponse *out, SwError *err) {
    LambdaFunctionRecord *f;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0)
        return -1;
    if (f->reserved.set)
        out->reserved_concurrent_executions = SW_SOME_INT(f->reserved.v);
    return 0;
}

int lambda_delete_function_concurrency(SwCtx *cx, const LambdaDeleteFunctionConcurrencyRequest *in, void *out, SwError *err) {
    LambdaFunctionRecord *f;
    if (lambda_function_named(cx, in->function_name, &f, err) < 0)
        return -1;
    f->reserved.set = false;
    return lambda_function_put(cx, f->function_name, f, err);
}
