/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Shapes: constant tables, made by tools/modelc from an API model, that describe C structs. Codecs, validation, the
 * store and the console are interpreters over them; no code is generated per message.
 *
 * How a model's types look in C (one generated header a model, <api>.gen.h):
 *
 *   string, enum        SwStr                    p == NULL: absent. Enums stay text; values have macros ECS_LAUNCH_TYPE_EC2
 *   boolean             SwOptBool                .set false: absent
 *   integer, long       SwOptInt                 int64_t; the shape's kind bounds it
 *   float, double       SwOptDouble
 *   timestamp           SwOptTime                SwTime, ns
 *   blob                SwStr                    decoded bytes
 *   document            const SwValue *          any JSON
 *   structure           EcsCluster *             NULL: absent. A list's or map's elements are inline, not pointers
 *   union               as structure, exactly one member present (checked)
 *   list                struct { T *v; size_t n; }                 v == NULL: absent. Named after T: EcsTagList, SwIntList
 *   map                 struct { struct { SwStr key; T value; } *v; size_t n; }
 *   streaming blob      SwStream                 see below
 *
 * A zeroed struct is valid and holds nothing. Lists of strings are SwStrList, maps string to string SwStrMap.
 * All that a struct points to lives in one arena, or longer. */

#include "base/error.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/time.h"

typedef struct SwOptBool {
    bool v;
    bool set;
} SwOptBool;
typedef struct SwOptInt {
    int64_t v;
    bool set;
} SwOptInt;
typedef struct SwOptDouble {
    double v;
    bool set;
} SwOptDouble;
typedef struct SwOptTime {
    SwTime v;
    bool set;
} SwOptTime;

#define SW_SOME_BOOL(x)       ((SwOptBool){(x), true})
#define SW_SOME_INT(x)        ((SwOptInt){(x), true})
#define SW_SOME_DOUBLE(x)     ((SwOptDouble){(x), true})
#define SW_SOME_TIME(x)       ((SwOptTime){(x), true})
#define SW_OR(opt, otherwise) ((opt).set ? (opt).v : (otherwise))

/* Lists of scalars; T of other lists is the structure, list or map itself. */
typedef struct SwBoolList {
    SwOptBool *v;
    size_t n;
} SwBoolList;
typedef struct SwIntList {
    SwOptInt *v;
    size_t n;
} SwIntList;
typedef struct SwDoubleList {
    SwOptDouble *v;
    size_t n;
} SwDoubleList;
typedef struct SwTimeList {
    SwOptTime *v;
    size_t n;
} SwTimeList;
typedef struct SwValueList {
    const SwValue **v;
    size_t n;
} SwValueList;

typedef struct SwStrPair {
    SwStr key, value;
} SwStrPair;
typedef struct SwStrMap {
    SwStrPair *v;
    size_t n;
} SwStrMap;
SwStr sw_str_map_find(const SwStrMap *m, SwStr key); /* absent if not there */
void sw_str_map_set(SwArena *a, SwStrMap *m, SwStr key, SwStr value);

/* A body too large for memory.
 * In a request: received in full before the handler runs, with its digests; `file` is open for reading, `size` known.
 * In a reply: set either `data`, or `file` with offset and size, or `read` for bytes that are made while they are sent. */
typedef struct SwStream {
    bool set;
    SwStr data;
    int file;                                        /* descriptor; the arena's owner closes it */
    int64_t offset, size;                            /* size -1 in a reply: unknown until `read` ends */
    SwStr sha256, md5, crc64nvme;                    /* raw bytes, of a request's body after transfer and content decoding */
    ssize_t (*read)(void *arg, void *buf, size_t n); /* 0: end, -1: broken off */
    void *arg;
} SwStream;

typedef enum SwKind {
    SW_STRING,
    SW_BOOLEAN,
    SW_INTEGER,
    SW_LONG,
    SW_FLOAT,
    SW_DOUBLE,
    SW_TIMESTAMP,
    SW_BLOB,
    SW_DOCUMENT,
    SW_STREAM,
    SW_LIST,
    SW_MAP,
    SW_STRUCTURE,
    SW_UNION,
    _SW_KIND_MAX
} SwKind;

typedef enum SwLocation { /* where REST protocols put a member */
                          SW_IN_BODY,
                          SW_IN_HEADER,
                          SW_IN_HEADERS /* a map under a name prefix */,
                          SW_IN_QUERY,
                          SW_IN_URI,
                          SW_IN_STATUS,
                          SW_IN_PAYLOAD /* the member is the whole body */
} SwLocation;

typedef enum SwTimestampFormat { SW_TS_DEFAULT, SW_TS_ISO8601, SW_TS_UNIX, SW_TS_RFC822 } SwTimestampFormat;

typedef struct SwShape SwShape;

enum { /* SwMember.flags */
       SW_REQUIRED = 1 << 0,
       SW_IDEMPOTENCY_TOKEN = 1 << 1, /* filled by SDKs; a handler treats an equal one as the same call */
       SW_XML_ATTRIBUTE = 1 << 2,
       SW_FLATTENED = 1 << 3,  /* list or map without a wrapping element */
       SW_JSON_VALUE = 1 << 4, /* header holding base64 JSON */
};

typedef struct SwRefused {
    const char *why;           /* "ECS Exec needs a session through SSM" */
    const char *const *unless; /* NULL-terminated values that may be said, since they ask for nothing; or NULL */
} SwRefused;

typedef struct SwMember {
    const char *name;  /* the model's: "repositoryName"; the JSON and CBOR key */
    const char *wire;  /* locationName, or NULL where it equals name: XML, Query, header, query string */
    const char *query; /* queryName (EC2), or NULL */
    const SwShape *shape;
    uint32_t offset; /* in the C struct */
    uint16_t flags;
    uint8_t location;                /* SwLocation */
    uint8_t timestamp;               /* SwTimestampFormat, overrides the shape's */
    const char *xml_ns, *xml_prefix; /* xmlNamespace, or NULL */
    const SwRefused *refused;        /* no request may set it here (models/members); or NULL */
} SwMember;

enum { /* SwShape.flags */
       SW_HAS_MIN = 1 << 0,
       SW_HAS_MAX = 1 << 1,
       SW_SENSITIVE = 1 << 2, /* never logged, never echoed in a validation message */
       SW_SHAPE_FLATTENED = 1 << 3,
       SW_EXCEPTION = 1 << 4,
       SW_EVENT_STREAM = 1 << 5,
       SW_REFUSES = 1 << 6, /* a member of it, or below it, is refused */
};

struct SwShape {
    const char *name;
    SwKind kind;
    uint32_t size; /* bytes of one value of this shape as a list element */
    uint32_t flags;
    const SwMember *member; /* structure, union: all; list: [0] the element; map: [0] key, [1] value */
    uint32_t n_member;
    uint32_t value_offset; /* map: offset of the value in an entry; entry size is `entry_size` */
    uint32_t entry_size;
    int64_t min, max;               /* length of strings and blobs, count of lists and maps, value of numbers */
    double fmin, fmax;              /* the same for float and double */
    const char *pattern;            /* as the model has it */
    SwPatternSlot *pattern_slot;    /* beside it: its compiled form, once somebody asked */
    const char *const *enum_values; /* NULL-terminated, or NULL */
    uint8_t timestamp;
    const char *xml_name; /* root element, or NULL */
    const char *xml_ns;
    const char *payload;      /* name of the payload member, or NULL */
    const SwErrorKind *error; /* an exception's kind */
};

enum {                           /* SwOperation.flags */
       SW_OP_READ = 1 << 0,      /* changes nothing: Describe*, Get*, List*, Batch{Get,Describe}*, Head*, Filter*, ... ; a read
                                    snapshot serves it */
       SW_OP_STREAM_IN = 1 << 1, /* the input has a streaming body */
       SW_OP_STREAM_OUT = 1 << 2,
       SW_OP_NO_AUTH = 1 << 3,  /* the model says authtype none */
       SW_OP_CHECKSUM = 1 << 4, /* httpChecksum: a request may carry x-amz-checksum-* */
       SW_OP_CHECKSUM_REQUIRED = 1 << 5,
};

typedef struct SwNeed {
    const char *name; /* on the wire */
    uint8_t location; /* SW_IN_QUERY, SW_IN_HEADER */
} SwNeed;

/* How a list is paged, as the model tells clients (its paginators): members of the input and the output. */
typedef struct SwPaging {
    const SwMember *token, *limit; /* input: where to go on; how many. limit NULL: the operation takes none */
    const SwMember *next, *more;   /* output: the next page's token; whether there is one. more NULL: it does not say */
    const SwMember *result[8];     /* output: the lists that pages are of, NULL-terminated */
} SwPaging;

/* An event that a service tells of (models/records), with the shape of its detail. */
typedef struct SwEventType {
    const char *source, *detail_type; /* "aws.ecs", "ECS Task State Change" */
    const SwShape *detail;
} SwEventType;

typedef struct SwOperation {
    const char *name;              /* "CreateRepository" */
    const SwShape *input, *output; /* NULL: none */
    const char *method, *uri;      /* "POST", "/{Bucket}/{Key+}?uploads" */
    uint16_t status;               /* of success */
    uint16_t index;                /* in SwApi.op; ECR_CREATE_REPOSITORY. Not implemented: SwApi.n_op */
    uint32_t flags;
    const SwNeed *needs;             /* REST: what a request to it must have; ends with {0}; NULL: nothing */
    const char *result_wrapper;      /* Query: "CreateTopicResult", or NULL */
    const SwErrorKind *const *error; /* NULL-terminated */
    const char *iam_action;          /* "ecr:CreateRepository" */
    const SwPaging *page;            /* NULL: it has no pages */
} SwOperation;

enum { /* SwApi.protocols */
       SW_JSON_1_0 = 1 << 0,
       SW_JSON_1_1 = 1 << 1,
       SW_QUERY = 1 << 2,
       SW_EC2_QUERY = 1 << 3,
       SW_REST_JSON = 1 << 4,
       SW_REST_XML = 1 << 5,
       SW_RPC_V2_CBOR = 1 << 6,
};

typedef struct SwApi {
    const char *name;      /* folder and CLI name: "elbv2" */
    const char *sign_name; /* SigV4 scope: "elasticloadbalancing" */
    const char *endpoint_prefix;
    const char *target_prefix; /* "AmazonEC2ContainerRegistry_V20150921", or NULL */
    const char *version;       /* "2015-09-21" */
    const char *service_id;    /* "ECR" */
    const char *xml_ns;
    uint32_t protocols; /* all that it speaks; the first of the model's is `protocol` */
    uint32_t protocol;
    bool query_compatible; /* JSON and CBOR errors carry x-amzn-query-error */
    const SwOperation *op; /* those that are implemented (models/operations), sorted by name */
    size_t n_op;
    const SwOperation *other; /* the rest, sorted: name, method, uri, index, flags and needs alone */
    size_t n_other;
    const SwErrorKind *const *error; /* NULL-terminated: all of the model */
} SwApi;

const SwOperation *sw_api_operation(const SwApi *api, SwStr name); /* by name, implemented or not; NULL if none */
const SwMember *sw_shape_member(const SwShape *s, SwStr name);     /* by model name, NULL if none */
/* The same for a reader that meets members in about the table's order: looks from *near on, and leaves there where the next
 * one may be. Start with 0. */
const SwMember *sw_shape_member_near(const SwShape *s, SwStr name, size_t *near);

/* Walks over one value. `v` points to the value as it lies in a struct: for structures in members that is a pointer to
 * a pointer; use sw_member_at, which returns the address of the structure itself, or NULL when absent. */
void *sw_member_at(const SwMember *m, const void *parent); /* value's address; NULL: absent */
bool sw_member_is_set(const SwMember *m, const void *parent);
/* Makes room for a member and returns where to write the value: allocates a structure, marks scalars as set. */
void *sw_member_make(SwArena *a, const SwMember *m, void *parent);

/* Elements of lists and entries of maps lie inline, structures too, so sw_member_at is not for them: `list` and `map`
 * are addresses of the container as sw_member_at gives it. Any container looks like SwAnyList. */
typedef struct SwAnyList {
    void *v;
    size_t n;
} SwAnyList;
static inline size_t sw_list_count(const void *list) {
    return ((const SwAnyList *)list)->n;
}
static inline void *sw_list_at(const SwShape *s, const void *list, size_t i) {
    return (char *)((const SwAnyList *)list)->v + i * s->member[0].shape->size;
}
static inline SwStr *sw_map_key_at(const SwShape *s, const void *map, size_t i) {
    return (SwStr *)(void *)((char *)((const SwAnyList *)map)->v + i * s->entry_size);
}
static inline void *sw_map_value_at(const SwShape *s, const void *map, size_t i) {
    return (char *)((const SwAnyList *)map)->v + i * s->entry_size + s->value_offset;
}
/* A new zeroed element at the end: list's value, or map's entry (key at its start, value at value_offset). */
void *sw_list_push(SwArena *a, const SwShape *s, void *list);
/* Whether an inline value is present: structures always are. */
bool sw_value_is_set(const SwShape *s, const void *v);

/* Deep copy into another arena. For structures: v is the structure. Returns a new structure. */
void *sw_shape_copy(SwArena *a, const SwShape *s, const void *v);
bool sw_shape_equal(const SwShape *s, const void *a, const void *b);
/* Copy every member of `from` into the member of the same name and kind in `to` where `from` has it: requests into records,
 * records into replies. Deep parts are shared, not copied; a structure of another shape is converted member by member. A shared
 * list is for reading: grow a copy. */
void sw_shape_move(SwArena *a, const SwShape *to_shape, void *to, const SwShape *from_shape, const void *from);

/* Check required, min, max, pattern and enum of a whole input; all faults in one message, in AWS's wording:
 *   "2 validation errors detected: Value '...' at 'repositoryName' failed to satisfy constraint: Member must ...; Value null at
 * ..." kind: the error to fail with (SW_VALIDATION_EXCEPTION, SW_VALIDATION_ERROR, or a service's own). */
int sw_validate(const SwShape *s, const void *v, const SwErrorKind *kind, SwError *err) sw_must_check;
/* The same of what a handler answers, for tests: empty lists and maps are fine whatever their min. */
int sw_validate_reply(const SwShape *s, const void *v, const SwErrorKind *kind, SwError *err) sw_must_check;

/* Fail when the input asks for what models/members refuses, naming the first such member: "configuration.encryption is
 * not supported: ...". Absent, empty, 0 and false ask for nothing, unless the table lists the values that do not. */
int sw_refuse_unsupported(const SwShape *s, const void *v, const SwErrorKind *kind, SwError *err) sw_must_check;

/* Values of a union: the member that is set, NULL if none or several. */
const SwMember *sw_union_choice(const SwShape *s, const void *v);

/* Plain JSON of a structure, by the model's names; used by the store, events and the console. Timestamps are epoch
 * seconds with fraction, blobs base64. Decoding skips unknown names. */
void sw_shape_to_json(SwBuf *b, const SwShape *s, const void *v);
/* The same as the detail of an event: timestamps are ISO 8601, to the millisecond. */
void sw_shape_to_detail(SwBuf *b, const SwShape *s, const void *v);
int sw_shape_from_json(SwArena *a, const SwShape *s, SwStr json, void **ret_v, SwError *err) sw_must_check;
int sw_shape_from_value(SwArena *a, const SwShape *s, const SwValue *json, void **ret_v, SwError *err) sw_must_check;
