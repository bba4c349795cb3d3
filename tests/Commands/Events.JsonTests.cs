using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Commands;
using Xunit;

namespace OciRun.Tests.Commands;

/// <summary>features.md §4.3 with its rules for what is left out.</summary>
public sealed class EventsJsonTests
{
    [Fact]
    public void What_is_not_counted_is_left_out() => Data(new Statistics()).ToJsonString().Should().Be(
        """{"cpu":{"usage":{"kernel":0,"user":0}},"cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"sched_load_balance":0,"sched_relax_domain_level":0},"memory":{},"pids":{},"blkio":{},"hugetlb":{},"intel_rdt":{},"network_interfaces":null}""");

    [Fact]
    public void All_that_is_counted_is_there()
    {
        JsonNode data = Data(new Statistics
        {
            Cpu = new CpuStatistics { Total = 3000, User = 1000, Kernel = 2000, Periods = 5, ThrottledPeriods = 4, ThrottledTime = 6000 },
            CpuPressure = new Pressure(new PressureLine(150, 7, 10000, 123), new PressureLine(0, 0, 0, 0)),
            Memory = new MemoryStatistics
            {
                Usage = 100,
                Limit = 200,
                Peak = 150,
                SwapUsage = 10,
                SwapLimit = 20,
                SwapFailures = 3,
                Raw = [new Count("anon", 40), new Count("file", 50)],
                Events = [new Count("low", 0), new Count("max", 7), new Count("oom_kill", 2)],
            },
            Pids = new PidsStatistics(3, 30),
            Io = [new IoStatistics { Major = 8, Minor = 0, ReadBytes = 1, WrittenBytes = 0, Reads = 3, Writes = 4 }],
            Hugetlb = [new HugetlbStatistics("2MB", 4096, 8192, 5)],
            Rdma = [new RdmaStatistics("mlx4_0", 2, 2000, 5, Statistics.Unlimited)],
        });
        data["cpu"]!.ToJsonString().Should().Be(
            """{"usage":{"total":3000,"kernel":2000,"user":1000},"throttling":{"periods":5,"throttledPeriods":4,"throttledTime":6000},"psi":{"some":{"avg10":1.5,"avg60":0.07,"avg300":100,"total":123},"full":{"avg10":0,"avg60":0,"avg300":0,"total":0}}}""");
        data["memory"]!.ToJsonString().Should().Be(
            """{"cache":50,"usage":{"limit":200,"usage":100,"max":150,"failcnt":7},"swap":{"limit":220,"usage":110,"failcnt":3},"raw":{"anon":40,"file":50},"event_count":{"max":7,"oom_kill":2}}""");
        data["pids"]!.ToJsonString().Should().Be("""{"current":3,"limit":30}""");
        data["blkio"]!.ToJsonString().Should().Be(
            """{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":1},{"major":8,"op":"Write"}],"ioServicedRecursive":[{"major":8,"op":"Read","value":3},{"major":8,"op":"Write","value":4}]}""");
        data["hugetlb"]!.ToJsonString().Should().Be("""{"2MB":{"usage":4096,"failcnt":5}}""");
        data["rdma"]!.ToJsonString().Should().Be(
            """{"rdma_limit":[{"device":"mlx4_0","hca_handles":5,"hca_objects":4294967295}],"rdma_current":[{"device":"mlx4_0","hca_handles":2,"hca_objects":2000}]}""");
    }

    [Fact]
    public void No_limit_of_memory_is_no_limit_of_both_and_pids_without_one_have_no_member()
    {
        JsonNode data = Data(new Statistics
        {
            Memory = new MemoryStatistics { Usage = 1, Limit = Statistics.Unlimited, SwapUsage = 0, SwapLimit = 20 },
            Pids = new PidsStatistics(1, Statistics.Unlimited),
        });
        data["memory"]!["usage"]!["limit"]!.ToJsonString().Should().Be("18446744073709551615");
        data["memory"]!["swap"]!["limit"]!.ToJsonString().Should().Be("18446744073709551615");
        data["pids"]!.ToJsonString().Should().Be("""{"current":1}""");
    }

    [Fact]
    public void Resource_control_tells_the_group_s_share()
    {
        ResctrlStatistics resctrl = new()
        {
            Cache = new ResctrlCache("fff", 1, 16),
            Bandwidth = new ResctrlBandwidth(10, 1, 10, 8),
            RootCacheSchema = "L3:0=fff",
            CacheSchema = "L3:0=f",
            BandwidthSchema = "MB:0=50",
            Schemata = ["MB:0=50", "L3:0=f"],
            Nodes = [new ResctrlNode(3, null, 5), new ResctrlNode(0, 2, null)],
        };
        string text = Encoding.UTF8.GetString(EventsJson.Stats("x", new Statistics(), resctrl));
        JsonNode.Parse(text)!["data"]!["intel_rdt"]!.ToJsonString().Should().Be(
            """{"l3_cache_info":{"cbm_mask":"fff","min_cbm_bits":1,"num_closids":16},"l3_cache_schema_root":"L3:0=fff","l3_cache_schema":"L3:0=f","mem_bw_info":{"bandwidth_gran":10,"delay_linear":1,"min_bandwidth":10,"num_closids":8},"mem_bw_schema":"MB:0=50","schemata":["MB:0=50","L3:0=f"],"mbm_stats":[{"mbm_total_bytes":3},{"mbm_local_bytes":2}],"cmt_stats":[{"llc_occupancy":5}]}""");
    }

    [Fact]
    public void An_oom_event_has_no_data() =>
        Encoding.UTF8.GetString(EventsJson.Oom("x")).Should().Be("{\"type\":\"oom\",\"id\":\"x\"}\n");

    private static JsonNode Data(Statistics statistics)
    {
        string text = Encoding.UTF8.GetString(EventsJson.Stats("x", statistics, null));
        text.Should().EndWith("}\n");
        JsonNode json = JsonNode.Parse(text)!;
        ((string)json["type"]!).Should().Be("stats");
        ((string)json["id"]!).Should().Be("x");
        return json["data"]!;
    }
}
