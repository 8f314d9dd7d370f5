/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/kube/sync.h"

#include <stdlib.h>
#include <string.h>

void kube_reply_release(struct kube_reply_owned *r)
{
    free(r->body);
    *r = (struct kube_reply_owned){0};
}

struct waiter {
    bool done;
    struct kube_reply_owned reply;
    struct err err;
};

static void on_done(const struct kube_reply *reply, void *arg)
{
    struct waiter *w = arg;

    w->done = true;
    w->err = reply->err;
    w->reply.code = reply->code;
    w->reply.len = reply->len;
    w->reply.body = xmalloc(reply->len + 1);
    memcpy(w->reply.body, reply->body, reply->len);
    w->reply.body[reply->len] = '\0';
}

static bool is_done(void *arg)
{
    const struct waiter *w = arg;

    return w->done;
}

bool kube_call(struct kube_client *c, const struct kube_request *req, struct kube_reply_owned *out,
               struct err *e)
{
    struct waiter w = {0};
    struct kube_call *call = kube_send(c, req, on_done, &w);

    if (!loop_run_until(kube_client_loop(c), is_done, &w, -1)) {
        kube_cancel(call);
        return err_set(e, req->verb == KUBE_GET ? ERR_RETRY : ERR_UNKNOWN, "interrupted");
    }
    if (w.err.kind != ERR_NONE) {
        if (e)
            *e = w.err;
        kube_reply_release(&w.reply);
        return false;
    }
    *out = w.reply;
    return true;
}
