/* SPDX-License-Identifier: Apache-2.0 */
/* A build's container: names, network, image, environment. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/secret.h"
#include "base/log.h"
#include "models/ssm.gen.h"
#include "services/codebuild/codebuild.h"

#define CPU_SHARES 128 /* tasks have 1024 unless they say: what serves users comes first */

static const SwErrorKind client_error = {.code = "CLIENT_ERROR", .http = 400};

/* ---- names ---- */

SwStr codebuild_container_id(SwArena *a, const CodebuildBuildRecord *r) {
    return codebuild_place_id(a, r->account, r->region, codebuild_uuid(r->build->id));
}

SwStr codebuild_place_id(SwArena *a, SwStr account, SwStr region, SwStr uuid) {
    SwBuf b = sw_buf(a, 128);
    sw_buf_addf(&b, "cb.%.*s.%.*s.", SW_FMT(account), SW_FMT(region));
    for (size_t i = 0; i < uuid.n; i++)
        if (uuid.p[i] != '-')
            sw_buf_addc(&b, uuid.p[i]);
    return sw_buf_str(&b);
}

bool codebuild_container_owner(SwArena *a, SwStr id, SwStr *ret_account, SwStr *ret_region, SwStr *ret_uuid) {
    SwStr prefix;
    if (!sw_str_cut(&id, '.', &prefix) || !sw_str_eqz(prefix, "cb") || !sw_str_cut(&id, '.', ret_account) ||
        !sw_str_cut(&id, '.', ret_region) || id.n != 32)
        return false;
    *ret_uuid = sw_strf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", id.p, id.p + 8, id.p + 12, id.p + 16, id.p + 20);
    return true;
}

const char *codebuild_folder(const SwHost *h, SwArena *a, SwStr uuid, const char *part) {
    return sw_strf(a, "%s/codebuild/%.*s%s%s", h->config->data, SW_FMT(uuid), part ? "/" : "", part ? part : "").p;
}

/* What a build wrote may be anything, a link to the host's files too: only regular files, never through a link. */
bool codebuild_read_told(SwCtx *cx, const CodebuildBuildRecord *r, const char *part, size_t max, SwStr *ret) {
    struct stat st;
    _sw_close_ int fd = open(codebuild_folder(cx->host, cx->arena, codebuild_uuid(r->build->id), part),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    char *p = sw_arena_alloc(cx->arena, max + 1);
    ssize_t n = pread(fd, p, max, 0);
    *ret = sw_str_n(p, n > 0 ? (size_t)n : 0);
    return n >= 0;
}

static const CodebuildProjectSource *source_named(const CodebuildBuildRecord *r, SwStr identifier) {
    for (size_t i = 0; i < r->build->secondary_sources.n; i++)
        if (sw_str_is(identifier) && sw_str_eq(r->build->secondary_sources.v[i].source_identifier, identifier))
            return &r->build->secondary_sources.v[i];
    return r->build->source;
}

/* Below /codebuild/output: src, a number, src; CodeCommit's clones lie deeper, as in AWS. */
static SwStr source_path(SwArena *a, const CodebuildBuildRecord *r, SwStr identifier) {
    uint8_t hash[32];
    sw_sha256(sw_strf(a, "%.*s/%.*s", SW_FMT(r->build->id), SW_FMT(identifier)), hash);
    unsigned n = ((unsigned)hash[0] << 24 | (unsigned)hash[1] << 16 | (unsigned)hash[2] << 8 | hash[3]) % 1000000000u;
    const CodebuildProjectSource *s = source_named(r, identifier);
    SwStr name = s->location;
    size_t at;
    if (!sw_str_eq(s->type, CODEBUILD_SOURCE_TYPE_CODECOMMIT) || r->pipeline || !sw_str_rfind(name, '/', &at))
        return sw_strf(a, "src%09u/src", n);
    return sw_strf(a, "src%09u/src/git-codecommit.%.*s.amazonaws.com/v1/repos/%.*s", n, SW_FMT(r->region),
                   SW_FMT(sw_str_skip(name, at + 1)));
}

SwStr codebuild_source_dir(SwArena *a, const CodebuildBuildRecord *r, SwStr identifier) {
    return sw_cat(a, SW_STR("/codebuild/output/"), source_path(a, r, identifier));
}

const char *codebuild_source_folder(SwCtx *cx, const CodebuildBuildRecord *r, SwStr identifier) {
    return sw_path(cx->arena, codebuild_folder(cx->host, cx->arena, codebuild_uuid(r->build->id), "output"),
                   source_path(cx->arena, r, identifier).p);
}

int codebuild_as_role(SwCtx *cx, const CodebuildBuildRecord *r, SwCtx **ret, SwError *err) {
    return sw_ctx_assume(cx, r->build->service_role, ret, err);
}

/* ---- network and image ---- */

int codebuild_provision(SwCtx *cx, CodebuildBuildRecord *r, SwError *err) {
    SwImage *image;
    SwNet net;
    SwNetSpec n = {.id = codebuild_container_id(cx->arena, r)};
    if (codebuild_image(cx, r->build->environment->image, r->build->service_role, &image, err) < 0)
        return -1;
    return sw_net_create(cx->host->runtime, cx->arena, &n, &net, err);
}

/* ---- environment ---- */

static void set(SwArena *a, SwStrMap *env, const char *name, SwStr value) {
    if (value.p)
        sw_str_map_set(a, env, sw_str(name), value);
}

/* Variables whose values lie elsewhere: what each is looked up by. */
typedef struct Elsewhere {
    SwStrMap parameters, secrets;
} Elsewhere;

static int from_parameter(SwCtx *role, SwStr name, SwStr *ret, SwError *err) {
    if (sw_parameter_value(role, name, ret, err) == 0)
        return 0;
    SwStr why =
        sw_error_is(err, &SSM_PARAMETER_NOT_FOUND) ? sw_strf(role->arena, "[%.*s]", SW_FMT(name)) : sw_str(err->message);
    return sw_fail_as(err, &client_error, "Parameter store error: Invalid parameters: %.*s", SW_FMT(why));
}

static int from_secret(SwCtx *role, SwStr reference, SwStr *ret, SwError *err) {
    return sw_secret_value(role, reference, ret, err) == 0
               ? 0
               : sw_fail_as(err, &client_error, "Secrets Manager Error Message: %s", err->message);
}

typedef int LookUp(SwCtx *role, SwStr from, SwStr *ret, SwError *err);

static int look_up_each(SwCtx *role, const SwStrMap *wanted, LookUp *f, SwArena *a, SwStrMap *env, SwError *err) {
    for (size_t i = 0; i < wanted->n; i++) {
        SwStr value;
        if (f(role, wanted->v[i].value, &value, err) < 0)
            return -1;
        sw_str_map_set(a, env, wanted->v[i].key, value);
    }
    return 0;
}

static int look_up(SwCtx *cx, const CodebuildBuildRecord *r, const Elsewhere *from, SwStrMap *env, SwError *err) {
    SwCtx *role;
    if (!from->parameters.n && !from->secrets.n)
        return 0;
    if (codebuild_as_role(cx, r, &role, err) < 0 ||
        look_up_each(role, &from->parameters, from_parameter, cx->arena, env, err) < 0)
        return -1;
    return look_up_each(role, &from->secrets, from_secret, cx->arena, env, err);
}

static void slipway_variables(SwCtx *cx, const CodebuildBuildRecord *r, bool on_host, SwStrMap *e) {
    SwArena *a = cx->arena;
    const CodebuildBuild *b = r->build;
    set(a, e, "HOME", SW_STR("/root"));
    if (on_host) {
        const char *path = getenv("PATH");
        set(a, e, "PATH",
            sw_strf(a, "/codebuild/readonly/bin:%s:/usr/sbin:/sbin", path ? path : "/usr/local/bin:/usr/bin:/bin"));
        set(a, e, "DOCKER_BUILDKIT", SW_STR("0")); /* the host has no BuildKit: plain `docker build` must work */
        set(a, e, "LANG", SW_STR("C.UTF-8"));
    }
    set(a, e, "AWS_DEFAULT_REGION", r->region);
    set(a, e, "AWS_REGION", r->region);
    set(a, e, "AWS_ENDPOINT_URL", sw_strf(a, "http://127.0.0.1:%u", cx->host->port));
    set(a, e, "AWS_EC2_METADATA_DISABLED", SW_STR("true"));
    set(a, e, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", sw_cat(a, SW_STR("/v2/codebuild-credentials/"), codebuild_uuid(b->id)));
    set(a, e, "AWS_PAGER", SW_STR(""));
}

static void codebuild_variables(SwCtx *cx, const CodebuildBuildRecord *r, SwStrMap *e) {
    SwArena *a = cx->arena;
    const CodebuildBuild *b = r->build;
    set(a, e, "CODEBUILD_CI", SW_STR("true"));
    set(a, e, "CODEBUILD_BUILD_ARN", b->arn);
    set(a, e, "CODEBUILD_BUILD_ID", b->id);
    set(a, e, "CODEBUILD_BUILD_IMAGE", b->environment->image);
    set(a, e, "CODEBUILD_BUILD_NUMBER", sw_strf(a, "%lld", (long long)b->build_number.v));
    set(a, e, "CODEBUILD_BUILD_SUCCEEDING", SW_STR("1"));
    set(a, e, "CODEBUILD_INITIATOR", b->initiator);
    set(a, e, "CODEBUILD_KMS_KEY_ID", b->encryption_key);
    set(a, e, "CODEBUILD_LOG_PATH", sw_str_or(b->logs->stream_name, SW_STR("")));
    set(a, e, "CODEBUILD_RESOLVED_SOURCE_VERSION", b->resolved_source_version);
    set(a, e, "CODEBUILD_SOURCE_REPO_URL", sw_str_or(b->source->location, SW_STR("")));
    set(a, e, "CODEBUILD_SOURCE_VERSION", sw_str_or(b->source_version, SW_STR("")));
    set(a, e, "CODEBUILD_SRC_DIR", codebuild_source_dir(a, r, SW_STR("")));
    set(a, e, "CODEBUILD_START_TIME", sw_strf(a, "%lld", (long long)(b->start_time.v / SW_MS)));
    for (size_t i = 0; i < b->secondary_sources.n && !r->pipeline; i++) {
        SwStr id = b->secondary_sources.v[i].source_identifier;
        set(a, e, sw_strf(a, "CODEBUILD_SRC_DIR_%.*s", SW_FMT(id)).p, codebuild_source_dir(a, r, id));
        set(a, e, sw_strf(a, "CODEBUILD_SOURCE_VERSION_%.*s", SW_FMT(id)).p,
            sw_str_or(codebuild_source_version(b, id), SW_STR("")));
    }
    for (size_t i = 0; r->pipeline && i < r->pipeline->inputs.n; i++) {
        SwStr id = r->pipeline->inputs.v[i].name;
        if (!sw_str_eq(id, r->pipeline->primary))
            set(a, e, sw_strf(a, "CODEBUILD_SRC_DIR_%.*s", SW_FMT(id)).p, codebuild_source_dir(a, r, id));
    }
}

/* The buildspec's variables give way to the project's, those to the request's (already merged). */
static int environment(SwCtx *cx, const CodebuildBuildRecord *r, const CodebuildSpec *s, bool on_host, SwStrList *ret,
                       SwError *err) {
    SwArena *a = cx->arena;
    SwStrMap e = {0};
    Elsewhere given = {0};
    slipway_variables(cx, r, on_host, &e);
    for (size_t i = 0; i < s->variables.n; i++)
        sw_str_map_set(a, &e, s->variables.v[i].key, s->variables.v[i].value);
    if (look_up(cx, r, &(Elsewhere){s->parameters, s->secrets}, &e, err) < 0)
        return -1;
    const CodebuildEnvironmentVariableList *l = &r->build->environment->environment_variables;
    for (size_t i = 0; i < l->n; i++)
        sw_str_map_set(a,
                       sw_str_eqz(l->v[i].type, "PARAMETER_STORE")   ? &given.parameters
                       : sw_str_eqz(l->v[i].type, "SECRETS_MANAGER") ? &given.secrets
                                                                     : &e,
                       l->v[i].name, l->v[i].value);
    if (look_up(cx, r, &given, &e, err) < 0)
        return -1;
    codebuild_variables(cx, r, &e);
    if (s->git_helper) {
        set(a, &e, "GIT_CONFIG_COUNT", SW_STR("2"));
        set(a, &e, "GIT_CONFIG_KEY_0", SW_STR("credential.helper"));
        set(a, &e, "GIT_CONFIG_VALUE_0",
            SW_STR("!f() { case $1 in get) aws codecommit credential-helper --ignore-host-check get;; esac; }; f"));
        set(a, &e, "GIT_CONFIG_KEY_1", SW_STR("credential.UseHttpPath"));
        set(a, &e, "GIT_CONFIG_VALUE_1", SW_STR("true"));
    }
    for (size_t i = 0; i < e.n; i++)
        sw_str_list_add(a, ret, sw_strf(a, "%.*s=%.*s", SW_FMT(e.v[i].key), SW_FMT(e.v[i].value)));
    return 0;
}

/* ---- start ---- */

/* Debian's AWS CLI 2.9 does not know AWS_ENDPOINT_URL: this `aws`, first in the host environment's PATH, gives it the
 * address as an option, unless the command or the environment says where to go for itself. */
static const char aws_wrapper[] =
    "#!/bin/sh\n"
    "PATH=$(printf '%s' \"$PATH\" | sed 's|/codebuild/readonly/bin:||g')\n"
    "export PATH\n"
    /* The CLI's helper knows hosts of amazonaws.com alone unless it is told not to look, and only `get` takes that option:
     * `store` and `erase` would fail over it, and do nothing else. */
    "case \" $* \" in *' codecommit credential-helper '*)\n"
    "  case \" $* \" in *' get '*) ;; *) cat >/dev/null; exit 0;; esac\n"
    "  case \" $* \" in *' --ignore-host-check '*) ;; *) set -- \"$@\" --ignore-host-check;; esac;;\n"
    "esac\n"
    "for a in \"$@\"; do\n"
    "  case $a in --endpoint-url|--endpoint-url=*) exec aws \"$@\";; esac\n"
    "done\n"
    "[ -n \"$AWS_ENDPOINT_URL\" ] && ! env | grep -q '^AWS_ENDPOINT_URL_' && exec aws --endpoint-url \"$AWS_ENDPOINT_URL\" "
    "\"$@\"\n"
    "exec aws \"$@\"\n";

static int write_files(SwCtx *cx, const char *folder, const CodebuildFileList *files, SwError *err) {
    for (size_t i = 0; i < files->n; i++)
        if (sw_file_write(sw_path(cx->arena, folder, sw_str_z(cx->arena, files->v[i].name)), files->v[i].text, 0644, err) < 0)
            return -1;
    const char *bin = sw_path(cx->arena, folder, "bin");
    return sw_mkdirs(bin, 0755, err) < 0 ? -1 : sw_file_write(sw_path(cx->arena, bin, "aws"), sw_str(aws_wrapper), 0755, err);
}

static const struct {
    const char *name;
    unsigned gib;
    double cpus;
} sizes[] = {{"BUILD_GENERAL1_SMALL", 4, 2},
             {"BUILD_GENERAL1_MEDIUM", 8, 4},
             {"BUILD_GENERAL1_LARGE", 16, 8},
             {"BUILD_GENERAL1_XLARGE", 72, 36},
             {"BUILD_GENERAL1_2XLARGE", 145, 72}};

static void limit(SwStr compute_type, SwContainerSpec *c) {
    for (size_t i = 0; i < SW_N(sizes); i++)
        if (sw_str_eqz(compute_type, sizes[i].name)) {
            c->memory_limit = sizes[i].gib * SW_GIB;
            c->cpus = sizes[i].cpus < (double)sysconf(_SC_NPROCESSORS_ONLN) ? sizes[i].cpus : 0;
        }
}

int codebuild_pipe(const char *path, SwError *err) {
    return mkfifo(path, 0600) == 0 || errno == EEXIST ? 0 : sw_fail_errno(err, errno, "make %s", path);
}

static int make_folder(SwCtx *cx, const char *readonly, const char *control, const char *output, SwError *err) {
    if (sw_mkdirs(readonly, 0755, err) < 0 || sw_mkdirs(control, 0755, err) < 0 || sw_mkdirs(output, 0755, err) < 0)
        return -1;
    return codebuild_pipe(sw_path(cx->arena, control, "wait"), err);
}

int codebuild_place_spec(SwCtx *cx, const CodebuildPlace *p, const char *script, SwContainerSpec *ret, SwError *err) {
    SwArena *a = cx->arena;
    SwStr id = codebuild_place_id(a, p->account, p->region, p->uuid);
    const char *readonly = codebuild_folder(cx->host, a, p->uuid, "readonly"),
               *control = codebuild_folder(cx->host, a, p->uuid, "control"),
               *output = codebuild_folder(cx->host, a, p->uuid, "output");
    if (make_folder(cx, readonly, control, output, err) < 0)
        return -1;
    SwMount *mounts = sw_new_n(a, SwMount, 3);
    mounts[0] = (SwMount){.source = sw_str(readonly), .target = SW_STR("/codebuild/readonly"), .read_only = true};
    mounts[1] = (SwMount){.source = sw_str(control), .target = SW_STR("/codebuild/control")};
    mounts[2] = (SwMount){.source = sw_str(output), .target = SW_STR("/codebuild/output")};
    *ret = (SwContainerSpec){
        .id = id,
        .image = p->image,
        .mounts = mounts,
        .n_mounts = 3,
        .net_mode = SW_NET_JOIN,
        .net_id = id,
        .user = SW_STR("0:0"),
        .cwd = SW_STR("/codebuild/output"),
        .privileged = p->privileged,
        .init = true,
        .cpu_shares = CPU_SHARES,
        .hostname = sw_str_n(sw_str_skip(id, id.n - 32).p, 12),
    };
    sw_str_list_add(a, &ret->entrypoint, SW_STR("/bin/sh"));
    sw_str_list_add(a, &ret->entrypoint, sw_strf(a, "/codebuild/readonly/%s", script));
    limit(p->compute_type, ret);
    return 0;
}

/* ---- an environment that was kept ---- */

/* Noted outside of what the build can write, before its commands are let run. */
static const char *launched_path(SwCtx *cx, const CodebuildBuildRecord *r) {
    return codebuild_folder(cx->host, cx->arena, codebuild_uuid(r->build->id), "launched");
}

/* The pipe is of a folder that the build may write once it runs: nothing but a pipe that is read is written to. */
static void let_go(SwCtx *cx, const CodebuildBuildRecord *r) {
    struct stat st;
    _sw_close_ int fd = open(codebuild_folder(cx->host, cx->arena, codebuild_uuid(r->build->id), "control/go"),
                             O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && write(fd, "\n", 1) < 0)
        sw_log(SW_WARN, "build not begun", SW_F("build", r->build->id), SW_F("cause", strerror(errno)));
}

bool codebuild_launched(SwCtx *cx, const CodebuildBuildRecord *r) {
    SwContainerInfo info = {0};
    bool there = sw_container_find(cx->host->runtime, cx->arena, codebuild_container_id(cx->arena, r), &info);
    if (!there || (info.state != SW_CONTAINER_RUNNING && info.state != SW_CONTAINER_EXITED))
        return false;
    if (SW_OR(r->prepared, false) && !sw_exists(launched_path(cx, r)))
        return false;
    if (SW_OR(r->prepared, false))
        let_go(cx, r); /* the crash may have come just before */
    return true;
}

/* Whether what was prepared can be this build's: it waits, the image's name is still none of the registry's, and dockerd, which
 * runs already, has missed none of the build's variables. */
static bool fits(SwCtx *cx, const CodebuildBuildRecord *r, const SwContainerSpec *c, const SwStrList *env) {
    SwContainerInfo info = {0};
    const char *ready = codebuild_folder(cx->host, cx->arena, codebuild_uuid(r->build->id), "control/ready");
    return SW_OR(r->prepared, false) && sw_container_find(cx->host->runtime, cx->arena, c->id, &info) &&
           info.state == SW_CONTAINER_RUNNING && sw_exists(ready) && !c->image &&
           !(c->privileged && codebuild_dockerd_reads(env));
}

/* Both ends of it may be repeated after a crash. */
static int start_container(SwCtx *cx, const CodebuildBuildRecord *r, const SwContainerSpec *c, const SwStrList *env, bool kept,
                           SwError *err) {
    const char *go = codebuild_folder(cx->host, cx->arena, codebuild_uuid(r->build->id), "readonly/go");
    if (kept && sw_file_write(go, codebuild_go_script(cx->arena, env, c->cwd), 0644, err) < 0)
        return -1;
    if (!kept && SW_OR(r->prepared, false) && sw_container_delete(cx->host->runtime, c->id, err) < 0)
        return -1;
    if (SW_OR(r->prepared, false) && sw_file_write(launched_path(cx, r), SW_STR(""), 0600, err) < 0)
        return -1;
    if (kept) {
        SW_CRASH_POINT("codebuild.environment_taken");
        let_go(cx, r);
        return 0;
    }
    if (sw_container_create(cx->host->runtime, c, err) < 0)
        return -1;
    SW_CRASH_POINT("codebuild.container_created");
    return sw_container_start(cx->host->runtime, c->id, err);
}

int codebuild_launch(SwCtx *cx, CodebuildBuildRecord *r, const CodebuildSpec *s, SwError *err) {
    SwArena *a = cx->arena;
    SwStr dir = codebuild_source_dir(a, r, SW_STR(""));
    SwImage *image;
    CodebuildFileList files = {0};
    SwContainerSpec c;
    const CodebuildProjectEnvironment *e = r->build->environment;
    if (codebuild_image(cx, e->image, r->build->service_role, &image, err) < 0)
        return -1;
    CodebuildPlace p = {r->account, r->region, codebuild_uuid(r->build->id), e->compute_type, SW_OR(e->privileged_mode, false),
                        image};
    if (codebuild_place_spec(cx, &p, "driver", &c, err) < 0 || environment(cx, r, s, image == NULL, &c.env, err) < 0)
        return -1;
    c.cwd = dir;
    c.tag = r->build->arn;
    SwStrList env = sw_container_environment(a, &c);
    bool kept = fits(cx, r, &c, &env);
    codebuild_driver(a, s, dir, p.privileged && !image && !kept, codebuild_wants_artifacts(r), &files);
    if (write_files(cx, codebuild_folder(cx->host, a, p.uuid, "readonly"), &files, err) < 0)
        return -1;
    return start_container(cx, r, &c, &env, kept, err);
}

int codebuild_place_remove(SwCtx *cx, SwStr id, SwStr uuid, SwError *err) {
    if (sw_container_delete(cx->host->runtime, id, err) < 0 || sw_net_delete(cx->host->runtime, id, err) < 0)
        return -1;
    return sw_rm_tree(codebuild_folder(cx->host, cx->arena, uuid, NULL), err);
}

int codebuild_remove(SwCtx *cx, const CodebuildBuildRecord *r, SwError *err) {
    return codebuild_place_remove(cx, codebuild_container_id(cx->arena, r), codebuild_uuid(r->build->id), err);
}
