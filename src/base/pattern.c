/* SPDX-License-Identifier: Apache-2.0 */
/* PCRE2 with limits. The program's own patterns are kept for ever in one process-wide cache: there are as many as the
 * models have texts, and the cache stops growing at a bound. Those of users are not among them. */

#include "base/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/thread.h"

#define CACHE_MAX 20000

struct SwPattern {
    pcre2_code *whole, *anywhere;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards cache */
static SwMap cache;
static _Atomic int64_t n_asked;

static pcre2_code *compile(const char *text, uint32_t options) {
    int code;
    PCRE2_SIZE at;
    pcre2_code *c =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options | PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &code, &at, NULL);
    return c;
}

static pcre2_code *compile_to_keep(const char *text, uint32_t options) {
    pcre2_code *c = compile(text, options);
    if (c)
        pcre2_jit_compile(c, PCRE2_JIT_COMPLETE);
    return c;
}

/* The code unit of a \uXXXX at p; -1: there is none. */
static long unit_at(const char *p) {
    char digits[5] = {0};
    if (p[0] != '\\' || p[1] != 'u' || strspn(p + 2, "0123456789abcdefABCDEF") < 4)
        return -1;
    memcpy(digits, p + 2, 4);
    return strtol(digits, NULL, 16);
}

/* Java's \uXXXX is PCRE2's \x{XXXX}; two that are the halves of one character are that character. */
static const char *translate(SwArena *a, const char *text) {
    SwBuf b = sw_buf(a, SW_MIB);
    for (const char *p = text; *p; p++) {
        long c = unit_at(p), low = c >= 0xD800 && c <= 0xDBFF ? unit_at(p + 6) : -1;
        if (low >= 0xDC00 && low <= 0xDFFF) {
            sw_buf_addf(&b, "\\x{%lX}", 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
            p += 11;
            continue;
        }
        if (c >= 0) {
            sw_buf_addf(&b, "\\x{%lX}", c);
            p += 5;
            continue;
        }
        sw_buf_addc(&b, *p);
        if (p[0] == '\\' && p[1])
            sw_buf_addc(&b, *++p); /* an escaped backslash does not escape what follows */
    }
    return sw_buf_str(&b).p;
}

static SwPattern *new_pattern(SwArena *a, const char *text) {
    if (strstr(text, "\\u"))
        text = translate(a, text);
    SwPattern p = {compile_to_keep(text, PCRE2_ANCHORED | PCRE2_ENDANCHORED), compile_to_keep(text, 0)};
    if (!p.whole || !p.anywhere)
        return NULL;
    SwPattern *kept = sw_new(a, SwPattern);
    *kept = p;
    return kept;
}

/* NULL only when the cache is full; a text that does not compile has a pattern without code. */
static const SwPattern *look_up(const char *text) {
    n_asked++;
    _sw_lock_ pthread_mutex_t *held = sw_lock(&lock);
    if (!cache.arena)
        cache = sw_map(sw_arena_new_in(SW_POOL_NONE, 256 * SW_MIB));
    const SwPattern *p = sw_map_find(&cache, sw_str(text));
    if (!p && cache.n < CACHE_MAX) {
        SwPattern *made = new_pattern(cache.arena, text);
        SwPattern *none = made ? made : sw_new(cache.arena, SwPattern);
        sw_map_put(&cache, sw_str_dup(cache.arena, sw_str(text)), none);
        p = none;
    }
    return p;
}

const SwPattern *sw_pattern_compile(const char *text) {
    const SwPattern *p = look_up(text);
    return p && p->whole ? p : NULL;
}

int64_t sw_pattern_asked(void) {
    return n_asked;
}

static void free_pattern(void *arg) {
    SwPattern *p = arg;
    pcre2_code_free(p->whole);
    pcre2_code_free(p->anywhere);
}

const SwPattern *sw_pattern_once(SwArena *a, const char *text) {
    SwPattern *p = sw_new(a, SwPattern);
    n_asked++;
    sw_arena_defer(a, free_pattern, p);
    text = strstr(text, "\\u") ? translate(a, text) : text;
    p->whole = compile(text, PCRE2_ANCHORED | PCRE2_ENDANCHORED);
    p->anywhere = compile(text, 0);
    return p->whole && p->anywhere ? p : NULL;
}

const SwPattern *sw_pattern_kept(SwPatternSlot *slot, const char *text) {
    const SwPattern *p = atomic_load_explicit(&slot->kept, memory_order_acquire);
    if (!p) {
        p = look_up(text);
        atomic_store_explicit(&slot->kept, p, memory_order_release);
    }
    return p && p->whole ? p : NULL;
}

/* Match data and limits, one set a thread. */
typedef struct Workspace {
    pcre2_match_data *data;
    pcre2_jit_stack *stack;
    pcre2_match_context *context;
} Workspace;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_workspace(void *p) {
    Workspace *w = p;
    pcre2_match_data_free(w->data);
    pcre2_match_context_free(w->context);
    pcre2_jit_stack_free(w->stack);
    free(w); /* library: thread-specific data outlives every arena */
}

static void make_key(void) {
    pthread_key_create(&key, free_workspace);
}

static Workspace *workspace(void) {
    pthread_once(&once, make_key);
    Workspace *w = pthread_getspecific(key);
    if (w)
        return w;
    w = calloc(1, sizeof *w); /* library: thread-specific data outlives every arena */
    if (!w)
        sw_no_memory(SW_LACK_MACHINE);
    w->data = pcre2_match_data_create(32, NULL);
    w->context = pcre2_match_context_create(NULL);
    w->stack = pcre2_jit_stack_create(32 * 1024, SW_MIB, NULL); /* PCRE2's own 32 KiB fail on long plain texts */
    if (!w->data || !w->context || !w->stack) {
        free_workspace(w);
        sw_no_memory(SW_LACK_MACHINE);
    }
    pcre2_set_match_limit(w->context, 1000000);
    pcre2_set_depth_limit(w->context, 10000);
    pcre2_set_heap_limit(w->context, 8192);
    pcre2_jit_stack_assign(w->context, NULL, w->stack);
    pthread_setspecific(key, w);
    return w;
}

static int match(const pcre2_code *c, SwStr s, Workspace *w) {
    return pcre2_match(c, (PCRE2_SPTR)(s.p ? s.p : ""), s.n, 0, 0, w->data, w->context);
}

bool sw_pattern_matches(const SwPattern *p, SwStr s) {
    return match(p->whole, s, workspace()) > 0;
}

bool sw_pattern_finds(const SwPattern *p, SwStr s) {
    return match(p->anywhere, s, workspace()) > 0;
}

size_t sw_pattern_groups(const SwPattern *p, SwStr s, SwStr *ret_group, size_t max) {
    Workspace *w = workspace();
    int n = match(p->anywhere, s, w);
    if (n <= 0)
        return 0;
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(w->data);
    size_t count = SW_MIN((size_t)n, max);
    for (size_t i = 0; i < count; i++)
        ret_group[i] = v[2 * i] == PCRE2_UNSET ? SW_NO_STR : sw_str_n(s.p + v[2 * i], v[2 * i + 1] - v[2 * i]);
    return count;
}
