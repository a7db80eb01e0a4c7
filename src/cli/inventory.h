/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What was made, asked by each service's own list operation, and read by the model's names. */

#include "cli/table.h"
#include "shape/shape.h"

typedef struct SwListing {
    const SwApi *api;
    unsigned op;
    const char *what;        /* "buckets" */
    const char *list, *name; /* members: the answer's list, an element's name; NULL: the elements are names */
    char after;              /* the name is what follows the last of these; 0: all of it */
    const char *there;       /* made by the service itself, left out; or NULL */
    const void *in;          /* what the question needs; or NULL */
} SwListing;

/* All names, page by page; *ret_all is false when there are more than anybody reads. */
int sw_cli_list_names(SwCli *cli, const SwListing *l, SwStrList *ret_names, bool *ret_all, SwError *err) sw_must_check;
/* Of all services: rows "Service", "What", "Count", "Names" for people, objects for --json. */
void sw_cli_inventory(SwCli *cli, SwTable *to, SwValue *ret_json);
