/* SPDX-License-Identifier: Apache-2.0 */

/* Health checks as ELBv2 has them: reasons and texts are AWS's own, from the API reference of
 * TargetHealth. */

#include "base/lazy_curl.h"
#include "base/outside.h"
#include "http/guard.h"
#include "proxy/health.h"

#define OR(v, otherwise) ((v) > 0 ? (v) : (otherwise))

/* ---- matcher ---- */

static bool parse_code(SwStr s, int64_t *ret) {
    return s.n == 3 && sw_str_to_i64(s, ret) && *ret >= 100 && *ret <= 599;
}

static bool parse_range(SwStr part, int64_t *ret_low, int64_t *ret_high) {
    SwStr rest = sw_str_trim(part), low;

    if (!sw_str_cut(&rest, '-', &low))
        return parse_code(rest, ret_low) && (*ret_high = *ret_low, true);
    return parse_code(low, ret_low) && parse_code(rest, ret_high) && *ret_low <= *ret_high;
}

bool sw_health_matcher_valid(SwStr matcher) {
    SwStr part;
    int64_t low, high;

    if (!sw_str_is(matcher) || sw_str_ends(matcher, SW_STR(",")))
        return false;
    while (sw_str_next(&matcher, ',', &part))
        if (!parse_range(part, &low, &high) || low < 200 || high > 499)
            return false;
    return true;
}

bool sw_health_matches(SwStr matcher, int status) {
    SwStr part;
    int64_t low, high;

    matcher = sw_str_or(matcher, SW_STR("200"));
    while (sw_str_next(&matcher, ',', &part))
        if (parse_range(part, &low, &high) && status >= low && status <= high)
            return true;
    return false;
}

/* ---- probe ---- */

static size_t discard(char *p, size_t size, size_t n, void *arg) {
    return size * n;
}

static curl_socket_t open_socket(void *port, curlsocktype purpose, struct curl_sockaddr *to) {
    return sw_guard_open_socket(port, (int)purpose, to);
}

static SwProbe judge(const SwHealthCheck *c, CURL *h, CURLcode r) {
    long status = 0;

    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    if (r == CURLE_OPERATION_TIMEDOUT)
        return (SwProbe){SW_PROBE_TIMEOUT, 0};
    if (r != CURLE_OK)
        return (SwProbe){SW_PROBE_FAILED, 0};
    if (c->protocol == SW_CHECK_TCP || sw_health_matches(c->matcher, (int)status))
        return (SwProbe){SW_PROBE_OK, (int)status};
    return (SwProbe){SW_PROBE_MISMATCH, (int)status};
}

static void curl_freep(CURL **h) {
    if (*h)
        curl_easy_cleanup(*h);
}

void sw_health_probe(SwArena *a, const SwHealthCheck *c, SwStr address, uint16_t port, SwProbe *ret) {
    const char *scheme = c->protocol == SW_CHECK_HTTPS ? "https" : "http";
    bool v6 = memchr(address.p, ':', address.n);
    SwStr url = sw_strf(a, v6 ? "%s://[%.*s]:%u%.*s" : "%s://%.*s:%u%.*s", scheme, SW_FMT(address), port,
                        SW_FMT(sw_str_or(c->path, SW_STR("/"))));
    __attribute__((cleanup(curl_freep))) CURL *h = curl_easy_init();

    SW_ACTS_OUTSIDE();
    *ret = (SwProbe){SW_PROBE_FAILED, 0};
    if (!h)
        return;
    curl_easy_setopt(h, CURLOPT_URL, sw_str_z(a, url));
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)OR(c->timeout_ms, 5000));
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)OR(c->timeout_ms, 5000));
    curl_easy_setopt(h, CURLOPT_USERAGENT, "ELB-HealthChecker/2.0");
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(h, CURLOPT_CONNECT_ONLY, c->protocol == SW_CHECK_TCP ? 1L : 0L);
    if (c->guarded_port) {
        curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, (void *)(uintptr_t)&c->guarded_port);
    }
    *ret = judge(c, h, curl_easy_perform(h));
}

/* ---- state ---- */

bool sw_health_step(const SwHealthCheck *c, SwHealth *h, const SwProbe *r) {
    bool pass = r->result == SW_PROBE_OK;
    SwTargetState was = h->state;
    int64_t passes_needed = was == SW_TARGET_INITIAL ? 1 : OR(c->healthy_threshold, 5);

    h->last = *r;
    h->passes = pass ? h->passes + 1 : 0;
    h->fails = pass ? 0 : h->fails + 1;
    if (was == SW_TARGET_DRAINING)
        return false;
    if (pass && h->passes >= passes_needed)
        h->state = SW_TARGET_HEALTHY;
    if (!pass && h->fails >= OR(c->unhealthy_threshold, 2))
        h->state = SW_TARGET_UNHEALTHY;
    return h->state != was;
}

SwStr sw_health_reason(const SwHealth *h) {
    static const SwStr reason[] = {[SW_PROBE_OK] = SW_STR_C("Target.FailedHealthChecks"),
                                   [SW_PROBE_MISMATCH] = SW_STR_C("Target.ResponseCodeMismatch"),
                                   [SW_PROBE_TIMEOUT] = SW_STR_C("Target.Timeout"),
                                   [SW_PROBE_FAILED] = SW_STR_C("Target.FailedHealthChecks")};

    switch (h->state) {
    case SW_TARGET_INITIAL:
        return h->passes + h->fails ? SW_STR("Elb.InitialHealthChecking") : SW_STR("Elb.RegistrationInProgress");
    case SW_TARGET_HEALTHY: return SW_NO_STR;
    case SW_TARGET_UNHEALTHY: return reason[h->last.result];
    case SW_TARGET_DRAINING: return SW_STR("Target.DeregistrationInProgress");
    }
    return SW_NO_STR;
}

SwStr sw_health_description(SwArena *a, const SwHealth *h) {
    switch (h->state) {
    case SW_TARGET_INITIAL:
        return h->passes + h->fails ? SW_STR("Initial health checks in progress")
                                    : SW_STR("Target registration is in progress");
    case SW_TARGET_HEALTHY: return SW_NO_STR;
    case SW_TARGET_DRAINING: return SW_STR("Target deregistration is in progress");
    case SW_TARGET_UNHEALTHY: break;
    }
    if (h->last.result == SW_PROBE_MISMATCH)
        return sw_strf(a, "Health checks failed with these codes: [%d]", h->last.status);
    return h->last.result == SW_PROBE_TIMEOUT ? SW_STR("Request timed out") : SW_STR("Health checks failed");
}
