using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>The comparison of scripts/bench-guard, which ends with 0, 1 for a rise, 2 for a failure, 3 where nothing is known.</summary>
public sealed class GuardTests : IDisposable
{
    private readonly string work = Directory.CreateTempSubdirectory("ocirun-guard-test-").FullName;

    public void Dispose() => Directory.Delete(work, recursive: true);

    [Theory]
    [InlineData(0, 0, "Linux 6.18", 0)]
    [InlineData(2, 2, "Linux 6.18", 0)]
    [InlineData(5, 0, "Linux 6.18", 1)]
    [InlineData(0, 5, "Linux 6.18", 1)]
    [InlineData(-50, -50, "Linux 6.18", 0)]
    [InlineData(5, 0, "Linux 6.1", 3)]
    [InlineData(0, 0, "Linux 6.1", 0)]
    public void A_rise_of_more_than_three_per_cent_fails(int instructions, int syscalls, string kernel, int status)
    {
        string baseline = Counts("baseline", "Linux 6.18", Verb("run", 1000000, 200), Verb("state", 700000, 100));
        string counts = Counts("counts", kernel, Verb("run", 1000000, 200), Verb("state", 700000 + (7000 * instructions), 100 + syscalls));

        Compare(baseline, counts).Should().Be(status);
    }

    [Fact]
    public void A_verb_that_is_missing_is_a_failure()
    {
        string both = Counts("both", "Linux 6.18", Verb("run", 1000000, 200), Verb("state", 700000, 100));
        string one = Counts("one", "Linux 6.18", Verb("run", 1000000, 200));

        Compare(both, one).Should().Be(2);
        Compare(one, both).Should().Be(1);
    }

    private static string Verb(string verb, int instructions, int syscalls) =>
        string.Create(CultureInfo.InvariantCulture, $"{verb}\t{instructions}\t{syscalls}\n");

    private string Counts(string name, string kernel, params string[] verbs)
    {
        string path = Path.Combine(work, name);
        File.WriteAllText(path, $"# {kernel}\nverb\tinstructions\tsyscalls\n{string.Concat(verbs)}");
        return path;
    }

    private static int Compare(string baseline, string counts)
    {
        ProcessStartInfo start = new(Path.Combine(Runtime.RepositoryRoot(), "scripts", "bench-guard"), ["--compare", baseline, counts])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
