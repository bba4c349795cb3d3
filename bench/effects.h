// What the instructions that end a run do, worked out on the registers and the memory of a stopped process (steps.c).
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>

typedef struct user_regs_struct Registers;

// A processor of x86-64-v2 of no known maker, so that no size of a cache is asked for.
static void answer_cpuid(Registers *r)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    switch ((uint32_t)r->rax) {
    case 0: // highest leaf, and twelve letters
        a = 1, b = 0x7469654e, d = 0x20726568, c = 0x656e6f20;
        break;
    case 1: // sse3, ssse3, cx16, sse4.1, sse4.2, popcnt; fpu, tsc, cx8, cmov, mmx, fxsr, sse, sse2
        a = 0x600, c = 1 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23;
        d = 1 | 1 << 4 | 1 << 8 | 1 << 15 | 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26;
        break;
    case 0x80000000:
        a = 0x80000001;
        break;
    case 0x80000001: // lahf; syscall, nx, long mode
        c = 1, d = 1 << 11 | 1 << 20 | 1 << 29;
        break;
    }
    r->rax = a, r->rbx = b, r->rcx = c, r->rdx = d;
}

static uint64_t *register_of(Registers *r, int number)
{
    unsigned long long *const all[] = {
        &r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp, &r->rsi, &r->rdi,
        &r->r8, &r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15,
    };
    return (uint64_t *)all[number];
}

static uint64_t read_word(pid_t pid, uint64_t address)
{
    return (uint64_t)ptrace(PTRACE_PEEKDATA, pid, address, 0);
}

static void push(pid_t pid, Registers *r, uint64_t value)
{
    r->rsp -= 8;
    ptrace(PTRACE_POKEDATA, pid, r->rsp, value);
}

// Where an indirect jump or call goes that is at an address and consists of these bytes.
static uint64_t operand(pid_t pid, Registers *r, const struct instruction *i, uint64_t address, const uint8_t *bytes)
{
    int mode = i->modrm >> 6, low3 = i->modrm & 7, base = low3 | (i->rex & 1) << 3;
    if (mode == 3)
        return *register_of(r, base);
    const uint8_t *at = bytes + i->displacement;
    uint64_t where = 0;
    int is_wide = mode == 2;
    if (low3 == 4) {
        int index = (*at >> 3 & 7) | (i->rex & 2) << 2;
        base = (*at & 7) | (i->rex & 1) << 3;
        if (index != 4)
            where += *register_of(r, index) << (*at >> 6);
        if (mode == 0 && (*at & 7) == 5)
            is_wide = 1;
        else
            where += *register_of(r, base);
        at++;
    } else if (mode == 0 && low3 == 5) {
        where += address + i->length;
        is_wide = 1;
    } else {
        where += *register_of(r, base);
    }
    int32_t offset;
    memcpy(&offset, at, sizeof offset);
    where += (int64_t)(is_wide ? offset : mode == 1 ? (int8_t)*at : 0);
    return read_word(pid, where + (i->segment == 0x64 ? r->fs_base : i->segment ? r->gs_base : 0));
}

static int is_taken(uint8_t opcode, uint64_t flags)
{
    int c = flags & 1, p = flags >> 2 & 1, z = flags >> 6 & 1, s = flags >> 7 & 1, o = flags >> 11 & 1;
    const int conditions[] = { o, c, z, c | z, s, p, s ^ o, z | (s ^ o) };
    return conditions[opcode >> 1 & 7] ^ (opcode & 1);
}

static int loop_is_taken(uint8_t opcode, Registers *r)
{
    if (opcode == 0xe3)
        return r->rcx == 0;
    int z = r->eflags >> 6 & 1;
    return --r->rcx != 0 && (opcode == 0xe2 || z == (opcode == 0xe1));
}
