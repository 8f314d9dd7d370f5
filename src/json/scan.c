/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"
#include "sluice/base/utf8.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

const char *scan_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* Most of what comes is inside of strings: it is looked at in pieces of BLOCK bytes. `special_in`
 * has a bit for each byte of the piece at `p` that is not plain, STEP of them apart, the first
 * byte's lowest; what is above the lowest may be wrong. */
#ifdef __SSE2__
#define BLOCK 16
#define STEP  1

static unsigned special_in(const char *p)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    /* As signed numbers, those from 0x80 on are below zero. */
    const __m128i other = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), other));
}
#elif __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BLOCK 8
#define STEP  8

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (c))

static uint64_t zero_bytes(uint64_t x)
{
    return (x - EACH_BYTE(0x01)) & ~x & EACH_BYTE(0x80);
}

static uint64_t special_in(const char *p)
{
    uint64_t x, control;

    memcpy(&x, p, sizeof(x));
    control = (x - EACH_BYTE(0x20)) & ~x & EACH_BYTE(0x80);
    return control | (x & EACH_BYTE(0x80)) | zero_bytes(x ^ EACH_BYTE('"')) |
           zero_bytes(x ^ EACH_BYTE('\\'));
}
#endif

const char *scan_plain(const char *p, const char *end)
{
#ifdef BLOCK
    for (; end - p >= BLOCK; p += BLOCK) {
        const uint64_t special = special_in(p);
        if (special)
            return p + __builtin_ctzll(special) / STEP;
    }
#endif
    while (p < end && is_plain(*p))
        p++;
    return p;
}

const char *scan_string(const char *p, const char *end)
{
    for (p = scan_plain(p + 1, end); p < end && *p != '"'; p = scan_plain(p + 1, end))
        if (*p == '\\' && p + 1 < end)
            p++;
    return p < end ? p + 1 : end;
}

static const char *over_word(const char *p, const char *end)
{
    while (p < end && !memchr(",]} \t\r\n", *p, 7))
        p++;
    return p;
}

/* Over a container. Braces and brackets are told apart by one bit, which does not matter here: the
 * text is known to be valid. */
static const char *over_container(const char *p, const char *end)
{
    const char either = '{' ^ '[';
    size_t depth = 0;

    while (p < end) {
        if (*p == '"') {
            p = scan_string(p, end);
            continue;
        }
        const char c = (char)(*p++ | either);
        if (c == '{')
            depth++;
        else if (c == '}' && --depth == 0)
            return p;
    }
    return end;
}

const char *scan_value(const char *p, const char *end)
{
    if (p >= end)
        return end;
    if (*p == '"')
        return scan_string(p, end);
    return *p == '{' || *p == '[' ? over_container(p, end) : over_word(p, end);
}

bool scan_key(struct jslice slice, const char **p, struct jslice *key)
{
    const char *const end = slice.p + slice.len;
    const char *at = *p ? scan_blank(*p, end) : slice.p + 1;

    if (*p && at < end && *at == ',')
        at++;
    at = scan_blank(at, end);
    if (at >= end || *at == '}' || *at == ']')
        return false;
    *key = (struct jslice){0};
    if (slice.p[0] == '{') {
        key->p = at;
        at = *at == '"' ? scan_string(at, end) : over_word(at, end);
        key->len = (size_t)(at - key->p);
        at = scan_blank(at, end);
        if (at < end && *at == ':')
            at++;
        at = scan_blank(at, end);
    }
    *p = at;
    return true;
}

bool scan_next(struct jslice slice, const char **p, struct scan_item *item)
{
    if (!scan_key(slice, p, &item->key))
        return false;
    item->value.p = *p;
    *p = scan_value(*p, slice.p + slice.len);
    item->value.len = (size_t)(*p - item->value.p);
    return *p > slice.p + 1;
}

/* --- strings ---------------------------------------------------------------------------------- */

/* The four digits of \uXXXX at `p`; -1 when they are not. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t value = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const char *const digits = "0123456789abcdef";
        const char lower = (char)(p[i] >= 'A' && p[i] <= 'F' ? p[i] + ('a' - 'A') : p[i]);
        const char *digit = memchr(digits, lower, 16);
        if (!digit)
            return -1;
        value = value * 16 + (int32_t)(digit - digits);
    }
    return value;
}

/* \uXXXX or a pair of them, `p` behind the backslash; the code point is 0 for what we refuse. */
static const char *unicode_escape(const char *p, const char *end, uint32_t *point)
{
    const int32_t high = hex4(p + 1, end);

    *point = 0;
    if (high < 0)
        return p + 1;
    p += 5;
    if (high < 0xd800 || high > 0xdfff) {
        *point = (uint32_t)high;
        return p;
    }
    if (high < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        const int32_t low = hex4(p + 2, end);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *point = 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
            return p + 6;
        }
    }
    return p;
}

const char *scan_char(const char *p, const char *end, char out[static 4], size_t *n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t point = 0;

    if (*p != '\\' || p + 1 >= end) {
        out[0] = *p;
        *n = 1;
        return p + 1;
    }
    p++;
    if (*p == 'u') {
        p = unicode_escape(p, end, &point);
        *n = utf8_put(out, point);
        return p;
    }
    const char *found = memchr(from, *p, sizeof(from) - 1);
    out[0] = found ? to[found - from] : '\0';
    *n = 1;
    return p + 1;
}

/* How many bytes of `name` the quoted `key` reads as; SIZE_MAX when it differs. */
static size_t key_match(struct jslice key, const char *name, size_t len)
{
    const char *p = key.p + 1, *const end = key.p + key.len - 1;
    size_t at = 0;

    if (key.len < 2)
        return SIZE_MAX;
    while (p < end) {
        char c[4];
        size_t n;
        p = scan_char(p, end, c, &n);
        if (n > len - at || memcmp(name + at, c, n) != 0)
            return SIZE_MAX;
        at += n;
    }
    return at;
}

bool scan_key_is(struct jslice key, const char *name, size_t len)
{
    return key_match(key, name, len) == len;
}

const char *scan_path_rest(struct jslice key, const char *path)
{
    const size_t n = key_match(key, path, strlen(path));

    if (n == SIZE_MAX || n == 0)
        return NULL;
    if (path[n] == '\0')
        return path + n;
    return path[n] == '.' && path[n + 1] ? path + n + 1 : NULL;
}

void scan_unquote(struct strbuf *out, struct jslice quoted)
{
    const char *p = quoted.p + 1, *const end = quoted.p + quoted.len - 1;

    while (p < end) {
        char c[4];
        size_t n;
        p = scan_char(p, end, c, &n);
        strbuf_add(out, c, n);
    }
}
