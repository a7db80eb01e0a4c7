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

// [{ service, resources }] as models/resources declares them; schemaOf: what models/schemas says of a type of CloudFormation.
const json = (folder, file) => JSON.parse(fs.readFileSync(path.join(__dirname, "../../models", folder, file), "utf8"));
const declarations = () => fs.readdirSync(path.join(__dirname, "../../models/resources"))
    .map((file) => ({ ...json("resources", file), service: path.basename(file, ".json") }));
const schemaOf = (service, type) => json("schemas", `${service}.json`)[type];

module.exports = { coverage, modelOf, declarations, schemaOf };
