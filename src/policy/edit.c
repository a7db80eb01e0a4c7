/* SPDX-License-Identifier: Apache-2.0 */
/* Resource policies, a statement at a time: AddPermission and RemovePermission of queues and topics. */

#include "policy/internal.h"

static SwValue strings(SwArena *a, const SwStrList *l, const char *fmt_head, const char *fmt_tail) {
    SwValue v = sw_value_array();
    for (size_t i = 0; i < l->n; i++)
        sw_value_add(a, &v, sw_value_string(sw_strf(a, "%s%.*s%s", fmt_head, SW_FMT(l->v[i]), fmt_tail)));
    return l->n == 1 ? v.v[0] : v;
}

/* The document as an object with a list of statements, whatever form it was given in. */
static SwValue open_document(SwArena *a, SwStr text) {
    SwError ignored = sw_error(a);
    SwValue doc, list = sw_value_array();
    if (!sw_str_is(text) || sw_json_parse(a, text, &doc, &ignored) < 0 || doc.kind != SW_VOBJECT)
        return sw_value_object();
    const SwValue *statement = sw_value_getz(&doc, "Statement");
    for (size_t i = 0; statement && statement->kind == SW_VARRAY && i < statement->n; i++)
        sw_value_add(a, &list, statement->v[i]);
    if (statement && statement->kind == SW_VOBJECT)
        sw_value_add(a, &list, *statement);
    sw_value_set(a, &doc, SW_STR("Statement"), list);
    return doc;
}

static bool labelled(const SwValue *statement, SwStr label) {
    return sw_str_eq(sw_value_str(sw_value_getz(statement, "Sid")), label);
}

bool sw_policy_append(SwArena *a, SwStr *document, SwValue statement, const char *version, SwStr id) {
    SwValue doc = open_document(a, *document), list = sw_value_array();
    const SwValue *known = sw_value_getz(&doc, "Statement");
    SwStr sid = sw_value_str(sw_value_getz(&statement, "Sid"));
    for (size_t i = 0; known && i < known->n; i++) {
        if (labelled(&known->v[i], sid))
            return false;
        sw_value_add(a, &list, known->v[i]);
    }
    if (!sw_value_getz(&doc, "Version"))
        sw_value_sets(a, &doc, "Version", sw_str(version ? version : "2012-10-17"));
    if (!sw_value_getz(&doc, "Id"))
        sw_value_sets(a, &doc, "Id", id);
    sw_value_add(a, &list, statement);
    sw_value_set(a, &doc, SW_STR("Statement"), list);
    *document = sw_json_text(a, &doc);
    return true;
}

int sw_policy_add(SwArena *a, SwStr *document, const SwPolicyPermission *p, const SwErrorKind *invalid, SwError *err) {
    SwValue statement = sw_value_object(), principal = sw_value_object();
    const SwPolicy *parsed;
    sw_value_set(a, &principal, SW_STR("AWS"),
                 p->anybody ? sw_value_string(SW_STR("*")) : strings(a, p->accounts, "arn:aws:iam::", ":root"));
    sw_value_sets(a, &statement, "Sid", p->label);
    sw_value_sets(a, &statement, "Effect", SW_STR("Allow"));
    sw_value_set(a, &statement, SW_STR("Principal"), p->anybody ? principal.v[0] : principal);
    sw_value_set(a, &statement, SW_STR("Action"), strings(a, p->actions, sw_str_z(a, sw_strf(a, "%s:", p->vendor)), ""));
    sw_value_sets(a, &statement, "Resource", p->resource);
    if (!sw_policy_append(a, document, statement, p->version, p->id))
        return sw_fail(err, invalid, "Value %.*s for parameter Label is invalid. Reason: Already exists.", SW_FMT(p->label));
    if (sw_policy_parse(a, *document, SW_POLICY_RESOURCE, &parsed, err) < 0) {
        err->kind = invalid;
        return -1;
    }
    return 0;
}

bool sw_policy_remove(SwArena *a, SwStr *document, SwStr label) {
    SwValue doc = open_document(a, *document), list = sw_value_array();
    const SwValue *known = sw_value_getz(&doc, "Statement");
    size_t n = known ? known->n : 0;
    for (size_t i = 0; i < n; i++)
        if (!labelled(&known->v[i], label))
            sw_value_add(a, &list, known->v[i]);
    if (list.n == n)
        return false;
    sw_value_set(a, &doc, SW_STR("Statement"), list);
    *document = list.n ? sw_json_text(a, &doc) : SW_STR("");
    return true;
}
