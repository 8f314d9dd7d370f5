/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "sluice/base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-file-XXXXXX";
static char path[256];

static int make_folder(void **state UNUSED)
{
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/file", folder);
    return 0;
}

static int drop_folder(void **state UNUSED)
{
    unlink(path);
    return rmdir(folder);
}

static void write_file(const char *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void whole_file_is_read(void **state UNUSED)
{
    static const size_t sizes[] = {0, 1, 4095, 65536, 65537, 200000};
    static char data[200000];
    uint64_t seed = 3;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)next_random(&seed);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        auto_free char *text = NULL;
        struct err e = {0};
        size_t len = 99;
        write_file(data, sizes[i]);
        assert_true(file_read(path, sizeof(data), &text, &len, &e));
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(text, data, len);
        assert_int_equal(text[len], '\0');
        assert_int_equal(e.kind, ERR_NONE);
    }
}

static void limit_is_exact(void **state UNUSED)
{
    auto_free char *text = NULL;
    struct err e = {0};
    size_t len = 7;

    write_file("12345", 5);
    assert_false(file_read(path, 4, &text, &len, &e));
    assert_int_equal(e.kind, ERR_INVALID);
    assert_non_null(strstr(e.text, "larger than 4 bytes"));
    assert_non_null(strstr(e.text, path));
    assert_null(text);
    assert_int_equal(len, 7);
    assert_true(file_read(path, 5, &text, &len, &e));
    assert_string_equal(text, "12345");
}

static void failures_say_why(void **state UNUSED)
{
    auto_free char *text = NULL;
    struct err e = {0};
    size_t len = 0;

    assert_false(file_read("/nowhere/at/all", 10, &text, &len, &e));
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    assert_string_equal(e.text, "/nowhere/at/all: No such file or directory");
    assert_false(file_read(folder, 10, &text, &len, &e));
    assert_int_equal(e.kind, ERR_INVALID);
    write_file("x", 1);
    if (geteuid() != 0) {
        assert_int_equal(chmod(path, 0), 0);
        assert_false(file_read(path, 10, &text, &len, &e));
        assert_int_equal(e.kind, ERR_DENIED);
        assert_int_equal(chmod(path, 0600), 0);
    }
}

static void dash_is_standard_input(void **state UNUSED)
{
    const int former = dup(STDIN_FILENO);
    auto_free char *text = NULL;
    struct err e = {0};
    size_t len = 0;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "piped", 5), 5);
    close(fds[1]);
    assert_true(dup2(fds[0], STDIN_FILENO) >= 0);
    close(fds[0]);
    assert_true(file_read("-", 10, &text, &len, &e));
    assert_string_equal(text, "piped");
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* still open */
    dup2(former, STDIN_FILENO);
    close(former);
}

static void no_descriptor_leaks(void **state UNUSED)
{
    const int before = dup(STDIN_FILENO);

    close(before);
    for (int i = 0; i < 10; i++) {
        auto_free char *text = NULL;
        struct err e = {0};
        size_t len;
        write_file("12345", 5);
        assert_true(file_read(path, 5 + (size_t)i, &text, &len, &e));
        assert_false(file_read(folder, 10, &text, &len, &e));
    }
    const int after = dup(STDIN_FILENO);
    close(after);
    assert_int_equal(before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_file_is_read),  cmocka_unit_test(limit_is_exact),
        cmocka_unit_test(failures_say_why),    cmocka_unit_test(dash_is_standard_input),
        cmocka_unit_test(no_descriptor_leaks),
    };

    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
