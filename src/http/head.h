/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The head of an HTTP/1.x request: found, then parsed, strictly (RFC 9112). Private to this room.
 *
 * Whatever two servers could read in two ways is refused: bare LF, folded lines, NUL and other controls, white space
 * before a colon, two lengths, a length beside a transfer coding, two Host lines. No I/O here: fuzzed as it stands. */

#include "wire/wire.h"

#define SW_HEAD_MAX       (64 * SW_KIB)
#define SW_HEAD_LINES_MAX 256

typedef struct SwHead {
    SwStr method, path, query; /* views of the text; query absent without '?' */
    SwHeaderList headers;
    int minor;      /* of HTTP/1.x */
    int64_t length; /* Content-Length; -1: none was given */
    bool chunked;
    bool close; /* the client wants no more on this connection, or speaks HTTP/1.0 */
    bool expect_continue;
    SwStr coding;        /* Content-Encoding that is to be undone: gzip, x-gzip, deflate; or absent */
    bool coding_unknown; /* there is one that we cannot undo */
} SwHead;

/* Look for the empty line that ends a head. `*scan` is where to go on looking, 0 at first. Returns the head's length
 * with its empty line, 0 when more must be read, -1 when what is there can never become a head. */
ssize_t sw_head_end(const char *p, size_t n, size_t *scan);

/* Parse a head as sw_head_end delimited it; everything returned points into `text`, lists are on the arena.
 * Returns 0, or the status to answer with and why. */
int sw_head_parse(SwArena *a, SwStr text, SwHead *ret_h, const char **ret_why);

bool sw_http_is_token(SwStr s);
/* True when a comma list holds the word, without case. */
bool sw_http_list_has(SwStr list, const char *word);
