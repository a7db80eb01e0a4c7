/* SPDX-License-Identifier: Apache-2.0 */
/* YAML to the common tree, by libyaml's events. An alias shares the anchored node, but counts with all that it holds, so
 * that a few lines cannot stand for millions of nodes; recursion through an alias is impossible, for an anchor can be
 * used only once its node is complete. */

#include <yaml.h>

#include "services/codebuild/buildspec.h"

const SwErrorKind CODEBUILD_YAML_FILE_ERROR = {.code = "YAML_FILE_ERROR", .http = 400};

typedef struct Anchor {
    SwStr name;
    SwValue value;
    size_t nodes;
} Anchor;
typedef struct AnchorList {
    Anchor *v;
    size_t n;
} AnchorList;

typedef struct Reader {
    SwArena *a;
    yaml_parser_t parser;
    yaml_event_t event; /* the one that is looked at */
    AnchorList anchors;
    size_t nodes;
    SwError *err;
} Reader;

static int fault(Reader *r, size_t line, const char *why) {
    return sw_fail(r->err, &CODEBUILD_YAML_FILE_ERROR, "%s at line %zu", why, line + 1);
}

static int next(Reader *r, yaml_event_t *e) {
    if (yaml_parser_parse(&r->parser, &r->event)) {
        *e = r->event; /* a view: `event` is what is deleted */
        return 0;
    }
    return sw_fail(r->err, &CODEBUILD_YAML_FILE_ERROR, "yaml: line %zu: %s", r->parser.problem_mark.line + 1,
                   r->parser.problem ? r->parser.problem : "cannot be read");
}

static int node(Reader *r, yaml_event_t *e, int depth, SwValue *ret);

/* Lists grow by sw_list_add on a copy of the value's own members, as keys and values are two arrays. */
static void push(Reader *r, SwValue *to, SwStr key, SwValue v) {
    struct {
        SwValue *v;
        size_t n;
    } l = {to->v, to->n};
    *sw_list_add(r->a, &l) = v;
    if (to->kind == SW_VOBJECT) {
        SwStrList k = {to->keys, to->n};
        sw_str_list_add(r->a, &k, key);
        to->keys = k.v;
    }
    to->v = l.v;
    to->n = l.n;
}

static int container(Reader *r, yaml_event_type_t end, int depth, SwValue *ret) {
    for (;;) {
        yaml_event_t e;
        SwValue key = {0}, v = {0};
        size_t line = 0; /* of the key */
        if (next(r, &e) < 0)
            return -1;
        if (e.type == end) {
            yaml_event_delete(&r->event);
            return 0;
        }
        if (ret->kind == SW_VOBJECT) {
            line = e.start_mark.line;
            if (node(r, &e, depth, &key) < 0)
                return -1;
            if (key.kind != SW_VSTRING)
                return fault(r, line, "a mapping's key must be a string");
            if (sw_value_get(ret, key.s))
                return sw_fail(r->err, &CODEBUILD_YAML_FILE_ERROR, "the key %.*s appears twice at line %zu", SW_FMT(key.s),
                               line + 1);
            if (next(r, &e) < 0)
                return -1;
        }
        if (node(r, &e, depth, &v) < 0)
            return -1;
        if (ret->kind == SW_VOBJECT) /* where a person looks for it: a block begins a line later */
            v.line = (int32_t)line + 1;
        push(r, ret, key.s, v);
    }
}

static void scalar(Reader *r, const yaml_event_t *e, SwValue *ret) {
    SwStr s = sw_str_n((const char *)e->data.scalar.value, e->data.scalar.length);
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    ret->kind = SW_VSTRING;
    if (plain && (s.n == 0 || sw_str_eqz(s, "~") || sw_str_eqz(s, "null") || sw_str_eqz(s, "Null") || sw_str_eqz(s, "NULL")))
        ret->kind = SW_VNULL;
    ret->s = sw_str_dup(r->a, s);
    ret->line = (int32_t)e->start_mark.line + 1;
}

static int alias(Reader *r, const yaml_event_t *e, SwValue *ret) {
    SwStr name = sw_str((const char *)e->data.alias.anchor);
    for (size_t i = r->anchors.n; i-- > 0;)
        if (sw_str_eq(r->anchors.v[i].name, name)) {
            r->nodes += r->anchors.v[i].nodes;
            *ret = r->anchors.v[i].value;
            return r->nodes > CODEBUILD_SPEC_NODES ? fault(r, e->start_mark.line, "too large") : 0;
        }
    return sw_fail(r->err, &CODEBUILD_YAML_FILE_ERROR, "yaml: unknown anchor '%.*s' referenced", SW_FMT(name));
}

/* Takes the event over. */
static int node(Reader *r, yaml_event_t *e, int depth, SwValue *ret) {
    size_t line = e->start_mark.line, before = r->nodes;
    const char *anchor = NULL;
    int result = 0;
    *ret = (SwValue){.line = (int32_t)line + 1};
    if (++r->nodes > CODEBUILD_SPEC_NODES || depth > CODEBUILD_SPEC_DEPTH) {
        yaml_event_delete(&r->event);
        return fault(r, line, r->nodes > CODEBUILD_SPEC_NODES ? "too large" : "nested too deeply");
    }
    yaml_event_type_t type = e->type;
    if (type == YAML_SCALAR_EVENT) {
        scalar(r, e, ret);
        anchor = (const char *)e->data.scalar.anchor;
    } else if (type == YAML_ALIAS_EVENT) {
        result = alias(r, e, ret);
    } else if (type == YAML_SEQUENCE_START_EVENT) {
        ret->kind = SW_VARRAY;
        anchor = (const char *)e->data.sequence_start.anchor;
    } else if (type == YAML_MAPPING_START_EVENT) {
        ret->kind = SW_VOBJECT;
        anchor = (const char *)e->data.mapping_start.anchor;
    } else {
        result = fault(r, line, "something unexpected");
    }
    SwStr name = sw_str_dup(r->a, sw_str(anchor));
    yaml_event_delete(&r->event);
    if (result == 0 && type == YAML_SEQUENCE_START_EVENT)
        result = container(r, YAML_SEQUENCE_END_EVENT, depth + 1, ret);
    if (result == 0 && type == YAML_MAPPING_START_EVENT)
        result = container(r, YAML_MAPPING_END_EVENT, depth + 1, ret);
    if (result == 0 && name.n)
        *sw_list_add(r->a, &r->anchors) = (Anchor){name, *ret, r->nodes - before};
    return result;
}

static int document(Reader *r, SwValue *ret) {
    static const yaml_event_type_t before[] = {YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT};
    yaml_event_t e;
    for (size_t i = 0; i < SW_N(before); i++) {
        if (next(r, &e) < 0)
            return -1;
        yaml_event_type_t type = e.type;
        yaml_event_delete(&r->event);
        if (type != before[i])
            return fault(r, 0, "the file is empty");
    }
    if (next(r, &e) < 0 || node(r, &e, 0, ret) < 0)
        return -1;
    if (next(r, &e) < 0) /* the document's end */
        return -1;
    yaml_event_delete(&r->event);
    if (next(r, &e) < 0)
        return -1;
    yaml_event_type_t type = e.type;
    size_t line = e.start_mark.line;
    yaml_event_delete(&r->event);
    return type == YAML_STREAM_END_EVENT ? 0 : fault(r, line, "more than one document");
}

static void reader_donep(Reader *r) {
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
}

int codebuild_yaml(SwArena *a, SwStr text, SwValue *ret, SwError *err) {
    __attribute__((cleanup(reader_donep))) Reader r = {.a = a, .err = err};
    if (text.n > CODEBUILD_SPEC_BYTES)
        return sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, "the buildspec is larger than %zu bytes", (size_t)CODEBUILD_SPEC_BYTES);
    if (!sw_str_is_utf8(text))
        return sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, "yaml: invalid UTF-8");
    if (!yaml_parser_initialize(&r.parser))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "out of memory");
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.p, text.n);
    return document(&r, ret);
}
