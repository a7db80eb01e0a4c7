/* SPDX-License-Identifier: Apache-2.0 */

/* Material that is imported: the first byte chooses what it should be, the rest is what a client unwrapped to. What is taken
 * for a pair has a public key; a public key from outside agrees with a pair, or does not. */

#include <stdlib.h>

#include "services/kms/pkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const specs[] = {"RSA_2048",        "RSA_4096", "ECC_NIST_P256",
                                        "ECC_SECG_P256K1", "HMAC_256", "SYMMETRIC_DEFAULT"};
    static SwArena *kept;
    static SwStr own;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    SwStr made, plain;
    if (!size)
        return 0;
    if (!kept) {
        kept = sw_arena_new(0);
        if (kms_material_new(kept, kms_spec(SW_STR("ECC_NIST_P256")), &own, &err) < 0)
            abort();
    }
    const KmsSpec *s = kms_spec(sw_str(specs[data[0] % SW_N(specs)]));
    SwStr rest = sw_str_n((const char *)data + 1, size - 1);
    if (kms_material_fits(a, s, rest) && (s->kind == KMS_RSA || s->kind == KMS_ECC) && kms_public_of(a, rest, &made, &err) < 0)
        abort();
    if (kms_agree(a, own, rest, &made) && made.n != 32)
        abort();
    if (kms_unwrap(a, SW_STR("a key that wrapped nothing at all"), rest, &plain))
        abort(); /* 33 bytes: no key */
    (void)kms_unwrap(a, SW_STR("a key that wrapped nothing here."), rest, &plain);
    return 0;
}
