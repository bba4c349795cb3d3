// One call of a program from just before vfork to the end of wait4, with standard input and output on /dev/null.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// microseconds is -1 when the call failed, whose words then have gone to standard error.
struct call { long microseconds; struct rusage usage; };

static int call_null = -1, call_errors = -1;

// Where the directory for what programs say is; it needs O_TMPFILE. Returns -1 with errno on failure.
static int calls_begin(const char *directory)
{
    call_null = open("/dev/null", O_RDWR | O_CLOEXEC);
    call_errors = open(directory, O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
    return call_null < 0 || call_errors < 0 ? -1 : 0;
}

static struct call call(char *const argv[])
{
    struct call made = { .microseconds = -1 };
    struct timespec before, after;
    int status;

    clock_gettime(CLOCK_MONOTONIC, &before);
    pid_t pid = vfork();
    if (pid == 0) {
        dup2(call_null, 0);
        dup2(call_null, 1);
        dup2(call_errors, 2);
        execv(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &made.usage) != pid) {
        perror(argv[0]);
        return made;
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    if (status) {
        char text[1024];
        ssize_t length = pread(call_errors, text, sizeof text, 0);
        fprintf(stderr, "%s", argv[0]);
        for (int i = 1; argv[i]; i++)
            fprintf(stderr, " %s", argv[i]);
        fprintf(stderr, ": status %#x\n%.*s\n", status, length > 0 ? (int)length : 0, text);
        return made;
    }
    made.microseconds = (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
    return made;
}
