using System.Text;
using FluentAssertions;
using OciRun.Host;
using Xunit;

namespace OciRun.Tests.Host;

public sealed class MachineOffersTests
{
    [Theory]
    [InlineData("0 0 4294967295", 0, 1, true)]
    [InlineData("0 0 4294967295", 100000, 65536, true)]
    [InlineData("         0       1000          1\n", 0, 1, true)]
    [InlineData("         0       1000          1\n", 0, 2, false)]
    [InlineData("0 1000 1\n1 100000 65536\n", 0, 65537, true)]
    [InlineData("1 100000 65536\n0 1000 1\n", 0, 65537, true)]
    [InlineData("0 1000 1\n2 100000 65536\n", 0, 3, false)]
    [InlineData("0 0 4294967295", 4294967295, 1, false)]
    [InlineData("garbage", 0, 1, false)]
    public void A_range_has_to_be_mapped_whole(string map, uint first, uint size, bool mapped) =>
        Machine.Covers(Encoding.ASCII.GetBytes(map), first, size).Should().Be(mapped);

    [Fact]
    public void This_machine_has_what_every_one_has()
    {
        Machine.HasFilesystem("tmpfs"u8).Should().BeTrue();
        Machine.HasFilesystem("nonesuchfs"u8).Should().BeFalse();
        Machine.HasNamespace("pid").Should().BeTrue();
        Machine.HasNamespace("nonesuch").Should().BeFalse();
        Machine.HasSeccompAction("errno"u8).Should().BeTrue();
        Machine.HasSeccompAction("nonesuch"u8).Should().BeFalse();
        Machine.LacksCapability("CAP_NONESUCH"u8).Should().BeFalse("the kernel does not have it either");
        Machine.At("/"u8).IsDirectory.Should().BeTrue();
        Machine.At("/nonesuch"u8).IsMissing.Should().BeTrue();
        Machine.NamespaceType("/proc/self/ns/uts"u8, out bool opened).Should().Be(0x04000000);
        opened.Should().BeTrue();
        Machine.NamespaceType("/proc/self/stat"u8, out opened).Should().BeNegative();
        opened.Should().BeTrue();
        Machine.NamespaceType("/nonesuch"u8, out opened).Should().BeNegative();
        opened.Should().BeFalse();
    }
}
