/* SPDX-License-Identifier: Apache-2.0 */
/* replay_main.c - runs a fuzz target over saved inputs, for compilers without libFuzzer.
 *
 * Arguments are files, or folders whose files are taken. */
#include "check.h"
#include "sluice/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX ((size_t)16 * 1024 * 1024)

static bool is_json(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && strcmp(dot, ".json") == 0;
}

static bool replay_file(const char *path)
{
    auto_free char *text = NULL;
    struct err e = {0};
    size_t len = 0;

    if (!file_read(path, INPUT_BYTES_MAX, &text, &len, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return false;
    }
    /* A copy of exactly this size: a read past the end is caught by ASan. */
    auto_free uint8_t *exact = xmalloc(len);
    memcpy(exact, text, len);
    if (LLVMFuzzerTestOneInput(exact, len) == REFUSED && is_json(path)) {
        fprintf(stderr, "%s: the target refuses it and tries nothing\n", path);
        return false;
    }
    return true;
}

static bool replay_folder(DIR *folder, const char *path, size_t *count)
{
    const struct dirent *entry;

    while ((entry = readdir(folder))) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (!replay_file(file))
            return false;
        (*count)++;
    }
    return true;
}

static bool replay(const char *path, size_t *count)
{
    DIR *folder = opendir(path);

    if (!folder) {
        (*count)++;
        return replay_file(path);
    }
    const bool ok = replay_folder(folder, path, count);
    closedir(folder);
    return ok;
}

int main(int argc, char **argv)
{
    size_t count = 0;

    for (int i = 1; i < argc; i++)
        if (!replay(argv[i], &count))
            return EXIT_FAILURE;
    printf("%zu inputs\n", count);
    return EXIT_SUCCESS;
}
