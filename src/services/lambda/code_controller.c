/* SPDX-License-Identifier: Apache-2.0 */
/* Code is unpacked once, into a folder by its digest that all versions with the same code share, and removed with the last of
 * them. A folder has its name only when it is whole. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/id.h"
#include "services/lambda/pool.h"

static const char *folder_of(const SwHost *h, SwArena *a, SwStr digest) {
    return sw_strf(a, "%s/%.*s", lambda_folder(h, a, "code"), SW_FMT(digest)).p;
}

static int unpack(SwHost *h, SwArena *a, SwStr digest, const char *folder, SwError *err) {
    const char *made = sw_strf(a, "%s.new-%.*s", folder, 16, sw_id_hex(a, 16).p).p;
    _sw_close_ int fd = -1;
    if (sw_blob_open(h->blobs, digest, &fd, NULL, err) < 0)
        return -1;
    if (fd < 0)
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The code is not there");
    if (lambda_zip_unpack(fd, made, err) < 0) {
        SwError ignored = sw_error(a);
        (void)!sw_rm_tree(made, &ignored);
        return -1;
    }
    SW_CRASH_POINT("lambda.code_unpacked");
    if (rename(made, folder) == 0)
        return 0;
    int why = errno;
    SwError ignored = sw_error(a);
    (void)!sw_rm_tree(made, &ignored);
    return why == ENOTEMPTY || why == EEXIST ? 0 : sw_fail_errno(err, why, "name %s", folder);
}

int lambda_code_folder(SwHost *h, SwArena *a, SwStr digest, const char **ret, SwError *err) {
    *ret = folder_of(h, a, digest);
    return sw_exists(*ret) ? 0 : unpack(h, a, digest, *ret, err);
}

/* At a start, when nothing is unpacked or removed: what a killed server was about to. */
void lambda_code_tidy(SwHost *h) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError ignored = sw_error(a);
    const char *code = lambda_folder(h, a, "code");
    const struct dirent *e;
    _sw_dir_ DIR *d = opendir(code);
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.' && strchr(e->d_name, '.'))
            (void)!sw_rm_tree(sw_path(a, code, e->d_name), &ignored);
}

/* ---- what waits for it ---- */

static void succeed(LambdaFunctionConfiguration *c) {
    if (sw_str_eq(c->state, LAMBDA_STATE_PENDING))
        c->state = LAMBDA_STATE_ACTIVE;
    c->state_reason = c->state_reason_code = SW_NO_STR;
    c->last_update_status = LAMBDA_LAST_UPDATE_STATUS_SUCCESSFUL;
    c->last_update_status_reason = c->last_update_status_reason_code = SW_NO_STR;
}

static void fail(LambdaFunctionConfiguration *c, SwStr why) {
    if (sw_str_eq(c->state, LAMBDA_STATE_PENDING)) {
        c->state = LAMBDA_STATE_FAILED;
        c->state_reason = why;
        c->state_reason_code = SW_STR("InvalidZipFileException");
    }
    c->last_update_status = LAMBDA_LAST_UPDATE_STATUS_FAILED;
    c->last_update_status_reason = why;
    c->last_update_status_reason_code = SW_STR("InvalidZipFileException");
}

static bool waits(const LambdaFunctionConfiguration *c) {
    return sw_str_eq(c->state, LAMBDA_STATE_PENDING) || sw_str_eq(c->last_update_status, LAMBDA_LAST_UPDATE_STATUS_IN_PROGRESS);
}

static void settle(LambdaFunctionConfiguration *c, SwStr why) {
    if (waits(c))
        why.p ? fail(c, why) : succeed(c);
}

static int settle_all(SwCtx *cx, LambdaFunctionRecord *f, SwStr digest, SwStr why, SwError *err) {
    LambdaVersionRecords l;
    settle(f->configuration, why);
    if (lambda_function_put(cx, f->function_name, f, err) < 0 ||
        lambda_versions_list(cx->tx, &(SwDocQuery){.index = "by_function", .equals = {f->function_name}}, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        LambdaVersionRecord *v = l.v[i].record;
        if (!waits(v->configuration) || !sw_str_eq(v->digest, digest))
            continue;
        settle(v->configuration, why);
        if (lambda_versions_put(cx->tx, l.v[i].id, v, err) < 0)
            return -1;
    }
    return 0;
}

/* Whoever changed it meanwhile has woken us again. */
static int say(SwCtx *cx, SwStr name, SwStr digest, SwStr why, SwError *err) {
    LambdaFunctionRecord *f;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (lambda_function_find(cx, name, &f, err) < 0 ||
        (f && sw_str_eq(f->digest, digest) && settle_all(cx, f, digest, why, err) < 0))
        return sw_ctx_rollback(cx), -1;
    return sw_ctx_commit(cx, err);
}

static int step(SwCtx *cx, SwStr name, SwStep *ret, SwError *err) {
    LambdaFunctionRecord *f;
    const char *ignored;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = lambda_function_find(cx, name, &f, err);
    sw_ctx_rollback(cx);
    if (r < 0 || !f || !waits(f->configuration))
        return r;
    if (lambda_code_folder(cx->host, cx->arena, f->digest, &ignored, err) == 0)
        return say(cx, name, f->digest, SW_NO_STR, err);
    if (!sw_error_is(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION))
        return -1;
    SwStr why = sw_str(err->message);
    sw_error_reset(err);
    return say(cx, name, f->digest, why, err);
}

static int failed(SwCtx *cx, SwStr name, const char *why, SwError *err) {
    LambdaFunctionRecord *f;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = lambda_function_find(cx, name, &f, err);
    sw_ctx_rollback(cx);
    return r < 0 || !f ? r : say(cx, name, f->digest, sw_str(why), err);
}

const SwController lambda_code_controller = {.name = "lambda/code", .kind = SW_STEP_SLOW, .step = step, .failed = failed};

/* ---- the end of code that nobody has any more ---- */

static int used(SwCtx *cx, SwStr digest, bool *ret, SwError *err) {
    const SwDocQuery q = {.index = "by_digest", .equals = {digest}, .limit = 1, .any_scope = true};
    LambdaFunctionRecords f;
    LambdaVersionRecords v;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = lambda_functions_list(cx->tx, &q, &f, err) < 0 || lambda_versions_list(cx->tx, &q, &v, err) < 0 ? -1 : 0;
    *ret = r == 0 && (f.n || v.n);
    sw_ctx_rollback(cx);
    return r;
}

/* One that is made anew meanwhile unpacks it anew when it is run. */
static int remove_step(SwCtx *cx, SwStr digest, SwStep *ret, SwError *err) {
    bool is_used;
    if (used(cx, digest, &is_used, err) < 0)
        return -1;
    if (is_used)
        return 0;
    if (lambda_pool_uses(cx->host, digest)) {
        ret->again = sw_now(cx) + SW_MINUTE;
        ret->waiting = true; /* its end wakes us */
        return 0;
    }
    const char *folder = folder_of(cx->host, cx->arena, digest);
    const char *gone = sw_strf(cx->arena, "%s.gone", folder).p;
    if (sw_rm_tree(gone, err) < 0)
        return -1;
    if (rename(folder, gone) < 0 && errno != ENOENT)
        return sw_fail_errno(err, errno, "remove %s", folder);
    return sw_rm_tree(gone, err);
}

const SwController lambda_code_remover = {
    .name = "lambda/unused",
    .kind = SW_STEP_SLOW,
    .step = remove_step,
    .unfailing = "it reads nothing but a digest; what is left over costs disk alone",
};
