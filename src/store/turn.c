/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's turn, and batches that share a COMMIT.
 *
 * There is one writer connection and one queue for it, first come first served. Two kinds wait there: threads that want
 * the turn for themselves (sw_tx_begin), and jobs (sw_tx_write), which whoever has the turn can carry out as well. At
 * the end of a turn, the changes being in the batch whole or not at all:
 *   1. While others wait, and the batch is neither full nor old, it goes on with the first of them:
 *      a. a job, if this thread came with one itself: it carries that out here, and comes back to 1;
 *      b. else it passes the turn on and waits for the batch. Who gets the turn comes to this same place, so some
 *         member always gets to 2. A job's thread that gets the turn carries out its own, and then others'.
 *   2. COMMIT (one fsync for all members), pass the turn on, wake the members.
 * A thread that came for itself carries out nobody's job: it may be one of few, have a small stack, or be on its way out of
 * something that failed. What is to be called after a job's commit is called by who ended the batch, if that is a job's
 * thread, before the others wake: they would all ask for the same locks at once.
 *
 * A busy store so hands the turn over about once a batch, and wakes a thread once a job: to a thread that runs already a
 * job costs its own work alone, while waking the thread that brought it costs several times that.
 *
 * A thread in the queue is an entry on its own stack. It is told of what happened to it once, by its semaphore; from then
 * on nobody else looks at the entry. */

#include "store/internal.h"

#include <errno.h>
#include <stdio.h>

#include "base/time.h"

#define BATCH_MEMBERS_MAX 256

static int not_stored(const char *cause, SwError *err) {
    return sw_fail_cause(err, &SW_INTERNAL_FAILURE, cause, "The store could not complete the request.");
}

/* --- the queue ----------------------------------------------------------------------------------------------- */

static void enqueue(SwStore *s, SwTurn *t) {
    t->next = NULL;
    if (s->last)
        s->last->next = t;
    else
        s->first = t;
    s->last = t;
}

static SwTurn *dequeue(SwStore *s) {
    SwTurn *t = s->first;
    s->first = t->next;
    if (!s->first)
        s->last = NULL;
    return t;
}

/* Tell its thread; the entry may be gone when this returns. */
static void tell(SwTurn *t, SwTurnState state) {
    t->state = state;
    sem_post(&t->told);
}

static void wait_to_be_told(SwTurn *t) {
    while (sem_wait(&t->told) < 0 && errno == EINTR)
        continue;
}

/* With the lock held. */
static void pass(SwStore *s) {
    /* Until it wakes and says who it is, the writer is nobody: not the thread that leaves. */
    s->writer_thread = (pthread_t){0};
    if (s->first)
        tell(dequeue(s), SW_TURN_YOURS);
    else
        s->writing = false;
}

/* Returns with the turn, or, of a job, when it was carried out. */
static int take(SwStore *s, SwTurn *t, SwError *err) {
    pthread_mutex_lock(&s->lock);
    if (s->writing && pthread_equal(s->writer_thread, pthread_self())) {
        pthread_mutex_unlock(&s->lock);
        return not_stored("store: this thread already has a write transaction open", err);
    }
    t->state = SW_TURN_YOURS;
    if (s->writing) {
        t->state = SW_TURN_WAITS;
        enqueue(s, t);
        pthread_mutex_unlock(&s->lock);
        wait_to_be_told(t);
        if (t->state == SW_TURN_ENDED)
            return 0;
        pthread_mutex_lock(&s->lock);
    }
    s->writing = true;
    s->turns++;
    s->writer_thread = pthread_self();
    pthread_mutex_unlock(&s->lock);
    return 0;
}

/* --- batches --------------------------------------------------------------------------------------------------- */

static void join(SwBatch *b, SwTurn *t) {
    t->next = NULL;
    *b->end = t;
    b->end = &t->next;
    b->members++;
}

/* COMMIT failed, or SQLite ended the transaction by itself: all of it is gone. */
static void batch_fail(SwStore *s, SwBatch *b) {
    sqlite3 *db = s->writer->db;
    b->failed = true;
    snprintf(b->cause, sizeof(b->cause), "store: commit: %s (%d)", sqlite3_errmsg(db), sqlite3_extended_errcode(db));
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

/* Make durable what the members did. */
static void commit(SwStore *s, SwBatch *b) {
    sqlite3 *db = s->writer->db;
    if (sqlite3_get_autocommit(db)) {
        batch_fail(s, b);
    } else if (b->members == 0) {
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    } else {
        int64_t from = sw_monotonic_ns();
        SW_CRASH_POINT("store.commit.before");
        if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            batch_fail(s, b);
        SW_CRASH_POINT("store.commit.after");
        int64_t took = sw_monotonic_ns() - from;
        pthread_mutex_lock(&s->lock);
        s->fsync_ns += took;
        s->commits += !b->failed;
        s->transactions += b->failed ? 0 : b->members;
        pthread_mutex_unlock(&s->lock);
    }
}

static int outcome(const SwTurn *t, SwError *err) {
    return t->failed ? not_stored(t->cause, err) : 0;
}

/* With the turn, the latest first: none sees what another has not taken back, nor what came after. */
static void undo_all(SwBatch *b) {
    SwTurn *m[BATCH_MEMBERS_MAX + 1];
    size_t n = 0;
    for (SwTurn *t = b->first; t && n < SW_N(m); t = t->next) {
        m[n++] = t;
        t->failed = true;
        memcpy(t->cause, b->cause, sizeof(t->cause));
    }
    while (n-- > 0)
        if (m[n]->undo)
            sw_tx_run_undo(m[n]->undo, NULL);
}

/* The batch is over: t is the member that ends it, or no member at all. */
static void end_batch(SwStore *s, const SwTurn *t) {
    SwBatch *b = &s->batch;
    commit(s, b);
    if (b->failed)
        undo_all(b);
    SwTurn *members = b->first;
    b->open = false;
    pthread_mutex_lock(&s->lock);
    pass(s);
    pthread_mutex_unlock(&s->lock);
    for (SwTurn *m = members, *next; m; m = next) {
        next = m->next;
        if (t->run && m->stored && !m->failed)
            m->stored(m);
        if (m != t)
            tell(m, SW_TURN_ENDED);
    }
}

typedef enum Next { NEXT_JOB, NEXT_PASSED, NEXT_COMMIT } Next;

/* What follows on the end of a turn, or of a job in it. */
static Next go_on(SwStore *s, bool with_jobs, SwTurn **ret_job) {
    const SwBatch *b = &s->batch;
    bool alive = !sqlite3_get_autocommit(s->writer->db);
    bool young = b->members < BATCH_MEMBERS_MAX && sw_monotonic_ns() - b->since_ns < s->batch_age_ns;
    Next next = NEXT_COMMIT;
    pthread_mutex_lock(&s->lock);
    if (alive && young && s->first) {
        next = with_jobs && s->first->run ? NEXT_JOB : NEXT_PASSED;
        s->turns += next == NEXT_JOB;
        if (next == NEXT_JOB)
            *ret_job = dequeue(s);
        else
            pass(s);
    }
    pthread_mutex_unlock(&s->lock);
    return next;
}

static void carry_out(SwStore *s, SwTurn *t) {
    if (t->run(t))
        join(&s->batch, t);
    else
        tell(t, SW_TURN_ENDED);
}

/* Of the thread that has the turn and a transaction open; t: its entry. */
static int end_turn(SwStore *s, SwTurn *t, bool member, SwError *err) {
    Next next;
    SwTurn *job;
    if (member)
        join(&s->batch, t);
    while ((next = go_on(s, t->run, &job)) == NEXT_JOB)
        carry_out(s, job);
    if (next == NEXT_COMMIT)
        end_batch(s, t);
    else if (member)
        wait_to_be_told(t);
    return outcome(t, err);
}

/* --- beginning and ending ---------------------------------------------------------------------------------------- */

static void passp(SwStore **s) {
    if (!*s)
        return;
    pthread_mutex_lock(&(*s)->lock);
    pass(*s);
    pthread_mutex_unlock(&(*s)->lock);
}

/* With the turn: makes a batch where none is open. Without one, or without memory to say so, there is no turn. */
static int open_batch(SwStore *s, SwError *err) {
    if (s->batch.open)
        return 0;
    __attribute__((cleanup(passp))) SwStore *turn = s;
    if (sw_sql_exec_kept(s->writer, "BEGIN IMMEDIATE", err) < 0)
        return -1;
    turn = NULL;
    s->batch = (SwBatch){.open = true, .end = &s->batch.first, .since_ns = sw_monotonic_ns()};
    return 0;
}

static void endp(SwTurn *t) {
    sem_destroy(&t->told);
}
#define _end_ __attribute__((cleanup(endp)))

int sw_turn_take(SwStore *s, SwError *err) {
    _end_ SwTurn t = {0};
    sem_init(&t.told, 0, 0);
    return take(s, &t, err) < 0 ? -1 : open_batch(s, err);
}

int sw_turn_end(SwStore *s, SwTx *member, SwError *err) {
    _end_ SwTurn t = {.undo = member};
    sem_init(&t.told, 0, 0);
    return end_turn(s, &t, member != NULL, err);
}

int sw_turn_run(SwStore *s, SwTurn *t, SwError *err) {
    sem_init(&t->told, 0, 0);
    int r = take(s, t, err);
    if (r == 0 && t->state == SW_TURN_ENDED)
        r = outcome(t, err);
    else if (r == 0 && (r = open_batch(s, err)) == 0)
        r = end_turn(s, t, t->run(t), err);
    sem_destroy(&t->told);
    return r;
}
