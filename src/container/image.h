/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Container images: a manifest, its config and its layers, unpacked once per layer into
 * <data>/layers/<diff id>.
 *
 * Accepted: OCI image manifest and index, Docker manifest schema 2 and list (linux/amd64 is
 * picked out of an index); layers as plain, gzip or zstd tar. Each layer's bytes are checked
 * against its diff id. A layer can write nowhere but below its own folder; whiteouts become
 * overlayfs's form. Threads: any; two calls for one layer wait for each other. */

#include "base/error.h"
#include "base/json.h"

typedef struct SwRuntime SwRuntime;

/* name.c. HOST/REPOSITORY[:TAG][@DIGEST] where HOST is this server: 127.0.0.1:PORT, localhost:PORT, or AWS's name for the
 * registry of an account in a region. */
typedef struct SwImageName {
    SwStr repository, tag, digest; /* tag "latest" where neither is given */
    SwStr account, region;         /* absent: the name does not say */
} SwImageName;
/* registry: host:port of this server. False: some other registry's, or no name. */
bool sw_image_name_parse(SwStr name, SwStr registry, SwImageName *ret);
/* ACCOUNT.dkr.ecr.REGION.DOMAIN, whatever the domain. */
bool sw_ecr_host_parse(SwStr host, SwStr *ret_account, SwStr *ret_region, SwStr *ret_domain);

/* Where an image's bytes come from. Digests have the form "sha256:<hex>". */
typedef struct SwImageSource {
    SwStr manifest; /* bytes of the manifest or index */
    void *arg;
    /* Path of a blob's file (config, layer), or NULL if there is none. */
    const char *(*blob_path)(void *arg, SwArena *a, SwStr digest);
    /* Bytes of a manifest that the index names. NULL: manifests are blobs too. */
    bool (*manifest_of)(void *arg, SwArena *a, SwStr digest, SwStr *ret_json);
} SwImageSource;

typedef struct SwImage {
    SwStr config_digest; /* "sha256:...": the image's identity */
    SwStrList diff_ids;  /* lowest layer first; each is unpacked */
    SwStrList entrypoint, cmd, env;
    SwStr user, cwd, stop_signal; /* absent or empty: not given */
    SwStrList exposed;            /* "80/tcp" */
    const SwValue *labels;        /* object or NULL */
    const SwValue *healthcheck;   /* Docker's object (Test, Interval, ...) or NULL */
} SwImage;

/* Fails with kind SW_CONTAINER_IMAGE_INVALID when the image's own bytes are at fault; message is
 * fit for a user. */
int sw_image_unpack(SwRuntime *rt, SwArena *a, const SwImageSource *src, SwImage *ret_image, SwError *err) sw_must_check;
/* The same without unpacking: what an image says about itself. */
int sw_image_inspect(SwArena *a, const SwImageSource *src, SwImage *ret_image, SwError *err) sw_must_check;
/* Remove layers that no container uses. */
int sw_image_prune(SwRuntime *rt, SwError *err) sw_must_check;
