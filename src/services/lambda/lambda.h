/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* AWS Lambda. The Developer Guide and API Reference are followed where they say something; README.md has the states, what is
 * different on purpose, and what is absent.
 *
 * What is stored: functions (their $LATEST), published versions, aliases. What runs is in memory alone (pool.h): sandboxes end
 * with the server that made them. */

#include "api/host.h"
#include "api/meter.h"
#include "base/file.h"
#include "container/container.h"
#include "models/lambda_resources.gen.h"

#define LAMBDA_LATEST       SW_STR("$LATEST")
#define LAMBDA_CODE_MAX     (50 * (int64_t)SW_MIB) /* of an archive that comes with the request */
#define LAMBDA_UNZIPPED_MAX 262144000              /* of all files (Lambda quotas) */
#define LAMBDA_PAYLOAD_MAX  6291456
#define LAMBDA_CONCURRENCY  1000 /* of an account and region, by AWS's default */
#define LAMBDA_UNRESERVED   100  /* of which so much is never reserved */

/* ---- name.c ---- */

/* What inputs call a function by: a name, a part of an ARN or an ARN, each with a qualifier or without. */
typedef struct LambdaName {
    SwStr function;
    SwStr qualifier; /* absent: none; "$LATEST", "7", "live" */
} LambdaName;
/* Fails where the name's own qualifier is not the other, or the ARN is of another region or account. */
int lambda_name(SwCtx *cx, SwStr reference, SwStr qualifier, LambdaName *ret, SwError *err) sw_must_check;
bool lambda_is_version(SwStr qualifier); /* a number, of a published version */
SwStr lambda_arn(SwCtx *cx, SwStr function, SwStr qualifier);
int lambda_function_named(SwCtx *cx, SwStr reference, LambdaFunctionRecord **ret, SwError *err) sw_must_check;

/* A version, $LATEST or published. The records' own; `configuration` has the ARN that was asked for. */
typedef struct LambdaVersion {
    LambdaFunctionRecord *function;
    LambdaVersionRecord *published; /* NULL: $LATEST */
    LambdaAliasRecord *alias;       /* by which it was found; or NULL */
    LambdaFunctionConfiguration *configuration;
    SwStr digest;
} LambdaVersion;
int lambda_resolve(SwCtx *cx, const LambdaName *name, LambdaVersion *ret, SwError *err) sw_must_check; /* an alias: its own */
/* The one to run: by chance where an alias has weights. */
int lambda_route(SwCtx *cx, const LambdaName *name, LambdaVersion *ret, SwError *err) sw_must_check;
bool lambda_alias_uses(const LambdaAliasConfiguration *a, SwStr version);
int lambda_check_revision(SwStr given, SwStr has, SwError *err) sw_must_check;

/* ---- configure.c: what a function may be told ---- */

int lambda_check_settings(SwCtx *cx, const LambdaFunctionConfiguration *c, SwError *err) sw_must_check;
int lambda_check_role(SwCtx *cx, SwStr role, SwError *err) sw_must_check;
SwStr lambda_log_group(SwArena *a, const LambdaFunctionConfiguration *c);
SwStr lambda_time(SwArena *a, SwTime t); /* "2026-11-30T09:15:21.000+0000" */
const char *lambda_architecture(void);

/* ---- function.c, version.c, update.c ---- */

typedef struct LambdaPackage {
    SwStr digest; /* of the blob */
    int64_t size;
} LambdaPackage;
void lambda_code_set(SwCtx *cx, LambdaFunctionRecord *f, const LambdaPackage *p);
void lambda_changed(SwCtx *cx, LambdaFunctionRecord *f); /* date, revision, generation */
/* Makes a version of what $LATEST is, unless it is that already; *out is it. `f` is to be stored then. */
int lambda_publish(SwCtx *cx, LambdaFunctionRecord *f, SwStr description, LambdaFunctionConfiguration *out,
                   SwError *err) sw_must_check;
/* While it is made or changed nothing else may be done. */
int lambda_check_ready(const LambdaFunctionRecord *f, SwError *err) sw_must_check;
/* As lists show it: without what changes by itself. */
void lambda_list_entry(const LambdaFunctionConfiguration *c, LambdaFunctionConfiguration *to);

/* ---- code.c, zip.c, code_controller.c ---- */

/* From the request or from S3, into a blob, looked through. No transaction may be open. */
int lambda_code_receive(SwCtx *cx, const LambdaFunctionCode *c, LambdaPackage *ret, SwError *err) sw_must_check;
SwStr lambda_code_sha256(SwArena *a, SwStr digest); /* in base64 */
SwStr lambda_code_owner(SwArena *a, SwStr function, SwStr version);
/* An address where the archive is to be had for ten minutes. */
int lambda_code_location(SwCtx *cx, SwStr digest, SwStr *ret, SwError *err) sw_must_check;
void lambda_code_download(SwCtx *cx);
#define LAMBDA_CODE_PATH "/_slipway/lambda/code/"
/* The folder of the unpacked code; made where it is not there. May take seconds. */
int lambda_code_folder(SwHost *h, SwArena *a, SwStr digest, const char **ret, SwError *err) sw_must_check;
void lambda_code_tidy(SwHost *h);
extern const SwController lambda_code_controller; /* id: a function's name */
extern const SwController lambda_code_remover;    /* id: a digest */

/* Looks at all entries; what is no archive, leads out of it, is neither file nor folder, or is too large fails. */
int lambda_zip_check(int fd, SwError *err) sw_must_check;
/* The same, and writes them below the folder. */
int lambda_zip_unpack(int fd, const char *folder, SwError *err) sw_must_check;

/* ---- runtime.c ---- */

typedef struct LambdaRuntime {
    SwStr name;
    const char *program;   /* the interpreter, or NULL: the function's own `bootstrap` */
    const char *bootstrap; /* below /var/runtime, or NULL */
} LambdaRuntime;
/* Fails where the interpreter is not on this machine, naming it. */
int lambda_runtime_find(SwArena *a, SwStr name, LambdaRuntime *ret, SwError *err) sw_must_check;
/* The folder of our bootstraps; written where it is not there. */
int lambda_runtime_folder(SwHost *h, SwArena *a, const char **ret, SwError *err) sw_must_check;
const char *lambda_folder(const SwHost *h, SwArena *a, const char *part);
extern const char lambda_bootstrap_mjs[], lambda_bootstrap_py[];

/* ---- log.c ---- */

typedef struct LambdaLog {
    SwBuf text;  /* lines, each with its end */
    size_t from; /* the last invocation's */
    SwStr group, stream, role;
} LambdaLog;
/* Best effort, as on AWS: a role that may not write leaves nothing. */
void lambda_log_write(SwCtx *cx, const LambdaLog *l);
void lambda_count(SwCtx *cx, const LambdaVersion *v, const SwMetric *m, double value);
extern const SwMetric lambda_invocations, lambda_errors, lambda_duration, lambda_throttles, lambda_concurrent;

/* Somebody changed or deleted it: its sandboxes look whether they are still wanted. In cx->tx. */
int lambda_sandboxes_wake(SwCtx *cx, SwStr function, SwError *err) sw_must_check;
