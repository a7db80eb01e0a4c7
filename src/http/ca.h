/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The installation's own certificate authority: made at first start, kept in <dir>/tls/, renewed before it ends.
 * `slipway ca` prints the authority's certificate, for clients to trust.
 *
 * Clients built on OpenSSL (curl, Python, git) and Node take no wildcard right under a top-level name: for them, a host such
 * as bucket.localhost has to be among `names`. Browsers and Go take *.localhost. */

#include "base/error.h"
#include "base/time.h"

typedef struct SwCa {
    SwStr ca_pem;            /* the authority's certificate */
    SwStr cert_pem, key_pem; /* the server's: localhost, *.localhost, 127.0.0.1, ::1, and `names` */
} SwCa;
int sw_ca_open(SwArena *a, const char *dir, const SwStr *names, size_t n_names, SwTime now, SwCa *ret_ca,
               SwError *err) sw_must_check;
/* All of its files are there, as they were made and not long ago: reading them may wait. */
bool sw_ca_is_recent(SwArena *a, const char *dir);
