/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tables: columns in line with bold heads on a terminal, of which the last may run over its edge; where it is too narrow for
 * the others, a line for each value; lines with tabs and without heads in a pipe. */

#include "cli/cli.h"

typedef struct SwTable {
    SwCli *cli;
    const char *title; /* may be NULL; terminals alone show it */
    SwStrList heads;
    struct {
        SwStrList *v;
        size_t n;
    } rows;
} SwTable;

SwTable sw_table(SwCli *cli, const char *title, const char *const *heads); /* heads end with NULL */
#define SW_TABLE(cli, title, ...) sw_table((cli), (title), (const char *const[]){__VA_ARGS__, NULL})
void sw_table_row(SwTable *t, const SwStr *cell, size_t n);
#define SW_ROW(t, ...) sw_table_row((t), (const SwStr[]){__VA_ARGS__}, sizeof((const SwStr[]){__VA_ARGS__}) / sizeof(SwStr))
void sw_table_print(const SwTable *t);
/* "250 ms", "12.3 s", "4 min 5 s", "3 h 20 min", "2.5 days" */
SwStr sw_table_duration(SwArena *a, double seconds);
