/* SPDX-License-Identifier: Apache-2.0 */

#include "bench.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>

static void names_are_checked_and_taken_once(void **state) {
    Bench *b = *state;
    const char *other = sw_path(b->a, b->dir, "other.git");

    must_fail(b, sw_git_create(b->repo, SW_NO_STR, &b->err), &SW_GIT_EXISTS);
    must_fail(b, sw_git_create(other, SW_STR("a..b"), &b->err), &SW_GIT_INVALID);
    assert_false(sw_exists(other));
    must(b, sw_git_rename(b->repo, other, &b->err));
    assert_true(sw_git_exists(other));
    assert_false(sw_git_exists(b->repo));
    must_fail(b, sw_git_rename(b->repo, sw_path(b->a, b->dir, "x"), &b->err), &SW_GIT_REPOSITORY_NOT_FOUND);
    must(b, sw_git_delete(other, &b->err));
    must(b, sw_git_delete(other, &b->err));
    assert_false(sw_git_exists(other));
    SwStr id;
    must_fail(b, sw_git_resolve(b->a, other, SW_STR("main"), &id, &b->err), &SW_GIT_REPOSITORY_NOT_FOUND);
}

static void first_branch_becomes_head(void **state) {
    Bench *b = *state;
    SwStr head;

    must(b, sw_git_head(b->a, b->repo, &head, &b->err));
    assert_null(head.p);
    put(b, "trunk", SW_NO_STR, "a", "1", 1000);
    must(b, sw_git_head(b->a, b->repo, &head, &b->err));
    assert_true(sw_str_eqz(head, "trunk"));
    put(b, "other", SW_NO_STR, "a", "2", 1000);
    must(b, sw_git_head(b->a, b->repo, &head, &b->err));
    assert_true(sw_str_eqz(head, "trunk"));
    must(b, sw_git_set_head(b->repo, SW_STR("other"), &b->err));
    must(b, sw_git_head(b->a, b->repo, &head, &b->err));
    assert_true(sw_str_eqz(head, "other"));
    must_fail(b, sw_git_set_head(b->repo, SW_STR("none"), &b->err), &SW_GIT_NOT_FOUND);
}

static void commit_resolves_by_every_name(void **state) {
    Bench *b = *state;
    SwStr c1 = put(b, "main", SW_NO_STR, "a", "1", 1000), id;
    const char *good[] = {
        "main", "refs/heads/main", "HEAD", "v1", "refs/tags/v1", sw_str_z(b->a, c1), sw_str_z(b->a, sw_str_n(c1.p, 7))};
    const char *bad[] = {"none", "refs/heads/none", "", "123", "../HEAD", "0000000000000000000000000000000000000000", "main^"};

    must(b, sw_git_update_ref(b->repo, SW_STR("refs/tags/v1"), SW_NO_STR, c1, &b->err));
    for (size_t i = 0; i < SW_N(good); i++) {
        must(b, sw_git_resolve(b->a, b->repo, sw_str(good[i]), &id, &b->err));
        assert_true(sw_str_eq(id, c1));
    }
    for (size_t i = 0; i < SW_N(bad); i++)
        must_fail(b, sw_git_resolve(b->a, b->repo, sw_str(bad[i]), &id, &b->err), &SW_GIT_NOT_FOUND);
}

static void refs_move_only_from_where_they_are(void **state) {
    Bench *b = *state;
    SwStr c1 = put(b, "main", SW_NO_STR, "a", "1", 1000), c2 = put(b, "main", c1, "a", "2", 1001);
    SwStr ref = SW_STR("refs/heads/x"), nowhere = SW_STR("1234567890123456789012345678901234567890");
    SwGitRefList l;

    must(b, sw_git_update_ref(b->repo, ref, SW_NO_STR, c1, &b->err));
    must_fail(b, sw_git_update_ref(b->repo, ref, SW_NO_STR, c2, &b->err), &SW_GIT_EXISTS);
    must_fail(b, sw_git_update_ref(b->repo, ref, c2, c1, &b->err), &SW_GIT_CHANGED);
    must_fail(b, sw_git_update_ref(b->repo, ref, c1, nowhere, &b->err), &SW_GIT_NOT_FOUND);
    must_fail(b, sw_git_update_ref(b->repo, SW_STR("refs/heads/x/y"), SW_NO_STR, c1, &b->err), &SW_GIT_EXISTS);
    must_fail(b, sw_git_update_ref(b->repo, SW_STR("refs/heads/a..b"), SW_NO_STR, c1, &b->err), &SW_GIT_INVALID);
    must_fail(b, sw_git_update_ref(b->repo, SW_STR("HEAD"), SW_NO_STR, c1, &b->err), &SW_GIT_INVALID);
    must(b, sw_git_update_ref(b->repo, ref, c1, c2, &b->err));
    must(b, sw_git_refs(b->a, b->repo, SW_STR("refs/heads/"), &l, &b->err));
    assert_int_equal(l.n, 2);
    assert_true(sw_str_eqz(l.v[1].name, "refs/heads/x") && sw_str_eq(l.v[1].id, c2));
    must_fail(b, sw_git_update_ref(b->repo, ref, c1, SW_NO_STR, &b->err), &SW_GIT_CHANGED);
    must(b, sw_git_update_ref(b->repo, ref, c2, SW_NO_STR, &b->err));
    must_fail(b, sw_git_update_ref(b->repo, ref, c2, SW_NO_STR, &b->err), &SW_GIT_NOT_FOUND);
}

static void locks_of_a_killed_process_are_removed(void **state) {
    static const char *const left[] = {"HEAD.lock", "packed-refs.lock", "refs/heads/main.lock", "refs/heads/deep/x.lock"};
    Bench *b = *state;
    SwStr main = SW_STR("refs/heads/main"), c1 = put(b, "main", SW_NO_STR, "a", "1", 1000),
          c2 = put(b, "main", c1, "a", "2", 1001);
    must(b, sw_git_update_ref(b->repo, SW_STR("refs/heads/deep/x"), SW_NO_STR, c1, &b->err));
    for (size_t i = 0; i < SW_N(left); i++)
        must(b, sw_file_write(sw_path(b->a, b->repo, left[i]), SW_STR(""), 0600, &b->err));
    must_fail(b, sw_git_update_ref(b->repo, main, c2, c1, &b->err), &SW_GIT_CHANGED);
    sw_git_unlock(b->repo);
    for (size_t i = 0; i < SW_N(left); i++)
        assert_false(sw_exists(sw_path(b->a, b->repo, left[i])));
    must(b, sw_git_update_ref(b->repo, main, c2, c1, &b->err));
    must(b, sw_git_update_ref(b->repo, SW_STR("refs/heads/deep/x"), c1, c2, &b->err));
}

static void changes_since_a_snapshot_are_told_once(void **state) {
    Bench *b = *state;
    SwGitRefChangeList l;
    SwStr seen = SW_NO_STR, c1, c2;

    must(b, sw_git_changed_since(b->a, b->repo, seen, &l, &seen, &b->err));
    assert_int_equal(l.n, 0);
    c1 = put(b, "main", SW_NO_STR, "a", "1", 1000);
    put(b, "gone", SW_NO_STR, "a", "1", 1000);
    must(b, sw_git_changed_since(b->a, b->repo, seen, &l, &seen, &b->err));
    assert_int_equal(l.n, 2);
    assert_true(sw_str_eqz(l.v[1].ref, "refs/heads/main") && !l.v[1].old_id.p && sw_str_eq(l.v[1].new_id, c1));
    c2 = put(b, "main", c1, "a", "2", 1001);
    must(b, sw_git_update_ref(b->repo, SW_STR("refs/heads/gone"), l.v[0].new_id, SW_NO_STR, &b->err));
    must(b, sw_git_update_ref(b->repo, SW_STR("refs/tags/v1"), SW_NO_STR, c2, &b->err));
    must(b, sw_git_changed_since(b->a, b->repo, seen, &l, &seen, &b->err));
    assert_int_equal(l.n, 3);
    assert_true(sw_str_eqz(l.v[0].ref, "refs/heads/gone") && !l.v[0].new_id.p);
    assert_true(sw_str_eq(l.v[1].old_id, c1) && sw_str_eq(l.v[1].new_id, c2));
    assert_true(sw_str_eqz(l.v[2].ref, "refs/tags/v1"));
    must(b, sw_git_changed_since(b->a, b->repo, seen, &l, &seen, &b->err));
    assert_int_equal(l.n, 0);
}

static void commits_put_move_and_delete_files(void **state) {
    Bench *b = *state;
    SwStr c1 = put(b, "main", SW_NO_STR, "dir/a.txt", "one", 1000), data;
    SwGitPut puts[] = {{.path = SW_STR("run.sh"), .data = SW_STR("#!/bin/sh\n"), .mode = SW_GIT_EXECUTABLE},
                       {.path = SW_STR("/moved/b.txt"), .source = SW_STR("dir/a.txt")}};
    SwGitNewCommit c = {.branch = SW_STR("main"),
                        .parent = c1,
                        .author = {SW_STR("Bob"), SW_STR("b@x"), 2000 * SW_S, 0},
                        .message = SW_STR("more\n"),
                        .puts = {puts, 2},
                        .keep_empty_folders = true};
    SwGitCommit made;
    SwGitEntryList entries;
    SwGitEntry e;

    sw_str_list_add(b->a, &c.deletes, SW_STR("dir/a.txt"));
    must(b, sw_git_commit_files(b->a, b->repo, &c, &made, &entries, &b->err));
    assert_int_equal(made.parents.n, 1);
    assert_true(sw_str_eqz(made.author.name, "Bob") && made.committer.at == 2000 * SW_S);
    assert_int_equal(entries.n, 2);
    assert_int_equal(entries.v[0].mode, SW_GIT_EXECUTABLE);
    must(b, sw_git_file(b->a, b->repo, made.id, SW_STR("moved/b.txt"), 100, &e, &data, &b->err));
    assert_true(sw_str_eqz(data, "one") && sw_str_eqz(e.name, "b.txt") && e.size == 3);
    must_fail(b, sw_git_file(b->a, b->repo, made.id, SW_STR("dir/a.txt"), 100, &e, &data, &b->err), &SW_GIT_NOT_FOUND);
    must(b, sw_git_file(b->a, b->repo, made.id, SW_STR("dir/.gitkeep"), 100, &e, &data, &b->err));
    must_fail(b, sw_git_file(b->a, b->repo, made.id, SW_STR("run.sh"), 2, &e, &data, &b->err), &SW_GIT_TOO_LARGE);
    must_fail(b, sw_git_file(b->a, b->repo, made.id, SW_STR("dir"), 2, &e, &data, &b->err), &SW_GIT_NOT_FOUND);
    must(b, sw_git_folder(b->a, b->repo, made.id, SW_STR("/"), &entries, NULL, &b->err));
    assert_int_equal(entries.n, 3);
    must(b, sw_git_folder(b->a, b->repo, made.id, SW_STR("moved"), &entries, NULL, &b->err));
    assert_true(entries.n == 1 && sw_str_eqz(entries.v[0].path, "moved/b.txt"));
    must(b, sw_git_blob(b->a, b->repo, entries.v[0].id, 100, &data, &b->err));
    assert_true(sw_str_eqz(data, "one"));
}

static void commits_that_cannot_be_are_refused(void **state) {
    Bench *b = *state;
    SwStr c1 = put(b, "main", SW_NO_STR, "dir/a", "1", 1000);
    static const struct {
        const char *path, *data;
        const SwErrorKind *kind;
    } cases[] = {
        {"dir/a", "1", &SW_GIT_NO_CHANGE}, {"dir", "x", &SW_GIT_PATH_CONFLICT},   {"dir/a/b", "x", &SW_GIT_PATH_CONFLICT},
        {"../x", "x", &SW_GIT_INVALID},    {".git/config", "x", &SW_GIT_INVALID}, {"a//b", "x", &SW_GIT_INVALID},
        {"", "x", &SW_GIT_INVALID},        {"none", NULL, &SW_GIT_NOT_FOUND},
    };
    SwGitNewCommit c = {.branch = SW_STR("main"), .author = {SW_STR("Ann"), SW_STR("a@x"), 0, 0}};
    SwGitCommit made;

    for (size_t i = 0; i < SW_N(cases); i++) {
        SwGitPut p = {.path = sw_str(cases[i].path), .data = sw_str(cases[i].data)};
        c.parent = c1;
        c.puts.v = &p;
        c.puts.n = 1;
        must_fail(b, sw_git_commit_files(b->a, b->repo, &c, &made, NULL, &b->err), cases[i].kind);
        p = (SwGitPut){.path = SW_STR("new"), .data = SW_STR("x")};
        c.parent = SW_NO_STR;
        must_fail(b, sw_git_commit_files(b->a, b->repo, &c, &made, NULL, &b->err), &SW_GIT_CHANGED);
    }
}

static void differences_name_what_happened(void **state) {
    Bench *b = *state;
    SwStr c1 = put(b, "main", SW_NO_STR, "dir/a", "1", 1000), c2, c3, c4;
    SwGitDiffList l;

    c2 = put(b, "main", c1, "dir/b", "2", 1001);
    c3 = put(b, "main", c2, "dir/a", "changed", 1002);
    c4 = put(b, "main", c3, "dir/b", NULL, 1003);
    must(b, sw_git_diff(b->a, b->repo, SW_NO_STR, c2, SW_NO_STR, SW_NO_STR, &l, &b->err));
    assert_int_equal(l.n, 2);
    assert_true(l.v[0].kind == 'A' && sw_str_eqz(l.v[0].after.path, "dir/a") && !l.v[0].before.path.p);
    must(b, sw_git_diff(b->a, b->repo, c2, c4, SW_NO_STR, SW_NO_STR, &l, &b->err));
    assert_int_equal(l.n, 2);
    assert_true(l.v[0].kind == 'M' && l.v[1].kind == 'D' && sw_str_eqz(l.v[1].before.name, "b"));
    must(b, sw_git_diff(b->a, b->repo, c2, c4, SW_STR("dir/b"), SW_STR("/dir/b"), &l, &b->err));
    assert_true(l.n == 1 && l.v[0].kind == 'D');
    must_fail(b, sw_git_diff(b->a, b->repo, c2, SW_STR("zz"), SW_NO_STR, SW_NO_STR, &l, &b->err), &SW_GIT_INVALID);
}

static void log_gives_the_commits_that_a_deployment_brings(void **state) {
    Bench *b = *state;
    SwStr c1 = put(b, "main", SW_NO_STR, "a", "1", 1000), c2 = put(b, "main", c1, "b", "2", 1001),
          c3 = put(b, "main", c2, "a", "3", 1002), base;
    SwStrList without = {0};
    SwGitCommitList l;

    sw_str_list_add(b->a, &without, c1);
    sw_str_list_add(b->a, &without, SW_STR("1234567890123456789012345678901234567890"));
    must(b, sw_git_log(b->a, b->repo, c3, &without, 100, &l, &b->err));
    assert_int_equal(l.n, 2);
    assert_true(sw_str_eq(l.v[0].id, c3) && sw_str_eq(l.v[1].id, c2));
    assert_int_equal(l.v[1].author.at, 1001 * SW_S);
    assert_int_equal(l.v[1].author.offset_minutes, 60);
    must(b, sw_git_log(b->a, b->repo, c3, NULL, 1, &l, &b->err));
    assert_int_equal(l.n, 1);
    must(b, sw_git_log_path(b->a, b->repo, c3, SW_STR("a"), 100, &l, &b->err));
    assert_true(l.n == 2 && sw_str_eq(l.v[0].id, c3) && sw_str_eq(l.v[1].id, c1));
    SwStr d1 = put(b, "lone", SW_NO_STR, "z", "1", 1000);
    must(b, sw_git_merge_base(b->a, b->repo, c3, d1, &base, &b->err));
    assert_null(base.p);
    must(b, sw_git_merge_base(b->a, b->repo, c3, c2, &base, &b->err));
    assert_true(sw_str_eq(base, c2));
}

static void merges_go_forward_join_or_conflict(void **state) {
    Bench *b = *state;
    SwStr c1 = put(b, "main", SW_NO_STR, "a", "1\n", 1000), m, s, f, got;
    SwGitMerge x = {.kind = SW_GIT_FAST_FORWARD,
                    .destination = c1,
                    .branch = SW_STR("main"),
                    .author = {SW_STR("Ann"), SW_STR("a@x"), 3000 * SW_S, 0},
                    .message = SW_STR("join\n")};
    SwStrList conflicts;
    SwGitCommit c;

    must(b, sw_git_update_ref(b->repo, SW_STR("refs/heads/side"), SW_NO_STR, c1, &b->err));
    s = put(b, "side", c1, "b", "side\n", 1001);
    x.source = s;
    must(b, sw_git_merge(b->a, b->repo, &x, &got, &conflicts, &b->err));
    assert_true(sw_str_eq(got, s));
    m = put(b, "main", s, "c", "main\n", 1002);
    s = put(b, "side", s, "d", "side\n", 1003);
    x.source = s;
    x.destination = m;
    must_fail(b, sw_git_merge(b->a, b->repo, &x, &got, &conflicts, &b->err), &SW_GIT_MERGE_CONFLICT);
    x.kind = SW_GIT_THREE_WAY;
    must(b, sw_git_merge(b->a, b->repo, &x, &got, &conflicts, &b->err));
    must(b, sw_git_commit(b->a, b->repo, got, &c, &b->err));
    assert_int_equal(c.parents.n, 2);
    m = put(b, "main", got, "a", "main\n", 1004);
    f = put(b, "side", s, "a", "side\n", 1005);
    x.source = f;
    x.destination = m;
    must_fail(b, sw_git_merge(b->a, b->repo, &x, &got, &conflicts, &b->err), &SW_GIT_MERGE_CONFLICT);
    assert_true(conflicts.n == 1 && sw_str_eqz(conflicts.v[0], "a"));
    x.source = s; /* merged already */
    must(b, sw_git_merge(b->a, b->repo, &x, &got, &conflicts, &b->err));
    assert_true(sw_str_eq(got, m));
}

/* ---- archives ---- */

static SwStr archive_of(Bench *b, SwStr commit, SwGitFormat f) {
    const char *path = sw_path(b->a, b->dir, "archive");
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    SwStr data;

    must(b, sw_git_archive(b->repo, commit, f, fd, &b->err));
    close(fd);
    must(b, sw_file_read(b->a, path, SW_MIB, &data, &b->err));
    return data;
}

static void check_contents(SwStr data) {
    static const struct {
        const char *name;
        unsigned mode;
        const char *data;
    } want[] = {{"d\xc3\xa9p\xc3\xb4t/file.txt", S_IFREG | 0644, "text\n"},
                {"link", S_IFLNK, "run.sh"},
                {"run.sh", S_IFREG | 0755, "#!/bin/sh\n"}};
    struct archive *in = archive_read_new();
    struct archive_entry *e;
    size_t n = 0;

    archive_read_support_format_all(in);
    archive_read_support_filter_all(in);
    assert_int_equal(archive_read_open_memory(in, data.p, data.n), ARCHIVE_OK);
    while (archive_read_next_header(in, &e) == ARCHIVE_OK) {
        char buf[64] = "";
        assert_true(n < SW_N(want));
        assert_string_equal(archive_entry_pathname(e), want[n].name);
        assert_int_equal(archive_entry_filetype(e), want[n].mode & S_IFMT);
        if (archive_entry_filetype(e) == AE_IFLNK) {
            assert_string_equal(archive_entry_symlink(e), want[n].data);
        } else {
            assert_int_equal(archive_entry_perm(e), want[n].mode & 0777);
            assert_true(archive_read_data(in, buf, sizeof(buf) - 1) > 0);
            assert_string_equal(buf, want[n].data);
        }
        assert_int_equal(archive_entry_mtime(e), 1700000000);
        n++;
    }
    assert_int_equal(n, SW_N(want));
    archive_read_free(in);
}

static void archives_are_the_same_bytes_each_time(void **state) {
    Bench *b = *state;
    SwGitPut puts[] = {{.path = SW_STR("run.sh"), .data = SW_STR("#!/bin/sh\n"), .mode = SW_GIT_EXECUTABLE},
                       {.path = SW_STR("link"), .data = SW_STR("run.sh"), .mode = SW_GIT_SYMLINK},
                       {.path = SW_STR("d\xc3\xa9p\xc3\xb4t/file.txt"), .data = SW_STR("text\n")}};
    SwGitNewCommit c = {.branch = SW_STR("main"),
                        .author = {SW_STR("Ann"), SW_STR("a@x"), 1700000000 * SW_S, 0},
                        .puts = {puts, 3}};
    SwGitCommit made;

    must(b, sw_git_commit_files(b->a, b->repo, &c, &made, NULL, &b->err));
    for (SwGitFormat f = SW_GIT_ZIP; f <= SW_GIT_TAR_GZ; f++) {
        SwStr one = archive_of(b, made.id, f), two = archive_of(b, made.id, f);
        assert_true(sw_str_eq(one, two));
        check_contents(one);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(names_are_checked_and_taken_once),      TEST(first_branch_becomes_head),
        TEST(commit_resolves_by_every_name),         TEST(refs_move_only_from_where_they_are),
        TEST(locks_of_a_killed_process_are_removed), TEST(changes_since_a_snapshot_are_told_once),
        TEST(commits_put_move_and_delete_files),     TEST(commits_that_cannot_be_are_refused),
        TEST(differences_name_what_happened),        TEST(log_gives_the_commits_that_a_deployment_brings),
        TEST(merges_go_forward_join_or_conflict),    TEST(archives_are_the_same_bytes_each_time),
    };
    setenv("LC_ALL", "C.UTF-8", 1);
    setlocale(LC_ALL, ""); /* for reading archives' names back */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
