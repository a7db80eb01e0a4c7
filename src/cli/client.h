/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Typed calls to a server over HTTP, as any SDK makes them: encoded from the models, signed with the caller's
 * credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; without them test/test, and with --account
 * that account's root). */

#include "cli/cli.h"
#include "shape/shape.h"

/* One operation; `op` is its index (SLIPWAY_GET_HEALTH). in and ret_out may be NULL. */
int sw_client_call(SwCli *cli, const SwApi *api, unsigned op, const void *in, void **ret_out, SwError *err) sw_must_check;
/* As sw_client_call with the common last steps of a subcommand: 1 after a message when it failed; with --json the
 * answer is printed and *ret_out is NULL. */
int sw_client_ask(SwCli *cli, const SwApi *api, unsigned op, const void *in, void **ret_out) sw_must_check;
/* True when no server answers at the endpoint (as against a server that refuses). */
bool sw_client_is_absent(const SwError *err);
bool sw_client_is_about_credentials(const SwErrorKind *kind); /* a strict server's word on who asks */
/* A strict server knows who asks, and does not allow him the action. *ret_action may be NULL. */
bool sw_client_is_denied(const SwError *err, SwStr *ret_action);
/* Of the caller's credentials, which takes no permission. */
int sw_client_account(SwCli *cli, SwStr *ret_account, SwError *err) sw_must_check;
/* What to do about this error, or NULL. */
const char *sw_client_advice(SwCli *cli, const SwError *err);
void sw_cli_print_json(SwCli *cli, const SwShape *shape, const void *v);
