/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/kube/ident.h"

#include <string.h>

/* A string member without escapes, copied behind what `at` counts. */
static bool copy_member(struct jslice metadata, const char *key, struct ident *out, size_t *at,
                        const char **text)
{
    const struct jslice s = json_slice(metadata.p, metadata.len, key);
    size_t len;

    *text = "";
    if (!s.p)
        return true;
    if (s.len < 2 || *s.p != '"' || memchr(s.p, '\\', s.len))
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
    const struct jslice metadata = json_slice(object.p, object.len, "metadata");
    size_t at = 0;

    return metadata.p && copy_member(metadata, "namespace", out, &at, &out->ns) &&
           copy_member(metadata, "name", out, &at, &out->name) &&
           copy_member(metadata, "uid", out, &at, &out->uid) &&
           copy_member(metadata, "resourceVersion", out, &at, &out->rv) && *out->name &&
           *out->uid && *out->rv;
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
