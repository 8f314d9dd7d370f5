/* SPDX-License-Identifier: Apache-2.0 */
/* err.h - an error is a value on the caller's stack, named after the reaction it wants.
 *
 * Convention: `bool f(..., struct err *e)`, true on success, `e` untouched then; on failure the
 * out-parameters are untouched. Text gains context while it unwinds: "token /x: not JSON ...". */
#ifndef SLUICE_BASE_ERR_H
#define SLUICE_BASE_ERR_H

#include "sluice/base/base.h"

enum err_kind {
    ERR_NONE = 0,
    ERR_RETRY,     /* transient: 5xx, 429, reset; again, later each time */
    ERR_UNKNOWN,   /* a write whose outcome is not known: look live, never repeat (C10, C61) */
    ERR_CONFLICT,  /* 409, 422 of a JSON Patch test: our snapshot was stale, look and plan again */
    ERR_EXISTS,    /* 409 AlreadyExists on create (C42) */
    ERR_NOT_FOUND, /* 404 */
    ERR_GONE,      /* 410, or "too large resource version": list again (C23) */
    ERR_DENIED,    /* 401, 403 RBAC: say so, try slowly */
    ERR_QUOTA,     /* 403 exceeded quota: say so, try slowly (C45) */
    ERR_TERMINATING, /* 403 NamespaceTerminating: final, write nothing */
    ERR_INVALID,     /* the user's input, 422, admission denial: say so, wait for an edit */
    ERR_BUG,         /* cannot happen; reported like ERR_RETRY */
};

struct err {
    enum err_kind kind;
    int retry_after_s; /* from 429 Retry-After, else 0 (C74) */
    char text[512];    /* one line, UTF-8, control bytes escaped, cut at the end if too long */
};

bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4); /* false */
bool err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3); /* prefix "ctx: "; false */
const char *err_kind_name(enum err_kind kind); /* "Conflict" ... for logs and metrics */

#endif
