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

// An archive of files: [{ name, data, mode = 0o100644, size: what it says of itself }], deflated. A mode may say that an entry is a link.
function zip(files) {
    const parts = [], central = [];
    let at = 0;
    for (const { name, data, mode = 0o100644, size } of files) {
        const bytes = Buffer.from(data), packed = zlib.deflateRawSync(bytes), n = Buffer.from(name), head = Buffer.alloc(26);
        head.writeUInt16LE(20, 0);
        head.writeUInt16LE(8, 4);
        head.writeUInt32LE(zlib.crc32 ? zlib.crc32(bytes) : crc32(bytes), 10);
        head.writeUInt32LE(packed.length, 14);
        head.writeUInt32LE(size === undefined ? bytes.length : size, 18);
        head.writeUInt16LE(n.length, 22);
        parts.push(Buffer.from("PK\x03\x04", "latin1"), head, n, packed);
        const tail = Buffer.alloc(14);
        tail.writeUInt32LE((mode << 16) >>> 0, 6);
        tail.writeUInt32LE(at, 10);
        central.push(Buffer.from("PK\x01\x02\x14\x03", "latin1"), head, tail, n);
        at += 4 + head.length + n.length + packed.length;
    }
    const directory = Buffer.concat(central), end = Buffer.alloc(18);
    end.writeUInt16LE(files.length, 4);
    end.writeUInt16LE(files.length, 6);
    end.writeUInt32LE(directory.length, 8);
    end.writeUInt32LE(at, 12);
    return Buffer.concat([...parts, directory, Buffer.from("PK\x05\x06", "latin1"), end]);
}

const TABLE = Array.from({ length: 256 }, (_, i) => {
    for (let k = 0; k < 8; k++) i = i & 1 ? (i >>> 1) ^ 0xedb88320 : i >>> 1;
    return i >>> 0;
});
const crc32 = (b) => (b.reduce((c, x) => TABLE[(c ^ x) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

module.exports = { unzip, zip };
