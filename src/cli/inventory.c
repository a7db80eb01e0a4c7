/* SPDX-License-Identifier: Apache-2.0 */
/* What was made, for `slipway status` (the server counts all kinds that are declared), and pages of any list operation, which
 * one walker reads by the model's names, for `slipway hosts`. */

#include "cli/inventory.h"

#include "cli/client.h"
#include "cli/table.h"
#include "models/slipway.gen.h"

#define PAGES_MAX   100 /* a listing ends there, and says so */
#define NAMES_SHOWN 4   /* on a terminal */
#define NAMES_MOST  10000

static SwStr text_at(const SwShape *s, const void *v, const char *name) {
    const SwMember *m = sw_shape_member(s, sw_str(name));
    const SwStr *text = m && m->shape->kind == SW_STRING ? sw_member_at(m, v) : NULL;
    return text ? *text : SW_NO_STR;
}

static void add_names(SwArena *a, const SwListing *r, const void *out, SwStrList *to) {
    const SwMember *list = sw_shape_member(r->api->op[r->op].output, sw_str(r->list));
    const void *at = list ? sw_member_at(list, out) : NULL;
    for (size_t i = 0; at && i < sw_list_count(at); i++)
        sw_str_list_add(a, to, text_at(list->shape->member[0].shape, sw_list_at(list->shape, at, i), r->name));
}

/* The next page's input, made of this answer; false: there is none. */
static bool next_page(SwArena *a, const SwOperation *op, const void *out, void *in) {
    static const struct {
        const char *answer, *question;
    } tokens[] = {{"NextMarker", "Marker"}, {"ContinuationToken", "ContinuationToken"}};
    for (size_t i = 0; i < SW_N(tokens); i++) {
        SwStr next = text_at(op->output, out, tokens[i].answer);
        const SwMember *m = sw_shape_member(op->input, sw_str(tokens[i].question));
        if (!sw_str_is(next) || !m)
            continue;
        *(SwStr *)sw_member_make(a, m, in) = next;
        return true;
    }
    return false;
}

int sw_cli_list_names(SwCli *cli, const SwListing *r, SwStrList *ret_names, bool *ret_all, SwError *err) {
    const SwOperation *op = &r->api->op[r->op];
    char *in = sw_arena_alloc(cli->arena, op->input->size);
    *ret_all = true;
    for (unsigned page = 0; page < PAGES_MAX; page++) {
        void *out = NULL;
        if (sw_client_call(cli, r->api, r->op, in, &out, err) < 0)
            return -1;
        if (!out)
            return 0;
        add_names(cli->arena, r, out, ret_names);
        if (!next_page(cli->arena, op, out, in))
            return 0;
    }
    *ret_all = false;
    return 0;
}

static SwStr first_names(SwCli *cli, const SlipwayResourceType *t, size_t n) {
    SwStr text = sw_str_join(cli->arena, t->names.v, n, SW_STR(", "));
    long long more = (long long)SW_OR(t->count, 0) - (long long)n;
    return more > 0 ? sw_strf(cli->arena, "%.*s and %lld more", SW_FMT(text), more) : text;
}

/* As many as there is room for, on a terminal; one at least. */
static SwStr joined(SwCli *cli, const SlipwayResourceType *t, size_t room) {
    size_t n = cli->terminal ? SW_MIN(t->names.n, (size_t)NAMES_SHOWN) : t->names.n;
    SwStr text = first_names(cli, t, n);
    while (n > 1 && text.n > room)
        text = first_names(cli, t, --n);
    return text;
}

static SwStr counted(SwCli *cli, const SlipwayResourceType *t) {
    return sw_strf(cli->arena, "%lld%s", (long long)SW_OR(t->count, 0), SW_OR(t->more, false) ? " or more" : "");
}

/* Columns that are left for names. */
static size_t room_beside(SwCli *cli, const SlipwayResourceTypeList *l) {
    size_t service = strlen("Service"), what = strlen("What"), count = strlen("Count");
    for (size_t i = 0; i < l->n; i++) {
        service = SW_MAX(service, l->v[i].service.n);
        what = SW_MAX(what, l->v[i].what.n);
        count = SW_MAX(count, counted(cli, &l->v[i]).n);
    }
    size_t taken = service + what + count + 3 * strlen("  ");
    return !cli->columns ? SIZE_MAX : cli->columns > taken ? cli->columns - taken : 0;
}

static SwValue as_value(SwArena *a, const SlipwayResourceType *t) {
    SwValue v = sw_value_object(), list = sw_value_array();
    for (size_t i = 0; i < t->names.n; i++)
        sw_value_add(a, &list, sw_value_string(t->names.v[i]));
    sw_value_sets(a, &v, "service", t->service);
    sw_value_sets(a, &v, "operation", t->operation);
    sw_value_sets(a, &v, "what", t->what);
    sw_value_set(a, &v, SW_STR("count"), sw_value_int(a, SW_OR(t->count, 0)));
    sw_value_set(a, &v, SW_STR("names"), list);
    return v;
}

void sw_cli_inventory(SwCli *cli, SwTable *to, SwValue *ret_json) {
    SwError err = sw_error(cli->arena);
    const SlipwayListResourceTypesRequest in = {.names = SW_SOME_INT(cli->terminal && !cli->json ? NAMES_SHOWN : NAMES_MOST)};
    void *answer = NULL;
    if (sw_client_call(cli, &slipway_api, SLIPWAY_LIST_RESOURCE_TYPES, &in, &answer, &err) < 0 || !answer)
        return; /* one may be allowed to see nothing of this */
    const SlipwayListResourceTypesResponse *all = answer;
    size_t room = room_beside(cli, &all->types);
    for (size_t i = 0; i < all->types.n; i++) {
        const SlipwayResourceType *t = &all->types.v[i];
        sw_value_add(cli->arena, ret_json, as_value(cli->arena, t));
        SW_ROW(to, t->service, t->what, counted(cli, t), joined(cli, t, room));
    }
}
