/* SPDX-License-Identifier: Apache-2.0 */

/* DNS messages: needs no privilege. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "container/room.h"

#define HEAD "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define LABEL63 \
    "\x3f" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void questions_are_read_within_bounds(void **state) {
    static const struct {
        const char *label, *p;
        size_t n;
        const char *name; /* NULL: refused */
    } cases[] = {
        {"plain",
         HEAD "\x02"
              "Db\x05local\0\0\x01\0\x01",
         12 + 10 + 4, "db.local"},
        {"root", HEAD "\0\0\x01\0\x01", 17, ""},
        {"no type",
         HEAD "\x02"
              "db\0\0\x01",
         12 + 4 + 2, NULL},
        {"label past the end",
         HEAD "\x3f"
              "db\0\0\x01\0\x01",
         12 + 8, NULL},
        {"compressed", HEAD "\xc0\x0c\0\x01\0\x01", 12 + 6, NULL},
        {"a dot in a label",
         HEAD "\x03"
              "a.b\0\0\x01\0\x01",
         12 + 9, NULL},
        {"a response",
         "\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01"
         "a\0\0\x01\0\x01",
         19, NULL},
        {"two questions",
         "\x12\x34\x01\x00\x00\x02\x00\x00\x00\x00\x00\x00\x01"
         "a\0\0\x01\0\x01",
         19, NULL},
        {"too long", HEAD LABEL63 LABEL63 LABEL63 LABEL63 "\0\0\x01\0\x01", 12 + 256 + 5, NULL},
        {"empty", "", 0, NULL},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwDnsQuestion q;
        bool ok = sw_dns_parse((const uint8_t *)cases[i].p, cases[i].n, &q);
        if (ok != (cases[i].name != NULL))
            fail_msg("%s: %d", cases[i].label, ok);
        if (ok)
            assert_string_equal(q.name, cases[i].name);
    }
}

static void answers_fit_and_carry_addresses(void **state) {
    static const char query[] = HEAD "\x02"
                                     "Db\x05local\0\0\x01\0\x01";
    const uint32_t ip[2] = {0x0a0b0c0d, 0x01020304};
    uint8_t out[64];
    SwDnsQuestion q;
    assert_true(sw_dns_parse((const uint8_t *)query, sizeof(query) - 1, &q));
    size_t n = sw_dns_answer((const uint8_t *)query, &q, ip, 2, 0, 5, out, sizeof(out));
    assert_int_equal(n, q.end + 32);
    assert_int_equal(out[7], 2);
    assert_memory_equal(out + n - 4, "\x01\x02\x03\x04", 4);
    n = sw_dns_answer((const uint8_t *)query, &q, ip, 2, 0, 5, out, q.end + 20); /* room for one */
    assert_int_equal(out[7], 1);
    n = sw_dns_answer((const uint8_t *)query, &q, NULL, 0, 3, 5, out, sizeof(out));
    assert_int_equal(n, q.end);
    assert_int_equal(out[3] & 15, 3);
}

int main(void) {
    const struct CMUnitTest t[] = {cmocka_unit_test(questions_are_read_within_bounds),
                                   cmocka_unit_test(answers_fit_and_carry_addresses)};
    return cmocka_run_group_tests(t, NULL, NULL);
}
