/* SPDX-License-Identifier: Apache-2.0 */

/* The OCI runtime configuration that runc reads, built as one JSON tree from a checked
 * SwContainerSpec. Defaults (capabilities, masked paths, devices) are those that container
 * engines share, so that an image that works there works here. What depends on the mounted root
 * (the user's numbers, HOME) is set at start by user.c. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "container/room.h"

const SwErrorKind SW_CONTAINER_START_FAILED = {.code = "ContainerStartFailed", .http = 400};

/* By number, linux/capability.h. */
static const char *const cap_names[] = {"CHOWN",
                                        "DAC_OVERRIDE",
                                        "DAC_READ_SEARCH",
                                        "FOWNER",
                                        "FSETID",
                                        "KILL",
                                        "SETGID",
                                        "SETUID",
                                        "SETPCAP",
                                        "LINUX_IMMUTABLE",
                                        "NET_BIND_SERVICE",
                                        "NET_BROADCAST",
                                        "NET_ADMIN",
                                        "NET_RAW",
                                        "IPC_LOCK",
                                        "IPC_OWNER",
                                        "SYS_MODULE",
                                        "SYS_RAWIO",
                                        "SYS_CHROOT",
                                        "SYS_PTRACE",
                                        "SYS_PACCT",
                                        "SYS_ADMIN",
                                        "SYS_BOOT",
                                        "SYS_NICE",
                                        "SYS_RESOURCE",
                                        "SYS_TIME",
                                        "SYS_TTY_CONFIG",
                                        "MKNOD",
                                        "LEASE",
                                        "AUDIT_WRITE",
                                        "AUDIT_CONTROL",
                                        "SETFCAP",
                                        "MAC_OVERRIDE",
                                        "MAC_ADMIN",
                                        "SYSLOG",
                                        "WAKE_ALARM",
                                        "BLOCK_SUSPEND",
                                        "AUDIT_READ",
                                        "PERFMON",
                                        "BPF",
                                        "CHECKPOINT_RESTORE"};
#define DEFAULT_CAPS \
    (1ULL << 0 | 1ULL << 1 | 1ULL << 3 | 1ULL << 4 | 1ULL << 5 | 1ULL << 6 | 1ULL << 7 | 1ULL << 8 | 1ULL << 10 | 1ULL << 13 | \
     1ULL << 18 | 1ULL << 27 | 1ULL << 29 | 1ULL << 31)

static SwValue *sets(SwArena *a, SwValue *o, const char *key, const char *z) {
    return sw_value_set(a, o, sw_str(key), sw_value_string(sw_str(z)));
}
static SwValue *seti(SwArena *a, SwValue *o, const char *key, int64_t i) {
    return sw_value_set(a, o, sw_str(key), sw_value_int(a, i));
}
static SwValue *object(SwArena *a, SwValue *o, const char *key) {
    return sw_value_set(a, o, sw_str(key), sw_value_object());
}
static SwValue *array(SwArena *a, SwValue *o, const char *key) {
    return sw_value_set(a, o, sw_str(key), sw_value_array());
}
static void adds(SwArena *a, SwValue *list, SwStr s) {
    sw_value_add(a, list, sw_value_string(s));
}

SwValue *sw_oci_mount(SwArena *a, SwValue *mounts, SwStr target, const char *type, SwStr source, const char *options) {
    SwValue *m = sw_value_add(a, mounts, sw_value_object());
    SwStr rest = sw_str(options), part;

    sw_value_set(a, m, SW_STR("destination"), sw_value_string(target));
    sets(a, m, "type", type);
    sw_value_set(a, m, SW_STR("source"), sw_value_string(source));
    SwValue *list = array(a, m, "options");
    while (sw_str_next(&rest, ',', &part))
        adds(a, list, sw_str_dup(a, part));
    return m;
}

/* ---- capabilities ---- */

static uint64_t own_caps(SwArena *a) {
    SwError err = sw_error(a);
    SwStr text, line;

    if (sw_file_read(a, "/proc/self/status", 64 * SW_KIB, &text, &err) < 0)
        return DEFAULT_CAPS;
    while (sw_str_next(&text, '\n', &line))
        if (sw_str_starts(line, SW_STR("CapPrm:")))
            return strtoull(sw_str_z(a, sw_str_trim(sw_str_skip(line, 7))), NULL, 16);
    return DEFAULT_CAPS;
}

static uint64_t cap_bit(SwStr name) {
    if (sw_str_ieq(name, SW_STR("ALL")))
        return ~0ULL;
    if (name.n > 4 && sw_str_ieq(sw_str_n(name.p, 4), SW_STR("CAP_")))
        name = sw_str_skip(name, 4);
    for (size_t i = 0; i < SW_N(cap_names); i++)
        if (sw_str_ieq(name, sw_str(cap_names[i])))
            return 1ULL << i;
    return 0;
}

bool sw_container_cap_known(SwStr name) {
    return cap_bit(name) != 0;
}

bool sw_container_cap_is_default(SwStr name) {
    return (cap_bit(name) & DEFAULT_CAPS) == cap_bit(name);
}

bool sw_container_can_unmount(bool privileged, const SwStrList *cap_add) {
    for (size_t i = 0; i < cap_add->n; i++)
        privileged |= !sw_container_cap_is_default(cap_add->v[i]);
    return privileged;
}

static int caps(SwArena *a, const SwContainerSpec *s, SwValue *process, SwError *err) {
    static const char *const sets_[] = {"bounding", "effective", "permitted"};
    uint64_t have = own_caps(a), want = s->privileged ? ~0ULL : DEFAULT_CAPS;

    for (size_t i = 0; i < s->cap_add.n; i++) {
        uint64_t bit = cap_bit(s->cap_add.v[i]);
        if (bit == 0 || (bit != ~0ULL && !(bit & have)))
            return sw_fail(err, &SW_CONTAINER_START_FAILED, "capability %.*s cannot be given", SW_FMT(s->cap_add.v[i]));
        want |= bit;
    }
    for (size_t i = 0; i < s->cap_drop.n; i++) {
        uint64_t bit = cap_bit(s->cap_drop.v[i]);
        if (bit == 0)
            return sw_fail(err, &SW_CONTAINER_START_FAILED, "capability %.*s is not known", SW_FMT(s->cap_drop.v[i]));
        want &= ~bit;
    }
    SwValue *o = object(a, process, "capabilities");
    for (size_t k = 0; k < SW_N(sets_); k++) {
        SwValue *list = array(a, o, sets_[k]);
        for (size_t i = 0; i < SW_N(cap_names); i++)
            if (want & have & 1ULL << i)
                adds(a, list, sw_strf(a, "CAP_%s", cap_names[i]));
    }
    return 0;
}

/* ---- the process ---- */

static void env_set(SwArena *a, SwStrList *env, SwStr pair) {
    SwStr rest = pair, name;

    if (!sw_str_cut(&rest, '=', &name))
        name = pair;
    for (size_t i = 0; i < env->n; i++)
        if (env->v[i].n > name.n && env->v[i].p[name.n] == '=' && memcmp(env->v[i].p, name.p, name.n) == 0) {
            env->v[i] = pair;
            return;
        }
    sw_str_list_add(a, env, pair);
}

static int command(SwArena *a, const SwContainerSpec *s, SwStrList *ret, SwError *err) {
    const SwStrList none = {0};
    const SwStrList *entry = s->entrypoint.v || !s->image ? &s->entrypoint : &s->image->entrypoint;
    const SwStrList *cmd = s->args.v ? &s->args : s->entrypoint.v || !s->image ? &none : &s->image->cmd;

    *ret = (SwStrList){0};
    for (size_t i = 0; i < entry->n; i++)
        sw_str_list_add(a, ret, entry->v[i]);
    for (size_t i = 0; i < cmd->n; i++)
        sw_str_list_add(a, ret, cmd->v[i]);
    return ret->n ? 0 : sw_fail(err, &SW_CONTAINER_START_FAILED, "No command specified");
}

static const struct {
    const char *name;
    int resource;
} ulimits[] = {
    {"core", RLIMIT_CORE},         {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},         {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},       {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},           {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
};

#define CAP_SYS_RESOURCE_BIT (1ULL << 24)

/* No process may open more files than fs.nr_open, and who lacks SYS_RESOURCE has its own hard limit for
 * its children's. */
int sw_container_ulimit_check(const SwUlimit *u, SwError *err) {
    SwArena *a = err->arena;
    SwError ignored = sw_error(a);
    struct rlimit own;
    uint64_t top = UINT64_MAX, nr_open, hard = (uint64_t)u->hard;
    const char *of = "";
    SwStr text;
    size_t k = 0;

    while (k < SW_N(ulimits) && !sw_str_eqz(u->name, ulimits[k].name))
        k++;
    if (k == SW_N(ulimits))
        return sw_fail(err, &SW_CONTAINER_START_FAILED, "ulimit %.*s is not known", SW_FMT(u->name));
    if (!(own_caps(a) & CAP_SYS_RESOURCE_BIT) && getrlimit((__rlimit_resource_t)ulimits[k].resource, &own) == 0) {
        top = own.rlim_max;
        of = "the hard limit that Slipway runs under";
    }
    if (ulimits[k].resource == RLIMIT_NOFILE && sw_file_read(a, "/proc/sys/fs/nr_open", 32, &text, &ignored) == 0 &&
        sw_str_to_u64(sw_str_trim(text), &nr_open) && nr_open < top) {
        top = nr_open;
        of = "fs.nr_open";
    }
    if (hard <= top)
        return 0;
    SwStr asked = u->hard < 0 ? SW_STR("unlimited") : sw_strf(a, "%llu", (unsigned long long)hard);
    return sw_fail(err, &SW_CONTAINER_START_FAILED, "ulimit %.*s of %.*s is beyond what this machine can give: %llu (%s)",
                   SW_FMT(u->name), SW_FMT(asked), (unsigned long long)top, of);
}

static int rlimits(SwArena *a, const SwContainerSpec *s, SwValue *process, SwError *err) {
    SwValue *list = array(a, process, "rlimits");

    for (size_t i = 0; i < s->n_ulimits; i++) {
        const SwUlimit *u = &s->ulimits[i];
        if (sw_container_ulimit_check(u, err) < 0)
            return -1;
        SwValue *o = sw_value_add(a, list, sw_value_object());
        sw_value_set(a, o, SW_STR("type"), sw_value_string(sw_cat(a, SW_STR("RLIMIT_"), sw_str_upper(a, u->name))));
        /* numbers of 64 bits without a sign: -1 is RLIM_INFINITY */
        SwStr soft = sw_strf(a, "%llu", (unsigned long long)u->soft), hard = sw_strf(a, "%llu", (unsigned long long)u->hard);
        sw_value_set(a, o, SW_STR("soft"), (SwValue){.kind = SW_VNUMBER, .s = soft});
        sw_value_set(a, o, SW_STR("hard"), (SwValue){.kind = SW_VNUMBER, .s = hard});
    }
    return 0;
}

static SwStr hostname_of(const SwContainerSpec *s) {
    return s->hostname.n ? s->hostname : sw_str_n(s->id.p, SW_MIN(s->id.n, (size_t)12));
}

SwStrList sw_container_environment(SwArena *a, const SwContainerSpec *s) {
    SwStr hostname = hostname_of(s);
    SwStrList env = {0};

    env_set(a, &env, SW_STR("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    env_set(a, &env, sw_strf(a, "HOSTNAME=%.*s", SW_FMT(hostname)));
    if (s->tty)
        env_set(a, &env, SW_STR("TERM=xterm"));
    for (size_t i = 0; s->image && i < s->image->env.n; i++)
        env_set(a, &env, s->image->env.v[i]);
    for (size_t i = 0; i < s->env.n; i++)
        env_set(a, &env, s->env.v[i]);
    return env;
}

static int process(SwArena *a, const SwContainerSpec *s, SwValue *config, SwError *err) {
    SwValue *p = object(a, config, "process");
    SwStrList args, env = sw_container_environment(a, s);
    SwStr cwd = s->cwd.n ? s->cwd : s->image ? sw_str_or(s->image->cwd, SW_STR("/")) : SW_STR("/");

    if (command(a, s, &args, err) < 0)
        return -1;
    if (cwd.p[0] != '/')
        return sw_fail(err, &SW_CONTAINER_START_FAILED, "working directory %.*s is not absolute", SW_FMT(cwd));
    sw_value_set(a, p, SW_STR("terminal"), sw_value_bool(s->tty));
    SwValue *l = array(a, p, "args");
    if (s->init)
        adds(a, l, SW_STR("/run/slipway-init")), adds(a, l, SW_STR("--"));
    for (size_t i = 0; i < args.n; i++)
        adds(a, l, args.v[i]);
    l = array(a, p, "env");
    for (size_t i = 0; i < env.n; i++)
        adds(a, l, env.v[i]);
    sw_value_set(a, p, SW_STR("cwd"), sw_value_string(cwd));
    return caps(a, s, p, err) < 0 ? -1 : rlimits(a, s, p, err);
}

/* ---- mounts ---- */

static int text_file(SwArena *a, SwValue *mounts, const char *dir, const char *name, const char *target, SwStr text,
                     SwError *err) {
    const char *path = sw_path(a, dir, name);

    if (sw_file_write(path, text, 0644, err) < 0)
        return -1;
    sw_oci_mount(a, mounts, sw_str(target), "bind", sw_str(path), "bind,rprivate");
    return 0;
}

static int etc_files(SwRuntime *rt, SwArena *a, const SwContainerSpec *s, SwStr hostname, SwValue *mounts, const char *dir,
                     SwError *err) {
    SwBuf hosts = sw_buf(a, SW_MIB), resolv = sw_buf(a, SW_MIB);
    SwNet net;

    sw_buf_addz(&hosts, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    if (s->net_mode == SW_NET_JOIN && sw_net_find(rt, a, s->net_id, &net))
        sw_buf_addf(&hosts, "%.*s\t%.*s\n", SW_FMT(net.address), SW_FMT(hostname));
    for (size_t i = 0; i < s->hosts.n; i++)
        sw_buf_addf(&hosts, "%.*s\n", SW_FMT(s->hosts.v[i]));
    for (size_t i = 0; i < s->dns_search.n; i++)
        sw_buf_addf(&resolv, "search %.*s\n", SW_FMT(s->dns_search.v[i]));
    for (size_t i = 0; i < s->dns.n; i++)
        sw_buf_addf(&resolv, "nameserver %.*s\n", SW_FMT(s->dns.v[i]));
    if (s->dns.n == 0 && s->net_mode == SW_NET_JOIN && rt->dns)
        sw_buf_addz(&resolv, "nameserver 127.0.0.11\noptions ndots:0\n");
    else if (s->dns.n == 0) {
        SwStr host = SW_STR("");
        SwError ignored = sw_error(a);
        if (sw_file_read(a, "/etc/resolv.conf", SW_MIB, &host, &ignored) == 0)
            sw_buf_adds(&resolv, host);
    }
    if (text_file(a, mounts, dir, "hosts", "/etc/hosts", sw_buf_str(&hosts), err) < 0 ||
        text_file(a, mounts, dir, "resolv.conf", "/etc/resolv.conf", sw_buf_str(&resolv), err) < 0)
        return -1;
    return text_file(a, mounts, dir, "hostname", "/etc/hostname", sw_strf(a, "%.*s\n", SW_FMT(hostname)), err);
}

/* *foreign counts the mounts whose source guard.c will have put at <dir>/mounts/N. */
static int user_mount(SwArena *a, const SwMount *m, const char *dir, size_t *foreign, SwValue *mounts, SwError *err) {
    SwBuf o = sw_buf(a, 64 * SW_KIB);
    SwStr source = m->source;

    if (!m->target.n || m->target.p[0] != '/')
        return sw_fail(err, &SW_CONTAINER_START_FAILED, "mount target %.*s is not absolute", SW_FMT(m->target));
    for (size_t i = 0; i < m->options.n; i++)
        sw_buf_addf(&o, "%.*s,", SW_FMT(m->options.v[i]));
    sw_buf_addz(&o, m->read_only ? "ro," : "rw,");
    if (m->kind == SW_MOUNT_TMPFS) {
        if (m->size)
            sw_buf_addf(&o, "size=%llu,", (unsigned long long)m->size);
        sw_buf_addz(&o, "nosuid,nodev");
        sw_oci_mount(a, mounts, m->target, "tmpfs", SW_STR("tmpfs"), sw_buf_str(&o).p);
        return 0;
    }
    if (!m->source.n || m->source.p[0] != '/' || !sw_exists(sw_str_z(a, m->source)))
        return sw_fail(err, &SW_CONTAINER_START_FAILED, "mount source %.*s does not exist", SW_FMT(m->source));
    if (m->foreign)
        source = sw_strf(a, "%s/mounts/%zu", dir, (*foreign)++);
    sw_buf_addz(&o, "rbind,rprivate");
    sw_oci_mount(a, mounts, m->target, "bind", source, sw_buf_str(&o).p);
    return 0;
}

static const char *init_program(void) {
    static const char *const at[] = {"/usr/bin/tini-static", "/usr/libexec/podman/catatonit", "/usr/bin/catatonit"};

    for (size_t i = 0; i < SW_N(at); i++)
        if (access(at[i], X_OK) == 0)
            return at[i];
    return NULL;
}

static int mounts(SwRuntime *rt, SwArena *a, const SwContainerSpec *s, SwStr hostname, SwValue *config, const char *dir,
                  SwError *err) {
    SwValue *l = array(a, config, "mounts");
    const char *rw = s->privileged ? "rw" : "ro";

    sw_oci_mount(a, l, SW_STR("/proc"), "proc", SW_STR("proc"), "nosuid,noexec,nodev");
    sw_oci_mount(a, l, SW_STR("/dev"), "tmpfs", SW_STR("tmpfs"), "nosuid,strictatime,mode=755,size=65536k");
    sw_oci_mount(a, l, SW_STR("/dev/pts"), "devpts", SW_STR("devpts"),
                 "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
    sw_oci_mount(a, l, SW_STR("/sys"), "sysfs", SW_STR("sysfs"), sw_strf(a, "nosuid,noexec,nodev,%s", rw).p);
    sw_oci_mount(a, l, SW_STR("/sys/fs/cgroup"), "cgroup", SW_STR("cgroup"),
                 sw_strf(a, "nosuid,noexec,nodev,relatime,%s", rw).p);
    sw_oci_mount(a, l, SW_STR("/dev/mqueue"), "mqueue", SW_STR("mqueue"), "nosuid,noexec,nodev");
    sw_oci_mount(
        a, l, SW_STR("/dev/shm"), "tmpfs", SW_STR("shm"),
        sw_strf(a, "nosuid,noexec,nodev,mode=1777,size=%llu", (unsigned long long)(s->shm_size ? s->shm_size : 64 * SW_MIB)).p);
    if (!s->image)
        sw_host_mounts(rt, a, l, dir, s->privileged);
    if (etc_files(rt, a, s, hostname, l, dir, err) < 0)
        return -1;
    if (s->init) {
        if (!init_program())
            return sw_fail(err, &SW_CONTAINER_START_FAILED,
                           "initProcessEnabled needs the package tini or catatonit on the host");
        sw_oci_mount(a, l, SW_STR("/run/slipway-init"), "bind", sw_str(init_program()), "bind,ro");
    }
    size_t foreign = 0;
    for (size_t i = 0; i < s->n_mounts; i++)
        if (user_mount(a, &s->mounts[i], dir, &foreign, l, err) < 0)
            return -1;
    return 0;
}

/* ---- the kernel's side ---- */

static void device(SwArena *a, SwValue *l, const char *path) {
    struct stat st;

    if (stat(path, &st) < 0 || !(S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)))
        return;
    SwValue *d = sw_value_add(a, l, sw_value_object());
    sets(a, d, "path", path);
    sets(a, d, "type", S_ISCHR(st.st_mode) ? "c" : "b");
    seti(a, d, "major", major(st.st_rdev));
    seti(a, d, "minor", minor(st.st_rdev));
    seti(a, d, "fileMode", st.st_mode & 07777);
    seti(a, d, "uid", st.st_uid);
    seti(a, d, "gid", st.st_gid);
}

/* Privileged: what the host has, but terminals, which the container gets of its own. */
static void host_devices(SwArena *a, SwValue *l, const char *dir) {
    static const char *const skip[] = {"pts",    "shm",     "mqueue", "console", "ptmx",  "null",   "zero",   "full",
                                       "random", "urandom", "tty",    "fd",      "stdin", "stdout", "stderr", "core"};
    const struct dirent *e;
    _sw_dir_ DIR *d = opendir(dir);

    while (d && (e = readdir(d))) {
        bool skipped = e->d_name[0] == '.' || strncmp(e->d_name, "tty", 3) == 0;
        for (size_t i = 0; i < SW_N(skip) && !skipped; i++)
            skipped = strcmp(dir, "/dev") == 0 && strcmp(e->d_name, skip[i]) == 0;
        if (skipped)
            continue;
        const char *path = sw_path(a, dir, sw_str_z(a, sw_str_dup(a, sw_str(e->d_name))));
        if (e->d_type == DT_DIR)
            host_devices(a, l, path);
        else
            device(a, l, path);
    }
}

static void namespaces(SwArena *a, const SwContainerSpec *s, SwValue *linux_) {
    static const char *const own[] = {"pid", "ipc", "uts", "mount", "cgroup"};
    SwValue *l = array(a, linux_, "namespaces");

    for (size_t i = 0; i < SW_N(own); i++)
        sets(a, sw_value_add(a, l, sw_value_object()), "type", own[i]);
    if (s->net_mode != SW_NET_HOST) /* JOIN: the path is set at start */
        sets(a, sw_value_add(a, l, sw_value_object()), "type", "network");
}

/* Each part is filled before the next is added: adding may move its siblings. */
static void resources(SwArena *a, const SwContainerSpec *s, SwValue *linux_) {
    SwValue *r = object(a, linux_, "resources");
    SwValue *all = sw_value_add(a, array(a, r, "devices"), sw_value_object());

    sw_value_set(a, all, SW_STR("allow"), sw_value_bool(s->privileged));
    sets(a, all, "access", "rwm");
    SwValue *m = object(a, r, "memory");
    if (s->memory_limit)
        seti(a, m, "limit", (int64_t)s->memory_limit);
    if (s->memory_limit && sw_cgroup_limits_swap(SW_CGROUP_ROOT))
        seti(a, m, "swap", (int64_t)s->memory_limit); /* of both together: no swap, as on Fargate */
    if (s->memory_reservation)
        seti(a, m, "reservation", (int64_t)s->memory_reservation);
    SwValue *c = object(a, r, "cpu");
    if (s->cpu_shares)
        seti(a, c, "shares", (int64_t)SW_MAX(s->cpu_shares, 2));
    if (s->cpus > 0) {
        seti(a, c, "period", 100000);
        seti(a, c, "quota", SW_MAX((int64_t)(s->cpus * 100000), 1000));
    }
    if (s->pids_limit > 0)
        seti(a, object(a, r, "pids"), "limit", s->pids_limit);
}

static void paths(SwArena *a, SwValue *linux_) {
    static const char *const masked[] = {"/proc/asound",        "/proc/acpi",       "/proc/kcore",       "/proc/keys",
                                         "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
                                         "/proc/scsi",          "/sys/firmware"};
    static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
    SwValue *l = array(a, linux_, "maskedPaths");

    for (size_t i = 0; i < SW_N(masked); i++)
        adds(a, l, sw_str(masked[i]));
    l = array(a, linux_, "readonlyPaths");
    for (size_t i = 0; i < SW_N(read_only); i++)
        adds(a, l, sw_str(read_only[i]));
}

/* Calls that no program in an unprivileged container needs and that reach the kernel's darker
 * corners. */
static void seccomp(SwArena *a, SwValue *linux_) {
    static const char *const denied[] = {"acct",
                                         "add_key",
                                         "bpf",
                                         "clock_settime",
                                         "delete_module",
                                         "finit_module",
                                         "init_module",
                                         "kexec_file_load",
                                         "kexec_load",
                                         "keyctl",
                                         "lookup_dcookie",
                                         "open_by_handle_at",
                                         "perf_event_open",
                                         "process_vm_writev",
                                         "quotactl",
                                         "reboot",
                                         "request_key",
                                         "settimeofday",
                                         "swapoff",
                                         "swapon",
                                         "userfaultfd",
                                         "vhangup"};
    SwValue *s = object(a, linux_, "seccomp");

    sets(a, s, "defaultAction", "SCMP_ACT_ALLOW");
    adds(a, array(a, s, "architectures"), SW_STR("SCMP_ARCH_X86_64"));
    SwValue *rule = sw_value_add(a, array(a, s, "syscalls"), sw_value_object());
    SwValue *names = array(a, rule, "names");
    for (size_t i = 0; i < SW_N(denied); i++)
        adds(a, names, sw_str(denied[i]));
    sets(a, rule, "action", "SCMP_ACT_ERRNO");
    seti(a, rule, "errnoRet", EPERM);
}

static int kernel(SwRuntime *rt, SwArena *a, const SwContainerSpec *s, SwValue *config, SwError *err) {
    SwValue *l = object(a, config, "linux");

    namespaces(a, s, l);
    resources(a, s, l);
    sw_value_set(a, l, SW_STR("cgroupsPath"), sw_value_string(sw_strf(a, "/slipway-%s/%.*s", rt->o.instance, SW_FMT(s->id))));
    sets(a, l, "rootfsPropagation", "rprivate");
    if (s->privileged) {
        host_devices(a, array(a, l, "devices"), "/dev");
    } else {
        paths(a, l);
        seccomp(a, l);
    }
    SwValue *ctl = object(a, l, "sysctl");
    for (size_t i = 0; i < s->sysctls.n; i++) {
        SwStr value = s->sysctls.v[i], name;
        if (!sw_str_cut(&value, '=', &name))
            return sw_fail(err, &SW_CONTAINER_START_FAILED, "sysctl %.*s has no value", SW_FMT(s->sysctls.v[i]));
        sw_value_set(a, ctl, name, sw_value_string(value));
    }
    return 0;
}

SwValue sw_oci_config(SwRuntime *rt, SwArena *a, const SwContainerSpec *s, const char *dir, SwError *err) {
    SwValue c = sw_value_object();
    SwStr hostname = hostname_of(s);

    sets(a, &c, "ociVersion", "1.0.2");
    SwValue *root = object(a, &c, "root");
    sets(a, root, "path", sw_path(a, dir, "rootfs"));
    sw_value_set(a, root, SW_STR("readonly"), sw_value_bool(s->read_only_root));
    sw_value_set(a, &c, SW_STR("hostname"), sw_value_string(hostname));
    if (process(a, s, &c, err) < 0 || mounts(rt, a, s, hostname, &c, dir, err) < 0 || kernel(rt, a, s, &c, err) < 0)
        return (SwValue){.kind = SW_VNULL};
    return c;
}
