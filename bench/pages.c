/* SPDX-License-Identifier: Apache-2.0 */
/* How long a page of 100 takes with 100, 10,000 and 100,000 of what is listed: the handler's own time, without a socket, of
 * the first page and of one in the middle. One line of JSON; bench/pages.py makes rows of it. */

#include <stdio.h>
#include <stdlib.h>

#include "api/host.h"
#include "base/file.h"
#include "base/time.h"
#include "services/cloudwatch/cloudwatch.h"
#include "services/ecs/ecs.h"
#include "services/iam/iam.h"

#define PAGE    100
#define ROUNDS  101
#define AT_ONCE 1000
#define OTHERS  20000 /* of each kind, of another account */

static SwConfig config = {.services = sw_services};
static SwHost host = {.config = &config};

static void die(const SwError *err) {
    fprintf(stderr, "%s (%s)\n", err->message, err->cause);
    exit(1);
}

/* ---- what is listed ---- */

static int put_definition(SwCtx *cx, int i, SwError *err) {
    SwStr family = sw_strf(cx->arena, "family-%d", i / 50);
    EcsContainerDefinition c = {.name = SW_STR("app"), .image = SW_STR("busybox"), .memory = SW_SOME_INT(64)};
    EcsTaskDefinition d = {.family = family,
                           .status = SW_STR("ACTIVE"),
                           .revision = SW_SOME_INT(i % 50 + 1),
                           .container_definitions = {&c, 1},
                           .task_definition_arn = sw_arn(cx, "ecs", "task-definition/%.*s:%d", SW_FMT(family), i % 50 + 1)};
    EcsTaskDefinitionRecord r = {.family = family, .revision = d.revision, .definition = &d};
    return sw_doc_put(cx->tx, &ecs_task_definitions, sw_strf(cx->arena, "%.*s:%d", SW_FMT(family), i % 50 + 1), &r, err);
}

static int put_role(SwCtx *cx, int i, SwError *err) {
    SwStr name = sw_strf(cx->arena, "role-%06d", i);
    IamRole role = {.role_name = name,
                    .role_id = sw_strf(cx->arena, "AROA%017d", i),
                    .path = SW_STR("/bench/"),
                    .arn = sw_arn_global(cx, "iam", "role/bench/%.*s", SW_FMT(name)),
                    .create_date = SW_SOME_TIME(0),
                    .assume_role_policy_document = SW_STR("{\"Version\":\"2012-10-17\",\"Statement\":[]}")};
    IamRoleRecord r = {.role = &role};
    return sw_doc_put(cx->tx, &iam_roles, name, &r, err);
}

static int put_alarm(SwCtx *cx, int i, SwError *err) {
    SwStr name = sw_strf(cx->arena, "alarm-%06d", i);
    CloudwatchMetricAlarm m = {.alarm_name = name,
                               .alarm_arn = sw_arn(cx, "cloudwatch", "alarm:%.*s", SW_FMT(name)),
                               .state_value = i % 10 ? SW_STR("OK") : SW_STR("ALARM"),
                               .metric_name = SW_STR("Errors"),
                               .namespace = SW_STR("Bench")};
    CloudwatchAlarmRecord r = {.name = name, .metric = &m, .watches = SW_STR("Bench\nErrors")};
    return sw_doc_put(cx->tx, &cloudwatch_alarms, name, &r, err);
}

/* ---- lists ---- */

static int list_definitions(SwCtx *cx, SwStr token, SwStr *ret_next, size_t *ret_n, SwError *err) {
    EcsListTaskDefinitionsRequest in = {.max_results = SW_SOME_INT(PAGE), .next_token = token};
    EcsListTaskDefinitionsResponse *out;
    if (ecs_call_list_task_definitions(cx, &in, &out, err) < 0)
        return -1;
    *ret_next = out->next_token;
    *ret_n = out->task_definition_arns.n;
    return 0;
}

static int list_roles(SwCtx *cx, SwStr token, SwStr *ret_next, size_t *ret_n, SwError *err) {
    IamListRolesRequest in = {.max_items = SW_SOME_INT(PAGE), .marker = token, .path_prefix = SW_STR("/bench/")};
    IamListRolesResponse *out;
    if (iam_call_list_roles(cx, &in, &out, err) < 0)
        return -1;
    *ret_next = out->marker;
    *ret_n = out->roles.n;
    return 0;
}

static int list_alarms(SwCtx *cx, SwStr token, SwStr *ret_next, size_t *ret_n, SwError *err) {
    CloudwatchDescribeAlarmsInput in = {.max_records = SW_SOME_INT(PAGE), .next_token = token};
    CloudwatchDescribeAlarmsOutput *out;
    if (cloudwatch_call_describe_alarms(cx, &in, &out, err) < 0)
        return -1;
    *ret_next = out->next_token;
    *ret_n = out->metric_alarms.n;
    return 0;
}

static const struct {
    const char *name;
    int (*put)(SwCtx *cx, int i, SwError *err);
    int (*list)(SwCtx *cx, SwStr token, SwStr *ret_next, size_t *ret_n, SwError *err);
} lists[] = {
    {"ecs ListTaskDefinitions", put_definition, list_definitions},
    {"iam ListRoles", put_role, list_roles},
    {"cloudwatch DescribeAlarms", put_alarm, list_alarms},
};

static const char *elsewhere; /* region of the other account, while that is filled; NULL: ours */

static SwCtx *context(SwArena *a) {
    return sw_ctx_new(&host, a, elsewhere ? SW_STR("111111111111") : SW_STR("000000000000"),
                      elsewhere ? sw_str(elsewhere) : SW_STR("us-east-1"), "bench");
}

static void fill(size_t which, int from, int to) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (int i = from; i < to;) {
        SwError err = sw_error(a);
        SwCtx *cx = context(a);
        if (sw_ctx_begin(cx, SW_WRITE, &err) < 0)
            die(&err);
        for (int end = SW_MIN(to, i + AT_ONCE); i < end; i++)
            if (lists[which].put(cx, i, &err) < 0)
                die(&err);
        if (sw_ctx_commit(cx, &err) < 0)
            die(&err);
        sw_arena_reset(a);
    }
}

/* What is measured first must not be so in a store of a few pages: of each kind another account has some. */
static void fill_others(void) {
    elsewhere = "eu-west-1";
    for (size_t which = 0; which < SW_N(lists); which++)
        fill(which, 0, OTHERS);
    elsewhere = NULL;
}

static int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The median, in us, of the page that `token` leads to; the best of three, so that what else the machine does counts less. */
static double page_us(size_t which, SwStr token, SwArena *kept, SwStr *ret_next) {
    static int64_t took[ROUNDS];
    double best = 1e12;
    for (int turn = 0; turn < 3; turn++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        for (int i = 0; i < ROUNDS; i++) {
            SwError err = sw_error(a);
            SwStr next;
            size_t n;
            int64_t began = sw_monotonic_ns();
            if (lists[which].list(context(a), token, &next, &n, &err) < 0)
                die(&err);
            took[i] = sw_monotonic_ns() - began;
            if (n != PAGE) {
                fprintf(stderr, "%s: a page of %zu\n", lists[which].name, n);
                exit(1);
            }
            *ret_next = next.p ? sw_str_dup(kept, next) : SW_NO_STR;
            sw_arena_reset(a);
        }
        qsort(took, ROUNDS, sizeof(took[0]), by_time);
        best = SW_MIN(best, (double)took[ROUNDS / 2] / 1000);
    }
    return best;
}

int main(int argc, char **argv) {
    static const int sizes[] = {100, 10000, 100000};
    SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    char made[] = "/var/tmp/slipway-bench-XXXXXX";
    const char *dir = argc > 1 ? argv[1] : mkdtemp(made), *comma = "";
    host.clock = sw_clock_new();
    if (sw_store_open(dir, &host.store, &err) < 0)
        die(&err);
    fill_others();
    printf("[");
    for (size_t which = 0; which < SW_N(lists); which++)
        for (size_t s = 0; s < SW_N(sizes); s++) {
            SwStr next;
            fill(which, s ? sizes[s - 1] : 0, sizes[s]);
            double first = page_us(which, SW_NO_STR, a, &next), later = first;
            if (next.p)
                later = page_us(which, next, a, &next);
            printf("%s{\"list\":\"%s\",\"of\":%d,\"first_us\":%.0f,\"later_us\":%.0f}", comma, lists[which].name, sizes[s],
                   first, later);
            comma = ",";
        }
    printf("]\n");
    sw_store_close(host.store);
    sw_clock_free(host.clock);
    if (sw_rm_tree(dir, &err) < 0)
        die(&err);
    sw_arena_free(a);
    return 0;
}
