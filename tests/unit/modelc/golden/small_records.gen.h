/* SPDX-License-Identifier: Apache-2.0 */
/* Made by modelc from the model of small's records; changes belong there. */
#pragma once

#include "shape/call.h"
#include "store/store.h"
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

extern const SwCollection *const small_collections[]; /* NULL-terminated */

typedef struct __attribute__((may_alias)) SmallThingRecordRow {
    SwStr id, account, region, cursor;
    SmallThingRecord *record;
} SmallThingRecordRow;
typedef struct SmallThingRecords {
    SmallThingRecordRow *v;
    size_t n;
    SwStr next;
} SmallThingRecords;

/* "small/thing": by <box>/<name> */
extern const SwCollection small_things;
sw_must_check static inline int small_things_find(SwTx *tx, SwStr id, SmallThingRecord **ret, SwError *err) {
    return sw_doc_find(tx, &small_things, id, (void **)ret, err);
}
sw_must_check static inline int small_things_put(SwTx *tx, SwStr id, const SmallThingRecord *record, SwError *err) {
    return sw_doc_put(tx, &small_things, id, record, err);
}
sw_must_check static inline int small_things_insert(SwTx *tx, SwStr id, const SmallThingRecord *record, bool *ret_inserted, SwError *err) {
    return sw_doc_insert(tx, &small_things, id, record, ret_inserted, err);
}
sw_must_check static inline int small_things_delete(SwTx *tx, SwStr id, bool *ret_existed, SwError *err) {
    return sw_doc_delete(tx, &small_things, id, ret_existed, err);
}
sw_must_check static inline int small_things_delete_all(SwTx *tx, const SwDocQuery *q, SwError *err) {
    return sw_doc_delete_all(tx, &small_things, q, err);
}
sw_must_check static inline int small_things_count(SwTx *tx, const SwDocQuery *q, int64_t *ret_n, SwError *err) {
    return sw_doc_count(tx, &small_things, q, ret_n, err);
}
sw_must_check static inline int small_things_list(SwTx *tx, const SwDocQuery *q, SmallThingRecords *ret, SwError *err) {
    SwDocList l;
    if (sw_doc_list(tx, &small_things, q, &l, err) < 0)
        return -1;
    *ret = (SmallThingRecords){(SmallThingRecordRow *)l.v, l.n, l.next};
    return 0;
}
static inline SmallThingRecord *small_things_row(const SwDocRow *row) {
    return row->record;
}

/* "small/kept" */
extern const SwCollection small_kept;
sw_must_check static inline int small_kept_find(SwTx *tx, SwStr id, SmallThingRecord **ret, SwError *err) {
    return sw_doc_find(tx, &small_kept, id, (void **)ret, err);
}
sw_must_check static inline int small_kept_put(SwTx *tx, SwStr id, const SmallThingRecord *record, SwError *err) {
    return sw_doc_put(tx, &small_kept, id, record, err);
}
sw_must_check static inline int small_kept_insert(SwTx *tx, SwStr id, const SmallThingRecord *record, bool *ret_inserted, SwError *err) {
    return sw_doc_insert(tx, &small_kept, id, record, ret_inserted, err);
}
sw_must_check static inline int small_kept_delete(SwTx *tx, SwStr id, bool *ret_existed, SwError *err) {
    return sw_doc_delete(tx, &small_kept, id, ret_existed, err);
}
sw_must_check static inline int small_kept_delete_all(SwTx *tx, const SwDocQuery *q, SwError *err) {
    return sw_doc_delete_all(tx, &small_kept, q, err);
}
sw_must_check static inline int small_kept_count(SwTx *tx, const SwDocQuery *q, int64_t *ret_n, SwError *err) {
    return sw_doc_count(tx, &small_kept, q, ret_n, err);
}
sw_must_check static inline int small_kept_list(SwTx *tx, const SwDocQuery *q, SmallThingRecords *ret, SwError *err) {
    SwDocList l;
    if (sw_doc_list(tx, &small_kept, q, &l, err) < 0)
        return -1;
    *ret = (SmallThingRecords){(SmallThingRecordRow *)l.v, l.n, l.next};
    return 0;
}
static inline SmallThingRecord *small_kept_row(const SwDocRow *row) {
    return row->record;
}

typedef struct __attribute__((may_alias)) SmallStepRow {
    SwStr id, account, region, cursor;
    SmallStep *record;
} SmallStepRow;
typedef struct SmallSteps {
    SmallStepRow *v;
    size_t n;
    SwStr next;
} SmallSteps;

/* "small/step" */
extern const SwCollection small_steps;
sw_must_check static inline int small_steps_find(SwTx *tx, SwStr id, SmallStep **ret, SwError *err) {
    return sw_doc_find(tx, &small_steps, id, (void **)ret, err);
}
sw_must_check static inline int small_steps_put(SwTx *tx, SwStr id, const SmallStep *record, SwError *err) {
    return sw_doc_put(tx, &small_steps, id, record, err);
}
sw_must_check static inline int small_steps_insert(SwTx *tx, SwStr id, const SmallStep *record, bool *ret_inserted, SwError *err) {
    return sw_doc_insert(tx, &small_steps, id, record, ret_inserted, err);
}
sw_must_check static inline int small_steps_delete(SwTx *tx, SwStr id, bool *ret_existed, SwError *err) {
    return sw_doc_delete(tx, &small_steps, id, ret_existed, err);
}
sw_must_check static inline int small_steps_delete_all(SwTx *tx, const SwDocQuery *q, SwError *err) {
    return sw_doc_delete_all(tx, &small_steps, q, err);
}
sw_must_check static inline int small_steps_count(SwTx *tx, const SwDocQuery *q, int64_t *ret_n, SwError *err) {
    return sw_doc_count(tx, &small_steps, q, ret_n, err);
}
sw_must_check static inline int small_steps_list(SwTx *tx, const SwDocQuery *q, SmallSteps *ret, SwError *err) {
    SwDocList l;
    if (sw_doc_list(tx, &small_steps, q, &l, err) < 0)
        return -1;
    *ret = (SmallSteps){(SmallStepRow *)l.v, l.n, l.next};
    return 0;
}
static inline SmallStep *small_steps_row(const SwDocRow *row) {
    return row->record;
}
