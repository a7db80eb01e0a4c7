/* SPDX-License-Identifier: Apache-2.0 */
/* What a queue can be told (SetQueueAttributes): limits, defaults, the redrive policies. */

#include "policy/policy.h"
#include "services/sqs/bell.h"
#include "services/sqs/sqs.h"

typedef enum Form { NUMBER, DOCUMENT, WORD, TEXT } Form;

#define KEY        "KmsMasterKeyId"
#define KEY_PERIOD "KmsDataKeyReusePeriodSeconds"
#define OWN_SSE    "SqsManagedSseEnabled"

/* Numbers have bounds and a default; words one of `words`, and words[otherwise] unless said. Of true and false any case
 * is taken. `fifo`: of FIFO queues only. */
static const struct Attribute {
    const char *name;
    Form form;
    int64_t min, max, otherwise;
    const char *words[3];
    bool fifo;
} attributes[] = {
    {"DelaySeconds", NUMBER, 0, 900, 0, {NULL}, false},
    {"MaximumMessageSize", NUMBER, 1024, SQS_MESSAGE_MAX, SQS_MESSAGE_MAX, {NULL}, false},
    {"MessageRetentionPeriod", NUMBER, 60, 1209600, 345600, {NULL}, false},
    {"ReceiveMessageWaitTimeSeconds", NUMBER, 0, 20, 0, {NULL}, false},
    {"VisibilityTimeout", NUMBER, 0, 43200, 30, {NULL}, false},
    {"Policy", DOCUMENT, 0, 0, 0, {NULL}, false},
    {"RedrivePolicy", DOCUMENT, 0, 0, 0, {NULL}, false},
    {"RedriveAllowPolicy", DOCUMENT, 0, 0, 0, {NULL}, false},
    {"SqsManagedSseEnabled", WORD, 0, 0, 0, {"true", "false"}, false},
    {KEY, TEXT, 0, 0, 0, {NULL}, false},
    {KEY_PERIOD, NUMBER, 60, 86400, 300, {NULL}, false},
    {"FifoQueue", WORD, 0, 0, 0, {"true"}, true},
    {"ContentBasedDeduplication", WORD, 0, 0, 1, {"true", "false"}, true},
    {"DeduplicationScope", WORD, 0, 0, 0, {"queue", "messageGroup"}, true},
    {"FifoThroughputLimit", WORD, 0, 0, 0, {"perQueue", "perMessageGroupId"}, true},
};

static const struct Attribute *attribute(SwStr name) {
    for (size_t i = 0; i < SW_N(attributes); i++)
        if (sw_str_eqz(name, attributes[i].name))
            return &attributes[i];
    return NULL;
}

int64_t sqs_queue_number(const SqsQueueRecord *q, const char *name) {
    int64_t v;
    if (sw_str_to_i64(sw_str_map_find(&q->attributes, sw_str(name)), &v))
        return v;
    const struct Attribute *a = attribute(sw_str(name));
    return a ? a->otherwise : 0;
}

SwStr sqs_queue_key(const SqsQueueRecord *q) {
    return sw_str_map_find(&q->attributes, SW_STR(KEY));
}

static int bad_value(SwError *err, SwStr name, const char *why) {
    return sw_fail(err, &SQS_INVALID_ATTRIBUTE_VALUE, "Invalid value for the parameter %.*s. Reason: %s", SW_FMT(name), why);
}

/* In the form in which it is kept: "True" is "true". */
static SwStr normal(SwCtx *cx, SwStr name, SwStr value) {
    const struct Attribute *a = attribute(name);
    return a && a->form == WORD && strcmp(a->words[0], "true") == 0 ? sw_str_lower(cx->arena, value) : value;
}

static SwValue readable_resources(SwArena *a, const SwValue *v) {
    SwValue list = sw_value_array();
    if (v->kind == SW_VSTRING && !sw_str_starts(v->s, SW_STR("arn:")) && !sw_str_eqz(v->s, "*"))
        return sw_value_string(sw_strf(a, "arn:aws:sqs:::%.*s", SW_FMT(v->s)));
    for (size_t i = 0; v->kind == SW_VARRAY && i < v->n; i++)
        sw_value_add(a, &list, readable_resources(a, &v->v[i]));
    return v->kind == SW_VARRAY ? list : *v;
}

/* A statement with its resources as ARNs. */
static SwValue readable_statement(SwArena *a, const SwValue *v) {
    SwValue r = sw_value_object();
    for (size_t i = 0; v->kind == SW_VOBJECT && i < v->n; i++) {
        bool resource = sw_str_eqz(v->keys[i], "Resource") || sw_str_eqz(v->keys[i], "NotResource");
        sw_value_set(a, &r, v->keys[i], resource ? readable_resources(a, &v->v[i]) : v->v[i]);
    }
    return v->kind == SW_VOBJECT ? r : *v;
}

SwStr sqs_policy_readable(SwCtx *cx, SwStr text) {
    SwError ignored = sw_error(cx->arena);
    SwValue doc, list = sw_value_array();
    if (!sw_str_is(text) || sw_json_parse(cx->arena, text, &doc, &ignored) < 0)
        return text;
    const SwValue *all = sw_value_getz(&doc, "Statement");
    for (size_t i = 0; all && all->kind == SW_VARRAY && i < all->n; i++)
        sw_value_add(cx->arena, &list, readable_statement(cx->arena, &all->v[i]));
    if (all && all->kind == SW_VARRAY)
        sw_value_set(cx->arena, &doc, SW_STR("Statement"), list);
    else if (all)
        sw_value_set(cx->arena, &doc, SW_STR("Statement"), readable_statement(cx->arena, all));
    return sw_json_text(cx->arena, &doc);
}

static int check_attribute(SwCtx *cx, SwStr name, SwStr value, bool fifo, SwError *err) {
    const struct Attribute *a = attribute(name);
    const SwPolicy *parsed;
    int64_t v;
    if (a && a->fifo && !fifo && a->words[0] && strcmp(a->words[0], "true") != 0)
        return sw_fail(err, &SQS_INVALID_ATTRIBUTE_NAME, "You can specify the %s only when FifoQueue is set to true.", a->name);
    if (!a || (a->fifo && !fifo))
        return sw_fail(err, &SQS_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.", SW_FMT(name));
    if (a->form == TEXT)
        return value.n <= 2048 ? 0 : bad_value(err, name, "it is too long.");
    if (a->form == NUMBER)
        return sw_str_to_i64(value, &v) && v >= a->min && v <= a->max ? 0 : bad_value(err, name, "it is out of range.");
    if (a->form == WORD) {
        for (size_t i = 0; i < SW_N(a->words) && a->words[i]; i++)
            if (sw_str_eqz(value, a->words[i]))
                return 0;
        return bad_value(err, name, "it is none of the values that it may have.");
    }
    if (sw_str_eqz(name, "Policy") && sw_str_is(value) &&
        sw_policy_parse(cx->arena, sqs_policy_readable(cx, value), SW_POLICY_RESOURCE, &parsed, err) < 0)
        return bad_value(err, name, err->message);
    return 0;
}

/* --- redrive policies --------------------------------------------------------------------------------------------------------
 */

static int bad_redrive(SwError *err, SwStr name, SwStr value, const char *why) {
    return sw_fail(err, &sqs_invalid, "Value %.*s for parameter %.*s is invalid. Reason: %s", SW_FMT(value), SW_FMT(name), why);
}

/* Whether a dead-letter queue takes messages of this queue: its RedriveAllowPolicy. */
static bool allows(SwCtx *cx, const SqsQueueRecord *dead, SwStr source_arn) {
    SwStr text = sw_str_map_find(&dead->attributes, SW_STR("RedriveAllowPolicy"));
    SwError ignored = sw_error(cx->arena);
    SwValue v;
    if (!sw_str_is(text) || sw_json_parse(cx->arena, text, &v, &ignored) < 0)
        return true;
    SwStr permission = sw_value_str(sw_value_getz(&v, "redrivePermission"));
    const SwValue *sources = sw_value_getz(&v, "sourceQueueArns");
    if (!sw_str_eqz(permission, "byQueue"))
        return sw_str_eqz(permission, "allowAll");
    for (size_t i = 0; sources && i < sources->n; i++)
        if (sw_str_eq(sw_value_str(&sources->v[i]), source_arn))
            return true;
    return false;
}

static int set_redrive(SwCtx *cx, SqsQueueRecord *q, SwStr text, SwError *err) {
    const SwStr name = SW_STR("RedrivePolicy");
    SqsQueueRecord *target;
    SwValue v;
    int64_t count;
    q->dead_letter_arn = SW_NO_STR;
    q->max_receive_count = (SwOptInt){0};
    if (!sw_str_is(text))
        return 0;
    if (sw_json_parse(cx->arena, text, &v, err) < 0 || v.kind != SW_VOBJECT)
        return bad_redrive(err, name, text, "Redrive policy is not a valid JSON map.");
    SwStr arn = sw_value_str(sw_value_getz(&v, "deadLetterTargetArn"));
    SwArn parsed;
    const SwValue *max = sw_value_getz(&v, "maxReceiveCount");
    if (!sw_str_is(arn))
        return bad_redrive(err, name, text, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
    if (!max)
        return bad_redrive(err, name, text, "Redrive policy does not contain mandatory attribute: maxReceiveCount.");
    for (size_t i = 0; i < v.n; i++)
        if (!sw_str_eqz(v.keys[i], "deadLetterTargetArn") && !sw_str_eqz(v.keys[i], "maxReceiveCount"))
            return bad_redrive(err, name, text,
                               "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].");
    if (!(sw_value_i64(max, &count) || sw_str_to_i64(sw_value_str(max), &count)) || count < 1 || count > 1000)
        return bad_redrive(err, name, text, "Invalid value for maxReceiveCount: it must be between 1 and 1000.");
    if (!sw_arn_parse(arn, &parsed) || !sw_str_eqz(parsed.service, "sqs"))
        return bad_redrive(err, name, text, "Invalid value for deadLetterTargetArn.");
    if (sqs_queue_by_arn(cx, arn, &target, err) < 0)
        return sw_refuse_as(err, &sqs_invalid,
                            "Value %.*s for parameter %.*s is invalid. Reason: Dead letter target does not exist.",
                            SW_FMT(text), SW_FMT(name));
    if (sqs_queue_is_fifo(target) != sqs_queue_is_fifo(q))
        return bad_redrive(err, name, text, "Dead-letter queue must be same type of queue as the source.");
    if (!allows(cx, target, sqs_queue_arn(cx, q->name)))
        return bad_redrive(err, name, text, "the dead letter target's RedriveAllowPolicy does not allow this queue.");
    q->dead_letter_arn = arn;
    q->max_receive_count = SW_SOME_INT(count);
    return 0;
}

static int check_redrive_allow(SwCtx *cx, SwStr text, SwError *err) {
    const SwStr name = SW_STR("RedriveAllowPolicy");
    SwValue v;
    if (!sw_str_is(text))
        return 0;
    if (sw_json_parse(cx->arena, text, &v, err) < 0 || v.kind != SW_VOBJECT)
        return bad_redrive(err, name, text,
                           "Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.");
    SwStr permission = sw_value_str(sw_value_getz(&v, "redrivePermission"));
    const SwValue *sources = sw_value_getz(&v, "sourceQueueArns");
    bool by_queue = sw_str_eqz(permission, "byQueue");
    if (!by_queue && !sw_str_eqz(permission, "allowAll") && !sw_str_eqz(permission, "denyAll"))
        return bad_redrive(err, name, text, "redrivePermission must be allowAll, denyAll or byQueue.");
    if (by_queue != (sources && sources->kind == SW_VARRAY && sources->n >= 1 && sources->n <= 10))
        return bad_redrive(err, name, text, "sourceQueueArns: one to ten are needed for byQueue, and none otherwise.");
    return 0;
}

static void unset(SqsQueueRecord *q, const char *name) {
    size_t kept = 0;
    for (size_t i = 0; i < q->attributes.n; i++)
        if (!sw_str_eqz(q->attributes.v[i].key, name))
            q->attributes.v[kept++] = q->attributes.v[i];
    sw_list_cut(&q->attributes, kept);
}

/* A queue is encrypted by SQS's own keys or by one of KMS: what is chosen last, or neither. An empty key is none. */
static int choose_encryption(SwCtx *cx, SqsQueueRecord *q, const SwStrMap *m, bool had, SwError *err) {
    SwStr key = sw_str_map_find(m, SW_STR(KEY)), own = normal(cx, SW_STR(OWN_SSE), sw_str_map_find(m, SW_STR(OWN_SSE)));
    if (sw_str_is(key) && sw_str_eqz(own, "true"))
        return sw_fail(err, &SQS_INVALID_ATTRIBUTE_VALUE,
                       "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
                       "SSE.");
    if (sw_str_is(key))
        sw_str_map_set(cx->arena, &q->attributes, SW_STR(OWN_SSE), SW_STR("false"));
    if (key.p && !sw_str_is(key) && had && !own.p)
        unset(q, OWN_SSE);
    if (key.p ? !sw_str_is(key) : sw_str_eqz(own, "true"))
        unset(q, KEY);
    return 0;
}

int sqs_attributes_set(SwCtx *cx, SqsQueueRecord *q, const SwStrMap *m, bool creating, SwError *err) {
    bool fifo = sqs_queue_is_fifo(q), had_key = sw_str_is(sqs_queue_key(q));
    for (size_t i = 0; i < m->n; i++) {
        SwStr name = m->v[i].key, value = normal(cx, m->v[i].key, m->v[i].value);
        if (check_attribute(cx, name, value, fifo, err) < 0)
            return -1;
        if (sw_str_eqz(name, "FifoQueue") && !creating)
            return bad_value(err, name, "Modifying queue type is not supported.");
        if (sw_str_eqz(name, "RedriveAllowPolicy") && check_redrive_allow(cx, value, err) < 0)
            return -1;
        if (sw_str_eqz(name, "RedrivePolicy") && set_redrive(cx, q, value, err) < 0)
            return -1;
        sw_str_map_set(cx->arena, &q->attributes, name, value);
    }
    if (choose_encryption(cx, q, m, had_key, err) < 0)
        return -1;
    bool per_group = sw_str_eqz(sw_str_map_find(&q->attributes, SW_STR("FifoThroughputLimit")), "perMessageGroupId");
    if (per_group && !sw_str_eqz(sw_str_map_find(&q->attributes, SW_STR("DeduplicationScope")), "messageGroup"))
        return sw_fail(
            err, &sqs_invalid,
            "Invalid value for FifoThroughputLimit. Reason: perMessageGroupId needs the DeduplicationScope messageGroup.");
    q->modified = SW_SOME_TIME(sw_now(cx));
    return 0;
}

/* A word that was never set has its default; a document that was never set is absent. */
static SwStr word(const SqsQueueRecord *q, const struct Attribute *a) {
    SwStr v = sw_str_map_find(&q->attributes, sw_str(a->name));
    return v.p || a->form == DOCUMENT || a->form == TEXT ? v : sw_str(a->words[a->otherwise]);
}

static bool same_document(SwCtx *cx, SwStr x, SwStr y) {
    SwError ignored = sw_error(cx->arena);
    SwValue a, b;
    if (!sw_str_is(x) || !sw_str_is(y))
        return sw_str_is(x) == sw_str_is(y);
    return sw_json_parse(cx->arena, x, &a, &ignored) == 0 && sw_json_parse(cx->arena, y, &b, &ignored) == 0 &&
           sw_str_eq(sw_json_text(cx->arena, &a), sw_json_text(cx->arena, &b));
}

const char *sqs_attribute_that_differs(SwCtx *cx, const SqsQueueRecord *q, const SwStrMap *m) {
    for (size_t i = 0; i < m->n; i++) {
        const struct Attribute *a = attribute(m->v[i].key);
        SwStr value = normal(cx, m->v[i].key, m->v[i].value);
        int64_t want;
        bool equal = a && a->form == TEXT && sw_str_eq(sw_str_map_find(&q->attributes, m->v[i].key), value);
        if (a && a->form == NUMBER)
            equal = sw_str_to_i64(value, &want) && want == sqs_queue_number(q, a->name);
        else if (a && a->form == DOCUMENT)
            equal = same_document(cx, word(q, a), value);
        else if (a && (!a->fifo || sqs_queue_is_fifo(q)))
            equal = sw_str_eq(word(q, a), value);
        if (!equal)
            return sw_str_z(cx->arena, m->v[i].key);
    }
    return NULL;
}

/* --- operations
 * ---------------------------------------------------------------------------------------------------------------- */

static void show(SwCtx *cx, SqsGetQueueAttributesResult *out, const SwStrList *names, const char *name, SwStr value) {
    if (sw_str_is(value) && (sw_str_list_has(names, SW_STR("All")) || sw_str_list_has(names, sw_str(name))))
        sw_str_map_set(cx->arena, &out->attributes, sw_str(name), value);
}

static SwStr number(SwCtx *cx, int64_t v) {
    return sw_strf(cx->arena, "%lld", (long long)v);
}

static int check_names(const SwStrList *names, SwError *err) {
    static const char *const computed[] = {"All",
                                           "QueueArn",
                                           "CreatedTimestamp",
                                           "LastModifiedTimestamp",
                                           "ApproximateNumberOfMessages",
                                           "ApproximateNumberOfMessagesNotVisible",
                                           "ApproximateNumberOfMessagesDelayed"};
    for (size_t i = 0; i < names->n; i++) {
        bool known = attribute(names->v[i]) != NULL;
        for (size_t k = 0; k < SW_N(computed) && !known; k++)
            known = sw_str_eqz(names->v[i], computed[k]);
        if (!known)
            return sw_fail(err, &SQS_INVALID_ATTRIBUTE_NAME, "Unknown Attribute %.*s.", SW_FMT(names->v[i]));
    }
    return 0;
}

/* They are counted where they are asked for alone. */
static int show_counts(SwCtx *cx, const SqsQueueRecord *q, const SwStrList *names, SqsGetQueueAttributesResult *out,
                       SwError *err) {
    int64_t visible, leased, delayed;
    bool asked = false;
    for (size_t i = 0; i < names->n; i++)
        asked |= sw_str_eqz(names->v[i], "All") || sw_str_starts(names->v[i], SW_STR("ApproximateNumberOf"));
    if (!asked)
        return 0;
    if (sqs_queue_count(cx, q, &visible, &leased, &delayed, err) < 0)
        return -1;
    show(cx, out, names, "ApproximateNumberOfMessages", number(cx, visible));
    show(cx, out, names, "ApproximateNumberOfMessagesNotVisible", number(cx, leased));
    show(cx, out, names, "ApproximateNumberOfMessagesDelayed", number(cx, delayed));
    return 0;
}

int sqs_get_queue_attributes(SwCtx *cx, const SqsGetQueueAttributesRequest *in, SqsGetQueueAttributesResult *out,
                             SwError *err) {
    SqsQueueRecord *q;
    const SwStrList *names = &in->attribute_names;
    if (check_names(names, err) < 0 || sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0)
        return -1;
    for (size_t i = 0; i < SW_N(attributes); i++) {
        const struct Attribute *a = &attributes[i];
        bool has = strcmp(a->name, KEY_PERIOD) != 0 || sw_str_is(sqs_queue_key(q));
        if (has && (!a->fifo || sqs_queue_is_fifo(q)))
            show(cx, out, names, a->name, a->form == NUMBER ? number(cx, sqs_queue_number(q, a->name)) : word(q, a));
    }
    show(cx, out, names, "QueueArn", sqs_queue_arn(cx, q->name));
    show(cx, out, names, "CreatedTimestamp", number(cx, q->created.v / SW_S));
    show(cx, out, names, "LastModifiedTimestamp", number(cx, q->modified.v / SW_S));
    return show_counts(cx, q, names, out, err);
}

int sqs_set_queue_attributes(SwCtx *cx, const SqsSetQueueAttributesRequest *in, void *out, SwError *err) {
    SqsQueueRecord *q;
    if (sqs_queue_by_reference(cx, in->queue_url, &q, err) < 0 || sqs_attributes_set(cx, q, &in->attributes, false, err) < 0)
        return -1;
    sqs_ring(cx, q->id); /* kept for longer, messages may be there again */
    return sqs_queue_put(cx, q->name, q, err);
}
