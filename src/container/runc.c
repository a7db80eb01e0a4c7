/* SPDX-License-Identifier: Apache-2.0 */

/* runc, run from a sealed memory file. A container must not be able to write to the runc that starts it (CVE-2019-5736), so
 * runc mounts or copies itself anew for each, and runs a second time from there: 5 of 70 ms, unless it finds that it runs
 * from such a file already. One copy of 10 MiB serves all, from the first container on. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/thread.h"
#include "container/room.h"

/* All that runc asks for: its look is for exactly these. */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Descriptor, or -1 with errno. */
static int sealed_copy(int from, off_t size) {
    int fd = memfd_create("runc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    off_t at = 0;

    while (fd >= 0 && at < size && sendfile(fd, from, &at, (size_t)(size - at)) > 0)
        ;
    if (fd < 0 || (at == size && fchmod(fd, 0755) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0))
        return fd;
    int e = errno;
    close(fd);
    errno = e;
    return -1;
}

/* An earlier copy stays open: a supervisor may be about to run it. */
static void renew(SwSealedRunc *s, const char *path, const struct stat *st) {
    _sw_close_ int from = open(path, O_RDONLY | O_CLOEXEC);
    int fd = from < 0 ? -1 : sealed_copy(from, st->st_size);

    s->fd = fd;
    s->dev = st->st_dev, s->ino = st->st_ino, s->changed = st->st_ctim;
    if (fd < 0) {
        sw_log(SW_WARN, "runc runs from its file", SW_F("path", path), SW_F("cause", strerror(errno)));
        snprintf(s->path, sizeof(s->path), "%s", path);
        return;
    }
    snprintf(s->path, sizeof(s->path), "/proc/%d/fd/%d", (int)getpid(), fd);
}

void sw_runc_close(SwRuntime *rt) {
    if (rt->sealed.fd > 0)
        close(rt->sealed.fd);
    pthread_mutex_destroy(&rt->sealed.lock);
}

const char *sw_runc(SwRuntime *rt, SwArena *a) {
    SwSealedRunc *s = &rt->sealed;
    struct stat st;

    if (stat(rt->runc_bin, &st) < 0)
        return rt->runc_bin; /* running it says so */
    _sw_lock_ pthread_mutex_t *held = sw_lock(&s->lock);
    if (s->dev != st.st_dev || s->ino != st.st_ino || s->changed.tv_sec != st.st_ctim.tv_sec ||
        s->changed.tv_nsec != st.st_ctim.tv_nsec)
        renew(s, rt->runc_bin, &st);
    return sw_strf(a, "%s", s->path).p;
}
