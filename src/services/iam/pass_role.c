/* SPDX-License-Identifier: Apache-2.0 */
/* iam:PassRole. Who hands a service a role lets it act with that role's permissions, and so must be allowed to pass it.
 *
 * AWS     IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
 * A role is found wherever in the input a member of that name stands; one more operation is one more row. */

#include "services/iam/iam.h"

static const struct {
    const char *action, *members[3], *service;
} passes[] = {
    {"codebuild:CreateProject", {"serviceRole"}, "codebuild.amazonaws.com"},
    {"codebuild:UpdateProject", {"serviceRole"}, "codebuild.amazonaws.com"},
    {"codebuild:StartBuild", {"serviceRoleOverride"}, "codebuild.amazonaws.com"},
    {"codepipeline:CreatePipeline", {"roleArn"}, "codepipeline.amazonaws.com"},
    {"codepipeline:UpdatePipeline", {"roleArn"}, "codepipeline.amazonaws.com"},
    {"ecs:CreateService", {"role"}, "ecs.amazonaws.com"},
    {"ecs:RegisterTaskDefinition", {"taskRoleArn", "executionRoleArn"}, "ecs-tasks.amazonaws.com"},
    {"ecs:RunTask", {"taskRoleArn", "executionRoleArn"}, "ecs-tasks.amazonaws.com"},
    {"ecs:StartTask", {"taskRoleArn", "executionRoleArn"}, "ecs-tasks.amazonaws.com"},
    {"events:PutRule", {"RoleArn"}, "events.amazonaws.com"},
    {"events:PutTargets", {"RoleArn"}, "events.amazonaws.com"},
    {"iam:AddRoleToInstanceProfile", {"RoleName"}, "ec2.amazonaws.com"},
};

static int pass(SwCtx *cx, SwStr role, const char *service, SwError *err) {
    SwPolicyQuery q;
    IamIdentity i;
    SwStr arn = role;
    if (!sw_str_starts(role, SW_STR("arn:"))) { /* by name */
        if (iam_identity_find(cx, IAM_ROLE, role, &i, err) < 0)
            return -1;
        arn = i.record ? i.arn : sw_arn_global(cx, "iam", "role/%.*s", SW_FMT(role));
    }
    if (iam_query_fill(cx, "iam:PassRole", arn, &q, err) < 0)
        return -1;
    iam_query_key(&q, "iam:PassedToService", sw_str(service));
    return iam_decide(cx, &q, err);
}

static bool is_role(const SwMember *m, const char *const names[3]) {
    for (int i = 0; i < 3 && names[i]; i++)
        if (m->shape->kind == SW_STRING && strcmp(m->name, names[i]) == 0)
            return true;
    return false;
}

static int walk(SwCtx *cx, const SwShape *s, const void *v, const char *const names[3], const char *service, SwError *err) {
    if (s->kind == SW_LIST) {
        for (size_t i = 0; i < sw_list_count(v); i++)
            if (walk(cx, s->member[0].shape, sw_list_at(s, v, i), names, service, err) < 0)
                return -1;
        return 0;
    }
    if (s->kind != SW_STRUCTURE && s->kind != SW_UNION)
        return 0;
    for (uint32_t i = 0; i < s->n_member; i++) {
        const SwMember *m = &s->member[i];
        const void *value = sw_member_is_set(m, v) ? sw_member_at(m, v) : NULL;
        if (!value)
            continue;
        bool role = is_role(m, names) && sw_str_is(*(const SwStr *)value);
        if ((role ? pass(cx, *(const SwStr *)value, service, err) : walk(cx, m->shape, value, names, service, err)) < 0)
            return -1;
    }
    return 0;
}

int iam_auth_pass_roles(SwCtx *cx, const SwOperation *op, const void *in, SwError *err) {
    if (cx->principal.kind == SW_PRINCIPAL_ROOT)
        return 0;
    for (size_t i = 0; i < SW_N(passes); i++)
        if (strcmp(op->iam_action, passes[i].action) == 0)
            return walk(cx, op->input, in, passes[i].members, passes[i].service, err);
    return 0;
}
