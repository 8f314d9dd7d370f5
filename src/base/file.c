/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/base/file.h"
#include "sluice/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_CHUNK ((size_t)64 * 1024)

static enum err_kind kind_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
        return ERR_INVALID;
    default:
        return ERR_RETRY;
    }
}

static void close_fd(const int *fd)
{
    if (*fd > STDERR_FILENO)
        close(*fd);
}

static bool read_all(int fd, struct strbuf *b, struct err *e)
{
    auto_free char *chunk = xmalloc(READ_CHUNK);

    for (;;) {
        const ssize_t n = read(fd, chunk, READ_CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(e, kind_of(errno), "%s", strerror(errno));
        if (!strbuf_add(b, chunk, (size_t)n))
            return err_set(e, ERR_INVALID, "larger than %zu bytes", b->max);
        if (n == 0)
            return true;
    }
}

bool file_read(const char *path, size_t max, char **text, size_t *len, struct err *e)
{
    const bool standard_input = strcmp(path, "-") == 0;
    CLEANUP(close_fd) int fd = STDIN_FILENO;
    auto_strbuf struct strbuf b = {.max = max};

    if (!standard_input)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, kind_of(errno), "%s: %s", path, strerror(errno));
    if (!read_all(fd, &b, e))
        return err_wrap(e, "%s", standard_input ? "standard input" : path);
    *text = b.p;
    *len = b.len;
    strbuf_init(&b, max); /* the caller owns the bytes now */
    return true;
}
