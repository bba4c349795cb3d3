// A stand-in for CRIU that does as it is told: what stands in the file "script" beside it, a command a line, for each dump,
// pre-dump and restore. Requests are kept beside it as "request.N", what it saw as "seen".
//   version N       answer of a request for the version (default 40100), for the whole file
//   features N      bits of an answer to a feature check: 1 memory tracking, 2 lazy pages (default 3), for the whole file
//   mute            answers nothing at all, for the whole file
//   notify NAME     sends a notification with the restored process's pid
//   root [net] [mnt]  makes the restored process, a child of who started this; with namespaces of its own. It ends with the
//                   number in the file "end" once that is there
//   stray           makes another such process and tells nobody
//   pty             sends a notification with the master of a terminal
//   look            keeps mountinfo, cgroup, and what descriptors 0 to 5 are
//   log TEXT        writes a line to the log file
//   freeze          freezes the cgroup that is named for it
//   kill            kills the process that is dumped
//   fail ERRNO TEXT answers with a failure
//   die             kills itself
//   exit N          answers with success and ends with this status
//   hang            does nothing any more, until the connection is closed
// At the end of the file it answers with success.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SOCKET = 3, DUMP = 1, RESTORE = 2, NOTIFY = 6, FEATURES = 9, VERSION = 10 };

static char directory[4096], log_file[256], freezer[4096];
static unsigned char message[65536];
static int restored, dumped, images = -1, work = -1;

static const char *beside(const char *name)
{
    static char path[8192];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void seen(const char *what, const char *text)
{
    FILE *file = fopen(beside("seen"), "a");
    fprintf(file, "%s %s\n", what, text);
    fclose(file);
}

static unsigned char *number(unsigned char *at, unsigned long value)
{
    for (; value > 127; value >>= 7)
        *at++ = (unsigned char)(value | 128);
    *at++ = (unsigned char)value;
    return at;
}

static unsigned char *field(unsigned char *at, int id, unsigned long value) { return number(number(at, (unsigned long)id << 3), value); }

static unsigned char *bytes(unsigned char *at, int id, const void *from, size_t length)
{
    at = number(number(at, (unsigned long)id << 3 | 2), length);
    memcpy(at, from, length);
    return at + length;
}

static unsigned long take(unsigned char **at)
{
    unsigned long value = 0;
    for (int shift = 0;; shift += 7) {
        unsigned char byte = *(*at)++;
        value |= (unsigned long)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
}

// The type of a request; the options that matter here are kept.
static int read_request(unsigned char *at, unsigned char *end, int in_options)
{
    int type = 0;
    while (at < end) {
        unsigned long tag = take(&at), value = take(&at);
        unsigned char *text = at;
        if ((tag & 7) == 2)
            at += value;
        if (!in_options && tag == (1 << 3))
            type = (int)value;
        else if (!in_options && tag == (2 << 3 | 2))
            read_request(text, at, 1);
        else if (in_options && tag == (1 << 3))
            images = (int)value;
        else if (in_options && tag == (2 << 3))
            dumped = (int)value;
        else if (in_options && tag == (17 << 3))
            work = (int)value;
        else if (in_options && tag == (10 << 3 | 2))
            snprintf(log_file, sizeof log_file, "%.*s", (int)value, text);
        else if (in_options && tag == (44 << 3 | 2))
            snprintf(freezer, sizeof freezer, "%.*s", (int)value, text);
    }
    return type;
}

static int receive(void)
{
    ssize_t length = recv(SOCKET, message, sizeof message, 0);
    if (length <= 0)
        return -1;
    static int count;
    char name[32];
    do
        snprintf(name, sizeof name, "request.%d", count++);
    while (access(beside(name), F_OK) == 0);
    FILE *file = fopen(beside(name), "w");
    fwrite(message, 1, (size_t)length, file);
    fclose(file);
    return (int)length;
}

static void send_answer(unsigned char *end, int descriptor)
{
    struct iovec part = { message, (size_t)(end - message) };
    char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
    if (descriptor >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
    }
    sendmsg(SOCKET, &header, MSG_NOSIGNAL);
}

static unsigned char *answer(int type, int success) { return field(field(message, 1, (unsigned long)type), 2, (unsigned long)success); }

// 0 when the client says that it failed, or is gone.
static int notify(const char *name, int descriptor)
{
    unsigned char inner[256], *end = bytes(inner, 1, name, strlen(name));
    if (restored > 0)
        end = field(end, 2, (unsigned long)restored);
    send_answer(bytes(answer(NOTIFY, 1), 5, inner, (size_t)(end - inner)), descriptor);
    int length = receive();
    return length == 4 && message[0] == (1 << 3) && message[1] == NOTIFY && message[2] == (3 << 3) && message[3] == 1;
}

static int make_process(const char *namespaces)
{
    unsigned long flags = CLONE_PARENT | SIGCHLD;
    flags |= (strstr(namespaces, "net") != NULL ? CLONE_NEWNET : 0) | (strstr(namespaces, "mnt") != NULL ? CLONE_NEWNS : 0);
    long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
    if (pid != 0)
        return (int)pid;
    close(SOCKET);
    setsid();
    for (;;) {
        FILE *end = fopen(beside("end"), "r");
        int status;
        if (end != NULL && fscanf(end, "%d", &status) == 1)
            _exit(status);
        if (end != NULL)
            fclose(end);
        usleep(20000);
    }
}

static void look(void)
{
    char command[16384], path[64], target[4096];
    snprintf(command, sizeof command, "cp /proc/%d/mountinfo '%s/mountinfo'; cp /proc/%d/cgroup '%s/cgroup'", getpid(), directory, getpid(), directory);
    if (system(command) != 0)
        seen("look", "failed");
    for (int fd = 0; fd < 6; fd++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length > 0 ? length : 0] = 0;
        char what[16];
        snprintf(what, sizeof what, "fd%d", fd);
        seen(what, target);
    }
}

static void write_log(const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "/proc/%d/fd/%d/%s", getppid(), work >= 0 ? work : images, log_file);
    FILE *file = fopen(path, "a");
    if (file == NULL) {
        seen("log", strerror(errno));
        return;
    }
    fprintf(file, "%s\n", text);
    fclose(file);
}

static int act(int type)
{
    char line[1024];
    FILE *script = fopen(beside("script"), "r");
    while (script != NULL && fgets(line, sizeof line, script) != NULL) {
        line[strcspn(line, "\n")] = 0;
        char *rest = line + strcspn(line, " ");
        if (*rest != 0)
            *rest++ = 0;
        if (strcmp(line, "notify") == 0 && !notify(rest, -1))
            strcpy(line, "fail"), rest = "0 the client failed";
        if (strcmp(line, "root") == 0)
            restored = make_process(rest);
        else if (strcmp(line, "stray") == 0)
            make_process("");
        else if (strcmp(line, "pty") == 0) {
            int master = posix_openpt(O_RDWR | O_NOCTTY);
            unlockpt(master);
            notify("orphan-pts-master", master);
            close(master);
        } else if (strcmp(line, "look") == 0)
            look();
        else if (strcmp(line, "log") == 0)
            write_log(rest);
        else if (strcmp(line, "freeze") == 0) {
            strcat(freezer, "/cgroup.freeze");
            int file = open(freezer, O_WRONLY);
            if (file < 0 || write(file, "1", 1) != 1)
                seen("freeze", strerror(errno));
        } else if (strcmp(line, "kill") == 0)
            kill(dumped, SIGKILL);
        else if (strcmp(line, "fail") == 0) {
            if (restored > 0)
                kill(restored, SIGKILL);
            char *text = rest + strcspn(rest, " ");
            unsigned char *end = answer(type, 0);
            if (atoi(rest) != 0)
                end = field(end, 7, (unsigned long)atoi(rest));
            send_answer(*text != 0 ? bytes(end, 9, text + 1, strlen(text + 1)) : end, -1);
            return 1;
        } else if (strcmp(line, "die") == 0)
            kill(getpid(), SIGKILL);
        else if (strcmp(line, "exit") == 0) {
            send_answer(answer(type, 1), -1);
            return atoi(rest);
        } else if (strcmp(line, "hang") == 0) {
            while (recv(SOCKET, message, sizeof message, 0) > 0)
                ;
            return 1;
        }
    }
    send_answer(answer(type, 1), -1);

    // Ends with the client's connection.
    return recv(SOCKET, message, sizeof message, 0) == 0 ? 0 : 1;
}

// The value of a command that is for the whole file.
static int setting(const char *name, int otherwise)
{
    char line[1024];
    FILE *script = fopen(beside("script"), "r");
    size_t length = strlen(name);
    while (script != NULL && fgets(line, sizeof line, script) != NULL)
        if (strncmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == '\n'))
            otherwise = line[length] == ' ' ? atoi(line + length) : 1;
    if (script != NULL)
        fclose(script);
    return otherwise;
}

int main(int argc, char **argv)
{
    ssize_t length = readlink("/proc/self/exe", directory, sizeof directory - 1);
    directory[length] = 0;
    *strrchr(directory, '/') = 0;
    if (argc != 3 || strcmp(argv[1], "swrk") != 0 || strcmp(argv[2], "3") != 0)
        return 2;
    int got = receive();
    if (got < 0)
        return 1;
    int type = read_request(message, message + got, 0);
    if (setting("mute", 0)) {
        pause();
        return 1;
    }
    if (type == VERSION) {
        int version = setting("version", 40100);
        unsigned char inner[32], *end = field(inner, 1, (unsigned long)(version / 10000));
        end = field(end, 2, (unsigned long)(version / 100 % 100));
        end = field(end, 4, (unsigned long)(version % 100));
        send_answer(bytes(answer(VERSION, 1), 10, inner, (size_t)(end - inner)), -1);
        return 0;
    }
    if (type == FEATURES) {
        int features = setting("features", 3);
        unsigned char inner[8], *end = field(field(inner, 1, features & 1), 2, (unsigned long)(features >> 1 & 1));
        send_answer(bytes(answer(FEATURES, 1), 8, inner, (size_t)(end - inner)), -1);
        return 0;
    }
    return act(type);
}
