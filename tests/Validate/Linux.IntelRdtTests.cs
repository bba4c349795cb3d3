using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class LinuxIntelRdtTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("{\"closID\": \"/\"}")]
    [InlineData("{\"closID\": \"gold\", \"l3CacheSchema\": \"L3:0=f\", \"memBwSchema\": \"MB:0=10\", \"schemata\": [\"L2:0=1\"]}")]
    [InlineData("{\"closID\": \"...\", \"enableMonitoring\": true, \"enableCMT\": true, \"enableMBM\": true}")]
    public void Groups_are_taken(string rdt) => Rdt(rdt).Should().BeEmpty();

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("/a")]
    [InlineData("a/")]
    public void A_group_is_one_directory(string name) =>
        Rdt($$"""{"closID": "{{name}}"}""").Should().Equal(
            $"linux.intelRdt.closID \"{name}\": not the name of a group; use one directory name, or / for the root group");

    [Theory]
    [InlineData("\"l3CacheSchema\": \"a\\nb\"", "l3CacheSchema")]
    [InlineData("\"memBwSchema\": \"a\\nb\"", "memBwSchema")]
    [InlineData("\"schemata\": [\"x\", \"a\\nb\"]", "schemata[1]")]
    public void A_schema_is_one_line(string members, string field) =>
        Rdt($"{{{members}}}").Should().Equal(
            $"linux.intelRdt.{field} \"a\\nb\": a schema is a single line; write each line as an entry of linux.intelRdt.schemata");

    private static string[] Rdt(string rdt) => Validating.Linux($"\"intelRdt\": {rdt}");
}
