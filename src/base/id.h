/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Identifiers in the forms AWS uses, from the system's random source. Threads: any. */

#include "base/arena.h"
#include "base/str.h"

SwStr sw_id_uuid(SwArena *a);                 /* RFC 9562 version 4, lower case */
SwStr sw_id_hex(SwArena *a, size_t digits);   /* lower-case hexadecimal */
SwStr sw_id_base32(SwArena *a, size_t chars); /* A-Z2-7: access key ids, unique ids */
SwStr sw_id_base62(SwArena *a, size_t chars); /* secrets */
uint64_t sw_id_u64(void);
void sw_random(void *p, size_t n);
