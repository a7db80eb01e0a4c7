/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What there is: of all kinds for `slipway status`, and the pages of a list operation. */

#include "cli/table.h"
#include "shape/shape.h"

typedef struct SwListing {
    const SwApi *api;
    unsigned op;
    const char *list, *name; /* members: the answer's list, an element's name */
} SwListing;

/* All names, page by page; *ret_all is false when there are more than anybody reads. */
int sw_cli_list_names(SwCli *cli, const SwListing *l, SwStrList *ret_names, bool *ret_all, SwError *err) sw_must_check;
/* Of all services: rows "Service", "What", "Count", "Names" for people, objects for --json. */
void sw_cli_inventory(SwCli *cli, SwTable *to, SwValue *ret_json);
