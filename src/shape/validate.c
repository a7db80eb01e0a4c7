/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a whole input, in the wording of AWS's own validators: every fault is one sentence, all in one message.
 *
 *   Value '...' at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128
 *   Value '[a, b]' at 'names' failed to satisfy constraint: Member must satisfy constraint: [Member must ..., Member ...]
 *   Value '{k=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [...]
 *
 * Scalars in a list or map are reported at the container, with all their constraints; structures in one have paths of
 * their own. Paths begin each name with a small letter, whatever the model's. Lengths count as Java's strings do. */

#include "shape/text.h"

#include "base/pattern.h"

#define MESSAGE_MAX (64 * SW_KIB)
#define VALUE_MAX   (4 * SW_KIB)

typedef struct Check {
    SwArena *arena;
    SwBuf faults;
    size_t n;
    bool reply; /* AWS's own replies hold empty lists where the model wants one element */
} Check;

typedef struct Path { /* a linked list on the stack, innermost first */
    const struct Path *up;
    SwStr name;
    size_t index; /* of a list element, from 1: "1.member" */
    bool entry;   /* of a map: "KEY.member" */
} Path;

/* --- words ------------------------------------------------------------------------------------------------------ */

static void add_path(SwBuf *b, const Path *p) {
    if (p->up) {
        add_path(b, p->up);
        sw_buf_addc(b, '.');
    }
    if (p->index) {
        sw_buf_addf(b, "%zu.member", p->index);
    } else if (p->entry) {
        sw_buf_adds(b, p->name);
        sw_buf_addz(b, ".member");
    } else if (p->name.n) {
        char c = p->name.p[0];
        sw_buf_addc(b, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
        sw_buf_adds(b, sw_str_skip(p->name, 1));
    }
}

static void add_scalar(SwBuf *b, const SwShape *s, const void *v) {
    if (s->kind == SW_TIMESTAMP)
        sw_buf_adds(b, sw_time_iso8601(b->arena, ((const SwOptTime *)v)->v));
    else if (s->kind == SW_BLOB)
        sw_buf_addf(b, "java.nio.HeapByteBuffer[pos=0 lim=%zu cap=%zu]", ((const SwStr *)v)->n, ((const SwStr *)v)->n);
    else
        sw_buf_adds(b, shape_scalar_text(b->arena, s, v));
}

static const ShapeForm in_words = {.between = ", ", .is = "=", .words = true, .key = sw_buf_adds, .scalar = add_scalar};

/* Begins a fault: up to "failed to satisfy constraint: ". v NULL: the value is null. */
static void fault(Check *c, const Path *path, const SwShape *s, const void *v) {
    SwBuf *b = &c->faults;
    if (c->n++)
        sw_buf_addz(b, "; ");
    if (v) {
        SwBuf text = sw_buf(c->arena, VALUE_MAX);
        shape_write(&text, &in_words, s, v);
        sw_buf_addz(b, "Value '");
        sw_buf_adds(b, sw_buf_str(&text));
        sw_buf_addz(b, "' at '");
    } else {
        sw_buf_addz(b, "Value null at '");
    }
    add_path(b, path);
    sw_buf_addz(b, "' failed to satisfy constraint: ");
}

/* --- constraints ------------------------------------------------------------------------------------------------ */

typedef enum Rule { RULE_MAX, RULE_MIN, RULE_PATTERN, RULE_ENUM, _RULE_MAX } Rule;

static size_t utf16_length(SwStr s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        n += (c & 0xc0) == 0x80 ? 0 : c >= 0xf0 ? 2 : 1;
    }
    return n;
}

static bool is_number(const SwShape *s) {
    return s->kind == SW_INTEGER || s->kind == SW_LONG || s->kind == SW_FLOAT || s->kind == SW_DOUBLE;
}

/* What min and max are about. */
static double measure(const SwShape *s, const void *v) {
    switch (s->kind) {
    case SW_STRING: return (double)utf16_length(*(const SwStr *)v);
    case SW_BLOB: return (double)((const SwStr *)v)->n;
    case SW_STREAM:
        return (double)(((const SwStream *)v)->data.p ? (int64_t)((const SwStream *)v)->data.n : ((const SwStream *)v)->size);
    case SW_FLOAT:
    case SW_DOUBLE: return ((const SwOptDouble *)v)->v;
    default: return (double)sw_list_count(v);
    }
}

static bool within(const SwShape *s, const void *v, Rule rule) {
    if (s->kind == SW_INTEGER || s->kind == SW_LONG) {
        int64_t i = ((const SwOptInt *)v)->v;
        return rule == RULE_MAX ? i <= s->max : i >= s->min;
    }
    bool real = s->kind == SW_FLOAT || s->kind == SW_DOUBLE;
    double x = measure(s, v);
    return rule == RULE_MAX ? x <= (real ? s->fmax : (double)s->max) : x >= (real ? s->fmin : (double)s->min);
}

static const SwPattern *pattern_of(const SwShape *s) {
    return s->pattern ? sw_pattern_kept(s->pattern_slot, s->pattern) : NULL;
}

static bool has_rule(const SwShape *s, Rule rule) {
    switch (rule) {
    case RULE_MAX: return s->flags & SW_HAS_MAX;
    case RULE_MIN: return s->flags & SW_HAS_MIN;
    case RULE_PATTERN: return pattern_of(s) != NULL;
    case RULE_ENUM: return s->enum_values != NULL;
    case _RULE_MAX: break;
    }
    return false;
}

static bool in_enum(const SwShape *s, SwStr v) {
    for (size_t i = 0; s->enum_values[i]; i++)
        if (sw_str_eqz(v, s->enum_values[i]))
            return true;
    return false;
}

static bool keeps_rule(const SwShape *s, const void *v, Rule rule) {
    if (!has_rule(s, rule))
        return true;
    if (rule == RULE_PATTERN)
        return sw_pattern_matches(pattern_of(s), *(const SwStr *)v);
    return rule == RULE_ENUM ? in_enum(s, *(const SwStr *)v) : within(s, v, rule);
}

static void add_rule(SwBuf *b, const SwShape *s, Rule rule) {
    const char *what = is_number(s) ? "value" : "length", *side = rule == RULE_MAX ? "less" : "greater";
    if (rule == RULE_PATTERN) {
        sw_buf_addf(b, "Member must satisfy regular expression pattern: %s", s->pattern);
    } else if (rule == RULE_ENUM) {
        sw_buf_addz(b, "Member must satisfy enum value set: [");
        for (size_t i = 0; s->enum_values[i]; i++)
            sw_buf_addf(b, "%s%s", i ? ", " : "", s->enum_values[i]);
        sw_buf_addc(b, ']');
    } else if (s->kind == SW_FLOAT || s->kind == SW_DOUBLE) {
        SwStr bound = sw_double_text(b->arena, rule == RULE_MAX ? s->fmax : s->fmin);
        sw_buf_addf(b, "Member must have value %s than or equal to %.*s", side, SW_FMT(bound));
    } else {
        sw_buf_addf(b, "Member must have %s %s than or equal to %lld", what, side,
                    (long long)(rule == RULE_MAX ? s->max : s->min));
    }
}

static bool is_scalar(const SwShape *s) {
    return s->kind != SW_LIST && s->kind != SW_MAP && s->kind != SW_STRUCTURE && s->kind != SW_UNION;
}

static bool keeps_all(const SwShape *s, const void *v) {
    for (Rule r = 0; sw_value_is_set(s, v) && r < _RULE_MAX; r++)
        if (!keeps_rule(s, v, r))
            return false;
    return true;
}

/* A container with a scalar that breaks a rule: one fault, naming all rules of its scalars. */
static void element_fault(Check *c, const Path *path, const SwShape *s, const void *v, const char *words, const SwShape *of) {
    bool first = true;
    fault(c, path, s, v);
    sw_buf_addf(&c->faults, "%s must satisfy constraint: [", words);
    for (Rule r = 0; r < _RULE_MAX; r++) {
        if (!has_rule(of, r))
            continue;
        sw_buf_addz(&c->faults, first ? "" : ", ");
        add_rule(&c->faults, of, r);
        first = false;
    }
    sw_buf_addc(&c->faults, ']');
}

/* --- the walk --------------------------------------------------------------------------------------------------- */

static void check_value(Check *c, const Path *path, const SwShape *s, const void *v);

static void check_list(Check *c, const Path *path, const SwShape *s, const void *v) {
    const SwShape *e = s->member[0].shape;
    for (size_t i = 0; i < sw_list_count(v); i++) {
        const void *element = sw_list_at(s, v, i);
        if (!is_scalar(e)) {
            check_value(c, &(Path){.up = path, .index = i + 1}, e, element);
        } else if (!keeps_all(e, element)) {
            element_fault(c, path, s, v, "Member", e);
            return;
        }
    }
}

static void check_map(Check *c, const Path *path, const SwShape *s, const void *v) {
    const SwShape *key = s->member[0].shape, *value = s->member[1].shape;
    bool bad_key = false, bad_value = false;
    for (size_t i = 0; i < sw_list_count(v); i++) {
        const SwStr *k = sw_map_key_at(s, v, i);
        const void *e = sw_map_value_at(s, v, i);
        bad_key |= !keeps_all(key, k);
        if (is_scalar(value))
            bad_value |= !keeps_all(value, e);
        else
            check_value(c, &(Path){.up = path, .name = *k, .entry = true}, value, e);
    }
    if (bad_key)
        element_fault(c, path, s, v, "Map keys", key);
    if (bad_value)
        element_fault(c, path, s, v, "Map value", value);
}

static void check_members(Check *c, const Path *path, const SwShape *s, const void *v) {
    for (size_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *e = sw_member_at(m, v);
        Path at = {.up = path, .name = sw_str(m->name)};
        if (e) {
            check_value(c, &at, m->shape, e);
        } else if (m->flags & SW_REQUIRED) {
            fault(c, &at, m->shape, NULL);
            sw_buf_addz(&c->faults, "Member must not be null");
        }
    }
}

static void check_union(Check *c, const Path *path, const SwShape *s, const void *v) {
    if (!sw_union_choice(s, v)) {
        fault(c, path, s, v);
        sw_buf_addz(&c->faults, "Member must have exactly one of its members set: [");
        for (size_t i = 0; i < s->n_member; i++)
            sw_buf_addf(&c->faults, "%s%s", i ? ", " : "", s->member[i].name);
        sw_buf_addc(&c->faults, ']');
    }
}

static void check_value(Check *c, const Path *path, const SwShape *s, const void *v) {
    for (Rule r = 0; r < _RULE_MAX; r++) {
        bool spared = c->reply && r == RULE_MIN && (s->kind == SW_LIST || s->kind == SW_MAP);
        if (spared || keeps_rule(s, v, r))
            continue;
        fault(c, path, s, v);
        add_rule(&c->faults, s, r);
    }
    if (s->kind == SW_LIST)
        check_list(c, path, s, v);
    else if (s->kind == SW_MAP)
        check_map(c, path, s, v);
    else if (s->kind == SW_UNION)
        check_union(c, path, s, v);
    if (s->kind == SW_STRUCTURE || s->kind == SW_UNION)
        check_members(c, path, s, v);
}

static int validate(const SwShape *s, const void *v, bool reply, const SwErrorKind *kind, SwError *err) {
    Check c = {.arena = err->arena, .faults = sw_buf(err->arena, MESSAGE_MAX), .reply = reply};
    if (!v)
        return 0;
    check_members(&c, NULL, s, v);
    if (c.n == 0)
        return 0;
    SwStr all = sw_buf_str(&c.faults);
    return sw_fail(err, kind, "%zu validation error%s detected: %.*s", c.n, c.n == 1 ? "" : "s", SW_FMT(all));
}

int sw_validate(const SwShape *s, const void *v, const SwErrorKind *kind, SwError *err) {
    return validate(s, v, false, kind, err);
}

int sw_validate_reply(const SwShape *s, const void *v, const SwErrorKind *kind, SwError *err) {
    return validate(s, v, true, kind, err);
}
