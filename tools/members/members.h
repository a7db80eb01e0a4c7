/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which members of their inputs do the services look at? What no code reads is either refused (models/members), or
 * declared there with a reason, or dropped in silence: the last is a fault.
 *
 *   accesses.c  libclang: the members that each service's code reads
 *   audit.c     joins them with handlers, shapes and models/members
 *
 * Names are compared as keys: small letters and digits only, "ecscreateclusterrequest.clustername", so that the
 * model's names and C's meet without a table. */

#include "base/json.h"
#include "base/map.h"

typedef struct Reads {
    SwMap seen;  /* "<service> <type>.<member>" */
    SwMap moved; /* "<service> <type>" -> Moves: where sw_shape_move takes its members */
} Reads;

typedef struct Moves {
    SwStrList to; /* types */
} Moves;

typedef struct Question {
    const char *build;   /* has compile_commands.json */
    const char *service; /* only this one, or NULL */
    const char *without; /* leave this source file out: to test the check itself; or NULL */
} Question;

/* Parses the services' sources, in two processes. False after complaining. */
bool reads_collect(SwArena *a, const Question *q, Reads *ret);

/* Prints what is dropped, and what the tables say in vain. Returns how many lines. */
int audit(SwArena *a, const Question *q, const Reads *reads);

SwStr key_of(SwArena *a, SwStr name); /* small letters and digits of a name */
