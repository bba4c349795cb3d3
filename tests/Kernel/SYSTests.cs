using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Kernel;

public sealed partial class SYSTests
{
    // The file of the other architecture is not compiled, so both are read as text.
    [CompilerFact]
    public void Numbers_of_x64_are_those_of_the_headers() => Check("SYS.x64.cs", "#include <asm/unistd_64.h>");

    // The names with 64-bit arguments are the plain ones there; arm64 defines these before it includes the list.
    [CompilerFact]
    public void Numbers_of_arm64_are_those_of_the_headers() => Check("SYS.arm64.cs", """
        #define __ARCH_WANT_RENAMEAT
        #define __ARCH_WANT_NEW_STAT
        #define __ARCH_WANT_SET_GET_RLIMIT
        #define __ARCH_WANT_TIME32_SYSCALLS
        #define __ARCH_WANT_SYS_CLONE3
        #include <asm-generic/unistd.h>
        """);

    [Fact]
    public void The_compiled_numbers_are_those_of_this_architecture()
    {
        bool arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        UapiTests.Constants(typeof(SYS)).Should().BeEquivalentTo(Numbers(arm ? "SYS.arm64.cs" : "SYS.x64.cs"));
    }

    [Fact]
    public void Both_architectures_have_the_same_names() =>
        Numbers("SYS.arm64.cs").Keys.Should().BeEquivalentTo(Numbers("SYS.x64.cs").Keys);

    private static void Check(string file, string headers)
    {
        Dictionary<string, string> ours = Numbers(file);
        ours.Count.Should().BeGreaterThan(100);
        CCompiler.Evaluate(headers, ours.Keys.Select(name => (name, "__NR_" + name))).Should().BeEquivalentTo(ours);
    }

    private static Dictionary<string, string> Numbers(string file, [CallerFilePath] string here = "") =>
        Constant().Matches(File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "../../src/Kernel", file)))
            .ToDictionary(match => match.Groups["name"].Value, match => match.Groups["number"].Value, StringComparer.Ordinal);

    [GeneratedRegex(@"public const int (?<name>\w+) = (?<number>\d+);", RegexOptions.None, 1000)]
    private static partial Regex Constant();
}
