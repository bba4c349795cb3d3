// A process that calls a runtime the way container engines do. What it shall do comes over standard input, a line with
// tabs between the words; a line comes back: "ok ..." or the name of an error. It adds nothing of its own: subreaper,
// parent-death signal, sessions, descriptors and the order of reads and waits are all up to the requests.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MAX_WORDS 4096
static char *word[MAX_WORDS];
static int words;

static int number(int i) { return i < words ? atoi(word[i]) : 0; }

static void fail(void) { printf("%s\n", strerrorname_np(errno)); }

static void hex(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        printf("%02x", bytes[i]);
}

// \t, \n and \\ stand for themselves in words.
static void unescape(char *text)
{
    char *to = text;
    for (char *from = text; *from; from++) {
        if (*from == '\\') {
            from++;
            *to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from;
        } else {
            *to++ = *from;
        }
    }
    *to = 0;
}

static long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// spawn flags cwd fds count-of-variables variables... program arguments...
// flags: k parent-death signal KILL, g process group, s session, t fd 0 becomes the controlling terminal, u umask 022
// fds: "0:7,1:8" means that 7 becomes 0 and 8 becomes 1; nothing else is inherited
static void spawn(void)
{
    const char *flags = word[1];
    int variables = number(4), target[64], high[64], count = 0;
    char *environment[MAX_WORDS], *save, *pair;
    for (int i = 0; i < variables; i++)
        environment[i] = word[5 + i];
    environment[variables] = NULL;
    word[words] = NULL;
    char **argv = word + 5 + variables;
    fflush(stdout);
    pid_t pid = fork();
    if (pid) {
        if (pid < 0)
            fail();
        else
            printf("ok\t%d\n", pid);
        return;
    }
    if (strchr(flags, 'k'))
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (strchr(flags, 'g'))
        setpgid(0, 0);
    if (strchr(flags, 's'))
        setsid();
    if (strchr(flags, 'u'))
        umask(022);
    for (pair = strtok_r(word[3], ",", &save); pair; pair = strtok_r(NULL, ",", &save)) {
        int from;
        sscanf(pair, "%d:%d", &target[count], &from);
        high[count++] = fcntl(from, F_DUPFD_CLOEXEC, 200);
    }
    for (int fd = 3; fd < 200; fd++)
        close(fd);
    for (int i = 0; i < count; i++)
        dup2(high[i], target[i]);
    if (strchr(flags, 't'))
        ioctl(0, TIOCSCTTY, 0);
    if (*word[2] && chdir(word[2]))
        _exit(126);
    execve(argv[0], argv, environment);
    _exit(127);
}

// wait pid milliseconds: pid and status, 128 plus the signal for killed ones
static void wait_for(void)
{
    long end = now() + number(2);
    for (;;) {
        int status;
        pid_t pid = waitpid(number(1), &status, WNOHANG);
        if (pid > 0) {
            printf("ok\t%d\t%d\n", pid, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
            return;
        }
        if (pid < 0) {
            fail();
            return;
        }
        if (now() >= end) {
            printf("timeout\n");
            return;
        }
        usleep(1000);
    }
}

// drain fd milliseconds: everything up to the end, or what came in time
static void drain(void)
{
    static unsigned char data[1 << 20];
    size_t length = 0;
    long end = now() + number(2);
    for (;;) {
        struct pollfd p = { .fd = number(1), .events = POLLIN };
        long left = end - now();
        if (left <= 0 || poll(&p, 1, left) <= 0)
            break;
        ssize_t n = read(p.fd, data + length, sizeof data - length);
        if (n <= 0) {
            printf("ok\teof\t");
            hex(data, length);
            printf("\n");
            return;
        }
        length += n;
    }
    printf("ok\topen\t");
    hex(data, length);
    printf("\n");
}

// read fd size milliseconds: what one read(2) gives
static void read_once(void)
{
    static unsigned char data[65536];
    struct pollfd p = { .fd = number(1), .events = POLLIN };
    if (poll(&p, 1, number(3)) <= 0) {
        printf("timeout\n");
        return;
    }
    ssize_t n = read(p.fd, data, number(2));
    if (n < 0) {
        fail();
        return;
    }
    printf("ok\t%zd\t", n);
    hex(data, n);
    printf("\n");
}

static void write_all(void)
{
    size_t length = strlen(word[2]);
    ssize_t n = write(number(1), word[2], length);
    if (n < 0)
        fail();
    else
        printf("ok\t%zd\n", n);
}

static void make_pty(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct winsize size = { .ws_row = number(1), .ws_col = number(2) };
    if (master < 0 || grantpt(master) || unlockpt(master) || ioctl(master, TIOCSWINSZ, &size)) {
        fail();
        return;
    }
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    printf("ok\t%d\t%d\n", master, slave);
}

static void terminal(void)
{
    struct termios t;
    if (tcgetattr(number(1), &t))
        fail();
    else
        printf("ok\t%x-%x-%x-%x\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
}

static void listen_at(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    strncpy(address.sun_path, word[1], sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 1))
        fail();
    else
        printf("ok\t%d\n", fd);
}

static void accept_one(void)
{
    struct pollfd p = { .fd = number(1), .events = POLLIN };
    if (poll(&p, 1, number(2)) <= 0) {
        printf("timeout\n");
        return;
    }
    int fd = accept4(p.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        fail();
    else
        printf("ok\t%d\n", fd);
}

// receive fd: length of the payload, number of descriptors, the first of them
static void receive(void)
{
    char payload[4096];
    union { char bytes[CMSG_SPACE(16 * sizeof(int))]; struct cmsghdr align; } control;
    struct iovec part = { payload, sizeof payload };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    ssize_t n = recvmsg(number(1), &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
    int count = header ? (header->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0, first = -1;
    if (count > 0)
        memcpy(&first, CMSG_DATA(header), sizeof first);
    printf("ok\t%zd\t%d\t%d\n", n, count, first);
}

static void make_pipe(void)
{
    int two[2];
    if (pipe2(two, O_CLOEXEC | (words > 1 ? O_DIRECT : 0)))
        fail();
    else
        printf("ok\t%d\t%d\n", two[0], two[1]);
}

static void simple(int result)
{
    if (result < 0)
        fail();
    else
        printf("ok\t%d\n", result);
}

static void serve(void)
{
    const char *request = word[0];
    if (!strcmp(request, "spawn"))
        spawn();
    else if (!strcmp(request, "wait"))
        wait_for();
    else if (!strcmp(request, "drain"))
        drain();
    else if (!strcmp(request, "read"))
        read_once();
    else if (!strcmp(request, "write"))
        write_all();
    else if (!strcmp(request, "pty"))
        make_pty();
    else if (!strcmp(request, "terminal"))
        terminal();
    else if (!strcmp(request, "listen"))
        listen_at();
    else if (!strcmp(request, "accept"))
        accept_one();
    else if (!strcmp(request, "receive"))
        receive();
    else if (!strcmp(request, "pipe"))
        make_pipe();
    else if (!strcmp(request, "subreaper"))
        simple(prctl(PR_SET_CHILD_SUBREAPER, 1));
    else if (!strcmp(request, "open"))
        simple(open(word[1], number(2) | O_CLOEXEC, 0600));
    else if (!strcmp(request, "close"))
        simple(close(number(1)));
    else if (!strcmp(request, "chmod"))
        simple(fchmod(number(1), number(2)));
    else if (!strcmp(request, "kill"))
        simple(kill(number(1), number(2)));
    else if (!strcmp(request, "size")) {
        struct winsize size = { .ws_row = number(2), .ws_col = number(3) };
        simple(ioctl(number(1), TIOCSWINSZ, &size));
    } else
        printf("what\n");
    fflush(stdout);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        line[length - 1] = 0;
        words = 0;
        for (char *at = line; at && words < MAX_WORDS - 1; words++) {
            char *tab = strchr(at, '\t');
            if (tab)
                *tab++ = 0;
            word[words] = at;
            at = tab;
        }
        for (int i = 0; i < words; i++)
            unescape(word[i]);
        serve();
    }
    return 0;
}
