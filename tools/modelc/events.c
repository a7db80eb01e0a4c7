/* SPDX-License-Identifier: Apache-2.0 */
/* Events that a service tells of: a constant each, with the shape of its detail, which lies among the service's records.
 *
 *     "events": {"ParameterStoreChange": {"source": "aws.ssm", "detailType": "Parameter Store Change", "detail": {"shape":
 * "ParameterChange"}}} */

#include "modelc.h"

static SwStr text_of(Model *m, const SwValue *json, const char *field) {
    SwStr s = sw_value_str(sw_value_getz(json, field));
    if (!sw_str_is(s))
        model_error(m, json, "an event without \"%s\"", field);
    return s;
}

static void load_event(Model *m, SwStr name, const SwValue *json) {
    static const char *const words[] = {"source", "detailType", "detail", NULL};
    const SwValue *detail = sw_value_getz(json, "detail");
    for (size_t i = 0; json->kind == SW_VOBJECT && i < json->n; i++)
        if (!is_word(words, json->keys[i]))
            model_error(m, &json->v[i], "unknown field '%.*s' of an event", SW_FMT(json->keys[i]));
    Event e = {.source = text_of(m, json, "source"), .detail_type = text_of(m, json, "detailType")};
    e.c_name = name_unique(m, sw_str_z(m->arena, sw_strf(m->arena, "%s_event_%s", m->lower, name_snake(m->arena, name))));
    e.detail = link_shape(m, detail ? detail : json);
    if (e.detail && !is_structure(e.detail))
        model_error(m, json, "the detail of event '%.*s' is no structure", SW_FMT(name));
    m->event[m->n_event++] = e;
}

void events_load(Model *m) {
    const SwValue *events = sw_value_getz(m->json, "events");
    if (!events)
        return;
    if (!m->records || events->kind != SW_VOBJECT) {
        model_error(m, events, "\"events\" is an object, beside a service's records");
        return;
    }
    m->event = sw_new_n(m->arena, Event, events->n + 1);
    for (size_t i = 0; i < events->n; i++)
        load_event(m, events->keys[i], &events->v[i]);
}

void events_header(Model *m, SwBuf *b) {
    if (m->n_event)
        sw_buf_addc(b, '\n');
    for (size_t i = 0; i < m->n_event; i++)
        sw_buf_addf(b, "extern const SwEventType %s;\n", m->event[i].c_name);
}

void events_source(Model *m, SwBuf *b) {
    for (size_t i = 0; i < m->n_event; i++) {
        const Event *e = &m->event[i];
        sw_buf_addf(b, "const SwEventType %s = {", e->c_name);
        add_quoted(b, e->source);
        sw_buf_addz(b, ", ");
        add_quoted(b, e->detail_type);
        sw_buf_addf(b, ", &%s};\n", e->detail->c_table);
    }
}
