// SPDX-License-Identifier: Apache-2.0
// The registry protocol by the OCI distribution specification 1.1, in its order: pull, push, content discovery, content
// management; then what ECR adds. "end-N" is the specification's number of an endpoint.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const http = require("node:http");
const { BatchDeleteImageCommand, PutImageCommand } = require("@aws-sdk/client-ecr");
const { refuses, until } = require("../lib/slipway");
const { registryFile, TYPES, sha256 } = require("../lib/registry");

const { s, ecr, registry: r, send, create } = registryFile({ ephemeral: false });
const NONE = sha256("nobody has these bytes");
const descriptor = (mediaType, text) => ({ mediaType, digest: sha256(text), size: Buffer.byteLength(text) });

// ---- pull ----

test("the root tells the version, and asks who calls (end-1)", async () => {
    const known = await r.raw("GET", "/v2/");
    assert.strictEqual(known.status, 200);
    assert.strictEqual(known.headers["docker-distribution-api-version"], "registry/2.0");
    const asked = await r.refused(401, "UNAUTHORIZED", "GET", "/v2/", { auth: null });
    assert.match(asked.headers["www-authenticate"], /^Basic realm=".*",service="ecr.amazonaws.com"$/);
});

test("a blob is got, headed, and got in parts; an unknown one is not there (end-2)", async () => {
    await create("pull/blob");
    const bytes = crypto.randomBytes(1000), at = `/v2/pull/blob/blobs/${sha256(bytes)}`;
    await r.pushBlob("pull/blob", bytes);
    let x = await r.raw("GET", at);
    assert.strictEqual(x.status, 200);
    assert.ok(x.data.equals(bytes));
    assert.strictEqual(x.headers["docker-content-digest"], sha256(bytes));
    x = await r.raw("HEAD", at);
    assert.deepStrictEqual([x.status, x.headers["content-length"], x.data.length], [200, "1000", 0]);
    for (const [range, from, to] of [["bytes=100-199", 100, 199], ["bytes=900-", 900, 999], ["bytes=-10", 990, 999],
                                     ["bytes=990-5000", 990, 999], ["bytes=-5000", 0, 999]]) {
        x = await r.raw("GET", at, { headers: { Range: range } });
        assert.deepStrictEqual([x.status, x.headers["content-range"]], [206, `bytes ${from}-${to}/1000`], range);
        assert.ok(x.data.equals(bytes.subarray(from, to + 1)), range);
    }
    x = await r.refused(416, "RANGE_INVALID", "GET", at, { headers: { Range: "bytes=1000-" } });
    assert.strictEqual(x.headers["content-range"], "bytes */1000");
    await r.refused(404, "BLOB_UNKNOWN", "GET", `/v2/pull/blob/blobs/${NONE}`);
    assert.strictEqual((await r.raw("HEAD", `/v2/pull/blob/blobs/${NONE}`)).status, 404);
    await r.refused(400, "DIGEST_INVALID", "GET", "/v2/pull/blob/blobs/sha256:short");
});

test("a manifest is got and headed by tag and by digest; an unknown one is not there (end-3)", async () => {
    await create("pull/manifest");
    const i = await r.pushImage("pull/manifest", "v1");
    for (const reference of ["v1", i.digest]) {
        const got = await r.raw("GET", `/v2/pull/manifest/manifests/${reference}`);
        assert.strictEqual(got.data.toString(), i.text);
        const head = await r.raw("HEAD", `/v2/pull/manifest/manifests/${reference}`);
        assert.strictEqual(head.headers["content-length"], String(i.text.length));
        for (const x of [got, head]) {
            assert.strictEqual(x.status, 200);
            assert.strictEqual(x.headers["content-type"], TYPES.image);
            assert.strictEqual(x.headers["docker-content-digest"], i.digest);
        }
    }
    for (const reference of ["v2", NONE, ".no-tag"]) {
        await r.refused(404, "MANIFEST_UNKNOWN", "GET", `/v2/pull/manifest/manifests/${reference}`);
        assert.strictEqual((await r.raw("HEAD", `/v2/pull/manifest/manifests/${reference}`)).status, 404);
    }
});

test("every line of Accept counts, and a type that is not accepted is not served", async () => {
    await create("accept");
    await r.pushImage("accept", "v1");
    const get = (Accept) => r.raw("GET", "/v2/accept/manifests/v1", { headers: { Accept } });
    assert.strictEqual((await get([TYPES.dockerImage, "application/json", TYPES.image])).status, 200);
    assert.strictEqual((await get(`${TYPES.index};q=0.5, */*`)).status, 200);
    assert.strictEqual((await get(TYPES.dockerImage)).json.errors[0].code, "MANIFEST_UNKNOWN");
});

// ---- push ----

test("a blob goes up in one piece, by POST and PUT or by POST alone (end-4a, 4b, 6)", async () => {
    await create("up/whole");
    const one = crypto.randomBytes(3000), two = crypto.randomBytes(100), none = Buffer.alloc(0);
    const location = await r.beginUpload("up/whole");
    let x = await r.raw("PUT", `${location}?digest=${sha256(one)}`, { body: one, headers: { "Content-Type": "application/octet-stream" } });
    assert.strictEqual(x.status, 201);
    assert.strictEqual(x.headers.location, `/v2/up/whole/blobs/${sha256(one)}`);
    assert.strictEqual(x.headers["docker-content-digest"], sha256(one));
    assert.ok((await r.raw("GET", x.headers.location)).data.equals(one));
    x = await r.raw("POST", `/v2/up/whole/blobs/uploads/?digest=${sha256(two)}`, { body: two });
    assert.strictEqual(x.status, 201);
    assert.ok((await r.raw("GET", x.headers.location)).data.equals(two));
    assert.strictEqual((await r.raw("PUT", `${location}?digest=${sha256(one)}`, { body: one })).status, 404, "an upload ends once");
    x = await r.raw("POST", `/v2/up/whole/blobs/uploads/?digest=${sha256(none)}`, { body: none });
    assert.strictEqual(x.status, 201, "no bytes are a blob too");
});

test("a blob goes up in chunks, in their order only, and says how far it is (end-5, 13)", async () => {
    await create("up/chunks");
    const bytes = crypto.randomBytes(300000), first = await r.raw("POST", "/v2/up/chunks/blobs/uploads/");
    const at = first.headers.location;
    assert.strictEqual(first.headers.range, "0-0");
    const chunk = (from, to, more) => r.raw("PATCH", at, { body: bytes.subarray(from, to), headers: { "Content-Range": `${from}-${to - 1}`, ...more } });
    let x = await r.raw("PATCH", at, { body: [bytes.subarray(0, 50000), bytes.subarray(50000, 100000)], chunked: true });
    assert.deepStrictEqual([x.status, x.headers.range], [202, "0-99999"]);
    for (const [from, to] of [[5, 10], [100001, 100010], [99999, 100010]]) {
        x = await chunk(from, to);
        assert.deepStrictEqual([x.status, x.headers.range], [416, "0-99999"], `${from}-${to}`);
    }
    x = await r.raw("PATCH", at, { body: bytes.subarray(100000, 100010), headers: { "Content-Range": "100000-199999" } });
    assert.strictEqual(x.status, 416, "a chunk is as long as its range says");
    x = await r.raw("PATCH", at, { body: bytes.subarray(100000, 100010), headers: { "Content-Range": "nonsense" } });
    assert.strictEqual(x.status, 416);
    x = await r.raw("GET", at);
    assert.deepStrictEqual([x.status, x.headers.range], [204, "0-99999"]);
    x = await chunk(100000, 200000);
    assert.strictEqual(x.headers.range, "0-199999");
    const end = `${x.headers.location}?digest=${sha256(bytes)}`;
    x = await r.raw("PUT", end, { body: bytes.subarray(200000), headers: { "Content-Range": "0-99999" } });
    assert.strictEqual(x.status, 416, "the last chunk, too, must begin where the upload ends");
    x = await r.raw("PUT", end, { body: bytes.subarray(200000), headers: { "Content-Range": "200000-299999" } });
    assert.strictEqual(x.status, 201);
    assert.ok((await r.raw("GET", x.headers.location)).data.equals(bytes));
    await r.refused(404, "BLOB_UPLOAD_UNKNOWN", "GET", at);
});

test("a blob that another repository has is mounted, one that it has not is uploaded (end-11)", async () => {
    await create("mount/a"); await create("mount/b");
    const bytes = crypto.randomBytes(500), digest = sha256(bytes);
    await r.pushBlob("mount/a", bytes);
    await r.refused(404, "BLOB_UNKNOWN", "GET", `/v2/mount/b/blobs/${digest}`);
    let x = await r.raw("POST", `/v2/mount/b/blobs/uploads/?mount=${digest}&from=mount/a`);
    assert.deepStrictEqual([x.status, x.headers.location], [201, `/v2/mount/b/blobs/${digest}`]);
    assert.ok((await r.raw("GET", x.headers.location)).data.equals(bytes));
    for (const query of [`mount=${NONE}&from=mount/a`, `mount=${digest}&from=not/there`, `mount=${digest}`, "mount=nonsense&from=mount/a"]) {
        x = await r.raw("POST", `/v2/mount/b/blobs/uploads/?${query}`);
        assert.strictEqual(x.status, 202, query);
        assert.match(x.headers.location, /\/uploads\//);
    }
});

test("a blob of another digest leaves nothing, and an upload can be cancelled", async () => {
    await create("up/bad");
    const put = async (digest) => r.refused(400, "DIGEST_INVALID", "PUT", `${await r.beginUpload("up/bad")}${digest}`, { body: "bytes" });
    for (const digest of [`?digest=${NONE}`, "?digest=sha256:short", `?digest=${"sha1:" + "0".repeat(40)}`, ""]) await put(digest);
    for (const b of [NONE, sha256("bytes")]) await r.refused(404, "BLOB_UNKNOWN", "GET", `/v2/up/bad/blobs/${b}`);
    const at = await r.beginUpload("up/bad");
    assert.strictEqual((await r.raw("DELETE", at)).status, 204);
    for (const method of ["PATCH", "GET", "DELETE"]) await r.refused(404, "BLOB_UPLOAD_UNKNOWN", method, at, { body: method === "PATCH" ? "x" : undefined });
    await create("up/other");
    const mine = await r.beginUpload("up/bad");
    await r.refused(404, "BLOB_UPLOAD_UNKNOWN", "GET", mine.replace("up/bad", "up/other"));
});

test("a manifest is put by tag and by digest, and tells what it refers to (end-7)", async () => {
    await create("put");
    const i = await r.makeImage("put");
    let x = await r.putManifest("put", i.digest, i.text);
    assert.deepStrictEqual([x.status, x.headers.location, x.headers["docker-content-digest"]], [201, `/v2/put/manifests/${i.digest}`, i.digest]);
    assert.strictEqual(x.headers["oci-subject"], undefined);
    x = await r.putManifest("put", "v1", i.text);
    assert.strictEqual(x.status, 201);
    assert.strictEqual((await r.putManifest("put", "v1", i.text)).status, 201, "once more is no fault");
    const about = await r.makeImage("put", { more: { subject: { mediaType: TYPES.image, digest: NONE, size: 7 } } });
    x = await r.putManifest("put", about.digest, about.text);
    assert.deepStrictEqual([x.status, x.headers["oci-subject"]], [201, NONE], "what it refers to may come later");
});

test("manifests that are none are refused", async () => {
    await create("bad");
    const i = await r.makeImage("bad"), put = (reference, text, type = TYPES.image) => ["PUT", `/v2/bad/manifests/${reference}`, { headers: { "Content-Type": type }, body: text }];
    const changed = (more) => JSON.stringify({ ...JSON.parse(i.text), ...more });
    await r.refused(400, "MANIFEST_INVALID", ...put("v1", "{"));
    await r.refused(400, "MANIFEST_INVALID", ...put("v1", ""));
    await r.refused(400, "MANIFEST_INVALID", ...put("v1", "[]"));
    await r.refused(400, "MANIFEST_INVALID", ...put("v1", changed({ schemaVersion: 1 })));
    await r.refused(400, "MANIFEST_INVALID", ...put("v1", changed({ layers: "none" })));
    await r.refused(400, "MANIFEST_INVALID", ...put("v1", changed({ config: undefined })));
    await r.refused(400, "MANIFEST_INVALID", ...put("v1", changed({ annotations: { a: 1 } })));
    await r.refused(400, "MANIFEST_INVALID", ...put("v1", i.text, TYPES.index));
    await r.refused(400, "MANIFEST_INVALID", ...put("v1", changed({ mediaType: "text/plain" }), "text/plain"));
    await r.refused(400, "DIGEST_INVALID", ...put(NONE, i.text));
    await r.refused(400, "TAG_INVALID", ...put(".v1", i.text));
    await r.refused(400, "TAG_INVALID", ...put("a".repeat(129), i.text));
    const large = (n) => changed({ annotations: { a: "x".repeat(n) } });
    await r.refused(413, "SIZE_INVALID", ...put("v1", large(4 << 20)));
    assert.strictEqual((await r.putManifest("bad", "large", large((4 << 20) - 2000))).status, 201);
    await r.refused(404, "MANIFEST_UNKNOWN", "GET", "/v2/bad/manifests/v1");
});

test("a manifest needs its layers, and an index its images", async () => {
    await create("need");
    const layers = [{ mediaType: TYPES.layer, digest: sha256("l"), size: 1 }];
    const text = JSON.stringify({ schemaVersion: 2, mediaType: TYPES.image, config: { digest: sha256("c"), size: 1, mediaType: "x/y" }, layers });
    const x = await r.refused(400, "MANIFEST_BLOB_UNKNOWN", "PUT", "/v2/need/manifests/v1", { headers: { "Content-Type": TYPES.image }, body: text });
    assert.strictEqual(x.json.errors[0].message, `Layers with digests '[${sha256("c")}, ${sha256("l")}]' required for pushing image into repository with name 'need' in the registry with id '000000000000' do not exist`);
    await refuses(send(PutImageCommand, { repositoryName: "need", imageManifest: text, imageTag: "v1" }), "LayersNotFoundException");
    const index = JSON.stringify({ schemaVersion: 2, mediaType: TYPES.index, manifests: [{ mediaType: TYPES.image, digest: NONE, size: 1 }] });
    await r.refused(400, "MANIFEST_BLOB_UNKNOWN", "PUT", "/v2/need/manifests/all", { headers: { "Content-Type": TYPES.index }, body: index });
    await refuses(send(PutImageCommand, { repositoryName: "need", imageManifest: index }), "ReferencedImagesNotFoundException");
});

test("an index holds images of several platforms, and keeps them", async () => {
    await create("multi");
    const amd = await r.pushImage("multi", null), arm = await r.pushImage("multi", null);
    const entry = (i, architecture) => ({ ...descriptor(TYPES.image, i.text), platform: { os: "linux", architecture } });
    const inner = JSON.stringify({ schemaVersion: 2, mediaType: TYPES.index, manifests: [entry(arm, "arm64")] });
    assert.strictEqual((await r.putManifest("multi", sha256(inner), inner, TYPES.index)).status, 201);
    const text = JSON.stringify({ schemaVersion: 2, mediaType: TYPES.index, manifests: [entry(amd, "amd64"), { ...descriptor(TYPES.index, inner) }] });
    assert.strictEqual((await r.putManifest("multi", "all", text, TYPES.index)).status, 201);
    const got = await r.raw("GET", "/v2/multi/manifests/all", { headers: { Accept: [TYPES.image, TYPES.index] } });
    assert.deepStrictEqual([got.headers["content-type"], got.data.toString()], [TYPES.index, text]);
    const list = JSON.stringify({ schemaVersion: 2, mediaType: TYPES.dockerList, manifests: [entry(amd, "amd64")] });
    assert.strictEqual((await r.putManifest("multi", "docker", list, TYPES.dockerList)).status, 201);
    await r.refused(400, "DENIED", "DELETE", `/v2/multi/manifests/${amd.digest}`);
    await r.refused(400, "DENIED", "DELETE", `/v2/multi/manifests/${sha256(inner)}`);
    const { failures } = await send(BatchDeleteImageCommand, { repositoryName: "multi", imageIds: [{ imageDigest: amd.digest }] });
    assert.strictEqual(failures[0].failureCode, "ImageReferencedByManifestList");
    for (const tag of ["all", "docker"]) assert.strictEqual((await r.raw("DELETE", `/v2/multi/manifests/${tag}`)).status, 202);
    assert.strictEqual((await r.raw("DELETE", `/v2/multi/manifests/${amd.digest}`)).status, 202);
});

// ---- content discovery ----

test("tags are listed in order and in pages (end-8a, 8b)", async () => {
    await create("tags"); await create("tags-of-another");
    const i = await r.pushImage("tags", "b");
    await r.pushImage("tags-of-another", "z");
    for (const t of ["a", "c", "d.1", "B"]) await r.putManifest("tags", t, i.text);
    assert.deepStrictEqual((await r.raw("GET", "/v2/tags/tags/list")).json, { name: "tags", tags: ["B", "a", "b", "c", "d.1"] });
    const first = await r.raw("GET", "/v2/tags/tags/list?n=3");
    assert.deepStrictEqual(first.json.tags, ["B", "a", "b"]);
    const second = await r.raw("GET", first.headers.link.match(/<(.*)>; rel="next"/)[1]);
    assert.deepStrictEqual(second.json.tags, ["c", "d.1"]);
    assert.strictEqual(second.headers.link, undefined);
    assert.deepStrictEqual((await r.raw("GET", "/v2/tags/tags/list?last=b")).json.tags, ["c", "d.1"]);
    assert.deepStrictEqual((await r.raw("GET", "/v2/tags/tags/list?n=1&last=bb")).json.tags, ["c"], "last need not be there");
    const none = await r.raw("GET", "/v2/tags/tags/list?n=0");
    assert.deepStrictEqual([none.json.tags, none.headers.link], [[], undefined]);
    await r.refused(400, "PAGINATION_NUMBER_INVALID", "GET", "/v2/tags/tags/list?n=x");
    await r.refused(404, "NAME_UNKNOWN", "GET", "/v2/not/there/tags/list");
});

test("what refers to an image is listed, and chosen by its type (end-12a, 12b)", async () => {
    await create("refer");
    const i = await r.pushImage("refer", "v1"), at = `/v2/refer/referrers/${i.digest}`, subject = descriptor(TYPES.image, i.text);
    let x = await r.raw("GET", at);
    assert.deepStrictEqual([x.status, x.headers["content-type"], x.json], [200, TYPES.index, { schemaVersion: 2, mediaType: TYPES.index, manifests: [] }]);
    const sbom = await r.pushImage("refer", null, { more: { artifactType: "application/spdx+json", subject, annotations: { a: "b", "c\"": "\u00e9" } } });
    const plain = await r.pushImage("refer", null, { more: { subject } });      // its type is its config's
    const index = JSON.stringify({ schemaVersion: 2, mediaType: TYPES.index, manifests: [], subject, artifactType: "x/index" });
    assert.strictEqual((await r.putManifest("refer", sha256(index), index, TYPES.index)).headers["oci-subject"], i.digest);
    const all = [
        { ...descriptor(TYPES.image, sbom.text), artifactType: "application/spdx+json", annotations: { a: "b", "c\"": "\u00e9" } },
        { ...descriptor(TYPES.image, plain.text), artifactType: TYPES.config },
        { ...descriptor(TYPES.index, index), artifactType: "x/index" },
    ].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    x = await r.raw("GET", at);
    assert.deepStrictEqual(x.json.manifests.sort((a, b) => (a.digest < b.digest ? -1 : 1)), all);
    x = await r.raw("GET", `${at}?artifactType=${encodeURIComponent("application/spdx+json")}`);
    assert.deepStrictEqual(x.json.manifests.map((m) => m.digest), [sbom.digest]);
    assert.strictEqual(x.headers["oci-filters-applied"], "artifactType");
    assert.deepStrictEqual((await r.raw("GET", `/v2/refer/referrers/${NONE}`)).json.manifests, []);
    await r.refused(400, "DIGEST_INVALID", "GET", "/v2/refer/referrers/v1");
    assert.strictEqual((await r.raw("DELETE", `/v2/refer/manifests/${plain.digest}`)).status, 202);
    assert.strictEqual((await r.raw("GET", at)).json.manifests.length, 2);
});

// ---- content management ----

test("a tag goes, and with its last one the image; what is not there is not found (end-9)", async () => {
    await create("delete");
    const i = await r.pushImage("delete", "v1");
    await r.putManifest("delete", "v2", i.text);
    const remove = (reference) => r.raw("DELETE", `/v2/delete/manifests/${reference}`);
    assert.strictEqual((await remove("v1")).status, 202);
    await r.refused(404, "MANIFEST_UNKNOWN", "GET", "/v2/delete/manifests/v1");
    assert.strictEqual((await r.raw("GET", `/v2/delete/manifests/${i.digest}`)).status, 200);
    assert.strictEqual((await remove(i.digest)).status, 202);
    for (const reference of ["v2", i.digest]) {
        await r.refused(404, "MANIFEST_UNKNOWN", "GET", `/v2/delete/manifests/${reference}`);
        await r.refused(404, "MANIFEST_UNKNOWN", "DELETE", `/v2/delete/manifests/${reference}`);
    }
    await r.refused(404, "BLOB_UNKNOWN", "GET", `/v2/delete/blobs/${i.layer.digest}`);
});

test("blobs are not deleted one by one, and there is no catalog, as in ECR (end-10)", async () => {
    await create("keep");
    const { digest } = await r.pushBlob("keep", Buffer.from("kept"));
    await r.refused(405, "UNSUPPORTED", "DELETE", `/v2/keep/blobs/${digest}`);
    await r.refused(405, "UNSUPPORTED", "GET", "/v2/_catalog");
    await r.refused(404, "UNSUPPORTED", "GET", "/v2/keep/nonsense");
});

test("names are checked, and repositories are not made by a push", async () => {
    const x = await r.refused(404, "NAME_UNKNOWN", "POST", "/v2/not/there/blobs/uploads/");
    assert.strictEqual(x.json.errors[0].message, "The repository with name 'not/there' does not exist in the registry with id '000000000000'");
    for (const name of ["Upper", "a..b", "a//b", "-a", "x".repeat(257), "a%2F..%2Fb"]) await r.refused(400, "NAME_INVALID", "GET", `/v2/${name}/tags/list`);
    await r.refused(400, "NAME_INVALID", "GET", "/v2/a%zz/tags/list");
});

// ---- uploads and failures ----

test("everything is there after a restart, and an upload goes on where it was", async () => {
    await create("stay");
    const i = await r.pushImage("stay", "v1"), bytes = crypto.randomBytes(5000), at = await r.beginUpload("stay");
    await r.raw("PATCH", at, { body: bytes.subarray(0, 3000) });
    await s.restart();
    assert.strictEqual((await r.raw("GET", "/v2/stay/manifests/v1")).data.toString(), i.text);
    assert.strictEqual((await r.raw("GET", at)).headers.range, "0-2999");
    const x = await r.raw("PUT", `${at}?digest=${sha256(bytes)}`, { body: bytes.subarray(3000) });
    assert.strictEqual(x.status, 201, x.data.toString());
    assert.ok((await r.raw("GET", x.headers.location)).data.equals(bytes));
});

// Sends a part of a chunk and keeps the connection open; resolves when the server has taken up the upload.
async function halfAChunk(at, part) {
    const rq = http.request(s.endpoint + at, { method: "PATCH", headers: { Authorization: "Basic " + Buffer.from(r.auth).toString("base64"), "Content-Length": 100000 } });
    rq.on("error", () => { /* it is cut */ });
    rq.write(part);
    await until("the upload is being written", async () => (await r.raw("GET", at)).status === 409);
    return rq;
}

test("a chunk that is cut off in the middle never was, whether the client dies or the server", async () => {
    await create("cut");
    const bytes = crypto.randomBytes(50000), at = await r.beginUpload("cut");
    await r.raw("PATCH", at, { body: bytes.subarray(0, 20000) });
    (await halfAChunk(at, crypto.randomBytes(30000))).destroy();
    await until("the connection's end is seen", async () => (await r.raw("GET", at)).status === 204);
    assert.strictEqual((await r.raw("GET", at)).headers.range, "0-19999");
    await halfAChunk(at, crypto.randomBytes(30000));
    await s.kill9();
    await s.start();
    assert.strictEqual((await r.raw("GET", at)).headers.range, "0-19999");
    const x = await r.raw("PUT", `${at}?digest=${sha256(bytes)}`, { body: bytes.subarray(20000) });
    assert.strictEqual(x.status, 201, x.data.toString());
    assert.ok((await r.raw("GET", x.headers.location)).data.equals(bytes));
});

test("two uploads of the same bytes at once both succeed", async () => {
    await create("twice");
    const bytes = crypto.randomBytes(200000);
    const all = await Promise.all([1, 2, 3, 4].map(() => r.pushBlob("twice", bytes)));
    assert.deepStrictEqual(new Set(all.map((d) => d.digest)), new Set([sha256(bytes)]));
    assert.ok((await r.raw("GET", `/v2/twice/blobs/${sha256(bytes)}`)).data.equals(bytes));
});
