// Counts the instructions that a program executes in user mode and the system calls that it makes, the same on every
// machine: there is no address randomisation, CPUID tells of one plain processor (x86-64-v2), random bytes are always the
// same, and a repeated string instruction counts once. No counter of the processor is needed, which virtual machines lack.
//
// The end of each run of instructions (a jump, a call, a return) is replaced by a breakpoint as soon as it is reached for
// the first time; it is then never executed itself but worked out here. A breakpoint costs a virtual machine a tenth of a
// single step, which leaves it for its host, and there are five times fewer.
//
// The program has to be a static x86-64 executable with fixed addresses and one thread. Children count until they
// execute another program, which then runs free, or until the program ends, with which they are killed. Writes one line to
// the file COUNTS, and to PROFILE how many instructions were executed in the runs that begin at an address, in the order in
// which they were first reached:
//   instructions syscalls child-instructions child-syscalls
//   address instructions
// usage: steps COUNTS PROFILE PROGRAM [ARGUMENT...]       the program's exit status, or 125
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include "decode.h"
#include "effects.h"

enum {
    MAX_TRACED = 16, GADGET_ROOM = 8, BREAKPOINT = 0xcc, SYSCALL_LENGTH = 2,
    OPTIONS = PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL,
};

struct traced {
    pid_t pid;
    int stepping;
    int is_stopped, is_known; // a child begins when it has stopped and its parent's clone is known
    long call;             // number of the system call that it is in
    uint64_t resume;       // where it goes on after that
    uint64_t buffer;       // the call's first argument
    uint64_t instructions, syscalls;
    uint8_t *planted;      // a byte per address of code
};

// A run of instructions, by its first address. length is up to its last instruction, next the run that was found after it.
struct run { uint32_t instructions, length; uint64_t address, executed; struct instruction last; struct run *next; };

static struct traced traced[MAX_TRACED];
static uint64_t low = UINT64_MAX, high, gadget;
static uint8_t *code;
static struct run **runs, *first_run, **next_run = &first_run;

static void die(const char *text)
{
    fprintf(stderr, "steps: %s: %s\n", text, errno ? strerror(errno) : "unexpected");
    exit(125);
}

static void read_code(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0)
        die(path);
    const uint8_t *file = mmap(0, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file == MAP_FAILED)
        die(path);
    close(fd);
    const Elf64_Ehdr *header = (const void *)file;
    if (status.st_size < (off_t)sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_type != ET_EXEC
        || header->e_machine != EM_X86_64) {
        fprintf(stderr, "steps: %s is not an x86-64 executable with fixed addresses\n", path);
        exit(125);
    }
    const Elf64_Phdr *segment = (const void *)(file + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++) {
        if (segment[i].p_type != PT_LOAD || !(segment[i].p_flags & PF_X))
            continue;
        low = segment[i].p_vaddr < low ? segment[i].p_vaddr : low;
        high = segment[i].p_vaddr + segment[i].p_filesz > high ? segment[i].p_vaddr + segment[i].p_filesz : high;
    }
    code = calloc(high - low + 64, 1);
    runs = calloc(high - low, sizeof *runs);
    if (!code || !runs)
        die("memory");
    for (int i = 0; i < header->e_phnum; i++)
        if (segment[i].p_type == PT_LOAD && segment[i].p_flags & PF_X)
            memcpy(code + (segment[i].p_vaddr - low), file + segment[i].p_offset, segment[i].p_filesz);
    // A system call is made from here, where functions are padded.
    for (uint64_t at = 0, room = 0; at < high - low && !gadget; at++) {
        room = code[at] == BREAKPOINT ? room + 1 : 0;
        if (room == GADGET_ROOM)
            gadget = low + at + 1 - GADGET_ROOM;
    }
    if (!gadget)
        die("no padding between functions");
}

static struct traced *find(pid_t pid)
{
    for (int i = 0; i < MAX_TRACED; i++) {
        if (!traced[i].pid) {
            traced[i].pid = pid;
            traced[i].planted = calloc(high - low, 1);
        }
        if (traced[i].pid == pid)
            return &traced[i];
    }
    fprintf(stderr, "steps: more than %d processes\n", MAX_TRACED);
    exit(125);
}

static void write_code(struct traced *t, uint64_t at, uint8_t byte)
{
    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, t->pid, at & ~7UL, 0);
    if (errno)
        return; // killed meanwhile: its end is reported
    ((uint8_t *)&word)[at & 7] = byte;
    ptrace(PTRACE_POKETEXT, t->pid, at & ~7UL, word);
}

static void begin_program(struct traced *t)
{
    memset(t->planted, 0, high - low);
    write_code(t, gadget, 0x0f);
    write_code(t, gadget + 1, 0x05);
}

static struct run *run_at(uint64_t address)
{
    struct run **found = &runs[address - low];
    if (*found)
        return *found;
    struct run *run = *found = calloc(1, sizeof *run);
    for (uint64_t at = address; run && !run->last.ending; at += run->last.length) {
        run->last = decode(code + (at - low));
        run->instructions++;
        run->length = at - address;
        if (at >= high || (!run->last.length && !run->last.ending))
            run->last.ending = UNKNOWN;
    }
    if (!run || run->last.ending == UNKNOWN) {
        fprintf(stderr, "steps: no known instruction at %#lx\n", address + (run ? run->length : 0));
        exit(125);
    }
    run->address = address;
    *next_run = run;
    next_run = &run->next;
    return run;
}

// Does what the last instruction of a run would have done. At a system call the process goes to the gadget.
static void finish(struct traced *t, Registers *r, const struct instruction *i)
{
    uint64_t address = r->rip, next = address + i->length;
    switch (i->ending) {
    case JUMP_IF:
        r->rip = next + (is_taken(i->opcode, r->eflags) ? i->immediate : 0);
        return;
    case LOOP:
        r->rip = next + (loop_is_taken(i->opcode, r) ? i->immediate : 0);
        return;
    case CALL:
        push(t->pid, r, next);
        r->rip = next + i->immediate;
        return;
    case JUMP:
        r->rip = next + i->immediate;
        return;
    case INDIRECT_CALL:
        r->rip = operand(t->pid, r, i, address, code + (address - low));
        push(t->pid, r, next);
        return;
    case INDIRECT_JUMP:
        r->rip = operand(t->pid, r, i, address, code + (address - low));
        return;
    case RETURN:
        r->rip = read_word(t->pid, r->rsp);
        r->rsp += 8 + i->immediate;
        return;
    case CPU_ID:
        answer_cpuid(r);
        r->rip = next;
        return;
    default:
        t->syscalls++;
        t->call = (long)r->rax;
        t->buffer = r->rdi;
        t->resume = next;
        r->rip = gadget;
    }
}

// Lets it run to the end of the run that begins where it stands.
static void go(struct traced *t, Registers *r, int signal)
{
    while (r->rip != gadget && r->rip - low < high - low) {
        struct run *run = run_at(r->rip);
        run->executed++;
        t->instructions += run->instructions;
        uint64_t last = r->rip + run->length;
        if (!run->length) { // nothing but an end, which needs no execution
            finish(t, r, &run->last);
            continue;
        }
        if (!t->planted[last - low]) {
            t->planted[last - low] = 1;
            write_code(t, last, BREAKPOINT);
        }
        break;
    }
    t->stepping = r->rip != gadget && r->rip - low >= high - low; // the vdso, for instance
    t->instructions += t->stepping;
    ptrace(PTRACE_SETREGS, t->pid, 0, r);
    ptrace(t->stepping ? PTRACE_SINGLESTEP : PTRACE_CONT, t->pid, 0, signal);
}

static void after_call(struct traced *t, Registers *r)
{
    static char bytes[4096];
    if (t->call == SYS_getrandom && (long)r->rax > 0) {
        memset(bytes, 0x5a, sizeof bytes); // not zeros: generators ask again then
        struct iovec from = { bytes, r->rax < sizeof bytes ? r->rax : sizeof bytes }, to = { (void *)t->buffer, from.iov_len };
        process_vm_writev(t->pid, &from, 1, &to, 1, 0);
    }
    r->rip = t->resume;
}

static void pin(pid_t pid)
{
    // On one processor the two wake each other without an interrupt between processors.
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_setaffinity(pid, sizeof one, &one);
}

static void begin_child(struct traced *t)
{
    if (!t->is_stopped || !t->is_known)
        return;
    pin(t->pid);
    ptrace(PTRACE_CONT, t->pid, 0, 0);
}

// A new child comes back from its parent's system call.
static void cloned(struct traced *parent)
{
    unsigned long pid = 0;
    ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &pid);
    struct traced *child = find((pid_t)pid);
    memcpy(child->planted, parent->planted, high - low);
    child->resume = parent->resume;
    child->is_known = 1;
    begin_child(child);
}

static void stopped(struct traced *t, int signal, int event)
{
    Registers r;
    if (ptrace(PTRACE_GETREGS, t->pid, 0, &r) != 0)
        return;
    if (event == PTRACE_EVENT_EXEC) {
        if (t != traced) {
            ptrace(PTRACE_DETACH, t->pid, 0, 0);
            return;
        }
        begin_program(t);
        go(t, &r, 0);
    } else if (event) {
        cloned(t);
        ptrace(PTRACE_CONT, t->pid, 0, 0);
    } else if (signal == SIGSTOP && !t->is_stopped) {
        t->is_stopped = 1;
        begin_child(t);
    } else if (signal != SIGTRAP) {
        ptrace(PTRACE_CONT, t->pid, 0, signal);
    } else if (t->stepping) {
        go(t, &r, 0);
    } else if (r.rip == gadget + SYSCALL_LENGTH + 1) {
        if (t->call == SYS_sched_setaffinity)
            pin(t->pid);
        after_call(t, &r);
        go(t, &r, 0);
    } else {
        r.rip--;
        if (r.rip - low >= high - low || !t->planted[r.rip - low]) {
            errno = 0;
            die("a breakpoint of the program's own");
        }
        struct instruction last = decode(code + (r.rip - low));
        finish(t, &r, &last);
        go(t, &r, 0);
    }
}

static void write_counts(const char *path)
{
    struct traced children = { 0 };
    FILE *file = fopen(path, "we");
    if (!file)
        die(path);
    for (int i = 1; i < MAX_TRACED; i++) {
        children.instructions += traced[i].instructions;
        children.syscalls += traced[i].syscalls;
    }
    fprintf(file, "%lu %lu %lu %lu\n", traced->instructions, traced->syscalls, children.instructions, children.syscalls);
    if (fclose(file) != 0)
        die(path);
}

static void write_profile(const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file)
        die(path);
    for (const struct run *run = first_run; run; run = run->next)
        fprintf(file, "%lx %lu\n", run->address, run->executed * run->instructions);
    if (fclose(file) != 0)
        die(path);
}

int main(int argc, char **argv)
{
    int status, result = 125;
    pid_t pid;

    if (argc < 4) {
        fprintf(stderr, "usage: steps COUNTS PROFILE PROGRAM [ARGUMENT...]\n");
        return 125;
    }
    const char *counts = argv[1], *profile = argv[2];
    argv += 3;
    read_code(*argv);
    pin(0);
    pid_t first = fork();
    if (first == 0) {
        personality(ADDR_NO_RANDOMIZE);
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(*argv, argv);
        die(*argv);
    }
    if (first < 0 || waitpid(first, &status, 0) != first || !WIFSTOPPED(status) || ptrace(PTRACE_SETOPTIONS, first, 0, OPTIONS) != 0)
        die("ptrace");
    find(first)->is_stopped = 1;
    ptrace(PTRACE_CONT, first, 0, 0);
    while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (pid > 0 && WIFSTOPPED(status)) {
            stopped(find(pid), WSTOPSIG(status), status >> 16);
        } else if (pid == first) {
            // Who is left waits for somebody, like a created container, and is killed.
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            break;
        }
    }
    write_counts(counts);
    write_profile(profile);
    return result;
}
