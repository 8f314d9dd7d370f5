/* SPDX-License-Identifier: Apache-2.0 */
#include "live.h"
#include "words.h"

#include "sluice/base/clock.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SYNC_ON      "\033[?2026h" /* terminals that know it show the frame at once */
#define SYNC_OFF     "\033[?2026l"
#define WRAP_OFF     "\033[?7l"
#define WRAP_ON      "\033[?7h"
#define CURSOR_OFF   "\033[?25l"
#define CURSOR_ON    "\033[?25h"
#define CLEAR        "\033[H\033[2J"
#define LINE_END     "\033[K\n"
#define CLEAR_BELOW  "\033[J"
#define ROWS_DEFAULT 24
#define TAIL_LINES   4 /* kept in a low window: what is awaited, what to type */

static struct winsize window(void)
{
    struct winsize w = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0)
        w = (struct winsize){0};
    return w;
}

static int from_environment(const char *name)
{
    const char *value = getenv(name);

    return (int)max_i64(words_number(value), 0);
}

int terminal_width(void)
{
    const int given = from_environment("COLUMNS");
    const int is = window().ws_col;

    return is > 0 ? is : given > 0 ? given : WIDTH_DEFAULT;
}

int terminal_rows(void)
{
    const int is = window().ws_row;

    return is > 0 ? is : ROWS_DEFAULT;
}

bool on_terminal(void)
{
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && !str_equal(term, "dumb");
}

/* False: nobody reads on. */
static bool write_all(const char *p, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(STDOUT_FILENO, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

/* --- one screen ------------------------------------------------------------------------------- */

void screen_for(struct screen *s, const struct cli *cli, const struct session *session)
{
    const char *no_color = getenv("NO_COLOR");

    screen_init(s, terminal_width(), clock_wall_ms());
    s->color = on_terminal() && !cli->opt.no_color && !has_text(no_color);
    s->verbose = cli->opt.verbose;
    s->program = cli->program;
    if (session && cli->opt.namespace)
        s->where = word(s, " -n %s", cli->opt.namespace);
    if (session && cli->opt.context)
        s->where = word(s, "%s --context %s", s->where, cli->opt.context);
}

void screen_show(struct screen *s)
{
    fflush(stdout);
    write_all(screen_text(s), s->out.len);
    screen_release(s);
}

/* --- frames ----------------------------------------------------------------------------------- */

static int count_lines(const char *text)
{
    int n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

int live_frame(struct strbuf *out, const char *text, int rows, int lines_before)
{
    const int most = rows > 2 ? rows - 1 : 1, all = count_lines(text);
    const int tail = (int)min_i64(TAIL_LINES, most / 2), head = most - tail - 1;
    int shown = 0;

    strbuf_adds(out, SYNC_ON WRAP_OFF);
    if (lines_before < 0)
        strbuf_adds(out, CLEAR);
    else if (lines_before > 0)
        strbuf_addf(out, "\033[%dA\r", lines_before);
    for (int i = 0; i < all; i++) {
        const size_t len = strcspn(text, "\n");
        const bool fits = all <= most || i < head || i >= all - tail;
        if (fits)
            strbuf_add(out, text, len);
        else if (i == head)
            strbuf_adds(out, "(more here: make the window higher)");
        if (fits || i == head) {
            strbuf_adds(out, LINE_END);
            shown++;
        }
        text += len + 1;
    }
    strbuf_adds(out, CLEAR_BELOW WRAP_ON SYNC_OFF);
    return shown;
}

void live_init(struct live *l)
{
    *l = (struct live){.terminal = on_terminal()};
    strbuf_init(&l->last, SCREEN_BYTES_MAX);
}

static void draw_on_terminal(struct live *l, const char *text)
{
    auto_strbuf struct strbuf out = {.max = SCREEN_BYTES_MAX};
    const int rows = terminal_rows(), columns = terminal_width();
    const bool resized = l->began && (rows != l->rows || columns != l->columns);

    if (!l->began)
        strbuf_adds(&out, CURSOR_OFF);
    l->lines = live_frame(&out, text, rows, resized ? -1 : l->lines);
    l->rows = rows;
    l->columns = columns;
    l->closed = !write_all(strbuf_str(&out), out.len);
}

static void append(struct live *l, const char *text)
{
    if (strcmp(strbuf_str(&l->last), text) == 0)
        return;
    if (l->began)
        write_all("\n", 1);
    l->closed = !write_all(text, strlen(text));
    strbuf_reset(&l->last);
    strbuf_adds(&l->last, text);
}

void live_draw(struct live *l, const char *text)
{
    if (l->terminal)
        draw_on_terminal(l, text);
    else
        append(l, text);
    l->began = true;
}

void live_end(struct live *l)
{
    if (l->terminal && l->began)
        write_all(CURSOR_ON, strlen(CURSOR_ON));
    strbuf_release(&l->last);
}
