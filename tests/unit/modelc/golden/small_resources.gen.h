/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from models/resources/small.json; changes belong there. */
#pragma once

#include "models/small.gen.h"
#include "models/small_records.gen.h"
#include "resource/resource.h"

extern const SwDeclarations small_declarations;

extern const SwResource small_thing_resource;
extern const SwResourceHooks small_thing_hooks;
enum { /* in its settings */
    SMALL_THING_SETTING_STATE,
    SMALL_THING_SETTING_OWNER,
};
extern const SwSettingHooks small_thing_state_setting;
static inline SwStr small_thing_arn(SwCtx *cx, SwStr box, SwStr name) {
    return sw_resource_write_arn(cx, &small_thing_resource, &(SwParts){.v = {[0] = box, [1] = name}});
}
static inline SmallThingRecord *small_thing_found(const SwFound *f) {
    return f->record;
}
sw_must_check static inline int small_thing_find(SwCtx *cx, SwStr box, SwStr name, SmallThingRecord **ret, SwError *err) {
    return sw_resource_find_parts(cx, &small_thing_resource, &(SwParts){.v = {[0] = box, [1] = name}}, (void **)ret, err);
}
sw_must_check static inline int small_thing_get(SwCtx *cx, SwStr box, SwStr name, SmallThingRecord **ret, SwError *err) {
    return sw_resource_get_parts(cx, &small_thing_resource, &(SwParts){.v = {[0] = box, [1] = name}}, (void **)ret, err);
}
sw_must_check static inline int small_thing_put(SwCtx *cx, SwStr box, SwStr name, const SmallThingRecord *record, SwError *err) {
    return sw_resource_put_parts(cx, &small_thing_resource, &(SwParts){.v = {[0] = box, [1] = name}}, record, err);
}
sw_must_check static inline int small_thing_insert(SwCtx *cx, SwStr box, SwStr name, const SmallThingRecord *record, SwError *err) {
    return sw_resource_insert_parts(cx, &small_thing_resource, &(SwParts){.v = {[0] = box, [1] = name}}, record, err);
}
sw_must_check static inline int small_thing_delete(SwCtx *cx, SwStr box, SwStr name, SwError *err) {
    return sw_resource_delete_parts(cx, &small_thing_resource, &(SwParts){.v = {[0] = box, [1] = name}}, err);
}
sw_must_check static inline int small_thing_set_tags(SwCtx *cx, SwStr box, SwStr name, SmallThingRecord *record, const SwStrMap *given, SwError *err) {
    return sw_resource_set_tags_parts(cx, &small_thing_resource, &(SwParts){.v = {[0] = box, [1] = name}}, record, given, err);
}
sw_must_check static inline int small_thing_replace_tags(SwCtx *cx, SwStr box, SwStr name, SmallThingRecord *record, const SwStrMap *given, SwError *err) {
    return sw_resource_replace_tags_parts(cx, &small_thing_resource, &(SwParts){.v = {[0] = box, [1] = name}}, record, given, err);
}
sw_must_check static inline int small_thing_find_reference(SwCtx *cx, SwStr reference, SmallThingRecord **ret, SwError *err) {
    SwFound f;
    const SwResource *const among[] = {&small_thing_resource, NULL};
    if (sw_resource_find_reference(cx, among[0], reference, &f, err) < 0)
        return -1;
    *ret = f.record;
    return 0;
}
sw_must_check static inline int small_thing_by_reference(SwCtx *cx, SwStr reference, SmallThingRecord **ret, SwError *err) {
    SwFound f;
    const SwResource *const among[] = {&small_thing_resource, NULL};
    if (sw_resource_by_reference(cx, among, reference, &f, err) < 0)
        return -1;
    *ret = f.record;
    return 0;
}

extern const SwResource small_kept_resource;
static inline SmallThingRecord *small_kept_found(const SwFound *f) {
    return f->record;
}
sw_must_check static inline int small_kept_find(SwCtx *cx, SwStr id, SmallThingRecord **ret, SwError *err) {
    return sw_resource_find_parts(cx, &small_kept_resource, &(SwParts){.v = {[0] = id}}, (void **)ret, err);
}
sw_must_check static inline int small_kept_get(SwCtx *cx, SwStr id, SmallThingRecord **ret, SwError *err) {
    return sw_resource_get_parts(cx, &small_kept_resource, &(SwParts){.v = {[0] = id}}, (void **)ret, err);
}
sw_must_check static inline int small_kept_put(SwCtx *cx, SwStr id, const SmallThingRecord *record, SwError *err) {
    return sw_resource_put_parts(cx, &small_kept_resource, &(SwParts){.v = {[0] = id}}, record, err);
}
sw_must_check static inline int small_kept_insert(SwCtx *cx, SwStr id, const SmallThingRecord *record, SwError *err) {
    return sw_resource_insert_parts(cx, &small_kept_resource, &(SwParts){.v = {[0] = id}}, record, err);
}
sw_must_check static inline int small_kept_delete(SwCtx *cx, SwStr id, SwError *err) {
    return sw_resource_delete_parts(cx, &small_kept_resource, &(SwParts){.v = {[0] = id}}, err);
}
sw_must_check static inline int small_kept_find_reference(SwCtx *cx, SwStr reference, SmallThingRecord **ret, SwError *err) {
    SwFound f;
    const SwResource *const among[] = {&small_kept_resource, NULL};
    if (sw_resource_find_reference(cx, among[0], reference, &f, err) < 0)
        return -1;
    *ret = f.record;
    return 0;
}
sw_must_check static inline int small_kept_by_reference(SwCtx *cx, SwStr reference, SmallThingRecord **ret, SwError *err) {
    SwFound f;
    const SwResource *const among[] = {&small_kept_resource, NULL};
    if (sw_resource_by_reference(cx, among, reference, &f, err) < 0)
        return -1;
    *ret = f.record;
    return 0;
}

extern const SwResource small_idea_resource;
extern const SwTagRules small_idea_tag_rules;
static inline SwStr small_idea_arn(SwCtx *cx, SwStr name) {
    return sw_resource_write_arn(cx, &small_idea_resource, &(SwParts){.v = {[0] = name}});
}
