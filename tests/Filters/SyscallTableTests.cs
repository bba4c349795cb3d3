using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FluentAssertions;
using OciRun.Filters;
using Xunit;

namespace OciRun.Tests.Filters;

public sealed class SyscallTableTests
{
    [Fact]
    public void Every_name_is_found_under_its_own_index()
    {
        for (int i = 0; i < SyscallTable.Count; i++)
            SyscallTable.Find(SyscallTable.Name(i)).Should().Be(i);
    }

    [Theory]
    [InlineData("")]
    [InlineData("rea")]
    [InlineData("readx")]
    [InlineData("READ")]
    [InlineData("no_such_call")]
    public void Other_names_are_not_found(string name) => SyscallTable.Find(Encoding.UTF8.GetBytes(name)).Should().Be(-1);

    [Theory]
    [InlineData("X86_64", "read", 0)]
    [InlineData("X86_64", "execveat", 322)]
    [InlineData("X86_64", "listns", 470)]
    [InlineData("X32", "execve", 0x40000000 + 520)]
    [InlineData("AARCH64", "read", 63)]
    [InlineData("X86", "socket", 359)]
    [InlineData("ARM", "set_tls", 0xf0005)]
    [InlineData("MIPS", "read", 4003)]
    public void Numbers_are_the_kernels(string architecture, string name, int number) =>
        Number(architecture, Encoding.ASCII.GetBytes(name)).Should().Be(number);

    [LibseccompFact]
    public void Numbers_are_those_of_libseccomp()
    {
        List<string> differences = [];
        foreach (string architecture in Architectures())
        {
            uint token = Libseccomp.Token(architecture);
            for (int i = 0; i < SyscallTable.Count; i++)
            {
                string name = Encoding.ASCII.GetString(SyscallTable.Name(i));
                int theirs = Libseccomp.Resolve(token, name);
                long ours = Number(architecture, SyscallTable.Name(i));
                if (theirs >= 0 ? ours != theirs && !IsWrong(architecture, name) : theirs < -1000 && ours >= 0 && !IsNewer)
                    differences.Add($"{architecture} {name}: {ours}, not {theirs}");
                // The resolver hides these numbers behind those of socketcall and ipc.
                if (theirs is not (> -300 and < -100))
                    continue;
                int call = SyscallTable.SocketCall(i) != 0 ? 100 + SyscallTable.SocketCall(i) : 200 + SyscallTable.IpcCall(i);
                if (-theirs != call || (ours >= 0 && Libseccomp.NameOf(token, (int)ours) != name))
                    differences.Add($"{architecture} {name}: {ours} and {call}, not {theirs}");
            }
        }

        differences.Should().BeEmpty();
    }

    [LibseccompFact]
    public void No_number_of_libseccomp_is_missing()
    {
        foreach (string architecture in Architectures())
        {
            uint token = Libseccomp.Token(architecture);
            int origin = (int)Facts(architecture).Origin;
            for (int number = origin; number < origin + 1024; number++)
            {
                if (Libseccomp.NameOf(token, number) is { } name && !IsWrong(architecture, name))
                {
                    Number(architecture, Encoding.ASCII.GetBytes(name))
                        .Should().Be(number, "that is {0} on {1}", name, architecture);
                }
            }
        }
    }

    [LibseccompFact]
    public void Architectures_that_multiplex_are_those_of_libseccomp()
    {
        string[] multiplexed = [.. Architectures().Where(a => Libseccomp.Resolve(Libseccomp.Token(a), "socket") == -101)];
        multiplexed.Should().Equal(Architectures().Where(a => Facts(a).Multiplexed));
    }

    [LibseccompFact]
    public void Architectures_have_the_values_of_libseccomp()
    {
        // x32 reports what x86_64 does; libseccomp has a value of its own for it.
        foreach (string architecture in Architectures().Where(a => a != "X32"))
            Facts(architecture).Audit.Should().Be(Libseccomp.Token(architecture), architecture);
        Facts("X32").Audit.Should().Be(Facts("X86_64").Audit);
    }

    // Those this libseccomp knows: 2.5 lacks three.
    private static string[] Architectures() =>
        [.. SeccompCompiler.Architectures.Select(a => a["SCMP_ARCH_".Length..]).Where(a => Libseccomp.Token(a) != 0)];

    /// <summary>What the compiler knows of an architecture, by its name without prefix.</summary>
    internal static SeccompArchitecture Facts(string architecture) =>
        SeccompArchitecture.At(Array.IndexOf(SeccompCompiler.Architectures, "SCMP_ARCH_" + architecture));

    // The table is of libseccomp 2.6 and later kernels: older releases may lack calls of an architecture.
    private static bool IsNewer => Libseccomp.Version < new Version(2, 6);

    // libseccomp up to 2.6.0 gives 64-bit PA-RISC the number of a call that the kernel has for 32-bit programs alone.
    private static bool IsWrong(string architecture, string name) => architecture == "PARISC64" && name == "_llseek";

    /// <summary>The absolute number of a call on an architecture, -1 for none.</summary>
    internal static long Number(string architecture, ReadOnlySpan<byte> name)
    {
        SeccompArchitecture facts = Facts(architecture);
        int index = SyscallTable.Find(name);
        return (index < 0 ? SyscallTable.None : SyscallTable.Column(facts.Column)[index]) switch
        {
            SyscallTable.None => -1,
            >= SyscallTable.ArmPrivate and var number => 0xf0000 + number - SyscallTable.ArmPrivate,
            var number => facts.Origin + number,
        };
    }
}
