/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle rules, pure: which images go. As ECR's user guide says:
 * rules are looked at by priority, lowest number first; an image that matches the tags of a rule
 * can be expired by that rule or not at all by later ones; a later rule still counts images that an
 * earlier one holds. */

#include <stdlib.h>

#include "services/ecr/ecr.h"

#define RULES_MAX 50

typedef enum Tagged { TAGGED, UNTAGGED, ANY } Tagged;
typedef struct Rule {
    int64_t priority, count;
    Tagged tagged;
    SwStrList prefixes, patterns;
    bool by_age; /* days since the push; else keeps the newest `count` */
} Rule;
struct EcrRules {
    Rule v[RULES_MAX];
    size_t n;
};

static int bad(SwError *err, const char *why) {
    return sw_fail(err, &ECR_INVALID_PARAMETER_EXCEPTION,
                   "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
                   "'Lifecycle policy validation failure: %s'",
                   why);
}

static int strings(SwArena *a, const SwValue *v, SwStrList *to, SwError *err) {
    if (!v)
        return 0;
    for (size_t i = 0; i < v->n; i++)
        if (sw_str_is(sw_value_str(&v->v[i])))
            sw_str_list_add(a, to, v->v[i].s);
    return v->kind == SW_VARRAY && to->n == v->n && v->n ? 0 : bad(err, "a list of tags is empty or holds something else");
}

static int selection(SwArena *a, const SwValue *s, Rule *r, SwError *err) {
    SwStr tagged = sw_value_str(sw_value_getz(s, "tagStatus")), type = sw_value_str(sw_value_getz(s, "countType"));
    if (sw_str_eqz(tagged, "tagged"))
        r->tagged = TAGGED;
    else if (sw_str_eqz(tagged, "untagged"))
        r->tagged = UNTAGGED;
    else if (sw_str_eqz(tagged, "any"))
        r->tagged = ANY;
    else
        return bad(err, "tagStatus must be tagged, untagged or any");
    if (strings(a, sw_value_getz(s, "tagPrefixList"), &r->prefixes, err) < 0 ||
        strings(a, sw_value_getz(s, "tagPatternList"), &r->patterns, err) < 0)
        return -1;
    if ((r->tagged == TAGGED) != ((r->prefixes.n > 0) != (r->patterns.n > 0)) ||
        (r->tagged != TAGGED && r->prefixes.n + r->patterns.n))
        return bad(err, "exactly one of tagPrefixList and tagPatternList goes with tagStatus "
                        "tagged, and neither with others");
    r->by_age = sw_str_eqz(type, "sinceImagePushed");
    if (!r->by_age && !sw_str_eqz(type, "imageCountMoreThan"))
        return bad(err, "countType must be imageCountMoreThan or sinceImagePushed; others are not supported");
    SwStr unit = sw_value_str(sw_value_getz(s, "countUnit"));
    if (r->by_age ? !sw_str_eqz(unit, "days") : sw_str_is(unit))
        return bad(err, "countUnit days goes with sinceImagePushed");
    if (!sw_value_i64(sw_value_getz(s, "countNumber"), &r->count) || r->count < 1 || r->count > 1000000)
        return bad(err, "countNumber must be a positive number");
    return 0;
}

static int by_priority(const void *x, const void *y) {
    int64_t a = ((const Rule *)x)->priority, b = ((const Rule *)y)->priority;
    return (a > b) - (a < b);
}

int ecr_rules_parse(SwArena *a, SwStr text, EcrRules **ret, SwError *err) {
    SwValue v;
    SwError syntax = sw_error(a);
    EcrRules *r = sw_new(a, EcrRules);
    if (sw_json_parse(a, text, &v, &syntax) < 0)
        return bad(err, syntax.message);
    const SwValue *rules = sw_value_getz(&v, "rules");
    if (!rules || rules->kind != SW_VARRAY || rules->n == 0 || rules->n > RULES_MAX)
        return bad(err, "rules must be a list of 1 to 50 rules");
    for (size_t i = 0; i < rules->n; i++) {
        Rule *rule = &r->v[r->n++];
        if (!sw_value_i64(sw_value_getz(&rules->v[i], "rulePriority"), &rule->priority) || rule->priority < 1)
            return bad(err, "rulePriority must be a positive number");
        if (!sw_str_eqz(sw_value_str(sw_value_path(&rules->v[i], "action.type")), "expire"))
            return bad(err, "action.type must be expire; others are not supported");
        if (selection(a, sw_value_getz(&rules->v[i], "selection"), rule, err) < 0)
            return -1;
    }
    qsort(r->v, r->n, sizeof(r->v[0]), by_priority);
    for (size_t i = 0; i + 1 < r->n; i++) {
        if (r->v[i].priority == r->v[i + 1].priority)
            return bad(err, "two rules have the same rulePriority");
        if (r->v[i].tagged == ANY)
            return bad(err, "a rule with tagStatus any must have the highest rulePriority");
    }
    *ret = r;
    return 0;
}

static bool matches_all(const Rule *r, const SwStrList *tags) {
    for (size_t i = 0; i < r->prefixes.n + r->patterns.n; i++) {
        bool found = false;
        for (size_t t = 0; t < tags->n && !found; t++)
            found = i < r->prefixes.n ? sw_str_starts(tags->v[t], r->prefixes.v[i])
                                      : sw_str_glob(r->patterns.v[i - r->prefixes.n], tags->v[t]);
        if (!found)
            return false;
    }
    return true;
}

static bool selects(const Rule *r, const EcrAged *i) {
    if (r->tagged == ANY)
        return true;
    if (r->tagged == UNTAGGED)
        return i->tags.n == 0;
    return i->tags.n > 0 && matches_all(r, &i->tags);
}

static int newest_first(const void *x, const void *y) {
    const EcrAged *a = x, *b = y;
    if (a->pushed != b->pushed)
        return a->pushed < b->pushed ? 1 : -1;
    return sw_str_cmp(a->digest, b->digest);
}

void ecr_rules_apply(SwArena *a, const EcrRules *r, EcrAgedList *images, SwTime now, SwTime *ret_next) {
    bool *claimed = sw_new_n(a, bool, images->n + 1);
    *ret_next = INT64_MAX;
    if (images->n)
        qsort(images->v, images->n, sizeof(images->v[0]), newest_first);
    for (size_t n = 0; n < r->n; n++) {
        const Rule *rule = &r->v[n];
        int64_t seen = 0;
        for (size_t i = 0; i < images->n; i++) {
            EcrAged *image = &images->v[i];
            if (!selects(rule, image))
                continue;
            seen++;
            SwTime end = image->pushed + rule->count * SW_DAY;
            bool over = rule->by_age ? end <= now : seen > rule->count;
            if (over && !claimed[i])
                image->rule = rule->priority;
            if (rule->by_age && !over && !claimed[i])
                *ret_next = SW_MIN(*ret_next, end);
            claimed[i] = true;
        }
    }
}
