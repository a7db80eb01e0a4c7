/* SPDX-License-Identifier: Apache-2.0 */

/* The `host` root: the host's own file system as overlayfs's lower layer, so that builds find
 * gcc, git, docker and aws without an image; what they write goes to the container's folder and
 * is discarded with it.
 *
 * Only file systems that hold programs are shown: `/` and real file systems mounted below it.
 * Fresh: /proc, /sys, /dev, /run, /tmp. Masked (empty and writable): /home, hidden entries of
 * root's home but those of tool chains, the state of container engines, Slipway's data. In a
 * privileged container /var/lib/docker and /var/lib/containerd are folders of a real file
 * system, on which dockerd can stack overlays (on an overlay it could not). */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "container/room.h"

static bool is_dir(const char *path) {
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool below(SwStr path, const char *dir) {
    return sw_path_below(path, sw_str(dir));
}

static void scratch(SwArena *a, SwValue *mounts, const char *dir, const char *name, const char *target, unsigned mode) {
    const char *path = sw_path(a, dir, name);
    SwError err = sw_error(a);

    if (sw_mkdirs(path, 0700, &err) < 0 || chmod(path, mode) < 0)
        sw_log(SW_WARN, "scratch folder not made", SW_F("path", path), SW_F("cause", err.cause));
    sw_oci_mount(a, mounts, sw_str(target), "bind", sw_str(path), "bind,rprivate,rw");
}

static void mask(SwArena *a, SwValue *mounts, const char *path) {
    if (is_dir(path))
        sw_oci_mount(a, mounts, sw_str(path), "tmpfs", SW_STR("tmpfs"), "nosuid,nodev,mode=700");
    else if (sw_exists(path))
        sw_oci_mount(a, mounts, sw_str(path), "bind", SW_STR("/dev/null"), "bind,ro");
}

/* Credentials live in hidden files of a hundred names: so all are masked but what tool chains
 * need. */
static void mask_home(SwArena *a, SwValue *mounts) {
    static const char *const shown[] = {".",      "..",      ".bashrc", ".profile", ".bash_profile", ".gitconfig",
                                        ".cargo", ".rustup", ".pyenv",  ".rbenv",   ".nvm",          ".npm",
                                        ".m2",    ".gradle", ".cache",  ".local"};
    const struct dirent *e;
    struct stat st;
    _sw_dir_ DIR *d = opendir("/root");

    while (d && (e = readdir(d))) {
        bool show = e->d_name[0] != '.';
        for (size_t i = 0; i < SW_N(shown) && !show; i++)
            show = strcmp(e->d_name, shown[i]) == 0;
        const char *path = sw_strf(a, "/root/%s", e->d_name).p;
        if (!show && lstat(path, &st) == 0 && !S_ISLNK(st.st_mode)) /* a link leads to what is masked itself, or is shown */
            mask(a, mounts, path);
    }
}

void sw_host_mounts(SwRuntime *rt, SwArena *a, SwValue *mounts, const char *dir, bool privileged) {
    static const char *const dirs[] = {"/home",           "/root/.local/share/slipway", "/var/lib/slipway",
                                       "/var/lib/docker", "/var/lib/containerd",        "/var/lib/containers",
                                       "/etc/slipway"};
    static const char *const files[] = {"/root/.cargo/credentials",
                                        "/root/.cargo/credentials.toml",
                                        "/root/.m2/settings.xml",
                                        "/root/.gradle/gradle.properties",
                                        "/etc/shadow",
                                        "/etc/gshadow",
                                        "/etc/ssh/ssh_host_rsa_key",
                                        "/etc/ssh/ssh_host_ecdsa_key",
                                        "/etc/ssh/ssh_host_ed25519_key"};

    scratch(a, mounts, dir, "tmp", "/tmp", 01777);
    sw_oci_mount(a, mounts, SW_STR("/run"), "tmpfs", SW_STR("tmpfs"), "nosuid,nodev,mode=755");
    for (size_t i = 0; i < SW_N(dirs); i++) {
        bool docker = privileged && (strcmp(dirs[i], "/var/lib/docker") == 0 || strcmp(dirs[i], "/var/lib/containerd") == 0);
        if (docker)
            scratch(a, mounts, dir, dirs[i] + strlen("/var/lib/"), dirs[i], 0711);
        else
            mask(a, mounts, dirs[i]);
    }
    mask_home(a, mounts);
    for (size_t i = 0; i < SW_N(files); i++)
        mask(a, mounts, files[i]);
    /* by every name that it has here: a bind mount may show it at another place */
    SwStrList data = sw_guard_names(rt, a);
    for (size_t i = 0; i < data.n; i++)
        if (!below(data.v[i], "/tmp") && !below(data.v[i], "/run") && !below(data.v[i], "/home") &&
            !below(data.v[i], "/var/lib/slipway"))
            sw_oci_mount(a, mounts, data.v[i], "tmpfs", SW_STR("tmpfs"), "nosuid,nodev,mode=700,size=64k");
}

/* File systems mounted below `/` that hold programs and data, as the kernel lists them: outer
 * before inner. */
static SwStrList real_mounts(SwArena *a) {
    static const char *const types[] = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "virtiofs"};
    SwError err = sw_error(a);
    SwStrList r = {0};
    SwStr text, line;

    if (sw_file_read(a, "/proc/thread-self/mountinfo", SW_FILE_MAX, &text, &err) < 0)
        return r;
    while (sw_str_next(&text, '\n', &line)) {
        SwStrList f = sw_str_split(a, line, ' ');
        size_t dash = 6;
        while (dash < f.n && !sw_str_eqz(f.v[dash], "-"))
            dash++;
        if (dash + 1 >= f.n || f.v[4].n < 2 || sw_str_contains(f.v[4], SW_STR("\\")))
            continue;
        bool wanted = below(f.v[4], "/usr") || below(f.v[4], "/opt") || below(f.v[4], "/var") || below(f.v[4], "/etc") ||
                      below(f.v[4], "/lib") || below(f.v[4], "/bin") || below(f.v[4], "/sbin") || below(f.v[4], "/srv");
        for (size_t i = 0; wanted && i < SW_N(types); i++)
            if (sw_str_eqz(f.v[dash + 1], types[i]))
                sw_str_list_add(a, &r, sw_str_dup(a, f.v[4]));
    }
    return r;
}

/* Where the data folder's file system cannot hold upper layers (it is an overlay itself, as in a
 * container), memory does: a tmpfs of this mount namespace, gone with the container. */
int sw_overlay_mount(SwArena *a, const char *lower, const char *upper, const char *work, const char *at, SwError *err) {
    if (sw_mkdirs(upper, 0755, err) < 0 || sw_mkdirs(work, 0700, err) < 0)
        return -1;
    const char *o = sw_strf(a, "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work).p;
    if (strlen(o) >= 4095)
        return sw_fail_errno(err, E2BIG, "mount overlay of %s", lower);
    if (mount("overlay", at, "overlay", 0, o) == 0)
        return 0;
    if (errno != EINVAL && errno != ELOOP)
        return sw_fail_errno(err, errno, "mount %s", o);
    if (mount("tmpfs", upper, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0 || mkdir(sw_path(a, upper, "u"), 0755) < 0 ||
        mkdir(sw_path(a, upper, "w"), 0700) < 0)
        return sw_fail_errno(err, errno, "mount tmpfs on %s", upper);
    o = sw_strf(a, "lowerdir=%s,upperdir=%s/u,workdir=%s/w", lower, upper, upper).p;
    return mount("overlay", at, "overlay", 0, o) < 0 ? sw_fail_errno(err, errno, "mount %s", o) : 0;
}

int sw_host_mount_root(SwArena *a, const char *dir, SwError *err) {
    const char *rootfs = sw_path(a, dir, "rootfs");
    SwStrList below_root = real_mounts(a);

    const char *upper = sw_path(a, dir, "upper"), *work = sw_path(a, dir, "work");

    if (sw_overlay_mount(a, "/", upper, work, rootfs, err) < 0)
        return -1;
    for (size_t i = 0; i < below_root.n; i++) {
        const char *at = sw_str_z(a, below_root.v[i]);
        if (!is_dir(at))
            continue;
        upper = sw_strf(a, "%s/upper.%zu", dir, i).p;
        work = sw_strf(a, "%s/work.%zu", dir, i).p;
        if (sw_overlay_mount(a, at, upper, work, sw_strf(a, "%s%s", rootfs, at).p, err) < 0)
            return -1;
    }
    return 0;
}

const char *sw_container_docker_script(void) {
    return "mkdir -p /run/docker /var/log\n"
           /* v2: a group with controllers for its children has no processes of its own */
           "if [ -f /sys/fs/cgroup/cgroup.controllers ]; then\n"
           "  mkdir -p /sys/fs/cgroup/init\n"
           "  while read -r p; do echo $p >/sys/fs/cgroup/init/cgroup.procs || :; done"
           " </sys/fs/cgroup/cgroup.procs 2>/dev/null\n"
           "  for c in $(cat /sys/fs/cgroup/cgroup.controllers); do"
           " echo +$c >/sys/fs/cgroup/cgroup.subtree_control || :; done 2>/dev/null\n"
           "fi\n"
           "dockerd --host=unix:///var/run/docker.sock --pidfile=/run/docker.pid "
           "--data-root=/var/lib/docker"
           " --exec-root=/run/docker --dns=169.254.170.2"
           " >/var/log/dockerd.log 2>&1 </dev/null &\n"
           "slipway_dockerd=$!\n"
           "until docker version >/dev/null 2>&1; do\n"
           "  kill -0 $slipway_dockerd 2>/dev/null || { cat /var/log/dockerd.log >&2; exit 1; }\n"
           "  sleep 0.05\n"
           "done\n";
}
