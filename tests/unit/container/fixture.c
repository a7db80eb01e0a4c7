/* SPDX-License-Identifier: Apache-2.0 */

/* See fixture.h. */

#include <archive.h>
#include <archive_entry.h>
#include <stdarg.h>

#include <sys/wait.h>

#include "fixture.h"

static Fixture *live; /* of the test that runs */

bool fixture_can(void) {
    static const char *const need[] = {"/usr/sbin/runc", "/usr/bin/conmon", "/bin/busybox", "/usr/sbin/nft"};

    if (geteuid() != 0) {
        print_message("skipped: containers need root\n");
        return false;
    }
    for (size_t i = 0; i < SW_N(need); i++)
        if (!sw_exists(need[i])) {
            print_message("skipped: %s is not installed\n", need[i]);
            return false;
        }
    return true;
}

static const char *blob_path(void *arg, SwArena *a, SwStr digest) {
    Fixture *F = arg;
    const char *p = sw_strf(a, "%s/blobs/%.*s", F->data, SW_FMT(sw_str_skip(digest, 7))).p;

    return sw_exists(p) ? p : NULL;
}

SwStr fixture_blob(Fixture *F, SwStr bytes) {
    SwStr hex = sw_sha256_hex(F->a, bytes);

    OK(sw_file_write(sw_strf(F->a, "%s/blobs/%.*s", F->data, SW_FMT(hex)).p, bytes, 0600, &F->err));
    return sw_strf(F->a, "sha256:%.*s", SW_FMT(hex));
}

static SwStr tar(Fixture *F, const TarEntry *e, size_t n, const char *compress) {
    size_t used = 0, cap = 64 * SW_KIB;
    SwStr busybox = SW_NO_STR;
    struct archive *w = archive_write_new();

    for (size_t i = 0; i < n; i++) {
        if (e[i].type == 'b' && !busybox.p)
            OK(sw_file_read(F->a, "/bin/busybox", 16 * SW_MIB, &busybox, &F->err));
        cap += 4 * SW_KIB + (e[i].type == 'b' ? busybox.n : e[i].data ? strlen(e[i].data) : 0);
    }
    char *p = sw_arena_alloc(F->a, cap);
    archive_write_set_format_pax_restricted(w);
    if (*compress)
        assert_int_equal(archive_write_add_filter_by_name(w, compress), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(w, 1);
    assert_int_equal(archive_write_open_memory(w, p, cap, &used), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *a = archive_entry_new();
        SwStr data = e[i].type == 'b' ? busybox : sw_str(e[i].data ? e[i].data : "");
        archive_entry_set_pathname(a, e[i].path);
        archive_entry_set_perm(a, (__LA_MODE_T)(e[i].mode ? e[i].mode : 0755));
        archive_entry_set_filetype(a, e[i].type == 'd' || e[i].type == 'x' ? AE_IFDIR
                                      : e[i].type == 'l'                   ? AE_IFLNK
                                      : e[i].type == 'c'                   ? AE_IFCHR
                                                                           : AE_IFREG);
        if (e[i].type == 'c') {
            archive_entry_set_rdevmajor(a, 1);
            archive_entry_set_rdevminor(a, 3);
        }
        if (e[i].type == 'x')
            archive_entry_xattr_add_entry(a, e[i].data, "y", 1);
        if (e[i].type == 'l')
            archive_entry_set_symlink(a, e[i].data);
        else if (e[i].type == 'h')
            archive_entry_set_hardlink(a, e[i].data);
        else
            archive_entry_set_size(a, strchr("fb", e[i].type) ? (la_int64_t)data.n : 0);
        assert_true(archive_write_header(w, a) >= ARCHIVE_WARN); /* a name beyond ASCII in the C locale warns */
        if ((e[i].type == 'f' || e[i].type == 'b') && data.n)
            assert_int_equal(archive_write_data(w, data.p, data.n), (la_ssize_t)data.n);
        archive_entry_free(a);
    }
    archive_write_close(w);
    archive_write_free(w);
    return sw_str_n(p, used);
}

void fixture_layer(Fixture *F, const TarEntry *e, size_t n, const char *compress, SwStr *ret_blob, SwStr *ret_diff_id) {
    SwStr plain = tar(F, e, n, "");

    *ret_diff_id = sw_cat(F->a, SW_STR("sha256:"), sw_sha256_hex(F->a, plain));
    *ret_blob = fixture_blob(F, *compress ? tar(F, e, n, compress) : plain);
}

SwStr fixture_manifest(Fixture *F, const SwStr *blobs, const SwStr *diff_ids, size_t n, const char *config_json) {
    SwBuf c = sw_buf(F->a, SW_MIB), m = sw_buf(F->a, SW_MIB);

    sw_buf_addf(&c,
                "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":%s,\"rootfs\":{\"type\":"
                "\"layers\",\"diff_ids\":[",
                config_json);
    for (size_t i = 0; i < n; i++)
        sw_buf_addf(&c, "%s\"%.*s\"", i ? "," : "", SW_FMT(diff_ids[i]));
    sw_buf_addz(&c, "]}}");
    SwStr config = fixture_blob(F, sw_buf_str(&c));
    sw_buf_addf(&m, "{\"schemaVersion\":2,\"config\":{\"digest\":\"%.*s\"},\"layers\":[", SW_FMT(config));
    for (size_t i = 0; i < n; i++)
        sw_buf_addf(&m, "%s{\"digest\":\"%.*s\"}", i ? "," : "", SW_FMT(blobs[i]));
    sw_buf_addz(&m, "]}");
    return sw_buf_str(&m);
}

SwImageSource fixture_source(Fixture *F, SwStr manifest) {
    return (SwImageSource){.manifest = manifest, .arg = F, .blob_path = blob_path};
}

static void make_busybox(Fixture *F) {
    static const TarEntry e[] = {
        {"bin", 'd', NULL, 0755},
        {"bin/busybox", 'b', NULL, 0755},
        {"bin/sh", 'l', "busybox", 0},
        {"etc", 'd', NULL, 0755},
        {"etc/passwd", 'f', "root:x:0:0::/root:/bin/sh\nweb:x:1000:1001::/srv:/bin/sh\n", 0644},
        {"etc/group", 'f', "root:x:0:\nweb:x:1001:\nextra:x:2002:web\n", 0644},
    };
    SwStr blob, diff;

    fixture_layer(F, e, SW_N(e), "gzip", &blob, &diff);
    SwStr m = fixture_manifest(F, &blob, &diff, 1,
                               "{\"Env\":[\"PATH=/bin\",\"FROM_IMAGE=yes\"],\"Cmd\":[\"/bin/"
                               "sh\",\"-c\",\"echo default\"]}");
    F->busybox_manifest = m;
    SwImageSource src = fixture_source(F, m);
    OK(sw_image_unpack(F->rt, F->a, &src, &F->busybox, &F->err));
}

Fixture *fixture_attach(const char *data, const char *instance) {
    SwArena *a = sw_arena_new(SW_GIB);
    Fixture *F = sw_new(a, Fixture);

    F->a = a;
    F->err = sw_error(a);
    F->clock = sw_clock_new();
    snprintf(F->data, sizeof(F->data), "%s", data);
    snprintf(F->instance, sizeof(F->instance), "%s", instance);
    F->o = (SwRuntimeOpts){.data_dir = F->data, .instance = F->instance, .clock = F->clock, .arg = F};
    return F;
}

Fixture *fixture_new(void) {
    char data[TEST_FOLDER], instance[9];
    static int count;

    assert_non_null(test_folder(data));
    snprintf(instance, sizeof(instance), "t%x", ((unsigned)getpid() * 16 + (unsigned)++count) & 0xfffffff);
    Fixture *F = fixture_attach(data, instance);
    OK(sw_mkdirs(sw_path(F->a, data, "blobs"), 0700, &F->err));
    OK(sw_runtime_open(&F->o, &F->rt, &F->err));
    live = F;
    make_busybox(F);
    return F;
}

void fixture_reopen(Fixture *F) {
    sw_runtime_close(F->rt);
    F->reopened = true;
    OK(sw_runtime_open(&F->o, &F->rt, &F->err));
}

void fixture_free(Fixture *F) {
    SwStrList left;

    live = NULL;
    OK(sw_runtime_purge(F->rt, &F->err));
    OK(sw_runtime_leftovers(F->data, F->instance, F->a, &left, &F->err));
    for (size_t i = 0; i < left.n; i++)
        print_error("left behind: %.*s\n", SW_FMT(left.v[i]));
    while (F->reopened && waitpid(-1, NULL, 0) > 0)
        ;
    size_t n = left.n + (waitpid(-1, NULL, WNOHANG) >= 0); /* a child, or what is left of one */
    sw_runtime_close(F->rt);
    sw_clock_free(F->clock);
    OK(sw_rm_tree(F->data, &F->err));
    sw_arena_free(F->a);
    assert_int_equal(n, 0);
}

int fixture_teardown(void **state) {
    if (!live)
        return 0;
    _sw_arena_ SwArena *a = sw_arena_new(0);
    SwError err = sw_error(a);
    int r = sw_runtime_purge_at(live->data, live->instance, &err) < 0 || sw_rm_tree(live->data, &err) < 0 ? -1 : 0;
    live = NULL;
    return r;
}

SwStrList words(SwArena *a, ...) {
    SwStrList l = {0};
    va_list ap;
    const char *z;

    va_start(ap, a);
    while ((z = va_arg(ap, const char *)))
        sw_str_list_add(a, &l, sw_str(z));
    va_end(ap);
    return l;
}

void fixture_run(Fixture *F, const char *id, const char *script) {
    SwContainerSpec s = {.id = sw_str(id), .image = &F->busybox, .args = words(F->a, "/bin/sh", "-c", script, NULL)};

    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
}

SwStr fixture_log(Fixture *F, const char *id) {
    SwContainerLog e[64];
    SwBuf b = sw_buf(F->a, SW_MIB);
    uint64_t offset = 0;
    long n;

    while ((n = sw_container_logs(F->rt, F->a, sw_str(id), &offset, e, SW_N(e), &F->err)) > 0)
        for (long i = 0; i < n; i++) {
            sw_buf_adds(&b, e[i].text);
            if (!e[i].partial)
                sw_buf_addc(&b, '\n');
        }
    assert_int_equal(n, 0);
    return sw_buf_str(&b);
}
