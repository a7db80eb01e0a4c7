/* SPDX-License-Identifier: Apache-2.0 */

/* Lines of a container's log file: an accepted entry's text lies within its line, at its end. */

#include <stdlib.h>

#include "container/room.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SwStr rest = sw_str_n((const char *)data, size), line;
    SwContainerLog e;

    while (sw_str_next(&rest, '\n', &line))
        if (sw_log_entry_parse(line, &e) && e.text.n > 0 && (e.text.p < line.p || e.text.p + e.text.n != line.p + line.n))
            abort();
    return 0;
}
