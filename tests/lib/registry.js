// SPDX-License-Identifier: Apache-2.0
// A client of the registry protocol (OCI distribution 1.1) that shows every status and header, and can do what no good
// client does.
//
//     const r = await Registry.of(s, ecr);                     // logged in by GetAuthorizationToken
//     const image = await r.pushImage("app", "v1");            // one that no other test has
//     const { status, headers, json } = await r.raw("GET", "/v2/app/tags/list");
//
// A file's own server, and a registry that is logged in when its tests run:
//
//     const { s, ecr, registry, send, create } = registryFile();
"use strict";
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const zlib = require("node:zlib");
const { ECRClient, CreateRepositoryCommand, GetAuthorizationTokenCommand } = require("@aws-sdk/client-ecr");
const { serve, later } = require("./file");

const TYPES = {
    image: "application/vnd.oci.image.manifest.v1+json",
    index: "application/vnd.oci.image.index.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
    dockerImage: "application/vnd.docker.distribution.manifest.v2+json",
    dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
};
const sha256 = (b) => "sha256:" + crypto.createHash("sha256").update(b).digest("hex");

class Registry {
    constructor(s, auth = null) {
        this.s = s;
        this.auth = auth;                       // "AWS:password", or null for none
    }

    static async of(s, ecr) {
        const r = new Registry(s);
        await r.login(ecr);
        return r;
    }

    async login(ecr) {
        const { authorizationData: [d] } = await ecr.send(new GetAuthorizationTokenCommand({}));
        this.auth = Buffer.from(d.authorizationToken, "base64").toString();
    }

    get password() { return this.auth && this.auth.replace(/^AWS:/, ""); }
    get host() { return `127.0.0.1:${this.s.port}`; }

    // One request. Several values of a header go as several lines; chunked: body is a list of parts.
    raw(method, target, { headers = {}, body, auth = this.auth, chunked } = {}) {
        return new Promise((resolve, reject) => {
            const basic = auth ? { Authorization: "Basic " + Buffer.from(auth).toString("base64") } : {};
            const rq = http.request(this.s.endpoint + target, { method, headers: { ...basic, ...headers } }, (r) => {
                const parts = [];
                r.on("data", (d) => parts.push(d));
                r.on("end", () => {
                    const data = Buffer.concat(parts);
                    let json; try { json = JSON.parse(data); } catch { /* not all are */ }
                    resolve({ status: r.statusCode, headers: r.headers, data, json });
                });
            });
            rq.on("error", reject);
            if (!chunked) return void rq.end(body);
            for (const c of body) rq.write(c);
            rq.end();
        });
    }

    // The request must be refused in the protocol's error form.
    async refused(status, code, method, target, options) {
        const r = await this.raw(method, target, options);
        assert.strictEqual(r.status, status, `${method} ${target}: ${r.status} ${r.data}`);
        if (method === "HEAD") return r;
        assert.match(r.headers["content-type"], /^application\/json/);
        assert.deepStrictEqual(r.json.errors.map((e) => e.code), [code]);
        assert.ok(r.json.errors[0].message.length > 0);
        return r;
    }

    async beginUpload(name) {
        const r = await this.raw("POST", `/v2/${name}/blobs/uploads/`);
        assert.strictEqual(r.status, 202, r.data.toString());
        return r.headers.location;
    }

    async pushBlob(name, bytes) {
        const r = await this.raw("PUT", `${await this.beginUpload(name)}?digest=${sha256(bytes)}`, { body: bytes });
        assert.strictEqual(r.status, 201, r.data.toString());
        return { mediaType: TYPES.layer, digest: sha256(bytes), size: bytes.length };
    }

    putManifest(name, reference, text, type = TYPES.image) {
        return this.raw("PUT", `/v2/${name}/manifests/${reference}`, { headers: { "Content-Type": type }, body: text });
    }

    // The layers and the manifest's text of a new image; not pushed as a manifest.
    async makeImage(name, { more = {} } = {}) {
        const layer = await this.pushBlob(name, crypto.randomBytes(1000));
        const settings = JSON.stringify({ architecture: "amd64", os: "linux", x: crypto.randomUUID() });
        const config = { ...(await this.pushBlob(name, Buffer.from(settings))), mediaType: TYPES.config };
        const text = JSON.stringify({ schemaVersion: 2, mediaType: TYPES.image, config, layers: [layer], ...more });
        return { text, layer, config, digest: sha256(text), size: layer.size + config.size };
    }

    async pushImage(name, tag, options) {
        const i = await this.makeImage(name, options);
        const r = await this.putManifest(name, tag || i.digest, i.text);
        assert.strictEqual(r.status, 201, r.data.toString());
        assert.strictEqual(r.headers["docker-content-digest"], i.digest);
        return i;
    }
}

// A tar of one file.
function tarOf(name, data) {
    const head = Buffer.alloc(512);
    const put = (at, text) => head.write(text, at);
    put(0, name); put(100, "0000644\0"); put(108, "0000000\0"); put(116, "0000000\0");
    put(124, data.length.toString(8).padStart(11, "0") + "\0"); put(136, "00000000000\0");
    put(148, "        "); put(156, "0"); put(257, "ustar\x0000");
    put(148, head.reduce((a, b) => a + b, 0).toString(8).padStart(6, "0") + "\0 ");
    return Buffer.concat([head, data, Buffer.alloc((512 - data.length % 512) % 512 + 1024)]);
}

// A small image "v1" as an OCI layout on disk, for skopeo and podman; returns its manifest's digest.
function layout(dir, size) {
    fs.mkdirSync(path.join(dir, "blobs/sha256"), { recursive: true });
    const put = (b) => {
        fs.writeFileSync(path.join(dir, "blobs/sha256", sha256(b).slice(7)), b);
        return { digest: sha256(b), size: b.length };
    };
    const json = (o) => put(Buffer.from(JSON.stringify(o)));
    const tar = tarOf("data", crypto.randomBytes(size));
    const layer = { mediaType: TYPES.layer, ...put(zlib.gzipSync(tar)) };
    const settings = { architecture: "amd64", os: "linux", config: { Cmd: ["/x"] },
                       rootfs: { type: "layers", diff_ids: [sha256(tar)] } };
    const config = { mediaType: TYPES.config, ...json(settings) };
    const manifest = json({ schemaVersion: 2, mediaType: TYPES.image, config, layers: [layer] });
    fs.writeFileSync(path.join(dir, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [
        { mediaType: TYPES.image, ...manifest, annotations: { "org.opencontainers.image.ref.name": "v1" } }] }));
    fs.writeFileSync(path.join(dir, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    return manifest.digest;
}

function registryFile(options) {
    const s = serve({ ...options, ready: () => registry.login(ecr) }), ecr = later(s, ECRClient), registry = new Registry(s);
    const send = (Command, input = {}) => ecr.send(new Command(input));
    const create = async (repositoryName, more = {}) => (await send(CreateRepositoryCommand, { repositoryName, ...more })).repository;
    return { s, ecr, registry, send, create };
}

module.exports = { Registry, registryFile, TYPES, sha256, layout };
