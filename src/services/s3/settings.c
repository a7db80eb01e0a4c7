/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of buckets: a member of the record each, which one operation puts, one shows and one takes away
 * (models/resources/s3.json). Here is what is peculiar to one: its check, what it shows besides. Those that Slipway does not
 * have read as never set; setting them is refused as not implemented, by having no handler. */

#include "policy/policy.h"
#include "services/s3/s3.h"

/* --- policies --------------------------------------------------------------------------------------------------- */

static bool covers(SwStr bucket, SwStr resource) {
    SwStr prefix = SW_STR("arn:aws:s3:::");
    if (!sw_str_starts(resource, prefix))
        return false;
    SwStr rest = sw_str_skip(resource, prefix.n), name = rest;
    (void)sw_str_cut(&rest, '/', &name);
    return sw_str_glob(name, bucket);
}

/* Every resource of a bucket's policy is in that bucket (S3: "Policy has invalid resource"). */
static bool resources_fit(SwArena *a, SwStr bucket, SwStr policy) {
    SwValue v;
    SwError ignored = sw_error(a);
    if (sw_json_parse(a, policy, &v, &ignored) < 0)
        return false;
    const SwValue *statements = sw_value_getz(&v, "Statement");
    size_t n = statements && statements->kind == SW_VARRAY ? statements->n : 1;
    for (size_t i = 0; statements && i < n; i++) {
        const SwValue *s = statements->kind == SW_VARRAY ? &statements->v[i] : statements;
        const SwValue *r = sw_value_getz(s, "Resource") ? sw_value_getz(s, "Resource") : sw_value_getz(s, "NotResource");
        size_t m = r && r->kind == SW_VARRAY ? r->n : 1;
        for (size_t k = 0; r && k < m; k++)
            if (!covers(bucket, sw_value_str(r->kind == SW_VARRAY ? &r->v[k] : r)))
                return false;
    }
    return true;
}

/* RestrictPublicBuckets: a public policy lets nobody in from outside of the account. */
bool s3_is_closed_to(SwCtx *cx, const S3BucketRecord *b) {
    return cx->principal.kind == SW_PRINCIPAL_ANONYMOUS && b->public_access && b->public_access->restrict_public_buckets.v &&
           sw_policy_is_public(cx->arena, b->policy);
}

static const char NO_JSON[] = "Policies must be valid JSON and the first byte must be '{'";

/* What S3 sees before the policy's language is looked at. */
static int check_policy_text(SwStr text, SwError *err) {
    SwValue v;
    SwError ignored = sw_error(err->arena);
    if (text.n == 0 || text.p[0] != '{' || sw_json_parse(err->arena, text, &v, &ignored) < 0)
        return sw_fail(err, &S3_MALFORMED_POLICY, "%s", NO_JSON);
    return sw_value_getz(&v, "Statement") ? 0 : sw_fail(err, &S3_MALFORMED_POLICY, "Missing required field Statement");
}

static int check_policy(SwCtx *cx, const SwFound *f, const void *input, SwError *err) {
    const S3PutBucketPolicyRequest *in = input;
    const S3BucketRecord *b = s3_bucket_found(f);
    const SwPolicy *parsed;
    if (in->policy.n > 20 * SW_KIB)
        return sw_fail(err, &S3_MALFORMED_POLICY, "Policy document exceeds the maximum allowed size of 20480 bytes");
    if (check_policy_text(in->policy, err) < 0)
        return -1;
    if (sw_policy_parse(cx->arena, in->policy, SW_POLICY_RESOURCE, &parsed, err) < 0) {
        err->kind = &S3_MALFORMED_POLICY;
        return -1;
    }
    if (!resources_fit(cx->arena, in->bucket, in->policy))
        return sw_fail(err, &S3_MALFORMED_POLICY, "Policy has invalid resource");
    if (b->public_access && b->public_access->block_public_policy.v && sw_policy_is_public(cx->arena, in->policy)) {
        SwStr arn = s3_bucket_arn(cx, in->bucket);
        return sw_fail(err, &SW_ACCESS_DENIED,
                       "User: %.*s is not authorized to perform: s3:PutBucketPolicy on resource: \"%.*s\" "
                       "because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
                       SW_FMT(cx->principal.arn), SW_FMT(arn));
    }
    return 0;
}

/* --- other checks ----------------------------------------------------------------------------------------------- */

static int check_versioning(SwCtx *cx, const SwFound *f, const void *input, SwError *err) {
    const S3PutBucketVersioningRequest *in = input;
    return sw_str_is(in->versioning_configuration->status)
               ? 0
               : sw_fail(err, &S3_ILLEGAL_VERSIONING_CONFIGURATION_EXCEPTION, "The Versioning element must be specified");
}

/* AES256 is what every bucket says; anything else is refused. */
static int check_encryption(SwCtx *cx, const SwFound *f, const void *input, SwError *err) {
    const S3PutBucketEncryptionRequest *in = input;
    const S3ServerSideEncryptionRuleList *rules = &in->server_side_encryption_configuration->rules;
    return rules->n == 1 && rules->v[0].apply_server_side_encryption_by_default ? 0 : s3_fail_schema(err);
}

static int check_ownership(SwCtx *cx, const SwFound *f, const void *input, SwError *err) {
    const S3PutBucketOwnershipControlsRequest *in = input;
    if (in->ownership_controls->rules.n != 1)
        return s3_fail_schema(err);
    if (!sw_str_eq(in->ownership_controls->rules.v[0].object_ownership, S3_OBJECT_OWNERSHIP_BUCKET_OWNER_ENFORCED))
        return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "ObjectOwnership",
                               "buckets have no ACLs; only BucketOwnerEnforced is supported");
    return 0;
}

/* Each of the four is said, also where it was not put. */
static void show_public_access(SwCtx *cx, const SwFound *f, void *output) {
    S3GetPublicAccessBlockOutput *out = output;
    S3PublicAccessBlockConfiguration *p = out->public_access_block_configuration;
    p->block_public_acls.set = p->ignore_public_acls.set = true;
    p->block_public_policy.set = p->restrict_public_buckets.set = true;
}

const SwSettingHooks s3_bucket_encryption_setting = {.check = check_encryption};
const SwSettingHooks s3_bucket_ownership_setting = {.check = check_ownership};
const SwSettingHooks s3_bucket_policy_setting = {.check = check_policy};
const SwSettingHooks s3_bucket_public_access_setting = {.shown = show_public_access};
const SwSettingHooks s3_bucket_versioning_setting = {.check = check_versioning};

/* --- what is said of them ---------------------------------------------------------------------------------------- */

int s3_get_bucket_policy_status(SwCtx *cx, const S3GetBucketPolicyStatusRequest *in, S3GetBucketPolicyStatusOutput *out,
                                SwError *err) {
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    if (!sw_str_is(b->policy))
        return sw_resource_missing(cx, &s3_bucket_policy_resource, in->bucket, err);
    out->policy_status = sw_new(cx->arena, S3PolicyStatus);
    out->policy_status->is_public = SW_SOME_BOOL(sw_policy_is_public(cx->arena, b->policy));
    return 0;
}

/* ACLs: the owner has everything, and nothing else can be said. */

static void owner_grant(SwArena *a, SwStr account, S3Owner **ret_owner, S3GrantList *ret_grants) {
    *ret_owner = s3_owner(a, account);
    S3Grant *g = sw_list_add(a, ret_grants);
    g->permission = SW_STR("FULL_CONTROL");
    g->grantee = sw_new(a, S3Grantee);
    g->grantee->type = SW_STR("CanonicalUser");
    g->grantee->id = (*ret_owner)->id;
}

int s3_get_bucket_acl(SwCtx *cx, const S3GetBucketAclRequest *in, S3GetBucketAclOutput *out, SwError *err) {
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    owner_grant(cx->arena, b->account, &out->owner, &out->grants);
    return 0;
}

int s3_put_bucket_acl(SwCtx *cx, const S3PutBucketAclRequest *in, void *out, SwError *err) {
    static const SwErrorKind acls_off = {.code = "AccessControlListNotSupported", .http = 400};
    S3BucketRecord *b;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0)
        return -1;
    return in->access_control_policy ? sw_fail(err, &acls_off, "The bucket does not allow ACLs") : 0;
}

int s3_get_object_acl(SwCtx *cx, const S3GetObjectAclRequest *in, S3GetObjectAclOutput *out, SwError *err) {
    S3BucketRecord *b;
    S3ObjectRecord *o;
    if (s3_begin(cx, in, in->bucket, &b, err) < 0 || s3_get(cx, b, in->key, in->version_id, &o, err) < 0)
        return -1;
    owner_grant(cx->arena, b->account, &out->owner, &out->grants);
    return 0;
}
