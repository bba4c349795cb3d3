using System;
using System.Collections.Generic;
using System.Text;
using FluentAssertions;
using OciRun.Filters;
using Xunit;

namespace OciRun.Tests.Filters;

public sealed class SyscallTableTests
{
    private static readonly string[] Tokens =
    [
        "X86", "X86_64", "X32", "ARM", "AARCH64", "LOONGARCH64", "M68K", "MIPS", "MIPS64", "MIPS64N32", "PARISC", "PARISC64",
        "PPC", "PPC64", "RISCV64", "S390", "S390X", "SH",
    ];

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
    [InlineData("X32", "execve", 520)]
    [InlineData("AARCH64", "read", 63)]
    [InlineData("X86", "socket", 359)]
    [InlineData("ARM", "set_tls", 0xf005)]
    [InlineData("MIPS", "read", 3)]
    public void Numbers_are_the_kernels(string column, string name, int number) =>
        Number(column, Encoding.ASCII.GetBytes(name)).Should().Be((ushort)number);

    [LibseccompFact]
    public void Numbers_are_those_of_libseccomp()
    {
        List<string> differences = [];
        foreach (string column in Tokens)
        {
            uint token = Libseccomp.Token(column);
            if (token == 0)
                continue;
            for (int i = 0; i < SyscallTable.Count; i++)
            {
                string name = Encoding.ASCII.GetString(SyscallTable.Name(i));
                if (IsKnown(column, name))
                    continue;
                int theirs = Libseccomp.Resolve(token, name);
                long ours = Absolute(column, Number(column, SyscallTable.Name(i)));
                if (theirs >= 0 ? ours != theirs : theirs < -1000 && ours >= 0)
                    differences.Add($"{column} {name}: {ours}, not {theirs}");
                // The resolver hides these numbers behind those of socketcall and ipc.
                if (theirs is > -300 and < -100)
                {
                    int call = SyscallTable.SocketCall(i) != 0 ? 100 + SyscallTable.SocketCall(i) : 200 + SyscallTable.IpcCall(i);
                    if (-theirs != call || (ours >= 0 && Libseccomp.NameOf(token, (int)ours) != name))
                        differences.Add($"{column} {name}: {ours} and {call}, not {theirs}");
                }
            }
        }

        differences.Should().BeEmpty();
    }

    [LibseccompFact]
    public void No_name_of_libseccomp_is_missing()
    {
        foreach (string column in Tokens)
        {
            uint token = Libseccomp.Token(column);
            int origin = column switch { "X32" => 0x40000000, "MIPS" => 4000, "MIPS64" => 5000, "MIPS64N32" => 6000, _ => 0 };
            for (int i = 0; token != 0 && i < 1024; i++)
            {
                if (Libseccomp.NameOf(token, origin + i) is { } name && !IsKnown(column, name))
                    Number(column, Encoding.ASCII.GetBytes(name)).Should().Be((ushort)i, "{0} {1}", column, name);
            }
        }
    }

    // libseccomp up to 2.6.0 gives 64-bit PA-RISC the number of a call that the kernel has for 32-bit programs alone.
    private static bool IsKnown(string column, string name) => column == "PARISC64" && name == "_llseek";

    private static ushort Number(string column, ReadOnlySpan<byte> name)
    {
        int index = SyscallTable.Find(name);
        return index < 0 ? SyscallTable.None : SyscallTable.Column((SyscallColumn)Array.IndexOf(Tokens, column))[index];
    }

    private static long Absolute(string column, ushort number) => number switch
    {
        SyscallTable.None => -1,
        >= SyscallTable.ArmPrivate => 0xf0000 + number - SyscallTable.ArmPrivate,
        _ => number + (column switch { "X32" => 0x40000000, "MIPS" => 4000, "MIPS64" => 5000, "MIPS64N32" => 6000, _ => 0 }),
    };
}
