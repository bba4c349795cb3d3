// Runs a program and does one thing to one system call of it or of its children, until these execute another program.
//   fault REPORT record PROGRAM [ARGUMENT...]            writes every call: process, which one of its name it is there, its
//                                                        name's number, its first argument
//   fault REPORT PROCESS:NUMBER:NAME:ACTION PROGRAM...   writes the call that was hit, nothing when it was never made
// PROCESS counts from 0, the program itself, in the order of creation; NUMBER from 1 the calls of that name in it, for of all
// calls the number differs with each wait. ACTION is signal=N, sent before the call is made, error=N, or result=N; with these two
// the call is not made, but for close(2), which has closed whatever it says. result=N also meets every later call of that
// process with the same name and first argument: what gives such answers always gives them. Exit status of the program, 128 + the
// signal that ended it, 124 when it took longer than the limit, 125 for a failure of fault itself. Who is left when the program
// ends runs free.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MAX_TRACED = 256, MAX_NAMES = 1024, LIMIT_SECONDS = 20,
    OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK,
};

enum action { RECORD, SIGNAL, ERROR, RESULT };

struct traced { pid_t pid; long calls[MAX_NAMES]; int is_answered; };

static struct traced traced[MAX_TRACED];
static int count;
static pid_t first;
static FILE *report;
static enum action action;
static long process, number, name, value;
static unsigned long long lied_name, lied_argument;
static int is_lying;

static void die(const char *text)
{
    fprintf(stderr, "fault: %s: %s\n", text, strerror(errno));
    exit(125);
}

static void expire(int signal)
{
    (void)signal;
    kill(first, SIGKILL);
    _exit(124);
}

static struct traced *find(pid_t pid)
{
    for (int i = 0; i < count; i++)
        if (traced[i].pid == pid)
            return &traced[i];
    if (count == MAX_TRACED) {
        errno = EMFILE;
        die("processes");
    }
    traced[count].pid = pid;
    return &traced[count++];
}

// Minus one is the number of no call: the kernel makes none.
static void skip(pid_t pid)
{
#ifdef __aarch64__
    int none = -1;
    struct iovec data = { &none, sizeof none };
    ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &data);
#else
    ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L);
#endif
}

static void answer(pid_t pid, long result)
{
#ifdef __aarch64__
    struct user_regs_struct registers;
    struct iovec data = { &registers, sizeof registers };
    ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &data);
    registers.regs[0] = result;
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &data);
#else
    ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), result);
#endif
}

static void at_call(struct traced *t)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof info, &info) <= 0)
        return; // killed meanwhile
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->is_answered) {
        t->is_answered = 0;
        answer(t->pid, action == ERROR ? -value : value);
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr >= MAX_NAMES)
        return;
    long call = ++t->calls[info.entry.nr];
    int is_hit = action != RECORD && t - traced == process && (long)info.entry.nr == name && call == number;
    if (is_hit || action == RECORD) {
        fprintf(report, "%d %ld %llu %llu\n", (int)(t - traced), call, (unsigned long long)info.entry.nr, (unsigned long long)info.entry.args[0]);
        fflush(report);
    }
    if (is_hit && action == RESULT) {
        is_lying = 1;
        lied_name = info.entry.nr;
        lied_argument = info.entry.args[0];
    }
    int is_lie = is_lying && t - traced == process && info.entry.nr == lied_name && info.entry.args[0] == lied_argument;
    if (is_hit && action == SIGNAL) {
        kill(t->pid, (int)value);
    } else if (is_hit || is_lie) {
        t->is_answered = 1;
        if (info.entry.nr != SYS_close)
            skip(t->pid);
    }
}

static void stopped(struct traced *t, int status)
{
    int signal = WSTOPSIG(status), event = status >> 16;
    if (signal == (SIGTRAP | 0x80)) {
        at_call(t);
        ptrace(PTRACE_SYSCALL, t->pid, 0, 0);
    } else if (event == PTRACE_EVENT_EXEC && t->pid != first) {
        ptrace(PTRACE_DETACH, t->pid, 0, 0);
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
        ptrace(PTRACE_LISTEN, t->pid, 0, 0); // job control stopped it
    } else if (event) {
        // A child takes its number when it is made, which is a fixed order; when it first runs is not.
        unsigned long child;
        if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK)
            if (ptrace(PTRACE_GETEVENTMSG, t->pid, 0, &child) == 0)
                find((pid_t)child);
        ptrace(PTRACE_SYSCALL, t->pid, 0, 0);
    } else {
        ptrace(PTRACE_SYSCALL, t->pid, 0, signal);
    }
}

static void parse(const char *text)
{
    char kind[8];
    if (strcmp(text, "record") == 0)
        return;
    if (sscanf(text, "%ld:%ld:%ld:%6[a-z]=%ld", &process, &number, &name, kind, &value) != 5) {
        fprintf(stderr, "fault: not PROCESS:NUMBER:NAME:ACTION: %s\n", text);
        exit(125);
    }
    action = strcmp(kind, "signal") == 0 ? SIGNAL : strcmp(kind, "error") == 0 ? ERROR : RESULT;
}

int main(int argc, char **argv)
{
    int status;
    pid_t pid;

    if (argc < 4) {
        fprintf(stderr, "usage: fault REPORT record|PROCESS:NUMBER:NAME:ACTION PROGRAM [ARGUMENT...]\n");
        return 125;
    }
    parse(argv[2]);
    report = fopen(argv[1], "we");
    if (!report)
        die(argv[1]);
    first = fork();
    if (first == 0) {
        raise(SIGSTOP);
        execv(argv[3], argv + 3);
        die(argv[3]);
    }
    if (first < 0 || waitpid(first, &status, WUNTRACED) != first || ptrace(PTRACE_SEIZE, first, 0, OPTIONS) != 0)
        die("ptrace");
    find(first);
    signal(SIGALRM, expire);
    alarm(LIMIT_SECONDS);
    kill(first, SIGCONT);
    while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (pid > 0 && WIFSTOPPED(status))
            stopped(find(pid), status);
        else if (pid == first)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return 125;
}
