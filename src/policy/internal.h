/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The parsed form, shared by the files of this room. */

#include "policy/policy.h"

typedef enum PolicyOperator {
    OP_STRING_EQUALS,
    OP_STRING_EQUALS_FOLDED,
    OP_STRING_LIKE,
    OP_NUMERIC_EQUALS,
    OP_NUMERIC_LESS,
    OP_NUMERIC_LESS_EQUALS,
    OP_NUMERIC_GREATER,
    OP_NUMERIC_GREATER_EQUALS,
    OP_DATE_EQUALS,
    OP_DATE_LESS,
    OP_DATE_LESS_EQUALS,
    OP_DATE_GREATER,
    OP_DATE_GREATER_EQUALS,
    OP_BOOL,
    OP_BINARY_EQUALS,
    OP_IP_ADDRESS,
    OP_ARN_LIKE,
    OP_NULL,
} PolicyOperator;

typedef enum PolicyQuantifier { EACH_SINGLE, EACH_ANY_VALUE, EACH_ALL_VALUES } PolicyQuantifier;

typedef struct PolicyCondition {
    PolicyOperator op;
    PolicyQuantifier each;
    bool negated, if_exists;
    SwStr key;
    SwStrList values;
} PolicyCondition;

typedef enum PrincipalKind {
    PRINCIPAL_ANY,
    PRINCIPAL_AWS,
    PRINCIPAL_SERVICE,
    PRINCIPAL_FEDERATED,
    PRINCIPAL_CANONICAL
} PrincipalKind;
typedef struct PolicyPrincipal {
    PrincipalKind kind;
    SwStr value;
} PolicyPrincipal;

typedef struct PolicyStatement {
    bool deny, not_action, not_resource, not_principal;
    SwStr sid;
    SwStrList actions, resources; /* resources absent: any (trust policies) */
    PolicyPrincipal *principal;
    size_t n_principal;
    PolicyCondition *condition;
    size_t n_condition;
} PolicyStatement;

struct SwPolicy {
    SwPolicyUse use;
    bool variables; /* Version 2012-10-17 */
    PolicyStatement *statement;
    size_t n;
    const SwPolicyBound *bound;
    size_t n_bound;
};

/* condition.c. Name of an operator with its prefix and suffix, "ForAnyValue:StringLikeIfExists"; false: none such. */
bool policy_operator_parse(SwStr name, PolicyCondition *ret_c);
bool policy_condition_holds(const SwPolicy *p, const PolicyCondition *c, const SwPolicyQuery *q, bool deny);
const SwPolicyKey *policy_key(const SwPolicyQuery *q, SwStr name);

/* match.c. Policy variables put in; what they held is taken literally, wildcards too. False: one has no value. */
bool policy_expand(const SwPolicy *p, const SwPolicyQuery *q, SwStr text, SwStr *ret_pattern);
/* '*' and '?' over an expanded pattern. */
bool policy_glob(SwStr pattern, SwStr s, bool fold);
/* Part by part between colons. */
bool policy_arn_glob(SwStr pattern, SwStr arn);
SwStr policy_literal(SwArena *a, SwStr pattern); /* an expanded pattern as plain text, for equality */
