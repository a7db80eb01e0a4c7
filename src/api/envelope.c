/* SPDX-License-Identifier: Apache-2.0 */
/* A text is "kms:" data key ":" sealed, both in base64, or what api/seal.h makes, which has no ':'. */

#include "api/envelope.h"

#include "api/seal.h"
#include "base/digest.h"
#include "base/gcm.h"
#include "models/kms.gen.h"

#define MARK SW_STR("kms:")

/* --- asking KMS --------------------------------------------------------------------------------------------------- */

static int own_words(const SwEnvelope *e, SwError *err) {
    static const SwEnvelopeFaults none;
    const SwEnvelopeFaults *f = e->faults ? e->faults : &none;
    const struct {
        const SwErrorKind *is, *becomes;
    } all[] = {{&KMS_NOT_FOUND_EXCEPTION, f->not_found},
               {&KMS_DISABLED_EXCEPTION, f->disabled},
               {&KMS_KMS_INVALID_STATE_EXCEPTION, f->state},
               {&KMS_INVALID_KEY_USAGE_EXCEPTION, f->usage},
               {&SW_ACCESS_DENIED_EXCEPTION, f->denied}};
    for (size_t i = 0; i < SW_N(all); i++)
        if (sw_error_is(err, all[i].is))
            return all[i].becomes ? sw_refuse_as(err, all[i].becomes, "%s", err->message) : -1;
    return -1;
}

static SwStrMap context_of(const SwEnvelope *e) {
    return e->context ? *e->context : (SwStrMap){0};
}

/* The caller's own context, in the same transaction, but for the service that asks in between. */
static SwCtx via(const SwCtx *cx, const SwEnvelope *e) {
    SwCtx inner = *cx;
    inner.via = e->service;
    return inner;
}

/* AWS's own key of a service is made by the service, whoever its caller is. */
static int make_managed(SwCtx *cx, const SwEnvelope *e, SwError *err) {
    KmsDescribeKeyResponse *out;
    if (!sw_str_starts(e->key, SW_STR("alias/aws/")))
        return 0;
    return kms_call_describe_key(sw_ctx_as_service(cx, e->service), &(KmsDescribeKeyRequest){.key_id = e->key}, &out, err);
}

int sw_data_key_new(SwCtx *cx, const SwEnvelope *e, SwDataKey *ret, SwError *err) {
    const KmsGenerateDataKeyRequest in = {.key_id = e->key,
                                          .key_spec = KMS_DATA_KEY_SPEC_AES_256,
                                          .encryption_context = context_of(e)};
    SwCtx inner = via(cx, e);
    KmsGenerateDataKeyResponse *out;
    if (make_managed(&inner, e, err) < 0 || kms_call_generate_data_key(&inner, &in, &out, err) < 0)
        return own_words(e, err);
    *ret = (SwDataKey){.plain = out->plaintext, .sealed = sw_base64(cx->arena, out->ciphertext_blob)};
    return 0;
}

int sw_data_key_open(SwCtx *cx, const SwEnvelope *e, SwStr sealed, SwDataKey *ret, SwError *err) {
    KmsDecryptRequest in = {.encryption_context = context_of(e)};
    SwCtx inner = via(cx, e);
    KmsDecryptResponse *out;
    if (!sw_unbase64(cx->arena, sealed, &in.ciphertext_blob))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The stored data key is damaged");
    if (kms_call_decrypt(&inner, &in, &out, err) < 0)
        return own_words(e, err);
    *ret = (SwDataKey){.plain = out->plaintext, .sealed = sealed};
    return 0;
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

int sw_data_key_seal(SwCtx *cx, const SwEnvelope *e, const SwDataKey *k, SwStr plain, SwStr *ret_text, SwError *err) {
    SwStr sealed;
    if (sw_gcm_seal(cx->arena, k->plain, e->about, plain, &sealed, err) < 0)
        return -1;
    *ret_text = sw_cat(cx->arena, MARK, k->sealed, SW_STR(":"), sw_base64(cx->arena, sealed));
    return 0;
}

int sw_envelope_seal(SwCtx *cx, const SwEnvelope *e, SwStr plain, SwStr *ret_text, SwError *err) {
    SwDataKey k;
    if (!sw_str_is(e->key))
        return sw_seal(cx, e->about, plain, ret_text, err);
    return sw_data_key_new(cx, e, &k, err) < 0 ? -1 : sw_data_key_seal(cx, e, &k, plain, ret_text, err);
}

int sw_envelope_open(SwCtx *cx, const SwEnvelope *e, SwStr text, SwStr *ret_plain, SwError *err) {
    SwStr rest = sw_str_skip(text, MARK.n), key, sealed;
    SwDataKey k;
    if (!sw_str_starts(text, MARK))
        return sw_unseal(cx, e->about, text, ret_plain, err);
    if (!sw_str_cut(&rest, ':', &key) || !sw_unbase64(cx->arena, rest, &sealed))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "The stored value is damaged");
    if (sw_data_key_open(cx, e, key, &k, err) < 0)
        return -1;
    return sw_gcm_open(cx->arena, k.plain, e->about, sealed, ret_plain)
               ? 0
               : sw_fail(err, &SW_INTERNAL_FAILURE, "The stored value cannot be decrypted with its data key");
}
