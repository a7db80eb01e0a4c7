/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* XML as a small tree, for documents that are no message of an API: SAML metadata. What is read and what is refused (document
 * types, more than a depth and a number of elements) is xml_read.c's to say. */

#include "base/error.h"

typedef struct XmlAttr {
    SwStr name, value;
} XmlAttr; /* name without prefix */
typedef struct XmlNode XmlNode;
struct XmlNode {
    SwStr name; /* local name */
    SwStr text; /* all character data directly inside */
    size_t text_room;
    XmlAttr *attr;
    size_t n_attr;
    XmlNode *first, *last, *next;
};

/* Views of `text`, or of the arena. Fails with SW_VALIDATION_ERROR. */
int sw_xml_read(SwArena *a, SwStr text, const XmlNode **ret_root, SwError *err) sw_must_check;
const XmlNode *wire_xml_child(const XmlNode *n, const char *name); /* the first of that name; NULL: none */
SwStr sw_xml_attribute(const XmlNode *n, const char *name);        /* absent: none */
