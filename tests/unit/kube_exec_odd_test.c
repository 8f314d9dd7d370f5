/* SPDX-License-Identifier: Apache-2.0 */
/* Credential plugins that hang, ask, or are told more (C18): time is this file's. */
#include "check.h"
#include "sluice/base/clock.h"
#include "sluice/kube/config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nobody waits a minute: the clock is as far ahead as its calls are many. */
static struct {
    int calls, from; /* the first that is `ms` late; 0: none is */
    int64_t ms;
} late;

__typeof__(clock_mono_ms) __wrap_clock_mono_ms;
__typeof__(clock_mono_ms) __real_clock_mono_ms;

int64_t __wrap_clock_mono_ms(void)
{
    const bool is_late = late.from && ++late.calls >= late.from;

    return __real_clock_mono_ms() + (is_late ? late.ms : 0);
}

/* Calls that fail so often, with an error each; the real one comes after. */
static struct failing {
    int left, error;
} pipes, polls, reads, waits, outputs, inputs;

static bool fails_now(struct failing *f)
{
    if (f->left == 0)
        return false;
    f->left--;
    errno = f->error;
    return true;
}

__typeof__(pipe2) __real_pipe2;
__typeof__(pipe2) __wrap_pipe2;
__typeof__(poll) __real_poll;
__typeof__(poll) __wrap_poll;
__typeof__(read) __real_read;
__typeof__(read) __wrap_read;
__typeof__(waitpid) __real_waitpid;
__typeof__(waitpid) __wrap_waitpid;

int __wrap_pipe2(int fds[2], int flags)
{
    return fails_now(&pipes) ? -1 : __real_pipe2(fds, flags);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int ms)
{
    return fails_now(&polls) ? -1 : __real_poll(fds, count, ms);
}

ssize_t __wrap_read(int fd, void *to, size_t len)
{
    return fails_now(&reads) ? -1 : __real_read(fd, to, len);
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
    return fails_now(&waits) ? -1 : __real_waitpid(pid, status, options);
}

__typeof__(posix_spawn_file_actions_adddup2) __real_posix_spawn_file_actions_adddup2;
__typeof__(posix_spawn_file_actions_adddup2) __wrap_posix_spawn_file_actions_adddup2;
__typeof__(posix_spawn_file_actions_addopen) __real_posix_spawn_file_actions_addopen;
__typeof__(posix_spawn_file_actions_addopen) __wrap_posix_spawn_file_actions_addopen;

int __wrap_posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from, int to)
{
    return fails_now(&outputs) ? errno : __real_posix_spawn_file_actions_adddup2(actions, from, to);
}

int __wrap_posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd,
                                            const char *path, int flags, mode_t mode)
{
    return fails_now(&inputs)
               ? errno
               : __real_posix_spawn_file_actions_addopen(actions, fd, path, flags, mode);
}

static struct kube_exec exec;
static struct kube_config config;
static const char *args[] = {"-c", NULL};

static int set_up(void **state UNUSED)
{
    exec = (struct kube_exec){.command = "sh",
                              .args = args,
                              .arg_count = 2,
                              .api_version = "client.authentication.k8s.io/v1",
                              .interactive_mode = "Never"};
    config = (struct kube_config){.server = "https://h:1", .exec = &exec};
    memset(&late, 0, sizeof(late));
    return 0;
}

static bool run(const char *script, struct kube_exec_result *out, struct err *e)
{
    args[1] = script;
    return kube_exec_run(&config, out, e);
}

static void fails(const char *script, const char *want)
{
    struct kube_exec_result got = {0};
    struct err e = {0};

    CHECK(!run(script, &got, &e), "%s", script);
    CHECK(strstr(e.text, want), "%s: \"%s\", want \"%s\"", script, e.text, want);
    assert_null(got.token);
}

/* What the plugin was told, its quotes as '~'; `script` puts it into $t. */
static const char *told(const char *script)
{
    static char text[4096];
    char line[1024];
    struct kube_exec_result got = {0};
    struct err e = {0};

    snprintf(line, sizeof(line),
             "t=$(%s | sed 's/\"/~/g')\n"
             "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":"
             "\"ExecCredential\",\"status\":{\"token\":\"%%s\"}}' \"$t\"",
             script);
    CHECK(run(line, &got, &e), "%s: %s", script, e.text);
    snprintf(text, sizeof(text), "%s", got.token);
    kube_exec_result_release(&got);
    return text;
}

#define INFO "printf %s \"$KUBERNETES_EXEC_INFO\""
#define HEAD "{~apiVersion~:~client.authentication.k8s.io/v1~,~kind~:~ExecCredential~,~spec~:{"

/* ---- what it is told ------------------------------------------------------------------------- */

/* ... by us: what the environment says of it is of somebody else's plugin. */
static void its_cluster_only_when_it_asks(void **state UNUSED)
{
    setenv("KUBERNETES_EXEC_INFO", "of another", 1);
    assert_string_equal(told(INFO), HEAD "~interactive~:false}}");
    unsetenv("KUBERNETES_EXEC_INFO");
    exec.provide_cluster_info = true;
    config.insecure = true;
    config.proxy_url = "http://p";
    assert_string_equal(told(INFO),
                        HEAD "~interactive~:false,~cluster~:{~server~:~https://h:1~,"
                             "~insecure-skip-tls-verify~:true,~proxy-url~:~http://p~}}}");
}

static void its_authority_from_a_file(void **state UNUSED)
{
    char path[] = "/tmp/sluice-exec-XXXXXX";
    const int fd = mkstemp(path);

    assert_int_equal(write(fd, "CA\n", 3), 3);
    close(fd);
    exec.provide_cluster_info = true;
    config.ca.file = path;
    assert_string_equal(told(INFO), HEAD "~interactive~:false,~cluster~:{~server~:~https://h:1~,"
                                         "~certificate-authority-data~:~Q0EK~}}}");
    unlink(path);
    fails("exit 0", "No such file");
}

/* A terminal is there: a plugin that may ask reads from it. */
static void it_may_ask_at_a_terminal(void **state UNUSED)
{
    const int kept = dup(STDIN_FILENO), master = posix_openpt(O_RDWR | O_NOCTTY);
    int terminal;

    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_int_equal(dup2(terminal, STDIN_FILENO), STDIN_FILENO);
    close(terminal);
    exec.interactive_mode = "Always";
    assert_string_equal(told(INFO), HEAD "~interactive~:true}}");
    exec.interactive_mode = NULL;
    assert_int_equal(write(master, "secret\n", 7), 7);
    assert_string_equal(told("head -n1"), "secret");
    exec.interactive_mode = "Never";
    assert_string_equal(told("{ cat; " INFO "; }"), HEAD "~interactive~:false}}");
    assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
    close(kept);
    close(master);
}

/* ---- how it ends ----------------------------------------------------------------------------- */

static void without_a_hint_there_is_none(void **state UNUSED)
{
    exec.command = "no-such-plugin-of-ours";
    fails("", "credential plugin no-such-plugin-of-ours: No such file or directory");
}

/* The first time is the end's, then each look at what is left of it. */
static void one_that_hangs_is_stopped(void **state UNUSED)
{
    late.from = 3;
    late.ms = 61 * SECOND_MS;
    fails("echo s3cr3t; exec sleep 1000", "no answer in 60 s");
    late.calls = 0;
    late.from = 2; /* it says nothing: a moment, and then no more */
    late.ms = 60 * SECOND_MS - 20;
    fails("exec sleep 1000", "no answer in 60 s");
    late.calls = 0;
    late.from = 3; /* it says nothing, and the wait for it is cut short */
    late.ms = 61 * SECOND_MS;
    polls = (struct failing){1, EINTR};
    fails("exec sleep 1000", "no answer in 60 s");
    assert_int_equal(polls.left, 0);
}

/* It closed its output, and does not end. */
static void one_that_goes_on_is_stopped(void **state UNUSED)
{
    late.from = 3;
    late.ms = 61 * SECOND_MS;
    fails("exec >&-; exec sleep 1000", "signal 9");
}

/* Who started this program may not have wanted to hear of children: that is handed down. */
static void whoever_ignored_children_before(void **state UNUSED)
{
    signal(SIGCHLD, SIG_IGN);
    assert_string_equal(told("echo t"), "t");
    fails("exit 3", "code 3");
    signal(SIGCHLD, SIG_DFL);
}

/* ---- a kernel that says no ------------------------------------------------------------------- */

#define ANSWER                                                                                     \
    "printf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","     \
    "\"status\":{\"token\":\"t\"}}'"

static void no_pipe_no_plugin(void **state UNUSED)
{
    pipes = (struct failing){1, EMFILE};
    fails(ANSWER, "Too many open files");
}

/* Who is interrupted goes on; what cannot be read is no answer. */
static void its_answer_is_read_on(void **state UNUSED)
{
    struct kube_exec_result got = {0};
    struct err e = {0};

    polls = (struct failing){2, EINTR};
    reads = (struct failing){2, EINTR};
    CHECK(run(ANSWER, &got, &e), "%s", e.text);
    assert_string_equal(got.token, "t");
    assert_int_equal(polls.left + reads.left, 0);
    kube_exec_result_release(&got);
    reads = (struct failing){1, EIO};
    fails(ANSWER, "Input/output error");
}

/* Without its ends of the pipes it would read what we are told, or write to our users. */
static void it_starts_with_its_own_ends(void **state UNUSED)
{
    outputs = (struct failing){1, ENOMEM};
    fails(ANSWER, "Cannot allocate memory");
    inputs = (struct failing){1, ENOMEM};
    fails(ANSWER, "Cannot allocate memory");
}

/* Its end is waited for through interruptions, and when it is killed; an end that nobody knows is
 * no good one. */
static void its_end_is_waited_for(void **state UNUSED)
{
    struct kube_exec_result got = {0};
    struct err e = {0};

    waits = (struct failing){2, EINTR};
    CHECK(run(ANSWER, &got, &e), "%s", e.text);
    kube_exec_result_release(&got);
    waits = (struct failing){1, ECHILD};
    fails(ANSWER, "it failed");
    reads = (struct failing){1, EIO}; /* it is not waited for, but killed */
    waits = (struct failing){2, EINTR};
    fails(ANSWER, "Input/output error");
    reads = (struct failing){1, EIO};
    waits = (struct failing){1, ECHILD};
    fails(ANSWER, "Input/output error");
}

/* As long a name as that of ours, and another. */
static void other_variables_go_along(void **state UNUSED)
{
    setenv("KUBERNETES_EXEC_INFI", "mine", 1);
    assert_string_equal(told("printf %s \"$KUBERNETES_EXEC_INFI\""), "mine");
    unsetenv("KUBERNETES_EXEC_INFI");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(its_cluster_only_when_it_asks),   TEST(its_authority_from_a_file),
        TEST(it_may_ask_at_a_terminal),        TEST(without_a_hint_there_is_none),
        TEST(one_that_hangs_is_stopped),       TEST(one_that_goes_on_is_stopped),
        TEST(whoever_ignored_children_before), TEST(no_pipe_no_plugin),
        TEST(its_answer_is_read_on),           TEST(its_end_is_waited_for),
        TEST(other_variables_go_along),        TEST(it_starts_with_its_own_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
