/* SPDX-License-Identifier: Apache-2.0 */
/* See driver.h. The shell's own variables begin with slipway_, so that no command meets them by accident. */

#include "services/codebuild/driver.h"

#include "container/container.h"

#define READONLY "/codebuild/readonly"
#define CONTROL  "/codebuild/control"

/* slipway_state keeps where we are and how it goes over a change of shells. Once a step's outcome is noted,
 * slipway_open is 0; the driver finds 1 only where the shell ended without its trap (kill -9, another trap). */
static const char library[] =
    "slipway_mark() { printf '%s %s\\n' \"$*\" \"$(date +%s.%N)\" >>" CONTROL "/events; }\n"
    "slipway_say() { printf '[Container] %s %s\\n' \"$(date '+%Y/%m/%d %H:%M:%S')\" \"$*\"; }\n"
    "slipway_keep() { printf 'slipway_at=%s slipway_open=%s slipway_ok=%s slipway_skip=%s slipway_phase=%s slipway_file=%s\\n'"
    " \"$slipway_at\" \"$slipway_open\" \"$slipway_ok\" \"$slipway_skip\" \"$slipway_phase\" \"$slipway_file\" >" CONTROL
    "/state; }\n"
    /* NUMBER PHASE */
    "slipway_begin() {\n"
    "  [ \"$1\" -gt \"$slipway_at\" ] && [ -z \"$slipway_skip\" ] || return 0\n"
    "  slipway_at=$1 slipway_phase=$2 slipway_ok=1\n"
    "  slipway_mark start \"$2\"; slipway_say \"Entering phase $2\"; slipway_keep\n"
    "}\n"
    /* NUMBER FILE [finally]: whether to run it */
    "slipway_go() {\n"
    "  [ \"$1\" -gt \"$slipway_at\" ] && [ -z \"$slipway_skip\" ] || return 1\n"
    "  [ \"$slipway_ok\" = 1 ] || [ -n \"$3\" ] || return 1\n"
    "  slipway_at=$1 slipway_file=$2 slipway_open=1; slipway_keep\n"
    "  case $2 in *.r*) ;; *) slipway_say \"Running command $(cat " READONLY "/\"$2\")\";; esac\n"
    "}\n"
    /* STATUS of the command that ran */
    "slipway_done() {\n"
    "  slipway_open=0\n"
    "  if [ \"$1\" -ne 0 ]; then\n"
    "    [ \"$slipway_ok\" = 1 ] && slipway_mark fail \"$slipway_phase\" \"$slipway_file\" \"$1\"\n"
    "    slipway_ok=0\n"
    "    case $slipway_file in *.r*) ;; *)"
    " slipway_say \"Command did not exit successfully $(cat " READONLY "/\"$slipway_file\") exit status $1\";; esac\n"
    "    printf '%s' \"$1\" >" CONTROL "/status\n"
    "    printf '%s' \"$slipway_file\" >" CONTROL "/failed.$slipway_phase.new\n"
    "    [ -e " CONTROL "/failed.$slipway_phase ] || cp " CONTROL "/failed.$slipway_phase.new " CONTROL
    "/failed.$slipway_phase\n"
    "    [ -e " CONTROL "/status.$slipway_phase ] || cp " CONTROL "/status " CONTROL "/status.$slipway_phase\n"
    "  fi\n"
    "  slipway_keep\n"
    "}\n"
    /* PHASE: of a runtime's check, which is text of ours, nothing shows */
    "slipway_why() {\n"
    "  case $(cat " CONTROL "/failed.$1) in\n"
    "  *.r*) printf '%s' '" CODEBUILD_NO_RUNTIME "';;\n"
    "  *) printf '%s' \"Error while executing command: $(cat " READONLY "/\"$(cat " CONTROL "/failed.$1)\")."
    " Reason: exit status $(cat " CONTROL "/status.$1)\";;\n"
    "  esac\n"
    "}\n"
    /* NUMBER PHASE WHAT-AFTER-FAILURE: skip | next */
    "slipway_end() {\n"
    "  [ \"$1\" -gt \"$slipway_at\" ] && [ -z \"$slipway_skip\" ] || return 0\n"
    "  slipway_at=$1\n"
    "  (slipway_exports)\n" /* a name such as ${X:?} ends the shell it is made in */
    "  if [ \"$slipway_ok\" = 1 ]; then\n"
    "    slipway_keep; slipway_mark end \"$2\" SUCCEEDED\n"
    "    slipway_say \"Phase complete: $2 State: SUCCEEDED\"\n"
    "    slipway_say 'Phase context status code:  Message: '\n"
    "  else\n"
    "    export CODEBUILD_BUILD_SUCCEEDING=0\n"
    "    [ \"$3\" = skip ] && slipway_skip=1\n"
    "    slipway_keep; slipway_mark end \"$2\" FAILED\n"
    "    slipway_say \"Phase complete: $2 State: FAILED\"\n"
    "    slipway_say \"Phase context status code: COMMAND_EXECUTION_ERROR Message: $(slipway_why \"$2\")\"\n"
    "  fi\n"
    "}\n"
    /* NUMBER: an artifact's name may be made by the shell; one that it cannot make is not there */
    "slipway_name() {\n"
    "  rm -f " CONTROL "/name.$1\n"
    "  (. " READONLY "/name.$1) >" CONTROL "/name.new 2>/dev/null && mv " CONTROL "/name.new " CONTROL "/name.$1\n"
    "}\n"
    "slipway_leave() {\n"
    "  export -p >" CONTROL "/environment; pwd >" CONTROL "/folder\n"
    "  [ \"$slipway_open\" = 1 ] && slipway_done \"$1\"\n"
    "}\n";

static const char *const programs[][2] = {
    {"nodejs", "node"}, {"python", "python3"}, {"java", "java"},     {"golang", "go"},
    {"ruby", "ruby"},   {"php", "php"},        {"dotnet", "dotnet"}, {"docker", "docker"},
};

const char *codebuild_runtime_program(SwStr runtime) {
    for (size_t i = 0; i < SW_N(programs); i++)
        if (sw_str_eqz(runtime, programs[i][0]))
            return programs[i][1];
    return NULL;
}

typedef struct Maker {
    SwArena *a;
    CodebuildFileList *files;
    SwBuf steps;
    unsigned n;
} Maker;

static void add_file(Maker *m, SwStr name, SwStr text) {
    *sw_list_add(m->a, m->files) = (CodebuildFile){name, text};
}

static void command(Maker *m, const char *stage, const char *kind, size_t i, SwStr text) {
    SwStr name = sw_strf(m->a, "%s.%s%zu", stage, kind, i);
    add_file(m, name, text);
    sw_buf_addf(&m->steps, "if slipway_go %u %s %s; then\n. " READONLY "/%s\nslipway_done $?\nfi\n", ++m->n, name.p,
                *kind == 'f' ? "finally" : "''", name.p);
}

/* The environment's own version is what there is: say so, or fail where there is none. */
static SwStr runtime_check(SwArena *a, SwStr runtime, SwStr version) {
    const char *p = codebuild_runtime_program(runtime);
    if (!p)
        return sw_strf(a, "slipway_say 'The runtime %.*s is unknown'; (exit 1)\n", SW_FMT(runtime));
    return sw_strf(a,
                   "if command -v %s >/dev/null; then slipway_say \"Runtime %.*s: version %.*s is asked for, the environment "
                   "has $(command -v %s)\"; "
                   "else slipway_say 'The runtime %.*s is not installed in this environment'; (exit 1); fi\n",
                   p, SW_FMT(runtime), SW_FMT(version), p, SW_FMT(runtime));
}

static bool plain(SwStr s) {
    return s.n > 0 && sw_str_all(s, "a-zA-Z0-9._-");
}

static void stage(Maker *m, CodebuildStage k, const CodebuildStageSpec *s) {
    const char *name = codebuild_stage_name[k];
    bool early = k == CODEBUILD_INSTALL || k == CODEBUILD_PRE_BUILD;
    bool skip = s->abort || (early && !s->go_on);
    sw_buf_addf(&m->steps, "slipway_begin %u %s\n", ++m->n, name);
    for (size_t i = 0; i < s->runtimes.n; i++)
        command(m, name, "r", i,
                runtime_check(m->a, plain(s->runtimes.v[i].key) ? s->runtimes.v[i].key : SW_STR("named"),
                              plain(s->runtimes.v[i].value) ? s->runtimes.v[i].value : SW_STR("named")));
    for (size_t i = 0; i < s->commands.n; i++)
        command(m, name, "", i, s->commands.v[i]);
    for (size_t i = 0; i < s->finally.n; i++)
        command(m, name, "f", i, s->finally.v[i]);
    sw_buf_addf(&m->steps, "slipway_end %u %s %s\n", ++m->n, name, skip ? "skip" : "next");
}

/* Inside double quotes: "app-$(date +%F)". */
static SwStr expandable(SwArena *a, SwStr name) {
    SwBuf b = sw_buf(a, SW_MIB);
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '"' || name.p[i] == '\\')
            sw_buf_addc(&b, '\\');
        sw_buf_addc(&b, name.p[i]);
    }
    return sw_buf_str(&b);
}

/* Names have files of their own: what the shell cannot read there spoils nothing else. */
static SwStr exports(Maker *m, const CodebuildSpec *s) {
    SwBuf b = sw_buf(m->a, SW_MIB);
    sw_buf_addz(&b, "slipway_exports() {\n:\n");
    for (size_t i = 0; i < s->exported.n; i++)
        sw_buf_addf(&b, "[ -n \"${%.*s+x}\" ] && printf '%%s' \"$%.*s\" >" CONTROL "/export.%zu\n", SW_FMT(s->exported.v[i]),
                    SW_FMT(s->exported.v[i]), i);
    for (size_t i = 0; s->has_artifacts && i <= s->secondary.n; i++) {
        SwStr name = i == 0 ? s->artifacts.name : s->secondary.v[i - 1].name;
        if (!name.n)
            continue;
        add_file(m, sw_strf(m->a, "name.%zu", i),
                 sw_cat(m->a, SW_STR("printf '%s' \""), expandable(m->a, name), SW_STR("\"\n")));
        sw_buf_addf(&b, "slipway_name %zu\n", i);
    }
    sw_buf_addz(&b, ":\n}\n");
    return sw_buf_str(&b);
}

/* ---- an environment that is kept ---- */

SwStr codebuild_prepare_script(SwArena *a, bool dockerd) {
    SwBuf b = sw_buf(a, SW_MIB);
    sw_buf_addz(&b, "exec 2>&1 </dev/null\ncommand -v env >/dev/null || exit 1\n");
    if (dockerd)
        sw_buf_addf(&b, "(\n%s) || exit 1\n", sw_container_docker_script());
    sw_buf_addz(&b, "exec 8<>" CONTROL "/go\n: >" CONTROL "/ready\necho '" CODEBUILD_READY_LINE "'\n"
                    "read -r slipway_go <&8\nexec 8>&-\n. " READONLY "/go\n");
    return sw_buf_str(&b);
}

/* Whatever it holds, inside single quotes. */
static void add_quoted(SwBuf *b, SwStr s) {
    sw_buf_addc(b, '\'');
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\'')
            sw_buf_addz(b, "'\\''");
        else
            sw_buf_addc(b, s.p[i]);
    sw_buf_addc(b, '\'');
}

SwStr codebuild_go_script(SwArena *a, const SwStrList *env, SwStr folder) {
    SwBuf b = sw_buf(a, 16 * SW_MIB);
    sw_buf_addz(&b, "rm -f " CONTROL "/go " CONTROL "/ready\ncd ");
    add_quoted(&b, folder);
    sw_buf_addz(&b, " || exit 1\nexec env -i");
    for (size_t i = 0; i < env->n; i++) {
        sw_buf_addc(&b, ' ');
        add_quoted(&b, env->v[i]);
    }
    sw_buf_addz(&b, " /bin/sh " READONLY "/driver\n");
    return sw_buf_str(&b);
}

bool codebuild_dockerd_reads(const SwStrList *env) {
    static const char *const begins[] = {"HTTP_PROXY=",  "HTTPS_PROXY=", "NO_PROXY=",  "ALL_PROXY=", "http_proxy=",
                                         "https_proxy=", "no_proxy=",    "all_proxy=", "DOCKER",     "CONTAINERD",
                                         "GO",           "GRPC_",        "OTEL_",      "SSL_CERT_",  "LD_",
                                         "TMPDIR=",      "RES_OPTIONS="};
    for (size_t i = 0; i < env->n; i++)
        for (size_t k = 0; k < SW_N(begins); k++)
            if (sw_str_starts(env->v[i], sw_str(begins[k])) && !sw_str_eqz(env->v[i], "DOCKER_BUILDKIT=0"))
                return true;
    return false;
}

/* ---- the driver ---- */

static SwStr main_script(SwArena *a, const CodebuildSpec *s, SwStr dir, bool dockerd, bool upload) {
    SwBuf b = sw_buf(a, SW_MIB);
    sw_buf_addz(&b, "exec 2>&1 </dev/null\n. " READONLY "/lib\n");
    if (dockerd) {
        sw_buf_addz(&b, "(\n");
        sw_buf_addz(&b, sw_container_docker_script());
        sw_buf_addz(
            &b, ")\n[ $? = 0 ] || { slipway_mark docker failed; slipway_say 'The Docker daemon did not start'; exit 1; }\n");
    }
    SwStr shell = sw_str_starts(s->shell, SW_STR("/")) ? s->shell : sw_strf(a, "/bin/%.*s", SW_FMT(s->shell));
    sw_buf_addf(&b,
                "slipway_at=0 slipway_open=0 slipway_ok=1 slipway_skip= slipway_phase= slipway_file=\nslipway_keep\n"
                "printf '%%s\\n' '%.*s' >" CONTROL "/folder\n",
                SW_FMT(dir));
    sw_buf_addf(&b, "[ -x %.*s ] || { slipway_say 'env/shell: %.*s is not in the image'; exit 1; }\n", SW_FMT(shell),
                SW_FMT(shell));
    sw_buf_addf(&b,
                "until [ -e " CONTROL "/over ]; do\n  %.*s " READONLY "/steps </dev/null\n  slipway_status=$?\n  . " CONTROL
                "/state\n"
                "  [ \"$slipway_open\" = 1 ] && slipway_done \"$slipway_status\"\ndone\n",
                SW_FMT(shell));
    sw_buf_addf(&b,
                ". " CONTROL "/state\nif [ -z \"$slipway_skip\" ] && [ %d = 1 ]; then\n"
                "  exec 9<>" CONTROL "/wait\n  slipway_mark over upload\n  echo '" CODEBUILD_LAST_LINE
                "'\n  read -r slipway_status <&9\n"
                "elif [ -z \"$slipway_skip\" ]; then\n  slipway_mark over done\nelse\n  slipway_mark over skip\nfi\n",
                upload);
    return sw_buf_str(&b);
}

void codebuild_driver(SwArena *a, const CodebuildSpec *s, SwStr dir, bool dockerd, bool upload, CodebuildFileList *ret) {
    Maker m = {a, ret, sw_buf(a, 16 * SW_MIB), 0};
    sw_buf_addf(&m.steps,
                ". " READONLY "/lib\n. " CONTROL "/state\n[ -e " CONTROL "/environment ] && . " CONTROL "/environment\n"
                "cd \"$(cat " CONTROL "/folder)\" || exit 1\ntrap 'slipway_leave $?' EXIT\n");
    for (unsigned k = 0; k < _CODEBUILD_STAGES; k++)
        stage(&m, (CodebuildStage)k, &s->stage[k]);
    sw_buf_addz(&m.steps, "trap - EXIT\n: >" CONTROL "/over\nexit 0\n");
    SwStr exported = exports(&m, s); /* adds files: once, and SW_FMT reads its argument twice */
    add_file(&m, SW_STR("lib"), sw_strf(a, "%s%.*s", library, SW_FMT(exported)));
    add_file(&m, SW_STR("steps"), sw_buf_str(&m.steps));
    add_file(&m, SW_STR("driver"), main_script(a, s, dir, dockerd, upload));
}

/* ---- markers ---- */

static bool file_ok(SwStr s) {
    size_t dot;
    return sw_str_find(s, '.', &dot) && dot > 0 && plain(s);
}

static bool parse(SwStrList f, CodebuildMarker *m) {
    static const struct {
        const char *word;
        CodebuildMarkerKind kind;
        size_t fields;
    } words[] = {{"start", CODEBUILD_MARK_START, 3},
                 {"fail", CODEBUILD_MARK_FAIL, 5},
                 {"end", CODEBUILD_MARK_END, 4},
                 {"docker", CODEBUILD_MARK_DOCKER, 3},
                 {"over", CODEBUILD_MARK_OVER, 3}};
    size_t k = 0;
    while (k < SW_N(words) && !(sw_str_eqz(f.v[0], words[k].word) && f.n == words[k].fields))
        k++;
    if (k == SW_N(words))
        return false;
    *m = (CodebuildMarker){.kind = words[k].kind, .phase = f.v[1]};
    if (m->kind == CODEBUILD_MARK_FAIL) {
        m->file = f.v[2];
        if (!file_ok(m->file) || !sw_str_to_i64(f.v[3], &m->status))
            return false;
    }
    m->good = m->kind == CODEBUILD_MARK_END ? sw_str_eqz(f.v[2], "SUCCEEDED") : sw_str_eqz(f.v[1], "upload");
    double seconds;
    SwStr time = f.v[f.n - 1], whole = time;
    if (!sw_str_to_double(time, &seconds) && sw_str_cut(&time, '.', &whole) && !sw_str_to_double(whole, &seconds))
        return true; /* a date without %N, or none at all: the time is when we saw it */
    if (seconds > 0 && seconds < 9e9)
        m->at = (SwTime)(seconds * 1e9);
    return true;
}

bool codebuild_marker_next(SwStr *rest, CodebuildMarker *ret) {
    SwStr line;
    while (sw_str_cut(rest, '\n', &line)) {
        SwStr v[8];
        size_t n = 0;
        while (n < SW_N(v) && sw_str_next(&line, ' ', &v[n]))
            n++;
        if (n >= 3 && parse((SwStrList){v, n}, ret))
            return true;
    }
    return false;
}
