/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether a target's work is linear in its input. Links with one target. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Inputs that begin as the file does; false, and a line for each that is not: some take time that grows faster. */
bool grow_file(const char *path);
