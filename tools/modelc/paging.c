/* SPDX-License-Identifier: Apache-2.0 */
/* How an operation is paged: "paging" of an operation names members of its input (token, limit) and output (next, more,
 * result). Each name becomes the address of the member's row, so that one pager serves all operations. */

#include "modelc.h"

typedef struct Part {
    const char *field;
    bool output, needed;
    SwKind kind[2];
} Part;

static const Part parts[] = {
    {"token", false, true, {SW_STRING, SW_STRING}},
    {"limit", false, false, {SW_INTEGER, SW_LONG}},
    {"next", true, true, {SW_STRING, SW_STRING}},
    {"more", true, false, {SW_BOOLEAN, SW_BOOLEAN}},
};

#define RESULTS_MAX 8

static void check_part(Model *m, const Operation *op, const SwValue *paging, const Part *p) {
    const SwValue *name = sw_value_getz(paging, p->field);
    const Shape *s = p->output ? op->output : op->input;
    SwStr said = sw_value_str(name);
    size_t at;
    const Member *e = name ? member_named(s, said, &at) : NULL;
    if (!name && p->needed)
        model_error(m, paging, "paging of '%.*s' has no \"%s\"", SW_FMT(op->name), p->field);
    else if (name && !e)
        model_error(m, name, "paging: '%.*s' is no member of the %s", SW_FMT(said), p->output ? "output" : "input");
    else if (name && e->shape->kind != p->kind[0] && e->shape->kind != p->kind[1])
        model_error(m, name, "paging: '%.*s' is of another type than \"%s\" needs", SW_FMT(said), p->field);
}

void paging_check(Model *m, const Operation *op) {
    const SwValue *paging = sw_value_getz(op->json, "paging"), *result = sw_value_getz(paging, "result");
    if (!paging)
        return;
    for (size_t i = 0; i < SW_N(parts); i++)
        check_part(m, op, paging, &parts[i]);
    for (size_t i = 0; i < paging->n; i++) {
        bool known = sw_str_eqz(paging->keys[i], "result");
        for (size_t k = 0; k < SW_N(parts); k++)
            known |= sw_str_eqz(paging->keys[i], parts[k].field);
        if (!known)
            model_error(m, &paging->v[i], "unknown field '%.*s' of a paging", SW_FMT(paging->keys[i]));
    }
    if (!result || result->kind != SW_VARRAY || result->n == 0 || result->n >= RESULTS_MAX) {
        model_error(m, paging, "paging of '%.*s' needs one to %d names of lists as \"result\"", SW_FMT(op->name),
                    RESULTS_MAX - 1);
        return;
    }
    for (size_t i = 0; i < result->n; i++) {
        size_t at;
        const Member *e = member_named(op->output, result->v[i].s, &at);
        if (!e || (e->shape->kind != SW_LIST && e->shape->kind != SW_MAP))
            model_error(m, &result->v[i], "paging: '%.*s' is no list of the output", SW_FMT(result->v[i].s));
    }
}

static void add_member(SwBuf *b, const Shape *s, SwStr name) {
    size_t at;
    if (member_named(s, name, &at))
        sw_buf_addf(b, "&m_%s[%zu]", s->c_table, at);
}

void paging_write(SwBuf *b, const Operation *op) {
    const SwValue *paging = sw_value_getz(op->json, "paging"), *result = sw_value_getz(paging, "result");
    if (!paging)
        return;
    sw_buf_addf(b, "static const SwPaging g_%s = {", op->c_name);
    for (size_t i = 0; i < SW_N(parts); i++) {
        SwStr name = sw_value_str(sw_value_getz(paging, parts[i].field));
        if (!name.p)
            continue;
        sw_buf_addf(b, "%s.%s = ", i ? ", " : "", parts[i].field);
        add_member(b, parts[i].output ? op->output : op->input, name);
    }
    sw_buf_addz(b, ", .result = {");
    for (size_t i = 0; i < result->n; i++) {
        sw_buf_addz(b, i ? ", " : "");
        add_member(b, op->output, result->v[i].s);
    }
    sw_buf_addz(b, "}};\n");
}
