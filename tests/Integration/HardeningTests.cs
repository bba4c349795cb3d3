using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>
/// What the linker and the compilers are asked for (src/Product.props), as it is in the published file and in a process
/// of it. What a static, position-dependent program does not have is in docs/decisions.md.
/// </summary>
public sealed class HardeningTests : RuntimeTest
{
    // mov and sub of a register with fs:0x28, where the C library keeps the canary.
    private static readonly byte[][] Canary = [[0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0], [0x64, 0x48, 0x2b, 0x04, 0x25, 0x28, 0, 0, 0]];

    [PublishedBinaryFact]
    public void No_segment_is_writable_and_executable() =>
        new ElfFile(Published.Binary).Segments.Should().NotContain(segment => segment.IsWritable && segment.IsExecutable);

    [PublishedBinaryFact]
    public void The_stack_is_not_executable() =>
        new ElfFile(Published.Binary).Segments.Where(segment => segment.Type == ElfFile.GnuStack).Should().ContainSingle()
            .Which.IsExecutable.Should().BeFalse();

    // Else the page that two segments share in the file is executable with constants in it.
    [PublishedBinaryFact]
    public void Code_has_pages_of_its_own()
    {
        ElfFile file = new(Published.Binary);
        ElfFile.Segment code = file.Segments.Should().ContainSingle(segment => segment.Type == ElfFile.Load && segment.IsExecutable).Subject;
        foreach (ElfFile.Segment other in file.Segments.Where(segment => segment.Type == ElfFile.Load && segment != code))
            (Page(code.Offset) > Page(other.Offset + other.Size - 1) || Page(other.Offset) > Page(code.Offset + code.Size - 1)).Should().BeTrue("{0} and {1}", code, other);
    }

    [PublishedBinaryFact]
    public void What_is_relocated_is_bound_at_once_and_then_read_only()
    {
        ElfFile file = new(Published.Binary);
        file.Segments.Should().ContainSingle(segment => segment.Type == ElfFile.GnuRelro).Which.Size.Should().BeGreaterThan(0x1000, "vtables are in it");
        file.Dynamic.Should().Contain(ElfFile.FlagsOne, 1, "DF_1_NOW");
    }

    [PublishedBinaryFact]
    public void Nothing_is_loaded_or_relocated_in_the_code()
    {
        ElfFile file = new(Published.Binary);
        file.Segments.Should().NotContain(segment => segment.Type == ElfFile.Interpreter);
        file.Dynamic.Should().NotContainKeys(ElfFile.Needed, ElfFile.Rpath, ElfFile.Runpath, ElfFile.TextRelocations);
    }

    // The heap has what this and other containers' files say; a process that waits in the container has no use for it.
    [PublishedBinaryFact]
    public void A_process_that_waits_has_no_heap_of_the_language_runtime()
    {
        Create().Should().Be(Silent);
        string line = File.ReadLines($"/proc/{Pid()}/status").Single(line => line.StartsWith("VmSize:", StringComparison.Ordinal));
        int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]).Should().BeInRange(1, 16 * 1024, "KiB; the heap's mapping alone is twenty times as large");
    }

    [PublishedBinaryFact]
    public void It_is_stripped()
    {
        ElfFile file = new(Published.Binary);
        file.Sections.Should().NotContain([".symtab", ".strtab"]).And.NotContain(name => name.StartsWith(".debug_", StringComparison.Ordinal));
        file.Sections.Should().Contain(".dotnet_eh_table", "names are read");
    }

    [PublishedBinaryFact]
    public void Native_code_guards_its_stack()
    {
        ElfFile file = new(Published.Binary);
        file.Count(Canary[0]).Should().BeGreaterThan(500, "of the language runtime and the C library");
        file.Contains("stack smashing detected"u8).Should().BeTrue("it is what __stack_chk_fail says");
    }

    [PublishedBinaryFact("nm")]
    public void Our_own_C_guards_its_stack()
    {
        ElfFile file = new(Published.Binary);
        ReadOnlySpan<byte> code = file.At(Address("__wrap_pthread_getattr_np"), 120);
        (code.IndexOf(Canary[0]) >= 0 || code.IndexOf(Canary[1]) >= 0).Should().BeTrue("it has a structure on its stack");
    }

    [RuntimeFact]
    public void A_process_of_it_maps_nothing_writable_and_executable()
    {
        Bundle.Args("sleep", "100");
        Create().Should().Be(Silent);
        CheckMaps(Pid(), "the process that waits for start");

        using Process parent = Runtime.With("events", "--interval", "1s", Id).Start();
        try
        {
            Eventually(() => File.ReadAllText($"/proc/{parent.Id}/syscall").StartsWith(PollNumber, StringComparison.Ordinal), "it waits");
            CheckMaps(parent.Id, "a command that waits");
        }
        finally
        {
            parent.Kill();
            parent.WaitForExit();
        }
    }

    // The C library protects what was relocated at its start.
    private static void CheckMaps(int pid, string what)
    {
        string[][] maps = File.ReadAllLines($"/proc/{pid}/maps").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        maps.Should().NotBeEmpty();
        maps.Should().NotContain(map => map[1].Contains('w') && map[1].Contains('x'), what);
        maps.Where(map => map[1].Contains('x') && !map[^1].StartsWith("[v", StringComparison.Ordinal))
            .Should().ContainSingle("{0} makes no code", what);
        ElfFile file = new(Published.Binary);
        ElfFile.Segment relro = file.Segments.Single(segment => segment.Type == ElfFile.GnuRelro);
        maps.Should().Contain(map => Covers(map[0], Page(relro.Address)) && map[1] == "r--p", "{0} has its relocated data read-only", what);
    }

    private static bool Covers(string range, ulong page)
    {
        string[] ends = range.Split('-');
        return Convert.ToUInt64(ends[0], 16) >> 12 <= page && page < Convert.ToUInt64(ends[1], 16) >> 12;
    }

    // ppoll and poll.
    private static string PollNumber => System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "73 " : "271 ";

    private static ulong Page(ulong address) => address >> 12;

    private static ulong Address(string symbol)
    {
        using Process nm = Process.Start(new ProcessStartInfo("nm", [Published.Binary + ".dbg"]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        string[] lines = nm.StandardOutput.ReadToEnd().Split('\n');
        nm.WaitForExit();
        return Convert.ToUInt64(lines.Single(line => line.EndsWith(" " + symbol, StringComparison.Ordinal)).Split(' ')[0], 16);
    }
}
