/* SPDX-License-Identifier: Apache-2.0 */
/* Files: reading with a bound, durable writing, making and removing trees. */

#include "base_test.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "../folder.h"
#include "base/file.h"

static char dir[TEST_FOLDER];

static int make_dir(void **state) {
    (void)state;
    return test_folder(dir) ? 0 : -1;
}

static int drop_dir(void **state) {
    (void)state;
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    int r = sw_rm_tree(dir, &err);
    sw_arena_free(a);
    return r;
}

static const char *in_dir(SwArena *a, const char *name) {
    return sw_path(a, dir, name);
}

static void a_file_is_read_up_to_its_bound(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    SwStr s;
    const char *path = in_dir(a, "f");
    assert_int_equal(sw_file_write(path, SW_STR("12345"), 0600, &err), 0);
    assert_int_equal(sw_file_read(a, path, 5, &s, &err), 0);
    assert_str(s, "12345");
    assert_int_equal(s.p[5], 0);
    assert_int_equal(sw_file_read(a, path, 4, &s, &err), -1);
    assert_non_null(strstr(err.cause, "larger than 4 bytes"));
    assert_int_equal(sw_file_write(path, SW_STR(""), 0600, &err), 0);
    assert_int_equal(sw_file_read(a, path, 0, &s, &err), 0);
    assert_true(s.p && s.n == 0);
    assert_int_equal(sw_file_read(a, in_dir(a, "absent"), 10, &s, &err), -1);
    assert_non_null(strstr(err.cause, "No such file"));
}

static void a_file_without_a_size_is_read_too(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    SwStr s;
    assert_int_equal(sw_file_read(a, "/proc/self/status", SW_MIB, &s, &err), 0);
    assert_true(sw_str_contains(s, SW_STR("Pid:")));
    assert_int_equal(sw_file_read(a, "/proc/self/status", 10, &s, &err), -1);
    assert_int_equal(sw_file_read(a, "/dev/zero", 100000, &s, &err), -1); /* has no end */
}

static void a_durable_write_replaces_the_file_at_once(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    SwStr s;
    struct stat st;
    const char *path = in_dir(a, "d");
    assert_int_equal(sw_file_write_durable(path, SW_STR("old"), 0640, &err), 0);
    int held = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(sw_file_write_durable(path, SW_STR("new"), 0640, &err), 0);
    char still[4] = {0};
    assert_int_equal(read(held, still, 3), 3);
    assert_string_equal(still, "old"); /* who had it open sees all of the old one */
    close(held);
    assert_int_equal(sw_file_read(a, path, 10, &s, &err), 0);
    assert_str(s, "new");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_false(sw_exists(in_dir(a, "d.tmp")));
    assert_int_equal(sw_file_write_durable(in_dir(a, "none/d"), SW_STR("x"), 0600, &err), -1);
}

static void folders_are_made_with_their_parents(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    assert_int_equal(sw_mkdirs(in_dir(a, "a/b//c/"), 0755, &err), 0);
    assert_int_equal(sw_mkdirs(in_dir(a, "a/b/c"), 0755, &err), 0);
    assert_true(sw_exists(in_dir(a, "a/b/c")));
    assert_int_equal(sw_file_write(in_dir(a, "a/f"), SW_STR(""), 0600, &err), 0);
    assert_int_equal(sw_mkdirs(in_dir(a, "a/f/x"), 0755, &err), -1);
    assert_int_equal(sw_mkdirs(in_dir(a, "a/f"), 0755, &err), -1);
    assert_int_equal(sw_mkdirs("", 0755, &err), -1);
    assert_int_equal(sw_fsync_dir(in_dir(a, "a"), &err), 0);
    assert_int_equal(sw_fsync_dir(in_dir(a, "a/f"), &err), -1);
}

static void a_tree_is_removed_but_not_what_its_links_name(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    assert_int_equal(sw_mkdirs(in_dir(a, "keep"), 0755, &err), 0);
    assert_int_equal(sw_file_write(in_dir(a, "keep/f"), SW_STR("x"), 0600, &err), 0);
    assert_int_equal(sw_mkdirs(in_dir(a, "t/u/v"), 0755, &err), 0);
    assert_int_equal(symlink(in_dir(a, "keep"), in_dir(a, "t/u/link")), 0);
    assert_int_equal(sw_rm_tree(in_dir(a, "t"), &err), 0);
    assert_false(sw_exists(in_dir(a, "t")));
    assert_true(sw_exists(in_dir(a, "keep/f")));
    assert_int_equal(symlink(in_dir(a, "keep"), in_dir(a, "link")), 0);
    assert_int_equal(sw_rm_tree(in_dir(a, "link"), &err), 0);
    assert_true(sw_exists(in_dir(a, "keep/f")));
    assert_int_equal(sw_rm_tree(in_dir(a, "absent"), &err), 0);
}

static void a_tree_of_any_depth_is_removed(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    assert_int_equal(sw_mkdirs(in_dir(a, "deep"), 0755, &err), 0);
    int at = open(in_dir(a, "deep"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(mkdirat(at, "d", 0755), 0);
        int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    close(at);
    if (sw_rm_tree(in_dir(a, "deep"), &err) < 0)
        fail_msg("%s", err.cause);
    assert_false(sw_exists(in_dir(a, "deep")));
}

static void what_is_mounted_in_a_tree_is_left_alone(void **state) {
    SwArena *a = *state;
    SwError err = sw_error(a);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        skip();
        return;
    }
    assert_int_equal(sw_mkdirs(in_dir(a, "precious"), 0755, &err), 0);
    assert_int_equal(sw_file_write(in_dir(a, "precious/f"), SW_STR("x"), 0600, &err), 0);
    assert_int_equal(sw_mkdirs(in_dir(a, "t/volume"), 0755, &err), 0);
    assert_int_equal(mount(in_dir(a, "precious"), in_dir(a, "t/volume"), NULL, MS_BIND, NULL), 0);
    assert_int_equal(sw_rm_tree(in_dir(a, "t"), &err), -1);
    assert_non_null(strstr(err.cause, "busy"));
    assert_true(sw_exists(in_dir(a, "precious/f"))); /* the same file system, yet another mount */
    assert_int_equal(umount(in_dir(a, "t/volume")), 0);
    assert_int_equal(sw_rm_tree(in_dir(a, "t"), &err), 0);
    assert_true(sw_exists(in_dir(a, "precious/f")));
}

static void path_components(void **state) {
    SwArena *a = *state;
    char longest[257];
    memset(longest, 'x', sizeof longest);
    assert_string_equal(sw_path(a, "/a", "b"), "/a/b");
    assert_string_equal(sw_path(a, "/a/", "b"), "/a/b");
    assert_true(sw_path_is_component(SW_STR("a.b")));
    assert_true(sw_path_is_component(SW_STR("...")));
    assert_true(sw_path_is_component(sw_str_n(longest, 255)));
    assert_false(sw_path_is_component(sw_str_n(longest, 256)));
    assert_false(sw_path_is_component(SW_STR("")));
    assert_false(sw_path_is_component(SW_NO_STR));
    assert_false(sw_path_is_component(SW_STR(".")));
    assert_false(sw_path_is_component(SW_STR("..")));
    assert_false(sw_path_is_component(SW_STR("a/b")));
    assert_false(sw_path_is_component(SW_STR("a\0b")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_read_up_to_its_bound),
        TEST(a_file_without_a_size_is_read_too),
        TEST(a_durable_write_replaces_the_file_at_once),
        TEST(folders_are_made_with_their_parents),
        TEST(a_tree_is_removed_but_not_what_its_links_name),
        TEST(a_tree_of_any_depth_is_removed),
        TEST(what_is_mounted_in_a_tree_is_left_alone),
        TEST(path_components),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
