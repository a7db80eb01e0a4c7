/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from the model of small's records; changes belong there. */
#pragma once

#include "shape/call.h"
#include "models/small.gen.h"

typedef struct SmallThingRecord SmallThingRecord;
typedef struct SmallStep SmallStep;
typedef struct SmallStepList SmallStepList;
typedef struct SmallPutThingRequestMap SmallPutThingRequestMap;
typedef struct SmallPutThingRequestMapEntry SmallPutThingRequestMapEntry;

struct SmallStepList { SmallStep *v; size_t n; };
struct SmallPutThingRequestMap { SmallPutThingRequestMapEntry *v; size_t n; };

struct SmallThingRecord {
    SwStr account;
    SmallThing *thing;
    SmallThingList history;
    SwStrMap tags;
    SmallPutThingRequestMap requests;
    SmallStepList steps;
    SmallNote *note;
    SwOptTime at;
    SwStr state;
};

struct SmallStep {
    SwStr name;
    SwOptBool done;
};

struct SmallPutThingRequestMapEntry {
    SwStr key;
    SmallPutThingRequest value;
};

#define SMALL_STATE_NEW SW_STR("NEW")
#define SMALL_STATE_DONE SW_STR("DONE")

extern const SwShape small_shape_thing_record;
extern const SwShape small_shape_step;


extern const SwEventType small_event_step_change;
extern const SwEventType small_event_thing_made;
