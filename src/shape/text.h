/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Values as text: one walk, two forms of it. Plain JSON is what the store keeps (plain_json.c); words are how AWS's
 * validators show a value in a message, "Tag(key=a, value=b)" (validate.c). Internal to shape/. */

#include "shape/shape.h"

typedef struct ShapeForm {
    const char *between, *is; /* ", " and "=" */
    bool words;               /* structures by their names in parentheses, secrets as stars; else JSON's braces */
    void (*key)(SwBuf *b, SwStr name);
    void (*scalar)(SwBuf *b, const SwShape *s, const void *v);
} ShapeForm;

void shape_write(SwBuf *b, const ShapeForm *f, const SwShape *s, const void *v);

/* A boolean, integer, float or text as both forms, and comparisons with words of a table, have it; absent for others. */
SwStr shape_scalar_text(SwArena *a, const SwShape *s, const void *v);
