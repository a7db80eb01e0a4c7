// SPDX-License-Identifier: Apache-2.0
// What the models say of inputs holds at the front door, for every operation that is served: each required member that is
// missing and each limit of a member that is broken is refused with 400 and named, before anything is done. (The codecs'
// own test breaks each constraint of every model; this one asks the services that are there.)
"use strict";
const assert = require("node:assert");
const { test } = require("node:test");
const { serve } = require("../lib/file");
const { coverage, modelOf } = require("../lib/models");

const SIGN = { cloudwatch: "monitoring", elbv2: "elasticloadbalancing" };
const s = serve();

// One raw request, as no SDK would send it: SDKs keep to the models.
async function ask(service, model, operation, input) {
    const { metadata } = model, name = SIGN[service] || metadata.signingName || metadata.endpointPrefix;
    const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const headers = { "x-amz-date": now, authorization: `AWS4-HMAC-SHA256 Credential=test/${now.slice(0, 8)}/us-east-1/${name}/aws4_request, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}` };
    let body;
    if (metadata.protocol === "json" || (metadata.protocols || []).includes("json")) {
        Object.assign(headers, { "content-type": `application/x-amz-json-${metadata.jsonVersion}`, "x-amz-target": `${metadata.targetPrefix}.${operation}` });
        body = JSON.stringify(input);
    } else {
        headers["content-type"] = "application/x-www-form-urlencoded";
        body = new URLSearchParams({ Action: operation, Version: metadata.apiVersion, ...input }).toString();
    }
    const r = await fetch(s.endpoint, { method: "POST", headers, body });
    return { status: r.status, text: await r.text() };
}

const named = (text, member) => text.toLowerCase().includes(member.toLowerCase());

// A value that breaks one limit of a shape of a top-level member; undefined: it has none that a value of its type can break.
function broken(shape) {
    if (shape.type === "string" && shape.enum) return "no-such-value";
    if (shape.type === "string" && shape.max && shape.max < 4000) return "x".repeat(shape.max + 1);
    if (shape.type === "integer" && shape.max !== undefined) return shape.max + 1;
    if (shape.type === "integer" && shape.min !== undefined) return shape.min - 1;
    return undefined;
}

// Every operation that is served of the services whose inputs are a flat body; S3, Lambda and the server's own API put members in paths.
async function* served() {
    for (const { service, implemented } of (await coverage(s)).filter((x) => !["s3", "slipway", "ec2", "lambda"].includes(x.service))) {
        const model = modelOf(service);
        for (const operation of implemented) {
            const input = model.shapes[model.operations[operation].input?.shape];
            if (input) yield { service, model, operation, input };
        }
    }
}

test("a missing required member is refused by name", { timeout: 120000 }, async () => {
    const wrong = [];
    let n = 0;
    for await (const { service, model, operation, input } of served()) {
        if (!input.required?.length) continue;
        const { status, text } = await ask(service, model, operation, {});
        n++;
        if (status !== 400 || !input.required.some((m) => named(text, m)))
            wrong.push(`${service} ${operation} (${input.required}): ${status} ${text.slice(0, 160)}`);
    }
    assert.ok(n > 250, `${n} operations`);
    assert.deepStrictEqual(wrong, []);
});

test("a member beyond its limit is refused by name", { timeout: 120000 }, async () => {
    const wrong = [];
    let n = 0;
    for await (const { service, model, operation, input } of served())
        for (const [member, { shape }] of Object.entries(input.members)) {
            const value = broken(model.shapes[shape]);
            if (value === undefined) continue;
            const { status, text } = await ask(service, model, operation, { [member]: value });
            n++;
            if (status !== 400 || !named(text, member))
                wrong.push(`${service} ${operation} ${member}: ${status} ${text.slice(0, 200)}`);
        }
    assert.ok(n > 300, `${n} limits`);
    assert.deepStrictEqual(wrong, []);
});
