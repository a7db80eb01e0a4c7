/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Declared resources. What AWS names by an ARN is one constant, made by modelc from models/resources/<service>.json: where
 * its record lies, how ids, ARNs and inputs name it, its errors, its tags and its policy. Whoever needs all of them (IAM's
 * resource of a request, tags, the Tagging API, Cloud Control, `slipway resources`) walks over these constants; a service
 * writes only what is its own.
 *
 * A resource is told from its like by its parts: a cluster's name; a service's cluster and name. Ids of records, ARNs and
 * references in inputs are texts over the parts, and each can be read back into them:
 *
 *     "{cluster}/{service}"     a part without '/' and ':'        "{name*}"   any text; ends in :/ before another
 *     "{name:path}"             any text without ':'              "{*}"                    any text, which tells nothing
 *     "{path:folder}"           "/", or text between two of them
 *     "{name:lower}"            written in lower case             "{account}" "{region}"   the context's, or the text's own
 *
 * Everything here works in cx->tx and allocates in cx->arena. */

#include "api/ctx.h"
#include "api/tags.h"

#define SW_PARTS_MAX 4
#define SW_PATH_MAX  4

typedef struct SwResource SwResource;
typedef struct SwService SwService;
typedef struct SwCfnType SwCfnType;
typedef struct SwDeclarations SwDeclarations;

/* A way from a structure down: members by their index in the shape. A list on the way stands for each of its elements. */
typedef struct SwPath {
    uint8_t n; /* 0: no such place */
    uint16_t at[SW_PATH_MAX];
    const char *key; /* the way ends in a map of strings: the value under this key; or NULL */
} SwPath;

typedef struct SwPart {
    const char *name;
    const char *otherwise; /* what a request means that leaves it out; NULL: it must say */
} SwPart;

/* An error in the service's own words: over the parts, {account}, {region}, {arn} and {ref} (what the caller wrote). */
typedef struct SwText {
    const SwErrorKind *kind; /* NULL: the service has none of its own */
    const char *text;
    const char *fact; /* of the error: its value is what the caller wrote; NULL: none */
} SwText;

/* Where an operation's input names the resource: by reference or ARN, one or a list. */
typedef struct SwNamed {
    uint16_t op; /* SwOperation.index */
    SwPath at;
    SwPath with[SW_PARTS_MAX];    /* where the input says the other parts, in the order of SwResource.part */
    SwPath becomes[SW_PARTS_MAX]; /* where it says what they are afterwards: IAM is asked about both */
    const char *const *asks;      /* NULL-terminated: the actions that IAM is asked for; NULL: the operation's own */
} SwNamed;

/* A resource found: what it is, under which id, its record. */
typedef struct SwFound {
    const SwResource *r;
    SwStr id;
    void *record;
} SwFound;

/* What the service's operations do with a resource. */
typedef enum SwVerb {
    SW_VERB_MAKE,
    SW_VERB_PUT,  /* makes it, or changes the one that is there */
    SW_VERB_SHOW, /* it, or what it has */
    SW_VERB_LIST,
    SW_VERB_CHANGE,
    SW_VERB_END,
    SW_VERB_USE, /* works with it, and leaves what it is as it was: sends a message to a queue */
    _SW_VERB_MAX
} SwVerb;

#define SW_NO_OPERATION UINT16_MAX

/* What templates cannot say. Each may be NULL. */
typedef struct SwResourceHooks {
    /* The ARN of what a request means by `ref` (absent: it named nothing); absent: as is declared. */
    SwStr (*named)(SwCtx *cx, const SwOperation *op, const void *in, SwStr ref);
    /* The ARN of an id, and another id under which the same may be stored (absent: none): SSM's "a" is "/a". */
    SwStr (*arn)(SwCtx *cx, SwStr id);
    SwStr (*other_id)(SwCtx *cx, SwStr id);
    /* Does this record count as existing? A service that was deleted is kept for a while. NULL: always. */
    bool (*exists)(SwCtx *cx, const void *record);
    /* The record of what exists without being stored, as it would be stored first; NULL: no such. Walks pass it over. */
    void *(*implied)(SwCtx *cx, SwStr id);
    /* Tags have changed and are about to be written: dates, copies elsewhere. */
    int (*tagged)(SwCtx *cx, const SwFound *f, SwError *err);
    /* The policy of this resource where it does not lie in its record; *ret absent: none. */
    int (*policy)(SwCtx *cx, const SwFound *f, SwStr *ret_document, SwError *err);
    /* The same where it does not depend on whether there is such a record: the account's, that of what it lies in. */
    int (*any_policy)(SwCtx *cx, SwStr id, SwStr *ret_document, SwError *err);
    /* Does something beside its policy allow the caller the action, of which cx->op and cx->in tell: a key's grant? */
    int (*granted)(SwCtx *cx, const SwFound *f, const char *action, bool *ret, SwError *err);
    /* A property of its CloudFormation type that takes more than one operation, shown (*ret of the kind SW_VNULL: there is
     * none) and set (was NULL: it is new; want NULL: the resource is about to be deleted). Without cfn_set it is only shown. */
    int (*cfn_get)(SwCtx *cx, const SwFound *f, const char *property, SwValue *ret, SwError *err);
    int (*cfn_set)(SwCtx *cx, const SwFound *f, const char *property, const SwValue *was, const SwValue *want, SwError *err);
    /* For CloudFormation it is gone, though it can still be shown: a key that waits for its deletion. NULL: never. */
    bool (*cfn_ended)(SwCtx *cx, const void *record);
    /* What `create` is told of a new one beside its properties. */
    void (*cfn_new)(SwCtx *cx, void *in);
    /* The one that `create`, told this, would answer with; ret->r NULL: none. Where names do not tell. */
    int (*cfn_like)(SwCtx *cx, const void *in, SwFound *ret, SwError *err);
    /* Fails where `delete` answered this, and did nothing. NULL: it fails then. */
    int (*cfn_deleted)(SwCtx *cx, const SwFound *f, const void *out, SwError *err);
    /* What CloudFormation knows it by, where that is neither its ARN nor the first of its references: a URL. */
    SwStr (*identifier)(SwCtx *cx, const SwFound *f);
    /* Fails with `missing` where its text depends on more than names. */
    int (*missing)(SwCtx *cx, SwStr reference, SwError *err);
    /* Of settings: gets the one that an input names, where more than the name decides about that. */
    int (*of_setting)(SwCtx *cx, const void *in, SwFound *ret, SwError *err);
} SwResourceHooks;

/* What a declaration of a setting cannot say; each may be NULL. `in` is put's input. */
typedef struct SwSettingHooks {
    int (*valid)(SwCtx *cx, const void *in, SwError *err);                   /* before the resource is looked for */
    int (*check)(SwCtx *cx, const SwFound *f, const void *in, SwError *err); /* before it is put into the record */
    void (*taken)(SwCtx *cx, const SwFound *f);                              /* what else of the record goes with it */
    int (*changed)(SwCtx *cx, const SwFound *f, const void *in,
                   SwError *err);                          /* it is stored (in NULL: taken away): wakes, tells */
    void (*shown)(SwCtx *cx, const SwFound *f, void *out); /* what get answers */
} SwSettingHooks;

/* An operation on a setting. */
typedef struct SwSettingOperation {
    uint16_t op;  /* SwOperation.index; SW_NO_OPERATION: there is none */
    SwPath of;    /* in the input: which one is meant */
    SwPath given; /* in put's input: the setting */
    SwPath shown; /* in the output: as it is; of what takes it away: as it was */
} SwSettingOperation;

/* A member of outputs: a text over the parts, or "{record.member}". */
typedef struct SwSaid {
    const char *member, *text; /* member NULL: the last */
} SwSaid;

/* A part of a resource's record that has operations of its own. It is there while it is not empty. */
typedef struct SwSetting {
    const char *name; /* "cors" */
    SwSettingOperation put, get, take;
    SwPath at;             /* in the record; empty: no record has it, ever */
    bool whole;            /* get's output has the members of what is kept */
    bool strict;           /* taking away what is not there fails with `none`, too */
    SwText none;           /* get's answer where it is not there; no kind: that is no failure */
    const char *otherwise; /* JSON: what get shows then; NULL: nothing */
    const SwSaid *says;    /* or NULL */
    const SwSettingHooks *hooks;
} SwSetting;

struct SwResource {
    const char *name;    /* "repository": with the service, "ecr:repository", the type that the Tagging API knows */
    const char *plural;  /* "log groups" */
    const char *service; /* as ARNs say it: "ecr", "elasticloadbalancing" */
    const SwApi *api;
    const SwCollection *in;
    const uint16_t *does[_SW_VERB_MAX]; /* by SwVerb: SwOperation.index, ended by SW_NO_OPERATION; NULL: none */
    const char *names; /* JSON: members of inputs that name it, about which IAM is not asked; texts over the parts, {arn} and
                          {record.member}; or NULL */
    SwPart part[SW_PARTS_MAX];
    uint8_t n_part;
    const char *id;               /* "{repositoryName}" */
    const char *const *arn;       /* NULL-terminated: written by the first that says enough, all are read; empty: it has none */
    const char *const *reference; /* NULL-terminated: how inputs write it where not by ARN; most often "{name}"; may be empty */
    SwPath arn_at;                /* the record holds its own ARN, which may say more than its id (paths, random ends) */
    const char *arn_index;        /* index of the collection by ARN, where ARNs do not say the id; or NULL */
    SwPath account_at, region_at; /* of collections of global scope: whose it is */
    SwPath state_at, created_at;  /* for those who look: "ACTIVE"; a timestamp, or milliseconds since 1970 */
    SwPath tags_at, policy_at;
    bool policy_itself;  /* its policy's statements name no Resource: they are about what they lie on (ECR) */
    bool policy_decides; /* what its policy does not allow nobody may do: IAM's count where it trusts the account (KMS) */
    const SwTagRules *tag_rules;
    SwText missing, exists;
    SwText bad_arn;   /* a text that is an ARN of none of the kinds that may be named there */
    SwText elsewhere; /* an ARN or reference of another region; no kind: as `missing` */
    const SwNamed *named;
    size_t n_named;
    const SwSetting *settings;
    size_t n_settings;
    const SwCfnType *cfn; /* NULL: CloudFormation has no such type, or Slipway not yet */
    const SwResourceHooks *hooks;
};

/* Where an input holds what concerns `value`: the service that a role is passed to, the condition key it is asked by. */
typedef struct SwInputWay {
    uint16_t op;
    SwPath at;
    const char *value;
    const SwResource
        *arn_of; /* a condition's value is the ARN of the one of these that is named there; NULL: the text itself */
} SwInputWay;

/* An operation that sets, takes or shows tags, for whoever does it by the service's own operations. */
typedef enum SwTagVerb { SW_TAG_SET, SW_TAG_TAKE, SW_TAG_SHOW } SwTagVerb;
typedef struct SwTagOperation {
    uint16_t op;
    SwTagVerb verb;
    SwPath of;              /* in the input: reference or ARN, one or a list */
    SwPath at;              /* tags or keys in the input; shown tags in the output */
    const SwResource *only; /* NULL: any of the service */
    bool replaces;          /* what is set takes the place of all tags */
    SwPath says;            /* a member that is always `text`: the kind of resource */
    const char *text;
} SwTagOperation;

/* All that a service declares. */
struct SwDeclarations {
    const SwResource *const *resource; /* NULL-terminated */
    const SwInputWay *passes;          /* value: "ecs-tasks.amazonaws.com" */
    size_t n_passes;
    const SwInputWay *conditions; /* value: "s3:prefix" */
    size_t n_conditions;
    const SwTagOperation *tagging;
    size_t n_tagging;
};

/* --- names ------------------------------------------------------------------------------------------------------ */

typedef struct SwParts {
    SwStr v[SW_PARTS_MAX];
    SwStr account, region; /* as an ARN said; absent: the context's */
} SwParts;

/* Read a text by a template; false where it does not fit, or templ is NULL: the resource has no ARN. */
bool sw_resource_read(const SwResource *r, const char *templ, SwStr text, SwParts *ret_parts);
/* Write one; a part that is absent is written as its `otherwise`, else as "*". Absent: it would have more than 64 KiB, or
 * templ is NULL. */
SwStr sw_resource_write(SwCtx *cx, const SwResource *r, const char *templ, const SwParts *parts);
/* The ARN of parts: as a hook says, else by the first of its texts that says all that differ from what is meant without them;
 * absent: it has none. */
SwStr sw_resource_write_arn(SwCtx *cx, const SwResource *r, const SwParts *parts);
/* The parts of an ARN, false where it is not one of this resource, or of another region or account. */
bool sw_resource_read_arn(SwCtx *cx, const SwResource *r, SwStr arn, SwParts *ret_parts);
/* The ARN of what lies under `id`: the record's own where it has one. record NULL: it need not exist. Absent: it has none. */
SwStr sw_resource_arn(SwCtx *cx, const SwResource *r, SwStr id, const void *record);
/* What people call it: the reference by which inputs name it, else the last of its parts. */
SwStr sw_resource_name(SwCtx *cx, const SwFound *f, SwStr arn);
/* The id of what a reference or ARN of this resource means; absent: it means none. What is left out means what the parts say.
 */
SwStr sw_resource_id(SwCtx *cx, const SwResource *r, SwStr reference);

/* --- its operations --------------------------------------------------------------------------------------------- */

/* The first that does this; NULL: none. */
const SwOperation *sw_resource_operation(const SwResource *r, SwVerb verb);
bool sw_resource_does(const SwResource *r, SwVerb verb, const SwOperation *op);
/* Writes into an operation's input which one is meant: where `named` says so, else by `names`. */
int sw_resource_name_in(SwCtx *cx, const SwFound *f, const SwOperation *op, void *in, SwError *err) sw_must_check;

/* --- finding ---------------------------------------------------------------------------------------------------- */

/* ret->record NULL: there is none, or it is another account's. */
int sw_resource_find(SwCtx *cx, const SwResource *r, SwStr id, SwFound *ret, SwError *err) sw_must_check;
/* The same, but fails with r->missing. */
int sw_resource_get(SwCtx *cx, const SwResource *r, SwStr id, SwFound *ret, SwError *err) sw_must_check;
/* By reference or ARN, of one of several (NULL-terminated). Fails with `bad_arn` of the first where it is none of their
 * ARNs, with `missing` where there is none; ret->r is then the one that was meant. */
int sw_resource_by_reference(SwCtx *cx, const SwResource *const *among, SwStr reference, SwFound *ret,
                             SwError *err) sw_must_check;
/* The same of one kind, where what is missing is no failure: ret->record NULL. */
int sw_resource_find_reference(SwCtx *cx, const SwResource *r, SwStr reference, SwFound *ret, SwError *err) sw_must_check;
/* Where an input takes ARNs alone: each is one of these resources', here or elsewhere; else fails with `bad_arn` of the first.
 */
int sw_resource_check_arns(SwCtx *cx, const SwResource *const *among, SwStrList refs, SwError *err) sw_must_check;
/* By ARN, over all services; ret->r NULL: nothing of this server. */
int sw_resource_by_arn(SwCtx *cx, SwStr arn, SwFound *ret, SwError *err) sw_must_check;
/* Fails with the resource's own error, its words filled from the id or reference that was asked for. */
int sw_resource_fail(SwCtx *cx, const SwResource *r, const SwText *text, SwStr reference, SwError *err);
static inline int sw_resource_missing(SwCtx *cx, const SwResource *r, SwStr reference, SwError *err) {
    return sw_resource_fail(cx, r, &r->missing, reference, err);
}
int sw_resource_put(SwCtx *cx, const SwFound *f, SwError *err) sw_must_check;
/* The same by parts: what the generated, typed accessors call (ecr_repository_get). Insert fails with `exists`. */
int sw_resource_find_parts(SwCtx *cx, const SwResource *r, const SwParts *p, void **ret_record, SwError *err) sw_must_check;
int sw_resource_get_parts(SwCtx *cx, const SwResource *r, const SwParts *p, void **ret_record, SwError *err) sw_must_check;
int sw_resource_put_parts(SwCtx *cx, const SwResource *r, const SwParts *p, const void *record, SwError *err) sw_must_check;
int sw_resource_insert_parts(SwCtx *cx, const SwResource *r, const SwParts *p, const void *record, SwError *err) sw_must_check;
int sw_resource_delete_parts(SwCtx *cx, const SwResource *r, const SwParts *p, SwError *err) sw_must_check;

/* Of a record that holds its own ARN (arn_at), under the id that this says. */
int sw_resource_save(SwCtx *cx, const SwResource *r, const void *record, SwError *err) sw_must_check;
int sw_resource_drop(SwCtx *cx, const SwResource *r, const void *record, SwError *err) sw_must_check;

/* The value at the end of a way without lists, and its shape; NULL: absent. */
const void *sw_path_value(const SwShape *s, const void *v, const SwPath *p, const SwShape **ret_shape);
/* What lies in a record. Text and time (a timestamp, or milliseconds since 1970) absent or 0 where there is none. */
SwStr sw_path_text(const SwShape *s, const void *v, const SwPath *p);
/* Of all elements of lists on the way; absent where one of them has none. */
SwStrList sw_path_texts(SwArena *a, const SwShape *s, const void *v, const SwPath *p);
SwTime sw_path_time(const SwShape *s, const void *v, const SwPath *p);
/* The value's own place, made where it is not there yet (lists and maps empty), to be written; a list on the way stands for its
 * last element. NULL: no such path. */
void *sw_path_make(SwArena *a, const SwShape *s, void *v, const SwPath *p);
/* The value at its end; of a list on the way, in its first element. NULL: absent. */
const void *sw_path_first(const SwShape *s, const void *v, const SwPath *p, const SwShape **ret_shape);
/* Takes away what lies there; no list may be on the way. */
void sw_path_clear(const SwShape *s, void *v, const SwPath *p);

/* Writes a text there; lists on the way, and at its end, get one element more. */
void sw_path_write(SwArena *a, const SwShape *s, void *v, const SwPath *p, SwStr text);
/* The name of the member at its end. */
SwStr sw_path_last(const SwShape *s, const SwPath *p);
/* How an input names it at `at`: by ARN where the member's name says so, else as references are written. */
SwStr sw_resource_reference(SwCtx *cx, const SwFound *f, const SwShape *s, const SwPath *at);

/* --- what requests are about ------------------------------------------------------------------------------------ */

/* What IAM is asked of a request. */
typedef struct SwQuestion {
    const char *action; /* NULL: the operation's own */
    SwStr arn;
} SwQuestion;
typedef struct SwQuestions {
    SwQuestion *v;
    size_t n;
} SwQuestions;

/* About all that a request names; empty: it names nothing that is declared. */
int sw_resource_questions(SwCtx *cx, const SwService *s, const SwOperation *op, const void *in, SwQuestions *ret,
                          SwError *err) sw_must_check;
/* Asks them, of `action`, or where nothing is named about "*". */
int sw_resource_authorise(SwCtx *cx, const SwService *s, const SwOperation *op, const char *action, const void *in,
                          SwError *err) sw_must_check;
/* The value of a condition with `arn_of`; absent: the input names none, and means none by leaving it out. */
int sw_resource_condition(SwCtx *cx, const SwService *s, const SwInputWay *w, const SwOperation *op, const void *in,
                          SwStr *ret_arn, SwError *err) sw_must_check;
/* What a member of the input says, and where a condition's `arn_of` tells what it names, that one's ARN, however it is said. */
int sw_resource_meant(SwCtx *cx, const SwService *s, const SwOperation *op, const void *in, const SwPath *at, SwStr *ret,
                      SwError *err) sw_must_check;
/* The resource-based policy of what an ARN names; absent where there is none. f: what it is, r NULL: nothing declared. */
int sw_resource_policy(SwCtx *cx, SwStr arn, SwStr *ret_document, SwFound *ret_f, SwError *err) sw_must_check;
/* SwResource.policy_decides of what an ARN would name. */
bool sw_resource_policy_decides(SwCtx *cx, SwStr arn);

/* --- tags ------------------------------------------------------------------------------------------------------- */

/* The record's tags; never NULL for a resource that can have some. */
SwStrMap *sw_resource_tags(SwCtx *cx, const SwFound *f);
/* Into the record, not yet written: what a Create operation is given. */
int sw_resource_set_tags(SwCtx *cx, const SwFound *f, const SwStrMap *given, SwError *err) sw_must_check;
int sw_resource_set_tags_parts(SwCtx *cx, const SwResource *r, const SwParts *p, void *record, const SwStrMap *given,
                               SwError *err) sw_must_check;
/* The same in place of those that are there; what only Slipway itself may set stays. */
int sw_resource_replace_tags(SwCtx *cx, const SwTagRules *rules, SwStr named, SwStrMap *tags, const SwStrMap *given,
                             SwError *err) sw_must_check;
/* What the caller may give to something that is not there yet. */
int sw_resource_check_tags(SwCtx *cx, const SwTagRules *rules, const SwStrMap *given, SwError *err) sw_must_check;
int sw_resource_replace_tags_parts(SwCtx *cx, const SwResource *r, const SwParts *p, void *record, const SwStrMap *given,
                                   SwError *err) sw_must_check;
/* Whole operations, which modelc writes into each service's handlers: every reference is one of `among`. */
/* Before them, where the input takes ARNs alone; by the tag rules' `bad_arn`, else the first one's own. */
int sw_op_check_arns(SwCtx *cx, const SwResource *const *among, SwStrList refs, SwError *err) sw_must_check;
int sw_op_tag(SwCtx *cx, const SwResource *const *among, SwStrList refs, const SwStrMap *given, SwError *err) sw_must_check;
int sw_op_untag(SwCtx *cx, const SwResource *const *among, SwStrList refs, const SwStrList *keys, SwError *err) sw_must_check;
int sw_op_tags(SwCtx *cx, const SwResource *const *among, SwStr ref, SwStrMap **ret_tags, SwError *err) sw_must_check;
/* Into the list of `out`, in pages: `usual` where the input says no number. */
int sw_op_tags_page(SwCtx *cx, const SwResource *const *among, SwStr ref, size_t usual, void *out, SwError *err) sw_must_check;
/* The service's own operations, in process: with its limits and events, and asking for the caller's permission. */
/* Whether the caller may be shown its tags: what the operation that shows them asks IAM. */
int sw_resource_ask_tags(SwCtx *cx, const SwFound *f, SwError *err) sw_must_check;
int sw_resource_call_tag(SwCtx *cx, const SwFound *f, const SwStrMap *tags, SwError *err) sw_must_check;
int sw_resource_call_untag(SwCtx *cx, const SwFound *f, const SwStrList *keys, SwError *err) sw_must_check;
#define SW_ONE(s) ((SwStrList){.v = (SwStr[]){s}, .n = 1})

/* --- settings --------------------------------------------------------------------------------------------------- */

/* Whole operations, which modelc writes into each service's handlers; `at` is the setting's place in r->settings. */
int sw_op_setting_put(SwCtx *cx, const SwResource *r, size_t at, const void *in, void *out, SwError *err) sw_must_check;
int sw_op_setting_get(SwCtx *cx, const SwResource *r, size_t at, const void *in, void *out, SwError *err) sw_must_check;
int sw_op_setting_delete(SwCtx *cx, const SwResource *r, size_t at, const void *in, void *out, SwError *err) sw_must_check;
/* The setting as a record has it, and its shape; NULL: it is not there. */
const void *sw_setting_of(const SwFound *f, const SwSetting *s, const SwShape **ret_shape);

/* --- all of them ------------------------------------------------------------------------------------------------ */

/* Called for each of one resource that exists in the context's account and region, by id, behind `after_id`; a return other
 * than 0 ends the walk and is what it returns (-1 with *err set). Records stay in the context's arena: walk in pages. */
typedef int SwResourceFn(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err);
int sw_resource_walk(SwCtx *cx, const SwResource *r, SwStr after_id, SwResourceFn *fn, void *arg, SwError *err) sw_must_check;
/* The same over all kinds that have ARNs, by service, name and id, where no transaction is open: each portion has a snapshot
 * and memory of its own, cx of `fn` is gone with it. */
typedef struct SwResourceWalk {
    bool (*want)(const SwResource *r, const void *arg); /* NULL: all kinds */
    SwResourceFn *fn;
    void *arg;
    SwStr after; /* a place; absent: from the first */
} SwResourceWalk;
int sw_resource_each(SwCtx *cx, const SwResourceWalk *w, SwError *err) sw_must_check;
SwStr sw_resource_place(SwArena *a, const SwFound *f);
/* All declared, NULL-terminated, ordered by service and name; cached by the host. */
const SwResource *const *sw_resource_all(const SwHost *h);
void sw_resource_open(SwHost *h);
