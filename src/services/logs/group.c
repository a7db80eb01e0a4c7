/* SPDX-License-Identifier: Apache-2.0 */
/* Log groups: life and retention. */

#include "services/logs/logs.h"

SwStr logs_series(SwCtx *cx, SwStr group) {
    return sw_strf(cx->arena, "%.*s/%.*s/%.*s", SW_FMT(cx->account), SW_FMT(cx->region), SW_FMT(group));
}

int64_t logs_now_ms(const SwCtx *cx) {
    return sw_now(cx) / SW_MS;
}

const SwResourceHooks logs_log_group_hooks = {.any_policy = logs_policy};

int logs_group_named(SwCtx *cx, SwStr name, SwStr identifier, LogsGroupRecord **ret_g, SwError *err) {
    if (sw_str_is(name) == sw_str_is(identifier))
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION,
                       "Exactly one of logGroupName and logGroupIdentifier must be specified");
    return logs_log_group_by_reference(cx, sw_str_is(name) ? name : identifier, ret_g, err);
}

int logs_create_log_group(SwCtx *cx, const LogsCreateLogGroupRequest *in, void *out, SwError *err) {
    if (sw_str_is(in->kms_key_id))
        return sw_refuse_field(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "kmsKeyId",
                               "encryption with a key of one's own is not available");
    if (sw_str_is(in->log_group_class) && !sw_str_eq(in->log_group_class, LOGS_LOG_GROUP_CLASS_STANDARD))
        return sw_refuse_field(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "logGroupClass", "only STANDARD is available");
    if (SW_OR(in->deletion_protection_enabled, false))
        return sw_refuse_field(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "deletionProtectionEnabled", "is not available");
    LogsGroupRecord g = {.name = in->log_group_name, .created_at = SW_SOME_INT(logs_now_ms(cx))};
    if (logs_log_group_set_tags(cx, g.name, &g, &in->tags, err) < 0)
        return -1;
    return logs_log_group_insert(cx, g.name, &g, err);
}

int logs_delete_log_group(SwCtx *cx, const LogsDeleteLogGroupRequest *in, void *out, SwError *err) {
    LogsGroupRecord *g;
    LogsStreamRecords streams;
    SwDocQuery q = {.index = "by_group", .equals = {in->log_group_name}};
    if (logs_log_group_get(cx, in->log_group_name, &g, err) < 0 || logs_log_group_delete(cx, g->name, err) < 0 ||
        logs_streams_list(cx->tx, &q, &streams, err) < 0)
        return -1;
    for (size_t i = 0; i < streams.n; i++)
        if (logs_streams_delete(cx->tx, streams.v[i].id, NULL, err) < 0)
            return -1;
    return sw_logs_delete(cx->tx, logs_series(cx, in->log_group_name), SW_NO_STR, 0, err);
}

/* Found by a pattern, a group is shown by its name, ARN and time alone (DescribeLogGroups, logGroupNamePattern). */
static void show(SwCtx *cx, const LogsGroupRecord *g, bool by_pattern, LogsLogGroup *to) {
    to->log_group_name = g->name;
    to->creation_time = g->created_at;
    if (by_pattern) {
        to->arn = sw_cat(cx->arena, logs_log_group_arn(cx, g->name), SW_STR(":*"));
        return;
    }
    to->deletion_protection_enabled = SW_SOME_BOOL(false);
    to->retention_in_days = g->retention_in_days;
    to->metric_filter_count = SW_SOME_INT(0);
    to->stored_bytes = SW_SOME_INT(SW_OR(g->stored_bytes, 0));
    to->log_group_arn = logs_log_group_arn(cx, g->name);
    to->arn = sw_strf(cx->arena, "%.*s:*", SW_FMT(to->log_group_arn));
    to->log_group_class = LOGS_LOG_GROUP_CLASS_STANDARD;
}

static int is_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const LogsDescribeLogGroupsRequest *in = arg;
    const LogsGroupRecord *g = logs_groups_row(row);
    bool named = !in->log_group_identifiers.n;
    for (size_t i = 0; i < in->log_group_identifiers.n && !named; i++)
        named = sw_str_eq(sw_resource_id(cx, &logs_log_group_resource, in->log_group_identifiers.v[i]), g->name);
    *ret_wanted = named && (!sw_str_is(in->log_group_name_pattern) || sw_str_contains(g->name, in->log_group_name_pattern)) &&
                  (!sw_str_is(in->log_group_class) || sw_str_eq(in->log_group_class, LOGS_LOG_GROUP_CLASS_STANDARD));
    return 0;
}

static int show_row(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    show(cx, logs_groups_row(row), sw_str_is(((const LogsDescribeLogGroupsRequest *)arg)->log_group_name_pattern), to);
    return 0;
}

int logs_describe_log_groups(SwCtx *cx, const LogsDescribeLogGroupsRequest *in, LogsDescribeLogGroupsResponse *out,
                             SwError *err) {
    SwDocQuery q = {.prefix = in->log_group_name_prefix};
    if (sw_str_is(in->log_group_name_prefix) && sw_str_is(in->log_group_name_pattern))
        return sw_fail(err, &LOGS_INVALID_PARAMETER_EXCEPTION,
                       "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    if (SW_OR(in->include_linked_accounts, false) || in->account_identifiers.n)
        return sw_refuse_field(err, &LOGS_INVALID_PARAMETER_EXCEPTION, "includeLinkedAccounts", "there are no linked accounts");
    return sw_page(cx, &(SwPage){.of = &logs_groups, .q = q, .want = is_wanted, .show = show_row, .arg = in, .usual = 50}, out,
                   err);
}

static int valid_retention(SwCtx *cx, const void *input, SwError *err) {
    static const int allowed[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                  365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
    const LogsPutRetentionPolicyRequest *in = input;
    for (size_t i = 0; i < SW_N(allowed); i++)
        if (in->retention_in_days.v == allowed[i])
            return 0;
    return sw_fail(
        err, &LOGS_INVALID_PARAMETER_EXCEPTION,
        "1 validation error detected: Value '%lld' at 'retentionInDays' failed to satisfy constraint: Member must satisfy "
        "enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, "
        "3653]",
        (long long)in->retention_in_days.v);
}

static int retention_changed(SwCtx *cx, const SwFound *f, const void *in, SwError *err) {
    return in ? sw_wake(cx, &logs_retention, f->id, 0, err) : 0;
}

const SwSettingHooks logs_log_group_retention_setting = {.valid = valid_retention, .changed = retention_changed};

/* Once an hour while a group has a retention. */
static int retain(SwCtx *cx, SwStr name, SwStep *ret_step, SwError *err) {
    LogsGroupRecord *g;
    if (logs_log_group_find(cx, name, &g, err) < 0)
        return -1;
    if (!g || !g->retention_in_days.set)
        return 0;
    SwTime before = sw_now(cx) - g->retention_in_days.v * SW_DAY;
    if (sw_logs_delete(cx->tx, logs_series(cx, name), SW_NO_STR, before, err) < 0)
        return -1;
    ret_step->again = sw_now(cx) + SW_HOUR;
    ret_step->waiting = true;
    return 0;
}

const SwController logs_retention = {
    .name = "logs/retention",
    .kind = SW_STEP_STORE,
    .step = retain,
    .parallel = 1,
    .unfailing = "events stay longer than they need to; the next hour's step removes them",
};
