/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Handlers of the routes at 169.254.170.2. */

#include "api/ctx.h"

void ecs_metadata(SwCtx *cx);
void ecs_credentials(SwCtx *cx);
