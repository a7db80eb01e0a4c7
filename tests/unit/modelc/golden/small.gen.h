/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from the model of small; changes belong there. */
#pragma once

#include "shape/call.h"

typedef struct SmallChoice SmallChoice;
typedef struct SmallEmpty SmallEmpty;
typedef struct SmallListThingsRequest SmallListThingsRequest;
typedef struct SmallListThingsResponse SmallListThingsResponse;
typedef struct SmallNote SmallNote;
typedef struct SmallPutThingRequest SmallPutThingRequest;
typedef struct SmallThing SmallThing;
typedef struct SmallThingNotFound SmallThingNotFound;
typedef struct SmallThings SmallThings;
typedef struct SmallStrListList SmallStrListList;
typedef struct SmallThingList SmallThingList;
typedef struct SmallThingMap SmallThingMap;
typedef struct SmallThingMapEntry SmallThingMapEntry;

struct SmallStrListList { SwStrList *v; size_t n; };
struct SmallThingList { SmallThing *v; size_t n; };
struct SmallThingMap { SmallThingMapEntry *v; size_t n; };

struct SmallChoice {
    SwStr text;
    SmallThing *thing;
};

struct SmallEmpty {
    char none_;                         /* the model has no members */
};

struct SmallListThingsRequest {
    SwOptInt max;
    SwStr marker;
};

struct SmallListThingsResponse {
    SwStrList names;
    SwStrList others;
    SwOptBool is_truncated;
    SwStr next_marker;
};

struct SmallNote {
    SwStr text;
};

struct SmallPutThingRequest {
    SwStr name;
    SwOptBool default_;
    SwStr ipv6_address;
    SwStrMap meta;
    SwStr client_token;
    SwStream body;
};

struct SmallThing {
    SwStr vpc_id;
    SwStrList acls;
    SmallThingList parts;
    SmallThingMap by_name;
    SmallThing *owner;
    SwIntList counts;
    SmallStrListList grid;
    SwOptTime made;
    SwStr kind;
    const SwValue *any;
    SmallEmpty *empty;
    SwOptDouble ratio;
    SwOptInt big;
    SwStr checksum_crc32c;
};

struct SmallThingNotFound {
    SwStr message;
};

struct SmallThings {
    SmallThingList things;
};

struct SmallThingMapEntry {
    SwStr key;
    SmallThing value;
};

#define SMALL_KIND_EC2 SW_STR("EC2")
#define SMALL_KIND_M5_LARGE SW_STR("m5.large")
#define SMALL_KIND_S3_PUT_ALL SW_STR("s3:Put:*")
#define SMALL_KIND_EMPTY SW_STR("")
#define SMALL_KIND_M5_LARGE_ SW_STR("m5_large")

extern const SwShape small_shape_choice;
extern const SwShape small_shape_empty;
extern const SwShape small_shape_list_things_request;
extern const SwShape small_shape_list_things_response;
extern const SwShape small_shape_note;
extern const SwShape small_shape_put_thing_request;
extern const SwShape small_shape_thing;
extern const SwShape small_shape_thing_not_found;
extern const SwShape small_shape_things;

extern const SwErrorKind SMALL_THING_NOT_FOUND;
extern const SwErrorKind SMALL_TOO_BUSY;

enum {
    SMALL_DESCRIBE_THINGS = 0,
    SMALL_GET_TICKET,
    SMALL_LIST_THINGS,
    SMALL_PUT_THING,
    SMALL_SHOW_THING,
    SMALL_TOUCH_THING,
    SMALL_OP_MAX
};

extern const SwApi small_api;

/* Handlers, in services/small/. */
extern const SwHandler small_handlers[]; /* by operation */
int small_describe_things(SwCtx *cx, const void *in, SmallThings *out, SwError *err);
int small_get_ticket(SwCtx *cx, const void *in, void *out, SwError *err);
int small_list_things(SwCtx *cx, const SmallListThingsRequest *in, SmallListThingsResponse *out, SwError *err);
int small_put_thing(SwCtx *cx, const SmallPutThingRequest *in, SmallThing *out, SwError *err);
int small_show_thing(SwCtx *cx, const SmallListThingsRequest *in, SmallThing *out, SwError *err);
int small_touch_thing(SwCtx *cx, const SmallChoice *in, void *out, SwError *err);

/* In-process calls. */
static inline int small_call_describe_things(SwCtx *cx, const void *in, SmallThings **ret_out, SwError *err) {
    return sw_call(cx, &small_api, SMALL_DESCRIBE_THINGS, in, (void **)ret_out, err);
}
static inline int small_call_get_ticket(SwCtx *cx, const void *in, void **ret_out, SwError *err) {
    return sw_call(cx, &small_api, SMALL_GET_TICKET, in, (void **)ret_out, err);
}
static inline int small_call_list_things(SwCtx *cx, const SmallListThingsRequest *in, SmallListThingsResponse **ret_out, SwError *err) {
    return sw_call(cx, &small_api, SMALL_LIST_THINGS, in, (void **)ret_out, err);
}
static inline int small_call_put_thing(SwCtx *cx, const SmallPutThingRequest *in, SmallThing **ret_out, SwError *err) {
    return sw_call(cx, &small_api, SMALL_PUT_THING, in, (void **)ret_out, err);
}
static inline int small_call_show_thing(SwCtx *cx, const SmallListThingsRequest *in, SmallThing **ret_out, SwError *err) {
    return sw_call(cx, &small_api, SMALL_SHOW_THING, in, (void **)ret_out, err);
}
static inline int small_call_touch_thing(SwCtx *cx, const SmallChoice *in, void **ret_out, SwError *err) {
    return sw_call(cx, &small_api, SMALL_TOUCH_THING, in, (void **)ret_out, err);
}
