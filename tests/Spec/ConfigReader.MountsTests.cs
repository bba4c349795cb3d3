using FluentAssertions;
using OciRun.Spec;
using Xunit;
using static OciRun.Tests.Spec.Reading;

namespace OciRun.Tests.Spec;

public sealed class ConfigReaderMountsTests
{
    [Fact]
    public void Every_field_is_read() => ConfigReader.Read(MaximalConfig.Bytes, "config.json").Mounts.Should().BeEquivalentTo(
        new Mount[]
        {
            new() { Destination = "/proc", Type = "proc", Source = "proc" },
            new()
            {
                Destination = "/data",
                Type = "none",
                Source = "/srv",
                Options = Texts("rbind", "ro"),
                UidMappings = [new IdMapping(0, 1000, 4294967295)],
                GidMappings = [new IdMapping(1, 4294967294, 3)],
            },
        },
        options => options.WithStrictOrdering());

    [Theory]
    [InlineData("containerID")]
    [InlineData("hostID")]
    public void A_mapping_cannot_start_at_the_id_that_is_none(string id) =>
        MemberRefusal($$"""
            "mounts": [{}, {"uidMappings": [{"{{id}}": 4294967295}]}]
            """).Should().Be(
            $"mounts[1].uidMappings[0].{id}: expected an integer from 0 to 4294967294, found 4294967295; " +
            "4294967295 is no id (user_namespaces(7))");

    [Fact]
    public void Options_that_are_absent_differ_from_none()
    {
        Mount[] mounts = Members("\"mounts\": [{}, {\"options\": []}]").Mounts!;
        mounts[0].Options.Should().BeNull();
        mounts[1].Options.Should().NotBeNull().And.BeEmpty();
    }
}
