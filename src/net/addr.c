/* SPDX-License-Identifier: Apache-2.0 */
#include "sluice/net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* --- the tables: first `bits` of `net` -------------------------------------------------------- */

struct range {
    uint8_t net[16];
    unsigned bits;
};

static const struct range refused4[] = {
    {{0}, 8},                   /* "this host" */
    {{127}, 8},                 /* loopback */
    {{169, 254}, 16},           /* link-local; 169.254.169.254 is most clouds' metadata */
    {{224}, 3},                 /* multicast, reserved, broadcast */
    {{100, 100, 100, 200}, 32}, /* Alibaba metadata */
    {{168, 63, 129, 16}, 32},   /* Azure wire server */
    {{192, 0, 0, 192}, 32},     /* Oracle metadata, former */
};

static const struct range refused6[] = {
    {{0}, 127},                               /* :: and ::1 */
    {{0xfe, 0x80}, 10},                       /* link-local */
    {{0xff}, 8},                              /* multicast */
    {{0xfd, 0x00, 0x0e, 0xc2, [15] = 0}, 32}, /* AWS metadata fd00:ec2::254 and its siblings */
    {{0xfd, 0x20, 0x00, 0xce, [15] = 0}, 32}, /* Google metadata fd20:ce::254 */
};

/* IPv6 prefixes that carry an IPv4 address, and where. */
static const struct clothes {
    struct range range;
    unsigned offset;
    uint8_t mask; /* Teredo writes the address inverted */
} clothes[] = {
    {{{[10] = 0xff, [11] = 0xff}, 96}, 12, 0},           /* ::ffff:0:0/96, mapped */
    {{{[8] = 0xff, [9] = 0xff}, 96}, 12, 0},             /* ::ffff:0:0:0/96, translated */
    {{{0}, 96}, 12, 0},                                  /* ::/96, compatible */
    {{{0x20, 0x02}, 16}, 2, 0},                          /* 6to4 */
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, 12, 0},             /* NAT64 */
    {{{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, 12, 0}, /* NAT64, local prefix */
    {{{0x20, 0x01, 0x00, 0x00}, 32}, 12, 0xff},          /* Teredo */
};

static bool in_range(const uint8_t *address, const struct range *range)
{
    const unsigned whole = range->bits / 8, rest = range->bits % 8;
    const uint8_t mask = (uint8_t)(0xff00u >> rest);

    return memcmp(address, range->net, whole) == 0 &&
           (rest == 0 || ((address[whole] ^ range->net[whole]) & mask) == 0);
}

static bool refused(const uint8_t *address, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (in_range(address, &ranges[i]))
            return true;
    return false;
}

static bool allowed4(const uint8_t address[static 4])
{
    return !refused(address, refused4, COUNT(refused4));
}

static bool allowed6(const uint8_t address[static 16])
{
    if (refused(address, refused6, COUNT(refused6)))
        return false;
    for (size_t i = 0; i < COUNT(clothes); i++) {
        uint8_t inner[4];
        if (!in_range(address, &clothes[i].range))
            continue;
        for (size_t k = 0; k < sizeof(inner); k++)
            inner[k] = address[clothes[i].offset + k] ^ clothes[i].mask;
        if (!allowed4(inner))
            return false;
    }
    return true;
}

bool addr_allowed_for_gates(const struct sockaddr *address, void *arg)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    (void)arg;
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof(v4));
        return allowed4((const uint8_t *)&v4.sin_addr);
    case AF_INET6:
        memcpy(&v6, address, sizeof(v6));
        return allowed6(v6.sin6_addr.s6_addr);
    default:
        return false;
    }
}

void addr_format(const struct sockaddr *address, char out[static ADDR_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    switch (address->sa_family) {
    case AF_INET:
        memcpy(&v4, address, sizeof(v4));
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
        snprintf(out, ADDR_TEXT_MAX, "%s:%d", host, ntohs(v4.sin_port));
        break;
    case AF_INET6:
        memcpy(&v6, address, sizeof(v6));
        inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
        snprintf(out, ADDR_TEXT_MAX, "[%s]:%d", host, ntohs(v6.sin6_port));
        break;
    default:
        snprintf(out, ADDR_TEXT_MAX, "?");
    }
}

bool addr_parse(const char *host, int port, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (port < 0 || port > 65535)
        return false;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        v4.sin_port = htons((uint16_t)port);
        memcpy(out, &v4, sizeof(v4));
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        v6.sin6_port = htons((uint16_t)port);
        memcpy(out, &v6, sizeof(v6));
        return true;
    }
    return false;
}

unsigned addr_len(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}
