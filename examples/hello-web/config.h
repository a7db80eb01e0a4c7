/* SPDX-License-Identifier: Apache-2.0 */
/* What a release changes: the demo commits a new one of these for every version. */
#pragma once
#define VERSION       "v1"
#define GREETING      "hello"
#define HEALTH_STATUS 200
#define WARM_UP_S     0
