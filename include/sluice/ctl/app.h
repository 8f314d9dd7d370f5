/* SPDX-License-Identifier: Apache-2.0 */
/* app.h - the operator as a whole: options in, exit code out. */
#ifndef SLUICE_CTL_APP_H
#define SLUICE_CTL_APP_H

#include "sluice/base/err.h"
#include "sluice/base/log.h"

struct app_options {
    const char *kubeconfig;      /* NULL: in-cluster */
    const char *lease_namespace; /* NULL: the kubeconfig's, or the pod's own */
    bool leader_elect;
    const char *prometheus;      /* default address of metric gates; NULL: none */
    const char *listen_address;  /* numeric; NULL: serve nothing */
    int listen_port;             /* 0: any free one */
    const char *watch_namespace; /* NULL: all */
    enum log_level log_level;
};

enum app_wish { APP_RUN, APP_HELP, APP_VERSION, APP_WRONG };
/* Fills `out`, whose strings are borrowed from `argv`. APP_WRONG: `e` says what. */
enum app_wish app_options_parse(int argc, char **argv, struct app_options *out, struct err *e);
extern const char app_help[];

/* Until SIGTERM or SIGINT (0), a lost lease or a failed start (1). */
int app_run(const struct app_options *options);

#endif
