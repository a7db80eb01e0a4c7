/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Containers: create, start, wait, exec, stop, delete, stats, logs, over one driver per runtime.
 *
 * Life of a container, and what names each state:
 *   ABSENT  -> sw_container_create -> CREATED   its folder holds meta.json; nothing runs
 *   CREATED -> sw_container_start  -> RUNNING   conmon and runc's init live, and need no Slipway
 *   RUNNING -> its end             -> EXITED    the exit code is a file that conmon wrote
 *   any     -> sw_container_delete -> ABSENT
 * Every call is idempotent by id, so that a controller may repeat a step after a crash. No call
 * waits for a container's end except sw_container_wait and sw_container_exec. Threads: any.
 *
 * The embedded driver `oci` keeps all mounts of a container in a mount namespace of its own: they
 * end with it, and none is ever seen on the host. */

#include "base/error.h"
#include "base/time.h"
#include "container/image.h"
#include "container/network.h"

extern const SwErrorKind SW_CONTAINER_IMAGE_INVALID; /* the image's bytes are at fault */
/* the runtime refused: bad command, mount, user */
extern const SwErrorKind SW_CONTAINER_START_FAILED;
extern const SwErrorKind SW_CONTAINER_NOT_FOUND;
extern const SwErrorKind SW_CONTAINER_NOT_RUNNING;
extern const SwErrorKind SW_CONTAINER_PORT_IN_USE; /* a host port is taken */

/* ---- the runtime ---- */

typedef enum SwContainerEvent {
    SW_CONTAINER_EVENT_EXIT,   /* sw_container_find shows the exit code */
    SW_CONTAINER_EVENT_OUTPUT, /* its log grew */
    SW_CONTAINER_EVENT_OOM,    /* the kernel killed a process in it for memory */
} SwContainerEvent;

/* Where Slipway listens inside every network. */
typedef struct SwNetServe {
    const char *addr; /* "127.0.0.1", "169.254.170.2" */
    uint16_t port;
} SwNetServe;

#define SW_DNS_ANSWERS_MAX 16

typedef struct SwRuntimeOpts {
    /* absolute; its layers/, containers/, net/ and exits/ are ours */
    const char *data_dir;
    /* [a-z0-9]{1,8}, unique on this machine; names bridge, table, cgroups, /run/slipway/<it> */
    const char *instance;
    SwClock *clock;
    /* containers may reach beyond the machine (forwarding and masquerade) */
    bool outbound;
    void *arg; /* for all functions below; each may be NULL */
    /* From the runtime's own thread: be quick, wake a controller. May come more than once. */
    void (*on_event)(void *arg, SwStr container_id, SwContainerEvent event);
    /* Listeners made in every network, before any container runs in it, and again after a
     * restart. `serve` owns fd. */
    const SwNetServe *serve_at;
    size_t n_serve_at;
    void (*serve)(void *arg, SwStr net_id, const SwNetServe *at, int fd);
    void (*unserve)(void *arg, SwStr net_id); /* the network goes: close its listeners */
    /* Names for the containers' DNS server (127.0.0.11): fill up to SW_DNS_ANSWERS_MAX IPv4
     * addresses in host byte order. Returns how many; 0: the name is ours and has no address;
     * -1: not ours, ask the host's resolvers. */
    int (*resolve)(void *arg, SwStr net_id, SwStr name, uint32_t *ret_ip);
} SwRuntimeOpts;

/* Opening adopts what an earlier process left: see sw_runtime_adopt for what that is. */
int sw_runtime_open(const SwRuntimeOpts *o, SwRuntime **ret_rt, SwError *err) sw_must_check;
void sw_runtime_close(SwRuntime *rt); /* containers go on; accepts NULL */
/* All containers and networks gone; the empty bridge stays, so that the next task starts as fast
 * as the last. */
int sw_runtime_reset(SwRuntime *rt, SwError *err) sw_must_check;
/* Everything gone: containers, mounts, namespaces, interfaces, rules, cgroups. Layers stay. The
 * runtime stays usable. */
int sw_runtime_purge(SwRuntime *rt, SwError *err) sw_must_check;
/* The same without a runtime, for `slipway down` after a crash; layers go too. */
int sw_runtime_purge_at(const char *data_dir, const char *instance, SwError *err) sw_must_check;
/* Ids of all containers with their state on disk; those that died while no Slipway ran are
 * EXITED. */
int sw_runtime_adopt(SwRuntime *rt, SwArena *a, SwStrList *ret_ids, SwError *err) sw_must_check;
/* What of this instance exists outside its data folder: "mount ...", "netns ...", "link ...",
 * "rule ...", "process ...", "cgroup ...", "run ...". Empty after a purge. */
int sw_runtime_leftovers(const char *data_dir, const char *instance, SwArena *a, SwStrList *ret, SwError *err) sw_must_check;

/* ---- containers ---- */

typedef enum SwMountKind { SW_MOUNT_BIND, SW_MOUNT_TMPFS } SwMountKind;
typedef struct SwMount {
    SwMountKind kind;
    SwStr source; /* BIND: absolute path on the host, must exist */
    /* BIND: a client chose the source: see sw_container_host_path_check */
    bool foreign;
    SwStr target; /* absolute, in the container */
    bool read_only;
    uint64_t size; /* TMPFS: bytes; 0: no limit but memory's */
    /* further ones, as mount(8) names them: "noexec", "mode=1777" */
    SwStrList options;
} SwMount;

typedef struct SwUlimit {
    SwStr name;         /* "nofile" */
    int64_t soft, hard; /* -1: unlimited */
} SwUlimit;

typedef enum SwNetMode { SW_NET_NONE, SW_NET_HOST, SW_NET_JOIN } SwNetMode;

/* Of the image's own settings only those that are absent here apply: args (entrypoint + cmd),
 * cwd, user, stop_signal; env is the image's, overridden by name. */
typedef struct SwContainerSpec {
    SwStr id; /* [A-Za-z0-9_.-]{1,64} */
    /* NULL: the `host` root: the host's own file system, writes discarded (see host.c) */
    const SwImage *image;
    SwStrList args, env; /* env: "NAME=value" */
    /* absent: the image's; with it the image's cmd is not used */
    SwStrList entrypoint;
    SwStr cwd, user; /* user: "name", "uid", either with ":group" */
    const SwMount *mounts;
    size_t n_mounts;
    SwStrList hosts; /* further lines of /etc/hosts: "10.0.0.1 name" */
    SwStr hostname;  /* absent: the id's first 12 characters */
    SwNetMode net_mode;
    SwStr net_id; /* JOIN: the network's id */
    /* resolv.conf; absent: 127.0.0.11 with JOIN, the host's otherwise */
    SwStrList dns, dns_search;

    uint64_t memory_limit;       /* bytes; 0: none */
    uint64_t memory_reservation; /* soft limit; 0: none */
    /* relative, 1024 = one share of a CPU; 0: the kernel's default */
    uint64_t cpu_shares;
    double cpus;        /* hard limit in CPUs; 0: none */
    int64_t pids_limit; /* 0: none */
    uint64_t shm_size;  /* 0: 64 MiB */
    const SwUlimit *ulimits;
    size_t n_ulimits;
    SwStrList sysctls; /* "net.core.somaxconn=1024" */

    bool privileged, read_only_root, tty, init; /* init: a reaper is pid 1 */
    SwStrList cap_add, cap_drop;                /* "NET_ADMIN", "ALL" */
    SwStr stop_signal;                          /* "SIGTERM", "15"; absent: the image's, else SIGTERM */
    uint64_t log_max;                           /* bytes at which the log file is rotated; 0: never */
    SwStr tag;                                  /* the caller's own words, kept: who it belongs to */
} SwContainerSpec;

typedef enum SwContainerState {
    SW_CONTAINER_ABSENT,
    SW_CONTAINER_CREATED,
    SW_CONTAINER_RUNNING,
    SW_CONTAINER_EXITED,
} SwContainerState;

typedef struct SwContainerInfo {
    SwStr id, tag, net_id;
    SwContainerState state;
    pid_t pid; /* init's, on the host; 0 unless running */
    /* 128 + signal when killed by one; -1: lost (machine reboot, conmon killed) */
    int exit_code;
    bool oom_killed;
    SwTime created_at, started_at, finished_at; /* 0: not yet */
    const char *log_path;
} SwContainerInfo;

int sw_container_create(SwRuntime *rt, const SwContainerSpec *spec, SwError *err) sw_must_check;
/* "NAME=value" of what the container's first process sees: defaults, the image's, the spec's own. */
SwStrList sw_container_environment(SwArena *a, const SwContainerSpec *spec);
/* Whether a folder of the host may be mounted into a container: not one of the data folder's, by
 * whatever name; one that holds the data folder only where the container cannot unmount what hides
 * it. A folder that is not there yet is judged by the nearest one above. Start checks again, what it
 * then mounts. Fails with SW_CONTAINER_START_FAILED. */
int sw_container_host_path_check(SwRuntime *rt, SwStr path, bool can_unmount, SwError *err) sw_must_check;
/* Whether a container with these may unmount, load modules, or otherwise leave its bounds. */
bool sw_container_can_unmount(bool privileged, const SwStrList *cap_add);
/* A limit of the kernel's or of this process that a container's would exceed: which, and what the machine
 * can give. Also where the name is none. Fails with SW_CONTAINER_START_FAILED. */
int sw_container_ulimit_check(const SwUlimit *u, SwError *err) sw_must_check;
/* A capability that containers do not have unless they ask for it, and that exists. "ALL" is one. */
bool sw_container_cap_known(SwStr name);
bool sw_container_cap_is_default(SwStr name);
/* already started: success */
int sw_container_start(SwRuntime *rt, SwStr id, SwError *err) sw_must_check;
/* false: absent */
bool sw_container_find(SwRuntime *rt, SwArena *a, SwStr id, SwContainerInfo *ret);
/* Until it is EXITED; false past timeout_ms (< 0: no limit) or when absent. */
bool sw_container_wait(SwRuntime *rt, SwArena *a, SwStr id, int timeout_ms, SwContainerInfo *ret);
int sw_container_signal(SwRuntime *rt, SwStr id, int signal, SwError *err) sw_must_check;
/* Send the stop signal now and SIGKILL after grace_ms of real time if it still runs; returns at
 * once. The deadline is kept on disk. Absent or exited is success. */
int sw_container_stop(SwRuntime *rt, SwStr id, int grace_ms, SwError *err) sw_must_check;
/* Nothing in it runs until it is thawed; its end thaws it. Idempotent. */
int sw_container_freeze(SwRuntime *rt, SwStr id, bool frozen, SwError *err) sw_must_check;
/* kills first; absent is success */
int sw_container_delete(SwRuntime *rt, SwStr id, SwError *err) sw_must_check;

typedef struct SwExec {
    SwStrList args, env; /* env: beyond the container's own */
    SwStr cwd, user;     /* absent: the container's */
    /* with sw_container_exec_start: in is a terminal's slave side */
    bool tty;
} SwExec;

/* Run a command inside to its end, at most timeout_ms (< 0: no limit), output cut at max bytes
 * each. A non-zero exit is no error. ret_out and ret_err_text may be NULL. */
int sw_container_exec(SwRuntime *rt, SwArena *a, SwStr id, const SwExec *x, SwStr input, size_t max, int timeout_ms,
                      int *ret_status, SwStr *ret_out, SwStr *ret_err_text, SwError *err) sw_must_check;
/* Start it on the caller's descriptors; the caller waits with sw_proc_wait. */
int sw_container_exec_start(SwRuntime *rt, SwStr id, const SwExec *x, int in, int out, int err_fd, pid_t *ret_pid,
                            SwError *err) sw_must_check;

typedef struct SwContainerStats {
    SwTime read_at; /* the clock's */
    uint64_t cpu_ns, cpu_user_ns, cpu_system_ns, throttled_ns;
    /* without the inactive page cache; limit 0: none */
    uint64_t memory, memory_limit, memory_max_used;
    uint64_t pids;
    uint64_t blk_read, blk_write;
    uint64_t net_rx, net_tx; /* of its network; 0 for HOST and NONE */
} SwContainerStats;
int sw_container_stats(SwRuntime *rt, SwStr id, SwContainerStats *ret, SwError *err) sw_must_check;

typedef struct SwContainerLog {
    SwTime at;
    SwStr text;            /* without the line's end */
    bool stderr_, partial; /* partial: the line goes on in the next entry */
} SwContainerLog;
/* Entries from byte *offset of the log (0: the beginning); advances it past what was read. At
 * most `max`. Reading goes on after the container's end until it is deleted. Returns how many,
 * -1 on error. */
long sw_container_logs(SwRuntime *rt, SwArena *a, SwStr id, uint64_t *offset, SwContainerLog *ret, size_t max,
                       SwError *err) sw_must_check;

/* A path inside the container as the host sees it, to copy files in or out: valid while it runs.
 * Never follows a link out of the container's root: open it with sw_container_open only. */
int sw_container_open(SwRuntime *rt, SwStr id, const char *path, int flags, unsigned mode, SwError *err) sw_must_check;

/* Shell text that starts dockerd inside a privileged container with the `host` root and a network
 * of its own, and waits for its socket; exit status 1 with dockerd's log on standard error when
 * it ends first. `docker` then works as usual: images and layers lie in the container's folder
 * and go with it. Prefix a build's own script with it. */
const char *sw_container_docker_script(void);

/* ---- drivers ---- */

/* What the functions above call; `oci` (oci.c) is the embedded one. A driver gets checked specs,
 * and owns what is behind `self`. The meanings are those of the functions of the same name. */
typedef struct SwContainerDriver {
    const char *name;
    int (*create)(void *self, const SwContainerSpec *spec, SwError *err);
    int (*start)(void *self, SwStr id, SwError *err);
    bool (*find)(void *self, SwArena *a, SwStr id, SwContainerInfo *ret);
    int (*signal)(void *self, SwStr id, int signal, SwError *err);
    int (*stop)(void *self, SwStr id, int grace_ms, SwError *err);
    int (*remove)(void *self, SwStr id, SwError *err);
    int (*exec_start)(void *self, SwStr id, const SwExec *x, int in, int out, int err_fd, pid_t *ret_pid, SwError *err);
    int (*freeze)(void *self, SwStr id, bool frozen, SwError *err);
    int (*stats)(void *self, SwStr id, SwContainerStats *ret, SwError *err);
    int (*open)(void *self, SwStr id, const char *path, int flags, unsigned mode, SwError *err);
} SwContainerDriver;
extern const SwContainerDriver sw_container_driver_oci;
