/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Libraries that few requests need, and that bring many others along (libcurl: 30, libarchive: 15), are loaded when one
 * of their functions is first called: linked as usual they were a third of the time of a start and of idle memory.
 *
 * src/base/meson.build names them and the functions that are used. For each it makes a header, base/lazy_curl.h say, to be
 * included in place of the library's own, behind which the functions have their usual names. One more function is one more
 * word in that list.
 *
 * Threads: any. A library that is missing ends the process, as it would at the start if it were linked. */

#include <stddef.h>

typedef struct SwLibrary {
    const char *file;        /* "libcurl.so.4" */
    const char *const *name; /* of the functions */
    void **function;         /* where they are, once it is loaded */
    size_t n;
    _Atomic(void **) ready; /* function, or NULL before */
} SwLibrary;

void *const *sw_library(SwLibrary *l);
