/* SPDX-License-Identifier: Apache-2.0 */
/* sluice, kubectl-sluice - the tool for people and scripts. All of it is in the library
 * sluice_cli, so that tests can link it. */
#include "cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
