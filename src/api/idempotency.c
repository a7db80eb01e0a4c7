/* SPDX-License-Identifier: Apache-2.0 */
/* A token answers again what it answered first. The row is written in the transaction of the operation: the token is known
 * exactly if what it did is. AWS: "Making retries safe with idempotent APIs"; lives and conflicts are each operation's own
 * (models/operations). */

#include "api/idempotency.h"

#include "base/digest.h"
#include "api/registry.h"
#include "models/slipway_records.gen.h"
#include "resource/resource.h"

#define FORGET_AT 8 /* old tokens that one new one removes at most: more than come, so that they go */

static SwStr text_at(const SwOperation *op, const void *in, unsigned member) {
    const SwMember *m = &op->input->member[member];
    return sw_member_is_set(m, in) ? *(const SwStr *)sw_member_at(m, in) : SW_NO_STR;
}

static SwPath path_of(unsigned member) {
    return (SwPath){.n = 1, .at = {(uint16_t)member}};
}

static int meant(SwCtx *cx, const void *in, unsigned member, SwStr *ret, SwError *err) {
    const SwPath at = path_of(member);
    return sw_resource_meant(cx, sw_registry_by_api(cx->host, cx->api), cx->op, in, &at, ret, err);
}

/* *ret absent: the caller gave no token. A cluster by its name is the one by its ARN. */
static int id_of(SwCtx *cx, const SwToken *t, const void *in, SwStr *ret, SwError *err) {
    SwBuf b = sw_buf(cx->arena, SW_MIB);
    SwStr token = text_at(cx->op, in, t->at);
    *ret = SW_NO_STR;
    if (!sw_str_is(token))
        return 0;
    sw_buf_addf(&b, "%s %zu:%.*s", cx->op->iam_action, token.n, SW_FMT(token));
    for (unsigned i = 0; i < t->n_within; i++) {
        SwStr s;
        if (meant(cx, in, t->within[i], &s, err) < 0)
            return -1;
        sw_buf_addf(&b, " %zu:%.*s", s.n, SW_FMT(s));
    }
    *ret = sw_sha256_hex(cx->arena, sw_buf_str(&b));
    return 0;
}

/* Of the input, with what it means in place of how it says it. */
static int digest_of(SwCtx *cx, const SwToken *t, const void *in, SwStr *ret, SwError *err) {
    SwBuf b = sw_buf(cx->arena, 64 * SW_MIB);
    void *said = sw_arena_alloc(cx->arena, cx->op->input->size);
    memcpy(said, in, cx->op->input->size);
    for (unsigned i = 0; i < t->n_within; i++) {
        const SwPath at = path_of(t->within[i]);
        SwStr s;
        if (meant(cx, in, t->within[i], &s, err) < 0)
            return -1;
        sw_path_write(cx->arena, cx->op->input, said, &at, s);
    }
    sw_shape_to_json(&b, cx->op->input, said);
    *ret = sw_sha256_hex(cx->arena, sw_buf_str(&b));
    return 0;
}

int sw_token_find(SwCtx *cx, const SwToken *t, const void *in, void **ret_out, SwError *err) {
    SwStr id, digest;
    SlipwayTokenRecord *r;
    *ret_out = NULL;
    if (id_of(cx, t, in, &id, err) < 0)
        return -1;
    if (!id.p)
        return 0;
    if (slipway_tokens_find(cx->tx, id, &r, err) < 0)
        return -1;
    if (!r || sw_str_cmp(r->expires, sw_index_number(cx->arena, sw_now(cx))) <= 0)
        return 0;
    if (digest_of(cx, t, in, &digest, err) < 0)
        return -1;
    if (t->conflict && !sw_str_eq(r->digest, digest))
        return sw_fail(err, t->conflict, "%s", t->text);
    return sw_shape_from_json(cx->arena, cx->op->output, r->reply, ret_out, err);
}

static int forget_old(SwCtx *cx, SwError *err) {
    SwDocQuery q = {.index = "by_expiry", .below = sw_index_number(cx->arena, sw_now(cx)), .limit = FORGET_AT};
    return slipway_tokens_delete_all(cx->tx, &q, err);
}

int sw_token_keep(SwCtx *cx, const SwToken *t, const void *in, const void *out, SwError *err) {
    SwStr id, digest;
    SwBuf reply = sw_buf(cx->arena, 64 * SW_MIB);
    if (id_of(cx, t, in, &id, err) < 0)
        return -1;
    if (!id.p)
        return 0;
    if (digest_of(cx, t, in, &digest, err) < 0)
        return -1;
    sw_shape_to_json(&reply, cx->op->output, out);
    const SlipwayTokenRecord r = {.digest = digest,
                                  .reply = sw_buf_str(&reply),
                                  .expires = sw_index_number(cx->arena, sw_now(cx) + t->life_s * SW_S)};
    return forget_old(cx, err) < 0 ? -1 : slipway_tokens_put(cx->tx, id, &r, err);
}
