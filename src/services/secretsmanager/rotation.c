/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation and replication: what is refused, in the words of AWS for a secret that has neither. */

#include "services/secretsmanager/secretsmanager.h"

static int no_function(SwCtx *cx, SwStr id, SwError *err) {
    Secret *s;
    if (secretsmanager_live(cx, id, &s, err) < 0)
        return -1;
    return sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION,
                   "No Lambda rotation function ARN is associated with this secret.");
}

int secretsmanager_rotate_secret(SwCtx *cx, const SecretsmanagerRotateSecretRequest *in,
                                 SecretsmanagerRotateSecretResponse *out, SwError *err) {
    return no_function(cx, in->secret_id, err);
}

int secretsmanager_cancel_rotate_secret(SwCtx *cx, const SecretsmanagerCancelRotateSecretRequest *in,
                                        SecretsmanagerCancelRotateSecretResponse *out, SwError *err) {
    return no_function(cx, in->secret_id, err);
}

/* Its regions are required, and refused (models/members). */
int secretsmanager_replicate_secret_to_regions(SwCtx *cx, const SecretsmanagerReplicateSecretToRegionsRequest *in,
                                               SecretsmanagerReplicateSecretToRegionsResponse *out, SwError *err) {
    return sw_refuse_field(err, &SECRETSMANAGER_INVALID_PARAMETER_EXCEPTION, "AddReplicaRegions",
                           "secrets are in one Region; there are no replicas");
}

int secretsmanager_remove_regions_from_replication(SwCtx *cx, const SecretsmanagerRemoveRegionsFromReplicationRequest *in,
                                                   SecretsmanagerRemoveRegionsFromReplicationResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0)
        return -1;
    return sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION, "The secret has no replica in Region %.*s.",
                   SW_FMT(in->remove_replica_regions.v[0]));
}

int secretsmanager_stop_replication_to_replica(SwCtx *cx, const SecretsmanagerStopReplicationToReplicaRequest *in,
                                               SecretsmanagerStopReplicationToReplicaResponse *out, SwError *err) {
    Secret *s;
    if (secretsmanager_live(cx, in->secret_id, &s, err) < 0)
        return -1;
    return sw_fail(err, &SECRETSMANAGER_INVALID_REQUEST_EXCEPTION, "The secret is not a replica.");
}
