using System.Text;
using FluentAssertions;
using OciRun.Launch;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Launch;

public sealed class JoinedIdMapsTests
{
    private static readonly IdMapping Root = new(0, 1000, 1);
    private static readonly IdMapping Rest = new(1, 100000, 65535);

    [Theory]
    [InlineData("         0       1000          1\n         1     100000      65535\n", true)]
    [InlineData("1 100000 65535\n0 1000 1\n", true)]
    [InlineData("0 1000 1\n", false)]
    [InlineData("0 1000 1\n1 100000 65535\n70000 1 1\n", false)]
    [InlineData("0 1000 1\n1 100000 65534\n", false)]
    [InlineData("0 1001 1\n1 100000 65535\n", false)]
    [InlineData("0 1000\n1 100000 65535\n", false)]
    [InlineData("", false)]
    [InlineData("0 1000 x\n1 100000 65535\n", false)]
    [InlineData("0 1000 4294967296\n1 100000 65535\n", false)]
    public void A_map_matches_with_the_same_ranges(string map, bool same) =>
        JoinedIdMaps.Matches(Encoding.ASCII.GetBytes(map), [Root, Rest]).Should().Be(same);
}
