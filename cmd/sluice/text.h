/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - what a screen is made of: clean words, columns, wrapped blocks. Pure.
 *
 * Everything put on a screen passes one door that turns control bytes into '?' (an image name must
 * not steer somebody's terminal) and bad UTF-8 into U+FFFD. Colour only repeats what words say. */
#ifndef SLUICE_CMD_TEXT_H
#define SLUICE_CMD_TEXT_H

#include "sluice/base/arena.h"
#include "sluice/base/strbuf.h"

#define SCREEN_BYTES_MAX (16u * 1024 * 1024)
#define WIDTH_DEFAULT    80
#define WIDTH_MIN        40
#define WIDTH_MAX        1000
#define BLOCK_MARGIN     3 /* columns left free beside a hanging block */
#define TEXT_MARGIN      1 /* beside a paragraph */

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

struct screen {
    struct strbuf out;
    struct arena a; /* for the words of this screen */
    int width;
    bool color, verbose;
    int64_t now_ms;
    const char *program; /* "sluice", "kubectl sluice": for commands to type */
    const char *where;   /* flags those commands need too, " -n shop"; "" */
    int column;          /* of the cursor */
};

void screen_init(struct screen *s, int width, int64_t now_ms);
void screen_release(struct screen *s);
const char *screen_text(const struct screen *s);

void put(struct screen *s, const char *text);
void putf(struct screen *s, const char *fmt, ...) PRINTF(2, 3);
void put_styled(struct screen *s, enum style style, const char *text);
void put_spaces(struct screen *s, int count);
void put_to(struct screen *s, int column); /* at least one space when already beyond it */
void new_line(struct screen *s);           /* trailing blanks are cut */
/* Words from the cursor on; further lines are indented to where it stood. "71 %" stays whole.
 * No line end behind the last line. */
void put_block(struct screen *s, int margin, const char *text);
/* One paragraph indented by two, and its line end. */
void put_paragraph(struct screen *s, const char *fmt, ...) PRINTF(2, 3);
char *word(struct screen *s, const char *fmt, ...) PRINTF(2, 3); /* text living with the screen */

int text_width(const char *text); /* columns it takes once clean; NULL is 0 */
bool has_text(const char *text);

/* ---- columns --------------------------------------------------------------------------------- */

#define TABLE_COLUMNS 10
#define TABLE_GAP     3

struct column {
    const char *head; /* NULL or "": none */
    int least;        /* width at least this */
    bool right;       /* numbers: flush right */
    bool loose;       /* the head may hang over into the gap; the column does not grow for it */
    bool block;       /* the last column only: wrapped */
};

struct cell {
    const char *text;
    enum style style;
};

struct row {
    struct cell cells[TABLE_COLUMNS];
    char mark;        /* '>' for the present step, else 0 */
    const char *line; /* not a row but a line of its own, indented by `indent` */
    int indent;
    enum style style;
};

struct table {
    struct screen *s;
    int indent;
    size_t columns;
    struct column column[TABLE_COLUMNS];
    struct row *rows; /* in the screen's arena */
    size_t count, cap;
};

void table_init(struct table *t, struct screen *s, int indent);
void table_column(struct table *t, struct column column);
struct row *table_row(struct table *t); /* valid until the next table_row or table_line */
void table_line(struct table *t, int indent, enum style style, const char *text);
void table_put(struct table *t);
int table_width(const struct table *t, size_t column);

#endif
