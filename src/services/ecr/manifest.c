/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests (Docker schema 2, OCI 1.1) and the registry's paths. See manifest.h. */

#include "services/ecr/manifest.h"

#include "base/pattern.h"

const SwErrorKind ECR_MANIFEST_INVALID = {.code = "InvalidParameterException", .http = 400};

static int invalid(SwError *err, const char *why) {
    return sw_fail(err, &ECR_MANIFEST_INVALID,
                   "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid "
                   "JSON syntax': %s",
                   why);
}

bool ecr_is_digest(SwStr s) {
    if (s.n != 71 || memcmp(s.p, "sha256:", 7) != 0)
        return false;
    for (size_t i = 7; i < s.n; i++)
        if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
    return true;
}

bool ecr_is_tag(SwStr s) {
    return s.n > 0 && s.n <= 128 && s.p[0] != '.' && s.p[0] != '-' && sw_str_all(s, "a-zA-Z0-9_.-");
}

bool ecr_is_repository_name(SwStr s) {
    static const char text[] = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*";
    if (s.n < 2 || s.n > 256)
        return false;
    const SwPattern *p = sw_pattern_compile(text);
    return p && sw_pattern_matches(p, s);
}

/* A descriptor's digest into `to`, its size added. */
static int descriptor(SwArena *a, const SwValue *d, SwStrList *to, int64_t *size, SwError *err) {
    SwStr digest = sw_value_str(sw_value_getz(d, "digest"));
    int64_t n;
    if (!ecr_is_digest(digest))
        return invalid(err, "a descriptor has no sha256 digest");
    if (!sw_value_i64(sw_value_getz(d, "size"), &n) || n < 0 || n > INT64_MAX - *size)
        return invalid(err, "a descriptor has no size");
    *size += n;
    if (!sw_str_list_has(to, digest))
        sw_str_list_add(a, to, digest);
    return 0;
}

static int descriptors(SwArena *a, const SwValue *list, SwStrList *to, int64_t *size, SwError *err) {
    if (!list || list->kind != SW_VARRAY)
        return invalid(err, "a list of descriptors is missing");
    if (list->n > ECR_REFERENCES_MAX)
        return invalid(err, "it names too many layers or images");
    for (size_t i = 0; i < list->n; i++)
        if (descriptor(a, &list->v[i], to, size, err) < 0)
            return -1;
    return 0;
}

/* The type: what the manifest says of itself, else what came beside it, else what its members show.
 */
static SwStr type_of(const SwValue *m, SwStr declared) {
    SwStr own = sw_value_str(sw_value_getz(m, "mediaType"));
    if (sw_str_is(own))
        return own;
    if (sw_str_is(declared))
        return declared;
    return sw_value_getz(m, "manifests") ? SW_STR(ECR_TYPE_OCI_INDEX) : SW_STR(ECR_TYPE_OCI);
}

static int read_annotations(SwArena *a, const SwValue *v, SwStrMap *to, SwError *err) {
    if (!v)
        return 0;
    if (v->kind != SW_VOBJECT)
        return invalid(err, "its annotations are no object");
    for (size_t i = 0; i < v->n; i++) {
        if (v->v[i].kind != SW_VSTRING)
            return invalid(err, "an annotation is no string");
        sw_str_map_set(a, to, v->keys[i], v->v[i].s);
    }
    return 0;
}

static int read_body(SwArena *a, const SwValue *m, EcrManifest *r, SwError *err) {
    int64_t ignored = 0;
    SwStrList subject = {0};
    if (r->index) {
        if (descriptors(a, sw_value_getz(m, "manifests"), &r->children, &ignored, err) < 0)
            return -1;
    } else if (descriptor(a, sw_value_getz(m, "config"), &r->blobs, &r->size, err) < 0 ||
               descriptors(a, sw_value_getz(m, "layers"), &r->blobs, &r->size, err) < 0) {
        return -1;
    }
    const SwValue *s = sw_value_getz(m, "subject");
    if (s && descriptor(a, s, &subject, &ignored, err) < 0)
        return -1;
    r->subject = subject.n ? subject.v[0] : SW_NO_STR;
    r->artifact_type = sw_value_str(sw_value_getz(m, "artifactType"));
    if (!sw_str_is(r->artifact_type) && !r->index)
        r->artifact_type = sw_value_str(sw_value_path(m, "config.mediaType"));
    return read_annotations(a, sw_value_getz(m, "annotations"), &r->annotations, err);
}

int ecr_manifest_parse(SwArena *a, SwStr text, SwStr declared, EcrManifest *ret, SwError *err) {
    SwValue m;
    SwError syntax = sw_error(a);
    int64_t version;
    *ret = (EcrManifest){0};
    if (sw_json_parse(a, text, &m, &syntax) < 0)
        return invalid(err, syntax.message);
    if (m.kind != SW_VOBJECT)
        return invalid(err, "it is no object");
    if (!sw_value_i64(sw_value_getz(&m, "schemaVersion"), &version) || version != 2)
        return invalid(err, "its schemaVersion is not 2");
    ret->media_type = type_of(&m, declared);
    if (sw_str_is(declared) && !sw_str_eq(declared, ret->media_type))
        return invalid(err, "its mediaType is not the one that was declared");
    if (sw_str_eqz(ret->media_type, ECR_TYPE_DOCKER_LIST) || sw_str_eqz(ret->media_type, ECR_TYPE_OCI_INDEX))
        ret->index = true;
    else if (!sw_str_eqz(ret->media_type, ECR_TYPE_DOCKER) && !sw_str_eqz(ret->media_type, ECR_TYPE_OCI))
        return invalid(err, "its media type is not supported");
    return read_body(a, &m, ret, err);
}

/* "NAME/manifests" -> name, when it ends so. */
static bool take(SwStr s, const char *ending, SwStr *ret_name) {
    if (!sw_str_ends(s, sw_str(ending)))
        return false;
    *ret_name = sw_str_drop(s, strlen(ending));
    return ret_name->n > 0;
}

EcrPath ecr_path_parse(SwStr path) {
    EcrPath r = {0};
    size_t at;
    if (sw_str_eqz(path, "/v2") || sw_str_eqz(path, "/v2/"))
        return (EcrPath){.kind = ECR_PATH_ROOT};
    if (!sw_str_starts(path, SW_STR("/v2/")))
        return r;
    SwStr rest = sw_str_skip(path, 4);
    if (sw_str_eqz(rest, "_catalog"))
        return (EcrPath){.kind = ECR_PATH_CATALOG};
    if (take(rest, "/blobs/uploads", &r.name) || take(rest, "/blobs/uploads/", &r.name)) {
        r.kind = ECR_PATH_UPLOADS;
        return r;
    }
    if (take(rest, "/tags/list", &r.name)) {
        r.kind = ECR_PATH_TAGS;
        return r;
    }
    if (!sw_str_rfind(rest, '/', &at) || at + 1 == rest.n)
        return r;
    SwStr head = sw_str_n(rest.p, at);
    r.reference = sw_str_skip(rest, at + 1);
    if (take(head, "/blobs/uploads", &r.name))
        r.kind = ECR_PATH_UPLOAD;
    else if (take(head, "/manifests", &r.name))
        r.kind = ECR_PATH_MANIFEST;
    else if (take(head, "/blobs", &r.name))
        r.kind = ECR_PATH_BLOB;
    else if (take(head, "/referrers", &r.name))
        r.kind = ECR_PATH_REFERRERS;
    return r;
}

bool ecr_accepts(const SwStr *accept, size_t n, SwStr media_type) {
    for (size_t i = 0; i < n; i++) {
        SwStr rest = accept[i], part, word;
        while (sw_str_next(&rest, ',', &part)) {
            if (!sw_str_cut(&part, ';', &word))
                word = part;
            word = sw_str_trim(word);
            if (sw_str_eqz(word, "*/*") || sw_str_eqz(word, "application/*") || sw_str_ieq(word, media_type))
                return true;
        }
    }
    return n == 0;
}
