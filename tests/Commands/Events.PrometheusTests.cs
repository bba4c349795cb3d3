using System.Linq;
using System.Text.RegularExpressions;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Commands;
using OciRun.State;
using Xunit;

namespace OciRun.Tests.Commands;

public sealed partial class PrometheusTests
{
    private static readonly Statistics Everything = new()
    {
        Cpu = new CpuStatistics { Total = 1_500_000_000, User = 1, Kernel = 2, Periods = 5, ThrottledPeriods = 4, ThrottledTime = 6 },
        CpuPressure = new Pressure(new PressureLine(1, 2, 3, 2_000_001), null),
        Memory = new MemoryStatistics
        {
            Usage = 100,
            Limit = 200,
            Peak = 150,
            SwapUsage = 10,
            SwapLimit = Statistics.Unlimited,
            Raw = [new Count("anon", 40), new Count("file", 50)],
            Events = [new Count("oom_kill", 2)],
        },
        Pids = new PidsStatistics(3, 30),
        Io = [new IoStatistics { Major = 8, Minor = 16, ReadBytes = 1, WrittenBytes = 2, Reads = 3, Writes = 4 }],
        Hugetlb = [new HugetlbStatistics("2MB", 4096, 8192, 5)],
        Rdma = [new RdmaStatistics("a\"b\\c", 2, 2000, 5, Statistics.Unlimited)],
    };

    [Fact]
    public void Each_family_stands_together_under_its_help_and_type()
    {
        string text = Prometheus.Write(
        [
            new ContainerSample("a", ContainerStatus.Running, Everything),
            new ContainerSample("b", ContainerStatus.Paused, Everything),
        ]);
        text.Should().Contain(
            "# HELP ocirun_container_cpu_usage_seconds_total CPU time used.\n# TYPE ocirun_container_cpu_usage_seconds_total counter\n"
            + "ocirun_container_cpu_usage_seconds_total{id=\"a\"} 1.5\nocirun_container_cpu_usage_seconds_total{id=\"b\"} 1.5\n");
        text.Should().Contain("ocirun_container_state{id=\"b\",state=\"paused\"} 1\n");
        text.Should().Contain("ocirun_container_io_written_bytes_total{id=\"a\",device=\"8:16\"} 2\n");
        text.Should().Contain("ocirun_container_memory_events_total{id=\"a\",event=\"oom_kill\"} 2\n");
        text.Should().Contain("ocirun_container_rdma_hca_handles{id=\"a\",device=\"a\\\"b\\\\c\"} 2\n");
        text.Should().Contain("ocirun_container_pressure_seconds_total{id=\"a\",resource=\"cpu\",kind=\"some\"} 2.000001\n");
        text.Should().NotContain("swap_limit");
        string family = "";
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("# HELP ", System.StringComparison.Ordinal))
                family = line.Split(' ')[2];
            else if (line.StartsWith("# TYPE ", System.StringComparison.Ordinal))
                line.Should().MatchRegex($"^# TYPE {family} (counter|gauge)$");
            else
                Line().Match(line).Groups[1].Value.Should().Be(family, line);
        }

        text.Split('\n').Count(line => line.StartsWith("# HELP ", System.StringComparison.Ordinal)).Should()
            .Be(text.Split('\n').Where(line => line.StartsWith("# HELP ", System.StringComparison.Ordinal)).Distinct(System.StringComparer.Ordinal).Count());
    }

    [Fact]
    public void What_is_not_counted_has_no_family() => Prometheus.Write([new ContainerSample("a", ContainerStatus.Stopped, null)]).Should().Be(
        "# HELP ocirun_container_state 1 for the state that the container is in.\n# TYPE ocirun_container_state gauge\n"
        + "ocirun_container_state{id=\"a\",state=\"stopped\"} 1\n");

    [Fact]
    public void The_manual_lists_every_family()
    {
        string manual = System.IO.File.ReadAllText(System.IO.Path.Combine(Integration.Runtime.RepositoryRoot(), "docs", "metrics.md"));
        string text = Prometheus.Write([new ContainerSample("a", ContainerStatus.Running, Everything)]);
        foreach (string line in text.Split('\n').Where(line => line.StartsWith("# TYPE ", System.StringComparison.Ordinal)))
            manual.Should().Contain($"`{line.Split(' ')[2]}` | {line.Split(' ')[3]} |");
    }

    [Theory]
    [InlineData(0UL, 9, "0")]
    [InlineData(1UL, 9, "0.000000001")]
    [InlineData(18446744073709551615UL, 9, "18446744073.709551615")]
    [InlineData(2500000UL, 6, "2.5")]
    public void Decimals_are_exact(ulong value, int places, string expected) => Prometheus.Decimal(value, places).Should().Be(expected);

    [GeneratedRegex("""^([a-z_]+)\{([a-z]+="([^"\\]|\\.)*",?)+\} [0-9.]+$""")]
    private static partial Regex Line();
}
