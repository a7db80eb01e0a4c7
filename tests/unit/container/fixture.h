/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A runtime in a data folder of its own, and images FROM scratch made of busybox. Needs root;
 * tests say why they skip. */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "../folder.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/proc.h"
#include "container/container.h"

typedef struct Fixture {
    SwArena *a;
    SwError err;
    SwClock *clock;
    SwRuntime *rt;
    SwRuntimeOpts o;
    char data[TEST_FOLDER], instance[9];
    SwImage busybox;
    SwStr busybox_manifest;
    bool reopened; /* the runtime that made the containers is gone, and their supervisors are no one's */
} Fixture;

/* One entry of a layer. */
typedef struct TarEntry {
    const char *path;
    /* 'f' file, 'd' folder, 'l' symbolic link, 'h' hard link, 'b' busybox's bytes, 'c' character
     * device 1:3, 'x' folder with an attribute */
    char type;
    const char *data; /* contents, the link's target, or the attribute's name (its value is "y") */
    unsigned mode;
} TarEntry;

#define OK(call) \
    do { \
        if ((call) < 0) \
            fail_msg("%s: %s (%s)", #call, F->err.message ? F->err.message : "", F->err.cause ? F->err.cause : ""); \
    } while (0)

bool fixture_can(void); /* root, runc, conmon, busybox; else prints why not */
Fixture *fixture_new(void);
/* Over another process's folder, with its instance; opens no runtime. */
Fixture *fixture_attach(const char *data, const char *instance);
void fixture_free(Fixture *F);      /* purges, and fails if anything is left */
int fixture_teardown(void **state); /* removes what a test that failed left; RUNTIME_TEST registers it */
#define RUNTIME_TEST(f) cmocka_unit_test_teardown(f, fixture_teardown)
void fixture_reopen(Fixture *F); /* as a restart of Slipway would */
/* A layer's tar as a blob; returns "sha256:..." of the blob and of its uncompressed bytes.
 * compress: "", "gzip", "zstd". */
void fixture_layer(Fixture *F, const TarEntry *e, size_t n, const char *compress, SwStr *ret_blob, SwStr *ret_diff_id);
SwStr fixture_manifest(Fixture *F, const SwStr *blobs, const SwStr *diff_ids, size_t n, const char *config_json);
SwImageSource fixture_source(Fixture *F, SwStr manifest);
SwStr fixture_blob(Fixture *F, SwStr bytes);
SwStrList words(SwArena *a, ...); /* const char *, ending with NULL */
/* Create and start `sh -c script` from busybox. */
void fixture_run(Fixture *F, const char *id, const char *script);
SwStr fixture_log(Fixture *F, const char *id); /* all of its log's text, lines joined with '\n' */
