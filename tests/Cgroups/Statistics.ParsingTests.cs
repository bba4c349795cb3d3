using System.Text;
using FluentAssertions;
using OciRun.Cgroups;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class StatisticsParsingTests
{
    [Theory]
    [InlineData("0\n", 0UL)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("max\n", ulong.MaxValue)]
    [InlineData("", null)]
    [InlineData("12 x\n", null)]
    [InlineData("-1\n", null)]
    [InlineData("maximum\n", null)]
    public void A_number_is_decimal_or_max(string text, ulong? expected) => Statistics.Number(Bytes(text)).Should().Be(expected);

    [Fact]
    public void Flat_files_keep_their_order_and_lose_what_is_no_number()
    {
        Count[] counts = Statistics.Flat("anon 4096\nfile 18446744073709551615\nbroken\n oops 3\nodd x\nlast 7"u8);
        counts.Should().HaveCount(3);
        MemoryStatistics.Find(counts, "anon").Should().Be(4096);
        MemoryStatistics.Find(counts, "file").Should().Be(ulong.MaxValue);
        MemoryStatistics.Find(counts, "last").Should().Be(7);
        MemoryStatistics.Find(counts, "odd").Should().Be(0);
    }

    [Fact]
    public void Cpu_times_become_nanoseconds() =>
        Statistics.ParseCpu("usage_usec 3\nuser_usec 1\nsystem_usec 2\nnice_usec 9\nnr_periods 5\nnr_throttled 4\nthrottled_usec 6\n"u8).Should().Be(
            new CpuStatistics { Total = 3000, User = 1000, Kernel = 2000, Periods = 5, ThrottledPeriods = 4, ThrottledTime = 6000 });

    [Theory]
    [InlineData("18446744073709551", 18446744073709551000)]
    [InlineData("18446744073709552", ulong.MaxValue)]
    [InlineData("max", ulong.MaxValue)]
    public void A_time_that_cannot_be_told_in_nanoseconds_is_the_longest(string text, ulong nanoseconds) =>
        Statistics.ParseCpu(Bytes($"usage_usec {text}\n")).Total.Should().Be(nanoseconds);

    [Fact]
    public void Without_the_controller_there_are_no_periods() =>
        Statistics.ParseCpu("usage_usec 3\nuser_usec 1\nsystem_usec 2\n"u8).Should().Be(
            new CpuStatistics { Total = 3000, User = 1000, Kernel = 2000 });

    [Fact]
    public void Io_has_a_line_for_each_device() =>
        Statistics.ParseIo("8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n254:0 \n7:0 wios=9 rbytes=max\nx:1 rbytes=1\n"u8).Should().Equal(
            new IoStatistics { Major = 8, Minor = 16, ReadBytes = 1, WrittenBytes = 2, Reads = 3, Writes = 4 },
            new IoStatistics { Major = 254 },
            new IoStatistics { Major = 7, ReadBytes = ulong.MaxValue, Writes = 9 });

    [Fact]
    public void Pressure_has_two_lines_or_one()
    {
        Statistics.ParsePressure("some avg10=1.50 avg60=0.07 avg300=100.00 total=123\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"u8)
            .Should().Be(new Pressure(new PressureLine(150, 7, 10000, 123), new PressureLine(0, 0, 0, 0)));
        Statistics.ParsePressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"u8)
            .Should().Be(new Pressure(new PressureLine(0, 0, 0, 1), null));
        Statistics.ParsePressure(""u8).Should().BeNull();
        Statistics.ParsePressure("some avg10=1 avg60=0.00\n"u8).Should().BeNull();
        Statistics.ParsePressure("some avg10=18446744073709551615.99 avg60=0.00 avg300=0.00 total=1\n"u8).Should().BeNull();
    }

    [Fact]
    public void Rdma_puts_current_and_max_together()
    {
        RdmaStatistics[] adapters = Statistics.ParseRdma(
            "mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n"u8,
            "ocrdma1 hca_handle=max hca_object=7\nmlx4_0 hca_handle=5 hca_object=max\n"u8);
        adapters.Should().HaveCount(2);
        adapters[0].Device.ToString().Should().Be("mlx4_0");
        (adapters[0].Handles, adapters[0].Objects, adapters[0].HandleLimit, adapters[0].ObjectLimit)
            .Should().Be((2UL, 2000UL, 5UL, Statistics.Unlimited));
        (adapters[1].Handles, adapters[1].Objects, adapters[1].HandleLimit, adapters[1].ObjectLimit)
            .Should().Be((3UL, Statistics.Unlimited, Statistics.Unlimited, 7UL));
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
