/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Slipway's own API: what AWS has no operation for. Clients are the command line, tests and monitoring. */

#include "api/host.h"
#include "models/slipway_resources.gen.h"

extern const SwRoute slipway_routes[4]; /* routes.c */
/* The clock is over a restart what it would have been without it; after a reset it is the system's. */
int slipway_clock_restore(SwHost *h, SwError *err) sw_must_check;
int slipway_clock_reset(SwHost *h, SwError *err) sw_must_check;
/* Hourly tidying (housekeeping.c). */
extern const SwController slipway_housekeeping;
int slipway_housekeeping_resume(SwCtx *cx, SwError *err) sw_must_check;
/* Everything gone, as after a first start. */
int slipway_reset_all(SwHost *h, SwError *err) sw_must_check;
