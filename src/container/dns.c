/* SPDX-License-Identifier: Apache-2.0 */

/* DNS messages (RFC 1035), as much as a container's name server needs: one question in, addresses
 * out. Everything read is bounds-checked; a name in a query may not be compressed, as none
 * needs to be. */

#include <string.h>

#include "container/room.h"

#define HEADER 12

static unsigned u16(const uint8_t *p) {
    return (unsigned)p[0] << 8 | p[1];
}

static uint8_t *put16(uint8_t *p, unsigned v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
    return p + 2;
}

bool sw_dns_parse(const uint8_t *p, size_t n, SwDnsQuestion *ret) {
    size_t at = HEADER, out = 0;

    *ret = (SwDnsQuestion){0};
    if (n < HEADER + 5 || (p[2] & 0x80) || u16(p + 4) != 1) /* a response, or not one question */
        return false;
    ret->id = (uint16_t)u16(p);
    ret->flags = (uint16_t)u16(p + 2);
    for (;;) {
        size_t len = at < n ? p[at] : 64;
        if (len > 63 || at + 1 + len > n)
            return false;
        at++;
        if (len == 0)
            break;
        if (out + len + (out > 0) > SW_DNS_NAME_MAX - 2)
            return false;
        if (out)
            ret->name[out++] = '.';
        for (size_t i = 0; i < len; i++) {
            uint8_t c = p[at + i];
            if (c == 0 || c == '.')
                return false;
            ret->name[out++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
        at += len;
    }
    if (at + 4 > n)
        return false;
    ret->name[out] = '\0';
    ret->type = (uint16_t)u16(p + at);
    ret->class_ = (uint16_t)u16(p + at + 2);
    ret->end = at + 4;
    return true;
}

size_t sw_dns_answer(const uint8_t *query, const SwDnsQuestion *q, const uint32_t *ip, size_t n_ip, unsigned rcode,
                     unsigned ttl, uint8_t *out, size_t cap) {
    uint8_t *p = out + q->end;

    if (q->end + n_ip * 16 > cap)
        n_ip = cap > q->end ? (cap - q->end) / 16 : 0;
    memcpy(out, query, q->end);
    /* response, opcode and RD as asked, recursion available; authoritative */
    put16(out + 2, 0x8480 | (q->flags & 0x7900) | (rcode & 15));
    put16(out + 6, (unsigned)n_ip);
    put16(out + 8, 0);
    put16(out + 10, 0);
    for (size_t i = 0; i < n_ip; i++) {
        p = put16(p, 0xc000 | HEADER);
        p = put16(p, 1);
        p = put16(p, 1);
        p = put16(p, ttl >> 16);
        p = put16(p, ttl & 0xffff);
        p = put16(p, 4);
        p = put16(p, ip[i] >> 16);
        p = put16(p, ip[i] & 0xffff);
    }
    return (size_t)(p - out);
}
