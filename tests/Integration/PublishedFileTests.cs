using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>The published file: static, small, and content with a system that has nothing else.</summary>
public sealed class PublishedFileTests : IDisposable
{
    private readonly string work = Directory.CreateTempSubdirectory("ocirun-file-").FullName;

    public void Dispose() => Directory.Delete(work, recursive: true);

    [PublishedBinaryFact("readelf")]
    public void It_needs_no_library_and_no_loader()
    {
        Execute("readelf", "-W", "-d", Published.Binary).Out.Should().NotContain("NEEDED").And.NotContain("RPATH").And.NotContain("RUNPATH");
        string headers = Execute("readelf", "-W", "-l", Published.Binary).Out;
        headers.Should().Contain("LOAD").And.NotContain("INTERP");
        headers.Split('\n').Single(line => line.Contains("GNU_STACK")).Should().MatchRegex(@"\bRW\b").And.NotContain("RWE");
        headers.Split('\n').Where(line => line.Contains("LOAD ")).Should().NotContain(line => line.Contains("RWE"));
    }

    [PublishedBinaryFact]
    public void It_has_at_most_six_megabytes() =>
        new FileInfo(Published.Binary).Length.Should().BeInRange(1 << 20, 6 << 20);

    [RuntimeFact]
    public void It_runs_in_an_empty_root_without_an_environment()
    {
        string path = Path.Combine(work, "ocirun");
        File.Copy(Published.Binary, path);
        Result result = Execute("chroot", work, "/ocirun", "--version");
        result.Exit.Should().Be(0, result.Err);
        result.Out.Should().Contain("spec: 1.");
        result.Err.Should().BeEmpty();
        Directory.GetFileSystemEntries(work).Should().Equal([path], "it writes nothing");
    }

    [RuntimeFact]
    public void It_explains_itself_in_an_empty_root()
    {
        File.Copy(Published.Binary, Path.Combine(work, "ocirun"));
        foreach (string word in new[] { "--help", "features", "spec" })
        {
            Result result = Execute("chroot", work, "/ocirun", word);
            result.Exit.Should().Be(0, $"{word}: {result.Err}");
        }

        // Entering a container needs /proc, and it says so.
        Result run = Execute("chroot", work, "/ocirun", "run", "x");
        run.Exit.Should().NotBe(0);
        run.Err.Should().Contain("/proc");
    }

    [PublishedBinaryFact]
    public void It_starts_with_an_empty_environment()
    {
        Result result = Execute("/usr/bin/env", "-i", Published.Binary, "--version");
        (result.Exit, result.Err).Should().Be((0, ""));
        result.Out.Should().Contain("spec: 1.");
    }

    [PublishedBinaryFact]
    public void It_starts_with_closed_descriptors()
    {
        Result open = Shell($"'{Published.Binary}' --version");
        foreach (string closed in new[] { "0<&-", "2>&-", "0<&- 2>&-" })
            Shell($"'{Published.Binary}' --version {closed}").Should().Be(open, closed);
        foreach (string closed in new[] { "1>&-", "0<&- 1>&- 2>&-" })
            Shell($"'{Published.Binary}' --version {closed}").Exit.Should().BeLessThan(126, closed);
    }

    [PublishedBinaryFact]
    public void What_it_opens_does_not_become_its_output()
    {
        // With descriptors 0 to 2 closed, the first file that is opened would get number 1.
        string file = Path.Combine(work, "file");
        File.WriteAllText(file, "text");
        Shell($"'{Published.Binary}' --log '{file}' state absent 0<&- 1>&- 2>&-").Exit.Should().Be(1);
        File.ReadAllText(file).Should().StartWith("text").And.Contain("level=error").And.NotContain("ocirun: ");
    }

    [PublishedBinaryFact("strace")]
    public void It_starts_in_one_thread_and_looks_nothing_up_on_the_machine()
    {
        string calls = Execute("strace", "-f", "-e", "trace=open,openat,clone,clone3,fork,vfork,statfs", Published.Binary, "--version").Err;
        calls.Should().NotMatchRegex("clone|fork|statfs");
        calls.Split('\n').Where(line => line.Contains("open")).Should().OnlyContain(
            line => line.Contains("\"/sys/devices/system/cpu/online\""), "the C library counts the processors, and that is all");
    }

    [PublishedBinaryFact("strace")]
    public void The_copy_that_enters_a_container_is_made_before_the_library_starts()
    {
        string calls = Execute("strace", Published.Binary, "run", "x").Err;
        string[] first = calls[..calls.IndexOf("execveat(", StringComparison.Ordinal)].Split('\n')[1..^1];
        first.Should().Contain(line => line.StartsWith("fsopen(") || line.StartsWith("memfd_create("))
            .And.NotContain(line => line.StartsWith("arch_prctl(") || line.StartsWith("brk("));
    }

    [PublishedBinaryFact]
    public void It_gives_the_same_version_from_any_directory_and_name()
    {
        string other = Path.Combine(work, "runc");
        File.CreateSymbolicLink(other, Published.Binary);
        Shell($"cd / && '{other}' --version").Exit.Should().Be(0);
        Shell($"cd '{work}' && ./runc --version").Out.Should().Be(Shell($"'{Published.Binary}' --version").Out);
    }

    private static Result Shell(string command) => Execute("/bin/sh", "-c", command);

    private static Result Execute(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (program == "chroot")
            start.Environment.Clear();
        using Process process = Process.Start(start)!;
        System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output, errors.Result);
    }

    private sealed record Result(int Exit, string Out, string Err);
}
