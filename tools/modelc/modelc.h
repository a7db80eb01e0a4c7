/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The model compiler: API and record models (JSON) to C structs and constant tables.
 *
 *   load.c        reads a model and the manifest, links references; complains as file:line
 *   members.c     what the API's members/ file refuses
 *   operations.c  which operations its operations/ file says are implemented; their handlers' table
 *   check.c       what a well-formed model may still get wrong
 *   paging.c      how an operation's lists are paged
 *   keep.c        which operations and shapes are compiled
 *   events.c      which events a service tells of
 *   collections.c what it keeps its records in
 *   resources.c   what its resources/ file declares, settings.c their settings, cfn.c their CloudFormation types: resources.h
 *   names.c       from the model's names to C's
 *   header.c      the .gen.h      source.c  the .gen.c
 *
 * Everything lives in one arena until the program ends. */

#include "base/buf.h"
#include "base/map.h"
#include "shape/shape.h"

typedef struct Model Model;
typedef struct Shape Shape;

typedef struct Member {
    SwStr name;
    const char *c_name; /* "cluster_arn" */
    Shape *shape;
    const SwValue *json; /* {"shape": .., "location": ..} */
    bool required;
    const char *refused; /* why requests may not set it, or NULL */
    SwStrList unless;    /* but for these values */
} Member;

struct Shape {
    Model *model; /* that defines it */
    SwStr name;
    const SwValue *json;
    SwKind kind;
    const char *c_type;  /* of one value: "SwStr", "EcsCluster", "EcsTagList"; set on first use */
    const char *c_table; /* "ecs_shape_cluster" (extern) or "s_ecs_string" (static) */
    const char *c_error; /* exceptions: "ECS_CLUSTER_NOT_FOUND_EXCEPTION" */
    Member *member;      /* list: [0]; map: key, value */
    size_t n_member;
    Shape *stream;        /* a blob's streaming twin */
    int mark;             /* of walks */
    bool refuses, spread; /* a member of it, or below it, is refused; and its users know */
    bool kept;            /* something that is compiled needs it */
};

typedef struct Token { /* SwToken, src/shape/call.h */
    int at, within[2];
    size_t n_within;
    Shape *conflict;
    SwStr text;
    int64_t life_s;
} Token;

typedef struct Operation {
    SwStr name;
    const SwValue *json;
    const char *c_name;  /* "ecs_create_cluster" without the prefix: "create_cluster" */
    const char *c_index; /* "ECS_CREATE_CLUSTER" */
    Shape *input, *output;
    SwStr handler_flags; /* "SW_OWN_TX", "0"; absent: no handler */
    Token *token;        /* NULL: none */
} Operation;

typedef struct Event {
    SwStr source, detail_type;
    const char *c_name; /* "ssm_event_parameter_store_change" */
    Shape *detail;
} Event;

typedef struct Index { /* SwIndex, src/store/store.h */
    SwStr name;
    SwStrList member;
    bool unique, sparse;
} Index;
typedef struct IndexList {
    Index *v;
    size_t n;
} IndexList;

typedef struct Collection {
    SwStr name, stored, about; /* "subscriptions"; "sns/subscription"; in words, or absent */
    const char *c_name;        /* "sns_subscriptions" */
    const char *scope;         /* "SW_SCOPE_REGION" */
    Shape *record;
    IndexList index;
} Collection;
typedef struct CollectionList {
    Collection *v;
    size_t n;
} CollectionList;

struct Model {
    SwArena *arena;
    const char *file;  /* as given, for messages */
    const char *dir;   /* of the API models */
    const char *place; /* folder of this one */
    const char *api;   /* "ecs" */
    const SwValue *json, *metadata;
    const SwValue *manifest, *spec;     /* all of it; this service's part */
    const char *prefix, *lower, *upper; /* "Ecs", "ecs", "ECS" */
    bool records;                       /* has no operations */
    SwMap shapes;                       /* name -> Shape */
    Shape **shape, **every;             /* in the model's order: those that are compiled, all (model_keep) */
    size_t n_shape, n_every;
    Operation *op, *other; /* sorted by name: those that are implemented, the rest (model_keep) */
    size_t n_op, n_other;
    Event *event; /* of a records model */
    size_t n_event;
    CollectionList collections; /* of a records model */
    Model **import;             /* API models that references name */
    size_t n_import;
    SwMap c_names; /* taken C names -> what took it */
    SwMap types;   /* list and map types it declares -> Shape */
    int errors;
    SwStrList *read; /* every file that was read, for the build's sake; shared with the imports */
};

/* load.c. A bad model leaves model->errors > 0; the caller gives up then. read: takes the name of each file that was read. */
Model *model_load(SwArena *a, const char *file, const char *manifest_file, SwStrList *read);
void model_error(Model *m, const SwValue *at, const char *fmt, ...) sw_printf(3, 4);
void file_error(Model *m, const char *file, const SwValue *at, const char *fmt, ...) sw_printf(4, 5); /* in another file */
/* Reads dir/folder/<api>.json and returns its name; NULL when there is none, or after complaining. */
const char *read_beside(Model *m, const char *dir, const char *folder, SwValue *ret);
bool is_structure(const Shape *s);
Shape *shape_of(Model *m, const char *name);                      /* NULL if none */
Member *member_named(const Shape *s, SwStr name, size_t *ret_at); /* of a structure; NULL if none */

Shape *link_shape(Model *m, const SwValue *ref); /* {"shape": "ecs#Service"}; NULL after complaining */

/* members.c */
void members_load(Model *m, const char *dir); /* dir: where the model lies */

/* operations.c. `name` is the header's file name. */
void operations_load(Model *m, const char *dir);  /* dir: where the model lies */
Operation *operation_named(Model *m, SwStr name); /* NULL if none */
void write_handlers(Model *m, SwBuf *b, const char *name);

/* events.c */
void events_load(Model *m);
void events_header(Model *m, SwBuf *b);
void events_source(Model *m, SwBuf *b);

/* collections.c */
void collections_load(Model *m);
Collection *collection_named(Model *m, SwStr name); /* NULL if none */
bool collection_has_index(const Collection *c, SwStr name);
void collections_header(Model *m, SwBuf *b);
void collections_source(Model *m, SwBuf *b);

/* check.c */
void model_check(Model *m);
bool is_word(const char *const *words, SwStr s); /* one of a NULL-terminated list */

/* keep.c. Parts what is compiled from what is not; whole: all is compiled. */
void model_keep(Model *m, bool whole);

/* paging.c: a constant SwPaging (g_<operation>) where an operation says how it is paged. */
void paging_check(Model *m, const Operation *op);
void paging_write(SwBuf *b, const Operation *op);

/* names.c. Results live in `a`. */
const char *name_snake(SwArena *a, SwStr name);  /* "VPCIds" -> "vpc_ids" */
const char *name_upper(SwArena *a, SwStr name);  /* snake in capitals; other bytes become '_' */
const char *name_camel(SwArena *a, SwStr name);  /* first letter raised */
const char *name_member(SwArena *a, SwStr name); /* snake, made safe: keywords get a trailing '_' */
/* The name, with as many trailing '_' as make it the model's only one. */
const char *name_unique(Model *m, const char *name);

/* types.c: the C type of a shape, and which list and map types a model declares itself. */
const char *c_type(Model *m, Shape *s);
void types_collect(Model *m);
bool has_entry_type(const Shape *s); /* a map whose entry struct is generated */

/* header.c, source.c. `name` is the header's file name. */
void write_header(Model *m, SwBuf *b);
void write_source(Model *m, SwBuf *b, const char *name);
void add_quoted(SwBuf *b, SwStr s); /* as a literal of C */
