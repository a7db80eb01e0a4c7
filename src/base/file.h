/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files, so that "written" means "still there after a power cut". Paths are C strings: libc's border. */

#include <dirent.h>

#include "base/error.h"

static inline void sw_closedirp(DIR **d) {
    if (*d)
        closedir(*d);
}
#define _sw_dir_ __attribute__((cleanup(sw_closedirp)))

int sw_file_read(SwArena *a, const char *path, size_t max, SwStr *ret_data, SwError *err) sw_must_check;
/* Write to PATH.tmp, fsync, rename over PATH, fsync the folder. */
int sw_file_write_durable(const char *path, SwStr data, unsigned mode, SwError *err) sw_must_check;
int sw_file_write(const char *path, SwStr data, unsigned mode,
                  SwError *err) sw_must_check; /* no fsync: what can be made again */
int sw_mkdirs(const char *path, unsigned mode, SwError *err) sw_must_check;
int sw_fsync_dir(const char *path, SwError *err) sw_must_check;
/* Remove a tree without following links or crossing mounts; absent is success. */
int sw_rm_tree(const char *path, SwError *err) sw_must_check;
bool sw_exists(const char *path);
int sw_write_all(int fd, const void *p, size_t n, SwError *err) sw_must_check;
/* Join with one '/'. */
const char *sw_path(SwArena *a, const char *dir, const char *name);
/* True when `name` can be one path component: not empty, ".", "..", no '/', no NUL, at most 255 bytes. */
bool sw_path_is_component(SwStr name);
