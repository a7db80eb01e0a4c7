/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/tagging/tagging.h"

const SwService sw_service_tagging = {
    .name = "tagging",
    .api = &tagging_api,
    .handlers = tagging_handlers,
    .invalid = &TAGGING_INVALID_PARAMETER_EXCEPTION,
    .bad_token = {&TAGGING_PAGINATION_TOKEN_EXPIRED_EXCEPTION,
                  "The pagination token is not one of {operation}, or not of this query."},
    .bad_limit = {&TAGGING_INVALID_PARAMETER_EXCEPTION, "ResourcesPerPage must be between 1 and 100."},
};
