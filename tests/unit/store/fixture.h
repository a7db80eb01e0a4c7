/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A small record and a folder of its own for each test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../folder.h"
#include "base/file.h"
#include "store/store.h"

typedef struct Status {
    SwStr code;
} Status;
typedef struct Record {
    SwStr name, group;
    SwOptInt number;
    Status *status;
    SwStrList tags;
} Record;

static const SwShape shape_text = {.name = "Text", .kind = SW_STRING, .size = sizeof(SwStr)};
static const SwShape shape_int = {.name = "Int", .kind = SW_LONG, .size = sizeof(SwOptInt)};
static const SwMember status_members[] = {{.name = "code", .shape = &shape_text, .offset = offsetof(Status, code)}};
static const SwShape shape_status = {
    .name = "Status", .kind = SW_STRUCTURE, .size = sizeof(Status), .member = status_members, .n_member = 1};
static const SwMember text_element[] = {{.name = "member", .shape = &shape_text}};
static const SwShape shape_texts = {
    .name = "Texts", .kind = SW_LIST, .size = sizeof(SwStrList), .member = text_element, .n_member = 1};
static const SwMember record_members[] = {
    {.name = "name", .shape = &shape_text, .offset = offsetof(Record, name)},
    {.name = "group", .shape = &shape_text, .offset = offsetof(Record, group)},
    {.name = "number", .shape = &shape_int, .offset = offsetof(Record, number)},
    {.name = "status", .shape = &shape_status, .offset = offsetof(Record, status)},
    {.name = "tags", .shape = &shape_texts, .offset = offsetof(Record, tags)},
};
static const SwShape shape_record = {
    .name = "Record", .kind = SW_STRUCTURE, .size = sizeof(Record), .member = record_members, .n_member = SW_N(record_members)};

static const SwCollection things = {.name = "test/thing",
                                    .shape = &shape_record,
                                    .indexes = {{.name = "by_group", .member = {"group", "number"}},
                                                {.name = "by_name", .member = {"name"}, .unique = true},
                                                {.name = "by_status", .member = {"status.code"}},
                                                {.name = "by_tag", .member = {"tags"}}}};

typedef struct Fixture {
    SwArena *a;
    SwStore *s;
    char folder[TEST_FOLDER];
    const char *dir; /* the store's, in it */
    SwError err;
} Fixture;

static inline void ok_(Fixture *f, int r, const char *what, const char *file, int line) {
    if (r == 0)
        return;
    print_error("%s: %s (%s)\n", what, f->err.message, f->err.cause ? f->err.cause : "no cause");
    _fail(file, line);
}
#define OK(f, call) ok_((f), (call), #call, __FILE__, __LINE__)

static inline int setup(void **state) {
    SwArena *a = sw_arena_new(SW_GIB);
    Fixture *f = sw_new(a, Fixture);
    f->a = a;
    f->err = sw_error(a);
    if (!test_folder(f->folder))
        return -1;
    f->dir = sw_path(a, f->folder, "store");
    OK(f, sw_store_open(f->dir, &f->s, &f->err));
    *state = f;
    return 0;
}

static inline int teardown(void **state) {
    Fixture *f = *state;
    sw_store_close(f->s);
    OK(f, sw_rm_tree(f->folder, &f->err));
    sw_arena_free(f->a);
    return 0;
}

static inline void reopen(Fixture *f) {
    sw_store_close(f->s);
    f->s = NULL;
    OK(f, sw_store_open(f->dir, &f->s, &f->err));
}

static inline SwTx *begin(Fixture *f, SwTxMode mode) {
    SwTx *tx;
    OK(f, sw_tx_begin(f->s, f->a, mode, SW_STR("111111111111"), SW_STR("us-east-1"), &tx, &f->err));
    return tx;
}

static inline void put(Fixture *f, const char *id, Record r) {
    SwTx *tx = begin(f, SW_WRITE);
    OK(f, sw_doc_put(tx, &things, sw_str(id), &r, &f->err));
    OK(f, sw_tx_commit(&tx, &f->err));
}

static inline Record *get(Fixture *f, const char *id) {
    SwTx *tx = begin(f, SW_READ);
    void *r;
    OK(f, sw_doc_find(tx, &things, sw_str(id), &r, &f->err));
    sw_tx_rollback(tx);
    return r;
}

#define assert_str(s, z) \
    do { \
        SwStr s_ = (s); \
        assert_int_equal(s_.n, strlen(z)); \
        assert_memory_equal(s_.p, (z), s_.n); \
    } while (0)
