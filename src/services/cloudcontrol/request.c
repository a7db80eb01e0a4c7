/* SPDX-License-Identifier: Apache-2.0 */
/* CreateResource, UpdateResource and DeleteResource: carried out at once; what a resource's service refuses ends in a request
 * that has FAILED, as on AWS, and leaves nothing behind. AWS: Cloud Control API User Guide, "Managing resource operation
 * requests". */

#include "base/id.h"
#include "services/cloudcontrol/cloudcontrol.h"

#define MESSAGE_MAX 2048 /* bytes of a StatusMessage: no more characters than the model takes */
#define FORGET_AT   100  /* old requests that one new one removes at most */

typedef struct Request {
    const SwResource *r;
    const char *operation;
    SwStr type, identifier;
    const SwValue *was, *want;
    SwValue told; /* what only create's answer says: a secret */
} Request;

static int forget_old(SwCtx *cx, SwError *err) {
    SwDocQuery q = {.index = "by_time", .limit = FORGET_AT};
    CloudcontrolRequestRecords l;
    if (cloudcontrol_requests_list(cx->tx, &q, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const CloudcontrolRequestRecord *r = l.v[i].record;
        if (!cloudcontrol_is_old(cx, r))
            return 0;
        if (cloudcontrol_requests_delete(cx->tx, l.v[i].id, NULL, err) < 0)
            return -1;
    }
    return 0;
}

/* What its service says of something that is not there: the resource, or another that it names. */
static bool says_missing(SwStr code) {
    static const SwStr words[] = {SW_STR_C("NoSuch"), SW_STR_C("NotFound"), SW_STR_C("DoesNotExist"), SW_STR_C("NonExistent")};
    for (size_t i = 0; i < SW_N(words); i++)
        if (sw_str_contains(code, words[i]))
            return true;
    return false;
}

static SwStr error_code(const SwCtx *cx, const Request *q, const SwError *e) {
    const SwResource *r = q->r;
    bool missing = q->identifier.p && e->kind == r->missing.kind; /* some services have one word for all that is wrong */
    if (e->kind == &SW_CFN_NOT_UPDATABLE)
        return CLOUDCONTROL_HANDLER_ERROR_CODE_NOT_UPDATABLE;
    if (missing || says_missing(sw_str(e->kind->code)))
        return CLOUDCONTROL_HANDLER_ERROR_CODE_NOT_FOUND;
    if (e->kind == r->exists.kind || e->kind == &SW_CFN_EXISTS)
        return CLOUDCONTROL_HANDLER_ERROR_CODE_ALREADY_EXISTS;
    if (cloudcontrol_denied(cx, r, e))
        return CLOUDCONTROL_HANDLER_ERROR_CODE_ACCESS_DENIED;
    return e->kind->http >= 500 ? CLOUDCONTROL_HANDLER_ERROR_CODE_INTERNAL_FAILURE
                                : CLOUDCONTROL_HANDLER_ERROR_CODE_INVALID_REQUEST;
}

/* As much as an event holds, of whole characters. */
static SwStr message_of(const SwError *e) {
    SwStr s = sw_str(e->message);
    if (s.n <= MESSAGE_MAX)
        return s;
    s.n = MESSAGE_MAX;
    while (s.n && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
        s.n--;
    return s;
}

static void fail_event(const SwCtx *cx, const Request *q, CloudcontrolProgressEvent *e, const SwError *why) {
    e->operation_status = CLOUDCONTROL_OPERATION_STATUS_FAILED;
    e->error_code = error_code(cx, q, why);
    e->status_message = message_of(why);
}

static int not_updatable(SwCtx *cx, const SwStrList *property, SwError *err) {
    SwBuf b = sw_buf(cx->arena, 16 * SW_KIB);
    for (size_t i = 0; i < property->n; i++)
        sw_buf_addf(&b, "%s/properties/%.*s", i ? ", " : "", SW_FMT(property->v[i]));
    SwStr all = sw_buf_str(&b);
    return sw_fail(err, &SW_CFN_NOT_UPDATABLE, "createOnlyProperties [%.*s] cannot be updated", SW_FMT(all));
}

/* Done, or it could not be and *e says why. Documents that are none of the type fail the request itself. */
static int act(SwCtx *cx, Request *q, CloudcontrolProgressEvent *e, SwError *err) {
    SwError failed = sw_error(cx->arena);
    SwApplied done = {.identifier = q->identifier};
    SwValue model;
    if (sw_tx_savepoint(cx->tx, err) < 0)
        return -1;
    int r = sw_resource_apply(cx, q->r, q->identifier, q->was, q->want, &done, &failed);
    if (r == 0 && done.replace)
        r = not_updatable(cx, &done.create_only, &failed);
    if (r == 0 && q->want)
        r = sw_resource_model(cx, q->r, done.identifier, &model, &failed);
    if (r < 0) {
        sw_tx_undo(cx->tx);
        if (failed.kind == &SW_CFN_INVALID_REQUEST)
            return sw_fail(err, &CLOUDCONTROL_INVALID_REQUEST_EXCEPTION, "%s", failed.message);
        fail_event(cx, q, e, &failed);
        return 0;
    }
    q->told = done.told;
    e->identifier = sw_str_or(q->identifier, done.identifier);
    e->resource_model = q->want ? sw_json_text(cx->arena, &model) : SW_NO_STR;
    e->operation_status = CLOUDCONTROL_OPERATION_STATUS_SUCCESS;
    return sw_tx_release(cx->tx, err);
}

static int keep(SwCtx *cx, CloudcontrolProgressEvent *e, SwError *err) {
    CloudcontrolRequestRecord r = {.event = e, .order = sw_index_number(cx->arena, e->event_time.v / SW_MS)};
    return cloudcontrol_requests_put(cx->tx, e->request_token, &r, err);
}

/* To who made it: the history of requests, which others may read, does not have it. */
static int tell(SwCtx *cx, const Request *q, CloudcontrolProgressEvent *e, SwError *err) {
    SwValue model;
    if (!q->told.n)
        return 0;
    if (sw_json_parse(cx->arena, e->resource_model, &model, err) < 0)
        return -1;
    for (size_t i = 0; i < q->told.n; i++)
        sw_value_set(cx->arena, &model, q->told.keys[i], q->told.v[i]);
    e->resource_model = sw_json_text(cx->arena, &model);
    return 0;
}

/* why: the resource could not even be read; or NULL. */
static int carry_out(SwCtx *cx, Request *q, const SwError *why, CloudcontrolProgressEvent **ret, SwError *err) {
    if (forget_old(cx, err) < 0)
        return -1;
    CloudcontrolProgressEvent *e = *ret = sw_new(cx->arena, CloudcontrolProgressEvent);
    *e = (CloudcontrolProgressEvent){.type_name = q->type,
                                     .identifier = q->identifier,
                                     .request_token = sw_id_uuid(cx->arena),
                                     .operation = sw_str(q->operation),
                                     .event_time = SW_SOME_TIME(sw_now(cx))};
    if (why)
        fail_event(cx, q, e, why);
    else if (act(cx, q, e, err) < 0)
        return -1;
    if (keep(cx, e, err) < 0)
        return -1;
    return tell(cx, q, e, err);
}

/* What there is; false: *why says why there is none. */
static bool current(SwCtx *cx, const Request *q, SwValue *ret, SwError *why) {
    *why = sw_error(cx->arena);
    *ret = sw_value_object();
    if (sw_resource_model(cx, q->r, q->identifier, ret, why) == 0)
        return true;
    if (sw_error_is(why, q->r->missing.kind))
        (void)cloudcontrol_not_found(q->type, q->identifier, why);
    return false;
}

/* Without what only the service says; what is said of it otherwise stays. */
static void leave_out_read_only(const SwCfnType *t, SwValue *v, const SwValue *is) {
    for (size_t i = v->kind == SW_VOBJECT ? v->n : 0; i > 0; i--)
        if (cloudcontrol_is_read_only(t, v->keys[i - 1]) && sw_value_equal(&v->v[i - 1], sw_value_get(is, v->keys[i - 1])))
            sw_value_take(v, i - 1);
}

int cloudcontrol_create_resource(SwCtx *cx, const CloudcontrolCreateResourceInput *in, CloudcontrolCreateResourceOutput *out,
                                 SwError *err) {
    Request q = {.operation = "CREATE", .type = in->type_name};
    SwValue want;
    if (cloudcontrol_type(cx, q.type, &q.r, err) < 0)
        return -1;
    if (sw_json_parse(cx->arena, in->desired_state, &want, err) < 0)
        return sw_fail_as(err, &CLOUDCONTROL_INVALID_REQUEST_EXCEPTION, "DesiredState is no JSON: %s", err->message);
    q.want = &want;
    return carry_out(cx, &q, NULL, &out->progress_event, err);
}

int cloudcontrol_update_resource(SwCtx *cx, const CloudcontrolUpdateResourceInput *in, CloudcontrolUpdateResourceOutput *out,
                                 SwError *err) {
    Request q = {.operation = "UPDATE", .type = in->type_name, .identifier = in->identifier};
    SwValue is, was, want;
    SwError why;
    if (cloudcontrol_type(cx, q.type, &q.r, err) < 0)
        return -1;
    if (!current(cx, &q, &is, &why))
        return carry_out(cx, &q, &why, &out->progress_event, err);
    SwStr text = sw_json_text(cx->arena, &is);
    if (sw_json_parse(cx->arena, text, &was, err) < 0 || sw_json_parse(cx->arena, text, &want, err) < 0 ||
        cloudcontrol_patch(cx->arena, q.r->cfn, &want, in->patch_document, err) < 0)
        return -1;
    leave_out_read_only(q.r->cfn, &was, &is);
    leave_out_read_only(q.r->cfn, &want, &is);
    q.was = &was;
    q.want = &want;
    return carry_out(cx, &q, NULL, &out->progress_event, err);
}

int cloudcontrol_delete_resource(SwCtx *cx, const CloudcontrolDeleteResourceInput *in, CloudcontrolDeleteResourceOutput *out,
                                 SwError *err) {
    Request q = {.operation = "DELETE", .type = in->type_name, .identifier = in->identifier};
    SwValue was;
    SwError why;
    if (cloudcontrol_type(cx, q.type, &q.r, err) < 0)
        return -1;
    bool there = current(cx, &q, &was, &why);
    q.was = &was;
    return carry_out(cx, &q, there ? NULL : &why, &out->progress_event, err);
}
