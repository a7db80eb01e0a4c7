// SPDX-License-Identifier: Apache-2.0
// Stock git against a server under test, without any configuration of the machine.
//
//     const g = gitOf(s);                              // g.close() at the end
//     const w = await g.work("repository");            // a folder with the remote `origin`
//     const id = await g.commit(w, { "a.txt": "a" });
//     await g.git(w, "push", "-q", "origin", "main");
//
// A file's own server, with both ways into its repositories:
//
//     const { s, g, send } = gitFile();
"use strict";
const { after } = require("node:test");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { CodeCommitClient } = require("@aws-sdk/client-codecommit");
const { serve, later } = require("./file");
const { run } = require("./slipway");

// git asks the AWS CLI for a password, as CodeCommit documents.
const HELPER = ["-c", "credential.UseHttpPath=true", "-c", "credential.helper=", "-c", "credential.helper=!aws codecommit credential-helper --ignore-host-check $@"];

class Git {
    constructor(s) {
        this.s = s;
        this.tmp = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-git-"));
    }

    close() { fs.rmSync(this.tmp, { recursive: true, force: true }); }

    url(name, user = "test:test") { return this.s.endpoint.replace("//", `//${user}@`) + `/v1/repos/${name}`; }

    // What git printed, trimmed. A last argument { env } is for the process.
    async git(cwd, ...args) {
        const options = typeof args[args.length - 1] === "object" ? args.pop() : {};
        const env = { ...process.env, HOME: this.tmp, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0", GIT_AUTHOR_NAME: "Ann", GIT_AUTHOR_EMAIL: "ann@example.com",
                      GIT_COMMITTER_NAME: "Bob", GIT_COMMITTER_EMAIL: "bob@example.com", AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test",
                      AWS_DEFAULT_REGION: "us-east-1", PYENV_ROOT: process.env.PYENV_ROOT || "/root/.pyenv", ...options.env };
        return (await run("git", args, { cwd, env, maxBuffer: 64 << 20 })).stdout.trim();
    }

    async work(name) {
        const dir = fs.mkdtempSync(path.join(this.tmp, "work-"));
        await this.git(dir, "init", "-q", "-b", "main");
        await this.git(dir, "remote", "add", "origin", this.url(name));
        return dir;
    }

    async clone(name, ...options) {
        const dir = fs.mkdtempSync(path.join(this.tmp, "clone-"));
        await this.git(this.tmp, "clone", "-q", ...options, this.url(name), dir);
        return dir;
    }

    async commit(dir, files, message = "a commit") {
        for (const [name, data] of Object.entries(files)) {
            fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
            fs.writeFileSync(path.join(dir, name), data);
        }
        await this.git(dir, "add", "-A");
        await this.git(dir, "commit", "-q", "-m", message);
        return this.git(dir, "rev-parse", "HEAD");
    }
}

const gitOf = (s) => new Git(s);

function gitFile() {
    const s = serve({ ephemeral: false }), cc = later(s, CodeCommitClient), g = gitOf(s);
    after(() => g.close());
    return { s, g, send: (Command, input = {}) => cc.send(new Command(input)) };
}

module.exports = { gitOf, gitFile, HELPER };
