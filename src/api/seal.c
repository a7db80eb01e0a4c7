/* SPDX-License-Identifier: Apache-2.0 */

#include "api/seal.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "api/host.h"
#include "base/file.h"
#include "base/gcm.h"
#include "base/id.h"
#include "base/thread.h"

/* One thread makes the key: readers seal, too, so that no write transaction keeps two from making different ones. */
static pthread_mutex_t make_lock = PTHREAD_MUTEX_INITIALIZER;

/* Parameter Store alone had secrets once, and the key its name. */
static int take_over(SwCtx *cx, const char *path, SwError *err) {
    const char *old = sw_path(cx->arena, cx->host->config->data, "ssm-key");
    if (rename(old, path) < 0)
        return errno == ENOENT ? 0 : sw_fail_errno(err, errno, "renaming %s", old);
    return sw_fsync_dir(cx->host->config->data, err);
}

static int make_key(const char *path, SwError *err) {
    uint8_t key[SW_GCM_KEY_BYTES];
    sw_random(key, sizeof key);
    return sw_file_write_durable(path, sw_str_n((const char *)key, sizeof key), 0600, err);
}

/* Written whole and durable before it is first used. */
static int ensure(SwCtx *cx, const char *path, bool make, SwError *err) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(&make_lock);
    if (!sw_exists(path) && take_over(cx, path, err) < 0)
        return -1;
    if (sw_exists(path))
        return 0;
    return make ? make_key(path, err) : sw_fail(err, &SW_INTERNAL_FAILURE, "The data folder's seal-key is missing");
}

static int load_key(SwCtx *cx, bool make, SwStr *ret_key, SwError *err) {
    const char *path = sw_path(cx->arena, cx->host->config->data, "seal-key");
    if (ensure(cx, path, make, err) < 0)
        return -1;
    if (sw_file_read(cx->arena, path, SW_GCM_KEY_BYTES + 1, ret_key, err) < 0)
        return -1;
    return ret_key->n == SW_GCM_KEY_BYTES ? 0 : sw_fail(err, &SW_INTERNAL_FAILURE, "The data folder's seal-key is damaged");
}

int sw_seal(SwCtx *cx, SwStr context, SwStr plain, SwStr *ret_sealed, SwError *err) {
    SwStr key, sealed;
    if (load_key(cx, true, &key, err) < 0 || sw_gcm_seal(cx->arena, key, context, plain, &sealed, err) < 0)
        return -1;
    *ret_sealed = sw_base64(cx->arena, sealed);
    return 0;
}

int sw_unseal(SwCtx *cx, SwStr context, SwStr sealed, SwStr *ret_plain, SwError *err) {
    SwStr key, raw;
    if (load_key(cx, false, &key, err) < 0)
        return -1;
    return sw_unbase64(cx->arena, sealed, &raw) && sw_gcm_open(cx->arena, key, context, raw, ret_plain)
               ? 0
               : sw_fail(err, &SW_INTERNAL_FAILURE, "The stored value cannot be decrypted with this data folder's key");
}
