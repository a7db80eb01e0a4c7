/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Elastic Load Balancing v2: documents, and what the files of this folder share. The data plane is
 * HAProxy (src/proxy); one controller shows it the whole picture, another checks targets, a third
 * turns its records into metrics. */

#include "api/host.h"
#include "models/elbv2_resources.gen.h"
#include "proxy/health.h"

/*  collection      id                          found from an ARN's last parts
 *  load balancer   NAME                        loadbalancer/app/NAME/HEX
 *  listener        LB-HEX/HEX                  listener/app/NAME/LB-HEX/HEX
 *  rule            LB-HEX/LISTENER-HEX/HEX     listener-rule/app/NAME/LB-HEX/LISTENER-HEX/HEX
 *  target group    NAME                        targetgroup/NAME/HEX
 *  target          GROUP-HEX/ADDRESS:PORT
 *  position        one, id "metrics" */
extern const SwController elbv2_proxy, elbv2_health, elbv2_metrics;

/* RuleRecord.order of a listener's default rule: behind all others. */
#define ELBV2_ORDER_DEFAULT 1000000
#define ELBV2_PAGE          400

/* As ARNs say a load balancer's type. */
static inline SwStr elbv2_kind(SwStr type) {
    return sw_str_eqz(type, "network") ? SW_STR("net") : SW_STR("app");
}

static inline bool elbv2_is(SwStr s, const char *z) {
    return sw_str_eqz(s, z);
}

/* find.c */
int elbv2_rules_of(SwCtx *cx, SwStr listener_arn, Elbv2RuleRecords *ret_l, SwError *err) sw_must_check; /* by priority */
int elbv2_listeners_of(SwCtx *cx, SwStr lb_arn, Elbv2ListenerRecords *ret_l, SwError *err) sw_must_check;
int elbv2_targets_of(SwCtx *cx, const Elbv2TargetGroupRecord *g, Elbv2TargetRecords *ret_l, SwError *err) sw_must_check;
/* The proxy sends it no new requests any more: its deregistration delay begins. */
void elbv2_target_drained_from(const Elbv2TargetGroupRecord *g, Elbv2TargetRecord *t, SwTime now);
int elbv2_group_lbs(SwCtx *cx, SwStr group_arn, SwStrList *ret_arns, SwError *err) sw_must_check; /* that use it */
/* action.c: actions and conditions checked, and completed as AWS shows them */
int elbv2_actions(SwCtx *cx, const Elbv2LoadBalancerRecord *lb, SwStr protocol, const Elbv2ActionList *in,
                  Elbv2ActionList *ret_l, SwStrList *ret_groups, SwError *err) sw_must_check;
int elbv2_conditions(SwCtx *cx, const Elbv2RuleConditionList *in, Elbv2RuleConditionList *ret_l, SwError *err) sw_must_check;

/* attribute.c */
typedef struct Elbv2AttributeSpec {
    const char *key, *fallback; /* its default */
    const char *values;         /* "a|b|c"; NULL: a number from min to max, or any text where max < 0;
                                   "": nothing but the default can be done here */
    int64_t min, max;
} Elbv2AttributeSpec;
extern const Elbv2AttributeSpec elbv2_application_attributes[], elbv2_network_attributes[]; /* ended by {NULL} */
extern const Elbv2AttributeSpec elbv2_group_attributes[], elbv2_network_group_attributes[];
int elbv2_attribute_set(SwArena *a, const Elbv2AttributeSpec *specs, SwStrMap *m, SwStr key, SwStr value,
                        SwError *err) sw_must_check;
SwStr elbv2_attribute(const Elbv2AttributeSpec *specs, const SwStrMap *m, const char *key);
int64_t elbv2_attribute_number(const Elbv2AttributeSpec *specs, const SwStrMap *m, const char *key);
bool elbv2_group_is_network(const Elbv2TargetGroup *g); /* TCP or TLS */
const Elbv2AttributeSpec *elbv2_group_specs(const Elbv2TargetGroup *g);

/* rule.c: a listener's default rule is a rule document too */
int elbv2_rule_put_default(SwCtx *cx, const Elbv2ListenerRecord *li, const SwStrList *groups, SwError *err) sw_must_check;
int elbv2_rules_end(SwCtx *cx, SwStr listener_arn, SwError *err) sw_must_check;
int elbv2_listener_end(SwCtx *cx, const Elbv2ListenerRecord *li, SwError *err) sw_must_check;

/* target.c */
SwStr elbv2_target_id(SwArena *a, const Elbv2TargetGroupRecord *g, const Elbv2TargetDescription *t);
SwHealth elbv2_target_health(const Elbv2TargetRecord *t);
/* The one place where a target's state changes: record and event in cx->tx. `state` absent: only
 * the counters changed. */
int elbv2_target_set(SwCtx *cx, SwStr id, const Elbv2TargetGroupRecord *g, Elbv2TargetRecord *t, SwStr state,
                     SwError *err) sw_must_check;
/* Its group came into use, went out of it, or is checked in another way: look at all targets again.
 */
int elbv2_wake_targets(SwCtx *cx, const Elbv2TargetGroupRecord *g, SwError *err) sw_must_check;
int elbv2_wake_groups(SwCtx *cx, const SwStrList *group_arns, SwError *err) sw_must_check;

/* proxy_controller.c */
int elbv2_wake_proxy(SwCtx *cx, SwError *err) sw_must_check; /* one work item for all accounts and regions */
/* Names in the data plane carry whose they are, for metrics: "ACCOUNT.REGION.app.NAME.HEX",
 * "ACCOUNT.REGION.NAME.HEX". */
SwStr elbv2_proxy_lb_id(SwArena *a, SwStr account, SwStr region, const Elbv2LoadBalancerRecord *r);
SwStr elbv2_proxy_group_id(SwArena *a, SwStr account, SwStr region, const Elbv2TargetGroupRecord *r);
/* Can a listener have this port? In cx->tx. */
int elbv2_port_check(SwCtx *cx, SwStr listener_arn, SwStr lb_arn, int64_t port, SwStr protocol, SwError *err) sw_must_check;

/* elbv2.c */
int elbv2_wake_metrics(SwCtx *cx, SwError *err) sw_must_check;

/* probe.c: health checks on threads of their own, so that a target that hangs holds up nobody */
typedef struct Elbv2State Elbv2State; /* SwHost.elbv2 */
int elbv2_state_open(SwHost *h, SwError *err) sw_must_check;
void elbv2_state_close(SwHost *h);
void elbv2_state_reset(SwHost *h);
/* Starts a probe unless one of `key` is under way, waits for it a moment, and takes its result;
 * false: not there yet, the health controller will be woken for `id`. */
bool elbv2_probe(SwCtx *cx, SwStr id, const SwHealthCheck *c, SwStr address, uint16_t port, SwProbe *ret);
/* Ports that the data plane serves now. */
void elbv2_ports_set(SwHost *h, const uint16_t *port, size_t n);
bool elbv2_port_ours(SwHost *h, uint16_t port);
bool elbv2_port_free(SwHost *h, uint16_t port);
