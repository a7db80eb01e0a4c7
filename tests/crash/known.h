/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the whole program knows, for sw_store_check. */

#include "api/service.h"
#include "store/check.h"

typedef struct Names {
    const char **v;
    size_t n;
} Names;
typedef struct Collections {
    const SwCollection **v;
    size_t n;
} Collections;

static inline SwStoreKnown known(SwArena *a) {
    Names controllers = {0}, listeners = {0};
    Collections collections = {0};
    for (const SwService *const *s = sw_services; *s; s++) {
        for (const SwCollection *const *c = (*s)->collections; c && *c; c++)
            *sw_list_add(a, &collections) = *c;
        for (const SwController *const *c = (*s)->controllers; c && *c; c++)
            *sw_list_add(a, &controllers) = (*c)->name;
        for (size_t i = 0; i < (*s)->n_listeners; i++)
            *sw_list_add(a, &listeners) = (*s)->listeners[i].name;
    }
    *sw_list_add(a, &collections) = NULL;
    *sw_list_add(a, &controllers) = NULL;
    *sw_list_add(a, &listeners) = NULL;
    return (SwStoreKnown){collections.v, controllers.v, listeners.v};
}
