/* SPDX-License-Identifier: Apache-2.0 */
/* Warm environments: container, network, for privileged builds dockerd, ready before there is a build.
 *
 *   PREPARING --its container waits--> READY --StartBuild takes its UUID--> a build's, as if that had made it
 *    ^  |           |
 *    |  '-----------'--its container ended, it is kept too long, another kind needs the place--> ENDING --> gone
 *   LOST  at a start: its container ended while no server ran
 *
 * A UUID is given to one build, and an environment has the UUID of the build that it will be of: container, network and
 * folder bear the build's names from the beginning, none serves two builds, and until it is taken nothing of a user's runs in
 * it: sources are fetched into a folder that it sees. So images of the registry have none, whose shell is whatever somebody
 * pushed. The record is written before anything is made and deleted when all of it is gone, or with the start of the build that
 * takes it; so a crash leaves nothing that nobody knows of. A container of a kept environment goes on over a restart as a
 * build's does.
 *
 * One is made ready at the end of each build, of that build's kind: account, region, image, compute type, privileged or not.
 * It is kept for `slipway up --warm-builds`, 15 minutes unless that says otherwise; at most KEPT_MAX kinds are (a pipeline
 * tests in one and builds in another), and none where the machine's memory is short. */

#include "base/id.h"
#include "base/log.h"
#include "services/codebuild/codebuild.h"

#define KEPT_MAX     2
#define PREPARE_MAX  (5 * SW_MINUTE)
#define MEMORY_LEAST SW_GIB /* that the machine must have to spare */

#define PREPARING    SW_STR("PREPARING")
#define READY        SW_STR("READY")
#define LOST         SW_STR("LOST") /* it ended while no server ran: to be removed and made anew */
#define ENDING       SW_STR("ENDING")

static SwStr container_of(SwArena *a, const CodebuildEnvironmentRecord *e, SwStr uuid) {
    return codebuild_place_id(a, e->account, e->region, uuid);
}

static bool same_kind(const CodebuildEnvironmentRecord *e, const CodebuildProjectEnvironment *p) {
    return sw_str_eq(e->image, p->image) && sw_str_eq(e->compute_type, p->compute_type) &&
           SW_OR(e->privileged, false) == SW_OR(p->privileged_mode, false);
}

static int list(SwCtx *cx, bool any_scope, CodebuildEnvironmentRecords *ret, SwError *err) {
    return codebuild_environments_list(cx->tx, &(SwDocQuery){.any_scope = any_scope}, ret, err);
}

static int get(SwCtx *cx, SwStr uuid, CodebuildEnvironmentRecord **ret, SwError *err) {
    CodebuildEnvironmentRecord *e;
    int r = codebuild_environments_find(cx->tx, uuid, &e, err);
    *ret = r == 0 ? e : NULL;
    return r;
}

/* ---- for builds ---- */

static bool says_ready(SwCtx *cx, SwStr uuid) {
    return sw_exists(codebuild_folder(cx->host, cx->arena, uuid, "control/ready"));
}

/* READY, or its container has just said so and the engine has not come to it. */
static bool waits(SwCtx *cx, SwStr uuid, const CodebuildEnvironmentRecord *e) {
    SwContainerInfo info = {0};
    if (sw_str_eq(e->state, READY))
        return true;
    return sw_str_eq(e->state, PREPARING) && says_ready(cx, uuid) &&
           sw_container_find(cx->host->runtime, cx->arena, container_of(cx->arena, e, uuid), &info) &&
           info.state == SW_CONTAINER_RUNNING;
}

int codebuild_environment_take(SwCtx *cx, const CodebuildProjectEnvironment *p, CodebuildBuildRecord *r, SwStr *ret_uuid,
                               SwError *err) {
    CodebuildEnvironmentRecords l;
    *ret_uuid = sw_id_uuid(cx->arena);
    if (list(cx, false, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        const CodebuildEnvironmentRecord *e = l.v[i].record;
        if (!same_kind(e, p) || sw_now(cx) >= e->expires.v || !waits(cx, l.v[i].id, e))
            continue;
        *ret_uuid = l.v[i].id;
        r->prepared = SW_SOME_BOOL(true);
        return codebuild_environments_delete(cx->tx, l.v[i].id, NULL, err);
    }
    return 0;
}

/* In cx->tx, in the environment's own account and region. */
static int put(SwCtx *cx, SwStr uuid, const CodebuildEnvironmentRecord *e, SwError *err) {
    SwStr account = cx->account, region = cx->region;
    cx->account = e->account;
    cx->region = e->region;
    sw_tx_scope(cx->tx, e->account, e->region);
    int r = codebuild_environments_put(cx->tx, uuid, e, err);
    if (r == 0)
        r = sw_wake(cx, &codebuild_environment_controller, uuid, 0, err);
    cx->account = account;
    cx->region = region;
    sw_tx_scope(cx->tx, account, region);
    return r;
}

/* The longest kept goes where there are too many. */
static int make_room(SwCtx *cx, const CodebuildEnvironmentRecords *l, SwError *err) {
    const CodebuildEnvironmentRecordRow *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        CodebuildEnvironmentRecord *e = l->v[i].record;
        if (sw_str_eq(e->state, ENDING))
            continue;
        n++;
        if (!first || e->made.v < first->record->made.v)
            first = &l->v[i];
    }
    if (n < KEPT_MAX)
        return 0;
    first->record->state = ENDING;
    return put(cx, first->id, first->record, err);
}

int codebuild_environment_keep(SwCtx *cx, const CodebuildBuildRecord *r, SwError *err) {
    CodebuildEnvironmentRecords l;
    const CodebuildProjectEnvironment *p = r->build->environment;
    SwTime now = sw_now(cx), life = cx->host->config->warm_builds;
    if (!life || !r->markers_seen.set) /* it never had a container that worked */
        return 0;
    if (!codebuild_on_host(cx, p->image))
        return 0;
    if (list(cx, true, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        CodebuildEnvironmentRecord *e = l.v[i].record;
        if (sw_str_eq(e->state, ENDING) || !sw_str_eq(e->account, r->account) || !sw_str_eq(e->region, r->region) ||
            !same_kind(e, p))
            continue;
        e->expires = SW_SOME_INT(now + life);
        return put(cx, l.v[i].id, e, err);
    }
    CodebuildEnvironmentRecord e = {.account = r->account,
                                    .region = r->region,
                                    .image = p->image,
                                    .compute_type = p->compute_type,
                                    .privileged = SW_SOME_BOOL(SW_OR(p->privileged_mode, false)),
                                    .state = PREPARING,
                                    .made = SW_SOME_INT(now),
                                    .expires = SW_SOME_INT(now + life)};
    return make_room(cx, &l, err) < 0 ? -1 : put(cx, sw_id_uuid(cx->arena), &e, err);
}

int codebuild_environment_wake(SwCtx *cx, SwStr uuid, SwError *err) {
    CodebuildEnvironmentRecord *e;
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = get(cx, uuid, &e, err);
    sw_ctx_rollback(cx);
    return r < 0 || !e ? r : sw_wake(cx, &codebuild_environment_controller, uuid, 0, err);
}

/* What did not outlive the time without us, as after a restart of the machine, is made anew. */
int codebuild_environment_resume(SwCtx *cx, SwError *err) {
    CodebuildEnvironmentRecords l;
    if (list(cx, true, &l, err) < 0)
        return -1;
    for (size_t i = 0; i < l.n; i++) {
        CodebuildEnvironmentRecord *e = l.v[i].record;
        SwStr id = container_of(cx->arena, e, l.v[i].id);
        SwContainerInfo info = {0};
        bool runs = sw_container_find(cx->host->runtime, cx->arena, id, &info) && info.state == SW_CONTAINER_RUNNING;
        if (!runs && !sw_str_eq(e->state, ENDING)) {
            e->state = LOST;
            e->made = SW_SOME_INT(sw_now(cx));
        }
        if (put(cx, l.v[i].id, e, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- the controller ---- */

/* Unless somebody has it by now, or changed its state. */
static int move_on(SwCtx *cx, SwStr uuid, const CodebuildEnvironmentRecord *seen, SwStr to, SwStep *ret, SwError *err) {
    CodebuildEnvironmentRecord *e;
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (get(cx, uuid, &e, err) < 0)
        return sw_ctx_rollback(cx), -1;
    if (!e || !sw_str_eq(e->state, seen->state)) {
        sw_ctx_rollback(cx);
        return 0;
    }
    e->state = to;
    if (codebuild_environments_put(cx->tx, uuid, e, err) < 0)
        return sw_ctx_rollback(cx), -1;
    ret->again = sw_str_eq(to, READY) ? e->expires.v : sw_now(cx);
    ret->waiting = sw_str_eq(to, READY);
    return sw_ctx_commit(cx, err);
}

static bool memory_spare(SwArena *a) {
    SwError ignored = sw_error(a);
    SwStr text, line, name;
    uint64_t kib = 0;
    if (sw_file_read(a, "/proc/meminfo", 64 * SW_KIB, &text, &ignored) < 0)
        return false;
    while (sw_str_next(&text, '\n', &line))
        if (sw_str_cut(&line, ':', &name) && sw_str_eqz(name, "MemAvailable") && sw_str_ends(line, SW_STR(" kB")))
            (void)sw_str_to_u64(sw_str_trim(sw_str_drop(line, 3)), &kib);
    return kib * SW_KIB >= MEMORY_LEAST;
}

static int make(SwCtx *cx, SwStr uuid, CodebuildEnvironmentRecord *e, SwError *err) {
    SwArena *a = cx->arena;
    SwRuntime *rt = cx->host->runtime;
    SwNet net;
    SwContainerSpec c;
    if (!memory_spare(a))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "less than 1 GiB of memory is available");
    CodebuildPlace p = {e->account, e->region, uuid, e->compute_type, SW_OR(e->privileged, false), NULL};
    SwNetSpec n = {.id = codebuild_place_id(a, p.account, p.region, uuid)};
    if (codebuild_place_spec(cx, &p, "prepare", &c, err) < 0 ||
        codebuild_pipe(codebuild_folder(cx->host, a, uuid, "control/go"), err) < 0 ||
        sw_file_write(codebuild_folder(cx->host, a, uuid, "readonly/prepare"), codebuild_prepare_script(a, p.privileged), 0644,
                      err) < 0 ||
        sw_net_create(rt, a, &n, &net, err) < 0)
        return -1;
    c.tag = SW_STR("codebuild: kept for the next build");
    if (sw_container_create(rt, &c, err) < 0)
        return -1;
    SW_CRASH_POINT("codebuild.environment_created");
    return sw_container_start(rt, c.id, err);
}

/* What cannot be prepared is given up until the next build ends: that build had it without. */
static int prepare(SwCtx *cx, SwStr uuid, CodebuildEnvironmentRecord *e, SwStep *ret, SwError *err) {
    SwContainerInfo info = {0};
    SwStr id = container_of(cx->arena, e, uuid);
    bool there = sw_container_find(cx->host->runtime, cx->arena, id, &info);
    if ((!there || info.state == SW_CONTAINER_CREATED) && make(cx, uuid, e, err) < 0) {
        sw_log(SW_INFO, "no build environment is kept ready", SW_F("image", e->image), SW_F("message", err->message));
        sw_error_reset(err);
        return move_on(cx, uuid, e, ENDING, ret, err);
    }
    if (there && info.state == SW_CONTAINER_EXITED) {
        sw_log(SW_INFO, "a build environment ended before it was ready", SW_F("image", e->image));
        return move_on(cx, uuid, e, ENDING, ret, err);
    }
    if (says_ready(cx, uuid)) {
        SW_CRASH_POINT("codebuild.environment_ready_not_committed");
        return move_on(cx, uuid, e, READY, ret, err);
    }
    ret->again = e->made.v + PREPARE_MAX;
    ret->waiting = true; /* its line wakes us */
    return 0;
}

static int end(SwCtx *cx, SwStr uuid, const CodebuildEnvironmentRecord *e, SwError *err) {
    if (codebuild_place_remove(cx, container_of(cx->arena, e, uuid), uuid, err) < 0)
        return -1;
    SW_CRASH_POINT("codebuild.environment_removed");
    if (sw_ctx_begin(cx, SW_WRITE, err) < 0)
        return -1;
    if (codebuild_environments_delete(cx->tx, uuid, NULL, err) < 0)
        return sw_ctx_rollback(cx), -1;
    return sw_ctx_commit(cx, err);
}

static int renew(SwCtx *cx, SwStr uuid, const CodebuildEnvironmentRecord *e, SwStep *ret, SwError *err) {
    if (codebuild_place_remove(cx, container_of(cx->arena, e, uuid), uuid, err) < 0)
        return -1;
    return move_on(cx, uuid, e, PREPARING, ret, err);
}

static int step(SwCtx *cx, SwStr uuid, SwStep *ret, SwError *err) {
    CodebuildEnvironmentRecord *e;
    SwContainerInfo info = {0};
    if (sw_ctx_begin(cx, SW_READ, err) < 0)
        return -1;
    int r = get(cx, uuid, &e, err);
    sw_ctx_rollback(cx);
    if (r < 0 || !e)
        return r;
    if (sw_str_eq(e->state, ENDING))
        return end(cx, uuid, e, err);
    bool preparing = sw_str_eq(e->state, PREPARING);
    if (sw_now(cx) >= (preparing ? e->made.v + PREPARE_MAX : e->expires.v))
        return move_on(cx, uuid, e, ENDING, ret, err);
    if (sw_str_eq(e->state, LOST))
        return renew(cx, uuid, e, ret, err);
    if (preparing)
        return prepare(cx, uuid, e, ret, err);
    if (!sw_container_find(cx->host->runtime, cx->arena, container_of(cx->arena, e, uuid), &info) ||
        info.state != SW_CONTAINER_RUNNING)
        return move_on(cx, uuid, e, ENDING, ret, err);
    ret->again = e->expires.v;
    ret->waiting = true;
    return 0;
}

const SwController codebuild_environment_controller = {
    .name = "codebuild/environment",
    .kind = SW_STEP_SLOW,
    .step = step,
    .unfailing = "its record is small and bounded, and no build waits for it",
};
