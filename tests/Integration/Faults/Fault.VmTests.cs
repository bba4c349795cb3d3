using System;
using System.Diagnostics;
using System.Linq;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration.Faults;

/// <summary>Faults that need a machine of the tests' own (security.md §3.2).</summary>
public sealed class FaultVmTests : RuntimeTest
{
    private static readonly int[] Kibibytes = [128, 256, 512, 1024, 2048, 4096, 8192, 16384];

    // F-15.
    [VmFact]
    public void Little_memory_is_enough_or_told()
    {
        int[] enough = [.. Kibibytes.Where(size =>
        {
            Limit("memory", new JsonObject { ["limit"] = size * 1024, ["swap"] = size * 1024 });
            Outcome outcome = Run();
            if (outcome.Exit != 0)
                outcome.Err.Should().Contain("level=error").And.Contain("memory").And.NotContain("   at ");
            Runtime.Run("delete", "--force", Id).Exit.Should().Be(0);
            return outcome.Exit == 0;
        })];
        enough.Should().Contain(2048, "two mebibytes are enough").And.Equal(Kibibytes.Where(size => size >= enough.First()), "more is not less");
    }

    // F-43.
    [VmTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_limit_of_processes_is_the_containers_alone(int count)
    {
        Limit("pids", new JsonObject { ["limit"] = count });
        Run().Should().Be(Silent);
        Bundle.Shell("sleep 0.1 & sleep 0.1 & sleep 0.1 & sleep 0.1 & sleep 0.1 & wait");
        Run().Exit.Should().NotBe(0, "they are too many");
    }

    // F-44.
    [VmFact]
    public void A_clock_that_jumps_shortens_and_prolongs_nothing()
    {
        JsonObject[] jumps = [.. new[] { 3600, -7200, 3600 }.Select(seconds => new JsonObject
        {
            ["path"] = "/bin/sh",
            ["args"] = new JsonArray("sh", "-c", $"sleep 0.5; date -s @$(($(date +%s) + {seconds})) >/dev/null; sleep 0.5"),
            ["timeout"] = 60,
        })];
        Bundle.Config["hooks"] = new JsonObject { ["createRuntime"] = new JsonArray([.. jumps]) };
        Stopwatch watch = Stopwatch.StartNew();
        Run().Should().Be(Silent);
        watch.Elapsed.Should().BeGreaterThan(TimeSpan.FromSeconds(3)).And.BeLessThan(TimeSpan.FromSeconds(60));
    }

    private void Limit(string controller, JsonObject values)
    {
        Bundle.Linux["cgroupsPath"] = $"{Tier.Cgroup}/{Id}";
        Bundle.Merge(new JsonObject { ["linux"] = new JsonObject { ["resources"] = new JsonObject { [controller] = values } } });
    }
}
