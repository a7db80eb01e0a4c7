/* SPDX-License-Identifier: Apache-2.0 */
/* Event notifications: to EventBridge, SQS and SNS, in the transaction that made the change, so that an object and its
 * news are stored together.
 *
 * AWS     S3 User Guide, "Event message structure" and "EventBridge mapping". */

#include "api/target.h"
#include "base/digest.h"
#include "services/s3/s3.h"

static bool event_wanted(const SwStrList *events, const char *event) {
    for (size_t i = 0; i < events->n; i++) {
        SwStr name = sw_str_starts(events->v[i], SW_STR("s3:")) ? sw_str_skip(events->v[i], 3) : events->v[i];
        if (sw_str_glob(name, sw_str(event)))
            return true;
    }
    return false;
}

static bool key_wanted(const S3NotificationConfigurationFilter *f, SwStr key) {
    for (size_t i = 0; f && f->key && i < f->key->filter_rules.n; i++) {
        const S3FilterRule *r = &f->key->filter_rules.v[i];
        bool prefix = sw_str_ieq(r->name, SW_STR("prefix"));
        if (prefix ? !sw_str_starts(key, r->value) : !sw_str_ends(key, r->value))
            return false;
    }
    return true;
}

static void quoted(SwBuf *b, const char *name, SwStr value) {
    sw_buf_addf(b, "\"%s\":", name);
    sw_json_write_string(b, value);
}

static SwStr bare_etag(const S3ObjectRecord *o) {
    return o->e_tag.n >= 2 ? sw_str_n(o->e_tag.p + 1, o->e_tag.n - 2) : SW_NO_STR;
}

static SwStr peer_address(const SwCtx *cx) {
    SwStr peer = cx->http ? cx->http->peer : SW_STR("127.0.0.1");
    size_t colon;
    if (sw_str_rfind(peer, ':', &colon))
        peer.n = colon;
    return peer;
}

static SwStr record(SwCtx *cx, const S3BucketRecord *b, const char *event, SwStr configuration, const S3ObjectRecord *o) {
    SwBuf m = sw_buf(cx->arena, 64 * SW_KIB);
    SwStr peer = peer_address(cx), arn = s3_bucket_arn(cx, b->name), time = sw_time_iso8601(cx->arena, sw_now(cx));
    sw_buf_addf(&m,
                "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"awsRegion\":\"%.*s\",\"eventTime\":\"%.*"
                "s\",\"eventName\":\"%s\",",
                SW_FMT(b->region), SW_FMT(time), event);
    sw_buf_addz(&m, "\"userIdentity\":{");
    quoted(&m, "principalId", cx->principal.id);
    sw_buf_addf(&m,
                "},\"requestParameters\":{\"sourceIPAddress\":\"%.*s\"},\"responseElements\":{\"x-amz-request-id\":\"%.*s\","
                "\"x-amz-id-2\":\"%.*s\"},\"s3\":{\"s3SchemaVersion\":\"1.0\",",
                SW_FMT(peer), SW_FMT(cx->request_id), SW_FMT(cx->request_id));
    quoted(&m, "configurationId", configuration);
    sw_buf_addf(&m,
                ",\"bucket\":{\"name\":\"%.*s\",\"ownerIdentity\":{\"principalId\":\"%.*s\"},\"arn\":\"%.*s\"},"
                "\"object\":{",
                SW_FMT(b->name), SW_FMT(b->account), SW_FMT(arn));
    quoted(&m, "key", s3_form_encode(cx->arena, o->key));
    if (!o->delete_marker.v && sw_str_starts(sw_str(event), SW_STR("ObjectCreated"))) {
        sw_buf_addf(&m, ",\"size\":%lld,", (long long)o->size.v);
        quoted(&m, "eTag", bare_etag(o));
    }
    if (sw_str_is(s3_shown_version(b, o))) {
        sw_buf_addc(&m, ',');
        quoted(&m, "versionId", o->version_id);
    }
    sw_buf_addf(&m, ",\"sequencer\":\"%.*s\"}}}]}", SW_FMT(o->order));
    return sw_buf_str(&m);
}

/* It was checked when it was configured; what is gone or forbidden since is AWS's silence too. */
static int deliver(SwCtx *cx, SwStr bucket, SwStr arn, SwStr payload, SwError *err) {
    SwError lost = sw_error(cx->arena);
    SwStr source = s3_bucket_arn(cx, bucket);
    if (sw_target_deliver(sw_ctx_as_service(cx, "s3"), arn, source, payload, NULL, &lost) < 0 &&
        sw_error_is(&lost, &SW_INTERNAL_FAILURE)) {
        *err = lost;
        return -1;
    }
    return 0;
}

static SwStr text(SwStr s) {
    return sw_str_or(s, SW_STR(""));
}

static int to_event_bridge(SwCtx *cx, const S3BucketRecord *b, const SwEventType *type, const char *reason,
                           const S3ObjectRecord *o, SwError *err) {
    bool created = type == &s3_event_object_created;
    S3ChangedBucket bucket = {.name = b->name};
    S3ChangedObject object = {.key = text(o->key),
                              .size = created ? SW_SOME_INT(o->size.v) : (SwOptInt){0},
                              .etag = created ? text(bare_etag(o)) : SW_NO_STR,
                              .version_id = sw_str_is(s3_shown_version(b, o)) ? text(o->version_id) : SW_NO_STR,
                              .sequencer = text(o->order)};
    S3ObjectChange detail = {.version = SW_STR("0"),
                             .bucket = &bucket,
                             .object = &object,
                             .request_id = text(cx->request_id),
                             .requester = cx->account,
                             .source_ip_address = text(peer_address(cx)),
                             .reason = sw_str(reason)};
    if (!created)
        detail.deletion_type = o->delete_marker.v ? SW_STR("Delete Marker Created") : SW_STR("Permanently Deleted");
    SwStr arn = s3_bucket_arn(cx, b->name);
    SwEvent e = {.account = b->account, .region = b->region, .resources = {&arn, 1}};
    return sw_event_as(cx, type, &e, &detail, err);
}

int s3_notify(SwCtx *cx, const S3BucketRecord *b, const char *event, const SwEventType *type, const char *reason,
              const S3ObjectRecord *o, SwError *err) {
    const S3NotificationConfiguration *n = b->notification;
    if (!n)
        return 0;
    if (n->event_bridge_configuration && to_event_bridge(cx, b, type, reason, o, err) < 0)
        return -1;
    for (size_t i = 0; i < n->queue_configurations.n; i++) {
        const S3QueueConfiguration *c = &n->queue_configurations.v[i];
        if (event_wanted(&c->events, event) && key_wanted(c->filter, o->key) &&
            deliver(cx, b->name, c->queue_arn, record(cx, b, event, c->id, o), err) < 0)
            return -1;
    }
    for (size_t i = 0; i < n->topic_configurations.n; i++) {
        const S3TopicConfiguration *c = &n->topic_configurations.v[i];
        if (event_wanted(&c->events, event) && key_wanted(c->filter, o->key) &&
            deliver(cx, b->name, c->topic_arn, record(cx, b, event, c->id, o), err) < 0)
            return -1;
    }
    return 0;
}

static bool is_event(SwStr name) {
    const SwShape *s = sw_shape_member(&s3_shape_queue_configuration, SW_STR("Events"))->shape->member[0].shape;
    for (size_t i = 0; s->enum_values[i]; i++)
        if (sw_str_eqz(name, s->enum_values[i]))
            return true;
    return false;
}

/* A rule has a name of two, once each, and a value. */
static int check_filter(const S3NotificationConfigurationFilter *f, SwError *err) {
    bool seen[2] = {false, false};
    for (size_t i = 0; f && f->key && i < f->key->filter_rules.n; i++) {
        const S3FilterRule *r = &f->key->filter_rules.v[i];
        bool prefix = sw_str_ieq(r->name, SW_STR("prefix")), suffix = sw_str_ieq(r->name, SW_STR("suffix"));
        if (!r->name.p || !r->value.p)
            return s3_fail_schema(err);
        if (!prefix && !suffix)
            return s3_fail_argument(err, "FilterRule.Name", r->name, "filter rule name must be either prefix or suffix");
        if (seen[suffix])
            return s3_fail_argument(err, "FilterRule.Name", r->name,
                                    "Cannot specify more than one prefix rule or suffix rule in a filter.");
        if (r->value.n > 1024)
            return s3_fail_argument(err, "FilterRule.Value", r->value,
                                    "filter rule value cannot be longer than 1024 characters");
        seen[suffix] = true;
    }
    return 0;
}

static int check_events(const SwStrList *events, SwError *err) {
    if (events->n == 0)
        return s3_fail_schema(err);
    for (size_t i = 0; i < events->n; i++)
        if (!is_event(events->v[i]))
            return s3_fail_argument(err, "Event", events->v[i], "The event is not supported for notifications");
    for (size_t i = 0; i < events->n; i++)
        if (!sw_str_starts(events->v[i], SW_STR("s3:ObjectCreated:")) &&
            !sw_str_starts(events->v[i], SW_STR("s3:ObjectRemoved:")))
            return sw_refuse_field(err, &SW_NOT_IMPLEMENTED, "Event",
                                   "only s3:ObjectCreated:* and s3:ObjectRemoved:* happen here");
    return 0;
}

/* A destination is proven by sending it S3's test event: it exists, and its policy lets the bucket in. */
static int check_destination(SwCtx *cx, const S3BucketRecord *b, SwStr arn, const char *service, bool skip, SwError *err) {
    SwArn parts;
    if (!sw_arn_parse(arn, &parts) || !sw_str_eqz(parts.service, service))
        return s3_fail_argument(err, sw_strf(err->arena, "%s ARN", strcmp(service, "sqs") == 0 ? "Queue" : "Topic").p, arn,
                                "The ARN could not be parsed");
    if (skip)
        return 0;
    SwError lost = sw_error(cx->arena);
    SwStr source = s3_bucket_arn(cx, b->name);
    SwStr time = sw_time_iso8601(cx->arena, sw_now(cx));
    SwStr event = sw_strf(
        cx->arena,
        "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Time\":\"%.*s\",\"Bucket\":\"%.*s\",\"RequestId\":\"%.*s\","
        "\"HostId\":\"%.*s\"}",
        SW_FMT(time), SW_FMT(b->name), SW_FMT(cx->request_id), SW_FMT(cx->request_id));
    if (sw_target_deliver(sw_ctx_as_service(cx, "s3"), arn, source, event, NULL, &lost) == 0)
        return 0;
    if (sw_error_is(&lost, &SW_INTERNAL_FAILURE)) {
        *err = lost;
        return -1;
    }
    const char *kind = strcmp(service, "sqs") == 0 ? "queue" : "topic";
    SwStr why =
        lost.kind && lost.kind->http == 403
            ? sw_strf(err->arena, "Permissions on the destination %s do not allow S3 to publish notifications from this bucket",
                      kind)
            : sw_strf(err->arena, "The destination %s does not exist", kind);
    return s3_fail_argument(err, sw_str_z(err->arena, arn), why, "Unable to validate the following destination configurations");
}

/* A notification that has no id gets one. */
static int check_notification(SwCtx *cx, const SwFound *f, const void *input, SwError *err) {
    const S3BucketRecord *b = s3_bucket_found(f);
    const S3PutBucketNotificationConfigurationRequest *in = input;
    S3NotificationConfiguration *n = in->notification_configuration;
    for (size_t i = 0; i < n->queue_configurations.n; i++) {
        S3QueueConfiguration *c = &n->queue_configurations.v[i];
        if (check_events(&c->events, err) < 0 || check_filter(c->filter, err) < 0 ||
            check_destination(cx, b, c->queue_arn, "sqs", in->skip_destination_validation.v, err) < 0)
            return -1;
        c->id = sw_str_or(c->id, sw_md5_hex(cx->arena, c->queue_arn));
    }
    for (size_t i = 0; i < n->topic_configurations.n; i++) {
        S3TopicConfiguration *c = &n->topic_configurations.v[i];
        if (check_events(&c->events, err) < 0 || check_filter(c->filter, err) < 0 ||
            check_destination(cx, b, c->topic_arn, "sns", in->skip_destination_validation.v, err) < 0)
            return -1;
        c->id = sw_str_or(c->id, sw_md5_hex(cx->arena, c->topic_arn));
    }
    return 0;
}

const SwSettingHooks s3_bucket_notification_setting = {.check = check_notification};
