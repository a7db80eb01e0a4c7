/* SPDX-License-Identifier: Apache-2.0 */
/* `fsck DATA`: does what a server left in its data folder agree with itself (store/check.h)? A line for each finding;
 * status 0: none, 1: some, 2: it could not be looked at (a server runs there). */

#include <stdio.h>

#include "base/file.h"
#include "known.h"

static int check(SwArena *a, const char *data, SwStrList *ret, SwError *err) {
    const SwStoreKnown k = known(a);
    SwStore *s = NULL;
    SwBlobs *b = NULL;
    SwTx *tx = NULL;
    int r = -1;
    if (sw_store_open(sw_path(a, data, "store"), &s, err) == 0 && sw_blobs_open(data, s, &b, err) == 0 &&
        sw_tx_begin(s, a, SW_READ, SW_STR(""), SW_STR(""), &tx, err) == 0)
        r = sw_store_check(tx, b, &k, ret, err);
    sw_tx_rollback(tx);
    sw_blobs_close(b);
    sw_store_close(s);
    return r;
}

int main(int argc, char **argv) {
    _sw_arena_ SwArena *a = sw_arena_new(SW_GIB);
    SwError err = sw_error(a);
    SwStrList found;
    if (argc != 2) {
        fprintf(stderr, "usage: fsck DATA\n");
        return 2;
    }
    if (check(a, argv[1], &found, &err) < 0) {
        fprintf(stderr, "fsck: %s (%s)\n", err.message, err.cause ? err.cause : "no cause");
        return 2;
    }
    for (size_t i = 0; i < found.n; i++)
        printf("%.*s\n", SW_FMT(found.v[i]));
    return found.n > 0;
}
