/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inputs and outputs made from shape tables alone: minimal (what is required), maximal (everything, lists of two,
 * recursion bounded), and with exactly one constraint broken at a chosen member. */

#include "wire/wire.h"

typedef enum Fault {
    FAULT_NONE,
    FAULT_MISSING,
    FAULT_SHORT,
    FAULT_LONG,
    FAULT_LOW,
    FAULT_HIGH,
    FAULT_PATTERN,
    FAULT_ENUM,
    _FAULT_MAX
} Fault;

typedef struct Generator {
    SwArena *a;
    bool maximal;
    uint32_t protocol;
    const SwMember *target; /* member (or a list's element) to break */
    Fault fault;
    bool done;        /* the fault could be put in */
    const char *path; /* name of the structure member that holds it */
    unsigned depth, serial;
    const SwShape *stack[64];
} Generator;

void *generate(Generator *g, const SwShape *s);
/* Whether a member's shape has the constraint that `fault` breaks. */
bool generate_can_break(const SwMember *m, Fault fault);
const char *fault_words(Fault fault); /* what the refusal must say */
