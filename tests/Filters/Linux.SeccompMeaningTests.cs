using System;
using System.Linq;
using System.Runtime.InteropServices;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Kernel;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Filters;

/// <summary>Our programs against a plain reading of the profile, for profiles of every shape.</summary>
public sealed class LinuxSeccompMeaningTests
{
    [Fact]
    public void A_program_does_what_the_profile_says() => Check(250, new SeccompProfiles
    {
        Calls = 8,
        Rules = 4,
        Conditions = 4,
        Repeat = true,
        Overlap = true,
    });

    [Fact]
    public void A_program_does_what_contradicting_rules_say() => Check(250, new SeccompProfiles
    {
        Calls = 8,
        Rules = 3,
        Conditions = 3,
        Mixed = true,
        Overlap = true,
    });

    [Fact]
    public void A_program_does_what_hundreds_of_conditions_say() => Check(12, new SeccompProfiles
    {
        Calls = 150,
        Rules = 5,
        Conditions = 2,
    });

    private static void Check(int profiles, SeccompProfiles shape)
    {
        int compared = 0;
        for (int seed = 1; seed <= profiles; seed++)
        {
            Random random = new(seed);
            Seccomp profile = shape.Make(random);
            SeccompMachine machine = SeccompMachine.All[seed % SeccompMachine.All.Length];
            profile.Architectures = [.. machine.Covered.Select(a => (Utf8)("SCMP_ARCH_" + a))];
            SeccompProgram program;
            try
            {
                program = SeccompCompiler.Compile(profile, machine.Native)!.Value;
            }
            catch (FaultException fault) when (fault.Fault.Message.Contains("demands another", StringComparison.Ordinal))
            {
                // Also by way of socketcall(2), which several names stand for.
                continue;
            }

            compared++;
            foreach (string architecture in machine.Covered)
                Check(profile, program, machine, architecture, random, seed);
        }

        compared.Should().BeGreaterThan(profiles / 2);
    }

    private static void Check(
        Seccomp profile, SeccompProgram program, SeccompMachine machine, string architecture, Random random, int seed)
    {
        ReadOnlySpan<sock_filter> code = MemoryMarshal.Cast<byte, sock_filter>(program.Instructions);
        SeccompMeaning meaning = new(profile, architecture, machine.Covered.Contains("X32"));
        foreach (BpfInterpreter.Call call in SeccompCalls.Of(profile, architecture, random))
        {
            uint actual = BpfInterpreter.Run(code, call);
            if (!meaning.Allows(call, actual))
                Assert.Fail($"seed {seed}, {machine.Native} {architecture} {call}: {actual:x}\n{SeccompMachine.Text(profile)}");
        }
    }
}
