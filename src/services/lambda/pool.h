/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sandboxes in memory: who runs what, who waits for whom.
 *
 *   STARTING --its runtime asks for work--> IDLE --an invocation is given to it--> BUSY --response, and asks again--> IDLE
 *       |                                    |                                      |
 *       '------- it failed, ended, --------- '----- was not wanted for a while -----'----> ENDING --> gone
 *
 * Four kinds of thread meet here under the pool's lock: who invokes (a request's thread), the runtime's own calls (in requests
 * of the sandbox's network), the controller that makes and ends the container, and the container runtime's, which tells of its
 * end. A sandbox has one owner at a time, the one who invokes; others leave word in it and ring.
 *
 * What the function prints comes through a pipe that the owner reads, not through the container's log: whatever was written
 * before the response is in the pipe by then, for every runtime. */

#include <pthread.h>

#include "services/lambda/lambda.h"

#define LAMBDA_ID_MAX 64
/* Sandboxes of this server at once: each is a network, an interpreter of 50 to 100 MB, and a thread that waits for it. */
#define LAMBDA_SANDBOXES_MAX 48
#define LAMBDA_IDLE          (10 * SW_MINUTE) /* of the clock, until one that is not used ends */
#define LAMBDA_LIFE          (50 * SW_MINUTE) /* as its role's credentials hold for an hour */

typedef enum LambdaState { LAMBDA_STARTING, LAMBDA_IDLE_STATE, LAMBDA_BUSY, LAMBDA_ENDING } LambdaState;

typedef struct LambdaSandbox {
    struct LambdaSandbox *next;
    SwArena *arena;
    char id[LAMBDA_ID_MAX + 1]; /* of its container, its network, and its work item */
    SwStr account, region;
    LambdaVersion of; /* copies */
    SwStr key;        /* function, version and generation: whose code and settings it has */
    SwStr group, stream;
    SwTime made, idle_since;

    LambdaState state;
    bool owned, started, frozen;
    unsigned refs;
    int pipe, bell;       /* what it prints; an eventfd that wakes the owner */
    pthread_cond_t given; /* wakes the runtime's call for work */

    /* What is under way, written by the owner; and what came of it. */
    bool has_work, taken, answered, asked;
    SwStr request_id, payload, arn, client_context, trace;
    int64_t deadline_ms; /* since 1970 */
    SwArena *answer_arena;
    SwStr answer, error_type; /* error_type present: the runtime says that it failed */
    bool failed;              /* answered by /error */
    SwStr init_error;         /* of /init/error */
    bool exited, oom;
    SwStr cannot; /* the container could not be made: why */
    int64_t init_began_ns, init_ended_ns;
} LambdaSandbox;

typedef struct LambdaPool LambdaPool;
int lambda_pool_open(SwHost *h, SwError *err) sw_must_check;
void lambda_pool_close(SwHost *h);
void lambda_pool_clear(SwHost *h);                    /* a reset */
void lambda_pool_tell(SwHost *h, SwStr id, bool oom); /* a container has ended, or the kernel killed something in it */
bool lambda_pool_uses(SwHost *h, SwStr digest);
pthread_mutex_t *lambda_pool_lock(SwHost *h);

/* All under the lock. */
LambdaSandbox *lambda_pool_find(SwHost *h, SwStr id);
void lambda_ring(LambdaSandbox *s); /* the owner */
void lambda_end(LambdaSandbox *s);  /* ENDING, for its controller to see, who is to be woken */
void lambda_unref(SwHost *h, LambdaSandbox *s);

/* Takes one for an invocation: an idle one, or a new one in STARTING whose controller is to be woken. *ret_evicted: the id of
 * another that makes room for it, whose controller is to be woken, too; absent: none. Fails with TooManyRequestsException. */
int lambda_acquire(SwCtx *cx, const LambdaVersion *v, LambdaSandbox **ret, bool *ret_new, SwStr *ret_evicted,
                   SwError *err) sw_must_check;
/* Gives it back; usable false: it ends. */
void lambda_release(SwHost *h, LambdaSandbox *s, bool usable);
int64_t lambda_running(SwHost *h, const LambdaFunctionConfiguration *c, SwStr account, SwStr region);

/* ids of the sandboxes of a function */
SwStrList lambda_pool_of(SwHost *h, SwArena *a, SwStr account, SwStr region, SwStr function);
SwStr lambda_sandbox_key(SwArena *a, const LambdaVersion *v);
bool lambda_sandbox_owner(SwStr id, SwStr *ret_account, SwStr *ret_region);
extern const SwController lambda_sandbox_controller; /* id: a sandbox's */

/* runtime_api.c: at 169.254.170.2 inside its network */
void lambda_runtime_next(SwCtx *cx);
void lambda_runtime_answer(SwCtx *cx);
void lambda_runtime_init_error(SwCtx *cx);
