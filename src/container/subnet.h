/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The instance's bridge and addresses (subnet.c), used by network.c and runtime.c alone. */

#include "container/room.h"

#define SW_NET_MASK  0xfffffc00U
#define SW_NET_HOSTS 1022U

uint32_t sw_fnv(const char *p, size_t n);
int sw_subnet_choose(SwRuntime *rt, SwError *err) sw_must_check;
int sw_bridge_up(SwRuntime *rt, SwError *err) sw_must_check;
void sw_each_link(const char *instance, void (*fn)(void *arg, const char *name), void *arg);
void sw_forwarding_restore_if_last(void);
