/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - help, written from the two tables. */
#include "cli.h"

#include <string.h>

static const char *const groups[] = {
    [GROUP_LOOK] = "Look",
    [GROUP_ACT] = "Act",
    [GROUP_CHECK] = "Check",
    [GROUP_OTHER] = "Other",
};

static void put_line(struct screen *s, const char *text)
{
    put(s, text);
    new_line(s);
}

static void put_group(struct screen *s, enum group group)
{
    struct table t;

    new_line(s);
    put_styled(s, STYLE_BOLD, word(s, "%s:", groups[group]));
    new_line(s);
    table_init(&t, s, 2);
    table_column(&t, (struct column){.least = 10});
    table_column(&t, (struct column){.block = true});
    for (size_t i = 0; i < command_count; i++) {
        struct row *r = commands[i].group == group ? table_row(&t) : NULL;
        if (!r)
            continue;
        r->cells[0].text = commands[i].name;
        r->cells[1].text = commands[i].summary;
    }
    table_put(&t);
}

void help_all(struct screen *s)
{
    put_line(s, "sluice gives an ordinary Deployment gated, blue-green and canary releases.");
    for (size_t i = 0; i < COUNT(groups); i++)
        put_group(s, (enum group)i);
    new_line(s);
    put_line(s, word(s, "Usage: %s COMMAND [NAME] [flags]", s->program));
    put_line(s, word(s, "More:  %s COMMAND --help", s->program));
}

static void put_flags(struct screen *s, const struct command *c, bool cluster)
{
    struct table t;
    bool any = false;

    table_init(&t, s, 2);
    table_column(&t, (struct column){0});
    table_column(&t, (struct column){.block = true});
    for (size_t i = 0; i < flag_count; i++) {
        const struct flag *f = &flags[i];
        struct row *r;
        if (!flag_is_taken(f, c) || (f->bit == FLAG_CLUSTER) != cluster)
            continue;
        any = true;
        r = table_row(&t);
        r->cells[0].text =
            word(s, "%c%c%s --%s%s%s", f->letter ? '-' : ' ', f->letter ? f->letter : ' ',
                 f->letter ? "," : " ", f->name, f->value ? " " : "", f->value ? f->value : "");
        r->cells[1].text = f->help;
    }
    if (!any)
        return;
    new_line(s);
    put_styled(s, STYLE_BOLD, cluster ? "Flags for the cluster:" : "Flags:");
    new_line(s);
    table_put(&t);
}

/* Line by line: a line that begins with a blank is laid out already. */
static void put_text(struct screen *s, const char *text)
{
    while (text && *text) {
        const size_t len = strcspn(text, "\n");
        const char *line = word(s, "%.*s", (int)len, text);
        if (line[0] == ' ')
            put(s, line);
        else
            put_block(s, TEXT_MARGIN, line);
        new_line(s);
        text += len + (text[len] == '\n');
    }
}

static void put_examples(struct screen *s, const char *text)
{
    if (!text)
        return;
    new_line(s);
    put_styled(s, STYLE_BOLD, "Examples:");
    new_line(s);
    while (*text) {
        const size_t len = strcspn(text, "\n");
        put_line(s, word(s, "  %s%.*s", s->program, (int)len - 1, text + 1));
        text += len + (text[len] == '\n');
    }
}

void help_command(struct screen *s, const struct command *c)
{
    put_text(s, word(s, "%s.", c->summary));
    if (c->details) {
        new_line(s);
        put_text(s, c->details);
    }
    new_line(s);
    put_line(
        s, word(s, "Usage: %s %s%s%s [flags]", s->program, c->name, *c->args ? " " : "", c->args));
    put_examples(s, c->examples);
    put_flags(s, c, false);
    put_flags(s, c, true);
}
