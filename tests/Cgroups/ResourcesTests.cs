using System;
using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class ResourcesTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"memory":{},"cpu":{},"pids":{},"blockIO":{},"hugepageLimits":[],"network":{},"rdma":{},"unified":{}}""")]
    [InlineData("""{"memory":{"limit":0,"reservation":0,"swap":0,"kernel":0,"kernelTCP":0}}""")]
    [InlineData("""{"memory":{"limit":-1,"reservation":-1,"swap":-1,"useHierarchy":true,"checkBeforeUpdate":true}}""")]
    [InlineData("""{"memory":{"disableOOMKiller":false,"limit":null}}""")]
    [InlineData("""{"cpu":{"shares":0,"quota":0,"period":0,"burst":0,"realtimeRuntime":0,"realtimePeriod":0}}""")]
    [InlineData("""{"cpu":{"quota":-1,"cpus":"","mems":"","idle":0},"pids":{"limit":-1}}""")]
    [InlineData("""{"blockIO":{"weight":0,"leafWeight":0,"weightDevice":[],"throttleReadBpsDevice":[]}}""")]
    [InlineData("""{"network":{"classID":0,"priorities":[]},"rdma":{"mlx5":{}}}""")]
    [InlineData("""{"devices":[{"allow":false,"access":"rwm"}]}""")]
    public void What_needs_no_limit_is_accepted(string json)
    {
        CgroupResources.FirstRefusal(Read(json)).Should().BeNull();
        CgroupResources.Refusals(Read(json)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("""{"memory":{"limit":4096}}""", "memory.limit", "4096", "memory")]
    [InlineData("""{"memory":{"reservation":4096}}""", "memory.reservation", "4096", "memory")]
    [InlineData("""{"memory":{"swap":4096}}""", "memory.swap", "4096", "memory")]
    [InlineData("""{"memory":{"kernel":4096}}""", "memory.kernel", "4096", "memory")]
    [InlineData("""{"memory":{"kernelTCP":4096}}""", "memory.kernelTCP", "4096", "memory")]
    [InlineData("""{"memory":{"swappiness":0}}""", "memory.swappiness", "0", "memory")]
    [InlineData("""{"memory":{"disableOOMKiller":true}}""", "memory.disableOOMKiller", "true", "memory")]
    [InlineData("""{"cpu":{"shares":1024}}""", "cpu.shares", "1024", "cpu")]
    [InlineData("""{"cpu":{"shares":18446744073709551615}}""", "cpu.shares", "18446744073709551615", "cpu")]
    [InlineData("""{"cpu":{"quota":5000}}""", "cpu.quota", "5000", "cpu")]
    [InlineData("""{"cpu":{"burst":5000}}""", "cpu.burst", "5000", "cpu")]
    [InlineData("""{"cpu":{"period":5000}}""", "cpu.period", "5000", "cpu")]
    [InlineData("""{"cpu":{"realtimeRuntime":5000}}""", "cpu.realtimeRuntime", "5000", "cpu")]
    [InlineData("""{"cpu":{"realtimePeriod":5000}}""", "cpu.realtimePeriod", "5000", "cpu")]
    [InlineData("""{"cpu":{"cpus":"0-1"}}""", "cpu.cpus", "0-1", "cpuset")]
    [InlineData("""{"cpu":{"mems":"0"}}""", "cpu.mems", "0", "cpuset")]
    [InlineData("""{"cpu":{"idle":1}}""", "cpu.idle", "1", "cpu")]
    [InlineData("""{"pids":{"limit":0}}""", "pids.limit", "0", "pids")]
    [InlineData("""{"pids":{"limit":7}}""", "pids.limit", "7", "pids")]
    [InlineData("""{"blockIO":{"weight":10}}""", "blockIO.weight", "10", "io")]
    [InlineData("""{"blockIO":{"leafWeight":10}}""", "blockIO.leafWeight", "10", "blkio")]
    [InlineData("""{"blockIO":{"weightDevice":[{"major":8,"minor":1,"weight":10}]}}""", "blockIO.weightDevice[0]", "8:1", "io")]
    [InlineData("""{"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":1}]}}""",
        "blockIO.throttleReadBpsDevice[0]", "8:1", "io")]
    [InlineData("""{"blockIO":{"throttleWriteBpsDevice":[{"major":8,"minor":1}]}}""",
        "blockIO.throttleWriteBpsDevice[0]", "8:1", "io")]
    [InlineData("""{"blockIO":{"throttleReadIOPSDevice":[{"major":8,"minor":1}]}}""",
        "blockIO.throttleReadIOPSDevice[0]", "8:1", "io")]
    [InlineData("""{"blockIO":{"throttleWriteIOPSDevice":[{"major":8,"minor":1}]}}""",
        "blockIO.throttleWriteIOPSDevice[0]", "8:1", "io")]
    [InlineData("""{"hugepageLimits":[{"pageSize":"2MB","limit":0}]}""", "hugepageLimits[0]", "2MB", "hugetlb")]
    [InlineData("""{"network":{"classID":5}}""", "network.classID", "5", "net_cls")]
    [InlineData("""{"network":{"priorities":[{"name":"eth0","priority":5}]}}""", "network.priorities[0]", "eth0", "net_prio")]
    [InlineData("""{"rdma":{"mlx5":{"hcaHandles":3}}}""", "rdma[\"mlx5\"]", null, "rdma")]
    [InlineData("""{"unified":{"memory.high":"max"}}""", "unified[\"memory.high\"]", "max", "memory")]
    public void A_limit_is_refused_with_its_path_value_and_controller(string json, string field, string? value, string controller)
    {
        Fault fault = CgroupResources.FirstRefusal(Read(json))!;
        (fault.Field, fault.Value, fault.Code).Should().Be(("linux.resources." + field, value, "unsupported-field"));
        fault.Message.Should().MatchRegex($"controller {controller}\\b");
        fault.Hint.Should().NotBeNull();
        CgroupResources.Refusals(Read(json)).Should().ContainSingle().Which.Should().Be(fault);
    }

    [Fact]
    public void All_limits_are_found_and_the_first_is_the_first()
    {
        LinuxResources resources = Read("""{"pids":{"limit":1},"memory":{"limit":1,"swap":2},"unified":{"a.b":"1","c":"2"}}""");
        List<Fault> all = CgroupResources.Refusals(resources);
        all.Select(fault => fault.Field).Should().Equal(
            "linux.resources.memory.limit",
            "linux.resources.memory.swap",
            "linux.resources.pids.limit",
            "linux.resources.unified[\"a.b\"]",
            "linux.resources.unified[\"c\"]");
        CgroupResources.FirstRefusal(resources).Should().Be(all[0]);
    }

    [Fact]
    public void Nothing_is_allocated_when_nothing_is_refused()
    {
        LinuxResources resources = Read("""{"memory":{"limit":0},"cpu":{"cpus":""},"devices":[{"access":"rwm"}],"unified":{}}""");
        CgroupResources.FirstRefusal(resources);
        long before = GC.GetAllocatedBytesForCurrentThread();
        CgroupResources.FirstRefusal(resources);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    private static LinuxResources Read(string json) =>
        ConfigReader.ReadResources(System.Text.Encoding.UTF8.GetBytes(json), "test");
}
