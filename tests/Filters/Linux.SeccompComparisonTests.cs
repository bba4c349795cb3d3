using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Tests.Filters;

/// <summary>
/// Our programs against what runc and libseccomp make of the same profile, call by call. The profiles keep to what
/// libseccomp (up to 2.6.1) compiles correctly: where several rules of one call compare both halves of one argument, or
/// several calls share the same conditions, its programs compare with a word that is not loaded. Those profiles are
/// compared with their meaning instead, in <see cref="LinuxSeccompMeaningTests"/>.
/// </summary>
public sealed class LinuxSeccompComparisonTests
{
    [LibseccompFact]
    public void An_engines_profile_means_the_same()
    {
        foreach (SeccompMachine machine in SeccompMachine.Compared)
            Differences(SeccompSample.Engine(), machine, new Random(1)).Should().BeEmpty();
    }

    [LibseccompFact]
    public void Rules_without_conditions_mean_the_same() => Compare(200, new SeccompProfiles());

    [LibseccompFact]
    public void A_condition_means_the_same() => Compare(200, new SeccompProfiles { Calls = 1 });

    [LibseccompFact]
    public void Conditions_on_several_arguments_mean_the_same() =>
        Compare(200, new SeccompProfiles { Calls = 1, Conditions = 4 });

    [LibseccompFact]
    public void Alternatives_mean_the_same() => Compare(200, new SeccompProfiles
    {
        Calls = 2,
        Rules = 4,
        Operators = [["EQ", "NE"], ["MASKED_EQ"], SeccompProfiles.Greater, SeccompProfiles.Less],
        Wide = false,
    });

    [LibseccompFact]
    public void Alternatives_in_one_rule_mean_the_same() => Compare(200, new SeccompProfiles
    {
        Calls = 2,
        Conditions = 4,
        Operators = [["EQ", "NE"], ["MASKED_EQ"], SeccompProfiles.Greater, SeccompProfiles.Less],
        Wide = false,
        Repeat = true,
    });

    [LibseccompFact]
    public void Contradicting_rules_mean_the_same() => Compare(200, new SeccompProfiles
    {
        Calls = 2,
        Rules = 4,
        Operators = [["EQ", "NE"], ["MASKED_EQ"], SeccompProfiles.Greater, SeccompProfiles.Less],
        Wide = false,
        Mixed = true,
        Overlap = true,
    });

    [LibseccompFact]
    public void Contradicting_rules_on_several_arguments_mean_the_same() => Compare(200, new SeccompProfiles
    {
        Calls = 2,
        Rules = 3,
        Conditions = 3,
        Operators = [["EQ"]],
        Wide = false,
        Mixed = true,
        Overlap = true,
    });

    private static void Compare(int profiles, SeccompProfiles shape)
    {
        List<string> differences = [];
        for (int seed = 1; seed <= profiles; seed++)
        {
            Random random = new(seed);
            SeccompMachine machine = SeccompMachine.Compared[seed % SeccompMachine.Compared.Length];
            differences.AddRange(Differences(shape.Make(random), machine, random).Select(d => $"seed {seed}: {d}"));
        }

        string.Join('\n', differences.Take(10)).Should().BeEmpty();
    }

    private static List<string> Differences(Seccomp profile, SeccompMachine machine, Random random)
    {
        string[] covered = [.. machine.Covered.Where(a => Libseccomp.Token(a) != 0)];
        profile.Architectures = [.. covered.Select(a => (Utf8)("SCMP_ARCH_" + a))];
        foreach (SeccompSyscall rule in profile.Syscalls!)
            rule.Names = [.. rule.Names!.Where(n => Array.TrueForAll(covered, a => Libseccomp.Knows(a, n)))];
        // In its linear programs libseccomp forgets to load the number when a call the architecture lacks would be the
        // first it looks for; and it refuses contradictions even about such calls.
        bool linear = profile.Syscalls.Sum(s => s.Names!.Length) <= Libseccomp.LargestLinear;
        foreach (SeccompSyscall rule in profile.Syscalls.Where(s => linear || s.Args is not null))
            rule.Names = [.. rule.Names!.Where(n => Array.TrueForAll(covered, a => Libseccomp.Has(a, n)))];
        profile.Syscalls = [.. profile.Syscalls.Where(s => s.Names!.Length > 0)];
        if (covered.Length == 0 || profile.Syscalls.Length == 0)
            return [];
        RuncFilter theirs = new(profile, covered[0] != "X86_64");
        SeccompProgram program;
        try
        {
            program = SeccompCompiler.Compile(profile, machine.Native)!.Value;
        }
        catch (FaultException fault)
        {
            bool contradiction = fault.Fault.Message.Contains("demands another action", StringComparison.Ordinal);
            bool expected = contradiction && (theirs.Error == Libseccomp.Eexist || !machine.IsWhole);
            return expected ? [] : [$"{fault.Fault.Text()}, not {theirs.Error}\n{SeccompMachine.Text(profile)}"];
        }

        if (theirs.Error != 0)
            return [$"accepted, not {theirs.Error}\n{SeccompMachine.Text(profile)}"];
        ReadOnlySpan<sock_filter> ours = MemoryMarshal.Cast<byte, sock_filter>(program.Instructions);
        string[] architectures =
            machine.IsWhole ? [.. covered.Append("RISCV64").Append("X86").Distinct(StringComparer.Ordinal)] : covered;
        foreach (string architecture in architectures)
        {
            foreach (BpfInterpreter.Call call in SeccompCalls.Of(profile, architecture, random))
            {
                uint expected = theirs.Run(call);
                uint actual = BpfInterpreter.Run(ours, call);
                if (expected != actual)
                {
                    string text = SeccompMachine.Text(profile);
                    return [$"{machine.Native} {architecture} {call}: {actual:x}, not {expected:x}\n{text}"];
                }
            }
        }

        return [];
    }
}
