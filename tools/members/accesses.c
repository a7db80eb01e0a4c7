/* SPDX-License-Identifier: Apache-2.0 */
/* Member expressions of the services' sources, by libclang. A member counts as read wherever it stands, except as what
 * an assignment writes: `out->tags = in->tags` reads in's only. Structures that are passed whole count for nothing.
 *
 * Parsing is the work, so that two processes share the files and write what they find to a pipe, a line each:
 *   ecs ecscluster.clustername            read
 *   ecs >ecscreateservicerequest ecsservice     moved member by member */

#include <clang-c/CXCompilationDatabase.h>
#include <clang-c/Index.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "members.h"

#define PROCESSES 2
#define SERVICES  "src/services/"

typedef struct Walk {
    SwArena *arena;
    CXTranslationUnit unit;
    const char *service;
    FILE *out;
} Walk;

SwStr key_of(SwArena *a, SwStr name) {
    SwBuf b = sw_buf(a, 4 * SW_KIB);
    for (size_t i = 0; i < name.n; i++)
        if (isalnum((unsigned char)name.p[i]))
            sw_buf_addc(&b, (char)tolower((unsigned char)name.p[i]));
    return sw_buf_str(&b);
}

static SwStr spelling(Walk *w, CXCursor c) {
    CXString s = clang_getCursorSpelling(c);
    SwStr copy = sw_str_dup(w->arena, sw_str(clang_getCString(s)));
    clang_disposeString(s);
    return copy;
}

/* --- reads ------------------------------------------------------------------------------------------------------ */

static enum CXChildVisitResult first_child(CXCursor c, CXCursor parent, CXClientData data) {
    (void)parent;
    *(CXCursor *)data = c;
    return CXChildVisit_Break;
}

static CXCursor child_of(CXCursor c) {
    CXCursor child = clang_getNullCursor();
    clang_visitChildren(c, first_child, &child);
    return child;
}

static CXCursor unwrapped(CXCursor c) {
    while (clang_getCursorKind(c) == CXCursor_UnexposedExpr || clang_getCursorKind(c) == CXCursor_ParenExpr)
        c = child_of(c);
    return c;
}

static void note_member(Walk *w, CXCursor c) {
    CXCursor field = clang_getCursorReferenced(c);
    if (clang_getCursorKind(field) != CXCursor_FieldDecl)
        return;
    SwStr type = key_of(w->arena, spelling(w, clang_getCursorSemanticParent(field)));
    SwStr member = key_of(w->arena, spelling(w, field));
    if (type.n && !sw_str_starts(type, SW_STR("sw")))
        fprintf(w->out, "%s %.*s.%.*s\n", w->service, SW_FMT(type), SW_FMT(member));
}

static enum CXChildVisitResult visit(CXCursor c, CXCursor parent, CXClientData data);

/* What is assigned to: the member itself and the structures by value around it are written; behind the first arrow
 * begins what is read. */
static void visit_target(Walk *w, CXCursor c) {
    c = unwrapped(c);
    while (clang_getCursorKind(c) == CXCursor_MemberRefExpr) {
        CXCursor base = child_of(c);
        bool arrow = clang_getCursorType(base).kind == CXType_Pointer;
        c = unwrapped(base);
        if (arrow)
            break;
    }
    if (!clang_Cursor_isNull(c))
        visit(c, c, w);
}

typedef struct Sides {
    CXCursor side[2];
    int n;
} Sides;

static enum CXChildVisitResult take_side(CXCursor c, CXCursor parent, CXClientData data) {
    (void)parent;
    Sides *s = data;
    if (s->n < 2)
        s->side[s->n++] = c;
    return CXChildVisit_Continue;
}

/* libclang 14 does not tell a binary operator's kind: look at the text between its operands. */
static bool is_assignment(Walk *w, const Sides *s) {
    CXFile left, right;
    unsigned from, to;
    size_t size;
    clang_getSpellingLocation(clang_getRangeEnd(clang_getCursorExtent(s->side[0])), &left, NULL, NULL, &from);
    clang_getSpellingLocation(clang_getRangeStart(clang_getCursorExtent(s->side[1])), &right, NULL, NULL, &to);
    if (!left || !clang_File_isEqual(left, right) || from >= to)
        return false;
    const char *text = clang_getFileContents(w->unit, left, &size);
    for (unsigned i = from; text && i < to && i < size; i++)
        if (!isspace((unsigned char)text[i]))
            return text[i] == '=' && text[i + 1] != '=';
    return false;
}

static bool visit_assignment(Walk *w, CXCursor c) {
    Sides s = {.n = 0};
    clang_visitChildren(c, take_side, &s);
    if (s.n != 2 || !is_assignment(w, &s))
        return false;
    visit_target(w, s.side[0]);
    visit(s.side[1], c, w);
    return true;
}

/* --- moves ------------------------------------------------------------------------------------------------------ */

/* The type that a table describes: ecs_shape_create_cluster_request is of EcsCreateClusterRequest. */
static SwStr shape_argument(Walk *w, CXCursor call, unsigned i) {
    CXCursor c = unwrapped(clang_Cursor_getArgument(call, i));
    while (clang_getCursorKind(c) == CXCursor_UnaryOperator)
        c = unwrapped(child_of(c));
    const char *name = sw_str_z(w->arena, spelling(w, c)), *rest = strstr(name, "_shape_");
    if (!rest)
        return SW_NO_STR;
    return key_of(w->arena, sw_strf(w->arena, "%.*s%s", (int)(rest - name), name, rest + strlen("_shape_")));
}

static void note_move(Walk *w, CXCursor call) {
    if (!sw_str_eqz(spelling(w, call), "sw_shape_move") || clang_Cursor_getNumArguments(call) != 5)
        return;
    SwStr to = shape_argument(w, call, 1), from = shape_argument(w, call, 3);
    if (to.n && from.n)
        fprintf(w->out, "%s >%.*s %.*s\n", w->service, SW_FMT(from), SW_FMT(to));
}

static enum CXChildVisitResult visit_all(CXCursor c, CXCursor parent, CXClientData data) {
    return visit(c, parent, data);
}

static enum CXChildVisitResult visit(CXCursor c, CXCursor parent, CXClientData data) {
    Walk *w = data;
    (void)parent;
    enum CXCursorKind kind = clang_getCursorKind(c);
    if (kind == CXCursor_MemberRefExpr)
        note_member(w, c);
    else if (kind == CXCursor_CallExpr)
        note_move(w, c);
    else if (kind == CXCursor_BinaryOperator && visit_assignment(w, c))
        return CXChildVisit_Continue;
    clang_visitChildren(c, visit_all, w);
    return CXChildVisit_Continue;
}

static enum CXChildVisitResult visit_top(CXCursor c, CXCursor parent, CXClientData data) {
    if (clang_Location_isFromMainFile(clang_getCursorLocation(c)))
        visit(c, parent, data);
    return CXChildVisit_Continue;
}

/* --- files ------------------------------------------------------------------------------------------------------ */

/* "ecs" of ".../src/services/ecs/task.c"; absent for anything else. */
static SwStr service_of(const char *file) {
    const char *at = strstr(file, SERVICES);
    SwStr rest = at ? sw_str(at + strlen(SERVICES)) : SW_NO_STR, name;
    return at && sw_str_cut(&rest, '/', &name) ? name : SW_NO_STR;
}

/* Of gcc's switches a parser needs few, and clang does not know them all. */
static bool says_what_is_meant(const char *arg) {
    return strncmp(arg, "-I", 2) == 0 || strncmp(arg, "-D", 2) == 0 || strncmp(arg, "-std=", 5) == 0 ||
           strncmp(arg, "-isystem", 8) == 0;
}

static bool parse(CXIndex index, CXCompileCommand cmd, const char *file, Walk *w) {
    const char *argv[256];
    CXString text[256];
    int n = 0;
    argv[n++] = "clang";
    for (unsigned i = 0; i < clang_CompileCommand_getNumArgs(cmd) && n < 254; i++) {
        text[n] = clang_CompileCommand_getArg(cmd, i);
        argv[n] = clang_getCString(text[n]);
        if (says_what_is_meant(argv[n]) || strcmp(argv[n], file) == 0)
            n++;
        else
            clang_disposeString(text[n]);
    }
    argv[n] = "-w";
    CXString dir = clang_CompileCommand_getDirectory(cmd);
    bool there = chdir(clang_getCString(dir)) == 0;
    clang_disposeString(dir);
    enum CXErrorCode code =
        there ? clang_parseTranslationUnit2FullArgv(index, NULL, argv, n + 1, NULL, 0, CXTranslationUnit_None, &w->unit)
              : CXError_Failure;
    bool ok = code == CXError_Success;
    for (unsigned i = 0; ok && i < clang_getNumDiagnostics(w->unit); i++) {
        CXDiagnostic d = clang_getDiagnostic(w->unit, i);
        ok = clang_getDiagnosticSeverity(d) < CXDiagnostic_Error;
        CXString what = clang_formatDiagnostic(d, clang_defaultDiagnosticDisplayOptions());
        if (!ok)
            fprintf(stderr, "%s\n", clang_getCString(what));
        clang_disposeString(what);
        clang_disposeDiagnostic(d);
    }
    if (ok)
        clang_visitChildren(clang_getTranslationUnitCursor(w->unit), visit_top, w);
    else
        fprintf(stderr, "%s: cannot be parsed\n", file);
    if (code == CXError_Success)
        clang_disposeTranslationUnit(w->unit);
    for (int i = 1; i < n; i++)
        clang_disposeString(text[i]);
    return ok;
}

/* One process's share: every PROCESSES-th file, from `first` on. */
static int parse_share(const Question *q, unsigned first, FILE *out) {
    CXCompilationDatabase_Error error;
    CXCompilationDatabase db = clang_CompilationDatabase_fromDirectory(q->build, &error);
    if (error != CXCompilationDatabase_NoError) {
        fprintf(stderr, "%s: no compile_commands.json\n", q->build);
        return 1;
    }
    CXCompileCommands all = clang_CompilationDatabase_getAllCompileCommands(db);
    CXIndex index = clang_createIndex(0, 1);
    unsigned n = 0;
    bool ok = true;
    for (unsigned i = 0; i < clang_CompileCommands_getSize(all); i++) {
        CXCompileCommand cmd = clang_CompileCommands_getCommand(all, i);
        CXString name = clang_CompileCommand_getFilename(cmd);
        SwStr file = sw_str(clang_getCString(name)), service = service_of(clang_getCString(name));
        bool wanted = service.p && (!q->service || sw_str_eqz(service, q->service)) &&
                      !(q->without && sw_str_ends(file, sw_str(q->without)));
        if (wanted && n++ % PROCESSES == first) {
            SwArena *a = sw_arena_new(0);
            Walk w = {.arena = a, .service = sw_str_z(a, service), .out = out};
            ok &= parse(index, cmd, clang_getCString(name), &w);
            sw_arena_free(a);
        }
        clang_disposeString(name);
    }
    return ok ? 0 : 1;
}

static void read_line(SwArena *a, SwStr line, Reads *ret) {
    SwStr rest = line, service, from;
    if (!sw_str_cut(&rest, ' ', &service))
        return;
    if (!sw_str_starts(rest, SW_STR(">"))) {
        sw_map_put(&ret->seen, sw_str_dup(a, line), ret);
        return;
    }
    rest = sw_str_skip(rest, 1);
    if (!sw_str_cut(&rest, ' ', &from))
        return;
    SwStr key = sw_strf(a, "%.*s %.*s", SW_FMT(service), SW_FMT(from));
    Moves *m = sw_map_find(&ret->moved, key);
    if (!m) {
        m = sw_new(a, Moves);
        sw_map_put(&ret->moved, key, m);
    }
    sw_str_list_add(a, &m->to, sw_str_dup(a, rest));
}

bool reads_collect(SwArena *a, const Question *q, Reads *ret) {
    int pipes[PROCESSES][2];
    pid_t pid[PROCESSES];
    bool ok = true;
    *ret = (Reads){.seen = sw_map(a), .moved = sw_map(a)};
    for (unsigned i = 0; i < PROCESSES; i++) {
        if (pipe(pipes[i]) < 0 || (pid[i] = fork()) < 0) {
            perror("members");
            return false;
        }
        if (pid[i] == 0) {
            FILE *out = fdopen(pipes[i][1], "w");
            int status = parse_share(q, i, out);
            fclose(out);
            _exit(status);
        }
        close(pipes[i][1]);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        char *line = NULL;
        size_t cap = 0;
        ssize_t n;
        int status;
        FILE *in = fdopen(pipes[i][0], "r");
        while ((n = getline(&line, &cap, in)) > 0)
            read_line(a, sw_str_n(line, (size_t)n - 1), ret);
        free(line);
        fclose(in);
        ok &= waitpid(pid[i], &status, 0) == pid[i] && status == 0;
    }
    return ok;
}
