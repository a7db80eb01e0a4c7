/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The Resource Groups Tagging API. It has nothing of its own: tags lie in the records of what they are on. */

#include "api/page.h"
#include "api/service.h"
#include "models/tagging.gen.h"
#include "resource/resource.h"
