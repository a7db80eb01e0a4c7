/* SPDX-License-Identifier: Apache-2.0 */
/* Build badges: a picture of how a project's latest build of a branch went, for whoever has its address. The address
 * names no project: its token, as good as a password, is all that leads there. */

#include "base/id.h"
#include "services/codebuild/codebuild.h"

#define TOKEN_CHARS 32

int codebuild_badge_set(SwCtx *cx, CodebuildProjectRecord *r, SwOptBool enabled, SwError *err) {
    CodebuildProject *p = r->project;
    CodebuildProjectBadge *badge = sw_new(cx->arena, CodebuildProjectBadge);
    bool on = SW_OR(enabled, p->badge && SW_OR(p->badge->badge_enabled, false));
    p->badge = badge;
    badge->badge_enabled = SW_SOME_BOOL(on);
    if (!on)
        return 0;
    if (!sw_str_eq(p->source->type, CODEBUILD_SOURCE_TYPE_CODECOMMIT))
        return sw_fail(err, &CODEBUILD_INVALID_INPUT_EXCEPTION, "Build badges are not supported for source type %.*s",
                       SW_FMT(p->source->type));
    if (!sw_str_is(r->badge))
        r->badge = sw_id_base62(cx->arena, TOKEN_CHARS);
    badge->badge_request_url = sw_strf(cx->arena, "http://%.*s" CODEBUILD_BADGES "?uuid=%.*s&branch=main",
                                       SW_FMT(cx->host->registry), SW_FMT(r->badge));
    return 0;
}

static SwStr asked(SwCtx *cx, const char *name) {
    SwStr rest = cx->http->m.query, part, key, value;
    while (sw_str_next(&rest, '&', &part))
        if (sw_str_cut(&part, '=', &key) && sw_str_eqz(key, name))
            return sw_percent_decode(cx->arena, part, true, &value) ? value : SW_NO_STR;
    return SW_NO_STR;
}

/* A build that was asked for no version is one of the default branch, whatever that is called. */
static const CodebuildBuild *latest(const CodebuildBuildRecords *l, SwStr branch) {
    for (size_t i = 0; i < l->n; i++) {
        const CodebuildBuild *b = l->v[i].record->build;
        if (!sw_str_is(branch) || !sw_str_is(b->source_version) || sw_str_eq(b->source_version, branch))
            return b;
    }
    return NULL;
}

static const struct {
    const char *status, *word, *colour;
} looks[] = {
    {"SUCCEEDED", "passing", "#4c1"},    {"FAILED", "failing", "#e05d44"},  {"FAULT", "failing", "#e05d44"},
    {"TIMED_OUT", "failing", "#e05d44"}, {"STOPPED", "stopped", "#9f9f9f"}, {"IN_PROGRESS", "in progress", "#007ec6"},
};

static SwStr picture(SwArena *a, const CodebuildBuild *b) {
    const char *word = "unknown", *colour = "#9f9f9f";
    for (size_t i = 0; b && i < SW_N(looks); i++)
        if (sw_str_eqz(b->build_status, looks[i].status)) {
            word = looks[i].word;
            colour = looks[i].colour;
        }
    return sw_strf(
        a,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"120\" height=\"20\" role=\"img\" aria-label=\"build: %s\">"
        "<rect width=\"40\" height=\"20\" fill=\"#555\"/><rect x=\"40\" width=\"80\" height=\"20\" fill=\"%s\"/>"
        "<g fill=\"#fff\" text-anchor=\"middle\" font-family=\"sans-serif\" font-size=\"11\">"
        "<text x=\"20\" y=\"14\">build</text><text x=\"80\" y=\"14\">%s</text></g></svg>\n",
        word, colour, word);
}

/* *ret absent: no such badge. */
static int draw(SwCtx *cx, SwStr *ret, SwError *err) {
    SwStr token = asked(cx, "uuid");
    CodebuildProjectRecords projects;
    CodebuildBuildRecords l;
    *ret = SW_NO_STR;
    if (token.n != TOKEN_CHARS)
        return 0;
    if (codebuild_projects_list(cx->tx, &(SwDocQuery){.index = "by_badge", .equals = {token}, .any_scope = true}, &projects,
                                err) < 0)
        return -1;
    if (!projects.n || !SW_OR(projects.v[0].record->project->badge->badge_enabled, false))
        return 0;
    sw_tx_scope(cx->tx, projects.v[0].account, projects.v[0].region);
    SwDocQuery builds = {.index = "by_project", .equals = {projects.v[0].id}, .descending = true, .limit = 1};
    const CodebuildBuild *b = NULL;
    size_t looked_at = 0;
    do { /* mostly it is the first; of a branch that is seldom built a thousand are looked at */
        if (codebuild_builds_list(cx->tx, &builds, &l, err) < 0)
            return -1;
        b = latest(&l, asked(cx, "branch"));
        looked_at += l.n;
        builds.after = l.next;
        builds.limit = 20;
    } while (!b && looked_at < 1000 && sw_str_is(l.next));
    *ret = picture(cx->arena, b);
    return 0;
}

void codebuild_badge(SwCtx *cx) {
    SwWireMessage *m = &cx->http->reply;
    SwError err = sw_error(cx->arena);
    int r = sw_ctx_begin(cx, SW_READ, &err);
    if (r == 0)
        r = draw(cx, &m->body, &err);
    sw_ctx_rollback(cx);
    m->status = r < 0 ? 500 : m->body.p ? 200 : 404;
    if (!m->body.p)
        m->body = r < 0 ? SW_STR("The badge cannot be drawn\n") : SW_STR("There is no such badge\n");
    sw_header_set(cx->arena, &m->headers, SW_STR("Content-Type"),
                  m->status == 200 ? SW_STR("image/svg+xml") : SW_STR("text/plain"));
    sw_header_set(cx->arena, &m->headers, SW_STR("Cache-Control"), SW_STR("no-cache"));
}
