/* SPDX-License-Identifier: Apache-2.0 */
/* From the tree to a specification. Every key is read or refused by its name. */

#include "services/codebuild/buildspec.h"

const char *const codebuild_stage_name[_CODEBUILD_STAGES] = {"INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"};
static const char *const stage_key[_CODEBUILD_STAGES] = {"install", "pre_build", "build", "post_build"};

#define FAULT(...) sw_fail(err, &CODEBUILD_YAML_FILE_ERROR, __VA_ARGS__)

static int only(const SwValue *v, const char *where, const char *const *known, SwError *err) {
    if (v->kind != SW_VOBJECT)
        return FAULT("%s must be a mapping at line %d", where, (int)v->line);
    for (size_t i = 0; i < v->n; i++) {
        bool found = false;
        for (size_t k = 0; known[k] && !found; k++)
            found = sw_str_eqz(v->keys[i], known[k]);
        if (!found)
            return FAULT("%s: the key %.*s is not available at line %d", where, SW_FMT(v->keys[i]), (int)v->v[i].line);
    }
    return 0;
}

static int text(const SwValue *v, const char *where, SwStr *ret, SwError *err) {
    if (v->kind != SW_VSTRING && v->kind != SW_VNULL)
        return FAULT("%s must be a string at line %d", where, (int)v->line);
    *ret = v->kind == SW_VNULL ? SW_STR("") : v->s;
    return 0;
}

static int yes(const SwValue *v, const char *where, bool *ret, SwError *err) {
    static const char *const t[] = {"yes", "true", "on"}, *const f[] = {"no", "false", "off", ""};
    SwStr s;
    if (text(v, where, &s, err) < 0)
        return -1;
    for (size_t i = 0; i < SW_N(t); i++)
        if (sw_str_ieq(s, sw_str(t[i])))
            return *ret = true, 0;
    for (size_t i = 0; i < SW_N(f); i++)
        if (sw_str_ieq(s, sw_str(f[i])))
            return *ret = false, 0;
    return FAULT("%s must be yes or no at line %d", where, (int)v->line);
}

static int strings(SwArena *a, const SwValue *v, const char *where, SwStrList *ret, SwError *err) {
    if (!v || v->kind == SW_VNULL)
        return 0;
    if (v->kind != SW_VARRAY)
        return FAULT("%s must be a list at line %d", where, (int)v->line);
    for (size_t i = 0; i < v->n; i++) {
        if (v->v[i].kind != SW_VSTRING)
            return FAULT("Expected %s[%zu] to be of string type: found %s instead at line %d", where, i,
                         v->v[i].kind == SW_VNULL ? "nothing" : "subkeys", (int)v->v[i].line);
        sw_str_list_add(a, ret, v->v[i].s);
    }
    return 0;
}

bool codebuild_variable_ok(SwStr s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return s.n > 0;
}

static int variables(SwArena *a, const SwValue *v, const char *where, SwStrMap *ret, SwError *err) {
    if (!v || v->kind == SW_VNULL)
        return 0;
    if (v->kind != SW_VOBJECT)
        return FAULT("%s must be a mapping at line %d", where, (int)v->line);
    for (size_t i = 0; i < v->n; i++) {
        SwStr s;
        if (!codebuild_variable_ok(v->keys[i]))
            return FAULT("%s: %.*s cannot be a variable's name at line %d", where, SW_FMT(v->keys[i]), (int)v->v[i].line);
        if (text(&v->v[i], where, &s, err) < 0)
            return -1;
        sw_str_map_set(a, ret, v->keys[i], s);
    }
    return 0;
}

static int read_env(SwArena *a, const SwValue *v, CodebuildSpec *s, SwError *err) {
    static const char *const keys[] = {"shell", "variables", "parameter-store", "exported-variables", "git-credential-helper", NULL};
    const SwValue *shell;
    SwStr helper = SW_STR("no");
    s->shell = SW_STR("sh");
    if (!v || v->kind == SW_VNULL)
        return 0;
    if (only(v, "env", keys, err) < 0)
        return -1;
    if ((shell = sw_value_getz(v, "shell")) && text(shell, "env/shell", &s->shell, err) < 0)
        return -1;
    if (!sw_str_eqz(s->shell, "sh") && !sw_str_eqz(s->shell, "bash") && !sw_str_eqz(s->shell, "/bin/sh") && !sw_str_eqz(s->shell, "/bin/bash"))
        return FAULT("env/shell: %.*s is not available, only sh and bash are", SW_FMT(s->shell));
    if (sw_value_getz(v, "git-credential-helper") && text(sw_value_getz(v, "git-credential-helper"), "env/git-credential-helper", &helper, err) < 0)
        return -1;
    if (!sw_str_eqz(helper, "no") && !sw_str_eqz(helper, "yes"))
        return FAULT("env/git-credential-helper must be yes or no");
    s->git_helper = sw_str_eqz(helper, "yes");
    if (variables(a, sw_value_getz(v, "variables"), "env/variables", &s->variables, err) < 0 ||
        variables(a, sw_value_getz(v, "parameter-store"), "env/parameter-store", &s->parameters, err) < 0 ||
        strings(a, sw_value_getz(v, "exported-variables"), "env/exported-variables", &s->exported, err) < 0)
        return -1;
    for (size_t i = 0; i < s->exported.n; i++)
        if (!codebuild_variable_ok(s->exported.v[i]))
            return FAULT("env/exported-variables: %.*s cannot be a variable's name", SW_FMT(s->exported.v[i]));
    return 0;
}

static int read_runtimes(SwArena *a, const SwValue *v, SwStrMap *ret, SwError *err) {
    if (!v || v->kind == SW_VNULL)
        return 0;
    if (v->kind != SW_VOBJECT)
        return FAULT("phases/install/runtime-versions must be a mapping at line %d", (int)v->line);
    for (size_t i = 0; i < v->n; i++) {
        SwStr s;
        if (text(&v->v[i], "phases/install/runtime-versions", &s, err) < 0)
            return -1;
        sw_str_map_set(a, ret, v->keys[i], s);
    }
    return 0;
}

static int read_stage(SwArena *a, const SwValue *v, const char *key, CodebuildStageSpec *s, SwError *err) {
    static const char *const install[] = {"run-as", "on-failure", "runtime-versions", "commands", "finally", NULL};
    static const char *const other[] = {"run-as", "on-failure", "commands", "finally", NULL};
    const SwValue *m;
    SwStr t = SW_NO_STR;
    if (v->kind == SW_VNULL)
        return 0;
    if (only(v, sw_strf(a, "phases/%s", key).p, strcmp(key, "install") == 0 ? install : other, err) < 0)
        return -1;
    if ((m = sw_value_getz(v, "run-as")) && (text(m, "run-as", &t, err) < 0 || !sw_str_eqz(t, "root")))
        return err->kind ? -1 : FAULT("phases/%s/run-as: only root is available", key);
    if ((m = sw_value_getz(v, "on-failure"))) {
        if (text(m, "on-failure", &t, err) < 0)
            return -1;
        s->abort = sw_str_eqz(t, "ABORT");
        s->go_on = sw_str_eqz(t, "CONTINUE");
        if (!s->abort && !s->go_on)
            return FAULT("phases/%s/on-failure: %.*s is not available, only ABORT and CONTINUE are", key, SW_FMT(t));
    }
    if (read_runtimes(a, sw_value_getz(v, "runtime-versions"), &s->runtimes, err) < 0)
        return -1;
    return strings(a, sw_value_getz(v, "commands"), "Commands", &s->commands, err) < 0 ||
                   strings(a, sw_value_getz(v, "finally"), "Finally", &s->finally, err) < 0
               ? -1
               : 0;
}

static int read_phases(SwArena *a, const SwValue *v, CodebuildSpec *s, SwError *err) {
    static const char *const keys[] = {"install", "pre_build", "build", "post_build", NULL};
    if (!v || v->kind == SW_VNULL)
        return FAULT("the buildspec has no phases");
    if (only(v, "phases", keys, err) < 0)
        return -1;
    size_t commands = 0;
    for (size_t i = 0; i < _CODEBUILD_STAGES; i++) {
        const SwValue *m = sw_value_getz(v, stage_key[i]);
        if (m && read_stage(a, m, stage_key[i], &s->stage[i], err) < 0)
            return -1;
        commands += s->stage[i].commands.n + s->stage[i].finally.n;
    }
    return commands ? 0 : FAULT("No commands found for phase name: build");
}

static int read_artifact(SwArena *a, const SwValue *v, const char *where, bool primary, CodebuildArtifactSpec *s, SwError *err) {
    static const char *const keys[] = {"files", "name", "discard-paths", "base-directory", "exclude-paths", "enable-symlinks", "secondary-artifacts", NULL};
    const SwValue *m;
    if (only(v, where, keys, err) < 0 || strings(a, sw_value_getz(v, "files"), "Files", &s->files, err) < 0 ||
        strings(a, sw_value_getz(v, "exclude-paths"), "exclude-paths", &s->exclude, err) < 0)
        return -1;
    if (!s->files.n && !(primary && sw_value_getz(v, "secondary-artifacts")))
        return FAULT("%s: files must name at least one file at line %d", where, (int)v->line);
    if (((m = sw_value_getz(v, "name")) && text(m, "artifacts/name", &s->name, err) < 0) ||
        ((m = sw_value_getz(v, "base-directory")) && text(m, "artifacts/base-directory", &s->base, err) < 0) ||
        ((m = sw_value_getz(v, "discard-paths")) && yes(m, "artifacts/discard-paths", &s->discard_paths, err) < 0) ||
        ((m = sw_value_getz(v, "enable-symlinks")) && yes(m, "artifacts/enable-symlinks", &s->symlinks, err) < 0))
        return -1;
    if (sw_str_contains(s->base, SW_STR("*")))
        return FAULT("%s/base-directory: wildcards are not available", where);
    return 0;
}

static int read_artifacts(SwArena *a, const SwValue *v, CodebuildSpec *s, SwError *err) {
    if (!v || v->kind == SW_VNULL)
        return 0;
    s->has_artifacts = true;
    if (read_artifact(a, v, "artifacts", true, &s->artifacts, err) < 0)
        return -1;
    const SwValue *more = sw_value_getz(v, "secondary-artifacts");
    if (!more || more->kind == SW_VNULL)
        return 0;
    if (more->kind != SW_VOBJECT)
        return FAULT("artifacts/secondary-artifacts must be a mapping at line %d", (int)more->line);
    for (size_t i = 0; i < more->n; i++) {
        CodebuildArtifactSpec *x = sw_list_add(a, &s->secondary);
        x->id = more->keys[i];
        if (read_artifact(a, &more->v[i], "artifacts/secondary-artifacts", false, x, err) < 0)
            return -1;
    }
    return 0;
}

int codebuild_spec_parse(SwArena *a, SwStr yaml, CodebuildSpec *ret, SwError *err) {
    static const char *const keys[] = {"version", "run-as", "env", "phases", "artifacts", NULL};
    SwValue v;
    SwStr version = SW_NO_STR, user = SW_NO_STR;
    *ret = (CodebuildSpec){0};
    if (codebuild_yaml(a, yaml, &v, err) < 0)
        return -1;
    if (v.kind != SW_VOBJECT)
        return FAULT("the buildspec must be a mapping");
    const SwValue *m = sw_value_getz(&v, "version");
    if (!m || text(m, "version", &version, err) < 0 || !sw_str_eqz(version, "0.2"))
        return err->kind ? -1 : FAULT("invalid buildspec version: only 0.2 is available");
    if (only(&v, "buildspec", keys, err) < 0)
        return -1;
    if ((m = sw_value_getz(&v, "run-as")) && (text(m, "run-as", &user, err) < 0 || !sw_str_eqz(user, "root")))
        return err->kind ? -1 : FAULT("run-as: only root is available");
    if (read_env(a, sw_value_getz(&v, "env"), ret, err) < 0 || read_phases(a, sw_value_getz(&v, "phases"), ret, err) < 0)
        return -1;
    return read_artifacts(a, sw_value_getz(&v, "artifacts"), ret, err);
}

/* ---- patterns of files ---- */

/* Folder by folder. Linear but for backtracking to the last "**", which is enough: a later one makes earlier ones irrelevant. */
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
