/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The services of this process, looked up in the ways a request needs: by signing name, by target, by path. */

#include "api/host.h"

/* Handler of an operation, NULL where the service has none. */
const SwHandler *sw_registry_handler(const SwService *s, const SwOperation *op);
const SwService *sw_registry_by_api(const SwHost *h, const SwApi *api);
const SwService *sw_registry_by_sign_name(const SwHost *h, SwStr sign_name, SwStr version);
/* "AmazonSQS.SendMessage": by the prefix, else by the operation's name alone when only one service has it. */
const SwService *sw_registry_by_target(const SwHost *h, SwStr target);
const SwRoute *sw_registry_route(const SwHost *h, const char *listener, SwStr method, SwStr path, const SwService **ret_s);
/* Plugs, over all services; NULL when nobody has them. */
const SwTarget *sw_registry_target(const SwHost *h, SwStr arn);
const SwActionType *sw_registry_action(const SwHost *h, SwStr category, SwStr owner, SwStr provider, SwStr version);

/* The errors of a broken limit, of a member that is not supported and of a missing permission, in this service's words. */
const SwErrorKind *sw_registry_invalid(const SwService *s);
const SwErrorKind *sw_registry_unsupported(const SwService *s);
const SwErrorKind *sw_registry_denied(const SwService *s);
