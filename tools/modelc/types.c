/* SPDX-License-Identifier: Apache-2.0 */
/* C types of shapes. A list or map type is named after its element, one for each element type of a model: all lists of
 * EcsTag are EcsTagList. Those of plain scalars are common to all models and stand in shape/shape.h. */

#include "modelc.h"

static const char *const scalar_type[_SW_KIND_MAX] = {
    [SW_STRING] = "SwStr",        [SW_BOOLEAN] = "SwOptBool", [SW_INTEGER] = "SwOptInt",
    [SW_LONG] = "SwOptInt",       [SW_FLOAT] = "SwOptDouble", [SW_DOUBLE] = "SwOptDouble",
    [SW_TIMESTAMP] = "SwOptTime", [SW_BLOB] = "SwStr",        [SW_DOCUMENT] = "const SwValue *",
    [SW_STREAM] = "SwStream",
};

static const struct {
    const char *element, *list;
} common_list[] = {
    {"SwStr", "SwStrList"},          {"SwOptBool", "SwBoolList"}, {"SwOptInt", "SwIntList"},
    {"SwOptDouble", "SwDoubleList"}, {"SwOptTime", "SwTimeList"}, {"const SwValue *", "SwValueList"},
};

static bool import_declares(Model *m, SwStr name) {
    for (size_t i = 0; i < m->n_import; i++)
        if (sw_map_find(&m->import[i]->types, name))
            return true;
    return false;
}

/* Takes `name` for a list or map type of m, unless it is known already for the same element. */
static const char *declare(Model *m, Shape *s, SwStr name) {
    if (import_declares(m, name))
        return name.p;
    while (sw_map_find(&m->c_names, name) && !sw_map_find(&m->types, name))
        name = sw_strf(m->arena, "%.*s_", SW_FMT(name));
    if (!sw_map_find(&m->types, name)) {
        sw_map_put(&m->types, name, s);
        sw_map_put(&m->c_names, name, s);
    }
    return name.p;
}

static const char *container_type(Shape *s, const char *element, const char *what) {
    Model *m = s->model;
    if (strcmp(element, "const SwValue *") == 0)
        element = "SwValue";
    if (strncmp(element, "SwOpt", 5) == 0)
        return declare(m, s, sw_strf(m->arena, "%s%s%s", m->prefix, element + 5, what));
    if (strncmp(element, "Sw", 2) == 0)
        return declare(m, s, sw_strf(m->arena, "%s%s%s", m->prefix, element + 2, what));
    return declare(m, s, sw_strf(m->arena, "%s%s", element, what));
}

static const char *list_type(Model *m, Shape *s) {
    const char *element = c_type(m, s->member[0].shape);
    for (size_t i = 0; i < SW_N(common_list); i++)
        if (strcmp(common_list[i].element, element) == 0)
            return common_list[i].list;
    return container_type(s, element, "List");
}

static const char *map_type(Model *m, Shape *s) {
    const char *value = c_type(m, s->member[1].shape);
    return strcmp(value, "SwStr") == 0 ? "SwStrMap" : container_type(s, value, "Map");
}

const char *c_type(Model *m, Shape *s) {
    if (!s->c_type)
        s->c_type = s->kind == SW_LIST ? list_type(m, s) : s->kind == SW_MAP ? map_type(m, s) : scalar_type[s->kind];
    return s->c_type;
}

bool has_entry_type(const Shape *s) {
    return s->kind == SW_MAP && strcmp(s->c_type, "SwStrMap") != 0;
}

void types_collect(Model *m) {
    for (size_t i = 0; i < m->n_import; i++)
        types_collect(m->import[i]);
    for (size_t i = 0; i < m->n_shape; i++)
        (void)c_type(m, m->shape[i]);
}
