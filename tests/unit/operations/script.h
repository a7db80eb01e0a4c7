/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Every operation of a service, called in process with an input that gets far. calls/<service>.json says what its tables
 * cannot:
 *
 *   {"means": {"QueueUrl": "$(CreateQueue.QueueUrl)"},
 *    "calls": [["CreateQueue", {"QueueName": "q"}], "*", ["DeleteQueue", {}, {"fails": "QueueDoesNotExist"}]]}
 *
 * `means` is what a required member of that name is given, wherever it stands in an input's outermost structure; what it does
 * not know is made from the shapes. A call is an operation, or that with members of its own, or with these and what is said of
 * it: "fails", the error that it ends with; "as", the name of its answer, else the operation's. $(name.path) in a text is a
 * place in an earlier answer. "iam:CreateRole" is another service's operation, called to prepare. "*" stands for all
 * operations that no row names; of them, those that remove something come last. No controller runs meanwhile: what one would
 * have written, ["codebuild/build", {"build": {"buildComplete": true}}] writes into every record of that collection, and with
 * {"id": "x"} after it into that one, which need not be there before. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../world.h"
#include "api/operation.h"

typedef struct Call {
    const SwService *s;
    const SwOperation *op;
    bool prepares;      /* another service's */
    const char *fails;  /* the code it ends with; NULL: it succeeds */
    bool named;         /* a row says it; else nothing but the shapes and `means` do */
    const SwValue *own; /* members that the row gives it; or NULL */
    SwStr as;
} Call;

typedef struct Script {
    World *w;
    const SwService *s;
    SwArena *a;
    const SwValue *file;
    SwValue answers;
    unsigned wrong; /* what the test has found */
    unsigned n_calls, n_faults;
    bool *past, *done; /* by SwOperation.index: it came to a store call that can fail; it succeeded */
} Script;

/* A world of all services whose engine is stopped: what is stored is written by the test alone. NULL: as world_open. */
World *script_world(void);
/* Runs a program of this name: one test for each service that `takes` says (all, or that which the command line names), whose
 * *state is the service. What main returns. */
int script_main(const char *name, int argc, char **argv, bool (*takes)(const SwService *s), CMUnitTestFunction test);
/* Calls fn for each call of the service's script in turn. */
void script_run(Script *k, void (*fn)(Script *k, const Call *c));
/* An operation of the service as the first of the rows says that names it, else with the smallest input. */
Call script_call(Script *k, const SwOperation *op);
/* In `a`, anew for each run: what one run does to its input, the next one does not see. NULL: the operation has no input. */
void *script_input(Script *k, const Call *c, SwArena *a);
/* As the root of the account, from outside. */
SwCtx *script_ctx(Script *k, const Call *c, SwArena *a);
/* Keeps an answer for the calls to come. */
void script_answer(Script *k, const Call *c, const void *out);
/* An input or answer as JSON; empty where there is none. */
SwValue script_document(SwArena *a, const SwShape *s, const void *v);
/* Whether a text in it is this name, an ARN or URL that ends in it, or this ARN (absent: it has none). */
bool script_says(const SwValue *v, SwStr name, SwStr arn);
/* Says what is wrong and goes on; the test fails at its end. */
void script_wrong(Script *k, const Call *c, const char *fmt, ...) sw_printf(3, 4);
