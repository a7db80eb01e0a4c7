/* SPDX-License-Identifier: Apache-2.0 */
/* Small things that every resource of the service needs: names, pages, tags, events. */

#include "ecs.h"

#include "base/id.h"

bool ecs_is(SwStr s, const char *word) {
    return sw_str_eqz(s, word);
}

bool ecs_has(const SwStrList *l, const char *word) {
    return sw_str_list_has(l, sw_str(word));
}

SwStr ecs_short_name(SwStr ref) {
    size_t at;
    return sw_str_rfind(ref, '/', &at) ? sw_str_skip(ref, at + 1) : ref;
}

SwStr ecs_asked_arn(SwStr ref, SwStr arn) {
    return sw_str_starts(ref, SW_STR("arn:")) ? ref : arn;
}

SwStr ecs_new_id(SwArena *a) {
    return sw_id_hex(a, 32);
}

SwStr ecs_service_key(SwArena *a, SwStr cluster, SwStr service) {
    return sw_strf(a, "%.*s/%.*s", SW_FMT(cluster), SW_FMT(service));
}

bool ecs_is_name(SwStr s) {
    return s.n > 0 && s.n <= 255 && sw_str_all(s, "a-zA-Z0-9_-");
}

void ecs_tags_merge(SwArena *a, EcsTagList *into, const EcsTagList *from) {
    EcsTagList merged = {0};
    for (size_t i = 0; i < into->n; i++)
        *sw_list_add(a, &merged) = into->v[i];
    for (size_t i = 0; i < from->n; i++) {
        size_t k = 0;
        while (k < merged.n && !sw_str_eq(merged.v[k].key, from->v[i].key))
            k++;
        if (k == merged.n)
            sw_list_add(a, &merged);
        merged.v[k] = from->v[i];
    }
    *into = merged;
}

void ecs_failure(SwArena *a, EcsFailureList *l, SwStr arn, const char *reason) {
    EcsFailure *f = sw_list_add(a, l);
    f->arn = arn;
    f->reason = sw_str(reason);
}

SwStr ecs_key_value(const EcsKeyValuePairList *l, const char *name) {
    for (size_t i = 0; i < l->n; i++)
        if (ecs_is(l->v[i].name, name))
            return l->v[i].value;
    return SW_NO_STR;
}

void ecs_key_value_set(SwArena *a, EcsKeyValuePairList *l, const char *name, SwStr value) {
    EcsKeyValuePair *p = sw_list_add(a, l);
    p->name = sw_str(name);
    p->value = value;
}
