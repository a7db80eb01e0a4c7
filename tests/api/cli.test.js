// SPDX-License-Identifier: Apache-2.0
// The command line as a person meets it: on terminals wide and narrow, in a pipe, called wrongly, with no server, and
// what `make install` puts where.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const path = require("node:path");
const { test } = require("node:test");
const { serve } = require("../lib/file");
const { run, outcome, folder, PROGRAM } = require("../lib/slipway");
const { strict } = require("../lib/strict");
const { onTerminal } = require("../lib/terminal");

const ROOT = path.join(__dirname, "../..");
const program = path.resolve(PROGRAM);
const s = serve();

const env = (extra) => ({ PATH: process.env.PATH, HOME: "/nonexistent", SLIPWAY_ENDPOINT: s.endpoint, ...extra });
const cli = (args, extra) => outcome(program, args, { env: env(extra) });
const closedPort = () => new Promise((resolve) => {
    const l = net.createServer().listen(0, "127.0.0.1", () => { const { port } = l.address(); l.close(() => resolve(port)); });
});
const shown = async (args, columns, extra) => {
    const { code, bytes, screen } = await onTerminal(`${program} ${args}`, { columns, env: env(extra), term: extra?.TERM }).end;
    return { code, bytes, lines: screen, text: screen.join("\n") };
};

test("on a wide terminal a table has heads and columns in line, in bold", async () => {
    const { bytes, lines } = await shown("coverage", 100);
    assert.match(bytes, /\x1b\[2m/, "heads are dim");
    const head = lines.find((l) => /^Service +Implemented +Absent$/.test(l));
    assert.ok(head, lines.join("\n"));
    assert.strictEqual(lines.find((l) => l.startsWith("sqs ")).search(/\d/), head.indexOf("Implemented"));
});

test("on a narrow terminal nothing is cut off: each value has its line", async () => {
    const { lines } = await shown("coverage", 20);
    assert.ok(lines.every((l) => l.length <= 20), lines.join("\n"));
    const at = lines.indexOf("Service      sqs");
    assert.ok(at >= 0, lines.join("\n"));
    assert.match(lines[at + 1], /^Implemented  \d+$/);
});

test("only the last column runs over the edge of a terminal", async () => {
    await s.aws("sqs", "create-queue", "--queue-name", "q".repeat(70));
    const { lines, text } = await shown("resources --service sqs", 110);
    assert.match(text, /^Type +Name +State +Age +ARN$/m);
    assert.match(lines.find((l) => l.startsWith("sqs:queue ")), /^sqs:queue +q{70} .*arn:aws:/);
    assert.match((await shown("resources --service sqs", 80)).text, /^Name +q{70}$/m);
});

test("a dumb terminal gets no colours", async () => {
    assert.doesNotMatch((await shown("coverage", 80, { TERM: "dumb" })).bytes, /\x1b\[/);
});

test("NO_COLOR leaves a terminal without colours, an empty one does not", async () => {
    assert.doesNotMatch((await shown("coverage", 80, { NO_COLOR: "1" })).bytes, /\x1b\[/);
    assert.match((await shown("coverage", 80, { NO_COLOR: "" })).bytes, /\x1b\[2m/);
});

test("in a pipe a table is lines with tabs", async () => {
    const { stdout } = await cli(["coverage"]);
    assert.match(stdout, /^sqs\t\d+\t\d+$/m);
    assert.doesNotMatch(stdout, /\x1b|^Service/m);
});

test("status names what runs and where, on a terminal and as JSON", async () => {
    const own = (await cli(["status"])).stdout;
    assert.match(own, new RegExp(`^Slipway \\d+\\.\\d+\\.\\d+ has run at ${s.endpoint} for .*, account 000000000000, region us-east-1, data in `));
    await s.aws("ecs", "create-cluster", "--cluster-name", "seen");
    const json = JSON.parse((await cli(["status", "--json"])).stdout);
    assert.strictEqual(json.server.status, "running");
});

test("status says in which cluster services are, and no more names than there is room for", async () => {
    const container = JSON.stringify([{ name: "a", image: "b", memory: 8 }]), long = (c) => c.repeat(30);
    await s.aws("ecs", "create-cluster", "--cluster-name", "beside");
    await s.aws("ecs", "register-task-definition", "--family", "idle", "--container-definitions", container);
    await s.aws("ecs", "create-service", "--cluster", "beside", "--service-name", "web", "--task-definition", "idle", "--desired-count", "0");
    for (const c of "abc") await s.aws("sns", "create-topic", "--name", long(c));
    assert.match((await cli(["status"])).stdout, /^ecs\tservices\t1\tbeside\/web$/m);
    const names = async (columns) => (await shown("status", columns)).lines.find((l) => /^sns +topics/.test(l));
    assert.match(await names(200), new RegExp(`${long("a")}, ${long("b")}, ${long("c")}$`));
    const narrow = await names(100);
    assert.match(narrow, new RegExp(`${long("a")} and 2 more$`));
    assert.ok(narrow.length <= 100);
});

test("every command is explained, with the exit status 0", async () => {
    const { stdout } = await cli(["help"]);
    const commands = [...stdout.match(/Commands:\n([^]*?)\n\n/)[1].matchAll(/^ {2}(\w+)/gm)].map((m) => m[1]);
    assert.ok(commands.length >= 11, stdout);
    for (const c of commands)
        for (const args of [["help", c], [c, "--help"], [c, "-h"]]) {
            const r = await cli(args);
            assert.strictEqual(r.code, 0, args.join(" "));
            assert.match(r.stdout, new RegExp(`^Usage: slipway ${c}`), args.join(" "));
        }
});

test("a wrong call exits with 2 and says what is right", async () => {
    const wrong = [
        [[], /Usage: slipway COMMAND/], [["frobnicate"], /no such command[^]*slipway help/], [["help", "frobnicate"], /frobnicate/],
        [["help", "up", "down"], /one command at most/], [["version", "x"], /no further arguments/],
        [["up", "--port", "x"], /from 0 to 65535/], [["up", "--port", "65536"], /from 0 to 65535/], [["up", "--port"], /a value is missing/],
        [["up", "--data="], /a value is missing/], [["up", "--data", ""], /a value is missing/], [["up", "-x"], /unknown option -x/],
        [["up", "--auth", "loose"], /relaxed or strict/], [["up", "--account", "12"], /twelve digits/],
        [["up", "--region", "us east"], /such as us-east-1/], [["up", "--region", "US-EAST-1"], /such as us-east-1/], [["--region"], /a value is missing after --region/], [["--region", "", "resources"], /a value is missing after --region/], [["--jsn", "status"], /no such option/],
        [["up", "--address", "example.com"], /numeric address/], [["up", "now"], /no further arguments/],
        ...["", "x", "31M", "5", "1Q", "-1", "99999999999G", "G"].map((m) => [["up", "--memory", m], m ? /at least 32M, such as 512M/ : /a value is missing/]),
        [["status", "--account", "12"], /twelve digits/], [["status", "x"], /no further arguments/], [["status", "--json=1"], /unknown option/],
        [["env", "--shell", "tcsh"], /sh, bash, zsh or fish/], [["dora", "--from", "yesterday"], /such as 2026-/],
        [["clock", "advance"], /advance DURATION/], [["clock", "advance", "soon"], /90s, 15m/], [["clock", "advance", "-5m"], /90s, 15m|unknown/],
        [["clock", "set", "wrong"], /real, stepped, or scaled/], [["clock", "set", "scaled"], /a factor/], ...["0", "-1", "1e9", "NaN"].map((n) => [["clock", "set", "scaled", n], /from 0\.001 .*set stepped makes time stand still/]),
        [["coverage", "a", "b"], /one service/], [["ca", "x"], /no further arguments/], [["demo", "x"], /no further arguments/],
        [["down", "x"], /no further arguments/], [["resources", "--service", "s3", "--service=sqs"], /--service is there twice/],
        [["resources", "--tag", "=b"], /--tag takes KEY or KEY=VALUE/], ...["nonsense", "us-east", "us--1", "u-east-1", "us-east-1a", "-1"].map((r) => [["resources", "--region", r], /such as us-east-1/]),
    ];
    for (const [args, says] of wrong) {
        const r = await cli(args);
        assert.strictEqual(r.code, 2, `${args.join(" ")}: ${r.code} ${r.stderr}`);
        assert.strictEqual(r.stdout, "", args.join(" "));
        assert.match(r.stderr, says, args.join(" "));
    }
});

test("common options may be said again, as by an alias; regions have the forms that AWS has", async () => {
    for (const region of ["us-gov-west-1", "us-isob-east-1"])
        assert.strictEqual((await cli(["--region", "us-east-1", "resources", "--region", region])).code, 0, region);
});

test("resources names the types of the service that is asked for, and refuses a tag without a key", async () => {
    const r = await cli(["resources", "--service", "sqs", "--type", "bucket"]);
    assert.deepStrictEqual([r.code, r.stdout], [1, ""]);
    assert.match(r.stderr, /type: sqs has no 'bucket'; there are sqs:queue/);
    assert.match((await cli(["resources", "--type", "frog"])).stderr, /type: there is no 'frog'; there are .*s3:bucket/);
    const answer = await fetch(`${s.endpoint}/_slipway/resources?tag=%3Db`);
    assert.deepStrictEqual([answer.status, /has no key/.test(await answer.text())], [400, true]);
});

test("coverage --types lists the CloudFormation types, of one service or all", async () => {
    assert.match((await cli(["coverage", "--types"])).stdout, /^AWS::ECR::Repository$/m);
    assert.deepStrictEqual((await cli(["coverage", "codebuild", "--types"])).stdout, "AWS::CodeBuild::Project\n");
    assert.deepStrictEqual(JSON.parse((await cli(["coverage", "ecr", "--json"])).stdout).services[0].types, ["AWS::ECR::Repository"]);
});

test("with no server each command that asks it says how to start one", async () => {
    const closed = await closedPort();
    for (const args of [["status"], ["dora"], ["clock"], ["clock", "advance", "1m"], ["coverage"], ["ca"]]) {
        const r = await cli(args, { SLIPWAY_ENDPOINT: `http://127.0.0.1:${closed}` });
        assert.strictEqual(r.code, 1, args.join(" "));
        assert.match(r.stderr, new RegExp(`No server answers at http://127.0.0.1:${closed}. Start it with \`slipway up\``));
    }
    assert.strictEqual((await cli(["status"], { SLIPWAY_ENDPOINT: "nonsense" })).code, 1);
    const r = await cli(["env"], { SLIPWAY_ENDPOINT: `http://127.0.0.1:${closed}` });
    assert.match(r.stderr, new RegExp(`^slipway env: no server answers at http://127.0.0.1:${closed} yet. Start it with \`slipway up\``));
    assert.match(r.stdout, /^export AWS_ENDPOINT_URL=/, "all the same");
});

test("down does not speak of another folder than that of the server that was named", async (t) => {
    const dir = folder(t), HOME = dir, url = `http://127.0.0.1:${await closedPort()}`;
    const stays = /so nothing was stopped\. Name its data folder: `slipway down --data DIR`/;
    for (const [args, extra] of [[["down"], { SLIPWAY_ENDPOINT: url }], [["down", "--endpoint", url], {}]]) {
        const r = await cli(args, { HOME, ...extra });
        assert.deepStrictEqual([r.code, r.stdout], [1, ""], args.join(" "));
        assert.match(r.stderr, stays);
    }
    const none = await cli(["down"], { HOME, SLIPWAY_ENDPOINT: "", AWS_ENDPOINT_URL: url });
    assert.deepStrictEqual([none.code, none.stdout], [0, `No server ran on ${dir}/.local/share/slipway; nothing is left running.\n`]);
    const { server, root } = await strict(t);
    for (const keys of [{}, { AWS_ACCESS_KEY_ID: root.accessKeyId, AWS_SECRET_ACCESS_KEY: "wrong" }]) {
        const r = await cli(["down"], { HOME, SLIPWAY_ENDPOINT: server.endpoint, ...keys });
        assert.strictEqual(r.code, 1, r.stdout);
        assert.match(r.stderr, stays);
    }
    /* a server elsewhere: its folder is not one of this machine */
    const far = http.createServer((q, a) => a.setHeader("content-type", "application/json").end(JSON.stringify({ dataFolder: `${dir}/far` })));
    await new Promise((resolve) => far.listen(0, "127.0.0.1", resolve));
    t.after(() => far.close());
    const r = await cli(["down", "--endpoint", `http://127.0.0.1:${far.address().port}`], { HOME });
    assert.strictEqual(r.code, 1, r.stdout);
    assert.match(r.stderr, /runs on another machine/);
});

test("down with the default folder ends its server, which is strict, without credentials", async (t) => {
    const HOME = folder(t);
    const p = onTerminal(`${program} up --port 0 --auth strict`, { columns: 200, env: { PATH: process.env.PATH, HOME } });
    const [, url] = (await p.sees(/^Ready\.$/m)).match(/listens on (\S+),/);
    const r = await cli(["down"], { HOME, SLIPWAY_ENDPOINT: url });
    assert.deepStrictEqual([r.code, r.stdout], [0, `Stopped; nothing is left running. What was stored is in ${HOME}/.local/share/slipway.\n`], r.stderr);
    assert.strictEqual((await p.end).code, 0);
});

test("a folder that cannot be looked at is not one on which no server ran", async (t) => {
    const data = folder(t);
    fs.mkdirSync(`${data}/lock`);
    const r = await cli(["down", "--data", data]);
    assert.deepStrictEqual([r.code, r.stdout], [1, ""]);
    assert.match(r.stderr, /Whether a server runs on .* cannot be seen/);
});

test("an ephemeral server takes no folder whose store it would not read", async (t) => {
    const data = folder(t);
    fs.mkdirSync(`${data}/store`);
    const r = await cli(["up", "--port", "0", "--ephemeral", "--data", data]);
    assert.strictEqual(r.code, 2);
    assert.match(r.stderr, /with --ephemeral what is stored in the folder of --data would not be there/);
});

test("what cannot be written fails, in every command", async () => {
    for (const args of ["status", "status --json", "coverage", "resources", "env", "clock", "ca", "version", "help", "help up", "--help"]) {
        const r = await run("sh", ["-c", `exec '${program}' ${args} >/dev/full`], { env: env() }).then(assert.fail, (e) => e);
        assert.strictEqual(r.code, 1, args);
        assert.match(r.stderr, /could not be written to standard output/, args);
    }
});

test("common options may stand before the command", async () => {
    assert.strictEqual(JSON.parse((await cli(["--json", "--region=eu-west-1", "status"])).stdout).region, "eu-west-1");
    assert.match((await cli(["--json", "--version"])).stdout, /^\{"version"/);
    assert.match((await cli(["--region", "eu-west-1", "coverage", "--help"])).stdout, /^Usage: slipway coverage/);
});

test("status says which account and region it shows", async () => {
    const of = async (args, extra) => (await cli(["status", ...args], extra)).stdout.match(/account (\d+), region ([^,]+)/).slice(1);
    assert.deepStrictEqual(await of(["--region", "eu-west-1"]), ["000000000000", "eu-west-1"]);
    assert.deepStrictEqual(await of(["--account", "111111111111"]), ["111111111111", "us-east-1"]);
    assert.deepStrictEqual(await of([], { AWS_ACCESS_KEY_ID: "222222222222", AWS_SECRET_ACCESS_KEY: "x", AWS_REGION: "eu-north-1" }), ["222222222222", "eu-north-1"]);
});

test("help names the common options, and what is mistyped its nearest command", async () => {
    assert.match((await cli(["status", "-h"])).stdout, /^Common options: --endpoint URL, --region NAME, --account ID, --json/m);
    assert.match((await cli(["resorces"])).stderr, /Did you mean `slipway resources`\?/);
    assert.match((await cli(["help", "staus"])).stderr, /Did you mean `slipway status`\?/);
    assert.doesNotMatch((await cli(["frobnicate"])).stderr, /Did you mean/);
    assert.match((await cli(["coverage", "elb"])).stderr, /no model of 'elb'\n {2}`slipway coverage` lists the services\./);
});

test("env's exports are for the shell that asks, whatever is in them", async () => {
    const region = `it's "here" $HOME`;
    const text = (await cli(["env", "--shell", "bash"], { AWS_REGION: region })).stdout;
    const { stdout } = await run("bash", ["-c", `${text}\nprintf '%s\\n' "$AWS_REGION" "$AWS_ENDPOINT_URL"`], { env: { PATH: process.env.PATH } });
    assert.strictEqual(stdout, `${region}\n${s.endpoint}\n`);
    assert.match((await cli(["env"], { SHELL: "/usr/bin/fish" })).stdout, /^set -gx AWS_ENDPOINT_URL '/m);
    assert.strictEqual(JSON.parse((await cli(["env", "--account", "111111111111", "--json"])).stdout).AWS_ACCESS_KEY_ID, "111111111111");
});

test("Ctrl-C ends a server on a terminal well, and an ephemeral one leaves no folder", async (t) => {
    const TMPDIR = folder(t);
    const p = onTerminal(`${program} up --port 0 --ephemeral`, { env: env({ TMPDIR }) });
    await p.sees(/^Ready\.$/m);
    assert.strictEqual(fs.readdirSync(TMPDIR).length, 1, "it is in TMPDIR");
    p.type("\x03");
    const { code, screen } = await p.end;
    assert.strictEqual(code, 0, screen.join("\n"));
    assert.deepStrictEqual(fs.readdirSync(TMPDIR), []);
});

test("a port that is taken is said so, with what to do", async (t) => {
    const data = folder(t);
    const r = await cli(["up", "--port", String(s.port), "--data", data]);
    assert.strictEqual(r.code, 1);
    assert.match(r.stderr, new RegExp(`Port ${s.port} of 127\\.0\\.0\\.1 is taken by another program`));
    assert.match(r.stderr, /--port \(0: any free one\)/);
});

test("the data folder follows the XDG rules: named, XDG_DATA_HOME when absolute, else the home folder's", async (t) => {
    const dir = folder(t);
    const folderOf = async (args, extra) => {
        const argv = ["up", "--port", "0", ...args];
        const p = onTerminal(`${program} ${argv.join(" ")}`, { columns: 200, env: env({ ...extra }), cwd: dir });
        const text = await p.sees(/^Ready\.$/m);
        p.type("\x03");
        await p.end;
        const [, data] = text.match(/data in (\S+)/);
        await run(program, ["down", "--data", data]);
        return data;
    };
    assert.strictEqual(await folderOf([], { XDG_DATA_HOME: `${dir}/xdg`, HOME: `${dir}/home` }), `${dir}/xdg/slipway`);
    assert.strictEqual(await folderOf([], { XDG_DATA_HOME: "relative", HOME: `${dir}/home` }), `${dir}/home/.local/share/slipway`);
    assert.strictEqual(await folderOf([], { HOME: `${dir}/home` }), `${dir}/home/.local/share/slipway`);
    assert.strictEqual(await folderOf(["--data", "here"], { XDG_DATA_HOME: `${dir}/xdg` }), `${dir}/here`);
    assert.strictEqual(fs.statSync(`${dir}/here`).mode & 0o777, 0o700, "nobody else reads it");
});

const manual = fs.readFileSync(path.join(ROOT, "docs/slipway.1"), "utf8");

test("the man page has every command and every option that help has", async () => {
    const text = manual.replace(/^\.\w+ /gm, "").replace(/Fl -/g, "--");
    const { stdout } = await cli(["help"]);
    const commands = [...stdout.match(/Commands:\n([^]*?)\n\n/)[1].matchAll(/^ {2}(\w+)/gm)].map((m) => m[1]);
    for (const c of commands) {
        assert.match(manual, new RegExp(`^\\.It Cm ${c}\\b`, "m"), c);
        for (const [option] of (await cli(["help", c])).stdout.matchAll(/^ {2}--[a-z]+/gm))
            assert.ok(text.includes(option.trim()), `${c} ${option.trim()}`);
    }
});

test("make install puts program, manual and unit under DESTDIR, and each is good", async (t) => {
    const to = folder(t), build = path.dirname(program);
    await run("make", ["--no-print-directory", "install", `BUILD=${build}`, `DESTDIR=${to}`, "PREFIX=/usr/local"], { cwd: ROOT, env: { ...process.env, JOBS: "2" } });
    const { stdout } = await run(`${to}/usr/local/bin/slipway`, ["version"]);
    assert.match(stdout, /^slipway \d/);
    const files = fs.readdirSync(to, { recursive: true }).filter((f) => fs.statSync(path.join(to, f)).isFile()).sort();
    assert.deepStrictEqual(files, ["usr/local/bin/slipway", "usr/local/lib/systemd/system/slipway.service", "usr/local/share/man/man1/slipway.1"]);
    const unit = fs.readFileSync(`${to}/usr/local/lib/systemd/system/slipway.service`, "utf8");
    assert.match(unit, /^ExecStart=\/usr\/local\/bin\/slipway up /m);
});

const has = (name) => (process.env.PATH + ":/usr/sbin").split(":").some((d) => fs.existsSync(path.join(d, name)));

test("the manual renders without a complaint", { skip: has("man") ? false : "man is not installed" }, async () => {
    const { stdout, stderr } = await run("man", ["--warnings", "--local-file", path.join(ROOT, "docs/slipway.1")],
        { env: { ...process.env, LC_ALL: "C.UTF-8", MANWIDTH: "100", MAN_KEEP_FORMATTING: "0" } });
    assert.strictEqual(stderr, "");
    assert.match(stdout.replace(/.\x08/g, ""), /NAME\s+slipway/);
});

test("systemd takes the unit", { skip: has("systemd-analyze") ? false : "systemd is not installed" }, async (t) => {
    const dir = folder(t);
    const unit = fs.readFileSync(path.join(ROOT, "dist/slipway.service.in"), "utf8").replaceAll("@BINDIR@/slipway", program);
    fs.writeFileSync(`${dir}/slipway.service`, unit);
    const { stderr } = await run("systemd-analyze", ["verify", "--man=no", `${dir}/slipway.service`]).catch((e) => e);
    assert.doesNotMatch(stderr, /slipway\.service/, stderr);
});
