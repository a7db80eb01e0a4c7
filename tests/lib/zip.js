// SPDX-License-Identifier: Apache-2.0
// The files of a ZIP archive: { name: text }. Read by its central directory; stored and deflated entries.
"use strict";
const zlib = require("node:zlib");

function unzip(b) {
    const files = {};
    const end = b.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
    let at = b.readUInt32LE(end + 16);
    for (let i = b.readUInt16LE(end + 10); i > 0; i--) {
        const method = b.readUInt16LE(at + 10), size = b.readUInt32LE(at + 20), n = b.readUInt16LE(at + 28);
        const name = b.toString("utf8", at + 46, at + 46 + n), local = b.readUInt32LE(at + 42);
        const data = local + 30 + b.readUInt16LE(local + 26) + b.readUInt16LE(local + 28);
        const bytes = b.subarray(data, data + size);
        if (!name.endsWith("/")) files[name] = (method === 8 ? zlib.inflateRawSync(bytes) : bytes).toString();
        at += 46 + n + b.readUInt16LE(at + 30) + b.readUInt16LE(at + 32);
    }
    return files;
}

module.exports = { unzip };
