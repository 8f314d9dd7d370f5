/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/base/utf8.h"

uint32_t utf8_point(const char *s, size_t n)
{
    static const unsigned char head_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (unsigned char)s[0] & head_bits[n];

    for (size_t i = 1; i < n; i++)
        point = point << 6 | ((unsigned char)s[i] & 0x3f);
    return point;
}

size_t utf8_char(const char *s, size_t len)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char head = len ? (unsigned char)s[0] : 0xff;
    const size_t n = head < 0x80 ? 1 : head < 0xc2 ? 0 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4;
    uint32_t point;

    if (n < 2)
        return n;
    if (head > 0xf4 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
    point = utf8_point(s, n);
    if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    return n;
}

size_t utf8_put(char out[static 4], uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    const size_t n = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (char)((0xf00u >> n & 0xf0) | point);
    return n;
}

size_t utf8_check(const char *s, size_t len)
{
    size_t at = 0;

    while (at < len) {
        const size_t n = utf8_char(s + at, len - at);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}
