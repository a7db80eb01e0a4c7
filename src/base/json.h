/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One tree for JSON, YAML and CBOR, on an arena. Numbers keep their text, so that 64-bit integers and long decimals
 * pass through unharmed. Objects keep their order; of two equal names the last wins in sw_value_get.
 *
 * The parser accepts RFC 8259 and nothing else, at most SW_JSON_DEPTH_MAX values inside each other, with valid UTF-8
 * only; an escaped surrogate without its other half becomes U+FFFD. At most SW_JSON_VALUES_MAX values: the densest text
 * of 1 MiB, the most that an AWS API takes as JSON of many values (PutMetricData, a template), has 524,289. */

#include "base/buf.h"
#include "base/error.h"

#define SW_JSON_DEPTH_MAX  128
#define SW_JSON_VALUES_MAX 600000

typedef enum SwValueKind { SW_VNULL, SW_VBOOL, SW_VNUMBER, SW_VSTRING, SW_VARRAY, SW_VOBJECT } SwValueKind;

typedef struct SwValue SwValue;
struct SwValue {
    SwValueKind kind;
    bool b;
    int32_t line; /* where it began, from 1; 0: unknown */
    SwStr s;      /* text of a string (decoded) or number (as written) */
    SwStr *keys;  /* of an object */
    SwValue *v;   /* of an array or object */
    size_t n;
};

/* err's message says what and at which line and column. Strings without escapes, and numbers, are views of `text`. */
int sw_json_parse(SwArena *a, SwStr text, SwValue *ret_v, SwError *err) sw_must_check;
void sw_json_write(SwBuf *b, const SwValue *v);
void sw_json_write_pretty(SwBuf *b, const SwValue *v, int indent);
void sw_json_write_string(SwBuf *b, SwStr s); /* quoted and escaped */
SwStr sw_json_text(SwArena *a, const SwValue *v);

/* Access. All accept NULL and the wrong kind, and give NULL or absent then. */
const SwValue *sw_value_get(const SwValue *v, SwStr key);
const SwValue *sw_value_getz(const SwValue *v, const char *key);
const SwValue *sw_value_path(const SwValue *v, const char *dotted); /* "a.b.0.c" */
SwStr sw_value_str(const SwValue *v);                               /* string's text; absent otherwise */
bool sw_value_i64(const SwValue *v, int64_t *ret);
bool sw_value_double(const SwValue *v, double *ret);
bool sw_value_is_true(const SwValue *v);
/* The same value; members of objects in any order, numbers as they are written. NULL is equal to NULL alone. */
bool sw_value_equal(const SwValue *x, const SwValue *y);
bool sw_value_has(const SwValue *array, const SwValue *one); /* an element is equal to it */

/* Building. Adders return the new member to fill further. */
SwValue sw_value_string(SwStr s);
SwValue sw_value_int(SwArena *a, int64_t i);
SwValue sw_value_num(SwArena *a, double d); /* shortest text that reads back the same */
SwValue sw_value_bool(bool b);
SwValue sw_value_object(void);
SwValue sw_value_array(void);
SwValue *sw_value_set(SwArena *a, SwValue *object, SwStr key, SwValue v); /* replaces an equal name */
SwValue *sw_value_add(SwArena *a, SwValue *array, SwValue v);
void sw_value_take(SwValue *v, size_t i);                                  /* an object's or array's member out of it */
void sw_value_sets(SwArena *a, SwValue *object, const char *key, SwStr s); /* skips absent strings */
SwStr sw_double_text(SwArena *a, double d);
