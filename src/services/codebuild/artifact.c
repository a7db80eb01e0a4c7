/* SPDX-License-Identifier: Apache-2.0 */
/* Artifacts: files of the still running container, opened inside its root, go to S3 as one ZIP file or as they are. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/lazy_archive.h"
#include "models/s3.gen.h"
#include "services/codebuild/codebuild.h"

#define FILES_MAX  200000
#define DEPTH_MAX  100
#define NAME_BYTES 1024 /* an object key's limit */

static const SwErrorKind client_error = {.code = "CLIENT_ERROR", .http = 400};

typedef struct Found {
    SwStr path;
    mode_t mode;
    SwStr link;
} Found;
typedef struct Collect {
    SwCtx *cx;
    const CodebuildArtifactSpec *spec;
    SwStr container, base; /* base: absolute, inside */
    struct {
        Found *v;
        size_t n;
    } files;
} Collect;

bool codebuild_wants_artifacts(const CodebuildBuildRecord *r) {
    if (r->pipeline)
        return r->pipeline->outputs.n > 0;
    return sw_str_eq(r->artifacts->type, CODEBUILD_ARTIFACTS_TYPE_S3) || r->secondary_artifacts.n > 0;
}

static bool wanted(const CodebuildArtifactSpec *s, SwStr path) {
    bool in = false;
    for (size_t i = 0; i < s->files.n && !in; i++)
        in = codebuild_glob(s->files.v[i], path);
    for (size_t i = 0; i < s->exclude.n && in; i++)
        in = !codebuild_glob(s->exclude.v[i], path);
    return in;
}

static int open_inside(Collect *c, SwStr path, int flags, SwError *err) {
    return sw_container_open(c->cx->host->runtime, c->container,
                             sw_strf(c->cx->arena, "%.*s/%.*s", SW_FMT(c->base), SW_FMT(path)).p, flags | O_CLOEXEC, 0, err);
}

static int walk(Collect *c, int dir, SwStr prefix, int depth, SwError *err) {
    SwArena *a = c->cx->arena;
    const struct dirent *e;
    _sw_dir_ DIR *d = fdopendir(dir);
    if (!d) {
        close(dir);
        return sw_fail_errno(err, errno, "list artifacts");
    }
    int r = 0;
    while (r == 0 && (e = readdir(d))) {
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        SwStr path = prefix.n ? sw_strf(a, "%.*s/%s", SW_FMT(prefix), e->d_name) : sw_str_dup(a, sw_str(e->d_name));
        if (S_ISDIR(st.st_mode)) {
            int sub = depth < DEPTH_MAX ? openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
            r = sub < 0 ? 0 : walk(c, sub, path, depth + 1, err);
        } else if ((S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) && wanted(c->spec, path)) {
            char link[4096];
            ssize_t n = S_ISLNK(st.st_mode) && c->spec->symlinks ? readlinkat(dirfd(d), e->d_name, link, sizeof link) : -1;
            *sw_list_add(a, &c->files) =
                (Found){path, st.st_mode & 0777, n > 0 ? sw_str_dup(a, sw_str_n(link, (size_t)n)) : SW_NO_STR};
            if (c->files.n > FILES_MAX)
                r = sw_fail(err, &client_error, "more than %d artifact files", FILES_MAX);
        }
    }
    return r;
}

static SwStr kept_name(const Collect *c, SwStr path) {
    size_t at;
    return c->spec->discard_paths && sw_str_rfind(path, '/', &at) ? sw_str_skip(path, at + 1) : path;
}

static int collect(Collect *c, SwError *err) {
    int dir = open_inside(c, SW_STR("."), O_RDONLY | O_DIRECTORY, err);
    if (dir < 0)
        return sw_fail_as(err, &client_error, "no matching base directory path found for %.*s",
                          SW_FMT(sw_str_or(c->spec->base, SW_STR("."))));
    if (walk(c, dir, SW_STR(""), 0, err) < 0)
        return -1;
    return c->files.n ? 0 : sw_fail(err, &client_error, "no matching artifact paths found");
}

/* ---- bytes ---- */

typedef int Add(void *arg, const void *p, size_t n, SwError *err);

static int each_byte(Collect *c, const Found *f, Add *add, void *arg, SwError *err) {
    char buf[64 * 1024];
    ssize_t n;
    _sw_close_ int fd = open_inside(c, f->path, O_RDONLY | O_NONBLOCK, err);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        sw_error_reset(err);
        return 0; /* a link to nowhere, or to no file: an empty entry */
    }
    while ((n = read(fd, buf, sizeof buf)) > 0)
        if (add(arg, buf, (size_t)n, err) < 0)
            return -1;
    return n < 0 ? sw_fail_errno(err, errno, "read artifact") : 0;
}

static int add_blob(void *arg, const void *p, size_t n, SwError *err) {
    return sw_blob_add(arg, p, n, err);
}

static int add_zip(void *arg, const void *p, size_t n, SwError *err) {
    return archive_write_data(arg, p, n) == (la_ssize_t)n ? 0
                                                          : sw_fail(err, &SW_INTERNAL_FAILURE, "%s", archive_error_string(arg));
}

typedef struct ZipOut {
    SwBlobWriter *w;
    SwError *err;
    SwStr piece;
    int r;
    SwLack lack; /* memory ended in a callback */
} ZipOut;

static void add_piece(void *arg) {
    ZipOut *o = arg;
    o->r = sw_blob_add(o->w, o->piece.p, o->piece.n, o->err);
}

/* libarchive's frames are not to be unwound. */
static la_ssize_t zip_bytes(struct archive *z, void *arg, const void *p, size_t n) {
    ZipOut *o = arg;
    o->piece = sw_str_n(p, n);
    o->lack = sw_guard(SW_POOL_NONE, add_piece, o);
    return o->lack != SW_LACK_NONE || o->r < 0 ? -1 : (la_ssize_t)n;
}

static void entry_freep(struct archive_entry **e) {
    archive_entry_free(*e);
}

static void write_freep(struct archive **z) {
    archive_write_free(*z);
}

static int zip_entry(Collect *c, struct archive *z, const Found *f, SwTime now, SwError *err) {
    struct stat st = {0};
    __attribute__((cleanup(entry_freep))) struct archive_entry *e = archive_entry_new();
    _sw_close_ int fd = f->link.n ? -1 : open_inside(c, f->path, O_RDONLY | O_NONBLOCK, err);
    sw_error_reset(err);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
        st.st_size = 0;
    archive_entry_set_pathname(e, sw_str_z(c->cx->arena, kept_name(c, f->path)));
    archive_entry_set_filetype(e, f->link.n ? AE_IFLNK : AE_IFREG);
    archive_entry_set_perm(e, fd >= 0 ? st.st_mode & 0777 : f->mode);
    archive_entry_set_mtime(e, now / SW_S, 0);
    if (f->link.n)
        archive_entry_set_symlink(e, sw_str_z(c->cx->arena, f->link));
    else
        archive_entry_set_size(e, st.st_size);
    int r = archive_write_header(z, e) == ARCHIVE_OK ? 0 : sw_fail(err, &SW_INTERNAL_FAILURE, "%s", archive_error_string(z));
    return r < 0 || f->link.n ? r : each_byte(c, f, add_zip, z, err);
}

static int zip(Collect *c, SwBlobInfo *ret, SwError *err) {
    ZipOut o = {.err = err};
    if (sw_blob_begin(c->cx->host->blobs, c->cx->arena, 1u << SW_MD5, &o.w, err) < 0)
        return -1;
    __attribute__((cleanup(write_freep))) struct archive *z = archive_write_new();
    archive_write_set_format_zip(z);
    archive_write_set_bytes_in_last_block(z, 1);
    int r = archive_write_open(z, &o, NULL, zip_bytes, NULL) == ARCHIVE_OK ? 0 : -1;
    for (size_t i = 0; i < c->files.n && r == 0; i++)
        r = zip_entry(c, z, &c->files.v[i], sw_now(c->cx), err);
    if (r == 0 && archive_write_close(z) != ARCHIVE_OK)
        r = -1;
    if (o.lack != SW_LACK_NONE)
        sw_no_memory(o.lack);
    if (r < 0)
        return err->kind ? -1 : sw_fail(err, &SW_INTERNAL_FAILURE, "The artifact cannot be packed");
    return sw_blob_commit(o.w, ret, err);
}

static int put(SwCtx *role, SwStr bucket, SwStr key, const SwBlobInfo *b, bool is_zip, SwError *err) {
    SwStr sha;
    if (!sw_unhex(role->arena, b->digest, &sha))
        return sw_fail(err, &SW_INTERNAL_FAILURE, "digest");
    S3PutObjectRequest in = {.bucket = bucket,
                             .key = key,
                             .content_type = is_zip ? SW_STR("application/zip") : SW_NO_STR,
                             .body = {.set = true, .file = -1, .size = b->size, .sha256 = sha, .md5 = b->extra[SW_MD5]}};
    S3PutObjectOutput *out;
    if (s3_call_put_object(role, &in, &out, err) == 0)
        return 0;
    return sw_fail_as(err, &client_error, "%s: %s", err->kind->code, err->message);
}

static int put_each(Collect *c, SwCtx *role, SwStr bucket, SwStr prefix, SwError *err) {
    for (size_t i = 0; i < c->files.n; i++) {
        SwBlobWriter *w;
        SwBlobInfo info;
        if (sw_blob_begin(c->cx->host->blobs, c->cx->arena, 1u << SW_MD5, &w, err) < 0 ||
            each_byte(c, &c->files.v[i], add_blob, w, err) < 0 || sw_blob_commit(w, &info, err) < 0)
            return -1;
        SwStr key = sw_cat(role->arena, prefix, prefix.n ? SW_STR("/") : SW_NO_STR, kept_name(c, c->files.v[i].path));
        if (put(role, bucket, key, &info, false, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- where to ---- */

static SwStr trimmed(SwStr s) {
    while (sw_str_starts(s, SW_STR("/")))
        s = sw_str_skip(s, 1);
    while (sw_str_ends(s, SW_STR("/")))
        s = sw_str_drop(s, 1);
    return s;
}

/* The buildspec's name, as the build's shell made it, where the project lets it override its own. */
static int name_of(SwCtx *cx, const CodebuildBuildRecord *r, const CodebuildProjectArtifacts *a, const CodebuildSpec *s,
                   const CodebuildArtifactSpec *x, SwStr *ret, SwError *err) {
    size_t number = x == &s->artifacts ? 0 : (size_t)(x - s->secondary.v) + 1;
    *ret = sw_str_or(a->name, r->build->project_name);
    if (!SW_OR(a->override_artifact_name, false) || !x->name.n)
        return 0;
    if (codebuild_read_told(cx, r, sw_strf(cx->arena, "control/name.%zu", number).p, NAME_BYTES, ret) && ret->n &&
        sw_str_is_utf8(*ret))
        return 0;
    return sw_fail(err, &client_error, "the artifact's name %.*s cannot be evaluated by the build's shell", SW_FMT(x->name));
}

/* PATH/NAMESPACE/NAME */
static SwStr key_of(SwCtx *cx, const CodebuildBuildRecord *r, const CodebuildProjectArtifacts *a, SwStr name) {
    SwStr v[3];
    size_t n = 0;
    if (trimmed(a->path).n)
        v[n++] = trimmed(a->path);
    if (sw_str_eqz(a->namespace_type, "BUILD_ID"))
        v[n++] = codebuild_uuid(r->build->id);
    if (trimmed(name).n)
        v[n++] = trimmed(name);
    return sw_str_join(cx->arena, v, n, SW_STR("/"));
}

static int upload_one(SwCtx *cx, SwCtx *role, CodebuildBuildRecord *r, const CodebuildSpec *s,
                      const CodebuildArtifactSpec *spec, const CodebuildProjectArtifacts *to, const CodebuildObject *object,
                      CodebuildBuildArtifacts *ret, SwError *err) {
    SwStr name, source = codebuild_source_dir(cx->arena, r, SW_STR(""));
    Collect c = {.cx = cx, .spec = spec, .container = codebuild_container_id(cx->arena, r)};
    c.base = sw_str_starts(spec->base, SW_STR("/")) ? spec->base
                                                    : sw_strf(cx->arena, "%.*s/%.*s", SW_FMT(source), SW_FMT(spec->base));
    SwBlobInfo info;
    if (collect(&c, err) < 0 || name_of(cx, r, to, s, spec, &name, err) < 0)
        return -1;
    SwStr bucket = object ? object->bucket : to->location, key = object ? object->key : key_of(cx, r, to, name);
    ret->location = codebuild_object_arn(cx, bucket, key);
    if (!object) {
        ret->encryption_disabled = SW_SOME_BOOL(SW_OR(to->encryption_disabled, false));
        ret->override_artifact_name = SW_SOME_BOOL(SW_OR(to->override_artifact_name, false));
        if (!sw_str_eqz(to->packaging, "ZIP"))
            return put_each(&c, role, bucket, key, err);
    }
    if (zip(&c, &info, err) < 0 || put(role, bucket, key, &info, true, err) < 0)
        return -1;
    ret->sha256sum = info.digest;
    ret->md5sum = sw_hex(cx->arena, info.extra[SW_MD5].p, info.extra[SW_MD5].n);
    return 0;
}

static const CodebuildArtifactSpec *secondary(const CodebuildSpec *s, SwStr id) {
    for (size_t i = 0; i < s->secondary.n; i++)
        if (sw_str_eq(s->secondary.v[i].id, id))
            return &s->secondary.v[i];
    return NULL;
}

static CodebuildBuildArtifacts *more(SwCtx *cx, CodebuildBuildRecord *r, SwStr id) {
    CodebuildBuildArtifacts *a = sw_list_add(cx->arena, &r->build->secondary_artifacts);
    a->artifact_identifier = id;
    return a;
}

int codebuild_upload(SwCtx *cx, CodebuildBuildRecord *r, const CodebuildSpec *s, SwError *err) {
    SwCtx *role;
    if (codebuild_as_role(cx, r, &role, err) < 0)
        return -1;
    r->build->secondary_artifacts = (CodebuildBuildArtifactsList){0};
    if (r->pipeline && r->pipeline->outputs.n == 1 && !secondary(s, r->pipeline->outputs.v[0].name))
        return upload_one(cx, role, r, s, &s->artifacts, r->artifacts, &r->pipeline->outputs.v[0], r->build->artifacts, err);
    for (size_t i = 0; r->pipeline && i < r->pipeline->outputs.n; i++) {
        const CodebuildObject *o = &r->pipeline->outputs.v[i];
        const CodebuildArtifactSpec *x = secondary(s, o->name);
        if (!x)
            return sw_fail(err, &client_error, "no definition for artifact %.*s in the buildspec's secondary-artifacts",
                           SW_FMT(o->name));
        if (upload_one(cx, role, r, s, x, r->artifacts, o, more(cx, r, o->name), err) < 0)
            return -1;
    }
    if (r->pipeline)
        return 0;
    if (sw_str_eq(r->artifacts->type, CODEBUILD_ARTIFACTS_TYPE_S3) &&
        upload_one(cx, role, r, s, &s->artifacts, r->artifacts, NULL, r->build->artifacts, err) < 0)
        return -1;
    for (size_t i = 0; i < r->secondary_artifacts.n; i++) {
        const CodebuildProjectArtifacts *to = &r->secondary_artifacts.v[i];
        const CodebuildArtifactSpec *x = secondary(s, to->artifact_identifier);
        if (!x)
            return sw_fail(err, &client_error, "no definition for artifact %.*s in the buildspec's secondary-artifacts",
                           SW_FMT(to->artifact_identifier));
        if (upload_one(cx, role, r, s, x, to, NULL, more(cx, r, to->artifact_identifier), err) < 0)
            return -1;
    }
    return 0;
}
