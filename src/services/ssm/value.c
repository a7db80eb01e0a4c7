/* SPDX-License-Identifier: Apache-2.0 */
/* Values of parameters: that of a SecureString is sealed with its key. */

#include "api/envelope.h"
#include "services/ssm/ssm.h"

/* AWS's own key is the data folder's seal; another is asked for in KMS. */
static void bind(SwCtx *cx, const SsmParameterRecord *p, SwStrPair *pair, SwStrMap *context, SwEnvelope *ret) {
    static const SwEnvelopeFaults faults = {&SSM_INVALID_KEY_ID, &SSM_INVALID_KEY_ID, &SSM_INVALID_KEY_ID, &SSM_INVALID_KEY_ID};
    SwStr arn = ssm_arn(cx, p->name);
    *pair = (SwStrPair){SW_STR("PARAMETER_ARN"), arn};
    *context = (SwStrMap){pair, 1};
    *ret = (SwEnvelope){.service = "ssm",
                        .key = sw_str_eqz(p->key_id, SSM_DEFAULT_KEY) ? SW_NO_STR : p->key_id,
                        .about = arn,
                        .context = context,
                        .faults = &faults};
}

int ssm_close(SwCtx *cx, const SsmParameterRecord *p, SwStr value, SwStr *ret, SwError *err) {
    SwStrPair pair;
    SwStrMap context;
    SwEnvelope e;
    bind(cx, p, &pair, &context, &e);
    return sw_envelope_seal(cx, &e, value, ret, err);
}

int ssm_value(SwCtx *cx, const SsmParameterRecord *p, bool decrypt, SwStr *ret_value, SwError *err) {
    SwStrPair pair;
    SwStrMap context;
    SwEnvelope e;
    *ret_value = p->value;
    if (!decrypt || !sw_str_eq(p->type, SSM_PARAMETER_TYPE_SECURE_STRING))
        return 0;
    bind(cx, p, &pair, &context, &e);
    return sw_envelope_open(cx, &e, p->value, ret_value, err);
}
