/* SPDX-License-Identifier: Apache-2.0 */
/* Kill the process at each named instant of the store, the blobs and the engine, the first, second and fifth time it
 * passes there; open everything again, let it settle, and look whether anything was lost, doubled or is stuck.
 *
 * The child is this program itself: `test_store work DIR`. Each thing that it was told is stored it writes down in
 * DIR/acknowledged; a write(2) there survives SIGKILL. `test_store check DIR` is the second life. */

#include "../unit/store/fixture.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>

#include "api/host.h"
#include "base/proc.h"
#include "store/blob.h"

#define ROUNDS 12

static const char *const points[] = {
    "store.migrate.before_commit",
    "store.opened_not_noted",
    "store.commit.before",
    "store.commit.after",
    "blob.written_not_renamed",
    "blob.renamed_not_synced",
    "blob.park.before_rename",
    "engine.step.before",
    "engine.step.after_effect",
    "engine.event.delivered_not_marked",
    "engine.store_step.before_commit",
};

typedef struct Life {
    SwArena *a;
    SwHost host;
    const char *dir;
    SwError err;
} Life;
static Life life;

/* In the child a failure ends it with a code that is not a kill. */
#define MUST(call) \
    do { \
        if ((call) != 0) { \
            fprintf(stderr, "%s: %s (%s)\n", #call, life.err.message, life.err.cause); \
            exit(3); \
        } \
    } while (0)
#define WANT(x) \
    do { \
        if (!(x)) { \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #x); \
            exit(4); \
        } \
    } while (0)

static SwCtx *make_ctx(SwHost *h, SwArena *a, SwStr account, SwStr region, const char *service) {
    SwCtx *cx = sw_new(a, SwCtx);
    *cx = (SwCtx){.arena = a, .host = h, .account = account, .region = region};
    return cx;
}

/* Counts in the record named `id`, in cx->tx. */
static int count_in(SwCtx *cx, SwStr id, SwError *err) {
    void *v;
    if (sw_doc_find(cx->tx, &things, id, &v, err) < 0)
        return -1;
    Record *r = v ? v : sw_new(cx->arena, Record);
    r->number = SW_SOME_INT(SW_OR(r->number, 0) + 1);
    return sw_doc_put(cx->tx, &things, id, r, err);
}

/* One outside act under a name of its own (a file), then the record says that it was done, once. */
static int act(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    void *v;
    const char *effect = sw_strf(cx->arena, "%s/effect-%.*s", life.dir, SW_FMT(id)).p;
    if (sw_file_write(effect, SW_STR("done"), 0600, err) < 0 ||
        sw_tx_begin(life.host.store, cx->arena, SW_WRITE, cx->account, cx->region, &cx->tx, err) < 0 ||
        sw_doc_find(cx->tx, &things, id, &v, err) < 0)
        return -1;
    Record *r = v;
    if (!r || r->number.set)
        return 0;
    return count_in(cx, id, err) < 0 ? -1 : sw_tx_commit(&cx->tx, err);
}
static const SwController actor = {.name = "test/actor", .step = act};

/* On the store alone, in the engine's transaction: not written for being repeated, since what it did and its end are one. */
static int count_once(SwCtx *cx, SwStr id, SwStep *ret, SwError *err) {
    return count_in(cx, sw_strf(cx->arena, "stored-%.*s", SW_FMT(id)), err);
}
static const SwController storer = {.name = "test/storer", .kind = SW_STEP_STORE, .step = count_once};
static const SwController looker = {.name = "test/looker", .kind = SW_STEP_STORE, .step = count_once, .looks = true};

static int on_event(SwCtx *cx, const SwEvent *e, SwError *err) {
    return count_in(cx, sw_strf(cx->arena, "heard-%.*s", SW_FMT(e->id)), err);
}
static const SwListener listener = {.name = "test/listener", .on_event = on_event};

static void open_life(const char *dir) {
    static const SwController *const controllers[] = {&actor, &storer, &looker};
    static const SwListener *const listeners[] = {&listener};
    life.a = sw_arena_new(SW_GIB);
    life.err = sw_error(life.a);
    life.dir = dir;
    life.host.clock = sw_clock_new();
    MUST(sw_store_open(sw_path(life.a, dir, "store"), &life.host.store, &life.err));
    MUST(sw_store_register(life.host.store, (const SwCollection *[]){&things, NULL}, &life.err));
    MUST(sw_blobs_open(dir, life.host.store, &life.host.blobs, &life.err));
    SwEngineOptions o = {.host = &life.host,
                         .store = life.host.store,
                         .clock = life.host.clock,
                         .make_ctx = make_ctx,
                         .controllers = controllers,
                         .n_controllers = SW_N(controllers),
                         .listeners = listeners,
                         .n_listeners = 1};
    MUST(sw_engine_open(&o, &life.host.engine, &life.err));
    MUST(sw_engine_start(life.host.engine, &life.err));
}

static void close_life(void) {
    WANT(sw_engine_settle(life.host.engine, 20000));
    sw_engine_close(life.host.engine);
    sw_blobs_close(life.host.blobs);
    sw_store_close(life.host.store);
    sw_clock_free(life.host.clock);
    sw_arena_free(life.a);
}

/* One blob, its reference, a document, a wake and an event: all or nothing of them, and all once acknowledged. */
static void round_of(int i, int acknowledged) {
    SwCtx *cx = make_ctx(&life.host, life.a, SW_STR("111111111111"), SW_STR("us-east-1"), "");
    SwStr id = sw_strf(life.a, "doc-%d", i), upload = sw_strf(life.a, "upload-%d", i);
    SwBlobInfo info;
    SwBlobWriter *w;
    int64_t size;
    MUST(sw_blob_begin(life.host.blobs, life.a, 0, &w, &life.err));
    MUST(sw_blob_add(w, "blob of ", 8, &life.err));
    MUST(sw_blob_park(w, upload, &size, &life.err));
    MUST(sw_blob_unpark(life.host.blobs, life.a, upload, 0, &w, &size, &life.err));
    WANT(w && size == 8);
    MUST(sw_blob_add(w, id.p, id.n, &life.err));
    MUST(sw_blob_commit(w, &info, &life.err));
    MUST(sw_tx_begin(life.host.store, life.a, SW_WRITE, cx->account, cx->region, &cx->tx, &life.err));
    MUST(sw_doc_put(cx->tx, &things, id, &(Record){.name = id, .group = info.digest}, &life.err));
    MUST(sw_blob_ref(cx->tx, info.digest, id, &life.err));
    MUST(sw_wake(cx, &actor, id, 0, &life.err));
    MUST(sw_wake(cx, i % 2 ? &storer : &looker, id, 0, &life.err));
    MUST(sw_event_put(cx, &(SwEvent){.id = id, .source = SW_STR("test"), .detail_type = SW_STR("T")}, &life.err));
    MUST(sw_tx_commit(&cx->tx, &life.err));
    WANT(write(acknowledged, sw_strf(life.a, "%.*s\n", SW_FMT(id)).p, id.n + 1) == (ssize_t)id.n + 1);
}

static int work(const char *dir) {
    char path[256];
    snprintf(path, sizeof(path), "%s/acknowledged", dir);
    _sw_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    open_life(dir);
    for (int i = 0; i < ROUNDS; i++)
        round_of(i, fd);
    close_life();
    return 0;
}

static void check_document(SwTx *tx, const SwDocRow *row) {
    const Record *r = row->record;
    void *heard, *stored;
    SwStr effect, blob;
    WANT(r->number.set && r->number.v == 1);
    MUST(sw_file_read(life.a, sw_strf(life.a, "%s/effect-%.*s", life.dir, SW_FMT(row->id)).p, 100, &effect, &life.err));
    MUST(sw_doc_find(tx, &things, sw_strf(life.a, "heard-%.*s", SW_FMT(row->id)), &heard, &life.err));
    WANT(heard && ((Record *)heard)->number.v == 1);
    MUST(sw_doc_find(tx, &things, sw_strf(life.a, "stored-%.*s", SW_FMT(row->id)), &stored, &life.err));
    WANT(stored && ((Record *)stored)->number.v == 1);
    MUST(sw_file_read(life.a, sw_blob_path(life.host.blobs, life.a, r->group), 1000, &blob, &life.err));
    WANT(sw_str_eq(blob, sw_strf(life.a, "blob of %.*s", SW_FMT(row->id))));
}

/* Whatever stands under a digest's name has that digest; nothing half written is left. */
static void check_blobs(const char *dir) {
    glob_t g;
    char pattern[256];
    snprintf(pattern, sizeof(pattern), "%s/blobs/sha256/*/*", dir);
    if (glob(pattern, 0, NULL, &g) == 0) {
        for (size_t i = 0; i < g.gl_pathc; i++) {
            SwStr data;
            MUST(sw_file_read(life.a, g.gl_pathv[i], 1000, &data, &life.err));
            WANT(sw_str_ends(sw_str(g.gl_pathv[i]), sw_sha256_hex(life.a, data)));
        }
        globfree(&g);
    }
    snprintf(pattern, sizeof(pattern), "%s/blobs/tmp/*", dir);
    WANT(glob(pattern, 0, NULL, &g) == GLOB_NOMATCH);
}

static void check_acknowledged(SwTx *tx, const char *dir) {
    SwStr all = SW_STR(""), id;
    const char *path = sw_path(life.a, dir, "acknowledged");
    if (sw_exists(path))
        MUST(sw_file_read(life.a, path, 10000, &all, &life.err));
    while (sw_str_next(&all, '\n', &id)) {
        void *r = NULL;
        if (id.n)
            MUST(sw_doc_find(tx, &things, id, &r, &life.err));
        WANT(!id.n || r);
    }
}

static int check(const char *dir) {
    open_life(dir);
    WANT(sw_engine_settle(life.host.engine, 20000));
    SwEngineStats s;
    sw_engine_stats(life.host.engine, &s);
    WANT(s.due == 0 && s.waiting == 0);
    SwTx *tx;
    SwDocList l;
    MUST(sw_tx_begin(life.host.store, life.a, SW_READ, SW_STR("111111111111"), SW_STR("us-east-1"), &tx, &life.err));
    MUST(sw_doc_list(tx, &things, &(SwDocQuery){.prefix = SW_STR("doc-")}, &l, &life.err));
    for (size_t i = 0; i < l.n; i++)
        check_document(tx, &l.v[i]);
    check_acknowledged(tx, dir);
    sw_tx_rollback(tx);
    check_blobs(dir);
    close_life();
    return 0;
}

/* --- the parent --------------------------------------------------------------------------------------------------- */

/* Runs a life; returns its exit code, 128 + signal when killed. */
static int run(const char *what, const char *dir, const char *crash_at) {
    int status;
    pid_t pid;
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    char env[128];
    snprintf(env, sizeof(env), "SLIPWAY_CRASH_AT=%s", crash_at);
    char exe[256] = {0};
    assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
    SwProcOpts o = {.argv = (const char *[]){exe, what, dir, NULL},
                    .in = -1,
                    .out = 2,
                    .err = 2,
                    .env = (const char *[]){env, "SLIPWAY_NEVER=abort", NULL}};
    assert_int_equal(sw_proc_spawn(&o, &pid, &err), 0);
    assert_int_equal(sw_proc_wait(pid, 60000, &status, &err), 0);
    sw_arena_free(a);
    return status;
}

static void remove_tree(const char *dir) {
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    assert_int_equal(sw_rm_tree(dir, &err), 0);
    sw_arena_free(a);
}

static void nothing_is_lost_doubled_or_stuck_after_a_kill_at_any_point(void **state) {
    static const int times[] = {1, 2, 5};
    for (size_t p = 0; p < SW_N(points); p++) {
        int killed = 0;
        for (size_t t = 0; t < SW_N(times); t++) {
            char dir[TEST_FOLDER], at[128];
            assert_non_null(test_folder(dir));
            snprintf(at, sizeof(at), "%s:%d", points[p], times[t]);
            int first = run("work", dir, at);
            killed += first == 128 + SIGKILL;
            if (first != 0 && first != 128 + SIGKILL)
                fail_msg("%s: the first life ended with %d", at, first);
            int second = run("check", dir, "");
            if (second != 0)
                fail_msg("%s: the second life ended with %d", at, second);
            remove_tree(dir);
        }
        if (!killed)
            fail_msg("%s is never passed", points[p]);
    }
}

/* A second crash while the first is being repaired. */
static void crash_during_recovery_is_recovered_from(void **state) {
    char dir[TEST_FOLDER];
    assert_non_null(test_folder(dir));
    assert_int_equal(run("work", dir, "engine.step.before:3"), 128 + SIGKILL);
    assert_int_equal(run("check", dir, "engine.step.after_effect:1"), 128 + SIGKILL);
    run("check", dir, "engine.event.delivered_not_marked:1");
    run("check", dir, "store.commit.before:2");
    assert_int_equal(run("check", dir, ""), 0);
    remove_tree(dir);
}

static void look_for_points(SwArena *a, const char *path) {
    SwStr text;
    SwError err = sw_error(a);
    assert_int_equal(sw_file_read(a, path, SW_MIB, &text, &err), 0);
    for (const char *at = sw_str_z(a, text); (at = strstr(at, "SW_CRASH_POINT(\""));) {
        at += strlen("SW_CRASH_POINT(\"");
        SwStr name = sw_str_n(at, strcspn(at, "\""));
        bool known = false;
        for (size_t p = 0; p < SW_N(points); p++)
            known |= sw_str_eqz(name, points[p]);
        if (!known)
            fail_msg("%.*s is not tested", SW_FMT(name));
    }
}

/* Every crash point in the sources of the two rooms is in the list above. */
static void all_crash_points_are_tested(void **state) {
    static const char *const rooms[] = {"store", "engine"};
    const char *root = getenv("SLIPWAY_SOURCE");
    if (!root) {
        print_message("SLIPWAY_SOURCE does not say where the sources are\n");
        skip();
    }
    SwArena *a = sw_arena_new(0);
    for (size_t k = 0; k < SW_N(rooms); k++) {
        glob_t g;
        assert_int_equal(glob(sw_strf(a, "%s/src/%s/*.c", root, rooms[k]).p, 0, NULL, &g), 0);
        for (size_t i = 0; i < g.gl_pathc; i++)
            look_for_points(a, g.gl_pathv[i]);
        globfree(&g);
    }
    sw_arena_free(a);
}

int main(int argc, char **argv) {
    if (argc == 3)
        return strcmp(argv[1], "work") == 0 ? work(argv[2]) : check(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_crash_points_are_tested),
        cmocka_unit_test(nothing_is_lost_doubled_or_stuck_after_a_kill_at_any_point),
        cmocka_unit_test(crash_during_recovery_is_recovered_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
