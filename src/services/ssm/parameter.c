/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters: put, get, delete, labels, history.
 *
 * AWS     Systems Manager User Guide, "Parameter Store". A parameter keeps its last 100 versions; the oldest goes when
 *         the 101st comes, unless it has a label. */

#include "base/pattern.h"
#include "services/ssm/ssm.h"

#define VERSIONS_MAX   100
#define LABELS_MAX     10
#define STANDARD_BYTES 4096
#define ADVANCED_BYTES 8192
#define DATA_IMAGE     "aws:ec2:image"
#define STANDARD_MAX   10000
#define ADVANCED_MAX   100000

/* Put. */

#define INTEGRATIONS "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/"

static int check_data_type(const SsmPutParameterRequest *in, SwStr type, SwError *err) {
    bool image = sw_str_eqz(in->data_type, DATA_IMAGE), integration = sw_str_eqz(in->data_type, "aws:ssm:integration");
    if (sw_str_is(in->data_type) && !image && !integration && !sw_str_eqz(in->data_type, "text"))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "The following data type is not supported: %.*s (Data type names are all lowercase.)",
                       SW_FMT(in->data_type));
    if (image && !sw_str_eq(type, SSM_PARAMETER_TYPE_STRING))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "The data type aws:ec2:image is of parameters of type String only.");
    if (integration && (!sw_str_eq(type, SSM_PARAMETER_TYPE_SECURE_STRING) || !sw_str_starts(in->name, SW_STR(INTEGRATIONS))))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Parameter with data type aws:ssm:integration should have name prefix " INTEGRATIONS
                       " and the type SecureString.");
    return 0;
}

static int check_put(SwCtx *cx, const SsmPutParameterRequest *in, const SsmParameterRecord *old, SwError *err) {
    if (ssm_name_check(in->name, err) < 0 || check_data_type(in, old ? old->type : in->type, err) < 0)
        return -1;
    if (in->overwrite.v && in->tags.n > 0)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please "
                       "remove overwrite flag. "
                       "To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.");
    if (old && !in->overwrite.v)
        return sw_resource_fail(cx, &ssm_parameter_resource, &ssm_parameter_resource.exists, in->name, err);
    if (!old && !sw_str_is(in->type))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "A parameter type is required when you create a parameter.");
    if (old && sw_str_is(in->type) && !sw_str_eq(in->type, old->type))
        return sw_fail(
            err, &SSM_HIERARCHY_TYPE_MISMATCH_EXCEPTION,
            "Parameter Store doesn't support changing a parameter type in a hierarchy. Create a new, unique parameter.");
    bool secure = sw_str_eq(old ? old->type : in->type, SSM_PARAMETER_TYPE_SECURE_STRING);
    if (sw_str_is(in->key_id) && !secure)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "KeyId is required for SecureString type parameter only.");
    return 0;
}

static int check_value(const SsmPutParameterRequest *in, const SsmParameterRecord *p, SwError *err) {
    bool advanced = sw_str_eqz(p->tier, "Advanced");
    if (in->value.n == 0)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "1 validation error detected: Value '' at 'value' failed to satisfy "
                       "constraint: Member must have length greater than or equal to 1");
    if (sw_str_contains(in->value, SW_STR("{{")) && sw_str_contains(in->value, SW_STR("}}")))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.");
    if (!advanced && in->value.n > STANDARD_BYTES)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger "
                       "parameter value, upgrade "
                       "the parameter to use the advanced-parameter tier.");
    if (in->value.n > ADVANCED_BYTES)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "Advanced tier parameters support a maximum parameter value of 8192 characters.");
    if (sw_str_eqz(p->type, "StringList") && (sw_str_starts(in->value, SW_STR(",")) || sw_str_ends(in->value, SW_STR(",")) ||
                                              sw_str_contains(in->value, SW_STR(",,"))))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "Parameter value of type StringList can't contain empty items.");
    if (!sw_str_is(p->allowed_pattern))
        return 0;
    size_t at;
    const SwPattern *pattern = sw_str_find(p->allowed_pattern, '\0', &at)
                                   ? NULL
                                   : sw_pattern_once(err->arena, sw_str_z(err->arena, p->allowed_pattern));
    if (!pattern)
        return sw_fail(err, &SSM_INVALID_ALLOWED_PATTERN_EXCEPTION,
                       "The parameter value can't be validated against an invalid regular expression");
    if (!sw_pattern_matches(pattern, in->value))
        return sw_fail(err, &SSM_PARAMETER_PATTERN_MISMATCH_EXCEPTION,
                       "Parameter value, cannot be validated against allowedPattern: %.*s", SW_FMT(p->allowed_pattern));
    return 0;
}

/* One more of this tier than there may be? A new parameter alone is counted. */
static int is_full(SwCtx *cx, SwStr tier, int64_t most, bool *ret_full, SwError *err) {
    int64_t n;
    SwDocQuery q = {.index = "by_tier", .equals = {tier}, .limit = (size_t)most};
    if (ssm_parameters_count(cx->tx, &q, &n, err) < 0)
        return -1;
    *ret_full = n >= most;
    return 0;
}

static int check_room(SwCtx *cx, const SsmPutParameterRequest *in, SsmParameterRecord *p, SwError *err) {
    bool advanced = sw_str_eqz(p->tier, "Advanced"), full;
    if (!advanced && is_full(cx, p->tier, STANDARD_MAX, &full, err) < 0)
        return -1;
    if (!advanced && full && sw_str_eqz(in->tier, "Intelligent-Tiering")) {
        p->tier = SW_STR("Advanced");
        advanced = true;
    }
    if (advanced && is_full(cx, p->tier, ADVANCED_MAX, &full, err) < 0)
        return -1;
    return !full ? 0
                 : sw_fail(
                       err, &SSM_PARAMETER_LIMIT_EXCEEDED,
                       "You have exceeded the number of parameters for this Amazon Web Services account: %d of the tier %.*s. "
                       "Delete one or more parameters and try again.",
                       advanced ? ADVANCED_MAX : STANDARD_MAX, SW_FMT(p->tier));
}

static int choose_tier(SwCtx *cx, const SsmPutParameterRequest *in, SsmParameterRecord *p, const SsmParameterRecord *old,
                       SwError *err) {
    bool was_advanced = old && sw_str_eqz(old->tier, "Advanced"), policies = ssm_policies_asked(cx, in->policies);
    if (was_advanced && sw_str_eqz(in->tier, "Standard"))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the "
                       "advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced "
                       "parameter and recreate it as a standard parameter.");
    bool advanced = was_advanced || sw_str_eqz(in->tier, "Advanced") ||
                    (sw_str_eqz(in->tier, "Intelligent-Tiering") && (policies || in->value.n > STANDARD_BYTES));
    p->tier = advanced ? SW_STR("Advanced") : SW_STR("Standard");
    return old ? 0 : check_room(cx, in, p, err);
}

/* Before the next version of p: versions have no gaps, so where there are a hundred, the oldest's number is known. */
static int trim_history(SwCtx *cx, const SsmParameterRecord *p, SwError *err) {
    SwStr id = ssm_history_id(cx->arena, p->name, p->version.v - VERSIONS_MAX + 1);
    SsmParameterRecord *oldest;
    if (ssm_history_find(cx->tx, id, &oldest, err) < 0)
        return -1;
    if (!oldest)
        return 0;
    if (oldest->labels.n > 0)
        return sw_fail(err, &SSM_PARAMETER_MAX_VERSION_LIMIT_EXCEEDED,
                       "You attempted to create a new version of %.*s by calling the PutParameter API with the overwrite flag. "
                       "Version %lld, the oldest "
                       "version, can't be deleted because it has a label associated with it. Move the label to another version "
                       "of the parameter, and try again.",
                       SW_FMT(p->name), (long long)oldest->version.v);
    return ssm_history_delete(cx->tx, id, NULL, err);
}

static int announce(SwCtx *cx, const char *operation, const SsmParameterRecord *p, const char *exception, SwError *err) {
    bool image = sw_str_eqz(p->data_type, DATA_IMAGE);
    const SsmParameterChange detail = {.operation = sw_str(operation),
                                       .name = p->name,
                                       .type = p->type,
                                       .description = sw_str_is(p->description) ? p->description : SW_NO_STR,
                                       .data_type = image ? p->data_type : SW_NO_STR,
                                       .exception = sw_str(exception)};
    return sw_event(cx, &ssm_event_parameter_store_change, ssm_arn(cx, p->name), &detail, err);
}

/* The value as it is kept. */
static int close_value(SwCtx *cx, const SsmPutParameterRequest *in, SsmParameterRecord *p, SwError *err) {
    if (!sw_str_eq(p->type, SSM_PARAMETER_TYPE_SECURE_STRING))
        return 0;
    p->key_id = sw_str_or(in->key_id, SW_STR(SSM_DEFAULT_KEY));
    return ssm_close(cx, p, in->value, &p->value, err);
}

static int store(SwCtx *cx, const SsmParameterRecord *p, SwError *err) {
    SsmParameterRecord version = *p;
    version.tags = (SsmTagList){0};
    version.policy = version.policy_id = version.policy_hash = SW_NO_STR;
    return ssm_parameters_put(cx->tx, p->name, p, err) < 0
               ? -1
               : ssm_history_put(cx->tx, ssm_history_id(cx->arena, p->name, p->version.v), &version, err);
}

/* AWS looks for an image after it has answered: the parameter is made, or an event tells why not. */
static bool is_image_missing(const SsmParameterRecord *p) {
    return sw_str_eqz(p->data_type, DATA_IMAGE) && !ssm_is_image(p->value);
}

/* What a new version is, but for its value's lock. */
static int fill(SwCtx *cx, const SsmPutParameterRequest *in, const SsmParameterRecord *old, SsmParameterRecord *p,
                SwError *err) {
    p->name = old ? old->name : in->name;
    p->type = old ? old->type : in->type;
    p->description = in->description.p ? in->description : old ? old->description : SW_NO_STR;
    p->allowed_pattern = in->allowed_pattern.p ? sw_str_dup(cx->arena, in->allowed_pattern) : SW_NO_STR;
    p->data_type = sw_str_is(in->data_type) ? in->data_type : old ? old->data_type : SW_STR("text");
    p->version = SW_SOME_INT(old ? old->version.v + 1 : 1);
    p->last_modified_date = SW_SOME_TIME(sw_now(cx));
    p->last_modified_user = cx->principal.arn;
    p->value = in->value;
    if (old) {
        p->tags = old->tags;
        p->policy = old->policy;
        p->policy_id = old->policy_id;
        p->policy_hash = old->policy_hash;
    }
    return ssm_policies_put(cx, in->policies, old, p, err);
}

int ssm_put_parameter(SwCtx *cx, const SsmPutParameterRequest *in, SsmPutParameterResult *out, SwError *err) {
    SsmParameterRecord *old, *p = sw_new(cx->arena, SsmParameterRecord);
    if (ssm_parameter_find(cx, in->name, &old, err) < 0 || check_put(cx, in, old, err) < 0 ||
        ssm_parameter_set_tags(cx, in->name, p, SW_GIVEN_TAGS(&in->tags), err) < 0 || choose_tier(cx, in, p, old, err) < 0 ||
        fill(cx, in, old, p, err) < 0 || check_value(in, p, err) < 0)
        return -1;
    out->version = p->version;
    out->tier = p->tier;
    if (is_image_missing(p))
        return announce(cx, old ? "Update" : "Create", p, "Unable to Describe Resource", err);
    if (close_value(cx, in, p, err) < 0 || (old && trim_history(cx, old, err) < 0) || store(cx, p, err) < 0 ||
        ssm_policies_wake(cx, p, err) < 0)
        return -1;
    return announce(cx, old ? "Update" : "Create", p, NULL, err);
}

/* Get. */

static int no_version(const SsmName *n, SwError *err) {
    return sw_fail(err, &SSM_PARAMETER_VERSION_NOT_FOUND,
                   "Systems Manager could not find version %.*s of %.*s. Verify the version and try again.",
                   SW_FMT(n->selector), SW_FMT(n->name));
}

static int select_version(SwCtx *cx, const SsmName *n, SsmParameterRecord **p, SwError *err) {
    int64_t number;
    SsmParameterRecords rows;
    bool by_number = sw_str_to_i64(n->selector, &number);
    if (ssm_versions(cx, n->name, &rows, err) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++) {
        SsmParameterRecord *v = rows.v[i].record;
        if (by_number ? v->version.v == number : sw_str_list_has(&v->labels, n->selector)) {
            *p = v;
            return 0;
        }
    }
    return no_version(n, err);
}

static int show(SwCtx *cx, const SsmParameterRecord *p, SwStr selector, bool decrypt, SsmParameter *ret, SwError *err) {
    *ret = (SsmParameter){.name = p->name,
                          .type = p->type,
                          .version = p->version,
                          .last_modified_date = p->last_modified_date,
                          .arn = ssm_arn(cx, p->name),
                          .data_type = p->data_type};
    if (selector.p)
        ret->selector = sw_strf(cx->arena, ":%.*s", SW_FMT(selector));
    return ssm_value(cx, p, decrypt, &ret->value, err);
}

/* AWS's own has one version. */
static int get_public(SwCtx *cx, const SsmName *n, SsmParameter *ret, SwError *err) {
    const SsmParameter *p;
    if (ssm_public_find(cx, n->name, &p, err) < 0)
        return -1;
    if (!p)
        return sw_resource_missing(cx, &ssm_parameter_resource, n->name, err);
    if (n->selector.p && !sw_str_eqz(n->selector, "1"))
        return no_version(n, err);
    *ret = *p;
    if (n->selector.p)
        ret->selector = SW_STR(":1");
    return 0;
}

/* Kinds that mean "there is none" are the caller's to report. */
static int get(SwCtx *cx, SwStr given, bool decrypt, SsmParameter *ret, SwError *err) {
    SsmName n;
    SsmParameterRecord *p;
    if (!ssm_name_parse(cx, given, &n))
        return sw_fail(
            err, &SW_VALIDATION_EXCEPTION,
            "Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>");
    if (n.elsewhere.p)
        return sw_fail(err, &SSM_PARAMETER_NOT_FOUND, "Parameter %.*s not found.", SW_FMT(given));
    if (ssm_is_reference(n.name))
        return ssm_reference(cx, &n, decrypt, ret, err);
    if (ssm_is_public(n.name))
        return get_public(cx, &n, ret, err);
    if (!sw_str_starts(given, SW_STR("arn:")) && ssm_name_check_path(n.name, err) < 0)
        return -1;
    if (ssm_parameter_find(cx, n.name, &p, err) < 0)
        return -1;
    if (!p && sw_str_starts(given, SW_STR("arn:"))) {
        n.name = sw_str_skip(n.name, 1);
        if (ssm_parameter_find(cx, n.name, &p, err) < 0)
            return -1;
    }
    if (!p)
        return sw_resource_missing(cx, &ssm_parameter_resource, n.name, err);
    n.name = p->name;
    if (n.selector.p && select_version(cx, &n, &p, err) < 0)
        return -1;
    return show(cx, p, n.selector, decrypt, ret, err);
}

int ssm_get_parameter(SwCtx *cx, const SsmGetParameterRequest *in, SsmGetParameterResult *out, SwError *err) {
    out->parameter = sw_new(cx->arena, SsmParameter);
    return get(cx, in->name, in->with_decryption.v, out->parameter, err);
}

/* Each name is a resource of its own: one that is denied denies the request. */
static int authorise_all(SwCtx *cx, const char *action, const SwStrList *names, SwError *err) {
    for (size_t i = 0; i < names->n; i++) {
        SsmName n;
        if (ssm_name_parse(cx, names->v[i], &n) && sw_authorise(cx, action, ssm_name_arn(cx, &n), err) < 0)
            return -1;
    }
    return 0;
}

/* A name that is asked for twice is answered once. */
static bool asked_before(const SwStrList *names, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (sw_str_eq(names->v[k], names->v[i]))
            return true;
    return false;
}

int ssm_get_parameters(SwCtx *cx, const SsmGetParametersRequest *in, SsmGetParametersResult *out, SwError *err) {
    if (authorise_all(cx, "ssm:GetParameters", &in->names, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->parameters);
    sw_list_present(cx->arena, &out->invalid_parameters);
    for (size_t i = 0; i < in->names.n; i++) {
        SwError one = sw_error(cx->arena);
        SsmParameter p;
        if (asked_before(&in->names, i))
            continue;
        if (get(cx, in->names.v[i], in->with_decryption.v, &p, &one) == 0) {
            *sw_list_add(cx->arena, &out->parameters) = p;
        } else if (sw_error_is(&one, &SSM_PARAMETER_NOT_FOUND) || sw_error_is(&one, &SSM_PARAMETER_VERSION_NOT_FOUND)) {
            sw_str_list_add(cx->arena, &out->invalid_parameters, in->names.v[i]);
        } else {
            *err = one;
            return -1;
        }
    }
    return 0;
}

/* Delete. */

int ssm_delete_one(SwCtx *cx, SwStr name, bool *ret_existed, SwError *err) {
    SsmParameterRecord *p;
    SsmParameterRecords rows;
    if (ssm_name_check_path(name, err) < 0 || ssm_parameter_find(cx, name, &p, err) < 0)
        return -1;
    *ret_existed = p != NULL;
    if (!p)
        return 0;
    name = p->name;
    if (ssm_versions(cx, name, &rows, err) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++)
        if (ssm_history_delete(cx->tx, rows.v[i].id, NULL, err) < 0)
            return -1;
    return ssm_parameters_delete(cx->tx, name, NULL, err) < 0 ? -1 : announce(cx, "Delete", p, NULL, err);
}

int ssm_delete_parameter(SwCtx *cx, const SsmDeleteParameterRequest *in, SsmDeleteParameterResult *out, SwError *err) {
    bool existed;
    if (ssm_delete_one(cx, in->name, &existed, err) < 0)
        return -1;
    return existed ? 0 : sw_resource_missing(cx, &ssm_parameter_resource, in->name, err);
}

int ssm_delete_parameters(SwCtx *cx, const SsmDeleteParametersRequest *in, SsmDeleteParametersResult *out, SwError *err) {
    if (authorise_all(cx, "ssm:DeleteParameters", &in->names, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->deleted_parameters);
    sw_list_present(cx->arena, &out->invalid_parameters);
    for (size_t i = 0; i < in->names.n; i++) {
        bool existed;
        if (asked_before(&in->names, i))
            continue;
        if (ssm_delete_one(cx, in->names.v[i], &existed, err) < 0)
            return -1;
        sw_str_list_add(cx->arena, existed ? &out->deleted_parameters : &out->invalid_parameters, in->names.v[i]);
    }
    return 0;
}

/* Labels. */

static bool label_allowed(SwStr l) {
    if (l.n == 0 || l.n > 100 || (l.p[0] >= '0' && l.p[0] <= '9') || !sw_str_all(l, "a-zA-Z0-9_.-"))
        return false;
    return !(l.n >= 3 && (sw_str_ieq(sw_str_n(l.p, 3), SW_STR("aws")) || sw_str_ieq(sw_str_n(l.p, 3), SW_STR("ssm"))));
}

static bool drop_label(SwStrList *labels, SwStr label) {
    size_t kept = 0, n = labels->n;
    for (size_t i = 0; i < n; i++)
        if (!sw_str_eq(labels->v[i], label))
            labels->v[kept++] = labels->v[i];
    sw_list_cut(labels, kept);
    return kept < n;
}

/* Finds the version to label among all; the whole history is needed, for a label is on one version only. */
static int version_among(const SsmParameterRecords *rows, SwStr name, int64_t number, SsmParameterRecord **ret_v,
                         SwError *err) {
    for (size_t i = 0; i < rows->n; i++) {
        *ret_v = rows->v[i].record;
        if ((*ret_v)->version.v == number)
            return 0;
    }
    return sw_fail(err, &SSM_PARAMETER_VERSION_NOT_FOUND,
                   "Systems Manager could not find version %lld of %.*s. Verify the version and try again.", (long long)number,
                   SW_FMT(name));
}

int ssm_label_parameter_version(SwCtx *cx, const SsmLabelParameterVersionRequest *in, SsmLabelParameterVersionResult *out,
                                SwError *err) {
    SsmParameterRecord *p, *v = NULL;
    SsmParameterRecords rows;
    if (ssm_get(cx, in->name, &p, err) < 0 || ssm_versions(cx, p->name, &rows, err) < 0 ||
        version_among(&rows, in->name, SW_OR(in->parameter_version, p->version.v), &v, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->invalid_labels);
    for (size_t i = 0; i < in->labels.n; i++) {
        SwStr label = in->labels.v[i];
        if (!label_allowed(label)) {
            sw_str_list_add(cx->arena, &out->invalid_labels, label);
            continue;
        }
        for (size_t k = 0; k < rows.n; k++) {
            SsmParameterRecord *other = rows.v[k].record;
            if (drop_label(&other->labels, label) && other != v && ssm_history_put(cx->tx, rows.v[k].id, other, err) < 0)
                return -1;
        }
        sw_str_list_add(cx->arena, &v->labels, label);
    }
    if (v->labels.n > LABELS_MAX)
        return sw_fail(err, &SSM_PARAMETER_VERSION_LABEL_LIMIT_EXCEEDED,
                       "A parameter version can have maximum %d labels. "
                       "Move one or more labels to another version and try again.",
                       LABELS_MAX);
    out->parameter_version = v->version;
    return ssm_history_put(cx->tx, ssm_history_id(cx->arena, p->name, v->version.v), v, err);
}

int ssm_unlabel_parameter_version(SwCtx *cx, const SsmUnlabelParameterVersionRequest *in, SsmUnlabelParameterVersionResult *out,
                                  SwError *err) {
    SsmParameterRecord *p, *v = NULL;
    SsmParameterRecords rows;
    if (ssm_get(cx, in->name, &p, err) < 0 || ssm_versions(cx, p->name, &rows, err) < 0 ||
        version_among(&rows, in->name, in->parameter_version.v, &v, err) < 0)
        return -1;
    sw_list_present(cx->arena, &out->removed_labels);
    sw_list_present(cx->arena, &out->invalid_labels);
    for (size_t i = 0; i < in->labels.n; i++)
        sw_str_list_add(cx->arena, drop_label(&v->labels, in->labels.v[i]) ? &out->removed_labels : &out->invalid_labels,
                        in->labels.v[i]);
    return ssm_history_put(cx->tx, ssm_history_id(cx->arena, p->name, v->version.v), v, err);
}

static int show_version(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    SsmParameterHistory *h = to;
    sw_shape_move(cx->arena, &ssm_shape_parameter_history, h, &ssm_shape_parameter_record, ssm_history_row(row));
    sw_list_present(cx->arena, &h->labels);
    h->policies = ssm_policies_shown(cx, ssm_history_row(row));
    return ssm_value(cx, ssm_history_row(row), ((const SsmGetParameterHistoryRequest *)arg)->with_decryption.v, &h->value, err);
}

int ssm_get_parameter_history(SwCtx *cx, const SsmGetParameterHistoryRequest *in, SsmGetParameterHistoryResult *out,
                              SwError *err) {
    SsmParameterRecord *p;
    if (ssm_get(cx, in->name, &p, err) < 0)
        return -1;
    SwDocQuery q = {.prefix = sw_strf(cx->arena, "%.*s:", SW_FMT(p->name))};
    return sw_page(cx, &(SwPage){.of = &ssm_history, .q = q, .show = show_version, .arg = in, .usual = 50}, out, err);
}
