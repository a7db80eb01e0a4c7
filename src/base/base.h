/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Words that every room uses: attributes, sizes, cleanup, the three beliefs (see docs/style.md).
 *
 * assert(x)    we can prove it
 * SW_NEVER(x)  we believe it cannot be; followed by a trivially correct return; aborts in test builds
 * if (x)       anything a client, disk, network or container can cause                              */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#define SW_N(a)              (sizeof(a) / sizeof((a)[0]))
#define SW_KIB               ((size_t)1024)
#define SW_MIB               (1024 * SW_KIB)
#define SW_GIB               (1024 * SW_MIB)

#define sw_must_check        __attribute__((warn_unused_result))
#define sw_printf(fmt, args) __attribute__((format(printf, fmt, args)))

/* Built with AddressSanitizer. */
#if defined(__SANITIZE_ADDRESS__)
#define SW_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SW_ASAN
#endif
#endif

/* Each side is evaluated once: they may be calls. */
#define SW_PICK_(a, b, op, x, y) \
    __extension__({ \
        __typeof__((a)op(b) ? (a) : (b)) x = (a), y = (b); \
        x op y ? x : y; \
    })
#define SW_PICK_AT_(a, b, op, n) SW_PICK_IN_(a, b, op, n)
#define SW_PICK_IN_(a, b, op, n) SW_PICK_(a, b, op, sw_a_##n, sw_b_##n)
#define SW_MIN(a, b)             SW_PICK_AT_(a, b, <, __COUNTER__)
#define SW_MAX(a, b)             SW_PICK_AT_(a, b, >, __COUNTER__)

/* An environment word that turns a belief that failed into a crash: set by the test suites. */
bool sw_never_failed(const char *text, const char *file, int line);
#define SW_NEVER(x) (__builtin_expect(!!(x), 0) && sw_never_failed(#x, __FILE__, __LINE__))

/* File descriptors close themselves at the end of their scope; SW_TAKE_FD moves one out. */
static inline void sw_closep(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1; /* by now the number may be another file's */
}
#define _sw_close_ __attribute__((cleanup(sw_closep)))
#define SW_TAKE_FD(fd) \
    ({ \
        int *p_ = &(fd), v_ = *p_; \
        *p_ = -1; \
        v_; \
    })

/* A named instant at which a crash would be most dangerous. With SLIPWAY_CRASH_AT=name[:n] in the environment the
 * process kills itself with SIGKILL the n-th time (default: first) it passes there. Costs one load otherwise.
 * `slipway-crash-points` in tests/crash lists all of them from the sources. */
void sw_crash_point_hit(const char *name);
extern bool sw_crash_points_armed;
#define SW_CRASH_POINT(name) \
    do { \
        if (__builtin_expect(sw_crash_points_armed, 0)) \
            sw_crash_point_hit(name); \
    } while (0)
