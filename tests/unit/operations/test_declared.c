/* SPDX-License-Identifier: Apache-2.0 */
/* What models/resources says of operations is true, resource by resource, with the calls of the service's script: what shows,
 * changes, ends or uses one that is not there answers its `missing`, word for word; what is made is found by its id and its
 * ARN, and listed; made again it is the declaration's `exists`; what is ended is gone with what lay in it, or in another state.
 * What is otherwise stands below with its reason, and a reason that is not needed fails. */

#include "script.h"

#include "base/json.h"
#include "resource/internal.h"

typedef enum Question { MISSING, WORDS, TOLD, MADE, LISTED, AGAIN, ENDED, LEFT, _QUESTION_MAX } Question;

static const char *const questions[] = {
    [MISSING] = "one that is not there",
    [WORDS] = "one that is not there, in words",
    [TOLD] = "one that is not there, told in the answer",
    [MADE] = "one is made",
    [LISTED] = "it is listed",
    [AGAIN] = "made again",
    [ENDED] = "one is ended",
    [LEFT] = "left of what has ended",
};

/* resource NULL: any that the operation is about. WORDS: it is the declared error with another text. TOLD: where several are
 * asked for, the answer says which are not there. */
static struct {
    Question of;
    const char *service, *op, *resource, *why;
    bool met;
} otherwise[] = {
#define EACH  "what became of each is told in the answer"
#define ENDS  "what is not there need not be ended, as on AWS"
#define OWN   "AWS says it in other words there"
#define INNER "the ARN that it tells is of the function, too"
#define FINDS "a filter: what it does not find is not listed"
    {TOLD, "ecs", "DescribeClusters", NULL, EACH},
    {TOLD, "ecs", "DescribeServices", NULL, EACH},
    {TOLD, "ecs", "DescribeTasks", NULL, EACH},
    {TOLD, "ecs", "DescribeServiceDeployments", NULL, EACH},
    {TOLD, "ecs", "DescribeServiceRevisions", NULL, EACH},
    {TOLD, "ecs", "DeleteTaskDefinitions", NULL, EACH},
    {TOLD, "ssm", "GetParameters", NULL, EACH},
    {TOLD, "ssm", "DeleteParameters", NULL, EACH},
    {TOLD, "codecommit", "BatchGetRepositories", NULL, EACH},
    {TOLD, "codebuild", "BatchGetProjects", NULL, EACH},
    {TOLD, "codebuild", "BatchGetBuilds", NULL, EACH},
    {TOLD, "codebuild", "BatchDeleteBuilds", NULL, EACH},
    {MISSING, "codebuild", "DeleteProject", NULL, ENDS},
    {MISSING, "codecommit", "DeleteRepository", NULL, ENDS},
    {MISSING, "codepipeline", "DeletePipeline", NULL, ENDS},
    {MISSING, "elbv2", "DeleteLoadBalancer", NULL, ENDS},
    {MISSING, "elbv2", "DeleteTargetGroup", NULL, ENDS},
    {MISSING, "events", "DeleteEventBus", NULL, ENDS},
    {MISSING, "events", "DeleteRule", NULL, ENDS},
    {MISSING, "cloudwatch", "DeleteAlarms", NULL, ENDS},
    {MISSING, "lambda", "DeleteAlias", NULL, ENDS},
    {MISSING, "sns", "DeleteTopic", NULL, ENDS},
    {MISSING, "sns", "Unsubscribe", NULL, ENDS},
    {MISSING, "cloudwatch", "DescribeAlarms", NULL, FINDS},
    {MISSING, "cloudwatch", "DescribeAlarmHistory", NULL, FINDS},
    {MISSING, "cloudwatch", "ListTagsForResource", NULL, FINDS},
    {MISSING, "cloudwatch", "DisableAlarmActions", NULL, "names that are not there are passed over, as on AWS"},
    {MISSING, "cloudwatch", "EnableAlarmActions", NULL, "names that are not there are passed over, as on AWS"},
    {MISSING, "cloudwatch", "SetAlarmState", NULL, "AWS has another error for it, without words"},
    {MISSING, "events", "PutEvents", NULL, "an event for a bus that is not there gets an id and is lost, as on AWS"},
    {MISSING, "secretsmanager", "DeleteSecret", NULL, "by force, what is not there need not be deleted, as on AWS"},
    {MISSING, "secretsmanager", "ReplicateSecretToRegions", NULL, "its regions are refused first"},
    {MISSING, "ssm", "PutResourcePolicy", NULL, "AWS has another error where policies are asked for"},
    {MISSING, "ssm", "GetResourcePolicies", NULL, "AWS has another error where policies are asked for"},
    {MISSING, "ssm", "DeleteResourcePolicy", NULL, "AWS has another error where policies are asked for"},
    {MISSING, "ssm", "ListTagsForResource", NULL, "AWS has another error where tags are asked for"},
    {MISSING, "s3", "GetBucketPolicy", "bucket-policy", "where the bucket is not there, that is what is missing"},
    {MISSING, "s3", "DeleteBucketPolicy", "bucket-policy", "where the bucket is not there, that is what is missing"},
    {MISSING, "sqs", "StartMessageMoveTask", NULL, "its input names resources by ARN, and AWS has another error for these"},
    {MISSING, "sqs", "ListMessageMoveTasks", NULL, "its input names resources by ARN, and AWS has another error for these"},
    {MISSING, "sqs", "CancelMessageMoveTask", NULL, "a handle that was not given is no handle"},
    {MISSING, "sns", "ConfirmSubscription", NULL, "a token is of a topic, and is looked at first"},
    {WORDS, "codebuild", "ListBuildsForProject", NULL, OWN},
    {WORDS, "ecs", "DescribeTaskDefinition", NULL, OWN},
    {WORDS, "ecs", "DeregisterTaskDefinition", NULL, OWN},
    {WORDS, "elbv2", "DescribeLoadBalancers", NULL, OWN},
    {WORDS, "elbv2", "DescribeTargetGroups", NULL, OWN},
    {WORDS, "iam", "GetServiceLinkedRoleDeletionStatus", NULL, "the task of ending it is missing"},
    {WORDS, "logs", "DescribeLogStreams", NULL, "the group that they would be in is missing"},
    {WORDS, "lambda", "DeleteFunction", NULL, INNER},
    {WORDS, "lambda", "GetAlias", NULL, INNER},
    {WORDS, "lambda", "GetFunctionConfiguration", NULL, INNER},
    {WORDS, "lambda", "Invoke", NULL, INNER},
    {WORDS, "lambda", "UpdateAlias", NULL, INNER},
    {AGAIN, "iam", "CreateServiceLinkedRole", NULL, "AWS has another error for it, as its name is not the caller's choice"},
    {AGAIN, "sqs", "CreateQueue", NULL, "with the same attributes it is the same queue"},
    {AGAIN, "s3", "CreateBucket", NULL, "one's own is made again without an error in us-east-1"},
    {LISTED, "sns", "ListSubscriptions", NULL, "one that is not confirmed yet is listed without its ARN, as on AWS"},
    {MADE, "lambda", "PublishVersion", NULL, "of code that is unpacked, which no controller does here"},
    {ENDED, "lambda", "DeleteFunction", NULL, "its versions end with it"},
    {MADE, "ecs", "StartTask", NULL, "there are no container instances to start it on"},
    {ENDED, "secretsmanager", "DeleteSecret", NULL, "it is marked, and can be restored for a while"},
    {ENDED, "ecs", "StopTask", NULL, "the engine stops it, and is stopped here"},
    {LEFT, "codebuild", "DeleteProject", "build", "builds are not deleted with their project, as on AWS"},
};

/* One of a kind, as it was before an operation. */
typedef struct Seen {
    SwStr id, state, name, arn;
    SwParts parts;
} Seen;
typedef struct SeenList {
    Seen *v;
    size_t n;
} SeenList;

typedef struct Walk {
    Script k;
    SeenList *seen;             /* by resource of the service */
    bool *asked[_QUESTION_MAX]; /* by resource and operation */
    unsigned n_asked[_QUESTION_MAX];
} Walk;

static bool is_otherwise(Question of, const SwService *s, const SwResource *r, const SwOperation *op) {
    bool is = false;
    for (size_t i = 0; i < SW_N(otherwise); i++)
        if (otherwise[i].of == of && strcmp(otherwise[i].service, s->name) == 0 && strcmp(otherwise[i].op, op->name) == 0 &&
            (!otherwise[i].resource || strcmp(otherwise[i].resource, r->name) == 0))
            is = otherwise[i].met = true;
    return is;
}

static bool *mark(Walk *w, Question of, size_t resource, const SwOperation *op) {
    return &w->asked[of][resource * w->k.s->api->n_op + op->index];
}

/* It was asked, and the answer is as declared, or as one of the reasons says. */
static void answered(Walk *w, Question of, size_t resource, const Call *c, bool good, const char *how) {
    const SwResource *r = c->s->declares->resource[resource];
    *mark(w, of, resource, c->op) = true;
    w->n_asked[of]++;
    if (!good && !is_otherwise(of, c->s, r, c->op))
        script_wrong(&w->k, c, "%s, %s: %s", r->name, questions[of], how);
}

/* --- a call ------------------------------------------------------------------------------------------------------------ */

typedef struct Run {
    SwArena *a;
    SwCtx *cx;
    SwError err;
    void *out;
    int r;
} Run;

static Run run(Script *k, const Call *c, SwArena *a, void *in) {
    Run r = {.a = a, .err = sw_error(a), .cx = script_ctx(k, c, a)};
    r.r = sw_operation_run_alone(r.cx, c->s, c->op, sw_registry_handler(c->s, c->op), in, &r.out, &r.err);
    if (r.r < 0)
        sw_ctx_rollback(r.cx);
    return r;
}

static const char *code_of(const Run *r) {
    return r->r < 0 ? r->err.kind->code : "succeeds";
}

/* In a transaction that reads. */
static SwCtx *looking(Walk *w, SwArena *a, SwError *err) {
    SwCtx *cx = sw_ctx_new(w->k.w->host, a, SW_NO_STR, SW_NO_STR, "test");
    *err = sw_error(a);
    assert_int_equal(sw_ctx_begin(cx, SW_READ, err), 0);
    return cx;
}

/* --- one that is not there ---------------------------------------------------------------------------------------------- */

/* Another name of the same form. */
static SwStr other_name(SwArena *a, SwStr name) {
    SwBuf b = sw_buf(a, SW_MIB);
    size_t i = name.n;
    while (i > 0 && !((name.p[i - 1] | 0x20) >= 'a' && (name.p[i - 1] | 0x20) <= 'z') &&
           !(name.p[i - 1] >= '0' && name.p[i - 1] <= '9'))
        i--;
    sw_buf_adds(&b, name);
    if (i > 0)
        b.p[i - 1] = (char)(strchr("fzZ9", b.p[i - 1]) ? b.p[i - 1] - 1 : b.p[i - 1] + 1);
    return sw_buf_str(&b);
}

/* In place of what is there; a list gets this one alone. */
static void write_at(SwArena *a, const SwShape *s, void *in, const SwPath *at, SwStr text) {
    void *place = sw_path_make(a, s, in, at);
    for (unsigned i = 0; i < at->n; i++) {
        while (s->kind == SW_LIST)
            s = s->member[0].shape;
        s = s->member[at->at[i]].shape;
    }
    if (s->kind == SW_LIST) {
        SwStrList *l = place;
        *l = (SwStrList){0};
        sw_str_list_add(a, l, text);
    } else {
        *(SwStr *)place = text;
    }
}

static int take_first(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    (void)cx;
    (void)arn;
    (void)err;
    *(SwFound *)arg = *f;
    return 1;
}

/* Which of the parts tells them apart there: the last that has a member of its own, else what the input names it by. */
static const SwPath *telling(const SwResource *r, const SwNamed *n) {
    return n->with[r->n_part - 1].n ? &n->with[r->n_part - 1] : &n->at;
}

/* The member of `names` that tells this one from its like. */
static bool telling_name(const SwResource *r, SwArena *a, const SwOperation *op, SwPath *ret) {
    SwError err = sw_error(a);
    SwValue v;
    SwStr last = sw_strf(a, "{%s}", r->part[r->n_part - 1].name);
    if (!r->names || sw_json_parse(a, sw_str(r->names), &v, &err) < 0)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        const SwMember *m = sw_shape_member(op->input, v.keys[i]);
        if (!m || !(sw_str_contains(v.v[i].s, last) || sw_str_eqz(v.v[i].s, "{arn}")))
            continue;
        *ret = (SwPath){.n = 1, .at = {(uint16_t)(m - op->input->member)}};
        return true;
    }
    return false;
}

static void clear(const SwOperation *op, void *in, const SwPath *at) {
    const SwMember *m = at->n ? &op->input->member[at->at[0]] : NULL;
    if (m && !(m->flags & SW_REQUIRED) && (m->shape->kind == SW_STRING || m->shape->kind == SW_LIST))
        memset((char *)in + m->offset, 0, m->shape->kind == SW_LIST ? sizeof(SwStrList) : sizeof(SwStr));
}

/* Nothing of the service is named any more, as far as it need not be, and the call is none that was made before. */
static void name_nothing(const Call *c, void *in) {
    const SwToken *token = sw_registry_handler(c->s, c->op)->token;
    for (const SwResource *const *r = c->s->declares->resource; *r; r++)
        for (size_t i = 0; i < (*r)->n_named; i++)
            if ((*r)->named[i].op == c->op->index && (*r)->named[i].at.n == 1)
                clear(c->op, in, &(*r)->named[i].at);
    if (token)
        clear(c->op, in, &(SwPath){.n = 1, .at = {(uint16_t)token->at}});
}

static void name_one(SwCtx *cx, const SwFound *f, const SwNamed *n, const SwOperation *op, void *in) {
    SwError err = sw_error(cx->arena);
    SwParts p;
    if (!n) {
        assert_int_equal(sw_resource_name_in(cx, f, op, in, &err), 0);
        return;
    }
    write_at(cx->arena, op->input, in, &n->at, sw_resource_reference(cx, f, op->input, &n->at));
    sw_resource_parts_of(cx, f, &p);
    for (size_t i = 0; i < f->r->n_part; i++)
        if (n->with[i].n && p.v[i].p)
            write_at(cx->arena, op->input, in, &n->with[i], p.v[i]);
}

static int is_called(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    const SwStr *name = arg;
    (void)cx;
    (void)err;
    return sw_str_contains(f->id, *name) || sw_str_contains(arn, *name);
}

/* Of the same form as the one that is named at `at`, in its place. */
static SwStr name_none(SwCtx *cx, const SwResource *r, const SwPath *at, const SwOperation *op, void *in) {
    SwStrList texts = sw_path_texts(cx->arena, op->input, in, at);
    SwError err = sw_error(cx->arena);
    assert_true(texts.n > 0);
    SwStr none = texts.v[texts.n - 1];
    do {
        none = other_name(cx->arena, none);
    } while (sw_resource_walk(cx, r, SW_NO_STR, is_called, &none, &err) == 1);
    write_at(cx->arena, op->input, in, at, none);
    return none;
}

static SwValue answer_of(const Call *c, const Run *r) {
    return script_document(r->a, c->op->output, r->r == 0 ? r->out : NULL);
}

/* One of several: the answer tells which were not found. */
static bool tells_of(const Call *c, const Run *r, SwStr none) {
    SwValue v = answer_of(c, r);
    return script_says(&v, none, SW_NO_STR);
}

static const char *words(SwArena *a, SwStr name, const Run *r) {
    bool failed = r->r < 0;
    return sw_strf(a, "%.*s: %s%s%s", SW_FMT(name), failed ? r->err.kind->code : "succeeds", failed ? ": " : "",
                   failed ? r->err.message : "")
        .p;
}

/* As the inputs of the script name it, or where there is a record as this would be named. False: there is none yet. */
static bool name_some(Walk *w, SwCtx *cx, const Call *c, const SwResource *r, const SwNamed *n, void *in) {
    SwError err = sw_error(cx->arena);
    SwFound f = {0};
    if (!r->in)
        return true;
    if (sw_resource_walk(cx, r, SW_NO_STR, take_first, &f, &err) != 1)
        return false;
    name_nothing(c, in);
    name_one(cx, &f, n, c->op, in);
    return true;
}

/* The error that is declared for this name. */
static SwError declared(SwCtx *cx, const SwResource *r, SwStr none) {
    SwError err = sw_error(cx->arena);
    SwParts p = {0};
    p.v[r->n_part - 1] = none;
    if (r->in)
        (void)sw_resource_fail(cx, r, &r->missing, none, &err);
    else
        (void)sw_resource_fail_parts(cx, r, &r->missing, &p, none, &err);
    return err;
}

static void ask_missing(Walk *w, const Call *c, size_t resource, const SwNamed *n, const SwPath *at) {
    const SwResource *r = c->s->declares->resource[resource];
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err;
    SwCtx *cx = looking(w, a, &err);
    void *in = script_input(&w->k, c, a);
    if (name_some(w, cx, c, r, n, in)) {
        SwStr none = name_none(cx, r, at, c->op, in);
        SwError want = declared(cx, r, none);
        sw_ctx_rollback(cx);
        Run got = run(&w->k, c, a, in);
        bool told = got.r == 0 && tells_of(c, &got, none) && is_otherwise(TOLD, c->s, r, c->op);
        bool good = got.r < 0 && got.err.kind == want.kind;
        answered(w, MISSING, resource, c, told || good, words(a, none, &got));
        if (good)
            answered(w, WORDS, resource, c, strcmp(got.err.message, want.message) == 0, words(a, none, &got));
    }
    sw_ctx_rollback(cx);
}

static bool is_about(const SwResource *r, const SwOperation *op) {
    static const SwVerb verbs[] = {SW_VERB_SHOW, SW_VERB_CHANGE, SW_VERB_END, SW_VERB_USE};
    for (size_t i = 0; i < SW_N(verbs); i++)
        if (sw_resource_does(r, verbs[i], op))
            return true;
    return false;
}

/* By each member that names it; says whether there is one. */
static bool ask_each(Walk *w, const Call *c, size_t resource, bool ask) {
    const SwResource *r = c->s->declares->resource[resource];
    _sw_arena_ SwArena *a = sw_arena_new(0);
    bool any = false;
    SwPath at;
    if (!r->missing.kind || !c->op->input || !is_about(r, c->op))
        return false;
    for (size_t i = 0; i < r->n_named; i++) {
        if (r->named[i].op != c->op->index)
            continue;
        any = true;
        if (ask)
            ask_missing(w, c, resource, &r->named[i], telling(r, &r->named[i]));
    }
    if (any || !telling_name(r, a, c->op, &at))
        return any;
    if (ask)
        ask_missing(w, c, resource, NULL, &at);
    return true;
}

/* --- what there is ------------------------------------------------------------------------------------------------------ */

static Seen seen_of(SwCtx *cx, const SwFound *f, SwStr arn, SwArena *a) {
    Seen x = {.id = sw_str_dup(a, f->id),
              .state = sw_str_dup(a, sw_path_text(f->r->in->shape, f->record, &f->r->state_at)),
              .name = sw_str_dup(a, sw_resource_name(cx, f, arn)),
              .arn = sw_str_dup(a, arn)};
    sw_resource_parts_of(cx, f, &x.parts);
    for (size_t i = 0; i < f->r->n_part; i++)
        x.parts.v[i] = sw_str_dup(a, x.parts.v[i]);
    return x;
}

static int see_one(SwCtx *cx, const SwFound *f, SwStr arn, void *arg, SwError *err) {
    Walk *w = arg;
    (void)err;
    for (size_t i = 0; w->k.s->declares->resource[i]; i++)
        if (w->k.s->declares->resource[i] == f->r)
            *sw_list_add(w->k.a, &w->seen[i]) = seen_of(cx, f, arn, w->k.a);
    return 0;
}

static SeenList *see(Walk *w) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err;
    SwCtx *cx = looking(w, a, &err);
    size_t n = 0;
    while (w->k.s->declares->resource[n])
        n++;
    w->seen = sw_new_n(w->k.a, SeenList, n + 1);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sw_resource_walk(cx, w->k.s->declares->resource[i], SW_NO_STR, see_one, w, &err), 0);
    sw_ctx_rollback(cx);
    return w->seen;
}

static const Seen *seen_in(const SeenList *l, SwStr id) {
    for (size_t i = 0; i < l->n; i++)
        if (sw_str_eq(l->v[i].id, id))
            return &l->v[i];
    return NULL;
}

/* --- made ----------------------------------------------------------------------------------------------------------------- */

/* Where it is listed with what it lies in: of which one. */
static void name_whole(SwArena *a, const SwResource *r, const SwOperation *list, const SwParts *p, void *in) {
    for (size_t i = 0; i < r->n_named; i++)
        for (size_t k = 0; r->named[i].op == list->index && k + 1 < r->n_part; k++)
            if (r->named[i].with[k].n && sw_path_text(list->input, in, &r->named[i].with[k]).p)
                write_at(a, list->input, in, &r->named[i].with[k], p->v[k]);
}

static void check_listed(Walk *w, const Call *c, size_t resource, SwStr name, SwStr arn, const SwParts *p) {
    const SwResource *r = c->s->declares->resource[resource];
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const SwOperation *list = sw_resource_operation(r, SW_VERB_LIST);
    if (!list)
        return;
    Call l = script_call(&w->k, list);
    void *in = script_input(&w->k, &l, a);
    name_whole(a, r, list, p, in);
    Run got = run(&w->k, &l, a, in);
    SwValue v = answer_of(&l, &got);
    answered(w, LISTED, resource, &l, script_says(&v, name, arn), words(a, name, &got));
}

static void check_found(Walk *w, const Call *c, size_t resource, SwStr id) {
    const SwResource *r = c->s->declares->resource[resource];
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err;
    SwFound f, by_arn;
    SwParts p;
    SwCtx *cx = looking(w, a, &err);
    bool good = sw_resource_get(cx, r, id, &f, &err) == 0;
    SwStr arn = good ? sw_resource_arn(cx, r, f.id, f.record) : SW_NO_STR, name = SW_NO_STR;
    if (good && arn.p)
        good = sw_resource_by_arn(cx, arn, &by_arn, &err) == 0 && by_arn.r == r && sw_str_eq(by_arn.id, f.id);
    if (good) {
        name = sw_resource_name(cx, &f, arn);
        sw_resource_parts_of(cx, &f, &p);
    }
    sw_ctx_rollback(cx);
    answered(w, MADE, resource, c, good, sw_strf(a, "%.*s is not found by %.*s", SW_FMT(id), SW_FMT(arn)).p);
    if (good)
        check_listed(w, c, resource, name, arn, &p);
}

static void check_again(Walk *w, const Call *c, size_t resource) {
    const SwResource *r = c->s->declares->resource[resource];
    _sw_arena_ SwArena *a = sw_arena_new(0);
    if (!r->exists.kind || !sw_resource_does(r, SW_VERB_MAKE, c->op))
        return;
    Run got = run(&w->k, c, a, script_input(&w->k, c, a));
    answered(w, AGAIN, resource, c, got.r < 0 && got.err.kind == r->exists.kind, words(a, SW_STR("it"), &got));
}

static bool makes(const SwResource *r, const SwOperation *op) {
    return sw_resource_does(r, SW_VERB_MAKE, op) || sw_resource_does(r, SW_VERB_PUT, op);
}

static void check_made(Walk *w, const Call *c, size_t resource, const SeenList *was, const SeenList *is) {
    bool any = false;
    for (size_t i = 0; i < is->n; i++)
        if (!seen_in(was, is->v[i].id)) {
            check_found(w, c, resource, is->v[i].id);
            any = true;
        }
    if (any)
        check_again(w, c, resource);
}

/* --- ended ---------------------------------------------------------------------------------------------------------------- */

/* Whether all that tells `whole` from its like is said of `part`, too: a topic of its subscription. */
static bool lies_in(const SwResource *of_part, const Seen *part, const SwResource *of_whole, const Seen *whole) {
    if (of_part->n_part == of_whole->n_part)
        return false;
    for (size_t i = 0; i < of_whole->n_part; i++) {
        size_t k = 0;
        while (k < of_part->n_part && strcmp(of_part->part[k].name, of_whole->part[i].name) != 0)
            k++;
        if (k == of_part->n_part || !sw_str_eq(part->parts.v[k], whole->parts.v[i]))
            return false;
    }
    return true;
}

/* What lay in it is gone with it. */
static void check_left(Walk *w, const Call *c, size_t resource, const Seen *gone, const SeenList *is) {
    const SwResource *const *all = c->s->declares->resource;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (size_t i = 0; all[i]; i++)
        for (size_t k = 0; i != resource && k < is[i].n; k++)
            if (lies_in(all[i], &is[i].v[k], all[resource], gone))
                answered(w, LEFT, i, c, false, sw_strf(a, "%.*s", SW_FMT(is[i].v[k].id)).p);
}

/* Something is, and all that is was named. */
static void check_ended(Walk *w, const Call *c, size_t resource, const SeenList *was, const SeenList *is) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwValue in = script_document(a, c->op->input, script_input(&w->k, c, a));
    SwStr other = SW_NO_STR;
    bool any = false;
    for (size_t i = 0; i < was[resource].n; i++) {
        const Seen *x = &was[resource].v[i], *now = seen_in(&is[resource], x->id);
        if (now && sw_str_eq(now->state, x->state))
            continue;
        any = true;
        if (!script_says(&in, x->name, x->arn))
            other = x->id;
        if (!now)
            check_left(w, c, resource, x, is);
    }
    if (was[resource].n)
        answered(w, ENDED, resource, c, any && !other.p,
                 other.p ? sw_strf(a, "%.*s, too", SW_FMT(other)).p : "all are there, and in the state in which they were");
}

/* --- a service ------------------------------------------------------------------------------------------------------------ */

static void follow(Script *k, const Call *c) {
    Walk *w = (Walk *)k;
    const SwResource *const *all = k->s->declares->resource;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    for (size_t i = 0; !c->prepares && all[i]; i++)
        (void)ask_each(w, c, i, true);
    const SeenList *was = see(w);
    Run got = run(k, c, a, script_input(k, c, a));
    if (got.r == 0)
        script_answer(k, c, got.out);
    if (c->fails ? got.r == 0 || strcmp(code_of(&got), c->fails) != 0 : got.r < 0)
        script_wrong(k, c, "%s%s%s", code_of(&got), got.r < 0 ? ": " : "", got.r < 0 ? got.err.message : "");
    if (c->prepares || got.r < 0)
        return;
    const SeenList *is = see(w);
    for (size_t i = 0; all[i]; i++) {
        if (makes(all[i], c->op))
            check_made(w, c, i, &was[i], &is[i]);
        if (all[i]->in && sw_resource_does(all[i], SW_VERB_END, c->op))
            check_ended(w, c, i, was, is);
    }
}

static void check_asked(Walk *w, Question of, size_t resource, const Call *c, bool should) {
    const SwResource *r = c->s->declares->resource[resource];
    if (should && !*mark(w, of, resource, c->op) && !is_otherwise(of, c->s, r, c->op))
        script_wrong(&w->k, c, "%s, %s: the script did not come to it", r->name, questions[of]);
}

/* Each declared operation was followed. */
static void check_all(Walk *w) {
    const SwService *s = w->k.s;
    for (size_t i = 0; s->declares->resource[i]; i++)
        for (size_t k = 0; k < s->api->n_op; k++) {
            const SwResource *r = s->declares->resource[i];
            const Call c = {.s = s, .op = &s->api->op[k]};
            check_asked(w, MISSING, i, &c, ask_each(w, &c, i, false));
            check_asked(w, MADE, i, &c, r->in && makes(r, c.op));
            check_asked(w, ENDED, i, &c, r->in && sw_resource_does(r, SW_VERB_END, c.op));
            check_asked(w, AGAIN, i, &c, r->in && r->exists.kind && sw_resource_does(r, SW_VERB_MAKE, c.op));
        }
    for (size_t i = 0; i < SW_N(otherwise); i++)
        if (strcmp(otherwise[i].service, s->name) == 0 && !otherwise[i].met) {
            w->k.wrong++;
            print_error("%s %s, %s: stands in the list without need\n", s->name, otherwise[i].op, questions[otherwise[i].of]);
        }
}

static void what_is_declared_of_operations_is_true(void **state) {
    const SwService *s = *state;
    World *w = script_world();
    if (!w)
        skip();
    size_t n = 0;
    while (s->declares->resource[n])
        n++;
    Walk k = {.k = {.w = w, .s = s, .a = w->arena}};
    for (size_t i = 0; i < _QUESTION_MAX; i++)
        k.asked[i] = sw_new_n(w->arena, bool, n * s->api->n_op);
    script_run(&k.k, follow);
    check_all(&k);
    print_message("# %s: %u that are not there, %u made, %u listed, %u made again, %u ended\n", s->name, k.n_asked[MISSING],
                  k.n_asked[MADE], k.n_asked[LISTED], k.n_asked[AGAIN], k.n_asked[ENDED]);
    world_end(w);
    assert_int_equal(k.k.wrong, 0);
}

static bool takes(const SwService *s) {
    return s->declares && s->declares->resource[0];
}

int main(int argc, char **argv) {
    return script_main("declared", argc, argv, takes, what_is_declared_of_operations_is_true);
}
