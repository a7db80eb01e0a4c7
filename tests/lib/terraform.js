// SPDX-License-Identifier: Apache-2.0
// Terraform against a server of ours, without a network: the provider comes from a folder of this machine.
//
//     const { terraform, unavailable } = require("../lib/terraform");
//     test("...", { skip: unavailable() }, async (t) => {
//         const tf = await terraform(t, s, `resource "aws_sns_topic" "t" { name = "t" }`);
//         await tf.settles();                          // applied, and a second plan changes nothing
//         await tf.destroy();
//     });
//
// TERRAFORM names the program, TERRAFORM_PLUGINS the folder of plugins; otherwise the usual places are looked at.
"use strict";
const assert = require("node:assert");
const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const SOURCE = "registry.terraform.io/hashicorp/aws";

function program() {
    const dirs = (process.env.PATH || "").split(":").map((d) => path.join(d, "terraform"));
    return [process.env.TERRAFORM, ...dirs].find((p) => p && fs.existsSync(p));
}

// The folder that holds registry.terraform.io/hashicorp/aws/VERSION/PLATFORM.
function plugins() {
    const home = os.homedir();
    const dirs = [process.env.TERRAFORM_PLUGINS, "/opt/tf-plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins",
        path.join(home, ".terraform.d/plugins"), path.join(home, ".local/share/terraform/plugins")];
    return dirs.find((d) => d && fs.existsSync(path.join(d, SOURCE)));
}

// Why tests with Terraform cannot run here: a text for `skip`, or false.
function unavailable() {
    if (!program()) return "terraform is not installed";
    return plugins() ? false : "Terraform's provider for AWS is in none of its plugin folders";
}

const provider = (s, region) => `
terraform {
    required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" {
    region = "${region}"
    access_key = "test"
    secret_key = "test"
    skip_credentials_validation = true
    skip_metadata_api_check = true
    skip_requesting_account_id = true
    s3_use_path_style = true
}
`;

class Terraform {
    constructor(s, text, { region = "us-east-1", configured = provider(s, region), env = { AWS_ENDPOINT_URL: s.endpoint, AWS_EC2_METADATA_DISABLED: "true" } } = {}) {
        this.dir = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-terraform-"));
        const config = path.join(this.dir, "terraform.rc");
        fs.writeFileSync(config, `provider_installation { filesystem_mirror { path = ${JSON.stringify(plugins())} } }\n`);
        fs.writeFileSync(path.join(this.dir, "provider.tf"), configured);
        this.write(text);
        this.env = { PATH: process.env.PATH, HOME: this.dir, TF_CLI_CONFIG_FILE: config, TF_IN_AUTOMATION: "1", CHECKPOINT_DISABLE: "1", ...env };
    }

    // What is wanted, from now on.
    write(text) {
        fs.writeFileSync(path.join(this.dir, "main.tf"), text);
    }

    // { code, out }: exit code and all that it said.
    run(...args) {
        return new Promise((resolve) => {
            execFile(program(), args, { cwd: this.dir, env: this.env, maxBuffer: 64 << 20, timeout: 300000 }, (e, stdout, stderr) =>
                resolve({ code: e ? e.code ?? e.signal : 0, out: stdout + stderr }));
        });
    }

    async must(...args) {
        const r = await this.run(...args);
        assert.strictEqual(r.code, 0, `terraform ${args.join(" ")} ended with ${r.code}:\n${r.out}`);
        return r.out;
    }

    apply() { return this.must("apply", "-auto-approve", "-input=false", "-no-color"); }

    // A plan that finds nothing to do.
    async same() {
        const r = await this.run("plan", "-detailed-exitcode", "-input=false", "-no-color");
        assert.strictEqual(r.code, 0, `the plan is not empty (${r.code}):\n${r.out}`);
    }

    async settles() {
        await this.apply();
        await this.same();
    }

    destroy() { return this.must("destroy", "-auto-approve", "-input=false", "-no-color"); }
}

async function terraform(t, s, text, options) {
    const tf = new Terraform(s, text, options);
    t.after(() => fs.rmSync(tf.dir, { recursive: true, force: true }));
    await tf.must("init", "-input=false", "-no-color");
    return tf;
}

module.exports = { terraform, unavailable };
