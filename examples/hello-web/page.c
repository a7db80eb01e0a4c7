/* SPDX-License-Identifier: Apache-2.0 */
/* What this site says. */
#include "page.h"

#include <stdio.h>
#include <string.h>

#include "config.h"

int page(const char *method, const char *path, char *body, size_t size) {
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        snprintf(body, size, "only GET and HEAD\n");
        return 405;
    }
    if (strcmp(path, "/health") == 0) {
        snprintf(body, size, "%s\n", HEALTH_STATUS == 200 ? "healthy" : "not healthy");
        return HEALTH_STATUS;
    }
    if (strcmp(path, "/") == 0) {
        snprintf(body, size, "%s from %s\n", GREETING, VERSION);
        return 200;
    }
    snprintf(body, size, "no such page\n");
    return 404;
}
