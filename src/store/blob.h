/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Blobs: content-addressed files (SHA-256), shared by S3 objects, image layers, artifacts and caches, so that equal
 * bytes exist once. <dir>/blobs/sha256/ab/abcdef...; a blob exists under its name only when it is complete and fsynced.
 *
 * Who keeps a blob alive: references, rows (digest, owner) written in the same transaction as the document that uses
 * it. sw_blob_collect removes blobs without a reference that are older than an hour of real time.
 *
 * Threads: SwBlobs any; a writer belongs to one thread. */

#include "base/digest.h"
#include "store/store.h"

typedef struct SwBlobs SwBlobs;
typedef struct SwBlobWriter SwBlobWriter;

int sw_blobs_open(const char *dir, SwStore *s, SwBlobs **ret_b, SwError *err) sw_must_check;
void sw_blobs_close(SwBlobs *b);
int sw_blobs_reset(SwBlobs *b, SwError *err) sw_must_check;

/* Write: begin, add any number of times, then commit or let the arena's end discard it. `extra` digests are computed
 * beside SHA-256 (bit 1 << SW_MD5 ...). */
int sw_blob_begin(SwBlobs *b, SwArena *a, unsigned extra, SwBlobWriter **ret_w, SwError *err) sw_must_check;
int sw_blob_add(SwBlobWriter *w, const void *p, size_t n, SwError *err) sw_must_check;
typedef struct SwBlobInfo {
    SwStr digest; /* 64 hexadecimal digits of SHA-256 */
    int64_t size;
    SwStr extra[_SW_DIGEST_KIND_MAX]; /* raw bytes of what was asked for */
} SwBlobInfo;
int sw_blob_commit(SwBlobWriter *w, SwBlobInfo *ret_i, SwError *err) sw_must_check; /* durable when it returns */
/* An upload that was parked stays what it was when last parked until sw_blob_discard, which is for when all that is made of the
 * blob is stored. */
/* Position in the middle of an upload that goes on in another request (registry PATCH): the writer is parked under a
 * name that survives a restart, and picked up again, digests included. */
int sw_blob_park(SwBlobWriter *w, SwStr name, int64_t *ret_size, SwError *err) sw_must_check;
int sw_blob_unpark(SwBlobs *b, SwArena *a, SwStr name, unsigned extra, SwBlobWriter **ret_w, int64_t *ret_size,
                   SwError *err) sw_must_check; /* *ret_w NULL: none */
/* How much of a parked upload there is, without taking it up; -1: there is none. *ret_busy: a writer has it now. */
int64_t sw_blob_parked(SwBlobs *b, SwStr name, bool *ret_busy);
/* Gives a writer up now rather than when its arena ends: what was parked is as it was, and free for the next. */
void sw_blob_drop(SwBlobWriter *w);
int sw_blob_discard(SwBlobs *b, SwStr name, SwError *err) sw_must_check;

int sw_blob_put(SwBlobs *b, SwArena *a, SwStr data, SwBlobInfo *ret_i, SwError *err) sw_must_check;
int sw_blob_open(SwBlobs *b, SwStr digest, int *ret_fd, int64_t *ret_size, SwError *err) sw_must_check; /* *ret_fd -1: absent */
bool sw_blob_exists(SwBlobs *b, SwStr digest, int64_t *ret_size);
const char *sw_blob_path(SwBlobs *b, SwArena *a, SwStr digest);
/* Adopt a finished file (a spooled request body) as a blob without copying; `info` from its digests. */
int sw_blob_adopt(SwBlobs *b, const char *path, const SwBlobInfo *info, SwError *err) sw_must_check;

int sw_blob_ref(SwTx *tx, SwStr digest, SwStr owner, SwError *err) sw_must_check; /* owner: "s3/BUCKET/KEY/VERSION" */
int sw_blob_unref(SwTx *tx, SwStr digest, SwStr owner, SwError *err) sw_must_check;
int sw_blob_collect(SwBlobs *b, int64_t *ret_removed, SwError *err) sw_must_check;
