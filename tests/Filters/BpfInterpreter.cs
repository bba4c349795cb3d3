using System;
using System.Linq;
using OciRun.Kernel;

namespace OciRun.Tests.Filters;

/// <summary>Runs a seccomp program as the kernel does, and refuses what the kernel's checker refuses.</summary>
internal static class BpfInterpreter
{
    /// <summary>What a system call looks like to a filter.</summary>
    internal sealed record Call(uint Number, uint Architecture, ulong[] Arguments, bool BigEndian = false)
    {
        public override string ToString() => $"{Number}({string.Join(", ", Arguments.Select(a => a.ToString("x")))})";
    }

    public static uint Run(ReadOnlySpan<sock_filter> program, Call call) => Run(program, call, out _);

    public static uint Run(ReadOnlySpan<sock_filter> program, Call call, out int steps)
    {
        uint a = 0;
        steps = 0;
        for (int at = 0; at < program.Length; at++)
        {
            steps++;
            sock_filter i = program[at];
            switch (i.code)
            {
                case Uapi.BPF_LD_W_ABS:
                    a = Word(call, i.k);
                    break;
                case Uapi.BPF_ALU_AND_K:
                    a &= i.k;
                    break;
                case Uapi.BPF_JMP_JA:
                    at = checked(at + (int)i.k);
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
                case 0x45:
                    at += (a & i.k) != 0 ? i.jt : i.jf;
                    break;
                case Uapi.BPF_RET_K:
                    return i.k;
                default:
                    throw new InvalidOperationException($"instruction {at} has code {i.code:x}");
            }
        }

        throw new InvalidOperationException("the program runs past its end");
    }

    private static uint Word(Call call, uint offset)
    {
        if (offset == 0)
            return call.Number;
        if (offset == 4)
            return call.Architecture;
        if (offset < 16 || offset >= 64 || offset % 4 != 0)
            throw new InvalidOperationException($"no word at offset {offset}");
        ulong argument = call.Arguments[(offset - 16) / 8];
        bool second = offset % 8 != 0;
        return second == call.BigEndian ? (uint)(argument & uint.MaxValue) : (uint)(argument >> 32);
    }
}
