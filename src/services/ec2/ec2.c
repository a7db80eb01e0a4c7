/* SPDX-License-Identifier: Apache-2.0 */
/* The service's table. */

#include "services/ec2/ec2.h"

const SwService sw_service_ec2 = {
    .name = "ec2",
    .api = &ec2_api,
    .declares = &ec2_declarations,
    .handlers = ec2_handlers,
    .bad_token = {&EC2_INVALID_TOKEN, "The token '{token}' is invalid"},
    .invalid = &EC2_INVALID_PARAMETER_VALUE,
};
