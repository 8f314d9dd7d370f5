/* SPDX-License-Identifier: Apache-2.0 */
/* cli_golden.h - screens against files in tests/cli: what people see is reviewed as text.
 *
 * SLUICE_GOLDEN_WRITE=1 writes the files anew; look at the difference before you keep it. */
#ifndef SLUICE_TESTS_UNIT_CLI_GOLDEN_H
#define SLUICE_TESTS_UNIT_CLI_GOLDEN_H

#include "check.h"

#include "screen.h"
#include "sluice/base/file.h"

#include <stdio.h>

static inline void golden_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL, "%s", path);
    fputs(text, f);
    fclose(f);
}

static inline void golden_text(const char *name, const char *text)
{
    char path[200];
    auto_free char *want = NULL;
    size_t len = 0;
    struct err e = {0};

    snprintf(path, sizeof(path), "tests/cli/%s.txt", name);
    if (getenv("SLUICE_GOLDEN_WRITE"))
        golden_write(path, text);
    CHECK(file_read(path, 1 << 20, &want, &len, &e), "%s: %s", path, e.text);
    if (strcmp(text, want ? want : "") != 0)
        fprintf(stderr, "--- have ---\n%s--- want (%s) ---\n%s", text, path, want ? want : "");
    assert_true(strcmp(text, want ? want : "") == 0);
}

/* Every line within the width; what cannot be broken (a name, a path) may stand out. */
static inline void golden_narrow(const struct screen *s)
{
    const char *line = screen_text(s);

    while (*line) {
        const size_t len = strcspn(line, "\n");
        CHECK((int)len <= s->width, "%d columns: %.*s", s->width, (int)len, line);
        line += len + (line[len] == '\n');
    }
}

/* Compares and releases the screen. */
static inline void golden(const char *name, struct screen *s)
{
    golden_text(name, screen_text(s));
    screen_release(s);
}

#endif
