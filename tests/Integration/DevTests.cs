using System.IO;
using FluentAssertions;

namespace OciRun.Tests.Integration;

/// <summary>What stands in /dev of itself (features.md MF15).</summary>
public sealed class DevTests : RuntimeTest
{
    // Kernels are built with and without it (CONFIG_PROC_KCORE).
    [RuntimeFact]
    public void The_link_to_the_kernels_memory_leads_somewhere()
    {
        Bundle.Shell("readlink /dev/core");
        Run().Should().Be(File.Exists("/proc/kcore") ? Silent with { Out = "/proc/kcore\n" } : Silent with { Exit = 1 });
    }
}
