// Runs the program again from a copy of itself that cannot be written to, before the language runtime starts: the first
// start then costs a tenth of the second. A process that enters a container shows its executable there as
// /proc/PID/exe; through it a hostile image could overwrite the runtime on the host (CVE-2019-5736).
//
// The copy is a file of a detached read-only overlay of the executable's directory (nothing is copied), or where the
// kernel refuses that a sealed memfd. Whether the copy runs already is read from the file itself, not from a variable
// that lies. All signals are blocked across the exec, so that they are blocked in every thread of the copy: they are
// then read from a descriptor, and none is lost between clone and start or ends the program half-way.
#define _GNU_SOURCE
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    FSCONFIG_SET_STRING_ = 1, FSCONFIG_CMD_CREATE_ = 6, CLOEXEC_ = 1,
    ATTR_RDONLY_ = 1, ATTR_NOSUID_ = 2, ATTR_NODEV_ = 4,
    SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
    MFD_EXEC_ = 0x10, // Linux 6.3; older kernels give it anyway
};
#define OVERLAYFS_MAGIC 0x794c7630
#define SYS_FSOPEN 430
#define SYS_FSCONFIG 431
#define SYS_FSMOUNT 432

static char **arguments, **environment;

// Nanoseconds of CLOCK_REALTIME; a trace begins here.
static long started;

long ocirun_start_time(void)
{
    return started;
}

// A trace is asked for, or it looks like it: the start of the first program is told to the second then.
static int is_traced(void)
{
    for (char **argument = arguments + 1; *argument; argument++) {
        const char *name = *argument + (strncmp(*argument, "--", 2) == 0);
        if (strncmp(name, "-trace", 6) == 0)
            return 1;
    }
    for (char **variable = environment; *variable; variable++) {
        if (strncmp(*variable, "OCIRUN_TRACE=", 13) == 0)
            return 1;
    }
    return 0;
}

static int is_sealed(void)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    struct statfs fs;
    const long flags = 1 | 2 | 4; // ST_RDONLY, ST_NOSUID, ST_NODEV
    int seals = fcntl(fd, F_GET_SEALS);
    int sealed = (seals >= 0 && (seals & SEALS) == SEALS)
        || (fstatfs(fd, &fs) == 0 && fs.f_type == OVERLAYFS_MAGIC && (fs.f_flags & flags) == flags);
    close(fd);
    return sealed;
}

static int is_within(const char *path, const char *directory)
{
    size_t n = strlen(directory);
    return strncmp(path, directory, n) == 0 && (path[n] == 0 || path[n] == '/' || n == 1);
}

// Without an upper layer overlayfs wants two lower ones; neither may contain the other.
static int overlay(const char *first, const char *second)
{
    int fs = (int)syscall(SYS_FSOPEN, "overlay", CLOEXEC_);
    if (fs < 0)
        return -1;
    // "lowerdir+" (Linux 6.7) takes a path as it is; before, a list in which some characters have a meaning.
    int failed = syscall(SYS_FSCONFIG, fs, FSCONFIG_SET_STRING_, "lowerdir+", first, 0) != 0;
    if (!failed) {
        failed = syscall(SYS_FSCONFIG, fs, FSCONFIG_SET_STRING_, "lowerdir+", second, 0) != 0;
    } else if (!strpbrk(first, ":,\\")) {
        char both[4096 + 16];
        strcat(strcat(strcpy(both, first), ":"), second);
        failed = syscall(SYS_FSCONFIG, fs, FSCONFIG_SET_STRING_, "lowerdir", both, 0) != 0;
    }
    if (!failed)
        failed = syscall(SYS_FSCONFIG, fs, FSCONFIG_CMD_CREATE_, 0, 0, 0) != 0;
    int mount = failed ? -1 : (int)syscall(SYS_FSMOUNT, fs, CLOEXEC_, ATTR_RDONLY_ | ATTR_NOSUID_ | ATTR_NODEV_);
    close(fs);
    return mount;
}

static int in_overlay(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 1)
        return -1;
    path[n] = 0;
    char *slash = strrchr(path, '/');
    const char *name = slash + 1;
    if (slash == path)
        return -1;
    *slash = 0;
    static const char *const seconds[] = { "/run", "/tmp", "/var", "/etc" };
    for (unsigned i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        if (is_within(path, seconds[i]) || is_within(seconds[i], path))
            continue;
        int mount = overlay(path, seconds[i]);
        if (mount < 0)
            continue;
        int file = openat(mount, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        close(mount);
        return file;
    }
    return -1;
}

static int in_memory(void)
{
    int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (exe < 0)
        return -1;
    int fd = memfd_create("ocirun", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC_);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("ocirun", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ssize_t sent = fd < 0 ? -1 : 1;
    while (sent > 0 || (sent < 0 && fd >= 0 && errno == EINTR))
        sent = sendfile(fd, exe, 0, 1 << 30);
    close(exe);
    return fd >= 0 && sent == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0 ? fd : -1;
}

// The collector's first generation, in hexadecimal: given, its start-up does not read cache sizes from sysfs. It takes
// this setting from the environment only. Nothing of it reaches a container.
static char setting[] = "DOTNET_GCgen0size=400000";

// Returns 0 in the sealed copy, else -errno; otherwise does not return.
int ocirun_seal(void)
{
    sigset_t mask, all;
    sigprocmask(SIG_BLOCK, 0, &mask);
    if (sigismember(&mask, SIGTERM) && is_sealed())
        return 0;
    // Not blocked: what the program does itself, and what the language runtime uses between its threads.
    sigfillset(&all);
    static const int open_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, 34, 35, 36, 37, 38, 39 };
    for (unsigned i = 0; i < sizeof open_signals / sizeof *open_signals; i++)
        sigdelset(&all, open_signals[i]);
    sigprocmask(SIG_SETMASK, &all, 0);
    int fd = in_overlay();
    if (fd < 0)
        fd = in_memory();
    if (fd >= 0) {
        size_t count = 0;
        while (environment[count])
            count++;
        char **more = alloca((count + 3) * sizeof *more);
        memcpy(more, environment, count * sizeof *more);
        more[count] = setting;
        more[count + 1] = 0;
        char first[64];
        if (is_traced()) {
            snprintf(first, sizeof first, "OCIRUN_TRACE_STARTED=%ld", started);
            more[count + 1] = first;
            more[count + 2] = 0;
        }
        syscall(SYS_execveat, fd, "", arguments, more, AT_EMPTY_PATH);
    }
    int error = errno ? errno : EACCES;
    if (fd >= 0)
        close(fd);
    sigprocmask(SIG_SETMASK, &mask, 0);
    return -error;
}

// Only verbs that enter a container need it. A word that merely looks like one costs a start and nothing else; a verb
// that is missed here is caught by the call that the verb itself makes.
static void before_everything(int argc, char **argv, char **envp)
{
    arguments = argv;
    environment = envp;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    started = now.tv_sec * 1000000000L + now.tv_nsec;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "create") == 0 || strcmp(argv[i], "run") == 0 || strcmp(argv[i], "exec") == 0) {
            ocirun_seal();
            return;
        }
        // These read the signals that end them from a descriptor: unpack, which takes two words, because what it has half
        // made must go first, and top because it has to give the terminal back.
        if ((strcmp(argv[i], "unpack") == 0 && i + 2 < argc) || strcmp(argv[i], "top") == 0) {
            sigset_t ending;
            sigemptyset(&ending);
            sigaddset(&ending, SIGHUP);
            sigaddset(&ending, SIGINT);
            sigaddset(&ending, SIGQUIT);
            sigaddset(&ending, SIGTERM);
            sigaddset(&ending, SIGWINCH);
            sigprocmask(SIG_BLOCK, &ending, 0);
            return;
        }
    }
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = before_everything;
