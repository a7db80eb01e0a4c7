/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether a store agrees with itself: for tests that kill the server, and for whoever doubts a disk. Reads everything,
 * changes nothing. Threads: as the transaction's. */

#include "store/blob.h"

/* What the program knows; a row of anything else is a finding. All are NULL-terminated. */
typedef struct SwStoreKnown {
    const SwCollection *const *collections;
    const char *const *controllers;
    const char *const *listeners;
} SwStoreKnown;

/* Each finding is a sentence, in the transaction's arena; none: all is well. -1: it could not be looked at.
 *   - the database's pages and its own indexes are whole
 *   - each document reads by its shape; its index entries, kept and in rows, are those that its record has; a unique
 *     index has no value twice; no entry is left of a document that is gone
 *   - each blob that is referred to is there, and its bytes are those that its name says
 *   - work is for controllers that exist, and events are due to listeners that exist
 *   - buckets belong to a series, log events to a stream, streams to a group */
int sw_store_check(SwTx *tx, SwBlobs *b, const SwStoreKnown *k, SwStrList *ret_findings, SwError *err) sw_must_check;
