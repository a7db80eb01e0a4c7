/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the demo's steps share. */

#include "base/time.h"
#include "cli/demo.h"

/* The string at a dotted path of an answer; fails when it is not there. */
int demo_need(const SwValue *v, const char *path, SwStr *ret, SwError *err) sw_must_check;
/* Times of actions and of the builds' own commands, from the pipeline's and CodeBuild's history. */
int demo_measure(Demo *d, DemoRelease *r, SwError *err) sw_must_check;

int demo_step_v1(Demo *d, SwError *err);
int demo_step_v2(Demo *d, SwError *err);
int demo_step_v3(Demo *d, SwError *err);
int demo_step_v4(Demo *d, SwError *err);
int demo_step_v5(Demo *d, SwError *err);
int demo_step_dora(Demo *d, SwError *err);
