/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Certificates and public keys that users upload, as far as IAM looks into them. Texts are foreign; the models bound them. */

#include "base/error.h"
#include "base/time.h"

/* When the certificate ends; false: it is no certificate in PEM. */
bool iam_certificate_read(SwStr pem, SwTime *ret_end);
typedef enum IamPair { IAM_PAIR_GOOD, IAM_PAIR_NO_KEY, IAM_PAIR_STRANGERS } IamPair;
/* Is it the private key, in PEM and without a passphrase, of the certificate? */
IamPair iam_certificate_pair(SwStr pem, SwStr key);
/* Each certificate of the chain has signed the one before it, the first of them the certificate itself. */
bool iam_certificate_chain(SwStr pem, SwStr chain);

/* An RSA public key of 2048 bits or more, as OpenSSH or PEM write it: always given back as OpenSSH does. */
bool iam_ssh_key_read(SwArena *a, SwStr text, SwStr *ret_ssh, SwStr *ret_fingerprint);
SwStr iam_ssh_key_pem(SwArena *a, SwStr ssh); /* absent: it is none */
