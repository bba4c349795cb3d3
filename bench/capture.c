// Runs a program, follows its children, and prints the programs for the kernel that they load as C arrays: the last seccomp
// filter and the last program for devices. So bench/floor.c loads what ocirun does.
// usage: capture PROGRAM [ARGUMENT...] >programs.h
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX = 4096, SET_MODE_FILTER = 1, OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL };
static uint64_t filter[MAX], devices[MAX];
static unsigned filter_length, devices_length;

static unsigned fetch(pid_t pid, uint64_t from, unsigned count, uint64_t *to)
{
    struct iovec local = { to, count * sizeof *to }, remote = { (void *)from, count * sizeof *to };
    return count <= MAX && process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)local.iov_len ? count : 0;
}

static void look(pid_t pid)
{
    struct __ptrace_syscall_info call;
    struct sock_fprog program;
    union bpf_attr attributes;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof call, &call) <= 0 || call.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    struct iovec remote = { (void *)call.entry.args[2], sizeof program }, local = { &program, sizeof program };
    if (call.entry.nr == SYS_seccomp && call.entry.args[0] == SET_MODE_FILTER && process_vm_readv(pid, &local, 1, &remote, 1, 0) > 0)
        filter_length = fetch(pid, (uint64_t)program.filter, program.len, filter);
    remote = (struct iovec) { (void *)call.entry.args[1], 32 }, local = (struct iovec) { &attributes, 32 };
    if (call.entry.nr == SYS_bpf && call.entry.args[0] == BPF_PROG_LOAD && process_vm_readv(pid, &local, 1, &remote, 1, 0) > 0)
        devices_length = fetch(pid, attributes.insns, attributes.insn_cnt, devices);
}

static void print(const char *name, const uint64_t *program, unsigned length)
{
    printf("enum { %s_length = %u };\nstatic const unsigned long %s[] = {", name, length, name);
    for (unsigned i = 0; i < length; i++)
        printf("%s0x%016lx,", i % 4 ? " " : "\n    ", program[i]);
    printf("%s\n};\n", length ? "" : " 0");
}

int main(int argc, char **argv)
{
    int status, result = 1;
    pid_t pid, first = argc < 2 ? -1 : fork();
    if (first == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(argv[1], argv + 1);
        _exit(127);
    }
    if (first < 0 || waitpid(first, &status, 0) != first || ptrace(PTRACE_SETOPTIONS, first, 0, OPTIONS) != 0) {
        perror("capture");
        return 1;
    }
    ptrace(PTRACE_SYSCALL, first, 0, 0);
    while ((pid = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (pid == first)
                result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            continue;
        }
        int signal = WSTOPSIG(status), is_own = signal == (SIGTRAP | 0x80) || status >> 16 || signal == SIGSTOP;
        if (signal == (SIGTRAP | 0x80))
            look(pid);
        ptrace(PTRACE_SYSCALL, pid, 0, is_own ? 0 : signal);
    }
    print("filter", filter, filter_length);
    print("devices", devices, devices_length);
    return result;
}
