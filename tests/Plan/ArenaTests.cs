using System;
using System.Globalization;
using System.IO;
using System.Linq;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed class ArenaTests
{
    [Fact]
    public void A_plan_that_is_refused_keeps_no_memory()
    {
        Sample refused = new() { Linux = "\"maskedPaths\": [\"/a\", \"b\"]" };
        refused.Refusal().Should().NotBeEmpty();
        long before = DataBytes();
        for (int i = 0; i < 1000; i++)
            refused.Refusal();

        // A piece of an arena is 256 KiB; the rest of the tests allocate beside this one.
        (DataBytes() - before).Should().BeLessThan(200L << 20);
    }

    private static long DataBytes()
    {
        string line = File.ReadLines("/proc/self/status").First(static text => text.StartsWith("VmData:", StringComparison.Ordinal));
        return long.Parse(line["VmData:".Length..^2].Trim(), CultureInfo.InvariantCulture) << 10;
    }
}
