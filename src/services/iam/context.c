/* SPDX-License-Identifier: Apache-2.0 */
/* The context of a request, as conditions of policies ask about it: who calls, when and from where, and what the input
 * says. AWS: IAM User Guide, "AWS global condition context keys"; each service's table of condition keys. A key that
 * an input member holds is declared with its service's resources ("conditions" in models/resources). */

#include "services/iam/iam.h"

#include "api/registry.h"
#include "resource/resource.h"

#define KEYS_FIRST 64 /* room for keys, doubled as they come: one that was dropped could be what denies */

int iam_session_of(SwCtx *cx, const IamSessionRecord **ret_s, SwError *err) {
    IamSessionRecord *record = NULL;
    if (sw_str_starts(cx->principal.access_key, SW_STR("ASIA")) &&
        iam_sessions_find(cx->tx, cx->principal.access_key, &record, err) < 0)
        return -1;
    *ret_s = record;
    return 0;
}

/* Who calls may have been deleted since its key was read, and another made under its name: that is somebody else. */
int iam_caller(SwCtx *cx, IamIdentity *ret_i, SwError *err) {
    const SwPrincipal *p = &cx->principal;
    SwStr id = p->id, rest = p->id;
    *ret_i = (IamIdentity){0};
    if (p->kind != SW_PRINCIPAL_USER && p->kind != SW_PRINCIPAL_ROLE)
        return 0;
    if (iam_identity_find(cx, p->kind == SW_PRINCIPAL_USER ? IAM_USER : IAM_ROLE, p->name, ret_i, err) < 0)
        return -1;
    (void)sw_str_cut(&rest, ':', &id); /* of a session: ROLE-ID:SESSION */
    const IamSessionRecord *session;
    if (iam_session_of(cx, &session, err) < 0)
        return -1;
    if (session && sw_str_is(session->federated))
        id = session->owner_id;
    if (ret_i->found && !sw_str_eq(id, ret_i->id))
        *ret_i = (IamIdentity){0};
    return 0;
}

static void add_key(SwPolicyQuery *q, const char *name, const SwStr *v, size_t n) {
    if (n == 0)
        return;
    if (q->n_key % KEYS_FIRST == 0 && (q->n_key & (q->n_key - 1)) == 0) { /* none, or a full power of two */
        SwPolicyKey *more = sw_new_n(q->arena, SwPolicyKey, q->n_key ? 2 * q->n_key : KEYS_FIRST);
        for (size_t i = 0; i < q->n_key; i++)
            more[i] = q->key[i];
        q->key = more;
    }
    ((SwPolicyKey *)(uintptr_t)q->key)[q->n_key++] = (SwPolicyKey){.name = sw_str(name), .v = v, .n = n};
}

void iam_query_key(SwPolicyQuery *q, const char *name, SwStr value) {
    SwStr *v = sw_new(q->arena, SwStr);
    *v = value;
    add_key(q, name, v, value.p ? 1 : 0);
}

void iam_query_keys(SwPolicyQuery *q, const char *name, const SwStrList *values) {
    add_key(q, name, values->v, values->n);
}

static void add_tags(SwPolicyQuery *q, const char *prefix, SwStr key, SwStr value) {
    iam_query_key(q, sw_str_z(q->arena, sw_strf(q->arena, "%s/%.*s", prefix, SW_FMT(key))), value);
}

static bool has_tag(const IamSessionRecord *session, SwStr key) {
    for (size_t k = 0; session && k < session->tags.n; k++)
        if (sw_str_ieq(session->tags.v[k].key, key))
            return true;
    return false;
}

static int principal_keys(SwCtx *cx, SwPolicyQuery *q, SwError *err) {
    const SwPrincipal *p = &cx->principal;
    static const char *const types[] = {
        [SW_PRINCIPAL_ANONYMOUS] = "Anonymous", [SW_PRINCIPAL_ROOT] = "Account", [SW_PRINCIPAL_USER] = "User",
        [SW_PRINCIPAL_ROLE] = "AssumedRole",    [SW_PRINCIPAL_SERVICE] = NULL,
    };
    if (p->kind == SW_PRINCIPAL_ANONYMOUS) {
        iam_query_key(q, "aws:PrincipalType", sw_str(types[p->kind]));
        return 0;
    }
    if (p->kind == SW_PRINCIPAL_SERVICE) {
        iam_query_key(q, "aws:PrincipalServiceName", p->name);
        iam_query_key(q, "aws:PrincipalIsAWSService", SW_STR("true"));
        iam_query_key(q, "aws:SourceArn", cx->source);
        iam_query_key(q, "aws:SourceAccount", cx->account);
        /* The default policy of topics lets alarms in by this old key, and no other service. */
        if (sw_str_eqz(p->name, "cloudwatch.amazonaws.com"))
            iam_query_key(q, "aws:SourceOwner", cx->account);
        return 0;
    }
    iam_query_key(q, "aws:userid", p->id);
    iam_query_key(q, "aws:PrincipalAccount", cx->account);
    const IamSessionRecord *session;
    IamIdentity i = {0};
    if (iam_session_of(cx, &session, err) < 0)
        return -1;
    bool federated = session && sw_str_is(session->federated);
    iam_query_key(q, "aws:PrincipalType", federated ? SW_STR("FederatedUser") : sw_str(types[p->kind]));
    if (p->kind == SW_PRINCIPAL_USER && !federated)
        iam_query_key(q, "aws:username", p->name);
    iam_query_key(q, "aws:PrincipalArn", sw_str_or(q->role, p->arn));
    if (session) {
        iam_query_key(q, "aws:TokenIssueTime", sw_time_iso8601(cx->arena, session->issued.v));
        iam_query_key(q, "aws:SourceIdentity", session->source_identity);
        for (size_t k = 0; k < session->context.n; k++)
            iam_query_key(q, sw_str_z(cx->arena, session->context.v[k].key), session->context.v[k].value);
        for (size_t k = 0; k < session->tags.n; k++)
            add_tags(q, "aws:PrincipalTag", session->tags.v[k].key, session->tags.v[k].value);
    }
    if (iam_caller(cx, &i, err) < 0)
        return -1;
    for (size_t k = 0; i.found && i.tags && k < i.tags->n; k++)
        if (!has_tag(session, i.tags->v[k].key)) /* a session's own is in its place */
            add_tags(q, "aws:PrincipalTag", i.tags->v[k].key, i.tags->v[k].value);
    return 0;
}

/* Of "127.0.0.1:80" and "[::1]:80" the address; of IPv4 that came over an IPv6 socket, as IPv4. */
static SwStr address_of(SwStr peer) {
    const SwStr mapped = SW_STR("::ffff:");
    size_t colon;
    if (sw_str_rfind(peer, ':', &colon))
        peer.n = colon;
    if (sw_str_starts(peer, SW_STR("[")) && sw_str_ends(peer, SW_STR("]")))
        peer = sw_str_drop(sw_str_skip(peer, 1), 1);
    size_t dot;
    return sw_str_starts(peer, mapped) && sw_str_find(peer, '.', &dot) ? sw_str_skip(peer, mapped.n) : peer;
}

static void request_keys(SwCtx *cx, SwPolicyQuery *q) {
    SwTime now = sw_now(cx);
    iam_query_key(q, "aws:CurrentTime", sw_time_iso8601(cx->arena, now));
    iam_query_key(q, "aws:EpochTime", sw_strf(cx->arena, "%lld", (long long)(now / SW_S)));
    iam_query_key(q, "aws:RequestedRegion", cx->region);
    if (!cx->http)
        return;
    iam_query_key(q, "aws:SourceIp", address_of(cx->http->peer));
    iam_query_key(q, "aws:SecureTransport", cx->http->tls ? SW_STR("true") : SW_STR("false"));
    iam_query_key(q, "aws:UserAgent", sw_header_find(&cx->http->m.headers, "user-agent"));
    iam_query_key(q, "aws:Referer", sw_header_find(&cx->http->m.headers, "referer"));
}

/* "kms:EncryptionContext:" is a key for each entry, "kms:EncryptionContextKeys" one with their names. */
static void add_entries(SwCtx *cx, SwPolicyQuery *q, const char *key, const SwStrMap *m) {
    SwStrList names = {0};
    for (size_t i = 0; i < m->n; i++) {
        sw_str_list_add(cx->arena, &names, m->v[i].key);
        if (sw_str_ends(sw_str(key), SW_STR(":")))
            iam_query_key(q, sw_str_z(cx->arena, sw_cat(cx->arena, sw_str(key), m->v[i].key)), m->v[i].value);
    }
    if (!sw_str_ends(sw_str(key), SW_STR(":")))
        add_key(q, key, names.v, names.n);
}

static void add_value(SwCtx *cx, SwPolicyQuery *q, const char *key, const SwShape *s, const void *v) {
    if (s->kind == SW_STRING)
        iam_query_key(q, key, *(const SwStr *)v);
    else if (s->kind == SW_INTEGER || s->kind == SW_LONG)
        iam_query_key(q, key, sw_strf(cx->arena, "%lld", (long long)((const SwOptInt *)v)->v));
    else if (s->kind == SW_LIST && s->member[0].shape->kind == SW_STRING)
        add_key(q, key, ((const SwStrList *)v)->v, ((const SwStrList *)v)->n);
    else if (s->kind == SW_MAP && s->member[0].shape->kind == SW_STRING)
        add_entries(cx, q, key, v);
}

static const SwMember *member_of(const SwShape *s, const char *upper, const char *lower) {
    const SwMember *m = sw_shape_member(s, sw_str(upper));
    return m ? m : sw_shape_member(s, sw_str(lower));
}

static const SwMember *key_of(const SwShape *tag) {
    const SwMember *m = member_of(tag, "Key", "key");
    return m ? m : sw_shape_member(tag, SW_STR("TagKey"));
}

static const SwMember *value_of(const SwShape *tag) {
    const SwMember *m = member_of(tag, "Value", "value");
    return m ? m : sw_shape_member(tag, SW_STR("TagValue"));
}

/* aws:RequestTag/KEY and aws:TagKeys, from an input's list or map of tags, or of the keys that are to go. */
static void tag_keys(SwCtx *cx, SwPolicyQuery *q) {
    const SwMember *tags = member_of(cx->op->input, "Tags", "tags"), *gone = member_of(cx->op->input, "TagKeys", "tagKeys");
    if (gone && gone->shape->kind == SW_LIST && sw_member_is_set(gone, cx->in))
        add_value(cx, q, "aws:TagKeys", gone->shape, sw_member_at(gone, cx->in));
    const void *list = tags && sw_member_is_set(tags, cx->in) ? sw_member_at(tags, cx->in) : NULL;
    if (!list || (tags->shape->kind != SW_LIST && tags->shape->kind != SW_MAP))
        return;
    SwStrList keys = {0};
    bool map = tags->shape->kind == SW_MAP;
    const SwShape *one = map ? NULL : tags->shape->member[0].shape;
    const SwMember *km = map || one->kind != SW_STRUCTURE ? NULL : key_of(one), *vm = km ? value_of(one) : NULL;
    for (size_t i = 0; i < sw_list_count(list) && (map || vm); i++) {
        const void *t = map ? NULL : sw_list_at(tags->shape, list, i);
        SwStr key = map ? *sw_map_key_at(tags->shape, list, i) : *(const SwStr *)sw_member_at(km, t);
        const SwStr *value = map ? sw_map_value_at(tags->shape, list, i) : sw_member_is_set(vm, t) ? sw_member_at(vm, t) : NULL;
        sw_str_list_add(cx->arena, &keys, key);
        add_tags(q, "aws:RequestTag", key, value ? *value : SW_STR(""));
    }
    add_key(q, "aws:TagKeys", keys.v, keys.n);
}

static int input_key(SwCtx *cx, const SwService *service, const SwInputWay *w, SwPolicyQuery *q, SwError *err) {
    const SwShape *s;
    SwStr arn;
    if (!w->arn_of) {
        const void *v = sw_path_value(cx->op->input, cx->in, &w->at, &s);
        if (v)
            add_value(cx, q, w->value, s, v);
        return 0;
    }
    if (sw_resource_condition(cx, service, w, cx->op, cx->in, &arn, err) < 0)
        return -1;
    iam_query_key(q, w->value, arn);
    return 0;
}

static int input_keys(SwCtx *cx, SwPolicyQuery *q, SwError *err) {
    if (!cx->op || !cx->op->input || !cx->in)
        return 0;
    const SwService *service = sw_registry_by_api(cx->host, cx->api);
    for (size_t i = 0; service && service->declares && i < service->declares->n_conditions; i++) {
        const SwInputWay *w = &service->declares->conditions[i];
        if (w->op == cx->op->index && input_key(cx, service, w, q, err) < 0)
            return -1;
    }
    for (size_t i = 0; service && i < service->n_context_keys; i++)
        iam_query_key(q, service->context_keys[i].name, service->context_keys[i].value(cx));
    tag_keys(cx, q);
    return 0;
}

/* aws:ResourceTag/KEY, and the same under the service's own prefix: the tags of what is acted on. */
static int resource_keys(SwCtx *cx, SwStr arn, SwPolicyQuery *q, SwError *err) {
    SwFound f;
    if (sw_str_eqz(arn, "*") || !cx->tx)
        return 0;
    if (sw_resource_by_arn(cx, arn, &f, err) < 0)
        return -1;
    const SwStrMap *tags = f.record && f.r->tags_at.n ? sw_resource_tags(cx, &f) : NULL;
    for (size_t i = 0; tags && i < tags->n; i++) {
        add_tags(q, "aws:ResourceTag", tags->v[i].key, tags->v[i].value);
        add_tags(q, sw_str_z(cx->arena, sw_strf(cx->arena, "%s:ResourceTag", f.r->service)), tags->v[i].key, tags->v[i].value);
    }
    return 0;
}

int iam_query_fill(SwCtx *cx, const char *action, SwStr resource, SwPolicyQuery *ret_q, SwError *err) {
    *ret_q = (SwPolicyQuery){.action = sw_str(action), .resource = resource, .arena = cx->arena};
    if (cx->principal.kind == SW_PRINCIPAL_SERVICE) {
        ret_q->service = cx->principal.name;
    } else if (cx->principal.kind != SW_PRINCIPAL_ANONYMOUS) {
        ret_q->principal = cx->principal.arn;
        ret_q->account = cx->account;
        IamIdentity i;
        if (iam_caller(cx, &i, err) < 0)
            return -1;
        ret_q->id = i.id;
        if (cx->principal.kind == SW_PRINCIPAL_ROLE && i.found) /* its path is in the role's record alone */
            ret_q->role = i.arn;
    }
    if (principal_keys(cx, ret_q, err) < 0)
        return -1;
    request_keys(cx, ret_q);
    if (input_keys(cx, ret_q, err) < 0)
        return -1;
    return resource_keys(cx, resource, ret_q, err);
}
