/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/ctl/app.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct app_options options;
    struct err e = {0};

    switch (app_options_parse(argc, argv, &options, &e)) {
    case APP_HELP:
        fputs(app_help, stdout);
        return 0;
    case APP_VERSION:
        printf("sluice-controller %s (%s)\n", SLUICE_VERSION, SLUICE_COMMIT);
        return 0;
    case APP_WRONG:
        fprintf(stderr, "sluice-controller: %s\n", e.text);
        return 2;
    case APP_RUN:
        break;
    }
    return app_run(&options);
}
