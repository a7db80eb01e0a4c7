/* SPDX-License-Identifier: Apache-2.0 */
/* What became of requests. AWS: Cloud Control API, "GetResourceRequestStatus", "ListResourceRequests". */

#include "services/cloudcontrol/cloudcontrol.h"

#define KEPT (7 * SW_DAY)

bool cloudcontrol_is_old(SwCtx *cx, const CloudcontrolRequestRecord *r) {
    return r->event->event_time.v <= sw_now(cx) - KEPT;
}

static int get(SwCtx *cx, SwStr token, CloudcontrolRequestRecord **ret, SwError *err) {
    CloudcontrolRequestRecord *r;
    if (cloudcontrol_requests_find(cx->tx, token, &r, err) < 0)
        return -1;
    *ret = r;
    return r && !cloudcontrol_is_old(cx, r) ? 0
                                            : sw_fail(err, &CLOUDCONTROL_REQUEST_TOKEN_NOT_FOUND_EXCEPTION,
                                                      "Request with token %.*s was not found", SW_FMT(token));
}

/* A model is shown to who may read the resource, or could if it were still there. */
static void hide(SwCtx *cx, CloudcontrolProgressEvent *e) {
    const SwResource *r = cx->host->config->strict && e->resource_model.p ? sw_resource_of_type(cx->host, e->type_name) : NULL;
    SwError why = sw_error(cx->arena);
    SwValue model;
    if (r && sw_resource_model(cx, r, e->identifier, &model, &why) < 0 && !sw_error_is(&why, r->missing.kind))
        e->resource_model = SW_NO_STR;
}

int cloudcontrol_get_resource_request_status(SwCtx *cx, const CloudcontrolGetResourceRequestStatusInput *in,
                                             CloudcontrolGetResourceRequestStatusOutput *out, SwError *err) {
    CloudcontrolRequestRecord *r;
    if (get(cx, in->request_token, &r, err) < 0)
        return -1;
    out->progress_event = r->event;
    hide(cx, out->progress_event);
    return 0;
}

/* All of them have ended: there is none to cancel. */
int cloudcontrol_cancel_resource_request(SwCtx *cx, const CloudcontrolCancelResourceRequestInput *in,
                                         CloudcontrolCancelResourceRequestOutput *out, SwError *err) {
    CloudcontrolRequestRecord *r;
    if (get(cx, in->request_token, &r, err) < 0)
        return -1;
    return sw_fail(err, &CLOUDCONTROL_CONCURRENT_MODIFICATION_EXCEPTION,
                   "Request with token %.*s is in status %.*s and cannot be canceled", SW_FMT(in->request_token),
                   SW_FMT(r->event->operation_status));
}

static int is_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const CloudcontrolResourceRequestStatusFilter *f = arg;
    const CloudcontrolRequestRecord *r = cloudcontrol_requests_row(row);
    const CloudcontrolProgressEvent *e = r->event;
    *ret_wanted = false;
    if (cloudcontrol_is_old(cx, r))
        return 0;
    *ret_wanted = !f || ((!f->operations.n || sw_str_list_has(&f->operations, e->operation)) &&
                         (!f->operation_statuses.n || sw_str_list_has(&f->operation_statuses, e->operation_status)));
    return 0;
}

static int show(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    *(CloudcontrolProgressEvent *)to = *cloudcontrol_requests_row(row)->event;
    hide(cx, to);
    return 0;
}

int cloudcontrol_list_resource_requests(SwCtx *cx, const CloudcontrolListResourceRequestsInput *in,
                                        CloudcontrolListResourceRequestsOutput *out, SwError *err) {
    const SwPage p = {.of = &cloudcontrol_requests,
                      .q = {.index = "by_time", .descending = true},
                      .want = is_wanted,
                      .show = show,
                      .arg = in->resource_request_status_filter,
                      .usual = 100,
                      .most = 100};
    return sw_page(cx, &p, out, err);
}
