// SPDX-License-Identifier: Apache-2.0
// What is served and what the models say of it, for files that walk over whatever operations there are.
//
//     for (const { service, implemented } of await coverage(s))
//         for (const operation of implemented) modelOf(service).operations[operation];
"use strict";
const fs = require("node:fs");
const path = require("node:path");

// [{ service, implemented, absent }] as the server tells it: names of operations.
const coverage = async (s) => (await (await fetch(`${s.endpoint}/_slipway/coverage`)).json()).services;
const modelOf = (service) => JSON.parse(fs.readFileSync(path.join(__dirname, `../../models/${service}.json`), "utf8"));

module.exports = { coverage, modelOf };
