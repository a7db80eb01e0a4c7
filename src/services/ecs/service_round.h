/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One round of the service scheduler (service_controller.c), and what it sees (service_look.c). */

#include "ecs.h"
#include "models/elbv2.gen.h"

typedef struct EcsGroupHealth {
    SwStr arn;
    const Elbv2DescribeTargetHealthOutput *health; /* NULL: the group is gone */
} EcsGroupHealth;

typedef struct EcsSeen { /* a task as the scheduler sees it */
    EcsTaskRecord *t;
    bool alive;   /* desired RUNNING */
    bool serving; /* alive, or still in a state before DEACTIVATING */
    bool primary, healthy;
    SwStr ill; /* why it must be replaced; absent: it need not */
} EcsSeen;

typedef struct EcsRound {
    SwCtx *cx;
    EcsServiceRecord *s;
    EcsDeployment *primary;
    EcsDeploymentState *state;
    EcsSeen *seen;
    size_t n;
    SwTime now, again;
    bool changed;
    struct {
        EcsGroupHealth *v;
        size_t n;
    } groups; /* asked so far */
} EcsRound;

void ecs_round_again(EcsRound *r, SwTime at);
/* Fills r->seen. In the transaction. */
int ecs_round_look(EcsRound *r, SwError *err) sw_must_check;
