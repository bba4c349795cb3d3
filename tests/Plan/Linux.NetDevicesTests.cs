using FluentAssertions;
using OciRun.Plan;
using Xunit;

namespace OciRun.Tests.Plan;

public sealed class LinuxNetDevicesTests
{
    [Fact]
    public void The_child_waits_for_the_interfaces()
    {
        ContainerPlan plan = new Sample { Linux = "\"netDevices\": {\"eth1\": {}}" }.Plan();
        plan.Find(Op.ReceiveNetworkDevices).Should().BeGreaterThan(plan.Find(Op.Loopback));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"netDevices\": {}")]
    public void Without_interfaces_there_is_no_step(string linux) =>
        new Sample { Linux = linux }.Plan().Find(Op.ReceiveNetworkDevices).Should().Be(-1);
}
