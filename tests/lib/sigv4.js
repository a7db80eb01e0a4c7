// SPDX-License-Identifier: Apache-2.0
// Requests signed by hand, so that a test can leave out, add and change what an SDK never would.
//
//     const r = await send(server, sign(key, { service: "sqs", headers: {..}, body, signed: ["host", "x-amz-date"] }));
"use strict";
const crypto = require("node:crypto");
const http = require("node:http");

const sha256 = (s) => crypto.createHash("sha256").update(s).digest("hex");
const hmac = (key, s) => crypto.createHmac("sha256", key).update(s).digest();
const encode = (s) => encodeURIComponent(s).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const stamp = (date) => date.toISOString().replace(/[-:]|\.\d+/g, "");

function signature(key, { method, path, query, headers, signed, hash, date, day, region, service }) {
    const canonical = [method, path, query, ...signed.map((n) => `${n}:${headers[n] ?? ""}`), "", signed.join(";"), hash].join("\n");
    const scope = `${day}/${region}/${service}/aws4_request`;
    const secret = [day, region, service, "aws4_request"].reduce(hmac, `AWS4${key.secretAccessKey}`);
    return crypto.createHmac("sha256", secret).update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).digest("hex");
}

// In the Authorization header. `signed` overrides which headers are covered, `day` the scope's date, `hash` what is signed as the body.
function sign(key, o) {
    const { method = "POST", path = "/", body = "", host = "127.0.0.1", service, region = "us-east-1", at = new Date() } = o;
    const date = stamp(at), day = o.day ?? date.slice(0, 8), hash = o.hash ?? sha256(body);
    const headers = { host, "x-amz-date": date, ...(service === "s3" || o.hash ? { "x-amz-content-sha256": hash } : {}),
                      ...(key.sessionToken ? { "x-amz-security-token": key.sessionToken } : {}), ...o.headers };
    const signed = (o.signed ?? Object.keys(headers)).slice().sort();
    const s = signature(key, { method, path, query: "", headers, signed, hash, date, day, region, service });
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/${day}/${region}/${service}/aws4_request, SignedHeaders=${signed.join(";")}, Signature=${s}`;
    return { method, path, headers, body };
}

// In the query, as S3's presigned URLs; `query` more parameters, signed too.
function presign(key, o) {
    const { method = "GET", path, host = "127.0.0.1", headers = {}, at = new Date(), expires = 60, query = {}, region = "us-east-1" } = o;
    const date = stamp(at), day = date.slice(0, 8), all = { host, ...headers };
    const signed = (o.signed ?? Object.keys(all)).slice().sort();
    const q = { "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": `${key.accessKeyId}/${day}/${region}/s3/aws4_request`,
                "X-Amz-Date": date, "X-Amz-Expires": String(expires), "X-Amz-SignedHeaders": signed.join(";"), ...query };
    const text = Object.keys(q).sort().map((n) => `${encode(n)}=${encode(q[n])}`).join("&");
    const s = signature(key, { method, path, query: text, headers: all, signed, hash: "UNSIGNED-PAYLOAD", date, day, region, service: "s3" });
    return { method, path: `${path}?${text}&X-Amz-Signature=${s}`, headers: all };
}

// Signature Version 2 in the query: `resource` is what is signed, "/bucket/key".
function presign2(key, { method = "GET", path, resource = path, host = "127.0.0.1", expires = Math.floor(Date.now() / 1000) + 60, query = {} }) {
    const amz = Object.keys(query).filter((n) => n.startsWith("x-amz-")).sort().map((n) => `${n}:${query[n]}\n`).join("");
    const text = `${method}\n${query["content-md5"] ?? ""}\n${query["content-type"] ?? ""}\n${expires}\n${amz}${resource}`;
    const s = crypto.createHmac("sha1", key.secretAccessKey).update(text).digest("base64");
    const q = { AWSAccessKeyId: key.accessKeyId, Expires: String(expires), ...query, Signature: s };
    return { method, path: `${path}?${Object.keys(q).map((n) => `${n}=${encode(q[n])}`).join("&")}`, headers: { host } };
}

// Exactly these headers and no others, but for the length. { status, headers, text }
function send(server, { method, path, headers, body = "" }) {
    return new Promise((resolve, reject) => {
        const rq = http.request({ host: "127.0.0.1", port: server.port, method, path, agent: false, setHost: false,
                                  headers: { ...headers, "content-length": Buffer.byteLength(body) } }, (r) => {
            let text = "";
            r.setEncoding("utf8");
            r.on("data", (d) => { text += d; });
            r.on("end", () => resolve({ status: r.statusCode, headers: r.headers, text }));
        });
        rq.on("error", reject);
        rq.end(body);
    });
}

module.exports = { sign, presign, presign2, send, sha256 };
