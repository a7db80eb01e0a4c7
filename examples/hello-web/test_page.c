/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests: `make test`. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "page.h"

static int failures;

static void check(int ok, const char *what) {
    printf("%s: %s\n", ok ? "ok" : "FAILED", what);
    failures += !ok;
}

int main(void) {
    char body[256];
    check(page("GET", "/", body, sizeof body) == 200, "the front page is there");
    check(strstr(body, "hello from " VERSION) != NULL, "the front page greets and says its version");
    check(page("GET", "/nothing", body, sizeof body) == 404, "other pages are not");
    check(page("POST", "/", body, sizeof body) == 405, "nothing can be posted");
    return failures != 0;
}
