/* SPDX-License-Identifier: Apache-2.0 */
/* Account settings. */

#include "ecs.h"

/* The settings that describe how this server always is; others cannot be changed here and are not
 * listed. */
static const struct {
    const char *name, *value;
} settings[] = {
    {"awsvpcTrunking", "disabled"},      {"containerInsights", "disabled"}, {"containerInstanceLongArnFormat", "enabled"},
    {"serviceLongArnFormat", "enabled"}, {"taskLongArnFormat", "enabled"},
};

static int show_setting(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const EcsListAccountSettingsRequest *in = arg;
    *(EcsSetting *)to = (EcsSetting){.name = row->id,
                                     .value = sw_str(row->record),
                                     .principal_arn = sw_str_or(in->principal_arn, cx->principal.arn)};
    return 0;
}

int ecs_list_account_settings(SwCtx *cx, const EcsListAccountSettingsRequest *in, EcsListAccountSettingsResponse *out,
                              SwError *err) {
    SwPageItems items = {0};
    /* Without effectiveSettings AWS lists what the principal has set, and that is nothing. */
    for (size_t i = 0; i < SW_N(settings) && SW_OR(in->effective_settings, false); i++)
        if ((!in->name.n || ecs_is(in->name, settings[i].name)) && (!in->value.n || ecs_is(in->value, settings[i].value)))
            *sw_list_add(cx->arena, &items) = (SwPageItem){sw_str(settings[i].name), settings[i].value};
    return sw_page(cx, &(SwPage){.items = items, .show = show_setting, .arg = in, ECS_PAGE}, out, err);
}
