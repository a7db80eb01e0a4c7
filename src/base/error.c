/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as values, and the kinds that all services share. */

#include "base/error.h"

#include <stdio.h>

#define KIND(name, wire, status, again) const SwErrorKind name = {.code = wire, .http = status, .retryable = again}
KIND(SW_INTERNAL_FAILURE, "InternalFailure", 500, true);
KIND(SW_NOT_IMPLEMENTED, "NotImplemented", 400, false);
KIND(SW_VALIDATION_EXCEPTION, "ValidationException", 400, false);
KIND(SW_VALIDATION_ERROR, "ValidationError", 400, false);
KIND(SW_SERIALIZATION_EXCEPTION, "SerializationException", 400, false);
KIND(SW_UNKNOWN_OPERATION, "UnknownOperationException", 400, false);
KIND(SW_INVALID_ACTION, "InvalidAction", 400, false);
KIND(SW_ACCESS_DENIED, "AccessDenied", 403, false);
KIND(SW_ACCESS_DENIED_EXCEPTION, "AccessDeniedException", 400, false);
KIND(SW_INCOMPLETE_SIGNATURE, "IncompleteSignature", 400, false);
KIND(SW_INVALID_CLIENT_TOKEN_ID, "InvalidClientTokenId", 403, false);
KIND(SW_UNRECOGNIZED_CLIENT, "UnrecognizedClientException", 400, false);
KIND(SW_SIGNATURE_DOES_NOT_MATCH, "SignatureDoesNotMatch", 403, false);
KIND(SW_EXPIRED_TOKEN, "ExpiredToken", 403, false);
KIND(SW_MISSING_AUTHENTICATION_TOKEN, "MissingAuthenticationToken", 403, false);
KIND(SW_REQUEST_EXPIRED, "RequestExpired", 400, false);
KIND(SW_REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLargeException", 413, false);
KIND(SW_THROTTLING, "ThrottlingException", 400, true);
KIND(SW_SERVICE_UNAVAILABLE, "ServiceUnavailable", 503, true);
KIND(SW_SLOW_DOWN, "SlowDown", 503, true);

static int fill(SwError *err, const SwErrorKind *kind, const char *cause, const char *fmt, va_list ap) {
    err->kind = kind;
    err->message = sw_strfv(err->arena, fmt, ap).p;
    err->cause = cause ? sw_str_z(err->arena, sw_str(cause)) : NULL;
    err->detail = NULL;
    err->facts.v = NULL;
    err->facts.n = 0;
    return -1;
}

int sw_fail(SwError *err, const SwErrorKind *kind, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fill(err, kind, NULL, fmt, ap);
    va_end(ap);
    return -1;
}

int sw_fail_cause(SwError *err, const SwErrorKind *kind, const char *cause, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    fill(err, kind, cause, fmt, ap);
    va_end(ap);
    return -1;
}

static int fail_as(SwError *err, const SwErrorKind *kind, const char *fmt, va_list ap) {
    const char *cause = err->cause;
    if (!cause && err->kind)
        cause = sw_strf(err->arena, "%s: %s", err->kind->code, err->message).p;
    fill(err, kind, cause, fmt, ap);
    return -1;
}

int sw_fail_as(SwError *err, const SwErrorKind *kind, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int r = fail_as(err, kind, fmt, ap);
    va_end(ap);
    return r;
}

int sw_refuse_as(SwError *err, const SwErrorKind *kind, const char *fmt, ...) {
    if (err->kind && err->kind->http >= 500)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    int r = fail_as(err, kind, fmt, ap);
    va_end(ap);
    return r;
}

int sw_fail_wrap(SwError *err, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr context = sw_strfv(err->arena, fmt, ap);
    va_end(ap);
    const char *under = err->cause ? err->cause : err->message ? err->message : "unknown";
    err->cause = sw_strf(err->arena, "%.*s: %s", SW_FMT(context), under).p;
    return -1;
}

int sw_fail_errno(SwError *err, int errnum, const char *fmt, ...) {
    char text[128];
    va_list ap;
    va_start(ap, fmt);
    SwStr what = sw_strfv(err->arena, fmt, ap);
    va_end(ap);
    const char *reason = strerror_r(errnum, text, sizeof text);
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, sw_strf(err->arena, "%.*s: %s", SW_FMT(what), reason).p,
                         "An internal error occurred");
}

static int add_fact(SwError *err, const char *name, SwStr value, bool header) {
    if (value.p)
        *sw_list_add(err->arena, &err->facts) = (SwErrorFact){name, value, header};
    return -1;
}

int sw_fail_fact(SwError *err, const char *name, SwStr value) {
    return add_fact(err, name, value, false);
}

int sw_fail_header(SwError *err, const char *name, SwStr value) {
    return add_fact(err, name, value, true);
}

void sw_error_reset(SwError *err) {
    *err = sw_error(err->arena);
}
