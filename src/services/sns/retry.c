/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery policies: see retry.h. AWS does not publish its backoff functions' formulas; these begin at minDelayTarget,
 * end at maxDelayTarget and are ordered as AWS draws them. */

#include "services/sns/retry.h"

#include <math.h>

static const char *const backoff_names[] = {"linear", "arithmetic", "geometric", "exponential"};
_Static_assert(SW_N(backoff_names) == SNS_BACKOFF_MAX_, "");

SnsRetry sns_retry_default(void) {
    return (SnsRetry){.min_delay = 20, .max_delay = 20, .retries = 3};
}

static int bad(SwError *err, const SwErrorKind *invalid, const char *what) {
    return sw_fail(err, invalid, "Invalid parameter: DeliveryPolicy: %s", what);
}

static int read_numbers(const SwValue *policy, SnsRetry *r, const SwErrorKind *invalid, SwError *err) {
    const struct {
        const char *name;
        int64_t *v;
        int64_t max;
    } numbers[] = {{"minDelayTarget", &r->min_delay, 3600},
                   {"maxDelayTarget", &r->max_delay, 3600},
                   {"numRetries", &r->retries, 100},
                   {"numNoDelayRetries", &r->no_delay, 100},
                   {"numMinDelayRetries", &r->min_delay_retries, 100},
                   {"numMaxDelayRetries", &r->max_delay_retries, 100}};
    for (size_t i = 0; i < policy->n; i++) {
        bool known = sw_str_eqz(policy->keys[i], "backoffFunction");
        for (size_t k = 0; k < SW_N(numbers); k++) {
            if (!sw_str_eqz(policy->keys[i], numbers[k].name))
                continue;
            known = true;
            if (policy->v[i].kind != SW_VNULL &&
                (!sw_value_i64(&policy->v[i], numbers[k].v) || *numbers[k].v < 0 || *numbers[k].v > numbers[k].max))
                return sw_fail(err, invalid,
                               "Invalid parameter: DeliveryPolicy: healthyRetryPolicy.%s must be between 0 and %lld",
                               numbers[k].name, (long long)numbers[k].max);
        }
        if (!known)
            return sw_fail(err, invalid, "Invalid parameter: DeliveryPolicy: unexpected JSON member: %.*s",
                           SW_FMT(policy->keys[i]));
    }
    if (r->min_delay < 1 || r->min_delay > r->max_delay)
        return bad(err, invalid, "healthyRetryPolicy.minDelayTarget must be at least 1 and not above maxDelayTarget");
    if (r->no_delay + r->min_delay_retries + r->max_delay_retries > r->retries)
        return bad(err, invalid,
                   "healthyRetryPolicy.numRetries must be greater than or equal to total of numMinDelayRetries, "
                   "numNoDelayRetries and numMaxDelayRetries");
    return 0;
}

static int read_retry(const SwValue *policy, SnsRetry *r, const SwErrorKind *invalid, SwError *err) {
    SwStr name = sw_value_str(sw_value_getz(policy, "backoffFunction"));
    bool known = !name.p;
    if (policy->kind == SW_VNULL)
        return 0;
    if (policy->kind != SW_VOBJECT)
        return bad(err, invalid, "healthyRetryPolicy is not an object");
    SnsRetry fresh = sns_retry_default();
    fresh.content_type = r->content_type;
    fresh.no_overrides = r->no_overrides;
    *r = fresh;
    for (int i = 0; i < SNS_BACKOFF_MAX_ && name.p; i++)
        if (sw_str_eqz(name, backoff_names[i])) {
            r->backoff = (SnsBackoff)i;
            known = true;
        }
    if (!known)
        return bad(err, invalid, "healthyRetryPolicy.backoffFunction must be linear, arithmetic, geometric or exponential");
    return read_numbers(policy, r, invalid, err);
}

static int read_request(const SwValue *policy, SnsRetry *r, const SwErrorKind *invalid, SwError *err) {
    if (policy->kind == SW_VNULL)
        return 0;
    for (size_t i = 0; i < policy->n; i++)
        if (!sw_str_eqz(policy->keys[i], "headerContentType"))
            return sw_fail(err, invalid, "Invalid parameter: DeliveryPolicy: unexpected JSON member: %.*s",
                           SW_FMT(policy->keys[i]));
    r->content_type = sw_value_str(sw_value_getz(policy, "headerContentType"));
    for (size_t i = 0; i < r->content_type.n; i++)
        if ((unsigned char)r->content_type.p[i] < ' ' || r->content_type.p[i] == 0x7f)
            return bad(err, invalid, "requestPolicy.headerContentType is not a media type");
    return 0;
}

int sns_retry_read(SwArena *a, SwStr text, bool of_topic, SnsRetry *r, const SwErrorKind *invalid, SwError *err) {
    SwValue v;
    if (!sw_str_is(text))
        return 0;
    if (sw_json_parse(a, text, &v, err) < 0 || v.kind != SW_VOBJECT)
        return bad(err, invalid, "failed to parse JSON");
    const SwValue *policy = of_topic ? sw_value_getz(&v, "http") : &v;
    if (!policy || policy->kind != SW_VOBJECT || (of_topic && v.n != 1))
        return bad(err, invalid, "it must have the one member http");
    for (size_t i = 0; i < policy->n; i++) {
        SwStr name = policy->keys[i];
        const SwValue *member = &policy->v[i];
        int done = 0;
        if (sw_str_eqz(name, of_topic ? "defaultHealthyRetryPolicy" : "healthyRetryPolicy"))
            done = read_retry(member, r, invalid, err);
        else if (sw_str_eqz(name, of_topic ? "defaultRequestPolicy" : "requestPolicy"))
            done = read_request(member, r, invalid, err);
        else if (of_topic && sw_str_eqz(name, "disableSubscriptionOverrides"))
            r->no_overrides = sw_value_is_true(member);
        else if (sw_str_eqz(name, of_topic ? "defaultThrottlePolicy" : "throttlePolicy") ||
                 sw_str_eqz(name, "sicklyRetryPolicy") || sw_str_eqz(name, "defaultSicklyRetryPolicy"))
            done = member->kind == SW_VNULL
                       ? 0
                       : sw_fail(err, invalid, "Invalid parameter: DeliveryPolicy: %.*s is not available", SW_FMT(name));
        else
            done = sw_fail(err, invalid, "Invalid parameter: DeliveryPolicy: unexpected JSON member: %.*s", SW_FMT(name));
        if (done < 0)
            return -1;
    }
    return 0;
}

/* 0 to 1 over the retries of the backoff phase. */
static double growth(SnsBackoff f, double t, double n) {
    switch (f) {
    case SNS_LINEAR: return t;
    case SNS_ARITHMETIC: return t * (t + 1) / 2;
    case SNS_GEOMETRIC: return t * t;
    case SNS_EXPONENTIAL: return (exp2(t * n) - 1) / (exp2(n) - 1);
    case SNS_BACKOFF_MAX_: break;
    }
    return t;
}

bool sns_retry_wait(const SnsRetry *r, int64_t number, SwTime *ret_wait) {
    int64_t steps = r->retries - r->no_delay - r->min_delay_retries - r->max_delay_retries;
    int64_t at = number - r->no_delay - r->min_delay_retries; /* in the backoff phase, from 1 */
    if (number > r->retries)
        return false;
    if (number <= r->no_delay) {
        *ret_wait = 0;
    } else if (at <= 0) {
        *ret_wait = r->min_delay * SW_S;
    } else if (at > steps) {
        *ret_wait = r->max_delay * SW_S;
    } else {
        double t = steps > 1 ? (double)(at - 1) / (double)(steps - 1) : 0;
        double wait =
            (double)r->min_delay + (double)(r->max_delay - r->min_delay) * growth(r->backoff, t, (double)SW_MAX(steps - 1, 1));
        *ret_wait = (SwTime)(wait * (double)SW_S);
    }
    return true;
}

static SwValue retry_value(SwArena *a, const SnsRetry *r) {
    SwValue v = sw_value_object();
    const struct {
        const char *name;
        int64_t v;
    } numbers[] = {{"minDelayTarget", r->min_delay},   {"maxDelayTarget", r->max_delay},
                   {"numRetries", r->retries},         {"numMaxDelayRetries", r->max_delay_retries},
                   {"numNoDelayRetries", r->no_delay}, {"numMinDelayRetries", r->min_delay_retries}};
    for (size_t i = 0; i < SW_N(numbers); i++)
        sw_value_set(a, &v, sw_str(numbers[i].name), sw_value_int(a, numbers[i].v));
    sw_value_sets(a, &v, "backoffFunction", sw_str(backoff_names[r->backoff]));
    return v;
}

static SwValue request_value(SwArena *a, const SnsRetry *r) {
    SwValue v = sw_value_object();
    sw_value_sets(a, &v, "headerContentType", sw_str_or(r->content_type, SW_STR("text/plain; charset=UTF-8")));
    return v;
}

SwStr sns_retry_text(SwArena *a, const SnsRetry *r) {
    SwValue v = sw_value_object();
    sw_value_set(a, &v, SW_STR("healthyRetryPolicy"), retry_value(a, r));
    sw_value_set(a, &v, SW_STR("sicklyRetryPolicy"), (SwValue){.kind = SW_VNULL});
    sw_value_set(a, &v, SW_STR("throttlePolicy"), (SwValue){.kind = SW_VNULL});
    sw_value_set(a, &v, SW_STR("requestPolicy"), request_value(a, r));
    sw_value_set(a, &v, SW_STR("guaranteed"), sw_value_bool(false));
    return sw_json_text(a, &v);
}

SwStr sns_retry_topic_text(SwArena *a, const SnsRetry *r) {
    SwValue v = sw_value_object(), http = sw_value_object();
    sw_value_set(a, &http, SW_STR("defaultHealthyRetryPolicy"), retry_value(a, r));
    sw_value_set(a, &http, SW_STR("disableSubscriptionOverrides"), sw_value_bool(r->no_overrides));
    sw_value_set(a, &http, SW_STR("defaultRequestPolicy"), request_value(a, r));
    sw_value_set(a, &v, SW_STR("http"), http);
    return sw_json_text(a, &v);
}
