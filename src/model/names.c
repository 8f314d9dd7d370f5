/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/model/names.h"
#include "digest.h"

#include <string.h>

#define NAME_HASH_LEN 8

char *name_join(struct arena *a, const char *base, const char *suffix)
{
    char *whole = arena_printf(a, "%s%s", base, suffix);
    char hash[DIGEST_TEXT_MAX];
    size_t keep = NAME_MAX_LEN - NAME_HASH_LEN - 1;

    if (strlen(whole) <= NAME_MAX_LEN)
        return whole;
    digest_text(whole, strlen(whole), hash);
    /* "a.-b" would be no name. */
    while (keep > 0 && (whole[keep - 1] == '.' || whole[keep - 1] == '-'))
        keep--;
    return arena_printf(a, "%.*s-%.*s", (int)keep, whole, NAME_HASH_LEN, hash);
}

char *name_fence(struct arena *a, const char *deployment)
{
    return name_join(a, deployment, "-sluice");
}

char *name_candidate(struct arena *a, const char *deployment, const char *revision)
{
    return name_join(a, deployment, arena_printf(a, "-%s", revision));
}
