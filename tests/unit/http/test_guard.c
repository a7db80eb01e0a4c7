/* SPDX-License-Identifier: Apache-2.0 */
/* Where Slipway does not connect to for others, in every way to write an address. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "http/guard.h"

#define OWN 4566

static bool refuses(const char *ip, uint16_t port) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
        return sw_guard_refuses((struct sockaddr *)&v4, sizeof v4, OWN);
    assert_int_equal(inet_pton(AF_INET6, ip, &v6.sin6_addr), 1);
    return sw_guard_refuses((struct sockaddr *)&v6, sizeof v6, OWN);
}

static const struct {
    const char *ip;
    uint16_t port;
    bool refused;
} cases[] = {
    {"127.0.0.1", OWN, true},
    {"127.0.0.1", 8080, false},
    {"127.9.9.9", OWN, true},
    {"0.0.0.0", OWN, true},
    {"0.0.0.0", 8080, false},
    {"0.1.2.3", OWN, true},
    {"::1", OWN, true},
    {"::1", 8080, false},
    {"::", OWN, true},
    {"::ffff:127.0.0.1", OWN, true},
    {"::ffff:127.0.0.1", 80, false},
    {"::127.0.0.1", OWN, true},
    {"64:ff9b::7f00:1", OWN, true},
    {"2002:7f00:1::", OWN, true},
    {"::ffff:0.0.0.0", OWN, true},
    {"203.0.113.7", OWN, false},
    {"2001:db8::7", OWN, false},
    {"10.255.254.253", OWN, false},
    {"169.254.169.254", 80, true},
    {"169.254.170.2", 80, true},
    {"::ffff:169.254.169.254", 80, true},
    {"64:ff9b::a9fe:a9fe", 80, true},
    {"fe80::1", 80, true},
    {"fd00:ec2::254", 80, true},
};

static void an_address_is_judged_by_where_it_leads(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (refuses(cases[i].ip, cases[i].port) != cases[i].refused)
            fail_msg("%s port %u should be %s", cases[i].ip, cases[i].port, cases[i].refused ? "refused" : "let through");
}

static void every_address_of_this_machine_is_its_own(void **state) {
    struct ifaddrs *all;
    (void)state;
    assert_int_equal(getifaddrs(&all), 0);
    for (struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP))
            continue;
        struct sockaddr_in to = *(const struct sockaddr_in *)(const void *)i->ifa_addr;
        to.sin_port = htons(OWN);
        assert_true(sw_guard_refuses((struct sockaddr *)&to, sizeof to, OWN));
    }
    freeifaddrs(all);
}

static void what_is_no_internet_address_is_refused(void **state) {
    struct sockaddr other = {.sa_family = AF_UNIX};
    (void)state;
    assert_true(sw_guard_refuses(&other, sizeof other, OWN));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_judged_by_where_it_leads),
        cmocka_unit_test(every_address_of_this_machine_is_its_own),
        cmocka_unit_test(what_is_no_internet_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
