/* SPDX-License-Identifier: Apache-2.0 */
/* operations/<api>.json beside an API's model: which operations Slipway implements, and what their handlers need.
 *
 *   {"DescribeThings": [], "WaitForThing": ["SW_OWN_TX"],
 *    "PutThing": {"token": "clientToken", "within": ["box"], "life": 86400, "conflict": ["ThingConflict", "words"]}}
 *
 * From it the table of handlers is made, in a file of its own: only what links the service needs the handlers. */

#include "modelc.h"

/* Flags of SwHandler, src/shape/call.h. */
static const char *const flags[] = {"SW_OWN_TX", "SW_ANY_TX", "SW_WRITES", "SW_AUTHORISES"};

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

static int member_index(const Operation *op, SwStr name) {
    for (size_t i = 0; op->input && i < op->input->n_member; i++)
        if (sw_str_eq(op->input->member[i].name, name) && op->input->member[i].shape->kind == SW_STRING)
            return (int)i;
    return -1;
}

static void read_token(Model *m, const char *file, Operation *op, const SwValue *json) {
    static const char *const words[] = {"token", "within", "life", "conflict", NULL};
    const SwValue *within = sw_value_getz(json, "within"), *conflict = sw_value_getz(json, "conflict");
    Token *t = op->token = sw_new(m->arena, Token);
    op->handler_flags = SW_STR("0");
    if (!op->output)
        file_error(m, file, json, "an operation that answers nothing needs no token");
    t->at = member_index(op, sw_value_str(sw_value_getz(json, "token")));
    if (t->at < 0)
        file_error(m, file, json, "the input has no text of that name");
    if (!sw_value_i64(sw_value_getz(json, "life"), &t->life_s) || t->life_s <= 0)
        file_error(m, file, json, "a token needs a \"life\" in seconds");
    for (size_t i = 0; within && i < within->n && i < SW_N(t->within); i++) {
        int at = member_index(op, sw_value_str(&within->v[i]));
        if (at < 0)
            file_error(m, file, &within->v[i], "the input has no such text");
        t->within[t->n_within++] = at;
    }
    if (conflict) {
        Shape *e = conflict->n == 2 ? sw_map_find(&m->shapes, sw_value_str(&conflict->v[0])) : NULL;
        if (!e || !e->c_error)
            file_error(m, file, conflict, "\"conflict\" is no error of the model and its text");
        t->conflict = e;
        t->text = conflict->n == 2 ? sw_value_str(&conflict->v[1]) : SW_NO_STR;
    }
    for (size_t i = 0; i < json->n; i++) {
        bool known = false;
        for (size_t k = 0; words[k]; k++)
            known |= sw_str_eqz(json->keys[i], words[k]);
        if (!known)
            file_error(m, file, &json->v[i], "unknown field '%.*s' of a token", SW_FMT(json->keys[i]));
    }
}

/* What the model calls a token is one: without a declaration, the second of two equal requests would be done as well. */
static void check_token(Model *m, const char *file, const Operation *op, int at, const SwValue *json) {
    for (size_t i = 0; op->input && i < op->input->n_member; i++) {
        const Member *e = &op->input->member[i];
        if (sw_value_is_true(sw_value_getz(e->json, "idempotencyToken")) && at != (int)i)
            file_error(m, file, json, "'%.*s' is an idempotency token: declare it, {\"token\": \"%.*s\", \"life\": ..}",
                       SW_FMT(e->name), SW_FMT(e->name));
    }
}

Operation *operation_named(Model *m, SwStr name) {
    for (size_t i = 0; i < m->n_op; i++)
        if (sw_str_eq(m->op[i].name, name))
            return &m->op[i];
    return NULL;
}

/* {"token": member, "own": why}: the handler itself knows what was done with it. */
static void read_own_token(Model *m, const char *file, Operation *op, const SwValue *json) {
    op->handler_flags = SW_STR("0");
    if (json->n != 2 || !sw_str_is(sw_value_str(sw_value_getz(json, "own"))))
        file_error(m, file, json, "a token that is the handler's own has a name and \"own\", which says why");
}

static void read_operation(Model *m, const char *file, Operation *op, const SwValue *json) {
    bool own = sw_value_getz(json, "own") != NULL;
    if (own)
        read_own_token(m, file, op, json);
    else if (json->kind == SW_VOBJECT)
        read_token(m, file, op, json);
    else
        op->handler_flags = read_flags(m, file, json);
    check_token(m, file, op,
                own         ? member_index(op, sw_value_str(sw_value_getz(json, "token")))
                : op->token ? op->token->at
                            : -1,
                json);
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
            read_operation(m, file, op, &json.v[i]);
    }
}

static void write_token(const Operation *op, SwBuf *b) {
    const Token *t = op->token;
    sw_buf_addf(b, "static const SwToken %s_token = {\n    .at = %d", op->c_name, t->at);
    for (size_t i = 0; i < t->n_within; i++)
        sw_buf_addf(b, ",\n    .within[%zu] = %d", i, t->within[i]);
    sw_buf_addf(b, ",\n    .n_within = %zu", t->n_within);
    if (t->conflict) {
        sw_buf_addf(b, ",\n    .conflict = &%s,\n    .text = ", t->conflict->c_error);
        add_quoted(b, t->text);
    }
    sw_buf_addf(b, ",\n    .life_s = %lld,\n};\n\n", (long long)t->life_s);
}

void write_handlers(Model *m, SwBuf *b, const char *name) {
    sw_buf_addf(
        b,
        "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by modelc from operations/%s.json; changes belong there. */\n\n"
        "#include \"models/%s\"\n\n",
        m->api, name);
    for (size_t i = 0; i < m->n_op; i++)
        if (m->op[i].token)
            write_token(&m->op[i], b);
    sw_buf_addf(b, "const SwHandler %s_handlers[%s_OP_MAX] = {\n", m->lower, m->upper);
    for (size_t i = 0; i < m->n_op; i++) {
        const Operation *op = &m->op[i];
        sw_buf_addf(b, "    [%s] = {SW_HANDLER(%s_%s), %.*s", op->c_index, m->lower, op->c_name, SW_FMT(op->handler_flags));
        if (op->token)
            sw_buf_addf(b, ", &%s_token", op->c_name);
        sw_buf_addz(b, "},\n");
    }
    sw_buf_addz(b, "};\n");
}
