using System;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using OciRun.Filters;
using OciRun.Spec;
using Xunit;

namespace OciRun.Tests.Cgroups;

public sealed class SystemdPropertiesTests
{
    [Fact]
    public void A_scope_has_what_the_contract_lists()
    {
        SystemdProperties properties = new();
        properties.AddUnit(SystemdPath.Resolve("a-b.slice:p:n", "x", isUser: false), "x", 42);
        properties.ToString().Should().Be(
            """
            Description=s "ocirun container x"
            Slice=s "a-b.slice"
            Delegate=b true
            PIDs=au [42]
            CollectMode=s "inactive-or-failed"
            MemoryAccounting=b true
            CPUAccounting=b true
            IOAccounting=b true
            TasksAccounting=b true
            DefaultDependencies=b false

            """);
        properties.ToValue().Signature.Should().Be("a(sv)");
    }

    [Fact]
    public void A_slice_is_wanted_and_holds_no_process()
    {
        SystemdProperties properties = new();
        properties.AddUnit(SystemdPath.Resolve(":p:a-b.slice", "x", isUser: false), "x", 42);
        properties.ToString().Should().Contain("Wants=as [\"a.slice\"]\n").And.NotContain("PIDs").And.NotContain("Delegate");
    }

    [Theory]
    [InlineData("memory.max", "1048576", "MemoryMax=t 1048576")]
    [InlineData("memory.max", "max", "MemoryMax=t 18446744073709551615")]
    [InlineData("memory.high", "5", "MemoryHigh=t 5")]
    [InlineData("memory.low", "5", "MemoryLow=t 5")]
    [InlineData("memory.min", "5", "MemoryMin=t 5")]
    [InlineData("memory.swap.max", "0", "MemorySwapMax=t 0")]
    [InlineData("pids.max", "10", "TasksMax=t 10")]
    [InlineData("pids.max", "max", "TasksMax=t 18446744073709551615")]
    [InlineData("cpu.weight", "100", "CPUWeight=t 100")]
    [InlineData("cpu.idle", "1", "CPUWeight=t 0")]
    [InlineData("cpu.idle", "0", null)]
    [InlineData("cpu.max", "50000 100000", "CPUQuotaPerSecUSec=t 500000|CPUQuotaPeriodUSec=t 100000")]
    [InlineData("cpu.max", "50000", "CPUQuotaPerSecUSec=t 500000")]
    [InlineData("cpu.max", "1234 100000", "CPUQuotaPerSecUSec=t 20000|CPUQuotaPeriodUSec=t 100000")]
    [InlineData("cpu.max", "20000 200000", "CPUQuotaPerSecUSec=t 100000|CPUQuotaPeriodUSec=t 200000")]
    [InlineData("cpu.max", "max 100000", "CPUQuotaPerSecUSec=t 18446744073709551615|CPUQuotaPeriodUSec=t 100000")]
    [InlineData("cpu.max", "1 0", null)]
    [InlineData("cpuset.cpus", "0-2,9", "AllowedCPUs=ay [7, 2]")]
    [InlineData("cpuset.mems", "0", "AllowedMemoryNodes=ay [1]")]
    [InlineData("cpuset.cpus", "3-1", null)]
    [InlineData("cpuset.cpus", "0-99999999", null)]
    [InlineData("io.weight", "default 200", "IOWeight=t 200")]
    [InlineData("io.weight", "8:0 200", null)]
    [InlineData("io.bfq.weight", "100", "IOWeight=t 100")]
    [InlineData("io.bfq.weight", "1000", "IOWeight=t 10000")]
    [InlineData("hugetlb.2MB.max", "0", null)]
    [InlineData("memory.oom.group", "1", null)]
    public void Files_have_properties(string file, string text, string? expected)
    {
        SystemdProperties properties = new();
        properties.AddLimits([(file, text)], static () => 257);
        properties.ToString().Should().Be(expected is null ? "" : expected.Replace('|', '\n') + "\n");
    }

    [Theory]
    [InlineData("cpuset.cpus", "0", 243, 244)]
    [InlineData("cpuset.mems", "0", 243, 244)]
    [InlineData("cpu.idle", "1", 251, 252)]
    public void Older_versions_have_fewer(string file, string text, int older, int newer)
    {
        SystemdProperties without = new();
        without.AddLimits([(file, text)], () => older);
        without.IsEmpty.Should().BeTrue();
        SystemdProperties with = new();
        with.AddLimits([(file, text)], () => newer);
        with.IsEmpty.Should().BeFalse();
    }

    [Fact]
    public void The_version_is_asked_for_only_where_it_matters()
    {
        SystemdProperties properties = new();
        properties.AddLimits([("memory.max", "5"), ("cpu.weight", "7"), ("cpu.idle", "0")], static () => throw new InvalidOperationException());
        properties.IsEmpty.Should().BeFalse();
    }

    [Theory]
    [InlineData("TimeoutStopUSec", "uint64 5", "TimeoutStopUSec=t 5")]
    [InlineData("TimeoutStopSec", "5", "TimeoutStopUSec=t 5000000")]
    [InlineData("TimeoutStopSec", "uint64 5", "TimeoutStopUSec=t 5000000")]
    [InlineData("TimeoutStopSec", "0.25", "TimeoutStopUSec=t 250000")]
    [InlineData("CollectMode", "'inactive'", "CollectMode=s \"inactive\"")]
    [InlineData("After", "['a.service']", "After=as [\"a.service\"]")]
    public void Annotations_become_properties(string name, string text, string expected)
    {
        SystemdProperties properties = new();
        properties.AddAnnotations([new Pair("other", "x"), new Pair("org.systemd.property." + name, text)]);
        properties.ToString().Should().Be(expected + "\n");
    }

    [Theory]
    [InlineData("AB", "5", "the name of the systemd property is not at least three letters")]
    [InlineData("", "5", "the name of the systemd property is not at least three letters")]
    [InlineData("A_b", "5", "the name of the systemd property is not at least three letters")]
    [InlineData("Größe", "5", "the name of the systemd property is not at least three letters")]
    [InlineData("Slice", "x.slice", "not a value in GVariant's text format: unknown word \"x\" (at character 1)")]
    [InlineData("TimeoutStopSec", "'5'", "not a number of seconds")]
    [InlineData("TimeoutStopSec", "-5", "not a number of seconds")]
    public void Refused_annotations(string name, string text, string message)
    {
        Action add = () => new SystemdProperties().AddAnnotations([new Pair("org.systemd.property." + name, text)]);
        add.Should().Throw<FaultException>().Which.Fault.Should().Match<Fault>(fault =>
            fault.Message == message && fault.Field == $"annotations[\"org.systemd.property.{name}\"]" && fault.Value == text);
    }

    [Fact]
    public void Device_rules_become_a_strict_list()
    {
        SystemdProperties properties = new();
        properties.AddDevices(DeviceProgram.Allowed(
        [
            new DeviceRule { Allow = false, Access = "rwm" },
            new DeviceRule { Allow = true, Type = "b", Major = 8, Minor = 1, Access = "r" },
            new DeviceRule { Allow = true, Type = "c", Major = 10, Access = "rw" },
        ]));
        properties.ToString().Should().Be(
            "DevicePolicy=s \"strict\"\nDeviceAllow=a(ss) []\nDeviceAllow=a(ss) [(\"/dev/block/8:1\", \"r\"), (\"char-10\", \"rw\"), "
            + "(\"char-*\", \"m\"), (\"block-*\", \"m\"), (\"/dev/char/1:3\", \"rwm\"), (\"/dev/char/1:5\", \"rwm\"), "
            + "(\"/dev/char/1:7\", \"rwm\"), (\"/dev/char/1:8\", \"rwm\"), (\"/dev/char/1:9\", \"rwm\"), (\"/dev/char/5:0\", \"rwm\"), "
            + "(\"char-136\", \"rwm\"), (\"/dev/char/5:2\", \"rwm\"), (\"/dev/char/10:200\", \"rwm\")]\n");
    }

    [Fact]
    public void What_systemd_cannot_say_is_left_to_the_program()
    {
        SystemdProperties properties = new();
        properties.AddDevices(DeviceProgram.Allowed([new DeviceRule { Allow = true, Access = "rwm" }]));
        properties.AddDevices(DeviceProgram.Allowed([new DeviceRule { Allow = true, Type = "c", Minor = 3, Access = "r" }]));
        properties.IsEmpty.Should().BeTrue();
    }
}
