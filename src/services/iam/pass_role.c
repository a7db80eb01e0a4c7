/* SPDX-License-Identifier: Apache-2.0 */
/* iam:PassRole. Who hands a service a role lets it act with that role's permissions, and so must be allowed to pass it.
 *
 * AWS     IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
 * Where each operation's input has a role, and which service it is for, is declared with the service's resources
 * ("passes" in models/resources). */

#include "services/iam/iam.h"

#include "api/registry.h"
#include "resource/resource.h"

static int pass(SwCtx *cx, SwStr role, const char *service, SwError *err) {
    SwPolicyQuery q;
    IamIdentity i;
    SwStr arn = role;
    if (!sw_str_starts(role, SW_STR("arn:"))) { /* by name */
        if (iam_identity_find(cx, IAM_ROLE, role, &i, err) < 0)
            return -1;
        arn = i.found ? i.arn : sw_arn_global(cx, "iam", "role/%.*s", SW_FMT(role));
    }
    if (iam_query_fill(cx, "iam:PassRole", arn, &q, err) < 0)
        return -1;
    iam_query_key(&q, "iam:PassedToService", sw_str(service));
    return iam_decide(cx, &q, err);
}

int iam_auth_pass_roles(SwCtx *cx, const SwOperation *op, const void *in, SwError *err) {
    const SwService *s = sw_registry_by_api(cx->host, cx->api);
    if (cx->principal.kind == SW_PRINCIPAL_ROOT || !s || !s->declares)
        return 0;
    for (size_t i = 0; i < s->declares->n_passes; i++) {
        const SwInputWay *w = &s->declares->passes[i];
        SwStrList roles = w->op == op->index ? sw_path_texts(cx->arena, op->input, in, &w->at) : (SwStrList){0};
        for (size_t k = 0; k < roles.n; k++)
            if (sw_str_is(roles.v[k]) && pass(cx, roles.v[k], w->value, err) < 0)
                return -1;
    }
    return 0;
}
