/* SPDX-License-Identifier: Apache-2.0 */
/* C84: addresses that gates may not reach, in all their clothes. */
#include "check.h"
#include "sluice/net/addr.h"

#include <sys/socket.h>
#include <sys/un.h>

static const struct {
    const char *address;
    bool allowed;
} rows[] = {
    {"10.0.0.1", true},
    {"192.168.1.1", true},
    {"172.16.0.1", true},
    {"100.64.0.1", true},
    {"8.8.8.8", true},
    {"198.18.0.1", true},
    {"223.255.255.255", true},
    {"0.0.0.0", false},
    {"0.1.2.3", false},
    {"127.0.0.1", false},
    {"127.255.255.254", false},
    {"128.0.0.1", true},
    {"126.255.255.255", true},
    {"169.254.169.254", false},
    {"169.254.0.1", false},
    {"169.253.255.255", true},
    {"169.255.0.0", true},
    {"224.0.0.1", false},
    {"239.255.255.255", false},
    {"240.0.0.1", false},
    {"255.255.255.255", false},
    {"100.100.100.200", false},
    {"100.100.100.201", true},
    {"168.63.129.16", false},
    {"192.0.0.192", false},
    {"::", false},
    {"::1", false},
    {"fe80::1", false},
    {"febf::1", false},
    {"fec0::1", true},
    {"ff02::1", false},
    {"fd00:ec2::254", false},
    {"fd20:ce::254", false},
    {"fd00::1", true},
    {"2001:db8::1", true},
    {"::ffff:127.0.0.1", false},
    {"::ffff:169.254.169.254", false},
    {"::ffff:10.0.0.1", true},
    {"::ffff:0:127.0.0.1", false},
    {"::127.0.0.1", false},
    {"::10.0.0.1", true},
    {"2002:7f00:1::1", false},
    {"2002:a9fe:a9fe::", false},
    {"2002:a00:1::", true},
    {"64:ff9b::127.0.0.1", false},
    {"64:ff9b::169.254.169.254", false},
    {"64:ff9b::8.8.8.8", true},
    {"64:ff9b:1::169.254.169.254", false},
    {"2001:0:1:2:3:4:5601:5601", false}, /* Teredo of 169.254.169.254 */
    {"2001:0:1:2:3:4:f5ff:fffe", true},  /* Teredo of 10.0.0.1 */
};

static void every_row(void **state)
{
    struct sockaddr_storage address;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(addr_parse(rows[i].address, 80, &address));
        CHECK(addr_allowed_for_gates((struct sockaddr *)&address, NULL) == rows[i].allowed, "%s",
              rows[i].address);
    }
}

static void other_families_are_refused(void **state)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    char text[ADDR_TEXT_MAX];

    (void)state;
    assert_false(addr_allowed_for_gates((struct sockaddr *)&local, NULL));
    addr_format((struct sockaddr *)&local, text);
    assert_string_equal(text, "?");
}

static void read_and_written(void **state)
{
    struct sockaddr_storage address;
    char text[ADDR_TEXT_MAX];

    (void)state;
    assert_true(addr_parse("10.0.0.1", 80, &address));
    addr_format((struct sockaddr *)&address, text);
    assert_string_equal(text, "10.0.0.1:80");
    assert_true(addr_parse("::1", 65535, &address));
    addr_format((struct sockaddr *)&address, text);
    assert_string_equal(text, "[::1]:65535");
    assert_false(addr_parse("localhost", 80, &address));
    assert_false(addr_parse("10.0.0.1", 65536, &address));
    assert_false(addr_parse("10.0.0.1", -1, &address));
    assert_false(addr_parse("[::1]", 80, &address));
    assert_false(addr_parse("010.0.0.1", 80, &address));
    assert_false(addr_parse("0x7f.1", 80, &address));
    assert_false(addr_parse("", 80, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(other_families_are_refused),
        cmocka_unit_test(read_and_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
