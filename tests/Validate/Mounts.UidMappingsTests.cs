using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Validate;

public sealed class MountsUidMappingsTests
{
    private const string Range = """[{"containerID": 0, "hostID": 1, "size": 1}]""";

    [Theory]
    [InlineData("uidMappings", "uidMappings needs gidMappings beside it")]
    [InlineData("gidMappings", "gidMappings needs uidMappings beside it")]
    public void Both_lists_are_needed(string field, string message) =>
        Mount($"\"options\": [\"bind\"], \"{field}\": {Range}").Should().Equal(
            $"mounts[0].{field}: {message}; give both, so that no file belongs to an id that is not mapped");

    [Fact]
    public void Both_are_enough() =>
        Mount($"\"options\": [\"bind\"], \"uidMappings\": {Range}, \"gidMappings\": {Range}").Should().BeEmpty();

    [Fact]
    public void Their_ranges_obey_the_rules_of_the_containers() =>
        Mount($$"""
            "options": ["bind"], "gidMappings": {{Range}},
            "uidMappings": [{"containerID": 5, "hostID": 1, "size": 0}, {"containerID": 6, "hostID": 4294967294, "size": 2}]
            """).Should().HaveCount(2).And.SatisfyRespectively(
            first => first.Should().StartWith("mounts[0].uidMappings[0].size"),
            second => second.Should().StartWith("mounts[0].uidMappings[1].hostID"));

    [Theory]
    [InlineData("idmap")]
    [InlineData("ridmap")]
    public void The_word_alone_needs_a_user_namespace(string word) =>
        Mount($"\"options\": [\"bind\", \"{word}\"]").Should().Equal(
            $"mounts[0].options[1] \"{word}\": the container has no user namespace whose mapping could be used; "
            + "give the mount uidMappings and gidMappings, or add a user namespace");

    [Fact]
    public void A_mapping_in_the_word_needs_none() =>
        Mount("\"options\": [\"bind\", \"idmap=uids=0-1-1;gids=0-1-1\"]").Should().BeEmpty();

    [Fact]
    public void Two_mappings_are_refused() =>
        Mount($"\"options\": [\"idmap=uids=0-1-1;gids=0-1-1\", \"bind\"], \"uidMappings\": {Range}, \"gidMappings\": {Range}").Should().Equal(
            "mounts[0].options[0] \"idmap=uids=0-1-1;gids=0-1-1\": the mount has two mappings; "
            + "keep the option's ranges, or uidMappings and gidMappings");

    private static string[] Mount(string members) =>
        Validating.Members($$"""
            "mounts": [{"destination": "/a", "source": "/a", {{members}}}]
            """);
}
