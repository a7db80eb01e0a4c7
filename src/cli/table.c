/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people and for pipes. */

#include "cli/table.h"

SwTable sw_table(SwCli *cli, const char *title, const char *const *heads) {
    SwTable t = {.cli = cli, .title = title};
    for (; *heads; heads++)
        sw_str_list_add(cli->arena, &t.heads, sw_str(*heads));
    return t;
}

void sw_table_row(SwTable *t, const SwStr *cell, size_t n) {
    SwStrList *row = sw_list_add(t->cli->arena, &t->rows);
    for (size_t i = 0; i < n; i++)
        sw_str_list_add(t->cli->arena, row, cell[i].p ? cell[i] : SW_STR("-"));
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

void sw_table_print(const SwTable *t) {
    bool color = t->cli->color;
    if (!t->rows.n)
        return;
    if (!t->cli->terminal) {
        print_lines(t);
        return;
    }
    size_t *wide = sw_new_n(t->cli->arena, size_t, t->heads.n);
    for (size_t k = 0; k < t->heads.n; k++) {
        wide[k] = width(t->heads.v[k]);
        for (size_t i = 0; i < t->rows.n; i++)
            wide[k] = SW_MAX(wide[k], width(t->rows.v[i].v[k]));
    }
    if (t->title)
        printf("%s%s%s\n", color ? "\033[1m" : "", t->title, color ? "\033[0m" : "");
    print_row(t, &t->heads, wide, color ? "\033[2m" : "", color ? "\033[0m" : "");
    for (size_t i = 0; i < t->rows.n; i++)
        print_row(t, &t->rows.v[i], wide, "", "");
}

SwStr sw_table_duration(SwArena *a, double s) {
    int64_t n = (int64_t)(s + 0.5);
    if (s < 60)
        return sw_strf(a, "%.1f s", s);
    if (s < 3600)
        return sw_strf(a, "%d min %d s", (int)(n / 60), (int)(n % 60));
    if (s < 2 * 86400)
        return sw_strf(a, "%d h %d min", (int)(n / 3600), (int)(n / 60 % 60));
    return sw_strf(a, "%.1f days", s / 86400);
}
