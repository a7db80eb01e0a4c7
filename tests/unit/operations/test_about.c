/* SPDX-License-Identifier: Apache-2.0 */
/* What IAM is asked where the server is strict: of every operation whose input names a declared resource, by name or by ARN,
 * about that resource's ARN. The walk is over models/resources; what an input may name without being declared there is found by
 * the members' names, and an operation that asks about "*" all the same stands below with its reason. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../wire/generate.h"
#include "../world.h"
#include "api/operation.h"
#include "resource/resource.h"

typedef struct Reason {
    const char *service, *op, *member, *why; /* op NULL: any, and any member */
} Reason;

/* Members by which other operations name a resource, and these do not. */
static const Reason beside[] = {
#define GROUP    "who is put into a group is not what the request is about: AWS asks for the group"
#define INLINE   "of an inline policy, which is part of what has it"
#define ATTACHED "AWS asks for what it is attached to; the policy is the condition iam:PolicyARN"
#define CLUSTER  "AWS lists no resource for it; the cluster is the condition ecs:cluster"
#define SETTING  "AWS asks for what is set; this is a value of it"
#define FILTER   "what is listed is not one resource; AWS lists none for it"
    {"iam", "AddRoleToInstanceProfile", "RoleName", "AWS asks for the profile; the role is passed"},
    {"iam", "RemoveRoleFromInstanceProfile", "RoleName", "AWS asks for the profile"},
    {"iam", "AddUserToGroup", "UserName", GROUP},
    {"iam", "RemoveUserFromGroup", "UserName", GROUP},
    {"iam", "AttachGroupPolicy", "PolicyArn", ATTACHED},
    {"iam", "AttachRolePolicy", "PolicyArn", ATTACHED},
    {"iam", "AttachUserPolicy", "PolicyArn", ATTACHED},
    {"iam", "DetachGroupPolicy", "PolicyArn", ATTACHED},
    {"iam", "DetachRolePolicy", "PolicyArn", ATTACHED},
    {"iam", "DetachUserPolicy", "PolicyArn", ATTACHED},
    {"iam", "DeleteGroupPolicy", "PolicyName", INLINE},
    {"iam", "DeleteRolePolicy", "PolicyName", INLINE},
    {"iam", "DeleteUserPolicy", "PolicyName", INLINE},
    {"iam", "GetGroupPolicy", "PolicyName", INLINE},
    {"iam", "GetRolePolicy", "PolicyName", INLINE},
    {"iam", "GetUserPolicy", "PolicyName", INLINE},
    {"iam", "PutGroupPolicy", "PolicyName", INLINE},
    {"iam", "PutRolePolicy", "PolicyName", INLINE},
    {"iam", "PutUserPolicy", "PolicyName", INLINE},
    {"ecs", "CreateCluster", "capacityProviders", SETTING},
    {"ecs", "PutClusterCapacityProviders", "capacityProviders", SETTING},
    {"ecs", "CreateService", "taskDefinition", SETTING},
    {"ecs", "UpdateService", "taskDefinition", SETTING},
    {"ecs", "DeregisterTaskDefinition", "taskDefinition", "AWS lists no resource for it"},
    {"ecs", "DescribeTaskDefinition", "taskDefinition", "AWS lists no resource for it"},
    {"ecs", "DescribeCapacityProviders", "cluster", CLUSTER},
    {"ecs", "ListServices", "cluster", CLUSTER},
    {"ecs", "RunTask", "cluster", "AWS asks for the task definition; the cluster is the condition ecs:cluster"},
    {"ecs", "StartTask", "cluster", "AWS asks for the task definition; the cluster is the condition ecs:cluster"},
    {"ecs", "ListTasks", "family", FILTER},
    {"ecs", "ListTasks", "serviceName", FILTER},
    {"events", "ListRuleNamesByTarget", "EventBusName", FILTER},
    {"events", "ListRules", "EventBusName", FILTER},
};

/* Members that are called like names, and that the question is "*" with. */
#define METRIC "a metric is no resource"
#define BESIDE "nothing is named without the member that names the resource, and the request is refused"
/* Resources that are named there, while another is asked about; the last word is the resource. */
static const Reason about_another[] = {
    {"sns", "GetSubscriptionAttributes", "subscription", "AWS asks for the topic"},
    {"sns", "SetSubscriptionAttributes", "subscription", "AWS asks for the topic"},
    {"s3", "DeleteObjects", "bucket", "AWS asks for each key, where the bucket is there"},
};
static const Reason starred[] = {
    {"ec2", NULL, NULL, "AWS lists no resource for what describes"},
    {"slipway", "GetDeployment", "deploymentId", "a deployment has no ARN"},
    {"logs", "PutResourcePolicy", "policyName", "the account's; AWS lists no resource for it"},
    {"logs", "DeleteResourcePolicy", "policyName", "the account's; AWS lists no resource for it"},
    {"logs", "FilterLogEvents", "logStreamNames", BESIDE},
    {"sns", "Publish", "MessageDeduplicationId", BESIDE},
    {"sns", "Publish", "MessageGroupId", BESIDE},
    {"codecommit", "GetBranch", "branchName", BESIDE},
    {"ecs", "ListAccountSettings", "principalArn", "the caller's settings; AWS lists no resource for it"},
    {"ecs", "ListTasks", "serviceName", FILTER},
    {"ecs", "ListTasks", "daemonName", FILTER},
    {"events", "ListRuleNamesByTarget", "TargetArn", FILTER},
    {"events", "ListRuleNamesByTarget", "EventBusName", FILTER},
    {"events", "ListRules", "EventBusName", FILTER},
    {"cloudwatch", "DescribeAlarmHistory", "AlarmContributorId", BESIDE},
    {"cloudwatch", "DescribeAlarms", "ChildrenOfAlarmName", FILTER},
    {"cloudwatch", "DescribeAlarms", "ParentsOfAlarmName", FILTER},
    {"cloudwatch", "DescribeAlarmsForMetric", "MetricName", METRIC},
    {"cloudwatch", "GetMetricStatistics", "MetricName", METRIC},
    {"cloudwatch", "ListMetrics", "MetricName", METRIC},
};

/* --- what is asked ----------------------------------------------------------------------------------------------------- */

static SwStrList asked;
static const char *refusal; /* what the operation ended with */
static SwArena *asked_in;

static int note(SwCtx *cx, const char *action, SwStr resource, SwError *err) {
    (void)cx;
    (void)action;
    (void)err;
    sw_str_list_add(asked_in, &asked, sw_str_dup(asked_in, resource));
    return 0;
}

static int does_nothing(SwCtx *cx, const void *in, void *out, SwError *err) {
    (void)cx;
    (void)in;
    (void)out;
    return sw_fail(err, &SW_NOT_IMPLEMENTED, "Nothing but what is asked before is looked at");
}

/* As the front door does it, but for the handler itself, unless it asks by itself. False: the input was refused before. */
static bool ask(World *w, SwArena *a, const SwService *s, const SwOperation *op, const void *in) {
    SwHandler handler = *sw_registry_handler(s, op);
    SwError err = sw_error(a);
    SwCtx *cx = sw_ctx_new(w->host, a, SW_NO_STR, SW_NO_STR, "test");
    void *out;
    cx->principal =
        (SwPrincipal){.kind = SW_PRINCIPAL_USER, .arn = SW_STR("arn:aws:iam::000000000000:user/ann"), .id = SW_STR("AIDA")};
    cx->api = s->api;
    cx->op = op;
    if (!(handler.flags & SW_AUTHORISES))
        handler.fn = SW_HANDLER(does_nothing);
    asked = (SwStrList){0};
    asked_in = a;
    assert_int_equal(sw_operation_run_alone(cx, s, op, &handler, in, &out, &err), -1);
    refusal = err.message;
    return asked.n > 0;
}

/* --- inputs that name --------------------------------------------------------------------------------------------------- */

static SwParts parts_of(SwArena *a, const SwResource *r) {
    SwParts p = {0};
    for (size_t i = 0; i < r->n_part; i++) {
        bool folder = strstr(r->arn[0], sw_strf(a, "{%s:folder}", r->part[i].name).p);
        p.v[i] = folder ? SW_STR("/team/") : sw_strf(a, "theirs%zu", i);
    }
    return p;
}

/* The smallest input, with the other parts where it has them. */
static void *input(SwArena *a, const SwService *s, const SwOperation *op, const SwResource *r, const SwNamed *n,
                   const SwParts *p, SwStr text) {
    Generator g = {.a = a, .protocol = s->api->protocol};
    void *in = generate(&g, op->input);
    for (size_t i = 0; i < r->n_part; i++)
        if (n->with[i].n)
            sw_path_write(a, op->input, in, &n->with[i], p->v[i]);
    sw_path_write(a, op->input, in, &n->at, text);
    return in;
}

/* The ARN as far as the input says it: by its own text, and by the members for the other parts. */
static SwStr expected(SwCtx *cx, const SwResource *r, const SwNamed *n, const SwOperation *op, const void *in, SwStr text,
                      SwStr arn) {
    SwParts said = {0};
    if (sw_str_starts(text, SW_STR("arn:")))
        return arn;
    for (size_t i = 0; r->reference[i] && !sw_resource_read(r, r->reference[i], text, &said); i++)
        continue;
    for (size_t i = 0; i < r->n_part; i++)
        if (!said.v[i].p)
            said.v[i] = sw_path_text(op->input, in, &n->with[i]);
    return sw_resource_write(cx, r, r->arn[0], &said);
}

static bool was_asked(SwStr arn) {
    return sw_str_list_has(&asked, arn);
}

static bool has_hook(const SwResource *r) {
    return r->hooks && r->hooks->named;
}

/* What a service's own code makes of a name (the newest revision, the topic of a subscription, a rule of the default bus) says
 * at least the last part of it that was said. */
static bool was_asked_about(const SwResource *r, const SwParts *p, SwStr text) {
    SwStr name = SW_NO_STR;
    for (size_t i = 0; i < r->n_part; i++)
        if (sw_str_contains(text, p->v[i]))
            name = p->v[i];
    for (size_t i = 0; name.p && i < asked.n; i++)
        if (sw_str_starts(asked.v[i], SW_STR("arn:")) && sw_str_contains(asked.v[i], name))
            return true;
    return false;
}

typedef struct Walk {
    World *w;
    unsigned wrong, n_asked, n_named;
} Walk;

static void wrong(Walk *k, SwArena *a, const SwService *s, const SwOperation *op, SwStr member, SwStr said, SwStr want) {
    SwStr all = asked.n ? sw_str_join(a, asked.v, asked.n, SW_STR(", ")) : SW_STR("nothing");
    k->wrong++;
    print_error("%s %s, %.*s %.*s: asks about %.*s, not %.*s\n", s->name, op->name, SW_FMT(member), SW_FMT(said), SW_FMT(all),
                SW_FMT(want));
}

static bool same_path(const SwPath *x, const SwPath *y) {
    return x->n == y->n && x->n && memcmp(x->at, y->at, x->n * sizeof(x->at[0])) == 0;
}

/* The n-th way to write it: the ARN, the references, and where the member is one part alone, that. Absent: there is none. */
static SwStr form(SwCtx *cx, const SwResource *r, const SwNamed *n, const SwParts *p, SwStr arn, size_t nth) {
    if (nth == 0)
        return arn;
    for (size_t i = 0; r->reference[i]; i++)
        if (i + 1 == nth)
            return sw_resource_write(cx, r, r->reference[i], p);
    for (size_t i = 0; i < r->n_part; i++)
        if (same_path(&n->with[i], &n->at) && nth == 1)
            return p->v[i];
    return SW_NO_STR;
}

/* A member may take names alone, or ARNs alone, or be refused with any value. */
static void check_named(Walk *k, const SwService *s, const SwOperation *op, const SwResource *r, const SwNamed *n) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwCtx *cx = sw_ctx_new(k->w->host, a, SW_NO_STR, SW_NO_STR, "test");
    SwParts p = parts_of(a, r);
    SwStr arn = sw_resource_write(cx, r, r->arn[0], &p), member = sw_path_last(op->input, &n->at);
    unsigned before = k->n_asked;
    SwStr text;
    for (size_t i = 0; (text = form(cx, r, n, &p, arn, i)).p; i++) {
        void *in = input(a, s, op, r, n, &p, text);
        if (!ask(k->w, a, s, op, in))
            continue;
        k->n_asked++;
        SwStr want = expected(cx, r, n, op, in, text, arn);
        if (!was_asked(want) && !(has_hook(r) && was_asked_about(r, &p, text)))
            wrong(k, a, s, op, member, text, want);
        if (was_asked(SW_STR("*")))
            wrong(k, a, s, op, member, text, SW_STR("that"));
    }
    if (k->n_asked == before && !strstr(refusal, "is not supported"))
        wrong(k, a, s, op, member, sw_strf(a, "(%s)", refusal), arn);
}

/* --- the walk ------------------------------------------------------------------------------------------------------------- */

/* As the name itself or as another part of it. */
static bool says(const SwResource *r, const SwNamed *n, const SwOperation *op, SwStr member) {
    bool is = sw_str_eq(sw_path_last(op->input, &n->at), member);
    for (size_t i = 0; i < r->n_part; i++)
        is |= n->with[i].n && sw_str_eq(sw_path_last(op->input, &n->with[i]), member);
    return is;
}

static bool is_declared(const SwService *s, const SwOperation *op, SwStr member) {
    for (const SwResource *const *r = s->declares->resource; *r; r++)
        for (size_t i = 0; i < (*r)->n_named; i++)
            if ((*r)->named[i].op == op->index && says(*r, &(*r)->named[i], op, member))
                return true;
    return false;
}

/* Whether a member of this name names a resource somewhere in the service. */
static bool names_elsewhere(const SwService *s, SwStr member) {
    for (const SwResource *const *r = s->declares->resource; *r; r++)
        for (size_t i = 0; i < (*r)->n_named; i++)
            if (sw_str_eq(sw_path_last(s->api->op[(*r)->named[i].op].input, &(*r)->named[i].at), member))
                return true;
    return false;
}

static bool stands_in(const Reason *r, size_t n, const SwService *s, const SwOperation *op, const char *member) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(r[i].service, s->name) == 0 &&
            (!r[i].op || (strcmp(r[i].op, op->name) == 0 && strcmp(r[i].member, member) == 0)))
            return true;
    return false;
}

static void each_operation(Walk *k, const SwService *s, void (*fn)(Walk *k, const SwService *s, const SwOperation *op)) {
    for (size_t i = 0; i < s->api->n_op; i++)
        if (s->api->op[i].input && sw_registry_handler(s, &s->api->op[i]) && !(s->api->op[i].flags & SW_OP_NO_AUTH))
            fn(k, s, &s->api->op[i]);
}

static void check_declared(Walk *k, const SwService *s, const SwOperation *op) {
    for (const SwResource *const *r = s->declares->resource; *r; r++)
        for (size_t i = 0; i < (*r)->n_named; i++)
            if ((*r)->arn[0] && (*r)->named[i].op == op->index &&
                !stands_in(about_another, SW_N(about_another), s, op, (*r)->name)) {
                k->n_named++;
                check_named(k, s, op, *r, &(*r)->named[i]);
            }
}

static void check_undeclared(Walk *k, const SwService *s, const SwOperation *op) {
    for (size_t i = 0; i < op->input->n_member; i++) {
        const char *member = op->input->member[i].name;
        bool is = names_elsewhere(s, sw_str(member)) && !is_declared(s, op, sw_str(member));
        if (is == stands_in(beside, SW_N(beside), s, op, member))
            continue;
        k->wrong++;
        print_error(is ? "%s %s has %s, by which others name a resource, and does not ask about it\n"
                       : "%s %s %s stands in the list without need\n",
                    s->name, op->name, member);
    }
}

/* Whether it may name something: a text, or a list of them, called so. */
static bool looks_like_a_name(const SwMember *m) {
    static const char *const ends[] = {"Arn", "ARN", "Arns", "ARNs",       "Name",   "Names",
                                       "Id",  "Ids", "Url",  "Identifier", "Bucket", "Path"};
    const SwShape *s = m->shape->kind == SW_LIST ? m->shape->member[0].shape : m->shape;
    for (size_t i = 0; s->kind == SW_STRING && !s->enum_values && i < SW_N(ends); i++)
        if (sw_str_ends(sw_str(m->name), sw_str(ends[i])) || strcasecmp(m->name, ends[i]) == 0)
            return true;
    return false;
}

/* By an ARN, or where the member takes none by a name. */
static bool is_starred(Walk *k, SwArena *a, const SwService *s, const SwOperation *op, uint16_t member) {
    static const char *const texts[] = {"arn:aws:iam::123456789012:role/abc", "theirs"};
    const SwPath at = {.n = 1, .at = {member}};
    for (size_t i = 0; i < SW_N(texts); i++) {
        Generator g = {.a = a, .protocol = s->api->protocol};
        void *in = generate(&g, op->input);
        sw_path_write(a, op->input, in, &at, sw_str(texts[i]));
        if (ask(k->w, a, s, op, in))
            return asked.n == 1 && sw_str_eqz(asked.v[0], "*");
    }
    return false;
}

static void check_starred(Walk *k, const SwService *s, const SwOperation *op) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (size_t i = 0; i < op->input->n_member; i++) {
        const SwMember *m = &op->input->member[i];
        bool listed = stands_in(starred, SW_N(starred), s, op, m->name);
        if (!looks_like_a_name(m) || is_declared(s, op, sw_str(m->name)))
            continue;
        if (is_starred(k, a, s, op, (uint16_t)i) == listed || (listed && strcmp(s->name, "ec2") == 0))
            continue;
        k->wrong++;
        print_error(listed ? "%s %s %s stands in the list without need\n" : "%s %s with %s asks about \"*\"\n", s->name,
                    op->name, m->name);
    }
}

static void walk(void (*fn)(Walk *k, const SwService *s, const SwOperation *op)) {
    World *w = world_open(sw_services);
    if (!w)
        skip();
    sw_engine_stop(w->host->engine);
    w->config.strict = true;
    w->host->auth.authorise = note;
    w->host->auth.pass_roles = NULL;
    Walk k = {.w = w};
    for (const SwService *const *s = sw_services; *s; s++)
        if ((*s)->api && (*s)->declares)
            each_operation(&k, *s, fn);
    print_message("# %u members that name, %u questions\n", k.n_named, k.n_asked);
    void *world = w;
    world_close(&world);
    assert_int_equal(k.wrong, 0);
}

static void what_an_input_names_is_what_is_asked_about(void **state) {
    (void)state;
    walk(check_declared);
}

static void what_an_input_may_name_is_declared_or_explained(void **state) {
    (void)state;
    walk(check_undeclared);
}

static void what_asks_about_everything_names_nothing(void **state) {
    (void)state;
    walk(check_starred);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_input_names_is_what_is_asked_about),
        cmocka_unit_test(what_an_input_may_name_is_declared_or_explained),
        cmocka_unit_test(what_asks_about_everything_names_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
