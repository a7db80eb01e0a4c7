/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One run of a task's step, and what the files of its life share: task_controller.c (the table of
 * states, saving), task_up.c, task_watch.c, task_down.c and task_targets.c. */

#include "ecs.h"

typedef struct EcsPass {
    SwCtx *cx;
    EcsTaskRecord *t;
    SwStr id;
    int64_t version;
    bool changed;  /* t differs from what is stored */
    bool conflict; /* somebody else wrote it: run again */
    SwTime again;  /* earliest time to look again; 0: none */
} EcsPass;

typedef int EcsInTx(EcsPass *p, SwError *err);

/* ---- task_controller.c ---- */

void ecs_pass_again(EcsPass *p, SwTime at);
void ecs_pass_state(EcsPass *p, const char *state);
bool ecs_pass_stopping(const EcsPass *p);
/* Store p->t, with what `also` does in the same transaction. On a conflict nothing is written. */
int ecs_pass_save(EcsPass *p, EcsInTx *also, SwError *err) sw_must_check;
/* Failed to start, for this reason. */
void ecs_pass_fail(EcsPass *p, SwStr reason);

/* ---- the acts of the states ---- */

EcsInTx ecs_task_provision, ecs_task_bring_up, ecs_task_activate;                                             /* task_up.c */
EcsInTx ecs_task_watch;                                                                                       /* task_watch.c */
EcsInTx ecs_task_begin_down, ecs_task_drain, ecs_task_stop_containers, ecs_task_deprovision, ecs_task_expire; /* task_down.c */

/* ---- task_watch.c: containers that run ---- */

bool ecs_pass_started(const EcsPass *p, size_t i);
bool ecs_pass_ended(const EcsPass *p, size_t i);
size_t ecs_pass_index(const EcsPass *p, SwStr name); /* of a container; their number: none */
/* Note the ends of containers; an essential one's stops the task. */
void ecs_pass_ends(EcsPass *p);
/* Log and health records of the containers that have started. In the transaction. */
EcsInTx ecs_watch_begin, ecs_watch_drop_health, ecs_watch_drop_logs;
int ecs_watch_logs_done(EcsPass *p, bool *ret, SwError *err) sw_must_check;

/* ---- task_targets.c: its places in target groups ---- */

EcsInTx ecs_targets_register, ecs_targets_deregister; /* in the transaction */
/* Whether a target still drains. A group that cannot be asked has nothing to wait for. */
int ecs_targets_drain(EcsPass *p, bool *ret, SwError *err) sw_must_check;
