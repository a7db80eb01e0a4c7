/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of this room share and nobody else includes.
 *
 * In the data folder:
 *   layers/<diff id>/      containers/<id>/ (files: box.c)      exits/<id> (codes, by conmon)
 *   net/<net id>.json      net/subnet
 * Outside of it, each with the instance's name:
 *   /run/slipway/<instance>/  netns/<net id> namespace mounts, runc/<id> its state, subnet
 *   bridge swb-<instance>, veths sw<hash>, nft table slipway_<instance>
 *   cgroups /slipway-<instance>/<id>
 *
 * Locks: rt->lock guards the list of containers, rt->net.lock that of networks; neither is held
 * while a process is spawned or waited for, except net.lock during nft. A box's own lock orders
 * start, stop and delete of one container. Order: box->lock, box->end_lock, rt->lock. */

#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/proc.h"
#include "container/container.h"

#define SW_ID_MAX   64
#define SW_FILE_MAX (4 * SW_MIB) /* of our own state files and images' JSON */

/* One container in memory. Found under rt->lock; kept alive by refs. */
typedef struct SwBox SwBox;
struct SwBox {
    SwRuntime *rt;
    SwBox *next;
    SwArena *arena;
    char id[SW_ID_MAX + 1];
    const char *dir;          /* <data>/containers/<id> */
    pthread_mutex_t lock;     /* one start, stop or delete at a time */
    pthread_mutex_t end_lock; /* one look for its end at a time; taken after lock */
    int refs, watch;          /* inotify's number for dir, -1: none */
    pid_t pid;                /* init; 0: not started */
    pid_t conmon;             /* its supervisor while that is a child of ours, else 0 */
    uint64_t pid_start;
    _Atomic bool ended; /* set last, once exit_code and finished_at are there; read without a lock */
    bool released, oom;
    int exit_code;
    SwTime created_at, started_at, finished_at;
    int64_t kill_at_ns; /* CLOCK_REALTIME; 0: none */
    SwStr tag, net_id, stop_signal, user;
    SwStrList diff_ids;
    bool host_root, tty, privileged;
    bool can_unmount;
    SwStrList foreign; /* sources of <dir>/mounts/0, 1 ..: see guard.c */
    uint64_t log_max;
};

typedef struct SwNetEntry SwNetEntry;
struct SwNetEntry {
    SwNetEntry *next;
    SwArena *arena;
    SwNet net;
    uint32_t ip;
    /* bound sockets that keep the host ports from others, one a mapping */
    int *hold;
};

typedef struct SwDns SwDns;

/* A copy of runc in memory, and what it was copied from. */
typedef struct SwSealedRunc {
    pthread_mutex_t lock;
    int fd; /* above 0: the copy's */
    dev_t dev;
    ino_t ino;
    struct timespec changed;
    char path[PATH_MAX];
} SwSealedRunc;

struct SwRuntime {
    SwArena *arena;
    SwRuntimeOpts o;
    const SwContainerDriver *driver;
    const char *data, *layers, *containers, *exits, *nets;
    const char *run, *netns, *runc, *pids, *runc_bin, *conmon_bin;
    pthread_mutex_t lock;
    pthread_cond_t ended; /* some container ended */
    SwBox *boxes;
    pthread_t watcher;
    int inotify, exits_watch, wake;
    bool stopping, watching;
    pthread_mutex_t layer_lock; /* one unpacking at a time: it is the disk that bounds it */
    struct {
        pthread_mutex_t lock;
        SwNetEntry *list;
        bool up, nat;          /* nat: port mappings and outbound are possible */
        uint32_t subnet, mask; /* host byte order */
        char bridge[16], gateway[16];
        int bridge_index;
    } net;
    SwDns *dns;
    SwSealedRunc sealed;
};

bool sw_container_id_ok(SwStr id);

/* ---- box.c: containers in memory and on disk ---- */
SwBox *sw_box_find(SwRuntime *rt, SwStr id);      /* with a reference; NULL: absent */
SwBox *sw_box_at_watch(SwRuntime *rt, int watch); /* the same by inotify's number */
void sw_box_unref(SwRuntime *rt, SwBox *b);
static inline void sw_box_unrefp(SwBox **b) {
    if (*b)
        sw_box_unref((*b)->rt, *b);
}
#define _sw_box_ __attribute__((cleanup(sw_box_unrefp)))
SwBox *sw_box_new(SwRuntime *rt, SwStr id);
/* with two references, the list's and the caller's; or the one there */
SwBox *sw_box_link(SwRuntime *rt, SwBox *b);
void sw_box_unlink(SwRuntime *rt, SwBox *b); /* drops the list's reference */
int sw_box_save(SwRuntime *rt, const SwBox *b, SwError *err) sw_must_check;
void sw_box_load_all(SwRuntime *rt);
bool sw_box_alive(const SwBox *b);
bool sw_box_group(SwRuntime *rt, const SwBox *b, char ret[static 128]); /* its cgroup */
/* Looks whether it ended, and if so records and cleans up. True the first time. `late`: no
 * Slipway saw it happen. */
bool sw_box_check_exit(SwRuntime *rt, SwBox *b, bool late);
/* Ends everything that runs for a container, conmon first so that it writes no exit code. */
void sw_box_wipe(SwRuntime *rt, const char *id);
/* Waits for its supervisor's end, which has come or is about to. Under end_lock once the box has a pid. */
void sw_box_reap(SwBox *b);
/* conmon and `runc create` processes of one container, or of all (id NULL). */
void sw_supervisors_kill(const char *exits, const char *runc, const char *id);
void sw_supervisors_list(const char *exits, const char *runc, SwArena *a, SwStrList *ret);

/* ---- runc.c ---- */
const char *sw_runc(SwRuntime *rt, SwArena *a); /* what to run, in `a` */
void sw_runc_close(SwRuntime *rt);

/* ---- start.c ---- */
int sw_box_start(SwRuntime *rt, SwBox *b, SwError *err) sw_must_check;

/* ---- watch.c ---- */
int sw_watch_start(SwRuntime *rt, SwError *err) sw_must_check;
void sw_watch_stop(SwRuntime *rt);
void sw_watch_wake(SwRuntime *rt);
void sw_watch_box(SwRuntime *rt, SwBox *b);

/* ---- spec.c, user.c, host.c: what runc reads ---- */
/* kind VNULL: err */
SwValue sw_oci_config(SwRuntime *rt, SwArena *a, const SwContainerSpec *spec, const char *dir, SwError *err);
SwValue *sw_oci_member(SwValue *o, const char *key); /* to change it; NULL: none */
int sw_oci_set_user(SwArena *a, SwValue *config, int root_fd, SwStr user, SwError *err) sw_must_check;
int sw_oci_user(SwArena *a, int root_fd, SwStr user, uint32_t *ret_uid, uint32_t *ret_gid, SwStrList *ret_more, SwStr *ret_home,
                SwError *err) sw_must_check;
SwValue *sw_oci_mount(SwArena *a, SwValue *mounts, SwStr target, const char *type, SwStr source, const char *options);
void sw_host_mounts(SwRuntime *rt, SwArena *a, SwValue *mounts, const char *dir, bool privileged);
int sw_overlay_mount(SwArena *a, const char *lower, const char *upper, const char *work, const char *at,
                     SwError *err) sw_must_check;
int sw_host_mount_root(SwArena *a, const char *dir, SwError *err) sw_must_check;
int sw_open_in_root(int root_fd, const char *path, int flags, unsigned mode);

/* ---- guard.c ---- */
bool sw_path_below(SwStr path, SwStr dir); /* or dir itself; both absolute */
/* Mounts `source`, checked, at `at`, which is made, in the calling thread's mount namespace. */
int sw_guard_mount(SwRuntime *rt, SwArena *a, const char *source, const char *at, bool can_unmount, SwError *err) sw_must_check;
/* All names on this host of what no container gets. */
SwStrList sw_guard_names(SwRuntime *rt, SwArena *a);

/* ---- cgroup.c ---- */
#define SW_CGROUP_ROOT "/sys/fs/cgroup"
int sw_cgroup_stats(SwArena *a, const char *root, const char *group, SwContainerStats *ret, SwError *err) sw_must_check;
bool sw_cgroup_exists(const char *root, const char *group);
bool sw_cgroup_oom_killed(const char *root, const char *group);
bool sw_cgroup_limits_swap(const char *root);
int sw_cgroup_freeze(const char *root, const char *group, bool frozen, SwError *err) sw_must_check;
#define SW_CGROUP_END_MS 5000
/* Kills all that runs in it and below and removes it; what is busy after timeout_ms stays. */
void sw_cgroup_end(const char *root, const char *group, int timeout_ms);

/* ---- netlink.c, netns.c, nat.c ---- */
/* a route socket in the calling thread's namespace */
int sw_nl_open(void);
int sw_nl_bridge_add(int nl, const char *name, const uint8_t mac[6], SwError *err) sw_must_check;
int sw_nl_veth_add(int nl, const char *name, int master, const char *peer, int netns_fd, const uint8_t mac[6],
                   SwError *err) sw_must_check;
int sw_nl_link_up(int nl, int index, SwError *err) sw_must_check;
int sw_nl_link_del(int nl, int index);
int sw_nl_addr_add(int nl, int index, uint32_t ip, unsigned prefix, SwError *err) sw_must_check;
int sw_nl_route_default(int nl, uint32_t gateway, SwError *err) sw_must_check;
/* Run fn(arg) in a thread inside the namespace (network: CLONE_NEWNET) that `fd` names; its
 * result. */
int sw_in_netns(int netns_fd, int (*fn)(void *), void *arg);
/* a new namespace, mounted at path; there: success */
int sw_netns_make(const char *path, SwError *err) sw_must_check;
void sw_netns_remove(const char *path);
int sw_nat_up(SwRuntime *rt, SwError *err) sw_must_check;
int sw_nat_set(SwRuntime *rt, const SwNet *n, bool add, SwError *err) sw_must_check;
void sw_nat_down(const char *instance);
bool sw_nat_exists(const char *instance);
int sw_net_open(SwRuntime *rt, SwError *err) sw_must_check;
void sw_net_close(SwRuntime *rt);
void sw_net_purge(const char *instance);
void sw_veth_name(const char *instance, SwStr id, char ret[static 16]);
void sw_veth_prefix(const char *instance, char ret[static 16]);
void sw_ip_text(uint32_t ip, char ret[static 16]);
/* The hardware address that goes with an address on the bridge. */
void sw_ip_mac(uint32_t ip, uint8_t ret[static 6]);

/* ---- dns.c (messages), dns_server.c (sockets) ---- */
#define SW_DNS_NAME_MAX 255
typedef struct SwDnsQuestion {
    uint16_t id, type, class_, flags;
    char name[SW_DNS_NAME_MAX + 1]; /* lower case, without the last dot */
    size_t end;                     /* offset behind the question */
} SwDnsQuestion;
/* Reads header and the one question of a query. False: not a query that can be answered at all. */
bool sw_dns_parse(const uint8_t *p, size_t n, SwDnsQuestion *ret);
/* Writes the answer to a parsed query: `ip` n_ip of them for A; rcode. Returns its length; cap
 * >= 512. */
size_t sw_dns_answer(const uint8_t *query, const SwDnsQuestion *q, const uint32_t *ip, size_t n_ip, unsigned rcode,
                     unsigned ttl, uint8_t *out, size_t cap);
int sw_dns_open(SwRuntime *rt, SwDns **ret, SwError *err) sw_must_check;
void sw_dns_close(SwDns *d);
/* owns both */
int sw_dns_add(SwDns *d, SwStr net_id, int udp_fd, int tcp_fd, SwError *err) sw_must_check;
void sw_dns_remove(SwDns *d, SwStr net_id);

/* ---- log.c ---- */
bool sw_log_entry_parse(SwStr line, SwContainerLog *ret);

/* ---- layer.c ---- */
/* Unpack one layer's tar into `dir` (made anew), whiteouts in overlayfs's form; `diff_id` is
 * checked. */
int sw_layer_unpack(SwArena *a, const char *blob, SwStr diff_id, const char *dir, SwError *err) sw_must_check;
