using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxDevicesTests
{
    [Theory]
    [InlineData("{\"path\": \"/dev/fuse\", \"type\": \"c\", \"major\": 10, \"minor\": 229}")]
    [InlineData("{\"path\": \"/dev/fuse\", \"type\": \"u\", \"major\": 0, \"minor\": 0}")]
    [InlineData("{\"path\": \"/x\", \"type\": \"b\", \"major\": 4095, \"minor\": 1048575}")]
    [InlineData("{\"path\": \"/dev/fifo\", \"type\": \"p\"}")]
    [InlineData("{\"path\": \"/dev/fifo\", \"type\": \"p\", \"major\": -1, \"minor\": -1}")]
    public void Nodes_are_taken(string device) => Devices(device).Should().BeEmpty();

    [Fact]
    public void A_path_may_be_repeated() =>
        Devices("{\"path\": \"/dev/f\", \"type\": \"p\"}", "{\"path\": \"/dev/f\", \"type\": \"p\"}").Should().BeEmpty();

    [Theory]
    [InlineData("dev/fuse")]
    [InlineData("./fuse")]
    public void A_path_is_absolute(string path) =>
        Devices($$"""{"path": "{{path}}", "type": "p"}""").Should().Equal(
            $"linux.devices[0].path \"{path}\": must be an absolute path; "
            + "name the node as the container sees it, such as /dev/fuse");

    [Theory]
    [InlineData("{\"type\": \"p\"}")]
    [InlineData("{\"type\": \"p\", \"path\": \"\"}")]
    public void A_path_is_needed(string device) =>
        Devices(device).Should().Equal("linux.devices[0].path: missing; "
            + "name the node as the container sees it, such as /dev/fuse");

    [Theory]
    [InlineData("a")]
    [InlineData("C")]
    [InlineData("")]
    public void Another_type_is_refused(string type) =>
        Devices(
            "{\"path\": \"/dev/f\", \"type\": \"p\"}",
            $$"""{"path": "/dev/x", "type": "{{type}}", "major": 1, "minor": 3}""").Should().Equal(
            $"linux.devices[1].type \"{type}\": invalid device type; use c, u, b or p");

    [Fact]
    public void Type_and_numbers_are_needed() =>
        Devices("{\"path\": \"/dev/x\"}").Should().Equal(
            "linux.devices[0].type: missing; use c, u, b or p",
            "linux.devices[0].major: missing; 'ls -l' shows both numbers of a node",
            "linux.devices[0].minor: missing; 'ls -l' shows both numbers of a node");

    [Theory]
    [InlineData(-1, 1048576)]
    [InlineData(4096, -1)]
    [InlineData(long.MaxValue, long.MinValue)]
    public void Numbers_are_those_that_the_kernel_has_bits_for(long major, long minor) =>
        Devices($$"""{"path": "/dev/x", "type": "c", "major": {{major}}, "minor": {{minor}}}""").Should().Equal(
            $"linux.devices[0].major \"{major}\": not a device number; use a number from 0 to 4095",
            $"linux.devices[0].minor \"{minor}\": not a device number; use a number from 0 to 1048575");

    private static string[] Devices(params string[] devices) => Validating.Linux($"\"devices\": [{string.Join(", ", devices)}]");
}
