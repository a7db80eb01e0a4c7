/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pages of lists. The model says which members hold token, limit, next token and result (SwOperation.page); a handler says
 * what the list is of, who is wanted and how one is shown:
 *
 *     return sw_page(cx, &(SwPage){.of = &ecr_repositories, .show = show, .usual = 100}, out, err);
 *
 * A page is full while there is more, so that its clients are not led on to an empty one; the exception is a filter that
 * passes thousands by. It goes on behind what it last showed, by order: what comes and goes between two pages
 * makes no other be left out or shown twice.
 *
 * A token is opaque and keeps for ever. It is bound to the operation and to all else that was asked but the limit: with
 * other filters it is refused, in the service's words (SwService.bad_token), unless the service has loose_tokens. */

#include "api/ctx.h"

/* A list that is no collection: what is known of an object in memory. Keys are unlike each other and give the order; their
 * own order in the list does not matter. Number keys: sw_index_number. */
typedef struct SwPageItem {
    SwStr key;
    const void *v; /* a row's record */
} SwPageItem;
typedef struct SwPageItems {
    SwPageItem *v;
    size_t n;
} SwPageItems;

typedef struct SwPageFault {
    const SwErrorKind *kind;                           /* NULL: what a broken limit of the model fails with */
    const char *text;                                  /* "{token}" and "{operation}" stand for theirs */
    int (*fail)(SwCtx *cx, SwStr token, SwError *err); /* in place of both, where the error tells more than a text */
} SwPageFault;

/* arg: the page's own. */
typedef int SwPageWantFn(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err);
/* to: a zeroed element of the output's (first) list: a structure, a SwStr *, a map's entry; NULL for a scattered page. */
typedef int SwPageShowFn(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err);

typedef struct SwPage {
    const SwCollection *of; /* listed in the order of the query, whose limit and after are the pager's; or NULL */
    SwDocQuery q;
    SwPageItems items; /* in the order of their keys (q.descending: from the last), behind the rows where there are both */
    bool items_first;
    SwPageWantFn *want; /* NULL: all */
    SwPageShowFn *show; /* NULL: a text is the row's id, a structure takes the record's members of the same names */
    const void *arg;
    size_t usual, most;           /* elements of a page: if no limit is given, at most. 0: as many as pages have at most */
    bool scattered;               /* an element has its place in one of several lists: show puts it there */
    bool omit_empty;              /* no list rather than an empty one */
    const SwPageFault *bad_token; /* NULL: the service's */
} SwPage;

#define SW_PAGE_MOST 10000 /* elements of any page */

/* In cx->tx, in an operation that has pages. Fills the list, next token and is-truncated of `out`. */
int sw_page(SwCtx *cx, const SwPage *p, void *out, SwError *err) sw_must_check;

/* The parts of it, for lists whose place is no row's. *ret_place: what sw_page_next was given, absent without a token. */
int sw_page_place(SwCtx *cx, const SwPageFault *bad_token, SwStr *ret_place, SwError *err) sw_must_check;
int sw_page_limit(SwCtx *cx, size_t usual, size_t most, size_t *ret_limit, SwError *err) sw_must_check;
void sw_page_next(SwCtx *cx, void *out, SwStr place); /* absent: this was the last */
/* A place that was bound to this list, but that its reader does not understand. */
int sw_page_bad_token(SwCtx *cx, const SwPageFault *bad_token, SwError *err) sw_must_check;
