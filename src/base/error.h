/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An error is a value for three audiences: SDKs switch on the kind's code, users read the message, operators need the
 * cause. Functions return 0, or -1 with *err filled. A function either logs or returns an error, never both.
 *
 * message  for the caller, in AWS's own wording where known: no function names, no errno text
 * cause    for the log, never sent; sw_fail_wrap prefixes context as the error rises
 *
 * Kinds are constants: each API model's table has its own (ECR_REPOSITORY_NOT_FOUND_EXCEPTION); those common to all
 * are below. */

#include "base/arena.h"
#include "base/str.h"

typedef struct SwErrorKind {
    const char *code;       /* as on the wire: "RepositoryNotFoundException" */
    uint16_t http;          /* status */
    bool retryable;         /* the caller's fault or ours */
    const void *shape;      /* const SwShape * of the error's structure, or NULL */
    const char *query_code; /* x-amzn-query-error's code where it differs, or NULL */
} SwErrorKind;

/* What an error tells beside its message where no structure of the model has it: S3's <BucketName>, <Key>, its Allow. */
typedef struct SwErrorFact {
    const char *name;
    SwStr value;
    bool header;
} SwErrorFact;

typedef struct SwError {
    SwArena *arena;          /* messages live here; set by sw_error() */
    const SwErrorKind *kind; /* NULL: no error */
    const char *message, *cause;
    const void *detail; /* members beyond `message`, of kind->shape; or NULL */
    struct {
        SwErrorFact *v;
        size_t n;
    } facts; /* written by the REST-XML form of S3 alone */
} SwError;

static inline SwError sw_error(SwArena *a) {
    return (SwError){.arena = a};
}

/* All return -1, so that `return sw_fail(...)` reads well. */
int sw_fail(SwError *err, const SwErrorKind *kind, const char *fmt, ...) sw_printf(3, 4);
int sw_fail_cause(SwError *err, const SwErrorKind *kind, const char *cause, const char *fmt, ...) sw_printf(4, 5);
/* The error that is there becomes one of this kind with this text, which may use what it replaces:
 * sw_fail_as(err, &ECS_CLIENT_EXCEPTION, "Container '%s': %s", name, err->message). The log still sees the first: its cause
 * stays, or else its code and message become the cause. */
int sw_fail_as(SwError *err, const SwErrorKind *kind, const char *fmt, ...) sw_printf(3, 4);
/* The same of what a request asked for wrongly: an internal failure, which is nobody's fault, stays what it is. What else is
 * asked on behalf of a request (is there such a queue?) fails by this. */
int sw_refuse_as(SwError *err, const SwErrorKind *kind, const char *fmt, ...) sw_printf(3, 4);
int sw_fail_wrap(SwError *err, const char *fmt, ...) sw_printf(2, 3); /* prefixes the cause */
/* SW_INTERNAL_FAILURE: the text, which often names a path of ours, and errno's are the cause alone; the message says
 * nothing of this machine, for it may reach a client. */
int sw_fail_errno(SwError *err, int errnum, const char *fmt, ...) sw_printf(3, 4);
/* After one of those: a fact more, as an element of the error's body or as a header. -1, too; an absent value is left out. */
int sw_fail_fact(SwError *err, const char *name, SwStr value);
int sw_fail_header(SwError *err, const char *name, SwStr value);
void sw_error_reset(SwError *err);

static inline bool sw_error_is(const SwError *err, const SwErrorKind *kind) {
    return err->kind && (err->kind == kind || strcmp(err->kind->code, kind->code) == 0);
}

/* Kinds that every AWS service shares ("Common Errors" in each service's API reference). */
extern const SwErrorKind SW_INTERNAL_FAILURE;             /* InternalFailure, 500 */
extern const SwErrorKind SW_NOT_IMPLEMENTED;              /* NotImplemented, 400: clients retry a 5xx for minutes */
extern const SwErrorKind SW_VALIDATION_EXCEPTION;         /* ValidationException, 400 */
extern const SwErrorKind SW_VALIDATION_ERROR;             /* ValidationError, 400: the Query services' name for it */
extern const SwErrorKind SW_SERIALIZATION_EXCEPTION;      /* SerializationException, 400 */
extern const SwErrorKind SW_UNKNOWN_OPERATION;            /* UnknownOperationException, 400 */
extern const SwErrorKind SW_INVALID_ACTION;               /* InvalidAction, 400: the Query services' name for it */
extern const SwErrorKind SW_ACCESS_DENIED;                /* AccessDenied, 403: Query services and S3 */
extern const SwErrorKind SW_ACCESS_DENIED_EXCEPTION;      /* AccessDeniedException, 400 */
extern const SwErrorKind SW_INCOMPLETE_SIGNATURE;         /* IncompleteSignature, 400 */
extern const SwErrorKind SW_INVALID_CLIENT_TOKEN_ID;      /* InvalidClientTokenId, 403: Query services */
extern const SwErrorKind SW_UNRECOGNIZED_CLIENT;          /* UnrecognizedClientException, 400: JSON services */
extern const SwErrorKind SW_SIGNATURE_DOES_NOT_MATCH;     /* SignatureDoesNotMatch, 403 */
extern const SwErrorKind SW_EXPIRED_TOKEN;                /* ExpiredToken, 403 */
extern const SwErrorKind SW_MISSING_AUTHENTICATION_TOKEN; /* MissingAuthenticationToken, 403 */
extern const SwErrorKind SW_REQUEST_EXPIRED;              /* RequestExpired, 400 */
extern const SwErrorKind SW_REQUEST_ENTITY_TOO_LARGE;     /* RequestEntityTooLargeException, 413 */
extern const SwErrorKind SW_THROTTLING;                   /* ThrottlingException, 400 */
extern const SwErrorKind SW_SERVICE_UNAVAILABLE;          /* ServiceUnavailable, 503 */
extern const SwErrorKind SW_SLOW_DOWN;                    /* SlowDown, 503: for lack of memory */
