/* SPDX-License-Identifier: Apache-2.0 */
/* Targets lie in their rule. What no service of ours can receive is refused when it is put, not when an event comes. */

#include "services/events/events.h"

#define TARGETS_MAX 5 /* a rule (EventBridge quotas) */

static int refused(SwError *err, SwStr id, const char *field, const char *why) {
    return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Targets.%.*s.%s: %s", SW_FMT(id), field, why);
}

static int check_arn(SwCtx *cx, const EventsTarget *t, SwError *err) {
    SwArn arn, role;
    if (!sw_arn_parse(t->arn, &arn))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Parameter %.*s is not valid. Reason: Provided Arn is not in correct format.", SW_FMT(t->arn));
    if (!sw_registry_target(cx->host, t->arn))
        return refused(err, t->id, "Arn", "no service here receives events under this ARN");
    if ((sw_str_is(arn.account) && !sw_str_eq(arn.account, cx->account)) ||
        (sw_str_is(arn.region) && !sw_str_eq(arn.region, cx->region)))
        return refused(err, t->id, "Arn", "targets of another account or region are not available");
    if (sw_str_is(t->role_arn) && (!sw_arn_parse(t->role_arn, &role) || !sw_str_eqz(role.service, "iam")))
        return refused(err, t->id, "RoleArn", "is not the ARN of a role");
    if (t->dead_letter_config && sw_str_is(t->dead_letter_config->arn) &&
        (!sw_arn_parse(t->dead_letter_config->arn, &arn) || !sw_str_eqz(arn.service, "sqs") ||
         !sw_str_eq(arn.account, cx->account) || !sw_str_eq(arn.region, cx->region)))
        return refused(err, t->id, "DeadLetterConfig.Arn", "is not the ARN of a queue of this account and region");
    return 0;
}

static bool is(SwStr text, const char *service, const char *resource) {
    SwArn arn;
    return sw_arn_parse(text, &arn) && sw_str_eqz(arn.service, service) && sw_str_starts(arn.resource, sw_str(resource));
}

/* What belongs to one kind of target only. */
static int check_kind(const EventsTarget *t, const EventsRuleRecord *r, SwError *err) {
    bool cluster = is(t->arn, "ecs", "cluster/"), fifo = is(t->arn, "sqs", "") && sw_str_ends(t->arn, SW_STR(".fifo"));
    bool group = t->sqs_parameters && sw_str_is(t->sqs_parameters->message_group_id);
    if (cluster != !!t->ecs_parameters)
        return cluster ? sw_fail(err, &SW_VALIDATION_EXCEPTION,
                                 "Parameter(s) EcsParameters must be specified for target: %.*s.", SW_FMT(t->id))
                       : refused(err, t->id, "EcsParameters", "is for the ARN of an ECS cluster");
    if (fifo != group)
        return fifo ? sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter(s) SqsParameters must be specified for target: %.*s.",
                              SW_FMT(t->id))
                    : refused(err, t->id, "SqsParameters.MessageGroupId", "is for FIFO queues");
    if ((cluster || is(t->arn, "codebuild", "project/")) && !sw_str_is(t->role_arn) && !sw_str_is(r->role_arn))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "RoleArn is required for target %.*s.", SW_FMT(t->arn));
    if (events_target_is_bus(t->arn) && (t->input.p || t->input_path.p || t->input_transformer))
        return refused(err, t->id, "Input", "an event goes to another bus as it is");
    return 0;
}

static int check(SwCtx *cx, const EventsTarget *t, const EventsRuleRecord *r, SwError *err) {
    SwStr bus;
    if (check_arn(cx, t, err) < 0 || check_kind(t, r, err) < 0 || events_input_check(cx, t, err) < 0)
        return -1;
    if (!events_target_is_bus(t->arn))
        return 0;
    if (events_bus_name(cx, t->arn, &bus, err) < 0)
        return -1;
    return sw_str_eq(bus, r->bus) ? refused(err, t->id, "Arn", "a rule's own bus cannot be its target") : 0;
}

/* All or none: a bad target fails the request, as AWS does for what it can see from the request alone. */
int events_put_targets(SwCtx *cx, const EventsPutTargetsRequest *in, EventsPutTargetsResponse *out, SwError *err) {
    EventsRuleRecord *r;
    EventsTargetList all = {0};
    if (events_rule_on(cx, in->event_bus_name, in->rule, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < in->targets.n; i++)
        if (check(cx, &in->targets.v[i], r, err) < 0)
            return -1;
    for (size_t i = 0; i < r->targets.n + in->targets.n; i++) {
        const EventsTarget *t = i < r->targets.n ? &r->targets.v[i] : &in->targets.v[i - r->targets.n];
        EventsTarget *same = NULL;
        for (size_t k = 0; k < all.n; k++)
            if (sw_str_eq(all.v[k].id, t->id))
                same = &all.v[k];
        *(same ? same : sw_list_add(cx->arena, &all)) = *t;
    }
    if (all.n > TARGETS_MAX)
        return sw_fail(err, &EVENTS_LIMIT_EXCEEDED_EXCEPTION, "The requested resource exceeds the maximum number allowed.");
    r->targets = all;
    out->failed_entry_count = SW_SOME_INT(0);
    sw_list_present(cx->arena, &out->failed_entries);
    return events_rule_store(cx, r, err);
}

int events_remove_targets(SwCtx *cx, const EventsRemoveTargetsRequest *in, EventsRemoveTargetsResponse *out, SwError *err) {
    EventsRuleRecord *r;
    EventsTargetList kept = {0};
    if (events_rule_on(cx, in->event_bus_name, in->rule, &r, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->failed_entries);
    for (size_t i = 0; i < r->targets.n; i++)
        if (!sw_str_list_has(&in->ids, r->targets.v[i].id))
            *sw_list_add(cx->arena, &kept) = r->targets.v[i];
    for (size_t i = 0; i < in->ids.n; i++) {
        bool known = false;
        for (size_t k = 0; k < r->targets.n; k++)
            known |= sw_str_eq(r->targets.v[k].id, in->ids.v[i]);
        if (!known)
            *sw_list_add(cx->arena, &out->failed_entries) =
                (EventsRemoveTargetsResultEntry){.target_id = in->ids.v[i],
                                                 .error_code = SW_STR("ResourceNotFoundException"),
                                                 .error_message =
                                                     sw_strf(cx->arena, "Rule %.*s does not have a target with the ID %.*s.",
                                                             SW_FMT(r->name), SW_FMT(in->ids.v[i]))};
    }
    out->failed_entry_count = SW_SOME_INT((int64_t)out->failed_entries.n);
    r->targets = kept;
    return events_rule_store(cx, r, err);
}

int events_list_targets_by_rule(SwCtx *cx, const EventsListTargetsByRuleRequest *in, EventsListTargetsByRuleResponse *out,
                                SwError *err) {
    EventsRuleRecord *r;
    SwPageItems items = {0};
    if (events_rule_on(cx, in->event_bus_name, in->rule, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < r->targets.n; i++)
        *sw_list_add(cx->arena, &items) = (SwPageItem){r->targets.v[i].id, &r->targets.v[i]};
    return sw_page(cx, &(SwPage){.items = items, .usual = EVENTS_PAGE}, out, err);
}

static int show_name(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(SwStr *)to = events_rules_row(row)->name;
    return 0;
}

int events_list_rule_names_by_target(SwCtx *cx, const EventsListRuleNamesByTargetRequest *in,
                                     EventsListRuleNamesByTargetResponse *out, SwError *err) {
    SwStr bus;
    if (events_bus_name(cx, in->event_bus_name, &bus, err) < 0)
        return -1;
    SwDocQuery q = {.index = "by_target", .equals = {in->target_arn, bus}};
    return sw_page(cx, &(SwPage){.of = &events_rules, .q = q, .show = show_name, .usual = EVENTS_PAGE}, out, err);
}
