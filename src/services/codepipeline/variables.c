/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in an action's configuration: "#{Namespace.name}" (CodePipeline User Guide, "Variables"). Namespaces are
 * those that actions declare, `variables` for the pipeline's own, and `codepipeline`. */

#include "services/codepipeline/codepipeline.h"

#define RESOLVED_MAX (64 * SW_KIB)

static SwStr value_of(const CodepipelineExecutionRecord *e, SwStr name) {
    if (sw_str_eqz(name, "codepipeline.PipelineExecutionId"))
        return e->id;
    if (sw_str_starts(name, SW_STR("variables.")))
        return sw_str_map_find(&e->variables, sw_str_skip(name, 10));
    return sw_str_map_find(&e->outputs, name);
}

int codepipeline_variables_resolve(SwArena *a, const CodepipelineExecutionRecord *e, SwStr text, SwStr *ret, SwError *err) {
    SwBuf b = sw_buf(a, RESOLVED_MAX);
    for (size_t i = 0; i < text.n;) {
        SwStr rest = sw_str_skip(text, i), inner;
        if (!sw_str_starts(rest, SW_STR("#{"))) {
            sw_buf_addc(&b, text.p[i++]);
            continue;
        }
        rest = sw_str_skip(rest, 2);
        if (!sw_str_cut(&rest, '}', &inner))
            return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                           "The variable reference in '%.*s' has no end", SW_FMT(text));
        SwStr v = value_of(e, inner);
        if (!v.p)
            return sw_fail(err, &CODEPIPELINE_INVALID_ACTION_DECLARATION_EXCEPTION,
                           "An action in this pipeline references the variable '%.*s', which has not been produced",
                           SW_FMT(inner));
        sw_buf_adds(&b, v);
        i = (size_t)(rest.p - text.p);
    }
    if (b.full)
        return sw_fail(err, &CODEPIPELINE_OUTPUT_VARIABLES_SIZE_EXCEEDED_EXCEPTION,
                       "A resolved configuration value is larger than %zu bytes", RESOLVED_MAX);
    *ret = sw_buf_str(&b);
    return 0;
}
