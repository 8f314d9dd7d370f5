/* SPDX-License-Identifier: Apache-2.0 */
/* live.h - a screen that is kept up to date without flicker; and screens written once.
 *
 * On a terminal each frame is one write: back to the first line, every line over the old one, the
 * rest cleared. The last frame stays in the scroll-back. Elsewhere frames are appended. */
#ifndef SLUICE_CMD_LIVE_H
#define SLUICE_CMD_LIVE_H

#include "session.h"

struct live {
    bool terminal, began;
    bool closed;        /* nobody reads any more: end */
    int rows, columns;  /* of the window at the last frame */
    int lines;          /* the last frame's height */
    struct strbuf last; /* elsewhere than on a terminal: what was written last */
};

void live_init(struct live *l);
void live_draw(struct live *l, const char *text);
void live_end(struct live *l); /* the cursor is shown again; releases */

/* The bytes of one frame. `lines_before` of the former frame, -1: clear the window first. Gives
 * the height of this one, which is at most rows - 1. Pure. */
int live_frame(struct strbuf *out, const char *text, int rows, int lines_before);

int terminal_width(void);
int terminal_rows(void);

/* JSON text, re-indented as kubectl does (four blanks). Pure; `json` is valid. */
void pretty_json(struct strbuf *out, const char *json, size_t len);
/* An object without metadata.managedFields, in the form of -o json or yaml, on stdout. */
void print_object(struct arena *a, enum output form, struct jslice object);
/* The same for a list as the API server gives it: a v1 List of its items. */
void print_list(struct arena *a, enum output form, struct jslice list);

#endif
