/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway status`: what is there, asked through each service's own API. A part that has nothing is left out. */

#include "base/file.h"
#include "cli/client.h"
#include "cli/inventory.h"
#include "models/codepipeline.gen.h"
#include "models/ecs.gen.h"
#include "models/elbv2.gen.h"
#include "models/slipway.gen.h"

typedef struct Status {
    SwCli *cli;
    SwArena *a;
    SwValue all; /* for --json */
    bool json;
} Status;

static void keep(Status *s, const SwShape *shape, const void *answer, const char *key) {
    SwBuf b = sw_buf(s->a, 16 * SW_MIB);
    SwError err = sw_error(s->a);
    SwValue v;
    sw_shape_to_json(&b, shape, answer);
    if (sw_json_parse(s->a, sw_buf_str(&b), &v, &err) == 0)
        sw_value_set(s->a, &s->all, sw_str(key), v);
}

/* One question; NULL when the server does not do it, or not for this caller. */
static void *ask(Status *s, const SwApi *api, unsigned op, const void *in, const char *key) {
    SwError err = sw_error(s->a);
    void *out = NULL;
    if (sw_client_call(s->cli, api, op, in, &out, &err) < 0)
        return NULL;
    if (s->json && key && out)
        keep(s, api->op[op].output, out, key);
    return out;
}

static SwStr last_part(SwStr arn) {
    size_t at;
    return sw_str_rfind(arn, '/', &at) ? sw_str_skip(arn, at + 1) : arn;
}

static void show(Status *s, const SwTable *t) {
    if (s->json || !t->rows.n)
        return;
    if (s->cli->terminal)
        printf("\n");
    sw_table_print(t);
}

static void pipelines(Status *s) {
    SwTable t = SW_TABLE(s->cli, "Pipelines", "Pipeline", "Stage", "State", "Actions");
    const CodepipelineListPipelinesOutput *l = ask(s, &codepipeline_api, CODEPIPELINE_LIST_PIPELINES, NULL, NULL);
    for (size_t i = 0; l && i < l->pipelines.n; i++) {
        const CodepipelineGetPipelineStateInput in = {.name = l->pipelines.v[i].name};
        const char *key = sw_str_z(s->a, sw_strf(s->a, "pipeline:%.*s", SW_FMT(in.name)));
        const CodepipelineGetPipelineStateOutput *p = ask(s, &codepipeline_api, CODEPIPELINE_GET_PIPELINE_STATE, &in, key);
        for (size_t k = 0; p && k < p->stage_states.n; k++) {
            const CodepipelineStageState *stage = &p->stage_states.v[k];
            SwBuf b = sw_buf(s->a, 4096);
            for (size_t n = 0; n < stage->action_states.n; n++) {
                const CodepipelineActionState *act = &stage->action_states.v[n];
                SwStr state = act->latest_execution ? act->latest_execution->status : SW_STR("-");
                sw_buf_addf(&b, "%s%.*s %.*s", n ? ", " : "", SW_FMT(act->action_name), SW_FMT(state));
            }
            SW_ROW(&t, in.name, stage->stage_name, stage->latest_execution ? stage->latest_execution->status : SW_NO_STR,
                   sw_buf_str(&b));
        }
    }
    show(s, &t);
}

static void add_tasks(Status *s, SwTable *t, SwStr cluster) {
    const EcsListTasksRequest in = {.cluster = cluster};
    const EcsListTasksResponse *l = ask(s, &ecs_api, ECS_LIST_TASKS, &in, NULL);
    if (!l || !l->task_arns.n)
        return;
    const EcsDescribeTasksRequest which = {.cluster = cluster, .tasks = l->task_arns};
    const char *key = sw_str_z(s->a, sw_cat(s->a, SW_STR("tasks:"), last_part(cluster)));
    const EcsDescribeTasksResponse *d = ask(s, &ecs_api, ECS_DESCRIBE_TASKS, &which, key);
    for (size_t i = 0; d && i < d->tasks.n; i++) {
        const EcsTask *task = &d->tasks.v[i];
        SwStr health = sw_str_eqz(task->health_status, "UNKNOWN") ? SW_NO_STR : task->health_status;
        SW_ROW(t, last_part(cluster), last_part(task->task_arn), last_part(task->task_definition_arn), task->last_status,
               health);
    }
}

static void add_services(Status *s, SwTable *t, SwStr cluster) {
    const EcsListServicesRequest in = {.cluster = cluster};
    const EcsListServicesResponse *l = ask(s, &ecs_api, ECS_LIST_SERVICES, &in, NULL);
    if (!l || !l->service_arns.n)
        return;
    const EcsDescribeServicesRequest which = {.cluster = cluster, .services = l->service_arns};
    const char *key = sw_str_z(s->a, sw_cat(s->a, SW_STR("services:"), last_part(cluster)));
    const EcsDescribeServicesResponse *d = ask(s, &ecs_api, ECS_DESCRIBE_SERVICES, &which, key);
    for (size_t i = 0; d && i < d->services.n; i++) {
        const EcsService *v = &d->services.v[i];
        SwStr rollout = v->deployments.n ? v->deployments.v[0].rollout_state : SW_NO_STR;
        SW_ROW(t, last_part(cluster), v->service_name, last_part(v->task_definition),
               sw_strf(s->a, "%d of %d", (int)SW_OR(v->running_count, 0), (int)SW_OR(v->desired_count, 0)), rollout);
    }
}

static void containers(Status *s) {
    SwTable services = SW_TABLE(s->cli, "ECS services", "Cluster", "Service", "Task definition", "Running", "Deployment");
    SwTable tasks = SW_TABLE(s->cli, "ECS tasks", "Cluster", "Task", "Task definition", "State", "Health");
    const EcsListClustersResponse *l = ask(s, &ecs_api, ECS_LIST_CLUSTERS, NULL, NULL);
    for (size_t i = 0; l && i < l->cluster_arns.n; i++) {
        add_services(s, &services, l->cluster_arns.v[i]);
        add_tasks(s, &tasks, l->cluster_arns.v[i]);
    }
    show(s, &services);
    show(s, &tasks);
}

static SwStr text_of(Status *s, const char *path) {
    SwError err = sw_error(s->a);
    SwStr text;
    return sw_file_read(s->a, path, 4 * SW_MIB, &text, &err) < 0 ? SW_NO_STR : text;
}

/* Whether the C library's resolver finds it, without asking DNS, which may take its time to say no. */
static bool resolves(Status *s, SwStr name) {
    SwStr conf = text_of(s, "/etc/nsswitch.conf"), line;
    while (sw_str_next(&conf, '\n', &line))
        if (sw_str_starts(line, SW_STR("hosts:")) &&
            (sw_str_contains(line, SW_STR("myhostname")) || sw_str_contains(line, SW_STR("resolve"))))
            return true; /* each knows that *.localhost is this machine */
    return sw_str_contains(text_of(s, "/etc/hosts"), name);
}

static void balancers(Status *s) {
    bool hint = false;
    SwTable t = SW_TABLE(s->cli, "Load balancers", "Name", "State", "Address", "DNS name");
    const Elbv2DescribeLoadBalancersOutput *l = ask(s, &elbv2_api, ELBV2_DESCRIBE_LOAD_BALANCERS, NULL, "loadBalancers");
    for (size_t i = 0; l && i < l->load_balancers.n; i++) {
        const Elbv2LoadBalancer *b = &l->load_balancers.v[i];
        const Elbv2DescribeListenersInput in = {.load_balancer_arn = b->load_balancer_arn};
        const char *key = sw_str_z(s->a, sw_strf(s->a, "listeners:%.*s", SW_FMT(b->load_balancer_name)));
        const Elbv2DescribeListenersOutput *on = ask(s, &elbv2_api, ELBV2_DESCRIBE_LISTENERS, &in, key);
        SwBuf at = sw_buf(s->a, 4096);
        for (size_t k = 0; on && k < on->listeners.n; k++) {
            const Elbv2Listener *v = &on->listeners.v[k];
            SwStr protocol = sw_str_lower(s->a, v->protocol);
            sw_buf_addf(&at, "%s%.*s://127.0.0.1:%d", k ? " " : "", SW_FMT(protocol), (int)SW_OR(v->port, 0));
        }
        hint = hint || (s->cli->terminal && sw_str_is(b->dns_name) && !resolves(s, b->dns_name));
        SW_ROW(&t, b->load_balancer_name, b->state ? b->state->code : SW_NO_STR, at.n ? sw_buf_str(&at) : SW_NO_STR,
               b->dns_name);
    }
    show(s, &t);
    if (hint && !s->json)
        printf("curl and browsers find these names by themselves; for all other clients: slipway hosts --write\n");
}

static void inventory(Status *s) {
    SwTable t = SW_TABLE(s->cli, "Made so far", "Service", "What", "Count", "Names");
    SwValue made = sw_value_array();
    sw_cli_inventory(s->cli, &t, &made);
    sw_value_set(s->a, &s->all, SW_STR("resources"), made);
    show(s, &t);
}

/* Who is asked, and of which account and region. What only GetHealth tells is left out for whom it is denied. */
static int head(Status *s, SwError *err) {
    SwCli *cli = s->cli;
    const char *said = "";
    void *answer = NULL;
    SwStr account;
    if (sw_client_call(cli, &slipway_api, SLIPWAY_GET_HEALTH, NULL, &answer, err) < 0 && !sw_client_is_denied(err, NULL))
        return -1;
    if (sw_client_account(cli, &account, err) < 0)
        return -1;
    sw_value_sets(s->a, &s->all, "account", account);
    sw_value_sets(s->a, &s->all, "region", sw_str(cli->region));
    const SlipwayGetHealthResponse *h = answer;
    if (h)
        keep(s, slipway_api.op[SLIPWAY_GET_HEALTH].output, h, "server");
    if (s->json)
        return 0;
    if (h) {
        SwStr uptime = sw_table_duration(s->a, SW_OR(h->uptime_seconds, 0));
        printf("Slipway %.*s has run at %s for %.*s", SW_FMT(h->version), cli->endpoint, SW_FMT(uptime));
        said = sw_strf(s->a, ", data in %.*s", SW_FMT(h->data_folder)).p;
    } else {
        printf("Slipway runs at %s", cli->endpoint);
    }
    printf(", account %.*s, region %s%s\n", SW_FMT(account), cli->region, said);
    return 0;
}

int sw_cli_status(SwCli *cli) {
    Status s = {.cli = cli, .a = cli->arena, .all = sw_value_object(), .json = cli->json};
    SwError err = sw_error(cli->arena);
    if (!sw_cli_options(cli, NULL, 0))
        return 2;
    if (cli->argc > 1)
        return sw_cli_usage(cli, "takes no further arguments");
    if (head(&s, &err) < 0)
        return sw_cli_fail(&err, sw_client_advice(cli, &err));
    pipelines(&s);
    containers(&s);
    balancers(&s);
    inventory(&s);
    if (s.json) {
        SwBuf b = sw_buf(cli->arena, 32 * SW_MIB);
        sw_json_write_pretty(&b, &s.all, 2);
        SwStr text = sw_buf_str(&b);
        printf("%.*s\n", SW_FMT(text));
    }
    return 0;
}
