// SPDX-License-Identifier: Apache-2.0
// ECR by its API, and the registry protocol by skopeo, podman and by hand.
"use strict";
const { test, before, after } = require("node:test");
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const zlib = require("node:zlib");
const { ECRClient, CreateRepositoryCommand, DescribeRepositoriesCommand, DeleteRepositoryCommand, GetAuthorizationTokenCommand,
        PutImageCommand, BatchGetImageCommand, ListImagesCommand, DescribeImagesCommand, BatchDeleteImageCommand,
        BatchCheckLayerAvailabilityCommand, GetDownloadUrlForLayerCommand, InitiateLayerUploadCommand, UploadLayerPartCommand,
        CompleteLayerUploadCommand, PutImageTagMutabilityCommand, PutLifecyclePolicyCommand, GetLifecyclePolicyCommand,
        DeleteLifecyclePolicyCommand, SetRepositoryPolicyCommand, GetRepositoryPolicyCommand, DeleteRepositoryPolicyCommand,
        PutImageScanningConfigurationCommand, TagResourceCommand, UntagResourceCommand, ListTagsForResourceCommand,
        DescribeRegistryCommand } = require("@aws-sdk/client-ecr");
const { IAMClient, CreateUserCommand, CreateAccessKeyCommand, PutUserPolicyCommand } = require("@aws-sdk/client-iam");
const { start, finish, refuses, until, run } = require("../lib/slipway");

const OCI = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const sha256 = (b) => "sha256:" + crypto.createHash("sha256").update(b).digest("hex");

let s, ecr, password, registry, tmp;
before(async () => {
    tmp = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-ecr-"));
    s = await start(null, { ephemeral: false });
    await connect();
});
after(async () => { fs.rmSync(tmp, { recursive: true, force: true }); await finish(s); });

async function connect() {
    ecr = s.client(ECRClient);
    const { authorizationData: [d] } = await ecr.send(new GetAuthorizationTokenCommand({}));
    password = Buffer.from(d.authorizationToken, "base64").toString().replace(/^AWS:/, "");
    registry = d.proxyEndpoint.replace("http://", "");
}
const send = (Command, input = {}) => ecr.send(new Command(input));
const create = async (name, more = {}) => (await send(CreateRepositoryCommand, { repositoryName: name, ...more })).repository;

// One request of the registry protocol. Several values of a header go as several lines.
function raw(method, target, { headers = {}, body, auth = `AWS:${password}`, chunked } = {}) {
    return new Promise((resolve, reject) => {
        const rq = http.request(s.endpoint + target, { method, headers: { ...(auth ? { Authorization: "Basic " + Buffer.from(auth).toString("base64") } : {}), ...headers } }, (r) => {
            const parts = [];
            r.on("data", (d) => parts.push(d));
            r.on("end", () => {
                const data = Buffer.concat(parts);
                let json; try { json = JSON.parse(data); } catch { /* not all are */ }
                resolve({ status: r.statusCode, headers: r.headers, data, json });
            });
        });
        rq.on("error", reject);
        if (chunked) { for (const c of body) rq.write(c); rq.end(); } else rq.end(body);
    });
}
async function pushBlob(name, bytes) {
    const up = await raw("POST", `/v2/${name}/blobs/uploads/`);
    assert.strictEqual(up.status, 202);
    const put = await raw("PUT", `${up.headers.location}?digest=${sha256(bytes)}`, { body: bytes });
    assert.strictEqual(put.status, 201, put.data.toString());
    return { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: sha256(bytes), size: bytes.length };
}
// An image that no other test has.
async function makeImage(name, { more = {} } = {}) {
    const layer = await pushBlob(name, crypto.randomBytes(1000));
    const config = { ...(await pushBlob(name, Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", x: crypto.randomUUID() })))), mediaType: "application/vnd.oci.image.config.v1+json" };
    const text = JSON.stringify({ schemaVersion: 2, mediaType: OCI, config, layers: [layer], ...more });
    return { text, layer, config, digest: sha256(text), size: layer.size + config.size };
}
async function pushImage(name, tag, options) {
    const i = await makeImage(name, options);
    const r = await raw("PUT", `/v2/${name}/manifests/${tag || i.digest}`, { headers: { "Content-Type": OCI }, body: i.text });
    assert.strictEqual(r.status, 201, r.data.toString());
    assert.strictEqual(r.headers["docker-content-digest"], i.digest);
    return i;
}
// A small image as an OCI layout on disk, for skopeo and podman.
function layout(dir, size) {
    fs.mkdirSync(path.join(dir, "blobs/sha256"), { recursive: true });
    const put = (b) => { const d = sha256(b); fs.writeFileSync(path.join(dir, "blobs/sha256", d.slice(7)), b); return { digest: d, size: b.length }; };
    const data = crypto.randomBytes(size), head = Buffer.alloc(512);
    head.write("data", 0); head.write("0000644\0", 100); head.write("0000000\0", 108); head.write("0000000\0", 116);
    head.write(size.toString(8).padStart(11, "0") + "\0", 124); head.write("00000000000\0", 136); head.write("        ", 148); head.write("0", 156); head.write("ustar\x0000", 257);
    let sum = 0; for (const b of head) sum += b;
    head.write(sum.toString(8).padStart(6, "0") + "\0 ", 148);
    const tar = Buffer.concat([head, data, Buffer.alloc((512 - size % 512) % 512 + 1024)]);
    const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...put(zlib.gzipSync(tar)) };
    const config = { mediaType: "application/vnd.oci.image.config.v1+json",
                     ...put(Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: { Cmd: ["/x"] }, rootfs: { type: "layers", diff_ids: [sha256(tar)] } }))) };
    const manifest = { mediaType: OCI, ...put(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI, config, layers: [layer] }))) };
    manifest.annotations = { "org.opencontainers.image.ref.name": "v1" };
    fs.writeFileSync(path.join(dir, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
    fs.writeFileSync(path.join(dir, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    return manifest.digest;
}

test("a repository is created, described and deleted", async () => {
    const r = await create("first/app", { tags: [{ Key: "team", Value: "a" }] });
    assert.strictEqual(r.repositoryArn, "arn:aws:ecr:us-east-1:000000000000:repository/first/app");
    assert.strictEqual(r.repositoryUri, `${registry}/first/app`);
    assert.strictEqual(r.imageTagMutability, "MUTABLE");
    assert.deepStrictEqual(r.imageScanningConfiguration, { scanOnPush: false });
    assert.deepStrictEqual(r.encryptionConfiguration, { encryptionType: "AES256" });
    await refuses(create("first/app"), "RepositoryAlreadyExistsException", /^The repository with name 'first\/app' already exists in the registry with id '000000000000'$/);
    const { repositories } = await send(DescribeRepositoriesCommand, { repositoryNames: ["first/app"] });
    assert.deepStrictEqual(repositories.map((x) => x.repositoryName), ["first/app"]);
    assert.strictEqual((await send(DeleteRepositoryCommand, { repositoryName: "first/app" })).repository.repositoryName, "first/app");
    await refuses(send(DescribeRepositoriesCommand, { repositoryNames: ["first/app"] }), "RepositoryNotFoundException",
                  /^The repository with name 'first\/app' does not exist in the registry with id '000000000000'$/);
});

test("what cannot be done is refused by name", async () => {
    await refuses(create("Upper"), "InvalidParameterException", /repositoryName/);
    await refuses(create("x/scan", { imageScanningConfiguration: { scanOnPush: true } }), "InvalidParameterException", /scanOnPush/);
    await refuses(create("x/kms", { encryptionConfiguration: { encryptionType: "KMS" } }), "InvalidParameterException", /encryptionType/);
    await refuses(create("x/filters", { imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "a*" }] }), "InvalidParameterException", /Exclusion/i);
});

test("repositories are listed in pages", async () => {
    for (let i = 0; i < 5; i++) await create(`page/r${i}`);
    const names = [];
    for (let nextToken; ;) {
        const p = await send(DescribeRepositoriesCommand, { maxResults: 2, nextToken });
        assert.ok(p.repositories.length <= 2);
        names.push(...p.repositories.map((r) => r.repositoryName));
        if (!(nextToken = p.nextToken)) break;
    }
    assert.deepStrictEqual(names.filter((n) => n.startsWith("page/")), [0, 1, 2, 3, 4].map((i) => `page/r${i}`));
    await refuses(send(DescribeRepositoriesCommand, { nextToken: "nonsense" }), "InvalidParameterException");
});

test("tags of a repository are added, listed and removed", async () => {
    const { repositoryArn: resourceArn } = await create("tagged");
    await send(TagResourceCommand, { resourceArn, tags: [{ Key: "a", Value: "1" }, { Key: "b", Value: "2" }] });
    await send(TagResourceCommand, { resourceArn, tags: [{ Key: "a", Value: "3" }] });
    await send(UntagResourceCommand, { resourceArn, tagKeys: ["b"] });
    assert.deepStrictEqual((await send(ListTagsForResourceCommand, { resourceArn })).tags, [{ Key: "a", Value: "3" }]);
});

test("a token lasts twelve hours and its endpoint asks for it", async () => {
    const { authorizationData: [d] } = await send(GetAuthorizationTokenCommand);
    assert.ok(Math.abs(d.expiresAt - Date.now() - 12 * 3600e3) < 60e3);
    const asked = await raw("GET", "/v2/", { auth: null });
    assert.strictEqual(asked.status, 401);
    assert.match(asked.headers["www-authenticate"], /^Basic realm=".*",service="ecr.amazonaws.com"$/);
    assert.strictEqual(asked.headers["docker-distribution-api-version"], "registry/2.0");
    assert.strictEqual((await raw("GET", "/v2/")).status, 200);
});

test("skopeo pushes and pulls an image, and lists its tags", async () => {
    await create("skopeo/app");
    const digest = layout(path.join(tmp, "oci"), 3 << 20), ref = `docker://${registry}/skopeo/app:v1`;
    await run("skopeo", ["copy", "--dest-tls-verify=false", "--dest-creds", `AWS:${password}`, `oci:${tmp}/oci:v1`, ref]);
    const { imageDetails: [i] } = await send(DescribeImagesCommand, { repositoryName: "skopeo/app" });
    assert.strictEqual(i.imageDigest, digest);
    assert.deepStrictEqual(i.imageTags, ["v1"]);
    assert.ok(i.imageSizeInBytes > 3 << 20);
    await run("skopeo", ["copy", "--src-tls-verify=false", "--src-creds", `AWS:${password}`, ref, `oci:${tmp}/back:v1`]);
    for (const b of fs.readdirSync(`${tmp}/oci/blobs/sha256`))
        assert.ok(fs.readFileSync(`${tmp}/oci/blobs/sha256/${b}`).equals(fs.readFileSync(`${tmp}/back/blobs/sha256/${b}`)), b);
    const { stdout } = await run("skopeo", ["inspect", "--tls-verify=false", "--creds", `AWS:${password}`, ref]);
    assert.deepStrictEqual(JSON.parse(stdout).RepoTags, ["v1"]);
    const pulled = await send(DescribeImagesCommand, { repositoryName: "skopeo/app", imageIds: [{ imageTag: "v1" }] });
    assert.ok(pulled.imageDetails[0].lastRecordedPullTime);
    await create("skopeo/copy");
    await run("skopeo", ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--src-creds", `AWS:${password}`, "--dest-creds", `AWS:${password}`,
                         ref, `docker://${registry}/skopeo/copy:v2`]);
    await run("skopeo", ["delete", "--tls-verify=false", "--creds", `AWS:${password}`, `docker://${registry}/skopeo/copy:v2`]);
    assert.deepStrictEqual((await send(ListImagesCommand, { repositoryName: "skopeo/copy" })).imageIds, []);
});

test("a push into a repository that does not exist is refused as NAME_UNKNOWN", async () => {
    const r = await raw("POST", "/v2/not/there/blobs/uploads/");
    assert.strictEqual(r.status, 404);
    assert.strictEqual(r.json.errors[0].code, "NAME_UNKNOWN");
    assert.strictEqual(r.json.errors[0].message, "The repository with name 'not/there' does not exist in the registry with id '000000000000'");
});

test("a blob goes up in chunks, in one piece, and by mounting", async () => {
    await create("up/a"); await create("up/b");
    const bytes = crypto.randomBytes(300000), digest = sha256(bytes);
    const first = await raw("POST", "/v2/up/a/blobs/uploads/");
    assert.strictEqual(first.headers.range, "0-0");
    let r = await raw("PATCH", first.headers.location, { body: [bytes.subarray(0, 50000), bytes.subarray(50000, 100000)], chunked: true });
    assert.strictEqual(r.status, 202);
    assert.strictEqual(r.headers.range, "0-99999");
    r = await raw("PATCH", r.headers.location, { body: bytes.subarray(5), headers: { "Content-Range": "5-10" } });
    assert.strictEqual(r.status, 416);
    r = await raw("GET", first.headers.location);
    assert.strictEqual(r.status, 204);
    assert.strictEqual(r.headers.range, "0-99999");
    r = await raw("PATCH", first.headers.location, { body: bytes.subarray(100000, 200000), headers: { "Content-Range": "100000-199999" } });
    assert.strictEqual(r.headers.range, "0-199999");
    r = await raw("PUT", `${first.headers.location}?digest=${digest}`, { body: bytes.subarray(200000) });
    assert.strictEqual(r.status, 201);
    assert.strictEqual(r.headers["docker-content-digest"], digest);
    r = await raw("HEAD", `/v2/up/a/blobs/${digest}`);
    assert.strictEqual(r.headers["content-length"], "300000");
    r = await raw("GET", `/v2/up/a/blobs/${digest}`, { headers: { Range: "bytes=100-199" } });
    assert.strictEqual(r.status, 206);
    assert.strictEqual(r.headers["content-range"], "bytes 100-199/300000");
    assert.ok(r.data.equals(bytes.subarray(100, 200)));
    assert.strictEqual((await raw("HEAD", `/v2/up/b/blobs/${digest}`)).status, 404);
    r = await raw("POST", `/v2/up/b/blobs/uploads/?mount=${digest}&from=up/a`);
    assert.strictEqual(r.status, 201);
    assert.ok((await raw("GET", `/v2/up/b/blobs/${digest}`)).data.equals(bytes));
    r = await raw("POST", `/v2/up/b/blobs/uploads/?mount=${sha256("none")}&from=up/a`);
    assert.strictEqual(r.status, 202);
    const other = crypto.randomBytes(100);
    assert.strictEqual((await raw("POST", `/v2/up/b/blobs/uploads/?digest=${sha256(other)}`, { body: other })).status, 201);
});

test("a blob with the wrong digest and an upload that was cancelled leave nothing", async () => {
    await create("up/bad");
    const up = await raw("POST", "/v2/up/bad/blobs/uploads/");
    let r = await raw("PUT", `${up.headers.location}?digest=${sha256("other")}`, { body: "bytes" });
    assert.strictEqual(r.status, 400);
    assert.strictEqual(r.json.errors[0].code, "DIGEST_INVALID");
    assert.strictEqual((await raw("HEAD", `/v2/up/bad/blobs/${sha256("other")}`)).status, 404);
    assert.strictEqual((await raw("HEAD", `/v2/up/bad/blobs/${sha256("bytes")}`)).status, 404);
    const two = await raw("POST", "/v2/up/bad/blobs/uploads/");
    assert.strictEqual((await raw("DELETE", two.headers.location)).status, 204);
    r = await raw("PATCH", two.headers.location, { body: "x" });
    assert.strictEqual(r.status, 404);
    assert.strictEqual(r.json.errors[0].code, "BLOB_UPLOAD_UNKNOWN");
});

test("a manifest needs its layers, and an index its images", async () => {
    await create("need");
    const text = JSON.stringify({ schemaVersion: 2, mediaType: OCI, config: { digest: sha256("c"), size: 1, mediaType: "x/y" }, layers: [] });
    let r = await raw("PUT", "/v2/need/manifests/v1", { headers: { "Content-Type": OCI }, body: text });
    assert.strictEqual(r.status, 400);
    assert.strictEqual(r.json.errors[0].code, "MANIFEST_BLOB_UNKNOWN");
    await refuses(send(PutImageCommand, { repositoryName: "need", imageManifest: text, imageTag: "v1" }), "LayersNotFoundException");
    const i = await pushImage("need", null);
    const index = (digest) => JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [{ mediaType: OCI, digest, size: 1 }] });
    r = await raw("PUT", "/v2/need/manifests/all", { headers: { "Content-Type": INDEX }, body: index(sha256("none")) });
    assert.strictEqual(r.json.errors[0].code, "MANIFEST_BLOB_UNKNOWN");
    r = await raw("PUT", "/v2/need/manifests/all", { headers: { "Content-Type": INDEX }, body: index(i.digest) });
    assert.strictEqual(r.status, 201);
    const { failures } = await send(BatchDeleteImageCommand, { repositoryName: "need", imageIds: [{ imageDigest: i.digest }] });
    assert.strictEqual(failures[0].failureCode, "ImageReferencedByManifestList");
    r = await raw("PUT", "/v2/need/manifests/v2", { headers: { "Content-Type": OCI }, body: "{" });
    assert.strictEqual(r.json.errors[0].code, "MANIFEST_INVALID");
});

test("every line of Accept counts, and a type that is not accepted is not served", async () => {
    await create("accept");
    const i = await pushImage("accept", "v1");
    const types = ["application/vnd.docker.distribution.manifest.v2+json", "application/json", OCI];
    let r = await raw("GET", "/v2/accept/manifests/v1", { headers: { Accept: types } });
    assert.strictEqual(r.status, 200);
    assert.strictEqual(r.headers["content-type"], OCI);
    assert.strictEqual(r.data.toString(), i.text);
    r = await raw("HEAD", `/v2/accept/manifests/${i.digest}`, { headers: { Accept: "*/*" } });
    assert.strictEqual(r.headers["content-length"], String(i.text.length));
    r = await raw("GET", "/v2/accept/manifests/v1", { headers: { Accept: types[0] } });
    assert.strictEqual(r.json.errors[0].code, "MANIFEST_UNKNOWN");
});

test("tags are listed in pages, and the catalog is refused", async () => {
    await create("tags");
    const i = await pushImage("tags", "b");
    for (const t of ["a", "c", "d.1"]) await raw("PUT", `/v2/tags/manifests/${t}`, { headers: { "Content-Type": OCI }, body: i.text });
    assert.deepStrictEqual((await raw("GET", "/v2/tags/tags/list")).json, { name: "tags", tags: ["a", "b", "c", "d.1"] });
    const first = await raw("GET", "/v2/tags/tags/list?n=3");
    assert.deepStrictEqual(first.json.tags, ["a", "b", "c"]);
    const next = first.headers.link.match(/<(.*)>; rel="next"/)[1];
    const second = await raw("GET", next);
    assert.deepStrictEqual(second.json.tags, ["d.1"]);
    assert.strictEqual(second.headers.link, undefined);
    assert.strictEqual((await raw("GET", "/v2/_catalog")).status, 405);
});

test("an artifact that names an image is among its referrers", async () => {
    await create("refer");
    const i = await pushImage("refer", "v1");
    assert.deepStrictEqual((await raw("GET", `/v2/refer/referrers/${i.digest}`)).json.manifests, []);
    const sbom = await pushImage("refer", null, { more: { artifactType: "application/spdx+json", subject: { mediaType: OCI, digest: i.digest, size: i.text.length }, annotations: { a: "b" } } });
    const r = await raw("GET", `/v2/refer/referrers/${i.digest}`);
    assert.strictEqual(r.headers["content-type"], INDEX);
    assert.deepStrictEqual(r.json.manifests, [{ mediaType: OCI, digest: sbom.digest, size: sbom.text.length, artifactType: "application/spdx+json", annotations: { a: "b" } }]);
    assert.deepStrictEqual((await raw("GET", `/v2/refer/referrers/${i.digest}?artifactType=x/y`)).json.manifests, []);
});

test("an immutable tag cannot be moved, one that is excluded can", async () => {
    await create("frozen", { imageTagMutability: "IMMUTABLE" });
    const one = await pushImage("frozen", "v1"), two = await makeImage("frozen");
    const put = (tag) => raw("PUT", `/v2/frozen/manifests/${tag}`, { headers: { "Content-Type": OCI }, body: two.text });
    const r = await put("v1");
    assert.strictEqual(r.status, 400);
    assert.strictEqual(r.json.errors[0].code, "TAG_INVALID");
    await refuses(send(PutImageCommand, { repositoryName: "frozen", imageManifest: two.text, imageTag: "v1" }), "ImageTagAlreadyExistsException",
                  /^The image tag 'v1' already exists in the 'frozen' repository and cannot be overwritten because the tag is immutable\.$/);
    await refuses(send(PutImageCommand, { repositoryName: "frozen", imageManifest: one.text, imageTag: "v1" }), "ImageAlreadyExistsException");
    await send(PutImageTagMutabilityCommand, { repositoryName: "frozen", imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
                                               imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "dev*" }] });
    await raw("PUT", "/v2/frozen/manifests/dev-1", { headers: { "Content-Type": OCI }, body: one.text });
    assert.strictEqual((await put("dev-1")).status, 201);
    assert.strictEqual((await put("v1")).status, 400);
});

test("layers are uploaded by the API's own operations", async () => {
    await create("parts");
    const repositoryName = "parts", bytes = crypto.randomBytes(20000);
    const { uploadId, partSize } = await send(InitiateLayerUploadCommand, { repositoryName });
    assert.strictEqual(partSize, 10485760);
    const part = (from, to) => send(UploadLayerPartCommand, { repositoryName, uploadId, partFirstByte: from, partLastByte: to, layerPartBlob: bytes.subarray(from, to + 1) });
    assert.strictEqual((await part(0, 9999)).lastByteReceived, 9999);
    const e = await refuses(part(0, 9999), "InvalidLayerPartException");
    assert.strictEqual(e.lastValidByteReceived, 9999);
    await part(10000, 19999);
    await send(CompleteLayerUploadCommand, { repositoryName, uploadId, layerDigests: [sha256(bytes)] });
    const { layers, failures } = await send(BatchCheckLayerAvailabilityCommand, { repositoryName, layerDigests: [sha256(bytes), sha256("none"), "nonsense"] });
    assert.deepStrictEqual(layers.map((l) => l.layerAvailability), ["AVAILABLE", "UNAVAILABLE"]);
    assert.strictEqual(failures[0].failureCode, "InvalidLayerDigest");
    const { downloadUrl } = await send(GetDownloadUrlForLayerCommand, { repositoryName, layerDigest: sha256(bytes) });
    const got = await fetch(downloadUrl);
    assert.ok(Buffer.from(await got.arrayBuffer()).equals(bytes));
    assert.strictEqual((await fetch(downloadUrl.replace(/token=.*/, "token=wrong"))).status, 401);
    await refuses(part(0, 1), "UploadNotFoundException");
});

test("images are got, described and deleted by tag and digest", async () => {
    await create("images");
    const repositoryName = "images";
    const one = await makeImage("images"), two = await pushImage("images", "two");
    const put = await send(PutImageCommand, { repositoryName, imageManifest: one.text, imageTag: "one" });
    assert.deepStrictEqual(put.image.imageId, { imageDigest: one.digest, imageTag: "one" });
    await send(PutImageCommand, { repositoryName, imageManifest: one.text, imageTag: "also" });
    await refuses(send(PutImageCommand, { repositoryName, imageManifest: one.text, imageTag: "x", imageDigest: two.digest }), "ImageDigestDoesNotMatchException");
    const got = await send(BatchGetImageCommand, { repositoryName, imageIds: [{ imageTag: "one" }, { imageDigest: two.digest }, { imageTag: "three" }, {}] });
    assert.deepStrictEqual(got.images.map((i) => i.imageManifest), [one.text, two.text]);
    assert.deepStrictEqual(got.failures.map((f) => f.failureCode), ["ImageNotFound", "MissingDigestAndTag"]);
    const all = (await send(DescribeImagesCommand, { repositoryName })).imageDetails;
    assert.deepStrictEqual(all.find((i) => i.imageDigest === one.digest).imageTags.sort(), ["also", "one"]);
    assert.strictEqual(all.find((i) => i.imageDigest === one.digest).imageSizeInBytes, one.size);
    await refuses(send(DescribeImagesCommand, { repositoryName, imageIds: [{ imageTag: "three" }] }), "ImageNotFoundException",
                  /^The image with imageId \{imageDigest:'null', imageTag:'three'\} does not exist within the repository with name 'images' in the registry with id '000000000000'$/);
    await send(BatchDeleteImageCommand, { repositoryName, imageIds: [{ imageTag: "also" }] });
    assert.deepStrictEqual((await send(ListImagesCommand, { repositoryName, filter: { tagStatus: "TAGGED" } })).imageIds.map((i) => i.imageTag).sort(), ["one", "two"]);
    await refuses(send(DeleteRepositoryCommand, { repositoryName }), "RepositoryNotEmptyException");
    const gone = await send(BatchDeleteImageCommand, { repositoryName, imageIds: [{ imageTag: "one" }] });
    assert.deepStrictEqual(gone.imageIds, [{ imageDigest: one.digest, imageTag: "one" }]);
    assert.strictEqual((await raw("HEAD", `/v2/images/blobs/${one.layer.digest}`)).status, 404, "its layer went with it");
    assert.strictEqual((await raw("HEAD", `/v2/images/blobs/${two.layer.digest}`)).status, 200);
    await send(DeleteRepositoryCommand, { repositoryName, force: true });
});

test("policies of a repository are kept", async () => {
    await create("policy");
    const repositoryName = "policy", policyText = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage" }] });
    await refuses(send(GetRepositoryPolicyCommand, { repositoryName }), "RepositoryPolicyNotFoundException");
    await refuses(send(SetRepositoryPolicyCommand, { repositoryName, policyText: "nonsense" }), "InvalidParameterException");
    await send(SetRepositoryPolicyCommand, { repositoryName, policyText });
    assert.strictEqual((await send(GetRepositoryPolicyCommand, { repositoryName })).policyText, policyText);
    await send(DeleteRepositoryPolicyCommand, { repositoryName });
    await refuses(send(PutImageScanningConfigurationCommand, { repositoryName, imageScanningConfiguration: { scanOnPush: true } }), "InvalidParameterException", /scanOnPush/);
    const { registryId, replicationConfiguration } = await send(DescribeRegistryCommand);
    assert.deepStrictEqual([registryId, replicationConfiguration], ["000000000000", { rules: [] }]);
});

test("a lifecycle policy keeps the newest images of a prefix", async () => {
    await create("life");
    const repositoryName = "life";
    for (const t of ["prod-1", "prod-2", "prod-3", "other"]) await pushImage("life", t);
    const lifecyclePolicyText = JSON.stringify({ rules: [{ rulePriority: 1, description: "keep one", selection: { tagStatus: "tagged", tagPrefixList: ["prod"], countType: "imageCountMoreThan", countNumber: 1 }, action: { type: "expire" } }] });
    await refuses(send(PutLifecyclePolicyCommand, { repositoryName, lifecyclePolicyText: lifecyclePolicyText.replace('"expire"', '"archive"') }), "InvalidParameterException", /action.type/);
    await send(PutLifecyclePolicyCommand, { repositoryName, lifecyclePolicyText });
    const tags = async () => (await send(ListImagesCommand, { repositoryName })).imageIds.map((i) => i.imageTag).sort();
    await until("the older ones expire", async () => (await tags()).length === 2);
    assert.deepStrictEqual(await tags(), ["other", "prod-3"]);
    await pushImage("life", "prod-4");
    await until("a push evaluates it again", async () => !(await tags()).includes("prod-3"));
    assert.ok((await send(GetLifecyclePolicyCommand, { repositoryName })).lastEvaluatedAt);
    await send(DeleteLifecyclePolicyCommand, { repositoryName });
    await refuses(send(GetLifecyclePolicyCommand, { repositoryName }), "LifecyclePolicyNotFoundException");
});

test("everything is there after a restart, an upload goes on where it was", async () => {
    await create("stay");
    const i = await pushImage("stay", "v1"), bytes = crypto.randomBytes(5000);
    const up = await raw("POST", "/v2/stay/blobs/uploads/");
    await raw("PATCH", up.headers.location, { body: bytes.subarray(0, 3000) });
    await s.restart();
    assert.strictEqual((await raw("GET", "/v2/stay/manifests/v1")).data.toString(), i.text, "the old password still works");
    const r = await raw("PUT", `${up.headers.location}?digest=${sha256(bytes)}`, { body: bytes.subarray(3000) });
    assert.strictEqual(r.status, 201, r.data.toString());
    assert.ok((await raw("GET", `/v2/stay/blobs/${sha256(bytes)}`)).data.equals(bytes));
});

test("a region's repositories are reached with a password of that region", async () => {
    const other = s.client(ECRClient, { region: "eu-west-1" });
    await other.send(new CreateRepositoryCommand({ repositoryName: "only/west" }));
    const { authorizationData: [d] } = await other.send(new GetAuthorizationTokenCommand({}));
    const auth = Buffer.from(d.authorizationToken, "base64").toString();
    assert.strictEqual((await raw("GET", "/v2/only/west/tags/list", { auth })).status, 200);
    assert.strictEqual((await raw("GET", "/v2/only/west/tags/list")).status, 404);
});

test("an untagged image goes when the clock reaches its age", async () => {
    await create("aged");
    const repositoryName = "aged", old = await pushImage("aged", null);
    await pushImage("aged", "kept");
    const lifecyclePolicyText = JSON.stringify({ rules: [{ rulePriority: 1, description: "by age", selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 }, action: { type: "expire" } }] });
    await send(PutLifecyclePolicyCommand, { repositoryName, lifecyclePolicyText });
    const digests = async () => (await send(ListImagesCommand, { repositoryName })).imageIds.map((i) => i.imageDigest);
    const advance = async (days) => assert.ok((await fetch(`${s.endpoint}/_slipway/clock/advance`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ seconds: days * 86400 }) })).ok);
    await until("it is evaluated", async () => (await send(GetLifecyclePolicyCommand, { repositoryName })).lastEvaluatedAt);
    await advance(13);
    assert.strictEqual((await digests()).length, 2);
    await advance(2);
    await until("the image expires", async () => !(await digests()).includes(old.digest));
    assert.strictEqual((await digests()).length, 1);
    assert.strictEqual((await raw("GET", "/v2/")).status, 200, "relaxed, any password does");
});

test("strict, only a password of this server opens the registry, for what its owner may do", async (t) => {
    const accessKeyId = "AKIAIOSFODNN7EXAMPLE", secretAccessKey = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
    const strict = await start(t, { args: ["--auth", "strict"], env: { SLIPWAY_ROOT_ACCESS_KEY_ID: accessKeyId, SLIPWAY_ROOT_SECRET_ACCESS_KEY: secretAccessKey } });
    const file = path.join(strict.data, "root-credentials"), text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
    const credentials = text ? { accessKeyId: text.match(/AKIA\w+/)[0], secretAccessKey: text.match(/secret\S*\s*[=:]\s*(\S+)/i)[1] } : { accessKeyId, secretAccessKey };
    const root = strict.client(ECRClient, { credentials }), iam = strict.client(IAMClient, { credentials });
    await root.send(new CreateRepositoryCommand({ repositoryName: "guarded" }));
    await iam.send(new CreateUserCommand({ UserName: "puller" }));
    const { AccessKey: k } = await iam.send(new CreateAccessKeyCommand({ UserName: "puller" }));
    const allow = (Action) => iam.send(new PutUserPolicyCommand({ UserName: "puller", PolicyName: "p", PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] }) }));
    await allow(["ecr:GetAuthorizationToken"]);
    const user = strict.client(ECRClient, { credentials: { accessKeyId: k.AccessKeyId, secretAccessKey: k.SecretAccessKey } });
    const { authorizationData: [d] } = await user.send(new GetAuthorizationTokenCommand({}));
    const look = async (auth, target = "/v2/guarded/tags/list", method = "GET") => (await fetch(strict.endpoint + target, { method, headers: { Authorization: "Basic " + auth } })).status;
    assert.strictEqual(await look(Buffer.from("AWS:guess").toString("base64")), 401);
    assert.strictEqual(await look(d.authorizationToken, "/v2/"), 200);
    assert.strictEqual(await look(d.authorizationToken), 403);
    await allow(["ecr:GetAuthorizationToken", "ecr:ListImages"]);
    assert.strictEqual(await look(d.authorizationToken), 200);
    assert.strictEqual(await look(d.authorizationToken, "/v2/guarded/blobs/uploads/", "POST"), 403);
});
