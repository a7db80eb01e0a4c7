/* SPDX-License-Identifier: Apache-2.0 */
/* What a target gets: the event, a part of it (InputPath), a constant (Input), or a text with parts of the event filled in
 * (InputTransformer). Paths are the JSONPath that EventBridge takes: $, .name, ['name'], [n].
 *
 * In a template, <name> inside a JSON string becomes the value's text, escaped; a list or an object loses all its quotation
 * marks there. Outside of a string it becomes the value as JSON. A part that the event does not have is the empty text. */

#include "services/events/events.h"

static const char *const reserved[] = {"aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time",
                                       "aws.events.event", "aws.events.event.json"};

/* The next step of a path; false at its end, or (*ret_bad) where it is none. */
static bool step(SwStr *path, SwStr *ret_name, int64_t *ret_index, bool *ret_bad) {
    size_t i = 1;
    *ret_name = SW_NO_STR;
    *ret_bad = false;
    if (!path->n)
        return false;
    *ret_bad = true;
    if (path->p[0] == '.') {
        while (i < path->n && path->p[i] != '.' && path->p[i] != '[')
            i++;
        *ret_name = sw_str_n(path->p + 1, i - 1);
        *path = sw_str_skip(*path, i);
        *ret_bad = !ret_name->n || sw_str_eqz(*ret_name, "*");
        return !*ret_bad;
    }
    if (path->p[0] != '[')
        return false;
    while (i < path->n && path->p[i] != ']')
        i++;
    if (i >= path->n)
        return false;
    SwStr inner = sw_str_n(path->p + 1, i - 1);
    *path = sw_str_skip(*path, i + 1);
    if (inner.n > 2 && (inner.p[0] == '\'' || inner.p[0] == '"') && inner.p[inner.n - 1] == inner.p[0])
        *ret_name = sw_str_n(inner.p + 1, inner.n - 2);
    else if (!sw_str_to_i64(inner, ret_index) || *ret_index < 0)
        return false;
    *ret_bad = false;
    return true;
}

static bool good_path(SwStr path) {
    SwStr name;
    int64_t index;
    bool bad;
    if (!sw_str_starts(path, SW_STR("$")))
        return false;
    path = sw_str_skip(path, 1);
    while (step(&path, &name, &index, &bad))
        continue;
    return !bad;
}

static const SwValue *look(const SwValue *v, SwStr path) {
    SwStr name;
    int64_t index;
    bool bad;
    path = sw_str_skip(path, 1);
    while (v && step(&path, &name, &index, &bad))
        v = name.p ? sw_value_get(v, name) : v->kind == SW_VARRAY && (size_t)index < v->n ? &v->v[index] : NULL;
    return v;
}

/* "<name>" at the template's i-th byte: its name. */
static bool placeholder(SwStr t, size_t i, SwStr *ret_name) {
    SwStr rest = sw_str_skip(t, i + 1);
    if (t.p[i] != '<')
        return false;
    *ret_name = sw_str_n(rest.p, sw_str_span(rest, "a-zA-Z0-9_.-"));
    return ret_name->n && ret_name->n < rest.n && rest.p[ret_name->n] == '>';
}

static bool is_reserved(SwStr name) {
    for (size_t i = 0; i < SW_N(reserved); i++)
        if (sw_str_eqz(name, reserved[i]))
            return true;
    return false;
}

static int check_transformer(const EventsTarget *t, SwError *err) {
    const EventsInputTransformer *x = t->input_transformer;
    SwStr name;
    for (size_t i = 0; i < x->input_paths_map.n; i++) {
        SwStr key = x->input_paths_map.v[i].key, path = x->input_paths_map.v[i].value;
        if (sw_str_starts(key, SW_STR("AWS")))
            return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                           "Invalid InputPathsMap for target %.*s : names must not begin with AWS.", SW_FMT(t->id));
        if (!good_path(path))
            return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Invalid InputPathsMap for target %.*s : %.*s is not a JSON path.",
                           SW_FMT(t->id), SW_FMT(path));
    }
    for (size_t i = 0; i < x->input_template.n; i++)
        if (placeholder(x->input_template, i, &name) && !is_reserved(name) && !sw_str_map_find(&x->input_paths_map, name).p)
            return sw_fail(err, &SW_VALIDATION_EXCEPTION, "InputTemplate for target %.*s contains invalid placeholder %.*s.",
                           SW_FMT(t->id), SW_FMT(name));
    return 0;
}

int events_input_check(SwCtx *cx, const EventsTarget *t, SwError *err) {
    SwValue v;
    if (!!t->input.p + !!t->input_path.p + !!t->input_transformer > 1)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Only one of Input, InputPath, or InputTransformer must be provided for target %.*s.", SW_FMT(t->id));
    if (t->input.p && sw_json_parse(cx->arena, t->input, &v, err) < 0)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "JSON syntax error in input for target %.*s", SW_FMT(t->id));
    if (t->input_path.p && !good_path(t->input_path))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Invalid InputPath for target %.*s.", SW_FMT(t->id));
    return t->input_transformer ? check_transformer(t, err) : 0;
}

static SwValue value_of(SwCtx *cx, const EventsDeliveryRecord *d, const SwValue *event, SwStr name) {
    SwStr path = sw_str_map_find(&d->target->input_transformer->input_paths_map, name);
    if (path.p) {
        const SwValue *v = look(event, path);
        return v ? *v : sw_value_string(SW_STR(""));
    }
    if (sw_str_eqz(name, "aws.events.rule-arn"))
        return sw_value_string(d->rule_arn);
    if (sw_str_eqz(name, "aws.events.rule-name"))
        return sw_value_string(d->rule_name);
    if (sw_str_eqz(name, "aws.events.event.ingestion-time"))
        return sw_value_string(sw_time_iso8601(cx->arena, SW_OR(d->since, 0)));
    if (sw_str_eqz(name, "aws.events.event.json"))
        return *event;
    SwValue copy = sw_value_object(); /* aws.events.event: without its detail, in names of its own */
    for (size_t i = 0; i < event->n; i++)
        if (!sw_str_eqz(event->keys[i], "detail"))
            sw_value_set(cx->arena, &copy, sw_str_eqz(event->keys[i], "detail-type") ? SW_STR("detailType") : event->keys[i],
                         event->v[i]);
    return copy;
}

static void fill(SwArena *a, SwBuf *b, const SwValue *v, bool in_string) {
    if (!in_string) {
        sw_json_write(b, v);
        return;
    }
    if (v->kind == SW_VNULL)
        return;
    if (v->kind == SW_VARRAY || v->kind == SW_VOBJECT) {
        SwStr text = sw_json_text(a, v);
        for (size_t i = 0; i < text.n; i++)
            if (text.p[i] != '"')
                sw_buf_addc(b, text.p[i]);
        return;
    }
    SwBuf quoted = sw_buf(a, b->max);
    sw_json_write_string(&quoted, v->kind == SW_VSTRING ? v->s : sw_json_text(a, v));
    sw_buf_add(b, quoted.p + 1, quoted.n - 2);
}

static int transform(SwCtx *cx, const EventsDeliveryRecord *d, const SwValue *event, SwStr *ret, SwError *err) {
    SwStr t = d->target->input_transformer->input_template, name;
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    bool in_string = false;
    SwValue parsed;
    for (size_t i = 0; i < t.n; i++) {
        if (placeholder(t, i, &name)) {
            SwValue v = value_of(cx, d, event, name);
            fill(cx->arena, &b, &v, in_string);
            i += name.n + 1;
            continue;
        }
        if (in_string && t.p[i] == '\\' && i + 1 < t.n)
            sw_buf_addc(&b, t.p[i++]);
        else if (t.p[i] == '"')
            in_string = !in_string;
        sw_buf_addc(&b, t.p[i]);
    }
    *ret = sw_buf_str(&b);
    SwStr trimmed = sw_str_trim(*ret);
    if (sw_str_starts(trimmed, SW_STR("{")) && sw_json_parse(cx->arena, trimmed, &parsed, err) < 0)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "The input that InputTemplate made is not valid JSON");
    return 0;
}

int events_input(SwCtx *cx, const EventsDeliveryRecord *d, SwStr *ret_payload, SwError *err) {
    SwValue event;
    *ret_payload = d->target->input.p ? d->target->input : d->event;
    if (!d->target->input_path.p && !d->target->input_transformer)
        return 0;
    if (sw_json_parse(cx->arena, d->event, &event, err) < 0)
        return -1;
    if (d->target->input_transformer)
        return transform(cx, d, &event, ret_payload, err);
    const SwValue *v = look(&event, d->target->input_path);
    *ret_payload = v ? sw_json_text(cx->arena, v) : SW_STR("null");
    return 0;
}
