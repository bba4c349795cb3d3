// The entry point of the executable. A verb that enters a container runs from a copy of the program that cannot be
// written to: a process in a container shows its executable there as /proc/PID/exe, through which a hostile image could
// overwrite the runtime on the host (CVE-2019-5736).
//
// The copy is a file of a detached read-only overlay of the executable's directory (nothing is copied), or where the
// kernel refuses that a sealed memfd. Whether the copy runs already is read from the file itself, not from a variable
// that lies. All signals are blocked across the exec, so that they are blocked in every thread of the copy: they are
// then read from a descriptor, and none is lost between clone and start or ends the program half-way.
//
// This runs before the C library is initialised, which asks the CPU for its features by some seventy CPUID instructions;
// each leaves a virtual machine for its host. So nothing here may call the library, nor may the compiler: there is no
// thread pointer and no memcpy yet. The build refuses an undefined symbol other than _start.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>

enum {
    EACCES_ = 13, EINVAL_ = 22, EINTR_ = 4,
    SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
    MFD_EXEC_ = 0x10,           // Linux 6.3; older kernels give it anyway
    FSTATFS_FLAGS = 1 | 2 | 4,  // ST_RDONLY, ST_NOSUID, ST_NODEV
    PATH_SIZE = 4096,
};
typedef unsigned long Signals; // the kernel's set
#define BIT(signal) (1UL << ((signal) - 1))

static long call(long number, long a, long b, long c, long d, long e)
{
#if defined __x86_64__
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return result;
#elif defined __aarch64__
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
#endif
}

static char **arguments, **environment;
static int sealed;

// Nanoseconds of CLOCK_REALTIME at which the program began, if it is traced.
static long started;

long ocirun_start_time(void)
{
    return started;
}

static int equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static const char *after(const char *text, const char *start)
{
    while (*start && *text == *start)
        text++, start++;
    return *start ? 0 : text;
}

// A trace is asked for, or it looks like it.
static int is_traced(void)
{
    for (char **word = arguments; *word; word++) {
        if (after(*word, "--trace") || after(*word, "-trace"))
            return 1;
    }
    for (char **variable = environment; *variable; variable++) {
        if (after(*variable, "OCIRUN_TRACE="))
            return 1;
    }
    return 0;
}

static Signals signals(int how, const Signals *set)
{
    Signals before = 0;
    call(SYS_rt_sigprocmask, how, (long)set, (long)&before, sizeof before, 0);
    return before;
}

static int is_sealed(void)
{
    int fd = (int)call(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_RDONLY | O_CLOEXEC, 0, 0);
    if (fd < 0)
        return 0;
    struct statfs fs;
    long seals = call(SYS_fcntl, fd, F_GET_SEALS, 0, 0, 0);
    int found = (seals >= 0 && (seals & SEALS) == SEALS)
        || (call(SYS_fstatfs, fd, (long)&fs, 0, 0, 0) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC
            && (fs.f_flags & FSTATFS_FLAGS) == FSTATFS_FLAGS);
    call(SYS_close, fd, 0, 0, 0, 0);
    return found;
}

static int is_within(const char *path, const char *directory)
{
    const char *start = directory;
    while (*directory && *path == *directory)
        path++, directory++;
    return *directory == 0 && (*path == 0 || *path == '/' || directory == start + 1);
}

static char *append(char *to, const char *text)
{
    while (*text)
        *to++ = *text++;
    *to = 0;
    return to;
}

static int set(int fs, const char *key, const char *value)
{
    return (int)call(SYS_fsconfig, fs, FSCONFIG_SET_STRING, (long)key, (long)value, 0);
}

// Without an upper layer overlayfs wants two lower ones; neither may contain the other.
static int overlay(const char *first, const char *second)
{
    int fs = (int)call(SYS_fsopen, (long)"overlay", FSOPEN_CLOEXEC, 0, 0, 0);
    if (fs < 0)
        return fs;
    // "lowerdir+" (Linux 6.7) takes a path as it is; before, a list in which some characters have a meaning.
    int result = set(fs, "lowerdir+", first);
    if (result == 0) {
        result = set(fs, "lowerdir+", second);
    } else {
        char both[PATH_SIZE + 16], *end = append(both, first);
        int plain = 1;
        for (const char *at = first; *at; at++)
            plain &= *at != ':' && *at != ',' && *at != '\\';
        append(append(end, ":"), second);
        result = plain ? set(fs, "lowerdir", both) : -EINVAL_;
    }
    if (result == 0)
        result = (int)call(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
    if (result == 0)
        result = (int)call(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, 0);
    call(SYS_close, fs, 0, 0, 0, 0);
    return result;
}

static int in_overlay(void)
{
    char path[PATH_SIZE];
    long n = call(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path, sizeof path - 1, 0);
    if (n <= 1)
        return n < 0 ? (int)n : -EINVAL_;
    path[n] = 0;
    char *slash = path + n;
    while (*slash != '/' && slash > path)
        slash--;
    const char *name = slash + 1;
    if (slash == path)
        return -EINVAL_;
    *slash = 0;
    static const char *const seconds[] = { "/run", "/tmp", "/var", "/etc" };
    int result = -EINVAL_;
    for (unsigned i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        if (is_within(path, seconds[i]) || is_within(seconds[i], path))
            continue;
        int mount = result = overlay(path, seconds[i]);
        if (mount < 0)
            continue;
        result = (int)call(SYS_openat, mount, (long)name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, 0);
        call(SYS_close, mount, 0, 0, 0, 0);
        break;
    }
    return result;
}

static int in_memory(void)
{
    int exe = (int)call(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_RDONLY | O_CLOEXEC, 0, 0);
    if (exe < 0)
        return exe;
    int fd = (int)call(SYS_memfd_create, (long)"ocirun", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC_, 0, 0, 0);
    if (fd == -EINVAL_)
        fd = (int)call(SYS_memfd_create, (long)"ocirun", MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0);
    long sent = fd < 0 ? fd : 1;
    while (sent > 0 || (sent == -EINTR_ && fd >= 0))
        sent = call(SYS_sendfile, fd, exe, 0, 1 << 30, 0);
    call(SYS_close, exe, 0, 0, 0, 0);
    if (sent == 0)
        sent = call(SYS_fcntl, fd, F_ADD_SEALS, SEALS, 0, 0);
    if (sent < 0 && fd >= 0)
        call(SYS_close, fd, 0, 0, 0, 0);
    return sent < 0 ? (int)sent : fd;
}

// The copy is told when a traced program began.
static long execute(int fd)
{
    long count = 0;
    while (environment[count])
        count++;
    char *more[count + 2], told[64], digits[20], *end = append(told, "OCIRUN_TRACE_STARTED=");
    int n = 0;
    for (long rest = started; rest; rest /= 10)
        digits[n++] = (char)('0' + rest % 10);
    while (n)
        *end++ = digits[--n];
    *end = 0;
    for (long i = 0; i < count; i++)
        more[i] = environment[i];
    more[count] = started ? told : 0;
    more[count + 1] = 0;
    return call(SYS_execveat, fd, (long)"", (long)arguments, (long)more, AT_EMPTY_PATH);
}

// Returns 0 in the sealed copy, else -errno; otherwise does not return.
int ocirun_seal(void)
{
    if (sealed)
        return 0;
    const Signals before = signals(SIG_BLOCK, 0);
    if (before & BIT(SIGTERM) && is_sealed())
        return 0;
    // Not blocked: what the program does itself, and what the language runtime uses between its threads.
    const Signals all = ~(BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGABRT) | 0xffUL << 31);
    signals(SIG_SETMASK, &all);
    int fd = in_overlay();
    if (fd < 0)
        fd = in_memory();
    int error = fd;
    if (fd >= 0) {
        error = (int)execute(fd);
        call(SYS_close, fd, 0, 0, 0, 0);
    }
    signals(SIG_SETMASK, &before);
    return error < 0 ? error : -EACCES_;
}

// Only verbs that enter a container need the copy. A word that merely looks like one costs a start and nothing else; a
// verb that is missed here is caught by the call that the verb itself makes.
__attribute__((used)) void ocirun_before_everything(long *stack)
{
    long count = stack[0];
    arguments = (char **)(stack + 1);
    environment = arguments + count + 1;
    if (is_traced()) {
        struct timespec now;
        if (call(SYS_clock_gettime, CLOCK_REALTIME, (long)&now, 0, 0, 0) == 0)
            started = now.tv_sec * 1000000000L + now.tv_nsec;
    }
    for (long i = 1; i < count; i++) {
        const char *word = arguments[i];
        if (equal(word, "create") || equal(word, "run") || equal(word, "exec") || equal(word, "restore")) {
            sealed = ocirun_seal() == 0;
            return;
        }
        // These read the signals that end them from a descriptor: unpack, which takes two words, because what it has half
        // made must go first, and top because it has to give the terminal back.
        if ((equal(word, "unpack") && i + 2 < count) || equal(word, "top")) {
            const Signals ending = BIT(SIGHUP) | BIT(SIGINT) | BIT(SIGQUIT) | BIT(SIGTERM) | BIT(SIGWINCH);
            signals(SIG_BLOCK, &ending);
            return;
        }
    }
}

// The kernel's stack goes on to the library's entry as it came.
#if defined __x86_64__
__asm__(".globl ocirun_entry\n"
        ".type ocirun_entry,@function\n"
        "ocirun_entry:\n"
        "  xor %ebp, %ebp\n"
        "  mov %rsp, %rdi\n"
        "  push %rdx\n"
        "  sub $8, %rsp\n"
        "  call ocirun_before_everything\n"
        "  add $8, %rsp\n"
        "  pop %rdx\n"
        "  jmp _start\n");
#elif defined __aarch64__
__asm__(".globl ocirun_entry\n"
        ".type ocirun_entry,%function\n"
        "ocirun_entry:\n"
        "  mov x29, #0\n"
        "  mov x30, #0\n"
        "  mov x19, x0\n"
        "  mov x0, sp\n"
        "  bl ocirun_before_everything\n"
        "  mov x0, x19\n"
        "  b _start\n");
#endif
