/* SPDX-License-Identifier: Apache-2.0 */
/* Of every operation that has a handler the first call of the store fails, then the second, and so on until it gets through.
 * Each time it answers an internal failure, what the store holds is what it held, and nothing is left open or half written;
 * then the same call answers as if nothing had been. */

#include "script.h"

#include <dirent.h>

#include "api/meter.h"
#include "base/file.h"
#include "../../crash/known.h"
#include "store/fault.h"
#include "store/internal.h"

/* Not asked, and why. */
static const struct {
    const char *service, *op, *why;
} unasked[] = {
    {"slipway", "Shutdown", "ends the process"},
    {"slipway", "Reset", "empties what is no part of the store before it; what fails on the way is done by asking again"},
};

/* These do not come to a statement: there is nothing to fail but the beginning of their transaction. op NULL: all. */
static const struct {
    const char *service, *op, *why;
} storeless[] = {
    {"slipway", "AdvanceClock", "the clock is no part of the store"},
    {"slipway", "GetCertificateAuthority", "a file"},
    {"slipway", "GetClock", "the clock is no part of the store"},
    {"slipway", "GetCoverage", "a table"},
    {"slipway", "GetHealth", "the process about itself"},
    {"slipway", "SetClock", "the clock is no part of the store"},
    {"iam", "ChangePassword", "the caller is no user"},
    {"iam", "GetContextKeysForCustomPolicy", "works on its input alone"},
    {"iam", "ListVirtualMFADevices", "there are none"},
    {"iam", "SimulateCustomPolicy", "works on its input alone"},
    {"sts", "GetCallerIdentity", "who the caller is was found before"},
    {"kms", "GenerateRandom", "of no key"},
    {"ec2", NULL, "one network of each kind, as every account has"},
    {"ecr", "DescribeRegistry", "a registry is an account"},
    {"ecs", "DescribeCapacityProviders", "a table"},
    {"ecs", "ListAccountSettings", "a table"},
    {"secretsmanager", "GetRandomPassword", "works on its input alone"},
    {"secretsmanager", "ReplicateSecretToRegions", "its regions are refused before"},
    {"events", "TestEventPattern", "works on its input alone"},
    {"codepipeline", "ListActionTypes", "a table"},
};

/* These answer what became of each part, as AWS's do: an internal failure of one is told in the answer. done: it was done by
 * then, and is not done again. */
static const struct {
    const char *service, *op, *how;
    bool done;
} coping[] = {
    {"tagging", "TagResources", "FailedResourcesMap has InternalServiceException"},
    {"tagging", "UntagResources", "FailedResourcesMap has InternalServiceException"},
    {"ecr", "CompleteLayerUpload", "what is left of the upload goes when its time is over", .done = true},
    {"cloudwatch", "SetAlarmState", "the alarm's history tells what an action failed with"},
    {"cloudcontrol", "CreateResource", "the request is there, and has failed with ServiceInternalError"},
    {"cloudcontrol", "UpdateResource", "the request is there, and has failed with ServiceInternalError"},
    {"cloudcontrol", "DeleteResource", "the request is there, and has failed with ServiceInternalError"},
};

/* These refuse whatever they are given. */
static const struct {
    const char *service, *op, *why;
} refusing[] = {
    {"cloudcontrol", "CancelResourceRequest", "a request has ended by the time it is answered"},
    {"lambda", "Invoke", "no controller has unpacked its code"},
    {"lambda", "PublishVersion", "no controller has unpacked its code"},
    {"lambda", "UpdateFunctionCode", "no controller has unpacked its code"},
    {"lambda", "UpdateFunctionConfiguration", "no controller has unpacked its code"},
    {"ecs", "ExecuteCommand", "a session through SSM is not supported"},
    {"kms", "ImportKeyMaterial", "material comes encrypted under the key that was given out for it"},
    {"s3", "GetBucketLifecycleConfiguration", "none can be put"},
    {"s3", "GetBucketReplication", "none can be put"},
    {"s3", "GetBucketWebsite", "none can be put"},
    {"s3", "GetObjectLockConfiguration", "none can be put"},
    {"iam", "ChangePassword", "the caller is no user"},
    {"sts", "AssumeRoleWithWebIdentity", "a token's keys come from a file or its provider, and there is neither"},
    {"secretsmanager", "CancelRotateSecret", "no secret is rotated"},
    {"secretsmanager", "RemoveRegionsFromReplication", "there are no replicas"},
    {"secretsmanager", "ReplicateSecretToRegions", "there are no replicas"},
    {"secretsmanager", "RotateSecret", "no secret is rotated"},
    {"secretsmanager", "StopReplicationToReplica", "there are no replicas"},
};

/* --- what is looked at ------------------------------------------------------------------------------------------------- */

static uint64_t add(uint64_t h, const void *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)p)[i]) * 1099511628211u;
    return h;
}

/* Every row of every table. */
static uint64_t rows_of(SwTx *tx, const char *table, uint64_t h, SwError *err) {
    _sw_sql_ SwSql q = {0};
    assert_int_equal(sw_sql(tx, &q, sw_strf(tx->arena, "SELECT * FROM %s", table).p, err), 0);
    for (bool row = true; row;) {
        assert_int_equal(sw_sql_step(tx, &q, &row, err), 0);
        for (int i = 0; row && i < sqlite3_column_count(q.stmt); i++) {
            SwStr v = sw_sql_view(&q, i);
            h = add(add(h, &v.n, sizeof(v.n)), v.p, v.n);
        }
    }
    return h;
}

static uint64_t digest(Script *k) {
    static const char *const tables[] = {"document",      "document_index", "sequence",       "blob_reference", "series",
                                         "series_bucket", "log_group",      "log_stream",     "log_event",      "work",
                                         "event",         "event_due",      "sqlite_sequence"};
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    _sw_tx_ SwTx *tx = NULL;
    uint64_t h = 14695981039346656037u;
    assert_int_equal(sw_tx_begin(k->w->host->store, a, SW_READ, SW_STR(""), SW_STR(""), &tx, &err), 0);
    for (size_t i = 0; i < SW_N(tables); i++)
        h = rows_of(tx, tables[i], h, &err);
    return h;
}

static int count_in(const char *path) {
    _sw_dir_ DIR *d = opendir(path);
    int n = 0;
    assert_non_null(d);
    while (readdir(d))
        n++;
    return n;
}

static int n_open(void) {
    return count_in("/proc/self/fd");
}

static int n_unfinished(Script *k) {
    return count_in(sw_path(k->a, k->w->dir, "blobs/tmp"));
}

/* --- one operation ------------------------------------------------------------------------------------------------------- */

typedef struct Run {
    SwArena *a;
    SwCtx *cx;
    SwError err;
    void *out;
    int64_t calls;
    int r;
} Run;

static void run(Script *k, const Call *c, int64_t nth, Run *ret) {
    *ret = (Run){.a = sw_arena_new(0)};
    ret->err = sw_error(ret->a);
    ret->cx = script_ctx(k, c, ret->a);
    void *in = script_input(k, c, ret->a);
    sw_fault_at(nth);
    ret->r = sw_operation_run_alone(ret->cx, c->s, c->op, sw_registry_handler(c->s, c->op), in, &ret->out, &ret->err);
    ret->calls = sw_fault_calls();
    sw_fault_at(0);
    if (ret->r < 0)
        sw_ctx_rollback(ret->cx);
    assert_null(ret->cx->tx);
}

static void check_end(Script *k, const Call *c, Run *r) {
    const char *code = r->r < 0 ? r->err.kind->code : NULL;
    if (r->r == 0)
        script_answer(k, c, r->out);
    if (c->fails ? !code || strcmp(code, c->fails) != 0 : code != NULL)
        script_wrong(k, c, "%s%s%s%s", code ? code : "succeeds", code ? ": " : "", code ? r->err.message : "",
                     code && r->err.cause ? r->err.cause : "");
}

static bool copes(const Call *c, bool *ret_done) {
    *ret_done = true;
    for (size_t i = 0; i < SW_N(coping); i++)
        if (strcmp(coping[i].service, c->s->name) == 0 && strcmp(coping[i].op, c->op->name) == 0) {
            *ret_done = coping[i].done;
            return true;
        }
    return false;
}

static void check_failure(Script *k, const Call *c, int64_t nth, Run *r) {
    bool done;
    if (r->r == 0 && copes(c, &done))
        return;
    if (r->r == 0)
        script_wrong(k, c, "succeeds although store call %d failed", (int)nth);
    else if (r->err.kind->http < 500)
        script_wrong(k, c, "store call %d fails as %s: %s", (int)nth, r->err.kind->code, r->err.message);
    else if (!r->err.cause || !strstr(r->err.cause, SW_FAULT_CAUSE))
        script_wrong(k, c, "store call %d fails as %s, because of %s", (int)nth, r->err.kind->code,
                     r->err.cause ? r->err.cause : "nothing");
}

static bool is_unasked(const Call *c) {
    for (size_t i = 0; i < SW_N(unasked); i++)
        if (strcmp(unasked[i].service, c->s->name) == 0 && strcmp(unasked[i].op, c->op->name) == 0)
            return true;
    return false;
}

static void fail_each(Script *k, const Call *c) {
    if (is_unasked(c))
        return;
    uint64_t was = digest(k);
    int open = n_open(), unfinished = n_unfinished(k);
    bool done;
    Run r;
    for (int64_t nth = c->prepares ? INT64_MAX : 1;; nth++) {
        run(k, c, nth, &r);
        if (r.calls < nth)
            break;
        k->n_faults++;
        check_failure(k, c, nth, &r);
        (void)copes(c, &done);
        if (r.r == 0 && done)
            break;
        uint64_t is = digest(k);
        if (is != was && r.r < 0)
            script_wrong(k, c, "store call %d failed, and something stayed", (int)nth);
        was = is;
        sw_arena_free(r.a);
    }
    check_end(k, c, &r);
    k->n_calls += !c->prepares;
    if (!c->prepares && r.calls > 1)
        k->past[c->op->index] = true;
    if (!c->prepares && r.r == 0)
        k->done[c->op->index] = true;
    sw_arena_free(r.a);
    if (n_open() != open)
        script_wrong(k, c, "%d files are left open", n_open() - open);
    if (n_unfinished(k) != unfinished)
        script_wrong(k, c, "%d blobs are left unfinished", n_unfinished(k) - unfinished);
}

/* Readers stay open for the next: as many as any operation has at once. */
static void warm_readers(Script *k) {
    SwTx *tx[4];
    for (size_t i = 0; i < SW_N(tx); i++)
        assert_int_equal(sw_tx_begin(k->w->host->store, k->a, SW_READ, SW_STR(""), SW_STR(""), &tx[i], &k->w->err), 0);
    for (size_t i = 0; i < SW_N(tx); i++)
        sw_tx_rollback(tx[i]);
}

static bool is_storeless(const SwService *s, const SwOperation *op) {
    for (size_t i = 0; i < SW_N(storeless); i++)
        if (strcmp(storeless[i].service, s->name) == 0 && (!storeless[i].op || strcmp(storeless[i].op, op->name) == 0))
            return true;
    return false;
}

static bool is_refusing(const SwService *s, const SwOperation *op) {
    for (size_t i = 0; i < SW_N(refusing); i++)
        if (strcmp(refusing[i].service, s->name) == 0 && strcmp(refusing[i].op, op->name) == 0)
            return true;
    return false;
}

/* Every handler came to what can fail, and to its end: what follows a refusal would never fail. */
static void check_all_asked(Script *k) {
    for (size_t i = 0; i < k->s->api->n_op; i++) {
        const Call c = {.s = k->s, .op = &k->s->api->op[i]};
        if (!sw_registry_handler(c.s, c.op) || is_unasked(&c))
            continue;
        if (k->past[i] == is_storeless(c.s, c.op))
            script_wrong(k, &c, k->past[i] ? "stands among those without a store call" : "made no store call that could fail");
        if (k->done[i] == is_refusing(c.s, c.op))
            script_wrong(k, &c, k->done[i] ? "stands among those that refuse" : "never succeeded");
    }
}

static void check_store(Script *k) {
    const SwStoreKnown all = known(k->a);
    SwStrList found;
    SwTx *tx;
    assert_int_equal(sw_tx_begin(k->w->host->store, k->a, SW_READ, SW_STR(""), SW_STR(""), &tx, &k->w->err), 0);
    assert_int_equal(sw_store_check(tx, k->w->host->blobs, &all, &found, &k->w->err), 0);
    sw_tx_rollback(tx);
    for (size_t i = 0; i < found.n; i++, k->wrong++)
        print_error("%s: %.*s\n", k->s->name, SW_FMT(found.v[i]));
}

/* --- a service -------------------------------------------------------------------------------------------------------------
 */

static void every_store_call_of_every_operation_may_fail(void **state) {
    const SwService *s = *state;
    World *w = script_world();
    if (!w)
        skip();
    Script k = {.w = w,
                .s = s,
                .a = w->arena,
                .past = sw_new_n(w->arena, bool, s->api->n_op),
                .done = sw_new_n(w->arena, bool, s->api->n_op)};
    sw_meter_arm(w->cx); /* by whoever counts first: else each call would, until one has done so */
    warm_readers(&k);
    script_run(&k, fail_each);
    check_all_asked(&k);
    check_store(&k);
    print_message("# %s: %u calls, %u faults\n", s->name, k.n_calls, k.n_faults);
    world_end(w);
    assert_int_equal(k.wrong, 0);
}

static bool takes(const SwService *s) {
    return s->api != NULL;
}

int main(int argc, char **argv) {
    return script_main("faults", argc, argv, takes, every_store_call_of_every_operation_may_fail);
}
