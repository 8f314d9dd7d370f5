/* SPDX-License-Identifier: Apache-2.0 */
/* prometheus.h - the functions of the provider prometheus: instant queries of its HTTP API, which
 * Thanos, Mimir, Cortex and VictoriaMetrics speak too. */
#ifndef SLUICE_METRIC_PROMETHEUS_H
#define SLUICE_METRIC_PROMETHEUS_H

#include "sluice/metric/metric.h"

/* A sample that old, or that far ahead, comes out of a cache or off a wrong clock. */
#define PROMETHEUS_SKEW_MS (5 * INT64_C(60000))

char *prometheus_ask(struct arena *a, const char *address, const char *query, int64_t now_ms);
enum answer prometheus_read(const char *body, size_t len, int http_code, int64_t now_ms,
                            double *value, char text[static EVIDENCE_MAX]);

#endif
