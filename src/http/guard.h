/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where Slipway connects to because a user named an address (an SNS subscription, a health check), it must not reach itself
 * or the machine's own metadata service: whoever may subscribe would speak with the rights of loopback. The question is asked
 * about the address that a connection is really made to, after names are resolved and redirects followed, so that no way of
 * writing an address and no name that changes its mind gets around it. Other programs on loopback may be reached. */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* True: not to be connected to. own_port: where Slipway listens, at whichever of this machine's addresses. */
bool sw_guard_refuses(const struct sockaddr *to, socklen_t n, uint16_t own_port);
/* For libcurl's CURLOPT_OPENSOCKETFUNCTION, with a `const uint16_t *` own_port as its data: CURL_SOCKET_BAD for a refused one.
 */
struct curl_sockaddr;
int sw_guard_open_socket(void *own_port, int purpose, struct curl_sockaddr *to);
