/* SPDX-License-Identifier: Apache-2.0 */
/* switch.c - which of the edits that are woven into a file is on (run.py). MUTANT=n picks one, 0 or
 * nothing none. MUTANT_REACHED=file: there stands which of them were come by, a byte each. The file
 * is mapped, so that all processes of a test note in it, however they end. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MUTANTS_MAX 8192

extern int mutant_picked;
extern unsigned char *mutant_reached;

static unsigned char nowhere[MUTANTS_MAX];
int mutant_picked;
unsigned char *mutant_reached = nowhere;

static void note_in(const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || ftruncate(fd, MUTANTS_MAX) != 0)
        abort();
    mutant_reached = mmap(NULL, MUTANTS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mutant_reached == MAP_FAILED)
        abort();
    close(fd);
}

__attribute__((constructor)) static void pick(void)
{
    const char *number = getenv("MUTANT"), *path = getenv("MUTANT_REACHED");

    mutant_picked = number ? atoi(number) : 0;
    if (path)
        note_in(path);
}
