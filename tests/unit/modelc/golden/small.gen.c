/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from the model of small; changes belong there. */

#include "models/small.gen.h"

static const SwShape s_small_text;
static const SwShape s_small_texts;
static const SwShape s_small_thing_list;
static const SwShape s_small_thing_map;
static const SwShape s_small_counts;
static const SwShape s_small_count;
static const SwShape s_small_grid;
static const SwShape s_small_time;
static const SwShape s_small_kind;
static const SwShape s_small_any;
static const SwShape s_small_ratio;
static const SwShape s_small_big;
static const SwShape s_small_body;
static const SwShape s_small_flag;
static const SwShape s_small_secret;
static const SwShape s_small_text_map;
static const SwShape s_small_body_stream;

static const SwMember m_small_shape_choice[] = {
    {.name = "text", .shape = &s_small_text, .offset = offsetof(SmallChoice, text)},
    {.name = "thing", .shape = &small_shape_thing, .offset = offsetof(SmallChoice, thing)},
};
const SwShape small_shape_choice = {.name = "Choice", .kind = SW_UNION, .size = sizeof(SmallChoice), .flags = SW_REFUSES, .member = m_small_shape_choice, .n_member = 2};
static const SwShape s_small_text = {.name = "Text", .kind = SW_STRING, .size = sizeof(SwStr), .flags = SW_HAS_MIN | SW_HAS_MAX, .min = 0, .max = 100};
static const SwMember m_small_shape_thing[] = {
    {.name = "VPCId", .shape = &s_small_text, .offset = offsetof(SmallThing, vpc_id), .flags = SW_REQUIRED},
    {.name = "ACLs", .shape = &s_small_texts, .offset = offsetof(SmallThing, acls), .flags = SW_FLATTENED},
    {.name = "Parts", .shape = &s_small_thing_list, .offset = offsetof(SmallThing, parts)},
    {.name = "ByName", .shape = &s_small_thing_map, .offset = offsetof(SmallThing, by_name)},
    {.name = "Owner", .shape = &small_shape_thing, .offset = offsetof(SmallThing, owner)},
    {.name = "Counts", .shape = &s_small_counts, .offset = offsetof(SmallThing, counts)},
    {.name = "Grid", .shape = &s_small_grid, .offset = offsetof(SmallThing, grid)},
    {.name = "Made", .query = "MadeAt", .shape = &s_small_time, .offset = offsetof(SmallThing, made), .xml_ns = "http://time/", .xml_prefix = "t"},
    {.name = "Kind", .shape = &s_small_kind, .offset = offsetof(SmallThing, kind), .flags = SW_XML_ATTRIBUTE, .refused = &(const SwRefused){.why = "only these kinds exist", .unless = (const char *const[]){"EC2", "s3:Put:*", NULL}}},
    {.name = "Any", .shape = &s_small_any, .offset = offsetof(SmallThing, any)},
    {.name = "Empty", .shape = &small_shape_empty, .offset = offsetof(SmallThing, empty), .refused = &(const SwRefused){.why = "nothing is empty here"}},
    {.name = "Ratio", .shape = &s_small_ratio, .offset = offsetof(SmallThing, ratio), .refused = &(const SwRefused){.why = "ratios have no effect"}},
    {.name = "Big", .shape = &s_small_big, .offset = offsetof(SmallThing, big)},
    {.name = "ChecksumCRC32C", .shape = &s_small_body, .offset = offsetof(SmallThing, checksum_crc32c)},
};
const SwShape small_shape_thing = {.name = "Thing", .kind = SW_STRUCTURE, .size = sizeof(SmallThing), .flags = SW_REFUSES, .member = m_small_shape_thing, .n_member = 14, .xml_name = "TheThing", .xml_ns = "http://thing/"};
static const SwMember m_s_small_texts[] = {
    {.name = "member", .wire = "item", .shape = &s_small_text},
};
static const SwShape s_small_texts = {.name = "Texts", .kind = SW_LIST, .size = sizeof(SwStrList), .member = m_s_small_texts, .n_member = 1};
static const SwMember m_s_small_thing_list[] = {
    {.name = "member", .shape = &small_shape_thing},
};
static const SwShape s_small_thing_list = {.name = "ThingList", .kind = SW_LIST, .size = sizeof(SmallThingList), .flags = SW_SHAPE_FLATTENED | SW_REFUSES, .member = m_s_small_thing_list, .n_member = 1};
static const SwMember m_s_small_thing_map[] = {
    {.name = "key", .shape = &s_small_text},
    {.name = "value", .shape = &small_shape_thing, .offset = offsetof(SmallThingMapEntry, value)},
};
static const SwShape s_small_thing_map = {.name = "ThingMap", .kind = SW_MAP, .size = sizeof(SmallThingMap), .flags = SW_REFUSES, .member = m_s_small_thing_map, .n_member = 2, .value_offset = offsetof(SmallThingMapEntry, value), .entry_size = sizeof(SmallThingMapEntry)};
static const SwMember m_s_small_counts[] = {
    {.name = "member", .shape = &s_small_count},
};
static const SwShape s_small_counts = {.name = "Counts", .kind = SW_LIST, .size = sizeof(SwIntList), .member = m_s_small_counts, .n_member = 1};
static const SwShape s_small_count = {.name = "Count", .kind = SW_INTEGER, .size = sizeof(SwOptInt), .flags = SW_HAS_MIN | SW_HAS_MAX, .min = 1, .max = 10};
static const SwMember m_s_small_grid[] = {
    {.name = "member", .shape = &s_small_texts},
};
static const SwShape s_small_grid = {.name = "Grid", .kind = SW_LIST, .size = sizeof(SmallStrListList), .member = m_s_small_grid, .n_member = 1};
static const SwShape s_small_time = {.name = "Time", .kind = SW_TIMESTAMP, .size = sizeof(SwOptTime), .timestamp = SW_TS_ISO8601};
static const SwShape s_small_kind = {.name = "Kind", .kind = SW_STRING, .size = sizeof(SwStr), .enum_values = (const char *const[]){"EC2", "m5.large", "s3:Put:*", "", "m5_large", NULL}};
static const SwShape s_small_any = {.name = "Any", .kind = SW_DOCUMENT, .size = sizeof(const SwValue *)};
const SwShape small_shape_empty = {.name = "Empty", .kind = SW_STRUCTURE, .size = sizeof(SmallEmpty)};
static const SwShape s_small_ratio = {.name = "Ratio", .kind = SW_DOUBLE, .size = sizeof(SwOptDouble), .flags = SW_HAS_MIN, .fmin = 0.5};
static const SwShape s_small_big = {.name = "Big", .kind = SW_LONG, .size = sizeof(SwOptInt), .flags = SW_HAS_MIN, .min = INT64_MIN};
static const SwShape s_small_body = {.name = "Body", .kind = SW_BLOB, .size = sizeof(SwStr)};
static const SwMember m_small_shape_list_things_request[] = {
    {.name = "Max", .shape = &s_small_count, .offset = offsetof(SmallListThingsRequest, max)},
    {.name = "Marker", .shape = &s_small_text, .offset = offsetof(SmallListThingsRequest, marker)},
};
const SwShape small_shape_list_things_request = {.name = "ListThingsRequest", .kind = SW_STRUCTURE, .size = sizeof(SmallListThingsRequest), .member = m_small_shape_list_things_request, .n_member = 2};
static const SwMember m_small_shape_list_things_response[] = {
    {.name = "Names", .shape = &s_small_texts, .offset = offsetof(SmallListThingsResponse, names)},
    {.name = "Others", .shape = &s_small_texts, .offset = offsetof(SmallListThingsResponse, others)},
    {.name = "IsTruncated", .shape = &s_small_flag, .offset = offsetof(SmallListThingsResponse, is_truncated)},
    {.name = "NextMarker", .shape = &s_small_text, .offset = offsetof(SmallListThingsResponse, next_marker)},
};
const SwShape small_shape_list_things_response = {.name = "ListThingsResponse", .kind = SW_STRUCTURE, .size = sizeof(SmallListThingsResponse), .member = m_small_shape_list_things_response, .n_member = 4};
static const SwShape s_small_flag = {.name = "Flag", .kind = SW_BOOLEAN, .size = sizeof(SwOptBool)};
static const SwMember m_small_shape_note[] = {
    {.name = "text", .shape = &s_small_text, .offset = offsetof(SmallNote, text)},
};
const SwShape small_shape_note = {.name = "Note", .kind = SW_STRUCTURE, .size = sizeof(SmallNote), .member = m_small_shape_note, .n_member = 1};
static const SwMember m_small_shape_put_thing_request[] = {
    {.name = "Name", .shape = &s_small_text, .offset = offsetof(SmallPutThingRequest, name), .flags = SW_REQUIRED, .location = SW_IN_URI},
    {.name = "default", .wire = "d", .shape = &s_small_flag, .offset = offsetof(SmallPutThingRequest, default_), .location = SW_IN_QUERY, .refused = &(const SwRefused){.why = "nothing is empty here"}},
    {.name = "IPv6Address", .wire = "x-address", .shape = &s_small_secret, .offset = offsetof(SmallPutThingRequest, ipv6_address), .location = SW_IN_HEADER},
    {.name = "Meta", .wire = "x-meta-", .shape = &s_small_text_map, .offset = offsetof(SmallPutThingRequest, meta), .location = SW_IN_HEADERS},
    {.name = "ClientToken", .shape = &s_small_text, .offset = offsetof(SmallPutThingRequest, client_token), .flags = SW_IDEMPOTENCY_TOKEN},
    {.name = "Body", .shape = &s_small_body_stream, .offset = offsetof(SmallPutThingRequest, body), .location = SW_IN_PAYLOAD},
};
const SwShape small_shape_put_thing_request = {.name = "PutThingRequest", .kind = SW_STRUCTURE, .size = sizeof(SmallPutThingRequest), .flags = SW_REFUSES, .member = m_small_shape_put_thing_request, .n_member = 6, .payload = "Body"};
static SwPatternSlot p_s_small_secret;
static const SwShape s_small_secret = {.name = "Secret", .kind = SW_STRING, .size = sizeof(SwStr), .flags = SW_SENSITIVE, .pattern = "[\\w\"]+\303\251", .pattern_slot = &p_s_small_secret};
static const SwMember m_s_small_text_map[] = {
    {.name = "key", .shape = &s_small_text},
    {.name = "value", .shape = &s_small_text, .offset = offsetof(SwStrPair, value)},
};
static const SwShape s_small_text_map = {.name = "TextMap", .kind = SW_MAP, .size = sizeof(SwStrMap), .member = m_s_small_text_map, .n_member = 2, .value_offset = offsetof(SwStrPair, value), .entry_size = sizeof(SwStrPair)};
static const SwShape s_small_body_stream = {.name = "Body", .kind = SW_STREAM, .size = sizeof(SwStream)};
static const SwMember m_small_shape_thing_not_found[] = {
    {.name = "message", .shape = &s_small_text, .offset = offsetof(SmallThingNotFound, message)},
};
const SwShape small_shape_thing_not_found = {.name = "ThingNotFound", .kind = SW_STRUCTURE, .size = sizeof(SmallThingNotFound), .flags = SW_EXCEPTION, .member = m_small_shape_thing_not_found, .n_member = 1, .error = &SMALL_THING_NOT_FOUND};
static const SwMember m_small_shape_things[] = {
    {.name = "Things", .shape = &s_small_thing_list, .offset = offsetof(SmallThings, things)},
};
const SwShape small_shape_things = {.name = "Things", .kind = SW_STRUCTURE, .size = sizeof(SmallThings), .flags = SW_REFUSES, .member = m_small_shape_things, .n_member = 1};

const SwErrorKind SMALL_THING_NOT_FOUND = {.code = "ThingNotFound", .http = 404, .shape = &small_shape_thing_not_found, .query_code = "Small.NonExistentThing"};
const SwErrorKind SMALL_TOO_BUSY = {.code = "TooBusy", .http = 503, .retryable = true};

static const SwErrorKind *const errors[] = {
    &SMALL_THING_NOT_FOUND,
    &SMALL_TOO_BUSY,
    NULL,
};

static const SwErrorKind *const e_describe_things[] = {NULL};
static const SwErrorKind *const e_get_ticket[] = {NULL};
static const SwErrorKind *const e_list_things[] = {NULL};
static const SwPaging g_list_things = {.token = &m_small_shape_list_things_request[1], .limit = &m_small_shape_list_things_request[0], .next = &m_small_shape_list_things_response[3], .more = &m_small_shape_list_things_response[2], .result = {&m_small_shape_list_things_response[0], &m_small_shape_list_things_response[1]}};
static const SwErrorKind *const e_put_thing[] = {&SMALL_THING_NOT_FOUND, NULL};
static const SwErrorKind *const e_show_thing[] = {NULL};
static const SwErrorKind *const e_touch_thing[] = {NULL};

static const SwOperation operations[] = {
    {.name = "DescribeThings", .method = "POST", .uri = "/", .index = SMALL_DESCRIBE_THINGS, .flags = SW_OP_READ,
     .status = 200, .output = &small_shape_things, .result_wrapper = "DescribeThingsResult", .iam_action = "little:DescribeThings",
     .error = e_describe_things},
    {.name = "GetTicket", .method = "POST", .uri = "/", .index = SMALL_GET_TICKET,
     .status = 200, .iam_action = "little:GetTicket",
     .error = e_get_ticket},
    {.name = "ListThings", .method = "POST", .uri = "/", .index = SMALL_LIST_THINGS, .flags = SW_OP_READ,
     .status = 200, .input = &small_shape_list_things_request, .output = &small_shape_list_things_response, .result_wrapper = "ListThingsResult", .iam_action = "little:ListThings", .page = &g_list_things,
     .error = e_list_things},
    {.name = "PutThing", .method = "PUT", .uri = "/things/{Name+}", .index = SMALL_PUT_THING, .flags = SW_OP_STREAM_IN | SW_OP_CHECKSUM | SW_OP_CHECKSUM_REQUIRED,
     .status = 201, .input = &small_shape_put_thing_request, .output = &small_shape_thing, .result_wrapper = "PutThingResult", .iam_action = "little:WriteThing",
     .error = e_put_thing},
    {.name = "ShowThing", .method = "POST", .uri = "/", .index = SMALL_SHOW_THING,
     .status = 200, .input = &small_shape_list_things_request, .output = &small_shape_thing, .result_wrapper = "ShowThingResult", .iam_action = "little:ShowThing",
     .error = e_show_thing},
    {.name = "TouchThing", .method = "POST", .uri = "/", .index = SMALL_TOUCH_THING, .flags = SW_OP_READ | SW_OP_NO_AUTH,
     .status = 200, .input = &small_shape_choice, .iam_action = "little:TouchThing",
     .error = e_touch_thing},
};

static const SwOperation others[] = {
    {.name = "DropThing", .method = "DELETE", .uri = "/things/{Name+}?drop", .index = SMALL_OP_MAX, .needs = (const SwNeed[]){{"why", SW_IN_QUERY}, {"x-signature", SW_IN_HEADER}, {0}}},
    {.name = "PutOther", .method = "POST", .uri = "/", .index = SMALL_OP_MAX},
};

const SwApi small_api = {
    .name = "small", .sign_name = "small", .endpoint_prefix = "small", .target_prefix = "Small_20261121", .version = "2026-11-21", .service_id = "Small", .xml_ns = "http://small.example/doc/",
    .protocols = SW_JSON_1_0 | SW_QUERY, .protocol = SW_JSON_1_0, .query_compatible = true,
    .other = others, .n_other = sizeof(others) / sizeof(*others),
    .op = operations, .n_op = SMALL_OP_MAX, .error = errors,
};
