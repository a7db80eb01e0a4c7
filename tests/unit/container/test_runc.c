/* SPDX-License-Identifier: Apache-2.0 */

/* runc as a sealed file in memory. */

#include "fixture.h"

#include "container/room.h"

typedef struct Copies {
    SwArena *a;
    SwError err;
    SwRuntime rt;
    char folder[TEST_FOLDER];
} Copies;

static void begin(Copies *C) {
    *C = (Copies){.a = sw_arena_new(0)};
    C->err = sw_error(C->a);
    assert_non_null(test_folder(C->folder));
    C->rt.runc_bin = sw_path(C->a, C->folder, "runc");
    pthread_mutex_init(&C->rt.sealed.lock, NULL);
}

static void end(Copies *C) {
    sw_runc_close(&C->rt);
    assert_int_equal(sw_rm_tree(C->folder, &C->err), 0);
    sw_arena_free(C->a);
}

static SwStr content(Copies *C, const char *path) {
    SwStr text;
    assert_int_equal(sw_file_read(C->a, path, SW_MIB, &text, &C->err), 0);
    return text;
}

static void put(Copies *C, SwStr text) {
    (void)unlink(C->rt.runc_bin);
    assert_int_equal(sw_file_write(C->rt.runc_bin, text, 0755, &C->err), 0);
}

static void nobody_can_write_to_the_copy(void **state) {
    Copies C;
    begin(&C);
    put(&C, SW_STR("#!/bin/sh\nexit 0\n"));
    const char *path = sw_runc(&C.rt, C.a);
    assert_string_not_equal(path, C.rt.runc_bin);
    assert_string_equal(content(&C, path).p, "#!/bin/sh\nexit 0\n");
    assert_int_equal(access(path, X_OK), 0);
    _sw_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    _sw_close_ int writable = open(path, O_RDWR | O_CLOEXEC);
    assert_true(writable < 0 || (write(writable, "x", 1) < 0 && ftruncate(writable, 0) < 0));
    end(&C);
}

static void one_copy_serves_until_the_program_changes(void **state) {
    Copies C;
    begin(&C);
    put(&C, SW_STR("old"));
    const char *old = sw_runc(&C.rt, C.a);
    assert_string_equal(sw_runc(&C.rt, C.a), old);
    put(&C, SW_STR("upgraded"));
    const char *new = sw_runc(&C.rt, C.a);
    assert_string_equal(content(&C, new).p, "upgraded");
    assert_string_equal(content(&C, old).p, "old"); /* who was given it may still run it */
    end(&C);
}

static void without_a_copy_it_is_the_program_itself(void **state) {
    Copies C;
    begin(&C);
    assert_string_equal(sw_runc(&C.rt, C.a), C.rt.runc_bin); /* it is not there */
    assert_int_equal(mkdir(C.rt.runc_bin, 0755), 0);         /* no file */
    assert_string_equal(sw_runc(&C.rt, C.a), C.rt.runc_bin);
    end(&C);
}

int main(void) {
    const struct CMUnitTest t[] = {
        cmocka_unit_test(nobody_can_write_to_the_copy),
        cmocka_unit_test(one_copy_serves_until_the_program_changes),
        cmocka_unit_test(without_a_copy_it_is_the_program_itself),
    };
    return cmocka_run_group_tests(t, NULL, NULL);
}
