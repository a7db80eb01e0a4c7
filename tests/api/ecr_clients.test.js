// SPDX-License-Identifier: Apache-2.0
// Stock clients of the registry that need no daemon: skopeo and podman. (docker and containerd: ecr_docker.test.js)
"use strict";
const { test, after } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { CreateRepositoryCommand, DescribeImagesCommand, ListImagesCommand } = require("@aws-sdk/client-ecr");
const { run } = require("../lib/slipway");
const { registryFile, TYPES, layout } = require("../lib/registry");

const { registry, send } = registryFile();
const tmp = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-ecr-"));
after(() => fs.rmSync(tmp, { recursive: true, force: true }));

function sameBlobs(a, b) {
    for (const name of fs.readdirSync(`${a}/blobs/sha256`))
        assert.ok(fs.readFileSync(`${a}/blobs/sha256/${name}`).equals(fs.readFileSync(`${b}/blobs/sha256/${name}`)), name);
}

test("skopeo pushes, pulls, inspects, copies and deletes an image", async () => {
    await send(CreateRepositoryCommand, { repositoryName: "skopeo/app" });
    await send(CreateRepositoryCommand, { repositoryName: "skopeo/copy" });
    const creds = `AWS:${registry.password}`, plain = "--tls-verify=false";
    const digest = layout(path.join(tmp, "oci"), 3 << 20), ref = `docker://${registry.host}/skopeo/app:v1`;
    await run("skopeo", ["copy", "--dest-tls-verify=false", "--dest-creds", creds, `oci:${tmp}/oci:v1`, ref]);
    const { imageDetails: [i] } = await send(DescribeImagesCommand, { repositoryName: "skopeo/app" });
    assert.strictEqual(i.imageDigest, digest);
    assert.deepStrictEqual(i.imageTags, ["v1"]);
    assert.ok(i.imageSizeInBytes > 3 << 20);
    await run("skopeo", ["copy", "--src-tls-verify=false", "--src-creds", creds, ref, `oci:${tmp}/back:v1`]);
    sameBlobs(`${tmp}/oci`, `${tmp}/back`);
    const { stdout } = await run("skopeo", ["inspect", plain, "--creds", creds, ref]);
    assert.deepStrictEqual(JSON.parse(stdout).RepoTags, ["v1"]);
    const pulled = await send(DescribeImagesCommand, { repositoryName: "skopeo/app", imageIds: [{ imageTag: "v1" }] });
    assert.ok(pulled.imageDetails[0].lastRecordedPullTime);
    const copy = `docker://${registry.host}/skopeo/copy:v2`;
    await run("skopeo", ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--src-creds", creds, "--dest-creds", creds, ref, copy]);
    await run("skopeo", ["delete", plain, "--creds", creds, copy]);
    assert.deepStrictEqual((await send(ListImagesCommand, { repositoryName: "skopeo/copy" })).imageIds, []);
});

test("podman logs in, pushes, pulls, and pushes a manifest list", async () => {
    await send(CreateRepositoryCommand, { repositoryName: "podman/app" });
    const dir = path.join(tmp, "podman"), home = { ...process.env, HOME: dir, XDG_RUNTIME_DIR: dir };
    fs.mkdirSync(dir);
    const podman = (...args) => run("podman", ["--root", `${dir}/root`, "--runroot", `${dir}/run`, "--tmpdir", `${dir}/tmp`,
        "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none", ...args], { env: home, cwd: tmp, maxBuffer: 8 << 20 });
    const plain = ["--tls-verify=false", "--authfile", `${dir}/auth.json`], uri = `${registry.host}/podman/app`;
    const login = (password) => podman("login", ...plain, "--username", "AWS", "--password", password, registry.host);
    assert.match((await login(registry.password)).stdout, /Login Succeeded/);
    layout(path.join(tmp, "podman-oci"), 1 << 20);
    await podman("pull", "-q", "oci:podman-oci:v1"   /* podman makes a name of the path: no upper case */);
    const [local] = JSON.parse((await podman("images", "--format", "json")).stdout);
    await podman("push", "-q", ...plain, local.Id, `${uri}:v1`);
    await podman("rmi", "--all", "--force");
    const id = (await podman("pull", "-q", ...plain, `${uri}:v1`)).stdout.trim();
    assert.strictEqual(id, local.Id, "the same image came back");
    const { imageDetails } = await send(DescribeImagesCommand, { repositoryName: "podman/app" });
    assert.deepStrictEqual(imageDetails.map((i) => i.imageTags), [["v1"]]);
    await podman("manifest", "create", "list");
    await podman("manifest", "add", ...plain, "list", `docker://${uri}:v1`);
    await podman("manifest", "push", ...plain, "list", `docker://${uri}:all`);
    const all = await registry.raw("GET", "/v2/podman/app/manifests/all");
    assert.ok([TYPES.index, TYPES.dockerList].includes(all.headers["content-type"]), all.headers["content-type"]);
    assert.deepStrictEqual(all.json.manifests.map((m) => m.digest), imageDetails.map((i) => i.imageDigest));
    const { stdout } = await podman("search", ...plain, "--list-tags", uri);
    assert.deepStrictEqual(stdout.trim().split("\n").slice(1).map((l) => l.split(/\s+/)[1]).sort(), ["all", "v1"]);
});
