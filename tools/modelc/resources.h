/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What resources.c reads and resources_out.c writes. */

#include "modelc.h"

typedef struct Path {
    SwStr text, key; /* key: of the map it ends in, or absent */
    unsigned at[4];
    size_t n; /* 0: none */
    Shape *end;
} Path;
typedef struct Part {
    SwStr name, otherwise;
} Part;
typedef struct Text {
    const char *kind; /* C name; NULL: none */
    SwStr text, fact;
} Text;
typedef struct TagRules {
    unsigned max;
    bool any_case;
    Text fault[5]; /* too_many, reserved, duplicate, bad_key, bad_value */
} TagRules;
typedef struct Named {
    Operation *op;
    Path at, with[3];
} Named;
typedef struct NamedList {
    Named *v;
    size_t n;
} NamedList;

typedef struct Resource {
    SwStr name;
    const char *c_name;
    const SwValue *json;
    Shape *record;    /* NULL: it has none of its own */
    SwStr collection; /* "repositories" */
    Part part[3];
    size_t n_part;
    SwStr id, arn_index;
    SwStrList arn, reference;
    Path arn_at, account, region, state, created, policy, tags;
    TagRules *rules;
    Text missing, exists, bad_arn, elsewhere;
    NamedList named;
    bool hooks, policy_itself;
} Resource;
typedef struct ResourceList {
    Resource *v;
    size_t n;
} ResourceList;

/* Where an input holds what concerns `value`: a service that a role is passed to, a condition key. */
typedef struct Way {
    Operation *op;
    Path at;
    SwStr value;
} Way;
typedef struct WayList {
    Way *v;
    size_t n;
} WayList;

typedef struct TagOperation {
    Operation *op;
    Path of, tags, keys, list;
    Resource *resource; /* NULL: any of the service */
    bool own;           /* its handler is written by hand */
} TagOperation;
typedef struct TagOperationList {
    TagOperation *v;
    size_t n;
} TagOperationList;

typedef struct Declarations {
    Model *api, *records;
    const char *file;
    SwStr service;
    TagRules *rules;
    ResourceList resources;
    TagOperationList tag_operations;
    WayList passes, conditions;
    int errors;
} Declarations;

Declarations *resources_load(Model *api, Model *records, const char *file);
void resource_error(Declarations *d, const SwValue *at, const char *fmt, ...) sw_printf(3, 4);
/* "a.b[Key]" from a structure down; false where there is no such way. */
bool resource_path(Shape *from, SwStr text, Path *ret);

void write_resources_header(Declarations *d, SwBuf *b);
void write_resources_source(Declarations *d, SwBuf *b, const char *name);
