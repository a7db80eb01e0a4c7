/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/cloudcontrol/cloudcontrol.h"

const SwService sw_service_cloudcontrol = {
    .name = "cloudcontrol",
    .api = &cloudcontrol_api,
    .handlers = cloudcontrol_handlers,
    .invalid = &CLOUDCONTROL_INVALID_REQUEST_EXCEPTION,
    .bad_token = {&CLOUDCONTROL_INVALID_REQUEST_EXCEPTION, "NextToken is not one of {operation}, or not of this query."},
    .collections = cloudcontrol_collections,
};
