// SPDX-License-Identifier: Apache-2.0
// An identity provider for tests: keys, tokens that they sign, and a server that answers its discovery document and key set over
// TLS with a certificate that Slipway's own authority has signed.
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");
const https = require("node:https");
const path = require("node:path");

const base64url = (o) => Buffer.from(JSON.stringify(o)).toString("base64url");

const KINDS = { RS256: ["rsa", { modulusLength: 2048 }], RS384: ["rsa", { modulusLength: 2048 }], RS512: ["rsa", { modulusLength: 3072 }],
    ES256: ["ec", { namedCurve: "P-256" }], ES384: ["ec", { namedCurve: "P-384" }] };

// A key pair: jwk is its public half as providers show it, sign(claims) a token.
function key(alg = "RS256", kid = `key-${alg}`) {
    const { privateKey, publicKey } = crypto.generateKeyPairSync(...KINDS[alg]);
    const sign = (claims, header = {}) => {
        const text = `${base64url({ alg, kid, typ: "JWT", ...header })}.${base64url(claims)}`;
        return `${text}.${crypto.sign(`sha${alg.slice(2)}`, Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
    };
    return { jwk: { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" }, sign };
}

// Gives the server a provider's keys as its administrator does.
function give(s, url, ...keys) {
    const file = path.join(s.data, "oidc", `${url.replace("https://", "")}.json`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify({ keys: keys.map((k) => k.jwk) }));
}

// { url, keys, about, moved, asked, paths, close() }: keys, and what the discovery document says otherwise (`about`), may be changed while
// it runs; a path of `moved` answers a redirect. `asked` counts requests, `paths` has them.
async function provider(t, s, ...keys) {
    const tls = (name) => fs.readFileSync(path.join(s.data, "tls", name));
    const p = { keys, asked: 0, paths: [], about: {}, moved: {}, close: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
    const server = https.createServer({ key: tls("server.key"), cert: tls("server.pem") }, (request, reply) => {
        p.asked++;
        p.paths.push(request.url);
        if (p.moved[request.url]) return reply.writeHead(302, { location: p.moved[request.url] }).end();
        const answers = { "/.well-known/openid-configuration": { issuer: p.url, jwks_uri: `${p.url}/keys`, ...p.about }, "/keys": { keys: p.keys.map((k) => k.jwk) } };
        return reply.writeHead(answers[request.url] ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(answers[request.url] || {}));
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    p.url = `https://localhost:${server.address().port}`;
    t.after(p.close);
    return p;
}

module.exports = { key, give, provider };
