/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Doors: what acts outside (containers, programs, other servers) says so as it begins, and a thread that may not do that
 * now is a belief that failed (SW_NEVER; it goes on then, for it harms only by how long others wait).
 *
 * The rooms that act know neither the store nor the engine. So these mark the thread, and the doors ask about the mark:
 *   sw_open_tx        the store, for as long as the thread has a transaction open: a writer keeps all others waiting
 *   sw_common_thread  the engine, for good: the few threads on which the quick steps of all controllers run */

#include "base/base.h"

extern _Thread_local int sw_open_tx;
extern _Thread_local bool sw_common_thread;

/* For seconds at most. */
#define SW_ACTS_OUTSIDE() ((void)SW_NEVER(sw_open_tx > 0))
/* For as long as it takes: of slow steps (SW_STEP_SLOW), and of threads that keep nobody but their own client waiting. */
#define SW_MAY_TAKE_MINUTES() (SW_ACTS_OUTSIDE(), (void)SW_NEVER(sw_common_thread))

static inline void sw_open_tx_lessp(const bool *counted) {
    sw_open_tx -= *counted;
}
/* Until the scope's end, however that is left. */
#define _sw_in_tx_ __attribute__((cleanup(sw_open_tx_lessp), unused))
