using FluentAssertions;
using OciRun.Tests.Spec;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class MountsTests
{
    [Theory]
    [InlineData("{\"type\": \"tmpfs\"}")]
    [InlineData("{\"type\": \"tmpfs\", \"destination\": \"\"}")]
    public void A_destination_is_needed(string mount) =>
        Mounts("{\"destination\": \"/a\", \"type\": \"tmpfs\"}", mount).Should().Equal(
            "mounts[1].destination: missing; name the mount point inside the container");

    [Fact]
    public void A_destination_may_be_relative() => Mounts("{\"destination\": \"data\", \"type\": \"tmpfs\"}").Should().BeEmpty();

    [Fact]
    public void A_NUL_in_a_destination_does_not_get_past_reading() =>
        Reading.MemberRefusal(
            "\"mounts\": [{\"destination\": \"/a\\u0000b\", \"type\": \"tmpfs\"}]").Should().StartWith("mounts[0].destination: ");

    [Theory]
    [InlineData("{\"destination\": \"/a\", \"source\": \"/b\"}")]
    [InlineData("{\"destination\": \"/a\", \"source\": \"/b\", \"type\": \"\", \"options\": [\"ro\", \"rprivate\", \"bin\"]}")]
    public void A_type_is_needed(string mount) =>
        Mounts(mount).Should().Equal("mounts[0].type: missing; name a file system type, or add the bind option");

    [Theory]
    [InlineData("bind")]
    [InlineData("rbind")]
    public void A_bind_needs_no_type(string option) =>
        Mounts($$"""{"destination": "/a", "source": "/b", "options": ["ro", "{{option}}"]}""").Should().BeEmpty();

    private static string[] Mounts(params string[] mounts) => Validating.Members($"\"mounts\": [{string.Join(", ", mounts)}]");
}
