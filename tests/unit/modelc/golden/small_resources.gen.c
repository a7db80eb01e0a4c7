/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from models/resources/small.json; changes belong there. */
#include "models/small_resources.gen.h"
#include "resource/cfn.h"

__attribute__((unused)) static const SwCfnShape cfn_string = {.kind = SW_CFN_STRING};
__attribute__((unused)) static const SwCfnShape cfn_integer = {.kind = SW_CFN_INTEGER};
__attribute__((unused)) static const SwCfnShape cfn_number = {.kind = SW_CFN_NUMBER};
__attribute__((unused)) static const SwCfnShape cfn_boolean = {.kind = SW_CFN_BOOLEAN};
__attribute__((unused)) static const SwCfnShape cfn_json = {.kind = SW_CFN_JSON};
const SwTagRules small_tag_rules = {
    .max = 5,
    .by_id = true,
    .too_many = {&SMALL_TOO_BUSY, "too many"},
    .reserved = {&SW_VALIDATION_EXCEPTION, "{key} is reserved", "Key"},
    .missing = {&SMALL_THING_NOT_FOUND, "nothing has them"},
    .bad_arn = {&SMALL_THING_NOT_FOUND, "{ref} is none"},
};
static const SwNamed thing_named[] = {
    {SMALL_PUT_THING, {.n = 1, .at = {0}}},
};
static const SwSetting thing_settings[] = {
    {
    .name = "State",
    .put = {SMALL_PUT_THING, .of = {.n = 1, .at = {0}}, .given = {.n = 1, .at = {0}}},
    .get = {SMALL_LIST_THINGS, .of = {.n = 1, .at = {0}}, .shown = {.n = 1, .at = {3}}},
    .take = {SMALL_TOUCH_THING, .of = {.n = 1, .at = {0}}},
    .at = {.n = 1, .at = {8}},
    .strict = true,
    .none = {&SMALL_THING_NOT_FOUND, "no state", "Name"},
    .says = (const SwSaid[]){{"VPCId", "{box}/{name}"}, {"Kind", "{record.state}"}, {NULL, NULL}},
    .hooks = &small_thing_state_setting,
    },
    {
    .name = "Owner",
    .put = {SW_NO_OPERATION},
    .get = {SMALL_SHOW_THING, .of = {.n = 1, .at = {0}}, .shown = {.n = 1, .at = {4}}},
    .take = {SW_NO_OPERATION},
    .at = {.n = 1, .at = {1}},
    .otherwise = "{\"VPCId\":\"x\",\"Parts\":[{\"ACLs\":[\"y\"]}]}",
    },
};
static const SwCfnShape cfn_thing_has_note;
static const SwCfnShape cfn_thing_has_part;
static const SwCfnShape cfn_thing_has_tag;
static const SwCfnField f_cfn_thing_has_note[] = {
    {.name = "Text", .shape = &cfn_string},
    {.name = "Thing", .shape = &cfn_thing_has_part},
};
static const SwCfnShape cfn_thing_has_note = {.kind = SW_CFN_OBJECT, .field = f_cfn_thing_has_note, .n_field = SW_N(f_cfn_thing_has_note)};
static const SwCfnShape cfn_thing_has_part_list = {.kind = SW_CFN_LIST, .of = &cfn_thing_has_part};
static const SwCfnField f_cfn_thing_has_part[] = {
    {.name = "Id", .shape = &cfn_string, .required = true, .member = "VPCId"},
    {.name = "Parts", .shape = &cfn_thing_has_part_list},
};
static const SwCfnShape cfn_thing_has_part = {.kind = SW_CFN_OBJECT, .field = f_cfn_thing_has_part, .n_field = SW_N(f_cfn_thing_has_part)};
static const SwCfnField f_cfn_thing_has_tag[] = {
    {.name = "Key", .shape = &cfn_string, .required = true},
    {.name = "Value", .shape = &cfn_string, .required = true},
};
static const SwCfnShape cfn_thing_has_tag = {.kind = SW_CFN_OBJECT, .field = f_cfn_thing_has_tag, .n_field = SW_N(f_cfn_thing_has_tag)};
static const SwCfnShape cfn_integer_list = {.kind = SW_CFN_LIST, .of = &cfn_integer};
static const SwCfnShape cfn_thing_has_tag_list = {.kind = SW_CFN_LIST, .of = &cfn_thing_has_tag};
static const SwCfnShape cfn_string_map = {.kind = SW_CFN_MAP, .of = &cfn_string};
static const SwCfnField f_cfn_thing[] = {
    {.name = "Counts", .shape = &cfn_integer_list},
    {.name = "Default", .shape = &cfn_boolean},
    {.name = "Document", .shape = &cfn_json},
    {.name = "IPv6Address", .shape = &cfn_string},
    {.name = "Name", .shape = &cfn_string, .required = true},
    {.name = "Note", .shape = &cfn_thing_has_note},
    {.name = "Nothing", .shape = &cfn_string},
    {.name = "Parts", .shape = &cfn_thing_has_part_list},
    {.name = "Serial", .shape = &cfn_integer},
    {.name = "Tags", .shape = &cfn_thing_has_tag_list},
    {.name = "Texts", .shape = &cfn_string_map},
    {.name = "Whole", .shape = &cfn_thing_has_part},
    {.name = "Word", .shape = &cfn_string},
    {.name = "Arn", .shape = &cfn_string},
    {.name = "Made", .shape = &cfn_string},
    {.name = "Ticket", .shape = &cfn_string},
};
static const SwCfnShape cfn_thing = {.kind = SW_CFN_OBJECT, .field = f_cfn_thing, .n_field = SW_N(f_cfn_thing)};
static const SwCfnBinding bind_cfn_thing[] = {
    {.property = "Word", .shape = &cfn_string, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .delete_at = {.n = 1, .at = {0}}, .text = "{box}/x", .stays = "it is the last", .without = "Name"},
    {.property = "Counts", .shape = &cfn_integer_list, .set = SMALL_PUT_THING, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SMALL_LIST_THINGS, .set_at = {.n = 1, .at = {5}}, .get_at = {.n = 1, .at = {5}}, .take_at = {.n = 1, .at = {0}}, .absent = "[1]", .keeps = true},
    {.property = "Default", .shape = &cfn_boolean, .create = {.n = 1, .at = {1}}, .set = SMALL_PUT_THING, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .set_at = {.n = 1, .at = {1}}, .keeps = true, .carried = true},
    {.property = "Document", .shape = &cfn_json, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .hook = true},
    {.property = "IPv6Address", .shape = &cfn_string, .create = {.n = 1, .at = {2}}, .set = SMALL_PUT_THING, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .set_at = {.n = 1, .at = {2}}, .keeps = true},
    {.property = "Name", .shape = &cfn_string, .create_only = true, .create = {.n = 1, .at = {0}}, .set = SMALL_PUT_THING, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .set_at = {.n = 1, .at = {0}}, .get_at = {.n = 1, .at = {0}}, .keeps = true},
    {.property = "Note.Text", .shape = &cfn_string, .create = {.n = 1, .at = {3}, .key = "text"}, .set = SMALL_PUT_THING, .unset = SMALL_GET_TICKET, .get = SMALL_LIST_THINGS, .take = SW_NO_OPERATION, .set_at = {.n = 1, .at = {3}, .key = "text"}, .get_at = {.n = 1, .at = {0}}, .get_input = "{\"Max\":3}", .keeps = true, .none = &SMALL_THING_NOT_FOUND},
    {.property = "Note.Thing", .shape = &cfn_thing_has_part, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .refused = "no operation here takes it"},
    {.property = "Nothing", .shape = &cfn_string, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .refused = "there is none", .unless = "[\"x\",\"{name}\"]"},
    {.property = "Parts", .shape = &cfn_thing_has_part_list, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .get_at = {.n = 1, .at = {2}}, .each = &(const SwCfnEach){.put = SMALL_PUT_THING, .take = SMALL_TOUCH_THING, .put_at = {.n = 1, .at = {0}}, .show = SMALL_LIST_THINGS, .show_at = {.n = 1, .at = {1}}, .with = (const char *const[]){"Default", NULL}}},
    {.property = "Serial", .shape = &cfn_integer, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .later = true},
    {.property = "Tags", .shape = &cfn_thing_has_tag_list, .tags = true, .create = {.n = 1, .at = {3}}, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION},
    {.property = "Texts", .shape = &cfn_string_map, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .refused = "no operation here takes it"},
    {.property = "Whole", .shape = &cfn_thing_has_part, .set = SMALL_PUT_THING, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .set_at = {.n = 1, .at = {0}}, .put = "Id", .kept = true, .keeps = true},
    {.property = "Arn", .shape = &cfn_string, .read_only = true, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION},
    {.property = "Made", .shape = &cfn_string, .read_only = true, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .get_at = {.n = 1, .at = {7}}},
    {.property = "Ticket", .shape = &cfn_string, .read_only = true, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .told = {.n = 2, .at = {4, 0}}},
};
static const SwCfnType cfn_thing_type = {.name = "Little::Small::Thing", .shape = &cfn_thing, .identifier = {{"Name", 1}, {"Arn", -1}, }, .n_identifier = 2, .create = SMALL_PUT_THING, .read = SMALL_DESCRIBE_THINGS, .list = SW_NO_OPERATION, .remove = SMALL_TOUCH_THING, .made = {.n = 1, .at = {0}}, .read_at = {.n = 1, .at = {0}}, .create_input = "{\"ClientToken\":\"x\"}", .remove_input = "{\"text\":\"{arn}\"}", .read_is = {.n = 1, .at = {0}}, .read_is_text = "{name}", .name_end = ".x", .name_end_if = "Default", .name_property = "Name", .name_lower = true, .bind = bind_cfn_thing, .n_bind = SW_N(bind_cfn_thing)};
extern const SwErrorKind small_taken;
const SwResource small_thing_resource = {
    .name = "thing",
    .service = "little",
    .api = &small_api,
    .in = &small_things,
    .plural = "things",
    .does = {
        [SW_VERB_PUT] = (const uint16_t[]){SMALL_PUT_THING, SW_NO_OPERATION},
        [SW_VERB_SHOW] = (const uint16_t[]){SMALL_DESCRIBE_THINGS, SW_NO_OPERATION},
        [SW_VERB_LIST] = (const uint16_t[]){SMALL_DESCRIBE_THINGS, SMALL_LIST_THINGS, SW_NO_OPERATION},
        [SW_VERB_CHANGE] = (const uint16_t[]){SMALL_SHOW_THING, SW_NO_OPERATION},
        [SW_VERB_END] = (const uint16_t[]){SMALL_TOUCH_THING, SW_NO_OPERATION},
    },
    .names = "{\"Max\":\"{record.state}\",\"text\":\"{arn}\"}",
    .part = {{"box", "main"}, {"name"}},
    .n_part = 2,
    .id = "{box}/{name:lower}",
    .arn = (const char *const[]){"arn:aws:little:{region}:{account}:thing/{box}/{name*}", "arn:aws:little:{region}:{account}:old/{name*}", NULL},
    .reference = (const char *const[]){"{name*}", NULL},
    .arn_index = "by_state",
    .account_at = {.n = 1, .at = {0}},
    .state_at = {.n = 1, .at = {8}},
    .created_at = {.n = 1, .at = {7}},
    .tags_at = {.n = 1, .at = {3}},
    .tag_rules = &small_tag_rules,
    .missing = {&SMALL_THING_NOT_FOUND, "No '{name}' in {box}"},
    .exists = {&small_taken, "taken"},
    .named = thing_named,
    .n_named = SW_N(thing_named),
    .settings = thing_settings,
    .n_settings = SW_N(thing_settings),
    .cfn = &cfn_thing_type,
    .hooks = &small_thing_hooks,
};

static const SwCfnShape cfn_string_list = {.kind = SW_CFN_LIST, .of = &cfn_string};
static const SwCfnField f_cfn_kept[] = {
    {.name = "Default", .shape = &cfn_boolean},
    {.name = "Names", .shape = &cfn_string_list},
    {.name = "Id", .shape = &cfn_string},
};
static const SwCfnShape cfn_kept = {.kind = SW_CFN_OBJECT, .field = f_cfn_kept, .n_field = SW_N(f_cfn_kept)};
static const SwCfnBinding bind_cfn_kept[] = {
    {.property = "Default", .shape = &cfn_boolean, .set = SMALL_PUT_THING, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .set_at = {.n = 1, .at = {2}}, .name_at = {.n = 1, .at = {4}, .key = "Usual"}, .absent = "false", .carried = true},
    {.property = "Names", .shape = &cfn_string_list, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION, .each = &(const SwCfnEach){.put = SMALL_PUT_THING, .take = SMALL_TOUCH_THING, .put_at = {.n = 1, .at = {0}}, .take_at = {.n = 1, .at = {0}}, .show = SW_NO_OPERATION, .with = (const char *const[]){"Default", NULL}}},
    {.property = "Id", .shape = &cfn_string, .read_only = true, .set = SW_NO_OPERATION, .unset = SW_NO_OPERATION, .get = SW_NO_OPERATION, .take = SW_NO_OPERATION},
};
static const SwCfnType cfn_kept_type = {.name = "Little::Small::Kept", .shape = &cfn_kept, .identifier = {{"Id", -1}, }, .n_identifier = 1, .create = SW_NO_OPERATION, .read = SW_NO_OPERATION, .list = SW_NO_OPERATION, .remove = SW_NO_OPERATION, .kept = {.n = 1, .at = {8}}, .bind = bind_cfn_kept, .n_bind = SW_N(bind_cfn_kept)};
const SwResource small_kept_resource = {
    .name = "kept",
    .service = "little",
    .api = &small_api,
    .in = &small_kept,
    .plural = "kepts",
    .part = {{"id"}},
    .n_part = 1,
    .id = "{id*}",
    .arn = (const char *const[]){NULL},
    .reference = (const char *const[]){"{id*}", NULL},
    .missing = {&SMALL_THING_NOT_FOUND, "{id}"},
    .cfn = &cfn_kept_type,
};

static const SwNamed idea_named[] = {
    {SMALL_PUT_THING, {.n = 1, .at = {0}}, .with[0] = {.n = 1, .at = {0}}, .becomes[0] = {.n = 1, .at = {4}}},
    {SMALL_PUT_THING, {.n = 1, .at = {0}}, .asks = (const char *const[]){"little:Look", "little:Take", NULL}},
};
const SwTagRules small_idea_tag_rules = {
    .max = 2,
    .by_id = true,
    .too_many = {&SMALL_TOO_BUSY, "too many"},
    .reserved = {&SW_VALIDATION_EXCEPTION, "{key} is reserved", "Key"},
    .missing = {&SMALL_THING_NOT_FOUND, "nothing has them"},
    .bad_arn = {&SMALL_THING_NOT_FOUND, "{ref} is none"},
};
const SwResource small_idea_resource = {
    .name = "idea",
    .service = "little",
    .api = &small_api,
    .plural = "ideas",
    .does = {
        [SW_VERB_USE] = (const uint16_t[]){SMALL_PUT_THING, SW_NO_OPERATION},
    },
    .part = {{"name"}},
    .n_part = 1,
    .id = "{name*}",
    .arn = (const char *const[]){"arn:aws:little:::idea/{name:path}", NULL},
    .reference = (const char *const[]){NULL},
    .named = idea_named,
    .n_named = SW_N(idea_named),
};

static const SwTagOperation tagging[] = {
    {SMALL_PUT_THING, SW_TAG_SET, {.n = 1, .at = {0}}, {.n = 1, .at = {3}}, .replaces = true, .says = {.n = 1, .at = {2}}, .text = "x"},
};
static const SwInputWay passes[] = {
    {SMALL_PUT_THING, {.n = 1, .at = {0}}, "little.amazonaws.com"},
};
static const SwInputWay conditions[] = {
    {SMALL_PUT_THING, {.n = 1, .at = {0}}, "little:Name"},
    {SMALL_PUT_THING, {.n = 1, .at = {0}}, "little:Thing", &small_thing_resource},
};
const SwDeclarations small_declarations = {
    .resource = (const SwResource *const[]){&small_thing_resource, &small_kept_resource, &small_idea_resource, NULL},
    .passes = passes,
    .n_passes = SW_N(passes),
    .conditions = conditions,
    .n_conditions = SW_N(conditions),
    .tagging = tagging,
    .n_tagging = SW_N(tagging),
};

int small_put_thing(SwCtx *cx, const SmallPutThingRequest *in, SmallThing *out, SwError *err) {
    return sw_op_setting_put(cx, &small_thing_resource, SMALL_THING_SETTING_STATE, in, out, err);
}

int small_list_things(SwCtx *cx, const SmallListThingsRequest *in, SmallListThingsResponse *out, SwError *err) {
    return sw_op_setting_get(cx, &small_thing_resource, SMALL_THING_SETTING_STATE, in, out, err);
}

int small_touch_thing(SwCtx *cx, const SmallChoice *in, void *out, SwError *err) {
    return sw_op_setting_delete(cx, &small_thing_resource, SMALL_THING_SETTING_STATE, in, out, err);
}

int small_show_thing(SwCtx *cx, const SmallListThingsRequest *in, SmallThing *out, SwError *err) {
    return sw_op_setting_get(cx, &small_thing_resource, SMALL_THING_SETTING_OWNER, in, out, err);
}
