using System.Runtime.InteropServices;

namespace OciRun.Kernel;

internal static partial class Uapi
{
    // linux/seccomp.h: values a filter returns, from the most to the least severe
    public const uint SECCOMP_RET_KILL_PROCESS = 0x80000000;
    public const uint SECCOMP_RET_KILL_THREAD = 0x00000000;
    public const uint SECCOMP_RET_TRAP = 0x00030000;
    public const uint SECCOMP_RET_ERRNO = 0x00050000;
    public const uint SECCOMP_RET_USER_NOTIF = 0x7fc00000;
    public const uint SECCOMP_RET_TRACE = 0x7ff00000;
    public const uint SECCOMP_RET_LOG = 0x7ffc0000;
    public const uint SECCOMP_RET_ALLOW = 0x7fff0000;
    public const uint SECCOMP_RET_ACTION_FULL = 0xffff0000;
    public const uint SECCOMP_RET_DATA = 0x0000ffff;

    // linux/bpf_common.h, linux/filter.h: the part of classic BPF a seccomp filter uses
    public const ushort BPF_LD_W_ABS = 0x20;
    public const ushort BPF_ALU_AND_K = 0x54;
    public const ushort BPF_JMP_JA = 0x05;
    public const ushort BPF_JMP_JEQ_K = 0x15;
    public const ushort BPF_JMP_JGT_K = 0x25;
    public const ushort BPF_JMP_JGE_K = 0x35;
    public const ushort BPF_RET_K = 0x06;
    public const int BPF_MAXINSNS = 4096;

    // asm/unistd.h on x86: marks a call of the x32 ABI
    public const uint __X32_SYSCALL_BIT = 0x40000000;
}

/// <summary>linux/filter.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct sock_filter
{
    public ushort code;
    public byte jt;
    public byte jf;
    public uint k;
}
