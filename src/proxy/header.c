/* SPDX-License-Identifier: Apache-2.0 */

/* What the load balancer says to targets in headers: X-Amzn-Trace-Id, X-Forwarded-*; and which
 * headers of clients it keeps back (Elastic Load Balancing, "HTTP headers and Application Load
 * Balancers" and "Request tracing"). */

#include "proxy/internal.h"

/* A new id is the Root where a client brings none, and Self beside the client's Root; a Self of
 * another load balancer is replaced. The id is "1-", the time, 24 random digits, all hexadecimal.
 */
void proxy_trace_header(SwBuf *b) {
    sw_buf_addz(b, "    http-request set-var-fmt(txn.tid) "
                   "1-%[date,hex,bytes(8,8),lower]-%[uuid(),regsub(-,,g),bytes(8,24)]\n"
                   "    http-request replace-header X-Amzn-Trace-Id '^(.*;)?Self=[^;]*;?(.*)$' '\\1\\2'\n"
                   "    http-request set-var(txn.trace) req.hdr(X-Amzn-Trace-Id)\n"
                   "    http-request set-header X-Amzn-Trace-Id Self=%[var(txn.tid)];%[var(txn.trace)] "
                   "if { var(txn.trace) -m sub Root= }\n"
                   "    http-request set-header X-Amzn-Trace-Id Root=%[var(txn.tid)];%[var(txn.trace)] "
                   "if !{ var(txn.trace) -m sub Root= } { var(txn.trace) -m len gt 0 }\n"
                   "    http-request set-header X-Amzn-Trace-Id Root=%[var(txn.tid)] "
                   "unless { var(txn.trace) -m len gt 0 }\n"
                   "    http-request set-var(txn.trace) req.hdr(X-Amzn-Trace-Id)\n");
}

void proxy_lb_headers(SwBuf *b, const SwProxyLoadBalancer *lb, SwStr listener) {
    if (lb->drop_invalid_headers)
        sw_buf_addf(b,
                    "    http-request del-header '[^-A-Za-z0-9]' -m reg if { var(txn.li) -m str "
                    "%.*s }\n",
                    SW_FMT(listener));
    if (lb->xff == SW_XFF_REMOVE)
        sw_buf_addf(b, "    http-request del-header X-Forwarded-For if { var(txn.li) -m str %.*s }\n", SW_FMT(listener));
    if (lb->xff == SW_XFF_APPEND)
        sw_buf_addf(b, "    http-request set-var-fmt(txn.xff) %s if { var(txn.li) -m str %.*s }\n",
                    lb->xff_client_port ? "%[src]:%[src_port]" : "%[src]", SW_FMT(listener));
}

void proxy_forwarded_headers(SwBuf *b, bool tls, uint16_t port) {
    sw_buf_addz(b, "    http-request replace-header X-Forwarded-For (.*) '\\1, %[var(txn.xff)]' if { "
                   "var(txn.xff) -m found } { req.hdr(X-Forwarded-For) -m found }\n"
                   "    http-request set-header X-Forwarded-For %[var(txn.xff)] if { "
                   "var(txn.xff) -m found } !{ req.hdr(X-Forwarded-For) -m found }\n");
    sw_buf_addf(b, "    http-request set-header X-Forwarded-Proto %s\n", tls ? "https" : "http");
    sw_buf_addf(b, "    http-request set-header X-Forwarded-Port %u\n", port);
}
