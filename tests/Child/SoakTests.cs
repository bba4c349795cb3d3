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
        (await Soak(1000)).Should().MatchRegex("^ok: 1000 creates .* 0 bytes allocated after clone\n$");
    }

    // Objects of statics lie in gaps that Launch/startup.c has cut; what the collector finds wrong ends the process.
    [SoakFact]
    public async Task The_collector_finds_its_heap_in_order()
    {
        (await Soak(60, ("DOTNET_HeapVerify", "1"))).Should().MatchRegex("^ok: 60 creates .* [1-9][0-9]* collections");
    }

    private async Task<string> Soak(int count, params (string Name, string Value)[] variables)
    {
        Bundle.Save();
        ProcessStartInfo start = new(Published.Soak, [Bundle.Path, Path.Combine(Work, "soak"), $"{count}"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        (await Task.WhenAny(output, Task.Delay(TimeSpan.FromMinutes(3)))).Should().Be(output, "no child hangs");
        return await output;
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
