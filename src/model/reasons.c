/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/model/reasons.h"

static const struct {
    const char *name, *remedy;
} reasons[REASON_COUNT] = {
    [REASON_NONE] = {"", ""},
#define REASON(id, text, what_to_do) [REASON_##id] = {text, what_to_do},
#include "sluice/model/reasons.def"
#undef REASON
};

const char *reason_name(enum reason r)
{
    return (size_t)r < COUNT(reasons) ? reasons[r].name : "";
}

const char *reason_remedy(enum reason r)
{
    return (size_t)r < COUNT(reasons) ? reasons[r].remedy : "";
}
