/* SPDX-License-Identifier: Apache-2.0 */

/* A ref is changed under NAME.lock, which is removed or renamed by who made it; after kill -9 it stays. Names of refs
 * cannot end so. */

#include <dirent.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "git/git.h"

#define DEPTH_MAX 32 /* of a branch's name: git and file systems end earlier */

static void unlock_folder(SwArena *a, const char *folder, int depth) {
    _sw_dir_ DIR *d = opendir(folder);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        const char *path = sw_path(a, folder, e->d_name);
        if (e->d_name[0] == '.')
            continue;
        if (e->d_type == DT_DIR && depth > 0)
            unlock_folder(a, path, depth - 1);
        else if (e->d_type == DT_REG && sw_str_ends(sw_str(e->d_name), SW_STR(".lock")) && unlink(path) == 0)
            sw_log(SW_INFO, "removed a lock that a killed process left", SW_F("file", path));
    }
}

void sw_git_unlock(const char *path) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    unlock_folder(a, path, 0); /* HEAD, packed-refs */
    unlock_folder(a, sw_path(a, path, "refs"), DEPTH_MAX);
}
