/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP layer alone: every request is read in full and answered by an empty 200. What reads are measured against.
 *     bench_http        prints its port, and serves until its standard input ends */

#include <stdio.h>

#include "http/server.h"

static bool begin(void *arg, SwHttpRequest *rq) {
    return true;
}

static void handle(void *arg, SwHttpRequest *rq) {
    rq->reply.status = 200;
}

int main(void) {
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwHttpServer *s = NULL;
    SwHttpServerOptions o = {.handler = {.begin = begin, .handle = handle}};
    uint16_t port = 0;
    if (sw_http_server_new(&o, &s, &err) < 0 || sw_http_listen(s, "127.0.0.1", 0, NULL, &port, &err) < 0 ||
        sw_http_server_start(s, &err) < 0) {
        fprintf(stderr, "%s (%s)\n", err.message, err.cause);
        return 1;
    }
    printf("%u\n", port);
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    sw_http_server_stop(s, 1000);
    sw_arena_free(a);
    return 0;
}
