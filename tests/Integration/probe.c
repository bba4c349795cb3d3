// Looks at a process from inside a container, for tests: system calls by number, descriptors, the working directory.
// Built static; calls no more than it reports.
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// A line per number: makes the call with no arguments and prints the error's name, or "ok".
static int call_numbers(char **numbers)
{
    for (; *numbers; numbers++) {
        errno = 0;
        // access(2) needs a path to succeed; other numbers ignore it.
        long result = syscall(atol(*numbers), "/", 0, 0, 0, 0, 0);
        printf("%s: %s\n", *numbers, result >= 0 ? "ok" : strerrorname_np(errno));
    }
    return 0;
}

// A line per open descriptor above 2: number, kind, target.
static int list_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        int fd = atoi(entry->d_name);
        char path[64], target[4096] = "";
        if (entry->d_name[0] == '.' || fd <= 2 || fd == dirfd(dir))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof target - 1) < 0)
            strcpy(target, "?");
        printf("%d %s\n", fd, target);
    }
    return 0;
}

// The kernel's own idea of the working directory, and whether it climbs out of the root.
static int working_directory(void)
{
    char path[4096];
    struct stat root, top;
    if (syscall(SYS_getcwd, path, sizeof path) < 0)
        strcpy(path, strerrorname_np(errno));
    int inside = !stat("/", &root) && !stat("../../../../../../../../../..", &top)
        && root.st_dev == top.st_dev && root.st_ino == top.st_ino;
    printf("%s %s\n", path, inside ? "inside" : "outside");
    return 0;
}

// Signals that are blocked or ignored: both masks of /proc/self/status.
static int signals(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "SigBlk", 6) || !strncmp(line, "SigIgn", 6))
            fputs(line, stdout);
    return 0;
}

// One line per standard descriptor: its type and device number.
static int standard(void)
{
    for (int fd = 0; fd < 3; fd++) {
        struct stat st;
        if (fstat(fd, &st))
            dprintf(3, "%d %s\n", fd, strerrorname_np(errno));
        else
            dprintf(3, "%d %s %lx\n", fd, S_ISCHR(st.st_mode) ? "char" : S_ISREG(st.st_mode) ? "file" : "other",
                S_ISCHR(st.st_mode) ? (unsigned long)st.st_rdev : 0);
    }
    return 0;
}

// The answer of sched_getattr(2): policy, flags, nice value, priority, and the three times of a deadline.
static int scheduler(void)
{
    struct { unsigned size, policy; unsigned long long flags; int nice; unsigned priority; unsigned long long times[3]; unsigned clamps[2]; } a;
    if (syscall(SYS_sched_getattr, 0, &a, sizeof a, 0))
        return puts(strerrorname_np(errno));
    printf("policy %u flags %llx nice %d priority %u", a.policy, a.flags, a.nice, a.priority);
    if (a.policy == 6) // to others the kernel gives a slice of its own choice
        printf(" times %llu %llu %llu", a.times[0], a.times[1], a.times[2]);
    puts("");
    return 0;
}

// The answer of get_mempolicy(2): mode with its flags, and the first 64 nodes.
static int memory_policy(void)
{
    int mode = 0;
    unsigned long nodes[64] = {0};
    if (syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof nodes, 0, 0))
        return puts(strerrorname_np(errno));
    printf("mode %x nodes %lx\n", mode, nodes[0]);
    return 0;
}

// The session keyring as KEYCTL_DESCRIBE has it: type;uid;gid;permissions;name.
static int keyring(void)
{
    char text[4096] = "";
    if (syscall(SYS_keyctl, 6L, -3L, text, sizeof text - 1, 0) < 0)
        strcpy(text, strerrorname_np(errno));
    puts(text);
    return 0;
}

// Looks at every process that appears, until /stop exists, and writes to /seen what it could reach of one that does not run
// a program of the container yet: "WHAT DETAIL", each line once.
static void seen(const char *what, const char *detail)
{
    static char known[64][256];
    char line[256];
    snprintf(line, sizeof line, "%s %s\n", what, detail);
    for (int i = 0; i < 64; i++) {
        if (!strcmp(known[i], line))
            return;
        if (known[i][0])
            continue;
        strcpy(known[i], line);
        int out = open("/seen", O_WRONLY | O_CREAT | O_APPEND, 0644);
        if (write(out, line, strlen(line)) < 0)
            exit(1);
        close(out);
        return;
    }
}

static int foreign(const char *pid, char *exe)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/exe", pid);
    ssize_t n = readlink(path, exe, 255);
    exe[n > 0 ? n : 0] = 0;
    return n > 0 && strncmp(exe, "/bin/", 5) != 0;
}

static void look(const char *pid)
{
    char exe[256], again[256], path[320], target[256];
    int was = foreign(pid, exe);
    if (!was && exe[0])
        return;
    int number = atoi(pid);
    snprintf(path, sizeof path, "/proc/%s/mem", pid);
    int mem = open(path, O_RDWR);
    snprintf(path, sizeof path, "/proc/%s/exe", pid);
    int file = open(path, O_RDONLY);
    int writable = open(path, O_RDWR);
    snprintf(path, sizeof path, "/proc/%s/root", pid);
    int root = open(path, O_RDONLY | O_DIRECTORY);
    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    int environ = open(path, O_RDONLY);
    char found[8][256];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        snprintf(path, sizeof path, "/proc/%s/fd/%.200s", pid, e->d_name);
        ssize_t n = readlink(path, target, 255);
        target[n > 0 ? n : 0] = 0;
        if (n > 0 && atoi(e->d_name) > 2 && count < 8)
            strcpy(found[count++], target);
    }
    if (dir)
        closedir(dir);
    int traced = ptrace(PTRACE_SEIZE, number, 0, 0) == 0;

    // What was reached counts only while it was still the runtime.
    char caps[64] = "";
    if (foreign(pid, again)) {
        snprintf(path, sizeof path, "/proc/%s/status", pid);
        FILE *status = fopen(path, "r");
        char line[256];
        while (status && fgets(line, sizeof line, status))
            if (!strncmp(line, "CapPrm:", 7))
                sscanf(line, "CapPrm: %60s", caps);
        if (status)
            fclose(status);
        if (mem >= 0) seen("mem", caps);
        if (file >= 0) seen("exe", caps);
        if (writable >= 0) seen("writable", again);
        if (root >= 0) seen("root", caps);
        if (environ >= 0) seen("environ", caps);
        if (traced) seen("ptrace", caps);
        for (int i = 0; i < count; i++)
            seen("fd", found[i][0] == 's' ? "socket" : found[i]);
    }
    if (traced) {
        ptrace(PTRACE_INTERRUPT, number, 0, 0);
        waitpid(number, NULL, __WALL);
        ptrace(PTRACE_DETACH, number, 0, 0);
    }
    close(mem), close(file), close(writable), close(root), close(environ);
}

static int spy(void)
{
    int rounds = 0;
    for (; access("/stop", F_OK) != 0; rounds++) {
        DIR *proc = opendir("/proc");
        for (struct dirent *e; proc && (e = readdir(proc));)
            if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && atoi(e->d_name) > 1 && atoi(e->d_name) != getpid())
                look(e->d_name);
        if (proc)
            closedir(proc);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
    }
    char text[32];
    snprintf(text, sizeof text, "%d", rounds);
    seen("rounds", text);
    return 0;
}

// notify TEXT SECONDS [COUNT]: sends the text COUNT times to NOTIFY_SOCKET, each time with a descriptor, and stays.
static int notify(char **argv, int count)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = getenv("NOTIFY_SOCKET");
    strncpy(address.sun_path, path ? path : "", sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0), root = open("/", O_PATH);
    if (connect(fd, (struct sockaddr *)&address, sizeof address))
        return puts(strerrorname_np(errno));
    for (int i = 0; i < count; i++) {
        union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { 0 };
        struct iovec part = { argv[0], strlen(argv[0]) };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
        *CMSG_FIRSTHDR(&message) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &root, sizeof root);
        if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
            return puts(strerrorname_np(errno));
    }
    sleep(atoi(argv[1]));
    return 0;
}

// Lines go through a connection of two processes into a file, ten a second. Their calls go on where a signal or a
// checkpoint interrupts them.
static int connection(const char *file)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(5000), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int listener = socket(AF_INET, SOCK_STREAM, 0), out = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (listener < 0 || out < 0 || bind(listener, (void *)&address, sizeof address) || listen(listener, 1))
        return 1;
    if (fork() == 0) {
        int from = socket(AF_INET, SOCK_STREAM, 0);
        char text[256];
        ssize_t n = connect(from, (void *)&address, sizeof address);
        while (n >= 0 && (n = read(from, text, sizeof text)) > 0)
            n = write(out, text, (size_t)n);
        return 1;
    }
    int to = accept(listener, 0, 0);
    while (write(to, "line\n", 5) == 5)
        usleep(100000);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "connection"))
        return connection(argv[2]);
    if (argc == 2 && !strcmp(argv[1], "spy"))
        return spy();
    if (argc > 2 && !strcmp(argv[1], "syscall"))
        return call_numbers(argv + 2);
    if (argc == 3 && !strcmp(argv[1], "personality"))
        return puts(syscall(SYS_personality, atol(argv[2])) >= 0 ? "ok" : strerrorname_np(errno)) < 0;
    if (argc >= 4 && !strcmp(argv[1], "notify"))
        return notify(argv + 2, argc > 4 ? atoi(argv[4]) : 1);
    if (argc == 2 && !strcmp(argv[1], "sti"))
        return puts(ioctl(0, TIOCSTI, "x") >= 0 ? "ok" : strerrorname_np(errno)) < 0;
    if (argc == 2 && !strcmp(argv[1], "fds"))
        return list_descriptors();
    if (argc == 2 && !strcmp(argv[1], "cwd"))
        return working_directory();
    if (argc == 2 && !strcmp(argv[1], "signals"))
        return signals();
    if (argc == 2 && !strcmp(argv[1], "scheduler"))
        return scheduler();
    if (argc == 2 && !strcmp(argv[1], "memory-policy"))
        return memory_policy();
    if (argc == 2 && !strcmp(argv[1], "keyring"))
        return keyring();
    if (argc == 3 && !strcmp(argv[1], "stdio")) {
        int out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (out != 3 && out >= 0)
            dup2(out, 3);
        return standard();
    }
    fprintf(stderr, "usage: probe connection FILE | syscall N... | personality N | notify TEXT SECONDS [COUNT] | sti | fds | cwd | signals | scheduler | memory-policy | keyring | stdio FILE\n");
    return 2;
}
