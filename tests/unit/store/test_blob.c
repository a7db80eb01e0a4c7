/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs: writing, parking, adopting, references, collection. */

#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/digest.h"
#include "store/blob.h"
#include "store/blob_internal.h"

static SwBlobs *blobs;

static int setup_blobs(void **state) {
    if (setup(state) < 0)
        return -1;
    Fixture *f = *state;
    OK(f, sw_blobs_open(f->dir, f->s, &blobs, &f->err));
    return 0;
}

static int teardown_blobs(void **state) {
    sw_blobs_close(blobs);
    return teardown(state);
}

static void restart(Fixture *f) {
    sw_blobs_close(blobs);
    reopen(f);
    OK(f, sw_blobs_open(f->dir, f->s, &blobs, &f->err));
}

static int entries(Fixture *f, const char *part) {
    DIR *d = opendir(sw_path(f->a, sw_path(f->a, f->dir, "blobs"), part));
    int n = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static SwStr content(Fixture *f, SwStr digest) {
    SwStr s;
    OK(f, sw_file_read(f->a, sw_blob_path(blobs, f->a, digest), SW_MIB, &s, &f->err));
    return s;
}

/* System calls of this process that write. */
static int64_t writes(void) {
    char line[80];
    long long n = -1;
    FILE *io = fopen("/proc/self/io", "r");
    assert_non_null(io);
    while (n < 0 && fgets(line, sizeof line, io))
        (void)sscanf(line, "syscw: %lld", &n);
    fclose(io);
    return n;
}

static void blob_is_found_under_its_digest_after_a_restart(void **state) {
    Fixture *f = *state;
    SwBlobInfo i;
    int fd;
    int64_t size;
    OK(f, sw_blob_put(blobs, f->a, SW_STR("hello"), &i, &f->err));
    assert_str(i.digest, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    restart(f);
    OK(f, sw_blob_open(blobs, i.digest, &fd, &size, &f->err));
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(size, 5);
    assert_str(content(f, i.digest), "hello");
    OK(f, sw_blob_put(blobs, f->a, SW_STR("hello"), &i, &f->err)); /* again: nothing is left over */
    assert_int_equal(entries(f, "tmp"), 0);
}

static void small_blob_that_is_there_needs_no_file(void **state) {
    Fixture *f = *state;
    SwBlobInfo i;
    const char *tmp = sw_path(f->a, f->dir, "blobs/tmp");
    OK(f, sw_blob_put(blobs, f->a, SW_STR("small"), &i, &f->err));
    assert_int_equal(rmdir(tmp), 0);
    OK(f, sw_blob_put(blobs, f->a, SW_STR("small"), &i, &f->err));
    assert_str(content(f, i.digest), "small");
    assert_int_equal(sw_blob_put(blobs, f->a, SW_STR("other"), &i, &f->err), -1);
    sw_error_reset(&f->err);
    assert_int_equal(mkdir(tmp, 0700), 0);
    OK(f, sw_blob_put(blobs, f->a, SW_STR("other"), &i, &f->err));
    OK(f, sw_blob_put(blobs, f->a, SW_STR(""), &i, &f->err));
    assert_str(content(f, i.digest), "");
}

static bool is_synced(unsigned folder) {
    return blobs->synced[folder] == blobs->made[folder] && blobs->synced[SW_BLOB_ROOT] == blobs->made[SW_BLOB_ROOT];
}

/* As while another writer's fsync of the folder is under way, after one that failed, and after a kill between rename and fsync.
 */
static void equal_blob_is_stored_once_its_name_is_on_the_disk(void **state) {
    Fixture *f = *state;
    SwBlobInfo i;
    OK(f, sw_blob_put(blobs, f->a, SW_STR("hello"), &i, &f->err));
    const unsigned folder = 0x2c; /* 2cf24d.. */
    assert_true(is_synced(folder));
    blobs->synced[folder] = 0;
    OK(f, sw_blob_put(blobs, f->a, SW_STR("hello"), &i, &f->err));
    assert_true(is_synced(folder));
    blobs->synced[SW_BLOB_ROOT] = 0;
    OK(f, sw_blob_put(blobs, f->a, SW_STR("hello"), &i, &f->err));
    assert_true(is_synced(folder));
    restart(f);
    assert_false(is_synced(folder));
    OK(f, sw_blob_put(blobs, f->a, SW_STR("hello"), &i, &f->err));
    assert_true(is_synced(folder));
}

/* A byte each, as the worst client chooses them: kept in order, and in writes of some size (of each the kernel keeps count). */
static void small_pieces_are_gathered(void **state) {
    Fixture *f = *state;
    SwBlobWriter *w;
    SwBlobInfo i;
    enum { PIECES = 200000 };
    char *all = sw_arena_alloc(f->a, PIECES);
    OK(f, sw_blob_begin(blobs, f->a, 1u << SW_MD5, &w, &f->err));
    int64_t before = writes();
    for (int k = 0; k < PIECES; k++) {
        all[k] = (char)(k * 7 + k / 251);
        OK(f, sw_blob_add(w, &all[k], 1, &f->err));
    }
    OK(f, sw_blob_commit(w, &i, &f->err));
    assert_true(writes() - before < 100);
    assert_int_equal(i.size, PIECES);
    assert_str(sw_sha256_hex(f->a, sw_str_n(all, PIECES)), i.digest.p);
    assert_memory_equal(content(f, i.digest).p, all, PIECES);
}

/* Pieces of all sizes around what is gathered, parked in between. */
static void pieces_of_any_size_keep_their_order(void **state) {
    Fixture *f = *state;
    static const size_t sizes[] = {1, 16383, 16384, 16385, 3, 40000, 16380, 4, 1, 0, 70000, 2};
    SwBuf all = sw_buf(f->a, SW_MIB);
    SwBlobWriter *w;
    SwBlobInfo i;
    int64_t size;
    OK(f, sw_blob_begin(blobs, f->a, 0, &w, &f->err));
    for (size_t k = 0; k < SW_N(sizes); k++) {
        size_t from = all.n;
        for (size_t n = 0; n < sizes[k]; n++)
            sw_buf_addc(&all, (char)(n * 31 + k));
        OK(f, sw_blob_add(w, all.p + from, sizes[k], &f->err));
        OK(f, sw_blob_park(w, SW_STR("upload"), &size, &f->err));
        assert_int_equal(size, all.n);
        OK(f, sw_blob_unpark(blobs, f->a, SW_STR("upload"), 0, &w, &size, &f->err));
        assert_int_equal(size, all.n);
        OK(f, sw_blob_add(w, "|", 1, &f->err));
        sw_buf_addc(&all, '|');
    }
    OK(f, sw_blob_commit(w, &i, &f->err));
    assert_int_equal(i.size, all.n);
    assert_memory_equal(content(f, i.digest).p, all.p, all.n);
}

static void names_that_are_no_digests_are_nowhere(void **state) {
    Fixture *f = *state;
    static const char *const names[] = {"", "x", "../../../../etc/passwd",
                                        "../../../../../../../../../../../../../../../../../../etc/passwd",
                                        "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"};
    for (size_t n = 0; n < SW_N(names); n++) {
        int fd;
        assert_false(sw_blob_exists(blobs, sw_str(names[n]), NULL));
        OK(f, sw_blob_open(blobs, sw_str(names[n]), &fd, NULL, &f->err));
        assert_int_equal(fd, -1);
        assert_null(strstr(sw_blob_path(blobs, f->a, sw_str(names[n])), ".."));
    }
}

static void digests_asked_for_come_beside_sha256(void **state) {
    Fixture *f = *state;
    SwBlobWriter *w;
    SwBlobInfo i;
    OK(f, sw_blob_begin(blobs, f->a, 1u << SW_MD5, &w, &f->err));
    OK(f, sw_blob_add(w, "hel", 3, &f->err));
    OK(f, sw_blob_add(w, "lo", 2, &f->err));
    OK(f, sw_blob_commit(w, &i, &f->err));
    assert_str(sw_hex(f->a, i.extra[SW_MD5].p, i.extra[SW_MD5].n), "5d41402abc4b2a76b9719d911017c592");
    assert_null(i.extra[SW_CRC32].p);
}

static void dropped_writer_leaves_nothing(void **state) {
    Fixture *f = *state;
    SwArena *a = sw_arena_new(0);
    SwBlobWriter *w;
    OK(f, sw_blob_begin(blobs, a, 0, &w, &f->err));
    OK(f, sw_blob_add(w, "hello", 5, &f->err));
    assert_int_equal(entries(f, "tmp"), 0); /* nobody knows yet whether it needs a file */
    OK(f, sw_blob_add(w, memset(sw_arena_alloc(a, SW_MIB), 'x', SW_MIB), SW_MIB, &f->err));
    assert_int_equal(entries(f, "tmp"), 1);
    sw_arena_free(a);
    assert_int_equal(entries(f, "tmp"), 0);
    assert_int_equal(entries(f, "sha256"), 0);
}

/* Adds `text` to the upload "u"; then parks it, commits it, or drops it. */
typedef enum Then { PARK, COMMIT, DROP } Then;
static SwBlobInfo add_part(Fixture *f, const char *text, int64_t want_before, Then then) {
    SwArena *a = sw_arena_new(0);
    SwBlobWriter *w;
    SwBlobInfo i = {0};
    int64_t size = -1;
    if (want_before < 0) {
        OK(f, sw_blob_begin(blobs, a, 1u << SW_MD5, &w, &f->err));
    } else {
        OK(f, sw_blob_unpark(blobs, a, SW_STR("u"), 1u << SW_MD5, &w, &size, &f->err));
        assert_non_null(w);
        assert_int_equal(size, want_before);
    }
    OK(f, sw_blob_add(w, text, strlen(text), &f->err));
    if (then == PARK)
        OK(f, sw_blob_park(w, SW_STR("u"), &size, &f->err));
    if (then == COMMIT) {
        OK(f, sw_blob_commit(w, &i, &f->err));
        i.digest = sw_str_dup(f->a, i.digest);
        i.extra[SW_MD5] = sw_hex(f->a, i.extra[SW_MD5].p, i.extra[SW_MD5].n);
    }
    sw_arena_free(a);
    return i;
}

static void parked_upload_goes_on_with_and_without_a_restart(void **state) {
    Fixture *f = *state;
    for (int with_restart = 0; with_restart < 2; with_restart++) {
        add_part(f, "he", -1, PARK);
        if (with_restart)
            restart(f);
        add_part(f, "XXXX", 2, DROP); /* a part that broke off does not count */
        if (with_restart)
            restart(f);
        add_part(f, "ll", 2, PARK);
        SwBlobInfo i = add_part(f, "o", 4, COMMIT);
        assert_str(i.digest, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        assert_str(i.extra[SW_MD5], "5d41402abc4b2a76b9719d911017c592");
        assert_int_equal(i.size, 5);
        assert_str(content(f, i.digest), "hello");
        /* What is made of it fails: it is taken up again as it was parked, and the blob stays what it is. */
        if (with_restart)
            restart(f);
        i = add_part(f, "o, again", 4, COMMIT);
        assert_str(content(f, i.digest), "hello, again");
        assert_str(content(f, SW_STR("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")), "hello");
        OK(f, sw_blob_discard(blobs, SW_STR("u"), &f->err));
        assert_int_equal(entries(f, "parked"), 0);
        OK(f, sw_blobs_reset(blobs, &f->err));
    }
}

static void parked_upload_has_one_writer_and_can_be_discarded(void **state) {
    Fixture *f = *state;
    SwBlobWriter *w, *second;
    add_part(f, "he", -1, PARK);
    SwArena *a = sw_arena_new(0);
    OK(f, sw_blob_unpark(blobs, a, SW_STR("u"), 0, &w, NULL, &f->err));
    OK(f, sw_blob_unpark(blobs, f->a, SW_STR("u"), 0, &second, NULL, &f->err));
    assert_null(second);
    sw_arena_free(a);
    OK(f, sw_blob_discard(blobs, SW_STR("u"), &f->err));
    OK(f, sw_blob_unpark(blobs, f->a, SW_STR("u"), 0, &w, NULL, &f->err));
    assert_null(w);
    OK(f, sw_blob_unpark(blobs, f->a, SW_STR("never"), 0, &w, NULL, &f->err));
    assert_null(w);
}

static void parked_upload_is_seen_without_taking_it_and_free_when_dropped(void **state) {
    Fixture *f = *state;
    SwBlobWriter *w;
    bool busy;
    assert_int_equal(sw_blob_parked(blobs, SW_STR("u"), &busy), -1);
    add_part(f, "he", -1, PARK);
    assert_int_equal(sw_blob_parked(blobs, SW_STR("u"), &busy), 2);
    assert_false(busy);
    OK(f, sw_blob_unpark(blobs, f->a, SW_STR("u"), 0, &w, NULL, &f->err));
    OK(f, sw_blob_add(w, "llo", 3, &f->err));
    assert_int_equal(sw_blob_parked(blobs, SW_STR("u"), &busy), 2);
    assert_true(busy);
    sw_blob_drop(w);
    assert_int_equal(sw_blob_parked(blobs, SW_STR("u"), &busy), 2);
    assert_false(busy);
    OK(f, sw_blob_unpark(blobs, f->a, SW_STR("u"), 0, &w, NULL, &f->err));
    assert_non_null(w);
    sw_blob_drop(w); /* once more when the arena ends, after the store was closed */
}

static void finished_file_is_adopted(void **state) {
    Fixture *f = *state;
    const char *path = sw_path(f->a, f->dir, "spooled");
    SwBlobInfo i = {.digest = sw_sha256_hex(f->a, SW_STR("body")), .size = 4};
    OK(f, sw_file_write(path, SW_STR("body"), 0600, &f->err));
    OK(f, sw_blob_adopt(blobs, path, &i, &f->err));
    assert_false(sw_exists(path));
    assert_str(content(f, i.digest), "body");
}

static void make_old(Fixture *f, SwStr digest) {
    struct timespec t[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
    assert_int_equal(utimensat(AT_FDCWD, sw_blob_path(blobs, f->a, digest), t, 0), 0);
}

static void collection_removes_what_is_old_and_unused(void **state) {
    Fixture *f = *state;
    SwBlobInfo used, fresh, unused;
    int64_t n;
    OK(f, sw_blob_put(blobs, f->a, SW_STR("used"), &used, &f->err));
    OK(f, sw_blob_put(blobs, f->a, SW_STR("fresh"), &fresh, &f->err));
    OK(f, sw_blob_put(blobs, f->a, SW_STR("unused"), &unused, &f->err));
    SwTx *tx = begin(f, SW_WRITE);
    OK(f, sw_blob_ref(tx, used.digest, SW_STR("s3/b/k"), &f->err));
    OK(f, sw_blob_ref(tx, used.digest, SW_STR("s3/b/other"), &f->err));
    assert_int_equal(sw_blob_ref(tx, sw_sha256_hex(f->a, SW_STR("not there")), SW_STR("x"), &f->err), -1);
    OK(f, sw_tx_commit(&tx, &f->err));
    make_old(f, used.digest);
    make_old(f, unused.digest);
    OK(f, sw_blob_collect(blobs, &n, &f->err));
    assert_int_equal(n, 1);
    assert_true(sw_blob_exists(blobs, used.digest, NULL));
    assert_true(sw_blob_exists(blobs, fresh.digest, NULL));
    assert_false(sw_blob_exists(blobs, unused.digest, NULL));
    tx = begin(f, SW_WRITE);
    OK(f, sw_blob_unref(tx, used.digest, SW_STR("s3/b/k"), &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    OK(f, sw_blob_collect(blobs, &n, &f->err));
    assert_int_equal(n, 0);
    tx = begin(f, SW_WRITE);
    OK(f, sw_blob_unref(tx, used.digest, SW_STR("s3/b/other"), &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
    OK(f, sw_blob_put(blobs, f->a, SW_STR("used"), &used, &f->err)); /* put again: young again */
    OK(f, sw_blob_collect(blobs, &n, &f->err));
    assert_int_equal(n, 0);
}

static void reset_leaves_no_blob(void **state) {
    Fixture *f = *state;
    SwBlobInfo i;
    add_part(f, "he", -1, PARK);
    OK(f, sw_blob_put(blobs, f->a, SW_STR("x"), &i, &f->err));
    OK(f, sw_blobs_reset(blobs, &f->err));
    assert_false(sw_blob_exists(blobs, i.digest, NULL));
    assert_int_equal(entries(f, "sha256") + entries(f, "parked") + entries(f, "tmp"), 0);
    OK(f, sw_blob_put(blobs, f->a, SW_STR("x"), &i, &f->err));
    assert_true(sw_blob_exists(blobs, i.digest, NULL));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup_blobs, teardown_blobs)
    const struct CMUnitTest tests[] = {
        T(blob_is_found_under_its_digest_after_a_restart),
        T(small_blob_that_is_there_needs_no_file),
        T(equal_blob_is_stored_once_its_name_is_on_the_disk),
        T(small_pieces_are_gathered),
        T(pieces_of_any_size_keep_their_order),
        T(names_that_are_no_digests_are_nowhere),
        T(digests_asked_for_come_beside_sha256),
        T(dropped_writer_leaves_nothing),
        T(parked_upload_goes_on_with_and_without_a_restart),
        T(parked_upload_has_one_writer_and_can_be_discarded),
        T(parked_upload_is_seen_without_taking_it_and_free_when_dropped),
        T(finished_file_is_adopted),
        T(collection_removes_what_is_old_and_unused),
        T(reset_leaves_no_blob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
