using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Filters.SeccompSample;

namespace OciRun.Tests.Filters;

public sealed class LinuxSeccompTests
{
    private const uint X64 = 0xc000003e;
    private const uint X86 = 0x40000003;
    private const uint Aarch64 = 0xc00000b7;
    private const uint Kill = 0;
    private const uint Allow = 0x7fff0000;
    private const uint Eperm = 0x00050001;
    private const uint Enosys = 0x00050026;
    private const int Read = 0;
    private const int Write = 1;

    [Fact]
    public void Without_a_profile_there_is_no_filter() => SeccompCompiler.Compile(null, Architecture.X64).Should().BeNull();

    [Fact]
    public void A_profile_without_action_and_rules_is_no_filter() =>
        SeccompCompiler.Compile(new Seccomp { Architectures = ["SCMP_ARCH_X86"], Syscalls = [] }, Architecture.X64)
            .Should().BeNull();

    [Theory]
    [InlineData("SCMP_ACT_KILL", null, 0u)]
    [InlineData("SCMP_ACT_KILL_THREAD", null, 0u)]
    [InlineData("SCMP_ACT_KILL_PROCESS", null, 0x80000000u)]
    [InlineData("SCMP_ACT_TRAP", null, 0x00030000u)]
    [InlineData("SCMP_ACT_ERRNO", null, 0x00050001u)]
    [InlineData("SCMP_ACT_ERRNO", 0u, 0x00050000u)]
    [InlineData("SCMP_ACT_ERRNO", 65535u, 0x0005ffffu)]
    [InlineData("SCMP_ACT_TRACE", null, 0x7ff00001u)]
    [InlineData("SCMP_ACT_TRACE", 7u, 0x7ff00007u)]
    [InlineData("SCMP_ACT_LOG", null, 0x7ffc0000u)]
    [InlineData("SCMP_ACT_ALLOW", null, 0x7fff0000u)]
    public void Every_action_has_its_value(string action, uint? errno, uint value)
    {
        SeccompSyscall rule = Rule(action, "write");
        rule.ErrnoRet = errno;
        Run(Profile(action == "SCMP_ACT_ALLOW" ? "SCMP_ACT_KILL_PROCESS" : "SCMP_ACT_ALLOW", rule), Write).Should().Be(value);
        Run(new Seccomp { DefaultAction = action, DefaultErrnoRet = errno }, Write).Should().Be(value);
    }

    [Fact]
    public void A_notified_call_needs_a_listener()
    {
        Seccomp profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_NOTIFY", "mkdir"));
        profile.ListenerPath = "/run/agent.sock";
        SeccompLoad load = SeccompCompiler.Compile(profile, Architecture.X64)!.Value.Load;
        load.NeedsListener.Should().BeTrue();
        load.FilterFlags.Should().Be(Uapi.SECCOMP_FILTER_FLAG_NEW_LISTENER | Uapi.SECCOMP_FILTER_FLAG_SPEC_ALLOW);
        Run(profile, 83).Should().Be(0x7fc00000);
    }

    [Theory]
    [InlineData(null, 4u, 4u)]
    [InlineData("", 0u, 0u)]
    [InlineData("SECCOMP_FILTER_FLAG_TSYNC", 0u, 0u)]
    [InlineData("SECCOMP_FILTER_FLAG_LOG", 2u, 0u)]
    [InlineData("SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4u, 0u)]
    [InlineData("SECCOMP_FILTER_FLAG_LOG SECCOMP_FILTER_FLAG_SPEC_ALLOW", 6u, 0u)]
    // Without a listener the kernel refuses it.
    [InlineData("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0u, 0u)]
    public void Flags_are_those_of_the_profile(string? names, uint flags, uint optional)
    {
        Seccomp profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "mkdir"));
        profile.Flags = names is null ? null : [.. names.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(n => (Utf8)n)];
        SeccompLoad load = SeccompCompiler.Compile(profile, Architecture.X64)!.Value.Load;
        (load.FilterFlags, load.OptionalFlags, load.NeedsListener).Should().Be((flags, optional, false));
    }

    [Fact]
    public void A_listener_may_wait_killable()
    {
        Seccomp profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_NOTIFY", "mkdir"));
        profile.ListenerPath = "/run/agent.sock";
        profile.Flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"];
        SeccompCompiler.Compile(profile, Architecture.X64)!.Value.Load.FilterFlags.Should().Be(0x28);
    }

    private static readonly (string Text, Action<Seccomp> Make, string Hint)[] Mistakes =
    [
        (
            "linux.seccomp.defaultAction \"SCMP_ACT_NONE\": unknown action",
            p => p.DefaultAction = "SCMP_ACT_NONE",
            "known are SCMP_ACT_ALLOW, "),
        ("linux.seccomp.defaultAction \"\": unknown action", p => p.DefaultAction = default, "SCMP_ACT_TRAP"),
        (
            "linux.seccomp.defaultAction \"SCMP_ACT_NOTIFY\": SCMP_ACT_NOTIFY cannot be used as default action",
            p => p.DefaultAction = "SCMP_ACT_NOTIFY",
            "linux.seccomp"),
        ("linux.seccomp.defaultErrnoRet \"5\": SCMP_ACT_ALLOW takes no errno", p => p.DefaultErrnoRet = 5, "leave it out"),
        (
            "linux.seccomp.architectures[1] \"SCMP_ARCH_VAX\": unknown architecture",
            p => p.Architectures = ["SCMP_ARCH_X86", "SCMP_ARCH_VAX"],
            "SCMP_ARCH_X32"),
        (
            "linux.seccomp.architectures[0] \"SCMP_ARCH_S390X\": its byte order",
            p => p.Architectures = ["SCMP_ARCH_S390X"],
            "leave it out"),
        (
            "linux.seccomp.flags[0] \"SECCOMP_FILTER_FLAG_NEW_LISTENER\": unknown flag",
            p => p.Flags = ["SECCOMP_FILTER_FLAG_NEW_LISTENER"],
            "_TSYNC"),
        ("linux.seccomp.syscalls[1].action \"ALLOW\": unknown action", p => p.Syscalls![1].Action = "ALLOW", "SCMP_ACT_ALLOW"),
        (
            "linux.seccomp.syscalls[0].errnoRet \"65536\": does not fit 16 bits",
            p => p.Syscalls![0].ErrnoRet = 65536,
            "linux.seccomp"),
        (
            "linux.seccomp.syscalls[1].errnoRet \"1\": SCMP_ACT_KILL takes no errno",
            p => p.Syscalls![1].ErrnoRet = 1,
            "linux.seccomp"),
        ("linux.seccomp.syscalls[0].names: at least one name is needed", p => p.Syscalls![0].Names = [], "linux.seccomp"),
        (
            "linux.seccomp.syscalls[0].names[1]: empty string is not a valid syscall",
            p => p.Syscalls![0].Names = ["read", ""],
            "linux.seccomp"),
        (
            "linux.seccomp.syscalls[1].args[0].op \"SCMP_CMP_IS\": unknown comparison",
            p => p.Syscalls![1].Args![0].Op = "SCMP_CMP_IS",
            "SCMP_CMP_MASKED_EQ"),
        (
            "linux.seccomp.syscalls[1].args[1].index \"6\": a system call has arguments 0 to 5",
            p => p.Syscalls![1].Args![1].Index = 6,
            "linux.seccomp"),
        ("linux.seccomp.syscalls[1].names[1] \"write\": SCMP_ACT_NOTIFY cannot be used for the write syscall",
            p => (p.Syscalls![1].Action, p.Syscalls[1].Names) = ("SCMP_ACT_NOTIFY", ["mkdir", "write"]),
            "leave write out"),
        (
            "linux.seccomp.listenerPath: seccomp listenerPath is not set",
            p => p.Syscalls![1].Action = "SCMP_ACT_NOTIFY",
            "linux.seccomp"),
        ("linux.seccomp.syscalls[2]: linux.seccomp.syscalls[1] demands another action for the same call and arguments",
            p => p.Syscalls = [.. p.Syscalls!, Rule("SCMP_ACT_TRAP", "personality", p.Syscalls[1].Args!)],
            "drop one"),
    ];

    public static IEnumerable<object[]> MistakeTexts => Mistakes.Select(m => new object[] { m.Text });

    [Theory]
    [MemberData(nameof(MistakeTexts))]
    public void A_mistake_is_named(string text)
    {
        Seccomp profile = Profile(
            "SCMP_ACT_ALLOW",
            Rule("SCMP_ACT_ERRNO", "mkdir"),
            Rule("SCMP_ACT_KILL", "personality", Arg(0, "EQ", 1), Arg(1, "NE", 2)));
        (string Text, Action<Seccomp> Make, string Hint) mistake = Mistakes.Single(m => m.Text == text);
        mistake.Make(profile);
        FluentActions.Invoking(() => SeccompCompiler.Compile(profile, Architecture.X64)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().StartWith(text).And.Contain(mistake.Hint);
    }

    [Fact]
    public void Unknown_names_are_skipped()
    {
        Seccomp profile = Profile("SCMP_ACT_ALLOW", Rule("SCMP_ACT_ERRNO", "no_such_call write"));
        Run(profile, Write).Should().Be(Eperm);
        Run(profile, Read).Should().Be(Allow);
    }

    [Theory]
    [InlineData(new ulong[] { 5, 3 }, Eperm)]
    [InlineData(new ulong[] { 5, 4 }, Allow)]
    [InlineData(new ulong[] { 4, 3 }, Allow)]
    [InlineData(new ulong[] { 0x100000005, 3 }, Allow)]
    public void Conditions_on_different_arguments_all_have_to_hold(ulong[] arguments, uint expected)
    {
        SeccompSyscall rule = Rule("SCMP_ACT_ERRNO", "write", Arg(1, "EQ", 3), Arg(0, "EQ", 5));
        Run(Profile("SCMP_ACT_ALLOW", rule), Write, arguments: arguments).Should().Be(expected);
    }

    [Theory]
    [InlineData(new ulong[] { 5, 0 }, Eperm)]
    [InlineData(new ulong[] { 7, 0 }, Eperm)]
    [InlineData(new ulong[] { 6, 3 }, Eperm)]
    [InlineData(new ulong[] { 6, 0 }, Allow)]
    public void A_repeated_argument_makes_every_condition_a_rule(ulong[] arguments, uint expected)
    {
        SeccompSyscall rule = Rule("SCMP_ACT_ERRNO", "write", Arg(0, "EQ", 5), Arg(1, "EQ", 3), Arg(0, "EQ", 7));
        Run(Profile("SCMP_ACT_ALLOW", rule), Write, arguments: arguments).Should().Be(expected);
    }

    [Fact]
    public void The_first_rule_without_conditions_decides()
    {
        Seccomp profile = Profile(
            "SCMP_ACT_ERRNO",
            Rule("SCMP_ACT_TRAP", "write", Arg(0, "EQ", 1)),
            Rule("SCMP_ACT_ALLOW", "write"),
            Rule("SCMP_ACT_KILL", "write"),
            Rule("SCMP_ACT_LOG", "write", Arg(0, "EQ", 2)));
        for (ulong i = 0; i < 3; i++)
            Run(profile, Write, arguments: [i, 0]).Should().Be(Allow);
    }

    [Fact]
    public void A_rule_with_the_default_action_is_dropped()
    {
        Seccomp profile = Profile("SCMP_ACT_ERRNO", Errno(1, "write"), Rule("SCMP_ACT_ALLOW", "write"));
        Run(profile, Write).Should().Be(Allow);
    }

    [Theory]
    [InlineData(X64, 323u, Eperm)]
    [InlineData(X64, 324u, Enosys)]
    [InlineData(X64, 9999u, Enosys)]
    [InlineData(X64, uint.MaxValue, Eperm)]
    [InlineData(X64, 0x40000000u, Kill)]
    [InlineData(X86, 374u, Kill)]
    [InlineData(Aarch64, 9999u, Kill)]
    public void Calls_newer_than_the_profile_do_not_exist(uint architecture, uint number, uint expected)
    {
        Seccomp profile = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "read"), Errno(1, "userfaultfd"));
        profile.Architectures = [];
        Run(profile, number, architecture).Should().Be(expected);
    }

    [Theory]
    [InlineData(X64, 9999u, Enosys)]
    [InlineData(X64, 0x40000000u + 323, Eperm)]
    [InlineData(X64, 0x40000000u + 324, Enosys)]
    [InlineData(X64, 0x40000000u, Allow)]
    [InlineData(X64, uint.MaxValue, Enosys)]
    [InlineData(X86, 3u, Allow)]
    [InlineData(X86, 374u, Eperm)]
    [InlineData(X86, 375u, Enosys)]
    public void That_holds_for_each_architecture_covered(uint architecture, uint number, uint expected)
    {
        Seccomp profile = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "read"), Errno(1, "userfaultfd"));
        profile.Architectures = ["SCMP_ARCH_X32", "SCMP_ARCH_X86"];
        Run(profile, number, architecture).Should().Be(expected);
    }

    [Theory]
    [InlineData("SCMP_ACT_ALLOW", 0x7fff0000u)]
    [InlineData("SCMP_ACT_LOG", 0x7ffc0000u)]
    [InlineData("SCMP_ACT_TRACE", 0x7ff00001u)]
    public void A_permissive_default_reaches_newer_calls(string action, uint expected) =>
        Run(Profile(action, Rule("SCMP_ACT_KILL", "write")), 9999).Should().Be(expected);

    [Theory]
    [InlineData("socket", 359u, 102u, 1u)]
    [InlineData("accept4", 364u, 102u, 18u)]
    [InlineData("shmat", 397u, 117u, 21u)]
    public void A_multiplexed_call_is_found_either_way(string name, uint direct, uint multiplexer, ulong call)
    {
        Seccomp profile = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", name), Rule("SCMP_ACT_ALLOW", "userfaultfd"));
        profile.Architectures = ["SCMP_ARCH_X86"];
        Run(profile, direct, X86).Should().Be(Allow);
        Run(profile, multiplexer, X86, call, 99).Should().Be(Allow);
        Run(profile, multiplexer, X86, call + 1, 99).Should().Be(Eperm);
    }

    [Fact]
    public void A_rule_for_a_direct_call_makes_it_no_newer_call()
    {
        Seccomp profile = Profile("SCMP_ACT_ERRNO", Rule("SCMP_ACT_ALLOW", "socket"));
        profile.Architectures = ["SCMP_ARCH_X86"];
        Run(profile, 359, X86).Should().Be(Allow);
        Run(profile, 360, X86).Should().Be(Enosys);
    }

    [Fact]
    public void Far_targets_are_reached()
    {
        string[] names = [.. Enumerable.Range(0, SyscallTable.Count).Select(i => Encoding.ASCII.GetString(SyscallTable.Name(i)))];
        Seccomp profile = Profile("SCMP_ACT_ALLOW", [.. names.Select((n, i) => Errno((uint)i, n))]);
        profile.Architectures = ["SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"];
        foreach ((string architecture, uint audit) in new[] { ("X86_64", X64), ("X86", X86), ("AARCH64", Aarch64), ("X32", X64) })
        {
            for (int i = 0; i < names.Length; i++)
            {
                long number = SyscallTableTests.Number(architecture, SyscallTable.Name(i));
                if (number >= 0)
                    Run(profile, (uint)number, audit).Should().Be(0x00050000u + (uint)i);
            }
        }
    }

    [Theory]
    [InlineData(5000)]
    [InlineData(50000)]
    public void A_program_the_kernel_would_refuse_is_refused(int rules)
    {
        IEnumerable<SeccompSyscall> all = Enumerable.Range(0, rules).Select(i => Errno(1, "read", Arg(0, "EQ", (ulong)i)));
        Seccomp profile = Profile("SCMP_ACT_ALLOW", [.. all]);
        long start = Stopwatch.GetTimestamp();
        FluentActions.Invoking(() => SeccompCompiler.Compile(profile, Architecture.X64)).Should().Throw<FaultException>()
            .Which.Fault.Text().Should().StartWith("linux.seccomp.syscalls: the profile needs more than the 4096 instructions");
        Stopwatch.GetElapsedTime(start).Should().BeLessThan(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void An_engines_profile_stays_small_and_flat()
    {
        SeccompProgram program = SeccompCompiler.Compile(Engine(), Architecture.X64)!.Value;
        program.Load.Count.Should().BeLessThan(280).And.Be(program.Instructions.Length / 8);
        int total = 0;
        for (uint number = 0; number < 470; number++)
        {
            ReadOnlySpan<sock_filter> code = MemoryMarshal.Cast<byte, sock_filter>(program.Instructions);
            BpfInterpreter.Run(code, new(number, X64, new ulong[6]), out int steps);
            steps.Should().BeLessThan(24);
            total += steps;
        }

        (total / 470).Should().BeLessThan(10);
    }

    [Fact]
    public void Memory_of_the_caller_is_written()
    {
        sock_filter[] into = new sock_filter[Uapi.BPF_MAXINSNS];
        int count = SeccompCompiler.Compile(Engine(), Architecture.X64, into, out SeccompLoad load);
        count.Should().Be(load.Count);
        MemoryMarshal.AsBytes(into.AsSpan(0, count)).ToArray()
            .Should().Equal(SeccompCompiler.Compile(Engine(), Architecture.X64)!.Value.Instructions);
        into[count].Should().Be(default(sock_filter));
    }

    [Fact]
    public void Lists_for_features_are_complete_and_sorted()
    {
        SeccompCompiler.Actions.Should().HaveCount(9)
            .And.BeInAscendingOrder(StringComparer.Ordinal).And.Contain("SCMP_ACT_NOTIFY");
        SeccompCompiler.Operators.Should().Equal(
            "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE");
        SeccompCompiler.KnownFlags.Should().HaveCount(4).And.BeInAscendingOrder(StringComparer.Ordinal);
        SeccompCompiler.Architectures.Should().HaveCount(23).And.BeInAscendingOrder(StringComparer.Ordinal).And.Contain(
        [
            "SCMP_ARCH_AARCH64", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64",
            "SCMP_ARCH_S390X", "SCMP_ARCH_X32", "SCMP_ARCH_X86_64",
        ]);
    }

    [Fact]
    public void Every_architecture_listed_compiles()
    {
        foreach (string name in SeccompCompiler.Architectures)
        {
            Seccomp profile = Engine();
            profile.Architectures = [name];
            SeccompArchitecture facts = SeccompArchitecture.At(Array.IndexOf(SeccompCompiler.Architectures, name));
            Architecture machine = facts.BigEndian ? Architecture.S390x : Architecture.X64;
            long number = SyscallTableTests.Number(name["SCMP_ARCH_".Length..], "openat"u8);
            Run(profile, (uint)number, facts.Audit, machine).Should().Be(Allow, name);
        }
    }

    private static Seccomp Profile(string defaultAction, params SeccompSyscall[] rules) =>
        new() { DefaultAction = defaultAction, Syscalls = rules };

    private static uint Run(Seccomp profile, long number, uint architecture = X64, params ulong[] arguments) =>
        Run(profile, (uint)number, architecture, Architecture.X64, arguments);

    private static uint Run(Seccomp profile, uint number, uint architecture, Architecture machine, params ulong[] arguments)
    {
        SeccompProgram program = SeccompCompiler.Compile(profile, machine)!.Value;
        Array.Resize(ref arguments, 6);
        ReadOnlySpan<sock_filter> code = MemoryMarshal.Cast<byte, sock_filter>(program.Instructions);
        return BpfInterpreter.Run(code, new(number, architecture, arguments, machine == Architecture.S390x));
    }
}
