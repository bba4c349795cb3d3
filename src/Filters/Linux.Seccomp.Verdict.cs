using System;
using System.Runtime.InteropServices;
using OciRun.Kernel;

namespace OciRun.Filters;

internal static partial class SeccompCompiler
{
    /// <summary>
    /// Whether a compiled filter lets one call of this machine's own kind happen, found by running it. An instruction
    /// that is not understood counts as a no.
    /// </summary>
    /// <param name="program">What the kernel would get.</param>
    /// <param name="machine">The machine that makes the call.</param>
    /// <param name="number">Number of the call.</param>
    /// <param name="first">Its first argument.</param>
    /// <param name="second">Its second argument; all others are 0.</param>
    public static bool Allows(ReadOnlySpan<sock_filter> program, Architecture machine, int number, ulong first = 0, ulong second = 0)
    {
        // struct seccomp_data: nr, arch, instruction_pointer, args (seccomp(2)).
        Span<uint> data = stackalloc uint[16];
        data.Clear();
        data[0] = (uint)number;
        data[1] = machine == Architecture.Arm64 ? 0xc00000b7 : 0xc000003e;
        data[4] = (uint)(first & uint.MaxValue);
        data[5] = (uint)(first >> 32);
        data[6] = (uint)(second & uint.MaxValue);
        data[7] = (uint)(second >> 32);
        uint a = 0;
        for (int at = 0; at < program.Length; at++)
        {
            sock_filter i = program[at];
            switch (i.code)
            {
                case Uapi.BPF_LD_W_ABS when i.k < 64 && i.k % 4 == 0:
                    a = data[(int)i.k / 4];
                    break;
                case Uapi.BPF_ALU_AND_K:
                    a &= i.k;
                    break;
                case Uapi.BPF_JMP_JA when i.k < program.Length:
                    at += (int)i.k;
                    break;
                case Uapi.BPF_JMP_JEQ_K:
                    at += a == i.k ? i.jt : i.jf;
                    break;
                case Uapi.BPF_JMP_JGT_K:
                    at += a > i.k ? i.jt : i.jf;
                    break;
                case Uapi.BPF_JMP_JGE_K:
                    at += a >= i.k ? i.jt : i.jf;
                    break;
                case Uapi.BPF_RET_K:
                    return (i.k & Uapi.SECCOMP_RET_ACTION_FULL) is Uapi.SECCOMP_RET_ALLOW or Uapi.SECCOMP_RET_LOG;
                default:
                    return false;
            }
        }

        return false;
    }
}
