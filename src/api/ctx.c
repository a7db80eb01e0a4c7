/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: made for each request by the front door and for each step by the engine. See ctx.h. */

#include "api/ctx.h"

#include <stdio.h>

#include "api/host.h"
#include "base/id.h"

SwStr sw_root_arn(SwArena *a, SwStr account) {
    return sw_cat(a, SW_STR("arn:aws:iam::"), account, SW_STR(":root"));
}

static SwPrincipal service_principal(const SwCtx *cx, const char *service) {
    return (SwPrincipal){
        .kind = SW_PRINCIPAL_SERVICE,
        .name = sw_strf(cx->arena, "%s.amazonaws.com", service),
        .arn = sw_root_arn(cx->arena, cx->account),
        .id = cx->account,
        .verified = true,
    };
}

SwCtx *sw_ctx_new(SwHost *host, SwArena *a, SwStr account, SwStr region, const char *service) {
    SwCtx *cx = sw_new(a, SwCtx);
    cx->arena = a;
    cx->host = host;
    cx->account = sw_str_or(account, host->config->account);
    cx->region = sw_str_or(region, host->config->region);
    cx->request_id = sw_id_uuid(a);
    cx->principal = service_principal(cx, service);
    return cx;
}

SwCtx *sw_ctx_as_service(SwCtx *cx, const char *service) {
    SwCtx *as = sw_new(cx->arena, SwCtx);
    *as = *cx;
    as->principal = service_principal(cx, service);
    return as;
}

int sw_ctx_assume(SwCtx *cx, SwStr role_arn, SwCtx **ret_cx, SwError *err) {
    SwCtx *as = sw_new(cx->arena, SwCtx);
    *as = *cx;
    if (!cx->host->auth.assume)
        return sw_fail(err, &SW_ACCESS_DENIED, "Role %.*s cannot be assumed: no service keeps roles", SW_FMT(role_arn));
    if (cx->host->auth.assume(cx, role_arn, cx->principal.name, &as->principal, err) < 0)
        return -1;
    *ret_cx = as;
    return 0;
}

SwTime sw_now(const SwCtx *cx) {
    return sw_clock_now(cx->host->clock);
}

int sw_ctx_begin(SwCtx *cx, SwTxMode mode, SwError *err) {
    if (SW_NEVER(cx->tx != NULL))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "A transaction is already open");
    return sw_tx_begin(cx->host->store, cx->arena, mode, cx->account, cx->region, &cx->tx, err);
}

int sw_ctx_commit(SwCtx *cx, SwError *err) {
    return sw_tx_commit(&cx->tx, err);
}

void sw_ctx_rollback(SwCtx *cx) {
    sw_tx_rollback(cx->tx);
    cx->tx = NULL;
}

static SwStr arn(SwCtx *cx, const char *service, SwStr region, const char *fmt, va_list ap) {
    SwStr resource = sw_strfv(cx->arena, fmt, ap);
    return sw_cat(cx->arena, SW_STR("arn:aws:"), sw_str(service), SW_STR(":"), region, SW_STR(":"), cx->account, SW_STR(":"),
                  resource);
}

SwStr sw_arn(SwCtx *cx, const char *service, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr s = arn(cx, service, cx->region, fmt, ap);
    va_end(ap);
    return s;
}

SwStr sw_arn_global(SwCtx *cx, const char *service, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr s = arn(cx, service, SW_STR(""), fmt, ap);
    va_end(ap);
    return s;
}

bool sw_arn_parse(SwStr s, SwArn *ret_arn) {
    SwArn arn = {0};
    SwStr head;
    if (!sw_str_cut(&s, ':', &head) || !sw_str_eqz(head, "arn"))
        return false;
    if (!sw_str_cut(&s, ':', &arn.partition) || !sw_str_cut(&s, ':', &arn.service) || !sw_str_cut(&s, ':', &arn.region) ||
        !sw_str_cut(&s, ':', &arn.account))
        return false;
    arn.resource = s;
    *ret_arn = arn;
    return s.n > 0;
}

bool sw_arn_is_here(const SwCtx *cx, const SwArn *arn, const char *service) {
    return sw_str_eqz(arn->service, service) && sw_str_eq(arn->region, cx->region) && sw_str_eq(arn->account, cx->account);
}

int sw_refuse_field(SwError *err, const SwErrorKind *kind, const char *field, const char *why) {
    return sw_fail(err, kind, "%s: %s", field, why);
}
