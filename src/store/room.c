/* SPDX-License-Identifier: Apache-2.0 */
/* Room on a full disk: see room.h. What fails here changes nothing: the write that needs the room says so. */

#include "store/room.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "store/internal.h"

#define RESERVE_BYTES (4 * (off_t)SW_MIB)
#define RESERVE_STEP  (256 * (off_t)SW_KIB)
#define LOW_BYTES     (uint64_t) SW_MIB

static const char *path_of(const SwStore *s, char path[static 4096]) {
    return snprintf(path, 4096, "%s/reserve", s->dir) < 4096 ? path : NULL;
}

void sw_store_room_give(SwStore *s) {
    char path[4096];
    struct statvfs fs;
    if (s->ephemeral || !path_of(s, path) || statvfs(s->dir, &fs) < 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= LOW_BYTES)
        return;
    if (truncate(path, 0) < 0)
        return; /* it was given already, or is not there: nothing to give */
}

void sw_store_room_take(SwStore *s) {
    char path[4096];
    struct stat st;
    if (s->ephemeral || !path_of(s, path) || (stat(path, &st) == 0 && st.st_size > 0))
        return;
    _sw_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    off_t n = fd < 0 ? 0 : RESERVE_BYTES;
    while (n > 0 && fallocate(fd, 0, 0, n) < 0)
        n -= RESERVE_STEP;
}
