/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Wire: one generic walker per AWS protocol, over shape tables, in both directions. Nothing here
 * knows a service.
 *
 *   JSON 1.0, 1.1       json.c        POST / + X-Amz-Target
 *   Query, EC2 Query    query.c       form body in, XML out
 *   REST-JSON           rest.c + json.c
 *   REST-XML            rest.c + xml.c
 *   smithy-rpc-v2-cbor  cbor.c        POST /service/NAME/operation/NAME
 *
 * The server direction decodes requests and encodes replies; the client direction (CLI, tests,
 * bench) does the opposite. A message is SwWireMessage in both; bodies that stream stay out of it
 * (SwStream in the shape).
 *
 * Threads: any; nothing is shared. What is decoded may point into the message: both live in, or
 * longer than, the arena that was passed. */

#include "shape/shape.h"

typedef struct SwHeader {
    SwStr name, value;
} SwHeader;
typedef struct SwHeaderList {
    SwHeader *v;
    size_t n;
} SwHeaderList;

/* The first value, names compared without case; absent if there is none. */
SwStr sw_header_find(const SwHeaderList *h, const char *name);
void sw_header_add(SwArena *a, SwHeaderList *h, SwStr name, SwStr value);
void sw_header_set(SwArena *a, SwHeaderList *h, SwStr name, SwStr value); /* replaces */

typedef struct SwWireMessage {
    SwStr method; /* requests */
    SwStr path;   /* raw, percent-encoded, from '/' on, without the query */
    SwStr query;  /* raw, without '?'; absent if none */
    SwHeaderList headers;
    uint16_t status; /* replies */
    SwStr body;      /* absent where the operation streams */
    SwStream stream; /* body of a streaming operation */
} SwWireMessage;

/* Which protocol a request for `api` speaks (one bit of SW_JSON_1_0 ...), from content type,
 * X-Amz-Target, smithy-protocol and path; 0 when it is none that the API has. */
uint32_t sw_wire_protocol(const SwApi *api, const SwWireMessage *m);

/* The operation it names; NULL with *err (SW_UNKNOWN_OPERATION, SW_INVALID_ACTION, ...) when there
 * is none. REST: method, path and the query's fixed words are matched against each operation's
 * URI, the most literal first. `path` is as the model's URI sees it (S3: after virtual-host
 * addressing was turned into path style). */
const SwOperation *sw_wire_operation(SwArena *a, const SwApi *api, uint32_t protocol, const SwWireMessage *m, SwError *err);

/* A queue's URL is an endpoint: whether a path is one ("/123456789012/NAME"), and a Query request to it
 * with its QueueUrl, which the path says. Fails for operations that are about no queue. */
bool sw_wire_queue_path(SwStr path, SwStr *ret_url);
int sw_wire_to_queue(SwArena *a, const SwApi *api, const SwOperation *op, SwWireMessage *m, SwError *err) sw_must_check;

/* Fails with NotImplemented, naming operation and service: AWS has it, Slipway does not. Always -1. */
int sw_wire_not_implemented(const SwApi *api, SwStr operation, SwError *err);

/* Decode a request into op->input's struct (NULL in *ret_in where there is none). Bounded: depth
 * 64, sizes of the message. Unknown names are skipped, as AWS does. Limits are not checked here:
 * sw_validate. */
int sw_wire_decode_request(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const SwWireMessage *m,
                           void **ret_in, SwError *err) sw_must_check;

/* Encode a reply: status, headers (Content-Type, the request id's and modelled ones) and body. */
int sw_wire_encode_response(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const void *out,
                            SwStr request_id, SwWireMessage *ret_m, SwError *err) sw_must_check;

/* Encode an error in the protocol's own form, with its headers (x-amzn-errortype,
 * x-amzn-query-error, ...). api, op may be NULL and protocol 0 (they could not be told).
 * ret_m->method and ->path, where the caller set them before, are the request's: S3 shows the path
 * as Resource, and a HEAD is answered without a body. */
void sw_wire_encode_error(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const SwError *e,
                          SwStr request_id, SwWireMessage *ret_m);

/* The client direction. Idempotency tokens that are absent are filled, as SDKs do. */
int sw_wire_encode_request(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const void *in,
                           SwWireMessage *ret_m, SwError *err) sw_must_check;
/* A reply of status >= 400 becomes an error: kind from the API's table where it is known. */
int sw_wire_decode_response(SwArena *a, const SwApi *api, const SwOperation *op, uint32_t protocol, const SwWireMessage *m,
                            void **ret_out, SwError *err) sw_must_check;

/* aws-chunked: `HEX[;chunk-signature=..]\r\n data \r\n ... 0\r\n trailers \r\n`. A push parser:
 * decoded bytes go to `sink` as they come, memory stays constant. Trailers are collected.
 * decoded_length: of x-amz-decoded-content-length; -1: unknown. */
typedef struct SwAwsChunked SwAwsChunked;
typedef int SwSink(void *arg, const void *p, size_t n, SwError *err);
SwAwsChunked *sw_aws_chunked_new(SwArena *a, int64_t decoded_length, SwSink *sink, void *arg);
/* A signature and the SHA-256 that it covers: of a chunk's data, in order and with the empty last
 * one, or of the trailers in the form that is signed. `signature` is absent where the client sent
 * none, and valid during the call. */
typedef int SwChunkCheck(void *arg, bool trailer, SwStr signature, const uint8_t sha256[static 32], SwError *err);
void sw_aws_chunked_check(SwAwsChunked *c, SwChunkCheck *check, void *arg);
int sw_aws_chunked_push(SwAwsChunked *c, const void *p, size_t n, SwError *err) sw_must_check;
/* Fails if the body was cut short. Names of trailers are in lower case. */
int sw_aws_chunked_end(SwAwsChunked *c, SwHeaderList *ret_trailers, SwError *err) sw_must_check;

/* Tokens for paging: opaque to clients, valid after a restart, refused when they come from another
 * operation or are changed (ret false). `state` is what the handler needs to go on, usually the
 * last key. */
SwStr sw_page_token(SwArena *a, const char *operation, SwStr state);
bool sw_page_token_read(SwArena *a, const char *operation, SwStr token, SwStr *ret_state);
