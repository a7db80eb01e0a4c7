// SPDX-License-Identifier: Apache-2.0
// Metadata of a SAML identity provider, as long as IAM wants it to be: 1,000 characters at least.
"use strict";

const SIGN_ON = '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/sso"/>';

const samlMetadata = (id = "https://idp.example.com/saml", attributes = "", inside = SIGN_ON) => `<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${id}" ${attributes}><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${"MIIB".repeat(250)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
${inside}</md:IDPSSODescriptor></md:EntityDescriptor>`;

module.exports = { samlMetadata };
