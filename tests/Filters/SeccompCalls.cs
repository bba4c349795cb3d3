using System;
using System.Collections.Generic;
using System.Linq;
using OciRun.Filters;
using OciRun.Spec;

namespace OciRun.Tests.Filters;

/// <summary>The calls that tell two filters of one profile apart.</summary>
internal static class SeccompCalls
{
    // Without numbers from 0x80000000 to 0xbfffffff, which no libc makes: under x86_64 alone runc answers ENOSYS to them,
    // looking at the x32 bit only, where libseccomp and we treat everything from the bit up as not covered.
    private static readonly uint[] Boundaries =
    [
        0x000effff, 0x000f0000, 0x000f0001, 0x000f0005, 0x000f0006, 0x000f0007, 0x3fffffff, 0x40000000, 0x7fffffff,
        0xc0000000, 0xfffffffe, 0xffffffff,
    ];

    /// <summary>
    /// Every number of an architecture, around each of its ranges, with the edges of every argument a rule looks at.
    /// </summary>
    public static IEnumerable<BpfInterpreter.Call> Of(Seccomp profile, string architecture, Random random)
    {
        SeccompArchitecture facts = SyscallTableTests.Facts(architecture);
        Dictionary<uint, SortedSet<ulong>[]> edges = Edges(profile, facts);
        IEnumerable<uint> numbers = Enumerable.Range(0, 601).Select(n => (uint)n).Concat(Boundaries);
        if (facts.Origin != 0)
            numbers = numbers.Concat(Enumerable.Range(0, 601).Select(n => facts.Origin + (uint)n));
        foreach (uint number in numbers)
        {
            ulong[] some = [.. Enumerable.Range(0, 6).Select(_ => (ulong)random.NextInt64())];
            yield return new(number, facts.Audit, some, facts.BigEndian);
            if (!edges.TryGetValue(number, out SortedSet<ulong>[]? arguments))
                continue;
            ulong[][] values = [.. arguments.Select(a => a.Append((ulong)random.NextInt64()).ToArray())];
            // Every value of each argument with the others at random, twice.
            for (int i = 0; i < 6; i++)
            {
                for (int j = 0; j < values[i].Length * 2; j++)
                {
                    ulong[] call = [.. values.Select(v => v[random.Next(v.Length)])];
                    call[i] = values[i][j / 2];
                    yield return new(number, facts.Audit, call, facts.BigEndian);
                }
            }
        }
    }

    private static Dictionary<uint, SortedSet<ulong>[]> Edges(Seccomp profile, SeccompArchitecture facts)
    {
        Dictionary<uint, SortedSet<ulong>[]> edges = [];
        foreach (SeccompSyscall rule in profile.Syscalls!)
        {
            foreach (int name in rule.Names!.Select(n => SyscallTable.Find(n.Span)).Where(i => i >= 0))
            {
                Add(edges, facts, name, rule.Args ?? []);
                bool socket = SyscallTable.SocketCall(name) != 0;
                if (!facts.Multiplexed || (!socket && SyscallTable.IpcCall(name) == 0))
                    continue;
                int number = Math.Max(SyscallTable.SocketCall(name), SyscallTable.IpcCall(name));
                SeccompArg call = SeccompSample.Arg(0, "EQ", (ulong)number);
                Add(edges, facts, SyscallTable.Find(socket ? "socketcall"u8 : "ipc"u8), [call, .. rule.Args ?? []]);
            }
        }

        return edges;
    }

    private static void Add(Dictionary<uint, SortedSet<ulong>[]> edges, SeccompArchitecture facts, int name, SeccompArg[] args)
    {
        ushort number = SyscallTable.Column(facts.Column)[name];
        if (number == SyscallTable.None || args.Length == 0)
            return;
        uint key = number >= SyscallTable.ArmPrivate ? 0xf0000u + number - SyscallTable.ArmPrivate : facts.Origin + number;
        if (!edges.TryGetValue(key, out SortedSet<ulong>[]? arguments))
            edges[key] = arguments = [.. Enumerable.Range(0, 6).Select(_ => new SortedSet<ulong>())];
        foreach (SeccompArg arg in args)
        {
            bool masked = arg.Op.Is("SCMP_CMP_MASKED_EQ"u8);
            ulong value = masked ? arg.ValueTwo : arg.Value;
            ulong mask = masked ? arg.Value : ulong.MaxValue;
            SortedSet<ulong> set = arguments[arg.Index];
            unchecked
            {
                const ulong Low = uint.MaxValue;
                set.UnionWith([value, value - 1, value + 1, value ^ (1ul << 32)]);
                set.UnionWith([value & mask, value | ~mask, value ^ (mask & (0 - mask))]);
                set.UnionWith([value & Low, value | ~Low, value | Low, value & ~Low]);
                set.UnionWith([0, ulong.MaxValue, uint.MaxValue, 1ul << 32, value + (1ul << 32), value - (1ul << 32)]);
            }
        }
    }
}
