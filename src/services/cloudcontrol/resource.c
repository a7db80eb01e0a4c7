/* SPDX-License-Identifier: Apache-2.0 */
/* GetResource and ListResources: what is there, as documents. AWS: Cloud Control API. */

#include "api/registry.h"
#include "services/cloudcontrol/cloudcontrol.h"

#define PAGE_USUAL   20
#define PAGE_MOST    100
#define LOOK_AT_MOST 1000 /* resources that are read for one page, however few are wanted */

int cloudcontrol_type(SwCtx *cx, SwStr name, const SwResource **ret_r, SwError *err) {
    *ret_r = sw_resource_of_type(cx->host, name);
    if (*ret_r)
        return 0;
    return sw_fail(err, &CLOUDCONTROL_TYPE_NOT_FOUND_EXCEPTION,
                   "The type '%.*s' cannot be found. `slipway coverage --types` lists those that there are.", SW_FMT(name));
}

int cloudcontrol_not_found(SwStr type, SwStr identifier, SwError *err) {
    return sw_refuse_as(err, &CLOUDCONTROL_RESOURCE_NOT_FOUND_EXCEPTION,
                        "Resource of type '%.*s' with identifier '%.*s' was not found.", SW_FMT(type), SW_FMT(identifier));
}

bool cloudcontrol_denied(const SwCtx *cx, const SwResource *r, const SwError *e) {
    const SwService *s = sw_registry_by_api(cx->host, r->api);
    return (s && e->kind == sw_registry_denied(s)) || e->kind == &SW_ACCESS_DENIED_EXCEPTION;
}

int cloudcontrol_get_resource(SwCtx *cx, const CloudcontrolGetResourceInput *in, CloudcontrolGetResourceOutput *out,
                              SwError *err) {
    const SwResource *r;
    SwValue model;
    if (cloudcontrol_type(cx, in->type_name, &r, err) < 0)
        return -1;
    if (sw_resource_model(cx, r, in->identifier, &model, err) < 0) {
        if (sw_error_is(err, r->missing.kind))
            return cloudcontrol_not_found(in->type_name, in->identifier, err);
        if (cloudcontrol_denied(cx, r, err))
            err->kind = &SW_ACCESS_DENIED_EXCEPTION;
        return -1;
    }
    out->type_name = in->type_name;
    out->resource_description = sw_new(cx->arena, CloudcontrolResourceDescription);
    out->resource_description->identifier = in->identifier;
    out->resource_description->properties = sw_json_text(cx->arena, &model);
    return 0;
}

typedef struct Query {
    const SwResource *r;
    SwValue model; /* what each must say; an object */
    CloudcontrolListResourcesOutput *out;
    size_t limit, looked;
    SwStr last; /* id of the last one that was read */
} Query;

static bool says(const SwValue *model, const SwValue *wanted) {
    for (size_t i = 0; i < wanted->n; i++)
        if (!sw_value_equal(sw_value_get(model, wanted->keys[i]), &wanted->v[i]))
            return false;
    return true;
}

static int visit(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    Query *q = arg;
    SwStr identifier = sw_resource_identifier(cx, f);
    SwValue model;
    if (q->out->resource_descriptions.n == q->limit || q->looked++ == LOOK_AT_MOST)
        return 1;
    SwError missing = sw_error(err->arena);
    if (sw_resource_model_of(cx, f, identifier, &model, &missing) < 0) {
        if (!sw_error_is(&missing, q->r->missing.kind) && !cloudcontrol_denied(cx, q->r, &missing))
            return *err = missing, -1;
        q->last = f->id; /* its record is kept, but it is not shown any more; or it may not be read by this caller */
        return 0;
    }
    if (!says(&model, &q->model)) {
        q->last = f->id;
        return 0;
    }
    *sw_list_add(cx->arena, &q->out->resource_descriptions) =
        (CloudcontrolResourceDescription){.identifier = identifier, .properties = sw_json_text(cx->arena, &model)};
    q->last = f->id;
    return 0;
}

int cloudcontrol_list_resources(SwCtx *cx, const CloudcontrolListResourcesInput *in, CloudcontrolListResourcesOutput *out,
                                SwError *err) {
    Query q = {.out = out, .model = sw_value_object()};
    SwStr after;
    if (cloudcontrol_type(cx, in->type_name, &q.r, err) < 0)
        return -1;
    if (q.r->cfn->list == SW_NO_OPERATION)
        return sw_fail(err, &CLOUDCONTROL_UNSUPPORTED_ACTION_EXCEPTION, "Resource type %.*s does not support LIST action",
                       SW_FMT(in->type_name));
    if (sw_authorise(cx, q.r->api->op[q.r->cfn->list].iam_action, SW_STR("*"), err) < 0)
        return -1;
    if (in->resource_model.p && (sw_json_parse(cx->arena, in->resource_model, &q.model, err) < 0 || q.model.kind != SW_VOBJECT))
        return sw_refuse_as(err, &CLOUDCONTROL_INVALID_REQUEST_EXCEPTION, "ResourceModel is no JSON object");
    if (sw_page_limit(cx, PAGE_USUAL, PAGE_MOST, &q.limit, err) < 0 || sw_page_place(cx, NULL, &after, err) < 0)
        return -1;
    out->type_name = in->type_name;
    (void)sw_member_make(cx->arena, cx->op->page->result[0], out);
    int stop = sw_resource_walk(cx, q.r, after, visit, &q, err);
    if (stop > 0)
        sw_page_next(cx, out, q.last);
    return SW_MIN(stop, 0);
}
