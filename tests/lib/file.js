// SPDX-License-Identifier: Apache-2.0
// What is there for a whole test file: its server, and clients of it, which may be named before it is started.
//
//     const s = serve({ args: ["--settle"] });         // started before the file's tests, finished after them
//     const sqs = later(s, SQSClient);                 // for whatever has a send(command)
"use strict";
const { before, after } = require("node:test");
const { Slipway, finish } = require("./slipway");

// stepped: its clock stands still. ready: what is done first, once it is there (hooks of a whole file do not wait for each other).
function serve({ stepped = false, ready, ...options } = {}) {
    const s = new Slipway(options);
    before(async () => {
        await s.start();
        if (stepped) await s.clock("PUT", "", { mode: "stepped" });
        if (ready) await ready();
    });
    after(() => finish(s));
    return s;
}

// A client that is made when it is asked first, with options or what a function of the server says they are. It outlives
// restarts: a server keeps its port.
function later(s, Client, options) {
    let client;
    const made = () => s.client(Client, typeof options === "function" ? options(s) : options);
    return { send: (command) => (client ??= made()).send(command) };
}

module.exports = { serve, later };
