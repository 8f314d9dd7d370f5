/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - columns as wide as what stands in them, three blanks between, none at the end. */
#include "text.h"

#include <string.h>

void table_init(struct table *t, struct screen *s, int indent)
{
    *t = (struct table){.s = s, .indent = indent};
}

void table_column(struct table *t, struct column column)
{
    assert(t->columns < TABLE_COLUMNS);
    t->column[t->columns++] = column;
}

struct row *table_row(struct table *t)
{
    if (t->count == t->cap) {
        struct row *more;
        t->cap = t->cap ? t->cap * 2 : 16;
        more = ARENA_ARRAY(&t->s->a, struct row, t->cap);
        if (t->count)
            memcpy(more, t->rows, t->count * sizeof(*more));
        t->rows = more;
    }
    return &t->rows[t->count++];
}

void table_line(struct table *t, int indent, enum style style, const char *text)
{
    struct row *r = table_row(t);

    r->line = text;
    r->indent = indent;
    r->style = style;
}

int table_width(const struct table *t, size_t column)
{
    const struct column *c = &t->column[column];
    int width = c->least;

    if (!c->loose)
        width = (int)max_i64(width, text_width(c->head));
    for (size_t i = 0; i < t->count; i++)
        if (!t->rows[i].line)
            width = (int)max_i64(width, text_width(t->rows[i].cells[column].text));
    return width;
}

static void put_cell(struct table *t, size_t column, const struct cell *cell, bool last)
{
    const struct column *c = &t->column[column];

    if (last && c->block && t->s->width - t->s->column > 24)
        put_block(t->s, BLOCK_MARGIN, cell->text);
    else
        put_styled(t->s, cell->style, cell->text);
}

static bool any_head(const struct table *t)
{
    for (size_t i = 0; i < t->columns; i++)
        if (has_text(t->column[i].head))
            return true;
    return false;
}

static void put_heads(struct table *t, const int *starts)
{
    if (!any_head(t))
        return;
    for (size_t i = 0; i < t->columns; i++) {
        if (!has_text(t->column[i].head))
            continue;
        put_to(t->s, starts[i]);
        put_styled(t->s, STYLE_DIM, t->column[i].head);
    }
    new_line(t->s);
}

static void put_row(struct table *t, const struct row *r, const int *starts, const int *widths)
{
    struct screen *s = t->s;

    if (r->mark) {
        put_spaces(s, t->indent - 2);
        put_styled(s, STYLE_BOLD, word(s, "%c", r->mark));
    }
    for (size_t i = 0; i < t->columns; i++) {
        const struct cell *cell = &r->cells[i];
        const int width = text_width(cell->text);

        if (width == 0)
            continue;
        put_to(s, starts[i] + (t->column[i].right ? widths[i] - width : 0));
        put_cell(t, i, cell, i + 1 == t->columns);
    }
    new_line(s);
}

void table_put(struct table *t)
{
    int starts[TABLE_COLUMNS], widths[TABLE_COLUMNS], at = t->indent;

    for (size_t i = 0; i < t->columns; i++) {
        widths[i] = table_width(t, i);
        starts[i] = at;
        at += widths[i] + TABLE_GAP;
    }
    put_heads(t, starts);
    for (size_t i = 0; i < t->count; i++) {
        const struct row *r = &t->rows[i];
        if (r->line) {
            put_spaces(t->s, r->indent);
            put_styled(t->s, r->style, r->line);
            new_line(t->s);
        } else {
            put_row(t, r, starts, widths);
        }
    }
}
