/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from the model of small's records; changes belong there. */

#include "models/small_records.gen.h"

static const SwShape r_small_name;
static const SwShape s_small_thing_list;
static const SwShape s_small_text_map;
static const SwShape s_small_text;
static const SwShape r_small_requests;
static const SwShape r_small_steps;
static const SwShape s_small_flag;
static const SwShape r_small_at;
static const SwShape r_small_state;

static const SwMember m_small_shape_thing_record[] = {
    {.name = "account", .shape = &r_small_name, .offset = offsetof(SmallThingRecord, account), .flags = SW_REQUIRED},
    {.name = "thing", .shape = &small_shape_thing, .offset = offsetof(SmallThingRecord, thing), .flags = SW_REQUIRED},
    {.name = "history", .shape = &s_small_thing_list, .offset = offsetof(SmallThingRecord, history)},
    {.name = "tags", .shape = &s_small_text_map, .offset = offsetof(SmallThingRecord, tags)},
    {.name = "requests", .shape = &r_small_requests, .offset = offsetof(SmallThingRecord, requests)},
    {.name = "steps", .shape = &r_small_steps, .offset = offsetof(SmallThingRecord, steps)},
    {.name = "note", .shape = &small_shape_note, .offset = offsetof(SmallThingRecord, note)},
    {.name = "at", .shape = &r_small_at, .offset = offsetof(SmallThingRecord, at)},
    {.name = "state", .shape = &r_small_state, .offset = offsetof(SmallThingRecord, state)},
};
const SwShape small_shape_thing_record = {.name = "ThingRecord", .kind = SW_STRUCTURE, .size = sizeof(SmallThingRecord), .member = m_small_shape_thing_record, .n_member = 9};
static const SwShape r_small_name = {.name = "Name", .kind = SW_STRING, .size = sizeof(SwStr), .flags = SW_HAS_MIN, .min = 1};
static const SwMember m_s_small_thing_list[] = {
    {.name = "member", .shape = &small_shape_thing},
};
static const SwShape s_small_thing_list = {.name = "ThingList", .kind = SW_LIST, .size = sizeof(SmallThingList), .flags = SW_SHAPE_FLATTENED | SW_REFUSES, .member = m_s_small_thing_list, .n_member = 1};
static const SwMember m_s_small_text_map[] = {
    {.name = "key", .shape = &s_small_text},
    {.name = "value", .shape = &s_small_text, .offset = offsetof(SwStrPair, value)},
};
static const SwShape s_small_text_map = {.name = "TextMap", .kind = SW_MAP, .size = sizeof(SwStrMap), .member = m_s_small_text_map, .n_member = 2, .value_offset = offsetof(SwStrPair, value), .entry_size = sizeof(SwStrPair)};
static const SwShape s_small_text = {.name = "Text", .kind = SW_STRING, .size = sizeof(SwStr), .flags = SW_HAS_MIN | SW_HAS_MAX, .min = 0, .max = 100};
static const SwMember m_r_small_requests[] = {
    {.name = "key", .shape = &r_small_name},
    {.name = "value", .shape = &small_shape_put_thing_request, .offset = offsetof(SmallPutThingRequestMapEntry, value)},
};
static const SwShape r_small_requests = {.name = "Requests", .kind = SW_MAP, .size = sizeof(SmallPutThingRequestMap), .member = m_r_small_requests, .n_member = 2, .value_offset = offsetof(SmallPutThingRequestMapEntry, value), .entry_size = sizeof(SmallPutThingRequestMapEntry)};
static const SwMember m_r_small_steps[] = {
    {.name = "member", .shape = &small_shape_step},
};
static const SwShape r_small_steps = {.name = "Steps", .kind = SW_LIST, .size = sizeof(SmallStepList), .member = m_r_small_steps, .n_member = 1};
static const SwMember m_small_shape_step[] = {
    {.name = "name", .shape = &r_small_name, .offset = offsetof(SmallStep, name)},
    {.name = "done", .shape = &s_small_flag, .offset = offsetof(SmallStep, done)},
};
const SwShape small_shape_step = {.name = "Step", .kind = SW_STRUCTURE, .size = sizeof(SmallStep), .member = m_small_shape_step, .n_member = 2};
static const SwShape s_small_flag = {.name = "Flag", .kind = SW_BOOLEAN, .size = sizeof(SwOptBool)};
static const SwShape r_small_at = {.name = "At", .kind = SW_TIMESTAMP, .size = sizeof(SwOptTime)};
static const SwShape r_small_state = {.name = "State", .kind = SW_STRING, .size = sizeof(SwStr), .enum_values = (const char *const[]){"NEW", "DONE", NULL}};

const SwEventType small_event_step_change = {"aws.small", "Step \"State\" Change", &small_shape_step};
const SwEventType small_event_thing_made = {"aws.small", "Thing Made", &small_shape_thing};
_Static_assert(sizeof(SmallThingRecordRow) == sizeof(SwDocRow) &&
                   offsetof(SmallThingRecordRow, record) == offsetof(SwDocRow, record),
               "rows are SwDocRow");
const SwCollection small_things = {
    .name = "small/thing",
    .scope = SW_SCOPE_REGION,
    .shape = &small_shape_thing_record,
    .indexes = {
        {.name = "by_state", .member = {"state", "at"}},
        {.name = "by_step", .member = {"account", "steps.name", "thing.VPCId"}, .unique = true},
        {.name = "by_done", .member = {"steps.done"}, .sparse = true},
    },
};
const SwCollection small_kept = {
    .name = "small/kept",
    .scope = SW_SCOPE_ACCOUNT,
    .shape = &small_shape_thing_record,
};
_Static_assert(sizeof(SmallStepRow) == sizeof(SwDocRow) &&
                   offsetof(SmallStepRow, record) == offsetof(SwDocRow, record),
               "rows are SwDocRow");
const SwCollection small_steps = {
    .name = "small/step",
    .scope = SW_SCOPE_GLOBAL,
    .shape = &small_shape_step,
};
const SwCollection *const small_collections[] = {&small_things, &small_kept, &small_steps, NULL};
