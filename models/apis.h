/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Every API that has a model, whether or not a service serves it: for coverage, tests and the client. */

#include "shape/shape.h"

extern const SwApi *const sw_apis[];     /* NULL-terminated, by name */
