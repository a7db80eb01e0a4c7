/* SPDX-License-Identifier: Apache-2.0 */
/* What IAM is asked where the server is strict: of every operation whose input names a declared resource, by name or by ARN,
 * about that resource's ARN. The walk is over models/resources; what an input may name without being declared there is found by
 * its members' names, however deep they lie, and what is not asked about stands below with its reason. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fnmatch.h>

#include "../wire/generate.h"
#include "../world.h"
#include "api/operation.h"
#include "resource/resource.h"

typedef struct Reason {
    const char *service, *op, *path, *why; /* the first three: patterns */
} Reason;

/* Members that may name something, and that IAM is asked nothing about. */
static const Reason unasked[] = {
#define ACCOUNT   "an account is no resource"
#define ATTACHED  "AWS asks for what it is attached to; the policy is the condition iam:PolicyARN"
#define CLUSTER   "AWS lists no resource for it; the cluster is the condition ecs:cluster"
#define FILTER    "what is listed is not one resource; AWS lists none for it"
#define GROUP     "who is put into a group is not what the request is about: AWS asks for the group"
#define HANDLER   "the handler asks, where it knows more"
#define INLINE    "of an inline policy, which is part of what has it"
#define LABEL     "a name inside of what is asked about; it has no ARN"
#define METRIC    "a metric is no resource"
#define SIMULATED "it is only described; AWS asks for the principal whose policies are looked at"
#define NONE      "AWS lists no resource for it"
#define PART      "a part of what is asked about; it has no ARN"
#define SETTING   "AWS asks for what is set; this is a value of it"
    {"cloudcontrol", "*", "*", "the caller's own calls of the services' operations ask"},
    {"tagging", "*", "*", "the caller's own calls of the services' operations ask"},
    {"ec2", "Describe*", "*", "AWS lists no resource for what describes"},
    {"slipway", "GetDeployment", "deploymentId", "a deployment has no ARN"},
    {"logs", "*ResourcePolicy", "policyName", "the account's; AWS lists no resource for it"},
    {"logs", "CreateLogGroup", "kmsKeyId", SETTING},
    {"logs", "DescribeLogGroups", "accountIdentifiers", ACCOUNT},
    {"logs", "FilterLogEvents", "logStreamNames", PART},
    {"iam", "AddUserToGroup", "UserName", GROUP},
    {"iam", "RemoveUserFromGroup", "UserName", GROUP},
    {"iam", "RemoveRoleFromInstanceProfile", "RoleName", "AWS asks for the profile"},
    {"iam", "Attach*Policy", "PolicyArn", ATTACHED},
    {"iam", "Detach*Policy", "PolicyArn", ATTACHED},
    {"iam", "*GroupPolicy", "PolicyName", INLINE},
    {"iam", "*RolePolicy", "PolicyName", INLINE},
    {"iam", "*UserPolicy", "PolicyName", INLINE},
    {"iam", "*PolicyVersion", "VersionId", PART},
    {"iam", "*AccessKey", "AccessKeyId", PART},
    {"iam", "*ServiceSpecificCredential", "ServiceSpecificCredentialId", PART},
    {"iam", "*ServiceSpecificCredential*", "ServiceName", "a service is no resource"},
    {"iam", "*SSHPublicKey", "SSHPublicKeyId", PART},
    {"iam", "*SigningCertificate", "CertificateId", PART},
    {"iam", "GetAccessKeyLastUsed", "AccessKeyId", PART},
    {"iam", "Simulate*", "ActionNames", SIMULATED},
    {"iam", "Simulate*", "ResourceArns", SIMULATED},
    {"iam", "Simulate*", "CallerArn", SIMULATED},
    {"iam", "Simulate*", "ContextEntries.ContextKeyName", SIMULATED},
    {"sts", "AssumeRole*", "RoleSessionName", "AWS asks for the role"},
    {"kms", "CreateGrant", "Name", LABEL},
    {"kms", "*ImportedKeyMaterial", "KeyMaterialId", PART},
    {"kms", "ImportKeyMaterial", "KeyMaterialId", PART},
    {"kms", "*KeyPolicy", "PolicyName", PART},
    {"kms", "ListAliases", "KeyId", FILTER},
    {"kms", "*Grant*", "GrantId", PART},
    {"kms", "RetireGrant", "KeyId", HANDLER},
    {"kms", "ReEncrypt", "SourceKeyId", HANDLER},
    {"kms", "ReEncrypt", "DestinationKeyId", HANDLER},
    {"sts", "AssumeRole", "ExternalId", "a condition of the role's trust policy"},
    {"sts", "GetFederationToken", "PolicyArns.arn", "what the session may do at most; AWS asks for the federated user"},
    {"sts", "AssumeRole*", "PolicyArns.arn", "what the session may do at most; AWS asks for the role"},
    {"sts", "GetAccessKeyInfo", "AccessKeyId", NONE},
    {"ecr", "*", "registryId", ACCOUNT},
    {"ecr", "*", "registryIds", ACCOUNT},
    {"ecr", "*Layer*", "uploadId", PART},
    {"ecs", "*Cluster*", "capacityProviders", SETTING},
    {"ecs", "*Service", "taskDefinition", SETTING},
    {"ecs", "*Service", "loadBalancers.*", SETTING},
    {"ecs", "*Service", "deploymentConfiguration.alarms.alarmNames", SETTING},
    {"ecs", "*TaskDefinition", "taskDefinition", NONE},
    {"ecs", "RegisterTaskDefinition", "containerDefinitions.*", LABEL},
    {"ecs", "RegisterTaskDefinition", "volumes.*", LABEL},
    {"ecs", "*Service", "serviceConnectConfiguration.*", "refused where it is on"},
    {"ecs", "DescribeCapacityProviders", "cluster", CLUSTER},
    {"ecs", "ListServices", "cluster", CLUSTER},
    {"ecs", "*Task", "cluster", "AWS asks for the task definition; the cluster is the condition ecs:cluster"},
    {"ecs", "*Task", "overrides.containerOverrides.*", LABEL},
    {"ecs", "ListAccountSettings", "principalArn", "the caller's settings; AWS lists no resource for it"},
    {"ecs", "ListTasks", "family", FILTER},
    {"ecs", "ListTasks", "*Name", FILTER},
    {"sqs", "*", "*AttributeNames", LABEL},
    {"sqs", "*", "*AWSAccountId*", ACCOUNT},
    {"sqs", "*MessageBatch", "Entries.Id", LABEL},
    {"sqs", "*ChangeMessageVisibilityBatch", "Entries.Id", LABEL},
    {"sqs", "SendMessage*", "*MessageDeduplicationId", LABEL},
    {"sqs", "SendMessage*", "*MessageGroupId", LABEL},
    {"sqs", "ReceiveMessage", "ReceiveRequestAttemptId", LABEL},
    {"sns", "AddPermission", "AWSAccountId", ACCOUNT},
    {"sns", "AddPermission", "ActionName", "an action is no resource"},
    {"sns", "Publish*", "*MessageDeduplicationId", LABEL},
    {"sns", "Publish*", "*MessageGroupId", LABEL},
    {"sns", "PublishBatch", "PublishBatchRequestEntries.Id", LABEL},
    {"sns", "Set*Attributes", "AttributeName", LABEL},
    {"events", "ListRule*", "EventBusName", FILTER},
    {"events", "ListRuleNamesByTarget", "TargetArn", FILTER},
    {"events", "PutEvents", "Entries.Source", "the condition events:source"},
    {"events", "*Permission", "StatementId", PART},
    {"lambda", "*Permission", "StatementId", PART},
    {"lambda", "AddPermission", "SourceArn", "what the statement is about, whoever has it"},
    {"lambda", "*", "RevisionId", LABEL},
    {"lambda", "*Alias", "Name", "AWS asks for the function"},
    {"lambda", "CreateFunction", "Code.S3Bucket", "S3 asks when the object is read"},
    {"lambda", "UpdateFunctionCode", "S3Bucket", "S3 asks when the object is read"},
    {"events", "PutTargets", "Targets.Arn", "AWS asks for the rule; the target is the condition events:TargetArn"},
    {"events", "PutTargets", "Targets.*", SETTING},
    {"events", "RemoveTargets", "Ids", PART},
    {"codepipeline", "*Pipeline", "pipeline.*", LABEL},
    {"codepipeline", "*", "*pipelineExecutionId", PART},
    {"codepipeline", "ListPipelineExecutions", "filter.succeededInStage.stageName", FILTER},
    {"codepipeline", "StartPipelineExecution", "variables.name", LABEL},
    {"codepipeline", "StartPipelineExecution", "sourceRevisions.actionName", LABEL},
    {"s3", "*", "UploadId", PART},
    {"s3", "*", "VersionId", "an action of its own, and the condition s3:VersionId"},
    {"s3", "*", "CopySource", HANDLER},
    {"s3", "DeleteObjects", "Delete.Objects.*", HANDLER},
    {"s3", "CreateBucket", "CreateBucketConfiguration.Tags.Key", LABEL},
    {"s3", "Put*Tagging", "Tagging.TagSet.Key", LABEL},
    {"s3", "PutBucketAcl", "AccessControlPolicy.*", SETTING},
    {"s3", "PutBucketCors", "CORSConfiguration.CORSRules.ID", LABEL},
    {"s3", "PutBucketNotificationConfiguration", "NotificationConfiguration.*", SETTING},
    {"secretsmanager", "*", "KmsKeyId", SETTING},
    {"secretsmanager", "*", "*VersionId", PART},
    {"ssm", "PutParameter", "KeyId", SETTING},
    {"ssm", "*ResourcePolicy", "PolicyId", PART},
    {"codecommit", "*", "*ranchName", "a branch has no ARN; it is the condition codecommit:References"},
    {"codecommit", "*", "*ommitId*", PART},
    {"codecommit", "GetBlob", "blobId", PART},
    {"codecommit", "*", "*Path", PART},
    {"codecommit", "*", "authorName", LABEL},
    {"codecommit", "*File", "name", LABEL},
    {"codecommit", "CreateRepository", "kmsKeyId", SETTING},
    {"elbv2", "*Listener", "DefaultActions.*", SETTING},
    {"elbv2", "*Rule", "Actions.*", SETTING},
    {"elbv2", "*Rule", "Conditions.*", SETTING},
    {"elbv2", "*", "SubnetMappings.*", SETTING},
    {"elbv2", "*TargetGroup", "VpcId", SETTING},
    {"elbv2", "*TargetGroup", "HealthCheckPath", SETTING},
    {"elbv2", "*Target*", "Targets.*Id", "AWS asks for the target group"},
    {"cloudwatch", "*", "*MetricName", METRIC},
    {"cloudwatch", "*", "*Dimensions.Name", METRIC},
    {"cloudwatch", "*", "Metric*.Id", METRIC},
    {"cloudwatch", "*", "Metric*.AccountId", ACCOUNT},
    {"cloudwatch", "DescribeAlarmHistory", "AlarmContributorId", PART},
    {"cloudwatch", "DescribeAlarms", "*OfAlarmName", FILTER},
    {"codebuild", "*", "*sourceIdentifier", LABEL},
    {"codebuild", "*", "*rtifacts*.*", LABEL},
    {"codebuild", "*", "*nvironment*.name", LABEL},
    {"codebuild", "*", "logsConfig*.cloudWatchLogs.*", SETTING},
};

/* Resources that are named there, while another is asked about; the last word is the resource. */
static const Reason about_another[] = {
    {"sns", "GetSubscriptionAttributes", "subscription", "AWS asks for the topic"},
    {"sns", "SetSubscriptionAttributes", "subscription", "AWS asks for the topic"},
    {"s3", "DeleteObjects", "bucket", "AWS asks for each key, where the bucket is there"},
};

/* --- what is asked ----------------------------------------------------------------------------------------------------- */

static const SwPrincipal ann = {.kind = SW_PRINCIPAL_USER,
                                .arn = SW_STR_C("arn:aws:iam::000000000000:user/ann"),
                                .id = SW_STR_C("AIDA")};
static SwStrList asked, actions;
static const char *refusal; /* what the operation ended with */
static SwArena *asked_in;

static int note(SwCtx *cx, const char *action, SwStr resource, SwError *err) {
    (void)cx;
    (void)err;
    sw_str_list_add(asked_in, &asked, sw_str_dup(asked_in, resource));
    sw_str_list_add(asked_in, &actions, sw_str(action));
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
    cx->principal = ann;
    cx->api = s->api;
    cx->op = op;
    if (!(handler.flags & SW_AUTHORISES))
        handler.fn = SW_HANDLER(does_nothing);
    asked = actions = (SwStrList){0};
    asked_in = a;
    refusal = sw_operation_run_alone(cx, s, op, &handler, in, &out, &err) < 0 ? err.message : "it went well";
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

/* Of what is done to it, where that is not the operation itself. */
static bool was_asked_each(const SwNamed *n, SwStr arn) {
    for (const char *const *action = n->asks; action && *action; action++) {
        bool is = false;
        for (size_t i = 0; i < asked.n; i++)
            is |= sw_str_eq(asked.v[i], arn) && sw_str_eqz(actions.v[i], *action);
        if (!is)
            return false;
    }
    return true;
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

/* What it is called afterwards is asked about as well. */
static void check_becomes(Walk *k, SwArena *a, SwCtx *cx, const SwService *s, const SwOperation *op, const SwResource *r,
                          const SwNamed *n, void *in) {
    SwParts p;
    for (size_t i = 0; i < r->n_part; i++) {
        if (!n->becomes[i].n)
            continue;
        bool folder = strstr(r->arn[0], sw_strf(a, "{%s:folder}", r->part[i].name).p), found = false;
        SwStr later = folder ? SW_STR("/later/") : SW_STR("later");
        sw_path_write(a, op->input, in, &n->becomes[i], later);
        bool some = ask(k->w, a, s, op, in);
        for (size_t q = 0; some && q < asked.n; q++)
            found |= sw_resource_read_arn(cx, r, asked.v[q], &p) && sw_str_eq(p.v[i], later);
        if (!found)
            wrong(k, a, s, op, sw_path_last(op->input, &n->becomes[i]), later, SW_STR("that, too"));
    }
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
        if (!(was_asked(want) && was_asked_each(n, want)) && !(has_hook(r) && was_asked_about(r, &p, text)))
            wrong(k, a, s, op, member, text, want);
        check_becomes(k, a, cx, s, op, r, n, in);
        if (was_asked(SW_STR("*")))
            wrong(k, a, s, op, member, text, SW_STR("that"));
    }
    if (k->n_asked == before && !strstr(refusal, "is not supported"))
        wrong(k, a, s, op, member, sw_strf(a, "(%s)", refusal), arn);
}

/* --- the walk ------------------------------------------------------------------------------------------------------------- */

/* A text of an input: the way to it, as far as a way goes, and its name. */
typedef struct Text {
    SwPath at; /* n 0: deeper than any declaration reaches */
    const SwMember *m;
    SwStr path;
} Text;
typedef struct TextList {
    Text *v;
    size_t n;
} TextList;

#define DEEP 8

/* Of structures in structures each once. */
static void find_texts(SwArena *a, const SwShape *s, const Text *above, const SwShape **stack, unsigned depth, TextList *all) {
    while (s->kind == SW_LIST || s->kind == SW_MAP)
        s = s->member[s->n_member - 1].shape;
    for (unsigned i = 0; i < depth; i++)
        if (stack[i] == s)
            return;
    stack[depth] = s;
    for (uint16_t i = 0; depth < DEEP && (s->kind == SW_STRUCTURE || s->kind == SW_UNION) && i < s->n_member; i++) {
        Text t = *above;
        t.m = &s->member[i];
        if (t.m->refused && !t.m->refused->unless)
            continue;
        t.path = sw_strf(a, "%.*s%s%s", SW_FMT(above->path), depth ? "." : "", t.m->name);
        if (depth < SW_PATH_MAX)
            t.at.at[depth] = i;
        t.at.n = depth < SW_PATH_MAX ? (uint8_t)(depth + 1) : 0;
        const SwShape *end = t.m->shape;
        while (end->kind == SW_LIST)
            end = end->member[0].shape;
        if (end->kind == SW_STRING && !end->enum_values)
            *sw_list_add(a, all) = t;
        else
            find_texts(a, t.m->shape, &t, stack, depth + 1, all);
    }
}

static const SwResource *const *resources(const SwService *s) {
    static const SwResource *const none[] = {NULL};
    return s->declares ? s->declares->resource : none;
}

static bool is_declared(const SwService *s, const SwOperation *op, const SwPath *at) {
    for (const SwResource *const *r = resources(s); *r; r++)
        for (size_t i = 0; i < (*r)->n_named; i++) {
            const SwNamed *n = &(*r)->named[i];
            bool is = same_path(&n->at, at);
            for (size_t k = 0; k < (*r)->n_part; k++)
                is |= same_path(&n->with[k], at) || same_path(&n->becomes[k], at);
            if ((*r)->arn[0] && n->op == op->index && is)
                return true;
        }
    const SwDeclarations *d = s->declares;
    for (size_t i = 0; d && i < d->n_passes; i++)
        if (d->passes[i].op == op->index && same_path(&d->passes[i].at, at))
            return true;
    return false;
}

/* Whether a member of this name names a resource somewhere in the service. */
static bool names_elsewhere(const SwService *s, SwStr member) {
    for (const SwResource *const *r = resources(s); *r; r++)
        for (size_t i = 0; i < (*r)->n_named; i++)
            if (sw_str_eq(sw_path_last(s->api->op[(*r)->named[i].op].input, &(*r)->named[i].at), member))
                return true;
    return false;
}

static const Reason *reason_in(const Reason *r, size_t n, const SwService *s, const SwOperation *op, const char *path) {
    for (size_t i = 0; i < n; i++)
        if (fnmatch(r[i].service, s->name, 0) == 0 && fnmatch(r[i].op, op->name, 0) == 0 && fnmatch(r[i].path, path, 0) == 0)
            return &r[i];
    return NULL;
}

static void each_operation(Walk *k, const SwService *s, void (*fn)(Walk *k, const SwService *s, const SwOperation *op)) {
    for (size_t i = 0; i < s->api->n_op; i++)
        if (s->api->op[i].input && sw_registry_handler(s, &s->api->op[i]) && !(s->api->op[i].flags & SW_OP_NO_AUTH))
            fn(k, s, &s->api->op[i]);
}

static void check_declared(Walk *k, const SwService *s, const SwOperation *op) {
    for (const SwResource *const *r = resources(s); *r; r++)
        for (size_t i = 0; i < (*r)->n_named; i++)
            if ((*r)->arn[0] && (*r)->named[i].op == op->index &&
                !reason_in(about_another, SW_N(about_another), s, op, (*r)->name)) {
                k->n_named++;
                check_named(k, s, op, *r, &(*r)->named[i]);
            }
}

/* Whether a text called so may name something. */
static bool looks_like_a_name(const SwService *s, const SwMember *m) {
    static const char *const ends[] = {"Arn",     "ARN", "Arns", "ARNs",       "Name",        "Names",
                                       "ARNList", "Id",  "Ids",  "Identifier", "Identifiers", "Bucket",
                                       "Buckets", "Url", "Urls", "Path",       "Source"};
    for (size_t i = 0; i < SW_N(ends); i++)
        if (sw_str_ends(sw_str(m->name), sw_str(ends[i])) || strcasecmp(m->name, ends[i]) == 0)
            return true;
    return names_elsewhere(s, sw_str(m->name));
}

static bool is_asked_about(Walk *k, SwArena *a, const SwService *s, const SwOperation *op, const SwPath *at) {
    static const char *const texts[] = {"theirs", "/theirs", "arn:aws:iam::123456789012:role/theirs"};
    for (size_t i = 0; at->n && i < SW_N(texts); i++) {
        Generator g = {.a = a, .protocol = s->api->protocol};
        void *in = generate(&g, op->input);
        sw_path_write(a, op->input, in, at, sw_str(texts[i]));
        if (!ask(k->w, a, s, op, in))
            continue;
        for (size_t q = 0; q < asked.n; q++)
            if (sw_str_contains(asked.v[q], SW_STR("theirs")))
                return true;
        return false;
    }
    return false;
}

static bool needed[SW_N(unasked)];

/* A reason counts where there is nothing else. */
static bool excuse(const Reason *r, bool *ret_needed, size_t n, const SwService *s, const SwOperation *op, const char *path) {
    const Reason *why = reason_in(r, n, s, op, path);
    if (why)
        ret_needed[why - r] = true;
    return why != NULL;
}

static void check_undeclared(Walk *k, const SwService *s, const SwOperation *op) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    TextList all = {0};
    const SwShape *stack[DEEP + 1];
    find_texts(a, op->input, &(Text){0}, stack, 0, &all);
    for (size_t i = 0; i < all.n; i++) {
        const Text *t = &all.v[i];
        if (!looks_like_a_name(s, t->m) || is_declared(s, op, &t->at) || is_asked_about(k, a, s, op, &t->at))
            continue;
        if (excuse(unasked, needed, SW_N(unasked), s, op, sw_str_z(a, t->path)))
            continue;
        k->wrong++;
        print_error("%s %s: IAM is asked nothing about %.*s\n", s->name, op->name, SW_FMT(t->path));
    }
}

static void check_reasons(Walk *k, const Reason *r, const bool *was_needed, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!was_needed[i]) {
            k->wrong++;
            print_error("%s %s %s stands in the list without need\n", r[i].service, r[i].op, r[i].path);
        }
}

/* --- roles that are passed ------------------------------------------------------------------------------------------------ */

/* Texts that are called after a role, and hand none to a service. */
static const Reason not_passed[] = {
    {"iam", "*Role*", "RoleName", "it is about the role, which stays where it is"},
    {"iam", "CreateRole", "AssumeRolePolicyDocument", "a policy"},
    {"sts", "AssumeRole", "Role*", "the caller's own session, which sts:AssumeRole is asked for"},
    {"ecs", "*Service", "serviceConnectConfiguration.*", "refused where it is on"},
};
static bool not_passed_needed[SW_N(not_passed)];

#define ROLE "arn:aws:iam::000000000000:role/theirs"

/* Of several the first that may not be passed is told of: it is to be this one. */
static void leave_out_other_roles(SwArena *a, const SwService *s, const SwOperation *op, const SwPath *but, void *in) {
    for (size_t i = 0; s->declares && i < s->declares->n_passes; i++) {
        const SwInputWay *w = &s->declares->passes[i];
        if (w->op == op->index && !same_path(&w->at, but))
            sw_path_write(a, op->input, in, &w->at, SW_NO_STR);
    }
}

/* Nobody may do anything here, so that what is asked for is what is refused. Of an operation that asks by itself, nobody asks
 * for the roles (SW_AUTHORISES). */
static bool is_passed(Walk *k, SwArena *a, const SwService *s, const SwOperation *op, const Text *t) {
    static const char *const texts[] = {ROLE, "theirs"};
    bool asks = t->at.n && !(sw_registry_handler(s, op)->flags & SW_AUTHORISES);
    for (size_t i = 0; asks && i < SW_N(texts); i++) {
        Generator g = {.a = a, .protocol = s->api->protocol};
        SwError err = sw_error(a);
        SwCtx *cx = sw_ctx_new(k->w->host, a, SW_NO_STR, SW_NO_STR, "test");
        void *in = generate(&g, op->input);
        cx->principal = ann;
        cx->api = s->api;
        leave_out_other_roles(a, s, op, &t->at, in);
        sw_path_write(a, op->input, in, &t->at, sw_str(texts[i]));
        assert_int_equal(sw_ctx_begin(cx, SW_READ, &err), 0);
        asks = k->w->host->auth.pass_roles(cx, op, in, &err) < 0 && strstr(err.message, "iam:PassRole") &&
               strstr(err.message, ROLE);
        sw_ctx_rollback(cx);
    }
    return asks;
}

static void check_passed(Walk *k, const SwService *s, const SwOperation *op) {
    _sw_arena_ SwArena *a = sw_arena_new(0);
    TextList all = {0};
    const SwShape *stack[DEEP + 1];
    find_texts(a, op->input, &(Text){0}, stack, 0, &all);
    for (size_t i = 0; i < all.n; i++) {
        const Text *t = &all.v[i];
        if (!strcasestr(t->m->name, "role"))
            continue;
        k->n_named++;
        if (is_passed(k, a, s, op, t)) {
            k->n_asked++;
            continue;
        }
        if (excuse(not_passed, not_passed_needed, SW_N(not_passed), s, op, sw_str_z(a, t->path)))
            continue;
        k->wrong++;
        print_error("%s %s: nobody is asked whether the role %.*s may be passed\n", s->name, op->name, SW_FMT(t->path));
    }
}

/* --- all of them -------------------------------------------------------------------------------------------------------- */

static void walk(void (*fn)(Walk *k, const SwService *s, const SwOperation *op)) {
    World *w = world_open(sw_services);
    if (!w)
        skip();
    sw_engine_stop(w->host->engine);
    w->config.strict = true;
    w->host->auth.authorise = note;
    if (fn != check_passed)
        w->host->auth.pass_roles = NULL;
    Walk k = {.w = w};
    for (const SwService *const *s = sw_services; *s; s++)
        if ((*s)->api)
            each_operation(&k, *s, fn);
    if (fn == check_undeclared)
        check_reasons(&k, unasked, needed, SW_N(unasked));
    if (fn == check_passed)
        check_reasons(&k, not_passed, not_passed_needed, SW_N(not_passed));
    print_message("# %u members that name, %u questions\n", k.n_named, k.n_asked);
    world_end(w);
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

static void roles_of_an_input_are_asked_about_or_explained(void **state) {
    (void)state;
    walk(check_passed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_input_names_is_what_is_asked_about),
        cmocka_unit_test(what_an_input_may_name_is_declared_or_explained),
        cmocka_unit_test(roles_of_an_input_are_asked_about_or_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
