/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/kube/ident.h"

#include <string.h>

/* A string without escapes, copied behind what `at` counts. */
static bool copy_text(struct jslice s, struct ident *out, size_t *at, const char **text)
{
    size_t len;

    *text = "";
    if (!s.p)
        return true;
    if (s.len < 2 || *s.p != '"' || s.p[s.len - 1] != '"' || memchr(s.p, '\\', s.len))
        return false;
    len = s.len - 2;
    if (len >= sizeof(out->text) - *at)
        return false;
    memcpy(out->text + *at, s.p + 1, len);
    out->text[*at + len] = '\0';
    *text = out->text + *at;
    *at += len + 1;
    return true;
}

bool ident_read(struct jslice object, struct ident *out)
{
    static const char *const keys[] = {"name", "namespace", "uid", "resourceVersion"};
    struct jslice found[COUNT(keys)];
    size_t at = 0;

    json_members(json_begin(object, "metadata"), keys, COUNT(keys), found);
    return copy_text(found[0], out, &at, &out->name) && copy_text(found[1], out, &at, &out->ns) &&
           copy_text(found[2], out, &at, &out->uid) && copy_text(found[3], out, &at, &out->rv) &&
           *out->name && *out->uid && *out->rv;
}

static const char *field(const cJSON *object, const char *path)
{
    const char *s = json_str(object, path);

    return s ? s : "";
}

void ident_of(const cJSON *object, struct ident *out)
{
    out->ns = field(object, "metadata.namespace");
    out->name = field(object, "metadata.name");
    out->uid = field(object, "metadata.uid");
    out->rv = field(object, "metadata.resourceVersion");
}
