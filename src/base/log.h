/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Structured log, one event a line on standard error: `time=... level=info msg="..." key=value ...`.
 * The message is a constant in lower case; values are fields:
 *     sw_log(SW_WARN, "image pull failed", SW_F("task", id), SW_F("cause", err.cause));
 * Threads: any; a line is written with one write(2). Never log secrets. */

#include "base/str.h"

typedef enum SwLogLevel { SW_DEBUG, SW_INFO, SW_WARN, SW_ERROR } SwLogLevel;

typedef struct SwLogField {
    const char *key;
    SwStr value;
} SwLogField;

void sw_log_level(SwLogLevel least); /* default SW_INFO, SLIPWAY_LOG=debug|info|warn|error */
void sw_log_fields(SwLogLevel level, const char *msg, const SwLogField *f, size_t n);
SwStr sw_log_num(char buf[static 32], int64_t v);

static inline SwStr sw_log_str_(SwStr s) {
    return s;
}
static inline SwStr sw_log_z_(const char *z) {
    return sw_str(z);
}
#define SW_F(k, v)  ((SwLogField){(k), _Generic((v), SwStr : sw_log_str_, char * : sw_log_z_, const char * : sw_log_z_)(v)})
#define SW_FN(k, v) ((SwLogField){(k), sw_log_num((char[32]){0}, (int64_t)(v))}) /* a number */
#define sw_log(level, msg, ...) \
    sw_log_fields((level), (msg), (SwLogField[]){__VA_ARGS__}, sizeof((SwLogField[]){__VA_ARGS__}) / sizeof(SwLogField))
