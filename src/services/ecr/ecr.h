/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* ECR: documents, and what the API and the registry protocol share.
 *
 *   repository  id NAME
 *   image       id NAME@DIGEST     a manifest; its bytes are a blob of this digest
 *   tag         id NAME:TAG        points to an image
 *   layer       id NAME@DIGEST     a blob that was uploaded to this repository (config or layer)
 *   upload      id UUID            one that goes on; its bytes are parked under this name
 *   token       id SHA-256 of a password
 *   preview     id NAME            what a lifecycle policy would do: the last one asked for
 *
 * Each image and layer holds a reference to its blob, written in the same transaction. */

#include "api/host.h"
#include "models/ecr_resources.gen.h"
#include "services/ecr/manifest.h"

#define ECR_LAYER_MAX ((int64_t)52000 * (int64_t)SW_MIB) /* ECR's limit of a layer */
#define ECR_PART_SIZE ((int64_t)10 * (int64_t)SW_MIB)

extern const SwController ecr_lifecycle, ecr_upload_expiry;

/* repository.c */
/* Fails with RepositoryNotFoundException; registry_id absent: the context's. */
int ecr_repository_of(SwCtx *cx, SwStr registry_id, SwStr name, EcrRepositoryRecord **ret, SwError *err) sw_must_check;
bool ecr_tag_is_immutable(const EcrRepository *r, SwStr tag);

/* token.c */
#define ECR_TOKEN_LIFE (12 * SW_HOUR)
/* Makes a password, in cx->tx. layer: "NAME@DIGEST" limits it to that layer's download; absent: all
 * that the principal may. */
int ecr_token_make(SwCtx *cx, SwStr layer, SwTime life, SwStr *ret_password, SwTime *ret_expires, SwError *err) sw_must_check;
/* *ret NULL: no such password. In cx->tx. */
int ecr_token_find(SwCtx *cx, SwStr password, EcrTokenRecord **ret, bool *ret_expired, SwError *err) sw_must_check;
void ecr_token_apply(SwCtx *cx, const EcrTokenRecord *t); /* act as whom it was made for */

/* image.c: all in cx->tx */
typedef struct EcrPut {
    const EcrRepositoryRecord *repository;
    SwStr manifest, digest; /* the manifest is a blob already; digest with "sha256:" */
    SwStr declared_type;    /* or absent */
    SwStr tag;              /* or absent */
    bool again_is_fine;     /* the registry protocol: an equal push succeeds */
} EcrPut;
int ecr_image_put(SwCtx *cx, const EcrPut *p, EcrImageRecord **ret_image, SwError *err) sw_must_check;
/* By tag or digest; *ret NULL: none. */
int ecr_image_find(SwCtx *cx, SwStr repository, SwStr reference, EcrImageRecord **ret, SwError *err) sw_must_check;
int ecr_image_tags(SwCtx *cx, SwStr repository, SwStr digest, SwStrList *ret, SwError *err) sw_must_check;
int ecr_image_manifest(SwCtx *cx, const EcrImageRecord *i, SwStr *ret, SwError *err) sw_must_check;
/* With its tags; layers that no image of the repository uses any more go too. *ret_held: an index
 * of the repository names it, and nothing was done. */
int ecr_image_delete(SwCtx *cx, const EcrImageRecord *i, bool force, bool *ret_held, SwError *err) sw_must_check;
int ecr_images_of(SwCtx *cx, SwStr repository, EcrImageRecords *ret, SwError *err) sw_must_check;
int ecr_untag(SwCtx *cx, SwStr repository, SwStr tag, SwError *err) sw_must_check;
/* Remember that an image was pulled, at most once a day. */
int ecr_image_pulled(SwCtx *cx, SwStr repository, SwStr digest, SwError *err) sw_must_check;
SwStr ecr_key(SwArena *a, SwStr repository, char between, SwStr reference);
SwStr ecr_digest_hex(SwStr digest); /* without "sha256:" */

/* image_api.c: a TagStatus filter, absent or "ANY": all */
bool ecr_tags_wanted(SwStr status, size_t tags);

/* layer.c: in cx->tx */
int ecr_layer_find(SwCtx *cx, SwStr repository, SwStr digest, EcrLayerRecord **ret, SwError *err) sw_must_check;
/* The blob is there: make it a layer of the repository. */
int ecr_layer_add(SwCtx *cx, SwStr repository, SwStr digest, int64_t size, SwError *err) sw_must_check;
int ecr_layer_remove(SwCtx *cx, const EcrLayerRecord *l, SwError *err) sw_must_check;
int ecr_upload_begin(SwCtx *cx, SwStr repository, SwStr *ret_id, SwError *err) sw_must_check; /* without transaction */
int ecr_upload_find(SwCtx *cx, SwStr repository, SwStr id, bool *ret_there, SwError *err) sw_must_check;
/* Without transaction: the writer's bytes become a layer, when they are what `digest` says; else
 * *ret_matches false. */
int ecr_upload_end(SwCtx *cx, SwStr repository, SwStr id, SwBlobWriter *w, SwStr digest, bool *ret_matches, int64_t *ret_size,
                   SwError *err) sw_must_check;

/* lifecycle.c: pure */
typedef struct EcrAged {
    SwStr digest;
    SwStrList tags;
    SwTime pushed;
    int64_t rule;
} EcrAged; /* rule: priority that expires it; 0: none */
typedef struct EcrAgedList {
    EcrAged *v;
    size_t n;
} EcrAgedList;
typedef struct EcrRules EcrRules;
/* Message says what is wrong or not supported. */
int ecr_rules_parse(SwArena *a, SwStr text, EcrRules **ret, SwError *err) sw_must_check;
/* Marks what is to go. *ret_next: when age alone will expire the next; INT64_MAX: never. */
void ecr_rules_apply(SwArena *a, const EcrRules *r, EcrAgedList *images, SwTime now, SwTime *ret_next);

/* lifecycle_controller.c: what rules are applied to; in cx->tx */
int ecr_images_aged(SwCtx *cx, SwStr repository, EcrAgedList *ret, SwError *err) sw_must_check;

/* routes.c */
/* What the principal may do where the server is strict; in cx->tx. */
bool ecr_may(SwCtx *cx, const char *action, SwStr repository, SwError *err);
extern const SwRoute ecr_routes[2];
