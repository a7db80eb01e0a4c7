/* SPDX-License-Identifier: Apache-2.0 */

/* Who a container's process is: names looked up in the image's own /etc/passwd and /etc/group,
 * opened so that no link in the image leads out of it. */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "container/room.h"

int sw_open_in_root(int root_fd, const char *path, int flags, unsigned mode) {
    struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

    return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

static SwStr read_in_root(SwArena *a, int root_fd, const char *path) {
    _sw_close_ int fd = sw_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    SwBuf b = sw_buf(a, SW_FILE_MAX);
    char part[4096];
    ssize_t n;

    while (fd >= 0 && (n = read(fd, part, sizeof(part))) > 0)
        sw_buf_add(&b, part, (size_t)n);
    return sw_buf_str(&b);
}

static bool u32(SwStr s, uint32_t *ret) {
    uint64_t v;

    if (!sw_str_to_u64(s, &v) || v > UINT32_MAX - 1)
        return false;
    *ret = (uint32_t)v;
    return true;
}

/* The line of passwd or group whose name or number is `who`, as fields. */
static bool lookup(SwArena *a, SwStr text, SwStr who, SwStrList *ret) {
    SwStr line;

    while (sw_str_next(&text, '\n', &line)) {
        *ret = sw_str_split(a, line, ':');
        if (ret->n >= 4 && (sw_str_eq(ret->v[0], who) || sw_str_eq(ret->v[2], who)))
            return true;
    }
    return false;
}

static void further_groups(SwArena *a, SwStr groups, SwStr user, SwStrList *ret) {
    SwStr line;

    while (sw_str_next(&groups, '\n', &line)) {
        SwStrList f = sw_str_split(a, line, ':');
        if (f.n < 4)
            continue;
        SwStrList members = sw_str_split(a, f.v[3], ',');
        if (sw_str_list_has(&members, user))
            sw_str_list_add(a, ret, f.v[2]);
    }
}

int sw_oci_user(SwArena *a, int root_fd, SwStr user, uint32_t *ret_uid, uint32_t *ret_gid, SwStrList *ret_more, SwStr *ret_home,
                SwError *err) {
    SwStr group = sw_str_or(user, SW_STR("0")), who, passwd = read_in_root(a, root_fd, "etc/passwd");
    SwStr groups = read_in_root(a, root_fd, "etc/group");
    SwStrList f, g;
    bool group_given = sw_str_cut(&group, ':', &who);

    if (!group_given)
        who = group;
    *ret_more = (SwStrList){0};
    *ret_home = SW_STR("/");
    *ret_gid = 0;
    if (lookup(a, passwd, who, &f) && u32(f.v[2], ret_uid) && u32(f.v[3], ret_gid)) {
        if (f.n >= 6 && f.v[5].n)
            *ret_home = f.v[5];
        if (!group_given)
            further_groups(a, groups, f.v[0], ret_more);
    } else if (!u32(who, ret_uid)) {
        return sw_fail(err, &SW_CONTAINER_START_FAILED, "unable to find user %.*s: no matching entries in passwd file",
                       SW_FMT(who));
    } else if (*ret_uid == 0) {
        *ret_home = SW_STR("/root");
    }
    if (group_given && !(lookup(a, groups, group, &g) && u32(g.v[2], ret_gid)) && !u32(group, ret_gid))
        return sw_fail(err, &SW_CONTAINER_START_FAILED, "unable to find group %.*s: no matching entries in group file",
                       SW_FMT(group));
    return 0;
}

SwValue *sw_oci_member(SwValue *o, const char *key) {
    for (size_t i = 0; o && o->kind == SW_VOBJECT && i < o->n; i++)
        if (sw_str_eqz(o->keys[i], key))
            return &o->v[i];
    return NULL;
}

int sw_oci_set_user(SwArena *a, SwValue *config, int root_fd, SwStr user, SwError *err) {
    uint32_t uid, gid, more;
    SwStrList list;
    SwStr home;
    SwValue *p = sw_oci_member(config, "process"), *env;

    if (sw_oci_user(a, root_fd, user, &uid, &gid, &list, &home, err) < 0)
        return -1;
    if (SW_NEVER(!p))
        return sw_fail_errno(err, EINVAL, "config.json has no process");
    SwValue *u = sw_value_set(a, p, SW_STR("user"), sw_value_object());
    sw_value_set(a, u, SW_STR("uid"), sw_value_int(a, uid));
    sw_value_set(a, u, SW_STR("gid"), sw_value_int(a, gid));
    SwValue *l = sw_value_set(a, u, SW_STR("additionalGids"), sw_value_array());
    for (size_t i = 0; i < list.n; i++)
        if (u32(list.v[i], &more))
            sw_value_add(a, l, sw_value_int(a, more));
    env = sw_oci_member(p, "env"); /* p may have grown elsewhere */
    for (size_t i = 0; env && i < env->n; i++)
        if (sw_str_starts(env->v[i].s, SW_STR("HOME=")))
            return 0;
    if (env)
        sw_value_add(a, env, sw_value_string(sw_strf(a, "HOME=%.*s", SW_FMT(home))));
    return 0;
}
