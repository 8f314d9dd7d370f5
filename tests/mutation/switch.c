/* SPDX-License-Identifier: Apache-2.0 */
/* switch.c - which of the edits that are woven into a file is on (run.py). MUTANT=n picks one, 0 or
 * nothing none; MUTANT_REACHED=file notes at the end which of them the program came by. */
#include <stdio.h>
#include <stdlib.h>

#define MUTANTS_MAX 8192

extern int mutant_picked;
extern unsigned char mutant_reached[MUTANTS_MAX];

int mutant_picked;
unsigned char mutant_reached[MUTANTS_MAX];

__attribute__((constructor)) static void pick(void)
{
    const char *text = getenv("MUTANT");

    mutant_picked = text ? atoi(text) : 0;
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("MUTANT_REACHED");
    FILE *out = path ? fopen(path, "w") : NULL;

    if (!out)
        return;
    fwrite(mutant_reached, 1, sizeof(mutant_reached), out);
    fclose(out);
}
