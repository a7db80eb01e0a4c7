/* SPDX-License-Identifier: Apache-2.0 */
/* Listings by path and by filters, and tags. */

#include "services/ssm/ssm.h"

static bool under(SwStr name, SwStr path, bool recursive) {
    SwStr rest = name;
    if (sw_str_eqz(path, "/") && !sw_str_starts(name, path)) /* a bare name lies at the root */
        return true;
    if (!sw_str_starts(rest, path))
        return false;
    rest = sw_str_skip(rest, path.n);
    if (!sw_str_ends(path, SW_STR("/"))) {
        if (!sw_str_starts(rest, SW_STR("/")))
            return false;
        rest = sw_str_skip(rest, 1);
    }
    size_t slash;
    return rest.n > 0 && (recursive || !sw_str_find(rest, '/', &slash));
}

static bool value_matches(SwStr have, SwStr option, const SwStrList *want) {
    for (size_t i = 0; i < want->n; i++) {
        if (sw_str_eqz(option, "BeginsWith") ? sw_str_starts(have, want->v[i])
            : sw_str_eqz(option, "Contains") ? sw_str_contains(have, want->v[i])
                                             : sw_str_eq(have, want->v[i]))
            return true;
    }
    return false;
}

static SwStr tag_value(const SsmTagList *tags, SwStr key) {
    for (size_t i = 0; i < tags->n; i++)
        if (sw_str_eq(tags->v[i].key, key))
            return tags->v[i].value;
    return SW_NO_STR;
}

static int has_label(SwCtx *cx, SwStr name, const SwStrList *labels, bool *ret_yes, SwError *err) {
    SsmParameterRecords rows;
    if (ssm_versions(cx, name, &rows, err) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++)
        for (size_t k = 0; k < labels->n; k++)
            if (sw_str_list_has(&rows.v[i].record->labels, labels->v[k])) {
                *ret_yes = true;
                return 0;
            }
    *ret_yes = false;
    return 0;
}

static bool path_matches(SwStr name, SwStr option, const SwStrList *paths) {
    for (size_t i = 0; i < paths->n; i++)
        if (under(name, paths->v[i], sw_str_eqz(option, "Recursive")))
            return true;
    return false;
}

static int filter_matches(SwCtx *cx, const SsmParameterStringFilter *f, const SsmParameterRecord *p, bool *ret_yes,
                          SwError *err) {
    const struct {
        const char *key;
        SwStr value;
    } plain[] = {
        {"Name", p->name}, {"Type", p->type}, {"KeyId", p->key_id}, {"Tier", p->tier}, {"DataType", p->data_type},
    };
    for (size_t i = 0; i < SW_N(plain); i++)
        if (sw_str_eqz(f->key, plain[i].key)) {
            *ret_yes = value_matches(plain[i].value, f->option, &f->values);
            return 0;
        }
    if (sw_str_eqz(f->key, "Path")) {
        *ret_yes = path_matches(p->name, f->option, &f->values);
        return 0;
    }
    if (sw_str_eqz(f->key, "Label"))
        return has_label(cx, p->name, &f->values, ret_yes, err);
    SwStr value = tag_value(&p->tags, sw_str_skip(f->key, 4));
    *ret_yes = value.p && (f->values.n == 0 || value_matches(value, f->option, &f->values));
    return 0;
}

static bool key_is_one_of(SwStr key, bool by_path) {
    static const char *const of_paths[] = {"Type", "KeyId", "Label"}, *const of_all[] = {"Name", "Type",     "KeyId",
                                                                                         "Tier", "DataType", "Path"};
    for (size_t i = 0; by_path && i < SW_N(of_paths); i++)
        if (sw_str_eqz(key, of_paths[i]))
            return true;
    for (size_t i = 0; !by_path && i < SW_N(of_all); i++)
        if (sw_str_eqz(key, of_all[i]))
            return true;
    return !by_path && sw_str_starts(key, SW_STR("tag:"));
}

static bool option_fits(const SsmParameterStringFilter *f) {
    SwStr o = f->option;
    if (!sw_str_is(o))
        return true;
    if (sw_str_eqz(f->key, "Path"))
        return sw_str_eqz(o, "Recursive") || sw_str_eqz(o, "OneLevel");
    return sw_str_eqz(o, "Equals") || (sw_str_eqz(o, "BeginsWith") && !sw_str_eqz(f->key, "Label")) ||
           (sw_str_eqz(o, "Contains") && sw_str_eqz(f->key, "Name"));
}

static int check_paths(const SsmParameterStringFilter *f, SwError *err) {
    for (size_t i = 0; i < f->values.n; i++) {
        SwStr path = f->values.v[i], first = sw_str_n(path.p, path.n < 4 ? path.n : 4);
        if (!sw_str_starts(path, SW_STR("/")) || sw_str_contains(path, SW_STR("//")) || !sw_str_all(path, "a-zA-Z0-9_./-"))
            return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                           "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a "
                           "forward slash \"/\".");
        if (sw_str_ieq(first, SW_STR("/aws")) || sw_str_ieq(first, SW_STR("/ssm")))
            return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                           "Filters for common parameters can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). When "
                           "using global parameters, please specify within a global namespace.");
    }
    return 0;
}

static int check_filter(const SsmParameterStringFilter *f, bool by_path, SwError *err) {
    if (!key_is_one_of(f->key, by_path))
        return sw_fail(err, &SSM_INVALID_FILTER_KEY,
                       "The following filter key is not valid: %.*s. Valid filter keys include: [%s].", SW_FMT(f->key),
                       by_path ? "Type, KeyId, Label" : "Path, Name, Type, KeyId, Tier, DataType, tag");
    if (!option_fits(f))
        return sw_fail(err, &SSM_INVALID_FILTER_OPTION,
                       "The following filter option is not valid: %.*s. Valid options include: [%s].", SW_FMT(f->option),
                       sw_str_eqz(f->key, "Path")    ? "Recursive, OneLevel"
                       : sw_str_eqz(f->key, "Label") ? "Equals"
                       : sw_str_eqz(f->key, "Name")  ? "BeginsWith, Equals, Contains"
                                                     : "BeginsWith, Equals");
    if (f->values.n == 0 && !sw_str_starts(f->key, SW_STR("tag:")))
        return sw_fail(err, &SSM_INVALID_FILTER_VALUE, "The following filter values are missing : null for filter key %.*s",
                       SW_FMT(f->key));
    return sw_str_eqz(f->key, "Path") ? check_paths(f, err) : 0;
}

static int check_filters(const SsmParameterStringFilterList *filters, bool by_path, SwError *err) {
    for (size_t i = 0; i < filters->n; i++) {
        for (size_t k = 0; k < i; k++)
            if (sw_str_eq(filters->v[i].key, filters->v[k].key))
                return sw_fail(err, &SSM_INVALID_FILTER_KEY,
                               "The following filter is duplicated in the request: %.*s. A request can contain only one "
                               "occurrence of a specific filter.",
                               SW_FMT(filters->v[i].key));
        if (check_filter(&filters->v[i], by_path, err) < 0)
            return -1;
    }
    return 0;
}

typedef struct Listing {
    SwStr path; /* absent: anywhere */
    bool recursive, decrypt;
    SsmParameterStringFilterList filters;
} Listing;

static int is_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const Listing *l = arg;
    const SsmParameterRecord *p = ssm_parameters_row(row);
    *ret_wanted = !l->path.p || under(p->name, l->path, l->recursive);
    for (size_t k = 0; *ret_wanted && k < l->filters.n; k++)
        if (filter_matches(cx, &l->filters.v[k], p, ret_wanted, err) < 0)
            return -1;
    return 0;
}

static int show_parameter(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    SsmParameter *p = to;
    sw_shape_move(cx->arena, &ssm_shape_parameter, p, &ssm_shape_parameter_record, ssm_parameters_row(row));
    p->arn = ssm_arn(cx, p->name);
    return ssm_value(cx, ssm_parameters_row(row), ((const Listing *)arg)->decrypt, &p->value, err);
}

static int show_metadata(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    SsmParameterMetadata *m = to;
    sw_shape_move(cx->arena, &ssm_shape_parameter_metadata, m, &ssm_shape_parameter_record, ssm_parameters_row(row));
    m->arn = ssm_arn(cx, m->name);
    m->policies = ssm_policies_shown(cx, ssm_parameters_row(row));
    return 0;
}

int ssm_show_item(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    const SwShape *s = arg;
    sw_shape_move(cx->arena, s, to, s, row->record);
    return 0;
}

/* Of AWS's own a filter knows the type. */
static int is_public_wanted(SwCtx *cx, const void *arg, const SwDocRow *row, bool *ret_wanted, SwError *err) {
    const Listing *l = arg;
    const SsmParameter *p = row->record;
    *ret_wanted = under(p->name, l->path, l->recursive);
    for (size_t i = 0; i < l->filters.n; i++) {
        const SsmParameterStringFilter *f = &l->filters.v[i];
        *ret_wanted &= sw_str_eqz(f->key, "Type") && value_matches(p->type, f->option, &f->values);
    }
    return 0;
}

static int show_public(SwCtx *cx, const void *arg, const SwDocRow *row, void *to, SwError *err) {
    return ssm_show_item(cx, &ssm_shape_parameter, row, to, err);
}

static int list_public(SwCtx *cx, const Listing *l, SsmGetParametersByPathResult *out, SwError *err) {
    SwPageItems all;
    if (ssm_public(cx, &all, err) < 0)
        return -1;
    return sw_page(cx, &(SwPage){.items = all, .want = is_public_wanted, .show = show_public, .arg = l, .usual = 10}, out, err);
}

int ssm_get_parameters_by_path(SwCtx *cx, const SsmGetParametersByPathRequest *in, SsmGetParametersByPathResult *out,
                               SwError *err) {
    const Listing l = {in->path, in->recursive.v, in->with_decryption.v, in->parameter_filters};
    if (!sw_str_starts(in->path, SW_STR("/")))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION,
                       "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a "
                       "forward slash \"/\".");
    if (check_filters(&l.filters, true, err) < 0)
        return -1;
    if (sw_str_eqz(in->path, "/aws/service") || ssm_is_public(in->path))
        return list_public(cx, &l, out, err);
    bool root = sw_str_eqz(in->path, "/"), ended = sw_str_ends(in->path, SW_STR("/"));
    SwDocQuery q = {.prefix = root    ? SW_NO_STR /* bare names lie there as well */
                              : ended ? in->path
                                      : sw_strf(cx->arena, "%.*s/", SW_FMT(in->path))};
    return sw_page(cx,
                   &(SwPage){.of = &ssm_parameters, .q = q, .want = is_wanted, .show = show_parameter, .arg = &l, .usual = 10},
                   out, err);
}

int ssm_describe_parameters(SwCtx *cx, const SsmDescribeParametersRequest *in, SsmDescribeParametersResult *out, SwError *err) {
    if (in->shared.v)
        return sw_refuse_field(err, &SW_VALIDATION_EXCEPTION, "Shared", "parameters are not shared between accounts");
    if (in->filters.n > 0 && in->parameter_filters.n > 0)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "You can use either Filters or ParameterFilters in a single request.");
    Listing l = {.recursive = true, .filters = in->parameter_filters};
    for (size_t i = 0; i < in->filters.n; i++)
        *sw_list_add(cx->arena, &l.filters) = (SsmParameterStringFilter){.key = in->filters.v[i].key,
                                                                         .option = SW_STR("BeginsWith"),
                                                                         .values = in->filters.v[i].values};
    if (check_filters(&l.filters, false, err) < 0)
        return -1;
    return sw_page(cx, &(SwPage){.of = &ssm_parameters, .want = is_wanted, .show = show_metadata, .arg = &l, .usual = 50}, out,
                   err);
}

/* Tags. */

static const SwResource *const among[] = {&ssm_parameter_resource, NULL};

static int tagged(SwCtx *cx, SwStr type, SwStr id, SsmParameterRecord **ret_p, SwError *err) {
    if (!sw_str_eqz(type, "Parameter"))
        return sw_fail(err, &SSM_INVALID_RESOURCE_TYPE, "The resource type %.*s is not valid here: only Parameter is.",
                       SW_FMT(type));
    if (ssm_parameter_find(cx, id, ret_p, err) < 0)
        return -1;
    return *ret_p ? 0
                  : sw_fail(err, &SSM_INVALID_RESOURCE_ID,
                            "The resource ID \"%.*s\" is not valid. Verify the ID and try again.", SW_FMT(id));
}

int ssm_add_tags_to_resource(SwCtx *cx, const SsmAddTagsToResourceRequest *in, SsmAddTagsToResourceResult *out, SwError *err) {
    SsmParameterRecord *p;
    if (tagged(cx, in->resource_type, in->resource_id, &p, err) < 0)
        return -1;
    return sw_op_tag(cx, among, SW_ONE(p->name), SW_GIVEN_TAGS(&in->tags), err);
}

int ssm_remove_tags_from_resource(SwCtx *cx, const SsmRemoveTagsFromResourceRequest *in, SsmRemoveTagsFromResourceResult *out,
                                  SwError *err) {
    SsmParameterRecord *p;
    if (tagged(cx, in->resource_type, in->resource_id, &p, err) < 0)
        return -1;
    return sw_op_untag(cx, among, SW_ONE(p->name), &in->tag_keys, err);
}

int ssm_list_tags_for_resource(SwCtx *cx, const SsmListTagsForResourceRequest *in, SsmListTagsForResourceResult *out,
                               SwError *err) {
    SsmParameterRecord *p;
    if (tagged(cx, in->resource_type, in->resource_id, &p, err) < 0)
        return -1;
    out->tag_list = p->tags;
    sw_list_present(cx->arena, &out->tag_list);
    return 0;
}
