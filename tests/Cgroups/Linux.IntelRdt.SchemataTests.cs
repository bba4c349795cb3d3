using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class LinuxIntelRdtSchemataTests
{
    private const string File = "    MB:0=100;1= 30\n    L3:0=fff;1=0f0\nL2CODE:0=ff\n";

    [Theory]
    [InlineData("L3:0=fff")]
    [InlineData("L3:1=f0;0=FFF")]
    [InlineData("L3: 0 = 0x0fff ")]
    [InlineData("MB:1=30")]
    [InlineData("MB:1=21")]
    [InlineData("L2CODE:00=ff")]
    public void What_a_group_has_is_found(string line) => Schemata.Missing([line], File, 10).Should().BeNull();

    [Theory]
    [InlineData("L3:0=ff")]
    [InlineData("L3:2=fff")]
    [InlineData("MB:1=31")]
    [InlineData("MB:1=20")]
    [InlineData("L2DATA:0=ff")]
    [InlineData("L3:0")]
    [InlineData("L3")]
    [InlineData("MB:0=99999999999999999999")]
    public void What_it_does_not_have_is_not(string line) => Schemata.Missing(["L3:0=fff", line], File, 10).Should().Be(line);

    [Fact]
    public void A_bandwidth_line_for_the_cache_gives_way()
    {
        Schemata.Lines(new IntelRdt { L3CacheSchema = "MB:0=10", MemBwSchema = "MB:0=20" }).Should().Equal("MB:0=20");
        Schemata.Lines(new IntelRdt { L3CacheSchema = "MB:0=10" }).Should().Equal("MB:0=10");
    }

    [Fact]
    public void Lines_are_in_order() =>
        Schemata.Text(Schemata.Lines(new IntelRdt { Schemata = ["C", "D"], MemBwSchema = "B", L3CacheSchema = "A" }))
            .Should().Equal("A\nB\nC\nD\n"u8.ToArray());
}
