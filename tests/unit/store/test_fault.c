/* SPDX-License-Identifier: Apache-2.0 */
/* Every write, sync and truncation that SQLite asks of the disk fails, one after the other: once, and for ever after. A shim
 * between SQLite and the system counts them. Whatever fails, an answer "stored" holds after the next opening, a change
 * that was refused is not half there, and the store works again once the disk does. */

#include "fixture.h"

#include <pthread.h>
#include <sqlite3.h>

typedef struct Fault {
    int left; /* calls until the first one that fails; 0: none does */
    bool for_ever, hit;
    int code;
} Fault;
static Fault fault;
static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;

static bool fails(void) {
    pthread_mutex_lock(&fault_lock);
    bool now = fault.left == 1 || (fault.hit && fault.for_ever);
    if (fault.left > 0)
        fault.left--;
    fault.hit |= now;
    pthread_mutex_unlock(&fault_lock);
    return now;
}

/* Of what was written, what a power cut would take. */
static int unsynced;

/* --- the shim: each file of ours is followed in memory by the system's own ------------------------------------------ */

typedef struct ShimFile {
    sqlite3_file base;
    sqlite3_file *real;
} ShimFile;

static sqlite3_vfs *system_vfs, shim_vfs;
#define REAL(f) (((ShimFile *)(f))->real)

static int shim_close(sqlite3_file *f) {
    return REAL(f)->pMethods->xClose(REAL(f));
}
static int shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
    return REAL(f)->pMethods->xRead(REAL(f), p, n, at);
}
static int shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    unsynced++;
    return fails() ? fault.code : REAL(f)->pMethods->xWrite(REAL(f), p, n, at);
}
static int shim_truncate(sqlite3_file *f, sqlite3_int64 n) {
    return fails() ? SQLITE_IOERR_TRUNCATE : REAL(f)->pMethods->xTruncate(REAL(f), n);
}
static int shim_sync(sqlite3_file *f, int flags) {
    unsynced = 0;
    return fails() ? SQLITE_IOERR_FSYNC : REAL(f)->pMethods->xSync(REAL(f), flags);
}
static int shim_size(sqlite3_file *f, sqlite3_int64 *n) {
    return REAL(f)->pMethods->xFileSize(REAL(f), n);
}
static int shim_lock(sqlite3_file *f, int k) {
    return REAL(f)->pMethods->xLock(REAL(f), k);
}
static int shim_unlock(sqlite3_file *f, int k) {
    return REAL(f)->pMethods->xUnlock(REAL(f), k);
}
static int shim_reserved(sqlite3_file *f, int *r) {
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), r);
}
static int shim_control(sqlite3_file *f, int op, void *arg) {
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int shim_sector(sqlite3_file *f) {
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int shim_device(sqlite3_file *f) {
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}
static int shim_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **p) {
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, p);
}
static int shim_shm_lock(sqlite3_file *f, int at, int n, int flags) {
    return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}
static void shim_shm_barrier(sqlite3_file *f) {
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int shim_shm_unmap(sqlite3_file *f, int del) {
    return REAL(f)->pMethods->xShmUnmap(REAL(f), del);
}

static const sqlite3_io_methods shim_methods = {.iVersion = 2,
                                                .xClose = shim_close,
                                                .xRead = shim_read,
                                                .xWrite = shim_write,
                                                .xTruncate = shim_truncate,
                                                .xSync = shim_sync,
                                                .xFileSize = shim_size,
                                                .xLock = shim_lock,
                                                .xUnlock = shim_unlock,
                                                .xCheckReservedLock = shim_reserved,
                                                .xFileControl = shim_control,
                                                .xSectorSize = shim_sector,
                                                .xDeviceCharacteristics = shim_device,
                                                .xShmMap = shim_shm_map,
                                                .xShmLock = shim_shm_lock,
                                                .xShmBarrier = shim_shm_barrier,
                                                .xShmUnmap = shim_shm_unmap};

static int shim_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out) {
    ShimFile *s = (ShimFile *)f;
    s->real = (sqlite3_file *)(s + 1);
    int r = system_vfs->xOpen(system_vfs, name, s->real, flags, out);
    s->base.pMethods = r == SQLITE_OK ? &shim_methods : NULL;
    return r;
}

static void install_shim(void) {
    system_vfs = sqlite3_vfs_find(NULL);
    shim_vfs = *system_vfs;
    shim_vfs.zName = "slipway-fault";
    shim_vfs.szOsFile = (int)sizeof(ShimFile) + system_vfs->szOsFile;
    shim_vfs.xOpen = shim_open;
    shim_vfs.pNext = NULL;
    assert_int_equal(sqlite3_vfs_register(&shim_vfs, 1), SQLITE_OK);
}

/* --- the test -------------------------------------------------------------------------------------------------------- */

#define CHANGES 6

/* Two records change together. Returns whether it was answered "stored". */
static bool change(Fixture *f, int value) {
    SwTx *tx;
    Record r = {.number = SW_SOME_INT(value)};
    SwStr scope = SW_STR("111111111111");
    f->err = sw_error(f->a);
    if (sw_tx_begin(f->s, f->a, SW_WRITE, scope, SW_STR("us-east-1"), &tx, &f->err) < 0)
        return false;
    if (sw_doc_put(tx, &things, SW_STR("a"), &r, &f->err) < 0 || sw_doc_put(tx, &things, SW_STR("b"), &r, &f->err) < 0) {
        sw_tx_rollback(tx);
        return false;
    }
    return sw_tx_commit(&tx, &f->err) == 0;
}

static int value_of(Fixture *f, const char *id) {
    Record *r = get(f, id);
    return r ? (int)r->number.v : 0;
}

/* Returns whether the fault was met at all. */
static bool one_fault(int nth, bool for_ever, int code) {
    void *state = NULL;
    assert_int_equal(setup(&state), 0);
    Fixture *f = state;
    int stored = 0, tried = 0;
    fault = (Fault){.left = nth, .for_ever = for_ever, .code = code};
    for (int i = 1; i <= CHANGES; i++) {
        tried = i;
        if (change(f, i)) {
            stored = i;
            continue;
        }
        if (!f->err.kind || f->err.kind->http != 500 || !f->err.cause)
            fail_msg("fault %d: a failure without a cause", nth);
        if (value_of(f, "a") != stored) /* refused: nobody sees it */
            fail_msg("fault %d: %d is seen after %d was stored", nth, value_of(f, "a"), stored);
        if (for_ever)
            break;
    }
    sw_store_close(f->s); /* with the disk still failing */
    bool hit = fault.hit;
    f->s = NULL;
    fault = (Fault){0};
    OK(f, sw_store_open(f->dir, &f->s, &f->err));
    int a = value_of(f, "a");
    if (a < stored || a > tried || value_of(f, "b") != a)
        fail_msg("fault %d: stored %d, found %d and %d", nth, stored, a, value_of(f, "b"));
    assert_true(change(f, 100));
    assert_int_equal(value_of(f, "b"), 100);
    assert_int_equal(teardown(&state), 0);
    return hit;
}

static void each_failing_write_or_sync_loses_nothing_that_was_answered(void **state) {
    int n[2][2] = {{0}};
    static const int codes[] = {SQLITE_IOERR_WRITE, SQLITE_FULL};
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        for (size_t c = 0; c < SW_N(codes); c++) {
            for (int nth = 1; one_fault(nth, for_ever, codes[c]); nth++)
                n[for_ever][c]++;
        }
    }
    print_message("faults: %d + %d once, %d + %d for ever\n", n[0][0], n[0][1], n[1][0], n[1][1]);
    assert_true(n[0][0] > 5 && n[1][1] > 5);
}

/* One thread, one file that changes (the log): what is not synced by now was answered too early. */
static void answer_comes_after_its_sync(void **unused) {
    void *state = NULL;
    assert_int_equal(setup(&state), 0);
    for (int i = 1; i <= CHANGES; i++) {
        unsynced = 0;
        Fixture *f = state;
        SwTx *tx = begin(f, SW_WRITE);
        OK(f, sw_doc_put(tx, &things, SW_STR("a"), &(Record){.number = SW_SOME_INT(i)}, &f->err));
        unsynced++; /* what is still in memory */
        OK(f, sw_tx_commit(&tx, &f->err));
        assert_int_equal(unsynced, 0);
    }
    assert_int_equal(teardown(&state), 0);
}

int main(void) {
    install_shim();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_comes_after_its_sync),
        cmocka_unit_test(each_failing_write_or_sync_loses_nothing_that_was_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
