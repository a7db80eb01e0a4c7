/* SPDX-License-Identifier: Apache-2.0 */

/* Reading conmon's log file. Its form (Kubernetes' CRI log) is one line an entry:
 *     2026-11-21T04:00:00.123456789+00:00 stdout F text
 * F: a full line; P: part of one. An entry that is still being written has no newline yet and
 * waits for the next call. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "container/room.h"

#define WINDOW (256 * SW_KIB)

bool sw_log_entry_parse(SwStr line, SwContainerLog *ret) {
    SwStr at, stream, tag;

    if (!sw_str_cut(&line, ' ', &at) || !sw_str_cut(&line, ' ', &stream) || !sw_time_parse(at, &ret->at))
        return false;
    if (!sw_str_cut(&line, ' ', &tag)) {
        tag = line;
        line = SW_STR("");
    }
    ret->text = line;
    ret->stderr_ = sw_str_eqz(stream, "stderr");
    ret->partial = sw_str_eqz(tag, "P");
    return ret->partial || sw_str_eqz(tag, "F");
}

long sw_container_logs(SwRuntime *rt, SwArena *a, SwStr id, uint64_t *offset, SwContainerLog *ret, size_t max, SwError *err) {
    if (!sw_container_id_ok(id))
        return sw_fail(err, &SW_CONTAINER_NOT_FOUND, "No such container: %.*s", SW_FMT(id));
    _sw_close_ int fd = open(sw_strf(a, "%s/%.*s/log", rt->containers, SW_FMT(id)).p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    long n = 0;

    if (fd < 0)
        return errno == ENOENT ? 0 : sw_fail_errno(err, errno, "open the log of %.*s", SW_FMT(id));
    if (fstat(fd, &st) == 0 && (uint64_t)st.st_size < *offset)
        *offset = 0; /* rotated: begin with the new file */
    while ((size_t)n < max) {
        char *p = sw_arena_alloc(a, WINDOW);
        ssize_t got = pread(fd, p, WINDOW, (off_t)*offset);
        if (got < 0)
            return sw_fail_errno(err, errno, "read the log of %.*s", SW_FMT(id));
        SwStr rest = sw_str_n(p, (size_t)got), line;
        size_t before = (size_t)n;
        while ((size_t)n < max && sw_str_cut(&rest, '\n', &line)) {
            *offset += line.n + 1;
            if (sw_log_entry_parse(line, &ret[n]))
                n++;
        }
        if (got < (ssize_t)WINDOW || (size_t)n == before)
            break;
    }
    return n;
}
