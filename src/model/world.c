/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/model/world.h"
#include "read.h"

const struct service *world_service(const struct world *w, const char *name)
{
    for (size_t i = 0; name && i < w->service_count; i++) {
        if (str_equal(w->services[i]->meta.name, name))
            return w->services[i];
    }
    return NULL;
}

const struct route *world_route(const struct world *w, const char *name)
{
    for (size_t i = 0; name && i < w->route_count; i++) {
        if (str_equal(w->routes[i]->meta.name, name))
            return w->routes[i];
    }
    return NULL;
}

bool service_selects(const struct service *s, const struct deployment *d)
{
    size_t asked = 0;

    if (!s->selector.present || s->selector.complex || s->external_name)
        return false;
    for (size_t i = 0; i < s->selector.count; i++) {
        const struct pair *want = &s->selector.pairs[i];
        const char *have;

        if (str_equal(want->key, LABEL_REVISION))
            continue;
        have = pair_get(d->template_labels, d->template_label_count, want->key);
        if (!have || !str_equal(have, want->value))
            return false;
        asked++;
    }
    return asked > 0;
}
