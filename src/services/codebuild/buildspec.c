/* SPDX-License-Identifier: Apache-2.0 */
/* From the tree to a specification. Every key is read or refused by its name. */

#include "services/codebuild/buildspec.h"

const char *const codebuild_stage_name[_CODEBUILD_STAGES] = {"INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"};
static const char *const stage_key[_CODEBUILD_STAGES] = {"install", "pre_build", "build", "post_build"};

#define FAULTS_BYTES 4000 /* of all messages: what a phase's context may hold */

/* Notes a fault and goes on, so that one build tells all of them: "first at line 3; second at line 9". */
static void fault(SwError *err, int line, const char *fmt, ...) sw_printf(3, 4);
static void fault(SwError *err, int line, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    SwStr text = sw_strfv(err->arena, fmt, ap);
    va_end(ap);
    if (line > 0)
        text = sw_strf(err->arena, "%.*s at line %d", SW_FMT(text), line);
    SwStr before = err->kind ? sw_str_dup(err->arena, sw_str(err->message)) : SW_NO_STR;
    if (before.n + text.n > FAULTS_BYTES)
        return;
    (void)sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, "%.*s%s%.*s", SW_FMT(before), before.n ? "; " : "", SW_FMT(text));
}

/* NULL where it is absent or null: nothing to read. */
static const SwValue *part(const SwValue *v, const char *key) {
    const SwValue *m = v ? sw_value_getz(v, key) : NULL;
    return m && m->kind != SW_VNULL ? m : NULL;
}

/* false: it is no mapping, and said so. */
static bool only(const SwValue *v, const char *where, const char *const *known, SwError *err) {
    if (v->kind != SW_VOBJECT) {
        fault(err, (int)v->line, "%s must be a mapping", where);
        return false;
    }
    for (size_t i = 0; i < v->n; i++) {
        bool found = false;
        for (size_t k = 0; known[k] && !found; k++)
            found = sw_str_eqz(v->keys[i], known[k]);
        if (!found)
            fault(err, (int)v->v[i].line, "%s: the key %.*s is not available", where, SW_FMT(v->keys[i]));
    }
    return true;
}

static bool text(const SwValue *v, const char *where, SwStr *ret, SwError *err) {
    if (!v)
        return false;
    if (v->kind != SW_VSTRING && v->kind != SW_VNULL) {
        fault(err, (int)v->line, "%s must be a string", where);
        return false;
    }
    *ret = v->kind == SW_VNULL ? SW_STR("") : v->s;
    return true;
}

static void yes(const SwValue *v, const char *where, bool *ret, SwError *err) {
    static const char *const t[] = {"yes", "true", "on"}, *const f[] = {"no", "false", "off", ""};
    bool no = false;
    SwStr s;
    if (!text(v, where, &s, err))
        return;
    for (size_t i = 0; i < SW_N(t); i++)
        *ret |= sw_str_ieq(s, sw_str(t[i]));
    for (size_t i = 0; i < SW_N(f); i++)
        no |= sw_str_ieq(s, sw_str(f[i]));
    if (!*ret && !no)
        fault(err, (int)v->line, "%s must be yes or no", where);
}

static void strings(SwArena *a, const SwValue *v, const char *where, SwStrList *ret, SwError *err) {
    if (!v)
        return;
    if (v->kind != SW_VARRAY) {
        fault(err, (int)v->line, "%s must be a list", where);
        return;
    }
    for (size_t i = 0; i < v->n; i++) {
        if (v->v[i].kind == SW_VSTRING)
            sw_str_list_add(a, ret, v->v[i].s);
        else
            fault(err, (int)v->v[i].line, "Expected %s[%zu] to be of string type: found %s instead", where, i,
                  v->v[i].kind == SW_VNULL ? "nothing" : "subkeys");
    }
}

bool codebuild_variable_ok(SwStr s) {
    return s.n > 0 && sw_str_all(s, "a-zA-Z0-9_") && (s.p[0] < '0' || s.p[0] > '9');
}

static void texts(SwArena *a, const SwValue *v, const char *where, SwStrMap *ret, SwError *err) {
    SwStr s;
    if (!v)
        return;
    if (v->kind != SW_VOBJECT) {
        fault(err, (int)v->line, "%s must be a mapping", where);
        return;
    }
    for (size_t i = 0; i < v->n; i++)
        if (text(&v->v[i], where, &s, err))
            sw_str_map_set(a, ret, v->keys[i], s);
}

static void variables(SwArena *a, const SwValue *v, const char *where, SwStrMap *ret, SwError *err) {
    texts(a, v, where, ret, err);
    for (size_t i = 0; v && v->kind == SW_VOBJECT && i < v->n; i++)
        if (!codebuild_variable_ok(v->keys[i]))
            fault(err, (int)v->v[i].line, "%s: %.*s cannot be a variable's name", where, SW_FMT(v->keys[i]));
}

static void read_shell(const SwValue *v, CodebuildSpec *s, SwError *err) {
    static const char *const known[] = {"sh", "bash", "/bin/sh", "/bin/bash"};
    bool found = false;
    SwStr shell;
    if (!text(v, "env/shell", &shell, err))
        return;
    for (size_t i = 0; i < SW_N(known); i++)
        found |= sw_str_eqz(shell, known[i]);
    if (found)
        s->shell = shell;
    else
        fault(err, (int)v->line, "env/shell: %.*s is not available, only sh and bash are", SW_FMT(shell));
}

static void read_env(SwArena *a, const SwValue *v, CodebuildSpec *s, SwError *err) {
    static const char *const keys[] = {
        "shell", "variables", "parameter-store", "secrets-manager", "exported-variables", "git-credential-helper", NULL};
    SwStr helper = SW_STR("no");
    s->shell = SW_STR("sh");
    if (!v || !only(v, "env", keys, err))
        return;
    const SwValue *git = sw_value_getz(v, "git-credential-helper"), *exported = part(v, "exported-variables");
    read_shell(sw_value_getz(v, "shell"), s, err);
    if (text(git, "env/git-credential-helper", &helper, err) && !sw_str_eqz(helper, "no") && !sw_str_eqz(helper, "yes"))
        fault(err, (int)git->line, "env/git-credential-helper must be yes or no");
    s->git_helper = sw_str_eqz(helper, "yes");
    variables(a, part(v, "variables"), "env/variables", &s->variables, err);
    variables(a, part(v, "parameter-store"), "env/parameter-store", &s->parameters, err);
    variables(a, part(v, "secrets-manager"), "env/secrets-manager", &s->secrets, err);
    strings(a, exported, "env/exported-variables", &s->exported, err);
    for (size_t i = 0; i < s->exported.n; i++)
        if (!codebuild_variable_ok(s->exported.v[i]))
            fault(err, (int)exported->line, "env/exported-variables: %.*s cannot be a variable's name",
                  SW_FMT(s->exported.v[i]));
}

static void only_root(const SwValue *v, const char *where, SwError *err) {
    SwStr user;
    if (text(v, where, &user, err) && !sw_str_eqz(user, "root"))
        fault(err, (int)v->line, "%s: only root is available", where);
}

static void read_stage(SwArena *a, const SwValue *v, const char *key, CodebuildStageSpec *s, SwError *err) {
    static const char *const install[] = {"run-as", "on-failure", "runtime-versions", "commands", "finally", NULL};
    static const char *const other[] = {"run-as", "on-failure", "commands", "finally", NULL};
    const SwValue *failure;
    SwStr t;
    if (!v || !only(v, sw_strf(a, "phases/%s", key).p, strcmp(key, "install") == 0 ? install : other, err))
        return;
    only_root(sw_value_getz(v, "run-as"), sw_strf(a, "phases/%s/run-as", key).p, err);
    failure = sw_value_getz(v, "on-failure");
    if (text(failure, sw_strf(a, "phases/%s/on-failure", key).p, &t, err)) {
        s->abort = sw_str_eqz(t, "ABORT");
        s->go_on = sw_str_eqz(t, "CONTINUE");
        if (!s->abort && !s->go_on)
            fault(err, (int)failure->line, "phases/%s/on-failure: %.*s is not available, only ABORT and CONTINUE are", key,
                  SW_FMT(t));
    }
    texts(a, part(v, "runtime-versions"), "phases/install/runtime-versions", &s->runtimes, err);
    strings(a, part(v, "commands"), "Commands", &s->commands, err);
    strings(a, part(v, "finally"), "Finally", &s->finally, err);
}

static void read_phases(SwArena *a, const SwValue *v, CodebuildSpec *s, SwError *err) {
    static const char *const keys[] = {"install", "pre_build", "build", "post_build", NULL};
    size_t commands = 0;
    bool before = err->kind != NULL;
    if (!v) {
        fault(err, 0, "the buildspec has no phases");
        return;
    }
    if (!only(v, "phases", keys, err))
        return;
    for (size_t i = 0; i < _CODEBUILD_STAGES; i++) {
        read_stage(a, part(v, stage_key[i]), stage_key[i], &s->stage[i], err);
        commands += s->stage[i].commands.n + s->stage[i].finally.n;
    }
    if (!commands && before == (err->kind != NULL)) /* else what is there was not read */
        fault(err, (int)v->line, "No commands found for phase name: build");
}

static void read_artifact(SwArena *a, const SwValue *v, const char *where, bool primary, CodebuildArtifactSpec *s,
                          SwError *err) {
    static const char *const keys[] = {
        "files", "name", "discard-paths", "base-directory", "exclude-paths", "enable-symlinks", "secondary-artifacts", NULL};
    const SwValue *files = part(v, "files");
    if (!only(v, where, keys, err))
        return;
    strings(a, files, "Files", &s->files, err);
    strings(a, part(v, "exclude-paths"), "exclude-paths", &s->exclude, err);
    bool told = files && (files->kind != SW_VARRAY || files->n);
    if (!s->files.n && !told && !(primary && sw_value_getz(v, "secondary-artifacts")))
        fault(err, (int)v->line, "%s: files must name at least one file", where);
    (void)text(sw_value_getz(v, "name"), "artifacts/name", &s->name, err);
    (void)text(sw_value_getz(v, "base-directory"), "artifacts/base-directory", &s->base, err);
    yes(sw_value_getz(v, "discard-paths"), "artifacts/discard-paths", &s->discard_paths, err);
    yes(sw_value_getz(v, "enable-symlinks"), "artifacts/enable-symlinks", &s->symlinks, err);
    if (sw_str_contains(s->base, SW_STR("*")))
        fault(err, (int)sw_value_getz(v, "base-directory")->line, "%s/base-directory: wildcards are not available", where);
}

static void read_artifacts(SwArena *a, const SwValue *v, CodebuildSpec *s, SwError *err) {
    if (!v)
        return;
    s->has_artifacts = true;
    read_artifact(a, v, "artifacts", true, &s->artifacts, err);
    const SwValue *more = v->kind == SW_VOBJECT ? part(v, "secondary-artifacts") : NULL;
    if (!more)
        return;
    if (more->kind != SW_VOBJECT) {
        fault(err, (int)more->line, "artifacts/secondary-artifacts must be a mapping");
        return;
    }
    for (size_t i = 0; i < more->n; i++) {
        CodebuildArtifactSpec *x = sw_list_add(a, &s->secondary);
        x->id = more->keys[i];
        read_artifact(a, &more->v[i], "artifacts/secondary-artifacts", false, x, err);
    }
}

/* Where files of a cache lie: of no consequence, as AWS has it, for a project that has no cache, and none has one. */
static void check_cache(SwArena *a, const SwValue *v, SwError *err) {
    static const char *const keys[] = {"paths", "key", "fallback-keys", "action", NULL};
    SwStrList ignored = {0};
    SwStr word;
    if (!v || !only(v, "cache", keys, err))
        return;
    strings(a, part(v, "paths"), "cache/paths", &ignored, err);
    strings(a, part(v, "fallback-keys"), "cache/fallback-keys", &ignored, err);
    (void)text(sw_value_getz(v, "key"), "cache/key", &word, err);
    (void)text(sw_value_getz(v, "action"), "cache/action", &word, err);
}

int codebuild_spec_parse(SwArena *a, SwStr yaml, CodebuildSpec *ret, SwError *err) {
    static const char *const keys[] = {"version", "run-as", "env", "phases", "artifacts", "cache", NULL};
    SwValue v;
    SwStr version = SW_NO_STR;
    *ret = (CodebuildSpec){0};
    if (codebuild_yaml(a, yaml, &v, err) < 0)
        return -1;
    if (!only(&v, "the buildspec", keys, err))
        return -1;
    const SwValue *m = sw_value_getz(&v, "version");
    if ((!m || text(m, "version", &version, err)) && !sw_str_eqz(version, "0.2"))
        fault(err, m ? (int)m->line : 0, "invalid buildspec version: only 0.2 is available");
    only_root(sw_value_getz(&v, "run-as"), "run-as", err);
    read_env(a, part(&v, "env"), ret, err);
    read_phases(a, part(&v, "phases"), ret, err);
    read_artifacts(a, part(&v, "artifacts"), ret, err);
    check_cache(a, part(&v, "cache"), err);
    return err->kind ? -1 : 0;
}

/* ---- patterns of files ---- */

/* Folder by folder. Linear but for backtracking to the last "**", which is enough: a later one makes earlier ones irrelevant.
 */
bool codebuild_glob(SwStr pattern, SwStr path) {
    SwStr p, s, after = SW_NO_STR, from = SW_NO_STR;
    bool star = false;
    while (sw_str_starts(pattern, SW_STR("./")))
        pattern = sw_str_skip(pattern, 2);
    for (;;) {
        SwStr rest = pattern, tail = path;
        bool some = sw_str_next(&rest, '/', &p);
        if (some && sw_str_eqz(p, "**")) {
            if (rest.n == 0)
                return true;
            star = true;
            pattern = after = rest;
            from = path;
        } else if (some && sw_str_next(&tail, '/', &s) && sw_str_glob(p, s)) {
            pattern = rest;
            path = tail;
        } else if (!some && path.n == 0) {
            return true;
        } else if (star && sw_str_cut(&from, '/', &s)) {
            pattern = after;
            path = from;
        } else {
            return false;
        }
    }
}
