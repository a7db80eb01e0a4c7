/* SPDX-License-Identifier: Apache-2.0 */
/* Metric math: one recursive descent that computes as it reads. Depth is bounded; the length is by the API's limit. */

#include "services/cloudwatch/math.h"

#include <math.h>

#define DEPTH_MAX 64

typedef struct Reader {
    const CloudwatchMath *m;
    SwStr whole, rest;
    unsigned depth;
    SwError *err;
} Reader;

typedef CloudwatchValue Value;

static bool bad(Reader *r, const char *what) {
    if (!r->err->kind)
        (void)sw_fail(r->err, &SW_VALIDATION_ERROR, "Error in expression '%.*s': %s at character %zu", SW_FMT(r->whole), what,
                      r->whole.n - r->rest.n + 1);
    return false;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void spaces(Reader *r) {
    while (r->rest.n && (r->rest.p[0] == ' ' || r->rest.p[0] == '\t' || r->rest.p[0] == '\n' || r->rest.p[0] == '\r'))
        r->rest = sw_str_skip(r->rest, 1);
}

static bool take(Reader *r, const char *token) {
    spaces(r);
    if (!sw_str_starts(r->rest, sw_str(token)))
        return false;
    r->rest = sw_str_skip(r->rest, strlen(token));
    return true;
}

/* --- values
 * ------------------------------------------------------------------------------------------------------------------------ */

static Value number(double d) {
    return (Value){.kind = CLOUDWATCH_NUMBER, .number = d};
}

static Value blank(Reader *r, CloudwatchMathKind kind, size_t n_series) {
    Value v = {.kind = kind, .n_series = n_series, .period = r->m->period};
    v.series = sw_new_n(r->m->arena, double *, n_series + 1);
    v.label = sw_new_n(r->m->arena, SwStr, n_series + 1);
    for (size_t k = 0; k < n_series; k++) {
        v.series[k] = sw_new_n(r->m->arena, double, r->m->n + 1);
        for (size_t i = 0; i < r->m->n; i++)
            v.series[k][i] = NAN;
    }
    return v;
}

static bool is_series(const Value *v) {
    return v->kind == CLOUDWATCH_SERIES || v->kind == CLOUDWATCH_LIST;
}

/* What there is at the i-th period of the k-th series; a number is everywhere, one series stands for each of a list. */
static double at(const Value *v, size_t k, size_t i) {
    return v->kind == CLOUDWATCH_NUMBER ? v->number : v->series[v->n_series == 1 ? 0 : k][i];
}

typedef double Binary(double a, double b);

static double plus(double a, double b) {
    return a + b;
}
static double minus(double a, double b) {
    return a - b;
}
static double times(double a, double b) {
    return a * b;
}
static double divided(double a, double b) {
    return b == 0 ? NAN : a / b;
}
static double less(double a, double b) {
    return a < b;
}
static double less_equal(double a, double b) {
    return a <= b;
}
static double greater(double a, double b) {
    return a > b;
}
static double greater_equal(double a, double b) {
    return a >= b;
}
static double equal(double a, double b) {
    return a == b;
}
static double unequal(double a, double b) {
    return a != b;
}
static double both(double a, double b) {
    return a != 0 && b != 0;
}
static double either(double a, double b) {
    return a != 0 || b != 0;
}

static bool apply(Reader *r, Binary *f, const Value *a, const Value *b, Value *ret) {
    if (a->kind == CLOUDWATCH_TEXT || b->kind == CLOUDWATCH_TEXT)
        return bad(r, "a text cannot be computed with");
    if (a->kind == CLOUDWATCH_NUMBER && b->kind == CLOUDWATCH_NUMBER) {
        *ret = number(f(a->number, b->number));
        return true;
    }
    bool list = a->kind == CLOUDWATCH_LIST || b->kind == CLOUDWATCH_LIST;
    if (a->kind == CLOUDWATCH_LIST && b->kind == CLOUDWATCH_LIST && a->n_series != b->n_series)
        return bad(r, "lists of different lengths cannot be combined");
    const Value *shape = a->kind == CLOUDWATCH_LIST ? a : b->kind == CLOUDWATCH_LIST ? b : is_series(a) ? a : b;
    *ret = blank(r, list ? CLOUDWATCH_LIST : CLOUDWATCH_SERIES, shape->n_series);
    for (size_t k = 0; k < shape->n_series; k++) {
        ret->label[k] = shape->label[k];
        for (size_t i = 0; i < r->m->n; i++) {
            double x = at(a, k, i), y = at(b, k, i), v = isnan(x) || isnan(y) ? NAN : f(x, y);
            ret->series[k][i] = isfinite(v) ? v : NAN;
        }
    }
    return true;
}

/* --- functions
 * --------------------------------------------------------------------------------------------------------------------- */

typedef struct Arguments {
    Value v[3];
    size_t n;
} Arguments;

/* SUM and its like: over the periods of a series, or, at each period, over a list. */
typedef enum Fold { FOLD_SUM, FOLD_AVG, FOLD_MIN, FOLD_MAX, FOLD_STDDEV, FOLD_COUNT } Fold;

typedef struct Tally {
    double n, sum, squares, min, max;
} Tally;

static void count(Tally *t, double v) {
    if (isnan(v))
        return;
    t->min = t->n == 0 ? v : fmin(t->min, v);
    t->max = t->n == 0 ? v : fmax(t->max, v);
    t->sum += v;
    t->squares += v * v;
    t->n++;
}

static double result(const Tally *t, Fold f) {
    if (f == FOLD_COUNT)
        return t->n;
    if (t->n == 0)
        return NAN;
    switch (f) {
    case FOLD_SUM: return t->sum;
    case FOLD_AVG: return t->sum / t->n;
    case FOLD_MIN: return t->min;
    case FOLD_MAX: return t->max;
    case FOLD_STDDEV: return sqrt(fmax(t->squares / t->n - t->sum / t->n * (t->sum / t->n), 0));
    case FOLD_COUNT: break;
    }
    return t->n;
}

static bool fold(Reader *r, Fold f, const Value *v, Value *ret) {
    if (!is_series(v))
        return bad(r, "the function needs a metric or a list of metrics");
    if (v->kind == CLOUDWATCH_SERIES) {
        Tally t = {0};
        for (size_t i = 0; i < r->m->n; i++)
            count(&t, v->series[0][i]);
        *ret = number(result(&t, f));
        return true;
    }
    *ret = blank(r, CLOUDWATCH_SERIES, 1);
    for (size_t i = 0; i < r->m->n; i++) {
        Tally t = {0};
        for (size_t k = 0; k < v->n_series; k++)
            count(&t, v->series[k][i]);
        ret->series[0][i] = t.n ? result(&t, f) : NAN;
    }
    return true;
}

typedef double Unary(double a);

/* Over each point alone. */
static bool each(Reader *r, Unary *f, const Value *v, Value *ret) {
    if (v->kind == CLOUDWATCH_NUMBER) {
        *ret = number(f(v->number));
        return true;
    }
    if (!is_series(v))
        return bad(r, "the function needs a number or a metric");
    *ret = blank(r, v->kind, v->n_series);
    for (size_t k = 0; k < v->n_series; k++) {
        ret->label[k] = v->label[k];
        for (size_t i = 0; i < r->m->n; i++) {
            double x = f(v->series[k][i]);
            ret->series[k][i] = isfinite(x) ? x : NAN;
        }
    }
    return true;
}

typedef enum Walk { WALK_RATE, WALK_DIFF, WALK_RUNNING_SUM } Walk;

/* Over each point and the one before it. */
static bool walk(Reader *r, Walk w, const Value *v, Value *ret) {
    if (!is_series(v))
        return bad(r, "the function needs a metric");
    *ret = blank(r, v->kind, v->n_series);
    for (size_t k = 0; k < v->n_series; k++) {
        double sum = 0;
        size_t last = SIZE_MAX;
        ret->label[k] = v->label[k];
        for (size_t i = 0; i < r->m->n; i++) {
            double x = v->series[k][i];
            if (isnan(x))
                continue;
            sum += x;
            if (w == WALK_RUNNING_SUM)
                ret->series[k][i] = sum;
            else if (last != SIZE_MAX)
                ret->series[k][i] = (x - v->series[k][last]) / (w == WALK_RATE ? (double)(i - last) * (double)v->period : 1);
            last = i;
        }
    }
    return true;
}

/* The gap before i: REPEAT keeps what was last there, LINEAR draws a line to what comes next. */
static double filler(const double *s, size_t n, size_t i, bool linear) {
    size_t before = i, after = i;
    while (before > 0 && isnan(s[before]))
        before--;
    while (after + 1 < n && isnan(s[after]))
        after++;
    if (isnan(s[before]))
        return NAN;
    if (!linear)
        return s[before];
    return isnan(s[after]) ? NAN : s[before] + (s[after] - s[before]) * (double)(i - before) / (double)(after - before);
}

static bool fill(Reader *r, const Arguments *a, Value *ret) {
    const Value *v = &a->v[0], *with = &a->v[1];
    bool repeat = sw_str_eqz(with->text, "REPEAT"), linear = sw_str_eqz(with->text, "LINEAR");
    if (!is_series(v) || (with->kind == CLOUDWATCH_TEXT && !repeat && !linear) || with->kind == CLOUDWATCH_LIST)
        return bad(r, "FILL needs a metric and a number, REPEAT or LINEAR");
    *ret = blank(r, v->kind, v->n_series);
    for (size_t k = 0; k < v->n_series; k++) {
        ret->label[k] = v->label[k];
        for (size_t i = 0; i < r->m->n; i++) {
            double x = v->series[k][i];
            if (isnan(x))
                x = with->kind == CLOUDWATCH_TEXT ? filler(v->series[k], r->m->n, i, linear) : at(with, 0, i);
            ret->series[k][i] = x;
        }
    }
    return true;
}

static bool choose(Reader *r, const Arguments *a, Value *ret) {
    const Value none = number(NAN), *c = &a->v[0], *yes = &a->v[1], *no = a->n == 3 ? &a->v[2] : &none;
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].kind == CLOUDWATCH_LIST || a->v[i].kind == CLOUDWATCH_TEXT)
            return bad(r, "IF needs numbers or metrics");
    if (c->kind == CLOUDWATCH_NUMBER && yes->kind == CLOUDWATCH_NUMBER && no->kind == CLOUDWATCH_NUMBER) {
        *ret = number(c->number != 0 ? yes->number : no->number);
        return true;
    }
    *ret = blank(r, CLOUDWATCH_SERIES, 1);
    for (size_t i = 0; i < r->m->n; i++) {
        double is = at(c, 0, i);
        ret->series[0][i] = isnan(is) ? NAN : at(is != 0 ? yes : no, 0, i);
    }
    return true;
}

/* The first or the last point, as a number. */
static bool end_of(Reader *r, bool first, const Value *v, Value *ret) {
    if (v->kind != CLOUDWATCH_SERIES)
        return bad(r, "the function needs a metric");
    *ret = number(NAN);
    for (size_t i = 0; i < r->m->n; i++) {
        double x = v->series[0][first ? i : r->m->n - 1 - i];
        if (!isnan(x)) {
            *ret = number(x);
            break;
        }
    }
    return true;
}

static bool everywhere(Reader *r, const Value *v, Value *ret) {
    if (v->kind != CLOUDWATCH_NUMBER)
        return bad(r, "TIME_SERIES needs a number");
    *ret = blank(r, CLOUDWATCH_SERIES, 1);
    for (size_t i = 0; i < r->m->n; i++)
        ret->series[0][i] = v->number;
    return true;
}

static const struct {
    const char *name;
    Fold f;
} folds[] = {{"SUM", FOLD_SUM}, {"AVG", FOLD_AVG},       {"MIN", FOLD_MIN},
             {"MAX", FOLD_MAX}, {"STDDEV", FOLD_STDDEV}, {"DATAPOINT_COUNT", FOLD_COUNT}};
static const struct {
    const char *name;
    Unary *f;
} units[] = {{"ABS", fabs}, {"CEIL", ceil}, {"FLOOR", floor}, {"LOG", log}, {"LOG10", log10}};
static const struct {
    const char *name;
    Walk w;
} walks[] = {{"RATE", WALK_RATE}, {"DIFF", WALK_DIFF}, {"RUNNING_SUM", WALK_RUNNING_SUM}};

static bool wants(Reader *r, const Arguments *a, size_t least, size_t most) {
    return (a->n >= least && a->n <= most) || bad(r, "the function has other arguments");
}

static bool call(Reader *r, SwStr name, const Arguments *a, Value *ret) {
    for (size_t i = 0; i < SW_N(folds); i++)
        if (sw_str_eqz(name, folds[i].name))
            return wants(r, a, 1, 1) && fold(r, folds[i].f, &a->v[0], ret);
    for (size_t i = 0; i < SW_N(units); i++)
        if (sw_str_eqz(name, units[i].name))
            return wants(r, a, 1, 1) && each(r, units[i].f, &a->v[0], ret);
    for (size_t i = 0; i < SW_N(walks); i++)
        if (sw_str_eqz(name, walks[i].name))
            return wants(r, a, 1, 1) && walk(r, walks[i].w, &a->v[0], ret);
    if (sw_str_eqz(name, "FILL"))
        return wants(r, a, 2, 2) && fill(r, a, ret);
    if (sw_str_eqz(name, "IF"))
        return wants(r, a, 2, 3) && choose(r, a, ret);
    if (sw_str_eqz(name, "FIRST") || sw_str_eqz(name, "LAST"))
        return wants(r, a, 1, 1) && end_of(r, sw_str_eqz(name, "FIRST"), &a->v[0], ret);
    if (sw_str_eqz(name, "TIME_SERIES"))
        return wants(r, a, 1, 1) && everywhere(r, &a->v[0], ret);
    if (sw_str_eqz(name, "METRIC_COUNT") || sw_str_eqz(name, "PERIOD")) {
        if (!wants(r, a, 1, 1) || !is_series(&a->v[0]))
            return bad(r, "the function needs a metric");
        *ret = number(sw_str_eqz(name, "PERIOD") ? (double)a->v[0].period : (double)a->v[0].n_series);
        return true;
    }
    if (sw_str_eqz(name, "METRICS")) {
        if (!wants(r, a, 0, 1) || (a->n && a->v[0].kind != CLOUDWATCH_TEXT))
            return bad(r, "METRICS takes nothing or a part of an id");
        return r->m->metrics(r->m->arg, a->n ? a->v[0].text : SW_STR(""), ret, r->err) == 0;
    }
    return bad(r, sw_str_z(r->m->arena, sw_strf(r->m->arena, "the function %.*s is not available", SW_FMT(name))));
}

/* --- grammar
 * ----------------------------------------------------------------------------------------------------------------------- */

static bool expression(Reader *r, Value *ret);

static bool arguments(Reader *r, Arguments *a) {
    if (take(r, ")"))
        return true;
    do {
        if (a->n == SW_N(a->v))
            return bad(r, "too many arguments");
        if (!expression(r, &a->v[a->n++]))
            return false;
    } while (take(r, ","));
    return take(r, ")") || bad(r, "')' expected");
}

/* [m1, m2]: a list of series; lists inside are taken apart. */
static bool list(Reader *r, Value *ret) {
    Value parts[100], *v = parts;
    size_t n = 0, total = 0;
    do {
        if (n == SW_N(parts))
            return bad(r, "the list is too long");
        if (!expression(r, &v[n]))
            return false;
        if (!is_series(&v[n]))
            return bad(r, "a list holds metrics");
        total += v[n++].n_series;
    } while (take(r, ","));
    if (!take(r, "]"))
        return bad(r, "']' expected");
    *ret = (Value){.kind = CLOUDWATCH_LIST,
                   .period = r->m->period,
                   .series = sw_new_n(r->m->arena, double *, total),
                   .label = sw_new_n(r->m->arena, SwStr, total)};
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < v[i].n_series; k++) {
            ret->label[ret->n_series] = v[i].label[k];
            ret->series[ret->n_series++] = v[i].series[k];
        }
    return true;
}

static bool literal(Reader *r, Value *ret) {
    size_t n = 0;
    double d;
    while (n < r->rest.n && (is_digit(r->rest.p[n]) || r->rest.p[n] == '.'))
        n++;
    if (n + 1 < r->rest.n && (r->rest.p[n] == 'e' || r->rest.p[n] == 'E')) {
        size_t k = n + 1 + (r->rest.p[n + 1] == '-' || r->rest.p[n + 1] == '+');
        if (k < r->rest.n && is_digit(r->rest.p[k]))
            for (n = k; n < r->rest.n && is_digit(r->rest.p[n]);)
                n++;
    }
    if (!sw_str_to_double(sw_str_n(r->rest.p, n), &d))
        return bad(r, "a number is malformed");
    r->rest = sw_str_skip(r->rest, n);
    *ret = number(d);
    return true;
}

static bool text(Reader *r, char quote, Value *ret) {
    size_t n;
    if (!sw_str_find(r->rest, quote, &n))
        return bad(r, "a quote is not closed");
    *ret = (Value){.kind = CLOUDWATCH_TEXT, .text = sw_str_n(r->rest.p, n)};
    r->rest = sw_str_skip(r->rest, n + 1);
    return true;
}

static bool name(Reader *r, Value *ret) {
    Arguments a = {.n = 0};
    size_t n = 0;
    while (n < r->rest.n && (is_letter(r->rest.p[n]) || is_digit(r->rest.p[n])))
        n++;
    SwStr word = sw_str_n(r->rest.p, n);
    r->rest = sw_str_skip(r->rest, n);
    if (take(r, "("))
        return arguments(r, &a) && call(r, word, &a, ret);
    if (sw_str_eqz(word, "REPEAT") || sw_str_eqz(word, "LINEAR")) {
        *ret = (Value){.kind = CLOUDWATCH_TEXT, .text = word};
        return true;
    }
    return r->m->look_up(r->m->arg, word, ret, r->err) == 0;
}

static bool primary(Reader *r, Value *ret) {
    spaces(r);
    if (!r->rest.n)
        return bad(r, "something is missing");
    char c = r->rest.p[0];
    if (is_digit(c) || c == '.')
        return literal(r, ret);
    if (is_letter(c))
        return name(r, ret);
    if (take(r, "("))
        return expression(r, ret) && (take(r, ")") || bad(r, "')' expected"));
    if (take(r, "["))
        return list(r, ret);
    if (take(r, "\"") || take(r, "'"))
        return text(r, c, ret);
    return bad(r, "invalid syntax");
}

static bool unary(Reader *r, Value *ret);

static bool power(Reader *r, Value *ret) {
    Value base, exponent;
    if (!primary(r, &base))
        return false;
    if (!take(r, "^")) {
        *ret = base;
        return true;
    }
    return unary(r, &exponent) && apply(r, pow, &base, &exponent, ret);
}

static bool unary(Reader *r, Value *ret) {
    const Value zero = number(0);
    Value v;
    if (++r->depth > DEPTH_MAX)
        return bad(r, "too deeply nested");
    bool done = take(r, "-") ? unary(r, &v) && apply(r, minus, &zero, &v, ret) : power(r, ret);
    r->depth--;
    return done;
}

/* Weakest first; of each level the longer operators before those that begin them. */
static const struct Operator {
    const char *token;
    Binary *f;
} levels[][7] = {
    {{"||", either}},
    {{"&&", both}},
    {{"<=", less_equal}, {">=", greater_equal}, {"==", equal}, {"!=", unequal}, {"<", less}, {">", greater}},
    {{"+", plus}, {"-", minus}},
    {{"*", times}, {"/", divided}},
};

static bool level(Reader *r, size_t l, Value *ret) {
    Value right, out;
    if (l == SW_N(levels))
        return unary(r, ret);
    if (!level(r, l + 1, ret))
        return false;
    for (;;) {
        const struct Operator *o = levels[l];
        while (o->token && !take(r, o->token))
            o++;
        if (!o->token)
            return true;
        if (!level(r, l + 1, &right) || !apply(r, o->f, ret, &right, &out))
            return false;
        *ret = out;
    }
}

static bool expression(Reader *r, Value *ret) {
    if (++r->depth > DEPTH_MAX)
        return bad(r, "too deeply nested");
    bool done = level(r, 0, ret);
    r->depth--;
    return done;
}

int cloudwatch_math(const CloudwatchMath *m, SwStr whole, CloudwatchValue *ret, SwError *err) {
    Reader r = {.m = m, .whole = whole, .rest = whole, .err = err};
    if (!expression(&r, ret))
        return -1;
    spaces(&r);
    return r.rest.n ? (bad(&r, "invalid syntax"), -1) : 0;
}
