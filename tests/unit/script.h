/* SPDX-License-Identifier: Apache-2.0 */
/* script.h - an HTTP/1.1 server on the loop that plays a script: this request, that answer.
 *
 * Steps are taken in order, whatever connection a request comes on. A request that is not the
 * next step's is answered 599 and noted; script_check() fails the test with all that went wrong. */
#ifndef SLUICE_TESTS_UNIT_SCRIPT_H
#define SLUICE_TESTS_UNIT_SCRIPT_H

#include "sluice/base/base.h"
#include "sluice/net/loop.h"

enum script_end {
    SCRIPT_KEEP,   /* the connection stays for more requests */
    SCRIPT_CLOSE,  /* a clean end behind the answer */
    SCRIPT_RESET,  /* RST behind what was sent; with code 0: instead of an answer */
    SCRIPT_STREAM, /* chunked and open: script_push, script_finish */
    SCRIPT_HANG,   /* no answer at all */
};

struct script_step {
    const char *want;      /* the request begins so: "GET /path?query"; NULL: any */
    const char *want_head; /* stands somewhere in the request's head; NULL: any */
    const char *want_body; /* the body is this; NULL: any */
    const char *lack_head; /* stands nowhere in the head; NULL: no matter */
    int code;              /* 0: nothing is answered */
    const char *headers;   /* more header lines, each with \r\n; NULL: none */
    const char *body;      /* NULL: "" */
    size_t body_len;       /* 0: strlen */
    size_t claim_len;      /* Content-Length when it is not the body's; 0: it is */
    bool no_length;        /* neither length nor chunks: the end of the connection ends it */
    enum script_end end;
    size_t piece; /* bytes a write, each after the loop came round; 0: all at once */
};

struct script;
struct script *script_new(struct loop *loop);
/* The same over TLS; PEM texts. `client_ca` not NULL: a client certificate of it is wanted. */
struct script *script_new_tls(struct loop *loop, const char *cert, const char *key,
                              const char *client_ca);
void script_free(struct script *s);
int script_port(const struct script *s);
const char *script_url(const struct script *s); /* "http://127.0.0.1:PORT" */

/* Behind the steps that are there. Texts are borrowed until the script is freed. */
void script_add(struct script *s, const struct script_step *step);
#define SCRIPT(s, ...) script_add((s), &(struct script_step){__VA_ARGS__})
size_t script_left(const struct script *s);     /* steps not taken yet */
bool script_empty(void *script);                /* the same as a condition of loop_run_until */
size_t script_requests(const struct script *s); /* seen so far */
size_t script_connections(const struct script *s);
size_t script_open(const struct script *s);      /* connections open now */
const char *script_last(const struct script *s); /* the last request, head and body */
/* When the answer to the last request began. */
int64_t script_last_ms(const struct script *s);

/* The latest open stream. */
void script_push(struct script *s, const char *text);
void script_push_bytes(struct script *s, const char *p, size_t len);
void script_finish(struct script *s, enum script_end end); /* KEEP: last chunk; CLOSE, RESET */
bool script_streaming(void *script);                       /* is one open? */

void script_check(struct script *s); /* fails when a request was not as told */

#endif
