// SPDX-License-Identifier: Apache-2.0
// A certificate that signs itself, and its key, for whoever needs no more than that they belong together.
"use strict";

const { means } = require("../unit/operations/calls/iam.json");

module.exports = { CERTIFICATE: means.CertificateBody, KEY: means.PrivateKey };
