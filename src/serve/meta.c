/* SPDX-License-Identifier: Apache-2.0 */
/* meta.c - names, labels, finalizers and owners as the API server wants them. */
#include "calls.h"

#include <ctype.h>
#include <string.h>

#define LABEL_MAX     63
#define SUBDOMAIN_MAX 253

static bool is_invalid(struct call *c, const char *field, const char *why)
{
    return call_invalid(
        c, arena_printf(c->a, "%s: Invalid value: %s", field, why),
        json_fmt(c->a, "{'reason':'FieldValueInvalid','field':%q,'message':%q}", field, why));
}

/* Letters and digits at both ends, `more` too in between. */
static bool is_word(const char *p, size_t len, size_t max, const char *more, bool upper)
{
    for (size_t i = 0; i < len; i++) {
        const bool inside = i > 0 && i + 1 < len;
        const unsigned char ch = (unsigned char)p[i];

        if (!(isdigit(ch) || islower(ch) || (upper && isupper(ch)) || (inside && strchr(more, ch))))
            return false;
    }
    return len > 0 && len <= max;
}

static bool is_subdomain(const char *p, size_t len)
{
    return is_word(p, len, SUBDOMAIN_MAX, "-.", false);
}

/* "prefix/name", the prefix a subdomain, or "name". */
static bool is_qualified(const char *text)
{
    const char *slash = strchr(text, '/');
    const char *name = slash ? slash + 1 : text;

    return (!slash || is_subdomain(text, (size_t)(slash - text))) &&
           is_word(name, strlen(name), LABEL_MAX, "-_.", true);
}

static bool is_label_value(const char *text)
{
    return !*text || is_word(text, strlen(text), LABEL_MAX, "-_.", true);
}

bool meta_labels_valid(struct call *c, const cJSON *labels, const char *field)
{
    JSON_EACH(label, labels) {
        if (!is_qualified(label->string) || !is_label_value(json_str(label, "")))
            return is_invalid(c, field, label->string);
    }
    return true;
}

static bool owners_valid(struct call *c, const cJSON *owners)
{
    static const char *const members[] = {"apiVersion", "kind", "name", "uid"};

    JSON_EACH(owner, owners) {
        for (size_t i = 0; i < COUNT(members); i++) {
            if (str_empty(json_str(owner, members[i])))
                return is_invalid(c, "metadata.ownerReferences", members[i]);
        }
    }
    return true;
}

bool meta_valid(struct call *c, const cJSON *doc)
{
    const char *name = json_str(doc, "metadata.name");

    if (!is_subdomain(name, strlen(name)))
        return is_invalid(c, "metadata.name", name);
    if (!meta_labels_valid(c, json_at(doc, "metadata.labels"), "metadata.labels"))
        return false;
    JSON_EACH(finalizer, json_at(doc, "metadata.finalizers")) {
        if (!is_qualified(json_str(finalizer, "")))
            return is_invalid(c, "metadata.finalizers", json_str(finalizer, ""));
    }
    return owners_valid(c, json_at(doc, "metadata.ownerReferences"));
}
