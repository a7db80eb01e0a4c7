/* SPDX-License-Identifier: Apache-2.0 */
/* A sandbox's container: made, looked after and ended by one controller, whose work item is stored before anything is made. One
 * that this process does not know is left over from another, and ends. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "services/lambda/pool.h"

#define PIDS_MAX    1024 /* processes and threads (Lambda quotas) */
#define FILES_MAX   1024
#define PIPE_BYTES  (1024 * 1024)
#define CREDENTIALS SW_HOUR
#define FULL_CPU    1769              /* MB of memory that come with one processor (Developer Guide) */
#define USER        SW_STR("993:990") /* as in Lambda */
#define RUNTIME_API "169.254.170.2"

static const char *folder_of(const SwHost *h, SwArena *a, SwStr id) {
    return sw_strf(a, "%s/%.*s", lambda_folder(h, a, "sandboxes"), SW_FMT(id)).p;
}

/* ---- what it is told ---- */

static void set(SwArena *a, SwStrMap *env, const char *name, SwStr value) {
    sw_str_map_set(a, env, sw_str(name), value);
}

static int credentials(SwCtx *cx, const LambdaSandbox *s, SwStrMap *env, SwError *err) {
    SwStr key, secret, token;
    SwTime expires;
    if (cx->host->auth.credentials(cx, s->of.configuration->role, s->of.configuration->function_name, CREDENTIALS, &key,
                                   &secret, &token, &expires, err) < 0)
        return -1;
    set(cx->arena, env, "AWS_ACCESS_KEY_ID", key);
    set(cx->arena, env, "AWS_SECRET_ACCESS_KEY", secret);
    set(cx->arena, env, "AWS_SESSION_TOKEN", token);
    return 0;
}

static int environment(SwCtx *cx, const LambdaSandbox *s, const LambdaRuntime *r, SwStrList *ret, SwError *err) {
    SwArena *a = cx->arena;
    const LambdaFunctionConfiguration *c = s->of.configuration;
    SwStrMap e = {0};
    set(a, &e, "PATH", SW_STR("/usr/local/bin:/usr/bin:/bin:/opt/bin"));
    set(a, &e, "HOME", SW_STR("/tmp"));
    set(a, &e, "LANG", SW_STR("C.UTF-8"));
    set(a, &e, "TZ", SW_STR(":UTC"));
    set(a, &e, "LD_LIBRARY_PATH", SW_STR("/var/task:/var/task/lib:/opt/lib"));
    set(a, &e, "AWS_ENDPOINT_URL", sw_strf(a, "http://127.0.0.1:%u", cx->host->port));
    for (size_t i = 0; c->environment && i < c->environment->variables.n; i++)
        sw_str_map_set(a, &e, c->environment->variables.v[i].key, c->environment->variables.v[i].value);
    set(a, &e, "_HANDLER", c->handler);
    set(a, &e, "LAMBDA_TASK_ROOT", SW_STR("/var/task"));
    set(a, &e, "LAMBDA_RUNTIME_DIR", SW_STR("/var/runtime"));
    set(a, &e, "AWS_LAMBDA_RUNTIME_API", SW_STR(RUNTIME_API));
    set(a, &e, "AWS_REGION", s->region);
    set(a, &e, "AWS_DEFAULT_REGION", s->region);
    set(a, &e, "AWS_LAMBDA_FUNCTION_NAME", c->function_name);
    set(a, &e, "AWS_LAMBDA_FUNCTION_VERSION", c->version);
    set(a, &e, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", sw_strf(a, "%lld", (long long)c->memory_size.v));
    set(a, &e, "AWS_LAMBDA_LOG_GROUP_NAME", s->group);
    set(a, &e, "AWS_LAMBDA_LOG_STREAM_NAME", s->stream);
    set(a, &e, "AWS_LAMBDA_INITIALIZATION_TYPE", SW_STR("on-demand"));
    if (r->program)
        set(a, &e, "AWS_EXECUTION_ENV", sw_strf(a, "AWS_Lambda_%.*s", SW_FMT(c->runtime)));
    if (credentials(cx, s, &e, err) < 0)
        return -1;
    for (size_t i = 0; i < e.n; i++)
        sw_str_list_add(a, ret, sw_strf(a, "%.*s=%.*s", SW_FMT(e.v[i].key), SW_FMT(e.v[i].value)));
    return 0;
}

/* ---- what it is ---- */

/* The first program opens the pipe and becomes the runtime. */
static void command(SwArena *a, const LambdaRuntime *r, SwContainerSpec *c) {
    sw_str_list_add(a, &c->entrypoint, SW_STR("/bin/sh"));
    sw_str_list_add(a, &c->entrypoint, SW_STR("-c"));
    sw_str_list_add(a, &c->entrypoint, SW_STR("exec \"$@\" >/var/slipway/log 2>&1 </dev/null"));
    sw_str_list_add(a, &c->entrypoint, SW_STR("sh"));
    sw_str_list_add(a, &c->entrypoint, sw_str(r->program ? r->program : "/var/task/bootstrap"));
    if (r->bootstrap)
        sw_str_list_add(a, &c->entrypoint, sw_strf(a, "/var/runtime/%s", r->bootstrap));
}

typedef struct Folders {
    const char *code, *runtime, *own;
} Folders;

static void mounts(SwCtx *cx, const LambdaSandbox *s, const Folders *f, SwContainerSpec *c) {
    SwArena *a = cx->arena;
    SwMount *m = sw_new_n(a, SwMount, 5);
    uint64_t storage = (uint64_t)s->of.configuration->ephemeral_storage->size.v * SW_MIB;
    m[0] = (SwMount){.source = sw_str(f->code), .target = SW_STR("/var/task"), .read_only = true};
    m[1] = (SwMount){.source = sw_str(f->runtime), .target = SW_STR("/var/runtime"), .read_only = true};
    m[2] = (SwMount){.source = sw_str(f->own), .target = SW_STR("/var/slipway"), .read_only = true};
    m[3] = (SwMount){.kind = SW_MOUNT_TMPFS, .target = SW_STR("/tmp"), .size = storage};
    m[4] = (SwMount){.kind = SW_MOUNT_TMPFS, .target = SW_STR("/opt"), .size = 64 * SW_KIB, .read_only = true};
    sw_str_list_add(a, &m[3].options, SW_STR("mode=1777"));
    c->mounts = m;
    c->n_mounts = 5;
}

/* The owner has it before anything can be printed. */
static int open_pipe(SwCtx *cx, LambdaSandbox *s, const char *folder, SwError *err) {
    SwArena *a = cx->arena;
    const char *path = sw_path(a, folder, "log");
    if (sw_mkdirs(folder, 0755, err) < 0)
        return -1;
    if (mkfifo(path, 0622) < 0 && errno != EEXIST)
        return sw_fail_errno(err, errno, "make %s", path);
    (void)!chmod(path, 0622);
    int pipe = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (pipe < 0)
        return sw_fail_errno(err, errno, "open %s", path);
    (void)fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES); /* what is refused stays as it was */
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(cx->host));
    s->pipe = pipe;
    return 0;
}

static int describe(SwCtx *cx, const LambdaSandbox *s, const LambdaRuntime *r, const Folders *f, SwContainerSpec *c,
                    SwError *err) {
    static const SwUlimit limits[] = {{SW_STR_C("nofile"), FILES_MAX, FILES_MAX}};
    int64_t memory = s->of.configuration->memory_size.v;
    *c = (SwContainerSpec){
        .id = sw_str(s->id),
        .net_mode = SW_NET_JOIN,
        .net_id = sw_str(s->id),
        .user = USER,
        .cwd = SW_STR("/var/task"),
        .hostname = sw_str_n(s->id + strlen(s->id) - 12, 12),
        .memory_limit = (uint64_t)memory * SW_MIB,
        .cpu_shares = SW_MAX((uint64_t)(memory * 1024 / FULL_CPU), (uint64_t)2),
        .pids_limit = PIDS_MAX,
        .ulimits = limits,
        .n_ulimits = 1,
        .read_only_root = true,
        .init = true, /* the runtime is a process like others, which signals end */
        .log_max = SW_MIB,
        .tag = s->of.configuration->function_arn,
    };
    command(cx->arena, r, c);
    mounts(cx, s, f, c);
    return environment(cx, s, r, &c->env, err);
}

static const SwErrorKind invalid_entry = {.code = "Runtime.InvalidEntrypoint", .http = 400};

static int make(SwCtx *cx, LambdaSandbox *s, SwError *err) {
    SwArena *a = cx->arena;
    Folders f = {.own = folder_of(cx->host, a, sw_str(s->id))};
    SwNetSpec n = {.id = sw_str(s->id)};
    SwContainerSpec c;
    LambdaRuntime r;
    SwNet net;
    if (lambda_runtime_find(a, s->of.configuration->runtime, &r, err) < 0 ||
        lambda_code_folder(cx->host, a, s->of.digest, &f.code, err) < 0 ||
        lambda_runtime_folder(cx->host, a, &f.runtime, err) < 0)
        return -1;
    if (!r.program && access(sw_path(a, f.code, "bootstrap"), X_OK) < 0)
        return sw_fail(err, &invalid_entry, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
    if (open_pipe(cx, s, f.own, err) < 0 || describe(cx, s, &r, &f, &c, err) < 0 ||
        sw_net_create(cx->host->runtime, a, &n, &net, err) < 0 || sw_container_create(cx->host->runtime, &c, err) < 0)
        return -1;
    SW_CRASH_POINT("lambda.sandbox_created");
    return sw_container_start(cx->host->runtime, c.id, err);
}

static int start(SwCtx *cx, LambdaSandbox *s, SwStep *ret, SwError *err) {
    int made = make(cx, s, err);
    if (made < 0)
        sw_log(SW_INFO, "a sandbox could not be made", SW_F("function", s->of.configuration->function_arn),
               SW_F("message", err->message), SW_F("cause", err->cause));
    pthread_mutex_lock(lambda_pool_lock(cx->host));
    s->started = true;
    if (made < 0) {
        s->cannot = sw_strf(s->arena, "%s", err->message);
        s->error_type = err->kind == &invalid_entry ? SW_STR("Runtime.InvalidEntrypoint") : SW_STR("Sandbox.Failure");
        s->state = LAMBDA_ENDING;
    }
    lambda_ring(s);
    pthread_mutex_unlock(lambda_pool_lock(cx->host));
    sw_error_reset(err);
    ret->again = made < 0 ? sw_now(cx) : sw_now(cx) + LAMBDA_IDLE;
    ret->waiting = made == 0;
    return 0;
}

/* ---- its end ---- */

static int remove_all(SwCtx *cx, SwStr id, SwError *err) {
    SwRuntime *rt = cx->host->runtime;
    if (sw_container_delete(rt, id, err) < 0 || sw_net_delete(rt, id, err) < 0)
        return -1;
    SW_CRASH_POINT("lambda.sandbox_removed");
    return sw_rm_tree(folder_of(cx->host, cx->arena, id), err);
}

/* Is the function still what this one has? */
static int wanted(SwCtx *cx, const LambdaSandbox *s, bool *ret, SwError *err) {
    const LambdaFunctionConfiguration *c = s->of.configuration;
    LambdaName n = {c->function_name, c->version};
    LambdaVersion v;
    SwError why = sw_error(cx->arena);
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int found = lambda_resolve(cx, &n, &v, &why);
    sw_ctx_rollback(cx);
    if (found < 0 && !sw_error_is(&why, &LAMBDA_RESOURCE_NOT_FOUND_EXCEPTION))
        return *err = why, -1;
    *ret = found == 0 && sw_str_eq(lambda_sandbox_key(cx->arena, &v), s->key);
    return 0;
}

static int look(SwCtx *cx, LambdaSandbox *s, SwStep *ret, SwError *err) {
    bool is_wanted;
    if (wanted(cx, s, &is_wanted, err) < 0)
        return -1;
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(cx->host));
    SwTime end = SW_MIN(s->idle_since + LAMBDA_IDLE, s->made + LAMBDA_LIFE);
    if (!s->owned && s->state != LAMBDA_ENDING && (!is_wanted || sw_now(cx) >= end))
        lambda_end(s);
    if (s->state == LAMBDA_ENDING) {
        ret->again = sw_now(cx);
        return 0;
    }
    ret->again = s->owned ? sw_now(cx) + SW_MINUTE : end;
    ret->waiting = true;
    return 0;
}

/* Whoever still owns it is told first, and lets go. */
static int finish(SwCtx *cx, LambdaSandbox *s, SwError *err) {
    SwStr digest = sw_str_dup(cx->arena, s->of.digest);
    if (remove_all(cx, sw_str(s->id), err) < 0)
        return -1;
    pthread_mutex_lock(lambda_pool_lock(cx->host));
    s->exited = true;
    lambda_ring(s);
    lambda_unref(cx->host, s);
    pthread_mutex_unlock(lambda_pool_lock(cx->host));
    return sw_wake(cx, &lambda_code_remover, digest, 0, err); /* it may have waited for us */
}

static int step(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    pthread_mutex_lock(lambda_pool_lock(cx->host));
    LambdaSandbox *s = lambda_pool_find(cx->host, id);
    bool ending = s && s->state == LAMBDA_ENDING, started = s && s->started;
    pthread_mutex_unlock(lambda_pool_lock(cx->host));
    if (!s)
        return remove_all(cx, id, err);
    if (ending)
        return finish(cx, s, err);
    return started ? look(cx, s, ret, err) : start(cx, s, ret, err);
}

const SwController lambda_sandbox_controller = {
    .name = "lambda/sandbox",
    .kind = SW_STEP_SLOW,
    .step = step,
    .unfailing = "what it reads is bounded; an invocation that waits for it has a time limit",
};

int lambda_sandboxes_wake(SwCtx *cx, SwStr function, SwError *err) {
    SwStrList ids = lambda_pool_of(cx->host, cx->arena, cx->account, cx->region, function);
    for (size_t i = 0; i < ids.n; i++)
        if (sw_wake(cx, &lambda_sandbox_controller, ids.v[i], 0, err) < 0)
            return -1;
    return 0;
}
