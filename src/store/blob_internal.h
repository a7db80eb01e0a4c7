/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the blobs' own files share: blob.c (written, parked, read) and blob_refs.c (who keeps them, and their end). */

#include "store/internal.h"

typedef struct SwHashes { /* of one upload, in an arena of their own: they outlive requests */
    SwArena *arena;
    unsigned extra;
    SwDigest *d[_SW_DIGEST_KIND_MAX]; /* [SW_SHA256] always */
} SwHashes;

#define SW_PARKED_MAX 256 /* digests kept; older ones are computed again */

typedef struct SwParked {
    char key[65]; /* "": free */
    bool busy;    /* a writer has it */
    int64_t size, used_ns;
    SwHashes hashes; /* arena NULL: not known */
} SwParked;

/* Folders whose names must be on the disk before anybody says that what lies in them is stored: sha256/00 to ff, and sha256. */
#define SW_BLOB_FOLDERS 257
#define SW_BLOB_ROOT    256

struct SwBlobs {
    SwArena *arena;
    SwStore *store;
    const char *dir, *tmp, *parked, *trash;
    pthread_mutex_t lock;
    SwParked table[SW_PARKED_MAX];
    /* By folder: names that were made in it, and how many of these its last fsync had before it. One more than 0 at the start:
     * what a killed process left may not be there yet. */
    uint64_t made[SW_BLOB_FOLDERS], synced[SW_BLOB_FOLDERS];
    pthread_t sweeper; /* empties the trash after a reset */
    bool sweeping;
};

bool sw_blob_is_digest(SwStr s); /* 64 small hexadecimal digits */
