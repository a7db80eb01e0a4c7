// SPDX-License-Identifier: Apache-2.0
// docker and containerd push to and pull from the registry. Their daemon and the server share a network namespace of
// their own, so that nothing of the machine's own docker is touched.
"use strict";
const { test } = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const { run, folder, PROGRAM } = require("../lib/slipway");

const usable = process.getuid() === 0 && fs.existsSync("/usr/sbin/dockerd");
const script = `
set -eu
ip link set lo up
dockerd --data-root "$PWD/root" --exec-root "$PWD/exec" -p "$PWD/pid" -H "unix://$PWD/sock" --bridge=none --iptables=false >dockerd.log 2>&1 & dockerd=$!
"$PROGRAM" up --port 4566 --data "$PWD/data" --ephemeral >up.log 2>&1 & slipway=$!
trap 'kill $slipway' EXIT       # dockerd ends with the process namespace
export DOCKER_HOST="unix://$PWD/sock" DOCKER_CONFIG="$PWD/config"
aws() { command aws --endpoint-url http://127.0.0.1:4566 "$@"; }        # the CLI before 2.13 reads no AWS_ENDPOINT_URL
for i in $(seq 100); do docker info >/dev/null 2>&1 && grep -q '^Ready' up.log && break; sleep 0.1; done
uri=$(aws ecr create-repository --repository-name app --query repository.repositoryUri --output text)
password=$(aws ecr get-login-password)
echo "$password" | docker login --username AWS --password-stdin 127.0.0.1:4566 2>/dev/null
head -c 3000000 /dev/urandom >data.bin
tar c data.bin | docker import - "$uri:v1"
docker push -q "$uri:v1"
docker image rm "$uri:v1" >/dev/null
docker pull -q "$uri:v1"
docker tag "$uri:v1" 127.0.0.1:4566/missing:v1
docker push 127.0.0.1:4566/missing:v1 2>&1 || echo "refused"
ctr="ctr -a $PWD/exec/containerd/containerd.sock"
$ctr images pull --plain-http --user "AWS:$password" "$uri:v1" >/dev/null
$ctr images tag "$uri:v1" "$uri:v2" >/dev/null
$ctr images push --plain-http --user "AWS:$password" "$uri:v2" >/dev/null
aws ecr list-images --repository-name app --query 'imageIds[].imageTag' --output text
`;

test("docker and containerd push and pull", { skip: usable ? false : "needs root and dockerd" }, async (t) => {
    const dir = folder(t);
    const env = { ...process.env, PROGRAM, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1", AWS_PAGER: "" };
    const { stdout } = await run("unshare", ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "timeout", "120", "bash", "-c", script], { cwd: dir, env, maxBuffer: 16 << 20 });
    assert.match(stdout, /Login Succeeded/);
    assert.match(stdout, /The repository with name 'missing' does not exist in the registry with id '000000000000'/);
    assert.match(stdout, /refused/);
    assert.deepStrictEqual(stdout.trim().split("\n").pop().split(/\s+/).sort(), ["v1", "v2"]);
});
