/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway hosts`: names of load balancers and buckets, for clients whose resolver does not know *.localhost by itself.
 *
 * /etc/hosts is everybody's: what is ours stands between two marked lines, one such block an account and region, and
 * nothing else is touched. Only names under .localhost go in, whatever the server says. The file is replaced by a rename
 * and never half written; where it is a mount of its own, as in a container, it can only be written over. Two at once
 * take turns by a lock on the folder. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/client.h"
#include "cli/inventory.h"
#include "models/elbv2.gen.h"
#include "models/s3.gen.h"

#define FILE_MAX (4 * SW_MIB)
#define BEGIN    "# slipway: begin"
#define END      "# slipway: end"

/* ---- what to name ---- */

/* The address at which the server's names are: the endpoint's own. */
static int address_of(SwCli *cli, SwStr *ret_ip, SwError *err) {
    SwStr host = sw_str(cli->endpoint), scheme, part;
    char ip[NI_MAXHOST];
    size_t at;
    struct addrinfo *found = NULL;
    if (sw_str_cut(&host, ':', &scheme))
        host = sw_str_skip(host, 2);
    if (sw_str_cut(&host, '/', &part))
        host = part;
    if (sw_str_starts(host, SW_STR("[")) && sw_str_find(host, ']', &at))
        host = sw_str_n(host.p + 1, at - 1);
    else if (sw_str_rfind(host, ':', &at))
        host = sw_str_n(host.p, at);
    if (sw_str_eqz(host, "localhost") || sw_str_ends(host, SW_STR(".localhost"))) {
        *ret_ip = SW_STR("127.0.0.1");
        return 0;
    }
    const struct addrinfo want = {.ai_socktype = SOCK_STREAM};
    bool ok = getaddrinfo(sw_str_z(cli->arena, host), NULL, &want, &found) == 0 &&
              getnameinfo(found->ai_addr, found->ai_addrlen, ip, sizeof ip, NULL, 0, NI_NUMERICHOST) == 0;
    if (found)
        freeaddrinfo(found);
    if (!ok)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "The address of %.*s is not known", SW_FMT(host));
    *ret_ip = sw_str_dup(cli->arena, sw_str(ip));
    return 0;
}

static bool is_local_name(SwStr name) {
    return sw_str_all(name, "a-z0-9._-") && sw_str_ends(name, SW_STR(".localhost")) && name.n <= 253;
}

static int collect(SwCli *cli, SwStrList *ret_lines, SwError *err) {
    static const SwListing balancers = {&elbv2_api, ELBV2_DESCRIBE_LOAD_BALANCERS, "LoadBalancers", "DNSName"};
    static const SwListing buckets = {&s3_api, S3_LIST_BUCKETS, "Buckets", "Name"};
    SwStrList of_balancers = {0}, of_buckets = {0}, names = {0};
    SwStr ip = SW_NO_STR;
    bool all, all_buckets;
    if (address_of(cli, &ip, err) < 0 || sw_cli_list_names(cli, &balancers, &of_balancers, &all, err) < 0 ||
        sw_cli_list_names(cli, &buckets, &of_buckets, &all_buckets, err) < 0)
        return -1;
    for (size_t i = 0; i < of_balancers.n; i++)
        sw_str_list_add(cli->arena, &names, sw_str_lower(cli->arena, of_balancers.v[i]));
    if (of_buckets.n)
        sw_str_list_add(cli->arena, &names, SW_STR("s3.localhost"));
    for (size_t i = 0; i < of_buckets.n; i++) {
        sw_str_list_add(cli->arena, &names, sw_strf(cli->arena, "%.*s.localhost", SW_FMT(of_buckets.v[i])));
        sw_str_list_add(cli->arena, &names, sw_strf(cli->arena, "%.*s.s3.localhost", SW_FMT(of_buckets.v[i])));
    }
    for (size_t i = 0; i < names.n; i++)
        if (is_local_name(names.v[i]))
            sw_str_list_add(cli->arena, ret_lines, sw_strf(cli->arena, "%.*s\t%.*s", SW_FMT(ip), SW_FMT(names.v[i])));
    return 0;
}

/* "# slipway: begin 000000000000 us-east-1 (by slipway hosts --write)" */
static int begin_line(SwCli *cli, SwStr *ret, SwError *err) {
    SwStr account;
    if (sw_client_account(cli, &account, err) < 0)
        return -1;
    *ret = sw_strf(cli->arena, BEGIN " %.*s %s (by slipway hosts --write)", SW_FMT(account), cli->region);
    return 0;
}

/* ---- the file ---- */

static void add_block(SwBuf *b, SwStr begin, const SwStrList *lines) {
    sw_buf_addf(b, "%.*s\n", SW_FMT(begin));
    for (size_t i = 0; i < lines->n; i++)
        sw_buf_addf(b, "%.*s\n", SW_FMT(lines->v[i]));
    sw_buf_addz(b, END "\n");
}

/* The text with the block that begins so (absent: every block) replaced by these lines; at the end if it was not there. */
static int edit(SwCli *cli, SwStr text, SwStr begin, const SwStrList *lines, SwStr *ret, SwError *err) {
    SwBuf b = sw_buf(cli->arena, 2 * FILE_MAX);
    SwStr line;
    bool within = false, ours = false, done = false;
    for (int n = 1; sw_str_next(&text, '\n', &line); n++) {
        bool begins = sw_str_starts(line, SW_STR(BEGIN)), ends = sw_str_eqz(line, END);
        if ((begins && within) || (ends && !within))
            return sw_fail(err, &SW_VALIDATION_EXCEPTION, "line %d: '%.*s' is without its other half", n, SW_FMT(line));
        if (begins) {
            within = true;
            ours = !begin.p || sw_str_eq(line, begin);
            if (ours && lines->n && !done)
                add_block(&b, begin, lines);
            done |= ours;
        }
        if (!ours)
            sw_buf_addf(&b, "%.*s\n", SW_FMT(line));
        if (ends)
            within = ours = false;
    }
    if (within)
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "the last '%s' has no '%s'", BEGIN, END);
    if (!done && lines->n)
        add_block(&b, begin, lines);
    *ret = sw_buf_str(&b);
    return b.full ? sw_fail(err, &SW_VALIDATION_EXCEPTION, "it would be too large") : 0;
}

static int write_over(const char *path, SwStr text, SwError *err) {
    _sw_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || sw_write_all(fd, text.p, text.n, err) < 0 || ftruncate(fd, (off_t)text.n) < 0 || fsync(fd) < 0)
        return sw_fail_errno(err, errno, "%s cannot be written", path);
    return 0;
}

static int replace(SwCli *cli, const char *path, const char *dir, const struct stat *was, SwStr text, SwError *err) {
    const char *tmp = sw_strf(cli->arena, "%s.slipway-%d", path, (int)getpid()).p;
    _sw_close_ int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return sw_fail_errno(err, errno, "%s cannot be written", path);
    int r = fchown(fd, was->st_uid, was->st_gid) < 0 || fchmod(fd, was->st_mode & 07777) < 0 ||
                    sw_write_all(fd, text.p, text.n, err) < 0 || fsync(fd) < 0
                ? -1
                : 0;
    if (r == 0 && rename(tmp, path) == 0)
        return sw_fsync_dir(dir, err);
    int why = errno;
    unlink(tmp);
    if (r == 0 && why == EBUSY) /* a mount */
        return write_over(path, text, err);
    return sw_fail_errno(err, why, "%s cannot be written", path);
}

static int update(SwCli *cli, const char *named, SwStr begin, const SwStrList *lines, bool *ret_changed, SwError *err) {
    char path[PATH_MAX], dir[PATH_MAX];
    struct stat st;
    SwStr text = SW_NO_STR, next = SW_NO_STR;
    if (!realpath(named, path) || stat(path, &st) < 0)
        return sw_fail_errno(err, errno, "%s is not there", named);
    if (!S_ISREG(st.st_mode))
        return sw_fail(err, &SW_VALIDATION_EXCEPTION, "%s is no file", named);
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    slash[slash == dir ? 1 : 0] = 0;
    _sw_close_ int lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX) < 0)
        return sw_fail_errno(err, errno, "%s cannot be locked", dir);
    if (stat(path, &st) < 0)
        return sw_fail_errno(err, errno, "%s is not there", named);
    if (sw_file_read(cli->arena, path, FILE_MAX, &text, err) < 0 || edit(cli, text, begin, lines, &next, err) < 0)
        return sw_fail_wrap(err, "%s", path);
    *ret_changed = !sw_str_eq(text, next) && !(begin.p && !lines->n && !sw_str_contains(text, begin)) &&
                   !(!begin.p && !sw_str_contains(text, SW_STR(BEGIN)));
    return *ret_changed ? replace(cli, path, dir, &st, next, err) : 0;
}

static void print(SwCli *cli, const SwStrList *lines) {
    SwValue names = sw_value_object();
    for (size_t i = 0; i < lines->n; i++) {
        SwStr name = lines->v[i], ip;
        if (cli->json && sw_str_cut(&name, '\t', &ip))
            sw_value_set(cli->arena, &names, name, sw_value_string(ip));
        else
            printf("%.*s\n", SW_FMT(lines->v[i]));
    }
    if (cli->json) {
        SwStr text = sw_json_text(cli->arena, &names);
        printf("%.*s\n", SW_FMT(text));
    }
}

static const char *next_step(const char *file) {
    struct stat st;
    if (stat(file, &st) < 0 && errno == ENOENT)
        return "Make the file, or name another with --file.";
    return geteuid() == 0 ? "Nothing was changed; mend the file, then run it again." : "Nothing was changed. Run it as root.";
}

int sw_cli_hosts(SwCli *cli) {
    const char *file = "/etc/hosts";
    bool write = false, remove = false, changed = false;
    const SwOption options[] = {{"--write", SW_OPTION_FLAG, &write},
                                {"--remove", SW_OPTION_FLAG, &remove},
                                {"--file", SW_OPTION_TEXT, &file}};
    SwError err = sw_error(cli->arena);
    SwStrList lines = {0};
    SwStr begin = SW_NO_STR;
    if (!sw_cli_options(cli, options, SW_N(options)))
        return 2;
    if (cli->argc > 1 || (write && remove))
        return sw_cli_usage(cli, write && remove ? "takes --write or --remove, not both" : "takes no further arguments");
    if (!remove && (begin_line(cli, &begin, &err) < 0 || collect(cli, &lines, &err) < 0))
        return sw_cli_fail(&err, sw_client_advice(cli, &err));
    if (!write && !remove) {
        print(cli, &lines);
        return 0;
    }
    if (update(cli, file, begin, &lines, &changed, &err) < 0)
        return sw_cli_fail(&err, next_step(file));
    fprintf(stderr, "%s: %s\n", file,
            !changed ? "nothing to change"
            : remove ? "Slipway's names are taken out"
                     : "brought up to date");
    return 0;
}
