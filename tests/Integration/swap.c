// swap race FIRST SECOND: exchanges two files as often as it can, with a process for every processor, until its standard
// input ends; then prints how often.
// swap stop N ACTION FIRST SECOND REPORT PROGRAM ARG...: runs a program whose calls that look up, make or mount files are
// held one after another. Before the N-th goes on, ACTION is done:
//   stay   FIRST and SECOND are exchanged
//   back   the same, and undone before the next call
//   cover  a clone of the mount at FIRST is mounted over SECOND in the mount namespace of the caller
//   delay  every call out of another pid namespace than this one waits FIRST milliseconds, whatever N is
// Once no process is left that is held, the number of calls and the N-th call's number are in the file REPORT.
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned held[] = {
#ifdef __NR_open
    __NR_open, __NR_creat, __NR_mkdir, __NR_mknod, __NR_symlink, __NR_link, __NR_unlink, __NR_rmdir, __NR_rename,
    __NR_chmod, __NR_chown, __NR_lchown, __NR_readlink, __NR_stat, __NR_lstat, __NR_access,
#endif
    __NR_openat, __NR_openat2, __NR_mkdirat, __NR_mknodat, __NR_symlinkat, __NR_linkat, __NR_unlinkat, __NR_renameat2,
    __NR_fchmodat, __NR_fchownat, __NR_readlinkat, __NR_newfstatat, __NR_statx, __NR_statfs, __NR_faccessat,
    __NR_mount, __NR_umount2, __NR_open_tree, __NR_move_mount, __NR_mount_setattr, __NR_fsmount, __NR_pivot_root,
    __NR_chroot, __NR_chdir, __NR_fchdir, __NR_setns, __NR_execve, __NR_execveat,
};

static void die(const char *what)
{
    perror(what);
    exit(125);
}

static int exchange(const char *first, const char *second)
{
    return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
}

static int race(const char *first, const char *second)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned long *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t racers[16];
    int n = 0;
    for (; n < 16 && n < processors; n++) {
        if ((racers[n] = fork()) == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                if (exchange(first, second) == 0)
                    __atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
        }
    }
    char byte;
    while (read(0, &byte, 1) > 0)
        ;
    while (n > 0) {
        kill(racers[--n], SIGKILL);
        waitpid(racers[n], NULL, 0);
    }
    printf("%lu\n", *count);
    return 0;
}

static int same_namespace(int pid, int other, const char *kind)
{
    char path[64], mine[64], theirs[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
    ssize_t a = readlink(path, mine, sizeof mine);
    snprintf(path, sizeof path, "/proc/%d/ns/%s", other, kind);
    ssize_t b = readlink(path, theirs, sizeof theirs);
    return a <= 0 || b <= 0 || (a == b && memcmp(mine, theirs, (size_t)a) == 0);
}

// Never in the mount namespace of the machine: a process for it alone, since the caller's namespace is entered for good.
static void cover(int pid, const char *source, const char *target)
{
    if (same_namespace(pid, 1, "mnt"))
        return;
    pid_t child = fork();
    if (child == 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
        long tree = syscall(__NR_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (tree < 0 || setns(open(path, O_RDONLY | O_CLOEXEC), CLONE_NEWNS) != 0)
            _exit(1);
        _exit(syscall(__NR_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) != 0);
    }
    waitpid(child, NULL, 0);
}

static void supervise(int listener, long stop, const char *action, const char *first, const char *second, const char *report)
{
    long calls = 0;
    int number = -1, swapped = 0;
    struct pollfd wait = { listener, POLLIN, 0 };
    while (poll(&wait, 1, -1) >= 0 && !(wait.revents & POLLHUP)) {
        struct seccomp_notif call;
        memset(&call, 0, sizeof call);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
            continue;
        calls++;
        if (swapped) {
            exchange(first, second);
            swapped = 0;
        }
        if (calls == stop) {
            number = call.data.nr;
            if (!strcmp(action, "cover"))
                cover((int)call.pid, first, second);
            else if (!strcmp(action, "stay"))
                exchange(first, second);
            else if (!strcmp(action, "back"))
                swapped = exchange(first, second) == 0;
        }
        if (!strcmp(action, "delay") && !same_namespace((int)call.pid, getpid(), "pid"))
            usleep((useconds_t)atoi(first) * 1000);
        struct seccomp_notif_resp go = { .id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &go);
    }
    char new[4096];
    snprintf(new, sizeof new, "%s.new", report);
    FILE *file = fopen(new, "w");
    if (file) {
        fprintf(file, "%ld %d\n", calls, number);
        fclose(file);
        rename(new, report);
    }
}

static int install(void)
{
    enum { count = sizeof held / sizeof *held };
    struct sock_filter code[2 * count + 2];
    unsigned short length = 0;
    code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < count; i++) {
        code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, held[i], 0, 1);
        code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = { length, code };
    // A signal must not make a held call start anew, which would be counted twice.
    return (int)syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
}

// The process that runs the program is the one that was started, so that signals and waits mean it. The supervisor is
// nobody's child and shares the descriptors just until it has the listener, which comes into being in the other process.
static int stop(char **argv)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        die("swap: pipe2");
    pid_t pid = (pid_t)syscall(__NR_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        if (syscall(__NR_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL) != 0)
            _exit(0);
        int listener;
        if (read(ready[0], &listener, sizeof listener) != sizeof listener || listener < 0 || unshare(CLONE_FILES) != 0)
            _exit(1);
        setsid();
        for (int fd = 0; fd < 1024; fd++)
            if (fd != listener)
                close(fd);
        open("/dev/null", O_RDWR), dup(0), dup(0);
        supervise(listener, atol(argv[0]), argv[1], argv[2], argv[3], argv[4]);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    int listener = install();
    int error = errno;
    if (write(ready[1], &listener, sizeof listener) != sizeof listener)
        die("swap: write");
    errno = error;
    if (listener < 0)
        die("swap: seccomp");
    execvp(argv[5], argv + 5);
    die("swap: execvp");
    return 125;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "race"))
        return race(argv[2], argv[3]);
    if (argc >= 8 && !strcmp(argv[1], "stop"))
        return stop(argv + 2);
    fprintf(stderr, "usage: swap race FIRST SECOND | stop N stay|back|cover|delay FIRST SECOND REPORT PROGRAM ARG...\n");
    return 2;
}
