/* SPDX-License-Identifier: Apache-2.0 */
/* What a function may be told beyond its model's limits, in AWS's words. */

#include <sys/utsname.h>
#include <time.h>

#include "services/lambda/lambda.h"

#define TIMEOUT_MAX 900
#define MEMORY_MAX  10240
#define ENV_MAX     4096

const char *lambda_architecture(void) {
    struct utsname u;
    return uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 ? "arm64" : "x86_64";
}

SwStr lambda_time(SwArena *a, SwTime t) {
    struct tm tm;
    time_t s = (time_t)(t / SW_S);
    gmtime_r(&s, &tm);
    return sw_strf(a, "%04d-%02d-%02dT%02d:%02d:%02d.%03d+0000", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                   tm.tm_min, tm.tm_sec, (int)(t / SW_MS % 1000));
}

SwStr lambda_log_group(SwArena *a, const LambdaFunctionConfiguration *c) {
    SwStr given = c->logging_config ? c->logging_config->log_group : SW_NO_STR;
    return sw_str_is(given) ? given : sw_strf(a, "/aws/lambda/%.*s", SW_FMT(c->function_name));
}

int lambda_check_role(SwCtx *cx, SwStr role, SwError *err) {
    SwCtx *ignored;
    SwError why = sw_error(cx->arena);
    if (sw_ctx_assume(sw_ctx_as_service(cx, "lambda"), role, &ignored, &why) == 0)
        return 0;
    if (!sw_error_is(&why, &SW_ACCESS_DENIED)) {
        *err = why;
        return -1;
    }
    return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                   "The role defined for the function cannot be assumed by Lambda.");
}

/* Names that Lambda sets itself (Developer Guide, "Defined runtime environment variables"). */
static bool reserved(SwStr name) {
    static const char *const names[] = {"_HANDLER",
                                        "_X_AMZN_TRACE_ID",
                                        "AWS_ACCESS_KEY",
                                        "AWS_ACCESS_KEY_ID",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_EXECUTION_ENV",
                                        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                        "AWS_LAMBDA_FUNCTION_NAME",
                                        "AWS_LAMBDA_FUNCTION_VERSION",
                                        "AWS_LAMBDA_INITIALIZATION_TYPE",
                                        "AWS_LAMBDA_LOG_GROUP_NAME",
                                        "AWS_LAMBDA_LOG_STREAM_NAME",
                                        "AWS_LAMBDA_RUNTIME_API",
                                        "AWS_REGION",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "LAMBDA_RUNTIME_DIR",
                                        "LAMBDA_TASK_ROOT"};
    return sw_str_among(name, names, SW_N(names));
}

static SwStr measured(SwArena *a, const LambdaEnvironmentResponse *e) {
    SwValue v = sw_value_object();
    for (size_t i = 0; i < e->variables.n; i++)
        sw_value_set(a, &v, e->variables.v[i].key, sw_value_string(e->variables.v[i].value));
    return sw_json_text(a, &v);
}

static int check_environment(SwCtx *cx, const LambdaEnvironmentResponse *e, SwError *err) {
    SwStrList bad = {0};
    for (size_t i = 0; e && i < e->variables.n; i++)
        if (reserved(e->variables.v[i].key))
            sw_str_list_add(cx->arena, &bad, e->variables.v[i].key);
    SwStr joined = sw_str_join(cx->arena, bad.v, bad.n, SW_STR(", "));
    if (bad.n)
        return sw_fail(
            err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            "this request: %.*s",
            SW_FMT(joined));
    SwStr text = e ? measured(cx->arena, e) : SW_STR("");
    if (text.n > ENV_MAX)
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "Lambda was unable to configure your environment variables because the environment variables you have "
                       "provided exceeded the 4KB limit. String measured: %.*s",
                       SW_FMT(text));
    return 0;
}

static int too_large(const char *member, int64_t value, int64_t max, SwError *err) {
    return value <= max ? 0
                        : sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                                  "'%s' value failed to satisfy constraint: Member must have value less than or equal to %lld",
                                  member, (long long)max);
}

static int check_architecture(const LambdaFunctionConfiguration *c, SwError *err) {
    SwStr said = c->architectures.n ? c->architectures.v[0] : SW_NO_STR;
    if (sw_str_eqz(said, lambda_architecture()))
        return 0;
    return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                   "Architectures: functions run on this machine, whose architecture is %s", lambda_architecture());
}

int lambda_check_settings(SwCtx *cx, const LambdaFunctionConfiguration *c, SwError *err) {
    LambdaRuntime ignored;
    if (!sw_str_is(c->runtime) || !sw_str_is(c->handler))
        return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                       "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
    if (too_large("Timeout", c->timeout.v, TIMEOUT_MAX, err) < 0 ||
        too_large("MemorySize", c->memory_size.v, MEMORY_MAX, err) < 0)
        return -1;
    if (lambda_runtime_find(cx->arena, c->runtime, &ignored, err) < 0 || check_architecture(c, err) < 0)
        return -1;
    return check_environment(cx, c->environment, err);
}
