/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from models/resources/small.json; changes belong there. */
#include "models/small_resources.gen.h"
#include "resource/cfn.h"

const SwTagRules small_tag_rules = {
    .max = 5,
    .by_id = true,
    .too_many = {&SMALL_TOO_BUSY, "too many"},
    .reserved = {&SW_VALIDATION_EXCEPTION, "{key} is reserved", "Key"},
    .missing = {&SMALL_THING_NOT_FOUND, "nothing has them"},
};
static const SwNamed thing_named[] = {
    {SMALL_PUT_THING, {.n = 1, .at = {0}}},
};
extern const SwErrorKind small_taken;
const SwResource small_thing_resource = {
    .name = "thing",
    .service = "little",
    .api = &small_api,
    .in = &small_things,
    .plural = "things",
    .list = SMALL_PUT_THING,
    .part = {{"box", "main"}, {"name"}},
    .n_part = 2,
    .id = "{box}/{name:lower}",
    .arn = (const char *const[]){"arn:aws:little:{region}:{account}:thing/{box}/{name*}", "arn:aws:little:{region}:{account}:old/{name*}", NULL},
    .reference = (const char *const[]){"{name*}", NULL},
    .account_at = {.n = 1, .at = {0}},
    .state_at = {.n = 1, .at = {8}},
    .created_at = {.n = 1, .at = {7}},
    .tags_at = {.n = 1, .at = {3}},
    .tag_rules = &small_tag_rules,
    .missing = {&SMALL_THING_NOT_FOUND, "No '{name}' in {box}"},
    .exists = {&small_taken, "taken"},
    .named = thing_named,
    .n_named = SW_N(thing_named),
    .hooks = &small_thing_hooks,
};

static const SwNamed idea_named[] = {
    {SMALL_PUT_THING, {.n = 1, .at = {0}}, .with[0] = {.n = 1, .at = {0}}},
};
const SwResource small_idea_resource = {
    .name = "idea",
    .service = "little",
    .api = &small_api,
    .plural = "ideas",
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
    .resource = (const SwResource *const[]){&small_thing_resource, &small_idea_resource, NULL},
    .passes = passes,
    .n_passes = SW_N(passes),
    .conditions = conditions,
    .n_conditions = SW_N(conditions),
    .tagging = tagging,
    .n_tagging = SW_N(tagging),
};
