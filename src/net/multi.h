/* SPDX-License-Identifier: Apache-2.0 */
/* multi.h - one curl_multi on the loop: its sockets and its timer, and nothing about HTTP.
 *
 * libcurl may not be entered again from its own callbacks: while multi_busy(), nothing may be
 * added or removed; `settled` says when that is over. */
#ifndef SLUICE_NET_MULTI_H
#define SLUICE_NET_MULTI_H

#include "sluice/net/loop.h"
#include <curl/curl.h>

struct multi;
struct multi_hooks {
    void (*finished)(CURL *easy, CURLcode code, void *arg); /* not busy; may add and remove */
    void (*settled)(void *arg); /* last, after each round of I/O; may free the multi */
    void *arg;
};

struct multi *multi_new(struct loop *loop, const struct multi_hooks *hooks);
void multi_free(struct multi *m); /* closes its connections; all handles are removed before */
void multi_add(struct multi *m, CURL *easy);
void multi_remove(struct multi *m, CURL *easy);
bool multi_busy(const struct multi *m);
bool multi_acting(const struct multi *m);  /* busy, or telling about what finished: do not free */
size_t multi_count(const struct multi *m); /* handles in it */

#endif
