using System;
using System.Diagnostics;
using System.IO;
using System.Threading.Tasks;
using FluentAssertions;
using OciRun.Tests.Integration;
using Xunit;

namespace OciRun.Tests.Child;

/// <summary>
/// Many creates in one NativeAOT process with garbage and forced collections between the clones: a child that waited for a
/// collection would hang, one that allocated would say so. `make soak` makes it 100,000.
/// </summary>
public sealed class SoakTests : RuntimeTest
{
    [SoakFact]
    public async Task A_thousand_creates_in_one_process_neither_hang_nor_allocate()
    {
        Bundle.Save();
        using Process process = Process.Start(new ProcessStartInfo(Published.Soak, [Bundle.Path, Path.Combine(Work, "soak"), "1000"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        (await Task.WhenAny(output, Task.Delay(TimeSpan.FromMinutes(3)))).Should().Be(output, "no child hangs");
        (await output).Should().MatchRegex("^ok: 1000 creates .* 0 bytes allocated after clone\n$");
    }
}

/// <summary>Needs the soak program and root.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SoakFactAttribute : FactAttribute
{
    public SoakFactAttribute()
    {
        if (!File.Exists(Published.Soak))
            Skip = $"{Published.Soak} is not there: run 'make out/soak/ocirun-soak'";
        else if (Mono.Unix.Native.Syscall.geteuid() != 0)
            Skip = "needs root";
    }
}
