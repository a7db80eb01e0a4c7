/* SPDX-License-Identifier: Apache-2.0 */
/* A deleted secret goes for good when its window has ended by the clock.
 *
 *   live --DeleteSecret--> marked --clock--> gone;  marked --RestoreSecret--> live */

#include "services/secretsmanager/secretsmanager.h"

static int end_secret(SwCtx *cx, SwStr name, SwStep *ret_step, SwError *err) {
    Secret *s;
    if (secretsmanager_secrets_find(cx->tx, name, &s, err) < 0)
        return -1;
    if (!s || !s->deletion.set)
        return 0;
    if (s->deletion.v > sw_now(cx)) {
        ret_step->waiting = true;
        ret_step->again = s->deletion.v;
        return 0;
    }
    return secretsmanager_erase(cx, s, err);
}

const SwController secretsmanager_deletion_controller = {
    .name = "secretsmanager/deletion",
    .kind = SW_STEP_STORE,
    .step = end_secret,
    .unfailing = "a secret's record is bounded by the model; it is deleted when a step succeeds",
};
