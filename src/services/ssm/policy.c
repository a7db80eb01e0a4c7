/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter policies: what the clock does to a parameter, or tells of it.
 *
 * AWS     Systems Manager User Guide, "Assigning parameter policies in Parameter Store".
 *
 *   Expiration            at its time the parameter is deleted
 *   ExpirationNotification    an event, so long before that
 *   NoChangeNotification      an event, where the parameter has not been changed for so long
 *
 *   Pending --its time--> Finished;  a change of the parameter makes NoChangeNotification Pending again */

#include "services/ssm/ssm.h"

#define POLICIES_MAX 10

static int bad_attribute(SwError *err, const char *type, const char *why) {
    return sw_fail(err, &SSM_INVALID_POLICY_ATTRIBUTE_EXCEPTION, "The policy %s is not valid: %s.", type, why);
}

/* "15" of "Days" or "Hours". */
static bool read_span(const SwValue *attributes, const char *name, SwTime *ret) {
    SwStr unit = sw_value_str(sw_value_getz(attributes, "Unit"));
    int64_t n;
    bool days = sw_str_eqz(unit, "Days"), hours = sw_str_eqz(unit, "Hours");
    if ((!days && !hours) || !sw_str_to_i64(sw_value_str(sw_value_getz(attributes, name)), &n) || n < 1 || n > 36500)
        return false;
    *ret = n * (days ? SW_DAY : SW_HOUR);
    return true;
}

/* Type, version and attributes; `span` is how long before or after, `at` when. */
typedef struct Read {
    SwStr type;
    SwTime span, at;
} Read;

static int read_policy(const SwValue *v, SwTime now, Read *ret, SwError *err) {
    const SwValue *attributes = sw_value_getz(v, "Attributes");
    *ret = (Read){.type = sw_value_str(sw_value_getz(v, "Type"))};
    if (!sw_str_eqz(sw_value_str(sw_value_getz(v, "Version")), "1.0") || !attributes)
        return sw_fail(err, &SSM_INVALID_POLICY_ATTRIBUTE_EXCEPTION, "A policy has a Type, the Version 1.0 and Attributes.");
    if (sw_str_eqz(ret->type, "Expiration")) {
        SwStr at = sw_value_str(sw_value_getz(attributes, "Timestamp"));
        if (!sw_str_contains(at, SW_STR("T")) || !sw_time_parse(at, &ret->at))
            return bad_attribute(err, "Expiration", "Timestamp is a time in the format of ISO 8601");
        return ret->at > now ? 0 : bad_attribute(err, "Expiration", "Timestamp is in the past");
    }
    if (sw_str_eqz(ret->type, "ExpirationNotification"))
        return read_span(attributes, "Before", &ret->span)
                   ? 0
                   : bad_attribute(err, "ExpirationNotification", "Before is a number, Unit is Days or Hours");
    if (sw_str_eqz(ret->type, "NoChangeNotification"))
        return read_span(attributes, "After", &ret->span)
                   ? 0
                   : bad_attribute(err, "NoChangeNotification", "After is a number, Unit is Days or Hours");
    return sw_fail(err, &SSM_INVALID_POLICY_TYPE_EXCEPTION,
                   "The policy type %.*s is not valid. Valid types are Expiration, ExpirationNotification and "
                   "NoChangeNotification.",
                   SW_FMT(ret->type));
}

/* 0: there is none. */
static SwTime expiration_of(const SsmParameterRecord *p) {
    for (size_t i = 0; i < p->policies.n; i++)
        if (sw_str_eqz(p->policies.v[i].policy_type, "Expiration"))
            return p->policies.v[i].at.v;
    return 0;
}

static void set_due(SsmKeptPolicy *k, SwTime expires, SwTime changed) {
    SwTime at = sw_str_eqz(k->policy_type, "Expiration")               ? k->at.v
                : sw_str_eqz(k->policy_type, "ExpirationNotification") ? expires - k->span.v
                                                                       : changed + k->span.v;
    k->at = SW_SOME_TIME(at);
}

static int parse(SwCtx *cx, SwStr text, SwValue *ret, SwError *err) {
    SwError why = sw_error(cx->arena);
    if (sw_json_parse(cx->arena, text, ret, &why) < 0 || ret->kind != SW_VARRAY)
        return sw_fail(err, &SSM_INVALID_POLICY_ATTRIBUTE_EXCEPTION, "Policies is a JSON array of policies.");
    if (ret->n == 1 && ret->v[0].kind == SW_VOBJECT && ret->v[0].n == 0) /* "[{}]": none */
        ret->n = 0;
    return ret->n <= POLICIES_MAX ? 0
                                  : sw_fail(err, &SSM_POLICIES_LIMIT_EXCEEDED_EXCEPTION,
                                            "You specified more than the maximum number of allowed policies for the parameter. "
                                            "The maximum is %d.",
                                            POLICIES_MAX);
}

static int take(SwCtx *cx, const SwValue *all, SsmParameterRecord *p, SwError *err) {
    size_t expirations = 0, others = 0;
    p->policies = (SsmKeptPolicyList){0};
    for (size_t i = 0; i < all->n; i++) {
        Read r;
        if (read_policy(&all->v[i], sw_now(cx), &r, err) < 0)
            return -1;
        expirations += sw_str_eqz(r.type, "Expiration");
        others += sw_str_eqz(r.type, "ExpirationNotification");
        *sw_list_add(cx->arena, &p->policies) = (SsmKeptPolicy){.policy_text = sw_json_text(cx->arena, &all->v[i]),
                                                                .policy_type = r.type,
                                                                .policy_status = SW_STR("Pending"),
                                                                .span = SW_SOME_INT(r.span),
                                                                .at = SW_SOME_TIME(r.at)};
    }
    if (expirations > 1 || (others && !expirations))
        return sw_fail(err, &SSM_INCOMPATIBLE_POLICY_EXCEPTION,
                       "There is a conflict in the policies specified for this parameter. You can't, for example, specify two "
                       "Expiration policies for a parameter, or an ExpirationNotification without an Expiration.");
    SwTime expires = expiration_of(p);
    for (size_t i = 0; i < p->policies.n; i++)
        set_due(&p->policies.v[i], expires, p->last_modified_date.v);
    return 0;
}

/* What was there stays until something else is said; the change itself begins a NoChangeNotification anew. */
static void keep(SwCtx *cx, const SsmParameterRecord *old, SsmParameterRecord *p) {
    for (size_t i = 0; i < old->policies.n; i++) {
        SsmKeptPolicy *k = sw_list_add(cx->arena, &p->policies);
        *k = old->policies.v[i];
        if (sw_str_eqz(k->policy_type, "NoChangeNotification")) {
            k->policy_status = SW_STR("Pending");
            set_due(k, 0, p->last_modified_date.v);
        }
    }
}

int ssm_policies_put(SwCtx *cx, SwStr text, const SsmParameterRecord *old, SsmParameterRecord *p, SwError *err) {
    SwValue all;
    if (!sw_str_is(text)) {
        if (old)
            keep(cx, old, p);
        return 0;
    }
    if (parse(cx, text, &all, err) < 0 || take(cx, &all, p, err) < 0)
        return -1;
    if (p->policies.n && !sw_str_eqz(p->tier, "Advanced"))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Standard tier parameters don't support parameter policies. To use parameter policies, upgrade the "
                       "parameter to use the advanced-parameter tier.");
    return 0;
}

bool ssm_policies_asked(SwCtx *cx, SwStr text) {
    SwValue all;
    SwError ignored = sw_error(cx->arena); /* told when they are put */
    return sw_str_is(text) && parse(cx, text, &all, &ignored) == 0 && all.n > 0;
}

SsmParameterInlinePolicyList ssm_policies_shown(SwCtx *cx, const SsmParameterRecord *p) {
    SsmParameterInlinePolicyList l = {0};
    sw_list_present(cx->arena, &l);
    for (size_t i = 0; i < p->policies.n; i++) {
        const SsmKeptPolicy *k = &p->policies.v[i];
        *sw_list_add(cx->arena, &l) = (SsmParameterInlinePolicy){k->policy_text, k->policy_type, k->policy_status};
    }
    return l;
}

/* --- the clock -------------------------------------------------------------------------------------------------- */

static SwTime next_due(const SsmParameterRecord *p) {
    SwTime next = 0;
    for (size_t i = 0; i < p->policies.n; i++) {
        const SsmKeptPolicy *k = &p->policies.v[i];
        if (sw_str_eqz(k->policy_status, "Pending") && (!next || k->at.v < next))
            next = k->at.v;
    }
    return next;
}

int ssm_policies_wake(SwCtx *cx, const SsmParameterRecord *p, SwError *err) {
    SwTime due = next_due(p);
    return due ? sw_wake(cx, &ssm_policy_controller, p->name, due, err) : 0;
}

static int tell(SwCtx *cx, const SsmParameterRecord *p, const SsmKeptPolicy *k, const char *reason, SwError *err) {
    const SsmPolicyAction detail = {.parameter_name = p->name,
                                    .parameter_type = p->type,
                                    .policy_type = k->policy_type,
                                    .policy_content = k->policy_text,
                                    .action_status = SW_STR("Success"),
                                    .action_reason = sw_str(reason)};
    return sw_event(cx, &ssm_event_parameter_store_policy_action, ssm_arn(cx, p->name), &detail, err);
}

/* *ret_gone: it was the parameter's end. */
static int apply(SwCtx *cx, const SsmParameterRecord *p, SsmKeptPolicy *k, bool *ret_gone, SwError *err) {
    bool existed;
    k->policy_status = SW_STR("Finished");
    if (sw_str_eqz(k->policy_type, "Expiration")) {
        *ret_gone = true;
        return tell(cx, p, k, "The parameter has expired and was deleted.", err) < 0
                   ? -1
                   : ssm_delete_one(cx, p->name, &existed, err);
    }
    return tell(cx, p, k,
                sw_str_eqz(k->policy_type, "ExpirationNotification")
                    ? "The parameter will expire at the time that its Expiration policy says."
                    : "The parameter has not been changed for the time that its NoChangeNotification policy says.",
                err);
}

/* What is due, the earliest first: a notification goes before the end that it speaks of. */
static SsmKeptPolicy *earliest_due(SsmParameterRecord *p, SwTime now) {
    SsmKeptPolicy *first = NULL;
    for (size_t i = 0; i < p->policies.n; i++) {
        SsmKeptPolicy *k = &p->policies.v[i];
        if (sw_str_eqz(k->policy_status, "Pending") && k->at.v <= now && (!first || k->at.v < first->at.v))
            first = k;
    }
    return first;
}

static int step(SwCtx *cx, SwStr name, SwStep *ret_step, SwError *err) {
    SsmParameterRecord *p;
    SsmKeptPolicy *k;
    bool gone = false, changed = false;
    if (ssm_parameters_find(cx->tx, name, &p, err) < 0)
        return -1;
    while (p && !gone && (k = earliest_due(p, sw_now(cx)))) {
        changed = true;
        if (apply(cx, p, k, &gone, err) < 0)
            return -1;
    }
    if (!p || gone)
        return 0;
    ret_step->again = next_due(p);
    ret_step->waiting = ret_step->again != 0;
    return changed ? ssm_parameters_put(cx->tx, name, p, err) : 0;
}

const SwController ssm_policy_controller = {
    .name = "ssm/policy",
    .kind = SW_STEP_STORE,
    .step = step,
    .unfailing = "a parameter's record is bounded; what is due is made up for when a step succeeds",
};
