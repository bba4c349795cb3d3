using System;
using System.Linq;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class LinuxResourcesTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"memory":{},"cpu":{},"pids":{},"blockIO":{},"hugepageLimits":[],"network":{},"rdma":{},"unified":{}}""")]
    [InlineData("""{"memory":{"limit":0,"reservation":0,"swap":0,"kernel":0,"kernelTCP":0,"useHierarchy":true,"limit":null}}""")]
    [InlineData("""{"memory":{"disableOOMKiller":false,"kernel":-1,"kernelTCP":-1,"checkBeforeUpdate":true}}""")]
    [InlineData("""{"cpu":{"shares":0,"quota":0,"period":0,"realtimeRuntime":0,"realtimePeriod":0,"cpus":"","mems":""}}""")]
    [InlineData("""{"blockIO":{"weight":0,"leafWeight":0,"weightDevice":[{"major":8,"minor":0}],"throttleReadBpsDevice":[]}}""")]
    [InlineData("""{"network":{"classID":0,"priorities":[]},"rdma":{"mlx5":{}}}""")]
    [InlineData("""{"devices":[{"allow":false,"access":"rwm"}]}""")]
    public void What_asks_for_nothing_writes_nothing(string json) => Writes(json).Should().BeEmpty();

    [Theory]
    [InlineData("""{"pids":{"limit":7}}""", "pids.max=7")]
    [InlineData("""{"pids":{"limit":0}}""", "pids.max=1")]
    [InlineData("""{"pids":{"limit":-1}}""", "pids.max=max")]
    [InlineData("""{"pids":{"limit":-5}}""", "pids.max=max")]
    [InlineData("""{"memory":{"limit":4096}}""", "memory.max=4096")]
    [InlineData("""{"memory":{"limit":-1}}""", "memory.swap.max=max? memory.max=max")]
    [InlineData("""{"memory":{"limit":-1,"swap":4096}}""", "memory.swap.max=4096 memory.max=max")]
    [InlineData("""{"memory":{"limit":4096,"swap":8192}}""", "memory.swap.max=4096 memory.max=4096")]
    [InlineData("""{"memory":{"limit":4096,"swap":4096}}""", "memory.swap.max=0? memory.max=4096")]
    [InlineData("""{"memory":{"limit":4096,"swap":-1}}""", "memory.swap.max=max? memory.max=4096")]
    [InlineData("""{"memory":{"swap":-1}}""", "memory.swap.max=max?")]
    [InlineData("""{"memory":{"reservation":4096}}""", "memory.low=4096")]
    [InlineData("""{"memory":{"reservation":-1}}""", "memory.low=max")]
    [InlineData("""{"cpu":{"shares":1024}}""", "cpu.weight=100")]
    [InlineData("""{"cpu":{"shares":1024,"idle":0}}""", "cpu.idle=0? cpu.weight=100")]
    [InlineData("""{"cpu":{"shares":1024,"idle":1}}""", "cpu.idle=1")]
    [InlineData("""{"cpu":{"quota":5000}}""", "cpu.max=5000_100000")]
    [InlineData("""{"cpu":{"quota":-1}}""", "cpu.max=max_100000")]
    [InlineData("""{"cpu":{"period":5000}}""", "cpu.max=max_5000")]
    [InlineData("""{"cpu":{"quota":5000,"period":50000}}""", "cpu.max=5000_50000")]
    [InlineData("""{"cpu":{"quota":-1,"period":50000}}""", "cpu.max=max_50000")]
    [InlineData("""{"cpu":{"burst":5000}}""", "cpu.max.burst=5000")]
    [InlineData("""{"cpu":{"burst":0}}""", "cpu.max.burst=0?")]
    [InlineData("""{"cpu":{"burst":5000,"quota":9000}}""", "cpu.max.burst=5000! cpu.max=9000_100000")]
    [InlineData("""{"cpu":{"cpus":"0-1","mems":"0"}}""", "cpuset.cpus=0-1 cpuset.mems=0")]
    [InlineData("""{"blockIO":{"weight":10}}""", "io.bfq.weight=10|io.weight=1")]
    [InlineData("""{"blockIO":{"weight":500}}""", "io.bfq.weight=500|io.weight=4950")]
    [InlineData("""{"blockIO":{"weight":1000}}""", "io.bfq.weight=1000|io.weight=10000")]
    [InlineData("""{"blockIO":{"weightDevice":[{"major":8,"minor":16,"weight":20}]}}""", "io.bfq.weight=8:16_20|io.weight=8:16_102")]
    [InlineData("""{"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":1,"rate":3}]}}""", "io.max=8:1_rbps=3")]
    [InlineData("""{"blockIO":{"throttleWriteBpsDevice":[{"major":8,"minor":1,"rate":3}]}}""", "io.max=8:1_wbps=3")]
    [InlineData("""{"blockIO":{"throttleReadIOPSDevice":[{"major":8,"minor":1,"rate":3}]}}""", "io.max=8:1_riops=3")]
    [InlineData("""{"blockIO":{"throttleWriteIOPSDevice":[{"major":8,"minor":1,"rate":0}]}}""", "io.max=8:1_wiops=max")]
    [InlineData("""{"hugepageLimits":[{"pageSize":"2MB","limit":0}]}""", "hugetlb.2MB.max=0 hugetlb.2MB.rsvd.max=0?")]
    [InlineData("""{"hugepageLimits":[{"pageSize":"64KB","limit":18446744073709551615}]}""",
        "hugetlb.64KB.max=18446744073709551615 hugetlb.64KB.rsvd.max=18446744073709551615?")]
    [InlineData("""{"rdma":{"mlx5":{"hcaHandles":3}}}""", "rdma.max=mlx5_hca_handle=3")]
    [InlineData("""{"rdma":{"mlx5":{"hcaHandles":3,"hcaObjects":4},"x":{"hcaObjects":0}}}""",
        "rdma.max=mlx5_hca_handle=3_hca_object=4 rdma.max=x_hca_object=0")]
    [InlineData("""{"unified":{"memory.high":"max","io.max":"8:0 rbps=1\n8:16 wbps=2\n"}}""",
        "memory.high=max io.max=8:0_rbps=1 io.max=8:16_wbps=2")]
    [InlineData("""{"unified":{"memory.max":"5"},"memory":{"limit":4096}}""", "memory.max=4096 memory.max=5")]
    public void Every_value_has_its_file(string json, string writes) => Writes(json).Should().Be(writes);

    [Fact]
    public void Controllers_come_in_the_customary_order() => Writes("""
        {"unified":{"a.b":"1"},"rdma":{"x":{"hcaObjects":1}},"hugepageLimits":[{"pageSize":"2MB","limit":1}],
        "cpu":{"cpus":"0","shares":2,"quota":1000},"blockIO":{"weight":10},"memory":{"limit":1},"pids":{"limit":1}}
        """).Split(' ').Select(write => write.Split('=')[0]).Should().Equal(
            "pids.max", "memory.max", "io.bfq.weight", "cpu.weight", "cpu.max", "cpuset.cpus", "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max", "rdma.max", "a.b");

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(512, 59)]
    [InlineData(1024, 100)]
    [InlineData(2048, 174)]
    [InlineData(4096, 303)]
    [InlineData(262_143, 10_000)]
    [InlineData(262_144, 10_000)]
    [InlineData(ulong.MaxValue, 10_000)]
    public void Shares_become_a_weight(ulong shares, ulong weight) => CgroupSettings.Weight(shares).Should().Be(weight);

    [Fact]
    public void More_shares_never_weigh_less()
    {
        ulong last = 0;
        for (ulong shares = 1; shares <= 262_200; shares++)
        {
            ulong weight = CgroupSettings.Weight(shares);
            weight.Should().BeInRange(Math.Max(last, 1), 10_000);
            last = weight;
        }
    }

    [Theory]
    [InlineData("""{"memory":{"limit":-2}}""", "memory.limit \"-2\": not a number of bytes")]
    [InlineData("""{"memory":{"swap":4096}}""", "memory.swap \"4096\": unable to set swap limit without memory limit")]
    [InlineData("""{"memory":{"limit":8192,"swap":4096}}""", "memory.swap \"4096\": memory+swap limit should be >= memory limit")]
    [InlineData("""{"memory":{"kernel":4096}}""", "memory.kernel \"4096\": cgroup v2 has no such limit: it belongs to the controller memory")]
    [InlineData("""{"memory":{"kernelTCP":4096}}""", "memory.kernelTCP \"4096\": cgroup v2 has no such limit")]
    [InlineData("""{"memory":{"swappiness":0}}""", "memory.swappiness \"0\": cgroup v2 has no such limit")]
    [InlineData("""{"memory":{"disableOOMKiller":true}}""", "memory.disableOOMKiller \"true\": cgroup v2 has no such limit")]
    [InlineData("""{"cpu":{"realtimeRuntime":5000}}""", "cpu.realtimeRuntime \"5000\": cgroup v2 has no such limit: it belongs to the controller cpu")]
    [InlineData("""{"cpu":{"realtimePeriod":5000}}""", "cpu.realtimePeriod \"5000\": cgroup v2 has no such limit")]
    [InlineData("""{"blockIO":{"weight":9}}""", "blockIO.weight \"9\": out of range; use 10 to 1000, or 0 for none")]
    [InlineData("""{"blockIO":{"weight":1001}}""", "blockIO.weight \"1001\": out of range")]
    [InlineData("""{"blockIO":{"weightDevice":[{"major":8,"minor":1,"weight":9}]}}""", "blockIO.weightDevice[0].weight \"9\": out of range")]
    [InlineData("""{"blockIO":{"leafWeight":10}}""", "blockIO.leafWeight \"10\": cgroup v2 has no such limit: it belongs to the controller blkio")]
    [InlineData("""{"blockIO":{"weightDevice":[{"major":8,"minor":1,"leafWeight":10}]}}""",
        "blockIO.weightDevice[0].leafWeight \"10\": cgroup v2 has no such limit")]
    [InlineData("""{"hugepageLimits":[{"pageSize":"2MB/../../x","limit":1}]}""", "hugepageLimits[0].pageSize \"2MB/../../x\": not a page size")]
    [InlineData("""{"hugepageLimits":[{"pageSize":"2M","limit":1}]}""", "hugepageLimits[0].pageSize \"2M\": not a page size")]
    [InlineData("""{"hugepageLimits":[{"pageSize":"02MB","limit":1}]}""", "hugepageLimits[0].pageSize \"02MB\": not a page size")]
    [InlineData("""{"hugepageLimits":[{"limit":1}]}""", "hugepageLimits[0].pageSize \"\": not a page size")]
    [InlineData("""{"network":{"classID":5}}""", "network.classID \"5\": cgroup v2 has no such limit: it belongs to the controller net_cls")]
    [InlineData("""{"network":{"priorities":[{"name":"eth0","priority":5}]}}""", "network.priorities[0] \"eth0\": cgroup v2 has no such limit")]
    [InlineData("""{"rdma":{"a b":{"hcaHandles":5}}}""", "rdma[\"a b\"]: not the name of an RDMA device")]
    [InlineData("""{"unified":{"../x":"1"}}""", "unified[\"../x\"]: not the name of a cgroup file")]
    [InlineData("""{"unified":{"a/b.c":"1"}}""", "unified[\"a/b.c\"]: not the name of a cgroup file")]
    [InlineData("""{"unified":{"..":"1"}}""", "unified[\"..\"]: not the name of a cgroup file")]
    [InlineData("""{"unified":{"":"1"}}""", "unified[\"\"]: not the name of a cgroup file")]
    [InlineData("""{"unified":{"memory":"1"}}""", "unified[\"memory\"]: not the name of a cgroup file")]
    [InlineData("""{"unified":{"memory.max":""}}""", "unified[\"memory.max\"] \"\": an empty value sets nothing")]
    [InlineData("""{"unified":{"cgroup.procs":"1"}}""", "unified[\"cgroup.procs\"]: this file moves or ends processes")]
    [InlineData("""{"unified":{"cgroup.kill":"1"}}""", "unified[\"cgroup.kill\"]: this file moves or ends processes")]
    public void A_value_that_cannot_be_is_refused(string json, string text)
    {
        CgroupSettings settings = CgroupSettings.From(Read(json));
        settings.Faults.Should().ContainSingle();
        settings.Faults[0].Text().Should().StartWith("linux.resources." + text);
        settings.Faults[0].Hint.Should().NotBeNull();
        FluentActions.Invoking(() => CgroupSettings.Checked(Read(json))).Should().Throw<FaultException>()
            .Which.Fault.Should().Be(settings.Faults[0]);
    }

    [Fact]
    public void Usage_is_only_checked_when_asked_for()
    {
        CgroupSettings.From(Read("""{"memory":{"limit":4096}}""")).MemoryToCheck.Should().Be(0);
        CgroupSettings asked = CgroupSettings.From(Read("""{"memory":{"limit":4096,"swap":5000,"checkBeforeUpdate":true}}"""));
        (asked.MemoryToCheck, asked.SwapToCheck).Should().Be((4096, 5000));
        CgroupSettings.From(Read("""{"memory":{"limit":-1,"checkBeforeUpdate":true}}""")).MemoryToCheck.Should().Be(0);
    }

    // file=text, "?" optional, "!" depends on the next, "|" with the one instead; spaces in a text are underscores.
    private static string Writes(string json)
    {
        CgroupSettings settings = CgroupSettings.Checked(Read(json));
        settings.All.All(setting => setting.Field.StartsWith("linux.resources.", StringComparison.Ordinal)).Should().BeTrue();
        return string.Join(' ', settings.All.Select(Show));
    }

    private static string Show(CgroupSetting setting) =>
        $"{setting.File}={setting.Text.Replace(' ', '_')}{(setting.IsOptional ? "?" : "")}{(setting.DependsOnNext ? "!" : "")}"
        + (setting.Otherwise is { } other ? "|" + Show(other) : "");

    internal static LinuxResources Read(string json) =>
        ConfigReader.ReadResources(System.Text.Encoding.UTF8.GetBytes(json), "test");
}
