/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Filter patterns ("Filter pattern syntax" in the CloudWatch Logs User Guide):
 *
 *     ERROR "exact words"  -exclude     all terms, and none that is excluded
 *     ?ERROR ?WARN                      any of them
 *     { $.a.b[0] = "x*" && ($.n >= 4 || $.ok IS TRUE || $.gone NOT EXISTS) }
 *     [ip, ..., status = 4* || status = 5*, bytes > 1000]
 *
 * Regular expressions (%...%) and $.* are refused. Pure; results live in the arena and view the pattern's text. */

#include "base/json.h"
#include "base/str.h"

typedef struct LogsPattern LogsPattern;

#define LOGS_PATTERN_DEPTH_MAX 32

/* NULL: not a pattern; *ret_why says why. */
const LogsPattern *logs_pattern_parse(SwArena *a, SwStr text, const char **ret_why);
/* scratch: for a message's JSON; may be reset afterwards. */
bool logs_pattern_matches(const LogsPattern *p, SwArena *scratch, SwStr message);
