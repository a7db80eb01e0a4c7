/* SPDX-License-Identifier: Apache-2.0 */
/* See pool.h. */

#include "services/lambda/pool.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/id.h"
#include "base/thread.h"

struct LambdaPool {
    SwArena *arena;
    pthread_mutex_t lock;
    LambdaSandbox *first;
};

static LambdaPool *pool(SwHost *h) {
    return h->lambda;
}

int lambda_pool_open(SwHost *h, SwError *err) {
    SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0);
    LambdaPool *p = sw_new(a, LambdaPool);
    (void)err;
    p->arena = a;
    pthread_mutex_init(&p->lock, NULL);
    h->lambda = p;
    return 0;
}

static void destroy(LambdaSandbox *s) {
    if (s->pipe >= 0)
        close(s->pipe);
    if (s->bell >= 0)
        close(s->bell);
    pthread_cond_destroy(&s->given);
    sw_arena_free(s->answer_arena);
    sw_arena_free(s->arena);
}

/* The server and the engine have stopped by now: no other thread is here. */
void lambda_pool_close(SwHost *h) {
    LambdaPool *p = pool(h);
    if (!p)
        return;
    for (LambdaSandbox *s = p->first, *next; s; s = next) {
        next = s->next;
        destroy(s);
    }
    h->lambda = NULL;
    pthread_mutex_destroy(&p->lock);
    sw_arena_free(p->arena);
}

pthread_mutex_t *lambda_pool_lock(SwHost *h) {
    return &pool(h)->lock;
}

LambdaSandbox *lambda_pool_find(SwHost *h, SwStr id) {
    LambdaSandbox *s = pool(h)->first;
    while (s && !sw_str_eqz(id, s->id))
        s = s->next;
    return s;
}

bool lambda_pool_uses(SwHost *h, SwStr digest) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(h));
    for (LambdaSandbox *s = pool(h)->first; s; s = s->next)
        if (sw_str_eq(s->of.digest, digest))
            return true;
    return false;
}

void lambda_ring(LambdaSandbox *s) {
    uint64_t one = 1;
    (void)!write(s->bell, &one, sizeof one); /* full: it was rung */
}

void lambda_end(LambdaSandbox *s) {
    s->state = LAMBDA_ENDING;
    pthread_cond_broadcast(&s->given);
    lambda_ring(s);
}

void lambda_unref(SwHost *h, LambdaSandbox *s) {
    if (--s->refs)
        return;
    LambdaSandbox **at = &pool(h)->first;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    destroy(s);
}

/* ---- names ---- */

SwStr lambda_sandbox_key(SwArena *a, const LambdaVersion *v) {
    int64_t generation = v->published ? 0 : SW_OR(v->function->generation, 0);
    return sw_strf(a, "%.*s:%.*s:%lld", SW_FMT(v->function->function_name), SW_FMT(v->configuration->version),
                   (long long)generation);
}

bool lambda_sandbox_owner(SwStr id, SwStr *ret_account, SwStr *ret_region) {
    SwStr prefix;
    return sw_str_cut(&id, '.', &prefix) && sw_str_eqz(prefix, "fn") && sw_str_cut(&id, '.', ret_account) &&
           sw_str_cut(&id, '.', ret_region) && id.n == 32;
}

static bool is_of(const LambdaSandbox *s, SwStr account, SwStr region, SwStr function) {
    return sw_str_eq(s->account, account) && sw_str_eq(s->region, region) &&
           sw_str_eq(s->of.configuration->function_name, function);
}

SwStrList lambda_pool_of(SwHost *h, SwArena *a, SwStr account, SwStr region, SwStr function) {
    SwStrList l = {0};
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(h));
    for (LambdaSandbox *s = pool(h)->first; s; s = s->next)
        if (is_of(s, account, region, function))
            sw_str_list_add(a, &l, sw_str_dup(a, sw_str(s->id)));
    return l;
}

/* ---- taking and giving back ---- */

static int64_t running(SwHost *h, SwStr account, SwStr region, SwStr function) {
    int64_t n = 0;
    for (const LambdaSandbox *s = pool(h)->first; s; s = s->next)
        n += s->owned && is_of(s, account, region, function);
    return n;
}

int64_t lambda_running(SwHost *h, const LambdaFunctionConfiguration *c, SwStr account, SwStr region) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(h));
    return running(h, account, region, c->function_name);
}

static LambdaSandbox *idle_one(SwCtx *cx, SwStr key) {
    LambdaSandbox *best = NULL; /* that was used last: the others come to their end */
    for (LambdaSandbox *s = pool(cx->host)->first; s; s = s->next)
        if (s->state == LAMBDA_IDLE_STATE && !s->owned && sw_str_eq(s->key, key) && sw_str_eq(s->account, cx->account) &&
            sw_str_eq(s->region, cx->region) && sw_now(cx) < s->made + LAMBDA_LIFE &&
            (!best || s->idle_since > best->idle_since))
            best = s;
    return best;
}

/* Room for one more: where there is none the one that is idle the longest gives way. */
static bool make_room(SwCtx *cx, SwStr *ret_evicted) {
    LambdaSandbox *oldest = NULL;
    size_t n = 0;
    for (LambdaSandbox *s = pool(cx->host)->first; s; s = s->next) {
        n += s->state != LAMBDA_ENDING;
        if (s->state == LAMBDA_IDLE_STATE && !s->owned && (!oldest || s->idle_since < oldest->idle_since))
            oldest = s;
    }
    if (n < LAMBDA_SANDBOXES_MAX)
        return true;
    if (!oldest)
        return false;
    *ret_evicted = sw_str_dup(cx->arena, sw_str(oldest->id));
    lambda_end(oldest);
    return true;
}

static LambdaSandbox *new_one(SwCtx *cx, const LambdaVersion *v, SwStr key) {
    SwArena *a = sw_arena_new_in(SW_POOL_NONE, 0), *tmp = cx->arena;
    LambdaSandbox *s = sw_new(a, LambdaSandbox);
    SwStr id = sw_strf(tmp, "fn.%.*s.%.*s.%.*s", SW_FMT(cx->account), SW_FMT(cx->region), 32, sw_id_hex(tmp, 32).p);
    SwStr day = sw_time_compact(tmp, sw_now(cx));
    s->arena = a;
    memcpy(s->id, id.p, SW_MIN(id.n, (size_t)LAMBDA_ID_MAX));
    s->account = sw_str_dup(a, cx->account);
    s->region = sw_str_dup(a, cx->region);
    s->key = sw_str_dup(a, key);
    s->of.digest = sw_str_dup(a, v->digest);
    s->of.configuration = sw_shape_copy(a, &lambda_shape_function_configuration, v->configuration);
    s->group = lambda_log_group(a, s->of.configuration);
    s->stream = sw_strf(a, "%.4s/%.2s/%.2s/[%.*s]%.*s", day.p, day.p + 4, day.p + 6, SW_FMT(v->configuration->version), 32,
                        sw_id_hex(tmp, 32).p);
    s->made = s->idle_since = sw_now(cx);
    s->pipe = -1;
    s->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->given, &monotonic);
    pthread_condattr_destroy(&monotonic);
    s->next = pool(cx->host)->first;
    pool(cx->host)->first = s;
    s->refs = 1; /* its controller's, who takes it away */
    return s;
}

static int throttled(SwError *err, const char *reason) {
    LambdaTooManyRequestsException *detail = sw_new(err->arena, LambdaTooManyRequestsException);
    detail->retry_after_seconds = SW_STR("1");
    detail->type = SW_STR("User");
    detail->reason = sw_str(reason);
    (void)sw_fail(err, &LAMBDA_TOO_MANY_REQUESTS_EXCEPTION, "Rate Exceeded.");
    err->detail = detail;
    return -1;
}

int lambda_acquire(SwCtx *cx, const LambdaVersion *v, LambdaSandbox **ret, bool *ret_new, SwStr *ret_evicted, SwError *err) {
    SwStr key = lambda_sandbox_key(cx->arena, v);
    *ret_evicted = SW_NO_STR;
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(cx->host));
    int64_t n = running(cx->host, cx->account, cx->region, v->configuration->function_name);
    if (v->function->reserved.set && n >= v->function->reserved.v)
        return throttled(err, "ReservedFunctionConcurrentInvocationLimitExceeded");
    LambdaSandbox *s = idle_one(cx, key);
    *ret_new = !s;
    if (!s && !make_room(cx, ret_evicted))
        return throttled(err, "ConcurrentInvocationLimitExceeded");
    if (!s)
        s = new_one(cx, v, key);
    s->owned = true;
    s->refs++;
    *ret = s;
    return 0;
}

void lambda_release(SwHost *h, LambdaSandbox *s, bool usable) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(h));
    s->owned = false;
    s->has_work = false;
    s->idle_since = sw_clock_now(h->clock);
    if (!usable)
        lambda_end(s);
    else
        pthread_cond_broadcast(&s->given); /* who waits for work freezes it */
    lambda_unref(h, s);
}

void lambda_pool_tell(SwHost *h, SwStr id, bool oom) {
    if (!pool(h))
        return;
    pthread_mutex_lock(lambda_pool_lock(h));
    LambdaSandbox *s = lambda_pool_find(h, id);
    if (s) {
        s->oom |= oom;
        s->exited |= !oom;
        lambda_ring(s);
    }
    pthread_mutex_unlock(lambda_pool_lock(h));
}

/* The store and all containers are gone: so is whoever waits for them. */
void lambda_pool_clear(SwHost *h) {
    _sw_lock_ pthread_mutex_t *held = sw_lock(lambda_pool_lock(h));
    for (LambdaSandbox *s = pool(h)->first, *next; s; s = next) {
        next = s->next;
        s->exited = true;
        lambda_end(s);
        lambda_unref(h, s); /* its controller's */
    }
}
