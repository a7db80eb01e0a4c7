/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pure parts of the registry: manifests, request paths, names of tags and digests. No store, no
 * I/O: tested and fuzzed as they stand. */

#include "base/error.h"
#include "base/json.h"
#include "shape/shape.h"

#define ECR_MANIFEST_MAX     (4 * SW_MIB) /* ECR's limit */
#define ECR_REFERENCES_MAX   4096         /* layers, or images of an index */

#define ECR_TYPE_DOCKER      "application/vnd.docker.distribution.manifest.v2+json"
#define ECR_TYPE_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define ECR_TYPE_OCI         "application/vnd.oci.image.manifest.v1+json"
#define ECR_TYPE_OCI_INDEX   "application/vnd.oci.image.index.v1+json"

typedef struct EcrManifest {
    SwStr media_type, artifact_type; /* artifact type absent: none */
    bool index;                      /* names images instead of layers */
    SwStrList blobs;                 /* digests of config and layers */
    SwStrList children;              /* digests of an index's images */
    SwStr subject;                   /* digest, or absent */
    int64_t size;                    /* of config and layers, as the manifest says */
    SwStrMap annotations;
} EcrManifest;

extern const SwErrorKind ECR_MANIFEST_INVALID; /* message says what is wrong with it */

/* `declared`: the media type that came beside it, or absent; must not contradict the manifest. */
int ecr_manifest_parse(SwArena *a, SwStr text, SwStr declared, EcrManifest *ret, SwError *err) sw_must_check;

bool ecr_is_digest(SwStr s); /* "sha256:" and 64 lower-case hexadecimal digits */
bool ecr_is_tag(SwStr s);
bool ecr_is_repository_name(SwStr s);

typedef enum EcrPathKind {
    ECR_PATH_NONE,
    ECR_PATH_ROOT,
    ECR_PATH_CATALOG,
    ECR_PATH_MANIFEST,
    ECR_PATH_BLOB,
    ECR_PATH_UPLOADS,
    ECR_PATH_UPLOAD,
    ECR_PATH_TAGS,
    ECR_PATH_REFERRERS
} EcrPathKind;
typedef struct EcrPath {
    EcrPathKind kind;
    SwStr name;      /* repository, as written: not checked */
    SwStr reference; /* tag, digest or upload id */
} EcrPath;
/* Of a decoded path from '/' on. */
EcrPath ecr_path_parse(SwStr path);

/* True when a request that accepts these types (all its Accept lines) takes this one; no Accept
 * takes all. */
bool ecr_accepts(const SwStr *accept, size_t n, SwStr media_type);
