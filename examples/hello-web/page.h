/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

/* The answer to one request line: status, and the body as text. Pure, so that tests need no network. */
int page(const char *method, const char *path, char *body, size_t size);
