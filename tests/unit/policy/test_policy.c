/* SPDX-License-Identifier: Apache-2.0 */
/* The policy language, one row a case: what a statement says about one request, what is refused when it is stored, and
 * how several policies add up. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "policy/policy.h"

#define USER               "arn:aws:iam::111111111111:user/dev/ann"
#define S(body)            "{\"Version\":\"2012-10-17\",\"Statement\":[{" body "}]}"
#define ALLOW              "\"Effect\":\"Allow\","
#define ANY                "\"Action\":\"*\",\"Resource\":\"*\""
#define IF(op, key, value) S(ALLOW ANY ",\"Condition\":{\"" op "\":{\"" key "\":" value "}}")

static const SwStr two_tags[] = {SW_STR_C("red"), SW_STR_C("green")};
static const SwStr user_name[] = {SW_STR_C("ann")}, source_ip[] = {SW_STR_C("10.1.2.3")}, number[] = {SW_STR_C("17")},
                   date[] = {SW_STR_C("2026-11-21T05:00:00Z")}, yes[] = {SW_STR_C("true")}, star[] = {SW_STR_C("*")},
                   arn[] = {SW_STR_C("arn:aws:sns:us-east-1:111111111111:alerts")}, prefix[] = {SW_STR_C("home/ann/")};
static const SwPolicyKey keys[] = {
    {SW_STR_C("aws:username"), user_name, 1},
    {SW_STR_C("aws:SourceIp"), source_ip, 1},
    {SW_STR_C("x:Number"), number, 1},
    {SW_STR_C("aws:CurrentTime"), date, 1},
    {SW_STR_C("aws:SecureTransport"), yes, 1},
    {SW_STR_C("aws:TagKeys"), two_tags, 2},
    {SW_STR_C("aws:SourceArn"), arn, 1},
    {SW_STR_C("s3:prefix"), prefix, 1},
    {SW_STR_C("aws:PrincipalTag/evil"), star, 1},
};

static SwPolicyQuery query(SwArena *a, const char *action, const char *resource) {
    return (SwPolicyQuery){
        .action = sw_str(action),
        .resource = sw_str(resource),
        .principal = SW_STR(USER),
        .account = SW_STR("111111111111"),
        .key = keys,
        .n_key = SW_N(keys),
        .arena = a,
    };
}

static const struct {
    const char *label, *policy, *action, *resource;
    SwPolicyEffect want;
} cases[] = {
    {"everything", S(ALLOW ANY), "s3:GetObject", "arn:aws:s3:::b/k", SW_POLICY_ALLOW},
    {"another action", S(ALLOW "\"Action\":\"s3:GetObject\",\"Resource\":\"*\""), "s3:PutObject", "arn:aws:s3:::b/k",
     SW_POLICY_NONE},
    {"actions fold case", S(ALLOW "\"Action\":\"S3:getobject\",\"Resource\":\"*\""), "s3:GetObject", "*", SW_POLICY_ALLOW},
    {"action wildcard", S(ALLOW "\"Action\":[\"ec2:*\",\"s3:Get*\"],\"Resource\":\"*\""), "s3:GetObjectTagging", "*",
     SW_POLICY_ALLOW},
    {"one character", S(ALLOW "\"Action\":\"s3:Get?bject\",\"Resource\":\"*\""), "s3:GetObject", "*", SW_POLICY_ALLOW},
    {"NotAction leaves out", S(ALLOW "\"NotAction\":\"iam:*\",\"Resource\":\"*\""), "iam:CreateRole", "*", SW_POLICY_NONE},
    {"NotAction lets the rest", S(ALLOW "\"NotAction\":\"iam:*\",\"Resource\":\"*\""), "s3:GetObject", "*", SW_POLICY_ALLOW},
    {"resource by prefix", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/in/*\""), "s3:GetObject",
     "arn:aws:s3:::b/in/x/y", SW_POLICY_ALLOW},
    {"resources keep case", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/In/*\""), "s3:GetObject",
     "arn:aws:s3:::b/in/x", SW_POLICY_NONE},
    {"bucket is not its objects", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b\""), "s3:GetObject",
     "arn:aws:s3:::b/k", SW_POLICY_NONE},
    {"NotResource", S(ALLOW "\"Action\":\"*\",\"NotResource\":\"arn:aws:s3:::b/secret/*\""), "s3:GetObject",
     "arn:aws:s3:::b/secret/k", SW_POLICY_NONE},
    {"statement as an object", "{\"Version\":\"2012-10-17\",\"Statement\":{" ALLOW ANY "}}", "s3:GetObject", "*",
     SW_POLICY_ALLOW},
    {"deny wins",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{" ALLOW ANY
     "},{\"Effect\":\"Deny\",\"Action\":\"s3:Delete*\",\"Resource\":\"*\"}]}",
     "s3:DeleteObject", "arn:aws:s3:::b/k", SW_POLICY_DENY},
    {"variable in a resource", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${aws:username}/*\""), "s3:GetObject",
     "arn:aws:s3:::b/ann/k", SW_POLICY_ALLOW},
    {"variable of another", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${aws:username}/*\""), "s3:GetObject",
     "arn:aws:s3:::b/bob/k", SW_POLICY_NONE},
    {"unknown variable matches nothing", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${aws:nothing}/*\""),
     "s3:GetObject", "arn:aws:s3:::b//k", SW_POLICY_NONE},
    {"default of a variable", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${aws:nothing, 'all'}\""), "s3:GetObject",
     "arn:aws:s3:::b/all", SW_POLICY_ALLOW},
    {"a variable brings no wildcard", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${aws:PrincipalTag/evil}\""),
     "s3:GetObject", "arn:aws:s3:::b/k", SW_POLICY_NONE},
    {"its star is itself", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${aws:PrincipalTag/evil}\""), "s3:GetObject",
     "arn:aws:s3:::b/*", SW_POLICY_ALLOW},
    {"literal star", S(ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${*}\""), "s3:GetObject", "arn:aws:s3:::b/k",
     SW_POLICY_NONE},
    {"no variables in the old version",
     "{\"Version\":\"2008-10-17\",\"Statement\":[{" ALLOW "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::b/${aws:username}\"}]}",
     "s3:GetObject", "arn:aws:s3:::b/ann", SW_POLICY_NONE},
    {"StringEquals", IF("StringEquals", "aws:username", "\"ann\""), "a:b", "*", SW_POLICY_ALLOW},
    {"StringEquals any of several", IF("StringEquals", "aws:username", "[\"bob\",\"ann\"]"), "a:b", "*", SW_POLICY_ALLOW},
    {"StringEquals knows no wildcard", IF("StringEquals", "aws:username", "\"a*\""), "a:b", "*", SW_POLICY_NONE},
    {"key names fold case", IF("StringEquals", "AWS:UserName", "\"ann\""), "a:b", "*", SW_POLICY_ALLOW},
    {"StringNotEquals", IF("StringNotEquals", "aws:username", "[\"bob\",\"ann\"]"), "a:b", "*", SW_POLICY_NONE},
    {"StringNotEquals without the key", IF("StringNotEquals", "x:none", "\"a\""), "a:b", "*", SW_POLICY_ALLOW},
    {"StringEquals without the key", IF("StringEquals", "x:none", "\"a\""), "a:b", "*", SW_POLICY_NONE},
    {"StringEqualsIfExists without it", IF("StringEqualsIfExists", "x:none", "\"a\""), "a:b", "*", SW_POLICY_ALLOW},
    {"StringEqualsIfExists with it", IF("StringEqualsIfExists", "aws:username", "\"bob\""), "a:b", "*", SW_POLICY_NONE},
    {"StringEqualsIgnoreCase", IF("StringEqualsIgnoreCase", "aws:username", "\"ANN\""), "a:b", "*", SW_POLICY_ALLOW},
    {"StringNotEqualsIgnoreCase", IF("StringNotEqualsIgnoreCase", "aws:username", "\"ANN\""), "a:b", "*", SW_POLICY_NONE},
    {"StringLike", IF("StringLike", "s3:prefix", "\"home/${aws:username}/*\""), "a:b", "*", SW_POLICY_ALLOW},
    {"StringNotLike", IF("StringNotLike", "s3:prefix", "\"home/*\""), "a:b", "*", SW_POLICY_NONE},
    {"NumericEquals", IF("NumericEquals", "x:Number", "17"), "a:b", "*", SW_POLICY_ALLOW},
    {"NumericNotEquals", IF("NumericNotEquals", "x:Number", "\"17.0\""), "a:b", "*", SW_POLICY_NONE},
    {"NumericLessThan", IF("NumericLessThan", "x:Number", "\"17\""), "a:b", "*", SW_POLICY_NONE},
    {"NumericLessThanEquals", IF("NumericLessThanEquals", "x:Number", "\"17\""), "a:b", "*", SW_POLICY_ALLOW},
    {"NumericGreaterThan", IF("NumericGreaterThan", "x:Number", "\"3\""), "a:b", "*", SW_POLICY_ALLOW},
    {"NumericGreaterThanEquals", IF("NumericGreaterThanEquals", "x:Number", "\"18\""), "a:b", "*", SW_POLICY_NONE},
    {"a number that is none", IF("NumericGreaterThanEquals", "aws:username", "\"1\""), "a:b", "*", SW_POLICY_NONE},
    {"DateGreaterThan", IF("DateGreaterThan", "aws:CurrentTime", "\"2026-01-01T00:00:00Z\""), "a:b", "*", SW_POLICY_ALLOW},
    {"DateLessThan", IF("DateLessThan", "aws:CurrentTime", "\"2026-01-01T00:00:00Z\""), "a:b", "*", SW_POLICY_NONE},
    {"DateEquals", IF("DateEquals", "aws:CurrentTime", "\"2026-11-21T05:00:00Z\""), "a:b", "*", SW_POLICY_ALLOW},
    {"Bool", IF("Bool", "aws:SecureTransport", "\"true\""), "a:b", "*", SW_POLICY_ALLOW},
    {"Bool as JSON's own", IF("Bool", "aws:SecureTransport", "false"), "a:b", "*", SW_POLICY_NONE},
    {"IpAddress in a network", IF("IpAddress", "aws:SourceIp", "\"10.1.0.0/16\""), "a:b", "*", SW_POLICY_ALLOW},
    {"IpAddress outside", IF("IpAddress", "aws:SourceIp", "\"10.2.0.0/16\""), "a:b", "*", SW_POLICY_NONE},
    {"IpAddress odd bits", IF("IpAddress", "aws:SourceIp", "\"10.1.2.2/31\""), "a:b", "*", SW_POLICY_ALLOW},
    {"NotIpAddress", IF("NotIpAddress", "aws:SourceIp", "[\"10.2.0.0/16\",\"10.1.2.3\"]"), "a:b", "*", SW_POLICY_NONE},
    {"ArnLike", IF("ArnLike", "aws:SourceArn", "\"arn:aws:sns:*:111111111111:al*\""), "a:b", "*", SW_POLICY_ALLOW},
    {"ArnLike does not cross parts", IF("ArnLike", "aws:SourceArn", "\"arn:aws:*:alerts\""), "a:b", "*", SW_POLICY_NONE},
    {"ArnEquals takes wildcards too", IF("ArnEquals", "aws:SourceArn", "\"arn:aws:sns:us-east-1:*:alerts\""), "a:b", "*",
     SW_POLICY_ALLOW},
    {"ArnNotLike", IF("ArnNotLike", "aws:SourceArn", "\"arn:aws:sns:*:*:*\""), "a:b", "*", SW_POLICY_NONE},
    {"Null true: absent", IF("Null", "x:none", "\"true\""), "a:b", "*", SW_POLICY_ALLOW},
    {"Null true: present", IF("Null", "aws:username", "true"), "a:b", "*", SW_POLICY_NONE},
    {"Null false: present", IF("Null", "aws:username", "\"false\""), "a:b", "*", SW_POLICY_ALLOW},
    {"ForAnyValue", IF("ForAnyValue:StringEquals", "aws:TagKeys", "[\"green\",\"blue\"]"), "a:b", "*", SW_POLICY_ALLOW},
    {"ForAnyValue without the key", IF("ForAnyValue:StringEquals", "x:none", "\"a\""), "a:b", "*", SW_POLICY_NONE},
    {"ForAllValues", IF("ForAllValues:StringEquals", "aws:TagKeys", "[\"green\",\"red\",\"blue\"]"), "a:b", "*",
     SW_POLICY_ALLOW},
    {"ForAllValues with one too many", IF("ForAllValues:StringEquals", "aws:TagKeys", "[\"green\"]"), "a:b", "*",
     SW_POLICY_NONE},
    {"ForAllValues without the key", IF("ForAllValues:StringEquals", "x:none", "\"a\""), "a:b", "*", SW_POLICY_ALLOW},
    {"conditions are joined by and",
     S(ALLOW ANY ",\"Condition\":{\"StringEquals\":{\"aws:username\":\"ann\"},\"IpAddress\":{\"aws:SourceIp\":\"1.1.1.1\"}}"),
     "a:b", "*", SW_POLICY_NONE},
};

static void a_statement_speaks_about_what_it_names(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(cases); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        const SwPolicy *p;
        if (sw_policy_parse(a, sw_str(cases[i].policy), SW_POLICY_IDENTITY, &p, &err) < 0)
            fail_msg("%s: %s", cases[i].label, err.message);
        SwPolicyQuery q = query(a, cases[i].action, cases[i].resource);
        SwPolicyEffect have = sw_policy_evaluate(p, &q, NULL);
        if (have != cases[i].want)
            fail_msg("%s: %d instead of %d", cases[i].label, have, cases[i].want);
    }
}

#define TRUST(who) "{\"Version\":\"2012-10-17\",\"Statement\":[{" ALLOW "\"Principal\":" who ",\"Action\":\"sts:AssumeRole\"}]}"

static const struct {
    const char *label, *policy, *service, *role;
    SwPolicyEffect want;
    bool direct;
} trusts[] = {
    {"everybody", TRUST("\"*\""), NULL, NULL, SW_POLICY_ALLOW, true},
    {"the user itself", TRUST("{\"AWS\":\"" USER "\"}"), NULL, NULL, SW_POLICY_ALLOW, true},
    {"another user", TRUST("{\"AWS\":\"arn:aws:iam::111111111111:user/bob\"}"), NULL, NULL, SW_POLICY_NONE, false},
    {"the account's root delegates", TRUST("{\"AWS\":\"arn:aws:iam::111111111111:root\"}"), NULL, NULL, SW_POLICY_ALLOW, false},
    {"the account by number", TRUST("{\"AWS\":[\"222222222222\",\"111111111111\"]}"), NULL, NULL, SW_POLICY_ALLOW, false},
    {"another account", TRUST("{\"AWS\":\"222222222222\"}"), NULL, NULL, SW_POLICY_NONE, false},
    {"a role lets its sessions in", TRUST("{\"AWS\":\"arn:aws:iam::111111111111:role/r\"}"), NULL,
     "arn:aws:iam::111111111111:role/r", SW_POLICY_ALLOW, true},
    {"a service", TRUST("{\"Service\":[\"ecs.amazonaws.com\",\"ecs-tasks.amazonaws.com\"]}"), "ecs-tasks.amazonaws.com", NULL,
     SW_POLICY_ALLOW, true},
    {"another service", TRUST("{\"Service\":\"ec2.amazonaws.com\"}"), "ecs-tasks.amazonaws.com", NULL, SW_POLICY_NONE, false},
    {"a service is no user", TRUST("{\"Service\":\"ec2.amazonaws.com\"}"), NULL, NULL, SW_POLICY_NONE, false},
    {"not principal",
     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"NotPrincipal\":{\"AWS\":\"arn:aws:iam::111111111111:"
     "user/bob\"},\"Action\":\"*\"}]}",
     NULL, NULL, SW_POLICY_DENY, true},
};

static void a_trust_policy_lets_in_whom_it_names(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(trusts); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        const SwPolicy *p;
        if (sw_policy_parse(a, sw_str(trusts[i].policy), SW_POLICY_TRUST, &p, &err) < 0)
            fail_msg("%s: %s", trusts[i].label, err.message);
        SwPolicyQuery q = query(a, "sts:AssumeRole", "arn:aws:iam::111111111111:role/target");
        q.role = sw_str(trusts[i].role);
        if (trusts[i].service) {
            q.service = sw_str(trusts[i].service);
            q.principal = q.account = SW_NO_STR;
        }
        bool direct = false;
        SwPolicyEffect have = sw_policy_evaluate(p, &q, &direct);
        if (have != trusts[i].want || (have == SW_POLICY_ALLOW && direct != trusts[i].direct))
            fail_msg("%s: %d, direct %d", trusts[i].label, have, direct);
    }
}

static const struct {
    const char *policy;
    SwPolicyUse use;
    const char *message;
} malformed[] = {
    {"", SW_POLICY_IDENTITY, "Syntax errors in policy."},
    {"{", SW_POLICY_TRUST, "This policy contains invalid Json"},
    {"[]", SW_POLICY_IDENTITY, "Syntax errors in policy."},
    {"{\"Version\":\"2012-10-17\"}", SW_POLICY_IDENTITY, "Syntax errors in policy."},
    {"{\"Version\":\"2012-10-17\",\"Statement\":[]}", SW_POLICY_IDENTITY, "Syntax errors in policy."},
    {"{\"Version\":\"2020-01-01\",\"Statement\":[{" ALLOW ANY "}]}", SW_POLICY_IDENTITY,
     "Policy document must be version 2012-10-17 or greater."},
    {"{\"Version\":\"2012-10-17\",\"Statment\":[]}", SW_POLICY_IDENTITY, "Syntax errors in policy."},
    {S("\"Effect\":\"allow\"," ANY), SW_POLICY_IDENTITY, "Syntax errors in policy."},
    {S(ALLOW "\"Resource\":\"*\""), SW_POLICY_IDENTITY, "Policy statement must contain actions."},
    {S(ALLOW "\"Action\":\"*\""), SW_POLICY_IDENTITY, "Policy statement must contain resources."},
    {S(ALLOW "\"Action\":\"GetObject\",\"Resource\":\"*\""), SW_POLICY_IDENTITY,
     "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
    {S(ALLOW "\"Action\":\"s3:a:b\",\"Resource\":\"*\""), SW_POLICY_IDENTITY, "Actions/Condition can contain only one colon."},
    {S(ALLOW "\"Action\":\"s3:*\",\"Resource\":\"bucket\""), SW_POLICY_IDENTITY,
     "Resource bucket must be in ARN format or \"*\"."},
    {S(ALLOW ANY ",\"Principal\":\"*\""), SW_POLICY_IDENTITY, "Policy document should not specify a principal."},
    {S(ALLOW ANY ",\"Condition\":{\"StringIs\":{\"aws:username\":\"a\"}}"), SW_POLICY_IDENTITY,
     "Invalid Condition type : StringIs."},
    {S(ALLOW ANY ",\"Sid\":\"with space\""), SW_POLICY_IDENTITY,
     "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
    {"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"a\"," ALLOW ANY "},{\"Sid\":\"a\"," ALLOW ANY "}]}",
     SW_POLICY_IDENTITY, "Statement IDs (SID) in a single policy must be unique."},
    {S(ALLOW ANY ",\"Extra\":1"), SW_POLICY_IDENTITY, "Syntax errors in policy."},
    {S(ALLOW "\"Action\":\"sts:AssumeRole\""), SW_POLICY_TRUST, "Policy document must contain principal."},
    {S(ALLOW "\"Principal\":\"*\"," ANY), SW_POLICY_TRUST, "Has prohibited field Resource"},
    {S(ALLOW "\"Action\":\"ecr:*\""), SW_POLICY_REPOSITORY, "Missing required field Principal"},
    {S(ALLOW "\"Principal\":\"*\"," ANY), SW_POLICY_REPOSITORY, "Has prohibited field Resource"},
    {TRUST("{\"Service\":\"ecs\"}"), SW_POLICY_TRUST, "Invalid principal in policy: \"SERVICE\":\"ecs\""},
    {TRUST("{\"AWS\":\"bob\"}"), SW_POLICY_TRUST, "Invalid principal in policy: \"AWS\":\"bob\""},
    {TRUST("{\"Who\":\"bob\"}"), SW_POLICY_TRUST, "Invalid principal in policy: \"Who\""},
};

static void a_malformed_policy_is_refused_in_iams_words(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(malformed); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        SwError err = sw_error(a);
        const SwPolicy *p;
        if (sw_policy_parse(a, sw_str(malformed[i].policy), malformed[i].use, &p, &err) == 0)
            fail_msg("accepted: %s", malformed[i].policy);
        assert_string_equal(err.kind->code, "MalformedPolicyDocument");
        assert_string_equal(err.message, malformed[i].message);
    }
}

#define NOTHING     S(ALLOW "\"Action\":\"x:y\",\"Resource\":\"*\"")
#define ALL         S(ALLOW ANY)
#define NONE_AT_ALL S("\"Effect\":\"Deny\"," ANY)
#define BUCKET(effect, who) \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"" effect "\",\"Principal\":" who "," ANY "}]}"

static const struct {
    const char *label, *identity, *boundary, *session, *resource;
    SwPolicyReason want;
} sums[] = {
    {"identity alone", ALL, NULL, NULL, NULL, SW_POLICY_ALLOWED},
    {"nothing allows", NOTHING, NULL, NULL, NULL, SW_POLICY_NO_IDENTITY},
    {"explicit deny", NONE_AT_ALL, NULL, NULL, BUCKET("Allow", "\"*\""), SW_POLICY_DENIED_IDENTITY},
    {"boundary limits", ALL, NOTHING, NULL, NULL, SW_POLICY_NO_BOUNDARY},
    {"boundary grants nothing", NOTHING, ALL, NULL, NULL, SW_POLICY_NO_IDENTITY},
    {"boundary denies", ALL, NONE_AT_ALL, NULL, NULL, SW_POLICY_DENIED_BOUNDARY},
    {"session limits", ALL, NULL, NOTHING, NULL, SW_POLICY_NO_SESSION},
    {"session denies", ALL, NULL, NONE_AT_ALL, NULL, SW_POLICY_DENIED_SESSION},
    {"resource is enough when it names the caller", NOTHING, NULL, NULL, BUCKET("Allow", "{\"AWS\":\"" USER "\"}"),
     SW_POLICY_ALLOWED},
    {"resource that trusts the account is not", NOTHING, NULL, NULL, BUCKET("Allow", "{\"AWS\":\"111111111111\"}"),
     SW_POLICY_NO_IDENTITY},
    {"resource denies", ALL, NULL, NULL, BUCKET("Deny", "\"*\""), SW_POLICY_DENIED_RESOURCE},
    {"a user's boundary does not limit what a resource grants", NOTHING, NOTHING, NULL,
     BUCKET("Allow", "{\"AWS\":\"" USER "\"}"), SW_POLICY_ALLOWED},
    {"a session policy limits what a resource grants", NOTHING, NULL, NOTHING, BUCKET("Allow", "{\"AWS\":\"" USER "\"}"),
     SW_POLICY_NO_IDENTITY},
};

static const SwPolicy *parsed(SwArena *a, const char *text, SwPolicyUse use) {
    SwError err = sw_error(a);
    const SwPolicy *p = NULL;
    if (text)
        assert_int_equal(sw_policy_parse(a, sw_str(text), use, &p, &err), 0);
    return p;
}

static void several_policies_add_up_as_aws_documents(void **state) {
    (void)state;
    for (size_t i = 0; i < SW_N(sums); i++) {
        _sw_arena_ SwArena *a = sw_arena_new(0);
        const SwPolicy *identity = parsed(a, sums[i].identity, SW_POLICY_IDENTITY),
                       *boundary = parsed(a, sums[i].boundary, SW_POLICY_IDENTITY),
                       *session = parsed(a, sums[i].session, SW_POLICY_IDENTITY);
        SwPolicySet set = {.identity = &identity,
                           .n_identity = 1,
                           .boundary = boundary ? &boundary : NULL,
                           .n_boundary = 1,
                           .session = session ? &session : NULL,
                           .n_session = 1,
                           .resource = parsed(a, sums[i].resource, SW_POLICY_RESOURCE)};
        SwPolicyQuery q = query(a, "s3:GetObject", "arn:aws:s3:::b/k");
        SwPolicyReason have = sw_policy_decide(&set, &q);
        if (have != sums[i].want)
            fail_msg("%s: %d instead of %d", sums[i].label, have, sums[i].want);
    }
}

static void of_a_key_that_is_there_twice_a_deny_needs_one_and_an_allow_both(void **state) {
    (void)state;
    static const SwStr values[] = {SW_STR_C("dev"), SW_STR_C("prod")};
    static const struct {
        const char *effect, *value;
        SwPolicyEffect want;
    } twice[] = {
        {"Deny", "dev", SW_POLICY_DENY},  {"Deny", "prod", SW_POLICY_DENY},  {"Deny", "test", SW_POLICY_NONE},
        {"Allow", "dev", SW_POLICY_NONE}, {"Allow", "prod", SW_POLICY_NONE}, {"Allow", "*", SW_POLICY_ALLOW},
    };
    for (int order = 0; order < 2; order++)
        for (size_t i = 0; i < SW_N(twice); i++) {
            _sw_arena_ SwArena *a = sw_arena_new(0);
            SwStr text = sw_strf(a,
                                 "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"%s\",\"Action\":\"*\",\"Resource\":"
                                 "\"*\",\"Condition\":"
                                 "{\"StringLike\":{\"aws:RequestTag/env\":\"%s\"}}}}",
                                 twice[i].effect, twice[i].value);
            const SwPolicyKey pair[] = {{SW_STR("aws:RequestTag/env"), &values[order], 1},
                                        {SW_STR("aws:RequestTag/ENV"), &values[!order], 1}};
            SwPolicyQuery q = {.action = SW_STR("a:b"), .resource = SW_STR("*"), .key = pair, .n_key = 2, .arena = a};
            if (sw_policy_evaluate(parsed(a, text.p, SW_POLICY_IDENTITY), &q, NULL) != twice[i].want)
                fail_msg("%s of %s", twice[i].effect, twice[i].value);
        }
}

/* A value that a client chose, brought in many times, is as long as it gets: the statement still speaks. */
static void a_deny_holds_however_long_its_variables_grow(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    char *x = sw_arena_alloc(a, 60001);
    memset(x, 'x', 60000);
    SwStr agent = sw_str(x), twice = sw_strf(a, "b%s%s", x, x);
    const SwPolicyKey pair[] = {{SW_STR("aws:UserAgent"), &agent, 1}, {SW_STR("x:y"), &twice, 1}};
    SwPolicyQuery q = {.action = SW_STR("a:b"), .resource = SW_STR("*"), .key = pair, .n_key = 2, .arena = a};
    const char *text =
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":"
        "{\"StringEquals\":{\"x:y\":\"b${aws:UserAgent}${aws:UserAgent}\"}}}}";
    assert_int_equal(sw_policy_evaluate(parsed(a, text, SW_POLICY_IDENTITY), &q, NULL), SW_POLICY_DENY);
}

static void a_principal_that_is_bound_is_its_unique_id(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const SwPolicy *p = parsed(a, TRUST("{\"AWS\":\"" USER "\"}"), SW_POLICY_TRUST);
    SwPolicyQuery q = {.action = SW_STR("sts:AssumeRole"),
                       .resource = SW_STR("*"),
                       .principal = SW_STR(USER),
                       .account = SW_STR("111111111111"),
                       .id = SW_STR("AIDA1"),
                       .arena = a};
    assert_int_equal(sw_policy_principals(a, p).n, 1);
    assert_int_equal(sw_policy_evaluate(p, &q, NULL), SW_POLICY_ALLOW);
    const SwPolicy *bound = sw_policy_bind(a, p, &(SwPolicyBound){SW_STR(USER), SW_STR("AIDA1")}, 1);
    assert_int_equal(sw_policy_evaluate(bound, &q, NULL), SW_POLICY_ALLOW);
    q.id = SW_STR("AIDA2");
    assert_int_equal(sw_policy_evaluate(bound, &q, NULL), SW_POLICY_NONE);
    assert_int_equal(sw_policy_evaluate(p, &q, NULL), SW_POLICY_ALLOW); /* which others may use, bound to somebody else */
}

static void a_policy_that_is_asked_for_again_is_the_same(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    const SwPolicy *p[3];
    SwError err = sw_error(a);
    SwStr text = SW_STR(TRUST("{\"AWS\":\"" USER "\"}"));
    for (int i = 0; i < 2; i++)
        assert_int_equal(sw_policy_parsed(a, text, SW_POLICY_TRUST, &p[i], &err), 0);
    assert_ptr_equal(p[0], p[1]);
    assert_int_equal(sw_policy_parsed(a, text, SW_POLICY_REPOSITORY, &p[2], &err), 0);
    assert_ptr_not_equal(p[0], p[2]); /* read as another kind */
    assert_int_equal(sw_policy_parsed(a, text, SW_POLICY_IDENTITY, &p[2], &err), -1);
    assert_ptr_equal(err.kind, &SW_MALFORMED_POLICY);
}

static void a_policy_is_public_where_everybody_is_allowed_and_nothing_fixes_who(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
#define SAYS(rest)            "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"," rest "}]}"
#define WHERE(op, key, value) SAYS("\"Principal\":\"*\",\"Condition\":{\"" op "\":{\"" key "\":\"" value "\"}}")
    static const struct {
        const char *document;
        bool is;
    } rows[] = {
        {SAYS("\"Principal\":\"*\""), true},
        {SAYS("\"Principal\":{\"AWS\":[\"" USER "\",\"*\"]}"), true},
        {SAYS("\"NotPrincipal\":{\"AWS\":\"" USER "\"}"), true},
        {SAYS("\"Principal\":{\"AWS\":\"" USER "\"}"), false},
        {SAYS("\"Principal\":{\"Service\":\"*\"}"), false},
        {WHERE("StringEquals", "AWS:SourceAccount", "000000000000"), false},
        {WHERE("StringNotEquals", "aws:SourceAccount", "000000000000"), true},
        {WHERE("StringEqualsIfExists", "aws:SourceAccount", "000000000000"), true},
        {WHERE("StringEquals", "aws:PrincipalTag/a", "b"), true},
        {WHERE("StringLike", "aws:PrincipalArn", "*"), true},
        {"{\"Statement\":{\"Effect\":\"Deny\",\"Principal\":\"*\"}}", false},
        {"{}", false},
        {"[", false},
        {"", false},
    };
    for (size_t i = 0; i < SW_N(rows); i++)
        if (sw_policy_is_public(a, sw_str(rows[i].document)) != rows[i].is)
            fail_msg("%s", rows[i].document);
}

static void a_refusal_says_which_kind_of_policy_is_missing(void **state) {
    (void)state;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwStr text = sw_policy_reason_text(a, SW_POLICY_NO_IDENTITY, SW_STR("s3:GetObject"));
    assert_string_equal(text.p, "because no identity-based policy allows the s3:GetObject action");
    text = sw_policy_reason_text(a, SW_POLICY_DENIED_BOUNDARY, SW_STR("s3:GetObject"));
    assert_string_equal(text.p, "with an explicit deny in a permissions boundary");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_speaks_about_what_it_names),
        cmocka_unit_test(a_trust_policy_lets_in_whom_it_names),
        cmocka_unit_test(a_policy_is_public_where_everybody_is_allowed_and_nothing_fixes_who),
        cmocka_unit_test(a_malformed_policy_is_refused_in_iams_words),
        cmocka_unit_test(several_policies_add_up_as_aws_documents),
        cmocka_unit_test(of_a_key_that_is_there_twice_a_deny_needs_one_and_an_allow_both),
        cmocka_unit_test(a_deny_holds_however_long_its_variables_grow),
        cmocka_unit_test(a_principal_that_is_bound_is_its_unique_id),
        cmocka_unit_test(a_policy_that_is_asked_for_again_is_the_same),
        cmocka_unit_test(a_refusal_says_which_kind_of_policy_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
