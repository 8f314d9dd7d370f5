/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - the metric providers there are. To add one: a file with its two functions, a row. */
#include "prometheus.h"

static const struct metric_provider providers[] = {
    {"prometheus", prometheus_ask, prometheus_read},
};

const struct metric_provider *metric_provider_find(const char *name)
{
    for (size_t i = 0; i < COUNT(providers); i++) {
        if (str_equal(providers[i].name, name))
            return &providers[i];
    }
    return NULL;
}
