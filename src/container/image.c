/* SPDX-License-Identifier: Apache-2.0 */

/* From a manifest to a list of unpacked layers.
 *
 * Crash protocol of a layer: unpack into <layers>/<hex>.tmp, sync, rename to <layers>/<hex>. A
 * folder without .tmp is whole; what a crash leaves is a .tmp that the next attempt removes. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "base/outside.h"
#include "container/room.h"
#include "base/thread.h"

const SwErrorKind SW_CONTAINER_IMAGE_INVALID = {.code = "ImageInvalid", .http = 400};

static bool is_digest(SwStr d) {
    if (d.n != 71 || !sw_str_starts(d, SW_STR("sha256:")))
        return false;
    for (size_t i = 7; i < d.n; i++)
        if (!strchr("0123456789abcdef", d.p[i]))
            return false;
    return true;
}

static int invalid(SwError *err, const char *what) {
    return sw_fail(err, &SW_CONTAINER_IMAGE_INVALID, "image manifest is not valid: %s", what);
}

static int read_blob(SwArena *a, const SwImageSource *src, SwStr digest, SwStr *ret, SwError *err) {
    const char *path = is_digest(digest) ? src->blob_path(src->arg, a, digest) : NULL;

    if (!path)
        return sw_fail(err, &SW_CONTAINER_IMAGE_INVALID, "image blob %.*s is not there", SW_FMT(digest));
    return sw_file_read(a, path, SW_FILE_MAX, ret, err);
}

static bool fits_here(const SwValue *entry) {
    const SwValue *p = sw_value_getz(entry, "platform");

    return sw_str_eqz(sw_value_str(sw_value_getz(p, "architecture")), "amd64") &&
           sw_str_eqz(sw_value_str(sw_value_getz(p, "os")), "linux");
}

/* Follows an index to the manifest for this machine. */
static int manifest_for_here(SwArena *a, const SwImageSource *src, SwValue *ret_m, SwError *err) {
    SwStr text = src->manifest, digest = SW_NO_STR;

    if (sw_json_parse(a, text, ret_m, err) < 0)
        return invalid(err, "not JSON");
    const SwValue *list = sw_value_getz(ret_m, "manifests");
    if (!list)
        return 0;
    for (size_t i = 0; list->kind == SW_VARRAY && i < list->n && !digest.p; i++)
        if (fits_here(&list->v[i]))
            digest = sw_value_str(sw_value_getz(&list->v[i], "digest"));
    if (!is_digest(digest))
        return invalid(err, "its index has no linux/amd64 image");
    if (!(src->manifest_of && src->manifest_of(src->arg, a, digest, &text)) && read_blob(a, src, digest, &text, err) < 0)
        return -1;
    return sw_json_parse(a, text, ret_m, err) < 0 ? invalid(err, "not JSON") : 0;
}

static SwStrList strings(SwArena *a, const SwValue *v) {
    SwStrList l = {0};

    for (size_t i = 0; v && v->kind == SW_VARRAY && i < v->n; i++)
        sw_str_list_add(a, &l, sw_str_dup(a, v->v[i].s));
    return l;
}

static void fill(SwArena *a, const SwValue *config, SwImage *ret) {
    const SwValue *c = sw_value_getz(config, "config"), *ports = sw_value_getz(c, "ExposedPorts");

    ret->entrypoint = strings(a, sw_value_getz(c, "Entrypoint"));
    ret->cmd = strings(a, sw_value_getz(c, "Cmd"));
    ret->env = strings(a, sw_value_getz(c, "Env"));
    ret->user = sw_value_str(sw_value_getz(c, "User"));
    ret->cwd = sw_value_str(sw_value_getz(c, "WorkingDir"));
    ret->stop_signal = sw_value_str(sw_value_getz(c, "StopSignal"));
    ret->labels = sw_value_getz(c, "Labels");
    ret->healthcheck = sw_value_getz(c, "Healthcheck");
    for (size_t i = 0; ports && ports->kind == SW_VOBJECT && i < ports->n; i++)
        sw_str_list_add(a, &ret->exposed, ports->keys[i]);
}

static int inspect(SwArena *a, const SwImageSource *src, SwImage *ret, SwStrList *ret_blobs, SwError *err) {
    SwValue m, config;
    SwStr text;

    *ret = (SwImage){0};
    *ret_blobs = (SwStrList){0};
    if (manifest_for_here(a, src, &m, err) < 0)
        return -1;
    const SwValue *layers = sw_value_getz(&m, "layers");
    ret->config_digest = sw_value_str(sw_value_path(&m, "config.digest"));
    if (!layers || layers->kind != SW_VARRAY)
        return invalid(err, "it has no layers (schema 1 is not supported)");
    if (read_blob(a, src, ret->config_digest, &text, err) < 0)
        return -1;
    if (sw_json_parse(a, text, &config, err) < 0)
        return invalid(err, "its configuration is not JSON");
    fill(a, &config, ret);
    ret->diff_ids = strings(a, sw_value_path(&config, "rootfs.diff_ids"));
    if (ret->diff_ids.n != layers->n)
        return invalid(err, "layers and diff_ids differ in number");
    for (size_t i = 0; i < layers->n; i++) {
        sw_str_list_add(a, ret_blobs, sw_value_str(sw_value_getz(&layers->v[i], "digest")));
        if (!is_digest(ret_blobs->v[i]) || !is_digest(ret->diff_ids.v[i]))
            return invalid(err, "a digest is malformed");
    }
    return 0;
}

int sw_image_inspect(SwArena *a, const SwImageSource *src, SwImage *ret_image, SwError *err) {
    SwStrList blobs;

    return inspect(a, src, ret_image, &blobs, err);
}

static int unpack_one(SwRuntime *rt, SwArena *a, const SwImageSource *src, SwStr diff_id, SwStr blob, SwError *err) {
    const char *dir = sw_strf(a, "%s/%.*s", rt->layers, SW_FMT(sw_str_skip(diff_id, 7))).p;
    const char *tmp = sw_strf(a, "%s.tmp", dir).p;
    const char *path;

    if (sw_exists(dir))
        return 0;
    if (!(path = src->blob_path(src->arg, a, blob)))
        return sw_fail(err, &SW_CONTAINER_IMAGE_INVALID, "image blob %.*s is not there", SW_FMT(blob));
    if (sw_layer_unpack(a, path, diff_id, tmp, err) < 0)
        return -1;
    SW_CRASH_POINT("container.layer_unpacked");
    if (rename(tmp, dir) < 0)
        return sw_fail_errno(err, errno, "rename %s", tmp);
    return sw_fsync_dir(rt->layers, err);
}

int sw_image_unpack(SwRuntime *rt, SwArena *a, const SwImageSource *src, SwImage *ret_image, SwError *err) {
    SwStrList blobs;
    int r = 0;

    SW_MAY_TAKE_MINUTES();
    if (inspect(a, src, ret_image, &blobs, err) < 0)
        return -1;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->layer_lock);
    for (size_t i = 0; r == 0 && i < blobs.n; i++)
        r = unpack_one(rt, a, src, ret_image->diff_ids.v[i], blobs.v[i], err);
    return r;
}

static bool in_use(SwRuntime *rt, SwStr hex) {
    bool used = false;

    pthread_mutex_lock(&rt->lock);
    for (const SwBox *b = rt->boxes; b && !used; b = b->next)
        for (size_t i = 0; i < b->diff_ids.n && !used; i++)
            used = sw_str_eq(sw_str_skip(b->diff_ids.v[i], 7), hex);
    pthread_mutex_unlock(&rt->lock);
    return used;
}

int sw_image_prune(SwRuntime *rt, SwError *err) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const struct dirent *e;
    int r = 0;

    _sw_lock_ pthread_mutex_t *held = sw_lock(&rt->layer_lock);
    _sw_dir_ DIR *d = opendir(rt->layers);
    while (d && r == 0 && (e = readdir(d)))
        if (e->d_name[0] != '.' && !in_use(rt, sw_str(e->d_name)))
            r = sw_rm_tree(sw_path(a, rt->layers, e->d_name), err);
    return r;
}
