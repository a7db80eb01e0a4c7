// SPDX-License-Identifier: Apache-2.0
// What a new user's shell and clients meet: exports that let nothing leave for AWS, names that any client finds, and a
// list of what was made.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { test, before, after } = require("node:test");
const { S3Client, CreateBucketCommand } = require("@aws-sdk/client-s3");
const { Balancing, says, served, freePort } = require("../lib/elbv2");
const { run, outcome, folder, PROGRAM } = require("../lib/slipway");
const { allow, deny, strict } = require("../lib/strict");
const { onTerminal } = require("../lib/terminal");

const program = path.resolve(PROGRAM);
const b = new Balancing();
before(() => b.open());
after(() => b.close());

const env = (extra) => ({ PATH: process.env.PATH, HOME: "/nonexistent", SLIPWAY_ENDPOINT: b.s.endpoint, ...extra });
const cli = (args, extra) => outcome(program, args, { env: env(extra) });

// A folder for PATH with an `aws` that prints what it was called with; --version as this.
function fakeAws(t, version) {
    const bin = folder(t);
    fs.writeFileSync(path.join(bin, "aws"), `#!/bin/sh\n[ "$1" = --version ] && echo 'aws-cli/${version} Python/3' && exit\necho "<$*> <$AWS_ACCESS_KEY_ID> <$AWS_PROFILE> <$AWS_ENDPOINT_URL_SQS>"\n`, { mode: 0o755 });
    return `${bin}:${process.env.PATH}`;
}

for (const shell of ["bash", "dash"])
    test(`env makes aws add the endpoint, and nothing of the shell leads past it, in ${shell}`, async (t) => {
        const extra = { PATH: fakeAws(t, "2.15.0"), AWS_PROFILE: "work", AWS_ENDPOINT_URL_SQS: "https://sqs.example", AWS_SESSION_TOKEN: "t",
                        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true", AWS_ACCESS_KEY_ID: "AKIAOFTHEREALONE", AWS_SECRET_ACCESS_KEY: "secret" };
        const { stdout: text, stderr } = await cli(["env", "--shell", shell === "dash" ? "sh" : shell], extra);
        assert.match(stderr, /AWS_ACCESS_KEY_ID becomes test/);
        const script = `${shell === "bash" ? "shopt -s expand_aliases; " : ""}set -e\nalias aws='aws --endpoint-url nowhere'\neval "$TEXT"\naws sqs list-queues
            aws sqs list-queues --endpoint-url http://other; unset AWS_ENDPOINT_URL; aws s3 ls; echo "$AWS_SESSION_TOKEN/$AWS_SECRET_ACCESS_KEY/$AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"`;
        const { stdout } = await run(shell, ["-c", script], { env: { ...env(extra), TEXT: text } });
        assert.strictEqual(stdout, `<--endpoint-url=${b.s.endpoint} sqs list-queues> <test> <> <>\n` +
            `<--endpoint-url=${b.s.endpoint} sqs list-queues --endpoint-url http://other> <test> <> <>\n<s3 ls> <test> <> <>\n/test/\n`);
    });

test("env's aws reaches bash's own scripts too", async (t) => {
    const extra = { PATH: fakeAws(t, "1.45.11") };
    const { stdout } = await run("bash", ["-c", `eval "$('${program}' env)"; bash -c 'aws sqs list-queues'`], { env: env(extra) });
    assert.strictEqual(stdout, `<--endpoint-url=${b.s.endpoint} sqs list-queues> <test> <> <>\n`);
});

test("with env's exports the AWS CLI shows the refusal of an operation that has a host prefix", async (t) => {
    const { stdout } = await cli(["env", "--json"]), exports_ = JSON.parse(stdout);
    const e = await run("aws", ["logs", "start-live-tail", "--log-group-identifiers", "arn:aws:logs:us-east-1:000000000000:log-group:g"], { env: { ...env(), ...exports_ } }).then(assert.fail, (x) => x);
    if (/Invalid choice/.test(e.stderr)) return t.skip("this AWS CLI is older than the operation");
    assert.match(e.stderr, /\(NotImplemented\) when calling the StartLiveTail operation.*StartLiveTail/);
});

test("env keeps credentials that a strict server knows, and no others", async (t) => {
    const { server, root } = await strict(t);
    const keys = (k, s) => ({ SLIPWAY_ENDPOINT: server.endpoint, AWS_ACCESS_KEY_ID: k, AWS_SECRET_ACCESS_KEY: s });
    const kept = JSON.parse((await cli(["env", "--json"], keys(root.accessKeyId, root.secretAccessKey))).stdout);
    assert.deepStrictEqual([kept.AWS_ACCESS_KEY_ID, kept.AWS_SECRET_ACCESS_KEY], [root.accessKeyId, root.secretAccessKey]);
    const other = JSON.parse((await cli(["env", "--json"], keys(root.accessKeyId, "wrong"))).stdout);
    assert.deepStrictEqual([other.AWS_ACCESS_KEY_ID, other.AWS_SECRET_ACCESS_KEY], ["test", "test"]);
});

test("a user who may do little keeps his credentials, sees what he may, and is told what to allow", async (t) => {
    const { server, user } = await strict(t);
    const keys = (k) => ({ SLIPWAY_ENDPOINT: server.endpoint, AWS_ACCESS_KEY_ID: k.accessKeyId, AWS_SECRET_ACCESS_KEY: k.secretAccessKey });
    const few = keys(await user("few", allow("sqs:*"))), refused = keys(await user("refused", deny("slipway:*")));
    for (const who of [few, refused]) {
        const kept = await cli(["env", "--json"], who);
        assert.strictEqual(JSON.parse(kept.stdout).AWS_ACCESS_KEY_ID, who.AWS_ACCESS_KEY_ID);
        assert.strictEqual(kept.stderr, "");
    }
    await server.aws("sqs", "create-queue", "--queue-name", "jobs", { env: few });
    const seen = await cli(["status"], few);
    assert.strictEqual(seen.code, 0, seen.stderr);
    assert.match(seen.stdout, new RegExp(`^Slipway runs at ${server.endpoint}, account 000000000000, region us-east-1\n`));
    assert.match(seen.stdout, /^sqs\tqueues\t1\tjobs$/m);
    const clock = await cli(["clock"], few), denied = await cli(["clock"], refused);
    assert.deepStrictEqual([clock.code, denied.code], [1, 1]);
    assert.match(clock.stderr, /\n  Allow slipway:GetClock to that user or role \(aws iam put-user-policy,/);
    assert.match(denied.stderr, /\n  A policy denies it by name;/);
    for (const r of [clock, denied]) assert.doesNotMatch(r.stderr, /credentials that this server knows/);
});

test("a strict server that does not know the shell's credentials: every command says what to set, env says that they do not serve", async (t) => {
    const { server, root } = await strict(t);
    const keys = (k, s) => ({ SLIPWAY_ENDPOINT: server.endpoint, AWS_ACCESS_KEY_ID: k, AWS_SECRET_ACCESS_KEY: s });
    for (const [k, s] of [["test", "test"], [root.accessKeyId, "wrong"]]) {
        const r = await cli(["status"], keys(k, s));
        assert.strictEqual(r.code, 1);
        assert.match(r.stderr, /\n  Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to credentials that this server knows; .*root-credentials\.\n$/, k);
        assert.match((await cli(["env"], keys(k, s))).stderr, /is strict and does not know these credentials/, k);
    }
    for (const r of [await cli(["env"], keys(root.accessKeyId, root.secretAccessKey)), await cli(["env"])]) assert.doesNotMatch(r.stderr, /is strict/);
});

test("env tells a person which version of the AWS CLI leaves for AWS without it", async (t) => {
    const said = async (version) => {
        const p = onTerminal(`sh -c "'${program}' env >/dev/null"`, { columns: 200, env: env({ PATH: fakeAws(t, version) }) });
        return (await p.end).screen.join("\n");
    };
    assert.match(await said("1.45.11"), /`aws` is version 1\.45\.11, which sends `aws sqs` to AWS whatever AWS_ENDPOINT_URL says/);
    assert.match(await said("2.9.19"), /version 2\.9\.19, which does not read AWS_ENDPOINT_URL/);
    assert.match(await said("1.27.0"), /does not read AWS_ENDPOINT_URL/);
    assert.doesNotMatch(await said("2.13.0"), /version/);
});

test("hosts keeps its own block of the file up to date, and takes it away", async (t) => {
    const file = path.join(folder(t), "hosts"), before = "127.0.0.1 localhost\n# ours\n10.0.0.1 db";
    const hosts = async (...more) => { const r = await cli(["hosts", "--file", file, ...more]); assert.strictEqual(r.code, 0, r.stderr); return r; };
    const s3 = b.s.client(S3Client);
    fs.writeFileSync(file, before, { mode: 0o640 });
    await s3.send(new CreateBucketCommand({ Bucket: "first-of-hosts" }));
    assert.match((await cli(["hosts"])).stdout, /^127\.0\.0\.1\tfirst-of-hosts\.localhost$/m);
    assert.strictEqual(JSON.parse((await cli(["hosts", "--json"])).stdout)["first-of-hosts.s3.localhost"], "127.0.0.1");
    await hosts("--write");
    await hosts("--write", "--region", "eu-west-1", "--account", "111111111111");     /* has none: no block */
    const once = fs.readFileSync(file, "utf8"), inode = fs.statSync(file).ino;
    assert.ok(once.startsWith(`${before}\n# slipway: begin 000000000000 us-east-1 `), once);
    assert.match(once, /\n127\.0\.0\.1\tfirst-of-hosts\.localhost\n[^]*\n# slipway: end\n$/);
    assert.strictEqual((once.match(/# slipway: begin/g)).length, 1);
    assert.strictEqual(fs.statSync(file).mode & 0o777, 0o640);
    assert.match((await hosts("--write")).stderr, /nothing to change/);
    assert.strictEqual(fs.statSync(file).ino, inode, "not written again");
    await s3.send(new CreateBucketCommand({ Bucket: "second-of-hosts" }));
    fs.appendFileSync(file, "10.0.0.2 later\n");
    await Promise.all([1, 2, 3, 4].map(() => hosts("--write")));
    const twice = fs.readFileSync(file, "utf8");
    assert.match(twice, /second-of-hosts\.localhost\n[^]*# slipway: end\n10\.0\.0\.2 later\n$/);
    await hosts("--remove");
    assert.strictEqual(fs.readFileSync(file, "utf8"), `${before}\n10.0.0.2 later\n`);
    assert.match((await hosts("--remove")).stderr, /nothing to change/);
    assert.deepStrictEqual(fs.readdirSync(path.dirname(file)), ["hosts"]);
});

test("hosts says what to do about a file that is not there, and names the account of who asks", async (t) => {
    const file = path.join(folder(t), "hosts");
    const r = await cli(["hosts", "--write", "--file", file]);
    assert.strictEqual(r.code, 1);
    assert.match(r.stderr, /is not there[^]*\n  Make the file, or name another with --file\.\n$/);
    fs.writeFileSync(file, "");
    const theirs = { AWS_ACCESS_KEY_ID: "222222222222", AWS_SECRET_ACCESS_KEY: "x" };
    await b.s.client(S3Client, { credentials: { accessKeyId: "222222222222", secretAccessKey: "x" } }).send(new CreateBucketCommand({ Bucket: "theirs" }));
    assert.strictEqual((await cli(["hosts", "--write", "--file", file], theirs)).code, 0);
    assert.match(fs.readFileSync(file, "utf8"), /^# slipway: begin 222222222222 us-east-1 /);
});

test("hosts leaves a file alone whose block has lost an end, and says where", async (t) => {
    const file = path.join(folder(t), "hosts");
    for (const text of ["# slipway: begin a b\n1 x\n", "# slipway: end\n", "# slipway: begin a\n# slipway: begin b\n# slipway: end\n"]) {
        fs.writeFileSync(file, text);
        const { code, stderr } = await cli(["hosts", "--write", "--file", file]);
        assert.strictEqual(code, 1);
        assert.match(stderr, /without its other half|has no '# slipway: end'/);
        assert.strictEqual(fs.readFileSync(file, "utf8"), text);
    }
    assert.strictEqual((await cli(["hosts", "--write", "--remove"])).code, 2);
});

test("with hosts --write any client of the machine reaches a load balancer by its name", async (t) => {
    const file = path.join(folder(t), "hosts"), port = await freePort();
    const lb = await b.balancer();
    await b.listener(lb, port, says("by name"));
    await served(port, "by name", { host: lb.DNSName });
    fs.writeFileSync(file, "127.0.0.1 localhost\n");
    const url = `http://${lb.DNSName}:${port}/`;
    /* /etc/hosts of a mount namespace, where it is a mount of its own, as in a container */
    const script = `set -e; mount --bind '${file}' /etc/hosts; '${program}' hosts --write
        wget -qO- ${url}; echo
        python3 -c 'import urllib.request; print(urllib.request.urlopen("${url}").read().decode())'
        '${process.execPath}' -e 'require("http").get("${url}", (r) => r.on("data", (d) => console.log(String(d))))'`;
    const { stdout } = await run("unshare", ["--mount", "sh", "-c", script], { env: { ...process.env, ...env() } });
    assert.strictEqual(stdout, "by name\n".repeat(3));
});

test("status says on a terminal how other clients find a load balancer, until they do", async (t) => {
    const file = path.join(folder(t), "hosts");
    await b.balancer();
    fs.writeFileSync(file, "127.0.0.1 localhost\n");
    const script = `mount --bind '${file}' /etc/hosts && '${program}' hosts --write && script -qc "'${program}' status" /dev/null`;
    const { stdout } = await run("unshare", ["--mount", "sh", "-c", script], { env: { ...process.env, ...env() } });
    assert.match(stdout, /Load balancers/);
    assert.doesNotMatch(stdout, /curl and browsers/);
    const { screen } = await onTerminal(`${program} status`, { columns: 200, env: env() }).end;
    assert.match(screen.join("\n"), /^curl and browsers find these names by themselves; for all other clients: slipway hosts --write$/m);
});

test("status lists what was made in each service, page by page", async () => {
    const s3 = b.s.client(S3Client);
    const names = Array.from({ length: 7 }, (_, i) => `listed-${i}`);
    for (const Bucket of names) await s3.send(new CreateBucketCommand({ Bucket }));
    for (let i = 0; i < 120; i++)       /* more than ListClusters shows at once */
        await b.s.client(require("@aws-sdk/client-ecs").ECSClient).send(new (require("@aws-sdk/client-ecs").CreateClusterCommand)({ clusterName: `c${i}` }));
    const { resources } = await b.s.cli("status");
    const of = (service, what) => resources.find((r) => r.service === service && r.what === what);
    assert.ok(names.every((n) => of("s3", "buckets").names.includes(n)));
    assert.strictEqual(of("s3", "buckets").operation, "ListBuckets");
    assert.strictEqual(of("ecs", "clusters").names.length, 120);
    assert.ok(!of("events", "event buses"), "the default bus is nobody's doing");
    assert.match((await cli(["status"])).stdout, /^ecs\tclusters\t120\tc0, /m);
    const { screen } = await onTerminal(`${program} status`, { columns: 200, env: env() }).end;
    assert.match(screen.join("\n"), /^ecs +clusters +120 +c0, \S+, \S+, \S+ and 116 more$/m);
});
