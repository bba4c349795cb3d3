using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Commands;
using OciRun.State;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed class TopTableTests
{
    [Fact]
    public void Rates_come_from_two_moments_and_the_busiest_is_first()
    {
        TopTable table = new();
        table.Take([Sample("a", 0, 0), Sample("bb", 0, 0)], 1_000_000_000);
        table.Take([Sample("a", 500_000_000, 1024), Sample("bb", 3_000_000_000, 0), new ContainerSample("c", ContainerStatus.Stopped, null)], 3_000_000_000);
        table.Text().Should().Be(
            "ID  STATUS    CPU%  MEMORY  LIMIT  PIDS  READ/S  WRITE/S\n"
            + "bb  running  150.0    2.0K   1.0M     3      0B       0B\n"
            + "a   running   25.0    2.0K   1.0M     3    512B       0B\n"
            + "c   stopped      -       -      -     -       -        -\n");
    }

    [Fact]
    public void Before_the_second_moment_there_are_no_rates()
    {
        TopTable table = new();
        table.Take([Sample("a", 5, 5)], 1_000_000_000);
        table.Text().Should().Contain("a   running     -    2.0K");
    }

    [Fact]
    public void The_text_fits_the_screen()
    {
        TopTable table = new();
        table.Take([Sample("a", 5, 5), Sample("b", 5, 5)], 1_000_000_000);
        table.Text(2, 10).Should().Be("ID  STATUS\na   runnin\n");
    }

    [Theory]
    [InlineData(0UL, "0B")]
    [InlineData(999UL, "999B")]
    [InlineData(1000UL, "1.0K")]
    [InlineData(1536UL, "1.5K")]
    [InlineData(102400UL, "100K")]
    [InlineData(1048576UL, "1.0M")]
    [InlineData(18446744073709551615UL, "16.0E")]
    public void Sizes_have_three_digits_or_so(ulong value, string expected) => TopTable.Bytes(value).Should().Be(expected);

    private static ContainerSample Sample(string id, ulong cpu, ulong read) => new(id, ContainerStatus.Running, new Statistics
    {
        Cpu = new CpuStatistics { Total = cpu },
        Memory = new MemoryStatistics { Usage = 2048, Limit = 1 << 20 },
        Pids = new PidsStatistics(3, null),
        Io = [new IoStatistics { Major = 8, ReadBytes = read, WrittenBytes = 7 }],
    });
}
