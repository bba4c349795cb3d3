using System;
using FluentAssertions;
using OciRun.Errors;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed unsafe class LinuxSysctlTests
{
    [Theory]
    [InlineData("net.ipv4.ip_forward", "sys/net/ipv4/ip_forward")]
    [InlineData("net/ipv4/ip_forward", "sys/net/ipv4/ip_forward")]
    [InlineData("net.ipv4.conf.eno1/100.forwarding", "sys/net/ipv4/conf/eno1.100/forwarding")]
    [InlineData("net/ipv4/conf/eno1.100/forwarding", "sys/net/ipv4/conf/eno1.100/forwarding")]
    [InlineData("kernel.shm_rmid_forced", "sys/kernel/shm_rmid_forced")]
    [InlineData("a", "sys/a")]
    public void The_first_separator_decides_the_notation(string key, string path) =>
        Planner.SysctlPath(key, "f").ToString().Should().Be(path);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("/")]
    [InlineData("net..x")]
    [InlineData("net/../../etc/passwd")]
    [InlineData("net.//.//.etc")]
    [InlineData("../x")]
    [InlineData("net/./x")]
    [InlineData("/net/x")]
    [InlineData("net.x.")]
    [InlineData("net x")]
    [InlineData("net.x\n")]
    public void Nothing_else_is_the_name_of_a_sysctl(string key)
    {
        Action path = () => Planner.SysctlPath(key, "linux.sysctl[\"k\"]");
        path.Should().Throw<FaultException>().Which.Fault.Text().Should().StartWith("linux.sysctl[\"k\"]: not the name of a sysctl");
    }

    [Fact]
    public void The_value_is_written_as_it_is()
    {
        Step step = new Sample { Linux = """ "sysctl": {"net.ipv4.ping_group_range": "0  7"} """ }.Plan().One(Op.Sysctl);
        (Planning.Text(step.Text), Planning.Text(step.Second), step.Number).Should().Be(("sys/net/ipv4/ping_group_range", "0  7", 4));
    }
}
