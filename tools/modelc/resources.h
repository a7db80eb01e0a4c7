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
    bool any_case, by_id;
    Text fault[7]; /* too_many, reserved, duplicate, bad_key, bad_value, missing, bad_arn */
} TagRules;
typedef struct Named {
    Operation *op;
    Path at, with[4], becomes[4];
    const SwValue *asks; /* actions; NULL: the operation's own */
} Named;
typedef struct NamedList {
    Named *v;
    size_t n;
} NamedList;

/* What operations do with a resource: SwVerb of src/resource/resource.h. */
typedef enum Verb { VERB_MAKE, VERB_PUT, VERB_SHOW, VERB_LIST, VERB_CHANGE, VERB_END, VERB_USE, VERB_MAX } Verb;
typedef struct OperationList {
    Operation **v;
    size_t n;
} OperationList;

typedef struct CfnEach {
    Operation *put, *take, *show;
    Path put_at, take_at, show_at;
    const SwValue *with;
} CfnEach;
typedef struct CfnBinding {
    SwStr property;
    const SwValue *type; /* as schemas write it */
    bool create_only, read_only, tags, kept, keeps, later, carried, hook;
    CfnEach *each; /* NULL: none */
    Path told;
    Path create, set_at, get_at, take_at, remove, name_at;
    Operation *set, *unset, *get, *take;
    SwStr absent, refused, unless, stays, text, put, get_input, without;
    const char *none;
} CfnBinding;
typedef struct CfnBindingList {
    CfnBinding *v;
    size_t n;
} CfnBindingList;
typedef struct CfnIdentifier {
    SwStr property;
    int part; /* -1: its ARN or reference */
} CfnIdentifier;
typedef struct Resource Resource;
typedef struct CfnType {
    Resource *of;
    SwStr name, tags, create_input, read_input, remove_input, read_is_text, name_property, name_end, name_end_if;
    const char *c_name;
    const SwValue *json, *schema;
    Operation *create, *read, *list, *remove, *attribute_set;
    SwStr attributes_at, attribute_set_at, attribute_name_at; /* "attributes" of the type; absent: it has none */
    Path kept, made, read_at, read_is, wrapper;
    CfnIdentifier identifier[4];
    size_t n_identifier;
    CfnBindingList bind;
    bool name_lower;
} CfnType;

/* A part of a record that operations put, show and take away: SwSetting of src/resource/resource.h. */
typedef enum SettingVerb { SETTING_PUT, SETTING_GET, SETTING_DELETE, SETTING_VERB_MAX } SettingVerb;
typedef struct SettingOperation {
    Operation *op; /* NULL: none */
    Path of, given, shown;
} SettingOperation;
typedef struct Setting {
    SwStr name;
    const char *c_name; /* "bucket_cors" */
    SettingOperation does[SETTING_VERB_MAX];
    Path at; /* in the record; empty: nothing ever has it */
    Text none;
    const SwValue *says, *otherwise; /* NULL: nothing */
    bool whole, strict, hooks;
} Setting;
typedef struct SettingList {
    Setting *v;
    size_t n;
} SettingList;

struct Resource {
    SwStr name;
    const char *c_name;
    const SwValue *json;
    Collection *collection; /* NULL: it has no records of its own */
    Shape *record;          /* the collection's */
    OperationList verb[VERB_MAX];
    const SwValue *names; /* members of inputs that name it beside `named`; NULL: none */
    Part part[4];
    size_t n_part;
    SwStr id, arn_index;
    SwStrList arn, reference;
    Path arn_at, account, region, state, created, policy, tags;
    TagRules *rules;
    Text missing, exists, bad_arn, elsewhere;
    NamedList named;
    SettingList settings;
    bool hooks, policy_itself, policy_decides;
    CfnType *cfn; /* NULL: none */
};
typedef struct ResourceList {
    Resource *v;
    size_t n;
} ResourceList;

/* Where an input holds what concerns `value`: a service that a role is passed to, a condition key. */
typedef struct Way {
    Operation *op;
    Path at;
    SwStr value;
    Resource *arn_of; /* NULL: the text itself */
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
    size_t page;        /* how many it lists at once; 0: all */
    bool replaces;      /* its tags take the place of all that there are */
    Path says;          /* a member that is always this text; or none */
    SwStr text;
} TagOperation;
typedef struct TagOperationList {
    TagOperation *v;
    size_t n;
} TagOperationList;

typedef struct Declarations {
    Model *api, *records;
    const char *file;
    SwStr service;
    const SwValue *schemas; /* schemas/<api>.json; NULL: there is none */
    SwMap shapes;           /* by C name: tables of types that are written */
    TagRules *rules;
    ResourceList resources;
    TagOperationList tag_operations;
    WayList passes, conditions;
} Declarations;

Declarations *resources_load(Model *api, Model *records, const char *file);
/* Complains of fields that are none of `words`. */
void resource_words(Declarations *d, const SwValue *json, const char *const *words, const char *what);
/* verbs.c. Of a resource: reads and checks "operations" and "names"; of the service: every operation is somebody's. */
extern const char *const verb_names[]; /* by Verb */
void resource_verbs(Declarations *d, Resource *r, const SwValue *json);
void resource_verbs_check(Declarations *d, const SwValue *json);
bool resource_does(const Resource *r, const Operation *op);
Operation *resource_first(const Resource *r, Verb verb); /* NULL: none */
/* Where its input says which one is meant. */
bool resource_named_at(const Resource *r, const Operation *op, Path *ret);
/* Complains of what an input cannot be told: texts are over the parts, "{arn}" or "{record.member}". */
void resource_told(Declarations *d, Resource *r, const SwValue *v);
/* "a.b[Key]" from a structure down; false where there is no such way. */
Operation *resource_operation(Declarations *d, const SwValue *at); /* at NULL: NULL; a wrong name is said */
bool resource_path(Shape *from, SwStr text, Path *ret);
/* Of "{name}", "{name*}", "{name:lower}", "{name:path}", "{name:folder}": what stands between the braces, without how it is
 * written. */
SwStr resource_field_name(SwStr field);

/* Complains of parts that the resource has not. */
void resource_template(Declarations *d, Resource *r, const SwValue *at);

Path path_join(const Path *a, const Path *b);
const char *resource_error_name(Declarations *d, const SwValue *at);
Text resource_text(Declarations *d, const SwValue *at); /* [error, text], with a fact or without; at NULL: none */
void write_path(SwBuf *b, const Path *p);
void write_text(SwBuf *b, const char *field, const Text *t); /* where there is one */

/* settings.c */
void settings_load(Declarations *d, Resource *r, const SwValue *json); /* json NULL: none */
void settings_header(Declarations *d, Resource *r, SwBuf *b);
void settings_table(Declarations *d, Resource *r, SwBuf *b);
void settings_handlers(Declarations *d, Resource *r, SwBuf *b);

/* cfn.c, cfn_out.c. NULL after complaining. */
CfnType *cfn_load(Declarations *d, Resource *r, const SwValue *json);
void cfn_write(Declarations *d, Resource *r, SwBuf *b);
void cfn_write_scalars(Declarations *d, SwBuf *b); /* before all types */

void write_resources_header(Declarations *d, SwBuf *b);
void write_resources_source(Declarations *d, SwBuf *b, const char *name);
