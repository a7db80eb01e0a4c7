/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Resources as CloudFormation sees them: a type with properties, read and changed as one document. Which properties a type has
 * is a fact of AWS's schemas (models/schemas); how each is set and read through the service's own operations is declared in
 * models/resources ("cfn"); modelc puts both together. Everything here runs operations in process, so limits, refusals and
 * the caller's permissions are those of the service's API. */

#include "resource/resource.h"

typedef enum SwCfnKind {
    SW_CFN_STRING,
    SW_CFN_INTEGER,
    SW_CFN_NUMBER,
    SW_CFN_BOOLEAN,
    SW_CFN_JSON, /* a document, or text that is one: policies */
    SW_CFN_LIST,
    SW_CFN_MAP,
    SW_CFN_OBJECT
} SwCfnKind;

typedef struct SwCfnShape SwCfnShape;
typedef struct SwCfnField {
    const char *name;
    const SwCfnShape *shape;
    bool required;
    const char *member; /* of the API's structure, where its name differs by more than case; NULL: the same name; "": there is
                         * none, the structure says this by being there */
} SwCfnField;
struct SwCfnShape {
    SwCfnKind kind;
    const SwCfnShape *of;    /* of a list's or map's elements */
    const SwCfnField *field; /* of an object, by name */
    size_t n_field;
};

/* A list whose elements have an operation each. */
typedef struct SwCfnEach {
    uint16_t put, take;
    SwPath put_at, take_at; /* where they are told the element; n 0: its properties are members of the input */
    uint16_t show;          /* what `get` shows are the names of elements, of which this shows one; or SW_NO_OPERATION */
    SwPath show_at;
    const char *const *with; /* properties of the type that each call is told, too; NULL-terminated, or NULL */
} SwCfnEach;

/* How one property (or one below it: "LifecyclePolicy.LifecyclePolicyText") reaches the service and is read again. */
typedef struct SwCfnBinding {
    const char *property;
    const SwCfnShape *shape;
    bool create_only, read_only, tags;
    SwPath create; /* in the input of the type's `create` */
    uint16_t set, unset, get;
    SwPath set_at, get_at; /* get SW_NO_OPERATION: get_at is in what the type's `read` shows */
    SwPath name_at;        /* `set` changes one attribute at a time: where its input says which, .key is it; or none */
    SwPath delete_at;      /* in the input of the type's `delete`: it is for that alone */
    uint16_t take;         /* `set` adds to what there is; what is not wanted any more goes to this one */
    SwPath take_at;
    const SwCfnEach *each; /* or NULL */
    const char *get_input; /* JSON that `get` is given besides, or NULL */
    bool hook;             /* hooks->cfn_get shows it and hooks->cfn_set sets it */
    const char *without;   /* another property, which is absent while this one changes, as one is about the other; or NULL */
    SwPath told;           /* in create's output: what no operation shows later */
    const char *text;      /* it is this, over the parts that the ARN says; or NULL */
    /* JSON: what it is where it is left out; set when it is taken away, of a list of keys and values, of those that are. NULL:
     * leaving it out of `set` does it, or `unset`. */
    const char *absent;
    const char *stays;       /* why it cannot be taken away; NULL: it can */
    bool kept;               /* where it is left out, it quietly stays as it was */
    bool keeps;              /* `set` leaves alone what it is not told, and is told what changes alone */
    bool carried;            /* what each element's call is told besides: at set_at by `set`, else by its name */
    bool later;              /* for changes alone: it is not set when the resource is made */
    const char *put;         /* the property of it that is put; NULL: the whole */
    const SwErrorKind *none; /* what `get` fails with where there is none */
    const char *refused;     /* why no value is taken; NULL: it is */
    const char *unless;      /* JSON: those that are nevertheless, as they ask for what is so anyway; texts over {account} and
                              * {region}; or NULL */
} SwCfnBinding;

typedef struct SwCfnIdentifier {
    const char *property;
    int8_t part; /* of the resource; -1: its ARN or reference */
} SwCfnIdentifier;

struct SwCfnType {
    const char *name; /* "AWS::ECR::Repository" */
    const SwCfnShape *shape;
    SwCfnIdentifier identifier[SW_PARTS_MAX];
    uint8_t n_identifier;
    uint16_t create, read, list, remove; /* operations of the resource's API; list: may be SW_NO_OPERATION */
    SwPath made;                         /* in create's output: name or ARN; none: create's input says it */
    SwPath read_at;                      /* in read's output: the structure that shows it (of a list the first, or `read_is`) */
    const char *create_input;            /* JSON that create is given besides, but for what properties say; or NULL */
    const char *read_input,
        *remove_input; /* JSON that they are given besides; its texts are over the parts and {arn}; or NULL */
    SwPath kept;       /* in the record: the properties as JSON; the service has no such resource itself; or none */
    SwPath read_is;    /* in what `read` shows: the one is meant where this text, over the parts, is there */
    const char *read_is_text;
    const char *name_property; /* gets a name of its own where a request leaves it out; or NULL */
    bool name_lower;
    const char *name_end, *name_end_if; /* how such a name ends where this property is true; or NULL */
    const SwCfnBinding *bind;
    size_t n_bind;
};

/* A document that the type's schema does not take, or a change that cannot be made. */
extern const SwErrorKind SW_CFN_INVALID_REQUEST;
extern const SwErrorKind SW_CFN_NOT_UPDATABLE; /* but by making it anew */
extern const SwErrorKind SW_CFN_EXISTS;        /* of what is there already, where the service has no word for it */

/* NULL: no service declares it. */
const SwResource *sw_resource_of_type(const SwHost *h, SwStr type);
/* The properties of what `identifier` names (several parts with '|' between), read-only ones too. Fails with the resource's
 * `missing`. In cx->tx. */
int sw_resource_model(SwCtx *cx, const SwResource *r, SwStr identifier, SwValue *ret_properties, SwError *err) sw_must_check;
/* Of one that was found. */
int sw_resource_model_of(SwCtx *cx, const SwFound *f, SwStr identifier, SwValue *ret_properties, SwError *err) sw_must_check;
/* The identifier of a record that was found. */
SwStr sw_resource_identifier(SwCtx *cx, const SwFound *f);

typedef struct SwApplied {
    SwStr identifier;
    SwValue told;          /* read-only properties that only create's answer has: an access key's secret */
    bool replace;          /* what changed can only be had by making the resource anew; nothing was done */
    SwStrList create_only; /* what that was: names of properties */
} SwApplied;
/* Make what `was` says into what `want` says: was NULL: create; want NULL: delete. In cx->tx, a write one; after a failure the
 * transaction is to be undone to where it was before. */
int sw_resource_apply(SwCtx *cx, const SwResource *r, SwStr identifier, const SwValue *was, const SwValue *want, SwApplied *ret,
                      SwError *err) sw_must_check;
/* Whether an object says that the structure is not there. */
bool sw_cfn_says_absent(const SwCfnShape *c, const SwValue *v);
/* cfn_convert.c: between a property's JSON and the API's value at `at`, which has been made. */
int sw_cfn_put(SwCtx *cx, const SwCfnShape *c, const SwValue *v, const char *name, const SwShape *s, void *at, const char *key,
               SwError *err) sw_must_check;
/* False where the API's value says nothing: empty lists and structures. */
bool sw_cfn_get(SwCtx *cx, const SwCfnShape *c, const SwShape *s, const void *at, const char *key, SwValue *ret);
