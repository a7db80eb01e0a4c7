/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images, as docker pushes them to this server and as AWS writes them. */

#include "container/image.h"

bool sw_ecr_host_parse(SwStr host, SwStr *ret_account, SwStr *ret_region, SwStr *ret_domain) {
    SwStr dkr, ecr;
    return sw_str_cut(&host, '.', ret_account) && ret_account->n == 12 && sw_str_all(*ret_account, "0-9") &&
           sw_str_cut(&host, '.', &dkr) && sw_str_eqz(dkr, "dkr") && sw_str_cut(&host, '.', &ecr) && sw_str_eqz(ecr, "ecr") &&
           sw_str_cut(&host, '.', ret_region) && ret_region->n && (*ret_domain = host).n;
}

static bool is_here(SwStr host, SwStr registry, SwImageName *n) {
    SwStr port = registry, domain;
    size_t at;
    if (sw_str_rfind(registry, ':', &at))
        port = sw_str_skip(registry, at + 1);
    if (sw_str_starts(host, SW_STR("127.0.0.1:")) || sw_str_starts(host, SW_STR("localhost:")))
        return sw_str_eq(sw_str_skip(host, 10), port);
    return sw_ecr_host_parse(host, &n->account, &n->region, &domain) &&
           (sw_str_eqz(domain, "amazonaws.com") || sw_str_starts(domain, SW_STR("localhost")));
}

bool sw_image_name_parse(SwStr name, SwStr registry, SwImageName *ret) {
    SwImageName n = {0};
    SwStr rest = name, host;
    size_t at;
    if (!sw_str_cut(&rest, '/', &host) || !is_here(host, registry, &n))
        return false;
    if (sw_str_find(rest, '@', &at)) {
        n.digest = sw_str_skip(rest, at + 1);
        rest = sw_str_n(rest.p, at);
    }
    if (sw_str_rfind(rest, ':', &at)) {
        n.tag = sw_str_skip(rest, at + 1);
        rest = sw_str_n(rest.p, at);
    } else if (!n.digest.n) {
        n.tag = SW_STR("latest");
    }
    n.repository = rest;
    *ret = n;
    return rest.n > 0;
}
