using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxNetDevicesTests
{
    private const string NameHint = "use 1 to 15 bytes without /, : and blanks, other than . and ..; %d once stands for a free number";

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"eth1\": {}}")]
    [InlineData("{\"eth1\": {\"name\": \"\"}}")]
    [InlineData("{\"eth1\": {\"name\": \"eth%d\"}, \"eth2\": {\"name\": \"eth%d\"}}")]
    [InlineData("{\"eth1\": {\"name\": \"abcdefghijklmno\"}}")]
    [InlineData("{\"eth1\": {\"name\": \"eth1\"}, \"eth2\": {\"name\": \"...\"}}")]
    [InlineData("{\"eth1\": {\"name\": \"eth2\"}, \"eth2\": {\"name\": \"eth1\"}}")]
    public void Devices_are_taken(string devices) => Devices(devices).Should().BeEmpty();

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a:1")]
    [InlineData("a b")]
    [InlineData("abcdefghijklmnop")]
    [InlineData("eth%")]
    [InlineData("eth%s")]
    [InlineData("e%d%d")]
    public void A_name_is_that_of_an_interface(string name) =>
        Devices($$"""{"eth1": {"name": "{{name}}"} }""").Should().Equal(
            $"linux.netDevices[\"eth1\"].name \"{name}\": not the name of an interface; {NameHint}");

    [Fact]
    public void A_host_name_is_that_of_an_interface() =>
        Devices("{\"a/b\": {\"name\": \"x\"}}").Should().Equal(
            $"linux.netDevices[\"a/b\"]: not the name of an interface; {NameHint}");

    [Theory]
    [InlineData("{\"eth1\": {\"name\": \"x\"}, \"eth2\": {\"name\": \"x\"}}", "x")]
    [InlineData("{\"eth1\": {\"name\": \"eth2\"}, \"eth2\": {}}", "eth2")]
    public void Two_have_two_names(string devices, string name) =>
        Devices(devices).Should().Equal(
            $"linux.netDevices[\"eth2\"].name \"{name}\": two interfaces cannot have one name; "
            + "choose another name, or a template such as eth%d");

    [Fact]
    public void A_network_namespace_is_needed() =>
        Validating.Linux("\"netDevices\": {\"eth1\": {}}").Should().Equal(
            "linux.netDevices[\"eth1\"]: unable to move interfaces without a private network namespace; "
            + "add {\"type\": \"network\"} to linux.namespaces");

    [Fact]
    public void A_rootless_runtime_moves_none() =>
        Validating.Linux("""
            "namespaces": [{"type": "network"}, {"type": "user"}], "netDevices": {"eth1": {}},
            "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}],
            "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}]
            """, Validating.Rootless).Should().Equal(
            "linux.netDevices[\"eth1\"]: interfaces cannot be moved by a rootless runtime; "
            + "run as root, or remove linux.netDevices");

    private static string[] Devices(string devices) =>
        Validating.Linux($$"""
            "namespaces": [{"type": "network"}], "netDevices": {{devices}}
            """);
}
