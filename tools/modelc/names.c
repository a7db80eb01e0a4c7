/* SPDX-License-Identifier: Apache-2.0 */
/* Names: the models write CamelCase in several dialects ("VPCId", "eTag", "ACLs", "IPv6Cidr", "CRC32C"); C gets
 * snake_case that a reader would have chosen. A change here changes every generated name, so the rules are few:
 *
 *   a word begins at a capital after a small letter            clusterArn   cluster_arn
 *   and at the last capital of a run before a small letter     VPCId        vpc_id
 *   but not where that small letter is a plural s              ACLs         acls
 *   nor inside IPv4 and IPv6                                   IPv6Cidr     ipv6_cidr
 *   a digit belongs to the word before it                      CRC32C       crc32c, EC2Instance ec2_instance */

#include "modelc.h"

#include <ctype.h>

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static char at(SwStr s, size_t i) {
    return i < s.n ? s.p[i] : '\0';
}

static bool plural_follows(SwStr s, size_t i) {
    return at(s, i + 1) == 's' && !is_lower(at(s, i + 2)) && !is_digit(at(s, i + 2));
}

static bool ip_version(SwStr s, size_t i) {
    return i > 0 && at(s, i - 1) == 'I' && at(s, i) == 'P' && at(s, i + 1) == 'v' && is_digit(at(s, i + 2));
}

static bool word_begins(SwStr s, size_t i) {
    if (i == 0 || !is_upper(s.p[i]))
        return false;
    char before = s.p[i - 1];
    if (is_lower(before))
        return true;
    if (!is_upper(before) && !is_digit(before))
        return false;
    return is_lower(at(s, i + 1)) && !plural_follows(s, i) && !ip_version(s, i);
}

const char *name_snake(SwArena *a, SwStr name) {
    SwBuf b = sw_buf(a, 4 * SW_KIB);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool word = isalnum((unsigned char)c) != 0;
        if (word_begins(name, i))
            sw_buf_addc(&b, '_');
        sw_buf_addc(&b, word ? (char)tolower((unsigned char)c) : '_');
    }
    return sw_str_z(a, sw_buf_str(&b));
}

const char *name_upper(SwArena *a, SwStr name) {
    if (name.n == 0)
        return "EMPTY";
    if (sw_str_ends(name, SW_STR("*")))
        name = sw_strf(a, "%.*sALL", (int)name.n - 1, name.p);
    return sw_str_z(a, sw_str_upper(a, sw_str(name_snake(a, name))));
}

const char *name_camel(SwArena *a, SwStr name) {
    return sw_str_z(a, sw_strf(a, "%c%.*s", toupper((unsigned char)at(name, 0)), (int)name.n - 1, name.p + 1));
}

/* C's keywords, and the object-like macros of gnu17 and libc that are all small letters. */
static const char *const reserved[] = {
    "alignas",       "alignof",  "asm",      "auto",     "bool",     "break",  "case",   "char",    "complex",
    "const",         "continue", "default",  "do",       "double",   "else",   "enum",   "errno",   "extern",
    "false",         "float",    "for",      "goto",     "i386",     "if",     "inline", "int",     "linux",
    "long",          "noreturn", "register", "restrict", "return",   "short",  "signed", "sizeof",  "static",
    "static_assert", "stderr",   "stdin",    "stdout",   "struct",   "switch", "true",   "typedef", "typeof",
    "union",         "unix",     "unsigned", "void",     "volatile", "while",
};

const char *name_member(SwArena *a, SwStr name) {
    const char *snake = name_snake(a, name);
    if (is_digit(snake[0]))
        return sw_str_z(a, sw_strf(a, "_%s", snake));
    for (size_t i = 0; i < SW_N(reserved); i++)
        if (strcmp(reserved[i], snake) == 0)
            return sw_str_z(a, sw_strf(a, "%s_", snake));
    return snake;
}

const char *name_unique(Model *m, const char *name) {
    while (sw_map_find(&m->c_names, sw_str(name)))
        name = sw_str_z(m->arena, sw_strf(m->arena, "%s_", name));
    sw_map_put(&m->c_names, sw_str(name), m);
    return name;
}
