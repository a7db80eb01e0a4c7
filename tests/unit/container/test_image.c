/* SPDX-License-Identifier: Apache-2.0 */

/* Layers as strangers may make them. */

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "fixture.h"

#define NEED() \
    if (!fixture_can()) \
        skip(); \
    Fixture *F = fixture_new()

static int unpack_one(Fixture *F, const TarEntry *e, size_t n, const char *compress, SwImage *ret) {
    SwStr blob, diff;

    fixture_layer(F, e, n, compress, &blob, &diff);
    SwImageSource src = fixture_source(F, fixture_manifest(F, &blob, &diff, 1, "{}"));
    return sw_image_unpack(F->rt, F->a, &src, ret, &F->err);
}

static const char *layer_dir(Fixture *F, const SwImage *i, size_t n, const char *file) {
    return sw_strf(F->a, "%s/layers/%.*s/%s", F->data, SW_FMT(sw_str_skip(i->diff_ids.v[n], 7)), file).p;
}

static void every_compression_unpacks_once(void **state) {
    NEED();
    static const char *const how[] = {"", "gzip", "zstd"};
    struct stat first = {0}, st;
    for (size_t k = 0; k < SW_N(how); k++) {
        TarEntry e[] = {{"a", 'f', how[k], 04711},
                        {"dir/b", 'f', "text", 0644},
                        {"dir/c", 'h', "dir/b", 0},
                        {"dir/\xc3\xa9t\xc3\xa9", 'f', "summer", 0}};
        SwImage i;
        OK(unpack_one(F, e, SW_N(e), how[k], &i));
        assert_int_equal(stat(layer_dir(F, &i, 0, "a"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 04711);
        assert_int_equal(stat(layer_dir(F, &i, 0, "dir/c"), &st), 0);
        assert_int_equal(st.st_nlink, 2);
        assert_true(sw_exists(layer_dir(F, &i, 0, "dir/\xc3\xa9t\xc3\xa9")));
        first = st;
        OK(unpack_one(F, e, SW_N(e), how[k], &i));
        assert_int_equal(stat(layer_dir(F, &i, 0, "dir/c"), &st), 0);
        assert_int_equal(st.st_ino, first.st_ino);
    }
    fixture_free(F);
}

static void whiteouts_hide_what_lies_below(void **state) {
    NEED();
    static const TarEntry low[] = {{"gone", 'f', "x", 0644}, {"stays", 'f', "x", 0644}, {"opq/old", 'f', "x", 0644}};
    static const TarEntry high[] = {{".wh.gone", 'f', "", 0644},
                                    {"opq/.wh..wh..opq", 'f', "", 0644},
                                    {"opq/new", 'f', "y", 0644}};
    static const TarEntry bb[] = {{"bin/busybox", 'b', NULL, 0755}};
    SwStr blob[3], diff[3];
    fixture_layer(F, bb, 1, "", &blob[0], &diff[0]);
    fixture_layer(F, low, SW_N(low), "", &blob[1], &diff[1]);
    fixture_layer(F, high, SW_N(high), "gzip", &blob[2], &diff[2]);
    SwImage image;
    SwContainerInfo info;
    SwImageSource src =
        fixture_source(F, fixture_manifest(F, blob, diff, 3,
                                           "{\"Entrypoint\":[\"/bin/busybox\"],\"Cmd\":[\"ls\",\"/\",\"/opq\"]}"));
    OK(sw_image_unpack(F->rt, F->a, &src, &image, &F->err));
    SwContainerSpec s = {.id = SW_STR("w"), .image = &image};
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    assert_true(sw_container_wait(F->rt, F->a, s.id, 20000, &info));
    SwStr log = fixture_log(F, "w");
    assert_true(sw_str_contains(log, SW_STR("stays\n")) && sw_str_contains(log, SW_STR("new\n")));
    assert_false(sw_str_contains(log, SW_STR("gone")));
    assert_false(sw_str_contains(log, SW_STR("old")));
    fixture_free(F);
}

static bool opaque(const char *path) {
    char value[2] = "";

    return lgetxattr(path, "trusted.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y';
}

/* As containerd and kaniko write a folder that was removed and made again: a whiteout and the folder
 * in one layer. */
static void a_whiteout_beside_its_own_name_hides_only_what_lies_below(void **state) {
    NEED();
    static const TarEntry orders[][4] = {
        {{".wh.a", 'f', "", 0}, {"a", 'd', NULL, 0755}, {"a/new", 'f', "x", 0}, {"b", 'f', "", 0}},
        {{"a", 'd', NULL, 0755}, {"a/new", 'f', "x", 0}, {".wh.a", 'f', "", 0}, {"b", 'f', "", 0}},
        {{".wh.a", 'f', "", 0}, {"a/new", 'f', "x", 0}, {".wh.b", 'f', "", 0}, {"b", 'f', "", 0}},
        {{".wh.a", 'f', "", 0}, {"a/new", 'f', "x", 0}, {"b", 'f', "", 0}, {".wh.b", 'f', "", 0}},
    };
    for (size_t i = 0; i < SW_N(orders); i++) {
        SwImage image;
        struct stat st;
        OK(unpack_one(F, orders[i], 4, "", &image));
        assert_true(opaque(layer_dir(F, &image, 0, "a")));
        assert_true(sw_exists(layer_dir(F, &image, 0, "a/new")));
        assert_int_equal(lstat(layer_dir(F, &image, 0, "b"), &st), 0);
        assert_true(S_ISREG(st.st_mode));
        OK(sw_image_prune(F->rt, &F->err));
    }
    fixture_free(F);
}

static void overlays_own_attributes_are_left_out_and_others_kept(void **state) {
    NEED();
    static const TarEntry e[] = {{"hides", 'x', "trusted.overlay.opaque", 0755},
                                 {"leads", 'x', "trusted.overlay.redirect", 0755},
                                 {"own", 'x', "user.note", 0755}};
    SwImage image;
    char value[2] = "";
    OK(unpack_one(F, e, SW_N(e), "gzip", &image));
    assert_false(opaque(layer_dir(F, &image, 0, "hides")));
    assert_int_equal(lgetxattr(layer_dir(F, &image, 0, "leads"), "trusted.overlay.redirect", value, sizeof(value)), -1);
    ssize_t n = lgetxattr(layer_dir(F, &image, 0, "own"), "user.note", value, sizeof(value));
    assert_true(n == 1 || errno == ENOTSUP); /* a tmpfs keeps none */
    fixture_free(F);
}

/* As long as the kernel takes them; and a device, which no container without privilege may open. */
static void long_names_and_devices_unpack(void **state) {
    NEED();
    char name[251], path[4096] = "", longer[8192] = "";
    SwImage image;
    struct stat st;
    memset(name, 'n', 250);
    name[250] = '\0';
    for (int i = 0; i < 8; i++)
        strcat(strcat(path, name), "/");
    strcat(path, "end");
    for (int i = 0; i < 20; i++)
        strcat(strcat(longer, name), "/");
    const TarEntry e[] = {{path, 'f', "deep", 0644}, {"bin/busybox", 'b', NULL, 0755}, {"disk", 'c', NULL, 0666}};
    const TarEntry beyond[] = {{longer, 'd', NULL, 0755}};
    const TarEntry wide[] = {{sw_strf(F->a, "%s%s", name, name).p, 'f', "x", 0644}};
    OK(unpack_one(F, e, SW_N(e), "", &image));
    assert_int_equal(stat(layer_dir(F, &image, 0, path), &st), 0);
    assert_int_equal(stat(layer_dir(F, &image, 0, "disk"), &st), 0);
    assert_true(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
    assert_int_equal(unpack_one(F, beyond, 1, "", &image), -1);
    assert_true(sw_error_is(&F->err, &SW_CONTAINER_IMAGE_INVALID));
    sw_error_reset(&F->err);
    assert_int_equal(unpack_one(F, wide, 1, "", &image), -1);
    assert_true(sw_error_is(&F->err, &SW_CONTAINER_IMAGE_INVALID));
    sw_error_reset(&F->err);
    fixture_free(F);
}

static void no_entry_leads_out_of_its_layer(void **state) {
    NEED();
    const char *out = sw_strf(F->a, "%s/outside", F->data).p;
    const char *out_link = sw_strf(F->a, "%s/outside", F->data).p;
    OK(sw_mkdirs(out, 0755, &F->err));
    OK(sw_file_write(sw_path(F->a, out, "victim"), SW_STR("safe"), 0644, &F->err));
    const struct {
        const char *label;
        TarEntry e[3];
        size_t n;
        bool refused;
    } cases[] = {
        {"dotdot", {{"../../../outside/x", 'f', "evil", 0}}, 1, true},
        {"dotdot inside", {{"a/../../x", 'f', "evil", 0}}, 1, true},
        {"through an absolute link", {{"l", 'l', out_link, 0}, {"l/x", 'f', "evil", 0}}, 2, true},
        {"through a relative link", {{"l", 'l', "../../outside", 0}, {"l/x", 'f', "evil", 0}}, 2, true},
        {"whiteout through a link", {{"l", 'l', out_link, 0}, {"l/.wh.victim", 'f', "", 0}}, 2, true},
        {"opaque through a link", {{"l", 'l', out_link, 0}, {"l/.wh..wh..opq", 'f', "", 0}}, 2, true},
        {"hard link through a link", {{"l", 'l', out_link, 0}, {"h", 'h', "l/victim", 0}}, 2, true},
        {"hard link out", {{"h", 'h', "../../outside/victim", 0}}, 1, true},
        {"whiteout of dotdot", {{".wh...", 'f', "", 0}}, 1, true},
        {"absolute names stay inside", {{"/outside-abs", 'f', "fine", 0}}, 1, false},
    };
    for (size_t i = 0; i < SW_N(cases); i++) {
        SwImage image;
        int r = unpack_one(F, cases[i].e, cases[i].n, "", &image);
        if ((r < 0) != cases[i].refused)
            fail_msg("%s: %s", cases[i].label, r < 0 ? F->err.message : "accepted");
        if (r < 0)
            assert_true(sw_error_is(&F->err, &SW_CONTAINER_IMAGE_INVALID));
        sw_error_reset(&F->err);
        assert_false(sw_exists(sw_path(F->a, out, "x")));
        assert_true(sw_exists(sw_path(F->a, out, "victim")));
    }
    assert_false(sw_exists("/outside-abs"));
    fixture_free(F);
}

static void bytes_that_are_not_the_layers_are_refused(void **state) {
    NEED();
    static const TarEntry e[] = {{"a", 'f', "one", 0644}}, other[] = {{"a", 'f', "two", 0644}};
    SwStr blob, diff, blob2, diff2;
    SwImage image;
    fixture_layer(F, e, 1, "gzip", &blob, &diff);
    fixture_layer(F, other, 1, "gzip", &blob2, &diff2);
    SwImageSource src = fixture_source(F, fixture_manifest(F, &blob2, &diff, 1, "{}"));
    assert_int_equal(sw_image_unpack(F->rt, F->a, &src, &image, &F->err), -1);
    assert_true(sw_error_is(&F->err, &SW_CONTAINER_IMAGE_INVALID));
    sw_error_reset(&F->err);
    SwStr junk = fixture_blob(F, SW_STR("this is no tar archive at all, but it is long enough to look at"));
    src = fixture_source(F, fixture_manifest(F, &junk, &junk, 1, "{}"));
    assert_int_equal(sw_image_unpack(F->rt, F->a, &src, &image, &F->err), -1);
    assert_true(sw_error_is(&F->err, &SW_CONTAINER_IMAGE_INVALID));
    sw_error_reset(&F->err);
    fixture_free(F);
}

static void an_index_leads_to_this_machines_image(void **state) {
    NEED();
    static const TarEntry e[] = {{"a", 'f', "one", 0644}};
    SwStr blob, diff;
    SwImage image;
    fixture_layer(F, e, 1, "", &blob, &diff);
    SwStr m = fixture_blob(F, fixture_manifest(F, &blob, &diff, 1, "{\"User\":\"web\",\"ExposedPorts\":{\"80/tcp\":{}}}"));
    SwStr index = sw_strf(F->a,
                          "{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:00\",\"platform\":{\"os\":"
                          "\"linux\",\"architecture\":\"arm64\"}},"
                          "{\"digest\":\"%.*s\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}]}",
                          SW_FMT(m));
    SwImageSource src = fixture_source(F, index);
    OK(sw_image_unpack(F->rt, F->a, &src, &image, &F->err));
    assert_true(sw_str_eqz(image.user, "web") && sw_str_eqz(image.exposed.v[0], "80/tcp"));
    assert_true(sw_exists(layer_dir(F, &image, 0, "a")));
    OK(sw_image_prune(F->rt, &F->err));
    assert_false(sw_exists(layer_dir(F, &image, 0, "a")));
    fixture_free(F);
}

static void a_hundred_layers_stack(void **state) {
    NEED();
    SwStr blob[127], diff[127];
    SwImage image;
    SwContainerInfo info;
    for (size_t i = 0; i < SW_N(blob); i++) {
        TarEntry e[] = {{"bin/busybox", 'b', NULL, 0755}, {"top", 'f', sw_strf(F->a, "%zu", i).p, 0644}};
        fixture_layer(F, e + (i > 0), SW_N(e) - (i > 0), "", &blob[i], &diff[i]);
    }
    SwStr m = fixture_manifest(F, blob, diff, SW_N(blob), "{\"Cmd\":[\"/bin/busybox\",\"cat\",\"/top\"]}");
    SwImageSource src = fixture_source(F, m);
    OK(sw_image_unpack(F->rt, F->a, &src, &image, &F->err));
    SwContainerSpec s = {.id = SW_STR("h"), .image = &image};
    OK(sw_container_create(F->rt, &s, &F->err));
    OK(sw_container_start(F->rt, s.id, &F->err));
    assert_true(sw_container_wait(F->rt, F->a, s.id, 20000, &info));
    assert_string_equal(fixture_log(F, "h").p, "126");
    fixture_free(F);
}

int main(void) {
    const struct CMUnitTest t[] = {
        RUNTIME_TEST(a_hundred_layers_stack),
        RUNTIME_TEST(every_compression_unpacks_once),
        RUNTIME_TEST(whiteouts_hide_what_lies_below),
        RUNTIME_TEST(a_whiteout_beside_its_own_name_hides_only_what_lies_below),
        RUNTIME_TEST(overlays_own_attributes_are_left_out_and_others_kept),
        RUNTIME_TEST(long_names_and_devices_unpack),
        RUNTIME_TEST(no_entry_leads_out_of_its_layer),
        RUNTIME_TEST(bytes_that_are_not_the_layers_are_refused),
        RUNTIME_TEST(an_index_leads_to_this_machines_image),
    };
    return cmocka_run_group_tests(t, NULL, NULL);
}
