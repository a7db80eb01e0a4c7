/* SPDX-License-Identifier: Apache-2.0 */
/* operations/<api>.json beside an API's model: which operations Slipway implements, and what their handlers need.
 *
 *   {"DescribeThings": [], "WaitForThing": ["SW_OWN_TX"]}
 *
 * From it the table of handlers is made, in a file of its own: only what links the service needs the handlers. */

#include "modelc.h"

/* Flags of SwHandler, src/shape/call.h. */
static const char *const flags[] = {"SW_OWN_TX", "SW_WRITES", "SW_AUTHORISES"};

static bool is_flag(SwStr s) {
    for (size_t i = 0; i < SW_N(flags); i++)
        if (sw_str_eqz(s, flags[i]))
            return true;
    return false;
}

static SwStr read_flags(Model *m, const char *file, const SwValue *list) {
    SwBuf b = sw_buf(m->arena, SW_KIB);
    if (list->kind != SW_VARRAY)
        file_error(m, file, list, "not a list of flags");
    for (size_t i = 0; list->kind == SW_VARRAY && i < list->n; i++) {
        SwStr flag = sw_value_str(&list->v[i]);
        if (!is_flag(flag))
            file_error(m, file, &list->v[i], "unknown flag '%.*s'", SW_FMT(flag));
        sw_buf_addf(&b, "%s%.*s", i ? " | " : "", SW_FMT(flag));
    }
    return b.n ? sw_buf_str(&b) : SW_STR("0");
}

Operation *operation_named(Model *m, SwStr name) {
    for (size_t i = 0; i < m->n_op; i++)
        if (sw_str_eq(m->op[i].name, name))
            return &m->op[i];
    return NULL;
}

void operations_load(Model *m, const char *dir) {
    SwValue json;
    const char *file = read_beside(m, dir, "operations", &json);
    for (size_t i = 0; file && json.kind == SW_VOBJECT && i < json.n; i++) {
        Operation *op = operation_named(m, json.keys[i]);
        if (!op)
            file_error(m, file, &json.v[i], "no operation '%.*s'", SW_FMT(json.keys[i]));
        else if (op->handler_flags.p)
            file_error(m, file, &json.v[i], "duplicate operation '%.*s'", SW_FMT(json.keys[i]));
        else
            op->handler_flags = read_flags(m, file, &json.v[i]);
    }
}

void write_handlers(Model *m, SwBuf *b, const char *name) {
    sw_buf_addf(
        b,
        "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by modelc from operations/%s.json; changes belong there. */\n\n"
        "#include \"models/%s\"\n\nconst SwHandler %s_handlers[%s_OP_MAX] = {\n",
        m->api, name, m->lower, m->upper);
    for (size_t i = 0; i < m->n_op; i++) {
        const Operation *op = &m->op[i];
        sw_buf_addf(b, "    [%s] = {SW_HANDLER(%s_%s), %.*s},\n", op->c_index, m->lower, op->c_name, SW_FMT(op->handler_flags));
    }
    sw_buf_addz(b, "};\n");
}
