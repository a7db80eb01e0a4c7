// SPDX-License-Identifier: Apache-2.0
// Images FROM scratch with busybox in them, pushed by the registry protocol: what tests run where nothing can be pulled.
//
//     await push(s, "web:v1", { cmd: ["httpd", "-f", "-p", "8080", "-h", "/www"], files: { "www/index.html": "v1" } });
"use strict";
const assert = require("node:assert");
const crypto = require("node:crypto");
const fs = require("node:fs");

const BUSYBOX = "/bin/busybox";
const APPLETS = ["sh", "cat", "date", "echo", "env", "false", "grep", "httpd", "id", "kill", "ls", "mkdir", "nc", "pwd",
                 "rm", "seq", "sleep", "stat", "test", "touch", "true", "wget"];

const sha256 = (data) => "sha256:" + crypto.createHash("sha256").update(data).digest("hex");

function entry(name, data, { mode = 0o644, type = "0", link = "" } = {}) {
    const body = Buffer.from(data);
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write(mode.toString(8).padStart(7, "0") + "\0", 100);
    head.write("0000000\0", 108);
    head.write("0000000\0", 116);
    head.write(body.length.toString(8).padStart(11, "0") + "\0", 124);
    head.write("00000000000\0", 136);
    head.write("        ", 148);
    head.write(type, 156);
    head.write(link, 157);
    head.write("ustar\x0000", 257);
    const sum = head.reduce((a, b) => a + b, 0);
    head.write(sum.toString(8).padStart(6, "0") + "\0 ", 148);
    return Buffer.concat([head, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

function layer(files) {
    const parts = ["bin/", "etc/", "tmp/", "www/"].map((d) => entry(d, "", { mode: 0o755, type: "5" }));
    parts.push(entry("bin/busybox", fs.readFileSync(BUSYBOX), { mode: 0o755 }));
    for (const a of APPLETS) parts.push(entry("bin/" + a, "", { mode: 0o777, type: "2", link: "busybox" }));
    parts.push(entry("etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"));
    for (const [name, data] of Object.entries(files)) parts.push(entry(name, data, { mode: 0o755 }));
    parts.push(Buffer.alloc(1024));
    return Buffer.concat(parts);
}

async function request(s, method, path, body, headers = {}) {
    const r = await fetch(s.endpoint + path, {
        method, body, headers: { Authorization: "Basic " + Buffer.from("AWS:any").toString("base64"), ...headers } });
    assert.ok(r.ok, `${method} ${path}: ${r.status} ${r.ok ? "" : await r.text()}`);
    return r;
}

async function blob(s, repository, data) {
    const begun = await request(s, "POST", `/v2/${repository}/blobs/uploads/`);
    const at = new URL(begun.headers.get("location"), s.endpoint);
    at.searchParams.set("digest", sha256(data));
    await request(s, "PUT", at.pathname + at.search, data, { "Content-Type": "application/octet-stream" });
    return { digest: sha256(data), size: data.length };
}

// settings: the image's configuration as it is to be sent, instead of one that is right.
// The repository is made where it is missing. Returns the name that a task definition uses, and the digest.
async function push(s, name, { cmd = [], entrypoint, env = [], files = {}, config = {}, settings: given } = {}) {
    const [repository, tag] = name.split(":");
    await s.aws("ecr", "create-repository", "--repository-name", repository).catch((e) => {
        if (!/RepositoryAlreadyExists/.test(e.stderr || e.message)) throw e;
    });
    const tar = layer(files);
    const settings = given || Buffer.from(JSON.stringify({
        architecture: "amd64", os: "linux",
        config: { Cmd: cmd, Entrypoint: entrypoint, Env: ["PATH=/bin", ...env], ...config },
        rootfs: { type: "layers", diff_ids: [sha256(tar)] },
    }));
    const type = "application/vnd.oci.image";
    const manifest = JSON.stringify({
        schemaVersion: 2, mediaType: `${type}.manifest.v1+json`,
        config: { mediaType: `${type}.config.v1+json`, ...(await blob(s, repository, settings)) },
        layers: [{ mediaType: `${type}.layer.v1.tar`, ...(await blob(s, repository, tar)) }],
    });
    await request(s, "PUT", `/v2/${repository}/manifests/${tag}`, manifest, { "Content-Type": `${type}.manifest.v1+json` });
    return { image: `127.0.0.1:${s.port}/${repository}:${tag}`, digest: sha256(manifest) };
}

module.exports = { push };
