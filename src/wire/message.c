/* SPDX-License-Identifier: Apache-2.0 */

/* Headers of a message. Lists are short; a walk is faster than a table. */

#include "wire/wire.h"

SwStr sw_header_find(const SwHeaderList *h, const char *name) {
    for (size_t i = 0; i < h->n; i++)
        if (sw_str_ieq(h->v[i].name, sw_str(name)))
            return h->v[i].value;
    return SW_NO_STR;
}

void sw_header_add(SwArena *a, SwHeaderList *h, SwStr name, SwStr value) {
    *sw_list_add(a, h) = (SwHeader){name, value};
}

void sw_header_set(SwArena *a, SwHeaderList *h, SwStr name, SwStr value) {
    size_t kept = 0;
    for (size_t i = 0; i < h->n; i++)
        if (!sw_str_ieq(h->v[i].name, name))
            h->v[kept++] = h->v[i];
    if (kept == h->n) {
        sw_header_add(a, h, name, value);
        return;
    }
    h->v[kept] = (SwHeader){name, value};
    h->n = kept + 1;
}
