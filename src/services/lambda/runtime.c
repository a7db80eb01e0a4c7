/* SPDX-License-Identifier: Apache-2.0 */
/* Runtimes are interpreters of this machine, where every user can read them: what lies in somebody's home folder is not seen
 * inside a sandbox. Their major version is part of the runtime's name, and is what the program itself says once. */

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/proc.h"
#include "services/lambda/lambda.h"

static const char *const folders[] = {"/usr/local/bin", "/usr/bin"};

const char *lambda_folder(const SwHost *h, SwArena *a, const char *part) {
    return sw_strf(a, "%s/lambda%s%s", h->config->data, part ? "/" : "", part ? part : "").p;
}

static const char *program_named(SwArena *a, const char *name) {
    for (size_t i = 0; i < SW_N(folders); i++) {
        const char *path = sw_path(a, folders[i], name);
        if (access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}

/* "v20.20.2": its major version; 0: it says none. */
static unsigned ask_version(SwArena *a, const char *program) {
    const char *const argv[] = {program, "--version", NULL};
    SwError ignored = sw_error(a);
    SwStr out;
    int status;
    SwProcOpts o = {.argv = argv, .in = -1, .out = -1, .err = -1};
    if (sw_proc_run(a, &o, SW_NO_STR, 256, 5000, &status, &out, NULL, &ignored) < 0 || status != 0 ||
        !sw_str_starts(out, SW_STR("v")))
        return 0;
    return (unsigned)strtoul(sw_str_z(a, sw_str_dup(a, sw_str_skip(out, 1))), NULL, 10);
}

/* Asked again where the file has changed. */
static unsigned node_major(SwArena *a, const char *program) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct timespec seen;
    static unsigned major;
    struct stat st;
    if (stat(program, &st) < 0)
        return 0;
    pthread_mutex_lock(&lock);
    bool same = major && seen.tv_sec == st.st_mtim.tv_sec && seen.tv_nsec == st.st_mtim.tv_nsec;
    unsigned known = major;
    pthread_mutex_unlock(&lock);
    if (same)
        return known;
    known = ask_version(a, program);
    pthread_mutex_lock(&lock);
    seen = st.st_mtim;
    major = known;
    pthread_mutex_unlock(&lock);
    return known;
}

static int not_here(SwStr name, const char *install, SwError *err) {
    return sw_fail(err, &LAMBDA_INVALID_PARAMETER_VALUE_EXCEPTION,
                   "The runtime parameter of %.*s is not available on this machine: %s", SW_FMT(name), install);
}

static int find_node(SwArena *a, LambdaRuntime *r, SwError *err) {
    SwStr version = sw_str_skip(r->name, 6), major;
    uint64_t want;
    r->program = program_named(a, "node");
    r->bootstrap = "bootstrap.mjs";
    if (sw_str_cut(&version, '.', &major) && sw_str_to_u64(major, &want) && r->program && node_major(a, r->program) == want)
        return 0;
    return not_here(r->name,
                    sw_strf(a, "install Node.js %.*s so that `node` is in /usr/local/bin or /usr/bin", SW_FMT(major)).p, err);
}

static int find_python(SwArena *a, LambdaRuntime *r, SwError *err) {
    const char *name = sw_str_z(a, r->name);
    r->program = program_named(a, name);
    r->bootstrap = "bootstrap.py";
    return r->program ? 0 : not_here(r->name, sw_strf(a, "install `%s` in /usr/local/bin or /usr/bin", name).p, err);
}

int lambda_runtime_find(SwArena *a, SwStr name, LambdaRuntime *ret, SwError *err) {
    *ret = (LambdaRuntime){.name = name};
    if (sw_str_eqz(name, "provided.al2") || sw_str_eqz(name, "provided.al2023"))
        return 0;
    if (sw_str_starts(name, SW_STR("nodejs")) && sw_str_ends(name, SW_STR(".x")))
        return find_node(a, ret, err);
    if (sw_str_starts(name, SW_STR("python3.")))
        return find_python(a, ret, err);
    return not_here(name, "functions run in nodejs*.x, python3.*, provided.al2 and provided.al2023", err);
}

/* Each content has a folder of its own, so that what runs keeps what it began with. */
int lambda_runtime_folder(SwHost *h, SwArena *a, const char **ret, SwError *err) {
    SwStr js = sw_str(lambda_bootstrap_mjs), py = sw_str(lambda_bootstrap_py);
    SwStr digest = sw_sha256_hex(a, sw_cat(a, js, py));
    const char *name = sw_strf(a, "runtime/%.16s", digest.p).p, *folder = *ret = lambda_folder(h, a, name);
    if (sw_exists(sw_path(a, folder, "bootstrap.py")))
        return 0;
    if (sw_mkdirs(folder, 0755, err) < 0)
        return -1;
    if (sw_file_write(sw_path(a, folder, "bootstrap.mjs"), js, 0644, err) < 0)
        return -1;
    return sw_file_write(sw_path(a, folder, "bootstrap.py"), py, 0644, err);
}
