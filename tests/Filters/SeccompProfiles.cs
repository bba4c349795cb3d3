using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using OciRun.Filters;
using OciRun.Spec;

namespace OciRun.Tests.Filters;

/// <summary>Makes profiles at random, from a seed.</summary>
internal sealed record SeccompProfiles
{
    public static readonly string[] Equality = ["EQ", "NE", "MASKED_EQ"];
    public static readonly string[] Greater = ["GT", "GE"];
    public static readonly string[] Less = ["LT", "LE"];

    private static readonly string[] Actions =
    [
        "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
        "SCMP_ACT_TRACE", "SCMP_ACT_TRAP",
    ];

    /// <summary>Largest number of rules without conditions.</summary>
    public int Plain { get; init; } = 60;

    /// <summary>Largest number of calls with conditional rules.</summary>
    public int Calls { get; init; }

    /// <summary>Largest number of conditional rules for one call.</summary>
    public int Rules { get; init; } = 1;

    /// <summary>Largest number of conditions in a rule.</summary>
    public int Conditions { get; init; } = 1;

    /// <summary>For each call one of these sets of comparisons.</summary>
    public string[][] Operators { get; init; } = [[.. Equality, .. Greater, .. Less]];

    /// <summary>Values with a meaningful upper half.</summary>
    public bool Wide { get; init; } = true;

    /// <summary>Whether a rule may name an argument twice.</summary>
    public bool Repeat { get; init; }

    /// <summary>Whether the rules of one call lead to different actions.</summary>
    public bool Mixed { get; init; }

    /// <summary>Whether conditional rules may be about calls with rules without conditions.</summary>
    public bool Overlap { get; init; }

    public Seccomp Make(Random random)
    {
        Seccomp profile = new() { DefaultAction = Actions[random.Next(Actions.Length)] };
        if (profile.DefaultAction.Is("SCMP_ACT_ERRNO"u8) && random.Next(2) == 0)
            profile.DefaultErrnoRet = random.Next(2) == 0 ? 38u : 1;
        List<SeccompSyscall> rules = [];
        HashSet<string> plain = new(StringComparer.Ordinal);
        for (int i = random.Next(random.Next(2) == 0 ? 6 : Plain + 1); i > 0; i--)
        {
            string[] names = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Name(random))];
            plain.UnionWith(names);
            rules.Add(Rule(random, string.Join(' ', names)));
        }

        HashSet<string> conditional = new(StringComparer.Ordinal);
        for (int i = Calls == 0 ? 0 : random.Next(1, Calls + 1); i > 0; i--)
        {
            string name = Name(random);
            if ((!Overlap && plain.Contains(name)) || !conditional.Add(name))
                continue;
            string[] operators = Operators[random.Next(Operators.Length)];
            SeccompSyscall rule = Rule(random, name);
            for (int j = random.Next(1, Rules + 1); j > 0; j--)
            {
                SeccompSyscall next = Mixed
                    ? Rule(random, name)
                    : new() { Names = rule.Names, Action = rule.Action, ErrnoRet = rule.ErrnoRet };
                next.Args = Args(random, operators);
                rules.Add(next);
            }
        }

        profile.Syscalls = [.. rules.OrderBy(_ => random.Next())];
        return profile;
    }

    private static SeccompSyscall Rule(Random random, string names)
    {
        SeccompSyscall rule = SeccompSample.Rule(Actions[random.Next(Actions.Length)], names);
        if ((rule.Action.Is("SCMP_ACT_ERRNO"u8) || rule.Action.Is("SCMP_ACT_TRACE"u8)) && random.Next(2) == 0)
            rule.ErrnoRet = (uint)random.Next(1, 100);
        return rule;
    }

    private static string Name(Random random)
    {
        while (true)
        {
            // Calls that some architectures multiplex come up more often.
            int index = random.Next(SyscallTable.Count);
            if (random.Next(4) != 0 || SyscallTable.SocketCall(index) != 0 || SyscallTable.IpcCall(index) != 0)
                return Encoding.ASCII.GetString(SyscallTable.Name(index));
        }
    }

    private SeccompArg[] Args(Random random, string[] operators)
    {
        List<SeccompArg> args = [];
        for (int i = random.Next(1, Conditions + 1); i > 0; i--)
        {
            uint index = (uint)random.Next(6);
            if (Repeat || args.TrueForAll(a => a.Index != index))
                args.Add(SeccompSample.Arg(index, operators[random.Next(operators.Length)], Value(random), Value(random)));
        }

        return [.. args];
    }

    private ulong Value(Random random) => random.Next(Wide ? 8 : 5) switch
    {
        0 => 0,
        1 => uint.MaxValue,
        <= 4 => (ulong)random.Next(10),
        5 => ulong.MaxValue,
        6 => (ulong)random.NextInt64(),
        _ => (ulong)random.Next(4) << 32 | (uint)random.Next(4),
    };
}
