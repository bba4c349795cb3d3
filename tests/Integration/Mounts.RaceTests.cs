using System;
using System.IO;
using System.Linq;
using System.Threading;
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

        bool stop = false;
        int swaps = 0;
        Thread racer = new(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                if (Native.renameat2(-100, target, -100, link, 2) == 0)
                    Interlocked.Increment(ref swaps);
            }
        });
        racer.Start();
        try
        {
            for (int i = 0; i < Starts; i++)
            {
                // The error of a lost race is as good as a mount inside.
                Outcome outcome = Runtime.Run("run", "--bundle", Bundle.Save().Path, NewId());
                if (outcome.Exit == 0)
                    outcome.Out.Split('\n').Where(l => l.StartsWith(canary.Path, StringComparison.Ordinal)).Should().BeEmpty();
                canary.Changes().Should().BeEmpty();
                Leftovers.Mounts(canary.Path).Should().BeEmpty();
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            racer.Join();
        }

        swaps.Should().BePositive();
    }
}
