using System;
using System.IO;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>A volume whose directories are exchanged with links to the host while containers start (T-A5, T-A6).</summary>
[Trait("Category", "Conformance")]
public sealed class MountsRaceTests : RuntimeTest
{
    private const int Starts = 60;
    private const int Targets = 8;

    [RuntimeTheory]
    [InlineData("")]
    [InlineData("/a/b/c")]
    public void A_target_that_is_swapped_for_a_link_never_leads_to_the_host(string below)
    {
        Canary canary = new(Path.Combine(Work, "canary"));
        string volume = Directory.CreateDirectory(Path.Combine(Work, "volume")).FullName;
        string link = Path.Combine(volume, "link");
        File.CreateSymbolicLink(link, "../../../../../../../.." + canary.Path);
        string target = Directory.CreateDirectory(Path.Combine(volume, "target")).FullName;
        Bundle.Mount("/volume", "bind", volume, "bind");
        for (int i = 0; i < Targets; i++)
            Bundle.Mount($"/volume/target{below}/{i}", "tmpfs", "tmpfs");
        Bundle.Shell("cut -d' ' -f4,5 /proc/self/mountinfo | grep /canary; true");

        using Swap.Racer racer = new Swap(Work).Race(target, link);
        for (int i = 0; i < Swap.Rounds(Starts); i++)
        {
            // The error of a lost race is as good as a mount inside.
            Outcome outcome = Runtime.Run("run", "--bundle", Bundle.Save().Path, NewId());
            if (outcome.Exit == 0)
                outcome.Out.Split('\n').Where(l => l.StartsWith(canary.Path, StringComparison.Ordinal)).Should().BeEmpty();
            canary.Changes().Should().BeEmpty();
            Leftovers.Mounts(canary.Path).Should().BeEmpty();
        }

        long swaps = racer.Stop();
        swaps.Should().BePositive();
        Swap.Record(nameof(A_target_that_is_swapped_for_a_link_never_leads_to_the_host), Swap.Rounds(Starts), $"starts against {swaps} exchanges");
    }
}
