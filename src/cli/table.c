/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people and for pipes. */

#include "cli/table.h"

SwTable sw_table(SwCli *cli, const char *title, const char *const *heads) {
    SwTable t = {.cli = cli, .title = title};
    for (; *heads; heads++)
        sw_str_list_add(cli->arena, &t.heads, sw_str(*heads));
    return t;
}

/* Names are whatever somebody chose: none of them moves a terminal's cursor, or begins a line or a column of its own. */
static SwStr plain(SwArena *a, SwStr s) {
    char *p = NULL;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
        if (c >= 0x20 && c != 0x7f && !(c == 0xc2 && next >= 0x80 && next < 0xa0)) /* C1 */
            continue;
        p = p ? p : (char *)(uintptr_t)sw_str_dup(a, s).p;
        p[i] = '?';
        if (c == 0xc2)
            p[++i] = '?';
    }
    return p ? sw_str_n(p, s.n) : s;
}

void sw_table_row(SwTable *t, const SwStr *cell, size_t n) {
    SwStrList *row = sw_list_add(t->cli->arena, &t->rows);
    for (size_t i = 0; i < n; i++)
        sw_str_list_add(t->cli->arena, row, cell[i].p ? plain(t->cli->arena, cell[i]) : SW_STR("-"));
}

/* Columns that a terminal needs: one for each UTF-8 character. */
static size_t width(SwStr s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += (s.p[i] & 0xc0) != 0x80;
    return n;
}

static void print_lines(const SwTable *t) {
    for (size_t i = 0; i < t->rows.n; i++)
        for (size_t k = 0; k < t->rows.v[i].n; k++)
            printf("%.*s%c", SW_FMT(t->rows.v[i].v[k]), k + 1 < t->rows.v[i].n ? '\t' : '\n');
}

static void print_row(const SwTable *t, const SwStrList *row, const size_t *wide, const char *on, const char *off) {
    for (size_t k = 0; k < row->n; k++) {
        size_t pad = k + 1 < row->n ? wide[k] - width(row->v[k]) + 2 : 0;
        printf("%s%.*s%s%*s", on, SW_FMT(row->v[k]), off, (int)pad, "");
    }
    printf("\n");
}

/* Columns of each column; returns what a line takes but for the last one, which may run over the edge and of which the head
 * alone counts. */
static size_t measure(const SwTable *t, size_t *wide) {
    size_t all = 0;
    for (size_t k = 0; k < t->heads.n; k++) {
        wide[k] = width(t->heads.v[k]);
        for (size_t i = 0; i < t->rows.n; i++)
            wide[k] = SW_MAX(wide[k], width(t->rows.v[i].v[k]));
        all += (k + 1 < t->heads.n ? wide[k] : width(t->heads.v[k])) + (k ? 2 : 0);
    }
    return all;
}

/* Nothing is cut off, so that an address can still be copied: each value has a line of its own. */
static void print_records(const SwTable *t, const char *dim, const char *off) {
    size_t name = 0;
    for (size_t k = 0; k < t->heads.n; k++)
        name = SW_MAX(name, width(t->heads.v[k]));
    for (size_t i = 0; i < t->rows.n; i++) {
        for (size_t k = 0; k < t->heads.n; k++)
            printf("%s%.*s%s%*s%.*s\n", dim, SW_FMT(t->heads.v[k]), off, (int)(name - width(t->heads.v[k]) + 2), "",
                   SW_FMT(t->rows.v[i].v[k]));
        if (i + 1 < t->rows.n)
            printf("\n");
    }
}

void sw_table_print(const SwTable *t) {
    const char *bold = t->cli->color ? "\033[1m" : "", *dim = t->cli->color ? "\033[2m" : "",
               *off = t->cli->color ? "\033[0m" : "";
    if (!t->rows.n)
        return;
    if (!t->cli->terminal) {
        print_lines(t);
        return;
    }
    size_t *wide = sw_new_n(t->cli->arena, size_t, t->heads.n);
    size_t all = measure(t, wide);
    if (t->title)
        printf("%s%s%s\n", bold, t->title, off);
    if (t->cli->columns && all > t->cli->columns) {
        print_records(t, dim, off);
        return;
    }
    print_row(t, &t->heads, wide, dim, off);
    for (size_t i = 0; i < t->rows.n; i++)
        print_row(t, &t->rows.v[i], wide, "", "");
}

SwStr sw_table_duration(SwArena *a, double s) {
    int64_t n = (int64_t)(s + 0.5);
    if (s > 0 && s < 1)
        return sw_strf(a, "%.0f ms", 1000 * s);
    if (s < 60)
        return sw_strf(a, "%.1f s", s);
    if (s < 3600)
        return sw_strf(a, "%d min %d s", (int)(n / 60), (int)(n % 60));
    if (s < 2 * 86400)
        return sw_strf(a, "%d h %d min", (int)(n / 3600), (int)(n / 60 % 60));
    return sw_strf(a, "%.1f days", s / 86400);
}
