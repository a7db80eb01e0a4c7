/* SPDX-License-Identifier: Apache-2.0 */
/* Metric series and log events. */

#include "fixture.h"

#include "store/series.h"

#define T0 (SW_DAY * 20000)

static void add(Fixture *f, SwTx *tx, int resolution, SwTime at, double value, double count) {
    OK(f, sw_series_add(tx, SW_STR("s"), resolution, at, &(SwSample){value, count}, 1, &f->err));
}

static SwBucketList read_all(Fixture *f, SwTx *tx, SwTime from, SwTime to, int period) {
    SwBucketList l;
    OK(f, sw_series_read(tx, SW_STR("s"), from, to, period, true, &l, &f->err));
    return l;
}

static void values_of_a_minute_are_one_bucket(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_WRITE);
    add(f, tx, 60, T0 + 5 * SW_S, 3, 1);
    add(f, tx, 60, T0 + 59 * SW_S, 1, 2);
    add(f, tx, 60, T0 + 30 * SW_S, 3, 1);
    add(f, tx, 60, T0 + 60 * SW_S, 9, 1);
    SwBucketList l = read_all(f, tx, T0, T0 + SW_HOUR, 60);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.v[0].start, T0);
    assert_true(l.v[0].count == 4 && l.v[0].sum == 8 && l.v[0].min == 1 && l.v[0].max == 3);
    assert_int_equal(l.v[0].n_sample, 2);
    assert_true(l.v[0].sample[0].value == 1 && l.v[0].sample[0].count == 2);
    assert_true(l.v[0].sample[1].value == 3 && l.v[0].sample[1].count == 2);
    assert_int_equal(read_all(f, tx, T0 + SW_MINUTE, T0 + SW_HOUR, 60).n, 1);
    assert_int_equal(read_all(f, tx, T0, T0 + SW_MINUTE, 60).n, 1);
    OK(f, sw_tx_commit(&tx, &f->err));
}

static void longer_periods_merge_buckets_with_their_samples(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_WRITE);
    for (int i = 0; i < 20; i++) /* two resolutions side by side */
        add(f, tx, i % 2 ? 1 : 60, T0 + i * SW_MINUTE, i % 5, 1);
    SwBucketList l = read_all(f, tx, T0, T0 + SW_HOUR, 300);
    assert_int_equal(l.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(l.v[i].start, T0 + (SwTime)i * 5 * SW_MINUTE);
        assert_true(l.v[i].count == 5 && l.v[i].sum == 10 && l.v[i].min == 0 && l.v[i].max == 4);
        assert_int_equal(l.v[i].n_sample, 5);
        for (int k = 0; k < 5; k++)
            assert_true(l.v[i].sample[k].value == k && l.v[i].sample[k].count == 1);
    }
    sw_tx_rollback(tx);
}

static void percentiles_are_exact_or_not_known(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_WRITE);
    OK(f, sw_series_add_set(tx, SW_STR("s"), 60, T0, 3, 15, 5, 5, &f->err));
    SwBucketList l = read_all(f, tx, T0, T0 + SW_HOUR, 60);
    assert_int_equal(l.v[0].n_sample, 1); /* a set of equal values is known */
    OK(f, sw_series_add_set(tx, SW_STR("s"), 60, T0, 2, 7, 1, 6, &f->err));
    add(f, tx, 60, T0, 2, 1);
    add(f, tx, 60, T0 + SW_MINUTE, 2, 1);
    l = read_all(f, tx, T0, T0 + SW_HOUR, 60);
    assert_int_equal(l.v[0].n_sample, 0);
    assert_true(l.v[0].count == 6 && l.v[0].sum == 24 && l.v[0].min == 1 && l.v[0].max == 6);
    assert_int_equal(l.v[1].n_sample, 1);
    assert_int_equal(read_all(f, tx, T0, T0 + SW_HOUR, 3600).v[0].n_sample, 0);
    SwSample many[SW_SERIES_VALUES_MAX + 1];
    for (int i = 0; i <= SW_SERIES_VALUES_MAX; i++)
        many[i] = (SwSample){SW_SERIES_VALUES_MAX - i, 1};
    OK(f, sw_series_add(tx, SW_STR("s"), 60, T0 + SW_HOUR, many, SW_SERIES_VALUES_MAX, &f->err));
    OK(f, sw_series_add(tx, SW_STR("s"), 60, T0 + 2 * SW_HOUR, many, SW_SERIES_VALUES_MAX + 1, &f->err));
    l = read_all(f, tx, T0 + SW_HOUR, T0 + SW_DAY, 60);
    assert_int_equal(l.v[0].n_sample, SW_SERIES_VALUES_MAX);
    assert_int_equal(l.v[1].n_sample, 0);
    sw_tx_rollback(tx);
}

static void trim_removes_old_buckets_only(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_WRITE);
    add(f, tx, 60, T0, 1, 1);
    add(f, tx, 1, T0, 1, 1);
    add(f, tx, 60, T0 + SW_HOUR, 1, 1);
    OK(f, sw_series_trim(tx, T0 + SW_MINUTE, &f->err));
    assert_int_equal(read_all(f, tx, 0, T0 + SW_DAY, 60).n, 1);
    OK(f, sw_series_trim(tx, T0 + SW_DAY, &f->err));
    assert_int_equal(read_all(f, tx, 0, T0 + SW_DAY, 60).n, 0);
    sw_tx_rollback(tx);
}

/* --- logs ------------------------------------------------------------------------------------------------------------ */

static void append(Fixture *f, SwTx *tx, const char *stream, SwTime at, const char *text) {
    SwLogEvent e = {.timestamp = at, .ingested = T0, .message = sw_str(text)};
    OK(f, sw_logs_append(tx, SW_STR("g"), sw_str(stream), &e, 1, &f->err));
}

static const char *pages(Fixture *f, SwTx *tx, SwLogQuery q, size_t limit) {
    SwBuf b = sw_buf(f->a, SW_MIB);
    q.group = SW_STR("g");
    q.limit = limit;
    while (true) {
        SwLogEventList l;
        OK(f, sw_logs_read(tx, &q, &l, &f->err));
        for (size_t i = 0; i < l.n; i++)
            sw_buf_adds(&b, l.v[i].message);
        if (l.n == 0 || limit == 0)
            return sw_buf_str(&b).p;
        assert_true(l.n <= limit);
        q.after_time = l.v[l.n - 1].timestamp;
        q.after_sequence = l.v[l.n - 1].sequence;
    }
}

static void logs_page_both_ways_in_order_of_time_and_arrival(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_WRITE);
    append(f, tx, "x", T0 + 2, "c");
    append(f, tx, "y", T0 + 1, "a");
    append(f, tx, "x", T0 + 1, "b");
    append(f, tx, "y", T0 + 2, "d");
    append(f, tx, "x", T0 + 2, "e");
    append(f, tx, "z", T0 + 3, "f");
    SwStr x[] = {SW_STR("x")}, xz[] = {SW_STR("x"), SW_STR("none"), SW_STR("z")}, none[] = {SW_STR("none")};
    const struct {
        SwLogQuery q;
        const char *want;
    } cases[] = {
        {{.limit = 0}, "abcdef"},
        {{.backward = true}, "fedcba"},
        {{.stream = x, .n_stream = 1}, "bce"},
        {{.stream = x, .n_stream = 1, .backward = true}, "ecb"},
        {{.stream = xz, .n_stream = 3}, "bcef"},
        {{.stream = xz, .n_stream = 3, .backward = true}, "fecb"},
        {{.stream = none, .n_stream = 1}, ""},
        {{.from = T0 + 2}, "cdef"},
        {{.from = T0 + 1, .to = T0 + 3}, "abcde"},
        {{.stream = x, .n_stream = 1, .to = T0 + 2, .backward = true}, "b"},
    };
    for (size_t c = 0; c < SW_N(cases); c++) {
        for (size_t limit = 0; limit < 8; limit++)
            assert_string_equal(pages(f, tx, cases[c].q, limit), cases[c].want);
    }
    sw_tx_rollback(tx);
}

static void logs_are_deleted_by_age_stream_and_group(void **state) {
    Fixture *f = *state;
    SwTx *tx = begin(f, SW_WRITE);
    for (int i = 0; i < 4; i++)
        append(f, tx, i % 2 ? "x" : "y", T0 + i, (char[]){(char)('a' + i), 0});
    OK(f, sw_logs_delete(tx, SW_STR("g"), SW_NO_STR, T0 + 1, &f->err));
    assert_string_equal(pages(f, tx, (SwLogQuery){0}, 0), "bcd");
    OK(f, sw_logs_delete(tx, SW_STR("g"), SW_STR("x"), T0 + 2, &f->err));
    assert_string_equal(pages(f, tx, (SwLogQuery){0}, 0), "cd");
    OK(f, sw_logs_delete(tx, SW_STR("g"), SW_STR("x"), 0, &f->err));
    assert_string_equal(pages(f, tx, (SwLogQuery){0}, 0), "c");
    OK(f, sw_logs_delete(tx, SW_STR("g"), SW_NO_STR, 0, &f->err));
    assert_string_equal(pages(f, tx, (SwLogQuery){0}, 0), "");
    OK(f, sw_logs_delete(tx, SW_STR("unknown"), SW_NO_STR, 0, &f->err));
    sw_tx_rollback(tx);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(values_of_a_minute_are_one_bucket),
        T(longer_periods_merge_buckets_with_their_samples),
        T(percentiles_are_exact_or_not_known),
        T(trim_removes_old_buckets_only),
        T(logs_page_both_ways_in_order_of_time_and_arrival),
        T(logs_are_deleted_by_age_stream_and_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
